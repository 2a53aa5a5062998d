"""The sample portals over real HTTP on 127.0.0.1."""

from __future__ import annotations

import http.client
import json
import re
import socket
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
import yaml

from samples.portal import portals
from samples.province import province
from samples.server import (
    choose_ports,
    serve,
    serve_province,
    write_site_files,
)

FIRST = province().county("149901")
LIST = "zwgk/czyjs/bmys/"


def _get(url: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    request = urllib.request.Request(
        url, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


def test_lists_page_from_zero_and_lead_to_every_pdf() -> None:
    with serve() as running:
        base = running.url(FIRST.code)
        first = _get(f"{base}{LIST}")[2].decode()
        assert _get(f"{base}{LIST}index.html")[2].decode() == first
        total, current = map(int, re.findall(r"createPageHTML\((\d+), (\d+),", first)[0])
        assert (total, current) == (3, 0)
        others = [_get(f"{base}{LIST}index_{n}.html")[2].decode() for n in (1, 2)]
        assert "createPageHTML(3, 1," in others[0]
        assert "createPageHTML(3, 2," in others[1]
        assert _get(f"{base}{LIST}index_3.html")[0] == 404
        articles = re.findall(r'href="\./(\d{6}/t\d{8}_\d+\.html)"', first + "".join(others))
        assert len(articles) == len([a for a in FIRST.articles if a.column == f"/{LIST}"])
        without_file = 0
        for article in articles:
            page = _get(f"{base}{LIST}{article}")[2].decode()
            for name in ("ArticleTitle", "PubDate", "ColumnName", "ContentSource"):
                assert f'<meta name="{name}" content="' in page
            files = re.findall(r'href="\./([PW]\d+\.pdf)"', page)
            without_file += not files
            folder = article.split("/")[0]
            for file in files:
                status, headers, body = _get(f"{base}{LIST}{folder}/{file}")
                assert (status, headers["Content-Type"]) == (200, "application/pdf")
                assert body.startswith(b"%PDF-")
        assert without_file == 1


def test_conditional_requests_get_304() -> None:
    with serve() as running:
        url = f"{running.url(FIRST.code)}{LIST}202602/P020260212391046215507.pdf"
        status, headers, body = _get(url)
        assert status == 200
        assert int(headers["Content-Length"]) == len(body)
        tag, modified = headers["ETag"], headers["Last-Modified"]
        assert parsedate_to_datetime(modified).isoformat() == "2026-02-12T01:30:00+00:00"
        assert _get(url, If_None_Match=tag)[::2] == (304, b"")
        assert _get(url, If_None_Match='"other"', If_Modified_Since=modified)[0] == 200
        assert _get(url, If_Modified_Since=modified)[0] == 304
        assert _get(url, If_Modified_Since="Thu, 01 Jan 2026 00:00:00 GMT")[0] == 200
        assert _get(url, If_Modified_Since="yesterday")[0] == 200
        assert [v.status for v in running.visits()] == [200, 304, 200, 304, 200, 200]
        assert [v.conditional for v in running.visits()] == [False, True, True, True, True, True]


def test_head_gives_headers_only_and_the_connection_survives() -> None:
    with serve() as running:
        connection = http.client.HTTPConnection("127.0.0.1", running.ports[FIRST.code], timeout=10)
        connection.request("HEAD", f"/{LIST}")
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.read() == b""
        assert len(answer.headers.get_all("Date")) == 1
        connection.request("GET", "/robots.txt")
        assert b"Disallow: /admin/" in connection.getresponse().read()
        connection.close()


def test_the_log_shows_who_asked_for_what_and_how_many_at_once(tmp_path: Path) -> None:
    log = tmp_path / "access.jsonl"
    with serve(log_file=log, delay_seconds=0.02) as running:
        url = running.url(FIRST.code)
        for _ in range(3):
            _get(f"{url}robots.txt", User_Agent="someone/1.0")
        assert running.most_at_once(FIRST.code) == 1
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(_get, [f"{url}{LIST}202602/P020260212391046215507.pdf"] * 64))
        assert running.most_at_once(FIRST.code) > 1
        assert len(running.visits("000000")) == 0
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    assert len(lines) == 67
    assert lines[0]["user_agent"] == "someone/1.0"
    assert lines[0]["path"] == "/robots.txt"


def test_it_listens_on_loopback_only() -> None:
    with serve() as running, socket.socket() as probe:
        probe.settimeout(1)
        # 127.0.0.2 is another address of this machine: nothing listens there.
        assert probe.connect_ex(("127.0.0.2", running.ports[FIRST.code])) != 0


def test_ports_are_remembered_and_give_way_when_taken(tmp_path: Path) -> None:
    counties = province().counties
    first = choose_ports(tmp_path, counties)
    assert len(set(first.values())) == len(counties)
    assert choose_ports(tmp_path, counties) == first
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", first[FIRST.code]))
        taken.listen()
        second = choose_ports(tmp_path, counties)
        assert second[FIRST.code] != first[FIRST.code]
    assert choose_ports(tmp_path, counties) == second
    (tmp_path / "ports.json").write_text("{not json", "utf-8")
    assert set(choose_ports(tmp_path, counties)) == set(first)


def test_site_files_name_the_ports_and_columns(tmp_path: Path) -> None:
    with serve_province(tmp_path) as folder:
        files = sorted(folder.glob("*.yml"))
        assert [f.name[:6] for f in files] == [c.code for c in province().counties]
        for file in files:
            site = yaml.safe_load(file.read_text("utf-8"))
            assert site["verified"] is True
            assert site["allow_private"] is True
            for column in site["columns"]:
                assert _get(site["base_url"].rstrip("/") + column["path"])[0] == 200
    stale = folder / "149999-gone.yml"
    stale.write_text("name: x", "utf-8")
    write_site_files(folder, {FIRST.code: 1})
    assert [f.name[:6] for f in folder.glob("*.yml")] == [FIRST.code]


def test_every_static_address_answers() -> None:
    with serve() as running:
        for portal in portals():
            base = running.url(portal.county.code).rstrip("/")
            for address in portal.addresses:
                assert _get(base + address)[0] == 200, address


@pytest.mark.parametrize("path", ["/nothing.html", "/../province.yml", "/%2e%2e/province.yml"])
def test_nothing_else_is_served(path: str) -> None:
    with serve() as running:
        connection = http.client.HTTPConnection("127.0.0.1", running.ports[FIRST.code], timeout=10)
        connection.request("GET", path)
        assert connection.getresponse().status == 404
        connection.close()

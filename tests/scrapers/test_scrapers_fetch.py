"""PoliteSession against real servers: retries, truncation, redirects, addresses, names, blocks."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import tracemalloc
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapers_portal import QUICK, Portal, Reply, a_file, html, pdf

from scrapers.archive import Outcome
from scrapers.blocks import block_rules, recognise_block
from scrapers.connections import is_public_address
from scrapers.decode import decode_page
from scrapers.fetch import (
    CrawlSettings,
    CrawlStopped,
    Fetched,
    PoliteSession,
    file_name_of,
)
from scrapers.filetype import Kind, extension_of, kind_of
from scrapers.site import Pace

FAST = Pace(pause_seconds=0, jitter_seconds=0)
LOOPBACK = frozenset({"127.0.0.1"})


def session(**changes: object) -> PoliteSession:
    return PoliteSession(QUICK.model_copy(update=changes), FAST, private_hosts=LOOPBACK)


def get(url: str, **changes: object) -> Fetched:
    with session(**changes) as polite:
        return polite.get(url)


# retries


def test_a_server_error_that_passes_is_retried(portal: Portal) -> None:
    portal.pages["/a.pdf"] = [Reply(status=503), Reply(status=502), a_file(pdf())]
    fetched = get(portal.url + "a.pdf")
    assert fetched.outcome is None
    assert fetched.body == pdf()
    assert portal.paths() == ["/a.pdf"] * 3


def test_an_error_that_stays_is_reported_with_place_and_remedy(portal: Portal) -> None:
    portal.pages["/a.pdf"] = Reply(status=500)
    fetched = get(portal.url + "a.pdf")
    assert fetched.outcome is Outcome.ERROR
    assert fetched.status == 500
    assert portal.url + "a.pdf" in (fetched.reason or "")
    assert "3 attempts" in (fetched.reason or "")
    assert len(portal.paths()) == 3


def test_retry_after_is_obeyed(portal: Portal) -> None:
    portal.pages["/a.pdf"] = [Reply(status=429, headers={"Retry-After": "1"}), a_file(pdf())]
    assert get(portal.url + "a.pdf").body == pdf()
    first, second = [asked.at for asked in portal.log if asked.path == "/a.pdf"]
    assert second - first >= 1.0


def test_retry_after_as_a_date_is_obeyed(portal: Portal) -> None:
    when = datetime.now(UTC) + timedelta(seconds=2)
    headers = {"Retry-After": format_datetime(when, usegmt=True)}
    portal.pages["/a.pdf"] = [Reply(status=503, headers=headers), a_file(pdf())]
    assert get(portal.url + "a.pdf").body == pdf()
    second = [asked.at for asked in portal.log if asked.path == "/a.pdf"][1]
    assert second >= int(when.timestamp())


def test_a_long_retry_after_leaves_the_server_alone(portal: Portal) -> None:
    portal.pages["/a.pdf"] = Reply(status=503, headers={"Retry-After": "86400"})
    begun = time.monotonic()
    fetched = get(portal.url + "a.pdf")
    assert time.monotonic() - begun < 5
    assert fetched.outcome is Outcome.ERROR
    assert "86400 s" in (fetched.reason or "")
    assert portal.paths() == ["/a.pdf"]


def test_a_wait_that_a_server_asks_for_holds_for_all_its_addresses(portal: Portal) -> None:
    portal.pages["/a.pdf"] = Reply(status=429, headers={"Retry-After": "1"})
    portal.pages["/b.pdf"] = a_file(pdf())
    with session(attempts=1) as polite:
        assert polite.get(portal.url + "a.pdf").outcome is Outcome.ERROR
        assert polite.get(portal.url + "b.pdf").body == pdf()
    first, second = [asked.at for asked in portal.log if asked.path != "/robots.txt"]
    assert second - first >= 1.0


def test_a_server_that_asks_for_a_long_wait_gets_no_further_request(portal: Portal) -> None:
    portal.pages["/a.pdf"] = Reply(status=503, headers={"Retry-After": "86400"})
    portal.pages["/b.pdf"] = a_file(pdf())
    with session() as polite:
        polite.get(portal.url + "a.pdf")
        fetched = polite.get(portal.url + "b.pdf")
    assert fetched.outcome is Outcome.ERROR
    assert "left alone" in (fetched.reason or "")
    assert portal.paths() == ["/a.pdf"]


def test_a_refused_connection_is_an_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    fetched = get(f"http://127.0.0.1:{port}/a.pdf")
    assert fetched.outcome is Outcome.ERROR
    assert "robots.txt" in (fetched.reason or "")


def test_waiting_can_be_stopped(portal: Portal) -> None:
    portal.pages["/a"] = Reply(status=503, headers={"Retry-After": "60"})
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    begun = time.monotonic()
    with (
        PoliteSession(QUICK, FAST, private_hosts=LOOPBACK, stop=stop.is_set) as polite,
        pytest.raises(CrawlStopped),
    ):
        polite.get(portal.url + "a")
    assert time.monotonic() - begun < 10


# bodies


def test_fewer_bytes_than_announced_are_truncated_and_not_handed_over(portal: Portal) -> None:
    portal.pages["/a.pdf"] = a_file(pdf(), announce=5000)
    fetched = get(portal.url + "a.pdf")
    assert fetched.outcome is Outcome.TRUNCATED
    assert fetched.body is None
    assert "5000" in (fetched.reason or "")


def test_a_body_cut_once_is_fetched_again(portal: Portal) -> None:
    portal.pages["/a.pdf"] = [a_file(pdf(), announce=5000), a_file(pdf())]
    assert get(portal.url + "a.pdf").body == pdf()


def test_a_slow_body_is_given_up(portal: Portal) -> None:
    portal.pages["/a.pdf"] = a_file(pdf("慢" * 500), drip_seconds=0.1)
    begun = time.monotonic()
    fetched = get(portal.url + "a.pdf", download_seconds=0.5, attempts=1)
    assert time.monotonic() - begun < 3
    assert fetched.outcome is Outcome.ERROR
    assert "not complete after 0.5 s" in (fetched.reason or "")


def test_a_server_that_says_nothing_times_out(portal: Portal) -> None:
    def sleeps(_: object) -> Reply:
        time.sleep(1.5)
        return a_file(pdf())

    portal.pages["/a.pdf"] = sleeps
    fetched = get(portal.url + "a.pdf", read_timeout_seconds=0.3, attempts=1)
    assert fetched.outcome is Outcome.ERROR


@pytest.mark.parametrize("announced", [True, False])
def test_what_is_too_large_is_refused(portal: Portal, announced: bool) -> None:
    body = pdf("大" * 10_000)
    portal.pages["/a.pdf"] = a_file(body, announce=None if announced else -1)
    fetched = get(portal.url + "a.pdf", max_bytes=1000)
    assert fetched.outcome is Outcome.REFUSED
    assert fetched.body is None
    assert "BUDGETS_MAX_DOWNLOAD_MB" in (fetched.reason or "")


def test_a_page_that_explodes_when_unpacked_is_refused_before_it_fills_memory(
    portal: Portal,
) -> None:
    bomb = gzip.compress(b"\0" * 2**27)  # 128 MiB in about 128 KiB
    assert len(bomb) < 2**18
    portal.pages["/bomb"] = Reply(bomb, headers={"Content-Encoding": "gzip"})
    tracemalloc.start()
    try:
        fetched = get(portal.url + "bomb", max_bytes=2**20)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert fetched.outcome is Outcome.REFUSED
    assert fetched.body is None
    assert most < 2**25, "what is read is bounded, not only what is kept"


def test_a_compressed_page_is_unpacked_and_a_cut_one_is_truncated(portal: Portal) -> None:
    packed = gzip.compress("<p>部门预算</p>".encode() * 100)
    headers = {"Content-Encoding": "gzip"}
    portal.pages["/a"] = Reply(packed, headers=headers)
    portal.pages["/b"] = Reply(packed[:-20], announce=len(packed), headers=headers)
    portal.pages["/c"] = Reply(b"this is not gzip", headers=headers)
    assert (get(portal.url + "a").body or b"").count("部门预算".encode()) == 100
    assert get(portal.url + "b").outcome is Outcome.TRUNCATED
    assert get(portal.url + "c").outcome is Outcome.TRUNCATED


def test_a_conditional_request_gets_no_body(portal: Portal) -> None:
    portal.pages["/a.pdf"] = a_file(pdf())
    with session() as polite:
        first = polite.get(portal.url + "a.pdf")
        second = polite.get(portal.url + "a.pdf", etag=first.etag)
    assert (second.status, second.outcome, second.body) == (304, Outcome.UNCHANGED, None)


# redirects and addresses


def test_a_redirect_is_followed_and_its_end_reported(portal: Portal) -> None:
    portal.pages["/a"] = Reply(status=302, headers={"Location": "/b%20c.pdf"})
    portal.pages["/b%20c.pdf"] = a_file(pdf())
    fetched = get(portal.url + "a")
    assert fetched.final_url == portal.url + "b%20c.pdf"
    assert fetched.body == pdf()


def test_redirects_in_a_circle_end(portal: Portal) -> None:
    portal.pages["/a"] = Reply(status=302, headers={"Location": "/a"})
    fetched = get(portal.url + "a")
    assert fetched.outcome is Outcome.ERROR
    assert "redirects" in (fetched.reason or "")


def test_a_redirect_to_a_private_address_is_refused(portal: Portal) -> None:
    # The site's own host may be private; where it redirects to may not.
    with Portal("127.0.0.2") as inner:
        inner.pages["/secret.pdf"] = a_file(pdf())
        portal.pages["/a.pdf"] = Reply(status=302, headers={"Location": f"{inner.url}secret.pdf"})
        fetched = get(portal.url + "a.pdf")
        assert inner.log == []
    assert fetched.outcome is Outcome.REFUSED
    assert "not public" in (fetched.reason or "")
    assert fetched.body is None


def test_a_name_that_leads_to_a_private_address_is_refused(portal: Portal) -> None:
    port = portal.host.rpartition(":")[2]
    fetched = get(f"http://localhost:{port}/a.pdf")
    assert portal.log == []
    assert "not public" in (fetched.reason or "")


def test_behind_a_proxy_names_are_judged_before_it_is_asked(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", portal.url)
    with PoliteSession(QUICK, FAST) as polite:
        fetched = polite.get("http://127.0.0.3:81/a.pdf")
        assert portal.log == []
        assert fetched.outcome is Outcome.REFUSED
        # A name that only the proxy can resolve is the proxy's to judge.
        portal.pages["http://budget.invalid/a.pdf"] = a_file(pdf())
        assert polite.get("http://budget.invalid/a.pdf").body == pdf()


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/a.pdf", "gopher://x/"])
def test_only_http_is_followed(portal: Portal, location: str) -> None:
    portal.pages["/a"] = Reply(status=302, headers={"Location": location})
    fetched = get(portal.url + "a")
    assert fetched.outcome is Outcome.REFUSED
    assert location.split(":", maxsplit=1)[0] in (fetched.reason or "")


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2400:3200::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("64:ff9b:1::7f00:1", False),
        ("::127.0.0.1", False),
    ],
)
def test_public_addresses(address: str, public: bool) -> None:
    assert is_public_address(address) is public


# robots


def test_the_pause_grows_with_crawl_delay(portal: Portal) -> None:
    portal.pages["/robots.txt"] = Reply(
        b"User-agent: *\nCrawl-delay: 0.4\n", content_type="text/plain"
    )
    portal.pages["/a"] = html("<p>a</p>")
    with session() as polite:
        polite.get(portal.url + "a")
        polite.get(portal.url + "a")
    first, second = [asked for asked in portal.log if asked.path == "/a"]
    assert second.at - first.ended >= 0.39


def test_a_long_crawl_delay_is_obeyed_and_one_that_no_night_can_keep_is_told(
    portal: Portal,
) -> None:
    portal.pages["/robots.txt"] = Reply(
        b"User-agent: *\nCrawl-delay: 0.4\n", content_type="text/plain"
    )
    portal.pages["/a"] = html("<p>a</p>")
    assert CrawlSettings().max_crawl_delay_seconds == 600
    fetched = get(portal.url + "a", max_crawl_delay_seconds=0.3)
    assert fetched.outcome is Outcome.REFUSED
    assert "asks for 0.4 s between requests" in (fetched.reason or "")
    assert not [asked for asked in portal.log if asked.path == "/a"]


def test_a_host_that_asks_for_minutes_gets_them(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal.pages["/robots.txt"] = Reply(
        b"User-agent: *\nCrawl-delay: 120\n", content_type="text/plain"
    )
    portal.pages["/a"] = html("<p>a</p>")
    waited: list[float] = []
    with session() as polite:
        start = time.monotonic()

        def sleep(seconds: float) -> None:
            if seconds > 0:
                waited.append(seconds)
                monkeypatch.setattr(
                    "scrapers.fetch.time.monotonic", lambda: start + sum(waited) + 1
                )

        monkeypatch.setattr(polite, "_sleep", sleep)
        assert polite.get(portal.url + "a").outcome is None
        assert polite.get(portal.url + "a").outcome is None
    assert len(waited) == 2
    assert all(seconds > 110 for seconds in waited)


def test_rules_for_our_own_name_count(portal: Portal) -> None:
    portal.pages["/robots.txt"] = Reply(
        b"User-agent: county-budget-warehouse\nDisallow: /\n\nUser-agent: *\nAllow: /\n",
        content_type="text/plain",
    )
    portal.pages["/a"] = html("<p>a</p>")
    assert get(portal.url + "a").outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    "robots",
    [
        Reply(status=404),
        Reply(status=403),
        html("<html><body>首页</body></html>"),
        Reply(b"\xef\xbb\xbfUser-agent: *\nDisallow: /b\n", content_type="text/plain"),
    ],
)
def test_no_rules_and_a_page_in_their_place_allow_everything(portal: Portal, robots: Reply) -> None:
    portal.pages |= {"/robots.txt": robots, "/a": html("<p>a</p>")}
    assert get(portal.url + "a").outcome is None


def test_a_redirect_to_another_host_asks_for_its_rules(portal: Portal) -> None:
    with Portal() as other:
        other.pages["/robots.txt"] = Reply(
            b"User-agent: *\nDisallow: /\n", content_type="text/plain"
        )
        other.pages["/a.pdf"] = a_file(pdf())
        portal.pages["/a.pdf"] = Reply(status=301, headers={"Location": f"{other.url}a.pdf"})
        fetched = get(portal.url + "a.pdf")
        assert other.paths() == []
    assert fetched.outcome is Outcome.REFUSED


def test_two_sessions_do_not_ask_one_host_at_once(portal: Portal, tmp_path: Path) -> None:
    def slow(_: object) -> Reply:
        time.sleep(0.05)
        return html("<p>a</p>")

    portal.pages["/a"] = slow

    def work() -> None:
        with PoliteSession(QUICK, FAST, private_hosts=LOOPBACK, lock_folder=tmp_path) as polite:
            for _ in range(4):
                assert polite.get(portal.url + "a").outcome is None

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(portal.paths()) == 12
    assert portal.most_at_once == 1


def test_several_sessions_share_one_hosts_pause(portal: Portal, tmp_path: Path) -> None:
    """Counties on hosts of their own may link to files on one common host."""
    portal.pages["/a"] = html("<p>a</p>")
    pace = Pace(pause_seconds=0.1, jitter_seconds=0)

    def work() -> None:
        with PoliteSession(QUICK, pace, private_hosts=LOOPBACK, lock_folder=tmp_path) as polite:
            for _ in range(2):
                assert polite.get(portal.url + "a").outcome is None

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log = sorted(portal.log, key=lambda asked: asked.at)
    assert len(log) == 9  # robots.txt is asked for by each
    assert min(b.at - a.at for a, b in pairwise(log)) >= 0.099


# blocks


@pytest.mark.parametrize(
    ("rule", "status", "body"),
    [
        (
            "script_redirect",
            200,
            "<script type=\"text/javascript\">document.location.href='/site/index.html'</script>",
        ),
        ("script_cookie", 200, "<script>document.cookie='a=1;path=/';location.reload()</script>"),
        ("challenge", 200, "<html><title>安全验证</title><body>请完成滑块</body></html>"),
        ("challenge", 503, "<html><body>Checking your browser before accessing</body></html>"),
        (
            "firewall",
            200,
            "<html><title>网站防火墙</title><body>您的请求带有不合法参数，已被拦截</body></html>",
        ),
        ("rui_shu", 412, "<html><script src='/x.js'></script></html>"),
        ("gate_status", 403, "<html>Forbidden</html>"),
        (
            "iis_default",
            200,
            "<html><title>IIS Windows Server</title><img src='iisstart.png'></html>",
        ),
        (
            "script_gate",
            200,
            '<html><head><script>$_ts=window["$_ts"]</script></head><body></body></html>',
        ),
        (
            "script_gate",
            200,
            "<html><body><noscript>请开启JavaScript并刷新该页.</noscript><script>wzws()</script></body>",
        ),
        ("maintenance", 200, "<html><title>网站维护</title><h2>正在维护升级</h2></html>"),
        ("refused_as_page", 200, "<html><title>403 Forbidden</title><hr>nginx</html>"),
        ("challenge", 200, "<html><title>验证</title><body>请拖动滑块</body></html>"),
        ("not_found_text", 200, "<html><title>404 Not Found</title></html>"),
        ("not_found_text", 200, "<html><body>您访问的页面不存在</body></html>"),
    ],
)
def test_block_pages_are_recognised(rule: str, status: int, body: str) -> None:
    found = recognise_block(status, body)
    assert found is not None
    assert found.id == rule


def test_every_block_rule_has_a_page_that_it_recognises() -> None:
    marks = [
        mark
        for mark in test_block_pages_are_recognised.pytestmark  # type: ignore[attr-defined]
        if mark.name == "parametrize"
    ]
    assert {case[0] for case in marks[0].args[1]} == {rule.id for rule in block_rules()}


@pytest.mark.parametrize(
    "body",
    [
        "<html><head><title>部门预算</title></head><body><script>document.cookie='read=1'</script>"
        + "<p>2026年部门预算公开</p>" * 50
        + "</body></html>",
        "<html><title>关于防火墙采购的通知</title><body>采购防火墙一台，禁止转包。</body></html>",
        "<html><title>2026年预算</title><body>关于人机验证系统的说明</body></html>",
    ],
)
def test_ordinary_pages_are_no_blocks(body: str) -> None:
    assert recognise_block(200, body) is None


def test_a_blocked_answer_says_what_where_and_what_to_do(portal: Portal) -> None:
    portal.pages["/a"] = Reply(b"<html>no</html>", 412)
    fetched = get(portal.url + "a")
    assert fetched.outcome is Outcome.BLOCKED
    assert portal.url + "a" in (fetched.reason or "")
    assert "ingested by hand" in (fetched.reason or "")


# names, kinds, encodings


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("attachment; filename=a.pdf", "a.pdf"),
        ('attachment; filename="a b.pdf"', "a b.pdf"),
        ("attachment; filename*=UTF-8''%E9%A2%84%E7%AE%97.pdf", "预算.pdf"),
        ("attachment; filename=x.pdf; filename*=utf-8''%E9%A2%84%E7%AE%97.pdf", "预算.pdf"),
        ("attachment; filename*=GBK''%D4%A4%CB%E3.pdf", "预算.pdf"),
        ("attachment; filename=%E9%A2%84%E7%AE%97.pdf", "预算.pdf"),
        ("attachment; filename=" + "预算.pdf".encode("gb18030").decode("latin-1"), "预算.pdf"),
        ('attachment; filename="' + "预算.pdf".encode().decode("latin-1") + '"', "预算.pdf"),
        ("attachment; filename=100%预算.pdf", "100%预算.pdf"),
        ('attachment; filename="..\\..\\etc/passwd.pdf"', "passwd.pdf"),
        ("inline", None),
        ("attachment; filename=", None),
        (None, None),
        ('attachment; filename="=?GB2312?Q?=CB=AE=C0=FB=BE=D6.pdf?="', "水利局.pdf"),
        ('attachment; filename="=?UTF-8?B?5rC05Yip5bGA6aKE566XLnBkZg==?="', "水利局预算.pdf"),
        ("attachment; filename=A;B局.pdf".encode().decode("latin-1"), "A;B局.pdf"),
        ("attachment; filename=A; B.pdf; size=12", "A; B.pdf"),
        ("attachment; filename=A;B.pdf;", "A;B.pdf"),
        ("attachment; filename=a.pdf; filename*=UTF-8''%E9%A2%84;b.pdf", "预;b.pdf"),
        ("attachment; filename=A&amp;B&#65288;1&#xff09;.pdf", "A&B（1）.pdf"),
        ('attachment; filename="R&amp;D&copy2.pdf"', "R&D&copy2.pdf"),
        ('attachment; filename="&#46;&#46;&#47;x.pdf"', "x.pdf"),
        ('attachment; filename="=?nonsense?B?5rC0?=.pdf"', "=?nonsense?B?5rC0?=.pdf"),
    ],
)
def test_file_names_of_headers(header: str | None, name: str | None) -> None:
    assert file_name_of(header) == name


@given(st.text())
def test_no_header_breaks_the_reading_of_names(text: str) -> None:
    name = file_name_of(f"attachment; filename={text}")
    assert name is None or ("/" not in name and "\\" not in name and name.isprintable())


def test_a_gbk_file_name_arrives_whole(portal: Portal) -> None:
    raw = "attachment; filename=" + "某局预算.pdf".encode("gb18030").decode("latin-1")
    portal.pages["/a"] = a_file(pdf(), headers={"Content-Disposition": raw})
    assert get(portal.url + "a").file_name == "某局预算.pdf"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.4 ...", Kind.PDF),
        (b"\r\n\r\n%PDF-1.4 ...", Kind.PDF),
        (b"<html>see %PDF-1.4</html>", Kind.HTML),
        (b"<!DOCTYPE html><html></html>", Kind.HTML),
        (b"\xef\xbb\xbf  <HTML>", Kind.HTML),
        (b"<script>location.href='/'</script>", Kind.HTML),
        (b"<?xml version='1.0'?><a/>", Kind.XML),
        (b"<?xml version='1.0'?><html xmlns=''></html>", Kind.HTML),
        (b'{"a":1}', Kind.JSON),
        (b"Rar!\x1a\x07\x00", Kind.RAR),
        (b"7z\xbc\xaf\x27\x1c", Kind.SEVEN_ZIP),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook\0".encode("utf-16-le"), Kind.XLS),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument\0".encode("utf-16-le"), Kind.DOC),
        (b"PK\x03\x04broken", Kind.ZIP),
        (b"", Kind.EMPTY),
        ("系统繁忙".encode(), Kind.TEXT),
        (b"\x00\x01\x02", Kind.UNKNOWN),
    ],
)
def test_kinds_by_bytes(data: bytes, kind: Kind) -> None:
    assert kind_of(data) is kind


@given(st.binary(max_size=300))
def test_every_file_has_a_kind(data: bytes) -> None:
    assert isinstance(kind_of(data), Kind)


@pytest.mark.parametrize(
    ("name", "extension"),
    [("a.PDF", "pdf"), ("./W0.rar ", "rar"), ("a.html", None), ("pdf", None), ("a.pdf.html", None)],
)
def test_extensions_of_documents(name: str, extension: str | None) -> None:
    assert extension_of(name) == extension


@pytest.mark.parametrize(
    ("header", "meta", "encoding"),
    [
        ("text/html; charset=gb2312", None, "gb18030"),
        ("text/html; charset=GBK", None, "gb18030"),
        (None, '<meta charset="gbk">', "gb18030"),
        (
            "text/html",
            '<meta http-equiv="Content-Type" content="text/html; charset=gb2312">',
            "gb18030",
        ),
        (None, None, "gb18030"),
        ("text/html; charset=ISO-8859-1", None, "gb18030"),
        ("text/html; charset=utf-8", '<meta charset="gbk">', "gb18030"),  # the header is wrong
        ("text/html; charset=x-unknown", None, "gb18030"),
        ("text/html; charset=utf-8", None, "utf-8"),
        (None, '<meta charset="utf-8">', "utf-8"),
    ],
)
def test_encodings(header: str | None, meta: str | None, encoding: str) -> None:
    text = f"<html>{meta or ''}<body>泽州县２０２６年部门预算公开，镕㐀，单位：万元</body></html>"
    decoded = decode_page(text.encode(encoding), header)
    assert decoded.text == text
    assert decoded.encoding == encoding
    assert not decoded.is_damaged


def test_a_page_in_utf8_that_calls_itself_gbk_is_utf8() -> None:
    text = '<meta charset="gb2312"><p>' + "泽州县部门预算公开" * 3 + "</p>"
    assert decode_page(text.encode()).text == text
    assert decode_page(text.encode(), "text/html; charset=gbk").encoding == "utf-8"


def test_a_declared_encoding_comes_before_a_guess() -> None:
    text = '<meta charset="big5"><p>部門預算公開：一般公共預算支出</p>'
    decoded = decode_page(text.encode("big5"))
    assert (decoded.text, decoded.encoding) == (text, "big5")


def test_one_bad_byte_does_not_turn_the_page_over() -> None:
    text = "<meta charset='utf-8'><p>" + "部门预算公开" * 50 + "</p>"
    data = text.encode()
    damaged = data[:60] + b"\xff" + data[60:]
    decoded = decode_page(damaged)
    assert decoded.is_damaged
    assert decoded.text.count("部门预算公开") >= 48


@given(st.binary(max_size=200), st.none() | st.text(max_size=30))
def test_any_bytes_decode(data: bytes, header: str | None) -> None:
    assert isinstance(decode_page(data, header).text, str)


@pytest.mark.parametrize(
    ("day", "days"),
    [
        ("2026-01-31", 60),
        ("2026-02-01", 14),
        ("2026-05-31", 14),
        ("2026-06-01", 60),
        ("2026-09-01", 14),
        ("2026-10-31", 14),
        ("2026-11-01", 60),
    ],
)
def test_known_addresses_are_looked_at_more_often_in_season(day: str, days: int) -> None:
    moment = datetime.fromisoformat(day).date()
    assert CrawlSettings().recheck_after(moment) == days
    assert CrawlSettings(recheck_days=30).recheck_after(moment) == 30

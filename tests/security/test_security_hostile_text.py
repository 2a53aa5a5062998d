"""What a site may write into a title must stay text wherever it is shown.

The hostile title is served by a portal, crawled, archived, loaded, built and published; then it
is looked for where people and programs meet it. docs/security.md names these tests.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from bs4 import BeautifulSoup

TESTS = Path(__file__).resolve().parents[1]
sys.path += [str(TESTS / "scrapers"), str(TESTS / "warehouse")]

from scrapers_portal import (  # type: ignore[import-not-found]  # noqa: E402
    COLUMN,
    QUICK,
    Portal,
    a_file,
    html,
    pdf,
    site_for,
    trs_article,
    trs_list,
)
from warehouse_by_hand import budget, fetched, record  # type: ignore[import-not-found]  # noqa: E402

from expectations import alerts  # noqa: E402
from expectations.data_docs import ValidationPage, View  # noqa: E402
from expectations.findings import findings, write_findings_page  # noqa: E402
from scrapers.archive import Archive  # noqa: E402
from scrapers.crawl import crawl_host  # noqa: E402
from store import Store  # noqa: E402
from warehouse.build import build  # noqa: E402
from warehouse.landing import land  # noqa: E402
from warehouse.layout import Layout  # noqa: E402
from warehouse.load import load  # noqa: E402
from warehouse.publish import publish  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("hostile_text")]

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>"
FORMULA = '=HYPERLINK("http://evil.invalid","open")'
TITLE = f"{FORMULA}{SCRIPT}"
# names are kept without blanks
IN_NAME = "<script>alert(1)</script><svg/onload=alert(2)>"
DEPARTMENT = f"青岚县样例局{IN_NAME}"
ROOT = TESTS.parent


@pytest.fixture(scope="module")
def crawled_title(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The title as the archive holds it, after a crawl of a portal that serves it."""
    escaped = TITLE.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    archive = Archive(Store(tmp_path_factory.mktemp("archive")))
    with Portal() as portal:
        portal.pages[COLUMN] = html(
            trs_list([("2026-02-12", "./202602/t20260212_1.html", escaped)])
        )
        portal.pages[COLUMN + "202602/t20260212_1.html"] = html(
            trs_article(escaped, '<a href="./P1.pdf">样例局2026年部门预算.pdf</a>')
        )
        portal.pages[COLUMN + "202602/P1.pdf"] = a_file(pdf())
        crawl_host(
            [site_for(portal)],
            archive,
            run_id="night-1",
            now=datetime(2026, 3, 1, 17, 30, tzinfo=UTC),
            settings=QUICK,
        )
    [row] = [r for rows in archive.documents().values() for r in rows]
    assert row.article_title is not None
    return str(row.article_title)


@pytest.fixture(scope="module")
def published(
    tmp_path_factory: pytest.TempPathFactory, crawled_title: str, dbt_read_once: None
) -> Layout:
    """A published warehouse whose document has the hostile title and a hostile body's name."""
    layout = Layout(tmp_path_factory.mktemp("hostile") / "data")
    land(
        layout,
        [record(budget("bad", department=DEPARTMENT, basic="10.00", total="31.00"))],
        "b1",
    )
    row = fetched("bad", at="2026-03-01") | {
        "article_title": crawled_title,
        "link_text": crawled_title,
        "file_name": crawled_title.replace("/", "_"),
    }
    load(layout, [row])
    build(layout)
    publish(layout)
    return layout


def budgets(layout: Layout, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        cwd=ROOT,
        env=os.environ | {"BUDGETS_DATA": str(layout.root)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def assert_text_only(page: str, shown: str) -> None:
    """No element and no handler of the hostile text; the text itself is there, readable."""
    soup = BeautifulSoup(page, "html.parser")
    assert shown in soup.get_text()
    assert not [s for s in soup.find_all("script") if "alert(" in s.get_text()]
    assert not soup.find_all("img", src="x")
    assert not [t for t in soup.find_all(True) if any(a.startswith("on") for a in t.attrs)]


def test_the_archive_keeps_what_was_published(crawled_title: str) -> None:
    """Evidence is not cleaned: escaping belongs to whoever shows it."""
    assert crawled_title == TITLE


def test_the_evidence_site_shows_it_as_text(published: Layout) -> None:
    """Every page that names the body or its title, and the search index."""
    from evidence.site import build_site

    def no_original(sha256: str) -> bytes:
        raise FileNotFoundError(sha256)

    held = record(budget("bad", department=DEPARTMENT, basic="10.00", total="31.00"))
    report = build_site(published, originals=no_original, readings=lambda sha, version: held)
    assert report.documents == 1
    root = Path(report.path)
    shown = 0
    for path in root.rglob("*.html"):
        page = path.read_text("utf-8")
        if IN_NAME.split(">", maxsplit=1)[0] in BeautifulSoup(page, "html.parser").get_text():
            assert_text_only(page, DEPARTMENT)
            shown += 1
    assert shown >= 3, "body, document, finding"
    [document] = root.glob("documents/*/index.html")
    assert_text_only(document.read_text("utf-8"), TITLE)
    for script in (root / "search").glob("*.js"):
        assert "<" not in script.read_text("utf-8")
    policy = BeautifulSoup(document.read_text("utf-8"), "html.parser").find(
        "meta", attrs={"http-equiv": "Content-Security-Policy"}
    )
    assert policy is not None
    assert "default-src 'none'" in str(policy)


def test_the_page_of_findings_shows_it_as_text(published: Layout, tmp_path: Path) -> None:
    found = findings(published.published_path)
    assert found, "the document contradicts itself, so the page is not empty"
    write_findings_page(found, tmp_path / "findings.html")
    assert_text_only((tmp_path / "findings.html").read_text("utf-8"), IN_NAME)


def test_data_docs_show_it_as_text() -> None:
    rows = [{"document": TITLE, "department": DEPARTMENT}]
    failed = SimpleNamespace(
        success=False,
        exception_info={"raised_exception": True, "exception_message": SCRIPT},
        expectation_config=SimpleNamespace(
            type="x", description=SCRIPT, meta={"level": "stop", "id": "x"}
        ),
        result={
            "element_count": 1,
            "unexpected_count": 1,
            "unexpected_index_list": rows,
            "unexpected_index_column_names": ["document"],
        },
    )
    result = SimpleNamespace(
        suite_name="hostile",
        success=False,
        results=[failed],
        meta={"run_id": {"run_name": SCRIPT, "run_time": "2026-03-01T00:00:00+00:00"}},
    )
    page = View().render(ValidationPage().render(result))
    assert_text_only(page, SCRIPT)
    assert_text_only(page, FORMULA)


class _Sink(HTTPServer):
    """A webhook that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                sink.told.append(json.loads(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None: ...

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def sink() -> Iterator[_Sink]:
    server = _Sink()
    yield server
    server.shutdown()
    server.server_close()


def test_messages_carry_it_as_text(published: Layout, sink: _Sink, tmp_path: Path) -> None:
    """A message is plain text, and becomes escaped HTML where a channel speaks HTML (mail)."""
    from apprise import NotifyFormat
    from apprise.conversion import convert_between

    report = alerts.tell(
        tmp_path,
        database_path=published.published_path,
        run_id="night-1",
        urls=[f"json://127.0.0.1:{sink.server_address[1]}/"],
        now=datetime(2026, 3, 2, 22, 30, tzinfo=UTC),
        night=alerts.Night(
            run_id="night-1",
            quarantined=(alerts.Quarantined("ab" * 32, TITLE, SCRIPT),),
            failures=(alerts.StepFailure("build", f"ValueError: {SCRIPT}"),),
        ),
    )
    assert report.sent
    told = "\n".join(m["message"] for m in sink.told)
    assert "<script>" in told, "the hostile text was meant to be told"
    as_html = convert_between(NotifyFormat.TEXT, NotifyFormat.HTML, told)
    assert_text_only(as_html, "alert(1)")


def test_json_is_exact(published: Layout) -> None:
    done = budgets(published, "query", "select department from marts.dim_document", "-f", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [{"department": DEPARTMENT}]


LITERALS = """select * from (values ('=1+1', -3.5::decimal(20,2), '-3.50'), ('+cmd|calc', 1, '0.00'),
('@SUM(A1)', 2, '—'), (chr(9) || '=1', 0, '-'), ('一般公共预算', 1, '1,234.00')) t(name, amount_wan, amount_text)"""


def test_csv_holds_no_formula(published: Layout) -> None:
    """Text that a spreadsheet would compute begins with an apostrophe; figures are as they are."""
    done = budgets(published, "query", LITERALS, "-f", "csv")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [r["amount_wan"] for r in rows] == ["-3.50", "1.00", "2.00", "0.00", "1.00"]
    assert [r["amount_text"] for r in rows] == ["-3.50", "0.00", "—", "-", "1,234.00"]
    assert [r["name"] for r in rows] == [
        "'=1+1",
        "'+cmd|calc",
        "'@SUM(A1)",
        "'\t=1",
        "一般公共预算",
    ]


@pytest.mark.parametrize(
    "hostile", ["'\x1b[2J\x1b]0;owned\x07'", "'[/b]'", "'[link=http://evil.invalid]看[/link]'"]
)
def test_the_terminal_shows_it_as_text(published: Layout, hostile: str) -> None:
    """No escape sequence reaches the terminal, and brackets are brackets."""
    done = budgets(published, "query", f"select {hostile} as title")
    assert done.returncode == 0, done.stderr
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", done.stdout)
    wanted = re.sub(r"[\x00-\x1f]", "", hostile.strip("'"))
    assert wanted in done.stdout


def test_the_reader_of_foreign_documents_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hostile PDF that takes over its process must find nothing in the environment."""
    from parsers.worker import Worker

    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-of-the-store")
    monkeypatch.setenv("BUDGETS_ALERT_URLS", "json://a-secret-of-a-channel")
    with Worker() as worker:
        process = worker._ready()
        held = Path(f"/proc/{process.pid}/environ").read_bytes()
    assert b"PYTHONPATH" in held
    assert b"a-secret-of" not in held

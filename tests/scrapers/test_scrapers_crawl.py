"""crawl_host against a real server: what a night costs, finds, refuses and survives."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from scrapers_portal import (
    COLUMN,
    QUICK,
    SMALL_PORTAL_FILES,
    Asked,
    Portal,
    Reply,
    a_file,
    html,
    pdf,
    site_for,
    small_portal,
    trs_article,
    trs_list,
)

from scrapers.archive import Archive, ArchiveDamagedError, FetchRow, Outcome
from scrapers.crawl import HostBusyError, HostReport, crawl_host, hosts
from scrapers.families.reading import names_a_body
from scrapers.fetch import CrawlSettings
from scrapers.site import Site
from scrapers.window import SHANGHAI
from store import Store

NIGHT = datetime(2026, 3, 1, 17, 30, tzinfo=UTC)


def crawl(
    site: Site,
    archive: Archive,
    *,
    night: int = 1,
    settings: CrawlSettings = QUICK,
    run_id: str | None = None,
) -> HostReport:
    return crawl_host(
        [site],
        archive,
        run_id=run_id or f"night-{night}",
        now=NIGHT + timedelta(days=night - 1),
        settings=settings,
    )


def stored(archive: Archive) -> set[bytes]:
    return {archive.get(sha256) for sha256 in archive.documents()}


def rows_of(archive: Archive, path: str) -> list[FetchRow]:
    return [row for row in archive.rows() if row.url.endswith(path)]


def one_article(portal: Portal, body: str, **pages: Reply) -> None:
    """A column with one article whose body is given; further pages by their last part."""
    portal.pages[COLUMN] = html(trs_list([("2026-02-12", "./202602/t20260212_1.html", "样例预算")]))
    portal.pages[COLUMN + "202602/t20260212_1.html"] = html(trs_article("样例预算", body))
    for name, reply in pages.items():
        portal.pages[f"{COLUMN}202602/{name}"] = reply


def test_everything_offered_is_archived_with_its_origin(portal: Portal, archive: Archive) -> None:
    small_portal(portal)
    report = crawl(site_for(portal), archive)

    assert stored(archive) == SMALL_PORTAL_FILES
    assert report.outcomes == {
        "listing_ok": 2,
        "article_ok": 3,
        "no_attachment": 1,
        "new": 4,
    }
    assert report.columns[0].found == 4
    assert report.columns[0].pages == 2
    assert report.warnings == []
    [row] = rows_of(archive, "P020260211002.pdf")
    assert row.outcome is Outcome.NEW
    assert row.role == "attachment"
    assert row.county_code == "149999"
    assert row.article_title == "样例办2026年部门预算公开"
    assert row.link_text == row.file_name == "样例办预算.pdf"
    assert row.listing_url == portal.url.rstrip("/") + COLUMN
    assert row.article_url == row.listing_url + "202602/t20260211_2.html"
    assert str(row.published_on) == "2026-02-11"
    assert (row.column_holds, row.column_scope) == ("budget", "department")
    assert (row.media_type, row.size) == ("application/pdf", len(pdf("二")))


def test_a_quiet_night_costs_one_conditional_request_a_list_page(
    portal: Portal, archive: Archive
) -> None:
    small_portal(portal)
    crawl(site_for(portal), archive)
    portal.forget()
    report = crawl(site_for(portal), Archive(archive.store), night=2)

    assert portal.paths() == [COLUMN, COLUMN + "index_1.html"]
    assert {asked.status for asked in portal.log if asked.path != "/robots.txt"} == {304}
    assert report.outcomes == {"unchanged": 2}
    assert report.columns[0].found == report.columns[0].known == 4


def test_a_new_entry_costs_only_itself(portal: Portal, archive: Archive) -> None:
    small_portal(portal)
    crawl(site_for(portal), archive)
    portal.forget()
    portal.pages[COLUMN] = html(
        trs_list(
            [
                ("2026-03-02", "./202603/t20260302_9.html", "新局2026年部门预算"),
                ("2026-02-12", "./202602/t20260212_1.html", "样例局2026年部门预算公开"),
            ],
            total=2,
        )
    )
    portal.pages[COLUMN + "202603/t20260302_9.html"] = html(
        trs_article("新局2026年部门预算", '<a href="./P9.pdf">预算</a>')
    )
    portal.pages[COLUMN + "202603/P9.pdf"] = a_file(pdf("九"))
    report = crawl(site_for(portal), archive, night=2)

    assert portal.paths() == [
        COLUMN,
        COLUMN + "202603/t20260302_9.html",
        COLUMN + "202603/P9.pdf",
        COLUMN + "index_1.html",
    ]
    assert report.count(Outcome.NEW) == 1
    assert stored(archive) == SMALL_PORTAL_FILES | {pdf("九")}


def test_a_list_without_validators_that_only_changed_its_frame_is_unchanged(
    portal: Portal, archive: Archive
) -> None:
    visits = 0

    def counted(_: Asked) -> Reply:
        nonlocal visits
        visits += 1
        text = trs_list([("2026-02-12", "./202602/t20260212_1.html", "样例预算")])
        return Reply(text.replace("首页", f"第{visits}次访问").encode(), conditional=False)

    one_article(portal, "<p>无</p>")
    portal.pages[COLUMN] = counted
    crawl(site_for(portal), archive)
    objects = set(archive.store.list("archive/objects"))
    report = crawl(site_for(portal), archive, night=2)

    assert visits == 2
    assert report.outcomes == {"unchanged": 1}
    assert set(archive.store.list("archive/objects")) == objects


def test_everything_known_is_looked_at_again_within_the_recheck_days(
    portal: Portal, archive: Archive
) -> None:
    small_portal(portal)
    settings = QUICK.model_copy(update={"recheck_days": 10})
    crawl(site_for(portal), archive, settings=settings)
    files = {path for path in portal.pages if path.endswith((".pdf", "_1.html", "_2.html"))}
    by_night: dict[int, list[str]] = {}
    for night in range(2, 12):
        portal.forget()
        crawl(site_for(portal), archive, night=night, settings=settings)
        by_night[night] = [p for p in portal.paths() if p not in {COLUMN, COLUMN + "index_1.html"}]

    assert all(not by_night[night] for night in range(2, 6))
    asked = [path for paths in by_night.values() for path in paths]
    assert set(asked) >= files - {COLUMN + "index_1.html"}
    assert len(asked) <= 2 * len(set(asked))  # due after 5 to 10 days: twice at the most
    assert max(map(len, by_night.values())) < len(asked)
    assert stored(archive) == SMALL_PORTAL_FILES


def test_a_file_replaced_under_the_same_address_is_found_by_the_recheck(
    portal: Portal, archive: Archive
) -> None:
    small_portal(portal)
    crawl(site_for(portal), archive)
    portal.pages[COLUMN + "202602/P020260212001.pdf"] = a_file(pdf("更正后"))
    report = crawl(site_for(portal), archive, night=40)

    assert report.count(Outcome.NEW) == 1
    assert pdf("一") in stored(archive)
    assert pdf("更正后") in stored(archive)


def test_a_withdrawn_file_is_a_dead_link_and_its_original_stays(
    portal: Portal, archive: Archive
) -> None:
    small_portal(portal)
    crawl(site_for(portal), archive)
    del portal.pages[COLUMN + "202602/P020260212001.pdf"]
    crawl(site_for(portal), archive, night=40)

    outcomes = [row.outcome for row in rows_of(archive, "P020260212001.pdf")]
    assert outcomes == [Outcome.NEW, Outcome.DEAD_LINK]
    assert pdf("一") in stored(archive)


def test_a_failed_file_is_tried_again_the_next_night(portal: Portal, archive: Archive) -> None:
    one_article(portal, '<a href="./P1.pdf">预算</a>', **{"P1.pdf": Reply(status=503)})
    first = crawl(site_for(portal), archive)
    assert first.count(Outcome.ERROR) == 1
    portal.pages[COLUMN + "202602/P1.pdf"] = a_file(pdf())
    portal.forget()
    second = crawl(site_for(portal), archive, night=2)

    assert second.count(Outcome.NEW) == 1
    assert COLUMN + "202602/t20260212_1.html" not in portal.paths()
    assert stored(archive) == {pdf()}


def test_lasting_failures_are_asked_for_less_and_less_often(
    portal: Portal, archive: Archive
) -> None:
    one_article(portal, '<a href="./gone.pdf">预算</a>')
    asked = []
    for night in range(1, 17):
        portal.forget()
        crawl(site_for(portal), archive, night=night)
        if COLUMN + "202602/gone.pdf" in portal.paths():
            asked.append(night)
    assert asked == [1, 2, 3, 5, 9]


def test_the_same_bytes_under_two_addresses_are_one_object_and_a_duplicate(
    portal: Portal, archive: Archive
) -> None:
    one_article(
        portal,
        '<a href="./P1.pdf">预算</a><a href="./P2.pdf">预算（重发）</a>',
        **{"P1.pdf": a_file(pdf()), "P2.pdf": a_file(pdf())},
    )
    report = crawl(site_for(portal), archive)

    assert (report.count(Outcome.NEW), report.count(Outcome.DUPLICATE)) == (1, 1)
    [appearances] = archive.documents().values()
    assert [row.url.rsplit("/", 1)[1] for row in appearances] == ["P1.pdf", "P2.pdf"]


def test_the_same_bytes_on_two_hosts_are_a_duplicate(portal: Portal, archive: Archive) -> None:
    small_portal(portal)
    crawl(site_for(portal), archive)
    with Portal() as other:
        small_portal(other)
        report = crawl(site_for(other), archive)
    assert report.count(Outcome.DUPLICATE) == 4
    assert report.count(Outcome.NEW) == 0


def test_an_object_that_a_kill_left_without_a_row_counts_as_new(
    portal: Portal, archive: Archive
) -> None:
    archive.put(pdf())
    one_article(portal, '<a href="./P1.pdf">预算</a>', **{"P1.pdf": a_file(pdf())})
    assert crawl(site_for(portal), archive).count(Outcome.NEW) == 1


def test_an_html_page_named_pdf_is_no_document(portal: Portal, archive: Archive) -> None:
    one_article(
        portal,
        '<a href="./P1.pdf">预算</a>',
        **{
            "P1.pdf": a_file(
                b"<html><body>" + "系统繁忙，请稍后再试".encode() * 9 + b"</body></html>"
            )
        },
    )
    crawl(site_for(portal), archive)
    [row] = rows_of(archive, "P1.pdf")
    assert row.outcome is Outcome.NOT_A_DOCUMENT
    assert row.sha256 is None
    assert row.media_type == "text/html"
    assert "P1.pdf" in (row.reason or "")
    assert archive.documents() == {}


BLOCK = (
    b"<script>function a(a){return a}var _0x1f2a=['cookie','location.href=location.href'];"
    b"document[_0x1f2a[0]]='__gate='+a(1)+'#;';setTimeout(_0x1f2a[1],1200);</script>"
)


def test_a_blocked_list_is_reported_and_warned_about(portal: Portal, archive: Archive) -> None:
    portal.pages[COLUMN] = Reply(BLOCK)
    report = crawl(site_for(portal), archive)
    [row] = rows_of(archive, COLUMN)
    assert row.outcome is Outcome.BLOCKED
    assert "script_cookie" in (row.reason or "")
    assert row.sha256 is None
    assert any(
        "部门预算" in warning.en and "script_cookie" in warning.en for warning in report.warnings
    )


def test_a_blocked_file_is_never_a_document(portal: Portal, archive: Archive) -> None:
    one_article(portal, '<a href="./P1.pdf">预算</a>', **{"P1.pdf": Reply(BLOCK)})
    report = crawl(site_for(portal), archive)
    assert report.count(Outcome.BLOCKED) == 1
    assert archive.documents() == {}


def test_a_host_that_only_fails_is_left_alone_after_a_few_requests(
    portal: Portal, archive: Archive
) -> None:
    rows = [("2026-02-12", f"./202602/t20260212_{n}.html", f"预算{n}") for n in range(30)]
    portal.pages[COLUMN] = html(trs_list(rows))
    for n in range(30):
        portal.pages[f"{COLUMN}202602/t20260212_{n}.html"] = Reply(b"", 412)
    report = crawl(site_for(portal), archive)
    assert report.gave_up
    assert report.count(Outcome.BLOCKED) == QUICK.give_up_after
    assert len(portal.paths()) == 1 + QUICK.give_up_after


def test_failures_between_answers_do_not_end_the_night(portal: Portal, archive: Archive) -> None:
    numbers = range(3 * QUICK.give_up_after)
    rows = [("2026-02-12", f"./202602/t20260212_{n}.html", f"预算{n}") for n in numbers]
    portal.pages[COLUMN] = html(trs_list(rows))
    for n in numbers:
        page = Reply(b"", 412) if n % 3 else html(trs_article(f"预算{n}", "<p>无</p>"))
        portal.pages[f"{COLUMN}202602/t20260212_{n}.html"] = page
    report = crawl(site_for(portal), archive)
    assert not report.gave_up
    assert report.count(Outcome.NO_ATTACHMENT) == QUICK.give_up_after


def test_the_home_page_in_place_of_an_article_is_a_dead_link(
    portal: Portal, archive: Archive
) -> None:
    menu = "".join(
        "<ul>"
        + "".join(f'<li><a href="/c{i}/{j}.html">栏目{j}</a></li>' for j in range(20))
        + "</ul>"
        for i in range(5)
    )
    advert = '<div id="zoom"><h1>要闻</h1><a href="/guide.pdf">办事指南</a></div>'
    portal.pages[COLUMN] = html(trs_list([("2026-02-12", "./202602/t20260212_1.html", "样例预算")]))
    portal.pages[COLUMN + "202602/t20260212_1.html"] = html(
        f'<html><head><title>样例县人民政府</title></head><body>{advert}<div class="content">{menu}'
        "</div></body></html>"
    )
    report = crawl(site_for(portal), archive)
    assert report.outcomes == {"listing_ok": 1, "dead_link": 1}
    assert len(portal.paths()) == 2


def test_an_article_sent_to_the_home_page_is_a_dead_link(portal: Portal, archive: Archive) -> None:
    portal.pages[COLUMN] = html(trs_list([("2026-02-12", "./202602/t20260212_1.html", "样例预算")]))
    portal.pages[COLUMN + "202602/t20260212_1.html"] = Reply(status=302, headers={"Location": "/"})
    portal.pages["/"] = html("<html><body><h1>样例县</h1><a href='/a.pdf'>指南</a></body></html>")
    report = crawl(site_for(portal), archive)
    assert report.outcomes == {"listing_ok": 1, "dead_link": 1}


def test_an_article_among_many_links_is_still_an_article(portal: Portal, archive: Archive) -> None:
    menu = "".join(
        "<ul>"
        + "".join(f'<li><a href="/c{i}/{j}.html">栏目{j}</a></li>' for j in range(20))
        + "</ul>"
        for i in range(5)
    )
    one_article(portal, "", **{"P1.pdf": a_file(pdf())})
    portal.pages[COLUMN + "202602/t20260212_1.html"] = html(
        f"<html><head><title>样例预算</title></head><body>{menu}<h1>样例预算</h1>"
        '<div class="TRS_Editor"><a href="./P1.pdf">表</a></div></body></html>'
    )
    crawl(site_for(portal), archive)
    assert stored(archive) == {pdf()}


def test_a_gb18030_list_is_read(portal: Portal, archive: Archive) -> None:
    text = trs_list([("2026-02-12", "./202602/t20260212_1.html", "镕局２０２６年部门预算㐀")])
    portal.pages[COLUMN] = Reply(
        text.replace('charset="utf-8"', 'charset="gb2312"').encode("gb18030"),
        content_type="text/html",
    )
    portal.pages[COLUMN + "202602/t20260212_1.html"] = html(trs_article("题", "<p>无</p>"))
    crawl(site_for(portal), archive)
    assert rows_of(archive, "t20260212_1.html")[0].link_text == "镕局２０２６年部门预算㐀"


def test_robots_are_obeyed(portal: Portal, archive: Archive) -> None:
    small_portal(portal)
    portal.pages["/robots.txt"] = Reply(
        b"User-agent: *\nDisallow: /zwgk/czyjs/bmys/202602/\n", content_type="text/plain"
    )
    report = crawl(site_for(portal), archive)
    assert report.count(Outcome.REFUSED) == 2
    assert not [path for path in portal.paths() if "/202602/" in path]
    [row] = rows_of(archive, "t20260212_1.html")
    assert "robots.txt" in (row.reason or "")
    assert stored(archive) == {pdf("四")}


def test_unreadable_robots_forbid_everything_for_the_night(
    portal: Portal, archive: Archive
) -> None:
    small_portal(portal)
    portal.pages["/robots.txt"] = Reply(status=500)
    report = crawl(site_for(portal), archive)
    assert portal.paths() == []
    assert report.count(Outcome.ERROR) == 1
    assert report.warnings


def test_a_directory_article_leads_to_its_children(portal: Portal, archive: Archive) -> None:
    one_article(
        portal,
        '<a href="./t20260212_7.html">本级</a><a href="./t20260212_8.html">下属单位</a>',
        **{
            "t20260212_7.html": html(trs_article("本级", '<a href="./P7.pdf">表</a>')),
            "t20260212_8.html": html(trs_article("下属单位", '<a href="./P8.pdf">表</a>')),
            "P7.pdf": a_file(pdf("七")),
            "P8.pdf": a_file(pdf("八")),
        },
    )
    crawl(site_for(portal), archive)
    assert stored(archive) == {pdf("七"), pdf("八")}
    portal.forget()
    crawl(site_for(portal), archive, night=2)
    assert portal.paths() == [COLUMN]


def test_a_meta_refresh_stub_is_followed(portal: Portal, archive: Archive) -> None:
    portal.pages[COLUMN] = html("<meta  http-equiv=\"Refresh\" content='0; url=./sub/'>")
    portal.pages[COLUMN + "sub/"] = html(
        trs_list([("2026-02-12", "./202602/t20260212_1.html", "样例预算")])
    )
    portal.pages[COLUMN + "sub/202602/t20260212_1.html"] = html(
        '<html><head><meta http-equiv="Refresh" content="0;URL=../../x/t20260101_5.html"/></head></html>'
    )
    portal.pages[COLUMN + "x/t20260101_5.html"] = html(
        trs_article("样例预算", '<a href="./P5.pdf">表</a>')
    )
    portal.pages[COLUMN + "x/P5.pdf"] = a_file(pdf("五"))
    crawl(site_for(portal), archive)
    assert stored(archive) == {pdf("五")}


def test_sub_columns_are_read_and_marked_as_units(portal: Portal, archive: Archive) -> None:
    menu = '<div class="czys_subMenu"><dl><dd><a href="./unit/" title="样例中心">样例…</a></dd></dl></div>'
    portal.pages[COLUMN] = html(trs_list([], extra=menu))
    portal.pages[COLUMN + "unit/"] = html(
        trs_list([("2026-02-12", "./202602/t20260212_1.html", "样例中心预算")])
    )
    portal.pages[COLUMN + "unit/202602/t20260212_1.html"] = html(
        trs_article("样例中心预算", '<a href="./P1.pdf">表</a>')
    )
    portal.pages[COLUMN + "unit/202602/P1.pdf"] = a_file(pdf())
    crawl(site_for(portal), archive)
    [row] = rows_of(archive, "P1.pdf")
    assert row.column_scope == "unit"


@pytest.mark.parametrize(
    "menu",
    [
        '<div class="left2"><p><a href="unit/">样例中心（机关）</a></p></div>',
        '<table><tr><td><a href="./unit/index.html">样例县中心</a></td></tr></table>',
        '<ul><li><a href="{base}unit/">样例县水利局</a></li><li><a href="./other/">宣传文明</a></li></ul>',
        '<ul class="czys_listCount_list"><li><a href="./unit/">样例县水利局</a></li></ul>',
    ],
)
def test_sub_columns_are_found_by_where_they_lead_and_what_they_are_called(
    portal: Portal, archive: Archive, menu: str
) -> None:
    menu = menu.replace("{base}", portal.url.rstrip("/") + COLUMN)
    portal.pages[COLUMN] = html(
        trs_list([("2026-02-12", "./202602/t20260212_9.html", "样例预算")], extra=menu)
    )
    for folder in ("unit/", "unit/index.html", "unit/deeper/", "other/"):
        deeper = '<p><a href="./deeper/">样例县水库管理所</a></p>' if folder[:4] == "unit" else ""
        portal.pages[COLUMN + folder] = html(
            trs_list(
                [("2026-02-12", "/x/t20260212_1.html", "样例中心预算")],
                extra=deeper if "deeper" not in folder else "",
            )
        )
    report = crawl(site_for(portal), archive)
    asked = [asked.path for asked in portal.log]
    assert any(path.startswith(COLUMN + "unit/") for path in asked)
    assert COLUMN + "unit/deeper/" in asked
    assert not [w for w in report.warnings if w.kind == "list_incomplete"]


def test_links_that_look_like_bodies_columns_and_are_not_read_are_told(
    portal: Portal, archive: Archive
) -> None:
    menu = (
        '<div class="bmlist"><a href="/czj/bmys/">样例县财政局</a><a href="/slj/bmys/">样例县水利局</a></div>'
        '<div class="crumbs"><a href="/">样例县人民政府</a><a href="/zwgk/">政务公开</a></div>'
        '<div class="footer"><a href="/a/">样例县审计局</a><a href="/b/">样例县司法局</a></div>'
    )
    rows = [("2026-02-12", "./202602/t20260212_1.html", "样例县水利局预算")]
    portal.pages[COLUMN] = html(trs_list(rows, extra=menu))
    report = crawl(site_for(portal), archive)
    [warning] = [w for w in report.warnings if w.kind == "list_incomplete"]
    assert "2 个链接" in warning.zh
    assert "样例县财政局、样例县水利局" in warning.zh
    assert "/czj/bmys/" in warning.en


def test_every_ending_of_a_body_that_the_marts_know_names_a_column(project_root: Path) -> None:
    told = (project_root / "dbt" / "dbt_project.yml").read_text(encoding="utf-8")
    [endings] = re.findall(r'body_endings: "\((.*?)\)\$"', told)
    assert [e for e in endings.split("|") if not names_a_body(f"样例县某{e}")] == []
    for title in ("新闻中心", "手机站", "政务公开", "2026年部门预算", "市政府", "更多", "全部"):
        assert not names_a_body(title)


EXCEL_XML = (
    b'<?xml version="1.0"?>\r\n<?mso-application progid="Excel.Sheet"?>\r\n<Workbook '
    b'xmlns="urn:schemas-microsoft-com:office:spreadsheet"><DocumentProperties><Title>1</Title>'
    b"</DocumentProperties></Workbook>"
)
WORD_XML = (
    b'<?xml version="1.0" standalone="yes"?><?mso-application progid="Word.Document"?>'
    b'<w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml"/>'
)
EXCEL_HTML = (
    b'<html xmlns:o="urn:schemas-microsoft-com:office:office"\n'
    b'xmlns:x="urn:schemas-microsoft-com:office:excel">\n<head><meta name=ProgId '
    b"content=Excel.Sheet><script>window.x=1</script></head><body><table><tr><td>1</td></tr></table>"
)
EXPORTED = b"<html><body><table><tr><td>A</td><td>190.35</td></tr></table></body></html>"
SINGLE_FILE = (
    b"MIME-Version: 1.0\r\nX-Document-Type: Workbook\r\nContent-Type: multipart/related;\r\n"
    b'\tboundary="----=_NextPart"\r\n\r\n------=_NextPart\r\n'
)
ERROR_PAGE = (
    b"<html><head><script>var a=1</script></head><body><table><tr><td>no</td><td>file</td></tr>"
    b"</table></body></html>"
)


@pytest.mark.parametrize(
    ("name", "data", "is_kept"),
    [
        ("P1.xls", EXCEL_XML, True),
        ("P1.doc", WORD_XML, True),
        ("P1.xls", EXCEL_HTML, True),
        ("P1.xls", EXPORTED, True),
        ("P1.doc", SINGLE_FILE, True),
        ("P1.xls", ERROR_PAGE, False),
        ("P1.xls", b"<html><body>404</body></html>", False),
        ("P1.pdf", EXPORTED, False),
        ("P1.pdf", EXCEL_HTML, False),
    ],
)
def test_office_files_saved_as_pages_are_archived_and_pages_named_as_files_are_not(
    portal: Portal, archive: Archive, name: str, data: bytes, is_kept: bool
) -> None:
    portal.pages[COLUMN] = html(trs_list([("2026-02-12", "./202602/t20260212_1.html", "样例预算")]))
    portal.pages[COLUMN + "202602/t20260212_1.html"] = html(
        trs_article("样例预算", f'<a href="./{name}">表</a>')
    )
    portal.pages[COLUMN + "202602/" + name] = a_file(data)
    crawl(site_for(portal), archive)
    [row] = rows_of(archive, name)
    assert row.outcome is (Outcome.NEW if is_kept else Outcome.NOT_A_DOCUMENT)
    assert stored(archive) == ({data} if is_kept else set())


def test_an_entry_may_be_the_file_itself(portal: Portal, archive: Archive) -> None:
    portal.pages[COLUMN] = html(trs_list([("2026-02-12", "./P1.pdf", "样例预算")]))
    portal.pages[COLUMN + "P1.pdf"] = a_file(pdf())
    crawl(site_for(portal), archive)
    [row] = rows_of(archive, "P1.pdf")
    assert (row.outcome, row.role, row.link_text) == (Outcome.NEW, "attachment", "样例预算")
    assert str(row.published_on) == "2026-02-12"


def test_an_entry_may_be_a_file_without_saying_so(portal: Portal, archive: Archive) -> None:
    portal.pages[COLUMN] = html(trs_list([("2026-02-12", "./show?id=7", "样例预算")]))
    portal.pages[COLUMN + "show?id=7"] = a_file(pdf())
    crawl(site_for(portal), archive)
    crawl(site_for(portal), archive, night=40)
    rows = rows_of(archive, "show?id=7")
    assert [row.outcome for row in rows] == [Outcome.NEW, Outcome.UNCHANGED]
    assert {row.role for row in rows} == {"attachment"}
    assert {row.sha256 for row in rows} == set(archive.documents())


def test_entries_of_other_sites_are_followed_only_where_they_speak_of_budgets(
    portal: Portal, archive: Archive
) -> None:
    with Portal() as other:
        portal.pages[COLUMN] = html(
            trs_list(
                [
                    ("2026-02-12", f"{other.url}1.html", "某学院2026年单位预算"),
                    ("2026-02-12", f"{other.url}2.html", "节日活动掠影"),
                ]
            )
        )
        other.pages["/1.html"] = html(trs_article("预算", '<a href="./P1.pdf">表</a>'))
        other.pages["/P1.pdf"] = a_file(pdf())
        crawl(site_for(portal), archive)
        assert other.paths() == ["/1.html", "/P1.pdf"]
    assert stored(archive) == {pdf()}
    [row] = rows_of(archive, "2.html")
    assert row.outcome is Outcome.REFUSED


def test_a_damaged_archive_stops_the_crawl(portal: Portal, archive: Archive) -> None:
    small_portal(portal)
    crawl(site_for(portal), archive)
    [row] = rows_of(archive, "t20260212_1.html")
    assert row.sha256
    path = f"archive/objects/{row.sha256[:2]}/{row.sha256}"
    archive.store.local_path(path).write_bytes(b"rot")
    with pytest.raises(ArchiveDamagedError, match="backup"):
        crawl(site_for(portal), archive, night=40)


def test_what_another_process_archived_in_between_is_known(
    portal: Portal, archive: Archive
) -> None:
    small_portal(portal)
    site = site_for(portal)
    assert archive.state(site.host).by_url == {}
    crawl(site, Archive(archive.store))
    portal.forget()
    report = crawl(site, archive, night=2)
    assert report.outcomes == {"unchanged": 2}


def test_a_pdf_published_without_its_end_is_stored_and_remarked(
    portal: Portal, archive: Archive
) -> None:
    one_article(portal, '<a href="./P1.pdf">表</a>', **{"P1.pdf": a_file(b"%PDF-1.7 cut off")})
    crawl(site_for(portal), archive)
    [row] = rows_of(archive, "P1.pdf")
    assert row.outcome is Outcome.NEW
    assert "damaged" in (row.reason or "")
    assert stored(archive) == {b"%PDF-1.7 cut off"}

    # The publisher's second try is not left to the monthly round.
    crawl(site_for(portal), archive, night=2)
    portal.pages[COLUMN + "202602/P1.pdf"] = a_file(pdf())
    crawl(site_for(portal), archive, night=3)
    outcomes = [row.outcome for row in rows_of(archive, "P1.pdf")]
    assert outcomes == [Outcome.NEW, Outcome.UNCHANGED, Outcome.NEW]


def test_an_article_of_page_images_is_not_called_empty(portal: Portal, archive: Archive) -> None:
    images = "".join(f'<img src="./W02026_{n}_ORIGIN.jpg">' for n in range(5))
    one_article(portal, images)
    crawl(site_for(portal), archive)
    [row] = rows_of(archive, "t20260212_1.html")
    assert row.outcome is Outcome.NO_ATTACHMENT
    assert "5 page images" in (row.reason or "")


def test_nothing_where_something_was_is_a_warning(portal: Portal, archive: Archive) -> None:
    small_portal(portal)
    crawl(site_for(portal), archive)
    portal.pages[COLUMN] = html(trs_list([]))
    report = crawl(site_for(portal), archive, night=2)
    assert any("nothing is listed" in warning.en for warning in report.warnings)
    assert any("at least 1" in warning.en for warning in report.warnings)


def kinds(report: HostReport) -> list[str]:
    return [warning.kind for warning in report.warnings]


def test_a_column_that_answers_elsewhere_is_told_and_read(portal: Portal, archive: Archive) -> None:
    small_portal(portal)
    crawl(site_for(portal), archive)
    new = "/zwgk/2027/bmys/"
    for path in [path for path in portal.pages if path.startswith(COLUMN)]:
        portal.pages[new + path.removeprefix(COLUMN)] = portal.pages[path]
    portal.pages[COLUMN] = Reply(status=302, headers={"Location": new})
    report = crawl(site_for(portal), archive, night=2)
    assert "column_moved" in kinds(report)
    assert any(new in warning.zh and new in warning.en for warning in report.warnings)
    assert report.columns[0].found == 4
    assert "column_moved" not in kinds(crawl(site_for(portal), archive, night=3))  # known now


def test_a_column_that_forwards_elsewhere_is_told(portal: Portal, archive: Archive) -> None:
    small_portal(portal)
    stub = '<html><meta http-equiv="refresh" content="0;url={}"></html>'
    portal.pages["/old/"] = html(stub.format(COLUMN))
    site = site_for(
        portal, columns=[{"path": "/old/", "holds": "budget", "scope": "unit", "title": "部门预算"}]
    )
    assert kinds(crawl(site, archive)) == []
    portal.pages["/new/"] = portal.pages[COLUMN]
    portal.pages["/old/"] = html(stub.format("/new/"))
    assert "column_moved" in kinds(crawl(site, archive, night=2))


def test_the_home_page_in_place_of_a_column_is_never_its_list(
    portal: Portal, archive: Archive
) -> None:
    small_portal(portal)
    crawl(site_for(portal), archive)
    portal.forget()
    portal.pages["/"] = html(trs_list([("2026-03-01", "./t20260301_9.html", "要闻")]))
    portal.pages[COLUMN] = Reply(status=302, headers={"Location": "/"})
    report = crawl(site_for(portal), archive, night=2)
    assert kinds(report) == ["column_moved"]
    assert "/t20260301_9.html" not in portal.paths()


def test_a_column_that_is_gone_has_moved_and_one_never_read_is_unread(
    portal: Portal, archive: Archive
) -> None:
    small_portal(portal)
    page = portal.pages.pop(COLUMN)
    assert kinds(crawl(site_for(portal), archive)) == ["list_unread"]
    portal.pages[COLUMN] = page
    crawl(site_for(portal), archive, night=2)
    portal.pages.pop(COLUMN)
    assert kinds(crawl(site_for(portal), archive, night=3)) == ["column_moved"]


def test_a_column_in_which_nothing_known_is_left_is_told(portal: Portal, archive: Archive) -> None:
    small_portal(portal)
    crawl(site_for(portal), archive)
    portal.pages[COLUMN] = html(trs_list([("2026-03-01", "./202603/t20260301_9.html", "要闻一则")]))
    report = crawl(site_for(portal), archive, night=2)
    assert "column_moved" in kinds(report)


def test_a_file_whose_place_the_home_page_took_is_gone(portal: Portal, archive: Archive) -> None:
    small_portal(portal)
    crawl(site_for(portal), archive)
    path = COLUMN + "202602/P020260212001.pdf"
    portal.pages["/"] = html("<html><title>样例县人民政府</title><p>欢迎</p></html>")
    portal.pages[path] = Reply(status=302, headers={"Location": "/"})
    crawl(site_for(portal), archive, night=30)
    last = archive.last_seen(portal.url + path.lstrip("/"))
    assert last is not None
    assert last.last.outcome is Outcome.DEAD_LINK
    assert last.good is not None


@pytest.mark.parametrize(
    ("hour", "stopped"), [(1, False), (6, False), (8, True), (12, True), (21, True), (23, False)]
)
def test_public_hosts_are_asked_at_night_only(
    portal: Portal, archive: Archive, hour: int, stopped: bool
) -> None:
    small_portal(portal)
    site = site_for(portal, pace={"pause_seconds": 0, "jitter_seconds": 0, "window": "22:00-07:00"})
    now = datetime(2026, 3, 1, hour, tzinfo=SHANGHAI)
    report = crawl_host([site], archive, run_id="r", now=now, settings=QUICK)
    assert report.stopped is stopped
    assert kinds(report) == (["outside_window"] if stopped else [])
    assert bool(portal.log) is not stopped


def test_the_night_ends_in_good_order_when_the_window_closes(
    portal: Portal, archive: Archive
) -> None:
    small_portal(portal)
    site = site_for(portal, pace={"pause_seconds": 0, "jitter_seconds": 0, "window": "22:00-07:00"})
    dawn = datetime(2026, 3, 1, 6, 59, 59, 300_000, tzinfo=SHANGHAI)

    def slow(_: object) -> None:
        time.sleep(0.2)

    portal.on_request = slow
    report = crawl_host([site], archive, run_id="r1", now=dawn, settings=QUICK)
    assert report.stopped
    assert 0 < len(portal.paths()) < 9
    portal.on_request = lambda _: None
    night = datetime(2026, 3, 1, 23, tzinfo=SHANGHAI)
    crawl_host([site], archive, run_id="r2", now=night, settings=QUICK)
    assert stored(archive) == SMALL_PORTAL_FILES


def test_an_entry_without_a_real_address_is_told_and_the_others_are_read(
    portal: Portal, archive: Archive
) -> None:
    small_portal(portal)
    rows = [
        ("2026-02-12", "http://[x/t20260212_8.html", "坏局2026年部门预算公开"),
        ("2026-02-12", "./202602/t20260212_1.html", "样例局2026年部门预算公开"),
    ]
    portal.pages[COLUMN] = html(trs_list(rows))
    crawl(site_for(portal), archive)
    assert stored(archive) == {pdf("一")}
    [row] = [row for row in archive.rows() if row.link_text == "坏局2026年部门预算公开"]
    assert row.outcome is Outcome.DEAD_LINK
    assert "is not an address" in (row.reason or "")


@pytest.mark.parametrize(
    ("bounds", "night", "said"),
    [
        ({"least": 1, "most": 1}, 1, "2 entries of 2026 are listed, at most 1"),
        ({"least": 1, "most": 2}, 1, None),  # four entries, of two years
        ({"least": 5, "most": 9}, 1, "4 entries of the last 15 months are listed, at least 5"),
        ({"least": 4, "most": 9}, 1, None),
        # Nothing new for longer than a year, while the old entries stay: the site fell silent.
        ({"least": 1, "most": 9}, 500, "0 entries of the last 15 months are listed, at least 1"),
    ],
)
def test_the_bounds_hold_for_a_year(
    portal: Portal, archive: Archive, bounds: dict[str, int], night: int, said: str | None
) -> None:
    small_portal(portal)
    report = crawl(site_for(portal, bounds=bounds), archive, night=night)
    told = [warning.en for warning in report.warnings]
    assert any(said in text for text in told) if said else told == []


def test_entries_without_dates_count_for_every_year(portal: Portal, archive: Archive) -> None:
    rows = [("", f"./a{n}.pdf", f"样例{n}局2026年部门预算") for n in range(3)]
    portal.pages[COLUMN] = html(trs_list(rows))
    for n in range(3):
        portal.pages[f"{COLUMN}a{n}.pdf"] = a_file(pdf(str(n)))
    report = crawl(site_for(portal, bounds={"least": 3, "most": 3}), archive)
    assert report.warnings == []
    report = crawl(site_for(portal, bounds={"least": 1, "most": 2}), archive, night=2)
    assert "3 entries" in report.warnings[0].en


def test_a_list_page_that_is_no_list_is_unreadable_not_empty(
    portal: Portal, archive: Archive
) -> None:
    portal.pages[COLUMN] = html(
        "<html><body><div id='app'></div><script src='/app.js'></script></body></html>"
    )
    report = crawl(site_for(portal), archive)
    assert report.count(Outcome.UNREADABLE) == 1
    assert report.warnings


def test_a_portal_that_serves_its_last_page_for_ever_ends(portal: Portal, archive: Archive) -> None:
    def page(n: int) -> Reply:
        return html(
            trs_list([("2026-02-12", "./202602/t20260212_1.html", "样例预算")], total=99, current=n)
        )

    one_article(portal, "<p>无</p>")
    portal.pages[COLUMN] = page(0)
    for n in range(1, 99):
        portal.pages[f"{COLUMN}index_{n}.html"] = page(n)
    crawl(site_for(portal), archive)
    assert len([p for p in portal.paths() if "index_" in p]) == 1


def test_one_broken_entry_never_stops_the_host(
    portal: Portal, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scrapers.families.trs_wcm import FAMILY

    small_portal(portal)
    read = type(FAMILY).read_article

    def breaks(self: object, text: str, url: str) -> object:
        if url.endswith("_2.html"):
            raise RuntimeError("no such selector")
        return read(FAMILY, text, url)

    monkeypatch.setattr(type(FAMILY), "read_article", breaks)
    report = crawl(site_for(portal), archive)
    assert report.count(Outcome.ERROR) == 1
    assert stored(archive) == {pdf("一"), pdf("四")}
    monkeypatch.undo()
    crawl(site_for(portal), archive, night=2)
    assert stored(archive) == SMALL_PORTAL_FILES


def test_one_request_at_a_time_with_a_pause(portal: Portal, archive: Archive) -> None:
    small_portal(portal)
    crawl(site_for(portal, pace={"pause_seconds": 0.05, "jitter_seconds": 0.02}), archive)
    assert portal.most_at_once == 1
    gaps = [
        later.at - earlier.ended for earlier, later in zip(portal.log, portal.log[1:], strict=False)
    ]
    assert min(gaps) >= 0.045
    assert all("county-budget-warehouse" in asked.headers["user-agent"] for asked in portal.log)


def test_a_second_crawler_of_the_host_is_turned_away(portal: Portal, archive: Archive) -> None:
    small_portal(portal)
    refused = []

    def second(asked: Asked) -> None:
        if not refused and asked.path == COLUMN:
            with pytest.raises(HostBusyError, match="another process"):
                crawl(site_for(portal), Archive(archive.store), run_id="other")
            refused.append(True)

    portal.on_request = second
    crawl(site_for(portal), archive)
    assert refused


def test_stop_ends_in_good_order_and_the_rest_follows(portal: Portal, archive: Archive) -> None:
    small_portal(portal)
    report = crawl_host(
        [site_for(portal)],
        archive,
        run_id="a",
        now=NIGHT,
        settings=QUICK,
        stop=lambda: len(portal.log) >= 4,
    )
    assert report.stopped
    assert stored(archive) < SMALL_PORTAL_FILES
    crawl(site_for(portal), archive, run_id="b")
    assert stored(archive) == SMALL_PORTAL_FILES


CHILD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from scrapers.archive import Archive
from scrapers.crawl import crawl_host
from scrapers.fetch import CrawlSettings
from scrapers.site import Site
from store import Store
site = Site.model_validate_json(sys.argv[2])
crawl_host([site], Archive(Store(sys.argv[1])), run_id="night",
           now=datetime(2026, 3, 1, 17, 30, tzinfo=UTC), settings=CrawlSettings())
"""


def _spawn(data: Path, site: Site) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", CHILD, str(data), site.model_dump_json()])


@pytest.mark.parametrize("fatal_request", [2, 4, 6, 9])
def test_killed_anywhere_and_run_again_gives_the_same_archive(
    portal: Portal, tmp_path: Path, fatal_request: int
) -> None:
    small_portal(portal)
    site = site_for(portal)
    child: list[subprocess.Popen[bytes]] = []

    def kill(_: Asked) -> None:
        if len(portal.log) == fatal_request:
            os.kill(child[0].pid, signal.SIGKILL)
            time.sleep(0.05)

    portal.on_request = kill
    child.append(_spawn(tmp_path / "data", site))
    assert child[0].wait(60) == -signal.SIGKILL
    portal.on_request = lambda _: None
    again = _spawn(tmp_path / "data", site)
    assert again.wait(60) == 0

    whole = Archive(Store(tmp_path / "whole"))
    crawl(site, whole, run_id="night")
    resumed = Archive(Store(tmp_path / "data"))
    assert stored(resumed) == SMALL_PORTAL_FILES
    files = [row for row in resumed.rows() if row.role == "attachment"]
    assert sorted(row.url for row in files) == sorted(
        row.url for row in whole.rows() if row.role == "attachment"
    )
    assert set(resumed.store.list("archive/objects")) == set(whole.store.list("archive/objects"))


def test_public_sites_need_a_contact(archive: Archive, portal: Portal) -> None:
    with pytest.raises(ValueError, match="BUDGETS_CONTACT"):
        crawl(site_for(portal, allow_private=False), archive)
    assert portal.log == []


def test_private_addresses_are_refused_unless_the_site_allows_them(
    portal: Portal, archive: Archive
) -> None:
    small_portal(portal)
    settings = QUICK.model_copy(update={"contact": "crawler@example.org"})
    report = crawl(site_for(portal, allow_private=False), archive, settings=settings)
    assert portal.log == []
    assert report.count(Outcome.REFUSED) == 1


def test_hosts_gathers_the_sites_of_one_host(portal: Portal) -> None:
    sites = [
        site_for(portal),
        site_for(portal, name="另一县"),
        site_for(portal, base_url="http://a.cn/"),
    ]
    assert hosts(sites) == {portal.host: sites[:2], "a.cn": sites[2:]}


def test_sites_of_several_hosts_are_not_crawled_together(archive: Archive, portal: Portal) -> None:
    sites = [site_for(portal), site_for(portal, base_url="http://127.0.0.1:1/")]
    with pytest.raises(ValueError, match="exactly one host"):
        crawl_host(sites, archive, run_id="x", now=NIGHT, settings=QUICK)

"""Each family's portal crawled whole: its lists, its paging, its way of hiding files."""

from __future__ import annotations

import html as entities
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from scrapers_portal import COLUMN, QUICK, Asked, Portal, Reply, a_file, html, pdf, site_for

from scrapers.archive import Archive, Outcome
from scrapers.crawl import HostReport, crawl_host
from scrapers.families import get_family
from scrapers.families.reading import (
    attachments_in,
    date_in,
    labelled,
    redirect_of,
    soup_of,
)

NIGHT = datetime(2026, 3, 1, 17, 30, tzinfo=UTC)
NUMBERS = range(1, 6)


def crawl(portal: Portal, archive: Archive, family: str, path: str, night: int = 1) -> HostReport:
    column = {"path": path, "holds": "budget", "scope": "department", "title": "部门预算"}
    return crawl_host(
        [site_for(portal, family=family, columns=[column])],
        archive,
        run_id=f"n{night}",
        now=NIGHT + timedelta(days=night - 1),
        settings=QUICK,
    )


def stored(archive: Archive) -> set[bytes]:
    return {archive.get(sha256) for sha256 in archive.documents()}


def file(n: int) -> bytes:
    return pdf(f"第{n}份")


def title(n: int) -> str:
    return f"样例县第{n}局2026年部门预算公开"


def metas(n: int) -> str:
    return (
        f'<meta charset="utf-8"><meta name="ArticleTitle" content="{title(n)}">'
        f'<meta name="PubDate" content="2026-02-0{n} 09:00">'
    )


# hanweb_old


def hanweb_old(portal: Portal) -> str:
    size = 2
    param = (
        "{col:1,webid:7,path:'/',columnid:'123',sourceContentType:1,unitid:'456',"
        "webname:'样例县',permissiontype:0}"
    )

    def records(numbers: range) -> str:
        rows = "".join(
            f"<record><![CDATA[\n<li><span>2026-02-0{n}</span>"
            f'<a href="/art/2026/2/{n}/art_123_{n}.html">{title(n)[:9]}...</a></li>]]></record>\n'
            for n in numbers
        )
        return f"<recordset>\n{rows}</recordset>"

    def proxy(asked: Asked) -> Reply:
        query = {k: v[0] for k, v in parse_qs(urlsplit(asked.path).query).items()}
        assert (query["webid"], query["columnid"], query["unitid"]) == ("7", "123", "456")
        assert query["webname"] == "样例县"
        start, end = int(query["startrecord"]), int(query["endrecord"])
        assert query["perpage"] == str(size)
        wanted = range(
            start, min(end, start + 1, len(NUMBERS)) + 1
        )  # two at a time, whatever asked
        return Reply(
            f"<datastore><totalrecord>{len(NUMBERS)}</totalrecord><totalpage>3</totalpage>"
            f"{records(wanted)}</datastore>".encode(),
            content_type="text/xml; charset=utf-8",
        )

    class Proxy(dict[str, object]):
        def get(self, key: str, default: object = None) -> object:  # type: ignore[override]
            if key.startswith("/module/web/jpage/dataproxy.jsp?"):
                return proxy
            return super().get(key, default)

    portal.pages = Proxy(portal.pages)  # type: ignore[assignment]
    store = entities.escape(f"<datastore>\n{records(range(1, 3))}\n</datastore>")
    portal.pages["/col/col123/index.html"] = html(
        '<html><head><meta charset="utf-8"><meta name="ColumnName" content="部门预算"></head><body>'
        f'<div id="456"><script type="text/xml">{store}</script></div>'
        f"<script>var param = {param};$(function(){{$('#456').jpage({{themeName:'default',"
        f"totalRecord:{len(NUMBERS)},dataStore:$('#456').children('script').html(),"
        f"proxyUrl:'/module/web/jpage/dataproxy.jsp',perPage:{size},ajaxParam:param}});}});</script>"
        "</body></html>"
    )
    for n in NUMBERS:
        name = quote(f"预算{n}.pdf")
        link = f"/module/download/downfile.jsp?classid=0&showname={name}&filename={n}.pdf"
        portal.pages[f"/art/2026/2/{n}/art_123_{n}.html"] = html(
            f'<html><head>{metas(n)}</head><body><div id="zoom"><p>见附件</p>'
            f'<a href="{entities.escape(link)}">附件</a></div></body></html>'
        )
        raw = f"预算{n}.pdf".encode("gb18030").decode("latin-1")
        portal.pages[link] = a_file(
            file(n), headers={"Content-Disposition": f"attachment; filename={raw}"}
        )
    return "/col/col123/index.html"


def test_hanweb_old_takes_the_title_from_the_article(portal: Portal, archive: Archive) -> None:
    crawl(portal, archive, "hanweb_old", hanweb_old(portal))
    rows = [row for row in archive.rows() if row.role == "attachment"]
    assert {row.article_title for row in rows} == {title(n) for n in NUMBERS}
    assert {row.file_name for row in rows} == {f"预算{n}.pdf" for n in NUMBERS}
    articles = [row for row in archive.rows() if row.role == "article"]
    assert all((row.link_text or "").endswith("...") for row in articles)


def test_hanweb_old_pages_without_a_datastore_ask_the_proxy(
    portal: Portal, archive: Archive
) -> None:
    path = hanweb_old(portal)
    page = portal.pages[path]
    assert isinstance(page, Reply)
    text = page.body.decode()
    begin, end = text.index('<script type="text/xml">'), text.index("</script></div>")
    portal.pages[path] = html(text[:begin] + "<script>" + text[end:])
    crawl(portal, archive, "hanweb_old", path)
    assert stored(archive) == {file(n) for n in NUMBERS}


# hanweb_jpaas


def jpaas(portal: Portal, article: Callable[[int], str] | None = None) -> str:
    unit = "/api-gateway/jpaas-publish-server/front/page/build/unit"

    def answer(asked: Asked) -> Reply:
        query = {k: v[0] for k, v in parse_qs(urlsplit(asked.path).query).items()}
        assert query["tagId"] == "信息列表"
        assert query["webId"] == "37"
        assert asked.headers["referer"].endswith("/col/col9/index.html")
        assert asked.headers["x-requested-with"] == "XMLHttpRequest"
        assert " " not in query["paramJson"]
        page = json.loads(query["paramJson"])
        numbers = list(NUMBERS)[3 * (page["pageNo"] - 1) : 3 * page["pageNo"]]
        rows = "".join(
            f'<li><a href="/art/2026/art_{n:032x}.html" title="{title(n)}">{title(n)[:6]}…</a>'
            f"<span>2026-02-0{n}</span></li>"
            for n in numbers
        )
        body = json.dumps({"success": True, "data": {"html": f"<ul>{rows}</ul>"}})
        return Reply(body.encode(), content_type="application/json")

    class Unit(dict[str, object]):
        def get(self, key: str, default: object = None) -> object:  # type: ignore[override]
            return answer if key.startswith(unit + "?") else super().get(key, default)

    portal.pages = Unit(portal.pages)  # type: ignore[assignment]

    def script(tag: str) -> str:
        query = f"{{'parseType':'bulidstatic','webId':'37','pageType':'column','tagId':'{tag}'}}"
        return f'<script src="/unitbuild.js" url="{unit}" queryData="{query}"></script>'

    portal.pages["/col/col9/index.html"] = html(
        '<html><head><meta charset="utf-8"><meta name="ColumnName" content="部门预算"></head><body>'
        f"{script('子栏目列表')}{script('信息列表')}{script('当前位置')}</body></html>"
    )
    download = "/api-gateway/jpaas-web-server/front/document/download?fileUrl="
    for n in NUMBERS:
        body = (
            article(n)
            if article
            else f'<div id="zoom"><a href="{download}{n}&amp;fileName={quote(f"预算{n}.pdf")}">附件</a></div>'
        )
        portal.pages[f"/art/2026/art_{n:032x}.html"] = html(
            f"<html><head>{metas(n)}</head><body>{body}</body></html>"
        )
        portal.pages[f"{download}{n}&fileName={quote(f'预算{n}.pdf')}"] = a_file(file(n))
        portal.pages[f"/cms_files/{n}.pdf"] = a_file(file(n))
    return "/col/col9/index.html"


def test_a_moved_portal_that_kept_its_datastores_is_read(portal: Portal) -> None:
    path = hanweb_old(portal)
    page = portal.pages[path]
    assert isinstance(page, Reply)
    text = page.body.decode() + "<script src='/unitbuild.js'></script>"
    listing = get_family("hanweb_jpaas").read_listing(text, portal.url + path[1:])
    assert len(listing.entries) == 2
    assert listing.next_page


def zhejiang(portal: Portal) -> str:
    def article(n: int) -> str:
        if n == 5:
            return (
                '<div id="zoom"><a href="javascript:void(0)" onclick="location.href='
                "encodeURI('../../cms_files/5.pdf')\">表</a></div>"
            )
        other = "#/cms_files/1.pdf" if n == 2 else ""
        return f'<script>var sPdfUrl = "/cms_files/{n}.pdf{other}";</script><div id="zoom"></div>'

    return jpaas(portal, article)


# nfcms


def nfcms(portal: Portal) -> str:
    def page(numbers: range) -> Reply:
        rows = "".join(
            f'<li><a href="{portal.url}czxx/content/post_{n}.html" title="{title(n)}">{title(n)}</a>'
            f"<span>2026-02-0{n}</span></li>"
            for n in numbers
        )
        return html(
            '<html><head><meta charset="utf-8"><script>window.NFCMS_SITE_ID=1;</script></head><body>'
            f'<ul class="list">{rows}</ul><script>var page_count; page_count=Math.ceil(5/3);'
            'createPageHTML(page_count, parseInt(pageCurrent), "index", "html");</script></body></html>'
        )

    portal.pages["/czxx/"] = page(range(1, 4))
    portal.pages["/czxx/index_2.html"] = page(range(4, 6))
    for n in NUMBERS:
        portal.pages[f"/czxx/content/post_{n}.html"] = html(
            f'<html><head>{metas(n)}</head><body><div class="zx_xxgk_cont"><p>见附件</p></div>'
            f'<div id="fjxz"><a class="fjxz_a" href="{portal.url}attachment/1/{n}.pdf">预算</a></div>'
            "</body></html>"
        )
        portal.pages[f"/attachment/1/{n}.pdf"] = a_file(file(n))
    return "/czxx/"


def gkmlpt(portal: Portal) -> str:
    nfcms(portal)

    def answer(numbers: range) -> Reply:
        articles = [
            {"title": title(n), "url": f"/czxx/content/post_{n}.html", "date": 1769904000 + n}
            for n in numbers
        ]
        body = json.dumps({"total": len(NUMBERS), "articles": articles})
        return Reply(body.encode(), content_type="application/json")

    portal.pages["/bureau/gkmlpt/index"] = html(
        '<html><head><meta charset="utf-8"></head><body><div id="app"></div>'
        "<script>window._CONFIG = { SID: '755001' };</script></body></html>"
    )
    portal.pages["/bureau/gkmlpt/api/all/2289?page=1&sid=755001"] = answer(range(1, 4))
    portal.pages["/bureau/gkmlpt/api/all/2289?page=2&sid=755001"] = answer(range(4, 6))
    return "/bureau/gkmlpt/index#2289"


# ucap


def ucap(portal: Portal) -> str:
    def page(numbers: range, current: int) -> Reply:
        rows = "".join(
            f'<li><a href="/bm/202602/{n:032x}.shtml">{title(n)}</a><span>2026-02-0{n}</span></li>'
            for n in numbers
        )
        return html(
            '<html><head><meta charset="utf-8"></head><body>'
            f"<ul>{rows}</ul><script>createPageHTML('page_div',2, {current},'nav_list','shtml',5);"
            "</script></body></html>"
        )

    portal.pages["/bm/nav_list.shtml"] = page(range(1, 4), 1)
    portal.pages["/bm/nav_list_2.shtml"] = page(range(4, 6), 2)
    for n in NUMBERS:
        portal.pages[f"/bm/202602/{n:032x}.shtml"] = html(
            f"<html><head>{metas(n)}</head><body><UCAPTITLE>{title(n)}</UCAPTITLE>"
            "<PUBLISHTIME>2026-02-20 10:00</PUBLISHTIME><UCAPCONTENT><p>见附件</p>"
            f'<a type="file" href="{n:032x}/files/{n:032x}.pdf">预算</a></UCAPCONTENT></body></html>'
        )
        portal.pages[f"/bm/202602/{n:032x}/files/{n:032x}.pdf"] = a_file(file(n))
    return "/bm/nav_list.shtml"


@pytest.mark.parametrize("family", ["ucap", "trs_wcm"])
@pytest.mark.parametrize(("counts_from", "pages"), [(0, 1), (0, 2), (0, 3), (1, 1), (1, 2), (1, 3)])
def test_a_pager_in_a_box_is_turned_to_its_last_page_and_no_further(
    portal: Portal, archive: Archive, family: str, counts_from: int, pages: int
) -> None:
    for page in range(pages):
        number = page + counts_from
        row = (
            f'<li><a href="./202602/t2026020{page + 1}_100{page}.shtml">{title(page + 1)}</a>'
            f"<span>2026-02-0{page + 1}</span></li>"
        )
        name = "/bm/list.shtml" if page == 0 else f"/bm/list_{number}.shtml"
        portal.pages[name] = html(
            f'<html><head><meta charset="utf-8"></head><body><ul>{row}</ul><script>'
            f"createPageHTML('page_div',{pages}, {number},'list','shtml',{pages});</script></body></html>"
        )
    report = crawl(portal, archive, family, "/bm/list.shtml")
    assert (report.columns[0].pages, report.columns[0].found) == (pages, pages)
    assert not report.warnings
    asked = [asked.path for asked in portal.log if asked.path.startswith("/bm/list")]
    assert len(asked) == pages


def test_ucap_dates_an_article_by_its_publication_not_its_build(
    portal: Portal, archive: Archive
) -> None:
    crawl(portal, archive, "ucap", ucap(portal))
    days = {row.published_on for row in archive.rows() if row.role == "attachment"}
    assert days == {date(2026, 2, 20)}


# vsb


def vsb(portal: Portal, plain_pager: bool = True) -> str:
    def page(numbers: range, up: str, following: str | None) -> Reply:
        rows = "".join(
            f'<li id="line_u5_{n}"><a href="{up}info/1145/{n}.htm" '
            f'title="主题：{title(n)} &#10;日期：2026-02-0{n}">{title(n)[:8]}…</a>'
            f"<span>[2026-02-0{n}]</span></li>"
            for n in numbers
        )
        link = f'<a href="{following}">下页</a>' if following and plain_pager else ""
        count = 3 - (1 if up == "" else 0)
        numbers_between = "".join(
            f"<span class='p_no'><a href='#'>{k}</a></span>" for k in (1, 2, 3)
        )
        return html(
            '<html><head><meta charset="utf-8"></head><body>'
            f"<ul>{rows}</ul><div><span class='p_t'>共5条</span>{numbers_between}"
            f"<span class='p_next'>{link}</span><span class='p_t'>{count}/3</span></div>"
            "<script>_showDynClicks('wbnews', 1, 2)</script></body></html>"
        )

    portal.pages["/zfxxgk/bmys.htm"] = page(range(1, 3), "../", "bmys/2.htm")
    portal.pages["/zfxxgk/bmys/2.htm"] = page(range(3, 5), "../../", "1.htm")
    portal.pages["/zfxxgk/bmys/1.htm"] = page(range(5, 6), "../../", None)
    for n in NUMBERS:
        link = f"/system/_content/download.jsp?urltype=news.DownloadAttachUrl&owner=1&wbfileid={n}"
        portal.pages[f"/info/1145/{n}.htm"] = html(
            f'<html><head>{metas(n)}</head><body><form name="_newscontent_fromname">'
            f'<div id="vsb_content"><p>见附件</p></div><ul><li>附件【<a href="{entities.escape(link)}" '
            f'target="_blank">预算{n}</a>】</li></ul></form></body></html>'
        )
        disposition = f"attachment; filename*=UTF-8''{quote(f'预算{n}.pdf')}"
        portal.pages[link] = a_file(file(n), headers={"Content-Disposition": disposition})
    return "/zfxxgk/bmys.htm"


def test_vsb_titles_are_cut_out_of_the_title_attribute(portal: Portal) -> None:
    path = vsb(portal)
    page = portal.pages[path]
    assert isinstance(page, Reply)
    listing = get_family("vsb").read_listing(page.body.decode(), portal.url + path[1:])
    assert [entry.title for entry in listing.entries] == [title(1), title(2)]
    assert (listing.total_records, listing.total_pages) == (5, 3)


def test_vsb_counts_backwards_where_the_pager_is_no_link(portal: Portal, archive: Archive) -> None:
    crawl(portal, archive, "vsb", vsb(portal, plain_pager=False))
    assert stored(archive) == {file(n) for n in NUMBERS}


# generic


def generic(portal: Portal) -> str:
    def page(numbers: range, following: str) -> Reply:
        rows = "".join(
            f'<tr><td><a href="/doc/{n}.html">{title(n)}</a></td><td>2026年2月{n}日</td></tr>'
            for n in numbers
        )
        return html(
            '<html><head><meta charset="utf-8"></head><body><div class="nav"><a href="/">首页</a></div>'
            f'<table>{rows}</table><div><a href="{following}">下一页</a></div></body></html>'
        )

    portal.pages["/bmys/list.html"] = page(range(1, 4), "list2.html")
    portal.pages["/bmys/list2.html"] = page(range(4, 6), "list2.html")
    for n in NUMBERS:
        portal.pages[f"/doc/{n}.html"] = html(
            f'<html><head>{metas(n)}</head><body><table><tr><td class="t">附件下载</td>'
            f'<td><a href="/upload/{n}.PDF"><img src="d.gif" title="下载"></a></td></tr></table>'
            '<div id="Zoom"><p>见附件</p></div></body></html>'
        )
        portal.pages[f"/upload/{n}.PDF"] = a_file(file(n))
    return "/bmys/list.html"


PORTALS: list[tuple[str, Callable[[Portal], str], int]] = [
    ("hanweb_old", hanweb_old, 3),
    ("hanweb_jpaas", jpaas, 4),  # the page, two units with rows, one without
    ("hanweb_zhejiang", zhejiang, 4),
    ("nfcms", nfcms, 2),
    ("nfcms", gkmlpt, 3),
    ("ucap", ucap, 2),
    ("vsb", vsb, 3),
    ("generic", generic, 2),
]


@pytest.mark.parametrize(
    ("family", "build", "pages"), PORTALS, ids=[build.__name__ for _, build, _ in PORTALS]
)
def test_a_whole_portal(
    portal: Portal,
    archive: Archive,
    family: str,
    build: Callable[[Portal], str],
    pages: int,
) -> None:
    path = build(portal)
    report = crawl(portal, archive, family, path)
    assert stored(archive) == {file(n) for n in NUMBERS}
    assert report.columns[0].found == len(NUMBERS)
    assert report.warnings == []
    articles = [row for row in archive.rows() if row.role == "article"]
    assert {row.outcome for row in articles} == {Outcome.ARTICLE_OK}
    assert {row.article_title for row in articles} == {title(n) for n in NUMBERS}

    portal.forget()
    quiet = crawl(portal, archive, family, path, night=2)
    assert len(portal.paths()) == pages
    assert set(quiet.outcomes) == {"unchanged"}


@pytest.mark.parametrize(
    ("family", "page"),
    [
        ("hanweb_jpaas", "<script queryData=\"{'tagId':'信息列表','webId':'1'}\"></script>"),
        ("hanweb_old", "<script>$('#1').jpage({totalRecord:9,perPage:3})</script>"),
        ("nfcms", "<script>window.NFCMS_CAT_ID='22';</script><div id='app'></div>"),
        ("nfcms", "<div id='app'></div>"),
        ("generic", "<div id='app'></div>"),
        ("ucap", "<div id='app'></div>"),
        ("vsb", "<div id='app'></div>"),
        ("trs_wcm", "<div id='app'></div>"),
    ],
)
def test_a_list_filled_by_a_script_is_never_an_empty_list(family: str, page: str) -> None:
    listing = get_family(family).read_listing(f"<html><body>{page}</body></html>", "http://a.cn/c/")
    assert listing.entries == ()
    assert listing.filled_by or listing.unread


@pytest.mark.parametrize(
    ("family", "url", "answer"),
    [
        ("hanweb_jpaas", "http://a.cn/x/build/unit?paramJson=%7B%22pageNo%22:1%7D", "{}"),
        ("hanweb_jpaas", "http://a.cn/x/build/unit?paramJson=%7B%22pageNo%22:1%7D", "<html>"),
        ("hanweb_old", "http://a.cn/module/web/jpage/dataproxy.jsp?startrecord=1", "<html>"),
        ("nfcms", "http://a.cn/gkmlpt/api/all/1?page=1", "<html>"),
        ("nfcms", "http://a.cn/gkmlpt/api/all/1?page=1", '{"total": 4, "articles": []}'),
    ],
)
def test_an_unexpected_answer_is_unread(family: str, url: str, answer: str) -> None:
    assert get_family(family).read_listing(answer, url).unread


def test_trs_articles_with_other_names_are_entries_too() -> None:
    rows = "".join(
        f'<li><a href="./content_{n}.html">{title(n)}</a><span>2026-02-0{n}</span></li>'
        for n in NUMBERS
    )
    listing = get_family("trs_wcm").read_listing(f"<ul>{rows}</ul>", "http://a.cn/c/")
    assert len(listing.entries) == len(NUMBERS)


def test_pages_that_only_a_script_can_turn_are_warned_about() -> None:
    page = (
        '<ul><li><a href="a.html">预算</a>2026-02-01</li></ul><div>共 7 页 '
        '<a href="javascript:go(2)">下一页</a></div>'
    )
    listing = get_family("generic").read_listing(page, "http://a.cn/c/")
    assert listing.warning


# shared reading


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-02-12", date(2026, 2, 12)),
        ("[2026/2/3]", date(2026, 2, 3)),
        ("2026年2月3日", date(2026, 2, 3)),
        ("发布于2026.02.03 10:00", date(2026, 2, 3)),
        ("1970-01-01 08:00", None),
        ("2026-02-30", None),
        ("12026-02-01", None),
        ("2026-13-01", None),
        ("t20260212_1", None),
        ("", None),
    ],
)
def test_dates(text: str, day: date | None) -> None:
    assert date_in(text) == day


@pytest.mark.parametrize(
    ("page", "target"),
    [
        ("<meta  http-equiv=\"Refresh\" content='0; url=./a/'>", "./a/"),
        (
            '<html><head><meta http-equiv="refresh" content="0;URL=\'b.html\'"></head></html>',
            "b.html",
        ),
        ("<script>window.location = 'c.html';</script>", "c.html"),
        ('<script>location.href="/d/"</script>', "/d/"),
        ("<script>window.location = '/' + x.path;</script>", None),
        ("<script>if(mobile){location.href='m.html'}</script>", None),
        ("<script>function go(){location.href='m.html'}</script>", None),
        ("<p>关于刷新的说明，请见<a href='x'>这里</a></p>", None),
    ],
)
def test_redirects(page: str, target: str | None) -> None:
    found = redirect_of(page)
    assert (found.target if found else None) == target


def attachments(page: str) -> list[tuple[str | None, str]]:
    soup = soup_of(f"<html><body>{page}</body></html>")
    body = soup.select_one(".TRS_Editor")
    found = attachments_in(soup, body, f"http://a.cn{COLUMN}t1.html")
    return [(attachment.name, attachment.href) for attachment in found]


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("<script>var hasFJ='';</script>", []),
        (
            '<script>var hasFJ = \'<a href="./P1.pdf">一.pdf</a><BR/><a href="./W2.rar">二.rar</a>\';</script>',
            [("一.pdf", "./P1.pdf"), ("二.rar", "./W2.rar")],
        ),
        (
            "<script>var temyt=\"<a href='./P1.pdf'>一</a>\";</script>",
            [("一", "./P1.pdf")],
        ),
        (
            "<a onclick=\"downloadFj('预算表.xlsx','./W0.xlsx')\" href='javascript:;'>下载</a>",
            [("预算表.xlsx", "./W0.xlsx")],
        ),
        (
            '<a appendix="true" OLDSRC="/protect/P1.pdf" href="./P1.pdf" title="x">预算.pdf</a>',
            [("预算.pdf", "./P1.pdf")],
        ),
        ("<!-- <a href='./old.pdf'>旧</a> --><div class='TRS_Editor'>无</div>", []),
        ("<div class='TRS_Editor'><a href='./x.html'>x</a><a href='mailto:a@b.cn'>m</a></div>", []),
        (
            "<div class='footer'><a href='/guide.pdf'>指南</a></div><div class='TRS_Editor'>无</div>",
            [],
        ),
        (
            "<div class='TRS_Editor'><a href='./P1.PDF'><img src='i.gif'></a></div>",
            [(None, "./P1.PDF")],
        ),
    ],
)
def test_attachments(page: str, found: list[tuple[str | None, str]]) -> None:
    assert attachments(page) == found


def test_labels_in_information_tables() -> None:
    soup = soup_of(
        "<table><tr><td>[ 发布机构 ]</td><td> 样例局 </td><td>[ 有效性 ]</td><td></td></tr></table>"
        "<!-- 发布机构：旧 --><span>发布日期：2026-02-03</span>"
    )
    assert labelled(soup, ("发布机构",)) == "样例局"
    assert labelled(soup, ("发布日期",)) == "2026-02-03"
    assert labelled(soup, ("索引号",)) is None


def test_the_author_of_an_article_is_never_read() -> None:
    page = (
        '<html><head><meta name="ArticleTitle" content="题"><meta name="Author" content="某某某">'
        '</head><body><div class="TRS_Editor">文</div></body></html>'
    )
    for name in ("trs_wcm", "generic", "vsb", "ucap", "nfcms", "hanweb_old", "hanweb_jpaas"):
        article = get_family(name).read_article(page, "http://a.cn/1.html")
        assert "某某某" not in repr(article)

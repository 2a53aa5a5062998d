"""Pages of the known families as other portals build them: read by structure, not by class name.

Every page here is made for the test; what varies is what differs from portal to portal: the tags
of a row, how a date is split, where the pager says how many pages there are, and in which script,
attribute or frame a file hides.
"""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scrapers.blocks import recognise_block
from scrapers.families import FAMILIES, detect_family, get_family
from scrapers.families.base import Listing
from scrapers.pages import read_saved_page

TRS, HANWEB, UCAP = "http://a.gov.cn/zwgk/bmys/", "http://a.gov.cn/col/col9/", "http://a.gov.cn/c1/"
PROXY = "http://a.gov.cn/module/web/jpage/dataproxy.jsp"
DAYS = {1: date(2026, 2, 1), 2: date(2026, 2, 2)}


def page(body: str, head: str = "") -> str:
    return f'<html><head><meta charset="utf-8">{head}</head><body>{body}</body></html>'


def trs_rows(row: str) -> str:
    return "".join(
        row.format(n=n, href=f"./202602/t2026020{n}_10{n}.html", title=f"样例{n}局2026年部门预算")
        for n in (1, 2)
    )


def record(n: int) -> str:
    return (
        f'<record><![CDATA[<tr><td><a href="/art/2026/2/{n}/art_9_{n}.html" title="样例{n}局2026年'
        f'部门预算">样例{n}局2026...</a></td><td>[2026-02-0{n}]</td></tr>]]></record>'
    )


PAGER = '<script>createPageHTML(2, 0, "index", "html");</script>'
VARIABLES = (
    "<script>var currentPage = 0;//所在页从0开始\nvar countPage = 4//共多少页\n"
    'document.write("<a href=\\"index_"+(currentPage+1)+".shtml\\">");</script>'
)
JPAGE = (
    (
        '<script>$("#7").jpage({{totalRecord:45,proxyUrl:"/module/web/jpage/dataproxy.jsp",perPage:15}})'
        "</script>"
    )
    .replace("{{", "{")
    .replace("}}", "}")
)

# name → (family, url, page, next page)
LISTS: dict[str, tuple[str, str, str, str | None]] = {
    "TRS: rows are blocks, the date an em": (
        "trs_wcm",
        TRS,
        page(trs_rows('<div class="x"><a href="{href}">{title}</a><em>2026/02/0{n}</em></div>') + PAGER),
        "index_1.html",
    ),
    "TRS: a table, dates with points": (
        "trs_wcm",
        TRS,
        page("<table>" + trs_rows('<tr><td><a href="{href}">{title}</a></td><td>2026.02.0{n}</td></tr>')
             + "</table><script>createPageHTML( 2 ,0 , 'index' , 'html' , 31);</script>"),
        "index_1.html",
    ),
    "TRS: day over month and year, inside the link": (
        "trs_wcm",
        TRS,
        page("<ul>" + trs_rows('<li><a href="{href}"><b>0{n}</b><i>2026-02</i><p>{title}</p></a></li>')
             + "</ul>" + PAGER),
        "index_1.html",
    ),
    "TRS: the pager written out, with another extension": (
        "trs_wcm",
        TRS,
        page("<ul>" + trs_rows('<li><span>2026-02-0{n}</span><a href="{href}">{title}</a></li>')
             + "</ul>" + VARIABLES),
        "index_1.shtml",
    ),
    "TRS: createPageHTML with variables, page 2 of 4": (
        "trs_wcm",
        TRS + "index_1.html",
        page("<ul>" + trs_rows('<li><a href="{href}">{title}</a><span>2026-02-0{n}</span></li>')
             + "</ul><script>var countPage=4;var currentPage=1;createPageHTML(countPage,currentPage,"
             '"index","html");</script>'),
        "index_2.html",
    ),
    "TRS: titles cut, whole in the attribute": (
        "trs_wcm",
        TRS,
        page("<ul>" + trs_rows('<li><a href="{href}" title="{title}">样例{n}…</a><i>2026-02-0{n}</i></li>')
             + "</ul>" + PAGER),
        "index_1.html",
    ),
    "Hanweb: records not escaped, jpage in double quotes": (
        "hanweb_old",
        HANWEB,
        page(f'<div id="7"><script type="text/xml"><datastore><recordset>{record(1)}{record(2)}'
             f"</recordset></datastore></script></div>{JPAGE}"),
        "/module/web/jpage/dataproxy.jsp?startrecord=3&endrecord=47&perpage=15",
    ),
    "Hanweb: the proxy answers with bare records": (
        "hanweb_old",
        PROXY + "?startrecord=1&endrecord=45&perpage=15",
        f"<totalrecord>2</totalrecord><totalpage>1</totalpage>{record(1)}{record(2)}",
        None,
    ),
    "Hanweb: the proxy answers in XML with more to come": (
        "hanweb_old",
        PROXY + "?startrecord=1&endrecord=2&perpage=2",
        f'<?xml version="1.0" encoding="utf-8"?><datastore><nextgroup/><recordset>{record(1)}{record(2)}'
        "</recordset><totalrecord>9</totalrecord></datastore>",
        "/module/web/jpage/dataproxy.jsp?startrecord=3&endrecord=8&perpage=2",
    ),
    "jpaas: a list as JSON": (
        "hanweb_jpaas",
        "http://a.gov.cn/api-gateway/jpaas-publish-server/front/list?pageNo=1&pageSize=2",
        '{"code":200,"data":{"total":5,"list":[{"title":"<em>样例1局</em>2026年部门预算","url":'
        '"/art/1.html","publishTime":"2026-02-01 10:00:00"},{"title":"样例2局2026年部门预算","url":'
        '"/art/2.html","publishTime":1769990400000}]}}',
        "/api-gateway/jpaas-publish-server/front/list?pageNo=2&pageSize=2",
    ),
    "other: a module's API in JSON": (
        "generic",
        "http://a.gov.cn/module/list/api?channelId=3&page=2",
        '{"totalPages":3,"rows":[{"docTitle":"样例1局2026年部门预算","docPubUrl":"/1.html","docPubTime":'
        '"2026-02-01"},{"docTitle":"样例2局2026年部门预算","docPubUrl":"/2.html","docPubTime":"2026-02-02"}]}',
        "/module/list/api?channelId=3&page=3",
    ),
    "NFCMS: the pager as links": (
        "nfcms",
        "http://a.gov.cn/zwgk/index.html",
        page("<ul>" + "".join(
            f'<li><a href="http://a.gov.cn/zwgk/content/post_{n}.html">样例{n}局2026年部门预算</a>'
            f"<span>2026-02-0{n}</span></li>" for n in (1, 2))
             + '</ul><a class="next" href="index_2.html">&gt;</a><a href="index_7.html">尾页</a>'),
        "index_2.html",
    ),
    "UCAP: double quotes, page 2 of 3": (
        "ucap",
        UCAP + "list_2.shtml",
        page("<ul>" + "".join(
            f'<li><a href="/c1/202602/{n:032x}.shtml">样例{n}局2026年部门预算</a><b>2026-02-0{n}</b></li>'
            for n in (1, 2)) + '</ul><script>createPageHTML("page_div",3,2,"list","shtml",51)</script>'),
        "list_3.shtml",
    ),
    "VSB: a table with its pager in a cell": (
        "vsb",
        "http://a.gov.cn/xxgk/bmys.htm",
        page("<table>" + "".join(
            f'<tr id="line50_{n}"><td><a href="../info/10/{n}.htm" title="样例{n}局2026年部门预算">样例…</a>'
            f"</td><td>2026/02/0{n}&nbsp;</td></tr>" for n in (1, 2))
             + '<tr><td id="fanye50">共35条 1/3 <a href="bmys/2.htm" class="Next">下页</a></td></tr></table>'
             '<script>_showDynClicks("wbnews",1,2)</script>'),
        "bmys/2.htm",
    ),
    "VSB: dynamic pages": (
        "vsb",
        "http://a.gov.cn/list.jsp?urltype=tree.TreeTempUrl&wbtreeid=1",
        page("<ul>" + "".join(
            f'<li><a href="content.jsp?urltype=news.NewsContentUrl&wbtreeid=1&wbnewsid={n}">样例{n}局2026年'
            f"部门预算</a><span>2026年02月0{n}日</span></li>" for n in (1, 2))
             + '</ul><a href="?totalpage=4&PAGENUM=2&wbtreeid=1">下页</a><script src="/system/resource/js/a.js">'
             "</script>"),
        "?totalpage=4&PAGENUM=2&wbtreeid=1",
    ),
    "other: month and day only, the year in the address": (
        "generic",
        "http://a.gov.cn/bmys/",
        page("<ul>" + "".join(
            f'<li><a href="/2026/02/0{n}/a{n}.html">样例{n}局2026年部门预算</a><span>02-0{n}</span></li>'
            for n in (1, 2)) + '</ul><a rel="next" href="p2.html">»</a>'),
        "p2.html",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
def test_lists_as_other_portals_build_them(name: str) -> None:
    family, url, text, following = LISTS[name]
    assert detect_family(text, url).name == family
    listing = get_family(family).read_listing(text, url)
    assert [entry.title for entry in listing.entries] == [
        "样例1局2026年部门预算",
        "样例2局2026年部门预算",
    ]
    dates = [entry.published_on for entry in listing.entries]
    assert dates == [None, None] if "month and day" in name else list(DAYS.values())
    assert listing.next_href == following
    assert listing.unread is None
    if not text.startswith(("{", "<?", "<total")):
        assert read_saved_page(text.encode(), url)["kind"] == "list"


FILLED = [
    ("trs_wcm", page('<ul id="list"></ul>' + PAGER + "<script>$.getJSON('./data.json',show)</script>")),
    ("trs_wcm", page('<ul class="czys_listCount_list"></ul><script>fetch("list.json")</script>')),
    ("trs_wcm", page('<div id="app"><li v-for="d in docs">{{ d.title }}</li></div>' + PAGER)),
    ("hanweb_old", page('<div id="7"></div><script>$.ajax({url:"/module/x"})</script>')),
    ("ucap", page("<div id='page_div'></div><script>createPageHTML('page_div',3,1,'list','shtml',9);"
                  "$.post('/q')</script>")),
    ("generic", '{"code":200,"data":null}'),
    ("hanweb_jpaas", '{"code":200,"data":{"list":[]}}'),
]  # fmt: skip


@pytest.mark.parametrize(("family", "text"), FILLED)
def test_a_list_that_a_script_fills_is_not_called_empty(family: str, text: str) -> None:
    listing = get_family(family).read_listing(text, TRS)
    assert listing.entries == ()
    assert listing.filled_by or listing.unread


@pytest.mark.parametrize(
    ("family", "text"),
    [
        ("trs_wcm", page('<ul class="list"></ul><p>暂无数据</p>' + PAGER.replace("2", "1"))),
        ("generic", '{"total":0,"list":[]}'),
    ],
)
def test_a_list_that_says_it_is_empty_is_empty(family: str, text: str) -> None:
    listing = get_family(family).read_listing(text, TRS)
    assert listing.entries == ()
    assert listing.unread is None


def test_a_next_page_without_an_address_is_told() -> None:
    text = page('<ul><li><a href="/1.html">样例局2026年部门预算</a>2026-02-01</li></ul>'
                '<a href="#" onclick="turn(2)">下一页</a>')  # fmt: skip
    assert get_family("generic").read_listing(text, TRS).warning
    last = text.replace('href="#"', 'href="#" class="disabled"')
    assert get_family("generic").read_listing(last, TRS).warning is None


META = '<meta name="ArticleTitle" content="样例局预算"><meta name="PubDate" content="2026-02-03">'
BODY = '<div class="TRS_Editor"><p>详见附件</p></div>'
ARTICLE = "http://a.gov.cn/zwgk/bmys/202602/t20260203_9.html"
P1, P2 = "P020260203000000000001.pdf", "P020260203000000000002.docx"

FILES: dict[str, tuple[str, str, list[tuple[str | None, str]]]] = {
    "addresses and names joined in two strings": (
        ARTICLE,
        page(BODY + f'<script>var d="表.pdf;说明.docx";var u="./{P1};./{P2}";</script>', META),
        [("表.pdf", f"./{P1}"), ("说明.docx", f"./{P2}")],
    ),
    "a link written by any variable": (
        ARTICLE,
        page(BODY + f"""<script>var s='<a href="./{P1}" target="_blank">表.pdf</a>';go(s);</script>""", META),
        [("表.pdf", f"./{P1}")],
    ),
    "a click handler of any name": (
        ARTICLE,
        page(BODY + f"""<span onclick="openFile('表.pdf','./{P1}')">查看</span>""", META),
        [("表.pdf", f"./{P1}")],
    ),
    "appendix with its source only": (
        ARTICLE,
        page(f'<div class="TRS_Editor"><a appendix="true" OLDSRC="/protect/P02/{P1}">表</a></div>', META),
        [("表", f"./{P1}")],
    ),
    "a viewer in a frame": (
        "http://a.gov.cn/x/1.html",
        page('<div class="content"><iframe src="/js/viewer.html?file=/up/%E8%A1%A8.pdf"></iframe></div>', META),
        [(None, "/up/表.pdf")],
    ),
    "an embedded file": (
        "http://a.gov.cn/x/1.html",
        page(f'<div class="content"><embed src="./{P1}" type="application/pdf"></div>', META),
        [(None, f"./{P1}")],
    ),
    "VSB: a_downloadfile": (
        "http://a.gov.cn/info/10/3.htm",
        page('<h1>样例局预算</h1><div id="vsb_content_2"><p>见附件</p></div><ul><li>附件【<a href="javascript:;" '
             'onclick="a_downloadfile(99)">表.pdf</a>】<script>getClickTimes(99,1488,"wbnewsfile","attach")'
             "</script></li></ul>", "<title>样例局预算</title>"),
        [("表.pdf", "/system/_content/download.jsp?urltype=news.DownloadAttachUrl&owner=1488&wbfileid=99")],
    ),
    "VSB: fileid and virtual_attach_file": (
        "http://a.gov.cn/info/10/3.htm",
        page('<h1>样例局预算</h1><div id="vsb_content"><a href="/_web/download.jsp?fileid=7">表一</a>'
             '<a href="/virtual_attach_file.vsb?afc=1&nid=3">表二</a></div>'),
        [("表一", "/_web/download.jsp?fileid=7"), ("表二", "/virtual_attach_file.vsb?afc=1&nid=3")],
    ),
    "NFCMS: the block after the body": (
        "http://a.gov.cn/zwgk/content/post_9.html",
        page('<div class="article-content"><p>正文</p></div><div class="accessory"><a class="nfw-cms-attachment" '
             'href="/attachment/0/5/9.pdf">表.pdf</a></div>', META),
        [("表.pdf", "/attachment/0/5/9.pdf")],
    ),
    "Hanweb: downfile with a hashed name": (
        "http://a.gov.cn/art/2026/2/3/art_1_2.html",
        page('<div id="zoom"><a href="/module/download/downfile.jsp?classid=-1&filename=ab12.xlsx">表</a></div>', META),
        [("表", "/module/download/downfile.jsp?classid=-1&filename=ab12.xlsx")],
    ),
    "UCAP: beside the page": (
        UCAP + "202602/00000000000000000000000000000001.shtml",
        page('<UCAPTITLE>样例局预算</UCAPTITLE><UCAPCONTENT><a href="./1/files/2.pdf">表</a></UCAPCONTENT>'),
        [("表", "./1/files/2.pdf")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_files_wherever_a_portal_hides_them(name: str) -> None:
    url, text, files = FILES[name]
    article = detect_family(text, url).read_article(text, url)
    assert [(file.name, file.href) for file in article.attachments] == files
    assert article.title == "样例局预算"
    assert article.is_recognised


@pytest.mark.parametrize(
    "script",
    [
        "var icon='images/pdf.png';var a='/x/page.html';",
        "var kinds='pdf,doc,xls';",
        "var tip='请下载 报表.pdf 后查看';",
        """s='<a href="'+u+'">'+n+'</a>';""",
        "var name='表.pdf';",
        "var kinds='.doc/.docx';",
        "var broken='http://[x/a.pdf';",
    ],
)
def test_strings_that_name_no_address_are_no_files(script: str) -> None:
    article = get_family("trs_wcm").read_article(
        page(BODY + f"<script>{script}</script>", META), ARTICLE
    )
    assert article.attachments == ()


def test_a_stray_quote_in_a_script_hides_no_file() -> None:
    script = f"<script>// it's here\nvar u='./{P1}';</script>"
    article = get_family("trs_wcm").read_article(page(BODY + script, META), ARTICLE)
    assert [file.href for file in article.attachments] == [f"./{P1}"]


def test_a_link_that_is_no_address_costs_nothing_but_itself() -> None:
    rows = trs_rows('<li><a href="{href}">{title}</a>2026-02-0{n}</li>').replace(
        "./", "http://[x/", 1
    )
    body = f'<div id="zoom"><a href="http://[x/a.pdf">甲.pdf</a><a href="./{P1}">乙.pdf</a></div>'
    for name in FAMILIES:
        family = get_family(name)
        listing = family.read_listing(page(f"<ul>{rows}</ul>"), TRS)
        assert (
            "样例2局2026年部门预算" in {entry.title for entry in listing.entries} or listing.unread
        )
        article = family.read_article(page(body, META), ARTICLE)
        assert f"./{P1}" in {file.href for file in article.attachments}


PIECES = [
    "<a href='./t20260203_9.html'>", "<a href='http://[x/'>", "样例局2026年部门预算", "2026-02-30", "</a>", "<li>", "<ul>",
    "<div id='7'>", "<script>", "</script>", "createPageHTML(3,0,'index','html')", "<datastore>", "<record><![CDATA[",
    "]]></record>", "<script queryData=\"{'tagId':'x'}\">", '{"total":', '"list":[{"title":1,"url":"http://[x/"}]}',
    "<iframe src='?file=[a.pdf'>", "onclick=\"f('http://[x/a.pdf')\"", "<title>", "'./a/b.pdf;'", "var countPage=9",
]  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=12).map("".join))
def test_no_page_breaks_a_reader(text: str) -> None:
    for name in FAMILIES:
        family = get_family(name)
        family.detect(text, TRS)
        family.read_listing(text, TRS)
        family.read_article(text, ARTICLE)


def test_an_article_without_metas_is_one_by_its_structure() -> None:
    text = page(
        '<div class="header"><a href="/">首页</a></div><div class="main"><h4>样例局2026年部门预算公开</h4>'
        f'<p>发布时间：2026-02-03 来源：样例局</p><div class="txt"><p>现将预算公开如下。</p><a href="./{P1}">表'
        '</a></div></div><div class="footer"><a href="/help.pdf">说明</a></div>',
        "<title>样例局2026年部门预算公开_样例县人民政府</title>",
    )
    read = read_saved_page(text.encode(), ARTICLE)
    assert (read["kind"], read["title"]) == ("article", "样例局2026年部门预算公开")
    assert read["publish_date"] == "2026-02-03"
    assert [file["href"] for file in read["attachments"]] == [f"./{P1}"]


def test_a_portals_name_is_no_articles_title() -> None:
    text = page("<div><p>欢迎</p>样例县人民政府</div>", "<title>样例县人民政府</title>")
    assert get_family("generic").read_article(text, TRS).title is None


def test_an_ordinary_page_behind_a_script_gate_is_read() -> None:
    gate = '<script>$_ts=window["$_ts"];$_ts.cd="x";</script>'
    text = page(trs_rows('<li><a href="{href}">{title}</a>2026-02-0{n}</li>') + PAGER, gate)
    assert recognise_block(200, text) is None
    assert recognise_block(200, page("", gate)) is not None


def test_pages_of_rows_that_say_nothing_of_pages_end() -> None:
    text = page("<ul>" + trs_rows('<li><a href="{href}">{title}</a>2026-02-0{n}</li>') + "</ul>")
    listing: Listing = get_family("trs_wcm").read_listing(text, TRS)
    assert (listing.total_pages, listing.next_page) == (1, None)


# what must not fall out of a list, and what must not be taken for its end

T = '<li><span>2026-02-0{n}</span><a href="{href}">{title}</a></li>'
TWO = ["样例1局2026年部门预算", "样例2局2026年部门预算"]


def titles(family: str, text: str, url: str = TRS) -> list[str]:
    return [entry.title for entry in get_family(family).read_listing(text, url).entries]


def test_rows_of_a_list_that_lead_to_files_or_other_sites_stay_in_it() -> None:
    file = '<li><span>2026-02-03</span><a href="./202602/P020260203.pdf">样例水利局2026年部门预算</a></li>'
    other = '<li><span>2026-02-04</span><a href="http://czj.a.gov.cn/9.html">样例财政局2026年部门预算</a></li>'
    undated = '<li><a href="./202602/W020260203.rar">样例二级单位2026年预算</a></li>'
    rest = '<li><a href="../">返回上级</a></li><li><a href="javascript:;">下一页</a></li>'
    read = titles(
        "trs_wcm", page("<ul>" + trs_rows(T) + file + other + undated + rest + "</ul>" + PAGER)
    )
    assert read == [
        *TWO,
        "样例水利局2026年部门预算",
        "样例财政局2026年部门预算",
        "样例二级单位2026年预算",
    ]


@pytest.mark.parametrize("family", ["generic", "ucap"])
def test_a_row_without_a_date_stays_in_its_list(family: str) -> None:
    rows = trs_rows(T).replace("./202602/", "/a/")
    row = '<li><a href="/a/9.html">样例水利局2026年部门预算</a></li><li><a href="/more/">更多</a></li>'
    pager = '<script>createPageHTML("page_div",3,1,"list","shtml",51)</script>'
    assert titles(family, page(f"<ul>{row}{rows}</ul>{pager}")) == [
        "样例水利局2026年部门预算",
        *TWO,
    ]


@pytest.mark.parametrize("family", ["generic", "trs_wcm"])
def test_blocks_of_a_list_that_take_turns_in_their_look_are_one_list(family: str) -> None:
    blocks = "".join(
        f'<ul class="list {"odd" if n % 2 else "even"}"><li><a href="./202602/t2026020{n}_10{n}.html">样例{n}局2026年'
        f"部门预算</a><i>2026-02-0{n}</i></li></ul>"
        for n in (1, 2)
    )
    assert titles(family, page(f"<div>{blocks}</div>")) == TWO


@pytest.mark.parametrize(
    ("pager", "following"),
    [
        ('<a href="index_1.html">下一页</a>', "index_1.html"),
        ('<script>createPageHTML("page",5,0,"index","html",80);</script>', "index_1.html"),
        ("<script>createPageHTML (5 , 0 , 'index' , 'html')</script>", "index_1.html"),
    ],
)
def test_trs_pages_are_turned_however_the_pager_is_written(pager: str, following: str) -> None:
    listing = get_family("trs_wcm").read_listing(page("<ul>" + trs_rows(T) + "</ul>" + pager), TRS)
    assert (listing.next_href, listing.warning) == (following, None)


@pytest.mark.parametrize("family", ["trs_wcm", "nfcms", "vsb", "ucap", "generic"])
@pytest.mark.parametrize(
    "pager",
    [
        '共5页 <a href="javascript:go(2)">下一页</a>',
        '<a href="javascript:;">下一页</a>',
        '<script>Pager({size:5,current:0,prefix:"index",suffix:"html"});</script>',
        '<script>layui.laypage.render({elem:"p",count:180,limit:20});</script>',
    ],
)
def test_pages_that_cannot_be_turned_are_told_in_every_family(family: str, pager: str) -> None:
    name = {"nfcms": "content/post_10{n}.html", "vsb": "info/10/10{n}.htm"}.get(family)
    rows = trs_rows(T if name is None else T.replace("{href}", name))
    listing = get_family(family).read_listing(page(f"<ul>{rows}</ul>{pager}"), TRS)
    assert [entry.title for entry in listing.entries] == TWO
    assert listing.next_href is None
    assert "further pages" in (listing.warning or "")


def test_a_list_of_one_page_is_told_nothing_of() -> None:
    for pager in (
        "",
        "共1页 <a href='javascript:;'>下一页</a>",
        "共2条 1/1 下一页",
        PAGER.replace("2, 0", "1, 0"),
    ):
        text = page("<ul>" + trs_rows(T) + "</ul>" + pager)
        for family in ("trs_wcm", "generic"):
            listing = get_family(family).read_listing(text, TRS)
            assert (listing.next_href, listing.warning) == (None, None)


def test_addresses_are_joined_to_the_pages_base() -> None:
    rows = "".join(
        f'<li><a href="info/10/{n}.htm">样例{n}局2026年部门预算</a><i>2026-02-0{n}</i></li>'
        for n in (1, 2)
    )
    listing = get_family("generic").read_listing(
        page(f'<ul>{rows}</ul><a href="p/2.htm">下一页</a>', '<base href="http://b.gov.cn/">'), TRS
    )
    assert [e.url for e in listing.entries] == [f"http://b.gov.cn/info/10/{n}.htm" for n in (1, 2)]
    assert listing.next_page == "http://b.gov.cn/p/2.htm"
    article = get_family("trs_wcm").read_article(
        page(f'<div class="TRS_Editor"><a href="f/{P1}">表</a></div>', META + '<base href="/up/">'),
        ARTICLE,
    )
    assert [file.url for file in article.attachments] == [f"http://a.gov.cn/up/f/{P1}"]


def test_the_order_and_quotes_of_attributes_do_not_matter() -> None:
    stub = '<html><meta content="0; url=./bmys/" http-equiv=refresh></html>'
    assert detect_family(stub, TRS).name == "trs_wcm"
    rows = trs_rows("<li><i>2026-02-0{n}</i><a href={href}>{title}</a></li>")
    assert detect_family(page(f"<ul>{rows}</ul>"), TRS).name == "trs_wcm"


@pytest.mark.parametrize(
    ("body", "files"),
    [
        (f'<a href="javascript:void(0)" data-href="./{P1}">表.pdf</a>', [("表.pdf", f"./{P1}")]),
        ('<div class="f" data-url="/up/1.pdf">表</div>', [("表", "/up/1.pdf")]),
        ("<span onclick=\"window.open('/up/1.pdf')\">表</span>", [("表", "/up/1.pdf")]),
        ("<table><tr><td onclick=\"location.href='/up/1.pdf'\">表</td></tr></table>", [("表", "/up/1.pdf")]),
        ('<input type="hidden" value="/up/1.pdf">', [(None, "/up/1.pdf")]),
        ('<object><param name="src" value="/up/1.pdf"></object>', [(None, "/up/1.pdf")]),
        ('<a href="/file/get/123">样例局预算.pdf</a>', [("样例局预算.pdf", "/file/get/123")]),
        ('<a href="/file/get?id=1" title="样例局预算.xlsx">下载</a>', [("样例局预算.xlsx", "/file/get?id=1")]),
        (
            '<script>var f=[{"name":"表一.pdf","url":"/up/1.pdf"},{"name":"表二","url":"/up/2.xlsx"}];</script>',
            [("表一.pdf", "/up/1.pdf"), (None, "/up/2.xlsx")],
        ),
        ('<script>var s="\\u003ca href=\\"/up/1.pdf\\"\\u003e表\\u003c/a\\u003e";</script>', [("表", "/up/1.pdf")]),
        ('<a href=".\\\\P1.pdf">表</a>'.replace("\\\\", "\\"), [("表", "./P1.pdf")]),
        ('<textarea style="display:none">&lt;a href="/up/1.pdf"&gt;表&lt;/a&gt;</textarea>', [("表", "/up/1.pdf")]),
    ],
)  # fmt: skip
def test_files_in_attributes_and_other_places(
    body: str, files: list[tuple[str | None, str]]
) -> None:
    text = page(f'<div class="TRS_Editor"><p>详见附件</p>{body}</div>', META)
    article = get_family("trs_wcm").read_article(text, ARTICLE)
    assert [(file.name, file.href) for file in article.attachments] == files


def test_a_link_to_a_page_named_like_a_file_is_no_file_of_another_article() -> None:
    text = page(
        '<div class="TRS_Editor"><p>见</p><a href="./t20260101_1.html">样例局预算.pdf</a></div>',
        META,
    )
    article = get_family("trs_wcm").read_article(text, ARTICLE)
    assert [child.href for child in article.children] == ["./t20260101_1.html"]

"""Reading HTML in ways that all families share: links, dates, rows, bodies, attachments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from urllib.parse import unquote, urljoin, urlsplit

from bs4 import BeautifulSoup, Tag
from bs4.element import Comment, PreformattedString

from scrapers.families.base import Article, Attachment, Entry, Link
from scrapers.filetype import extension_of

__all__ = [
    "DatedList",
    "Redirect",
    "attachments_in",
    "clean",
    "date_in",
    "dated_lists",
    "first_text",
    "is_cut",
    "is_headed",
    "is_home",
    "labelled",
    "link_title",
    "metas",
    "next_link",
    "pages_said",
    "read_plain_article",
    "redirect_of",
    "rows_of",
    "soup_of",
    "text_of",
]

_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\xad"))
_DATE = re.compile(
    r"(?<!\d)((?:19|20)\d\d)\s*[-./年]\s*(0?[1-9]|1[0-2])\s*[-./月]\s*(3[01]|[12]\d|0?[1-9])(?!\d)"
)


@lru_cache(maxsize=4)
def soup_of(html: str) -> BeautifulSoup:
    """The page's tree. Kept for the last few pages: callers look at one several times."""
    # "<!-" is a slip of a template's author; parsers take it for the start of a comment and
    # swallow the tag that follows.
    html = re.sub(r"<!-(?!-)", "", html)
    # An answer in XML is read with the same tolerance as a page; without its prolog the
    # library does not take it for a mistake.
    return BeautifulSoup(re.sub(r"^\s*<\?xml[^>]*\?>", "", html), "lxml")


def clean(text: str) -> str:
    """Text without invisible characters, blanks of all kinds collapsed."""
    return " ".join(text.translate(_INVISIBLE).split())


def text_of(tag: Tag | None) -> str:
    return clean(tag.get_text(" ")) if tag else ""


def first_text(soup: Tag, selectors: Iterable[str]) -> str | None:
    for selector in selectors:
        for tag in soup.select(selector):
            text = clean(tag.get_text())
            if text:
                return text
    return None


def date_in(text: str) -> date | None:
    """The first date in a text, also one broken over lines. Never the epoch's day, which
    stands where a portal has no date."""
    for match in _DATE.finditer(text):
        try:
            found = date(int(match[1]), int(match[2]), int(match[3]))
        except ValueError:
            continue
        if found > date(1990, 1, 1):
            return found
    return None


def metas(soup: BeautifulSoup) -> dict[str, str]:
    """``<meta name=… content=…>`` by name in lower case without blanks; the first one wins
    (headers and footers pasted in as whole pages repeat them)."""
    found: dict[str, str] = {}
    for tag in soup.find_all("meta"):
        name, content = _attribute(tag, "name"), clean(_attribute(tag, "content"))
        if name.strip() and content:
            found.setdefault(name.strip().lower(), content)
    return found


def _attribute(tag: Tag, name: str) -> str:
    value = tag.get(name)
    return value if isinstance(value, str) else " ".join(value or ())


def is_cut(title: str) -> bool:
    return title.endswith(("...", "…", "．．．"))


def link_title(anchor: Tag) -> str:
    """The full title of a link: its ``title`` attribute where the text is cut or absent."""
    text = clean(anchor.get_text())
    attribute = clean(_attribute(anchor, "title"))
    subject = re.match(r"主题[：:]\s*(.*?)\s*(?:日期[：:]|$)", attribute)
    if subject:
        attribute = subject[1]
    if not text or (is_cut(text) and attribute and not is_cut(attribute)):
        return attribute or text
    return text


@dataclass(frozen=True)
class Redirect:
    """A page that only leads elsewhere; ``by`` is ``meta`` or ``script``."""

    target: str
    by: str


_LOCATION = re.compile(
    r"(?:(?:window|document|top|self|parent)\.)?location(?:\.href)?\s*=\s*"
    r"(?P<quote>[\"'])(?P<target>[^\"'+]+)(?P=quote)\s*(?P<after>[;}\n<+]|$)"
)


def redirect_of(html: str) -> Redirect | None:
    """The target of a stub page: a meta refresh, or a script that does nothing else.

    Only short pages without text count: ordinary pages carry scripts for mobile browsers that
    change the location, too. A location that is computed, or set inside a condition or a
    function, is not taken.
    """
    if len(html) > 4000:
        return None
    soup = soup_of(html)
    if len(clean(soup.body.get_text() if soup.body else "")) > 40 and not soup.script:
        return None
    for tag in soup.find_all("meta"):
        if _attribute(tag, "http-equiv").lower() == "refresh":
            match = re.search(r"url\s*=\s*[\"']?([^\"'\s>]+)", _attribute(tag, "content"), re.I)
            if match:
                return Redirect(match[1], "meta")
    found: str | None = None
    for script in soup.find_all("script"):
        code = script.get_text()
        if re.search(r"\bif\s*\(|\bfunction\b|=>", code):
            continue
        match = _LOCATION.search(code)
        if match and match["after"] != "+":
            found = match["target"]
    return Redirect(found, "script") if found else None


def is_home(html: str) -> bool:
    """Whether a page looks like a portal's home page: many links in several lists, and none of
    the marks of an article or of one column's list."""
    soup = soup_of(html)
    meta = metas(soup)
    if meta.get("pagename") == "startup":  # Hanweb's own mark
        return True
    if meta.get("articletitle") or re.search(r"createPage(?:HTML)?\(\s*[\d'\"]", html):
        return False
    lists = [ul for ul in soup.find_all("ul") if len(ul.find_all("a", recursive=True)) >= 3]
    return len(soup.find_all("a", href=True)) >= 60 and len(lists) >= 4


def is_headed(html: str, title: str) -> bool:
    """Whether a title (or its beginning) stands in the page's own title or headings."""
    wanted = clean(title).rstrip(".…")[:12]
    headings = soup_of(html).select("title, h1, h2, h3, .title, .tit")
    return bool(wanted) and any(wanted in clean(tag.get_text()) for tag in headings)


# lists

_ROW_TAGS = ("li", "tr", "dd", "dt")


def rows_of(
    anchors: Iterable[Tag],
    url: str,
    *,
    row_tags: Sequence[str] = _ROW_TAGS,
) -> tuple[Entry, ...]:
    """Entries of list rows, in order, one for each address."""
    entries: dict[str, Entry] = {}
    for anchor in anchors:
        href = _attribute(anchor, "href").strip()
        title = link_title(anchor)
        if not href or not title or href.startswith(("javascript:", "#", "mailto:")):
            continue
        row = anchor.find_parent(row_tags) or anchor.parent
        target = urljoin(url, href)
        if target not in entries:
            entries[target] = Entry(title, target, href, _row_date(anchor, row), is_cut(title))
    return tuple(entries.values())


@dataclass(frozen=True)
class DatedList:
    """Rows of one list in a page: each a link with a date beside it."""

    entries: tuple[Entry, ...]
    container: Tag


def dated_lists(
    soup: Tag, url: str, article_link: re.Pattern[str] | None = None
) -> list[DatedList]:
    """Every list of dated links in a page, in order.

    Lists that stand side by side in one container and look the same (a long list broken into
    blocks of five) are one list. Menus and breadcrumbs carry no dates and are left out.
    """
    groups: dict[tuple[int, str, str], tuple[Tag, list[Entry]]] = {}
    seen_rows: set[int] = set()
    for anchor in soup.find_all("a", href=True):
        href = _attribute(anchor, "href").strip()
        if article_link and not article_link.search(href):
            continue
        row = anchor.find_parent(_ROW_TAGS) or anchor.parent
        if row is None or row.parent is None or id(row) in seen_rows:
            continue
        # The row's own title is its longest link: others are "[详情]" or a column's name.
        anchors = [a for a in row.find_all("a", href=True) if link_title(a)]
        if not anchors:
            continue
        seen_rows.add(id(row))
        titled = max(anchors, key=lambda a: len(link_title(a)))
        [*found] = rows_of([titled], url)
        if not found or found[0].published_on is None:
            continue
        box = row.parent
        outer = box.parent or box
        key = (id(outer), box.name, _attribute(box, "class"))
        groups.setdefault(key, (outer, []))[1].append(found[0])
    return [
        DatedList(tuple({entry.url: entry for entry in entries}.values()), box)
        for box, entries in groups.values()
    ]


def next_link(soup: Tag, url: str) -> str | None:
    """The target as written of a link called 下一页 (next page), if it is a plain link."""
    for anchor in soup.find_all("a", href=True):
        if re.fullmatch(r"[>»\s]*(?:下一?页|后页|下一頁)[>»\s]*", clean(anchor.get_text())):
            href = _attribute(anchor, "href").strip()
            # On a last page the link often leads to the page itself.
            if not href.lower().startswith(("javascript:", "#")) and urljoin(url, href) != url:
                return href
    return None


def pages_said(soup: Tag) -> int | None:
    """How many pages the pager says there are (共N页, 1/N), or None."""
    text = clean(soup.get_text(" "))
    match = re.search(
        r"共\s*(\d{1,4})\s*页|(?:页次|第)\s*[：:]?\s*\d+\s*/\s*(\d{1,4})", text
    ) or re.search(r"共\s*\d+\s*条\D{0,12}\d+\s*/\s*(\d{1,4})()", text)
    return int(match[1] or match[2]) if match else None


def _row_date(anchor: Tag, row: Tag | None) -> date | None:
    if row is None:
        return None
    outside = " ".join(
        str(piece)
        for piece in row.find_all(string=True)
        if not isinstance(piece, PreformattedString) and anchor not in piece.parents
    )
    inner = [text_of(tag) for tag in anchor.find_all(["span", "i", "em", "p", "b"])]
    return date_in(outside) or next(filter(None, map(date_in, inner)), None)


# articles


_TITLE = (
    ".zwxl-title .tit",
    "ucaptitle",
    "h1.title",
    ".article-title",
    ".con-title",
    "h1",
)

_LABEL_OF_SOURCE = ("发布机构", "发文机关", "公开主体", "发布单位")
_LABEL_OF_DATE = ("发布日期", "发布时间", "公开日期", "公开时间")


def labelled(soup: Tag, labels: Sequence[str]) -> str | None:
    """The value that stands after a label such as 发布机构 in an article's information table."""
    for label in labels:
        pattern = re.compile(
            r"^\s*[\[【]?\s*" + r"\s*".join(label) + r"\s*[\]】]?\s*[：:]?\s*(.*)$", re.S
        )
        for piece in soup.find_all(string=pattern):
            if isinstance(piece, Comment) or piece.parent is None:
                continue
            if piece.parent.name in {"script", "style", "title"}:
                continue
            match = pattern.match(piece)
            value = clean(match[1]) if match else ""
            if value:
                return value
            cell: Tag | None = piece.parent
            for _ in range(3):
                if cell is None:
                    break
                rest = cell.find_next_sibling()
                if isinstance(rest, Tag):
                    value = text_of(rest)
                    if value and not value.startswith(("[", "【")):
                        return value
                    break
                cell = cell.parent
    return None


def read_plain_article(
    html: str,
    url: str,
    *,
    bodies: Sequence[str],
    titles: Sequence[str] = (),
    dates: Sequence[str] = (),
    extra_attachments: Iterable[Attachment] = (),
    article_link: re.Pattern[str] | None = None,
) -> Article:
    """An article by its metas, its information table and its body.

    ``bodies`` are selectors of the body, most exact first; ``dates`` of a date that is better
    than the meta; ``article_link`` tells links to other articles (children of a directory
    article) from other links in the body. The meta ``author`` is never read: it names a person.
    """
    soup = soup_of(html)
    meta = metas(soup)
    body = _body(soup, bodies)
    title = meta.get("articletitle") or first_text(soup, (*titles, *_TITLE))
    published = (
        date_in(_joined(first_text(soup, dates) or ""))
        or date_in(meta.get("pubdate", ""))
        or date_in(_joined(labelled(soup, _LABEL_OF_DATE) or ""))
        or date_in(meta.get("publishdate", ""))
    )
    # A list of columns may stand before the body's name: "…标准目录,应急管理局".
    content_source = re.split(r"[,，;；]", meta.get("contentsource", ""))[-1].strip() or None
    source = labelled(soup, _LABEL_OF_SOURCE) or content_source
    found = {a.url: a for a in extra_attachments}
    for attachment in attachments_in(soup, body, url):
        found.setdefault(attachment.url, attachment)
    children: tuple[Link, ...] = ()
    images: tuple[str, ...] = ()
    if body is not None and not found:
        children = tuple(_children(body, url, article_link))
        images = tuple(_page_images(body))
    return Article(
        title=title,
        published_on=published,
        source=source,
        source_alt=(content_source,) if content_source and content_source != source else (),
        body=text_of(body),
        attachments=tuple(found.values()),
        children=children,
        images=images,
        body_iframe=_iframe(body),
        has_budget_tables=body is not None and _has_budget_tables(body),
        is_recognised=bool(meta.get("articletitle")) or (title is not None and body is not None),
    )


def _joined(text: str) -> str:
    return re.sub(r"(?<=[-./年月])\s+|\s+(?=[-./年月])", "", text)


def _body(soup: BeautifulSoup, selectors: Sequence[str]) -> Tag | None:
    for selector in selectors:
        found = [tag for tag in soup.select(selector) if text_of(tag) or tag.find(["img", "a"])]
        if found:
            return max(found, key=lambda tag: len(tag.get_text()) + 20 * len(tag.find_all("a")))
    return None


_SCRIPT_FILES = re.compile(
    r"var\s+(?P<name>hasFJ|temyt|fjhtml|appendix\w*|fujian\w*)\s*=\s*"
    r"(?P<quote>[\"'])(?P<html>(?:\\.|(?!(?P=quote)).)*)(?P=quote)",
    re.S | re.I,
)
_SCRIPT_PDF = re.compile(r"var\s+sPdfUrl\s*=\s*([\"'])(?P<urls>.*?)\1", re.S)
_ON_CLICK = re.compile(
    r"downloadFj\(\s*([\"'])(?P<name>.*?)\1\s*,\s*([\"'])(?P<href>.*?)\3\s*\)", re.S | re.I
)
_ON_CLICK_URL = re.compile(
    r"(?:location(?:\.href)?\s*=|window\.open\()\s*(?:encodeURI\()?\s*([\"'])(?P<href>.+?)\1", re.S
)
_DOWNLOAD = re.compile(
    r"downfile\.jsp|document/download|download\.jsp|filedown\?|/attachment/|downloadfile", re.I
)


def attachments_in(soup: BeautifulSoup, body: Tag | None, url: str) -> Iterator[Attachment]:
    """Every file that an article offers: links of the body and of the file block after it,
    strings in scripts that write such links, and click handlers that download."""
    for script in soup.find_all("script"):
        for match in _SCRIPT_FILES.finditer(script.get_text()):
            inner = re.sub(r"\\(.)", r"\1", match["html"])
            for anchor in BeautifulSoup(inner, "lxml").find_all("a"):
                yield from _link(anchor, url, f"script: var {match['name']}", any_link=True)
        for match in _SCRIPT_PDF.finditer(script.get_text()):
            for href in filter(None, map(str.strip, match["urls"].split("#"))):
                yield Attachment(None, urljoin(url, href), href, "script: var sPdfUrl")
    for tag in soup.find_all(onclick=True):
        call = _ON_CLICK.search(_attribute(tag, "onclick"))
        if call:
            href = call["href"].strip()
            yield Attachment(_name(call["name"]), urljoin(url, href), href, "onclick downloadFj")
    for tag in soup.select('[appendix="true"]'):
        yield from _link(tag, url, "a[appendix=true]", any_link=True)
    zones = [zone for zone in (body, *soup.select(_FILE_BLOCKS), *_labelled_files(soup)) if zone]
    for zone in zones:
        for anchor in zone.find_all("a"):
            yield from _link(anchor, url, "a[href]")


_FILE_BLOCKS = (
    "#fjxz, .fjxz, .fujian, #fujian, .fj, .fjlist, .article-appendix, .xgfj, .download, "
    ".attachment, .attachments, .accessory, .annex"
)


def _labelled_files(soup: BeautifulSoup) -> Iterator[Tag]:
    """The cell or block that follows a label such as 附件下载 in an information table."""
    label = re.compile(r"^\s*(?:相关)?(?:附件|文件)(?:下载)?\s*[：:]?\s*$")
    for piece in soup.find_all(string=label):
        if isinstance(piece, PreformattedString):
            continue
        tag: Tag | None = piece.parent
        for _ in range(3):
            if tag is None or tag.name in {"body", "script", "style"}:
                break
            rest = tag.find_next_sibling()
            if isinstance(rest, Tag):
                yield rest
                break
            tag = tag.parent


def _link(anchor: Tag, url: str, how: str, *, any_link: bool = False) -> Iterator[Attachment]:
    href = _attribute(anchor, "href").strip()
    if href.lower().startswith(("javascript:", "#")) or not href:
        match = _ON_CLICK_URL.search(_attribute(anchor, "onclick"))
        if not match:
            return
        href, how = match["href"].strip(), "onclick location"
        if not (_DOWNLOAD.search(href) or _extension(href)):
            return
    if not any_link and not (
        _extension(href) or _DOWNLOAD.search(href) or _attribute(anchor, "type") == "file"
    ):
        return
    if re.match(r"(?:mailto|tel|weixin):", href, re.I):
        return
    text = clean(anchor.get_text())
    attribute = clean(_attribute(anchor, "title"))
    name = (
        attribute
        if attribute
        and (not text or (_extension(attribute) and not _extension(text) and is_cut(text)))
        else text
    )
    yield Attachment(_name(name), urljoin(url, href), href, how)


def _name(text: str) -> str | None:
    name = clean(text)
    return name or None


def _extension(href: str) -> str | None:
    """The document extension of an address: of its path, or of a parameter's value."""
    parts = urlsplit(href)
    found = extension_of(unquote(parts.path))
    if found or not parts.query:
        return found
    return next(
        filter(None, (extension_of(unquote(v)) for v in re.split(r"[&=]", parts.query))), None
    )


def _children(body: Tag, url: str, article_link: re.Pattern[str] | None) -> Iterator[Link]:
    seen: set[str] = set()
    for anchor in body.find_all("a"):
        href = _attribute(anchor, "href").strip()
        path = urlsplit(href).path
        if not href or href.startswith(("javascript:", "#", "mailto:", "tel:")):
            continue
        if not (article_link and article_link.search(href)) and not re.search(
            r"\.(?:s?html?|jspx?|aspx?|php)$", path
        ):
            continue
        title, target = link_title(anchor), urljoin(url, href)
        if title and target not in seen and target != url:
            seen.add(target)
            yield Link(title, target, href)


def _page_images(body: Tag) -> Iterator[str]:
    for image in body.find_all("img"):
        src = _attribute(image, "src").strip()
        if re.search(r"\.(?:jpe?g|png|tiff?|bmp)$", urlsplit(src).path, re.I) and not re.search(
            r"icon|fileTypeImages|/images?/|emoji|logo|qrcode", src, re.I
        ):
            yield src


def _iframe(body: Tag | None) -> str | None:
    frame = body.find("iframe", src=True) if body else None
    return (_attribute(frame, "src").strip() or None) if isinstance(frame, Tag) else None


_BUDGET_WORDS = ("收支总表", "收入总表", "支出总表", "预算数", "决算数", "功能分类", "一般公共预算")


def _has_budget_tables(body: Tag) -> bool:
    """Budget forms given as HTML tables in the text: many cells of money under budget words."""
    for table in body.find_all("table"):
        cells = [text_of(cell) for cell in table.find_all("td")]
        money = sum(1 for cell in cells if re.fullmatch(r"-?[\d,]+\.\d{2,}", cell))
        if money >= 10 and any(word in table.get_text() for word in _BUDGET_WORDS):
            return True
    return False

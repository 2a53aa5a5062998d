"""Reading HTML in ways that all families share: links, dates, rows, bodies, attachments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from urllib.parse import unquote, urljoin, urlsplit

from bs4 import BeautifulSoup, Tag
from bs4.element import Comment, PreformattedString

from scrapers.families.base import Article, Attachment, Entry, Link, Listing
from scrapers.filetype import extension_of

__all__ = [
    "FILLED_BY_SCRIPT",
    "FURTHER_PAGES",
    "DatedList",
    "Redirect",
    "address",
    "attachments_in",
    "clean",
    "columns_of_bodies",
    "date_in",
    "dated_lists",
    "first_text",
    "has_more",
    "is_cut",
    "is_headed",
    "is_home",
    "labelled",
    "link_title",
    "look_of",
    "may_be_filled",
    "metas",
    "names_a_body",
    "next_link",
    "pages_said",
    "promises_a_document",
    "read_plain_article",
    "redirect_of",
    "rows_of",
    "soup_of",
    "text_of",
    "tree_of",
    "with_other_columns",
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
    tree = tree_of(re.sub(r"^\s*<\?xml[^>]*\?>", "", html))
    _join_to_base(tree)
    return tree


def tree_of(html: str) -> BeautifulSoup:
    """The tree of a page or of a piece of one. Addresses that are none ("http://[x/") are mended
    so that they can be joined and split: asking for them fails, and reading the page does not."""
    tree = BeautifulSoup(html, "lxml")
    for name in _ADDRESSES:
        for tag in tree.find_all(True, attrs={name: _MENDED if name == "href" else _BRACKET}):
            tag[name] = address(_attribute(tag, name))
    return tree


_ADDRESSES = ("href", "src", "data", "oldsrc")
_BRACKET = re.compile(r"[\[\]]")
_MENDED = re.compile(r"[\[\]\\]")
_NO_PATH = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:|//|/|#|\?|$)", re.I)


def _join_to_base(tree: BeautifulSoup) -> None:
    """Join the relative addresses of a page to its ``<base href>``, as a browser does."""
    tag = tree.find("base", href=True)
    base = _attribute(tag, "href").strip() if isinstance(tag, Tag) else ""
    if not re.match(r"https?://|/", base, re.I):
        return
    for name in _ADDRESSES:
        for other in tree.find_all(True, attrs={name: True}):
            if other is not tag and not _NO_PATH.match(_attribute(other, name)):
                other[name] = urljoin(base, _attribute(other, name).strip())


def address(text: str) -> str:
    """An address as written, brackets quoted where they make it unreadable, backslashes turned
    as browsers do."""
    if "\\" in text and not re.match(r"\s*javascript:", text, re.I):
        text = text.replace("\\", "/")
    try:
        urlsplit(text)
    except ValueError:
        return _BRACKET.sub(lambda bracket: f"%{ord(bracket[0]):02X}", text)
    return text


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


_PARTED_DATES = (
    re.compile(r"^(?P<d>\d{1,2})日?\s+(?P<y>(?:19|20)\d\d)\s*[-./年]\s*(?P<m>\d{1,2})月?$"),
    re.compile(r"^(?P<m>\d{1,2})\s*[-./月]\s*(?P<d>\d{1,2})日?\s+(?P<y>(?:19|20)\d\d)年?$"),
    re.compile(r"^(?P<y>(?:19|20)\d\d)年?\s+(?P<m>\d{1,2})\s*[-./月]\s*(?P<d>\d{1,2})日?$"),
    re.compile(r"^(?P<y>(?:19|20)\d\d)\s*[-./年]\s*(?P<m>\d{1,2})月?\s+(?P<d>\d{1,2})日?$"),
)


def _parted_date(row: Tag) -> date | None:
    """A date whose day, month and year stand in tags of their own ("11" over "2026-02")."""
    tags = [tag for tag in row.find_all(True) if _is_date_tag(tag)]
    leaves = [tag for tag in tags if not any(other in tag.descendants for other in tags)]
    text = clean(" ".join(tag.get_text(" ") for tag in leaves)).strip("[]()（）【】 ")
    for pattern in _PARTED_DATES:
        if match := pattern.match(text):
            try:
                return date(int(match["y"]), int(match["m"]), int(match["d"]))
            except ValueError:
                return None
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


_DATE_ONLY = re.compile(r"[\s\d\-./:年月日\[\]()（）【】]*\d[\s\d\-./:年月日\[\]()（）【】]*")


def _is_date_tag(tag: Tag) -> bool:
    """Whether a tag holds nothing but (a part of) a date."""
    return _DATE_ONLY.fullmatch(tag.get_text()) is not None


def _without_dates(anchor: Tag) -> str:
    """A link's text, without tags inside it that hold only its date ("11", "2026-02")."""
    if all(isinstance(child, str) for child in anchor.children):
        return anchor.get_text()
    apart = [tag for tag in anchor.find_all(True) if _is_date_tag(tag)]
    if not apart or len(_DATE_ONLY.sub("", anchor.get_text()).strip()) == 0:
        return anchor.get_text()
    return "".join(
        str(piece)
        for piece in anchor.find_all(string=True)
        if not isinstance(piece, PreformattedString)
        and not any(tag in piece.parents for tag in apart)
    )


def link_title(anchor: Tag) -> str:
    """The full title of a link: its ``title`` attribute where the text is cut or absent."""
    text = clean(_without_dates(anchor))
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
                return Redirect(address(match[1]), "meta")
    found: str | None = None
    for script in soup.find_all("script"):
        code = script.get_text()
        if re.search(r"\bif\s*\(|\bfunction\b|=>", code):
            continue
        match = _LOCATION.search(code)
        if match and match["after"] != "+":
            found = match["target"]
    return Redirect(address(found), "script") if found else None


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

_FILLS = re.compile(
    r"\$\.(?:ajax|get|post|getJSON)\(|\bfetch\(|XMLHttpRequest|axios\b|\.load\(\s*[\"']|v-for=|ng-repeat"
    r"|\{\{.*?\}\}|id=[\"']app[\"']|querydata=|<template\b|\.render\(|createApp\("
)
_SAYS_EMPTY = re.compile(r"暂无(?:数据|内容|信息|相关)|没有(?:找到|相关|数据)|共\s*0\s*条")


FILLED_BY_SCRIPT = "it shows no rows and a script that may fill them in"


def may_be_filled(html: str) -> bool:
    """Whether a page without rows may get them from a script, so that it must not be called
    empty. A page that says itself that there is nothing is empty."""
    return bool(_FILLS.search(html)) and not _SAYS_EMPTY.search(soup_of(html).get_text(" "))


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
    groups: dict[tuple[int, str, str], tuple[Tag, set[int], list[tuple[int, Entry]]]] = {}
    others: list[tuple[tuple[int, str, str], Tag, int, Entry]] = []
    seen_rows: set[int] = set()
    seen_others: set[int] = set()
    for position, anchor in enumerate(soup.find_all("a", href=True)):
        href = _attribute(anchor, "href").strip()
        is_article = not article_link or article_link.search(href) is not None
        row = anchor.find_parent(_ROW_TAGS) or anchor.parent
        if row is None or row.parent is None or id(row) in seen_rows:
            continue
        if not is_article and id(row) in seen_others:
            continue
        # The row's own title is its longest link: others are "[详情]" or a column's name.
        anchors = [a for a in row.find_all("a", href=True) if link_title(a)]
        if not anchors:
            continue
        (seen_rows if is_article else seen_others).add(id(row))
        titled = max(anchors, key=lambda a: len(link_title(a)))
        [*found] = rows_of([titled], url)
        if not found:
            continue
        box = row.parent
        outer = box.parent or box
        key = (id(outer), box.name, look_of(box))
        is_dated = found[0].published_on is not None or _has_short_date(row, titled)
        if is_article and is_dated:
            group = groups.setdefault(key, (outer, set(), []))
            group[1].add(id(box))
            group[2].append((position, found[0]))
        elif is_dated or promises_a_document(titled):
            others.append((key, row, position, found[0]))
    for key, row, position, entry in others:
        if key in groups and id(row.parent) in groups[key][1]:
            groups[key][2].append((position, entry))
    return [
        DatedList(
            tuple({entry.url: entry for _, entry in sorted(rows, key=_by_place)}.values()), box
        )
        for box, _, rows in groups.values()
    ]


def _by_place(row: tuple[int, Entry]) -> int:
    return row[0]


def look_of(box: Tag) -> str:
    """The classes of a list's container, without those by which its blocks take turns."""
    return " ".join(c for c in _attribute(box, "class").split() if not _TAKES_TURNS.search(c))


_TAKES_TURNS = re.compile(r"^(?:first|last|alt|alternate)$|(?:^|[-_])(?:odd|even)$", re.I)


def promises_a_document(anchor: Tag) -> bool:
    """Whether a row of a list belongs to it although it has no date or leads to no article: its
    link is a file, or its title speaks of a budget."""
    title = link_title(anchor)
    return bool(_extension(_attribute(anchor, "href").strip())) or (
        re.search("预算|决算|三公", title) is not None and len(title) >= _SHORTEST_TITLE
    )


_SHORTEST_TITLE = 8
"""A budget's title names a body and a year; a menu's words (预算公开) are shorter."""


_DAY_IN_ADDRESS = re.compile(r"(?<!\d)20\d\d[-/]?(?:0[1-9]|1[0-2])(?:[-/]?[0-3]\d)?(?!\d)")


def _has_short_date(row: Tag, anchor: Tag) -> bool:
    """Whether a row shows a date without its year ("02-11") and its address has the year."""
    short = any(
        re.fullmatch(r"[\[(（]?\s*\d{1,2}\s*[-./月]\s*\d{1,2}日?\s*[\])）]?", clean(str(piece)))
        for piece in row.find_all(string=True)
    )
    return short and _DAY_IN_ADDRESS.search(_attribute(anchor, "href")) is not None


# columns of single bodies

_BODY = re.compile(
    r"(?:局|委|委员会|办|办公室|中心|院|学校|中学|小学|大学|学院|党校|校|幼儿园|会|联合会|总工会|所|站|队|大队"
    r"|支队|厅|室|部|社|馆|台|银行|政府|机关|本级|处|团|园|场|乡|镇|街道|组|基地|公司)$"
)
_NO_BODY = re.compile(
    r"(?:新闻|互动|个人|用户|会员|下载|帮助|数据|视频|专题|咨询)中心$|(?:手机|网|本|子|分|全)站$"
    r"|(?:发布|常务|全|两|听证|座谈|论证|研讨|社)会$|^(?:全部|更多|.?政府|人民政府)$"
    r"|预算|决算|公开|信息|20\d\d"
)


def names_a_body(title: str) -> bool:
    """Whether a link's words are the name of a public body, also with （机关） or （本级） after it."""
    bare = re.sub(r"[（(][^（）()]*[）)]$", "", title.strip())
    return len(bare) >= 3 and _BODY.search(bare) is not None and _NO_BODY.search(bare) is None


def columns_of_bodies(
    soup: Tag, url: str, *, known: Iterable[str] = ()
) -> tuple[tuple[Link, ...], tuple[Link, ...]]:
    """Links of a list page that lead to single bodies' columns (下属单位栏目).

    Told by where they lead and what they are called, never by a class: (those one step below the
    page's own folder, those elsewhere on the host). ``known`` addresses (entries, other pages) are
    neither. Links that stand together and of which half at least name a body are bodies' all.
    """
    taken = {*known, url}
    here = urlsplit(url)
    groups: dict[tuple[int, str, str, bool], dict[str, tuple[Link, bool]]] = {}
    for anchor in soup.find_all("a", href=True):
        href = _attribute(anchor, "href").strip()
        title = link_title(anchor)
        target = urljoin(url, href)
        place = urlsplit(target)
        row = anchor.find_parent(_ROW_TAGS)
        if (
            not title
            or target in taken
            or href.lower().startswith(("javascript:", "#", "mailto:", "tel:"))
            or (place.netloc or here.netloc) != here.netloc
            or _extension(href)
            or re.search(r"20\d\d|预算|决算|公开", title)
            or _row_date(anchor, row) is not None
        ):
            continue
        is_below = _is_step_below(href, place.path, place.query, here.path)
        if not is_below and (
            here.path.startswith(place.path.rpartition("/")[0] + "/") or _is_in_frame(anchor)
        ):
            continue  # the way back, or a link of the portal's own frame
        box = (row or anchor).parent
        outer = box.parent if box else None
        if box is None or outer is None:
            continue
        group = groups.setdefault((id(outer), box.name, look_of(box), is_below), {})
        group.setdefault(target, (Link(title, target, href), names_a_body(title)))
    found: dict[bool, dict[str, Link]] = {True: {}, False: {}}
    for (*_, is_below), group in groups.items():
        named = sum(is_named for _, is_named in group.values())
        if 2 * named >= len(group) and named >= (1 if is_below else 2):
            found[is_below] |= {target: link for target, (link, _) in group.items()}
    others = {target: link for target, link in found[False].items() if target not in found[True]}
    return tuple(found[True].values()), tuple(others.values())


def with_other_columns(listing: Listing, html: str, url: str) -> Listing:
    """The listing with what looks like bodies' columns on its page and is not part of it."""
    if html.lstrip()[:1] in {"{", "["}:
        return listing  # an answer of a service has no frame of links
    known = {e.url for e in listing.entries} | {sub.url for sub in listing.subcolumns}
    below, others = columns_of_bodies(
        soup_of(html), url, known=known | ({listing.next_page} if listing.next_page else set())
    )
    return replace(listing, other_columns=(*below, *others))


def _is_step_below(href: str, path: str, query: str, here: str) -> bool:
    folder = here.rpartition("/")[0] + "/"
    return (
        ".." not in href
        and not query
        and path.startswith(folder)
        and re.fullmatch(r"[^/.]+/?(?:/index\.s?html?)?", path[len(folder) :]) is not None
    )


_PORTAL_FRAME = re.compile(
    r"foot|friend|yqlj|crumb|location|position|copyright|share|head|topbar|top[-_]|login", re.I
)


def _is_in_frame(anchor: Tag) -> bool:
    """Whether a link stands in what every page of the portal has: head, foot, way back."""
    return any(
        tag.name in {"header", "footer"}
        or _PORTAL_FRAME.search(f"{_attribute(tag, 'class')} {_attribute(tag, 'id')}")
        for tag in anchor.parents
        if isinstance(tag, Tag) and tag.name not in {"body", "html", "[document]"}
    )


_NEXT = re.compile(r"[>»›\s\[]*(?:下一?页|后页|后一页|下一頁|next(?: page)?)[>»›\s\]]*", re.I)


def _is_next(anchor: Tag) -> bool:
    """Whether a link turns the page, by its text, its title, its ``rel`` or its class."""
    if any(
        _NEXT.fullmatch(clean(text))
        for text in (
            anchor.get_text(),
            _attribute(anchor, "title"),
            _attribute(anchor, "aria-label"),
        )
    ):
        return True
    if "next" in _attribute(anchor, "rel").lower().split():
        return True
    text = clean(anchor.get_text())
    classes = re.split(r"[\s_-]", _attribute(anchor, "class").lower())
    return "next" in classes and re.fullmatch(r"[>»›]*", text) is not None


def next_link(soup: Tag, url: str) -> str | None:
    """The target as written of a link called 下一页 (next page), if it is a plain link."""
    for anchor in soup.find_all("a", href=True):
        if _is_next(anchor):
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


_PAGER_OF_SCRIPT = re.compile(
    r"(?:\b[Pp]ager|\blaypage(?:\.render)?|\b[Pp]agination|\bcreatePage\w*|\.page)\s*\(\s*"
    r"\{(?P<options>[^{}]*)"
)
_PAGES_OF_SCRIPT = re.compile(
    r"\b(?P<name>size|limit|pageSize|count|total|totalCount|pages|pageCount|totalPages?)\b[\"']?\s*:"
    r"\s*[\"']?(?P<number>\d+)"
)

FURTHER_PAGES = "it has further pages that only its script can turn to"


def has_more(html: str, soup: Tag, url: str) -> bool:
    """Whether page 1 of several cannot be left by a plain link: the pager says how many there
    are, or 下一页 has no address of its own, or a script is told their number."""
    current = re.search(r"[_/](\d+)\.s?html?$", urlsplit(url).path)
    total = pages_said(soup)
    if total is not None:
        return total > 1 and not (current and int(current[1]) >= total - 1)
    if current:
        return False
    if re.search(r">\s*下一?页\s*<", html) and "javascript:" in html:
        return True
    return _is_turned_by_script(soup) or any(
        _says_several(call["options"]) for call in _PAGER_OF_SCRIPT.finditer(html)
    )


def _is_turned_by_script(soup: Tag) -> bool:
    """Whether 下一页 is there, is not switched off, and has no address of its own."""
    for tag in soup.find_all(["a", "button", "span", "li"], onclick=True):
        state = " ".join(map(str, (*(tag.get("class") or ()), tag.get("disabled", ""))))
        if re.fullmatch(r"[>»\s]*下一?页[>»\s]*", clean(tag.get_text())):
            return not re.search("disab|gray|grey", state, re.I)
    return False


def _says_several(options: str) -> bool:
    """Whether a pager's options tell of more than one page: ``size`` is the number of pages in
    TRS's pager, and that of rows a page where the rows are counted as well."""
    said = {m["name"].lower(): int(m["number"]) for m in _PAGES_OF_SCRIPT.finditer(options)}
    rows = next((said[k] for k in ("count", "total", "totalcount") if k in said), None)
    a_page = next((said[k] for k in ("limit", "pagesize", "size") if k in said), None)
    pages = next(
        (said[k] for k in ("pages", "pagecount", "totalpage", "totalpages") if k in said), 0
    )
    if rows is not None:
        return pages > 1 or rows > (a_page or 10)
    return max(pages, said.get("size", 0)) > 1


def _row_date(anchor: Tag, row: Tag | None) -> date | None:
    if row is None:
        return None
    outside = " ".join(
        str(piece)
        for piece in row.find_all(string=True)
        if not isinstance(piece, PreformattedString) and anchor not in piece.parents
    )
    inner = [text_of(tag) for tag in anchor.find_all(["span", "i", "em", "p", "b", "time", "div"])]
    return date_in(outside) or next(filter(None, map(date_in, inner)), None) or _parted_date(row)


# articles


_TITLE = (
    ".zwxl-title .tit",
    "ucaptitle",
    "h1.title",
    ".article-title",
    ".con-title",
    "h1",
)

_FRAME_OF_PAGE = re.compile(r"foot|head|nav|menu|side|crumb|search|copyright|friend|share", re.I)


_NO_HEADING = frozenset({"title", "a", "script", "style", "option"})


def _title_of_head(soup: BeautifulSoup) -> str | None:
    """The first part of the page's own title, where the page's text shows it as well: a heading
    that no selector knows. A portal's name in the title is no article's."""
    head = soup.find("title")
    parts = re.split(r"\s*(?:_|\||—|--| - |-(?=[\u4e00-\u9fff]+(?:政府|网|局)))\s*", text_of(head))
    title = parts[0] if parts else ""
    if len(title) < 6 or title.endswith(("人民政府", "政府网站", "门户网站", "首页")):
        return None
    for piece in soup.find_all(string=re.compile(re.escape(title))):
        tag = piece.parent
        shown = isinstance(tag, Tag) and tag.name not in _NO_HEADING and not tag.find_parent("a")
        if shown and text_of(tag) == title:
            return title
    return None


_MOST_BLOCKS = 1500


def _densest(soup: BeautifulSoup) -> Tag | None:
    """The innermost block that holds most of the page's own words: text outside links, and links
    to files. Head, foot and menus are left out."""

    def weight(tag: Tag) -> int:
        links = tag.find_all("a")
        files = sum(1 for a in links if _extension(_attribute(a, "href")))
        return len(text_of(tag)) - sum(len(text_of(a)) for a in links) + 40 * files

    blocks = [
        tag
        for tag in soup.find_all(["div", "td", "article", "section", "main"])
        if not any(
            _FRAME_OF_PAGE.search(f"{_attribute(t, 'class')} {_attribute(t, 'id')}")
            or t.name in {"header", "footer", "nav", "aside"}
            for t in (tag, *tag.parents)
            if t.name not in {"body", "[document]"}
        )
    ]
    if len(blocks) > _MOST_BLOCKS:
        return None  # a portal's home page, not an article; weighing it would take long
    weights = {id(tag): weight(tag) for tag in blocks}
    most = max(weights.values(), default=0)
    if most < 20:
        return None
    close = [tag for tag in blocks if weights[id(tag)] >= 0.7 * most]
    return min(close, key=lambda tag: len(list(tag.descendants)))


_LABEL_OF_SOURCE = ("发布机构", "发文机关", "公开主体", "发布单位")
_LABEL_OF_DATE = ("发布日期", "发布时间", "公开日期", "公开时间", "日期", "时间")


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
    title = meta.get("articletitle") or first_text(soup, (*titles, *_TITLE)) or _title_of_head(soup)
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
    if body is None and title is not None:
        body = _densest(soup)
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
        shown = ["img", "a", "iframe", "embed", "object"]
        found = [tag for tag in soup.select(selector) if text_of(tag) or tag.find(shown)]
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
    r"downfile\.jsp|document/download|download\.(?:jsp|do|aspx?|ashx|action|php)\b|filedown\?|/attachment/"
    r"|downloadfile|virtual_attach_file|[?&](?:wb)?fileid=",
    re.I,
)


_LITERAL = re.compile(
    r"([\"'])((?:\\.|(?!\1)[^\\\n])*)\1|`((?:\\.|[^`\\])*)`",  # a stray quote costs its own line only
    re.S,
)
_CALL_ON_CLICK = re.compile(r"[\w.$]+\s*\((?P<arguments>[^()]*)\)")


def attachments_in(soup: BeautifulSoup, body: Tag | None, url: str) -> Iterator[Attachment]:
    """Every file that an article offers, each address once: links of the body and of the file
    block after it, strings in scripts that write such links, click handlers that download,
    viewers in frames."""
    seen: set[str] = set()
    for attachment in _attachments(soup, body, url):
        if attachment.url not in seen:
            seen.add(attachment.url)
            yield attachment


def _attachments(soup: BeautifulSoup, body: Tag | None, url: str) -> Iterator[Attachment]:
    base = soup.find("base", href=True)
    if isinstance(base, Tag):  # what scripts write is joined to it, too
        url = urljoin(url, _attribute(base, "href").strip())
    for script in soup.find_all("script"):
        code = script.get_text()
        for match in _SCRIPT_FILES.finditer(code):
            inner = _unescaped(match["html"])
            for anchor in tree_of(inner).find_all("a"):
                yield from _link(anchor, url, f"script: var {match['name']}", any_link=True)
        for match in _SCRIPT_PDF.finditer(code):
            for href in map(address, filter(None, map(str.strip, match["urls"].split("#")))):
                yield Attachment(None, urljoin(url, href), href, "script: var sPdfUrl")
        yield from _files_in_literals(code, url)
    for tag in soup.find_all(onclick=True):
        yield from _clicked_file(_attribute(tag, "onclick"), tag, url)
    for tag in soup.select('[appendix="true"]'):
        yield from _link(tag, url, "a[appendix=true]", any_link=True)
    zones = [zone for zone in (body, *soup.select(_FILE_BLOCKS), *_labelled_files(soup)) if zone]
    for zone in zones:
        for anchor in zone.find_all("a"):
            yield from _link(anchor, url, "a[href]")
        for frame in zone.find_all(["iframe", "embed", "object"]):
            yield from _shown_file(frame, url)
        yield from _files_in_attributes(zone, url)


def _files_in_attributes(zone: Tag, url: str) -> Iterator[Attachment]:
    """Files that a script of the portal takes out of the article's tags: from ``data-…``, hidden
    fields, parameters of viewers, handlers of tags that are no links, links written as text."""
    for tag in zone.find_all(True):
        given = {
            name: value.strip()
            for name, value in tag.attrs.items()
            if isinstance(value, str)
            and (name.startswith("data-") or (name == "value" and tag.name in {"input", "param"}))
        }
        for name, href in given.items():
            if _is_file_address(href := address(href)):
                yield Attachment(
                    _name(tag.get_text()), urljoin(url, href), href, f"{tag.name}[{name}]"
                )
        clicked = _ON_CLICK_URL.search(_attribute(tag, "onclick")) if tag.name != "a" else None
        if clicked:
            href = address(clicked["href"].strip())
            if _extension(href) or _DOWNLOAD.search(href):
                yield Attachment(
                    _name(tag.get_text()), urljoin(url, href), href, "onclick location"
                )
        if tag.name in {"textarea", "xmp"} and "<a" in tag.get_text().lower():
            for anchor in tree_of(tag.get_text()).find_all("a"):
                yield from _link(anchor, url, f"link in {tag.name}")


_ESCAPED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.S)


def _unescaped(text: str) -> str:
    """The text that a script's string stands for."""
    return _ESCAPED.sub(lambda m: chr(int(m[1] or m[2], 16)) if m[1] or m[2] else m[3], text)


def _files_in_literals(code: str, url: str) -> Iterator[Attachment]:
    """Files named in strings of a script, whatever the variable is called: links that it writes,
    or addresses joined by a separator (their names stand in another string of as many parts)."""
    literals = [_unescaped(match[2] or match[3] or "") for match in _LITERAL.finditer(code)]
    parted = [(text, [part.strip() for part in re.split(r"[;#|,]", text)]) for text in literals]
    named: set[int] = set()
    for place, (text, parts) in enumerate(parted):
        if "<a" in text.lower():
            for anchor in tree_of(text).find_all("a"):
                yield from _link(anchor, url, "script: link in a string")
            continue
        given = [part for part in parts if part]
        if not given or not all(_is_file_address(part) for part in given):
            continue
        names_at = min(
            (
                at
                for at, (other, others) in enumerate(parted)
                if at not in named
                and other != text
                and len(others) == len(parts)
                and all(extension_of(name) for name in others if name)
                and not any(_is_file_address(name) for name in others)
            ),
            key=lambda at, here=place: abs(at - here),  # type: ignore[misc]
            default=None,
        )
        names = [""] * len(parts)
        if names_at is not None:  # a name belongs to one file only
            named.add(names_at)
            names = parted[names_at][1]
        for href, name in zip(parts, names, strict=True):
            if href:
                yield Attachment(
                    _name(name), urljoin(url, href), href, "script: address in a string"
                )


def _is_file_address(text: str) -> bool:
    """An address of a file, not a mere name: it has a folder, or one of TRS's file numbers."""
    try:
        path = unquote(urlsplit(text).path)
    except ValueError:  # "[" is no host
        return False
    return (
        extension_of(path) is not None
        and not path.rpartition("/")[2].startswith(".")
        and not re.search(r"[\s<>]", text)
        and ("/" in text or re.match(r"[PW]0\d{12,}", text) is not None)
    )


def _clicked_file(code: str, tag: Tag, url: str) -> Iterator[Attachment]:
    """The file that a click handler asks for: an argument that is a file's address; its name is
    another argument, else the text of the tag."""
    call = _ON_CLICK.search(code)
    if call:
        href = address(call["href"].strip())
        yield Attachment(_name(call["name"]), urljoin(url, href), href, "onclick downloadFj")
        return
    for called in _CALL_ON_CLICK.finditer(code):
        literals = _LITERAL.finditer(called["arguments"])
        given = [(match[2] or match[3] or "").strip() for match in literals]
        href = next((one for one in given if _is_file_address(one)), "")
        if href and not _ON_CLICK_URL.search(code):
            name = next((one for one in given if one != href and extension_of(one)), "")
            text = name or clean(tag.get_text())
            yield Attachment(_name(text), urljoin(url, href), href, "onclick call")


def _shown_file(frame: Tag, url: str) -> Iterator[Attachment]:
    """A file shown in a frame: its own address, or the one a viewer is given (``?file=``)."""
    src = _attribute(frame, "src").strip() or _attribute(frame, "data").strip()
    shown = re.search(r"[?&](?:file|url|src|path)=([^&#]+)", src)
    target = address(unquote(shown[1]) if shown else src)
    if extension_of(unquote(urlsplit(target).path)):
        yield Attachment(None, urljoin(url, target), target, f"{frame.name}")


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
        old = _attribute(anchor, "oldsrc").strip()
        if old and _extension(old):  # TRS publishes it beside the article, under the same name
            href = f"./{old.rpartition('/')[2]}"
    if href.lower().startswith(("javascript:", "#")) or not href:
        match = _ON_CLICK_URL.search(_attribute(anchor, "onclick"))
        if not match:
            return
        href, how = address(match["href"].strip()), "onclick location"
        if not (_DOWNLOAD.search(href) or _extension(href)):
            return
    if re.match(r"(?:mailto|tel|weixin):", href, re.I):
        return
    text = clean(anchor.get_text())
    attribute = clean(_attribute(anchor, "title"))
    is_file = (
        any_link
        or _extension(href)
        or _DOWNLOAD.search(href)
        or _attribute(anchor, "type") == "file"
    )
    if not is_file:
        # An address that says nothing (/file/get/123) under a file's name.
        named = next(filter(extension_of, (text, attribute)), None)
        if named is None or re.search(r"\.s?html?$", urlsplit(href).path, re.I):
            return
        text = named
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

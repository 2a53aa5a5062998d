"""TRS WCM (拓尔思), the commonest government CMS.

Lists are static pages ``index.html``, ``index_1.html``, …: page n is ``index_{n-1}``, and the
call ``createPageHTML(total, current, "index", "html")`` (or ``createPage``) counts from 0.
Articles are ``./YYYYMM/tYYYYMMDD_id.html``; files ``./P0….pdf`` and ``./W0….rar`` lie beside
them and are often named in scripts only.
"""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from bs4 import Tag

from scrapers.families.base import Article, Family, Listing
from scrapers.families.reading import (
    FILLED_BY_SCRIPT,
    FURTHER_PAGES,
    clean,
    columns_of_bodies,
    dated_lists,
    first_text,
    has_more,
    look_of,
    may_be_filled,
    metas,
    next_link,
    pages_said,
    promises_a_document,
    read_plain_article,
    rows_of,
    soup_of,
)

_ARTICLE = re.compile(r"(?:^|/)t\d{8}_\d+\.s?html?(?:[?#]|$)")
_RELATIVE_ARTICLE = re.compile(
    r"href\s*=\s*[\"']?(?!https?:|//)[^\"'\s>]*t\d{8}_\d+\.s?html?[\"'?#\s>]", re.I
)
_PAGING = re.compile(
    r"createPage(?:HTML)?\s*\(\s*(?P<box>[\"'][^\"']*[\"']\s*,\s*)?(?P<total>\d+)\s*,\s*(?P<current>\d+)\s*,"
    r"\s*[\"'](?P<name>[^\"']+)[\"']\s*,\s*[\"'](?P<ext>\w+)[\"']"
)
_VARIABLES = {
    "total": re.compile(r"\bvar\s+(?:countPage|totalPage|pageCount)\s*=\s*[\"']?(\d+)"),
    "current": re.compile(r"\bvar\s+(?:currentPage|curPage)\s*=\s*[\"']?(\d+)"),
}
"""The pager's own script, where a template writes it out instead of calling createPageHTML."""
_RECORDS = re.compile(r"(?:总记录|recordCount|共)\D{0,4}(\d+)")
_MAIN = ("ul.czys_listCount_list", "ul.zsj-fr-main")


class TrsWcm(Family):
    name = "trs_wcm"
    title = "TRS WCM 拓尔思"
    label = "trs"

    def detect(self, html: str, url: str) -> int:
        score = 0
        if re.search(r"TRS_Editor|TRS_UEDITOR|trs_editor_view|wcm分页|TRSBEGIN|czys_list", html):
            score = 80
        elif _paging(html, url)[2] and not re.search(r"createPageHTML\s*\(\s*[\"']", html):
            score = 60
        elif re.search(_RELATIVE_ARTICLE, html):
            score = 50
        elif (
            re.search(r"<meta\s[^>]*http-equiv\s*=\s*[\"']?refresh", html, re.I)
            and len(html) < 1000
        ):
            score = 30
        return score

    def read_listing(self, html: str, url: str) -> Listing:
        soup = soup_of(html)
        total, next_href, paging = _paging(html, url)
        records = re.search(r"wcm分页[^\n]{0,20}总记录\D{0,4}(\d+)", html)
        entries = rows_of(_main_anchors(soup, url), url)
        if not entries and not soup.select_one(", ".join(_MAIN)):  # articles named otherwise
            lists = dated_lists(soup, url)
            entries = max((d.entries for d in lists), key=len, default=())
        # A row without a date that leads to a body's folder is a column, wherever it stands.
        dated = [e.url for e in entries if e.published_on or _ARTICLE.search(e.href)]
        menu, _ = columns_of_bodies(soup, url, known=dated)
        below = {link.url for link in menu}
        entries = tuple(e for e in entries if e.url not in below)
        warning = None
        if not paging:
            next_href = next_link(soup, url)
            total = pages_said(soup) or total
            if next_href is None and has_more(html, soup, url):
                warning = FURTHER_PAGES
        is_a_list = bool(entries or menu or paging or soup.select_one(", ".join(_MAIN)))
        if not entries and not menu and may_be_filled(html):
            return Listing(title=self._list_title(html), unread=FILLED_BY_SCRIPT)
        return Listing(
            entries=entries,
            unread=None if is_a_list else "it holds no list, no links to articles and no paging",
            title=self._list_title(html),
            next_page=urljoin(url, next_href) if next_href else None,
            next_href=next_href,
            total_pages=total,
            total_records=int(records[1]) if records else None,
            subcolumns=menu,
            warning=warning,
            is_counted=paging,
        )

    def read_article(self, html: str, url: str) -> Article:
        return read_plain_article(
            html,
            url,
            bodies=(
                ".TRS_UEDITOR",
                ".trs_editor_view",
                ".TRS_Editor",
                ".TRS_PreAppend",
                "#zoom",
                ".view",
                ".article-content",
                ".content",
            ),
            article_link=_ARTICLE,
        )

    @staticmethod
    def _list_title(html: str) -> str | None:
        soup = soup_of(html)
        return metas(soup).get("columnname") or first_text(soup, (".zsj-name", "title"))


def _paging(html: str, url: str) -> tuple[int, str | None, bool]:
    """(pages, the next one's address as written, whether the page has a pager at all).

    Counted from 0: page n is ``index_{n-1}.html``. The name and extension are the page's own
    where only variables say how many pages there are.
    """
    code = _without_definitions(html)
    call = _PAGING.search(code)
    if call:
        total, current = int(call["total"]), int(call["current"])
        name, extension = call["name"], call["ext"]
        # Named after its box, the call may count from 1. The first page says which; for the others
        # the pages read are counted (Listing.is_last).
        if call["box"] and current > 0:
            more = current < total
            return total, f"{name}_{current + 1}.{extension}" if more else None, True
    else:
        said = {key: pattern.search(code) for key, pattern in _VARIABLES.items()}
        if not said["total"]:
            return 1, None, False
        total = int(said["total"][1])
        own = re.search(r"([^/]+?)(?:_(\d+))?\.(s?html?)$", urlsplit(url).path)
        written = re.search(r"[\"']\.?(s?html?)\\?[\"']", code)
        name, extension = (own[1], own[3]) if own else ("index", written[1] if written else "html")
        if said["current"]:
            current = int(said["current"][1])
        else:
            current = int(own[2]) if own and own[2] else 0
    more = current + 1 < total
    return total, f"{name}_{current + 1}.{extension}" if more else None, True


def _without_definitions(html: str) -> str:
    return re.sub(r"function\s+createPage(?:HTML)?\s*\([^)]*\)", "", html)


def _main_anchors(soup: Tag, url: str) -> list[Tag]:
    """Links of the column's own list: a known list where there is one, else the largest group
    of article links that stand in the same kind of container."""
    for selector in _MAIN:
        found = [a for ul in soup.select(selector) for a in ul.find_all("a") if a.get("href")]
        if found:
            return found
    folder = urlsplit(urljoin(url, "./")).path
    groups: dict[tuple[str, str], list[Tag]] = {}
    for anchor in soup.find_all("a", href=_ARTICLE):
        if not clean(anchor.get_text()) and not anchor.get("title"):
            continue
        parent = _row_of(anchor).parent
        if parent is None:
            continue
        groups.setdefault((parent.name, look_of(parent)), []).append(anchor)

    def own(anchors: list[Tag]) -> int:
        # The column's own articles lie below its folder; boxes of other columns' news do not.
        return sum(urlsplit(urljoin(url, str(a["href"]))).path.startswith(folder) for a in anchors)

    best = max(groups.values(), key=lambda group: (own(group), len(group)), default=[])
    return _with_other_rows(soup, url, best)


def _row_of(anchor: Tag) -> Tag:
    return anchor.find_parent(["li", "tr", "dd"]) or anchor


def _with_other_rows(soup: Tag, url: str, anchors: list[Tag]) -> list[Tag]:
    """The list's links and, in their places, those of its rows that lead to a file, to another
    site or to a page of another name."""
    chosen = {id(anchor) for anchor in anchors}
    rows = {id(_row_of(anchor)) for anchor in anchors}
    boxes = {id(_row_of(anchor).parent) for anchor in anchors}

    def belongs(anchor: Tag) -> bool:
        row = _row_of(anchor)
        if row is anchor or id(row) in rows or id(row.parent) not in boxes:
            return False
        entries = rows_of([anchor], url)
        return bool(entries) and (
            entries[0].published_on is not None or promises_a_document(anchor)
        )

    return [a for a in soup.find_all("a", href=True) if id(a) in chosen or belongs(a)]


FAMILY = TrsWcm()

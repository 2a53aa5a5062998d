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

from scrapers.families.base import Article, Family, Link, Listing
from scrapers.families.reading import (
    clean,
    dated_lists,
    first_text,
    link_title,
    metas,
    read_plain_article,
    rows_of,
    soup_of,
)

_ARTICLE = re.compile(r"(?:^|/)t\d{8}_\d+\.s?html?(?:[?#]|$)")
_PAGING = re.compile(
    r"createPage(?:HTML)?\(\s*(?P<total>\d+)\s*,\s*(?P<current>\d+)\s*,"
    r"\s*[\"'](?P<name>[^\"']+)[\"']\s*,\s*[\"'](?P<ext>\w+)[\"']"
)
_RECORDS = re.compile(r"(?:总记录|recordCount|共)\D{0,4}(\d+)")
_MAIN = ("ul.czys_listCount_list", "ul.zsj-fr-main")


class TrsWcm(Family):
    name = "trs_wcm"
    title = "TRS WCM 拓尔思"

    def detect(self, html: str, url: str) -> int:
        score = 0
        if re.search(r"TRS_Editor|TRS_UEDITOR|trs_editor_view|wcm分页|TRSBEGIN|czys_list", html):
            score = 80
        elif _PAGING.search(html) and not re.search(r"createPageHTML\(\s*[\"']", html):
            score = 60
        elif re.search(r"href=[\"'](?!https?:|//)[^\"']*t\d{8}_\d+\.s?html?[\"'?#]", html):
            score = 50
        elif re.search(r"<meta\s+http-equiv=[\"']?refresh", html, re.I) and len(html) < 1000:
            score = 30
        return score

    def read_listing(self, html: str, url: str) -> Listing:
        soup = soup_of(html)
        paging = _PAGING.search(_without_definitions(html))
        total = int(paging["total"]) if paging else 1
        next_href = None
        if paging and int(paging["current"]) + 1 < total:
            next_href = f"{paging['name']}_{int(paging['current']) + 1}.{paging['ext']}"
        records = re.search(r"wcm分页[^\n]{0,20}总记录\D{0,4}(\d+)", html)
        menu = soup.select("div.czys_subMenu dl dd a")
        entries = rows_of(_main_anchors(soup, url), url)
        if not entries and not soup.select_one(", ".join(_MAIN)):  # articles named otherwise
            lists = dated_lists(soup, url)
            entries = max((d.entries for d in lists), key=len, default=())
        is_a_list = bool(entries or menu or paging or soup.select_one(", ".join(_MAIN)))
        return Listing(
            entries=entries,
            unread=None if is_a_list else "it holds no list, no links to articles and no paging",
            title=self._list_title(html),
            next_page=urljoin(url, next_href) if next_href else None,
            next_href=next_href,
            total_pages=total,
            total_records=int(records[1]) if records else None,
            subcolumns=tuple(
                Link(link_title(a), urljoin(url, str(a["href"])), str(a["href"]))
                for a in menu
                if a.get("href")
            ),
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
        row = anchor.find_parent(["li", "tr", "dd"]) or anchor
        parent = row.parent
        if parent is None:
            continue
        groups.setdefault((parent.name, " ".join(parent.get("class") or ())), []).append(anchor)

    def own(anchors: list[Tag]) -> int:
        # The column's own articles lie below its folder; boxes of other columns' news do not.
        return sum(urlsplit(urljoin(url, str(a["href"]))).path.startswith(folder) for a in anchors)

    return max(groups.values(), key=lambda group: (own(group), len(group)), default=[])


FAMILY = TrsWcm()

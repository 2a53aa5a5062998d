"""Any portal: the largest list of dated links, the links called 下一页, the usual article marks."""

from __future__ import annotations

import re
from urllib.parse import urljoin

from bs4 import Tag

from scrapers.families.answers import is_json, json_listing
from scrapers.families.base import Article, Family, Listing
from scrapers.families.reading import (
    clean,
    dated_lists,
    first_text,
    metas,
    next_link,
    pages_said,
    read_plain_article,
    soup_of,
)

BODIES = (
    "#zoom",
    "#Zoom",
    "#zoomcon",
    "#detail_con",
    "#article",
    ".article-content",
    ".article_content",
    ".TRS_Editor",
    ".v_news_content",
    ".j-fontContent",
    ".wzcon",
    ".newsCon",
    ".con_text",
    "#content",
    ".content",
    "article",
)


def list_title(html: str) -> str | None:
    soup = soup_of(html)
    return metas(soup).get("columnname") or first_text(soup, ("h1", "title"))


class Generic(Family):
    name = "generic"
    title = "其他系统"
    label = "other"

    def detect(self, html: str, url: str) -> int:
        return 1

    def read_listing(self, html: str, url: str) -> Listing:
        if is_json(html):
            return json_listing(html, url)
        soup = soup_of(html)
        lists = dated_lists(soup, url)
        if not lists:
            return Listing(
                title=list_title(html),
                unread="it holds no list of dated links; its rows may be filled in by a script",
            )
        entries = max(lists, key=lambda found: len(found.entries)).entries
        href = next_link(soup, url)
        total = pages_said(soup)
        warning = None
        if href is None and (_has_more(html, total, url) or _turned_by_script(soup)):
            warning = "it has further pages that only its script can turn to"
        return Listing(
            entries=entries,
            title=list_title(html),
            next_page=urljoin(url, href) if href else None,
            next_href=href,
            total_pages=total,
            warning=warning,
        )

    def read_article(self, html: str, url: str) -> Article:
        return read_plain_article(html, url, bodies=BODIES)


def _turned_by_script(soup: Tag) -> bool:
    """Whether 下一页 is there, is not switched off, and has no address of its own."""
    for tag in soup.find_all(["a", "button", "span", "li"], onclick=True):
        state = " ".join(map(str, (*(tag.get("class") or ()), tag.get("disabled", ""))))
        if re.fullmatch(r"[>»\s]*下一?页[>»\s]*", clean(tag.get_text())):
            return not re.search("disab|gray|grey", state, re.I)
    return False


def _has_more(html: str, total: int | None, url: str) -> bool:
    """Whether page 1 of several cannot be left by a plain link."""
    current = re.search(r"[_/](\d+)\.s?html?$", url)
    if total is not None:
        return total > 1 and not (current and int(current[1]) >= total - 1)
    return bool(re.search(r">\s*下一?页\s*<", html)) and "javascript:" in html and not current


FAMILY = Generic()

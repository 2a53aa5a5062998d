"""Any portal: the largest list of dated links, the links called 下一页, the usual article marks."""

from __future__ import annotations

from urllib.parse import urljoin

from scrapers.families.answers import is_json, json_listing
from scrapers.families.base import Article, Family, Listing
from scrapers.families.reading import (
    FURTHER_PAGES,
    dated_lists,
    first_text,
    has_more,
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
        return Listing(
            entries=entries,
            title=list_title(html),
            next_page=urljoin(url, href) if href else None,
            next_href=href,
            total_pages=total,
            warning=FURTHER_PAGES if href is None and has_more(html, soup, url) else None,
        )

    def read_article(self, html: str, url: str) -> Article:
        return read_plain_article(html, url, bodies=BODIES)


FAMILY = Generic()

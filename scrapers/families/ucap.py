"""UCAP (开普云). The pager has TRS's name and other arguments:
``createPageHTML('page_div', total, current, 'nav_list', 'shtml', records)`` counts from 1, on some
portals from 0.
Articles carry ``<UCAPTITLE>``, ``<PUBLISHTIME>`` and ``<UCAPCONTENT>``; the meta PubDate is the
time of the last build. Files: ``<32 hex>/files/<32 hex>.xlsx``."""

from __future__ import annotations

import re
from urllib.parse import urljoin

from scrapers.families.base import Article, Family, Listing
from scrapers.families.generic import FAMILY as ANY
from scrapers.families.generic import list_title
from scrapers.families.reading import dated_lists, read_plain_article, soup_of

_PAGING = re.compile(
    r"createPageHTML\(\s*[\"'][^\"']*[\"']\s*,\s*(?P<total>\d+)\s*,\s*(?P<current>\d+)\s*,"
    r"\s*[\"'](?P<name>[^\"']+)[\"']\s*,\s*[\"'](?P<ext>\w+)[\"']\s*(?:,\s*(?P<records>\d+))?"
)


class Ucap(Family):
    name = "ucap"
    title = "开普 UCAP"

    def detect(self, html: str, url: str) -> int:
        if re.search(r"<UCAP(?:CONTENT|TITLE)>", html, re.I):
            return 95
        if _PAGING.search(html):
            return 90
        return 60 if re.search(r"/[0-9a-f]{32}\.shtml", html) else 0

    def read_listing(self, html: str, url: str) -> Listing:
        paging = _PAGING.search(html)
        lists = dated_lists(soup_of(html), url)
        if not lists or not paging:
            return ANY.read_listing(html, url)
        total, current = int(paging["total"]), int(paging["current"])
        # Where the first page is number 0, the last one is total - 1. A page in between does not
        # say from what it counts: who reads the list in order knows when it ends.
        last = total - 1 if current == 0 else total
        next_href = f"{paging['name']}_{current + 1}.{paging['ext']}" if current < last else None
        return Listing(
            entries=max(lists, key=lambda found: len(found.entries)).entries,
            title=list_title(html),
            next_page=urljoin(url, next_href) if next_href else None,
            next_href=next_href,
            total_pages=total,
            total_records=int(paging["records"]) if paging["records"] else None,
            is_counted=True,
        )

    def read_article(self, html: str, url: str) -> Article:
        return read_plain_article(
            html,
            url,
            bodies=("ucapcontent", "#zoomcon", ".article-content"),
            titles=("ucaptitle",),
            dates=("publishtime",),
        )


FAMILY = Ucap()

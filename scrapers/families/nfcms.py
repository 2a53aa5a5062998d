"""NFCMS (南方网), Guangdong's portals.

Static lists ``index.html``, ``index_2.html`` count from 1; the number of pages stands in a
script as ``Math.ceil(records/size)`` and is capped by it. Articles: ``content/post_N.html``.
The disclosure platform ``/gkmlpt/`` is filled by a script from
``/gkmlpt/api/all/{category}?page=n&sid=`` (JSON: total, articles).
"""

from __future__ import annotations

import json
import math
import re
from datetime import date
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from scrapers.families.answers import day_of
from scrapers.families.base import Article, Entry, Family, Listing
from scrapers.families.generic import BODIES, list_title
from scrapers.families.reading import (
    FURTHER_PAGES,
    address,
    clean,
    dated_lists,
    has_more,
    next_link,
    read_plain_article,
    soup_of,
)

_ARTICLE = re.compile(r"(?:content/)?(?:m?post)_\d+\.html|/gkmlpt/content/")


class Nfcms(Family):
    name = "nfcms"
    title = "南方 NFCMS"
    follows_scripts = True

    def detect(self, html: str, url: str) -> int:
        if re.search(r"NFCMS_(?:SITE|PUB|POST|CAT)", html):
            return 92
        if re.search(r"/postmeta/i/\d+\.json|/gkmlpt/", html):
            return 85
        return 70 if re.search(r"content/post_\d+\.html", html) else 0

    def read_listing(self, html: str, url: str) -> Listing:
        if "/gkmlpt/api/" in url:
            return _api(html, url)
        soup = soup_of(html)
        lists = dated_lists(soup, url, _ARTICLE)
        if not lists:
            return _platform(html, url)
        entries = max(lists, key=lambda found: len(found.entries)).entries
        counted = re.search(r"Math\.ceil\(\s*(\d+)\s*/\s*(\d+)\s*\)", html)
        called = re.search(r"createPageHTML\(\s*(\d+)\s*,", html) or re.search(
            r"\b(?:page_?count|total_?pages?)[\"']?\s*[=:]\s*[\"']?(\d+)", html, re.I
        )
        records = int(counted[1]) if counted else None
        total = (
            math.ceil(int(counted[1]) / max(int(counted[2]), 1))
            if counted
            else int(called[1])
            if called
            else max([1, *map(int, re.findall(r"/?index_(\d+)\.html[\"'?#]", html))])
        )
        here = re.search(r"index_(\d+)\.html$", urlsplit(url).path)
        current = int(here[1]) if here else 1
        # The portal's own pager stops at a cap; the pages after it are there all the same.
        next_href = f"index_{current + 1}.html" if current < total else None
        warning = None
        if total == 1 and not (counted or called):  # the page does not say how many there are
            next_href = next_link(soup, url)
            if next_href is None and has_more(html, soup, url):
                warning = FURTHER_PAGES
        return Listing(
            entries=entries,
            title=list_title(html),
            next_page=urljoin(url, next_href) if next_href else None,
            next_href=next_href,
            total_pages=total,
            total_records=records,
            warning=warning,
        )

    def read_article(self, html: str, url: str) -> Article:
        return read_plain_article(
            html,
            url,
            bodies=(".news_cont_d_wrap", ".article-content", ".zx_xxgk_cont", *BODIES),
            article_link=_ARTICLE,
        )


def _platform(html: str, url: str) -> Listing:
    """A page of the disclosure platform: its rows are behind the API."""
    category = re.search(r"#/?(\d+)$", url) or re.search(r"NFCMS_CAT_ID\s*=\s*[\"']?(\d+)", html)
    site = re.search(r"\b(?:NFCMS_SITE_ID|SITE_ID|SID|sid)[\"']?\s*[=:]\s*[\"']?(\d+)", html)
    if category:
        query = {"page": "1"} | ({"sid": site[1]} if site else {})
        # A body's own platform lies below its folder: /body/gkmlpt/.
        folder = urlsplit(url).path.partition("/gkmlpt")[0] if "/gkmlpt" in url else ""
        path = f"{folder}/gkmlpt/api/all/{category[1]}?{urlencode(query)}"
        return Listing(title=list_title(html), filled_by=urljoin(url, path))
    return Listing(
        title=list_title(html),
        unread="its rows are filled in by a script, and no category number leads to their API "
        "(write the path as /gkmlpt/index#NUMBER)",
    )


def _api(text: str, url: str) -> Listing:
    try:
        answer: Any = json.loads(text)
        articles: list[dict[str, Any]] = answer["articles"]
        total = int(answer["total"])
    except (ValueError, KeyError, TypeError):
        return Listing(unread="the API's answer is not the JSON that holds total and articles")
    entries = tuple(
        Entry(clean(str(a["title"])), urljoin(url, href), href, _day(a))
        for a in articles
        if a.get("title") and (href := address(str(a.get("post_url") or a.get("url") or "")))
    )
    parts = urlsplit(url)
    asked = dict(parse_qsl(parts.query, keep_blank_values=True))
    page = int(asked.get("page", "1"))
    # The API's page size is its own and shows on page 1 only: it is carried along in the
    # fragment, which no browser or library sends.
    noted = re.fullmatch(r"size=(\d+)", parts.fragment)
    size = int(noted[1]) if noted and page > 1 else len(articles)
    more = bool(articles) and page * size < total
    query = urlencode(asked | {"page": str(page + 1)})
    next_href = f"{parts.path}?{query}#size={size}" if more else None
    return Listing(
        entries=entries,
        next_page=urljoin(url, next_href) if next_href else None,
        next_href=next_href,
        total_records=total,
        unread=None if entries or total == 0 or page > 1 else "the API names a total, no article",
    )


_TIMES = (
    "display_publish_time",
    "first_publish_time",
    "publish_time",
    "date",
    "create_time",
    "created_at",
)


def _day(article: dict[str, Any]) -> date | None:
    for key in _TIMES:
        value = article.get(key)
        if found := day_of(value):
            return found
    return None


FAMILY = Nfcms()

"""VSB (博达网站群). Pages count backwards: page 1 is ``slug.htm``, page P ``slug/{total-P+1}.htm``.
Links are relative without a leading dot; a title attribute is "主题：… 日期：…". Articles:
``info/1145/18995.htm``; files: ``/system/_content/download.jsp?…wbfileid=``, whose name is in
Content-Disposition only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlencode, urljoin, urlsplit

from bs4 import Tag

from scrapers.families.base import Article, Attachment, Family, Listing
from scrapers.families.generic import BODIES, list_title
from scrapers.families.generic import FAMILY as ANY
from scrapers.families.reading import (
    FURTHER_PAGES,
    clean,
    dated_lists,
    has_more,
    next_link,
    pages_said,
    read_plain_article,
    soup_of,
)

_ARTICLE = re.compile(
    r"(?:^|/)info/\d+/\d+\.htm|(?:content|show)\.jsp\?.*(?:wbnewsid|urltype=news)"
)


class Vsb(Family):
    name = "vsb"
    title = "博达 VSB"

    def detect(self, html: str, url: str) -> int:
        if re.search(r"_addDynClicks|_showDynClick|/system/resource/js/|_vsb_|vsb_content", html):
            return 90
        return 55 if re.search(r"[\"'/]info/\d+/\d+\.htm", html) else 0

    def read_listing(self, html: str, url: str) -> Listing:
        soup = soup_of(html)
        lists = dated_lists(soup, url, _ARTICLE)
        if not lists:
            return ANY.read_listing(html, url)
        total = _total(soup) or pages_said(soup) or _last_number(html)
        next_href = next_link(soup, url) or _before(url, total)
        is_numbered = re.search(r"/\d+\.htm$", urlsplit(url).path)  # 1.htm is the last page
        cut_off = next_href is None and not is_numbered and has_more(html, soup, url)
        return Listing(
            entries=max(lists, key=lambda found: len(found.entries)).entries,
            title=list_title(html),
            next_page=urljoin(url, next_href) if next_href else None,
            next_href=next_href,
            total_pages=total or (None if next_href else 1),
            total_records=_records(clean(soup.get_text(" "))),
            warning=FURTHER_PAGES if cut_off else None,
        )

    def read_article(self, html: str, url: str) -> Article:
        return read_plain_article(
            html,
            url,
            extra_attachments=_called_files(html, url),
            bodies=(
                "form[name=_newscontent_fromname]",
                "[id^=vsb_content]",
                ".v_news_content",
                *BODIES,
            ),
            article_link=_ARTICLE,
        )


def _called_files(html: str, url: str) -> Iterator[Attachment]:
    """Files behind ``a_downloadfile(id)``: the script asks download.jsp for that number, with the
    site's own number, which other calls of the page name."""
    owner = re.search(r"owner=(\d+)|getClickTimes\(\s*\d+\s*,\s*(\d+)", html)
    for tag in soup_of(html).find_all("a", onclick=re.compile(r"downloadfile\(", re.I)):
        number = re.search(r"downloadfile\(\s*[\"']?(\d+)", str(tag["onclick"]), re.I)
        if number is None:
            continue
        query = {"urltype": "news.DownloadAttachUrl"}
        if owner:
            query["owner"] = owner[1] or owner[2]
        href = f"/system/_content/download.jsp?{urlencode(query | {'wbfileid': number[1]})}"
        yield Attachment(clean(tag.get_text()) or None, urljoin(url, href), href, "onclick call")


def _total(soup: Tag) -> int | None:
    """The pager's own "1/11"."""
    for tag in soup.select(".p_t, td[id^=fanye]"):
        match = re.search(r"\d+\s*/\s*(\d+)", tag.get_text())
        if match:
            return int(match[1])
    return None


def _records(text: str) -> int | None:
    match = re.search(r"共\s*(\d+)\s*条", text)
    return int(match[1]) if match else None


def _last_number(html: str) -> int | None:
    """The number of pages from the pager's own arguments, where no text says it."""
    match = re.search(r"_simple_list_gotopage_fun\((\d+)", html)
    return int(match[1]) if match else None


def _before(url: str, total: int | None) -> str | None:
    """The next page by counting backwards, where the pager is no plain link."""
    path = urlsplit(url).path
    numbered = re.search(r"/(\d+)\.htm$", path)
    if numbered:
        return f"{int(numbered[1]) - 1}.htm" if int(numbered[1]) > 1 else None
    slug = re.search(r"/([^/]+)\.htm$", path)
    return f"{slug[1]}/{total - 1}.htm" if slug and total and total > 1 else None


FAMILY = Vsb()

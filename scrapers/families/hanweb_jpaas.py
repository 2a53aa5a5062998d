"""Hanweb jpaas (大汉云), the newer system.

Lists are filled by a script: ``<script … url="/api-gateway/jpaas-publish-server/front/page/
build/unit" queryData="{…}">`` names the address to ask, with ``paramJson={"pageNo":n,
"pageSize":50}``; the answer is JSON with the rows as HTML in ``data.html``. A page without rows
therefore says nothing about what is published.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from scrapers.families.answers import is_json, json_listing
from scrapers.families.base import Article, Family, Listing
from scrapers.families.generic import BODIES, list_title
from scrapers.families.generic import FAMILY as ANY
from scrapers.families.hanweb_old import FAMILY as OLD
from scrapers.families.hanweb_old import data_stores
from scrapers.families.reading import dated_lists, read_plain_article, rows_of, soup_of, tree_of

_UNIT = "/api-gateway/jpaas-publish-server/front/page/build/unit"
_PAGE_SIZE = 50
# Units of a page that are not its list: menus, search boxes, guides, annual reports.
_NOT_THE_LIST = re.compile("子栏目|检索|导航|位置|年报|指南|搜索|页头|页尾|banner", re.I)


class HanwebJpaas(Family):
    name = "hanweb_jpaas"
    title = "大汉 jpaas（云版）"

    def detect(self, html: str, url: str) -> int:
        if "/jpaas-publish-server/" in url and is_json(html):
            return 88
        if "jpaas-publish-server" in html or "unitbuild.js" in html:
            return 88
        if "jpaas-web-server" in html:
            return 75
        return 40 if "/cms_files/" in html else 0

    def read_listing(self, html: str, url: str) -> Listing:
        if urlsplit(url).path.endswith("/build/unit"):
            return _unit(html, url)
        if is_json(html):
            return _unit(html, url) if '"html"' in html else json_listing(html, url)
        if any(store.entries for store in data_stores(html, url)):
            return OLD.read_listing(html, url)  # a portal that was moved and kept its lists
        unit = _list_unit(html)
        if unit is None:
            return ANY.read_listing(html, url)
        address, query = unit
        query |= {"paramJson": _compact({"pageNo": 1, "pageSize": _PAGE_SIZE})}
        return Listing(
            title=list_title(html), filled_by=urljoin(url, f"{address}?{urlencode(query)}")
        )

    def read_article(self, html: str, url: str) -> Article:
        return read_plain_article(html, url, bodies=("#zoom", "#zwnr", ".bt_content", *BODIES))


def _list_unit(html: str) -> tuple[str, dict[str, str]] | None:
    """The address and parameters of the unit that holds the column's list."""
    best: tuple[int, str, dict[str, str]] | None = None
    for script in soup_of(html).find_all("script", attrs={"querydata": True}):
        written = str(script["querydata"]).replace('"', "'")
        query: dict[str, str] = dict(re.findall(r"'(\w+)'\s*:\s*'([^']*)'", written))
        name = query.get("tagId", "")
        if not query or _NOT_THE_LIST.search(name):
            continue
        score = 2 * bool(re.search("list|列表|信息", name, re.I)) + (
            query.get("pageType") == "column"
        )
        if best is None or score > best[0]:
            best = (score, str(script.get("url") or _UNIT), query)
    return (best[1], best[2]) if best else None


def _compact(parameters: dict[str, Any]) -> str:
    """JSON without blanks, as the portal's own script writes it (some gateways refuse others)."""
    return json.dumps(parameters, separators=(",", ":"))


def _unit(html: str, url: str) -> Listing:
    """The unit's answer. The number of pages is not in it: the next is asked for until one
    brings no rows."""
    try:
        answer: Any = json.loads(html)
        rows = str((answer.get("data") or {}).get("html") or "")
    except (ValueError, AttributeError):
        return Listing(unread="the unit's answer is not the JSON that holds data.html")
    soup = tree_of(rows)
    lists = dated_lists(soup, url)
    entries = (
        max(lists, key=lambda found: len(found.entries)).entries
        if lists
        else rows_of(soup.find_all("a", href=re.compile(r"/art/|\.html")), url)
    )
    parts = urlsplit(url)
    asked = dict(parse_qsl(parts.query, keep_blank_values=True))
    try:
        parameters: dict[str, Any] = json.loads(asked.get("paramJson", "{}"))
    except ValueError:
        parameters = {}
    page = int(parameters.get("pageNo", 1))
    next_href = None
    if entries:
        asked["paramJson"] = _compact(parameters | {"pageNo": page + 1, "pageSize": _PAGE_SIZE})
        next_href = f"{parts.path}?{urlencode(asked)}"
    said_empty = re.search("暂无|没有(?:找到|相关)", rows)
    return Listing(
        entries=entries,
        next_page=urljoin(url, next_href) if next_href else None,
        next_href=next_href,
        unread=None if entries or page > 1 or said_empty else "the unit's answer holds no rows",
    )


FAMILY = HanwebJpaas()

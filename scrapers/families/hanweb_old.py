"""Hanweb jcms (大汉版通), the older system.

Rows are records of a ``<datastore>`` inside ``<script type="text/xml">``, HTML-escaped; further
ones come from ``/module/web/jpage/dataproxy.jsp`` by record numbers. Titles in lists are cut:
the article has the full one. Articles: ``/art/2026/1/30/art_123_456.html``; files:
``/module/download/downfile.jsp?classid=0&showname=&filename=``.
"""

from __future__ import annotations

import html as entities
import math
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from scrapers.families.base import Article, Entry, Family, Listing
from scrapers.families.generic import BODIES, list_title
from scrapers.families.generic import FAMILY as ANY
from scrapers.families.reading import read_plain_article, rows_of, soup_of, tree_of

_ARTICLE = re.compile(r"/art/\d{4}/\d{1,2}/\d{1,2}/art_|/art/\d{4}/art_\d+_\d+")
_RECORD = re.compile(r"<record>\s*(?:<!\[CDATA\[)?(.*?)(?:\]\]>)?\s*</record>", re.S)
_NEXT_GROUP = re.compile(r"<nextgroup>.*?href=[\"']([^\"']+)[\"'].*?</nextgroup>", re.S)
_CALL = re.compile(r"\$\([\"']#(?P<unit>\w+)[\"']\)\.jpage\(\{(?P<options>.*?)\}\)", re.S)
_OPTION = re.compile(r"(\w+)\s*:\s*(?:'([^']*)'|\"([^\"]*)\"|(\d+))")
_GROUP_PAGES = 3
"""How many pages' records one request asks for, as the portal's own script does."""


@dataclass(frozen=True)
class DataStore:
    """One list of a page: its records as entries and what is needed to ask for more."""

    unit: str | None
    entries: tuple[Entry, ...]
    next_group: str | None


class HanwebOld(Family):
    name = "hanweb_old"
    title = "大汉 jcms（旧版）"

    def detect(self, html: str, url: str) -> int:
        if re.search(
            r"/module/web/jpage/|<datastore>|&lt;datastore&gt;|<record>\s*<!\[CDATA\[", html
        ):
            return 85
        if "/module/download/downfile.jsp" in html:
            return 80
        if re.search(r"[\"'(]/module/jslib/|/jcms_files/|name=[\"']Maketime", html):
            return 60
        return 20 if _ARTICLE.search(url) else 0

    def read_listing(self, html: str, url: str) -> Listing:
        stores = data_stores(html, url)
        if "dataproxy.jsp" in urlsplit(url).path:
            return _further(html, url, stores)
        if not stores:
            call = _CALL.search(html)
            if call and int(_options(call["options"]).get("totalRecord", "0")) > 0:
                return Listing(
                    title=list_title(html),
                    filled_by=urljoin(url, _ask(html, call["unit"], None, 1)),
                )
            return ANY.read_listing(html, url)
        store = max(stores, key=lambda found: len(found.entries))
        options = _call_of(html, store.unit)
        total = int(options.get("totalRecord", len(store.entries)))
        size = int(options.get("perPage", 15)) or 15
        next_href = None
        if len(store.entries) < total:
            next_href = _ask(html, store.unit, store.next_group, len(store.entries) + 1)
        return Listing(
            entries=store.entries,
            title=list_title(html),
            next_page=urljoin(url, next_href) if next_href else None,
            next_href=next_href,
            total_pages=math.ceil(total / size),
            total_records=total,
            unread=None if store.entries or total == 0 else "its records could not be read",
        )

    def read_article(self, html: str, url: str) -> Article:
        return read_plain_article(
            html, url, bodies=("#zoom", "#c", ".bt_content", ".main-txt", *BODIES)
        )


def data_stores(html: str, url: str) -> list[DataStore]:
    """Every ``<datastore>`` of a page or of the proxy's answer."""
    found: list[DataStore] = []
    for script in soup_of(html).find_all("script", type=re.compile("text/xml", re.I)):
        holder = script.parent.get("id") if script.parent else None
        store = _store(script.get_text(), url, str(holder) if holder else None)
        if store:
            found.append(store)
    if not found and re.search(r"(?:<|&lt;)(?:datastore|recordset|record)\b", html[:2000]):
        store = _store(html, url, None)
        if store:
            found.append(store)
    return found


def _store(text: str, url: str, unit: str | None) -> DataStore | None:
    if re.search(r"&lt;(?:datastore|record)", text):
        text = entities.unescape(text)
    if not re.search(r"<(?:datastore|record)\b", text):
        return None
    rows = " ".join(_RECORD.findall(text))
    group = _NEXT_GROUP.search(text)
    return DataStore(
        unit,
        rows_of(tree_of(rows).find_all("a"), url),
        entities.unescape(group[1]) if group else None,
    )


def _options(text: str) -> dict[str, str]:
    return {m[1]: m[2] or m[3] or m[4] or "" for m in _OPTION.finditer(text)}


def _call_of(html: str, unit: str | None) -> dict[str, str]:
    calls = list(_CALL.finditer(html))
    call = next((c for c in calls if c["unit"] == unit), calls[0] if len(calls) == 1 else None)
    return _options(call["options"]) if call else {}


def _ask(html: str, unit: str | None, next_group: str | None, start: int) -> str:
    """The address of the records from ``start`` on, as the page's own script would ask."""
    options = _call_of(html, unit)
    size = int(options.get("perPage", 15)) or 15
    parameters: dict[str, str] = {}
    base = options.get("proxyUrl", "/module/web/jpage/dataproxy.jsp")
    if next_group:
        parts = urlsplit(next_group)
        base = urlunsplit(parts._replace(query=""))
        parameters |= dict(parse_qsl(parts.query, keep_blank_values=True))
    for block in re.findall(r"\{[^{}]*\bunitid\b[^{}]*\}", html):
        given = _options(block)
        if unit is None or given.get("unitid") == unit:
            parameters = given | parameters
            break
    parameters |= {
        "startrecord": str(start),
        "endrecord": str(start + _GROUP_PAGES * size - 1),
        "perpage": str(size),
    }
    return f"{base}?{urlencode(parameters)}"


def _further(html: str, url: str, stores: list[DataStore]) -> Listing:
    """The proxy's answer: records, and how many there are in all."""
    if not stores:
        return Listing(unread="the record proxy's answer holds no <datastore>")
    parts = urlsplit(url)
    asked = dict(parse_qsl(parts.query, keep_blank_values=True))
    entries = stores[0].entries
    start = int(asked.get("startrecord", "1"))
    said = re.search(r"<totalrecord>\s*(\d+)", html, re.I)
    total = int(said[1]) if said else None
    reached = start + len(entries) - 1
    more = bool(entries) and (reached < total if total is not None else True)
    next_href = None
    if more:
        size = int(asked.get("perpage", "15")) or 15
        asked |= {
            "startrecord": str(reached + 1),
            "endrecord": str(reached + _GROUP_PAGES * size),
        }
        next_href = f"{parts.path}?{urlencode(asked)}"
    return Listing(
        entries=entries,
        next_page=urljoin(url, next_href) if next_href else None,
        next_href=next_href,
        total_records=total,
    )


FAMILY = HanwebOld()

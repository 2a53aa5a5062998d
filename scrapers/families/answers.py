"""Answers in JSON that a list's script asks for, whatever the portal calls its fields.

A row is an object with a title and an address; the list is the longest array of them. Field
names differ from make to make, so they are told by what they hold.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from scrapers.families.base import Entry, Listing
from scrapers.families.reading import address, clean, date_in, is_cut

__all__ = ["day_of", "is_json", "json_listing"]

_CHINA = timezone(timedelta(hours=8))
_TITLE = re.compile(r"(?:^|_)(?:title|subject|name|doctitle|articletitle|topic)$|title$", re.I)
_ADDRESS = re.compile(r"url$|^href$|link$|^path$", re.I)
_DATE = re.compile(r"time$|date$|_at$|^pub", re.I)
_TOTAL = re.compile(r"^(?:total|totals|totalcount|count|totalrecord|totalrows|recordcount)$", re.I)
_PAGES = re.compile(r"^(?:pages|totalpage|totalpages|pagecount)$", re.I)
_PAGE_PARAMETER = re.compile(
    r"^(?:page|pageno|pageindex|pagenum|pagenumber|curpage|currentpage|p|current)$", re.I
)


def is_json(text: str) -> bool:
    return text.lstrip("\ufeff \t\r\n")[:1] in {"{", "["}


def json_listing(text: str, url: str) -> Listing:
    """Read an answer as a list page; ``unread`` where it holds no rows and does not say 0."""
    try:
        answer: Any = json.loads(text.lstrip("\ufeff"))
    except ValueError:
        return Listing(unread="the answer is not JSON")
    rows = max(_arrays(answer), key=len, default=[])
    entries = tuple(dict.fromkeys(filter(None, (_entry(row, url) for row in rows))))
    total, pages = _number(answer, _TOTAL), _number(answer, _PAGES)
    page, following = _following(url)
    if pages is None and total is not None and page == 1 and entries:
        pages = math.ceil(total / len(rows))
    more = bool(entries) and following is not None and (pages is None or page < pages)
    return Listing(
        entries=entries,
        next_page=urljoin(url, following) if more and following else None,
        next_href=following if more else None,
        total_pages=pages,
        total_records=total,
        unread=None
        if entries or total == 0 or page > 1
        else "the answer in JSON holds no array of rows with title and address",
        warning="it has further pages, and its address has no page number to raise"
        if entries and following is None and pages is not None and pages > 1
        else None,
    )


def _arrays(node: Any) -> Iterator[list[dict[str, Any]]]:
    """Every array of objects that look like rows."""
    if isinstance(node, dict):
        for value in node.values():
            yield from _arrays(value)
    elif isinstance(node, list):
        rows = [one for one in node if isinstance(one, dict) and _field(one, _ADDRESS)]
        if rows and len(rows) == len(node) and any(_field(one, _TITLE) for one in rows):
            yield rows
        else:
            for value in node:
                yield from _arrays(value)


def _field(row: dict[str, Any], pattern: re.Pattern[str]) -> str | None:
    for key, value in row.items():
        if pattern.search(key) and isinstance(value, str) and value.strip():
            return value.strip()
    return None


def _entry(row: dict[str, Any], url: str) -> Entry | None:
    title, href = _field(row, _TITLE), _field(row, _ADDRESS)
    if not title or not href:
        return None
    title = clean(re.sub(r"<[^>]+>", "", title))  # some mark the words searched for
    href = address(href)
    return Entry(title, urljoin(url, href), href, _date(row), is_cut(title))


def _date(row: dict[str, Any]) -> date | None:
    dated = [
        (key, day) for key, value in row.items() if _DATE.search(key) and (day := day_of(value))
    ]
    published = [day for key, day in dated if re.search("pub|display|show", key, re.I)]
    return next(iter(published), None) or next((day for _, day in dated), None)


def day_of(value: Any) -> date | None:
    """A day from text, or from seconds or milliseconds since 1970 (in China's time)."""
    if isinstance(value, str):
        if not value.isdigit() or len(value) not in {10, 13}:
            return date_in(value)
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        return None
    seconds = value / 1000 if value > 10**11 else value
    try:
        found = datetime.fromtimestamp(seconds, _CHINA).date()
    except (OverflowError, OSError, ValueError):
        return None
    return found if date(1990, 1, 1) < found < date(2200, 1, 1) else None


def _number(node: Any, pattern: re.Pattern[str]) -> int | None:
    """The first number of that name, outside the rows."""
    if not isinstance(node, dict):
        return None
    for key, value in node.items():
        text = str(value)
        if pattern.search(key) and not isinstance(value, bool) and text.isdigit():
            return int(text)
    return next(filter(lambda n: n is not None, (_number(v, pattern) for v in node.values())), None)


def _following(url: str) -> tuple[int, str | None]:
    """The page number in an address, and the address with the next one."""
    parts = urlsplit(url)
    asked = parse_qsl(parts.query, keep_blank_values=True)
    for at, (key, value) in enumerate(asked):
        if _PAGE_PARAMETER.search(key) and value.isdigit():
            changed = [*asked[:at], (key, str(int(value) + 1)), *asked[at + 1 :]]
            return max(int(value), 1), f"{parts.path}?{urlencode(changed)}"
    numbered = re.search(r"_(\d+)\.json$", parts.path)
    if numbered:
        number = int(numbered[1])
        return number, re.sub(r"_\d+\.json$", f"_{number + 1}.json", parts.path)
    return 1, None

"""Draft a county's site file from the address of its column (or of its home page).

The draft is a beginning, never an end: ``verified`` is false until a person has looked at
what :func:`scrapers.probe.probe` finds with it.
"""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from pydantic import BaseModel, Field

from scrapers.families import detect_family
from scrapers.families.reading import metas, redirect_of, soup_of
from scrapers.fetch import CrawlSettings, PoliteSession
from scrapers.pages import read_saved_page
from scrapers.site import Pace, Site, host_of

__all__ = ["UNKNOWN_CODE", "Draft", "DraftError", "draft_site"]

UNKNOWN_CODE = "000000"
"""Stands where the division code (GB/T 2260) is not known yet."""

_COUNTY = re.compile(r"[\u4e00-\u9fff]{1,6}?(?:自治县|县|区|市|旗)(?=人民政府|政府|财政)")
_MOST_COLUMNS = 6
_HOPS = 3


class DraftError(RuntimeError):
    """No draft could be made; the message says what came instead and what to do."""


class Draft(BaseModel):
    """A drafted site file: the text, where it belongs, and what a person must still look at."""

    file_name: str
    text: str
    site: Site
    family_title: str
    certainty: int
    """How surely the family was recognised, 0 to 100."""
    to_do: list[str] = Field(default_factory=list)


def draft_site(
    url: str,
    *,
    name: str | None = None,
    county_code: str | None = None,
    allow_private: bool = False,
    settings: CrawlSettings | None = None,
) -> Draft:
    """Read one page (and what it forwards to) and draft the site file.

    A list becomes the site's column; of a home page the links that speak of budgets do.

    Raises:
        DraftError: the page did not come, or it is a block page.
        ValueError: a public site, and no contact address is set; or fields that no site file
            may hold.
    """
    settings = settings or CrawlSettings.from_environment()
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{url!r} is no address: begin with http:// or https://")
    if not settings.contact and not allow_private:
        raise ValueError(
            f"no contact address is set, and {host_of(url)} is a public host. Set BUDGETS_CONTACT "
            "to an e-mail address or web page, so that the site's operator can reach you."
        )
    here, html, body = _fetch(url, settings, allow_private)
    family = detect_family(html, here)
    certainty = family.detect(html, here)
    read = read_saved_page(body, here)
    to_do: list[str] = []
    if read["kind"] in {"block", "empty"}:
        block = read["block"]
        raise DraftError(
            f"{here} is not the page asked for: {block['zh']} ({block['en']}). Open it in a "
            "browser; a block is not worked around."
        )
    meta = metas(soup_of(html))
    columns = _columns(read, here, html, meta)
    if not columns:
        path = urlsplit(here).path or "/"
        columns = [_column_of(path, meta.get("columnname") or "部门预算公开")]
        to_do.append(
            f"{here} is no list and names no budget column ({read['kind']}): put the path of the "
            "budget column into `columns`"
        )
    county = name or _county(html, meta)
    if county is None:
        county = host_of(here)
        to_do.append("`name`: the county's name as printed (e.g. 泽州县)")
    code = county_code or UNKNOWN_CODE
    if county_code is None:
        to_do.append("`county_code`: the six digits of GB/T 2260, in quotes")
    if certainty == 0 and read["kind"] == "list":
        to_do.append("`family`: no known system was recognised; generic reads the largest list")
    base = f"{urlsplit(here).scheme}://{urlsplit(here).netloc}/"
    site = Site.model_validate(
        {
            "name": county,
            "county_code": code,
            "base_url": base,
            "family": family.name,
            "allow_private": allow_private,
            "columns": columns,
        }
    )
    return Draft(
        file_name=f"{code}-{host_of(here).replace(':', '-')}.yml",
        text=_yaml(site, to_do),
        site=site,
        family_title=family.title,
        certainty=certainty,
        to_do=to_do,
    )


def _fetch(url: str, settings: CrawlSettings, allow_private: bool) -> tuple[str, str, bytes]:
    private = frozenset({(urlsplit(url).hostname or "").lower()} if allow_private else ())
    locks = Path(tempfile.gettempdir()) / "county-budget-locks"
    pace = Pace(pause_seconds=0 if allow_private else 2, jitter_seconds=0 if allow_private else 1)
    with PoliteSession(settings, pace, private_hosts=private, lock_folder=locks) as session:
        for _ in range(_HOPS):
            fetched = session.get(url)
            if fetched.body is None:
                raise DraftError(fetched.reason or f"{url} could not be fetched.")
            if fetched.kind is not None and fetched.kind.is_document:
                raise DraftError(
                    f"{url} is a file ({fetched.kind.media_type}). Give the address of the column "
                    "that lists the budgets."
                )
            html = fetched.decoded().text
            redirect = redirect_of(html)
            if redirect is None:
                return fetched.final_url, html, fetched.body
            url = urljoin(fetched.final_url, redirect.target)
    raise DraftError(f"{url}: forwarded more than {_HOPS} times. Open it in a browser.")


def _columns(
    read: dict[str, object], here: str, html: str, meta: dict[str, str]
) -> list[dict[str, str]]:
    if read["kind"] == "list":
        title = str(read.get("list_title") or meta.get("columnname") or "部门预算公开")
        path = urlsplit(here)
        return [_column_of(path.path + (f"?{path.query}" if path.query else ""), title)]
    leads = read.get("budget_leads")
    if not isinstance(leads, list):
        return []
    found: dict[str, dict[str, str]] = {}
    for lead in leads[:_MOST_COLUMNS]:
        target = urljoin(here, str(lead["href"]))
        if host_of(target) != host_of(here):
            continue  # another portal is another site file
        path = urlsplit(target)
        whole = path.path + (f"?{path.query}" if path.query else "")
        found.setdefault(whole, _column_of(whole, str(lead["text"])))
    return list(found.values())


def _column_of(path: str, title: str) -> dict[str, str]:
    has_budget, has_final = "预算" in title, "决算" in title or "预决算" in title
    holds = "mixed"
    if has_budget and not has_final:
        holds = "budget"
    elif has_final and not has_budget and "预" not in title:
        holds = "final_account"
    scope = "department" if "部门" in title else "unit" if "单位" in title else "mixed"
    return {"path": path, "holds": holds, "scope": scope, "title": title.strip() or "部门预算公开"}


def _county(html: str, meta: dict[str, str]) -> str | None:
    title = soup_of(html).find("title")
    for text in (meta.get("sitename", ""), title.get_text() if title else ""):
        found = _COUNTY.findall(re.sub(r"\s+", "", text))
        if found:
            name: str = found[-1]
            # 晋城市泽州县 → 泽州县; a prefecture's own portal keeps its name
            return re.sub(r"^.+?市(?=.{2,})", "", name)
    return None


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _yaml(site: Site, to_do: list[str]) -> str:
    """The site file as a person would write it; under ten lines for one column."""
    lines = [f"# 待办 to do: {item}" for item in to_do]
    lines += [
        f"name: {_quoted(site.name)}",
        f'county_code: "{site.county_code}"',
        f"base_url: {site.base_url}",
        f"family: {site.family}",
        "verified: false",
    ]
    if site.allow_private:
        lines.append("allow_private: true")
    lines.append("columns:")
    lines += [
        f"  - {{path: {_quoted(c.path)}, holds: {c.holds}, scope: {c.scope}, "
        f"title: {_quoted(c.title)}}}"
        for c in site.columns
    ]
    return "\n".join(lines) + "\n"

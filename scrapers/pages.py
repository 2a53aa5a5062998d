"""Read one saved page without a site file: whose it is, what it is, and what it gives.

Used to find out how a portal works before a site file is written, and to measure the families
against pages whose right reading is known.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any
from urllib.parse import urljoin, urlsplit

from scrapers.archive import Outcome
from scrapers.blocks import recognise_block
from scrapers.decode import decode_page
from scrapers.families import Article, Entry, Listing, detect_family
from scrapers.families.hanweb_old import data_stores
from scrapers.families.reading import (
    clean,
    dated_lists,
    is_home,
    link_title,
    metas,
    redirect_of,
    soup_of,
)
from scrapers.filetype import extension_of

__all__ = ["read_saved_page"]


def read_saved_page(html_bytes: bytes, url: str | None = None) -> dict[str, Any]:
    """What a page gives, as plain data.

    Args:
        html_bytes: the page as it came.
        url: its address; where it is not known, it is taken from the page's own statements.

    Returns:
        ``encoding`` (declared, declared_by, true), ``family`` (its label: trs, hanweb_old,
        hanweb_jpaas, hanweb_zj, nfcms, ucap, vsb, other, or other:<what it is> of a page that
        gives nothing), ``module`` (what a site file calls the family), ``kind``
        (list, article, home, redirect, block, empty, other), ``base_url``, and by kind:

        - list: ``list_title``, ``entries`` (title, href, resolved, date), ``total_pages``,
          ``total_records``, ``next_page``, ``next_page_resolved``, ``subcolumns``,
          ``entries_in_html`` (False where a script fills the list), ``filled_by``
        - article: ``title``, ``publish_date``, ``source``, ``source_alt``, ``attachments``
          (name, href, type, how, resolved), ``child_documents``, ``body_images`` (count,
          first, last), ``body_has_tables``, ``body_iframe``
        - redirect: ``target``, ``target_resolved``, ``mechanism``
        - home: ``budget_leads`` (text, href), ``embedded_lists`` (entries)
        - block, empty: ``block`` (the rule's id and wording)
    """
    text = decode_page(html_bytes)
    html = text.text
    stated = url or _own_address(html)
    base = stated or ""
    family = detect_family(html, base)
    found: dict[str, Any] = {
        "encoding": {
            "declared": text.declared,
            "declared_by": text.declared_by,
            "true": text.encoding,
        },
        "family": family.label or family.name,
        "module": family.name,
        "base_url": stated,
    }
    redirect = redirect_of(html)
    if redirect:
        if family.name == "generic":
            found["family"] = f"{family.label}:{_MECHANISMS[redirect.by]}"
        return found | {
            "kind": "redirect",
            "target": redirect.target,
            "target_resolved": urljoin(base, redirect.target)
            if base
            else _absolute(redirect.target),
            "mechanism": redirect.by,
        }
    block = recognise_block(200, html, len(html_bytes))
    if block:
        if family.name == "generic":
            found["family"] = f"{family.label}:{block.id}"
        kind = (
            "empty" if block.id == "iis_default" or block.outcome is Outcome.DEAD_LINK else "block"
        )
        return found | {
            "kind": kind,
            "block": {"rule": block.id, "zh": block.zh, "en": block.en},
        }
    article = family.read_article(html, base)
    if _is_article(html, article):
        return found | {"kind": "article"} | _article(article, base)
    listing = family.read_listing(html, base)
    if _is_list(html, listing):
        return found | {"kind": "list"} | _list(listing, base)
    if _looks_like_an_article(html, article):
        return found | {"kind": "article"} | _article(article, base)
    if is_home(html) or len(_lists(html, "")) >= 3:
        return found | {"kind": "home"} | _home(html, base)
    return found | {"kind": "other"}


def _is_article(html: str, article: Article) -> bool:
    return "articletitle" in metas(soup_of(html)) or bool(
        soup_of(html).find(["ucaptitle", "ucapcontent"])
    )


_MECHANISMS = {"meta": "meta_refresh", "script": "js_redirect"}


def _looks_like_an_article(html: str, article: Article) -> bool:
    """Without the usual metas: a title, a date of publication and a body that stands alone."""
    return (
        article.is_recognised
        and article.published_on is not None
        and bool(article.body or article.attachments)
        and not is_home(html)
        and len(_lists(html, "")) < 3
    )


def _is_list(html: str, listing: Listing) -> bool:
    calls = re.sub(r"function\s+\w+\s*\([^)]*\)", "", html)
    if listing.entries and re.search(r"createPage(?:HTML)?\(", calls):
        return True
    if is_home(html) or len(_lists(html, "")) >= 3:
        return False
    column = metas(soup_of(html)).get("columnname")
    if listing.filled_by and column and _last(metas(soup_of(html)).get("server")) != "index.html":
        return True
    return bool(listing.entries)


def _last(server: str | None) -> str | None:
    """The path of the meta ``server``, None where it is a column's."""
    path = (server or "").strip(", ").partition("/")[2]
    return path or None


def _list(listing: Listing, base: str) -> dict[str, Any]:
    return {
        "list_title": listing.title,
        "entries": [_entry(entry, base) for entry in listing.entries],
        "entries_in_html": listing.filled_by is None,
        "filled_by": listing.filled_by,
        "total_pages": listing.total_pages,
        "total_records": listing.total_records,
        "next_page": listing.next_href,
        "next_page_resolved": listing.next_page if base else None,
        "subcolumns": [{"title": sub.title, "href": sub.href} for sub in listing.subcolumns],
    }


def _entry(entry: Entry, base: str) -> dict[str, Any]:
    return {
        "title": entry.title,
        "href": entry.href,
        "resolved": entry.url if base else _absolute(entry.href),
        "date": _iso(entry.published_on),
        "title_cut": entry.is_cut,
    }


def _article(article: Article, base: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "title": article.title,
        "publish_date": _iso(article.published_on),
        "source": article.source,
        "source_alt": list(article.source_alt),
        "attachments": [
            {
                "name": attachment.name,
                "href": attachment.href,
                "type": _type(attachment.href, attachment.name),
                "how": attachment.how,
                "resolved": attachment.url if base else _absolute(attachment.href),
            }
            for attachment in article.attachments
        ],
        "child_documents": [
            {"title": child.title, "href": child.href} for child in article.children
        ],
        "body_has_tables": article.has_budget_tables,
        "body_iframe": article.body_iframe,
    }
    if article.images:
        found["body_images"] = {
            "count": len(article.images),
            "first": article.images[0],
            "last": article.images[-1],
        }
    return found


def _type(href: str, name: str | None) -> str | None:
    parts = urlsplit(href)
    candidates = [parts.path, *re.split(r"[&=]", parts.query), name or ""]
    return next(filter(None, map(extension_of, candidates)), None)


_MONEY_COLUMNS = re.compile(
    r"(?:财政|财务|资金)信息|(?:部门|财政)?预(?:算)?[、/]?决算(?:公开)?|(?:部门|财政)预算(?:公开)?|财政资金|三公经费"
)
_CATALOGUES = (
    "政府信息公开目录",
    "政府信息公开",
    "信息公开目录",
    "公开目录",
    "政务公开",
    "信息公开",
)


def _home(html: str, base: str) -> dict[str, Any]:
    """Where to go on from a home page, and the lists it already shows."""
    soup = soup_of(html)
    links = [
        (clean(link_title(a)), str(a["href"]))
        for a in soup.find_all("a", href=True)
        if not str(a["href"]).startswith(("javascript:", "#", "<"))
    ]
    leads = {text: href for text, href in reversed(links) if _MONEY_COLUMNS.fullmatch(text)}
    for name in _CATALOGUES:
        at = [(text, href) for text, href in links if text == name]
        if at:
            leads |= {at[0][0]: at[0][1]}
            break
    return {
        "budget_leads": [{"text": text, "href": href} for text, href in leads.items()],
        "embedded_lists": [
            {"entries": [_entry(entry, base) for entry in entries]}
            for entries in _lists(html, base)
        ],
    }


def _lists(html: str, base: str) -> list[tuple[Entry, ...]]:
    """Every list of a page, those in scripts included."""
    found = [store.entries for store in data_stores(html, base)]
    found += [dated.entries for dated in dated_lists(soup_of(html), base)]
    return [entries for entries in found if entries]


def _own_address(html: str) -> str | None:
    """The page's address as it states it itself: whole where it does, else of its host.

    Read from the metas Url, server and SiteDomain, from a link that bears the column's own
    name (breadcrumb, menu), and on a home page from the link 首页.
    """
    soup = soup_of(html)
    meta = metas(soup)
    host = re.sub(r"^(?:https?:)?//", "", meta.get("sitedomain", "")).split("/")[0].strip(" ,")
    stated = (meta.get("url") or meta.get("server", "").split(",")[0]).strip()
    if stated.startswith("//"):
        return f"https:{stated}"
    if "://" in stated:
        return stated
    if stated and not stated.startswith("/"):
        return f"http://{stated}"
    if not host:
        return None
    home = f"{_scheme(html, meta.get('sitedomain', ''), host)}://{host}/"
    if stated:
        return urljoin(home, stated)
    if "articletitle" in meta:
        return home
    column = meta.get("columnname")
    for anchor in soup.find_all("a", href=True):
        href = str(anchor["href"])
        name = re.sub(r"\(\d+\)$", "", "".join(anchor.get_text().split()))
        found = urljoin(home, href)
        if not (href.startswith("/") or host in href) or urlsplit(found).hostname != host:
            continue
        if name == column or (name == "首页" and found.endswith("/index.html")):
            return found
    return home


def _scheme(html: str, stated: str, host: str) -> str:
    """The scheme of a page's links to its own host, else the one stated, else http."""
    own: list[str] = re.findall(rf"(https?)://{re.escape(host)}", html)
    if own:
        return "https" if own.count("https") > own.count("http") else "http"
    return "https" if stated.startswith("https:") else "http"


def _absolute(href: str) -> str | None:
    return href if "://" in href else None


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None

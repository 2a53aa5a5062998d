"""Families of portals: one module a content management system, all behind one interface."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from scrapers.families.base import Article, Attachment, Entry, Family, Link, Listing

__all__ = [
    "FAMILIES",
    "Article",
    "Attachment",
    "Entry",
    "Family",
    "Link",
    "Listing",
    "detect_family",
    "get_family",
]

FAMILIES = (
    "trs_wcm",
    "hanweb_old",
    "hanweb_zhejiang",
    "hanweb_jpaas",
    "nfcms",
    "ucap",
    "vsb",
    "generic",
)
"""Modules, in the order in which a page is asked whose it is."""


@cache
def get_family(name: str) -> Family:
    """The family of a module name; raises ValueError where there is none."""
    if name not in FAMILIES:
        raise ValueError(f"no family {name!r}; there are {', '.join(FAMILIES)}")
    family: Family = import_module(f"scrapers.families.{name}").FAMILY
    return family


def detect_family(html: str, url: str) -> Family:
    """The family that recognises a page most surely (``generic`` where none does)."""
    families = [get_family(name) for name in FAMILIES]
    return max(families, key=lambda family: family.detect(html, url))

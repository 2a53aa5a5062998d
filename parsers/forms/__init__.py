"""The 13 official forms (预算公开表1–13) as data, and how a printed table is known as one.

One YAML a form (``T01.yml`` …), and ``family.yml`` for what they share. A variant wording is a
change of a YAML, never of code. A form is recognised by its title, header and body together;
its printed number is kept but never believed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal, cast

import yaml

from parsers.document import FormId

_HERE = Path(__file__).parent
_BLANK = re.compile(r"\s+")
_TO_FULL = str.maketrans({"(": "（", ")": "）", "﹙": "（", "﹚": "）", '"': "“"})
_NO_TITLE = re.compile(r"\d[.,]\d|[。；;]|\.{3}|…|[^表）]$")
"""What no title holds: amounts, sentences, dot leaders of a list of contents."""
_CAPTION = re.compile(r"[:：]")
_YEAR = r"(?:.{0,40}?)(?:20\d\d年?度?)?"


@lru_cache(maxsize=1 << 16)
def key(text: str) -> str:
    """Text for comparing: no blanks, one kind of brackets and quotes, plain digits."""
    out = _BLANK.sub("", unicodedata.normalize("NFKC", text)).translate(_TO_FULL)
    return out.replace("”", "“").replace("‘", "“").replace("’", "“").replace("＂", "“")


@lru_cache(maxsize=1 << 16)
def fits(source: str, text: str) -> bool:
    """Does the whole text match? Headers and captions repeat, so answers are kept."""
    return pattern(source).fullmatch(text) is not None


@lru_cache(maxsize=1 << 13)
def may_be_title(text: str) -> bool:
    """False for what no title of any form holds."""
    return _NO_TITLE.search(text) is None


@cache
def pattern(source: str) -> re.Pattern[str]:
    return re.compile(source.replace("”", "“"))


@dataclass(frozen=True)
class Level:
    """One level of a column's path in the header."""

    source: str
    optional: bool = False


@dataclass(frozen=True)
class Column:
    role: str
    kind: Literal["code", "label", "amount"]
    path: tuple[Level, ...]

    def takes(self, printed: Sequence[str]) -> bool:
        """Is this the column under the printed path (group … leaf)?"""

        def walk(i: int, j: int) -> bool:
            if i == len(self.path):
                return j == len(printed)
            if j < len(printed) and fits(self.path[i].source, printed[j]) and walk(i + 1, j + 1):
                return True
            return self.path[i].optional and walk(i + 1, j)

        return walk(0, 0)

    @property
    def wanted(self) -> str:
        return "/".join(p.source + ("?" if p.optional else "") for p in self.path)


@dataclass(frozen=True, eq=False)
class Form:
    """One official form as its YAML tells it."""

    id: FormId
    name_zh: str
    name_en: str
    anchor: bool
    titles: tuple[str, ...]
    like: str
    unlike: str | None
    columns: tuple[Column, ...]
    rows: dict[str, Any] = field(hash=False)

    def title_fit(self, text: str) -> Literal["exact", "like", "no"]:
        """How well a line (``key`` form, year and body in front allowed) names this form."""
        if not may_be_title(text):
            return "no"
        for t in self.titles:
            if fits(f"{_YEAR}(?:{t})", text):
                return "exact"
        if len(text) <= 60 and not _CAPTION.search(text) and fits(self.like, text):
            if self.unlike and pattern(self.unlike).search(text):
                return "no"
            return "like"
        return "no"

    def in_header(self, text: str, first: int, last: int) -> bool:
        """May ``text`` stand in the header over the columns first … last?"""
        return any(
            fits(level.source, text) for c in self.columns[first : last + 1] for level in c.path
        )

    @property
    def roles(self) -> list[str]:
        return [c.role for c in self.columns]


@dataclass(frozen=True)
class Family:
    """What the forms of a template share."""

    template: str
    forms: dict[str, Form]
    label: str
    owner: str
    unit: str
    note: str
    page_number: str
    heading: str
    continued: str
    units: dict[str, Decimal]


def _column(data: dict[str, Any]) -> Column:
    levels = tuple(Level(p.removeprefix("?"), p.startswith("?")) for p in data["path"])
    return Column(data["role"], data["kind"], levels)


def _form(data: dict[str, Any]) -> Form:
    return Form(
        id=cast("FormId", data["id"]),
        name_zh=data["name_zh"],
        name_en=data["name_en"],
        anchor=bool(data.get("anchor", False)),
        titles=tuple(data["titles"]),
        like=data["like"],
        unlike=data.get("unlike"),
        columns=tuple(_column(c) for c in data["columns"]),
        rows=data["rows"],
    )


def _load(name: str) -> dict[str, Any]:
    # the C loader starts a worker ten times sooner; both read the same
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return cast("dict[str, Any]", yaml.load((_HERE / name).read_text("utf-8"), loader))  # noqa: S506


@cache
def family() -> Family:
    """The Shanxi template; raises KeyError or re.error where a YAML is wrong."""
    data = _load("family.yml")
    lines = data["lines"]
    return Family(
        template=data["template"],
        forms={f: _form(_load(f"{f}.yml")) for f in data["forms"]},
        label=lines["label"],
        owner=lines["owner"],
        unit=lines["unit"],
        note=lines["note"],
        page_number=lines["page_number"],
        heading=lines["heading"],
        continued=lines["continued"],
        units={k: Decimal(v) for k, v in data["units"].items()},
    )

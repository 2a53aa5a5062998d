"""The 13 official forms (预算公开表1–13) as data, and how a printed table is known as one.

One YAML a form (``T01.yml`` …), and ``family.yml`` for what they share. A variant wording is a
change of a YAML, never of code. A form is recognised by its title, header and body together;
its printed number is kept but never believed.

A folder beside them is another province's template (模板): its forms carry the ids of the official
forms that say the same. What the night takes is the home template; a draft that is inspected
(公开前自检) may be of any (``templates``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal, cast

import yaml

from parsers.document import FormId

_HERE = Path(__file__).parent
HOME = "shanxi-13"
"""The template of the 13 forms, whose files lie in this folder itself."""
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
    template: str = HOME

    def title_fit(self, text: str) -> Literal["exact", "like", "no"]:
        """How well a line (``key`` form, year and body in front allowed) names this form."""
        return _title_fit(self, text) if may_be_title(text) else "no"

    def in_header(self, text: str, first: int, last: int) -> bool:
        """May ``text`` stand in the header over the columns first … last?"""
        mine = _header_columns(self, text)
        return bool(mine) and any(first <= j <= last for j in mine)

    @property
    def roles(self) -> list[str]:
        return [c.role for c in self.columns]

    @cached_property
    def totals(self) -> frozenset[str]:
        """What its total rows (合计) are called, as keys; forms of two sides name theirs apart."""
        return frozenset(key(t) for t in self.rows.get("total", ()))


@cache
def reshaped(form: Form) -> Form:
    """The form with the columns its tables have once :mod:`parsers.reshape` has been over them."""
    join, turn = form.rows.get("join"), form.rows.get("turn")
    if join is not None:
        columns: list[Column] = []
        for column in form.columns:
            if column.role == join["of"][0]:
                columns.append(Column(join["role"], column.kind, column.path[:-1]))
            elif column.role not in join["of"]:
                columns.append(column)
        return replace(form, columns=tuple(columns))
    if turn is not None:
        return replace(
            form,
            columns=(
                Column("label", "label", (Level(turn["label"]),)),
                Column("total", "amount", (Level(turn["amount"]),)),
            ),
        )
    return form


@lru_cache(maxsize=1 << 14)
def _title_fit(form: Form, text: str) -> Literal["exact", "like", "no"]:
    if any(pattern(f"{_YEAR}(?:{t})").fullmatch(text) for t in form.titles):
        return "exact"
    if len(text) <= 60 and not _CAPTION.search(text) and fits(form.like, text):
        if form.unlike and pattern(form.unlike).search(text):
            return "no"
        return "like"
    return "no"


@lru_cache(maxsize=1 << 14)
def _header_columns(form: Form, text: str) -> tuple[int, ...]:
    """The columns in whose header this text may stand."""
    return tuple(j for j, c in enumerate(form.columns) if any(fits(x.source, text) for x in c.path))


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


def _as_at_home(rows: dict[str, Any]) -> dict[str, Any]:
    """Lists that are the home template's own, named by its form: ``class: T01``."""
    out = dict(rows)
    for side in ("income", "expenditure"):
        if isinstance(rows.get(side), dict) and isinstance(rows[side]["class"], str):
            home = family().forms[rows[side]["class"]].rows[side]
            out[side] = {**rows[side], "class": home["class"]}
    if isinstance(rows.get("class"), str):
        out["class"] = family().forms[rows["class"]].rows["class"]
    return out


def _form(data: dict[str, Any], template: str) -> Form:
    return Form(
        id=cast("FormId", data["id"]),
        name_zh=data["name_zh"],
        name_en=data["name_en"],
        anchor=bool(data.get("anchor", False)),
        titles=tuple(data["titles"]),
        like=data["like"],
        unlike=data.get("unlike"),
        columns=tuple(_column(c) for c in data["columns"]),
        rows=data["rows"] if template == HOME else _as_at_home(data["rows"]),
        template=template,
    )


def _load(name: str) -> dict[str, Any]:
    # the C loader starts a worker ten times sooner; both read the same
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return cast("dict[str, Any]", yaml.load((_HERE / name).read_text("utf-8"), loader))  # noqa: S506


def templates() -> list[str]:
    """Every template that is described here, the home template first."""
    return [HOME, *sorted(p.parent.name for p in _HERE.glob("*/family.yml"))]


def family_of(template: str | None) -> Family:
    """The forms of a template that is described here; the home template's for None."""
    return family() if template in (None, HOME) else family(str(template))


@cache
def family(template: str = HOME) -> Family:
    """A template with its forms; raises KeyError or re.error where a YAML is wrong."""
    folder = "" if template == HOME else f"{template}/"
    data = _load(f"{folder}family.yml")
    lines = data["lines"]
    return Family(
        template=data["template"],
        forms={f: _form(_load(f"{folder}{f}.yml"), template) for f in data["forms"]},
        label=lines["label"],
        owner=lines["owner"],
        unit=lines["unit"],
        note=lines["note"],
        page_number=lines["page_number"],
        heading=lines["heading"],
        continued=lines["continued"],
        units={k: Decimal(v) for k, v in data["units"].items()},
    )

"""How a violated identity is told: two statements with figures and pages, in zh or en.

The words come from the catalogue (``wording`` of an entry); this module only puts the cells into
them. Nothing here says who is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from expectations.catalogue.names import COLUMN_NAMES, FORM_NAMES

if TYPE_CHECKING:
    from expectations.catalogue.binder import Bound, BoundTerm

Language = Literal["zh", "en"]
_SHOWN = 6
_ZERO = Decimal(0)
MONEY = ("亿元", "万元", "元")
WAN = Decimal(10_000)


def amount(value: Decimal, unit: str) -> str:
    """A value in 元 (or in its own unit) as people read it: 646.51 万元, 15168 元, 40.5%, 8 个."""
    if unit in ("万元", "亿元"):
        wan = value / WAN
        places = max(2, -int(wan.normalize().as_tuple().exponent))
        return f"{wan:.{places}f} 万元"
    if unit == "%":
        return f"{value.normalize():f}%"
    return f"{value.normalize():f} {unit}"


def _form(term: BoundTerm, language: Language) -> str:
    """The form or performance table a figure stands in, with the column of a cell."""
    form = FORM_NAMES.get(term.ref.form)
    if form is None:
        return term.where
    role = term.says.partition("\t")[2]
    zh, en = COLUMN_NAMES.get((term.ref.form, role), (role, role))
    if language == "en":
        return f"{term.ref.form} ({form[1]}), {en}"
    return f"{term.ref.form} {form[0]}（{zh}）"


def _row(term: BoundTerm) -> str:
    return term.says.partition("\t")[0].strip()


def _page(pages: Sequence[int], language: Language) -> str:
    if not pages:
        return ""
    if language == "en":
        return f" (p. {', '.join(map(str, pages))})"
    return f"（第{'、'.join(map(str, pages))}页）"


def _pages(terms: Sequence[BoundTerm]) -> list[int]:
    return sorted({t.page for t in terms if t.page is not None})


def _one(term: BoundTerm, language: Language) -> str:
    where, row = _form(term, language), _row(term)
    comma = ": " if language == "en" else " "
    place = f"{where}{comma}{row}" if where else row
    value = "空白" if language == "zh" else "blank"
    if term.value is not None:
        value = amount(term.value, term.unit)
    return f"{place} {value}".strip()


def _parts(terms: Sequence[BoundTerm], language: Language) -> str:
    """The largest parts of a sum; the form and column are named once for neighbours."""
    said, last = [], ""
    for t in terms[:_SHOWN]:
        where = _form(t, language)
        mark = "−" if t.sign < 0 else ""
        head = f"{where} " if where and where != last else ""
        said.append(f"{mark}{head}{_row(t)} {amount(t.value or _ZERO, t.unit)}")
        last = where
    more = len(terms) - _SHOWN
    if more > 0:
        said.append(f"另 {more} 项" if language == "zh" else f"{more} more")
    return ("；" if language == "zh" else "; ").join(said)


def describe(terms: Sequence[BoundTerm], language: Language, unit: str | None = None) -> str:
    """One side of an identity: its cell, or the sum of its cells with the parts; empty where
    no row is printed. ``unit``: what sums of money are told in."""
    filled = [t for t in terms if t.value is not None]
    if not filled:
        return _one(terms[0], language) if terms else ""
    page = _page(_pages(filled), language)
    if len(filled) == 1 and filled[0].sign == 1:
        return _one(filled[0], language) + page
    total = sum((t.sign * t.value for t in filled if t.value is not None), _ZERO)
    own = filled[0].unit
    whole = amount(total, unit if unit is not None and own in MONEY else own)
    parts = _parts(filled, language)
    if language == "zh":
        return f"合计 {whole}（{parts}）{page}"
    return f"sum {whole} [{parts}]{page}"


def _ratio(bound: Bound, language: Language) -> str:
    """What a printed share or rate is when computed from the printed figures."""
    part, whole = (t for t in bound.terms if t.side == "R")
    below = whole.value or _ZERO
    if bound.tolerance == "rate":
        below -= part.value or _ZERO
    share = (100 * (part.value or _ZERO) / below).quantize(Decimal("0.01")) if below else _ZERO
    said = "；" if language == "zh" else "; "
    figures = f"{_one(part, language)}{said}{_one(whole, language)}"
    page = _page(_pages([part, whole]), language)
    if language == "zh":
        return f"由印出的数字计算为 {share}%（{figures}）{page}"
    return f"{share}% when computed from the printed figures [{figures}]{page}"


def statements(bound: Bound, language: Language = "zh") -> tuple[str, str]:
    """The two statements that do not agree, with figures and pages."""
    if bound.is_check:
        said = bound.statements_en if language == "en" else bound.statements
        return said or ("", "")
    wording = bound.identity.wording.zh if language == "zh" else bound.identity.wording.en
    unit = next((t.unit for t in bound.terms if t.unit == "万元"), None)
    left = describe([t for t in bound.terms if t.side == "L"], language, unit)
    left = left or bound.absent.get("L", "")
    if bound.tolerance in ("share", "rate"):
        right = _ratio(bound, language)
    else:
        right = describe([t for t in bound.terms if t.side == "R"], language, unit)
        right = right or bound.absent.get("R", "")
    return (
        wording.left.format(left=left, right=right),
        wording.right.format(left=left, right=right),
    )

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


def _place(term: BoundTerm, language: Language) -> str:
    label, _, role = term.says.partition("\t")
    form = FORM_NAMES.get(term.ref.form)
    if form is None:
        name = label if term.ref.form != "N" or language == "en" else f"文字 {label}"
        return name
    zh, en = COLUMN_NAMES.get((term.ref.form, role), (role, role))
    if language == "en":
        return f"{term.ref.form} ({form[1]}), row {label}, {en}"
    return f"{term.ref.form} {form[0]} {label} {zh}"


def _page(pages: Sequence[int], language: Language) -> str:
    if not pages:
        return ""
    if language == "en":
        return f" (p. {', '.join(map(str, pages))})"
    return f"（第{'、'.join(map(str, pages))}页）"


def describe(terms: Sequence[BoundTerm], language: Language) -> str:
    """One side of an identity: its cells, or their sum with the largest parts."""
    filled = [t for t in terms if t.value is not None]
    pages = sorted({t.page for t in filled if t.page is not None})
    if not filled:
        places = {_place(t, language) for t in terms[:1]}
        empty = "空白" if language == "zh" else "blank"
        return f"{next(iter(places), '')} {empty}".strip()
    if len(filled) == 1 and filled[0].sign == 1:
        one = filled[0]
        place = _place(one, language)
        return f"{place} {amount(one.value or _ZERO, one.unit)}{_page(pages, language)}"
    total = sum((t.sign * t.value for t in filled if t.value is not None), Decimal(0))
    parts = []
    for t in filled[:_SHOWN]:
        mark = "−" if t.sign < 0 else ""
        parts.append(f"{mark}{_place(t, language)} {amount(t.value or _ZERO, t.unit)}")
    more = len(filled) - _SHOWN
    if language == "zh":
        tail = f"；另 {more} 项" if more > 0 else ""
        head = f"合计 {amount(total, filled[0].unit)}"
        return f"{head}（{'；'.join(parts)}{tail}）{_page(pages, language)}"
    tail = f"; {more} more" if more > 0 else ""
    return f"sum {amount(total, filled[0].unit)} [{'; '.join(parts)}{tail}]{_page(pages, language)}"


def statements(bound: Bound, language: Language = "zh") -> tuple[str, str]:
    """The two statements that do not agree, with figures and pages."""
    if bound.is_check:
        said = bound.statements_en if language == "en" else bound.statements
        return said or ("", "")
    wording = bound.identity.wording.zh if language == "zh" else bound.identity.wording.en
    left = describe([t for t in bound.terms if t.side == "L"], language)
    right = describe([t for t in bound.terms if t.side == "R"], language)
    return (
        wording.left.format(left=left, right=right),
        wording.right.format(left=left, right=right),
    )

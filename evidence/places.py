"""Where a figure that is shown outside its form is printed: the cell that holds this very amount.

A chart, a sentence or a first screen shows what a form prints; its number leads to that cell. A
cell with another amount is never named: where none holds it, the number has no place.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from evidence.source import Row

__all__ = ["Amounts", "class_anchor", "measure_anchor", "row_anchor"]

Amounts = Mapping[tuple[str, int, int], Row]
"""(form, row, column) → the published figure."""

MEASURES = {
    "income_total": ("T01", "income", "收入总计"),
    "current_year_income": ("T01", "income", "本年收入合计"),
    "carry_over": ("T01", "income", "上年结转"),
    "expenditure_total": ("T01", "total", "支出总计"),
    "basic_expenditure": ("T03", "basic", "合计"),
    "project_expenditure": ("T03", "project", "合计"),
    "general_public_expenditure": ("T05", "total", "合计"),
    "general_public_basic_expenditure": ("T05", "basic", "合计"),
    "general_public_project_expenditure": ("T05", "project", "合计"),
    "personnel_expense": ("T06", "personnel", "合计"),
    "non_personnel_expense": ("T06", "non_personnel", "合计"),
    "three_public_total": ("T10", "total", "合计"),
    "agency_operating_expense": ("T11", "total", "合计"),
}
"""measure → form, role of its column, and what its row is called (a preference, not a condition)."""


def measure_anchor(measure: str, value: Decimal | None, amounts: Amounts) -> str:
    """The cell of a document's total (``T05-0-2``); empty where none holds ``value`` (万元)."""
    if value is None or measure not in MEASURES:
        return ""
    form, role, called = MEASURES[measure]
    fits = [
        (
            called not in "".join(str(fact["row_label"] or "").split()),
            fact["row_kind"] not in ("total", "organisation"),
            row,
            column,
        )
        for (f, row, column), fact in amounts.items()
        if f == form and fact["column_role"] == role and fact["amount_wan"] == value
    ]
    if not fits:
        return ""
    _, _, row, column = min(fits)
    return f"{form}-{row}-{column}"


def row_anchor(form: str, row: int, value: Decimal | None, amounts: Amounts) -> str:
    """The cell of a row that holds ``value``, its total first."""
    fits = [
        (fact["column_role"] != "total", column)
        for (f, r, column), fact in amounts.items()
        if (f, r) == (form, row) and value is not None and fact["amount_wan"] == value
    ]
    return f"{form}-{row}-{min(fits)[1]}" if fits else ""


def class_anchor(code: str, value: Decimal | None, amounts: Amounts) -> str:
    """The cell of a class (类) in the form of the general public budget (T05)."""
    rows = {
        row
        for (form, row, _), fact in amounts.items()
        if form == "T05" and fact["function_code"] == code and fact["row_kind"] == "class"
    }
    found = (row_anchor("T05", row, value, amounts) for row in sorted(rows))
    return next(filter(None, found), "")

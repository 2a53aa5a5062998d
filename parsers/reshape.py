"""Tables whose template prints them in another shape, brought into the shape of the official forms.

``join``: a code printed in a column for each level (类, 款, 项) becomes one column. ``turn``: one row
of figures under named columns becomes a line for each of them. No figure is touched: cells keep
their text, amount, page and box.
"""

from __future__ import annotations

from typing import Any

from parsers.document import BBox, Cell, Table, Warning_
from parsers.forms import Form, key, reshaped


def reshape(table: Table, form: Form) -> list[Warning_]:
    """Change ``table`` in place as ``form``'s YAML says; what could not be done is told."""
    join, turn = form.rows.get("join"), form.rows.get("turn")
    if join is not None:
        _join(table, form, join)
    elif turn is not None:
        return _turn(table, form, turn)
    return []


def _join(table: Table, form: Form, join: dict[str, Any]) -> None:
    parts = [form.roles.index(role) for role in join["of"]]
    label = form.roles.index(join["label"])
    first = parts[0]
    rows: list[list[Cell]] = []
    for cells in table.cells:
        code = _together([cells[j] for j in parts])
        name = cells[label]
        if code.text and not key(code.text).isdecimal() and not name.text:
            # 合计 is printed across the columns of code and name
            code, name = name, code
        rows.append(
            [
                code if j == first else name if j == label else cell
                for j, cell in enumerate(cells)
                if j == first or j not in parts
            ]
        )
    table.columns = [
        join["path"] if j == first else path
        for j, path in enumerate(table.columns)
        if j == first or j not in parts
    ]
    _put(table, form, rows)


def _turn(table: Table, form: Form, turn: dict[str, Any]) -> list[Warning_]:
    names: dict[str, str] = form.rows["names"]
    rows = [
        [cell.model_copy(update={"text": names[role], "amount": None}), cell]
        for cells in table.cells[:1]
        for role, cell in zip(form.roles, cells, strict=True)
    ]
    further = [c.text for cells in table.cells[1:] for c in cells if c.text]
    table.columns = [turn["label"], turn["amount"]]
    _put(table, form, rows)
    if not further:
        return []
    return [
        Warning_(
            code="unreadable_amount",
            message=f"{table.id} has one row of figures; further ones were not read: {further[:5]}",
            page=table.pages[0],
            where=table.id,
        )
    ]


def _put(table: Table, form: Form, rows: list[list[Cell]]) -> None:
    table.roles = reshaped(form).roles
    table.ncols = len(table.roles)
    table.cells = rows
    table.body = [[cell.text for cell in row] for row in rows]


def _together(cells: list[Cell]) -> Cell:
    """One cell over several side by side."""
    told = [c for c in cells if c.text]
    boxes = [c.bbox for c in told or cells if c.bbox is not None]
    box: BBox | None = None
    if boxes:
        box = (
            min(b[0] for b in boxes), min(b[1] for b in boxes),
            max(b[2] for b in boxes), max(b[3] for b in boxes),
        )  # fmt: skip
    first = told[0] if told else cells[0]
    return first.model_copy(update={"text": "".join(c.text for c in told), "bbox": box})

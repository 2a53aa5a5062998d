"""Reviewed decisions on single figures (人工复核更正): ``decisions/corrections.yml``.

A person looked at the page and says what one figure is. The file is a list, read by people and
kept under version control; an entry is never changed: of several on one figure the last one
counts. An entry names the bytes, the cell with its row and column, and what the text layer said
when the person decided; where a later parser reads something else there, the decision is no
longer about this figure and is told as stale instead of being applied.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from parsers.document import Cell, ParsedDocument, Table, Warning_
from parsers.forms import family_of
from parsers.money import NotAnAmountError, parse_amount
from parsers.rows import describe_rows
from parsers.second import bare, same_figure

FILE = "corrections.yml"
_CELL = re.compile(r"T(?:0[1-9]|1[0-3])/\d+/\d+|(?:N|O|P\d+)/.+")


class DecisionError(ValueError):
    """A decision that cannot be used: names the file, the entry and what is wrong with it."""


class Correction(BaseModel):
    """One decision. ``value`` equal to ``printed`` confirms the figure as it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    cell: str = Field(description="T05/3/2 (form, row and column from 0) or N/… (narrated figure)")
    row: str = Field(default="", description="the row's label without blanks")
    column: str = Field(default="", description="the column's path")
    printed: str = Field(description="what the text layer says")
    value: str = Field(description='the figure as the page shows it; "" for a blank cell')
    why: str = Field(min_length=1)
    who: str = Field(min_length=1)
    when: datetime

    @field_validator("cell")
    @classmethod
    def _cell(cls, cell: str) -> str:
        if not _CELL.fullmatch(cell):
            raise ValueError("a cell is named FORM/ROW/COLUMN, e.g. T05/3/2, or N/NAME")
        return cell

    @field_validator("when")
    @classmethod
    def _zone(cls, when: datetime) -> datetime:
        if when.tzinfo is None:
            raise ValueError("the time needs its zone, e.g. 2026-01-21T09:30:00+08:00")
        return when

    @property
    def confirms(self) -> bool:
        return same_figure(self.printed, self.value)

    def check(self) -> None:
        """Raises DecisionError where the value cannot be one of this figure."""
        if self.cell.startswith("T"):
            try:
                parse_amount(self.value)
            except NotAnAmountError as error:
                raise DecisionError(f"{self.cell}: {error}") from None
        elif not self.confirms:
            raise DecisionError(
                f"{self.cell}: figures of the text and of performance tables are never changed; "
                f"confirm the printed {self.printed!r}, or leave the document in quarantine"
            )


def load_corrections(decisions: Path, file_sha256: str | None = None) -> list[Correction]:
    """All decisions, or those of one file; the last one on a figure counts. No file: none.

    Raises DecisionError where an entry is not understood: a decision is never silently lost.
    """
    path = decisions / FILE
    if not path.exists():
        return []
    try:
        held: Any = yaml.safe_load(path.read_text("utf-8")) or []
    except yaml.YAMLError as error:
        raise DecisionError(f"{path} is not YAML: {error}") from None
    if not isinstance(held, list):
        raise DecisionError(f"{path}: a list of decisions is wanted")
    found: dict[tuple[str, str], Correction] = {}
    for number, entry in enumerate(held, 1):
        try:
            one = Correction.model_validate(entry)
            one.check()
        except (ValidationError, DecisionError) as error:
            first = error.errors()[0] if isinstance(error, ValidationError) else None
            said = f"{'.'.join(map(str, first['loc']))}: {first['msg']}" if first else str(error)
            raise DecisionError(f"{path}: entry {number}: {said}") from None
        found[one.file_sha256, one.cell] = one
    return [c for c in found.values() if file_sha256 in (None, c.file_sha256)]


def add_correction(decisions: Path, correction: Correction) -> Path:
    """Append one decision to the file (made where there is none), whole or not at all.

    Raises DecisionError where the value cannot be one of this figure.
    """
    correction.check()
    load_corrections(decisions)  # never add to a file that is not understood
    path = decisions / FILE
    before = path.read_text("utf-8") if path.exists() else _HEAD
    entry = correction.model_dump(mode="json")
    entry["when"] = correction.when.isoformat(timespec="seconds")
    text = yaml.safe_dump([entry], allow_unicode=True, sort_keys=False, width=100)
    decisions.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(f".{os.getpid()}.tmp")
    scratch.write_text(before.rstrip("\n") + "\n" + text, "utf-8")
    scratch.replace(path)
    return path


_HEAD = """\
# 人工复核更正 · figures that a person has read on the page. Written by `budgets review`, reviewed
# like code. Entries are added, never changed: of several on one figure the last one counts.
"""


class Applied(BaseModel):
    """What the decisions did to one document. ``decided``: the cells that a person has read."""

    document: ParsedDocument
    decided: set[str]


def apply_corrections(document: ParsedDocument, corrections: Sequence[Correction]) -> Applied:
    """A copy of the document with the decisions of its file carried out.

    A changed figure is marked ``repaired`` and keeps the text layer's reading; a decision whose
    cell now reads differently, or has another row or column, is told as ``correction_stale``.
    """
    if not corrections:
        return Applied(document=document, decided=set())
    document = document.model_copy(deep=True)
    decided: set[str] = set()
    for one in corrections:
        stale = _carry_out(document, one)
        if stale is None:
            decided.add(one.cell)
        else:
            document.warnings.append(
                Warning_(
                    code="correction_stale",
                    message=f"the decision of {one.when:%Y-%m-%d} on {one.cell} no longer fits: "
                    f"{stale}; decide again with: budgets review {one.file_sha256[:12]}",
                    where=one.cell,
                )
            )
    return Applied(document=document, decided=decided)


def _carry_out(document: ParsedDocument, one: Correction) -> str | None:
    """Apply one decision; the reason why not, where it does not fit."""
    if not one.cell.startswith("T"):
        return None
    form, row, column = one.cell.split("/")
    table = document.table(form)
    if table is None:
        return f"there is no {form}"
    r, c = int(row), int(column)
    if r >= len(table.cells) or c >= len(table.cells[r]):
        return "there is no such row or column"
    cell = table.cells[r][c]
    label, path = row_and_column(document, one.cell)
    if bare(cell.text) != bare(one.printed):
        return f"{cell.text!r} is read there, not {one.printed!r}"
    if one.row and one.row != label:
        return f"the row is {label!r}, not {one.row!r}"
    if one.column and one.column != path:
        return f"the column is {path!r}, not {one.column!r}"
    if one.confirms:
        return None
    mark_as_read(document, cell)
    cell.reading_text, cell.text = cell.text, one.value
    cell.source, cell.confidence = "repaired", None
    table.body[r][c] = one.value
    columns = family_of(table.template).forms[form].columns
    if c < len(columns) and columns[c].kind == "code":
        _name_rows(document, table)
    else:
        cell.amount = parse_amount(one.value)
    document.warnings.append(
        Warning_(
            code="correction_applied",
            message=f"{one.printed or '(blank)'} → {one.value or '(blank)'} by a person on "
            f"{one.when:%Y-%m-%d}: {one.why}",
            page=cell.page,
            where=one.cell,
        )
    )
    return None


def _name_rows(document: ParsedDocument, table: Table) -> None:
    """What a form's rows are follows from its codes: told anew after one was read by a person."""
    document.warnings = [
        w
        for w in document.warnings
        if w.code != "unknown_label" or not (w.where or "").startswith(f"{table.id} ")
    ]
    document.warnings += describe_rows(table)


def mark_as_read(document: ParsedDocument, cell: Cell) -> None:
    """Take away the warning that a cell's text is no figure: it is read now; call before its
    text changes."""
    before = cell.text
    document.warnings = [
        w
        for w in document.warnings
        if not (
            w.code == "unreadable_amount" and before and before in w.message and w.page == cell.page
        )
    ]


def row_and_column(document: ParsedDocument, cell: str) -> tuple[str, str]:
    """The row's label and the column's path of a form's cell ("" for other figures)."""
    form, _, place = cell.partition("/")
    table = document.table(form)
    if table is None or "/" not in place:
        return "", ""
    r, c = (int(x) for x in place.split("/"))
    row = table.cells[r] if r < len(table.cells) else []
    left = next((x.text for x in reversed(row[:c]) if x.text and x.amount is None), "")
    path = table.columns[c] if c < len(table.columns) else ""
    return bare(left), path

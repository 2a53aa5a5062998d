"""One document as the catalogue sees it: columns by role, rows by what they are.

Everything the selectors of the catalogue name is found here once for each document, from the
column paths (``columns.yml``), the printed labels (``labels.yml``) and ``RowMeta``. Nothing here
judges: a role that cannot be found is simply absent, and the binder says so.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from expectations.catalogue.schema import (
    ClassName,
    ColumnFile,
    ColumnRule,
    HalfName,
    LabelFile,
    RowRule,
)
from parsers.document import Cell, FormId, ParsedDocument, Table

HERE = Path(__file__).resolve().parent
_YEAR = re.compile(r"20\d\d年?度?")
_ORDINAL = re.compile(r"^([一二三四五六七八九十]+|\d{1,2})、")
_CIRCLED = re.compile(r"^[①-⑳]")
_CODE = re.compile(r"^\d{3}(\d\d){0,3}$")
_LEVEL = {3: "class", 5: "section", 7: "item", 9: "item"}
_TOTALS = ("合计", "总计")
CODE_FORMS: tuple[FormId, ...] = ("T02", "T03", "T05", "T07", "T08", "T09")
UNIT_FORMS: tuple[FormId, ...] = ("T11", "T12", "T13")


@lru_cache(maxsize=16384)
def squeeze(text: str) -> str:
    """Full-width forms narrowed, all blanks taken out."""
    return "".join(unicodedata.normalize("NFKC", text).split())


@lru_cache(maxsize=16384)
def tidy_label(text: str) -> str:
    """A row label without blanks, ordinal (一、 ①) and 其中."""
    bare = squeeze(_CIRCLED.sub("", text.strip()))
    bare = _ORDINAL.sub("", bare)
    return bare.removeprefix("其中:")


@lru_cache(maxsize=4096)
def tidy_path(path: str) -> str:
    """A column path without blanks and years."""
    return _YEAR.sub("", squeeze(path)).strip("/") if path else ""


class Columns:
    """Column roles of the forms, from ``columns.yml``."""

    def __init__(self, file: ColumnFile) -> None:
        self.rules: dict[FormId, list[ColumnRule]] = file.forms
        self._patterns = {
            form: [(rule, re.compile(rule.path)) for rule in rules]
            for form, rules in file.forms.items()
        }

    def roles(self, form: FormId, columns: Sequence[str]) -> list[str | None]:
        """The role of each column of a form (null: no rule claims it), in printed order."""
        return list(self._roles(form, tuple(columns)))

    @lru_cache(maxsize=512)  # noqa: B019 - one object for the life of the process
    def _roles(self, form: FormId, columns: tuple[str, ...]) -> tuple[str | None, ...]:
        taken: set[str] = set()
        found: list[str | None] = []
        for path in columns:
            tidied = tidy_path(path)
            role = next(
                (
                    rule.role
                    for rule, pattern in self._patterns.get(form, [])
                    if rule.role not in taken and pattern.search(tidied)
                ),
                None,
            )
            if role is not None:
                taken.add(role)
            found.append(role)
        return tuple(found)

    def rule(self, form: FormId, role: str) -> ColumnRule | None:
        return next((r for r in self.rules.get(form, []) if r.role == role), None)

    def missing(self, table: Table) -> list[str]:
        """Amount columns that the form must have and no header of the table gives."""
        here = set(self._roles(table.id, tuple(table.columns)))
        return [r.role for r in self.rules.get(table.id, []) if r.amount and r.role not in here]


@dataclass(slots=True)
class Line:
    """One half of one body row."""

    index: int
    kind: str
    label: str
    code: str | None
    printed: str


@dataclass(slots=True)
class Half:
    """The rows of one side of a form, and how to find them."""

    lines: list[Line]
    roles: dict[str, Line]
    by_code: dict[str, Line]
    by_index: dict[int, Line]
    by_label: dict[str, list[Line]]
    children: dict[int, list[Line]] = field(default_factory=dict)
    leaves: list[Line] = field(default_factory=list)


class FormView:
    """One form: ``column[role]`` is the place of a column; ``halves`` hold its rows."""

    def __init__(
        self,
        table: Table,
        columns: Columns,
        labels: Labels,
        own_names: dict[str, str] | None = None,
    ) -> None:
        self.own_names = own_names or {}
        self.table = table
        self.form: FormId = table.id
        self.columns = columns
        self.column = {
            role: place
            for place, role in enumerate(columns.roles(table.id, table.columns))
            if role is not None
        }
        self.unit = table.step * table.factor
        self.halves: dict[HalfName, Half] = {"expenditure": self._half(labels, "expenditure")}
        if "income" in self.column:
            self.halves["income"] = self._half(labels, "income")
        self.amount_columns = [
            self.column[r.role]
            for r in columns.rules.get(self.form, [])
            if r.amount and r.role in self.column
        ]
        self.filled = any(True for _ in self.amounts())

    # -- rows ---------------------------------------------------------------------------------

    def text(self, row: int, role: str) -> str:
        place = self.column.get(role)
        if place is None:
            return ""
        cells = self.table.body[row]
        return cells[place] if place < len(cells) else ""

    def _half(self, labels: Labels, half: HalfName) -> Half:
        lines = [line for i in range(len(self.table.body)) if (line := self._line(half, i))]
        if self.form in ("T01", "T04") and half == "expenditure":
            labels.give_class_codes(lines, self.own_names)
        roles = labels.roles(self.form, half, lines)
        found = Half(
            lines=lines,
            roles=roles,
            by_code={},
            by_index={line.index: line for line in lines},
            by_label={},
        )
        for line in lines:
            if line.code is not None:
                found.by_code.setdefault(line.code, line)
            found.by_label.setdefault(line.label, []).append(line)
        if self.form in CODE_FORMS:
            self._code_tree(found)
        else:
            self._printed_tree(found)
        return found

    def _line(self, half: HalfName, i: int) -> Line | None:
        meta = self.table.rows[i] if i < len(self.table.rows) else None
        income = half == "income"
        if self.form in CODE_FORMS:
            code_text = squeeze(self.text(i, "income_code" if income else "code"))
            name = self.text(i, "income_name" if income else "name")
            if _CODE.match(code_text):
                return Line(i, _LEVEL[len(code_text)], tidy_label(name), code_text, name)
            printed = name or code_text
            if self.form == "T09" and not income and not printed.strip():
                # 合计 is printed once, on the income side, for both halves
                printed = self.text(i, "income_name") or self.text(i, "income_code")
                if tidy_label(printed) not in _TOTALS:
                    return None
            label = tidy_label(printed)
            if not label:
                return None
            kind = "total" if label in _TOTALS else "line"
            return Line(i, kind, label, None, printed)
        role = {"T06": "department_item"}.get(self.form, "income_label" if income else "label")
        printed = self.text(i, role)
        label = tidy_label(printed)
        if not label:
            return None
        if meta is None:
            kind = "line"
        elif income:
            kind = meta.income_kind or "line"
        else:
            kind = meta.kind
        return Line(i, kind, label, None, printed)

    def _code_tree(self, half: Half) -> None:
        """A row divides into the rows one level below that carry its code as prefix."""
        parents: set[int] = set()
        for line in half.lines:
            if line.code is None or len(line.code) == 3:
                continue
            above = half.by_code.get(line.code[:-2])
            if above is not None:
                half.children.setdefault(above.index, []).append(line)
                parents.add(above.index)
        half.leaves = [x for x in half.lines if x.code is not None and x.index not in parents]

    def _printed_tree(self, half: Half) -> None:
        """T06 and T11–T13: a heading row divides into the rows printed below it."""
        heads: tuple[str, ...] = {"T06": ("class",), "T12": ("unit",), "T13": ("unit",)}.get(
            self.form, ()
        )
        parts = {"T06": "item", "T12": "project", "T13": "project"}.get(self.form)
        if parts is None:
            return
        if self.form != "T06" and not any(x.kind == "unit" for x in half.lines):
            heads = ("organisation", "total")
        current: Line | None = None
        for line in half.lines:
            if line.kind in heads:
                current = line
                half.children[line.index] = []
            elif line.kind == parts and current is not None:
                half.children[current.index].append(line)
        half.leaves = [x for x in half.lines if x.kind == parts]

    # -- cells --------------------------------------------------------------------------------

    def cell(self, row: int, place: int) -> Cell | None:
        cells = self.table.cells
        if row < len(cells) and place < len(cells[row]):
            return cells[row][place]
        return None

    def amounts(self) -> Iterable[Decimal]:
        for row in self.table.cells:
            for place in self.amount_columns:
                if place < len(row) and row[place].amount is not None:
                    yield row[place].amount  # type: ignore[misc]

    def kind_lines(self, half: HalfName, kinds: Sequence[str]) -> list[Line]:
        """Rows of the kinds. ``unit_or_head``: the units, or the one row that stands for them."""
        side = self.halves.get(half)
        if side is None:
            return []
        if "unit_or_head" in kinds:
            units = [x for x in side.lines if x.kind == "unit"]
            if units:
                return units
            return [side.roles["head"]] if "head" in side.roles else []
        return [x for x in side.lines if x.kind in kinds]


class Labels:
    """Row roles and class codes, from ``labels.yml``."""

    def __init__(self, file: LabelFile) -> None:
        self.classes: list[ClassName] = file.classes
        self._class = {
            tidy_label(name): entry.code
            for entry in file.classes
            for name in (entry.name, *entry.aliases)
        }
        self._rules: dict[
            tuple[FormId, HalfName], list[tuple[RowRule, re.Pattern[str] | None]]
        ] = {}
        for form, rows in file.forms.items():
            for half, rules in (("income", rows.income), ("expenditure", rows.expenditure)):
                self._rules[form, half] = [  # type: ignore[index]
                    (rule, re.compile(rule.label) if rule.label else None) for rule in rules
                ]

    def give_class_codes(self, lines: list[Line], own_names: dict[str, str]) -> None:
        """Codes of the 类 named in T01 or T04, which print none.

        By the listed name, by the name the document's own code rows carry, else by the place in
        the list, where the form has as many classes as the list and no other row has that code.
        """
        numbered = [x for x in lines if _ORDINAL.match(squeeze(x.printed))]
        for line in numbered:
            line.code = self._class.get(line.label) or own_names.get(line.label)
        taken = {x.code for x in numbered}
        for line in numbered:
            found = _ORDINAL.match(squeeze(line.printed))
            if line.code is None and found and len(numbered) == len(self.classes):
                place = _chinese_number(found.group(1))
                code = self.classes[place - 1].code if 1 <= place <= len(self.classes) else None
                line.code = code if code not in taken else None
        for line in lines:
            if line.code is not None:
                line.kind = "class"
            elif line.kind == "class":
                line.kind = "line"

    def roles(self, form: FormId, half: HalfName, lines: list[Line]) -> dict[str, Line]:
        found: dict[str, Line] = {}
        for rule, pattern in self._rules.get((form, half), []):
            below = found[rule.after].index if rule.after in found else -1
            above = found[rule.before].index if rule.before in found else len(lines) + 10_000
            if rule.after is not None and rule.after not in found:
                continue
            line = next(
                (
                    x
                    for x in lines
                    if below < x.index < above
                    and (pattern.search(x.label) if pattern is not None else x.kind in rule.kind)
                ),
                None,
            )
            if line is None and rule.or_only is not None:
                only = [x for x in lines if x.kind == rule.or_only]
                line = only[0] if len(only) == 1 else None
            if line is not None:
                found[rule.role] = line
        return found


_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")}


def _chinese_number(text: str) -> int:
    """一 … 三十 and plain digits."""
    if text.isdigit():
        return int(text)
    tens, mark, ones = text.partition("十")
    if not mark:
        return _DIGITS.get(text, 0)
    return (_DIGITS.get(tens, 0) if tens else 1) * 10 + (_DIGITS.get(ones, 0) if ones else 0)


class DocumentView:
    """All forms of a document, and its convention for zero."""

    def __init__(self, document: ParsedDocument, columns: Columns, labels: Labels) -> None:
        self.document = document
        self.columns = columns
        self.labels = labels
        self.forms: dict[FormId, FormView] = {}
        own_names: dict[str, str] = {}
        tables = sorted(document.tables, key=lambda t: t.id in ("T01", "T04"))
        for table in tables:
            form = FormView(table, columns, labels, own_names)
            self.forms.setdefault(table.id, form)
            if table.id in ("T02", "T03"):
                for line in form.halves["expenditure"].lines:
                    if line.kind == "class" and line.code is not None:
                        own_names.setdefault(line.label, line.code)
        self.prints_zero = self._prints_zero()

    def _prints_zero(self) -> bool:
        """Does the document print 0.00 for nothing (every 类 of T01 filled)?

        Where it does, 0.00 is a zero; where blanks stand for zero, a printed 0.00 is a figure
        that was rounded and counts as an addend.
        """
        form = self.forms.get("T01")
        if form is None or "total" not in form.column:
            return False
        place = form.column["total"]
        cells = [form.cell(x.index, place) for x in form.halves["expenditure"].lines if x.code]
        return len(cells) > 5 and all(c is not None and c.amount is not None for c in cells)


def bare_unit(name: str) -> str:
    """A unit's name for comparing: no blanks, no punctuation, no 本级 in brackets."""
    text = re.sub(r"[((](本级|机关)[))]", "", squeeze(name))
    return re.sub(r"[^0-9A-Za-z㐀-鿿]", "", text)

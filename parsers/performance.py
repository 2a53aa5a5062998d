"""Performance tables (绩效目标表) of projects and of the department as a whole (整体支出).

A table is put together over page ends on the grid of its own columns, then read by the labels of
its blocks, and by position where a label is garbled. What is recognised is data
(``parsers/text/performance.yml``). Money stays as printed, in the unit that ``项目资金单位`` says
(项目资金(元) or 项目资金(万元)); blank and 0 are different facts.

Names and telephone numbers (负责人, 经办人, 联系电话) are never output: ``dropped`` says where
they stood.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, cast

from parsers.document import BBox, Dropped, FieldPlace, Warning_
from parsers.page import Grid, GridCell, Page, TextLine
from parsers.textflow import Run, load_rules, mask_personal, plain, run_of_cell, union_boxes

_MONEY = re.compile(r"[-−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d{1,6})?")
_FORMULA_ERROR = re.compile(r"#(?:NAME\?|REF!|VALUE!|DIV/0!|N/A|NUM!|NULL!)|#{2,}")
_BLANK_MONEY = re.compile(r"[-—–/]*")
_TOLERANCE = 8.0  # thousandths of the table's width


@dataclass(slots=True)
class PerformanceReading:
    """Tables as dicts in the contract's shape; ``places[n]`` has the place of each value of table n.

    A place's key is the path of the value: ``资金明细/3/年度``, ``指标/0/left/2``,
    ``sections/3/rows/1/1``. ``pages[n]`` are the pages of table n. ``claimed`` holds ``id(grid)``
    of every grid that a table was read from.
    """

    tables: list[dict[str, object]] = field(default_factory=list)
    places: list[dict[str, FieldPlace]] = field(default_factory=list)
    pages: list[list[int]] = field(default_factory=list)
    claimed: set[int] = field(default_factory=set)
    dropped: list[Dropped] = field(default_factory=list)
    warnings: list[Warning_] = field(default_factory=list)


def _rules() -> dict[str, Any]:
    return cast("dict[str, Any]", load_rules("performance"))


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(_rules()[name])


@lru_cache(maxsize=1 << 14)
def _says(source: str, text: str) -> bool:
    """Is the pattern found in the text? Labels repeat from table to table."""
    return re.search(source, text) is not None


@lru_cache(maxsize=1 << 14)
def _is(name: str, text: str) -> bool:
    return _pattern(name).search(text) is not None


@lru_cache(maxsize=1 << 13)
def _label(text: str) -> str:
    """A label as it is compared: folded, without blanks, without its colon."""
    return plain(text).rstrip(":")


def _bare(text: str) -> str:
    """A label as it is printed, without its colon."""
    return text.rstrip(":：")


# --------------------------------------------------------------------------- sheets
@dataclass(slots=True)
class _Cell:
    """A cell of a table put together: rows and columns of the whole table."""

    run: Run
    row: int
    rowspan: int
    x0: float  # thousandths of the table's width
    x1: float
    page: int
    bbox: BBox
    full: bool = False  # the last line reaches the right edge: the text may run on
    left: float = 0.0  # x0 on the edges common to all parts

    @property
    def text(self) -> str:
        return self.run.text

    @property
    def label(self) -> str:
        return _label(self.run.text)

    @property
    def last_row(self) -> int:
        return self.row + self.rowspan - 1


@dataclass(slots=True)
class _Part:
    """The piece of a table on one page."""

    grid: Grid
    lines_after: list[TextLine] = field(default_factory=list)


@dataclass(slots=True)
class _Table:
    kind: str
    title: str
    year: int | None
    parts: list[_Part]
    ended: bool = False  # its last line (填报日期) was seen

    @property
    def pages(self) -> list[int]:
        return list(dict.fromkeys(p.grid.page for p in self.parts))


def _cells_of(grid: Grid, first_row: int) -> list[_Cell]:
    x0, width = grid.bbox[0], max(1.0, grid.bbox[2] - grid.bbox[0])
    return [
        _Cell(
            run_of_cell(c, grid.page),
            first_row + c.row,
            c.rowspan,
            (c.bbox[0] - x0) / width * 1000,
            (c.bbox[2] - x0) / width * 1000,
            grid.page,
            c.bbox,
            _is_full(c),
        )
        for c in sorted(grid.cells, key=lambda c: (c.row, c.col))
    ]


def _is_full(cell: GridCell) -> bool:
    """Does the last printed line fill the cell from edge to edge?"""
    if not cell.words:
        return False
    last = max(cell.words, key=lambda w: w.top + w.bottom)
    height = last.bottom - last.top
    # of a glyph printed upside down the height is below 0: its line holds at least itself
    line = [w for w in cell.words if w is last or abs(w.top - last.top) <= height / 2]
    width = max(w.x1 for w in line) - min(w.x0 for w in line)
    return cell.bbox[2] - cell.bbox[0] - width < 2.2 * height


@cache
def _known_labels() -> re.Pattern[str]:
    r = _rules()
    return re.compile(
        "|".join([*r["whole_marks"], *r["head_labels"].values(), *r["block_labels"], r["classes"]])
    )


def _known_label(text: str) -> bool:
    return _known_labels().search(text) is not None


def _known_level(text: str) -> bool:
    return _is("level1", text) or _is("level2", text)


def _runs_on(a: str, b: str, known: Callable[[str], bool]) -> bool:
    """Are these two pieces of one known label?"""
    return bool(a and b) and known(a + b) and not (known(a) and known(b))


class _Sheet:
    """All parts of a table as one grid of logical cells."""

    def __init__(self, parts: list[_Part]) -> None:
        self.cells: list[_Cell] = []
        self.nrows = 0
        for part in parts:
            self._append(part.grid)
        self._columns()

    def _append(self, grid: Grid) -> None:
        new = _cells_of(grid, self.nrows)
        if not self.cells:
            self.cells, self.nrows = new, grid.nrows
            return
        bottom = [c for c in self.cells if c.last_row == self.nrows - 1]
        first = [b for b in new if b.row == self.nrows]
        pairs = [
            (a, b)
            for b in first
            for a in bottom
            if abs(a.x0 - b.x0) < _TOLERANCE and abs(a.x1 - b.x1) < _TOLERANCE
        ]
        split = len(pairs) == len(first) > 0 and self._splits_a_row(pairs)
        gone: set[int] = set()
        for a, b in pairs:
            if not split and not self._same_group(a, b):
                continue
            a.rowspan += b.rowspan - (1 if split else 0)
            a.full = b.full
            if a.run.text and b.run.text:
                a.run.extend(b.run)
            elif b.run.text:
                a.run, a.page, a.bbox = b.run, b.page, b.bbox
            gone.add(id(b))
        for b in new:
            b.row -= int(split)
        self.cells += [b for b in new if id(b) not in gone]
        self.nrows += grid.nrows - int(split)

    def _level_of(self, cell: _Cell) -> str | None:
        """level1 or level2 where the cell stands in such a column of the indicators."""
        if cell.x0 < _TOLERANCE:
            return None
        for level in ("level1", "level2"):
            for c in self.cells:
                if abs(c.x0 - cell.x0) < _TOLERANCE and _is(f"{level}_header", c.label):
                    return level if c.last_row < cell.row else None
        return None

    def _same_group(self, a: _Cell, b: _Cell) -> bool:
        """Is a label cell at the top of a page the one that the page before ended with?"""
        if a.x0 < _TOLERANCE:
            if b.x1 - b.x0 > 400 or (a.rowspan == 1 == b.rowspan and _known_label(a.label)):
                return _runs_on(a.label, b.label, _known_label)
            return not (a.label and b.label) or _runs_on(a.label, b.label, _known_label)
        level = self._level_of(a)
        if level is None:
            return False
        return not (a.label and b.label) or _runs_on(a.label, b.label, lambda x: _is(level, x))

    def _splits_a_row(self, pairs: list[tuple[_Cell, _Cell]]) -> bool:
        """Does the page begin in the middle of a row?

        A text that runs on leaves a full last line behind; a name without its value, or a row
        without its label, is no row of its own.
        """
        pairs = sorted(pairs, key=lambda p: p[1].x0)
        lead, top = pairs[0]
        if lead.x0 < _TOLERANCE:
            cut = _runs_on(lead.label, top.label, _known_label)
            if top.label and lead.label and not cut:
                return False
            if lead.rowspan == 1 == top.rowspan:
                # every row of this kind has a label; but under 实施期目标 stand the texts
                return not any(_is("goals", a.label) for a, _ in pairs[1:])
            if self._under_goals(pairs):
                return True
        leaves = [p for p in pairs if p[0].x0 >= _TOLERANCE and self._level_of(p[0]) is None]
        groups = [p for p in pairs if p[0].x0 >= _TOLERANCE and self._level_of(p[0]) is not None]
        if any(_runs_on(a.label, b.label, _known_level) for a, b in groups):
            return True
        if any(a.label and b.label for a, b in groups):
            return False
        if not any(b.label for _, b in leaves):
            return not any(b.label for _, b in groups)
        both = [(a, b) for a, b in leaves if a.label and b.label]
        if any(_MONEY.fullmatch(a.label) and _MONEY.fullmatch(b.label) for a, b in both):
            return False  # a sum is never continued by another
        names, values = leaves[::2], leaves[1::2]
        if any(_is("fund_line", a.label) and _is("fund_line", b.label) for a, b in names):
            return False
        for (name_a, name_b), (value_a, value_b) in zip(names, values, strict=False):
            if (value_a.label and not name_a.label) or (value_b.label and not name_b.label):
                return True  # a value never stands without its name
        before = any(a.label for a, _ in values)
        after = any(b.label for _, b in values)
        if any(a.label for a, _ in names) and before != after:
            return True  # names before the page end, their values after it, or the other way
        return bool(both) and all(a.full for a, _ in both)

    def _under_goals(self, pairs: list[tuple[_Cell, _Cell]]) -> bool:
        """Are these the texts under 实施期目标 and 年度目标?"""
        above = {c.last_row + 1 for c in self.cells if c.x0 >= _TOLERANCE and _is("goals", c.label)}
        return all(a.row in above for a, _ in pairs[1:]) and not any(
            _is("level1_header", b.label) for _, b in pairs
        )

    def _columns(self) -> None:
        """Columns of the whole table from the edges of all its cells."""
        edges: list[float] = []
        for x in sorted(v for c in self.cells for v in (c.x0, c.x1)):
            if not edges or x - edges[-1] > _TOLERANCE:
                edges.append(x)
        for c in self.cells:
            c.left = min(edges, key=lambda x: abs(x - c.x0))
        self.crossing: list[list[_Cell]] = [[] for _ in range(self.nrows)]
        for c in sorted(self.cells, key=lambda c: c.x0):
            for r in range(c.row, min(c.row + c.rowspan, self.nrows)):
                self.crossing[r].append(c)

    def row(self, r: int) -> list[_Cell]:
        """The cells that begin in this row, left to right."""
        return [c for c in self.covering(r) if c.row == r]

    def covering(self, r: int) -> list[_Cell]:
        """The cells that this row crosses, merged ones included, left to right."""
        return self.crossing[r] if 0 <= r < self.nrows else []

    def at(self, r: int, x: float) -> _Cell | None:
        return next((c for c in self.covering(r) if c.x0 - 1 <= x < c.x1 - 1), None)


# --------------------------------------------------------------------------- finding the tables
def _labels_of(grid: Grid) -> list[str]:
    return [_label(c.text) for c in grid.cells if c.words]


def _kind_of(labels: list[str]) -> str | None:
    """project or whole by the labels of a grid; None where it is neither."""
    marks = _rules()["project_marks"]

    found = set().union(*map(_marks_in, labels))
    if not found:
        return None
    if not found.isdisjoint(marks["first"]) and not found.isdisjoint(marks["second"]):
        return "project"
    if len(found.intersection(_rules()["whole_marks"])) >= 2:
        return "whole"
    return None


@lru_cache(maxsize=1 << 13)
def _marks_in(label: str) -> frozenset[str]:
    """The patterns that tell the kind of a table, as far as this label shows them."""
    marks = _rules()["project_marks"]
    patterns = (*marks["first"], *marks["second"], *_rules()["whole_marks"])
    return frozenset(p for p in patterns if re.search(p, label))


def _find_tables(pages: list[Page]) -> list[_Table]:
    tables: list[_Table] = []
    open_table: _Table | None = None
    title, year = "", None
    for page in pages:
        fresh = True  # nothing but running heads was seen on this page
        waiting: list[TextLine] = []
        for item in page.flow():
            if isinstance(item, TextLine):
                text = plain(item.text)
                if not text or _running(item, page):
                    continue
                if _is("title", text):
                    before = plain(waiting[-1].text) if waiting else ""
                    wrapped = len(text) < 12 and before and not before.endswith(("。", ")"))
                    title = (waiting[-1].text if wrapped else "") + item.text
                    year = None
                elif _is("year_line", text) and title:
                    m = re.search(_rules()["year"], text)
                    year = int(m["year"]) if m else None
                elif (
                    open_table is not None
                    and (not fresh or _ends_overleaf(open_table, item))
                    and _has_footer(text)
                ):
                    open_table.parts[-1].lines_after.append(item)
                    open_table = None
                elif not _has_footer(text):
                    # running text ends a table
                    open_table = None
                    fresh = False
                waiting.append(item)
                continue
            labels = _labels_of(item)
            kind = _kind_of(labels)
            if kind is None and title and labels:
                kind = _kind_by_title(title, labels)
            same = open_table is not None and plain(title) in ("", plain(open_table.title))
            if open_table is not None and same and kind == open_table.kind == "whole":
                kind = None if not title or not _begins_whole(labels) else kind
            if kind is not None:
                year = _year_in_grid(item) or year
                open_table = _Table(kind, title or _title_in_grid(item), year, [_Part(item)])
                tables.append(open_table)
                title, year = "", None
            elif open_table is not None and same and _goes_on(open_table, item):
                open_table.parts.append(_Part(item))
                title, year = "", None
            else:
                open_table, title = None, ""
            if open_table is not None and any(_is_footer(x) for x in labels):
                open_table.ended = True
            fresh = False
            waiting = []
    return tables


_PAGE_NUMBER = re.compile(r"[-—–_·.第]*\d{1,4}页?[,/，]?(?:共?\d+页?)?[-—–_·.]*")


def _running(line: TextLine, page: Page) -> bool:
    """A page number: digits at the edge of the page, or set as one (- 3 -, 第3页)."""
    text = plain(line.text)
    if not _PAGE_NUMBER.fullmatch(text):
        return False
    box = line.bbox
    return not text.isdecimal() or box[3] < 0.08 * page.height or box[1] > 0.92 * page.height


def _begins_whole(labels: list[str]) -> bool:
    return any(_says(_rules()["whole_marks"][0], x) for x in labels)


def _kind_by_title(title: str, labels: list[str]) -> str | None:
    """A table whose first page shows too little to be known by its labels."""
    marks = {
        "whole": _rules()["whole_marks"] + _rules()["whole_fields"],
        "project": _rules()["project_marks"]["first"],
    }
    kind = "whole" if _is("title_whole", plain(title)) else "project"
    return kind if any(_says(p, x) for p in marks[kind] for x in labels) else None


def _goes_on(table: _Table, grid: Grid) -> bool:
    last = table.parts[-1].grid
    if table.ended and (grid.nrows > 1 or any(c.label for c in _cells_of(grid, 0)[:1])):
        return False  # after the last line only the rest of that line
    if grid.page == last.page:
        return grid.bbox[1] - last.bbox[3] < 6 and _alike(last, grid)
    return grid.page == last.page + 1 and _alike(last, grid)


def _alike(a: Grid, b: Grid) -> bool:
    """Could these grids be one table? About as wide, whatever the margins of the page."""
    wa, wb = a.bbox[2] - a.bbox[0], b.bbox[2] - b.bbox[0]
    return abs(wa - wb) < 0.05 * max(wa, wb)


@lru_cache(maxsize=1 << 13)
def _is_footer(label: str) -> bool:
    return any(re.search(p, label) for p in _rules()["footer"].values())


def _ends_overleaf(table: _Table, line: TextLine) -> bool:
    """Does the line stand first on the page after the table's, whose own footer was not seen?"""
    return not table.ended and line.page == table.pages[-1] + 1


def _has_footer(text: str) -> bool:
    return (
        re.search(r"(?:填报|编制)日期|经办人|填报人|联系电话", text) is not None and len(text) < 80
    )


def _year_in_grid(grid: Grid) -> int | None:
    for c in grid.cells:
        if c.row <= 1 and _is("year_line", plain(c.text)):
            m = re.search(_rules()["year"], plain(c.text))
            return int(m["year"]) if m else None
    return None


def _title_in_grid(grid: Grid) -> str:
    return next((c.text for c in grid.cells if c.row <= 1 and _is("title", plain(c.text))), "")


# --------------------------------------------------------------------------- reading
class _Builder:
    """One table in the making: its dict, the places of its values, what was dropped."""

    def __init__(self, table: _Table) -> None:
        self.table = table
        self.name = table.title
        self.places: dict[str, FieldPlace] = {}
        self.dropped: list[Dropped] = []
        self.warnings: list[Warning_] = []

    def take(self, path: str, cell: _Cell | None) -> str:
        """The cell's text, its place noted; telephone numbers inside are masked."""
        if cell is None or not cell.text:
            return ""
        run, dropped = mask_personal(cell.run)
        self.dropped += dropped
        pages, boxes = run.pages, run.boxes
        page = pages[0]
        if pages[-1] == page:  # a text runs from page to page, never back
            box = union_boxes(boxes)
        else:
            box = union_boxes(b for b, p in zip(boxes, pages, strict=True) if p == page)
        self.places[path] = FieldPlace(page=page or cell.page, bbox=box, text=run.text)
        if _FORMULA_ERROR.fullmatch(run.text):
            self.warn("formula_error", f"{run.text} is printed at {path}", cell)
        return run.text

    def money(self, path: str, cell: _Cell | None) -> str:
        """A sum as printed; anything that is none is told."""
        text = self.take(path, cell)
        bare = plain(text)
        if bare and not _MONEY.fullmatch(bare) and not _BLANK_MONEY.fullmatch(bare):
            self.warn("performance_amount", f"{text} at {path} is no sum of money", cell)
        return text

    def warn(self, code: str, message: str, cell: _Cell | None = None) -> None:
        page = cell.page if cell else self.table.pages[0]
        self.warnings.append(Warning_(code=code, message=message, page=page, where=self.name))

    def drop(self, kind: str, cell: _Cell) -> None:
        page, _ = cell.run.place(0, 1)
        box = union_boxes(
            b for b, p in zip(cell.run.boxes, cell.run.pages, strict=True) if p == page
        )
        self.dropped.append(
            Dropped.model_validate({"kind": kind, "page": page or cell.page, "bbox": box})
        )


def _blocks(sheet: _Sheet) -> list[tuple[_Cell | None, list[int]]]:
    """Rows grouped by the cell that stands in the first column."""
    out: list[tuple[_Cell | None, list[int]]] = []
    for r in range(sheet.nrows):
        first = sheet.at(r, 2.0)
        unlabelled = first is None or not first.label
        if out and (
            (first is not None and out[-1][0] is first)
            or (unlabelled and out[-1][0] is not None and out[-1][0].label)
        ):
            out[-1][1].append(r)
        else:
            out.append((first, [r]))
    return out


def _read_project(table: _Table, b: _Builder) -> dict[str, object] | None:
    """A project's table; None where its funds are not set as in the official form."""
    sheet = _Sheet(table.parts)
    head: dict[str, str] = {}
    funds: list[dict[str, object]] = []
    classes: list[list[str]] = []
    texts: dict[str, str] = {}
    goals: dict[str, str] = {}
    indicators: list[dict[str, object]] = []
    unit = filed = ""
    heads = 0
    seen_funds = official = False
    for first, rows in _blocks(sheet):
        cells = sheet.row(rows[0])
        label = first.label if first else ""
        inside = [c for r in rows for c in sheet.row(r)]
        if any(_is_footer(c.label) or _person_label(c.label) for c in cells):
            filed = _read_footer(cells, b) or filed
        elif any(_is("indicator_header", c.label) for c in inside):
            indicators = _read_indicators(sheet, rows, b)
        elif sum(_is("goals", c.label) for c in inside) >= 1 and len(rows) >= 2:
            goals = _read_goals(sheet, rows, b)
        elif _is("classes", label):
            for n, r in enumerate(rows):
                line = [c for c in sheet.covering(r) if c is not first]
                classes.append([b.take(f"项目分类/{n}/{k}", c) for k, c in enumerate(line)])
        elif not seen_funds and (
            (_is("fund", label) and len(rows) >= 2) or _looks_like_funds(sheet, rows, first)
        ):
            seen_funds = True
            unit = b.take("项目资金单位", first)
            funds, official = _read_funds(sheet, rows, first, b)
        elif len(cells) >= 2 and (len(rows) == 1 or len(cells) == 2):
            named = _head_label(label)
            if named or (not seen_funds and heads < len(_rules()["head"])):
                _read_head(cells, heads, head, b)
                heads += 1
            elif not _is("year_line", label) and not _is("title", label):
                value = cells[1]
                for c in (c for r in rows[1:] for c in sheet.row(r) if c.x0 > _TOLERANCE):
                    value.run.extend(c.run)  # a text that runs on without its label
                texts[_bare(cells[0].text)] = b.take(f"文字/{_bare(cells[0].text)}", value)
                if any(c.text for c in cells[2:]):
                    b.warn("performance_row", f"more cells than expected beside {label}", cells[0])
        elif any(c.text for c in inside) and not (_is("year_line", label) or _is("title", label)):
            b.warn(
                "performance_row", f"the block {label or '(empty)'} was not understood", inside[0]
            )
    if not official:
        return None
    if not indicators:
        b.warn("performance_indicators_missing", "the table has no indicators (绩效指标)")
    filed = filed or _footer_lines(table, b)
    for name, path in (("实施期资金总额", "实施期"), ("年度资金总额", "年度")):
        if f"资金明细/0/{path}" in b.places:
            b.places[name] = b.places[f"资金明细/0/{path}"]
    total = funds[0]
    return {
        "kind": "project",
        "title": table.title,
        "year": table.year,
        **{k: head.get(k, "") for row in _rules()["head"] for k in row},
        "项目资金单位": unit,
        "实施期资金总额": total["实施期"],
        "年度资金总额": total["年度"],
        "资金明细": funds,
        "项目分类": classes,
        "文字": texts,
        "目标": goals,
        "指标": indicators,
        "填报日期": filed,
    }


def _head_label(label: str) -> str | None:
    return next((n for n, p in _rules()["head_labels"].items() if re.search(p, label)), None)


def _read_head(cells: list[_Cell], position: int, head: dict[str, str], b: _Builder) -> None:
    """Pairs of label and value; a garbled label is known by its place in the form."""
    order = _rules()["head"]
    expected = order[position] if position < len(order) else []
    for n in range(0, len(cells) - 1, 2):
        label, value = cells[n], cells[n + 1]
        name = _head_label(label.label)
        if name is None and n // 2 < len(expected):
            name = expected[n // 2]
            b.warn("performance_label", f"{label.text} stands where {name} is printed", label)
        if name is None:
            b.warn("performance_label", f"unknown label {label.text}", label)
            name = _bare(label.text)
        if not head.get(name):
            head[name] = b.take(name, value)
        if name == "项目名称":
            b.name = head[name]


def _looks_like_funds(sheet: _Sheet, rows: list[int], first: _Cell | None) -> bool:
    """Lines of label, sum, label, sum: a block of funds whose own label is garbled."""
    if len(rows) < _rules()["fund_rows"]:
        return False
    good = 0
    for r in rows:
        line = [c for c in sheet.covering(r) if c is not first]
        if len(line) == 4 and line[0].label and line[2].label:
            sums = [plain(line[1].text), plain(line[3].text)]
            good += all(_MONEY.fullmatch(s) or not s for s in sums) and any(sums)
    return good >= 2


def _read_funds(
    sheet: _Sheet, rows: list[int], first: _Cell | None, b: _Builder
) -> tuple[list[dict[str, object]], bool]:
    """The lines of the funds, and whether they are of the official form (label, sum twice)."""
    out: list[dict[str, object]] = []
    regular = 0
    for n, r in enumerate(rows):
        line = [c for c in sheet.covering(r) if c is not first]
        path = f"资金明细/{n}"
        left: _Cell | None
        right: _Cell | None
        if len(line) == 4:
            left, right = line[1], line[3]
            regular += 1
        else:
            left, right = _by_position(line)
            b.warn(
                "performance_fund_line",
                f"line {n + 1} of the funds has {len(line)} cells instead of 4",
                line[0] if line else first,
            )
        out.append(
            {
                "label": _bare(b.take(f"{path}/label", line[0] if line else None)),
                "实施期": b.money(f"{path}/实施期", left),
                "年度": b.money(f"{path}/年度", right),
            }
        )
    return out, 2 * regular >= len(rows)


def _by_position(line: list[_Cell]) -> tuple[_Cell | None, _Cell | None]:
    """Sums of a line of funds whose cells are not four: by the half of the table they stand in."""
    sums = [c for c in line if _MONEY.fullmatch(plain(c.text))]
    left = next((c for c in sums if (c.x0 + c.x1) / 2 < 600), None)
    right = next((c for c in sums if (c.x0 + c.x1) / 2 >= 600), None)
    return left, right


def _read_goals(sheet: _Sheet, rows: list[int], b: _Builder) -> dict[str, str]:
    goals: dict[str, str] = {}
    for r in rows:
        for c in sheet.row(r):
            if c.x0 > _TOLERANCE and _is("goals", c.label):
                name = _bare(c.text)
                below = [
                    x
                    for x in sheet.cells
                    if x.row == c.last_row + 1
                    and x.row in rows
                    and abs(x.x0 - c.x0) < 2 * _TOLERANCE
                ]
                goals[name] = b.take(f"目标/{name}", below[0] if below else None)
    return goals


# --------------------------------------------------------------------------- indicators
def _read_indicators(sheet: _Sheet, rows: list[int], b: _Builder) -> list[dict[str, object]]:
    """Indicator rows under the header 一级指标 … 指标值, left and right half.

    A merged 二级指标 counts for every row it spans. A row shifted by one column is set right.
    """
    header = next(r for r in rows if any(_is("indicator_header", c.label) for c in sheet.row(r)))
    heads = sheet.row(header)
    one = next((c for c in heads if _is("level1_header", c.label)), None)
    twos = [c for c in heads if _is("level2_header", c.label)]
    threes = [c for c in heads if _is("level3_header", c.label)]
    values = [c for c in heads if _is("indicator_header", c.label)]
    halves = list(zip(twos, threes, values, strict=False))
    out: list[dict[str, object]] = []
    for r in rows:
        if r <= header:
            continue
        level1 = sheet.at(r, (one.x0 + one.x1) / 2) if one else None
        sides: list[list[str]] = []
        n = len(out)
        for side, columns in zip(("left", "right"), halves, strict=False):
            cells = [sheet.at(r, (c.x0 + c.x1) / 2) for c in columns]
            cells = _set_right(sheet, r, cells, columns, b)
            sides.append(
                [
                    b.take(f"指标/{n}/{side}/{k}", c) if c is not None else ""
                    for k, c in enumerate(cells)
                ]
            )
        while len(sides) < 2:
            sides.append(["", "", ""])
        first = b.take(f"指标/{n}/level1", level1)
        if not first and out:
            first = str(out[-1]["level1"])
        if not any(x for side in sides for x in side):
            continue
        out.append({"level1": first, "left": sides[0], "right": sides[1]})
    for side in ("left", "right"):
        _fill_down(out, side)
    return out


def _set_right(
    sheet: _Sheet,
    row: int,
    cells: list[_Cell | None],
    columns: tuple[_Cell, _Cell, _Cell],
    b: _Builder,
) -> list[_Cell | None]:
    """A half row whose 二级指标 stands in the column of 三级指标 is shifted by one column."""
    two, three, value = cells
    if (two is not None and two.text) or three is None or not _is("level2", three.label):
        return cells
    after = [c for c in sheet.covering(row) if value is not None and c.x0 > value.x0]
    b.warn("performance_shifted_row", f"row shifted by one column at {three.text}", three)
    return [three, value, after[0] if after and columns[0].x0 < 500 else None]


def _fill_down(rows: list[dict[str, object]], side: str) -> None:
    """A 二级指标 left blank inside its group is the one above."""
    previous, level1 = "", None
    for row in rows:
        cells = cast("list[str]", row[side])
        if row["level1"] != level1:
            previous, level1 = "", row["level1"]
        if cells[0]:
            previous = cells[0]
        elif previous and (cells[1] or cells[2]):
            cells[0] = previous


# --------------------------------------------------------------------------- footer
@lru_cache(maxsize=1 << 13)
def _person_label(label: str) -> str | None:
    return next((k for k, p in _rules()["persons"].items() if re.search(p, label)), None)


def _read_footer(cells: list[_Cell], b: _Builder) -> str:
    """The date of filing; persons and telephones are dropped."""
    filed, expect = "", None
    for c in cells:
        label, inner = c.label, None
        if ":" in label and not _is_footer(label) and not _person_label(label):
            head, _, inner = label.partition(":")
            label = head
        if _is_footer(label):
            expect = "filed"
            if inner:
                filed, expect = inner, None
        elif (kind := _person_label(label)) is not None:
            expect = kind
            if inner:
                b.drop(kind, c)
                expect = None
        elif expect == "filed":
            filed, expect = b.take("填报日期", c), None
        elif expect is not None:
            if c.text:
                b.drop(expect, c)
            expect = None
        elif c.text:
            b.drop("person", c)  # a stray value beside names is treated as one
    return filed


def _footer_lines(table: _Table, b: _Builder) -> str:
    """The same in a line of text under the table."""
    filed = ""
    for part in table.parts:
        for line in part.lines_after:
            run = Run()
            run.add_line(line)
            text = run.folded
            labels = list(
                re.finditer(
                    r"(?:(?:填报|编制|申报)(?:日期|时间)|(?:项目|部门|单位)?负责人|经办人|填报人|审核人"
                    r"|联系人|(?:联系)?电话|联系方式):?",
                    text,
                )
            )
            for n, m in enumerate(labels):
                end = labels[n + 1].start() if n + 1 < len(labels) else len(text)
                if end <= m.end():
                    continue
                name = m[0].rstrip(":")
                page, box = run.place(m.end(), end)
                if _is_footer(name):
                    filed = run.text[m.end() : end]
                    b.places["填报日期"] = FieldPlace(
                        page=page or part.grid.page, bbox=box, text=filed
                    )
                else:
                    b.dropped.append(
                        Dropped.model_validate(
                            {
                                "kind": _person_label(name) or "person",
                                "page": page or part.grid.page,
                                "bbox": box,
                            }
                        )
                    )
    return filed


# --------------------------------------------------------------------------- 整体支出
def _read_whole(table: _Table, b: _Builder) -> dict[str, object] | None:
    sheet = _Sheet(table.parts)
    blocks: list[tuple[_Cell, list[int]]] = [
        (first, rows)
        for first, rows in _blocks(sheet)
        if first is not None and not _is("year_line", first.label) and not _is("title", first.label)
    ]
    starts = _main_columns(sheet, [r for _, rows in blocks for r in rows])
    sections: list[dict[str, object]] = []
    for first, rows in blocks:
        cells = sheet.row(rows[0])
        if any(_is_footer(c.label) or _person_label(c.label) for c in cells):
            _read_footer(cells, b)
            continue
        n = len(sections)
        header = any(_is("level1_header", c.label) for r in rows for c in sheet.row(r))
        grid: list[list[str]] = []
        for r in rows:
            line = []
            for k, x in enumerate(starts):
                c = sheet.at(r, x + 3)
                if c is None or c is first:
                    line.append("")
                    continue
                begins = c.row == r and abs(c.x0 - x) < 2 * _TOLERANCE
                filled = header and k == 0 and c.row != r
                path = f"sections/{n}/rows/{len(grid)}/{k}"
                line.append(b.take(path, c) if begins or filled else "")
            grid.append(line)
        sections.append({"label": b.take(f"sections/{n}/label", first), "rows": grid})
    _footer_lines(table, b)
    return {"kind": "whole", "title": table.title, "year": table.year, "sections": sections}


def _main_columns(sheet: _Sheet, rows: list[int]) -> list[float]:
    """Left edges of the columns after the first, those in which cells often begin."""
    counts: Counter[float] = Counter()
    for c in sheet.cells:
        if c.row in rows and c.x0 > _TOLERANCE:
            counts[c.left] += 1
    often = sorted(x for x, n in counts.items() if n >= 3)
    return often or sorted(counts)


def read_performance(pages: list[Page]) -> PerformanceReading:
    """All performance tables of a document, in reading order. Pure.

    Shape of a project's table: kind, title, year, 项目名称 … 填报日期, 资金明细 (label, 实施期,
    年度 as printed), 目标, 指标 (level1, left and right as 二级指标, 三级指标, 指标值); of a
    department's: kind, title, year, sections (label, rows).
    """
    reading = PerformanceReading()
    for table in _find_tables(pages):
        table.title = re.sub(r"\s+", "", table.title)
        b = _Builder(table)
        made = _read_whole(table, b) if table.kind == "whole" else _read_project(table, b)
        if made is None:
            reading.warnings.append(
                Warning_(
                    code="performance_unknown",
                    message="a performance table in a form that is not described; not read",
                    page=table.pages[0],
                    where=table.title or None,
                )
            )
            continue
        reading.tables.append(made)
        reading.places.append(b.places)
        reading.pages.append(table.pages)
        reading.claimed.update(id(p.grid) for p in table.parts)
        reading.dropped += b.dropped
        reading.warnings += b.warnings
    told = {w.page for w in reading.warnings if w.code == "performance_unknown" and w.page}
    reading.warnings += _unread(pages, told.union(*reading.pages))
    return reading


def _unread(pages: list[Page], read: set[int]) -> list[Warning_]:
    """A title with the labels of such a table below it, on a page that no table was read from:
    the table is there, so nobody may count without it."""
    marks = _rules()["project_marks"]
    patterns = [
        re.compile(p) for p in (*marks["first"], *marks["second"], *_rules()["whole_marks"])
    ]
    found = []
    for page in pages:
        if page.number in read:
            continue
        title, labels = "", set()
        for item in page.flow():
            # without rules a line holds labels and values, blanks between them
            texts = (
                [plain(item.text), *(_label(w.text) for w in item.words)]
                if isinstance(item, TextLine)
                else _labels_of(item)
            )
            for text in texts:
                if _is("title", text):
                    title = title or text
                elif title:
                    labels |= {p for p in patterns if p.search(text)}
        if title and len(labels) >= 2:
            found.append(
                Warning_(
                    code="performance_unread",
                    message="a performance table is printed here and could not be read",
                    page=page.number,
                    where=title,
                )
            )
    return found


__all__ = ["PerformanceReading", "read_performance"]

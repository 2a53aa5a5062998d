"""xlsx and xls → pages: what each sheet shows, with its captions, tables and merged cells.

Taken is what a reader sees: the text that the number format gives, not the value behind it.
Hidden sheets, rows and columns are left out, and told. A formula that no program has computed
is no blank cell: it stands as its formula, which no amount takes for a figure.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from parsers.document import Warning_
from parsers.errors import DamagedError, EncryptedError, TooLargeError
from parsers.forms import family, fits, key, pattern
from parsers.numberformat import show_number
from parsers.office import MAX_CELLS, Office, Setter, Sheet, SheetCell

__all__ = ["read_xls", "read_xlsx"]


@dataclass
class _Grid:
    """One sheet as it is shown: cells by (row, column) of the sheet, from 1."""

    name: str
    texts: dict[tuple[int, int], str] = field(default_factory=dict)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    """first row, first column, last row, last column"""
    bordered: set[tuple[int, int]] = field(default_factory=set)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    rounded: int = 0
    uncertain: list[str] = field(default_factory=list)
    uncomputed: list[str] = field(default_factory=list)


def reference(row: int, column: int) -> str:
    """(3, 28) → AB3."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row}"


# -- xlsx ----------------------------------------------------------------------------------
def read_xlsx(data: bytes, name: str) -> Office:
    """Raises DamagedError where the workbook cannot be opened."""
    import openpyxl

    try:
        shown = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
        written = openpyxl.load_workbook(io.BytesIO(data), data_only=False)
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, SyntaxError, OSError) as error:
        raise _damaged(error, name) from error
    grids: list[_Grid] = []
    warnings: list[Warning_] = []
    count = 0
    for sheet in shown.worksheets:
        if sheet.sheet_state != "visible":
            warnings.append(_hidden_sheet(sheet.title))
            continue
        formulas = written[sheet.title]
        grid = _Grid(sheet.title)
        grid.hidden_rows = {n for n, d in sheet.row_dimensions.items() if d.hidden}
        for dimension in sheet.column_dimensions.values():
            if dimension.hidden:
                grid.hidden_columns |= set(
                    range(int(dimension.min or 0), int(dimension.max or 0) + 1)
                )
        for row in sheet.iter_rows():
            for cell in row:
                count += 1
                if count > MAX_CELLS:
                    raise _too_large(name)
                place = (int(cell.row or 0), int(cell.column or 0))
                border = getattr(cell, "border", None)
                if border is not None and any(
                    getattr(border, side) is not None and getattr(border, side).style
                    for side in ("left", "right", "top", "bottom")
                ):
                    grid.bordered.add(place)
                value = cell.value
                if value is None:
                    formula = formulas.cell(*place).value
                    if isinstance(formula, str) and formula.startswith("="):
                        grid.uncomputed.append(reference(*place))
                        grid.texts[place] = formula
                    continue
                text = _shown(value, getattr(cell, "number_format", None), grid, place)
                if text:
                    grid.texts[place] = text
        for merged in sheet.merged_cells.ranges:
            grid.merged.append((merged.min_row, merged.min_col, merged.max_row, merged.max_col))
        grids.append(grid)
    return _office(grids, warnings)


# -- xls -----------------------------------------------------------------------------------
def read_xls(data: bytes, name: str) -> Office:
    """Raises DamagedError or EncryptedError where the workbook cannot be opened."""
    import xlrd

    try:
        book = xlrd.open_workbook(file_contents=data, formatting_info=True, logfile=io.StringIO())
    except xlrd.biffh.XLRDError as error:
        if "encrypt" in str(error).lower():
            raise EncryptedError(
                "the workbook needs a password to open", name,
                "Ask the publisher for an open copy; nothing can be read from this one.",
            ) from error  # fmt: skip
        raise _damaged(error, name) from error
    except Exception as error:  # the library raises whatever its arithmetic meets
        raise _damaged(error, name) from error
    grids: list[_Grid] = []
    warnings: list[Warning_] = []
    count = 0
    for sheet in book.sheets():
        if sheet.visibility:
            warnings.append(_hidden_sheet(sheet.name))
            continue
        grid = _Grid(sheet.name)
        grid.hidden_rows = {n + 1 for n, info in sheet.rowinfo_map.items() if info.hidden}
        grid.hidden_columns = {n + 1 for n, info in sheet.colinfo_map.items() if info.hidden}
        for r in range(sheet.nrows):
            for c in range(sheet.row_len(r)):
                count += 1
                if count > MAX_CELLS:
                    raise _too_large(name)
                place = (r + 1, c + 1)
                cell = sheet.cell(r, c)
                style = book.xf_list[cell.xf_index]
                border = style.border
                if (
                    border.left_line_style
                    or border.right_line_style
                    or border.top_line_style
                    or border.bottom_line_style
                ):
                    grid.bordered.add(place)
                text = _xls_text(book, cell, style, grid, place)
                if text:
                    grid.texts[place] = text
        grid.merged = [(r0 + 1, c0 + 1, r1, c1) for r0, r1, c0, c1 in sheet.merged_cells]
        grids.append(grid)
    return _office(grids, warnings)


def _xls_text(book: Any, cell: Any, style: Any, grid: _Grid, place: tuple[int, int]) -> str:
    import xlrd

    if cell.ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
        return ""
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, f"#ERR{cell.value}"))
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return "TRUE" if cell.value else "FALSE"
    if cell.ctype == xlrd.XL_CELL_TEXT:
        return _tidy(str(cell.value))
    known = book.format_map.get(style.format_key)
    return _shown(cell.value, known.format_str if known else None, grid, place)


# -- both ----------------------------------------------------------------------------------
def _shown(value: object, number_format: str | None, grid: _Grid, place: tuple[int, int]) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime | date):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, time):
        return value.isoformat()
    if isinstance(value, int | float):
        shown = show_number(value, number_format)
        if not shown.is_certain:
            grid.uncertain.append(reference(*place))
        grid.rounded += shown.is_rounded
        return shown.text
    return _tidy(str(value))


def _tidy(text: str) -> str:
    lines = (" ".join(x.split()) for x in text.replace("_x000D_", "").splitlines())
    return "\n".join(x for x in lines if x)


def _damaged(error: Exception, name: str) -> DamagedError:
    return DamagedError(
        f"the workbook cannot be opened ({type(error).__name__}: {str(error)[:200]})", name,
        "Fetch it again; if it is the same, the publisher's copy is broken.",
    )  # fmt: skip


def _too_large(name: str) -> TooLargeError:
    return TooLargeError(
        f"the workbook has more than {MAX_CELLS:,} cells", name,
        "Look at it by hand: a budget is never so large.",
    )  # fmt: skip


def _hidden_sheet(name: str) -> Warning_:
    return Warning_(
        code="hidden_sheet",
        message=f"the sheet “{name}” is hidden: what it holds was not published, and is not read",
        where=name,
    )


def _office(grids: Iterable[_Grid], warnings: list[Warning_]) -> Office:
    office = Office([], warnings)
    for number, grid in enumerate(grids, start=1):
        office.sheets.append(_lay_out(grid, number, warnings))
        for code, places, what in (
            ("number_format", grid.uncertain, "have a number format that is not carried out"),
            ("formula_without_value", grid.uncomputed, "are formulas that no program has computed"),
        ):
            if places:
                shown = ", ".join(places[:8]) + (" …" if len(places) > 8 else "")
                warnings.append(
                    Warning_(
                        code=code,
                        message=f"{len(places)} cells {what} ({shown}); they are not taken for "
                        "figures",
                        page=number,
                        where=grid.name,
                    )
                )
        if grid.rounded:
            warnings.append(
                Warning_(
                    code="shown_rounded",
                    message=f"{grid.rounded} cells hold more decimals than they show; what is "
                    "shown was taken",
                    page=number,
                    where=grid.name,
                )
            )
    return office


def _lay_out(grid: _Grid, number: int, warnings: list[Warning_]) -> Sheet:
    """The sheet's rows as captions and tables, hidden rows and columns left out."""
    setter = Setter(number, grid.name)
    spans = {(r0, c0): (r1, c1) for r0, c0, r1, c1 in grid.merged}
    covered = {
        (r, c)
        for r0, c0, r1, c1 in grid.merged
        for r in range(r0, r1 + 1)
        for c in range(c0, c1 + 1)
        if (r, c) != (r0, c0)
    }
    texts = {p: t for p, t in grid.texts.items() if p not in covered}
    hidden = [p for p in texts if p[0] in grid.hidden_rows or p[1] in grid.hidden_columns]
    if hidden:
        warnings.append(
            Warning_(
                code="hidden_cells",
                message=f"{len(hidden)} cells stand in hidden rows or columns (first "
                f"{reference(*min(hidden))}); they were not published and are not read",
                page=number,
                where=grid.name,
            )
        )
    texts = {p: t for p, t in texts.items() if p not in set(hidden)}
    if not texts:
        return setter.done()
    # merged cells count as far as they reach: their borders and their empty ends belong to it
    last_row = max(max(r, spans.get((r, c), (r, c))[0]) for r, c in texts)
    rows = [r for r in range(1, last_row + 1) if r not in grid.hidden_rows]
    for segment in _segments(rows, texts):
        _lay_segment(setter, grid, segment, texts, spans)
    return setter.done()


def _segments(rows: list[int], texts: dict[tuple[int, int], str]) -> list[list[int]]:
    """The sheet's rows, cut before each row that is a form's title."""
    by_row: dict[int, list[str]] = {}
    for (r, _), text in sorted(texts.items()):
        by_row.setdefault(r, []).append(text)
    out: list[list[int]] = [[]]
    for r in rows:
        said = by_row.get(r, [])
        if len(said) == 1 and out[-1] and _is_title(said[0]):
            out.append([])
        out[-1].append(r)
    return [s for s in out if any(r in by_row for r in s)]


def _is_title(text: str) -> bool:
    return any(f.title_fit(key(text)) == "exact" for f in family().forms.values())


def _is_caption(text: str) -> bool:
    said = key(text)
    lines = family()
    return (
        fits(lines.label, said)
        or fits(lines.owner, said)
        or (fits(lines.unit, said) and said != "")
        or _is_title(text)
        or pattern(r"(?:20\d\d)年?(?:度)?").fullmatch(said) is not None
    )


def _lay_segment(
    setter: Setter,
    grid: _Grid,
    rows: list[int],
    texts: dict[tuple[int, int], str],
    spans: dict[tuple[int, int], tuple[int, int]],
) -> None:
    """Captions, then the table, then what stands below it (rows of one text without borders)."""
    by_row = {r: sorted((c, t) for (r2, c), t in texts.items() if r2 == r) for r in rows}
    bordered = {r for r, _ in grid.bordered}

    def is_tabular(r: int) -> bool:
        said = by_row[r]
        return len(said) >= 2 and not all(_is_caption(t) for _, t in said)

    first = next((n for n, r in enumerate(rows) if is_tabular(r)), None)
    if first is None:
        for r in rows:
            _lay_line(setter, by_row[r])
        return
    # a header may begin with one merged cell: a ruled row that is no caption
    while (
        first > 0
        and rows[first - 1] in bordered
        and by_row[rows[first - 1]]
        and not all(_is_caption(t) for _, t in by_row[rows[first - 1]])
    ):
        first -= 1
    for r in rows[:first]:
        _lay_line(setter, by_row[r])
    body = rows[first:]
    while body and not by_row[body[-1]]:
        body.pop()
    tail: list[int] = []
    while body and len(by_row[body[-1]]) <= 1 and body[-1] not in bordered and bordered:
        tail.insert(0, body.pop())
    columns = _columns(grid, body, texts, spans)
    place_row = {r: i for i, r in enumerate(body)}
    place_column = {c: i for i, c in enumerate(columns)}
    cells: list[SheetCell] = []
    taken: set[tuple[int, int]] = set()
    for r in body:
        for c in columns:
            if (r, c) in taken:
                continue
            r1, c1 = spans.get((r, c), (r, c))
            inside_rows = [x for x in range(r, r1 + 1) if x in place_row]
            inside_columns = [x for x in range(c, c1 + 1) if x in place_column]
            taken |= {(x, y) for x in inside_rows for y in inside_columns}
            cells.append(
                SheetCell(
                    place_row[r],
                    place_column[c],
                    texts.get((r, c), ""),
                    max(1, len(inside_rows)),
                    max(1, len(inside_columns)),
                )
            )

    def named(row: int, column: int) -> str:
        return reference(body[row], columns[column])

    setter.table(cells, len(body), len(columns), named)
    for r in tail:
        _lay_line(setter, by_row[r])


def _columns(
    grid: _Grid,
    rows: list[int],
    texts: dict[tuple[int, int], str],
    spans: dict[tuple[int, int], tuple[int, int]],
) -> list[int]:
    """The sheet columns that the table uses: those with text, and those with borders between."""
    inside = set(rows)
    used = {c for (r, c) in texts if r in inside}
    for (r, _), (_, c1) in spans.items():
        if r in inside and any(r2 == r and c2 <= c1 for (r2, c2) in texts):
            used.add(c1)
    if not used:
        return []
    edge = {c for r, c in grid.bordered if r in inside}
    last = max(used)
    first = min(used)
    if edge:
        first, last = min(first, *edge), max(last, *edge)
    columns = [c for c in range(first, last + 1) if c not in grid.hidden_columns]
    # a column that no row of the table says or rules anything in is room, no column
    ruled = {c for r, c in grid.bordered if r in inside}
    starts = {c for (r, c) in texts if r in inside}
    return [c for c in columns if c in starts or (c in ruled and _alone(c, rows, spans))] or columns


def _alone(column: int, rows: list[int], spans: dict[tuple[int, int], tuple[int, int]]) -> bool:
    """Does any row have a cell of its own in this column, not merged with the one before?"""
    inside = set(rows)
    merged = {
        r for (r0, c0), (r1, c1) in spans.items() if c0 < column <= c1 for r in range(r0, r1 + 1)
    }
    return bool(inside - merged)


def _lay_line(setter: Setter, said: list[tuple[int, str]]) -> None:
    if not said:
        return
    if len(said) == 1:
        text = said[0][1]
        if "\n" in text and len(re.sub(r"\s", "", text)) > 40:
            for part in text.split("\n"):
                setter.paragraph(part)
        else:
            setter.paragraph(text, centred=len(text) <= 30)
        return
    x, out = 100.0, []
    for _, text in said:
        flat = " ".join(text.split())
        out.append((x, flat))
        x += 10.0 * (len(flat) + 6)
    setter.line(out)

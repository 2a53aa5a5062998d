"""Pages built by hand for the tests of the readers of text: lines, grids and cells in points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from parsers.page import Grid, GridCell, Page, TextLine, Word

Row = Sequence[str | tuple[str, int] | tuple[str, int, int] | None]


def words(text: str, x0: float, top: float, size: float = 10.0) -> list[Word]:
    """A word for each run between blanks, every character ``size`` wide."""
    out: list[Word] = []
    x = x0
    for part in text.split(" "):
        if part:
            out.append(Word(part, x, top, x + size * len(part), top + size, size))
        x += size * (len(part) + 0.5)
    return out


def line(text: str, top: float, *, page: int = 1, x0: float = 72.0, size: float = 10.0) -> TextLine:
    return TextLine(page, words(text, x0, top, size))


def grid(
    rows: Sequence[Row], *, page: int = 1, top: float = 100.0, ncols: int | None = None
) -> Grid:
    """Rows of cells; ``(text, colspan)`` or ``(text, colspan, rowspan)`` merge, None is covered.

    A newline in a text begins a new printed line. A column is 60 points wide, a row 40 high.
    """
    width, height, left = 60.0, 40.0, 72.0
    cells: list[GridCell] = []
    for r, row in enumerate(rows):
        c = 0
        for item in row:
            if item is None:
                c += 1
                continue
            text, colspan, rowspan = (
                (item, 1, 1) if isinstance(item, str) else (*item, 1)[:3]  # type: ignore[misc]
            )
            x0, y0 = left + c * width, top + r * height
            box = (x0, y0, x0 + colspan * width, y0 + rowspan * height)
            ws = [
                w
                for n, part in enumerate(str(text).split("\n"))
                for w in words(
                    part, x0 + 1, y0 + 2 + 12 * n, min(8.0, 40.0 * colspan / max(1, len(part)))
                )
            ]
            cells.append(GridCell(r, c, rowspan, colspan, box, ws))
            c += colspan
    n = ncols or max((c.col + c.colspan for c in cells), default=0)
    return Grid(
        page,
        (left, top, left + n * width, top + len(rows) * height),
        len(rows),
        n,
        cells,
    )


def moved(word: Word, dx: float, dy: float) -> Word:
    return replace(
        word, x0=word.x0 + dx, x1=word.x1 + dx, top=word.top + dy, bottom=word.bottom + dy
    )


def moved_line(item: TextLine, dx: float, dy: float, *, page: int | None = None) -> TextLine:
    """A new line: a line keeps its box once asked for it."""
    return TextLine(page or item.page, [moved(w, dx, dy) for w in item.words])


def moved_grid(item: Grid, dy: float, *, page: int) -> Grid:
    cells = [
        GridCell(
            c.row,
            c.col,
            c.rowspan,
            c.colspan,
            (c.bbox[0], c.bbox[1] + dy, c.bbox[2], c.bbox[3] + dy),
            [moved(w, 0.0, dy) for w in c.words],
        )
        for c in item.cells
    ]
    x0, top, x1, bottom = item.bbox
    return Grid(page, (x0, top + dy, x1, bottom + dy), item.nrows, item.ncols, cells)


def page(number: int, *items: str | TextLine | Grid, top: float = 80.0) -> Page:
    """Lines and grids one below the other; a str becomes a line at the left margin."""
    out = Page(number, 595.0, 842.0)
    y = top
    for item in items:
        if isinstance(item, Grid):
            placed = moved_grid(item, y - item.bbox[1], page=number)
            out.grids.append(placed)
            y = placed.bbox[3] + 12
        else:
            made = line(item, y, page=number) if isinstance(item, str) else item
            made = moved_line(made, 0.0, y - min(w.top for w in made.words), page=number)
            out.lines.append(made)
            y = made.bbox[3] + 10
    return out

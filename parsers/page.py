"""What the engine sees on a page, before anybody asks what it means.

All boxes are PDF points from the top left of the visible page (CropBox after rotation).
Watermarks, invisible text and doubled glyphs (fake bold) are already gone; what was taken
out and why is in ``Page.removed``.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field

from parsers.document import BBox

Edges = tuple["array[float]", "array[float]"]


@dataclass(slots=True)
class Strip:
    """Glyphs that one text object prints in a row without a gap, upright; often only one.

    What they share (height, size) is held once: most of a page can be set in order by its strips.
    (In many fonts every glyph's box has its own height; then a strip is one glyph.)
    Each glyph begins right of the middle of the one before it and ends no farther left, so the
    first and the last bound them all. Where a strip must be taken apart, ``glyphs`` gives a strip
    for each glyph. Boxes are the font's, not the ink's.
    """

    text: str
    """One character a glyph."""
    x0: float
    top: float
    x1: float
    bottom: float
    size: float
    source: int
    """Number of the text object it was drawn by, in drawing order."""
    middle: float
    """Height of the box's middle."""
    first: float
    """Right end of the first glyph."""
    last: float
    """Left end of the last glyph."""
    edges: Edges | None = None
    """Left and right ends of all glyphs of the page, where there are several here …"""
    place: int = 0
    """… and the first one's place among them."""

    def glyphs(self) -> list[Strip]:
        """The same glyphs, each as a strip of its own."""
        if self.edges is None:
            return [self]
        lefts, rights = self.edges
        return [
            Strip(
                ch, lefts[k], self.top, rights[k], self.bottom, self.size, self.source,
                self.middle, rights[k], lefts[k],
            )
            for k, ch in enumerate(self.text, start=self.place)
        ]  # fmt: skip


@dataclass(slots=True)
class Seen:
    """What the recogniser saw where no text layer says it.

    ``confidence``: of the least certain character of ``text``. ``figure``: the reading when only
    the characters of a figure are allowed, with its own confidence; ``others``: what else the
    pixels may say as a figure, likeliest first, with their probabilities. ``margin``: see
    ``parsers.glyphs``.
    """

    text: str
    confidence: float
    figure: str = ""
    figure_confidence: float = 0.0
    others: list[tuple[str, float]] = field(default_factory=list)
    second: str | None = None
    """A figure as the second recogniser reads it; None where it gives no opinion."""
    margin: float = 0.0
    second_others: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Word:
    """A run of glyphs without a gap."""

    text: str
    x0: float
    top: float
    x1: float
    bottom: float
    size: float = 0.0
    seen: Seen | None = None
    """Set where the word was recognised in an image."""

    @property
    def bbox(self) -> BBox:
        return (self.x0, self.top, self.x1, self.bottom)


@dataclass(slots=True)
class TextLine:
    """Words on one baseline that stand outside every grid of the page, in reading order."""

    page: int
    words: list[Word]
    _bbox: BBox | None = field(default=None, repr=False, compare=False)

    @property
    def text(self) -> str:
        """The line without blanks between Chinese words (blanks carry no meaning there)."""
        return "".join(w.text for w in self.words)

    @property
    def bbox(self) -> BBox:
        if self._bbox is None:
            self._bbox = (
                min(w.x0 for w in self.words),
                min(w.top for w in self.words),
                max(w.x1 for w in self.words),
                max(w.bottom for w in self.words),
            )
        return self._bbox


@dataclass(slots=True)
class GridCell:
    """One cell of a grid; ``row``/``col`` are those of its top left corner."""

    row: int
    col: int
    rowspan: int
    colspan: int
    bbox: BBox
    words: list[Word] = field(default_factory=list)
    smudged: bool = False
    """Of a scan: something is drawn here that is not read, or dirt may cover print."""

    @property
    def lines(self) -> list[str]:
        """The printed lines inside the cell, top to bottom (words are in reading order)."""
        out: list[str] = []
        last: Word | None = None
        for w in self.words:
            if last is not None and w.x0 >= last.x0 and w.top < (last.top + last.bottom) / 2:
                out[-1] += w.text
            else:
                out.append(w.text)
            last = w
        return out

    @property
    def text(self) -> str:
        """All lines joined: a wrapped name or number reads as one."""
        if len(self.words) < 2:
            return self.words[0].text if self.words else ""
        return "".join(self.lines)


@dataclass(slots=True)
class Grid:
    """A table's grid on one page (a table over a page end is several grids)."""

    page: int
    bbox: BBox
    nrows: int
    ncols: int
    cells: list[GridCell]
    method: str = "rules"  # rules | text (borderless)
    _rows: dict[int, list[GridCell]] | None = field(default=None, repr=False, compare=False)

    def beginning_in(self, row: int) -> list[GridCell]:
        """The cells whose top row this is (cells neither come nor move once a grid is made)."""
        if self._rows is None:
            self._rows = {}
            for c in self.cells:
                self._rows.setdefault(c.row, []).append(c)
        return self._rows.get(row, [])

    def cell_at(self, row: int, col: int) -> GridCell | None:
        """The cell that covers this place, merged cells included."""
        for c in self.cells:
            if c.row <= row < c.row + c.rowspan and c.col <= col < c.col + c.colspan:
                return c
        return None

    def matrix(self) -> list[list[str]]:
        """Rows of texts; a merged cell's text stands at its top left place only."""
        out = [[""] * self.ncols for _ in range(self.nrows)]
        for c in self.cells:
            out[c.row][c.col] = c.text
        return out


@dataclass(slots=True)
class Removed:
    kind: str  # watermark | invisible | duplicate | outside
    text: str
    bbox: BBox


@dataclass(slots=True)
class Page:
    """One page: grids and the text lines outside them, both in reading order."""

    number: int
    width: float
    height: float
    rotation: int = 0
    lines: list[TextLine] = field(default_factory=list)
    grids: list[Grid] = field(default_factory=list)
    removed: list[Removed] = field(default_factory=list)
    rules: list[tuple[float, float, float]] = field(default_factory=list)
    """Horizontal rules (y, x0, x1) that belong to no grid."""
    has_text: bool = True
    image_share: float = 0.0
    unmapped: int = 0
    """Glyphs whose character the file does not tell (font without a usable map)."""
    turned: int = 0
    """Degrees (clockwise) the whole page was turned to read sideways text; boxes are turned too."""
    is_scan: bool = False
    """Recognised from its image; its words say how surely."""
    smudges: list[BBox] = field(default_factory=list)
    """Of a scan: places outside ruled cells where something is drawn that is not read, and where
    dirt may cover print."""
    skew: Callable[[BBox], BBox] | None = None
    """Of a scan that was straightened: its boxes on the page as it lies in the file."""
    is_whole: bool = False
    """A sheet of a spreadsheet: no table goes on from the page before."""
    said: dict[int, list[tuple[str, TextLine | None]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """Its lines as ``parsers.cover`` compares them: asked for again and again."""
    titles: list[tuple[str, str]] | None = field(
        default=None, init=False, repr=False, compare=False
    )
    """Families and titles of the forms on it, once ``parsers.cover`` has looked."""

    def visible(self, box: BBox) -> BBox:
        """A box of a turned page in the coordinates of the page as viewers show it."""
        x0, y0, x1, y1 = box
        if self.turned == 90:
            return (y0, self.width - x1, y1, self.width - x0)
        if self.turned == 180:
            return (self.width - x1, self.height - y1, self.width - x0, self.height - y0)
        if self.turned == 270:
            return (self.height - y1, x0, self.height - y0, x1)
        return box

    def flow(self) -> list[TextLine | Grid]:
        """Lines and grids together, top to bottom."""
        items: list[TextLine | Grid] = [*self.lines, *self.grids]
        return sorted(items, key=lambda i: i.bbox[1])

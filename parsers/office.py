"""Spreadsheets and Word files as the pages that the assembly of forms reads.

Such files have cells instead of coordinates. Each sheet (or part of a Word file) is laid out on
an invented page: what stands side by side there stands side by side here, and nothing more is
taken from the coordinates. After the reading they are taken out again: ``Cell.bbox`` is null,
``Cell.sheet`` and ``Cell.reference`` say where a figure stands.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from parsers.document import BBox, Model, ParsedDocument, Warning_
from parsers.errors import DamagedError, EncryptedError, TooLargeError, UnsupportedFormatError
from parsers.page import Grid, GridCell, Page, TextLine, Word

__all__ = ["Office", "Region", "Sheet", "SheetCell", "is_pdf", "read_office", "unzip_checked"]

LEFT, TOP = 100.0, 1000.0
"""The corner of an invented page's content: far from the margins, where page numbers stand."""
COLUMN, ROW, GLYPH = 200.0, 40.0, 10.0
LINE_GLYPHS = 40
"""Longer paragraphs are set in several lines, as a page sets them."""

MAX_UNPACKED = 512 * 1024 * 1024
MAX_PARTS = 5000
MAX_CELLS = 2_000_000


@dataclass
class SheetCell:
    """A cell with its text as it is shown, at the top left of what it is merged over."""

    row: int
    column: int
    text: str
    rowspan: int = 1
    colspan: int = 1


@dataclass
class Region:
    """A table's place on its page: turns a box back into the cell it stands for."""

    top: float
    bottom: float
    xs: list[float]
    ys: list[float]
    reference: Callable[[int, int], str]
    """(row, column) inside the region, from 0 → the cell's reference."""

    def of(self, bbox: BBox) -> str:
        row = max((i for i, y in enumerate(self.ys) if y <= bbox[1] + 0.5), default=0)
        column = max((i for i, x in enumerate(self.xs) if x <= bbox[0] + 0.5), default=0)
        return self.reference(row, column)


@dataclass
class Sheet:
    """One invented page: number, name (None in Word files), and its tables' places."""

    page: Page
    name: str | None
    regions: list[Region] = field(default_factory=list)


@dataclass
class Office:
    """A spreadsheet or Word file as pages, and the way back to its cells."""

    sheets: list[Sheet]
    warnings: list[Warning_] = field(default_factory=list)

    @property
    def pages(self) -> list[Page]:
        return [sheet.page for sheet in self.sheets]

    def locate(self, document: ParsedDocument) -> None:
        """Give the document's cells their references and take every invented box out."""
        by_page = {sheet.page.number: sheet for sheet in self.sheets}
        for table in document.tables:
            table.bbox_by_page = {}
            for cell in (cell for row in table.cells for cell in row):
                sheet = by_page[cell.page]
                cell.sheet = sheet.name
                if cell.bbox is not None:
                    cell.reference = _reference(sheet, cell.bbox)
        _without_boxes(document)


def _reference(sheet: Sheet, bbox: BBox) -> str | None:
    middle = bbox[1] + 1
    return next((r.of(bbox) for r in sheet.regions if r.top <= middle <= r.bottom), None)


def _without_boxes(value: object) -> None:
    if isinstance(value, Model):
        for name in type(value).model_fields:
            if name == "bbox":
                setattr(value, name, None)
            else:
                _without_boxes(getattr(value, name))
    elif isinstance(value, dict):
        for one in value.values():
            _without_boxes(one)
    elif isinstance(value, list):
        for one in value:
            _without_boxes(one)


def is_pdf(data: bytes) -> bool:
    """Nothing that an office file begins with, so that pdfium judges everything else."""
    begins = data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"{\\rtf"))
    return not begins and not _is_saved_as_page(data)


def _is_saved_as_page(data: bytes) -> bool:
    """A workbook or text that was saved as a web page, as XML or as MHTML, or a page of tables."""
    bare = data[:8192].removeprefix(b"\xef\xbb\xbf").lstrip()
    if b"%PDF-" in bare[: 1024 + 5]:  # some gateways put a few lines before it
        return False
    if bare.startswith(b"<"):
        return _SAVED.search(bare) is not None or re.search(rb"<td\b", data, re.I) is not None
    return _MHT.search(bare) is not None


_SAVED = re.compile(
    rb"urn:schemas-microsoft-com:office:|schemas\.microsoft\.com/office/(?:word/2003|2006/xmlPackage)"
    rb"|<\?mso-application\s",
    re.I,
)
_MHT = re.compile(rb"\A[\w-]+:.{0,4000}?^Content-Type:\s*multipart/related", re.I | re.M | re.S)


def read_office(data: bytes, name: str) -> Office:
    """Pages of an xlsx, xls, docx or doc.

    Raises DamagedError, EncryptedError, TooLargeError; UnsupportedFormatError for other office
    files (OFD, presentations, RTF, files saved as web pages or XML), with what a person can do.
    """
    if data.startswith(b"PK"):
        parts = unzip_checked(data, name)
        if any(p.startswith("xl/") for p in parts):
            from parsers.spreadsheet import read_xlsx

            return read_xlsx(data, name)
        if "word/document.xml" in parts:
            from parsers.word import read_docx

            return read_docx(data, name)
        kind = "an OFD file" if "OFD.xml" in parts else "a zip that is no spreadsheet or Word file"
        raise _unsupported(kind, name)
    if data.startswith(b"{\\rtf"):
        raise _unsupported("an RTF file", name)
    if _is_saved_as_page(data):
        raise _unsupported("an Excel or Word file saved as a web page or XML", name)
    text = {s: f"{s}\0".encode("utf-16-le") in data for s in _STREAMS}
    if text["EncryptedPackage"]:
        raise EncryptedError(
            "the office file needs a password to open", name,
            "Ask the publisher for an open copy; nothing can be read from this one.",
        )  # fmt: skip
    if text["Workbook"] or text["Book"]:
        from parsers.spreadsheet import read_xls

        return read_xls(data, name)
    if text["WordDocument"]:
        from parsers.word import read_doc

        return read_doc(data, name)
    raise _unsupported("an OLE file that is neither Excel nor Word", name)


_STREAMS = ("EncryptedPackage", "Workbook", "Book", "WordDocument")


def _unsupported(what: str, name: str) -> UnsupportedFormatError:
    return UnsupportedFormatError(
        f"this is {what}", name,
        "It is archived as it is. Save it as PDF (or xlsx, docx) and ingest that, or ask the "
        "publisher for a PDF.",
    )  # fmt: skip


def unzip_checked(data: bytes, name: str) -> list[str]:
    """Names of the parts of an Office Open XML file, after its sizes were looked at."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            infos = package.infolist()
    except zipfile.BadZipFile as error:
        raise DamagedError(
            f"the office file is damaged ({error})", name,
            "Fetch it again; if it is the same, the publisher's copy is broken.",
        ) from error  # fmt: skip
    size = sum(info.file_size for info in infos)
    if size > MAX_UNPACKED or len(infos) > MAX_PARTS:
        raise TooLargeError(
            f"the office file unpacks to {size:,} bytes in {len(infos)} parts", name,
            "Look at it by hand: a budget is never so large; it may be a bomb.",
        )  # fmt: skip
    return [info.filename for info in infos]


# -- setting -----------------------------------------------------------------------------


class Setter:
    """Sets lines and tables on one invented page, top to bottom."""

    def __init__(self, number: int, name: str | None) -> None:
        self.number = number
        self.y = TOP
        self.lines: list[TextLine] = []
        self.grids: list[Grid] = []
        self.regions: list[Region] = []
        self.name = name

    def words(self, text: str, x: float, y: float) -> list[Word]:
        out = []
        for part in text.split():
            width = GLYPH * len(part)
            out.append(Word(part, x, y, x + width, y + GLYPH, GLYPH))
            x += width + GLYPH
        return out

    def paragraph(self, text: str, *, centred: bool = False) -> None:
        """One paragraph; a long one is wrapped and its first line indented by two glyphs."""
        squeezed = " ".join(text.split())
        if not squeezed:
            return
        indent = LEFT + (8 if centred else 2) * GLYPH
        for n, piece in enumerate(_wrapped(squeezed, LINE_GLYPHS)):
            self.lines.append(
                TextLine(self.number, self.words(piece, indent if n == 0 else LEFT, self.y))
            )
            self.y += 2 * GLYPH
        self.y += GLYPH

    def line(self, cells: Sequence[tuple[float, str]]) -> None:
        """Texts side by side, each at its place."""
        words = [w for x, text in cells for w in self.words(text, x, self.y)]
        if words:
            self.lines.append(TextLine(self.number, words))
            self.y += 3 * GLYPH

    def table(
        self,
        cells: Sequence[SheetCell],
        rows: int,
        columns: int,
        reference: Callable[[int, int], str],
    ) -> None:
        """A table whose rows and columns are numbered from 0."""
        height = [ROW] * rows
        for cell in cells:
            # room for the lines of a cell, so that it reads top to bottom
            need = (cell.text.count("\n") + 1) * 1.5 * GLYPH + GLYPH
            if cell.rowspan == 1:
                height[cell.row] = max(height[cell.row], need)
        ys = [self.y]
        for h in height:
            ys.append(ys[-1] + h)
        widest = max(
            (len(line) for c in cells if c.colspan == 1 for line in c.text.split("\n")), default=1
        )
        width = max(COLUMN, (widest + 4) * GLYPH)
        xs = [LEFT + width * k for k in range(columns + 1)]
        made = []
        for cell in cells:
            bbox = (
                xs[cell.column],
                ys[cell.row],
                xs[cell.column + cell.colspan],
                ys[cell.row + cell.rowspan],
            )
            words: list[Word] = []
            for n, line in enumerate(cell.text.split("\n")):
                words += self.words(line, bbox[0] + 2, bbox[1] + 2 + n * 1.5 * GLYPH)
            made.append(GridCell(cell.row, cell.column, cell.rowspan, cell.colspan, bbox, words))
        made.sort(key=lambda c: (c.row, c.col))
        box = (xs[0], ys[0], xs[-1], ys[-1])
        self.grids.append(Grid(self.number, box, rows, columns, made))
        self.regions.append(Region(ys[0], ys[-1], xs[:-1], ys[:-1], reference))
        self.y = ys[-1] + 3 * GLYPH

    def done(self) -> Sheet:
        right = max((g.bbox[2] for g in self.grids), default=0.0)
        right = max([right, *(line.bbox[2] for line in self.lines)], default=LEFT)
        page = Page(
            number=self.number,
            width=right + LEFT,
            # a margin below as above: a tenth of the page and more
            height=max(self.y + TOP, self.y / 0.8),
            lines=self.lines,
            grids=self.grids,
            is_whole=True,
        )
        # and above: where a long page would push its own head into the margin
        shift = max(0.0, 0.15 * page.height - TOP)
        if shift:
            _shift(page, self.regions, shift)
        return Sheet(page, self.name, self.regions)


def _shift(page: Page, regions: list[Region], by: float) -> None:
    page.height += by
    moved: set[int] = set()
    for word in _all_words(page):
        if id(word) not in moved:
            moved.add(id(word))
            word.top += by
            word.bottom += by
    page.lines = [TextLine(line.page, line.words) for line in page.lines]
    for grid in page.grids:
        grid.bbox = (grid.bbox[0], grid.bbox[1] + by, grid.bbox[2], grid.bbox[3] + by)
        for cell in grid.cells:
            x0, top, x1, bottom = cell.bbox
            cell.bbox = (x0, top + by, x1, bottom + by)
    for region in regions:
        region.top += by
        region.bottom += by
        region.ys = [y + by for y in region.ys]


def _all_words(page: Page) -> Iterator[Word]:
    for line in page.lines:
        yield from line.words
    for grid in page.grids:
        for cell in grid.cells:
            yield from cell.words


def _wrapped(text: str, glyphs: int) -> list[str]:
    """Lines of about so many glyphs; a number or word is never parted."""
    if len(text) <= glyphs:
        return [text]
    out, start = [], 0
    while len(text) - start > glyphs:
        end = start + glyphs
        while end > start + 1 and _parts_a_word(text, end):
            end -= 1
        out.append(text[start:end])
        start = end
    out.append(text[start:])
    return [piece for piece in out if piece.strip()]


def _parts_a_word(text: str, at: int) -> bool:
    joined = "0123456789.,%-+"
    a, b = text[at - 1], text[at]
    return (a in joined or (a.isascii() and a.isalnum())) and (
        b in joined or (b.isascii() and b.isalnum())
    )

"""Scanned pages (扫描页) → the same pages that the engine gives for a text layer.

A page without a text layer is looked at as an image: straightened (``parsers.raster``), its
rules found and joined to grids by ``parsers.grid``, each cell's lines and the lines around the
tables cut out and read one by one (``parsers.ocr``). Forms, joining over pages, narrative and
performance tables then work on it as on any other page; each word says how surely it was read.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parsers import glyphs, ocr, raster
from parsers.document import BBox, ParsedDocument
from parsers.grid import build_grids
from parsers.page import Page, Seen, TextLine, Word
from parsers.second import without_aslant
from parsers.seen import UNWITNESSED

if TYPE_CHECKING:
    import numpy as np

    Pixels = np.ndarray[Any, np.dtype[np.uint8]]

Kept = MutableMapping[str, bytes]
"""Recognitions kept by the hash of their page's image."""


class Folder(MutableMapping[str, bytes]):
    """Recognitions kept as files, each written whole or not at all."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)

    def _at(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"

    def __contains__(self, key: object) -> bool:
        return self._at(str(key)).is_file()

    def __getitem__(self, key: str) -> bytes:
        try:
            return self._at(key).read_bytes()
        except OSError:
            raise KeyError(key) from None

    def __setitem__(self, key: str, value: bytes) -> None:
        path = self._at(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(f".{os.getpid()}.tmp")
        scratch.write_bytes(value)
        scratch.replace(path)

    def __delitem__(self, key: str) -> None:
        self._at(key).unlink()

    def __iter__(self) -> Iterator[str]:
        return (p.stem for p in self.folder.glob("*/*.json"))

    def __len__(self) -> int:
        return sum(1 for _ in self)


LEAST_IMAGE = 0.3
"""Share of a page without text that images must cover for it to be read as a scan."""
_WORD_GAP, _NARROW_GAP = 1.3, 0.42
"""A gap wider than this share of the line's height parts two words; outside rules, where columns
may stand close, the narrow one does, save beside a sign that has its own air (，。（)."""
_OWN_AIR_AFTER, _OWN_AIR_BEFORE = "，。、；：！？）》」”’,;:)", "（《「“‘("
_COLUMNS, _COLUMNED = 3, 2
"""Runs in a line, and such lines on a page, from which on a page without rules is a form."""
_ACROSS = 0.5
"""Share of the page's width from which on a line is one of running text, or a title."""
_DEEPEST = 3
_SAME_LINE = 0.4
"""Share of a line's height by which the middles of two of its runs may differ."""
_SMUDGE = 6.0
"""Points: places that are not read are told apart by so much."""
_SPECK = 1.3
"""Ink smaller than this in both directions (points) is grain, where it stands alone."""
_DIM = 0.02
"""Share of a cell that may lie under dark dirt."""
_GRAIN, _EDGE_GRAIN, _EDGE_GAP = 2.8, 2.2, 1.8
_EDGE, _EDGE_MARK = 2.0, 5.0
"""A mark smaller than this, this near to the edge of the sheet (points), is no print."""
_SCRAPS = ".,、。'`’·^，．:：;；"
"""Outside rules these by themselves are dirt or a scrap of print, and no word."""
_GROUPED = re.compile(r"-?[1-9]\d{0,2}(?:[.,]\d{3})+")
_DIRTY = re.compile(r"[.,、·'’^]*(-?\d[\d,]*\.\d{2})[.,、·'’^]+|[.,、·'’^]+(-?\d[\d,]*\.\d{2})")
"""A figure with specks beside it."""
_INSET = 0.4
_TYPICAL = 10.0


@dataclass(slots=True)
class _Piece:
    """A printed run cut out of a page. ``box`` in pixels: x0, top, x1, bottom of its ink."""

    line: Pixels
    box: tuple[int, int, int, int]
    owner: int
    """Index of the cell it stands in, -1 outside the tables."""
    row: int = 0
    """Number of its line on the page."""


def is_scan(page: Page) -> bool:
    """Has a page nothing to read but an image? What else is printed on a scan with an invisible
    layer (a page number, a stamp's date) is less than that layer has."""
    if page.image_share < LEAST_IMAGE:
        return False
    if not page.has_text:
        return True
    words = [w for line in page.lines for w in line.words]
    words += [w for grid in page.grids for cell in grid.cells for w in cell.words]
    hidden = sum(len(r.text) for r in page.removed if r.kind == "invisible")
    return hidden > sum(len(w.text) for w in words)


def read_scans(
    data: bytes,
    pages: list[Page],
    *,
    also: Iterable[int] = (),
    kept: Kept | None = None,
) -> list[Page]:
    """The pages with the scanned ones (and those numbered in ``also``) read from their images.

    ``kept`` holds recognitions of earlier runs by page image; new ones are put there.
    Raises SecondReadingError where the model is not installed.
    """
    wanted = {p.number for p in pages if is_scan(p)} | set(also)
    if not wanted:
        return pages
    import pypdfium2

    out = list(pages)
    figures: list[tuple[Seen, Pixels]] = []
    pdf = pypdfium2.PdfDocument(data)
    try:
        for k, page in enumerate(pages):
            if page.number in wanted:
                sheet = pdf[page.number - 1]
                if not is_scan(page):  # its layer lies, and what it draws may be taken apart
                    without_aslant(sheet)
                out[k], found = read_scan(sheet, page, kept)
                figures += found
                sheet.close()
    finally:
        pdf.close()
    _second_opinions(figures)
    return out


def _second_opinions(figures: Sequence[tuple[Seen, Pixels]]) -> None:
    """Every figure in a cell read once more, by the shapes of the whole document's print."""
    samples = [
        glyphs.Sample(grey, seen.figure, min(seen.confidence, seen.figure_confidence))
        for seen, grey in figures
    ]
    for (seen, _), opinion in zip(figures, glyphs.opinions(samples), strict=True):
        if opinion is not None:
            seen.second, seen.margin = opinion.text, opinion.margin
            seen.second_others = opinion.others


def read_scan(
    drawn: Any, page: Page, kept: Kept | None = None
) -> tuple[Page, list[tuple[Seen, Pixels]]]:
    """One page (``drawn``: of pypdfium2) read from its image, and the grey print of each figure
    in its cells. ``page`` is what the engine saw."""
    grey, scale = raster.draw(drawn)
    sheet = raster.upright(grey, scale)
    levels, uprights, mask = raster.find_rules(sheet)
    ruled, loose = build_grids(levels, uprights, page.number)
    ink = _print_of(sheet, mask)
    # a form without rules: what a column's gap parts is a text of its own
    free = not ruled and _has_columns(ink, scale)
    pieces = list(_pieces(ink, scale, [c.bbox for g in ruled for c in g.grid.cells],
                          [g.grid.bbox for g in ruled], free=free))  # fmt: skip
    key = hashlib.sha256(
        f"{ocr.RECOGNITION} {grey.shape} {scale:.6f} {[p.box for p in pieces]} ".encode()
        + grey.tobytes()
    ).hexdigest()
    seen = _recognised(pieces, scale, kept, key)
    out = Page(page.number, page.width, page.height, page.rotation)
    out.removed, out.image_share, out.is_scan = page.removed, page.image_share, True
    out.skew = sheet.back if sheet.angle else None
    out.grids, out.rules = [g.grid for g in ruled], loose
    cells = [c for g in ruled for c in g.grid.cells]
    out.smudges = _dim_places(sheet) if free else []
    lines: dict[int, list[Word]] = {}
    figures: list[tuple[Seen, Pixels]] = []
    for piece, one in zip(pieces, seen, strict=True):
        if _is_grain(piece, scale) or (piece.owner < 0 and _at_edge(piece, scale, ink)):
            continue
        if not one.text or (free and all(ch in _SCRAPS for ch in one.text)):
            if piece.owner >= 0:
                cells[piece.owner].smudged = True
            else:
                out.smudges.append(_word(piece, one, scale).bbox)
            continue
        word = _word(piece, one, scale, free=free)
        if piece.owner >= 0:
            cells[piece.owner].words.append(word)
        else:
            _put(lines.setdefault(piece.row, []), word)
        # a figure that stands by itself: in a cell, or in a column without rules
        if (free or piece.owner >= 0) and _may_be_figure(one):
            figures.append((one, _grey_of(sheet, mask, piece.box)))
    for cell in cells:
        cell.smudged = cell.smudged or _is_dim(sheet, cell.bbox)
    out.lines = [TextLine(page.number, words) for _, words in sorted(lines.items())]
    out.has_text = bool(out.lines) or any(c.words for c in cells)
    return out, figures


def _put(line: list[Word], word: Word) -> None:
    """Add a word to its line: joined to the one before it where only a sign's own air parts them."""
    last = line[-1] if line else None
    if (
        last is None
        or last.seen is None
        or word.seen is None
        or word.x0 - last.x1 > _WORD_GAP * max(last.size, word.size)
        or not (last.text[-1] in _OWN_AIR_AFTER or word.text[0] in _OWN_AIR_BEFORE)
    ):
        line.append(word)
        return
    last.text += word.text
    last.x1, last.size = max(last.x1, word.x1), max(last.size, word.size)
    last.top, last.bottom = min(last.top, word.top), max(last.bottom, word.bottom)
    last.seen = Seen(last.text, min(last.seen.confidence, word.seen.confidence))


def _dim_places(sheet: raster.Sheet) -> list[BBox]:
    """Where the paper is so dark that print may hide in it, in points."""
    import numpy as np

    step = max(1, round(_SMUDGE * sheet.scale))
    height, width = (n // step * step for n in sheet.dim.shape)
    if not height or not width:
        return []
    blocks = sheet.dim[:height, :width].reshape(height // step, step, width // step, step)
    dark = blocks.mean(axis=(1, 3)) > _DIM
    return [
        (x * step / sheet.scale, y * step / sheet.scale,
         (x + 1) * step / sheet.scale, (y + 1) * step / sheet.scale)
        for y, x in np.argwhere(dark).tolist()
    ]  # fmt: skip


def _may_be_figure(seen: Seen) -> bool:
    signs = sum(ch in glyphs.CHARACTERS for ch in seen.text)
    return bool(seen.figure) and signs * 2 >= len(seen.text)


def _grey_of(sheet: raster.Sheet, mask: Pixels, box: tuple[int, int, int, int]) -> Pixels:
    """The page as scanned around a run of print, its rules painted over with paper."""
    import numpy as np

    air = max(2, round(1.0 * sheet.scale))
    x0, top, x1, bottom = box
    rows = slice(max(0, top - air), bottom + air)
    columns = slice(max(0, x0 - air), x1 + air)
    part = sheet.grey[rows, columns]
    paper = np.percentile(part, 92)
    out: Pixels = np.where(mask[rows, columns] > 0, paper, part).astype(np.uint8)
    return out


def _is_grain(piece: _Piece, scale: float) -> bool:
    """Dots that stand alone are dirt, whatever they look like: no figure and no word is one dot."""
    x0, top, x1, bottom = piece.box
    return max(x1 - x0, bottom - top) < _GRAIN * scale


def _at_edge(piece: _Piece, scale: float, page: Pixels) -> bool:
    """Is it a small mark at the edge of the sheet, where scanners leave some?"""
    x0, top, x1, bottom = piece.box
    height, width = page.shape
    near = min(x0, top, width - x1, height - bottom) <= _EDGE * scale
    return near and max(x1 - x0, bottom - top) <= _EDGE_MARK * scale


def _word(piece: _Piece, seen: Seen, scale: float, *, free: bool = False) -> Word:
    x0, top, x1, bottom = (v / scale for v in piece.box)
    if piece.owner >= 0 and _GROUPED.fullmatch(seen.text):
        # three decimals are printed nowhere: a worn comma that groups thousands reads as a point
        seen.text = seen.text.replace(".", ",")
    elif free and (figure := _DIRTY.fullmatch(seen.text)):
        seen.text = figure.group(1) or figure.group(2)
        seen.confidence = min(seen.confidence, UNWITNESSED)
    # ideographs fill their body, figures and small signs do not
    wide = any(ord(ch) > 0x2E80 for ch in seen.text)
    size = (bottom - top) / (0.9 if wide else 0.72)
    return Word(seen.text, x0, top, x1, bottom, round(size, 1), seen)


def _recognised(pieces: Sequence[_Piece], scale: float, kept: Kept | None, key: str) -> list[Seen]:
    if kept is not None and key in kept:
        try:
            held = [
                Seen(**{**s, "others": [tuple(o) for o in s["others"]]})
                for s in json.loads(kept[key])
            ]
        except (ValueError, TypeError, KeyError):
            held = []  # half a file, or one of another version: read again
        if len(held) == len(pieces):
            return held
    seen = [ocr.recognise(framed(p.line, scale)) for p in pieces]
    if kept is not None:
        kept[key] = json.dumps([asdict(s) for s in seen], ensure_ascii=False).encode()
    return seen


def framed(line: Pixels, scale: float) -> Pixels:
    """A line with air around it, as the model was trained on."""
    import numpy as np

    least = int(6 * scale)
    short = max(0, least - line.shape[0])
    air = max(2, round(0.18 * max(line.shape[0], least)))
    out: Pixels = np.pad(line, ((air + short // 2, air + short - short // 2), (2 * air, 2 * air)))
    return out


def _print_of(sheet: raster.Sheet, mask: Pixels) -> Pixels:
    """The ink without the rules."""
    import cv2
    import numpy as np

    wide = cv2.dilate(mask, np.ones((3, 3), np.uint8))
    out: Pixels = np.where(wide > 0, 0, sheet.ink).astype(np.uint8)
    return out


def _is_dim(sheet: raster.Sheet, box: BBox) -> bool:
    """Is a part of a cell so dark that print may hide in it?"""
    x0, top, x1, bottom = (round(v * sheet.scale) for v in box)
    part = sheet.dim[max(0, top) : bottom, max(0, x0) : x1]
    return bool(part.size and part.mean() > _DIM)


# -- cutting out -------------------------------------------------------------------------
def _pieces(
    ink: Pixels,
    scale: float,
    cells: Sequence[BBox],
    tables: Sequence[BBox],
    *,
    free: bool = False,
) -> Iterator[_Piece]:
    """The runs of print in the cells and around the tables; ``free``: of a form without rules."""
    heights: list[int] = []
    waiting: list[tuple[int, tuple[int, int, int, int]]] = []
    for owner, (x0, top, x1, bottom) in enumerate(cells):
        left, right = round((x0 + _INSET) * scale), round((x1 - _INSET) * scale)
        first, last = round((top + _INSET) * scale), round((bottom - _INSET) * scale)
        part = ink[first:last, left:right]
        for a, b in _spans(part, scale):
            heights.append(b - a)
            waiting.append((owner, (left, first + a, right, first + b)))
    typical = sorted(heights)[len(heights) // 2] if heights else round(_TYPICAL * scale)
    row = 0
    for owner, (left, a, right, b) in waiting:
        for top, bottom in _parted(ink[:, left:right], a, b, typical):
            row += 1
            gap = _WORD_GAP * max(bottom - top, 6 * scale)
            for piece in _runs(ink, scale, (left, top, right, bottom), owner, gap):
                piece.row = row
                yield piece
    around = ink.copy()
    for x0, top, x1, bottom in tables:
        around[
            max(0, round((top - 1) * scale)) : round((bottom + 1) * scale),
            max(0, round((x0 - 1) * scale)) : round((x1 + 1) * scale),
        ] = 0
    # bands of the page between, above and below the tables
    for a, b in _spans(around, scale, grain=True):
        whole = (0, a, around.shape[1], b)
        if free:
            lines = _in_lines(list(_around_tables(around, scale, whole, typical)))
        else:
            lines = [
                list(_runs(around, scale, (0, top, around.shape[1], bottom), -1,
                           _WORD_GAP * max(bottom - top, 6 * scale)))
                for top, bottom in _parted(around, a, b, typical)
            ]  # fmt: skip
        for line in lines:
            row += 1
            for piece in line:
                piece.row = row
                yield piece


def _has_columns(ink: Pixels, scale: float) -> bool:
    """Do lines of a page without rules stand in columns? Running text does not.

    A form without figures has one such line, its header, and then little text besides.
    """
    lines = across = 0
    for a, b in _spans(ink, scale, grain=True):
        # a header's band is as high as its highest text: columns are as far apart as lines are high
        gap = _WORD_GAP * max(6 * scale, min(b - a, _TYPICAL * scale))
        runs = [*_runs(ink, scale, (0, a, ink.shape[1], b), -1, gap)]
        widths = [p.box[2] - p.box[0] for p in runs if p.box[2] - p.box[0] > _GRAIN * scale]
        lines += len(widths) >= _COLUMNS
        across += len(widths) == 1 and widths[0] > _ACROSS * ink.shape[1]
    return lines >= _COLUMNED or (lines > 0 and lines >= across)


def _around_tables(
    ink: Pixels, scale: float, box: tuple[int, int, int, int], typical: int, depth: int = 0
) -> Iterator[_Piece]:
    """The runs of a band of the page. Beside a text of one line stand texts of two (headers
    without rules): what a gap parts is looked at for lines of its own."""
    gap = _NARROW_GAP * min(max(box[3] - box[1], 6 * scale), 1.2 * typical)
    for piece in _runs(ink, scale, box, -1, gap):
        x0, top, x1, bottom = piece.box
        spans = [
            (top + c, top + d)
            for a, b in _spans(ink[top:bottom, x0:x1], scale)
            for c, d in _parted(ink[top:bottom, x0:x1], a, b, typical)
        ]
        # the strokes of 三 are no lines
        if len(spans) < 2 or depth == _DEEPEST or min(b - a for a, b in spans) < 0.55 * typical:
            yield piece
            continue
        for a, b in spans:
            yield from _around_tables(ink, scale, (x0, a, x1, b), typical, depth + 1)


def _in_lines(pieces: Sequence[_Piece]) -> list[list[_Piece]]:
    """Runs put into lines by their middles, top to bottom, left to right."""
    lines: list[list[_Piece]] = []
    for piece in sorted(pieces, key=lambda p: p.box[1] + p.box[3]):
        first = lines[-1][0] if lines else None
        off = (piece.box[1] + piece.box[3] - first.box[1] - first.box[3]) / 2 if first else 0.0
        if first is None or off > _SAME_LINE * max(
            first.box[3] - first.box[1], piece.box[3] - piece.box[1]
        ):
            lines.append([])
        lines[-1].append(piece)
    return [sorted(line, key=lambda p: p.box[0]) for line in lines]


def _spans(part: Pixels, scale: float, *, grain: bool = False) -> list[tuple[int, int]]:
    """Rows of ink, top to bottom, as first and last + 1."""
    import cv2
    import numpy as np

    black = part >= raster.BLACK
    if not black.any():
        return []
    if grain:
        _, labels, stats, _ = cv2.connectedComponentsWithStats(black.astype(np.uint8))
        small = (stats[:, 2] < _SPECK * scale) & (stats[:, 3] < _SPECK * scale)
        small[0] = False
        black = black & ~small[labels]
    full = np.append(black.any(axis=1), False).astype(np.int8)
    edges = np.flatnonzero(np.diff(np.append(0, full)))
    spans = [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    out: list[tuple[int, int]] = []
    for a, b in spans:
        # an accent, the upper bar of 二 or a minus: joined to the line whose height it is in
        if (
            out
            and a - out[-1][1] <= 1.2 * scale
            and (b - a < 4 * scale or out[-1][1] - out[-1][0] < 4 * scale)
        ):
            out[-1] = (out[-1][0], b)
        else:
            out.append((a, b))
    return [
        (a, b)
        for a, b in out
        if b - a >= _SPECK * scale
        or int(np.ptp(np.flatnonzero(black[a:b].any(axis=0)))) + 1 > _SPECK * scale
    ]


def _parted(part: Pixels, top: int, bottom: int, typical: int) -> list[tuple[int, int]]:
    """A band parted where lines of print touch each other."""
    import numpy as np

    count = round((bottom - top) / max(1, typical))
    if bottom - top < 1.7 * typical or count < 2:
        return [(top, bottom)]
    rows = (part[top:bottom] >= raster.BLACK).sum(axis=1)
    cuts = [0]
    for k in range(1, count):
        middle = (bottom - top) * k // count
        reach = max(1, round(typical / 3))
        low, high = max(cuts[-1] + 1, middle - reach), min(bottom - top - 1, middle + reach)
        if high > low:
            cut = low + int(np.argmin(rows[low:high]))
            # a large title has no gap within: it stays whole
            if rows[cut] > 0.35 * max(1, int(np.median(rows[rows > 0]))):
                return [(top, bottom)]
            cuts.append(cut)
    return [(top + a, top + b) for a, b in zip(cuts, [*cuts[1:], bottom - top], strict=True)]


def _runs(
    ink: Pixels, scale: float, box: tuple[int, int, int, int], owner: int, gap: float
) -> Iterator[_Piece]:
    """The runs of one line, parted at gaps; grain that stands alone is left out."""
    import numpy as np

    left, top, right, bottom = box
    part = ink[top:bottom, left:right]
    # thin strokes are pale: without them the tip of a 4 falls off and it reads as 1
    columns = _without_edge_grain(part >= raster.THIN, scale, trailing=owner >= 0)
    if not columns.size:
        return
    for run in np.split(columns, np.flatnonzero(np.diff(columns) > gap) + 1):
        a, b = int(run[0]), int(run[-1]) + 1
        rows = np.flatnonzero((part[:, a:b] >= raster.THIN).any(axis=1))
        first, last = int(rows[0]), int(rows[-1]) + 1
        if b - a < _SPECK * scale and last - first < _SPECK * scale:
            continue
        cut = part[max(0, first - 1) : last + 1, max(0, a - 1) : b + 1]
        yield _Piece(cut, (left + a, top + first, left + b, top + last), owner)


def _without_edge_grain(black: Any, scale: float, *, trailing: bool) -> Any:
    """The columns of ink of a line without dots before its first glyph (and after its last)."""
    import numpy as np

    columns = np.flatnonzero(black.any(axis=0))
    for first in (True, False) if trailing else (True,):
        while columns.size:
            runs = np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1)
            if len(runs) < 2:
                break
            end = runs[0] if first else runs[-1]
            rows = np.flatnonzero(black[:, end].any(axis=1))
            gap = runs[1][0] - runs[0][-1] if first else runs[-1][0] - runs[-2][-1]
            # the tip of a worn 4 lies nearer to the rest of it than dirt does
            if int(gap) < _EDGE_GAP * scale or max(len(end), int(np.ptp(rows)) + 1) > (
                _EDGE_GRAIN * scale
            ):
                break
            columns = np.concatenate(runs[1:] if first else runs[:-1])
    return columns


# -- boxes -------------------------------------------------------------------------------
def turned_back(pages: Sequence[Page]) -> Callable[[int | None, BBox | None], BBox | None]:
    """(page, box on the straightened page) → the box on the page as it lies in the file."""
    turns: dict[int, Callable[[BBox], BBox]] = {
        p.number: p.skew for p in pages if p.skew is not None
    }

    def back(page: int | None, box: BBox | None) -> BBox | None:
        if page not in turns or box is None:
            return box
        x0, top, x1, bottom = turns[page](box)
        return (round(x0, 2), round(top, 2), round(x1, 2), round(bottom, 2))

    return back


def place_back(document: ParsedDocument, pages: Sequence[Page]) -> None:
    """Turn the boxes of straightened pages to the pages as they lie in the file."""
    if all(p.skew is None for p in pages):
        return
    back = turned_back(pages)
    for table in document.tables:
        for row in table.cells:
            for cell in row:
                cell.bbox = back(cell.page, cell.bbox)
        table.bbox_by_page = {p: back(p, box) or box for p, box in table.bbox_by_page.items()}
    for figure in document.narrative.figures:
        figure.bbox = back(figure.page, figure.bbox)
    for sentence in document.narrative.sentences:
        for amount in sentence.amounts:
            amount.bbox = back(amount.page, amount.bbox)
    for places in document.performance_places:
        for place in places.values():
            place.bbox = back(place.page, place.bbox)
    for gone in document.dropped:
        gone.bbox = back(gone.page, gone.bbox)

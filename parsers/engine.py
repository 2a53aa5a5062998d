"""PDF bytes → what is printed on each page: grids with their text, and the lines around them.

Reads through pdfium's C interface (glyph boxes, text objects, paths). Taken out, with a note
in ``Page.removed``: watermarks, invisible text, doubled glyphs, what lies outside the page.
"""

from __future__ import annotations

import ctypes
import math
import re
import sys
import unicodedata
import zlib
from array import array
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import cycle, pairwise, repeat, starmap
from typing import Any, cast

import pypdfium2 as pdfium
import pypdfium2.raw as c

from parsers import grid as rules
from parsers.document import BBox
from parsers.errors import DamagedError, EncryptedError, NotAPdfError, TooLargeError
from parsers.layout import (
    DOUBLE,
    WORD_GAP,
    glyph_lines,
    is_one_line,
    line_words,
    mend_lines,
    text_lines,
    without_doubles,
)
from parsers.page import Edges, GridCell, Page, Removed, Strip
from parsers.watermark import take_out_level_watermarks

THIN = 3.2
"""A drawn shape no thicker than this (points) is a rule."""
LIGHT, PALE = 140, 160
"""Text is faint from this lightness on, or below this opacity (of 255)."""
MAX_PAGES = 3000
MAX_DEPTH = 6
"""Nesting of form objects that is followed."""

_RADICALS = {  # ⺀-block radicals that fonts map ideographs to; NFKC knows only two of them
    "⺠": "民", "⻅": "见", "⻆": "角", "⻉": "贝", "⻋": "车", "⻓": "长", "⻔": "门", "⻘": "青",
    "⻚": "页", "⻛": "风", "⻜": "飞", "⻝": "食", "⻢": "马", "⻣": "骨", "⻤": "鬼", "⻥": "鱼",
    "⻦": "鸟", "⻨": "麦", "⻩": "黄", "⻬": "齐", "⻮": "齿", "⻰": "龙", "⻄": "西", "⻁": "虎",
    "⺟": "母", "⺩": "王", "⺮": "竹", "⺼": "肉", "⻈": "讠", "⻒": "长", "⺁": "厂", "⺝": "月",
}  # fmt: skip


def printed(code: int) -> str:
    """The character as it is printed: look-alike code points become the ideograph meant.

    Full-width brackets and digits stay what they are; only radicals (⼈ ⻋) and compatibility
    ideographs, which differ from the ideograph in the code alone, are replaced.
    """
    ch = chr(code)
    if 0x2E80 <= code <= 0x2EFF:
        return _RADICALS.get(ch, unicodedata.normalize("NFKC", ch))
    if 0x2F00 <= code <= 0x2FDF or 0xF900 <= code <= 0xFAFF or 0x2F800 <= code <= 0x2FA1F:
        return unicodedata.normalize("NFKC", ch)
    if code == 2:  # pdfium's mark of a hyphen at a line's end
        return "-"
    return ch


@contextmanager
def open_pdf(data: bytes) -> Iterator[pdfium.PdfDocument]:
    """Raises NotAPdfError, EncryptedError or DamagedError where pdfium cannot open the file."""
    if b"%PDF-" not in data[:1024]:
        head = data[:8]
        raise NotAPdfError(
            f"the file starts with {head!r}, not with %PDF-",
            "byte 0",
            "Look at what the site sent: a page, an office file or an archive is read elsewhere.",
        )
    try:
        pdf = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as err:
        code = c.FPDF_GetLastError()
        if code in (c.FPDF_ERR_PASSWORD, c.FPDF_ERR_SECURITY) or "assword" in str(err):
            raise EncryptedError(
                "the file needs a password to open",
                "encryption dictionary",
                "Ask the publisher for an open copy; nothing can be read from this one.",
            ) from err
        raise DamagedError(
            f"pdfium cannot open the file ({err})",
            f"{len(data)} bytes",
            "Fetch it again; if it is the same, the publisher's copy is broken.",
        ) from err
    try:
        if len(pdf) == 0:
            raise DamagedError("the file has no page", "page tree", "Fetch it again.")
        yield pdf
    finally:
        pdf.close()


def read_pages(data: bytes) -> list[Page]:
    """All pages of a PDF. Raises the errors of ``open_pdf``."""
    with open_pdf(data) as pdf:
        if len(pdf) > MAX_PAGES:
            raise TooLargeError(
                f"the file has {len(pdf)} pages, more than {MAX_PAGES}",
                "page tree",
                "Raise parsers.engine.MAX_PAGES if budgets of this size are real.",
            )
        layers = hidden_layers(data)
        readers = [_PageReader(pdf, k, layers) for k in range(len(pdf))]
        read = [reader.read() for reader in readers]
    take_out_level_watermarks(read, [reader.faint for reader in readers])
    pages = [page for page, _ in read]
    readers.reverse()
    read.reverse()
    while read:  # taken off one by one: a page's glyphs are not kept beside its words
        reader, (page, glyphs) = readers.pop(), read.pop()
        reader.compose(page, glyphs)
    return pages


@dataclass(slots=True)
class _Object:
    """A text object of which something is odd: how its glyphs are drawn."""

    order: int
    visible: bool
    why: str
    faint: bool
    clip: BBox | None


@dataclass(slots=True)
class _Shape:
    """A drawn path: how it is painted, and whether it may hide what lies below it."""

    obj: int
    order: int
    fill: bool
    """Filled with what can be seen on white paper."""
    stroke: bool
    covers: bool
    dark: bool


class _PageReader:
    """One page: ``read`` while the file is open, ``compose`` when all pages are read."""

    def __init__(self, pdf: pdfium.PdfDocument, index: int, layers: frozenset[str] | None) -> None:
        self.pdf = pdf
        self.index = index
        self.number = index + 1
        self.raw: Any = None
        self.left = self.right = self.low = self.high = 0.0
        self.rotation = 0
        self.width = self.height = 0.0
        self.horizontal: list[rules.Segment] = []
        self.vertical: list[rules.Segment] = []
        self.covers: list[tuple[int, BBox]] = []
        self.darks: list[tuple[int, BBox]] = []
        self.orders: dict[int, int] = {}
        self.odd: dict[int, _Object] = {}
        self.hidden: list[int] = []
        self.layers = layers
        self.turned = 0
        self.image_area = 0.0
        self.order = 0

    # -- geometry ------------------------------------------------------------------------
    def upright(self, x0: float, y0: float, x1: float, y1: float) -> BBox:
        """A box in page space → points from the top left of the visible page."""
        if self.rotation == 0:
            return (x0 - self.left, self.high - y1, x1 - self.left, self.high - y0)
        if self.rotation == 1:
            return (y0 - self.low, x0 - self.left, y1 - self.low, x1 - self.left)
        if self.rotation == 2:
            return (self.right - x1, y0 - self.low, self.right - x0, y1 - self.low)
        return (self.high - y1, self.right - x1, self.high - y0, self.right - x0)

    # -- reading -------------------------------------------------------------------------
    def read(self) -> tuple[Page, list[Strip]]:
        """The page with what was taken out of it, and its visible upright glyphs."""
        self.raw = c.FPDF_LoadPage(self.pdf.raw, self.index)
        if not self.raw:
            raise DamagedError(
                "a page cannot be loaded",
                f"page {self.number}",
                "Fetch the file again; a truncated download looks like this.",
            )
        try:
            box = c.FS_RECTF()
            c.FPDF_GetPageBoundingBox(self.raw, box)
            self.left, self.right = min(box.left, box.right), max(box.left, box.right)
            self.low, self.high = min(box.bottom, box.top), max(box.bottom, box.top)
            self.rotation = c.FPDFPage_GetRotation(self.raw) % 4
            w, h = self.right - self.left, self.high - self.low
            self.width, self.height = (h, w) if self.rotation % 2 else (w, h)
            page, glyphs = self._once()
            sideways = page.turned // 90
            if sideways:
                # the page lies on its side: read it again, turned upright
                self.turned = sideways
                self.rotation = (self.rotation + sideways) % 4
                if sideways % 2:
                    self.width, self.height = self.height, self.width
                self.horizontal, self.vertical = [], []
                self.covers, self.darks, self.hidden = [], [], []
                self.orders, self.odd = {}, {}
                self.image_area, self.order = 0.0, 0
                page, glyphs = self._once()
            return page, glyphs
        finally:
            c.FPDF_ClosePage(self.raw)
            self.raw = None
            self.orders, self.hidden = {}, []

    def _once(self) -> tuple[Page, list[Strip]]:
        rotation = (self.rotation - self.turned) % 4 * 90
        page = Page(self.number, self.width, self.height, rotation)
        self._objects()
        glyphs = self._glyphs(page)
        if self.turned:
            page.turned = self.turned * 90
        return page, glyphs

    @property
    def faint(self) -> set[int]:
        """Text objects in grey or half transparent."""
        return {o.order for o in self.odd.values() if o.faint}

    def _objects(self) -> None:
        page, n = _address(self.raw), c.FPDFPage_CountObjects(self.raw)
        self._walk(list(map(_page_object, repeat(page), range(n))), None, 0)

    def _walk(self, objects: list[int], outer: c.FS_MATRIX | None, depth: int) -> None:
        """Number the objects in drawing order and keep what is odd about each text object.

        Whole lists go through each question at once: called one by one, the calls cost more than
        what they do.
        """
        plain, kinds = _plain_texts(objects)
        if self.layers is None and plain:
            # nothing more is to be asked of them; form objects have places for what is in them
            first = self.order + 1
            if c.FPDF_PAGEOBJ_FORM not in kinds.values():
                self.orders.update((objects[k], first + k) for k in plain)
                for k, kind in kinds.items():
                    if kind != _PATH:
                        self.order = first + k
                        self._object(objects[k], kind, outer, depth)
                drawn = [k for k, kind in kinds.items() if kind == _PATH]
                self._paths([objects[k] for k in drawn], [first + k for k in drawn], outer)
                self.order = first + len(objects) - 1
                return
        seen = set(plain)
        paths: list[int] = []
        orders: list[int] = []
        for k, obj in enumerate(objects):
            self.order += 1
            kind = kinds.get(k, _TEXT)
            if self.layers is not None and self._in_hidden_layer(obj):
                if kind == _TEXT:
                    self.odd[obj] = _Object(self.order, False, "invisible", False, None)
            elif k in seen:
                self.orders[obj] = self.order
            elif kind == _PATH:
                paths.append(obj)
                orders.append(self.order)
            else:
                self._object(obj, kind, outer, depth)
        self._paths(paths, orders, outer)

    def _object(self, obj: int, kind: int, outer: c.FS_MATRIX | None, depth: int) -> None:
        if kind == _TEXT:
            self._text_object(obj, outer, depth)
        elif kind == c.FPDF_PAGEOBJ_IMAGE:
            self._image(obj, outer)
        elif kind == c.FPDF_PAGEOBJ_FORM and depth < MAX_DEPTH:
            m = c.FS_MATRIX()
            _get_matrix(obj, ctypes.byref(m))
            inner = m if outer is None else _times(m, outer)
            n = _count_form_objects(obj)
            self._walk(list(map(_form_object, repeat(obj), range(n))), inner, depth + 1)

    def _in_hidden_layer(self, obj: int) -> bool:
        """Is the object marked as content of a layer (OCG) that is switched off?"""
        for k in range(_count_marks(obj)):
            mark = _get_mark(obj, k)
            if _mark_text(mark, None) == "OC" and _mark_text(mark, b"Name") in (self.layers or ()):
                return True
        return False

    def _text_object(self, obj: int, outer: c.FS_MATRIX | None, depth: int) -> None:
        mode = _get_render_mode(obj)
        r, g, b, a = _RGBA
        visible, why, faint = True, "", False
        if mode in (c.FPDF_TEXTRENDERMODE_INVISIBLE, c.FPDF_TEXTRENDERMODE_CLIP):
            visible, why = False, "invisible"
            if depth == 0:
                self.hidden.append(obj)
        else:
            stroked = mode in (c.FPDF_TEXTRENDERMODE_STROKE, c.FPDF_TEXTRENDERMODE_STROKE_CLIP)
            ask = _get_stroke if stroked else _get_fill
            if ask(obj, *_RGBA_AT):
                light = min(r.value, g.value, b.value)
                if a.value < 8:
                    visible, why = False, "invisible"
                elif light >= 248:
                    why = "white"
                faint = a.value < PALE or light >= LIGHT
        clip = self._clip(obj, outer)
        self.odd[obj] = _Object(self.order, visible, why, faint, clip)

    def _clip(self, obj: int, outer: c.FS_MATRIX | None) -> BBox | None:
        """The box an object is clipped to, or None."""
        path = _get_clip(obj)
        if not path:
            return None
        n = _count_clips(path)
        if n <= 0:
            return None
        x0, y0, x1, y1 = -1e9, -1e9, 1e9, 1e9
        for p in range(n):
            xs: list[float] = []
            ys: list[float] = []
            for s in range(_count_clip_segments(path, p)):
                if _get_point(_clip_segment(path, p, s), *_XY_AT):
                    xs.append(_X.value)
                    ys.append(_Y.value)
            if xs:
                x0, x1 = max(x0, min(xs)), min(x1, max(xs))
                y0, y1 = max(y0, min(ys)), min(y1, max(ys))
        if x0 == -1e9:
            return None
        if outer is not None:
            x0, y0, x1, y1 = _map_box(outer, x0, y0, x1, y1)
        return self.upright(x0, y0, x1, y1)

    def _bounds(self, obj: int, outer: c.FS_MATRIX | None) -> BBox | None:
        if not _get_bounds(obj, *_BOUNDS_AT):
            return None
        x0, y0, x1, y1 = _L.value, _B.value, _R.value, _T.value
        if outer is not None:
            x0, y0, x1, y1 = _map_box(outer, x0, y0, x1, y1)
        return self.upright(x0, y0, x1, y1)

    def _image(self, obj: int, outer: c.FS_MATRIX | None) -> None:
        box = self._bounds(obj, outer)
        if box is None:
            return
        if min(box[2] - box[0], box[3] - box[1]) <= THIN:
            self._rule(box)  # some producers print rules as images one pixel thick
            return
        x0, y0 = max(0.0, box[0]), max(0.0, box[1])
        x1, y1 = min(self.width, box[2]), min(self.height, box[3])
        area = max(0.0, x1 - x0) * max(0.0, y1 - y0)
        self.image_area += area
        if area > 0.5 * self.width * self.height and not _has_transparency(obj):
            self.covers.append((self.order, box))

    def _paths(self, paths: list[int], orders: list[int], outer: c.FS_MATRIX | None) -> None:
        """What is drawn: thin shapes are rules, others are taken apart."""
        shapes = self._shapes(paths, orders, outer)
        counts = map(_count_segments, [s.obj for s in shapes])
        places = [k for k, n in enumerate(counts) if n == _RECTANGLE]
        boxes = self._rectangles([shapes[k].obj for k in places], outer)
        rectangles = dict(zip(places, boxes, strict=True))
        for k, shape in enumerate(shapes):
            clip = self._clip(shape.obj, outer) if shape.covers else None
            box = rectangles.get(k)
            if box is None:
                self._subpaths(shape, outer, clip)
                continue
            x0, top, x1, bottom = box
            if x1 - x0 <= THIN or bottom - top <= THIN:
                if shape.fill or shape.stroke:
                    self._rule(box)
                continue
            if shape.stroke:
                self.horizontal += ((top, x0, x1), (bottom, x0, x1))
                self.vertical += ((x0, top, bottom), (x1, top, bottom))
            if shape.covers:
                self._cover(shape, box, clip)

    def _shapes(
        self, paths: list[int], orders: list[int], outer: c.FS_MATRIX | None
    ) -> list[_Shape]:
        """Every path that is drawn and no rule, with its paint; rules are noted."""
        n = len(paths)
        bounds, modes = (ctypes.c_float * (4 * n))(), (ctypes.c_int * (2 * n))()
        told = map(_get_bounds, paths, *_each(bounds, 16, 4))
        drawn = map(_get_draw_mode, paths, *_each(modes, 8, 2))
        seen = [bool(a and b) for a, b in zip(told, drawn, strict=True)]
        filled, stroked = modes[0::2], modes[1::2]
        fills = _paints(_get_fill, [p for p, on in zip(paths, filled, strict=True) if on])
        strokes = _paints(_get_stroke, [p for p, on in zip(paths, stroked, strict=True) if on])
        # each answer belongs to the next path that asked
        fills_of = [next(fills) if on else _NO_PAINT for on in filled]
        strokes_of = [next(strokes) if on else _NO_PAINT for on in stroked]
        corners: Iterable[BBox]
        corners = zip(bounds[0::4], bounds[1::4], bounds[2::4], bounds[3::4], strict=True)
        if outer is not None:
            corners = (_map_box(outer, *box) for box in corners)
        out = []
        for obj, order, told_of, (fill, opaque, dark), (stroke, _, _), box in zip(
            paths, orders, seen, fills_of, strokes_of, starmap(self.upright, corners), strict=True
        ):
            if not told_of:
                continue
            x0, top, x1, bottom = box
            if bottom - top <= THIN or x1 - x0 <= THIN:
                if fill or stroke:
                    self._rule(box)
                continue
            covers = opaque and not _has_transparency(obj)
            if covers or stroke or fill:
                out.append(_Shape(obj, order, fill, stroke, covers, dark))
        return out

    def _rectangles(self, objects: list[int], outer: c.FS_MATRIX | None) -> Iterator[BBox | None]:
        """The boxes of paths of five points, None for one that is no upright rectangle."""
        owners = [obj for obj in objects for _ in range(_RECTANGLE)]
        corners = list(map(_get_segment, owners, cycle(range(_RECTANGLE))))
        points = (ctypes.c_float * (2 * len(corners)))()
        told = list(map(_get_point, corners, *_each(points, 8, 2)))
        # A point at which a figure is closed is its first one once more: if one of the three in
        # the middle were, the rest would be no rectangle of any size. The first only begins it.
        kinds = [list(map(_segment_type, corners[k::_RECTANGLE])) for k in range(1, _RECTANGLE)]
        lines = [not any(sides) for sides in zip(*kinds, strict=True)]
        xs, ys = self._mapped(objects, outer, points[0::2], points[1::2])
        ax, bx, cx, dx, ex = (xs[k::_RECTANGLE] for k in range(_RECTANGLE))
        ay, by, cy, dy, ey = (ys[k::_RECTANGLE] for k in range(_RECTANGLE))
        closed = [a == e and b == f for a, e, b, f in zip(ax, ex, ay, ey, strict=True)]
        whole = all(told)
        for k, (x0, y0, x1, y1) in enumerate(zip(ax, ay, cx, cy, strict=True)):
            upright = (
                (x0 == bx[k] and x1 == dx[k] and by[k] == y1 and dy[k] == y0)
                or (y0 == by[k] and y1 == dy[k] and bx[k] == x1 and dx[k] == x0)
            )  # fmt: skip
            if upright and lines[k] and closed[k] and whole:
                yield self.upright(
                    x0 if x0 < x1 else x1, y0 if y0 < y1 else y1,
                    x1 if x0 < x1 else x0, y1 if y0 < y1 else y0,
                )  # fmt: skip
            else:
                yield None

    def _mapped(
        self, objects: list[int], outer: c.FS_MATRIX | None, xs: list[float], ys: list[float]
    ) -> tuple[list[float], list[float]]:
        """The corners of paths of five points, each path's by its own matrix."""
        found = (ctypes.c_float * (6 * len(objects)))()
        deque(map(_get_matrix, objects, *_each(found, 24, 1)), maxlen=0)
        numbers = found[:]
        if outer is None and numbers == _AS_IT_IS * len(objects):
            return xs, ys
        out_x, out_y = [], []
        for k in range(len(objects)):
            m = c.FS_MATRIX(*numbers[6 * k : 6 * k + 6])
            if outer is not None:
                m = _times(m, outer)
            xx, yx, x_at, xy, yy, y_at = m.a, m.c, m.e, m.b, m.d, m.f
            for j in range(_RECTANGLE * k, _RECTANGLE * (k + 1)):
                x, y = xs[j], ys[j]
                out_x.append(xx * x + yx * y + x_at)
                out_y.append(xy * x + yy * y + y_at)
        return out_x, out_y

    def _cover(self, shape: _Shape, box: BBox, clip: BBox | None) -> None:
        seen = box if clip is None else _common(box, clip)
        if seen is not None:
            self.covers.append((shape.order, seen))
            if shape.dark:
                self.darks.append((shape.order, seen))

    def _rule(self, box: BBox) -> None:
        x0, y0, x1, y1 = box
        if y1 - y0 <= x1 - x0:
            self.horizontal.append(((y0 + y1) / 2, x0, x1))
        if x1 - x0 <= y1 - y0:
            self.vertical.append(((x0 + x1) / 2, y0, y1))

    def _subpaths(self, shape: _Shape, outer: c.FS_MATRIX | None, clip: BBox | None) -> None:
        """Take a path apart: thin pieces are rules, rectangles may cover what lies below.

        Only a rectangle covers: the frame of a whole table can be one filled path.
        """
        obj, stroke = shape.obj, shape.stroke
        m = c.FS_MATRIX()
        _get_matrix(obj, ctypes.byref(m))
        if outer is not None:
            m = _times(m, outer)
        points: list[tuple[float, float]] = []
        curved = False

        def done() -> None:
            if len(points) < 2:
                return
            xs, ys = [p[0] for p in points], [p[1] for p in points]
            box = self.upright(min(xs), min(ys), max(xs), max(ys))
            if box[2] - box[0] <= THIN or box[3] - box[1] <= THIN:
                if shape.fill or stroke:
                    self._rule(box)
                return
            if stroke:
                for (ax, ay), (bx, by) in pairwise(points):
                    piece = self.upright(min(ax, bx), min(ay, by), max(ax, bx), max(ay, by))
                    if piece[2] - piece[0] <= 1.0 or piece[3] - piece[1] <= 1.0:
                        self._rule(piece)
            if shape.covers and not curved and 4 <= len(points) <= 6 and _is_rectangle(points):
                self._cover(shape, box, clip)

        for i in range(_count_segments(obj)):
            seg = _get_segment(obj, i)
            if not _get_point(seg, *_XY_AT):
                continue
            x, y = _X.value, _Y.value
            at = (m.a * x + m.c * y + m.e, m.b * x + m.d * y + m.f)
            kind = _segment_type(seg)
            if kind == c.FPDF_SEGMENT_MOVETO:
                done()
                points, curved = [], False
            elif kind == c.FPDF_SEGMENT_BEZIERTO:
                curved = True
            points.append(at)
            if _segment_closes(seg) and points[0] != at:
                points.append(points[0])
        done()

    # -- glyphs --------------------------------------------------------------------------
    def _glyphs(self, page: Page) -> list[Strip]:
        text = c.FPDFText_LoadPage(self.raw)
        if not text:
            return []
        if self.hidden:
            # pdfium drops a text drawn twice at one place, and might keep the invisible one:
            # take the invisible layer out (noting what it said) and read again.
            self._note_hidden(page, text)
            c.FPDFText_ClosePage(text)
            for obj in self.hidden:
                handle = ctypes.cast(obj, c.FPDF_PAGEOBJECT)
                if c.FPDFPage_RemoveObject(self.raw, handle):
                    c.FPDFPageObj_Destroy(handle)
            text = c.FPDFText_LoadPage(self.raw)
            if not text:
                return []
        try:
            return self._collect(page, text)
        finally:
            c.FPDFText_ClosePage(text)

    def _note_hidden(self, page: Page, text: Any) -> None:
        for address in self.hidden:
            box = self._bounds(address, None)
            obj = ctypes.cast(address, c.FPDF_PAGEOBJECT)
            n = c.FPDFTextObj_GetText(obj, text, None, 0)
            buffer = (ctypes.c_ushort * (n // 2 + 1))()
            c.FPDFTextObj_GetText(obj, text, buffer, n)
            said = bytes(buffer).decode("utf-16-le", "replace").rstrip("\0")
            if box is not None and said.strip():
                page.removed.append(Removed("invisible", said, box))

    def _collect(self, page: Page, text: Any) -> list[Strip]:
        handle = _address(text)
        said = _said(handle, c.FPDFText_CountChars(text))
        places: list[int] = []
        after = 0
        for blank in _BLANKS.finditer(said):
            places.extend(range(after, blank.start()))
            after = blank.end()
        places.extend(range(after, len(said)))
        if not places:
            page.image_share = self._image_share()
            page.has_text = False
            return []
        chars = _BLANKS.sub("", said)
        chars = chars.translate(_PRINTED) if _SPECIAL(chars) else chars
        page.unmapped += chars.count("\ufffd")
        taking = _Taking(self, page, handle, places, chars)
        taking.take()
        taking.note_gone()
        most = max(taking.sideways)
        if most > 20 and most > 2 * sum(len(s.text) for s in taking.out):
            page.turned = taking.sideways.index(most) * 90
        page.image_share = self._image_share()
        page.has_text = bool(taking.out)
        return taking.out

    def _image_share(self) -> float:
        return min(1.0, self.image_area / max(1.0, self.width * self.height))

    def state(self, a: float, b: float) -> tuple[str, int]:
        """Why nothing of a text set along (a, b) is taken, or "", and its quarter turns."""
        angle = math.degrees(math.atan2(b, a)) - 90 * self.rotation
        quarter = round(angle / 90)
        if abs(angle - 90 * quarter) > 2.5:
            return "watermark", 0
        return "turned" if quarter % 4 else "", quarter % 4

    @property
    def last_cover(self) -> int:
        return max((o for o, _ in self.covers), default=0)

    def may_hide(self, info: _Object, begins: float, ends: float, y: float) -> bool:
        """May one of the glyphs with their middles between these places not be seen?"""
        clip = info.clip
        if clip is not None and not (_inside(clip, begins, y) and _inside(clip, ends, y)):
            return True
        return any(
            o > info.order and b[0] - 1 <= ends and begins <= b[2] + 1 and b[1] - 1 <= y <= b[3] + 1
            for o, b in self.covers
        )

    def unseen(self, info: _Object, x: float, y: float) -> str:
        """Why a glyph at this place cannot be seen, or ""."""
        if info.clip is not None and not _inside(info.clip, x, y):
            return "clipped"
        if info.why == "white" and not any(
            o < info.order and _inside(b, x, y) for o, b in self.darks
        ):
            return "white"
        if any(o > info.order and _inside(b, x, y) for o, b in self.covers):
            return "covered"
        return ""

    # -- composing -----------------------------------------------------------------------
    def compose(self, page: Page, strips: list[Strip]) -> None:
        grids, page.rules = rules.build_grids(self.horizontal, self.vertical, self.number)
        page.grids = [g.grid for g in grids]
        rest = strips
        if grids:
            inside, rest = _by_cell(grids, strips)
            for cell, members in inside:
                if is_one_line(members):
                    cell.words.extend(line_words(members))
                    continue
                lines = [line_words(line) for line in self._undoubled(page, members)]
                if len(lines) > 1:
                    mend_lines(lines)
                for words in lines:
                    cell.words.extend(words)
        kept = [s for line in self._undoubled(page, rest) for s in line]
        page.lines = text_lines(kept, self.number)

    def _undoubled(self, page: Page, strips: list[Strip]) -> Iterator[list[Strip]]:
        for line in glyph_lines(strips):
            kept, doubles = without_doubles(line)
            if doubles:
                self._note_doubles(page, doubles)
            yield kept

    def _note_doubles(self, page: Page, doubles: list[Strip]) -> None:
        page.removed.append(
            Removed(
                "duplicate",
                "".join(g.text for g in doubles),
                (
                    min(g.x0 for g in doubles),
                    min(g.top for g in doubles),
                    max(g.x1 for g in doubles),
                    max(g.bottom for g in doubles),
                ),
            )
        )


_SIGNS: dict[str, str] = {}


class _Taking:
    """All visible upright glyphs of a page as strips; what is not taken, with the reason."""

    def __init__(
        self, reader: _PageReader, page: Page, handle: int, places: Sequence[int], chars: str
    ) -> None:
        self.reader = reader
        self.page = page
        self.chars = chars
        self.objects: list[int] = list(map(_get_object, repeat(handle), places))
        self.starts = [0, *(k for k, (a, b) in enumerate(pairwise(self.objects), 1) if a != b)]
        runs = [places[k] for k in self.starts]
        self.matrices: list[float] = _answers(_get_char_matrix, handle, runs, 6)[:]
        self.sizes: list[float] = list(map(_get_size, repeat(handle), runs))
        boxes = _answers(_get_box, handle, places, 4)
        left, top, right, bottom = (_listed(boxes, k, 4) for k in range(4))
        if reader.rotation == 0:
            self.high, self.tops, self.bottoms = reader.high, top, bottom
            self.left, self.right = left, right
            if reader.left:
                self.left = [x - reader.left for x in left]
                self.right = [x - reader.left for x in right]
        else:
            upright = list(map(reader.upright, left, bottom, right, top))
            self.left, self.right = [u[0] for u in upright], [u[2] for u in upright]
            self.high = 0.0
            self.tops, self.bottoms = [-u[1] for u in upright], [-u[3] for u in upright]
        self.edges: Edges = (array("d", self.left), array("d", self.right))
        self.out: list[Strip] = []
        self.gone: dict[tuple[int, str], list[tuple[str, BBox]]] = {}
        self.sideways = [0, 0, 0, 0]

    def take(self) -> None:
        """Each run of one text object's glyphs in strips, or singly where something is odd."""
        reader, objects, matrices = self.reader, self.objects, self.matrices
        odd, orders, last_cover = reader.odd, reader.orders, reader.last_cover
        left, right, tops, bottoms = self.left, self.right, self.tops, self.bottoms
        chars, edges, high, put = self.chars, self.edges, self.high, self.out.append
        width, height = reader.width, reader.height
        seen: dict[tuple[float, ...], tuple[str, int, float]] = {}
        # what many strips share is kept once: a long document is held whole until it is known
        # which of its texts are watermarks
        signs = _SIGNS if len(_SIGNS) < 1 << 14 else {}
        levels: dict[tuple[float, float], tuple[float, float, float]] = {}
        ends = [*self.starts[1:], len(objects)]
        shapes = zip(matrices[0::6], matrices[1::6], matrices[2::6], matrices[3::6], strict=True)
        for start, end, unscaled, shape in zip(self.starts, ends, self.sizes, shapes, strict=True):
            obj = objects[start]
            setting = seen.get(shape)
            if setting is None:
                setting = seen[shape] = (
                    *reader.state(shape[0], shape[1]),
                    math.hypot(shape[2], shape[3]),
                )
            why, quarter, scale = setting
            size = unscaled * scale
            order = orders.get(obj, 0)
            info = None
            if order < last_cover or not order:
                info = odd.get(obj)
                if info is not None:
                    order = info.order
                    if not info.visible:
                        why, quarter = info.why, 0
                elif order:
                    info = _Object(order, True, "", False, None)
            if why or (info is not None and info.why):
                self._singly(start, end, order, size, info, state=why, quarter=quarter)
                continue
            a, gap = start, WORD_GAP * size
            while a < end:
                x0, first, t, b = left[a], right[a], tops[a], bottoms[a]
                x, x1 = x0, first
                k = a + 1
                while k < end:
                    nx, nx1 = left[k], right[k]
                    if (
                        nx - x1 > gap
                        or nx + nx < x + x1
                        or nx1 < x1
                        or nx1 < nx
                        or nx - x < DOUBLE * (nx1 - nx)
                        or tops[k] != t
                        or bottoms[k] != b
                    ):
                        break
                    x, x1 = nx, nx1
                    k += 1
                level = levels.get((t, b))
                if level is None:
                    top, bottom = high - t, high - b
                    level = levels[t, b] = (top, bottom, (top + bottom) / 2)
                top, bottom, middle = level
                if (
                    x0 + first < 0
                    or x + x1 > width + width
                    or not 0 <= middle <= height
                    or (
                        info is not None
                        and reader.may_hide(info, (x0 + first) / 2, (x + x1) / 2, middle)
                    )
                ):
                    self._singly(a, k, order, size, info)
                elif k - a == 1:
                    put(
                        Strip(
                            signs.setdefault(chars[a], chars[a]),
                            x0,
                            top,
                            x1,
                            bottom,
                            size,
                            order,
                            middle,
                            x1,
                            x0,
                        )
                    )
                else:
                    put(
                        Strip(
                            chars[a:k], x0, top, x1, bottom, size, order, middle, first, x,
                            edges, a,
                        )
                    )  # fmt: skip
                a = k

    def _singly(
        self, start: int, end: int, order: int, size: float, info: _Object | None,
        *, state: str = "", quarter: int = 0,
    ) -> None:  # fmt: skip
        """Glyph by glyph: each is taken, or noted with the reason why it is not."""
        reader, at = self.reader, self.objects[start]
        for k in range(start, end):
            x0, x1 = self.left[k], self.right[k]
            top, bottom = self.high - self.tops[k], self.high - self.bottoms[k]
            mx, my = (x0 + x1) / 2, (top + bottom) / 2
            why = state
            if not why:
                if not (0 <= mx <= reader.width and 0 <= my <= reader.height):
                    why = "outside"
                elif info is not None:
                    why = reader.unseen(info, mx, my)
            if why == "turned":
                self.sideways[quarter] += 1
            if why:
                self.gone.setdefault((at, why), []).append((self.chars[k], (x0, top, x1, bottom)))
            else:
                self.out.append(Strip(self.chars[k], x0, top, x1, bottom, size, order, my, x1, x0))

    def note_gone(self) -> None:
        for (_, why), parts in self.gone.items():
            boxes = [p[1] for p in parts]
            self.page.removed.append(
                Removed(
                    why if why in ("watermark", "outside", "turned") else "invisible",
                    "".join(p[0] for p in parts),
                    (
                        min(b[0] for b in boxes),
                        min(b[1] for b in boxes),
                        max(b[2] for b in boxes),
                        max(b[3] for b in boxes),
                    ),
                )
            )


def _by_cell(
    grids: list[rules.RuledGrid], strips: list[Strip]
) -> tuple[list[tuple[GridCell, list[Strip]]], list[Strip]]:
    """The strips of each cell, and those outside all grids; a text is never cut by a rule."""
    out: list[Strip] = []
    owner: list[GridCell | None] = []
    crossing: list[int] = []
    last: Strip | None = None
    home: GridCell | None = None
    for strip in strips:
        cell = _cell_of(grids, strip) if strip.edges is not None else None
        if cell is _SEVERAL or (cell is not None and _crosses(strip, cell, last, home)):
            parts = strip.glyphs()
        else:
            parts = [strip]
        for g in parts:
            if g.edges is None:
                cell = _cell_of(grids, g)
                if cell is not None and _crosses(g, cell, last, home):
                    crossing.append(len(out))
            out.append(g)
            owner.append(cell)
            last, home = g, cell
    if crossing:
        out, owner = _with_whole_texts(out, owner, crossing)
    inside: dict[int, tuple[GridCell, list[Strip]]] = {}
    rest: list[Strip] = []
    for g, cell in zip(out, owner, strict=True):
        if cell is None:
            rest.append(g)
        elif id(cell) in inside:
            inside[id(cell)][1].append(g)
        else:
            inside[id(cell)] = (cell, [g])
    return list(inside.values()), rest


_SEVERAL = GridCell(-1, -1, 0, 0, (0, 0, 0, 0))
"""Stands for: not all glyphs of the strip are in one cell."""


def _cell_of(grids: list[rules.RuledGrid], strip: Strip) -> GridCell | None:
    """The cell in which the middles of all glyphs are, None, or ``_SEVERAL``."""
    y = strip.middle
    left = (strip.x0 + strip.first) / 2
    for ruled in grids:
        ys, xs = ruled.ys, ruled.xs
        if not ys[0] <= y < ys[-1]:
            continue
        row = ruled.owner[bisect_right(ys, y) - 1]
        cell = row[bisect_right(xs, left) - 1] if xs[0] <= left < xs[-1] else None
        if strip.edges is not None:
            right = (strip.last + strip.x1) / 2
            other = row[bisect_right(xs, right) - 1] if xs[0] <= right < xs[-1] else None
            if other is not cell or (cell is None and left < xs[0] and right >= xs[-1]):
                return _SEVERAL
        if cell is not None:
            return cell
    return None


def _crosses(g: Strip, cell: GridCell, last: Strip | None, home: GridCell | None) -> bool:
    """Does a text stand on its cell's border, or go on where the one in the next cell ends?"""
    slack = 0.5 + 0.15 * g.size
    return (
        g.x1 > cell.bbox[2] + slack
        or g.x0 < cell.bbox[0] - slack
        or (home is not None and home is not cell and last is not None and _drawn_on(last, g))
    )


def _with_whole_texts(
    strips: list[Strip], owner: list[GridCell | None], crossing: list[int]
) -> tuple[list[Strip], list[GridCell | None]]:
    """``_keep_whole`` for the lines in which a text runs over a border; the rest stays as it is."""
    heights = {(strips[i].middle, 0.3 * strips[i].size) for i in crossing}
    seeds = set(crossing)
    out: list[Strip] = []
    owners: list[GridCell | None] = []
    near: list[int] = []
    starts: list[int] = []
    for i, strip in enumerate(strips):
        if any(abs(strip.middle - y) < reach for y, reach in heights):
            if i in seeds:
                starts.append(len(near))
            parts = strip.glyphs()
            near.extend(range(len(out), len(out) + len(parts)))
            out.extend(parts)
            owners.extend(repeat(owner[i], len(parts)))
        else:
            out.append(strip)
            owners.append(owner[i])
    cells = [owners[k] for k in near]
    _keep_whole([out[k] for k in near], cells, starts, _Lines(strips, owner))
    for k, cell in zip(near, cells, strict=True):
        owners[k] = cell
    return out, owners


_HUNG = frozenset("、。，；：！？）》」』】”’")


class _Lines:
    """Where the lines of a cell begin, with the end of what is printed left of each."""

    def __init__(self, strips: list[Strip], owner: list[GridCell | None]) -> None:
        self.strips, self.owner = strips, owner
        self._of: dict[int, list[tuple[float, float, float]]] = {}

    def begins(self, g: Strip, cell: GridCell) -> bool:
        """Does a glyph stand where another line of its cell begins, nothing drawn up to it?

        Then a line of the cell begins with it too, however close the next cell's line comes. (A
        text that runs over a border, line for line, goes on there in all its lines.)
        """
        return any(
            abs(middle - g.middle) > 0.5 * g.size
            and abs(x - g.x0) < 0.1 * g.size
            and x - before > WORD_GAP * g.size
            for middle, x, before in self.of(cell)
        )

    def hangs(self, g: Strip, cell: GridCell) -> bool:
        """Is a glyph a mark hung out behind a full line (标点悬挂) that goes on in the next?

        A text that is wrapped in its cell does not run over the cell's border.
        """
        return g.text in _HUNG and any(m > g.middle + 0.5 * g.size for m, _, _ in self.of(cell))

    def of(self, cell: GridCell) -> list[tuple[float, float, float]]:
        found = self._of.get(id(cell))
        if found is None:
            starts: dict[float, float] = {}
            for strip, home in zip(self.strips, self.owner, strict=True):
                if home is cell:
                    starts[strip.middle] = min(strip.x0, starts.get(strip.middle, strip.x0))
            found = self._of[id(cell)] = [
                (
                    middle,
                    x,
                    max(
                        (
                            s.x1
                            for s in self.strips
                            if s.x0 < x and abs(s.middle - middle) < 0.5 * s.size
                        ),
                        default=-math.inf,
                    ),
                )
                for middle, x in starts.items()
            ]
        return found


def _keep_whole(
    glyphs: list[Strip], owner: list[GridCell | None], crossing: list[int], lines: _Lines
) -> None:
    """Give a text that runs over its cell's border to one cell, whole.

    A glyph printed across a rule shows that its text is too long for the cell; were it cut at
    the rule, the pieces of one figure would read as two. Texts that end at a rule and go on
    behind it (an amount and the next label) have the rule between two glyphs and stay apart.
    """
    done: set[int] = set()
    for i in crossing:
        if i in done:
            continue
        g = glyphs[i]
        line = sorted(
            (k for k, o in enumerate(glyphs) if abs(o.middle - g.middle) < 0.3 * g.size),
            key=lambda k: glyphs[k].x0,
        )
        at = line.index(i)
        left = owner[line[at - 1]] if at else None
        if (
            left is not None
            and left is not owner[i]
            and g.x0 < left.bbox[2]
            and _drawn_on(glyphs[line[at - 1]], g)
            and lines.hangs(g, left)
        ):
            owner[i] = left
        first = last = at
        while first > 0 and _runs_on(glyphs, owner, line[first - 1], line[first], lines):
            first -= 1
        while last + 1 < len(line) and _runs_on(glyphs, owner, line[last], line[last + 1], lines):
            last += 1
        run = line[first : last + 1]
        done.update(run)
        cell = _home([glyphs[k] for k in run], [owner[k] for k in run])
        for k in run:
            owner[k] = cell


def _runs_on(
    glyphs: list[Strip], owner: list[GridCell | None], a: int, b: int, lines: _Lines
) -> bool:
    left, right = glyphs[a], glyphs[b]
    gap = right.x0 - left.x1
    if gap > 0.28 * min(left.size, right.size):
        return False
    if (
        left.source != right.source
        and gap > 0.05 * right.size
        and left.text in _MARK_OR_DIGIT
        and right.text in _MARK_OR_DIGIT
    ):
        return False  # a blank's mark, and the next cell's figure that begins before its rule
    one, other = owner[a], owner[b]
    if one is other or one is None or other is None:
        return one is other
    if lines.begins(right, other) or lines.hangs(left, one):
        return False
    if _drawn_on(left, right):
        return True
    # is the border between the two glyphs, or does one of them stand on it?
    border = one.bbox[2]
    slack = 0.5 + 0.15 * left.size
    return left.x1 > border + slack or right.x0 < border - slack


_MARK_OR_DIGIT = frozenset("-−－—–0123456789.,")


def _drawn_on(left: Strip, right: Strip) -> bool:
    """Drawn by one text object, one right after the other, without any gap."""
    return (
        left.source == right.source
        and abs(right.x0 - left.x1) < 0.1 * right.size
        and abs(right.middle - left.middle) < 0.1 * right.size
    )


def _home(run: list[Strip], owner: list[GridCell | None]) -> GridCell | None:
    """The cell that a text running over borders belongs to.

    A figure ends at its cell's right border or is centred; a text begins at its cell's left.
    """
    first, last = owner[0], owner[-1]
    size = run[0].size
    text = "".join(g.text for g in run)
    if first is not None and run[0].x0 - first.bbox[0] < 0.8 * size and not _FIGURE(text):
        return first
    if last is not None and last.bbox[2] - run[-1].x1 < 0.8 * size and _FIGURE(text):
        return last
    middle = (run[0].x0 + run[-1].x1) / 2
    return min(
        (c for c in owner if c is not None),
        key=lambda c: abs((c.bbox[0] + c.bbox[2]) / 2 - middle),
        default=None,
    )


_FIGURE = re.compile(r"[-−－(（]?[\d,，. ]+[)）]?").fullmatch
_BLANKS = re.compile("[\\x09-\\x0d\\x20\\xa0\\xad\\u2000-\\u200d\\u202f\\u205f\\u3000\\ufeff]+")


class _Printing(dict[int, str]):
    """Each code met so far as it is printed; � where the font does not tell the character."""

    def __missing__(self, code: int) -> str:
        unknown = code in (0, 0xFFFD, 0xFFFE) or 0xE000 <= code <= 0xF8FF
        self[code] = "\ufffd" if unknown else printed(code)
        return self[code]


_PRINTED = _Printing()
_SPECIAL = re.compile(
    "[\0\x02\u2e80-\u2eff\u2f00-\u2fdf\ue000-\ufaff\ufffd\ufffe\U0002f800-\U0002fa1f]"
).search
_HYPHEN = re.compile("\ufffe")  # also pdfium's word for a hyphen at a line's end
_SURROGATE = re.compile("[\ud800-\udfff]").search


def _said(handle: int, n: int) -> str:
    """The characters of a page's text, one for each of its places."""
    buffer = (ctypes.c_ushort * (n + 1))()
    if _get_text(handle, 0, n, ctypes.addressof(buffer)) == n + 1:
        text = bytes(buffer)[:-2].decode("utf-16-le", "surrogatepass")
        if len(text) == n and not _SURROGATE(text):
            return _HYPHEN.sub(lambda m: chr(_get_unicode(handle, m.start())), text)
    # a character that takes two units, or a place without any: the places must be asked for
    return "".join(map(chr, map(_get_unicode, repeat(handle), range(n))))


def _answers(ask: Any, handle: int, places: Sequence[int], width: int) -> Any:
    """What the library says of each place, ``width`` numbers at a time."""
    answers = (ctypes.c_float * (width * len(places)))()
    base, step = ctypes.addressof(answers), 4 * width
    deque(map(ask, repeat(handle), places, range(base, base + step * len(places), step)), maxlen=0)
    return answers


def _listed(answers: Any, first: int, step: int) -> list[float]:
    """Every ``step``-th of the answers."""
    return cast("list[float]", memoryview(answers).cast("B").cast("f")[first::step].tolist())


def _plain_texts(objects: list[int]) -> tuple[list[int], dict[int, int]]:
    """Places of the text objects that are simply seen (filled with dark ink, clipped by nothing),
    and of all others with their kinds."""
    modes = list(map(_get_render_mode, objects))
    filled = [k for k, mode in enumerate(modes) if mode in _FILLED]
    texts = objects if len(filled) == len(objects) else [objects[k] for k in filled]
    n = len(texts)
    colours = (ctypes.c_uint8 * (16 * n))()
    base = ctypes.addressof(colours)
    r, g, b, a = (range(base + k, base + k + 16 * n, 16) for k in (0, 4, 8, 12))
    told = list(map(_get_fill, texts, r, g, b, a))
    clips = list(map(_count_clips, map(_get_clip, texts)))
    if all(told) and max(clips, default=0) <= 0 and bytes(colours) == _BLACK * n:
        plain = filled
    else:
        found = memoryview(colours).cast("B").cast("I").tolist()
        plain = [
            k
            for k, clip, red, green, blue, alpha in zip(
                filled, clips, found[0::4], found[1::4], found[2::4], found[3::4], strict=True
            )
            if clip <= 0 and alpha >= PALE and min(red, green, blue) < LIGHT
        ]
    if len(plain) == len(objects):
        return plain, {}
    rest = set(range(len(objects))).difference(plain)
    return plain, {k: _get_type(objects[k]) for k in sorted(rest)}


def _each(buffer: Any, step: int, parts: int) -> list[range]:
    """Where the answers of each call begin in a buffer: one range for each of its parts."""
    base = ctypes.addressof(buffer)
    return [range(base + 4 * k, base + ctypes.sizeof(buffer), step) for k in range(parts)]


def _paints(ask: Any, objects: list[int]) -> Iterator[tuple[bool, bool, bool]]:
    """Of each object's colour: can it be seen on white paper, is it opaque, is it dark?"""
    answers = (ctypes.c_uint * (4 * len(objects)))()
    deque(map(ask, objects, *_each(answers, 16, 4)), maxlen=0)
    return starmap(
        _paint, zip(answers[0::4], answers[1::4], answers[2::4], answers[3::4], strict=True)
    )


@lru_cache(maxsize=1 << 10)
def _paint(red: int, green: int, blue: int, alpha: int) -> tuple[bool, bool, bool]:
    return (
        alpha >= 8 and min(red, green, blue) < 248,
        alpha == 255,
        (red + green + blue) / 3 < 200,
    )


_TEXT, _PATH = c.FPDF_PAGEOBJ_TEXT, c.FPDF_PAGEOBJ_PATH
_NO_PAINT = (False, False, False)
_RECTANGLE = 5
"""Points of a path that is one rectangle: back at the first in the end."""
_AS_IT_IS = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]
"""The matrix of a path that is drawn where its points say."""
_FILLED = frozenset({
    c.FPDF_TEXTRENDERMODE_FILL, c.FPDF_TEXTRENDERMODE_FILL_STROKE,
    c.FPDF_TEXTRENDERMODE_FILL_CLIP, c.FPDF_TEXTRENDERMODE_FILL_STROKE_CLIP,
})  # fmt: skip
_BLACK = b"".join(n.to_bytes(4, sys.byteorder) for n in (0, 0, 0, 255))


def _mark_text(mark: int, key: bytes | None) -> str:
    """The name of a content mark, or one of its text parameters."""
    out = ctypes.create_string_buffer(512)
    length = ctypes.c_ulong()
    at = ctypes.byref(length)
    ask = (mark,) if key is None else (mark, key)
    if not (_mark_name if key is None else _mark_string)(*ask, out, 512, at):
        return ""
    return out.raw[: length.value].decode("utf-16-le", "replace").rstrip("\0")


_PACKED = re.compile(b"/ObjStm")
MAX_PACKED, MAX_UNPACKED = 1 << 22, 1 << 24
"""Bytes of one stream of packed objects that are looked at; files have far smaller ones."""


def _has_layers(data: bytes) -> bool:
    """May the file have layers? False is certain; so is True but for a word in a text."""
    if b"/OCProperties" in data:
        return True
    for found in _PACKED.finditer(data):
        start = data.find(b"stream", found.end(), found.end() + 400)
        if start < 0 or b"/DecodeParms" in data[data.rfind(b"obj", 0, found.start()) : start]:
            return True
        start += 8 if data[start + 6 : start + 8] == b"\r\n" else 7
        unpack = zlib.decompressobj()
        try:
            objects = unpack.decompress(data[start : start + MAX_PACKED], MAX_UNPACKED)
        except zlib.error:
            return True
        if not unpack.eof or b"/OCProperties" in objects:
            return True
    return False


def hidden_layers(data: bytes) -> frozenset[str] | None:
    """Names of the layers (optional content groups) that are off; None where all are on.

    pdfium shows the layer of an object but not whether it is on, so the catalogue is read
    with pdfminer, and only where there is one.
    """
    if not _has_layers(data):
        return None
    import io

    from pdfminer.pdfdocument import PDFDocument
    from pdfminer.pdfparser import PDFParser
    from pdfminer.pdftypes import resolve1

    try:
        catalog = PDFDocument(PDFParser(io.BytesIO(data))).catalog
        properties = resolve1(catalog.get("OCProperties"))
        if not isinstance(properties, dict):
            return None
        default = resolve1(properties.get("D")) or {}
        groups = list(resolve1(properties.get("OCGs")) or [])
        off = {repr(g) for g in resolve1(default.get("OFF")) or []}
        if getattr(resolve1(default.get("BaseState")), "name", "") == "OFF":
            on = {repr(g) for g in resolve1(default.get("ON")) or []}
            off = {repr(g) for g in groups if repr(g) not in on}
        names: dict[bool, set[str]] = {True: set(), False: set()}
        for group in groups:
            name = resolve1((resolve1(group) or {}).get("Name"))
            if isinstance(name, bytes):
                # as pdfium tells a mark's parameter: bytes that are no UTF-8 left out
                names[repr(group) in off].add(name.decode("utf-8", "ignore"))
        hidden = names[True] - names[False]
    except Exception:  # a catalogue that pdfminer cannot read hides nothing from pdfium
        return None
    return frozenset(hidden) or None


def _is_rectangle(points: list[tuple[float, float]]) -> bool:
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    edges = (min(xs), max(xs)), (min(ys), max(ys))
    return all(
        min(abs(x - e) for e in edges[0]) < 0.5 and min(abs(y - e) for e in edges[1]) < 0.5
        for x, y in points
    )


def _common(a: BBox, b: BBox) -> BBox | None:
    box = (max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3]))
    return box if box[0] < box[2] and box[1] < box[3] else None


_RGBA = (ctypes.c_uint(), ctypes.c_uint(), ctypes.c_uint(), ctypes.c_uint())
_L, _B, _R, _T = ctypes.c_float(), ctypes.c_float(), ctypes.c_float(), ctypes.c_float()
_X, _Y = ctypes.c_float(), ctypes.c_float()
_RGBA_AT = tuple(ctypes.byref(x) for x in _RGBA)
_BOUNDS_AT = tuple(ctypes.byref(x) for x in (_L, _B, _R, _T))
_XY_AT = (ctypes.byref(_X), ctypes.byref(_Y))


def _as_called(function: Any, result: Any, *arguments: Any) -> Any:
    """The library's function with plain integers for handles: one call a glyph must be cheap.

    The interpreter's lock is kept: letting go of it costs more than these calls do.
    """
    address = ctypes.cast(function, ctypes.c_void_p).value
    return ctypes.PYFUNCTYPE(result, *arguments)(address or 0)


_INT, _HANDLE, _FOUND = ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t
_get_unicode = _as_called(c.FPDFText_GetUnicode, ctypes.c_uint, _HANDLE, _INT)
_get_text = _as_called(c.FPDFText_GetText, _INT, _HANDLE, _INT, _INT, _HANDLE)
_get_object = _as_called(c.FPDFText_GetTextObject, _FOUND, _HANDLE, _INT)
_get_box = _as_called(c.FPDFText_GetLooseCharBox, _INT, _HANDLE, _INT, _HANDLE)
_get_char_matrix = _as_called(c.FPDFText_GetMatrix, _INT, _HANDLE, _INT, _HANDLE)
_get_size = _as_called(c.FPDFText_GetFontSize, ctypes.c_double, _HANDLE, _INT)
_page_object = _as_called(c.FPDFPage_GetObject, _HANDLE, _HANDLE, _INT)
_get_type = _as_called(c.FPDFPageObj_GetType, _INT, _HANDLE)
_get_matrix = _as_called(c.FPDFPageObj_GetMatrix, _INT, _HANDLE, _HANDLE)
_get_bounds = _as_called(c.FPDFPageObj_GetBounds, _INT, *[_HANDLE] * 5)
_get_fill = _as_called(c.FPDFPageObj_GetFillColor, _INT, *[_HANDLE] * 5)
_get_stroke = _as_called(c.FPDFPageObj_GetStrokeColor, _INT, *[_HANDLE] * 5)
_has_transparency = _as_called(c.FPDFPageObj_HasTransparency, _INT, _HANDLE)
_get_render_mode = _as_called(c.FPDFTextObj_GetTextRenderMode, _INT, _HANDLE)
_get_draw_mode = _as_called(c.FPDFPath_GetDrawMode, _INT, _HANDLE, _HANDLE, _HANDLE)
_count_segments = _as_called(c.FPDFPath_CountSegments, _INT, _HANDLE)
_get_segment = _as_called(c.FPDFPath_GetPathSegment, _HANDLE, _HANDLE, _INT)
_get_point = _as_called(c.FPDFPathSegment_GetPoint, _INT, _HANDLE, _HANDLE, _HANDLE)
_segment_type = _as_called(c.FPDFPathSegment_GetType, _INT, _HANDLE)
_segment_closes = _as_called(c.FPDFPathSegment_GetClose, _INT, _HANDLE)
_get_clip = _as_called(c.FPDFPageObj_GetClipPath, _HANDLE, _HANDLE)
_count_clips = _as_called(c.FPDFClipPath_CountPaths, _INT, _HANDLE)
_count_clip_segments = _as_called(c.FPDFClipPath_CountPathSegments, _INT, _HANDLE, _INT)
_clip_segment = _as_called(c.FPDFClipPath_GetPathSegment, _HANDLE, _HANDLE, _INT, _INT)
_count_form_objects = _as_called(c.FPDFFormObj_CountObjects, _INT, _HANDLE)
_form_object = _as_called(c.FPDFFormObj_GetObject, _HANDLE, _HANDLE, ctypes.c_ulong)
_count_marks = _as_called(c.FPDFPageObj_CountMarks, _INT, _HANDLE)
_get_mark = _as_called(c.FPDFPageObj_GetMark, _HANDLE, _HANDLE, ctypes.c_ulong)
_mark_name = _as_called(c.FPDFPageObjMark_GetName, _INT, _HANDLE, _HANDLE, ctypes.c_ulong, _HANDLE)
_mark_string = _as_called(
    c.FPDFPageObjMark_GetParamStringValue, _INT, _HANDLE, ctypes.c_char_p, _HANDLE,
    ctypes.c_ulong, _HANDLE,
)  # fmt: skip


def _address(pointer: Any) -> int:
    return ctypes.cast(pointer, ctypes.c_void_p).value or 0


def _inside(box: BBox, x: float, y: float) -> bool:
    return box[0] - 1 <= x <= box[2] + 1 and box[1] - 1 <= y <= box[3] + 1


def _times(m: c.FS_MATRIX, n: c.FS_MATRIX) -> c.FS_MATRIX:
    """First m, then n."""
    return c.FS_MATRIX(
        m.a * n.a + m.b * n.c, m.a * n.b + m.b * n.d,
        m.c * n.a + m.d * n.c, m.c * n.b + m.d * n.d,
        m.e * n.a + m.f * n.c + n.e, m.e * n.b + m.f * n.d + n.f,
    )  # fmt: skip


def _map_box(
    m: c.FS_MATRIX, x0: float, y0: float, x1: float, y1: float
) -> tuple[float, float, float, float]:
    xs = [m.a * x + m.c * y + m.e for x in (x0, x1) for y in (y0, y1)]
    ys = [m.b * x + m.d * y + m.f for x in (x0, x1) for y in (y0, y1)]
    return min(xs), min(ys), max(xs), max(ys)

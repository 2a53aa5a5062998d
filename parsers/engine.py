"""PDF bytes → what is printed on each page: grids with their text, and the lines around them.

Reads through pdfium's C interface (glyph boxes, text objects, paths). Taken out, with a note
in ``Page.removed``: watermarks, invisible text, doubled glyphs, what lies outside the page.
"""

from __future__ import annotations

import ctypes
import math
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as c

from parsers import grid as rules
from parsers.document import BBox
from parsers.errors import DamagedError, EncryptedError, NotAPdfError, TooLargeError
from parsers.layout import (
    glyph_lines,
    line_words,
    mend_lines,
    text_lines,
    without_doubles,
)
from parsers.page import Glyph, GridCell, Page, Removed
from parsers.watermark import take_out_level_watermarks

THIN = 3.2
"""A drawn shape no thicker than this (points) is a rule."""
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
    for reader, (page, glyphs) in zip(readers, read, strict=True):
        reader.compose(page, glyphs)
    return [page for page, _ in read]


@dataclass(slots=True)
class _Object:
    """A text object of the page: how its glyphs are drawn."""

    order: int
    visible: bool
    why: str
    faint: bool
    clip: BBox | None


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
        self.objects: dict[int, _Object] = {}
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
    def read(self) -> tuple[Page, list[Glyph]]:
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
                self.covers, self.darks, self.objects, self.hidden = [], [], {}, []
                self.image_area, self.order = 0.0, 0
                page, glyphs = self._once()
            return page, glyphs
        finally:
            c.FPDF_ClosePage(self.raw)
            self.raw = None

    def _once(self) -> tuple[Page, list[Glyph]]:
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
        return {o.order for o in self.objects.values() if o.faint}

    def _objects(self) -> None:
        page = _address(self.raw)
        for i in range(c.FPDFPage_CountObjects(self.raw)):
            self._object(_page_object(page, i), None, 0)

    def _object(self, obj: int, outer: c.FS_MATRIX | None, depth: int) -> None:
        self.order += 1
        kind = _get_type(obj)
        if self.layers is not None and self._in_hidden_layer(obj):
            if kind == c.FPDF_PAGEOBJ_TEXT:
                self.objects[obj] = _Object(self.order, False, "invisible", False, None)
            return
        if kind == c.FPDF_PAGEOBJ_TEXT:
            self._text_object(obj, outer, depth)
        elif kind == c.FPDF_PAGEOBJ_PATH:
            self._path(obj, outer)
        elif kind == c.FPDF_PAGEOBJ_IMAGE:
            self._image(obj, outer)
        elif kind == c.FPDF_PAGEOBJ_FORM and depth < MAX_DEPTH:
            m = c.FS_MATRIX()
            _get_matrix(obj, ctypes.byref(m))
            inner = m if outer is None else _times(m, outer)
            for i in range(_count_form_objects(obj)):
                self._object(_form_object(obj, i), inner, depth + 1)

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
                faint = a.value < 160 or light >= 140
        clip = self._clip(obj, outer)
        self.objects[obj] = _Object(self.order, visible, why, faint, clip)

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

    def _path(self, obj: int, outer: c.FS_MATRIX | None) -> None:
        box = self._bounds(obj, outer)
        if box is None or not _get_draw_mode(obj, *_MODES_AT):
            return
        fill, stroke = _FILL.value != 0, bool(_STROKE.value)
        r, g, b, a = _RGBA
        w, h = box[2] - box[0], box[3] - box[1]
        covers = dark = False
        if fill:
            _get_fill(obj, *_RGBA_AT)
            fill = a.value >= 8 and min(r.value, g.value, b.value) < 248
            if a.value == 255 and w > THIN and h > THIN:
                covers = not _has_transparency(obj)
                dark = (r.value + g.value + b.value) / 3 < 200
        if stroke:
            _get_stroke(obj, *_RGBA_AT)
            stroke = a.value >= 8 and min(r.value, g.value, b.value) < 248
        if h <= THIN or w <= THIN:
            if fill or stroke:
                self._rule(box)
            return
        if not (covers or stroke or fill):
            return
        clip = self._clip(obj, outer) if covers else None
        self._subpaths(obj, outer, stroke, fill, (covers, dark, clip))

    def _rule(self, box: BBox) -> None:
        x0, y0, x1, y1 = box
        if y1 - y0 <= x1 - x0:
            self.horizontal.append(((y0 + y1) / 2, x0, x1))
        if x1 - x0 <= y1 - y0:
            self.vertical.append(((x0 + x1) / 2, y0, y1))

    def _subpaths(
        self,
        obj: int,
        outer: c.FS_MATRIX | None,
        stroke: bool,
        fill: bool,
        cover: tuple[bool, bool, BBox | None],
    ) -> None:
        """Take a path apart: thin pieces are rules, rectangles may cover what lies below.

        Only a rectangle covers: the frame of a whole table can be one filled path.
        """
        m = c.FS_MATRIX()
        _get_matrix(obj, ctypes.byref(m))
        if outer is not None:
            m = _times(m, outer)
        covers, dark, clip = cover
        points: list[tuple[float, float]] = []
        curved = False

        def done() -> None:
            if len(points) < 2:
                return
            xs, ys = [p[0] for p in points], [p[1] for p in points]
            box = self.upright(min(xs), min(ys), max(xs), max(ys))
            if box[2] - box[0] <= THIN or box[3] - box[1] <= THIN:
                if fill or stroke:
                    self._rule(box)
                return
            if stroke:
                for (ax, ay), (bx, by) in pairwise(points):
                    piece = self.upright(min(ax, bx), min(ay, by), max(ax, bx), max(ay, by))
                    if piece[2] - piece[0] <= 1.0 or piece[3] - piece[1] <= 1.0:
                        self._rule(piece)
            if covers and not curved and 4 <= len(points) <= 6 and _is_rectangle(points):
                seen = box if clip is None else _common(box, clip)
                if seen is not None:
                    self.covers.append((self.order, seen))
                    if dark:
                        self.darks.append((self.order, seen))

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
    def _glyphs(self, page: Page) -> list[Glyph]:
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

    def _collect(self, page: Page, text: Any) -> list[Glyph]:
        out: list[Glyph] = []
        gone: dict[tuple[int, str], list[tuple[str, BBox]]] = {}
        rect = c.FS_RECTF()
        matrix = c.FS_MATRIX()
        box_at = ctypes.byref(rect)
        handle = _address(text)
        get_unicode, get_object, get_box = _get_unicode, _get_object, _get_box
        width, height, upright = self.width, self.height, self.upright
        left, high, straight = self.left, self.high, self.rotation == 0
        last, order, state, size = -1, 0, "", 0.0
        info: _Object | None = None
        plain = True
        chars: dict[int, str] = {}
        quarter, sideways = 0, [0, 0, 0, 0]
        for i in range(c.FPDFText_CountChars(text)):
            code = get_unicode(handle, i)
            if code in _BLANKS:
                continue
            at = get_object(handle, i) or 0
            if at != last:
                last = at
                info = self.objects.get(at)
                order = info.order if info else 0
                c.FPDFText_GetMatrix(text, i, matrix)
                size = c.FPDFText_GetFontSize(text, i) * math.hypot(matrix.c, matrix.d)
                state, quarter = self._state(info, matrix)
                plain = not state and (
                    info is None
                    or (
                        info.clip is None
                        and info.why != "white"
                        and not any(o > order for o, _ in self.covers)
                    )
                )
            ch = chars.get(code)
            if ch is None:
                if code in (0, 0xFFFD, 0xFFFE) or 0xE000 <= code <= 0xF8FF:
                    page.unmapped += 1
                    ch = "\ufffd"
                else:
                    ch = chars[code] = printed(code)
            get_box(handle, i, box_at)
            if straight:
                x0, top, x1, bottom = (
                    rect.left - left, high - rect.top, rect.right - left, high - rect.bottom
                )  # fmt: skip
            else:
                x0, top, x1, bottom = upright(rect.left, rect.bottom, rect.right, rect.top)
            mx, my = (x0 + x1) / 2, (top + bottom) / 2
            why = state
            if not why:
                if not (0 <= mx <= width and 0 <= my <= height):
                    why = "outside"
                elif not plain and info is not None:
                    why = self._unseen(info, mx, my)
            if why == "turned":
                sideways[quarter] += 1
            if why:
                gone.setdefault((at, why), []).append((ch, (x0, top, x1, bottom)))
                continue
            out.append(Glyph(ch, x0, top, x1, bottom, size, order, my))
        for (_, why), parts in gone.items():
            boxes = [p[1] for p in parts]
            page.removed.append(
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
        if max(sideways) > 2 * len(out) and max(sideways) > 20:
            page.turned = sideways.index(max(sideways)) * 90
        page.image_share = min(1.0, self.image_area / max(1.0, self.width * self.height))
        page.has_text = bool(out)
        return out

    def _state(self, info: _Object | None, matrix: c.FS_MATRIX) -> tuple[str, int]:
        """Why nothing of a text object is taken, or "", and its quarter turns."""
        if info is not None and not info.visible:
            return info.why, 0
        angle = math.degrees(math.atan2(matrix.b, matrix.a)) - 90 * self.rotation
        quarter = round(angle / 90)
        if abs(angle - 90 * quarter) > 2.5:
            return "watermark", 0
        return "turned" if quarter % 4 else "", quarter % 4

    def _unseen(self, info: _Object, x: float, y: float) -> str:
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
    def compose(self, page: Page, glyphs: list[Glyph]) -> None:
        grids, page.rules = rules.build_grids(self.horizontal, self.vertical, self.number)
        inside: dict[int, list[Glyph]] = {}
        cells = {}
        rest: list[Glyph] = []
        owner: list[GridCell | None] = []
        crossing: list[int] = []
        for i, g in enumerate(glyphs):
            mx = (g.x0 + g.x1) / 2
            cell = None
            for ruled in grids:
                cell = ruled.cell_of(mx, g.middle)
                if cell is not None:
                    slack = 0.5 + 0.15 * g.size
                    if (
                        g.x1 > cell.bbox[2] + slack
                        or g.x0 < cell.bbox[0] - slack
                        or (
                            i
                            and owner[-1] is not None
                            and owner[-1] is not cell
                            and _drawn_on(glyphs[i - 1], g)
                        )
                    ):
                        crossing.append(i)
                    break
            owner.append(cell)
        if crossing:
            _keep_whole(glyphs, owner, crossing)
        for g, cell in zip(glyphs, owner, strict=True):
            if cell is None:
                rest.append(g)
            else:
                cells[id(cell)] = cell
                inside.setdefault(id(cell), []).append(g)
        for key, members in inside.items():
            lines = []
            for line in glyph_lines(members):
                kept, doubles = without_doubles(line)
                if doubles:
                    self._note_doubles(page, doubles)
                lines.append(line_words(kept))
            if len(lines) > 1:
                mend_lines(lines)
            for words in lines:
                cells[key].words.extend(words)
        page.grids = [g.grid for g in grids]
        kept_rest: list[Glyph] = []
        for line in glyph_lines(rest):
            kept, doubles = without_doubles(line)
            if doubles:
                self._note_doubles(page, doubles)
            kept_rest.extend(kept)
        page.lines = text_lines(kept_rest, self.number)

    def _note_doubles(self, page: Page, doubles: list[Glyph]) -> None:
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


def _keep_whole(glyphs: list[Glyph], owner: list[GridCell | None], crossing: list[int]) -> None:
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
        first = last = at
        while first > 0 and _runs_on(glyphs, owner, line[first - 1], line[first]):
            first -= 1
        while last + 1 < len(line) and _runs_on(glyphs, owner, line[last], line[last + 1]):
            last += 1
        run = line[first : last + 1]
        done.update(run)
        cell = _home([glyphs[k] for k in run], [owner[k] for k in run])
        for k in run:
            owner[k] = cell


def _runs_on(glyphs: list[Glyph], owner: list[GridCell | None], a: int, b: int) -> bool:
    left, right = glyphs[a], glyphs[b]
    if right.x0 - left.x1 > 0.28 * min(left.size, right.size):
        return False
    one, other = owner[a], owner[b]
    if one is other or one is None or other is None:
        return one is other
    if _drawn_on(left, right):
        return True
    # is the border between the two glyphs, or does one of them stand on it?
    border = one.bbox[2]
    slack = 0.5 + 0.15 * left.size
    return left.x1 > border + slack or right.x0 < border - slack


def _drawn_on(left: Glyph, right: Glyph) -> bool:
    """Drawn by one text object, one right after the other, without any gap."""
    return (
        left.source == right.source
        and abs(right.x0 - left.x1) < 0.1 * right.size
        and abs(right.middle - left.middle) < 0.1 * right.size
    )


def _home(run: list[Glyph], owner: list[GridCell | None]) -> GridCell | None:
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
_BLANKS = frozenset({0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x20, 0xA0, 0x3000, 0x200B, 0x200C, 0x200D,
                     0xFEFF, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x00AD})  # fmt: skip


def _mark_text(mark: int, key: bytes | None) -> str:
    """The name of a content mark, or one of its text parameters."""
    out = ctypes.create_string_buffer(512)
    length = ctypes.c_ulong()
    at = ctypes.byref(length)
    ask = (mark,) if key is None else (mark, key)
    if not (_mark_name if key is None else _mark_string)(*ask, out, 512, at):
        return ""
    return out.raw[: length.value].decode("utf-16-le", "replace").rstrip("\0")


def hidden_layers(data: bytes) -> frozenset[str] | None:
    """Names of the layers (optional content groups) that are off; None where all are on.

    pdfium shows the layer of an object but not whether it is on, so the catalogue is read
    with pdfminer, and only where there is one.
    """
    if b"/OCProperties" not in data and b"/ObjStm" not in data:
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
_FILL, _STROKE = ctypes.c_int(), ctypes.c_int()
_RGBA_AT = tuple(ctypes.byref(x) for x in _RGBA)
_BOUNDS_AT = tuple(ctypes.byref(x) for x in (_L, _B, _R, _T))
_XY_AT = (ctypes.byref(_X), ctypes.byref(_Y))
_MODES_AT = (ctypes.byref(_FILL), ctypes.byref(_STROKE))


def _as_called(function: Any, result: Any, *arguments: Any) -> Any:
    """The library's function with plain integers for handles: one call a glyph must be cheap."""
    address = ctypes.cast(function, ctypes.c_void_p).value
    return ctypes.CFUNCTYPE(result, *arguments)(address or 0)


_get_unicode = _as_called(c.FPDFText_GetUnicode, ctypes.c_uint, ctypes.c_void_p, ctypes.c_int)
_get_object = _as_called(c.FPDFText_GetTextObject, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)
_get_box = _as_called(
    c.FPDFText_GetLooseCharBox, ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p
)


_INT, _HANDLE = ctypes.c_int, ctypes.c_void_p
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

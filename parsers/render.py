"""Pictures of pages, for people: whole pages and strips of them, with boxes blacked out.

A picture is made of the page as viewers show it, in shades of grey (what is printed, not how it
looks), after everything that must not be shown has been covered. Masks are painted on the pixels
before anything is cut out or encoded, so no strip can show what its page hides.

:func:`render` runs in the child process of :mod:`parsers.worker` (``render_isolated``): a file
that crashes the renderer must not take anything with it.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import Field

from parsers.document import BBox, Model

GAP = 10
"""White pixels between the strips of one picture."""
MASK_MARGIN = 1.5
"""Points around a mask: a glyph may stand a little out of its box."""
LARGEST = 60_000_000
"""Pixels of one page at most; a larger page is drawn at a smaller scale."""
HEAVY = 160_000
"""Bytes above which a picture (a scan) is encoded with loss."""

_MARK = re.compile(r"(?:绝密|机密|秘密)(?:[★☆*＊].{0,8})?")


class PictureRequest(Model):
    """What to draw. Boxes in points from the top left of the visible page."""

    key: str
    page: int = Field(description="1-based")
    strips: list[BBox] = Field(
        default=[], description="regions of the page, put below each other; none: the whole page"
    )
    masks: list[BBox] = Field(default=[])
    scale: float = Field(default=2.0, gt=0, le=6, description="pixels for one point")


class Picture(Model):
    """One drawn picture. ``image`` is WebP; page sizes in points, others in pixels.

    ``strips``: where each strip lies in the picture: x and y of its top left corner in points of
    the page, and its y in pixels of the picture.
    """

    key: str
    width: int
    height: int
    page_width: float
    page_height: float
    scale: float
    strips: list[tuple[float, float, int]] = Field(default=[])
    image: bytes = Field(default=b"", exclude=True)


class Drawn(Model):
    """Everything drawn of one file. ``marks``: classification marks (密级) with their page."""

    pictures: list[Picture] = Field(default=[])
    marks: list[tuple[int, str]] = Field(default=[])


def classification_mark(line: str) -> str | None:
    """The mark (秘密, 机密, 绝密, with ★ and term) where a line is one and says nothing else."""
    bare = "".join(line.split())
    return bare if _MARK.fullmatch(bare) else None


def render(data: bytes, requests: Sequence[PictureRequest], *, released: bool = False) -> Drawn:
    """Draw pictures of a PDF's pages.

    A file that carries a classification mark on any page gives its marks and no picture, unless a
    person has ``released`` it. Raises what pdfium raises for a file that it cannot open, and
    IndexError for a page that the file does not have.
    """
    import pypdfium2

    out = Drawn()
    pdf = pypdfium2.PdfDocument(data)
    try:
        out.marks = list(_marks(pdf))
        if out.marks and not released:
            return out
        for number in sorted({r.page for r in requests}):
            if not 1 <= number <= len(pdf):
                raise IndexError(f"page {number} of {len(pdf)}")
            sheet = pdf[number - 1]
            try:
                here = [r for r in requests if r.page == number]
                for scale in sorted({r.scale for r in here}):
                    out.pictures += _page(sheet, [r for r in here if r.scale == scale], scale)
            finally:
                sheet.close()
    finally:
        pdf.close()
    return out


def _marks(pdf: Any) -> Iterable[tuple[int, str]]:
    for number in range(len(pdf)):
        sheet = pdf[number]
        try:
            text = sheet.get_textpage()
            try:
                for line in text.get_text_bounded().splitlines():
                    mark = classification_mark(line)
                    if mark is not None:
                        yield number + 1, mark
            finally:
                text.close()
        finally:
            sheet.close()


def _page(sheet: Any, requests: Sequence[PictureRequest], scale: float) -> list[Picture]:
    from PIL import ImageDraw

    width, height = sheet.get_size()
    if width * height * scale * scale > LARGEST:
        scale = math.sqrt(LARGEST / (width * height))
    whole = sheet.render(scale=scale, grayscale=True).to_pil().convert("L")
    pictures = []
    for request in requests:
        page = whole.copy() if request.masks else whole
        draw = ImageDraw.Draw(page)
        for x0, top, x1, bottom in request.masks:
            m = MASK_MARGIN
            draw.rectangle(
                [(x0 - m) * scale, (top - m) * scale, (x1 + m) * scale, (bottom + m) * scale],
                fill=0,
            )
        drawn, placed = _cut(page, request.strips, scale, (width, height))
        pictures.append(
            Picture(
                key=request.key,
                width=drawn.width,
                height=drawn.height,
                page_width=width,
                page_height=height,
                scale=scale,
                strips=placed,
                image=_encode(drawn),
            )
        )
    return pictures


def _cut(
    page: Any, strips: Sequence[BBox], scale: float, size: tuple[float, float]
) -> tuple[Any, list[tuple[float, float, int]]]:
    from PIL import Image

    if not strips:
        return page, []
    pieces, placed, y = [], [], 0
    for x0, top, x1, bottom in strips:
        left, upper = max(0.0, x0), max(0.0, top)
        right, lower = min(size[0], max(x1, left + 1)), min(size[1], max(bottom, upper + 1))
        piece = page.crop(
            (round(left * scale), round(upper * scale), round(right * scale), round(lower * scale))
        )
        pieces.append((piece, y))
        placed.append((left, upper, y))
        y += piece.height + GAP
    out = Image.new("L", (max(p.width for p, _ in pieces), y - GAP), 255)
    for piece, at in pieces:
        out.paste(piece, (0, at))
    return out, placed


def _encode(image: Any) -> bytes:
    """16 shades without loss (print is sharp and small); a scan, which is not, with loss."""
    sink = io.BytesIO()
    # a fixed ramp, not an adaptive palette: the same page always gives the same bytes
    ramp = image.point([round(v / 17) * 17 for v in range(256)])
    ramp.convert("RGB").save(sink, format="WEBP", lossless=True, method=1, quality=40)
    if sink.tell() > HEAVY:
        sink = io.BytesIO()
        image.convert("RGB").save(sink, format="WEBP", quality=55, method=2)
    return sink.getvalue()

"""Crops of the places of a remark: what stands there, outlined; personal data blacked out."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from inspection.model import Place, Sheet
from parsers.document import BBox
from parsers.draft import Draft
from parsers.render import Drawn, Picture, PictureRequest

_SCALE = 2.0
_ABOVE, _BESIDE = 16.0, 40.0
_MOST_STRIPS = 4
_LINE = (192, 0, 0)
_THICK = 2
_PAD = 2.0


@dataclass(frozen=True)
class Crop:
    """A PNG of the places of one remark on one page."""

    page: int
    png: bytes
    width: int
    height: int


Renderer = Callable[[Sequence[PictureRequest]], Drawn]


def crops(sheet: Sheet, draft: Draft, render: Renderer) -> tuple[dict[int, list[Crop]], bool]:
    """Crops by number of the remark, and whether a classification mark (密级) held them back.

    ``render`` draws pictures of the file (``parsers.worker.Worker.render`` bound to its bytes).
    """
    if draft.kind != "pdf":
        return {}, False
    sizes = {p.number: (p.width, p.height) for p in draft.pages}
    masks: dict[int, list[BBox]] = defaultdict(list)
    for m in draft.masks:
        if m.bbox is not None:
            masks[m.page].append(m.bbox)
    asked: list[PictureRequest] = []
    boxes: dict[str, list[BBox]] = {}
    for remark in sheet.remarks:
        by_page: dict[int, list[Place]] = defaultdict(list)
        for place in remark.places:
            by_page[place.page].append(place)
        for page, places in by_page.items():
            if page not in sizes:
                continue
            key = f"{remark.number}/{page}"
            boxes[key] = [p.bbox for p in places if p.bbox is not None]
            asked.append(
                PictureRequest(
                    key=key,
                    page=page,
                    strips=_strips(boxes[key], sizes[page]),
                    masks=masks[page],
                    scale=_SCALE if boxes[key] else 0.5,
                )
            )
    if not asked:
        return {}, False
    drawn = render(asked)
    out: dict[int, list[Crop]] = defaultdict(list)
    for picture in drawn.pictures:
        number, _, page_of = picture.key.partition("/")
        out[int(number)].append(_outlined(picture, boxes[picture.key], int(page_of)))
    return dict(out), bool(drawn.marks)


def _strips(boxes: list[BBox], size: tuple[float, float]) -> list[BBox]:
    """Regions around the boxes; those near each other are one. None: the whole page."""
    if not boxes:
        return []
    out: list[BBox] = []
    for b in sorted(boxes, key=lambda b: b[1]):
        x0, x1 = max(0.0, b[0] - _BESIDE), min(size[0], b[2] + _BESIDE)
        if x1 - x0 < 0.55 * size[0]:
            # words need what stands beside them to be found again
            middle, half = (x0 + x1) / 2, 0.275 * size[0]
            x0 = min(max(0.0, middle - half), size[0] - 2 * half)
            x1 = x0 + 2 * half
        new = (x0, max(0.0, b[1] - _ABOVE), x1, min(size[1], b[3] + _ABOVE))
        if out and new[1] <= out[-1][3]:
            last = out[-1]
            out[-1] = (
                min(last[0], new[0]), last[1], max(last[2], new[2]), max(last[3], new[3])
            )  # fmt: skip
        else:
            out.append(new)
    return out[:_MOST_STRIPS]


def _outlined(picture: Picture, boxes: list[BBox], page: int) -> Crop:
    from PIL import Image, ImageDraw

    image = Image.open(io.BytesIO(picture.image)).convert("RGB")
    draw = ImageDraw.Draw(image)
    ends = [y for _, _, y in picture.strips[1:]] + [picture.height]
    for b in boxes:
        for (left, upper, at), end in zip(picture.strips, ends, strict=True):
            s = picture.scale
            x0, x1 = (b[0] - _PAD - left) * s, (b[2] + _PAD - left) * s
            y0, y1 = (b[1] - _PAD - upper) * s + at, (b[3] + _PAD - upper) * s + at
            if b[1] >= upper - 1 and at <= y0 + 2 * _PAD * s and y1 <= end + 2 * _PAD * s:
                draw.rectangle([x0, y0, x1, y1], outline=_LINE, width=_THICK)
    if not boxes:
        draw.rectangle([0, 0, image.width - 1, image.height - 1], outline=_LINE, width=_THICK)
    sink = io.BytesIO()
    image.quantize(32).save(sink, format="PNG", optimize=True)
    return Crop(page=page, png=sink.getvalue(), width=image.width, height=image.height)

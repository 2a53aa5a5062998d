"""The image of a scanned page (扫描页) → upright ink, and the table rules drawn in it.

Pure geometry on pixels: nothing is recognised here. A scan has uneven paper, shades, stains and
pale watermarks: what counts is how much darker a pixel is than the paper around it. The page is
turned upright by the angle at which its rows of ink are most distinct; rules are what is left
when everything shorter than a rule is taken away. Distances are points, turned into pixels by
``Sheet.scale``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parsers.document import BBox
from parsers.grid import Segment

if TYPE_CHECKING:
    import numpy as np

    Pixels = np.ndarray[Any, np.dtype[np.uint8]]

LEAST_DPI, MOST_DPI, USUAL_DPI = 100, 300, 200
"""A page is looked at in the resolution of its own image, within these bounds."""
MOST_SKEW = 6.0
"""Degrees; a page laid down more crookedly is not turned upright."""
_LEAST_TURN = 0.03
"""Degrees that are not worth a turn."""
PALE = 0.30
"""Share of the darkest print's darkness below which ink is a watermark, a shade or a stain."""
DIM = 0.62
"""Share of the page's usual brightness below which paper is a stain or a bar."""
THIN = 30
"""Ink from here on belongs to print where print stands."""
BLACK = 90
"""Ink from here on (of 255) is print or rule when shapes are looked for."""
RULE = 100
"""Ink (of 255) from here on may be a rule: thin ones are paler than print."""
_LEVEL_RULE = 18.0
_UPRIGHT_RULE = 9.0
"""Strokes of print are shorter than these (points); rules are longer."""
_THICKEST_RULE = 3.5
_BESIDE = 0.3
"""Share of a short stroke's length that may have ink beside it."""
_MEETS = 1.5
_OVERSHOOT = 8.0
"""No row is as low and no column as narrow as this (points)."""
_LONE_LEVEL, _LONE_UPRIGHT = 70.0, 40.0
"""Rules this long need not end at others."""
_WIDE_STROKE = 2.2
"""Strokes of a watermark are at least this wide (points); those of print are not."""
_LONG_STROKE = 12.0
"""… and some of them this long."""
_WATERMARK_STROKES = 4
_EVEN = 1.4
"""The rim of print is of a watermark's grey too, but not over such a square (points)."""
_DARKEST_WATERMARK, _ABOVE_WATERMARK = 0.72, 0.12
"""Share of print's darkness up to which wide strokes are a watermark, and by which print on it is
darker still."""
_COVERED = 26
"""Ink (of 255) from here on is no paper: a watermark printed over a rule hides it."""
_MOST_COVERED, _MOST_BROKEN = 18.0, 0.8
"""A rule goes on behind a watermark this long, and over paper this long (points)."""
_ACROSS = 5.0
"""What is dark this far (points) on both sides of a rule is another rule across it."""
_THIN_RULE = 1.6
"""Ink this far (points) on both sides of a rule's middle: what stands there is print."""


@dataclass(slots=True)
class Sheet:
    """A page turned upright. ``ink``: darkness above the paper, 0 … 255 for the darkest print."""

    ink: Pixels
    scale: float
    """Pixels a point."""
    angle: float
    """Degrees by which the page was turned counter-clockwise to stand upright."""
    grey: Pixels
    """The upright page as it was scanned, for a second look with other preprocessing."""
    faint: Pixels
    """As ``ink``, with nothing left out: thin rules are paler than print."""
    dim: Any
    """Where the paper itself is so dark (a stain, a bar) that print may hide in it."""

    def back(self, box: BBox) -> BBox:
        """A box of the upright page (points) on the page as it lies in the file."""
        if not self.angle:
            return box
        height, width = self.ink.shape
        cx, cy = width / 2 / self.scale, height / 2 / self.scale
        a = math.radians(self.angle)
        cos, sin = math.cos(a), math.sin(a)
        xs, ys = [], []
        for x in (box[0], box[2]):
            for y in (box[1], box[3]):
                dx, dy = x - cx, y - cy
                xs.append(cx + cos * dx - sin * dy)
                ys.append(cy + sin * dx + cos * dy)
        if box[2] - box[0] > 4 * (box[3] - box[1]):
            # a long flat box: the slant of its own length would take in the neighbouring rows
            middle, half = (min(ys) + max(ys)) / 2, (box[3] - box[1]) / 2 + 1
            return (min(xs), middle - half, max(xs), middle + half)
        return (min(xs), min(ys), max(xs), max(ys))


def resolution(page: Any) -> float:
    """Pixels a point at which a page (of pypdfium2) is looked at: those of its largest image."""
    from pypdfium2 import raw

    best, size = USUAL_DPI / 72, 0.0
    for shape in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=4):
        x0, y0, x1, y1 = shape.get_bounds()
        area = (x1 - x0) * (y1 - y0)
        if area > size:
            wide, high = shape.get_px_size()
            size = area
            best = max(wide, high) / max(1.0, x1 - x0, y1 - y0)
    return min(max(best, LEAST_DPI / 72), MOST_DPI / 72)


def draw(page: Any, quarter: int = 0) -> tuple[Pixels, float]:
    """A page (of pypdfium2) in grey, turned by ``quarter`` right angles, and pixels a point."""
    import numpy as np

    scale = resolution(page)
    drawn = np.asarray(page.render(scale=scale, grayscale=True).to_numpy())
    grey: Pixels = drawn[:, :, 0] if drawn.ndim == 3 else drawn
    return np.ascontiguousarray(np.rot90(grey, quarter)), scale


def upright(grey: Pixels, scale: float) -> Sheet:
    """The page straightened, its paper taken away."""
    ink, faint, dim = without_paper(grey, scale)
    angle = skew(ink, scale)
    sheet = Sheet(ink, scale, 0.0, grey, faint, dim)
    if angle:
        sheet = _turned(grey, scale, angle)
    rest = _slant(_strokes(sheet.faint, scale, _LEVEL_RULE)[0])
    if abs(rest) > _LEAST_TURN:  # long rules say it more exactly
        angle = round(angle + rest, 3)
        sheet = _turned(grey, scale, angle)
    return sheet


def _turned(grey: Pixels, scale: float, angle: float) -> Sheet:
    import cv2
    import numpy as np

    height, width = grey.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    grey = np.asarray(
        cv2.warpAffine(
            grey, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        ),
        np.uint8,
    )
    ink, faint, dim = without_paper(grey, scale)
    return Sheet(ink, scale, angle, grey, faint, dim)


def _slant(strokes: list[_Stroke]) -> float:
    """Degrees by which long level rules still fall to the right, the middle one's."""
    slopes = []
    for stroke in strokes:
        if stroke.length > 150 and len(stroke.pieces) > 1:
            (y0, a0, b0), (y1, a1, b1) = stroke.pieces[0], stroke.pieces[-1]
            slopes.append(math.degrees(math.atan2(y1 - y0, (a1 + b1 - a0 - b0) / 2)))
    return sorted(slopes)[len(slopes) // 2] if len(slopes) > 2 else 0.0


def without_paper(grey: Pixels, scale: float) -> tuple[Pixels, Pixels, Any]:
    """How much darker than the paper around it each pixel is: pale ink left out, and all ink;
    and where the paper itself is dark."""
    import cv2
    import numpy as np

    # paper: what is left when every stroke is closed by the light around it
    size = max(5, round(7 * scale)) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    paper = cv2.morphologyEx(cv2.medianBlur(grey, 3), cv2.MORPH_CLOSE, kernel)
    paper = cv2.blur(paper, (size, size))
    dark = cv2.subtract(paper, grey)
    dim = paper < DIM * np.median(paper)
    strong = dark[dark > 40]
    if strong.size < 50:
        return np.zeros_like(grey), np.zeros_like(grey), dim
    deepest = float(np.percentile(strong, 90))
    floor = PALE * deepest
    ink: Pixels = (np.clip((dark - floor) / max(1.0, deepest - floor), 0, 1) * 255).astype(np.uint8)
    faint: Pixels = (np.clip(dark / deepest, 0, 1) * 255).astype(np.uint8)
    return _above_watermark(ink, grey, scale, deepest), faint, dim


def _above_watermark(ink: Pixels, grey: Pixels, scale: float, deepest: float) -> Pixels:
    """The ink with what is printed on a dark watermark told from the watermark itself.

    Long strokes wider than those of print are a watermark's; where its grey is, only what is darker
    is print.
    """
    import cv2
    import numpy as np

    height, width = grey.shape
    # paper over a wide stretch: close by, a wide stroke would be taken for it
    small = cv2.resize(grey, None, fx=0.25 / scale, fy=0.25 / scale, interpolation=cv2.INTER_AREA)
    small = cv2.blur(cv2.dilate(small, np.ones((9, 9), np.uint8)), (9, 9))
    paper = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    dark = cv2.subtract(paper, grey).astype(np.float32) / deepest
    faint: Pixels = (np.clip(dark, 0, 1) * 255).astype(np.uint8)
    wide = max(3, round(_WIDE_STROKE * scale))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (wide, wide))
    solid = cv2.morphologyEx((faint >= PALE * 255).astype(np.uint8), cv2.MORPH_OPEN, kernel)
    found, labels, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=8)
    greys: list[float] = []
    for k in range(1, found):
        x, y, across, down, area = (int(v) for v in stats[k])
        if max(across, down) >= _LONG_STROKE * scale and area >= 4 * wide * wide:
            part = slice(y, y + down), slice(x, x + across)
            said = float(np.median(faint[part][labels[part] == k]))
            if PALE < said / 255 < _DARKEST_WATERMARK:
                greys.append(said)
    if len(greys) < _WATERMARK_STROKES:
        return ink
    usual, near = sorted(greys)[len(greys) // 2], _ABOVE_WATERMARK * 255
    # print that is closely set has all greys: nowhere is it this wide and of one
    even = (np.abs(faint.astype(np.float32) - usual) < near).astype(np.uint8)
    core = max(3, round(_EVEN * scale))
    seeds = cv2.morphologyEx(even, cv2.MORPH_OPEN, np.ones((core, core), np.uint8))
    around = cv2.dilate(seeds, np.ones((2 * wide + 1, 2 * wide + 1), np.uint8)) > 0
    return np.where(around & (faint < usual + near), 0, ink).astype(np.uint8)


def skew(ink: Pixels, scale: float) -> float:
    """Degrees (counter-clockwise) by which the page must be turned to stand upright."""
    import cv2
    import numpy as np

    def shrunk(to: float) -> Pixels:
        small = cv2.resize(ink, None, fx=to / scale, fy=to / scale, interpolation=cv2.INTER_AREA)
        # the page as it lies must not look more distinct only because nothing is interpolated
        return np.asarray(cv2.GaussianBlur(small, (0, 0), 0.8), np.uint8)

    def distinct(small: Pixels, degrees: float) -> float:
        # shear instead of turning: rows of ink summed along slanted lines
        height, width = small.shape
        slope = -math.tan(math.radians(degrees))
        turn = np.array([[1, 0, 0], [slope, 1, -slope * width / 2]], np.float32)
        rows = cv2.warpAffine(small, turn, (width, height)).sum(axis=1, dtype=np.float64)
        return float(np.square(np.diff(rows)).sum())

    coarse, fine = shrunk(0.6), shrunk(min(scale, 1.4))
    if int((fine > 60).sum()) < 200:
        return 0.0
    best = max(np.arange(-MOST_SKEW, MOST_SKEW + 0.01, 0.2), key=lambda a: distinct(coarse, a))
    for step in (0.1, 0.05, 0.02):
        best = max(best + step * np.arange(-3, 4), key=lambda a: distinct(fine, a))
    return 0.0 if abs(best) < _LEAST_TURN else round(float(best), 3)


@dataclass(slots=True)
class _Stroke:
    """A straight stroke in pieces (one still aslant is told by them), and its length."""

    pieces: list[Segment]
    length: float


def find_rules(sheet: Sheet) -> tuple[list[Segment], list[Segment], Pixels]:
    """Level and upright rules in points, as ``parsers.grid`` takes them, and their pixels."""
    import numpy as np

    scale = sheet.scale
    level, level_at = _rules(sheet.faint, sheet.ink, scale, _LEVEL_RULE, _LONE_LEVEL)
    across = np.ascontiguousarray(sheet.ink.T)
    turned, turned_at = _rules(
        np.ascontiguousarray(sheet.faint.T), across, scale, _UPRIGHT_RULE, _LONE_UPRIGHT
    )
    levels = [p for s in level if s.length > _LONE_LEVEL for p in s.pieces]
    uprights = [p for s in turned if s.length > _LONE_UPRIGHT for p in s.pieces]
    levels, uprights = _meeting(
        levels,
        uprights,
        [p for s in level if s.length <= _LONE_LEVEL for p in s.pieces if _alone(sheet.ink, scale, p)],
        [p for s in turned if s.length <= _LONE_UPRIGHT for p in s.pieces if _alone(across, scale, p)],
    )  # fmt: skip
    levels, uprights = _ending(levels, uprights), _ending(uprights, levels)
    mask = _only(level_at, levels, scale) | np.ascontiguousarray(
        _only(turned_at, uprights, scale).T
    )
    return levels, uprights, mask


def _rules(
    faint: Pixels, ink: Pixels, scale: float, shortest: float, lone: float
) -> tuple[list[_Stroke], Pixels]:
    """Strokes that may be level rules, with what goes on of them behind a watermark."""
    strokes, mask = _strokes(faint, scale, shortest)
    for stroke in strokes:
        if stroke.length <= lone and not all(_alone(ink, scale, p) for p in stroke.pieces):
            continue
        for end in (0, -1):
            at, start, stop = stroke.pieces[end]
            longer = _gone_on(faint, scale, (at, start, stop), onward=bool(end))
            if not longer:
                continue
            stroke.length += longer
            stop, start = (stop + longer, start) if end else (stop, start - longer)
            stroke.pieces[end] = (at, start, stop)
            y, a, b = round(at * scale), round(start * scale), round(stop * scale)
            rows, along = slice(max(0, y - 2), y + 3), slice(max(0, a), b)
            mask[rows, along] |= _may_be_rule(faint[rows, along])
    return strokes, mask


def _may_be_rule(part: Pixels) -> Pixels:
    """The pixels that may belong to a rule."""
    import numpy as np

    return np.where(part >= RULE, 255, 0).astype(np.uint8)


def _gone_on(faint: Pixels, scale: float, rule: Segment, *, onward: bool) -> float:
    """How many points a level rule goes on beyond its end, in stretches between which a watermark
    covers it. A watermark printed over a table breaks its rules; paper and print end them."""

    at, start, end = rule
    y = round(at * scale)
    beside = max(2, round(_THIN_RULE * scale))
    height, width = faint.shape
    if not beside <= y < height - beside:
        return 0.0
    along = (
        slice(min(width, round(end * scale)), width) if onward else slice(0, round(start * scale))
    )
    turn = 1 if onward else -1
    here = faint[y - 1 : y + 2, along].max(axis=0)[::turn]
    print_ = (faint[y - beside, along] >= RULE) & (faint[y + beside, along] >= RULE)
    # a rule across is dark for longer than a stroke of print
    wide = slice(max(0, y - round(_ACROSS * scale)), y + round(_ACROSS * scale) + 1)
    crossed = (faint[wide, along].min(axis=0) >= _COVERED)[::turn]
    dark = (here >= RULE) & ~print_[::turn]
    pale = ((here >= _COVERED) & (here < RULE)) | crossed
    last = gap = bare = 0
    for n, (is_dark, is_pale) in enumerate(zip(dark.tolist(), pale.tolist(), strict=True), 1):
        bare = 0 if is_dark or is_pale else bare + 1  # paper or print
        gap = 0 if is_dark else gap + 1
        last = n if is_dark else last
        if bare > _MOST_BROKEN * scale or gap > _MOST_COVERED * scale:
            break
    return last / scale


def _meeting(
    levels: list[Segment],
    uprights: list[Segment],
    short_level: list[Segment],
    short_upright: list[Segment],
) -> tuple[list[Segment], list[Segment]]:
    """The long rules, and of the short strokes those that run from one rule to another.

    Strokes of neighbouring glyphs can touch and look like a short rule; they end nowhere.
    """
    while True:
        more = [s for s in short_level if _between(s, uprights)]
        levels += more
        short_level = [s for s in short_level if s not in more]
        further = [s for s in short_upright if _between(s, levels)]
        uprights += further
        short_upright = [s for s in short_upright if s not in further]
        if not more and not further:
            return levels, uprights


def _ending(rules: list[Segment], across: list[Segment]) -> list[Segment]:
    """Rules that end at the outermost rule across them.

    What goes on beyond it for less than a row's height is print: the foot of a glyph right above
    a table looks like more of its rule. Behind a watermark it may seem to go on farther; then it
    is none where no other rule ends as far out.
    """
    out = []
    for at, start, end in rules:
        met = sorted(p for p, a, b in across if a - _MEETS <= at <= b + _MEETS)
        first = next((p for p in met if p >= start - _MEETS), start)
        last = next((p for p in reversed(met) if p <= end + _MEETS), end)
        # a stroke told by its pieces ends only at its first and last
        same = [(a, b) for p, a, b in rules if abs(p - at) <= _MEETS and (a, b) != (start, end)]
        others = [(a, b) for p, a, b in rules if abs(p - at) > _MEETS]
        top = _ended(start, first, same, others)
        foot = -_ended(-end, -last, _flipped(same), _flipped(others))
        if top < foot:
            out.append((at, top, foot))
    return out


def _ended(
    tip: float, outermost: float, same: list[tuple[float, float]], others: list[tuple[float, float]]
) -> float:
    """Where a rule begins that seems to begin at ``tip`` and first meets one across at
    ``outermost``; ``same`` are other pieces on its line, ``others`` those of other lines."""
    reach = _OVERSHOOT if any(abs(a - tip) <= _MEETS for a, _ in others) else _MOST_COVERED
    if not _MEETS < outermost - tip <= reach:
        return tip
    goes_on = any(a < tip - _MEETS and tip <= b + _MEETS for a, b in same)
    return tip if goes_on else outermost


def _flipped(extents: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The same, seen from the other end."""
    return [(-b, -a) for a, b in extents]


def _alone(ink: Pixels, scale: float, stroke: Segment) -> bool:
    """Is there paper on both sides of a stroke? Strokes of print have others beside them."""
    at, start, end = stroke
    along = slice(max(0, int((start + 1) * scale)), max(1, int((end - 1) * scale)))
    for side in (-1, 1):
        near, far = sorted((at + side * 1.4, at + side * 3.2))
        band = ink[max(0, round(near * scale)) : max(0, round(far * scale)) + 1, along]
        if band.size and float((band >= BLACK).any(axis=0).mean()) > _BESIDE:
            return False
    return True


def _only(strokes: Pixels, kept: list[Segment], scale: float) -> Pixels:
    """The pixels of strokes that are rules."""
    import numpy as np

    out = np.zeros_like(strokes)
    for at, start, end in kept:
        band = slice(max(0, int((at - 2.5) * scale)), int((at + 2.5) * scale) + 1)
        along = slice(max(0, int((start - 1) * scale)), int((end + 1) * scale) + 1)
        out[band, along] = strokes[band, along]
    return out


def _strokes(ink: Pixels, scale: float, shortest: float) -> tuple[list[_Stroke], Pixels]:
    """Level strokes at least ``shortest`` long and thin, and their pixels."""
    import cv2
    import numpy as np

    black = _may_be_rule(ink)
    # a worn or slightly slanted rule: small breaks along it are closed first
    joined = cv2.morphologyEx(
        black, cv2.MORPH_CLOSE, np.ones((1, max(2, round(0.8 * scale))), np.uint8)
    )
    thick = cv2.dilate(joined, np.ones((2, 1), np.uint8))
    length = max(9, round(shortest * scale))
    opened = cv2.morphologyEx(thick, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    found, labels, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=8)
    out: list[_Stroke] = []
    mask = np.zeros_like(opened)
    for k in range(1, found):
        x, y, wide, high, area = (int(v) for v in stats[k])
        if high > _THICKEST_RULE * scale + 0.02 * wide and area > 0.5 * wide * high:
            continue  # a bar or a picture
        at = labels[y : y + high, x : x + wide] == k
        mask[y : y + high, x : x + wide][at] = 255
        # a rule that is still aslant is told by its pieces
        pieces = max(1, round(wide / (60 * scale)))
        parts = []
        for n in range(pieces):
            a, b = wide * n // pieces, wide * (n + 1) // pieces
            rows = np.flatnonzero(at[:, a:b].any(axis=1))
            if rows.size:
                weight = at[:, a:b].sum(axis=1)[rows]
                middle = float((rows * weight).sum() / weight.sum()) + y
                parts.append((middle / scale, (x + a) / scale, (x + b) / scale))
        out.append(_Stroke(parts, wide / scale))
    return out, mask.astype(np.uint8)


def _between(rule: Segment, across: list[Segment]) -> bool:
    """Does a stroke run from one of the rules across it to another?"""
    at, start, end = rule
    beside = [p for p, a, b in across if a - _MEETS <= at <= b + _MEETS]
    return any(abs(p - start) <= _MEETS for p in beside) and any(
        abs(p - end) <= _MEETS for p in beside
    )

"""A second recogniser for figures of scans: the document's own print, compared glyph by glyph.

Nothing of the first recogniser's model or input is used: the grey page (not its cleaned ink) is
set to one height, the shape of each character is the *median* of those places where the first
reading was sure and the glyphs stand apart, and a figure is read by the cheapest way to lay such
shapes over its print (dynamic programming over the columns). What the first recogniser misreads
now and then is outvoted by the median; what it misreads always leaves a shape that other print
does not fit, or a character of which there is no shape: both make a reading unsure, not wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Pixels = np.ndarray[Any, np.dtype[np.uint8]]
    Floats = np.ndarray[Any, np.dtype[np.float32]]

CHARACTERS = "0123456789.,-"
DIGIT = 24
"""Height of a digit in pixels once a line is set to size."""
_ABOVE, _BELOW = 3, 9
_ROWS = _ABOVE + DIGIT + _BELOW
_SURE = 0.97
"""Least confidence of the first reading for its glyphs to teach a shape."""
_NARROWER = 0.6
"""Share of a digit's usual width that its print has in any font of the document."""
_ENOUGH = 8
"""Glyphs of a character that stand apart, from which on touching ones teach it nothing."""
_TOUCHING = 0.3
"""Share of the figures whose glyphs touch, from which on the document's print does."""
_OVERLAP = 2
"""Columns by which glyphs may overlap in print that touches."""
_LEAST = 3
"""Glyphs that a shape is made of, at least."""
_MOST_SHAPES = 4
_MOST_TAUGHT = 400
_INK = 0.30
_UNLIKE = 0.16
"""Share of its ink by which a glyph may miss the median shape; others make a shape of their own."""
_OTHER_WIDTH = 6
_SIGNS = ".,"
_USUAL_SIGN = 0.5
"""Width of a point in widths of a digit, where the document does not say it."""
_NARROWEST, _WIDEST = 0.4 * DIGIT, 1.1 * DIGIT
"""Width of a digit with the air beside it."""
_CUT_WITHIN = 0.22
"""Widths of a digit by which a glyph may end beside where it should."""
_MISFIT = 0.40
"""Share of a shape's ink that print may miss it by and still be that character."""


@dataclass(slots=True)
class Sample:
    """The grey print of one figure, and what the first recogniser says it is."""

    grey: Pixels
    first: str
    sure: float
    group: int = 0
    """Samples of one group are of one page: they have one paper and one scanner's blur."""


@dataclass(slots=True)
class Opinion:
    """``text`` as laid over the print; ``margin``: how far the least clear glyph is from its
    likeliest rival, 1 for the very shape, 0 half way between both, below where it does not fit."""

    text: str
    margin: float
    others: list[str]


@dataclass(slots=True)
class _Shape:
    character: str
    image: Floats
    energy: float
    count: int


def opinions(samples: Sequence[Sample]) -> list[Opinion | None]:
    """An opinion on each figure; None where its print cannot be laid out (no height, no shapes)."""
    lines = [_set(s.grey) for s in samples]
    shapes, together = _shapes(
        [(line, s) for line, s in zip(lines, samples, strict=True) if line is not None]
    )
    known = {s.character for s in shapes}
    if len(known & set("0123456789")) < 10:
        # a digit that is misread everywhere has no shape: then no shape can be trusted
        return [None] * len(samples)
    bank = _Bank(shapes, overlap=_OVERLAP if together else 0)
    return [bank.read(line) if line is not None else None for line in lines]


def _set(grey: Pixels) -> Floats | None:
    """A line's darkness (0 … 1) set to ``_ROWS`` rows with digits ``DIGIT`` high; None without
    print."""
    import cv2
    import numpy as np

    if min(grey.shape) < 4:
        return None
    paper = float(np.percentile(grey, 92))
    print_ = float(np.percentile(grey, 1.5))
    if paper - print_ < 25:
        return None
    dark = np.clip((paper - grey.astype(np.float32)) / (paper - print_), 0, 1)
    black = dark > _INK + 0.1
    found, _, stats, _ = cv2.connectedComponentsWithStats(black.astype(np.uint8), connectivity=8)
    tall = [
        (int(stats[k][1]), int(stats[k][1] + stats[k][3]))
        for k in range(1, found)
        if stats[k][3] >= 0.55 * int(np.ptp(np.flatnonzero(black.any(axis=1))) + 1)
    ]
    if not tall:
        return None
    # a comma may hang on a digit: the usual foot counts
    top = float(np.median([a for a, _ in tall]))
    foot = float(np.median([b for _, b in tall]))
    if foot - top <= 0.1 * DIGIT:
        return None
    size = (foot - top) / DIGIT
    dark = np.asarray(dark, np.float32)
    width = max(4, round(dark.shape[1] / size))
    turn = np.array([[1 / size, 0, 0], [0, 1 / size, _ABOVE - top / size]], np.float32)
    way = cv2.INTER_CUBIC if size < 1 else cv2.INTER_AREA
    if size > 1.2:  # shrinking by warping alone would skip pixels
        dark = np.asarray(cv2.GaussianBlur(dark, (0, 0), 0.4 * size), np.float32)
        way = cv2.INTER_LINEAR
    out = cv2.warpAffine(dark, turn, (width, _ROWS), flags=way)
    return np.asarray(np.clip(out, 0, 1), np.float32)


def _glyph_columns(line: Floats) -> list[tuple[int, int]]:
    import numpy as np

    full = np.append((line > _INK).any(axis=0), False).astype(np.int8)
    edges = np.flatnonzero(np.diff(np.append(0, full)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _width_of_signs(lines: Sequence[tuple[Floats, str]]) -> float:
    """Width of a point or comma in widths of a digit, as all lines together say it."""
    import numpy as np

    extents, counts = [], []
    for line, text in lines:
        columns = np.flatnonzero((line > _INK).any(axis=0))
        if columns.size:
            signs = sum(ch in _SIGNS for ch in text)
            extents.append(float(np.ptp(columns) + 1))
            counts.append((len(text) - signs, signs))
    if len(extents) < _LEAST or not any(n for _, n in counts):
        return _USUAL_SIGN
    (digit, sign), *_ = np.linalg.lstsq(np.array(counts, float), np.array(extents), rcond=None)
    return float(np.clip(sign / digit, 0.3, 1.0)) if digit > 0 else _USUAL_SIGN


def _cut(line: Floats, text: str, narrow: float) -> list[tuple[int, int]]:
    """The columns of each glyph of a line whose glyphs touch (blur, bold print): parted where the
    least ink is, near where the widths of digits and signs put the ends of glyphs."""
    import numpy as np

    columns = np.flatnonzero((line > _INK).any(axis=0))
    if not columns.size:
        return []
    first, last = int(columns[0]), int(columns[-1]) + 1
    widths = [narrow if ch in _SIGNS else 1.0 for ch in text]
    digit = (last - first) / sum(widths)
    if not _NARROWEST <= digit <= _WIDEST:
        return []
    ink = line.sum(axis=0)
    cuts = [first]
    for width in widths[:-1]:
        near = cuts[-1] + width * digit
        # what is left is shared out anew: one cut off its place does not push all others
        rest = sum(widths[len(cuts) :])
        near = (near + last - rest * digit) / 2
        low = max(cuts[-1] + 2, round(near - _CUT_WITHIN * digit))
        high = min(last - 1, round(near + _CUT_WITHIN * digit) + 1)
        if low >= high:
            return []
        away = np.abs(np.arange(low, high) - near) / digit
        cuts.append(low + int(np.argmin(ink[low:high] + DIGIT * away)))
    return [*zip(cuts, [*cuts[1:], last], strict=True)]


def _usual_widths(figures: Sequence[tuple[str, Sequence[tuple[int, int]]]]) -> dict[str, float]:
    """Median width of each digit, as the figures show it whose glyphs stand apart."""
    import numpy as np

    widths: dict[str, list[int]] = {}
    for text, columns in figures:
        if len(text) == len(columns):
            for ch, (a, b) in zip(text, columns, strict=True):
                widths.setdefault(ch, []).append(b - a)
    return {ch: float(np.median(w)) for ch, w in widths.items()}


def _teach(
    taught: dict[str, list[Floats]],
    line: Floats,
    text: str,
    columns: Sequence[tuple[int, int]],
    only: Collection[str] = CHARACTERS,
) -> None:
    for ch, (a, b) in zip(text, columns, strict=True):
        held = taught.setdefault(ch, [])
        if ch in only and len(held) < _MOST_TAUGHT:
            held.append(line[:, a:b])


def _shapes(lines: Sequence[tuple[Floats, Sample]]) -> tuple[list[_Shape], bool]:
    """Shapes of the characters, several where the document has several fonts; and: do glyphs of
    the document's print touch? Then they are cut apart, and may overlap when they are laid down."""
    import numpy as np

    sure = [
        (line, s.first)
        for line, s in lines
        if s.sure >= _SURE and s.first and all(ch in CHARACTERS for ch in s.first)
    ]
    taught: dict[str, list[Floats]] = {}
    touching: list[tuple[Floats, str]] = []
    parted = [_glyph_columns(line) for line, _ in sure]
    usual = _usual_widths([(text, c) for (_, text), c in zip(sure, parted, strict=True)])
    for (line, text), columns in zip(sure, parted, strict=True):
        if len(columns) == len(text):
            # two glyphs that touch and a speck count as many as three glyphs
            if all(
                b - a >= _NARROWER * usual[ch] and (b - a) * _NARROWER <= usual[ch]
                for ch, (a, b) in zip(text, columns, strict=True)
                if ch.isdecimal()
            ):
                _teach(taught, line, text, columns)
        elif len(columns) < len(text):
            touching.append((line, text))
    lacking: set[str] = set()
    if len(touching) > _TOUCHING * len(sure):  # a few are not print that touches, but misread
        lacking = {ch for _, text in touching for ch in text if len(taught.get(ch, ())) < _ENOUGH}
    if lacking:
        narrow = _width_of_signs(sure)
        for line, text in touching:
            columns = _cut(line, text, narrow)
            if columns:
                _teach(taught, line, text, columns, lacking)
    out: list[_Shape] = []
    for ch, glyphs in sorted(taught.items()):
        waiting = glyphs
        for _ in range(_MOST_SHAPES):
            if len(waiting) < _LEAST:
                break
            width = int(np.median([g.shape[1] for g in waiting]))
            fitted = [_at_width(g, width) for g in waiting]
            image = np.median(np.stack(fitted), axis=0).astype(np.float32)
            energy = float((image * image).sum())
            miss = [float(((g - image) ** 2).sum()) / max(energy, 1e-6) for g in fitted]
            near = [m <= _UNLIKE for m in miss]
            if sum(near) >= _LEAST:
                close = np.stack([g for g, n in zip(fitted, near, strict=True) if n])
                image = np.median(close, axis=0).astype(np.float32)
                out.append(_Shape(ch, image, float((image * image).sum()), len(close)))
                waiting = [g for g, n in zip(waiting, near, strict=True) if not n]
            else:
                # two fonts in equal parts: what is nearest to the first glyph makes a shape
                seed = fitted[0]
                order = np.argsort([float(((g - seed) ** 2).sum()) for g in fitted])
                half = order[: max(_LEAST, len(order) // 2)]
                image = np.median(np.stack([fitted[int(i)] for i in half]), axis=0)
                image = image.astype(np.float32)
                out.append(_Shape(ch, image, float((image * image).sum()), len(half)))
                gone = {int(i) for i in half}
                waiting = [g for i, g in enumerate(waiting) if i not in gone]
    return out, bool(lacking)


def _at_width(glyph: Floats, width: int) -> Floats:
    """A glyph in the middle of so many columns."""
    import numpy as np

    out = np.zeros((glyph.shape[0], width), np.float32)
    have = glyph.shape[1]
    if have >= width:
        start = (have - width) // 2
        return glyph[:, start : start + width]
    start = (width - have) // 2
    out[:, start : start + have] = glyph
    return out


class _Bank:
    """The shapes of a document, ready to be laid over lines."""

    def __init__(self, shapes: Sequence[_Shape], *, overlap: int) -> None:
        self.shapes = shapes
        self.overlap = overlap
        self._apart: dict[tuple[int, int], float] = {}

    def read(self, line: Floats) -> Opinion | None:
        import cv2
        import numpy as np

        columns = np.flatnonzero((line > _INK).any(axis=0))
        if not columns.size:
            return None
        reach = 10
        padded = np.pad(line, ((0, 0), (reach, reach)))
        width = padded.shape[1]
        bare = np.concatenate([[0.0], np.cumsum((padded * padded).sum(axis=0))])
        costs = []
        for shape in self.shapes:
            # up to a pixel higher or lower: the set height is only nearly exact
            best = None
            for shift in (-1, 0, 1):
                moved = np.roll(shape.image, shift, axis=0)
                found = cv2.matchTemplate(padded, moved, cv2.TM_SQDIFF)[0]
                best = found if best is None else np.minimum(best, found)
            costs.append(np.asarray(best))
        total = np.full(width + 1, np.inf)
        total[0] = 0.0
        came: list[tuple[int, int]] = [(0, -1)] * (width + 1)
        for x in range(width):
            here = total[x] + bare[x + 1] - bare[x]
            if here < total[x + 1]:
                total[x + 1], came[x + 1] = here, (x, -1)
            for k, shape in enumerate(self.shapes):
                end = x + shape.image.shape[1]
                if end <= width:
                    # every glyph laid down costs a little: specks are not commas for nothing
                    c = total[x] + float(costs[k][x]) + 0.5
                    # one point's print is not laid out as two that overlap
                    most = 0 if shape.character in _SIGNS else self.overlap
                    for over in range(most + 1):
                        if end - over > x and c < total[end - over]:
                            total[end - over], came[end - over] = c, (x, k)
        path: list[tuple[int, int]] = []
        at = width
        while at > 0:
            start, k = came[at]
            if k >= 0:
                path.append((start, k))
            at = start
        path.reverse()
        if not path:
            return None
        text = "".join(self.shapes[k].character for _, k in path)
        margin, others = self._margin(padded, path, costs, text)
        left = float(total[width]) - sum(float(costs[k][x]) for x, k in path) - 0.5 * len(path)
        if left > 0.25 * max(self.shapes[k].energy for _, k in path):
            margin = min(margin, 0.0)  # print that no shape covers
        return Opinion(text, round(margin, 3), others)

    def _margin(
        self, line: Floats, path: Sequence[tuple[int, int]], costs: Sequence[Any], text: str
    ) -> tuple[float, list[str]]:
        import numpy as np

        least, others = 1.0, []
        for n, (x, k) in enumerate(path):
            mine = self.shapes[k]
            middle = x + mine.image.shape[1] / 2
            own = float(costs[k][x])
            if mine.character not in ".,-" and own > _MISFIT * mine.energy:
                least = min(least, -own / mine.energy)
            rivals: dict[str, float] = {}
            for j, rival in enumerate(self.shapes):
                if rival.character == mine.character:
                    continue
                wide = rival.image.shape[1]
                if abs(wide - mine.image.shape[1]) > _OTHER_WIDTH:
                    continue  # a point is no digit: the print around it would have to move
                start = round(middle - wide / 2)
                low, high = max(0, start - 2), min(len(costs[j]), start + 3)
                if low >= high:
                    continue
                at = low + int(np.argmin(costs[j][low:high]))
                # both seen over the same columns: what a narrow shape leaves bare counts
                a, b = min(x, at), max(x + mine.image.shape[1], at + wide)
                whole = line[:, a:b]
                cost_r = _laid(whole, rival.image, at - a)
                cost_m = _laid(whole, mine.image, x - a)
                apart = self._between(k, j)
                value = (cost_r - cost_m) / max(apart, 1e-6)
                rivals[rival.character] = min(rivals.get(rival.character, 9.0), value)
            if rivals:
                ch, value = min(rivals.items(), key=lambda r: r[1])
                least = min(least, value)
                if value < 0.5:
                    others.append(text[:n] + ch + text[n + 1 :])
        return least, others

    def _between(self, k: int, j: int) -> float:
        """How far two shapes are from one another, laid over each other as best."""
        if (k, j) not in self._apart:
            import numpy as np

            a, b = self.shapes[k].image, self.shapes[j].image
            wide = max(a.shape[1], b.shape[1]) + 4
            base = _at_width(a, wide)
            best = min(
                float(((base - np.roll(_at_width(b, wide), s, axis=1)) ** 2).sum())
                for s in (-2, -1, 0, 1, 2)
            )
            self._apart[k, j] = self._apart[j, k] = best
        return self._apart[k, j]


def _laid(line: Floats, image: Floats, at: int) -> float:
    """What is left of a line when a shape is laid over it."""
    best = float("inf")
    import numpy as np

    for shift in (-1, 0, 1):
        rest = line.copy()
        rest[:, at : at + image.shape[1]] -= np.roll(image, shift, axis=0)
        best = min(best, float((rest * rest).sum()))
    return best

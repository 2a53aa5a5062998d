"""Rules (框线) → grids: joins pieces of rules, finds each table's cells and merged cells.

Pure geometry: no text, no PDF. Coordinates are points from the top left of the visible page.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

from parsers.document import BBox
from parsers.page import Grid, GridCell

Segment = tuple[float, float, float]
"""Position across the rule, then its two ends: (y, x0, x1) or (x, y0, y1)."""

SAME_LINE = 1.6
"""Pieces this near to each other across the rule are one rule (double strokes included)."""
JOIN_GAP = 3.5
"""Pieces whose ends are this near are joined; dotted and dashed rules are joined further."""
TOUCH = 3.0
"""A rule that ends this near to another one meets it."""
NARROW = 2.6
"""No column or row is narrower: closer rules are one border drawn twice."""


@dataclass(slots=True)
class RuledGrid:
    """A grid with the index that finds the cell of a point."""

    grid: Grid
    xs: list[float]
    ys: list[float]
    owner: list[list[GridCell]]

    def cell_of(self, x: float, y: float) -> GridCell | None:
        c = bisect_right(self.xs, x) - 1
        r = bisect_right(self.ys, y) - 1
        if 0 <= c < len(self.xs) - 1 and 0 <= r < len(self.ys) - 1:
            return self.owner[r][c]
        return None


def join_segments(segments: list[Segment]) -> list[Segment]:
    """Join the pieces of each rule. Dashes (many short pieces in even steps) become one rule."""
    out: list[Segment] = []
    band: list[Segment] = []

    def flush() -> None:
        if not band:
            return
        pos = sum(s[0] * (s[2] - s[1] + 0.01) for s in band) / sum(s[2] - s[1] + 0.01 for s in band)
        band.sort(key=lambda s: s[1])
        gap = JOIN_GAP
        if len(band) >= 8:
            lengths = sorted(s[2] - s[1] for s in band)
            if lengths[len(lengths) // 2] < 6:
                gap = 7.0
        start, end = band[0][1], band[0][2]
        for _, a, b in band[1:]:
            if a <= end + gap:
                end = max(end, b)
            else:
                out.append((pos, start, end))
                start, end = a, b
        out.append((pos, start, end))
        band.clear()

    first = 0.0
    for s in sorted(segments):
        if band and s[0] - first > SAME_LINE and s[0] - band[-1][0] > SAME_LINE / 2:
            flush()
        if not band:
            first = s[0]
        band.append(s)
    flush()
    return out


def _cluster(values: list[float], tolerance: float) -> list[float]:
    out: list[list[float]] = []
    for v in sorted(values):
        if out and v - out[-1][-1] <= tolerance and v - out[-1][0] <= 2 * tolerance:
            out[-1].append(v)
        else:
            out.append([v])
    return [sum(g) / len(g) for g in out]


def _near(segments: list[Segment], position: float) -> list[tuple[float, float]]:
    """The stretches along which a rule runs at ``position``."""
    return [(a, b) for p, a, b in segments if abs(p - position) <= NARROW]


def _covered(stretches: list[tuple[float, float]], a: float, b: float) -> bool:
    """Does a rule run along most of the stretch a…b?"""
    total = 0.0
    for s0, s1 in stretches:
        lo, hi = (a if a > s0 else s0), (b if b < s1 else s1)
        if hi > lo:
            total += hi - lo
    return total >= 0.6 * (b - a)


def build_grids(
    horizontal: list[Segment], vertical: list[Segment], page: int
) -> tuple[list[RuledGrid], list[Segment]]:
    """Grids of a page and the horizontal rules that belong to none of them."""
    hs = [s for s in join_segments(horizontal) if s[2] - s[1] >= 4]
    vs = [s for s in join_segments(vertical) if s[2] - s[1] >= 4]
    parent = list(range(len(hs) + len(vs)))

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for j, (x, y0, y1) in enumerate(vs, start=len(hs)):
        for i, (y, x0, x1) in enumerate(hs):
            if x0 - TOUCH <= x <= x1 + TOUCH and y0 - TOUCH <= y <= y1 + TOUCH:
                parent[find(i)] = find(j)
    groups: dict[int, tuple[list[Segment], list[Segment]]] = {}
    for i in range(len(parent)):
        hv = groups.setdefault(find(i), ([], []))
        if i < len(hs):
            hv[0].append(hs[i])
        else:
            hv[1].append(vs[i - len(hs)])
    grids: list[RuledGrid] = []
    loose: list[Segment] = []
    for h, v in groups.values():
        made = _one_grid(h, v, page) if h and v else None
        if made is None:
            loose.extend(h)
        else:
            grids.append(made)
    grids.sort(key=lambda g: (g.grid.bbox[1], g.grid.bbox[0]))
    return grids, sorted(loose)


def _one_grid(h: list[Segment], v: list[Segment], page: int) -> RuledGrid | None:
    # Borders that the producer left out: rules that run on past the last rule across them.
    left, right = min(s[1] for s in h), max(s[2] for s in h)
    top, bottom = min(s[1] for s in v), max(s[2] for s in v)
    h, v = list(h), list(v)
    if min(s[0] for s in v) - left > 8:
        v.append((left, top, bottom))
    if right - max(s[0] for s in v) > 8:
        v.append((right, top, bottom))
    if min(s[0] for s in h) - top > 5:
        h.append((top, left, right))
    if bottom - max(s[0] for s in h) > 5:
        h.append((bottom, left, right))
    xs = _cluster([s[0] for s in v], NARROW)
    ys = _cluster([s[0] for s in h], NARROW)
    if len(xs) < 2 or len(ys) < 2:
        return None
    nr, nc = len(ys) - 1, len(xs) - 1
    blank = GridCell(0, 0, 0, 0, (0, 0, 0, 0))
    owner = [[blank] * nc for _ in range(nr)]
    cells: list[GridCell] = []
    for r0, c0, r1, c1 in _merged(xs, ys, h, v):
        cell = GridCell(r0, c0, r1 - r0 + 1, c1 - c0 + 1, (xs[c0], ys[r0], xs[c1 + 1], ys[r1 + 1]))
        cells.append(cell)
        for r in range(r0, r1 + 1):
            for c in range(c0, c1 + 1):
                owner[r][c] = cell
    for r, row in enumerate(owner):
        for c, there in enumerate(row):
            if there is blank:
                row[c] = GridCell(r, c, 1, 1, (xs[c], ys[r], xs[c + 1], ys[r + 1]))
                cells.append(row[c])
    cells.sort(key=lambda c: (c.row, c.col))
    if len(cells) == 1 and (nr, nc) == (1, 1) and xs[1] - xs[0] < 10:
        return None
    bbox: BBox = (xs[0], ys[0], xs[-1], ys[-1])
    return RuledGrid(Grid(page, bbox, nr, nc, cells), xs, ys, owner)


def _merged(
    xs: list[float], ys: list[float], h: list[Segment], v: list[Segment]
) -> list[tuple[int, int, int, int]]:
    """Merged cells as first row and column, last row and column."""
    nc = len(xs) - 1
    root: dict[int, int] = {}

    def find(i: int) -> int:
        while root.setdefault(i, i) != i:
            root[i] = root[root[i]]
            i = root[i]
        return i

    for c in range(1, nc):
        for r in _open(_near(v, xs[c]), ys):
            root[find(r * nc + c)] = find(r * nc + c - 1)
    for r in range(1, len(ys) - 1):
        for c in _open(_near(h, ys[r]), xs):
            root[find(r * nc + c)] = find((r - 1) * nc + c)
    members: dict[int, list[tuple[int, int]]] = {}
    for i in sorted(root):
        members.setdefault(find(i), []).append(divmod(i, nc))
    return [box for places in members.values() for box in _rectangles(places)]


def _open(stretches: list[tuple[float, float]], edges: list[float]) -> list[int]:
    """Between which edges no rule runs (numbers of the gaps)."""
    if any(a <= edges[0] and b >= edges[-1] for a, b in stretches):
        return []
    return [k for k, (a, b) in enumerate(pairwise(edges)) if not _covered(stretches, a, b)]


def _rectangles(places: list[tuple[int, int]]) -> list[tuple[int, int, int, int]]:
    """A region as one rectangle, or as few as a sweep over its rows gives (a broken rule)."""
    r0, r1 = min(p[0] for p in places), max(p[0] for p in places)
    c0, c1 = min(p[1] for p in places), max(p[1] for p in places)
    if (r1 - r0 + 1) * (c1 - c0 + 1) == len(places):
        return [(r0, c0, r1, c1)]
    free = set(places)
    out = []
    for r, c in sorted(places):
        if (r, c) not in free:
            continue
        right = c
        while (r, right + 1) in free:
            right += 1
        down = r
        while all((down + 1, k) in free for k in range(c, right + 1)):
            down += 1
        free -= {(i, k) for i in range(r, down + 1) for k in range(c, right + 1)}
        out.append((r, c, down, right))
    return out

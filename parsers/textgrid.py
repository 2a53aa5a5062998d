"""Forms printed without rules: columns from the header's words, rows from the lines' spacing.

The form is known from its title, so the header's words are known too; each leaf word's middle
is its column's. An amount stands right of its column's middle or on it, a label left of it or
on it, which holds for left, right and centred settings alike.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from itertools import pairwise

from parsers.document import BBox
from parsers.forms import Form, fits, key
from parsers.layout import rejoined, word_lines
from parsers.money import NotAnAmountError, is_blank_mark, parse_amount
from parsers.page import Grid, GridCell, Page, TextLine, Word

HEADER_LINES = 9
"""No header takes more lines than this."""
CENTRED = 4.0
"""A text stands in its column's middle when it is no farther from it (points)."""
INDENT = 4.0
"""Sections and items are set in by no more than this many sizes."""
WRAP_PITCH = 1.5
"""Lines of one cell are nearer than this many sizes, unless the rows themselves are."""

_GLUED = (
    re.compile(r"(-?[\d,]+\.\d{2})([^\d.,%％)）].*)"),  # amount, then the next label
    re.compile(r"(.*[\u3400-\u9fff）])(-?\d[\d,]*\.\d{2})"),  # label, then its amount
    re.compile(r"(\d{3}(?:\d{2}){0,2})([\u3400-\u9fff].*)"),  # code, then its name
)


@dataclass(slots=True)
class _Block:
    """Words that read as one header text, top to bottom."""

    words: list[int]
    text: str
    x0: float
    x1: float
    top: float
    bottom: float

    @property
    def middle(self) -> float:
        return (self.x0 + self.x1) / 2


@dataclass(slots=True)
class TextHeader:
    """A header found in lines: one leaf block a form column, the groups above them."""

    form: Form
    first: int
    count: int
    leaves: list[_Block]
    groups: list[list[_Block]]
    """groups of each column, outermost first"""
    index_row: list[Word] = field(default_factory=list)

    words: list[Word] = field(default_factory=list)
    usual_setting: Callable[[], str] = lambda: "right"
    """how amounts are set in the document, for tables too short to tell"""

    @property
    def middles(self) -> list[float]:
        return [b.middle for b in self.leaves]

    lefts: dict[int, float] = field(default_factory=dict)
    """where the texts of each column's body begin"""
    ruled: bool = False
    """the header's own columns are ruled: each leaf's sides are its column's borders"""

    def sets_like_labels(self, line: TextLine) -> bool:
        """Do all words begin where labels begin (set in or not), or stand in their middle?"""
        middles = [*self.middles, 1e9]
        return all(
            any(
                (
                    -CENTRED < w.x0 - self.lefts.get(j, 1e9) < INDENT * w.size
                    and w.x0 < m
                    and w.x1 < middles[j + 1]
                )
                or abs((w.x0 + w.x1) / 2 - m) < CENTRED
                for j, m in enumerate(self.middles)
                if self.form.columns[j].kind == "label"
            )
            for w in line.words
        )

    def repeats(self, line: TextLine) -> bool:
        """Does a line of another page say what this header says, at the same places?"""
        return all(
            any(w.text == h.text and abs(w.x0 - h.x0) < 6 for h in (*self.words, *self.index_row))
            for w in line.words
        )


def find_header(form: Form, lines: Sequence[TextLine], first: int) -> TextHeader | None:
    """The form's header in the lines from ``first`` on; None where they do not hold it whole."""
    best: TextHeader | None = None
    words: list[Word] = []
    index_at: list[Word] = []
    for n in range(1, HEADER_LINES + 1):
        if first + n > len(lines):
            break
        line = lines[first + n - 1]
        if best is not None and _is_index(line):
            best.index_row = line.words
            best.count = n
            break
        words.extend(line.words)
        if any(_DECIMALS(w.text) for w in line.words):
            break  # no header holds a figure with decimals, and every word must be explained
        if not any(_in_vocabulary(form, w.text) for w in line.words):
            break
        if len(words) < len(form.columns):
            continue
        found = _match(form, words)
        if found is not None:
            leaves, groups = found
            best = TextHeader(form, first, n, leaves, groups, index_at, list(words))
    return best


def _is_index(line: TextLine) -> bool:
    texts = [key(w.text) for w in sorted(line.words, key=lambda w: w.x0)]
    return len(texts) >= 3 and texts == [str(i + 1) for i in range(len(texts))]


def _in_vocabulary(form: Form, text: str) -> bool:
    """Is this a header text of the form, or a piece of one?"""
    k = key(text)
    if form.in_header(k, 0, len(form.columns) - 1):
        return True
    return not _DECIMALS(k) and len(k) <= 14


_DECIMALS = re.compile(r"\d[.,]\d").search


def _match(form: Form, words: list[Word]) -> tuple[list[_Block], list[list[_Block]]] | None:
    blocks = _blocks(words)
    texts = {text: key(text) for text in {b.text for b in blocks}}
    options: list[list[_Block]] = []
    for column in form.columns:
        leaf = column.path[-1].source
        here = {text for text, k in texts.items() if fits(leaf, k)}
        if not here:
            return None
        mine = [b for b in blocks if b.text in here]
        # lower and longer readings first: a leaf stands below its group
        mine.sort(key=lambda b: (-len(b.words), -b.bottom))
        options.append(mine)
    chosen: list[_Block] = []
    result: list[tuple[list[_Block], list[list[_Block]]]] = []

    def walk(j: int, used: frozenset[int], x: float) -> bool:
        if j == len(options):
            groups = _groups(form, words, blocks, chosen, used)
            if groups is None:
                return False
            result.append((list(chosen), groups))
            return True
        for b in options[j]:
            if b.middle <= x or used & frozenset(b.words):
                continue
            chosen.append(b)
            if walk(j + 1, used | frozenset(b.words), b.middle):
                return True
            chosen.pop()
        return False

    return result[0] if walk(0, frozenset(), -1.0) else None


def _groups(
    form: Form, words: list[Word], blocks: list[_Block], leaves: list[_Block], used: frozenset[int]
) -> list[list[_Block]] | None:
    """The words above the leaves as group texts; None where a word stays unexplained."""
    left = set(range(len(words))) - used
    found: list[tuple[int, int, str, _Block]] = []
    while left:
        options = []
        for b in blocks:
            if not left.issuperset(b.words):
                continue
            k = key(b.text)
            for first, last, source in _group_spans(form):
                if not fits(source, k):
                    continue
                lo, hi = leaves[first].x0 - 4, leaves[last].x1 + 4
                if lo <= b.middle <= hi and b.top < min(
                    leaves[j].bottom for j in range(first, last + 1)
                ):
                    options.append((len(b.words), first, last, source, b))
        if not options:
            return None
        _, first, last, source, b = max(options, key=lambda o: o[0])
        found.append((first, last, source, b))
        left -= set(b.words)
    out: list[list[_Block]] = []
    for j, column in enumerate(form.columns):
        mine: list[_Block] = []
        for level in column.path[:-1]:
            hit = [b for f, t, s, b in found if s == level.source and f <= j <= t]
            if hit:
                mine.append(min(hit, key=lambda b: abs(b.middle - leaves[j].middle)))
            elif not level.optional:
                return None
        out.append(mine)
    return out


@cache
def _group_spans(form: Form) -> list[tuple[int, int, str]]:
    """First and last column under each group text of the form."""
    out: list[tuple[int, int, str]] = []
    depth = max(len(c.path) for c in form.columns)
    for d in range(depth):
        j = 0
        while j < len(form.columns):
            path = form.columns[j].path
            if d >= len(path) - 1:
                j += 1
                continue
            k = j
            while (
                k + 1 < len(form.columns)
                and len(form.columns[k + 1].path) - 1 > d
                and form.columns[k + 1].path[: d + 1] == path[: d + 1]
            ):
                k += 1
            out.append((j, k, path[d].source))
            j = k + 1
    return out


def _blocks(words: list[Word]) -> list[_Block]:
    """Every reading of header words as one text: alone, side by side, one above the other."""
    singles = [
        _Block([i], w.text, w.x0, w.x1, w.top, w.bottom)
        for i, w in enumerate(words)
        if w.text.strip()
    ]
    out = list(singles)
    size = max((w.size for w in words), default=10.0)

    mids = [(w.top + w.bottom) / 2 for w in words]
    nearest, farthest = 0.6 * size, 1.9 * size
    placed = [(b, mids[b.words[0]]) for b in singles]
    layer = singles
    for _ in range(4):
        longer = []
        for a in layer:
            mid = mids[a.words[-1]]
            for b, lower in placed:
                if not (b.x0 < a.x1 and a.x0 < b.x1 and nearest < lower - mid <= farthest):
                    continue
                overlap = min(a.x1, b.x1) - max(a.x0, b.x0)
                if overlap > 0.5 * min(a.x1 - a.x0, b.x1 - b.x0):
                    longer.append(
                        _Block([*a.words, *b.words], a.text + b.text, min(a.x0, b.x0),
                               max(a.x1, b.x1), a.top, b.bottom)
                    )  # fmt: skip
        out += longer
        layer = longer
    for a in singles:
        for b in singles:
            if not 0 <= b.x0 - a.x1 < 2 * size:
                continue
            if abs((a.top + a.bottom - b.top - b.bottom) / 2) < 0.4 * size:
                out.append(
                    _Block([*a.words, *b.words], a.text + b.text, a.x0, b.x1, a.top, b.bottom)
                )
    return out


def header_of_grid(form: Form, grid: Grid, starts: Sequence[int]) -> TextHeader:
    """The header that a ruled grid holds, for rows that stand below it without rules."""
    ends = [*starts[1:], grid.ncols]
    xs = [grid.bbox[0]] * grid.ncols + [grid.bbox[2]]
    for cell in grid.cells:
        xs[cell.col], xs[cell.col + cell.colspan] = cell.bbox[0], cell.bbox[2]
    leaves = [
        _Block([], form.columns[j].role, xs[a], xs[b], grid.bbox[1], grid.bbox[3])
        for j, (a, b) in enumerate(zip(starts, ends, strict=True))
    ]
    lefts = {j: xs[a] for j, a in enumerate(starts)}
    return TextHeader(form, 0, 0, leaves, [[] for _ in leaves], lefts=lefts, ruled=True)


def without_frames(page: Page, frames: Sequence[Grid]) -> Page:
    """The page with these grids' texts as lines and their inner borders as loose rules."""
    lines = list(page.lines)
    ruled = list(page.rules)
    for frame in frames:
        words = sorted(
            (w for cell in frame.cells for w in cell.words), key=lambda w: w.top + w.bottom
        )
        rows: list[list[Word]] = []
        for w in words:
            if rows and (w.top + w.bottom - rows[-1][0].top - rows[-1][0].bottom) < 0.72 * w.size:
                rows[-1].append(w)
            else:
                rows.append([w])
        # a rule that ends half-way parts no rows beyond its end: a text printed there at its
        # height was cut by it, glyph by glyph
        whole = [rejoined(sorted(row, key=lambda x: x.x0)) for row in rows]
        lines += word_lines(whole, page.number)
        for cell in frame.cells:
            ruled += [(y, frame.bbox[0], frame.bbox[2]) for y in (cell.bbox[1], cell.bbox[3])]
    lines.sort(key=lambda x: x.bbox[1])
    return replace(
        page,
        lines=lines,
        grids=[g for g in page.grids if not any(g is f for f in frames)],
        rules=sorted(set(ruled)),
    )


# -- body --------------------------------------------------------------------------------
@dataclass(slots=True)
class _Piece:
    """A word placed in a column."""

    column: int
    word: Word
    spread: bool = False
    """stands in a cell merged with the next column's"""


def body_end(header: TextHeader, lines: Sequence[TextLine], first: int) -> int:
    """Index of the first line from ``first`` on that is no row of the table."""
    placer = Placer(header, lines[first:])
    middles = placer.middles  # from left to right
    for i in range(first, len(lines)):
        for word in lines[i].words:
            crossed = bisect_left(middles, word.x1) - bisect_right(middles, word.x0)
            parts = split_glued(word)
            if crossed > 1 and len(parts) == 1:
                return i
            if any(placer.column(w) is None for w in parts):
                return i
    return len(lines)


def split_glued(word: Word) -> list[Word]:
    """A word that holds an amount or a code and the text beside it, parted."""
    parts = _glued(word.text)
    if parts is None:
        return [word]
    a, b = parts
    width = [1.0 if ord(ch) > 0x2E80 else 0.5 for ch in word.text]
    cut = word.x0 + (word.x1 - word.x0) * sum(width[: len(a)]) / sum(width)
    return [
        Word(a, word.x0, word.top, cut, word.bottom, word.size),
        Word(b, cut, word.top, word.x1, word.bottom, word.size),
    ]


@lru_cache(maxsize=1 << 14)
def _glued(text: str) -> tuple[str, str] | None:
    """The two texts that are glued in this one, if they are."""
    for rx in _GLUED:
        m = rx.fullmatch(text)
        if m:
            return m.group(1), m.group(2)
    return None


class Placer:
    """Finds the column of each body word of one table."""

    def __init__(self, header: TextHeader, lines: Sequence[TextLine]) -> None:
        self.form, self.middles = header.form, header.middles
        self.borders = [(b.x0, b.x1) for b in header.leaves] if header.ruled else []
        self.setting = self._setting(header, lines)
        self.codes = [j for j, c in enumerate(self.form.columns) if c.kind == "code"]
        self.figures_whole = bool(self.codes) and _figures_whole(lines)

    def _setting(self, header: TextHeader, lines: Sequence[TextLine]) -> str:
        """How amounts are set; where too few are printed to tell, as in the whole document."""
        places = setting_places(line.words for line in lines)
        best = min(places.values())
        if sum(n == best for n in places.values()) == 1:
            return min(places, key=lambda k: places[k])
        usual = header.usual_setting()
        return usual if places[usual] == best else min(places, key=lambda k: places[k])

    def column(self, word: Word) -> int | None:
        """The column a word stands in, or None where it fits none."""
        form, middles = self.form, self.middles
        text = key(word.text)
        middle = (word.x0 + word.x1) / 2
        near = bisect_left(middles, middle)
        if near and (near == len(middles) or middle - middles[near - 1] <= middles[near] - middle):
            near -= 1
        if _is_amount(text):
            if text.isdecimal():
                # code columns hold plain digits, centred or left
                if form.columns[near].kind != "amount":
                    return near
                j = self._code_column(word, text)
                if j is not None:
                    return j
            if (
                is_blank_mark(text)
                and form.columns[near].kind == "amount"
                and (self.setting == "centre")
            ):
                return near
            if self.setting == "left":
                j = min(bisect_left(middles, word.x0), len(middles) - 1)
            else:
                j = max(bisect_right(middles, word.x1 + 1) - 1, 0)
            if form.columns[j].kind == "amount":
                return j
            if form.columns[near].kind == "amount":
                return near
            return near if text.isdecimal() else None
        j = min(bisect_left(middles, word.x0 - 1), len(middles) - 1)
        if form.columns[j].kind != "amount":
            return j
        # a text over an amount column: a label that starts left of an earlier column's middle
        back = [k for k in range(j) if form.columns[k].kind != "amount"]
        if back and word.x0 < middles[j] and middles[back[-1]] < word.x1 and j - back[-1] == 1:
            return back[-1]
        return None

    def _code_column(self, word: Word, text: str) -> int | None:
        """The code column of plain digits that stand nearer to the middle of an amount's column.

        Codes set left in a wide column do. What is no code stays an amount: figures without
        decimals, told by other plain digits of the table that are no codes either.
        """
        if len(text) not in _CODE_LENGTHS or self.figures_whole:
            return None
        for j in self.codes:
            if self.borders:
                left, right = self.borders[j]
                if left - 1 < word.x0 and word.x1 < right + 1:
                    return j
            elif (j == 0 or self.middles[j - 1] < word.x0) and word.x1 < self.middles[j]:
                return j
        return None


def _figures_whole(lines: Sequence[TextLine]) -> bool:
    """Are the table's amounts printed without decimals, so that plain digits may be one?"""
    texts = [key(w.text) for line in lines for word in line.words for w in split_glued(word)]
    if any(_DECIMALS(t) for t in texts):
        return False
    return any(t.isdecimal() and len(t) not in _CODE_LENGTHS and t.strip("0") for t in texts)


def setting_places(lines: Iterable[Iterable[Word]]) -> dict[str, int]:
    """In how many places amounts line up, were they set right, centred or left."""
    words = [
        w for line in lines for word in line for w in split_glued(word) if _tells_setting(w.text)
    ]
    return {
        "right": _ranks([w.x1 for w in words]),
        "centre": _ranks([(w.x0 + w.x1) / 2 for w in words]),
        "left": _ranks([w.x0 for w in words]),
    }


@lru_cache(maxsize=1 << 14)
def _tells_setting(text: str) -> bool:
    """An amount, and no code: plain digits may be either."""
    text = key(text)
    return _is_amount(text) and not text.isdecimal()


def _ranks(values: list[float]) -> int:
    """How many places (1.5 points wide) hold all values."""
    n, last = 0, -1e9
    for v in sorted(values):
        if v - last > 1.5:
            n += 1
            last = v
    return n


@lru_cache(maxsize=1 << 14)
def _is_amount(text: str) -> bool:
    if is_blank_mark(text):
        return True
    try:
        return parse_amount(text) is not None
    except NotAnAmountError:
        return False


def build_grid(
    header: TextHeader | None,
    columns: TextHeader,
    body: Sequence[TextLine],
    page: Page,
    known: frozenset[str],
) -> Grid:
    """A grid of the header (where printed) and the body rows, as if rules were drawn."""
    form = columns.form
    placer = Placer(columns, body)
    pieces: list[_Piece] = []
    for line in body:
        for word in line.words:
            for w in split_glued(word):
                j = placer.column(w)
                if j is not None:
                    pieces.append(_Piece(j, w))
    rows = _rows(form, pieces, page, known)
    merged = _merged_totals(form, columns.middles, rows)
    for p in pieces:
        if p.spread:
            continue
        columns.lefts[p.column] = min(columns.lefts.get(p.column, 1e9), p.word.x0)
    xs = _edges(columns, pieces)
    cells: list[GridCell] = []
    r = 0
    if header is not None:
        cells, r = _header_cells(header, xs)
    tops = [min(p.word.top for p in row) for row in rows]
    bottoms = [max(p.word.bottom for p in row) for row in rows]
    start = cells[-1].bbox[3] if cells else (tops[0] - 2 if tops else 0.0)
    if cells:
        start = max(c.bbox[3] for c in cells)
    for k, row in enumerate(rows):
        y0 = start if k == 0 else (bottoms[k - 1] + tops[k]) / 2
        y1 = bottoms[k] + 2 if k + 1 == len(rows) else (bottoms[k] + tops[k + 1]) / 2
        for j in range(len(form.columns)):
            if (k, j - 1) in merged:
                continue
            mine = [p.word for p in row if p.column == j]
            wide = 2 if (k, j) in merged else 1
            box = (xs[j], min(y0, tops[k]), xs[j + wide], y1)
            cells.append(GridCell(r, j, 1, wide, box, _in_order(mine)))
        r += 1
    bbox: BBox = (
        xs[0],
        min((c.bbox[1] for c in cells), default=0.0),
        xs[-1],
        max((c.bbox[3] for c in cells), default=0.0),
    )
    return Grid(page.number, bbox, r, len(form.columns), cells, method="text")


def _merged_totals(
    form: Form,
    middles: Sequence[float],
    rows: list[list[_Piece]],
    edges: Sequence[float] | None = None,
) -> set[tuple[int, int]]:
    """合计 in a cell merged over code and name: it is centred on neither of the two columns.

    Moves it to the first of the two; gives the row and column of the merged cells. With the
    columns' borders (``edges``) at hand, it belongs where its middle is nearer to the cell's.
    """
    merged: set[tuple[int, int]] = set()
    for k, row in enumerate(rows):
        for j in range(1, len(form.columns)):
            if form.columns[j].kind != "label" or form.columns[j - 1].kind == "amount":
                continue
            # 合　　计 may stand as two words, one on either side of the border
            mine = sorted((p for p in row if p.column in (j - 1, j)), key=lambda p: p.word.x0)
            if not any(p.column == j for p in mine):
                continue
            if key("".join(p.word.text for p in mine)) not in form.totals:
                continue
            x0, middle = mine[0].word.x0, (mine[0].word.x0 + mine[-1].word.x1) / 2
            lefts = [q.word.x0 for r in rows if r is not row for q in r if q.column == j]
            at_left = bool(lefts) and abs(min(lefts) - x0) <= CENTRED
            own = abs(middle - middles[j])
            most = CENTRED / 2
            if edges is not None:
                most = abs(middle - (edges[j - 1] + edges[j + 1]) / 2)
            if mine[0].column < j or (not at_left and own > most):
                for p in mine:
                    p.column, p.spread = j - 1, True
                merged.add((k, j - 1))
    return merged


def _in_order(words: list[Word]) -> list[Word]:
    out: list[list[Word]] = []
    for w in sorted(words, key=lambda w: w.top + w.bottom):
        if out and w.top < (out[-1][0].top + out[-1][0].bottom) / 2:
            out[-1].append(w)
        else:
            out.append([w])
    return [w for line in out for w in sorted(line, key=lambda w: w.x0)]


def _header_cells(header: TextHeader, xs: list[float]) -> tuple[list[GridCell], int]:
    depth = 1 + max(len(g) for g in header.groups)
    words = list(header.leaves)
    top = min(b.top for b in [*words, *(g for gs in header.groups for g in gs)])
    bottom = max(b.bottom for b in words)
    step = (bottom - top) / depth
    cells: list[GridCell] = []
    n = len(header.leaves)
    for level in range(depth):
        j = 0
        while j < n:
            groups = header.groups[j]
            if level < len(groups):
                k = j
                while (
                    k + 1 < n
                    and level < len(header.groups[k + 1])
                    and (header.groups[k + 1][level] is groups[level])
                ):
                    k += 1
                b, down = groups[level], 1
            elif level == len(groups):
                k, b, down = j, header.leaves[j], depth - level
            else:
                j += 1
                continue
            cells.append(
                GridCell(
                    level, j, down, k - j + 1,
                    (xs[j], top + step * level, xs[k + 1], top + step * (level + down)),
                    [Word(b.text, b.x0, b.top, b.x1, b.bottom)],
                )
            )  # fmt: skip
            j = k + 1
    if header.index_row:
        low = max(w.bottom for w in header.index_row)
        for w in header.index_row:
            j = min(range(n), key=lambda j: abs(header.middles[j] - (w.x0 + w.x1) / 2))
            cells.append(GridCell(depth, j, 1, 1, (xs[j], bottom, xs[j + 1], low), [w]))
        depth += 1
    return cells, depth


def _edges(header: TextHeader, pieces: list[_Piece]) -> list[float]:
    n = len(header.leaves)
    left = [b.x0 for b in header.leaves]
    right = [b.x1 for b in header.leaves]
    for p in pieces:
        if p.spread:
            continue
        left[p.column] = min(left[p.column], p.word.x0)
        right[p.column] = max(right[p.column], p.word.x1)
    xs = [left[0] - 2]
    xs += [(right[j] + left[j + 1]) / 2 for j in range(n - 1)]
    xs.append(right[-1] + 2)
    return xs


def _rows(
    form: Form, pieces: list[_Piece], page: Page, known: frozenset[str]
) -> list[list[_Piece]]:
    """Words grouped into rows: by drawn rules where they part the rows, else by spacing.

    ``known`` are the form's labels where they are fixed: they tell what spacing leaves open.
    """
    if not pieces:
        return []
    size = sorted(p.word.size for p in pieces)[len(pieces) // 2] or 9.0
    bands = _bands(form, pieces, page, size)
    if bands is not None:
        return bands
    limit = WRAP_PITCH * size
    nearest = 1e9
    by_column: dict[int, list[_Piece]] = {}
    for p in pieces:
        by_column.setdefault(p.column, []).append(p)
    codes: dict[int, list[list[_Piece]]] = {}
    for j, column in by_column.items():
        column.sort(key=lambda p: p.word.top + p.word.bottom)
        kind = form.columns[j].kind
        if kind == "code":
            codes[j] = _codes(_on_lines(column, size), size, form.totals)
        if kind != "label":
            tops = [block[0] for block in codes[j]] if kind == "code" else column
            for a, b in pairwise(tops):
                pitch = _middle(b) - _middle(a)
                if pitch > 0.5 * size:
                    nearest = min(nearest, pitch)
    # rows that stand far apart leave room for wide leading, dense ones for none
    limit = 1.75 * size if 2.3 * size <= nearest < 1e9 else min(limit, 0.92 * nearest)
    blocks: list[list[_Piece]] = []
    for j, column in by_column.items():
        if form.columns[j].kind != "label":
            blocks += codes.get(j) or _on_lines(column, size)
    figures = list(blocks)
    anchors = [_Anchor.of(form, row) for row in _merged(figures)] if not known else []
    for j, column in by_column.items():
        if form.columns[j].kind != "label":
            continue
        lines = _on_lines(column, size)
        labels: list[list[_Piece]] = []
        for line in lines:
            if labels and _one_label(labels[-1], line[0], limit, size, known):
                labels[-1] = [*labels[-1], *line]
            else:
                labels.append(line)
        if anchors and len(_merged([*figures, *labels])) > len(anchors):
            # a row without any figure or code: half a label, perhaps
            labels = _labels_at(lines, anchors, size, nearest) or labels
        blocks += labels
    return _merged(blocks)


def _merged(blocks: list[list[_Piece]]) -> list[list[_Piece]]:
    """Blocks of all columns as rows, from top to bottom: those at one height are one row."""
    rows: list[list[_Piece]] = []
    reach: list[tuple[float, float]] = []
    for block in sorted(blocks, key=_block_top):
        top, bottom = _block_top(block), max(p.word.bottom for p in block)
        for k in range(len(rows) - 1, max(-1, len(rows) - 4), -1):
            lo, hi = reach[k]
            if min(hi, bottom) - max(lo, top) > 0.4 * min(hi - lo, bottom - top):
                rows[k].extend(block)
                reach[k] = (min(lo, top), max(hi, bottom))
                break
        else:
            rows.append(list(block))
            reach.append((top, bottom))
    order = sorted(range(len(rows)), key=lambda k: sum(reach[k]))
    return [rows[k] for k in order]


@dataclass(slots=True, frozen=True)
class _Anchor:
    """Where the figures of a row stand, or the first, middle and last line of its code."""

    first: float
    middle: float
    last: float

    @classmethod
    def of(cls, form: Form, row: list[_Piece]) -> _Anchor:
        at = [_middle(p) for p in row if form.columns[p.column].kind == "amount"]
        if at:
            here = sum(at) / len(at)
            return cls(here, here, here)
        at = [_middle(p) for p in row]
        return cls(min(at), (min(at) + max(at)) / 2, max(at))


_OFF = 0.35
"""A label stands at its row's figures when it is off by less than this share of the size."""
_TALLEST = 16.0
"""No label is taller than this many sizes above or below its row's figures."""
_SAME_CELL = 1.9
"""Lines of one cell are never farther apart than this many sizes."""


def _labels_at(
    lines: list[list[_Piece]], anchors: list[_Anchor], size: float, nearest: float
) -> list[list[_Piece]] | None:
    """A column's lines as labels, each at the figures of its row; None where they leave doubt.

    Where rows stand as near to each other as the lines of one label, only the figures tell: they
    stand at the label's middle, or at its first or its last line, in all rows alike. Lines above
    all rows are the end of a label that the page end cuts.
    """
    if len(anchors) < _ENOUGH_ROWS:
        return None
    at = [_middle(line[0]) for line in lines]
    best: tuple[float, list[int]] | None = None
    for setting in ("middle", "first", "last"):
        found = _labels_set(at, anchors, size, setting, nearest)
        if found is not None and (best is None or found[0] < best[0] - 0.01 * size):
            best = found
    if best is None:
        return None
    out: list[list[_Piece]] = []
    i = 0
    for n in best[1]:
        if n:
            out.append([p for line in lines[i : i + n] for p in line])
        i += n
    return out


_ENOUGH_ROWS = 5
"""Fewer rows may fit another setting by chance."""


def _labels_set(
    at: list[float], anchors: list[_Anchor], size: float, setting: str, nearest: float
) -> tuple[float, list[int]] | None:
    """How many lines belong to each anchor (those above all first), and how ill they fit."""
    most = _SAME_CELL * size
    if setting != "middle":
        most = min(most, 0.97 * nearest)  # a row of its own might follow, without a figure
    pitches = [b - a for a, b in pairwise(at)]
    usual = min(pitches, default=0.0)
    # cost and choice for the first k anchors holding the first i lines
    above = [i for i in range(4) if i <= len(at) and all(p <= most for p in pitches[: i - 1])]
    costs: list[dict[int, tuple[float, int]]] = [{i: (0.1 * size * i, i) for i in above}]
    for anchor in anchors:
        now: dict[int, tuple[float, int]] = {}
        for i, (cost, _) in costs[-1].items():
            if i < len(at) and at[i] < anchor.first - _TALLEST * size:
                continue  # its row is past
            if i not in now or cost + _OFF * size < now[i][0]:
                now[i] = (cost + _OFF * size, 0)
            wide = 0.0  # lines of one label stand as near to each other as any
            for n in range(1, len(at) - i + 1):
                here = at[i + n - 1]
                if here > anchor.last + _TALLEST * size:
                    break
                if n > 1:
                    if pitches[i + n - 2] > most:
                        break
                    wide += pitches[i + n - 2] - usual
                if setting == "middle":
                    off = abs((at[i] + here) / 2 - anchor.middle)
                elif setting == "first":
                    off = abs(at[i] - anchor.first)
                else:
                    off = abs(here - anchor.last)
                if off < _OFF * size and cost + off + wide < now.get(i + n, (1e9, 0))[0]:
                    now[i + n] = (cost + off + wide, n)
        costs.append(now)
    if len(at) not in costs[-1]:
        return None
    counts: list[int] = []
    i = len(at)
    for k in range(len(anchors), -1, -1):
        n = costs[k][i][1]
        counts.append(n)
        i -= n
    return costs[-1][len(at)][0], counts[::-1]


def rows_without_rules(
    form: Form,
    by_column: Sequence[Sequence[GridCell]],
    edges: Sequence[float],
    page: Page,
    known: frozenset[str],
) -> list[list[list[GridCell]]] | None:
    """A grid's row that holds several rows of the form, no rule between them: those rows.

    Columns are ruled, so each word's column is known; the rows come from the lines' spacing.
    None where the cells hold one row: wherever no column shows two whole figures, codes or
    labels of the form one above the other.
    """
    words = [w for cells in by_column for cell in cells for w in cell.words]
    # where one row's border is missing (a merged 合计), the cell spans two columns in all rows
    columns = [
        max(0, min(bisect_right(edges, (w.x0 + w.x1) / 2), len(by_column)) - 1) for w in words
    ]
    if len(set(columns)) == len(columns):
        return None  # no column holds two texts
    pieces = list(map(_Piece, columns, words))
    if not any(_stacked(form, j, pieces, known) for j in range(len(form.columns))):
        return None
    rows = _rows(form, pieces, page, known)
    if len(rows) < 2:
        return None
    _merged_totals(form, [(a + b) / 2 for a, b in pairwise(edges)], rows, edges)
    tops = [min(p.word.top for p in row) for row in rows]
    bottoms = [max(p.word.bottom for p in row) for row in rows]
    first = min(c.bbox[1] for cells in by_column for c in cells)
    last = max(c.bbox[3] for cells in by_column for c in cells)
    out: list[list[list[GridCell]]] = []
    for k, row in enumerate(rows):
        y0 = first if k == 0 else (bottoms[k - 1] + tops[k]) / 2
        y1 = last if k + 1 == len(rows) else (bottoms[k] + tops[k + 1]) / 2
        out.append(
            [
                [
                    GridCell(k, j, 1, 1, (a, min(y0, y1), b, max(y0, y1)),
                             _in_order([p.word for p in row if p.column == j]))
                ]
                for j, (a, b) in enumerate(pairwise(edges))
            ]
        )  # fmt: skip
    return out


_WHOLE_FIGURE = re.compile(r"-?[\d,]+\.\d{2}")


def _stacked(form: Form, j: int, pieces: list[_Piece], known: frozenset[str]) -> bool:
    """Do two whole texts of this column stand one above the other?"""
    kind = form.columns[j].kind
    mine = sorted((p for p in pieces if p.column == j), key=_middle)
    if kind == "label":
        lines = [key(w.text) for w in _in_order([p.word for p in mine])] if known else []
        return (
            len(lines) > 1 and "".join(lines) not in known and any(text in known for text in lines)
        )
    if kind == "code":
        if len(mine) < 2 or _heights(p for p in pieces if _whole_figure(form, p)) == 1:
            return False  # a row has a figure of its own: 208 above 020 is one code, cut
        size = mine[0].word.size
        codes = _codes(_on_lines(mine, size), size, form.totals)
        return sum(_is_code(key("".join(p.word.text for p in code))) for code in codes) > 1
    return _heights(p for p in mine if _whole_figure(form, p)) > 1


def _whole_figure(form: Form, p: _Piece) -> bool:
    text = key(p.word.text)
    return form.columns[p.column].kind == "amount" and (
        bool(_WHOLE_FIGURE.fullmatch(text)) or is_blank_mark(text)
    )


def _heights(pieces: Iterable[_Piece]) -> int:
    """On how many lines do these words stand?"""
    n, last = 0, -1e9
    for p in sorted(pieces, key=_middle):
        if _middle(p) - last > 0.7 * p.word.size:
            n += 1
        last = _middle(p)
    return n


def _middle(p: _Piece) -> float:
    return (p.word.top + p.word.bottom) / 2


def _block_top(block: list[_Piece]) -> float:
    return min(p.word.top for p in block)


_CODE_LENGTHS = (3, 5, 7)  # 类 款 项 of a function code


def _is_code(text: str) -> bool:
    return text.isdecimal() and len(text) in _CODE_LENGTHS and text[0] != "0"


def _on_lines(column: list[_Piece], size: float) -> list[list[_Piece]]:
    """A column's words, sorted by height, line by line."""
    out: list[list[_Piece]] = []
    for p in column:
        if out and _middle(p) - _middle(out[-1][-1]) < 0.5 * size:
            out[-1].append(p)
        else:
            out.append([p])
    return out


def goes_on_code(lines: Sequence[TextLine], line: TextLine) -> bool:
    """Does a line of digits go on with a code that a narrow column wraps (2101 above 02)?

    Page numbers look the same and stand at the same height, but never right below other digits.
    """
    if len(line.words) != 1 or not key(line.words[0].text).isdecimal():
        return False
    word = line.words[0]
    above = [
        w
        for x in lines
        for w in x.words
        if w.x0 < word.x1 and word.x0 < w.x1 and w.top < word.top and key(w.text).isdecimal()
    ]
    if not above:
        return False
    last = max(above, key=lambda w: w.top)
    # no whole code need come together: its end may stand on the next page
    return (word.top + word.bottom - last.top - last.bottom) / 2 <= WRAP_PITCH * word.size and len(
        key(last.text) + key(word.text)
    ) <= max(_CODE_LENGTHS)


_NO_CODE = 10.0
"""Cost of a line that is no code by itself."""
_CUT_CODE = 5.0
"""The same at a column's end or beginning, where the page end may cut a code."""


def _codes(lines: list[list[_Piece]], size: float, totals: frozenset[str]) -> list[list[_Piece]]:
    """The lines of a code column as codes: a column too narrow for a code wraps it.

    Every line of a wrapped code but its last is as full as the column allows, and they stand as
    near to each other as lines of one text do: 20, 80, 20, 1 is one code; 208 and 20805 are two.
    The parting that leaves the fewest lines which are no codes wins.
    """
    texts = [key("".join(p.word.text for p in sorted(x, key=lambda p: p.word.x0))) for x in lines]
    if all(_is_code(t) or t in totals for t in texts):
        return lines
    middles = [_middle(line[0]) for line in lines]
    pitches = [b - a for a, b in pairwise(middles)]
    nearest = min(pitches, default=0.0)
    n = len(lines)
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, n + 1):
        options = []
        for first in range(max(0, end - max(_CODE_LENGTHS)), end):
            inner = pitches[first : end - 1]
            if any(p > _SAME_CELL * size for p in inner):
                continue
            cost = _code_cost(texts[first:end], totals, at_edge=first == 0 or end == n)
            if cost is not None:
                # what is no code is told by what it says, not by its lines' distance
                digits = texts[first].isdecimal()
                apart = sum(p - nearest for p in inner) / size if digits else 0.0
                options.append((best[first][0] + cost + 4 * apart, first))
        best.append(min(options))
    out: list[list[_Piece]] = []
    end = n
    while end:
        first = best[end][1]
        out.append([p for line in lines[first:end] for p in line])
        end = first
    return out[::-1]


def _code_cost(texts: list[str], totals: frozenset[str], *, at_edge: bool) -> float | None:
    """How unlikely it is that these lines are one code; None where they cannot be."""
    whole = "".join(texts)
    if not whole.isdecimal():
        if len(texts) == 1:
            return 0.5
        return 0.0 if whole in totals else None
    is_code = _is_code(whole)
    if len(texts) == 1:
        if is_code or len(whole) > max(_CODE_LENGTHS):
            return 0.0
        return _CUT_CODE if at_edge else _NO_CODE
    *upper, last = (len(t) for t in texts)
    if last > min(upper) or max(upper) - min(upper) > 1:
        return None
    uneven = float(sum(u != upper[0] for u in upper))
    if is_code:
        return uneven
    return _CUT_CODE / 2 + uneven if at_edge and len(whole) < max(_CODE_LENGTHS) else None


def _one_label(
    last: list[_Piece], p: _Piece, limit: float, size: float, known: frozenset[str]
) -> bool:
    """Does a label's text go on in this word of the line below?"""
    pitch = _middle(p) - _middle(last[-1])
    before, here = key("".join(q.word.text for q in last)), key(p.word.text)
    if before in known:
        return False
    if pitch <= 3 * size and before + here in known:
        return True
    return pitch <= limit and here not in known


def _bands(form: Form, pieces: list[_Piece], page: Page, size: float) -> list[list[_Piece]] | None:
    """Rows between the drawn rules, where a rule parts every two rows; else None."""
    left = min(p.word.x0 for p in pieces)
    right = max(p.word.x1 for p in pieces)
    low = min(p.word.top for p in pieces)
    high = max(p.word.bottom for p in pieces)
    ys = sorted(
        y
        for y, a, b in page.rules
        if low < y < high and min(b, right) - max(a, left) > 0.9 * (right - left)
    )
    if len(ys) < 2:
        return None
    rows: list[list[_Piece]] = [[] for _ in range(len(ys) + 1)]
    for p in pieces:
        rows[sum(y < _middle(p) for y in ys)].append(p)
    rows = [r for r in rows if r]
    for row in rows:
        for j, column in enumerate(form.columns):
            if column.kind == "label":
                continue
            mine = [p for p in row if p.column == j]
            at = [_middle(p) for p in mine]
            if not at or max(at) - min(at) <= 3:
                continue
            if column.kind == "code":
                mine.sort(key=lambda p: p.word.top + p.word.bottom)
                if len(_codes(_on_lines(mine, size), size, form.totals)) == 1:
                    continue
            return None
    return rows

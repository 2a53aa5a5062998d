"""Glyphs → words → lines. Pure geometry on what the engine sees.

Glyphs come in strips. A line whose strips stand clear of each other is the same whether one looks
at its strips or at its glyphs; any other is taken apart first.
"""

from __future__ import annotations

from itertools import pairwise
from operator import attrgetter

from parsers.page import Strip, TextLine, Word

_middle = attrgetter("middle")
_x0 = attrgetter("x0")

DOUBLE = 0.35
"""The same glyph drawn again this near (share of its width) is fake bold."""
SAME_HEIGHT = 0.3
"""Glyphs whose middles differ less than this share of their size are on one line."""
WORD_GAP = 0.28
"""A gap wider than this share of the glyph's size parts two words."""


def glyph_lines(strips: list[Strip]) -> list[list[Strip]]:
    """Glyphs grouped by line, top to bottom, each line from left to right.

    A small glyph (superscript, ①) belongs to the line whose height holds its middle.
    """
    if len(strips) < 2:
        return [strips] if strips else []
    ordered = sorted(strips, key=_middle)
    first = ordered[0]
    if ordered[-1].middle - first.middle <= SAME_HEIGHT * first.size:
        return [_from_left(ordered)]
    lines: list[list[Strip]] = []
    middle = size = 0.0  # of the last line's biggest glyph
    before: tuple[float, float] = (-1e9, 0.0)
    for g in ordered:
        if lines and _same_line(g, middle, size):
            lines[-1].append(g)
            if g.size > size:
                middle, size = g.middle, g.size
        elif len(lines) > 1 and _same_line(g, *before):
            lines[-2].append(g)
        else:
            if lines:
                before = (middle, size)
            lines.append([g])
            middle, size = g.middle, g.size
    return [_from_left(line) for line in lines]


def is_one_line(strips: list[Strip]) -> bool:
    """Are the strips the one line that ``glyph_lines`` finds, in its order, nothing doubled?"""
    if len(strips) == 1:
        return True
    first = strips[0]
    lowest = middle = first.middle
    size, last = first.size, first.last
    for b in strips[1:]:
        step = b.x0 - last
        if step <= 0 or step < DOUBLE * (b.first - b.x0):
            return False
        last = b.last
        if b.middle > lowest:
            lowest = b.middle
        elif b.middle < middle:
            middle, size = b.middle, b.size
    return lowest - middle <= SAME_HEIGHT * size


def _from_left(line: list[Strip]) -> list[Strip]:
    """A line's strips from left to right; its glyphs, where strips stand in each other."""
    if len(line) == 1:
        return line
    ordered = sorted(line, key=_x0)
    if _stand_clear(ordered):
        return ordered
    return sorted((g for strip in line for g in strip.glyphs()), key=_x0)


def _stand_clear(line: list[Strip]) -> bool:
    """Does each strip begin behind the last glyph of the one before, and double no glyph of it?"""
    for a, b in pairwise(line):
        step = b.x0 - a.last
        if step <= 0 or step < DOUBLE * (b.first - b.x0):
            return False
    return True


def _same_line(g: Strip, middle: float, size: float) -> bool:
    small, big = (g.size, size) if g.size < size else (size, g.size)
    reach = 0.45 * big if small < 0.8 * big else 0.36 * small
    return abs(g.middle - middle) <= reach


def without_doubles(line: list[Strip]) -> tuple[list[Strip], list[Strip]]:
    """A line sorted by x0, parted into its glyphs and the doubles of fake bold."""
    if _stand_clear(line):
        return line, []
    kept: list[Strip] = []
    doubles: list[Strip] = []
    for g in line:
        for k in kept[-1:-4:-1]:
            if (
                k.text == g.text
                and g.x0 - k.x0 < DOUBLE * (g.x1 - g.x0)
                and (abs(k.middle - g.middle) < 0.35 * g.size)
            ):
                doubles.append(g)
                break
        else:
            kept.append(g)
    return kept, doubles


def line_words(line: list[Strip]) -> list[Word]:
    """Words of one line: a run ends where the gap is wider than a blank."""
    if len(line) == 1:
        return [_word(line)]
    words: list[Word] = []
    run: list[Strip] = []
    before: Strip | None = None
    for g in line:
        if before is not None:
            gap = g.x0 - before.x1
            if gap > WORD_GAP * g.size or gap > WORD_GAP * before.size:
                words.append(_word(run))
                run = []
        run.append(g)
        before = g
    if run:
        words.append(_word(run))
    return words


def _word(run: list[Strip]) -> Word:
    if len(run) == 1:
        (g,) = run
        return Word(g.text, g.x0, g.top, g.x1, g.bottom, g.size)
    return Word(
        "".join([g.text for g in run]),
        run[0].x0,
        min([g.top for g in run]),
        max([g.x1 for g in run]),
        max([g.bottom for g in run]),
        max([g.size for g in run]),
    )


def text_lines(glyphs: list[Strip], page: int) -> list[TextLine]:
    """Lines of a page, top to bottom."""
    return word_lines([line_words(line) for line in glyph_lines(glyphs)], page)


def word_lines(lines: list[list[Word]], page: int) -> list[TextLine]:
    """Lines of words as ``TextLine``; words parted over near lines are mended."""
    mend_lines(lines)
    return [TextLine(page, line) for line in lines if line]


def mend_lines(lines: list[list[Word]]) -> None:
    """Put a word together again whose glyphs fell into two lines near to each other."""
    for k in range(len(lines) - 1):
        upper, lower = lines[k], lines[k + 1]
        if upper and lower and _middle_of(lower[0]) - _middle_of(upper[-1]) < 0.7 * lower[0].size:
            _mend(upper, lower)


def rejoined(line: list[Word]) -> list[Word]:
    """A line's words from left to right, those without a gap between them as one."""
    out: list[Word] = []
    for w in line:
        a = out[-1] if out else None
        if (
            a is not None
            and -0.2 * a.size <= w.x0 - a.x1 <= WORD_GAP * min(a.size, w.size)
            and abs(_middle_of(w) - _middle_of(a)) <= SAME_HEIGHT * min(a.size, w.size)
        ):
            out[-1] = Word(
                a.text + w.text,
                a.x0,
                min(a.top, w.top),
                max(a.x1, w.x1),
                max(a.bottom, w.bottom),
                max(a.size, w.size),
            )
        else:
            out.append(w)
    return out


def _middle_of(word: Word) -> float:
    return (word.top + word.bottom) / 2


def _mend(upper: list[Word], lower: list[Word]) -> None:
    """Move pieces of a word to the line of its longer piece."""
    for above in list(upper):
        a = above
        for b in list(lower):
            if abs(_middle_of(a) - _middle_of(b)) > 0.2 * min(a.size, b.size):
                continue
            first, second = (a, b) if a.x0 <= b.x0 else (b, a)
            gap = second.x0 - first.x1
            if not -0.2 * a.size <= gap <= WORD_GAP * min(a.size, b.size):
                continue
            whole = Word(
                first.text + second.text,
                first.x0,
                min(a.top, b.top),
                second.x1,
                max(a.bottom, b.bottom),
                max(a.size, b.size),
            )
            keep, piece, line, other = (
                (a, b, upper, lower) if len(a.text) >= len(b.text) else (b, a, lower, upper)
            )
            line[line.index(keep)] = whole
            other.remove(piece)
            if keep is a:
                a = whole
            else:
                break

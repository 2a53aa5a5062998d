"""Glyphs → words → lines. Pure geometry on what the engine sees."""

from __future__ import annotations

from operator import attrgetter

from parsers.page import Glyph, TextLine, Word

_middle = attrgetter("middle")
_x0 = attrgetter("x0")

WORD_GAP = 0.28
"""A gap wider than this share of the glyph's size parts two words."""


def glyph_lines(glyphs: list[Glyph]) -> list[list[Glyph]]:
    """Glyphs grouped by line, top to bottom, each from left to right, without doubles.

    A small glyph (superscript, ①) belongs to the line whose height holds its middle.
    """
    if not glyphs:
        return []
    ordered = sorted(glyphs, key=_middle)
    first = ordered[0]
    if ordered[-1].middle - first.middle <= 0.3 * first.size:
        return [sorted(ordered, key=_x0)]
    lines: list[list[Glyph]] = []
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
    for line in lines:
        line.sort(key=_x0)
    return lines


def _same_line(g: Glyph, middle: float, size: float) -> bool:
    small, big = (g.size, size) if g.size < size else (size, g.size)
    reach = 0.45 * big if small < 0.8 * big else 0.36 * small
    return abs(g.middle - middle) <= reach


def without_doubles(line: list[Glyph]) -> tuple[list[Glyph], list[Glyph]]:
    """A line sorted by x0, parted into its glyphs and the doubles of fake bold."""
    kept: list[Glyph] = []
    doubles: list[Glyph] = []
    for g in line:
        for k in kept[-1:-4:-1]:
            if (
                k.text == g.text
                and g.x0 - k.x0 < 0.35 * (g.x1 - g.x0)
                and (abs(k.middle - g.middle) < 0.35 * g.size)
            ):
                doubles.append(g)
                break
        else:
            kept.append(g)
    return kept, doubles


def line_words(line: list[Glyph]) -> list[Word]:
    """Words of one line: a run ends where the gap is wider than a blank."""
    words: list[Word] = []
    run: list[Glyph] = []
    for g in line:
        if run and g.x0 - run[-1].x1 > WORD_GAP * min(g.size, run[-1].size):
            words.append(_word(run))
            run = []
        run.append(g)
    if run:
        words.append(_word(run))
    return words


def _word(run: list[Glyph]) -> Word:
    return Word(
        "".join(g.text for g in run),
        run[0].x0,
        min(g.top for g in run),
        max(g.x1 for g in run),
        max(g.bottom for g in run),
        max(g.size for g in run),
    )


def text_lines(glyphs: list[Glyph], page: int) -> list[TextLine]:
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

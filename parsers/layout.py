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
    lines: list[list[Glyph]] = []
    reach: list[tuple[float, float, float]] = []
    for g in sorted(glyphs, key=_middle):
        for k in range(len(lines) - 1, max(-1, len(lines) - 3), -1):
            middle, size, _ = reach[k]
            if abs(g.middle - middle) <= 0.5 * max(g.size, size) * 0.9 and (
                abs(g.middle - middle) <= 0.42 * min(g.size, size)
                or min(g.size, size) < 0.8 * max(g.size, size)
            ):
                lines[k].append(g)
                if g.size > size:
                    reach[k] = (g.middle, g.size, 0.0)
                break
        else:
            lines.append([g])
            reach.append((g.middle, g.size, 0.0))
    for line in lines:
        line.sort(key=_x0)
    return lines


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
        run[0].bold,
    )


def text_lines(glyphs: list[Glyph], page: int) -> list[TextLine]:
    return [TextLine(page, line_words(line)) for line in glyph_lines(glyphs)]

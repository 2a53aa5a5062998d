"""Watermarks set level with the text: found by what repeats at one place and lies over text.

Tilted ones are known by their angle while a page is read. A level one looks like any other
text on one page; over several pages the same glyphs at the same places, printed across what
else stands there (or big and faint), give it away. Running heads and repeated table headers
repeat too, but nothing else is ever printed over them.
"""

from __future__ import annotations

from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import islice
from operator import attrgetter

from parsers.page import Page, Removed, Strip

MIN_PAGES = 3
MIN_SHARE = 0.6
"""A watermark is on at least this share of the pages of one size."""
BIG = 1.35
"""A watermark that is only faint must be this much bigger than the text."""
OVERLAP = 0.25
"""Share of the smaller glyph's box that two glyphs set apart never share."""

_top = attrgetter("top")
Style = tuple[int, bool]
Place = tuple[str, int, int, int]


def take_out_level_watermarks(
    read: Sequence[tuple[Page, list[Strip]]], faint: Sequence[set[int]]
) -> None:
    """Take such glyphs out of the lists, with a note in ``Page.removed``."""
    if sum(1 for _, glyphs in read if glyphs) < MIN_PAGES:
        return
    sheets = Counter((round(page.width), round(page.height)) for page, glyphs in read if glyphs)
    least = max(MIN_PAGES, MIN_SHARE * max(sheets.values()))
    firsts: list[list[Strip]] = []
    for _, glyphs in read:
        first: dict[int, Strip] = {}
        for g in glyphs:
            if g.source not in first:
                first[g.source] = g
        firsts.append(list(first.values()))
    repeated = _repeated(firsts, least)
    size = _usual_size(read)
    again = _repeated_texts(read, faint, size)
    if not repeated and not any(again):
        return
    # sources at repeated places, by page and style
    found: list[dict[Style, set[int]]] = []
    for begins, pale, texts in zip(firsts, faint, again, strict=True):
        by_style: dict[Style, set[int]] = defaultdict(set)
        for g in begins:
            if g.source in texts or _place(g) in repeated:
                by_style[_style(g, g.source in pale)].add(g.source)
        found.append(by_style)
    # faint ones first: what they lie over is then printed over nothing any more
    styles = {s for by_style in found for s in by_style}
    for style in sorted(styles, key=lambda s: (not s[1], s[0])):
        big_and_faint = style[1] and style[0] / 2 >= BIG * size
        hits = 0
        if not big_and_faint:
            for (_, glyphs), by_style in zip(read, found, strict=True):
                if style in by_style and _collides(glyphs, by_style[style]):
                    hits += 1
                    if hits >= 2:
                        break
        if not big_and_faint and hits < 2:
            continue
        for (page, glyphs), by_style in zip(read, found, strict=True):
            sources = by_style.get(style)
            if sources and (big_and_faint or _all_repeat(style, sources, glyphs)):
                _take(page, glyphs, sources)


def _repeated_texts(
    read: Sequence[tuple[Page, list[Strip]]], faint: Sequence[set[int]], size: float
) -> list[set[int]]:
    """Faint text objects of each page whose text, or one that it is left of, is in the document
    three times or more: where coloured cells cover a part, its place tells nothing.

    What is no bigger than the document's text must also be printed over other text, twice.
    """
    texts: list[dict[int, str]] = []
    small: set[str] = set()
    for (_, glyphs), pale in zip(read, faint, strict=True):
        here: dict[int, str] = {}
        if pale:
            for g in glyphs:
                if g.source in pale:
                    here[g.source] = here.get(g.source, "") + g.text
            small |= {here[g.source] for g in glyphs if g.source in here and g.size < BIG * size}
        texts.append(here)
    counts = Counter(t for here in texts for t in here.values() if len(t) > 1)
    common = {t for t, n in counts.items() if n >= MIN_PAGES}
    for text in sorted(common & small):
        over = (
            _collides(glyphs, {source})
            for (_, glyphs), here in zip(read, texts, strict=True)
            for source, t in here.items()
            if t == text
        )
        if sum(1 for _ in islice(filter(None, over), 2)) < 2:
            common.discard(text)
    return [
        {s for s, t in here.items() if any(_is_left_of(t, c) for c in common)} for here in texts
    ]


def _is_left_of(text: str, whole: str) -> bool:
    """Are these the characters left of the whole, some of them covered?"""
    rest = iter(whole)
    return all(ch in rest for ch in text)


def _repeated(firsts: Sequence[Sequence[Strip]], least: float) -> set[Place]:
    """Places that at least so many pages share, known by the first glyph of each text."""
    seen: Counter[Place] = Counter()
    signs: set[str] | None = None
    for left, first in zip(range(len(firsts), 0, -1), firsts, strict=True):
        if left < least:
            # what was not seen yet, or too seldom, cannot be on enough pages any more
            seen = Counter({place: n for place, n in seen.items() if n + left >= least})
            signs = {place[0] for place in seen}
            seen.update({
                place
                for g in first
                if g.text[0] in signs and (place := _place(g)) in seen
            })  # fmt: skip
        else:
            seen.update({_place(g) for g in first})
    return {place for place, n in seen.items() if n >= least}


def _place(g: Strip) -> Place:
    return (g.text[0], round(g.x0 / 2), round(g.middle / 2), round(g.size * 2))


def _style(g: Strip, pale: bool) -> Style:
    return (round(g.size * 2), pale)


def _usual_size(read: Sequence[tuple[Page, list[Strip]]]) -> float:
    exact: dict[float, int] = {}
    for _, glyphs in read:
        for g in glyphs:
            exact[g.size] = exact.get(g.size, 0) + len(g.text)
    sizes: Counter[float] = Counter()
    for size, n in exact.items():
        sizes[round(size * 2) / 2] += n
    return sizes.most_common(1)[0][0] if sizes else 10.0


def _collides(glyphs: list[Strip], sources: set[int]) -> bool:
    """Does another text's glyph share room with one of these?"""
    mine = [g for g in glyphs if g.source in sources]
    others = sorted((g for g in glyphs if g.source not in sources), key=_top)
    tops = [o.top for o in others]
    tallest = max((o.bottom - o.top for o in others), default=0.0) + 1
    for m in mine:
        for o in others[bisect(tops, m.top - tallest) : bisect(tops, m.bottom)]:
            if o.x1 <= m.x0 or o.x0 >= m.x1 or o.bottom <= m.top or o.top >= m.bottom:
                continue
            if abs(o.middle - m.middle) < 0.12 * m.size and o.size < 1.25 * m.size < 1.6 * o.size:
                continue  # neighbours in one line, or fake bold
            if any(_shares_room(p, q) for p in o.glyphs() for q in m.glyphs()):
                return True
    return False


def _shares_room(a: Strip, b: Strip) -> bool:
    """Do two glyphs lie on each other? Ink boxes are smaller than the font's: in their middles."""
    width = min(a.x1, b.x1) - max(a.x0, b.x0)
    height = min(a.bottom, b.bottom) - max(a.top, b.top)
    smaller = min((a.x1 - a.x0) * (a.bottom - a.top), (b.x1 - b.x0) * (b.bottom - b.top))
    return width > 0 and height > 0 and width * height > OVERLAP * smaller


def _all_repeat(style: Style, sources: set[int], glyphs: list[Strip]) -> bool:
    """Nothing of a style that prints the page's own text is taken: most of it must repeat."""
    total = len({g.source for g in glyphs if round(g.size * 2) == style[0]})
    return len(sources) * 2 > total or style[1]


def _take(page: Page, glyphs: list[Strip], sources: set[int]) -> None:
    taken: dict[int, list[Strip]] = defaultdict(list)
    for g in glyphs:
        if g.source in sources:
            taken[g.source].append(g)
    glyphs[:] = [g for g in glyphs if g.source not in sources]
    for parts in taken.values():
        page.removed.append(
            Removed(
                "watermark",
                "".join(g.text for g in parts),
                (min(g.x0 for g in parts), min(g.top for g in parts),
                 max(g.x1 for g in parts), max(g.bottom for g in parts)),
            )
        )  # fmt: skip

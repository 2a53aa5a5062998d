"""Headers of recognised forms (表头), matched to what a form's header can say.

A grid on a scanned page whose title names a form is that form's only where every column stands
under the form's own header. One worn character would lose the whole form, so a header text that
was not read plainly, or differs only in characters that print alike, counts as the text of this
form's header that it is nearest to, where it is clearly nearer to no other. Other texts that were
read plainly, and any that stand somewhere in this form's header, stay: columns in another order
or of another form are never taken for these. Years are never changed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from parsers.forms import Form, fits, key
from parsers.page import Grid, GridCell, Word
from parsers.scanlabels import distance

_ROWS = 4
"""No form's header is higher."""
_PLAIN = 0.95
"""In a header text read this surely only dirt beside it and characters that print alike change."""
_NEAR, _LEAST_NEAR = 0.34, 1.0
"""Distance up to which a text may be that of a header: share of its length, and at least."""
_ONLY_ALIKE = 0.75
"""Less than one character's change: two that print alike."""
_UNSURE, _NEAR_LABEL = 0.75, 0.6
"""Below this confidence the header of a column of codes or names may be farther away: which
column it is shows in the others, and no amount stands under it."""
_APART = 0.5
"""The next likely text must be this much farther away."""
_DIRT = "一-—.,、·'`’^．:：;；_|"
"""What specks and scraps of a watermark beside print read as."""
_DIGIT = re.compile(r"\d")


def mended(form: Form, grid: Grid) -> Grid:
    """The grid with the unsure texts of its first rows as this form's header says them; only good
    for looking whether it has the form's header: its rows are not to be read."""
    cells = [_mended(form, x) if x.row < _ROWS and x.words else x for x in grid.cells]
    return replace(grid, cells=cells, _rows=None)


def _mended(form: Form, cell: GridCell) -> GridCell:
    text = key(cell.text)
    seen = [w.seen for w in cell.words if w.seen is not None]
    sources = sources_of(form)
    if len(seen) < len(cell.words) or any(fits(s, text) for s in sources):
        return cell
    bare = text.strip(_DIRT)
    if not any(fits(s, bare) for s in sources):
        found = nearest(bare, sources, min(s.confidence for s in seen))
        if found is None:
            return cell
        bare = found
    first = cell.words[0]
    word = Word(bare, first.x0, first.top, first.x1, first.bottom, first.size, first.seen)
    return replace(cell, words=[word])


def nearest(text: str, sources: Mapping[str, bool], confidence: float) -> str | None:
    """What one of the patterns says that this text, read so surely, is nearest to; None where
    none is near, or another pattern is nearly as near."""
    folded = _DIGIT.sub("#", text)
    ranked = sorted(
        min((distance(folded, said), said, source) for said in texts)
        for source in sources
        if (texts := spellings(source))
    )
    if not ranked:
        return None
    least, said, source = ranked[0]
    if confidence >= _PLAIN:
        most = _ONLY_ALIKE
    elif confidence < _UNSURE and sources[source]:
        most = _NEAR_LABEL * len(said)
    else:
        most = max(_LEAST_NEAR, _NEAR * len(said))
    if least > most or least >= len(said):
        return None
    if any(away - least < _APART and said not in spellings(other) for away, _, other in ranked[1:]):
        return None
    digits = _DIGIT.findall(text)
    if said.count("#") != len(digits):
        return None
    out = said
    for digit in digits:
        out = out.replace("#", digit, 1)
    return out if fits(source, out) else None


@cache
def sources_of(form: Form) -> dict[str, bool]:
    """The patterns of a form's header; true for those that stand over no amounts."""
    out: dict[str, bool] = {}
    for column in form.columns:
        for level in column.path:
            out[level.source] = out.get(level.source, True) and column.kind != "amount"
    return out


@cache
def spellings(source: str) -> frozenset[str]:
    """All texts that a pattern of a header matches, ``#`` for each digit; none where the pattern
    is more than characters, ``\\d``, groups, alternatives and ``?``."""
    try:
        texts, at = _alternatives(source, 0)
    except _NotPlainError:
        return frozenset()
    if at < len(source):
        return frozenset()
    return frozenset(_DIGIT.sub("#", t) for t in texts)


class _NotPlainError(ValueError):
    """A pattern matches texts that cannot be listed."""


def _alternatives(source: str, at: int) -> tuple[set[str], int]:
    out: set[str] = set()
    while True:
        texts, at = _sequence(source, at)
        out |= texts
        if at >= len(source) or source[at] != "|":
            return out, at
        at += 1


def _sequence(source: str, at: int) -> tuple[set[str], int]:
    out = {""}
    while at < len(source) and source[at] not in "|)":
        if source.startswith("(?:", at):
            more, at = _alternatives(source, at + 3)
            if not source.startswith(")", at):
                raise _NotPlainError(source)
            at += 1
        elif source.startswith(r"\d", at):
            more, at = {"#"}, at + 2
        elif source[at] in "\\.[]{}*+?^$(":
            raise _NotPlainError(source)
        else:
            more, at = {source[at]}, at + 1
        if source.startswith("?", at):
            more, at = more | {""}, at + 1
        out = {a + b for a in out for b in more}
    return out, at

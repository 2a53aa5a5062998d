"""Recognised words → the cell of a form, with how surely it was read.

An amount column holds figures only, so there the reading counts that allows nothing else; what
else the pixels may say stays with the cell, likeliest first, for people and for the repair.
"""

from __future__ import annotations

from collections.abc import Sequence

from parsers.document import BBox, Cell
from parsers.money import NotAnAmountError, parse_amount
from parsers.page import GridCell, Seen, Word

MOST_ALTERNATIVES = 12
_DIRT = ".,·'`-"
"""What a speck beside a code reads as."""
SURE = 0.90
"""A figure of a scan that both recognisers read so, at least this surely, is witnessed."""
UNWITNESSED, CONTRADICTED = 0.5, 0.3
CLEAR = 0.3
"""Margin of the second recogniser from which on its reading is sure."""


def as_seen(
    cell: Cell, parts: Sequence[GridCell], kind: str, *, smudges: Sequence[BBox] = ()
) -> str:
    """Mark a cell as recognised; returns its text, read as a figure where it must be one.

    ``smudges``: places of the page that were not read, for a cell that no rules bound.
    """
    cell.source = "ocr"
    words = [w for part in parts for w in part.words]
    smudged = any(part.smudged for part in parts) or any(
        _overlap(part.bbox, place) for part in parts for place in smudges
    )
    seen = [w.seen for w in words if w.seen is not None]
    # a word that was cut in two was not recognised as what it is now
    whole = 1.0 if len(seen) == len(words) else UNWITNESSED
    cell.confidence = min((s.confidence for s in seen), default=1.0)
    cell.confidence = min(cell.confidence, whole)
    if kind == "code" and words:
        _as_code(cell, seen)
        cell.confidence = min(cell.confidence, whole)
    if kind == "amount" and words:
        cell.text, cell.confidence = _figure(words)
        cell.confidence = min(cell.confidence, whole, _witnessed(seen, cell.text))
        cell.alternatives = alternatives_of(seen, cell.text)
    if smudged:
        cell.confidence = 0.0
    cell.confidence = round(cell.confidence, 4)
    return cell.text


def _as_code(cell: Cell, seen: Sequence[Seen]) -> None:
    """A code is digits: where letters were read among them (O, Q, i), the reading counts that
    allows digits only; what was read at first stays with the cell."""
    said = cell.text.strip(_DIRT)
    digits = sum(ch.isdecimal() for ch in said)
    figure = "".join(s.figure for s in seen).strip(_DIRT)
    if said and not said.isdecimal() and 2 * digits >= len(said) and figure.isdecimal():
        cell.alternatives = [said]
        cell.confidence = min((s.figure_confidence for s in seen), default=0.0)
        said = figure
    if said.isdecimal():
        cell.confidence = min(cell.confidence or 0.0, _witnessed(seen, said))
    cell.text = said


def _overlap(one: BBox, other: BBox) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _figure(words: Sequence[Word]) -> tuple[str, float]:
    """The words of an amount cell as printed where they are one figure, else as a figure."""
    text = "".join(w.text for w in words)
    free = min((w.seen.confidence for w in words if w.seen), default=0.0)
    if _is_figure(text):
        return text, free
    figure = "".join(w.seen.figure if w.seen else w.text for w in words)
    sure = min((w.seen.figure_confidence for w in words if w.seen), default=0.0)
    return (figure, sure) if _is_figure(figure) else (text, 0.0)


def _witnessed(seen: Sequence[Seen], text: str) -> float:
    """How far the second recogniser bears a figure out, as a confidence.

    The same reading: from 0.5 where a rival shape fits as well up to 1. No opinion: no better
    than 0.5, whatever the first recogniser says. Another reading: none.
    """
    if any(s.second is None for s in seen):
        return UNWITNESSED
    if "".join(s.second or "" for s in seen).replace(",", "") != text.replace(",", ""):
        return CONTRADICTED
    margin = min((s.margin for s in seen), default=0.0)
    return min(1.0, max(0.0, UNWITNESSED + margin * (SURE - UNWITNESSED) / CLEAR))


def alternatives_of(seen: Sequence[Seen], taken: str) -> list[str]:
    """Figures that the pixels may also say, all words put together, likeliest first."""
    out = [("", 1.0)]
    for one in seen:
        options = [(one.text, one.confidence), (one.figure, one.figure_confidence), *one.others]
        options += [(one.second, max(0.3, one.margin))] if one.second else []
        options += [(text, 0.05) for text in one.second_others]
        out = sorted(
            ((a + text, p * q) for a, p in out for text, q in options), key=lambda x: -x[1]
        )[: 4 * MOST_ALTERNATIVES]
    texts = dict.fromkeys(text for text, _ in out if text != taken and _is_figure(text))
    return [*texts][:MOST_ALTERNATIVES]


def _is_figure(text: str) -> bool:
    try:
        return parse_amount(text) is not None
    except NotAnAmountError:
        return False

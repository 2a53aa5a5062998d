"""Reading running text: folding, Chinese numerals, and where each character stands.

Folding is one character to one character, so that a position in the folded text is a position
in the printed text: patterns are matched on the folded text, what is kept is the printed one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from itertools import accumulate, repeat
from pathlib import Path
from typing import Any

import yaml

from parsers.document import BBox, Dropped
from parsers.page import GridCell, TextLine, Word

DATA = Path(__file__).resolve().parent / "text"

_BLANK = re.compile(r"[\s\u200b\u200c\u200d\ufeff\u00ad]+")
_DIGITS = {c: str(n) for n, c in enumerate("〇一二三四五六七八九")} | {
    "零": "0",
    "○": "0",
    "两": "2",
    "O": "0",
}
_TENS = {"十": 10, "百": 100, "千": 1000}


@cache
def load_rules(name: str) -> Any:
    """The YAML data beside the readers, e.g. ``load_rules("cover")``."""
    with (DATA / f"{name}.yml").open(encoding="utf-8") as f:
        return yaml.safe_load(f)


class _Folding(dict[int, str]):
    """Each sign met so far with its plain form."""

    def __missing__(self, code: int) -> str:
        c = chr(code)
        n = unicodedata.normalize("NFKC", c)
        self[code] = n if len(n) == 1 else c
        return self[code]


class _Widths(dict[str, int]):
    """Each sign met so far with its width: full-width glyphs count two."""

    def __missing__(self, c: str) -> int:
        self[c] = 2 if unicodedata.east_asian_width(c) in "WF" else 1
        return self[c]


_FOLDING, _WIDTHS = _Folding(), _Widths()


@lru_cache(maxsize=1 << 13)
def fold(text: str) -> str:
    """Full-width and compatibility forms as their plain ones; the length never changes."""
    return text.translate(_FOLDING)


def squeeze(text: str) -> str:
    """Without any blank: blanks carry no meaning between Chinese words."""
    return _BLANK.sub("", text)


@lru_cache(maxsize=1 << 13)
def plain(text: str) -> str:
    """Folded and without blanks: the form in which labels are compared."""
    return fold(squeeze(text))


def chinese_number(text: str) -> int | None:
    """十三 → 13, 二〇二六 → 2026, 四 → 4; None for anything else."""
    if not text:
        return None
    if all(c in _DIGITS for c in text):
        return int("".join(_DIGITS[c] for c in text))
    total, digit = 0, 0
    for c in text:
        if c in _DIGITS:
            digit = int(_DIGITS[c])
        elif c in _TENS:
            total += (digit or (1 if total == 0 else 0)) * _TENS[c]
            digit = 0
        else:
            return None
    return total + digit


def union_boxes(boxes: Iterable[BBox]) -> BBox | None:
    """The smallest box that holds all of them; None of none."""
    b = list(boxes)
    if len(b) < 2:
        return b[0] if b else None
    x0, top, x1, bottom = zip(*b, strict=True)
    return (min(x0), min(top), max(x1), max(bottom))


def char_boxes(word: Word) -> list[BBox]:
    """A box for each character of a word, by width: full-width glyphs count two."""
    return char_boxes_of(word.text, word.bbox)


def char_boxes_of(text: str, box: BBox) -> list[BBox]:
    """A box for each character of a text printed in ``box`` without a gap."""
    weights = list(map(_WIDTHS.__getitem__, text))
    total = sum(weights) or 1
    x0, top, x1, bottom = box
    width = x1 - x0
    one, two = width / total, width * 2 / total
    ends = list(accumulate((two if w == 2 else one for w in weights), initial=x0))
    return list(zip(ends[:-1], repeat(top), ends[1:], repeat(bottom), strict=False))


class Run:
    """Printed characters without blanks, each with the page and box it stands in.

    Most texts are read and never asked for a place: the boxes are made when they are.
    """

    __slots__ = ("_boxes", "_pages", "_waiting", "text")

    def __init__(
        self, text: str = "", pages: list[int] | None = None, boxes: list[BBox] | None = None
    ) -> None:
        self.text = text
        self._pages: list[int] = [] if pages is None else pages
        self._boxes: list[BBox] = [] if boxes is None else boxes
        self._waiting: list[tuple[Word, int]] = []

    def __repr__(self) -> str:
        return f"Run({self.text!r}, {self.pages!r}, {self.boxes!r})"

    @property
    def pages(self) -> list[int]:
        self._place_words()
        return self._pages

    @property
    def boxes(self) -> list[BBox]:
        self._place_words()
        return self._boxes

    def _place_words(self) -> None:
        for word, page in self._waiting:
            boxes = char_boxes(word)
            if _BLANK.search(word.text):
                boxes = [b for b, c in zip(boxes, word.text, strict=True) if not _BLANK.match(c)]
            self._pages += [page] * len(boxes)
            self._boxes += boxes
        self._waiting.clear()

    def add_word(self, word: Word, page: int) -> None:
        self.text += squeeze(word.text)
        self._waiting.append((word, page))

    def add_line(self, line: TextLine) -> None:
        for w in line.words:
            self.add_word(w, line.page)

    def extend(self, other: Run) -> None:
        self.text += other.text
        self.pages.extend(other.pages)
        self.boxes.extend(other.boxes)

    @property
    def folded(self) -> str:
        return fold(self.text)

    def slice(self, start: int, end: int) -> Run:
        return Run(self.text[start:end], self.pages[start:end], self.boxes[start:end])

    def place(self, start: int, end: int) -> tuple[int | None, BBox | None]:
        """Page and box of these characters; over a line or page end: of the first piece."""
        if not 0 <= start < end <= len(self.text):
            return None, None
        page, first = self.pages[start], self.boxes[start]
        same = [
            b
            for b, p in zip(self.boxes[start:end], self.pages[start:end], strict=True)
            if p == page and abs(b[1] - first[1]) < max(2.0, (first[3] - first[1]) / 2)
        ]
        return page, union_boxes(same)


def run_of_cell(cell: GridCell, page: int) -> Run:
    """The text of a grid cell in reading order, with places."""
    run = Run()
    words = cell.words
    if len(words) < 2:
        for w in words:
            run.add_word(w, page)
        return run
    lines: list[list[Word]] = []
    for w in sorted(words, key=lambda w: ((w.top + w.bottom) / 2, w.x0)):
        if lines and abs((lines[-1][0].top + lines[-1][0].bottom - w.top - w.bottom) / 2) < max(
            2.0, (w.bottom - w.top) / 2
        ):
            lines[-1].append(w)
        else:
            lines.append([w])
    for line in lines:
        for w in sorted(line, key=lambda w: w.x0):
            run.add_word(w, page)
    return run


_PERSONAL = (
    ("id_number", re.compile(r"(?<![0-9])[1-9][0-9]{5}(?:19|20)[0-9]{9}[0-9Xx](?![0-9A-Za-z])")),
    ("phone", re.compile(r"(?<![0-9.,])1[3-9][0-9]{9}(?![0-9]|[.,][0-9]|[万亿]?元)")),
    ("email", re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:[.][A-Za-z0-9-]+)+")),
)


_MAY_BE_PERSONAL = re.compile("[0-9]{11}|@").search


def mask_personal(run: Run) -> tuple[Run, list[Dropped]]:
    """Mobile numbers, identity numbers and addresses in running text, each sign made ``*``.

    Gives the masked run (same length) and where each stood, never what it said.
    """
    text = run.text
    folded = fold(text)
    if not _MAY_BE_PERSONAL(folded):
        return run, []
    dropped = []
    for kind, pattern in _PERSONAL:
        for m in pattern.finditer(folded):
            page, box = run.place(*m.span())
            dropped.append(Dropped.model_validate({"kind": kind, "page": page or 1, "bbox": box}))
            text = text[: m.start()] + "*" * len(m[0]) + text[m.end() :]
        folded = fold(text)
    return Run(text, run.pages, run.boxes), dropped

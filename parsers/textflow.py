"""Reading running text: folding, Chinese numerals, and where each character stands.

Folding is one character to one character, so that a position in the folded text is a position
in the printed text: patterns are matched on the folded text, what is kept is the printed one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
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


def fold(text: str) -> str:
    """Full-width and compatibility forms as their plain ones; the length never changes."""
    return text.translate(_FOLDING)


def squeeze(text: str) -> str:
    """Without any blank: blanks carry no meaning between Chinese words."""
    return _BLANK.sub("", text)


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
    if not b:
        return None
    return (
        min(x[0] for x in b),
        min(x[1] for x in b),
        max(x[2] for x in b),
        max(x[3] for x in b),
    )


def char_boxes(word: Word) -> list[BBox]:
    """A box for each character of a word, by width: full-width glyphs count two."""
    weights = [_WIDTHS[c] for c in word.text]
    total = sum(weights) or 1
    out: list[BBox] = []
    x = word.x0
    for w in weights:
        step = (word.x1 - word.x0) * w / total
        out.append((x, word.top, x + step, word.bottom))
        x += step
    return out


@dataclass(slots=True)
class Run:
    """Printed characters without blanks, each with the page and box it stands in."""

    text: str = ""
    pages: list[int] = field(default_factory=list)
    boxes: list[BBox] = field(default_factory=list)

    def add_word(self, word: Word, page: int) -> None:
        boxes = char_boxes(word)
        if _BLANK.search(word.text):
            kept = [n for n, c in enumerate(word.text) if not _BLANK.match(c)]
            self.text += "".join(word.text[n] for n in kept)
            boxes = [boxes[n] for n in kept]
        else:
            self.text += word.text
        self.pages += [page] * len(boxes)
        self.boxes += boxes

    def add_line(self, line: TextLine) -> None:
        for w in line.words:
            self.add_word(w, line.page)

    def extend(self, other: Run) -> None:
        self.text += other.text
        self.pages += other.pages
        self.boxes += other.boxes

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
    lines: list[list[Word]] = []
    for w in sorted(cell.words, key=lambda w: ((w.top + w.bottom) / 2, w.x0)):
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


def mask_personal(run: Run) -> tuple[Run, list[Dropped]]:
    """Mobile numbers, identity numbers and addresses in running text, each sign made ``*``.

    Gives the masked run (same length) and where each stood, never what it said.
    """
    text, dropped = run.text, []
    folded = fold(text)
    for kind, pattern in _PERSONAL:
        for m in pattern.finditer(folded):
            page, box = run.place(*m.span())
            dropped.append(Dropped.model_validate({"kind": kind, "page": page or 1, "bbox": box}))
            text = text[: m.start()] + "*" * len(m[0]) + text[m.end() :]
        folded = fold(text)
    return Run(text, run.pages, run.boxes), dropped

"""Printed amounts → exact decimals, strictly.

What is not plainly an amount is an error with a reason, never silently nothing: a blank cell,
``0`` and ``0.00`` are three different facts, and so is a cell that cannot be read.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

__all__ = ["NotAnAmountError", "is_blank_mark", "parse_amount"]


class NotAnAmountError(ValueError):
    """Text in an amount column that is no amount. ``reason`` says what is wrong with it."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"{text!r} is no amount: {reason}")
        self.text, self.reason = text, reason


_DASHES = "-−‐‑‒–—―─━﹣－⁻"
_BLANK_MARK = re.compile(f"[{_DASHES}]{{1,4}}|/|／")
_SPACE = re.compile(r"[\s\u200b\u200c\u200d\ufeff\u00a0\u3000]+")
_PLAIN = re.compile(r"\d+(?:\.\d+)?|\.\d+")
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
# Full-width forms only: NFKC would also make ² and ① (marks of notes) into digits.
_HALF_WIDTH = {0xFF10 + d: 0x30 + d for d in range(10)} | {
    0xFF0C: ",",
    0xFF0E: ".",
    0xFF08: "(",
    0xFF09: ")",
}
_NEGATIVE_MARKS = "△▲"


@lru_cache(maxsize=1 << 14)
def is_blank_mark(text: str) -> bool:
    """「—」 and the like: a mark that there is no figure."""
    return bool(_BLANK_MARK.fullmatch(_SPACE.sub("", text)))


@lru_cache(maxsize=1 << 14)
def parse_amount(text: str) -> Decimal | None:
    """The exact decimal of a printed amount; None for a blank cell or a 「—」.

    Taken: thousands separators in right groups (also full width), stray blanks, every dash as
    minus, brackets or △ as minus. The printed number of decimals is kept (``0`` ≠ ``0.00``).
    Raises NotAnAmountError for anything else.
    """
    squeezed = _SPACE.sub("", text)
    if not squeezed or _BLANK_MARK.fullmatch(squeezed):
        return None
    plain = squeezed.translate(_HALF_WIDTH)
    negative = False
    if plain[0] in _DASHES or plain[0] in _NEGATIVE_MARKS:
        negative, plain = True, plain[1:]
    elif plain[0] == "(" and plain[-1] == ")":
        negative, plain = True, plain[1:-1]
    if _GROUPED.fullmatch(plain):
        plain = plain.replace(",", "")
    elif "," in plain:
        raise NotAnAmountError(text, "the thousands separators do not stand in groups of three")
    if not plain.isascii() or not _PLAIN.fullmatch(plain):
        if plain.count(".") > 1:
            reason = "it has more than one decimal point (two figures in one cell?)"
        elif re.search(r"\d", plain):
            reason = "it holds other characters than a number's"
        else:
            reason = "it holds no number"
        raise NotAnAmountError(text, reason)
    value = Decimal(plain)
    return -value if negative else value

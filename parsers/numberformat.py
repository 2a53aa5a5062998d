"""How a spreadsheet shows a number: value and number format → the text a reader sees.

Only formats whose result is certain are carried out. For any other the value is given with its
format behind it, which no amount column takes for a figure: told, never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

__all__ = ["Shown", "show_number"]

_COLOURS = re.compile(
    r"\[(?:Black|Blue|Cyan|Green|Magenta|Red|White|Yellow|Color\s?\d+|黑色|蓝色|绿色|红色|黄色|白色)\]",
    re.I,
)
_LOCALE = re.compile(r"\[\$([^\]-]*)(?:-[0-9A-Fa-f]+)?\]|\[DBNum\d\]", re.I)
_DATE = re.compile(r"[ymdhs]|年|月|日|AM/PM", re.I)
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001  a date without a place
_MAX_PLACES = 10


@dataclass(frozen=True)
class Shown:
    """The text shown. ``is_rounded``: the value has more decimals; ``is_certain``: False where
    the format is not one that is carried out."""

    text: str
    is_rounded: bool = False
    is_certain: bool = True


def exact(value: float | int | Decimal) -> Decimal:
    """The decimal that was meant: binary noise beyond 15 digits is dropped, as the program does."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int):
        return Decimal(value)
    return Decimal(format(value, ".15g"))


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def show_number(value: float | int | Decimal, number_format: str | None) -> Shown:
    """The text that a cell with this value and format shows."""
    number = exact(value)
    code = (number_format or "General").strip()
    if code in {"General", "@", "G/通用格式", "GENERAL", "general", ""}:
        return Shown(_plain(number))
    sections = _sections(code)
    if any(re.search(r"\[[<>=]", s) for s in sections):
        return _uncertain(number, code)
    negative = number < 0
    if negative and len(sections) > 1:
        section, shown = sections[1], -number
    elif number == 0 and len(sections) > 2:
        section, shown = sections[2], number
    else:
        section, shown = sections[0], abs(number)
    made = _fill(section, shown)
    if made is None:
        return _uncertain(number, code)
    text, value_shown = made
    if negative and len(sections) == 1 and value_shown != 0:
        text = f"-{text}"
    return Shown(text, is_rounded=value_shown is not None and value_shown != shown)


def _uncertain(number: Decimal, code: str) -> Shown:
    return Shown(f"{_plain(number)}（格式 {code}）", is_certain=False)


@lru_cache(maxsize=256)
def _sections(code: str) -> tuple[str, ...]:
    """The parts of a format between semicolons, those in quotes and behind escapes left alone."""
    out, here, quoted, n = [], "", False, 0
    while n < len(code):
        ch = code[n]
        if ch in "\\!" and not quoted and n + 1 < len(code):
            here += code[n : n + 2]
            n += 2
            continue
        if ch == '"':
            quoted = not quoted
        if ch == ";" and not quoted:
            out.append(here)
            here = ""
        else:
            here += ch
        n += 1
    return (*out, here)


def _fill(section: str, number: Decimal) -> tuple[str, Decimal | None] | None:
    """(text, value shown) of a number that is not negative; None for a format not carried out."""
    section = _LOCALE.sub(lambda m: m[1] or "", _COLOURS.sub("", section))
    if section.strip() in {"General", "G/通用格式"}:
        return _plain(number), number
    parts: list[str] = []  # literals, with one None-like mark for the digits
    digits = ""
    place: int | None = None
    percent = False
    n = 0
    while n < len(section):
        ch = section[n]
        if ch == '"':
            end = section.find('"', n + 1)
            if end < 0:
                return None
            parts.append(section[n + 1 : end])
            n = end + 1
            continue
        if ch in "\\!" and n + 1 < len(section):
            parts.append(section[n + 1])
            n += 2
            continue
        if ch in "_*" and n + 1 < len(section):  # room, or a fill: nothing that is read
            n += 2
            continue
        if ch in "0#?.,":
            run = re.match(r"[0#?.,]+", section[n:])
            assert run is not None  # noqa: S101  the character before is in the class
            if place is not None:
                return None  # figures parted by literals (0!.0, and the like)
            place, digits = len(parts), run[0]
            parts.append("")
            n += len(digits)
            continue
        if ch == "%":
            percent = True
        elif ch in "Ee@/" or _DATE.match(ch):
            return _date(section, number) if _DATE.search(section) else None
        parts.append(ch)
        n += 1
    if place is None:
        return "".join(parts).strip(), None  # a text for this sign, e.g. "-" for nought
    if percent:
        number = number * 100
    made = _digits(digits, number)
    if made is None:
        return None
    parts[place], shown = made
    return "".join(parts).strip(), shown / 100 if percent else shown


def _digits(code: str, number: Decimal) -> tuple[str, Decimal] | None:
    if code.count(".") > 1 or code.endswith(","):
        return None  # a comma at the end shows thousands
    whole, _, fraction = code.partition(".")
    if "," in fraction or len(fraction) > _MAX_PLACES:
        return None
    grouped = "," in whole
    least_whole = whole.count("0")
    shown = number.quantize(Decimal(1).scaleb(-len(fraction)), rounding=ROUND_HALF_UP)
    text = format(shown, "f")
    left, _, right = text.partition(".")
    least = len(fraction.rstrip("#?"))
    while len(right) > least and right.endswith("0"):
        right = right[:-1]
    left = left.lstrip("0")
    left = left.rjust(least_whole, "0") if len(left) < least_whole else left
    if grouped and left:
        left = f"{int(left):,}".rjust(least_whole, "0")
    if not left and not right:
        return ("", shown)
    return (f"{left}.{right}" if right or "." in code else left), shown


def _date(section: str, number: Decimal) -> tuple[str, Decimal | None] | None:
    """A date as year-month-day, whatever the order it is shown in: no figure of a budget."""
    if not 0 < number < 200_000:
        return None
    moment = _EPOCH + timedelta(days=float(number))
    return f"{moment:%Y-%m-%d}", None

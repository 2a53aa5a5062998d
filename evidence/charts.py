"""Charts as inline SVG: drawn at build time, sized in CSS pixels, readable without colour.

Each chart carries its text alternative (``title``, ``desc``) and prints its figures beside the
bars, so nothing is told by length or colour alone. Values are Decimal in 万元.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from markupsafe import Markup

from evidence.view import money

__all__ = ["Bar", "Part", "bars", "columns", "stack"]

WIDTH = 640
ROW = 30
NAME = 262


class Part(NamedTuple):
    """A part of a whole: name, value in 万元, address of its evidence (or empty)."""

    name: str
    value: Decimal
    href: str = ""


class Bar(NamedTuple):
    """A bar: its name (a year, a project), value in 万元 or None where there is none."""

    name: str
    value: Decimal | None
    href: str = ""
    note: str = ""


def _number(value: Decimal) -> str:
    return f"{value:.1f}"


def _svg(
    kind: str, height: int, *, title: str, says: str, body: Markup, ident: str, role: str = "img"
) -> Markup:
    return Markup(
        '<svg class="chart {kind}" viewBox="0 0 {w} {h}" role="{role}" '
        'aria-labelledby="{id}-t {id}-d" xmlns="http://www.w3.org/2000/svg">'
        '<title id="{id}-t">{title}</title><desc id="{id}-d">{says}</desc>{body}</svg>'
    ).format(kind=kind, role=role, w=WIDTH, h=height, id=ident, title=title, says=says, body=body)


def _shorten(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _link(href: str, name: str, shown: str, text: Markup) -> Markup:
    """The text of a figure, leading to its evidence where there is any."""
    if not href:
        return text
    return Markup('<a href="{href}" aria-label="{name} {shown} 万元">{text}</a>').format(
        href=href, name=name, shown=shown, text=text
    )


def stack(ident: str, title: str, parts: Sequence[Part]) -> Markup:
    """One bar divided into its parts, with a line of text for each. Empty where nothing adds up."""
    kept = [p for p in parts if p.value > 0]
    total = sum((p.value for p in kept), Decimal(0))
    if not total:
        return Markup("")
    body, x = Markup(""), Decimal(0)
    for n, part in enumerate(kept):
        width = part.value / total * WIDTH
        body += Markup('<rect class="s{n}" x="{x}" y="0" width="{w}" height="30"/>').format(
            n=n % 6, x=_number(x), w=_number(width)
        )
        x += width
    for n, part in enumerate(kept):
        y = 58 + n * 24
        share = part.value / total * 100
        body += Markup(
            '<rect class="s{n}" x="0" y="{ry}" width="12" height="12"/>'
            '<text x="20" y="{y}">{name}</text>'
            "{value}"
        ).format(
            n=n % 6, ry=y - 11, y=y, name=_shorten(part.name, 26),
            value=_link(
                part.href, part.name, money(part.value),
                Markup('<text class="n" x="{right}" y="{y}">{value} 万元　{share}%</text>').format(
                    right=WIDTH, y=y, value=money(part.value), share=f"{share:.1f}"
                ),
            ),
        )  # fmt: skip
    says = "；".join(f"{p.name} {money(p.value)} 万元" for p in kept)
    height = 44 + 24 * len(kept)
    return _svg("stack", height, title=title, says=says, body=body, ident=ident, role="group")


def bars(ident: str, title: str, lines: Sequence[Bar]) -> Markup:
    """Horizontal bars, one a line, the longest over the full width. A value that is not there says 未列."""
    known = [b.value for b in lines if b.value is not None]
    most = max((abs(v) for v in known), default=Decimal(0))
    if not known:
        return Markup("")
    body = Markup("")
    room = WIDTH - NAME - 120
    for n, bar in enumerate(lines):
        y = n * ROW
        body += Markup('<text x="0" y="{y}">{name}</text>').format(
            y=y + 20, name=_shorten(bar.name, 18)
        )
        if bar.value is None:
            shown, width = "未列", Decimal(0)
        else:
            width = abs(bar.value) / most * room if most else Decimal(0)
            shown = f"{money(bar.value)}"
            body += Markup('<rect class="s0" x="{x}" y="{y}" width="{w}" height="{h}"/>').format(
                x=NAME, y=y + 6, w=_number(max(width, Decimal(1))), h=ROW - 12
            )
        text = Markup('<text class="{c}" x="{x}" y="{y}">{shown}</text>').format(
            c="v", x=_number(NAME + width + 8), y=y + 20, shown=shown
        )
        body += _link(bar.href, bar.name, shown, text)
    says = "；".join(
        f"{b.name} {money(b.value) + ' 万元' if b.value is not None else '未列'}" for b in lines
    )
    # links inside: a group of labelled parts, not one opaque image
    height = ROW * len(lines) + 4
    return _svg("bars", height, title=title, says=says, body=body, ident=ident, role="group")


def columns(
    ident: str,
    title: str,
    years: Sequence[str],
    series: Sequence[tuple[str, Sequence[Decimal | None]]],
) -> Markup:
    """Columns by year, one group a year; a year without any figure says 未公开, one without this figure 未列."""
    known = [v for _, values in series for v in values if v is not None]
    most = max(known, default=Decimal(0))
    if not years or not known or most <= 0:
        return Markup("")
    height, base = 210, 168
    room = Decimal(WIDTH) / len(years)
    width = min(Decimal(64), (room - 24) / max(1, len(series)))
    body = Markup('<line class="axis" x1="0" y1="{b}" x2="{w}" y2="{b}"/>').format(b=base, w=WIDTH)
    absent = [
        "未列" if any(values[i] is not None for _, values in series) else "未公开"
        for i in range(len(years))
    ]
    for i, year in enumerate(years):
        left = room * i + (room - width * len(series)) / 2
        for n, (_, values) in enumerate(series):
            value = values[i]
            x = left + width * n
            middle = _number(x + width / 2)
            if value is None:
                body += Markup('<text class="m" x="{x}" y="{y}">{absent}</text>').format(
                    x=middle, y=base - 6, absent=absent[i]
                )
                continue
            tall = value / most * 136 if value > 0 else Decimal(0)
            body += Markup(
                '<rect class="s{n}" x="{x}" y="{y}" width="{w}" height="{h}"/>'
                '<text class="m" x="{mx}" y="{my}">{v}</text>'
            ).format(
                n=n, x=_number(x + 2), y=_number(base - tall), w=_number(width - 4),
                h=_number(tall), mx=middle, my=_number(base - tall - 6), v=money(value, 0)
                if most >= 1000 else money(value),
            )  # fmt: skip
        body += Markup('<text class="m y" x="{x}" y="{y}">{year}</text>').format(
            x=_number(room * i + room / 2), y=base + 20, year=year
        )
    at = 0
    for n, (name, _) in enumerate(series):
        body += Markup(
            '<rect class="s{n}" x="{x}" y="196" width="12" height="12"/>'
            '<text x="{tx}" y="207">{name}</text>'
        ).format(n=n, x=at, tx=at + 18, name=name)
        at += 40 + 15 * len(name)
    says = "；".join(
        f"{year} 年 {name} {money(values[i]) + ' 万元' if values[i] is not None else absent[i]}"
        for i, year in enumerate(years)
        for name, values in series
    )
    return _svg("columns", height, title=title, says=says, body=body, ident=ident)

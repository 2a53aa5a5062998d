"""Figures outside the 13 forms: running text, performance tables, things that are counted.

The narrative's standard keys come with the document; figures that have no key are found in its
sentences by the patterns of ``narrative.yml``. Amounts become 元; shares, counts and areas keep
their own unit. ``step`` is the printed step in the same unit; 0 marks an exact figure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from expectations.catalogue.schema import FigureRule, NarrativeFile, need
from expectations.catalogue.view import squeeze
from parsers.document import ParsedDocument

_NUMBER = re.compile(r"-?[\d,]+(?:\.\d+)?")
_FACTORS = {"亿元": Decimal(100_000_000), "万元": Decimal(10_000), "元": Decimal(1)}
_DOWN = ("减少", "下降", "降低", "压减", "-")
SHARE_DECIMALS = 2
AMOUNT_DECIMALS = 2


@dataclass(slots=True)
class Figure:
    """One figure: ``value`` in 元 or in its own unit, ``printed`` as the text has it.

    ``step``: what one unit of the last place stands for where sums are made; ``coarse``: the step
    as printed, which is larger where a text prints one decimal less than the tables.
    """

    name: str
    value: Decimal
    step: Decimal
    printed: str
    unit: str
    decimals: int
    page: int | None
    zh: str
    coarse: Decimal = Decimal(0)


def number(text: object) -> tuple[Decimal, int] | None:
    """A printed number and its decimals; null where there is none."""
    if text is None or isinstance(text, bool | dict | list):
        return None
    found = _NUMBER.fullmatch(squeeze(str(text)).replace("−", "-"))
    if found is None:
        return None
    bare = found.group().replace(",", "")
    try:
        value = Decimal(bare)
    except InvalidOperation:
        return None
    return value, len(bare.partition(".")[2])


class Narrative:
    """Patterns of ``narrative.yml``, compiled once."""

    def __init__(self, file: NarrativeFile) -> None:
        self.rules = file.figures
        self._patterns = {
            rule.name: (
                re.compile(rule.section),
                re.compile(rule.pattern.replace("AMOUNT", file.amount)),
            )
            for rule in file.figures
            if rule.pattern is not None and rule.section is not None
        }
        self.names = {rule.name for rule in file.figures}

    def read(self, document: ParsedDocument) -> Figures:
        return Figures(self, document)

    def patterns(self, rule: FigureRule) -> tuple[re.Pattern[str], re.Pattern[str]]:
        return self._patterns[rule.name]


@dataclass(slots=True)
class _Section:
    heading: str
    text: str
    ends: list[tuple[int, int | None]]

    def page(self, at: int) -> int | None:
        return next((page for end, page in self.ends if at < end), None)


class Figures:
    """The figures of one document by name; groups hold one figure a member."""

    def __init__(self, narrative: Narrative, document: ParsedDocument) -> None:
        self.single: dict[str, Figure] = {}
        self.group: dict[str, dict[str, Figure]] = {}
        self.lists: dict[str, list[str]] = {}
        self.flags: dict[str, bool | str] = {}
        self._narrative = narrative
        self._read = {f.path: f for f in document.narrative.figures}
        self._sections = _sections(document)
        for rule in narrative.rules:
            if rule.group is not None:
                self.group[rule.name] = self._members(rule, document)
            else:
                self._one(rule, document)
        for rule in narrative.rules:
            if rule.part is not None:
                self._share(rule)
        self._style()

    def _style(self) -> None:
        """Does the text round to whole 万元, or drop the zeros of 40.00?

        Where most amounts carry two decimals a whole number has dropped its zeros; where they
        do not, the text is printed in coarser steps than the tables.
        """
        figures = [*self.single.values(), *(f for g in self.group.values() for f in g.values())]
        money = [f for f in figures if f.unit == "万元" and f.value != 0]
        fine = sum(f.decimals >= AMOUNT_DECIMALS for f in money)
        for figure in money:
            printed = _FACTORS["万元"].scaleb(-figure.decimals)
            figure.coarse = printed if figure.decimals == 1 else figure.step
            if fine * 2 < len(money):
                figure.step = figure.coarse = max(printed, figure.step)

    def _one(self, rule: FigureRule, document: ParsedDocument) -> None:
        figure = None
        if rule.path is not None:
            node: object = document.narrative.keys
            for part in rule.path.split("/"):
                node = node.get(part) if isinstance(node, dict) else None
            if isinstance(node, bool):
                self.flags[rule.name] = node
                return
            figure = self._known(rule, rule.path) or self._figure(rule, rule.path, node)
        if figure is None and rule.staff is not None:
            figure = self._staff(rule, rule.staff, document.staff)
        if figure is None and rule.pattern is not None:
            figure = self._sentence(rule)
        if figure is not None:
            self.single[rule.name] = figure

    def _known(self, rule: FigureRule, path: str) -> Figure | None:
        """A figure of the reading, with its page."""
        read = self._read.get(path)
        if read is None or read.value is None:
            return None
        printed = _NUMBER.search(squeeze(read.text))
        decimals = len(printed.group().partition(".")[2]) if printed else 0
        text = printed.group() if printed else read.text
        unit = read.unit if read.unit in _FACTORS else rule.unit
        return self._make(rule, path, (read.value, decimals), text, unit=unit, page=read.page)

    def _staff(self, rule: FigureRule, name: str, staff: dict[str, object]) -> Figure | None:
        places = staff.get("places")
        place = places.get(name) if isinstance(places, dict) else None
        page = place.get("page") if isinstance(place, dict) else None
        figure = self._figure(rule, f"staff/{name}", staff.get(name))
        if figure is not None and isinstance(page, int):
            figure.page = page
        return figure

    def _members(self, rule: FigureRule, document: ParsedDocument) -> dict[str, Figure]:
        group = need(rule.group)
        tail = f"/{rule.member}" if rule.member else ""
        members: dict[str, Figure] = {}
        node = document.narrative.keys.get(group)
        for name, value in node.items() if isinstance(node, dict) else ():
            printed = value.get(rule.member) if rule.member and isinstance(value, dict) else value
            path = f"{group}/{name}{tail}"
            figure = self._known(rule, path) or self._figure(rule, path, printed)
            if figure is not None:
                members[str(name)] = figure
        for path in self._read:
            name = path.removeprefix(f"{group}/").removesuffix(tail)
            if path == f"{group}/{name}{tail}" and "/" not in name and name not in members:
                figure = self._known(rule, path)
                if figure is not None:
                    members[name] = figure
        if not members and rule.pattern is not None:
            members = self._repeated(rule)
        for name in rule.besides:
            members.pop(name, None)
        for name, figure in members.items():
            figure.zh = f"{rule.zh}{name}"
        return members

    def _figure(self, rule: FigureRule, path: str, printed: object) -> Figure | None:
        read = number(printed)
        if read is None:
            return None
        return self._make(rule, path, read, str(printed), unit=rule.unit, page=None)

    def _make(
        self,
        rule: FigureRule,
        name: str,
        read: tuple[Decimal, int],
        printed: str,
        *,
        unit: str,
        page: int | None,
    ) -> Figure:
        value, decimals = read
        factor = _FACTORS.get(unit, Decimal(1))
        money = unit in _FACTORS
        exact = not money or unit == "元" or (value == 0 and decimals == 0)
        # trailing zeros are dropped in running text: 40万元 is 40.00, and 0.01 is the usual step
        step = Decimal(0) if exact else factor.scaleb(-max(decimals, 2))
        return Figure(name, value * factor, step, printed, unit, decimals, page, rule.zh)

    def _found(self, rule: FigureRule) -> Iterator[tuple[re.Match[str], int | None]]:
        heading, pattern = self._narrative.patterns(rule)
        for section in self._sections:
            if heading.search(section.heading) is not None:
                for found in pattern.finditer(section.text):
                    yield found, section.page(found.start())

    def _sentence(self, rule: FigureRule) -> Figure | None:
        for found, page in self._found(rule):
            if rule.listed:
                self.lists[rule.name] = [x for x in _split(found.group("list")) if x]
                return None
            figure = self._matched(rule, found, page)
            if figure is not None:
                return figure
        return None

    def _repeated(self, rule: FigureRule) -> dict[str, Figure]:
        members: dict[str, Figure] = {}
        for found, page in self._found(rule):
            figure = self._matched(rule, found, page)
            if figure is not None:
                members[found.group("name")] = figure
        return members

    def _matched(self, rule: FigureRule, found: re.Match[str], page: int | None) -> Figure | None:
        read = number(found.group("value"))
        if read is None:
            return None
        groups = found.groupdict()
        if rule.signed and (groups.get("sign") or "") in _DOWN:
            read = (-read[0], read[1])
        unit = groups.get("unit") or rule.unit
        return self._make(rule, f"@{rule.name}", read, found.group("value"), unit=unit, page=page)

    def _share(self, rule: FigureRule) -> None:
        """A printed 0 % or 100 % is exact only where the part is nothing or the whole."""
        whole = self.single.get(rule.whole or "")
        shares: Iterator[tuple[Figure, Figure | None]]
        if rule.group is not None:
            parts = self.group.get(rule.part or "", {})
            shares = ((f, parts.get(n)) for n, f in self.group[rule.name].items())
        elif rule.name in self.single:
            shares = iter([(self.single[rule.name], self.single.get(rule.part or ""))])
        else:
            return
        for share, part in shares:
            if share.value in (0, 100):
                share.decimals = max(share.decimals, SHARE_DECIMALS)
            plain = part is not None and (
                part.value == 0 or (whole is not None and part.value == whole.value)
            )
            share.step = Decimal(0) if plain else Decimal(1).scaleb(-max(share.decimals, 1))


def _split(text: str) -> list[str]:
    return [x.strip() for x in re.split(r"[、,]", text)]


def _sections(document: ParsedDocument) -> list[_Section]:
    found: dict[str, _Section] = {}
    for sentence in document.narrative.sentences:
        heading = squeeze(sentence.section + "|" + sentence.sub)
        section = found.setdefault(heading, _Section(heading, "", []))
        section.text += squeeze(sentence.sentence)
        section.ends.append((len(section.text), sentence.page))
    return list(found.values())

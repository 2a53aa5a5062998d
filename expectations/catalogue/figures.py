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


@dataclass(slots=True)
class Figure:
    """One figure: ``value`` in 元 or in its own unit, ``printed`` as the text has it."""

    name: str
    value: Decimal
    step: Decimal
    printed: str
    unit: str
    decimals: int
    page: int | None
    zh: str


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
        self._pages = {f.path: f.page for f in document.narrative.figures}
        keys = document.narrative.keys
        sections = _sections(document)
        for rule in narrative.rules:
            if rule.path is not None:
                self._key(rule, keys)
            elif rule.group is not None:
                self._members(rule, keys)
            else:
                heading, pattern = narrative.patterns(rule)
                self._sentence(rule, heading, pattern, sections)
        for rule in narrative.rules:
            if rule.part is not None:
                self._share(rule)

    def _key(self, rule: FigureRule, keys: dict[str, object]) -> None:
        path = need(rule.path)
        node: object = keys
        for part in path.split("/"):
            node = node.get(part) if isinstance(node, dict) else None
        if isinstance(node, bool):
            self.flags[rule.name] = node
            return
        figure = self._figure(rule, path, node)
        if figure is not None:
            self.single[rule.name] = figure

    def _members(self, rule: FigureRule, keys: dict[str, object]) -> None:
        group = need(rule.group)
        node = keys.get(group)
        members: dict[str, Figure] = {}
        for name, value in node.items() if isinstance(node, dict) else ():
            printed = value.get(rule.member) if rule.member and isinstance(value, dict) else value
            path = f"{group}/{name}" + (f"/{rule.member}" if rule.member else "")
            if name in rule.besides:
                continue
            figure = self._figure(rule, path, printed)
            if figure is not None:
                figure.zh = f"{rule.zh}{name}"
                members[str(name)] = figure
        self.group[rule.name] = members

    def _figure(self, rule: FigureRule, path: str, printed: object) -> Figure | None:
        read = number(printed)
        if read is None:
            return None
        return self._make(rule, path, read, str(printed), unit=rule.unit, page=self._page(path))

    def _page(self, path: str) -> int | None:
        return self._pages.get(path) or self._pages.get(path.removesuffix("/amount"))

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

    def _sentence(
        self,
        rule: FigureRule,
        heading: re.Pattern[str],
        pattern: re.Pattern[str],
        sections: list[_Section],
    ) -> None:
        for section in sections:
            if heading.search(section.heading) is None:
                continue
            found = pattern.search(section.text)
            if found is None:
                continue
            page = section.page(found.start())
            if rule.listed:
                self.lists[rule.name] = [x for x in _split(found.group("list")) if x]
                return
            read = number(found.group("value"))
            if read is None:
                continue
            groups = found.groupdict()
            if rule.signed and (groups.get("sign") or "") in _DOWN:
                read = (-read[0], read[1])
            unit = groups.get("unit") or rule.unit
            name = f"@{rule.name}"
            self.single[rule.name] = self._make(
                rule, name, read, found.group("value"), unit=unit, page=page
            )
            return

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

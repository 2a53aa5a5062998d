"""Part 3 of a disclosure, 预算情况说明: sentences, figures, reasons, assets, procurement, staff.

What is looked for is data (``parsers/text/narrative.yml``): a wording of another county or year
is one more rule there. Every sentence with a figure is kept, claimed by a rule or not: nothing
is lost. Figures in ``Narrative.keys`` are decimal strings in 万元 (names ending in ``_yuan``: 元;
percentages without sign %), a decrease is negative; ``Narrative.figures`` has each with its
printed text, page and box, and further figures that have no key (``general_public_basic``,
``perf_amount``, ``three_public_reception`` …).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any, cast

from parsers.cover import Cover
from parsers.document import Amount, Dropped, KeyFigure, Narrative, Reason, Sentence, Warning_
from parsers.page import Grid, GridCell, Page, TextLine, Word
from parsers.textflow import Run, chinese_number, fold, load_rules, mask_personal, squeeze

_NUMBER = r"-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_START = r"(?<![\d.,])"
_COUNT = r"(?:\d+|[零〇一二两三四五六七八九十百]+)"
_LAST = r"(?:上一?年度?|去年|20\d\d年?度?)"
_THAN = rf"(?:[比较与同]{_LAST}|同比)"
_SAME = (
    r"[与同比和较]"
    + _LAST
    + r"(?:[年初]*预算)?(?:数|执行数)?(?:相比)?(?:基本)?(?:相同|持平|一致|无变化|相等)"
)
_WORDS = r"(?:(?![比较与同增减升降])[^；。，\d\n]){0,16}?"
_MONEY = {
    "万元": Decimal(10000),
    "元": Decimal(1),
    "亿元": Decimal(100_000_000),
    "千元": Decimal(1000),
}
_FRAME_CELLS = 3
_FEW_SECTIONS = 3  # a narrative has twelve
_MIRROR_LINES = 6  # so many lines a side tell mirrored margins
_PAGE_NUMBER = re.compile(r"[-—–_·.\s]*第?\d{1,4}页?[，,/]?(?:共?\d{1,4}页?)?[-—–_·.\s]*")


@dataclass(slots=True)
class NarrativeReading:
    """What the running text says."""

    narrative: Narrative = field(default_factory=Narrative)
    reasons: list[Reason] = field(default_factory=list)
    assets: dict[str, object] = field(default_factory=dict)
    procurement: dict[str, object] = field(default_factory=dict)
    staff: dict[str, object] = field(default_factory=dict)
    dropped: list[Dropped] = field(default_factory=list)
    warnings: list[Warning_] = field(default_factory=list)


# --------------------------------------------------------------------------- text and numbers
def clean(text: str) -> str:
    """Folded text in which ``,`` stands inside numbers only and the clause comma is ``，``.

    A full-width comma never belongs to a number. Length and positions are kept.
    """
    folded = fold(text)
    out = list(folded)
    for n, c in enumerate(folded):
        if c == ";":
            out[n] = "；"
        elif c == "," and (
            text[n] == "，"
            or not (n and folded[n - 1].isdecimal() and folded[n + 1 : n + 2].isdecimal())
        ):
            out[n] = "，"
    return "".join(out)


def parse_number(text: str) -> Decimal | None:
    """``1,494.18`` → 1494.18; None for anything that is no well-formed number."""
    return Decimal(text.replace(",", "")) if re.fullmatch(_NUMBER, text) else None


def count_of(text: str) -> Decimal | None:
    """A count in digits or Chinese numerals (四 → 4)."""
    if re.fullmatch(r"\d+", text):
        return Decimal(text)
    n = chinese_number(text)
    return None if n is None else Decimal(n)


@cache
def _units() -> str:
    return str(load_rules("narrative")["units"])


def amounts_in(text: str) -> list[tuple[int, int, str, Decimal, str]]:
    """Every figure with a unit in cleaned text: start, end, printed number, value, unit."""
    out = []
    for m in re.finditer(rf"{_START}(?P<v>{_NUMBER})(?P<u>{_units()})", text):
        value = parse_number(m["v"])
        if value is not None:
            out.append((m.start(), m.end(), m["v"], value, m["u"]))
    return out


def malformed_numbers(text: str) -> list[str]:
    """Figures before a unit of money or % that are no well-formed number, e.g. 1,2345.6万元."""
    return [
        m[0]
        for m in re.finditer(r"(?P<v>[\d.,]*\d[\d.,]*)(?:万元|亿元|元|%)", text)
        if parse_number(m["v"]) is None
    ]


@cache
def _expand(pattern: str) -> re.Pattern[str]:
    """The short forms of the YAML as a regular expression."""
    rules = load_rules("narrative")
    direction = f"(?:{rules['increase']}|{rules['decrease']})"
    change = f"(?:{_SAME}|<THAN>[^；。\\n\\d]*?<D:d><N:w>)"
    text = pattern.replace("<CHANGE>", change)
    text = text.replace("<SAME>", _SAME).replace("<THAN>", _THAN).replace("<W>", _WORDS)
    text = text.replace("<G>", r"(?:(?!相同|持平|一致)[^；。\n])*?")
    for short, made in (
        ("N", rf"{_START}(?P<\1>{_NUMBER})(?P<\1__unit>亿元|万元|千元|元)"),
        ("P", rf"{_START}(?P<\1>{_NUMBER})%"),
        ("Q", rf"{_START}(?P<\1>{_NUMBER})"),
        ("C", rf"(?P<\1>{_COUNT})"),
        ("D", rf"(?P<\1>{direction})(?:率|额|数|金额|幅度)?[了为约达:]*"),
    ):
        text = re.sub(rf"<{short}:(\w+)>", made.replace("\\", "\\\\").replace("\\\\1", "\\1"), text)
    return re.compile(text, re.DOTALL)


# --------------------------------------------------------------------------- lines and paragraphs
@dataclass(slots=True)
class Line:
    """One printed line of running text, with the place of each of its signs."""

    run: Run
    text: str  # cleaned
    page: int
    x0: float
    x1: float
    top: float
    height: float


@dataclass(slots=True)
class _Paragraph:
    run: Run
    sub: str = ""

    @property
    def text(self) -> str:
        return clean(self.run.text)


@dataclass(slots=True)
class _Section:
    id: str
    heading: str
    paragraphs: list[_Paragraph] = field(default_factory=list)

    def joined(self) -> tuple[Run, str]:
        """All paragraphs, each after a line feed: the run and its cleaned text."""
        run = Run()
        for p in self.paragraphs:
            page = p.run.pages[0]
            run.extend(Run("\n", [page], [p.run.boxes[0]]))
            run.extend(p.run)
        return run, clean(run.text)


def _cell_lines(cell: GridCell, page: int) -> list[TextLine]:
    lines: list[list[Word]] = []
    for w in sorted(cell.words, key=lambda w: ((w.top + w.bottom) / 2, w.x0)):
        if lines and abs(lines[-1][0].top + lines[-1][0].bottom - w.top - w.bottom) / 2 < 4:
            lines[-1].append(w)
        else:
            lines.append([w])
    return [TextLine(page, sorted(ws, key=lambda w: w.x0)) for ws in lines]


def running_lines(pages: list[Page], cover: Cover) -> Iterator[Line]:
    """Lines of running text in reading order, without page numbers and running heads."""
    edge: Counter[str] = Counter()
    per_page: list[tuple[Page, list[TextLine]]] = []
    for page in pages:
        if page.number in cover.contents_pages:
            continue
        lines: list[TextLine] = []
        for item in page.flow():
            if isinstance(item, Grid):
                if sum(1 for c in item.cells if c.words) <= _FRAME_CELLS:
                    for c in item.cells:
                        lines += _cell_lines(c, page.number)
            else:
                lines.append(item)
        per_page.append((page, lines))
        edge.update({re.sub(r"\d+", "#", squeeze(x.text)) for x in lines if _at_edge(x, page)})
    often = max(4, len(per_page) // 3)
    for page, lines in per_page:
        for x in lines:
            run = Run()
            run.add_line(x)
            if not run.text:
                continue
            if _at_edge(x, page) and (
                _PAGE_NUMBER.fullmatch(run.text) or edge[re.sub(r"\d+", "#", run.text)] >= often
            ):
                continue
            box = x.bbox
            height = max(w.bottom - w.top for w in x.words)
            yield Line(run, clean(run.text), page.number, box[0], box[2], box[1], height)


def _at_edge(line: TextLine, page: Page) -> bool:
    box = line.bbox
    return box[3] < 0.09 * page.height or box[1] > 0.9 * page.height


@dataclass(slots=True)
class _Measure:
    """How the running text is set: its margins and the height of its glyphs."""

    left: float = 0.0
    right: float = 1e9
    height: float = 10.0
    indents: bool = True  # paragraphs begin with an indent

    @staticmethod
    def of(lines: list[Line]) -> _Measure:
        if not lines:
            return _Measure()
        heights: Counter[int] = Counter()
        for x in lines:
            heights[round(x.height)] += len(x.text)
        height = float(heights.most_common(1)[0][0])
        body = [x for x in lines if abs(x.height - height) <= max(1.5, 0.15 * height)]
        lefts: Counter[int] = Counter(round(x.x0 / 3) for x in body)
        need = max(1.0, 0.08 * len(body))
        left = min((3.0 * k for k, n in lefts.items() if n >= need), default=body[0].x0)
        indented = sum(left + height < x.x0 < left + 4 * height for x in body)
        return _Measure(left, max(x.x1 for x in body), height, indented >= 0.1 * len(body))


def _edges(lines: list[Line]) -> tuple[float, float, float]:
    """Left and right edge of the lines that begin at the margin, and the height of the text."""
    measure = _Measure.of(lines)
    rights = sorted(x.x1 for x in lines if abs(x.x0 - measure.left) < 0.5 * measure.height)
    right = rights[len(rights) * 3 // 4] if rights else measure.right
    return measure.left, right, measure.height


def _straighten(lines: list[Line]) -> None:
    """Odd and even pages may be set with mirrored margins: bring them onto one another."""
    odd = [x for x in lines if x.page % 2]
    even = [x for x in lines if not x.page % 2]
    if len(odd) < _MIRROR_LINES or len(even) < _MIRROR_LINES:
        return
    (left, right, height), (other_left, other_right, _) = _edges(odd), _edges(even)
    shift = left - other_left
    if abs(shift) > 0.5 * height and abs(shift - (right - other_right)) < 1.2 * height:
        for x in odd:
            x.x0 -= shift
            x.x1 -= shift


def _sections(lines: list[Line]) -> tuple[list[_Section], list[Line]]:
    """The sections of part 3, and the lines before it (part 1 and the titles of the forms)."""
    found = _cut_sections(lines, "heading")
    known = sum(s.id != "unknown" for s in found[0])
    if known < _FEW_SECTIONS:  # headings numbered （一） or 1.
        other = _cut_sections(lines, "loose_heading")
        if sum(s.id != "unknown" for s in other[0]) > known:
            return other
    return found


def _cut_sections(lines: list[Line], style: str) -> tuple[list[_Section], list[Line]]:
    rules = load_rules("narrative")
    start, end = re.compile(rules["part"]["start"]), re.compile(rules["part"]["end"])
    heading, sub_heading = re.compile(rules[style]), re.compile(rules["sub_heading"])
    caption, label = re.compile(rules["caption"]), re.compile(rules["chart_label"])
    known = [
        (s["id"], re.compile(rf"(?:{rules['heading_prefix']})(?:{s['heading']})"))
        for s in rules["sections"]
    ]

    def section_of(text: str) -> str | None:
        m = heading.match(text)
        if not m:
            return None
        title = m["title"].rstrip(":")
        return next((i for i, k in known if k.fullmatch(title)), None)

    starts = [n for n, x in enumerate(lines) if start.match(x.text)]
    if starts:
        first = starts[-1]
    else:
        first = next((n for n, x in enumerate(lines) if section_of(x.text)), len(lines))
    last = next((n for n in range(first + 1, len(lines)) if end.match(lines[n].text)), len(lines))
    part = lines[first:last]
    _straighten(part)
    measure = _Measure.of(part)
    sections: list[_Section] = []
    sub, previous = "", None
    wrapped = False  # this line is the rest of a heading
    for n, x in enumerate(part):
        if wrapped or start.match(x.text):
            wrapped = False
            continue
        name, text = section_of(x.text), x.run.text
        m = heading.match(x.text)
        if m and name is None and n + 1 < len(part):
            name = section_of(x.text + part[n + 1].text)
            if name:
                wrapped, text = True, text + part[n + 1].run.text
        if name or (m and not amounts_in(x.text) and _is_title(x, measure)):
            sections.append(_Section(name or "unknown", text))
            sub, previous = "", None
            continue
        if not sections:
            sections.append(_Section("unknown", ""))
        if sub_heading.match(x.text) and not amounts_in(x.text) and _ends_short(x, measure):
            sub, previous = x.run.text, None
            continue
        if (
            caption.match(x.text)
            and _ends_short(x, measure)
            and x.x0 > measure.left + measure.height
        ):
            continue
        if x.height < 0.8 * measure.height and label.match(x.text):
            continue
        paragraphs = sections[-1].paragraphs
        if previous is not None and paragraphs and _continues(previous, x, measure):
            paragraphs[-1].run.extend(x.run)
        else:
            paragraphs.append(_Paragraph(Run(x.run.text, [*x.run.pages], [*x.run.boxes]), sub))
        previous = x
    return sections, lines[:first]


def _is_title(x: Line, measure: _Measure) -> bool:
    return not x.text.endswith(("。", "；", "，", ":")) and _ends_short(x, measure)


def _ends_short(x: Line, measure: _Measure) -> bool:
    return x.x1 < measure.right - measure.height


def _continues(before: Line, x: Line, measure: _Measure) -> bool:
    """Does this line run on from the one before?"""
    if before.text[-1].isdecimal() or before.text[-1] in ".,":
        return True  # a number is never the end of a paragraph
    if x.x0 > measure.left + 0.8 * measure.height:
        return False
    if measure.indents:
        return True
    ended = before.text.endswith(("。", "；", ":", "!", "?"))
    return not (ended and before.x1 < measure.right - 3 * measure.height)


# --------------------------------------------------------------------------- sentences
@dataclass(slots=True)
class _Cut:
    section: int  # index in the list of sections
    start: int  # positions in the joined text of the section
    end: int


def _sentences(
    sections: list[_Section], warnings: list[Warning_]
) -> tuple[list[Sentence], list[_Cut]]:
    """Sentences with figures, cut at 。 and ； and at ends of paragraphs."""
    out: list[Sentence] = []
    cuts: list[_Cut] = []
    for number, section in enumerate(sections):
        offset = 0
        for p in section.paragraphs:
            offset += 1  # the line feed
            text = p.text
            for m in re.finditer(r"[^。；]+[。；]?", text):
                body = m[0]
                bad = malformed_numbers(body)
                found = amounts_in(body)
                page = p.run.pages[m.start()]
                for b in bad:
                    warnings.append(
                        Warning_(
                            code="narrative_number",
                            message=f"{b} is no well-formed number and is not taken as one",
                            page=page,
                            where=section.heading,
                        )
                    )
                if not found and not bad:
                    continue
                amounts = []
                for a, b_, _, value, unit in found:
                    where, box = p.run.place(m.start() + a, m.start() + b_)
                    amounts.append(
                        Amount(
                            text=p.run.text[m.start() + a : m.start() + b_],
                            value=value,
                            unit=unit,
                            page=where,
                            bbox=box,
                        )
                    )
                out.append(
                    Sentence(
                        section=section.heading,
                        sub=p.sub,
                        sentence=p.run.text[m.start() : m.end()],
                        amounts=amounts,
                        page=page,
                    )
                )
                cuts.append(_Cut(number, offset + m.start(), offset + m.end()))
            offset += len(text)
    return out, cuts


# --------------------------------------------------------------------------- figures
@dataclass(slots=True)
class _Reader:
    """Applies the rules of one section and collects keys and figures."""

    keys: dict[str, object]
    figures: list[KeyFigure]
    warnings: list[Warning_]
    cuts: list[_Cut]
    number: int = 0  # of the section
    run: Run = field(default_factory=Run)
    text: str = ""
    heading: str = ""

    def read(self, rules: list[dict[str, Any]], regions: dict[str, str]) -> None:
        spans = {None: (0, len(self.text))}
        for name, pattern in regions.items():
            m = _expand(pattern).search(self.text)
            spans[name] = m.span() if m else None  # type: ignore[index, assignment]
        for rule in rules:
            span = spans[rule.get("in")]
            if span:
                self.apply(rule, *span)

    def apply(self, rule: dict[str, Any], start: int, end: int) -> None:
        pattern = _expand(rule["pattern"])
        matches = list(pattern.finditer(self.text, start, end))
        if not rule.get("each"):
            self._tell_second(rule, matches)
            matches = matches[:1]
        for m in matches:
            for path, group in rule["gives"].items():
                name = path.format(name=m["name"].replace("/", "／")) if "{name}" in path else path
                if self.known(name):
                    continue
                if "value" in rule:
                    self.put(rule, name, rule["value"], span=m.span(), unit=None)
                elif m[group] is not None:
                    value, unit = self.value(rule, m, path, group)
                    stop = m.end(group) + (len(unit) if unit and unit != "%" else 0)
                    stop = max(stop, m.end(group) + (1 if unit == "%" else 0))
                    self.put(rule, name, value, span=(m.start(group), stop), unit=unit)

    def value(
        self, rule: dict[str, Any], m: re.Match[str], path: str, group: str
    ) -> tuple[Decimal | str | None, str | None]:
        """The signed value as printed, with its unit."""
        raw = m[group]
        unit = m.groupdict().get(group + "__unit")
        if unit is None:
            after = re.match(rf"%|{_units()}", self.text[m.end(group) :])
            unit = after[0] if after else None
        number = parse_number(raw)
        if number is None:
            number = count_of(raw)
        if number is None:
            return raw, None
        signs = rule.get("sign", {}).get(path, [])
        words = (m[g] for g in ([signs] if isinstance(signs, str) else signs))
        word = next((w for w in words if w), None)
        if word and re.fullmatch(load_rules("narrative")["decrease"], word):
            number = -number
        return number, unit

    def known(self, path: str) -> bool:
        return any(f.path == path for f in self.figures)

    def put(
        self,
        rule: dict[str, Any],
        path: str,
        value: object,
        *,
        span: tuple[int, int],
        unit: str | None,
    ) -> None:
        start, end = span
        page, box = self.run.place(start, end)
        number = value if isinstance(value, Decimal) else None
        if "value" in rule and isinstance(value, str):
            number = parse_number(value)
        self.figures.append(
            KeyFigure(
                path=path,
                text=self.run.text[start:end],
                value=number,
                unit=unit,
                page=page,
                bbox=box,
                sentence_index=next(
                    (
                        n
                        for n, c in enumerate(self.cuts)
                        if c.section == self.number and c.start <= start < c.end
                    ),
                    None,
                ),
            )
        )
        if not rule.get("extra"):
            _put(self.keys, path, self.printed(rule, value, unit))

    def printed(self, rule: dict[str, Any], value: object, unit: str | None) -> object:
        """The figure as the key's value: 万元 unless the rule says otherwise, decimals as printed."""
        if not isinstance(value, Decimal):
            return value
        target = rule.get("unit", "万元")
        if unit in _MONEY and unit != target:
            value = value * _MONEY[unit] / _MONEY[target]
        return format(value, "f")

    def _tell_second(self, rule: dict[str, Any], matches: list[re.Match[str]]) -> None:
        """One concept with two figures in a section: the first is taken, the other told."""
        if len(matches) < 2 or "value" in rule:
            return
        for path, group in rule["gives"].items():
            values = {m[group].replace(",", "") for m in matches if m[group] is not None}
            if len(values) > 1 and not self.known(path):
                first = next(m for m in matches if m[group] is not None)
                page, _ = self.run.place(*first.span(group))
                self.warnings.append(
                    Warning_(
                        code="narrative_figure_twice",
                        message=f"{path} is given as {' and '.join(sorted(values))}; "
                        "the first is taken",
                        page=page,
                        where=self.heading,
                    )
                )

    # -- statements of several bodies in one section (机关运行经费 of each unit)
    def read_clauses(self, spec: dict[str, Any]) -> None:
        clauses = []
        at = 0
        for piece in re.split(f"({spec['split']})", self.text):
            if re.search(spec["must"], piece):
                clauses.append((at, at + len(piece)))
            at += len(piece)
        stated = [
            c for c in clauses if _expand(spec["figures"][0]["pattern"]).search(self.text, *c)
        ]
        if len(stated) <= 1:
            for rule in spec["figures"]:
                span = stated[0] if stated else (0, len(self.text))
                self.apply(rule, *span)
            return
        items: list[dict[str, object]] = []
        for n, (start, end) in enumerate(stated):
            lead = len(self.text[start:end]) - len(self.text[start:end].lstrip("\n"))
            m = re.compile(spec["unit"]).match(self.text[start + lead : end])
            item: dict[str, object] = {"unit": m["unit"] if m else None}
            mine: dict[str, object] = {}
            reader = _Reader(
                mine, [], self.warnings, self.cuts, self.number, self.run, self.text, self.heading
            )
            for rule in spec["figures"]:
                reader.apply(rule, start, end)
                path = next(iter(rule["gives"]))
                if not rule.get("extra") and item.get(rule["item"]) is None:
                    item[rule["item"]] = mine.get(path)
            for f in reader.figures:
                rule = next(r for r in spec["figures"] if f.path in r["gives"])
                f.path = f"{spec['list']}/{n}/{rule['item']}"
                self.figures.append(f)
            items.append(item)
        self.keys[spec["list"]] = items


def _put(keys: dict[str, object], path: str, value: object) -> None:
    parts = path.split("/")
    at = keys
    for p in parts[:-1]:
        below = at.get(p)
        if not isinstance(below, dict):
            below = {}
            at[p] = below
        at = cast("dict[str, object]", below)
    at[parts[-1]] = value


def _empty_keys() -> dict[str, object]:
    """Every key that a full narrative has, null: what is not said is seen to be not said."""
    keys: dict[str, object] = {}
    for section in load_rules("narrative")["sections"]:
        rules = list(section["figures"]) if section.get("figures") else []
        rules += section.get("clauses", {}).get("figures", [])
        for rule in rules:
            if rule.get("extra") or rule.get("optional"):
                continue
            for path in rule["gives"]:
                if "{name}" in path:
                    keys.setdefault(path.split("/")[0], {})
                elif "/" in path:
                    _put(keys, path, None)
                else:
                    keys[path] = None
    return keys


# --------------------------------------------------------------------------- reasons
def _reasons(section: dict[str, Any], run: Run, text: str) -> list[Reason]:
    """增减变动原因: the text after 原因是 up to the next topic or the end of the paragraph."""
    rules = load_rules("narrative")
    topics = sorted(
        (m.start(), name, bool(_expand("[^；。，\\n]{0,14}?<N:v>").match(text, m.end())))
        for name, pattern in section.get("reasons", {}).items()
        for m in _expand(pattern).finditer(text)
    )
    out = []
    for m in re.finditer(rules["reason"], text):
        before = [(at, name) for at, name, _ in topics if at < m.start()]
        if not before:
            continue
        at, topic = before[-1]
        stop = text.find("\n", m.end())
        stop = stop if stop >= 0 else len(text)
        following = next((a for a, _, stated in topics if stated and m.end() < a < stop), None)
        if following is not None:  # back to the end of the sentence before the next statement
            cut = max(text.rfind(c, m.end(), following) for c in "；。")
            stop = cut if cut >= 0 else following
        again = re.search(rules["reason"], text[m.end() : stop])
        if again:
            stop = m.end() + again.start()
        said = re.sub(
            r"(?:[。；，]*(?:其中:?)?(?:本年)?(?:本?(?:部门|单位))?(?:预算)?)+$",
            "",
            text[m.end() : stop],
        )
        said_end = m.end() + len(said)
        if not said:
            continue
        stated = text[at : m.start()]
        moves = list(_expand("<D:d><N:v>").finditer(stated))
        direction, amount = None, None
        if moves:
            move = moves[-1]
            down = re.fullmatch(rules["decrease"], move["d"])
            direction = "decrease" if down else "increase"
            value = parse_number(move["v"])
            if value is not None:
                amount = value * _MONEY[move["v__unit"]] / _MONEY["万元"]
        elif _expand("<SAME>").search(stated):
            direction = "unchanged"
        out.append(
            Reason(
                topic=topic,
                direction=direction,
                amount=amount,
                text=run.text[m.end() : said_end],
                page=run.pages[m.end()] if m.end() < len(run.pages) else None,
            )
        )
    return out


# --------------------------------------------------------------------------- staff
def _staff(lines: list[Line]) -> dict[str, object]:
    """Persons and posts named in part 1 (机构设置情况); counts as strings, with their places."""
    rules = load_rules("narrative")["staff"]
    heading = re.compile(load_rules("narrative")["heading"])
    begin = next(
        (
            n
            for n, x in enumerate(lines)
            if heading.match(x.text) and re.search(rules["heading"], x.text)
        ),
        None,
    )
    if begin is None:
        return {}
    run = Run()
    for x in lines[begin + 1 :]:
        if heading.match(x.text) or re.match(r"第[二2]部分", x.text):
            break
        run.extend(x.run)
    text = clean(run.text)
    out: dict[str, object] = {}
    places: dict[str, object] = {}
    for name, pattern in rules["figures"].items():
        m = _expand(pattern).search(text)
        value = count_of(m["v"]) if m else None
        if m and value is not None:
            page, box = run.place(*m.span("v"))
            out[name] = str(value)
            places[name] = {"page": page, "bbox": box, "text": run.text[m.start() : m.end()]}
    if out:
        out["places"] = places
    return out


def read_narrative(pages: list[Page], cover: Cover) -> NarrativeReading:
    """Sentences, key figures and reasons of part 3; staff of part 1. Pure.

    A document without part 3 gives an empty reading with the warning ``narrative_missing``.
    """
    reading = NarrativeReading()
    sections, before = _sections(list(running_lines(pages, cover)))
    reading.staff = _staff(before)
    if not sections:
        reading.warnings.append(
            Warning_(
                code="narrative_missing",
                message="no part 3 (预算情况说明) and none of its sections was found",
                where="part 3",
            )
        )
        return reading
    for section in sections:
        for p in section.paragraphs:
            p.run, dropped = mask_personal(p.run)
            reading.dropped += dropped
    sentences, cuts = _sentences(sections, reading.warnings)
    declared = {s["id"]: s for s in load_rules("narrative")["sections"]}
    keys = _empty_keys()
    figures: list[KeyFigure] = []
    seen: set[str] = set()
    for number, section in enumerate(sections):
        spec = declared.get(section.id)
        if spec is None or not section.paragraphs:
            continue
        if section.id in seen and spec.get("figures"):
            reading.warnings.append(
                Warning_(
                    code="narrative_section_twice",
                    message=f"{spec['title']} stands twice; figures are taken from the first",
                    page=section.paragraphs[0].run.pages[0],
                    where=section.heading,
                )
            )
            continue
        seen.add(section.id)
        run, text = section.joined()
        reader = _Reader(keys, figures, reading.warnings, cuts, number, run, text, section.heading)
        reader.read(spec.get("figures") or [], spec.get("regions", {}))
        if "clauses" in spec:
            reader.read_clauses(spec["clauses"])
        for path, pattern in spec.get("lists", {}).items():
            m = re.search(pattern, text)
            if m:
                items = re.sub(r"等$", "", m["items"])
                page, box = run.place(m.start("items"), m.start("items") + len(items))
                figures.append(KeyFigure(path=path, text=items, page=page, bbox=box))
        reading.reasons += _reasons(spec, run, text)
    for s in declared.values():
        if s.get("figures") and s["id"] not in seen:
            reading.warnings.append(
                Warning_(
                    code="narrative_section_missing",
                    message=f"section {s['title']} was not found",
                    where="part 3",
                )
            )
    reading.narrative = Narrative(keys=keys if seen else {}, sentences=sentences, figures=figures)
    names = load_rules("narrative")
    reading.procurement = {k: keys.get(k) for k in names["procurement_keys"] if seen}
    reading.assets = {k: keys[k] for k in names["asset_keys"] if k in keys and seen}
    return reading


__all__ = [
    "NarrativeReading",
    "amounts_in",
    "clean",
    "count_of",
    "malformed_numbers",
    "parse_number",
    "read_narrative",
]

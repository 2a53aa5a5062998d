"""Recognised figures before they are judged: witnessed, settled by the sums, or told as open.

A figure of a scan counts as read where two recognisers that share neither model nor
preprocessing say the same and are sure (``parsers.seen``). Every other one is in doubt: the hard
sums of the document must leave exactly one of its readings (``expectations.catalogue.repair``),
whatever the other figures in doubt are. If that is not the first reading, the figure is repaired
and keeps it; if more than one is left, or none was tested, a person decides. A figure that sums
have as one with others (the total of a single line, the same subject in another form) was printed
several times: what both recognisers say of each print counts together.

A row is found in other forms by its code, so a code that was not read surely must stand beside
the same name elsewhere, or a person decides.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from expectations.catalogue import load_catalogue
from expectations.catalogue.binder import Binder, Bound
from expectations.catalogue.repair import Doubt, Key, Settled, key_of, printed_alike, settle
from nightly.decisions import mark_as_read, row_and_column
from parsers.document import Cell, ParsedDocument, Table, Warning_
from parsers.forms import family
from parsers.forms import key as plain
from parsers.money import NotAnAmountError, parse_amount
from parsers.scanlabels import match_names
from parsers.second import same_figure
from parsers.seen import CONTRADICTED, SURE, UNWITNESSED
from warehouse.reference import economic_items, function_names

MOST_DOUBTS = 150
"""More figures in doubt than this are no doubts about figures: the scan is not readable."""
_ALIKE = {
    "0": "689", "1": "47", "2": "37", "3": "5892", "4": "19", "5": "638", "6": "850",
    "7": "12", "8": "35609", "9": "038",
}  # fmt: skip
"""Digits whose print is nearly alike when it is worn."""
_UNLIKELY = 1.5
_CODE_LENGTHS = (3, 5, 7)
"""类、款、项 of the functional classification."""
_FIGURE = re.compile(r"-?(?:0|[1-9]\d{0,7})\.\d{2}")
_USUAL_DECIMALS = 2
_MOST_COVERED, _COVERED_COST = 40, 4.0
"""More figures than this are not covered here and there; a sign that was not seen is unlikelier
than any that was."""
_SCRAP = 2
_TESTS = 2
_SHOWN = 12


@dataclass
class Settlement:
    """``document`` with what was repaired; ``open``: figures that a person must decide, likeliest
    to be wrong first; ``told``: a sentence for each repaired figure; ``settled``: all figures of
    scans that need no further look."""

    document: ParsedDocument
    open: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    settled: set[str] = field(default_factory=set)
    reasons: list[str] = field(default_factory=list)


def is_recognised(document: ParsedDocument) -> bool:
    return any(c.source == "ocr" for t in document.tables for row in t.cells for c in row)


def settle_scans(document: ParsedDocument, decided: Collection[str] = ()) -> Settlement:
    """Settle the recognised figures of a document; ``decided`` are those a person has read."""
    document = document.model_copy(deep=True)
    match_names(document, function_names(), economic_items())
    out = Settlement(document)
    stray = stray_figures(document, decided)
    doubts: dict[Key, Doubt] = {}
    readings: dict[Key, list[str]] = {}
    for table in document.tables:
        finest = _finest(table)
        for r, c, cell in _figures(table):
            key = f"{table.id}/{r}/{c}"
            if cell.source != "ocr" or key in decided or key in stray:
                continue
            if (cell.confidence or 0.0) >= SURE and _readable(cell.text):
                out.settled.add(key)
                continue
            said = [x for x in readings_of(cell) if _decimals(x[0]) <= finest]
            free = not said or (not cell.text and (cell.confidence or 0.0) < SURE)
            values = [_yuan(text, table.factor) for text, _ in said]
            readings[table.id, r, c] = [text for text, _ in said]
            doubts[table.id, r, c] = Doubt(
                values, [cost for _, cost in said], table.step * table.factor, free
            )
    out.open = codes = [*doubtful_codes(document, decided), *stray]
    if not doubts:
        return _opened(out, feasible=True)
    if len(doubts) > MOST_DOUBTS:
        out.open = [*codes, *map(_name, doubts)]
        out.reasons = [f"扫描件：{len(doubts)} 处数字识别没有把握，超过 {MOST_DOUBTS} 处"]
        return out
    bounds = Binder(document, load_catalogue()).bind()
    answer = settle(bounds, doubts)
    read = {at: set(texts) for at, texts in readings.items()}
    if not answer.feasible and _widen(document, doubts, readings):
        answer = settle(bounds, doubts)
        _tested_twice(bounds, answer, readings, read)
    _count_together(document, bounds, answer, readings)
    for at, doubt in doubts.items():
        name = _name(at)
        cell = _cell(document, name)
        if not answer.feasible or at in answer.open:
            out.open.append(name)
            continue
        factor = _table(document, name).factor
        left = answer.left.get(at)
        text = _confirmed(cell, left, factor) if doubt.free else readings[at][answer.chosen[at]]
        if text is None:
            if left is not None:
                proposed = f"{left / factor:.2f}"
                cell.alternatives = [proposed, *(a for a in cell.alternatives if a != proposed)]
            out.open.append(name)
        elif same_figure(text, cell.text) and _readable(cell.text):
            out.settled.add(name)
        else:
            _repair(out, name, text)
    return _opened(out, feasible=answer.feasible)


def _opened(out: Settlement, *, feasible: bool) -> Settlement:
    """What stays open in words, likeliest to be wrong first."""
    document = out.document
    out.open.sort(key=lambda k: _confidence(document, k))
    if out.open:
        shown = [_said(document, k) for k in out.open[:_SHOWN]]
        if len(out.open) > len(shown):
            shown.append(f"另有 {len(out.open) - len(shown)} 处")
        out.reasons = [
            *([] if feasible else ["扫描件：识别结果的任何组合都不满足勾稽关系"]),
            *(f"存疑 {x}" for x in shown),
        ]
        for k in out.open:
            held = _cell(document, k)
            document.warnings.append(
                Warning_(
                    code="second_reading_differs",
                    message=_said(document, k),
                    page=held.page,
                    where=k,
                )
            )
    return out


def _count_together(
    document: ParsedDocument,
    bounds: Sequence[Bound],
    answer: Settled,
    readings: Mapping[Key, Sequence[str]],
) -> None:
    """Settle figures that were printed several times, each time read alike by both recognisers:
    margins of prints that were worn by themselves add up."""
    if not answer.feasible or not answer.open:
        return
    for same in printed_alike(bounds):
        borne = {k: max(0.0, _confidence(document, _name(k)) - UNWITNESSED) for k in same}
        if sum(borne.values()) < SURE - UNWITNESSED:
            continue
        for at in same & answer.open:
            picked = answer.likeliest.get(at)
            cell = _cell(document, _name(at))
            if (
                borne[at] > 0.0
                and picked is not None
                and cell.source == "ocr"
                and same_figure(readings[at][picked], cell.text)
            ):
                answer.open.discard(at)
                answer.chosen[at] = picked


def stray_figures(document: ParsedDocument, decided: Collection[str] = ()) -> list[str]:
    """Recognised figures in rows without any label or code: a page number or dirt below a form
    without rules reads as one, and no sum has it as an addend."""
    out = []
    for table in document.tables:
        kinds = [c.kind for c in family().forms[table.id].columns]
        for r, row in enumerate(table.cells):
            if any(x.text for x, kind in zip(row, kinds, strict=False) if kind != "amount"):
                continue
            out += [
                f"{table.id}/{r}/{c}"
                for c, (cell, kind) in enumerate(zip(row, kinds, strict=False))
                if kind == "amount" and cell.source == "ocr" and cell.text
            ]
    return [key for key in out if key not in decided]


def doubtful_codes(document: ParsedDocument, decided: Collection[str] = ()) -> list[str]:
    """Recognised codes that are none, or that were not read surely and stand nowhere else
    beside the same name."""
    found: list[tuple[str, Cell, str]] = []
    beside: dict[tuple[str, str], set[str]] = {}
    for table in document.tables:
        form = family().forms[table.id]
        for r, row in enumerate(table.cells):
            for c, cell in enumerate(row):
                if (
                    c + 1 >= min(len(form.columns), len(row))
                    or form.columns[c].kind != "code"
                    or not any(ch.isdecimal() for ch in cell.text)
                ):
                    continue
                name = plain(row[c + 1].text)
                beside.setdefault((cell.text, name), set()).add(table.id)
                if cell.source == "ocr":
                    found.append((f"{table.id}/{r}/{c}", cell, name))
    out = []
    for at, cell, name in found:
        well = cell.text.isdecimal() and len(cell.text) in _CODE_LENGTHS
        sure = (cell.confidence or 0.0) >= SURE or len(beside[cell.text, name]) > 1
        if at not in decided and not (well and sure):
            out.append(at)
    return out


def readings_of(cell: Cell) -> list[tuple[str, float]]:
    """What a figure in doubt may be, with the cost of taking it: as read, the alternatives of
    both recognisers, and one digit taken for one that looks nearly alike."""
    out: dict[Decimal | None, tuple[str, float]] = {}

    def add(text: str, cost: float) -> None:
        if _readable(text):
            value = parse_amount(text)
            if value not in out:
                out[value] = (text, cost)

    add(cell.text, 0.0)
    for n, text in enumerate(cell.alternatives):
        add(text, 1.0 + n / 100)
    for text in _with_one_point(cell.text):
        add(text, 1.2)
    if cell.text:
        for text in [cell.text, *cell.alternatives[:2]]:
            for n, ch in enumerate(text):
                for other in _ALIKE.get(ch, ""):
                    add(text[:n] + other + text[n + 1 :], _UNLIKELY + 1.0)
    return [*out.values()]


def _widen(
    document: ParsedDocument, doubts: dict[Key, Doubt], readings: dict[Key, list[str]]
) -> bool:
    """Where no choice of readings fits: figures whose print is partly covered (both recognisers
    read them differently) may have any digit where one was read, or one more. False: none is."""
    covered = [k for k in doubts if _confidence(document, _name(k)) <= CONTRADICTED]
    if not 0 < len(covered) <= _MOST_COVERED:
        return False
    for at in covered:
        table, cell = _table(document, _name(at)), _cell(document, _name(at))
        finest = _finest(table)
        costs = dict(zip(readings[at], doubts[at].costs, strict=True))
        values = {_yuan(text, table.factor) for text in costs}
        for text in _partly_covered(cell):
            value = _yuan(text, table.factor)
            if value not in values and _decimals(text) <= finest:
                values.add(value)
                costs[text] = _COVERED_COST
        readings[at] = [*costs]
        doubts[at] = Doubt(
            [_yuan(text, table.factor) for text in costs], [*costs.values()], doubts[at].step
        )
    return True


def _tested_twice(
    bounds: Sequence[Bound],
    answer: Settled,
    readings: Mapping[Key, Sequence[str]],
    read: Mapping[Key, Collection[str]],
) -> None:
    """A figure that nobody read so (not among ``read``) is settled only where two sums have it:
    one alone would put there whatever another's misreading leaves. Blank adds nothing."""
    for at, picked in [*answer.chosen.items()]:
        tests = sum(any(key_of(t) == at for t in b.terms) for b in bounds)
        text = readings[at][picked]
        if text and text not in read[at] and tests < _TESTS:
            del answer.chosen[at]
            answer.open.add(at)


def _partly_covered(cell: Cell) -> set[str]:
    """Figures of which all that was read is right but one sign, or but one that is not seen;
    blank where hardly anything was read."""
    out: set[str] = set()
    for text in (cell.text, *cell.alternatives[:4]):
        plain_ = text.replace(",", "")
        pointed = plain_ if plain_.count(".") else f"{plain_[:-2]}.{plain_[-2:]}"
        for said in {plain_, pointed}:
            for n in range(len(said) + 1):
                for digit in "0123456789":
                    out.add(said[:n] + digit + said[n:])
                    out.add(said[:n] + digit + said[n + 1 :])
    out = {text for text in out if _FIGURE.fullmatch(text)}
    # a scrap of a watermark in a blank cell reads as a sign or two
    return out | {""} if len(cell.text) <= _SCRAP else out


def _finest(table: Table) -> int:
    """Decimals of the table's surely read figures, at most; without any, those of all forms."""
    read = [
        _decimals(cell.text)
        for _, _, cell in _figures(table)
        if cell.text and _readable(cell.text)
        and (cell.source != "ocr" or (cell.confidence or 0.0) >= SURE)
    ]  # fmt: skip
    return max(read, default=_USUAL_DECIMALS)


def _decimals(text: str) -> int:
    return len(text.partition(".")[2])


def _with_one_point(text: str) -> list[str]:
    """What a figure with several points says without specks: each point but one may be one."""
    points = [n for n, ch in enumerate(text) if ch == "."]
    if len(points) < 2:
        return []
    return [
        "".join(ch for n, ch in enumerate(text) if n not in points or n == kept) for kept in points
    ]


def _confirmed(cell: Cell, left: Decimal | None, factor: Decimal) -> str | None:
    """The reading of an unreadable figure that the sums leave, where the print says so too."""
    if left is None:
        return None
    for text in (cell.text, *cell.alternatives):
        if text and _readable(text) and _yuan(text, factor) == left:
            return text
    return None


def _repair(out: Settlement, key: str, text: str) -> None:
    cell = _cell(out.document, key)
    before = cell.text
    mark_as_read(out.document, cell)
    cell.reading_text, cell.text, cell.amount = before, text, parse_amount(text)
    cell.source = "repaired"
    _, r, c = key.split("/")
    _table(out.document, key).body[int(r)][int(c)] = text
    told = f"{_place(out.document, key)}：识别为「{before}」，按字形与勾稽关系取「{text}」"
    out.told.append(told)
    out.document.warnings.append(
        Warning_(code="second_reading_repaired", message=told, page=cell.page, where=key)
    )


def _figures(table: Table) -> list[tuple[int, int, Cell]]:
    """The amount cells of a form: by what stands in its columns' headers."""
    kinds = [c.kind for c in family().forms[table.id].columns]
    return [
        (r, c, cell)
        for r, row in enumerate(table.cells)
        for c, cell in enumerate(row)
        if c < len(kinds) and kinds[c] == "amount"
    ]


def _readable(text: str) -> bool:
    try:
        parse_amount(text)
    except NotAnAmountError:
        return False
    return True


def _yuan(text: str, factor: Decimal) -> Decimal | None:
    amount = parse_amount(text)
    return None if amount is None else amount * factor


def _name(key: Key) -> str:
    return f"{key[0]}/{key[1]}/{key[2]}"


def _table(document: ParsedDocument, key: str) -> Table:
    table = document.table(key.partition("/")[0])
    if table is None:
        raise ValueError(f"{key} names a form that the document does not have")
    return table


def _cell(document: ParsedDocument, key: str) -> Cell:
    _, r, c = key.split("/")
    return _table(document, key).cells[int(r)][int(c)]


def _confidence(document: ParsedDocument, key: str) -> float:
    return _cell(document, key).confidence or 0.0


def _place(document: ParsedDocument, key: str) -> str:
    row, column = row_and_column(document, key)
    words = [w for w in (key.partition("/")[0], row, column) if w]
    return f"{' '.join(words)}（{key}，第{_cell(document, key).page}页）"


def _said(document: ParsedDocument, key: str) -> str:
    cell = _cell(document, key)
    said = f"识别为「{cell.text}」" if cell.text else "未能识别"
    others: Sequence[str] = [a for a in cell.alternatives if not same_figure(a, cell.text)][:3]
    also = f"，也可能是{'、'.join(f'「{a}」' for a in others)}" if others else ""
    return f"{_place(document, key)}：{said}{also}（把握 {cell.confidence or 0:.2f}）"

"""Does the catalogue see a misread figure? Every digit of every amount cell, one at a time.

    python benchmarks/misreadings.py [FILE.pdf …] [--every N] [--rows N] [--misses]

Without files the sample documents of ``samples/pdf`` are read. In each, every digit of every
amount cell of T01–T13 is replaced by each of the nine others, all other cells being right.

detected    a hard identity that held is violated, by itself or taken together (J01: no unrounded
            figures satisfy all of them); or the figure stands in one that the publisher violates
            himself, and it stays so: the verdict reads its figures again; where structure is lost,
            or an identity that the print promises can no longer be evaluated (the verdict says so)
located     exactly one printed figure stands in all identities violated and has a value that
            satisfies every hard identity it stands in: it is the misread one
repairable  that value is unique at the printed step

Then decimal points are moved (every cell), cells dropped, columns shifted, rows lost and rows
swapped (``--rows`` of each for a document, evenly spread), each read again whole. Rows that changed
places leave many sums as they were: ``swapped_rows`` says what the identities see, and
``swapped_rows_placed`` what the verdict sees, which asks the second engine (pdfplumber) for the
place of one figure of each row that stands in no other form. Ends with 1
where a share is below ``misreadings.yml``, where an identity that is evaluated never fires under
a wrong digit (or one too many) of its own figures, or where an instance that the print promises is not evaluated.

What passes unseen moves a figure by its last digit, within the rounding of its sums. The joint test
asks whether any unrounded figures satisfy all sums with it: where it says yes, no further sum of
these figures could tell. ``unseen_wan_most`` holds how much that may be.

Only the identities that a cell stands in are judged again. Where more may change (a figure turns
zero, or a condition turns), all are bound again: ``changed_whole``.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from expectations.catalogue import Binder, Bound, BoundTerm, Catalogue, coverage, load_catalogue
from expectations.catalogue.adder import evaluate_all, outcome_of
from expectations.catalogue.binder import Variables
from expectations.catalogue.joint import joint_feasibility
from expectations.catalogue.schema import Witnesses
from expectations.catalogue.view import FormView
from nightly.judging import rows_of
from parsers.document import Cell, ParsedDocument, Table
from parsers.errors import DocumentError
from parsers.read import read_document
from parsers.second import CellRequest, second_reading

HERE = Path(__file__).resolve().parent
SAMPLES = HERE.parent / "samples" / "pdf"
RATIOS = ("share", "rate")
FINE = 10_000  # whole numbers of 0.0001 元: every printed step and half of it is one
Key = tuple[str, int | None, int | None, str | None]
Instance = tuple[str, str]


# --- a document with its identities, ready to be misread ---------------------------------------


class RecordingBinder(Binder):
    """Keeps the figures that numeric conditions rest on, to see when a wrong digit turns one."""

    def __init__(self, document: ParsedDocument, catalogue: Catalogue) -> None:
        self.witnessed: list[tuple[list[list[BoundTerm]], int, bool]] = []
        super().__init__(document, catalogue)

    def _witnesses(self, witnesses: Witnesses, variables: Variables) -> bool:
        groups = [
            [t for term in group for t in self.term(term, "L", variables, optional=True)]
            for group in witnesses.sums
        ]
        answer = super()._witnesses(witnesses, variables)
        self.witnessed.append((groups, witnesses.within_steps, answer))
        return answer


@dataclass(slots=True)
class Sum:
    """A hard linear identity in whole numbers: left - right is ``difference``."""

    bound: Bound
    difference: int
    tolerance: int
    low: bool  # a difference below -tolerance violates it
    high: bool
    weight: dict[Key, int]

    def broken(self, difference: int) -> bool:
        return (self.high and difference > self.tolerance) or (
            self.low and difference < -self.tolerance
        )


@dataclass(slots=True)
class Figure:
    value: int
    step: int
    text: str
    sums: list[Sum] = field(default_factory=list)
    ratios: list[tuple[Bound, list[BoundTerm]]] = field(default_factory=list)


def key_of(term: BoundTerm) -> Key:
    return term.ref.form, term.ref.row, term.ref.column, term.ref.key


def whole(value: Decimal) -> int:
    return int(value * FINE)


class Document:
    """One document as read, its hard identities indexed by figure."""

    def __init__(
        self, name: str, document: ParsedDocument, catalogue: Catalogue, data: bytes | None = None
    ) -> None:
        self.name, self.document, self.catalogue, self.data = name, document, catalogue, data
        self.binder = RecordingBinder(document, catalogue)
        self.bounds = self.binder.bind()
        results = evaluate_all(self.bounds)
        self.violated = {
            (r.identity, r.instance)
            for r in results
            if r.severity == "hard" and r.outcome == "violated"
        }
        self.doubted: dict[Key, list[tuple[Bound, BoundTerm]]] = defaultdict(list)
        for bound, result in zip(self.bounds, results, strict=True):
            if result.severity == "hard" and result.outcome == "violated":
                for term in bound.terms:
                    self.doubted[key_of(term)].append((bound, term))
        self.figures: dict[Key, Figure] = {}
        self.evaluated = Counter(r.identity for r in results if r.outcome in ("exact", "rounding"))
        for bound, result in zip(self.bounds, results, strict=True):
            holds = result.outcome in ("exact", "rounding") and result.severity == "hard"
            if bound.is_check or bound.after is not None or not holds:
                continue
            if bound.tolerance in RATIOS:
                self._ratio(bound)
            else:
                difference, tolerance = result.difference_yuan, result.tolerance_yuan
                assert difference is not None
                assert tolerance is not None
                self._sum(bound, whole(difference), whole(tolerance))
        self.kind = "other" if self._other_money() else "general"

    def _figure(self, term: BoundTerm) -> Figure | None:
        if term.value is None or term.ref.form == "A":
            return None
        known = self.figures.get(key_of(term))
        if known is None:
            step = whole(term.step) or FINE
            known = self.figures[key_of(term)] = Figure(whole(term.value), step, term.printed)
        return known

    def _sum(self, bound: Bound, difference: int, tolerance: int) -> None:
        weight: Counter[Key] = Counter()
        for term in bound.terms:
            if self._figure(term) is not None:
                weight[key_of(term)] += term.sign if term.side == "L" else -term.sign
        made = Sum(
            bound,
            difference,
            tolerance,
            low=bound.relation in ("=", ">="),
            high=bound.relation in ("=", "<="),
            weight={k: w for k, w in weight.items() if w},
        )
        for k in made.weight:
            self.figures[k].sums.append(made)

    def _ratio(self, bound: Bound) -> None:
        for term in bound.terms:
            figure = self._figure(term)
            if figure is not None:
                figure.ratios.append((bound, [term]))

    def _other_money(self) -> bool:
        form = self.binder.view.forms.get("T01")
        if form is None:
            return True
        roles = (
            "government_managed_funds",
            "state_capital_operations",
            "special_fiscal_accounts",
            "own_funds",
        )
        income = form.halves["income"].roles if "income" in form.halves else {}
        cells = [form.cell(income[r].index, form.column["income"]) for r in roles if r in income]
        spent = form.halves["expenditure"].roles.get("year_end")
        if spent is not None:
            cells += [form.cell(spent.index, j) for j in form.amount_columns]
        return any(c.amount for c in cells if c is not None) or any(
            answer for *_, answer in self.binder.witnessed
        )

    def read_again(self, k: Key, change: int) -> bool:
        """Does figure ``k`` stand in an identity that the publisher violates, and still does?"""
        for bound, term in self.doubted[k]:
            before = term.value
            term.value = (before or Decimal(0)) + Decimal(change) / FINE
            stays = outcome_of(bound) == "violated"
            term.value = before
            if stays:
                return True
        return False

    def jointly_impossible(self) -> bool:
        """Is J01 violated by the document as it stands, changed or not?"""
        bounds = hard_bounds(Binder(self.document, self.catalogue))
        joint = joint_feasibility(self.catalogue["J01"], bounds, evaluate_all(bounds))
        return joint.outcome == "violated"

    # -- the effect of one wrong figure ---------------------------------------------------------

    def broken_by(self, k: Key, change: int) -> tuple[list[Sum], list[Bound]]:
        """The hard identities violated where figure ``k`` is off by ``change``."""
        figure = self.figures[k]
        sums = [s for s in figure.sums if s.broken(s.difference + s.weight[k] * change)]
        ratios = []
        for bound, terms in figure.ratios:
            before = terms[0].value
            assert before is not None
            terms[0].value = before + Decimal(change) / FINE
            if outcome_of(bound) == "violated":
                ratios.append(bound)
            terms[0].value = before
        return sums, ratios

    def turns_a_condition(self, k: Key, change: int) -> bool:
        for groups, within, answer in self.binder.witnessed:
            if not any(key_of(t) == k for group in groups for t in group):
                continue
            totals, step = [], Decimal(0)
            for group in groups:
                total = Decimal(0)
                for t in group:
                    value = t.value or Decimal(0)
                    value += Decimal(change) / FINE if key_of(t) == k else 0
                    total += t.sign * value
                    step = max(step, t.step)
                totals.append(total)
            now = min(totals) > 0 and max(totals) - min(totals) <= within * step
            if now != answer:
                return True
        return False

    def suspects(self, k: Key, change: int, broken: Sequence[Sum]) -> tuple[int, int]:
        """How many figures may be the misread one, and how many values the true one may have."""
        shared = set(broken[0].weight)
        for s in broken[1:]:
            shared &= s.weight.keys()
        possible, values = 0, 0
        for candidate in shared:
            room = self._room(candidate, k, change)
            if room:
                possible += 1
                values = room if candidate == k else values
        return possible, values

    def _room(self, candidate: Key, k: Key, change: int) -> int:
        """So many printable values of ``candidate`` satisfy its identities, ``k`` being off."""
        figure = self.figures[candidate]
        low, high = -figure.value, 10**18  # a figure below zero is none that stands for another
        if figure.value < 0:
            low = -(10**18)
        for s in figure.sums:
            w = s.weight[candidate]
            off = 0 if candidate == k else s.weight.get(k, 0) * change
            least = -s.tolerance - s.difference - off if s.low else None
            most = s.tolerance - s.difference - off if s.high else None
            if w < 0:
                least, most = (None if most is None else -most), (None if least is None else -least)
            w = abs(w)
            if least is not None:
                low = max(low, -(-least // w))
            if most is not None:
                high = min(high, most // w)
            if low > high:
                return 0
        return high // figure.step - (low - 1) // figure.step


# --- wrong figures -----------------------------------------------------------------------------


def wrong_digits(text: str) -> Iterator[str]:
    for i, old in enumerate(text):
        if old.isdigit():
            for new in "0123456789":
                if new != old:
                    yield text[:i] + new + text[i + 1 :]


def moved_points(text: str) -> Iterator[str]:
    whole_part, point, tail = text.partition(".")
    if point and len(tail) > 1:
        yield f"{whole_part}{tail[0]}.{tail[1:]}"
    if point and len(whole_part.lstrip("-")) > 1:
        yield f"{whole_part[:-1]}.{whole_part[-1]}{tail}"


def amount_cells(document: ParsedDocument) -> Iterator[tuple[Table, int, int, Cell]]:
    for table in document.tables:
        for i, row in enumerate(table.cells):
            for j, cell in enumerate(row):
                if cell.amount is not None:
                    yield table, i, j, cell


def changed_whole(document: Document) -> set[Instance]:
    """Hard identities newly violated when the changed document is bound again as a whole."""
    bounds = hard_bounds(Binder(document.document, document.catalogue))
    found = {(r.identity, r.instance) for r in evaluate_all(bounds) if r.outcome == "violated"}
    return found - document.violated


def hard_bounds(binder: Binder) -> list[Bound]:
    return [
        bound
        for identity in binder.catalogue.file.identities
        if identity.severity == "hard"
        for binding in identity.bind
        for bound in binder.binding(identity, binding)
    ]


def short_of(document: Document) -> Counter[str]:
    """Instances that the print promises and that cannot be evaluated, by identity."""
    bounds = hard_bounds(Binder(document.document, document.catalogue))
    return Counter(
        r.identity
        for b, r in zip(bounds, evaluate_all(bounds), strict=True)
        if r.outcome == "not_applicable" and (b.mandatory or b.lost)
    )


@dataclass(slots=True)
class Tally:
    changed: int = 0
    detected: int = 0
    located: int = 0
    repairable: int = 0
    largest: Decimal = Decimal(0)
    """The largest change of a figure (万元) that passed unseen."""
    misses: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.changed += other.changed
        self.detected += other.detected
        self.located += other.located
        self.repairable += other.repairable
        self.largest = max(self.largest, other.largest)
        self.misses += other.misses

    def share(self, name: str) -> float:
        return int(getattr(self, name)) / self.changed if self.changed else 1.0


Tallies = dict[tuple[str, str, str], Tally]  # mutation, kind of document, form


def misread(
    document: Document,
    mutations: Callable[[str], Iterator[str]],
    every: int = 1,
) -> dict[str, Tally]:
    """Every ``every``-th wrong reading of every amount cell, by form."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    count = 0
    for table, i, j, cell in amount_cells(document.document):
        tally = tallies[table.id]
        k: Key = (table.id, i, j, None)
        text, amount = cell.text, cell.amount
        assert amount is not None
        wrongs = []
        for wrong in mutations(text):
            value = Decimal(wrong.replace(",", ""))
            if value == amount:
                continue
            count += 1
            if count % every == 0:
                wrongs.append(cell.model_copy(update={"text": wrong, "amount": value}))
        if not wrongs:
            continue
        seen = (
            [one_wrong(document, k, wrong, tally) for wrong in wrongs]
            if amount
            else zero_wrong(document, k, wrongs, tally)
        )
        tally.changed += len(wrongs)
        where = f"{document.name} {table.id} 行{i + 1} 列{j + 1} {text}"
        for read, detected in zip(wrongs, seen, strict=True):
            if detected:
                continue
            if seen_otherwise(document, k, read):
                tally.detected += 1
            else:
                tally.misses.append(f"{where}→{read.text}")
                off = abs((read.amount or Decimal(0)) - amount) * table.factor / 10_000
                tally.largest = max(tally.largest, off)
    return tallies


def seen_otherwise(document: Document, k: Key, wrong: Cell) -> bool:
    """What no single identity sees: does the joint test, or is the figure read again anyway?"""
    table = document.document.table(k[0])
    assert table is not None
    assert k[1] is not None
    assert k[2] is not None
    row, j = table.cells[k[1]], k[2]
    right = row[j]
    change = whole(((wrong.amount or Decimal(0)) - (right.amount or Decimal(0))) * table.factor)
    if document.read_again(k, change):
        return True
    if "J01" not in document.catalogue.identities:
        return False
    row[j] = wrong
    impossible = document.jointly_impossible()
    row[j] = right
    return impossible


def one_wrong(document: Document, k: Key, wrong: Cell, tally: Tally) -> bool:
    """Is ``wrong`` seen in place of figure ``k``? Counts it as detected, located, repairable."""
    table = document.document.table(k[0])
    assert table is not None
    assert k[1] is not None
    assert k[2] is not None
    row, j = table.cells[k[1]], k[2]
    right, value = row[j], wrong.amount
    assert right.amount is not None
    assert value is not None
    change = whole((value - right.amount) * table.factor)
    figure = document.figures.get(k)
    sums, ratios = document.broken_by(k, change) if figure is not None else ([], [])
    if not right.amount or not value or document.turns_a_condition(k, change):
        row[j] = wrong
        detected = bool(changed_whole(document))
        row[j] = right
    else:
        detected = bool(sums or ratios)
    tally.detected += detected
    if detected and sums:
        possible, values = document.suspects(k, change, sums)
        tally.located += possible == 1
        tally.repairable += possible == 1 and values == 1
    return detected


def zero_wrong(document: Document, k: Key, wrongs: Sequence[Cell], tally: Tally) -> list[bool]:
    """A printed zero read as something: bound again once, since the cell is no longer nothing,
    then judged for each wrong value."""
    table = document.document.table(k[0])
    assert table is not None
    assert k[1] is not None
    assert k[2] is not None
    row, j = table.cells[k[1]], k[2]
    right = row[j]
    row[j] = wrongs[0]
    bounds = hard_bounds(Binder(document.document, document.catalogue))
    results = evaluate_all(bounds)
    row[j] = right
    touching: list[tuple[Bound, list[BoundTerm]]] = []
    elsewhere = False
    for bound, result in zip(bounds, results, strict=True):
        if (result.identity, result.instance) in document.violated:
            continue
        mine = [term for term in bound.terms if key_of(term) == k]
        if mine and bound.reason is None:
            touching.append((bound, mine))
        else:
            elsewhere = elsewhere or result.outcome == "violated"
    seen = []
    for wrong in wrongs:
        assert wrong.amount is not None
        value = wrong.amount * table.factor
        for _, terms in touching:
            for term in terms:
                term.value = value
        detected = elsewhere or any(outcome_of(b) == "violated" for b, _ in touching)
        tally.detected += detected
        sums = document.broken_by(k, whole(value))[0] if k in document.figures else []
        if detected and sums:
            possible, values = document.suspects(k, whole(value), sums)
            tally.located += possible == 1
            tally.repairable += possible == 1 and values == 1
        seen.append(detected)
    return seen


# --- wrong structure ---------------------------------------------------------------------------


def spread(items: Sequence[Any], most: int) -> list[Any]:
    if len(items) <= most:
        return list(items)
    return [items[(n * len(items)) // most] for n in range(most)]


class Undo:
    """Rows of one form as they were."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.body = [list(row) for row in table.body]
        self.cells = [list(row) for row in table.cells]
        self.rows = list(table.rows)

    def __enter__(self) -> Table:
        self.table.body = [list(row) for row in self.body]
        self.table.cells = [list(row) for row in self.cells]
        self.table.rows = list(self.rows)
        return self.table

    def __exit__(self, *_: object) -> None:
        self.table.body, self.table.cells, self.table.rows = self.body, self.cells, self.rows


def drop_cell(table: Table, i: int, j: int) -> None:
    table.body[i][j] = ""
    table.cells[i][j] = table.cells[i][j].model_copy(update={"text": "", "amount": None})


def shift_row(table: Table, i: int, columns: Sequence[int]) -> None:
    """The row's figures one amount column to the right; the last one is lost at the edge."""
    old_body, old_cells = list(table.body[i]), list(table.cells[i])
    drop_cell(table, i, columns[0])
    for left, right in pairwise(columns):
        table.body[i][right], table.cells[i][right] = old_body[left], old_cells[left]


def lose_row(table: Table, i: int) -> None:
    del table.body[i], table.cells[i], table.rows[i]
    table.rows = [
        m
        if m.parent is None or m.parent < i
        else m.model_copy(update={"parent": None if m.parent == i else m.parent - 1})
        for m in table.rows
    ]


def swap_rows(table: Table, i: int, columns: Sequence[int]) -> None:
    """The figures of two neighbours change places, their labels stay."""
    for j in columns:
        body, cells = table.body, table.cells
        body[i][j], body[i + 1][j] = body[i + 1][j], body[i][j]
        cells[i][j], cells[i + 1][j] = cells[i + 1][j], cells[i][j]


def structures(document: Document) -> dict[str, list[tuple[Table, Callable[[Table], None], str]]]:
    """All structural misreadings that change what the table says."""
    found: dict[str, list[tuple[Table, Callable[[Table], None], str]]] = defaultdict(list)
    for table in document.document.tables:
        view: FormView = document.binder.view.forms[table.id]
        columns = sorted(view.amount_columns)

        def amounts(i: int, t: Table = table, js: Sequence[int] = columns) -> list[Decimal | None]:
            return [t.cells[i][j].amount for j in js]

        for i in range(len(table.cells)):
            here = f"{document.name} {table.id} 行{i + 1}"
            filled = [j for j in columns if table.cells[i][j].amount]
            for j in filled:
                found["dropped_cell"].append(
                    (table, lambda t, i=i, j=j: drop_cell(t, i, j), f"{here} 列{j + 1}")  # type: ignore[misc]
                )
            if not filled:
                continue
            if len(columns) > 1:
                found["shifted_columns"].append(
                    (table, lambda t, i=i, js=columns: shift_row(t, i, js), here)  # type: ignore[misc]
                )
            repeats = table.rows[i].kind in ("organisation", "unit") and any(
                0 <= n < len(table.cells) and amounts(n) == amounts(i) for n in (i - 1, i + 1)
            )  # the department's row and that of its only unit: nothing is lost with one of them
            if not repeats:
                found["lost_row"].append((table, lambda t, i=i: lose_row(t, i), here))  # type: ignore[misc]
            if i + 1 < len(table.cells) and amounts(i) != amounts(i + 1):
                found["swapped_rows"].append(
                    (table, lambda t, i=i, js=columns: swap_rows(t, i, js), here)  # type: ignore[misc]
                )
    return found


def misplace(document: Document, most: int) -> dict[tuple[str, str], Tally]:
    """Structural misreadings, ``most`` of each kind: by kind and form."""
    tallies: dict[tuple[str, str], Tally] = defaultdict(Tally)
    usual = short_of(document)
    unseen: list[tuple[str, str, list[CellRequest]]] = []
    for name, changes in structures(document).items():
        for table, change, where in spread(changes, most):
            tally = tallies[name, table.id]
            tally.changed += 1
            with Undo(table) as now:
                change(now)
                detected = bool(changed_whole(document)) or bool(short_of(document) - usual)
                if name == "swapped_rows" and not detected:
                    unseen.append((table.id, where, [*rows_of(document.document)]))
            tally.detected += detected
            if not detected:
                tally.misses.append(f"{where} {name}")
    if document.data is not None:
        _place(document.data, unseen, tallies)
    return tallies


def _place(
    data: bytes,
    unseen: Sequence[tuple[str, str, Sequence[CellRequest]]],
    tallies: dict[tuple[str, str], Tally],
) -> None:
    """What of the swapped rows the second engine's placement sees beside the identities."""
    wanted = [
        request.model_copy(update={"key": f"{n}|{request.key}", "look": False})
        for n, (_, _, requests) in enumerate(unseen)
        for request in requests
    ]
    elsewhere = {
        int(reading.key.partition("|")[0])
        for reading in second_reading(data, wanted)
        if reading.placed is False
    }
    for (name, form), tally in list(tallies.items()):
        if name == "swapped_rows":
            tallies["swapped_rows_placed", form] = Tally(tally.changed, tally.detected)
    for n, (form, where, _) in enumerate(unseen):
        placed = tallies["swapped_rows_placed", form]
        placed.detected += n in elsewhere
        if n not in elsewhere:
            placed.misses.append(f"{where} swapped_rows")


# --- identities that never fire ----------------------------------------------------------------


def fires(bound: Bound) -> bool:
    """Does a wrong digit, or one too many, of one of its own figures violate the instance?"""
    for term in bound.terms:
        before = term.value
        printed = "".join(c for c in term.printed if c.isdigit() or c in ".-").strip(".")
        if before is None or not any(c.isdigit() for c in printed):
            continue
        try:
            right = Decimal(printed)
        except ArithmeticError:
            continue
        factor = abs(before / right) if right else Decimal(10_000)
        # a digit too many is what a ceiling far above the figure can see
        for wrong in (*wrong_digits(printed), f"9{printed.lstrip('-')}"):
            term.value = (abs(Decimal(wrong)) * factor).copy_sign(before)
            if term.value != before and outcome_of(bound) == "violated":
                term.value = before
                return True
        term.value = before
    return False


def silent(documents: Sequence[Document]) -> list[str]:
    """Identities evaluated somewhere that no wrong digit violates anywhere."""
    evaluated: set[str] = set()
    fired: set[str] = set()
    for document in documents:
        for bound in document.bounds:
            name = bound.identity.id
            if bound.is_check or name in fired or not document.evaluated[name]:
                continue
            if outcome_of(bound) in ("exact", "rounding"):
                evaluated.add(name)
                if fires(bound):
                    fired.add(name)
    return sorted(evaluated - fired)


# --- the run -----------------------------------------------------------------------------------


def load(paths: Sequence[Path], catalogue: Catalogue) -> Iterator[Document]:
    for path in paths:
        try:
            data = path.read_bytes()
            parsed = read_document(data, file_name=path.name)
        except DocumentError as error:
            print(f"{path.name}: left out ({error.code})")
            continue
        yield Document(path.stem, parsed, catalogue, data)


def run(documents: Sequence[Document], every: int, rows: int) -> Tallies:
    tallies: Tallies = defaultdict(Tally)
    for document in documents:
        for name, mutations in (("digit", wrong_digits), ("decimal_point", moved_points)):
            step = every if name == "digit" else max(1, every // 10)
            for form, tally in misread(document, mutations, step).items():
                tallies[name, document.kind, form].add(tally)
        for (name, form), tally in misplace(document, rows).items():
            tallies[name, document.kind, form].add(tally)
    return tallies


def total(tallies: Tallies, name: str, kind: str, form: str | None = None) -> Tally:
    found = Tally()
    for (n, k, f), tally in tallies.items():
        if n == name and k == kind and form in (None, f):
            found.add(tally)
    return found


def row(label: str, tally: Tally, located: bool) -> str:
    said = f"{label:28}{tally.changed:>10,}{tally.detected:>10,}  {tally.share('detected'):8.3%}"
    if located:
        said += f"  {tally.share('located'):8.2%}  {tally.share('repairable'):8.2%}"
    return said


def shortfalls(documents: Sequence[Document]) -> list[str]:
    """Instances that the print promises and that were not evaluated."""
    return [
        f"{d.name} {identity}: {expected} expected, {done} evaluated"
        for d in documents
        for identity, (expected, done) in coverage(d.document, d.catalogue).items()
        if done < expected
    ]


def report(
    documents: Sequence[Document], tallies: Tallies, thresholds: dict[str, Any], misses: bool
) -> list[str]:
    """Prints the tables; returns what is below the thresholds."""
    kinds = [k for k in ("general", "other") if any(d.kind == k for d in documents)]
    failures: list[str] = []
    print(
        f"{'':28}{'changed':>10}{'detected':>10}  {'share':>8}  {'located':>8}  {'repairable':>8}"
    )
    for kind in kinds:
        print(f"\n{kind} ({sum(d.kind == kind for d in documents)} documents)")
        for name, wanted in thresholds.items():
            tally = total(tallies, name, kind)
            print(row(f"  {name}", tally, name in ("digit", "decimal_point")))
            largest = wanted[kind].get("unseen_wan_most")
            if largest is not None:
                print(f"      largest unseen change {tally.largest} 万元")
                if tally.largest > Decimal(str(largest)):
                    failures.append(f"{kind} {name}: {tally.largest} 万元 off passes unseen")
            for measure, least in wanted[kind].items():
                if measure == "unseen_wan_most":
                    continue
                if tally.share(measure) < least:
                    failures.append(
                        f"{kind} {name}: {tally.share(measure):.3%} {measure}, at least {least:.1%}"
                    )
            if misses:
                print(*(f"      unseen: {m}" for m in tally.misses), sep="\n")
        for form in sorted({f for n, k, f in tallies if n == "digit" and k == kind}):
            print(row(f"    digits of {form}", total(tallies, "digit", kind, form), True))
    return failures


def main(arguments: Sequence[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    options.add_argument("files", nargs="*", type=Path)
    options.add_argument("--every", type=int, default=1, help="try every N-th wrong digit only")
    options.add_argument("--rows", type=int, default=12, help="of each structural misreading")
    options.add_argument("--misses", action="store_true", help="list what passes unseen")
    given = options.parse_args(arguments)
    start = time.process_time()
    thresholds = yaml.safe_load((HERE / "misreadings.yml").read_text(encoding="utf-8"))
    paths = given.files or sorted(SAMPLES.glob("*.pdf"))
    documents = list(load(paths, load_catalogue()))
    tallies = run(documents, given.every, given.rows)
    failures = report(documents, tallies, thresholds, given.misses)
    evaluated = {name for d in documents for name, times in d.evaluated.items() if times}
    never = silent(documents)
    short = shortfalls(documents)
    known = load_catalogue().identities
    print(f"\n{len(evaluated)} of {len(known)} identities evaluated on these documents")
    print("never evaluated here:", ", ".join(sorted(set(known) - evaluated - {"J01"})) or "none")
    failures += [f"{name} is evaluated and never fires" for name in never]
    failures += [f"not evaluated: {words}" for words in short]
    print(f"{time.process_time() - start:.0f} s of processor time")
    for failure in failures:
        print(f"FAILED {failure}", file=sys.stderr)
    return 1 if failures or not documents else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Repair by constraint (按勾稽关系复原): what the identities leave of doubtful readings.

Every figure that was not read surely may be what it was read as, or one of a few other readings
that its print supports; a figure that could not be read may be anything. The hard sums of the
document hold for the true figures, so the smallest set of changes that makes all of them feasible
together is looked for: a mixed integer programme (HiGHS) over one unrounded vector, as J01.

Nothing is guessed: a figure counts as settled only where *no* other of its readings is feasible,
whatever the others are. What stays open is told, with the value that the sums would leave.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from expectations.catalogue.adder import outcome_of, tolerance_of
from expectations.catalogue.binder import Bound, BoundTerm

Key = tuple[str, int | None, int | None]
FAMILIES = ("R", "C", "H", "X")
SECONDS = 20.0
"""Given to one programme; what is not answered by then is not settled."""
_WAN = Decimal(10_000)
_MOST = 1e7
"""No figure of a department is larger (万元)."""
_SLACK, _MORE = 2e-5, 5e-5
"""What a sum may miss by for the solver's own rounding (万元); more where a reading is to be shown
impossible, so that the solver's rounding never shows it."""
_OPEN = 0.98
"""Rounding is half up: the upper end of a figure's interval belongs to the next figure."""


@dataclass(slots=True)
class Doubt:
    """A figure in doubt: its possible values in 元 (None: blank), the one read first.

    ``free``: the print supports no reading, the value may be anything not negative.
    """

    values: Sequence[Decimal | None]
    costs: Sequence[float]
    step: Decimal
    free: bool = False


@dataclass(slots=True)
class Settled:
    """``chosen``: index of the reading of each figure that the sums leave alone; ``open``: those
    with more than one, or none that was tested by any sum; ``feasible``: is there any solution?
    ``left``: for a free figure the one value (元) that the sums leave, where they do;
    ``likeliest``: index of each figure's reading in the cheapest choice that is feasible."""

    feasible: bool
    likeliest: dict[Key, int] = field(default_factory=dict)
    chosen: dict[Key, int] = field(default_factory=dict)
    open: set[Key] = field(default_factory=set)
    left: dict[Key, Decimal] = field(default_factory=dict)


def key_of(term: BoundTerm) -> Key:
    return term.ref.form, term.ref.row, term.ref.column


def settle(
    bounds: Sequence[Bound], doubts: Mapping[Key, Doubt], *, within: float = 0.999
) -> Settled:
    """Which readings of the figures in doubt the hard sums leave.

    Sums that are violated by sure figures alone are the publisher's own and bind nothing.
    ``within``: a free figure counts as left where the sums bound it to so many printed steps;
    rounding allows a few, of which the middle one adds up exactly (for a proposal, no repair).
    """
    chosen = [b for b in bounds if _binds(b, doubts)]
    first = _Programme(chosen, doubts, _SLACK).solve()
    if first is None:
        return Settled(False, open=set(doubts))
    programme = _Programme(chosen, doubts, _MORE)
    out = Settled(True, likeliest=first)
    tested = {
        key_of(t) for b in chosen for t in b.terms if t.value is not None or _doubted(t, doubts)
    }
    for key, doubt in doubts.items():
        if key not in tested:
            out.open.add(key)
        elif doubt.free:
            span = programme.span(key)
            if span is None or span[1] - span[0] > float(doubt.step / _WAN) * within:
                out.open.add(key)
            else:
                step = doubt.step or Decimal("0.01")
                middle = Decimal(str((span[0] + span[1]) / 2)) * _WAN
                out.left[key] = (middle / step).quantize(Decimal(1)) * step
        else:
            picked = first[key]
            if programme.other(key, picked):
                out.open.add(key)
            else:
                out.chosen[key] = picked
    return out


def printed_alike(bounds: Sequence[Bound]) -> list[set[Key]]:
    """Sets of figures that are one and the same, printed in several places: a hard sum has them
    as its only filled addends on either side, and they are equal."""
    of: dict[Key, set[Key]] = {}
    for bound in bounds:
        if not _is_sum(bound) or bound.relation != "=":
            continue
        filled = [t for t in bound.terms if t.value is not None]
        if (
            len(filled) != 2
            or any(t.ref.row is None for t in filled)
            or filled[0].value != filled[1].value
            or not filled[0].value
            or (filled[0].side == filled[1].side) == (filled[0].sign == filled[1].sign)
        ):
            continue
        one, other = (of.setdefault(key_of(t), {key_of(t)}) for t in filled)
        one |= other
        for key in one:
            of[key] = one
    return [*{id(keys): keys for keys in of.values()}.values()]


def _doubted(term: BoundTerm, doubts: Mapping[Key, Doubt]) -> bool:
    return key_of(term) in doubts


def _binds(bound: Bound, doubts: Mapping[Key, Doubt]) -> bool:
    if not _is_sum(bound):
        return False
    if any(_doubted(t, doubts) for t in bound.terms):
        return True
    return outcome_of(bound) in ("exact", "rounding")


def _is_sum(bound: Bound) -> bool:
    """A hard sum over figures of the document."""
    return not (
        bound.identity.family not in FAMILIES
        or bound.identity.severity != "hard"
        or bound.is_check
        or bound.reason is not None
        or bound.after is not None
        or bound.tolerance in ("share", "rate")
        or not bound.terms
    )


class _Programme:
    """The sums as rows over printed values, unrounded values and the choice of readings."""

    def __init__(self, bounds: Sequence[Bound], doubts: Mapping[Key, Doubt], slack: float) -> None:
        self.doubts, self.slack = doubts, slack
        self.low: list[float] = []
        self.high: list[float] = []
        self.whole: list[int] = []
        self.cost: list[float] = []
        self.rows: list[dict[int, float]] = []
        self.least: list[float] = []
        self.most: list[float] = []
        self.printed: dict[Key, int] = {}
        self.exact: dict[Key, int] = {}
        self.choice: dict[Key, list[int]] = {}
        for bound in bounds:
            self._bound(bound)

    def _variable(self, low: float, high: float, *, whole: bool = False, cost: float = 0.0) -> int:
        self.low.append(low)
        self.high.append(high)
        self.whole.append(int(whole))
        self.cost.append(cost)
        return len(self.low) - 1

    def _row(self, row: dict[int, float], least: float, most: float) -> None:
        self.rows.append(row)
        self.least.append(least)
        self.most.append(most)

    def _figure(self, term: BoundTerm) -> tuple[int, int]:
        """Variables of a figure: as printed, and unrounded (万元)."""
        key = key_of(term)
        if key not in self.printed:
            half = float(term.step / _WAN) / 2
            doubt = self.doubts.get(key)
            if doubt is None:
                value = float((term.value or Decimal(0)) / _WAN)
                half = half if term.value is not None else 0.0
                self.printed[key] = self._variable(value, value)
                self.exact[key] = self._variable(value - half, value + half * _OPEN)
            else:
                low = min((float((v or Decimal(0)) / _WAN) for v in doubt.values), default=0.0)
                high = max((float((v or Decimal(0)) / _WAN) for v in doubt.values), default=0.0)
                if doubt.free:
                    low, high = min(0.0, low), _MOST
                at = self.printed[key] = self._variable(low, high)
                real = self.exact[key] = self._variable(low - half, high + half)
                self._row({at: 1.0, real: -1.0}, -half * _OPEN, half)
                if not doubt.free:
                    picks = [self._variable(0, 1, whole=True, cost=c) for c in doubt.costs]
                    self.choice[key] = picks
                    self._row(dict.fromkeys(picks, 1.0), 1, 1)
                    said = {
                        p: -float((v or Decimal(0)) / _WAN)
                        for p, v in zip(picks, doubt.values, strict=True)
                    }
                    self._row({at: 1.0, **said}, 0, 0)
        return self.printed[key], self.exact[key]

    def _bound(self, bound: Bound) -> None:
        row: dict[int, float] = {}
        rounding = bound.tolerance in ("sum", "change")
        for term in bound.terms:
            if term.value is None and key_of(term) not in self.doubts:
                continue
            at = self._figure(term)[1 if rounding else 0]
            row[at] = row.get(at, 0.0) + float(term.sign if term.side == "L" else -term.sign)
        slack = self.slack
        if not rounding:
            filled = [t for t in bound.terms if t.value is not None]
            slack += float(tolerance_of(bound.tolerance, filled) / _WAN) if filled else 0.0
        infinite = float("inf")
        self._row(
            row,
            -infinite if bound.relation == "<=" else -slack,
            infinite if bound.relation == ">=" else slack,
        )

    def _run(self, cost: Sequence[float], extra: Sequence[tuple[int, float, float]] = ()) -> Any:
        import numpy as np
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import coo_array

        low, high = np.array(self.low), np.array(self.high)
        for at, a, b in extra:
            low[at], high[at] = a, b
        places = [(i, j, v) for i, row in enumerate(self.rows) for j, v in row.items()]
        shape = (len(self.rows), len(self.low))
        matrix = coo_array(
            ([v for _, _, v in places], ([i for i, _, _ in places], [j for _, j, _ in places])),
            shape=shape,
        ).tocsr()
        return milp(
            np.array(cost),
            integrality=np.array(self.whole),
            bounds=Bounds(low, high),
            constraints=LinearConstraint(matrix, np.array(self.least), np.array(self.most)),
            options={"time_limit": SECONDS},
        )

    def solve(self) -> dict[Key, int] | None:
        """The cheapest feasible choice of readings, or None."""
        answer = self._run(self.cost)
        if answer.x is None or answer.status != 0:
            return None
        return {
            key: max(range(len(picks)), key=lambda n: answer.x[picks[n]])
            for key, picks in self.choice.items()
        }

    def other(self, key: Key, picked: int) -> bool:
        """May a figure also be another of its readings? True where that was not answered."""
        at = self.choice[key][picked]
        answer = self._run([0.0] * len(self.low), [(at, 0.0, 0.0)])
        return bool(answer.status != 2)  # 2: proven infeasible

    def span(self, key: Key) -> tuple[float, float] | None:
        """Least and greatest printed value of a figure that the sums allow (万元)."""
        at = self.printed[key]
        found: list[float] = []
        for sign in (1.0, -1.0):
            cost = [0.0] * len(self.low)
            cost[at] = sign
            answer = self._run(cost)
            if answer.x is None or answer.status != 0:
                return None
            found.append(float(answer.x[at]))
        return found[0], found[1]

"""What the sums leave of doubtful readings: one value, several, or none."""

from __future__ import annotations

from decimal import Decimal

from expectations.catalogue.binder import Bound, BoundTerm
from expectations.catalogue.catalogue import load_catalogue
from expectations.catalogue.repair import Doubt, Key, settle
from parsers.document import CellRef

STEP = Decimal(100)


def term(side: str, column: int, value: str | None, row: int = 0) -> BoundTerm:
    yuan = None if value is None else Decimal(value) * 10_000
    ref = CellRef(form="T05", row=row, column=column)
    return BoundTerm(side, 1, ref, yuan, STEP, 1, value or "", "")  # type: ignore[arg-type]


def total(*values: str | None, row: int = 0) -> Bound:
    """values[0] = the sum of the others."""
    terms = [term("L", 0, values[0], row)]
    terms += [term("R", n, v, row) for n, v in enumerate(values[1:], 1)]
    return Bound(load_catalogue()["R-T05"], f"row {row}", "=", "sum", terms)


def doubt(*readings: str) -> Doubt:
    costs = [float(n) for n in range(len(readings))]
    return Doubt([Decimal(r) * 10_000 for r in readings], costs, STEP)


def test_the_one_reading_that_the_sum_leaves_is_chosen() -> None:
    key: Key = ("T05", 0, 1)
    out = settle([total("46.02", "16.02", None)], {key: doubt("16.02", "46.02", "46.62")})
    assert out.chosen == {key: 1}
    assert not out.open


def test_a_neighbouring_hundredth_is_no_reading_of_a_copy() -> None:
    key: Key = ("T05", 0, 1)
    out = settle([total("46.02", "46.02")], {key: doubt("46.02", "46.03")})
    assert out.chosen == {key: 0}


def test_two_doubts_that_may_change_together_stay_open() -> None:
    doubts: dict[Key, Doubt] = {
        ("T05", 0, 0): doubt("16.02", "46.02"),
        ("T05", 0, 1): doubt("16.02", "46.02"),
    }
    out = settle([total("16.02", "16.02")], doubts)
    assert out.feasible
    assert out.open == set(doubts)


def test_a_figure_that_no_sum_tests_stays_open() -> None:
    out = settle([total("2.00", "2.00")], {("T05", 7, 3): doubt("5.00")})
    assert out.open == {("T05", 7, 3)}


def test_no_reading_fits() -> None:
    out = settle([total("46.02", "16.02")], {("T05", 0, 1): doubt("16.02", "10.02")})
    assert not out.feasible
    assert out.open == {("T05", 0, 1)}


def test_a_sum_that_sure_figures_violate_binds_nothing() -> None:
    mine: Key = ("T05", 1, 1)
    contradiction = total("9.00", "8.00")
    out = settle([contradiction, total("3.00", "8.00", row=1)], {mine: doubt("8.00", "3.00")})
    assert out.chosen == {mine: 1}


def test_an_unreadable_figure_has_the_value_that_is_left() -> None:
    key: Key = ("T05", 0, 2)
    free = Doubt([None], [0.0], STEP, free=True)
    out = settle([total("46.02", "40.00", None)], {key: free})
    # rounding leaves a hundredth on both sides: not one value
    assert out.open == {key}
    exact = total("46.02", "40.00", None)
    exact.tolerance = "exact"
    assert settle([exact], {key: free}).left == {key: Decimal("60200")}

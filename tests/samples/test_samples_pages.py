"""The page of traps says what ``province.yml`` says."""

from __future__ import annotations

from samples.pages import PAGE, traps_page
from samples.province import province


def test_the_page_of_traps_is_current() -> None:
    assert PAGE.read_text("utf-8") == traps_page(), "run: python -m samples.pages"


def test_every_trap_has_one_row_of_five_cells() -> None:
    rows = [line for line in traps_page().splitlines() if line.startswith("| `")]
    assert [r.split("`")[1] for r in rows] == [t.id for t in province().traps]
    assert {r.count("|") for r in rows} == {6}

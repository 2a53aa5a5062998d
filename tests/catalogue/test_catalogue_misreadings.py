"""The measurement of misreadings measures what it says: the quick way and the whole way agree."""

from __future__ import annotations

import importlib.util
import random
import sys
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from catalogue_invented import PLANS, invented

from expectations.catalogue import Catalogue, load_catalogue

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def misreadings() -> ModuleType:
    path = ROOT / "benchmarks" / "misreadings.py"
    spec = importlib.util.spec_from_file_location("misreadings", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("plan", ["general", "carried"])
def test_judging_only_what_a_figure_touches_gives_what_binding_again_gives(
    misreadings: ModuleType, plan: str
) -> None:
    document = misreadings.Document(plan, invented(PLANS[plan]), load_catalogue())
    draw = random.Random(11)
    cells = list(misreadings.amount_cells(document.document))
    for table, i, j, cell in draw.sample(cells, 25):
        wrong = draw.choice(list(misreadings.wrong_digits(cell.text)))
        value = Decimal(wrong.replace(",", ""))
        changed = cell.model_copy(update={"text": wrong, "amount": value})
        tally = misreadings.Tally()
        quick = misreadings.one_wrong(document, (table.id, i, j, None), changed, tally)
        table.cells[i][j] = changed
        whole = bool(misreadings.changed_whole(document))
        table.cells[i][j] = cell
        assert quick == whole, f"{table.id} {i} {j} {cell.text} → {wrong}"
        assert tally.repairable <= tally.located <= tally.detected == quick


def test_a_zero_read_as_something_is_judged_as_binding_again_judges_it(
    misreadings: ModuleType,
) -> None:
    document = misreadings.Document("general", invented(PLANS["general"]), load_catalogue())
    table = document.document.table("T03")
    cell = next(c for row in table.cells for c in row if c.amount)
    i, j = next((i, j) for i, r in enumerate(table.cells) for j, c in enumerate(r) if c is cell)
    table.cells[i][j] = cell.model_copy(update={"text": "0.00", "amount": Decimal("0.00")})
    table.body[i][j] = "0.00"
    document = misreadings.Document("zero", document.document, load_catalogue())
    wrongs = [
        cell.model_copy(update={"text": text, "amount": Decimal(text)})
        for text in ("0.01", "0.90", "7.00")
    ]
    seen = misreadings.zero_wrong(document, ("T03", i, j, None), wrongs, misreadings.Tally())
    for wrong, quick in zip(wrongs, seen, strict=True):
        table.cells[i][j], before = wrong, table.cells[i][j]
        assert quick == bool(misreadings.changed_whole(document)), wrong.text
        table.cells[i][j] = before


def test_the_misread_figure_is_always_among_the_suspects(misreadings: ModuleType) -> None:
    document = misreadings.Document("general", invented(PLANS["general"]), load_catalogue())
    for k, figure in list(document.figures.items())[:200]:
        if figure.sums and k[0].startswith("T"):
            assert document._room(k, k, 12_340_000) >= 1


def test_structures_are_put_back(misreadings: ModuleType) -> None:
    document = misreadings.Document("general", invented(PLANS["general"]), load_catalogue())
    before = document.document.model_dump_json()
    tallies = misreadings.misplace(document, 2)
    assert document.document.model_dump_json() == before
    assert {name for name, _ in tallies} == {
        "dropped_cell",
        "shifted_columns",
        "lost_row",
        "swapped_rows",
    }
    lost = [t for (name, _), t in tallies.items() if name != "swapped_rows"]
    assert all(t.detected == t.changed for t in lost)


def test_a_catalogue_without_its_copies_falls_below_the_threshold(
    misreadings: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    """The measurement can fail: fewer identities, fewer misreadings seen."""
    poor: Any = Catalogue()
    kept = [i for i in poor.file.identities if i.family == "R"]
    poor.file = poor.file.model_copy(update={"identities": kept})
    documents = [misreadings.Document("poor", invented(PLANS["general"]), poor)]
    tallies = misreadings.run(documents, 50, 1)
    thresholds = {"digit": {"general": {"detected": 0.999}, "other": {"detected": 0.99}}}
    failures = misreadings.report(documents, tallies, thresholds, False)
    assert len(failures) == 1
    assert "detected" in failures[0]
    assert "digit" in capsys.readouterr().out

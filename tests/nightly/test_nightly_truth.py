"""Real layouts through ``budgets ingest``: the totals in the marts are the known ones."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from night_runs import budgets

from warehouse.layout import Layout

pytestmark = [pytest.mark.shared, pytest.mark.slow, pytest.mark.xdist_group("night")]

# the column of the grand total, and the row that carries it
TOTALS = {"T01": (-1, 3), "T03": (0, 2), "T05": (0, 2), "T12": (0, 1)}


@pytest.fixture(scope="module")
def ingested(
    shared_dir: Path,
    sample_sites: Path,
    tmp_path_factory: pytest.TempPathFactory,
    dbt_read_once: None,
) -> Path:
    data = tmp_path_factory.mktemp("truth") / "data"
    done = budgets(data, sample_sites, "ingest", str(shared_dir / "rendered" / "wps"))
    assert done.returncode == 0, done.stdout + done.stderr
    return Path(Layout(data).published_path)


def _rows(database: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.sql(sql).fetchall()


def test_totals_equal_the_known_ones(ingested: Path, shared_dir: Path) -> None:
    expected = Counter()
    for path in (shared_dir / "truth").glob("*.json"):
        tables = {t["id"]: t for t in json.loads(path.read_text("utf-8"))["tables"]}
        for form, (row, column) in TOTALS.items():
            expected[form, Decimal(tables[form]["body"][row][column])] += 1
    found = Counter()
    for form, (row, column) in TOTALS.items():
        edge = "max" if row == -1 else "min"
        for (amount,) in _rows(
            ingested,
            f"select amount_wan from marts.fct_amount where form = '{form}' "
            f"and column_index = {column} qualify row_index = {edge}(row_index) "
            "over (partition by document_id)",
        ):
            found[form, Decimal(amount)] += 1
    assert found == expected
    assert sum(found.values()) == 4 * len(TOTALS)


def test_every_identity_of_rows_columns_hierarchy_and_forms_holds(ingested: Path) -> None:
    families = dict(
        _rows(
            ingested,
            "select identity[1] as f, count(*) from quality.identity_result "
            "where outcome in ('exact', 'rounding') and severity = 'hard' group by 1",
        )
    )
    assert all(families.get(f, 0) >= 4 for f in "RCHX"), families
    assert not _rows(
        ingested,
        "select identity, instance from quality.identity_result "
        "where outcome = 'violated' and severity = 'hard' and identity[1] in ('R', 'C', 'H', 'X')",
    )

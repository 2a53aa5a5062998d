"""Real layouts through ``budgets ingest``: the totals in the marts are the known ones."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from warehouse.layout import Layout

pytestmark = [pytest.mark.shared, pytest.mark.slow, pytest.mark.xdist_group("night")]

Rows = Callable[[str], list[tuple[Any, ...]]]

# the column of the grand total, and the row that carries it
TOTALS = {"T01": (-1, 3), "T03": (0, 2), "T05": (0, 2), "T12": (0, 1)}


@pytest.fixture
def rows(
    ingested: tuple[Path, subprocess.CompletedProcess[str]], shared_dir: Path
) -> Iterator[Rows]:
    """Asks the published copy; ``measured`` names the measuring documents in it."""
    data, done = ingested
    layout = Layout(data)
    assert layout.published_path.exists(), done.stdout + done.stderr
    files = (shared_dir / "rendered" / "wps").glob("*.pdf")
    with duckdb.connect() as connection:
        connection.execute(f"attach '{layout.published_path}' as warehouse (read_only)")
        connection.execute("create table measured (document_id varchar)")
        connection.executemany(
            "insert into measured values (?)",
            [[hashlib.sha256(file.read_bytes()).hexdigest()] for file in files],
        )
        yield lambda sql: connection.sql(sql).fetchall()


def test_totals_equal_the_known_ones(rows: Rows, shared_dir: Path) -> None:
    expected = Counter()
    for path in (shared_dir / "truth").glob("*.json"):
        tables = {t["id"]: t for t in json.loads(path.read_text("utf-8"))["tables"]}
        for form, (row, column) in TOTALS.items():
            expected[form, Decimal(tables[form]["body"][row][column])] += 1
    found = Counter()
    for form, (row, column) in TOTALS.items():
        edge = "max" if row == -1 else "min"
        for (amount,) in rows(
            "select amount_wan from warehouse.marts.fct_amount join measured using (document_id) "
            f"where form = '{form}' and column_index = {column} "
            f"qualify row_index = {edge}(row_index) over (partition by document_id)"
        ):
            found[form, Decimal(amount)] += 1
    assert found == expected
    assert sum(found.values()) == 4 * len(TOTALS)


def test_every_identity_of_rows_columns_hierarchy_and_forms_holds(rows: Rows) -> None:
    families = dict(
        rows(
            "select identity[1] as f, count(*) from warehouse.quality.identity_result "
            "join measured using (document_id) where outcome in ('exact', 'rounding') "
            "and severity = 'hard' group by 1",
        )
    )
    assert all(families.get(f, 0) >= 4 for f in "RCHX"), families
    assert not rows(
        "select identity, instance from warehouse.quality.identity_result "
        "join measured using (document_id) where outcome = 'violated' "
        "and severity = 'hard' and identity[1] in ('R', 'C', 'H', 'X')",
    )

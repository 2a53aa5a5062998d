"""One built warehouse with everything that can happen to a county's documents."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from warehouse_by_hand import budget, fetched, record, sha

from parsers.document import ReadingProblem
from warehouse.build import BuildReport, build
from warehouse.landing import land
from warehouse.layout import Layout
from warehouse.load import load

Query = Callable[[str], list[tuple[Any, ...]]]

OTHER = "青岚县样例局"


def land_scenario(layout: Layout) -> list[dict[str, Any]]:
    """What a county published, in the order it was seen; returns the fetch rows."""
    land(
        layout,
        [
            # one body: first publication, the same content again, a correction, a misread one
            record(budget("first")),
            record(budget("again")),
            record(budget("corrected", basic="101.00", total="121.00")),
            record(budget("misread", basic="999.00", total="1019.00", status="quarantined")),
            # the same body on its own level, and its final account
            record(budget("own", scope="unit_own", basic="40.00", total="60.00")),
            record(budget("final", phase="final_account", basic="90.00", total="110.00")),
            # another body, printed in 元, with a contradiction of its own
            record(
                budget(
                    "yuan",
                    department=OTHER,
                    factor="1",
                    basic="1000000.01",
                    project="200000.00",
                    total="1200000.02",
                )
            ),
            record(
                budget("contradicts", department=OTHER, year=2025, basic="10.00", total="31.00")
            ),
            # what cannot be used
            record(budget("nameless", department=None)),
            record(budget("undated", year=None)),
            record(budget("unjudged", department="青岚县样例办", status=None)),
        ],
        "b1",
    )
    failure = record(file_sha256=sha("cut"), outcome="damaged")
    failure.problem = ReadingProblem(code="damaged", what="cut off", where="end", remedy="again")
    # a later reading of the first file that failed for reasons of ours, and one of "again"
    slow = record(file_sha256=sha("first"), outcome="timeout", parser_version=2)
    land(layout, [failure, slow], "b2")
    page = "http://127.0.0.1/office.pdf"
    return [
        fetched("first", at="2026-02-20", url=page, published_on="2026-02-18"),
        fetched("again", at="2026-02-25", published_on="2026-02-24"),
        fetched("corrected", at="2026-03-10", url=page, published_on="2026-02-18"),
        fetched("corrected", at="2026-03-11", url=page, outcome="unchanged", sha256=None),
        fetched("misread", at="2026-03-20", published_on="2026-03-19"),
        fetched("own", at="2026-02-20", published_on="2026-02-18"),
        fetched("final", at="2026-09-20", published_on="2026-09-18"),
        fetched("yuan", at="2026-02-20", published_on="2026-02-18"),
        fetched("contradicts", at="2025-02-20", published_on="2025-02-18"),
        fetched("nameless", at="2026-02-20"),
        fetched("undated", at="2026-02-20"),
        fetched("unjudged", at="2026-02-20"),
        fetched("cut", at="2026-02-20"),
        fetched("yuan", at="2026-04-01", outcome="dead_link", sha256=None),
    ]


@pytest.fixture(scope="session")
def built(
    tmp_path_factory: pytest.TempPathFactory, dbt_read_once: None
) -> tuple[Layout, BuildReport]:
    """The scenario, landed, loaded and built. Read it only."""
    layout = Layout(tmp_path_factory.mktemp("scenario"))
    load(layout, land_scenario(layout))
    return layout, build(layout)


@pytest.fixture
def query(built: tuple[Layout, BuildReport]) -> Query:
    from warehouse.database import reader

    def run(sql: str) -> list[tuple[Any, ...]]:
        with reader(built[0], published=False) as con:
            return con.execute(sql).fetchall()

    return run


@pytest.fixture
def copy_of(built: tuple[Layout, BuildReport], tmp_path: Path) -> Layout:
    """A copy of the built scenario that a test may change."""
    import shutil

    shutil.copytree(built[0].root, tmp_path / "data")
    return Layout(tmp_path / "data")

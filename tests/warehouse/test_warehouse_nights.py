"""Night after night by difference, or all at once from nothing: the same warehouse, the same copy."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from conftest import OTHER, land_scenario
from test_warehouse_build import rows_of
from warehouse_by_hand import COUNTY_CODE, OFFICE, budget, fetched, record, sha

from warehouse.build import build
from warehouse.database import reader, writer
from warehouse.errors import BuildError
from warehouse.landing import land
from warehouse.layout import Layout
from warehouse.load import load, rebuild
from warehouse.publish import publish

pytestmark = [pytest.mark.slow, pytest.mark.full]


def nothing(layout: Layout) -> list[dict[str, Any]]:
    return []


def corrected_again(layout: Layout) -> list[dict[str, Any]]:
    """A correction of a correction, and a new body."""
    land(
        layout,
        [
            record(budget("newest", basic="150.00", total="170.00")),
            record(budget("elsewhere", department="青岚县样例所")),
        ],
        "n2",
    )
    return [
        fetched("newest", at="2026-05-01", published_on="2026-04-30"),
        fetched("elsewhere", at="2026-05-01"),
    ]


def read_again(layout: Layout) -> list[dict[str, Any]]:
    """A newer parser: one document is misread now, one is none, one has other figures."""
    again = budget("newest", basic="150.00", total="170.00", status="quarantined")
    refused = record(file_sha256=sha("own"), outcome="not_a_disclosure", parser_version=2)
    other = budget("final", phase="final_account", basic="91.00", total="111.00")
    land(
        layout,
        [record(again, parser_version=2), refused, record(other, parser_version=2)],
        "n3",
    )
    return []


def withdrawn(layout: Layout) -> list[dict[str, Any]]:
    """The newest version that counts is gone from its address, the one before came back."""
    page = "http://127.0.0.1/office.pdf"
    return [
        fetched("corrected", at="2026-06-01", url=page, outcome="dead_link", sha256=None),
        fetched("first", at="2026-06-10", url=page, outcome="duplicate"),
    ]


def decided(layout: Layout) -> list[dict[str, Any]]:
    """People say that two names are one body: facts of both move."""
    folder = layout.root / "decisions"
    folder.mkdir()
    (folder / "organisations.yml").write_text(
        f"- {{county_code: '{COUNTY_CODE}', name: 青岚县样例所, same_as: {OTHER}}}\n"
    )
    return []


def undecided(layout: Layout) -> list[dict[str, Any]]:
    """And take it back, while the first reading comes again."""
    (layout.root / "decisions" / "organisations.yml").write_text("[]\n")
    land(
        layout,
        [record(budget("newest", basic="150.00", total="170.00"), parser_version=3)],
        "n6",
    )
    return []


NIGHTS: tuple[Callable[[Layout], list[dict[str, Any]]], ...] = (
    land_scenario, nothing, corrected_again, read_again, withdrawn, decided, undecided,
)  # fmt: skip


def published(layout: Layout) -> dict[str, list[tuple[Any, ...]]]:
    with reader(layout) as con:
        tables = con.execute(
            "select table_schema || '.' || table_name from information_schema.tables"
            " where table_schema in ('marts', 'quality') order by 1"
        ).fetchall()
        return {t: con.execute(f"select * from {t} order by all").fetchall() for (t,) in tables}


def test_nights_by_difference_equal_a_build_from_nothing(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "data")
    fetches: list[dict[str, Any]] = []
    seen = []
    for night in NIGHTS:
        fetches += night(layout)
        load(layout, fetches, decisions=layout.root / "decisions")
        report = build(layout)
        assert report.full_refresh == (night is land_scenario)
        publish(layout)
        held = rows_of(layout)
        assert published(layout) == held, night.__name__
        seen.append(held)
    assert seen[0] == seen[1], "a quiet night changes nothing"
    changed = [a != b for a, b in pairwise(seen[1:])]
    assert all(changed), "every other night changes something"
    with reader(layout) as con:
        assert con.execute(
            "select document_id from marts.dim_document where is_current and fiscal_year = 2026"
            f" and scope = 'department' and phase = 'budget' and department = '{OFFICE}'"
        ).fetchall() == [(sha("newest"),)]
    rebuild(layout, fetches, decisions=layout.root / "decisions")
    assert build(layout).full_refresh
    assert rows_of(layout) == seen[-1]
    assert not publish(layout).published, "from nothing, the copy has the same content"


def test_a_build_that_fails_half_way_goes_on_where_it_was(copy_of: Layout) -> None:
    """Facts that took the night's documents before the failure, and those that did not, are equal
    to a build from nothing after the next one."""
    land(copy_of, [record(budget("newest", basic="150.00", total="170.00"))], "n2")
    load(copy_of, [fetched("newest", at="2026-05-01", published_on="2026-04-30")])
    with writer(copy_of) as con:  # what stands in the way of one fact only
        con.execute("alter table marts.fct_revenue add column in_the_way integer")
    with pytest.raises(BuildError, match="fct_revenue"):
        build(copy_of)
    with writer(copy_of) as con:
        taken = dict(con.execute("from meta.progress").fetchall())
        con.execute("alter table marts.fct_revenue drop column in_the_way")
    assert taken["fct_revenue"] < taken["fct_expenditure"]
    land(copy_of, [record(budget("later", department="青岚县样例所"))], "n3")
    load(copy_of, [fetched("later", at="2026-05-02")])
    assert not build(copy_of).full_refresh
    held = rows_of(copy_of)
    build(copy_of, full_refresh=True)
    assert rows_of(copy_of) == held

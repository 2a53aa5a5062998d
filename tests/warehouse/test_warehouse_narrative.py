"""Every figure of the narratives, computed again from the facts of the forms."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from warehouse.database import reader
from warehouse.layout import Layout

pytestmark = pytest.mark.xdist_group("night")

# how many projects are of which category stands in the text alone: no published form says it
TEXT_ONLY = {
    f"perf_{published}{category}_{what}"
    for published in ("", "published_")
    for category in ("specific_target", "other_operating")
    for what in ("count", "amount")
}


@pytest.fixture(scope="module")
def figures(finished_night: Path, project_root: Path) -> list[dict[str, Any]]:
    sql = (project_root / "docs" / "queries" / "narrative-figures.sql").read_text(encoding="utf-8")
    with reader(Layout(finished_night)) as connection:
        done = connection.execute(sql)
        names = [d[0] for d in done.description or ()]
        return [dict(zip(names, row, strict=True)) for row in done.fetchall()]


def test_only_the_planted_contradiction_differs(
    figures: list[dict[str, Any]], project_root: Path
) -> None:
    differing = [f for f in figures if f["outcome"] == "不符"]
    planted = yaml.safe_load((project_root / "samples/province.yml").read_text(encoding="utf-8"))
    (told,) = planted["documents"]["linxiu-civil-2026"]["findings"]
    assert "1374.10" in told["zh"]
    assert [
        (f["department"], f["fiscal_year"], f["figure_path"], f["figure_value"], f["computed"])
        for f in differing
    ] == [
        (
            "临岫区民政局",
            2026,
            "income_general_public_budget/amount",
            Decimal("1374.10"),
            Decimal("1347.10"),
        )
    ]


def test_all_others_are_reproduced(figures: list[dict[str, Any]], finished_night: Path) -> None:
    with reader(Layout(finished_night)) as connection:
        documents = dict(
            connection.execute(
                "select document_id, (organisation_id, phase, scope, fiscal_year)"
                " from marts.dim_document where is_current"
            ).fetchall()
        )
    held = set(documents.values())
    for figure in figures:
        body, phase, scope, year = documents[figure["document_id"]]
        if figure["outcome"] == "上年未公开":
            assert (body, phase, scope, year - 1) not in held, figure
        elif figure["outcome"] == "表内无":
            assert figure["figure_path"] in TEXT_ONLY, figure
    reproduced = [f for f in figures if f["outcome"] == "一致"]
    assert len(reproduced) > 1600
    by_document = {d: sum(f["document_id"] == d for f in reproduced) for d in documents}
    assert min(by_document.values()) >= 50, by_document  # each of the sample documents


def test_the_computed_side_does_not_read_the_text(project_root: Path) -> None:
    sql = (project_root / "docs" / "queries" / "narrative-figures.sql").read_text(encoding="utf-8")
    computed, _, compared = sql.partition("\n)\nselect\n")
    assert "from marts.fct_narrative_figure" not in computed
    assert compared.count("marts.fct_narrative_figure") == 1

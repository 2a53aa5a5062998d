"""The dashboards: what they declare can be asked of the published copy, and Superset's files agree."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from ops import dashboards
from ops.bi import import_dashboards
from ops.dashboards import DECLARED, Problem, declared, write_import
from warehouse.layout import Layout

pytestmark = pytest.mark.xdist_group("night")


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = DECLARED.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "dashboards.yml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[number, 已公开部门, summary", "[number, 已公开部门, sumary", "'sumary' is not declared"),
        ("[pie, 资金来源", "[cake, 资金来源", "kind 'cake'"),
        ("{by: class_name", "{by: klass", "no column 'klass'"),
        ("filters: [county, fiscal_year]", "filters: [county, year]", "has 'year'"),
    ],
)
def test_what_is_not_declared_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(Problem, match=said):
        declared(changed(tmp_path, old, new))


def test_every_chart_can_be_asked(finished_night: Path) -> None:
    content = declared()
    asked = 0
    with duckdb.connect(str(Layout(finished_night).published_path), read_only=True) as con:
        for board in content["dashboards"]:
            for kind, title, dataset, chart in dashboards._charts(board):
                what = chart.get("metric") or ", ".join(chart["columns"])
                where = f" where {chart['where']}" if "where" in chart else ""
                sql = f"select {what} from ({content['datasets'][dataset]['sql']}){where}"
                rows = con.execute(sql).fetchall()
                assert rows, (title, kind)
                asked += 1
    assert asked >= 25


def test_the_total_of_a_county_counts_departments_once(finished_night: Path) -> None:
    """Departments and their units both publish: only the documents that may be summed count."""
    content = declared()
    chart = next(
        chart
        for board in content["dashboards"]
        for _, title, _, chart in dashboards._charts(board)
        if title == "已公开部门支出合计（万元）"
    )
    base = content["datasets"]["summary"]["sql"]
    with duckdb.connect(str(Layout(finished_night).published_path), read_only=True) as con:
        shown = con.execute(
            f"select county, {chart['metric']} from ({base}) where {chart['where']}"
            " and fiscal_year = 2026 group by all order by all"
        ).fetchall()
        wanted = con.execute(
            "with leaf as (select document_id, sum(amount_wan) as wan from marts.fct_expenditure"
            " group by all)"
            " select d.county, sum(leaf.wan + coalesce(s.year_end_carry_over_wan, 0))"
            " from leaf join marts.dim_document d using (document_id)"
            " join marts.fct_budget_summary s using (document_id)"
            " where d.is_additive and d.fiscal_year = 2026 and d.phase = 'budget'"
            " group by all order by all"
        ).fetchall()
    assert len(shown) == 4
    for (county, total), (other, leaves) in zip(shown, wanted, strict=True):
        assert county == other
        assert abs(total - leaves) < Decimal("0.1"), county  # what rounding leaves


def test_files_for_superset_hold_together(finished_night: Path, tmp_path: Path) -> None:
    addresses = write_import(tmp_path, Layout(finished_night).published_path)
    assert len(addresses) == 5

    def read(folder: str) -> list[dict[str, Any]]:
        return [yaml.safe_load(p.read_text("utf-8")) for p in (tmp_path / folder).rglob("*.yaml")]

    (database,), datasets = read("databases"), read("datasets")
    assert database["extra"]["engine_params"]["connect_args"]["read_only"] is True
    assert not database["allow_dml"]
    assert {d["database_uuid"] for d in datasets} == {database["uuid"]}
    known = {d["uuid"] for d in datasets}
    charts = {c["uuid"]: c for c in read("charts")}
    assert {c["dataset_uuid"] for c in charts.values()} <= known
    placed: set[str] = set()
    for board in read("dashboards"):
        here = [p["meta"] for p in board["position"].values() if _is(p, "CHART")]
        assert len({m["chartId"] for m in here}) == len(here)
        placed |= {m["uuid"] for m in here}
        for one in board["metadata"]["native_filter_configuration"]:
            assert one["targets"][0]["datasetUuid"] in known
            assert one["requiredFirst"] is one["controlValues"]["defaultToFirstItem"]
        if board["slug"] != "quality":
            assert any(
                one["requiredFirst"] and one["name"] == "年度"
                for one in board["metadata"]["native_filter_configuration"]
            ), "years must never be added up"
    assert placed == set(charts)


def _is(part: Any, kind: str) -> bool:
    return isinstance(part, dict) and part["type"] == kind


def test_files_are_the_same_each_time(finished_night: Path, tmp_path: Path) -> None:
    published = Layout(finished_night).published_path

    def written(folder: Path) -> dict[str, bytes]:
        write_import(folder, published)
        return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.yaml")}

    assert written(tmp_path / "a") == written(tmp_path / "b")


def test_a_chart_that_is_declared_no_more_is_taken_away(
    finished_night: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Superset keeps a renamed chart at the end of its dashboard unless it is deleted."""
    programs, data, told = tmp_path / "bin", tmp_path / "data", tmp_path / "told"
    programs.mkdir()
    for name in ("superset", "python"):
        program = programs / name
        program.write_text(f'#!/bin/sh\necho {name} "$1" "$BUDGETS_BI_GONE" >> "{told}"\n')
        program.chmod(0o755)
    shutil.copytree(
        Layout(finished_night).published_root, Layout(data).published_root, symlinks=True
    )

    def run() -> list[str]:
        told.unlink(missing_ok=True)
        import_dashboards(data, programs, {"PATH": "/bin:/usr/bin"}, None)
        return told.read_text("utf-8").splitlines()

    once = ["superset import-directory "]
    assert run() == once
    assert run() == once, "nothing went"
    monkeypatch.setattr(
        dashboards, "DECLARED", changed(tmp_path, "[pie, 资金来源", "[pie, 钱从哪里来")
    )
    monkeypatch.setattr(dashboards.declared, "__defaults__", (dashboards.DECLARED,))
    gone = dashboards._id("project", "资金来源")
    assert run() == [f"python -c {gone}", *once]
    assert gone not in dashboards.imported(data / "bi" / "import")
    assert run() == once


def test_no_two_texts_are_added_up_under_one_name(finished_night: Path) -> None:
    """The office itself (本级) may print its department's name: they are chosen by different ones."""
    published = Layout(finished_night).published_path
    with duckdb.connect() as con:
        con.execute(f"attach '{published}' as p (read_only); use p")
        sql = declared()["datasets"]["summary"]["sql"]
        twice = (
            f"select department from ({sql}) group by department, fiscal_year having count(*) > 1"
        )
        assert con.execute(twice).fetchall() == []
        con.execute("create schema memory.marts")
        for table in ("dim_document", "fct_budget_summary"):
            con.execute(f"create table memory.marts.{table} as from p.marts.{table}")
        con.execute(
            "update memory.marts.dim_document set department = replace(department, '（本级）', '')"
        )
        con.execute("use memory")
        alike = "select department from marts.dim_document where is_current group by department,"
        alike += " fiscal_year having count(*) > 1"
        assert con.execute(alike).fetchall() != [], "the sample has such a pair"
        assert con.execute(twice).fetchall() == []

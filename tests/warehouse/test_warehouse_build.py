"""The marts say what was published: once, of the version that counts, to the last digit."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import OTHER, Query
from warehouse_by_hand import COUNTY_CODE, OFFICE, budget, fetched, record, sha

import warehouse.build
from expectations.findings import findings
from parsers.document import ParsedDocument, Warning_
from warehouse.build import BuildReport, build, dbt, document
from warehouse.database import reader, writer
from warehouse.errors import BuildError, LoadError
from warehouse.landing import land
from warehouse.layout import Layout
from warehouse.load import load

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("scenario")]

EVERYTHING = (
    "dim_document", "dim_organisation", "dim_function", "fct_amount", "fct_expenditure",
    "fct_revenue", "fct_project", "fct_budget_summary",
)  # fmt: skip


def name_of(sha256: str) -> str:
    names = "first again corrected misread own final yuan contradicts nameless undated unjudged"
    return {sha(n): n for n in names.split()}[sha256]


def rows_of(layout: Layout) -> dict[str, list[tuple[Any, ...]]]:
    """All marts and quality tables, in an order that does not depend on how they were built."""
    with reader(layout, published=False) as con:
        tables = con.execute(
            "select table_schema || '.' || table_name from information_schema.tables"
            " where table_schema in ('marts', 'quality') order by 1"
        ).fetchall()
        return {t: con.execute(f"select * from {t} order by all").fetchall() for (t,) in tables}


def test_the_build_reports_every_model(built: tuple[Layout, BuildReport]) -> None:
    report = built[1]
    assert report.full_refresh
    assert set(EVERYTHING) <= set(report.timings)
    assert report.warnings == []


def test_the_correction_is_current_and_the_misread_version_is_not(query: Query) -> None:
    found = {
        name_of(document_id): (is_current, kind, status)
        for document_id, is_current, kind, status in query(
            "select document_id, is_current, version_kind, status from marts.dim_document"
        )
    }
    assert found == {
        "first": (False, "first_publication", "accepted"),
        "again": (False, "re_publication", "accepted"),
        "corrected": (True, "corrected_republication", "accepted"),
        "misread": (False, "quarantined", "quarantined"),
        "own": (True, "first_publication", "accepted"),
        "final": (True, "first_publication", "accepted"),
        "yuan": (True, "first_publication", "accepted"),
        "contradicts": (True, "first_publication", "accepted_with_findings"),
        "nameless": (False, "quarantined", "quarantined"),
        "undated": (False, "quarantined", "quarantined"),
        "unjudged": (False, "quarantined", "quarantined"),
    }


def test_a_plain_sum_over_a_fact_is_right(query: Query) -> None:
    sums = {
        (name_of(d), s, p): total
        for d, s, p, total in query(
            "select document_id, scope, phase, sum(amount_wan) from marts.fct_expenditure group by all"
        )
    }
    assert sums == {
        ("corrected", "department", "budget"): Decimal("121.000000"),
        ("own", "unit_own", "budget"): Decimal("60.000000"),
        ("final", "department", "final_account"): Decimal("110.000000"),
        ("yuan", "department", "budget"): Decimal("120.000001"),
        ("contradicts", "department", "budget"): Decimal("30.000000"),
    }


def test_departments_and_units_are_never_added_up(query: Query) -> None:
    assert query(
        "select fiscal_year, sum(amount_wan) from marts.fct_expenditure"
        " where is_additive and phase = 'budget' group by 1 order by 1"
    ) == [(2025, Decimal("30.000000")), (2026, Decimal("241.000001"))]
    assert query("select distinct scope from marts.dim_document where is_additive") == [
        ("department",)
    ]


def test_leaves_only_count_once_and_a_section_without_items_is_one(query: Query) -> None:
    rows = query(
        "select function_code, expenditure_type, amount_text, amount_wan"
        f" from marts.fct_expenditure where document_id = '{sha('corrected')}' order by 1, 2"
    )
    assert rows == [
        ("2012601", "basic", "101.00", Decimal("101.000000")),
        ("2012602", "project", "0.00", Decimal("0.000000")),
        ("20199", "project", "20.00", Decimal("20.000000")),
    ]


def test_yuan_and_wan_are_exact(query: Query) -> None:
    assert query(
        "select amount_text, amount_wan, amount_yuan, unit_printed from marts.fct_amount"
        f" where document_id = '{sha('yuan')}' and form = 'T03' and row_index = 0"
        " and column_role = 'basic'"
    ) == [("1000000.01", Decimal("100.000001"), Decimal("1000000.01"), "单位：元")]


def test_a_blank_is_a_fact_of_its_own(query: Query) -> None:
    assert query(
        "select column_role, amount_text, amount_wan from marts.fct_amount"
        f" where document_id = '{sha('first')}' and form = 'T03' and row_index = 4 order by 1"
    ) == [("basic", "", None), ("project", "0.00", Decimal(0)), ("total", "0.00", Decimal(0))]


def test_a_figure_says_where_it_stands(query: Query) -> None:
    assert query(
        "select page, x0, top, x1, bottom, source, row_label, row_kind, function_code"
        f" from marts.fct_amount where document_id = '{sha('first')}' and form = 'T03'"
        " and row_index = 3 and column_role = 'basic'"
    ) == [(3, 230.0, 136.0, 288.0, 146.0, "text", "行政运行", "item", "2012601")]


def test_both_halves_of_the_summary_keep_their_labels(query: Query) -> None:
    assert query(
        "select side, row_label, row_kind, function_code, amount_wan from marts.fct_amount"
        f" where document_id = '{sha('first')}' and form = 'T01' and row_index = 0"
        " and column_role in ('income', 'total') order by 1"
    ) == [
        ("expenditure", "一、一般公共服务支出", "class", "201", Decimal(120)),
        ("income", "一、一般公共预算", "class", None, Decimal(120)),
    ]


def test_the_summary_has_one_row_a_current_document(query: Query) -> None:
    assert query(
        "select income_total_wan, current_year_income_wan, carry_over_wan, expenditure_total_wan,"
        " general_public_budget_income_wan, own_funds_income_wan, year_end_carry_over_wan"
        f" from marts.fct_budget_summary where document_id = '{sha('corrected')}'"
    ) == [(Decimal(121), Decimal(121), None, Decimal(121), Decimal(121), None, None)]
    assert query("select count(*), count(distinct document_id) from marts.fct_budget_summary") == [
        (5, 5)
    ]


def test_projects_without_their_totals(query: Query) -> None:
    assert query(
        "select project_name, unit_name, appropriation_year, amount_wan from marts.fct_project"
        f" where document_id = '{sha('corrected')}'"
    ) == [("2026年样例项目", "青岚县样例中心", 2026, Decimal(20))]


def test_no_fact_of_a_quarantined_or_superseded_document(query: Query) -> None:
    facts = [
        t
        for (t,) in query(
            "select table_name from information_schema.columns where table_schema = 'marts'"
            " and table_name like 'fct_%' and table_name != 'fct_amount'"
            " and column_name = 'document_id'"
        )
    ]
    assert len(facts) >= 5
    for fact in facts:
        assert query(
            f"select count(*) from marts.{fact} semi join"
            " (from marts.dim_document where not is_current) using (document_id)"
        ) == [(0,)], fact


def test_why_a_document_is_in_quarantine(query: Query) -> None:
    reasons = {
        name_of(d): reason
        for d, reason in query(
            "select document_id, reasons from quality.document_status where status = 'quarantined'"
        )
    }
    assert set(reasons) == {"misread", "nameless", "undated", "unjudged"}
    assert "部门名称" in reasons["nameless"]
    assert "预算年度" in reasons["undated"]
    assert "no verdict" in reasons["unjudged"]


def test_identities_are_added_up_again(query: Query) -> None:
    assert query(
        "select outcome, landed_outcome, is_recomputed, left_value, right_value, difference,"
        f" tolerance from quality.identity_result where document_id = '{sha('yuan')}'"
        " and instance = 'row 0'"
    ) == [
        (
            "rounding", "rounding", True, Decimal("120.000002"), Decimal("120.000001"),
            Decimal("0.000001"), Decimal("0.000001"),
        )
    ]  # fmt: skip
    assert query(
        "select document_id, outcome from quality.identity_result where outcome = 'violated'"
        " group by all"
    ) == [(sha("contradicts"), "violated")]


def test_a_finding_is_named_by_what_it_is_about(query: Query) -> None:
    rows = query(
        "select identity, instance, kind, severity, difference, fiscal_year from quality.finding"
        " where kind = 'contradiction' order by all"
    )
    assert rows == [
        ("R-T03", f"row {i}", "contradiction", "hard", Decimal("1.000000"), 2025) for i in (0, 1)
    ]
    assert query("select count(*), count(distinct finding_id) from quality.finding") == [(7, 7)]


def test_appearances_replaced_and_withdrawn(query: Query) -> None:
    found = {
        name_of(d): (status, str(last)[:10], replaced and str(replaced)[:10])
        for d, status, last, replaced in query(
            "select document_id, online_status, last_seen_at, replaced_at from quality.publication"
            " where document_id is not null"
        )
    }
    assert found["first"] == ("replaced", "2026-02-20", "2026-03-10")
    assert found["corrected"] == ("online", "2026-03-11", None)
    assert found["yuan"] == ("withdrawn", "2026-02-20", None)
    assert query("select count(*) from quality.publication where document_id is null") == [(1,)]


def test_failures_are_rows(query: Query) -> None:
    assert query(
        "select outcome, is_success, what, place, remedy from quality.outcome"
        f" where step = 'parse' and subject = '{sha('cut')}'"
    ) == [("damaged", False, "cut off", "end", "again")]
    assert query(
        "select outcome from quality.outcome where step = 'parse'"
        f" and subject = '{sha('first')}' order by 1"
    ) == [("parsed",), ("timeout",)]


def test_organisations_are_known_by_county_and_name(query: Query) -> None:
    rows = query(
        "select name_printed, name_standard, level, county_code, peer_group"
        " from marts.dim_organisation order by 1"
    )
    assert (OFFICE, "中共青岚县委样例室", "department", COUNTY_CODE, None) in rows
    assert (OTHER, OTHER, "department", COUNTY_CODE, None) in rows
    assert ("青岚县样例中心", "青岚县样例中心", "unit", COUNTY_CODE, "其他事业单位") in rows


def test_basic_expenditure_keeps_both_classifications(query: Query) -> None:
    assert query(
        "select economic_item, government_item, expense_type, amount_wan"
        f" from marts.fct_basic_expenditure where document_id = '{sha('corrected')}' order by all"
    ) == [
        ("基本工资", "工资奖金津补贴", "personnel", Decimal(101)),
        ("基本工资", "工资福利支出", "personnel", Decimal(0)),
    ]


def test_three_public_and_agency_expenses_count_once(query: Query) -> None:
    assert query(
        "select expense_item, amount_wan from marts.fct_three_public"
        f" where document_id = '{sha('corrected')}' order by 1"
    ) == [("hospitality", Decimal("0.5")), ("vehicle_running", Decimal("2.98"))]
    assert query(
        "select unit_name, amount_wan from marts.fct_agency_operating_expense"
        f" where document_id = '{sha('corrected')}'"
    ) == [("青岚县样例中心", Decimal("17.76"))]


def test_targets_know_their_projects_and_their_money(query: Query) -> None:
    rows = query(
        "select t.link_method, t.year_amount_wan, t.term_amount_yuan, t.budget_code, p.project_name"
        " from marts.fct_performance_target as t join marts.fct_project as p using (target_id)"
        f" where t.document_id = '{sha('corrected')}'"
    )
    assert rows == [("name", Decimal(20), Decimal(500000), "003", "2026年样例项目")]
    assert query(
        "select funding_level, horizon, amount_wan from marts.fct_performance_funding"
        f" where document_id = '{sha('corrected')}' order by 1, 2"
    ) == [
        ("central", "term", Decimal(0)),
        ("central", "year", Decimal(0)),
        ("county", "term", Decimal(50)),
        ("county", "year", Decimal(20)),
    ]
    assert query(
        "select horizon, indicator_level_1, indicator_level_2, indicator_name, indicator_value"
        f" from marts.fct_performance_indicator where document_id = '{sha('corrected')}' order by 1"
    ) == [
        ("term", "产出指标", "数量指标", "次数", "1次"),
        ("year", "产出指标", "数量指标", "次数", "2次"),
    ]


def test_what_the_text_says_stands_beside(query: Query) -> None:
    one = f"where document_id = '{sha('corrected')}'"
    assert query(f"select category, amount_wan from marts.fct_procurement {one} order by 1") == [
        ("goods", Decimal("1.5")),
        ("works", Decimal("1.5")),
    ]
    assert query(f"select measure, value from marts.fct_staff {one}") == [("in_post", Decimal(41))]
    assert query(
        f"select measure, value, unit, printed_text, page from marts.fct_asset {one} order by 1"
    ) == [
        ("vehicles_actual", Decimal(1), "辆", "1辆", 8),
        ("vehicles_by_use/其他公务用车", Decimal(1), "辆", None, None),
    ]
    assert query(f"select topic, direction, amount_wan from marts.fct_change_reason {one}") == [
        ("三公经费", "减少", Decimal("1.5"))
    ]
    assert query(
        f"select figure_path, amount_wan from marts.fct_narrative_figure {one} order by 1"
    ) == [
        ("income_total", Decimal(121)),
        ("income_yoy_delta", Decimal(91)),
        ("vehicles_actual", None),
    ]


def test_years_are_compared_only_where_they_can_be(query: Query) -> None:
    rows = query(
        "select fiscal_year, amount_wan, prior_as_stated_wan, prior_as_published_wan,"
        " is_comparable, break_reason, change_wan from marts.fct_year_comparison"
        f" join (select document_id from marts.dim_document where department = '{OTHER}')"
        " using (document_id) where measure = 'income_total' order by 1"
    )
    assert rows == [
        (2025, Decimal(31), Decimal(-60), None, False, "prior_not_published", None),
        (
            2026, Decimal("120.000002"), Decimal("29.000002"), Decimal(31), False,
            "prior_restated", None,
        ),
    ]  # fmt: skip
    assert query(
        "select identity, instance, outcome, difference from quality.cross_document_result"
        f" where document_id = '{sha('yuan')}'"
    ) == [("Y-PRIOR", "income_total", "violated", Decimal("-1.999998"))]
    assert query("select kind, severity from quality.finding where identity = 'Y-PRIOR'") == [
        ("anomaly", "soft")
    ]


def test_what_a_correction_changed(query: Query) -> None:
    rows = query(
        "select form, row_label, column_role, previous_text, amount_text, difference_wan"
        f" from quality.restatement where document_id = '{sha('corrected')}'"
        f" and previous_document_id = '{sha('first')}' and form = 'T03' order by all"
    )
    assert rows == [
        ("T03", label, role, old, new, Decimal(1))
        for label, role, old, new in sorted(
            [
                ("合计", "total", "120.00", "121.00"),
                ("合计", "basic", "100.00", "101.00"),
                ("一般公共服务支出", "total", "120.00", "121.00"),
                ("一般公共服务支出", "basic", "100.00", "101.00"),
                ("档案事务", "total", "100.00", "101.00"),
                ("档案事务", "basic", "100.00", "101.00"),
                ("行政运行", "total", "100.00", "101.00"),
                ("行政运行", "basic", "100.00", "101.00"),
            ]
        )
    ]
    assert query("select distinct document_id from quality.restatement") == [(sha("corrected"),)]


def test_who_has_not_published(query: Query) -> None:
    rows = query(
        "select department, fiscal_year, phase, scope, status from quality.coverage order by all"
    )
    assert (OTHER, 2025, "budget", "department", "seen") in rows
    assert (OTHER, 2026, "budget", "department", "withdrawn") in rows
    assert ("青岚县样例办", 2026, "budget", "department", "quarantined") in rows
    assert (OFFICE, 2026, "budget", "unit_own", "seen") in rows


def test_a_later_correction_flips_what_is_current(copy_of: Layout) -> None:
    land(copy_of, [record(budget("newest", basic="150.00", total="170.00"))], "b3")
    load(copy_of, [fetched("newest", at="2026-05-01", published_on="2026-04-30")])
    report = build(copy_of)
    assert not report.full_refresh
    with reader(copy_of, published=False) as con:
        assert con.execute(
            "select document_id, version_kind, previous_document_id from marts.dim_document"
            " where is_current and scope = 'department' and phase = 'budget'"
            f" and fiscal_year = 2026 and department = '{OFFICE}'"
        ).fetchall() == [(sha("newest"), "corrected_republication", sha("corrected"))]
        assert con.execute(
            "select sum(amount_wan) from marts.fct_expenditure where is_additive"
            " and fiscal_year = 2026 and phase = 'budget'"
        ).fetchone() == (Decimal("290.000001"),)
    incremental = rows_of(copy_of)
    assert build(copy_of, full_refresh=True).full_refresh
    assert rows_of(copy_of) == incremental, "built step by step or at once: the same rows"


@pytest.mark.full  # make test sees it in the copy: test_second_night_finds_nothing_new_and_says_so
def test_building_again_changes_nothing(copy_of: Layout) -> None:
    before = rows_of(copy_of)
    load(copy_of)
    build(copy_of)
    assert rows_of(copy_of) == before


def test_new_readings_and_odd_documents(copy_of: Layout) -> None:
    """One build over: a reading withdrawn by a newer one, a file that is none after all, a figure
    in a column nobody declared, a text that was not read as a number."""
    again = budget("corrected", basic="101.00", total="121.00", status="quarantined")
    refused = record(file_sha256=sha("own"), outcome="not_a_disclosure", parser_version=2)
    odd = budget("odd", department="青岚县样例委")
    odd.tables[1].columns[4] = "2026年预算数/上缴上级支出"
    smudge = budget("smudge", department="青岚县样例院")
    cell = smudge.tables[1].cells[2][3]
    cell.text, cell.amount = "1OO.00", None
    smudge.tables[1].body[2][3] = "1OO.00"
    smudge.identities = []
    doubled = budget("doubled", department="青岚县样例所")
    doubled.tables[-1].rows[1].kind = "project"  # a unit taken for a project counts twice
    land(
        copy_of,
        [
            *(record(doubled), record(again, parser_version=2), refused, record(odd)),
            *(record(smudge), record(partly_scanned())),
        ],
        "b3",
    )
    land(copy_of, [record(budget("renamed", department="青岚县样例新局", year=2027))], "b4")
    with reader(copy_of, published=False) as con:
        finding = con.execute(
            "select finding_id, content_id from quality.finding where identity = 'R-T03'"
            " order by finding_id"
        ).fetchone()
        other = con.execute(
            "select min(finding_id) from quality.finding where finding_id != ?", [finding[0]]
        ).fetchone()
        told = {one.finding_id: one.content_id for one in findings(con)}
        assert told == dict(
            con.execute("select finding_id, content_id from quality.finding").fetchall()
        ), "what is acknowledged is what is told"
    assert finding is not None
    decisions = copy_of.root / "decisions"
    decisions.mkdir()
    (decisions / "organisations.yml").write_text(
        f"- {{county_code: '{COUNTY_CODE}', name: 青岚县样例新局, same_as: {OTHER}}}\n"
        f"- {{county_code: '{COUNTY_CODE}', name: {OTHER}, predecessor: 青岚县样例站,"
        " change_kind: renamed, since: 2020}\n"
    )
    (decisions / "acknowledgements.yml").write_text(
        f"- {{finding_id: {finding[0]}, content_id: {finding[1]}, status: acknowledged,"
        " reason: 已说明口径, decided_on: 2026-06-01}\n"
        # it said something else when this was decided
        f"- {{finding_id: {other[0]}, content_id: 0123456789ab, status: acknowledged,"
        " reason: 已说明, decided_on: 2026-06-01}\n"
    )
    first, last = (datetime(2026, m, 3, 22, 30, tzinfo=UTC) for m in (3, 5))
    load(
        copy_of,
        [fetched("renamed", at="2027-02-01")],
        decisions=decisions,
        seen=[(finding[0], first, last)],
    )
    build(copy_of)
    with reader(copy_of, published=False) as con:
        assert con.execute(
            "select list(fiscal_year order by fiscal_year), count(distinct organisation_id)"
            f" from marts.dim_document where department in ('{OTHER}', '青岚县样例新局')"
        ).fetchone() == ([2025, 2026, 2027], 1)
        assert con.execute(
            "select change_kind, predecessor_id is not null from marts.dim_organisation"
            f" where list_contains(names_seen, '{OTHER}')"
        ).fetchall() == [("renamed", True)]
        assert con.execute(
            "select status, status_reason from quality.finding where status != 'open'"
        ).fetchall() == [("acknowledged", "已说明口径")]
        held = "select first_seen_at, last_seen_at from quality.finding where finding_id"
        assert con.execute(f"{held} = '{finding[0]}'").fetchone()[0] == first.replace(tzinfo=None)
        others = con.execute(f"{held} != '{finding[0]}'").fetchall()
        assert all(one and one <= other for one, other in others), "when the reading was landed"
        versions = ", ".join(f"'{sha(n)}'" for n in ("first", "again", "corrected"))
        assert con.execute(
            "select document_id from marts.fct_expenditure"
            f" where document_id in ({versions}) group by 1"
        ).fetchall() == [(sha("again"),)], "the accepted version before it stays current"
        for table in ("marts.fct_amount", "marts.dim_document", "quality.identity_result"):
            assert con.execute(
                f"select count(*) from {table} where document_id = '{sha('own')}'"
            ).fetchone() == (0,), table
        for name, told in (
            ("odd", "上缴上级支出"),
            ("smudge", "1OO.00"),
            ("doubled", "T12"),
        ):
            status, reasons = con.execute(
                "select status, reasons from quality.document_status"
                f" where document_id = '{sha(name)}'"
            ).fetchall()[0]
            assert status == "quarantined"
            assert told in reasons
        read_of_scans(con)


def partly_scanned() -> ParsedDocument:
    """T03 and page 6 of the text were recognised, one figure of T03 was repaired."""
    out = budget("scanned", department="青岚县样例馆")
    form = out.table("T03")
    assert form is not None
    for row in form.cells:
        for cell in row:
            cell.source, cell.confidence = "ocr", 0.99
    mended = next(c for c in form.cells[-1] if c.amount is not None)
    mended.source, mended.reading_text = "repaired", "7.77"
    out.warnings.append(Warning_(code="recognised_pages", message="1 of 12", where="3,6"))
    return out


def read_of_scans(con: duckdb.DuckDBPyConnection) -> None:
    """Each amount says how it was read, and one filter leaves out what was recognised."""
    of = f"where document_id = '{sha('scanned')}'"

    def sources(table: str) -> dict[str, int]:
        return dict(
            con.execute(f"select source, count(*) from marts.{table} {of} group by 1").fetchall()
        )

    amounts = sources("fct_amount")
    assert amounts["repaired"] == 1
    assert amounts["ocr"] > 1
    assert amounts["text"] > 1
    assert sources("fct_expenditure")
    assert "text" not in sources("fct_expenditure")
    assert con.execute(
        f"select count(*) from marts.fct_expenditure {of} and source = 'text'"
    ).fetchone() == (0,)
    # the text's own figures by their page: 6 was recognised, 8 was not
    assert con.execute(
        f"select distinct figure_path, source from marts.fct_narrative_figure {of}"
        " and figure_path in ('income_total', 'vehicles_actual') order by 1"
    ).fetchall() == [("income_total", "ocr"), ("vehicles_actual", "text")]
    # where a target table stands is not landed: a file with scanned pages says so
    assert set(sources("fct_performance_target")) == {"ocr"}
    assert set(sources("fct_budget_summary")) == {"text"}
    assert ("basic_expenditure", "text") not in con.execute(
        f"select measure, source from marts.fct_year_comparison {of}"
    ).fetchall()
    count, recognised, repaired, share = con.execute(
        "select amount_count, recognised_count, repaired_count, recognised_share"
        f" from quality.document_status {of}"
    ).fetchall()[0]
    printed = sum(
        c.amount is not None for t in partly_scanned().tables for row in t.cells for c in row
    )
    assert count == printed
    assert repaired == 1
    assert share == round(Decimal(recognised + repaired) / count, 6)
    assert 0 < share < 1
    # every fact of money says so for every row
    for (table,) in con.execute(
        "select distinct table_name from duckdb_columns() where schema_name = 'marts'"
        " and starts_with(table_name, 'fct_') and ends_with(column_name, '_wan')"
    ).fetchall():
        assert con.execute(
            f"select count(*) from marts.{table} where source is null"
            " or source not in ('text', 'ocr', 'repaired')"
        ).fetchone() == (0,), table


@pytest.mark.parametrize(
    ("damage", "tells"),
    [
        (
            "delete from raw.raw_cell where form = 'T12' and row_index = 2 and column_index = 1",
            "assert_no_amount_lost",
        ),
        (
            "update raw.raw_cell set amount = amount + 0.01"
            " where form = 'T03' and row_index = 0 and column_index = 3",
            "assert_identities_agree",
        ),
        ("delete from raw.raw_row where form = 'T03' and row_index = 5", "assert_rows_landed_whole"),
    ],
)  # fmt: skip
def test_a_loss_on_the_way_stops_the_build(copy_of: Layout, damage: str, tells: str) -> None:
    with writer(copy_of) as con:
        con.execute(damage)
    with pytest.raises(BuildError, match=tells) as error:
        build(copy_of, full_refresh=True, select=[f"+{tells}"])
    assert any("rows break it" in line for line in error.value.failures)


def test_a_row_lost_inside_the_warehouse_stops_the_build(copy_of: Layout) -> None:
    with writer(copy_of) as con:
        con.execute(
            "delete from intermediate.int_amount where form = 'T01' and amount_printed is not null"
        )
    with pytest.raises(BuildError, match="assert_everything_counted"):
        build(copy_of, select=["+assert_everything_counted"])


@pytest.mark.full
def test_a_first_night_that_found_nothing_is_no_loss(tmp_path: Path) -> None:
    """The run of 06:30 may come before anything was ever landed: nothing is missing then."""
    layout = Layout(tmp_path)
    load(layout, [])
    report = build(layout)
    assert "fct_amount" in report.timings
    assert report.warnings == []


@pytest.mark.full  # without dbt: test_a_check_that_was_not_run_stops_the_build
def test_a_nightly_build_leaves_no_check_out(
    copy_of: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """dbt leaves out the tests of what is excluded, unless told not to (told so, it leaves none
    out: test_a_later_correction_flips_what_is_current)."""
    monkeypatch.setattr(
        warehouse.build,
        "dbt",
        lambda layout, *arguments: dbt(
            layout, *(a if a != "empty" else "eager" for a in arguments)
        ),
    )
    with pytest.raises(BuildError, match="the check was not run") as error:
        build(copy_of)
    assert any("assert_everything_counted" in line for line in error.value.failures)


def test_a_check_that_was_not_run_stops_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = Layout(tmp_path / "data")
    load(layout)

    def leaves_one_out(layout: Layout, *_: object) -> subprocess.CompletedProcess[str]:
        checks = {"test.a": "assert_one", "test.b": "assert_everything_counted"}
        passed = {"unique_id": "test.a", "status": "pass", "message": None, "failures": 0}
        outcome = {"results": [passed | {"execution_time": 0.1}], "tests": checks}
        (layout.build_path / "outcome.json").parent.mkdir(parents=True, exist_ok=True)
        (layout.build_path / "outcome.json").write_text(json.dumps(outcome), "utf-8")
        return subprocess.CompletedProcess(["dbt", "build"], 0, "Done.", "")

    monkeypatch.setattr("warehouse.build.dbt", leaves_one_out)
    with pytest.raises(BuildError, match="the check was not run") as error:
        build(layout)
    assert any("assert_everything_counted" in line for line in error.value.failures)
    assert not any("assert_one" in line for line in error.value.failures)


@pytest.mark.parametrize(
    ("code", "said", "tells"),
    [
        (-9, "", r"killed \(SIGKILL\).*BUDGETS_DUCKDB_MEMORY.*: nothing"),
        (-15, "Running with dbt", "ended by SIGTERM after it had said: Running with dbt"),
        (2, "Encountered an error:\nCatalog Error", "ended with 2: .*Catalog Error"),
    ],
)
def test_a_build_that_dies_says_how_and_keeps_what_was_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, said: str, tells: str
) -> None:
    layout = Layout(tmp_path / "data")
    load(layout)

    def dies(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(["dbt", "build"], code, said, "")

    monkeypatch.setattr("warehouse.build.dbt", dies)
    with pytest.raises(BuildError, match=tells) as error:
        build(layout)
    kept = Path(error.value.failures[-1].removeprefix("everything dbt said: "))
    assert said in kept.read_text(encoding="utf-8")
    assert f"dbt ended with {code}" in kept.read_text(encoding="utf-8")


def test_the_rules_hold_on_made_up_rows(copy_of: Layout) -> None:
    """dbt's unit tests: currency, leaves, rounding, what counts once."""
    done = dbt(copy_of, "--no-write-json", "test", "--select", "test_type:unit")
    assert done.returncode == 0, done.stdout[-5000:]
    found = re.search(r"PASS=(\d+) .*TOTAL=(\d+)", done.stdout)
    assert found
    assert int(found[1]) == int(found[2]) >= 10


def test_the_documentation_is_one_page(copy_of: Layout) -> None:
    page = document(copy_of)
    assert page == copy_of.docs_path / "dbt" / "index.html"
    text = page.read_text(encoding="utf-8")
    assert "fct_expenditure" in text
    assert json.dumps("尾差")[1:-1] in text, "descriptions are in the page"


def test_raw_tables_of_another_version_are_named(copy_of: Layout) -> None:
    with writer(copy_of) as con:
        con.execute("create or replace table raw.raw_identity_term (nothing integer)")
    with pytest.raises(LoadError, match=r"raw_identity_term has other columns"):
        build(copy_of)

"""The invented budgets: identities, years that fit together, units that make a department."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from samples_arithmetic import amount, violations

from samples import narrative
from samples.budget import Budget, Line, bodies, wan
from samples.document import County, Facts
from samples.generate import PDF_FOLDER, budget_names, facts_of, further, season
from samples.province import province

COUNTY = County(name="样例县", code="149999")
PROVINCE = province()


def _units(name: str) -> list[str]:
    plan = PROVINCE.documents[name].budget
    return [u.name for u in bodies()[plan.body].units] if plan else []


def _plants_a_figure(name: str) -> bool:
    return any(e.form for e in PROVINCE.documents[name].errata)


@pytest.mark.parametrize("name", [n for n in budget_names() if not _plants_a_figure(n)])
def test_figures_of_the_forms_add_up(name: str) -> None:
    violated, evaluated = violations(facts_of(name), _units(name))
    assert violated == []
    assert evaluated > 200


@pytest.mark.parametrize("name", [n for n in budget_names() if _plants_a_figure(n)])
def test_a_planted_figure_breaks_what_is_declared_and_nothing_else(name: str) -> None:
    violated, _ = violations(facts_of(name), _units(name))
    declared = {i for f in PROVINCE.documents[name].findings for i in f.identities}
    broken = {v.split()[0].split(":")[0] for v in violated}
    # The test's own names leave out the level: H-T05 covers H-T05-KUAN and H-T05-XIANG.
    assert broken
    assert all(any(d.startswith(b) for d in declared) for b in broken), (broken, declared)
    right = facts_of(name).model_copy(update={"errata": []})
    assert violations(right, _units(name))[0] == []


@pytest.mark.parametrize("body", sorted(bodies()))
@pytest.mark.parametrize("year", [2023, 2024, 2025, 2026, 2027])
def test_every_year_of_every_body_and_unit_adds_up(body: str, year: int) -> None:
    plan = bodies()[body]
    for unit in (None, *range(len(plan.units))):
        facts = Budget(plan, year, unit=unit).facts("x", COUNTY, Budget(plan, year - 1, unit=unit))
        violated, _ = violations(facts, [u.name for u in plan.units])
        assert violated == [], (unit, violated)


def test_further_documents_add_up_and_are_the_same_again() -> None:
    made = list(further(40, seed=7))
    assert [m[:2] for m in further(40, seed=7)] == [m[:2] for m in made]
    assert len({name for name, _, _ in made}) == 40
    assert len({f.county.name for _, f, _ in made}) == 40
    for name, facts, _ in made:
        names = {u.replace(real, facts.county.name) for u, real in _all_units()}
        violated, evaluated = violations(facts, names)
        assert violated == [], (name, violated)
        assert evaluated > 100
    assert [n for n, _, _ in further(40, seed=8)] != [n for n, _, _ in made]


def _all_units() -> list[tuple[str, str]]:
    return [
        (u.name, PROVINCE.county(plan.county).name)
        for plan in bodies().values()
        for u in plan.units
    ]


def test_the_province_has_the_money_and_the_tails_that_real_budgets_have() -> None:
    seen: dict[str, int] = {}
    for name in budget_names():
        facts = facts_of(name)
        t02 = facts.form("T02").body[0]
        for column, kind in (
            (4, "fund"),
            (5, "capital"),
            (6, "account"),
            (7, "own"),
            (8, "carried"),
        ):
            seen[kind] = seen.get(kind, 0) + bool(t02[column])
        last = facts.form("T01").body[-2]
        seen["left over"] = seen.get("left over", 0) + bool(last[3])
        t03 = facts.form("T03").body
        total = sum((amount(r[2]) for r in t03 if len(r[0]) == 7), Decimal(0))
        seen["tail"] = seen.get("tail", 0) + (total != amount(t03[0][2]))
    assert all(seen.values()), seen
    assert seen["tail"] >= 5
    years = {facts_of(n).year for n in budget_names()}
    assert {2024, 2025, 2026} <= years
    assert len(budget_names()) >= 14


def _pairs() -> list[tuple[str, str]]:
    """(this year's, last year's) documents of one body; a corrected version is the one that counts."""
    latest: dict[tuple[str, int | None, int], str] = {}
    for name, plan in PROVINCE.documents.items():
        if plan.budget and not name.endswith(("-first", "-again")):
            latest[plan.budget.body, plan.budget.unit, plan.budget.year] = name
    return [
        (name, latest[body, unit, year - 1])
        for (body, unit, year), name in latest.items()
        if (body, unit, year - 1) in latest
    ]


@pytest.mark.parametrize(("now", "before"), _pairs())
def test_last_year_as_stated_is_last_year_as_published(now: str, before: str) -> None:
    said, published = narrative.keys(facts_of(now)), narrative.keys(facts_of(before))
    for total, delta in (
        ("income_total", "income_yoy_delta"),
        ("expense_total", "expense_yoy_delta"),
        ("general_public_this_year", "general_public_yoy_delta"),
        ("agency_operating_expense", "agency_operating_yoy_delta"),
    ):
        assert amount(said[total]) - amount(said[delta]) == amount(published[total]), total
    change = facts_of(now).said.three_public
    assert change is not None
    assert amount(said["three_public_total"]) - amount(change.change["total"]) == amount(
        published["three_public_total"]
    )


def test_three_years_and_several_bodies_can_be_compared() -> None:
    assert len(_pairs()) >= 6
    assert {facts_of(n).year for pair in _pairs() for n in pair} == {2024, 2025, 2026}


def _within(total: str, parts: list[str]) -> bool:
    filled = sum(bool(p) for p in parts)
    return abs(amount(total) - sum(map(amount, parts), Decimal(0))) <= Decimal(filled // 2) / 100


def test_the_department_is_the_sum_of_its_units() -> None:
    department = facts_of("yunting-education-2026")
    units = [facts_of(f"yunting-education-2026-unit-{n}") for n in range(3)]
    for row in range(len(department.form("T01").body)):
        for column in (1, 3, 4, 5):
            parts = [u.form("T01").body[row][column] for u in units]
            assert _within(department.form("T01").body[row][column], parts), (row, column)
    for form in ("T02", "T03", "T05"):
        for line in department.form(form).body:
            for column in range(2, len(line)):
                parts = [
                    other[column]
                    for u in units
                    for other in u.form(form).body
                    if other[:2] == line[:2]
                ]
                assert _within(line[column], parts), (form, line[:2], column)
    assert [u.body.name for u in units] == [
        "云汀县教育局（本级）",
        "云汀县第一中学",
        "云汀县教师进修学校",
    ]
    assert {u.kind for u in units} == {"单位"}


def _cells(facts: Facts) -> dict[tuple[str, int, int], str]:
    return {
        (f.id, r, c): cell
        for f in facts.forms
        for r, row in enumerate(facts.body_of(f.id))
        for c, cell in enumerate(row)
    }


def test_a_correction_changes_one_project_and_all_that_depends_on_it() -> None:
    first, second = facts_of("yunting-education-2025-first"), facts_of("yunting-education-2025")
    before, after = _cells(first), _cells(second)
    assert before.keys() == after.keys()
    changed = {k for k in before if before[k] != after[k]}
    assert {form for form, _, _ in changed} == {"T01", "T02", "T03", "T04", "T05", "T12"}
    projects = [
        row[0]
        for n, row in enumerate(second.form("T12").body)
        if ("T12", n, 1) in changed and row[0] not in _units("yunting-education-2025")
    ]
    assert projects == ["小学课后服务补助"]
    difference = Decimal("9.00")
    assert all(amount(after[k]) - amount(before[k]) == difference for k in changed)


def test_a_republication_has_other_bytes_and_the_same_cells() -> None:
    first, again = facts_of("shibo-land-2025"), facts_of("shibo-land-2025-again")
    assert _cells(first) == _cells(again)
    assert narrative.outline(first) == narrative.outline(again)
    one = (PDF_FOLDER / "shibo-land-2025.pdf").read_bytes()
    assert one != (PDF_FOLDER / "shibo-land-2025-again.pdf").read_bytes()


@pytest.mark.parametrize("name", budget_names())
def test_text_and_tables_agree_but_where_it_is_planted(name: str) -> None:
    facts = facts_of(name)
    said = dict(narrative.compose(facts))["二、收入预算情况说明"][0].text
    total, *sources = [f.replace(",", "") for f in re.findall(r"([\d,.]+)万元", said)]
    rows = facts.form("T01").body
    printed = [rows[-1][1], *(r[1] for r in rows[:5]), rows[-2][1]]
    wrong = [
        (text, table)
        for text, table in zip([total, *sources], printed, strict=True)
        if amount(text) != amount(table)
    ]
    planted = [e for e in facts.errata if e.section == "二、"]
    assert len(wrong) == len(planted)
    if planted:
        assert wrong == [("1374.10", "1347.10")]
        assert name == "linxiu-civil-2026"


def test_rounding_is_half_up_and_zero_is_blank() -> None:
    assert [wan(y) for y in (0, 49, 50, 150, 149, 1_000_000)] == [
        "",
        "0.00",
        "0.01",
        "0.02",
        "0.01",
        "100.00",
    ]


def test_amounts_are_whole_yuan_and_never_negative() -> None:
    for plan in bodies().values():
        for line in Budget(plan, 2026).lines:
            assert isinstance(line, Line)
            assert line.yuan >= 50, line


def test_performance_tables_add_up_in_yuan() -> None:
    for name in budget_names():
        facts = facts_of(name)
        if PROVINCE.documents[name].budget is None:
            continue
        rows = {r[0]: r[1] for r in facts.form("T12").body}
        for table in facts.performance:
            total, *parts = table["资金明细"]
            for side in ("实施期", "年度"):
                assert amount(total[side]) == sum(amount(p[side]) for p in parts)
            assert wan(int(amount(table["年度资金总额"]))) == rows[table["项目名称"]]


def test_a_season_is_the_same_again_and_every_budget_of_it_its_own() -> None:
    made = {name: facts for name, facts, _ in season(3, 88)}
    assert {n: f for n, f, _ in season(3, 88)} == made
    assert len({(f.body.name, f.kind, f.year) for f in made.values()}) == 88
    assert {f.county.name for f in made.values()} == {"样例003县"}
    with pytest.raises(ValueError, match="at most 88 documents"):
        next(season(3, 89))

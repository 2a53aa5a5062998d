"""The weekly questions on the sample counties, the answers read off the pages of the PDFs by hand.

A comment names the document below ``samples/pdf`` and the pages on which the figures stand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from question_desk import DOCUMENT, desk

from warehouse.build import BuildReport
from warehouse.database import reader
from warehouse.errors import QuestionError
from warehouse.layout import Layout
from warehouse.questions import LABELS, Answer, ask, columns, find, questions, tables

Ask = Callable[..., list[tuple[Any, ...]]]
NUMBERS = [q.number for q in questions()]

POLICY = {"department": "中国共产党青岚县委员会政策研究室", "fiscal_year": 2026}
OFFICE = {"department": "中国共产党青岚县委员会办公室", "fiscal_year": 2026}
INSPECTION = {"department": "中国共产党青岚县委员会督查室", "fiscal_year": 2023}
ARCHIVES = {"department": "中国共产党青岚县委员会文献办公室", "fiscal_year": 2024}
WATER = {"department": "青岚县水利局", "fiscal_year": 2026}
CIVIL = {"department": "临岫区民政局", "fiscal_year": 2026}
EDUCATION = {"department": "云汀县教育局", "fiscal_year": 2026}
EDUCATION_OWN = {"department": "云汀县教育局（本级）", "fiscal_year": 2026}
SCHOOL = {"department": "云汀县第一中学", "fiscal_year": 2026}
LAND = {"department": "石柏县自然资源局", "fiscal_year": 2026}
ASSETS = {"department": "石柏县国有资产服务中心", "fiscal_year": 2026}


def D(text: str) -> Decimal:
    return Decimal(text)


@pytest.fixture(scope="module")
def answers(finished_night: Path) -> Iterator[dict[int, Answer]]:
    with reader(Layout(finished_night)) as connection:
        yield {q.number: ask(connection, q) for q in questions()}


@pytest.fixture
def rows(answers: dict[int, Answer]) -> Ask:
    """The named columns of an answer's rows, narrowed to those with the given values."""

    def of(number: int, *names: str, **wanted: Any) -> list[tuple[Any, ...]]:
        answer = answers[number].where(**wanted)
        at = [answer.position(n) for n in names]
        return [tuple(r[i] for i in at) for r in answer.rows]

    return of


night = pytest.mark.xdist_group("night")


@night
def test_1_the_headline_rises_and_the_year_falls(rows: Ask) -> None:
    # qinglan-policy-2026.pdf: p. 4 收入总计 973.44, 上年结转 193.99; p. 10 合计 779.45;
    # p. 19 比上年增加73.24万元，增长8.14% (973.44 − 73.24 = 900.20); 减少120.75万元，下降13.41%
    assert rows(
        1, "income_total_wan", "income_prior_wan", "income_change_pct", "general_public_wan",
        "general_public_prior_wan", "general_public_change_pct", "carry_over_wan", "is_opposite",
        "label", "page", **POLICY,
    ) == [
        (D("973.44"), D("900.20"), D("8.14"), D("779.45"), D("900.20"), D("-13.41"), D("193.99"),
         True, "推算", 4)
    ]  # fmt: skip
    # yunting-education-2025.pdf p. 5 收入总计 4545.78 (the corrected one); yunting-education-2026.pdf
    # p. 5 收入总计 4737.95, p. 13 合计 4205.96, the year before 4097.73
    assert rows(
        1, "income_prior_wan", "income_change_pct", "general_public_prior_wan", "is_opposite",
        "label", **EDUCATION,
    ) == [(D("4545.78"), D("4.23"), D("4097.73"), False, "")]  # fmt: skip
    assert len(rows(1, "label")) == 21


@night
def test_2_new_money_on_top_of_carry_over(rows: Ask) -> None:
    # qinglan-water-2026.pdf: p. 13 (T13) 供水 31.86, 干渠 90.53; p. 12 (T12) 供水 114.30, 干渠 300.88
    assert rows(
        2, "project_name", "carry_over_wan", "new_wan", "has_new_money", "page", **WATER
    ) == [
        ("2025年北川灌区干渠防渗改造", D("90.53"), D("300.88"), True, 13),
        ("2025年农村供水工程维修养护", D("31.86"), D("114.30"), True, 13),
    ]
    # qinglan-policy-2026.pdf: p. 18 six projects carried over, four of them again on p. 17
    found = rows(2, "project_name", "carry_over_wan", "new_wan", "has_new_money", **POLICY)
    assert sum(r[1] for r in found) == D("190.34")
    assert [r[0] for r in found if not r[3]] == [
        "青岚县基层调研点“四季走访”项目",
        "追加专项业务费用",
    ]
    assert {r[0]: r[2] for r in found if r[3]} == {
        "2025年办公室日常工作经费": D("40.00"),
        "2025年青少年工作办公经费": D("1.00"),
        "2025年资料中心办公经费": D("1.00"),
        "2025年发展研究中心办公经费": D("1.00"),
    }


@night
def test_3_no_final_account_no_ratio(rows: Ask) -> None:
    found = rows(3, "final_wan", "final_to_budget_pct", "label", "note")
    assert set(found) == {(None, None, "未公开", "未见到决算公开")}  # the samples hold no 决算
    # linxiu-civil-2026.pdf p. 5 本年支出合计 1658.60 (收入总计 1667.66 with 年终结转 9.07)
    assert rows(3, "budget_wan", **CIVIL) == [(D("1658.60"),)]


@night
def test_4_a_county_total_counts_no_unit_twice(rows: Ask) -> None:
    # p. 4 of qinglan-water-2026, qinglan-office-2026, qinglan-policy-2026: 支出总计 1688.78, 1494.18,
    # 973.44; 当年 1563.26, 1494.18, 779.45; 文献办公室 published for 2024 only
    found = rows(
        4, "county_label", "county_total_wan", "county_current_year_wan", "department",
        "expenditure_total_wan", "label", county="青岚县", fiscal_year=2026,
    )  # fmt: skip
    assert {r[:3] for r in found} == {("已公开部门合计（3/4个）", D("4156.40"), D("3836.89"))}
    assert [r[3:] for r in found] == [
        (WATER["department"], D("1688.78"), ""),
        (OFFICE["department"], D("1494.18"), ""),
        (POLICY["department"], D("973.44"), ""),
        (ARCHIVES["department"], None, "未公开"),
    ]
    # three documents of the department's own units and head office are not added: p. 5 of
    # yunting-education-2026.pdf 支出总计 4737.95 is all
    assert rows(4, "county_total_wan", "department", county="云汀县", fiscal_year=2026) == [
        (D("4737.95"), "云汀县教育局")
    ]


@night
def test_5_the_largest_project_without_a_target(rows: Ask) -> None:
    # qinglan-office-2026.pdf p. 16: 710.00 of 799.52 (p. 6), with targets for four other projects
    assert rows(5, "project_name", "amount_wan", "rank", "project_share_pct", "published_targets",
                "label", **OFFICE)[0] == (
        "办公楼综合修缮工程", D("710.00"), 1, D("88.80"), 4, "未公开"
    )  # fmt: skip
    # yunting-education-2026: the school's own document (…-unit-1.pdf) has the target of its equipment,
    # the training school's (…-unit-2.pdf) that of 培训楼修缮
    listed = {r[0] for r in rows(5, "project_name", **EDUCATION)}
    assert "小学课后服务补助" in listed
    assert not listed & {"第一中学教学设备购置", "培训楼修缮", "义务教育学校校舍维修"}
    # no unit's document in 2025: there it is listed
    assert "第一中学教学设备购置" in {
        r[0] for r in rows(5, "project_name", department="云汀县教育局", fiscal_year=2025)
    }


@night
def test_6_three_public_expenses_per_head_and_vehicle(rows: Ask) -> None:
    # yunting-education-2026-unit-0.pdf: p. 14 合计 2.43, 运行维护费 2.14; p. 3 在编在岗 31人;
    # p. 22 实有1辆
    assert rows(
        6, "three_public_wan", "in_post", "per_head_wan", "per_head_label", "vehicle_running_wan",
        "vehicles", "per_vehicle_wan", "per_vehicle_label", **EDUCATION_OWN,
    ) == [(D("2.43"), 31, D("0.0784"), "", D("2.14"), 1, D("2.1400"), "")]  # fmt: skip
    # qinglan-office-2026.pdf: p. 14 blank, p. 3 在编在岗人员41人, p. 26 实有0辆
    assert rows(
        6, "three_public_wan", "in_post", "per_head_wan", "per_head_label", "per_vehicle_label",
        **OFFICE,
    ) == [(None, 41, None, "未公开", "未公开")]  # fmt: skip
    # qinglan-water-2026.pdf: no figure of staff in post: posts do not stand in
    assert rows(6, "in_post", "per_head_wan", "per_head_label", "per_vehicle_wan", **WATER) == [
        (None, None, "未公开", D("2.4200"))  # p. 11 运行维护费 7.26, 3 vehicles
    ]


@night
def test_7_agency_operating_expenses_per_head(rows: Ask) -> None:
    names = ("agency_wan", "in_post", "agency_per_head_wan", "label", "page")
    # qinglan-office-2026.pdf: p. 15 部门合计 122.53, p. 3 41人
    assert rows(7, *names, **OFFICE) == [(D("122.53"), 41, D("2.9885"), "", 15)]
    # yunting-education-2026-unit-0.pdf: p. 15 部门合计 43.19, p. 3 31人
    assert rows(7, *names, **EDUCATION_OWN) == [(D("43.19"), 31, D("1.3932"), "", 15)]
    # yunting-education-2026-unit-1.pdf: a school has none, the form is blank
    assert rows(7, *names, **SCHOOL) == [(None, 168, None, "未公开", None)]


@night
def test_8_the_same_body_county_by_county(rows: Ask) -> None:
    names = ("county", "department", "expenditure_total_wan", "basic_wan", "project_wan", "label")
    found = {r[0]: r[1:] for r in rows(8, *names, peer_group="水利局", fiscal_year=2026)}
    # qinglan-water-2026.pdf p. 4 支出总计 1688.78, p. 6 基本支出 993.94, 项目支出 694.83
    assert found.pop("青岚县") == ("青岚县水利局", D("1688.78"), D("993.94"), D("694.83"), "")
    assert found == dict.fromkeys(
        ("临岫区", "云汀县", "石柏县"), (None, None, None, None, "未公开")
    )
    assert not rows(8, "county", peer_group="其他事业单位")


@night
def test_9_abrupt_changes_with_their_reasons(rows: Ask) -> None:
    # qinglan-inspection-2023.pdf p. 18 收入总计1,530.55, 比上年增加1,046.06万元，增加215.91%, 原因
    found = rows(
        9, "term", "change_wan", "change_pct", "reason_text", "reason_page", "label", **INSPECTION
    )
    reason = "新增视频会议系统更新和办公设备集中更新两个项目"
    assert ("收入总计", D("1046.06"), D("215.91"), reason, 18, "推算") in found
    assert ("一般公共预算支出", D("1046.06"), D("215.91"), None, None, "未公开") in found
    # p. 19 13.41 % and 8.14 % of qinglan-policy-2026.pdf are below a fifth
    assert not rows(9, "term", **POLICY)
    # 上年结转 252.99 → 118.07 of 石柏县自然资源局 (p. 4 of shibo-land-2025 and -2026), no reason given
    assert rows(9, "term", "change_wan", "change_pct", "label", **LAND) == [
        ("上年结转", D("-134.92"), D("-53.33"), "未公开")
    ]


@night
def test_10_one_off_every_year(rows: Ask) -> None:
    # p. 17 of shibo-land-2024, -2025, -2026: 2168.41, 1750.87, 2086.23; each target says 一次性项目
    assert rows(
        10, "project_name", "one_off_years", "first_year", "last_year", "year_count", "yearly_wan",
        "page", department="石柏县自然资源局", project_name="城东片区征地补偿",
    ) == [
        ("城东片区征地补偿", "2024、2025、2026", 2024, 2026, 3,
         "2024：2168.41、2025：1750.87、2026：2086.23", 17)
    ]  # fmt: skip
    # seen in one year only, however often its target says one-off
    assert not rows(10, "project_name", department=INSPECTION["department"])
    # the head office prints 义务教育学校校舍维修 again: it is one project
    assert len(rows(10, "project_name", project_name="义务教育学校校舍维修")) == 1


@night
def test_11_office_expenses_as_projects(rows: Ask) -> None:
    # qinglan-policy-2026.pdf p. 17, of 228.96 in all
    found = {
        r[0]: r[1:]
        for r in rows(11, "project_name", "amount_wan", "project_share_pct", "label", **POLICY)
    }
    assert found["2026年办公室日常工作经费"] == (D("40.00"), D("17.47"), "推算")
    assert "青岚县基层调研点建设经费" not in found


@night
def test_12_procurement_against_equipment_projects(rows: Ask) -> None:
    names = (
        "procurement_wan",
        "procurement_projects_wan",
        "largest_project",
        "difference_wan",
        "label",
    )
    # qinglan-inspection-2023.pdf: p. 19 政府采购预算总额4.95; p. 16 1035.80 and 47.08
    assert rows(12, *names, department=INSPECTION["department"]) == [
        (D("4.95"), D("1082.88"), "办公设备集中更新项目", D("-1077.93"), "推算")
    ]
    # qinglan-office-2026.pdf: p. 19 18.00; p. 16 视频会议线路租赁费 15.00 and 办公网络服务费 3.00
    assert rows(12, *names, **OFFICE) == [
        (D("18.00"), D("18.00"), "视频会议线路租赁费", D("0.00"), "推算")
    ]


@night
def test_13_levels_only_from_published_targets(rows: Ask) -> None:
    # yunting-education-2026-unit-2.pdf, target of 培训楼修缮: 市县(区)财政资金 399,772元, 单位自筹 68,771元
    assert rows(
        13, "published_targets", "central_wan", "provincial_wan", "county_level_wan", "own_wan",
        "covered_pct", department="云汀县教师进修学校",
    ) == [(1, D("0"), D("0"), D("39.9772"), D("6.8771"), D("62.98"))]  # fmt: skip
    # qinglan-office-2026.pdf: four targets of 58.5168 in all, p. 16 项目支出 799.52
    assert rows(13, "target_total_wan", "covered_pct", "note", **OFFICE) == [
        (D("58.5168"), D("7.32"), "仅为已公开绩效目标")
    ]


@night
def test_14_share_of_carry_over(rows: Ask) -> None:
    names = ("carry_over_wan", "carry_over_share_pct", "label")
    assert rows(14, *names, **POLICY) == [(D("193.99"), D("19.93"), "")]  # p. 4: 193.99 of 973.44
    assert rows(14, *names, **OFFICE) == [(None, D("0.00"), "推算")]  # p. 4: the cell is blank
    # shibo-assets-2025.pdf p. 5 prints 0.00, which is not blank
    assert rows(14, *names, department=ASSETS["department"], fiscal_year=2025) == [
        (D("0.00"), D("0.00"), "")
    ]


@night
def test_15_share_of_projects_on_both_bases(rows: Ask) -> None:
    # qinglan-policy-2026.pdf: p. 7 (T03) 554.13 and 419.31; p. 10 (T05) 550.49 and 228.96
    assert rows(15, "basic_wan", "project_wan", "project_share_of_total_pct", "page", **POLICY) == [
        (D("554.13"), D("419.31"), D("43.08"), 7),
        (D("550.49"), D("228.96"), D("29.37"), 10),
    ]
    assert [b for (b,) in rows(15, "basis", **POLICY)] == [
        "T03 全部资金（含上年结转）",
        "T05 一般公共预算当年（不含上年结转）",
    ]


@night
def test_16_the_three_guarantees_are_an_estimate(rows: Ask) -> None:
    # linxiu-civil-2026.pdf: p. 10 (T06) 人员 837.85, 公用 65.42; p. 9 (T05) projects under 20810:
    # 高龄 252.18 + 孤儿 118.56 + 护理 60.51 = 431.25
    assert rows(16, "guarantee", "amount_wan", "label", **CIVIL) == [
        ("保工资", D("837.85"), "推算"),
        ("保运转", D("65.42"), "推算"),
        ("保基本民生", D("431.25"), "推算"),
    ]
    assert all("推算口径" in note for (note,) in rows(16, "note"))


@night
def test_17_series_without_links_are_each_bodys_own(rows: Ask) -> None:
    # p. 5 of yunting-education-2024, -2025 (corrected), -2026
    assert rows(17, "fiscal_year", "expenditure_total_wan", "label", series="云汀县教育局") == [
        (2024, D("4447.83"), ""),
        (2025, D("4545.78"), ""),
        (2026, D("4737.95"), ""),
    ]


@night
def test_18_who_has_not_published(rows: Ask) -> None:
    found = rows(18, "department", "fiscal_year", "status", county="青岚县", phase="budget")
    assert set(found) == {
        (ARCHIVES["department"], 2025, "not_seen"),
        (ARCHIVES["department"], 2026, "not_seen"),
        (INSPECTION["department"], 2024, "not_seen"),
        (INSPECTION["department"], 2025, "not_seen"),
        (INSPECTION["department"], 2026, "not_seen"),
    }
    # 石柏县's portal has a column of final accounts and nothing in it; the others have none
    assert {r[0] for r in rows(18, "status", county="石柏县")} == {"not_seen"}
    assert {r[0] for r in rows(18, "status", county="云汀县")} == {"no_column"}


@night
def test_19_what_the_reupload_changed(rows: Ask) -> None:
    # yunting-education-2025-first.pdf and yunting-education-2025.pdf p. 22: 小学课后服务补助
    # 134.58 → 143.58, and every total above it
    found = rows(
        19, "form", "row_label", "previous_text", "amount_text", "difference_wan", "page",
        version_kind="corrected_republication",
    )  # fmt: skip
    assert {r[4] for r in found if r[0] != "narrative"} == {D("9.00")}
    assert len([r for r in found if r[0] != "narrative"]) == 48
    # the text moves with the forms: p. 24 of both, 支出总计 4,536.78 → 4,545.78
    assert ("narrative", "expense_total", "4,536.78万元", "4,545.78万元", D("9.00"), 24) in found
    assert ("T12", "小学课后服务补助", "134.58", "143.58", D("9.00"), 22) in found
    # shibo-land-2025-again.pdf: other bytes, the same figures
    assert rows(19, "department", "note", version_kind="re_publication") == [
        (LAND["department"], "内容相同，未改动任何数字")
    ]


@night
def test_20_one_topic_under_different_names(rows: Ask) -> None:
    # linxiu-civil-2026.pdf p. 17: 养老服务设施改造 222.99, 福利院护理服务购买 60.51 + 26.18
    assert rows(
        20, "topic_county_wan", "project_name", "amount_wan", topic="养老服务", fiscal_year=2026
    ) == [
        (D("309.68"), "养老服务设施改造", D("222.99")),
        (D("309.68"), "福利院护理服务购买", D("86.69")),
    ]
    # two counties, two names: shibo-land-2026 p. 17, shibo-assets-2026 p. 19, qinglan-office-2026 p. 16
    assert set(rows(20, "county", "project_name", topic="档案与史志", fiscal_year=2026)) == {
        ("石柏县", "不动产登记档案整理"),
        ("石柏县", "改制档案数字化整理"),
        ("青岚县", "档案宣传工作经费"),
    }


# --- what holds for every question ------------------------------------------------------------


@night
@pytest.mark.parametrize("number", NUMBERS)
def test_every_row_is_labelled_and_leads_to_its_page(
    answers: dict[int, Answer], number: int
) -> None:
    answer = answers[number]
    names = [c.name for c in answer.columns]
    assert answer.rows
    assert [n for n in ("label", "per_head_label") if n in names]
    for row in answer.rows:
        held = dict(zip(names, row, strict=True))
        for name in (n for n in names if n == "label" or n.endswith("_label")):
            if name not in {"county_label", "row_label"}:
                assert held[name] in LABELS
        if held["source_url"] is None:  # nothing was published, and the row says so
            assert held["label"] == "未公开"
        else:
            assert held["source_url"].startswith("http")
            assert held["page"] is None or held["page"] >= 1


@night
@pytest.mark.parametrize(
    ("number", "figure", "label"),
    [
        (1, "income_change_pct", "label"),
        (3, "final_to_budget_pct", "label"),
        (6, "per_head_wan", "per_head_label"),
        (6, "per_vehicle_wan", "per_vehicle_label"),
        (7, "agency_per_head_wan", "label"),
        (14, "carry_over_share_pct", "label"),
        (15, "project_share_of_total_pct", "label"),
        (16, "amount_wan", "label"),
        (17, "expenditure_total_wan", "label"),
    ],
)
def test_no_figure_no_proxy(rows: Ask, number: int, figure: str, label: str) -> None:
    for value, said in rows(number, figure, label):
        assert (value is None) == (said in {"未公开", "不可比"})


def test_there_are_twenty_in_order() -> None:
    assert list(range(1, 21)) == NUMBERS
    assert len({q.short for q in questions()}) == 20


@pytest.mark.parametrize("number", NUMBERS)
def test_words_are_the_users_words(number: int) -> None:
    question = find(str(number))
    text = " ".join(
        [question.zh, question.short, *(d["zh"] for d in (question.asks, question.answer, question.caveats))]
    )  # fmt: skip
    assert not re.search("违规|造假|隐瞒|虚报|挪用|排名|预算执行率", text)
    for said in (question.asks, question.answer, question.caveats):
        assert set(said) == {"zh", "en"}
        assert re.search("[A-Za-z]{3}", said["en"])
    assert {t.split(".")[0] for t in tables(question.sql)} <= {"marts", "quality"}


def test_headings_never_claim_the_countys_expenditure_or_execution() -> None:
    said = " ".join(c.zh for c in columns().values())
    assert "全县支出" not in said
    assert "执行率" not in said


def test_every_declared_column_is_used_and_every_used_one_declared() -> None:
    from warehouse.questions import _given

    used = {c.name for q in questions() for c in _given(q)}
    assert used == set(columns())


def test_a_question_that_is_not_there_is_told_with_the_ones_that_are() -> None:
    with pytest.raises(QuestionError, match="4 已公开部门合计"):
        find("21")


# --- what the samples do not hold ---------------------------------------------------------------


def answered(number: int, connection: Any, *names: str, **options: Any) -> list[tuple[Any, ...]]:
    answer = ask(connection, find(str(number)), **options)
    at = [answer.position(n) for n in names]
    return [tuple(r[i] for i in at) for r in answer.rows]


def test_final_account_over_initial_budget(built: tuple[Layout, BuildReport]) -> None:
    """The scenario has one body with both: 110.00 of 121.00, the corrected budget, not the first."""
    with reader(built[0], published=False) as connection:
        found = answered(3, connection, "fiscal_year", "final_to_budget_pct", "label", "note")
    assert (2026, D("90.91"), "", "") in found
    assert sum(label == "" for _, _, label, _ in found) == 1


def document(document_id: str, **said: Any) -> dict[str, Any]:
    return DOCUMENT | {"document_id": document_id, "organisation_id": "o1"} | said


def summary(document_id: str, total: str, **said: Any) -> dict[str, Any]:
    amounts = {
        "expenditure_total_wan": D(total),
        "expenditure_from_current_year_wan": D(total),
        "current_year_expenditure_wan": D(total),
    }
    return {"document_id": document_id, "page": 4} | amounts | said


@pytest.mark.parametrize(
    ("said", "figures"),
    [
        ({"is_comparable": True, "prior_as_published_wan": D("80")}, (D("25.00"), "")),
        ({"is_comparable": True, "prior_as_published_wan": D("0")}, (None, "不可比")),
        (
            {"break_reason": "prior_not_published", "prior_as_stated_wan": D("80")},
            (D("25.00"), "推算"),
        ),
        # a stated increase above the year's own total: no year before can have been that
        (
            {"break_reason": "prior_not_published", "prior_as_stated_wan": D("-60")},
            (None, "不可比"),
        ),
        ({"break_reason": "prior_not_published"}, (None, "未公开")),
        ({"break_reason": "prior_blank"}, (None, "未公开")),
        (
            {
                "break_reason": "prior_restated",
                "prior_as_stated_wan": D("80"),
                "prior_as_published_wan": D("90"),
            },
            (None, "不可比"),
        ),
    ],
)
def test_1_a_rate_needs_a_year_before(
    said: dict[str, Any], figures: tuple[Decimal | None, str]
) -> None:
    measure = {"document_id": "d", "amount_wan": D("100"), "is_comparable": False} | said
    found = answered(
        1,
        desk(
            marts__dim_document=[document("d")],
            marts__fct_year_comparison=[
                measure | {"measure": name}
                for name in ("income_total", "general_public_expenditure")
            ],
        ),
        *("income_change_pct", "label", "general_public_change_pct"),
    )
    assert found == [(*figures, figures[0])]


def test_3_both_documents_give_the_ratio() -> None:
    found = answered(
        3,
        desk(
            marts__dim_document=[document("b"), document("f", phase="final_account")],
            marts__fct_budget_summary=[summary("b", "200.00"), summary("f", "183.33")],
        ),
        *("budget_wan", "final_wan", "final_to_budget_pct", "label", "document_id"),
    )
    assert found == [(D("200.00"), D("183.33"), D("91.67"), "", "f")]


def test_4_a_unit_that_calls_itself_a_department_is_not_added_again() -> None:
    """In 2026 the bureau lists the station as its unit; in 2025 it does not yet, and both count;
    in 2024 the station published nothing."""
    station = {"organisation_id": "o2", "department": "甲县某站"}
    found = answered(
        4,
        desk(
            marts__dim_document=[
                *(document(f"d{year}", fiscal_year=year) for year in (2024, 2025, 2026)),
                document("u2025", fiscal_year=2025, **station),
                document("u2026", is_additive=False, contained_in_id="d2026", **station),
            ],
            marts__dim_organisation=[{"organisation_id": "o2", "parent_id": "o1"}],
            marts__fct_budget_summary=[
                *(summary(f"d{year}", "100.00") for year in (2024, 2025, 2026)),
                *(summary(f"u{year}", "30.00") for year in (2025, 2026)),
            ],
            quality__coverage=[
                {"county": "甲县", "department": name, "organisation_id": body, "fiscal_year": year,
                 "phase": "budget", "scope": "department", "status": "seen"}
                for name, body in (("甲县某局", "o1"), ("甲县某站", "o2"))
                for year in (2024, 2025, 2026)
            ],
        ),
        *("fiscal_year", "county_label", "county_total_wan"),
        *("department", "expenditure_total_wan", "label", "document_id"),
    )  # fmt: skip
    one, two = ("已公开部门合计（1/1个）", D("100.00")), ("已公开部门合计（2/2个）", D("130.00"))
    assert found == [
        (2024, *one, "甲县某局", D("100.00"), "", "d2024"),
        (2024, *one, "甲县某站", None, "", None),
        (2025, *two, "甲县某局", D("100.00"), "", "d2025"),
        (2025, *two, "甲县某站", D("30.00"), "", "u2025"),
        (2026, *one, "甲县某局", D("100.00"), "", "d2026"),
        (2026, *one, "甲县某站", None, "", "u2026"),
    ]


def test_4_no_sum_of_some_departments_only() -> None:
    """One of two departments does not say what comes of the current year: the county's is not known."""
    found = answered(
        4,
        desk(
            marts__dim_document=[
                document("d"), document("e", organisation_id="o2", department="甲县某办")
            ],
            marts__fct_budget_summary=[
                summary("d", "100.00"),
                summary("e", "30.00", expenditure_from_current_year_wan=None),
            ],
            quality__coverage=[
                {"county": "甲县", "department": name, "organisation_id": body, "fiscal_year": 2026,
                 "phase": "budget", "scope": "department", "status": "seen"}
                for name, body in (("甲县某局", "o1"), ("甲县某办", "o2"))
            ],
        ),
        *("department", "county_total_wan", "county_current_year_wan", "note"),
    )  # fmt: skip
    assert found == [
        ("甲县某局", D("130.00"), None, ""),
        ("甲县某办", D("130.00"), None, "文本未列当年预算安排，本县当年安排合计因此不列"),
    ]


def series(links: list[dict[str, Any]], *published: tuple[str, int, str]) -> list[tuple[Any, ...]]:
    bodies = {b for b, _, _ in published} | {
        x[k] for x in links for k in ("organisation_id", "predecessor_id")
    }
    return answered(
        17,
        desk(
            marts__dim_organisation=[
                {"organisation_id": b, "name_printed": b, "county": "甲县"} for b in sorted(bodies)
            ],
            marts__dim_organisation_link=links,
            marts__dim_document=[
                document(f"{b}{year}", organisation_id=b, department=b, fiscal_year=year)
                for b, year, _ in published
            ],
            marts__fct_budget_summary=[summary(f"{b}{year}", total) for b, year, total in published],
        ),
        *("series", "fiscal_year", "bodies", "expenditure_total_wan", "label"),
    )  # fmt: skip


def link(body: str, predecessor: str, kind: str) -> dict[str, Any]:
    return {"organisation_id": body, "predecessor_id": predecessor, "change_kind": kind}


def test_17_a_renamed_body_goes_on_and_a_gap_stays_a_gap() -> None:
    assert series([link("新", "旧", "renamed")], ("旧", 2023, "10"), ("新", 2025, "12")) == [
        ("新", 2023, "旧", D(10), ""),
        ("新", 2024, None, None, "未公开"),
        ("新", 2025, "新", D(12), ""),
    ]


def test_17_before_a_merger_all_bodies_or_none() -> None:
    links = [link("丙", "甲", "merged"), link("丙", "乙", "merged")]
    assert series(
        links, ("甲", 2023, "10"), ("甲", 2024, "11"), ("乙", 2024, "5"), ("丙", 2025, "17")
    ) == [
        ("丙", 2023, "甲", None, "不可比"),
        ("丙", 2024, "乙、甲", D(16), "推算"),
        ("丙", 2025, "丙", D(17), ""),
    ]


def test_17_before_a_split_nothing_is_comparable() -> None:
    links = [link("甲", "总", "split"), link("乙", "总", "split")]
    assert series(links, ("总", 2024, "20"), ("甲", 2025, "12"), ("乙", 2025, "9")) == [
        ("乙", 2024, "总", None, "不可比"),
        ("乙", 2025, "乙", D(9), ""),
        ("甲", 2024, "总", None, "不可比"),
        ("甲", 2025, "甲", D(12), ""),
    ]


def test_13_a_total_among_the_funding_lines_is_no_level() -> None:
    lines = [("central", "30"), ("provincial", "20"), ("total", "50"), ("unknown", "7")]
    found = answered(
        13,
        desk(
            marts__dim_document=[document("d")],
            marts__fct_performance_target=[
                {"document_id": "d", "kind": "project", "year_amount_wan": D("57")}
            ],
            marts__fct_performance_funding=[
                {
                    "document_id": "d",
                    "horizon": "year",
                    "funding_level": level,
                    "amount_wan": D(wan),
                }
                for level, wan in lines
            ],
        ),
        *("central_wan", "provincial_wan", "other_wan", "label"),
    )
    assert found == [(D("30"), D("20"), D("7"), "")]


def test_16_a_blank_total_of_one_kind_is_not_zero() -> None:
    """T06 prints 人员经费 and leaves 公用经费 blank: 保运转 is not known, and not 0."""
    found = answered(
        16,
        desk(
            marts__dim_document=[document("d")],
            marts__dim_guarantee=[
                {"position": n, "guarantee_code": code, "guarantee": code, "form": form,
                 "expenditure_type": kind, "code_prefix": prefix, "what": ""}
                for n, (code, form, kind, prefix) in enumerate([
                    ("wages", "T06", "personnel", ""), ("operation", "T06", "non_personnel", ""),
                    ("livelihood", "T05", "project", "20810"),
                ])
            ],
            marts__fct_basic_expenditure=[
                {"document_id": "d", "expense_type": "personnel", "amount_wan": D("9")}
            ],
            marts__fct_year_comparison=[
                {"document_id": "d", "measure": "personnel_expense", "amount_wan": D("9")},
                {"document_id": "d", "measure": "general_public_expenditure", "amount_wan": D("18")},
            ],
        ),
        *("guarantee", "amount_wan", "label"),
    )  # fmt: skip
    assert found == [
        ("wages", D("9"), "推算"),
        ("operation", None, "未公开"),
        ("livelihood", D("0"), "推算"),
    ]


def test_19_a_correction_of_words_is_listed_too() -> None:
    found = answered(
        19,
        desk(
            marts__dim_document=[
                document("a", version_kind="first_publication", is_current=False),
                document("b", version_kind="corrected_republication", previous_document_id="a"),
                document("c", version_kind="re_publication", is_current=False),
            ],
        ),
        *("document_id", "amount_text", "note", "previous_source_url"),
    )
    assert found == [
        ("b", None, "金额未变，改动在文字、绩效目标或0的写法", "https://example.invalid/a.pdf"),
        ("c", None, "内容相同，未改动任何数字", None),
    ]


def test_6_small_groups_are_not_shown_singly() -> None:
    found = answered(
        6,
        desk(
            marts__dim_document=[document("d")],
            marts__fct_three_public=[
                {"document_id": "d", "expense_item": "vehicle_running", "amount_wan": D("2")}
            ],
            marts__fct_staff=[{"document_id": "d", "measure": "in_post", "value": D(4)}],
            marts__fct_asset=[{"document_id": "d", "measure": "vehicles_actual", "value": D(0)}],
        ),
        *("in_post", "per_head_wan", "per_head_label", "per_vehicle_wan", "per_vehicle_label"),
    )
    assert found == [(None, None, "不可比", None, "不可比")]


def restricted_desk() -> Any:
    project = {"document_id": "d", "fiscal_year": 2026, "phase": "budget", "is_additive": True,
               "is_carry_over": False, "row_kind": "project", "page": 9}  # fmt: skip
    return desk(
        marts__dim_document=[document("d")],
        marts__dim_project=[
            {"project_id": "p1", "name_standard": "信创设备购置", "is_restricted": True},
            {"project_id": "p2", "name_standard": "办公设备购置", "is_restricted": False},
        ],
        marts__dim_topic=[{"topic_code": "equipment", "topic": "设备购置", "is_restricted": False}],
        marts__dim_project_topic=[
            {"project_id": p, "topic_code": "equipment", "topic_group": "procurement"}
            for p in ("p1", "p2")
        ],
        marts__fct_project=[
            project | {"project_id": "p1", "project_name": "信创设备购置", "amount_wan": D(50)},
            project | {"project_id": "p2", "project_name": "办公设备购置", "amount_wan": D(8)},
        ],
    )


@pytest.mark.parametrize("number", [5, 20])
def test_secrecy_is_left_out_unless_asked_for(number: int) -> None:
    connection = restricted_desk()
    assert answered(number, connection, "project_name") == [("办公设备购置",)]
    assert len(answered(number, connection, "project_name", show_restricted=True)) == 2
    assert answered(number, connection, "project_name") == [("办公设备购置",)]
    if number == 20:
        assert answered(20, connection, "topic_county_wan") == [(D(8),)]

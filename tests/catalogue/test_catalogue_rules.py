"""Tolerances, blanks, conditions, coverage and verdict, on documents made by hand."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from catalogue_invented import DEPARTMENT, INSTITUTION, PLANS, Budget, Plan, invented
from hypothesis import given
from hypothesis import strategies as st

from expectations.catalogue import (
    bind,
    coverage,
    evaluate_all,
    judge,
    load_catalogue,
    rounding_bound,
    statements,
)
from parsers.document import IdentityInstance, ParsedDocument, Sentence, Warning_

U = Decimal(100)  # 0.01 万元 in 元


def results(document: ParsedDocument) -> dict[tuple[str, str], IdentityInstance]:
    return {(r.identity, r.instance): r for r in evaluate_all(bind(document))}


def put(document: ParsedDocument, form: str, label: str, column: int, text: str) -> None:
    """Print ``text`` in the cell of the row whose code or first label is ``label``."""
    table = document.table(form)
    assert table is not None
    i = next(i for i, row in enumerate(table.body) if label in row)
    table.body[i][column] = text
    cell = table.cells[i][column]
    cell.text, cell.amount = text, Decimal(text) if text else None


def shift(document: ParsedDocument, form: str, label: str, column: int, by: str) -> None:
    table = document.table(form)
    assert table is not None
    row = next(row for row in table.body if label in row)
    put(document, form, label, column, str(Decimal(row[column] or 0) + Decimal(by)))


# --- tolerance ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rounded", "steps_allowed"),
    [(2, 0), (3, 1), (4, 1), (5, 2), (6, 2), (20, 9), (34, 16)],
)
def test_sum_tolerance_is_half_the_addends_rounded_down(rounded: int, steps_allowed: int) -> None:
    """n = rounded - 1 addends of one total: ⌊n/2⌋ steps."""
    assert rounding_bound([U] * rounded) == steps_allowed * U


def test_one_rounded_figure_against_exact_ones_has_half_a_step() -> None:
    assert rounding_bound([U]) == 50


def test_a_coarser_print_allows_half_its_step() -> None:
    """39.5 against 39.51: 0.05 万元."""
    assert rounding_bound([Decimal(1000), U]) == 500


def test_nothing_rounded_allows_nothing() -> None:
    assert rounding_bound([]) == 0


@given(
    parts=st.lists(st.integers(min_value=-(10**9), max_value=10**9), min_size=1, max_size=40),
)
def test_rounding_alone_never_exceeds_the_bound(parts: list[int]) -> None:
    """Whatever the exact sums are: half-up rounding stays inside, and zero tails stay zero."""
    printed = [_round(p) for p in parts]
    total = _round(sum(parts))
    assert abs(total - sum(printed)) <= rounding_bound([U] * (len(parts) + 1))


def test_the_bound_is_attained() -> None:
    parts = [149, 149, 149, 149]
    tail = _round(sum(parts)) - sum(_round(p) for p in parts)
    assert abs(tail) == rounding_bound([U] * 5)


def _round(yuan: int) -> Decimal:
    from decimal import ROUND_HALF_UP

    return (Decimal(yuan) / U).quantize(Decimal(1), ROUND_HALF_UP) * U


def test_a_tail_within_the_bound_is_rounding_and_one_step_more_is_a_violation() -> None:
    document = invented()
    name = ("C-T03", "合计=Σ类[合计]")
    before = results(document)[name]
    assert before.outcome in ("exact", "rounding")
    assert before.tolerance_yuan is not None
    assert before.difference_yuan is not None
    room = (before.tolerance_yuan - before.difference_yuan) / 10000
    shift(document, "T03", "合计", 2, str(room))
    assert results(document)[name].outcome == "rounding"
    shift(document, "T03", "合计", 2, "0.01")
    assert results(document)[name].outcome == "violated"


def test_a_copy_has_no_tolerance() -> None:
    document = invented()
    shift(document, "T06", "合计", 2, "0.01")
    found = results(document)["X-0506", "基本支出"]
    assert (found.outcome, found.tolerance_yuan) == ("violated", 0)
    assert found.difference_yuan == -U


def test_a_yuan_table_is_compared_in_yuan() -> None:
    """The same figures printed in 元 in one form still agree with 万元 in another."""
    document = invented()
    table = document.table("T06")
    assert table is not None
    for row in table.cells:
        for cell in row:
            if cell.amount is not None:
                cell.amount *= 10000
                cell.text = str(cell.amount)
    table.factor, table.step, table.unit = Decimal(1), Decimal("0.01"), "单位：元"
    assert results(document)["X-0506", "基本支出"].outcome == "exact"


@pytest.mark.parametrize(("text", "outcome"), [("-0.05", "rounding"), ("0.06", "violated")])
def test_a_text_with_one_decimal_less_has_half_a_step(text: str, outcome: str) -> None:
    document = invented()
    table = document.table("T11")
    assert table is not None
    stated = Decimal("39.5")
    for row in (table.body[0][0],):
        put(document, "T11", row, 1, str(stated + Decimal(text)))
    document.narrative.keys["agency_operating_expense"] = "39.5"
    assert results(document)["N-JGYX", "8.机关=T11部门合计"].outcome == outcome


@pytest.mark.parametrize(
    ("printed", "outcome"), [("14.94", "exact"), ("14.95", "violated"), ("15", "exact")]
)
def test_a_printed_rate_is_held_against_its_own_decimals(printed: str, outcome: str) -> None:
    document = invented()
    keys = document.narrative.keys
    keys["income_total"], keys["income_yoy_delta"] = "1149.40", "149.40"
    keys["income_yoy_pct"] = printed
    assert results(document)["N-YOY", "1收 增减率"].outcome == outcome


def test_shares_of_nothing_and_of_everything_are_exact() -> None:
    document = invented()
    share = results(document)["N-SHARESUM", "2 占比之和=100"]
    assert (share.outcome, share.tolerance_yuan) == ("exact", 0)
    keys = document.narrative.keys
    keys["income_special_fiscal_accounts"] = {"amount": "0", "pct": "0.01"}
    assert results(document)["N-SHARESUM", "2 占比之和=100"].outcome == "violated"


def test_a_text_in_whole_wan_is_no_contradiction_and_a_wrong_one_is() -> None:
    """Where the text prints no decimals at all, half of its step is allowed: 0.5 万元."""
    document = invented()
    keys = document.narrative.keys

    def whole(node: object) -> object:
        if isinstance(node, dict):
            return {k: whole(v) if k != "pct" else v for k, v in node.items()}
        text = str(node)
        return f"{Decimal(text):.0f}" if text.count(".") == 1 else node

    for name, value in keys.items():
        if not name.endswith(("pct", "_yuan", "delta")):
            keys[name] = whole(value)
    document.narrative.sentences = []
    found = [r for r in results(document).values() if r.identity in ("N-EQ", "N-CLS4", "N-CLS5")]
    assert {r.outcome for r in found} - {"not_applicable"} == {"exact", "rounding"}
    keys["income_total"] = str(int(str(keys["income_total"])) + 1)
    assert results(document)["N-EQ", "1.收入总计=T01收入总计"].outcome == "violated"


def test_a_whole_number_among_decimals_has_dropped_its_zeros() -> None:
    document = invented()
    stated = Decimal(str(document.narrative.keys["fiscal_total"]))
    document.narrative.keys["fiscal_total"] = f"{stated.to_integral_value()}"
    assert stated != stated.to_integral_value()
    assert results(document)["N-EQ", "4.总=T04收入总计"].outcome == "violated"


# --- blank, 0 and 0.00 -------------------------------------------------------------------------


def test_blank_on_both_sides_is_not_applicable_with_a_reason() -> None:
    found = results(invented())["X-0102-IN", "政府性基金预算"]
    assert found.outcome == "not_applicable"
    assert found.reason == "两边均为空白"


def test_a_blank_against_a_figure_is_a_violation() -> None:
    document = invented()
    put(document, "T06", "合计", 2, "")
    assert results(document)["X-0506", "基本支出"].outcome == "violated"


def test_a_printed_zero_where_blanks_are_zero_is_a_rounded_figure() -> None:
    """0.00 stands for something below half a step: it counts as an addend."""
    document = invented()
    name = ("R-T03", "2210201")
    assert results(document)[name].addends == 1
    put(document, "T03", "2210201", 4, "0.00")
    found = results(document)[name]
    assert (found.addends, found.tolerance_yuan, found.outcome) == (2, U, "exact")


def test_a_document_that_prints_zeros_does_not_count_them() -> None:
    document = invented(Plan(zero="0.00"))
    found = results(document)["R-T03", "2210201"]
    assert (found.addends, found.tolerance_yuan, found.outcome) == (1, 0, "exact")
    assert [r for r in results(document).values() if r.outcome == "violated"] == []


# --- conditions --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [n for n in PLANS if n != "year_end"])
def test_every_branch_of_the_template_is_clean(name: str) -> None:
    violated = [r for r in results(invented(PLANS[name])).values() if r.outcome == "violated"]
    assert [(r.identity, r.instance, r.difference_yuan) for r in violated] == []


def test_a_department_with_an_institution_is_clean_and_asked_everything() -> None:
    found = results(invented(INSTITUTION)).values()
    assert [(r.identity, r.instance) for r in found if r.outcome == "violated"] == []
    asked = {r.identity for r in found if r.outcome != "not_applicable"}
    assert {
        *("E-INST", "E-OTHER", "G-PROC", "W-RATE", "X-1106-GOV", "N-SIGN"),
        *("A-DATE", "O-UNIT-NARR", "M-TEMPLATE", "M-FOREIGN"),
    } <= asked


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("云坪县桥梁管理局", "exact"),
        ("云坪县桥梁局", "exact"),  # short for it
        ("本部门", "not_applicable"),  # names nobody
        ("云坪县桥梁管理局（本级）", "exact"),
        ("云坪县桥梁管护中心", "violated"),
    ],
)
def test_a_name_stands_for_the_body_of_the_cover_or_is_foreign(name: str, outcome: str) -> None:
    document = invented()
    said = f"{document.document.year}年度{name}支出预算1.00万元。"
    document.narrative.sentences = [Sentence(section="三、支出预算", sentence=said, page=9)]
    (found,) = [r for r in results(document).values() if r.identity == "M-FOREIGN"]
    assert found.outcome == outcome


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("比2030年预算39.43万元减少1.34万元，下降3.40%", "exact"),
        ("比2030年预算39.43万元减少1.34万元，下降3.4%", "exact"),  # rounded to one place
        ("比2030年预算39.43万元减少1.34万元，下降3.39%", "exact"),  # cut off
        ("比2030年预算39.43万元减少1.34万元，下降3.50%", "violated"),
        ("比2030年预算39.43万元减少1.34万元", "not_applicable"),
    ],
)
def test_base_change_and_rate_follow_from_each_other(said: str, outcome: str) -> None:
    document = invented()
    document.narrative.sentences = [Sentence(section="八、机关运行经费", sentence=said, page=9)]
    (found,) = [r for r in results(document).values() if r.identity == "N-BASE"]
    assert found.outcome == outcome


@pytest.mark.parametrize(
    ("said", "outcomes"),
    [
        (("支出总计100.00万元", "支出总计100万元"), ["exact"]),
        (("支出总计100.00万元", "支出总计1,000,000元"), ["exact"]),
        (("支出总计100.00万元", "支出总计99.00万元"), ["violated"]),
        (("公用经费20.00万元", "公用经费减少1.00万元"), []),  # a change is another figure
    ],
)
def test_a_notion_told_twice_has_one_figure(said: tuple[str, ...], outcomes: list[str]) -> None:
    document = invented()
    document.narrative.sentences = [
        Sentence(section="一、收支", sentence=one, page=9) for one in said
    ]
    found = [r.outcome for r in results(document).values() if r.identity == "N-PARA"]
    assert found == outcomes


def test_year_end_carry_over_turns_equalities_into_bounds() -> None:
    found = results(invented(PLANS["year_end"]))
    assert {r.identity for r in found.values() if r.outcome == "violated"} == {"X-FE4"}
    assert found["X-FE4b", "2101101+02=职工医保+其他社会保障缴费"].outcome in ("exact", "rounding")
    assert found["C-T01-CY", "本年收入合计=支出总计.当年"].outcome == "exact"
    assert (
        found["C-T01-CY", "本年收入合计=本年支出合计.当年（无年终结转）"].outcome
        == "not_applicable"
    )
    assert found["X-0102-CLS", "214当年"].relation == "<="
    assert results(invented())["X-0102-CLS", "214当年"].relation == "="


def test_an_alternative_is_judged_only_where_the_first_booking_fails() -> None:
    found = results(invented())["X-FE4b", "2101101+02=职工医保+其他社会保障缴费"]
    assert found.outcome == "not_applicable"
    assert found.reason is not None
    assert "X-FE4" in found.reason


def test_non_fiscal_carry_over_needs_two_witnesses() -> None:
    """One misread cell must not switch the equality of T01 and T04 off."""
    clean = results(invented(PLANS["non_fiscal"]))["X-0104-CF", "上年结转"]
    assert (clean.relation, clean.outcome) == (">=", "exact")
    document = invented(PLANS["carried"])
    assert results(document)["X-0104-CF", "上年结转"].relation == "="
    shift(document, "T01", "上年结转", 1, "1.00")
    found = results(document)["X-0104-CF", "上年结转"]
    assert (found.relation, found.outcome) == ("=", "violated")


def test_a_unit_without_operating_expenses_relaxes_the_comparison() -> None:
    assert results(invented())["X-0611", "公用经费=机关运行经费.一般公共预算"].relation == "="
    more = results(invented(PLANS["all_funds"]))["X-0611", "公用经费=机关运行经费.一般公共预算"]
    assert (more.relation, more.outcome) == (">=", "exact")


def test_a_department_without_a_count_of_its_units_is_compared_one_way() -> None:
    """Units without projects are named in no form: nothing shows that T11 lists them all."""
    document = invented()
    document.narrative.sentences = [
        x for x in document.narrative.sentences if "下属预算单位" not in x.sentence
    ]
    name = ("X-0611", "公用经费=机关运行经费.一般公共预算")
    assert results(document)[name].relation == ">="
    document.document.scope = "unit"
    assert results(document)[name].relation == "="


def test_a_class_under_another_name_is_found_by_the_documents_own_code_rows() -> None:
    document = invented()
    for form, column in (("T01", 2), ("T04", 2), ("T02", 1), ("T03", 1), ("T05", 1)):
        table = document.table(form)
        assert table is not None
        for row in table.body:
            row[column] = row[column].replace("交通运输支出", "交通和运输方面的支出")
    found = results(document)
    assert found["X-0103-CLS", "214"].outcome == "exact"
    assert found["M-CLSLIST", "T01 30个类级科目齐全且按序"].outcome == "exact"


def test_a_project_without_its_own_name_is_found_by_amount_in_its_unit() -> None:
    document = invented()
    target = next(p for p in document.performance if p["kind"] == "project")
    target["项目名称"] = "桥梁工程（一）"
    found = {r.identity: r for r in results(document).values() if "桥梁工程（一）" in r.instance}
    assert found["P-UNIT"].outcome in ("exact", "rounding")
    assert found["P-NAME"].outcome == "violated"


@pytest.mark.parametrize(
    ("item_off", "total_off", "sums", "items"),
    [
        (0, 0, "exact", ["exact", "exact"]),
        (0, 8, "violated", ["exact", "exact"]),
        (1, 0, "violated", ["exact", "violated"]),
        (1, 1, "exact", ["exact", "violated"]),
    ],
)
def test_projects_itemised_in_the_text_add_up_and_stand_in_t12(
    item_off: int, total_off: int, sums: str, items: list[str]
) -> None:
    """万元 by which the second item and the stated total are off."""
    document = invented(PLANS["carried"])
    table = document.table("T12")
    assert table is not None
    names = [row[0] for row in table.body[2:4]]
    amounts = [Decimal(row[1]) for row in table.body[2:4]]
    stated = sum(amounts) + total_off
    amounts[1] += item_off
    listed = "".join(
        f"({i}){name}{amount}万元；"
        for i, (name, amount) in enumerate(zip(names, amounts, strict=True), 1)
    )
    section = "十、绩效管理情况"
    document.narrative.sentences = [
        Sentence(
            section=section, sentence=f"编报单位整体绩效目标，涉及资金{stated}万元。", page=21
        ),
        Sentence(section=section, sentence=listed, page=21),
    ]
    found = results(document).values()
    assert [r.outcome for r in found if r.identity == "P-LIST"] == [sums]
    assert [r.outcome for r in found if r.identity == "P-LIST-EQ"] == items


# --- coverage and verdict ----------------------------------------------------------------------


@pytest.mark.parametrize("name", list(PLANS))
def test_a_whole_document_is_fully_evaluated(name: str) -> None:
    short = {f: n for f, n in coverage(invented(PLANS[name])).items() if n[0] != n[1]}
    assert short == {}


def _no_column(document: ParsedDocument) -> None:
    table = document.table("T03")
    assert table is not None
    table.columns[3] = "别的列"


def _no_total(document: ParsedDocument) -> None:
    table = document.table("T06")
    assert table is not None
    for part in (table.body, table.cells, table.rows):
        del part[0]


def _blank_row(document: ParsedDocument) -> None:
    for column in (2, 3, 4):
        put(document, "T06", "办公费", column, "")


def _blank_code_row(document: ParsedDocument) -> None:
    for column in (2, 3, 4):
        put(document, "T03", "2210201", column, "")


def _no_form(document: ParsedDocument) -> None:
    document.tables = [t for t in document.tables if t.id != "T05"]


@pytest.mark.parametrize(
    ("lose", "families"),
    [
        (_no_column, {"R-T03", "C-T03", "X-0305-EQ"}),
        (_no_total, {"C-T06-TOT", "X-0506"}),
        (_blank_row, {"R-T06"}),
        (_blank_code_row, {"R-T03"}),
        (_no_form, {"R-T05", "X-0205", "X-0506"}),
    ],
)
def test_what_is_lost_shows_in_the_coverage(
    lose: Callable[[ParsedDocument], None], families: set[str]
) -> None:
    document = invented()
    lose(document)
    short = {f for f, (expected, evaluated) in coverage(document).items() if evaluated < expected}
    assert families <= short


def test_a_clean_document_is_accepted_and_left_untouched() -> None:
    document = invented()
    judged = judge(document)
    assert judged.verdict is not None
    assert (judged.verdict.status, judged.verdict.reasons) == ("accepted", [])
    assert judged.catalogue_version == load_catalogue().version
    assert document.identities == []
    assert document.verdict is None


def test_a_contradiction_is_accepted_with_findings_unless_it_was_misread() -> None:
    document = invented()
    shift(document, "T06", "合计", 2, "0.01")
    judged = judge(document)
    assert judged.verdict is not None
    assert judged.verdict.status == "accepted_with_findings"
    told = next(r for r in judged.verdict.reasons if r.startswith("X-0506"))
    assert "第7页" in told
    assert "第8页" in told
    again = judge(document, misread={("X-0506", "基本支出")})
    assert again.verdict is not None
    assert again.verdict.status == "quarantined"


@pytest.mark.parametrize("lose", [_no_column, _no_form])
def test_a_lost_form_or_column_is_quarantined(lose: Callable[[ParsedDocument], None]) -> None:
    document = invented()
    lose(document)
    verdict = judge(document).verdict
    assert verdict is not None
    assert verdict.status == "quarantined"


def test_a_figure_that_could_not_be_read_is_quarantined() -> None:
    document = invented()
    cell = document.tables[2].cells[3][2]
    cell.text, cell.amount = "12.3O", None
    verdict = judge(document).verdict
    assert verdict is not None
    assert verdict.status == "quarantined"
    assert any("12.3O" in reason for reason in verdict.reasons)


def test_a_warning_of_an_unreadable_amount_is_quarantined() -> None:
    document = invented()
    document.warnings.append(Warning_(code="unreadable_amount", message="“1O.2”", where="T03 合计"))
    verdict = judge(document).verdict
    assert verdict is not None
    assert verdict.status == "quarantined"


def test_soft_identities_alone_do_not_change_the_verdict() -> None:
    judged = judge(invented(PLANS["year_end"]))
    assert judged.verdict is not None
    assert judged.verdict.status == "accepted"
    assert any(r.outcome == "violated" and r.severity == "soft" for r in judged.identities)


# --- statements --------------------------------------------------------------------------------


def test_statements_name_form_row_amount_and_page_in_both_languages() -> None:
    document = invented()
    shift(document, "T05", "2210201", 2, "3.00")
    bounds = bind(document)
    bound = next(b for b in bounds if b.identity.id == "R-T05" and b.instance == "2210201")
    zh, zh_parts = statements(bound, "zh")
    assert zh.startswith("T05 一般公共预算支出预算表（合计） 2210201 住房公积金 ")
    assert zh.endswith(" 万元（第7页）")
    assert "基本支出" in zh_parts
    en, _ = statements(bound, "en")
    assert en.startswith("T05 (general public budget expenditure), total: 2210201")
    assert en.endswith("(p. 7)")


def test_a_row_that_is_not_printed_is_named() -> None:
    document = invented(PLANS["all_funds"])
    table = document.table("T08")
    assert table is not None
    i = next(i for i, row in enumerate(table.body) if row[0] == "2120899")
    for part in (table.body, table.cells, table.rows):
        del part[i]
    found = results(document)["X-0208", "2120899"]
    assert found.outcome == "violated"
    assert found.statement_1 == "T08 2120899 合计 无此行"


def test_no_statement_blames() -> None:
    document = invented()
    for form, label in (("T05", "2210201"), ("T06", "合计"), ("T01", "收入总计")):
        shift(document, form, label, 2 if form != "T01" else 1, "3.00")
    document.narrative.keys["perf_published"] = "99"
    words = "".join(
        f"{r.statement_1}{r.statement_2}"
        for r in evaluate_all(bind(document))
        if r.outcome == "violated"
    )
    assert words
    assert not [w for w in ("问题", "违规", "造假", "隐瞒", "虚报", "挪用") if w in words]


def test_terms_of_sums_can_be_added_up_again() -> None:
    """What is landed recomputes to what was judged: left and right are the sums of the terms."""
    for result in evaluate_all(bind(invented(PLANS["all_funds"]))):
        if result.kind != "sum" or result.outcome == "not_applicable":
            continue
        for side, value in (("L", result.left_yuan), ("R", result.right_yuan)):
            terms = [t for t in result.terms if t.side == side]
            assert sum((t.sign * (t.value_yuan or 0) for t in terms), Decimal(0)) == value


def test_instances_are_named_once() -> None:
    for plan in PLANS.values():
        names = [(r.identity, r.instance) for r in evaluate_all(bind(invented(plan)))]
        twice = {n for n in names if names.count(n) > 1} if len(set(names)) < len(names) else set()
        assert twice == set()


def test_the_invented_department_has_its_name_everywhere() -> None:
    assert all(DEPARTMENT in (t.owner or "") for t in Budget().forms())


# --- changes told in the text ------------------------------------------------------------------


def change(said: dict[str, str | None]) -> IdentityInstance:
    """§7 where 三公 goes up by 0.31 and the keys say what ``said`` says; lines have money."""
    document = invented()
    keys: dict[str, object] = {
        "three_public_none": False,
        "three_public_total": "5.00",
        "three_public_overseas": "0",
        "three_public_reception": "2.00",
        "three_public_vehicles": "3.00",
        "three_public_yoy_delta": "0.31",
        "three_public_overseas_yoy_delta": None,
        "three_public_reception_yoy_delta": None,
        "three_public_vehicles_yoy_delta": None,
        **said,
    }
    document.narrative.keys.update(keys)
    document.narrative.sentences = []
    return results(document)["N-SUM", "7 三公增减=Σ增减"]


@pytest.mark.parametrize(
    ("vehicles", "reception", "outcome"),
    [
        ("0.31", "2.00", "exact"),
        ("0.30", "2.00", "rounding"),  # hospitality moved by less than half a step, unsaid
        ("0.29", "2.00", "rounding"),
        ("0.28", "2.00", "violated"),
        ("0.30", "0", "violated"),  # one line alone: its change is the change of the total
    ],
)
def test_a_change_too_small_to_be_told_moves_the_total(
    vehicles: str, reception: str, outcome: str
) -> None:
    said = {"three_public_vehicles_yoy_delta": vehicles, "three_public_reception": reception}
    assert change(dict(said)).outcome == outcome


@given(
    now=st.lists(st.integers(min_value=1, max_value=10**6), min_size=3, max_size=3),
    moves=st.lists(st.integers(min_value=-400, max_value=400), min_size=3, max_size=3),
)
def test_changes_of_printed_or_of_unrounded_figures_stay_inside(
    now: list[int], moves: list[int]
) -> None:
    """Both ways of making changes: of the printed figures, and of the unrounded ones."""
    before = [max(0, a - b) for a, b in zip(now, moves, strict=True)]
    printed = [_round(a) - _round(b) for a, b in zip(now, before, strict=True)]
    told = _round(sum(now)) - _round(sum(before))
    assert abs(told - sum(printed)) <= 2 * U
    unrounded = [_round(a - b) for a, b in zip(now, before, strict=True)]
    assert abs(_round(sum(now) - sum(before)) - sum(unrounded)) <= 2 * U


# --- what the reading says that it did not read ------------------------------------------------


@pytest.mark.parametrize("code", ["performance_unread", "performance_unknown"])
def test_targets_that_were_not_read_are_not_counted_against_the_publisher(code: str) -> None:
    document = invented()
    projects = [p for p in document.performance if p["kind"] == "project"]
    document.performance.remove(projects[0])
    name = ("P-PUBCNT", "公开项目数=目标表张数")
    assert results(document)[name].outcome == "violated"
    document.warnings.append(Warning_(code=code, message="not read", page=31))
    found = results(document)
    for key in (
        name,
        ("P-PUBAMT", "公开金额=Σ目标表年度资金"),
        ("P-TOT", "T12合计=Σ目标表年度资金"),
    ):
        assert found[key].outcome == "not_applicable"
        assert found[key].reason == "有 1 张绩效目标表未能读出（第31页）"
    assert coverage(document)["P-PUBCNT"] == (1, 0)
    verdict = judge(document).verdict
    assert verdict is not None
    assert "P-PUBCNT：应核对 1 处，实际 0 处" in verdict.reasons


# --- what a target says of its own cost --------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("{n}元", "exact"),
        ("≤{n}元", "exact"),
        ("不超过{more}元", "exact"),
        ("≤{less}元", "violated"),
        ("{more}元", "violated"),
        ("≥{less}元", "exact"),
        ("{n}元/人", None),  # a rate is no whole
        ("约{more}元", None),
    ],
)
def test_a_stated_cost_is_the_annual_amount_or_a_bound(said: str, outcome: str | None) -> None:
    document = invented()
    target = next(p for p in document.performance if p["kind"] == "project")
    annual = int(Decimal(str(target["年度资金总额"]).replace(",", "")))
    value = said.format(n=annual, more=annual + 1000, less=annual - 1)
    row = ["成本指标", "成本控制数", value]
    target["指标"] = [{"level1": "产出指标", "left": row, "right": row}]
    found = [r.outcome for k, r in results(document).items() if "成本控制数" in k[1]]
    assert found == ([outcome] if outcome else [])


@pytest.mark.parametrize(("heads", "outcome"), [("2", "exact"), ("9", "violated")])
def test_heads_times_rate_times_months_is_no_more_than_the_whole(heads: str, outcome: str) -> None:
    document = invented()
    target = next(p for p in document.performance if p["kind"] == "project")
    annual = int(Decimal(str(target["年度资金总额"]).replace(",", "")))
    target["文字"] = {"项目概况": f"按{heads}人×{annual // 24}元×12个月测算。"}
    found = [r.outcome for k, r in results(document).items() if "人数×标准×月数" in k[1]]
    assert found == [outcome]

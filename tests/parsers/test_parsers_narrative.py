"""The narrative: figures by rules, every sentence with a figure kept, numbers read strictly."""

from __future__ import annotations

import importlib.util
import json
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parsers_by_hand import grid, line, moved_line, page

from parsers.cover import Cover, read_cover
from parsers.document import KeyFigure
from parsers.narrative import (
    NarrativeReading,
    amounts_in,
    clean,
    count_of,
    malformed_numbers,
    parse_number,
    read_narrative,
)
from parsers.page import Page, TextLine

PART = "第三部分 2027年度部门预算情况说明"


def paragraph(text: str, width: int = 36) -> list[str]:
    """Set as a paragraph: an indent of two signs, lines of ``width`` signs."""
    out = ["　　" + text[: width - 2]]
    rest = text[width - 2 :]
    while rest:
        out.append(rest[:width])
        rest = rest[width:]
    return out


def set_lines(*texts: str) -> list[TextLine]:
    """Lines as the engine gives them: an ideographic indent becomes a distance."""
    made = []
    for t in texts:
        indent = len(t) - len(t.lstrip("　"))
        made.append(line(t.lstrip("　"), 0.0, x0=72.0 + 10 * indent))
    return made


def read(*texts: str, lead: tuple[str, ...] = ()) -> NarrativeReading:
    """Part 3 with these headings and paragraphs, on one page."""
    lines: list[TextLine] = set_lines(*lead, PART)
    for t in texts:
        heading = t[:1] in "一二三四五六七八九十" or t[:2] in ("1、", "2、", "3、", "（一", "（二")
        lines += set_lines("　　" + t) if heading else set_lines(*paragraph(t))
    return read_narrative([page(1, *lines)], Cover())


def figure(reading: NarrativeReading, path: str) -> KeyFigure:
    return next(f for f in reading.narrative.figures if f.path == path)


CHANGE = "一、部门预算收支数据变动情况及原因"
CHANGE_TEXT = (
    "2027年度青石县水利局预算收入总计1,204.50万元，其中：本年收入1,200.00万元，上年结转4.50万元，"
    "比上年减少30.25万元，下降2.45%，主要原因是压缩一般性支出；本年部门预算支出总计1,204.50万元，"
    "其中：本年预算安排1,200.00万元，上年结转4.50万元，比上年减少30.25万元，下降2.45%，主要原因是压缩一般性支出。"
)


def test_totals_changes_and_signs() -> None:
    r = read(CHANGE, CHANGE_TEXT)
    k = r.narrative.keys
    assert (k["income_total"], k["income_this_year"], k["carryover"]) == (
        "1204.50",
        "1200.00",
        "4.50",
    )
    assert (k["income_yoy_delta"], k["income_yoy_pct"]) == ("-30.25", "-2.45")
    assert (k["expense_total"], k["expense_this_year"]) == ("1204.50", "1200.00")
    assert (k["expense_yoy_delta"], k["expense_yoy_pct"]) == ("-30.25", "-2.45")
    assert [x.topic for x in r.reasons] == ["income_total", "expense_total"]
    assert {x.text for x in r.reasons} == {"压缩一般性支出"}
    assert r.reasons[0].amount == Decimal("30.25")
    assert r.reasons[0].direction == "decrease"


def test_a_figure_knows_its_sentence_and_its_place() -> None:
    r = read(CHANGE, CHANGE_TEXT)
    f = figure(r, "income_yoy_pct")
    assert (f.text, f.value, f.unit, f.page, f.sentence_index) == (
        "2.45%",
        Decimal("-2.45"),
        "%",
        1,
        0,
    )
    assert f.bbox is not None
    assert f.bbox[2] - f.bbox[0] < 60
    assert figure(r, "expense_total").sentence_index == 1


def test_a_sentence_over_lines_and_pages_is_one() -> None:
    first = set_lines(PART, "　　三、支出预算情况说明", "　　2027年度青石县水利局支出预算1,204.5")
    second = set_lines(
        "0万元，其中：基本支出900.00万元，占74.72%；项目支出304.50万元，占", "25.28%。"
    )
    r = read_narrative([page(1, *first), page(2, *second)], Cover())
    assert [s.sentence for s in r.narrative.sentences] == [
        "2027年度青石县水利局支出预算1,204.50万元，其中：基本支出900.00万元，占74.72%；",
        "项目支出304.50万元，占25.28%。",
    ]
    assert r.narrative.keys["expense_project"] == {"amount": "304.50", "pct": "25.28"}
    assert figure(r, "expense_section_total").value == Decimal("1204.50")


def test_stray_blanks_inside_a_number_are_no_part_of_it() -> None:
    r = read(
        "九、政府采购情况",
        "2027年青石县水利局政府采购预算总额4192. 53万元。其中：政府采购货物预算4 192.53万元。",
    )
    assert r.narrative.keys["procurement_total"] == "4192.53"
    assert r.procurement["procurement_goods"] == "4192.53"


def test_zero_and_not_said_are_told_apart() -> None:
    r = read(
        "九、政府采购情况",
        "2027年青石县水利局政府采购预算总额0.00万元。其中：政府采购货物预算0万元。",
    )
    k = r.narrative.keys
    assert (k["procurement_total"], k["procurement_goods"], k["procurement_works"]) == (
        "0.00",
        "0",
        None,
    )


def test_sums_in_yuan_become_wan_in_the_keys_and_stay_printed_in_the_figure() -> None:
    r = read("九、政府采购情况", "2027年政府采购预算总额123456元。")
    assert r.narrative.keys["procurement_total"] == "12.3456"
    assert (figure(r, "procurement_total").value, figure(r, "procurement_total").unit) == (
        Decimal(123456),
        "元",
    )


def test_classes_of_expenditure_each_with_amount_and_share() -> None:
    r = read(
        "五、一般公共预算支出情况说明",
        "（二）一般公共预算当年支出结构情况",
        "2027年度青石县水利局一般公共预算当年支出100.00万元，主要用于以下方面：农林水支出80.00万元，"
        "占80.00%；住房保障支出20.00万元，占20.00%等。",
    )
    assert r.narrative.keys["general_public_by_function"] == {
        "农林水支出": {"amount": "80.00", "pct": "80.00"},
        "住房保障支出": {"amount": "20.00", "pct": "20.00"},
    }
    assert r.narrative.sentences[0].sub == "（二）一般公共预算当年支出结构情况"


@pytest.mark.parametrize(
    ("said", "delta", "pct"),
    [
        ("比上年减少30.25万元，下降2.45%", "-30.25", "-2.45"),
        ("较2026年预算增加30.25万元，增幅2.45%", "30.25", "2.45"),
        ("与上年相比，减少额为30.25万元，降幅为2.45%", "-30.25", "-2.45"),
        ("同比下降30.25万元（2.45%）", "-30.25", "-2.45"),
        ("与上年度持平", "0", None),
        ("与2026年预算数相同", "0", None),
        ("比2026年度增长了30.25万元、2.45%", "30.25", "2.45"),
    ],
)
def test_wordings_of_a_change(said: str, delta: str, pct: str | None) -> None:
    r = read(CHANGE, f"2027年度部门预算收入总计安排1,204.50万元，{said}，主要原因是人员变动。")
    k = r.narrative.keys
    assert (k["income_total"], k["income_yoy_delta"], k["income_yoy_pct"]) == (
        "1204.50",
        delta,
        pct,
    )


@pytest.mark.parametrize(
    ("said", "total", "reception"),
    [
        ("2027年“三公”经费财政拨款支出预算安排3.10万元，比上年减少0.20万元。公务接待费支出预算0.60万元。", "3.10", "0.60"),
        ("三公经费预算合计3.10万元。公务接待费0.60万元，与上年预算数相同，公务用车运行维护费2.50万元，比上年减少0.20万元。", "3.10", "0.60"),
        ("“三公”经费较上年减少0.20万元，为3.10万元。", None, None),
    ],
)  # fmt: skip
def test_wordings_of_the_three_public_expenses(
    said: str, total: str | None, reception: str | None
) -> None:
    r = read("七、“三公”经费增减变动原因说明", said)
    assert r.narrative.keys["three_public_total"] == total
    figures = {f.path: f for f in r.narrative.figures}
    got = figures.get("three_public_reception")
    assert (str(got.value) if got else None) == reception
    change = figures.get("three_public_reception_yoy_delta")
    assert change is None or change.value == 0


@settings(deadline=None)
@given(st.integers(9, 60), st.integers(2, 12), st.booleans())
def test_line_and_page_ends_change_nothing(width: int, per_page: int, indent: bool) -> None:
    whole = read(CHANGE, CHANGE_TEXT)
    text = paragraph(CHANGE_TEXT, width)
    if not indent:
        text = [CHANGE_TEXT[n : n + width] for n in range(0, len(CHANGE_TEXT), width)]
    lines = set_lines(PART, "　　" + CHANGE, *text)
    pages = [
        page(n + 1, *lines[k : k + per_page]) for n, k in enumerate(range(0, len(lines), per_page))
    ]
    again = read_narrative(pages, Cover())
    assert again.narrative.keys == whole.narrative.keys
    assert [s.sentence for s in again.narrative.sentences] == [
        s.sentence for s in whole.narrative.sentences
    ]
    assert all(a.bbox for s in again.narrative.sentences for a in s.amounts)


@pytest.mark.parametrize("shift", [-24.0, 0.0, 24.0])
def test_mirrored_margins_cut_no_sentence(shift: float) -> None:
    whole = read(CHANGE, CHANGE_TEXT, "二、收入预算情况说明", "预算收入1,204.50万元。")
    lines = set_lines(PART, "　　" + CHANGE, *paragraph(CHANGE_TEXT, 16))
    lines += set_lines("　　二、收入预算情况说明", "　　预算收入1,204.50万元。")
    pages = [page(n + 1, *lines[k : k + 7]) for n, k in enumerate(range(0, len(lines), 7))]
    for p in pages[::2]:
        p.lines = [moved_line(x, shift, 0.0) for x in p.lines]
    again = read_narrative(pages, Cover())
    assert [s.sentence for s in again.narrative.sentences] == [
        s.sentence for s in whole.narrative.sentences
    ]


def test_a_heading_wrapped_over_two_lines_is_one() -> None:
    lines = set_lines(
        PART, "　　四、财政拨款收支预算总体情况说", "明", *paragraph("财政拨款收支总预算9.00万元。")
    )
    r = read_narrative([page(1, *lines)], Cover())
    assert r.narrative.keys["fiscal_total"] == "9.00"
    assert r.narrative.sentences[0].section == "四、财政拨款收支预算总体情况说明"


def test_headings_numbered_in_brackets_are_headings_where_there_are_no_others() -> None:
    texts = ["（一）收入预算情况说明", "（二）支出预算情况说明", "（三）政府采购情况"]
    said = ["预算收入8.00万元。", "基本支出6.00万元，占75%。", "政府采购预算总额1.00万元。"]
    lines = set_lines(PART)
    for a, b in zip(texts, said, strict=True):
        lines += set_lines("　　" + a, "　　" + b)
    r = read_narrative([page(1, *lines)], Cover())
    assert r.narrative.keys["expense_basic"] == {"amount": "6.00", "pct": "75"}
    assert [s.section for s in r.narrative.sentences] == texts


def test_no_three_public_budget() -> None:
    r = read("七、“三公”经费增减变动原因说明", "本部门无“三公”经费预算。")
    assert (r.narrative.keys["three_public_none"], r.narrative.keys["three_public_total"]) == (
        True,
        None,
    )


def test_parts_of_the_three_public_expenses_and_their_reasons() -> None:
    r = read(
        "七、“三公”经费增减变动原因说明",
        "2027年青石县水利局财政拨款安排的“三公”经费预算3.10万元比2026年减少0.20万元，主要原因是厉行节约。",
        "其中：因公出国（境）费0万元，与上年预算数相同；公务接待费0.60万元，与上年相比预算数减少0.20万元，"
        "主要原因是来访减少；公务用车购置及运行费2.50万元，与上年预算数相同；公务用车运行维护费2.50万元，"
        "与上年预算数相同；公务用车购置费0万元，与上年预算数相同。",
    )
    assert r.narrative.keys["three_public_total"] == "3.10"
    assert figure(r, "three_public_yoy_delta").value == Decimal("-0.20")
    assert figure(r, "three_public_reception_yoy_delta").value == Decimal("-0.20")
    assert [(x.topic, x.text) for x in r.reasons] == [
        ("three_public_total", "厉行节约"),
        ("three_public_reception", "来访减少"),
    ]


def test_operating_expenses_of_one_body() -> None:
    r = read(
        "八、机关运行经费增减变动原因说明",
        "本部门2027年所属青石县水利局1家行政单位机关运行经费财政拨款预算17.60万元，比2026年预算增加1.60万元，"
        "增加10.00%，原因是人员增加，随之机关运行经费增加。",
    )
    k = r.narrative.keys
    assert (k["agency_operating_expense"], k["agency_operating_yoy_delta"]) == ("17.60", "1.60")
    assert k["agency_operating_yoy_pct"] == "10.00"
    assert r.reasons[0].text == "人员增加，随之机关运行经费增加"


def test_operating_expenses_of_several_bodies_are_a_list_and_no_total() -> None:
    r = read(
        "八、机关运行经费增减变动原因说明",
        "县水利局2027年机关运行经费预算9.5万元，与2026年（9.5万元）相同；河务所2027年机关运行经费预算5.52万元，"
        "与2026年预算减少0.74万元，下降了11.82%，原因是退休一人。",
    )
    assert r.narrative.keys["agency_operating_expense"] is None
    assert r.narrative.keys["agency_operating_units"] == [
        {"unit": "县水利局", "amount": "9.5", "delta": "0", "pct": None},
        {"unit": "河务所", "amount": "5.52", "delta": "-0.74", "pct": "-11.82"},
    ]


def test_a_figure_that_no_rule_claims_stays_in_a_sentence() -> None:
    r = read("十二、其他说明", "本部门另有代管资金77.70万元，由上级拨付。")
    (s,) = r.narrative.sentences
    assert (s.amounts[0].text, s.amounts[0].value, s.amounts[0].unit) == (
        "77.70万元",
        Decimal("77.70"),
        "万元",
    )
    assert r.narrative.figures == []


def test_a_malformed_number_is_told_and_never_taken() -> None:
    r = read("九、政府采购情况", "2027年青石县水利局政府采购预算总额1,20.5万元。")
    assert r.narrative.keys["procurement_total"] is None
    assert [w.code for w in r.warnings if w.code == "narrative_number"] == ["narrative_number"]
    assert len(r.narrative.sentences) == 1


def test_one_concept_with_two_figures_is_told() -> None:
    r = read("九、政府采购情况", "2027年政府采购预算总额12.00万元。政府采购预算总额13.00万元。")
    assert r.narrative.keys["procurement_total"] == "12.00"
    assert "narrative_figure_twice" in [w.code for w in r.warnings]


def test_page_numbers_captions_and_labels_of_charts_are_no_text() -> None:
    lines = set_lines(
        PART, "　　三、支出预算情况说明", "　　2027年度青石县水利局支出预算1,204.50万元，其中："
    )
    lines += set_lines("　　　　　　　　　　　支出预算图")
    label = line("项目支出25.28%", 0.0, x0=300.0, size=6.0)
    footer = line("- 19 -", 0.0, x0=280.0)
    first = page(1, *lines, label)
    first.lines.append(moved_line(footer, 0.0, 805.0, page=1))
    second = page(2, *set_lines("基本支出900.00万元，占74.72%；项目支出304.50万元，占25.28%。"))
    r = read_narrative([first, second], Cover())
    assert [s.sentence for s in r.narrative.sentences] == [
        "2027年度青石县水利局支出预算1,204.50万元，其中：基本支出900.00万元，占74.72%；",
        "项目支出304.50万元，占25.28%。",
    ]


def test_tables_between_paragraphs_are_not_read_as_text() -> None:
    table = grid([["项目名称", "金额"], ["堤防维护费", "99.00万元"]] * 3)
    p = page(
        1,
        *set_lines(PART, "　　九、政府采购情况"),
        table,
        *set_lines("　　2027年政府采购预算总额12.00万元。"),
    )
    r = read_narrative([p], Cover())
    assert [s.sentence for s in r.narrative.sentences] == ["2027年政府采购预算总额12.00万元。"]


def test_assets_and_performance_counts() -> None:
    r = read(
        "十、绩效管理情况",
        "2、项目绩效目标",
        "2027年青石县水利局纳入绩效目标管理的二级项目八个，共计金额70.00万元。其中：其他运转类项目6个，"
        "涉及金额40.00万元；特定目标类项目2个，涉及金额30.00万元。公开项目绩效目标4个，涉及项目金额35.00万元，"
        "占部门（单位）项目支出总额的50%。",
        "十一、国有资产占有使用情况",
        "1、车辆情况：",
        "截至2026年12月31日，青石县水利局共有公务用车编制3辆，实有2辆，其中：领导用车0辆，其他公务用车2辆。",
        "3、其他国有资产占有使用情况：",
        "截至2026年12月31日，青石县水利局占有使用价值50万元（原值）以上的通用设备1台（套）。",
    )
    k = r.narrative.keys
    assert (k["perf_projects"], k["perf_published"]) == ("8", "4")
    assert figure(r, "perf_amount").value == Decimal("70.00")
    assert figure(r, "perf_published_pct").value == Decimal(50)
    assert (k["asset_date"], k["vehicles_quota"], k["vehicles_actual"]) == (
        "2026年12月31日",
        "3",
        "2",
    )
    assert k["vehicles_by_use"] == {"领导用车": "0", "其他公务用车": "2"}
    assert (k["equipment_over_50wan"], k["equipment_over_100wan"]) == ("1", None)
    assert r.assets["vehicles_actual"] == "2"


def test_staff_of_part_one() -> None:
    r = read(
        "九、政府采购情况",
        lead=(
            "　　二、机构设置情况",
            "　　青石县水利局内设5个职能股室，行政编制12名，目前在编在岗人员为40人。",
        ),
    )
    assert (r.staff["in_post"], r.staff["internal_offices"]) == ("40", "5")
    assert r.staff["administrative_posts"] == "12"


def test_a_document_without_part_three_says_so() -> None:
    r = read_narrative([page(1, "预算公开表1", "部门名称：青石县水利局")], Cover())
    assert (r.narrative.keys, r.narrative.sentences) == ({}, [])
    assert [w.code for w in r.warnings] == ["narrative_missing"]


def test_the_contents_page_is_not_part_three() -> None:
    contents = page(2, "目 录", "第三部分 预算情况说明 .... 17", "九、政府采购情况 ...... 19")
    text = page(
        3, *set_lines(PART, "　　九、政府采购情况", "　　2027年政府采购预算总额12.00万元。")
    )
    r = read_narrative([contents, text], Cover(contents_pages=[2]))
    assert r.narrative.keys["procurement_total"] == "12.00"


def test_a_mobile_number_in_the_text_is_masked() -> None:
    r = read("十二、其他说明", "采购预算12.00万元，咨询13800000000，欢迎监督。")
    assert "13800000000" not in r.narrative.sentences[0].sentence
    assert [d.kind for d in r.dropped] == ["phone"]


# --------------------------------------------------------------------- numbers in text
def grouped(value: Decimal) -> str:
    return f"{value:,}"


@given(
    st.decimals(min_value=0, max_value=10**9, places=2, allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.sampled_from(["万元", "元", "亿元", "%"]),
)
def test_a_printed_number_is_read_as_it_is(value: Decimal, group: bool, unit: str) -> None:
    printed = grouped(value) if group else str(value)
    ((start, end, number, read_value, read_unit),) = amounts_in(clean(f"预算{printed}{unit}，占"))
    assert (read_value, read_unit, number) == (value, unit, printed)
    assert f"预算{printed}{unit}"[start:end] == f"{printed}{unit}"


@given(st.integers(1, 999), st.integers(0, 99), st.integers(1000, 9999))
def test_a_full_width_comma_never_joins_two_numbers(a: int, b: int, c: int) -> None:
    found = amounts_in(clean(f"项目{a}个，{c}.{b:02d}万元"))
    assert [x[3] for x in found] == [Decimal(a), Decimal(f"{c}.{b:02d}")]


@given(st.text(alphabet="0123456789.,", min_size=1, max_size=12))
def test_a_number_is_well_formed_or_told(text: str) -> None:
    """Nothing between: each run of digits, commas and points is read exactly or reported."""
    cleaned = clean(f"共{text}万元")
    numbers = amounts_in(cleaned)
    if parse_number(text) is not None:
        assert [x[3] for x in numbers] == [Decimal(text.replace(",", ""))]
    elif any(c.isdigit() for c in text) and text[-1].isdigit():
        assert numbers == [] or malformed_numbers(cleaned) or "，" in cleaned


@given(st.integers(1, 99))
def test_counts_in_chinese_numerals(n: int) -> None:
    digits = "零一二三四五六七八九"
    tens, ones = divmod(n, 10)
    said = (
        ("" if tens <= 1 else digits[tens])
        + ("十" if tens else "")
        + (digits[ones] if ones else "")
    )
    assert count_of(said) == n
    assert count_of(str(n)) == n


def test_clean_keeps_positions() -> None:
    text = "，１，２3４．５万元；(a)；1,234"
    assert len(clean(text)) == len(text)


# --------------------------------------------------------------------- the measuring documents
def scorer(shared_dir: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("score", shared_dir / "score" / "score.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def family(shared_dir: Path) -> list[tuple[Path, Path]]:
    out = []
    for folder, truth in (("rendered", "truth"), ("synthetic/pdf", "synthetic/truth")):
        for path in sorted((shared_dir / folder).glob("*/*.pdf")):
            if path.parent.name != "scan":
                out.append((path, shared_dir / truth / f"{path.stem}.json"))
    return out


@pytest.mark.shared
def test_every_key_and_every_sentence_of_the_family(shared_dir: Path) -> None:
    from parsers.engine import read_pages

    score = scorer(shared_dir)
    seen = 0
    for path, truth_path in family(shared_dir):
        truth = score.tidy(json.loads(truth_path.read_text("utf-8")))
        pages: list[Page] = read_pages(path.read_bytes())
        reading = read_narrative(pages, read_cover(pages))
        where = f"{path.parent.name}/{path.name}"
        got = score.score_narrative(truth, {"narrative": {"keys": reading.narrative.keys}})
        assert got["wrong"] == {}, where
        extra = set(reading.narrative.keys) - set(truth["narrative"]["keys"])
        assert extra <= {"other_assets_yuan"}, where
        said = [
            (score.norm(s["sentence"]), [score.norm(a["text"]) for a in s["amounts"]])
            for s in truth["narrative"]["sentences"]
        ]
        assert [
            (score.norm(s.sentence), [score.norm(a.text) for a in s.amounts])
            for s in reading.narrative.sentences
        ] == said, where
        assert all(a.page and a.bbox for s in reading.narrative.sentences for a in s.amounts), where
        seen += got["keys"]
    assert seen > 1000

"""Performance tables: blocks by label and by position, over page ends, without persons."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parsers_by_hand import Row, grid, page

from parsers.document import FieldPlace
from parsers.page import Grid, GridCell, Page
from parsers.performance import PerformanceReading, read_performance

TITLE = "青石县县(区)级预算部门(单位)项目支出绩效目标表"

HEAD: list[Row] = [
    [("项目名称", 2), ("堤防维护费", 6)],
    [("主管部门及代码", 2), ("012-青石县水利局", 3), "实施单位", ("青石县河务所", 2)],
    [("项目属性", 2), ("一次性项目", 3), "项目期", ("1年", 2)],
]
FUNDS: list[Row] = [
    [("项目资金(元)", 1, 6), ("实施期资金总额:", 2), ("50,000", 2), ("年度资金总额:", 2), "40,000"],
    [None, ("其中:中央财政资金", 2), ("0", 2), ("其中:中央财政资金", 2), "0"],
    [None, ("省级财政资金", 2), ("0", 2), ("省级财政资金", 2), "0"],
    [None, ("市县(区)财政资金", 2), ("50,000", 2), ("市县(区)财政资金", 2), "40,000"],
    [None, ("单位自筹", 2), ("0", 2), ("单位自筹", 2), "0"],
    [None, ("其他资金", 2), ("", 2), ("其他资金", 2), ""],
]
TEXTS: list[Row] = [
    [("项目概况", 2), ("维护堤防\n十二公里", 6)],
    [("立项依据", 2), ("县水发〔2027〕3号", 6)],
]
GOALS: list[Row] = [
    [("总体目标", 1, 2), ("实施期目标", 4), ("年度目标", 3)],
    [None, ("堤防完好", 4), ("汛前完成", 3)],
]
INDICATOR_HEAD: Row = [
    "一级指标", "二级指标", "三级指标", "指标值", "二级指标", "三级指标", "指标值",
]  # fmt: skip
INDICATORS: list[Row] = [
    [("绩效指标", 1, 5), *INDICATOR_HEAD],
    [
        None,
        ("产出指标", 1, 3),
        ("数量指标", 1, 2),
        "堤防长度",
        "≥12公里",
        ("数量指标", 1, 2),
        "堤防长度",
        "≥12公里",
    ],
    [None, None, None, "涵闸座数", "3座", None, "涵闸座数", "3座"],
    [None, None, "质量指标", "验收合格率", "100%", "质量指标", "验收合格率", "100%"],
    [None, "效益指标", "社会效益", "", "", "社会效益", "群众满意", "提升"],
]
FOOTER: Row = [
    ("负责人:", 2),
    "经办人:",
    "某甲",
    "联系电话:",
    "13800000000",
    "填报日期:",
    "20261118",
]


def one(reading: PerformanceReading) -> dict[str, object]:
    (table,) = reading.tables
    return table


def whole_table(*rows: Row) -> list[Row]:
    return [*HEAD, *FUNDS, *TEXTS, *GOALS, *INDICATORS, *rows]


def test_a_project_table_reads_whole() -> None:
    r = read_performance([page(1, TITLE, "(2027年度)", grid(whole_table(FOOTER)))])
    t = one(r)
    assert (t["kind"], t["title"], t["year"]) == ("project", TITLE, 2027)
    assert (t["项目名称"], t["主管部门及代码"], t["实施单位"]) == (
        "堤防维护费",
        "012-青石县水利局",
        "青石县河务所",
    )
    assert (t["项目资金单位"], t["实施期资金总额"], t["年度资金总额"]) == (
        "项目资金(元)",
        "50,000",
        "40,000",
    )
    lines = t["资金明细"]
    assert isinstance(lines, list)
    assert lines[0] == {"label": "实施期资金总额", "实施期": "50,000", "年度": "40,000"}
    assert lines[3] == {"label": "市县(区)财政资金", "实施期": "50,000", "年度": "40,000"}
    assert lines[5] == {"label": "其他资金", "实施期": "", "年度": ""}
    assert t["文字"] == {"项目概况": "维护堤防十二公里", "立项依据": "县水发〔2027〕3号"}
    assert t["目标"] == {"实施期目标": "堤防完好", "年度目标": "汛前完成"}
    assert t["指标"] == [
        {"level1": "产出指标", "left": ["数量指标", "堤防长度", "≥12公里"], "right": ["数量指标", "堤防长度", "≥12公里"]},
        {"level1": "产出指标", "left": ["数量指标", "涵闸座数", "3座"], "right": ["数量指标", "涵闸座数", "3座"]},
        {"level1": "产出指标", "left": ["质量指标", "验收合格率", "100%"], "right": ["质量指标", "验收合格率", "100%"]},
        {"level1": "效益指标", "left": ["社会效益", "", ""], "right": ["社会效益", "群众满意", "提升"]},
    ]  # fmt: skip
    assert t["填报日期"] == "20261118"
    assert r.warnings == []


def test_persons_and_telephones_are_dropped_with_their_places() -> None:
    r = read_performance([page(3, TITLE, grid(whole_table(FOOTER)))])
    assert [(d.kind, d.page) for d in r.dropped] == [("person", 3), ("phone", 3)]
    assert all(d.bbox for d in r.dropped)
    assert "某甲" not in repr(r)
    assert "13800000000" not in repr(r)
    assert not {"负责人", "经办人", "联系电话"} & set(one(r))


def test_persons_in_a_line_under_the_table_are_dropped() -> None:
    p = page(
        1,
        TITLE,
        grid(whole_table()),
        "负责人：某乙 经办人：某甲 联系电话：0350-1234567 填报日期：20261118",
    )
    r = read_performance([p])
    assert one(r)["填报日期"] == "20261118"
    assert [d.kind for d in r.dropped] == ["person", "person", "phone"]
    assert "某乙" not in repr(r)
    assert "1234567" not in repr(r)


def test_persons_in_a_line_that_falls_on_the_next_page_are_dropped() -> None:
    """The table fills its page; the names under it stood alone overleaf and were not noted."""
    line = "负责人：某甲 经办人：某乙 联系电话：0000-1234567 填报日期：20270101"
    reading = read_performance([page(1, TITLE, grid(whole_table())), page(2, line, "其他说明")])
    t = one(reading)
    assert t["填报日期"] == "20270101"
    assert [(d.kind, d.page) for d in reading.dropped] == [
        ("person", 2),
        ("person", 2),
        ("phone", 2),
    ]
    assert all(d.bbox for d in reading.dropped)


def test_places_of_sums_names_and_indicators() -> None:
    r = read_performance([page(7, TITLE, grid(whole_table(FOOTER)))])
    (places,) = r.places
    assert places["资金明细/3/年度"].text == "40,000"
    assert places["资金明细/3/年度"].page == 7
    box, other = places["年度资金总额"].bbox, places["实施期资金总额"].bbox
    assert box
    assert other
    assert box[0] > other[2]
    assert places["指标/0/left/2"].text == "≥12公里"
    assert "资金明细/5/年度" not in places
    assert r.pages == [[7]]


def test_a_mobile_number_inside_a_text_is_masked() -> None:
    rows = [
        [("项目概况", 2), ("联系13800000000办理", 6)] if r is TEXTS[0] else r for r in whole_table()
    ]
    r = read_performance([page(1, TITLE, grid(rows))])
    assert one(r)["文字"]["项目概况"] == "联系***********办理"  # type: ignore[index]
    assert [d.kind for d in r.dropped] == ["phone"]


def test_blank_and_zero_are_two_facts() -> None:
    t = one(read_performance([page(1, TITLE, grid(whole_table()))]))
    values = [(x["实施期"], x["年度"]) for x in t["资金明细"]]  # type: ignore[attr-defined]
    assert values[1] == ("0", "0")
    assert values[5] == ("", "")


def test_a_sum_that_is_none_is_told() -> None:
    rows = list(whole_table())
    rows[6] = [None, ("市县(区)财政资金", 2), ("5万", 2), ("市县(区)财政资金", 2), "1,23"]
    r = read_performance([page(1, TITLE, grid(rows))])
    assert [w.code for w in r.warnings] == ["performance_amount", "performance_amount"]
    assert one(r)["资金明细"][3]["年度"] == "1,23"  # type: ignore[index]


def test_garbled_labels_are_known_by_their_place() -> None:
    rows = list(whole_table())
    rows[1] = [("王管部门及代玛", 2), ("012-青石县水利局", 3), "实施半位", ("青石县河务所", 2)]
    rows[3] = [
        ("顶目贷金(元)", 1, 6),
        ("七级事权总颁:", 2),
        ("50,000", 2),
        ("年度安全总账:", 2),
        "40,000",
    ]
    r = read_performance([page(1, TITLE, grid(rows))])
    t = one(r)
    assert (t["主管部门及代码"], t["实施单位"]) == ("012-青石县水利局", "青石县河务所")
    assert (t["实施期资金总额"], t["年度资金总额"]) == ("50,000", "40,000")
    assert t["资金明细"][0]["label"] == "七级事权总颁"  # type: ignore[index]
    assert {w.code for w in r.warnings} == {"performance_label"}


def test_the_form_in_wan_with_classes_of_projects() -> None:
    classes: list[Row] = [
        [("项目分类", 2, 2), "A类项目", ("□重点工作", 5)],
        [None, None, "B类项目", ("□政策要求", 5)],
    ]
    funds: list[Row] = [
        [("项目资金(万元)", 1, 3), ("中期资金总额:", 2), ("", 2), ("年度资金总额:", 2), "6.48"],
        [None, ("其中:一般公共预算资金", 2), ("", 2), ("其中:一般公共预算资金", 2), "0"],
        [None, ("其他资金", 2), ("", 2), ("其他资金", 2), ""],
    ]
    rows = [*HEAD, *classes, *funds, *TEXTS, *GOALS, *INDICATORS]
    t = one(read_performance([page(1, TITLE, grid(rows))]))
    assert t["项目分类"] == [["A类项目", "□重点工作"], ["B类项目", "□政策要求"]]
    assert (t["项目资金单位"], t["实施期资金总额"], t["年度资金总额"]) == (
        "项目资金(万元)",
        "",
        "6.48",
    )


def test_indicators_run_over_a_page_end_inside_their_groups() -> None:
    first = grid([*HEAD, *FUNDS, *TEXTS, *GOALS, *INDICATORS[:2]])
    for c in first.cells:  # what the page end cuts ends with the page
        c.rowspan = min(c.rowspan, first.nrows - c.row)
    second = grid(
        [
            [("", 1, 3), ("", 1, 2), ("", 1, 1), "涵闸座数", "3座", ("", 1, 1), "涵闸座数", "3座"],
            [None, None, "质量指标", "验收合格率", "100%", "质量指标", "验收合格率", "100%"],
            [None, "效益指标", "社会效益", "", "", "社会效益", "群众满意", "提升"],
        ]
    )
    t = one(read_performance([page(1, TITLE, first, "- 1 -"), page(2, second)]))
    one_page = one(read_performance([page(1, TITLE, grid(whole_table()))]))
    assert t["指标"] == one_page["指标"]


def test_a_text_cut_by_the_page_end_reads_as_one() -> None:
    first = grid([*HEAD, *FUNDS, [("项目概况", 2), ("维护堤", 6)]])
    second = grid([[("", 2), ("防十二公里", 6)], TEXTS[1], *GOALS, *INDICATORS, FOOTER])
    r = read_performance([page(1, TITLE, first), page(2, second)])
    assert one(r)["文字"] == {"项目概况": "维护堤防十二公里", "立项依据": "县水发〔2027〕3号"}
    assert r.pages == [[1, 2]]


def test_two_tables_on_two_pages_stay_two() -> None:
    other = [
        [("项目名称", 2), ("水质监测费", 6)],
        *HEAD[1:],
        *FUNDS,
        *TEXTS,
        *GOALS,
        *INDICATORS,
        FOOTER,
    ]
    r = read_performance(
        [page(1, TITLE, grid(whole_table(FOOTER))), page(2, TITLE, "(2027年度)", grid(other))]
    )
    assert [t["项目名称"] for t in r.tables] == ["堤防维护费", "水质监测费"]


def test_a_row_shifted_by_one_column_is_set_right_and_told() -> None:
    rows = list(whole_table())
    rows[-2] = [None, None, "", "质量指标", "验收合格率", "100%", "", ""]
    r = read_performance([page(1, TITLE, grid(rows))])
    assert one(r)["指标"][2]["left"] == ["质量指标", "验收合格率", "100%"]  # type: ignore[index]
    assert "performance_shifted_row" in [w.code for w in r.warnings]


def test_the_table_of_the_whole_department() -> None:
    rows: list[Row] = [
        [("部门基本信息", 1, 2), "部门名称", ("012-青石县水利局", 3)],
        [None, "内设职能部门数", "5个", "实际在职人员总数", "41人"],
        [("年度预算情况", 1, 2), "合计", "1204.50", "合计", "1204.50"],
        [None, "政府性基金预算资金", "0.00", "", ""],
        ["年度绩效目标", ("保障防汛", 4)],
        [("年度绩效指标", 1, 3), "一级指标", "二级指标", "三级指标", "指标值"],
        [None, ("产出指标", 1, 2), ("数量指标", 1, 2), "在职人员数", "41人"],
        [None, None, None, "堤防长度", "≥12公里"],
    ]
    title = "县(区)级预算部门(单位)整体支出绩效目标申报表"
    first, second = grid(rows[:7]), grid([[("", 1, 1), "", "", "堤防长度", "≥12公里"]])
    for c in first.cells:
        c.rowspan = min(c.rowspan, first.nrows - c.row)
    for pages in (
        [page(1, title, "(2027年度)", grid(rows))],
        [page(1, title, "(2027年度)", first), page(2, second)],
    ):
        t = one(read_performance(pages))
        assert (t["kind"], t["year"]) == ("whole", 2027)
        sections = {s["label"]: s["rows"] for s in t["sections"]}  # type: ignore[attr-defined]
        assert sections["部门基本信息"] == [
            ["部门名称", "012-青石县水利局", "", ""],
            ["内设职能部门数", "5个", "实际在职人员总数", "41人"],
        ]
        assert sections["年度预算情况"][1] == ["政府性基金预算资金", "0.00", "", ""]
        assert sections["年度绩效指标"] == [
            ["一级指标", "二级指标", "三级指标", "指标值"],
            ["产出指标", "数量指标", "在职人员数", "41人"],
            ["产出指标", "", "堤防长度", "≥12公里"],
        ]


def test_the_list_of_projects_is_no_performance_table() -> None:
    rows: list[Row] = [["项目名称", "合计", "一般公共预算"], ["堤防维护费", "4.00", "4.00"]]
    assert read_performance([page(1, "2027年项目支出预算表", grid(rows))]).tables == []


def test_an_unknown_form_is_refused_and_told() -> None:
    rows: list[Row] = [
        ["项目名称", ("堤防维护费", 3)],
        ["实施单位", "青石县河务所", "年度资金总额", "4.00"],
        ["绩效目标", ("堤防完好", 3)],
    ]
    r = read_performance([page(5, "项目支出绩效目标表", grid(rows))])
    assert (r.tables, r.places) == ([], [])
    assert [(w.code, w.page) for w in r.warnings] == [("performance_unknown", 5)]


def test_words_of_no_or_negative_height_are_read_like_others() -> None:
    """A damaged font gave boxes upside down: no word was on the last word's line."""
    for turned in (0.0, -8.0, float("nan")):
        whole = grid(whole_table(FOOTER))
        for cell in whole.cells:
            for w in cell.words:
                w.bottom = w.top + turned
        t = one(read_performance([page(1, TITLE, "(2027年度)", whole)]))
        assert t["项目名称"] == "堤防维护费"


def test_a_printed_formula_error_is_told() -> None:
    rows = list(whole_table())
    rows[-3] = [None, None, None, "涵闸座数", "#NAME?", None, "涵闸座数", "3座"]
    r = read_performance([page(1, TITLE, grid(rows))])
    assert [w.code for w in r.warnings] == ["formula_error"]


# --------------------------------------------------------------------- wherever the page ends
def cut(whole: Grid, k: int, where: str) -> tuple[Grid, Grid]:
    """The grid on two pages, cut above row ``k``; the text of a cut cell stands on the first
    page, on the second, or is shared between them by height."""
    y = min(c.bbox[1] for c in whole.cells if c.row == k)
    above: list[GridCell] = []
    below: list[GridCell] = []
    for c in whole.cells:
        if c.row + c.rowspan <= k:
            above.append(c)
        elif c.row >= k:
            below.append(GridCell(c.row - k, c.col, c.rowspan, c.colspan, c.bbox, c.words))
        else:
            first = [
                w
                for w in c.words
                if where == "first" or (where == "shared" and (w.top + w.bottom) / 2 < y)
            ]
            second = [w for w in c.words if w not in first]
            x0, top, x1, bottom = c.bbox
            above.append(GridCell(c.row, c.col, k - c.row, c.colspan, (x0, top, x1, y), first))
            below.append(
                GridCell(0, c.col, c.row + c.rowspan - k, c.colspan, (x0, y, x1, bottom), second)
            )
    x0, top, x1, bottom = whole.bbox
    return (
        Grid(1, (x0, top, x1, y), k, whole.ncols, above),
        Grid(2, (x0, y, x1, bottom), whole.nrows - k, whole.ncols, below),
    )


@settings(deadline=None)
@given(st.integers(1, 16), st.sampled_from(["first", "second", "shared"]))
def test_the_page_end_changes_nothing_wherever_it_falls(k: int, where: str) -> None:
    rows = whole_table(FOOTER)
    uncut = one(read_performance([page(1, TITLE, "(2027年度)", grid(rows))]))
    first, second = cut(grid(rows), k, where)
    pages = [page(1, TITLE, "(2027年度)", first, "第 1 页"), page(2, second)]
    reading = read_performance(pages)
    assert one(reading) == uncut
    assert [d.kind for d in reading.dropped] == ["person", "phone"]


def test_sums_of_two_lines_are_never_joined_at_a_page_end() -> None:
    """Right-aligned sums reach the edge of their cells: that alone makes no row run on."""
    rows = whole_table()
    whole = grid(rows)
    for c in whole.cells:
        for w in c.words:
            width = w.x1 - w.x0
            w.x1 = c.bbox[2] - 1
            w.x0 = w.x1 - width
    first, second = cut(whole, 6, "first")
    t = one(read_performance([page(1, TITLE, first), page(2, second)]))
    lines = t["资金明细"]
    assert [x["年度"] for x in lines] == ["40,000", "0", "0", "40,000", "0", ""]  # type: ignore[attr-defined]


def test_a_table_without_rules_is_told_where_it_could_not_be_read() -> None:
    bare = page(
        3,
        TITLE,
        "（2027年度）",
        "项目名称 堤防维护费",
        "主管部门及代码 012-青石县水利局 实施单位 青石县河务所",
        "年度资金总额: 40,000",
    )
    reading = read_performance([page(1, TITLE, "收入总表"), bare])
    assert reading.tables == []
    assert [(w.code, w.page) for w in reading.warnings] == [("performance_unread", 3)]


# --------------------------------------------------------------------- the measuring documents
def scorer(shared_dir: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("score", shared_dir / "score" / "score.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.shared
def test_every_value_of_every_table_of_the_family(shared_dir: Path) -> None:
    """Exact as printed. Where a producer took ``=100%`` for a formula the page shows ``1``, or
    ``#NAME?``: what the page shows was published, so that is what the crop must say."""
    from parsers.engine import read_pages

    score = scorer(shared_dir)
    leaves = evaluated = 0
    for folder, truths in (("rendered", "truth"), ("synthetic/pdf", "synthetic/truth")):
        for path in sorted((shared_dir / folder).glob("*/*.pdf")):
            if path.parent.name == "scan":
                continue
            truth = score.tidy(
                json.loads((shared_dir / truths / f"{path.stem}.json").read_text("utf-8"))
            )
            pages: list[Page] = read_pages(path.read_bytes())
            reading = read_performance(pages)
            where = f"{path.parent.name}/{path.name}"
            assert len(reading.tables) == len(truth["performance"]), where
            for want, got, places in zip(
                truth["performance"], reading.tables, reading.places, strict=True
            ):
                a, b = dict(score.leaves(want)), dict(score.leaves(got))
                wrong = {
                    k: (a.get(k), b.get(k))
                    for k in a.keys() | b.keys()
                    if a.get(k) != b.get(k) and k != ("title",)
                }
                for k in [k for k in wrong if str(a.get(k)).startswith("=")]:
                    place = places["/".join(map(str, k))]
                    assert _shown(path, place).strip() == place.text, (where, k)
                    assert score.canon(place.text) == wrong.pop(k)[1], (where, k)
                    evaluated += 1
                assert wrong == {}, (where, want.get("项目名称"))
                assert score.norm(got["title"]) == score.norm(want["title"]), where
                if want["kind"] == "project":
                    sums = [
                        f"资金明细/{n}/{c}"
                        for n, x in enumerate(want["资金明细"])
                        for c in ("实施期", "年度")
                        if x[c]
                    ]
                    assert all(p in places and places[p].bbox for p in sums), where
                leaves += len(a)
    assert leaves > 9000
    assert evaluated < 120


def _shown(path: Path, place: FieldPlace) -> str:
    """What pdfium finds in the place's box on an unturned page."""
    assert place.bbox is not None
    x0, top, x1, bottom = place.bbox
    with pypdfium2.PdfDocument(path) as pdf:
        page = pdf[place.page - 1]
        height = page.get_height()
        return page.get_textpage().get_text_bounded(x0, height - bottom, x1, height - top)

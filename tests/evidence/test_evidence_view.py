"""A document as its pages show it: the published figures, in the layout of the original."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from evidence import charts
from evidence.documents import divide
from evidence.firsts import sentences
from evidence.pages import HEAVIEST, page, place_of
from evidence.policy import WITHHELD, Policy
from evidence.source import Document
from evidence.view import (
    DiffersError,
    boxes,
    crops,
    figure_name,
    figure_names,
    form_views,
    instance_of,
    masks,
    money,
)
from expectations.catalogue import judge
from parsers.document import ParsedDocument
from parsers.read import read_document

SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "pdf"
OPEN = Policy("internal", ())
Published = dict[tuple[str, int, int], dict[str, Any]]


@pytest.fixture(scope="module")
def reading() -> ParsedDocument:
    return judge(read_document((SAMPLES / "linxiu-culture-2025.pdf").read_bytes()))


@pytest.fixture
def published(reading: ParsedDocument) -> Published:
    """The rows that the marts hold of the reading's amount cells."""
    rows: Published = {}
    for table in reading.tables:
        for r, cells in enumerate(table.cells):
            for c, cell in enumerate(cells):
                if table.roles[c] in ("code", "income_code"):
                    continue
                if cell.amount is None and cell.text.strip():
                    continue
                rows[table.id, r, c] = {
                    "amount_wan": None
                    if cell.amount is None
                    else cell.amount * table.factor / 10000,
                    "amount_text": cell.text,
                }
    return rows


def test_every_published_figure_is_shown_as_printed_and_in_yuan(
    reading: ParsedDocument, published: Published
) -> None:
    forms = form_views(reading, published, {}, policy=OPEN, linked=True)
    shown = {c.anchor: c for f in forms for row in f.rows for c in row.cells if c.kind == "num"}
    told = {f"{f}-{r}-{c}": v for (f, r, c), v in published.items() if v["amount_wan"] is not None}
    assert shown.keys() == told.keys()
    for anchor, cell in shown.items():
        assert cell.wan.replace(",", "") == told[anchor]["amount_text"].replace(",", "")
        assert Decimal(cell.yuan.replace(",", "")) == told[anchor]["amount_wan"] * 10000
    [t05] = [f for f in forms if f.id == "T05"]
    assert [c.text for c in t05.rows[1].cells][:2] == ["207", "文化旅游体育与传媒支出"]
    assert t05.rows[1].cells[1].kind == "head"


def test_blank_zero_and_zero_with_decimals_stay_three_facts() -> None:
    from evidence.view import _wan

    assert _wan(Decimal("0"), Decimal(10000)) == "0"
    assert _wan(Decimal("0.00"), Decimal(10000)) == "0.00"
    assert money(None) == ""
    assert _wan(Decimal("12345600"), Decimal(1)) == "1,234.56"
    assert _wan(Decimal("0"), Decimal(1)) == "0"


@pytest.mark.parametrize("change", ["other", "blank", "gone", "more"])
def test_a_figure_that_is_not_the_published_one_is_never_shown(
    reading: ParsedDocument, published: Published, change: str
) -> None:
    key = ("T05", 1, 2)
    match change:
        case "other":
            published[key] = published[key] | {"amount_wan": Decimal("663.42")}
        case "blank":
            published[key] = {"amount_wan": None, "amount_text": ""}
        case "gone":
            del published[key]
        case "more":
            published["T05", 999, 2] = {"amount_wan": Decimal(1), "amount_text": "1.00"}
    with pytest.raises(DiffersError, match="T05"):
        form_views(reading, published, {}, policy=OPEN, linked=True)


def test_restricted_names_are_withheld_and_masked_and_their_figures_stay(
    reading: ParsedDocument, published: Published
) -> None:
    table = reading.table("T12")
    assert table is not None
    name = next(r.label for r in table.rows if r.kind == "project")
    public = Policy("public", (re.escape(name),))
    forms = form_views(reading, published, {}, policy=public, linked=True)
    html = "".join(page("form.html.j2", form=f, root="").decode() for f in forms)
    assert name not in html
    assert WITHHELD in html
    plain = form_views(reading, published, {}, policy=OPEN, linked=True)
    assert [f.figures for f in plain] == [f.figures for f in forms]
    hidden = [b for held in masks(reading, public).values() for b in held]
    cell = next(
        c for line in table.cells for c in line if "".join(c.text.split()) == name and c.bbox
    )
    assert cell.bbox in hidden
    assert masks(reading, OPEN) == {}


def test_boxes_lead_to_every_figure_of_forms_and_text(
    reading: ParsedDocument, published: Published
) -> None:
    forms = form_views(reading, published, {}, policy=OPEN, linked=True)
    found = boxes(reading, forms, figure_names(), OPEN)
    assert len({b.anchor for b in found}) == len(found)
    [one] = [b for b in found if b.anchor == "T05-1-2"]
    assert (one.page, one.says, one.value) == (9, "文化旅游体育与传媒支出 · 合计", "663.41 万元")
    narrated = [b for b in found if b.anchor.startswith("N-")]
    assert len(narrated) > 50
    assert not [b for b in narrated if "/" in b.says or "_" in b.says], "names are words"
    targets = [b for b in found if b.anchor.startswith("P-")]
    assert len(targets) >= len(reading.performance)
    assert all(re.fullmatch(r"[\d,.]+", b.value) for b in targets)


def test_figures_of_a_group_are_called_by_their_member() -> None:
    names = {"income_total": "收入总计"}
    assert figure_name(names, "income_total") == "收入总计"
    assert figure_name(names, "general_public_by_function/卫生健康支出/pct") == "卫生健康支出占比"
    assert figure_name(names, "unheard_of") == "说明文字中的数字"


def test_crops_show_the_cells_of_each_side_under_their_heading(reading: ParsedDocument) -> None:
    instance = next(
        i for i in reading.identities if i.identity == "X-0205" and i.outcome == "violated"
    )
    held = instance_of(reading, "X-0205", instance.instance)
    assert held is instance
    sides = {side: crops(reading, instance, side, "f") for side in ("L", "R")}
    assert [(c.page, c.anchor.partition("-")[0]) for c in sides["L"] + sides["R"]] == [
        (5, "T02"),
        (9, "T05"),
    ]
    for crop in sides["L"] + sides["R"]:
        lowest = crop.strips[-1]
        for x0, top, x1, bottom in crop.outlines:
            assert lowest[0] <= x0 < x1 <= lowest[2]
            assert lowest[1] <= top < bottom <= lowest[3]


def test_forms_that_are_too_heavy_get_pages_of_their_own(
    reading: ParsedDocument, published: Published
) -> None:
    forms = form_views(reading, published, {}, policy=OPEN, linked=True)
    assert list(divide(forms)) == ["index.html"]
    [t12] = [f for f in forms if f.id == "T12"]
    long = [replace(f, rows=f.rows * 100) if f is t12 else f for f in forms]
    where = divide(long)
    assert len(where["index.html"]) == len(forms) - 1
    parts = {name: held[0] for name, held in where.items() if name != "index.html"}
    assert list(parts) == ["T12.html", "T12-2.html", "T12-3.html", "T12-4.html"]
    assert sum(len(f.rows) for f, _ in parts.values()) == len(t12.rows) * 100
    for name, (_, html) in parts.items():
        assert len(html.encode()) < HEAVIEST
        first = int(re.findall(r"id=T12-r(\d+)", html)[0])
        assert place_of("T12", first, ["T12"]) == name
    wide = [replace(f, rows=f.rows * 8) if f.id in ("T02", "T04", "T12") else f for f in forms]
    told = divide(wide)
    assert sum(len(h.encode()) for _, h in told["index.html"]) <= HEAVIEST
    assert {f.id for held in told.values() for f, _ in held} == {f.id for f in forms}


def test_charts_say_in_words_what_they_draw_and_escape_names() -> None:
    evil = "<script>alert(1)</script>"
    drawn = str(
        charts.bars(
            "c",
            "金额最大的项目",
            [charts.Bar(evil, Decimal("12.50"), "#T12-1-1"), charts.Bar("空", None)],
        )
    )
    assert "<script" not in drawn
    assert "12.50 万元" in drawn
    assert "空 未列" in drawn
    assert 'href="#T12-1-1"' in drawn
    assert charts.bars("c", "x", []) == ""
    assert charts.stack("c", "x", [charts.Part("人员", Decimal(0))]) == ""
    years = str(
        charts.columns(
            "c", "t", ["2024年", "2025年", "2026年"],
            [("当年", [Decimal(1), None, Decimal(3)]), ("结转", [None, None, Decimal(1)])],
        )
    )  # fmt: skip
    assert years.count("未列") == 2  # drawn, and in the words of the chart
    assert years.count("未公开") == 4


def test_a_stack_divides_its_whole() -> None:
    drawn = str(
        charts.stack("c", "t", [charts.Part("甲", Decimal(30)), charts.Part("乙", Decimal(70))])
    )
    widths = [float(w) for w in re.findall(r'y="0" width="([\d.]+)" height="30"', drawn)]
    assert widths == [192.0, 448.0]
    assert "30.0%" in drawn


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (
            {"prior_as_published_wan": Decimal("80.00"), "is_comparable": True},
            "比2025年公布的年初预算 80.00 万元增加 20.00 万元（+25.00%）",
        ),
        (
            {"prior_as_published_wan": None, "break_reason": "prior_not_published"},
            "与上年的变化不可比（未见到上年同口径的公开文本）",
        ),
        (
            {
                "prior_as_published_wan": Decimal("80.00"),
                "is_comparable": False,
                "break_reason": "prior_restated",
            },
            "与上年的变化不可比（本年文本所称的上年数与上年公布数不同）",
        ),
    ],
)
def test_a_change_is_quoted_only_where_the_years_may_be_compared(
    row: dict[str, Any], says: str
) -> None:
    document = Document({"department": "某局", "fiscal_year": 2026, "document_id": "a" * 64})
    compared = {"current_year_income": {"amount_wan": Decimal("100.00")} | row}
    total = {"income_total_wan": Decimal("110.00"), "carry_over_wan": Decimal("10.00")}
    quotes = sentences(document, total, compared, projects=[], amounts={}, policy=OPEN)
    assert quotes[0].text == (
        "某局2026年部门预算公开文本所列收入总计为 110.00 万元，其中上年结转 10.00 万元，占 9.09%。"
    )
    assert says in quotes[1].text
    assert "_" not in quotes[1].text

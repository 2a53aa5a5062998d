"""Excel exports: what a person opens, and that nothing in it is ever computed."""

from __future__ import annotations

import zipfile
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from question_desk import DOCUMENT, desk

from warehouse.errors import QuestionError
from warehouse.exports import LINK, NOTES, provenance, write_workbook
from warehouse.questions import Answer, ask, columns, find

NASTY = ["=1+1", "+86", "-cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("x")']


def answer(department: str = "甲县某局", **said: object) -> Answer:
    connection = desk(
        marts__dim_document=[
            DOCUMENT | {"document_id": "d", "organisation_id": "o", "department": department} | said
        ],
        marts__fct_budget_summary=[
            {
                "document_id": "d",
                "income_total_wan": Decimal("973.44"),
                "carry_over_wan": Decimal("193.99"),
                "current_year_income_wan": Decimal("779.45"),
                "page": 4,
            }
        ],
    )
    return ask(connection, find("14"))


def test_a_sheet_reads_well_and_keeps_numbers(tmp_path: Path) -> None:
    path = write_workbook([answer()], tmp_path / "out.xlsx", as_of="build-1")
    book = load_workbook(path)
    assert book.sheetnames == [NOTES, "14 结转占比"]
    sheet = book["14 结转占比"]
    heads = [c.value for c in sheet[1]]
    assert heads == [
        "县（市、区）", "部门（单位）", "预算年度", "口径", "收入总计（万元）", "上年结转（万元）",
        "上年结转占收入总计（%）", "标注", "说明", "页码", LINK, "文本标识",
    ]  # fmt: skip
    row = dict(zip(heads, sheet[2], strict=True))
    assert row["收入总计（万元）"].value == pytest.approx(973.44)
    assert row["收入总计（万元）"].data_type == "n"
    assert row["收入总计（万元）"].number_format == "#,##0.00"
    assert row["口径"].value == "部门汇总"  # codes in words
    assert row["页码"].value == 4
    assert row[LINK].value == row[LINK].hyperlink.target == "https://example.invalid/a.pdf#page=4"
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:L2"
    assert all(sheet.column_dimensions[c.column_letter].width >= 8 for c in sheet[1])
    notes = "\n".join(str(c.value) for line in book[NOTES] for c in line if c.value)
    assert "预算数不等于实际支出。数据以发布机关正式文本为准。" in notes
    assert "build-1" in notes
    assert "未公开" in notes


@pytest.mark.parametrize("text", NASTY)
def test_text_is_never_a_formula(tmp_path: Path, text: str) -> None:
    path = write_workbook([answer(text)], tmp_path / "out.xlsx", as_of=text)
    cells = [c for sheet in load_workbook(path) for line in sheet for c in line]
    assert not [c.coordinate for c in cells if c.data_type == "f"]
    (cell,) = [c for c in cells if c.value is not None and str(c.value).strip() == text.strip()
               and c.parent.title != NOTES]  # fmt: skip
    assert cell.quotePrefix
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/"):
                assert b"<f>" not in archive.read(name)
                assert b"<f " not in archive.read(name)


@settings(deadline=None, max_examples=15)
@given(st.text(max_size=40))
def test_any_text_can_be_written(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("any") / "out.xlsx"
    sheet = load_workbook(write_workbook([answer(text)], path, as_of="x"))["14 结转占比"]
    assert sheet["B2"].data_type in {"s", "n", "inlineStr"}


def test_only_web_addresses_are_live(tmp_path: Path) -> None:
    for address in ("javascript:alert(1)", "file:///etc/passwd", "/srv/a.pdf"):
        path = write_workbook([answer(source_url=address)], tmp_path / "o.xlsx", as_of="x")
        cell = load_workbook(path)["14 结转占比"]["K2"]
        assert cell.hyperlink is None
        assert cell.value == f"{address}#page=4"


def test_the_link_names_the_page() -> None:
    assert provenance("http://a/b.pdf", 3) == "http://a/b.pdf#page=3"
    assert provenance("http://a/b.pdf", None) == "http://a/b.pdf"
    assert provenance("http://a/b.zip#x.pdf", 3) == "http://a/b.zip#x.pdf"
    assert provenance(None, 3) is None


def test_more_rows_than_a_sheet_holds_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warehouse.exports.MOST_ROWS", 0)
    with pytest.raises(QuestionError, match="--county or --year"):
        write_workbook([answer()], tmp_path / "out.xlsx", as_of="x")
    assert not list(tmp_path.iterdir())  # whole or not at all


def test_no_two_columns_of_a_sheet_are_called_alike() -> None:
    from warehouse.questions import _given, questions

    for question in questions():
        heads = [c.heading() for c in _given(question)]
        assert len(heads) == len(set(heads)), question.file
    assert all(
        c.unit
        for name, c in columns().items()
        if name.endswith(("_wan", "_pct")) and name != "yearly_wan"
    )

"""Spreadsheets and Word files: the same forms as the PDF, cell by cell, and nothing guessed."""

from __future__ import annotations

import io
import re
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from office_files import PAGE_BREAK, amounts, docx, docx_of, paragraph, word_table, xls, xlsx

from parsers.document import ParsedDocument
from parsers.engine import read_pages
from parsers.errors import (
    DamagedError,
    EncryptedError,
    NotADisclosureError,
    TooLargeError,
    UnsupportedFormatError,
)
from parsers.numberformat import show_number
from parsers.office import read_office
from parsers.read import read_document

SAMPLES = ("qinglan-office-2026", "linxiu-civil-2026")
FIELDS = ("title", "label", "owner", "unit", "header", "spans", "columns", "roles", "body", "note")


@pytest.fixture(scope="module", params=SAMPLES)
def budget(request: pytest.FixtureRequest, project_root: Path) -> ParsedDocument:
    return read_document((project_root / f"samples/pdf/{request.param}.pdf").read_bytes())


def same_forms(one: ParsedDocument, other: ParsedDocument) -> None:
    assert [t.id for t in other.tables] == [t.id for t in one.tables]
    for a, b in zip(one.tables, other.tables, strict=True):
        for name in FIELDS:
            assert getattr(b, name) == getattr(a, name), (a.id, name)
        assert [r.model_dump() for r in b.rows] == [r.model_dump() for r in a.rows]
    assert amounts(other) == amounts(one)


@pytest.mark.parametrize("ruled", [True, False], ids=["ruled", "without borders"])
def test_an_xlsx_reads_as_its_pdf(budget: ParsedDocument, ruled: bool) -> None:
    found = read_document(xlsx(budget, borders=ruled))
    same_forms(budget, found)
    assert found.document.department == budget.document.department
    assert found.document.year == budget.document.year
    assert found.document.pages == len(budget.tables)
    cell = found.tables[0].cells[0][1]
    assert (cell.sheet, cell.page, cell.bbox) == ("T01表", 1, None)
    top = 3 + len(found.tables[0].header)
    assert cell.reference == f"B{top + 1}"


def test_every_reference_of_an_xlsx_names_the_cell(budget: ParsedDocument) -> None:
    data = xlsx(budget)
    book = openpyxl.load_workbook(io.BytesIO(data))
    seen = 0
    for table in read_document(data).tables:
        for cell in (c for row in table.cells for c in row if c.amount is not None):
            assert cell.sheet
            assert cell.reference
            value = book[cell.sheet][cell.reference].value
            assert Decimal(str(value)) == cell.amount
            seen += 1
    assert seen > 100


def test_an_xls_reads_as_its_pdf(budget: ParsedDocument) -> None:
    same_forms(budget, read_document(xls(budget)))


def test_a_docx_reads_as_its_pdf(budget: ParsedDocument) -> None:
    cover = [budget.document.department or "", f"{budget.document.year}年度部门预算"]
    found = read_document(docx(budget, cover=cover))
    same_forms(budget, found)
    assert found.document.department == budget.document.department
    assert found.tables[0].cells[0][1].reference == f"table 1 R{len(found.tables[0].header) + 1}C2"


def test_no_invented_place_is_left(budget: ParsedDocument) -> None:
    text = read_document(xlsx(budget)).model_dump_json()
    assert '"bbox":[' not in text
    assert '"bbox_by_page":{"' not in text


HEADING = re.compile(r"第.部分|[一二三四五六七八九十]+、|（[一二三四五六七八九十]+）")


def paragraphs_of(data: bytes) -> list[str]:
    """The running text of a PDF as paragraphs: a line that ends none goes on."""
    out: list[str] = []
    goes_on = False
    for page in read_pages(data):
        for line in page.lines:
            if line.bbox[1] > 0.9 * page.height:
                continue
            if goes_on and not HEADING.match(line.text):
                out[-1] += line.text
            else:
                out.append(line.text)
            short = HEADING.match(out[-1]) and len(out[-1]) < 30
            goes_on = not short and not out[-1].endswith(("。", "："))
    return out


def test_the_narrative_of_a_docx_reads_as_its_pdf(project_root: Path) -> None:
    data = (project_root / "samples/pdf/qinglan-office-2026.pdf").read_bytes()
    budget = read_document(data)
    text = paragraphs_of(data)
    start = max(n for n, t in enumerate(text) if t.startswith("第三部分"))
    found = read_document(docx(budget, cover=["青岚县委办"], text=text[start:]))
    assert len(budget.narrative.figures) > 20
    mine = {(f.path, f.value, f.unit) for f in found.narrative.figures}
    assert {(f.path, f.value, f.unit) for f in budget.narrative.figures} <= mine


# -- what must not be guessed ------------------------------------------------------------------


def changed(data: bytes, change: Any) -> ParsedDocument:
    book = openpyxl.load_workbook(io.BytesIO(data))
    change(book)
    out = io.BytesIO()
    book.save(out)
    return read_document(out.getvalue())


def codes(document: ParsedDocument) -> set[str]:
    return {w.code for w in document.warnings}


def test_a_formula_without_a_value_is_no_blank(budget: ParsedDocument) -> None:
    def change(book: Any) -> None:
        book["T01表"]["B6"] = "=SUM(B7:B9)"

    found = changed(xlsx(budget), change)
    cell = found.tables[0].cells[0][1]
    assert cell.text.startswith("=SUM")
    assert cell.amount is None
    assert {"formula_without_value", "unreadable_amount"} <= codes(found)


def test_a_format_that_is_not_carried_out_gives_no_figure(budget: ParsedDocument) -> None:
    def change(book: Any) -> None:
        book["T01表"]["B6"].value = 12345.6
        book["T01表"]["B6"].number_format = "0!.0,"

    found = changed(xlsx(budget), change)
    assert found.tables[0].cells[0][1].amount is None
    assert {"number_format", "unreadable_amount"} <= codes(found)


def test_what_is_shown_counts_and_rounding_is_told(budget: ParsedDocument) -> None:
    def change(book: Any) -> None:
        book["T01表"]["B6"].value = 1494.1849

    found = changed(xlsx(budget), change)
    assert found.tables[0].cells[0][1].text == "1494.18"
    assert "shown_rounded" in codes(found)


def test_what_is_hidden_was_not_published(budget: ParsedDocument) -> None:
    def change(book: Any) -> None:
        sheet = book["T01表"]
        sheet.insert_rows(8)
        for column in range(1, 5):
            sheet.cell(8, column, "隐")
        sheet.row_dimensions[8].hidden = True
        book["T13表"].sheet_state = "hidden"

    found = changed(xlsx(budget), change)
    assert all("隐" not in t for row in found.tables[0].body for t in row)
    assert found.table("T13") is None
    assert {"hidden_cells", "hidden_sheet", "missing_form"} <= codes(found)


def test_two_forms_on_one_sheet_are_two(budget: ParsedDocument) -> None:
    book = openpyxl.load_workbook(io.BytesIO(xlsx(budget, borders=False)))
    upper, lower = book["T02表"], book["T03表"]
    top = upper.max_row + 2
    for row in lower.iter_rows():
        for cell in row:
            if cell.value is not None:
                place = upper.cell(top + cell.row, cell.column, cell.value)
                place.number_format = cell.number_format
    for merged in lower.merged_cells.ranges:
        upper.merge_cells(
            start_row=merged.min_row + top,
            end_row=merged.max_row + top,
            start_column=merged.min_col,
            end_column=merged.max_col,
        )
    book.remove(lower)
    out = io.BytesIO()
    book.save(out)
    found = read_document(out.getvalue())
    for form in ("T02", "T03"):
        mine, right = found.table(form), budget.table(form)
        assert mine is not None
        assert right is not None
        assert mine.body == right.body
    assert found.table("T03").cells[0][2].sheet == "T02表"  # type: ignore[union-attr]


def test_a_sheet_never_goes_on_with_the_sheet_before(budget: ParsedDocument) -> None:
    def change(book: Any) -> None:
        sheet = book.create_sheet("附", index=3)  # behind T03, as wide as it
        for n in range(1, 4):
            for column, value in enumerate([2010000 + n, "其他", 1.0, 1.0, 1.0], start=1):
                sheet.cell(n, column, value)

    found = changed(xlsx(budget), change)
    mine, right = found.table("T03"), budget.table("T03")
    assert mine is not None
    assert right is not None
    assert mine.body == right.body


# -- number formats ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (1341.58, "General", "1341.58"),
        (0.1 + 0.2, "General", "0.3"),
        (2010301, "General", "2010301"),
        (1e15, "General", "1000000000000000"),
        (1341.5, "0.00", "1341.50"),
        (1341.585, "0.00", "1341.59"),
        (-1341.585, "0.00", "-1341.59"),
        (1234567.8, "#,##0.00", "1,234,567.80"),
        (0, "0.00", "0.00"),
        (0, "#,##0.00;-#,##0.00;", ""),
        (0, '_ * #,##0.00_ ;_ * -#,##0.00_ ;_ * "-"??_ ;_ @_ ', "-"),
        (12.5, '_ * #,##0.00_ ;_ * -#,##0.00_ ;_ * "-"??_ ;_ @_ ', "12.50"),
        (-12.5, "#,##0.00_);[Red](#,##0.00)", "(12.50)"),
        (-0.001, "0.00", "0.00"),
        (0.355, "0.0%", "35.5%"),
        (5, "000", "005"),
        (0.5, "#.##", ".5"),
        (12, '0.00"万元"', "12.00万元"),
        (45292, "yyyy\\-mm\\-dd", "2024-01-01"),
        (7, "[$-804]0.00", "7.00"),
    ],
)
def test_numbers_are_shown_as_the_program_shows_them(value: float, code: str, shown: str) -> None:
    made = show_number(value, code)
    assert made.text == shown
    assert made.is_certain


@pytest.mark.parametrize("code", ["0!.0,", "0.00,", "0,,", "[>100]0.0;0.00", "0.00E+00", "# ?/?"])
def test_formats_that_are_not_certain_are_said_to_be(code: str) -> None:
    made = show_number(12345.6, code)
    assert not made.is_certain
    assert code in made.text


@given(st.decimals(min_value=-(10**11), max_value=10**11, places=2))
def test_two_decimals_come_back_exactly(value: Decimal) -> None:
    for code in ("0.00", "#,##0.00"):
        made = show_number(float(value), code)
        assert Decimal(made.text.replace(",", "")) == value
        assert not made.is_rounded


# -- files that are no budgets -----------------------------------------------------------------


def test_other_formats_have_a_clear_outcome() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("OFD.xml", "<x/>")
    with pytest.raises(UnsupportedFormatError, match="OFD"):
        read_document(out.getvalue())
    with pytest.raises(UnsupportedFormatError, match="RTF"):
        read_document(b"{\\rtf1 x}")
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    with pytest.raises(UnsupportedFormatError, match="OLE"):
        read_document(ole)
    with pytest.raises(EncryptedError):
        read_document(ole + "EncryptedPackage\0".encode("utf-16-le"))


def test_a_damaged_office_file_is_told(budget: ParsedDocument) -> None:
    data = xlsx(budget)
    with pytest.raises(DamagedError):
        read_document(data[: len(data) // 2])
    with pytest.raises(DamagedError):
        read_document(docx_of("<w:p>"))
    old = xls(budget)
    with pytest.raises(DamagedError):
        read_document(old[:600] + bytes(3000) + old[3600:])


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parsers.office.MAX_UNPACKED", 10_000_000)
    with pytest.raises(TooLargeError):
        read_document(docx_of("<w:p/>" * 3_000_000))


def test_a_notice_in_word_is_no_budget() -> None:
    with pytest.raises(NotADisclosureError):
        read_document(docx_of(paragraph("关于做好部门预算公开工作的通知"), paragraph("各单位：")))


def test_entities_of_a_docx_reach_nothing(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET", encoding="utf-8")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr(
            "word/document.xml",
            f'<!DOCTYPE d [<!ENTITY x SYSTEM "file://{secret}">]><w:document xmlns:w="http://'
            'schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>a&x;'
            "</w:t></w:r></w:p></w:body></w:document>",
        )
    pages = read_office(out.getvalue(), "x").pages
    assert "SECRET" not in "".join(line.text for page in pages for line in page.lines)


# -- Word's ways of saying things --------------------------------------------------------------


def lines_of(*blocks: str, numbering: str = "") -> list[list[str]]:
    pages = read_office(docx_of(*blocks, numbering=numbering), "x").pages
    return [[line.text for line in page.lines] for page in pages]


def test_deleted_and_hidden_text_does_not_count() -> None:
    text = (
        "<w:p><w:r><w:t>收入</w:t></w:r><w:del><w:r><w:delText>100</w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t>200</w:t></w:r></w:ins>"
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>300</w:t></w:r><w:r><w:t>万元</w:t></w:r></w:p>"
    )
    assert lines_of(text) == [["收入200万元"]]


def test_automatic_numbers_are_read() -> None:
    numbering = (
        '<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="1"/>'
        '<w:numFmt w:val="chineseCounting"/><w:lvlText w:val="%1、"/></w:lvl></w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    )
    number = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>'
    blocks = [paragraph(f"情况{n}", properties=number) for n in range(12)]
    [lines] = lines_of(*blocks, numbering=numbering)
    assert (lines[0], lines[9], lines[11]) == ("一、情况0", "十、情况9", "十二、情况11")


def test_pages_are_counted_by_breaks() -> None:
    assert lines_of(paragraph("一"), PAGE_BREAK, paragraph("二"), paragraph("三")) == [
        ["一"],
        ["二", "三"],
    ]


def test_cells_merged_downwards_are_one_cell() -> None:
    table = word_table([["甲", "1"], ["", "2"], ["乙", "3"]], [(0, 0, 2, 1)])
    [page] = read_office(docx_of(table), "x").pages
    [grid] = page.grids
    assert [(c.text, c.row, c.rowspan) for c in grid.cells if c.col == 0] == [
        ("甲", 0, 2),
        ("乙", 2, 1),
    ]


def test_a_long_number_is_never_parted_by_a_line_end() -> None:
    text = "本部门" * 12 + "收入为1,234,567.89万元"
    [lines] = lines_of(paragraph(text))
    assert any("1,234,567.89" in line for line in lines)
    assert "".join(lines) == text

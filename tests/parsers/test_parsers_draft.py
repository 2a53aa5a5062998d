"""A draft as it is inspected: forms of another template as YAML, paragraphs with their places."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from draft_files import BODY, YEAR, Sheet, docx, draft, pdf, xlsx

from parsers.draft import Draft, read_draft
from parsers.errors import UnknownTemplateError
from parsers.forms import HOME, family, family_of, templates
from parsers.read import read_document
from parsers.textflow import squeeze

pytest.importorskip("reportlab", reason="needs the extra 'samples'")


@pytest.fixture(scope="module")
def read() -> Draft:
    return read_draft(pdf(draft()))


def test_the_night_still_takes_the_home_template_alone() -> None:
    with pytest.raises(UnknownTemplateError):
        read_document(pdf(draft()))
    assert templates() == [HOME, "shanghai-9"]
    assert family_of(None) is family_of(HOME) is family()
    with pytest.raises(FileNotFoundError):
        family("nowhere-1")


def test_forms_are_read_under_the_ids_of_the_official_ones(read: Draft) -> None:
    assert read.problem is None
    assert [t.id for t in read.document.tables] == [
        "T01", "T02", "T03", "T04", "T05", "T08", "T09", "T06", "T10",
    ]  # fmt: skip
    assert {t.template for t in read.document.tables} == {"shanghai-9"}
    assert {t.factor for t in read.document.tables if t.id != "T10"} == {Decimal(1)}
    assert [w.code for w in read.document.warnings] == []


def test_codes_in_three_columns_become_one(read: Draft) -> None:
    table = read.document.table("T03")
    assert table is not None
    assert table.roles == ["code", "name", "total", "basic", "project"]
    assert table.columns[0] == "功能分类科目编码"
    assert [row[0] for row in table.body] == [
        "210", "21011", "2101101", "212", "21201", "2120101", "2120199", "221", "22102", "2210201", "",
    ]  # fmt: skip
    assert table.body[-1][1] == "合计"
    assert table.rows[-1].kind == "total"
    assert [m.kind for m in table.rows[:3]] == ["class", "section", "item"]
    item = table.cells[2]
    assert item[2].text == "210,000.00"
    assert item[2].amount == Decimal("210000.00")
    assert item[0].bbox is not None
    assert item[1].bbox is not None
    assert item[0].bbox[2] - item[0].bbox[0] > 90, "over its three columns"
    assert item[0].bbox[2] <= item[1].bbox[0] + 1


def test_one_row_of_figures_becomes_lines(read: Draft) -> None:
    table = read.document.table("T10")
    assert table is not None
    assert table.columns == ["项目", "预算数"]
    assert [(row[0], row[1]) for row in table.body] == [
        ("“三公”经费合计", "5.00"), ("因公出国（境）费", "0.00"), ("公务接待费", "2.00"),
        ("公务用车购置及运行费", "3.00"), ("公务用车购置费", "0.00"), ("公务用车运行费", "3.00"),
        ("机关运行经费", "50.00"),
    ]  # fmt: skip
    assert table.cells[2][1].amount == Decimal("2.00")
    assert [m.kind for m in table.rows][:2] == ["total", "item"]


def test_a_second_row_of_figures_is_told() -> None:
    pages = draft()
    form = next(p for p in pages if "三公" in p.title and p.grid)
    assert form.grid is not None
    form.grid.rows.append(["7.00", "0.00", "4.00", "3.00", "0.00", "3.00", "60.00"])
    told = read_draft(pdf(pages)).document.warnings
    assert [(w.code, w.where) for w in told] == [("unreadable_amount", "T10")]


def test_a_total_alone_on_the_last_page_belongs_to_its_table() -> None:
    """Its word is merged over the columns of code and name, which the page has no others to show."""
    pages = draft()
    at = next(n for n, p in enumerate(pages) if "支出预算总表" in p.title and "收支" not in p.title)
    grid = pages[at].grid
    assert grid is not None
    last = grid.rows.pop()
    grid.spans.pop()
    from draft_files import Grid

    tail = Grid([[last[0], *last[4:]]], [sum(grid.widths[:4]), *grid.widths[4:]])
    read = read_draft(pdf([*pages[: at + 1], Sheet(grid=tail), *pages[at + 1 :]]))
    table = read.document.table("T03")
    assert table is not None
    assert len(table.pages) == 2
    assert table.body[-1] == ["", "合计", last[4], last[5], last[6]]


def test_paragraphs_keep_every_sign_and_its_place(read: Draft) -> None:
    printed = [t for p in draft() if p.title.endswith("编制说明") for t in p.paragraphs]
    found = {p.text: p for p in read.paragraphs}
    for text in printed:
        assert squeeze(text) in found, text
        p = found[squeeze(text)]
        at = text.index("万元") if "万元" in text else 2
        ((page, box),) = p.places(at, at + 2)
        assert page == p.page
        assert 8 < box[2] - box[0] < 30
        assert 58 <= box[0] < 800
    long = max(read.paragraphs, key=lambda p: len(p.text))
    boxes = long.places(0, len(long.text))
    assert len(boxes) > 2, "a box for each printed line"
    assert all(a[1][1] < b[1][1] for a, b in pairwise(boxes))


def test_blank_pages_and_clipped_lines_are_seen() -> None:
    read = read_draft(pdf(draft("blank page", "clipped line")))
    assert [p.number for p in read.pages if p.is_blank] == [3]
    (cut,) = read.clipped
    assert cut.page == 4
    assert cut.text.startswith("（三）完成区委")
    assert cut.again == []


def test_text_that_is_hidden_whole_is_not_clipped() -> None:
    """White text, and text behind a cover, leave no ink: nothing is seen, so nothing is cut."""
    import io

    from reportlab.pdfgen.canvas import Canvas

    base = pdf(draft())
    pikepdf = pytest.importorskip("pikepdf")
    sink = io.BytesIO()
    canvas = Canvas(sink, pagesize=(842, 595))
    canvas.setFillColorRGB(1, 1, 1)
    canvas.drawString(60, 60, "hidden words of a layer that nobody sees on the page")
    canvas.save()
    out = io.BytesIO()
    with (
        pikepdf.open(io.BytesIO(base)) as whole,
        pikepdf.open(io.BytesIO(sink.getvalue())) as other,
    ):
        whole.pages[2].add_underlay(other.pages[0])
        whole.save(out)
    assert read_draft(out.getvalue()).clipped == []


def test_office_drafts_have_no_pages_to_look_at() -> None:
    word = read_draft(docx(draft()), file_name="d.docx")
    book = read_draft(xlsx(draft()), file_name="d.xlsx")
    assert (word.kind, book.kind) == ("word", "excel")
    assert word.document.document.department == book.document.document.department == BODY
    assert word.document.document.year == book.document.document.year == YEAR
    for d in (word, book):
        assert not any(p.is_blank for p in d.pages)
        assert d.clipped == []
        assert [t.id for t in d.document.tables] == [
            t.id for t in read_draft(pdf(draft())).document.tables
        ]
    assert book.pages[0].name == "表1"
    cell = book.document.tables[0].cells[0][1]
    assert (cell.sheet, cell.bbox) == ("表1", None)


def test_persons_are_starred_and_their_places_masked() -> None:
    read = read_draft(pdf(draft(contact="联系人：张三丰，电话：021-52801234")))
    said = "".join(p.text for p in read.paragraphs)
    assert "张三丰" not in said
    assert "52801234" not in said
    page = next(p.page for p in read.paragraphs if "联系人：***" in p.text)
    assert len([m for m in read.masks if m.page == page]) >= 2
    assert "张三丰" not in read.model_dump_json()

"""Whole documents: kinds of rows, errors with a way out, nothing silent."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from parsers_typeset import Sheet, Style, Typesetter, invented, print_pdf

from parsers.assemble import assemble
from parsers.document import Cell, Table
from parsers.engine import read_pages
from parsers.errors import (
    DamagedError,
    DocumentError,
    EncryptedError,
    NotADisclosureError,
    NotAPdfError,
    TooLargeError,
    UnknownTemplateError,
    UnsupportedFormatError,
)
from parsers.read import explain, read_document
from parsers.rows import bare, describe_rows, two_sided_labels


def forms(sheets: list[Sheet], style: Style | None = None) -> dict[str, Table]:
    made = assemble(read_pages(print_pdf(sheets, style or Style())))
    return {t.id: t for t in made.tables}


@pytest.fixture(scope="module")
def document() -> bytes:
    return print_pdf(invented(21), Style(watermark="tilted_grey"))


def test_a_document_is_read_whole(document: bytes) -> None:
    read = read_document(document)
    assert [t.id for t in read.tables] == [f"T{n:02d}" for n in range(1, 14)]
    assert read.document.template == "shanxi-13"
    assert read.document.watermark
    assert read.document.document_id == read.document.file_sha256
    for table in read.tables:
        assert len(table.rows) == len(table.body) == len(table.cells)
        assert table.roles
        assert len(table.roles) == table.ncols == len(table.columns)
        assert table.factor == Decimal(10000)
        assert table.pages == sorted(table.bbox_by_page)
        for row, printed in zip(table.cells, table.body, strict=True):
            assert [c.text for c in row] == printed
    again = type(read).model_validate_json(read.model_dump_json())
    assert again == read


def test_reading_twice_gives_the_same(document: bytes) -> None:
    assert read_document(document).model_dump_json() == read_document(document).model_dump_json()


def test_rows_are_described(document: bytes) -> None:
    read = read_document(document)
    t05 = read.table("T05")
    assert t05 is not None
    assert [(m.kind, m.code) for m in t05.rows[:4]] == [
        ("total", None), ("class", "208"), ("section", "20805"), ("item", "2080505"),
    ]  # fmt: skip
    assert [m.parent for m in t05.rows[:4]] == [None, 0, 1, 2]
    t06 = read.table("T06")
    assert t06 is not None
    kinds = [m.kind for m in t06.rows]
    assert kinds[:3] == ["total", "class", "item"]
    assert kinds[-2:] == ["class", "item"], "其他支出 is a class without, an item with 政府科目"
    t04 = read.table("T04")
    assert t04 is not None
    carried = next(i for i, m in enumerate(t04.rows) if m.income_label == "上年财政拨款结转")
    assert [m.parent for m in t04.rows[carried + 1 : carried + 4]] == [carried] * 3
    t10 = read.table("T10")
    assert t10 is not None
    assert [m.parent for m in t10.rows] == [5, 5, 5, 2, 2, None]


def test_projects_belong_to_their_units(document: bytes) -> None:
    read = read_document(document)
    t12 = read.table("T12")
    assert t12 is not None
    assert t12.rows[0].kind == "organisation"
    units = [m.label for m in t12.rows if m.kind == "unit"]
    assert units == ["青石县水务局", "青石县河道管理服务中心", "青石县水利工程质量监督站"]
    for i, meta in enumerate(t12.rows):
        if meta.kind == "project":
            assert meta.parent is not None
            assert meta.unit_name == t12.rows[meta.parent].label
            assert meta.parent < i


def projects_table(rows: list[tuple[str, str]]) -> Table:
    cells = [
        [Cell(text=name, page=1)]
        + [Cell(text=v, amount=Decimal(v) if v else None, page=1) for v in (value, value)]
        + [Cell(text="", page=1) for _ in range(2)]
        for name, value in rows
    ]
    return Table(
        id="T13", title="", owner="单位名称：青石县林业局", cells=cells,
        body=[[c.text for c in r] for r in cells],
    )  # fmt: skip


def test_one_unit_document_has_a_single_total_row() -> None:
    table = projects_table([("青石县林业局", "6.00"), ("造林费", "2.00"), ("管护费", "4.00")])
    describe_rows(table)
    assert [m.kind for m in table.rows] == ["organisation", "project", "project"]


def test_a_unit_whose_total_is_wrong_is_still_a_unit() -> None:
    """A publisher's slip in one sum must not turn a unit into a project."""
    table = projects_table([
        ("青石县林业局", "16.00"), ("青石县林业局", "7.00"), ("造林费", "2.00"),
        ("管护费", "4.00"), ("青石县种苗站", "10.00"), ("育苗费", "10.00"),
    ])  # fmt: skip
    describe_rows(table, ["青石县种苗站"])
    assert [m.kind for m in table.rows] == [
        "organisation", "unit", "project", "project", "unit", "project",
    ]  # fmt: skip


def test_a_unit_with_one_project_of_the_same_amount() -> None:
    table = projects_table([
        ("青石县林业局", "12.00"), ("青石县林业局", "2.00"), ("造林费", "2.00"),
        ("青石县林业技术推广中心", "10.00"), ("推广经费", "10.00"),
    ])  # fmt: skip
    warnings = describe_rows(table)
    assert [m.kind for m in table.rows] == ["organisation", "unit", "project", "unit", "project"]
    assert [w.code for w in warnings] == []


def test_labels_of_the_summary_forms() -> None:
    labels = two_sided_labels("T01")
    assert {"三十、抗疫特别国债安排的支出", "十、卫生健康支出", "收入总计"} <= labels
    assert bare("（一）一般公共预算") == "一般公共预算"
    assert bare("①公务用车购置费") == "公务用车购置费"


def broken(change: str) -> list[Sheet]:
    sheets = invented(22)
    t05 = next(s for s in sheets if s.id == "T05")
    if change == "amount":
        t05.body[3][3] = "12.3O"
    elif change == "glued":
        t05.body[3][3] = "12.3013.40"
    elif change == "title":
        t05.title = "2026年一般公共预算支出安排表"
    elif change == "no title":
        t05.title = "附件"
    elif change == "header":
        t05.header[1][4] = "其他支出"
    return sheets


@pytest.mark.parametrize("change", ["amount", "glued"])
def test_an_unreadable_amount_is_told_and_not_guessed(change: str) -> None:
    read = read_document(print_pdf(broken(change), Style()))
    t05 = read.table("T05")
    assert t05 is not None
    assert t05.cells[3][3].amount is None
    assert t05.body[3][3].startswith("12.3")
    assert [w.where for w in read.warnings if w.code == "unreadable_amount"] == ["T05 basic"]


def test_a_title_not_listed_is_taken_with_a_warning() -> None:
    read = read_document(print_pdf(broken("title"), Style()))
    assert read.table("T05") is not None
    assert [w.where for w in read.warnings if w.code == "title_variant"] == ["T05"]


@pytest.mark.parametrize(
    ("change", "code"), [("no title", "untitled_form"), ("header", "header_differs")]
)
def test_a_form_that_cannot_be_told_is_left_out_loudly(change: str, code: str) -> None:
    read = read_document(print_pdf(broken(change), Style()))
    assert read.table("T05") is None
    codes = [w.code for w in read.warnings]
    assert code in codes
    assert "missing_form" in codes
    assert read.generic_tables, "its grid is kept as a plain table"


def test_hidden_text_is_told() -> None:
    read = read_document(print_pdf(invented(23), Style(hidden="white")))
    pages = {w.page for w in read.warnings if w.code == "hidden_text"}
    assert pages == set(range(1, read.document.pages + 1))


def test_the_printed_number_is_kept_but_not_believed() -> None:
    sheets = invented(24)
    sheets[3].label = "预算公开表1"
    tables = forms(sheets)
    assert tables["T04"].label == "预算公开表1"
    assert tables["T01"].label == "预算公开表1"


def test_explain_says_why(document: bytes) -> None:
    said = explain(document)
    assert said["missing"] == []
    assert {d["form"] for d in said["decisions"]} == {f"T{n:02d}" for n in range(1, 14)}
    assert all(d["how"] for d in said["decisions"])


@pytest.fixture
def own_forms(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A copy of the forms' YAML that a test may change."""
    from parsers import forms as room

    folder = tmp_path / "forms"
    shutil.copytree(room.__path__[0], folder)
    room.family.cache_clear()
    monkeypatch.setattr(room, "_HERE", folder)
    yield folder
    monkeypatch.undo()
    room.family.cache_clear()


def test_another_wording_is_a_yaml_not_code(own_forms: Path) -> None:
    """Another province's T05: unknown, with what its header lacks; read after a YAML is added to."""
    from parsers.forms import family

    sheets = invented(27)
    other = next(s for s in sheets if s.id == "T05")
    other.title = "2027年一般公共预算拨款开支明细表"
    other.header = [["科目", "", "本年安排", "", ""], ["编码", "名称", "总额", "基本类", "项目类"]]
    data = print_pdf(sheets, Style())
    said = explain(data)
    assert said["missing"] == ["T05"]
    assert any(d["form"] is None and d["how"] == "no form claims it" for d in said["decisions"])

    path = own_forms / "T05.yml"
    form = yaml.safe_load(path.read_text("utf-8"))
    form["titles"].append("一般公共预算拨款开支明细表")
    for column, leaf in zip(
        form["columns"], ["编码", "名称", "总额", "基本类", "项目类"], strict=True
    ):
        column["path"] = [f"{level}|科目|本年安排" for level in column["path"][:-1]]
        column["path"] += [f"{leaf}|合计"]
    path.write_text(yaml.safe_dump(form, allow_unicode=True), "utf-8")
    family.cache_clear()
    assert explain(data)["missing"] == []
    table = read_document(data).table("T05")
    assert table is not None
    assert table.body == other.body
    assert table.title == other.title


def test_a_second_cover_with_forms_behind_it_begins_a_document() -> None:
    pikepdf = pytest.importorskip("pikepdf")
    samples = Path(__file__).resolve().parent.parent.parent / "samples" / "pdf"
    out = io.BytesIO()
    with (
        pikepdf.open(samples / "yunting-education-2026.pdf") as first,
        pikepdf.open(samples / "yunting-education-2026-unit-1.pdf") as second,
    ):
        n = len(first.pages)
        first.pages.extend(second.pages)
        first.save(out)
    one, two = (read_document(out.getvalue(), part=k) for k in (1, 2))
    assert (one.document.parts, two.document.parts) == (2, 2)
    assert two.document.document_id == f"{one.document.document_id}-02"
    assert one.document.department != two.document.department
    assert one.document.pages == n
    alone = read_document((samples / "yunting-education-2026-unit-1.pdf").read_bytes())
    for table, same in zip(two.tables, alone.tables, strict=True):
        assert table.body == same.body
        assert [p - n for p in table.pages] == same.pages
    with pytest.raises(ValueError, match="no part 3"):
        read_document(out.getvalue(), part=3)


def bound_together(first: str, second: str, leaves: int) -> bytes:
    """Two sample documents in one file, the second without its first ``leaves`` pages."""
    pikepdf = pytest.importorskip("pikepdf")
    samples = Path(__file__).resolve().parent.parent.parent / "samples" / "pdf"
    out = io.BytesIO()
    with (
        pikepdf.open(samples / f"{first}.pdf") as one,
        pikepdf.open(samples / f"{second}.pdf") as two,
    ):
        one.pages.extend(two.pages[leaves:])
        one.save(out)
    return out.getvalue()


@pytest.mark.parametrize("leaves", [1, 2, 3])
def test_forms_that_begin_anew_under_another_owner_are_a_document(leaves: int) -> None:
    """Without a second cover the narrative of the unit was read as the department's."""
    data = bound_together("yunting-education-2026", "yunting-education-2026-unit-1", leaves)
    one, two = (read_document(data, part=k) for k in (1, 2))
    samples = Path(__file__).resolve().parent.parent.parent / "samples" / "pdf"
    for read, name in ((one, "yunting-education-2026"), (two, "yunting-education-2026-unit-1")):
        alone = read_document((samples / f"{name}.pdf").read_bytes())
        assert read.document.parts == 2
        assert read.document.department == alone.document.department
        assert (read.document.year, read.document.phase) == (2026, "budget")
        assert [t.body for t in read.tables] == [t.body for t in alone.tables]
        assert read.narrative.keys == alone.narrative.keys
        assert len(read.performance) == len(alone.performance)
        assert "form_twice" not in {w.code for w in read.warnings}
    assert one.document.scope == "department"
    assert two.document.scope != "department", "it must never be added up with its department"
    assert one.document.pages + two.document.pages == len(read_pages(data))


def test_forms_twice_with_other_figures_are_not_accepted() -> None:
    """The same body's forms once more, corrected: the first were taken, and the document accepted."""
    from expectations.catalogue import judge

    data = bound_together("yunting-education-2025-first", "yunting-education-2025", 3)
    read = read_document(data)
    codes = {w.where: w.code for w in read.warnings if w.code.startswith("form_")}
    assert codes["T01"] == "form_twice"
    assert codes["T09"] == "form_repeated"
    verdict = judge(read).verdict
    assert verdict is not None
    assert verdict.status == "quarantined"
    assert any(r.startswith("T01 在文件中出现两次") for r in verdict.reasons)
    again = read_document(bound_together("shibo-land-2026", "shibo-land-2026", 3))
    verdict = judge(again).verdict
    assert verdict is not None
    assert verdict.status != "quarantined", "the same said twice is one thing"


# -- files that are no such document -----------------------------------------------------
@pytest.mark.parametrize(
    "data",
    [
        b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook/>',
        b'\xef\xbb\xbf<html xmlns:x="urn:schemas-microsoft-com:office:excel"><body></body></html>',
        b"<html><body><table><tr><td>190.35</td></tr></table></body></html>",
        b"MIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n\r\n--a",
    ],
)
def test_office_files_saved_as_pages_have_an_outcome_of_their_own(data: bytes) -> None:
    with pytest.raises(UnsupportedFormatError, match="saved as a web page or XML") as caught:
        read_document(data, file_name="a.xls")
    assert caught.value.problem().code == "unsupported_format"


def test_not_a_pdf() -> None:
    with pytest.raises(NotAPdfError) as caught:
        read_document(b"<html>not found</html>", file_name="budget.pdf")
    assert caught.value.problem().code == "not_a_pdf"


def test_truncated(document: bytes) -> None:
    for share in (0.1, 0.5, 0.9):
        with pytest.raises(DocumentError) as caught:
            read_document(document[: int(len(document) * share)])
        assert caught.value.code == "damaged"
        assert isinstance(caught.value, DamagedError)


def test_encrypted(document: bytes) -> None:
    pikepdf = pytest.importorskip("pikepdf")
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(document)) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(user="secret", owner="secret"))
    with pytest.raises(EncryptedError):
        read_document(out.getvalue())


def test_encrypted_without_a_password_to_open_is_read(document: bytes) -> None:
    pikepdf = pytest.importorskip("pikepdf")
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(document)) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(user="", owner="secret"))
    assert len(read_document(out.getvalue()).tables) == 13


def test_too_large(document: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parsers.read.MAX_BYTES", 1000)
    with pytest.raises(TooLargeError):
        read_document(document)


def test_too_many_pages(document: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parsers.engine.MAX_PAGES", 3)
    with pytest.raises(TooLargeError):
        read_document(document)


def test_other_titles_over_our_headers_are_known_with_warnings() -> None:
    sheets = invented(27)
    for sheet in sheets:
        sheet.title = sheet.title.replace("预算收支总表", "收支情况总表").replace(
            "分经济科目表", "按经济科目列示表"
        ).replace("项目支出预算表（本年预算）", "项目支出表（本年安排）")  # fmt: skip
    read = read_document(print_pdf(sheets, Style()))
    assert len(read.tables) == 13
    assert {w.where for w in read.warnings if w.code == "title_variant"} == {"T01", "T06", "T12"}


def test_two_figures_in_one_cell_are_told() -> None:
    """A rule between two rows is missing: 100 above 200 must never read as 100200."""
    setter = Typesetter(Style())
    sheet = invented(28)[4]
    setter.sheet(sheet)
    xs = [60.0]
    for width in sheet.widths:
        xs.append(xs[-1] + 475 * width / sum(sheet.widths))
    from parsers_typeset import _Cell

    y = setter.y
    cells = [_Cell(a, b, [], "left") for a, b in pairwise(xs)]
    cells[0].lines, cells[1].lines = ["2130399"], ["其他水利支出"]
    cells[2].lines, cells[2].align = ["100", "200"], "right"
    setter._boxes(cells, y, y + 30)
    made = assemble(read_pages(setter.pdf()))
    cell = made.tables[0].cells[-1][2]
    assert (cell.text, cell.amount) == ("100200", None)
    assert [w.code for w in made.warnings] == ["unreadable_amount"]


def test_a_notice_is_no_disclosure() -> None:
    setter = Typesetter(Style())
    setter.line("关于召开全县水利工作会议的通知", 16, "centre")
    for _ in range(8):
        setter.line("请各乡镇按照要求做好会议准备工作并按时参加。", 12)
    with pytest.raises(NotADisclosureError):
        read_document(setter.pdf())


def test_a_disclosure_in_other_forms_keeps_its_plain_tables() -> None:
    """Forms of another province: never taken for ours, their grids are kept."""
    sheets = [
        Sheet("X1", "2026年部门收支总体情况表",
              [["收入", "", "支出", ""], ["项目", "预算数", "项目", "预算数"]],
              [(0, 0, 1, 2), (0, 2, 1, 2)],
              [["一、一般公共预算拨款收入", "12.00", "一、一般公共服务支出", "12.00"],
               ["收入总计", "12.00", "支出总计", "12.00"]], [4, 2, 4, 2], "lala"),
        Sheet("X2", "2026年部门收入总体情况表", [["科目编码", "科目名称", "合计"]], [],
              [["201", "一般公共服务支出", "12.00"]], [2, 4, 2], "cla"),
        Sheet("X3", "2026年部门支出总体情况表", [["科目编码", "科目名称", "合计"]], [],
              [["201", "一般公共服务支出", "12.00"]], [2, 4, 2], "cla"),
        Sheet("X5", "2026年一般公共预算支出情况表",
              [["科目编码", "科目名称", "合计", "基本支出", "项目支出"]], [],
              [["201", "一般公共服务支出", "12.00", "12.00", ""]], [2, 4, 2, 2, 2], "claaa"),
    ]  # fmt: skip
    with pytest.raises(UnknownTemplateError) as caught:
        read_document(print_pdf(sheets, Style()))
    held = caught.value.document
    assert held is not None
    assert held.tables == []
    assert len(held.generic_tables) >= 3
    assert "no YAML" in str(caught.value)

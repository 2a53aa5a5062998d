"""Each defect that reviewers record is found at its place, and a draft without any gives none."""

from __future__ import annotations

import io
from pathlib import Path

import draft_files
import office_files
import pytest
from draft_files import DEFECTS, docx, draft, pdf, xlsx

from expectations.catalogue import CatalogueError, template_catalogue
from inspection.desk import LIMITS, in_chinese, inspect_draft
from inspection.inspect import inspect
from inspection.model import Remark, Sheet
from inspection.rules import rules
from parsers.draft import Draft, read_draft
from parsers.errors import DocumentError, UnsupportedFormatError
from parsers.read import read_document
from parsers.worker import Worker

pytest.importorskip("reportlab", reason="needs the extra 'samples'")

# defect → (checks that tell it, line of the sheet it is told on)
TOLD = {
    "blank page": ({"BLANK"}, "contents"),
    "clipped line": ({"CLIPPED"}, "duties"),
    "comparison year": ({"BASEYEAR"}, "notes"),
    "end mark": ({"ENDMARK"}, "notes"),
    "doubled mark": ({"DOUBLED"}, "notes"),
    "rate": ({"RATE"}, "notes"),
    "old name": ({"NAME"}, "notes"),
    "two amounts": ({"TWO"}, "notes"),
    "quotation mark": ({"PAIRS"}, "projects"),
    "sum": ({"C-T01-OUT", "X-0103-CLS"}, "T01"),
    "text and table": ({"ITEM"}, "notes"),
}


def inspected(*defects: str) -> Sheet:
    return inspect(read_draft(pdf(draft(*defects))), file_name="draft.pdf")


@pytest.fixture(scope="module")
def clean() -> Draft:
    return read_draft(pdf(draft()))


def test_a_draft_without_defects_conforms_on_every_line(clean: Draft) -> None:
    sheet = inspect(clean, file_name="draft.pdf")
    assert sheet.remarks == []
    assert {line.status for line in sheet.lines} == {"ok"}
    assert (sheet.department, sheet.year, sheet.template) == (
        draft_files.BODY,
        draft_files.YEAR,
        "shanghai-9",
    )
    assert [line.title for line in sheet.lines][:4] == ["封面", "目录", "主要职能", "机构设置"]
    assert sum(line.title.startswith("《") for line in sheet.lines) == 9


@pytest.mark.parametrize("defect", DEFECTS)
def test_each_defect_is_told_once_at_its_place(defect: str) -> None:
    sheet = inspected(defect)
    checks, line = TOLD[defect]
    assert {r.check for r in sheet.remarks} == checks
    assert sheet.remarks[0].lines[0] == line
    assert all(r.places for r in sheet.remarks)
    for r in sheet.remarks:
        for place in r.places:
            assert place.bbox is not None or r.check == "BLANK"
    defective = {x.id for x in sheet.lines if x.status in ("defect", "ask")}
    assert {x for r in sheet.remarks for x in r.lines} == defective


def test_all_defects_together_are_told_apart() -> None:
    sheet = inspected(*DEFECTS)
    assert {r.check for r in sheet.remarks} == set().union(*(c for c, _ in TOLD.values()))
    assert [r.number for r in sheet.remarks] == list(range(1, len(sheet.remarks) + 1))


def test_what_has_one_cause_is_one_remark_with_its_parts() -> None:
    """Two amounts for one item also break its rate; an old name is also not the table's."""
    (two,) = inspected("two amounts").remarks
    assert two.title == "一项两数、基数与增减率"
    assert any("计算为" in s for s in two.statements)
    (name,) = inspected("old name").remarks
    assert name.title == "科目名称与表格、已更名的科目"


def test_five_places_of_one_error_are_one_remark() -> None:
    (years,) = inspected("comparison year").remarks
    assert years.says == "2处对比年度不是上年"
    assert len(years.places) == 2


def test_both_statements_name_figure_and_page() -> None:
    remarks = {r.check: r for r in inspected("sum").remarks}
    across = remarks["X-0103-CLS"]
    assert across.lines == ["identities", "T01", "T03"]
    one, other, apart = across.statements
    assert "211,000.00" in one
    assert "卫生健康支出" in one
    assert "210,000.00" in other
    assert "第" in other
    assert apart == "相差 1,000 元"


def test_a_clipped_line_that_is_repeated_says_where() -> None:
    pages = draft("clipped line")
    cut = next(p for p in pages if p.cut)
    after = draft_files.Sheet(paragraphs=[cut.cut])
    at = pages.index(cut) + 1
    sheet = inspect(read_draft(pdf([*pages[:at], after, *pages[at:]])), file_name="x.pdf")
    (remark,) = [r for r in sheet.remarks if r.check == "CLIPPED"]
    assert remark.statements[1] == f"同样的文字在第{at + 1}页完整显示"


def test_a_missing_part_and_a_missing_form_are_told() -> None:
    pages = [p for p in draft() if p.title != "名词解释" and "部门支出预算总表" not in p.title]
    sheet = inspect(read_draft(pdf(pages)), file_name="x.pdf")
    told = {(r.check, r.lines[0]) for r in sheet.remarks}
    assert ("PARTS", "glossary") in told
    assert any(c == "M-TABLES" for c, _ in told)
    states = {x.id: x.status for x in sheet.lines}
    assert states["T03"] in ("defect", "unread")
    assert states["glossary"] == "defect"


def test_word_is_inspected_without_boxes() -> None:
    data = docx(draft("rate", "doubled mark", "text and table"))
    sheet = inspect(read_draft(data, file_name="d.docx"), file_name="d.docx")
    assert sheet.kind == "word"
    assert {r.check for r in sheet.remarks} == {"RATE", "DOUBLED", "ITEM"}
    assert all(p.bbox is None and p.where for r in sheet.remarks for p in r.places)
    whole = inspect(read_draft(docx(draft()), file_name="d.docx"), file_name="d.docx")
    assert whole.remarks == []
    assert {x.status for x in whole.lines} == {"ok", "absent"}


def test_a_workbook_is_inspected_for_its_forms() -> None:
    sheet = inspect(read_draft(xlsx(draft("sum")), file_name="d.xlsx"), file_name="d.xlsx")
    assert sheet.kind == "excel"
    assert {r.check for r in sheet.remarks} == {"C-T01-OUT", "X-0103-CLS"}
    assert "工作表“表1”D5" in sheet.remarks[0].where()
    states = {x.id: x.status for x in sheet.lines}
    assert states["T01"] == "defect"
    assert states["T05"] == "ok"
    # a line says that it conforms only where something was compared
    assert states["notes"] == states["cover"] == states["figures"] == "absent"
    clean = inspect(read_draft(xlsx(draft()), file_name="d.xlsx"), file_name="d.xlsx")
    assert clean.remarks == []


def test_drafts_of_the_home_template_in_every_format(project_root: Path) -> None:
    read = read_document((project_root / "samples" / "pdf" / "shibo-assets-2026.pdf").read_bytes())
    for name, data in (("d.xlsx", office_files.xlsx(read)), ("d.xls", office_files.xls(read))):
        sheet = inspect(read_draft(data, file_name=name), file_name=name)
        assert (sheet.template, sheet.kind, sheet.remarks) == ("shanxi-13", "excel", [])
        assert sheet.department == read.document.department
        assert [x.status for x in sheet.lines if x.title.startswith("《")] == ["ok"] * 13
    data = office_files.docx(read, cover=[str(read.document.department), "2026年度部门预算公开"])
    word = inspect(read_draft(data, file_name="d.docx"), file_name="d.docx")
    assert {r.check for r in word.remarks} == {"PARTS"}, "its text was left out"


def test_the_sample_documents_give_only_what_their_identities_give(project_root: Path) -> None:
    """The checks of text and pages raise nothing on documents whose text is consistent."""
    mine = {c.id for c in rules().checks}
    names = ["yunting-education-2026", "qinglan-water-2025", "shibo-land-2025-again"]
    for name in names:
        data = (project_root / "samples" / "pdf" / f"{name}.pdf").read_bytes()
        sheet = inspect(read_draft(data), file_name=f"{name}.pdf")
        assert sheet.template == "shanxi-13"
        assert [r for r in sheet.remarks if r.check in mine] == [], name
        assert all(x.status == "ok" for x in sheet.lines if not x.remarks), name


@pytest.mark.full
def test_no_sample_document_gives_a_false_remark(project_root: Path) -> None:
    mine = {c.id for c in rules().checks}
    for path in sorted((project_root / "samples" / "pdf").glob("*.pdf")):
        if "notice" in path.name:
            continue
        sheet = inspect(read_draft(path.read_bytes()), file_name=path.name)
        assert [r for r in sheet.remarks if r.check in mine] == [], path.name


def test_a_form_that_could_not_be_read_is_not_said_to_conform() -> None:
    pages = draft()
    form = next(p for p in pages if p.title.endswith("部门支出预算总表"))
    assert form.grid is not None
    form.grid.rows[5][4] = "1,2345.6"
    sheet = inspect(read_draft(pdf(pages)), file_name="x.pdf")
    state = {x.id: x for x in sheet.lines}["T03"]
    assert (state.status, state.note) == ("unread", "有1处未能读取")
    assert not any("T03" in r.lines for r in sheet.remarks)
    whole = {x.id: x for x in sheet.lines}["identities"]
    # the draft's two forms by function share that row
    assert (whole.status, whole.note) == ("unread", "有2张表未能核对")


@pytest.mark.full
def test_what_rests_on_a_scanned_page_is_asked_and_never_told() -> None:
    """A cover with a seal, a text and a form that were printed, signed and scanned again."""
    pages = draft("sum", "rate", "doubled mark", "quotation mark")
    titles = [p.title for p in pages]
    notes = next(n for n, t in enumerate(titles, 1) if t.endswith("编制说明"))
    form = next(n for n, t in enumerate(titles, 1) if t.endswith("部门财务收支预算总表"))
    read = read_draft(draft_files.scanned(pdf(pages), 1, notes, form))
    sheet = inspect(read, file_name="x.pdf")
    assert (sheet.department, sheet.year) == (draft_files.BODY, draft_files.YEAR)
    assert [p.number for p in read.pages if p.is_image] == [1, notes, form]
    states = {x.id: (x.status, x.note) for x in sheet.lines}
    # the cover, and the parts that stand on the scanned page, were read: nothing is missing
    assert {states[x] for x in ("cover", "contents", "duties", "glossary")} == {("ok", "")}
    status, note = states["T01"]
    assert status == "unread"
    assert note.startswith("由图像识别")
    assert states["identities"] == ("unread", "有1张表未能核对")
    told = {r.check: r for r in sheet.remarks}
    assert "DOUBLED" not in told, "signs of an image are not judged"
    rate = told["RATE"]
    assert rate.severity == "please"
    assert rate.statements[-1] == f"第{notes}页由图像识别得出，可能有误，请对照原件"
    assert told["PAIRS"].severity == "must", "that page is typeset"
    for r in sheet.remarks:
        assert r.severity == "please" or not {p.page for p in r.places} & {1, notes, form}
    assert any("未核对标点和版面" in n for n in sheet.notes)


@pytest.mark.full
def test_a_draft_of_images_alone_has_its_parts_and_its_pictures() -> None:
    """Nothing is said to be missing that is there, and a crop shows what was read."""
    pages = [p for p in draft("rate") if p.grid is None]
    data = draft_files.scanned(pdf(pages))
    with Worker(LIMITS) as worker:
        found = inspect_draft(data, "扫描件.pdf", worker)
    assert [r.check for r in found.sheet.remarks if r.check in ("PARTS", "COVER")] == []
    (rate,) = [r for r in found.sheet.remarks if r.check == "RATE"]
    assert rate.severity == "please"
    (place, *_) = rate.places
    assert place.bbox is not None
    assert found.crops[rate.number]
    assert not any(r.severity == "must" for r in found.sheet.remarks)


def test_a_chosen_part_of_a_file_is_inspected(project_root: Path) -> None:
    import pypdfium2

    made = pypdfium2.PdfDocument.new()
    names = ("shibo-assets-2026", "qinglan-water-2025")
    for name in names:
        made.import_pages(pypdfium2.PdfDocument(project_root / "samples" / "pdf" / f"{name}.pdf"))
    sink = io.BytesIO()
    made.save(sink)
    bodies = []
    with Worker(LIMITS) as worker:
        for part in (1, 2):
            sheet = inspect_draft(sink.getvalue(), "two.pdf", worker, part=part).sheet
            assert "文件含2份文本，本表只检查其中一份。" in sheet.notes
            assert {x.status for x in sheet.lines if x.title.startswith("《")} == {"ok"}
            bodies.append((sheet.department, sheet.year))
        assert bodies == [("石柏县国有资产服务中心", 2026), ("青岚县水利局", 2025)]
        with pytest.raises(DocumentError) as beyond:
            inspect_draft(sink.getvalue(), "two.pdf", worker, part=3)
    assert "2 documents" in str(beyond.value)
    assert in_chinese(beyond.value).what == "文件中没有这一份文本"


def test_an_old_word_file_is_refused_with_the_way_out() -> None:
    """Word 97–2003: a compound file with a stream WordDocument."""
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument\0".encode("utf-16-le") + bytes(4096)
    with Worker(LIMITS) as worker, pytest.raises(UnsupportedFormatError) as refused:
        inspect_draft(data, "送审稿.doc", worker)
    assert "docx" in in_chinese(refused.value).remedy
    assert ".doc" in in_chinese(refused.value).what


# -- the rules themselves ----------------------------------------------------------------
def test_every_check_is_declared_and_every_declaration_is_a_check() -> None:
    from inspection.checks import CHECKS

    assert {c.how for c in rules().checks} == set(CHECKS)
    known = {line.id for t in rules().templates.values() for line in t.lines} | {"form", "none"}
    assert set(rules().identities.values()) <= known


def test_every_identity_of_every_template_has_a_line() -> None:
    for template in (None, "shanghai-9"):
        for identity in template_catalogue(template).identities:
            assert rules().line_of(identity)
    assert rules().line_of("M-TOC") == "contents"
    assert rules().line_of("M-TABLES") == "form"


def test_the_catalogue_of_a_template_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    from shutil import copytree

    from expectations.catalogue.catalogue import Catalogue
    from expectations.catalogue.view import HERE

    folder = tmp_path / "x"
    copytree(HERE / "templates" / "shanghai-9", folder)
    text = (folder / "identities.yml").read_text("utf-8")
    (folder / "identities.yml").write_text(
        text.replace("column: basic}", "column: bsaic}"), "utf-8"
    )
    with pytest.raises(CatalogueError, match="bsaic"):
        Catalogue(folder)


def remarks_on(clean: Draft, text: str) -> list[Remark]:
    """What is said of a paragraph put into the explanation of the budget."""
    changed = clean.model_copy(deep=True)
    for p in changed.paragraphs:
        if p.text.startswith("财政拨款收入支出变化"):
            p.text = text
            p.ends_short = True
    return inspect(changed, file_name="x.pdf").remarks


@pytest.mark.parametrize(
    "text",
    [
        "2026年当年预算执行数为100.00万元，2027年预算安排133.33万元，比2026年预算执行数增加33.33%。",
        "2026年当年预算执行数为100万元，2027年预算安排133.3万元，比2026年预算执行数增加33.3%。",
        "2026年当年预算执行数为0.00万元，2027年预算安排25.00万元，比2026年预算执行数增加100.00%。",
        "2026年当年预算执行数为3.00万元，2027年预算安排2.00万元，比2026年预算执行数减少33.34%。",
        "2026年当年预算执行数为3.00万元，2027年预算安排3.00万元，与2026年预算执行数持平。",
        "编制依据：（1）法律；（2）规划；3）其他文件，包括《预算法》（2018年修正）等。",
        "与“十四五”规划（2021年至2025年）相比，工作任务有所增加。",
        "为什么？！因为……",
    ],
)
def test_right_sentences_give_nothing(clean: Draft, text: str) -> None:
    assert remarks_on(clean, text) == []


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("2026年当年预算执行数为100.00万元，2027年预算安排133.33万元，比2026年预算执行数减少33.33%。", "RATE"),
        ("2026年当年预算执行数为100.00万元，2027年预算安排133.33万元，比2026年预算执行数增加34.33%。", "RATE"),
        ("2026年当年预算执行数为3.00万元，2027年预算安排3.01万元，比2026年预算执行数持平。", "RATE"),
        ("支出比2025年预算增加3.00万元。", "BASEYEAR"),
        ("编制依据包括《预算法等法律。", "PAIRS"),
        ("工作任务增加，，支出增加。", "DOUBLED"),
        ("医疗卫生与计划生育支出有所增加。", "OLDNAME"),
        ("支出增加的主要原因是人员增加", "ENDMARK"),
    ],
)  # fmt: skip
def test_wrong_sentences_are_told(clean: Draft, text: str, check: str) -> None:
    assert [r.check for r in remarks_on(clean, text)] == [check]


def test_paragraphs_over_a_page_end_are_one(clean: Draft) -> None:
    """A quotation mark that closes on the next page is closed."""
    pages = draft()
    notes = next(p for p in pages if p.title.endswith("编制说明"))
    notes.paragraphs += ["开展“" + "规划" * 40, ""]
    sheet = inspect(read_draft(pdf(pages)), file_name="x.pdf")
    assert {r.check for r in sheet.remarks} == {"PAIRS"}
    at = pages.index(notes) + 1
    rest = draft_files.Sheet(paragraphs=["编制”等工作。"])
    closed = inspect(read_draft(pdf([*pages[:at], rest, *pages[at:]])), file_name="x.pdf")
    assert [r for r in closed.remarks if r.check == "PAIRS"] == []

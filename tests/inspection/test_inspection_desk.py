"""The files that come out: a workbook without formulas, a page that loads nothing, no persons."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy
import pytest
from draft_files import DEFECTS, Sheet, draft, pdf, xlsx

from inspection.desk import LIMITS, Inspected, in_chinese, inspect_draft
from parsers.errors import DocumentError, NotADisclosureError
from parsers.worker import Worker

pytest.importorskip("reportlab", reason="needs the extra 'samples'")
PERSON, PHONE = "张三丰", "021-52801234"


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker(LIMITS) as made:
        yield made


@pytest.fixture(scope="module")
def found(worker: Worker) -> Inspected:
    return inspect_draft(pdf(draft(*DEFECTS)), "送审稿.pdf", worker)


def test_the_workbook_is_the_bureaus_sheet_with_pictures(found: Inspected) -> None:
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(found.xlsx()))
    assert book.sheetnames == ["检查表", "问题清单"]
    sheet, listed = book["检查表"], book["问题清单"]
    assert sheet["A1"].value == "2027年度部门预算公开情况检查表"
    assert [c.value for c in sheet[5]][:4] == ["检查内容", None, "是否符合要求", "问题"]
    rows = {sheet.cell(r, 2).value: sheet.cell(r, 3).value for r in range(6, sheet.max_row + 1)}
    assert rows["封面"] == "符合要求"
    assert rows["目录"] == rows["主要职能"] == "不符合"
    assert rows["勾稽关系"] == "不符合"
    assert len(sheet._images) >= len(found.sheet.remarks)  # type: ignore[attr-defined]
    assert listed.max_row == len(found.sheet.remarks) + 1
    assert listed["I2"].value is None, "a blank page has no box"
    assert re.fullmatch(r"4：\d+,\d+,\d+,\d+", str(listed["I3"].value))


def test_no_cell_is_a_formula(found: Inspected) -> None:
    from openpyxl import load_workbook

    hostile = found.sheet.model_copy(deep=True)
    hostile.department = "=1+1"
    hostile.file_name = "+cmd.pdf"
    for r in hostile.remarks:
        r.statements = ['=HYPERLINK("http://x")', "@SUM(A1)", "-2+3\x0b"]
        r.says = "=2*3"
    book = load_workbook(io.BytesIO(Inspected(hostile, found.crops).xlsx()))
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f", cell.coordinate
    listed = book["问题清单"]
    assert listed["E2"].value == "=2*3"
    assert listed["E2"].quotePrefix


def test_the_page_is_whole_in_itself_and_escapes_what_it_quotes(found: Inspected) -> None:
    html = found.html()
    assert re.findall(r'(?:src|href)="(?!data:|#)', html) == []
    assert "<script" not in html
    assert html.count("<img") == sum(len(c) for c in found.crops.values())
    hostile = found.sheet.model_copy(deep=True)
    hostile.remarks[0].statements = ["<script>alert(1)</script>"]
    hostile.department = '"><img src=x onerror=alert(1)>'
    said = Inspected(hostile, {}).html()
    assert "<script" not in said
    assert "<img src=x" not in said


def test_crops_show_the_place_in_red(found: Inspected) -> None:
    from PIL import Image

    remark = next(r for r in found.sheet.remarks if r.check == "DOUBLED")
    (crop,) = found.crops[remark.number]
    image = Image.open(io.BytesIO(crop.png)).convert("RGB")
    pixels = numpy.asarray(image).astype(int)
    red = int(((pixels[..., 0] > 150) & (pixels[..., 1] < 60) & (pixels[..., 2] < 60)).sum())
    dark = int((pixels.max(axis=2) < 90).sum())
    assert red > 100
    assert dark > 200
    assert image.width > 600, "with what stands beside it"


def test_contact_persons_are_neither_quoted_nor_shown(worker: Worker) -> None:
    """The remark stands on the very line that names a person: text and picture leave both out."""
    from PIL import Image

    contact = f"联系人：{PERSON}，电话：{PHONE}"
    told = inspect_draft(pdf(draft(contact=contact)), "d.pdf", worker)
    (remark,) = told.sheet.remarks
    assert remark.check == "DOUBLED"
    everything = told.html() + "".join(s for r in told.sheet.remarks for s in r.statements)
    assert PERSON not in everything
    assert PHONE not in everything
    assert "联系人：***" in remark.statements[0]
    image = Image.open(io.BytesIO(told.crops[remark.number][0].png)).convert("L")
    black = int((numpy.asarray(image) < 20).sum())
    # name and number: 3 signs and 12 figures of 12 points, at two pixels a point
    assert black > 3 * 24 * 20 + 12 * 12 * 20


def test_a_classification_mark_holds_the_pictures_back(worker: Worker) -> None:
    pages = draft("rate")
    pages.insert(1, Sheet(paragraphs=["机密★"]))
    told = inspect_draft(pdf(pages), "d.pdf", worker)
    assert told.sheet.remarks
    assert told.crops == {}
    assert any("密级" in n for n in told.sheet.notes)


def test_what_is_no_budget_is_refused_in_words(worker: Worker, project_root: Path) -> None:
    notice = (project_root / "samples" / "pdf" / "linxiu-notice-2026.pdf").read_bytes()
    with pytest.raises(NotADisclosureError) as refused:
        inspect_draft(notice, "notice.pdf", worker)
    assert in_chinese(refused.value).what == "文件不是部门预算或决算"
    with pytest.raises(DocumentError) as broken:
        inspect_draft(b"not a pdf at all", "x.pdf", worker)
    assert in_chinese(broken.value).remedy


def run(args: list[str], folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **more, "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "140"}
    return subprocess.run(
        [sys.executable, "-m", "cli", "inspect", *args],
        cwd=folder, env=env, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_the_command_writes_its_two_files_and_nothing_else(tmp_path: Path) -> None:
    names = ("in", "out", "home", "tmp", "data")
    where = {n: tmp_path / n for n in names}
    for folder in where.values():
        folder.mkdir()
    (where["in"] / "送审稿.xlsx").write_bytes(xlsx(draft("sum")))
    root = Path(__file__).resolve().parents[2]
    done = run(
        [str(where["in"] / "送审稿.xlsx"), "-o", str(where["out"]), "--strict"],
        where["in"],
        HOME=str(where["home"]), TMPDIR=str(where["tmp"]), BUDGETS_DATA=str(where["data"]),
        PYTHONPATH=os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")]),
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "不符合" in done.stdout
    left = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file())
    assert left == ["in/送审稿.xlsx", "out/送审稿-公开前自检.html", "out/送审稿-公开前自检.xlsx"]


def test_the_command_says_what_is_wrong_with_its_use(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from cli_inspect import inspect_app

    runner = CliRunner()
    assert runner.invoke(inspect_app, []).exit_code == 2
    assert runner.invoke(inspect_app, ["x.pdf", "--serve"]).exit_code == 2
    absent = runner.invoke(inspect_app, [str(tmp_path / "no.pdf")])
    assert absent.exit_code == 1
    assert "cannot be read" in absent.output
    (tmp_path / "x.pdf").write_bytes(b"no pdf")
    refused = runner.invoke(inspect_app, [str(tmp_path / "x.pdf"), "-o", str(tmp_path)])
    assert refused.exit_code == 1
    assert "budgets: " in refused.output
    assert [p.name for p in tmp_path.iterdir()] == ["x.pdf"]

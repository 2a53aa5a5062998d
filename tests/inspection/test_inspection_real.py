"""The draft whose defects a finance bureau's reviewer recorded: all nine, and nothing false."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from inspection.desk import LIMITS, inspect_draft
from inspection.model import Remark
from inspection.rules import rules
from parsers.draft import read_draft
from parsers.worker import Worker

pytestmark = pytest.mark.shared
DRAFT = "real/documents/govbudgetchecker/tmp__doc_check__dept_budget.pdf"

# the reviewer's nine: check, line of the sheet, page, words that a statement must hold
RECORDED = [
    ("BLANK", "contents", 3, "第3页没有任何内容"),
    ("CLIPPED", "duties", 4, "（八）"),
    ("BASEYEAR", "notes", 8, "共5处与2026年对比"),
    ("ENDMARK", "notes", 8, "主要原因是工作量增加"),
    ("DOUBLED", "notes", 8, "等方面的支出。。"),
    ("RATE", "notes", 9, "43269.3万元和3845.49万元"),
    ("NAME", "notes", 9, "医疗卫生与计划生育支出"),
    ("TWO", "notes", 9, "201.50万元"),
    ("PAIRS", "projects", 23, "优秀调解案例”"),
]


def test_the_reviewers_nine_defects_and_nothing_false(shared_dir: Path) -> None:
    data = (shared_dir / DRAFT).read_bytes()
    with Worker(LIMITS) as worker:
        found = inspect_draft(data, "draft.pdf", worker)
    remarks: list[Remark] = list(found.sheet.remarks)
    for check, line, page, words in RECORDED:
        hits = [
            r
            for r in remarks
            if r.check == check and r.lines[0] == line and any(words in s for s in r.statements)
        ]
        assert len(hits) == 1, (check, [r.statements for r in remarks if r.check == check])
        assert {p.page for p in hits[0].places} == {page}
        assert found.crops[hits[0].number], "a picture of the place"
        remarks.remove(hits[0])
    # one more stands in the text that the reviewer did not record: item 9 repeats item 8's rate
    (other,) = remarks
    assert (other.check, other.where()) == ("RATE", "第9页")
    assert other.statements == [
        "文字称：比2025年预算执行数增加17.66%",
        "由77.99万元和91.97万元计算为增加17.93%",
    ]
    true = 100 * (Decimal("91.97") - Decimal("77.99")) / Decimal("77.99")
    assert true.quantize(Decimal("0.01")) == Decimal("17.93")
    # and the lines without a remark are those that the reviewer's own sheet marks as conforming
    states = {x.id: x.status for x in found.sheet.lines}
    assert {x for x, s in states.items() if s not in ("ok",)} == {
        "contents", "duties", "notes", "projects", "figures",
    }  # fmt: skip


def test_two_more_budgets_of_that_template_were_never_looked_at_before(shared_dir: Path) -> None:
    """Their remarks were read against the PDF by hand: two real contradictions, none false."""
    folder = shared_dir / "real" / "documents" / "govbudgetchecker"
    told = {}
    for path in folder.glob("X__*预算.pdf"):
        draft = read_draft(path.read_bytes())
        assert draft.document.document.template == "shanghai-9"
        assert {x.code for x in draft.document.warnings} <= {"hidden_text"}
        from inspection.inspect import inspect

        sheet = inspect(draft, file_name="draft.pdf")
        told[sheet.year] = [(r.check, r.where()) for r in sheet.remarks]
    # 2024: item 31 is 350.35 and 352.67, with the rate of the first; the note of the last form
    # says that it is empty, and it is not
    assert told == {2024: [("TWO", "第9页"), ("M-NODATA", "第31页")], 2025: []}


@pytest.mark.full
def test_documents_of_known_content_give_no_false_remark(shared_dir: Path) -> None:
    """Text and page checks on all measuring documents: only what their text really holds."""
    mine = {c.id for c in rules().checks}
    # 。； and a sentence without its full stop stand in the texts themselves (seeds)
    real = {"002_32193d03e6dd46bf": {"DOUBLED"}, "004_25e6c37827eafc8d": {"DOUBLED"},
            "003_da816537205eaa38": {"ENDMARK"}}  # fmt: skip
    from inspection.inspect import inspect

    files = [
        p
        for folder in ("rendered", "synthetic/pdf")
        for p in sorted((shared_dir / folder).glob("*/*.pdf"))
        if p.parent.name != "scan"
    ]
    assert len(files) > 20
    for path in files:
        sheet = inspect(read_draft(path.read_bytes()), file_name=path.name)
        told = {r.check for r in sheet.remarks if r.check in mine}
        assert told == real.get(path.stem, set()), path

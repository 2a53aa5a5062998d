"""Recognised figures: settled by the sums, or left to a person; never guessed."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pypdfium2
import pytest

from expectations.catalogue import judge
from expectations.catalogue.repair import Settled
from nightly import steps
from nightly.decisions import Correction, apply_corrections
from nightly.layers import Rereader
from nightly.review import left_by_sums
from nightly.scans import (
    MOST_DOUBTS,
    _partly_covered,
    _tested_twice,
    is_recognised,
    readings_of,
    settle_scans,
)
from nightly.settings import Settings
from parsers.document import Cell, ParsedDocument, Warning_
from parsers.read import read_document
from parsers.rows import describe_rows
from parsers.scanlabels import match_labels

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "pdf" / "qinglan-office-2026.pdf"


@pytest.fixture(scope="module")
def typeset() -> ParsedDocument:
    return read_document(SAMPLE.read_bytes())


@pytest.fixture
def recognised(typeset: ParsedDocument) -> ParsedDocument:
    """The document as if both recognisers had read every cell surely."""
    document = typeset.model_copy(deep=True)
    for table in document.tables:
        for row in table.cells:
            for cell in row:
                cell.source, cell.confidence = "ocr", 1.0
    return document


def misread(document: ParsedDocument, key: str, text: str, *others: str) -> Cell:
    form, r, c = key.split("/")
    table = document.table(form)
    assert table is not None
    cell = table.cells[int(r)][int(c)]
    cell.text, cell.amount = text, Decimal(text.replace(",", "")) if text else None
    cell.confidence, cell.alternatives = 0.3, list(others)
    table.body[int(r)][int(c)] = text
    return cell


def a_figure(document: ParsedDocument, form: str = "T05") -> tuple[str, str]:
    """A figure whose first digit can be misread: key and text."""
    table = document.table(form)
    assert table is not None
    for r, row in enumerate(table.cells[1:], 1):
        for c, cell in enumerate(row[2:], 2):
            if cell.amount is not None and cell.text[0] in "23456789" and cell.amount > 1:
                return f"{form}/{r}/{c}", cell.text
    raise AssertionError(form)


def test_what_both_recognisers_say_surely_is_settled(recognised: ParsedDocument) -> None:
    out = settle_scans(recognised)
    assert is_recognised(recognised)
    assert not out.open
    assert not out.told
    assert len(out.settled) > 100


def test_a_misread_figure_is_repaired_and_keeps_what_was_read(recognised: ParsedDocument) -> None:
    key, right = a_figure(recognised)
    misread(recognised, key, "1" + right[1:], right)
    out = settle_scans(recognised)
    assert not out.open
    form, r, c = key.split("/")
    table = out.document.table(form)
    assert table is not None
    cell = table.cells[int(r)][int(c)]
    assert (cell.text, cell.source, cell.reading_text) == (right, "repaired", "1" + right[1:])
    assert table.body[int(r)][int(c)] == right
    assert key in out.told[0]
    # the document given stays as it was
    assert recognised.table(form).cells[int(r)][int(c)].source == "ocr"  # type: ignore[union-attr]


def test_what_no_reading_mends_waits_for_a_person(recognised: ParsedDocument) -> None:
    key, right = a_figure(recognised)
    misread(recognised, key, "7777.77", "7717.77")
    out = settle_scans(recognised)
    assert key in out.open
    assert not out.told
    assert [
        w.where for w in out.document.warnings if w.code == "second_reading_differs"
    ] == out.open
    assert "7777.77" in out.reasons[-1]
    assert right not in out.reasons[-1]


def test_what_is_printed_several_times_and_read_alike_is_settled(
    recognised: ParsedDocument,
) -> None:
    """A worn figure and the total of its line, which is the same figure: neither print is sure,
    and rounding would let the sums take another; the same reading of both counts together."""
    table = recognised.table("T06")
    assert table is not None
    row = next(r for r, m in enumerate(table.rows) if m.kind == "item" and table.cells[r][2].amount)
    texts = {c: table.cells[row][c].text for c in (2, 3, 4) if table.cells[row][c].text}
    (total, part) = texts
    text = texts[total]
    near = text[:-1] + str((int(text[-1]) + 1) % 10)
    for c in (total, part):
        misread(recognised, f"T06/{row}/{c}", text, near).confidence = 0.75
    assert not settle_scans(recognised).open
    misread(recognised, f"T06/{row}/{part}", text, near).confidence = 0.3  # another was read there
    assert settle_scans(recognised).open == [f"T06/{row}/{part}", f"T06/{row}/{total}"]


def test_a_code_that_is_none_or_stands_nowhere_else_waits_for_a_person(
    recognised: ParsedDocument,
) -> None:
    table = recognised.table("T05")
    assert table is not None
    row = next(r for r, m in enumerate(table.rows) if m.kind == "item")
    code = table.cells[row][0]
    right, code.confidence = code.text, 0.3
    assert not settle_scans(recognised).open, "the same code stands beside the same name in T02"
    code.text = right[:-1] + "8"
    assert settle_scans(recognised).open == [f"T05/{row}/0"]
    assert not settle_scans(recognised, decided={f"T05/{row}/0"}).open
    code.text, code.confidence = right[:-1], 0.99
    assert settle_scans(recognised).open == [f"T05/{row}/0"], "six digits are no code"


def unsure(document: ParsedDocument, form: str, row: int, text: str) -> Cell:
    table = document.table(form)
    assert table is not None
    at = next(c for c, cell in enumerate(table.cells[row]) if not cell.text.isdecimal())
    cell = table.cells[row][at]
    cell.text = table.body[row][at] = text
    cell.confidence = 0.4
    return cell


def unmatched(document: ParsedDocument) -> list[str | None]:
    return [w.where for w in document.warnings if w.code == "label_unmatched"]


def test_a_name_is_matched_to_the_code_list_and_keeps_what_was_read(
    recognised: ParsedDocument,
) -> None:
    """What other forms say does not help here: the list of codes does."""
    table = recognised.table("T05")
    assert table is not None
    row = next(r for r, m in enumerate(table.rows) if m.code == "2080505")
    name = table.cells[row][1].text
    read = name.replace("基本", "墓本", 1)
    table.rows[row].label = read
    unsure(recognised, "T05", row, read)
    out = settle_scans(recognised).document
    cell = out.table("T05").cells[row][1]  # type: ignore[union-attr]
    assert (cell.text, cell.reading_text) == (name, read)
    assert out.table("T05").rows[row].label == name  # type: ignore[union-attr]
    assert unmatched(out) == []


def test_an_economic_item_that_no_list_has_stays_as_read_and_is_told(
    recognised: ParsedDocument,
) -> None:
    unsure(recognised, "T06", 2, "某某经费测试")
    out = settle_scans(recognised).document
    assert out.table("T06").cells[2][0].text == "某某经费测试"  # type: ignore[union-attr]
    assert unmatched(out) == ["T06/2/0"]


def test_projects_are_matched_to_the_targets_or_told(recognised: ParsedDocument) -> None:
    table = recognised.table("T12")
    assert table is not None
    projects = [t["项目名称"] for t in recognised.performance if t.get("项目名称")]
    row = next(r for r, x in enumerate(table.cells) if x[0].text in projects)
    name = table.cells[row][0].text
    unsure(recognised, "T12", row, name.replace(name[2], "口", 1))
    match_labels(recognised)
    assert table.cells[row][0].text == name
    assert unmatched(recognised) == []
    unsure(recognised, "T12", row, "完全不同的一个项目名称")
    match_labels(recognised)
    assert table.cells[row][0].text == "完全不同的一个项目名称"
    assert unmatched(recognised) == [f"T12/{row}/0"]


def test_the_value_that_the_sums_leave_is_proposed(recognised: ParsedDocument) -> None:
    key, right = a_figure(recognised)
    other, also = next(
        (f"T05/{r}/2", row[2].text)
        for r, row in enumerate(recognised.table("T05").cells)  # type: ignore[union-attr]
        if row[2].text and f"T05/{r}/2" != key and recognised.table("T05").rows[r].kind == "total"  # type: ignore[union-attr]
    )
    misread(recognised, key, "7777.77")
    misread(recognised, other, "8888.88")
    left = left_by_sums(recognised, [key, other, "N/no figure of a form"])
    assert left == {key: right, other: also}
    assert left_by_sums(recognised, ["T05/1/0"]) == {}, "a code is no sum"


def test_a_figure_without_a_row_waits_for_a_person(recognised: ParsedDocument) -> None:
    """A page number below a form without rules, surely read; no sum has it as an addend."""
    table = recognised.table("T05")
    assert table is not None
    row = [cell.model_copy(update={"text": "", "amount": None}) for cell in table.cells[-1]]
    row[2] = row[2].model_copy(update={"text": ".9", "amount": Decimal("0.9")})
    table.cells.append(row)
    table.body.append([cell.text for cell in row])
    describe_rows(table)
    at = f"T05/{len(table.cells) - 1}/2"
    assert settle_scans(recognised).open == [at]
    assert settle_scans(recognised, decided={at}).open == []


def test_a_person_reads_a_code(recognised: ParsedDocument) -> None:
    table = recognised.table("T05")
    assert table is not None
    row = next(r for r, m in enumerate(table.rows) if m.kind == "item")
    right = table.cells[row][0].text
    table.cells[row][0].text = table.body[row][0] = "2O" + right[2:]
    recognised.warnings = describe_rows(table)
    assert table.rows[row].kind == "line"
    decision = Correction(
        file_sha256=recognised.document.file_sha256,
        cell=f"T05/{row}/0",
        printed="2O" + right[2:],
        value=right,
        why="the zero is worn",
        who="reviewer",
        when=datetime(2026, 11, 21, tzinfo=UTC),
    )
    applied = apply_corrections(recognised, [decision]).document
    mended = applied.table("T05")
    assert mended is not None
    assert (mended.rows[row].kind, mended.rows[row].code) == ("item", right)
    assert mended.cells[row][0].amount is None
    assert [w.code for w in applied.warnings] == ["correction_applied"]


def test_what_a_person_has_read_is_no_doubt(recognised: ParsedDocument) -> None:
    key, right = a_figure(recognised)
    misread(recognised, key, right, "1" + right[1:])
    assert not settle_scans(recognised, decided={key}).open


def test_a_figure_that_a_person_read_is_unreadable_no_more(recognised: ParsedDocument) -> None:
    """A blot beside a figure: two figures in one cell until a person says which it is."""
    key, right = a_figure(recognised)
    cell = misread(recognised, key, right)
    cell.text, cell.amount = right + "7", None
    form, r, c = key.split("/")
    recognised.table(form).body[int(r)][int(c)] = cell.text  # type: ignore[union-attr]
    recognised.warnings = [
        Warning_(
            code="unreadable_amount",
            message=f"{cell.text!r}: two figures stand side by side",
            page=cell.page,
        )
    ]
    decision = Correction(
        file_sha256=recognised.document.file_sha256,
        cell=key,
        printed=cell.text,
        value=right,
        why="a blot beside it",
        who="reviewer",
        when=datetime(2026, 11, 21, tzinfo=UTC),
    )
    applied = apply_corrections(recognised, [decision])
    assert [w.code for w in applied.document.warnings] == ["correction_applied"]
    out = settle_scans(applied.document, applied.decided)
    assert not out.open
    verdict = judge(out.document).verdict
    assert verdict is not None
    assert verdict.status != "quarantined"


def test_a_scan_full_of_doubts_is_not_puzzled_together(recognised: ParsedDocument) -> None:
    left = MOST_DOUBTS + 1
    for table in recognised.tables:
        for row in table.cells:
            for cell in row:
                if cell.amount is not None and left:
                    cell.confidence, left = 0.4, left - 1
    out = settle_scans(recognised)
    if left == 0:
        assert len(out.open) > MOST_DOUBTS
        assert not out.told


def test_readings_are_supported_by_the_print() -> None:
    cell = Cell(text="46.02", page=1, alternatives=["16.02", "no figure"])
    texts = [text for text, _ in readings_of(cell)]
    assert texts[:2] == ["46.02", "16.02"]
    assert "86.02" not in texts


def test_scans_wait_for_their_own_processes_and_are_recognised_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUDGETS_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("BUDGETS_DECISIONS", str(tmp_path / "decisions"))
    settings = Settings.from_environment()
    pdf = pypdfium2.PdfDocument(SAMPLE.read_bytes())
    cover = pdf[0].render(scale=100 / 72, grayscale=True).to_pil().convert("L")
    scan = tmp_path / "scan.pdf"
    cover.save(scan, "PDF", resolution=100)
    steps.ingest(settings, [scan, SAMPLE], "hand")
    (batch,) = steps.find_unparsed(settings)
    done = steps.parse_batch(settings, batch, "night", recognise=False)
    assert (done["outcomes"], done["scans"]) == ({"parsed": 1}, 1), "the text document is landed"
    assert steps.find_unparsed(settings) == []
    ((waiting,),) = steps.find_scans(settings)
    recognised = steps.recognise_batch(settings, [waiting], "scans")
    assert recognised["documents"] == 1
    assert steps.find_scans(settings) == []
    # a page is recognised once: the next reading takes what was kept
    (kept,) = (settings.data / "recognised").rglob("*.json")
    before = kept.stat().st_mtime_ns
    for checkpoint in (settings.data / "parsed").rglob(f"{waiting}.json.zst"):
        checkpoint.unlink()
    steps.read_one(settings, waiting)
    assert kept.stat().st_mtime_ns == before


def test_a_layer_that_lies_waits_for_recognition_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUDGETS_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("BUDGETS_DECISIONS", str(tmp_path / "decisions"))
    settings = Settings.from_environment()
    steps.ingest(settings, [SAMPLE], "hand")

    def lies(document: ParsedDocument, *_: object, reread: Rereader) -> ParsedDocument:
        return reread({1})

    monkeypatch.setattr("nightly.judging.judge_with_second_reading", lies)
    (batch,) = steps.find_unparsed(settings)
    done = steps.parse_batch(settings, batch, "night", recognise=False)
    assert (done["documents"], done["scans"]) == (0, 1)
    ((waiting,),) = steps.find_scans(settings)
    (document,) = steps.read_one(settings, waiting).documents
    assert [w.where for w in document.warnings if w.code == "recognised_pages"] == ["1"]


def test_specks_between_the_digits_of_a_figure_may_be_no_points() -> None:
    cell = Cell(text="1.9.7.", page=1, alternatives=["1.967"], source="ocr", confidence=0.0)
    said = [text for text, _ in readings_of(cell)]
    assert {"1.97", "19.7"} <= set(said)
    assert "1.9.7." not in said


def test_partly_covered_figures_may_have_any_digit_where_print_is_hidden() -> None:
    said = _partly_covered(Cell(text="4.7.55", page=1, source="ocr", confidence=0.0))
    assert "417.55" in said
    assert "46.02" in _partly_covered(Cell(text="6.02", page=1, source="ocr"))
    assert "280.53" in _partly_covered(Cell(text="28052", page=1, source="ocr"))
    assert all(text.count(".") == 1 for text in said)


def test_a_covered_digit_is_what_the_sums_leave(recognised: ParsedDocument) -> None:
    """Half a figure lies under a watermark: neither recogniser's reading fits any sum."""
    document = recognised.model_copy(deep=True)
    table = next(t for t in document.tables if t.id == "T03")
    cell = table.cells[0][2]
    truth = cell.text
    assert len(truth) > 4
    covered = truth[:1] + ("5" if truth[1] != "5" else "1") + truth[2:]
    covered = covered if covered not in [t for t, _ in readings_of(cell)] else truth[1:]
    cell.text, cell.alternatives, cell.confidence = covered, [], 0.3
    table.body[0][2] = covered
    settled = settle_scans(document)
    assert "T03/0/2" not in settled.open
    assert next(t for t in settled.document.tables if t.id == "T03").cells[0][2].text == truth


def test_a_figure_nobody_read_needs_two_sums() -> None:
    def bound(*keys: tuple[str, int, int]) -> Any:
        refs = [SimpleNamespace(form=f, row=r, column=c) for f, r, c in keys]
        return SimpleNamespace(terms=[SimpleNamespace(ref=ref) for ref in refs])

    one, two = ("T03", 1, 2), ("T03", 2, 2)
    sums = [bound(one, two), bound(two)]
    readings = {one: ["1.00", "7.00", "4.00", ""], two: ["2.00", "8.00", "5.00"]}
    read = {one: {"1.00", "7.00"}, two: {"2.00"}}
    answer = Settled(True, chosen={one: 2, two: 2})
    _tested_twice(sums, answer, readings, read)
    assert (answer.open, answer.chosen) == ({one}, {two: 2})
    for picked in (1, 3):  # read so; blank
        answer = Settled(True, chosen={one: picked})
        _tested_twice(sums, answer, readings, read)
        assert not answer.open

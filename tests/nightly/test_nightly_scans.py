"""Recognised figures: settled by the sums, or left to a person; never guessed."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from nightly.scans import MOST_DOUBTS, is_recognised, readings_of, settle_scans
from parsers.document import Cell, ParsedDocument
from parsers.read import read_document

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


def test_what_a_person_has_read_is_no_doubt(recognised: ParsedDocument) -> None:
    key, right = a_figure(recognised)
    misread(recognised, key, right, "1" + right[1:])
    assert not settle_scans(recognised, decided={key}).open


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

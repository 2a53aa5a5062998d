"""The catalogue of another template: every identity can be violated, and every amount is watched."""

from __future__ import annotations

from decimal import Decimal

import pytest
from draft_files import draft, pdf

from expectations.catalogue import identities_of, load_catalogue, template_catalogue
from parsers.document import ParsedDocument
from parsers.draft import read_draft

pytest.importorskip("reportlab", reason="needs the extra 'samples'")


@pytest.fixture(scope="module")
def document() -> ParsedDocument:
    return read_draft(pdf(draft())).document


def violated(document: ParsedDocument) -> set[str]:
    catalogue = template_catalogue("shanghai-9")
    return {i.identity for i in identities_of(document, catalogue) if i.outcome == "violated"}


def test_the_home_template_has_the_home_catalogue() -> None:
    assert template_catalogue(None) is template_catalogue("shanxi-13") is load_catalogue()
    assert template_catalogue("shanghai-9").version != load_catalogue().version


def test_a_consistent_draft_violates_nothing(document: ParsedDocument) -> None:
    catalogue = template_catalogue("shanghai-9")
    results = identities_of(document, catalogue)
    assert {i.outcome for i in results} <= {"exact", "rounding", "not_applicable"}
    held = {i.identity for i in results if i.outcome != "not_applicable"}
    # the two empty forms, and payments this small body does not make
    assert set(catalogue.identities) - held == {
        "R-T08", "R-T09", "C-T08", "C-T09", "H-T08", "H-T09", "X-0408", "X-0409", "X-FE1", "X-FE2",
    }  # fmt: skip


def test_every_wrong_amount_of_every_form_is_noticed(document: ParsedDocument) -> None:
    """Each printed amount made wrong in turn: some identity fires, and each identity fires once."""
    fired: set[str] = set()
    for table in document.tables:
        for r, row in enumerate(table.cells):
            for c, cell in enumerate(row):
                if not cell.amount:
                    continue
                changed = document.model_copy(deep=True)
                other = changed.table(table.id)
                assert other is not None
                other.cells[r][c].amount = cell.amount + Decimal(1000)
                told = violated(changed)
                assert told, f"{table.id} row {r + 1} {table.columns[c]} {cell.text}"
                fired |= told
    sums = {
        i.id
        for i in template_catalogue("shanghai-9").file.identities
        if any(b.check is None for b in i.bind)
    }
    absent = {
        "R-T08",
        "R-T09",
        "C-T08",
        "C-T09",
        "H-T08",
        "H-T09",
        "X-0408",
        "X-0409",
        "X-FE1",
        "X-FE2",
    }
    assert sums - fired - absent == {"A-PROC"}, "what stands in the text alone"


@pytest.mark.parametrize(
    ("change", "identity"),
    [
        (lambda d: setattr(d.tables[1], "title", "2025年部门收入预算总表"), "M-YEAR"),
        (lambda d: setattr(d.tables[1], "owner", "编制部门：别的局"), "M-ORG"),
        (lambda d: d.tables.pop(3), "M-TABLES"),
        (lambda d: setattr(d.tables[5], "note", None), "M-NODATA"),
        (lambda d: d.tables[2].body[0].__setitem__(1, "别的支出"), "M-CODENAME"),
        (lambda d: d.contents.pop(6), "M-TOC"),
        (lambda d: [x.pop(1) for x in (d.tables[1].body, d.tables[1].cells, d.tables[1].rows)], "M-PARENT"),
        (lambda d: [x.append(x[0]) for x in (d.tables[1].body, d.tables[1].cells, d.tables[1].rows)], "M-ORDER"),
    ],
)  # fmt: skip
def test_labels_are_watched_too(document: ParsedDocument, change: object, identity: str) -> None:
    changed = document.model_copy(deep=True)
    change(changed)  # type: ignore[operator]
    assert identity in violated(changed)


def test_text_against_tables(document: ParsedDocument) -> None:
    changed = document.model_copy(deep=True)
    for s in changed.narrative.sentences:
        s.sentence = s.sentence.replace("机关运行经费预算为50.00", "机关运行经费预算为51.00")
        s.sentence = s.sentence.replace("政府采购货物预算10.00", "政府采购货物预算11.00")
    assert violated(changed) == {"N-EQ", "A-PROC"}

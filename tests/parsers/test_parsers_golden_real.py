"""Goldens of published documents of other places: facts and figures only, never their sentences.

``tests/golden/real/<first twelve signs of the sha256>.tsv`` says of each: what it is, its tables
with title, unit, pages, shape, how many figures they hold and what those add up to, a fingerprint
of all cells, and the figures of the narrative. Reviewed against what people noted of the documents;
their totals are also looked for, one by one. Made and renewed as the other goldens are.
"""

from __future__ import annotations

import csv
import hashlib
import re
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from parsers.document import ParsedDocument
from parsers.errors import NotADisclosureError, UnknownTemplateError
from parsers.money import NotAnAmountError, parse_amount
from parsers.read import read_document

pytestmark = pytest.mark.shared
ROOT = Path(__file__).resolve().parent.parent.parent
GOLDEN = ROOT / "tests" / "golden" / "real"
TOTALS = (
    "income_total", "expenditure_total", "this_year_income", "this_year_expenditure",
    "general_public_budget_expenditure_total", "basic", "project",
)  # fmt: skip


@cache
def labels(shared_dir: Path) -> dict[str, dict[str, str]]:
    with (shared_dir / "real/document_labels.csv").open(encoding="utf-8-sig") as f:
        return {row["file"]: row for row in csv.DictReader(f) if row["readable"] == "text"}


@cache
def reading(path: Path) -> ParsedDocument:
    with pytest.raises((UnknownTemplateError, NotADisclosureError)) as caught:
        return read_document(path.read_bytes())
    document = caught.value.document
    assert document is not None
    return document


def figures(rows: list[list[str]]) -> list[Decimal]:
    out = []
    for row in rows:
        for text in row:
            if re.search(r"\d[.,]\d", text):
                try:
                    value = parse_amount(text)
                except NotAnAmountError:
                    continue
                if value is not None:
                    out.append(value)
    return out


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def as_text(document: ParsedDocument) -> str:
    """The facts as lines that a person can review."""
    info = document.document
    lines = [
        f"{info.county}\tbody {_digest(info.department or '')}\t{info.year}\t{info.phase}\t{info.scope}\t{info.template}"
        f"\t{info.pages} pages\ttext {info.text_layer}",
        "\ntables",
    ]
    for t in document.generic_tables:
        cells = "\x1f".join("\x1e".join(row) for row in t.rows)
        found = figures(t.rows)
        title = re.sub(r"\s", "", t.title or "-")
        lines.append(
            f"{title if len(title) < 60 else '-'}\t{t.unit or '-'}\tpages {t.pages or [t.page]}"
            f"\t{len(t.rows)} × {max(map(len, t.rows), default=0)}\t{len(found)} figures"
            f"\tsum {sum(found)}\t{_digest(cells)}"
        )
    lines.append("\nforms")
    lines += [f"{t.id}\tpages {t.pages}\t{len(t.body)} rows" for t in document.tables]
    lines.append("\nnarrative")
    lines += [
        f"{f.path}\t{f.value}\t{f.unit}\tp{f.page}"
        for f in document.narrative.figures
        if f.value is not None
    ]
    lines.append("\nwarnings")
    lines += [f"{w.code}\tp{w.page}" for w in document.warnings]
    lines.append("\ndropped")
    lines += [f"{d.kind}\tp{d.page}" for d in document.dropped]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def sample(shared_dir: Path) -> list[Path]:
    """One document of each place and phase."""
    first: dict[tuple[str, str], Path] = {}
    for name, row in sorted(labels(shared_dir).items()):
        path = shared_dir / "real" / "documents" / row["folder"] / name
        first.setdefault((row["city"] or row["province"], row["phase"]), path)
    return list(first.values())


def test_readings_of_published_documents_are_the_reviewed_ones(shared_dir: Path) -> None:
    wanted = sample(shared_dir)
    assert len(wanted) >= 9
    wrong, names = [], set()
    for path in wanted:
        document = reading(path)
        name = f"{document.document.file_sha256[:12]}.tsv"
        names.add(name)
        golden = GOLDEN / name
        read = as_text(document)
        if not golden.exists():
            golden.parent.mkdir(parents=True, exist_ok=True)
            golden.write_text(read, encoding="utf-8")
            wrong.append(f"{golden.relative_to(ROOT)} is new: review it and commit it")
        elif golden.read_text(encoding="utf-8") != read:
            wrong.append(
                f"{golden.relative_to(ROOT)} differs: where the new reading is right, raise "
                "PARSER_VERSION, delete the file, run again, review"
            )
    assert wrong == []
    assert {p.name for p in GOLDEN.glob("*.tsv")} == names


def test_the_totals_that_people_noted_stand_in_the_plain_tables(shared_dir: Path) -> None:
    missing, seen = [], 0
    for name, row in labels(shared_dir).items():
        document = reading(shared_dir / "real" / "documents" / row["folder"] / name)
        found = {x for t in document.generic_tables for x in figures(t.rows)}
        found |= {c.amount for t in document.tables for r in t.cells for c in r if c.amount}
        for column in TOTALS:
            if row[column] and row["is_disclosure"] in ("budget", "final_account"):
                seen += 1
                if Decimal(row[column].replace(",", "")) not in found:
                    missing.append((name, column, row[column]))
    assert seen > 80
    assert missing == []

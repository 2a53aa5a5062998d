"""Golden files: what reading each sample document gave when a person last looked.

``tests/golden/<document>.tsv`` holds every form row by row, the narrated figures and the
performance targets as they were read, and a fingerprint of all boxes. A document without a
golden gets one written, and the test fails: review it, then commit it. A reading that changed
fails too; where the change is right, raise PARSER_VERSION (the warehouse must know that it is
another reading), delete the golden, run again, review the difference, commit.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from parsers.document import ParsedDocument, Table
from parsers.read import PARSER_VERSION, read_document

ROOT = Path(__file__).resolve().parent.parent.parent
GOLDEN = ROOT / "tests" / "golden"
SAMPLES = sorted(p for p in (ROOT / "samples" / "pdf").glob("*.pdf") if "notice" not in p.name)


def _boxes(table: Table) -> str:
    digest = hashlib.sha256()
    for row in table.cells:
        for cell in row:
            box = [round(x) for x in cell.bbox] if cell.bbox else []
            digest.update(f"{cell.page}{box}".encode())
    return digest.hexdigest()[:12]


def as_text(document: ParsedDocument) -> str:
    """The reading as lines that a person can review."""
    info = document.document
    lines = [
        f"# parser version {info.parser_version}",
        f"{info.county}\t{info.department}\t{info.year}\t{info.phase}\t{info.scope}\t{info.pages} pages",
    ]
    for t in document.tables:
        pages = ",".join(map(str, t.pages))
        lines.append(
            f"\n{t.id}\t{t.title}\t{t.label or '-'}\t{t.unit}\tpages {pages}\tboxes {_boxes(t)}"
            f"\t{'empty' if t.is_empty else ''}\t{t.note or ''}"
        )
        lines.append("\t".join(t.columns))
        for row, meta in zip(t.body, t.rows, strict=True):
            lines.append(f"{meta.kind}\t" + "\t".join(row))
    lines.append("\nnarrative")
    lines += [
        f"{f.path}\t{f.text}\t{f.value}\t{f.unit}\tp{f.page}" for f in document.narrative.figures
    ]
    lines.append("\nperformance")
    for target in document.performance:
        lines += [f"{k}\t{v}" for k, v in target.items() if not isinstance(v, dict | list)]
    lines.append("\nwarnings")
    lines += [f"{w.code}\t{w.page}\t{w.message}" for w in document.warnings]
    lines.append("\ndropped")
    lines += [f"{d.kind}\tp{d.page}" for d in document.dropped]
    return "\n".join(line.rstrip() for line in lines) + "\n"


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.stem)
def test_reading_is_the_reviewed_one(path: Path) -> None:
    golden = GOLDEN / f"{path.stem}.tsv"
    read = as_text(read_document(path.read_bytes(), file_name=path.name))
    if not golden.exists():
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(read, encoding="utf-8")
        pytest.fail(f"{golden.relative_to(ROOT)} is new: review it and commit it")
    kept = golden.read_text(encoding="utf-8")
    if kept != read and kept.splitlines()[0] == f"# parser version {PARSER_VERSION}":
        assert read == kept, "another reading under the same PARSER_VERSION: raise it, review"
    assert read == kept


def test_no_golden_without_its_document() -> None:
    assert {p.stem for p in GOLDEN.glob("*.tsv")} == {p.stem for p in SAMPLES}

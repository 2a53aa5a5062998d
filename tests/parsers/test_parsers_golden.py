"""Golden pairs: a sample document and what reading it gives, for a person to review.

A change of what is read needs a new PARSER_VERSION: stored readings of an older one are then
read again. After raising it, ``python tests/parsers/test_parsers_golden.py`` writes the goldens.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from parsers.read import PARSER_VERSION, read_document

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples" / "pdf"
GOLDEN = ROOT / "tests" / "golden" / "parsers"
NAMES = ["qinglan-inspection-2023", "shibo-land-2026", "yunting-education-2026"]


def reading(name: str) -> dict[str, Any]:
    document = read_document((SAMPLES / f"{name}.pdf").read_bytes())
    tables = []
    for t in document.tables:
        kept = t.model_dump(
            include={"id", "title", "label", "owner", "unit", "columns", "roles", "note", "pages"}
        )
        kept["rows"] = [" | ".join([m.kind, *row]) for m, row in zip(t.rows, t.body, strict=True)]
        tables.append(kept)
    return {
        "parser_version": PARSER_VERSION,
        "file_sha256": document.document.file_sha256,
        "warnings": [w.code for w in document.warnings],
        "tables": tables,
    }


@pytest.mark.parametrize("name", NAMES)
def test_golden(name: str) -> None:
    path = GOLDEN / f"{name}.json"
    assert path.exists(), f"no golden for {name}: write it, read it through, then commit it"
    golden = json.loads(path.read_text("utf-8"))
    now = reading(name)
    if golden["file_sha256"] != now["file_sha256"]:
        pytest.fail(f"{name}.pdf is another file than its golden's: write the goldens anew")
    if golden["parser_version"] == PARSER_VERSION:
        assert now == golden, "what is read has changed: raise PARSER_VERSION"
    else:
        pytest.fail("PARSER_VERSION was raised: write the goldens anew and review them")


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for sample in NAMES:
        text = json.dumps(reading(sample), ensure_ascii=False, indent=1)
        (GOLDEN / f"{sample}.json").write_text(text + "\n", "utf-8")

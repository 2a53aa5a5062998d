"""How right is the reading, and how right are the findings? Measured on documents of known truth.

    python benchmarks/score.py [--shared DIR] [--keep DIR]

Reads every PDF with a text layer of the measuring documents (``../shared``, or the environment
variable BUDGETS_SHARED), then prints

1. cells, rows, performance tables and narrative figures against the truth, by the measuring
   documents' own scorer
2. outcomes of the identities by document and identity against the known ones
3. precision and recall of hard findings against what is really wrong in the documents
   (``score.yml``; for the invented documents, the defects planted in them)
4. facts read of real pages of government sites, by family
5. the scans: right amounts and cells after repair, and that every scan is accepted

Ends with 1 where a hard finding is false or a known one is missing, where an outcome differs
from the known ones, or where a scan is quarantined or a figure of it is wrong; with 0 and "skipped" where the measuring documents are not here.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from expectations.catalogue import identities_of
from parsers.document import IdentityInstance, ParsedDocument
from parsers.errors import DocumentError
from parsers.read import read_document

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SETS = (("rendered", "truth"), ("synthetic/pdf", "synthetic/truth"))
Outcomes = dict[str, Counter[str]]  # identity → outcome → instances


@dataclass(slots=True)
class Reading:
    """One document as typeset, read and judged; ``parsed`` null where it could not be read."""

    typesetting: str
    name: str
    truth: Path
    parsed: ParsedDocument | None
    results: list[IdentityInstance] = field(default_factory=list)

    @property
    def where(self) -> str:
        return f"{self.typesetting}/{self.name}"

    def violated(self, severity: str) -> list[IdentityInstance]:
        return [r for r in self.results if r.outcome == "violated" and r.severity == severity]


def readings(shared: Path, folder: str, truths: str) -> Iterator[Reading]:
    """Every PDF of a set that has a text layer; scans have a score of their own."""
    for path in sorted((shared / folder).glob("*/*.pdf")):
        if path.parent.name == "scan":
            continue
        truth = shared / truths / f"{path.stem}.json"
        try:
            parsed = read_document(path.read_bytes(), file_name=path.name)
        except DocumentError as error:
            print(f"{path.parent.name}/{path.name}: not read ({error.code})")
            yield Reading(path.parent.name, path.stem, truth, None)
            continue
        yield Reading(path.parent.name, path.stem, truth, parsed, identities_of(parsed))


# --- 1 the reading -----------------------------------------------------------------------------


def score_reading(shared: Path, truths: str, found: Sequence[Reading], keep: Path | None) -> None:
    """Hands our reading to the scorer of the measuring documents."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = (keep or Path(temporary)) / truths.replace("/", "-")
        for reading in found:
            if reading.parsed is not None:
                out = folder / reading.typesetting / f"{reading.name}.json"
                out.parent.mkdir(parents=True, exist_ok=True)
                out.write_text(reading.parsed.model_dump_json(), encoding="utf-8")
        subprocess.run(
            [sys.executable, str(shared / "score" / "score.py"), "--batch", str(folder)],
            env={**os.environ, "TRUTH": str(shared / truths)},
            check=True,
        )


# --- 2 the outcomes ----------------------------------------------------------------------------


def known_outcomes(shared: Path, known: dict[str, Any]) -> dict[str, Outcomes]:
    """Outcomes of each document by identity; ``besides`` of score.yml adds what the file omits."""
    found: dict[str, Outcomes] = defaultdict(lambda: defaultdict(Counter))
    with (shared / "domain" / "expected_outcomes.csv").open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            found[row["document"]][row["identity"]][row["outcome"]] += 1
    for document, identities in known["besides"].items():
        for identity, outcomes in identities.items():
            found[document][identity] += Counter(outcomes)
    return found


def compare_outcomes(
    found: Sequence[Reading], expected: dict[str, Outcomes], besides: Sequence[str]
) -> list[str]:
    """Prints a line a document; returns the differences."""
    differences: list[str] = []
    for reading in found:
        wanted = expected[reading.name.split("_")[0]]
        ours: Outcomes = defaultdict(Counter)
        for result in reading.results:
            if result.outcome != "not_applicable" and result.identity not in besides:
                ours[result.identity][result.outcome] += 1
        wrong = [
            f"{reading.where} {identity}: {dict(ours[identity])}, known {dict(wanted[identity])}"
            for identity in sorted({*ours, *wanted})
            if ours[identity] != wanted[identity]
        ]
        total = sum(sum(c.values()) for c in ours.values())
        families = len({*ours, *wanted})
        print(f"{reading.where:34} {total:5} instances, {families - len(wrong)}/{families} alike")
        differences += wrong
    return differences


# --- 3 the findings ----------------------------------------------------------------------------


@dataclass(slots=True)
class Judged:
    """Hard findings against what is really wrong."""

    right: int = 0
    false: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    soft: Counter[str] = field(default_factory=Counter)

    def print(self, what: str) -> None:
        raised, really = self.right + len(self.false), self.right + len(self.missing)
        print(
            f"{what:22} raised {raised}, right {self.right}, "
            f"precision {self.right / raised if raised else 1:.4f}, "
            f"recall {self.right / really if really else 1:.4f}"
        )
        if self.soft:
            print(f"{'':22} soft notes: {dict(self.soft.most_common())}")


def judge_known(found: Sequence[Reading], known: dict[str, Any]) -> Judged:
    """Against the list of contradictions: the same instances, no more and no fewer."""
    judged = Judged()
    for reading in found:
        facts = known["findings"].get(reading.name.split("_")[0], [])
        wanted = Counter((f["identity"], i) for f in facts for i in f["instances"])
        raised = Counter((r.identity, r.instance) for r in reading.violated("hard"))
        judged.right += (wanted & raised).total()
        judged.false += [f"{reading.where} {' '.join(k)}" for k in (raised - wanted).elements()]
        judged.missing += [f"{reading.where} {' '.join(k)}" for k in (wanted - raised).elements()]
        judged.soft.update(r.identity for r in reading.violated("soft"))
        for fact in known["soft"].get(reading.name.split("_")[0], ()):
            if fact["identity"] not in {r.identity for r in reading.violated("soft")}:
                judged.missing.append(f"{reading.where} {fact['item']} {fact['identity']} (soft)")
    return judged


def judge_planted(found: Sequence[Reading]) -> Judged:
    """Against the planted defects: each shows in its own identity and those that follow from it."""
    judged = Judged()
    for reading in found:
        planted = json.loads(reading.truth.read_text(encoding="utf-8"))["planted"] or []
        main = {p["identity"] for p in planted}
        follow = {also for p in planted for also in p["also"]}
        raised = [r for r in reading.results if r.outcome == "violated"]
        hard = Counter(r.identity for r in raised if r.severity == "hard")
        judged.right += sum(n for identity, n in hard.items() if identity in main | follow)
        judged.false += [
            f"{reading.where} {r.identity} {r.instance}"
            for r in raised
            if r.identity not in main | follow and r.severity == "hard"
        ]
        judged.missing += [
            f"{reading.where} {identity}" for identity in main - {r.identity for r in raised}
        ]
        judged.soft.update(
            r.identity for r in raised if r.severity == "soft" and r.identity not in main | follow
        )
    return judged


# --- 4 pages of sites --------------------------------------------------------------------------


def tests_of_pages() -> ModuleType:
    """The comparison of a page with its label stands in the tests; here it is only counted."""
    path = ROOT / "tests" / "scrapers" / "test_scrapers_pages.py"
    spec = importlib.util.spec_from_file_location("score_pages", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def score_pages(shared: Path) -> None:
    labels = json.loads((shared / "real" / "page_labels.json").read_text(encoding="utf-8"))
    checks = tests_of_pages().checks
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for label in labels["pages"]:
        count = counts[label["family"]]
        count[2] += 1
        data = (shared / "real" / "pages" / label["file"]).read_bytes()
        for _, read, right in checks(data, label):
            count[0] += read == right
            count[1] += 1
    for family, (good, of, pages) in sorted(counts.items()):
        print(f"{family:28} {pages:3} pages  {good:5} of {of:5} facts  {good / of:.4f}")
    good, of = (sum(c[i] for c in counts.values()) for i in (0, 1))
    print(f"{'all':28} {len(labels['pages']):3} pages  {good:5} of {of:5} facts  {good / of:.4f}")


# --- 5 scans -----------------------------------------------------------------------------------

LEAST_AMOUNTS, LEAST_CELLS = 0.999, 0.99


def score_scans(shared: Path) -> list[str]:
    """Reads and judges each scan as the nightly job does, and compares it cell by cell."""
    from nightly.judging import judge_with_second_reading
    from nightly.settings import Settings

    failures: list[str] = []
    for path in sorted((shared / "rendered" / "scan").glob("*.pdf")):
        data = path.read_bytes()
        truth = json.loads((shared / "truth" / f"{path.stem}.json").read_text(encoding="utf-8"))
        clock = time.monotonic()
        try:
            document = judge_with_second_reading(
                read_document(data, file_name=path.name), data, Settings.from_environment()
            )
        except DocumentError as error:
            failures.append(f"scan/{path.name}: not read ({error.code})")
            continue
        seconds = time.monotonic() - clock
        amounts, cells = compare_cells(document, truth["tables"])
        verdict = document.verdict.status if document.verdict else "none"
        repaired = sum(c.source == "repaired" for t in document.tables for r in t.cells for c in r)
        print(
            f"scan/{path.stem}: {verdict}, amounts {amounts[0]} of {amounts[1]}, cells {cells[0]} "
            f"of {cells[1]} ({cells[0] / cells[1]:.4f}), {repaired} repaired, "
            f"{seconds / document.document.pages:.1f} s a page"
        )
        if verdict == "quarantined":
            failures.append(f"scan/{path.name}: quarantined")
        elif amounts[0] != amounts[1]:
            failures.append(f"scan/{path.name}: a wrong amount in an accepted document")
        if amounts[0] < LEAST_AMOUNTS * amounts[1] or cells[0] < LEAST_CELLS * cells[1]:
            failures.append(f"scan/{path.name}: too few right amounts or cells")
    return failures


def compare_cells(
    document: ParsedDocument, tables: Sequence[dict[str, Any]]
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Right and all: amounts (a figure too many counts as wrong), and filled body cells."""

    def plain(text: str) -> str:
        return "".join(unicodedata.normalize("NFKC", text).split()).replace(",", "")

    good = [0, 0]
    every = [0, 0]
    for table in tables:
        mine = document.table(table["id"])
        rows = mine.cells if mine else []
        for r in range(max(len(rows), len(table["body"]))):
            said = table["body"][r] if r < len(table["body"]) else []
            read = rows[r] if r < len(rows) else []
            for c in range(max(len(said), len(read))):
                wanted = plain(said[c]) if c < len(said) else ""
                cell = read[c] if c < len(read) else None
                found = plain(cell.text) if cell else ""
                if not wanted and not found:
                    continue
                every[1] += 1
                good[1] += wanted == found
                if re.fullmatch(r"-?\d+\.\d+", wanted) or (cell and cell.amount is not None):
                    every[0] += 1
                    good[0] += wanted == found
    return (good[0], every[0]), (good[1], every[1])


# --- the run -----------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    shared_default = Path(os.environ.get("BUDGETS_SHARED", ROOT.parent / "shared"))
    options.add_argument("--shared", type=Path, default=shared_default)
    options.add_argument("--keep", type=Path, help="leave our readings as JSON in this folder")
    given = options.parse_args(arguments)
    shared: Path = given.shared
    if not (shared / "truth").is_dir():
        print("skipped: the measuring documents (../shared or BUDGETS_SHARED) are not here")
        return 0
    known = yaml.safe_load((HERE / "score.yml").read_text(encoding="utf-8"))
    sets = {truths: list(readings(shared, folder, truths)) for folder, truths in SETS}
    unread = [f"{r.where}: not read" for found in sets.values() for r in found if r.parsed is None]
    for (folder, truths), found in zip(SETS, sets.values(), strict=True):
        print(f"\n== reading: {folder}")
        sys.stdout.flush()
        score_reading(shared, truths, found, given.keep)
    print("\n== outcomes of identities against the known ones")
    expected = known_outcomes(shared, known)
    differences = compare_outcomes(sets["truth"], expected, known["unknown_outcomes"])
    print("\n== findings against what is really wrong")
    on_known = judge_known(sets["truth"], known)
    on_planted = judge_planted(sets["synthetic/truth"])
    on_known.print("published documents")
    on_planted.print("planted defects")
    print("\n== pages of sites")
    score_pages(shared)
    print("\n== scans")
    failures = unread + differences + score_scans(shared)
    for judged in (on_known, on_planted):
        failures += [f"false finding: {x}" for x in judged.false]
        failures += [f"missing finding: {x}" for x in judged.missing]
    for failure in failures:
        print(f"FAILED {failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())

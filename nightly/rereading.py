"""Re-reading (重读): what a new parser version makes of files that an older one has read.

The nightly parse reads new files only. Here every archived file whose landed reading is of an
older version is read again, the two readings are compared, and the new one is landed only where
it is no worse by the identities (勾稽关系) and has lost nothing. What is kept back stays as it
was read before, and is told: a report row names the figures concerned.

Work is found by difference: landed by an older version, and not kept back before by this same
reading. A report file is written before its batch is landed, under a name that follows from the
batch, so that a kill in between repeats the same file and loses no switch.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict

from nightly import steps
from nightly.settings import Settings
from parsers.document import IdentityInstance, ParsedDocument, ParseRecord

__all__ = ["Comparison", "compare", "find_outdated", "kept_back", "reread", "reread_batch"]

Decision = Literal["same", "better", "differs", "kept_back"]
"""``same``: no figure differs; ``better``: fewer hard contradictions or released from review;
``differs``: equal by the identities, with differences that are listed; ``kept_back``: worse."""

_CELLS_SHOWN = 50


class Comparison(BaseModel):
    """Two readings of one file. ``worse``: why the new one is kept back, one reason a line.

    ``changed``: figures that differ, as "T03 row 4 column 2: 1.20 → 12.0" (the first 50);
    ``changed_count`` counts all. Versions are parser versions.
    """

    model_config = ConfigDict(frozen=True)

    file_sha256: str
    old_version: int
    new_version: int
    catalogue_version: str
    decisions_version: str
    decision: Decision
    worse: list[str] = []
    better: list[str] = []
    changed: list[str] = []
    changed_count: int = 0

    @property
    def switches(self) -> bool:
        return self.decision != "kept_back"

    @property
    def reading(self) -> tuple[str, int, str, str]:
        """Names the new reading: it is not compared twice."""
        return (
            self.file_sha256,
            self.new_version,
            self.catalogue_version,
            self.decisions_version,
        )


# --- comparing --------------------------------------------------------------------------------


def compare(old: ParseRecord | None, new: ParseRecord, old_version: int) -> Comparison:
    """Which of two readings of a file counts; ``old`` is None where its checkpoint is gone.

    The new reading is worse where it fails, loses a document, a figure or a performance table,
    breaks a hard identity that held, checks fewer of them, or is quarantined where the old one
    was not. Without the old reading nothing can be compared, so it is kept back too.
    """
    from warehouse.landing import contract_problem

    worse: list[str] = []
    better: list[str] = []
    changed: list[str] = []
    if old is None:
        worse.append(
            f"the reading of version {old_version} is not kept, so nothing can be compared; "
            "restore the folder parsed/ from a copy"
        )
    elif new.outcome != "parsed":
        worse.append(f"could not be read: {new.outcome}" + _problem(new))
    elif broken_contract := contract_problem(new):
        worse.append(broken_contract)
    else:
        before = {d.document.document_id: d for d in old.documents}
        after = {d.document.document_id: d for d in new.documents}
        worse += [
            f"document {gone} is no longer found" for gone in sorted(set(before) - set(after))
        ]
        better += [f"document {one} is found now" for one in sorted(set(after) - set(before))]
        for name in sorted(set(before) & set(after)):
            was, now = before[name], after[name]
            if old.catalogue_version != new.catalogue_version:
                # outcomes of another catalogue answer other questions: ask both the same ones
                was = was.model_copy(update={"identities": _judged(was)})
            found = _compare_documents(was, now)
            worse += found[0]
            better += found[1]
            changed += found[2]
    decision: Decision = (
        "kept_back" if worse else "better" if better else "differs" if changed else "same"
    )
    return Comparison(
        file_sha256=new.file_sha256,
        old_version=old_version,
        new_version=new.parser_version,
        catalogue_version=new.catalogue_version,
        decisions_version=new.decisions_version,
        decision=decision,
        worse=worse,
        better=better,
        changed=changed[:_CELLS_SHOWN],
        changed_count=len(changed),
    )


def _problem(record: ParseRecord) -> str:
    return f" ({record.problem.what})" if record.problem else ""


def _compare_documents(
    old: ParsedDocument, new: ParsedDocument
) -> tuple[list[str], list[str], list[str]]:
    """What is worse in the new reading, what is better, and which figures differ."""
    worse: list[str] = []
    better: list[str] = []
    changed: list[str] = []
    waited, waits = (_is_quarantined(d) for d in (old, new))
    if waits and not waited:
        worse.append("quarantined, where it was accepted: " + "; ".join(_reasons(new)))
    if waited and not waits:
        better.append("accepted, where it was quarantined")

    held_before, broken_before = _hard(old.identities)
    held, broken = _hard(new.identities)
    for key in sorted(broken - broken_before):
        worse.append(f"hard identity {key} is violated, and was not")
    for key in sorted(broken_before - broken):
        better.append(f"hard identity {key} is no longer violated")
    if len(held) + len(broken) < len(held_before) + len(broken_before):
        fewer = sorted((held_before | broken_before) - held - broken)
        worse.append(f"{len(fewer)} hard identities are no longer checked, e.g. {fewer[0]}")

    gone = {t.id for t in old.tables} - {t.id for t in new.tables}
    worse += [f"form {form} is no longer found" for form in sorted(gone)]
    before, after = _figures(old), _figures(new)
    for part in sorted({k[0] for k in before}):
        was = sum(1 for k in before if k[0] == part)
        now = sum(1 for k in after if k[0] == part)
        if now < was:
            worse.append(f"{part}: {was - now} of {was} figures are lost")
    missing = len(old.performance) - len(new.performance)
    if missing > 0:
        worse.append(f"{missing} performance tables are lost")
    for place in sorted(before.keys() | after.keys(), key=lambda k: (k[0], str(k[1:]))):
        figure, anew = before.get(place), after.get(place)
        if figure != anew:
            changed.append(f"{_place(place)}: {_shown(figure)} → {_shown(anew)}")
    for name in ("performance", "assets", "procurement", "staff"):
        if getattr(old, name) != getattr(new, name):
            changed.append(f"{name}: the fields differ")
    for name in ("county", "department", "year", "phase", "scope"):
        was_value, now_value = getattr(old.document, name), getattr(new.document, name)
        if was_value != now_value:
            changed.append(f"cover, {name}: {was_value} → {now_value}")
    return worse, better, changed


def _is_quarantined(document: ParsedDocument) -> bool:
    return document.verdict is not None and document.verdict.status == "quarantined"


def _reasons(document: ParsedDocument) -> list[str]:
    return document.verdict.reasons if document.verdict else []


def _judged(document: ParsedDocument) -> list[IdentityInstance]:
    from expectations.catalogue import judge

    return judge(document.model_copy(deep=True)).identities


def _hard(instances: Iterable[IdentityInstance]) -> tuple[set[str], set[str]]:
    """Hard instances that hold, and those that are violated."""
    held: set[str] = set()
    broken: set[str] = set()
    for one in instances:
        if one.severity == "hard" and one.outcome != "not_applicable":
            (broken if one.outcome == "violated" else held).add(f"{one.identity} {one.instance}")
    return held, broken


_Key = tuple[str, int | str, int]


def _figures(document: ParsedDocument) -> dict[_Key, Decimal]:
    """Every amount by its place: form, row, column; or narrative, path, 0.

    Rows are counted among those of the same code and label, so that a line found anew above
    does not make every figure below it a changed one.
    """
    found: dict[_Key, Decimal] = {}
    for table in document.tables:
        seen: Counter[str] = Counter()
        for row, meta in zip(table.cells, table.rows, strict=True):
            name = f"{meta.code or ''} {meta.label} {meta.unit_name or ''}".strip()
            seen[name] += 1
            line = name if seen[name] == 1 else f"{name} ({seen[name]})"
            for c, cell in enumerate(row):
                if cell.amount is not None:
                    found[table.id, line, c] = cell.amount
    told: Counter[str] = Counter()
    for figure in document.narrative.figures:
        if figure.value is not None:
            found["narrative", figure.path, told[figure.path]] = figure.value
            told[figure.path] += 1
    return found


def _place(key: _Key) -> str:
    part, line, column = key
    return (
        f"{part}, {line}"
        if part == "narrative"
        else f"{part}, {line or '(no label)'}, column {column}"
    )


def _shown(value: Decimal | None) -> str:
    return "nothing" if value is None else f"{value:f}"


# --- finding and doing ------------------------------------------------------------------------


def _reports(settings: Settings) -> Iterator[Comparison]:
    ledger = steps._ledger(settings)
    for path in ledger.list("reparse", suffix=".jsonl"):
        for line in ledger.read_bytes(path).splitlines():
            yield Comparison.model_validate_json(line)


def kept_back(settings: Settings) -> list[Comparison]:
    """Readings that were kept back and whose files still stand as an older version read them."""
    from warehouse.landing import landed

    newest = {key.file_sha256: key for key in landed(steps._layout(settings))}
    last = {c.file_sha256: c for c in _reports(settings) if not c.switches}
    return [
        c
        for sha, c in sorted(last.items())
        if sha in newest and newest[sha].parser_version < c.new_version
    ]


def find_outdated(settings: Settings, limit: int | None = None) -> list[list[str]]:
    """Batches of archived files that an older parser version read and this one has not judged.

    ``limit``: at most so many files, for a night that must end.
    """
    from expectations.catalogue import CATALOGUE_VERSION
    from parsers.read import PARSER_VERSION
    from warehouse.landing import landed

    decisions = steps.decisions_version(settings)
    known = {c.reading for c in _reports(settings) if not c.switches}
    archived = set(steps._archive(settings).documents())
    waiting = sorted(
        key.file_sha256
        for key in landed(steps._layout(settings))
        if key.outcome == "parsed"
        and key.parser_version < PARSER_VERSION
        and key.file_sha256 in archived
        and (key.file_sha256, PARSER_VERSION, CATALOGUE_VERSION, decisions) not in known
    )[:limit]
    size = settings.batch_size
    return [waiting[i : i + size] for i in range(0, len(waiting), size)]


def reread(
    settings: Settings,
    batch: Sequence[str],
    progress: Callable[[str], None] | None = None,
    workers: int = 1,
) -> list[tuple[Comparison, ParseRecord]]:
    """Read a batch anew and compare it with what is landed; lands and reports nothing."""
    from warehouse.landing import landed

    names = {sha: rows[0].file_name for sha, rows in steps._archive(settings).documents().items()}
    versions = {key.file_sha256: key.parser_version for key in landed(steps._layout(settings))}

    def one(sha: str) -> tuple[Comparison, ParseRecord]:
        old = steps.kept_reading(settings, sha, versions[sha])
        new = steps.read_one(settings, sha, names.get(sha))
        if progress:
            progress(sha)
        return compare(old, new, versions[sha]), new

    waiting = [steps._readers(workers).submit(one, sha) for sha in batch if sha in versions]
    try:
        return [w.result() for w in waiting]
    finally:
        for w in waiting:
            w.cancel()


def reread_batch(
    settings: Settings,
    batch: Sequence[str],
    run_id: str,
    progress: Callable[[str], None] | None = None,
    workers: int = 1,
) -> steps.Report:
    """Read a batch anew, report every comparison, and land the readings that are no worse."""
    from warehouse.landing import land

    with steps.outcome(settings, "reread_batch", run_id) as result:
        done = reread(settings, batch, progress, workers)
        keys = sorted(json.dumps([c.old_version, *c.reading]) for c, _ in done)
        batch_id = "reparse-" + hashlib.sha256("\n".join(keys).encode()).hexdigest()[:20]
        if done:
            # before the landing: a switch that nobody was told of must not be possible
            steps._ledger(settings).write_bytes(
                f"reparse/{batch_id}.jsonl",
                "".join(c.model_dump_json() + "\n" for c, _ in done).encode(),
            )
            land(steps._layout(settings), [r for c, r in done if c.switches], batch_id)
        counts = Counter(c.decision for c, _ in done)
        back = [f"{c.file_sha256[:16]}: {c.worse[0]}" for c, _ in done if not c.switches]
        result.update(
            batch_id=batch_id,
            documents=len(done),
            switched=len(done) - len(back),
            decisions=dict(counts),
            figures_changed=sum(c.changed_count for c, _ in done if c.switches),
            kept_back=back[:20],
        )
    return dict(result)

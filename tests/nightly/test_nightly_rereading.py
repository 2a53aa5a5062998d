"""Re-reading by a new parser version: taken where no worse, kept back and told where worse."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import parsers.read
import parsers.worker
from expectations.alerts import read_night
from nightly import rereading, steps
from nightly.settings import Settings
from parsers.document import ParsedDocument
from parsers.errors import DamagedError
from warehouse.landing import landed

SAMPLES = ("qinglan-archives-2024.pdf", "qinglan-policy-2026.pdf")
Edit = Callable[[ParsedDocument], None]


@pytest.fixture(scope="module")
def read(project_root: Path) -> dict[bytes, ParsedDocument]:
    from parsers.read import read_document

    files = [project_root / "samples" / "pdf" / name for name in SAMPLES]
    return {f.read_bytes(): read_document(f.read_bytes()) for f in files}


@pytest.fixture
def settings(
    tmp_path: Path, project_root: Path, monkeypatch: pytest.MonkeyPatch,
    read: dict[bytes, ParsedDocument],
) -> Settings:  # fmt: skip
    """A sample archived, read by the present version and landed."""
    made = Settings(
        data=tmp_path,
        sites=None,
        decisions=tmp_path / "decisions",
        archive_root=str(tmp_path),
        landing_root=str(tmp_path),
    )
    reads(monkeypatch, read)
    steps.ingest(made, [project_root / "samples" / "pdf" / SAMPLES[0]], "first")
    for batch in steps.find_unparsed(made):
        done = steps.parse_batch(made, batch, "first")
        assert done["outcomes"] == {"parsed": 1}, "the stand-in for the reader was not accepted"
    return made


def reads(
    monkeypatch: pytest.MonkeyPatch, read: dict[bytes, ParsedDocument], edit: Edit | None = None
) -> None:
    """The reader gives what it gave before, edited; the second reading is left out."""

    def again(data: bytes, *_: Any, **__: Any) -> ParsedDocument:
        document = read[data].model_copy(deep=True)
        document.document.parser_version = parsers.read.PARSER_VERSION
        if edit is not None:
            edit(document)
        return document

    monkeypatch.setattr(parsers.worker, "read_isolated", again)
    monkeypatch.setattr(
        "nightly.judging.judge_with_second_reading", lambda document, *_, **__: _judged(document)
    )


def _judged(document: ParsedDocument) -> ParsedDocument:
    from expectations.catalogue import judge

    return judge(document)


def newer(monkeypatch: pytest.MonkeyPatch) -> int:
    version = parsers.read.PARSER_VERSION + 1
    monkeypatch.setattr(parsers.read, "PARSER_VERSION", version)
    return version


def versions(settings: Settings) -> set[int]:
    return {key.parser_version for key in landed(steps._layout(settings))}


def run(settings: Settings) -> list[dict[str, Any]]:
    return [
        rereading.reread_batch(settings, batch, "again")
        for batch in rereading.find_outdated(settings)
    ]


def _set(cell: Any, row: list[str], column: int, amount: Decimal | None) -> None:
    cell.amount = amount
    cell.text = row[column] = "" if amount is None else f"{amount:.2f}"


def misread(document: ParsedDocument) -> None:
    """A total that contradicts its parts."""
    table = document.table("T03")
    assert table is not None
    at = next(i for i, m in enumerate(table.rows) if m.kind == "total")
    column = next(c for c, cell in enumerate(table.cells[at]) if cell.amount)
    cell = table.cells[at][column]
    assert cell.amount is not None
    _set(cell, table.body[at], column, cell.amount + 1000)


def blank(document: ParsedDocument) -> None:
    """A figure that is no longer seen."""
    table = document.table("T03")
    assert table is not None
    at, column = next(
        (r, c) for r, line in enumerate(table.cells) for c, cell in enumerate(line) if cell.amount
    )
    _set(table.cells[at][column], table.body[at], column, None)


def test_nothing_is_outdated_while_the_version_is_the_same(settings: Settings) -> None:
    assert rereading.find_outdated(settings) == []


def test_an_equal_reading_of_a_new_version_is_taken(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = newer(monkeypatch)
    assert steps.find_unparsed(settings) == [], "the night leaves it to the background"
    (done,) = run(settings)
    assert done["decisions"] == {"same": 1}
    assert (done["switched"], done["figures_changed"], done["kept_back"]) == (1, 0, [])
    assert versions(settings) == {version}
    assert rereading.find_outdated(settings) == []


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (misread, "is violated, and was not"),
        (blank, "figures are lost"),
        (lambda d: d.tables.pop(), "form T13 is no longer found"),
        (lambda d: setattr(d.document, "document_id", d.document.document_id + "-02"), "no longer found"),
    ],
    ids=["misread", "blank", "form gone", "document gone"],
)  # fmt: skip
def test_a_worse_reading_is_kept_back_told_and_not_tried_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, read: dict[bytes, ParsedDocument],
    edit: Edit, reason: str,
) -> None:  # fmt: skip
    before = landed(steps._layout(settings))
    version = newer(monkeypatch)
    reads(monkeypatch, read, edit)
    (done,) = run(settings)
    assert done["switched"] == 0
    assert len(done["kept_back"]) == 1
    assert landed(steps._layout(settings)) == before, "what is landed stays"
    held = rereading.kept_back(settings)
    assert len(held) == 1
    assert all(any(reason in line for line in one.worse) for one in held)
    assert all(one.new_version == version for one in held)
    assert rereading.find_outdated(settings) == [], "the same reading is not compared twice"

    night = read_night(settings.data, settings.data / "none", run_id="x", now=steps.utc_now())
    assert len(night.reread) == 1
    assert "1 个读数较差" in night.reread[0].text_zh

    # the version after that reads well again
    later = newer(monkeypatch)
    reads(monkeypatch, read)
    assert sum(len(b) for b in rereading.find_outdated(settings)) == 1
    run(settings)
    assert versions(settings) == {later}
    assert rereading.kept_back(settings) == []


def test_a_file_that_can_no_longer_be_read_keeps_its_reading(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = landed(steps._layout(settings))
    newer(monkeypatch)

    def fails(*_: Any, **__: Any) -> ParsedDocument:
        raise DamagedError("the file ends early", "page 3", "ask for it again")

    monkeypatch.setattr(parsers.worker, "read_isolated", fails)
    run(settings)
    assert landed(steps._layout(settings)) == before
    assert "could not be read: damaged" in rereading.kept_back(settings)[0].worse[0]


def test_a_mended_reading_is_taken_and_each_place_is_listed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, read: dict[bytes, ParsedDocument]
) -> None:
    newer(monkeypatch)
    # this version had misread: land it as if nobody had compared
    reads(monkeypatch, read, misread)
    monkeypatch.setattr(rereading, "compare", _taken(rereading.compare))
    run(settings)
    monkeypatch.undo()
    monkeypatch.setattr(parsers.read, "PARSER_VERSION", parsers.read.PARSER_VERSION + 2)
    reads(monkeypatch, read)
    (done,) = run(settings)
    assert done["decisions"] == {"better": 1}
    assert done["figures_changed"] == 1
    lines = (settings.data / "ledger" / "reparse" / f"{done['batch_id']}.jsonl").read_text()
    rows = [json.loads(line) for line in lines.splitlines()]
    assert all("no longer violated" in row["better"][0] for row in rows)
    assert all(row["changed"][0].startswith("T03, ") and " → " in row["changed"][0] for row in rows)


def _taken(compare: Any) -> Any:
    def always(*arguments: Any) -> rereading.Comparison:
        found: rereading.Comparison = compare(*arguments)
        return found.model_copy(update={"decision": "differs"})

    return always


def test_without_the_old_reading_nothing_is_switched(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer(monkeypatch)
    for kept in (settings.data / "parsed").rglob("*.zst"):
        kept.unlink()
    (done,) = run(settings)
    assert done["switched"] == 0
    assert "restore the folder parsed/" in rereading.kept_back(settings)[0].worse[0]


def test_a_kill_between_report_and_landing_loses_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = newer(monkeypatch)
    with monkeypatch.context() as killed:
        killed.setattr("warehouse.landing.land", _dies)
        with pytest.raises(KeyboardInterrupt):
            run(settings)
    reports = sorted((settings.data / "ledger" / "reparse").iterdir())
    assert version not in versions(settings)
    run(settings)
    assert versions(settings) == {version}
    assert sorted((settings.data / "ledger" / "reparse").iterdir()) == reports, "told once"


def _dies(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


def test_a_limit_ends_the_night_early(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, project_root: Path
) -> None:
    steps.ingest(settings, [project_root / "samples" / "pdf" / SAMPLES[1]], "second")
    for batch in steps.find_unparsed(settings):
        steps.parse_batch(settings, batch, "second")
    newer(monkeypatch)
    assert [len(b) for b in rereading.find_outdated(settings)] == [2]
    assert [len(b) for b in rereading.find_outdated(settings, limit=1)] == [1]

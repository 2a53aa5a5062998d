"""Retention, backup, seasons and the way from one version to the next."""

from __future__ import annotations

import json
import os
import shutil
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import pytest
from night_runs import settings_in

TESTS = Path(__file__).resolve().parents[1]
sys.path.append(str(TESTS / "warehouse"))

from warehouse_by_hand import budget, record  # type: ignore[import-not-found]  # noqa: E402

from nightly import steps, upkeep  # noqa: E402
from nightly.doctor import diagnose  # noqa: E402
from nightly.settings import Settings  # noqa: E402
from parsers.read import PARSER_VERSION  # noqa: E402
from scrapers.archive import Archive  # noqa: E402
from store import Store  # noqa: E402
from warehouse.landing import commits, foreign, forget, land, landed, migrate, read_table  # noqa: E402
from warehouse.layout import Layout  # noqa: E402
from warehouse.load import load  # noqa: E402


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path, backup=str(tmp_path / "backup"))


@pytest.fixture
def filled(settings: Settings) -> Settings:
    """Two originals with their readings, landed in two batches."""
    layout, archive = steps._layout(settings), steps._archive(settings)
    for name in ("a", "b"):
        archive.put_local(_file(settings, name), run_id="r", now=steps.utc_now())
        land(layout, [record(budget(name))], name)
    settings.decisions.mkdir()
    (settings.decisions / "corrections.yml").write_text("[]\n")
    return settings


def _file(settings: Settings, name: str) -> Path:
    path = settings.data.parent / f"{name}.pdf"
    path.write_bytes(b"%PDF-1.4 " + name.encode())
    return path


def files(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


# --- backup -----------------------------------------------------------------------------------


def test_a_backup_restores_and_costs_what_is_new(filled: Settings, tmp_path: Path) -> None:
    first = upkeep.back_up(filled, str(filled.backup))
    assert first.copied > 5
    assert first.kept == 0
    archive = Archive(Store(str(filled.backup)))
    assert archive.verify().is_whole
    again = upkeep.back_up(filled, str(filled.backup))
    assert again.copied <= 2, "the outcome rows of the backups themselves"
    last = upkeep.last_backup(str(filled.backup))
    assert last is not None
    assert steps.utc_now() - last < timedelta(minutes=5)

    rows = {k: v for k, v in files(filled.data).items() if k.startswith(("archive/", "landing/"))}
    shutil.rmtree(filled.data)
    shutil.copytree(tmp_path / "backup", filled.data)
    back = files(filled.data)
    assert {k: back[k] for k in rows} == rows
    report = load(steps._layout(filled))
    assert sorted(report.batches) == ["a", "b"]


def test_a_damaged_original_replaces_no_good_copy_and_is_told(filled: Settings) -> None:
    upkeep.back_up(filled, str(filled.backup))
    marked = upkeep.last_backup(str(filled.backup))
    before = files(Path(str(filled.backup)))
    (spoilt,) = [p for p in (filled.data / "archive" / "objects").rglob("*") if p.is_file()][:1]
    name = spoilt.relative_to(filled.data).as_posix()
    spoilt.write_bytes(b"rotten")
    Path(str(filled.backup), name).unlink()  # else it would not even be looked at
    with pytest.raises(upkeep.BackupError, match=r"1 originals are damaged.*archive verify"):
        upkeep.back_up(filled, str(filled.backup))
    assert not Path(str(filled.backup), name).exists()
    assert upkeep.last_backup(str(filled.backup)) == marked, "it does not count as a backup"
    assert before.keys() - files(Path(str(filled.backup))).keys() == {name}


def test_what_the_source_lost_by_accident_stays_in_the_copy(filled: Settings) -> None:
    upkeep.back_up(filled, str(filled.backup))
    for path in [*(filled.data / "landing" / "raw_cell").iterdir()]:
        path.unlink()
    for path in [p for p in (filled.data / "archive" / "objects").rglob("*") if p.is_file()]:
        path.unlink()
    before = files(Path(str(filled.backup)))
    upkeep.back_up(filled, str(filled.backup))
    assert before.keys() <= files(Path(str(filled.backup))).keys()


def test_what_was_removed_by_law_leaves_the_copy_too(filled: Settings) -> None:
    upkeep.back_up(filled, str(filled.backup))
    archive, layout = steps._archive(filled), steps._layout(filled)
    sha = next(iter(archive.documents()))
    archive.forget(sha, why="order 17", who="records office", now=steps.utc_now())
    landed_sha = record(budget("a")).file_sha256
    assert forget(layout, landed_sha) == ["a"]
    done = upkeep.back_up(filled, str(filled.backup))
    assert done.removed >= 2
    copy = files(Path(str(filled.backup)))
    assert f"archive/objects/{sha[:2]}/{sha}" not in copy
    assert f"archive/tombstones/{sha}.json" in copy
    tables = [p for p in copy if p.startswith("landing/raw_") and "batch=a" in p]
    for path in tables:
        rows = pq.read_table(Path(str(filled.backup), path)).to_pylist()
        assert landed_sha not in {r["file_sha256"] for r in rows}
    assert Archive(Store(str(filled.backup))).verify().is_whole


def test_a_batch_written_anew_is_found_by_every_later_load(filled: Settings) -> None:
    layout = steps._layout(filled)
    assert forget(layout, record(budget("a")).file_sha256) == ["a"]
    assert {b.batch_id for b in commits(layout)} == {"a", "b"}
    load(layout)
    assert load(layout).batches == [], "nothing is lost and nothing comes twice"


# --- retention --------------------------------------------------------------------------------


def test_only_readings_that_nothing_rests_on_are_deleted(filled: Settings) -> None:
    landed_keys = landed(steps._layout(filled))
    needed = next(iter(landed_keys))
    other = "f" * 64
    kept = [
        filled.data / steps._checkpoint(needed.file_sha256, needed.parser_version),
        filled.data / steps._checkpoint(other, PARSER_VERSION),
    ]
    gone = [
        filled.data / steps._checkpoint(other, needed.parser_version - 1 or 999),
        filled.data / "logs" / "old.log",
        filled.data / "archive" / "objects" / "aa" / "x.tmp",
    ]
    fresh = filled.data / "logs" / "new.log"
    for path in (*kept, *gone, fresh):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    old = (datetime.now(UTC) - timedelta(days=90)).timestamp()
    for path in gone[1:]:
        os.utime(path, (old, old))
    originals = {k for k in files(filled.data) if k.startswith(("archive/objects", "ledger"))}

    told = upkeep.tidy(filled, dry=True)
    assert all(p.exists() for p in (*kept, *gone))
    done = upkeep.tidy(filled)
    assert done.files == told.files == {"readings": 1, "logs": 1, "scratch": 1}
    assert not any(p.exists() for p in gone)
    assert all(p.exists() for p in (*kept, fresh))
    assert originals - {"archive/objects/aa/x.tmp"} <= files(filled.data).keys()


# --- seasons ----------------------------------------------------------------------------------


def test_a_season_is_told_by_the_day_of_publication() -> None:
    def row(published: date | None, met: str = "2026-11-02") -> Any:
        return SimpleNamespace(
            published_on=published, fetched_at=datetime.fromisoformat(f"{met}T01:00:00+00:00")
        )

    spring = [row(date(2025, 2, 20)), row(date(2025, 9, 1))]
    assert steps.Season("2025-spring").holds(spring), "its first appearance counts"
    assert not steps.Season("2025-autumn").holds(spring)
    assert steps.Season("2025").holds(spring)
    assert steps.Season("2026-autumn").holds([row(None)])
    for wrong in ("25-spring", "2025-summer", "", "2025-spring "):
        with pytest.raises(ValueError, match="2025-spring"):
            steps.Season(wrong)


def test_only_files_of_the_season_are_waiting(settings: Settings) -> None:
    archive = steps._archive(settings)
    for name in ("a", "b", "c"):
        archive.put_local(_file(settings, name), run_id="r", now=datetime(2025, 3, 1, tzinfo=UTC))
    assert [len(b) for b in steps.find_unparsed(settings, steps.Season("2025-spring"))] == [3]
    assert [len(b) for b in steps.find_unparsed(settings, steps.Season("2025-spring"), 2)] == [2]
    assert steps.find_unparsed(settings, steps.Season("2024")) == []


# --- another version --------------------------------------------------------------------------


def _as_of_another_version(layout: Layout, batch_id: str) -> None:
    """The batch as a version wrote it that had a column less and one that is no more."""
    import hashlib

    batch = next(b for b in commits(layout) if b.batch_id == batch_id)
    path = layout.landing.local_path(Layout.landing_file("raw_cell", batch.files))
    table = pq.read_table(path).drop_columns(["confidence"])
    pq.write_table(table.append_column("was", table["text"]), path)
    commit = layout.landing.local_path(Layout.commit_file(batch_id))
    held = json.loads(commit.read_text())
    held["checksums"]["raw_cell"] = hashlib.sha256(path.read_bytes()).hexdigest()
    commit.write_text(json.dumps(held))


def test_landing_of_another_version_is_written_anew_from_the_readings(filled: Settings) -> None:
    layout = steps._layout(filled)
    wanted = {
        b.batch_id: read_table(layout.landing, b, "raw_cell").to_pylist() for b in commits(layout)
    }
    keys = landed(layout)
    _as_of_another_version(layout, "a")
    assert foreign(layout) == foreign(layout, oldest=1) == ["a"]
    assert upkeep.check_upgrade(filled).is_needed
    assert "run: budgets upgrade" in [x.remedy for x in diagnose(filled) if not x.ok]
    done = migrate(layout, lambda key: record(budget("a")))
    assert (done.batches, done.read_again) == (["a"], [])
    assert foreign(layout) == []
    assert landed(layout) == keys
    for batch in commits(layout):
        assert read_table(layout.landing, batch, "raw_cell").to_pylist() == wanted[batch.batch_id]
    assert migrate(layout, lambda key: None).batches == [], "the second time there is nothing to do"
    assert sorted(load(layout).batches) == ["a", "b"]


def test_a_file_without_a_kept_reading_is_read_again(filled: Settings) -> None:
    layout = steps._layout(filled)
    _as_of_another_version(layout, "a")
    sha = record(budget("a")).file_sha256
    done = migrate(layout, lambda key: None)
    assert done.read_again == [sha]
    assert sha not in {key.file_sha256 for key in landed(layout)}
    assert load(layout).rows["raw_cell"] > 0


def test_a_kill_before_the_switch_changes_nothing(
    filled: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = steps._layout(filled)
    _as_of_another_version(layout, "a")
    before = landed(layout)
    write = Store.write_bytes

    def dies(self: Store, path: str, data: bytes) -> None:
        if "_commits" in path:
            raise KeyboardInterrupt
        write(self, path, data)

    with monkeypatch.context() as killed:
        killed.setattr(Store, "write_bytes", dies)
        with pytest.raises(KeyboardInterrupt):
            migrate(layout, lambda key: record(budget("a")))
    assert landed(layout) == before
    assert foreign(layout) == ["a"]
    assert migrate(layout, lambda key: record(budget("a"))).batches == ["a"]
    stored = list((layout.root / "landing" / "raw_cell").iterdir())
    assert len(stored) == 2, "what the kill left behind is swept away"

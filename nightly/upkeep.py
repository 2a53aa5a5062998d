"""Upkeep (日常维护): what is kept how long, a copy of what cannot be made again, and the way from
one version of the program to the next.

Nothing here touches an original, a fetch row or the ledger of alerts: they are kept for ever.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from nightly import steps
from nightly.settings import Settings
from store import Store

__all__ = [
    "BackupError",
    "BackupReport",
    "TidyReport",
    "Upgrade",
    "back_up",
    "check_upgrade",
    "last_backup",
    "tidy",
    "upgrade",
]

log = logging.getLogger(__name__)

DAYS_OF_LOGS = 60
SCRATCH_HOURS = 48


# --- retention --------------------------------------------------------------------------------


@dataclass
class TidyReport:
    """What was deleted: files by kind, and bytes. ``dry``: nothing was, it is only told."""

    dry: bool = False
    files: dict[str, int] = field(default_factory=dict)
    bytes: int = 0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def tidy(settings: Settings, *, dry: bool = False, days: int = DAYS_OF_LOGS) -> TidyReport:
    """Delete what nobody will ask for again (``docs/operating.md`` has the table).

    Readings of older parser versions that no landed document rests on (the re-reading compares
    with the landed one only), logs older than ``days``, and leftovers of killed writes.
    """
    report = TidyReport(dry=dry)
    with steps.outcome(settings, "tidy", f"upkeep__{steps.utc_now():%Y-%m-%dT%H:%M:%SZ}") as result:
        for kind, path in _superfluous(settings, steps.utc_now() - timedelta(days=days)):
            size = path.stat().st_size
            if not dry:
                path.unlink(missing_ok=True)
            report.files[kind] = report.files.get(kind, 0) + 1
            report.bytes += size
        result.update(report.as_dict())
    return report


def _superfluous(settings: Settings, before: datetime) -> Iterator[tuple[str, Path]]:
    from parsers.read import PARSER_VERSION
    from warehouse.landing import landed

    needed = {(key.parser_version, key.file_sha256) for key in landed(steps._layout(settings))}
    parsed = settings.data / "parsed"
    for folder in sorted(parsed.glob("parser=*")):
        version = int(folder.name.partition("=")[2])
        if version == PARSER_VERSION:
            continue
        for path in sorted(folder.rglob("*")):
            if path.is_file() and (version, path.name.partition(".")[0]) not in needed:
                yield "readings", path
    old = before.timestamp()
    for logs in (settings.data / "logs", settings.data / "airflow" / "logs"):
        for path in sorted(logs.rglob("*")):
            if path.is_file() and not path.is_symlink() and path.stat().st_mtime < old:
                yield "logs", path
    killed = (steps.utc_now() - timedelta(hours=SCRATCH_HOURS)).timestamp()
    for room in ("archive", "parsed", "recognised", "landing", "ledger", "build"):
        for path in sorted((settings.data / room).rglob("*.tmp")):
            if path.is_file() and path.stat().st_mtime < killed:
                yield "scratch", path


# --- backup -----------------------------------------------------------------------------------


@dataclass
class BackupReport:
    """A backup: files copied, bytes, files that stood there already, forgotten ones removed."""

    copied: int = 0
    bytes: int = 0
    kept: int = 0
    removed: int = 0
    damaged: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class BackupError(Exception):
    """The copy is not what it should be: says which files, and what to do."""


_FIXED = re.compile(r"archive/objects/|landing/[^_]")
_MARK = "backup.json"


def back_up(settings: Settings, to: str) -> BackupReport:
    """Copy what cannot be made again into ``to`` (a folder or an fsspec URL), by difference.

    Archive, landing, ledger and decisions. Objects first, then the rows that name them; the
    files of landing before their commits: whatever moment the copy is of, what it names it
    holds. Every original is hashed on its way. What was removed by law is removed from the copy
    too. Nothing else is ever deleted there. Raises BackupError for a damaged original
    (it is not copied, so it cannot replace a good one), after everything else was copied.
    """
    target = Store(to)
    report = BackupReport()
    with steps.outcome(
        settings, "backup", f"upkeep__{steps.utc_now():%Y-%m-%dT%H:%M:%SZ}"
    ) as result:
        archive, landing = Store(settings.archive_root), Store(settings.landing_root)
        ledger = Store(settings.data)
        held = set(target.list())
        listed = {
            p.rpartition("/")[2].removesuffix(".json") for p in archive.list("archive/tombstones")
        }
        for source, folder in (
            (archive, "archive/tombstones"),
            (archive, "archive/objects"),
            (archive, "archive/fetches"),
            *((landing, f) for f in _landing_folders(landing)),
            (landing, "landing/_commits"),
            (ledger, "ledger"),
        ):
            for path in list(source.list(folder)):
                if not path.endswith(".lock"):
                    _copy(source, target, (path, path), held, report)
        if settings.decisions.is_dir():
            decided = Store(settings.decisions)
            for path in list(decided.list()):
                _copy(decided, target, (path, f"decisions/{path}"), held, report)
        for path in sorted(held):
            if path.startswith("archive/objects/") and path.rpartition("/")[2] in listed:
                target.delete(path)
                report.removed += 1
        for path in _written_anew(settings, held):
            target.delete(path)
            report.removed += 1
        told = report.as_dict() | {"at": steps.utc_now().isoformat(timespec="seconds")}
        if not report.damaged:
            target.write_bytes(_MARK, json.dumps(told).encode())
        result.update(report.as_dict() | {"to": _place(to)})
        if report.damaged:
            raise BackupError(
                f"{len(report.damaged)} originals are damaged and were not copied, e.g. "
                f"{report.damaged[0]}: `budgets archive verify` names them all; an earlier copy of "
                "the backup may hold them whole"
            )
    return report


def _written_anew(settings: Settings, held: set[str]) -> list[str]:
    """Files of landing in the copy whose batch was written anew since (something was forgotten).

    Only those: a file that the source has lost by accident is what a backup is for.
    """
    from warehouse.landing import commits

    files = {b.batch_id[:70]: b.files for b in commits(steps._layout(settings))}
    gone = []
    for path in sorted(held):
        found = re.fullmatch(r"landing/[^_][^/]*/batch=(.+)\.parquet", path)
        if found is None:
            continue
        batch = re.sub(r"-[0-9a-f]{20}$", "", found[1])
        now = files.get(found[1][:70]) or files.get(batch)
        if now is not None and now != found[1]:
            gone.append(path)
    return gone


def _place(to: str) -> str:
    """An address without a password that may stand in it."""
    return re.sub(r"//[^/@]*@", "//…@", to)


def _landing_folders(landing: Store) -> list[str]:
    folders = {"/".join(p.split("/")[:2]) for p in landing.list("landing")}
    return sorted(folders - {"landing/_commits"})


def _copy(
    source: Store, target: Store, paths: tuple[str, str], held: set[str], report: BackupReport
) -> None:
    path, there = paths
    if there in held and _FIXED.match(there):
        report.kept += 1
        return
    data = source.read_bytes(path)
    if path.startswith("archive/objects/") and (
        hashlib.sha256(data).hexdigest() != path.rpartition("/")[2]
    ):
        report.damaged.append(path)
        return
    if there in held and target.read_bytes(there) == data:
        report.kept += 1
        return
    target.write_bytes(there, data)
    held.add(there)
    report.copied += 1
    report.bytes += len(data)


def last_backup(to: str) -> datetime | None:
    """When the last whole backup ended; None where there is none."""
    target = Store(to)
    if not target.exists(_MARK):
        return None
    return datetime.fromisoformat(json.loads(target.read_bytes(_MARK))["at"])


# --- from one version to the next -------------------------------------------------------------


@dataclass
class Upgrade:
    """What the present version of the program has to change in the data of an earlier one."""

    batches: list[str] = field(default_factory=list)
    """Batches of landing whose tables have other columns than this version declares."""
    warehouse: str | None = None
    """Why the working warehouse must be built anew; None where it fits."""
    rewritten: int = 0
    read_again: list[str] = field(default_factory=list)
    """Files whose landed reading is not kept: the next night reads them anew."""

    @property
    def is_needed(self) -> bool:
        return bool(self.batches or self.warehouse)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def check_upgrade(settings: Settings, oldest: int | None = None) -> Upgrade:
    """Look, and change nothing. ``oldest``: at so many batches only (``landing.foreign``)."""
    from warehouse.landing import foreign
    from warehouse.load import outdated

    layout = steps._layout(settings)
    return Upgrade(batches=foreign(layout, oldest), warehouse=outdated(layout))


def upgrade(settings: Settings, run_id: str) -> Upgrade:
    """Bring landing and warehouse of an earlier version to this one.

    Landing: a batch in other columns is written anew from the kept readings of its files, under
    the same name and in one step; a file whose reading is not kept goes out of it and is read
    again by the next night. Warehouse: thrown away and loaded, built, checked and published
    again. Killed anywhere and called again it goes on. The published copy stands until the new one
    is whole. Raises what the steps raise.
    """
    from warehouse.landing import migrate
    from warehouse.load import discard

    found = check_upgrade(settings)
    if not found.is_needed:
        return found
    layout = steps._layout(settings)
    with steps.outcome(settings, "upgrade", run_id) as result:
        done = migrate(layout, lambda key: _kept(settings, key))
        found.rewritten, found.read_again = len(done.batches), done.read_again
        discard(layout)
        for step in ("load", "check_landing", "build", "check_marts", "publish"):
            steps.run_step(step, settings, run_id)
        result.update(found.as_dict())
    return found


def _kept(settings: Settings, key: Any) -> Any:
    """The reading a landed record was made of, where it is still kept and can be understood."""
    from pydantic import ValidationError

    try:
        kept = steps.kept_reading(settings, key.file_sha256, key.parser_version)
    except ValidationError as error:
        log.warning("%s: its reading is of another version (%s)", key.file_sha256[:16], error)
        return None
    if kept is None or (kept.catalogue_version, kept.decisions_version) != (
        key.catalogue_version,
        key.decisions_version,
    ):
        return None
    return kept

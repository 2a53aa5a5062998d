"""Loading (入库): committed batches of landing into the schema ``raw``, by difference."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from pydantic import BaseModel

from store import Store
from warehouse.database import DEFAULT_TIMEOUT, exclusive, opened
from warehouse.decisions import load_decisions
from warehouse.errors import LandingError, LoadError
from warehouse.landing import Batch, commit_files, commits, read_table, verified
from warehouse.layout import Layout
from warehouse.schema import DECIDED, FETCH, LANDED, RAW, SEEN, STEP, RawTable

__all__ = ["LoadReport", "discard", "load", "outdated", "rebuild"]

log = logging.getLogger(__name__)

BATCHES_AT_ONCE = 50


@dataclass
class LoadReport:
    """What was loaded: batches, rows a table, fetch rows that were new, seconds.

    ``rebuilt`` says why everything was loaded anew, where it was: the warehouse was made by
    another version of the program.
    """

    batches: list[str] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    fetches: int = 0
    rebuilt: str | None = None
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def load(
    layout: Layout,
    fetch_rows: Iterable[Mapping[str, Any]] = (),
    *,
    decisions: Path | None = None,
    seen: Iterable[tuple[str, datetime, datetime]] | None = None,
    steps: Iterable[Mapping[str, Any]] = (),
    timeout: float = DEFAULT_TIMEOUT,
) -> LoadReport:
    """Bring every committed batch and every fetch row that is not there yet into ``raw``.

    One transaction: a kill leaves the warehouse as it was. Idempotent: a batch is in ``raw`` whole
    or not at all, fetch rows are known by their content. Raises LoadError
    where landing is damaged or has lost a batch that is loaded. ``decisions``: the folder of
    reviewed decisions (``warehouse.decisions``), taken over as it stands; not given, those held
    stay. Raises DecisionsError where it cannot be used. ``seen``: (finding id, first, last seen) of
    the ledger, likewise. ``steps``: outcome rows of the night's steps, for ``quality.night``.
    """
    clock = time.monotonic()
    decided = None if decisions is None else load_decisions(decisions)
    report = LoadReport()
    with exclusive(layout, timeout):
        report.rebuilt = outdated(layout)
        if report.rebuilt:
            log.warning("%s; it is built anew from landing", report.rebuilt)
            _forget(layout)
        with opened(layout) as con:
            _load(con, layout, fetch_rows, decided=decided, seen=seen, report=report)
            _load_steps(con, steps)
    report.seconds = round(time.monotonic() - clock, 3)
    return report


def _load(
    con: duckdb.DuckDBPyConnection,
    layout: Layout,
    fetch_rows: Iterable[Mapping[str, Any]],
    *,
    decided: Sequence[Sequence[BaseModel]] | None,
    seen: Iterable[tuple[str, datetime, datetime]] | None,
    report: LoadReport,
) -> None:
    create(con)
    known = {row[0] for row in con.execute("select batch_id from raw.raw_batch").fetchall()}
    try:
        lost = known - commit_files(layout).keys()
        if lost:
            raise LoadError(
                f"landing has lost {len(lost)} batches that are loaded ({sorted(lost)[0]} …). "
                f"Check {layout.landing_root}; if they are gone for good, rebuild the "
                "warehouse from what landing holds."
            )
        waiting = commits(layout, besides=known)
        con.begin()
        for start in range(0, len(waiting), BATCHES_AT_ONCE):
            _load_batches(con, layout.landing, waiting[start : start + BATCHES_AT_ONCE], report)
        report.fetches = _load_fetches(con, fetch_rows)
        if decided is not None:
            _load_decisions(con, decided)
        if seen is not None:
            _load_seen(con, seen)
        con.commit()
    except LandingError as error:
        con.rollback()
        raise LoadError(str(error)) from error
    except BaseException:
        if _in_transaction(con):
            con.rollback()
        raise


def rebuild(
    layout: Layout,
    fetch_rows: Iterable[Mapping[str, Any]] = (),
    *,
    decisions: Path | None = None,
    timeout: float = DEFAULT_TIMEOUT,
) -> LoadReport:
    """Throw the working warehouse away and load all of landing again."""
    with exclusive(layout, timeout):
        _forget(layout)
    return load(layout, fetch_rows, decisions=decisions, timeout=timeout)


def outdated(layout: Layout) -> str | None:
    """Why the working warehouse cannot be added to: another version of the program made it, and
    its raw tables have other columns. None where it fits or there is none."""
    if not layout.warehouse_path.exists():
        return None
    with opened(layout) as con:
        return _difference(con)


def discard(layout: Layout, *, timeout: float = DEFAULT_TIMEOUT) -> None:
    """Delete the working warehouse, what is gathered from it and the scratch of its builds.

    Rows deleted inside a DuckDB file stay on the disk, and a publication is a copy of the gathered
    file's bytes.
    """
    with exclusive(layout, timeout):
        _forget(layout)
        shutil.rmtree(layout.build_path, ignore_errors=True)


def _forget(layout: Layout) -> None:
    """The file is removed, not emptied: a DuckDB file does not shrink."""
    layout.warehouse_path.with_name(layout.warehouse_path.name + ".wal").unlink(missing_ok=True)
    layout.warehouse_path.unlink(missing_ok=True)


def _difference(con: duckdb.DuckDBPyConnection) -> str | None:
    existing: dict[str, dict[str, str]] = {}
    for table, column, kind in con.execute(
        "select table_name, column_name, lower(data_type) from information_schema.columns"
        " where table_schema = 'raw' order by ordinal_position"
    ).fetchall():
        existing.setdefault(table, {})[column] = kind
    for table in RAW:
        held = existing.get(table.name)
        if held is None:
            continue
        declared = {c.name: c.type for c in table.columns}
        if differing := sorted(
            c for c in held.keys() | declared.keys() if held.get(c) != declared.get(c)
        ):
            return (
                f"the warehouse was made by another version: raw.{table.name} has other columns "
                f"than this one declares ({', '.join(differing)})"
            )
    return None


def create(con: duckdb.DuckDBPyConnection) -> None:
    """The schema ``raw`` and its tables, where they are missing."""
    con.execute("create schema if not exists raw")
    difference = _difference(con)
    if difference:
        raise LoadError(f"{difference}. Load again: that builds it anew from landing.")
    for table in RAW:
        con.execute(table.ddl())
        for comment in table.comments():
            con.execute(comment)
    con.execute(
        "create table if not exists raw.raw_batch"
        " (batch_id varchar, sequence bigint, committed_at timestamp, record_count integer)"
    )


def _in_transaction(con: duckdb.DuckDBPyConnection) -> bool:
    try:
        con.begin()
    except duckdb.TransactionException:
        return True
    con.rollback()
    return False


def _load_batches(
    con: duckdb.DuckDBPyConnection, store: Store, batches: Sequence[Batch], report: LoadReport
) -> None:
    """Every table of all the batches by one statement; none of them is in ``raw`` before."""
    for table in LANDED:
        holding = [b for b in batches if table.name in b.rows]
        if not holding:
            continue
        count = sum(b.rows[table.name] for b in holding)
        if store.is_local:
            for batch in holding:
                verified(store, batch, table.name)
            files = [
                str(store.local_path(Layout.landing_file(table.name, b.files))) for b in holding
            ]
            rows = con.read_parquet(files)
        else:
            rows = pa.concat_tables(  # noqa: F841
                [read_table(store, b, table.name) for b in holding]
            )
        loaded = con.execute(
            f"insert into raw.{table.name} by name select * from rows"  # noqa: S608
        ).fetchone()
        if loaded is None or int(loaded[0]) != count:
            raise LoadError(
                f"{table.name}: {loaded and loaded[0]} of {count} rows arrived from batches "
                f"{holding[0].batch_id} … {holding[-1].batch_id}. Nothing was loaded; load again."
            )
        report.rows[table.name] = report.rows.get(table.name, 0) + count
    con.executemany(
        "insert into raw.raw_batch values (?, ?, ?, ?)",
        [
            [
                batch.batch_id,
                batch.sequence,
                _utc(datetime.fromisoformat(batch.committed_at)),
                len(batch.keys),
            ]
            for batch in batches
        ],
    )
    report.batches += [batch.batch_id for batch in batches]


def _load_decisions(con: duckdb.DuckDBPyConnection, decided: Sequence[Sequence[BaseModel]]) -> None:
    for table, entries in zip(DECIDED, decided, strict=True):
        con.execute(f"delete from raw.{table.name}")  # noqa: S608
        marks = ", ".join("?" * len(table.columns))
        for entry in entries:
            held = entry.model_dump()
            con.execute(
                f"insert into raw.{table.name} values ({marks})",  # noqa: S608
                [held[name] for name in table.names],
            )


def _insert(
    con: duckdb.DuckDBPyConnection,
    table: RawTable,
    rows: Sequence[Mapping[str, Any]],
    *,
    known_by: str | None = None,
) -> int:
    """Rows of a table into ``raw``, and how many; those whose ``known_by`` is there stay out."""
    if not rows:
        return 0
    columns = {name: [row.get(name) for row in rows] for name in table.names}
    given = pa.Table.from_pydict(columns, schema=table.arrow)  # noqa: F841
    known = (
        f" where {known_by} not in (select {known_by} from raw.{table.name})"  # noqa: S608
        if known_by
        else ""
    )
    done = con.execute(
        f"insert into raw.{table.name} by name select * from given{known}"  # noqa: S608
    ).fetchone()
    return int(done[0]) if done else 0


def _load_steps(con: duckdb.DuckDBPyConnection, given: Iterable[Mapping[str, Any]]) -> None:
    rows = {row["step_id"]: row for row in map(_step_row, given)}
    _insert(con, STEP, list(rows.values()), known_by="step_id")


def _step_row(given: Mapping[str, Any]) -> dict[str, Any]:
    """One outcome row of a step; what it says in words stays in the ledger."""
    result = given.get("result") or {}
    name = str(given["step"]).partition(" ")[0]
    told = f"{given['step']}|{given['run_id']}|{given['started_at']}"
    return {
        "step_id": hashlib.sha256(told.encode()).hexdigest()[:32],
        "step": name,
        "run_id": given["run_id"],
        "started_at": _utc(datetime.fromisoformat(str(given["started_at"]))),
        "seconds": float(given["seconds"]),
        "is_success": bool(given["success"]),
        "new_files": (result.get("fetches") or {}).get("new") if name == "close_crawl" else None,
        "documents": result.get("documents") if name == "parse_batch" else None,
        "findings_new": result.get("findings_new") if name == "tell" else None,
    }


def _load_seen(
    con: duckdb.DuckDBPyConnection, seen: Iterable[tuple[str, datetime, datetime]]
) -> None:
    con.execute(f"delete from raw.{SEEN.name}")  # noqa: S608
    rows = [(finding_id, _utc(first), _utc(last)) for finding_id, first, last in seen]
    _insert(con, SEEN, [dict(zip(SEEN.names, row, strict=True)) for row in rows])


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def _load_fetches(con: duckdb.DuckDBPyConnection, fetch_rows: Iterable[Mapping[str, Any]]) -> int:
    rows = {row["fetch_id"]: row for row in map(_fetch_row, fetch_rows)}
    return _insert(con, FETCH, list(rows.values()), known_by="fetch_id")


def _fetch_row(given: Mapping[str, Any]) -> dict[str, Any]:
    """One fetch row in the types of ``raw_fetch``; further fields are the archive's own."""
    row: dict[str, Any] = {name: given.get(name) for name in FETCH.names}
    content = json.dumps(dict(given), ensure_ascii=False, sort_keys=True, default=str)
    row["fetch_id"] = hashlib.sha256(content.encode()).hexdigest()[:32]
    when = row["fetched_at"]
    if isinstance(when, str):
        when = datetime.fromisoformat(when)
    if not isinstance(when, datetime):
        raise LoadError(f"a fetch row of {given.get('url')} has no time ({when!r})")
    row["fetched_at"] = _utc(when) if when.tzinfo else when
    published = row["published_on"]
    if isinstance(published, str):
        published = date.fromisoformat(published[:10]) if published else None
    row["published_on"] = published
    return row

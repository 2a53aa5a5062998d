"""Loading (入库): committed batches of landing into the schema ``raw``, by difference."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from pydantic import BaseModel

from warehouse.database import DEFAULT_TIMEOUT, writer
from warehouse.decisions import load_decisions
from warehouse.errors import LandingError, LoadError
from warehouse.landing import Batch, commits, read_table
from warehouse.layout import Layout
from warehouse.schema import DECIDED, FETCH, LANDED, RAW

__all__ = ["LoadReport", "load", "rebuild"]


@dataclass
class LoadReport:
    """What was loaded: batches, rows a table, fetch rows that were new, seconds."""

    batches: list[str] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    fetches: int = 0
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def load(
    layout: Layout,
    fetch_rows: Iterable[Mapping[str, Any]] = (),
    *,
    decisions: Path | None = None,
    timeout: float = DEFAULT_TIMEOUT,
) -> LoadReport:
    """Bring every committed batch and every fetch row that is not there yet into ``raw``.

    One transaction: a kill leaves the warehouse as it was. Idempotent: rows of a batch are
    deleted before they are inserted, fetch rows are known by their content. Raises LoadError
    where landing is damaged or has lost a batch that is loaded. ``decisions``: the folder of
    reviewed decisions (``warehouse.decisions``), taken over as it stands; not given, those held
    stay. Raises DecisionsError where it cannot be used.
    """
    clock = time.monotonic()
    decided = None if decisions is None else load_decisions(decisions)
    report = LoadReport()
    store = layout.landing
    with writer(layout, timeout) as con:
        create(con)
        known = {row[0] for row in con.execute("select batch_id from raw.raw_batch").fetchall()}
        try:
            committed = commits(layout)
            lost = known - {b.batch_id for b in committed}
            if lost:
                raise LoadError(
                    f"landing has lost {len(lost)} batches that are loaded ({sorted(lost)[0]} …). "
                    f"Check {layout.landing_root}; if they are gone for good, rebuild the "
                    "warehouse from what landing holds."
                )
            con.begin()
            for batch in committed:
                if batch.batch_id not in known:
                    _load_batch(con, store, batch, report)
            report.fetches = _load_fetches(con, fetch_rows)
            if decided is not None:
                _load_decisions(con, decided)
            con.commit()
        except LandingError as error:
            con.rollback()
            raise LoadError(str(error)) from error
        except BaseException:
            if _in_transaction(con):
                con.rollback()
            raise
    report.seconds = round(time.monotonic() - clock, 3)
    return report


def rebuild(
    layout: Layout,
    fetch_rows: Iterable[Mapping[str, Any]] = (),
    *,
    decisions: Path | None = None,
    timeout: float = DEFAULT_TIMEOUT,
) -> LoadReport:
    """Throw the working warehouse away and load all of landing again."""
    with writer(layout, timeout) as con:
        for schema in ("raw", "staging", "intermediate", "marts", "quality", "meta"):
            con.execute(f"drop schema if exists {schema} cascade")
    return load(layout, fetch_rows, decisions=decisions, timeout=timeout)


def create(con: duckdb.DuckDBPyConnection) -> None:
    """The schema ``raw`` and its tables, where they are missing."""
    con.execute("create schema if not exists raw")
    existing: dict[str, list[str]] = dict(
        con.execute(
            "select table_name, list(column_name order by ordinal_position)"
            " from information_schema.columns where table_schema = 'raw' group by 1"
        ).fetchall()
    )
    for table in RAW:
        held = existing.get(table.name)
        if held is not None and held != table.names:
            raise LoadError(
                f"raw.{table.name} has other columns than this version declares "
                f"({sorted(set(held) ^ set(table.names))}). Rebuild the warehouse from landing."
            )
        if held is None:
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


def _load_batch(
    con: duckdb.DuckDBPyConnection, store: Any, batch: Batch, report: LoadReport
) -> None:
    for table in LANDED:
        con.execute(f"delete from raw.{table.name} where batch_id = ?", [batch.batch_id])  # noqa: S608
        if table.name not in batch.rows:
            continue
        rows = read_table(store, batch, table.name)
        if rows.schema.names != table.names:
            raise LoadError(
                f"batch {batch.batch_id} holds {table.name} with other columns than this version "
                f"declares ({sorted(set(rows.schema.names) ^ set(table.names))}). Land its "
                "documents again: delete the commit file and parse."
            )
        con.register("landed_rows", rows)
        con.execute(f"insert into raw.{table.name} by name select * from landed_rows")  # noqa: S608
        con.unregister("landed_rows")
        report.rows[table.name] = report.rows.get(table.name, 0) + rows.num_rows
    con.execute(
        "insert into raw.raw_batch values (?, ?, ?, ?)",
        [
            batch.batch_id,
            batch.sequence,
            datetime.fromisoformat(batch.committed_at).astimezone(UTC).replace(tzinfo=None),
            len(batch.keys),
        ],
    )
    report.batches.append(batch.batch_id)


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


def _load_fetches(con: duckdb.DuckDBPyConnection, fetch_rows: Iterable[Mapping[str, Any]]) -> int:
    rows = {row["fetch_id"]: row for row in map(_fetch_row, fetch_rows)}
    if not rows:
        return 0
    columns = {name: [row.get(name) for row in rows.values()] for name in FETCH.names}
    con.register("fetch_rows", pa.Table.from_pydict(columns, schema=FETCH.arrow))
    done = con.execute(
        "insert into raw.raw_fetch by name select * from fetch_rows"
        " where fetch_id not in (select fetch_id from raw.raw_fetch)"
    ).fetchone()
    con.unregister("fetch_rows")
    return int(done[0]) if done else 0


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
    row["fetched_at"] = when.astimezone(UTC).replace(tzinfo=None) if when.tzinfo else when
    published = row["published_on"]
    if isinstance(published, str):
        published = date.fromisoformat(published[:10]) if published else None
    row["published_on"] = published
    return row

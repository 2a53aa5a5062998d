"""Gathering (汇集): what is to be published, in one DuckDB file that older drivers can read.

The file is kept from night to night and brought up to date by difference, in one transaction. The
rows of documents that changed (``intermediate.int_document_change``) are taken out and put in
again; tables that are no sum of documents (dimensions, coverage, findings) are compared by their
checksum and written anew where it differs. Checksums add up over rows, whatever their order, so
they follow the difference too: of every row that comes, as it is in the warehouse and as it
arrived, and of every row that goes. They are kept in the file by table and fiscal year
(``meta.content``), and readers find them there.

A file made by another build from nothing, by another DuckDB, or damaged, is thrown away and
gathered from the first row.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import duckdb

from warehouse.database import limit_memory
from warehouse.errors import PublishError
from warehouse.layout import Layout

__all__ = ["STORAGE_VERSION", "Content", "Part", "gather", "quoted"]

log = logging.getLogger(__name__)

SCHEMAS = ("marts", "quality", "meta")
PRIVATE = ("progress", "taken")
STORAGE_VERSION = "v1.0.0"
"""The oldest BI drivers open it; files in the format of DuckDB 2.0 they do not."""
NO_YEAR = "__HIVE_DEFAULT_PARTITION__"
MOST_HOLES = 0.3
FEW_BLOCKS = 400
"""A larger share of the file's blocks (of 256 KiB) that hold nothing any more: it is gathered anew,
unless it is small."""

Sums = dict[int | None, tuple[int, int]]
"""fiscal year → (rows, sum of their hashes); None for rows without one."""


@dataclass(frozen=True)
class Part:
    """Rows of one table and fiscal year, and the Parquet file they are published in."""

    schema: str
    table: str
    by_year: bool
    year: int | None
    rows: int
    checksum: str

    @property
    def file(self) -> str:
        stem = f"parquet/{self.schema}/{self.table}"
        if not self.by_year:
            return f"{stem}.parquet"
        return f"{stem}/fiscal_year={NO_YEAR if self.year is None else self.year}/part.parquet"

    @property
    def where(self) -> str:
        if not self.by_year:
            return ""
        return (
            f"where fiscal_year is not distinct from {'null' if self.year is None else self.year}"
        )


@dataclass
class Content:
    """Everything that is gathered, in the order of names."""

    parts: list[Part] = field(default_factory=list)

    def by_table(self) -> dict[str, list[Part]]:
        tables: dict[str, list[Part]] = {}
        for part in self.parts:
            tables.setdefault(f"{part.schema}.{part.table}", []).append(part)
        return tables


@dataclass(frozen=True)
class _Table:
    """A table or view of the warehouse. ``by_document``: its rows follow the changes of documents."""

    schema: str
    name: str
    by_document: bool
    shape: str

    @property
    def by_year(self) -> bool:
        return self.by_document and "fiscal_year " in self.shape

    @property
    def kind(self) -> str:
        """What sums of it are sums of; where that changes, it is gathered anew."""
        return f"{'by document' if self.by_document else 'whole'}: {self.shape}"

    @property
    def source(self) -> str:
        return quoted(self.schema, self.name)

    @property
    def target(self) -> str:
        return f"gathered.{quoted(self.schema, self.name)}"

    @property
    def year(self) -> str:
        return "fiscal_year" if self.by_year else "cast(null as integer)"


def quoted(schema: str, table: str) -> str:
    return f'"{schema}"."{table}"'


def gather(layout: Layout) -> Content:
    """Bring the file of the next publication up to what the warehouse holds.

    For who holds the right to write the warehouse. Raises PublishError where there are no marts,
    or where what arrived is not what was sent.
    """
    layout.gathered_path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(layout.warehouse_path), read_only=True) as con:
        con.execute("set timezone = 'UTC'; set preserve_insertion_order = false")
        limit_memory(con)
        if (
            _has(con, "meta", "build", "is_complete")
            and con.execute("select 1 from meta.build where not is_complete").fetchone()
        ):
            raise PublishError(
                "the last build did not end: some tables hold its documents and others do not. "
                "Build again (it goes on where it was), then publish."
            )
        tables = _tables(con)
        if not any(t.schema == "marts" for t in tables):
            raise PublishError("the warehouse holds no marts: build it first")
        mark = _mark(con)
        with _attached(con, layout, mark) as fresh:
            if fresh:
                log.info("gathering the publication from the first row")
            content = _bring_up_to_date(con, tables, mark)
    return content


# --- the file ---------------------------------------------------------------------------------


def _mark(con: duckdb.DuckDBPyConnection) -> str:
    """Names the build from nothing that the warehouse's numbers of changes belong to."""
    built = "select epoch from meta.build" if _has(con, "meta", "build", "epoch") else "select ''"
    epochs = sorted(str(e) for (e,) in con.execute(built).fetchall())
    return hashlib.sha256(f"{duckdb.__version__}|{STORAGE_VERSION}|{epochs}".encode()).hexdigest()


def _has(con: duckdb.DuckDBPyConnection, schema: str, table: str, column: str) -> bool:
    return bool(
        con.execute(
            "select 1 from duckdb_columns() where database_name = current_database()"
            " and schema_name = ? and table_name = ? and column_name = ?",
            [schema, table, column],
        ).fetchone()
    )


@contextmanager
def _attached(con: duckdb.DuckDBPyConnection, layout: Layout, mark: str) -> Iterator[bool]:
    """The gathered file as the database ``gathered``; gives whether it is new."""
    path = str(layout.gathered_path).replace("'", "''")
    attach = f"attach '{path}' as gathered (read_write, storage_version '{STORAGE_VERSION}')"
    fresh = not layout.gathered_path.exists()
    if not fresh:
        try:
            con.execute(attach)
            fresh = not _fits(con, mark)
        except duckdb.Error as error:
            log.warning("%s cannot be used (%s)", layout.gathered_path, error)
            fresh = True
        if fresh:
            con.execute("detach database if exists gathered")
    if fresh:
        for leftover in layout.gathered_path.parent.glob(f"{layout.gathered_path.name}*"):
            leftover.unlink()
        con.execute(attach)
        con.execute("begin")
        for schema in SCHEMAS:
            con.execute(f"create schema gathered.{schema}")
        con.execute(
            "create table gathered.meta.content (table_schema varchar, table_name varchar,"
            " fiscal_year integer, row_count bigint, row_sum hugeint, kind varchar)"
        )
        con.execute(
            "comment on table gathered.meta.content is '发布内容 rows and their checksum (sum of"
            " the hashes of rows), by table and fiscal year'"
        )
        con.execute("create table gathered.meta.taken (mark varchar, taken_until bigint)")
        con.execute("insert into gathered.meta.taken values (?, 0)", [mark])
        con.execute("commit")
    try:
        yield fresh
        con.execute("checkpoint gathered")
    finally:
        con.execute("detach gathered")


def _fits(con: duckdb.DuckDBPyConnection, mark: str) -> bool:
    held = con.execute("select mark from gathered.meta.taken").fetchall()
    total, free = con.execute(
        "select total_blocks, free_blocks from pragma_database_size()"
        " where database_name = 'gathered'"
    ).fetchone() or (0, 0)
    return held == [(mark,)] and (total < FEW_BLOCKS or free <= MOST_HOLES * total)


# --- the content ------------------------------------------------------------------------------


def _tables(con: duckdb.DuckDBPyConnection) -> list[_Table]:
    """What is published. A table follows the documents where the build notes of it how far it has
    taken their changes; every other is compared as a whole."""
    followers: set[str] = set()
    if _has(con, "meta", "progress", "model") and _has(
        con, "intermediate", "int_document_change", "changed_in"
    ):
        followers = {m for (m,) in con.execute("select model from meta.progress").fetchall()}
    rows = con.execute(
        "select table_schema, table_name, string_agg(column_name || ' ' || data_type, ','"
        " order by ordinal_position) from information_schema.columns"
        " where table_catalog = current_database() and table_schema in (select unnest(?))"
        " group by all order by 1, 2",
        [list(SCHEMAS)],
    ).fetchall()
    return [
        _Table(schema, name, name in followers and "document_id " in shape, shape)
        for schema, name, shape in rows
        if not (schema == "meta" and name in PRIVATE)
    ]


def _bring_up_to_date(
    con: duckdb.DuckDBPyConnection, tables: Sequence[_Table], mark: str
) -> Content:
    con.execute("begin")
    try:
        _note_touched(con)
        held = _held(con)
        comments = _comments(con)
        content = Content()
        for table in tables:
            before = held.pop((table.schema, table.name), None)
            if before is not None and table.by_document and before[0] == table.kind:
                sums = _exchange(con, table, before[1])
            else:
                sums = _whole(con, table, before, comments)
            for year, (count, total) in sorted(
                sums.items(), key=lambda item: (item[0] is not None, item[0] or 0)
            ):
                digest = hashlib.sha256(f"{table.shape}|{count}|{total}".encode())
                content.parts.append(
                    Part(
                        table.schema,
                        table.name,
                        table.by_year,
                        year,
                        count,
                        digest.hexdigest()[:32],
                    )
                )
        for schema, name in held:  # no longer in the warehouse
            con.execute(f"drop table gathered.{quoted(schema, name)}")
            con.execute(
                "delete from gathered.meta.content where table_schema = ? and table_name = ?",
                [schema, name],
            )
        con.execute(
            "update gathered.meta.taken set taken_until = (select max(until) from touched_until)"
        )
        con.execute("commit")
    except BaseException:
        con.execute("rollback")
        raise
    return content


def _note_touched(con: duckdb.DuckDBPyConnection) -> None:
    """The documents that changed since this file last took any, by a table for this connection."""
    if _has(con, "intermediate", "int_document_change", "changed_in"):
        con.execute(
            "create or replace temp table touched as select document_id"
            " from intermediate.int_document_change"
            " where changed_in > (select taken_until from gathered.meta.taken)"
        )
        con.execute(
            "create or replace temp table touched_until as"
            " select coalesce(max(changed_in), 0) as until from intermediate.int_document_change"
        )
    else:
        con.execute("create or replace temp table touched (document_id varchar)")
        con.execute("create or replace temp table touched_until as select 0 as until")


def _held(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], tuple[str, Sums]]:
    held: dict[tuple[str, str], tuple[str, Sums]] = {}
    for schema, name, year, count, total, kind in con.execute(
        "select table_schema, table_name, fiscal_year, row_count, row_sum, kind"
        " from gathered.meta.content"
    ).fetchall():
        held.setdefault((schema, name), (kind, {}))[1][year] = (int(count), int(total))
    return held


def _sums(con: duckdb.DuckDBPyConnection, table: _Table, relation: str, where: str = "") -> Sums:
    found = con.execute(
        f"select {table.year}, count(*), coalesce(sum(hash(t)::hugeint), 0)"  # noqa: S608
        f" from {relation} as t {where} group by 1"
    ).fetchall()
    return {year: (int(count), int(total)) for year, count, total in found} or {None: (0, 0)}


def _exchange(con: duckdb.DuckDBPyConnection, table: _Table, before: Sums) -> Sums:
    """Rows of touched documents go and come again; the sums follow."""
    if not con.execute("select 1 from touched limit 1").fetchone():
        return before
    where = "where document_id in (select document_id from touched)"
    going = _sums(con, table, table.target, where)
    if any(count for count, _ in going.values()):
        con.execute(f"delete from {table.target} {where}")  # noqa: S608
    coming = _sums(con, table, table.source, where)
    con.execute(f"insert into {table.target} select * from {table.source} {where}")  # noqa: S608
    arrived = _sums(con, table, table.target, where)
    _compare(table, coming, arrived)
    after: Sums = {}
    for year in {*before, *going, *coming}:
        count, total = (
            before.get(year, (0, 0))[i] - going.get(year, (0, 0))[i] + coming.get(year, (0, 0))[i]
            for i in (0, 1)
        )
        if count or total:
            after[year] = (count, total)
    after = after or {None: (0, 0)}
    (rows,) = con.execute(f"select count(*) from {table.target}").fetchone() or (0,)  # noqa: S608
    (due,) = con.execute(f"select count(*) from {table.source}").fetchone() or (0,)  # noqa: S608
    if not rows == due == sum(count for count, _ in after.values()):
        raise PublishError(
            f"{table.schema}.{table.name}: the warehouse holds {due} rows, {rows} were gathered. "
            "Not published; delete build/gathered.duckdb in the data folder and publish again: it "
            "is then gathered from the first row. If that fails too, build the warehouse anew."
        )
    _note(con, table, after)
    return after


def _whole(
    con: duckdb.DuckDBPyConnection,
    table: _Table,
    before: tuple[str, Sums] | None,
    comments: dict[tuple[str, str], list[tuple[str | None, str]]],
) -> Sums:
    """The table as it stands, written where it differs from what is held."""
    due = _sums(con, table, table.source)
    if before is not None and before == (table.kind, due):
        return due
    con.execute(f"create or replace table {table.target} as from {table.source}")
    _compare(table, due, _sums(con, table, table.target))
    for column, text in comments.get((table.schema, table.name), []):
        told = text.replace("'", "''")
        if column is None:
            con.execute(f"comment on table {table.target} is '{told}'")
        else:
            con.execute(f"comment on column {table.target}.\"{column}\" is '{told}'")
    _note(con, table, due)
    return due


def _compare(table: _Table, sent: Sums, arrived: Sums) -> None:
    if sent != arrived:
        raise PublishError(
            f"{table.schema}.{table.name}: what was gathered is not what the warehouse holds "
            f"({sent} sent, {arrived} arrived). Nothing was published; publish again."
        )


def _note(con: duckdb.DuckDBPyConnection, table: _Table, sums: Sums) -> None:
    con.execute(
        "delete from gathered.meta.content where table_schema = ? and table_name = ?",
        [table.schema, table.name],
    )
    con.executemany(
        "insert into gathered.meta.content values (?, ?, ?, ?, ?, ?)",
        [
            [table.schema, table.name, year, count, total, table.kind]
            for year, (count, total) in sums.items()
        ],
    )


def _comments(
    con: duckdb.DuckDBPyConnection,
) -> dict[tuple[str, str], list[tuple[str | None, str]]]:
    """What a BI tool shows beside a table and a column."""
    found: dict[tuple[str, str], list[tuple[str | None, str]]] = {}
    rows: list[tuple[Any, ...]] = con.execute(
        "select schema_name, table_name, null, comment from duckdb_tables()"
        " where comment is not null and database_name = current_database()"
        " union all select schema_name, view_name, null, comment from duckdb_views()"
        " where comment is not null and database_name = current_database()"
        " union all select schema_name, table_name, column_name, comment from duckdb_columns()"
        " where comment is not null and database_name = current_database()"
    ).fetchall()
    for schema, name, column, comment in rows:
        found.setdefault((schema, name), []).append((column, comment))
    return found

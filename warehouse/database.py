"""Opening the warehouse: one writer at a time, readers on a copy that never changes."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import duckdb
from filelock import FileLock, Timeout

from warehouse.errors import WarehouseBusyError
from warehouse.layout import Layout

__all__ = ["exclusive", "opened", "reader", "writer"]

DEFAULT_TIMEOUT = 900.0


@contextmanager
def exclusive(layout: Layout, timeout: float = DEFAULT_TIMEOUT) -> Iterator[None]:
    """Hold the right to write the working warehouse; ``timeout`` in seconds.

    The lock belongs to the process: it ends with it, also when it is killed. Raises
    WarehouseBusyError naming the holder's process, host and since when it writes.
    """
    layout.root.mkdir(parents=True, exist_ok=True)
    holder = layout.lock_path.with_suffix(".holder.json")
    lock = FileLock(layout.lock_path, is_singleton=False)
    try:
        lock.acquire(timeout=timeout)
    except Timeout as error:
        raise WarehouseBusyError(
            f"{layout.warehouse_path} is being written by {_holder(holder)}; "
            f"waited {timeout:g} s. Let it end, or end that process: its work is found again."
        ) from error
    try:
        holder.write_text(
            json.dumps(
                {
                    "pid": os.getpid(),
                    "host": socket.gethostname(),
                    "since": datetime.now(UTC).isoformat(timespec="seconds"),
                }
            )
        )
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _holder(path: os.PathLike[str]) -> str:
    try:
        with open(path, encoding="utf-8") as f:
            held = json.load(f)
        return f"process {held['pid']} on {held['host']} since {held['since']}"
    except (OSError, ValueError, KeyError):
        return "another process (it has not said which)"


@contextmanager
def writer(layout: Layout, timeout: float = DEFAULT_TIMEOUT) -> Iterator[duckdb.DuckDBPyConnection]:
    """The working warehouse, opened for writing by nobody else. Raises WarehouseBusyError."""
    with exclusive(layout, timeout), opened(layout) as connection:
        yield connection


@contextmanager
def opened(layout: Layout) -> Iterator[duckdb.DuckDBPyConnection]:
    """The working warehouse, for who holds the right to write it (``exclusive``)."""
    try:
        connection = duckdb.connect(str(layout.warehouse_path))
    except duckdb.IOException as error:
        raise WarehouseBusyError(
            f"{layout.warehouse_path} is open elsewhere without the project's lock ({error}). "
            "Close the tool that holds it; BI tools read the published copy."
        ) from error
    try:
        connection.execute("set timezone = 'UTC'")
        limit_memory(connection)
        yield connection
    finally:
        connection.close()


def limit_memory(connection: duckdb.DuckDBPyConnection) -> None:
    """What does not fit into ``BUDGETS_DUCKDB_MEMORY`` (4GB) goes to disk beside the file."""
    limit = os.environ.get("BUDGETS_DUCKDB_MEMORY") or "4GB"
    connection.execute("set memory_limit = '" + limit.replace("'", "") + "'")


@contextmanager
def reader(layout: Layout, published: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to the published copy, or to the working warehouse.

    A reader of the published copy keeps the build it opened, whatever is published meanwhile.
    Raises FileNotFoundError where there is nothing yet, WarehouseBusyError where the working
    warehouse is being written.
    """
    path = layout.published_path if published else layout.warehouse_path
    path = path.resolve()  # the build itself, not the link: a swap does not reach this reader
    if not path.exists():
        kind = "published" if published else "working"
        raise FileNotFoundError(f"there is no {kind} warehouse at {path} yet: run the night first")
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.IOException as error:
        holder = _holder(layout.lock_path.with_suffix(".holder.json"))
        raise WarehouseBusyError(f"{path} is being written by {holder} ({error})") from error
    try:
        connection.execute("set timezone = 'UTC'")
        yield connection
    finally:
        connection.close()

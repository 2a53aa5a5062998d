"""Publishing (发布): a copy of marts and quality that readers open while the night works on.

A publication is built whole beside the others (``published/builds/<id>/``) and taken up by
renaming one symbolic link, ``published/current``; ``published/warehouse.duckdb`` and
``published/parquet`` hang on that link. A reader therefore sees one publication or the next,
never a mixture, and a kill at any point leaves the last good one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from warehouse import datapackage
from warehouse.build import project_version
from warehouse.database import DEFAULT_TIMEOUT, exclusive
from warehouse.errors import PublishError
from warehouse.layout import Layout

__all__ = ["Publication", "publications", "publish", "rollback"]

SCHEMAS = ("marts", "quality", "meta")
STORAGE_VERSION = "v1.0.0"  # the oldest BI drivers open it; files in 2.0's own format they do not
KEEP = 7


@dataclass
class Publication:
    """One published build. ``published`` is false where nothing had changed."""

    build_id: str
    published: bool
    content_key: str
    published_at: str
    rows: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def publish(
    layout: Layout,
    *,
    failures: Sequence[str] = (),
    keep: int = KEEP,
    timeout: float = DEFAULT_TIMEOUT,
) -> Publication:
    """Swap a new copy in whole, unless ``failures`` says why not or nothing has changed.

    ``failures``: what the gates found, one line each; any closes the way (PublishError), and
    the last good copy stays. ``keep``: how many publications stay for ``rollback``.
    """
    if failures:
        raise PublishError("not published: " + "; ".join(failures))
    clock = time.monotonic()
    with exclusive(layout, timeout):
        if not layout.warehouse_path.exists():
            raise PublishError(f"there is no warehouse at {layout.warehouse_path}: load and build")
        with duckdb.connect(str(layout.warehouse_path), read_only=True) as con:
            con.execute("set timezone = 'UTC'")
            relations = _relations(con)
            if not any(schema == "marts" for schema, _ in relations):
                raise PublishError("the warehouse holds no marts: build it first")
            checksums, rows = _checksums(con, relations)
            key = _content_key(checksums)
            held = _current(layout)
            if held is not None and held["content_key"] == key:
                return Publication(
                    held["build_id"], False, key, held["published_at"], held["rows"],
                    round(time.monotonic() - clock, 3),
                )  # fmt: skip
            now = datetime.now(UTC)
            build_id = f"{now:%Y%m%dT%H%M%S%f}Z-{key[:8]}"
            scratch = layout.builds_path / f".{build_id}.tmp"
            _sweep(layout)
            scratch.mkdir(parents=True)
            _copy(con, relations, scratch)
        _write_parquet(scratch, relations)
        files = _file_hashes(scratch)
        files |= datapackage.write(
            scratch, build_id=build_id, published_at=now.isoformat(timespec="seconds"), known=files
        )
        manifest = {
            "build_id": build_id,
            "published_at": now.isoformat(timespec="seconds"),
            "content_key": key,
            "dbt_project": project_version(),
            "duckdb": duckdb.__version__,
            "storage_version": STORAGE_VERSION,
            "rows": rows,
            "checksums": checksums,
            "files": files,
        }
        (scratch / "manifest.json").write_text(
            json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8"
        )
        _flush(scratch)
        scratch.rename(layout.builds_path / build_id)
        _take_up(layout, build_id)
        _drop_old(layout, keep)
    return Publication(
        build_id, True, key, str(manifest["published_at"]), rows, round(time.monotonic() - clock, 3)
    )


def publications(layout: Layout) -> list[str]:
    """The kept publications, oldest first; ids sort by time."""
    if not layout.builds_path.is_dir():
        return []
    return sorted(p.name for p in layout.builds_path.iterdir() if (p / "manifest.json").is_file())


def rollback(layout: Layout, build_id: str | None = None) -> str:
    """Take up an earlier publication again (the one before the current, or the one named).

    Returns its id. Raises PublishError where there is none.
    """
    with exclusive(layout):
        kept, held = publications(layout), _current(layout)
        if build_id is None:
            before = [b for b in kept if held is None or b < held["build_id"]]
            if not before:
                raise PublishError("there is no earlier publication to go back to")
            build_id = before[-1]
        if build_id not in kept:
            raise PublishError(f"publication {build_id} is not kept; there are: {', '.join(kept)}")
        _take_up(layout, build_id)
    return build_id


# --- parts ------------------------------------------------------------------------------------


def _relations(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    rows = con.execute(
        "select table_schema, table_name from information_schema.tables"
        " where table_schema in (select unnest(?)) order by 1, 2",
        [list(SCHEMAS)],
    ).fetchall()
    return [(schema, name) for schema, name in rows]


def _checksums(
    con: duckdb.DuckDBPyConnection, relations: Sequence[tuple[str, str]]
) -> tuple[dict[str, str], dict[str, int]]:
    """A checksum and a row count of every table; neither minds the order of rows."""
    checksums, rows = {}, {}
    for schema, name in relations:
        columns = con.execute(f'describe "{schema}"."{name}"').fetchall()
        shape = ",".join(f"{c[0]} {c[1]}" for c in columns)
        count, total = con.execute(
            f'select count(*), sum(hash(t)::hugeint) from "{schema}"."{name}" as t'  # noqa: S608
        ).fetchone() or (0, None)
        digest = hashlib.sha256(f"{shape}|{count}|{total}".encode()).hexdigest()
        checksums[f"{schema}.{name}"] = digest[:32]
        rows[f"{schema}.{name}"] = int(count)
    return checksums, rows


def _content_key(checksums: dict[str, str]) -> str:
    told = {name: c for name, c in checksums.items() if not name.startswith("meta.")}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]


def _copy(
    con: duckdb.DuckDBPyConnection, relations: Sequence[tuple[str, str]], folder: Path
) -> None:
    """Tables and views as tables, with their comments: what a BI tool shows beside a column."""
    target = str(folder / "warehouse.duckdb").replace("'", "''")
    con.execute(f"attach '{target}' as copy_ (read_write, storage_version '{STORAGE_VERSION}')")
    for schema in SCHEMAS:
        con.execute(f"create schema copy_.{schema}")
    comments = con.execute(
        "select schema_name, table_name, null, comment from duckdb_tables() where comment is not null"
        " union all select schema_name, view_name, null, comment from duckdb_views()"
        " where comment is not null"
        " union all select schema_name, table_name, column_name, comment from duckdb_columns()"
        " where comment is not null"
    ).fetchall()
    for schema, name in relations:
        con.execute(f'create table copy_."{schema}"."{name}" as from "{schema}"."{name}"')
    for schema, name, column, comment in comments:
        if (schema, name) not in relations:
            continue
        text = comment.replace("'", "''")
        where = f'copy_."{schema}"."{name}"'
        if column is None:
            con.execute(f"comment on table {where} is '{text}'")
        else:
            con.execute(f"comment on column {where}.\"{column}\" is '{text}'")
    con.execute("checkpoint copy_")
    con.execute("detach copy_")


def _write_parquet(folder: Path, relations: Sequence[tuple[str, str]]) -> None:
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as con:
        for schema, name in relations:
            path = folder / "parquet" / schema / f"{name}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            target = str(path).replace("'", "''")
            con.execute(
                f'copy "{schema}"."{name}" to \'{target}\' (format parquet, compression zstd)'
            )


def _file_hashes(folder: Path) -> dict[str, str]:
    hashes = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        with path.open("rb") as file:
            hashes[path.relative_to(folder).as_posix()] = hashlib.file_digest(
                file, "sha256"
            ).hexdigest()
    return hashes


def _flush(folder: Path) -> None:
    """Everything on disk before the link says so."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


def _current(layout: Layout) -> dict[str, Any] | None:
    try:
        text = (layout.current_path / "manifest.json").read_text(encoding="utf-8")
    except OSError:
        return None
    manifest: dict[str, Any] = json.loads(text)
    return manifest


def _take_up(layout: Layout, build_id: str) -> None:
    _link(layout.current_path, Path("builds") / build_id)
    _link(layout.published_path, Path("current") / "warehouse.duckdb")
    _link(layout.parquet_path, Path("current") / "parquet")
    for name in ("manifest.json", datapackage.FILE):
        _link(layout.published_root / name, Path("current") / name)


def _link(path: Path, target: Path) -> None:
    """Point the link at the target in one step; left alone where it already does."""
    if path.is_symlink() and Path(os.readlink(path)) == target:  # noqa: PTH115
        return
    if path.exists() and not path.is_symlink():
        raise PublishError(f"{path} is no link of a publication: move it away")
    scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    scratch.unlink(missing_ok=True)
    scratch.symlink_to(target)
    scratch.replace(path)


def _sweep(layout: Layout) -> None:
    """Remove what a kill left half built."""
    if layout.builds_path.is_dir():
        for path in layout.builds_path.glob(".*.tmp"):
            shutil.rmtree(path, ignore_errors=True)


def _drop_old(layout: Layout, keep: int) -> None:
    held = _current(layout)
    stays = set(publications(layout)[-keep:]) | {held["build_id"] if held else ""}
    for build_id in publications(layout):
        if build_id not in stays:
            shutil.rmtree(layout.builds_path / build_id, ignore_errors=True)

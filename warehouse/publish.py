"""Publishing (发布): a copy of marts and quality that readers open while the night works on.

A publication is built whole beside the others (``published/builds/<id>/``) and taken up by
renaming one symbolic link, ``published/current``; ``published/warehouse.duckdb`` and
``published/parquet`` hang on that link. A reader therefore sees one publication or the next,
never a mixture, and a kill at any point leaves the last good one.

What is published is first gathered in one DuckDB file of the old storage version, by difference:
the rows of documents that changed go and come again, small tables are written anew
(``warehouse.gathering``). A publication is then a plain copy of that file's bytes. Of the Parquet
files, those of a fiscal year of which no row changed are linked, not written.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from warehouse import datapackage
from warehouse.build import project_version
from warehouse.database import DEFAULT_TIMEOUT, exclusive
from warehouse.errors import PublishError
from warehouse.gathering import STORAGE_VERSION, Content, gather, quoted
from warehouse.layout import Layout

__all__ = ["Publication", "forget", "publications", "publish", "rollback"]

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
        content = gather(layout)
        key = _content_key(content)
        rows = {name: sum(p.rows for p in parts) for name, parts in content.by_table().items()}
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
        shutil.copyfile(layout.gathered_path, scratch / "warehouse.duckdb")
        files = _file_hashes(scratch, _write_parquet(layout, scratch, content, held))
        files |= datapackage.write(
            scratch, build_id=build_id, published_at=now.isoformat(timespec="seconds"), known=files
        )
        manifest = {
            "build_id": build_id,
            "published_at": now.isoformat(timespec="seconds"),
            "content_key": key,
            "dbt_project": project_version(),
            **_versions(layout),
            "duckdb": duckdb.__version__,
            "storage_version": STORAGE_VERSION,
            "rows": rows,
            "checksums": {
                name: _checksum([p.checksum for p in parts])
                for name, parts in content.by_table().items()
            },
            "files": files,
            "parts": {part.file: part.checksum for part in content.parts},
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


def forget(layout: Layout, file_sha256: str) -> list[str]:
    """Delete every publication that holds a file, the current one excepted; gives their ids.

    Raises PublishError where the current one holds it: publish without it first.
    """
    with exclusive(layout):
        _sweep(layout)
        held = _current(layout)
        holding = [b for b in publications(layout) if _holds(layout.builds_path / b, file_sha256)]
        if held is not None and held["build_id"] in holding:
            raise PublishError(
                f"publication {held['build_id']} is current and still holds {file_sha256[:16]}: "
                "mend what stops the publication, then forget it again"
            )
        for build_id in holding:
            shutil.rmtree(layout.builds_path / build_id)
    return holding


def _holds(folder: Path, file_sha256: str) -> bool:
    """Whether any table holds anything of the file (document ids begin with it).

    That it was met, and where, is no content: quality.outcome and quality.publication say it.
    """
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as con:
        columns = con.execute(
            "select schema_name, table_name, column_name from duckdb_columns()"
            " where column_name in ('document_id', 'file_sha256')"
            " and (schema_name, table_name) not in (('quality', 'outcome'), ('quality', 'publication'))"
        ).fetchall()
        return any(
            con.execute(
                f'select 1 from "{schema}"."{table}" where starts_with("{column}", ?) limit 1',  # noqa: S608
                [file_sha256],
            ).fetchone()
            for schema, table, column in columns
        )


# --- parts ------------------------------------------------------------------------------------


def _content_key(content: Content) -> str:
    told = {p.file: p.checksum for p in content.parts if p.schema != "meta"}
    return _checksum([json.dumps(told, sort_keys=True)])


def _checksum(texts: Iterable[str]) -> str:
    return hashlib.sha256("|".join(texts).encode()).hexdigest()[:32]


def _versions(layout: Layout) -> dict[str, Any]:
    """Versions of the program, of the readings and of the catalogue that the content rests on."""
    with duckdb.connect(str(layout.warehouse_path), read_only=True) as con:
        if not con.execute(
            "select 1 from duckdb_tables() where schema_name = 'raw' and table_name = 'raw_parse_outcome'"
        ).fetchone():
            return {"code": program_version(), "parsers": [], "catalogues": []}
        parsers, catalogues = con.execute(
            "select list(distinct parser_version order by parser_version),"
            " list(distinct catalogue_version order by catalogue_version)"
            " from raw.raw_parse_outcome"
        ).fetchone() or ([], [])
    return {"code": program_version(), "parsers": parsers or [], "catalogues": catalogues or []}


def program_version() -> str:
    """The version the program is installed as."""
    try:
        return importlib.metadata.version("county-budget-warehouse")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _write_parquet(
    layout: Layout, folder: Path, content: Content, held: Mapping[str, Any] | None
) -> dict[str, str]:
    """Every table as Parquet, one file a fiscal year where it has one; what has not changed since
    the publication before is linked. Returns the known hashes of linked files."""
    hashes: dict[str, str] = {}
    before = (held or {}).get("parts", {})
    same_program = (held or {}).get("duckdb") == duckdb.__version__
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as con:
        con.execute("set preserve_insertion_order = false")
        for part in content.parts:
            path = folder / part.file
            path.parent.mkdir(parents=True, exist_ok=True)
            earlier = layout.current_path / part.file
            digest = (held or {}).get("files", {}).get(part.file)
            if same_program and digest and before.get(part.file) == part.checksum:
                try:
                    os.link(earlier.resolve(), path)
                    hashes[part.file] = digest
                    continue
                except OSError:  # another file system, or one without links
                    path.unlink(missing_ok=True)
            target = str(path).replace("'", "''")
            con.execute(
                f"copy (select * from {quoted(part.schema, part.table)} {part.where}) to '{target}'"  # noqa: S608
                " (format parquet, compression zstd)"
            )
    return hashes


def _file_hashes(folder: Path, known: Mapping[str, str]) -> dict[str, str]:
    hashes = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        if name in known:
            hashes[name] = known[name]
            continue
        with path.open("rb") as file:
            hashes[name] = hashlib.file_digest(file, "sha256").hexdigest()
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

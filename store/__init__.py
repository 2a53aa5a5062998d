"""Bytes at rest: one small, atomic face over a local folder or an fsspec URL (``s3://…``).

Shared by the rooms that keep files (archive, parsed, landing, ledger). It knows nothing of
what the bytes mean.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec

__all__ = ["Store"]


class Store:
    """Files under one root. Writes are atomic: a reader sees the old bytes or the new ones.

    ``root`` is a local folder or a URL that fsspec knows. Paths are relative, with ``/``.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = str(root)
        self._fs: Any
        # another process may write at any time: a cached listing would hide its files
        self._fs, base = fsspec.core.url_to_fs(self.root, use_listings_cache=False)
        self._base = base.rstrip("/")
        self.is_local = "file" in (
            (self._fs.protocol,) if isinstance(self._fs.protocol, str) else self._fs.protocol
        )

    def _at(self, path: str) -> str:
        if path.startswith("/") or ".." in path.split("/"):
            raise ValueError(f"a store path is relative and stays inside its root: {path!r}")
        return f"{self._base}/{path}" if path else self._base

    def local_path(self, path: str = "") -> Path:
        """The file's place on this machine; only for a local store."""
        if not self.is_local:
            raise ValueError(f"{self.root} is not a local folder")
        return Path(self._at(path))

    def exists(self, path: str) -> bool:
        return bool(self._fs.exists(self._at(path)))

    def read_bytes(self, path: str) -> bytes:
        """Raises FileNotFoundError where there is no such file."""
        return bytes(self._fs.cat_file(self._at(path)))

    def write_bytes(self, path: str, data: bytes) -> None:
        """Write whole or not at all (object stores are atomic of themselves)."""
        target = self._at(path)
        if not self.is_local:
            self._fs.pipe_file(target, data)
            return
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        scratch = f"{target}.{uuid.uuid4().hex}.tmp"
        try:
            with open(scratch, "xb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            Path(scratch).replace(target)
        finally:
            Path(scratch).unlink(missing_ok=True)

    def append_line(self, path: str, line: str) -> None:
        """Add one line durably. The file must have one writer at a time.

        A line that a kill tore in half is closed with a newline first, so that it damages
        nothing but itself; readers skip what they cannot read and say so.
        """
        if "\n" in line:
            raise ValueError("one line at a time")
        target = self._at(path)
        data = line.encode() + b"\n"
        if not self.is_local:
            before = self.read_bytes(path) if self.exists(path) else b""
            self._fs.pipe_file(target, before + data)
            return
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        with open(target, "ab+") as out:
            if out.tell():
                out.seek(-1, os.SEEK_END)
                if out.read(1) != b"\n":
                    data = b"\n" + data
            out.write(data)
            out.flush()
            os.fsync(out.fileno())

    def list(self, prefix: str = "", suffix: str = "") -> Iterator[str]:
        """Relative paths below ``prefix``, sorted; unfinished writes are not shown."""
        top = self._at(prefix)
        if not self._fs.exists(top):
            return
        start = len(self._base) + 1
        for found in sorted(self._fs.find(top)):
            if found.endswith(suffix) and not found.endswith(".tmp"):
                yield found[start:]

    def delete(self, path: str) -> None:
        self._fs.rm_file(self._at(path))

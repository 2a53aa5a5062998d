"""The store: whole files or none, lines that survive a kill, paths that stay inside."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from store import Store


def test_write_is_whole_or_not_at_all(tmp_path: Path) -> None:
    kept = Store(tmp_path)
    kept.write_bytes("a/b.bin", b"old")

    with pytest.raises(TypeError):
        kept.write_bytes("a/b.bin", object())  # type: ignore[arg-type]
    assert kept.read_bytes("a/b.bin") == b"old"
    assert list(kept.list()) == ["a/b.bin"], "no scratch file stays behind"


def test_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Store(tmp_path).read_bytes("nothing")


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x"])
def test_paths_stay_inside(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValueError, match="stays inside"):
        Store(tmp_path).write_bytes(path, b"")


def test_append_after_a_torn_line_damages_only_that_line(tmp_path: Path) -> None:
    kept = Store(tmp_path)
    kept.append_line("log.jsonl", "one")
    with (tmp_path / "log.jsonl").open("ab") as out:
        out.write(b"tor")
    kept.append_line("log.jsonl", "two")
    assert kept.read_bytes("log.jsonl").decode().splitlines() == ["one", "tor", "two"]


def test_append_takes_one_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one line"):
        Store(tmp_path).append_line("log", "a\nb")


def test_remote_store_has_the_same_face() -> None:
    kept = Store("memory://bucket/prefix")
    kept.write_bytes("x/1", b"1")
    kept.append_line("x/log", "a")
    kept.append_line("x/log", "b")
    assert kept.read_bytes("x/1") == b"1"
    assert kept.read_bytes("x/log") == b"a\nb\n"
    assert list(kept.list("x")) == ["x/1", "x/log"]
    assert not kept.is_local


def test_a_killed_writer_leaves_the_old_bytes(tmp_path: Path) -> None:
    kept = Store(tmp_path)
    kept.write_bytes("big", b"old" * 10)
    script = (
        "import os, sys; from store import Store; import store\n"
        "real = os.fsync\n"
        "def die(fd): real(fd); os.kill(os.getpid(), 9)\n"
        "store.os.fsync = die\n"
        f"Store({str(tmp_path)!r}).write_bytes('big', b'new' * 1000)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], env=os.environ, check=False)
    assert done.returncode == -9
    assert kept.read_bytes("big") == b"old" * 10
    assert list(kept.list()) == ["big"]

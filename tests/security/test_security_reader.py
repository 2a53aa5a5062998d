"""The reading process, if a file took it over: no network, no file, nobody to signal."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from parsers.worker import Limits, Worker, confinement

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")

ATTEMPTS = """
import os, socket, sys
from pathlib import Path
from parsers.confine import confine
port, folder, project, parent = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
confine(2048, str(folder / "own"))

def attempt(name, do):
    try:
        do()
        print(name, "done")
    except OSError:
        print(name, "refused")

attempt("connect", lambda: socket.create_connection(("127.0.0.1", port), timeout=5))
attempt("write", lambda: (folder / "out").write_text("x"))
attempt("read", lambda: (folder / "secret").read_text())
attempt("list", lambda: os.listdir(folder))
attempt("project", lambda: (project / "pyproject.toml").read_text())
attempt("environment", lambda: Path(f"/proc/{parent}/environ").read_text())
attempt("users", lambda: Path("/etc/passwd").read_text())
attempt("signal", lambda: os.kill(parent, 0))
attempt("many", lambda: [open("/dev/null") for _ in range(100)] and None)
attempt("large", lambda: (folder / "own" / "large").write_bytes(b"x" * 2**26))
attempt("own", lambda: (folder / "own" / "kept.json").write_text("{}"))
attempt("program", lambda: (Path(os.__file__)).read_text())
"""
NETWORK = {"connect"}
FILES = {"write", "read", "list", "project", "environment", "users"}
LIMITS = {"many", "large"}
NEEDED = {"own", "program"}


def test_what_a_taken_over_reader_attempts(tmp_path: Path, project_root: Path) -> None:
    (tmp_path / "secret").write_text("password")
    offered = confinement()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        socket.create_connection(("127.0.0.1", port), timeout=5).close()  # the server is there
        done = subprocess.run(
            [
                sys.executable, "-c", ATTEMPTS, str(port), str(tmp_path), str(project_root),
                str(os.getpid()),
            ],
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
    told = dict(line.split() for line in done.stdout.splitlines())
    assert told.keys() == NETWORK | FILES | LIMITS | NEEDED | {"signal"}
    assert {told[name] for name in NEEDED} == {"done"}
    assert {told[name] for name in LIMITS} == {"refused"}
    if not (offered.network and offered.files):
        pytest.skip("this kernel does not shut processes in: `budgets doctor` says how")
    assert {name for name in NETWORK | FILES if told[name] == "done"} == set()
    assert not (tmp_path / "out").exists()


def test_the_child_that_reads_is_the_one_shut_in() -> None:
    with Worker() as worker:
        pid = worker._ready().pid
        limits = Path(f"/proc/{pid}/limits").read_text()
        for name, most in (("Max file size", "0"), ("Max open files", "64"), ("Max core", "0")):
            (line,) = (x for x in limits.splitlines() if x.startswith(name))
            assert most in line.split(), line
        if confinement().network:
            theirs, ours = (os.readlink(f"/proc/{p}/ns/net") for p in (pid, "self"))  # noqa: PTH115
            assert theirs != ours
        status = Path(f"/proc/{pid}/status").read_text()
        assert not confinement().files or "NoNewPrivs:\t1" in status


def test_every_thread_of_the_child_is_shut_in() -> None:
    """Threads that a library began before would stay outside: none may exist at that moment."""
    done = subprocess.run(
        [sys.executable, "-c", "import parsers.confine, threading, os\n"
         "print(len(os.listdir('/proc/self/task')))"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "1"


def test_recognitions_can_still_be_kept(tmp_path: Path, project_root: Path) -> None:
    kept = tmp_path / "recognised"
    data = (project_root / "samples" / "pdf" / "qinglan-policy-2026.pdf").read_bytes()
    with Worker(Limits(seconds=120, writes=str(kept))) as worker:
        assert worker.read(data, kept=str(kept)).tables
    assert kept.is_dir()

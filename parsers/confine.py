"""What a reading process may still do: read the program and the file it is given, and no more.

A hostile file may take the process over that reads it. Before the first byte of a file is seen the
process gives up, for good and for whatever it would start: the network (a namespace with nothing
in it), every file but the program's own and the system's libraries (Landlock), writing (one folder
excepted, where the caller names it), signals to other processes, new privileges, core dumps, and
more than a few open files. Linux only; what a kernel does not offer is left out, and
:func:`confinement` tells which, so that ``budgets doctor`` can say it.
"""

from __future__ import annotations

import ctypes
import json
import mimetypes
import os
import resource
import signal
import struct
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["Confinement", "confine"]

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_NO_NEW_PRIVS = 38

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_FILE, _MAKE_DIR, _MAKE_REG, _TRUNCATE = 1 << 5, 1 << 7, 1 << 8, 1 << 14
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_READING = _EXECUTE | _READ_FILE | _READ_DIR
_WRITING = _READ_FILE | _READ_DIR | _WRITE_FILE | _MAKE_REG | _MAKE_DIR | _REMOVE_FILE | _TRUNCATE
_HANDLED = {1: 13, 2: 14, 3: 15, 4: 15}
"""Landlock's version → how many kinds of access to files it knows (from 5 on 16)."""
_SCOPED = 0b11  # abstract sockets, signals

MOST_OPEN_FILES = 64
MOST_WRITTEN = 32 * 2**20


@dataclass(frozen=True)
class Confinement:
    """What is closed: ``network``, and ``files`` (everything but the program and its libraries)."""

    network: bool
    files: bool


def confine(megabytes: int, writes: str | None = None) -> Confinement:
    """Shut this process in. ``megabytes``: address space; ``writes``: the folder it may write."""
    limit = megabytes * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    largest = MOST_WRITTEN if writes else 0  # pipes have no size
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    resource.setrlimit(resource.RLIMIT_NOFILE, (MOST_OPEN_FILES, MOST_OPEN_FILES))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write then fails instead of killing
    return Confinement(network=_leave_network(), files=_close_files(writes))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _leave_network() -> bool:
    """A network namespace of its own. Root needs no user namespace for it, and may be where
    making one is forbidden."""
    unshare = getattr(_libc(), "unshare", None)
    if unshare is None:
        return False
    return any(unshare(flags) == 0 for flags in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET))


def _close_files(writes: str | None) -> bool:
    if sys.platform != "linux":
        return False
    libc = _libc()
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    if version < 1 or libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    handled = (1 << _HANDLED.get(version, 16)) - 1
    wanted = [handled]
    if version >= 4:
        wanted.append(0b11)  # TCP: neither to listen nor to connect, whatever the port
    if version >= 6:
        wanted.append(_SCOPED)
    attributes = struct.pack(f"{len(wanted)}Q", *wanted)
    rules = libc.syscall(
        _CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0)
    )
    if rules < 0:
        return False
    try:
        for path in _needed():
            _allow(libc, rules, path, _READING & handled)
        for device in ("/dev/null", "/dev/zero"):
            _allow(libc, rules, Path(device), (_READ_FILE | _WRITE_FILE) & handled)
        if writes:
            Path(writes).mkdir(parents=True, exist_ok=True)
            _allow(libc, rules, Path(writes), _WRITING & handled)
        return bool(libc.syscall(_RESTRICT_SELF, rules, ctypes.c_uint32(0)) == 0)
    finally:
        os.close(rules)


def _needed() -> Iterator[Path]:
    """The interpreter, its packages, this package, the system's libraries and fonts, what tells
    the machine's processors. Not the project's folder, which may hold data and secrets."""
    yield Path(__file__).resolve().parent
    yield from (
        Path(p) for p in {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix}
    )
    yield from (Path(p) for p in sys.path if Path(p).name in {"site-packages", "dist-packages"})
    # openpyxl asks for the system's table of media types when it is loaded
    yield from map(Path, mimetypes.knownfiles)
    yield from map(
        Path,
        (
            "/usr", "/lib", "/lib64", "/lib32", "/etc/ld.so.cache", "/etc/localtime", "/etc/fonts",
            "/dev/urandom", "/dev/random", "/proc/self", "/proc/cpuinfo", "/proc/meminfo",
            "/proc/stat", "/sys/devices", "/sys/bus/pci",
        ),
    )  # fmt: skip


def _allow(libc: ctypes.CDLL, rules: int, path: Path, access: int) -> None:
    try:
        at = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # this system has none
    try:
        if not path.is_dir():
            access &= _ON_FILES
        beneath = struct.pack("=Qi", access, at)
        libc.syscall(_ADD_RULE, rules, ctypes.c_int(1), beneath, ctypes.c_uint32(0))
    finally:
        os.close(at)


def main() -> None:
    """``python -m parsers.confine MEGABYTES [FOLDER]`` is a reader, shut in before anything of it
    is imported (threads that exist already would stay outside). Without arguments it says what
    this machine offers."""
    if len(sys.argv) < 2:
        print(json.dumps(asdict(confine(2048))))
        return
    confine(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)
    from parsers.worker import serve

    serve()


if __name__ == "__main__":
    main()

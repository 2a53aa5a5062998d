"""Processes that outlive the command that started them, and end exactly when they are told to."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

__all__ = ["Processes", "port_is_free"]


def port_is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1 there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Processes:
    """Named processes, remembered in a file with their start times.

    A number is given anew to another process some day; number and start time together are not.
    """

    def __init__(self, register: Path) -> None:
        self.register = register

    def running(self) -> dict[str, psutil.Process]:
        """Those that were started here and still run, by name."""
        if not self.register.exists():
            return {}
        found = {}
        for name, (pid, started) in json.loads(self.register.read_text()).items():
            try:
                process = psutil.Process(pid)
                if abs(process.create_time() - started) < 1:
                    found[name] = process
            except psutil.NoSuchProcess:
                continue
        return found

    def start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], logs: Path
    ) -> psutil.Process:
        """Start one in a session of its own; what it prints goes to ``logs/<name>.log``."""
        running = self.running()
        with (logs / f"{name}.log").open("ab") as log:
            started: psutil.Process = psutil.Popen(
                list(command),
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        running[name] = started
        self.register.parent.mkdir(parents=True, exist_ok=True)
        self.register.write_text(
            json.dumps({n: (p.pid, p.create_time()) for n, p in running.items()})
        )
        return started

    def end(self) -> list[str]:
        """End them and their children, and nothing else; gives the names of those that ran."""
        running = self.running()
        family = [c for p in running.values() for c in p.children(recursive=True)]
        for process in [*running.values(), *family]:
            try:
                process.terminate()
            except psutil.NoSuchProcess:
                continue
        _, alive = psutil.wait_procs([*running.values(), *family], timeout=20)
        for process in alive:
            process.kill()
        self.register.unlink(missing_ok=True)
        return list(running)

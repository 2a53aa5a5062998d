"""Building the marts: one ``dbt build`` in one child process, its timings and failures in words."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from warehouse.database import DEFAULT_TIMEOUT, exclusive, opened
from warehouse.errors import BuildError
from warehouse.layout import Layout
from warehouse.load import create

__all__ = ["PROJECT", "BuildReport", "build", "dbt", "document", "project_version"]

PROJECT = Path(__file__).resolve().parent.parent / "dbt"
_SUFFIXES = (".sql", ".yml", ".csv")
_BUILD = {
    "built_at": "timestamp",
    "project_version": "varchar",
    "epoch": "varchar",
    "is_complete": "boolean",
}
"""Columns of meta.build, which has one row."""


@dataclass
class BuildReport:
    """What dbt did: nodes by status, seconds a model, whether everything was built anew."""

    nodes: dict[str, int] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    full_refresh: bool = False
    project_version: str = ""
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def project_version() -> str:
    """Hash of the dbt project: models that changed are built anew over all documents."""
    digest = hashlib.sha256()
    for path in sorted(PROJECT.rglob("*")):
        if path.suffix in _SUFFIXES and "target" not in path.parts:
            digest.update(path.relative_to(PROJECT).as_posix().encode() + b"\0")
            digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def dbt(
    layout: Layout, *arguments: str, timeout: float | None = None
) -> subprocess.CompletedProcess[str]:
    """Run dbt on the working warehouse in a child process. Nobody else may hold the file."""
    layout.build_path.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "warehouse.running", str(_outcome(layout))]
    environment = dict(os.environ) | {
        "BUDGETS_WAREHOUSE": str(layout.warehouse_path.resolve()),
        "DO_NOT_TRACK": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    paths = [
        *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
        *("--target-path", str(layout.build_path.resolve() / "target")),
    ]
    return subprocess.run(
        [
            *command,
            *("--log-path", str(layout.build_path.resolve() / "logs"), "--no-use-colors"),
            *arguments,
            *paths,
        ],
        cwd=PROJECT.parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def _outcome(layout: Layout) -> Path:
    return layout.build_path / "outcome.json"


def build(
    layout: Layout,
    *,
    full_refresh: bool = False,
    select: Sequence[str] = (),
    timeout: float = DEFAULT_TIMEOUT,
) -> BuildReport:
    """Bring intermediate, marts and quality up to what is loaded, and test them.

    Incremental; built anew over all documents after the dbt project changed. Raises BuildError
    with the failing nodes: the published copy is not touched by that.
    """
    clock = time.monotonic()
    version = project_version()
    with exclusive(layout, timeout):
        full_refresh = full_refresh or _built_with(layout) != version
        _begin(layout, version, anew=full_refresh)
        outcome = _outcome(layout)
        outcome.unlink(missing_ok=True)
        # unit tests try the models on made-up rows: they are run where the project is changed
        arguments = ["--no-write-json", "build", "--exclude-resource-type", "unit_test"]
        if full_refresh:
            arguments.append("--full-refresh")
        else:  # they are as the project says, and the project has not changed
            arguments += ["--exclude", "resource_type:seed"]
            arguments += ["resource_type:model,path:models/staging"]
            # otherwise dbt leaves out every test that reads one of them, too
            arguments += ["--indirect-selection", "empty"]
        if select:
            arguments += ["--select", *select]
        done = dbt(layout, *arguments)
        try:
            if not outcome.exists():
                raise BuildError([_tail(done)])
            found = json.loads(outcome.read_text(encoding="utf-8"))
            report = _report(found, done)
            if not select:
                _all_tests_ran(found)
        except BuildError as error:
            kept = _keep(layout, done)
            raise BuildError([*error.failures, f"everything dbt said: {kept}"]) from error
        report.full_refresh, report.project_version = full_refresh, version
        if not select:
            _end(layout)
    report.seconds = round(time.monotonic() - clock, 3)
    return report


def document(layout: Layout, *, timeout: float = DEFAULT_TIMEOUT) -> Path:
    """Write dbt's documentation as one page, ``docs/dbt/index.html``, that needs no server.

    Raises BuildError where dbt cannot.
    """
    with exclusive(layout, timeout):
        done = dbt(layout, "docs", "generate", "--static")
    page = layout.build_path / "target" / "static_index.html"
    if done.returncode != 0 or not page.exists():
        raise BuildError([_tail(done)])
    target = layout.docs_path / "dbt" / "index.html"
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    shutil.copyfile(page, scratch)
    scratch.replace(target)
    return target


def _built_with(layout: Layout) -> str | None:
    """The project version of the last build, however it ended; None where it is not known."""
    with opened(layout) as con:
        create(con)
        columns = [
            name
            for (name,) in con.execute(
                "select column_name from duckdb_columns() where schema_name = 'meta'"
                " and table_name = 'build' order by column_index"
            ).fetchall()
        ]
        if columns != list(_BUILD):
            return None
        row = con.execute("select project_version from meta.build").fetchone()
    return row[0] if row else None


def _begin(layout: Layout, version: str, *, anew: bool) -> None:
    """Note that a build is under way. ``anew``: nothing of earlier builds stays, neither a model
    that is no more nor the note of what a model had taken; the numbers of changes start again,
    and ``epoch`` tells them from the earlier ones."""
    with opened(layout) as con:
        if anew:
            for schema in ("meta", "quality", "marts", "intermediate", "staging"):
                con.execute(f"drop schema if exists {schema} cascade")
            con.execute("create schema meta")
            con.execute(
                f"create table meta.build ({', '.join(f'{n} {t}' for n, t in _BUILD.items())})"
            )
            con.execute(
                "insert into meta.build values (now(), ?, ?, false)", [version, uuid.uuid4().hex]
            )
        con.execute("update meta.build set is_complete = false")


def _end(layout: Layout) -> None:
    with opened(layout) as con:
        # everything that any model has taken passed every test now
        con.execute("delete from meta.progress where model = ':checked'")
        con.execute(
            "insert into meta.progress select ':checked', coalesce(max(taken_until), 0)"
            " from meta.progress"
        )
        con.execute("update meta.build set built_at = now(), is_complete = true")


def _tail(done: subprocess.CompletedProcess[str]) -> str:
    """How dbt ended, where it says nothing of a node: its own last words, or who ended it."""
    text = (done.stdout + done.stderr).strip().splitlines()
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        ended = f"dbt was ended by {name} after it had said"
        if name == "SIGKILL":
            ended = (
                "dbt was killed (SIGKILL), most often for want of memory: lower "
                "BUDGETS_DUCKDB_MEMORY or free some; its last words were"
            )
    else:
        ended = f"dbt ended with {done.returncode}"
    return f"{ended}: " + (" | ".join(text[-12:]) or "nothing")


def _keep(layout: Layout, done: subprocess.CompletedProcess[str]) -> Path:
    """Everything dbt said in a build that failed, with the versions it ran on; the last ten stay."""
    folder = layout.build_path / "failed"
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    path = folder / f"{now:%Y%m%dT%H%M%S%f}Z.log"
    log = layout.build_path / "logs" / "dbt.log"
    detail = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    path.write_text(
        f"at {now:%Y-%m-%d %H:%M:%S} UTC, dbt ended with {done.returncode}\n"
        f"{' '.join(map(str, done.args))}\n"
        f"python {sys.version.split()[0]}, duckdb {duckdb.__version__}, "
        f"load {os.getloadavg()}, warehouse {layout.warehouse_path.stat().st_size} bytes\n\n"
        f"--- standard output\n{done.stdout}\n--- standard error\n{done.stderr}\n"
        f"--- the end of dbt's log\n{detail[-200_000:]}\n",
        encoding="utf-8",
    )
    for old in sorted(folder.glob("*.log"))[:-10]:
        old.unlink(missing_ok=True)
    return path


def _report(results: Mapping[str, Any], done: subprocess.CompletedProcess[str]) -> BuildReport:
    report = BuildReport()
    failures = []
    for node in results["results"]:
        name, status = node["unique_id"], node["status"]
        report.nodes[status] = report.nodes.get(status, 0) + 1
        if name.startswith(("model.", "seed.")):
            report.timings[name.split(".")[-1]] = round(node["execution_time"], 3)
        if status in ("error", "fail", "runtime error"):
            failures.append(_in_words(node))
        elif status == "warn":
            report.warnings.append(_in_words(node))
    if failures or done.returncode != 0:
        # a node that fails without a word, or dbt after its last node: then its own words count
        silent = done.returncode not in (0, 1) or not all(f.partition(": ")[2] for f in failures)
        raise BuildError(failures + ([_tail(done)] if silent or not failures else []))
    return report


def _all_tests_ran(found: Mapping[str, Any]) -> None:
    """A check that was left out is an alarm: whatever it would have found is told by nothing."""
    ran = {node["unique_id"] for node in found["results"]}
    left = sorted(name for test, name in found["tests"].items() if test not in ran)
    if left:
        raise BuildError([f"{name}: the check was not run" for name in left])


def _in_words(node: Mapping[str, Any]) -> str:
    kind, _, name = node["unique_id"].split(".")[:3]
    message = " ".join(str(node.get("message") or "").split())
    count = node.get("failures")
    if kind == "test" and count:
        message = f"{count} rows break it. {message}"
    return f"{kind} {name}: {message}"

"""Building the marts: one ``dbt build`` in one child process, its timings and failures in words."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from warehouse.database import DEFAULT_TIMEOUT, exclusive
from warehouse.errors import BuildError
from warehouse.layout import Layout
from warehouse.load import create

__all__ = ["PROJECT", "BuildReport", "build", "dbt", "document", "project_version"]

PROJECT = Path(__file__).resolve().parent.parent / "dbt"
_SUFFIXES = (".sql", ".yml", ".csv")


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
    script = Path(sys.executable).parent / "dbt"
    command = [str(script)] if script.exists() else [sys.executable, "-m", "dbt.cli.main"]
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
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


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
        results = layout.build_path / "target" / "run_results.json"
        results.unlink(missing_ok=True)
        # unit tests try the models on made-up rows: they are run where the project is changed
        arguments = ["build", "--exclude-resource-type", "unit_test"]
        if full_refresh:
            arguments.append("--full-refresh")
        if select:
            arguments += ["--select", *select]
        done = dbt(layout, *arguments)
        if not results.exists():
            raise BuildError([_tail(done)])
        report = _report(json.loads(results.read_text(encoding="utf-8")), done)
        report.full_refresh, report.project_version = full_refresh, version
        if not select:
            _remember(layout, version)
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
    with duckdb.connect(str(layout.warehouse_path)) as con:
        create(con)
        con.execute("create schema if not exists meta")
        con.execute(
            "create table if not exists meta.build (built_at timestamp, project_version varchar)"
        )
        row = con.execute("select arg_max(project_version, built_at) from meta.build").fetchone()
    return row[0] if row else None


def _remember(layout: Layout, version: str) -> None:
    with duckdb.connect(str(layout.warehouse_path)) as con:
        con.execute("delete from meta.build")
        con.execute(
            "insert into meta.build values (?, ?)",
            [datetime.now(UTC).replace(tzinfo=None), version],
        )


def _tail(done: subprocess.CompletedProcess[str]) -> str:
    text = (done.stdout + done.stderr).strip().splitlines()
    return f"dbt ended with {done.returncode}: " + " | ".join(text[-12:])


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
        raise BuildError(failures or [_tail(done)])
    return report


def _in_words(node: Mapping[str, Any]) -> str:
    kind, _, name = node["unique_id"].split(".")[:3]
    message = " ".join(str(node.get("message") or "").split())
    count = node.get("failures")
    if kind == "test" and count:
        message = f"{count} rows break it. {message}"
    return f"{kind} {name}: {message}"

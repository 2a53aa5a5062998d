"""Helpers of the night's tests: a night on the sample sites, and what it left in the marts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb

# times and what follows from the hour of the run; everything else must be the same
UNSTABLE = ("_at", "seconds", "duration_ms", "run_id", "batch_id", "build_id", "sequence")
# a log of what was done: it grows with every night, whatever the night found
LOGS = {("quality", "outcome"), ("quality", "night")}


def environment(data: Path, sites: Path) -> dict[str, str]:
    return os.environ | {
        "BUDGETS_DATA": str(data),
        "BUDGETS_SITES": str(sites),
        "BUDGETS_ALERT_URLS": "",
        "BUDGETS_EVIDENCE": "no",  # tests/evidence builds the site, once
        "BUDGETS_DECISIONS": str(data / "decisions"),
    }


def budgets(data: Path, sites: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        env=environment(data, sites),
        capture_output=True,
        text=True,
        timeout=900,  # guards against a hang, not against a busy machine
        check=False,
    )


def contents(database: Path) -> dict[str, list[Any]]:
    """Every row of every published table, sorted, without the columns that name times."""
    found: dict[str, list[Any]] = {}
    with duckdb.connect(str(database), read_only=True) as connection:
        tables = connection.sql(
            "select table_schema, table_name from information_schema.tables "
            "where table_schema in ('marts', 'quality') order by all"
        ).fetchall()
        for schema, table in tables:
            if (schema, table) in LOGS:
                continue
            columns = [
                c
                for (c,) in connection.execute(
                    "select column_name from information_schema.columns "
                    "where table_schema = ? and table_name = ? order by ordinal_position",
                    [schema, table],
                ).fetchall()
                if not c.endswith(UNSTABLE)
            ]
            listed = ", ".join(f'"{c}"' for c in columns)
            found[f"{schema}.{table}"] = connection.sql(
                f'select {listed} from {schema}."{table}" order by all'
            ).fetchall()
    return found

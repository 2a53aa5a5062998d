"""A run that is late is told once, whoever asks again."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from nightly import steps
from nightly.deadlines import tell_late
from nightly.settings import Settings


def _context(run: str) -> dict[str, Any]:
    """As Airflow's triggerer gives it."""
    return {"dag_run": {"dag_id": "warehouse", "dag_run_id": run}, "deadline": {"id": "1"}}


def test_a_late_run_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUDGETS_DATA", str(tmp_path))
    monkeypatch.setenv("BUDGETS_ALERT_URLS", "")
    for run in ("scheduled__1", "scheduled__1", "scheduled__2"):
        asyncio.run(tell_late(context=_context(run)))
    lines = [
        json.loads(line)
        for path in (tmp_path / "ledger" / "alerts").glob("*.jsonl")
        for line in path.read_text("utf-8").splitlines()
    ]
    told = [e for e in lines if e["event"] == "queued"]
    assert len(told) == 2
    assert told[0]["title"] == "作业超时：warehouse 仍在运行"
    assert told[0]["body"].endswith("docs/runbook.md#deadline")
    rows = steps.step_outcomes(Settings.from_environment())
    assert {r["step"] for r in rows} == {"warehouse.deadline_of_warehouse"}


def test_a_run_without_a_context_is_told_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUDGETS_DATA", str(tmp_path))
    asyncio.run(tell_late())
    assert list((tmp_path / "ledger" / "alerts").glob("*.jsonl"))

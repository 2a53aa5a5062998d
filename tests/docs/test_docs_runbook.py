"""Every alert ends with the address of its entry in the runbook, and every entry is there."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from expectations.alerts import tell_failure, tell_overdue


@pytest.fixture
def entries(project_root: Path) -> set[str]:
    text = (project_root / "docs" / "runbook.md").read_text(encoding="utf-8")
    return set(re.findall(r"^## (\w+)$", text, re.M))


def _body(root: Path) -> str:
    lines = [
        json.loads(line)
        for path in (root / "ledger" / "alerts").glob("*.jsonl")
        for line in path.read_text("utf-8").splitlines()
    ]
    (told,) = [e for e in lines if e["event"] == "queued"]
    return str(told["body"])


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(
    ("step", "entry"),
    [
        ("build", "step_failed"),
        ("crawl.crawl_host", "step_failed"),
        ("warehouse.check_marts", "gate_closed"),
        ("warehouse.deadline_of_warehouse", "deadline"),
    ],
)
def test_a_failure_names_its_entry(
    tmp_path: Path, entries: set[str], step: str, entry: str, lang: str
) -> None:
    tell_failure(tmp_path, where=step, run_id="r", error="x: y", lang=lang)  # type: ignore[arg-type]
    assert _body(tmp_path).endswith(f"docs/runbook.md#{entry}")
    assert entry in entries


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_night_that_is_missing_names_its_entry(
    tmp_path: Path, entries: set[str], lang: str
) -> None:
    tell_overdue(tmp_path, last_complete=None, max_age=timedelta(hours=26), lang=lang)  # type: ignore[arg-type]
    assert _body(tmp_path).endswith("docs/runbook.md#overdue")
    assert "overdue" in entries


def test_every_entry_that_a_program_names_is_there(project_root: Path, entries: set[str]) -> None:
    named = {
        entry
        for room in ("expectations", "nightly", "scrapers", "warehouse", "dags")
        for path in (project_root / room).rglob("*.py")
        for entry in re.findall(r"runbook\.md#(\w+)", path.read_text("utf-8"))
    }
    assert len(named) > 3
    assert named <= entries

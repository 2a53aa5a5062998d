"""The whole night on the sample sites: what lands, what a second night does, what a kill costs."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from night_runs import budgets, contents, environment

from warehouse.layout import Layout

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("night")]


def test_second_night_finds_nothing_new_and_says_so(
    finished_night: Path, sample_sites: Path
) -> None:
    before = contents(Layout(finished_night).published_path)
    checkpoints = {p: p.stat().st_mtime_ns for p in (finished_night / "parsed").rglob("*.zst")}
    assert checkpoints
    done = budgets(finished_night, sample_sites, "run", "--lang", "en")
    assert done.returncode == 0, done.stderr
    assert "Nothing new" in done.stdout
    assert contents(Layout(finished_night).published_path) == before
    assert checkpoints == {
        p: p.stat().st_mtime_ns for p in (finished_night / "parsed").rglob("*.zst")
    }, "nothing is read twice"


@pytest.mark.parametrize(
    "moments", [(0.35, 0.8), pytest.param((0.15, 0.35, 0.55, 0.8), marks=pytest.mark.full)]
)
def test_killed_at_any_moment_and_run_again_gives_the_same_rows(
    finished_night: Path, sample_sites: Path, tmp_path: Path, moments: tuple[float, ...]
) -> None:
    """Killed at several moments, one after the other, and run to its end (benchmarks/faults.py
    does so a hundred times, at moments by chance)."""
    data = tmp_path / "data"
    chance = random.Random(20260121)
    for fraction in moments:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli", "run"],
            env=environment(data, sample_sites),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(fraction * 14 + chance.random())
        process.kill()
        process.wait()
    done = budgets(data, sample_sites, "run")
    assert done.returncode == 0, done.stderr
    wanted = contents(Layout(finished_night).published_path)
    found = contents(Layout(data).published_path)
    assert found.keys() == wanted.keys()
    for table, rows in wanted.items():
        assert found[table] == rows, table


def test_tables_are_not_empty(finished_night: Path) -> None:
    found: dict[str, list[Any]] = contents(Layout(finished_night).published_path)
    for table in (
        "dim_document",
        "dim_organisation",
        "dim_function",
        "fct_amount",
        "fct_expenditure",
        "fct_budget_summary",
    ):
        assert found[f"marts.{table}"], table
    assert found["quality.identity_result"]


def test_places_named_by_the_report_exist(
    finished_night: Path, sample_sites: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nightly.report import night_report
    from nightly.settings import Settings

    for name, value in environment(finished_night, sample_sites).items():
        if name.startswith("BUDGETS_"):
            monkeypatch.setenv(name, value)
    report = night_report(Settings.from_environment())
    assert report.published
    assert not report.failures
    missing = [k for k, place in report.places.items() if not Path(place).exists()]
    assert not missing

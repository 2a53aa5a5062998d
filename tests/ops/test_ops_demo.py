"""The demo as a stranger runs it: Airflow itself, twice, on a folder of its own."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.airflow, pytest.mark.slow, pytest.mark.xdist_group("airflow")]


def demo(data: Path, lang: str) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("BUDGETS_", "AIRFLOW"))}
    done = subprocess.run(
        [sys.executable, "-m", "ops.demo", "--data", str(data), "--lang", lang],
        env=environment | {"BUDGETS_EVIDENCE": "no"},  # tests/evidence builds the site
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of the first night, and what it said."""
    data = tmp_path_factory.mktemp("demo") / "data"
    return data, demo(data, "zh")


def test_the_demo_runs_the_dags_by_airflow(shown: tuple[Path, str]) -> None:
    data, first = shown
    for dag in ("crawl", "parse", "recognise", "warehouse"):
        assert f"{dag:<10} success" in first
    assert "勾稽关系" in first
    assert "没有新文件" not in first
    with sqlite3.connect(data / "airflow" / "airflow.db") as kept:
        states = kept.execute("select dag_id, state from dag_run order by id").fetchall()
        pools = dict(kept.execute("select pool, slots from slot_pool").fetchall())
    assert states == [(d, "success") for d in ("crawl", "parse", "recognise", "warehouse")]
    assert pools["warehouse"] == 1


@pytest.mark.full
def test_the_second_night_of_the_demo_is_quiet(shown: tuple[Path, str]) -> None:
    second = demo(shown[0], "en")
    assert "Nothing new" in second
    assert "skipped (nothing new)" in second


def test_services_are_ended_only_where_they_are_ours(tmp_path: Path) -> None:
    """A remembered process id that now belongs to somebody else is left alone."""
    from ops import services

    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        register = tmp_path / "airflow" / "services.json"
        register.parent.mkdir(parents=True)
        register.write_text(f'{{"scheduler": [{sleeper.pid}, 12345.0]}}')
        assert services.down(tmp_path) == 0
        assert sleeper.poll() is None
    finally:
        sleeper.kill()
        sleeper.wait()

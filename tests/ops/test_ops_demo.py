"""The demo: a night by Airflow itself; as a stranger runs it, twice, among the long proofs."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from night_runs import demo

pytestmark = [pytest.mark.airflow, pytest.mark.slow, pytest.mark.xdist_group("night")]


def test_the_demo_runs_the_dags_by_airflow(first_night: tuple[Path, str]) -> None:
    data, first = first_night
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
def test_the_second_night_of_the_demo_is_quiet(tmp_path: Path) -> None:
    """On the sites that the demo serves itself."""
    for lang, said, not_said in (("zh", "勾稽关系", "没有新文件"), ("en", "Nothing new", "没有")):
        done = demo(tmp_path / "data", None, lang)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        assert said in done.stdout
        assert not_said not in done.stdout
    assert "skipped (nothing new)" in done.stdout


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

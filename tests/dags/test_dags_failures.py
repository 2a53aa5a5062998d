"""A task that Airflow runs and that fails for good is told by HTTP and by e-mail, once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from alert_sinks import Sink, Smtp, subject_of, text_of

pytestmark = [pytest.mark.airflow, pytest.mark.xdist_group("airflow"), pytest.mark.full]

DAG = '''
"""A DAG with the rules that all DAGs of the project share, and one task that breaks."""
from airflow.sdk import dag, task
from wiring import DEFAULT_ARGS, START

@dag(dag_id="crawl", schedule=None, start_date=START, default_args={**DEFAULT_ARGS, "retries": 0})
def crawl():
    @task
    def crawl_host():
        raise RuntimeError("www.yunting.invalid: the disk is full; make room and clear the task")

    crawl_host()

crawl()
'''


@pytest.fixture
def airflow(project_root: Path, tmp_path: Path) -> dict[str, str]:
    """An Airflow of its own: a folder with one DAG, a fresh database."""
    folder = tmp_path / "dags"
    folder.mkdir()
    (folder / "wiring.py").write_bytes((project_root / "dags" / "wiring.py").read_bytes())
    (folder / "broken.py").write_text(DAG, "utf-8")
    (folder / ".airflowignore").write_text("wiring.py\n")
    return os.environ | {
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(folder),
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "BUDGETS_DATA": str(tmp_path / "data"),
        "BUDGETS_LANG": "zh",
    }


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "airflow", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_a_task_that_failed_for_good_is_told_by_http_and_by_mail(airflow: dict[str, str]) -> None:
    migrated = run(airflow, "db", "migrate")
    assert migrated.returncode == 0, migrated.stderr[-2000:]
    with Sink() as sink, Smtp() as mail:
        airflow |= {"BUDGETS_ALERT_URLS": f"{sink.url} {mail.url}"}
        done = run(airflow, "dags", "test", "crawl")
        mail.shutdown()
    said = done.stdout + done.stderr
    assert [m["title"] for m in sink.got] == ["作业未完成：crawl.crawl_host"], said[-3000:]
    assert "the disk is full; make room and clear the task" in sink.got[0]["message"]
    assert "docs/runbook.md#step_failed" in sink.got[0]["message"]
    [letter] = mail.letters
    assert subject_of(letter) == "作业未完成：crawl.crawl_host"
    assert "the disk is full" in text_of(letter)
    for secret in ("topsecret", "hidden-path"):
        assert secret not in said

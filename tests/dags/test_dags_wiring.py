"""The DAG files as the scheduler sees them: loadable, light, and with every rule of the house."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.airflow, pytest.mark.xdist_group("airflow")]

READ = """
import json, sys
from datetime import timedelta
from pathlib import Path
from airflow.dag_processing.dagbag import BundleDagBag
folder = Path(sys.argv[1])
bag = BundleDagBag(dag_folder=folder, bundle_path=folder, bundle_name="dags-folder")
heavy = sorted(
    m for m in ("duckdb", "great_expectations", "pdfplumber", "pypdfium2", "dbt", "bs4", "parsers",
                "scrapers", "expectations", "warehouse")
    if m in sys.modules
)
out = {"errors": bag.import_errors, "heavy": heavy, "dags": {}}
for name, dag in bag.dags.items():
    out["dags"][name] = {
        "timetable": repr(dag.timetable), "schedule": str(dag.schedule), "doc": dag.doc_md,
        "catchup": dag.catchup, "max_active_runs": dag.max_active_runs,
        "timeout": dag.dagrun_timeout is not None,
        "deadlines": [
            [str(d.reference.reference_name), d.interval.total_seconds(), d.callback.path,
             dag.dagrun_timeout.total_seconds()]
            for d in dag.deadline or []
        ],
        "tasks": {
            t.task_id: {
                "retries": t.retries, "backoff": bool(t.retry_exponential_backoff),
                "timeout": isinstance(t.execution_timeout, timedelta),
                "callback": bool(t.on_failure_callback), "pool": t.pool,
                "upstream": sorted(t.upstream_task_ids),
                "rule": getattr(t.trigger_rule, 'value', t.trigger_rule),
                "outlets": [o.uri for o in t.outlets], "queue": t.queue,
                "weight": [t.priority_weight, str(getattr(t.weight_rule, "value", t.weight_rule))],
            }
            for t in dag.tasks
        },
    }
print("RESULT" + json.dumps(out))
"""


@pytest.fixture(scope="module")
def seen(project_root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("airflow")
    environment = os.environ | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    done = subprocess.run(
        [sys.executable, "-c", READ, str(project_root / "dags")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=home,
    )
    line = next((x for x in done.stdout.splitlines() if x.startswith("RESULT")), None)
    assert line, done.stderr[-2000:]
    return dict(json.loads(line.removeprefix("RESULT")))


def test_every_dag_file_loads(seen: dict[str, Any]) -> None:
    assert seen["errors"] == {}
    assert set(seen["dags"]) == {
        "backfill", "crawl", "parse", "recognise", "reparse", "upkeep", "warehouse",
    }  # fmt: skip


def test_no_heavy_library_at_the_top_of_a_dag_file(seen: dict[str, Any]) -> None:
    assert seen["heavy"] == []


def test_schedules_and_hand_over(seen: dict[str, Any]) -> None:
    dags = seen["dags"]
    assert "30 1 * * *" in dags["crawl"]["timetable"] + dags["crawl"]["schedule"]
    assert dags["crawl"]["tasks"]["close_crawl"]["outlets"] == ["budgets://archive/"]
    assert "budgets://archive/" in dags["parse"]["schedule"]
    assert dags["parse"]["tasks"]["announce_landing"]["outlets"] == ["budgets://landing/"]
    assert "budgets://landing/" in dags["warehouse"]["schedule"] + dags["warehouse"]["timetable"]


def test_each_task_has_retries_backoff_timeout_and_a_failure_callback(
    seen: dict[str, Any],
) -> None:
    for name, dag in seen["dags"].items():
        assert dag["catchup"] is False
        assert dag["max_active_runs"] == 1
        assert dag["timeout"], name
        for task, rules in dag["tasks"].items():
            assert rules["retries"] >= 1, (name, task)
            assert rules["backoff"], (name, task)
            assert rules["timeout"], (name, task)
            assert rules["callback"], (name, task)


def test_pools_guard_hosts_batches_and_the_one_writer(seen: dict[str, Any]) -> None:
    from ops.airflow_home import POOLS

    used = {t["pool"] for d in seen["dags"].values() for t in d["tasks"].values()}
    assert used - {"default_pool"} == set(POOLS)
    assert POOLS["warehouse"][0] == 1
    assert {t["pool"] for t in seen["dags"]["warehouse"]["tasks"].values()} == {"warehouse"}


def test_the_background_reading_has_its_own_pool_and_goes_last(seen: dict[str, Any]) -> None:
    from ops.airflow_home import DAGS, POOLS

    dag = seen["dags"]["reparse"]
    assert {t["pool"] for t in dag["tasks"].values()} == {"reparse"}
    assert POOLS["reparse"][0] == 1
    assert {t["weight"][0] for t in dag["tasks"].values()} == {1}
    assert all("bsolute" in t["weight"][1] for t in dag["tasks"].values())
    assert dag["tasks"]["reread_batch"]["queue"] == "parse"
    assert dag["tasks"]["announce_landing"]["outlets"] == ["budgets://landing/"]
    assert "reparse" not in DAGS, "the night does not wait for it"


def test_every_dag_has_a_deadline_that_comes_before_its_time_limit(seen: dict[str, Any]) -> None:
    from importlib import import_module
    from inspect import iscoroutinefunction

    for name in seen["dags"]:
        ((reference, seconds, path, limit),) = seen["dags"][name]["deadlines"]
        assert reference == "DagRunQueuedAtDeadline"
        assert 0 < seconds < limit, f"{name}: told while the run goes on"
        module, _, function = path.rpartition(".")
        assert iscoroutinefunction(getattr(import_module(module), function))


def test_what_nobody_waits_for_goes_after_the_night(seen: dict[str, Any]) -> None:
    backfill = seen["dags"]["backfill"]
    assert {t["pool"] for t in backfill["tasks"].values()} == {"reparse"}
    assert {t["weight"][0] for t in backfill["tasks"].values()} == {1}
    assert backfill["tasks"]["announce_landing"]["outlets"] == ["budgets://landing/"]
    upkeep = seen["dags"]["upkeep"]["tasks"]
    assert upkeep["tidy"]["upstream"] == ["backup"]
    assert upkeep["tidy"]["rule"] == "all_done"


def test_warehouse_order_and_telling_in_any_case(seen: dict[str, Any]) -> None:
    tasks = seen["dags"]["warehouse"]["tasks"]
    order = ["load", "check_landing", "build", "check_marts", "publish", "tell"]
    for before, after in itertools.pairwise(order):
        assert tasks[after]["upstream"] == [before]
    assert tasks["tell"]["rule"].endswith("all_done")
    assert set(tasks["heartbeat"]["upstream"]) == {"publish", "tell"}


def test_the_evidence_site_is_last_and_nothing_waits_for_it(seen: dict[str, Any]) -> None:
    tasks = seen["dags"]["warehouse"]["tasks"]
    assert tasks["evidence"]["upstream"] == ["tell"]
    assert tasks["evidence"]["rule"].endswith("all_done")
    assert not [name for name, t in tasks.items() if "evidence" in t["upstream"]]


def test_docs_tell_an_operator_what_to_do(seen: dict[str, Any]) -> None:
    for name, dag in seen["dags"].items():
        assert "What to do" in dag["doc"], name
        assert "budgets " in dag["doc"], name


def test_no_dag_file_shadows_a_room(project_root: Path) -> None:
    """The scheduler puts the folder on sys.path: a file ``warehouse.py`` there hid the room."""
    files = {p.stem for p in (project_root / "dags").glob("*.py")}
    rooms = {p.parent.name for p in project_root.glob("*/__init__.py")}
    modules = {p.stem for p in project_root.glob("*.py")}
    assert {"warehouse", "nightly"} <= rooms
    assert not files & (rooms | modules | set(sys.stdlib_module_names))

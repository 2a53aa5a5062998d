"""The night on several processes, a queue and S3 gives the marts of the night on one machine.

Everything runs by the settings and commands of ``docker-compose.yml`` (``cluster.py`` beside);
the DAGs run by their own schedules and assets. Nothing is told to run by hand.
"""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from cluster import Cluster, Pages, programs, started, wait_until
from night_runs import contents, environment

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "pdf" / "qinglan-office-2026.pdf"
# Only how soon a dead worker's task is missed is hurried; what happens then is Airflow's own.
HURRIED = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_HOST": "127.0.0.1",
}
NIGHTLY = ("warehouse", "recognise", "parse", "crawl")
ENDED = ("success", "failed")
NIGHT_SECONDS_MOST = 2400


def _with_a_scanned_page(at: Path) -> Path:
    """A sample document whose second page is an image: it waits for recognition."""
    source = pypdfium2.PdfDocument(SAMPLE)
    image = source[1].render(scale=150 / 72, grayscale=True).to_pil().convert("L")
    page = io.BytesIO()
    image.save(page, "PDF", resolution=150, quality=80)
    made = pypdfium2.PdfDocument.new()
    made.import_pages(source, pages=[0])
    made.import_pages(pypdfium2.PdfDocument(page.getvalue()))
    made.import_pages(source, pages=list(range(2, len(source))))
    made.save(at)
    return at


def _archive_file(python: str, settings: Mapping[str, str], file: Path) -> None:
    """Put a local file into the archive that the settings name; nothing is read yet."""
    subprocess.run(
        [
            python,
            "-c",
            "import sys, pathlib\n"
            "from nightly import steps\n"
            "from nightly.settings import Settings\n"
            "steps.ingest(Settings.from_environment(), [pathlib.Path(sys.argv[1])], 'by hand')",
            str(file),
        ],
        env=dict(settings),
        check=True,
        timeout=300,
    )


def _embedded(data: Path, sites: Path, file: Path) -> Path:
    """The night in one process after another on one machine; gives the published copy."""
    settings = environment(data, sites)
    _archive_file(sys.executable, settings, file)
    subprocess.run(
        [sys.executable, "-m", "cli", "run"],
        env=settings,
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=1200,
    )
    return data / "published" / "warehouse.duckdb"


def _mid_parse(cluster: Cluster, pages: Pages) -> str | None:
    """The run of DAG parse, while documents of it were read and none of them is landed."""
    read = list(cluster.deployment.volume("parsed").rglob("*.json.zst"))
    if not read:
        return None
    running = [t for t in pages.tasks("parse") if t["task_id"] == "parse_batch"]
    for task in running:
        if task["state"] == "running":
            return str(task["dag_run_id"])
    return None


def _quiet_since(pages: Pages) -> bool:
    """Everything that was set off has ended, and the last run is the warehouse's."""
    runs = pages.runs()
    if any(r["state"] not in ENDED for r in runs):
        return False
    by_dag: dict[str, list[dict[str, Any]]] = {}
    for run in runs:
        by_dag.setdefault(run["dag_id"], []).append(run)
    if not set(NIGHTLY) <= set(by_dag):
        return False
    read_last = max(str(r["end_date"]) for d in ("parse", "recognise") for r in by_dag[d])
    return str(by_dag["warehouse"][-1]["start_date"]) > read_last


@pytest.mark.full
@pytest.mark.airflow
@pytest.mark.timeout(NIGHT_SECONDS_MOST + 1200)
def test_several_workers_and_a_killed_one_give_the_same_marts(
    tmp_path: Path, sample_sites: Path
) -> None:
    programs()  # told before anything long is begun
    scanned = _with_a_scanned_page(tmp_path / "scanned.pdf")
    expected = contents(_embedded(tmp_path / "data", sample_sites, scanned))
    assert len(expected["marts.fct_amount"]) > 1000

    with started(HURRIED, sample_sites) as (cluster, pages):
        volumes = cluster.deployment.volume
        wait_until("the DAGs are read", lambda: set(NIGHTLY) <= pages.dags(), 120)
        assert pages.import_errors() == []
        _archive_file(
            str(programs() / "python"), cluster.deployment.environment("worker-crawl"), scanned
        )
        for dag in NIGHTLY:
            pages.unpause(dag)

        run = wait_until(
            "a batch is being read", lambda: _mid_parse(cluster, pages), 600, every=0.2
        )
        killed = cluster.kill("worker-parse")
        assert killed > 1, "the worker had no process of its own that read"
        cluster.stop("scheduler")
        tries = {
            t["map_index"]: t for t in pages.tasks("parse", run) if t["task_id"] == "parse_batch"
        }
        cut_off = [i for i, t in tries.items() if t["state"] == "running"]
        assert cut_off, "nothing was cut off: the kill came too late"
        # Docker's `restart: unless-stopped`
        cluster.start_service("worker-parse")
        cluster.start_service("scheduler")

        def done() -> bool:
            cluster.check_alive()
            return _quiet_since(pages)

        wait_until("the night has ended", done, NIGHT_SECONDS_MOST, every=3)

        failed = [
            (t["dag_id"], t["task_id"], t["state"])
            for t in pages.tasks()
            if t["state"] not in ("success", "skipped")
        ]
        assert failed == []
        again = {
            t["map_index"]: t["try_number"]
            for t in pages.tasks("parse", run)
            if t["task_id"] == "parse_batch"
        }
        assert all(again[i] >= 2 for i in cut_off), "what was cut off was tried again by Airflow"
        assert {r["run_type"] for r in pages.runs()} == {"scheduled", "asset_triggered"}
        assert set().union(*cluster.listening().values()) == {"127.0.0.1"}

        # Each kind of data lies where the file puts it, and nowhere else.
        assert not (volumes("warehouse") / "archive").exists()
        assert not (volumes("warehouse") / "landing").exists()
        assert not list(volumes("reading").glob("*.duckdb"))

        found = contents(volumes("published") / "warehouse.duckdb")
        assert found.keys() == expected.keys()
        different = [name for name in expected if found[name] != expected[name]]
        assert different == []

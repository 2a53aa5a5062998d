"""DAG ``recognise``: read files with scanned pages, apart from all others."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, dag, task
from wiring import DEFAULT_ARGS, LANDING, SCANS, START, must_end_within

DOC = """
### 扫描件识别 · reading scanned pages

Files whose pages are images wait here, so that a burst of scans never delays text documents:
this DAG has its own runs, its own pool and queue (`ocr`), and its own reading process, which
loads the model once. Work is found by difference, as in `parse`; recognised pages are kept by
the hash of their image, so a killed run goes on where it stopped.

| What you see | What it means | What to do |
|---|---|---|
| `recognise_batch` red after retries | the batch could not be written | the log's last line says where; clear the task |
| green, documents `timeout` | more pages than BUDGETS_SCAN_SECONDS allows | raise it; what was recognised is kept |
| green, documents quarantined | figures that neither two readings nor the sums settle | `budgets review` |

By hand: `budgets run`, or `budgets parse FILE` for one file.
"""


@dag(
    dag_id="recognise",
    schedule=[Asset(SCANS)],
    start_date=START,
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=20),
    deadline=must_end_within(timedelta(hours=10)),
    default_args=DEFAULT_ARGS,
    doc_md=DOC,
    tags=["budgets", "nightly"],
)
def recognise() -> None:
    @task(execution_timeout=timedelta(minutes=10))
    def find_scans() -> list[list[str]]:
        from nightly import steps
        from nightly.settings import Settings

        return steps.find_scans(Settings.from_environment())

    @task(pool="ocr", queue="ocr", execution_timeout=timedelta(hours=2))
    def recognise_batch(batch: list[str], run_id: str | None = None) -> dict[str, Any]:
        from nightly import steps
        from nightly.settings import Settings

        return steps.recognise_batch(Settings.from_environment(), batch, run_id or "")

    @task(outlets=[Asset(LANDING)], trigger_rule="all_done_min_one_success")
    def announce_landing(reports: list[dict[str, Any]]) -> int:
        return sum(r["documents"] for r in reports if r)

    announce_landing(recognise_batch.expand(batch=find_scans()))


recognise()

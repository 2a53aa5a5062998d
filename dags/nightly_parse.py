"""DAG ``parse``: read what the archive holds and landing does not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, dag, task
from wiring import ARCHIVE, DEFAULT_ARGS, LANDING, SCANS, START, must_end_within

DOC = """
### 解析 · reading the PDFs into rows

Work is found by difference (archive − landed), never from the event that woke this DAG, so a
missed event or a killed run loses nothing. Each document is read in a process of its own with
a time and a memory limit, its identities (勾稽关系) are evaluated, and one checkpoint a document
is written; a batch is landed when its commit file stands.

| What you see | What it means | What to do |
|---|---|---|
| `parse_batch` red after retries | the batch could not be written (disk, landing store) | the log's last line says where; clear the task: read documents are not read again |
| green, documents `damaged`, `timeout`, `unknown_template` | the file itself; each has an outcome row | `budgets parse FILE --explain` on the archived original |
| skipped | nothing new | nothing |
| `announce_scans` green | files with scanned pages (扫描件) wait; DAG `recognise` reads them | nothing |

By hand: `budgets ingest FILE|DIR…` for local files, `budgets run` for the whole night.
"""


@dag(
    dag_id="parse",
    schedule=[Asset(ARCHIVE)],
    start_date=START,
    catchup=False,
    max_active_runs=1,
    deadline=must_end_within(timedelta(hours=4)),
    dagrun_timeout=timedelta(hours=6),
    default_args=DEFAULT_ARGS,
    doc_md=DOC,
    tags=["budgets", "nightly"],
)
def parse() -> None:
    @task(execution_timeout=timedelta(minutes=10))
    def find_unparsed() -> list[list[str]]:
        from nightly import steps
        from nightly.settings import Settings

        return steps.find_unparsed(Settings.from_environment())

    @task(pool="parse", queue="parse", execution_timeout=timedelta(hours=2))
    def parse_batch(batch: list[str], run_id: str | None = None) -> dict[str, Any]:
        from nightly import steps
        from nightly.settings import Settings

        return steps.parse_batch(Settings.from_environment(), batch, run_id or "", recognise=False)

    # Skipped when nothing was landed, so that the warehouse wakes only for something new;
    # a failed batch does not hold back the others (it is red, and found again tomorrow).
    @task(outlets=[Asset(LANDING)], trigger_rule="all_done_min_one_success")
    def announce_landing(reports: list[dict[str, Any]]) -> int:
        return sum(r["documents"] for r in reports if r)

    # Skipped where no file waits: the recognition wakes only for scans.
    @task(outlets=[Asset(SCANS)], trigger_rule="all_done_min_one_success")
    def announce_scans(reports: list[dict[str, Any]]) -> int:
        from airflow.sdk.exceptions import AirflowSkipException

        from nightly import steps
        from nightly.settings import Settings

        waiting = len(steps.find_scans(Settings.from_environment()))
        if not waiting:
            raise AirflowSkipException("no scanned file waits")
        return waiting

    reports = parse_batch.expand(batch=find_unparsed())
    announce_landing(reports)
    announce_scans(reports)


parse()

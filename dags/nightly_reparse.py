"""DAG ``reparse``: read again, in the background, what an older parser version has read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, dag, task
from wiring import BACKGROUND_ARGS, LANDING, START, must_end_within

DOC = """
### 重读 · a new parser version re-reads the archive

Nothing to do unless the parser version was raised. Then every archived file that an older version
read is read again, a few hundred a run, and the two readings are compared: the new one is taken
only where no hard identity (勾稽关系) is newly violated or no longer checked, no figure is lost and
nothing accepted becomes quarantined. Work is found by difference, so a paused, killed or repeated
run loses and repeats nothing. It has a pool of one slot and the lowest priority: the night goes first.

| What you see | What it means | What to do |
|---|---|---|
| skipped | every file was read by this version, or kept back by it | nothing |
| `kept_back` in a result | the new reading is worse; the old one stands | `budgets reparse --dry-run`; report the file with its reasons |
| `reread_batch` red after retries | the batch could not be written, or Airflow lost it | clear the task: what was read is not read again |

By hand: `budgets reparse --limit 50`. Reports: `ledger/reparse/*.jsonl`, one line a file.
"""


@dag(
    dag_id="reparse",
    schedule="0 12 * * 6",
    start_date=START,
    catchup=False,
    max_active_runs=1,
    max_active_tasks=1,
    dagrun_timeout=timedelta(hours=12),
    deadline=must_end_within(timedelta(hours=6)),
    default_args=BACKGROUND_ARGS,
    doc_md=DOC,
    tags=["budgets"],
)
def reparse() -> None:
    @task(pool="reparse", execution_timeout=timedelta(minutes=10))
    def find_outdated() -> list[list[str]]:
        from nightly import rereading
        from nightly.settings import Settings

        return rereading.find_outdated(Settings.from_environment(), limit=2000)

    @task(pool="reparse", queue="parse", execution_timeout=timedelta(hours=2))
    def reread_batch(batch: list[str], run_id: str | None = None) -> dict[str, Any]:
        from nightly import rereading
        from nightly.settings import Settings

        return rereading.reread_batch(Settings.from_environment(), batch, run_id or "")

    # The warehouse wakes once, when readings were switched.
    @task(
        pool="reparse",
        outlets=[Asset(LANDING)],
        trigger_rule="all_done_min_one_success",
    )
    def announce_landing(reports: list[dict[str, Any]]) -> int:
        from airflow.sdk.exceptions import AirflowSkipException

        switched = sum(r["switched"] for r in reports if r)
        if not switched:
            raise AirflowSkipException("no reading was switched")
        return switched

    announce_landing(reread_batch.expand(batch=find_outdated()))


reparse()

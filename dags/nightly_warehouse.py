"""DAG ``warehouse``: load, build, check, publish, tell, evidence site."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, AssetOrTimeSchedule, CronTriggerTimetable, dag, task
from wiring import DEFAULT_ARGS, LANDING, START, must_end_within

DOC = """
### 入库与发布 · load → dbt build → Great Expectations → publish → tell

Woken by landed documents, and at 06:30 in any case, so that a quiet night and a failed crawl
are told as well. DuckDB has one writer: every task here holds the one slot of the pool
`warehouse`.

| What you see | What it means | What to do |
|---|---|---|
| `check_landing`, `check_marts` red | a structural failure (schema drift, a lost row, a form missing): publication is stopped and the last good copy stays | open the Data Docs named in the log; the failed expectation names table and column |
| `build` red | a dbt model or test failed | the log names the node and the rows; `budgets build` runs it by hand |
| `load` red with "locked by" | somebody holds the warehouse file | the message names the process; end it or wait |
| `evidence` red | the evidence site, or pages of single documents, could not be made; what is published stands | the log names document and reason; `budgets evidence` builds it by hand |
| all green, findings told | a published budget contradicts itself (核对提示) | nothing to repair: the figures stay as printed |

Every step may be run again: the same input gives the same rows.
By hand: `budgets build`, `budgets check`, `budgets publish`.
"""


@dag(
    dag_id="warehouse",
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("30 6 * * *", timezone="Asia/Shanghai"),
        assets=[Asset(LANDING)],
    ),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    deadline=must_end_within(timedelta(hours=1, minutes=30)),
    dagrun_timeout=timedelta(hours=3),
    default_args={**DEFAULT_ARGS, "pool": "warehouse", "queue": "warehouse"},
    doc_md=DOC,
    tags=["budgets", "nightly"],
)
def warehouse() -> None:
    def step(name: str) -> Any:
        @task(task_id=name)
        def run(run_id: str | None = None) -> dict[str, Any]:
            from nightly import steps
            from nightly.settings import Settings

            return steps.scheduled_step(name, Settings.from_environment(), run_id or "")

        return run

    checked = (
        step("load")()
        >> step("check_landing")()
        >> step("build")()
        >> step("check_marts")()
        >> step("publish")()
    )

    # Told even when publication was stopped: that is the night somebody must hear of.
    @task(trigger_rule="all_done")
    def tell(run_id: str | None = None) -> dict[str, Any]:
        from nightly import steps
        from nightly.settings import Settings

        return steps.scheduled_step("tell", Settings.from_environment(), run_id or "")

    # Red when anything before it was red, and only then is the heartbeat not sent.
    @task(trigger_rule="all_success", retries=1)
    def heartbeat(run_id: str | None = None) -> dict[str, Any]:
        from nightly import steps
        from nightly.settings import Settings

        return steps.scheduled_step("heartbeat", Settings.from_environment(), run_id or "")

    # Last, and nothing waits for it: a site that fails is told and stops no publication.
    @task(trigger_rule="all_done", retries=1)
    def evidence(run_id: str | None = None) -> dict[str, Any]:
        from nightly import steps
        from nightly.settings import Settings

        return steps.scheduled_step("evidence", Settings.from_environment(), run_id or "")

    told = tell()
    checked >> told
    [checked, told] >> heartbeat()
    told >> evidence()


warehouse()

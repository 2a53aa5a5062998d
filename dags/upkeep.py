"""DAG ``upkeep``: a backup, and what is kept how long; every Sunday."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import CronTriggerTimetable, dag, task
from wiring import DEFAULT_ARGS, START, must_end_within

DOC = """
### 日常维护 · backup and retention

| What you see | What it means | What to do |
|---|---|---|
| `backup` skipped | BUDGETS_BACKUP is not set | set it: the archive cannot be made again |
| `backup` red | the place cannot be written, or originals are damaged (named in the log) | mend the place; `budgets archive verify`, then restore what it names |
| `tidy` green | its report says what was deleted | nothing |

By hand: `budgets backup`, `budgets tidy --dry-run`.
"""


@dag(
    dag_id="upkeep",
    schedule=CronTriggerTimetable("0 15 * * 0", timezone="Asia/Shanghai"),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=8),
    deadline=must_end_within(timedelta(hours=4)),
    default_args=DEFAULT_ARGS,
    doc_md=DOC,
    tags=["budgets"],
)
def upkeep() -> None:
    @task(pool="warehouse", queue="warehouse", execution_timeout=timedelta(hours=6))
    def backup() -> dict[str, Any]:
        from airflow.sdk.exceptions import AirflowSkipException

        from nightly.settings import Settings
        from nightly.upkeep import back_up

        settings = Settings.from_environment()
        if settings.backup is None:
            raise AirflowSkipException("BUDGETS_BACKUP is not set")
        return back_up(settings, settings.backup).as_dict()

    @task(pool="warehouse", queue="parse", trigger_rule="all_done")
    def tidy() -> dict[str, Any]:
        from nightly.settings import Settings
        from nightly.upkeep import tidy as clear

        return clear(Settings.from_environment()).as_dict()

    backup() >> tidy()


upkeep()

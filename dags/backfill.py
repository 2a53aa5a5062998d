"""DAG ``backfill``: read one season of the archive, when somebody asks for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, Param, dag, task
from wiring import BACKGROUND_ARGS, LANDING, START, must_end_within

DOC = """
### 补录 · reading an earlier season of publication

For the first weeks with a new county or an archive that came from elsewhere: trigger it with a
season (`2025-spring` January to June, `2025-autumn` July to December, `2025` both). It reads what
is archived and not read yet, and nothing else; triggered again it goes on. It shares the slot of
the background re-reading, so the night goes first.

| What you see | What it means | What to do |
|---|---|---|
| skipped | every archived file of that season was read | crawl first, if files are missing |
| `read_batch` red after retries | as in `parse` | as in `parse` |

By hand: `budgets backfill 2025-spring`.
"""


@dag(
    dag_id="backfill",
    schedule=None,
    start_date=START,
    catchup=False,
    max_active_runs=1,
    max_active_tasks=1,
    dagrun_timeout=timedelta(hours=12),
    deadline=must_end_within(timedelta(hours=6)),
    default_args=BACKGROUND_ARGS,
    params={
        "season": Param("2025-spring", type="string", pattern=r"^20\d\d(-spring|-autumn)?$"),
        "limit": Param(2000, type="integer", minimum=1),
    },
    doc_md=DOC,
    tags=["budgets"],
)
def backfill() -> None:
    @task(pool="reparse", execution_timeout=timedelta(minutes=10))
    def find_season(params: dict[str, Any] | None = None) -> list[list[str]]:
        from nightly import steps
        from nightly.settings import Settings

        asked = params or {}
        return steps.find_unparsed(
            Settings.from_environment(), steps.Season(str(asked["season"])), int(asked["limit"])
        )

    @task(pool="reparse", queue="parse", execution_timeout=timedelta(hours=2))
    def read_batch(batch: list[str], run_id: str | None = None) -> dict[str, Any]:
        from nightly import steps
        from nightly.settings import Settings

        return steps.parse_batch(Settings.from_environment(), batch, run_id or "", recognise=False)

    @task(pool="reparse", outlets=[Asset(LANDING)], trigger_rule="all_done_min_one_success")
    def announce_landing(reports: list[dict[str, Any]]) -> int:
        return sum(r["documents"] for r in reports if r)

    announce_landing(read_batch.expand(batch=find_season()))


backfill()

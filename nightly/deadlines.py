"""A run that is late (作业超时): called by Airflow's triggerer, told like any other failure.

The other half, for a scheduler that does not run at all, is ``budgets doctor --max-age 26h`` from
cron: nothing inside Airflow could tell of that.
"""

from __future__ import annotations

import asyncio
from typing import Any

__all__ = ["tell_late"]

_SAYS = {
    "zh": "未在规定时间内结束，仍在继续",
    "en": "the run has not ended in its time and goes on",
}


async def tell_late(context: dict[str, Any] | None = None, **_: Any) -> None:
    """Write and send the alert once a run; ``context`` is what Airflow says of the run."""
    from nightly import steps
    from nightly.settings import Settings

    settings = Settings.from_environment()
    run: dict[str, Any] = dict((context or {}).get("dag_run") or {})
    dag_id, run_id = str(run.get("dag_id") or "a DAG"), str(run.get("dag_run_id") or "")
    await asyncio.to_thread(
        steps.task_failed,
        settings,
        dag_id=dag_id,
        task_id=f"deadline_of_{dag_id}",
        run_id=run_id,
        try_number=1,
        error=f"DeadlineMissed: {_SAYS[settings.lang]}",
    )

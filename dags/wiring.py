"""What the DAGs share: retries, time limits, and whom a failure is told.

Not a DAG file (see .airflowignore). Nothing heavy is imported here: the scheduler reads
these files again and again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import (
    AsyncCallback,
    DeadlineAlert,
    DeadlineReference,
    ExceptionRetryPolicy,
    RetryAction,
    RetryRule,
)

START = pendulum.datetime(2024, 1, 1, tz="Asia/Shanghai")
ARCHIVE = "budgets://archive/"
LANDING = "budgets://landing/"
SCANS = "budgets://scans/"
"""Files with scanned pages that wait for recognition."""


def tell_failure(context: dict[str, Any]) -> None:
    """Task failed for good: an outcome row and an alert, with where to look."""
    from nightly import steps
    from nightly.settings import Settings

    ti = context["ti"]
    steps.task_failed(
        Settings.from_environment(),
        dag_id=ti.dag_id,
        task_id=ti.task_id,
        run_id=ti.run_id,
        try_number=ti.try_number,
        error=f"{type(context.get('exception')).__name__}: {context.get('exception')}",
    )


def must_end_within(limit: timedelta) -> DeadlineAlert:
    """A run that has not ended so long after it was queued is told, while it goes on (作业超时)."""
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=limit,
        callback=AsyncCallback("nightly.deadlines.tell_late"),
        name=f"within {limit}",
    )


DEFAULT_ARGS: dict[str, Any] = {
    "owner": "budgets",
    "retries": 3,
    "retry_delay": timedelta(minutes=2),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=30),
    # A closed gate and a wrong setting stay so however often they are tried.
    "retry_policy": ExceptionRetryPolicy(
        rules=[
            RetryRule(
                exception=[
                    "nightly.errors.GateClosedError",
                    "nightly.settings.SettingsError",
                ],
                action=RetryAction.FAIL,
                reason="trying again cannot mend it",
            )
        ]
    ),
    "execution_timeout": timedelta(hours=1),
    "on_failure_callback": tell_failure,
}

BACKGROUND_ARGS = DEFAULT_ARGS | {"priority_weight": 1, "weight_rule": "absolute"}
"""What reads in the background: the night goes first."""

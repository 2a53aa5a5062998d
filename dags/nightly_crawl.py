"""DAG ``crawl``: every county site, once a night."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, CronTriggerTimetable, dag, task
from wiring import ARCHIVE, DEFAULT_ARGS, START, must_end_within

DOC = """
### 每夜抓取 · nightly crawl of the county disclosure sites

One mapped task owns one host, asks politely and one request at a time, and writes every
original into the archive before the row that names it. Every fetch leaves an outcome row.

| What you see | What it means | What to do |
|---|---|---|
| `crawl_host` red after retries | the host could not be worked at all (file lock held, bad site file, disk full) | read the last lines of the task's log: they name the file or process; clear the task to run that host again |
| green, but the summary says `blocked` | the site answers with a challenge page | nothing is stored and nothing is fought; write to the site or wait; told after three nights |
| green, but "found nothing where last time something was" | a column moved or is filled by script | `budgets sites check NAME`, then correct the site file |

Running it again is always safe: known and unchanged files cost one conditional request.
By hand: `budgets crawl [--site NAME]`.
"""


@dag(
    dag_id="crawl",
    schedule=CronTriggerTimetable("30 1 * * *", timezone="Asia/Shanghai"),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    deadline=must_end_within(timedelta(hours=4)),
    dagrun_timeout=timedelta(hours=4, minutes=30),
    default_args=DEFAULT_ARGS,
    doc_md=DOC,
    tags=["budgets", "nightly"],
)
def crawl() -> None:
    @task(execution_timeout=timedelta(minutes=5))
    def list_hosts() -> list[str]:
        from nightly import steps
        from nightly.settings import Settings

        return steps.list_hosts(Settings.from_environment())

    @task(
        pool="crawl",
        queue="crawl",
        execution_timeout=timedelta(hours=4),
        map_index_template="{{ task.op_kwargs['host'] }}",
    )
    def crawl_host(host: str, run_id: str | None = None) -> dict[str, Any]:
        from nightly import steps
        from nightly.settings import Settings

        return steps.crawl_host(Settings.from_environment(), host, run_id or "")

    # One failed host must not hide what the others found: parse looks at the archive itself.
    @task(outlets=[Asset(ARCHIVE)], trigger_rule="all_done", execution_timeout=timedelta(minutes=5))
    def close_crawl(run_id: str | None = None) -> dict[str, Any]:
        from nightly import steps
        from nightly.settings import Settings

        return steps.close_crawl(Settings.from_environment(), run_id or "")

    crawl_host.expand(host=list_hosts()) >> close_crawl()


crawl()

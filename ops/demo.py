"""The demo: the sample sites on loopback, the four DAGs run by Airflow itself, in order.

``python -m ops.demo`` (``make demo``); with ``--sites FOLDER`` on the sites declared there. Airflow
keeps its own SQLite database below the data folder. What Airflow and the steps print goes to
``data/logs/demo.log``; the terminal gets one line a DAG and the night's report.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TextIO

from ops import airflow_home


def run_dags(terminal: TextIO) -> bool:
    """Run the DAGs one after the other; True when all ended well."""
    from airflow.dag_processing.dagbag import BundleDagBag

    airflow_home.migrate()
    folder = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    bag = BundleDagBag(dag_folder=folder, bundle_path=folder, bundle_name="dags-folder")
    if bag.import_errors:
        print(f"DAG files that cannot be imported: {bag.import_errors}", file=terminal)
        return False
    for number, name in enumerate(airflow_home.DAGS, 1):
        clock = time.monotonic()
        # a run by hand has no deadline; Airflow's test run fails on one after a success
        # (https://github.com/apache/airflow/issues/73428)
        bag.dags[name].deadline = None
        run = bag.dags[name].test()
        state = str(getattr(run.state, "value", run.state))
        tasks = run.get_task_instances()
        done = sum(t.state == "success" for t in tasks)
        skipped = sum(t.state == "skipped" for t in tasks)
        print(
            f"  {number}/{len(airflow_home.DAGS)} {name:<10} {state:<8} {done} tasks done"
            + (f", {skipped} skipped (nothing new)" if skipped else "")
            + f", {time.monotonic() - clock:.1f} s",
            file=terminal,
            flush=True,
        )
        if state != "success":
            for t in tasks:
                if t.state not in ("success", "skipped"):
                    print(f"      {t.task_id}: {t.state}", file=terminal, flush=True)
            return False
    return True


@contextmanager
def output_to(log: Path) -> Iterator[TextIO]:
    """Send what this process and its children print to a log; yields the real terminal."""
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    held = os.dup(1), os.dup(2)
    terminal = os.fdopen(os.dup(1), "w", encoding="utf-8")
    with log.open("ab") as sink:
        os.dup2(sink.fileno(), 1)
        os.dup2(sink.fileno(), 2)
        try:
            yield terminal
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, saved in enumerate(held, 1):
                os.dup2(saved, number)
                os.close(saved)
            terminal.close()


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, default=Path(os.environ.get("BUDGETS_DATA", "data")))
    options.add_argument(
        "--lang", choices=("zh", "en"), default=os.environ.get("BUDGETS_LANG", "zh")
    )
    options.add_argument(
        "--sites",
        type=Path,
        help="folder of site files to crawl (default: the sample sites, served)",
    )
    given = options.parse_args()
    if given.sites and not given.sites.is_dir():
        options.error(f"--sites {given.sites}: there is no such folder")
    data: Path = given.data.resolve()
    data.mkdir(parents=True, exist_ok=True)
    log = data / "logs" / "demo.log"
    os.environ.update(airflow_home.environment(data))

    from samples.server import serve_province

    served = (
        nullcontext(given.sites.resolve()) if given.sites else serve_province(data / "sample-site")
    )
    with served as sites:
        os.environ["BUDGETS_SITES"] = str(sites)
        which = f"sites in {sites}" if given.sites else "sample sites"
        print(f"Airflow runs the night on the {which} (log: {log})", flush=True)
        with output_to(log) as terminal:
            ended_well = run_dags(terminal)
    if not ended_well:
        print(f"A DAG failed; the last lines of {log}:", flush=True)
        print("\n".join(log.read_text(errors="replace").splitlines()[-25:]))
        return 1
    return subprocess.call([sys.executable, "-m", "cli", "report", "--lang", given.lang])


if __name__ == "__main__":
    raise SystemExit(main())

"""``make up`` and ``make down``: Airflow's four services on 127.0.0.1 over the same data.

``python -m ops.services up|down|status``. Each service is started in a session of its own and
remembered with its start time, so that ``down`` ends exactly these processes and no others.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import requests

from ops import airflow_home
from ops.processes import Processes, port_is_free

SERVICES: dict[str, list[str]] = {
    "api-server": ["api-server", "--host", "127.0.0.1"],
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}
PATIENCE_SECONDS = 120


def _services(data: Path) -> Processes:
    return Processes(data / "airflow" / "services.json")


def _commands(data: Path, port: int) -> dict[str, list[str]]:
    """What each service runs; the sample sites too, where the demo has used them here."""
    airflow = str(Path(sys.executable).with_name("airflow"))
    commands = {name: [airflow, *rest] for name, rest in SERVICES.items()}
    commands["api-server"] += ["--port", str(port)]
    state = data / "sample-site"
    if "BUDGETS_SITES" not in os.environ and state.is_dir():
        commands["sample-sites"] = [
            sys.executable,
            "-m",
            "samples.server",
            "--state",
            str(state),
        ]
    return commands


def up(data: Path, port: int) -> int:
    """Start what does not run yet, wait until the API answers, print address and login."""
    services = _services(data)
    running = services.running()
    if not running and not port_is_free(port):
        print(f"port {port} is taken; choose another with: make up PORT=…")
        return 1
    if running:
        port = int((data / "airflow" / "port").read_text())
    environment = os.environ | airflow_home.environment(data, port)
    sample_sites = data / "sample-site" / "sites"
    if "BUDGETS_SITES" not in os.environ and sample_sites.is_dir():
        environment["BUDGETS_SITES"] = str(sample_sites)
    logs = data / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [sys.executable, "-c", "from ops import airflow_home; airflow_home.migrate()"],
        env=environment,
        check=True,
        stdout=(logs / "migrate.log").open("ab"),
        stderr=subprocess.STDOUT,
    )
    (data / "airflow" / "port").write_text(str(port))
    for name, command in _commands(data, port).items():
        if name in running:
            continue
        running[name] = services.start(name, command, environment, logs)
    deadline = time.monotonic() + PATIENCE_SECONDS
    address = f"http://127.0.0.1:{port}"
    waiting = "no answer yet"
    while time.monotonic() < deadline:
        gone = [n for n, p in running.items() if not p.is_running() or p.status() == "zombie"]
        if gone:
            print(f"{', '.join(gone)} ended at once; read {logs}/{gone[0]}.log, then: make down")
            return 1
        try:
            health = requests.get(f"{address}/api/v2/monitor/health", timeout=5).json()
            states = {k: v.get("status") for k, v in health.items()}
            if all(
                states.get(k) == "healthy"
                for k in ("metadatabase", "scheduler", "dag_processor", "triggerer")
            ):
                break
            waiting = str(states)
        except (requests.RequestException, ValueError):
            pass
        time.sleep(1)
    else:
        print(
            f"not healthy after {PATIENCE_SECONDS} s ({waiting}); logs: {logs}; end with: make down"
        )
        return 1
    print(
        f"Airflow: {address}\n"
        f"login: admin   password: {airflow_home.password(data)}\n"
        f"data: {data}   logs: {logs}\n"
        "DAGs are paused at first: unpause crawl, parse and warehouse to let the schedule run.\n"
        "end with: make down"
    )
    return 0


def down(data: Path) -> int:
    """End the services that ``up`` started, and their children; nothing else."""
    print(f"ended: {', '.join(_services(data).end()) or 'nothing was running'}")
    return 0


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("what", choices=("up", "down", "status"))
    options.add_argument("--data", type=Path, default=Path(os.environ.get("BUDGETS_DATA", "data")))
    options.add_argument("--port", type=int, default=8080)
    given = options.parse_args()
    data = given.data.resolve()
    if given.what == "up":
        return up(data, given.port)
    if given.what == "down":
        return down(data)
    for name, process in _services(data).running().items():
        print(f"{name}: pid {process.pid}, since {time.ctime(process.create_time())}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

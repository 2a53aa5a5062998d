"""``make bi``: Apache Superset over the published copy, with its dashboards, on 127.0.0.1.

``python -m ops.bi up|down``. Superset lives in an environment of its own (``.venv-bi``, from
``requirements/bi.lock``) and keeps its database, its key and its login below ``data/bi``. Run
again, it brings the dashboards to what ``bi/dashboards.yml`` says now. The DuckDB file is opened
read-only for each question, so that a new publication shows as soon as it is there.
"""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import requests

from ops.airflow_home import ROOT, private_file
from ops.dashboards import write_import
from ops.processes import Processes, port_is_free
from warehouse.layout import Layout

ENVIRONMENT = ROOT / ".venv-bi"
LOGIN = "admin"
PATIENCE_SECONDS = 180


def _programs(environment: Path) -> Path:
    found = environment / "bin"
    if not (found / "superset").exists():
        raise SystemExit(f"there is no Superset in {environment}: run make bi")
    return found


def environment(home: Path) -> dict[str, str]:
    """What Superset needs to know; its key and its password are made once, mode 0600."""
    kept = private_file(
        home / "secrets.json",
        lambda: {"secret_key": secrets.token_hex(32), "password": secrets.token_urlsafe(12)},
    )
    return {
        "FLASK_APP": "superset",
        "SUPERSET_CONFIG_PATH": str(ROOT / "bi" / "superset_config.py"),
        "SUPERSET_SECRET_KEY": kept["secret_key"],
        "BUDGETS_BI_HOME": str(home),
        "BUDGETS_BI_PASSWORD": kept["password"],
    }


def _run(log: Path, settings: Mapping[str, str], *command: str) -> None:
    with log.open("ab") as sink:
        done = subprocess.run(
            command, env=dict(settings), stdout=sink, stderr=subprocess.STDOUT, check=False
        )
    if done.returncode:
        raise SystemExit(f"{Path(command[0]).name} {command[1]} failed; the reason is in {log}")


def set_up(data: Path, programs: Path, settings: Mapping[str, str]) -> list[str]:
    """Bring Superset's database, login and dashboards up to date; gives their addresses.

    Raises SystemExit with the log that says why.
    """
    home, published = data / "bi", Layout(data).published_path
    if not published.exists():
        raise SystemExit(f"nothing is published below {data}: make demo, or budgets run")
    log = data / "logs" / "bi-setup.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    superset = str(programs / "superset")
    _run(log, settings, superset, "db", "upgrade")
    if not (home / "login.made").exists():
        # the password stands in the environment: a command line is read by everybody
        _run(
            log,
            settings,
            str(programs / "python"),
            "-c",
            "import os\n"
            "from superset.app import create_app\n"
            "app = create_app()\n"
            "with app.app_context():\n"
            "    sm = app.appbuilder.sm\n"
            "    sm.sync_role_definitions()\n"
            f"    assert sm.find_user({LOGIN!r}) or sm.add_user({LOGIN!r}, 'county', 'budgets',"
            " 'admin@example.invalid', sm.find_role('Admin'),"
            " password=os.environ['BUDGETS_BI_PASSWORD'])\n",
        )
        (home / "login.made").touch()
    _run(log, settings, superset, "init")
    addresses = write_import(home / "import", published)
    _run(log, settings, superset, "import-directory", "--overwrite", str(home / "import"))
    return addresses


def up(data: Path, port: int, environment_folder: Path = ENVIRONMENT) -> int:
    """Set up, start, wait until it answers; print address and login."""
    programs = _programs(environment_folder)
    services = Processes(data / "bi" / "services.json")
    running = services.running()
    if not running and not port_is_free(port):
        print(f"port {port} is taken; choose another with: make bi BI_PORT=…")
        return 1
    settings = os.environ | environment(data / "bi")
    addresses = set_up(data, programs, settings)
    # started anew each time: what it keeps in memory is of the dashboards before
    services.end()
    command = [
        str(programs / "gunicorn"),
        *("--workers", "1", "--worker-class", "gthread", "--threads", "8", "--timeout", "120"),
        *("--bind", f"127.0.0.1:{port}", "superset.app:create_app()"),
    ]
    process = services.start("superset", command, settings, data / "logs")
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            if requests.get(f"{address}/health", timeout=5).text == "OK":
                break
        except requests.RequestException:
            pass
        if not process.is_running() or time.monotonic() > deadline:
            print(f"Superset did not answer; read {data}/logs/superset.log, then: make bi-down")
            return 1
        time.sleep(1)
    print(
        f"Superset: {address}\n"
        f"login: {LOGIN}   password: {settings['BUDGETS_BI_PASSWORD']}\n"
        + "".join(f"  {address}{one}\n" for one in addresses)
        + "end with: make bi-down"
    )
    return 0


def down(data: Path) -> int:
    """End what ``up`` started."""
    ended = Processes(data / "bi" / "services.json").end()
    print(f"ended: {', '.join(ended) or 'nothing was running'}")
    return 0


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("what", choices=("up", "down"))
    options.add_argument("--data", type=Path, default=Path(os.environ.get("BUDGETS_DATA", "data")))
    options.add_argument("--port", type=int, default=8088)
    options.add_argument("--environment", type=Path, default=ENVIRONMENT)
    given = options.parse_args()
    data = given.data.resolve()
    return up(data, given.port, given.environment) if given.what == "up" else down(data)


if __name__ == "__main__":
    raise SystemExit(main())

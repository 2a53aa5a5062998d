"""``make bi``: Apache Superset over the published copy, with its dashboards, on 127.0.0.1.

``python -m ops.bi up|down``; ``serve`` is the same in the foreground, for a container. Superset lives
in an environment of its own (``.venv-bi``, from ``requirements/bi.lock``) and keeps its database,
its key and its login below ``data/bi``. Run again, it brings the dashboards to what
``bi/dashboards.yml`` says now. The DuckDB file is opened read-only for each question, so that a new
publication shows as soon as it is there.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import requests

from ops.airflow_home import ROOT, private_file
from ops.dashboards import imported, write_import
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
    """What Superset needs to know; its key and its password are those of the environment
    (``SUPERSET_SECRET_KEY``, ``BUDGETS_BI_PASSWORD``), else made once, mode 0600.
    """
    key, password = (os.environ.get(n) for n in ("SUPERSET_SECRET_KEY", "BUDGETS_BI_PASSWORD"))
    if not (key and password):
        kept = private_file(
            home / "secrets.json",
            lambda: {"secret_key": secrets.token_hex(32), "password": secrets.token_urlsafe(12)},
        )
        key, password = key or kept["secret_key"], password or kept["password"]
    return {
        "FLASK_APP": "superset",
        "SUPERSET_CONFIG_PATH": str(ROOT / "bi" / "superset_config.py"),
        "SUPERSET_SECRET_KEY": key,
        "BUDGETS_BI_HOME": str(home),
        "BUDGETS_BI_PASSWORD": password,
    }


def _run(log: Path | None, settings: Mapping[str, str], *command: str) -> None:
    """One command, its output to a log or (None) to ours. Raises SystemExit saying where to look."""
    sink = log.open("ab") if log else None
    try:
        done = subprocess.run(
            command, env=dict(settings), stdout=sink, stderr=subprocess.STDOUT, check=False
        )
    finally:
        if sink:
            sink.close()
    if done.returncode:
        where = f"in {log}" if log else "above"
        raise SystemExit(f"{Path(command[0]).name} {command[1]} failed; the reason is {where}")


# The password stands in the environment: a command line is read by everybody.
_LOGIN = f"""
import os
from superset.app import create_app
app = create_app()
with app.app_context():
    sm = app.appbuilder.sm
    sm.sync_role_definitions()
    password = os.environ['BUDGETS_BI_PASSWORD']
    user = sm.find_user({LOGIN!r})
    if user is None:
        assert sm.add_user({LOGIN!r}, 'county', 'budgets', 'admin@example.invalid',
                           sm.find_role('Admin'), password=password)
    else:
        sm.reset_password(user.id, password)
"""


# What an earlier import made and is declared no more: Superset would go on showing it at the end of
# its dashboard. Charts that people added themselves are not among it.
_FORGET = """
import os, uuid
from superset.app import create_app
app = create_app()
with app.app_context():
    from superset import db
    from superset.models.dashboard import Dashboard
    from superset.models.slice import Slice
    gone = [uuid.UUID(one) for one in os.environ['BUDGETS_BI_GONE'].split(',')]
    for kind in (Slice, Dashboard):
        for one in db.session.query(kind).filter(kind.uuid.in_(gone)):
            if kind is Slice:
                one.dashboards = []
            else:
                one.slices = []
            db.session.delete(one)
    db.session.commit()
"""


def prepare(home: Path, programs: Path, settings: Mapping[str, str], log: Path | None) -> None:
    """Bring Superset's database and login up to date. Raises SystemExit saying where to look."""
    home.mkdir(parents=True, exist_ok=True)
    superset = str(programs / "superset")
    _run(log, settings, superset, "db", "upgrade")
    _run(log, settings, str(programs / "python"), "-c", _LOGIN)
    _run(log, settings, superset, "init")


def import_dashboards(
    data: Path, programs: Path, settings: Mapping[str, str], log: Path | None
) -> list[str]:
    """Bring the dashboards to what is declared and published; gives their addresses."""
    folder, coming = data / "bi" / "import", data / "bi" / "import.new"
    shutil.rmtree(coming, ignore_errors=True)
    addresses = write_import(coming, Layout(data).published_path)
    gone = imported(folder) - imported(coming)
    if gone:
        forget = dict(settings) | {"BUDGETS_BI_GONE": ",".join(sorted(gone))}
        _run(log, forget, str(programs / "python"), "-c", _FORGET)
    shutil.rmtree(folder, ignore_errors=True)
    coming.rename(folder)
    superset = str(programs / "superset")
    _run(log, settings, superset, "import-directory", "--overwrite", str(folder))
    return addresses


def set_up(data: Path, programs: Path, settings: Mapping[str, str]) -> list[str]:
    """Bring Superset's database, login and dashboards up to date; gives their addresses.

    Raises SystemExit with the log that says why.
    """
    if not Layout(data).published_path.exists():
        raise SystemExit(f"nothing is published below {data}: make demo, or budgets run")
    log = data / "logs" / "bi-setup.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    prepare(data / "bi", programs, settings, log)
    return import_dashboards(data, programs, settings, log)


def _server(programs: Path, host: str, port: int) -> list[str]:
    return [
        str(programs / "gunicorn"),
        *("--workers", "1", "--worker-class", "gthread", "--threads", "8", "--timeout", "120"),
        "--no-control-socket",  # it would lie in the home folder, one for all servers
        *("--bind", f"{host}:{port}", "superset.app:create_app()"),
    ]


def serve(data: Path, host: str, port: int, environment_folder: Path = ENVIRONMENT) -> int:
    """Set up and serve in the foreground until told to end; gives the server's exit code.

    Before the first publication Superset runs without dashboards; they come with it.
    """
    programs = _programs(environment_folder)
    settings = os.environ | environment(data / "bi")
    published = Layout(data).published_path
    prepare(data / "bi", programs, settings, None)
    is_there = published.exists()
    if is_there:
        import_dashboards(data, programs, settings, None)
    else:
        print(f"nothing is published at {published} yet: dashboards follow", flush=True)
    server = subprocess.Popen(_server(programs, host, port), env=settings)
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    signal.signal(signal.SIGINT, lambda *_: server.terminate())
    while True:
        try:
            return server.wait(timeout=5)
        except subprocess.TimeoutExpired:
            if not is_there and published.exists():
                import_dashboards(data, programs, settings, None)
                is_there = True
                # what it keeps in memory is of the time without dashboards
                server.send_signal(signal.SIGHUP)


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
    process = services.start(
        "superset", _server(programs, "127.0.0.1", port), settings, data / "logs"
    )
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
    options.add_argument("what", choices=("up", "down", "serve"))
    options.add_argument("--data", type=Path, default=Path(os.environ.get("BUDGETS_DATA", "data")))
    options.add_argument("--port", type=int, default=8088)
    options.add_argument("--host", default="127.0.0.1", help="of serve: the address to listen on")
    options.add_argument("--environment", type=Path, default=ENVIRONMENT)
    given = options.parse_args()
    data = given.data.resolve()
    if given.what == "serve":
        return serve(data, given.host, given.port, given.environment)
    return up(data, given.port, given.environment) if given.what == "up" else down(data)


if __name__ == "__main__":
    raise SystemExit(main())

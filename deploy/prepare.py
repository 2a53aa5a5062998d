"""What must stand before the services start: database, pools, login, reachable stores.

Runs once at every ``docker compose up`` (service ``prepare``), before all others. Running it
again is safe. Ends with exit code 1 and one line where something is missing.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

from nightly.settings import Settings
from ops.airflow_home import POOLS
from store import Store

PROBE = ".reachable"


class NotReadyError(Exception):
    """What is missing, where, and what to do."""


def write_login(path: Path, password: str) -> None:
    """The password of the login ``admin``, where Airflow reads it: mode 0600, written whole."""
    if len(password) < 12:
        raise NotReadyError(
            "AIRFLOW_ADMIN_PASSWORD is missing or shorter than 12 characters: run "
            "deploy/first_run.py, which writes .env"
        )
    held = json.loads(path.read_text()) if path.exists() else {}
    scratch = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with open(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        json.dump(held | {"admin": password}, out)
    scratch.replace(path)


def check_store(name: str, root: str) -> None:
    """Write, read and delete one small file. Raises NotReadyError."""
    store, said = Store(root), secrets.token_bytes(16)
    probe = f"{PROBE}-{secrets.token_hex(4)}"
    try:
        store.write_bytes(probe, said)
        held = store.read_bytes(probe)
        store.delete(probe)
    except Exception as error:
        raise NotReadyError(
            f"{name}={root} cannot be written and read ({type(error).__name__}: {error}); look at "
            "the service objectstore, AWS_ENDPOINT_URL and its keys in .env"
        ) from error
    if held != said:
        raise NotReadyError(f"{name}={root} gave back other bytes than were written")


def make_pools() -> None:
    """The pools of the DAGs: how many hosts, batches and writers at once."""
    pools = {
        name: {"slots": slots, "description": why, "include_deferred": False}
        for name, (slots, why) in POOLS.items()
    }
    with tempfile.NamedTemporaryFile("w", suffix=".json") as out:
        json.dump(pools, out)
        out.flush()
        airflow("pools", "import", out.name)


def airflow(*arguments: str) -> None:
    """Run one Airflow command. Raises NotReadyError."""
    if subprocess.run(["airflow", *arguments], check=False).returncode:
        raise NotReadyError(
            f"`airflow {' '.join(arguments)}` failed: the reason stands above; look at the "
            "service postgres and AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
        )


def main() -> int:
    try:
        settings = Settings.from_environment()
        check_store("BUDGETS_ARCHIVE", settings.archive_root)
        check_store("BUDGETS_LANDING", settings.landing_root)
        airflow("db", "migrate")
        make_pools()
        write_login(
            Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"]),
            os.environ.get("AIRFLOW_ADMIN_PASSWORD", ""),
        )
    except (NotReadyError, ValueError) as error:
        print(f"prepare: {error}", file=sys.stderr)
        return 1
    print("prepare: database, pools, login and stores are ready")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

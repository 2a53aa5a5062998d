"""One folder that is a whole Airflow: its settings, its database, its pools, its secrets."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DAGS = ("crawl", "parse", "recognise", "warehouse")
POOLS = {
    "crawl": (8, "hosts crawled at once; one task owns a host"),
    "parse": (2, "batches read at once; each uses the machine's cores"),
    "ocr": (1, "scanned files read at once; each keeps a core busy for minutes"),
    "reparse": (1, "one batch re-read in the background; the night goes first"),
    "warehouse": (1, "DuckDB has one writer"),
}


def environment(data: Path, port: int | None = None) -> dict[str, str]:
    """Airflow's settings for the data folder; with ``port`` also those of its services."""
    home = data / "airflow"
    found = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": "Asia/Shanghai",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "BUDGETS_DATA": str(data),
    }
    if port is not None:
        kept = _secrets(home)
        found |= {
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "2",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
            "AIRFLOW__CORE__FERNET_KEY": kept["fernet_key"],
            "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API__SECRET_KEY": kept["secret_key"],
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API_AUTH__JWT_SECRET": kept["jwt_secret"],
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        }
    return found


def _secrets(home: Path) -> dict[str, str]:
    """Keys and the login's password: made once, readable by the owner alone."""
    from cryptography.fernet import Fernet

    def made() -> dict[str, str]:
        return {
            "fernet_key": Fernet.generate_key().decode(),
            "secret_key": secrets.token_hex(32),
            "jwt_secret": secrets.token_hex(64),
        }

    private_file(home / "passwords.json", lambda: {"admin": secrets.token_urlsafe(12)})
    return private_file(home / "secrets.json", made)


def password(data: Path) -> str:
    """The password of the login ``admin``."""
    return str(json.loads((data / "airflow" / "passwords.json").read_text())["admin"])


def private_file(path: Path, make: Callable[[], dict[str, str]]) -> dict[str, str]:
    """What the file holds; made once, readable by the owner alone."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            json.dump(make(), out)
    kept: dict[str, str] = json.loads(path.read_text())
    return kept


def migrate() -> None:
    """Bring Airflow's database (of the current environment) up to date and make the pools."""
    from airflow.models.pool import Pool
    from airflow.utils.db import initdb, upgradedb
    from airflow.utils.session import create_session

    if (Path(os.environ["AIRFLOW_HOME"]) / "airflow.db").exists():
        upgradedb()
    else:
        initdb()
    with create_session() as session:
        for name, (slots, why) in POOLS.items():
            Pool.create_or_update_pool(
                name, slots=slots, description=why, include_deferred=False, session=session
            )

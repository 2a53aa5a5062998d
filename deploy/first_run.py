"""Writes ``.env`` for ``docker compose``: every secret made here, none has a default.

``python3 deploy/first_run.py --contact you@example.org`` beside ``docker-compose.yml``. Needs
nothing but Python's own library. A second run keeps every value and adds only what is new, so
that it is also the first step of an upgrade.
"""

from __future__ import annotations

import argparse
import base64
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def _password() -> str:
    # hexadecimal: it stands in URLs and in .env, where other signs would need quoting
    return secrets.token_hex(24)


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


SECRETS: dict[str, tuple[Callable[[], str], str]] = {
    "POSTGRES_PASSWORD": (_password, "Airflow's database"),
    "REDIS_PASSWORD": (_password, "the queue"),
    "OBJECTSTORE_ACCESS_KEY": (lambda: "budgets-" + secrets.token_hex(6), "archive and landing"),
    "OBJECTSTORE_SECRET_KEY": (_password, "archive and landing"),
    "AIRFLOW_FERNET_KEY": (_fernet_key, "encrypts connections kept in Airflow's database"),
    "AIRFLOW_API_SECRET_KEY": (lambda: secrets.token_hex(32), "signs sessions"),
    "AIRFLOW_JWT_SECRET": (lambda: secrets.token_hex(64), "signs the tokens of tasks and logins"),
    "AIRFLOW_ADMIN_PASSWORD": (lambda: secrets.token_urlsafe(18), "login admin of Airflow's pages"),
    "SUPERSET_SECRET_KEY": (lambda: secrets.token_hex(32), "signs the dashboards' sessions"),
    "SUPERSET_ADMIN_PASSWORD": (lambda: secrets.token_urlsafe(18), "login admin of the dashboards"),
}

CHOICES: dict[str, tuple[str, str]] = {
    "BUDGETS_CONTACT": ("", "e-mail or web page for operators of the sites; needed to crawl"),
    "BUDGETS_SITES": ("", "/site-files for the folder site-files/, empty for the packaged sites"),
    "BUDGETS_UNVERIFIED_SITES": ("no", "also crawl sites that nobody has verified"),
    "BUDGETS_ALERT_URLS": ("", "Apprise addresses, separated by blanks; they hold secrets"),
    "BUDGETS_HEARTBEAT_URL": ("", "pinged after each complete night"),
    "AIRFLOW_PORT": ("8080", "Airflow's pages, on 127.0.0.1 of this machine"),
    "SUPERSET_PORT": ("8088", "the dashboards, on 127.0.0.1 of this machine"),
    "PARSE_MEMORY": ("10g", "memory limit of the parse worker"),
}


class EnvironmentFileError(Exception):
    """The existing ``.env`` cannot be used: what, where, what to do."""


def read(path: Path) -> dict[str, str]:
    """The variables of an ``.env`` file; raises EnvironmentFileError naming the line."""
    found: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise EnvironmentFileError(
                f"{path}:{number}: not NAME=value; mend this line, nothing was changed"
            )
        found[name] = value.strip()
    return found


def complete(held: dict[str, str], contact: str = "") -> dict[str, str]:
    """What is missing in ``held``: a new secret, or the choice's default."""
    made: dict[str, str] = {}
    for name, (make, _) in SECRETS.items():
        if not held.get(name):
            made[name] = make()
    for name, (default, _) in CHOICES.items():
        if name not in held:
            made[name] = contact if name == "BUDGETS_CONTACT" else default
    return made


def write(path: Path, contact: str = "") -> list[str]:
    """Write or complete ``.env`` (mode 0600, whole or not at all); gives the names added."""
    held = read(path) if path.exists() else {}
    made = complete(held, contact)
    said = {
        **{n: why for n, (_, why) in SECRETS.items()},
        **{n: w for n, (_, w) in CHOICES.items()},
    }
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    kept = [  # an empty secret is replaced, everything else stays as it was written
        line
        for line in before.splitlines()
        if line.partition("=")[0].strip() not in made or line.lstrip().startswith("#")
    ]
    if not kept:
        kept = ["# Settings and secrets of this deployment: never commit or send this file."]
    text = "\n".join([*kept, *(f"# {said[n]}\n{n}={v}" for n, v in made.items())]) + "\n"
    scratch = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with open(
        os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as out:
        out.write(text)
    scratch.replace(path)
    return list(made)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--contact", default="", help="e-mail or web page for site operators")
    options.add_argument("--folder", type=Path, default=ROOT, help=argparse.SUPPRESS)
    given = options.parse_args()
    path: Path = given.folder / ".env"
    try:
        added = write(path, given.contact)
    except EnvironmentFileError as error:
        print(f"first_run: {error}", file=sys.stderr)
        return 1
    for name in ("site-files", "decisions"):  # mounted read-only into the containers
        (given.folder / name).mkdir(exist_ok=True)
    print(f"{path}: " + (f"added {', '.join(added)}" if added else "complete, nothing changed"))
    if not read(path).get("BUDGETS_CONTACT"):
        print("Set BUDGETS_CONTACT in it before public sites are crawled.")
    print("Next: docker compose up -d --build --wait")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

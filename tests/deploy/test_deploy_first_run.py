"""The first run: secrets are made, private, kept; the services' preparation says what is missing."""

from __future__ import annotations

import importlib.util
import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def module(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, ROOT / "deploy" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


first_run, prepare = module("first_run"), module("prepare")


def test_secrets_are_long_private_and_different_each_time(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    made = []
    for place in ("a", "b"):
        path = tmp_path / place / ".env"
        first_run.write(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        made.append(first_run.read(path))
    for name in first_run.SECRETS:
        assert len(made[0][name]) >= 20, name
        assert made[0][name] != made[1][name], name
    assert len({made[0][n] for n in first_run.SECRETS}) == len(first_run.SECRETS)


def test_secrets_need_no_quoting() -> None:
    for name, (make, _) in first_run.SECRETS.items():
        value = make()
        assert not set(value) & set("$'\"#\\ :/@"), name  # they stand in URLs and in .env


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    first_run.write(path, "ops@example.org")
    before = path.read_bytes()
    assert first_run.write(path, "someone@example.org") == []
    assert path.read_bytes() == before


def test_an_upgrade_adds_what_is_new_and_keeps_the_rest(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("# ours\nREDIS_PASSWORD=kept\nOWN=1\nPOSTGRES_PASSWORD=\nPARSE_MEMORY=4g\n")
    path.chmod(0o644)
    added = first_run.write(path)
    held = first_run.read(path)
    assert held["REDIS_PASSWORD"] == "kept"
    assert (held["OWN"], held["PARSE_MEMORY"]) == ("1", "4g")
    assert held["POSTGRES_PASSWORD"]
    assert "POSTGRES_PASSWORD" in added
    assert "REDIS_PASSWORD" not in added
    assert path.read_text().count("POSTGRES_PASSWORD=") == 1
    assert path.read_text().startswith("# ours\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_damaged_file_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("REDIS_PASSWORD=kept\nthis is no variable\n")
    done = subprocess.run(
        [sys.executable, ROOT / "deploy" / "first_run.py", "--folder", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"{path}:2:" in done.stderr
    assert path.read_text() == "REDIS_PASSWORD=kept\nthis is no variable\n"


def test_the_terminal_shows_no_secret(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "deploy" / "first_run.py", "--folder", tmp_path],
        capture_output=True,
        text=True,
        check=True,
    )
    held = first_run.read(tmp_path / ".env")
    assert not [n for n in first_run.SECRETS if held[n] in done.stdout + done.stderr]
    assert (tmp_path / "site-files").is_dir()
    assert (tmp_path / "decisions").is_dir()


def test_the_login_is_private_and_follows_env(tmp_path: Path) -> None:
    path = tmp_path / "passwords.json"
    path.write_text(json.dumps({"anna": "hers", "admin": "old"}))
    prepare.write_login(path, "new-and-long-enough")
    assert json.loads(path.read_text()) == {"anna": "hers", "admin": "new-and-long-enough"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(prepare.NotReadyError, match="AIRFLOW_ADMIN_PASSWORD"):
        prepare.write_login(path, "short")


def test_a_store_is_tried_and_left_clean(tmp_path: Path) -> None:
    prepare.check_store("BUDGETS_ARCHIVE", f"file://{tmp_path}")
    assert list(tmp_path.iterdir()) == []
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    with pytest.raises(prepare.NotReadyError, match="BUDGETS_LANDING"):
        prepare.check_store("BUDGETS_LANDING", str(blocked))

"""Airflow's settings for one folder."""

from __future__ import annotations

import stat
from pathlib import Path

from ops import airflow_home


def test_services_listen_on_loopback_alone(tmp_path: Path) -> None:
    found = airflow_home.environment(tmp_path, 8099)
    assert found["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert found["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"].startswith("http://127.0.0.1:8099/")


def test_secrets_are_made_once_and_private(tmp_path: Path) -> None:
    first = airflow_home.environment(tmp_path, 8099)
    password = airflow_home.password(tmp_path)
    again = airflow_home.environment(tmp_path, 8099)
    assert first == again
    assert airflow_home.password(tmp_path) == password
    assert len(password) >= 12
    for name in ("secrets.json", "passwords.json"):
        mode = stat.S_IMODE((tmp_path / "airflow" / name).stat().st_mode)
        assert mode == 0o600, name

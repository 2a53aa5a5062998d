"""The dashboards as the service ``superset`` runs them: before the first publication, and with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from cluster import free_port, wait_until

from warehouse.layout import Layout

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = Path(os.environ.get("BUDGETS_BI_ENV", ROOT / ".venv-bi"))
PASSWORD = "a-password-from-the-environment"


class Superset:
    """Superset's interface with the login that the environment gives."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._session = requests.Session()

    def answers(self) -> bool:
        try:
            return requests.get(f"{self.address}/health", timeout=5).text == "OK"
        except requests.RequestException:
            return False

    def log_in(self) -> None:
        given = self._session.post(
            f"{self.address}/api/v1/security/login",
            json={"username": "admin", "password": PASSWORD, "provider": "db"},
            timeout=60,
        )
        given.raise_for_status()
        self._session.headers["Authorization"] = f"Bearer {given.json()['access_token']}"

    def dashboards(self) -> list[dict[str, Any]]:
        try:
            answer = self._session.get(f"{self.address}/api/v1/dashboard/", timeout=60)
        except requests.ConnectionError:  # its worker is being replaced
            return []
        answer.raise_for_status()
        return list(answer.json()["result"])


@pytest.mark.full
@pytest.mark.xdist_group("night")
@pytest.mark.timeout(1500)
def test_served_before_the_first_publication_the_dashboards_come_with_it(
    finished_night: Path, tmp_path: Path
) -> None:
    if not (ENVIRONMENT / "bin" / "superset").exists():
        pytest.skip(f"needs Superset in {ENVIRONMENT} (make .venv-bi/.ready)")
    data, port = tmp_path / "data", free_port()
    data.mkdir()
    with (tmp_path / "superset.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "ops.bi", "serve", "--environment", str(ENVIRONMENT)),
                *("--host", "127.0.0.1", "--port", str(port), "--data", str(data)),
            ],
            env=os.environ | {"BUDGETS_BI_PASSWORD": PASSWORD, "SUPERSET_SECRET_KEY": "k" * 64},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    superset = Superset(f"http://127.0.0.1:{port}")
    try:
        wait_until("Superset answers", superset.answers, 700, every=2)
        superset.log_in()
        assert superset.dashboards() == []
        assert not (data / "bi" / "secrets.json").exists(), "what is given is not written down"

        shutil.copytree(
            Layout(finished_night).published_root, Layout(data).published_root, symlinks=True
        )
        shown = wait_until("the dashboards are there", superset.dashboards, 400, every=2)
        wait_until("all of them", lambda: len(superset.dashboards()) == 5, 60, every=2)
        assert {d["slug"] for d in shown} <= {d["slug"] for d in superset.dashboards()}
    finally:
        process.terminate()
        ended = time.monotonic()
        code = process.wait(60)
    assert code == 0, (tmp_path / "superset.log").read_text()[-3000:]
    assert time.monotonic() - ended < 40, "it ends when it is told to, with its server"
    assert not superset.answers()

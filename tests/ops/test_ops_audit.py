"""The audit of what is locked, against a stand-in for the advisory database."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from ops import audit

ELSEWHERE = "https://x.invalid/simple"
GOOD = "left-pad==1.0 \\\n    --hash=sha256:" + "a" * 64 + "\n"


@pytest.fixture
def osv(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Knows one vulnerability: of left-pad 1.0."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
            answer = [
                {"vulns": [{"id": "GHSA-1"}]}
                if (q["package"]["name"], q["version"]) == ("left-pad", "1.0")
                else {}
                for q in asked
            ]
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"results": answer}).encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setenv("BUDGETS_OSV", f"http://127.0.0.1:{server.server_port}")
    yield
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "look_at_installed", lambda names: [])


def run(folder: Path, *arguments: str) -> int:
    return audit.main(["--folder", str(folder), *arguments])


@pytest.mark.usefixtures("osv")
def test_a_known_vulnerability_fails_until_somebody_has_looked_at_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "requirements.lock").write_text(GOOD)
    assert run(tmp_path) == 1
    assert "left-pad 1.0: GHSA-1" in capsys.readouterr().err
    entry = "- {id: GHSA-1, why: the function is not used here, until: %s}\n"
    (tmp_path / "advisories.yml").write_text(entry % "2099-01-01")
    assert run(tmp_path) == 0
    (tmp_path / "advisories.yml").write_text(entry % "2020-01-01")
    assert run(tmp_path) == 1
    assert "was to be looked at again by 2020-01-01" in capsys.readouterr().err
    (tmp_path / "requirements.lock").write_text(GOOD.replace("1.0", "1.1"))
    (tmp_path / "advisories.yml").unlink()
    assert run(tmp_path) == 0


def test_who_cannot_ask_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "requirements.lock").write_text(GOOD)
    monkeypatch.setenv("BUDGETS_OSV", "http://127.0.0.1:9")
    assert run(tmp_path) == 0
    assert "was not asked" in capsys.readouterr().out
    assert run(tmp_path, "--need-answer") == 1


@pytest.mark.usefixtures("osv")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("left-pad>=1.1 --hash=sha256:" + "a" * 64, "no exact version"),
        ("left-pad==1.1", "no exact version"),
        (GOOD.replace("1.0", "1.1") + f"--index-url {ELSEWHERE}\n", "names a host"),
    ],
)
def test_a_loose_line_of_a_lock_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    (tmp_path / "requirements.lock").write_text(text)
    assert run(tmp_path) == 1
    assert said in capsys.readouterr().err


@pytest.mark.usefixtures("osv")
def test_locks_that_disagree_are_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "requirements.lock").write_text(GOOD.replace("1.0", "1.1"))
    (tmp_path / "cluster.lock").write_text(GOOD.replace("1.0", "1.2"))
    assert run(tmp_path) == 1
    assert "1.1 in requirements.lock, 1.2 in cluster.lock" in capsys.readouterr().err


def test_the_locks_of_the_project_are_whole() -> None:
    found, wrong = audit.look_at_locks(audit.ROOT / "requirements")
    assert wrong == []
    assert len({p.name for p in found}) > 100

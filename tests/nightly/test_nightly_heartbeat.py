"""The ping says that a night came to its end and was told; without it somebody looks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alert_sinks import Sink

from expectations import alerts
from nightly import steps
from nightly.settings import Settings


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as one:
        yield one


def test_a_night_that_could_not_be_told_sends_no_ping(
    sink: Sink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts, "PAUSE_SECONDS", 0)
    monkeypatch.setenv("BUDGETS_DATA", str(tmp_path))
    monkeypatch.setenv("BUDGETS_HEARTBEAT_URL", sink.http)
    monkeypatch.setenv("BUDGETS_ALERT_URLS", "json://127.0.0.1:9/nobody")
    dead = Settings.from_environment()
    assert steps.tell(dead, "night-1")["waiting"]
    assert steps.heartbeat(dead, "night-1") == {
        "withheld": "1 alerts not delivered",
        "sent": False,
    }
    assert sink.paths == []
    monkeypatch.setenv("BUDGETS_ALERT_URLS", sink.url)
    mended = Settings.from_environment()
    assert steps.tell(mended, "night-1")["waiting"] == []
    assert steps.heartbeat(mended, "night-1") == {"sent": True}
    assert sink.paths == ["/hidden-path", "/ping/hidden-uuid"]

"""Settings: defaults that work, and errors that name the variable."""

from __future__ import annotations

from pathlib import Path

import pytest

from nightly.settings import Settings, SettingsError


def test_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("BUDGETS_DATA", "BUDGETS_SITES", "BUDGETS_ALERT_URLS", "BUDGETS_BATCH_SIZE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    found = Settings.from_environment()
    assert found.data == tmp_path / "data"
    assert found.archive_root == found.landing_root == str(tmp_path / "data")
    assert found.batch_size == 20
    assert found.alert_urls == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BUDGETS_BATCH_SIZE", "0"),
        ("BUDGETS_BATCH_SIZE", "many"),
        ("BUDGETS_PARSE_MEGABYTES", "16"),
        ("BUDGETS_UNVERIFIED_SITES", "perhaps"),
        ("BUDGETS_SITES", "/no/such/folder"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment()


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUDGETS_ALERT_URLS", "json://user:geheim@127.0.0.1/x")
    monkeypatch.setenv("BUDGETS_HEARTBEAT_URL", "http://127.0.0.1/geheim")
    assert "geheim" not in repr(Settings.from_environment())

"""A proof that is asked for by name is never skipped."""

from __future__ import annotations

import pytest

import requirements


def test_what_is_missing_is_skipped_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BUDGETS_REQUIRE", raising=False)
    with pytest.raises(pytest.skip.Exception, match="needs browser: none here"):
        requirements.missing("browser", "none here")


@pytest.mark.parametrize("asked", ["browser", "postgres, browser", "all"])
def test_what_is_required_and_missing_fails(monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    monkeypatch.setenv("BUDGETS_REQUIRE", asked)
    with pytest.raises(pytest.fail.Exception, match="asks for browser, and none here"):
        requirements.missing("browser", "none here")


def test_requiring_one_leaves_the_others_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUDGETS_REQUIRE", "redis")
    with pytest.raises(pytest.skip.Exception):
        requirements.missing("browser", "none here")


def test_an_unknown_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUDGETS_REQUIRE", "brwoser")
    with pytest.raises(pytest.UsageError, match="brwoser"):
        requirements.required()

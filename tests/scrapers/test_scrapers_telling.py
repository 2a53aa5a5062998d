"""Every warning of a crawl has its entry in the operator's runbook."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest

from scrapers.telling import WARNING_KINDS, HostWarning
from scrapers.window import SHANGHAI, Window


def test_every_kind_of_warning_has_its_entry_in_the_runbook(project_root: Path) -> None:
    text = (project_root / "docs" / "runbook.md").read_text(encoding="utf-8")
    entries = re.findall(r"^## (\w+)$", text, re.M)
    assert len(entries) == len(set(entries))
    assert set(WARNING_KINDS) <= set(entries)
    for entry in WARNING_KINDS:
        told = HostWarning(kind=entry, zh="", en="")
        assert told.runbook == f"docs/runbook.md#{entry}"


def test_every_link_within_the_runbook_leads_somewhere(project_root: Path) -> None:
    text = (project_root / "docs" / "runbook.md").read_text(encoding="utf-8")
    for anchor in re.findall(r"\]\(#([\w-]+)\)", text):
        assert f"## {anchor}\n" in text


@pytest.mark.parametrize(
    ("window", "open_at"),
    [
        ("22:00-07:00", {22, 23, *range(7)}),
        ("01:30-05:00", {2, 3, 4}),
        ("9:00-10:00", {9}),
    ],
)
def test_hours_of_windows(window: str, open_at: set[int]) -> None:
    read = Window.parse(window)
    assert read is not None
    found = {h for h in range(24) if read.is_open(datetime(2026, 3, 1, h, tzinfo=SHANGHAI))}
    assert found == open_at


def test_any_time_is_no_window() -> None:
    assert Window.parse("any") is None


@pytest.mark.parametrize("text", ["", "22-7", "25:00-07:00", "07:00-07:00", "22:00", "night"])
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="22:00-07:00"):
        Window.parse(text)

"""Helpers of the night's tests: a night on the sample sites, and what it left in the marts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.faults import contents
from nightly.settings import Settings

__all__ = ["budgets", "contents", "demo", "environment", "settings_in"]


def settings_in(folder: Path, **other: Any) -> Settings:
    """The settings of an embedded night below a folder."""
    data = folder / "data"
    return Settings(
        data=data,
        sites=None,
        decisions=folder / "decisions",
        archive_root=str(data),
        landing_root=str(data),
        **other,
    )


def environment(data: Path, sites: Path) -> dict[str, str]:
    return os.environ | {
        "BUDGETS_DATA": str(data),
        "BUDGETS_SITES": str(sites),
        "BUDGETS_ALERT_URLS": "",
        "BUDGETS_EVIDENCE": "no",  # tests/evidence builds the site, once
        "BUDGETS_DECISIONS": str(data / "decisions"),
    }


def demo(data: Path, sites: Path | None, lang: str) -> subprocess.CompletedProcess[str]:
    """A night by Airflow; without ``sites`` on the sample sites that the demo serves itself."""
    return subprocess.run(
        [
            *(sys.executable, "-m", "ops.demo", "--data", str(data), "--lang", lang),
            *(["--sites", str(sites)] if sites else []),
        ],
        env={
            k: v
            for k, v in environment(data, sites or data).items()
            if not k.startswith("AIRFLOW") and k not in ("BUDGETS_DATA", "BUDGETS_SITES")
        },
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )


def budgets(data: Path, sites: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        env=environment(data, sites),
        capture_output=True,
        text=True,
        timeout=900,  # guards against a hang, not against a busy machine
        check=False,
    )

"""Fixtures shared by all rooms' tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def project_root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The measuring documents beside the project (or ``BUDGETS_SHARED``)."""
    found = Path(os.environ.get("BUDGETS_SHARED", ROOT.parent / "shared"))
    if not (found / "truth").is_dir():
        pytest.skip("the measuring documents (../shared or BUDGETS_SHARED) are not here")
    return found

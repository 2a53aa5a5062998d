"""Fixtures of the scrapers' tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from scrapers_portal import Portal

from scrapers.archive import Archive
from store import Store


@pytest.fixture
def portal() -> Iterator[Portal]:
    with Portal() as running:
        yield running


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(Store(tmp_path / "data"))

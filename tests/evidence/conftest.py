"""The evidence site over a finished night, and a small one over a few documents changed by hand."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from evidence_sites import Site, site_of

from evidence.policy import Audience
from warehouse.layout import Layout


@pytest.fixture(scope="session")
def night_site(finished_night: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The whole site of a night on the sample sites. Tests only look."""
    layout = Layout(tmp_path_factory.mktemp("site") / "data")
    shutil.copytree(finished_night / "published", layout.published_root, symlinks=True)
    return site_of(finished_night, layout)


@pytest.fixture
def small_site(finished_night: Path, tmp_path: Path) -> Callable[..., Site]:
    """A site over a published copy of which all but a few documents were taken out.

    Called with SQL that changes the copy; the tables are those of the publication.
    """

    def make(change: str, audience: Audience = "public") -> Site:
        layout = Layout(tmp_path / "data")
        layout.published_root.mkdir(parents=True)
        source = (finished_night / "published" / "warehouse.duckdb").resolve()
        shutil.copyfile(source, layout.published_path)
        with duckdb.connect(str(layout.published_path)) as con:
            con.execute(change)
        return site_of(finished_night, layout, audience)

    return make

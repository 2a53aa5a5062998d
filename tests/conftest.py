"""Fixtures shared by all rooms' tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from requirements import required

ROOT = Path(__file__).resolve().parent.parent


def pytest_configure(config: pytest.Config) -> None:
    """A wrong name in ``BUDGETS_REQUIRE`` is told at once, not as a proof that was not asked for."""
    del config
    required()


def pytest_collection_finish(session: pytest.Session) -> None:
    """``--dist loadgroup`` must keep groups together: a plugin that ignores them says nothing, and
    every night is then run by every worker."""
    if not getattr(session.config.option, "loadgroup", False):
        return
    for item in session.items:
        groups = sorted({m.args[0] for m in item.iter_markers("xdist_group")})
        if groups and not item.nodeid.endswith("@" + "_".join(groups)):
            raise pytest.UsageError(f"{item.nodeid}: xdist ignores its group {groups}")


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


@pytest.fixture(scope="session")
def sample_sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The sample province on loopback; gives the folder of its site files."""
    from samples.server import serve_province

    with serve_province(tmp_path_factory.mktemp("site")) as folder:
        yield folder


@pytest.fixture(scope="session")
def finished_night(tmp_path_factory: pytest.TempPathFactory, sample_sites: Path) -> Path:
    """The data folder after one undisturbed night. Tests that change it make a copy.

    Tests that use it carry ``xdist_group("night")``, so that the night is run once.
    """
    from night_runs import budgets

    data = tmp_path_factory.mktemp("night") / "data"
    done = budgets(data, sample_sites, "run")
    assert done.returncode == 0, done.stdout + done.stderr
    return data

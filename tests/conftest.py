"""Fixtures shared by all rooms' tests."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

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
def dbt_read_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """dbt's reading of its project, done once for all workers and handed to every build below
    (dbt still compares each file of the project with it)."""
    from warehouse.build import dbt
    from warehouse.layout import Layout

    run = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        run = run.parent  # the workers' common folder
    path = run / "dbt_read_once.msgpack"
    with FileLock(path.with_suffix(".lock")):
        if not path.exists():
            layout = Layout(tmp_path_factory.mktemp("dbt_read_once"))
            done = dbt(layout, "--no-write-json", "parse")
            assert done.returncode == 0, done.stdout + done.stderr
            shutil.copyfile(layout.build_path / "target" / "partial_parse.msgpack", path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBT_PARTIAL_PARSE_FILE_PATH", str(path))
        yield


SHARED = Path(os.environ.get("BUDGETS_SHARED", ROOT.parent / "shared"))
"""The measuring documents beside the project."""


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The measuring documents beside the project (or ``BUDGETS_SHARED``)."""
    if not (SHARED / "truth").is_dir():
        pytest.skip("the measuring documents (../shared or BUDGETS_SHARED) are not here")
    return SHARED


@pytest.fixture(scope="session")
def sample_sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The sample province on loopback; gives the folder of its site files."""
    from samples.server import serve_province

    with serve_province(tmp_path_factory.mktemp("site")) as folder:
        yield folder


@pytest.fixture(scope="session")
def first_night(
    tmp_path_factory: pytest.TempPathFactory, sample_sites: Path, dbt_read_once: None
) -> tuple[Path, str]:
    """The data folder after one undisturbed night by Airflow, and what the terminal said."""
    from night_runs import demo

    data = tmp_path_factory.mktemp("night") / "data"
    done = demo(data, sample_sites, "zh")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return data, done.stdout


@pytest.fixture(scope="session")
def finished_night(first_night: tuple[Path, str]) -> Path:
    """The data folder after one undisturbed night. Tests that change it make a copy.

    Tests that use it carry ``xdist_group("night")``, so that the night is run once.
    """
    return first_night[0]


@pytest.fixture(scope="session")
def ingested(
    tmp_path_factory: pytest.TempPathFactory, sample_sites: Path, dbt_read_once: None
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The data folder of one ``budgets ingest``, and what it said: a sample, a file that is no PDF
    and, where they are here, the measuring documents of one typesetting (one ingest serves the
    tests with the marker ``shared`` and those without)."""
    from night_runs import budgets

    folder = tmp_path_factory.mktemp("ingested")
    given = folder / "in"
    given.mkdir()
    shutil.copy(ROOT / "samples" / "pdf" / "qinglan-office-2026.pdf", given / "a.pdf")
    (given / "b.pdf").write_bytes(b"<html>not found</html>")
    for path in (SHARED / "rendered" / "wps").glob("*.pdf"):
        shutil.copy(path, given / path.name)
    return folder / "data", budgets(
        folder / "data", sample_sites, "ingest", str(given), "--lang", "en"
    )

"""The generated pages say what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.pages import PAGES


@pytest.mark.parametrize("name", sorted(PAGES))
def test_generated_page_is_current(project_root: Path, name: str) -> None:
    kept = (project_root / "docs" / name).read_text(encoding="utf-8")
    assert kept == PAGES[name](), "run: make docs"


def test_every_mart_is_described_in_chinese_and_english(project_root: Path) -> None:
    from ops.pages import _models

    for schema, model in _models():
        for column in [model, *model.get("columns", [])]:
            text = column.get("description", "")
            where = f"{schema}.{model['name']}.{column['name']}"
            assert any("\u4e00" <= c <= "\u9fff" for c in text), where
            assert any("a" <= c <= "z" for c in text), where


def test_the_fast_tests_are_files_that_start_nothing(project_root: Path) -> None:
    """``make test-fast`` must say within a minute whether something broke: no night, dbt, Airflow."""
    listed = [
        line
        for line in (project_root / "tests" / "fast.txt").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert len(listed) == len(set(listed)) > 10
    rooms = {name.split("/")[1] for name in listed}
    assert {"catalogue", "parsers", "scrapers", "store", "warehouse", "nightly"} <= rooms
    for name in listed:
        text = (project_root / name).read_text("utf-8")
        for heavy in ("finished_night", "mark.airflow", "warehouse.build import", "sample_sites"):
            assert heavy not in text, f"{name} uses {heavy}"

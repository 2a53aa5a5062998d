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

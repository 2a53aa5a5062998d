"""What the pages for everyone's tool tell people to run does run, on the sample counties."""

from __future__ import annotations

import contextlib
import io
import json
import re
from decimal import Decimal
from pathlib import Path

import pytest

from warehouse.database import reader
from warehouse.layout import Layout
from warehouse.questions import NOTEBOOK_TABLES

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "tools").glob("*.md"))
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def fences(language: str) -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        for n, (kind, text) in enumerate(FENCE.findall(page.read_text(encoding="utf-8")), 1):
            if kind == language:
                found.append((f"{page.name}:{n}", text))
    return found


@pytest.fixture
def beside_the_data(finished_night: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder whose ``data`` is the night's."""
    (tmp_path / "data").symlink_to(finished_night)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BUDGETS_DATA", raising=False)
    return tmp_path


night = pytest.mark.xdist_group("night")


@night
def test_sql_gives_the_same_figures_on_every_page(finished_night: Path) -> None:
    given = {}
    with reader(Layout(finished_night)) as connection:
        for where, text in fences("sql"):
            rows = connection.execute(text).fetchall()
            given[where] = {(county, year): wan for county, year, wan in rows}
    assert {where.split(":")[0] for where in given} == {"README.md", "metabase.md"}
    assert len({tuple(sorted(g.items())) for g in given.values()}) == 1
    # p. 17 of linxiu-civil-2026.pdf (693.00) and p. 12 of linxiu-culture-2026.pdf (159.49)
    assert next(iter(given.values()))["临岫区", 2026] == Decimal("852.49")


@night
@pytest.mark.parametrize(("where", "text"), fences("python"), ids=[w for w, _ in fences("python")])
def test_python_runs(beside_the_data: Path, where: str, text: str) -> None:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(text, where, "exec"), {"__name__": "__main__"})  # noqa: S102
    assert out.getvalue().strip()


@night
@pytest.mark.slow
def test_the_notebook_runs(beside_the_data: Path) -> None:
    import nbclient
    import nbformat

    notebook = nbformat.read(ROOT / "docs" / "notebook" / "example.ipynb", as_version=4)
    nbformat.validate(notebook)
    client = nbclient.NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(beside_the_data)}}
    )
    client.execute()
    shown = [o for c in notebook.cells if c.cell_type == "code" for o in c.outputs]
    text = " ".join(str(o.get("text", "")) for o in shown)
    assert "21 documents; the largest tail is" in text
    assert any("image/png" in o.get("data", {}) for o in shown)


def test_the_notebook_is_kept_without_outputs_and_reads_what_its_exposure_says() -> None:
    held = json.loads((ROOT / "docs" / "notebook" / "example.ipynb").read_text(encoding="utf-8"))
    code = [c for c in held["cells"] if c["cell_type"] == "code"]
    assert all(not c["outputs"] and c["execution_count"] is None for c in code)
    text = "".join(line for c in code for line in c["source"])
    assert set(re.findall(r"\b(?:marts|quality)\.\w+", text)) == set(NOTEBOOK_TABLES)


def test_every_tool_has_a_page_and_every_page_says_what_a_budget_is_not() -> None:
    assert {p.stem for p in PAGES} == {"README", "excel", "metabase", "power-bi", "python", "r"}
    index = (ROOT / "docs" / "tools" / "README.md").read_text(encoding="utf-8")
    assert all(f"({p.name})" in index for p in PAGES if p.stem != "README")
    assert "预算数不等于实际支出。数据以发布机关正式文本为准。" in index

"""``budgets parse --second/--no-second``: when the printed picture is asked, and what it settles."""

from __future__ import annotations

from pathlib import Path

import pytest
from lying_layers import lie
from night_runs import budgets

from parsers.document import ParsedDocument
from parsers.read import read_document

pytestmark = [pytest.mark.xdist_group("night")]
SAMPLE = "samples/pdf/linxiu-culture-2026.pdf"


@pytest.fixture(scope="module")
def lying(project_root: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A budget whose text layer says another figure than the page shows: path, shown, said."""
    data = (project_root / SAMPLE).read_bytes()
    table = read_document(data).table("T05")
    assert table is not None
    cell = table.cells[1][2]
    said = cell.text[:-1] + ("0" if cell.text[-1] != "0" else "1")
    path = tmp_path_factory.mktemp("lying") / "lying.pdf"
    path.write_bytes(lie(data, cell.page, cell.text, said, cell.bbox))
    return path, cell.text, said


@pytest.mark.parametrize("option", ["--second", "--no-second", None])
def test_the_picture_is_asked_where_it_is_wanted(
    tmp_path: Path, lying: tuple[Path, str, str], option: str | None
) -> None:
    path, shown, said = lying
    options = [option] if option else []
    done = budgets(tmp_path / "data", tmp_path, "parse", str(path), "-f", "json", *options)
    assert done.returncode == 0, done.stderr
    document = ParsedDocument.model_validate_json(done.stdout)
    table = document.table("T05")
    assert table is not None
    cell = table.cells[1][2]
    assert document.verdict is not None
    if option == "--no-second":
        assert (cell.text, cell.source) == (said, "text"), "nothing but the text layer was asked"
        assert document.verdict.status == "quarantined" or any(
            i.outcome == "violated" for i in document.identities
        )
    else:
        # unset, the contradiction of the text layer itself asks for the picture
        assert (cell.text, cell.source, cell.reading_text) == (shown, "repaired", said)


def test_a_consistent_document_reads_alike_with_and_without(
    tmp_path: Path, project_root: Path
) -> None:
    file = str(project_root / SAMPLE)
    read = []
    for option in ("--second", "--no-second"):
        done = budgets(tmp_path / "data", tmp_path, "parse", file, "-f", "json", option)
        document = ParsedDocument.model_validate_json(done.stdout)
        read.append([(t.id, t.body) for t in document.tables])
        assert {c.source for t in document.tables for row in t.cells for c in row} == {"text"}
    assert read[0] == read[1]


@pytest.mark.parametrize(
    ("lang", "why", "rest"),
    [
        ("zh", "第9页　T05　标题与表头均相符", "未找到的表：无"),
        ("en", "page 9  T05  title and header agree", "forms not found: none"),
    ],
)
def test_explain_says_of_each_table_why(
    tmp_path: Path, project_root: Path, lang: str, why: str, rest: str
) -> None:
    """It once printed the names of its parts and nothing of what was in them."""
    file = str(project_root / "samples/pdf/qinglan-office-2026.pdf")
    done = budgets(tmp_path / "data", tmp_path, "parse", file, "--explain", "--lang", lang)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert why in lines
    assert rest in lines
    assert all(any(f"T{n:02}" in line for line in lines) for n in range(1, 14))


def test_explain_of_what_is_no_budget_says_what_and_what_to_do(
    tmp_path: Path, project_root: Path
) -> None:
    file = str(project_root / "samples/pdf/linxiu-notice-2026.pdf")
    done = budgets(tmp_path / "data", tmp_path, "parse", file, "--explain")
    assert done.returncode == 0, done.stderr
    assert "→" in done.stdout
    assert "T01、T02" in done.stdout, "the forms that were not found are named"

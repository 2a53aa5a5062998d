"""The catalogue's files: refusals in words, roles by data, a version that follows the content."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from catalogue_invented import PLANS, invented

from expectations.catalogue import Catalogue, CatalogueError, bind, load_catalogue
from expectations.catalogue.view import HERE, DocumentView

FILES = ("identities.yml", "columns.yml", "labels.yml", "narrative.yml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        shutil.copy(HERE / name, tmp_path / name)
    return tmp_path


def change(folder: Path, old: str, new: str, name: str = "identities.yml") -> None:
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("id: R-T03\n", "id: R-T01\n", "declared twice"),
        ("column: [basic, project]}]", "column: [basic, projekt]}]", "no column role 'projekt'"),
        ("row: $row, column: total", "row: $line, column: total", r"\$line is not bound"),
        ("wording: row_parts", "wording: row_part", "no wording 'row_part'"),
        ("tolerance: sum", "tolerance: plenty", "tolerance"),
        ("named: year_end", "named: year_start", "no condition is named 'year_start'"),
        ("violated: X-FE4}", "violated: X-FE9}", "no identity is called 'X-FE9'"),
        ("figure: income_total}", "figure: incom_total}", "no figure 'incom_total'"),
        ("severity: hard", "severity: grave", "severity"),
        ("family: R\n", "family: C\n", "is not of family"),
        ("row: {role: income_total}", "row: {role: income_total, kind: class}", "exactly one of"),
    ],
)
def test_a_wrong_entry_is_refused_in_words(folder: Path, old: str, new: str, said: str) -> None:
    change(folder, old, new)
    with pytest.raises(CatalogueError, match=said):
        Catalogue(folder)


def test_a_refusal_names_file_entry_and_field(folder: Path) -> None:
    change(folder, "    severity: hard", "    severity: grave")
    with pytest.raises(CatalogueError, match=r"identities\.yml: R-T01 → severity"):
        Catalogue(folder)


def test_the_version_follows_the_content_and_not_the_comments(folder: Path) -> None:
    before = Catalogue(folder).version
    assert before == load_catalogue().version
    change(folder, "# The catalogue of identities", "# A catalogue of identities")
    assert Catalogue(folder).version == before
    change(folder, "severity: hard", "severity: soft")
    changed = Catalogue(folder).version
    assert changed != before
    change(folder, "version: 1", "version: 2")
    assert Catalogue(folder).version.startswith("2-")


def test_an_identity_more_is_an_entry_more(folder: Path) -> None:
    with (folder / "identities.yml").open("a", encoding="utf-8") as out:
        out.write(
            """
  - id: X-9999
    family: X
    title: {zh: 试加一条, en: one more}
    formula: T03 合计 = T01 本年支出合计
    scope: T01↔T03
    severity: soft
    tolerance: copy
    rationale: {zh: 试验, en: a trial}
    wording: two_tables
    bind:
      - instance: 合计
        left: [{form: T03, row: {role: total}, column: total}]
        right: [{form: T01, row: {role: expenditure_total}, column: total}]
"""
        )
    bounds = bind(invented(), Catalogue(folder))
    assert [b.instance for b in bounds if b.identity.id == "X-9999"] == ["合计"]


def test_every_entry_says_why_in_both_languages() -> None:
    for identity in load_catalogue().identities.values():
        assert identity.title.zh != identity.title.en
        assert identity.rationale.zh
        assert identity.rationale.en
        assert identity.formula


@pytest.mark.parametrize(
    ("form", "path", "role"),
    [
        ("T01", "支出/2026年合计", "total"),
        ("T01", "支出 / 合 计", "total"),
        ("T02", "本年收入/政府性基金", "government_managed_funds"),
        ("T02", "本年收入/政府性基金预算拨款", "government_managed_funds"),
        ("T09", "国有资本经营预算收入/收入科目编码", "income_code"),
        ("T09", "国有资本经营预算收入/项目/收入科目编码", "income_code"),
        ("T11", "2023预算数/一般公共预算", "general_public_budget"),
        ("T12", "2031年财政拨款/国有资本经营预算", "state_capital_operations"),
        ("T06", "2031年预算数/日常公用经费", "non_personnel"),
        ("T03", "2031年预算数/结余", None),
    ],
)
def test_column_roles_do_not_depend_on_year_or_wording(
    form: str, path: str, role: str | None
) -> None:
    assert load_catalogue().columns.roles(form, [path]) == [role]  # type: ignore[arg-type]


@pytest.mark.parametrize("name", list(PLANS))
def test_every_column_of_every_form_has_a_role(name: str) -> None:
    catalogue = load_catalogue()
    for table in invented(PLANS[name]).tables:
        roles = catalogue.columns.roles(table.id, table.columns)
        assert None not in roles
        assert len(set(roles)) == len(roles)
        assert catalogue.columns.missing(table) == []


def test_the_three_carry_over_lines_of_t04_are_told_from_the_three_above() -> None:
    catalogue = load_catalogue()
    view = DocumentView(invented(PLANS["all_funds"]), catalogue.columns, catalogue.labels)
    roles = view.forms["T04"].halves["income"].roles
    for fund in ("general_public_budget", "government_managed_funds", "state_capital_operations"):
        assert roles[fund].index < roles["carry_over"].index < roles[f"carry_{fund}"].index

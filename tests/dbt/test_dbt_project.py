"""The dbt project itself: parses without a warning, is linted, described, and its rules hold."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from warehouse import reference
from warehouse.build import PROJECT, dbt, project_version
from warehouse.layout import Layout
from warehouse.load import load

MODELS = sorted(PROJECT.glob("models/*/*.sql"))
CHINESE = re.compile(r"[\u4e00-\u9fff]")
LATIN = re.compile(r"[A-Za-z]{2}")
MONEY = re.compile(r"_(wan|yuan)$")


def described(model: Path) -> dict[str, Any]:
    text = model.with_suffix(".yml").read_text(encoding="utf-8")
    (held,) = yaml.safe_load(text)["models"]
    assert held["name"] == model.stem, f"{model.with_suffix('.yml')} describes another model"
    return dict(held)


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    layout = Layout(tmp_path_factory.mktemp("dbt"))
    load(layout)
    return layout


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.stem)
def test_every_model_is_described_beside_it(model: Path) -> None:
    held = described(model)
    assert CHINESE.search(held["description"])
    for column in held["columns"]:
        assert CHINESE.search(column["description"]) or column["name"] in ("etag",), column["name"]


@pytest.mark.parametrize(
    "model", [m for m in MODELS if m.parent.name in ("marts", "quality")], ids=lambda m: m.stem
)
def test_public_columns_have_terms_types_and_units(model: Path) -> None:
    held = described(model)
    assert LATIN.search(held["description"])
    for column in held["columns"]:
        name, description = column["name"], column["description"]
        assert "data_type" in column, name
        assert LATIN.search(description), f"{name} has no English"
        if money := MONEY.search(name):
            assert column["data_type"] == (
                "decimal(20,2)" if money[1] == "yuan" else "decimal(20,6)"
            ), name
            assert ("元" if money[1] == "yuan" else "万元") in description, name


FACTS = [m for m in MODELS if m.stem.startswith("fct_")]
DOCUMENT_COLUMNS = {
    *("document_id", "organisation_id", "county_code"),
    *("fiscal_year", "phase", "scope", "is_additive"),
}


@pytest.mark.parametrize("model", FACTS, ids=lambda m: m.stem)
def test_every_fact_states_and_tests_its_grain(model: Path) -> None:
    held = described(model)
    assert "粒度：" in held["description"]
    assert re.search(r"One row a .*[.;]", held["description"])
    columns = {c["name"]: c for c in held["columns"]}
    assert set(columns) >= DOCUMENT_COLUMNS
    keyed = any("unique" in c.get("data_tests", []) for c in columns.values())
    assert keyed or any("unique_combination" in t for t in held.get("data_tests", []))
    assert ("amount_wan" in columns) == ("amount_yuan" in columns) or model.stem == (
        "fct_year_comparison"  # looked up beside last year's, in the unit of the text
    )


def test_no_amount_is_a_floating_number() -> None:
    for model in MODELS:
        for column in described(model)["columns"]:
            if column.get("data_type") in ("double", "float"):
                name = column["name"]
                assert name.endswith("seconds") or name in (
                    "x0",
                    "top",
                    "x1",
                    "bottom",
                    "confidence",
                )


def test_the_project_parses_without_a_warning(layout: Layout) -> None:
    done = dbt(layout, "--warn-error", "parse", "--no-partial-parse", "--show-all-deprecations")
    assert done.returncode == 0, done.stdout[-3000:]
    assert "eprecat" not in done.stdout


def test_a_warning_would_be_seen(layout: Layout, tmp_path: Path) -> None:
    """The test above can fail: the same command on a project with a deprecated key does."""
    import shutil

    shutil.copytree(PROJECT, tmp_path / "dbt")
    broken = tmp_path / "dbt" / "models" / "marts" / "dim_form.yml"
    broken.write_text("models: []\n" + broken.read_text())  # a key twice is deprecated
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warehouse.build.PROJECT", tmp_path / "dbt")
        done = dbt(layout, "--warn-error", "parse", "--no-partial-parse")
    assert done.returncode != 0


def test_the_project_is_read_once_for_all_folders(
    layout: Layout, tmp_path: Path, dbt_read_once: None
) -> None:
    """What the fixture keeps was read in another folder; a parse that must start anew says so."""
    elsewhere = Layout(tmp_path)
    load(elsewhere)
    done = dbt(elsewhere, "--debug", "--no-write-json", "parse")
    assert done.returncode == 0, done.stdout[-3000:]
    assert "Partial parsing enabled, no changes found" in done.stdout
    assert "Unable to do partial parsing" not in done.stdout


def test_seeds_repeat_the_catalogue_word_for_word() -> None:
    for name, content in reference.seeds().items():
        held = (reference.SEEDS / name).read_text(encoding="utf-8")
        assert held == content, f"{name} is older than the catalogue: python -m warehouse.reference"


def test_the_version_follows_the_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    before = project_version()
    shutil.copytree(PROJECT, tmp_path / "dbt")
    monkeypatch.setattr("warehouse.build.PROJECT", tmp_path / "dbt")
    assert project_version() == before
    model = tmp_path / "dbt" / "models" / "marts" / "dim_form.sql"
    model.write_text(model.read_text() + "\n-- changed\n")
    assert project_version() != before

"""Reviewed decisions: what cannot be used is named, nothing is guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from warehouse.decisions import DecisionsError, load_decisions
from warehouse.layout import Layout
from warehouse.load import load


def test_no_files_no_decisions(tmp_path: Path) -> None:
    assert load_decisions(tmp_path) == ([], [])


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("organisations.yml", "a: 1", "a list of entries is wanted"),
        ("organisations.yml", "- [", "is not YAML"),
        ("organisations.yml", "- {county_code: 149901, name: 甲局, same_as: 乙局}", "county_code"),
        ("organisations.yml", "- {county_code: '149901', name: 甲局}", "same_as or predecessor"),
        (
            "organisations.yml",
            "- {county_code: '149901', name: 甲局, predecessor: 乙局}",
            "wants a change_kind",
        ),
        (
            "organisations.yml",
            "- {county_code: '149901', name: 甲局, same_as: 乙局}\n"
            "- {county_code: '149901', name: 乙局, same_as: 丙局}",
            "is a chain",
        ),
        (
            "organisations.yml",
            "- {county_code: '149901', name: 甲局, same_as: 乙局}\n"
            "- {county_code: '149901', name: 甲局, same_as: 丙局}",
            "said twice",
        ),
        ("acknowledgements.yml", "- {finding_id: x, status: acknowledged}", "entry 1: finding_id"),
        (
            "acknowledgements.yml",
            "- {finding_id: n0123456789abcdef012, content_id: 0123456789ab, status: closed,"
            " reason: 已说明, decided_on: 2026-01-01}",
            "status",
        ),
        (
            "acknowledgements.yml",
            "- {finding_id: n0123456789abcdef012, status: acknowledged, reason: 已说明,"
            " decided_on: 2026-01-01}",
            "content_id",
        ),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, file: str, text: str, told: str) -> None:
    (tmp_path / file).write_text(text, encoding="utf-8")
    with pytest.raises(DecisionsError, match=told) as error:
        load_decisions(tmp_path)
    assert file in str(error.value)


def test_decisions_are_taken_over_as_they_stand(tmp_path: Path) -> None:
    from warehouse.database import reader

    layout = Layout(tmp_path / "data")
    folder = tmp_path / "decisions"
    folder.mkdir()
    path = folder / "organisations.yml"

    def held() -> list[str]:
        with reader(layout, published=False) as con:
            return [
                n for (n,) in con.execute("select name from raw.raw_organisation_link").fetchall()
            ]

    path.write_text("- {county_code: '149901', name: 甲局, same_as: 乙局}")
    load(layout, decisions=folder)
    assert held() == ["甲局"]
    load(layout)
    assert held() == ["甲局"], "a load without decisions leaves those held"
    path.write_text("- {county_code: '149901', name: 丁局, same_as: 乙局}")
    load(layout, decisions=folder)
    assert held() == ["丁局"]
    path.write_text("- {county_code: '149901'}")
    with pytest.raises(DecisionsError):
        load(layout, decisions=folder)
    assert held() == ["丁局"]

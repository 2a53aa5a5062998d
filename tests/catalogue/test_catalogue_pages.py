"""The pages of docs/identities say what the catalogue says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from expectations.catalogue import load_catalogue
from expectations.catalogue.pages import pages, write
from expectations.catalogue.view import HERE

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "identities"


def test_the_pages_are_current() -> None:
    """After a change of the catalogue: python -m expectations.catalogue.pages docs/identities."""
    wanted = pages()
    printed = {p.name: p.read_text(encoding="utf-8") for p in FOLDER.glob("*.md")}
    assert sorted(wanted) == sorted(printed)
    assert [name for name, text in wanted.items() if printed[name] != text] == []


def test_every_identity_has_a_page_with_its_words_and_a_place_in_the_index() -> None:
    found = pages()
    for identity in load_catalogue().file.identities:
        text = found[f"{identity.id}.md"]
        assert identity.rationale.zh in text
        assert identity.rationale.en in text
        assert f"[{identity.id}]({identity.id}.md)" in found["README.md"]
        assert "$" not in text, f"{identity.id}: a variable of the catalogue stands in its page"


def test_examples_are_of_identities_that_hold() -> None:
    examples = yaml.safe_load((HERE / "examples.yml").read_text(encoding="utf-8"))
    assert set(examples) <= set(load_catalogue().identities)
    assert {e["outcome"] for e in examples.values()} == {"exact", "rounding"}


def test_a_page_of_no_identity_goes(tmp_path: Path) -> None:
    (tmp_path / "R-OLD.md").write_text("old")
    assert len(write(tmp_path)) == len(pages()) + 1
    assert not (tmp_path / "R-OLD.md").exists()
    assert write(tmp_path) == []


# names in the domain files that stand for several entries, or are an entry under another name
SEVERAL = {
    *("C-T01", "C-T04", "C-T12", "C-T13", "H-T03", "X-FE"),
    *("X-0103", "X-0405", "X-0408", "X-0409"),
}
OTHERWISE = {"P-PUNIT": "M-PUNIT"}
NAME = re.compile(
    r"(?<![A-Z0-9-])([RCHXNAPOMEGWYU]-[A-Z0-9]+(?:-[A-Z0-9]+)*[a-z]?)(?![A-Za-z0-9-])"
)


@pytest.mark.shared
def test_every_family_that_was_named_is_built_or_omitted_with_a_reason(shared_dir: Path) -> None:
    omitted = yaml.safe_load((HERE / "omitted.yml").read_text(encoding="utf-8"))
    built = set(load_catalogue().identities)
    named: set[str] = set()
    for file in ("identities.md", "identities_conditions.md", "users.md"):
        named |= set(NAME.findall((shared_dir / "domain" / file).read_text(encoding="utf-8")))
    assert len(named) > 170
    missing = {OTHERWISE.get(n, n) for n in named - SEVERAL} - built - set(omitted)
    assert missing == set()
    assert not built & set(omitted)
    index = pages()["README.md"]
    for name, entry in omitted.items():
        assert f"| {name} |" in index
        assert entry["why"]["zh"] in index
        assert entry["why"]["en"] in index

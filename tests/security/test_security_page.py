"""docs/security.md points at tests: each must exist, and what is open must be said where it is."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "security.md"


def _names(file: Path) -> list[str]:
    return re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.M)


def _missing(text: str) -> list[str]:
    """Tokens in backticks that name a test, or a part of its name, and lead nowhere."""
    wrong: list[str] = []
    files: list[Path] = []
    for token in re.findall(r"`([^`\n]+)`", text):
        named, _, test = token.partition("::")
        named = named.strip("…")
        if named.endswith(".py"):
            files = [f for f in (ROOT / "tests").rglob("*.py") if f.as_posix().endswith(named)]
            if len(files) != 1:
                wrong.append(token)
                continue
        elif not (token.startswith("…") or named.startswith("test_")):
            continue
        else:
            test = test or named
        held = [name for file in files for name in _names(file)]
        if test and not any(test.strip("…") in name for name in held):
            wrong.append(token)
    return wrong


def test_every_test_that_is_named_exists() -> None:
    assert _missing(PAGE.read_text(encoding="utf-8")) == []


def test_a_wrong_name_would_be_seen() -> None:
    assert _missing("`tests/store/test_store.py::test_nothing`") != []
    assert _missing("`tests/store/test_none.py`") != []
    assert _missing("`tests/store/test_store.py` (`…no_such_words…`)") != []


def test_what_no_test_shows_is_called_open() -> None:
    rows = re.findall(r"^\| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.M)
    unshown = [r for r in rows if r.rstrip().endswith("| –")]
    assert unshown
    allowed = ("the project writes no workbook", "none are stored", "logs, messages, Data Docs")
    assert [r for r in unshown if "**open**" not in r and not any(a in r for a in allowed)] == []


def test_expected_failures_are_on_the_page() -> None:
    source = (ROOT / "tests" / "security" / "test_security_hostile_text.py").read_text()
    expected = re.findall(r"@pytest.mark.xfail\(strict=True.*?\ndef (test_\w+)", source, re.S)
    page = PAGE.read_text(encoding="utf-8")
    for name in expected:
        assert re.search(rf"::{name}` \(expected to fail\)", page), name
    assert len(re.findall(r"\(expected to fail\)", page)) == len(expected)

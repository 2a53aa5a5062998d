"""The texts of the screens: whole in both languages, and Chinese that wraps well."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from parsers import errors
from scrapers.archive import Outcome
from screens import _texts, _wrap, problem_words


def test_every_sentence_stands_in_both_languages() -> None:
    for key, texts in _texts().items():
        wanted = {"zh"} if key.startswith(("why_", "remedy_")) else {"zh", "en"}
        assert set(texts) == wanted, key
        assert all(texts.values()), key


def test_every_problem_of_reading_has_chinese_words() -> None:
    codes = {
        c.code
        for c in vars(errors).values()
        if isinstance(c, type) and issubclass(c, errors.DocumentError)
    }
    assert {"damaged", "timeout"} <= codes
    for code in codes:
        what, remedy = problem_words(code, "in English", "in English", "zh")
        assert what != "in English", code
        assert remedy != "in English", code
        assert problem_words(code, "in English", None, "en") == ("in English", None)
        assert code in _texts(), code


def test_every_fetch_outcome_has_words() -> None:
    assert all(o.zh and o.en for o in Outcome)


@given(st.text(alphabet="预算表，。（）abc 12.3%", max_size=200), st.integers(8, 60))
def test_wrapping_loses_nothing_and_keeps_the_width(text: str, width: int) -> None:
    lines = _wrap(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        # a closing mark may follow its character onto the line
        assert cell_len(line) <= width or len(line.split()) <= 2


@pytest.mark.parametrize("number", ["1,234.56万元", "2026年", "13.41%"])
def test_a_number_is_never_broken(number: str) -> None:
    digits = number.rstrip("万元年%")
    for width in range(12, 40):
        assert any(digits in line for line in _wrap("合计" * 9 + number + "支出", width))

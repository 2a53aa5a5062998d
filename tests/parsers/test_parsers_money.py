"""Amounts: exact or refused with a reason, never silently nothing."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.money import NotAnAmountError, is_blank_mark, parse_amount

AMOUNTS = st.decimals(
    min_value=Decimal("-999999999.99"), max_value=Decimal("999999999.99"), places=2
)
SPACES = st.sampled_from(["", " ", "\u00a0", "\u3000", "\u2009", "\u200b", "\n"])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), (" \u3000", None), ("—", None), ("－－", None), ("-", None), ("/", None),
        ("0", "0"), ("0.00", "0.00"), ("1494.18", "1494.18"), ("1,494.18", "1494.18"),
        ("1，494.18", "1494.18"), ("4192. 53", "4192.53"), ("１２３．４５", "123.45"),
        ("-3.20", "-3.20"), ("－3.20", "-3.20"), ("−3.20", "-3.20"), ("–3.20", "-3.20"),
        ("(3.20)", "-3.20"), ("（3.20）", "-3.20"), ("△3.20", "-3.20"), (".52", "0.52"),
        ("590242.670510", "590242.670510"),
    ],
)  # fmt: skip
def test_printed_forms(text: str, value: str | None) -> None:
    read = parse_amount(text)
    assert read == (None if value is None else Decimal(value))
    if value is not None:
        assert read is not None
        assert str(read) == str(Decimal(value)), "printed decimals are kept"


def test_blank_zero_and_printed_zero_are_three_facts() -> None:
    assert [str(parse_amount(t)) for t in ("", "0", "0.00")] == ["None", "0", "0.00"]


@pytest.mark.parametrize(
    "text",
    ["1,2345.00", "12,34", "1.2.3", "1494.181494.18", "12万元", "12%", "合计", "O.52", "l2.00",
     "5.", "--5", "5-", "1e5", "#REF!", "￥3.00", "2026年", "仅供12.00", "١٢", "12⁄3", "²", "12²", "12.00①"],
)  # fmt: skip
def test_anything_else_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(NotAnAmountError) as caught:
        parse_amount(text)
    assert caught.value.reason
    assert caught.value.text == text


@given(AMOUNTS)
def test_every_way_of_printing_reads_back(value: Decimal) -> None:
    plain = f"{value:.2f}"
    body = plain.lstrip("-")
    grouped = f"{Decimal(body):,.2f}"
    ways = [plain, f"{value:,.2f}", plain.replace("-", "－"), f" {plain} "]
    if value < 0:
        ways += [f"({grouped})", f"（{body}）", f"△{grouped}"]
    for way in ways:
        assert parse_amount(way) == value


@given(AMOUNTS, st.lists(SPACES, min_size=1, max_size=12))
def test_stray_blanks_change_nothing(value: Decimal, blanks: list[str]) -> None:
    text = f"{value:,.2f}"
    spaced = "".join(ch + blanks[i % len(blanks)] for i, ch in enumerate(text))
    assert parse_amount(spaced) == value


@given(st.text(max_size=12))
def test_whatever_is_read_was_printed(text: str) -> None:
    """No invention: digits of the result are the digits of the text, in order."""
    try:
        value = parse_amount(text)
    except NotAnAmountError:
        return
    import unicodedata

    digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", text))
    if value is None:
        assert digits == ""
    else:
        assert re.sub(r"\D", "", format(abs(value), "f")).lstrip("0") == digits.lstrip("0")


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_two_figures_in_one_cell_are_refused(a: int, b: int) -> None:
    text = f"{a / 100:.2f}{b / 100:.2f}"
    with pytest.raises(NotAnAmountError):
        parse_amount(text)


def test_blank_marks() -> None:
    assert is_blank_mark("—")
    assert is_blank_mark(" － ")
    assert not is_blank_mark("")
    assert not is_blank_mark("-1")

"""The auditors' working paper: sums and differences are formulas, published text never is."""

from __future__ import annotations

import io
import re
from datetime import datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from evidence.workbook import LIST, NOTE, PARTS, working_paper

AT = datetime.fromisoformat("2026-02-01T00:30:00+00:00")


def finding(**changed: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "finding_id": "f0123456789abcdef", "county": "青岚县", "department": "青岚县样例局",
        "fiscal_year": 2026, "identity": "C-T05", "identity_title": "合计＝各类之和",
        "severity": "hard", "amount": Decimal(269900), "tail": Decimal(200), "status": "open",
        "pages": (9,), "source_url": "http://a.invalid/1.pdf",
    }  # fmt: skip
    entry = {
        "finding": SimpleNamespace(**told | changed.pop("finding", {})),
        "document": SimpleNamespace(publications=[], first_seen_at=None, file_sha256="a" * 64),
        "statements": ["合计 809.66 万元", "其各项 合计 836.65 万元"],
        "read_by": "文本",
        "is_sum": True,
        "relation": "=",
        "left": "8096600",
        "right": "8366500",
        "terms": [
            {"side": side, "sign": sign, "form": "T05", "label": label, "yuan": yuan, "page": 9,
             "source": "文本"}
            for side, sign, label, yuan in (
                ("L", 1, "合计", "8096600.00"), ("R", 1, "207", "6634100.00"),
                ("R", 1, "208", "1732400"), ("R", -1, "=1+1", None),
            )
        ],
    }  # fmt: skip
    return entry | changed


def sheets(data: bytes) -> tuple[Worksheet, Worksheet]:
    book = load_workbook(io.BytesIO(data))
    assert book.sheetnames == [LIST, PARTS, NOTE]
    return book[LIST], book[PARTS]


def sums(parts: Worksheet, side: str) -> Decimal:
    """What the SUMIFS of the list gives, computed from what stands in the sheet."""
    total = Decimal(0)
    for row in range(2, parts.max_row + 1):
        assert parts.cell(row, 7).value == f"=C{row}*N(F{row})"
        if parts.cell(row, 2).value == side:
            amount = parts.cell(row, 6).value
            total += Decimal(str(parts.cell(row, 3).value)) * Decimal(str(amount or 0))
    return total


def test_both_sides_are_sums_of_their_figures_and_the_difference_is_computed() -> None:
    first, parts = sheets(working_paper([finding()], AT))
    assert (
        first["J2"].value == f"=SUMIFS('{PARTS}'!$G:$G,'{PARTS}'!$A:$A,$A2,'{PARTS}'!$B:$B,\"左\")"
    )
    assert first["L2"].value == "=J2-K2"
    assert first["N2"].value == '=IF(ABS(L2)>N(M2),"是","否")'
    assert (sums(parts, "左"), sums(parts, "右")) == (Decimal(8096600), Decimal(8366500))
    assert abs(sums(parts, "左") - sums(parts, "右")) == Decimal(269900)


def test_a_relation_that_is_no_sum_keeps_the_figures_as_judged() -> None:
    first, _ = sheets(working_paper([finding(is_sum=False, relation="<=")], AT))
    assert (first["J2"].value, first["K2"].value) == (8096600, 8366500)
    assert first["N2"].value == '=IF(L2>N(M2),"是","否")'


def test_counts_and_shares_have_no_money() -> None:
    first, _ = sheets(working_paper([finding(finding={"amount": None, "tail": None})], AT))
    assert [first.cell(2, c).value for c in (10, 11, 12, 14)] == [None] * 4


@pytest.mark.parametrize(
    "text", ['=HYPERLINK("http://evil.invalid","x")', "+1", "@SUM(A1)", "-2+3"]
)
def test_published_text_never_becomes_a_formula(text: str) -> None:
    entry = finding(finding={"department": text}, statements=[text, text])
    entry["terms"][0]["label"] = text
    first, parts = sheets(working_paper([entry], AT))
    for cell in (first["C2"], first["H2"], first["I2"], parts["E2"]):
        assert (cell.data_type, cell.value) == ("s", text)
    formulas = [
        str(c.value) for sheet in (first, parts) for row in sheet.iter_rows() for c in row
        if c.data_type == "f"
    ]  # fmt: skip
    assert formulas
    assert not [f for f in formulas if not re.match(r"=(SUMIFS|J2-K2|IF\(|C\d+\*N)", f)]


def test_the_same_findings_give_the_same_bytes() -> None:
    assert working_paper([finding()], AT) == working_paper([finding()], AT)
    assert sheets(working_paper([], AT))[0].max_row == 1

"""The auditors' working paper (疑点底稿): findings and their figures, with live formulas.

Sheet 疑点清单 has one row a finding: both sides are summed from sheet 构成 by formula, the
difference and whether it exceeds the allowed tail are computed by the spreadsheet. Published text
never becomes a formula: every text cell is written as text.
"""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from evidence.words import STATUSES, moment

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["working_paper"]

LIST, PARTS, NOTE = "疑点清单", "构成", "说明"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
HEADINGS = (
    ("编号", 12), ("县", 10), ("部门（单位）", 30), ("年度", 7), ("勾稽关系", 11), ("名称", 34),
    ("性质", 10), ("表述一", 48), ("表述二", 48), ("左方（元）", 17), ("右方（元）", 17),
    ("差额（元）", 15), ("允许尾差（元）", 14), ("超出尾差", 10), ("读取方式", 10), ("复核状态", 10),
    ("页码", 10), ("原文网址", 44), ("抓取时间", 17), ("文件指纹 SHA-256", 68), ("复核意见", 30),
)  # fmt: skip
PART_HEADINGS = (
    ("编号", 12), ("方", 6), ("符号", 6), ("表", 6), ("项目与栏目", 52), ("金额（元）", 18),
    ("带符号金额（元）", 18), ("页码", 8), ("读取方式", 10),
)  # fmt: skip
NOTES = (
    "本底稿由公开文本自动比对生成，不构成违规认定。数据以发布机关正式文本为准。",
    "疑点清单的左方、右方为“构成”表中同编号各项带符号金额之和；差额、超出尾差由公式计算，可复算。",
    "百分比、个数等不是金额的提示没有构成金额，相应各栏为空，见两栏表述。",
    "Both sides are sums over sheet 构成; differences are live formulas. A finding is a question, "
    "never a verdict.",
)


def _put(sheet: Worksheet, row: int, column: int, value: Any) -> Any:
    """A cell that holds a text as text, whatever it begins with."""
    cell = sheet.cell(row=row, column=column)
    if isinstance(value, str):
        cell.value = _CONTROL.sub("", value)
        cell.data_type = "s"
        if value[:1] in "=+-@\t\r":
            cell.quotePrefix = True
    else:
        cell.value = value
    return cell


def _formula(sheet: Worksheet, row: int, column: int, formula: str) -> None:
    cell = sheet.cell(row=row, column=column)
    cell.value = formula
    cell.number_format = "#,##0.00"


def working_paper(listed: list[dict[str, Any]], published_at: datetime | None) -> bytes:
    """The workbook, the same bytes for the same findings and publication."""
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    book = Workbook()
    book.remove(book.worksheets[0])
    first = book.create_sheet(LIST)
    parts, notes = book.create_sheet(PARTS), book.create_sheet(NOTE)
    for sheet, headings in ((first, HEADINGS), (parts, PART_HEADINGS)):
        for n, (name, width) in enumerate(headings, 1):
            cell = _put(sheet, 1, n, name)
            cell.font = Font(bold=True)
            cell.fill = PatternFill("solid", fgColor="E8ECEF")
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            sheet.column_dimensions[get_column_letter(n)].width = width
        sheet.freeze_panes = "D2" if sheet is first else "A2"
    at = 2
    for row, x in enumerate(listed, 2):
        at = _finding(first, parts, row, at, x)
    last = max(2, len(listed) + 1)
    first.auto_filter.ref = f"A1:{get_column_letter(len(HEADINGS))}{last}"
    for n, text in enumerate(NOTES, 1):
        _put(notes, n, 1, text)
    notes.column_dimensions["A"].width = 110
    when = (published_at or datetime(2000, 1, 1, tzinfo=UTC)).astimezone(UTC)
    book.properties.creator = "county-budget-warehouse"
    book.properties.created = book.properties.modified = when.replace(tzinfo=None)
    sink = io.BytesIO()
    book.save(sink)
    return _same_bytes(sink.getvalue(), when)


def _finding(first: Worksheet, parts: Worksheet, row: int, at: int, x: dict[str, Any]) -> int:
    """One row of the list and the rows of its figures; gives the next free row of these."""
    from openpyxl.styles import Alignment

    finding, document = x["finding"], x["document"]
    number = finding.finding_id[:12]
    source = document.publications[0] if document.publications else {}
    is_money = finding.amount is not None
    sums = is_money and x["is_sum"] and bool(x["terms"])
    values = [
        number,
        finding.county or "",
        finding.department,
        finding.fiscal_year,
        finding.identity,
        finding.identity_title,
        "应当相等" if finding.severity == "hard" else "请说明",
        *x["statements"],
        None,
        None,
        None,
        finding.tail,
        None,
        x["read_by"],
        STATUSES.get(finding.status, (finding.status,))[0],
        "、".join(map(str, finding.pages)),
        finding.source_url or "（本地文件）",
        moment(source.get("first_seen_at") or document.first_seen_at),
        document.file_sha256,
    ]
    for column, value in enumerate(values, 1):
        cell = _put(first, row, column, value)
        cell.alignment = Alignment(wrap_text=column in (6, 8, 9), vertical="top")
        if isinstance(value, Decimal):
            cell.number_format = "#,##0.00"
    if is_money:
        for column, side, held in ((10, "左", x["left"]), (11, "右", x["right"])):
            if sums:
                _formula(
                    first, row, column,
                    f"=SUMIFS('{PARTS}'!$G:$G,'{PARTS}'!$A:$A,$A{row},"
                    f"'{PARTS}'!$B:$B,\"{side}\")",
                )  # fmt: skip
            elif held is not None:
                _put(first, row, column, Decimal(held)).number_format = "#,##0.00"
        _formula(first, row, 12, f"=J{row}-K{row}")
        over = {"<=": f"L{row}", ">=": f"-L{row}"}.get(x["relation"], f"ABS(L{row})")
        _formula(first, row, 14, f'=IF({over}>N(M{row}),"是","否")')
    for term in x["terms"]:
        amount = Decimal(term["yuan"]) if term["yuan"] is not None else None
        line = [
            number,
            "左" if term["side"] == "L" else "右",
            term["sign"],
            term["form"],
            term["label"],
            amount,
            None,
            term["page"],
            term["source"],
        ]
        for column, value in enumerate(line, 1):
            cell = _put(parts, at, column, value)
            if isinstance(value, Decimal):
                cell.number_format = "#,##0.00"
        _formula(parts, at, 7, f"=C{at}*N(F{at})")
        at += 1
    return at


def _same_bytes(data: bytes, when: datetime) -> bytes:
    """The archive again with one time in every entry and in its properties."""
    out = io.BytesIO()
    stamp = max((1980, 1, 1, 0, 0, 0), when.timetuple()[:6])
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            body = old.read(entry)
            if entry.filename == "docProps/core.xml":
                # openpyxl writes the time of saving, whatever it was told
                body = re.sub(
                    rb"(<dcterms:modified[^>]*>)[^<]*",
                    rb"\g<1>" + when.strftime("%Y-%m-%dT%H:%M:%SZ").encode(),
                    body,
                )
            info = zipfile.ZipInfo(entry.filename, stamp)
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, body)
    return out.getvalue()

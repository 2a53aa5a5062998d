"""Excel exports made for people (给人看的导出): a sheet a question, one wide table each.

Chinese headings with the unit in them, numbers as numbers, a frozen heading, a filter, and in each
row a link to the page of the original. No cell is ever a formula: text that a spreadsheet would
compute (beginning with = + - @ or a tab) stays text.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from warehouse.errors import QuestionError
from warehouse.questions import DISCLAIMER, LABELS, Answer, Column

__all__ = ["LINK", "NOTES", "provenance", "write_workbook"]

NOTES = "说明"
LINK = "原文链接"
MOST_ROWS = 1_048_575  # of a sheet, without the heading
MOST_LINKS = 60_000  # Excel repairs a sheet that has more than 65,530
_ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\n")
_HIDDEN = {"source_url", "document_id"}  # the link stands for the first, the second comes last
_LABELS_SAY = {
    "": "数字与公开文本一致",
    "推算": "由公开的数字推算得出，推算办法见本页各问的说明",
    "不可比": "有数字，但口径不同，不能比较",
    "未公开": "未公开，或未见到；不以别的数代替",
}


def provenance(source_url: str | None, page: int | None) -> str | None:
    """The address of the page a figure stands on: ``source_url#page=N``.

    An address with a fragment of its own (a file inside an archive) stays as it is; NULL where
    there is no address.
    """
    if not source_url:
        return None
    return source_url if page is None or "#" in source_url else f"{source_url}#page={page}"


def write_workbook(answers: Sequence[Answer], path: Path, *, as_of: str, lang: str = "zh") -> Path:
    """Write the answers as one workbook, whole or not at all; returns the path.

    ``as_of`` names the publication the figures come from. Raises QuestionError where an answer
    has more rows than a sheet holds.
    """
    if not path.absolute().parent.is_dir():
        raise QuestionError(f"there is no folder {path.absolute().parent}: make it first")
    for answer in answers:
        if len(answer.rows) > MOST_ROWS:
            raise QuestionError(
                f"question {answer.question.number} has {len(answer.rows)} rows, a sheet holds "
                f"{MOST_ROWS}: narrow it with --county or --year, or use budgets ask -f csv"
            )
    book = Workbook(write_only=True)
    _notes(book, answers, as_of)
    for answer in answers:
        _sheet(book, answer, lang)
    scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        book.save(scratch)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
    return path


# --- parts ------------------------------------------------------------------------------------

_HEAD_FONT = Font(bold=True, color="FFFFFF")
_HEAD_FILL = PatternFill("solid", start_color="305496")
_WRAPPED = Alignment(wrap_text=True, vertical="center")
_LINK_FONT = Font(color="0563C1", underline="single")
_DIM = Font(color="7F7F7F")


def _text(sheet: Any, value: str, *, font: Font | None = None) -> Any:
    """A cell that is text whatever it begins with."""
    cell: Any = WriteOnlyCell(sheet, value="")
    cell._value = ILLEGAL_CHARACTERS_RE.sub("", value)
    cell.data_type = "s"
    if value.startswith(_ACTIVE):
        cell.quotePrefix = True  # Excel keeps it text also after it was edited
    if font is not None:
        cell.font = font
    return cell


def _value(sheet: Any, column: Column, value: Any) -> Any:
    value = column.shown(value)
    if value is None:
        return None
    if isinstance(value, str):
        return _text(sheet, value)
    cell: Any = WriteOnlyCell(sheet, value=value)
    if isinstance(value, Decimal):
        places = max(2, -int(value.normalize().as_tuple().exponent))
        cell.number_format = "#,##0." + "0" * places
    elif isinstance(value, datetime | date):
        cell.number_format = "yyyy-mm-dd"
    return cell


def _width(heading: str, samples: Iterable[Any]) -> float:
    """Columns as wide as what stands in them, within reason; a Chinese character counts two."""
    longest = max((_cells(str(s)) for s in samples if s is not None), default=0)
    return float(min(max(_cells(heading) / 2 + 4, longest + 2, 8), 48))


def _cells(text: str) -> int:
    return sum(2 if ord(c) > 0x2E7F else 1 for c in text)


def _sheet(book: Workbook, answer: Answer, lang: str) -> None:
    question = answer.question
    sheet = book.create_sheet(f"{question.number:02} {question.short}"[:31])
    names = [c.name for c in answer.columns]
    shown = [i for i, name in enumerate(names) if name not in _HIDDEN]
    headings = [answer.columns[i].heading(lang) for i in shown]
    url, page, identity = (names.index(n) for n in ("source_url", "page", "document_id"))
    headings += [LINK, answer.columns[identity].heading(lang)]
    for position, i in enumerate(shown, 1):
        samples = (answer.columns[i].shown(r[i]) for r in answer.rows[:200])
        sheet.column_dimensions[get_column_letter(position)].width = _width(
            headings[position - 1], samples
        )
    sheet.column_dimensions[get_column_letter(len(headings) - 1)].width = 40
    sheet.column_dimensions[get_column_letter(len(headings))].width = 14
    sheet.row_dimensions[1].height = 32
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(headings))}{len(answer.rows) + 1}"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.oddFooter.center.text = DISCLAIMER
    sheet.append([_heading(sheet, h) for h in headings])
    for number, row in enumerate(answer.rows):
        cells = [_value(sheet, answer.columns[i], row[i]) for i in shown]
        address = provenance(row[url], row[page])
        cells.append(None if address is None else _link(sheet, address, number < MOST_LINKS))
        cells.append(None if row[identity] is None else _text(sheet, row[identity], font=_DIM))
        sheet.append(cells)


def _heading(sheet: Any, text: str) -> Any:
    cell = _text(sheet, text, font=_HEAD_FONT)
    cell.fill, cell.alignment = _HEAD_FILL, _WRAPPED
    return cell


def _link(sheet: Any, address: str, is_live: bool) -> Any:
    """The address as text; to be clicked where it is a web address."""
    cell = _text(sheet, address)
    if is_live and address.startswith(("http://", "https://")):
        cell.hyperlink = address
        cell.font = _LINK_FONT
    return cell


def _notes(book: Workbook, answers: Sequence[Answer], as_of: str) -> None:
    sheet = book.create_sheet(NOTES)
    sheet.column_dimensions["A"].width = 22
    sheet.column_dimensions["B"].width = 100
    wrapped = Alignment(wrap_text=True, vertical="top")

    def line(name: str, said: str, *, strong: bool = False) -> None:
        cells = [_text(sheet, name), _text(sheet, said)]
        for cell in cells:
            cell.alignment = wrapped
            if strong:
                cell.font = Font(bold=True)
        sheet.append(cells)

    line("县级部门预算公开", DISCLAIMER, strong=True)
    line("数据版本", as_of)
    line("金额单位", "见各列标题；未另注明的金额为万元")
    for label in LABELS:
        line(f"标注「{label}」" if label else "标注为空", _LABELS_SAY[label])
    line("空白", "空白不等于0：文本未列或无法给出的数字留空，原因见「标注」和「说明」两列")
    line(LINK, "每行一个链接，打开公开文本并翻到该页；浏览器不能翻页的，按「页码」列查看")
    for answer in answers:
        question = answer.question
        sheet.append([])
        line(f"{question.number} {question.short}", question.zh, strong=True)
        line("问", question.asks["zh"])
        line("答", question.answer["zh"])
        line("注意", question.caveats["zh"])
        line("行数", str(len(answer.rows)))

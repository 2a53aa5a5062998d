"""The inspection sheet as a workbook: the bureau's own form, and a list of all remarks.

No cell is ever a formula: words of the draft that a spreadsheet would compute stay text.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from inspection.model import STATUSES, Sheet, SheetLine
from inspection.pictures import Crop
from inspection.rules import rules

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["CHECKED", "LISTED", "NOTE", "workbook"]

CHECKED, LISTED = "检查表", "问题清单"
NOTE = "本表由文件自动比对生成，供公开前自检，不代替人工审核。原文件未保存。"
_ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\n")
_HEAD = (
    ("检查内容", 14),
    ("", 40),
    ("是否符合要求", 14),
    ("问题", 62),
    ("位置", 16),
    ("问题截图", 70),
)
_LIST = (
    ("序号", 6), ("检查内容", 30), ("检查项", 24), ("程度", 10), ("问题", 34), ("表述一", 60),
    ("表述二", 60), ("位置", 18), ("坐标（页：左,上,右,下，点）", 40),
)  # fmt: skip
_PICTURE_WIDTH = 480
_MOST_PICTURES = 2
_EMU = 9525
"""English metric units of a pixel."""


def workbook(sheet: Sheet, crops: dict[int, list[Crop]]) -> bytes:
    """The xlsx file."""
    from openpyxl import Workbook

    book = Workbook()
    first = book.active
    if first is None:
        raise RuntimeError("a new workbook has a sheet")
    first.title = CHECKED
    _checked(first, sheet, crops)
    _listed(book.create_sheet(LISTED), sheet)
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def _put(sheet: Worksheet, row: int, column: int, value: Any) -> Any:
    """A cell that holds a text as text, whatever it begins with."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Alignment

    cell = sheet.cell(row=row, column=column)
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    if isinstance(value, str):
        cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)
        cell.data_type = "s"
        if value.startswith(_ACTIVE):
            cell.quotePrefix = True
    else:
        cell.value = value
    return cell


def _heading(sheet: Worksheet, row: int, names: tuple[tuple[str, int], ...]) -> None:
    from openpyxl.styles import Font, PatternFill
    from openpyxl.utils import get_column_letter

    for n, (name, width) in enumerate(names, start=1):
        cell = _put(sheet, row, n, name)
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", start_color="305496")
        sheet.column_dimensions[get_column_letter(n)].width = width
    sheet.freeze_panes = f"A{row + 1}"
    sheet.print_title_rows = f"{row}:{row}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = False
    sheet.sheet_properties.pageSetUpPr.fitToPage = True  # type: ignore[union-attr]


def title(sheet: Sheet) -> str:
    year = f"{sheet.year}年度" if sheet.year else ""
    return f"{year}部门预算公开情况检查表"


def _checked(page: Worksheet, sheet: Sheet, crops: dict[int, list[Crop]]) -> None:
    from openpyxl.styles import Font

    _put(page, 1, 1, title(sheet)).font = Font(bold=True, size=16)
    page.merge_cells("A1:F1")
    _put(page, 2, 1, f"部门名称：{sheet.department or '（封面未印）'}")
    page.merge_cells("A2:F2")
    _put(page, 3, 1, f"文件：{sheet.file_name}    指纹：{sheet.sha256[:16]}")
    page.merge_cells("A3:F3")
    _put(page, 4, 1, "　".join([NOTE, *sheet.notes]))
    page.merge_cells("A4:F4")
    page.row_dimensions[4].height = 32
    _heading(page, 5, _HEAD)
    row, group, since = 6, "", 6
    for line in sheet.lines:
        if line.group != group:
            if row - since > 1:
                page.merge_cells(start_row=since, end_row=row - 1, start_column=1, end_column=1)
            group, since = line.group, row
            _put(page, row, 1, group)
        row = _line(page, row, line, crops)
    if row - since > 1:
        page.merge_cells(start_row=since, end_row=row - 1, start_column=1, end_column=1)


def _line(page: Worksheet, row: int, line: SheetLine, crops: dict[int, list[Crop]]) -> int:
    from openpyxl.styles import Font

    _put(page, row, 2, line.title)
    status = _put(page, row, 3, STATUSES[line.status])
    status.font = Font(
        bold=line.status != "ok", color="C00000" if line.status in ("defect", "ask") else "000000"
    )
    elsewhere = "见问题" + "、".join(map(str, line.seen_elsewhere)) if line.seen_elsewhere else ""
    if not line.remarks:
        _put(page, row, 4, "；".join(x for x in (line.note, elsewhere) if x))
        return row + 1
    for n, remark in enumerate(line.remarks):
        said = [f"{remark.number}. {remark.says}", *remark.statements]
        if n == len(line.remarks) - 1 and elsewhere:
            said.append(f"另{elsewhere}")
        _put(page, row, 4, "\n".join(said))
        _put(page, row, 5, remark.where())
        lines = sum(1 + len(s) // 30 for s in said)
        high = _pictures(page, row, crops.get(remark.number, []))
        page.row_dimensions[row].height = min(409.0, max(15.0 * lines + 4, high))
        row += 1
    return row


def _pictures(page: Worksheet, row: int, crops: list[Crop]) -> float:
    """Pictures in the last column, one below the other; the height they need in points."""
    from openpyxl.drawing.image import Image
    from openpyxl.drawing.spreadsheet_drawing import AnchorMarker, OneCellAnchor
    from openpyxl.drawing.xdr import XDRPositiveSize2D

    high = 4.0
    for crop in crops[:_MOST_PICTURES]:
        width = min(_PICTURE_WIDTH, crop.width)
        height = round(crop.height * width / crop.width)
        if height > 240:
            width, height = round(width * 240 / height), 240
        image = Image(io.BytesIO(crop.png))
        at = AnchorMarker(col=5, colOff=4 * _EMU, row=row - 1, rowOff=round(high / 0.75) * _EMU)
        image.anchor = OneCellAnchor(_from=at, ext=XDRPositiveSize2D(width * _EMU, height * _EMU))
        page.add_image(image)
        high += height * 0.75 + 6
    return high


def _listed(page: Worksheet, sheet: Sheet) -> None:
    _heading(page, 1, _LIST)
    severities = rules().severities
    titles = {line.id: line.title for line in sheet.lines}
    for row, remark in enumerate(sheet.remarks, start=2):
        boxes = "；".join(
            f"{p.page}：" + ",".join(f"{v:.0f}" for v in p.bbox)
            for p in remark.places
            if p.bbox is not None
        )
        first, rest = remark.statements[:1], remark.statements[1:]
        values = (
            remark.number, "、".join(titles[x] for x in remark.lines), remark.title,
            severities[remark.severity], remark.says, "\n".join(first), "\n".join(rest),
            remark.where(), boxes,
        )  # fmt: skip
        for n, value in enumerate(values, start=1):
            _put(page, row, n, value)
    page.auto_filter.ref = f"A1:I{len(sheet.remarks) + 1}"

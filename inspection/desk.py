"""One draft through the whole inspection: read in the isolated child, judged, told in two formats.

Nothing is written anywhere: the bytes come in, the sheet's bytes go out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from inspection.inspect import inspect
from inspection.model import Sheet
from inspection.page import data_url, page
from inspection.pictures import Crop, crops
from inspection.workbook import workbook
from parsers.document import ReadingProblem
from parsers.errors import DocumentError, NotADisclosureError
from parsers.worker import Limits, Worker

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_BYTES = 50 * 1024 * 1024
# a text is read in seconds; pages that are images take some seconds each
LIMITS = Limits(seconds=1800.0, megabytes=3072, documents_per_worker=20)
_SAYS = {
    "not_a_pdf": ("不是能读取的文件", "请提供PDF、Word（docx）或Excel（xlsx、xls）文件。"),
    "unsupported_format": (
        "文件格式不能读取（例如旧版Word的.doc）",
        "请在Word或WPS中另存为docx，或导出PDF，再检查。",
    ),
    "damaged": ("文件已损坏，无法打开", "请重新导出后再检查。"),
    "encrypted": ("文件已加密", "请去除打开密码后再检查。"),
    "too_large": ("文件过大", "请缩小文件，或分开检查。"),
    "not_a_disclosure": ("文件不是部门预算或决算", "请确认选择的是送审的部门预算公开文本。"),
    "no_text": ("文件没有可读取的文字", "请用Word或Excel直接导出PDF，不要用扫描件。"),
    "no_such_part": ("文件中没有这一份文本", "请改用文件中有的份数（--part）。"),
    "timeout": ("读取超时", "请检查文件是否过大，或分开检查。"),
    "memory": ("读取所需内存过大", "请检查文件是否过大，或分开检查。"),
}


@dataclass(frozen=True)
class Inspected:
    """The sheet with its crops; ``xlsx`` and ``html`` make the files."""

    sheet: Sheet
    crops: dict[int, list[Crop]]

    def names(self) -> tuple[str, str]:
        """File names of the workbook and the page."""
        stem = PurePath(self.sheet.file_name).stem or "draft"
        return f"{stem}-公开前自检.xlsx", f"{stem}-公开前自检.html"

    def xlsx(self) -> bytes:
        return workbook(self.sheet, self.crops)

    def html(self) -> str:
        return page(self.sheet, self.crops)

    def shown(self, again: str) -> str:
        """The page with both files in it to be downloaded, and the way to the next draft."""
        xlsx, html = self.names()
        files = {
            xlsx: data_url(self.xlsx(), XLSX),
            html: data_url(self.html().encode(), "text/html;charset=utf-8"),
        }
        return page(self.sheet, self.crops, downloads=files, again=again)


def inspect_draft(data: bytes, file_name: str, worker: Worker, *, part: int = 1) -> Inspected:
    """Inspect one file.

    Raises DocumentError where it cannot be read, NotADisclosureError where it is no budget.
    """
    draft = worker.draft(data, file_name, part)
    if draft.problem == NotADisclosureError.code:
        raise NotADisclosureError(
            "no budget or final account", file_name, "Give the text that is to be published."
        )
    sheet = inspect(draft, file_name=file_name)
    pictures, held = crops(sheet, draft, lambda asked: worker.render(data, asked))
    if held:
        sheet.notes.append("文件带有密级标志，未附截图；请先确认能否公开。")
    return Inspected(sheet, pictures)


def in_chinese(error: DocumentError) -> ReadingProblem:
    """Why a file was refused, for the page."""
    what, remedy = _SAYS.get(error.code, ("读取文件时出错", "请把文件交给维护人员查看。"))
    return ReadingProblem(code=error.code, what=what, where=error.where, remedy=remedy)

"""What an inspection gives: lines, remarks, places. All texts are Chinese, for the bureau."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from inspection.rules import Severity
from parsers.document import BBox

Status = Literal["ok", "defect", "ask", "unread", "absent"]
STATUSES: dict[Status, str] = {
    "ok": "符合要求",
    "defect": "不符合",
    "ask": "请核实",
    "unread": "未能核对",
    "absent": "文件未含",
}


class Place(BaseModel):
    """Where something stands. ``bbox`` in points from the top left of the page, null in office
    files; ``where`` says the place in words there (工作表、单元格, 段落)."""

    page: int
    bbox: BBox | None = None
    where: str = ""

    def said(self) -> str:
        return self.where or f"第{self.page}页"


class Remark(BaseModel):
    """One defect with its two statements. ``lines``: ids of the lines it is told on, first its own."""

    check: str
    title: str
    severity: Severity
    lines: list[str]
    says: str
    statements: list[str] = []
    places: list[Place] = []
    group: str | None = None
    number: int = 0

    def where(self) -> str:
        """第8页、第9页, each once."""
        return "、".join(dict.fromkeys(p.said() for p in self.places))


class SheetLine(BaseModel):
    id: str
    title: str
    group: str
    status: Status
    remarks: list[Remark] = []
    seen_elsewhere: list[int] = Field(default=[], description="numbers of remarks of other lines")
    note: str = ""


class Sheet(BaseModel):
    """The inspection sheet (部门预算公开情况检查表) of one document."""

    file_name: str
    sha256: str
    department: str | None
    year: int | None
    template: str | None
    kind: str
    lines: list[SheetLine]
    notes: list[str] = []

    @property
    def remarks(self) -> list[Remark]:
        return [r for line in self.lines for r in line.remarks]

"""Performance tables (绩效目标表) as the catalogue reads them.

The parser keeps each table as labelled text. Money of a project table stands in 元 or 万元 as its
own heading says (项目资金(元), 项目资金(万元)) and is exact; the overall table is in 万元.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal

from expectations.catalogue.figures import number
from expectations.catalogue.view import squeeze
from parsers.document import ParsedDocument

PART_FIELDS = {"period": "实施期", "annual": "年度"}
TOTAL_FIELDS = {"period": "实施期资金总额", "annual": "年度资金总额"}
_NOISE = re.compile(r"[^0-9A-Za-z㐀-鿿]")
_AMOUNT_IN_TEXT = re.compile(r"(-?[\d,]+(?:\.\d+)?)")
# label in the overall table → name used in the catalogue; sources stand left, directions right
SOURCES = {
    "一般公共预算资金": "general_public_budget",
    "政府性基金预算资金": "government_managed_funds",
    "国有资本经营预算资金": "state_capital_operations",
    "社会保险基金预算资金": "social_insurance_funds",
    "专户管理资金": "special_fiscal_accounts",
    "单位资金": "own_funds",
}
DIRECTIONS = {"基本支出": "basic", "项目支出": "project"}
STAFF = {
    "核定的人员编制数": "posts",
    "实际在职人员总数": "staff",
    "在编人员数": "staff_established",
    "其他人员数": "staff_other",
    "所属预算单位数": "units",
    "内设职能部门数": "offices",
}


@dataclass(slots=True)
class TargetFigure:
    value: Decimal | None
    step: Decimal
    printed: str


@dataclass(slots=True)
class Target:
    """One project table. ``figures``: period_total, annual_total; ``parts``: side → label → …"""

    index: int
    name: str
    unit_name: str
    department: str
    attribute: str
    money_unit: str
    year: int | None
    figures: dict[str, TargetFigure] = field(default_factory=dict)
    parts: dict[str, list[tuple[str, TargetFigure]]] = field(default_factory=dict)

    @property
    def one_year(self) -> bool:
        return "一次性" in self.attribute or "1年结束" in self.attribute


@dataclass(slots=True)
class Overall:
    index: int
    figures: dict[str, TargetFigure] = field(default_factory=dict)


def bare_name(text: str) -> str:
    """A name without blanks and punctuation, for comparing."""
    return _NOISE.sub("", squeeze(text))


class Targets:
    """Project tables and the overall table of one document."""

    def __init__(self, document: ParsedDocument) -> None:
        self.projects: list[Target] = []
        self.overall: Overall | None = None
        for index, table in enumerate(document.performance):
            if table.get("kind") == "project":
                self.projects.append(_project(index, table))
            elif self.overall is None:
                self.overall = _overall(index, table)

    def one(self, index: int) -> Target:
        return next(t for t in self.projects if t.index == index)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _figure(printed: object, factor: Decimal) -> TargetFigure:
    text = _text(printed)
    read = number(text)
    if read is None:
        return TargetFigure(None, Decimal(0), text)
    value, decimals = read
    rounded = factor != 1 and 2 <= decimals <= 3
    step = factor.scaleb(-decimals) if rounded else Decimal(0)
    return TargetFigure(value * factor, step, text)


def _project(index: int, table: dict[str, object]) -> Target:
    heading = squeeze(_text(table.get("项目资金单位")))
    unit = "万元" if "万元" in heading else "元"
    factor = Decimal(10_000) if unit == "万元" else Decimal(1)
    year = table.get("year")
    target = Target(
        index=index,
        name=_text(table.get("项目名称")),
        unit_name=_text(table.get("实施单位")),
        department=_text(table.get("主管部门及代码")),
        attribute=squeeze(_text(table.get("项目属性"))),
        money_unit=unit if heading else "",
        year=year if isinstance(year, int) else None,
    )
    for side, label in TOTAL_FIELDS.items():
        target.figures[f"{side}_total"] = _figure(table.get(label), factor)
    lines = table.get("资金明细")
    for line in lines if isinstance(lines, list) else []:
        if not isinstance(line, dict) or squeeze(_text(line.get("label"))).endswith("总额"):
            continue
        label = squeeze(_text(line.get("label"))).removeprefix("其中:")
        for side, column in PART_FIELDS.items():
            target.parts.setdefault(side, []).append((label, _figure(line.get(column), factor)))
    return target


def _overall(index: int, table: dict[str, object]) -> Overall:
    overall = Overall(index)
    wan = Decimal(10_000)
    sections = table.get("sections")
    for section in sections if isinstance(sections, list) else []:
        if not isinstance(section, dict):
            continue
        for row in section.get("rows") or []:
            cells = [squeeze(_text(c)).removeprefix("其中:") for c in row] + [""] * 4
            if "预算情况" in _text(section.get("label")):
                _funding(overall, cells, wan)
            elif "基本信息" in _text(section.get("label")):
                for label, value in ((cells[0], cells[1]), (cells[2], cells[3])):
                    if label in STAFF:
                        _count(overall, STAFF[label], value)
            elif "绩效指标" in _text(section.get("label")):
                _indicator(overall, cells, wan)
    return overall


def _funding(overall: Overall, cells: list[str], wan: Decimal) -> None:
    for label, value, names, total in (
        (cells[0], cells[1], SOURCES, "source_total"),
        (cells[2], cells[3], DIRECTIONS, "direction_total"),
    ):
        name = total if label == "合计" else names.get(label)
        if name is None:
            continue
        figure = _figure(value, wan)
        if figure.value == 0:
            figure.step = Decimal(0)  # the form prints 0.00 by default
        overall.figures[name] = figure


def _count(overall: Overall, name: str, text: str) -> None:
    found = _AMOUNT_IN_TEXT.search(text)
    if found is not None:
        read = number(found.group())
        if read is not None:
            overall.figures[name] = TargetFigure(read[0], Decimal(0), text)


def _indicator(overall: Overall, cells: list[str], wan: Decimal) -> None:
    name = {"基本支出": "cost_basic", "项目支出": "cost_project"}.get(cells[2])
    if name is not None and "万元" in cells[3]:
        found = _AMOUNT_IN_TEXT.search(cells[3])
        if found is not None:
            overall.figures[name] = _figure(found.group(), wan)
    elif cells[2] == "在职人员数":
        _count(overall, "indicator_staff", cells[3])

"""What each sees first: the tiles of a county, the sentences that can be quoted.

Missing is said (未公开, 不可比), never replaced by a proxy. Every figure carries the address of
what it was made of.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from evidence.places import Amounts, measure_anchor, row_anchor
from evidence.policy import Policy
from evidence.source import Document, Published, Row
from evidence.view import money
from evidence.words import BREAKS, IS_PUBLISHED

__all__ = ["County", "Sentence", "Tile", "counties", "percent", "sentences"]

MISSING = "未列"
INCOMPARABLE = "不可比"


def percent(part: Decimal | None, whole: Decimal | None) -> str:
    """A share of a whole; 不可比 where there is none."""
    if part is None or not whole:
        return INCOMPARABLE
    return f"{part / whole * 100:.2f}%"


def change(now: Decimal | None, before: Decimal | None) -> str:
    """Change over the year before, signed; 不可比 where one of them is missing or zero."""
    if now is None or not before:
        return INCOMPARABLE
    return f"{(now - before) / before * 100:+.2f}%"


@dataclass
class Tile:
    """One figure of a first screen. ``parts``: (document, figure) it was made of."""

    name: str
    en: str
    value: str
    note: str = ""
    href: str = ""


@dataclass
class County:
    """A county as its first screen shows it. ``missing``: bodies not seen in ``year``."""

    code: str
    name: str
    city: str
    is_sample: bool
    year: int | None
    published: int = 0
    expected: int = 0
    tiles: list[Tile] = field(default_factory=list)
    missing: list[Row] = field(default_factory=list)
    figures: dict[str, Row] = field(default_factory=dict)
    structure: list[Decimal | None] = field(default_factory=list)
    project_share: Decimal | None = None
    growth: Decimal | None = None
    findings: int = 0
    waiting: int = 0

    @property
    def href(self) -> str:
        return f"counties/{self.code}.html"


def counties(published: Published, findings_by_county: dict[str, int]) -> list[County]:
    """All counties with anything to show, with the figures of their latest budget year."""
    found = []
    for row in published.counties:
        code = row["county_code"]
        held = [
            c
            for c in published.coverage
            if c["county_code"] == code and c["phase"] == "budget" and c["scope"] != "unit"
        ]
        years = [c["fiscal_year"] for c in held if c["status"] in IS_PUBLISHED]
        own = [d for d in published.documents.values() if d.county_code == code]
        if not held and not own:
            continue
        county = County(
            code=code,
            name=row["county"],
            city=row["city"] or "",
            is_sample=bool(row["is_sample"]),
            year=max(years, default=None),
            findings=findings_by_county.get(code, 0),
            waiting=sum(d.row["status"] == "quarantined" for d in own),
        )
        if county.year is not None:
            due = [
                c for c in held if c["fiscal_year"] == county.year and c["scope"] == "department"
            ]
            county.expected = len(due)
            county.published = sum(c["status"] in IS_PUBLISHED for c in due)
            county.missing = [
                c
                for c in published.coverage
                if c["county_code"] == code
                and c["phase"] == "budget"
                and c["fiscal_year"] == county.year
                and c["status"] not in IS_PUBLISHED
            ]
            county.figures = {m["measure"]: m for m in published.county_measures(code, county.year)}
        found.append(county)
    for county in found:
        if county.year is not None:
            county.structure = _structure(county)
    for county in found:
        _tiles(published, county, found)
    return found


def _structure(county: County) -> list[Decimal | None]:
    """Personnel, operating, projects: general public budget without carry-over (T06, T05)."""
    parts = [
        _sum(county, "personnel_expense"),
        _sum(county, "non_personnel_expense"),
        _sum(county, "general_public_project_expenditure"),
    ]
    whole = sum((x for x in parts if x is not None), Decimal(0))
    if whole and parts[2] is not None:
        county.project_share = parts[2] / whole * 100
    return parts


def _sum(county: County, measure: str) -> Decimal | None:
    row = county.figures.get(measure)
    return row["amount_wan"] if row else None


def _tiles(published: Published, county: County, every: list[County]) -> None:
    year = county.year
    basis = f"已公开部门合计（{county.published}/{county.expected}个）"
    tiles = [
        Tile(
            "已公开部门预算",
            "departments that published",
            f"{county.published}/{county.expected} 个",
            f"{year}年" if year else "",
            f"counties/{county.code}.html#coverage",
        )
    ]
    if year is None:
        county.tiles = tiles
        return
    current = county.figures.get("current_year_income", {})
    before = current.get("prior") if current else None
    now = current.get("now_comparable") if current else None
    if now is not None and before:
        county.growth = (now - before) / before * 100
    tiles.append(
        Tile(
            "当年安排（剔除上年结转）",
            "new money, without carry-over",
            change(now, before),
            f"{_comparable(county, current)}；已公开部门当年共 "
            f"{money(_sum(county, 'current_year_income')) or MISSING} 万元",
            f"counties/{county.code}.html#figures",
        )
    )
    whole = sum((x for x in county.structure if x is not None), Decimal(0))
    tiles.append(
        Tile(
            "人员 / 公用 / 项目",
            "personnel / operating / projects",
            " / ".join(
                f"{x / whole * 100:.0f}%" if whole and x is not None else MISSING
                for x in county.structure
            ),
            f"一般公共预算，不含上年结转；共 {money(_sum(county, 'general_public_expenditure')) or MISSING} 万元",
            f"counties/{county.code}.html#figures",
        )
    )
    three = county.figures.get("three_public_total", {})
    tiles.append(
        Tile(
            "“三公”经费同比",
            "three public expenses, change",
            change(three.get("now_comparable"), three.get("prior")),
            f"{_comparable(county, three)}；合计 {money(three.get('amount_wan')) or MISSING} 万元"
            + _not_all(county, three),
            f"counties/{county.code}.html#figures",
        )
    )
    renewed = [
        r
        for r in published.renewed_carry_over(county.code, year)
        if not published.policy.is_restricted(r["project_name"])
    ]
    carry = _sum(county, "carry_over")
    tiles.append(
        Tile(
            "上年结转",
            "carry-over",
            f"{money(carry)} 万元" if carry is not None else MISSING,
            f"其中 {len(renewed)} 个项目同时新增预算",
            f"counties/{county.code}.html#renewed",
        )
    )
    tiles.append(_beside(county, every))
    asks = county.findings + county.waiting
    tiles.append(
        Tile(
            "需部门说明",
            "to be explained",
            f"{asks} 项",
            f"核对提示 {county.findings} 项，待人工复核 {county.waiting} 份",
            f"counties/{county.code}.html#findings",
        )
    )
    tiles.append(
        Tile(
            "收入总计",
            "total income",
            f"{money(_sum(county, 'income_total'))} 万元" if county.figures else MISSING,
            basis,
            f"counties/{county.code}.html#figures",
        )
    )
    county.tiles = tiles


def _comparable(county: County, measure: Row) -> str:
    """Of how many published departments both years are there and comparable."""
    return f"可比部门 {measure.get('comparable', 0)}/{county.published} 个"


def _not_all(county: County, measure: Row) -> str:
    """How many of the published texts leave the figure out."""
    texts = max((int(m["documents"]) for m in county.figures.values()), default=0)
    absent = texts - int(measure.get("documents", texts))
    return f"（另 {absent} 个文本未列）" if absent else ""


def _beside(county: County, every: list[County]) -> Tile:
    """Beside the other counties of the same year: where it lies, never a rank."""
    others = sorted(
        c.project_share for c in every
        if c is not county and c.year == county.year and c.project_share is not None
    )  # fmt: skip
    own = county.project_share
    if not others or own is None:
        value, note = INCOMPARABLE, "没有同年的其他县"
    else:
        value = f"项目占比 {own:.0f}%"
        note = f"其他 {len(others)} 个县 {others[0]:.0f}%–{others[-1]:.0f}%（一般公共预算口径）"
    return Tile("与其他县比较", "beside other counties", value, note, "leader.html#compare")


@dataclass
class Sentence:
    """A sentence that can be quoted, with the cells of its figures (anchor of the document)."""

    text: str
    anchors: list[str]


def sentences(
    document: Document,
    summary: Row,
    comparisons: dict[str, Row],
    *,
    projects: list[Row],
    amounts: Amounts,
    policy: Policy,
) -> list[Sentence]:
    """Three sentences of figures as published; projects of restricted topics are not named."""
    year = document.fiscal_year
    who = f"{document.department}{year}年部门预算公开文本"
    out = []
    total, carried = summary.get("income_total_wan"), summary.get("carry_over_wan")
    if total is not None:
        text = f"{who}所列收入总计为 {money(total)} 万元"
        text += (
            f"，其中上年结转 {money(carried)} 万元，占 {percent(carried, total)}。"
            if carried is not None
            else "，文本未列上年结转金额。"
        )
        out.append(
            Sentence(
                text,
                [
                    measure_anchor("income_total", total, amounts),
                    measure_anchor("carry_over", carried, amounts),
                ],
            )
        )
    row = comparisons.get("current_year_income", {})
    now, before = row.get("amount_wan"), row.get("prior_as_published_wan")
    if now is not None and before is not None and row.get("is_comparable"):
        delta = now - before
        word = "增加" if delta > 0 else "减少" if delta < 0 else "持平，相差"
        out.append(
            Sentence(
                f"剔除上年结转，{year}年当年收入 {money(now)} 万元，比{year - 1}年公布的年初预算 "
                f"{money(before)} 万元{word} {money(abs(delta))} 万元（{change(now, before)}）。",
                [measure_anchor("current_year_income", now, amounts)],
            )
        )
    elif now is not None:
        why = BREAKS.get(str(row.get("break_reason") or "prior_not_published"), "口径不同")
        out.append(
            Sentence(
                f"剔除上年结转，{year}年当年收入 {money(now)} 万元；与上年的变化不可比（{why}）。",
                [measure_anchor("current_year_income", now, amounts)],
            )
        )
    known = [p for p in projects if not policy.is_restricted(p["project_name"])]
    if known:
        first = known[0]
        among = "列名的" if len(known) < len(projects) else ""
        kind = "上年结转" if first["is_carry_over"] else "本年预算"
        whole = sum((p["amount_wan"] for p in projects), Decimal(0))
        out.append(
            Sentence(
                f"文本{among}项目中金额最大的是“{first['project_name']}”（{kind}），"
                f"{money(first['amount_wan'])} 万元，占所列项目合计 {money(whole)} 万元的 "
                f"{percent(first['amount_wan'], whole)}。",
                [project_anchor(first, amounts)],
            )
        )
    return out


def project_anchor(project: Row, amounts: Amounts) -> str:
    """The cell of a project's total."""
    return row_anchor(project["form"], project["row_index"], project["amount_wan"], amounts)

"""Small invented budgets, built by hand with every field the contract has, and fetches of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from parsers.document import (
    Cell,
    CellRef,
    DocumentInfo,
    Dropped,
    FormId,
    GenericTable,
    IdentityInstance,
    IdentityTerm,
    KeyFigure,
    Narrative,
    ParsedDocument,
    ParseRecord,
    Phase,
    Reason,
    RowKind,
    RowMeta,
    Scope,
    Sentence,
    Table,
    Verdict,
    Warning_,
)

COUNTY = "青岚县"
COUNTY_CODE = "149901"
OFFICE = "中国共产党青岚县委员会样例室"

T01_COLUMNS = [
    "收入/项目",
    "收入/2026年",
    "支出/项目",
    "支出/2026年合计",
    "支出/当年预算安排",
    "支出/上年结转安排",
]
T03_COLUMNS = [
    "项目/科目编码",
    "项目/科目名称",
    "2026年预算数/合计",
    "2026年预算数/基本支出",
    "2026年预算数/项目支出",
]
T12_COLUMNS = [
    "项目名称",
    "合计",
    "2026年财政拨款/一般公共预算",
    "2026年财政拨款/政府性基金预算",
    "2026年财政拨款/国有资本经营预算",
    "财政专户管理资金",
    "单位资金",
]  # fmt: skip


def sha(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def number(text: str) -> Decimal | None:
    bare = text.replace(",", "").replace(" ", "")
    return Decimal(bare) if bare and bare not in {"—", "-"} else None


def table(
    form: FormId,
    columns: Sequence[str],
    rows: Sequence[tuple[RowMeta, Sequence[str]]],
    *,
    labels: int,
    factor: str = "10000",
    label_columns: Sequence[int] = (),
) -> Table:
    """A form; the first ``labels`` columns (and ``label_columns``) hold texts, the rest amounts."""
    texts = set(range(labels)) | set(label_columns)
    cells = [
        [
            Cell(
                text=text,
                amount=None if j in texts else number(text),
                page=3,
                bbox=(50.0 + 60 * j, 100.0 + 12 * i, 108.0 + 60 * j, 110.0 + 12 * i),
            )
            for j, text in enumerate(texts_of_row)
        ]
        for i, (_, texts_of_row) in enumerate(rows)
    ]
    return Table(
        id=form,
        title=f"2026年样例表{form}",
        owner=f"部门名称：{OFFICE}",
        unit="单位：万元" if factor == "10000" else "单位：元",
        factor=Decimal(factor),
        columns=list(columns),
        ncols=len(columns),
        body=[[c.text for c in line] for line in cells],
        cells=cells,
        rows=[meta for meta, _ in rows],
        is_empty=all(c.amount is None for line in cells for c in line),
        pages=[3],
        bbox_by_page={3: (40.0, 90.0, 560.0, 700.0)},
    )


def coded(code: str, label: str) -> RowMeta:
    kinds: dict[int, RowKind] = {3: "class", 5: "section", 7: "item"}
    return RowMeta(kind=kinds[len(code)], label=label, code=code)


def summary(total: str, this_year: str, carry_over: str = "", factor: str = "10000") -> Table:
    """T01 with one class."""

    def row(kind: RowKind, left: str, right: str) -> RowMeta:
        return RowMeta(kind=kind, label=right, income_kind=kind, income_label=left)

    first = "一、一般公共服务支出"
    return table(
        "T01",
        T01_COLUMNS,
        [
            (row("class", "一、一般公共预算", first), ["一、一般公共预算", this_year, first, total, this_year, carry_over]),
            (row("class", "五、单位资金", "二、外交支出"), ["五、单位资金", "", "二、外交支出", "", "", ""]),
            (row("total", "本年收入合计", "本年支出合计"), ["本年收入合计", this_year, "本年支出合计", total, this_year, carry_over]),
            (row("line", "上年结转", "年终结转"), ["上年结转", carry_over, "年终结转", "", "", ""]),
            (row("total", "收入总计", "支出总计"), ["收入总计", total, "支出总计", total, this_year, carry_over]),
        ],
        labels=1,
        label_columns=[2],
        factor=factor,
    )  # fmt: skip


def expenditure(basic: str, project: str, total: str, factor: str = "10000") -> Table:
    """T03: one class, two sections; the section 20199 is printed without an item of its own."""
    return table(
        "T03",
        T03_COLUMNS,
        [
            (RowMeta(kind="total", label="合计"), ["合计", "", total, basic, project]),
            (coded("201", "一般公共服务支出"), ["201", "一般公共服务支出", total, basic, project]),
            (coded("20126", "档案事务"), ["20126", "档案事务", basic, basic, ""]),
            (coded("2012601", "行政运行"), ["2012601", "行政运行", basic, basic, ""]),
            (coded("2012602", "一般行政管理事务"), ["2012602", "一般行政管理事务", "0.00", "", "0.00"]),
            (coded("20199", "其他一般公共服务支出"), ["20199", "其他一般公共服务支出", project, "", project]),
        ],
        labels=2,
        factor=factor,
    )  # fmt: skip


def projects(lines: Sequence[tuple[str, str]], total: str, factor: str = "10000") -> Table:
    """T12: the department, its one unit, the projects."""
    return table(
        "T12",
        T12_COLUMNS,
        [
            (RowMeta(kind="organisation", label=OFFICE), [OFFICE, total, total, "", "", "", ""]),
            (RowMeta(kind="unit", label="青岚县样例中心"), ["青岚县样例中心", total, total, "", "", "", ""]),
            *(
                (
                    RowMeta(kind="project", label=name, unit_name="青岚县样例中心"),
                    [name, amount, amount, "", "", "", ""],
                )
                for name, amount in lines
            ),
        ],
        labels=1,
        factor=factor,
    )  # fmt: skip


def economic(basic: str, total: str = "", factor: str = "10000") -> Table:
    """T06: one class with one item, printed once for each of two government items."""
    return table(
        "T06",
        [
            "部门预算支出经济科目名称",
            "政府预算支出经济科目名称",
            "2026年预算数/合计",
            "2026年预算数/人员经费",
            "2026年预算数/公用经费",
        ],
        [
            (RowMeta(kind="total", label="合计"), ["合计", "", basic, basic, ""]),
            (RowMeta(kind="class", label="工资福利支出"), ["工资福利支出", "", basic, basic, ""]),
            (RowMeta(kind="item", label="基本工资"), ["基本工资", "工资奖金津补贴", basic, basic, ""]),
            (RowMeta(kind="item", label="基本工资"), ["基本工资", "工资福利支出", "0.00", "0.00", ""]),
        ],
        labels=2,
        factor=factor,
    )  # fmt: skip


def three_public(factor: str = "10000") -> Table:
    """T10: hospitality, and vehicles of which the running is printed below."""

    def row(kind: RowKind, label: str, amount: str) -> tuple[RowMeta, list[str]]:
        return RowMeta(kind=kind, label=label), [label, amount, amount, "", ""]

    return table(
        "T10",
        ["项目", *(f"2026年预算数/{c}" for c in ("合计", "一般公共预算", "政府性基金预算", "国有资本经营预算"))],
        [
            row("item", "因公出国（境）费", ""),
            row("item", "公务接待费", "0.50"),
            row("item", "公务用车购置及运行费", "2.98"),
            row("item", "①公务用车购置费", ""),
            row("item", "②公务用车运行维护费", "2.98"),
            row("total", "合计", "3.48"),
        ],
        labels=1,
        factor=factor,
    )  # fmt: skip


def agency(factor: str = "10000") -> Table:
    """T11: the department's line and its one unit."""
    return table(
        "T11",
        ["单位名称", *(f"2026预算数/{c}" for c in ("合计", "一般公共预算", "政府性基金预算", "国有资本经营预算"))],
        [
            (RowMeta(kind="organisation", label="部门合计"), ["部门合计", "17.76", "17.76", "", ""]),
            (RowMeta(kind="unit", label="青岚县样例中心"), ["青岚县样例中心", "17.76", "17.76", "", ""]),
        ],
        labels=1,
        factor=factor,
    )  # fmt: skip


TARGET: dict[str, object] = {
    "kind": "project",
    "title": "青岚县项目支出绩效目标表",
    "项目名称": "样例项目",
    "主管部门及代码": "003-样例",
    "实施单位": "青岚县样例中心",
    "项目属性": "一次性项目(1年结束)",
    "项目期": "1年",
    "项目资金单位": "项目资金(元)",
    "实施期资金总额": "500,000",
    "年度资金总额": "200,000",
    "资金明细": [
        {"label": "实施期资金总额", "实施期": "500,000", "年度": "200,000"},
        {"label": "其中:中央财政资金", "实施期": "0", "年度": "0"},
        {"label": "市县(区)财政资金", "实施期": "500,000", "年度": "200,000"},
        {"label": "其他资金", "实施期": "", "年度": ""},
    ],
    "指标": [
        {"level1": "产出指标", "left": ["数量指标", "次数", "1次"], "right": ["数量指标", "次数", "2次"]},
        {"level1": "效益指标", "left": ["经济效益", "", ""], "right": ["经济效益", "", ""]},
    ],
}  # fmt: skip


def bind(form: Table, identity: str, row: int, left: int, right: Sequence[int]) -> IdentityInstance:
    """left column = Σ right columns of one row, judged as the rule of rounding says."""
    cells = form.cells[row]

    def term(side: str, column: int) -> IdentityTerm:
        amount = cells[column].amount
        return IdentityTerm(
            side=side,  # type: ignore[arg-type]
            cell=CellRef(form=form.id, row=row, column=column),
            value_yuan=None if amount is None else amount * form.factor,
        )

    terms = [term("L", left), *(term("R", c) for c in right)]
    sums = {
        side: sum((t.value_yuan or Decimal(0) for t in terms if t.side == side), Decimal(0))
        for side in "LR"
    }
    addends = sum(t.value_yuan is not None for t in terms if t.side == "R")
    tolerance = (addends // 2) * Decimal("0.01") * form.factor
    difference = sums["L"] - sums["R"]
    outcome = (
        "not_applicable"
        if all(t.value_yuan is None for t in terms)
        else "exact"
        if difference == 0
        else "rounding"
        if abs(difference) <= tolerance
        else "violated"
    )
    return IdentityInstance(
        identity=identity,
        instance=f"row {row}",
        severity="hard",
        outcome=outcome,  # type: ignore[arg-type]
        left_yuan=sums["L"],
        right_yuan=sums["R"],
        difference_yuan=difference,
        tolerance_yuan=tolerance,
        addends=addends,
        terms=terms,
        pages=[3],
        statement_1=f"{form.id} 合计 {cells[left].text}",
        statement_2="各栏之和",
    )


def budget(
    name: str,
    *,
    basic: str = "100.00",
    project: str = "20.00",
    total: str = "120.00",
    department: str | None = OFFICE,
    county: str | None = COUNTY,
    year: int | None = 2026,
    scope: Scope = "department",
    phase: Phase = "budget",
    status: str | None = "accepted",
    factor: str = "10000",
) -> ParsedDocument:
    """One consistent document; ``name`` gives its bytes (two names, two files)."""
    t03 = expenditure(basic, project, total, factor)
    identities = [bind(t03, "R-T03", row, 2, [3, 4]) for row in range(len(t03.cells))]
    if status == "accepted" and any(i.outcome == "violated" for i in identities):
        status = "accepted_with_findings"
    return ParsedDocument(
        document=DocumentInfo(
            file_sha256=sha(name),
            document_id=sha(name),
            county=county,
            department=department,
            subtitle="2026年部门预算",
            year=year,
            phase=phase,
            scope=scope,
            template="sample",
            pages=12,
            parser_version=1,
        ),
        tables=[
            summary(total, total, factor=factor),
            t03,
            economic(basic, factor=factor),
            three_public(factor),
            agency(factor),
            projects([("2026年样例项目", project)], project, factor),
        ],
        performance=[dict(TARGET)],
        narrative=Narrative(
            keys={"income_total": total},
            sentences=[Sentence(section="一", sentence=f"收入预算{total}万元", page=6)],
            figures=[
                KeyFigure(path="income_total", text=total, value=number(total), unit="万元", page=6),
                KeyFigure(path="income_yoy_delta", text="91", value=Decimal(91), unit="万元", page=6),
                KeyFigure(path="vehicles_actual", text="1辆", value=Decimal(1), unit="辆", page=8),
            ],
        ),
        assets={"vehicles_actual": "1", "vehicles_by_use": {"其他公务用车": "1"}},
        procurement={"procurement_total": "3", "procurement_goods": "1.5", "procurement_works": "1.5"},
        staff={"in_post": "41", "places": {"in_post": {"page": 3}}},
        reasons=[Reason(topic="三公经费", direction="减少", amount=Decimal("1.5"), text="厉行节约", page=7)],
        generic_tables=[GenericTable(title="附表", page=9, rows=[["甲", "乙"]])],
        warnings=[Warning_(code="stray_space", message="a blank inside a number", page=3)],
        dropped=[Dropped(kind="phone", page=9, bbox=(1.0, 2.0, 3.0, 4.0))],
        identities=identities,
        catalogue_version="c1",
        verdict=None if status is None else Verdict(status=status, reasons=[]),  # type: ignore[arg-type]
    )  # fmt: skip


def record(
    *documents: ParsedDocument,
    outcome: str = "parsed",
    parser_version: int = 1,
    decisions: str = "none",
    file_sha256: str | None = None,
) -> ParseRecord:
    return ParseRecord(
        file_sha256=file_sha256 or documents[0].document.file_sha256,
        parser_version=parser_version,
        catalogue_version="c1",
        decisions_version=decisions,
        outcome=outcome,
        documents=list(documents),
        parsed_at="2026-11-21T00:00:00+00:00",
        seconds=0.1,
    )


def fetched(
    name: str,
    *,
    at: str,
    url: str | None = None,
    outcome: str = "new",
    published_on: str | None = None,
    county_code: str = COUNTY_CODE,
    county: str = COUNTY,
    sha256: str | None = "",
) -> dict[str, Any]:
    """A fetch row of the archive, as the nightly hands it in."""
    return {
        "fetched_at": f"{at}T02:00:00+00:00",
        "run_id": f"night-{at}",
        "site": county,
        "county_code": county_code,
        "county": county,
        "role": "attachment",
        "url": url or f"http://127.0.0.1/{name}.pdf",
        "final_url": url or f"http://127.0.0.1/{name}.pdf",
        "listing_url": "http://127.0.0.1/",
        "article_url": "http://127.0.0.1/a.html",
        "article_title": "部门预算公开",
        "link_text": "预算",
        "column_holds": "budget",
        "column_scope": "department",
        "status": 200,
        "outcome": outcome,
        "reason": "",
        "sha256": sha(name) if sha256 == "" else sha256,
        "media_type": "application/pdf",
        "size": 1000,
        "file_name": f"{name}.pdf",
        "etag": None,
        "last_modified": None,
        "published_on": published_on,
        "duration_ms": 12,
    }

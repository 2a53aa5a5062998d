"""Part 3 (预算情况说明) of a sample: the statutory sentences filled with the document's figures.

Every figure is taken from the forms or from ``Said``, so text and tables agree unless an
erratum is planted. ``keys`` gives the narrated figures under their standard names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from samples.document import Change, Facts

_CENT = Decimal("0.01")
_HALF_WIDTH = str.maketrans("，：；（）", ",:;()")


@dataclass(frozen=True)
class Block:
    """A heading (``level`` 1–3) or a paragraph (``level`` 0) of part 3."""

    level: int
    text: str


def amount(text: str) -> Decimal:
    """A printed figure as a number; blank is zero."""
    return Decimal(text.replace(",", "") or "0")


def grouped(text: str) -> str:
    """``1494.18`` as running text prints it: ``1,494.18``."""
    whole, point, rest = text.partition(".")
    return f"{int(whole):,}{point}{rest}" if whole.lstrip("-").isdigit() else text


def share(part: str, whole: str) -> Decimal:
    return (100 * amount(part) / amount(whole)).quantize(_CENT, ROUND_HALF_UP)


class _Figures:
    """The forms' cells that part 3 repeats."""

    def __init__(self, facts: Facts) -> None:
        # The text repeats the right figures: a planted error in a table is the table's alone.
        self.t = {f.id: f.body for f in facts.forms}
        self.zero = facts.zero

    def income(self, form: str, label: str) -> str:
        return next((r[1] for r in self.t[form] if r[0] == label), "")

    def spending(self, form: str, label: str, column: int = 3) -> str:
        return next((r[column] for r in self.t[form] if r[2] == label), "")

    def total(self, form: str, column: int) -> str:
        return next((r[column] for r in self.t[form] if "合计" in r[:2]), "")

    def classes(self, form: str) -> list[tuple[str, str]]:
        """(name, amount) of the non-blank classes: T04 小计, T05 合计."""
        if form == "T04":
            pairs = [(r[2].partition("、")[2], r[3]) for r in self.t[form] if "、" in r[2]]
        else:
            pairs = [(r[1], r[2]) for r in self.t[form] if len(r[0]) == 3 and r[0].isdigit()]
        return [(name, value) for name, value in pairs if self.filled(value)]

    def filled(self, text: str) -> bool:
        """Whether a cell says something: 0.00 does, unless it is how the document says zero."""
        return bool(amount(text)) if self.zero else bool(text)

    def items(self, column: int) -> list[str]:
        """Economic items with personnel (3) or public (4) money; items, not 大类."""
        found = (r[0] for r in self.t["T06"] if r[1] and self.filled(r[column]))
        return list(dict.fromkeys(found))


_SOURCES = (
    ("income_general_public_budget", "一、一般公共预算", "一般公共预算拨款收入"),
    ("income_government_managed_funds", "二、政府性基金预算", "政府性基金预算拨款收入"),
    ("income_state_capital_operations", "三、国有资本经营预算", "国有资本经营预算拨款收入"),
    ("income_special_fiscal_accounts", "四、财政专户管理资金", "财政专户管理资金收入"),
    ("income_own_funds", "五、单位资金", "单位资金"),
)
_FISCAL = (
    ("一、一般公共预算", "一般公共预算拨款"),
    ("二、政府性基金预算", "政府性基金预算拨款"),
    ("三、国有资本经营预算", "国有资本经营预算拨款"),
)
_LINES = (
    ("abroad", "因公出国（境）费", "因公出国（境）费"),
    ("reception", "公务接待费", "公务接待费"),
    ("vehicles", "公务用车购置及运行费", "公务用车购置及运行费"),
    ("running", "②公务用车运行维护费", "公务用车运行维护费"),
    ("purchase", "①公务用车购置费", "公务用车购置费"),
)


class _Writer:
    def __init__(self, facts: Facts) -> None:
        self.f = facts
        self.g = _Figures(facts)
        self.unit = facts.wording == "unit_2023"
        self.zero = "0.00" if self.unit or facts.zero else "0"
        self.who = "" if self.unit else facts.body.name
        self.year = facts.year

    def wan(self, text: str) -> str:
        return (
            f"{grouped(text) if amount(text) or self.unit else text}万元"
            if text
            else f"{self.zero}万元"
        )

    def pct(self, part: str, whole: str) -> str:
        return f"{share(part, whole)}%" if amount(part) else f"{self.zero}%"

    def moved(self, change: Change, up: str = "增加", rate_up: str = "增长") -> str:
        """比上年增加…万元，增长…% / 比上年减少…万元，下降…%."""
        delta = amount(change.delta)
        if not delta:
            return "与上年预算数相同"
        rate = (
            f"，{rate_up if delta > 0 else '下降'}{(change.pct or '').lstrip('-')}%"
            if change.pct
            else ""
        )
        return f"比上年{up if delta > 0 else '减少'}{grouped(change.delta.lstrip('-'))}万元{rate}"

    def section_1(self) -> list[Block]:
        g, s = self.g, self.f.said
        rate_up = "增加" if self.unit else "增长"
        moved = self.moved(s.total, rate_up=rate_up)
        reason = f"，主要原因是{s.total.reason}" if s.total.reason else ""
        income = (
            f"{self.year}年度{self.who}预算收入总计{self.wan(g.income('T01', '收入总计'))}，其中：本年收入"
            f"{self.wan(g.income('T01', '本年收入合计'))}，上年结转{self.wan(g.income('T01', '上年结转'))}，"
            f"{moved}{reason}"
        )
        spending = (
            f"本年{self.f.kind}预算支出总计{self.wan(g.spending('T01', '支出总计'))}，其中：本年预算安排"
            f"{self.wan(g.spending('T01', '支出总计', 4))}，上年结转"
            f"{self.wan(g.spending('T01', '支出总计', 5))}，{moved}{reason}。"
        )
        return [Block(0, income + ("。" if self.unit else "；") + spending)]

    def section_2(self) -> list[Block]:
        g = self.g
        total = g.income("T01", "收入总计")
        parts = [
            f"{said}{self.wan(g.income('T01', row))}，占{self.pct(g.income('T01', row), total)}"
            for _, row, said in _SOURCES
        ]
        carried = g.income("T01", "上年结转")
        parts.append(f"上年结转{self.wan(carried)}，占{self.pct(carried, total)}。")
        return [
            Block(
                0,
                f"{self.year}年度{self.who}预算收入{self.wan(total)}，主要包括" + "；".join(parts),
            )
        ]

    def section_3(self) -> list[Block]:
        total, basic, project = (self.g.total("T03", c) for c in (2, 3, 4))
        return [
            Block(
                0,
                f"{self.year}年度{self.who}支出预算{self.wan(total)}，其中：基本支出{self.wan(basic)}，"
                f"占{self.pct(basic, total)}；项目支出{self.wan(project)}，占{self.pct(project, total)}。",
            )
        ]

    def section_4(self) -> list[Block]:
        g = self.g
        last = g.t["T04"][-1]
        funds = "，".join(f"{said}{self.wan(last[4 + i])}" for i, (_, said) in enumerate(_FISCAL))
        classes = "、".join(f"{name}{self.wan(value)}" for name, value in g.classes("T04"))
        end = "" if self.unit else "等"
        left_over = g.spending("T04", "年终结转")
        tail = f"另有年终结转{self.wan(left_over)}。" if amount(left_over) else ""
        opening = "收入为" if self.unit else "其中："
        return [
            Block(
                0,
                f"{self.year}年度{self.who}财政拨款收支总预算{self.wan(last[3])}。{opening}{funds}。"
                f"其中：当年拨款收入{self.wan(g.income('T04', '本年收入合计'))}，上年结转收入"
                f"{self.wan(g.income('T04', '上年财政拨款结转'))}。支出包括：{classes}{end}。{tail}",
            )
        ]

    def section_5(self) -> list[Block]:
        what = "一般公共预算当年" + ("拨款" if self.unit else "支出")
        total = self.g.total("T05", 2)
        rate_up = "增加" if self.unit else "增长"
        classes = "；".join(
            f"{name}{self.wan(value)}，占{self.pct(value, total)}"
            for name, value in self.g.classes("T05")
        )
        return [
            Block(3, f"（一）{what}规模变化情况"),
            Block(
                0,
                f"{self.year}年度{self.who}{what}{self.wan(total)}，"
                f"{self.moved(self.f.said.general, rate_up=rate_up)}。",
            ),
            Block(3, f"（二）{what}结构情况"),
            Block(
                0,
                f"{self.year}年度{self.who}{what}{self.wan(total)}，主要用于以下方面："
                f"{classes}{'' if self.unit else '等'}。",
            ),
        ]

    def section_6(self) -> list[Block]:
        total, people, public = (self.g.total("T06", c) for c in (2, 3, 4))
        arranged = "" if self.unit else "安排"
        blocks = [
            Block(
                0,
                f"{self.year}年度{self.who}一般公共预算{arranged}基本支出{self.wan(total)}，其中：",
            )
        ]
        # The publishing system lists items in an order of its own, not in the table's.
        for name, value, column, stop in (
            ("人员经费", people, 3, "；"),
            ("公用经费", public, 4, "。"),
        ):
            listed = "、".join(sorted(self.g.items(column)))
            including = f"，主要包括：{listed}等" if listed else ""
            blocks.append(Block(0, f"{name}{self.wan(value)}{including}{stop}"))
        return blocks

    def section_7(self) -> list[Block]:
        said = self.f.said.three_public
        if said is None:
            return [Block(0, f"本{self.f.kind}无“三公”经费预算。")]
        rows = {r[0]: r[1] for r in self.g.t["T10"]}
        change: dict[str, Decimal] = {k: amount(v) for k, v in said.change.items()}
        change.setdefault("vehicles", change["purchase"] + change["running"])
        whole = change.get("total", change["abroad"] + change["reception"] + change["vehicles"])
        reason = f"，主要原因是{said.reason}" if said.reason else ""
        if whole:
            word = "增加" if whole > 0 else "减少"
            against = f"比{self.year - 1}年{word}{abs(whole):.2f}万元{reason}"
        else:
            against = f"与{self.year - 1}年预算数相同"
        sentences = [
            f"{self.year}年{self.f.body.name}财政拨款安排的“三公”经费预算{self.wan(rows['合计'])}{against}。"
        ]
        parts = []
        for key, row, name in _LINES:
            moved = change[key]
            if moved:
                word = "增加" if moved > 0 else "减少"
                parts.append(
                    f"{name}{self.wan(rows[row])}，与上年相比预算数{word}{abs(moved):.2f}万元{reason}"
                )
            else:
                parts.append(f"{name}{self.wan(rows[row])}，与上年预算数相同")
        return [Block(0, sentences[0]), Block(0, "其中：" + "；".join(parts) + "。")]

    def section_8(self) -> list[Block]:
        last = self.year - 1
        if not self.f.said.operating:
            return [Block(0, f"本{self.f.kind}为事业单位，无机关运行经费预算。")]
        parts = []
        for o in self.f.said.operating:
            delta = amount(o.delta)
            word = "增加" if delta > 0 else "减少"
            size = o.delta.lstrip("-")
            rate = f"，{'增加' if delta > 0 else '下降'}{o.pct.lstrip('-')}%" if o.pct else ""
            reason = f"，原因是{o.reason}" if o.reason else ""
            if self.unit:
                parts.append(
                    f"{self.year}年{o.name}机关运行经费{o.amount}万元，与{last}预算"
                    f"{amount(o.amount) - delta}万元相比{word}{size}万元"
                    + (f"，变动原因主要是{o.reason}" if o.reason else "")
                )
                continue
            if len(self.f.said.operating) > 1:
                head = f"{o.name}{self.year}年机关运行经费预算{o.amount}万元"
            elif o.units:
                head = (
                    f"{o.name}{self.year}年所属{'、'.join(o.units)}{len(o.units)}家行政、参公单位"
                    f"机关运行经费财政拨款预算{o.amount}万元"
                )
            else:
                head = f"{o.name}机关运行经费财政拨款预算{o.amount}万元"
            if delta:
                parts.append(f"{head}，比{last}年预算{word}{size}万元{rate}{reason}")
            else:
                parts.append(f"{head}，与{last}年（{o.amount}万元）相同")
        return [Block(0, "；".join(parts) + "。")]

    def section_9(self) -> list[Block]:
        p = self.f.said.procurement
        return [
            Block(
                0,
                f"{self.year}年{self.f.body.name}政府采购预算总额{p.total}万元。其中：政府采购货物预算"
                f"{p.goods}万元、政府采购工程预算{p.works}万元、政府采购服务预算{p.services}万元。",
            )
        ]

    def section_10(self) -> list[Block]:
        s, year, name = self.f.said, self.year, self.f.body.name
        p = s.projects
        if self.unit:
            return [
                Block(3, "1、绩效管理情况"),
                Block(
                    0,
                    f"{year}年{name}单位实行绩效目标管理的项目{p.count}个，涉及一般公共预算当年拨款"
                    f"{p.amount}万元。",
                ),
                Block(0, "（项目绩效目标表公开情况见附件）"),
            ]
        blocks = [Block(3, "1、整体绩效目标")]
        w = s.whole
        if w is None:
            blocks.append(Block(0, f"{year}年未编报{self.f.kind}整体支出绩效目标。"))
        elif w.items:
            blocks.append(Block(0, f"{year}年编报单位整体绩效目标，涉及资金{w.amount}万元。"))
            blocks += [
                Block(0, f"（{n}）{item}{value}万元；")
                for n, (item, value) in enumerate(w.items, 1)
            ]
        else:
            text = f"{year}年编报部门整体支出绩效目标，涉及部门预算资金{w.amount}万元"
            text += f"，其中基本支出{w.basic}万元" if w.basic else ""
            text += f"，项目支出{w.project}万元" if w.project else ""
            if w.units:
                text += (
                    f"；机关及下属预算单位{w.units}个，其中{w.units}个单位（包括机关）编报了单位整体"
                    f"绩效目标，涉及资金{w.units_amount}万元"
                )
            blocks.append(Block(0, text + "。"))
        text = f"{year}年{name}纳入绩效目标管理的二级项目{p.count}个，共计金额{p.amount}万元。"
        if p.running and p.target:
            text += (
                f"其中：其他运转类项目{p.running[0]}个，涉及金额{p.running[1]}万元；"
                f"特定目标类项目{p.target[0]}个，涉及金额{p.target[1]}万元。"
            )
        q = s.published
        if q:
            text += (
                f"公开项目绩效目标{q.count}个，涉及项目金额{q.amount}万元，占部门（单位）项目支出总额的"
                f"{q.pct}%。"
            )
            if q.running and q.target:
                text += (
                    f"其中：其他运转类项目{q.running[0]}个，涉及项目金额{q.running[1]}万元；"
                    f"特定目标类项目{q.target[0]}个，涉及项目金额{q.target[1]}万元。"
                )
        blocks += [
            Block(3, "2、项目绩效目标"),
            Block(0, text),
            Block(0, "（项目绩效目标表公开情况见附件）"),
        ]
        return blocks

    def section_11(self) -> list[Block]:
        a, name = self.f.said.assets, self.f.body.name
        blocks = [Block(3, "1、车辆情况：")]
        if a.book_count:
            blocks.append(
                Block(0, f"账面{a.book_count}辆车，资产原值{a.book_value}元，实际无车辆。")
            )
        else:
            uses = "，".join(f"{use}{n}辆" for use, n in a.by_use.items())
            blocks.append(
                Block(
                    0,
                    f"截至{a.date}，{name}共有公务用车编制{a.quota}辆，实有{a.actual}辆，其中：{uses}。",
                )
            )
        blocks.append(Block(3, "2、房屋情况："))
        if a.floor_area:
            blocks.append(
                Block(0, f"截至{a.date}，{name}使用的办公用房建筑总面积{a.floor_area}平方米。")
            )
        else:
            blocks.append(Block(0, "无自有房屋，办公用房由机关事务服务中心统一调配。"))
        blocks.append(Block(3, "3、其他国有资产占有使用情况："))
        if a.others:
            (first, total), *rest = a.others.items()
            blocks.append(Block(0, f"其他国有资产{first}：{total}元"))
            blocks += [
                Block(0, f"{'其中：' if i == 0 else ''}{kind}：{value}元")
                for i, (kind, value) in enumerate(rest)
            ]
        else:
            blocks.append(
                Block(
                    0,
                    f"截至{a.date}，{name}占有使用价值50万元（原值）以上的通用设备{a.over_50}台（套）；"
                    f"{name}占有使用价值100万元（原值）以上的通用设备{a.over_100}台（套）。",
                )
            )
        return blocks

    def section_12(self) -> list[Block]:
        return [
            Block(3, "（一）政府购买服务指导性目录"),
            Block(0, f"本{self.f.kind}本年度未安排政府购买服务。"),
            Block(3, "（二）其他"),
            Block(0, "无其他需要说明的事项。"),
        ]


def headings(facts: Facts) -> list[str]:
    """The twelve sections of part 3."""
    return [
        f"一、{facts.kind}预算收支数据变动情况及原因",
        "二、收入预算情况说明",
        "三、支出预算情况说明",
        "四、财政拨款收支预算总体情况说明",
        "五、一般公共预算支出情况说明",
        "六、一般公共预算基本支出情况说明",
        "七、“三公”经费增减变动原因说明",
        "八、机关运行经费增减变动原因说明",
        "九、政府采购情况",
        "十、绩效管理情况",
        "十一、国有资产占有使用情况",
        "十二、其他说明",
    ]


def compose(facts: Facts) -> list[tuple[str, list[Block]]]:
    """Part 3 as printed: (section heading, its blocks), planted errors included.

    Raises ``ValueError`` for an erratum that finds no place or more than one.
    """
    writer = _Writer(facts)
    sections: list[tuple[str, list[Block]]] = [
        (heading, getattr(writer, f"section_{n}")()) for n, heading in enumerate(headings(facts), 1)
    ]
    if writer.unit:
        # The unit budgets of 2023 print half-width punctuation from section 5 on.
        sections[4:10] = [
            (heading, [Block(b.level, b.text.translate(_HALF_WIDTH)) for b in blocks])
            for heading, blocks in sections[4:10]
        ]
    for e in facts.errata:
        if e.section is None:
            continue
        around = e.around or e.right
        places = [
            (i, j)
            for i, (heading, blocks) in enumerate(sections)
            for j, block in enumerate(blocks)
            if heading.startswith(e.section) and around in block.text
        ]
        if len(places) != 1 or around.count(e.right) != 1:
            raise ValueError(f"{facts.id}: {around!r} stands {len(places)} times in {e.section!r}")
        i, j = places[0]
        block = sections[i][1][j]
        sections[i][1][j] = Block(
            block.level, block.text.replace(around, around.replace(e.right, e.printed))
        )
    return sections


def outline(facts: Facts) -> list[dict[str, Any]]:
    """Part 3 as data: section, and its paragraphs in order."""
    return [
        {"section": heading, "paragraphs": [b.text for b in blocks if b.level == 0]}
        for heading, blocks in compose(facts)
    ]


def keys(facts: Facts) -> dict[str, Any]:
    """The narrated figures under their standard names, as printed without separators.

    Changes are signed; ``None`` is a figure that the document does not state. What an erratum
    prints is what the text says.
    """
    g, s = _Figures(facts), facts.said
    zero = "0.00" if facts.wording == "unit_2023" or facts.zero else "0"
    total = g.income("T01", "收入总计")

    def figure(text: str) -> str:
        return text or zero

    def with_share(text: str, whole: str) -> dict[str, str]:
        return {"amount": figure(text), "pct": str(share(text, whole)) if amount(text) else zero}

    found: dict[str, Any] = {
        "income_total": total,
        "income_this_year": g.income("T01", "本年收入合计"),
        "carryover": figure(g.income("T01", "上年结转")),
        "income_yoy_delta": s.total.delta,
        "income_yoy_pct": s.total.pct,
        "expense_total": g.spending("T01", "支出总计"),
        "expense_this_year": g.spending("T01", "支出总计", 4),
        "expense_yoy_delta": s.total.delta,
        "expense_yoy_pct": s.total.pct,
    }
    for key, row, _ in _SOURCES:
        found[key] = with_share(g.income("T01", row), total)
    found["income_carryover"] = with_share(g.income("T01", "上年结转"), total)
    spent = g.total("T03", 2)
    found["expense_basic"] = with_share(g.total("T03", 3), spent)
    found["expense_project"] = with_share(g.total("T03", 4), spent)
    found["fiscal_total"] = g.spending("T04", "支出总计")
    found["fiscal_by_function"] = dict(g.classes("T04"))
    general = g.total("T05", 2)
    found["general_public_this_year"] = general
    found["general_public_yoy_delta"] = s.general.delta
    found["general_public_yoy_pct"] = s.general.pct
    found["general_public_by_function"] = {
        name: with_share(value, general) for name, value in g.classes("T05")
    }
    found["basic_personnel"] = figure(g.total("T06", 3))
    found["basic_non_personnel"] = figure(g.total("T06", 4))
    found["three_public_none"] = s.three_public is None
    found["three_public_total"] = (
        None if s.three_public is None else figure(next(r[1] for r in g.t["T10"] if r[0] == "合计"))
    )
    if len(s.operating) == 1:
        o = s.operating[0]
        found["agency_operating_expense"] = o.amount
        found["agency_operating_yoy_delta"] = o.delta
        found["agency_operating_yoy_pct"] = o.pct
    else:
        found |= dict.fromkeys(
            (
                "agency_operating_expense",
                "agency_operating_yoy_delta",
                "agency_operating_yoy_pct",
            )
        )
    for part in ("total", "goods", "works", "services"):
        found[f"procurement_{part}"] = getattr(s.procurement, part)
    found["perf_projects"] = s.projects.count
    found["perf_published"] = s.published.count if s.published else None
    a = s.assets
    found |= {
        "asset_date": a.date,
        "vehicles_quota": a.quota,
        "vehicles_actual": a.actual,
        "vehicles_by_use": a.by_use,
        "floor_area_m2": a.floor_area,
        "equipment_over_50wan": a.over_50,
        "equipment_over_100wan": a.over_100,
    }
    if len(s.operating) > 1:
        found["agency_operating_units"] = [
            {"unit": o.name, "amount": o.amount, "delta": o.delta, "pct": o.pct}
            for o in s.operating
        ]
    if a.book_count:
        found["vehicles_book_count"] = a.book_count
        found["vehicles_book_value_yuan"] = a.book_value
        found["other_assets_yuan"] = a.others
    for e in facts.errata:
        if e.key is not None:
            *path, last = e.key.split("/")
            place = found
            for step in path:
                place = place[step]
            place[last] = e.printed
    return {k: _without_separators(v) for k, v in found.items()}


def _without_separators(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_separators(v) for k, v in value.items()}
    return value.replace(",", "") if isinstance(value, str) else value


def figures_in(text: str) -> list[str]:
    """Figures of a sentence, separators taken out: for tests and for planting errors."""
    return [m.replace(",", "") for m in re.findall(r"\d[\d,]*(?:\.\d+)?", text)]

"""An invented department's budget, whole and consistent, built from single sums in 元.

Every printed figure is rounded half up on its own from its exact sum, as the publishing system
does, so tails occur where they occur in life. Nothing here knows the catalogue.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal

from parsers.document import (
    Cell,
    DocumentInfo,
    Narrative,
    ParsedDocument,
    RowMeta,
    Sentence,
    Table,
)

YEAR = 2031
DEPARTMENT = "云坪县桥梁管理局"
UNITS = ("云坪县桥梁管理局", "云坪县桥梁检测中心", "云坪县渡口事务所")
ADMINISTRATIVE = UNITS[:2]
GPB, GMF, SCO, SFA, OWN = range(5)
FISCAL = (GPB, GMF, SCO)
SOURCES = ("一般公共预算", "政府性基金预算", "国有资本经营预算", "财政专户管理资金", "单位资金")
CLASSES = (
    ("201", "一般公共服务支出"), ("202", "外交支出"), ("203", "国防支出"), ("204", "公共安全支出"),
    ("205", "教育支出"), ("206", "科学技术支出"), ("207", "文化旅游体育与传媒支出"),
    ("208", "社会保障和就业支出"), ("209", "社会保险基金支出"), ("210", "卫生健康支出"),
    ("211", "节能环保支出"), ("212", "城乡社区支出"), ("213", "农林水支出"), ("214", "交通运输支出"),
    ("215", "资源勘探工业信息等支出"), ("216", "商业服务业等支出"), ("217", "金融支出"),
    ("219", "援助其他地区支出"), ("220", "自然资源海洋气象等支出"), ("221", "住房保障支出"),
    ("222", "粮油物资储备支出"), ("223", "国有资本经营预算支出"), ("224", "灾害防治及应急管理支出"),
    ("227", "预备费"), ("229", "其他支出"), ("230", "转移性支出"), ("231", "债务还本支出"),
    ("232", "债务付息支出"), ("233", "债务发行费用支出"), ("234", "抗疫特别国债安排的支出"),
)  # fmt: skip
ORDINALS = [
    *"一二三四五六七八九十",
    *("十" + d for d in "一二三四五六七八九"),
    "二十",
    *("二十" + d for d in "一二三四五六七八九"),
    "三十",
]
CODE_NAMES = dict(CLASSES) | {
    "20805": "行政事业单位养老支出", "2080501": "行政单位离退休", "2080505": "机关事业单位基本养老保险缴费支出",
    "2080506": "机关事业单位职业年金缴费支出", "21007": "计划生育事务", "2100799": "其他计划生育事务支出",
    "21011": "行政事业单位医疗", "2101101": "行政单位医疗", "2101102": "事业单位医疗",
    "2101103": "公务员医疗补助", "2101199": "其他行政事业单位医疗支出", "21401": "公路水路运输",
    "2140101": "行政运行", "2140150": "事业运行", "2140104": "公路建设", "2140106": "公路养护", "2140199": "其他公路水路运输支出",
    "21208": "国有土地使用权出让收入安排的支出", "2120803": "城市建设支出", "2120899": "其他国有土地使用权出让收入安排的支出",
    "22301": "解决历史遗留问题及改革成本支出", "2230105": "国有企业退休人员社会化管理补助支出", "2230199": "其他解决历史遗留问题及改革成本支出",
    "22102": "住房改革支出", "2210201": "住房公积金", "2210203": "购房补贴",
}  # fmt: skip
GROUPS = ("工资福利支出", "商品和服务支出", "对个人和家庭的补助", "资本性支出")
TITLES = {
    "T01": "预算收支总表", "T02": "预算收入总表", "T03": "预算支出总表", "T04": "财政拨款收支总表",
    "T05": "一般公共预算支出预算表（不含上年结转）", "T06": "一般公共预算安排基本支出分经济科目表（不含上年结转）",
    "T07": "政府性基金预算收入表（不含上年结转）", "T08": "政府性基金预算支出表（不含上年结转）",
    "T09": "国有资本经营预算收支预算表（不含上年结转）", "T10": "财政拨款安排“三公”经费支出预算表",
    "T11": "财政拨款安排机关运行经费预算表", "T12": "项目支出预算表（本年预算）", "T13": "项目支出预算表（上年结转）",
}  # fmt: skip


@dataclass(frozen=True)
class Money:
    """One exact sum. ``item``: (group, department item, government item) of basic expenditure."""

    yuan: int
    code: str
    fund: int = GPB
    unit: str = UNITS[0]
    carried: bool = False
    item: tuple[str, str, str] | None = None
    personnel: bool = True
    project: str | None = None
    unspent: bool = False


@dataclass
class Plan:
    """Which branches of the template the document shows."""

    seed: int = 7
    funds: tuple[int, ...] = (GPB,)
    carried: tuple[int, ...] = ()
    year_end: tuple[int, ...] = ()
    units: tuple[str, ...] = UNITS[:2]
    three_public: bool = True
    overall: bool = True
    publish_all: bool = True
    zero: str = ""
    medical_apart: bool = True
    institution: bool = False
    """The last unit is an institution (事业): codes, items and words of its own."""
    extra: list[Money] = field(default_factory=list)


def wan(yuan: int | Decimal) -> Decimal:
    return (Decimal(yuan) / 10000).quantize(Decimal("0.01"), ROUND_HALF_UP)


def money_of(plan: Plan) -> list[Money]:
    draw = random.Random(plan.seed)

    def some(low: int, high: int) -> int:
        return draw.randrange(low, high)

    found: list[Money] = []

    def basic(code: str, item: tuple[str, str, str], low: int, high: int, **more: object) -> None:
        for unit in plan.units:
            mine, booked = item, code
            if plan.institution and unit == plan.units[-1]:
                booked = "2140150" if code == "2140101" else code
                if item[0] in (GROUPS[1], GROUPS[3]):
                    mine = (item[0], item[1], item[0])
            found.append(Money(some(low, high), booked, unit=unit, item=mine, **more))  # type: ignore[arg-type]

    wages, goods, people, capital = GROUPS
    basic("2140101", (wages, "基本工资", "工资奖金津补贴"), 900_000, 2_000_000)
    basic("2140101", (wages, "津贴补贴", "工资奖金津补贴"), 300_000, 800_000)
    basic("2140101", (wages, "奖金", "工资福利支出"), 100_000, 300_000)
    basic("2080505", (wages, "机关事业单位基本养老保险缴费", "社会保障缴费"), 150_000, 300_000)
    basic("2080506", (wages, "职业年金缴费", "社会保障缴费"), 50_000, 75_000)
    basic("2101101", (wages, "职工基本医疗保险缴费", "社会保障缴费"), 80_000, 160_000)
    basic("2101102", (wages, "职工基本医疗保险缴费", "社会保障缴费"), 30_000, 60_000)
    basic("2101103", (wages, "公务员医疗补助缴费", "社会保障缴费"), 20_000, 50_000)
    other = "2101199" if plan.medical_apart else "2101101"
    basic(other, (wages, "其他社会保障缴费", "社会保障缴费"), 6_000, 30_000)
    basic("2210201", (wages, "住房公积金", "住房公积金"), 100_000, 220_000)
    basic("2140101", (goods, "办公费", "办公经费"), 40_000, 90_000, personnel=False)
    basic("2140101", (goods, "差旅费", "办公经费"), 20_000, 50_000, personnel=False)
    if plan.three_public:
        basic("2140101", (goods, "公务接待费", "公务接待费"), 6_000, 20_000, personnel=False)
        car = "公务用车运行维护费"
        basic("2140101", (goods, car, car), 20_000, 60_000, personnel=False)
        abroad = (goods, "因公出国（境）费用", "因公出国（境）费用")
        found.append(Money(some(20_000, 50_000), "2140101", item=abroad, personnel=False))
    basic("2080501", (people, "退休费", "离退休费"), 80_000, 160_000)
    basic("2100799", (people, "奖励金", "社会福利和救助"), 3_000, 9_000)
    basic("2140101", (capital, "办公设备购置", "设备购置"), 10_000, 40_000, personnel=False)
    if plan.institution:
        pay = (wages, "绩效工资", "工资福利支出")
        found.append(Money(some(80_000, 160_000), "2140150", unit=plan.units[-1], item=pay))
        more = (goods, "其他商品和服务支出", "其他商品和服务支出")
        found.append(Money(some(1_000, 4_000), "2140101", item=more, personnel=False))
        found.append(Money(some(90_000, 400_000), "2140104", project="桥梁监测系统"))
    codes = {
        GPB: ("2140104", "2140106"),
        GMF: ("2120803", "2120899"),
        SCO: ("2230105", "2230199"),
        SFA: ("2140104", "2140199"),
        OWN: ("2140106", "2140199"),
    }
    n = 0
    for carried, funds in ((False, plan.funds), (True, plan.carried)):
        for fund in funds:
            for unit in plan.units:
                for code in codes[fund]:
                    n += 1
                    name = f"{'上年' if carried else ''}第{n}号桥梁工程"
                    sum_ = some(120_000, 3_000_000)
                    found.append(Money(sum_, code, fund, unit, carried=carried, project=name))
    if SFA in plan.funds:
        found.append(Money(some(20_000, 60_000), "2140101", SFA, item=(wages, "临时工工资", "")))
    if GPB in plan.carried:
        found.append(
            Money(some(20_000, 60_000), "2140101", GPB, carried=True, item=(goods, "x", ""))
        )
    for fund in plan.year_end:
        code = codes[fund][0]
        found.append(Money(some(200_000, 500_000), code, fund, unspent=True))
        if fund in plan.carried:
            found.append(Money(some(60_000, 90_000), code, fund, carried=True, unspent=True))
    return [*found, *plan.extra]


class Budget:
    """The printed document of a plan."""

    def __init__(self, plan: Plan | None = None) -> None:
        self.plan = plan or Plan()
        self.money = money_of(self.plan)

    # -- sums ---------------------------------------------------------------------------------

    def show(self, test: Callable[[Money], bool]) -> str:
        """The printed sum of what passes; blank (or the plan's zero) where nothing does."""
        parts = [m.yuan for m in self.money if test(m)]
        return f"{wan(sum(parts)):.2f}" if parts else self.plan.zero

    def table(
        self,
        form: str,
        columns: list[str],
        rows: list[tuple[RowMeta, list[str]]],
        amounts: set[int],
    ) -> Table:
        page = int(form[1:]) + 2
        filled = any(Decimal(row[j] or 0) for _, row in rows for j in amounts)
        return Table(
            id=form,  # type: ignore[arg-type]
            title=f"{YEAR}年{TITLES[form]}",
            label=f"预算公开表{int(form[1:])}",
            owner=f"部门名称：{DEPARTMENT}",
            unit="单位：万元",
            columns=columns,
            ncols=len(columns),
            body=[row for _, row in rows],
            cells=[
                [
                    Cell(text=x, amount=Decimal(x) if j in amounts and x else None, page=page)
                    for j, x in enumerate(row)
                ]
                for _, row in rows
            ],
            rows=[meta for meta, _ in rows],
            note=None if filled else "注：本表无数据",
            is_empty=not filled,
            pages=[page],
        )

    def codes(self, test: Callable[[Money], bool]) -> list[str]:
        leaves = {m.code for m in self.money if test(m)}
        return sorted({c[:n] for c in leaves for n in (3, 5, 7)})

    def code_rows(
        self, test: Callable[[Money], bool], cells: list[Callable[[Money], bool]]
    ) -> list[tuple[RowMeta, list[str]]]:
        def row(code: str) -> list[str]:
            return [self.show(lambda m, t=t: m.code.startswith(code) and t(m)) for t in cells]

        rows = [(RowMeta(kind="total", label="合计"), ["合计", "", *row("")])]
        for code in self.codes(test):
            kind = {3: "class", 5: "section", 7: "item"}[len(code)]
            name = CODE_NAMES[code]
            meta = RowMeta(kind=kind, label=name, code=code)  # type: ignore[arg-type]
            rows.append((meta, [code, name, *row(code)]))
        return rows

    # -- forms --------------------------------------------------------------------------------

    def forms(self) -> list[Table]:
        return [getattr(self, f"t{n:02d}")() for n in range(1, 14)]

    def two_halves(self, form: str) -> Table:
        fiscal = form == "T04"
        s = self.show
        here: Callable[[Money], bool] = (lambda m: m.fund in FISCAL) if fiscal else (lambda m: True)
        funds = FISCAL if fiscal else range(5)
        left = [
            (f"{ORDINALS[f]}、{SOURCES[f]}", s(lambda m, f=f: m.fund == f and not m.carried))
            for f in funds
        ]
        columns: list[Callable[[Money], bool]] = [here]
        if fiscal:
            columns += [lambda m, f=f: m.fund == f for f in FISCAL]
        else:
            columns += [lambda m: not m.carried, lambda m: m.carried]
        right = [
            (
                f"{ORDINALS[i]}、{name}",
                [
                    s(lambda m, t=t, c=code: m.code.startswith(c) and t(m) and not m.unspent)
                    for t in columns
                ],
            )
            for i, (code, name) in enumerate(CLASSES)
        ]
        tail_left = [("本年收入合计", s(lambda m: here(m) and not m.carried))]
        tail_right = [("本年支出合计", [s(lambda m, t=t: t(m) and not m.unspent) for t in columns])]
        name = "上年财政拨款结转" if fiscal else "上年结转"
        tail_left.append((name, s(lambda m: here(m) and m.carried)))
        tail_right.append(("年终结转", [s(lambda m, t=t: t(m) and m.unspent) for t in columns]))
        if fiscal:
            for f in FISCAL:
                amount = s(lambda m, f=f: m.fund == f and m.carried)
                tail_left.append((f"{ORDINALS[f]}、{SOURCES[f]}", amount))
                tail_right.append(("", [""] * len(columns)))
        tail_left.append(("收入总计", s(here)))
        tail_right.append(("支出总计", [s(t) for t in columns]))
        left += [("", "")] * (len(right) - len(left))
        rows = []
        for (a, x), (b, ys) in zip([*left, *tail_left], [*right, *tail_right], strict=True):
            kind = "class" if "、" in b else "total" if b else "line"
            half = "class" if "、" in a else "total"
            meta = RowMeta(
                kind=kind,
                label=b,
                income_kind=half if a else None,
                income_label=a or None,  # type: ignore[arg-type]
            )
            rows.append((meta, [a, x, b, *ys]))
        heads = (
            ["收入/项目", "收入/金额", "支出/项目", "支出/金额/小计"]
            if fiscal
            else ["收入/项目", f"收入/{YEAR}年", "支出/项目", f"支出/{YEAR}年合计"]
        )
        heads += (
            [f"支出/金额/{SOURCES[f]}" for f in FISCAL]
            if fiscal
            else ["支出/当年预算安排", "支出/上年结转安排"]
        )
        return self.table(form, heads, rows, {1, *range(3, len(heads))})

    def t01(self) -> Table:
        return self.two_halves("T01")

    def t04(self) -> Table:
        return self.two_halves("T04")

    def t02(self) -> Table:
        cells: list[Callable[[Money], bool]] = [lambda m: not m.carried]
        cells += [lambda m, f=f: m.fund == f and not m.carried for f in range(5)]
        cells.append(lambda m: m.carried)
        heads = ["项目/科目编码", "项目/科目名称", "本年收入/合计"]
        heads += [f"本年收入/{x}" for x in ("一般公共预算", "政府性基金", "国有资本经营预算")]
        heads += ["本年收入/财政专户管理资金", "本年收入/单位资金", "上年结转"]
        return self.table("T02", heads, self.code_rows(lambda m: True, cells), set(range(2, 9)))

    def spending(self, form: str, test: Callable[[Money], bool], heads: list[str]) -> Table:
        def spent(m: Money) -> bool:
            return test(m) and not m.unspent

        cells: list[Callable[[Money], bool]] = [
            spent,
            lambda m: spent(m) and m.project is None,
            lambda m: spent(m) and m.project is not None,
        ]
        return self.table(form, heads, self.code_rows(spent, cells), {2, 3, 4})

    def t03(self) -> Table:
        return self.spending("T03", lambda m: True, _spending_heads())

    def t05(self) -> Table:
        return self.spending("T05", lambda m: m.fund == GPB and not m.carried, _spending_heads())

    def t08(self) -> Table:
        heads = ["科目编码", "科目名称", "合计", "基本支出", "项目支出"]
        return self.spending("T08", lambda m: m.fund == GMF and not m.carried, heads)

    def t06(self) -> Table:
        basic = [
            m for m in self.money if m.item and m.fund == GPB and not m.carried and not m.unspent
        ]

        def row(test: Callable[[Money], bool]) -> list[str]:
            tests: Iterable[Callable[[Money], bool]] = (
                lambda m: True,
                lambda m: m.personnel,
                lambda m: not m.personnel,
            )
            return [self.show(lambda m, t=t: m in basic and test(m) and t(m)) for t in tests]

        rows = [(RowMeta(kind="total", label="合计"), ["合计", "", *row(lambda m: True)])]
        for group in GROUPS:
            mine = [m for m in basic if m.item and m.item[0] == group]
            if not mine:
                continue
            inside: Callable[[Money], bool] = lambda m, g=group: bool(m.item and m.item[0] == g)  # noqa: E731
            rows.append((RowMeta(kind="class", label=group), [group, "", *row(inside)]))
            for item in dict.fromkeys(m.item for m in mine):
                assert item is not None
                cells = row(lambda m, i=item: m.item == i)
                rows.append((RowMeta(kind="item", label=item[1]), [item[1], item[2], *cells]))
        heads = ["部门预算支出经济科目名称", "政府预算支出经济科目名称"]
        heads += [f"{YEAR}年预算数/{x}" for x in ("合计", "人员经费", "公用经费")]
        return self.table("T06", heads, rows, {2, 3, 4})

    def incomes(self, fund: int, codes: dict[str, str]) -> list[list[str]]:
        """Income codes of a fund: the money of each function code under an income code of its own."""
        spent = sorted({m.code for m in self.money if m.fund == fund and not m.carried})
        leaf = dict(zip(spent, [c for c in codes if len(c) == 7], strict=False))
        rows = []
        for code, name in codes.items():
            mine = [c for c, of in leaf.items() if of.startswith(code)]
            amount = self.show(
                lambda m, c=tuple(mine): m.fund == fund and not m.carried and m.code in c
            )
            if amount:
                rows.append([code, name, amount])
        return rows

    def t07(self) -> Table:
        codes = {
            "103": "非税收入",
            "10301": "政府性基金收入",
            "1030148": "土地出让收入",
            "1030156": "配套费收入",
        }
        body = [["合计", "", self.show(lambda m: m.fund == GMF and not m.carried)]]
        body += self.incomes(GMF, codes)
        rows = [(RowMeta(kind=_kind(r[0]), label=r[1] or r[0], code=_code(r[0])), r) for r in body]  # type: ignore[arg-type]
        heads = ["项目/收入科目编码", "项目/科目名称", "政府性基金收入预算"]
        return self.table("T07", heads, rows, {2})

    def t09(self) -> Table:
        codes = {
            "103": "非税收入",
            "10306": "国有资本经营收入",
            "1030601": "利润收入",
            "1030602": "股利收入",
        }
        left = [["合计", "", self.show(lambda m: m.fund == SCO and not m.carried)]]
        left += self.incomes(SCO, codes)
        right = [
            row
            for _, row in self.code_rows(
                lambda m: m.fund == SCO and not m.carried and not m.unspent,
                [
                    lambda m: m.fund == SCO and not m.carried and not m.unspent,
                    lambda m: m.fund == SCO and not m.carried and not m.unspent and not m.project,
                    lambda m: m.fund == SCO and not m.carried and not m.unspent and bool(m.project),
                ],
            )
        ]
        right[0][0] = ""
        size = max(len(left), len(right))
        left += [["", "", ""]] * (size - len(left))
        right += [["", "", "", "", ""]] * (size - len(right))
        rows = []
        for i, (a, b) in enumerate(zip(left, right, strict=True)):
            meta = RowMeta(
                kind="total" if i == 0 else _kind(b[0]), label=b[1] or a[0] or "-", code=_code(b[0])
            )  # type: ignore[arg-type]
            rows.append((meta, [*a, *b]))
        heads = ["国有资本经营预算收入/项目/收入科目编码", "国有资本经营预算收入/项目/科目名称"]
        heads += ["国有资本经营预算收入/国有资本经营收入预算"]
        heads += [
            f"国有资本经营预算支出/{x}"
            for x in ("科目编码", "科目名称", "合计", "基本支出", "项目支出")
        ]
        return self.table("T09", heads, rows, {2, 5, 6, 7})

    def t10(self) -> Table:
        def named(*names: str) -> list[str]:
            def test(m: Money) -> bool:
                return bool(m.item and m.item[1] in names and m.fund == GPB and not m.carried)

            whole = self.show(test)
            return [whole, whole, self.plan.zero, self.plan.zero]

        abroad, visits, running = "因公出国（境）费用", "公务接待费", "公务用车运行维护费"
        lines = [
            ("因公出国（境）费", named(abroad)),
            ("公务接待费", named(visits)),
            ("公务用车购置及运行费", named(running)),
            ("①公务用车购置费", [self.plan.zero] * 4),
            ("②公务用车运行维护费", named(running)),
            ("合计", named(abroad, visits, running)),
        ]
        rows = [
            (RowMeta(kind="total" if a == "合计" else "item", label=a), [a, *b]) for a, b in lines
        ]
        heads = ["项目", *(f"{YEAR}年预算数/{x}" for x in ("合计", *SOURCES[:3]))]
        return self.table("T10", heads, rows, {1, 2, 3, 4})  # type: ignore[arg-type]

    def t11(self) -> Table:
        def paid(m: Money) -> bool:
            return (
                bool(m.item)
                and not m.personnel
                and m.fund == GPB
                and not m.carried
                and m.unit in ADMINISTRATIVE
            )

        def row(test: Callable[[Money], bool]) -> list[str]:
            whole = self.show(lambda m: paid(m) and test(m))
            return [whole, whole, self.plan.zero, self.plan.zero]

        rows = [
            (RowMeta(kind="organisation", label="部门合计"), ["部门合计", *row(lambda m: True)])
        ]
        for unit in self.plan.units:
            if unit in ADMINISTRATIVE:
                rows.append(
                    (RowMeta(kind="unit", label=unit), [unit, *row(lambda m, u=unit: m.unit == u)])
                )
        heads = ["单位名称", *(f"{YEAR}预算数/{x}" for x in ("合计", *SOURCES[:3]))]
        return self.table("T11", heads, rows, {1, 2, 3, 4})

    def projects(self, form: str) -> Table:
        carried = form == "T13"
        funds = FISCAL if carried else range(5)

        def listed(m: Money) -> bool:
            return m.project is not None and m.carried == carried and m.fund in funds

        def row(test: Callable[[Money], bool]) -> list[str]:
            cells = [self.show(lambda m: listed(m) and test(m))]
            cells += [
                self.show(lambda m, f=f: listed(m) and test(m) and m.fund == f) for f in funds
            ]
            return cells

        rows: list[tuple[RowMeta, list[str]]] = []
        if any(listed(m) for m in self.money):
            rows.append(
                (RowMeta(kind="organisation", label=DEPARTMENT), [DEPARTMENT, *row(lambda m: True)])
            )
        for unit in self.plan.units:
            names = dict.fromkeys(m.project for m in self.money if listed(m) and m.unit == unit)
            if not names:
                continue
            rows.append(
                (RowMeta(kind="unit", label=unit), [unit, *row(lambda m, u=unit: m.unit == u)])
            )
            for name in names:
                assert name is not None
                rows.append(
                    (
                        RowMeta(kind="project", label=name),
                        [name, *row(lambda m, n=name: m.project == n)],
                    )
                )
        heads = ["项目名称", "合计", *(f"{YEAR}年财政拨款/{x}" for x in SOURCES[:3])]
        heads += [] if carried else ["财政专户管理资金", "单位资金"]
        return self.table(form, heads, rows, set(range(1, len(heads))))

    def t12(self) -> Table:
        return self.projects("T12")

    def t13(self) -> Table:
        return self.projects("T13")

    # -- text and performance -----------------------------------------------------------------

    def targets(self) -> list[dict[str, object]]:
        listed = [m for m in self.money if m.project and not m.carried and not m.unspent]
        if not self.plan.publish_all:
            listed = listed[: len(listed) // 2]
        found: list[dict[str, object]] = []
        for i, m in enumerate(listed):
            period = m.yuan if i % 2 == 0 else m.yuan * 3
            third = m.yuan // 3 // 100 * 100
            shares = (third, m.yuan - third)
            whole = (third, period - third)
            lines = [{"label": "实施期资金总额", "实施期": f"{period:,}", "年度": f"{m.yuan:,}"}]
            for name, a, b in (
                ("其中:中央财政资金", whole[0], shares[0]),
                ("省级财政资金", whole[1], shares[1]),
                ("单位自筹", 0, 0),
            ):
                lines.append({"label": name, "实施期": f"{a:,}", "年度": f"{b:,}"})
            lines.append({"label": "其他资金", "实施期": "", "年度": ""})
            found.append(
                {
                    "kind": "project",
                    "title": "项目支出绩效目标表",
                    "year": YEAR,
                    "项目名称": m.project,
                    "主管部门及代码": f"009-{DEPARTMENT}",
                    "实施单位": m.unit,
                    "项目属性": "一次性项目(1年结束)" if i % 2 == 0 else "阶段性项目(3年结束)",
                    "项目资金单位": "项目资金(元)",
                    "实施期资金总额": f"{period:,}",
                    "年度资金总额": f"{m.yuan:,}",
                    "资金明细": lines,
                }
            )
        if self.plan.overall:
            found.insert(0, self.overall())
        return found

    def overall(self) -> dict[str, object]:
        now = [m for m in self.money if not m.carried and not m.unspent]
        total = sum(m.yuan for m in now)
        project = wan(sum(m.yuan for m in now if m.project))
        basic = wan(total) - project
        names = (
            "一般公共预算资金",
            "政府性基金预算资金",
            "国有资本经营预算资金",
            "专户管理资金",
            "单位资金",
        )
        sources = [wan(sum(m.yuan for m in now if m.fund == f)) for f in range(5)]
        left = [
            ("合计", wan(total)),
            ("其中:" + names[0], sources[0]),
            (names[1], sources[1]),
            (names[2], sources[2]),
        ]
        left += [
            ("社会保险基金预算资金", Decimal("0.00")),
            (names[3], sources[3]),
            (names[4], sources[4]),
        ]
        right = [
            ("合计", f"{wan(total)}"),
            ("其中:基本支出", f"{basic}"),
            ("项目支出", f"{project}"),
        ]
        right += [("", "")] * 4
        rows = [["按资金来源划分", "资金总额(万元)", "按资金方向划分", "资金总额(万元)"]]
        rows += [[a, f"{x:.2f}", b, y] for (a, x), (b, y) in zip(left, right, strict=True)]
        staff = [
            ["内设职能部门数", "6个", "所属预算单位数", f"{len(self.plan.units)}个"],
            ["核定的人员编制数", "43人", "实际在职人员总数", "41人"],
            ["", "", "其中:在编人员数", "38人"],
            ["其他人员数", "3人", "", ""],
        ]
        indicators = [
            ["一级指标", "二级指标", "三级指标", "指标值"],
            ["产出指标", "数量指标", "在职人员数", "41人"],
            ["产出指标", "成本指标", "基本支出", f"≤{basic}万元"],
            ["产出指标", "", "项目支出", f"≤{project}万元"],
        ]
        return {
            "kind": "whole",
            "title": "整体支出绩效目标申报表",
            "year": YEAR,
            "sections": [
                {"label": "部门基本信息", "rows": staff},
                {"label": "年度预算情况", "rows": rows},
                {"label": "年度绩效指标", "rows": indicators},
            ],
        }

    def narrative(self) -> Narrative:
        s = self.show
        text = lambda test: s(test) or "0"  # noqa: E731
        total, now = text(lambda m: True), text(lambda m: not m.carried)
        carried = text(lambda m: m.carried)
        spent = text(lambda m: not m.unspent)
        prior = Decimal(sum(m.yuan for m in self.money)) * Decimal("0.87")
        change = wan(sum(m.yuan for m in self.money) - prior)
        general = [m for m in self.money if m.fund == GPB and not m.carried and not m.unspent]
        general_prior = Decimal(sum(m.yuan for m in general)) * Decimal("0.85")
        general_change = wan(sum(m.yuan for m in general) - general_prior)

        def rate(delta: Decimal, base: str) -> str:
            return f"{100 * delta / (Decimal(base) - delta):.2f}"

        def share(part: str, whole: str) -> str:
            return (
                f"{(100 * Decimal(part) / Decimal(whole)).quantize(Decimal('0.01'), ROUND_HALF_UP)}"
            )

        incomes = [text(lambda m, f=f: m.fund == f and not m.carried) for f in range(5)]
        basic = text(lambda m: not m.unspent and m.project is None)
        project = text(lambda m: not m.unspent and m.project is not None)
        t05 = text(lambda m: m in general)
        fiscal = text(lambda m: m.fund in FISCAL)
        by_fund = [text(lambda m, f=f: m.fund == f) for f in FISCAL]
        fiscal_now = text(lambda m: m.fund in FISCAL and not m.carried)
        fiscal_carried = text(lambda m: m.fund in FISCAL and m.carried)
        classes = {}
        general_classes = {}
        for code, name in CLASSES:
            amount = s(
                lambda m, c=code: m.fund in FISCAL and not m.unspent and m.code.startswith(c)
            )
            if amount and Decimal(amount):
                classes[name] = amount
            amount = s(lambda m, c=code: m in general and m.code.startswith(c))
            if amount and Decimal(amount):
                general_classes[name] = {"amount": amount, "pct": share(amount, t05)}
        t06 = self.t06()
        lists = [
            "、".join(
                dict.fromkeys(
                    r[0]
                    for r, meta in zip(t06.body, t06.rows, strict=True)
                    if meta.kind == "item" and Decimal(r[j] or 0)
                )
            )
            for j in (3, 4)
        ]
        t10, t11, t12 = self.t10(), self.t11(), self.t12()
        agency = t11.body[0][1]
        agency_change = wan(Decimal(agency) * 700)
        cars = Decimal(t10.body[2][1] or 0)
        three = Decimal(t10.body[5][1] or 0)
        listed = [m for m in self.money if m.project and not m.carried and not m.unspent]
        published = listed if self.plan.publish_all else listed[: len(listed) // 2]
        half = listed[: len(listed) // 3]
        part = published[: len(published) // 3]

        def of(group: list[Money]) -> str:
            return f"{wan(sum(m.yuan for m in group))}"

        names = (
            "income_general_public_budget",
            "income_government_managed_funds",
            "income_state_capital_operations",
        )
        names += ("income_special_fiscal_accounts", "income_own_funds")
        keys: dict[str, object] = {
            "income_total": total, "income_this_year": now, "carryover": carried,
            "income_yoy_delta": f"{change}", "income_yoy_pct": rate(change, total),
            "expense_total": total, "expense_this_year": now,
            "expense_yoy_delta": f"{change}", "expense_yoy_pct": rate(change, total),
            "income_carryover": {"amount": carried, "pct": share(carried, total)},
            "expense_basic": {"amount": basic, "pct": share(basic, spent)},
            "expense_project": {"amount": project, "pct": share(project, spent)},
            "fiscal_total": fiscal, "fiscal_by_function": classes, "general_public_this_year": t05,
            "general_public_yoy_delta": f"{general_change}", "general_public_yoy_pct": rate(general_change, t05),
            "general_public_by_function": general_classes,
            "basic_personnel": t06.body[0][3], "basic_non_personnel": t06.body[0][4],
            "three_public_none": not self.plan.three_public,
            "three_public_total": t10.body[5][1] or None,
            "agency_operating_expense": agency, "agency_operating_yoy_delta": f"{agency_change}",
            "agency_operating_yoy_pct": rate(agency_change, agency),
            "procurement_total": "48.36", "procurement_goods": "9.86", "procurement_works": "10.00", "procurement_services": "28.50",
            "perf_projects": f"{len(listed)}", "perf_published": f"{len(published)}",
            "vehicles_quota": "5", "vehicles_actual": "4", "vehicles_by_use": {"领导用车": "1", "其他公务用车": "3"},
            "other_assets_yuan": {"合计": "68543.10", "通用设备": "54000.10", "家具类": "14543"},
        }  # fmt: skip
        for name, amount in zip(names, incomes, strict=True):
            keys[name] = {"amount": amount, "pct": share(amount, total)}
        abroad, visits, buying, running = (t10.body[i][1] or "0" for i in (0, 1, 3, 4))
        texts = {
            "一、部门预算收支数据变动情况及原因": f"预算收入总计{total}万元。本年部门预算支出总计{total}万元，其中：本年预算安排{now}万元，上年结转{carried}万元。",
            "二、收入预算情况说明": f"{YEAR}年度预算收入{total}万元，主要包括一般公共预算拨款收入{incomes[0]}万元。",
            "三、支出预算情况说明": f"{YEAR}年度支出预算{spent}万元，其中：基本支出{basic}万元；项目支出{project}万元。",
            "四、财政拨款收支预算总体情况说明": f"其中：一般公共预算拨款{by_fund[0]}万元，政府性基金预算拨款{by_fund[1]}万元，国有资本经营预算拨款{by_fund[2]}万元。其中：当年拨款收入{fiscal_now}万元，上年结转收入{fiscal_carried}万元。",
            "五、一般公共预算支出情况说明|（二）一般公共预算当年支出结构情况": f"一般公共预算当年支出{t05}万元，主要用于以下方面：",
            "六、一般公共预算基本支出情况说明": f"一般公共预算安排基本支出{t06.body[0][2]}万元，其中：人员经费{t06.body[0][3]}万元，主要包括：{lists[0]}等；公用经费{t06.body[0][4]}万元，主要包括：{lists[1]}等。",
            "八、机关运行经费增减变动原因说明": f"机关运行经费{agency}万元，与{YEAR - 1}预算{Decimal(agency) - agency_change}万元相比增加{agency_change}万元。",
            "十、绩效管理情况": f"编报部门整体支出绩效目标，涉及部门预算资金{self.stated()[0]}万元，其中基本支出{self.stated()[1]}万元，项目支出{self.stated()[2]}万元；机关及下属预算单位{len(self.plan.units)}个。纳入绩效目标管理的二级项目{len(listed)}个，共计金额{t12.body[0][1]}万元。其中：其他运转类项目{len(half)}个，涉及金额{of(half)}万元；特定目标类项目{len(listed) - len(half)}个，涉及金额{of(listed[len(half):])}万元。公开项目绩效目标{len(published)}个，涉及项目金额{of(published)}万元，占部门（单位）项目支出总额的{share(of(published), t12.body[0][1])}%。其中：其他运转类项目{len(part)}个，涉及项目金额{of(part)}万元；特定目标类项目{len(published) - len(part)}个，涉及项目金额{of(published[len(part):])}万元。",
        }  # fmt: skip
        if self.plan.three_public:
            texts["七、“三公”经费增减变动原因说明"] = (
                f"财政拨款安排的“三公”经费预算{three}万元比{YEAR - 1}年减少0.60万元。其中：因公出国（境）费{abroad}万元，与上年相比预算数增加0.50万元；公务接待费{visits}万元，与上年预算数相同；公务用车购置及运行费{cars}万元，与上年相比预算数减少1.10万元；公务用车运行维护费{running}万元，与上年相比预算数减少0.70万元；公务用车购置费{buying}万元，与上年相比预算数减少0.40万元。"
            )
        sentences = []
        for heading, words in texts.items():
            section, _, sub = heading.partition("|")
            for sentence in words.replace("。", "。\n").strip().split("\n"):
                body = DEPARTMENT if self.plan.institution else ""
                said = sentence.replace("年度支出预算", f"年度{body}支出预算")
                sentences.append(Sentence(section=section, sub=sub, sentence=said, page=21))
        return Narrative(keys=keys, sentences=sentences)

    def stated(self) -> tuple[str, str, str]:
        now = [m for m in self.money if not m.carried and not m.unspent]
        total = wan(sum(m.yuan for m in now))
        project = wan(sum(m.yuan for m in now if m.project))
        return f"{total}", f"{total - project}", f"{project}"

    def document(self) -> ParsedDocument:
        return ParsedDocument(
            document=DocumentInfo(
                file_sha256="1" * 64,
                document_id="1" * 64,
                county="云坪县",
                department=DEPARTMENT,
                subtitle=f"{YEAR}年度部门预算公开",
                year=YEAR,
                scope="department",
                pages=40,
                parser_version=1,
            ),
            contents=["第一部分 概况", *(f"表{n} {YEAR}年{t}" for n, t in TITLES.items())],
            tables=self.forms(),
            performance=self.targets(),
            narrative=self.narrative(),
            staff={"in_post": "41", "internal_offices": "6"},
            assets={"asset_date": f"{YEAR - 1}年12月31日"},
        )


def _spending_heads() -> list[str]:
    return [
        "项目/科目编码",
        "项目/科目名称",
        *(f"{YEAR}年预算数/{x}" for x in ("合计", "基本支出", "项目支出")),
    ]


def _kind(code: str) -> str:
    return {3: "class", 5: "section", 7: "item"}.get(len(code) if code.isdigit() else 0, "total")


def _code(code: str) -> str | None:
    return code if code.isdigit() else None


GENERAL = Plan()
CARRIED = replace(GENERAL, seed=11, carried=(GPB,), publish_all=False, overall=False)
ALL_FUNDS = replace(
    GENERAL, seed=13, funds=(GPB, GMF, SCO, SFA, OWN), carried=(GPB, GMF), units=UNITS, overall=True
)
NON_FISCAL = replace(ALL_FUNDS, seed=17, carried=(GPB, OWN), publish_all=False, three_public=False)
YEAR_END = replace(
    ALL_FUNDS, seed=19, carried=(GPB, GMF, OWN), year_end=(GPB, GMF, OWN), medical_apart=False
)
INSTITUTION = replace(GENERAL, seed=23, institution=True)
PLANS = {
    "general": GENERAL,
    "carried": CARRIED,
    "all_funds": ALL_FUNDS,
    "non_fiscal": NON_FISCAL,
    "year_end": YEAR_END,
}


def invented(plan: Plan | None = None) -> ParsedDocument:
    return Budget(plan).document()

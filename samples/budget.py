"""Invented but consistent budgets: unrounded 元 amounts from which all 13 forms follow.

A ``Budget`` is a list of ``Line`` (who, for what function, from which fund, how much in 元).
Every printed figure is the sum of its lines, rounded by itself to 0.01 万元, half up: so every
identity holds as it does in a real document, rounding tails included. Narrated changes are
differences of printed figures: this year's text and last year's document agree to the cent.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from random import Random
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from samples import document
from samples.document import (
    NO_DATA,
    Assets,
    Body,
    Change,
    County,
    Facts,
    Operating,
    PrintedForm,
    Procurement,
    Projects,
    Said,
    ThreePublicChange,
    Whole,
)
from samples.narrative import share

_HERE = Path(__file__).parent

Fund = Literal["G", "F", "S", "A", "U"]
"""G 一般公共预算, F 政府性基金, S 国有资本经营, A 财政专户管理资金, U 单位资金."""
FUNDS: tuple[Fund, ...] = ("G", "F", "S", "A", "U")
FISCAL: tuple[Fund, ...] = ("G", "F", "S")
Horizon = Literal["current", "carried"]
"""Money of the year (当年预算安排) or carried over from last year (上年结转)."""
Use = Literal["people", "public", "basic", "project", "left_over"]
"""``basic`` is basic spending that T06 does not itemise; ``left_over`` is 年终结转."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Unit(_Model):
    """A budget unit (预算单位); ``function`` is what its running costs are booked on."""

    name: str
    kind: Literal["行政", "参公", "事业"]
    staff: int
    retired: int = 0
    vehicles: int = 0
    function: str


class Project(_Model):
    name: str
    unit: int
    function: str
    yuan: dict[Fund, int]
    kind: Literal["running", "target"] = Field(alias="class")
    years: tuple[int, int] = (0, 9999)


class OtherBasic(_Model):
    unit: int
    fund: Fund
    function: str
    yuan: int


class Carried(_Model):
    basic: int = 0
    projects: dict[str, dict[Fund, int]] = {}


class LeftOver(_Model):
    unit: int
    fund: Fund
    horizon: Horizon
    function: str
    yuan: int


class BodyPlan(_Model):
    """An invented department with its units and projects (``samples/bodies.yml``)."""

    county: str
    name: str
    short: str
    code: str
    duties: list[str]
    units: tuple[Unit, ...]
    projects: tuple[Project, ...]
    other_basic: tuple[OtherBasic, ...] = ()
    carried: dict[int, Carried] = {}
    left_over: dict[int, tuple[LeftOver, ...]] = {}

    def fund_of(self, project: str) -> Fund:
        """The fund that pays most of a project."""
        money = next(p.yuan for p in self.projects if p.name == project)
        return max(money, key=lambda fund: money[fund])


@functools.lru_cache(maxsize=1)
def bodies() -> dict[str, BodyPlan]:
    """The invented departments by name."""
    raw: dict[str, Any] = yaml.safe_load((_HERE / "bodies.yml").read_text("utf-8"))
    plans = {}
    for name, plan in raw.items():
        funds = {p["name"]: p["yuan"] for p in plan["projects"]}
        for project in plan["projects"]:
            if isinstance(project["yuan"], int):
                project["yuan"] = {"G": project["yuan"]}
        for carried in plan.get("carried", {}).values():
            for key, money in carried.get("projects", {}).items():
                if isinstance(money, int):
                    paid = funds[key] if isinstance(funds[key], dict) else {"G": 1}
                    carried["projects"][key] = {max(paid, key=lambda f: paid[f]): money}
        plans[name] = BodyPlan.model_validate(plan)
    return plans


@functools.lru_cache(maxsize=1)
def _codes() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((_HERE / "codes.yml").read_text("utf-8"))
    return loaded


@dataclass(frozen=True)
class Line:
    """One unrounded amount: ``yuan`` 元 for ``function`` (项) of ``unit`` from ``fund``."""

    unit: str
    function: str
    fund: Fund
    use: Use
    yuan: int
    horizon: Horizon = "current"
    item: str = ""
    government_item: str = ""
    group: str = ""
    project: str = ""
    project_kind: str = ""
    three_public: str = ""

    @property
    def spent(self) -> bool:
        return self.use != "left_over"

    @property
    def is_project(self) -> bool:
        return self.use == "project"


def _rng(*parts: object) -> Random:
    """A generator of its own for every amount: adding one amount changes no other."""
    seed = hashlib.sha256("|".join(map(str, parts)).encode()).digest()
    return Random(int.from_bytes(seed[:8], "big"))


def _lines(plan: BodyPlan, year: int, amended: dict[str, int]) -> list[Line]:
    lines = []
    for n, unit in enumerate(plan.units):
        lines += _running_costs(plan, n, unit, year)
    for project in plan.projects:
        if not project.years[0] <= year <= project.years[1]:
            continue
        for fund, base in project.yuan.items():
            yuan = _project_yuan(plan, project, fund, base, year)
            if fund == next(iter(project.yuan)):
                yuan = amended.get(project.name, yuan)
            lines.append(
                Line(
                    plan.units[project.unit].name,
                    project.function,
                    fund,
                    "project",
                    yuan,
                    project=project.name,
                    project_kind=project.kind,
                )
            )
    for other in plan.other_basic:
        yuan = round(other.yuan * _rng(plan.name, "other", other.unit, year).uniform(0.9, 1.1))
        unit_name = plan.units[other.unit].name
        lines.append(Line(unit_name, other.function, other.fund, "basic", yuan))
    carried = plan.carried.get(year, Carried())
    if carried.basic:
        own = plan.units[0]
        lines.append(Line(own.name, own.function, "G", "basic", carried.basic, "carried"))
    for name, money in carried.projects.items():
        project = next(p for p in plan.projects if p.name == name)
        lines += [
            Line(
                plan.units[project.unit].name,
                project.function,
                fund,
                "project",
                yuan,
                "carried",
                project=f"{year - 1}年{name}",
                project_kind=project.kind,
            )
            for fund, yuan in money.items()
        ]
    lines += [
        Line(plan.units[x.unit].name, x.function, x.fund, "left_over", x.yuan, x.horizon)
        for x in plan.left_over.get(year, ())
    ]
    return lines


def _project_yuan(plan: BodyPlan, project: Project, fund: Fund, base: int, year: int) -> int:
    rng = _rng(plan.name, project.name, fund, year)
    yuan = base * rng.uniform(0.86, 1.17)
    # Two projects in three are planned in round hundreds, the rest to the yuan.
    return round(yuan / 100) * 100 if rng.random() < 0.66 else round(yuan)


def _running_costs(plan: BodyPlan, n: int, unit: Unit, year: int) -> list[Line]:
    office = unit.kind == "行政"
    lines = []
    for item in _codes()["economic"]:
        if unit.kind not in item.get("kinds", (unit.kind,)):
            continue
        base = (
            item.get("head", 0) * unit.staff
            + item.get("retired", 0) * unit.retired
            + item.get("vehicle", 0) * unit.vehicles
        )
        if item.get("three_public") == "reception" and n:
            base = 0  # only the department's own level receives guests
        if not base:
            continue
        steady = _rng(plan.name, n, item["item"]).uniform(0.93, 1.08)
        growth = 1.024 ** (year - 2024) if item["use"] == "people" else 0.985 ** (year - 2024)
        exact = base * steady * growth * _rng(plan.name, n, item["item"], year).uniform(0.99, 1.01)
        # 三公 limits are set in round hundreds: T10 has no rounding tails.
        yuan = round(exact / 100) * 100 if item.get("three_public") else round(exact)
        function = item.get("function", "own")
        if function == "own":
            function = unit.function
        elif function == "medical":
            function = "2101102" if unit.kind == "事业" else "2101101"
        elif function == "retired":
            function = "2080502" if unit.kind == "事业" else "2080501"
        lines.append(
            Line(
                unit.name,
                function,
                "G",
                item["use"],
                yuan,
                item=item["item"],
                government_item=item["office" if office else "institution"],
                group=item["group"],
                three_public=item.get("three_public", ""),
            )
        )
    return lines


def wan(yuan: int) -> str:
    """``yuan`` 元 as a table prints it: 万元 with two decimals, half up; zero is blank."""
    return str((Decimal(yuan) / 10000).quantize(Decimal("0.01"), ROUND_HALF_UP)) if yuan else ""


def _sum(lines: Iterable[Line]) -> int:
    return sum(line.yuan for line in lines)


def _styled(form: str, body: list[list[str]], zero: str, grouping: bool) -> list[list[str]]:
    """The cells as this document prints them: zeros, thousands separators."""
    frame = document.layout(PrintedForm(id=form, body=[]), 0)
    styled = []
    for row in body:
        cells = list(row)
        labelled = False
        for c, kind in enumerate(frame.align):
            if kind == "t":
                # The labels left of an amount say whether there is a line to fill at all;
                # T01, T04 and T09 have two lines side by side.
                before = c > 0 and frame.align[c - 1] == "t"
                labelled = bool(cells[c]) or (labelled and before)
                if row[0] == "合计":
                    labelled = True
            elif cells[c]:
                cells[c] = f"{Decimal(cells[c]):,}" if grouping else cells[c]
            elif labelled:
                cells[c] = zero
        styled.append(cells)
    return styled


def _difference(now: str, before: str) -> str:
    found = Decimal(now or "0") - Decimal(before or "0")
    return str(found) if found else "0"


def _rate(now: str, before: str) -> str | None:
    if not before or not Decimal(before):
        return None
    return str(share(_difference(now, before), before))


class Budget:
    """One body's budget of one year. ``unit`` narrows it to that unit's own budget (单位预算)."""

    def __init__(
        self,
        plan: BodyPlan,
        year: int,
        *,
        unit: int | None = None,
        amended: dict[str, int] | None = None,
    ) -> None:
        self.plan, self.year, self.unit = plan, year, unit
        self.lines = _lines(plan, year, amended or {})
        self.units: Sequence[Unit] = plan.units
        self.name = plan.name
        if unit is not None:
            own = plan.units[unit]
            # The department's own level has the department's name; its unit budget says so.
            self.name = f"{own.name}（本级）" if unit == 0 else own.name
            self.units = (own.model_copy(update={"name": self.name}),)
            self.lines = [replace(x, unit=self.name) for x in self.lines if x.unit == own.name]

    # figures ---------------------------------------------------------------------------
    def _of(self, which: Callable[[Line], bool]) -> str:
        return wan(_sum(x for x in self.lines if which(x)))

    def _codes(self, lines: Iterable[Line]) -> list[str]:
        """Codes of 类, 款 and 项 in order."""
        items = {x.function for x in lines}
        return sorted({c for i in items for c in (i[:3], i[:5], i)})

    def _by_code(
        self, lines: list[Line], columns: Sequence[Callable[[Line], bool]]
    ) -> list[list[str]]:
        def row(prefix: str) -> list[str]:
            mine = [x for x in lines if x.function.startswith(prefix)]
            return [wan(_sum(x for x in mine if keep(x))) for keep in columns]

        names = _codes()["functions"]
        return [
            ["合计", "", *row("")],
            *([code, names[code], *row(code)] for code in self._codes(lines)),
        ]

    def _t01(self) -> list[list[str]]:
        income = [
            (label, self._of(lambda x, f=fund: x.horizon == "current" and x.fund == f))  # type: ignore[misc]
            for label, fund in zip(
                (
                    "一、一般公共预算",
                    "二、政府性基金预算",
                    "三、国有资本经营预算",
                    "四、财政专户管理资金",
                    "五、单位资金",
                ),
                FUNDS,
                strict=True,
            )
        ]
        kinds: list[Callable[[Line], bool]] = [
            lambda _: True,
            lambda x: x.horizon == "current",
            lambda x: x.horizon == "carried",
        ]
        rows = []
        for n, (label, columns) in enumerate(self._classes(kinds)):
            left = income[n] if n < len(income) else ("", "")
            rows.append([*left, label, *columns])
        spent = [wan(_sum(x for x in self.lines if x.spent and k(x))) for k in kinds]
        left_over = [wan(_sum(x for x in self.lines if not x.spent and k(x))) for k in kinds]
        total = [wan(_sum(x for x in self.lines if k(x))) for k in kinds]
        return [
            *rows,
            ["本年收入合计", total[1], "本年支出合计", *spent],
            ["上年结转", total[2], "年终结转", *left_over],
            ["收入总计", total[0], "支出总计", *total],
        ]

    def _classes(self, kinds: Sequence[Callable[[Line], bool]]) -> list[tuple[str, list[str]]]:
        """The 30 numbered classes with the spending of each kind."""
        codes = _codes()
        by_name = {codes["functions"][c]: c for c in codes["functions"] if len(c) == 3}
        found = []
        for n, name in enumerate(codes["classes"], 1):
            code = by_name.get(name)
            mine = [x for x in self.lines if x.spent and code and x.function.startswith(code)]
            found.append(
                (f"{_numeral(n)}、{name}", [wan(_sum(x for x in mine if k(x))) for k in kinds])
            )
        return found

    def _t02(self) -> list[list[str]]:
        funds: list[Callable[[Line], bool]] = [
            (lambda x, f=f: x.horizon == "current" and x.fund == f)  # type: ignore[misc]
            for f in FUNDS
        ]
        return self._by_code(
            self.lines,
            [lambda x: x.horizon == "current", *funds, lambda x: x.horizon == "carried"],
        )

    def _spending(self, keep: Callable[[Line], bool]) -> list[list[str]]:
        """合计, 基本支出, 项目支出 by code."""
        lines = [x for x in self.lines if x.spent and keep(x)]
        return self._by_code(
            lines, [lambda _: True, lambda x: not x.is_project, lambda x: x.is_project]
        )

    def _t04(self) -> list[list[str]]:
        fiscal = [x for x in self.lines if x.fund in FISCAL]
        kinds: list[Callable[[Line], bool]] = [
            lambda x: x.fund in FISCAL,
            *((lambda x, f=f: x.fund == f) for f in FISCAL),
        ]
        labels = ("一、一般公共预算", "二、政府性基金预算", "三、国有资本经营预算")
        current = [
            wan(_sum(x for x in fiscal if x.horizon == "current" and x.fund == f)) for f in FISCAL
        ]
        carried = [
            wan(_sum(x for x in fiscal if x.horizon == "carried" and x.fund == f)) for f in FISCAL
        ]
        rows = []
        for n, (label, columns) in enumerate(self._classes(kinds)):
            left = (labels[n], current[n]) if n < len(labels) else ("", "")
            rows.append([*left, label, *columns])

        def each(keep: Callable[[Line], bool]) -> list[str]:
            return [wan(_sum(x for x in fiscal if keep(x) and k(x))) for k in kinds]

        blank = ["", "", "", "", ""]
        total = each(lambda _: True)
        return [
            *rows,
            [
                "本年收入合计",
                wan(_sum(x for x in fiscal if x.horizon == "current")),
                "本年支出合计",
                *each(lambda x: x.spent),
            ],
            [
                "上年财政拨款结转",
                wan(_sum(x for x in fiscal if x.horizon == "carried")),
                "年终结转",
                *each(lambda x: not x.spent),
            ],
            *([label, value, *blank] for label, value in zip(labels, carried, strict=True)),
            ["收入总计", total[0], "支出总计", *total],
        ]

    def _t06(self) -> list[list[str]]:
        lines = [x for x in self.lines if x.item]

        def columns(mine: Iterable[Line]) -> list[str]:
            mine = list(mine)
            return [
                wan(_sum(mine)),
                wan(_sum(x for x in mine if x.use == "people")),
                wan(_sum(x for x in mine if x.use == "public")),
            ]

        rows = [["合计", "", *columns(lines)]]
        for group in dict.fromkeys(e["group"] for e in _codes()["economic"]):
            mine = [x for x in lines if x.group == group]
            if not mine:
                continue
            rows.append([group, "", *columns(mine)])
            items = [e for e in _codes()["economic"] if e["group"] == group]
            for item in items:
                for side in dict.fromkeys((item.get("office"), item.get("institution"))):
                    these = [
                        x for x in mine if x.item == item["item"] and x.government_item == side
                    ]
                    if these:
                        rows.append([item["item"], str(side), *columns(these)])
        return rows

    def _income_rows(self, fund: Fund) -> list[list[str]]:
        """Income of a fund by its own codes: 103, 10301, 1030148 …"""
        codes = _codes()
        money: dict[str, int] = {}
        for x in self.lines:
            if x.fund == fund and x.horizon == "current":
                code = codes["income_of"][x.function[:5]]
                for prefix in (code[:3], code[:5], code):
                    money[prefix] = money.get(prefix, 0) + x.yuan
        total = sum(v for c, v in money.items() if len(c) == 3)
        return [
            ["合计", "", wan(total)],
            *([c, codes["incomes"][c], wan(money[c])] for c in sorted(money)),
        ]

    def _t09(self) -> list[list[str]]:
        income = self._income_rows("S")
        spending = self._spending(lambda x: x.fund == "S" and x.horizon == "current")
        rows = [[*income[0], "", "", *spending[0][2:]]]
        for n in range(1, max(len(income), len(spending))):
            left = income[n] if n < len(income) else ["", "", ""]
            right = spending[n] if n < len(spending) else ["", "", "", "", ""]
            rows.append([*left, *right])
        return rows

    def _t10(self) -> list[list[str]]:
        def line(*names: str) -> list[str]:
            found = wan(_sum(x for x in self.lines if x.three_public in names))
            return [found, found, "", ""]

        return [
            ["因公出国（境）费", *line("abroad")],
            ["公务接待费", *line("reception")],
            ["公务用车购置及运行费", *line("purchase", "running")],
            ["①公务用车购置费", *line("purchase")],
            ["②公务用车运行维护费", *line("running")],
            ["合计", *line("abroad", "reception", "purchase", "running")],
        ]

    def _t11(self) -> list[list[str]]:
        """行政 and 参公 units only: a plain 事业 unit has no 机关运行经费."""
        offices = [u for u in self.units if u.kind != "事业"]
        money = {
            u.name: _sum(x for x in self.lines if x.unit == u.name and x.use == "public")
            for u in offices
        }
        total = wan(sum(money.values()))
        return [
            ["部门合计", total, total, "", ""],
            *([name, wan(yuan), wan(yuan), "", ""] for name, yuan in money.items() if yuan),
        ]

    def _project_rows(self, horizon: Horizon, funds: Sequence[Fund]) -> list[list[str]]:
        lines = [x for x in self.lines if x.is_project and x.horizon == horizon and x.fund in funds]
        if not lines:
            return []

        def row(name: str, mine: Iterable[Line]) -> list[str]:
            mine = list(mine)
            return [
                name,
                wan(_sum(mine)),
                *(wan(_sum(x for x in mine if x.fund == f)) for f in funds),
            ]

        rows = [row(self.name, lines)]
        for unit in self.units:
            mine = [x for x in lines if x.unit == unit.name]
            if not mine:
                continue
            if self.unit is None:
                rows.append(row(unit.name, mine))
            for name in dict.fromkeys(x.project for x in mine):
                rows.append(row(name, (x for x in mine if x.project == name)))
        return rows

    def tables(self) -> dict[str, list[list[str]]]:
        """Body rows of the 13 forms."""
        found = {
            "T01": self._t01(),
            "T02": self._t02(),
            "T03": self._spending(lambda _: True),
            "T04": self._t04(),
            "T05": self._spending(lambda x: x.fund == "G" and x.horizon == "current"),
            "T06": self._t06(),
            "T07": self._income_rows("F"),
            "T08": self._spending(lambda x: x.fund == "F" and x.horizon == "current"),
            "T09": self._t09(),
            "T10": self._t10(),
            "T11": self._t11(),
            "T12": self._project_rows("current", FUNDS),
            "T13": self._project_rows("carried", FISCAL),
        }
        if len(found["T08"]) == 1:
            found["T08"] = [["", "合计", "", "", ""]]
        return found

    # the document ------------------------------------------------------------------------
    def facts(
        self,
        name: str,
        county: County,
        prior: Budget,
        *,
        published_tables: int = 3,
        forms: dict[str, dict[str, Any]] | None = None,
        zero: Literal["", "0.00"] = "",
        grouping: bool = False,
    ) -> Facts:
        """The document of this budget; ``prior`` is last year's, as it was last published.

        ``published_tables`` performance tables are attached. ``forms`` gives printed labels
        and variants, e.g. ``{"T01": {"label": "预算公开表1"}}``. ``zero`` is how the forms
        print zero, ``grouping`` whether they print thousands separators.
        """
        tables, before = self.tables(), prior.tables()
        printed = []
        for form in document.FORM_IDS:
            body = tables[form]
            amounts = any(c and c[0].isdigit() and "." in c for r in body for c in r)
            extra = (forms or {}).get(form, {})
            if amounts:
                body = _styled(form, body, zero, grouping)
            printed.append(
                PrintedForm(id=form, body=body, note=None if amounts else NO_DATA, **extra)
            )
        listed = self._projects()
        chosen = dict(
            sorted(listed.items(), key=lambda kv: -_sum(kv[1]))[
                : min(published_tables, len(listed))
            ]
        )
        chosen = {k: v for k, v in listed.items() if k in chosen}
        return Facts(
            id=name,
            county=county,
            body=Body(name=self.name, short=self.plan.short, code=self.plan.code),
            year=self.year,
            kind="部门" if self.unit is None else "单位",
            zero=zero,
            duties=self.plan.duties,
            setting=self._setting(),
            said=self._said(tables, before, listed, chosen),
            forms=printed,
            performance=[
                self._performance(county, project, lines) for project, lines in chosen.items()
            ],
        )

    def _projects(self) -> dict[str, list[Line]]:
        """This year's projects in the order of T12."""
        found: dict[str, list[Line]] = {}
        for unit in self.units:
            for x in self.lines:
                if x.is_project and x.horizon == "current" and x.unit == unit.name:
                    found.setdefault(x.project, []).append(x)
        return found

    def _setting(self) -> str:
        if self.unit is not None:
            unit = self.units[0]
            staff = f"编制{unit.staff + 2}人，在职{unit.staff}人"
            return f"本单位为{_KINDS[unit.kind]}，{staff}，无下属单位。"
        names = "、".join(u.name for u in self.units)
        staff_total = sum(u.staff for u in self.units)
        return (
            f"本部门由机关本级和所属单位组成，预算单位共{len(self.units)}个：{names}。"
            f"在职人员合计{staff_total}人。"
        )

    def _said(
        self,
        now: dict[str, list[list[str]]],
        before: dict[str, list[list[str]]],
        listed: dict[str, list[Line]],
        chosen: dict[str, list[Line]],
    ) -> Said:
        total, total_before = now["T01"][-1][1], before["T01"][-1][1]
        general, general_before = now["T05"][0][2], before["T05"][0][2]
        rose = Decimal(total) >= Decimal(total_before)
        t10 = {r[0]: r[1] for r in now["T10"]}
        t10_before = {r[0]: r[1] for r in before["T10"]}
        three_public = None
        if t10["合计"]:
            rows = {
                "abroad": "因公出国（境）费",
                "reception": "公务接待费",
                "purchase": "①公务用车购置费",
                "running": "②公务用车运行维护费",
                "vehicles": "公务用车购置及运行费",
                "total": "合计",
            }
            three_public = ThreePublicChange(
                change={k: _difference(t10[r], t10_before[r]) for k, r in rows.items()},
                reason="落实过紧日子要求，从严控制支出",
            )
        operating = []
        if now["T11"][0][1]:
            amount, amount_before = now["T11"][0][1], before["T11"][0][1]
            up = Decimal(amount) >= Decimal(amount_before or "0")
            operating.append(
                Operating(
                    name="本部门" if self.unit is None else "本单位",
                    amount=amount,
                    delta=_difference(amount, amount_before),
                    pct=_rate(amount, amount_before),
                    reason="人员和定额标准变动" if up else "压减一般性支出",
                    units=[r[0] for r in now["T11"][1:]],
                )
            )
        spent_now = now["T01"][-3][4]
        projects = now["T12"][0][1] if now["T12"] else ""
        whole = Whole(
            amount=spent_now,
            basic=str(Decimal(spent_now) - Decimal(projects or "0")),
            project=projects or "0",
            units=str(len(self.units)) if self.unit is None else None,
            units_amount=spent_now if self.unit is None else None,
        )

        def figures(of: dict[str, list[Line]], pct: bool = False) -> Projects:
            amount = wan(sum(map(_sum, of.values()))) or "0"
            parts = []
            for kind in ("running", "target"):
                mine = [lines for lines in of.values() if lines[0].project_kind == kind]
                parts.append((str(len(mine)), wan(sum(map(_sum, mine))) or "0"))
            return Projects(
                count=str(len(of)),
                amount=amount,
                pct=str(share(amount, projects)) if pct and projects else None,
                running=parts[0],
                target=parts[1],
            )

        rng = _rng(self.name, "assets", self.year)
        goods = round(_sum(x for x in self.lines if x.item == "办公费") * 0.4)
        services = round(
            _sum(x for x in self.lines if x.project_kind == "running" and x.horizon == "current")
            * 0.15
        )
        vehicles = sum(u.vehicles for u in self.units)
        uses = (
            "领导用车",
            "机要通信用车",
            "应急保障用车",
            "执法执勤用车",
            "特种专业技术用车",
            "事业单位业务用车",
            "其他公务用车",
        )
        return Said(
            total=Change(
                delta=_difference(total, total_before),
                pct=_rate(total, total_before),
                reason="人员支出和重点项目增加" if rose else "部分项目完工，不再安排",
            ),
            general=Change(
                delta=_difference(general, general_before), pct=_rate(general, general_before)
            ),
            three_public=three_public,
            operating=operating,
            procurement=Procurement(
                total=wan(goods + services) or "0",
                goods=wan(goods) or "0",
                services=wan(services) or "0",
            ),
            whole=whole,
            projects=figures(listed),
            published=figures(chosen, pct=True),
            assets=Assets(
                date=f"{self.year}年1月1日",
                quota=str(vehicles),
                actual=str(vehicles),
                by_use={u: str(vehicles) if u == uses[-1] else "0" for u in uses},
                floor_area=str(rng.randint(600, 4200)),
                over_50=str(rng.randint(0, 2)),
                over_100="0",
            ),
        )

    def _performance(self, county: County, project: str, lines: list[Line]) -> dict[str, Any]:
        """A project's performance table in 元, in the shape of the contract."""
        yuan = _sum(lines)
        money = {f: _sum(x for x in lines if x.fund == f) for f in FUNDS}
        parts = {
            "其中:中央财政资金": 0,
            "省级财政资金": 0,
            "市县(区)财政资金": money["G"] + money["F"] + money["S"],
            "单位自筹": money["U"],
            "其他资金": money["A"],
        }
        total = f"{yuan:,}"
        funding = [{"label": "实施期资金总额", "实施期": total, "年度": total}]
        for label, part in parts.items():
            blank = "" if label == "其他资金" and not part else f"{part:,}"
            funding.append({"label": label, "实施期": blank, "年度": blank})
        values = {
            "数量指标": ("计划任务完成率", "100%"),
            "质量指标": ("验收合格率", "100%"),
            "时效指标": ("完成时间", f"{self.year}年12月底前"),
            "成本指标": ("项目支出", f"≤{yuan}元"),
            "经济效益": ("", ""),
            "社会效益": ("服务保障水平", "提高"),
            "生态效益": ("", ""),
            "可持续影响": ("管理机制", "健全"),
            "服务对象满意度": ("服务对象满意度", "≥90%"),
        }
        levels = ("产出指标",) * 4 + ("效益指标",) * 4 + ("满意度指标",)
        rng = _rng(self.name, project, self.year, "filed")
        return {
            "kind": "project",
            "title": f"{county.name}县(区)级预算部门(单位)项目支出绩效目标表",
            "year": self.year,
            "项目名称": project,
            "主管部门及代码": f"{self.plan.code}-{self.plan.name}",
            "实施单位": lines[0].unit,
            "项目属性": "一次性项目(1年结束)",
            "项目期": "1年",
            "项目资金单位": "项目资金(元)",
            "实施期资金总额": total,
            "年度资金总额": total,
            "资金明细": funding,
            "项目分类": [],
            "文字": {
                "项目概况": f"{project}，用于完成年度工作任务",
                "立项依据": "年度工作要点",
                "项目设立必要性": "保障相关工作正常开展",
                "保证项目实施的制度、措施": "财务管理制度,专款专用",
                "项目实施计划": f"{self.year}年内分季度实施",
            },
            "目标": {"实施期目标": "按期完成项目任务", "年度目标": "按期完成项目任务"},
            "指标": [
                {"level1": level, "left": [name, *value], "right": [name, *value]}
                for level, (name, value) in zip(levels, values.items(), strict=True)
            ],
            "填报日期": f"{self.year - 1}11{rng.randint(10, 28)}{rng.randint(9, 16):02d}3000",
        }


_KINDS = {"行政": "行政单位", "参公": "参照公务员法管理的事业单位", "事业": "财政补助事业单位"}


def _numeral(n: int) -> str:
    """1…30 in Chinese numerals."""
    digits = "一二三四五六七八九"
    tens, ones = divmod(n, 10)
    head = "" if tens == 0 else ("十" if tens == 1 else digits[tens - 1] + "十")
    return head + (digits[ones - 1] if ones else "")

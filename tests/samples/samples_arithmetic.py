"""The accounting identities of the 13 forms, computed here from the printed cells alone.

Independent of the project's own catalogue on purpose: it is what the samples are checked
against before anything of the project reads them. Figures are 万元 with two decimals.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from samples.document import Facts

ZERO = Decimal(0)
FUNDS = ("general", "fund", "capital", "account", "own")


def amount(text: str) -> Decimal:
    return Decimal(text.replace(",", "")) if text else ZERO


class Book:
    """The forms of a document by meaning."""

    def __init__(self, facts: Facts) -> None:
        self.t = {f.id: facts.body_of(f.id) for f in facts.forms}
        self.facts = facts

    def income(self, form: str, label: str) -> str:
        return next((r[1] for r in self.t[form] if r[0] == label), "")

    def line(self, form: str, label: str) -> list[str]:
        """The spending half of the row labelled ``label`` in T01 or T04."""
        return next((r[3:] for r in self.t[form] if r[2] == label), ["", "", "", ""])

    def classes(self, form: str) -> dict[str, list[str]]:
        return {r[2].partition("、")[2]: r[3:] for r in self.t[form] if "、" in r[2]}

    def total(self, form: str) -> list[str]:
        row = next(r for r in self.t[form] if "合计" in r[:2])
        return row[2:]

    def codes(self, form: str) -> dict[str, list[str]]:
        return {r[0]: r[2:] for r in self.t[form] if r[0].isdigit()}


class Checker:
    """Collects the identities that do not hold."""

    def __init__(self, facts: Facts) -> None:
        self.b = Book(facts)
        self.violated: list[str] = []
        self.evaluated = 0

    def equal(self, name: str, whole: str, parts: Iterable[str], slack: int | None = None) -> None:
        """whole = Σ parts, within ⌊n/2⌋ cents for n non-blank parts (or ``slack`` cents)."""
        parts = list(parts)
        if not whole and not any(parts):
            return
        filled = sum(bool(amount(p)) for p in parts)
        allowed = Decimal(filled // 2 if slack is None else slack) / 100
        self.evaluated += 1
        if abs(amount(whole) - sum(map(amount, parts), ZERO)) > allowed:
            self.violated.append(f"{name}: {whole or '∅'} ≠ Σ {[p for p in parts if p]}")

    def same(self, name: str, left: str, right: str) -> None:
        self.equal(name, left, [right], slack=0)

    def true(self, name: str, holds: bool) -> None:
        self.evaluated += 1
        if not holds:
            self.violated.append(name)

    # rows ------------------------------------------------------------------------------
    def rows(self) -> None:
        b = self.b
        for r in b.t["T01"]:
            self.equal(f"R-T01 {r[2]}", r[3], r[4:6])
        for r in b.t["T04"]:
            self.equal(f"R-T04 {r[2]}", r[3], r[4:7])
        for r in b.t["T02"]:
            self.equal(f"R-T02 {r[0]}", r[2], r[3:8])
        for form in ("T03", "T05", "T08"):
            for r in b.t[form]:
                self.equal(f"R-{form} {r[0]}", r[2], r[3:5])
        for r in b.t["T06"]:
            self.equal(f"R-T06 {r[0]}", r[2], r[3:5])
        for r in b.t["T09"]:
            self.equal(f"R-T09 {r[3]}", r[5], r[6:8])
        for form in ("T10", "T11", "T13"):
            for r in b.t[form]:
                self.equal(f"R-{form} {r[0]}", r[1], r[2:5])
        for r in b.t["T12"]:
            self.equal(f"R-T12 {r[0]}", r[1], r[2:7])

    # columns ---------------------------------------------------------------------------
    def columns(self) -> None:
        b = self.b
        t01 = [r[1] for r in b.t["T01"][:5]]
        self.equal("C-T01-IN", b.income("T01", "本年收入合计"), t01)
        self.equal(
            "C-T01-INTOT",
            b.income("T01", "收入总计"),
            [b.income("T01", "本年收入合计"), b.income("T01", "上年结转")],
        )
        for form, columns in (("T01", 3), ("T04", 4)):
            for c in range(columns):
                classes = [row[c] for row in b.classes(form).values()]
                self.equal(f"C-{form}-OUT {c}", b.line(form, "本年支出合计")[c], classes)
                self.equal(
                    f"C-{form}-OUTTOT {c}",
                    b.line(form, "支出总计")[c],
                    [b.line(form, "本年支出合计")[c], b.line(form, "年终结转")[c]],
                )
        self.same("C-T01-BAL", b.income("T01", "收入总计"), b.line("T01", "支出总计")[0])
        self.same("C-T01-CY", b.income("T01", "本年收入合计"), b.line("T01", "支出总计")[1])
        self.same("C-T01-CF", b.income("T01", "上年结转"), b.line("T01", "支出总计")[2])
        t04 = b.t["T04"]
        self.equal("C-T04-IN", b.income("T04", "本年收入合计"), [r[1] for r in t04[:3]])
        carried = [r[1] for r in t04[-4:-1]]
        self.equal("C-T04-CF", b.income("T04", "上年财政拨款结转"), carried)
        self.equal(
            "C-T04-INTOT",
            b.income("T04", "收入总计"),
            [b.income("T04", "本年收入合计"), b.income("T04", "上年财政拨款结转")],
        )
        self.same("C-T04-BAL", b.income("T04", "收入总计"), b.line("T04", "支出总计")[0])
        for i in range(3):
            self.equal(
                f"C-T04-FUND {FUNDS[i]}", b.line("T04", "支出总计")[1 + i], [t04[i][1], carried[i]]
            )
        for form in ("T02", "T03", "T05", "T08"):
            self._hierarchy(form, b.t[form], 0, 2)
        self._hierarchy("T07", b.t["T07"], 0, 2)
        if b.facts.form("T09").note is None:
            self._hierarchy("T09 收", [r[:3] for r in b.t["T09"]], 0, 2)
            spending = [
                ["合计" if "合计" in r[:2] else r[3], *r[4:]] for r in b.t["T09"] if r[3] or r[5]
            ]
            self._hierarchy("T09 支", spending, 0, 2)
        self._economic()
        rows = {r[0]: r[1:] for r in b.t["T10"]}
        for c in range(4):
            self.equal(
                f"C-T10 公车 {c}",
                rows["公务用车购置及运行费"][c],
                [rows["①公务用车购置费"][c], rows["②公务用车运行维护费"][c]],
            )
            self.equal(
                f"C-T10 合计 {c}",
                rows["合计"][c],
                [rows[k][c] for k in ("因公出国（境）费", "公务接待费", "公务用车购置及运行费")],
            )
            self.equal(f"C-T11 {c}", b.t["T11"][0][1 + c], [r[1 + c] for r in b.t["T11"][1:]])

    def _hierarchy(self, form: str, rows: list[list[str]], code: int, first: int) -> None:
        total = next((r for r in rows if "合计" in r[:2]), None)
        coded = [r for r in rows if r[code].isdigit()]
        if total is None or not coded:
            return
        for c in range(first, len(total)):
            for length, name in ((3, "类"), (7, "项")):
                parts = [r[c] for r in coded if len(r[code]) == length]
                self.equal(f"C-{form} 合计=Σ{name} {c}", total[c], parts)
            for parent in coded:
                size = {3: 5, 5: 7}.get(len(parent[code]))
                if size:
                    children = [
                        r[c]
                        for r in coded
                        if len(r[code]) == size and r[code].startswith(parent[code])
                    ]
                    self.equal(f"H-{form} {parent[code]} {c}", parent[c], children)

    def _economic(self) -> None:
        rows = self.b.t["T06"]
        total = rows[0]
        groups: list[tuple[list[str], list[list[str]]]] = []
        for r in rows[1:]:
            if not r[1]:
                groups.append((r, []))
            else:
                groups[-1][1].append(r)
        for c in (2, 3, 4):
            self.equal(f"C-T06-TOT {c}", total[c], [g[c] for g, _ in groups])
            leaves = [r[c] for _, items in groups for r in items]
            self.equal(f"C-T06-LEAF {c}", total[c], leaves)
            for group, items in groups:
                self.equal(f"C-T06-CAT {group[0]} {c}", group[c], [r[c] for r in items])

    # across forms ----------------------------------------------------------------------
    def across(self) -> None:
        b = self.b
        t02, t03, t05 = b.codes("T02"), b.codes("T03"), b.codes("T05")
        t08 = b.codes("T08")
        t09 = {r[3]: r[5:8] for r in b.t["T09"] if r[3].isdigit()}
        total02, total03, total05 = b.total("T02"), b.total("T03"), b.total("T05")
        year_end = bool(amount(b.line("T01", "年终结转")[0]))
        end_of_general = bool(amount(b.line("T04", "年终结转")[1]))
        for i in range(5):
            self.same(f"X-0102-IN {FUNDS[i]}", b.t["T01"][i][1], total02[1 + i])
        self.same("X-0102-CY", b.income("T01", "本年收入合计"), total02[0])
        self.same("X-0102-CF", b.income("T01", "上年结转"), total02[6])
        names = {r[1]: r[0] for r in b.t["T03"] if len(r[0]) == 3}
        for name, row in b.classes("T01").items():
            code = names.get(name, "")
            self.same(f"X-0103-CLS {name}", row[0], t03.get(code, [""])[0])
            income = t02.get(code, [""] * 7)
            for which, mine, theirs in (("", row[1], income[0]), ("CF", row[2], income[6])):
                if year_end:
                    self.true(f"X-0102-CLS{which} {name}", amount(mine) <= amount(theirs))
                else:
                    self.same(f"X-0102-CLS{which} {name}", mine, theirs)
        self.same("X-0103-TOT", b.line("T01", "本年支出合计")[0], total03[0])
        for code, row in t03.items():
            income = t02.get(code, [""] * 7)
            if year_end:
                more = amount(income[0]) + amount(income[6]) + Decimal("0.01")
                self.true(f"X-0203 {code}", amount(row[0]) <= more)
            else:
                self.equal(f"X-0203 {code}", row[0], [income[0], income[6]])
        in_all = [total02[0], total02[6]]
        out_all = [total03[0], b.line("T01", "年终结转")[0]]
        self.equal(
            "X-0203 total",
            str(sum(map(amount, in_all), ZERO)),
            out_all,
            slack=sum(bool(amount(v)) for v in [*in_all, *out_all]) // 2,
        )
        for i in range(3):
            self.same(f"X-0104-IN {FUNDS[i]}", b.t["T01"][i][1], b.t["T04"][i][1])
        outside = amount(total02[4]) + amount(total02[5])
        gap = amount(b.income("T01", "本年收入合计")) - amount(b.income("T04", "本年收入合计"))
        self.true("X-0104-TOT", abs(gap - outside) <= Decimal("0.02"))
        for code, row in t05.items():
            if end_of_general:
                self.true(f"X-0205 {code}", amount(row[0]) <= amount(t02[code][1]))
            else:
                self.same(f"X-0205 {code}", row[0], t02[code][1])
        if not end_of_general:
            self.same("X-0105", b.t["T01"][0][1], total05[0])
        for code, row in t03.items():
            income = t02.get(code, [""] * 7)
            if any(map(amount, income[4:7])) or year_end:
                continue
            parts = [f.get(code, [""] * 3) for f in (t05, t08, t09)]
            for c in (1, 2):
                self.equal(f"X-0305-EQ {code} {c}", row[c], [p[c] for p in parts])
        self.same("X-0506", total05[1], b.total("T06")[0])
        for form, column in (("T05", 2), ("T08", 3), ("T09", 4)):
            project = (
                next((r[7] for r in b.t["T09"] if "合计" in r[:2]), "")
                if form == "T09"
                else b.total(form)[2]
            )
            self.same(f"X-{form[1:]}12", project, b.t["T12"][0][column])
        dept12 = b.t["T12"][0]
        dept13 = b.t["T13"][0] if b.t["T13"] else [""] * 5
        carried_outside = amount(b.income("T01", "上年结转")) - amount(
            b.income("T04", "上年财政拨款结转")
        )
        low = amount(dept12[1]) + amount(dept13[1])
        self.true(
            "X-0312",
            low - Decimal("0.01") <= amount(total03[2]) <= low + carried_outside + Decimal("0.01"),
        )
        self.same("X-0208 total", b.total("T07")[0], total02[2])
        for code, row in t08.items():
            self.true(f"X-0208 {code}", amount(row[0]) <= amount(t02[code][2]))
        public = amount(b.total("T06")[2])
        self.true("X-0611", public >= amount(b.t["T11"][0][2]))

    def projects(self, units: set[str]) -> None:
        """T12 and T13: department = Σ units, unit = Σ its projects."""
        for form, width in (("T12", 7), ("T13", 5)):
            rows = self.b.t[form]
            if not rows:
                continue
            head, rest = rows[0], rows[1:]
            groups: list[tuple[list[str], list[list[str]]]] = []
            for r in rest:
                if r[0] in units:
                    groups.append((r, []))
                elif groups:
                    groups[-1][1].append(r)
                else:
                    groups.append((head, [r]))
            for c in range(1, width):
                if groups[0][0] is not head:
                    self.equal(f"C-{form}-DEPT {c}", head[c], [g[c] for g, _ in groups])
                for unit, items in groups:
                    self.equal(f"C-{form}-UNIT {unit[0]} {c}", unit[c], [r[c] for r in items])


def violations(facts: Facts, units: Iterable[str] = ()) -> tuple[list[str], int]:
    """(violated identities, number evaluated) of a document's 13 forms.

    ``units`` names the budget units that T11 does not list (plain 事业 units).
    """
    checker = Checker(facts)
    checker.rows()
    checker.columns()
    checker.across()
    named = {r[0] for r in facts.body_of("T11")[1:]} | {facts.body.name}
    checker.projects(named | set(units))
    return checker.violated, checker.evaluated

"""What each body row of a form is (``RowMeta``): total, class, section, item, unit, project …"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cache

from parsers.document import RowKind, RowMeta, Table, Warning_
from parsers.forms import HOME, Form, family_of, key, reshaped

_MARK = re.compile(
    r"^(?:其中[:：]?|[（(][一二三四五六七八九十]{1,3}[）)]、?|[一二三四五六七八九十]{1,3}、|"
    r"[（(]\d{1,2}[）)]|\d{1,2}[.、．](?!\d)|[①-⑳])+"
)
_CODE_KINDS: dict[int, RowKind] = {3: "class", 5: "section", 7: "item"}
_BODY_ENDINGS = re.compile(
    r"(?:局|中心|办公室|委员会|队|站|院|馆|所|校|学校|幼儿园|社|会|部|厅|室|处|团|台|园|场|公司|"
    r"医院|法院|检察院|政府|办|委)$"
)
_PROJECT_ENDINGS = re.compile(
    r"(?:经费|费|费用|资金|补助|补贴|项目|工程|工资|支出|款|奖金|金|建设|维护|改造|服务|采购|购置)$"
)


def describe_rows(table: Table, unit_names: Iterable[str] = ()) -> list[Warning_]:
    """Fill ``table.rows``; ``unit_names`` are bodies known from elsewhere (T11, 绩效目标表)."""
    form = reshaped(family_of(table.template).forms[table.id])
    strategy = form.rows["strategy"]
    if strategy == "two_sided":
        return _two_sided(table, form)
    if strategy == "functional_codes":
        return _codes(table, form)
    if strategy == "functional_codes_two_sided":
        return _codes_two_sided(table, form)
    if strategy == "economic_items":
        return _economic(table, form)
    if strategy == "lines":
        return _lines(table, form)
    if strategy == "units":
        return _units(table, form)
    if strategy == "projects":
        return _projects(table, form, list(unit_names))
    raise ValueError(f"{table.id}.yml names an unknown row strategy: {strategy}")


def bare(label: str) -> str:
    """A label without the number in front: 一、一般公共预算 → 一般公共预算."""
    return key(_MARK.sub("", key_label(label)))


# -- fixed labels ------------------------------------------------------------------------
@cache
def two_sided_labels(form_id: str, template: str = HOME) -> frozenset[str]:
    """Every whole label of a T01/T04 kind of form, numbered as the template prints them.

    ``numbered: as printed``: only lines with money are printed, so any may have any number.
    """
    rows = family_of(template).forms[form_id].rows
    free = rows.get("numbered") == "as printed"
    out: set[str] = set()
    for side in ("income", "expenditure"):
        names = rows[side]["class"]
        for i, name in enumerate(names):
            places = range(len(names)) if free else (i,)
            out |= {key(name), *(key(f"{_chinese(k + 1)}、{name}") for k in places)}
        out |= {key(t) for t in (*rows[side]["total"], *rows[side]["line"])}
    return frozenset(out)


@cache
def line_labels(form_id: str, template: str = HOME) -> frozenset[str]:
    """Every label of T10 with and without its mark."""
    rows = family_of(template).forms[form_id].rows
    names = [*rows["lines"], *(p for parts in rows["lines"].values() for p in parts), *rows["also"]]
    out = {key(t) for t in (*names, *rows["total"])}
    for n in names:
        out |= {key(mark + n) for mark in ("①", "②", "③", "（1）", "（2）", "1.", "2.", "3.",
                                           "一、", "二、", "三、", "其中：")}  # fmt: skip
    return frozenset(out)


def _chinese(n: int) -> str:
    digits = "零一二三四五六七八九"
    if n < 10:
        return digits[n]
    tens, ones = divmod(n, 10)
    return ("" if tens == 1 else digits[tens]) + "十" + (digits[ones] if ones else "")


def _column(form: Form, role: str) -> int:
    return form.roles.index(role)


def _unknown(table: Table, row: int, label: str) -> Warning_:
    return Warning_(
        code="unknown_label",
        message=f"{table.id} row {row + 1}: “{label}” is no label of this form",
        page=table.cells[row][0].page if table.cells and table.cells[row] else None,
        where=f"{table.id} row {row + 1}",
    )


# -- T01, T04 ----------------------------------------------------------------------------
def _two_sided(table: Table, form: Form) -> list[Warning_]:
    left, right = _column(form, "income_label"), _column(form, "expenditure_label")
    rows = form.rows
    warnings: list[Warning_] = []

    def kind(label: str, side: str) -> RowKind | None:
        k, b = key(label), bare(label)
        sets = rows[side]
        if k in {key(t) for t in sets["total"]}:
            return "total"
        if b in {key(t) for t in sets["class"]}:
            return "class"
        if b in {key(t) for t in sets["line"]}:
            return "line"
        return None

    totals = {
        side: next(
            (i for i, r in enumerate(table.body) if key(r[col]) == key(rows[side]["total"][0])),
            None,
        )
        for side, col in (("income", left), ("expenditure", right))
    }
    opens = {key(t) for t in rows["income"].get("opens", [])}
    opened: int | None = None
    metas: list[RowMeta] = []
    for i, row in enumerate(table.body):
        income, expenditure = row[left], row[right]
        k_in = kind(income, "income") if income else None
        k_ex = kind(expenditure, "expenditure") if expenditure else None
        for label, k in ((income, k_in), (expenditure, k_ex)):
            if label and k is None:
                warnings.append(_unknown(table, i, label))
        parent: int | None = None
        if k_ex == "class":
            parent = totals["expenditure"]
        elif not expenditure and k_in == "class":
            parent = opened if opened is not None else totals["income"]
        if key(income) in opens:
            opened = i
        metas.append(
            RowMeta(
                kind=(k_ex or "line"),
                label=key_label(expenditure),
                income_kind=(k_in or "line") if income else None,
                income_label=key_label(income) if income else None,
                parent=parent,
            )
        )
    table.rows = metas
    return warnings


def key_label(text: str) -> str:
    """The printed label without blanks."""
    return re.sub(r"\s+", "", text)


# -- T02, T03, T05, T07, T08, T09 --------------------------------------------------------
def _code_kind(code: str) -> RowKind | None:
    return _CODE_KINDS.get(len(code)) if code.isdecimal() else None


def _one_code(
    table: Table, form: Form, i: int, code_name: tuple[str, str], seen: dict[str, int]
) -> tuple[RowKind, str, str | None, int | None, Warning_ | None]:
    """kind, label, code, parent of one half row."""
    totals = form.totals
    code, name = key_label(code_name[0]), key_label(code_name[1])
    if key(code) in totals and not name:
        return "total", code, None, None, None
    if key(name) in totals and not code:
        return "total", name, None, None, None
    if key(code + name) in totals:
        return "total", code + name, None, None, None
    kind = _code_kind(key(code))
    if kind is None:
        return "line", name or code, code or None, None, _unknown(table, i, f"{code} {name}")
    code = key(code)
    parent = None
    if kind != "class":
        parent = seen.get(code[:-2])
    seen[code] = i
    return kind, name, code, parent, None


def _codes(table: Table, form: Form) -> list[Warning_]:
    ccol, ncol = _column(form, "code"), _column(form, "name")
    seen: dict[str, int] = {}
    metas, warnings = [], []
    total: int | None = None
    for i, row in enumerate(table.body):
        kind, label, code, parent, odd = _one_code(table, form, i, (row[ccol], row[ncol]), seen)
        if kind == "total" and total is None:
            total = i
        if kind == "class":
            parent = total
        if odd:
            warnings.append(odd)
        metas.append(RowMeta(kind=kind, label=label, code=code, parent=parent))
    table.rows = metas
    return warnings


def _codes_two_sided(table: Table, form: Form) -> list[Warning_]:
    cols = [_column(form, r) for r in ("income_code", "income_name", "code", "name")]
    seen_in: dict[str, int] = {}
    seen: dict[str, int] = {}
    metas, warnings = [], []
    total = next(
        (i for i, r in enumerate(table.body) if {key(r[c]) for c in cols} & form.totals),
        None,
    )
    for i, row in enumerate(table.body):
        income_code, income_name, code, name = (row[c] for c in cols)
        k_in: RowKind | None = None
        l_in: str | None = None
        parent_in: int | None = None
        if income_code or income_name:
            k_in, l_in, _, parent_in, odd = _one_code(
                table, form, i, (income_code, income_name), seen_in
            )
            if k_in == "class":
                parent_in = total
            if odd:
                warnings.append(odd)
        if code or name:
            kind, label, found, parent, odd = _one_code(table, form, i, (code, name), seen)
            if kind == "class":
                parent = total
            if odd:
                warnings.append(odd)
        elif k_in == "total":
            # one 合计 stands for both halves
            kind, label, found, parent = "total", l_in or "", None, None
        else:
            kind, label, found, parent = "line", "", None, parent_in
        metas.append(
            RowMeta(kind=kind, label=label, code=found, income_kind=k_in, income_label=l_in,
                    parent=parent)
        )  # fmt: skip
    table.rows = metas
    return warnings


# -- T06 ---------------------------------------------------------------------------------
def _economic(table: Table, form: Form) -> list[Warning_]:
    item = _column(form, "department_item")
    # a template without the government's own classification beside the department's
    government = _column(form, "government_item") if "government_item" in form.roles else item
    classes = {key(t) for t in form.rows["class"]}
    totals = form.totals
    metas: list[RowMeta] = []
    warnings: list[Warning_] = []
    total: int | None = None
    group: int | None = None
    for i, row in enumerate(table.body):
        label = key_label(row[item])
        k = key(row[item])
        if k in totals or (not label and key(row[government]) in totals):
            total = i if total is None else total
            metas.append(RowMeta(kind="total", label=label or key_label(row[government])))
        elif k in classes and (government == item or not row[government]):
            group = i
            metas.append(RowMeta(kind="class", label=label, parent=total))
        else:
            if not label or group is None:
                warnings.append(_unknown(table, i, label))
            metas.append(RowMeta(kind="item", label=label, parent=group))
    table.rows = metas
    return warnings


# -- T10, T11 ----------------------------------------------------------------------------
def _lines(table: Table, form: Form) -> list[Warning_]:
    col = _column(form, "label")
    totals = form.totals
    parts = {key(p): key(whole) for whole, ps in form.rows["lines"].items() for p in ps}
    known = {bare(t) for t in line_labels(form.id, form.template)}
    metas: list[RowMeta] = []
    warnings: list[Warning_] = []
    total = next((i for i, r in enumerate(table.body) if key(r[col]) in totals), None)
    whole: int | None = None
    for i, row in enumerate(table.body):
        k = bare(row[col])
        if i == total:
            metas.append(RowMeta(kind="total", label=key_label(row[col])))
            continue
        if k not in known:
            warnings.append(_unknown(table, i, row[col]))
        if k in parts or (k == "公务用车运行费" and whole is not None):
            metas.append(RowMeta(kind="item", label=key_label(row[col]), parent=whole))
            continue
        if k.startswith("公务用车购置及"):
            whole = i
        metas.append(RowMeta(kind="item", label=key_label(row[col]), parent=total))
    table.rows = metas
    return warnings


def _units(table: Table, form: Form) -> list[Warning_]:
    col = _column(form, "unit_name")
    totals = form.totals
    metas: list[RowMeta] = []
    total: int | None = None
    for i, row in enumerate(table.body):
        label = key_label(row[col])
        if key(label) in totals:
            total = i if total is None else total
            metas.append(RowMeta(kind="organisation", label=label))
        else:
            metas.append(RowMeta(kind="unit", label=label, parent=total, unit_name=label))
    table.rows = metas
    return []


# -- T12, T13 ----------------------------------------------------------------------------
def _projects(table: Table, form: Form, names: list[str]) -> list[Warning_]:
    """First row: the department's total; then each unit's total followed by its projects.

    The printed list does not say which row is which. Names known from elsewhere and the
    table's own arithmetic decide together: a unit's total is the sum of the projects below it.
    """
    col = _column(form, "label")
    labels = [key_label(r[col]) for r in table.body]
    if not labels:
        table.rows = []
        return []
    owner = _owner_name(table)
    known = {key(n) for n in [*names, owner] if n}
    values = [
        [c.amount or Decimal(0) for c, spec in zip(r, form.columns, strict=True)
         if spec.kind == "amount"]
        for r in table.cells
    ]  # fmt: skip
    units = _part(labels, values, known, table.step)
    metas = [RowMeta(kind="organisation", label=labels[0])]
    current: int | None = 0
    unit_name = labels[0]
    for i in range(1, len(labels)):
        if i in units:
            current, unit_name = i, labels[i]
            metas.append(RowMeta(kind="unit", label=labels[i], parent=0, unit_name=unit_name))
        else:
            metas.append(
                RowMeta(kind="project", label=labels[i], parent=current, unit_name=unit_name)
            )
    table.rows = metas
    warnings: list[Warning_] = []
    for i in sorted(units):
        if _name_cost(labels[i], known) > 0:
            warnings.append(
                Warning_(
                    code="unit_by_arithmetic",
                    message=f"{table.id} row {i + 1}: “{labels[i]}” is taken for a unit because "
                    "the rows below add up to it; its name is found nowhere else",
                    page=table.cells[i][col].page,
                    where=f"{table.id} row {i + 1}",
                )
            )
    return warnings


def _owner_name(table: Table) -> str:
    owner = key_label(table.owner or "")
    return re.sub(r"^[^:：]*[:：]", "", owner)


def _name_cost(label: str, known: set[str]) -> float:
    """Cost of calling this label a unit (negative: it plainly is one)."""
    k = key(label)
    if k in known:
        return -6.0
    if _PROJECT_ENDINGS.search(k):
        return 5.0
    return -1.0 if _BODY_ENDINGS.search(k) else 3.0


def _part(
    labels: Sequence[str], values: list[list[Decimal]], known: set[str], step: Decimal
) -> set[int]:
    """Indices of the unit rows: the cheapest parting of rows 1… into units and their projects."""
    n = len(labels)
    if n < 2:
        return set()
    prefix: list[list[Decimal]] = [[Decimal(0)] * len(values[0])]
    for v in values:
        prefix.append([a + b for a, b in zip(prefix[-1], v, strict=True)])

    def mismatch(i: int, j: int) -> float:
        """How badly rows i+1…j-1 add up to row i (share of the columns that do not)."""
        slack = step * ((j - i) // 2 + 1)
        wrong = sum(
            abs(prefix[j][c] - prefix[i + 1][c] - values[i][c]) > slack
            for c in range(len(values[i]))
        )
        return 4.0 * wrong

    # Without any unit: everything is a project of the one body (2023 documents of one unit).
    alone = mismatch(0, n) + sum(6.0 for i in range(1, n) if key(labels[i]) in known)
    best: list[tuple[float, int]] = [(0.0, n)] * (n + 1)
    for i in range(n - 1, 0, -1):
        choice = (float("inf"), n)
        hidden = 0.0
        for j in range(i + 1, n + 1):
            if j - 1 > i and key(labels[j - 1]) in known:
                hidden += 6.0
            # a unit with an amount but no project below it
            lone = 8.0 if j == i + 1 and any(values[i]) else 0.0
            cost = _name_cost(labels[i], known) + mismatch(i, j) + hidden + lone + best[j][0]
            if cost < choice[0]:
                choice = (cost, j)
        best[i] = choice
    if best[1][0] >= alone:
        return set()
    out = set()
    i = 1
    while i < n:
        out.add(i)
        i = best[i][1]
    return out

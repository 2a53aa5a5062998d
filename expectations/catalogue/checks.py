"""Identities that are no sums: sets, names, form numbers, years, order.

Each check gives one result an instance. They are landed as outcomes (no terms to recompute).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from expectations.catalogue.figures import Figure
from expectations.catalogue.targets import Target, bare_name
from expectations.catalogue.view import FormView, squeeze, tidy_label
from parsers.document import FormId

if TYPE_CHECKING:
    from expectations.catalogue.binder import Binder
    from expectations.catalogue.schema import Binding

_YEAR = re.compile(r"20\d\d")
_NUMBER = re.compile(r"\d+")
_NO_DATA = re.compile(r"无数据|为空表|没有数据")
_OWNER = re.compile(r"^(编制|填报|预算)?(部门|单位|部门(（单位）|\(单位\)))?(名称)?[::]")
LABEL_PREFIX = "预算公开表"
CODED: tuple[FormId, ...] = ("T02", "T03", "T05", "T08", "T09")
_SHOWN = 5


@dataclass(slots=True)
class CheckResult:
    """``holds`` null: not applicable, ``reason`` says why."""

    instance: str
    holds: bool | None
    reason: str | None = None
    statements: tuple[str, str] | None = None
    statements_en: tuple[str, str] | None = None
    pages: list[int] = field(default_factory=list)


Check = Callable[["Binder", "Binding"], Iterator[CheckResult]]
CHECKS: dict[str, Check] = {}


def check(name: str) -> Callable[[Check], Check]:
    def register(function: Check) -> Check:
        CHECKS[name] = function
        return function

    return register


def run_check(name: str, binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    """The results of a named check. Raises KeyError for a name that no check carries."""
    return CHECKS[name](binder, binding)


def _forms(binder: Binder, wanted: Iterable[FormId]) -> Iterator[FormView]:
    for name in wanted:
        form = binder.view.forms.get(name)
        if form is not None:
            yield form


def _on(pages: Iterable[int]) -> str:
    listed = "、".join(str(p) for p in sorted(set(pages)))
    return f"（第{listed}页）" if listed else ""


def _on_en(pages: Iterable[int]) -> str:
    listed = ", ".join(str(p) for p in sorted(set(pages)))
    return f" (p. {listed})" if listed else ""


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    more = f"等{len(names)}项" if len(names) > _SHOWN else ""
    return "、".join(names[:_SHOWN]) + more if names else "无"


def _about(form: FormView, what: str, found: str, expected: str, what_en: str) -> CheckResult:
    """A result about one form; the caller sets ``instance`` and ``holds``."""
    pages = form.table.pages
    return CheckResult(
        instance="",
        holds=None,
        statements=(f"{form.form} {what}「{found}」{_on(pages)}", expected),
        statements_en=(f"{form.form} {what_en} “{found}”{_on_en(pages)}", expected),
        pages=list(pages),
    )


# --- M: labels ---------------------------------------------------------------------------------


@check("tables_present")
def tables_present(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    for name in binding.forms:
        yield CheckResult(
            f"{name}存在",
            name in binder.view.forms,
            statements=(f"规定的 {name} 应当公开", f"文件中没有 {name}"),
            statements_en=(f"{name} has to be published", f"the file has no {name}"),
        )


@check("title_year")
def title_year(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    year = binder.document.document.year
    for form in _forms(binder, binding.forms):
        found = _YEAR.search(squeeze(form.table.title))
        result = _about(form, "标题", form.table.title, f"封面年度 {year}", "title")
        result.instance = f"{form.form}标题年度={year}"
        if found is None or year is None:
            result.reason = "标题或封面未印年度"
        else:
            result.holds = int(found.group()) == year
        yield result


@check("listed_in_contents")
def listed_in_contents(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    listed = [squeeze(title) for title in binder.document.contents]
    for form in _forms(binder, binding.forms):
        title = squeeze(form.table.title)
        result = _about(form, "标题", form.table.title, "目录没有此标题", "title")
        result.instance = f"{form.form}标题见于目录"
        if not listed or not title:
            result.reason = "没有目录或标题"
        else:
            result.holds = any(title in entry for entry in listed)
        yield result


@check("form_number")
def form_number(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    for form in _forms(binder, binding.forms):
        label = form.table.label
        if not label:
            continue
        place = int(form.form[1:])
        found = _NUMBER.search(squeeze(label))
        result = _about(form, "表号", label, f"第 {place} 张表", "form number")
        result.instance = f"{form.form}表号"
        if found is None:
            result.reason = "表号没有数字"
        else:
            result.holds = int(found.group()) == place
        yield result


@check("form_prefix")
def form_prefix(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    for form in _forms(binder, binding.forms):
        label = form.table.label
        if not label:
            continue
        result = _about(form, "表号", label, f"应为「{LABEL_PREFIX}」", "form label")
        result.instance = f"{form.form}表号前缀『{LABEL_PREFIX}』"
        result.holds = squeeze(label).startswith(LABEL_PREFIX)
        yield result


@check("owner_name")
def owner_name(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    name = binder.document.document.department
    for form in _forms(binder, binding.forms):
        owner = form.table.owner
        result = _about(form, "表头", owner or "", f"封面单位名「{name}」", "owner line")
        result.instance = f"{form.form}表头单位名={name}"
        printed = _OWNER.sub("", squeeze(owner or ""))
        if not printed or not name:
            result.reason = "表头或封面未印单位名"
        else:
            result.holds = bare_name(printed) == bare_name(name)
        yield result


@check("money_unit")
def money_unit(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    printed = {f.form: squeeze(f.table.unit or "") for f in _forms(binder, binding.forms)}
    units = Counter("万元" if u.endswith("万元") else "元" for u in printed.values() if u)
    common = units.most_common(1)[0][0] if units else "万元"
    for form in _forms(binder, binding.forms):
        unit = printed[form.form]
        result = _about(form, "单位", unit, f"全文单位 {common}", "unit")
        result.instance = f"{form.form}单位={common}"
        if not unit:
            result.reason = "未印金额单位"
        else:
            result.holds = unit.endswith(common) and (common == "万元" or "万元" not in unit)
        yield result


@check("no_data_note")
def no_data_note(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    for form in _forms(binder, binding.forms):
        filled = any(a != 0 for a in form.amounts()) or (
            not binder.view.prints_zero and any(True for _ in form.amounts())
        )
        says_none = bool(_NO_DATA.search(form.table.note or ""))
        result = _about(
            form, "注", form.table.note or "无", "表中有金额" if filled else "表中没有金额", "note"
        )
        result.instance = f"{form.form}『本表无数据』⇔无金额"
        result.holds = says_none != filled
        yield result


@check("class_list")
def class_list(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    wanted = [c.code for c in binder.view.labels.classes]
    for form in _forms(binder, binding.forms):
        found = [x.code for x in form.halves["expenditure"].lines if x.code is not None]
        result = _about(
            form,
            "支出类级科目",
            f"{len(found)}个",
            f"规定的{len(wanted)}个类级科目按序列示",
            "classes",
        )
        result.instance = f"{form.form} {len(wanted)}个类级科目齐全且按序"
        result.holds = found == wanted
        yield result


@check("code_names")
def code_names(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    """A code carries one name; what most tables print is taken as the name."""
    printed: dict[str, Counter[str]] = {}
    rows: list[tuple[FormView, str, str, int]] = []
    for form in _forms(binder, binding.forms):
        for line in form.halves["expenditure"].lines:
            if line.code is None:
                continue
            name = tidy_label(line.printed)
            printed.setdefault(line.code, Counter())[name] += 1
            rows.append((form, line.code, name, line.index))
    listed = {c.code: tidy_label(c.name) for c in binder.view.labels.classes}
    for form, code, name, row in rows:
        names = printed[code]
        most = max(names.values())
        usual = [n for n, times in names.items() if times == most]
        common = listed[code] if listed.get(code) in usual else usual[0]
        page = _row_pages(form, row)
        yield CheckResult(
            f"{form.form} {code} 名称一致",
            name == common,
            statements=(f"{form.form} {code} 名称「{name}」{_on(page)}", f"其他表为「{common}」"),
            statements_en=(
                f"{form.form} {code} is called “{name}”{_on_en(page)}",
                f"the other tables call it “{common}”",
            ),
            pages=page,
        )


@check("code_parents")
def code_parents(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    for form in _forms(binder, binding.forms):
        side = form.halves["expenditure"]
        for line in side.lines:
            if line.code is None or len(line.code) == 3:
                continue
            page = _row_pages(form, line.index)
            above = line.code[:-2]
            yield CheckResult(
                f"{form.form} {line.code} 上级科目存在",
                above in side.by_code,
                statements=(
                    f"{form.form} 列有 {line.code}{_on(page)}",
                    f"表中没有上级科目 {above}",
                ),
                statements_en=(
                    f"{form.form} lists {line.code}{_on_en(page)}",
                    f"its parent {above} is not in the table",
                ),
                pages=page,
            )


@check("code_order")
def code_order(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    for form in _forms(binder, binding.forms):
        codes = [x.code for x in form.halves["expenditure"].lines if x.code is not None]
        wrong = [b for a, b in pairwise(codes) if a >= b]
        result = _about(form, "科目编码", _listed(wrong), "编码应升序且不重复", "codes")
        result.instance = f"{form.form} 科目编码升序无重复"
        result.holds = not wrong
        yield result


@check("target_year")
def target_year(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    year = binder.document.document.year
    for target in binder.targets.projects:
        known = target.year is not None and year is not None
        yield CheckResult(
            f"{_target(target)} 年度",
            target.year == year if known else None,
            reason=None if known else "目标表或封面未印年度",
            statements=(f"绩效目标表《{target.name}》年度 {target.year}", f"封面年度 {year}"),
            statements_en=(f"target “{target.name}” is of {target.year}", f"cover year {year}"),
        )


@check("target_unit")
def target_unit(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    units = Counter(t.money_unit for t in binder.targets.projects if t.money_unit)
    common = units.most_common(1)[0][0] if units else ""
    for target in binder.targets.projects:
        known = bool(target.money_unit)
        yield CheckResult(
            f"{_target(target)} 金额单位全文一致",
            target.money_unit == common if known else None,
            reason=None if known else "目标表未印金额单位",
            statements=(
                f"绩效目标表《{target.name}》以{target.money_unit}为单位",
                f"其他目标表以{common}为单位",
            ),
            statements_en=(
                f"target “{target.name}” is in {target.money_unit}",
                f"the other targets are in {common}",
            ),
        )


@check("unique_projects")
def unique_projects(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    form = binder.view.forms.get("T12")
    listed = [x.label for x in form.kind_lines("expenditure", ["project"])] if form else []
    targets = [squeeze(t.name) for t in binder.targets.projects]
    for where, names in (("T12项目名", listed), ("目标表项目名", targets)):
        twice = [name for name, times in Counter(names).items() if times > 1]
        yield CheckResult(
            f"{where}不重复",
            not twice,
            statements=(f"{where}「{_listed(twice)}」", "出现不止一次"),
            statements_en=(f"{where}: {_listed(twice)}", "more than once"),
        )


# --- N: running text ---------------------------------------------------------------------------


def _sets(
    instance: str, said: Iterable[str], found: Iterable[str], where: tuple[str, str]
) -> CheckResult:
    in_text, in_table = set(said), set(found)
    only_text, only_table = sorted(in_text - in_table), sorted(in_table - in_text)
    return CheckResult(
        instance,
        in_text == in_table,
        statements=(
            f"说明文字列示{len(in_text)}项，其中表中没有：{_listed(only_text)}",
            f"{where[0]}有{len(in_table)}项，其中文字没有：{_listed(only_table)}",
        ),
        statements_en=(
            f"the text lists {len(in_text)}; not in the table: {_listed(only_text)}",
            f"{where[1]} has {len(in_table)}; not in the text: {_listed(only_table)}",
        ),
    )


def _filled(form: FormView, column: str, kinds: Iterable[str], *, zeros: bool) -> set[str]:
    place = form.column.get(column)
    names: set[str] = set()
    if place is None:
        return names
    for line in form.kind_lines("expenditure", list(kinds)):
        cell = form.cell(line.index, place)
        if cell is not None and cell.amount is not None and (zeros or cell.amount != 0):
            names.add(line.label)
    return names


@check("listed_names")
def listed_names(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    """The names a section lists are those with an amount in the table (0.00 is an amount)."""
    zeros = not binder.view.prints_zero
    for instance, source, name, column, kind, where in (
        ("第四节列示的类=T04非空类", "fiscal_class", "T04", "total", "class", ("T04", "T04")),
        ("第五节列示的类=T05类", "general_public_class", "T05", "total", "class", ("T05", "T05")),
        ("人员经费清单=T06有人员金额的款", "personnel_items", "T06", "personnel", "item", ("T06 人员", "T06 personnel")),
        ("公用经费清单=T06有公用金额的款", "non_personnel_items", "T06", "non_personnel", "item", ("T06 公用", "T06 non-personnel")),
    ):  # fmt: skip
        form = binder.view.forms.get(name)  # type: ignore[call-overload]
        group: dict[str, Figure] = binder.figures.group.get(source, {})
        said = binder.figures.lists.get(source) or list(group)
        if form is None or not said:
            yield CheckResult(instance, None, reason="文字未列示或缺表")
            continue
        found = _filled(form, column, [kind], zeros=zeros)
        yield _sets(instance, (tidy_label(x) for x in said), found, where)


@check("lists_unique")
def lists_unique(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    lists = [binder.figures.lists.get(n) for n in ("personnel_items", "non_personnel_items")]
    if not any(lists):
        yield CheckResult("清单无重复", None, reason="文字未列示清单")
        return
    twice = [n for one in lists for n, k in Counter(one or []).items() if k > 1]
    yield CheckResult(
        "清单无重复",
        not twice,
        statements=(f"说明文字的清单中「{_listed(twice)}」", "列示不止一次"),
        statements_en=(f"lists of the text: {_listed(twice)}", "more than once"),
    )


@check("directions")
def directions(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    """增加/减少 of the amount and of the rate are the same word."""
    for name, change, rate in (
        ("1收 增减方向一致", "income_change", "income_change_rate"),
        ("1支 增减方向一致", "expenditure_change", "expenditure_change_rate"),
        ("5 增减方向一致", "general_public_change", "general_public_change_rate"),
    ):
        yield _same_sign(binder, name, change, rate)


@check("same_direction")
def same_direction(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    yield _same_sign(binder, "收入与支出增减方向相同", "income_change", "expenditure_change")


def _same_sign(binder: Binder, instance: str, one: str, other: str) -> CheckResult:
    a, b = binder.figures.single.get(one), binder.figures.single.get(other)
    if a is None or b is None:
        return CheckResult(instance, None, reason="文字未公开")
    pages = sorted({p for p in (a.page, b.page) if p is not None})
    return CheckResult(
        instance,
        a.value * b.value > 0 or a.value == b.value == 0 or 0 in (a.value, b.value),
        statements=(f"说明文字称{a.zh} {a.printed}", f"{b.zh} {b.printed}"),
        statements_en=(f"{a.name} {a.printed}", f"{b.name} {b.printed}"),
        pages=pages,
    )


@check("no_three_public")
def no_three_public(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    instance = "文字『无三公经费预算』⇔T10全空"
    form = binder.view.forms.get("T10")
    if binder.figures.flags.get("three_public_none") is not True or form is None:
        yield CheckResult(instance, None, reason="文字没有称无“三公”经费预算")
        return
    filled = any(a != 0 for a in form.amounts())
    pages = list(form.table.pages)
    yield CheckResult(
        instance,
        not filled,
        statements=("说明文字称无“三公”经费预算", f"T10 有金额{_on(pages)}"),
        statements_en=(
            "the text says: no three public expenses",
            f"T10 has amounts{_on_en(pages)}",
        ),
        pages=pages,
    )


@check("vehicles_exist")
def vehicles_exist(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    instance = "有公车运维费⇒实有车>0"
    form = binder.view.forms.get("T10")
    owned = binder.figures.single.get("vehicles_actual")
    if form is None or owned is None or "vehicles_quota" not in binder.figures.single:
        yield CheckResult(instance, None, reason="文字未公开车辆数或缺 T10")
        return
    line = form.halves["expenditure"].roles.get("vehicle_running")
    place = form.column.get("total")
    cell = form.cell(line.index, place) if line is not None and place is not None else None
    paid = bool(cell is not None and cell.amount)
    yield CheckResult(
        instance,
        not paid or owned.value > 0,
        statements=("T10 列有公务用车运行维护费", f"说明文字称实有车辆 {owned.printed} 辆"),
        statements_en=("T10 has vehicle running costs", f"the text: {owned.printed} vehicles"),
        pages=list(form.table.pages),
    )


# --- P: performance tables ---------------------------------------------------------------------


def _target(target: Target) -> str:
    return f"目标表 {target.index:02d}:{target.name}"


@check("target_sides")
def target_sides(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    """Equal totals on both sides mean that every source is equal on both sides."""
    for target in binder.targets.projects:
        period, annual = target.figures["period_total"], target.figures["annual_total"]
        if period.value is None or period.value != annual.value:
            continue
        pairs = zip(target.parts.get("period", []), target.parts.get("annual", []), strict=True)
        for (label, left), (_, right) in pairs:
            if left.value is None and right.value is None:
                continue
            yield CheckResult(
                f"{target.index:02d}:{target.name} 总额相同则分项相同[{label}]",
                (left.value or 0) == (right.value or 0),
                statements=(
                    f"绩效目标表《{target.name}》{label} 实施期 {left.printed or '空白'}",
                    f"年度 {right.printed or '空白'}，而两栏总额相同",
                ),
                statements_en=(
                    f"target “{target.name}”, {label}, whole period {left.printed or 'blank'}",
                    f"annual {right.printed or 'blank'}, while both totals are equal",
                ),
            )


@check("target_names")
def target_names(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    for target in binder.targets.projects:
        line = binder.project_line(target)
        if line is None:
            reason = "T12 没有可对应的项目"
            yield CheckResult(f"{_target(target)} 名称与T12一致", None, reason=reason)
            continue
        yield CheckResult(
            f"{_target(target)} 名称与T12一致",
            bare_name(target.name) == bare_name(line.label),
            statements=(f"绩效目标表项目名称「{target.name}」", f"T12 为「{line.label}」"),
            statements_en=(f"target is called “{target.name}”", f"T12 says “{line.label}”"),
        )


@check("listed_amounts")
def listed_amounts(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    """Every itemised amount is that of a T12 project no other item has taken."""
    form = binder.view.forms.get("T12")
    place = form.column.get("total") if form is not None else None
    if form is None or place is None:
        return
    left: Counter[Decimal] = Counter()
    for line in form.kind_lines("expenditure", ["project"]):
        cell = form.cell(line.index, place)
        if cell is not None and cell.amount is not None:
            left[cell.amount * form.table.factor] += 1
    for name, figure in binder.figures.group.get("listed_project", {}).items():
        found = left[figure.value] > 0
        left[figure.value] -= found
        pages = [figure.page] if figure.page is not None else []
        yield CheckResult(
            f"{name}=T12",
            found,
            statements=(
                f"说明文字列示「{name}」{figure.printed} {figure.unit}{_on(pages)}",
                f"T12 没有此金额的项目{_on(form.table.pages)}",
            ),
            statements_en=(
                f"the text lists “{name}” {figure.printed} {figure.unit}{_on_en(pages)}",
                f"T12 has no project of this amount{_on_en(form.table.pages)}",
            ),
            pages=[*pages, *form.table.pages],
        )


@check("department_codes")
def department_codes(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    codes = {t.index: squeeze(t.department).partition("-")[0] for t in binder.targets.projects}
    usual = Counter(c for c in codes.values() if c)
    common = usual.most_common(1)[0][0] if usual else ""
    for target in binder.targets.projects:
        code = codes[target.index]
        yield CheckResult(
            f"{_target(target)} 主管部门及代码",
            code == common if code else None,
            reason=None if code else "目标表未印主管部门代码",
            statements=(f"绩效目标表《{target.name}》代码 {code}", f"其他目标表为 {common}"),
            statements_en=(f"target “{target.name}” has code {code}", f"the others have {common}"),
        )


def _row_pages(form: FormView, row: int) -> list[int]:
    return sorted({cell.page for cell in form.table.cells[row]}) if form.table.cells else []


@check("joint")
def joint(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    """J01 needs all other outcomes: ``verdict`` adds it after they are known."""
    yield from ()


# --- further checks a reviewer makes (soft) ----------------------------------------------------

_COMPARED = re.compile(r"[比与较](20\d\d)年")
_NOT_A_COMPARISON = re.compile(r"规划|以来|年末|年底")
_REASONED = re.compile(r"原因|由于|因|主要是|系")
_WHOLE_COST = re.compile(r"^(成本控制数|项目(总)?成本|项目支出(总额)?|总成本|项目资金总额)$")
_COST = re.compile(
    r"^(?P<sign>≤|<=|不超过|<|=|≥|>=|>)?(?P<value>[\d,]+(\.\d+)?)(?P<unit>万?元)(/年)?$"
)
_STATED_COST = re.compile(
    r"(费用|经费|资金)(总计|合计|共计)(?P<value>[\d,]+(\.\d+)?)(?P<unit>万?元)"
)
_PRODUCT = re.compile(
    r"(?P<heads>\d+)人[×xX*](?P<rate>\d+(\.\d+)?)元?(/人)?(/月|每月)?[×xX*](?P<months>\d+)个?月"
)
_UPPER = ("≤", "<=", "不超过", "<")


@check("base_year")
def base_year(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    """A section that compares with a year by its number compares with the year before."""
    year = binder.document.document.year
    found: dict[str, list[tuple[int, int | None]]] = {}
    for sentence in binder.document.narrative.sentences:
        text = squeeze(sentence.sentence)
        if _NOT_A_COMPARISON.search(text):
            continue
        for match in _COMPARED.finditer(text):
            found.setdefault(squeeze(sentence.section), []).append(
                (int(match.group(1)), sentence.page)
            )
    if year is None or not found:
        yield CheckResult("对比年度为上年", None, reason="文字未与某一年度对比，或封面未印年度")
        return
    for section, years in found.items():
        wrong = sorted({y for y, _ in years if y != year - 1})
        pages = sorted({p for y, p in years if p is not None and (y in wrong or not wrong)})
        said = "、".join(str(y) for y in wrong)
        yield CheckResult(
            f"{section} 对比年度={year - 1}",
            not wrong,
            statements=(f"说明文字「{section}」与{said}年对比{_on(pages)}", f"封面年度 {year}"),
            statements_en=(f"the text compares with {said}{_on_en(pages)}", f"cover year {year}"),
            pages=pages,
        )


@check("change_explained")
def change_explained(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    """A change of so many percent (option ``percent``) is given a reason."""
    name = "1 收支变动说明原因"
    rate = binder.figures.single.get("income_change_rate")
    texts = [
        squeeze(s.sentence)
        for s in binder.document.narrative.sentences
        if "收支" in s.section and "变动" in s.section
    ]
    least = Decimal(binding.options["percent"])
    if rate is None or not texts:
        yield CheckResult(name, None, reason="文字未公开增减率")
    elif abs(rate.value) < least:
        yield CheckResult(name, None, reason=f"增减率不足 {least}%")
    else:
        told = any(
            r.topic in ("income_total", "expense_total") and r.text.strip()
            for r in binder.document.reasons
        )
        pages = [rate.page] if rate.page is not None else []
        yield CheckResult(
            name,
            told or any(_REASONED.search(t) for t in texts),
            statements=(f"说明文字称{rate.zh} {rate.printed}%{_on(pages)}", "未说明增减原因"),
            statements_en=(f"the text tells a change of {rate.printed}%", "and gives no reason"),
            pages=pages,
        )


@check("attached_targets")
def attached_targets(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    """Where the text does not tell how many targets are published: no more than are managed."""
    name = "所附目标表不多于纳入管理的项目数"
    managed = binder.figures.single.get("target_projects")
    attached = len(binder.targets.projects)
    if managed is None or not attached:
        yield CheckResult(name, None, reason="文字未公开项目数，或未附目标表")
    elif "published_projects" in binder.figures.single:
        yield CheckResult(name, None, reason="文字另述公开的目标数（P-PUBCNT）")
    else:
        pages = [managed.page] if managed.page is not None else []
        yield CheckResult(
            name,
            attached <= managed.value,
            statements=(
                f"说明文字称{managed.zh} {managed.value.normalize():f}个{_on(pages)}",
                f"文件附有 {attached} 张项目支出绩效目标表",
            ),
            statements_en=(
                f"the text tells of {managed.value.normalize():f} projects under management",
                f"{attached} targets are attached",
            ),
            pages=pages,
        )


@check("stated_cost")
def stated_cost(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    """The whole cost as a target's own words state it is its annual amount.

    Read are one indicator of the whole cost (成本控制数 …), one total in its texts (费用总计 …),
    and heads × rate × months, which as a part cannot exceed the whole. 以下 and ≤ give a bound.
    """
    for target in binder.targets.projects:
        annual = target.figures["annual_total"].value
        stated = list(_stated_costs(binder.document.performance[target.index]))
        if annual is None or not stated:
            continue
        for what, said, value, step, relation in stated:
            off = value - annual
            holds = {"=": abs(off) <= step, "<=": off <= step, ">=": off >= -step}[relation]
            yield CheckResult(
                f"{_target(target)} {what}",
                holds,
                statements=(
                    f"绩效目标表《{target.name}》{what}「{said}」",
                    f"年度资金总额 {annual.normalize():f} 元",
                ),
                statements_en=(
                    f"target “{target.name}” states “{said}”",
                    f"its annual amount is {annual.normalize():f} 元",
                ),
            )


def _stated_costs(
    table: dict[str, object],
) -> Iterator[tuple[str, str, Decimal, Decimal, str]]:
    """What is stated, as printed, in 元, half its step, how it stands to the annual amount."""
    costs = [c for row in _rows_of(table.get("指标")) if (c := _whole_cost(row)) is not None]
    if len(costs) == 1:
        yield costs[0]
    texts = table.get("文字")
    words = [squeeze(str(v)) for v in texts.values()] if isinstance(texts, dict) else []
    totals = [m for t in words for m in _STATED_COST.finditer(t)]
    if len(totals) == 1:
        yield ("项目概况所述总额", totals[0].group(), *_yuan(totals[0]), "=")
    products = [m for t in words for m in _PRODUCT.finditer(t)]
    if len(products) == 1:
        m = products[0]
        value = Decimal(m["heads"]) * Decimal(m["rate"]) * Decimal(m["months"])
        yield "人数×标准×月数", m.group(), value, Decimal(0), "<="


def _rows_of(rows: object) -> list[dict[str, object]]:
    return [r for r in rows if isinstance(r, dict)] if isinstance(rows, list) else []


def _whole_cost(row: dict[str, object]) -> tuple[str, str, Decimal, Decimal, str] | None:
    cells = row.get("right")
    texts = [squeeze(str(c)) for c in cells] if isinstance(cells, list) else []
    if len(texts) != 3 or not texts[0].startswith("成本") or not _WHOLE_COST.match(texts[1]):
        return None
    found = _COST.match(texts[2])
    if found is None:
        return None
    sign = found["sign"] or "="
    relation = ">=" if sign in _UPPER else "=" if sign == "=" else "<="
    return (f"成本指标 {texts[1]}", texts[2], *_yuan(found), relation)


def _yuan(found: re.Match[str]) -> tuple[Decimal, Decimal]:
    value = Decimal(found["value"].replace(",", ""))
    factor = Decimal(10_000) if found["unit"] == "万元" else Decimal(1)
    decimals = len(found["value"].partition(".")[2])
    return value * factor, factor.scaleb(-decimals) / 2 if factor != 1 else Decimal(0)


@check("current_names")
def current_names(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    """No 类 under a name that the official classification has given up (options: old → new)."""
    year = binder.document.document.year
    found: dict[str, list[str]] = {}
    for form in _forms(binder, binding.forms):
        for line in form.halves["expenditure"].lines:
            if line.label in binding.options:
                found.setdefault(line.label, []).append(form.form)
    listed = "、".join(f"{name}（{'、'.join(forms)}）" for name, forms in found.items())
    now = "、".join(binding.options[name] for name in found)
    known = year is not None and year >= int(binding.options["since"])
    yield CheckResult(
        "类级科目为现行名称",
        not found if known else None,
        reason=None if known else f"封面年度不明或早于 {binding.options['since']} 年",
        statements=(f"列有旧科目名称「{listed}」", f"现行名称「{now}」"),
        statements_en=(f"former names “{listed}”", f"now “{now}”"),
    )

"""What a reviewer checks besides the sums (soft): plausibility, boilerplate, two figures for one thing.

None of these is a rule of arithmetic. Each is worded so that a consistent budget of any money
gives nothing, and its bound stands in ``identities.yml`` (``options``) with the reason beside it.
The functions register themselves like those of ``checks``; the binder imports this module for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from typing import TYPE_CHECKING

from expectations.catalogue.checks import CheckResult, check
from expectations.catalogue.figures import number
from expectations.catalogue.targets import bare_name
from expectations.catalogue.view import FormView, Line, squeeze, tidy_label
from parsers.document import FormId

if TYPE_CHECKING:
    from expectations.catalogue.binder import Binder
    from expectations.catalogue.schema import Binding

_WAN = Decimal(10_000)
_HUNDRED = Decimal(100)
_MOST_UNITS = 12  # so many units have 4,095 groups; a department with more is not asked
_RUNNING_OF_AN_INSTITUTION = re.compile(r"^\d{5}50$")
_AMOUNT = r"(?P<value>[\d,]+(?:\.\d+)?)(?P<unit>亿元|万元|元)"
_FACTORS = {"亿元": _WAN * _WAN, "万元": _WAN, "元": Decimal(1)}
# 与2022年预算39.43万元相比减少1.34万元,下降3.40% · 由39.43万元减少1.34万元,下降3.40%
_FROM_A_BASE = re.compile(
    r"(?:[比与较]|由|相比)[^。;,，]*?(?P<base>[\d,]+(?:\.\d+)?)万元[^。;\d]*?"
    r"(?:增加|减少|增长|下降)[了]?(?P<change>[\d,]+(?:\.\d+)?)万元[,，]?[^。;\d]*?"
    r"(?:增加|减少|增长|下降|上升|降低)[了]?(?P<rate>[\d.]+)%"
)
_CHANGED_BY = re.compile(r"(增加|减少|增长|下降)[了]?$")
_YEAR = re.compile(r"20\d\d")
# where the standard text names its own body
_NAMED_BODY = (
    re.compile(
        r"^20\d\d年度?+(?P<name>[^,。;\d]+?)(?:预算收入(?:总计)?|支出预算|财政拨款收支总预算)\d"
    ),
    re.compile(
        r"^20\d\d年度?+(?P<name>[^,。;\d]+?)一般公共预算(?:当年(?:支出|拨款)|安排基本支出)\d"
    ),
    re.compile(r"^20\d\d年度?+(?P<name>[^,。;\d]+?)(?:政府采购预算总额|纳入绩效目标管理)"),
    re.compile(r"^截至20\d\d年\d+月\d+日,(?P<name>[^,。;\d]+?)(?:共有公务用车|使用的办公用房)"),
)
_NO_NAME = re.compile(r"^(本|我|该|全)|部门各单位$|^(部门|单位)$")
_LEADING_MARKS = re.compile(r"^[0-9()（）、.]+")
_IN_BRACKETS = re.compile(r"[(（][^)）]*[)）]")


@dataclass(slots=True)
class _Paid:
    """A row's amount in 元, the step it is rounded to, and the page it stands on."""

    label: str
    yuan: Decimal
    step: Decimal
    page: int | None


def _wan(yuan: Decimal) -> str:
    return f"{yuan / _WAN:.2f} 万元"


def _on(pages: Iterable[int | None]) -> str:
    listed = "、".join(str(p) for p in sorted({p for p in pages if p is not None}))
    return f"（第{listed}页）" if listed else ""


def _on_en(pages: Iterable[int | None]) -> str:
    listed = ", ".join(str(p) for p in sorted({p for p in pages if p is not None}))
    return f" (p. {listed})" if listed else ""


def _known(pages: Iterable[int | None]) -> list[int]:
    return sorted({p for p in pages if p is not None})


def _paid(form: FormView, lines: Iterable[Line], role: str) -> list[_Paid]:
    """The amounts of a column in some rows; blank ones are left out."""
    place = form.column.get(role)
    found: list[_Paid] = []
    for line in lines:
        cell = form.cell(line.index, place) if place is not None else None
        if cell is not None and cell.amount is not None:
            yuan = cell.amount * form.table.factor
            found.append(_Paid(line.label, yuan, form.unit, cell.page))
    return found


def _form(binder: Binder, name: FormId) -> FormView | None:
    return binder.view.forms.get(name)


def _items(form: FormView, *labels: str) -> list[Line]:
    """Economic items of T06 by name; an item may be printed once for each government item."""
    wanted = {tidy_label(x) for x in labels}
    return [x for x in form.kind_lines("expenditure", ["item"]) if x.label in wanted]


def _sum(paid: Iterable[_Paid]) -> Decimal:
    return sum((p.yuan for p in paid), Decimal(0))


def _texts(binder: Binder) -> Iterator[tuple[str, str, int | None]]:
    """(heading, sentence, page) of part 3, without blanks and with narrow signs."""
    for s in binder.document.narrative.sentences:
        yield squeeze(f"{s.section}|{s.sub}"), squeeze(s.sentence), s.page


# --- W, E: pay and running costs of T06 -------------------------------------------------------


@check("annuity_rate")
def annuity_rate(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    """职业年金 is paid at half the rate of 基本养老保险; options: percent, above which it is told."""
    name = "职业年金÷基本养老保险"
    form = _form(binder, "T06")
    annuity = _paid(form, _items(form, "职业年金缴费"), "total") if form else []
    pension = _paid(form, _items(form, "机关事业单位基本养老保险缴费"), "total") if form else []
    most = Decimal(binding.options["percent"])
    whole, part = _sum(pension), _sum(annuity)
    if not whole or not part:
        yield CheckResult(name, None, reason="T06 未同时列示职业年金缴费与基本养老保险缴费")
        return
    share = (_HUNDRED * part / whole).quantize(Decimal("0.1"))
    pages = [p.page for p in (*annuity, *pension)]
    yield CheckResult(
        name,
        _HUNDRED * part <= most * whole,
        statements=(
            f"T06 职业年金缴费 {_wan(part)}，为基本养老保险缴费 {_wan(whole)} 的 {share}%{_on(pages)}",
            "两项单位缴费的比例为 8% 与 16%，通常为一半",
        ),
        statements_en=(
            f"T06: occupational annuity {_wan(part)} is {share}% of the basic pension "
            f"{_wan(whole)}{_on_en(pages)}",
            "the employer pays 8% and 16%, usually one half",
        ),
        pages=_known(pages),
    )


@check("other_goods_share")
def other_goods_share(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    """其他商品和服务支出 in 商品和服务支出; options: percent, above which it is told."""
    name = "其他商品和服务支出占比"
    form = _form(binder, "T06")
    heads = form.kind_lines("expenditure", ["class"]) if form else []
    goods = [x for x in heads if x.label == "商品和服务支出"]
    whole = _paid(form, goods, "total") if form else []
    other = _paid(form, _items(form, "其他商品和服务支出"), "total") if form else []
    most = Decimal(binding.options["percent"])
    if not whole or not other or not _sum(whole):
        yield CheckResult(name, None, reason="T06 没有其他商品和服务支出")
        return
    share = (_HUNDRED * _sum(other) / _sum(whole)).quantize(Decimal("0.1"))
    pages = [p.page for p in (*other, *whole)]
    yield CheckResult(
        name,
        _HUNDRED * _sum(other) <= most * _sum(whole),
        statements=(
            f"T06 其他商品和服务支出 {_wan(_sum(other))}{_on(pages)}",
            f"占商品和服务支出 {_wan(_sum(whole))} 的 {share}%，未列明用途",
        ),
        statements_en=(
            f"T06: other goods and services {_wan(_sum(other))}{_on_en(pages)}",
            f"{share}% of all goods and services, {_wan(_sum(whole))}, with no purpose told",
        ),
        pages=_known(pages),
    )


@check("institution_pay")
def institution_pay(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    """Basic expenditure under 事业运行 pays institution staff, and those draw 绩效工资."""
    name = "有事业运行基本支出⇒有绩效工资"
    spent, items = _form(binder, "T05"), _form(binder, "T06")
    running = [
        x
        for x in (spent.halves["expenditure"].lines if spent else [])
        if x.code is not None and _RUNNING_OF_AN_INSTITUTION.match(x.code) and x.label == "事业运行"
    ]
    basic = [p for p in (_paid(spent, running, "basic") if spent else []) if p.yuan]
    if not basic or items is None or not items.filled:
        yield CheckResult(name, None, reason="T05 没有事业运行的基本支出")
        return
    pages = [p.page for p in basic]
    yield CheckResult(
        name,
        any(p.yuan for p in _paid(items, _items(items, "绩效工资"), "total")),
        statements=(
            f"T05 事业运行基本支出 {_wan(_sum(basic))}{_on(pages)}",
            f"T06 没有绩效工资{_on(items.table.pages)}",
        ),
        statements_en=(
            f"T05: running of institutions, basic {_wan(_sum(basic))}{_on_en(pages)}",
            f"T06 has no performance pay{_on_en(items.table.pages)}",
        ),
        pages=_known([*pages, *items.table.pages]),
    )


# --- X: who spends, by the government's classification ----------------------------------------


@check("units_by_class")
def units_by_class(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    """公用经费 by the class of the government item is that of some units of T11, whole units.

    Asked only where both classes can be told apart (an item is printed once for each) and T11
    holds all units with such expenses.
    """
    kinds = {"机关": "机关单位", "事业": "事业（参公）单位"}
    items, units = _form(binder, "T06"), _form(binder, "T11")
    names = {k: f"T06 公用（{k}类）=T11 {v}" for k, v in kinds.items()}
    institution = {tidy_label(x) for x in binding.options["institution"].split("、")}
    paid: dict[str, list[_Paid]] = {kind: [] for kind in kinds}
    for line in items.kind_lines("expenditure", ["item"]) if items else []:
        other = tidy_label(items.text(line.index, "government_item")) if items else ""
        kind = "事业" if other in institution else "机关"
        paid[kind] += [p for p in _paid(items, [line], "non_personnel") if p.yuan] if items else []
    twice = {p.label for p in paid["机关"]} & {p.label for p in paid["事业"]}
    rows = units.kind_lines("expenditure", ["unit"]) if units else []
    listed = _paid(units, rows, "general_public_budget") if units else []
    whole = _sum([*paid["机关"], *paid["事业"]])
    slack = sum((p.step for p in (*paid["机关"], *paid["事业"], *listed)), Decimal(0)) / 2
    comparable = bool(twice) and 1 < len(listed) <= _MOST_UNITS
    if not comparable or abs(whole - _sum(listed)) > slack:
        for name in names.values():
            yield CheckResult(
                name, None, reason="T06 未按单位性质分列同一科目，或 T11 不含全部单位"
            )
        return
    for kind, name in names.items():
        mine = paid[kind]
        room = sum((p.step for p in mine), Decimal(0)) / 2
        groups: Iterator[Sequence[_Paid]] = (
            g for n in range(1, len(listed)) for g in combinations(listed, n)
        )
        fits = any(
            abs(_sum(mine) - _sum(g)) <= room + sum((p.step for p in g), Decimal(0)) / 2
            for g in groups
        )
        pages = [p.page for p in (*mine, *listed)]
        yield CheckResult(
            name,
            fits,
            statements=(
                f"T06 公用经费中{kind}类科目合计 {_wan(_sum(mine))}{_on(p.page for p in mine)}",
                f"T11 没有若干单位之和与之相等{_on(p.page for p in listed)}",
            ),
            statements_en=(
                f"T06: non-personnel expenses of this class {_wan(_sum(mine))}"
                f"{_on_en(p.page for p in mine)}",
                f"no units of T11 add up to it{_on_en(p.page for p in listed)}",
            ),
            pages=_known(pages),
        )


# --- G: procurement ---------------------------------------------------------------------------


@check("procured_projects")
def procured_projects(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    """The largest equipment or IT project against all procurement (options: names, times)."""
    name = "最大设备或信息化项目与政府采购预算"
    procurement = binder.figures.single.get("procurement")
    form = _form(binder, "T12")
    named = re.compile(binding.options["names"])
    lines = form.kind_lines("expenditure", ["project"]) if form else []
    projects = _paid(form, (x for x in lines if named.search(x.label)), "total") if form else []
    if procurement is None or not procurement.value or not projects:
        yield CheckResult(
            name, None, reason="文字未列政府采购预算，或项目名称中没有设备、信息化项目"
        )
        return
    largest = max(projects, key=lambda p: p.yuan)
    pages = [largest.page, procurement.page]
    yield CheckResult(
        name,
        largest.yuan <= Decimal(binding.options["times"]) * procurement.value,
        statements=(
            f"T12「{largest.label}」{_wan(largest.yuan)}{_on([largest.page])}",
            f"说明文字称{procurement.zh} {procurement.printed} 万元{_on([procurement.page])}",
        ),
        statements_en=(
            f"T12: “{largest.label}” {_wan(largest.yuan)}{_on_en([largest.page])}",
            f"the text: all procurement {procurement.printed} 万元{_on_en([procurement.page])}",
        ),
        pages=_known(pages),
    )


# --- N: running text --------------------------------------------------------------------------


@check("opposite_directions")
def opposite_directions(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    """Headline and current year move apart, both by more than options: percent."""
    name = "收入总计与当年支出增减方向"
    told = binder.figures.single
    head, current = told.get("income_change_rate"), told.get("general_public_change_rate")
    if head is None or current is None:
        yield CheckResult(name, None, reason="文字未公开增减率")
        return
    least = Decimal(binding.options["percent"])
    apart = head.value * current.value < 0 and min(abs(head.value), abs(current.value)) >= least
    pages = [head.page, current.page]
    carried = told.get("income_carry_over")
    rest = ""
    if carried is not None and carried.value:
        rest = f"；上年结转 {carried.printed} 万元"
    yield CheckResult(
        name,
        not apart,
        statements=(
            f"收入总计比上年{_moved(head.value)}{_on([head.page])}",
            f"当年一般公共预算支出{_moved(current.value)}{_on([current.page])}{rest}",
        ),
        statements_en=(
            f"total income {head.value:+f}% over last year{_on_en([head.page])}",
            f"current-year general public budget {current.value:+f}%{_on_en([current.page])}"
            + (f"; carry-over {carried.printed} 万元" if carried and rest else ""),
        ),
        pages=_known(pages),
    )


def _moved(rate: Decimal) -> str:
    return f"{'增' if rate > 0 else '减'} {abs(rate).normalize():f}%"


@check("base_and_rate")
def base_and_rate(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    """Where one sentence gives base, change and rate: rate = 100 · change / base, as printed."""
    found = False
    for heading, text, page in _texts(binder):
        for match in _FROM_A_BASE.finditer(text):
            read = [number(match[g]) for g in ("base", "change", "rate")]
            if any(r is None for r in read) or not read[0] or not read[0][0]:
                continue
            found = True
            (base, d0), (change, d1), (rate, d2) = (r for r in read if r is not None)
            half = [Decimal(1).scaleb(-max(d, 2)) / 2 for d in (d0, d1)]
            low = _HUNDRED * (change - half[1]) / (base + half[0])
            high = _HUNDRED * (change + half[1]) / (base - half[0])
            # a rate may be rounded or cut off at its last printed place
            step = Decimal(1).scaleb(-d2)
            section = heading.partition("|")[0]
            yield CheckResult(
                f"{section} 基数{match['base']} 增减率",
                low - step <= rate <= high + step / 2,
                statements=(
                    f"说明文字称基数 {match['base']} 万元，增减 {match['change']} 万元，"
                    f"增减率 {match['rate']}%{_on([page])}",
                    f"由基数与增减额计算为 {(_HUNDRED * change / base).quantize(Decimal('0.01'))}%",
                ),
                statements_en=(
                    f"the text: base {match['base']} 万元, change {match['change']} 万元, "
                    f"rate {match['rate']}%{_on_en([page])}",
                    f"base and change give {(_HUNDRED * change / base).quantize(Decimal('0.01'))}%",
                ),
                pages=_known([page]),
            )
    if not found:
        yield CheckResult("基数与增减率", None, reason="文字没有同时列出基数、增减额与增减率")


@check("one_figure_each")
def one_figure_each(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    """A notion (options: concepts) has one figure within one section of the text."""
    concepts = [re.compile(squeeze(x) + _AMOUNT) for x in binding.options["concepts"].split("、")]
    paragraphs: dict[str, list[tuple[str, int | None]]] = {}
    for heading, text, page in _texts(binder):
        paragraphs.setdefault(heading.partition("|")[0], []).append((text, page))
    for heading, sentences in paragraphs.items():
        for concept in concepts:
            said: list[tuple[Decimal, str, int | None]] = []
            label = concept.pattern.removesuffix(_AMOUNT)
            for text, page in sentences:
                for m in concept.finditer(text):
                    read = number(m["value"])
                    # 当年支出减少120.75万元 tells a change, 支出比上年… another year
                    if read is not None and not _CHANGED_BY.search(text[: m.start("value")]):
                        said.append((read[0] * _FACTORS[m["unit"]], m["value"] + m["unit"], page))
            if len(said) < 2:
                continue
            figures = list(dict.fromkeys(printed for _, printed, _ in said))
            pages = [page for *_, page in said]
            yield CheckResult(
                f"{heading} {label}前后一致",
                len({value for value, *_ in said}) == 1,
                statements=(
                    f"说明文字同一节称「{label}」{figures[0]}{_on(pages)}",
                    f"又称 {'、'.join(figures[1:])}",
                ),
                statements_en=(
                    f"one section gives “{label}” as {figures[0]}{_on_en(pages)}",
                    f"and as {', '.join(figures[1:])}",
                ),
                pages=_known(pages),
            )


# --- A, M: dates and text taken from elsewhere ------------------------------------------------


@check("asset_date")
def asset_date(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    """Assets are stated at the end of the year before, or in the year of the budget."""
    name = "资产时点为上年末或本年"
    year = binder.document.document.year
    printed = str(binder.document.assets.get("asset_date") or "")
    found = _YEAR.search(printed)
    if year is None or found is None:
        yield CheckResult(name, None, reason="文字未列资产时点，或封面未印年度")
        return
    yield CheckResult(
        name,
        year - 1 <= int(found.group()) <= year,
        statements=(f"第十一节资产时点为「{printed}」", f"封面年度 {year}"),
        statements_en=(f"assets are stated at {printed}", f"cover year {year}"),
    )


@check("other_level")
def other_level(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    """No words of another level's template (options: words) in a county's document."""
    name = "没有其他层级的套用文字"
    county = binder.document.document.county
    if not county or not binder.document.narrative.sentences:
        yield CheckResult(name, None, reason="不是县级文本，或没有说明文字")
        return
    words = binding.options["words"].split("、")
    hits = [(w, page) for _, text, page in _texts(binder) for w in words if w in text]
    said = "、".join(dict.fromkeys(w for w, _ in hits))
    pages = [page for _, page in hits]
    yield CheckResult(
        name,
        not hits,
        statements=(f"说明文字有「{said}」{_on(pages)}", f"本文本为{county}的文本"),
        statements_en=(f"the text says “{said}”{_on_en(pages)}", f"this is a document of {county}"),
        pages=_known(pages),
    )


@check("own_name")
def own_name(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    """Where the standard text names the body it speaks of, that is the body of the cover."""
    cover = binder.document.document.department
    own = bare_name(_IN_BRACKETS.sub("", squeeze(cover or "")))
    found: list[tuple[str, int | None]] = []
    for _, text, page in _texts(binder):
        bare = _LEADING_MARKS.sub("", text) if not _YEAR.match(text) else text
        for pattern in _NAMED_BODY:
            match = pattern.search(bare)
            if match is not None and not _NO_NAME.search(match["name"]):
                found.append((match["name"], page))
    if not own or not found:
        yield CheckResult("文字所称单位为封面单位", None, reason="封面或文字未印单位名称")
        return
    foreign = [(n, p) for n, p in found if not _short_for(bare_name(_IN_BRACKETS.sub("", n)), own)]
    said = "、".join(dict.fromkeys(n for n, _ in foreign))
    pages = [p for _, p in foreign]
    yield CheckResult(
        "文字所称单位为封面单位",
        not foreign,
        statements=(f"说明文字所称单位为「{said}」{_on(pages)}", f"封面单位「{cover}」"),
        statements_en=(f"the text speaks of “{said}”{_on_en(pages)}", f"the cover says “{cover}”"),
        pages=_known(pages),
    )


def _short_for(name: str, whole: str) -> bool:
    """县委办 stands for 中国共产党某县委员会办公室: its characters in their order."""
    if name in whole or whole in name:
        return True
    rest = iter(whole)
    return all(character in rest for character in name)

"""A check that cannot fire is no check: wrong digits and wrong labels must be seen.

``detected``: an identity that held is violated. Single digits are changed in every amount cell of
invented, consistent documents. The exhaustive runs change the bound terms of one cell and judge the
instances that use it; a sample is read again from the changed document, conditions and all.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache

import pytest
from catalogue_invented import INSTITUTION, PLANS, YEAR, invented

from expectations.catalogue import Bound, BoundTerm, bind, evaluate_all, load_catalogue, outcome_of
from parsers.document import ParsedDocument, Sentence

pytestmark = pytest.mark.xdist_group("mutation")  # a plan is run through once

NUMBER = re.compile(r"-?[\d,]+(\.\d+)?")
Key = tuple[str, int | None, int | None, str | None]


def key(term: BoundTerm) -> Key:
    return term.ref.form, term.ref.row, term.ref.column, term.ref.key


def wrong_digits(text: str) -> Iterator[str]:
    for i, old in enumerate(text):
        if old.isdigit():
            for new in "0123456789":
                if new != old:
                    yield text[:i] + new + text[i + 1 :]


def index(bounds: list[Bound]) -> tuple[dict[Key, list[Bound]], dict[Key, list[BoundTerm]]]:
    using: dict[Key, list[Bound]] = defaultdict(list)
    terms: dict[Key, list[BoundTerm]] = defaultdict(list)
    for bound in bounds:
        if bound.is_check or bound.reason is not None:
            continue
        for k in {key(t) for t in bound.terms}:
            using[k].append(bound)
        for term in bound.terms:
            terms[key(term)].append(term)
    return using, terms


def fired(using: list[Bound]) -> set[str]:
    return {b.identity.id for b in using if outcome_of(b) == "violated"}


@cache
def run(name: str) -> tuple[int, int, set[str]]:
    """Every wrong digit of every figure: changed and detected in the forms, and what fired."""
    using, terms = index(bind(invented(PLANS[name])))
    changed = detected = 0
    seen: set[str] = set()
    for k, here in terms.items():
        before = here[0].value
        if before is None:
            continue
        printed = NUMBER.search(here[0].printed)[0]  # type: ignore[index]  # 41人 → 41
        already = fired(using[k])
        for wrong in wrong_digits(printed):
            number = Decimal(wrong.replace(",", ""))
            right = Decimal(printed.replace(",", ""))
            if number == right:
                continue
            factor = abs(before / right) if right else Decimal(10000)
            for term in here:
                term.value = (number * factor).copy_sign(before) if before else number * factor
            new = fired(using[k]) - already
            changed += k[0].startswith("T")
            detected += bool(new) and k[0].startswith("T")
            seen |= new
        for term in here:
            term.value = before
    return changed, detected, seen


@pytest.mark.parametrize("name", list(PLANS))
def test_a_wrong_digit_in_a_form_is_detected(name: str) -> None:
    changed, detected, _ = run(name)
    assert changed > 8_000
    assert detected / changed >= 0.99, f"{changed - detected} of {changed} wrong digits unseen"


@pytest.mark.parametrize("name", ["general", "carried"])
def test_a_wrong_first_digit_of_plain_general_budgets_never_passes(name: str) -> None:
    """What would be a large error is seen without exception."""
    using, terms = index(bind(invented(PLANS[name])))
    for k, here in terms.items():
        if not k[0].startswith("T") or here[0].value is None or here[0].value < 100_000:
            continue
        before = here[0].value
        for term in here:
            term.value = before + 100_000
        assert fired(using[k]), f"{k}: 10 万元 too much passes"
        for term in here:
            term.value = before


def test_a_sample_read_again_whole_is_detected() -> None:
    """Conditions are judged anew on the changed document: a misread cell may switch none off."""
    draw = random.Random(5)
    changed = detected = 0
    for plan in PLANS.values():
        document = invented(plan)
        before = {(r.identity, r.instance) for r in _violated(document)}
        cells = [
            (t, i, j)
            for t, table in enumerate(document.tables)
            for i, row in enumerate(table.cells)
            for j, cell in enumerate(row)
            if cell.amount
        ]
        for t, i, j in draw.sample(cells, 12):
            copy = document.model_copy(deep=True)
            cell = copy.tables[t].cells[i][j]
            wrong = draw.choice(list(wrong_digits(cell.text)))
            cell.text, cell.amount = wrong, Decimal(wrong)
            changed += 1
            new = {(r.identity, r.instance) for r in _violated(copy)} - before
            detected += bool(new)
    assert changed == 60
    assert detected >= 59


def _violated(document: ParsedDocument) -> list[object]:
    results = evaluate_all(bind(document))
    return [r for r in results if r.outcome == "violated" and r.severity == "hard"]


# --- every identity fires ----------------------------------------------------------------------


def _title(d: ParsedDocument) -> None:
    d.tables[4].title = d.tables[4].title.replace(str(YEAR), str(YEAR - 1))


def _label(d: ParsedDocument) -> None:
    d.tables[6].label = "预算公开表4"


def _prefix(d: ParsedDocument) -> None:
    d.tables[6].label = "部门公开表7"


def _owner(d: ParsedDocument) -> None:
    d.tables[1].owner = "部门名称：云坪县道路管理局"


def _unit(d: ParsedDocument) -> None:
    d.tables[1].unit = "单位：元"


def _note(d: ParsedDocument) -> None:
    d.tables[4].note = "注：本表无数据"


def _missing(d: ParsedDocument) -> None:
    del d.tables[9]


def _code_name(d: ParsedDocument) -> None:
    d.tables[2].body[3][1] = "别的名称"


def _classes(d: ParsedDocument) -> None:
    d.tables[0].body[1][2] = "二、教育支出"


def _parent(d: ParsedDocument) -> None:
    d.tables[1].body[2][0] = "20899"


def _order(d: ParsedDocument) -> None:
    d.tables[1].body[3], d.tables[1].body[4] = d.tables[1].body[4], d.tables[1].body[3]


def _target(field: str, value: object) -> Callable[[ParsedDocument], None]:
    def change(d: ParsedDocument) -> None:
        next(p for p in d.performance if p["kind"] == "project")[field] = value

    return change


def _same_name(d: ParsedDocument) -> None:
    one, other = [p for p in d.performance if p["kind"] == "project"][:2]
    other["项目名称"] = one["项目名称"]


def _side(d: ParsedDocument) -> None:
    lines = next(p for p in d.performance if p["kind"] == "project")["资金明细"]
    lines[1]["年度"], lines[2]["年度"] = lines[2]["年度"], lines[1]["年度"]  # type: ignore[index]


def _key(name: str, value: object) -> Callable[[ParsedDocument], None]:
    def change(d: ParsedDocument) -> None:
        d.narrative.keys[name] = value

    return change


def _list(old: str, new: str) -> Callable[[ParsedDocument], None]:
    def change(d: ParsedDocument) -> None:
        for sentence in d.narrative.sentences:
            sentence.sentence = sentence.sentence.replace(old, new, 1)

    return change


def _base_year(d: ParsedDocument) -> None:
    said = f"比{YEAR - 2}年增加1.00万元。"
    d.narrative.sentences.append(Sentence(section="一、收支", sentence=said, page=20))


def _old_name(d: ParsedDocument) -> None:
    d.tables[2].body[1][1] = "医疗卫生与计划生育支出"


def _attached(d: ParsedDocument) -> None:
    d.narrative.keys["perf_published"] = None
    d.narrative.keys["perf_projects"] = "1"


def _unexplained(d: ParsedDocument) -> None:
    d.narrative.keys["income_yoy_pct"] = "-20.00"
    d.narrative.sentences = [Sentence(section="一、收支数据变动情况", sentence="比上年减少。")]


def _cost(value: str) -> Callable[[ParsedDocument], None]:
    def change(d: ParsedDocument) -> None:
        target = next(p for p in d.performance if p["kind"] == "project")
        row = ["成本指标", "成本控制数", value]
        target["指标"] = [{"level1": "产出指标", "left": row, "right": row}]

    return change


def _say(section: str, *said: str) -> Callable[[ParsedDocument], None]:
    def change(d: ParsedDocument) -> None:
        d.narrative.sentences += [Sentence(section=section, sentence=x, page=20) for x in said]

    return change


def _put(form: str, label: str, column: int, text: str) -> Callable[[ParsedDocument], None]:
    """Another amount in every row of a form that is called so."""

    def change(d: ParsedDocument) -> None:
        table = d.table(form)
        assert table is not None
        for body, cells in zip(table.body, table.cells, strict=True):
            if label in body[:2]:
                body[column] = text
                amount = Decimal(text) if text else None
                cells[column] = cells[column].model_copy(update={"text": text, "amount": amount})

    return change


def _asset_date(d: ParsedDocument) -> None:
    d.assets["asset_date"] = f"{YEAR - 2}年12月31日"


def _unit_moved(d: ParsedDocument) -> None:
    """Ten 万元 of one unit's running costs stand with the other."""
    table = d.table("T11")
    assert table is not None
    for row, off in ((1, Decimal(10)), (2, Decimal(-10))):
        for cell in table.cells[row][1:3]:
            assert cell.amount is not None
            cell.amount += off
            cell.text = f"{cell.amount}"


LABELS: dict[str, tuple[str, Callable[[ParsedDocument], None]]] = {
    "M-YEAR": ("general", _title),
    "M-TOC": ("general", _title),
    "M-FORMNO": ("general", _label),
    "M-FORMNAME": ("general", _prefix),
    "M-ORG": ("general", _owner),
    "M-UNIT": ("general", _unit),
    "M-NODATA": ("general", _note),
    "M-TABLES": ("general", _missing),
    "M-CODENAME": ("general", _code_name),
    "M-CLSLIST": ("general", _classes),
    "M-PARENT": ("general", _parent),
    "M-ORDER": ("general", _order),
    "M-PYEAR": ("general", _target("year", YEAR - 1)),
    "M-PUNIT": ("general", _target("项目资金单位", "项目资金(万元)")),
    "M-PDUP": ("general", _same_name),
    "P-NAME": ("general", _target("项目名称", "第9号渡口工程")),
    "P-CODE": ("general", _target("主管部门及代码", "010-云坪县桥梁管理局")),
    "P-SIDE": ("general", _side),
    "N-SET": ("general", _list("基本工资、", "")),
    "N-LISTDUP": ("general", _list("基本工资、", "基本工资、基本工资、")),
    "N-DIR": ("general", _key("income_yoy_pct", "-14.94")),
    "N-YOYPAIR": ("general", _key("expense_yoy_delta", "-1.00")),
    "N-SANGONG-NONE": ("general", _key("three_public_none", True)),
    "M-BASEYEAR": ("general", _base_year),
    "M-OLDNAME": ("general", _old_name),
    "P-PUBCNT4": ("general", _attached),
    "P-TXT": ("general", _cost("1元")),
    "O-UNITS": ("general", _key("perf_units_reporting", "0")),
    "N-REASON": ("general", _unexplained),
    "N-SIGN": ("general", _key("general_public_yoy_pct", "-17.65")),
    "N-BASE": ("general", _say("八、机关运行", "比2030年预算100.00万元增加5.00万元，增长9.00%。")),
    "N-PARA": (
        "general",
        _say("九、政府采购", "政府采购预算总额48.36万元。", "政府采购预算总额49.36万元。"),
    ),
    "A-DATE": ("general", _asset_date),
    "O-PUB": ("carried", _say("十、绩效管理情况", "公开部门整体支出绩效目标1个。")),
    "M-TEMPLATE": ("general", _say("十二、其他", "省直部门本年没有此项。")),
    "M-FOREIGN": ("general", _say("三、支出", f"{YEAR}年度云坪县道路管理局支出预算1.00万元。")),
    "W-RATE": ("general", _put("T06", "职业年金缴费", 2, "900.00")),
    "E-OTHER": ("institution", _put("T06", "其他商品和服务支出", 2, "900.00")),
    "E-INST": ("institution", _put("T06", "绩效工资", 2, "")),
    "G-PROC": ("institution", _key("procurement_total", "0.36")),
    "X-1106-GOV": ("institution", _unit_moved),
    "A-PROC-CAP": ("general", _key("procurement_total", "99999.00")),
    "A-VEH-SG": ("general", _key("vehicles_actual", "0")),
}


@pytest.mark.parametrize("identity", list(LABELS))
def test_a_wrong_label_is_told_by_its_identity(identity: str) -> None:
    plan, change = LABELS[identity]
    document = invented(PLANS.get(plan, INSTITUTION))
    assert identity not in {
        r.identity for r in evaluate_all(bind(document)) if r.outcome == "violated"
    }
    change(document)
    violated = [
        r
        for r in evaluate_all(bind(document))
        if r.identity == identity and r.outcome == "violated"
    ]
    assert violated
    assert all(r.statement_1 and r.statement_2 for r in violated)


def test_every_identity_fires_under_some_mutation() -> None:
    seen: set[str] = set(LABELS)
    for name in PLANS:
        seen |= run(name)[2]
    # J01: test_catalogue_joint.py; lists in the text: test_catalogue_rules.py
    declared = set(load_catalogue().identities) - {"J01", "P-LIST", "P-LIST-EQ"}
    assert declared - seen == set()

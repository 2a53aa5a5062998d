"""A documentation page for each identity, written from the catalogue.

    python -m expectations.catalogue.pages docs/identities

What a page says comes from ``identities.yml`` alone; its example comes from ``examples.yml``, which
``benchmarks/examples.py`` takes from the sample documents.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from expectations.catalogue.binder import COUNT_NAMES, OVERALL_NAMES
from expectations.catalogue.catalogue import VARIABLE, Catalogue, load_catalogue
from expectations.catalogue.names import COLUMN_NAMES, FORM_NAMES, ROLE_NAMES
from expectations.catalogue.schema import (
    Binding,
    Case,
    Condition,
    Identity,
    Steps,
    Term,
    load_yaml,
)
from expectations.catalogue.view import HERE

FAMILIES = {
    "R": ("行内", "within a row"),
    "C": ("列与合计", "columns and totals"),
    "H": ("科目层级", "hierarchy of codes"),
    "X": ("表间", "between forms"),
    "N": ("说明文字", "running text"),
    "A": ("其他事项", "procurement and assets"),
    "P": ("项目支出绩效目标", "performance targets of projects"),
    "O": ("整体支出绩效目标", "performance targets of the whole body"),
    "M": ("标识", "labels, names, years"),
    "E": ("经费结构", "structure of expenses"),
    "G": ("政府采购", "procurement and projects"),
    "W": ("工资社保", "pay and insurance"),
    "J": ("联合", "jointly"),
}
SEVERITIES = {
    "hard": "应当相等 · hard: it must hold",
    "soft": "请说明 · soft: usual practice or needs reading; a question, never an error",
}
TOLERANCES = {
    "sum": "u·⌊n/2⌋ (`sum`)",
    "change": "2u·⌊n/2⌋ (`change`)",
    "copy": "0 (`copy`)",
    "half_step": "half of the coarser printed step (`half_step`)",
    "share": "the printed decimals, the figures behind it ± half a step (`share`)",
    "share_sum": "one printed step for every two shares (`share_sum`)",
    "rate": "the printed decimals, the change ± a step (`rate`)",
    "exact": "0 (`exact`)",
}
INDEX = "README.md"
NOTE = "<!-- Written by `python -m expectations.catalogue.pages docs/identities`; do not edit. -->"
ROUNDING = """## 尾差 · The rounding rule

Every printed figure is rounded half up, on its own, from an exact one. Let u be the printed step of
its table (0.01 万元 where two decimals are printed, 0.01 元 in a table in 元). A total of n rounded
parts was rounded too: the exact parts differ from the printed ones by less than n·u/2 in sum, and the
difference of printed figures is a multiple of u, so

    |total − Σ parts| ≤ u·⌊n/2⌋

and that bound is reached. n counts the parts that are printed and rounded: a blank is an exact
nothing and is not counted, nor is an amount in 元 or a count. So one part alone must be equal, two or
three may leave 0.01 万元, nineteen 0.09. There is no fixed tolerance anywhere.

| rule | allowed difference | used for |
|---|---|---|
| `sum` | u·⌊n/2⌋ | a total against its rounded parts, signs of any kind |
| `copy` | 0 | the same figure printed twice by one system |
| `half_step` | half of the coarser step | 39.5 in the text against 39.51 in a table; 元 against 万元 |
| `change` | 2u·⌊n/2⌋ | changes over last year: each of the two years has its own tail |
| `share`, `rate` | last printed decimal | percentages, recomputed from the printed figures and, failing that, from all exact figures these may stand for |
| `share_sum` | u·⌊n/2⌋ | shares that add up to 100 % |
| `exact` | 0 | counts, names, sets, years |

Each identity on its own leaves room for a tail; J01 closes it: a linear programme asks whether one
set of exact figures reproduces everything that the forms print at once.

An outcome is `exact`, `rounding` (within the allowed difference), `violated` or `not_applicable`
(with the reason). An instance that the print promises and that could not be evaluated is counted in
the coverage of its document: a blank never passes in silence.
"""


ROLES = {
    "total": "合计",
    "grand_total": "总计",
    "head": "部门（单位）合计",
    "year_end": "年终结转",
    "income_total": "本年收入合计",
    "expenditure_total": "本年支出合计",
    "carry_over": "上年结转",
    "vehicles": "公务用车购置及运行维护费",
    "vehicle_purchase": "公务用车购置费",
    "vehicle_running": "公务用车运行维护费",
    "overseas": "因公出国（境）费",
    "hospitality": "公务接待费",
    "carry_general_public_budget": "结转的一般公共预算",
    "carry_government_managed_funds": "结转的政府性基金预算",
    "carry_state_capital_operations": "结转的国有资本经营预算",
}
KINDS = {
    "class": "类",
    "section": "款",
    "item": "项",
    "total": "合计",
    "organisation": "部门合计",
    "unit": "单位",
    "unit_or_head": "单位",
    "project": "项目",
    "line": "其他行",
}
VARIABLES = {
    "column": "各列",
    "c": "各列",
    "code": "各科目",
    "row": "各行",
    "fund": "各本预算",
    "source": "各项来源",
    "part": "各部分",
    "name": "各项",
    "horizon": "各期",
}


def _each(text: str) -> str:
    """$column → 各列."""
    return VARIABLE.sub(lambda m: VARIABLES.get(m.group(1) or m.group(2), "各项"), text)


def _tolerance(rule: object) -> str:
    if isinstance(rule, Steps):
        return f"{rule.yuan} 元" if rule.yuan is not None else f"{rule.steps} u"
    return TOLERANCES[str(rule)]


def _column(form: str, role: str) -> str:
    if "$" in role:
        return _each(role)
    return COLUMN_NAMES.get((form, role), (role,))[0]


def _row(term: Term) -> str:
    row = term.row
    if row is None:
        return ""
    if row.row is not None:
        return "该行"
    if row.children_of is not None:
        return "其下级各行"
    if row.leaves:
        return "全部末级行"
    if row.project_of is not None:
        return "该项目的行"
    if row.kind is not None:
        return "各" + "、".join(KINDS.get(k, k) for k in row.kind)
    if row.role is not None:
        return ROLES.get(row.role, ROLE_NAMES.get(row.role, _each(row.role)))
    return "、".join(ROLES.get(x, _each(x)) for x in row.code or row.label or [])


def _term(term: Term, figures: Mapping[str, str]) -> str:
    sign = "−" if term.sign < 0 else ""
    if term.form is not None:
        columns = "＋".join(_column(term.form, c) for c in term.column or [])
        side = "（收入方）" if term.half == "income" else ""
        return f"{sign}{term.form}{side}.{_row(term)}.{columns}"
    if term.figure is not None:
        name, _, member = term.figure.partition("/")
        every = "各项" if member else ""
        return f"{sign}文字「{figures.get(name, _each(name)).strip()}{every}」"
    if term.target is not None:
        said = "＋".join(_target_field(f) for f in term.field or [])
        return f"{sign}绩效目标表.{said}"
    if term.overall is not None:
        return f"{sign}整体支出绩效目标表.{OVERALL_NAMES.get(term.overall, _each(term.overall))}"
    return f"{sign}{COUNT_NAMES[term.count or '']}"


def _target_field(name: str) -> str:
    return {"annual_total": "年度资金总额", "period_total": "实施期资金总额"}.get(
        name, _each(name).replace("_total", "资金总额").replace("_parts", "各项来源")
    )


def _side(terms: Iterable[Term] | None, figures: Mapping[str, str], rule: object = "sum") -> str:
    said = [_term(t, figures) for t in terms or []]
    if rule == "share" and len(said) == 2:
        return f"{said[0]} ÷ {said[1]}"
    if rule == "rate" and len(said) == 2:
        return f"{said[0]} ÷（{said[1]} − {said[0]}）"
    return " ＋ ".join(said).replace("＋ −", "− ")


def _says(catalogue: Catalogue, condition: Condition) -> str:
    if condition.named is not None:
        said = catalogue.file.conditions[condition.named].says
        return f"{said.zh} ({said.en})"
    if condition.not_ is not None:
        return f"非（{_says(catalogue, condition.not_)}）"
    for word, parts in (("，且", condition.all), ("，或", condition.any)):
        if parts is not None:
            return word.join(_says(catalogue, c) for c in parts)
    for word, terms in (("空白", condition.blank), ("非空白", condition.nonblank)):
        if terms is not None:
            return f"{'、'.join(_term(t, _figures(catalogue)) for t in terms)} {word}"
    if condition.rows_at_least is not None:
        least = condition.rows_at_least
        return f"{least.form} 的 {'、'.join(least.kind)} 行不少于 {least.count}"
    if condition.violated is not None:
        return f"{condition.violated} 不成立"
    if condition.same_count is not None:
        return f"{' 与 '.join(condition.same_count)} 数目相同"
    if condition.figure_is is not None:
        return "、".join(f"{name} = {value}" for name, value in condition.figure_is.items())
    if condition.units_of is not None:
        return f"{'、'.join(condition.units_of)} 所列单位均见于 {condition.units_in}"
    return "几处数字互相印证"


def _figures(catalogue: Catalogue) -> dict[str, str]:
    return {rule.name: rule.zh for rule in catalogue.narrative.rules}


def _binding(catalogue: Catalogue, identity: Identity, binding: Binding) -> list[str]:
    if binding.check is not None:
        forms = f"，{'、'.join(binding.forms)}" if binding.forms else ""
        return [f"- `{binding.instance}`：集合或文字核对 `{binding.check}`{forms}"]
    lines, figures = [f"- `{binding.instance}`"], _figures(catalogue)
    if binding.when is not None:
        lines.append(f"  - 条件：{_says(catalogue, binding.when)}")
    for case in binding.cases or [Case()]:
        rule = case.tolerance or binding.tolerance
        left = _side(case.left or binding.left, figures)
        right = _side(case.right or binding.right, figures, rule or identity.tolerance)
        relation = {"=": "＝", "<=": "≤", ">=": "≥"}[case.relation or binding.relation]
        when = f"（{_says(catalogue, case.when)}时）" if case.when is not None else ""
        own = f"，尾差 {_tolerance(rule)}" if rule is not None else ""
        lines.append(f"  - {left} {relation} {right}{when}{own}")
    return lines


def _example(example: dict[str, Any]) -> list[str]:
    lines = [
        "",
        "## 例 · Example",
        "",
        f"样例文件 `{example['document']}`，`{example['instance']}`：",
        "",
    ]
    if example.get("left"):
        lines += [f"- {example['left']}", f"- {example['right']}"]
    lines.append(f"- 结果 outcome: `{example['outcome']}`{example.get('difference') or ''}")
    return lines


def page(catalogue: Catalogue, identity: Identity, example: dict[str, Any] | None) -> str:
    """The page of one identity, Markdown."""
    family_zh, family_en = FAMILIES[identity.family]
    lines = [
        NOTE,
        "",
        f"# {identity.id} {identity.title.zh}",
        "",
        identity.title.en,
        "",
        "| | |",
        "|---|---|",
        f"| 勾稽关系 formula | {identity.formula.replace('|', '∣')} |",
        f"| 类别 family | {identity.family} {family_zh} · {family_en} |",
        f"| 范围 scope | {identity.scope} |",
        f"| 程度 severity | {SEVERITIES[identity.severity]} |",
        f"| 允许尾差 tolerance | {_tolerance(identity.tolerance)}, see [the rule](README.md) |",
        "",
        "## 依据 · Why",
        "",
        identity.rationale.zh,
        "",
        identity.rationale.en,
        "",
        "## 核对项 · Instances",
        "",
    ]
    for binding in identity.bind:
        lines += _binding(catalogue, identity, binding)
    forms = sorted({f for f in FORM_NAMES if f in "\n".join(lines)})
    if forms:
        lines += ["", "；".join(f"{f} {FORM_NAMES[f][0]}" for f in forms)]
    if example is not None:
        lines += _example(example)
    return "\n".join(lines) + "\n"


def index(catalogue: Catalogue) -> str:
    lines = [NOTE, "", "# 勾稽关系目录 · The catalogue of identities", "", ROUNDING]
    for family, (zh, en) in FAMILIES.items():
        mine = [i for i in catalogue.file.identities if i.family == family]
        if not mine:
            continue
        lines += [
            f"## {family} {zh} · {en}",
            "",
            "| | 勾稽关系 | | tolerance |",
            "|---|---|---|---|",
        ]
        lines += [
            f"| [{i.id}]({i.id}.md) | {i.title.zh} | {i.severity} | "
            f"{i.tolerance if isinstance(i.tolerance, str) else _tolerance(i.tolerance)} |"
            for i in mine
        ]
        lines.append("")
    return "\n".join([*lines, *_omitted()])


def _omitted() -> list[str]:
    """What reviewers name and the catalogue has no entry for, with the reason."""
    where = {
        "between": "跨文本 · between documents (`quality.cross_document_result`)",
        "question": "查询 · a query over the marts",
        "reading": "须人工阅读 · a person must read",
    }
    lines = [
        "## 不在目录中 · Not in the catalogue",
        "",
        "Named by reviewers, and no identity of one document:",
        "",
        "| | 核对 | where | why |",
        "|---|---|---|---|",
    ]
    for name, entry in (load_yaml(HERE / "omitted.yml") or {}).items():
        lines.append(
            f"| {name} | {entry['title']['zh']} · {entry['title']['en']} "
            f"| {where[entry['where']]} | {entry['why']['zh']} {entry['why']['en']} |"
        )
    return [*lines, ""]


def pages(catalogue: Catalogue | None = None) -> dict[str, str]:
    """File name → Markdown of every page, the index among them."""
    catalogue = catalogue or load_catalogue()
    examples = load_yaml(HERE / "examples.yml") or {}
    found = {
        f"{i.id}.md": page(catalogue, i, examples.get(i.id)) for i in catalogue.file.identities
    }
    found[INDEX] = index(catalogue)
    return found


def write(folder: Path) -> list[Path]:
    """Write the pages; pages of no identity are removed. Returns the files that changed."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = pages()
    changed = [p for p in folder.glob("*.md") if p.name not in wanted]
    for path in changed:
        path.unlink()
    for name, text in wanted.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed


if __name__ == "__main__":
    for file in write(Path(sys.argv[1])):
        print(file)

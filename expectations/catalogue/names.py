"""Official names of the forms and columns, Chinese and English, for statements."""

from __future__ import annotations

from expectations.catalogue.schema import ColumnFile, parse_yaml
from expectations.catalogue.view import HERE

FORM_NAMES: dict[str, tuple[str, str]] = {
    "T01": ("预算收支总表", "summary of income and expenditure"),
    "T02": ("预算收入总表", "income"),
    "T03": ("预算支出总表", "expenditure"),
    "T04": ("财政拨款收支总表", "fiscal appropriations"),
    "T05": ("一般公共预算支出预算表", "general public budget expenditure"),
    "T06": ("一般公共预算安排基本支出分经济科目表", "basic expenditure by economic item"),
    "T07": ("政府性基金预算收入表", "government-managed fund income"),
    "T08": ("政府性基金预算支出表", "government-managed fund expenditure"),
    "T09": ("国有资本经营预算收支预算表", "state capital operations"),
    "T10": ("“三公”经费支出预算表", "three public expenses"),
    "T11": ("机关运行经费预算表", "agency operating expenses"),
    "T12": ("项目支出预算表（本年预算）", "projects, current year"),
    "T13": ("项目支出预算表（上年结转）", "projects, carry-over"),
}

COLUMN_NAMES: dict[tuple[str, str], tuple[str, str]] = {
    (form, rule.role): (rule.zh, rule.en)
    for form, rules in parse_yaml(HERE / "columns.yml", ColumnFile).forms.items()
    for rule in rules
}

ROLE_NAMES: dict[str, str] = {
    **{role: zh for (_, role), (zh, _) in COLUMN_NAMES.items()},
    "total": "合计",
    "carry_over": "上年结转",
    "period": "实施期",
    "annual": "年度",
}

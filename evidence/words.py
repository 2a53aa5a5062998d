"""Words of the site: what the marts' codes are called, Chinese first, English beside it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

__all__ = [
    "BREAKS",
    "COVERAGE",
    "IS_PUBLISHED",
    "KINDS",
    "NOT_SAID",
    "OUTCOMES",
    "PHASES",
    "SCOPES",
    "SOURCES",
    "STATUSES",
    "moment",
    "phase_year",
]

BEIJING = timezone(timedelta(hours=8))

PHASES = {
    "budget": ("预算", "budget"),
    "adjusted": ("调整预算", "adjusted budget"),
    "final_account": ("决算", "final accounts"),
    "other": ("其他", "other"),
}
SCOPES = {
    "department": ("部门汇总", "department, consolidated"),
    "unit_own": ("本级", "the office itself"),
    "unit": ("单位", "unit"),
    "unknown": ("口径未明", "scope unknown"),
}
COVERAGE = {
    "seen": ("已公开", "published", "✓"),
    "quarantined": ("待人工复核", "waits for review", "…"),
    "seen_not_read": ("已见未读", "seen, not read", "◌"),
    "withdrawn": ("已撤下", "withdrawn", "×"),
    "no_column": ("无此栏目", "no such column", "—"),
    "blocked": ("网站拦截", "blocked by the site", "⊘"),
    "not_seen": ("未见到", "not seen", "○"),
}
IS_PUBLISHED = {"seen", "quarantined", "seen_not_read"}
STATUSES = {
    "open": ("待核实", "open"),
    "acknowledged": ("已说明", "acknowledged"),
    "resolved": ("已解决", "resolved"),
}
OUTCOMES = {
    "exact": ("相等", "equal"),
    "rounding": ("尾差以内", "within rounding"),
    "violated": ("不符", "not equal"),
    "not_applicable": ("不适用", "not applicable"),
}
SOURCES = {"text": "文本", "ocr": "识别", "repaired": "修复"}
KINDS = {
    "contradiction": ("不符", "contradiction"),
    "misread": ("待人工复核", "waits for review"),
    "anomaly": ("波动提示", "anomaly"),
    "missing": ("未能核对", "could not be checked"),
}
BREAKS = {
    "prior_not_published": "未见到上年同口径的公开文本",
    "prior_blank": "上年文本中该项为空",
    "prior_restated": "本年文本所称的上年数与上年公布数不同",
    "total_restated": "总额的上年数与上年公布数不同，本项的上年数文本未说明",
}
NOT_SAID = (
    ("预算数不等于实际支出。", "A budget is not spending."),
    (
        "当年安排与上年结转分开看：收入总计的增减不等于当年安排的增减。",
        "New money and carry-over are apart: a change of the total is not a change of new money.",
    ),
    (
        "部门与其单位不能相加；一般公共预算各表（T05、T06）不含上年结转。",
        "Departments and their units never add up; T05 and T06 leave carry-over out.",
    ),
    (
        "未见到不等于未公开；核对提示不构成违规认定。",
        "Not seen is not unpublished; a finding establishes no wrongdoing.",
    ),
)


def moment(value: datetime | date | None) -> str:
    """A time of the marts (UTC) as people in China read it; a date as it is; "—" for none."""
    if value is None:
        return "—"
    if isinstance(value, datetime):
        if value.tzinfo is None:
            value = value.replace(tzinfo=UTC)
        return value.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M")
    return value.isoformat()


def phase_year(year: int | None, phase: str) -> str:
    """2026年预算."""
    return f"{year or '—'}年{PHASES.get(phase, (phase,))[0]}"

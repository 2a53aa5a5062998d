"""Findings (核对提示) in words for people: two statements, pages, difference, allowed tail.

A finding says what does not agree in a published text, never who is wrong. The rows come from
``quality.finding`` (the publisher's own contradictions, and what waits for review); how they are
told – labels, causes, what is only a badge – is data in ``telling.yml``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict

from expectations.suite_files import Text

if TYPE_CHECKING:
    import duckdb

    from expectations.ledger import Ledger, Seen

__all__ = [
    "DOCUMENT_TITLE",
    "Filter",
    "Finding",
    "Lang",
    "Message",
    "Mute",
    "Telling",
    "brief",
    "findings",
    "kept_words",
    "load_mutes",
    "messages",
    "note",
    "telling",
    "write_findings_page",
]

Lang = Literal["zh", "en"]
Reach = Literal["at_once", "digest", "badge"]
LINES = 5  # one message a department, five lines
DOCUMENT_TITLE = (
    "concat_ws(' ', case when not starts_with(d.department, d.county) then d.county end,"
    " d.department, d.fiscal_year)"
)
"""What messages call a document, in SQL, of ``d``: 青岚县教育局 names its county itself. Messages of
one document begin with the same words, and by them ``budgets forget`` knows what it told."""


class Badge(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    match: list[str]
    at_most: Decimal | None = None
    why: Text


class Cause(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    match: list[str]
    title: Text
    possible: Text


class Limits(BaseModel):
    """How much is said, and how often."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    at_once_messages_most: int
    digest_lines_most: int
    blocked_nights: int
    pending_days_most: int


class Telling(BaseModel):
    """``telling.yml``: how findings are told."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    badge_only: list[Badge]
    causes: list[Cause]
    titles: dict[str, Text] = {}
    one_figure: Text
    labels: dict[str, Text]
    asks: dict[str, Text]
    note: Text
    always: Text
    never: list[str]
    limits: Limits


@cache
def telling() -> Telling:
    """The wording file, checked."""
    path = Path(__file__).resolve().parent / "telling.yml"
    return Telling.model_validate(yaml.safe_load(path.read_text("utf-8")))


def note(lang: Lang = "zh") -> str:
    """The sentence that goes with every message of findings, once."""
    return _in(telling().note, lang)


def _in(text: Text, lang: Lang) -> str:
    return text.zh if lang == "zh" else text.en


@dataclass(frozen=True)
class Finding:
    """One finding, ready to be read.

    ``finding_id`` stays the same over nights and over re-publications of the same body, year and
    identity. ``content_id`` changes when what it says changes (a corrected text that still does
    not agree). ``difference`` and ``tolerance`` are words in the unit that the text prints;
    ``amount`` and ``tail`` are difference and allowed tail in 元 where it is money.
    ``reach``: at_once (hard), digest (soft), badge (shown on the page only).
    """

    finding_id: str
    content_id: str
    document_id: str
    county: str | None
    county_code: str | None
    department: str
    fiscal_year: int
    phase: str
    scope: str
    identity: str
    identity_title: str
    instance: str
    kind: str
    severity: str
    cause: str
    reach: Reach
    label: str
    statement_1: str
    statement_2: str
    difference: str
    tolerance: str
    amount: Decimal | None
    tail: Decimal | None
    pages: tuple[int, ...]
    read_by: str
    status: str
    source_url: str | None
    text: str
    why: str = ""
    status_reason: str = ""
    first_seen_at: datetime | None = None
    last_seen_at: datetime | None = None


_SQL = """
with read_by as (
    select
        document_id,
        bool_or(source = 'ocr') as recognised,
        bool_or(source = 'repaired') as repaired
    from marts.fct_amount
    where document_id in (select document_id from quality.finding)
    group by document_id
)
select
    f.finding_id, f.document_id, f.identity, f.instance, f.kind, f.severity,
    f.statement_1, f.statement_2, f.statement_1_en, f.statement_2_en,
    f.difference, f.tolerance, f.unit, f.pages, f.status, f.status_reason,
    d.county, d.county_code, d.department, d.fiscal_year, d.phase, d.scope, d.source_url,
    coalesce(r.recognised, false) as recognised,
    coalesce(r.repaired, false) as repaired
from quality.finding as f
left join marts.dim_document as d using (document_id)
left join read_by as r using (document_id)
"""


@contextmanager
def _connected(
    source: Path | str | duckdb.DuckDBPyConnection,
) -> Iterator[duckdb.DuckDBPyConnection]:
    if not isinstance(source, str | Path):
        yield source
        return
    import duckdb

    if not Path(source).exists():
        raise FileNotFoundError(f"{source}: no warehouse to take findings from")
    connection = duckdb.connect(str(source), read_only=True)
    try:
        yield connection
    finally:
        connection.close()


def findings(
    source: Path | str | duckdb.DuckDBPyConnection,
    lang: Lang = "zh",
    *,
    badges: bool = True,
    ledger: Ledger | None = None,
    where: Filter | None = None,
) -> list[Finding]:
    """The findings of a warehouse (working or published copy), the weightiest first.

    Hard before soft, then by amount. ``badges=False`` leaves out what only tires people;
    ``where`` keeps what it names. ``ledger`` tells since when each is known, and of those that
    are resolved (已解决): no longer found since a text was corrected.
    Raises FileNotFoundError where there is no such file.
    """
    with _connected(source) as connection:
        cursor = connection.execute(_SQL)
        names = [str(column[0]) for column in cursor.description or []]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    titles = _titles(lang)
    found = [_finding(row, lang, titles) for row in rows]
    if ledger is not None:
        seen = ledger.seen()
        found = [_dated(one, seen.get(one.finding_id)) for one in found]
        found += _resolved(seen, {one.finding_id for one in found}, titles)
    if not badges:
        found = [one for one in found if one.reach != "badge"]
    if where is not None:
        found = [one for one in found if where.keeps(one)]
    order = {"at_once": 0, "digest": 1, "badge": 2}
    found.sort(
        key=lambda f: (
            order[f.reach],
            f.severity != "hard",
            -(f.amount or Decimal(0)),
            f.county or "",
            f.department,
            f.identity,
            f.instance,
        )
    )
    return found


@dataclass(frozen=True)
class Filter:
    """Which findings: None leaves a field open. ``county`` is a name or a code, ``department``
    a part of its name; ``status`` is open, acknowledged or resolved."""

    status: str | None = None
    severity: str | None = None
    kind: str | None = None
    county: str | None = None
    department: str | None = None
    identity: str | None = None

    def keeps(self, one: Finding) -> bool:
        return (
            self.status in (None, one.status)
            and self.severity in (None, one.severity)
            and self.kind in (None, one.kind)
            and self.county in (None, one.county, one.county_code)
            and (self.department is None or self.department in one.department)
            and (self.identity is None or fnmatchcase(one.identity, self.identity))
        )


def _dated(one: Finding, seen: Seen | None) -> Finding:
    if seen is None:
        return one
    return replace(one, first_seen_at=seen.first_seen_at, last_seen_at=seen.last_seen_at)


_KEPT = (
    *("county", "county_code", "department", "fiscal_year", "phase", "scope", "identity"),
    *("instance", "kind", "severity", "statement_1", "statement_2", "difference", "tolerance"),
    *("source_url", "text"),
)


def kept_words(one: Finding) -> dict[str, Any]:
    """What the ledger keeps of a finding, so that it can be named after it is gone."""
    return {name: getattr(one, name) for name in _KEPT} | {"pages": list(one.pages)}


def _resolved(
    seen: Mapping[str, Seen], present: set[str], titles: Mapping[str, tuple[str, str]]
) -> list[Finding]:
    """Findings that were there once, as they were told then (in the language of that night)."""
    found: list[Finding] = []
    for finding_id, history in seen.items():
        said = history.says
        if history.is_open or finding_id in present or not said:
            continue
        title, why = titles.get(str(said["identity"]), (str(said["identity"]), ""))
        found.append(
            Finding(
                finding_id=finding_id,
                content_id=history.content_id,
                document_id="",
                identity_title=title,
                cause=_cause(str(said["identity"])).id,
                reach="badge",
                label="",
                amount=None,
                tail=None,
                pages=tuple(said["pages"]),
                read_by="",
                status="resolved",
                why=why,
                first_seen_at=history.first_seen_at,
                last_seen_at=history.last_seen_at,
                **{name: said[name] for name in _KEPT},
            )
        )
    return found


def _titles(lang: Lang) -> Mapping[str, tuple[str, str]]:
    from expectations.identity_suites import catalogue_identities

    own = {name: (_in(title, lang), "") for name, title in telling().titles.items()}
    return own | {
        name: (_in(identity.title, lang), _in(identity.rationale, lang))
        for name, identity in catalogue_identities().items()
    }


def _matches(identity: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(identity, pattern) for pattern in patterns)


def _cause(identity: str) -> Cause:
    for cause in telling().causes:
        if _matches(identity, cause.match):
            return cause
    raise ValueError(f"identity {identity}: no cause in telling.yml fits; add one")


_MONEY = re.compile(r"-?[\d,]*\d(?:\.\d+)?\s*(亿元|万元|元)")


def _unit(row: Mapping[str, Any]) -> str | None:
    """The unit to tell the difference in: money as the two statements print it, else its own.

    None where no figures are compared.
    """
    if row["difference"] is None:
        return None
    unit = str(row["unit"] or "万元")
    if unit != "万元":
        return unit
    for statement in (row["statement_1"], row["statement_2"]):
        match = _MONEY.search(statement or "")
        if match:
            return "元" if match.group(1) == "元" else "万元"
    return "万元"


_UNITS_EN = {"%": "pp", "个": "", "人": "persons", "辆": "vehicles", "台": "units", "张": "tables"}


def _shown(value: Decimal | None, unit: str | None, lang: Lang) -> str:
    """A difference of the mart (money in 万元, the rest in its own unit) as the text prints it."""
    if value is None or unit is None:
        return "—"
    value = abs(value)
    if unit == "万元":
        return f"{value:,.2f}万元" if lang == "zh" else f"{value:,.2f} 万元"
    own = (value * 10000 if unit == "元" else value).normalize()
    own = own.quantize(Decimal(1)) if own == own.to_integral() else own
    if lang == "zh":
        return f"{own:,f}{'个百分点' if unit == '%' else unit}"
    return f"{own:,f} {_UNITS_EN.get(unit, unit)}".strip()


def _pages(text: str | None) -> tuple[int, ...]:
    return tuple(sorted({int(number) for number in re.findall(r"\d+", text or "")}))


def _label_key(row: Mapping[str, Any]) -> str:
    if row["kind"] != "contradiction":
        return str(row["kind"])
    family = str(row["identity"])[:1]
    if family in "RCH":
        return "within_form"
    if family in "XJ":
        return "between_forms"
    return "labels" if family == "M" else "text"


def _reach(row: Mapping[str, Any], unit: str | None) -> tuple[Reach, str | None]:
    if row["kind"] == "misread":
        # an unverified reading accuses nobody: the document is told as waiting for review
        return "badge", None
    own: Decimal | None = None
    if row["difference"] is not None and unit is not None:
        own = abs(row["difference"]) * (10000 if unit == "元" else 1)
    for badge in telling().badge_only:
        if _matches(str(row["identity"]), badge.match):
            small = own is not None and badge.at_most is not None and own <= badge.at_most
            if badge.at_most is None or small:
                return "badge", badge.why.zh
    return ("at_once" if row["severity"] == "hard" else "digest"), None


def _read_by(row: Mapping[str, Any], lang: Lang) -> str:
    words = {
        "zh": ("文本", "识别", "修复"),
        "en": ("text layer", "recognised", "repaired"),
    }[lang]
    used = [words[0]] if not row["recognised"] else [words[1]]
    if row["repaired"]:
        used.append(words[2])
    return "、".join(used) if lang == "zh" else ", ".join(used)


def _finding(row: Mapping[str, Any], lang: Lang, titles: Mapping[str, tuple[str, str]]) -> Finding:
    unit = _unit(row)
    cause = _cause(str(row["identity"]))
    reach, badge_reason = _reach(row, unit)
    title, why = titles.get(str(row["identity"]), (_in(cause.title, lang), ""))
    difference = _shown(row["difference"], unit, lang)
    tolerance = _shown(row["tolerance"], unit, lang)
    label = _in(telling().labels[_label_key(row)], lang)
    one, two = (
        str(_said(row, name, lang) or "").strip().rstrip("。；;.")
        for name in ("statement_1", "statement_2")
    )
    content = "|".join(
        str(row[name] or "") for name in ("statement_1", "statement_2", "difference", "kind")
    )
    finding = Finding(
        finding_id=str(row["finding_id"]),
        content_id=hashlib.sha256(content.encode()).hexdigest()[:12],
        document_id=str(row["document_id"]),
        county=row["county"],
        county_code=row["county_code"],
        department=str(row["department"] or "—"),
        fiscal_year=int(row["fiscal_year"] or 0),
        phase=str(row["phase"] or "other"),
        scope=str(row["scope"] or "unknown"),
        identity=str(row["identity"]),
        identity_title=title,
        instance=str(row["instance"]),
        kind=str(row["kind"]),
        severity=str(row["severity"]),
        cause=cause.id,
        reach=reach,
        label=label,
        statement_1=one,
        statement_2=two,
        difference=difference,
        tolerance=tolerance,
        amount=_yuan(row["difference"], unit),
        tail=_yuan(row["tolerance"], unit),
        pages=_pages(row["pages"]),
        read_by=_read_by(row, lang),
        status=str(row["status"]),
        status_reason=str(row["status_reason"] or ""),
        source_url=row["source_url"],
        text="",
        why=badge_reason or why,
    )
    return replace(finding, text=_text(finding, cause, lang))


def _said(row: Mapping[str, Any], name: str, lang: Lang) -> Any:
    """A statement in the language; in Chinese where it was landed in no other."""
    return (row[f"{name}_en"] if lang == "en" else None) or row[name]


def _yuan(value: Decimal | None, unit: str | None) -> Decimal | None:
    return abs(value) * 10000 if value is not None and unit in {"万元", "元"} else None


def _text(finding: Finding, cause: Cause, lang: Lang) -> str:
    """One paragraph, as users are told: label, two statements, difference, possible causes."""
    ask = _in(telling().asks["hard" if finding.severity == "hard" else "soft"], lang)
    possible = _in(cause.possible, lang)
    both = [part for part in (finding.statement_1, finding.statement_2) if part]
    if lang == "zh":
        if finding.kind == "misread":
            return f"【{finding.label}】{'；'.join(both) or finding.identity_title}。可能原因：{possible}。"
        said = "；".join(both) or finding.identity_title
        if finding.kind == "missing":  # its statements only count what could be checked
            said = f"{finding.identity_title}：{said}"
        if finding.kind == "anomaly":
            return f"【{finding.label}】{said}{_gap(finding, lang)}。可能原因：{possible}。"
        return f"【{finding.label}·{ask}】{said}{_gap(finding, lang)}。可能原因：{possible}。"
    said = "; ".join(both) or finding.identity_title
    if finding.kind == "misread":
        return f"[{finding.label}] {said}. Possible causes: {possible}."
    return (
        f"[{finding.label} · {ask}] {finding.identity_title}: {said}{_gap(finding, lang)}. "
        f"Possible causes: {possible}."
    )


def brief(finding: Finding, lang: Lang = "zh") -> str:
    """One finding in one line, where many are told at once: label, statements, difference."""
    both = "；" if lang == "zh" else "; "
    said = both.join(part for part in (finding.statement_1, finding.statement_2) if part)
    said = said or finding.identity_title
    head = f"【{finding.label}】" if lang == "zh" else f"[{finding.label}] "
    return f"{head}{said}{_gap(finding, lang)}" + ("。" if lang == "zh" else ".")


def _gap(finding: Finding, lang: Lang) -> str:
    """The difference and, where rounding allows one, the tail."""
    if finding.difference == "—":
        return ""
    rounded = finding.amount is not None and bool(finding.tail)
    if lang == "zh":
        tail = f"（允许尾差{finding.tolerance}）" if rounded else ""
        return f"，相差{finding.difference}{tail}"
    tail = f" (allowed rounding {finding.tolerance})" if rounded else ""
    return f"; difference {finding.difference}{tail}"


# --- grouping ---


@dataclass(frozen=True)
class Mute:
    """A reviewed decision not to be told of a family in a county, with its reason."""

    match: str
    reason: str
    county_code: str | None = None

    def covers(self, finding: Finding) -> bool:
        return fnmatchcase(finding.identity, self.match) and (
            self.county_code is None or finding.county_code == self.county_code
        )


def load_mutes(decisions: Path) -> list[Mute]:
    """``decisions/mutes.yml``: entries with ``match`` (pattern over identity ids), ``reason``
    and, where it is for one county only, ``county_code``. No file = nothing muted."""
    path = decisions / "mutes.yml"
    if not path.exists():
        return []
    mutes: list[Mute] = []
    for entry in yaml.safe_load(path.read_text("utf-8")) or []:
        if not isinstance(entry, dict) or not entry.get("match") or not entry.get("reason"):
            raise ValueError(f"{path}: every entry wants match and reason, got {entry!r}")
        code = entry.get("county_code")
        mutes.append(
            Mute(str(entry["match"]), str(entry["reason"]), str(code) if code is not None else None)
        )
    return mutes


@dataclass(frozen=True)
class Message:
    """What is said of one document at once: its findings grouped by cause, five lines."""

    title: str
    lines: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def body(self) -> str:
        return "\n".join(self.lines)


@dataclass
class _Group:
    """Findings told in one line. ``one_figure``: one printed figure is behind all of them."""

    cause: Cause
    members: list[Finding] = field(default_factory=list)
    one_figure: bool = False

    @property
    def weight(self) -> Decimal:
        return max((f.amount or Decimal(0) for f in self.members), default=Decimal(0))


_CENT = Decimal(100)  # 0.01 万元, the printed step
_PRINTED = re.compile(r"[\d,]*\d\.\d+ ?万元|[\d,]*\d ?[个元]")


def _printed(finding: Finding) -> set[str]:
    found = _PRINTED.findall(f"{finding.statement_1} {finding.statement_2}")
    return {one.replace(" ", "").replace(",", "") for one in found} - {"0.00万元", "0个", "0元"}


def _groups(members: Sequence[Finding]) -> list[_Group]:
    """Bundle one document's findings: first those behind which one figure stands – the same
    difference, a printed figure in common, several causes – then the rest by cause."""
    linked: list[list[Finding]] = []
    for one in members:
        if one.difference == "—" or one.amount is None:
            continue
        for cluster in linked:
            if any(_same_gap(one, other) for other in cluster):
                cluster.append(one)
                break
        else:
            linked.append([one])
    groups: list[_Group] = []
    bundled: set[str] = set()
    for cluster in linked:
        if len({one.cause for one in cluster}) > 1:
            lead = _lead(cluster)
            rest = [one for one in cluster if one is not lead]
            groups.append(_Group(_cause(lead.identity), [lead, *rest], one_figure=True))
            bundled |= {one.finding_id for one in cluster}
    by_cause: dict[str, _Group] = {}
    for one in members:
        if one.finding_id not in bundled:
            by_cause.setdefault(one.cause, _Group(_cause(one.identity))).members.append(one)
    for group in by_cause.values():
        group.members.sort(key=lambda f: (f.severity != "hard", -(f.amount or Decimal(0))))
    return [*groups, *by_cause.values()]


def _same_gap(one: Finding, other: Finding) -> bool:
    """The same difference but for rounding, and a printed figure in common."""
    if one.amount is None or other.amount is None:
        return False
    slack = (one.tail or 0) + (other.tail or 0) + _CENT
    return abs(one.amount - other.amount) <= min(slack, one.amount / 10) and bool(
        _printed(one) & _printed(other)
    )


def _lead(cluster: Sequence[Finding]) -> Finding:
    """The finding that says it most plainly: a hard one, cell against cell, in few words."""
    return min(
        cluster,
        key=lambda f: (
            f.severity != "hard",
            "合计 " in f"{f.statement_1}{f.statement_2}",
            len(f.statement_1) + len(f.statement_2),
            f.identity,
            f.instance,
        ),
    )


def messages(found: Sequence[Finding], lang: Lang = "zh") -> list[Message]:
    """One message a document, its findings bundled by cause; badges are left out.

    Thirteen tables with the same gap are one line, and so is one figure that contradicts six
    others. What does not fit into five lines is counted, not told.
    """
    by_document: dict[str, list[Finding]] = {}
    for one in found:
        if one.reach != "badge":
            by_document.setdefault(one.document_id, []).append(one)
    told: list[Message] = []
    for members in by_document.values():
        ordered = sorted(
            _groups(members),
            key=lambda g: (all(f.severity != "hard" for f in g.members), -g.weight, g.cause.id),
        )
        lines = [_line(group, lang) for group in ordered]
        if len(lines) > LINES:
            rest = len(lines) - (LINES - 1)
            more = f"……另有 {rest} 组，见核对提示清单" if lang == "zh" else f"… {rest} more groups"
            lines = [*lines[: LINES - 1], more]
        first = members[0]
        county = first.county or ""
        place = "" if first.department.startswith(county) else county  # 青岚县教育局 names it
        title = " ".join(part for part in (place, first.department, _year(first, lang)) if part)
        few = "finding" if len(members) == 1 else "findings"
        count = f"核对提示 {len(members)} 项" if lang == "zh" else f"{len(members)} {few}"
        separator = "：" if lang == "zh" else ": "
        told.append(Message(f"{title}{separator}{count}", tuple(lines), tuple(members)))
    return told


def _year(finding: Finding, lang: Lang) -> str:
    if lang == "en":
        return f"{finding.fiscal_year} {finding.phase}"
    word = {"budget": "年预算", "adjusted": "年调整预算", "final_account": "年决算"}
    return f"{finding.fiscal_year}{word.get(finding.phase, '年')}"


PAGES_SHOWN = 8


def _line(group: _Group, lang: Lang) -> str:
    """One group in one paragraph: the plainest finding, and what else hangs on it."""
    first, others = group.members[0], group.members[1:]
    if not others:
        return first.text
    numbers = sorted({page for one in group.members for page in one.pages})
    comma = "、" if lang == "zh" else ", "
    pages = comma.join(map(str, numbers[:PAGES_SHOWN])) + (
        "…" if len(numbers) > PAGES_SHOWN else ""
    )
    hard = any(f.severity == "hard" for f in group.members)
    ask = _in(telling().asks["hard" if hard else "soft"], lang)
    possible = _in(telling().one_figure if group.one_figure else group.cause.possible, lang)
    if group.one_figure:
        titles = list(dict.fromkeys(one.identity_title for one in others))
        also = comma.join(titles[:4]) + ("…" if len(titles) > 4 else "")
        if lang == "zh":
            return (
                f"【{first.label}·{ask}】{first.statement_1}；{first.statement_2}"
                f"{_gap(first, lang)}。同一差额还见于 {len(others)} 处：{also}"
                f"（共涉及第{pages}页）。可能原因：{possible}。"
            )
        return (
            f"[{first.label} · {ask}] {first.statement_1}; {first.statement_2}"
            f"{_gap(first, lang)}. The same difference shows in {len(others)} more places: {also} "
            f"(pages {pages}). Possible causes: {possible}."
        )
    said = (
        f"{first.statement_1}；{first.statement_2}"
        if lang == "zh"
        else (f"{first.statement_1}; {first.statement_2}")
    )
    count = len(group.members)
    if lang == "zh":
        place = f"（第{pages}页）" if numbers else ""
        largest = f"，最大相差{first.difference}" if first.difference != "—" else ""
        return (
            f"【{first.label}·{ask}】{group.cause.title.zh}：{count} 处{largest}{place}。"
            f"例如：{said}。可能原因：{possible}。"
        )
    place = f" (p. {pages})" if numbers else ""
    largest = f", largest difference {first.difference}" if first.difference != "—" else ""
    return (
        f"[{first.label} · {ask}] {group.cause.title.en}: {count} places{largest}{place}. "
        f"For example: {said}. Possible causes: {possible}."
    )


# --- the page that Data Docs lead to ---

PAGE_DOCUMENTS = 1000


def write_findings_page(found: Sequence[Finding], path: Path) -> None:
    """``findings.html`` of the Data Docs site: every finding under its document (``#d-…``).

    A finding that has a page on the evidence site beside the Data Docs leads to it, and so does its
    identity; the site and dbt's documentation stand at the head where they are there.
    """
    from expectations.data_docs import environment

    beside = path.parent.parent
    site = beside / "evidence"
    shown = {
        one.finding_id for one in found if (site / "findings" / f"{one.finding_id}.html").is_file()
    }
    declared = {
        name
        for name in {one.identity for one in found}
        if (site / "identities" / f"{name}.html").is_file()
    }

    by_document: dict[str, list[Finding]] = {}
    for one in found:
        by_document.setdefault(one.document_id, []).append(one)
    html = (
        environment()
        .get_template("findings.html.j2")
        .render(
            root="./",
            documents=list(by_document.values())[:PAGE_DOCUMENTS],
            more=max(0, len(by_document) - PAGE_DOCUMENTS),
            total=len(found),
            evidence=shown,
            identities=declared,
            doors=[
                (name, f"../{folder}/index.html")
                for name, folder in (("证据站", "evidence"), ("数据字典", "dbt"))
                if (beside / folder / "index.html").is_file()
            ],
            note=telling().note,
        )
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".tmp")
    scratch.write_text(html, "utf-8")
    scratch.replace(path)

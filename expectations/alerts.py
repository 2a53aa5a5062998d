"""Alerts (提醒): hard findings at once, the rest in one digest a night, everything told once.

Channels are Apprise addresses (``BUDGETS_ALERT_URLS``); without one, what would be said is
written to the ledger only, and the report says so. Every message is written down before it is
sent and again when a channel took it, so a kill in between repeats the same message with the
same id (编号), and never loses one. Addresses hold secrets: they are named by scheme and a short
fingerprint, and whatever a library says about them is masked.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from expectations.findings import (
    DOCUMENT_TITLE,
    Finding,
    Lang,
    Message,
    Mute,
    brief,
    findings,
    kept_words,
    load_mutes,
    messages,
    note,
    telling,
)
from expectations.ledger import Ledger, Queued

__all__ = [
    "News",
    "Night",
    "Quarantined",
    "StepFailure",
    "TellReport",
    "channel_name",
    "heartbeat",
    "read_night",
    "tell",
    "tell_failure",
    "tell_overdue",
]

log = logging.getLogger(__name__)
SHANGHAI = ZoneInfo("Asia/Shanghai")
ATTEMPTS = 3
PAUSE_SECONDS = 2.0
NAMES_SHOWN = 12
FIGURES_SHOWN = 5
HOURS_OF_A_NIGHT = 26
NO_CHANNEL = "no channel configured (BUDGETS_ALERT_URLS)"


@dataclass(frozen=True)
class Quarantined:
    """A document that waits for review (待人工复核), with the reasons."""

    document_id: str
    title: str
    reasons: str


@dataclass(frozen=True)
class News:
    """Something for the digest. ``item`` makes it told once (for ever, a week, an episode)."""

    item: str
    text_zh: str
    text_en: str


@dataclass(frozen=True)
class StepFailure:
    """A step that failed: its name and the first lines of the reason."""

    step: str
    error: str


@dataclass(frozen=True)
class Night:
    """What happened, apart from the findings."""

    run_id: str
    failures: tuple[StepFailure, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    sites: tuple[News, ...] = ()
    restated: tuple[News, ...] = ()
    missing: tuple[News, ...] = ()
    reread: tuple[News, ...] = ()
    """Documents whose reading by a new parser version is worse and was kept back."""
    documents: tuple[tuple[str, str], ...] = ()
    """Current documents: (document id, title)."""
    checks: tuple[News, ...] = ()
    """What the gates found and published all the same; identities are told as findings."""
    crawled: int | None = None
    """Hosts that were crawled since the night before; None: nobody counted."""


@dataclass
class TellReport:
    """What was said. ``summary`` is one line for the run report.

    ``sent``: ids of messages every channel took; ``waiting``: ids some channel did not take,
    tried again next time, with the reasons in ``problems``; ``recorded``: written to the ledger
    only, because no channel is configured.
    """

    summary: str = ""
    queued: int = 0
    sent: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    recorded: list[str] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    channels: int = 0
    muted: int = 0
    findings_open: int = 0
    findings_new: int = 0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def tell(
    layout_root: Path,
    *,
    database_path: Path,
    run_id: str,
    urls: Sequence[str] = (),
    now: datetime | None = None,
    night: Night | None = None,
    found: Sequence[Finding] | None = None,
    decisions: Path | None = None,
    lang: Lang = "zh",
) -> TellReport:
    """Say what is new, once; first whatever an earlier night could not deliver.

    Args:
        layout_root: the data folder; the ledger is ``layout_root/ledger``.
        database_path: the published copy (the last good one where publication stopped).
            It may be absent before the first publication.
        run_id: the run that tells; failures of its steps are read from the ledger.
        urls: Apprise addresses. None = written to the ledger only.
        night: what happened (default: read from ledger and database).
        found: the findings (default: those of the database).
        decisions: the folder of reviewed decisions; ``mutes.yml`` there silences families.

    Safe to run twice: the second time everything has been told.
    """
    now = (now or datetime.now(UTC)).astimezone(UTC)
    ledger = Ledger(Path(layout_root) / "ledger")
    exists = Path(database_path).exists()
    if found is None:
        found = findings(database_path, lang) if exists else []
    if night is None:
        night = read_night(layout_root, database_path, run_id=run_id, now=now, lang=lang)
    mutes = load_mutes(decisions) if decisions is not None else []
    report = TellReport(channels=len(urls), findings_open=len(found))
    channels = {channel_name(url): url for url in urls}
    with ledger.lock():
        if exists:
            present = {one.finding_id: one.content_id for one in found}
            says = {one.finding_id: kept_words(one) for one in found}
            report.findings_new = len(ledger.see(present, now, run_id, says).opened)
        before = ledger.queued()
        told = ledger.told(before.values())
        fresh = _compose(
            found,
            night,
            told=told,
            before=before.values(),
            now=now,
            mutes=mutes,
            lang=lang,
            report=report,
        )
        for draft in fresh:
            if draft.message_id in before:
                continue
            before[draft.message_id] = ledger.queue(
                message_id=draft.message_id,
                kind=draft.kind,
                title=draft.title,
                body=draft.body,
                items=draft.items,
                channels=list(channels),
                at=now,
                run_id=run_id,
            )
            report.queued += 1
        _send_waiting(ledger, before.values(), channels, now, report)
    report.summary = _summary(report, lang)
    return report


def tell_failure(
    layout_root: Path,
    *,
    where: str,
    run_id: str,
    error: str,
    urls: Sequence[str] = (),
    now: datetime | None = None,
    lang: Lang = "zh",
) -> TellReport:
    """Say at once that a step failed for good (``where`` is ``dag.task`` or a step's name).

    The same failure of the same run is told once, whether by this or by :func:`tell`.
    """
    return _at_once(
        layout_root,
        _failure(StepFailure(where, error), run_id, lang),
        run_id,
        urls=urls,
        now=now,
        lang=lang,
    )


def tell_overdue(
    layout_root: Path,
    *,
    last_complete: datetime | None,
    max_age: timedelta,
    urls: Sequence[str] = (),
    now: datetime | None = None,
    lang: Lang = "zh",
) -> TellReport | None:
    """Say that no night has been completed for longer than ``max_age`` (作业逾期).

    For whoever looks from outside the schedule (cron, a timer): a scheduler that is down cannot
    tell of itself. None where the last complete night is young enough; each gap is told once.
    """
    now = (now or datetime.now(UTC)).astimezone(UTC)
    if last_complete is not None and now - last_complete <= max_age:
        return None
    hours = int(max_age.total_seconds() // 3600)
    since = f"{last_complete.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if last_complete else None
    if lang == "zh":
        title = "夜间作业逾期未完成"
        body = (
            (
                f"上一次完整的夜间作业完成于 {since}（北京时间），"
                if since
                else "尚无完整的夜间作业，"
            )
            + f"已超过 {hours} 小时。上一次发布的数据保持不变。\n请看调度是否在运行：budgets doctor；手工补跑：budgets run\n处理办法：docs/runbook.md#overdue"
        )
    else:
        title = "No complete night in time"
        body = (
            (
                f"The last complete night ended {since} (Beijing). "
                if since
                else "No night was completed yet. "
            )
            + f"That is more than {hours} hours. What was published last stays as it is.\nIs the scheduler running? budgets doctor; by hand: budgets run\nWhat to do: docs/runbook.md#overdue"
        )
    draft = _Draft("overdue", title, body, (f"overdue:{since or 'never'}",))
    return _at_once(layout_root, draft, "overdue", urls=urls, now=now, lang=lang)


def _at_once(
    layout_root: Path,
    draft: _Draft,
    run_id: str,
    *,
    urls: Sequence[str],
    now: datetime | None,
    lang: Lang,
) -> TellReport:
    """Queue one message unless what it tells was told, and deliver it."""
    now = (now or datetime.now(UTC)).astimezone(UTC)
    ledger = Ledger(Path(layout_root) / "ledger")
    channels = {channel_name(url): url for url in urls}
    report = TellReport(channels=len(urls))
    with ledger.lock():
        known = ledger.queued()
        told = ledger.told(known.values())
        queued: list[Queued] = [m for m in known.values() if draft.message_id == m.message_id]
        if draft.items[0] not in told:
            queued = [
                ledger.queue(
                    message_id=draft.message_id,
                    kind=draft.kind,
                    title=draft.title,
                    body=draft.body,
                    items=draft.items,
                    channels=list(channels),
                    at=now,
                    run_id=run_id,
                )
            ]
            report.queued = 1
        _send_waiting(ledger, queued, channels, now, report)
    report.summary = _summary(report, lang)
    return report


def heartbeat(url: str | None, *, timeout: float = 10.0) -> bool:
    """Ping the heartbeat address after a complete night. False: none is set, or it failed.

    A failure is logged without the address and fails nothing: who waits for the ping notices.
    """
    if not url:
        return False
    import requests

    try:
        with _discreet():
            reply = requests.get(url, timeout=timeout)
    except requests.RequestException as error:
        log.warning("heartbeat not sent: %s", type(error).__name__)  # the text holds the address
        return False
    if reply.status_code >= 400:
        log.warning("heartbeat refused: HTTP %d", reply.status_code)
        return False
    return True


# --- what happened ---


def read_night(
    layout_root: Path,
    database_path: Path,
    *,
    run_id: str,
    now: datetime,
    lang: Lang = "zh",
) -> Night:
    """Failed steps of this run, documents that wait for review, and news of the sites."""
    steps = list(_steps(Path(layout_root) / "ledger" / "steps", now))
    # a step that failed and then went well on another try has not failed
    last: dict[str, Mapping[str, Any]] = {}
    for step in sorted(steps, key=lambda row: str(row.get("started_at"))):
        name = _plain_step(str(step.get("step")))
        # hosts are told in the digest, all of them: a broken network is one matter, not fifty
        if name in {"tell", "heartbeat"} or name.startswith(_CRAWL):
            continue
        if step.get("run_id") == run_id:
            last[name] = step
    failures = tuple(
        StepFailure(name, str(step.get("error") or ""))
        for name, step in last.items()
        if not step.get("success")
    )
    hosts = _hosts(steps, now)
    sites = (*_not_crawled(hosts), *_crawl_warnings(steps, now))
    reread = tuple(_kept_back(steps))
    checks = tuple(_checks(last.values(), now))
    crawled = sum(1 for step in hosts.values() if step.get("success"))
    if not Path(database_path).exists():
        return Night(run_id, failures, sites=sites, reread=reread, checks=checks, crawled=crawled)
    import duckdb

    with duckdb.connect(str(database_path), read_only=True) as connection:
        return Night(
            run_id,
            failures,
            quarantined=tuple(
                Quarantined(str(row[0]), str(row[1]), str(row[2] or ""))
                for row in connection.execute(_QUARANTINED).fetchall()
            ),
            sites=(*sites, *_blocked(connection, now), *_withdrawn(connection)),
            restated=tuple(_restated(connection)),
            missing=tuple(_missing(connection, now)),
            reread=reread,
            documents=tuple(
                (str(row[0]), str(row[1])) for row in connection.execute(_CURRENT).fetchall()
            ),
            checks=checks,
            crawled=crawled,
        )


def _plain_step(where: str) -> str:
    """``warehouse.check_marts`` → ``check_marts``; ``crawl_host www.a.cn`` stays as it is."""
    dag_and_task = re.fullmatch(r"[a-z_]+\.([a-z_]+)", where)
    return dag_and_task.group(1) if dag_and_task else where


_QUARANTINED = f"""
select s.document_id, {DOCUMENT_TITLE}, s.reasons
from quality.document_status as s
left join marts.dim_document as d using (document_id)
where s.status = 'quarantined'
order by 2, 1
"""  # noqa: S608 - no text from outside

_CURRENT = f"""
select d.document_id, {DOCUMENT_TITLE}
from marts.dim_document as d
where d.is_current
order by 2, 1
"""  # noqa: S608 - no text from outside

_RESTATED = f"""
select
    r.document_id,
    {DOCUMENT_TITLE} as title,
    concat_ws(' ', case r.form when 'narrative' then '说明' else r.form end, r.row_label, coalesce(r.previous_text, '') || '→'
        || coalesce(r.amount_text, '')) as change
from quality.restatement as r
join marts.dim_document as d using (document_id)
where d.is_current
order by title, r.document_id, r.form = 'narrative', abs(r.difference_wan) desc, change
"""  # noqa: S608 - no text from outside

_WITHDRAWN = f"""
select
    d.document_id,
    {DOCUMENT_TITLE} as title,
    max(p.withdrawn_at) as withdrawn_at
from marts.dim_document as d
join quality.publication as p using (document_id)
where d.is_current and d.online_status = 'withdrawn' and p.withdrawn_at is not null
group by all
order by title
"""  # noqa: S608 - no text from outside

_MISSING = """
select county, county_code, fiscal_year, phase, max(expected_by) as expected_by,
       count(*) filter (where status = 'not_seen') as absent,
       count(*) filter (where status in ('seen', 'quarantined', 'seen_not_read', 'withdrawn'))
           as seen,
       list(department order by department) filter (where status = 'not_seen') as names
from quality.coverage
where (fiscal_year, phase) in ((?, 'budget'), (? - 1, 'final_account')) and scope = 'department'
  and expected_by <= ?
group by county, county_code, fiscal_year, phase
having absent > 0
order by county_code, phase
"""

_NIGHTS = """
select
    o.county_code,
    cast(o.happened_at + interval 8 hour as date) as night,
    count(*) filter (where o.outcome = 'blocked') as blocked,
    count(*) filter (where o.outcome = 'listing_ok' or o.outcome = 'unchanged') as open_
from quality.outcome as o
where o.step = 'fetch' and o.role = 'listing' and o.county_code is not null
  and o.happened_at >= ?
group by all
order by o.county_code, night
"""


def _rows(connection: Any, sql: str, *values: Any) -> list[Any]:
    """Rows of a table that an older published copy may lack: then nothing, and it is logged."""
    import duckdb

    try:
        return list(connection.execute(sql, list(values)).fetchall())
    except duckdb.Error as error:
        log.warning("left out of the digest: %s", str(error).splitlines()[0])
        return []


def _restated(connection: Any) -> Iterator[News]:
    """Corrected republications (更正后重新公开), each told once, with the figures that changed."""
    changes: dict[tuple[str, str], list[str]] = {}
    for document_id, title, change in _rows(connection, _RESTATED):
        changes.setdefault((document_id, title), []).append(change)
    for (document_id, title), found in changes.items():
        cells, named = len(found), list(dict.fromkeys(found))
        shown = "；".join(named[:FIGURES_SHOWN])
        whole = len(named) <= FIGURES_SHOWN
        where = "docs/runbook.md#restated"
        yield News(
            item=f"restated:{document_id[:16]}",
            text_zh=f"{title}：更正后重新公开，{cells} 处数字不同"
            + (f"：{shown}" if whole else f"，例如 {shown}")
            + f"（处理办法：{where}）",
            text_en=f"{title}: corrected and published again, {_count(cells, 'figure')} changed"
            + (f": {shown}" if whole else f", e.g. {shown}")
            + f" (what to do: {where})",
        )


def _withdrawn(connection: Any) -> Iterator[News]:
    """Documents gone from every address they were published at, each told once."""
    for document_id, title, withdrawn_at in _rows(connection, _WITHDRAWN):
        day = f"{withdrawn_at:%Y-%m-%d}"
        yield News(
            item=f"withdrawn:{document_id[:16]}:{day}",
            text_zh=f"{title}：公开网址上的文件已撤下（{day} 发现）；存档的文本保留，仍可查询"
            "（处理办法：docs/runbook.md#withdrawn）",
            text_en=f"{title}: gone from the address it was published at (seen on {day}); the "
            "archived document is kept and can be queried "
            "(what to do: docs/runbook.md#withdrawn)",
        )


def _missing(connection: Any, now: datetime) -> Iterator[News]:
    """Bodies not seen by the day they were due, once a week a county: named, with the day; a
    county of which nothing at all was seen (整县未见), once a year and kind."""
    today = now.astimezone(SHANGHAI)
    year, week, _ = today.isocalendar()
    found = _rows(connection, _MISSING, today.year, today.year, today.date())
    for county, code, of_year, phase, due, absent, seen, names in found:
        kind_zh, kind_en = _PHASES[phase]
        more = absent - NAMES_SHOWN
        listed = "、".join(names[:NAMES_SHOWN]) + (f" 等，另 {more} 个" if more > 0 else "")
        listed_en = ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
        where = "docs/runbook.md#not_seen"
        if not seen:  # the whole county: once, not every week
            yield News(
                item=f"silent:{code}:{phase}:{of_year}",
                text_zh=f"{county}：整县未见。{of_year} 年部门{kind_zh}应在 {due:%Y-%m-%d} 前见到，截至 "
                f"{today:%Y-%m-%d} 一个部门也未见（应有 {absent} 个）：栏目是否搬迁？"
                f"（未见不等于未公开；处理办法：docs/runbook.md#silent）",
                text_en=f"{county}: silent. Departments' {of_year} {kind_en} were due by "
                f"{due:%Y-%m-%d}; by {today:%Y-%m-%d} none of {absent} was seen. Did the column "
                "move? (not seen is not unpublished; what to do: docs/runbook.md#silent)",
            )
            continue
        yield News(
            item=f"not_seen:{code}:{phase}:{year}-W{week:02d}",
            text_zh=f"{county}：{of_year} 年部门{kind_zh}应在 {due:%Y-%m-%d} 前见到，截至 "
            f"{today:%Y-%m-%d} 已见 {seen} 个部门，{absent} 个未见：{listed}"
            f"（未见不等于未公开；处理办法：{where}）",
            text_en=f"{county}: departments' {of_year} {kind_en} were due by {due:%Y-%m-%d}; by "
            f"{today:%Y-%m-%d} {seen} were seen, {absent} not: {listed_en} (not seen is not "
            f"unpublished; what to do: {where})",
        )


_PHASES = {"budget": ("预算", "budgets"), "final_account": ("决算", "final accounts")}


def _blocked(connection: Any, now: datetime) -> list[News]:
    """Sites whose listing was blocked for several nights in a row, the last ones."""
    limit = telling().limits.blocked_nights
    since = (now - timedelta(days=60)).replace(tzinfo=None)
    rows = _rows(connection, _NIGHTS, since)
    streaks: dict[str, list[Any]] = {}
    for county_code, night, blocked, open_ in rows:
        if open_:
            streaks[county_code] = []
        elif blocked:
            streaks.setdefault(county_code, []).append(night)
    names = dict(_rows(connection, "select county_code, county from marts.dim_county"))
    return [
        News(
            item=f"blocked:{code}:{nights[0]}",
            text_zh=f"{names.get(code, code)}：公开栏目连续 {len(nights)} 晚被拦截（自 {nights[0]} 起），"
            "未下载，也不尝试绕过；可请站点管理方放行或改用正式接口"
            "（处理办法：docs/runbook.md#blocked）",
            text_en=f"{names.get(code, code)}: its columns were blocked {len(nights)} nights in a row "
            f"(since {nights[0]}); nothing was downloaded and no challenge is broken "
            "(what to do: docs/runbook.md#blocked)",
        )
        for code, nights in sorted(streaks.items())
        if len(nights) >= limit
    ]


_CRAWL = "crawl_host "


def _hosts(steps: Iterable[Mapping[str, Any]], now: datetime) -> dict[str, Mapping[str, Any]]:
    """The last crawl of each host since the night before; what went well on another try did."""
    since = (now - timedelta(hours=HOURS_OF_A_NIGHT)).isoformat()
    found: dict[str, Mapping[str, Any]] = {}
    for step in sorted(steps, key=lambda row: str(row.get("started_at"))):
        name = str(step.get("step", ""))
        if name.startswith(_CRAWL) and str(step.get("started_at")) >= since:
            found[name.removeprefix(_CRAWL)] = step
    return found


def _not_crawled(hosts: Mapping[str, Mapping[str, Any]]) -> Iterator[News]:
    """Hosts that could not be worked. Airflow tells the first of a run at once, and for it alone:
    that one is known by its reason and not told again."""
    where = "docs/runbook.md#step_failed"
    for host, step in sorted(hosts.items()):
        if step.get("success"):
            continue
        error = str(step.get("error") or "")
        said = (error.splitlines() or [""])[0][:300]
        yield News(
            item=_reason_item(str(step.get("run_id")), error),
            text_zh=f"{host}：今晚未能抓取：{said}（处理办法：{where}）",
            text_en=f"{host}: not crawled tonight: {said} (what to do: {where})",
        )


def _reason_item(run_id: str, error: str) -> str:
    return f"failure:{run_id}:{_hash(error)[:10]}"


def _checks(steps: Iterable[Mapping[str, Any]], now: datetime) -> Iterator[News]:
    """Checks of the gates that do not hold and stop nothing, each once a week: no crawl for
    days, a negative amount. Identities are left out, they are told as findings."""
    year, week, _ = now.astimezone(SHANGHAI).isocalendar()
    for step in steps:
        for failed in (step.get("result") or {}).get("findings") or []:
            if not isinstance(failed, Mapping) or str(failed.get("suite")).startswith("identity_"):
                continue
            places = "; ".join(map(str, failed.get("where") or []))
            # numbers differ from night to night while the matter stays the same
            same = re.sub(r"\d+", "0", f"{failed['suite']} {failed['check']} {places}")
            what, remedy = failed["what"], failed["remedy"]
            yield News(
                item=f"check:{_hash(same)[:10]}:{year}-W{week:02d}",
                text_zh=f"{what['zh']}：不成立（{places}）。{remedy['zh']}"
                "（处理办法：docs/runbook.md#check_not_held）",
                text_en=f"{what['en']}: does not hold ({places}). {remedy['en']} "
                "(what to do: docs/runbook.md#check_not_held)",
            )


def _crawl_warnings(steps: Iterable[Mapping[str, Any]], now: datetime) -> list[News]:
    """Warnings of the last day's crawl; each told once a week."""
    year, week, _ = now.astimezone(SHANGHAI).isocalendar()
    news: dict[str, News] = {}
    for step in steps:
        if not str(step.get("step", "")).startswith(_CRAWL):
            continue
        host = str(step["step"]).removeprefix(_CRAWL)
        for warning in (step.get("result") or {}).get("warnings") or []:
            if not isinstance(warning, Mapping):
                continue  # written by an earlier version, and told by it
            # numbers differ from night to night while the matter stays the same
            same = re.sub(r"\d+", "0", f"{warning['kind']} {warning['en']}")
            item = f"crawl:{host}:{_hash(same)[:10]}:{year}-W{week:02d}"
            where = f"docs/runbook.md#{warning['kind']}"
            news[item] = News(
                item,
                f"{warning['zh']}（处理办法：{where}）",
                f"{warning['en']} (what to do: {where})",
            )
    return list(news.values())


def _kept_back(steps: Iterable[Mapping[str, Any]]) -> Iterator[News]:
    """Re-readings (重读) that were worse than what is landed; each batch is told once."""
    for step in steps:
        result = step.get("result") or {}
        if step.get("step") != "reread_batch" or not result.get("kept_back"):
            continue
        count = result["documents"] - result["switched"]
        where = "docs/runbook.md#reparse_kept_back"
        yield News(
            item=f"reread:{result['batch_id']}",
            text_zh=f"新版解析程序重读 {result['documents']} 个文件，{count} 个读数较差，沿用原读数，"
            f"例如 {result['kept_back'][0]}（处理办法：{where}）",
            text_en=f"of {result['documents']} files read again {count} came out worse and keep their "
            f"reading, e.g. {result['kept_back'][0]} (what to do: {where})",
        )


def _steps(folder: Path, now: datetime) -> Iterable[dict[str, Any]]:
    """Outcome rows of steps of the last two days (they lie in one folder a day)."""
    days = {(now - timedelta(days=back)).strftime("dt=%Y-%m-%d") for back in range(3)}
    days.add((now + timedelta(days=1)).strftime("dt=%Y-%m-%d"))
    for day in sorted(days):
        for path in sorted((folder / day).glob("*.json")):
            try:
                row = json.loads(path.read_text("utf-8"))
            except (OSError, ValueError):
                log.warning("step outcome %s cannot be read and is left out", path.name)
                continue
            if isinstance(row, dict):
                yield row


# --- what to say ---


@dataclass(frozen=True)
class _Draft:
    kind: str
    title: str
    body: str
    items: tuple[str, ...]

    @property
    def message_id(self) -> str:
        return _hash("|".join([self.kind, *sorted(self.items)]))[:16]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _document(document_id: str) -> str:
    return f"document:{document_id[:16]}"


def _waits(one: Quarantined) -> str:
    """Told again when it waits for another reason; figures in it may change with each reading."""
    return f"quarantined:{one.document_id}:{_hash(re.sub(r'[0-9.]+', '0', one.reasons))[:8]}"


def _item(finding: Finding) -> str:
    return f"finding:{finding.finding_id}:{finding.content_id}"


def _compose(
    found: Sequence[Finding],
    night: Night,
    *,
    told: set[str],
    before: Iterable[Queued],
    now: datetime,
    mutes: Sequence[Mute],
    lang: Lang,
    report: TellReport,
) -> list[_Draft]:
    """Drafts of what nobody has been told yet, the most urgent first."""
    drafts: list[_Draft] = []
    for failure in night.failures:
        draft = _failure(failure, night.run_id, lang)
        if draft.items[0] not in told:
            drafts.append(draft)
            told |= set(draft.items)
    open_ = [one for one in found if one.status == "open" and one.reach != "badge"]
    heard = [one for one in open_ if not any(mute.covers(one) for mute in mutes)]
    report.muted = len(open_) - len(heard)
    new = [one for one in heard if _item(one) not in told]
    hard = messages([one for one in new if one.reach == "at_once"], lang)
    limits = telling().limits
    if len(hard) > limits.at_once_messages_most:
        drafts.append(_many(hard, lang))
    else:
        drafts += [_one(message, lang) for message in hard]
    digest = _digest(new, night, told, now, lang, at_once=len(hard))
    if digest is not None:
        drafts.append(digest)
    elif not drafts:
        date = f"{now.astimezone(SHANGHAI):%Y-%m-%d}"
        if not any(f"{m.queued_at.astimezone(SHANGHAI):%Y-%m-%d}" == date for m in before):
            drafts.append(_quiet(date, night, lang))
    return drafts


def _ending(lang: Lang) -> str:
    """What stands below findings: what they are not, and what to do."""
    where = "docs/runbook.md#findings"
    return f"{note(lang)}\n{f'处理办法：{where}' if lang == 'zh' else f'What to do: {where}'}"


def _failure(failure: StepFailure, run_id: str, lang: Lang) -> _Draft:
    step = _plain_step(failure.step)
    closed = step in {"check_landing", "check_marts"}
    error = "\n".join(failure.error.splitlines()[:12])[:1500]
    late = step.startswith("deadline_of_")
    where = f"docs/runbook.md#{'gate_closed' if closed else 'deadline' if late else 'step_failed'}"
    dag = step.removeprefix("deadline_of_")
    if lang == "zh":
        title = (
            "停止发布：数据检查未通过"
            if closed
            else f"作业超时：{dag} 仍在运行"
            if late
            else f"作业未完成：{failure.step}"
        )
        tail = (
            "上一次发布的数据保持不变。"
            + ("处理后重跑：budgets check" if closed else f"运行 {run_id}，详见 budgets report")
            + f"\n处理办法：{where}"
        )
    else:
        title = (
            "Publication stopped: a gate is closed"
            if closed
            else f"Late: {dag} is still running"
            if late
            else f"Failed: {failure.step}"
        )
        tail = (
            "What was published last stays as it is. "
            + ("When mended: budgets check" if closed else f"Run {run_id}; see budgets report")
            + f"\nWhat to do: {where}"
        )
    items = (f"failure:{run_id}:{step}", _reason_item(run_id, failure.error))
    return _Draft("failure", title, f"{error}\n{tail}", items)


def _one(message: Message, lang: Lang) -> _Draft:
    source = message.findings[0].source_url or ""
    link = f"\n{'原文' if lang == 'zh' else 'source'} {source}" if source.startswith("http") else ""
    return _Draft(
        "finding",
        message.title,
        f"{message.body}{link}\n{_ending(lang)}",
        tuple(_item(one) for one in message.findings),
    )


def _many(hard: Sequence[Message], lang: Lang) -> _Draft:
    """A first load brings hundreds: one message with the weightiest, the rest on the page."""
    shown = telling().limits.at_once_messages_most
    found = [one for message in hard for one in message.findings]
    rest = len(hard) - shown
    if lang == "zh":
        title = f"核对提示：{len(hard)} 个文本共 {len(found)} 项应当相等而不符"
        more = f"……另有 {rest} 个文本，见核对提示清单"
    else:
        title = f"{_count(len(found), 'finding')} in {_count(len(hard), 'document')}"
        more = f"… {rest} more documents: see the list of findings"
    lines = [f"{message.title}｜{brief(message.findings[0], lang)}" for message in hard[:shown]]
    return _Draft(
        "finding",
        title,
        "\n".join([*lines, more, _ending(lang)]),
        tuple(_item(one) for one in found),
    )


def _digest(
    new: Sequence[Finding], night: Night, told: set[str], now: datetime, lang: Lang, *, at_once: int
) -> _Draft | None:
    soft = messages([one for one in new if one.reach == "digest"], lang)
    waiting = [one for one in night.quarantined if _waits(one) not in told]
    documents = [one for one in night.documents if _document(one[0]) not in told]
    zh = lang == "zh"
    parts: list[list[str]] = []
    items: list[str] = []
    if documents:
        names = [title for _, title in documents[:NAMES_SHOWN]]
        more = len(documents) - len(names)
        if zh:
            tail = f" 等，另 {more} 个" if more else ""
            parts.append([f"新入库 {len(documents)} 个文本：{'、'.join(names)}{tail}"])
        else:
            tail = f" and {more} more" if more else ""
            parts.append([f"{_count(len(documents), 'new document')}: {', '.join(names)}{tail}"])
        items += [_document(document_id) for document_id, _ in documents]
    if soft:
        part = [
            f"请说明 {len(soft)} 个文本："
            if zh
            else f"Please explain, {_count(len(soft), 'document')}:"
        ]
        for message in soft:
            part += [message.title, *(f"　{line}" for line in message.lines)]
            items += [_item(one) for one in message.findings]
        parts.append(part)
    if waiting:
        part = [
            f"待人工复核 {len(waiting)} 个文本（数字未进入数据；处理办法：docs/runbook.md#quarantined）："
            if zh
            else f"Waiting for review, {_count(len(waiting), 'document')} (figures kept out; "
            "what to do: docs/runbook.md#quarantined):"
        ]
        for one in waiting:
            said = f"　{one.title}：{one.reasons}" if zh else f"  {one.title}: {one.reasons}"
            part.append(said)
            items.append(_waits(one))
        parts.append(part)
    for head_zh, head_en, news in (
        ("更正：", "Corrected:", night.restated),
        ("未见：", "Not seen:", night.missing),
        ("站点：", "Sites:", night.sites),
        ("检查：", "Checks:", night.checks),
        ("重读：", "Read again:", night.reread),
    ):
        fresh = [one for one in news if one.item not in told]
        if fresh:
            told_of = [f"　{one.text_zh}" if zh else f"  {one.text_en}" for one in fresh]
            parts.append([head_zh if zh else head_en, *told_of])
            items += [one.item for one in fresh]
    if not items:
        return None
    lines = _fitted(parts, telling().limits.digest_lines_most, lang)
    if at_once:
        lines.append(
            f"另有 {at_once} 个文本的核对提示已单独发出。"
            if zh
            else f"Findings of {_count(at_once, 'document')} were told apart."
        )
    if soft:
        lines.append(_ending(lang))
    date = f"{now.astimezone(SHANGHAI):%Y-%m-%d}"
    title = f"{date} 每夜摘要" if zh else f"{date} nightly digest"
    return _Draft("digest", title, "\n".join(lines), tuple(items))


def _fitted(parts: Sequence[Sequence[str]], most: int, lang: Lang) -> list[str]:
    """The lines of all parts in at most ``most``: a long part gives way to the others, so that
    what is told once is never left out unsaid behind a list of something else."""
    kept = [0] * len(parts)
    by_length = sorted(range(len(parts)), key=lambda i: len(parts[i]))
    left = most
    for done, i in enumerate(by_length):
        kept[i] = min(len(parts[i]), left // (len(parts) - done))
        left -= kept[i]
    lines: list[str] = []
    for part, room in zip(parts, kept, strict=True):
        if len(part) <= room:
            lines += part
            continue
        shown = part[: max(room - 1, 1)]
        rest = len(part) - len(shown)
        more = (
            f"　……另有 {rest} 行，见 budgets report"
            if lang == "zh"
            else (f"  … {rest} more lines: see budgets report")
        )
        lines += [*shown, more]
    return lines


def _quiet(date: str, night: Night, lang: Lang) -> _Draft:
    held, crawled = len(night.documents), night.crawled
    if lang == "zh":
        body = "今夜无新情况。"
        if crawled:
            body += f"已查看 {crawled} 个站点。"
        elif crawled is not None:
            body += f"过去 {HOURS_OF_A_NIGHT} 小时没有抓取记录。"
        body += f"现行文本 {held} 个。" if held else ""
        return _Draft("quiet", f"{date} 今夜无新情况", body, (f"quiet:{date}",))
    body = "Nothing new tonight."
    if crawled:
        body += f" {_count(crawled, 'site')} looked at."
    elif crawled is not None:
        body += f" Nothing was crawled in the last {HOURS_OF_A_NIGHT} hours."
    body += f" {_count(held, 'current document')}." if held else ""
    return _Draft("quiet", f"{date} nothing new", body, (f"quiet:{date}",))


def _summary(report: TellReport, lang: Lang) -> str:
    zh = lang == "zh"
    parts: list[str] = []
    if report.recorded:
        parts.append(
            f"{len(report.recorded)} 条只记入台账（未设置提醒渠道 BUDGETS_ALERT_URLS）"
            if zh
            else f"{len(report.recorded)} written to the ledger only (no BUDGETS_ALERT_URLS)"
        )
    if report.sent:
        parts.append(f"已发出 {len(report.sent)} 条" if zh else f"{len(report.sent)} sent")
    if report.waiting:
        parts.append(
            f"{len(report.waiting)} 条未送达，下次再发"
            if zh
            else f"{len(report.waiting)} not delivered, tried again next time"
        )
    if report.given_up:
        parts.append(
            f"{len(report.given_up)} 条久未送达，已放弃"
            if zh
            else f"{len(report.given_up)} given up"
        )
    if report.muted:
        parts.append(f"{report.muted} 项已静默" if zh else f"{report.muted} muted")
    return ("；" if zh else "; ").join(parts) or ("没有新的提醒" if zh else "nothing new to say")


# --- delivery ---


def channel_name(url: str) -> str:
    """``json-3f2a91c0``: scheme and a short fingerprint; never the address itself."""
    return f"{urlsplit(url).scheme or 'unknown'}-{_hash(url)[:8]}"


def _mask(text: str, url: str) -> str:
    """Take every part of an address out of a text."""
    parts = urlsplit(url)
    pieces = {
        piece
        for whole in (
            url,
            parts.netloc,
            *parts.netloc.replace("@", ":").split(":"),
            *parts.path.split("/"),
            *(value for pair in parts.query.split("&") for value in pair.split("=", 1)[1:]),
            parts.fragment,
        )
        for piece in (whole, unquote(whole))
        if len(piece) > 2
    }
    for piece in sorted(pieces, key=len, reverse=True):
        text = text.replace(piece, "***")
    return text


def _send_waiting(
    ledger: Ledger,
    known: Iterable[Queued],
    channels: Mapping[str, str],
    now: datetime,
    report: TellReport,
) -> None:
    """Deliver what some channel has not taken; note each delivery as soon as it happened."""
    limit = timedelta(days=telling().limits.pending_days_most)
    broken: set[str] = set()
    for message in known:
        if message.closed is not None or (message.channels and not message.waiting):
            continue
        if not message.channels:
            ledger.close(message.message_id, NO_CHANNEL, now)
            report.recorded.append(message.message_id)
            continue
        # a channel that is no longer configured was replaced: whoever is there now gets it
        gone = [one for one in message.waiting if one not in channels]
        targets = [one for one in message.waiting if one in channels]
        if gone:
            targets += [one for one in channels if one not in message.channels]
        for channel in targets:
            if channel in message.delivered or channel in broken:
                continue
            problem = _deliver(channels[channel], message)
            if problem is None:
                ledger.delivered(message.message_id, channel, now)
                message.delivered.add(channel)
            else:
                # the others would wait as long for the same dead server
                broken.add(channel)
                report.problems.append(f"{channel}: {problem}")
                log.warning("alert not delivered by %s: %s", channel, problem)
        if gone and targets and all(one in message.delivered for one in targets):
            for channel in gone:
                ledger.delivered(message.message_id, channel, now)
                message.delivered.add(channel)
        if not message.waiting:
            report.sent.append(message.message_id)
        elif now - message.queued_at > limit:
            ledger.close(message.message_id, "given up: no channel took it", now)
            report.given_up.append(message.message_id)
        else:
            report.waiting.append(message.message_id)


def _deliver(url: str, message: Queued) -> str | None:
    """Send one message by one channel. Gives None, or the masked reason why not."""
    import apprise

    with _discreet() as heard:
        sender = apprise.Apprise()
        if not sender.add(url):
            return "the address is not one Apprise understands; see BUDGETS_ALERT_URLS"
        title, body = message.title, f"{message.body}\n编号 {message.message_id}"
        if urlsplit(url).scheme.lower() not in _VERBATIM:
            title, body = _inert(title), _inert(body)
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(PAUSE_SECONDS * 2 ** (attempt - 1))
            try:
                if sender.notify(title=title, body=body, body_format="text"):
                    return None
            except Exception as error:  # a plugin's defect must not stop the other channels
                heard.append(f"{type(error).__name__}: {error}")
        said = "; ".join(dict.fromkeys(heard[-6:])) or "the server did not take it"
        return _mask(said, url)[:400]


# Channels that carry text as it is: data for programs, and mail, which is sent as plain text.
_VERBATIM = frozenset({"json", "jsons", "xml", "xmls", "form", "forms", "mailto", "mailtos"})
_INERT = str.maketrans("[]<>@*`~|\\", "［］＜＞＠＊｀～｜＼")


def _inert(text: str) -> str:
    """A text in which no chat finds a link, an emphasis, a heading or a call to everybody.

    Chats read Markdown, each its own, and none lets every sign be escaped; the full-width forms
    look the same and mean nothing. The ledger keeps the text as it was.
    """
    text = re.sub(r"(?m)^(\s*)#", r"\1＃", text.translate(_INERT))
    return re.sub(r"(?<=[a-z])://", "：//", text)  # a bare address would become a link


@contextmanager
def _discreet() -> Iterator[list[str]]:
    """Keep what libraries say of addresses out of every log; gives it to the caller instead."""
    heard = _Heard()
    loggers = [logging.getLogger(name) for name in ("apprise", "urllib3", "requests")]
    before = [(logger.propagate, logger.level, logger.handlers[:]) for logger in loggers]
    for logger in loggers:
        logger.propagate, logger.handlers = False, [heard]
        logger.setLevel(logging.DEBUG)
    try:
        yield heard.lines
    finally:
        for logger, (propagate, level, handlers) in zip(loggers, before, strict=True):
            logger.propagate, logger.handlers = propagate, handlers
            logger.setLevel(level)


class _Heard(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.levelno >= logging.WARNING or "Exception" in text:
            self.lines.append(text)

"""Alerts against real servers on loopback: the right words, once, and again when one was down."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alert_sinks import Sink, Smtp, subject_of, text_of
from conftest import NOW, Document, Warehouse, violated  # type: ignore[import-not-found]

from expectations import alerts
from expectations.alerts import (
    News,
    Night,
    Quarantined,
    StepFailure,
    heartbeat,
    tell,
    tell_failure,
)
from expectations.ledger import Ledger

A, B = "a1" * 32, "b2" * 32


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as one:
        yield one


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "PAUSE_SECONDS", 0.01)


@pytest.fixture
def say(warehouse: Warehouse, tmp_path: Path) -> Callable[..., alerts.TellReport]:
    """Tell what the warehouse says; that its documents are new was told days ago."""

    def run(*urls: str, hours: float = 0, old: bool = True, **options: Any) -> alerts.TellReport:
        if old:
            _know_documents(warehouse, tmp_path)
        options.setdefault("run_id", "night-1")
        return tell(
            tmp_path,
            database_path=warehouse.path,
            urls=urls,
            now=NOW + timedelta(hours=hours),
            **options,
        )

    return run


def _know_documents(warehouse: Warehouse, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    told = ledger.told()
    rows = warehouse.sql("select document_id from marts.dim_document where is_current")
    items = [f"document:{row[0][:16]}" for row in rows if f"document:{row[0][:16]}" not in told]
    if items:
        before = NOW - timedelta(days=3)
        ledger.queue(
            message_id=f"old-{len(told)}",
            kind="digest",
            title="",
            body="",
            items=items,
            channels=[],
            at=before,
            run_id="old",
        )
        ledger.close(f"old-{len(told)}", "old", before)


HARD = violated(
    "P-PUBAMT",
    "十",
    statement_1="说明文字称公开绩效目标 228.96 万元（第31页）",
    statement_2="附表合计 148.96 万元（第33页）",
)
SOFT = violated(
    "P-TXT", "项目一", severity="soft", statement_1="费用 3.00 万元", statement_2="总额 83.00 万元"
)


def test_hard_at_once_soft_in_the_digest_and_each_once(
    warehouse: Warehouse, sink: Sink, say: Callable[..., alerts.TellReport]
) -> None:
    warehouse.add(Document(A, identities=[HARD, SOFT]))
    warehouse.build()
    report = say(sink.url)
    assert sink.titles == [
        "青岚县样例办公室 2026年预算：核对提示 1 项",
        "2026-03-03 每夜摘要",
    ]
    first, digest = sink.got
    assert "相差80.00万元" in first["message"]
    assert first["message"].count("不构成违规认定") == 1
    assert f"原文 http://127.0.0.1/{A}" in first["message"]
    assert "请说明 1 个文本" in digest["message"]
    assert "另有 1 个文本的核对提示已单独发出。" in digest["message"]
    assert len(report.sent) == 2
    assert report.findings_new == 2
    again = say(sink.url, hours=1)
    assert again.queued == 0
    assert len(sink.got) == 2


def test_a_quiet_night_says_so_once(
    warehouse: Warehouse, sink: Sink, say: Callable[..., alerts.TellReport]
) -> None:
    warehouse.add(Document(A))
    warehouse.build()
    say(sink.url)
    say(sink.url, hours=2)
    assert sink.titles == ["2026-03-03 今夜无新情况"]
    assert "现行文本 1 个" in sink.got[0]["message"]
    say(sink.url, hours=24)
    assert sink.titles[1:] == ["2026-03-04 今夜无新情况"]


def test_a_finding_that_says_something_else_is_told_again(
    warehouse: Warehouse, sink: Sink, say: Callable[..., alerts.TellReport]
) -> None:
    warehouse.add(Document(A, identities=[HARD]))
    warehouse.build()
    say(sink.url)
    warehouse.sql(
        "update quality.finding set difference = 70, statement_2 = '附表合计 158.96 万元'"
    )
    say(sink.url, hours=24)
    assert len(sink.got) == 2
    assert "158.96" in sink.got[1]["message"]


def test_what_is_gone_and_comes_back_is_not_told_twice(
    warehouse: Warehouse, sink: Sink, tmp_path: Path, say: Callable[..., alerts.TellReport]
) -> None:
    warehouse.add(Document(A, identities=[HARD]))
    warehouse.build()
    say(sink.url)
    warehouse.sql("create table kept as from quality.finding; delete from quality.finding")
    say(sink.url, hours=24)
    seen = Ledger(tmp_path / "ledger").seen()
    assert [(s.is_open, s.first_seen_at, s.last_seen_at) for s in seen.values()] == [
        (False, NOW, NOW)
    ]
    warehouse.sql("insert into quality.finding from kept")
    say(sink.url, hours=48)
    assert [m["title"].count("核对提示") for m in sink.got] == [1, 0, 0]
    (seen_again,) = Ledger(tmp_path / "ledger").seen().values()
    assert seen_again.is_open
    assert seen_again.last_seen_at == NOW + timedelta(hours=48)


def test_a_dead_server_is_tried_again_with_the_same_message(
    warehouse: Warehouse,
    sink: Sink,
    caplog: pytest.LogCaptureFixture,
    say: Callable[..., alerts.TellReport],
) -> None:
    warehouse.add(Document(A, identities=[HARD]))
    warehouse.build()
    sink.status = 503
    with caplog.at_level(logging.DEBUG):
        report = say(sink.url)
    assert len(report.waiting) == 1
    assert len(sink.paths) == alerts.ATTEMPTS
    assert "503" in report.problems[0] or "error" in report.problems[0].lower()
    for secret in ("topsecret", "hidden-path", "user:"):
        assert secret not in caplog.text
        assert secret not in json.dumps(report.as_dict())
    sink.status = 200
    later = say(sink.url, hours=24)
    assert later.sent[0] == report.waiting[0]
    assert f"编号 {report.waiting[0]}" in sink.got[0]["message"]
    assert [t for t in sink.titles if "核对提示" in t] == [sink.titles[0]]


def test_a_channel_that_has_it_does_not_get_it_again(
    warehouse: Warehouse, sink: Sink, say: Callable[..., alerts.TellReport]
) -> None:
    with Sink() as other:
        warehouse.add(Document(A, identities=[HARD]))
        warehouse.build()
        other.status = 500
        say(sink.url, other.url)
        assert (len(sink.got), len(other.got)) == (1, 0)
        other.status = 200
        say(sink.url, other.url, hours=1)
        assert (len(sink.got), len(other.got)) == (1, 1)
        assert sink.got[0]["message"] == other.got[0]["message"]


def test_a_mended_address_gets_what_was_waiting(
    warehouse: Warehouse, sink: Sink, say: Callable[..., alerts.TellReport]
) -> None:
    warehouse.add(Document(A, identities=[HARD]))
    warehouse.build()
    report = say("json://127.0.0.1:9/wrong")
    assert len(report.waiting) == 1
    assert say(hours=1).waiting == report.waiting  # run by hand without settings: nothing lost
    say(sink.url, hours=2)
    assert "228.96" in sink.got[0]["message"]
    assert not say(sink.url, hours=3).waiting


def test_a_message_nobody_takes_is_given_up_and_said(
    warehouse: Warehouse, say: Callable[..., alerts.TellReport]
) -> None:
    warehouse.add(Document(A, identities=[HARD]))
    warehouse.build()
    report = say("json://127.0.0.1:9/wrong")
    late = say("json://127.0.0.1:9/wrong", hours=24 * 15)
    assert report.waiting[0] in late.given_up
    assert "已放弃" in late.summary


def test_without_a_channel_the_ledger_has_it_and_the_report_says_so(
    warehouse: Warehouse,
    say: Callable[..., alerts.TellReport],
    ledger_lines: Callable[[], list[dict[str, Any]]],
) -> None:
    warehouse.add(Document(A, identities=[HARD]))
    warehouse.build()
    report = say()
    assert "BUDGETS_ALERT_URLS" in report.summary
    assert len(report.recorded) == 1
    queued = [line for line in ledger_lines() if line.get("kind") == "finding"]
    assert "228.96" in queued[0]["body"]
    assert say(hours=1).recorded == []


def test_a_closed_gate_is_told_at_once_by_whoever_is_first(
    warehouse: Warehouse, sink: Sink, tmp_path: Path, say: Callable[..., alerts.TellReport]
) -> None:
    warehouse.build()
    error = "GateClosedError: publication stopped at marts:\n  - 金额个数一致 | T05"
    tell_failure(
        tmp_path,
        where="warehouse.check_marts",
        run_id="night-1",
        error=error,
        urls=[sink.url],
        now=NOW,
    )
    say(sink.url, night=Night("night-1", failures=(StepFailure("check_marts", error),)), hours=0.1)
    assert sink.titles == ["停止发布：数据检查未通过"]
    assert "金额个数一致" in sink.got[0]["message"]
    assert "上一次发布的数据保持不变" in sink.got[0]["message"]
    say(
        sink.url,
        run_id="night-2",
        night=Night("night-2", failures=(StepFailure("check_marts", error),)),
        hours=24,
    )
    assert len(sink.got) == 2


def nothing_listed(before: int) -> dict[str, str]:
    return {
        "kind": "nothing_listed",
        "zh": f"栏目 /bmys/ 上次有 {before} 条，今晚 0 条",
        "en": f"/bmys/ listed {before}, tonight 0",
    }


def test_the_night_is_read_from_the_steps_of_this_run(
    warehouse: Warehouse, sink: Sink, tmp_path: Path, say: Callable[..., alerts.TellReport]
) -> None:
    warehouse.build()
    folder = tmp_path / "ledger" / "steps" / f"dt={NOW:%Y-%m-%d}"
    folder.mkdir(parents=True)

    def step(number: int, name: str, run_id: str, success: bool, **result: object) -> None:
        row = {
            "step": name,
            "run_id": run_id,
            "started_at": (NOW + timedelta(minutes=number)).isoformat(),
            "success": success,
            "error": None if success else f"{name} broke",
            "result": result,
        }
        (folder / f"{number}.json").write_text(json.dumps(row), "utf-8")

    step(1, "load", "night-1", False)
    step(2, "load", "night-1", True)  # went well on the second try
    step(3, "build", "night-1", False)
    step(4, "check_marts", "another", False)
    step(5, "crawl_host www.a.cn", "crawl-7", True, warnings=[nothing_listed(12)])
    (folder / "6.json").write_text("{torn", "utf-8")
    say(sink.url)
    assert sink.titles == ["作业未完成：build", "2026-03-03 每夜摘要"]
    assert "栏目 /bmys/ 上次有 12 条，今晚 0 条" in sink.got[1]["message"]
    assert "docs/runbook.md#nothing_listed" in sink.got[1]["message"]
    step(7, "crawl_host www.a.cn", "crawl-8", True, warnings=[nothing_listed(13)])
    say(sink.url, hours=1)
    assert len(sink.got) == 2  # the same matter once a week


def test_a_site_blocked_three_nights_is_told_once(
    warehouse: Warehouse, sink: Sink, say: Callable[..., alerts.TellReport]
) -> None:
    warehouse.build()
    warehouse.sql("alter table quality.outcome add column role varchar")
    warehouse.sql("alter table quality.outcome add column county_code varchar")
    warehouse.sql("alter table quality.outcome add column happened_at timestamp")

    def night(days: int, outcome: str) -> None:
        warehouse.sql(
            "insert into quality.outcome (outcome_id, step, role, county_code, outcome, happened_at) "
            "values (?, 'fetch', 'listing', '149902', ?, ?)",
            f"{days}{outcome}",
            outcome,
            (NOW - timedelta(days=4 - days)).replace(tzinfo=None),
        )

    night(0, "listing_ok")
    night(1, "blocked")
    night(2, "blocked")
    say(sink.url)
    assert "今夜无新情况" in sink.titles[0]
    night(3, "blocked")
    say(sink.url, hours=24)
    assert "149902：公开栏目连续 3 晚被拦截" in sink.got[1]["message"]
    night(4, "blocked")
    say(sink.url, hours=25)
    assert len(sink.got) == 2


def test_quarantined_documents_and_sites_are_in_the_digest(
    warehouse: Warehouse, sink: Sink, say: Callable[..., alerts.TellReport]
) -> None:
    warehouse.add(Document(A, verdict="quarantined", identities=[HARD]))
    warehouse.build()
    warehouse.sql("update quality.document_status set reasons = 'T07 缺表'")
    say(sink.url)
    assert sink.titles == ["2026-03-03 每夜摘要"]
    assert (
        "待人工复核 1 个文本（数字未进入数据；处理办法：docs/runbook.md#quarantined）"
        in sink.got[0]["message"]
    )
    assert "青岚县样例办公室 2026：T07 缺表" in sink.got[0]["message"]
    assert "228.96" not in sink.got[0]["message"]


def test_a_long_list_never_hides_another_matter(
    warehouse: Warehouse, sink: Sink, say: Callable[..., alerts.TellReport]
) -> None:
    """What the digest leaves out is never told again, so every matter has its lines."""
    for n in range(20):
        warehouse.add(Document(f"{n:064d}", department=f"样例{n:02d}局", identities=[SOFT]))
    warehouse.build()
    many = tuple(Quarantined(f"{n:064x}", f"样例{n}馆", "扫描不清") for n in range(40, 60))
    night = Night(
        "night-1",
        quarantined=many,
        missing=(News("silent:1", "临岫区：整县未见", "silent"),),
        sites=(News("site:1", "一站", "a site"),),
    )
    say(sink.url, night=night)
    lines = sink.got[0]["message"].splitlines()
    assert "请说明 20 个文本：" in lines
    assert any(line.startswith("待人工复核 20 个文本") for line in lines)
    assert "　临岫区：整县未见" in lines
    assert "　一站" in lines
    cut = [line for line in lines if "……另有" in line]
    assert len(cut) == 2
    shown = sum(1 for line in lines if "馆：扫描不清" in line)
    assert cut[1] == f"　……另有 {20 - shown} 行，见 budgets report"
    assert len(lines) <= alerts.telling().limits.digest_lines_most + 4
    assert say(sink.url, night=night, hours=1).queued == 0


def test_what_waits_is_told_again_when_it_waits_for_something_else(
    warehouse: Warehouse, sink: Sink, say: Callable[..., alerts.TellReport]
) -> None:
    warehouse.build()

    def night(reasons: str) -> Night:
        return Night("n", quarantined=(Quarantined(A, "样例馆 2026", reasons),))

    say(sink.url, night=night("存疑 T05/3/2（把握 0.31）"))
    say(sink.url, night=night("存疑 T05/3/2（把握 0.32）"), hours=1)
    assert len(sink.got) == 1
    say(sink.url, night=night("缺 T07"), hours=2)
    assert "样例馆 2026：缺 T07" in sink.got[1]["message"]


def test_every_host_that_failed_is_told_and_none_twice(
    warehouse: Warehouse, sink: Sink, tmp_path: Path, say: Callable[..., alerts.TellReport]
) -> None:
    """Airflow tells the first failed host of a run at once; the others stand in the digest."""
    warehouse.build()
    folder = tmp_path / "ledger" / "steps" / f"dt={NOW:%Y-%m-%d}"
    folder.mkdir(parents=True)

    def crawled(number: int, host: str, error: str | None, hours: float = -3) -> None:
        row = {
            "step": f"crawl_host {host}",
            "run_id": "crawl-7",
            "started_at": (NOW + timedelta(hours=hours, minutes=number)).isoformat(),
            "success": error is None,
            "error": error,
            "result": {},
        }
        (folder / f"{number}.json").write_text(json.dumps(row), "utf-8")

    for number, host in enumerate(("www.a.invalid", "www.b.invalid")):
        error = f"LockHeldError: {host} is being crawled by process 4711\nmore"
        crawled(number, host, error)
        tell_failure(
            tmp_path,
            where="crawl.crawl_host",
            run_id="crawl-7",
            error=error,
            urls=[sink.url],
            now=NOW,
        )
    crawled(2, "www.c.invalid", "OSError: once", hours=-4)
    crawled(3, "www.c.invalid", None)
    crawled(4, "www.d.invalid", "OSError: two nights ago", hours=-40)
    say(sink.url)
    assert sink.titles == ["作业未完成：crawl.crawl_host", "2026-03-03 每夜摘要"]
    assert "www.a.invalid" in sink.got[0]["message"]
    assert sink.got[1]["message"].splitlines()[:-1] == [
        "站点：",
        "　www.b.invalid：今晚未能抓取：LockHeldError: www.b.invalid is being crawled by process 4711"
        "（处理办法：docs/runbook.md#step_failed）",
    ]
    say(sink.url, hours=1)
    assert len(sink.got) == 2


def test_a_quiet_night_says_whether_anybody_looked(
    warehouse: Warehouse, sink: Sink, tmp_path: Path, say: Callable[..., alerts.TellReport]
) -> None:
    warehouse.build()
    say(sink.url)
    assert "过去 26 小时没有抓取记录。" in sink.got[0]["message"]
    folder = tmp_path / "ledger" / "steps" / f"dt={NOW:%Y-%m-%d}"
    folder.mkdir(parents=True)
    for number, host in enumerate(("www.a.invalid", "www.b.invalid", "www.b.invalid")):
        row = {
            "step": f"crawl_host {host}",
            "run_id": "crawl-7",
            "started_at": (NOW + timedelta(hours=20, minutes=number)).isoformat(),
            "success": True,
            "result": {},
        }
        (folder / f"{number}.json").write_text(json.dumps(row), "utf-8")
    say(sink.url, hours=24)
    assert "已查看 2 个站点。" in sink.got[1]["message"]


def test_a_check_that_stops_nothing_is_told_all_the_same(
    warehouse: Warehouse, sink: Sink, tmp_path: Path, say: Callable[..., alerts.TellReport]
) -> None:
    warehouse.build()
    folder = tmp_path / "ledger" / "steps" / f"dt={NOW:%Y-%m-%d}"
    folder.mkdir(parents=True)

    def checked(number: int, run_id: str, days: int) -> None:
        told = {"zh": "近日有抓取记录", "en": "There was a crawl lately"}
        remedy = {"zh": "查看抓取任务是否停摆", "en": "See whether the crawl still runs"}
        failed = {
            "suite": "marts_volume",
            "check": "crawled_lately",
            "what": told,
            "where": [f"all 97 97 {days}"],
            "remedy": remedy,
        }
        own = failed | {"suite": "identity_P", "check": "P-CNT"}
        row = {
            "step": "check_marts",
            "run_id": run_id,
            "started_at": NOW.isoformat(),
            "success": True,
            "result": {"findings": [failed, own]},
        }
        (folder / f"{number}.json").write_text(json.dumps(row), "utf-8")

    checked(1, "night-1", 5)
    say(sink.url)
    assert sink.got[0]["message"].splitlines()[:-1] == [
        "检查：",
        "　近日有抓取记录：不成立（all 97 97 5）。查看抓取任务是否停摆"
        "（处理办法：docs/runbook.md#check_not_held）",
    ]
    checked(2, "night-2", 6)
    say(sink.url, run_id="night-2", hours=20)
    assert "检查" not in sink.got[1]["message"], "the same matter once a week"


def test_what_is_new_is_in_the_digest(
    warehouse: Warehouse, sink: Sink, say: Callable[..., alerts.TellReport]
) -> None:
    warehouse.add(Document(A))
    warehouse.add(Document(B, department="样例局"))
    warehouse.build()
    warehouse.sql(
        "create table quality.restatement as select ? as document_id, 'T12' as form, "
        "'课后服务' as row_label, '134.58' as previous_text, '143.58' as amount_text, "
        "9.00::decimal(21,6) as difference_wan from range(3)",
        B,
    )
    warehouse.sql(
        "create table quality.coverage as from (values "
        "('149901', '青岚县', 2026, 'budget', 'department', 'seen', '甲局', date '2026-03-01'), "
        "('149901', '青岚县', 2026, 'budget', 'department', 'not_seen', '乙局', date '2026-03-01'), "
        "('149901', '青岚县', 2025, 'final_account', 'department', 'seen', '甲局', date '2026-09-20'), "
        "('149901', '青岚县', 2025, 'final_account', 'department', 'not_seen', '乙局', "
        "date '2026-09-20'), "
        "('149903', '临岫区', 2026, 'budget', 'department', 'not_seen', '丁局', date '2026-03-01'), "
        "('149903', '临岫区', 2026, 'budget', 'department', 'not_seen', '戊局', date '2026-03-01'), "
        "('149902', '云汀县', 2026, 'budget', 'department', 'not_seen', '丙局', null)) "
        "as t(county_code, county, fiscal_year, phase, scope, status, department, expected_by)"
    )
    say(sink.url, old=False)
    assert sink.titles == ["2026-03-03 每夜摘要"]
    lines = sink.got[0]["message"].splitlines()
    assert lines[:6] == [
        "新入库 2 个文本：青岚县 样例局 2026、青岚县样例办公室 2026",
        "更正：",
        "　青岚县 样例局 2026：更正后重新公开，3 处数字不同：T12 课后服务 134.58→143.58"
        "（处理办法：docs/runbook.md#restated）",
        "未见：",
        "　青岚县：2026 年部门预算应在 2026-03-01 前见到，截至 2026-03-03 已见 1 个部门，1 个未见：乙局"
        "（未见不等于未公开；处理办法：docs/runbook.md#not_seen）",
        "　临岫区：整县未见。2026 年部门预算应在 2026-03-01 前见到，截至 2026-03-03 一个部门也未见"
        "（应有 2 个）：栏目是否搬迁？（未见不等于未公开；处理办法：docs/runbook.md#silent）",
    ]
    assert len(lines) == 7  # and its id; nothing of a county where nobody has published yet
    say(sink.url, hours=24, old=False)
    assert sink.titles[1:] == ["2026-03-04 今夜无新情况"]
    say(sink.url, hours=24 * 7, old=False)
    assert "1 个未见" in sink.got[2]["message"]
    assert "整县未见" not in sink.got[2]["message"]  # told once


def test_a_correction_names_the_figures_that_changed(
    warehouse: Warehouse, sink: Sink, say: Callable[..., alerts.TellReport]
) -> None:
    warehouse.add(Document(B, department="样例局"))
    warehouse.build()
    warehouse.sql(
        "create table quality.restatement as select ? as document_id, 'T03' as form, "
        "'第' || n || '行' as row_label, (100 + n)::varchar as previous_text, "
        "(100 + 3 * n)::varchar as amount_text, (2 * n)::decimal(21,6) as difference_wan "
        "from range(1, 8) as t(n)",
        B,
    )
    say(sink.url, old=False)
    [line] = [x for x in sink.got[0]["message"].splitlines() if "更正后重新公开" in x]
    assert "7 处数字不同，例如 T03 第7行 107→121；T03 第6行 106→118；" in line
    assert line.count("→") == alerts.FIGURES_SHOWN


def test_a_withdrawn_document_is_told_once(
    warehouse: Warehouse, sink: Sink, say: Callable[..., alerts.TellReport]
) -> None:
    warehouse.add(Document(A))
    warehouse.add(Document(B, department="样例局"))
    warehouse.build()
    warehouse.sql("alter table marts.dim_document add column if not exists online_status varchar")
    warehouse.sql("update marts.dim_document set online_status = 'online'")
    warehouse.sql(
        "update marts.dim_document set online_status = 'withdrawn' where document_id = ?", B
    )
    warehouse.sql(
        "create table quality.publication as from (values (?, timestamp '2026-03-02 18:00:00'), "
        "(?, null)) as t(document_id, withdrawn_at)",
        B,
        A,
    )
    say(sink.url, old=False)
    told = [x for x in sink.got[0]["message"].splitlines() if "已撤下" in x]
    assert told == [
        "　青岚县 样例局 2026：公开网址上的文件已撤下（2026-03-02 发现）；存档的文本保留，仍可查询"
        "（处理办法：docs/runbook.md#withdrawn）"
    ]
    say(sink.url, hours=24, old=False)
    assert all("已撤下" not in got["message"] for got in sink.got[1:])


def test_a_first_load_does_not_flood(
    warehouse: Warehouse, sink: Sink, say: Callable[..., alerts.TellReport]
) -> None:
    most = alerts.telling().limits.at_once_messages_most
    template = Document(A, forms=[], identities=[HARD])
    for n in range(most + 3):
        warehouse.add(
            Document(
                f"{n:064d}", department=f"样例{n:02d}局", forms=[], identities=template.identities
            )
        )
    warehouse.build()
    say(sink.url)
    assert len(sink.got) == 1
    assert f"{most + 3} 个文本共 {most + 3} 项" in sink.titles[0]
    assert "……另有 3 个文本" in sink.got[0]["message"]
    say(sink.url, hours=1)
    assert len(sink.got) == 1


def test_a_muted_family_is_not_told(
    warehouse: Warehouse, sink: Sink, tmp_path: Path, say: Callable[..., alerts.TellReport]
) -> None:
    warehouse.add(Document(A, identities=[HARD]))
    warehouse.build()
    (tmp_path / "mutes.yml").write_text(
        "- {match: 'P-PUB*', county_code: '149901', reason: 附件另行公布}\n", "utf-8"
    )
    report = say(sink.url, decisions=tmp_path)
    assert report.muted == 1
    assert sink.titles == ["2026-03-03 今夜无新情况"]
    assert say(sink.url, hours=24).muted == 0
    assert "228.96" in sink.got[1]["message"]


def test_before_the_first_publication(sink: Sink, tmp_path: Path) -> None:
    report = tell(
        tmp_path, database_path=tmp_path / "none.duckdb", run_id="r", urls=[sink.url], now=NOW
    )
    assert report.findings_open == 0
    assert sink.titles == ["2026-03-03 今夜无新情况"]


KILLED = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from expectations import alerts
from expectations.alerts import Night, StepFailure, tell
from expectations.ledger import Ledger

moment, root, url = sys.argv[1:]
def dies(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
if moment == "before delivery":
    alerts._deliver = dies
if moment == "between delivery and record":
    Ledger.delivered = dies
if moment == "before anything":
    Ledger.queue = dies
tell(Path(root), database_path=Path(root) / "none", run_id="r", urls=[url],
     now=datetime.fromisoformat("2026-03-02T22:30:00+00:00"),
     night=Night("r", failures=(StepFailure("build", "broke"),)))
"""


@pytest.mark.parametrize(
    ("moment", "times"),
    [("before anything", 1), ("before delivery", 1), ("between delivery and record", 2)],
)
def test_killed_at_any_moment_it_is_told_with_the_same_id(
    moment: str, times: int, sink: Sink, tmp_path: Path
) -> None:
    for how in (moment, "not at all"):
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(KILLED), how, str(tmp_path), sink.url],
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == (-signal.SIGKILL if how == moment else 0), done.stderr
    assert len(sink.got) == times
    assert len({message["message"] for message in sink.got}) == 1
    assert "编号" in sink.got[0]["message"]
    assert [p.name for p in (tmp_path / "ledger" / "alerts").iterdir()] == ["2026-03.jsonl"]


def test_two_tellers_do_not_tell_twice(sink: Sink, tmp_path: Path) -> None:
    night = Night("r", failures=(StepFailure("build", "broke"),))

    def run() -> None:
        tell(
            tmp_path,
            database_path=tmp_path / "none",
            run_id="r",
            urls=[sink.url],
            now=NOW,
            night=night,
        )

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sink.got) == 1


def test_by_mail(warehouse: Warehouse, say: Callable[..., alerts.TellReport]) -> None:
    warehouse.add(Document(A, identities=[HARD]))
    warehouse.build()
    with Smtp() as server:
        report = say(server.url)
        server.shutdown()
    assert report.problems == []
    (letter,) = server.letters
    assert letter["To"] is not None
    assert "clerk@example.invalid" in letter["To"]
    assert "核对提示 1 项" in subject_of(letter)
    assert "相差80.00万元" in text_of(letter)


@pytest.mark.parametrize("last", [NOW - timedelta(hours=40), None])
def test_a_missed_deadline_is_told_once_a_gap(
    sink: Sink, tmp_path: Path, last: datetime | None
) -> None:
    def look(last: datetime | None, hours: float) -> alerts.TellReport | None:
        return alerts.tell_overdue(
            tmp_path,
            last_complete=last,
            max_age=timedelta(hours=30),
            urls=[sink.url],
            now=NOW + timedelta(hours=hours),
        )

    assert look(NOW, 30) is None
    first = look(last, 0)
    assert first is not None
    assert len(first.sent) == 1
    assert look(last, 1) is not None
    assert look(last, 5) is not None
    (message,) = sink.got
    assert message["title"] == "夜间作业逾期未完成"
    assert "已超过 30 小时" in message["message"]
    assert "budgets doctor" in message["message"]
    # a night was completed since, and the next gap is another one
    again = look(NOW, 31)
    assert again is not None
    assert len(again.sent) == 1
    assert len(sink.got) == 2


def test_a_missed_deadline_waits_for_a_server_that_is_down(
    sink: Sink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(alerts, "PAUSE_SECONDS", 0)

    def look(url: str) -> alerts.TellReport:
        told = alerts.tell_overdue(
            tmp_path, last_complete=None, max_age=timedelta(hours=1), urls=[url], now=NOW
        )
        assert told is not None
        return told

    dead = look("json://user:topsecret@127.0.0.1:9/hook")
    assert (dead.sent, len(dead.waiting)) == ([], 1)
    assert "topsecret" not in caplog.text + str(dead.problems)
    assert look(sink.url).sent == dead.waiting, "the same message, by the mended address"
    assert look(sink.url).sent == []
    assert len(sink.got) == 1


def test_heartbeat(sink: Sink, caplog: pytest.LogCaptureFixture) -> None:
    assert heartbeat(sink.http)
    assert sink.paths == ["/ping/hidden-uuid"]
    assert not heartbeat(None)
    sink.status = 500
    with caplog.at_level(logging.DEBUG):
        assert not heartbeat(sink.http)
        assert not heartbeat("http://127.0.0.1:9/ping/hidden-uuid", timeout=2)
    assert "heartbeat refused: HTTP 500" in caplog.text
    assert "heartbeat not sent: ConnectionError" in caplog.text
    assert "hidden-uuid" not in caplog.text


def test_a_torn_line_of_the_ledger_damages_only_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = Ledger(tmp_path / "ledger")
    ledger.see({"n1": "c1"}, NOW, "r")
    path = tmp_path / "ledger" / "findings" / "2026-03.jsonl"
    path.write_bytes(path.read_bytes() + b'{"at": "2026-03-0')
    ledger.see({"n1": "c1", "n2": "c1"}, NOW + timedelta(days=1), "r2")
    assert set(ledger.seen()) == {"n1", "n2"}
    assert "torn by a kill" in caplog.text


def test_a_held_ledger_is_named(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    held = threading.Event()
    done = threading.Event()

    def hold() -> None:
        with Ledger(tmp_path / "ledger").lock():
            held.set()
            done.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    with pytest.raises(TimeoutError, match=r"\.lock is held"), ledger.lock(timeout=0.2):
        pass
    done.set()
    thread.join()


def test_an_address_nobody_understands_is_said_without_showing_it(
    warehouse: Warehouse, say: Callable[..., alerts.TellReport]
) -> None:
    warehouse.build()
    report = say("nonsense://topsecret")
    assert "not one Apprise understands" in report.problems[0]
    assert "topsecret" not in report.problems[0]


def test_names_of_items_are_used(sink: Sink, tmp_path: Path) -> None:
    started = time.monotonic()
    night = Night(
        "r",
        quarantined=(Quarantined(B, "云汀县 样例局 2026", "扫描不清"),),
        sites=(News("site:1", "一站", "a site"),),
    )
    report = tell(
        tmp_path,
        database_path=tmp_path / "none",
        run_id="r",
        urls=[sink.url],
        now=datetime.fromisoformat("2026-03-02T22:30:00+00:00"),
        night=night,
        lang="en",
    )
    assert sink.titles == ["2026-03-03 nightly digest"]
    assert "Waiting for review, 1 document (figures kept out;" in sink.got[0]["message"]
    assert "a site" in sink.got[0]["message"]
    assert report.summary == "1 sent"
    assert time.monotonic() - started < 30

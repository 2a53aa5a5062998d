"""One alert of each kind by HTTP and by e-mail, in both languages, as ``docs/alerts.md`` shows it.

The page is written from what the servers got: where it is gone or a wording changed, delete it,
run this file, read the page as whoever is woken by it would, and commit it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from alert_sinks import Sink, Smtp, subject_of, text_of
from conftest import NOW, Document, Warehouse, violated  # type: ignore[import-not-found]

from expectations import alerts
from expectations.findings import Lang, telling
from nightly import steps
from nightly.deadlines import tell_late
from nightly.settings import Settings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "alerts.md"
OFFICE, SCAN, AGAIN, GONE = "a1" * 32, "b2" * 32, "c3" * 32, "d4" * 32


@dataclass
class Place:
    """A data folder, its warehouse, and two servers that listen."""

    root: Path
    warehouse: Warehouse
    sink: Sink
    mail: Smtp
    lang: Lang

    @property
    def settings(self) -> Settings:
        return Settings(
            data=self.root,
            sites=None,
            decisions=self.root / "decisions",
            archive_root=str(self.root),
            landing_root=str(self.root),
            alert_urls=(self.sink.url, self.mail.url),
            lang=self.lang,
        )

    def tell(self, run_id: str = "night-1", hours: float = 0) -> alerts.TellReport:
        return alerts.tell(
            self.root,
            database_path=self.warehouse.path,
            run_id=run_id,
            urls=self.settings.alert_urls,
            now=NOW + timedelta(hours=hours),
            lang=self.lang,
        )

    def step(
        self, name: str, run_id: str = "crawl-1", error: str | None = None, **result: object
    ) -> None:
        folder = self.root / "ledger" / "steps" / f"dt={NOW:%Y-%m-%d}"
        folder.mkdir(parents=True, exist_ok=True)
        row = {"step": name, "run_id": run_id, "started_at": NOW.isoformat()}
        row |= {"success": error is None, "error": error, "result": result}
        (folder / f"{name}.json").write_text(json.dumps(row))


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "PAUSE_SECONDS", 0.01)


@pytest.fixture(params=["zh", "en"])
def place(request: pytest.FixtureRequest, warehouse: Warehouse, tmp_path: Path) -> Iterator[Place]:
    with Sink() as sink, Smtp() as mail:
        yield Place(tmp_path, warehouse, sink, mail, request.param)
        mail.shutdown()


def _said(zh_1: str, zh_2: str, en_1: str, en_2: str) -> dict[str, str]:
    return {
        "statement_1": zh_1, "statement_2": zh_2, "statement_1_en": en_1, "statement_2_en": en_2
    }  # fmt: skip


PUBLISHED = violated(
    "P-PUBAMT",
    "十",
    pages="31,33",
    **_said(
        "第十部分称公开绩效目标 228.96 万元（第31页）",
        "本文件附表合计 148.96 万元（第33页）",
        "section 10 says targets of 228.96 万元 are published (p. 31)",
        "the target tables attached add up to 148.96 万元 (p. 33)",
    ),
)
COUNTED = violated(
    "P-CNT",
    "十",
    "1",
    unit="个",
    left_yuan=10,
    right_yuan=11,
    difference_yuan=-1,
    pages="31,22",
    **_said(
        "第十部分称纳入绩效目标管理项目 10 个（第31页）",
        "项目支出表列 11 个（第22页）",
        "section 10 says 10 projects are under performance management (p. 31)",
        "the project form lists 11 (p. 22)",
    ),
)
QUOTED = violated(
    "P-TXT",
    "法律顾问费",
    "10000",
    severity="soft",
    pages="35",
    **_said(
        "成本控制数 5 万元/年（第35页）",
        "年度资金总额 6 万元（第35页）",
        "cost ceiling 5 万元 a year (p. 35)",
        "annual amount 6 万元 (p. 35)",
    ),
)


def at_once(place: Place) -> None:
    """应当相等而不符，当夜即发 · a hard finding, told the same night"""
    place.warehouse.add(Document(OFFICE, identities=[PUBLISHED, COUNTED]))
    place.warehouse.build()
    place.tell()


def digest(place: Place) -> None:
    """每夜摘要：新入库、请说明、待复核、更正、未见、整县未见、撤下、站点、检查、重读 · the digest of a night"""
    place.warehouse.add(Document(OFFICE, identities=[QUOTED]))
    place.warehouse.add(Document(SCAN, department="样例馆", verdict="quarantined"))
    place.warehouse.add(Document(AGAIN, department="样例局"))
    place.warehouse.add(Document(GONE, department="样例站"))
    place.warehouse.build()
    sql = place.warehouse.sql
    sql("update quality.document_status set reasons = '缺 T07' where status = 'quarantined'")
    sql("update marts.dim_document set online_status = 'withdrawn' where document_id = ?", GONE)
    sql(
        "create table quality.publication as "
        "select ? as document_id, timestamp '2026-03-02 18:00:00' as withdrawn_at",
        GONE,
    )
    sql(
        "create table quality.restatement as select ? as document_id, 'T12' as form, "
        "'课后服务' as row_label, '134.58' as previous_text, '143.58' as amount_text, "
        "9.00::decimal(21,6) as difference_wan",
        AGAIN,
    )
    sql(
        "create table quality.coverage as from (values "
        "('149901', '青岚县', 2026, 'budget', 'department', 'seen', '甲局', date '2026-03-01'), "
        "('149901', '青岚县', 2026, 'budget', 'department', 'not_seen', '乙局', date '2026-03-01'), "
        "('149903', '临岫区', 2026, 'budget', 'department', 'not_seen', '丙局', date '2026-03-01'), "
        "('149903', '临岫区', 2026, 'budget', 'department', 'not_seen', '丁局', date '2026-03-01')) "
        "as t(county_code, county, fiscal_year, phase, scope, status, department, expected_by)"
    )
    sql("create table marts.dim_county as select '149902' as county_code, '云汀县' as county")
    sql("alter table quality.outcome add column role varchar")
    sql("alter table quality.outcome add column county_code varchar")
    sql("alter table quality.outcome add column happened_at timestamp")
    sql(
        "insert into quality.outcome (outcome_id, step, role, county_code, outcome, happened_at) "
        "select n, 'fetch', 'listing', '149902', 'blocked', ?::timestamp - n * interval 1 day "
        "from range(3) as t(n)",
        NOW.replace(tzinfo=None),
    )
    place.step(
        "crawl_host www.yunting.invalid",
        warnings=[
            {
                "kind": "nothing_listed",
                "zh": "云汀县 www.yunting.invalid：栏目 /bmys/ 上次有 12 条，今晚 0 条",
                "en": "云汀县 www.yunting.invalid: /bmys/ listed 12, tonight 0",
            }
        ],
    )
    place.step(
        "crawl_host www.linxiu.invalid",
        error="OSError: [Errno 28] No space left on device; make room and clear the task",
    )
    place.step(
        "check_marts",
        run_id="night-1",
        findings=[
            {
                "suite": "marts_volume",
                "check": "crawled_lately",
                "what": {"zh": "近日有抓取记录", "en": "There was a crawl lately"},
                "where": ["days_since_crawl=5"],
                "remedy": {"zh": "查看抓取任务是否停摆", "en": "See whether the crawl still runs"},
            }
        ],
    )
    place.step(
        "reread_batch", batch_id="b7", documents=20, switched=19, kept_back=["样例站 2026：T07 缺"]
    )
    place.tell()


def quiet(place: Place) -> None:
    """今夜无新情况 · nothing new tonight"""
    place.warehouse.add(Document(OFFICE))
    place.warehouse.build()
    place.tell(hours=-72)  # that the document is new was told days ago
    place.sink.got.clear()
    place.mail.letters.clear()
    place.step("crawl_host www.yunting.invalid")
    place.tell()


def first_load(place: Place) -> None:
    """首次入库或一次多个文本不符，只发一条 · many at once are one message"""
    most = telling().limits.at_once_messages_most
    for n in range(most + 2):
        changed = PUBLISHED | {"difference_yuan": 800_000 - 1_000 * n}
        place.warehouse.add(
            Document(f"{n:064d}", department=f"样例{n + 1:02d}局", forms=[], identities=[changed])
        )
    place.warehouse.build()
    place.tell()


def task(place: Place) -> None:
    """Airflow 任务失败（重试用尽后） · a task of Airflow failed for good"""
    steps.task_failed(
        place.settings,
        dag_id="crawl",
        task_id="crawl_host",
        run_id="scheduled__2026-03-02T17:30:00+00:00",
        try_number=4,
        error="LockHeldError: www.yunting.invalid is being crawled by process 4711 since 01:30; "
        "wait for it, or end it and clear the task",
    )


def stopped(place: Place) -> None:
    """停止发布，上一版数据不变 · the publication is stopped, the last good one stays"""
    steps.task_failed(
        place.settings,
        dag_id="warehouse",
        task_id="check_marts",
        run_id="scheduled__2026-03-02T22:30:00+00:00",
        try_number=1,
        error="GateClosedError: publication stopped at marts:\n"
        "  - 待人工复核的文本不超过三成 | quarantined documents: 41 of 97 (most 300 ‰)",
    )


def late(place: Place) -> None:
    """作业超时，仍在运行：由 Airflow 的 deadline 发出 · a run has missed its deadline and goes on"""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BUDGETS_DATA", str(place.root))
        patch.setenv("BUDGETS_ALERT_URLS", " ".join(place.settings.alert_urls))
        patch.setenv("BUDGETS_LANG", place.lang)
        run = {"dag_id": "crawl", "dag_run_id": "scheduled__2026-03-02T17:30:00+00:00"}
        asyncio.run(tell_late(context={"dag_run": run, "deadline": {"id": "1"}}))


def overdue(place: Place) -> None:
    """夜间作业逾期：由调度之外的 budgets doctor --max-age 发出 · no night came to its end in time"""
    alerts.tell_overdue(
        place.root,
        last_complete=NOW - timedelta(hours=40),
        max_age=timedelta(hours=30),
        urls=place.settings.alert_urls,
        now=NOW,
        lang=place.lang,
    )


KINDS: dict[str, Callable[[Place], None]] = {
    one.__name__: one for one in (at_once, digest, quiet, first_load, task, stopped, late, overdue)
}
LABEL = {"zh": "中文", "en": "English"}


def section(kind: str) -> str:
    page = PAGE.read_text("utf-8")
    return page.partition(f'<a id="{kind}"></a>')[2].partition("<a id=")[0]


@pytest.mark.parametrize("kind", KINDS)
def test_it_reads_as_the_page_shows_by_both_ways(
    kind: str, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        KINDS[kind](place)
    assert "topsecret" not in caplog.text
    told = [(m["title"], m["message"]) for m in place.sink.got]
    letters = [(subject_of(one), text_of(one).replace("\r\n", "\n")) for one in place.mail.letters]
    assert [(title, body.strip()) for title, body in told] == [
        (subject, text.strip()) for subject, text in letters
    ]
    title, body = told[0]  # what else there is tells of new documents
    KINDS_TOLD[kind, place.lang] = f"**{title}**\n\n```text\n{body.strip()}\n```"
    if PAGE.exists():
        assert KINDS_TOLD[kind, place.lang] in section(kind), f"see the head of {Path(__file__)}"


KINDS_TOLD: dict[tuple[str, str], str] = {}


@pytest.mark.skipif(PAGE.exists(), reason="the page is there and was compared, kind by kind")
def test_the_page_is_written_anew_where_it_is_gone() -> None:
    parts = [
        "# Alerts as they read · 各类提醒的样子\n\n"
        "What comes by chat, webhook or e-mail (`BUDGETS_ALERT_URLS`, in the language of `BUDGETS_LANG`), one of each "
        "kind, with invented bodies.\nA test sends each by HTTP and by SMTP and compares it with this page. What to do: "
        "[runbook](runbook.md). How the words\nare chosen: `expectations/telling.yml`; a family is silenced for a county, "
        "with a reason, in `decisions/mutes.yml`."
    ]
    for kind, build in KINDS.items():
        parts.append(f'<a id="{kind}"></a>\n## {build.__doc__}')
        parts += [f"{LABEL[lang]}: {KINDS_TOLD[kind, lang]}" for lang in ("zh", "en")]
    PAGE.write_text("\n\n".join(parts) + "\n", "utf-8")
    pytest.fail(f"{PAGE} was written: read it, and commit it")

"""Lawful removal: nothing of the document is left anywhere, and it never comes back."""

from __future__ import annotations

import json
import shutil
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from night_runs import contents, environment, settings_in

from expectations.ledger import Ledger
from nightly import forgetting, steps
from nightly.settings import Settings
from scrapers.archive import Outcome
from warehouse.landing import commits, landed, read_table
from warehouse.layout import Layout
from warehouse.publish import publications

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("night")]


@pytest.fixture
def settings(
    finished_night: Path, sample_sites: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    data = tmp_path / "data"
    shutil.copytree(finished_night, data, symlinks=True)
    for name, value in environment(data, sample_sites).items():
        monkeypatch.setenv(name, value)
    return Settings.from_environment()


def chosen(settings: Settings) -> tuple[str, str]:
    """A document with findings that messages quote, and its department."""
    with duckdb.connect(str(Layout(settings.data).published_path), read_only=True) as con:
        (row,) = con.execute(
            "select document_id, any_value(d.department) from quality.finding"
            " join marts.dim_document as d using (document_id)"
            " where d.is_current group by 1 order by count(*) desc, 1 limit 1"
        ).fetchall()
    return str(row[0]), str(row[1])


def naming(settings: Settings, sha256: str) -> list[Path]:
    """Files that name a document, by their name or in their text."""
    return [
        path
        for path in settings.data.rglob("*")
        if path.is_file()
        and (
            sha256 in str(path)
            or (
                path.suffix not in {".duckdb", ".parquet", ".db"}
                and sha256[:16].encode() in path.read_bytes()
            )
        )
    ]


def events_of(settings: Settings, room: str) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for path in (settings.data / "ledger" / room).glob("*.jsonl")
        for line in path.read_text("utf-8").splitlines()
    ]


def messages_of(settings: Settings) -> list[dict[str, str]]:
    return [event for event in events_of(settings, "alerts") if event["event"] == "queued"]


@pytest.mark.full
def test_nothing_is_left_and_it_never_comes_back(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha, department = chosen(settings)
    layout = Layout(settings.data)
    data = steps._archive(settings).get(sha)
    others = {key for key in landed(layout) if key.file_sha256 != sha}
    rows_before = contents(layout.published_path)
    before = publications(layout)
    assert any(department in m["title"] + m["body"] for m in messages_of(settings))

    # what a scan would have left
    for path in (f"recognised/{sha[:2]}/{sha}/aa/page.json", f"parsed/parser=1/scans/{sha}"):
        (settings.data / path).parent.mkdir(parents=True, exist_ok=True)
        (settings.data / path).write_text("合计")

    # killed in the middle of landing, then asked for again
    with monkeypatch.context() as killed:
        killed.setattr("warehouse.landing.clean", _dies)
        with pytest.raises(KeyboardInterrupt):
            forgetting.forget(settings, sha, why="order 17", who="records office", run_id="f")
    assert not steps._archive(settings).has(sha), "the original goes first"
    done = forgetting.forget(settings, sha[:12], why="order 17", who="records office", run_id="f")

    assert done["files"] == [sha]
    (stone,) = forgetting.forgotten(settings)
    assert (stone.sha256, stone.why, stone.who) == (sha, "order 17", "records office")
    assert not list((settings.data / "parsed").rglob(f"{sha}*"))
    assert landed(layout) == others, "and every other file stands as it was"
    for batch in commits(layout):
        for table in batch.rows:
            assert sha not in read_table(layout.landing, batch, table)["file_sha256"].to_pylist()
    assert not set(publications(layout)) & set(before), "no kept publication holds it"
    after = contents(layout.published_path)
    met = {"quality.publication"}  # where it was met: addresses and times, nothing of its content
    assert not {name for name, rows in after.items() if sha in repr(rows)} - met
    gone = {r for r in rows_before["marts.dim_document"] if sha not in repr(r)}
    assert {r[0] for r in after["marts.dim_document"]} == {r[0] for r in gone}
    with duckdb.connect(str(layout.published_path), read_only=True) as con:
        told = con.execute(
            "select distinct outcome from quality.outcome where step = 'fetch' and file_sha256 = ?",
            [sha],
        ).fetchall()
    assert told == [("forgotten",)]
    kept = messages_of(settings)
    assert not [m for m in kept if sha[:16] in json.dumps(m) and m["body"] != forgetting.REDACTED]

    assert {w.relative_to(settings.data).parts[:2] for w in naming(settings, sha)} <= {
        ("archive", "fetches"), ("archive", "tombstones"), ("ledger", "alerts"), ("ledger", "steps"),
        ("logs", "demo.log"),
    }  # fmt: skip
    # Airflow names files by their digests, and says nothing of what is in them
    assert department not in (settings.data / "logs" / "demo.log").read_text("utf-8")
    with sqlite3.connect(settings.data / "airflow" / "airflow.db") as kept_by_airflow:
        values = [v for (v,) in kept_by_airflow.execute("select cast(value as text) from xcom")]
    assert any("parse_outcomes" in value for value in values), "the night's reports are there"
    assert not [v for v in values if department in str(json.loads(v))]
    with duckdb.connect(str(layout.published_path), read_only=True) as con:
        present = {r[0] for r in con.execute("select finding_id from quality.finding").fetchall()}
    quoted = [e for e in events_of(settings, "findings") if e.get("says")]
    assert quoted, "findings of other documents keep their words"
    assert {e["finding_id"] for e in quoted} <= present

    assert steps.run_step("load", settings, "the night after")["batches"] == []

    # whoever brings it again: met, told, not stored
    row = steps._archive(settings).put_local(data, "again.pdf", run_id="later")
    assert row.outcome is Outcome.FORGOTTEN
    assert not steps._archive(settings).has(sha)
    assert steps.find_unparsed(settings) == []
    report = steps._archive(settings).verify()
    assert report.is_whole, "what was removed by law is not missing"


def test_a_crawl_that_meets_it_again_records_only_that(settings: Settings) -> None:
    archive = steps._archive(settings)
    sha, _ = chosen(settings)
    archive.forget(sha, why="order 17", who="records office", now=steps.utc_now())
    host = next(r.site for r in archive.rows() if r.sha256 == sha)
    # asked for again at once, as after a change of the site
    steps.crawl_host(replace(settings), host, "met-again")
    met = [r for r in archive.rows() if r.sha256 == sha]
    assert {r.outcome for r in met} == {Outcome.FORGOTTEN}
    assert not archive.has(sha)


def _dies(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("name", "why", "said"),
    [("nonsense", "x", "is no document id"), ("0" * 12, "x", "nothing was removed"), (None, " ", "why")],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(
    settings: Settings, name: str | None, why: str, said: str
) -> None:
    with pytest.raises(forgetting.ForgetError, match=said):
        forgetting.forget(settings, name or chosen(settings)[0], why=why, who="o", run_id="f")


@pytest.mark.parametrize(
    ("department", "title"),
    [
        ("青岚县教育局", "青岚县教育局 2025年预算：核对提示 1 项"),  # it names its county itself
        ("教育局", "青岚县 教育局 2025年预算：核对提示 1 项"),
        ("青岚县教育局", "青岚县 青岚县教育局 2025年预算：核对提示 1 项"),  # as it was once told
    ],
)
def test_a_message_is_known_by_its_title_where_its_items_name_nothing(
    tmp_path: Path, department: str, title: str
) -> None:
    """A finding that no build holds any more left its words in a message."""
    settings = settings_in(tmp_path)
    settings.data.mkdir()
    sha = "ab" * 32
    with duckdb.connect(str(Layout(settings.data).warehouse_path)) as con:
        con.execute("create schema marts")
        con.execute(
            "create table marts.dim_document as"
            " select ? as document_id, '青岚县' as county, ? as department, 2025 as fiscal_year",
            [sha, department],
        )
    ledger = Ledger(settings.data / "ledger")
    for number, said in enumerate((title, "青岚县 水利局 2025年预算：核对提示 1 项")):
        ledger.queue(
            message_id=f"m{number}",
            kind="finding",
            title=said,
            body="合计",
            items=["finding:gone"],
            channels=[],
            at=datetime(2026, 1, 21, tzinfo=UTC),
            run_id="r",
        )
    assert forgetting._redact(settings, [sha]) == 1
    assert [m.title == forgetting.REDACTED for m in ledger.queued().values()] == [True, False]

"""The steps of the night (每夜作业): composition of the rooms, nothing else.

Each step is idempotent: it finds its work by difference, so a step killed anywhere and run
again gives the same rows. Each leaves one outcome row in ``data/ledger/steps/``. What a task
of a DAG does, a person can do by hand with the same function.

Every function takes the Settings and returns a small dict of plain values (it travels through
Airflow's XCom). Heavy libraries are imported inside the functions.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal

from nightly import metrics
from nightly.errors import EvidenceError, GateClosedError
from nightly.settings import Settings
from store import Store

Report = dict[str, Any]
log = logging.getLogger(__name__)


def utc_now() -> datetime:
    return datetime.now(UTC)


# --- outcome rows of steps --------------------------------------------------------------------


def _ledger(settings: Settings) -> Store:
    return Store(settings.data / "ledger")


def _write_outcome(settings: Settings, row: Report) -> None:
    started = str(row["started_at"])
    _ledger(settings).write_bytes(
        f"steps/dt={started[:10]}/{started.replace(':', '')}-{row['step']}-{uuid.uuid4().hex[:8]}.json",
        json.dumps(row, ensure_ascii=False, default=str).encode(),
    )


@contextmanager
def outcome(settings: Settings, step: str, run_id: str) -> Iterator[Report]:
    """Write one outcome row for the step, whether it ends well or not."""
    began, clock = utc_now(), time.monotonic()
    row: Report = {"step": step, "run_id": run_id, "started_at": began.isoformat(), "result": {}}
    try:
        yield row["result"]
    except BaseException as error:
        row |= {"success": False, "error": f"{type(error).__name__}: {error}"}
        raise
    else:
        row |= {"success": True, "error": None}
    finally:
        row["seconds"] = round(time.monotonic() - clock, 3)
        _write_outcome(settings, row)
        metrics.send(step, row["seconds"], row["result"], success=row["success"])


def step_outcomes(settings: Settings) -> list[Report]:
    """All outcome rows of steps, oldest first."""
    ledger = _ledger(settings)
    return [json.loads(ledger.read_bytes(p)) for p in ledger.list("steps", suffix=".json")]


def task_failed(
    settings: Settings, *, dag_id: str, task_id: str, run_id: str, try_number: int, error: str
) -> None:
    """A task failed for good (Airflow's callback): an outcome row and an alert."""
    from expectations import alerts

    _write_outcome(
        settings,
        {
            "step": f"{dag_id}.{task_id}",
            "run_id": run_id,
            "started_at": utc_now().isoformat(),
            "success": False,
            "error": error,
            "result": {"try_number": try_number},
            "seconds": 0.0,
        },
    )
    alerts.tell_failure(
        settings.data,
        where=f"{dag_id}.{task_id}",
        run_id=run_id,
        error=error,
        urls=settings.alert_urls,
        lang=settings.lang,
    )


def last_complete_night(settings: Settings) -> datetime | None:
    """When a night last came to its end (its heartbeat step went well); None before the first."""
    ended = [
        datetime.fromisoformat(str(row["started_at"]))
        for row in step_outcomes(settings)
        if str(row["step"]).rpartition(".")[2] == "heartbeat" and row["success"]
    ]
    return max(ended, default=None)


def tell_if_overdue(settings: Settings, max_age: timedelta) -> Report | None:
    """Alert where no night was completed for ``max_age``; None where all is in time."""
    from expectations import alerts

    told = alerts.tell_overdue(
        settings.data,
        last_complete=last_complete_night(settings),
        max_age=max_age,
        urls=settings.alert_urls,
        now=utc_now(),
        lang=settings.lang,
    )
    return told.as_dict() if told else None


@dataclass(frozen=True)
class Season:
    """A season of publication (公开季): ``2025-spring`` holds January to June (年初预算),
    ``2025-autumn`` July to December (决算, 调整预算), ``2025`` the year."""

    name: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"20\d\d(-spring|-autumn)?", self.name):
            raise ValueError(
                f"season {self.name!r}: give a year, or one with -spring (January to June) or "
                "-autumn (July to December), such as 2025-spring"
            )

    def holds(self, rows: Sequence[Any]) -> bool:
        """Whether a file first appeared in it: by its date of publication, else by when it was met."""
        days = [r.published_on for r in rows if r.published_on]
        day = min(days) if days else min(r.fetched_at for r in rows).date()
        year, _, half = self.name.partition("-")
        return day.year == int(year) and (not half or (half == "spring") == (day.month <= 6))


# --- crawl ------------------------------------------------------------------------------------


def _archive(settings: Settings) -> Any:
    from scrapers.archive import Archive

    return Archive(Store(settings.archive_root))


def sites(settings: Settings) -> list[Any]:
    """The county sites of tonight: verified ones, and the others only when told so."""
    from scrapers.site import load_sites

    found = load_sites(settings.sites)
    return [s for s in found if s.verified or settings.unverified_sites]


def list_hosts(settings: Settings) -> list[str]:
    """The hosts to crawl; one task owns a host."""
    from scrapers.crawl import hosts

    return sorted(hosts(sites(settings)))


def crawl_host(
    settings: Settings, host: str, run_id: str, progress: Callable[[Any], None] | None = None
) -> Report:
    """Crawl every site of one host into the archive."""
    from scrapers.crawl import crawl_host as crawl
    from scrapers.crawl import hosts

    with outcome(settings, f"crawl_host {host}", run_id) as result:
        report = crawl(
            hosts(sites(settings))[host], _archive(settings), run_id=run_id, progress=progress
        )
        result.update(report.model_dump(mode="json"))
    return dict(result)


def close_crawl(settings: Settings, run_id: str) -> Report:
    """Count what the night's crawl brought, by outcome."""
    with outcome(settings, "close_crawl", run_id) as result:
        counts: dict[str, int] = {}
        for row in _archive(settings).rows():
            if row.run_id == run_id:
                name = row.outcome.value
                counts[name] = counts.get(name, 0) + 1
        result["fetches"] = counts
    return dict(result)


def ingest(settings: Settings, files: Sequence[Path], run_id: str) -> list[Any]:
    """Put local files into the archive (``budgets ingest``); returns their fetch rows, in order."""
    archive = _archive(settings)
    with outcome(settings, "ingest", run_id) as result:
        rows = [archive.put_local(f, run_id=run_id, now=utc_now()) for f in files]
        result["files"] = len(rows)
    return rows


def members(settings: Settings, sha256: str) -> list[Any]:
    """Fetch rows of the files inside an archived zip, rar or 7z; empty for any other file."""
    return [
        row
        for row in _archive(settings).rows()
        if row.role == "member" and row.parent_sha256 == sha256
    ]


# --- parse ------------------------------------------------------------------------------------


def decisions_version(settings: Settings) -> str:
    """Names the reviewed decisions: part of the key of what depends on them."""
    files = sorted(settings.decisions.glob("**/*.yml")) if settings.decisions.is_dir() else []
    if not files:
        return "none"
    digest = hashlib.sha256()
    for f in files:
        digest.update(f.relative_to(settings.decisions).as_posix().encode() + b"\0")
        digest.update(f.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _layout(settings: Settings) -> Any:
    from warehouse.layout import Layout

    return Layout(settings.data, landing_root=settings.landing_root)


def find_unparsed(
    settings: Settings, season: Season | None = None, limit: int | None = None
) -> list[list[str]]:
    """Batches of archived documents that landing does not hold yet.

    ``season``: only those published in it; ``limit``: at most so many.

    A file that was read, by whatever parser version, is left to the background re-reading; a
    file that could not be read is tried again once by each new parser version. Files known to
    have scanned pages are left to ``find_scans``. Containers (zip,
    rar, 7z) that arrived since are expanded first: their members are the documents.
    """
    from parsers.read import PARSER_VERSION
    from scrapers.containers import expand_waiting
    from warehouse.landing import landed

    done = {
        key.file_sha256
        for key in landed(_layout(settings))
        if key.outcome == "parsed" or key.parser_version == PARSER_VERSION
    }
    archive = _archive(settings)
    expand_waiting(archive, run_id=f"expand__{utc_now():%Y-%m-%dT%H:%M:%S.%fZ}")
    documents = archive.documents()
    waiting = sorted(set(documents) - done - _waiting_scans(settings))
    if season is not None:
        waiting = [sha for sha in waiting if season.holds(documents[sha])]
    waiting = waiting[:limit]
    size = settings.batch_size
    return [waiting[i : i + size] for i in range(0, len(waiting), size)]


def _waits(sha256: str, parser_version: int) -> str:
    """The mark of a file that waits for recognition."""
    return f"parsed/parser={parser_version}/scans/{sha256}"


def find_scans(settings: Settings) -> list[list[str]]:
    """Batches of one: archived documents with scanned pages that landing does not hold yet.

    Reading found that they wait for recognition (``parse_batch`` without ``recognise``).
    """
    from parsers.read import PARSER_VERSION
    from warehouse.landing import landed

    done = {
        key.file_sha256
        for key in landed(_layout(settings))
        if key.outcome == "parsed" or key.parser_version == PARSER_VERSION
    }
    return [[sha] for sha in sorted(_waiting_scans(settings) - done)]


def _waiting_scans(settings: Settings) -> set[str]:
    from parsers.read import PARSER_VERSION

    marks = Store(settings.data).list(f"parsed/parser={PARSER_VERSION}/scans")
    return {m.rpartition("/")[2] for m in marks}


def _checkpoint(sha256: str, parser_version: int) -> str:
    return f"parsed/parser={parser_version}/{sha256[:2]}/{sha256}.json.zst"


def kept_reading(settings: Settings, sha256: str, parser_version: int) -> Any:
    """The ParseRecord of a file as a parser version read it, from its checkpoint; None: not kept."""
    import zstandard

    from parsers.document import ParseRecord

    parsed, path = Store(settings.data), _checkpoint(sha256, parser_version)
    if not parsed.exists(path):
        return None
    return ParseRecord.model_validate_json(
        zstandard.ZstdDecompressor().decompress(parsed.read_bytes(path), max_output_size=1 << 30)
    )


def read_one(
    settings: Settings, sha256: str, file_name: str | None = None, *, recognise: bool = True
) -> Any:
    """The ParseRecord of one archived file: from its checkpoint, or read and judged now.

    Without ``recognise`` a file with scanned pages is marked as waiting, and None is given.
    """
    import zstandard

    from expectations.catalogue import CATALOGUE_VERSION, judge
    from nightly.decisions import DecisionError
    from nightly.judging import judge_with_second_reading
    from parsers.document import ParseRecord, ReadingProblem
    from parsers.errors import DocumentError, ScannedError
    from parsers.read import PARSER_VERSION
    from parsers.worker import Limits, read_isolated

    parsed = Store(settings.data)
    path = _checkpoint(sha256, PARSER_VERSION)
    decisions = decisions_version(settings)
    held = kept_reading(settings, sha256, PARSER_VERSION)
    if held is not None and (held.catalogue_version, held.decisions_version) == (
        CATALOGUE_VERSION,
        decisions,
    ):
        return held
    clock = time.monotonic()
    record = ParseRecord(
        file_sha256=sha256,
        parser_version=PARSER_VERSION,
        catalogue_version=CATALOGUE_VERSION,
        decisions_version=decisions,
        outcome="parsed",
        parsed_at=utc_now().isoformat(),
    )
    try:
        data = _archive(settings).get(sha256)
        limits = Limits(seconds=settings.parse_seconds, megabytes=settings.parse_megabytes)
        # pages that are images are recognised here, or the file is left to the processes that do
        # (recognitions lie by file, so that those of a forgotten file can be found)
        recognised = settings.data / "recognised"
        kept = str(recognised / sha256[:2] / sha256)
        slow = Limits(
            seconds=settings.scan_seconds,
            megabytes=settings.parse_megabytes,
            writes=str(recognised),
        )
        scanned = False

        def read(part: int) -> Any:
            nonlocal scanned
            if not scanned:
                try:
                    return read_isolated(
                        data, limits, file_name=file_name, part=part, recognise=False
                    )
                except ScannedError:
                    scanned = True
                    if not recognise:
                        raise
            return read_isolated(data, slow, file_name=file_name, part=part, kept=kept)

        def reread(pages: Collection[int]) -> Any:
            # pages whose text layer says other figures than are drawn
            if not recognise:
                raise ScannedError(
                    f"the text layer of {len(pages)} pages is not what is drawn",
                    file_name or "the file",
                    "Nothing to do: it waits for the recognition's own processes.",
                )
            return read_isolated(data, slow, file_name=file_name, images=pages, kept=kept)

        part, parts = 1, 1
        problems: list[DocumentError] = []
        while part <= parts:
            try:
                document = read(part)
                record.documents.append(
                    judge_with_second_reading(document, data, settings, reread=reread)
                )
            except ScannedError:
                parsed.write_bytes(_waits(sha256, PARSER_VERSION), b"")
                return None
            except DocumentError as error:
                problems.append(error)
                if error.document is None:
                    raise
                document = error.document
                # one of several: judged, so that it is kept out of the marts with its reasons
                record.documents.append(
                    judge(document) if document.document.parts > 1 else document
                )
            part, parts = part + 1, document.document.parts
        if len(problems) == parts:
            raise problems[0]
    except DecisionError:  # a decisions file that is not understood concerns every document
        raise
    except DocumentError as error:
        record.outcome, record.problem = error.code, error.problem()
        partial = getattr(error, "document", None)
        if partial is not None and not record.documents:
            record.documents = [partial]
    except Exception as error:  # a bug of ours must not stop the batch, and must not be silent
        record.outcome = "failed"
        record.problem = ReadingProblem(
            code="failed",
            what=f"{type(error).__name__}: {error}",
            where=f"file {sha256[:12]}",
            remedy="report it with the archived original; the file is read again by the next parser version",
        )
    record.seconds = round(time.monotonic() - clock, 3)
    parsed.write_bytes(
        path, zstandard.ZstdCompressor(level=9).compress(record.model_dump_json().encode())
    )
    return record


@cache
def _readers(workers: int) -> ThreadPoolExecutor:
    """Threads that live as long as the process: each keeps the one child process it reads with."""
    return ThreadPoolExecutor(workers, thread_name_prefix="reader")


def parse_batch(
    settings: Settings,
    batch: Sequence[str],
    run_id: str,
    progress: Callable[[str], None] | None = None,
    workers: int = 2,
    *,
    recognise: bool = True,
) -> Report:
    """Read a batch, each document in a process of its own, and land it as a whole.

    Without ``recognise`` files with scanned pages are left to ``recognise_batch``: a page takes
    seconds, and text documents do not wait for it.
    """
    from warehouse.landing import land

    with outcome(settings, "parse_batch", run_id) as result:
        names = {sha: rows[0].file_name for sha, rows in _archive(settings).documents().items()}
        batch = [sha for sha in batch if sha in names]  # not what was forgotten since

        def one(sha: str) -> Any:
            record = read_one(settings, sha, names.get(sha), recognise=recognise)
            if progress:
                progress(sha)
            return record

        waiting = [_readers(workers).submit(one, sha) for sha in batch]
        try:
            records = [r for r in (w.result() for w in waiting) if r is not None]
        finally:
            for w in waiting:
                w.cancel()  # after an interruption only what is being read is read to its end
        keys = sorted(
            f"{r.file_sha256}:{r.parser_version}:{r.catalogue_version}:{r.decisions_version}"
            for r in records
        )
        batch_id = hashlib.sha256("\n".join(keys).encode()).hexdigest()[:20]
        if records:
            land(_layout(settings), records, batch_id)
        counts: dict[str, int] = {}
        for r in records:
            counts[r.outcome] = counts.get(r.outcome, 0) + 1
        result.update(batch_id=batch_id, documents=len(records), outcomes=counts)
        if len(records) < len(batch):
            result["scans"] = len(batch) - len(records)
    return dict(result)


def recognise_batch(
    settings: Settings,
    batch: Sequence[str],
    run_id: str,
    progress: Callable[[str], None] | None = None,
) -> Report:
    """Read files with scanned pages, one at a time: recognition keeps its core busy."""
    return parse_batch(settings, batch, run_id, progress=progress, workers=1)


# --- warehouse --------------------------------------------------------------------------------


def load(settings: Settings, run_id: str) -> Report:
    """Landing → the raw schema of the working warehouse."""
    from expectations.ledger import Ledger
    from warehouse.load import load as load_warehouse

    with outcome(settings, "load", run_id) as result:
        rows = (row.model_dump(mode="json") for row in _archive(settings).rows())
        seen = [
            (one.finding_id, one.first_seen_at, one.last_seen_at)
            for one in Ledger(_ledger(settings)).seen().values()
        ]
        loaded = load_warehouse(
            _layout(settings),
            rows,
            decisions=settings.decisions,
            seen=seen,
            steps=step_outcomes(settings),
        )
        result.update(loaded.as_dict())
    return dict(result)


def build(settings: Settings, run_id: str) -> Report:
    """``dbt build`` in one child process; per-model timings go into the outcome row."""
    from warehouse.build import build as build_warehouse

    with outcome(settings, "build", run_id) as result:
        result.update(build_warehouse(_layout(settings)).as_dict())
    return dict(result)


def check(settings: Settings, run_id: str, stage: Literal["landing", "marts"]) -> Report:
    """Great Expectations over one stage; raises GateClosedError on a structural failure."""
    from expectations.enforce import check as enforce

    layout = _layout(settings)
    with outcome(settings, f"check_{stage}", run_id) as result:
        checked = enforce(
            layout.warehouse_path,
            layout.docs_path,
            stage=stage,
            decisions_version=decisions_version(settings),
        )
        result.update(checked.as_dict())
        if not checked.success_to_publish:
            raise GateClosedError(stage, [str(f) for f in checked.failures])
    return dict(result)


def publish(settings: Settings, run_id: str) -> Report:
    """Swap the published copy in whole."""
    from warehouse.publish import publish as publish_copy

    with outcome(settings, "publish", run_id) as result:
        result.update(publish_copy(_layout(settings)).as_dict())
    return dict(result)


def tell(settings: Settings, run_id: str) -> Report:
    """Findings, alerts, digest: each told once."""
    from expectations import alerts

    with outcome(settings, "tell", run_id) as result:
        told = alerts.tell(
            settings.data,
            database_path=_layout(settings).published_path,
            run_id=run_id,
            urls=settings.alert_urls,
            now=utc_now(),
            decisions=settings.decisions,
            lang=settings.lang,
        )
        result.update(told.as_dict())
    return dict(result)


def _not_delivered(settings: Settings, run_id: str) -> int:
    """Alerts that some channel did not take when this run told, the last time it did."""
    told = [r for r in step_outcomes(settings) if (r["step"], r["run_id"]) == ("tell", run_id)]
    return len(told[-1]["result"].get("waiting") or []) if told else 0


def heartbeat(settings: Settings, run_id: str) -> Report:
    """Ping the heartbeat address after a complete night.

    A night whose alerts no channel took is not complete: who waits for the ping learns of the
    dead channel, of which no alert can tell.
    """
    from expectations import alerts

    with outcome(settings, "heartbeat", run_id) as result:
        waiting = _not_delivered(settings, run_id)
        if waiting and settings.heartbeat_url:
            log.warning("heartbeat withheld: %d alerts were not delivered", waiting)
            result["withheld"] = f"{waiting} alerts not delivered"
        result["sent"] = alerts.heartbeat(None if waiting else settings.heartbeat_url)
    return dict(result)


def _link_findings(settings: Settings) -> None:
    """Data Docs' list of findings again, now that each has a page to lead to."""
    from expectations.findings import findings, write_findings_page

    layout = _layout(settings)
    listed = layout.docs_path / "data_docs" / "findings.html"
    if listed.is_file():
        write_findings_page(findings(layout.published_path), listed)


def evidence(
    settings: Settings, run_id: str, progress: Callable[[str], None] | None = None
) -> Report:
    """The evidence site over the published copy; only what changed is made anew.

    Raises EvidenceError after the build where documents have no pages. Nothing waits for this
    step: a publication stands whatever becomes of its site.
    """
    from evidence.site import build_site
    from parsers.worker import Limits

    if settings.evidence == "no":
        return {"skipped": "BUDGETS_EVIDENCE=no"}
    with outcome(settings, "evidence", run_id) as result:
        report = build_site(
            _layout(settings),
            originals=_archive(settings).get,
            readings=lambda sha, version: kept_reading(settings, sha, version),
            audience=settings.evidence,
            decisions=settings.decisions,
            limits=Limits(seconds=settings.parse_seconds, megabytes=settings.parse_megabytes),
            progress=progress,
        )
        result.update(report.as_dict())
        _link_findings(settings)
        if report.problems:
            raise EvidenceError(report.problems)
    return dict(result)


WAREHOUSE_STEPS: dict[str, Callable[[Settings, str], Report]] = {
    "load": load,
    "check_landing": lambda s, r: check(s, r, "landing"),
    "build": build,
    "check_marts": lambda s, r: check(s, r, "marts"),
    "publish": publish,
    "tell": tell,
    "heartbeat": heartbeat,
    "evidence": evidence,
}


def run_step(name: str, settings: Settings, run_id: str) -> Report:
    """Run one warehouse step by name; the order is that of WAREHOUSE_STEPS."""
    return WAREHOUSE_STEPS[name](settings, run_id)


def scheduled_step(name: str, settings: Settings, run_id: str) -> Report:
    """The same for a scheduler, whose records ``budgets forget`` does not reach: of a list it gets
    the length. The lists stand in the ledger."""
    report = run_step(name, settings, run_id)
    return {key: len(value) if isinstance(value, list) else value for key, value in report.items()}

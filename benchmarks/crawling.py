"""Does a whole province arrive, politely, over a bad network? A replica on loopback is crawled.

    python -m benchmarks.crawling [--small] [--sites 117] [--documents 80] [--faults 0.05]

The replica runs in a process of its own: one port a host, lists of 20 rows, an article and a
file for each document, latency, and for a share of the addresses a fault at the first requests:
resets, 500, 429 with Retry-After, slow bodies, truncation, block pages, wrong types. Two of the
counties share a host. It is crawled for as many nights as it takes, then for one night more, then
until everything known was looked at again.

Checked, with exit code 1 where it does not hold: nothing lost, nothing doubled, no fault stored
as a document, one request at a time and the pause kept on every host (from the server's log, not
from the crawler's word), memory flat, a night with nothing new costs one conditional request a
list page (and robots.txt), originals whole.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import psutil

from scrapers.archive import Archive, Outcome
from scrapers.crawl import HostReport, crawl_host
from scrapers.fetch import CrawlSettings
from scrapers.site import Site, hosts
from store import Store

ROWS = 20
COLUMN = "/zwgk/czyjs/bmys/"
FAULTS = ("reset", "500", "429", "slow", "truncated", "block", "wrong_type")
CLOCK_TOLERANCE = 0.0005
"""Seconds by which a pause may seem shorter: the rounding of timers."""


@dataclass(frozen=True)
class Plan:
    """What is replicated, and how bad the network is. Times in seconds."""

    sites: int = 117
    documents: int = 80
    faults: float = 0.05
    latency: float = 0.02
    pause: float = 0.03
    jitter: float = 0.01
    file_bytes: int = 30_000
    seed: int = 1
    workers: int = 16
    nights: int = 4
    """So many nights at most until everything has arrived."""
    files: str = ""
    """A folder with ``season-<site>-<document>.pdf``, published instead of invented bytes."""
    recheck_nights: int = 14
    """So many quiet nights are added; the re-check of the season takes as many days."""

    @classmethod
    def small(cls) -> Plan:
        return cls(sites=6, documents=10, faults=0.15, workers=3, pause=0.02, latency=0.005)


# -- the replica -----------------------------------------------------------------------------


def _draw(*about: object) -> random.Random:
    return random.Random("/".join(map(str, about)))


def file_of(plan: Plan, site: int, document: int) -> bytes:
    """The file that a site publishes as its n-th document: the same at every request."""
    if plan.files:
        return (Path(plan.files) / f"season-{site:03d}-{document:03d}.pdf").read_bytes()
    rng = _draw(plan.seed, "file", site, document)
    size = rng.randint(plan.file_bytes // 2, plan.file_bytes * 3 // 2)
    return b"%PDF-1.7\n%" + f"{site}-{document}\n".encode() + rng.randbytes(size) + b"\n%%EOF\n"


def _page(title: str, body: str, metas: str = "") -> bytes:
    return (
        f'<html><head><meta charset="utf-8"><title>{title}</title>{metas}</head>'
        f"<body>{body}</body></html>"
    ).encode()


def column_of(site: int) -> str:
    return f"{COLUMN}{site:03d}/"


def answer_of(plan: Plan, site: int, path: str) -> tuple[bytes, str] | None:
    """The page or file at a path of a site's column; None where there is none."""
    below = path.removeprefix(column_of(site))
    pages = max(1, -(-plan.documents // ROWS))
    for page in range(pages):
        name = "" if page == 0 else f"index_{page}.html"
        if below == name:
            rows = "".join(
                f'<li><span class="date">2026-02-{1 + n % 28:02d}</span>'
                f'<a href="./202602/t202602_{n}.html">第{n}局2026年部门预算公开</a></li>'
                for n in range(page * ROWS, min((page + 1) * ROWS, plan.documents))
            )
            script = f'<script>createPageHTML({pages}, {page}, "index", "html");</script>'
            meta = '<meta name="ColumnName" content="部门预算">'
            return _page("部门预算", f'<ul class="list">{rows}</ul>{script}', meta), "text/html"
    name = below.removeprefix("202602/")
    if name.startswith("t202602_") and name.endswith(".html"):
        n = int(name[8:-5])
        metas = (
            f'<meta name="ArticleTitle" content="第{n}局2026年部门预算公开">'
            '<meta name="PubDate" content="2026-02-12 09:00">'
        )
        link = f'<a href="./P{n}.pdf">第{n}局2026年部门预算.pdf</a>'
        return _page(f"第{n}局", f'<div class="TRS_Editor">见附件 {link}</div>', metas), "text/html"
    if name.startswith("P") and name.endswith(".pdf"):
        return file_of(plan, site, int(name[1:-4])), "application/pdf"
    return None


@dataclass
class Visit:
    """One request as the server saw it (monotonic seconds); ``end``: the last bytes leave."""

    host: int
    path: str
    start: float
    end: float = 0.0
    status: int = 0
    fault: str | None = None
    conditional: bool = False
    sent: int = 0
    """Bytes of the body."""


class Replica:
    """Serves the province; ``asyncio``, one port a host."""

    def __init__(self, plan: Plan, log: Path) -> None:
        self.plan = plan
        self.asked: Counter[tuple[int, str]] = Counter()
        self.log = log.open("a", encoding="utf-8", buffering=1)

    def fault(self, host: int, path: str) -> str | None:
        """The fault of this request: the first one or two of an address that has any."""
        count = self.asked[host, path]
        self.asked[host, path] += 1
        rng = _draw(self.plan.seed, "fault", host, path)
        if rng.random() >= self.plan.faults or count >= rng.choice((1, 1, 1, 2)):
            return None
        kind = rng.choice(FAULTS)
        # what a gate does to robots.txt means "no rules": no fault to recover from
        return "500" if path == "/robots.txt" and kind in {"block", "wrong_type"} else kind

    async def serve(
        self, host: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                visit = Visit(host, head.split(b" ", 2)[1].decode(), time.monotonic())
                go_on = True
                try:
                    go_on = await self.answer(visit, head, writer)
                finally:
                    visit.end = visit.end or time.monotonic()
                    self.log.write(json.dumps(asdict(visit)) + "\n")
                if not go_on:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def answer(self, visit: Visit, head: bytes, writer: asyncio.StreamWriter) -> bool:
        plan, path = self.plan, visit.path
        visit.fault = fault = self.fault(visit.host, path)
        await asyncio.sleep(plan.latency * random.uniform(0.5, 1.5))
        if fault == "reset":
            writer.transport.abort()
            return False
        if fault in {"500", "429"}:
            await self.send(visit, writer, int(fault), b"", extra="Retry-After: 1\r\n")
            return True
        if path == "/robots.txt":
            body, kind = b"User-agent: *\nDisallow: /private/\n", "text/plain"
        else:
            found = self.found(visit.host, path)
            if found is None:
                await self.send(visit, writer, 404, b"<h1>404</h1>")
                return True
            body, kind = found
        if fault == "block":
            script = b"<script>document.cookie='__tst_status=1#;';var _0x49a6=['EO_Bot_Ssid'];"
            await self.send(visit, writer, 200, script + b"location.reload();</script>")
            return True
        if fault == "wrong_type":
            page = _page("提示", "<div>系统繁忙，请稍后再试</div>")
            await self.send(visit, writer, 200, page)
            return True
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        headers = head.decode("latin-1").lower()
        visit.conditional = "if-none-match:" in headers
        if f"if-none-match: {tag}" in headers:
            await self.send(visit, writer, 304, b"", extra=f"ETag: {tag}\r\n")
            return True
        extra = f"ETag: {tag}\r\n"
        rest = re.search(r"\r\nrange: bytes=(\d+)-", headers)
        if rest and f"if-range: {tag}" in headers:
            start = int(rest[1])
            extra += f"Content-Range: bytes {start}-{len(body) - 1}/{len(body)}\r\n"
            await self.send(visit, writer, 206, body[start:], kind, extra)
            return True
        if fault == "truncated":
            await self.send(visit, writer, 200, body[: len(body) // 2], kind, extra, len(body))
            return False
        await self.send(visit, writer, 200, body, kind, extra, slow=fault == "slow")
        return True

    def found(self, host: int, path: str) -> tuple[bytes, str] | None:
        for site in sites_of_host(self.plan, host):
            if path.startswith(column_of(site)):
                return answer_of(self.plan, site, path)
        return None

    async def send(  # noqa: PLR0917
        self,
        visit: Visit,
        writer: asyncio.StreamWriter,
        status: int,
        body: bytes,
        kind: str = "text/html",
        extra: str = "",
        announced: int | None = None,
        *,
        slow: bool = False,
    ) -> None:
        visit.status, visit.sent = status, len(body)
        length = len(body) if announced is None else announced
        length_line = "" if status == 304 else f"Content-Length: {length}\r\n"
        head = f"HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\n{length_line}{extra}\r\n".encode()
        rest = head + body
        if slow:
            step = max(1, len(rest) // 8)
            while len(rest) > step:
                writer.write(rest[:step])
                rest = rest[step:]
                await writer.drain()
                await asyncio.sleep(0.05)
        # taken before the last bytes leave (the head is among them where there is no body): the
        # guest cannot have had them earlier, whatever this process does afterwards
        visit.end = time.monotonic()
        writer.write(rest)
        await writer.drain()


def sites_of_host(plan: Plan, host: int) -> list[int]:
    """The last two counties share a host."""
    return [host, plan.sites - 1] if host == plan.sites - 2 and plan.sites > 1 else [host]


def host_count(plan: Plan) -> int:
    return max(1, plan.sites - 1)


async def _serve(plan: Plan, folder: Path) -> None:
    replica = Replica(plan, folder / "visits.jsonl")
    servers, ports = [], []
    for host in range(host_count(plan)):

        async def client(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: int = host
        ) -> None:
            await replica.serve(host, reader, writer)

        server = await asyncio.start_server(client, "127.0.0.1", 0)
        servers.append(server)
        ports.append(server.sockets[0].getsockname()[1])
    (folder / "ports.tmp").write_text(json.dumps(ports))
    (folder / "ports.tmp").rename(folder / "ports.json")
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)  # until the parent goes


@contextmanager
def replica(plan: Plan, folder: Path) -> Iterator[list[int]]:
    """The province in a process of its own; gives the ports, one a host."""
    code = "from benchmarks.crawling import serve_main; serve_main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, json.dumps(asdict(plan)), str(folder)],
        stdin=subprocess.PIPE,
        cwd=Path(__file__).resolve().parent.parent,
    )
    try:
        deadline = time.monotonic() + 60
        while not (folder / "ports.json").exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the replica does not start; run it by hand to see why")
            time.sleep(0.05)
        yield json.loads((folder / "ports.json").read_text())
    finally:
        process.kill()
        process.communicate()


def serve_main() -> None:
    asyncio.run(_serve(Plan(**json.loads(sys.argv[1])), Path(sys.argv[2])))


# -- the crawl -------------------------------------------------------------------------------


@dataclass
class Measured:
    """The figures of a run, and what does not hold (``failures``: empty where all does)."""

    documents: int = 0
    expected: int = 0
    nights: int = 0
    seconds: float = 0.0
    requests: int = 0
    requests_quiet_night: int = 0
    list_pages: int = 0
    continued: int = 0
    """Downloads that broke off and were continued where they did."""
    recheck_requests: list[int] = field(default_factory=list)
    """Of each night of the re-check, list pages and robots.txt not counted."""
    faults: dict[str, int] = field(default_factory=dict)
    after_night: list[int] = field(default_factory=list)
    least_gap: float = 0.0
    most_at_once_on_a_host: int = 0
    most_at_once: int = 0
    memory_megabytes: list[float] = field(default_factory=list)
    """At each tenth of the documents of the first night."""
    warnings: int = 0
    failures: list[str] = field(default_factory=list)


def site_files(plan: Plan, ports: Sequence[int]) -> list[Site]:
    return [
        Site.model_validate(
            {
                "name": f"样例{site:03d}县",
                "county_code": f"149{site:03d}",
                "base_url": f"http://127.0.0.1:{ports[min(site, host_count(plan) - 1)]}/",
                "family": "trs_wcm",
                "verified": True,
                "allow_private": True,
                "pace": {"pause_seconds": plan.pause, "jitter_seconds": plan.jitter},
                "columns": [
                    {
                        "path": column_of(site),
                        "holds": "budget",
                        "scope": "department",
                        "title": "部门预算",
                    }
                ],
            }
        )
        for site in range(plan.sites)
    ]


def run(plan: Plan, folder: Path, say: Callable[[str], None] = lambda _: None) -> Measured:
    """Crawl the replica until all has arrived, and one night more; measure and check."""
    found = Measured(expected=plan.sites * plan.documents)
    folder.mkdir(parents=True, exist_ok=True)
    archive_root = folder / "data"
    settings = CrawlSettings(
        contact="https://example.invalid/contact",
        backoff_seconds=0.1,
        max_backoff_seconds=2.0,
        read_timeout_seconds=10,
        connect_timeout_seconds=10,
    )
    process = psutil.Process()
    with replica(plan, folder) as ports:
        sites = site_files(plan, ports)
        by_host = hosts(sites)
        begun = datetime(2026, 3, 1, 17, 30, tzinfo=UTC)
        clock = time.monotonic()

        def one_night(number: int) -> list[HostReport]:
            lock, seen = threading.Lock(), 0
            step = max(1, found.expected // 10)

            def progress(row: object) -> None:
                nonlocal seen
                if getattr(row, "role", "") != "attachment" or number > 1:
                    return
                with lock:
                    seen += 1
                    if seen % step == 0:
                        memory = process.memory_info().rss / 1e6
                        found.memory_megabytes.append(round(memory, 1))
                        say(f"  {seen:>6} files asked for, {memory:.0f} MB")

            def one(host: str) -> HostReport:
                return crawl_host(
                    by_host[host],
                    Archive(Store(archive_root)),
                    run_id=f"night-{number}",
                    now=begun + timedelta(days=number - 1),
                    settings=settings,
                    progress=progress,
                    lock_folder=folder / "locks",
                )

            time.sleep(plan.pause + plan.jitter)  # the nights lie a day apart
            with ThreadPoolExecutor(plan.workers) as pool:
                return list(pool.map(one, by_host))

        want = {
            hashlib.sha256(file_of(plan, site, n)).hexdigest(): (site, n)
            for site in range(plan.sites)
            for n in range(plan.documents)
        }
        have: set[str] = set()
        while found.nights < plan.nights and have != set(want):
            found.nights += 1
            say(f"night {found.nights}")
            reports = one_night(found.nights)
            found.requests += sum(r.requests for r in reports)
            found.warnings += sum(len(r.warnings) for r in reports)
            have = set(Archive(Store(archive_root)).documents())
            found.after_night.append(len(have & set(want)))
            say(f"  {found.after_night[-1]} of {found.expected} documents")
        found.seconds = round(time.monotonic() - clock, 1)
        say("a night with nothing new")
        quiet = one_night(found.nights + 1)
        found.requests_quiet_night = sum(r.requests for r in quiet)
        found.list_pages = sum(c.pages for r in quiet for c in r.columns)
        log = folder / "visits.jsonl"
        before = len(log.read_bytes().splitlines())
        say("the rolling re-check")
        for extra in range(plan.recheck_nights):
            reports = one_night(found.nights + 2 + extra)
            asked = sum(r.requests for r in reports) - found.requests_quiet_night
            found.recheck_requests.append(asked)
        found.documents = len(have & set(want))
        _check_recheck(found, plan, _visits(log)[before:])
        _check_archive(found, Archive(Store(archive_root)), want, have)
        _check_visits(found, plan, _visits(log))
        _check_quiet(found, quiet, len(by_host))
    _check_memory(found)
    return found


def _check_archive(
    found: Measured, archive: Archive, want: dict[str, tuple[int, int]], have: set[str]
) -> None:
    lost = [place for sha, place in want.items() if sha not in have]
    if lost:
        found.failures.append(f"{len(lost)} documents lost, first {lost[0]}")
    strange = have - set(want)
    if strange:
        found.failures.append(f"{len(strange)} stored as documents that are none")
    new: Counter[str] = Counter()
    for row in archive.rows():
        if row.role == "attachment" and row.outcome is Outcome.NEW:
            new[row.url] += 1
        if row.role == "attachment" and row.outcome is Outcome.DUPLICATE:
            found.failures.append(f"doubled: {row.url}")
    doubled = [url for url, count in new.items() if count > 1]
    if doubled or len(new) != len(have):
        found.failures.append(f"{len(doubled)} addresses are new more than once: {doubled[:3]}")
    report = archive.verify()
    if not report.is_whole:
        found.failures.append(f"originals damaged: {report.changed or report.missing}")


def _visits(log: Path) -> list[Visit]:
    return [Visit(**json.loads(line)) for line in log.read_text("utf-8").splitlines()]


def _check_recheck(found: Measured, plan: Plan, visits: Sequence[Visit]) -> None:
    """Every article and file once and again, without a body, and not all in one night."""
    if not plan.recheck_nights:
        return
    asked = Counter((v.host, v.path) for v in visits if "/202602/" in v.path)
    wanted = 2 * plan.sites * plan.documents
    if len(asked) != wanted:
        found.failures.append(f"the re-check asked for {len(asked)} of {wanted} addresses")
    whole = [v.path for v in visits if v.path != "/robots.txt" and v.sent]
    if whole:
        found.failures.append(f"the re-check fetched {len(whole)} bodies anew, first {whole[0]}")
    if max(found.recheck_requests) > max(20, sum(found.recheck_requests) // 3):
        found.failures.append(f"the re-check is not spread: {found.recheck_requests}")


def _check_visits(found: Measured, plan: Plan, visits: Sequence[Visit]) -> None:
    """Pace and politeness, as the server saw them."""
    cut = {(v.host, v.path) for v in visits if v.fault == "truncated"}
    found.continued = sum(1 for v in visits if v.status == 206 and (v.host, v.path) in cut)
    if cut and not found.continued:
        found.failures.append("no download that broke off was continued")
    found.faults = dict(Counter(v.fault for v in visits if v.fault))
    gaps = []
    for host in {v.host for v in visits}:
        here = sorted((v for v in visits if v.host == host), key=lambda v: v.start)
        found.most_at_once_on_a_host = max(found.most_at_once_on_a_host, most_at_once(here))
        # the client may see a reset before the server has noted its end
        gaps += [b.start - (a.start if a.fault == "reset" else a.end) for a, b in pairwise(here)]
    found.least_gap = round(min(gaps), 4)
    found.most_at_once = most_at_once(visits)
    if found.most_at_once_on_a_host > 1:
        found.failures.append(f"{found.most_at_once_on_a_host} requests at once on one host")
    if found.least_gap < plan.pause - CLOCK_TOLERANCE:
        found.failures.append(f"a pause of {found.least_gap} s, {plan.pause} s were promised")
    if len({v.host for v in visits}) > 1 and found.most_at_once < 2:
        found.failures.append("hosts were asked one after the other, not side by side")


def most_at_once(visits: Sequence[Visit]) -> int:
    events = sorted([(v.start, 1) for v in visits] + [(v.end, -1) for v in visits])
    most = now = 0
    for _, change in events:
        now += change
        most = max(most, now)
    return most


def _check_quiet(found: Measured, quiet: Sequence[HostReport], host_number: int) -> None:
    most = found.list_pages + host_number
    if found.requests_quiet_night > most:
        found.failures.append(
            f"a night with nothing new took {found.requests_quiet_night} requests; {found.list_pages} "
            f"list pages and {host_number} robots.txt are {most}"
        )
    bad = [w.en for report in quiet for w in report.warnings]
    if bad:
        found.failures.append(f"a night with nothing new warned: {bad[0]}")


def _check_memory(found: Measured) -> None:
    """Flat: the second half of the documents needs no tenth more than the first."""
    tenths = found.memory_megabytes
    if len(tenths) >= 10 and tenths[9] > 1.1 * tenths[4] + 20:
        found.failures.append(f"memory grows: {tenths} MB")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--small", action="store_true", help="6 sites of 10 documents")
    options.add_argument("--sites", type=int)
    options.add_argument("--documents", type=int)
    options.add_argument("--faults", type=float, help="share of the addresses that have a fault")
    options.add_argument("--workers", type=int, help="hosts crawled at a time")
    options.add_argument("--folder", type=Path, help="keep the archive and the log here")
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    plan = Plan.small() if given.small else Plan()
    changes = {
        name: value
        for name in ("sites", "documents", "faults", "workers")
        if (value := getattr(given, name)) is not None
    }
    plan = Plan(**(asdict(plan) | changes))
    with tempfile.TemporaryDirectory(prefix="crawling-") as scratch:
        found = run(
            plan,
            given.folder or Path(scratch),
            lambda text: print(text, file=sys.stderr, flush=True),
        )
    if given.json:
        print(json.dumps(asdict(found), ensure_ascii=False, indent=1))
    else:
        _print(plan, found)
    return 1 if found.failures else 0


def _print(plan: Plan, found: Measured) -> None:
    faults = ", ".join(f"{kind} {count}" for kind, count in sorted(found.faults.items()))
    for name, value in (
        ("sites, hosts", f"{plan.sites}, {host_count(plan)}"),
        ("documents arrived", f"{found.documents:,} of {found.expected:,}"),
        ("after each night", ", ".join(f"{n:,}" for n in found.after_night)),
        ("faults served", f"{sum(found.faults.values()):,} ({faults})"),
        ("requests", f"{found.requests:,} in {found.seconds:,.0f} s"),
        ("documents a second", f"{found.documents / max(found.seconds, 0.1):.1f}"),
        (
            "requests of a quiet night",
            f"{found.requests_quiet_night:,} for {found.list_pages:,} list pages",
        ),
        ("broken downloads continued", f"{found.continued:,}"),
        (
            "the re-check, by nights",
            ", ".join(f"{n:,}" for n in found.recheck_requests) + " conditional requests",
        ),
        (
            "least pause on a host",
            f"{found.least_gap * 1000:.0f} ms of {plan.pause * 1000:.0f} ms promised",
        ),
        ("most at once", f"{found.most_at_once_on_a_host} on a host, {found.most_at_once} in all"),
        ("memory by tenths", ", ".join(f"{m:.0f}" for m in found.memory_megabytes) + " MB"),
        ("warnings", str(found.warnings)),
        ("does not hold", "; ".join(found.failures) or "nothing"),
    ):
        print(f"{name:<28}{value}")


if __name__ == "__main__":
    raise SystemExit(main())

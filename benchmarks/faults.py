"""Is anything lost when the night is killed? A night is disturbed, run again, and compared.

    python -m benchmarks.faults [--trials 100] [--seed 1] [--counties 2] [--only kill]

Every trial starts from the data of an earlier night (so that there is a published copy to
spoil), shows the portals as they are a night later (new budgets, a corrected republication), and
disturbs the night once:

- ``kill``: SIGKILL to a random process of the night (itself, a reader of PDFs, dbt) at a random
  moment of a random step;
- ``disk full``: the data lies on a file system that fills up in mid-night;
- ``locked``: another process holds the working warehouse for writing.

Then the night is run again, undisturbed. Checked, with exit code 1 where it does not hold: every
table of the published copy, every finding and every told item are those of a night that nobody
disturbed; a reader that opened the published copy again and again never met an error or a
mixture; no message was lost, and one came twice only where the kill fell between delivery and
its record, with the same id.

Ended early (Ctrl-C, SIGTERM), it sums up the nights until then.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import duckdb
import psutil

from expectations.ledger import Ledger
from samples.portal import Portal, portals
from samples.server import serve, write_site_files
from warehouse.layout import Layout

UNSTABLE = ("_at", "seconds", "duration_ms", "run_id", "batch_id", "build_id", "sequence")
"""Columns that name the hour or the run: all others must be the same."""
LOGS = ("quality.outcome", "quality.night")
"""Tables that grow with every attempt, whatever it found."""
ABOUT_THE_RUN = ("failure:", "quiet:")
"""Items that speak of the run itself; a disturbed night has others, and must."""
KINDS = ("kill",) * 8 + ("disk full", "locked")
VICTIMS = ("parsers.confine", "warehouse.running", "cli")
"""What processes of the night are called by: a reader of PDFs, dbt, the night itself."""
NIGHT_SECONDS_MOST = 900


@dataclass
class Sink:
    """A real HTTP endpoint for alerts; counts each message's id."""

    url: str = ""
    heard: Counter[str] = field(default_factory=Counter)

    def take(self, body: bytes) -> None:
        text = json.loads(body).get("message", "")
        if found := re.search(r"编号 (\S+)", text):
            self.heard[found[1]] += 1


@contextmanager
def sink() -> Iterator[Sink]:
    opened = Sink()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            opened.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    opened.url = f"json://127.0.0.1:{server.server_address[1]}/"
    try:
        yield opened
    finally:
        server.shutdown()
        server.server_close()


class Reader:
    """Opens the published copy again and again, as BI tools do, and counts what is wrong.

    ``layout`` may be changed while it reads; None: there is nothing to read for now.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout: Layout | None = layout
        self.reads = 0
        self.wrong: list[str] = []
        self._end, self._reading = threading.Event(), threading.Lock()
        self._thread = threading.Thread(target=self._loop, daemon=True)

    def __enter__(self) -> Reader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def look_at(self, layout: Layout | None) -> None:
        """From now on this one; returns when no read of the other is under way."""
        with self._reading:
            self.layout = layout

    @staticmethod
    def _rows(layout: Layout) -> dict[str, int]:
        manifest = json.loads((layout.published_root / "manifest.json").read_bytes())
        return dict(manifest["rows"])

    def _loop(self) -> None:
        while not self._end.wait(0.2):
            with self._reading:
                if self.layout is not None:
                    self._read(self.layout)

    def _read(self, layout: Layout) -> None:
        try:
            before = self._rows(layout)
            with duckdb.connect(str(layout.published_path), read_only=True) as con:
                found = {
                    name: _one(con, f"select count(*) from {name}")  # noqa: S608
                    for name in before
                }
            if found not in (before, self._rows(layout)):
                self.wrong.append("row counts are those of no manifest")
        except (duckdb.Error, OSError, ValueError, KeyError) as error:
            self.wrong.append(f"{type(error).__name__}: {error}")
        self.reads += 1


def _one(con: duckdb.DuckDBPyConnection, sql: str) -> Any:
    row = con.execute(sql).fetchone()
    assert row is not None
    return row[0]


def contents(database: Path) -> dict[str, list[Any]]:
    """Every row of every published table, sorted, without the columns that name times."""
    found = {}
    with duckdb.connect(str(database), read_only=True) as con:
        tables = con.sql(
            "select table_schema || '.' || table_name, list(column_name order by ordinal_position)"
            " from information_schema.columns where table_schema in ('marts', 'quality')"
            " group by all order by all"
        ).fetchall()
        for name, columns in tables:
            if name not in LOGS:
                kept = ", ".join(f'"{c}"' for c in columns if not c.endswith(UNSTABLE))
                found[name] = con.sql(f"select {kept} from {name} order by all").fetchall()  # noqa: S608
    return found


def told(data: Path) -> dict[str, Any]:
    """Items told (but for those about the run) and message ids, from the ledger."""
    queued = list(Ledger(data / "ledger").queued().values())
    items = {i for m in queued for i in m.items if not i.startswith(ABOUT_THE_RUN)}
    return {
        "items": sorted(items),
        "waiting": sorted(m.message_id for m in queued if m.waiting),
        "delivered": sorted(m.message_id for m in queued if m.delivered),
    }


def log_of(data: Path) -> Path:
    return data.with_name(f"{data.name}.log")


@dataclass(frozen=True)
class Night:
    """How a night is started: a folder of data, the sites, the address of the sink."""

    sites: Path
    alerts: str

    def environment(self, data: Path) -> dict[str, str]:
        return os.environ | {
            "BUDGETS_DATA": str(data),
            "BUDGETS_SITES": str(self.sites),
            "BUDGETS_DECISIONS": str(data / "decisions"),
            "BUDGETS_ALERT_URLS": self.alerts,
        }

    def start(self, data: Path, prefix: Sequence[str] = ()) -> subprocess.Popen[bytes]:
        with log_of(data).open("ab") as log:
            return subprocess.Popen(
                [*prefix, sys.executable, "-m", "cli", "run"],
                env=self.environment(data),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run(self, data: Path) -> int:
        return self.start(data).wait(NIGHT_SECONDS_MOST)


def steps(data: Path) -> list[tuple[str, float]]:
    """Name and seconds of each step that ended, in order."""
    rows = [json.loads(p.read_bytes()) for p in (data / "ledger" / "steps").rglob("*.json")]
    rows.sort(key=lambda row: row["started_at"])
    return [(row["step"].split()[0], row["seconds"]) for row in rows]


def end(process: subprocess.Popen[bytes]) -> None:
    """End the night's process group: what was started here and nothing else."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


# --- the three ways to disturb a night ----------------------------------------------------------


def kill(
    night: Night, data: Path, chance: random.Random, before: int, plan: list[tuple[str, float]]
) -> str:
    """SIGKILL to a random process of the night, at a random moment of a random step.

    ``before``: steps already in the ledger; ``plan``: steps and seconds of the quiet night.
    """
    number = chance.randrange(len(plan))
    name, seconds = plan[number]
    process = night.start(data)
    began = time.monotonic()
    while process.poll() is None and len(steps(data)) < before + number:
        time.sleep(0.02)
        if time.monotonic() - began > NIGHT_SECONDS_MOST:
            end(process)
            raise TimeoutError(f"the night never came to {name}")
    until = time.monotonic() + chance.random() * seconds
    while process.poll() is None and time.monotonic() < until:
        time.sleep(0.005)
    victim = "ended before"
    if process.poll() is None:
        alive = [psutil.Process(process.pid)]
        alive += alive[0].children(recursive=True)
        chosen = chance.choice(alive)
        try:
            command = " ".join(chosen.cmdline())
            victim = next((v for v in VICTIMS if v in command), chosen.name())
            chosen.kill()
        except psutil.NoSuchProcess:
            victim = "just gone"
    try:
        process.wait(NIGHT_SECONDS_MOST)
    finally:
        end(process)
    return f"{name}: {victim}"


def fill_disk(night: Night, data: Path, chance: random.Random, reader: Reader) -> str:
    """The night runs on a file system of its own that has only some room left.

    A reader of its own follows it there: what is copied in and out is no publication.
    """
    used = sum(p.stat().st_size for p in data.rglob("*") if p.is_file() and not p.is_symlink())
    room = chance.choice((1, 4, 12, 24)) * 1_000_000
    mounted = data.parent / f"{data.name}.disk"
    flags = data.parent / f"{data.name}.flags"
    mounted.mkdir()
    flags.mkdir()
    script = (
        f'mount -t tmpfs -o size={used * 11 // 10 + room} none "$1" && cp -a "$2/." "$1/" && '
        '{ "$3" -m benchmarks.faults --read "$1" --until "$4/over" > "$4/read" & } && '
        '{ BUDGETS_DATA="$1" "$3" -m cli run; touch "$4/over"; wait; } && '
        'cp -a --remove-destination "$1/." "$2/"'
    )
    places = [str(mounted), str(data), sys.executable, str(flags)]
    reader.look_at(None)
    process = night.start(data, ["unshare", "-Urm", "sh", "-c", script, "sh", *places])
    try:
        process.wait(NIGHT_SECONDS_MOST)
    finally:
        end(process)
    found = json.loads((flags / "read").read_bytes())
    reader.reads += found["reads"]
    reader.wrong += found["wrong"]
    reader.look_at(Layout(data))
    shutil.rmtree(flags)
    mounted.rmdir()
    return f"{room // 1_000_000} MB left"


def read(data: Path, until: Path) -> None:
    """Be a reader of the published copy until the file is there; print what it met, as JSON."""
    with Reader(Layout(data)) as reader:
        while not until.exists():
            time.sleep(0.1)
    print(json.dumps({"reads": reader.reads, "wrong": reader.wrong}))


def hold_lock(night: Night, data: Path, chance: random.Random) -> str:
    """Another process has the working warehouse open for writing, for the whole night."""
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, duckdb\n"
            "con = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()",
            str(Layout(data).warehouse_path),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    process = night.start(data)
    try:
        process.wait(NIGHT_SECONDS_MOST)
    finally:
        end(process)
        holder.kill()
        holder.communicate()
    return "by another process"


# --- trials ---------------------------------------------------------------------------------------


def compare(wanted: dict[str, list[Any]], found: dict[str, list[Any]]) -> list[str]:
    """What is not the same, a line a table."""
    problems = [f"{t}: only in one of both" for t in sorted(wanted.keys() ^ found.keys())]
    for table in sorted(wanted.keys() & found.keys()):
        if wanted[table] != found[table]:
            lost = [r for r in wanted[table] if r not in found[table]]
            more = [r for r in found[table] if r not in wanted[table]]
            problems.append(
                f"{table}: {len(lost)} rows lost, {len(more)} others; first {lost[:1]} {more[:1]}"
            )
    return problems


def trial(
    night: Night,
    data: Path,
    chance: random.Random,
    *,
    kinds: Sequence[str],
    plan: list[tuple[str, float]],
    wanted: tuple[dict[str, list[Any]], dict[str, Any]],
    endpoint: Sink,
) -> dict[str, Any]:
    """One disturbed night and the one after it; what was wrong, in lines."""
    endpoint.heard.clear()
    before = len(steps(data))
    kind = chance.choice(kinds)
    with Reader(Layout(data)) as reader:
        match kind:
            case "kill":
                place = kill(night, data, chance, before, plan)
            case "disk full":
                place = fill_disk(night, data, chance, reader)
            case _:
                place = hold_lock(night, data, chance)
        code = night.run(data)
    problems = [f"the published copy: {n} times {w}" for w, n in Counter(reader.wrong).items()]
    if code:
        problems.append(f"the night after it ended with {code}: see its log")
    rows, alerts = wanted
    problems += compare(rows, contents(Layout(data).published_path))
    found = told(data)
    if found["items"] != alerts["items"]:
        problems.append(f"told items: {set(alerts['items']) ^ set(found['items'])}")
    problems += [f"message {m} is still waiting" for m in found["waiting"]]
    problems += [
        f"message {m} was told {endpoint.heard[m]} times"
        for m in found["delivered"]
        if endpoint.heard[m] > 1 and not (kind == "kill" and place.startswith("tell"))
    ]
    return {
        "kind": kind,
        "place": place,
        "reads": reader.reads,
        "repeated": sum(n - 1 for n in endpoint.heard.values()),
        "problems": problems,
    }


def copy(source: Path, target: Path) -> Path:
    shutil.copytree(source, target, symlinks=True)
    return target


def keep(data: Path, target: Path) -> None:
    """Put a night's data and log aside."""
    data.rename(target)
    log_of(data).rename(log_of(target))


def _publishes_again(served: Portal) -> bool:
    """Whether the second night has something to crawl, to parse and to land there."""
    return any(a.night == 2 for a in served.county.articles)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--trials", type=int, default=100)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--counties", type=int, default=2, help="portals that publish again")
    options.add_argument("--only", choices=sorted(set(KINDS)), help="disturb it in this way")
    options.add_argument("--keep", type=Path, help="keep the data of every trial here")
    options.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    options.add_argument("--until", type=Path, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.read:
        read(given.read, given.until)
        return 0
    chance = random.Random(given.seed)
    with (
        tempfile.TemporaryDirectory(prefix="faults-") as scratch,
        sink() as endpoint,
        serve([p for p in portals(1) if _publishes_again(p)][: given.counties]) as running,
    ):
        place = given.keep or Path(scratch)
        place.mkdir(parents=True, exist_ok=True)
        sites = place / "sites"
        write_site_files(sites, running.ports)
        night = Night(sites, endpoint.url)
        data = place / "night"
        data.mkdir()
        if night.run(data):
            print(f"the first night failed: see {log_of(data)}", file=sys.stderr)
            return 1
        running.turn_to(2)
        yesterday = copy(data, place / "yesterday")
        known = len(steps(data))
        if night.run(data):
            print(f"the undisturbed night failed: see {log_of(data)}", file=sys.stderr)
            return 1
        plan = steps(data)[known:]
        wanted = contents(Layout(data).published_path), told(data)
        keep(data, place / "quiet")
        print(
            f"undisturbed: {sum(s for _, s in plan):.0f} s in {len(plan)} steps, "
            f"{sum(map(len, wanted[0].values())):,} rows, {len(wanted[1]['items'])} items told",
            flush=True,
        )
        done = []
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with suppress(KeyboardInterrupt):  # what was done until then is summed up
            for number in range(1, given.trials + 1):
                copy(yesterday, data)
                result = trial(
                    night,
                    data,
                    chance,
                    kinds=[given.only] if given.only else KINDS,
                    plan=plan,
                    wanted=wanted,
                    endpoint=endpoint,
                )
                done.append(result)
                verdict = "; ".join(result["problems"]) or "the same"
                print(f"{number:4} {result['kind']:<9} {result['place']:<28} {verdict}", flush=True)
                if result["problems"] or given.keep:
                    keep(data, place / f"trial-{number:03}")
                else:
                    shutil.rmtree(data)
                    log_of(data).unlink()
    by_kind = Counter(r["kind"] for r in done)
    bad = [r for r in done if r["problems"]]
    print(
        f"\n{len(done)} disturbed nights ({', '.join(f'{n} {k}' for k, n in by_kind.items())}): "
        f"{len(done) - len(bad)} ended the same, {len(bad)} not; "
        f"{sum(r['reads'] for r in done):,} reads of the published copy, "
        f"{sum(len([p for p in r['problems'] if p.startswith('the published')]) for r in done)} wrong; "
        f"{sum(r['repeated'] for r in done)} messages told twice"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())

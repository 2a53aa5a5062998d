"""Serves the sample province on 127.0.0.1: ``python -m samples.server --state DIR``.

One port a county. Answers carry ETag and Last-Modified, conditional requests get 304, and
every request is written down (``Running.log``), so that a test can prove that a crawler was
polite: one request at a time, robots.txt first, nothing fetched twice.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from datetime import time as clock
from email.utils import format_datetime, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import yaml

from samples.portal import Page, Portal, portal, portals
from samples.province import County, province

HOST = "127.0.0.1"
PORTS_FILE = "ports.json"


@dataclass(frozen=True)
class Visit:
    """One request as the server saw it.

    ``started``/``ended`` are monotonic seconds; ``ended`` is taken before the body leaves, so
    that a guest who asks one thing after another never seems to ask two at once.
    """

    county_code: str
    method: str
    path: str
    status: int
    user_agent: str
    conditional: bool
    sent_bytes: int
    started: float
    ended: float


@dataclass
class Running:
    """The province being served. ``log`` grows with every request, oldest first."""

    ports: dict[str, int]
    portals: dict[str, Portal] = field(default_factory=dict)
    log: list[Visit] = field(default_factory=list)
    log_file: Path | None = None
    delay_seconds: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, county_code: str) -> str:
        return f"http://{HOST}:{self.ports[county_code]}/"

    def turn_to(self, night: int) -> None:
        """Show what the portals publish on a night (1, 2, …): articles join the lists."""
        for code, served in list(self.portals.items()):
            self.portals[code] = portal(served.county, night)

    def note(self, visit: Visit) -> None:
        with self._lock:
            self.log.append(visit)
            if self.log_file is not None:
                with self.log_file.open("a", encoding="utf-8") as sink:
                    sink.write(json.dumps(asdict(visit), ensure_ascii=False) + "\n")

    def visits(self, county_code: str | None = None) -> list[Visit]:
        with self._lock:
            return [v for v in self.log if county_code in {None, v.county_code}]

    def most_at_once(self, county_code: str) -> int:
        """The largest number of requests that one county's server worked on at one time."""
        visits = self.visits(county_code)
        return max(
            (sum(v.started <= w.started < v.ended for v in visits) for w in visits), default=0
        )


def _handler(code: str, running: Running) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "SamplePortal"
        sys_version = ""

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def do_POST(self) -> None:
            self._answer(with_body=True)

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def log_message(self, format: str, *args: Any) -> None:
            """Requests are kept in ``Running.log`` instead."""

        def _answer(self, *, with_body: bool) -> None:
            started = time.monotonic()
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            if self.command == "POST":
                sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                query |= dict(parse_qsl(sent.decode(), keep_blank_values=True))
            page = running.portals[code].respond(unquote(parts.path), query)
            if page is None:
                page = Page(_NOT_FOUND, "text/html; charset=utf-8", status=404)
            status, body = page.status, page.body
            tag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
            if page.status == 200 and self._is_unchanged(tag, page):
                status, body = 304, b""
            self.send_response(status)
            self.send_header("Date", format_datetime(datetime.now(UTC), usegmt=True))
            if page.status == 200:
                self.send_header("ETag", tag)
                if page.modified_on is not None:
                    self.send_header("Last-Modified", _http_date(page.modified_on))
            if status != 304:
                self.send_header("Content-Type", page.content_type)
                self.send_header("Content-Length", str(len(body)))
            for name, value in page.headers.items():
                self.send_header(name, value)
            if running.delay_seconds:
                time.sleep(running.delay_seconds)
            running.note(
                Visit(
                    code,
                    self.command,
                    self.path,
                    status,
                    self.headers.get("User-Agent", ""),
                    bool(
                        self.headers.get("If-None-Match") or self.headers.get("If-Modified-Since")
                    ),
                    len(body) if with_body else 0,
                    started,
                    time.monotonic(),
                )
            )
            self.end_headers()
            if with_body and body:
                self.wfile.write(body)

        def send_response(self, code: int, message: str | None = None) -> None:
            # The Date header is sent once, by _answer.
            self.send_response_only(code, message)
            self.send_header("Server", self.version_string())

        def _is_unchanged(self, tag: str, page: Page) -> bool:
            given = self.headers.get("If-None-Match")
            if given is not None:  # RFC 9110: the tag decides, the date is then ignored
                tags = [t.strip().removeprefix("W/") for t in given.split(",")]
                return tag in tags or tags == ["*"]
            since = self.headers.get("If-Modified-Since")
            if since is None or page.modified_on is None:
                return False
            with contextlib.suppress(ValueError, TypeError):
                return parsedate_to_datetime(_http_date(page.modified_on)) <= parsedate_to_datetime(
                    since
                )
            return False

    return Handler


def _http_date(modified_on: date) -> str:
    return format_datetime(datetime.combine(modified_on, clock(1, 30), UTC), usegmt=True)


_NOT_FOUND = (
    "<!DOCTYPE html><html><head><meta charset='utf-8'><title>404 页面不存在</title></head>"
    "<body><h1>404</h1><p>您访问的页面不存在。</p></body></html>"
).encode()


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _any_free(taken: set[int]) -> int:
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind((HOST, 0))
            port: int = probe.getsockname()[1]
        if port not in taken:
            return port


def choose_ports(state: Path, counties: Sequence[County]) -> dict[str, int]:
    """A port a county: last run's (kept in ``state/ports.json``), the preferred, or a free one.

    The same state folder gives the same addresses again, so that a second night finds what
    the first one archived.
    """
    state.mkdir(parents=True, exist_ok=True)
    file = state / PORTS_FILE
    kept: dict[str, int] = {}
    if file.exists():
        with contextlib.suppress(json.JSONDecodeError, AttributeError):
            kept = {str(k): int(v) for k, v in json.loads(file.read_text("utf-8")).items()}
    ports: dict[str, int] = {}
    for county in counties:
        wanted = kept.get(county.code, county.port)
        used = set(ports.values())
        ports[county.code] = wanted if wanted not in used and _is_free(wanted) else _any_free(used)
    part = file.with_suffix(".part")
    part.write_text(json.dumps(ports, indent=1) + "\n", "utf-8")
    part.replace(file)
    return ports


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextlib.contextmanager
def serve(
    served: Sequence[Portal] | None = None,
    ports: dict[str, int] | None = None,
    log_file: Path | None = None,
    delay_seconds: float = 0.0,
) -> Iterator[Running]:
    """Serve portals (default: the whole province) until the block ends.

    ``ports`` maps division codes to ports; 0 or none takes a free one. ``log_file`` gets one
    JSON line a request besides ``Running.log``. ``delay_seconds`` is how long each answer
    takes, to make hurry visible.
    """
    served = portals() if served is None else served
    running = Running({}, log_file=log_file, delay_seconds=delay_seconds)
    with contextlib.ExitStack() as stack:
        for one in served:
            code = one.county.code
            running.portals[code] = one
            server = _Server((HOST, (ports or {}).get(code, 0)), _handler(code, running))
            stack.callback(server.server_close)
            running.ports[code] = server.server_address[1]
            thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
        yield running


def site_file(county: County, port: int) -> str:
    """The county's site file (YAML) for a server on ``port``."""
    most = max(50, 10 * len(county.articles))
    data = {
        "name": county.name,
        "county_code": county.code,
        "base_url": f"http://{HOST}:{port}/",
        "family": county.family,
        "verified": True,
        "allow_private": True,
        "pace": {"pause_seconds": 0.0, "jitter_seconds": 0.0},
        "columns": [
            {"path": c.path, "holds": c.holds, "scope": c.scope, "title": c.title}
            for c in county.columns
        ],
        # the samples' dates stand still: years later nothing of them is recent
        "bounds": {"least": 0, "most": most},
        "notes": county.notes or "Sample portal on loopback; everything on it is invented.",
    }
    return yaml.safe_dump(data, allow_unicode=True, sort_keys=False)


def write_site_files(folder: Path, ports: dict[str, int]) -> list[Path]:
    """Write ``<code>-<name>.yml`` for every county in ``ports`` and nothing else there."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for county in province().counties:
        if county.code in ports:
            path = folder / f"{county.code}-{county.slug}.yml"
            path.write_text(site_file(county, ports[county.code]), "utf-8")
            written.append(path)
    for path in set(folder.glob("*.yml")) - set(written):
        path.unlink()
    return written


@contextlib.contextmanager
def serve_province(state: Path, night: int | None = None) -> Iterator[Path]:
    """Serve the province and give the folder with its site files; addresses survive in ``state``.

    ``night`` shows the portals as they are on that night (default: the last one).
    """
    served = portals(night)
    ports = choose_ports(state, [p.county for p in served])
    with serve(served, ports, log_file=state / "access.jsonl") as running:
        folder = state / "sites"
        write_site_files(folder, running.ports)
        yield folder


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--state", type=Path, default=Path("data/sample-site"))
    options.add_argument("--night", type=int, help="show the portals as of this night")
    given = options.parse_args()
    with serve_province(given.state, given.night) as folder:
        for path in sorted(folder.glob("*.yml")):
            site = yaml.safe_load(path.read_text("utf-8"))
            print(f"{site['name']}  {site['base_url']}  {path}", flush=True)
        print("Ctrl-C ends it.", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

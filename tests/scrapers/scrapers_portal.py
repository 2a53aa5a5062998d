"""A portal on 127.0.0.1 that behaves, and misbehaves, as told."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from scrapers.fetch import CrawlSettings
from scrapers.site import Site


@dataclass
class Reply:
    """What the portal answers. ``announce`` overrides Content-Length: more than there is cuts
    the body short, -1 leaves the header out."""

    body: bytes = b""
    status: int = 200
    content_type: str | None = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    announce: int | None = None
    conditional: bool = True
    drip_seconds: float = 0.0


@dataclass
class Asked:
    path: str
    headers: dict[str, str]
    at: float
    ended: float = 0.0
    status: int = 0


Answer = Reply | Callable[[Asked], Reply]


class Portal:
    """Pages by path. A value may be a function of the request; a list is served in turn."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.pages: dict[str, Answer | list[Reply]] = {}
        self.log: list[Asked] = []
        self.on_request: Callable[[Asked], None] = lambda _: None
        self.busy = 0
        self.most_at_once = 0
        self._lock = threading.Lock()
        portal = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                portal._serve(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer((address, 0), Handler)
        self.server.daemon_threads = True
        self.host = f"{address}:{self.server.server_address[1]}"
        self.url = f"http://{self.host}/"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))

    def __enter__(self) -> Portal:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()

    def paths(self) -> list[str]:
        """What was asked for, robots.txt left out."""
        return [asked.path for asked in self.log if asked.path != "/robots.txt"]

    def forget(self) -> None:
        self.log.clear()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        asked = Asked(handler.path, {k.lower(): v for k, v in handler.headers.items()}, time.time())
        with self._lock:
            self.log.append(asked)
            self.busy += 1
            self.most_at_once = max(self.most_at_once, self.busy)
        try:
            self.on_request(asked)
            self._reply(handler, asked)
        except (BrokenPipeError, ConnectionResetError):
            pass
        finally:
            asked.ended = time.time()
            with self._lock:
                self.busy -= 1

    def _reply(self, handler: BaseHTTPRequestHandler, asked: Asked) -> None:
        page = self.pages.get(asked.path, Reply(b"<h1>404</h1>", 404))
        if isinstance(page, list):
            page = page.pop(0) if len(page) > 1 else page[0]
        reply = page(asked) if callable(page) else page
        etag = f'"{hashlib.sha256(reply.body).hexdigest()[:16]}"'
        status = reply.status
        if status == 200 and reply.conditional and asked.headers.get("if-none-match") == etag:
            status = 304
        asked.status = status
        handler.send_response(status)
        if reply.content_type and status != 304:
            handler.send_header("Content-Type", reply.content_type)
        if (status == 200 and reply.conditional) or status == 304:
            handler.send_header("ETag", etag)
        for name, value in reply.headers.items():
            # latin-1 on the wire, as the HTTP library demands; raw GBK bytes go through it too
            handler.send_header(name, value)
        body = b"" if status == 304 else reply.body
        if status != 304:
            length = len(body) if reply.announce is None else reply.announce
            if length >= 0:
                handler.send_header("Content-Length", str(length))
        if reply.announce is not None:
            handler.send_header("Connection", "close")
            handler.close_connection = True
        handler.end_headers()
        if reply.drip_seconds:
            for at in range(0, len(body), 16):
                handler.wfile.write(body[at : at + 16])
                handler.wfile.flush()
                time.sleep(reply.drip_seconds)
        else:
            handler.wfile.write(body)


def pdf(text: str = "预算") -> bytes:
    """Bytes that are a PDF by their magic and have an end; each text gives other bytes."""
    return b"%PDF-1.7\n%" + text.encode() + b"\n%%EOF\n"


def trs_list(
    rows: list[tuple[str, str, str]], total: int = 1, current: int = 0, extra: str = ""
) -> str:
    """A TRS WCM list page: rows of (date, href, title)."""
    items = "\n".join(
        f'<li><span class="date">{day}</span><a href="{href}">{title}</a></li>'
        for day, href, title in rows
    )
    return (
        '<html><head><meta charset="utf-8"><meta name="ColumnName" content="部门预算"></head><body>'
        f'<div class="nav"><a href="/">首页</a></div>{extra}'
        f'<ul class="czys_listCount_list">{items}</ul>'
        f'<script>createPageHTML({total}, {current}, "index", "html");</script></body></html>'
    )


def trs_article(title: str, body: str, day: str = "2026-02-12", extra: str = "") -> str:
    return (
        f'<html><head><meta charset="utf-8"><meta name="ArticleTitle" content="{title}">'
        f'<meta name="PubDate" content="{day} 09:00"><meta name="ContentSource" content="样例局">'
        f'</head><body><div class="TRS_Editor">{body}</div>{extra}</body></html>'
    )


def html(text: str) -> Reply:
    return Reply(text.encode())


def a_file(data: bytes, **fields: Any) -> Reply:
    return Reply(data, content_type="application/pdf", **fields)


COLUMN = "/zwgk/czyjs/bmys/"


def small_portal(portal: Portal) -> None:
    """Two list pages, three articles with files, one notice."""
    portal.pages |= {
        COLUMN: html(
            trs_list(
                [
                    ("2026-02-12", "./202602/t20260212_1.html", "样例局2026年部门预算公开"),
                    ("2026-02-11", "./202602/t20260211_2.html", "样例办2026年部门预算公开"),
                ],
                total=2,
            )
        ),
        COLUMN + "index_1.html": html(
            trs_list(
                [
                    ("2025-02-10", "./202502/t20250210_3.html", "样例局2025年部门预算公开"),
                    ("2025-02-01", "./202502/t20250201_4.html", "关于公开部门预算的通知"),
                ],
                total=2,
                current=1,
            )
        ),
        COLUMN + "202602/t20260212_1.html": html(
            trs_article(
                "样例局2026年部门预算公开",
                '<p>见附件</p><a href="./P020260212001.pdf">样例局2026年部门预算.pdf</a>',
            )
        ),
        COLUMN + "202602/P020260212001.pdf": a_file(pdf("一")),
        COLUMN + "202602/t20260211_2.html": html(
            trs_article(
                "样例办2026年部门预算公开",
                "<p>详见附件。</p>",
                "2026-02-11",
                '<script>var hasFJ=\'<a href="./P020260211002.pdf">样例办预算.pdf</a><BR/>'
                '<a href="./W020260211003.pdf">样例办绩效.pdf</a>\';</script>',
            )
        ),
        COLUMN + "202602/P020260211002.pdf": a_file(pdf("二")),
        COLUMN + "202602/W020260211003.pdf": a_file(pdf("三")),
        COLUMN + "202502/t20250210_3.html": html(
            trs_article(
                "样例局2025年部门预算公开",
                "<p onclick=\"downloadFj('样例局2025年预算.pdf','./W020250210004.pdf')\">下载</p>",
                "2025-02-10",
            )
        ),
        COLUMN + "202502/W020250210004.pdf": a_file(pdf("四")),
        COLUMN + "202502/t20250201_4.html": html(
            trs_article("关于公开部门预算的通知", "<p>请各部门按时公开。</p>", "2025-02-01")
        ),
    }


SMALL_PORTAL_FILES = {pdf("一"), pdf("二"), pdf("三"), pdf("四")}


def site_for(portal: Portal, **fields: Any) -> Site:
    given: dict[str, Any] = {
        "name": "样例县",
        "county_code": "149999",
        "base_url": portal.url,
        "family": "trs_wcm",
        "verified": True,
        "allow_private": True,
        "pace": {"pause_seconds": 0, "jitter_seconds": 0},
        "columns": [
            {"path": COLUMN, "holds": "budget", "scope": "department", "title": "部门预算"}
        ],
    }
    return Site.model_validate(given | fields)


QUICK = CrawlSettings(
    backoff_seconds=0.01,
    connect_timeout_seconds=2,
    read_timeout_seconds=2,
    download_seconds=3,
    attempts=3,
)

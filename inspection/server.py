"""The drop page (``budgets inspect --serve``): a draft in by browser, the sheet out, nothing kept.

On 127.0.0.1 only. A request must name this host and port (no rebinding of names), come from this
page (origin, and a token in form and cookie), and be no larger than a draft may be. The file stays
in memory: it is read in the isolated child, and the answer carries both files within itself.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from inspection.desk import LIMITS, MOST_BYTES, in_chinese, inspect_draft
from inspection.page import environment
from parsers.document import ReadingProblem
from parsers.errors import DocumentError
from parsers.worker import Worker

if TYPE_CHECKING:
    from uvicorn import Server

LOOPBACK = "127.0.0.1"
COOKIE = "inspection"
_FORM_ROOM = 64 * 1024
"""Bytes of a request besides the file."""
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # no-referrer would take the origin from the form's own request
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


class _InMemory(MultiPartParser):
    """Starlette's parser, but a file is never spooled to disk."""

    spool_max_size = 1 << 40


def app(port: int, *, most_bytes: int = MOST_BYTES) -> Starlette:
    """The page at ``http://127.0.0.1:port``; ``most_bytes``: of one draft."""
    hosts = {f"{LOOPBACK}:{port}", f"localhost:{port}"}
    origins = {f"http://{host}" for host in hosts}
    worker = Worker(LIMITS)
    turn = asyncio.Lock()

    def drop(problem: ReadingProblem | None = None, status: int = 200) -> Response:
        token = secrets.token_urlsafe(32)
        html = (
            environment()
            .get_template("drop.html.j2")
            .render(token=token, problem=problem, megabytes=most_bytes // (1024 * 1024))
        )
        answer = _html(html, status)
        answer.set_cookie(COOKIE, token, httponly=True, samesite="strict", path="/")
        return answer

    async def home(request: Request) -> Response:
        return drop()

    async def inspected(request: Request) -> Response:
        if request.headers.get("origin") not in origins:
            raise HTTPException(403, "来源不符：请从本页提交。")
        try:
            data, name, token = await _upload(request, most_bytes)
        except _TooLarge:
            what = f"文件超过 {most_bytes // (1024 * 1024)} MB"
            return drop(_problem(what, "请缩小文件，或分开检查。"), 413)
        except MultiPartException:
            return drop(_problem("没有收到文件", "请选择一份文件再提交。"), 400)
        if not hmac.compare_digest(token, request.cookies.get(COOKIE, "")) or not token:
            raise HTTPException(403, "页面已过期：请回到首页再提交。")
        if not data:
            return drop(_problem("没有收到文件", "请选择一份不是空的文件再提交。"), 400)
        async with turn:  # one child, one file at a time
            try:
                found = await asyncio.to_thread(inspect_draft, data, name, worker)
            except DocumentError as error:
                return drop(in_chinese(error), 422)
            html = await asyncio.to_thread(found.shown, "/")
        return _html(html)

    async def refused(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.status_code == 404:
            return RedirectResponse("/", 303, headers=_HEADERS)
        status = error.status_code if isinstance(error, HTTPException) else 500
        detail = error.detail if isinstance(error, HTTPException) else "检查时出错。"
        return Response(detail, status, headers=_HEADERS, media_type="text/plain; charset=utf-8")

    class OwnHost:
        """Only requests that name this host and port."""

        def __init__(self, inner: Callable[..., object]) -> None:
            self.inner = inner

        async def __call__(self, scope: dict, receive: object, send: object) -> None:  # type: ignore[type-arg]
            if scope["type"] == "http":
                named = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
                if named not in hosts:
                    answer = Response("主机名不符。", 421, headers=_HEADERS)
                    await answer(scope, receive, send)  # type: ignore[arg-type]
                    return
            await self.inner(scope, receive, send)  # type: ignore[misc]

    made = Starlette(
        routes=[
            Route("/", home, methods=["GET"]),
            Route("/inspect", inspected, methods=["POST"]),
        ],
        exception_handlers={HTTPException: refused},
    )
    made.add_middleware(OwnHost)
    made.state.worker = worker
    return made


class _TooLarge(Exception):
    pass


async def _upload(request: Request, most_bytes: int) -> tuple[bytes, str, str]:
    """The file's bytes and name, and the form's token; nothing of it touches the disk."""
    most = most_bytes + _FORM_ROOM
    said = request.headers.get("content-length", "")
    if said.isdigit() and int(said) > most:
        raise _TooLarge

    async def limited() -> AsyncIterator[bytes]:
        read = 0
        async for chunk in request.stream():
            read += len(chunk)
            if read > most:
                raise _TooLarge
            yield chunk

    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise MultiPartException("no form")
    parser = _InMemory(
        request.headers, limited(), max_files=1, max_fields=4, max_part_size=_FORM_ROOM  # type: ignore[arg-type]
    )  # fmt: skip
    form = await parser.parse()
    try:
        file, token = form.get("file"), form.get("token")
        if not isinstance(file, UploadFile):
            raise MultiPartException("no file")
        data = await file.read()
        if len(data) > most_bytes:
            raise _TooLarge
        name = (file.filename or "draft").replace("\\", "/").rsplit("/", 1)[-1]
        return data, name, token if isinstance(token, str) else ""
    finally:
        await form.close()


def _problem(what: str, remedy: str) -> ReadingProblem:
    return ReadingProblem(code="refused", what=what, where="", remedy=remedy)


def _html(text: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(text, status, headers=_HEADERS)


def listening(port: int = 0) -> socket.socket:
    """A socket on loopback; port 0 takes a free one. Raises OSError where the port is taken."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((LOOPBACK, port))
        made.listen()
    except OSError:
        made.close()
        raise
    return made


def server(port: int, *, most_bytes: int = MOST_BYTES) -> Server:
    """A server to be run on :func:`listening`'s socket: ``server(port).run(sockets=[socket])``."""
    from uvicorn import Config, Server

    class Ending(Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            made.state.worker.close()
            await super().shutdown(sockets)

    made = app(port, most_bytes=most_bytes)
    config = Config(
        made, log_level="warning", access_log=False, server_header=False, proxy_headers=False,
        lifespan="off", timeout_graceful_shutdown=3, ws="none",
    )  # fmt: skip
    return Ending(config)

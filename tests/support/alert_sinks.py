"""Servers on loopback that take alerts: one of HTTP, one of SMTP."""

from __future__ import annotations

import email
import json
import socketserver
import threading
from email.header import decode_header, make_header
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Sink:
    """An HTTP server that keeps what it is told; ``status`` is what it answers. A context."""

    def __init__(self) -> None:
        self.status = 200
        self.got: list[dict[str, Any]] = []
        self.paths: list[str] = []
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                sink.paths.append(self.path)
                if sink.status == 200:
                    sink.got.append(json.loads(body))
                self.send_response(sink.status)
                self.end_headers()

            def do_GET(self) -> None:
                sink.paths.append(self.path)
                self.send_response(sink.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self) -> str:
        return f"json://user:topsecret@127.0.0.1:{self.server.server_port}/hidden-path"

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/ping/hidden-uuid"

    @property
    def titles(self) -> list[str]:
        return [message["title"] for message in self.got]


class Smtp(socketserver.ThreadingTCPServer):
    """As much of SMTP as a client needs to hand a letter over."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        self.letters: list[Message] = []
        server = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                def answer(text: str) -> None:
                    self.wfile.write(text.encode() + b"\r\n")

                answer("220 sink")
                while line := self.rfile.readline():
                    verb = line.split()[0].upper() if line.split() else b""
                    if verb == b"EHLO":
                        answer("250-sink")
                        answer("250 AUTH PLAIN LOGIN")
                    elif verb == b"AUTH":
                        answer("235 ok")
                    elif verb == b"DATA":
                        answer("354 go on")
                        letter = b""
                        while (part := self.rfile.readline()) != b".\r\n":
                            letter += part
                        server.letters.append(email.message_from_bytes(letter))
                        answer("250 taken")
                    elif verb == b"QUIT":
                        answer("221 bye")
                        return
                    else:
                        answer("250 ok")

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return (
            f"mailto://budgets:topsecret@127.0.0.1:{self.server_address[1]}/?smtp=127.0.0.1"
            "&mode=insecure&from=budgets@example.invalid&to=clerk@example.invalid"
        )


def subject_of(letter: Message) -> str:
    return str(make_header(decode_header(letter["Subject"])))


def text_of(letter: Message) -> str:
    """Every text part of a letter, decoded."""
    parts = [part for part in letter.walk() if part.get_content_maintype() == "text"]
    found = [part.get_payload(decode=True) for part in parts]
    return "".join(one.decode() for one in found if isinstance(one, bytes))

"""TLS against real servers on loopback: old ways of speaking are met, bad certificates are not."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from scrapers_portal import QUICK, pdf

from scrapers.archive import Outcome
from scrapers.fetch import PoliteSession
from scrapers.site import Pace

FAST = Pace(pause_seconds=0, jitter_seconds=0)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and self-signed certificate of 127.0.0.1 in one file, which is also its authority."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sample portal")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "portal.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@contextmanager
def portal(certificate: Path, ciphers: str, newest: ssl.TLSVersion) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"" if self.path == "/robots.txt" else pdf()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = newest
    context.set_ciphers(ciphers)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


OLD_PORTALS = {
    "RSA key exchange, CBC": ("AES128-SHA:@SECLEVEL=0", ssl.TLSVersion.TLSv1_2),
    "TLS 1.0": ("DEFAULT:@SECLEVEL=0", ssl.TLSVersion.TLSv1),
}


@pytest.mark.parametrize("kind", OLD_PORTALS)
def test_a_portal_that_speaks_old_tls_is_read(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with (
        portal(certificate, *OLD_PORTALS[kind]) as url,
        PoliteSession(QUICK, FAST, private_hosts=frozenset({"127.0.0.1"})) as session,
    ):
        assert session.get(url + "a.pdf").body == pdf()
        assert len(session.old_tls) == 1  # it is told


def test_a_portal_that_speaks_present_tls_needs_nothing_old(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with (
        portal(certificate, "DEFAULT", ssl.TLSVersion.MAXIMUM_SUPPORTED) as url,
        PoliteSession(QUICK, FAST, private_hosts=frozenset({"127.0.0.1"})) as session,
    ):
        assert session.get(url + "a.pdf").body == pdf()
        assert session.old_tls == set()


@pytest.mark.parametrize("kind", [*OLD_PORTALS, "present"])
def test_an_unknown_certificate_is_never_accepted(certificate: Path, kind: str) -> None:
    ciphers, newest = OLD_PORTALS.get(kind, ("DEFAULT", ssl.TLSVersion.MAXIMUM_SUPPORTED))
    with (
        portal(certificate, ciphers, newest) as url,
        PoliteSession(QUICK, FAST, private_hosts=frozenset({"127.0.0.1"})) as session,
    ):
        fetched = session.get(url + "a.pdf")
    assert fetched.outcome is Outcome.ERROR
    assert fetched.body is None
    assert "certificate" in (fetched.reason or "")
    assert "REQUESTS_CA_BUNDLE" in (fetched.reason or "")


def test_a_certificate_of_another_name_is_never_accepted(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with (
        portal(certificate, *OLD_PORTALS["RSA key exchange, CBC"]) as url,
        PoliteSession(QUICK, FAST, private_hosts=frozenset({"localhost"})) as session,
    ):
        fetched = session.get(url.replace("127.0.0.1", "localhost") + "a.pdf")
    assert fetched.outcome is Outcome.ERROR
    assert fetched.body is None


def test_a_portal_without_secure_renegotiation_is_met() -> None:
    """It answers without the extension renegotiation_info: today's default is to hang up."""
    alerts: list[int | None] = []

    def answer(listener: socket.socket) -> None:
        random, suite = b"\x11" * 32, b"\xc0\x2f"  # ECDHE-RSA-AES128-GCM-SHA256
        hello = b"\x03\x03" + random + b"\x00" + suite + b"\x00"  # no extensions at all
        record = b"\x02" + len(hello).to_bytes(3, "big") + hello
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(0.5)
                connection.recv(4096)
                connection.sendall(b"\x16\x03\x03" + struct.pack(">H", len(record)) + record)
                try:
                    said = connection.recv(16)  # an alert, or silence: it waits for more
                except TimeoutError:
                    said = b""
                alerts.append(said[6] if said[:1] == b"\x15" else None)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, args=(listener,), daemon=True)
        thread.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/robots.txt"
        settings = QUICK.model_copy(update={"attempts": 1})
        with PoliteSession(settings, FAST, private_hosts=frozenset({"127.0.0.1"})) as session:
            session.get(url)
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)
    assert alerts[:2] == [40, None]  # handshake_failure at first, then it goes on

"""Connections that refuse private addresses, and that can speak TLS as old sites still do.

Both are decided where the connection is made: a name checked beforehand could resolve anew, and
what a server speaks shows in the handshake only.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import select_proxy
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.ssl_ import create_urllib3_context

__all__ = ["GuardedAdapter", "PrivateAddressError", "is_handshake_failure", "is_public_address"]

_WRAPPED_IPV4 = tuple(
    ipaddress.IPv6Network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "::/96")
)
"""NAT64 (also with a network's own prefix) and the old IPv4-compatible form: the last 32 bits
are an IPv4 address."""

_OP_LEGACY_SERVER_CONNECT = 0x4  # named in the module ssl from Python 3.12 on

_NOT_THE_HANDSHAKE = ("CERTIFICATE_VERIFY_FAILED", "TLSV1_ALERT_UNKNOWN_CA")


def is_public_address(address: str) -> bool:
    """False for loopback, private, link-local, multicast and reserved addresses.

    IPv4 addresses wrapped in IPv6 (mapped, compatible, 6to4, NAT64) are judged by the IPv4
    address.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is None and any(ip in net for net in _WRAPPED_IPV4):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public_address(str(inner))
    return ip.is_global and not ip.is_multicast


class PrivateAddressError(OSError):
    """The host's name leads to an address that is not on the public internet."""


class _GuardedConnection(HTTPConnection):
    """Looks at the address actually connected to, before a byte is sent."""

    private_hosts: frozenset[str] = frozenset()

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        peer = str(sock.getpeername()[0])
        if self.host.strip("[]").lower() not in self.private_hosts and not is_public_address(peer):
            sock.close()
            raise PrivateAddressError(f"{self.host} is {peer}")
        return sock


class GuardedAdapter(HTTPAdapter):
    """An adapter whose connections refuse private addresses but for the hosts named.

    ``old_tls`` lets the handshake use what old servers need (no secure renegotiation, TLS 1.0
    and 1.1, RSA key exchange, short keys). The certificate is checked as ever: its chain, its
    name, its dates.
    """

    def __init__(self, private_hosts: frozenset[str], *, old_tls: bool = False) -> None:
        guard = {"private_hosts": private_hosts}
        plain = type("GuardedHTTP", (_GuardedConnection,), guard)
        secure = type("GuardedHTTPS", (_GuardedConnection, HTTPSConnection), guard)
        self._pools = {
            "http": type("GuardedHTTPPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("GuardedHTTPSPool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
        }
        self._private_hosts = private_hosts
        self._old_tls = old_tls
        super().__init__(pool_connections=4, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        if self._old_tls:
            kwargs["ssl_context"] = _old_tls_context()
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        # Through a proxy the peer is the proxy: there only the name can be judged.
        if select_proxy(request.url or "", kwargs.get("proxies") or {}):
            host = (urlsplit(request.url or "").hostname or "").lower()
            if host not in self._private_hosts:
                try:
                    found = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
                except socket.gaierror:
                    found = set()  # a name that only the proxy can resolve
                for address in found:
                    if not is_public_address(address):
                        raise PrivateAddressError(f"{host} is {address}")
        return super().send(request, *args, **kwargs)


def _old_tls_context() -> ssl.SSLContext:
    context = create_urllib3_context(
        ssl_minimum_version=ssl.TLSVersion.MINIMUM_SUPPORTED,
        ciphers="ALL:!aNULL:!eNULL:!EXPORT:@SECLEVEL=0",
    )
    context.options |= _OP_LEGACY_SERVER_CONNECT
    context.check_hostname = True
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def is_handshake_failure(error: BaseException) -> bool:
    """Whether the two sides found no common way to speak, which old TLS may mend.

    A certificate that is not accepted is none: no way of speaking makes it a good one.
    """
    text = str(error)
    return (
        not any(sign in text for sign in _NOT_THE_HANDSHAKE) and "certificate" not in text.lower()
    )

"""Every connection that the connector opens towards another system.

`*.localhost` names are answered here with the loopback address, because Python's resolver does not know them, while
the request keeps the name in its Host header and in TLS. Source: RFC 6761, section 6.3.

Nothing from the environment takes part (no proxy variables, no `.netrc`), no cookie is kept between calls, no
redirect is followed, and no call goes without a timeout.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LOOPBACK = "127.0.0.1"
DEFAULT_TIMEOUT = (3.05, 10.0)

Timeout = tuple[float, float]


def is_loopback_name(host: str) -> bool:
    """Whether `host` can only mean this machine: `localhost`, `*.localhost`, 127.0.0.0/8 or ::1."""
    name = host.rstrip(".").lower().strip("[]")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def address_of(host: str) -> str:
    """The name or address to connect to for `host`: loopback for `localhost` names, else `host` itself."""
    name = host.rstrip(".").lower()
    return LOOPBACK if name == "localhost" or name.endswith(".localhost") else host


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        name = self._dns_host
        self._dns_host = address_of(name)
        try:
            return super()._new_conn()
        finally:
            self._dns_host = name


class _SecureConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        name = self._dns_host
        self._dns_host = address_of(name)
        try:
            return super()._new_conn()
        finally:
            self._dns_host = name


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    def __init__(self, timeout: Timeout, pool_size: int) -> None:
        self._timeout = timeout
        super().__init__(pool_connections=pool_size, pool_maxsize=pool_size, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        self.poolmanager = PoolManager(num_pools=connections, maxsize=maxsize, block=block, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        return super().send(request, stream, timeout or self._timeout, verify, cert, proxies)


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - the overridden signature
        return None


def session(
    *, ca_file: str | Path | None = None, timeout: Timeout = DEFAULT_TIMEOUT, pool_size: int = 20
) -> requests.Session:
    """A session for calls to an API.

    `ca_file` is a PEM file that replaces the usual certificate authorities; `timeout` is (connect, read) in seconds
    and applies to each call that names none; `pool_size` connections are kept open to one host. The session may be
    used by several threads at once as long as none of them changes it.
    """
    made = _Session()
    made.trust_env = False
    made.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = _Adapter(timeout, pool_size)
    made.mount("http://", adapter)
    made.mount("https://", adapter)
    if ca_file is not None:
        made.verify = str(ca_file)
    return made


def connect(
    host: str, port: int, *, tls: bool, timeout: float = 5.0, ca_file: str | Path | None = None
) -> socket.socket:
    """Open a TCP connection to `host`, with TLS when `tls`, and return the connected socket.

    `timeout` (seconds) bounds connecting and stays on the socket. Raises OSError (ssl.SSLError among them).
    """
    raw = socket.create_connection((address_of(host), port), timeout=timeout)
    if not tls:
        return raw
    try:
        context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
        return context.wrap_socket(raw, server_hostname=host)
    except BaseException:
        raw.close()
        raise

"""Opening handshakes, both sides. Source: RFC 6455, sections 4.1 and 4.2.

The server side is in two steps, so that who asks, from which page and for what can be decided before the 101:
`Upgrade(environ)` reads the request, `Upgrade.accept` answers it and gives the socket.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cti.ws.errors import NotAWebSocketError, OriginRefusedError, SubprotocolError, UpstreamHandshakeError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Collection, Mapping, Sequence

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY_BYTES = 16
_MAX_ANSWER = 16 * 1024
_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def accept_value(key: str) -> str:
    """The Sec-WebSocket-Accept that answers `key`."""
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID).digest()).decode()  # noqa: S324 - RFC 6455 prescribes it


def same_origin(origin: str, allowed: str) -> bool:
    """Whether two origins are one: scheme, host and port, the scheme's usual port counted as absent."""
    return _origin(origin) == _origin(allowed) is not None


def _origin(text: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(text)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname or port is None:
        return None
    if parts.path not in {"", "/"} or parts.query or parts.fragment or "@" in parts.netloc:
        return None
    return parts.scheme, parts.hostname.lower(), port


class Upgrade:
    """A request for a WebSocket, not answered yet. `environ` is WSGI's, as gunicorn fills it.

    Raises NotAWebSocketError when the request is no opening handshake.
    """

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self._environ = environ
        self.accepted = False
        key = environ.get("HTTP_SEC_WEBSOCKET_KEY", "").strip()
        good = (
            environ.get("REQUEST_METHOD") == "GET"
            and "websocket" in _tokens(environ.get("HTTP_UPGRADE", ""))
            and "upgrade" in _tokens(environ.get("HTTP_CONNECTION", ""))
            and environ.get("HTTP_SEC_WEBSOCKET_VERSION", "").strip() == "13"
            and _is_key(key)
        )
        if not good:
            raise NotAWebSocketError
        self._key = key

    @property
    def subprotocols(self) -> list[str]:
        """What the client offers, in its order."""
        offered = self._environ.get("HTTP_SEC_WEBSOCKET_PROTOCOL", "")
        return [name.strip() for name in offered.split(",") if name.strip()]

    def require_origin(self, allowed: Collection[str]) -> None:
        """Raise OriginRefusedError unless the page's origin is one of `allowed`; no origin at all is refused too."""
        origin = self._environ.get("HTTP_ORIGIN", "")
        if not any(same_origin(origin, one) for one in allowed):
            raise OriginRefusedError

    def require_subprotocol(self, name: str) -> None:
        """Raise SubprotocolError unless the client offers `name`."""
        if name not in self.subprotocols:
            raise SubprotocolError

    def bearer(self) -> str | None:
        """The token that the client offers as subprotocol `bearer.<token>`, or None.

        A browser can send it nowhere else than there or in the address, which would be logged.
        """
        found = [name.removeprefix("bearer.") for name in self.subprotocols if name.startswith("bearer.")]
        return found[0] if len(found) == 1 else None

    def accept(self, subprotocol: str | None = None) -> socket.socket:
        """Answer 101, choosing `subprotocol`, and give the connected socket.

        No extension is ever accepted. Raises OSError when the client is gone, RuntimeError when the server does not
        hand over its socket or the request was answered already.
        """
        sock: socket.socket | None = self._environ.get("gunicorn.socket") or self._environ.get("werkzeug.socket")
        if sock is None:
            raise RuntimeError("the server does not hand over its sockets")
        if self.accepted:
            raise RuntimeError("the handshake was answered already")
        self.accepted = True
        lines = [
            "HTTP/1.1 101 Switching Protocols",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Accept: {accept_value(self._key)}",
        ]
        if subprotocol is not None:
            lines.append(f"Sec-WebSocket-Protocol: {subprotocol}")
        sock.settimeout(10)
        sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        return sock


def open_upstream(
    url: str,
    *,
    subprotocols: Sequence[str],
    connect: Callable[[str, int, bool, float], socket.socket],
    random_bytes: Callable[[int], bytes],
    timeout: float = 5.0,
    headers: Mapping[str, str] | None = None,
) -> tuple[socket.socket, bytes]:
    """Open a WebSocket to `url` (`ws://` or `wss://`) and return its socket with the bytes that came after the answer.

    `connect(host, port, tls, timeout)` makes the connection; `random_bytes` gives the key. The server must choose one
    of `subprotocols`. Raises UpstreamHandshakeError for an answer other than a proper 101, OSError when the other
    side cannot be reached within `timeout` seconds.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"ws", "wss"} or not parts.hostname:
        raise UpstreamHandshakeError("the address is not that of a WebSocket")
    tls = parts.scheme == "wss"
    key = base64.b64encode(random_bytes(_KEY_BYTES)).decode()
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    request = {
        "Host": parts.netloc.rpartition("@")[2],
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": ", ".join(subprotocols),
        **(headers or {}),
    }
    sock = connect(parts.hostname, parts.port or _DEFAULT_PORTS[parts.scheme], tls, timeout)
    try:
        head = f"GET {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in request.items())
        sock.sendall((head + "\r\n").encode("latin-1"))
        answer, rest = _read_head(sock)
        _check_answer(answer, key, subprotocols)
    except BaseException:
        sock.close()
        raise
    return sock, rest


def _read_head(sock: socket.socket) -> tuple[bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        if len(data) > _MAX_ANSWER:
            raise UpstreamHandshakeError("the answer is too long")
        try:
            piece = sock.recv(4096)
        except ssl.SSLEOFError:
            piece = b""
        if not piece:
            raise UpstreamHandshakeError("the connection was closed during the handshake")
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest


def _check_answer(head: bytes, key: str, subprotocols: Sequence[str]) -> None:
    status, *lines = head.decode("latin-1").split("\r\n")
    version, _, code = status.partition(" ")
    if not version.startswith("HTTP/1.1") or code[:3] != "101":
        raise UpstreamHandshakeError(f"answered {code[:3]}" if code[:3].isdigit() else "answered nonsense")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    if "websocket" not in _tokens(headers.get("upgrade", "")) or headers.get("sec-websocket-accept") != accept_value(
        key
    ):
        raise UpstreamHandshakeError("answered 101 without accepting the key")
    if headers.get("sec-websocket-protocol") not in subprotocols:
        raise UpstreamHandshakeError("chose no subprotocol that was offered")
    if headers.get("sec-websocket-extensions"):
        raise UpstreamHandshakeError("uses an extension that was not offered")


def _tokens(value: str) -> set[str]:
    return {token.strip().lower() for token in value.split(",")}


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == _KEY_BYTES
    except (binascii.Error, ValueError):
        return False

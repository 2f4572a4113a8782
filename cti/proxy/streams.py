"""The two connections of a relay as it reads and writes them, plain or TLS. Source: OpenSSL, openssl-threads(7)."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import ssl
import threading
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from cti.ws.lane import Lane, lanes_work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_RECEIVE_BYTES = 8 * 1024
A = TypeVar("A")
R = TypeVar("R")


class Stream(Protocol):
    """What the relay needs of a socket."""

    def fileno(self) -> int: ...  # noqa: D102 - as sockets have it
    def recv(self, size: int, /) -> bytes: ...  # noqa: D102 - as sockets have it
    def send(self, data: bytes, /) -> int: ...  # noqa: D102 - as sockets have it
    def shutdown(self, how: int, /) -> None: ...  # noqa: D102 - as sockets have it
    def close(self) -> None: ...  # noqa: D102 - as sockets have it


class _NotYetError(BlockingIOError):
    """TLS has to wait for an `event` of the socket underneath, to read or write, whichever the caller wants."""

    def __init__(self, event: int) -> None:
        super().__init__()
        self.event = event


class TlsStream:
    """A TLS socket that one thread reads while another writes.

    OpenSSL's objects bear one caller at a time, so each call is made without waiting, under a lock, and the waiting
    is done outside.
    """

    def __init__(self, sock: ssl.SSLSocket, timeout: float) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._timeout = timeout
        self._lock = threading.Lock()

    def fileno(self) -> int:
        """The descriptor."""
        return self._sock.fileno()

    def recv_now(self, size: int) -> bytes:
        """As `recv`, but raises BlockingIOError where that would wait."""
        try:
            return self._now(self._sock.recv, size)
        except ssl.SSLZeroReturnError:
            return b""

    def send_now(self, data: bytes) -> int:
        """As `send`, but raises BlockingIOError where that would wait."""
        return self._now(self._sock.send, data)

    def recv(self, size: int, /) -> bytes:
        """As a socket's, with TimeoutError when nothing came."""
        return self._patiently(self.recv_now, size)

    def send(self, data: bytes, /) -> int:
        """As a socket's, with TimeoutError when the peer takes nothing."""
        return self._patiently(self.send_now, data)

    def shutdown(self, how: int, /) -> None:
        """Cut the TCP connection underneath."""
        self._sock.shutdown(how)

    def close(self) -> None:
        """Close it."""
        self._sock.close()

    def _now(self, do: Callable[[A], R], argument: A) -> R:
        with self._lock:
            try:
                return do(argument)
            except ssl.SSLWantReadError:
                raise _NotYetError(select.POLLIN) from None
            except ssl.SSLWantWriteError:
                raise _NotYetError(select.POLLOUT) from None

    def _patiently(self, do: Callable[[A], R], argument: A) -> R:
        while True:
            try:
                return do(argument)
            except _NotYetError as error:
                poller = select.poll()
                poller.register(self._sock.fileno(), error.event)
                if not poller.poll(int(self._timeout * 1000)):
                    raise TimeoutError from None


def send_all(stream: Stream, data: bytes) -> None:
    """Send all of `data`: what gevent's own `sendall` does, for less than half where a message goes in one piece."""
    while (sent := stream.send(data)) < len(data):
        data = data[sent:]


def _reading_of(stream: Stream) -> Callable[[int], bytes]:
    """What reads so many bytes of a stream at most, or raises BlockingIOError where that would wait."""
    return stream.recv_now if isinstance(stream, TlsStream) else partial(os.read, stream.fileno())


def writing_of(stream: Stream) -> Callable[[bytes], int]:
    """What writes to a stream and tells how much went, or raises BlockingIOError where that would wait."""
    return stream.send_now if isinstance(stream, TlsStream) else partial(os.write, stream.fileno())


def nowhere(_data: bytes) -> int:
    """What writes to a stream that is over: raises OSError, for its descriptor's number may be another connection's."""
    raise OSError(errno.EBADF, "the relay is over")


@contextlib.contextmanager
def pieces_of(stream: Stream, at_once: Callable[[bytes], bytes]) -> Iterator[Callable[[], bytes]]:
    """What waits for the next piece of a stream that `at_once` leaves over; in a plain thread that is every piece.

    `at_once` does with a piece what it can without waiting, and gives what is left of it.
    """
    if not lanes_work():
        yield lambda: stream.recv(_RECEIVE_BYTES)
        return
    lane = Lane(stream.fileno(), _reading_of(stream), at_once, size=_RECEIVE_BYTES)
    try:
        yield lane.receive
    finally:
        lane.close()


def watch_by_tcp(sock: socket.socket, seconds: float) -> None:
    """Have the system break the connection when its peer has answered nothing for so long."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_USER_TIMEOUT", int(seconds * 1000))):
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)

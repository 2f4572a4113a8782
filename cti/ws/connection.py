"""A server's WebSocket that may be used by several threads.

One lock stands around encoding and sending, a message goes out whole or the socket is closed, and nobody waits
for a slow peer unless they ask to: what the peer does not take is queued up to a bound and sent by a thread that lives
only as long as there is a queue. Reading happens in the thread that called `receive`. Only `threading` and `select` are
used, so the same code runs under gunicorn's gevent and gthread workers.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import ssl
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from cti.ws.frames import CloseCode, Opcode, close_frame, frame, text_frame
from cti.ws.incoming import Closed, Incoming, Limits, Pinged
from cti.ws.turns import give_way

if TYPE_CHECKING:
    from collections.abc import Callable

_RECEIVE_BYTES = 16 * 1024
_CLOSING_GRACE_S = 2.0
_POLL_S = 1.0
_TICK_S = 0.1
_LINGER_BYTES = 1024 * 1024


class SocketClosedError(Exception):
    """The socket is closed; `code` is what it was closed with (1006 without a closing handshake)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


class WebSocket:
    """An open WebSocket on the server's side, made after the 101.

    `sock` is the connected socket, owned from now on. `limits` bounds what is received, `max_queue` what waits to be
    sent (bytes); a peer that takes nothing for `send_timeout` seconds is cut off. After `ping_interval` seconds of
    silence a ping is sent, after twice that the socket is closed. Every frame costs time, an empty one too: whoever
    sends more than `limits` allows is closed with 1008, or with 1009 where a message is too big. `count_fault` is told
    once what the peer did wrong: `frames`, `controls`, `fragments`, `too-big`, `protocol`, `text`, or `too-slow`.
    `give_way` is called after each read, so that a peer that sends without end leaves the others their turn. All
    methods may be called from any thread, `receive` from one at a time. TLS ends in front of the server: an SSLSocket
    is refused (TypeError), because reading and writing one from two threads is not safe.

    Its state, written with `_lock` held by whichever thread it happens on, and read without it:

    - `_open`: messages can still be sent; once False, never True again. `close_code`: what it was closed with then.
    - `_gone`: the connection is cut, and nothing is written or read any more.
    - `_close_seen`: the peer closed, or has lost the right to be read on; then only `_linger` reads.
    - `_pinged`: nothing came since the last ping; the reader.
    - `_queue`, `_queued`: frames that the peer has not taken yet, the first perhaps in part, and their bytes.
    - `_enqueued_total`, `_sent_total`: all bytes ever put and taken, by which `send` sees that its own have gone.
    - `_flushing`: a thread sends what is queued; it alone writes then.
    - `_waiters`: who waits in `send` for bytes to go, woken by the flusher and by the end.
    - `_cut_at`: when a peer that was too slow is cut off (monotonic seconds), 0 for never.
    - `_ready`: messages that came together and were not received yet; the reader's alone.
    """

    def __init__(
        self,
        sock: socket.socket,
        *,
        subprotocol: str | None = None,
        limits: Limits | None = None,
        max_queue: int = 512 * 1024,
        ping_interval: float = 25.0,
        send_timeout: float = 10.0,
        monotonic: Callable[[], float] = time.monotonic,
        give_way: Callable[[], None] = give_way,
        count_fault: Callable[[str], None] = lambda _fault: None,
    ) -> None:
        if isinstance(sock, ssl.SSLSocket):
            raise TypeError("TLS must end in front of the server")
        self.subprotocol = subprotocol
        self.close_code: int | None = None
        self._sock = sock
        self._incoming = Incoming(limits or Limits(), monotonic=monotonic)
        self._max_queue = max_queue
        self._send_timeout = send_timeout
        self._monotonic = monotonic
        self._give_way = give_way
        self._count_fault = count_fault
        self._lock = threading.Lock()
        self._queue: deque[memoryview] = deque()
        self._queued = 0
        self._enqueued_total = 0
        self._sent_total = 0
        self._flushing = False
        self._waiters: list[threading.Event] = []
        self._open = True
        self._gone = False
        self._cut_at = 0.0
        self._close_seen = False
        self._pinged = False
        self._ready: deque[str | bytes] = deque()
        sock.settimeout(ping_interval)

    @property
    def is_open(self) -> bool:
        """Whether messages can still be sent."""
        return self._open

    def send(self, data: str | bytes) -> None:
        """Send one message and return when the system has taken all of it.

        Raises SocketClosedError when the socket is, or becomes, closed, also because the peer took nothing for the
        send timeout.
        """
        encoded = text_frame(data) if isinstance(data, str) else frame(Opcode.BINARY, data)
        done = threading.Event()
        with self._lock:
            if not self._open:
                raise SocketClosedError(self.close_code or CloseCode.ABNORMAL)
            self._put(encoded)
            target = self._enqueued_total
            if self._sent_total >= target:
                return
            self._waiters.append(done)
        while self._sent_total < target:
            if not self._open:
                raise SocketClosedError(self.close_code or CloseCode.ABNORMAL)
            done.wait()
            done.clear()
        with self._lock, contextlib.suppress(ValueError):
            self._waiters.remove(done)

    def offer(self, encoded: bytes) -> bool:
        """Send one encoded frame without waiting; what the peer does not take at once is queued.

        Returns False, and closes the socket with 1013, when the queue is full; False too when it is closed.
        """
        with self._lock:
            if not self._open:
                return False
            if self._queued and self._queued + len(encoded) > self._max_queue:
                self._close(CloseCode.TOO_SLOW, "too slow")
                self._count_fault("too-slow")
                self._cut_at = self._monotonic() + _CLOSING_GRACE_S
                return False
            self._put(encoded)
            return not self._gone

    def receive(self) -> str | bytes:
        """The next message; waits for it. Raises SocketClosedError when the socket ends, by whichever side."""
        if self._ready:
            self._give_way()
        while not self._ready:
            if self._gone or self._close_seen:
                self._linger()
                raise SocketClosedError(self.close_code or CloseCode.ABNORMAL)
            self._read()
        return self._ready.popleft()

    def _linger(self) -> None:
        """Read what the peer still sends for a moment, up to a bound.

        Closing over unread bytes would reset the connection, and the peer would never see why it was closed.
        """
        deadline = self._monotonic() + _CLOSING_GRACE_S
        left = _LINGER_BYTES
        with contextlib.suppress(OSError):
            if not self._gone:
                self._sock.settimeout(0.5)
                while self._flushing and self._monotonic() < deadline:
                    time.sleep(0.01)
                self._sock.shutdown(socket.SHUT_WR)
            while not self._gone and left > 0 and self._monotonic() < deadline:
                if not (data := self._sock.recv(_RECEIVE_BYTES)):
                    break
                left -= len(data)
                self._give_way()
        self.abort()

    def close(self, code: int = CloseCode.NORMAL, reason: str = "") -> None:
        """Begin the closing handshake; never waits and may be repeated.

        Messages already queued are given up, except the one being sent.
        """
        with self._lock:
            self._close(code, reason)

    def abort(self) -> None:
        """Cut the connection without any farewell."""
        with self._lock:
            self._abort()

    # Private methods from here to `_flush` are called with the lock held.

    def _write(self, data: bytes | memoryview) -> int:
        # A socket with a timeout never blocks in the system, but its own send would wait in Python; this does not.
        return os.write(self._sock.fileno(), data)

    def _put(self, encoded: bytes) -> None:
        self._enqueued_total += len(encoded)
        taken = 0
        if not self._queue and not self._flushing:
            try:
                taken = self._write(encoded)
            except (BlockingIOError, InterruptedError):
                taken = 0
            except OSError:
                self._abort()
                return
            self._sent_total += taken
        if taken == len(encoded):
            return
        self._queue.append(memoryview(encoded)[taken:])
        self._queued += len(encoded) - taken
        if not self._flushing:
            self._flushing = True
            threading.Thread(target=self._flush, name="ws-flush", daemon=True).start()

    def _close(self, code: int, reason: str) -> None:
        if not self._open:
            return
        self._end(code)
        if self._queue:
            # The frame that may be half sent must be finished; whole frames behind it give way.
            first = self._queue.popleft()
            self._enqueued_total -= self._queued - len(first)
            self._queue.clear()
            self._queued = len(first)
            self._queue.append(first)
        self._put(close_frame(code, reason))
        self._wake_waiters()

    def _end(self, code: int) -> None:
        if self._open:
            self._open = False
            self.close_code = code
            self._incoming.ignore_messages()

    def _abort(self) -> None:
        self._end(CloseCode.ABNORMAL)
        if self._gone:
            return
        self._gone = True
        self._queue.clear()
        self._queued = 0
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._wake_waiters()

    def _wake_waiters(self) -> None:
        for waiter in self._waiters:
            waiter.set()

    def _send_queued(self) -> bool:
        """Send what the peer takes now; returns whether anything went."""
        went = False
        try:
            while self._queue:
                first = self._queue[0]
                taken = self._write(first)
                went = True
                self._sent_total += taken
                self._queued -= taken
                if taken < len(first):
                    self._queue[0] = first[taken:]
                    break
                self._queue.popleft()
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            self._abort()
        return went

    # The flusher's and the reader's own; they take the lock themselves.

    def _flush(self) -> None:
        poller = select.poll()
        with contextlib.suppress(OSError, ValueError):
            poller.register(self._sock.fileno(), select.POLLOUT)
        moved = self._monotonic()
        while True:
            with self._lock:
                if self._send_queued():
                    moved = self._monotonic()
                patience = self._send_timeout if self._open else min(self._send_timeout, _CLOSING_GRACE_S)
                now = self._monotonic()
                if (self._queue and now - moved >= patience) or (self._cut_at and now >= self._cut_at):
                    self._abort()
                if not self._queue and (self._gone or not self._cut_at):
                    self._flushing = False
                    self._wake_waiters()
                    return
                wait = min(_POLL_S, max(0.001, patience - (now - moved)))
                idle = not self._queue
            if idle:
                time.sleep(_TICK_S)
            else:
                with contextlib.suppress(OSError):
                    poller.poll(int(wait * 1000) + 1)

    def _read(self) -> None:
        try:
            data = self._sock.recv(_RECEIVE_BYTES)
        except TimeoutError:
            with self._lock:
                self._on_silence()
            return
        except OSError:
            data = b""
        with self._lock:
            if data:
                self._pinged = False
                self._take(data)
            else:
                self._abort()
        self._give_way()

    # Called with the lock held.

    def _on_silence(self) -> None:
        if self._pinged or not self._open:
            self._abort()
        else:
            self._pinged = True
            self._put(frame(Opcode.PING, b""))

    def _take(self, data: bytes) -> None:
        for heard in self._incoming.feed(data):
            if isinstance(heard, Closed):
                # What stands behind is not even parsed.
                self._close_seen = True
                self._close(heard.code, "")
                if heard.fault:
                    self._count_fault(heard.fault)
                return
            if isinstance(heard, Pinged):
                if self._open:
                    self._put(frame(Opcode.PONG, heard.payload))
            else:
                self._ready.append(heard)

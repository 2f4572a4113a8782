"""The relay of SIP over WebSocket between a pane's phone and FCC. Source: RFC 7118; RFC 6455, section 5.

Towards the browser bytes are copied as they come. Frames are followed, so that the relay knows where it may put one of
its own: a refusal, a ping, a close; and the messages in them are listened to, so that it knows which calls there are.
What makes, changes or ends a call is listened to before it is passed on, since the phone may answer at once. Towards
FCC each message is unmasked and judged, and when it may pass, the very bytes of the browser go out, mask and all: they
are what a client must send.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import ssl
import threading
import time
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

import structlog

from cti.proxy.errors import PbxUnreachableError
from cti.proxy.guard import PhoneGuard
from cti.proxy.listening import MOST_FRAGMENTS, Listener
from cti.ws.errors import UpstreamHandshakeError
from cti.ws.frames import (
    CloseCode,
    FrameError,
    Opcode,
    apply_mask,
    close_frame,
    close_payload,
    frame,
    read_header,
    whole_text,
)
from cti.ws.handshake import open_upstream
from cti.ws.lane import Lane, lanes_work
from cti.ws.turns import give_way

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cti.clock import Clock
    from cti.proxy.metrics import RelayMetrics
    from cti.proxy.phones import Phones
    from cti.proxy.ports import Connect, DialRules, Fences
    from cti.proxy.tickets import Admission

_log = structlog.get_logger("cti.proxy")
A = TypeVar("A")
R = TypeVar("R")

SUBPROTOCOL = "sip"
_PING = b"fcc-relay"
_RECEIVE_BYTES = 8 * 1024
_FAREWELL_S = 2.0
_A_DAY_S = 86_400.0
_GONE = "gone"


@dataclass(frozen=True)
class RelayLimits:
    """Sizes in bytes, times in seconds."""

    message: int = 64 * 1024
    from_pbx: int = 256 * 1024
    ping: float = 25.0
    stall: float = 60.0
    idle: float = 4 * 3600.0
    connect: float = 5.0


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


def reading_of(stream: Stream) -> Callable[[int], bytes]:
    """What reads so many bytes of a stream at most, or raises BlockingIOError where that would wait."""
    return stream.recv_now if isinstance(stream, TlsStream) else partial(os.read, stream.fileno())


def writing_of(stream: Stream) -> Callable[[bytes], int]:
    """What writes to a stream and tells how much went, or raises BlockingIOError where that would wait."""
    return stream.send_now if isinstance(stream, TlsStream) else partial(os.write, stream.fileno())


def _nowhere(_data: bytes) -> int:
    raise OSError(errno.EBADF, "the relay is over")


@dataclass(frozen=True)
class Upstream:
    """An open WebSocket to FCC, and what came with its answer."""

    stream: Stream
    received: bytes


class SipRelay:
    """Opens and runs relays; one object for the process, safe to share between threads."""

    def __init__(
        self,
        *,
        connect: Connect,
        rules: DialRules,
        fences: Fences,
        phones: Phones,
        clock: Clock,
        new_id: Callable[[], str],
        random_bytes: Callable[[int], bytes],
        metrics: RelayMetrics,
        limits: RelayLimits | None = None,
    ) -> None:
        self._connect = connect
        self._rules = rules
        self._fences = fences
        self._phones = phones
        self._clock = clock
        self._new_id = new_id
        self._random_bytes = random_bytes
        self._metrics = metrics
        self.limits = limits or RelayLimits()
        self._lock = threading.Lock()
        self._running: set[Bridge] = set()
        self._keeper: threading.Thread | None = None

    def open(self, admission: Admission) -> Upstream:
        """Open the WebSocket to FCC that the ticket allows; raises PbxUnreachableError."""
        try:
            sock, received = open_upstream(
                admission.ws_url,
                subprotocols=[SUBPROTOCOL],
                connect=lambda host, port, tls, timeout: self._connect(host, port, tls=tls, timeout=timeout),
                random_bytes=self._random_bytes,
                timeout=self.limits.connect,
            )
        except (OSError, UpstreamHandshakeError, ValueError):
            self._metrics.ended("unreachable")
            raise PbxUnreachableError from None
        with contextlib.suppress(OSError):
            _watch_by_tcp(sock, self.limits.stall)
        if isinstance(sock, ssl.SSLSocket):
            return Upstream(TlsStream(sock, self.limits.stall), received)
        # No timeout here: each read would set a timer. The system notices when FCC is gone.
        sock.settimeout(None)
        return Upstream(sock, received)

    def bridge(self, browser: socket.socket, upstream: Upstream, admission: Admission) -> Bridge:
        """A relay between two open WebSockets, for `run`; reads the agent's dialogs, which may wait."""
        guard = PhoneGuard(
            admission,
            rules=self._rules,
            fences=self._fences,
            phone=self._phones.of(admission.agent.audience),
            new_id=self._new_id,
            unread=self._metrics.unread,
        )
        return Bridge(browser, upstream, guard, self.limits, self._clock, self._metrics, self._random_bytes)

    def run(self, bridge: Bridge) -> None:
        """Relay in the calling thread until either side ends."""
        with self._lock:
            self._running.add(bridge)
            if self._keeper is None:
                self._keeper = threading.Thread(target=self._keep, name="sip-keeper", daemon=True)
                self._keeper.start()
        try:
            bridge.run()
        finally:
            with self._lock:
                self._running.discard(bridge)

    def _keep(self) -> None:
        """Look after silent phones, all in one place: a timer for each read would cost more than the reads."""
        while True:
            time.sleep(self.limits.ping / 5)
            with self._lock:
                bridges = list(self._running)
                if not bridges:
                    self._keeper = None
                    return
            now = self._clock.monotonic()
            self._phones.save_soon()
            for bridge in bridges:
                try:
                    bridge.tick(now)
                except Exception:  # noqa: BLE001 - one phone's fault is not the others'
                    _log.exception("sip-tick-failed")


def _watch_by_tcp(sock: socket.socket, seconds: float) -> None:
    """Have the system break the connection when its peer has answered nothing for so long."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_USER_TIMEOUT", int(seconds * 1000))):
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


class Bridge:
    """One phone's relay: the calling thread carries towards FCC, a second one towards the browser.

    `close` and `abort` may be called from any thread and never wait.
    """

    __slots__ = (
        "_arrived",
        "_browser",
        "_browser_at",
        "_buffer",
        "_clock",
        "_ended",
        "_farewell",
        "_fragments",
        "_goodbye_said",
        "_guard",
        "_heard_at",
        "_how",
        "_limits",
        "_listener",
        "_lock",
        "_message",
        "_message_raw",
        "_metrics",
        "_pending",
        "_pinged",
        "_random_bytes",
        "_spoke",
        "_started",
        "_stirred",
        "_unsent",
        "_upstream",
        "_waits_for_pbx",
        "_write_down",
        "_write_up",
    )

    def __init__(
        self,
        browser: socket.socket,
        upstream: Upstream,
        guard: PhoneGuard,
        limits: RelayLimits,
        clock: Clock,
        metrics: RelayMetrics,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._browser = browser
        self._upstream: Stream = upstream.stream
        self._arrived = upstream.received
        self._guard = guard
        self._limits = limits
        self._clock = clock
        self._metrics = metrics
        self._random_bytes = random_bytes
        self._lock = threading.Lock()
        self._listener = Listener(limits.from_pbx)
        self._pending: deque[bytes] = deque()
        self._farewell: bytes | None = None
        self._goodbye_said = False
        self._ended = False
        self._pinged = False
        self._started = False
        self._stirred = self._spoke = self._waits_for_pbx = False
        self._heard_at = self._browser_at = clock.monotonic()
        self._how = _GONE
        self._buffer = b""
        self._message = bytearray()
        self._message_raw = bytearray()
        self._fragments = 0
        self._unsent = b""
        self._write_down, self._write_up = writing_of(browser), writing_of(upstream.stream)

    def run(self) -> None:
        """Relay until either side ends; both sockets are cut then."""
        self._browser.settimeout(None)
        if os.get_blocking(self._browser.fileno()):
            # Outside gevent only a timeout keeps the descriptor from blocking.
            self._browser.settimeout(_A_DAY_S)
        with contextlib.suppress(OSError):
            self._browser.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        down = threading.Thread(target=self._carry_down, name="sip-down", daemon=True)
        down.start()
        try:
            self._carry_up()
            if self._farewell is None:
                # What FCC still has to say, its close frame first of all, is passed on.
                down.join(_FAREWELL_S)
        finally:
            self._release()
            down.join(_FAREWELL_S)
            # From here on the descriptors' numbers may be other connections'.
            self._write_down = self._write_up = _nowhere
            with contextlib.suppress(OSError):
                self._upstream.close()
            self._metrics.ended(self._how)

    def close(self, code: int = CloseCode.NORMAL, reason: str = "") -> None:
        """Put a close frame between two frames of FCC's as soon as there is a place for it."""
        if self._farewell is None:
            self._farewell = close_frame(code, reason)
            self._tell(f"closed-{int(code)}")
            self._kick()

    def tick(self, now: float) -> None:
        """Ping a phone that has been silent, cut one that does not answer; never waits.

        What came since the last tick counts as come now: a clock on the way of each message would cost it time. A phone
        that nobody reads, because FCC takes nothing, is not silent; a stalled FCC is noticed by its own connection.
        """
        if self._stirred or self._waits_for_pbx:
            self._stirred, self._pinged, self._browser_at = False, False, now
        if self._spoke:
            self._spoke, self._heard_at = False, now
        silent = now - self._browser_at
        if self._pending or self._farewell:
            self._kick()
        if not self._guard.stays:
            self.close(CloseCode.POLICY, "not this pane's phone any more")
        if silent >= 2 * self._limits.ping:
            self._tell("silent")
            self.abort()
        elif silent >= self._limits.ping and not self._pinged and self._farewell is None:
            if now - self._heard_at > self._limits.idle:
                self.close(CloseCode.NORMAL, "idle")
                return
            self._pinged = True
            self._pending.append(frame(Opcode.PING, _PING))
            self._kick()

    def _tell(self, how: str) -> None:
        """Keep how the relay ended: what is told first was the reason of all that follows."""
        if self._how == _GONE:
            self._how = how

    def abort(self) -> None:
        """Cut both connections."""
        self._ended = True
        for one in (self._browser, self._upstream):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _release(self) -> None:
        """Let go of both sides. Keeping FCC's for a phone that comes back at once would begin here."""
        with contextlib.suppress(OSError):
            send_all(
                self._upstream, frame(Opcode.CLOSE, close_payload(CloseCode.GOING_AWAY), mask=self._random_bytes(4))
            )
        self.abort()

    @contextlib.contextmanager
    def _reading(self, stream: Stream, at_once: Callable[[bytes], bytes]) -> Iterator[Callable[[], bytes]]:
        """What waits for the next piece that `at_once` leaves over; in a plain thread that is every piece."""
        if not lanes_work():
            yield lambda: stream.recv(_RECEIVE_BYTES)
            return
        lane = Lane(stream.fileno(), reading_of(stream), at_once, size=_RECEIVE_BYTES)
        try:
            yield lane.receive
        finally:
            lane.close()

    # Towards the browser.

    def _carry_down(self) -> None:
        try:
            if self._arrived:
                self._pass_down(self._arrived)
                self._arrived = b""
            with self._reading(self._upstream, self._pass_down_at_once) as receive:
                while not self._ended:
                    try:
                        data = receive()
                    except TimeoutError:
                        continue
                    if not data:
                        break
                    self._pass_down(data)
        except FrameError:
            self._tell("pbx-nonsense")
            self._cut_upstream()
        except OSError:
            pass
        if not self._listener.closed:
            self.close(CloseCode.INTERNAL, "pbx gone")
        if not self._listener.between or self._ended:
            # No frame of ours can follow half a frame of FCC's.
            self.abort()

    def _cut_upstream(self) -> None:
        with contextlib.suppress(OSError):
            self._upstream.shutdown(socket.SHUT_RDWR)

    def _pass_down_at_once(self, data: bytes) -> bytes:
        """Pass on one whole message that changes no call, as long as the relay has nothing to say itself.

        Only where the browser takes all of it without waiting: what is left over is listened to with the rest.
        """
        size = whole_text(data, masked=False)
        if not size or len(data) - size > self._limits.from_pbx or self._guard.teaches(message := data[size:]):
            return data
        if self._pending or self._farewell is not None or not self._lock.acquire(blocking=False):
            return data
        try:
            if not self._listener.idle:
                return data
            sent = self._write_down(data)
            if sent < len(data):
                self._listener.feed(data[:sent])
                return data[sent:]
        except BlockingIOError:
            return data
        finally:
            self._lock.release()
        self._guard.hear(message)
        return b""

    def _pass_down(self, data: bytes) -> None:
        with self._lock:
            between = self._listener.between
            try:
                boundary, messages = self._listener.feed(data)
            except FrameError:
                if not between:
                    # Half a frame of FCC's is with the browser, and no frame of ours can follow it.
                    self.abort()
                raise
            for message in messages:
                self._guard.hear(message)
            if self._pending or self._farewell is not None:
                self._pass_down_with_own(data, boundary)
            else:
                send_all(self._browser, data)
        self._kick()

    def _pass_down_with_own(self, data: bytes, boundary: int) -> None:
        if boundary and not self._goodbye_said:
            send_all(self._browser, data[:boundary])
            data = data[boundary:]
            with contextlib.suppress(BlockingIOError):
                self._send_own()
        if data and not self._goodbye_said:
            send_all(self._browser, data)

    def _kick(self) -> None:
        """Send our own frames now if the stream stands between two frames; whoever holds the lock looks again.

        What the browser does not take now is tried again with the next data and at the next tick.
        """
        while (self._pending or (self._farewell and not self._goodbye_said)) and self._lock.acquire(blocking=False):
            try:
                if not self._listener.between or self._listener.closed:
                    return
                self._send_own()
            except BlockingIOError:
                return
            except OSError:
                self.abort()
                return
            finally:
                self._lock.release()

    def _send_own(self) -> None:
        """Send our own frames, without waiting; raises BlockingIOError when the browser takes nothing now."""
        while self._pending:
            self._write(self._pending[0])
            self._pending.popleft()
        if self._farewell is not None and not self._goodbye_said:
            self._write(self._farewell)
            self._goodbye_said = True

    def _write(self, own: bytes) -> None:
        # The descriptor never blocks in the system; the socket's own send would wait. A small frame goes whole or not
        # at all but for rare cases, and a beginning must be followed by its end.
        sent = self._write_down(own)
        if sent < len(own):
            send_all(self._browser, own[sent:])

    # Towards FCC.

    def _carry_up(self) -> None:
        try:
            with self._reading(self._browser, self._pass_up_at_once) as receive:
                while not self._ended:
                    data = receive()
                    if not data:
                        return
                    self._stirred = True
                    if self._unsent:
                        # The rest of a message that may pass and that FCC did not take at once.
                        self._unsent = b""
                        self._send_up(data)
                    elif not self._take(data):
                        return
        except FrameError as error:
            self._metrics.refused("frame")
            self.close(error.code, error.reason)
            self._drain()
        except OSError:
            return

    def _pass_up_at_once(self, data: bytes) -> bytes:
        """Pass on one whole message for which nobody has to be asked."""
        size = 0 if self._buffer or self._started or self._farewell is not None else whole_text(data, masked=True)
        if not size or len(data) - size > self._limits.message:
            return data
        if not self._guard.passes(apply_mask(data[size:], data[size - 4 : size])):
            return data
        self._count(data)
        self._stirred = self._spoke = True
        try:
            sent = self._write_up(data)
        except BlockingIOError:
            return data
        self._unsent = data[sent:]
        return self._unsent

    def _take(self, data: bytes) -> bool:
        """Follow the browser's frames; False when the socket is at its end."""
        size = 0 if self._buffer or self._started else whole_text(data, masked=True)
        if size and len(data) - size <= self._limits.message:
            self._count(data)
            return self._take_message(apply_mask(data[size:], data[size - 4 : size]), data)
        buffer = self._buffer + data if self._buffer else data
        position = 0
        try:
            while (header := read_header(buffer, position)) is not None:
                if header.mask is None:
                    raise FrameError(CloseCode.PROTOCOL_ERROR, "not masked")
                if header.length + len(self._message) > self._limits.message:
                    raise FrameError(CloseCode.TOO_BIG, "message is too big")
                end = position + header.size + header.length
                if end > len(buffer):
                    break
                raw = buffer[position:end]
                self._count(raw)
                payload = apply_mask(raw[header.size :], header.mask)
                position = end
                if header.is_control:
                    if not self._take_control(header.opcode, payload, raw):
                        return False
                elif not self._take_data(header.opcode, header.fin, payload, raw):
                    return False
        finally:
            self._buffer = buffer[position:]
        return True

    def _count(self, raw: bytes) -> None:
        if not self._guard.may_say(len(raw)):
            raise FrameError(CloseCode.POLICY, "too much")

    def _take_control(self, opcode: int, payload: bytes, raw: bytes) -> bool:
        if opcode == Opcode.PONG and payload == _PING:
            return True
        if opcode == Opcode.CLOSE:
            if self._farewell is None:
                self._tell("closed-by-phone")
                self._send_up(raw)
            return False
        self._send_up(raw)
        return True

    def _take_data(self, opcode: int, fin: bool, payload: bytes, raw: bytes) -> bool:
        if (opcode == Opcode.CONTINUATION) is not self._started:
            raise FrameError(CloseCode.PROTOCOL_ERROR, "fragments out of order")
        self._started = not fin
        if not fin or self._message_raw:
            self._fragments += 1
            if self._fragments > MOST_FRAGMENTS:
                raise FrameError(CloseCode.TOO_BIG, "too many fragments")
            self._message += payload
            self._message_raw += raw
            if not fin:
                return True
            payload, raw = bytes(self._message), bytes(self._message_raw)
            self._message, self._message_raw, self._fragments = bytearray(), bytearray(), 0
        return self._take_message(payload, raw)

    def _take_message(self, payload: bytes, raw: bytes) -> bool:
        self._spoke = True
        if self._farewell is not None:
            return True
        verdict = self._guard.judge(payload)
        if verdict.forward:
            self._send_up(raw)
            return True
        if verdict.reason:
            self._metrics.refused(verdict.reason)
        if verdict.answer:
            self._pending.append(frame(Opcode.TEXT, verdict.answer.encode()))
            self._kick()
        if verdict.fatal:
            self.close(CloseCode.POLICY, "not understood")
            self._drain()
            return False
        return True

    def _send_up(self, data: bytes) -> None:
        self._waits_for_pbx = True
        send_all(self._upstream, data)
        self._waits_for_pbx = False

    def _drain(self) -> None:
        """Read on for a moment, so that the connection is not reset over the close frame."""
        with contextlib.suppress(OSError):
            self._browser.settimeout(_FAREWELL_S)
            self._browser.shutdown(socket.SHUT_WR)
            until = self._clock.monotonic() + _FAREWELL_S
            while self._browser.recv(_RECEIVE_BYTES) and self._clock.monotonic() < until:
                # What is there is read without waiting, and somebody who sends without end would hold up all others.
                give_way()

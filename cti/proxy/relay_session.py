"""One phone's relay between its pane and FCC, from the opened sockets to their end. Source: RFC 7118; RFC 6455.

Towards the browser bytes are copied as they come (`cti.proxy.downstream`). Towards FCC each message is unmasked and
judged, and when it may pass, the very bytes of the browser go out, mask and all: they are what a client must send.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cti.proxy.downstream import Downstream
from cti.proxy.phone_frames import PhoneFrames
from cti.proxy.streams import nowhere, pieces_of, send_all, writing_of
from cti.ws.frames import CloseCode, FrameError, Opcode, close_payload, frame
from cti.ws.turns import give_way

if TYPE_CHECKING:
    from collections.abc import Callable

    from cti.clock import Clock
    from cti.proxy.guard import PhoneGuard
    from cti.proxy.metrics import RelayMetrics
    from cti.proxy.phone_frames import Said
    from cti.proxy.streams import Stream

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


@dataclass(frozen=True, slots=True)
class Upstream:
    """An open WebSocket to FCC, and what came with its answer."""

    stream: Stream
    received: bytes


class RelaySession:
    """One phone's relay: the calling thread carries towards FCC, a second one towards the browser, a keeper looks in.

    `close` and `abort` may be called from any thread and never wait. Its state, and who writes it:

    - `_ended`: both sides were cut; set once, by any thread, and asked by both carriers.
    - `_how`: how it ended, for the metric; the first who tells, on any thread, has said it.
    - `_arrived`: what FCC sent with its handshake's answer; the carrier towards the browser takes it.
    - `_unsent`: the rest of a judged message that FCC did not take at once; the carrier towards FCC, and the loop that
      reads for it.
    - `_stirred`, `_spoke`: something, a whole message came from the phone since the last look; set by the carrier
      towards FCC, taken back by the keeper.
    - `_waits_for_pbx`: FCC is slow to take what it is sent; the carrier towards FCC.
    - `_browser_at`, `_heard_at`: when the keeper last found that something, a whole message had come (monotonic
      seconds); `_pinged`: the phone owes an answer since. The keeper's alone.
    - `_write_up`: the write that never waits, until `run` ends; then nobody's descriptor.
    """

    __slots__ = (
        "_arrived",
        "_browser",
        "_browser_at",
        "_clock",
        "_downstream",
        "_ended",
        "_frames",
        "_guard",
        "_heard_at",
        "_how",
        "_limits",
        "_metrics",
        "_pinged",
        "_random_bytes",
        "_spoke",
        "_stirred",
        "_unsent",
        "_upstream",
        "_waits_for_pbx",
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
        self._frames = PhoneFrames(limits.message, guard.may_say)
        self._downstream = Downstream(browser, guard.learner, limits.from_pbx, self.abort)
        self._ended = False
        self._how = _GONE
        self._unsent = b""
        self._stirred = self._spoke = self._waits_for_pbx = self._pinged = False
        self._heard_at = self._browser_at = clock.monotonic()
        self._write_up = writing_of(upstream.stream)

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
            if not self._downstream.closing:
                # What FCC still has to say, its close frame first of all, is passed on.
                down.join(_FAREWELL_S)
        finally:
            self._release()
            down.join(_FAREWELL_S)
            self._write_up = nowhere
            self._downstream.release()
            with contextlib.suppress(OSError):
                self._upstream.close()
            self._metrics.ended(self._how)

    def close(self, code: int = CloseCode.NORMAL, reason: str = "") -> None:
        """Put a close frame between two frames of FCC's as soon as there is a place for it."""
        if not self._downstream.closing:
            self._tell(f"closed-{int(code)}")
            self._downstream.close(code, reason)

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
        self._downstream.kick()
        if not self._guard.stays:
            self.close(CloseCode.POLICY, "not this pane's phone any more")
        if silent >= 2 * self._limits.ping:
            self._tell("silent")
            self.abort()
        elif silent >= self._limits.ping and not self._pinged and not self._downstream.closing:
            if now - self._heard_at > self._limits.idle:
                self.close(CloseCode.NORMAL, "idle")
                return
            self._pinged = True
            self._downstream.say(frame(Opcode.PING, _PING))

    def abort(self) -> None:
        """Cut both connections."""
        self._ended = True
        for one in (self._browser, self._upstream):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _tell(self, how: str) -> None:
        """Keep how the relay ended: what is told first was the reason of all that follows."""
        if self._how == _GONE:
            self._how = how

    def _release(self) -> None:
        """Let go of both sides. Keeping FCC's for a phone that comes back at once would begin here."""
        with contextlib.suppress(OSError):
            send_all(
                self._upstream, frame(Opcode.CLOSE, close_payload(CloseCode.GOING_AWAY), mask=self._random_bytes(4))
            )
        self.abort()

    # Towards the browser.

    def _carry_down(self) -> None:
        downstream = self._downstream
        try:
            if self._arrived:
                downstream.carry(self._arrived)
                self._arrived = b""
            with pieces_of(self._upstream, downstream.carry_at_once) as receive:
                while not self._ended:
                    try:
                        data = receive()
                    except TimeoutError:
                        continue
                    if not data:
                        break
                    downstream.carry(data)
        except FrameError:
            self._tell("pbx-nonsense")
            with contextlib.suppress(OSError):
                self._upstream.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        if not downstream.pbx_said_goodbye:
            self.close(CloseCode.INTERNAL, "pbx gone")
        if not downstream.between or self._ended:
            # No frame of ours can follow half a frame of FCC's.
            self.abort()

    # Towards FCC.

    def _carry_up(self) -> None:
        try:
            with pieces_of(self._browser, self._pass_up_at_once) as receive:
                while not self._ended:
                    data = receive()
                    if not data:
                        return
                    self._stirred = True
                    if self._unsent:
                        # The rest of a message that may pass and that FCC did not take at once.
                        self._unsent = b""
                        self._send_up(data)
                    elif not all(map(self._take, self._frames.feed(data))):
                        return
        except FrameError as error:
            self._metrics.refused("frame")
            self.close(error.code, error.reason)
            self._drain()
        except OSError:
            return

    def _pass_up_at_once(self, data: bytes) -> bytes:
        """Pass on one whole message for which nobody has to be asked."""
        message = None if self._downstream.closing else self._frames.message_in(data)
        if message is None or not self._guard.passes(message):
            return data
        self._frames.count(data)
        self._stirred = self._spoke = True
        try:
            sent = self._write_up(data)
        except BlockingIOError:
            return data
        self._unsent = data[sent:]
        return self._unsent

    def _take(self, said: Said) -> bool:
        """Pass on or answer what the phone says; False when the socket is at its end."""
        if said.opcode == Opcode.CLOSE:
            if not self._downstream.closing:
                self._tell("closed-by-phone")
                self._send_up(said.raw)
            return False
        if said.opcode == Opcode.PONG and said.payload == _PING:
            return True
        if said.opcode in {Opcode.PING, Opcode.PONG}:
            self._send_up(said.raw)
            return True
        return self._take_message(said)

    def _take_message(self, said: Said) -> bool:
        self._spoke = True
        if self._downstream.closing:
            return True
        verdict = self._guard.judge(said.payload)
        if verdict.forward:
            self._send_up(said.raw)
            return True
        if verdict.reason:
            self._metrics.refused(verdict.reason)
        if verdict.answer:
            self._downstream.say(frame(Opcode.TEXT, verdict.answer.encode()))
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

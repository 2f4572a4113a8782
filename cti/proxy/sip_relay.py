"""The relay of SIP over WebSocket between panes' phones and FCC: opens its sessions and looks after them.

Source: RFC 7118.
"""

from __future__ import annotations

import contextlib
import ssl
import threading
from typing import TYPE_CHECKING

import structlog

from cti.background import Loop
from cti.proxy.errors import PbxUnreachableError
from cti.proxy.guard import PhoneGuard
from cti.proxy.relay_session import RelayLimits, RelaySession, Upstream
from cti.proxy.streams import TlsStream, watch_by_tcp
from cti.ws.errors import UpstreamHandshakeError
from cti.ws.handshake import open_upstream

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from cti.clock import Clock
    from cti.proxy.metrics import RelayMetrics
    from cti.proxy.phones import Phones
    from cti.proxy.ports import Connect, DialRules, Fences
    from cti.proxy.tickets import Admission

_log = structlog.get_logger("cti.proxy")

SUBPROTOCOL = "sip"


class SipRelay:
    """Opens and runs relays; one object for the process, safe to share between threads.

    `keeper` is the loop that looks after all of them; whoever made the relay stops it in the end.
    """

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
        self._running: set[RelaySession] = set()
        every = self.limits.ping / 5
        # A failed look makes the next one no rarer: phones that nobody pings are cut off by whatever lies between.
        self.keeper = Loop("sip-keeper", self.look_after, clock=clock, interval=every, longest_backoff=every)

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
            watch_by_tcp(sock, self.limits.stall)
        if isinstance(sock, ssl.SSLSocket):
            return Upstream(TlsStream(sock, self.limits.stall), received)
        # No timeout here: each read would set a timer. The system notices when FCC is gone.
        sock.settimeout(None)
        return Upstream(sock, received)

    def session(self, browser: socket.socket, upstream: Upstream, admission: Admission) -> RelaySession:
        """A relay between two open WebSockets, for `run`; reads the agent's dialogs, which may wait."""
        guard = PhoneGuard(
            admission,
            rules=self._rules,
            fences=self._fences,
            phone=self._phones.of(admission.agent.audience),
            new_id=self._new_id,
            unread=self._metrics.unread,
        )
        return RelaySession(browser, upstream, guard, self.limits, self._clock, self._metrics, self._random_bytes)

    def run(self, session: RelaySession) -> None:
        """Relay in the calling thread until either side ends."""
        with self._lock:
            self._running.add(session)
        self.keeper.start()
        try:
            session.run()
        finally:
            with self._lock:
                self._running.discard(session)

    def look_after(self) -> None:
        """Ping silent phones and cut dead ones, all in one place: a timer for each read would cost more than the reads.

        The step of `keeper`, which begins with the first phone.
        """
        with self._lock:
            sessions = list(self._running)
        now = self._clock.monotonic()
        for session in sessions:
            try:
                session.tick(now)
            except Exception:  # noqa: BLE001 - one phone's fault is not the others'
                _log.exception("sip-tick-failed")
        self._phones.save_soon()

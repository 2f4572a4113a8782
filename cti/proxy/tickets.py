"""Tickets that open the phone's socket: single use, short, bound to a session, an agent and a fencing number.

They live in the memory of the process, as the panes' leadership does: a ticket must be used where it was issued.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cti.accounts import PhoneTicket
from cti.proxy.errors import TicketRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cti.accounts import AgentRef, PaneSession
    from cti.clock import Clock
    from cti.domain.fcc import PhoneCredentials
    from cti.proxy.ports import Fences

LIFETIME_S = 30
_MOST = 20_000


@dataclass(frozen=True, slots=True)
class Admission:
    """What a ticket stands for: whose phone may connect to what."""

    session_id: str
    agent: AgentRef
    fence: int
    uri: str
    username: str
    ws_url: str


class TicketOffice:
    """Issues tickets and takes them back once; safe to share between threads."""

    def __init__(self, clock: Clock, new_id: Callable[[], str], fences: Fences) -> None:
        self._clock = clock
        self._new_id = new_id
        self._fences = fences
        self._lock = threading.Lock()
        self._open: dict[bytes, tuple[float, Admission]] = {}

    def issue(self, session: PaneSession, *, fence: int, line: PhoneCredentials) -> PhoneTicket:
        """A ticket for one connection of the session's phone."""
        ticket = self._new_id()
        admission = Admission(session.id, session.agent, fence, line.uri, line.username, line.ws_url)
        now = self._clock.monotonic()
        with self._lock:
            self._drop_old(now)
            self._open[_digest(ticket)] = (now + LIFETIME_S, admission)
        return PhoneTicket(ticket, LIFETIME_S)

    def redeem(self, ticket: str) -> Admission:
        """What the ticket stands for, once; raises TicketRefusedError when it was used, is too old or unknown.

        So it does when the pane that got it has lost the lead since, is gone, or its session is over. Only a hash of
        the ticket is looked up, so the time it takes tells nothing about the tickets there are.
        """
        digest = _digest(ticket)
        with self._lock:
            found = self._open.pop(digest, None)
        if found is None or found[0] <= self._clock.monotonic():
            raise TicketRefusedError
        admission = found[1]
        if self._fences.lead_of(admission.agent.audience, admission.fence, admission.session_id) != "present":
            raise TicketRefusedError
        return admission

    def _drop_old(self, now: float) -> None:
        while self._open:
            oldest = next(iter(self._open))
            if self._open[oldest][0] > now and len(self._open) < _MOST:
                return
            del self._open[oldest]


def _digest(ticket: str) -> bytes:
    return hashlib.sha256(ticket.encode()).digest()

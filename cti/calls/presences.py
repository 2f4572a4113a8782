"""What FCC says agents are doing, asked for whenever it may have been missed.

FCC's status is the truth. Its webhooks tell most changes; where they are silent or one was lost, FCC is asked: when an
agent's pane or phone comes back, when a call began or ended and nothing was heard of it, when a status ends by itself.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from cti.domain.presence import PresenceClass
from cti.errors import ConnectorError

if TYPE_CHECKING:
    from datetime import datetime

    from cti.background import Background
    from cti.calls.fact_writer import FactWriter
    from cti.calls.ports import Directory, PbxRegistry
    from cti.clock import Clock
    from cti.domain.presence import AgentPresence, Presence
    from cti.store.database import Database

SETTLE_S: Final = 1.0
"""FCC's own report of a change comes within this, where it comes at all."""
GAP_S: Final = 2.0
"""For what may have been missed an agent is not asked about more often than this."""
PAUSES: Final = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Between tries, where FCC does not answer, or not yet as it must; after the last one polling goes on."""
SILENT_S: Final = 5.0
"""A tenant's FCC that did not answer for one agent is not asked for others: each question may take many seconds."""
LONGEST_END: Final = timedelta(hours=1)
"""A status that ends later than this is left to polling."""
_BEFORE_THE_END: Final = timedelta(seconds=5)

_log = structlog.get_logger("cti.calls")
_Mark = tuple[str, int]


class PresenceWatch:
    """Asks FCC about agents and hands on what it says. Safe to share between threads.

    `writer` stores each answer, with the time of the question. Agents are (tenant_id, users_id). Nothing is asked
    inside of a transaction, nor where a webhook has told already; while FCC does not answer, it is asked for one agent
    at a time.
    """

    def __init__(
        self,
        database: Database,
        exchanges: PbxRegistry,
        directory: Directory,
        writer: FactWriter,
        *,
        clock: Clock,
        executor: Background,
    ) -> None:
        self._database = database
        self._exchanges = exchanges
        self._directory = directory
        self._writer = writer
        self._clock = clock
        self._executor = executor
        self._lock = threading.Lock()
        self._planned: set[_Mark] = set()
        self._asked: dict[_Mark, float] = {}
        self._missed: set[_Mark] = set()
        self._silent_until: dict[str, float] = {}
        self._ends: dict[_Mark, datetime] = {}

    def ask(self, tenant_id: str, users_id: int, *, tell: bool) -> Presence | None:
        """Ask FCC now and keep what it says; None when it could not be asked.

        `tell`: the panes are told in words where they showed another status than FCC has.
        """
        asked_at = self._clock.now()
        try:
            login = self._directory.user_of_tenant(tenant_id, users_id).login
            presence = self._exchanges.of(tenant_id).presence(login)
        except ConnectorError as error:
            _log.warning("presence-unknown", tenant=tenant_id, users_id=users_id, code=error.code)
            if error.retryable:
                with self._lock:
                    self._silent_until[tenant_id] = self._clock.monotonic() + SILENT_S
            return None
        self._writer.presence_reported(tenant_id, users_id, presence, asked_at=asked_at, tell=tell)
        with self._lock:
            self._missed.discard((tenant_id, users_id))
            self._silent_until.pop(tenant_id, None)
        return presence

    # -- why to ask -----------------------------------------------------------------------------------------------

    def missed(self, tenant_id: str, users_id: int) -> None:
        """Something may have been missed, for the agent's pane or phone was away: ask soon, once for many reasons."""
        mark = (tenant_id, users_id)
        with self._lock:
            self._missed.add(mark)
            if mark in self._planned:
                return
            self._planned.add(mark)
            wait = max(0.0, self._asked.get(mark, float("-inf")) + GAP_S - self._clock.monotonic())
        self._executor.later(wait, lambda: self._ask_missed(mark, 0))

    def is_missed(self, tenant_id: str, users_id: int) -> bool:
        """Whether something may have been missed that FCC could not be asked about yet."""
        with self._lock:
            return (tenant_id, users_id) in self._missed

    def moved(self, tenant_id: str, users_id: int, *, up: bool) -> None:
        """A call began (`up`) or ended for the agent: a moment later FCC must have said what they do now."""
        mark, now = (tenant_id, users_id), self._clock.now()
        self._executor.later(SETTLE_S, lambda: self._see(mark, now, 0, up=up))

    def heard(self, tenant_id: str, users_id: int, presence: Presence) -> None:
        """FCC's word was kept: look again when that status ends by itself."""
        mark = (tenant_id, users_id)
        left = presence.until - self._clock.now() if presence.until is not None else None
        if presence.until is None or left is None or left > LONGEST_END:
            return
        with self._lock:
            if self._ends.get(mark) == presence.until:
                return
            self._ends[mark] = presence.until
        self._executor.later(max(0.0, left.total_seconds()) + SETTLE_S, lambda: self._see_end(mark, presence, 0))

    # -- asking ---------------------------------------------------------------------------------------------------

    def _ask_missed(self, mark: _Mark, attempt: int) -> None:
        with self._lock:
            self._planned.discard(mark)
            self._asked[mark] = self._clock.monotonic()
        if self._try(mark) is None and attempt < len(PAUSES):
            with self._lock:
                if mark in self._planned:
                    return
                self._planned.add(mark)
            self._executor.later(PAUSES[attempt], lambda: self._ask_missed(mark, attempt + 1))

    def _try(self, mark: _Mark) -> Presence | None:
        """Ask, unless FCC has just not answered for another agent."""
        with self._lock:
            if self._clock.monotonic() < self._silent_until.get(mark[0], float("-inf")):
                return None
        return self.ask(*mark, tell=True)

    def _see(self, mark: _Mark, moved_at: datetime, attempt: int, *, up: bool) -> None:
        """Ask, unless FCC has said already what follows from a call's beginning or end."""
        known = self._known(mark)
        busy = known.presence is not None and known.presence.presence_class is PresenceClass.BUSY
        told = known.heard_at is not None and known.heard_at >= moved_at - _BEFORE_THE_END
        if busy if up else (told and not busy):
            return
        answer = self._try(mark)
        settled = answer is not None and answer.presence_class is not PresenceClass.BUSY
        if not up and not settled and attempt < len(PAUSES):
            self._executor.later(PAUSES[attempt], lambda: self._see(mark, moved_at, attempt + 1, up=up))

    def _see_end(self, mark: _Mark, presence: Presence, attempt: int) -> None:
        known = self._known(mark).presence
        if known is not None and (known.id, known.until) == (presence.id, presence.until):
            answer = self._try(mark)
            goes_on = answer is None or (answer.id, answer.until) == (presence.id, presence.until)
            if goes_on and attempt < len(PAUSES):
                self._executor.later(PAUSES[attempt], lambda: self._see_end(mark, presence, attempt + 1))
                return
        with self._lock:
            if self._ends.get(mark) == presence.until:
                del self._ends[mark]

    def _known(self, mark: _Mark) -> AgentPresence:
        with self._database.read() as uow:
            return uow.agents.presence(*mark)

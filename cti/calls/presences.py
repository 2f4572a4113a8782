"""What FCC says agents are doing, asked for whenever it may have been missed.

FCC's status is the truth. Its webhooks tell most changes; where they are silent or one was lost, FCC is asked: when an
agent's pane or phone comes back, when a call began or ended and nothing was heard of it, when a status ends by itself.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from cti.calls.errors import StatusMovedError
from cti.domain.presence import Presence, PresenceClass
from cti.errors import ConnectorError

if TYPE_CHECKING:
    from datetime import datetime

    from cti.calls.ports import Database, Directory, Exchanges, Executor, PresenceStore
    from cti.clock import Clock
    from cti.domain.presence import AgentPresence

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

_CALL: Final = frozenset({PresenceClass.BUSY, PresenceClass.WRAP})
_WORDS: Final = {
    PresenceClass.READY: ("W kolejce", "In queue"),
    PresenceClass.NOT_READY: ("Niegotowy", "Not ready"),
    PresenceClass.BUSY: ("Zajęty", "Busy"),
    PresenceClass.WRAP: ("WRAP", "WRAP"),
}
_log = structlog.get_logger("cti.calls")
_Mark = tuple[str, int]


class PresenceWatch:
    """Asks FCC about agents and hands on what it says. Safe to share between threads.

    `keep` takes an answer with the time of the question. Agents are (tenant_id, users_id). Nothing is asked inside of
    a transaction, nor where a webhook has told already; while FCC does not answer, it is asked for one agent at a time.
    """

    def __init__(
        self,
        database: Database,
        exchanges: Exchanges,
        directory: Directory,
        *,
        clock: Clock,
        executor: Executor,
        keep: PresenceStore,
    ) -> None:
        self._database = database
        self._exchanges = exchanges
        self._directory = directory
        self._clock = clock
        self._executor = executor
        self._keep = keep
        self._lock = threading.Lock()
        self._planned: set[_Mark] = set()
        self._asked: dict[_Mark, float] = {}
        self._missed: set[_Mark] = set()
        self._silent_until: dict[str, float] = {}
        self._ends: dict[_Mark, datetime] = {}
        self._before_call: dict[_Mark, PresenceClass] = {}

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
        self._keep(tenant_id, users_id, presence, asked_at=asked_at, tell=tell)
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

    def heard(self, tenant_id: str, users_id: int, before: Presence | None, presence: Presence) -> None:
        """FCC's word was kept; `before` is what was known until then."""
        mark = (tenant_id, users_id)
        with self._lock:
            if presence.presence_class is PresenceClass.BUSY and before is not None:
                if before.presence_class is PresenceClass.WRAP:
                    self._before_call[mark] = PresenceClass.READY
                elif before.presence_class is not PresenceClass.BUSY:
                    self._before_call[mark] = before.presence_class
            elif presence.presence_class not in _CALL:
                self._before_call.pop(mark, None)
        self._follow(mark, presence)

    def is_news(self, tenant_id: str, users_id: int, before: Presence, now: Presence) -> bool:
        """Whether an agent must be told in words that FCC has them otherwise than their pane showed.

        That is where they get calls or no calls against what they saw, and no call of theirs explains it: a call makes
        busy, is followed by WRAP and the queue, or gives back the status from before it.
        """
        was, is_now = before.presence_class, now.presence_class
        if before.id == now.id or is_now in _CALL:
            return False
        if was not in _CALL:
            return True
        with self._lock:
            usual = self._before_call.get((tenant_id, users_id), PresenceClass.READY)
        return is_now not in {PresenceClass.READY, usual}

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

    def _follow(self, mark: _Mark, presence: Presence) -> None:
        """Look again when the status ends by itself."""
        left = presence.until - self._clock.now() if presence.until is not None else None
        if presence.until is None or left is None or left > LONGEST_END:
            return
        with self._lock:
            if self._ends.get(mark) == presence.until:
                return
            self._ends[mark] = presence.until
        self._executor.later(max(0.0, left.total_seconds()) + SETTLE_S, lambda: self._see_end(mark, presence, 0))

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
            known: AgentPresence = uow.agents.presence(*mark)
        return known


def moved_notice(before: Presence, now: Presence, language: str) -> dict[str, str]:
    """The sentence for an agent whom FCC has in another status than their pane showed: `{code, message}`."""
    return StatusMovedError(status=_word(now, language), shown=_word(before, language)).to_json(language)


def _word(presence: Presence, language: str) -> str:
    """The status as panes name it: in the product's words, pauses in the tenant's own."""
    polish, english = _WORDS.get(presence.presence_class, (presence.name, presence.name))
    return polish if language.lower().startswith("pl") else english

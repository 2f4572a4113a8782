"""Who is calling: when searches are made, and made again.

A search that could not be finished is no answer, and is made again until it is one.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from cti.calls.calls_up import still_up
from cti.calls.search_rules import comes_up, searches_of
from cti.domain.facts import Fact
from cti.domain.match import MatchResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from cti.accounts import Tenant
    from cti.background import Background
    from cti.calls.fact_writer import FactWriter
    from cti.calls.notifier import Notifier
    from cti.calls.ports import Matching
    from cti.calls.search_rules import Mark, Search
    from cti.clock import Clock
    from cti.domain.call import Call, StoredCall
    from cti.store.database import Database
    from cti.store.unit_of_work import UnitOfWork

CODE_WAIT_S: Final = 1.0
"""For so long a ring that only a pane told of waits for FCC's word with the code, where cases are found by code."""
FIRST_PAUSE_S: Final = 2.0
UP_PAUSE_S: Final = 5.0
"""The longest pause between two tries while a call is up that nobody could be found for yet."""
LONGEST_PAUSE_S: Final = 60.0
MOVED_WITHIN: Final = timedelta(hours=4)
"""A call goes under another key while it is up, and none is up for longer."""
ROUND: Final = 200
"""So many calls at most are looked at in one round, the newest first."""

_log = structlog.get_logger("cti.calls")


@dataclass(slots=True)
class _Trouble:
    """One pairing whose searches could not be finished: how often in a row, whether a round is due or being made."""

    failures: int = 0
    due: bool = False
    busy: bool = False
    waiting: set[Mark] = field(default_factory=set)
    tried: dict[Mark, float] = field(default_factory=dict)


class CallerSearch:
    """Makes searches in the background and has stored what they give. Safe to share between threads.

    A call that rings is searched at once. What could not be finished is tried again in rounds, one pairing at a time:
    calls that are up first, then the newest, until one cannot be finished again. So an org that is away is asked once
    every few seconds, however many calls there are, and a connector that was restarted goes on.
    """

    def __init__(
        self,
        database: Database,
        matching: Matching,
        writer: FactWriter,
        notifier: Notifier,
        *,
        clock: Clock,
        executor: Background,
    ) -> None:
        self._database = database
        self._matching = matching
        self._writer = writer
        self._notifier = notifier
        self._clock = clock
        self._executor = executor
        self._lock = threading.Lock()
        self._running: set[Mark] = set()
        self._held: set[Mark] = set()
        self._trouble: dict[str, _Trouble] = {}

    def start(self, searches: Iterable[Search]) -> None:
        """Make these searches, but those that wait for their next try."""
        for search in searches:
            if search.awaits_code:
                self._hold(search)
            elif not self._waits(search):
                self._begin(search)

    def look(self, tenant_id: str, users_id: int) -> None:
        """Make the searches that an agent's calls need, now that they have a pane."""
        with self._database.read() as uow:
            tenant = uow.tenants.get(tenant_id)
            if tenant is None:
                return
            calls = uow.calls.up_of(tenant_id, users_id, **still_up(self._clock.now()))
            wanted = [search for stored in calls for search in searches_of(uow, tenant, stored)]
        self.start(search for search in wanted if search.agent.fcc_user_id == users_id)

    def resume(self) -> None:
        """After a start: go on with what the last process left unfinished."""
        with self._database.read() as uow:
            pairings = [pairing.id for tenant in uow.tenants.all() for pairing in uow.pairings.of_tenant(tenant.id)]
        for pairing_id in pairings:
            self._round_after(pairing_id, 0.0)

    # -- one search -----------------------------------------------------------------------------------------------

    def _hold(self, search: Search) -> None:
        """Give FCC a moment to say the code: whose card pops must not depend on who was quicker."""
        with self._lock:
            if search.mark in self._held:
                return
            self._held.add(search.mark)
        self._executor.later(CODE_WAIT_S, lambda: self._release(search))

    def _release(self, search: Search) -> None:
        with self._lock:
            self._held.discard(search.mark)
        with self._database.read() as uow:
            stored = _again(uow, search, now=self._clock.now())
            tenant = uow.tenants.get(search.tenant_id)
            wanted = searches_of(uow, tenant, stored) if stored is not None and tenant is not None else []
        for each in wanted:
            if each.agent.audience == search.agent.audience and not self._waits(each):
                self._begin(each)

    def _waits(self, search: Search) -> bool:
        with self._lock:
            trouble = self._trouble.get(search.agent.pairing_id)
            return trouble is not None and search.mark in trouble.waiting

    def _begin(self, search: Search) -> None:
        with self._lock:
            if search.mark in self._running:
                return
            self._running.add(search.mark)
        self._executor.submit(lambda: self._first(search))

    def _first(self, search: Search) -> None:
        complete = self._make(search)
        with self._lock:
            trouble = self._trouble.setdefault(search.agent.pairing_id, _Trouble())
            if not complete:
                trouble.waiting.add(search.mark)
                pause = _pause(trouble.failures, up=search.up)
            elif trouble.waiting:
                pause = 0.0  # Salesforce answers again: the others need not wait
            else:
                return
        self._round_after(search.agent.pairing_id, pause)

    def _make(self, search: Search) -> bool:
        """Search and store what was found; whether the search was finished. The mark is this thread's meanwhile."""
        result = MatchResult(complete=False)
        try:
            try:
                result = self._matching.find(search.agent, search.number, ivr=search.ivr)
            finally:
                self._keep(search, result)
        except Exception:  # noqa: BLE001 - a search that fails leaves a call without a match until it is made again
            _log.exception("search-failed", tenant=search.tenant_id, users_id=search.agent.fcc_user_id)
            return False
        finally:
            with self._lock:
                self._running.discard(search.mark)
        return result.complete

    def _keep(self, search: Search, result: MatchResult) -> None:
        """Store what a search gave, and have the one record popped, if it is one and the call is still up."""
        with self._database.read() as uow:
            stored = _again(uow, search, now=self._clock.now())
        place = stored.call.leg_of(search.agent.fcc_user_id) if stored is not None else None
        if stored is None or stored.redacted:
            return
        if place is not None and place[1].matched and not result.complete:
            return  # one more failure is no news
        content = {
            "users_id": search.agent.fcc_user_id,
            "number": search.number,
            "ivr": search.ivr,
            "candidates": [record.to_json() for record in result.candidates],
            "complete": result.complete,
        }
        content = {key: value for key, value in content.items() if value is not None}
        fact = Fact("match", "matched", self._clock.now(), stored.call.calls_id, content=content)

        def pop(uow: UnitOfWork, before: Call | None, call: Call) -> None:
            record = result.pop
            if record is None or not result.complete or not comes_up(before, call, search, record.record_id):
                return
            pairing = uow.pairings.get(search.agent.pairing_id)
            if pairing is not None and pairing.active:
                self._notifier.pop(uow, search.agent, stored.key, record)

        self._writer.store_match(search.tenant_id, stored.key, fact, pop)

    # -- again ----------------------------------------------------------------------------------------------------

    def _round_after(self, pairing_id: str, seconds: float) -> None:
        """Have a round made, unless one is due already."""
        with self._lock:
            trouble = self._trouble.setdefault(pairing_id, _Trouble())
            if trouble.due and seconds > 0:
                return
            trouble.due = True
        self._executor.later(seconds, lambda: self._round(pairing_id))

    def _round(self, pairing_id: str) -> None:
        """Make what is wanted of a pairing's searches; one thread at a time."""
        with self._lock:
            trouble = self._trouble.setdefault(pairing_id, _Trouble())
            if not trouble.due or trouble.busy:
                return  # another thread was quicker, or is at it and will see what is due
            trouble.due, trouble.busy = False, True
        pause: float | None = LONGEST_PAUSE_S  # where not even the database could be asked
        try:
            pause = self._make_all(trouble, self._open(pairing_id))
        finally:
            with self._lock:
                missed, trouble.due, trouble.busy = trouble.due, False, False
            if missed and pause is None:
                pause = 0.0
            if pause is not None:
                self._round_after(pairing_id, pause)

    def _make_all(self, trouble: _Trouble, wanted: list[Search]) -> float | None:
        """Make these until one cannot be finished; after how many seconds to go on, None when there is no need."""
        marks = {search.mark for search in wanted}
        with self._lock:
            trouble.waiting &= marks
            trouble.tried = {mark: at for mark, at in trouble.tried.items() if mark in marks}
            wanted.sort(key=lambda search: (not search.up, trouble.tried.get(search.mark, 0.0)))
        for search in wanted:
            with self._lock:
                if search.mark in self._running:
                    continue
                self._running.add(search.mark)
                trouble.tried[search.mark] = self._clock.monotonic()
            complete = self._make(search)
            with self._lock:
                if complete:
                    trouble.failures = 0
                    trouble.waiting.discard(search.mark)
                    continue
                trouble.failures += 1
                trouble.waiting.add(search.mark)
                return _pause(trouble.failures, up=any(each.up for each in wanted))
        return FIRST_PAUSE_S if len(wanted) >= ROUND else None

    def _open(self, pairing_id: str) -> list[Search]:
        """What is still wanted of a pairing's searches, the newest calls first."""
        with self._database.read() as uow:
            pairing = uow.pairings.get(pairing_id)
            tenant = uow.tenants.get(pairing.tenant_id) if pairing is not None else None
            if tenant is None:
                return []
            calls = uow.calls.searching(tenant.id, limit=ROUND)
            wanted = {stored.key: searches_of(uow, tenant, stored) for stored in calls}
        settled = [key for key, searches in wanted.items() if not searches]
        if settled:
            self._settle(tenant, settled)
        return [search for searches in wanted.values() for search in searches if search.agent.pairing_id == pairing_id]

    def _settle(self, tenant: Tenant, keys: Sequence[str]) -> None:
        """Leave calls alone that nothing is wanted of any more, for settings changed or the agent's pane is gone."""
        with self._database.write() as uow:
            uow.calls.lock(tenant.id)
            for key in keys:
                stored = uow.calls.get(key)
                if stored is not None and not searches_of(uow, tenant, stored):
                    uow.calls.save(replace(stored, searching=False))
            uow.commit()


def _pause(failures: int, *, up: bool) -> float:
    return float(min(FIRST_PAUSE_S * 2 ** min(failures, 10), UP_PAUSE_S if up else LONGEST_PAUSE_S))


def _again(uow: UnitOfWork, search: Search, *, now: datetime) -> StoredCall | None:
    """The call a search was started for, also when it has gone under another key since."""
    stored = uow.calls.get(search.call_key)
    if stored is not None:
        return stored
    pane_call = uow.pane_calls.last_settled(
        search.tenant_id, search.agent.fcc_user_id, number=search.number, since=now - MOVED_WITHIN
    )
    return uow.calls.get(pane_call.call_key) if pane_call is not None and pane_call.call_key is not None else None

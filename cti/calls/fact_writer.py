"""Storing facts: those that arrive while a transaction is being written wait and go together into the next one."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cti.calls.errors import CallUnknownError
from cti.calls.work import Aftermath, Entry
from cti.errors import DatabaseBusyError, DatabaseUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from cti.calls.projector import CallProjector
    from cti.calls.work import Work
    from cti.clock import Clock
    from cti.domain.call import Call
    from cti.domain.facts import Fact
    from cti.domain.presence import Presence
    from cti.store.database import Database
    from cti.store.unit_of_work import UnitOfWork

GROUP: Final = 100
PATIENCE_S: Final = 15.0
"""So long whoever has facts to store waits for others, at the database and behind other writers taken together."""


@dataclass(slots=True, eq=False)
class _Parcel:
    """Facts waiting for a transaction, by the monotonic clock not beyond `until`."""

    tenant_id: str
    entries: list[Entry]
    cursor: str | None = None
    also: Callable[[UnitOfWork, Work], None] | None = None
    until: float = 0.0
    done: bool = False
    error: Exception | None = None
    after: Aftermath = field(default_factory=Aftermath)


class FactWriter:
    """Stores facts, each once, and has `projector` draw their consequences in the same transaction.

    Safe to share between threads. Every method returns when the facts are stored for good, and raises what the database
    raises, and CallUnknownError for an unknown tenant; then nothing of these facts is stored. Whoever stores facts
    waits `patience` seconds for others.
    """

    def __init__(
        self, database: Database, projector: CallProjector, *, clock: Clock, patience: float = PATIENCE_S
    ) -> None:
        self._database = database
        self._projector = projector
        self._clock = clock
        self._patience = patience
        self._waiting: deque[_Parcel] = deque()
        self._turn = threading.Lock()
        self._listeners: list[Callable[[str, Aftermath], None]] = []

    def on_stored(self, listener: Callable[[str, Aftermath], None]) -> None:
        """Have `listener` called with the tenant and what is to follow, after each transaction, by its writers."""
        self._listeners.append(listener)

    def store_facts(self, tenant_id: str, facts: Sequence[Fact], *, cursor: str | None = None) -> None:
        """Store facts; `cursor` of the polled call list is kept with them."""
        self._store(_Parcel(tenant_id, [Entry(fact) for fact in facts], cursor))

    def store_entries(self, tenant_id: str, entries: Sequence[Entry]) -> None:
        """Store facts of which some are known to be about a certain call."""
        self._store(_Parcel(tenant_id, list(entries)))

    def store_match(
        self, tenant_id: str, call_key: str, fact: Fact, also: Callable[[UnitOfWork, Call | None, Call], None]
    ) -> None:
        """Store what a search gave; where that changes the call, `also` gets it as it was and as it is."""

        def follow(uow: UnitOfWork, work: Work) -> None:
            before, after = work.before.get(call_key), work.changed.get(call_key)
            if after is not None:
                also(uow, before.call if before is not None else None, after)

        self._store(_Parcel(tenant_id, [Entry(fact, call_key)], also=follow))

    def presence_reported(
        self,
        tenant_id: str,
        users_id: int,
        presence: Presence,
        *,
        asked_at: datetime | None = None,
        tell: bool = True,
    ) -> None:
        """Keep what FCC answered about an agent to a question put at `asked_at`.

        `tell`: where the agent's panes showed something else that no call explains, they are told so in words.
        """

        def keep(uow: UnitOfWork, work: Work) -> None:
            self._projector.presence(uow, work, users_id, presence, asked_at=asked_at, tell=tell)

        self._store(_Parcel(tenant_id, [], also=keep))

    # -- waiting for a turn ---------------------------------------------------------------------------------------

    def _store(self, parcel: _Parcel) -> None:
        parcel.until = self._clock.monotonic() + self._patience
        self._waiting.append(parcel)
        mine = self._turn.acquire(timeout=self._patience)
        if not mine and not self._taken_back(parcel):
            # Somebody is writing it at this moment, and waits no longer than this one would have.
            mine = self._turn.acquire()
        if mine:
            try:
                if not parcel.done:
                    self._write_waiting(parcel)
            finally:
                self._turn.release()
        if parcel.error is not None:
            raise parcel.error
        for listener in self._listeners:
            listener(parcel.tenant_id, parcel.after)

    def _taken_back(self, parcel: _Parcel) -> bool:
        """Take a parcel that waited for too long out of the queue; False: it is not there any more."""
        try:
            self._waiting.remove(parcel)
        except ValueError:
            return False
        parcel.error = DatabaseBusyError()
        return True

    # -- writing --------------------------------------------------------------------------------------------------

    def _write_waiting(self, mine: _Parcel) -> None:
        """Write what waits, in groups until `mine` is among them; a group that fails is written parcel by parcel."""
        while not mine.done:
            batch = [self._waiting.popleft() for _ in range(min(GROUP, len(self._waiting)))]
            try:
                again = self._write_group(batch)
            except BaseException:
                # The writer is being ended: those who wait for its group must neither wait for ever nor go on as if.
                for parcel in batch:
                    parcel.error, parcel.done = InterruptedError("the transaction was not finished"), True
                raise
            self._waiting.extendleft(reversed(again))
            for parcel in batch:
                parcel.done = parcel not in again

    def _write_group(self, batch: list[_Parcel]) -> list[_Parcel]:
        """Write a group; gives those of it that may wait longer than the others did, behind a database that is busy."""
        until = min(parcel.until for parcel in batch)
        try:
            self._write(batch)
        except DatabaseUnavailableError as error:
            # No parcel alone would fare better, and each would wait as long again.
            again = [parcel for parcel in batch if parcel.until > until] if isinstance(error, DatabaseBusyError) else []
            for parcel in batch:
                parcel.error = None if parcel in again else type(error)(**error.values)
            return again
        except Exception as error:  # noqa: BLE001 - whoever waits for a parcel gets its error
            if len(batch) == 1:
                batch[0].error = error
                return []
            for parcel in batch:
                try:
                    self._write([parcel])
                except Exception as alone:  # noqa: BLE001 - as above
                    parcel.error = alone
        return []

    def _write(self, batch: list[_Parcel]) -> None:
        patience = min(parcel.until for parcel in batch) - self._clock.monotonic()
        with self._database.write(patience=max(0.0, patience)) as uow:
            for tenant_id in dict.fromkeys(parcel.tenant_id for parcel in batch):
                tenant = uow.tenants.get(tenant_id)
                if tenant is None:
                    raise CallUnknownError
                mine = [parcel for parcel in batch if parcel.tenant_id == tenant_id]
                work = self._projector.apply(uow, tenant, [entry for parcel in mine for entry in parcel.entries])
                for parcel in mine:
                    if parcel.also is not None:
                        parcel.also(uow, work)
                    if parcel.cursor is not None:
                        uow.agents.set_cursor(tenant_id, parcel.cursor)
                mine[0].after = work.after
            uow.commit()

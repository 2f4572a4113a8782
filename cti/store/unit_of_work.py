"""One transaction and the repositories that work in it.

Rooms name this type under `TYPE_CHECKING` only: what they are given does the work, and none of them imports the store
when it runs.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select

from cti.store.accounts import (
    NonceRepository,
    OrgRepository,
    PairingRepository,
    SessionRepository,
    TenantRepository,
)
from cti.store.agents import AgentRepository
from cti.store.base import Base
from cti.store.call_logs import CallLogRepository
from cti.store.calls import CallRepository
from cti.store.events import EventRepository
from cti.store.facts import FactRepository
from cti.store.outbox import OutboxRepository
from cti.store.pane_calls import PaneCallRepository
from cti.store.sip_dialogs import SipDialogRepository

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from cti.clock import Clock


class UnitOfWork:
    """One transaction and the repositories that work in it; made by `Database`, never kept beyond its `with` block."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock
        self._committed = False

    @cached_property
    def tenants(self) -> TenantRepository:
        """FCC tenants."""
        return TenantRepository(self._session, self._clock)

    @cached_property
    def orgs(self) -> OrgRepository:
        """Salesforce orgs."""
        return OrgRepository(self._session, self._clock)

    @cached_property
    def pairings(self) -> PairingRepository:
        """Which tenant works with which org."""
        return PairingRepository(self._session, self._clock)

    @cached_property
    def sessions(self) -> SessionRepository:
        """Signed-in panes."""
        return SessionRepository(self._session, self._clock)

    @cached_property
    def nonces(self) -> NonceRepository:
        """Canvas requests that were accepted."""
        return NonceRepository(self._session, self._clock)

    @cached_property
    def events(self) -> EventRepository:
        """What panes are told."""
        return EventRepository(self._session, self._clock)

    @cached_property
    def facts(self) -> FactRepository:
        """Everything that was reported about calls."""
        return FactRepository(self._session, self._clock)

    @cached_property
    def calls(self) -> CallRepository:
        """Calls as their facts make them."""
        return CallRepository(self._session, self._clock)

    @cached_property
    def pane_calls(self) -> PaneCallRepository:
        """Calls as panes know them."""
        return PaneCallRepository(self._session, self._clock)

    @cached_property
    def agents(self) -> AgentRepository:
        """Agents' presence and where polling stands."""
        return AgentRepository(self._session, self._clock)

    @cached_property
    def outbox(self) -> OutboxRepository:
        """What is to be delivered to Salesforce."""
        return OutboxRepository(self._session, self._clock)

    @cached_property
    def call_logs(self) -> CallLogRepository:
        """What Salesforce already has of each call."""
        return CallLogRepository(self._session, self._clock)

    @cached_property
    def sip_dialogs(self) -> SipDialogRepository:
        """The dialogs of agents' phones."""
        return SipDialogRepository(self._session, self._clock)

    @property
    def committed(self) -> bool:
        """Whether `commit` was called and went through."""
        return self._committed

    def belongings(self, column: str, value: str) -> dict[str, int]:
        """How many rows of each table have that value in the column of this name (`tenant_id`, `org_id` …)."""
        self.flush()
        counted = {
            table.name: self._session.scalar(select(func.count()).select_from(table).where(table.c[column] == value))
            for table in Base.metadata.sorted_tables
            if column in table.c
        }
        return {name: count for name, count in counted.items() if count}

    def remove_belongings(self, column: str, value: str) -> None:
        """Delete every row of every table that has that value in the column of this name."""
        self.flush()
        for table in reversed(Base.metadata.sorted_tables):
            if column in table.c:
                self._session.execute(delete(table).where(table.c[column] == value))

    def flush(self) -> None:
        """Send what is pending to the database, still inside the transaction."""
        self._session.flush()
        if "outbox" in vars(self):
            self.outbox.flush()
        if "call_logs" in vars(self):
            self.call_logs.flush()

    def commit(self) -> None:
        """Make the transaction permanent; the unit of work can do nothing after it."""
        if self._committed:
            raise RuntimeError("a unit of work is committed once")
        self.flush()
        self._session.commit()
        self._committed = True
        self._session.close()


class ReadUnitOfWork(UnitOfWork):
    """A unit of work whose changes are never kept."""

    def commit(self) -> None:
        """Raise RuntimeError: there is nothing to make permanent."""
        raise RuntimeError("this unit of work only reads")

"""What panes are told: every event about calls, statuses and what an agent can do is written here and nowhere else.

Inside of transactions; nothing here does I/O but SQL.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from cti.accounts import AgentRef
from cti.calls.errors import PaneWasAwayError, StatusMovedError
from cti.calls.view import call_view
from cti.domain.presence import PresenceClass
from cti.pane_events import (
    CallChanged,
    CallShown,
    CapabilitiesShown,
    Notice,
    PaneEvent,
    Pop,
    PresenceChanged,
    PresenceShown,
    StatusesChanged,
    StatusShown,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cti.accounts import Tenant
    from cti.calls.ports import Directory, LogView
    from cti.clock import Clock
    from cti.domain.call import StoredCall
    from cti.domain.capabilities import Capabilities
    from cti.domain.presence import Attendance, Presence, Status
    from cti.domain.record import Record
    from cti.errors import ConnectorError
    from cti.store.unit_of_work import UnitOfWork

PANES_MAY_RETURN: Final = timedelta(minutes=15)
"""For so long events wait for panes that are away."""

_WORDS: Final = {
    PresenceClass.READY: ("W kolejce", "In queue"),
    PresenceClass.NOT_READY: ("Niegotowy", "Not ready"),
    PresenceClass.BUSY: ("Zajęty", "Busy"),
    PresenceClass.WRAP: ("WRAP", "WRAP"),
}
_log = structlog.get_logger("cti.calls")


class Notifier:
    """Writes events to the panes' log, in the transaction it is given. Safe to share between threads.

    `attendances` are those of one agent: each pairing has panes of its own. `count_error` counts what agents are told
    unasked, by its code.
    """

    def __init__(
        self, *, clock: Clock, directory: Directory, log_view: LogView, count_error: Callable[[str], None]
    ) -> None:
        self._clock = clock
        self._directory = directory
        self._log_view = log_view
        self._count = count_error

    # -- calls ----------------------------------------------------------------------------------------------------

    def call_changed(
        self,
        uow: UnitOfWork,
        tenant: Tenant,
        before: StoredCall | None,
        stored: StoredCall,
        attendances: Mapping[int, Sequence[Attendance]],
    ) -> None:
        """Show a call to those of its agents, by users_id, for whom it looks otherwise than `before`."""
        for users_id, rows in attendances.items():
            if not rows:
                continue
            view = self.view(uow, tenant, stored, users_id)
            old = None
            if before is not None and users_id in before.call.agents:
                old = self.view(uow, tenant, before, users_id)
            if view != old:
                for row in rows:
                    _tell(uow, _agent(row), CallChanged(view))

    def call_again(self, uow: UnitOfWork, tenant: Tenant, stored: StoredCall) -> None:
        """Show a call as it is now to the panes of its agents."""
        for users_id in sorted(stored.call.agents):
            for row in uow.agents.attendances(tenant.id, users_id):
                _tell(uow, _agent(row), CallChanged(self.view(uow, tenant, stored, users_id)))

    def logs_changed(self, uow: UnitOfWork, tenant_id: str, calls_ids: Sequence[int]) -> None:
        """Show these calls, whose logs came to another state, to the panes of their agents.

        Where all panes of an agent have been away for so long that no event would wait for them, there is none; a
        pane that comes back yet is given a snapshot.
        """
        since = self._clock.now() - PANES_MAY_RETURN
        shown: dict[tuple[str, int], list[str]] = {}
        unheard: set[str] = set()
        for key, row in uow.calls.attended(tenant_id, calls_ids):
            if row.present or row.seen_at >= since:
                shown.setdefault((key, row.users_id), []).append(_agent(row).audience)
            else:
                unheard.add(_agent(row).audience)
        tenant = uow.tenants.get(tenant_id) if shown else None
        events: list[tuple[str, PaneEvent]] = []
        if tenant is not None:
            calls = uow.calls.of(list(dict.fromkeys(key for key, _ in shown)))
            wanted = [(key, users_id) for key, users_id in shown if users_id in calls[key].call.agents]
            views = self._views(uow, tenant, [(calls[key], users_id) for key, users_id in wanted])
            for each, view in zip(wanted, views, strict=True):
                told = CallChanged(view)
                events += [(audience, told) for audience in shown[each]]
        uow.events.add_many(events, unheard=unheard)

    def pop(self, uow: UnitOfWork, agent: AgentRef, call_key: str, record: Record) -> None:
        """Have a record come up on the agent's screen, for that call."""
        _tell(uow, agent, Pop(call_key, record.record_id, record.object_type, record.reason))

    def view(self, uow: UnitOfWork, tenant: Tenant, stored: StoredCall, users_id: int) -> CallShown:
        """The call as that agent's panes show it."""
        return self._views(uow, tenant, [(stored, users_id)])[0]

    def _views(self, uow: UnitOfWork, tenant: Tenant, calls: Sequence[tuple[StoredCall, int]]) -> list[CallShown]:
        wanted = [(stored.call, users_id) for stored, users_id in calls]
        logs = self._log_view.of(uow, tenant_id=tenant.id, calls=wanted)
        views = []
        for (stored, users_id), log in zip(calls, logs, strict=True):
            campaign = self._directory.known_campaign(tenant.id, stored.call.campaign_id)
            name = campaign.name if campaign is not None else stored.call.queue
            views.append(call_view(stored, users_id, region=tenant.default_region, campaign=name, log=log))
        return views

    # -- statuses -------------------------------------------------------------------------------------------------

    def presence(self, uow: UnitOfWork, attendances: Sequence[Attendance], presence: Presence) -> None:
        """Show what the agent is doing."""
        for row in attendances:
            _tell(uow, _agent(row), PresenceChanged(PresenceShown.of(presence)))

    def status_moved(
        self,
        uow: UnitOfWork,
        tenant_id: str,
        users_id: int,
        attendances: Sequence[Attendance],
        was: Presence,
        now: Presence,
    ) -> None:
        """Say in words that FCC has the agent in another status than their panes showed."""
        _log.info("status-moved", tenant=tenant_id, users_id=users_id, was=was.id, now=now.id)
        self._count(StatusMovedError.code)
        for row in attendances:
            language = language_of(uow, row.pairing_id, users_id)
            _notice(uow, row, StatusMovedError(status=_word(now, language), shown=_word(was, language)), language)

    def pane_was_away(self, uow: UnitOfWork, attendance: Attendance) -> None:
        """Say to a page that is still open, and comes back, why its agent is not in the queue any more."""
        self._count(PaneWasAwayError.code)
        _notice(uow, attendance, PaneWasAwayError(), language_of(uow, attendance.pairing_id, attendance.users_id))

    def statuses(self, uow: UnitOfWork, attendances: Sequence[Attendance], statuses: Sequence[Status]) -> None:
        """Give several agents the statuses of their tenant."""
        told = StatusesChanged([StatusShown.of(status) for status in statuses])
        uow.events.add_many([(_agent(row).audience, told) for row in attendances])

    # -- what an agent can do -------------------------------------------------------------------------------------

    def capabilities(self, uow: UnitOfWork, attendance: Attendance, capabilities: Capabilities) -> None:
        """Show what the agent can do now, and what is missing."""
        language = language_of(uow, attendance.pairing_id, attendance.users_id)
        _tell(uow, _agent(attendance), CapabilitiesShown.of(capabilities, language))


def language_of(uow: UnitOfWork, pairing_id: str, users_id: int) -> str:
    """The language of an agent's newest session, Polish where there is none."""
    return next((session.language for session in uow.sessions.live_of(pairing_id, users_id)), "pl")


def _tell(uow: UnitOfWork, agent: AgentRef, event: PaneEvent) -> None:
    uow.events.add(agent.audience, event)


def _notice(uow: UnitOfWork, attendance: Attendance, error: ConnectorError, language: str) -> None:
    _tell(uow, _agent(attendance), Notice.of(error, language))


def _agent(attendance: Attendance) -> AgentRef:
    return AgentRef(attendance.pairing_id, attendance.sf_user_id, attendance.users_id)


def _word(presence: Presence, language: str) -> str:
    """The status as panes name it: in the product's words, pauses in the tenant's own."""
    polish, english = _WORDS.get(presence.presence_class, (presence.name, presence.name))
    return polish if language.lower().startswith("pl") else english

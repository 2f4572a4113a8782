"""What panes, and the phones in them, ask of the calls: dialling, reports, links, statuses."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog

from cti.calls.calls_up import calls_up_of
from cti.calls.checking import checked_fact
from cti.calls.dial import (
    dial_fact,
    dialable,
    is_dialled_form,
    named_record,
    permit_of,
    policy_of,
    refuse_if_busy,
    told,
)
from cti.calls.errors import (
    CallUnknownError,
    RecordNotReadableError,
    RelatedTooOftenError,
    ReportInvalidError,
    StatusNotSettableError,
)
from cti.calls.notifier import language_of
from cti.calls.pane_report import pane_fact
from cti.calls.work import Check, Entry
from cti.domain.call import State
from cti.domain.facts import Fact
from cti.domain.pane_call import CallName
from cti.domain.phone_number import parse
from cti.domain.presence import PresenceClass
from cti.domain.record import Claim
from cti.errors import ConnectorError
from cti.pane_events import AgentState, CapabilitiesShown, PresenceShown, StatusShown

if TYPE_CHECKING:
    from collections.abc import Callable

    from cti.accounts import AgentRef, Pairing, Tenant
    from cti.calls.attendance import AttendanceKeeper
    from cti.calls.caller_search import CallerSearch
    from cti.calls.checking import RecordChecks
    from cti.calls.fact_writer import FactWriter
    from cti.calls.notifier import Notifier
    from cti.calls.ports import Access, CallControl, Directory, PbxRegistry
    from cti.calls.presences import PresenceWatch
    from cti.calls.statuses import Statuses, StatusNews
    from cti.clock import Clock
    from cti.domain.call import Call, StoredCall
    from cti.domain.fcc import PhoneCredentials
    from cti.domain.pane_call import PaneReport, Permit
    from cti.domain.presence import Presence
    from cti.domain.record import Record
    from cti.store.database import Database
    from cti.store.unit_of_work import UnitOfWork

WRAP_LOOK_BACK: Final = timedelta(minutes=15)
_MOST_LINKS: Final = 50
"""So often a call may be tied to a record; a person needs a few, and each one is a fact to fold."""

_log = structlog.get_logger("cti.calls")


class CallService:
    """Does what agents ask, each for their own calls. Safe to share between threads.

    Nothing asks FCC or Salesforce inside of a transaction. Every method but `may_invite` raises ConnectorError.
    """

    def __init__(
        self,
        *,
        database: Database,
        exchanges: PbxRegistry,
        control: Callable[[str], CallControl],
        directory: Directory,
        access: Access,
        writer: FactWriter,
        notifier: Notifier,
        checks: RecordChecks,
        searches: CallerSearch,
        statuses: Statuses,
        status_news: StatusNews,
        watch: PresenceWatch,
        attendance: AttendanceKeeper,
        clock: Clock,
        new_id: Callable[[], str],
    ) -> None:
        self._database = database
        self._exchanges = exchanges
        self._control = control
        self._directory = directory
        self._access = access
        self._writer = writer
        self._notifier = notifier
        self._checks = checks
        self._searches = searches
        self._statuses = statuses
        self._status_news = status_news
        self._watch = watch
        self._attendance = attendance
        self._clock = clock
        self._new_id = new_id

    # -- calls ----------------------------------------------------------------------------------------------------

    def dial(self, agent: AgentRef, number: str, record: Record | None = None, *, dial_id: str | None = None) -> Permit:
        """Permit one call to a number as it was clicked, and remember the record it was clicked on.

        Whether the agent may read that record is found out beside the call; until then the call's log refers to nobody.
        The same `dial_id` again gives the same permit and leaves no second fact. Raises NumberInvalidError,
        AgentBusyError, CountryNotAllowedError and its kin for what the tenant does not allow, or what stands between
        the agent and dialling (R6, R7, R13).
        """
        now = self._clock.now()
        with self._database.read() as uow:
            pairing, tenant = self._place(uow, agent)
            known = uow.pane_calls.named(tenant.id, dial_id=dial_id) if dial_id is not None else None
            region = tenant.default_region
            if known is not None and known.users_id == agent.fcc_user_id:
                return permit_of(parse(known.number, region), str(dial_id), region)
        wanted = dialable(number, policy_of(tenant))
        for problem in self._directory.capabilities(agent.pairing_id, agent.fcc_user_id).missing:
            raise problem
        permit = permit_of(wanted, dial_id or self._new_id(), region)
        with self._database.read() as uow:
            refuse_if_busy(uow, tenant.id, agent.fcc_user_id, now=now)
        clicked = named_record(record, "clicked")
        fact = dial_fact(agent, tenant, pairing, permit=permit, record=clicked, at=now)
        self._writer.store_facts(tenant.id, [fact])
        if clicked is not None:
            claim = Claim(
                agent.fcc_user_id,
                clicked.record_id,
                clicked.object_type,
                agent.pairing_id,
                agent.sf_user_id,
                permit.dial_id,
            )
            self._checks.start(Check(tenant.id, claim))
        return permit

    def may_invite(self, agent: AgentRef, number: str) -> bool:
        """Whether the agent's phone may ring that number now: the rules of `dial`, asked by the SIP relay.

        `number` is the user part as the phone wrote it. It must be just what `dial` answered, letter by letter: of
        any other spelling (an extension, an escape, a prefix) nobody knows how the PBX reads it.
        """
        try:
            with self._database.read() as uow:
                tenant = self._place(uow, agent)[1]
            if not is_dialled_form(number, policy_of(tenant)):
                return False
            return not self._directory.capabilities(agent.pairing_id, agent.fcc_user_id).missing
        except ConnectorError:
            return False

    def drop(self, agent: AgentRef, calls_id: int) -> None:
        """Have FCC end a call of this agent that is up. FCC's report of the end tells what became of it.

        Raises CallUnknownError for any other call, and what the exchange raises.
        """
        with self._database.read() as uow:
            tenant = self._place(uow, agent)[1]
            found = self._call_of(uow, tenant.id, agent, CallName(calls_id=calls_id)).call.leg_of(agent.fcc_user_id)
        if found is None or found[1].state is State.ENDED:
            raise CallUnknownError
        login = self._directory.user_of_tenant(tenant.id, agent.fcc_user_id).login
        self._control(tenant.id).drop_call(login, calls_id)

    def report(self, agent: AgentRef, report: PaneReport) -> None:
        """Take a pane's report about its phone.

        Raises ReportInvalidError when it is about a dial or a SIP dialog of another agent's, CallUnknownError when it
        names a call by FCC's id that FCC did not tell of as this agent's: a pane's word makes nobody part of a call.
        """
        with self._database.read() as uow:
            tenant = self._place(uow, agent)[1]
            fact = pane_fact(agent, tenant.default_region, report, now=self._clock.now())
            for name in ({"sip_call_id": report.sip_call_id}, {"dial_id": fact.content.get("dial_id")}):
                known = uow.pane_calls.named(tenant.id, **name)
                if known is not None and known.users_id != agent.fcc_user_id:
                    raise ReportInvalidError
            key = None
            if report.calls_id is not None:
                key = self._call_of(uow, tenant.id, agent, CallName(calls_id=report.calls_id)).key
        self._writer.store_entries(tenant.id, [Entry(fact, key)])

    def popped(self, agent: AgentRef, call: CallName, record_id: str) -> None:
        """Note that a record was shown for a call; raises CallUnknownError."""
        with self._database.read() as uow:
            tenant = self._place(uow, agent)[1]
            stored = self._call_of(uow, tenant.id, agent, call)
        found = stored.call.leg_of(agent.fcc_user_id)
        fact = Fact(
            "pane",
            "popped",
            self._clock.now(),
            stored.call.calls_id,
            found[1].sip_call_id if found is not None else None,
            {"users_id": agent.fcc_user_id, "record_id": record_id},
        )
        self._writer.store_entries(tenant.id, [Entry(fact, stored.key)])

    def relate(self, agent: AgentRef, call: CallName, record: Record | None) -> None:
        """Tie a call of this agent to a record, or to none; the agent's word beats click and search (R36, R37).

        A record that was not found for this agent is checked first; while Salesforce cannot be asked, the call is tied
        once it could. Raises ReportInvalidError for a record that there cannot be, RecordNotReadableError where the
        agent may not read it, RelatedTooOftenError, CallUnknownError.
        """
        linked = named_record(record, "linked")
        if linked is None and record is not None:
            raise ReportInvalidError
        with self._database.read() as uow:
            tenant = self._place(uow, agent)[1]
            stored = self._call_of(uow, tenant.id, agent, call)
            if _tied_to(stored.call, agent, linked):
                return
            if uow.facts.count(stored.key, "related") >= _MOST_LINKS:
                raise RelatedTooOftenError
        content: dict[str, Any] = {
            "users_id": agent.fcc_user_id,
            "pairing_id": agent.pairing_id,
            "sf_user_id": agent.sf_user_id,
            "record": told(linked) if linked is not None else None,
        }
        fact = Fact("agent", "related", self._clock.now(), stored.call.calls_id, content=content)
        entries = [Entry(fact, stored.key)]
        if linked is not None and not _found_for(stored.call, agent, linked):
            try:
                checked = self._access.check(agent, linked.record_id, linked.object_type)
            except ConnectorError as error:
                _log.warning("record-not-checked", tenant=tenant.id, users_id=agent.fcc_user_id, code=error.code)
            else:
                if checked.record is None:
                    raise RecordNotReadableError
                answer = checked_fact(agent.fcc_user_id, linked.record_id, checked, at=self._clock.now())
                entries.append(Entry(answer, stored.key))
        self._writer.store_entries(tenant.id, entries)

    def _call_of(self, uow: UnitOfWork, tenant_id: str, agent: AgentRef, name: CallName) -> StoredCall:
        """The agent's own call of that name; raises CallUnknownError."""
        found: StoredCall | None = None
        if name.call_id is not None:
            found = uow.calls.get(name.call_id)
        if found is None and name.calls_id is not None:
            found = uow.calls.by_calls_id(tenant_id, name.calls_id)
        if found is None and name.sip_call_id is not None:
            pane_call = uow.pane_calls.named(tenant_id, sip_call_id=name.sip_call_id)
            found = (
                uow.calls.get(pane_call.call_key) if pane_call is not None and pane_call.call_key is not None else None
            )
        if found is None or found.tenant_id != tenant_id or agent.fcc_user_id not in found.call.agents:
            raise CallUnknownError
        return found

    # -- the agent ------------------------------------------------------------------------------------------------

    def set_presence(self, agent: AgentRef, status_id: int) -> Presence:
        """Put the agent into a status and give what FCC made of it.

        Raises StatusNotSettableError for busy, WRAP and statuses that aren't there, and what the exchange raises.
        """
        with self._database.read() as uow:
            tenant_id = self._place(uow, agent)[1].id
        for fresh in (False, True):
            wanted = next((s for s in self._statuses.of(tenant_id, fresh=fresh) if s.id == status_id), None)
            if wanted is not None:
                break
        if wanted is None or not wanted.settable:
            raise StatusNotSettableError
        login = self._directory.user_of_tenant(tenant_id, agent.fcc_user_id).login
        asked_at = self._clock.now()
        presence = self._exchanges.of(tenant_id).set_presence(login, status_id)
        self._writer.presence_reported(tenant_id, agent.fcc_user_id, presence, asked_at=asked_at, tell=False)
        return presence

    def presence_missed(self, agent: AgentRef) -> None:
        """The agent's pane or phone came back: have FCC asked what may have been missed, in the background."""
        with self._database.read() as uow:
            pairing = uow.pairings.get(agent.pairing_id)
        if pairing is not None:
            self._watch.missed(pairing.tenant_id, agent.fcc_user_id)

    def snapshot(self, agent: AgentRef) -> AgentState:
        """Everything about the agent as it is now; asks FCC only for what isn't known yet."""
        now = self._clock.now()
        users_id = agent.fcc_user_id
        with self._database.read() as uow:
            tenant = self._place(uow, agent)[1]
            presence = uow.agents.presence(tenant.id, users_id).presence
            language = language_of(uow, agent.pairing_id, users_id)
            shown = calls_up_of(uow, tenant.id, users_id, now=now)
            if presence is not None and presence.presence_class is PresenceClass.WRAP:
                last = uow.calls.last_ended_of(tenant.id, users_id, since=now - WRAP_LOOK_BACK)
                shown.extend([last] if last is not None else [])
            calls = [self._notifier.view(uow, tenant, stored, users_id) for stored in shown]
        if presence is None:
            presence = self._watch.ask(tenant.id, users_id, tell=False)
        return AgentState(
            presence=None if presence is None else PresenceShown.of(presence),
            statuses=[StatusShown.of(status) for status in self._status_news.give(tenant.id)],
            calls=calls,
            capabilities=CapabilitiesShown.of(self._directory.capabilities(agent.pairing_id, users_id), language),
        )

    def phone_credentials(self, agent: AgentRef) -> PhoneCredentials:
        """What the agent's phone registers with, fresh from FCC; kept nowhere."""
        with self._database.read() as uow:
            tenant_id = self._place(uow, agent)[1].id
        login = self._directory.user_of_tenant(tenant_id, agent.fcc_user_id).login
        return self._exchanges.of(tenant_id).phone_credentials(login)

    def panes_present(self, agent: AgentRef, present: bool, returned: bool = False) -> None:
        """The agent's first pane came (True), or their last one has been away for 20 s (False).

        `returned`: the page was open all the while, only its connection was gone.
        """
        if not present:
            self._attendance.went(agent)
            return
        with self._database.read() as uow:
            tenant_id = self._place(uow, agent)[1].id
        self._attendance.came(agent, tenant_id, returned=returned)
        self._searches.look(tenant_id, agent.fcc_user_id)

    def _place(self, uow: UnitOfWork, agent: AgentRef) -> tuple[Pairing, Tenant]:
        pairing = uow.pairings.get(agent.pairing_id)
        tenant = uow.tenants.get(pairing.tenant_id) if pairing is not None else None
        if pairing is None or tenant is None:
            raise CallUnknownError
        return pairing, tenant


def _tied_to(call: Call, agent: AgentRef, record: Record | None) -> bool:
    """Whether the agent said just that before."""
    found = call.leg_of(agent.fcc_user_id)
    segment = found[0] if found is not None else call.last
    if record is None:
        return segment.unlinked
    related = segment.related
    return related is not None and related.source == "linked" and related.record_id == record.record_id


def _found_for(call: Call, agent: AgentRef, record: Record) -> bool:
    """Whether the record is among those that were found as this agent."""
    return any(
        candidate.record_id == record.record_id
        for segment in call.segments
        for leg in segment.legs
        if leg.users_id == agent.fcc_user_id
        for candidate in leg.candidates
    )

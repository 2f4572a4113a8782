"""The call service: everything that panes, webhooks and polling ask about calls comes through here."""

from __future__ import annotations

import secrets
import threading
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog

from cti.calls.attendance import AttendanceKeeper
from cti.calls.checking import RecordChecks, checked_fact
from cti.calls.dial import Permit, dial_fact, dialable, named_record, permit_of, policy_of, refuse_if_busy, told
from cti.calls.errors import (
    CallUnknownError,
    RecordNotReadableError,
    RelatedTooOftenError,
    ReportInvalidError,
    StatusMovedError,
    StatusNotSettableError,
)
from cti.calls.presences import PresenceWatch
from cti.calls.recording import STALE_AFTER, Check, Entry, Recorder, language_of, still_up
from cti.calls.searching import CallerSearches
from cti.calls.statuses import Statuses, StatusNews
from cti.domain.call import Call, Direction, State
from cti.domain.facts import KINDS, Fact, Source
from cti.domain.phone_number import Kind, parse
from cti.domain.presence import PresenceClass
from cti.domain.record import Claim
from cti.domain.times import parse_time
from cti.errors import ConnectorError, DatabaseBusyError, DatabaseUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cti.accounts import Pairing, Tenant
    from cti.calls.ports import (
        Access,
        Agent,
        CallLog,
        Database,
        Directory,
        Exchanges,
        Executor,
        LogView,
        Matching,
        UnitOfWork,
    )
    from cti.calls.recording import Work
    from cti.calls.searching import Search
    from cti.clock import Clock
    from cti.domain.call import StoredCall
    from cti.domain.fcc import PhoneCredentials
    from cti.domain.presence import Presence
    from cti.domain.record import Record

GROUP: Final = 100
PATIENCE_S: Final = 15.0
"""So long whoever has facts to store waits for others, at the database and behind other writers taken together."""
RETENTION: Final = timedelta(days=90)
SHRINK_SECONDS: Final = 3600.0
SHRUNK_CALLS_AT_ONCE: Final = 50
SHRUNK_FACTS_AT_ONCE: Final = 1000
WRAP_LOOK_BACK: Final = timedelta(minutes=15)
_REPORT_KINDS: Final = KINDS[Source.PANE] - {"popped"}
_LONGEST_CALL_ID: Final = 255
_MOST_LINKS: Final = 50
"""So often a call may be tied to a record; a person needs a few, and each one is a fact to fold."""

_log = structlog.get_logger("cti.calls")


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
    searches: list[Search] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    heard: list[tuple[int, Presence | None, Presence]] = field(default_factory=list)
    moved: list[tuple[int, bool]] = field(default_factory=list)


class CallService:
    """Stores facts, answers panes, and keeps presence. Safe to share between threads.

    Facts that arrive while a transaction is being written wait and go together into the next one. `executor` runs
    what may take long (searches, telling FCC); nothing of it holds a transaction. `call_log`, `log_view`, `matching`
    and `access` may be left out: then nothing is logged, shown as logged, searched, or tied to a record that a pane
    names. Facts older than `retention` shrink. `count_error` counts what agents are told unasked, by its code. Whoever
    stores facts waits `patience` seconds for others.
    """

    def __init__(
        self,
        *,
        database: Database,
        exchanges: Exchanges,
        directory: Directory,
        clock: Clock,
        executor: Executor,
        matching: Matching | None = None,
        access: Access | None = None,
        call_log: CallLog | None = None,
        log_view: LogView | None = None,
        new_id: Callable[[], str] = lambda: secrets.token_urlsafe(16),
        retention: timedelta = RETENTION,
        count_error: Callable[[str], None] = lambda _code: None,
        patience: float = PATIENCE_S,
    ) -> None:
        self._database = database
        self._exchanges = exchanges
        self._directory = directory
        self._clock = clock
        self._executor = executor
        self._access = access
        self._checks: RecordChecks | None = None
        if access is not None:
            self._checks = RecordChecks(
                database=database, access=access, clock=clock, executor=executor, store=self._take_in
            )
        self._new_id = new_id
        self._recorder = Recorder(clock=clock, directory=directory, call_log=call_log, log_view=log_view, new_id=new_id)
        self._statuses = Statuses(exchanges, clock)
        self._status_news = StatusNews(database, self._statuses, executor=executor)
        self._count = count_error
        self._watch = PresenceWatch(
            database, exchanges, directory, clock=clock, executor=executor, keep=self.presence_reported
        )
        self._attendance = AttendanceKeeper(
            database,
            exchanges,
            directory,
            self._statuses,
            self._watch,
            clock=clock,
            executor=executor,
            report=self.presence_reported,
            count_error=count_error,
        )
        self._searches = None
        if matching is not None:
            self._searches = CallerSearches(database, matching, clock=clock, executor=executor, store=self._store_match)
        self._waiting: deque[_Parcel] = deque()
        self._turn = threading.Lock()
        self._retention = retention
        self._patience = patience
        self._resumed = False
        self._next_shrink = clock.monotonic() + SHRINK_SECONDS
        self._settings: dict[str, tuple[bool, int | None]] = {}

    # -- facts ----------------------------------------------------------------------------------------------------

    def store_facts(self, tenant_id: str, facts: Sequence[Fact], *, cursor: str | None = None) -> None:
        """Store facts, each once, and draw their consequences; returns when they are stored for good.

        `cursor` is kept with them. Raises FccTenantUnknownError's kin for an unknown tenant, and what the database
        raises; then nothing of these facts is stored.
        """
        self._store(_Parcel(tenant_id, [Entry(fact) for fact in facts], cursor))

    def _take_in(self, tenant_id: str, entries: Sequence[Entry]) -> None:
        self._store(_Parcel(tenant_id, list(entries)))

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

        def is_news(before: Presence, now: Presence) -> bool:
            news = tell and self._watch.is_news(tenant_id, users_id, before, now)
            if news:
                _log.info("status-moved", tenant=tenant_id, users_id=users_id, was=before.id, now=now.id)
                self._count(StatusMovedError.code)
            return news

        def keep(uow: UnitOfWork, work: Work) -> None:
            self._recorder.presence(uow, work, users_id, presence, asked_at=asked_at, is_news=is_news)

        self._store(_Parcel(tenant_id, [], also=keep))

    def presence_missed(self, agent: Agent) -> None:
        """The agent's pane or phone came back: have FCC asked what may have been missed, in the background."""
        with self._database.read() as uow:
            pairing = uow.pairings.get(agent.pairing_id)
        if pairing is not None:
            self._watch.missed(pairing.tenant_id, agent.fcc_user_id)

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
        if self._searches is not None:
            self._searches.start(parcel.searches)
        for check in parcel.checks:
            self._start_check(check)
        for users_id, before, presence in parcel.heard:
            self._watch.heard(parcel.tenant_id, users_id, before, presence)
        for users_id, up in parcel.moved:
            self._watch.moved(parcel.tenant_id, users_id, up=up)

    def _taken_back(self, parcel: _Parcel) -> bool:
        """Take a parcel that waited for too long out of the queue; False: it is not there any more."""
        try:
            self._waiting.remove(parcel)
        except ValueError:
            return False
        parcel.error = DatabaseBusyError()
        return True

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
                work = self._recorder.apply(uow, tenant, [entry for parcel in mine for entry in parcel.entries])
                for parcel in mine:
                    if parcel.also is not None:
                        parcel.also(uow, work)
                    if parcel.cursor is not None:
                        uow.agents.set_cursor(tenant_id, parcel.cursor)
                mine[0].searches, mine[0].checks = work.searches, work.checks
                mine[0].heard, mine[0].moved = work.heard, work.moved
            uow.commit()

    # -- what panes ask -------------------------------------------------------------------------------------------

    def dial(
        self, agent: Agent, number: str, record: Mapping[str, Any] | None = None, *, dial_id: str | None = None
    ) -> Permit:
        """Permit one call to a number as it was clicked, and remember the record it was clicked on.

        Whether the agent may read that record is found out beside the call; until then the call's log refers to nobody.
        The same `dial_id` again gives the same permit and leaves no second fact. Raises NumberInvalidError,
        AgentBusyError, CountryNotAllowedError and its kin for what the tenant does not allow, or what stands between
        the agent and dialling (R6, R7, R13).
        """
        now = self._clock.now()
        with self._database.read() as uow:
            pairing, tenant = self._place(uow, agent)
            known = uow.calls.dialog(tenant.id, dial_id=dial_id) if dial_id is not None else None
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
        self._store(_Parcel(tenant.id, [Entry(fact)]))
        if clicked is not None:
            claim = Claim(
                agent.fcc_user_id,
                clicked.record_id,
                clicked.object_type,
                agent.pairing_id,
                agent.sf_user_id,
                permit.dial_id,
            )
            self._start_check(Check(tenant.id, claim))
        return permit

    def _start_check(self, check: Check) -> None:
        if self._checks is not None:
            self._checks.start(check)

    def report(self, agent: Agent, report: Mapping[str, Any]) -> None:
        """Take a pane's report about its phone: the fields of `call.report`, `at` aware or ISO text.

        Raises ReportInvalidError when it makes no sense, or is about a dialog of another agent's phone.
        """
        with self._database.read() as uow:
            tenant = self._place(uow, agent)[1]
            fact = self._pane_fact(agent, tenant, report)
            for name in ({"sip_call_id": fact.sip_call_id}, {"dial_id": fact.content.get("dial_id")}):
                known = uow.calls.dialog(tenant.id, **name)
                if known is not None and known.users_id != agent.fcc_user_id:
                    raise ReportInvalidError
        self._store(_Parcel(tenant.id, [Entry(fact)]))

    def _pane_fact(self, agent: Agent, tenant: Tenant, report: Mapping[str, Any]) -> Fact:
        sip_call_id, kind, direction = report.get("sipCallId"), report.get("kind"), report.get("direction")
        at = report.get("at")
        moment = at if isinstance(at, datetime) else parse_time(at)
        if not isinstance(sip_call_id, str) or not 0 < len(sip_call_id) <= _LONGEST_CALL_ID:
            raise ReportInvalidError
        if kind not in _REPORT_KINDS or direction not in set(Direction) or moment is None or moment.tzinfo is None:
            raise ReportInvalidError
        number = parse(str(report.get("number") or ""), tenant.default_region)
        if number.kind is Kind.INTERNAL:
            direction = "internal" if direction == "outbound" else direction
        content = {
            "users_id": agent.fcc_user_id,
            "direction": str(direction),
            "number": number.value[:64],
            "withheld": True if number.kind is Kind.WITHHELD else None,
            "dial_id": _short(report.get("dialId"), 64),
            "sip_status": report.get("sipStatus") if isinstance(report.get("sipStatus"), int) else None,
            "cause": _short(report.get("cause"), 200),
            "by": report.get("by") if report.get("by") in {"agent", "far"} else None,
        }
        # A browser's clock may run ahead; nothing has happened later than now.
        return Fact(
            "pane",
            str(kind),
            min(moment, self._clock.now()),
            sip_call_id=sip_call_id,
            content={key: value for key, value in content.items() if value is not None and value != ""},
        )

    def popped(self, agent: Agent, call: Mapping[str, Any]) -> None:
        """Note that a record was shown for a call: `{callsId or sipCallId, recordId}`."""
        content = {"record_id": str(call.get("recordId") or "")[:18]}
        self._about(agent, call, "pane", "popped", content)

    def relate(self, agent: Agent, call: Mapping[str, Any], record: Mapping[str, Any] | None) -> None:
        """Tie a call of this agent to a record, or to none; the agent's word beats click and search (R36, R37).

        `call` is one by `callId`, `callsId` or `sipCallId`, `record` `{recordId, objectType}`. A record that was not
        found for this agent is checked first; while Salesforce cannot be asked, the call is tied once it could. Raises
        RecordNotReadableError where the agent may not read it, RelatedTooOftenError, CallUnknownError.
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
        if linked is not None and self._access is not None and not _found_for(stored.call, agent, linked):
            try:
                checked = self._access.check(agent, linked.record_id, linked.object_type)
            except ConnectorError as error:
                _log.warning("record-not-checked", tenant=tenant.id, users_id=agent.fcc_user_id, code=error.code)
            else:
                if checked.record is None:
                    raise RecordNotReadableError
                answer = checked_fact(agent.fcc_user_id, linked.record_id, checked, at=self._clock.now())
                entries.append(Entry(answer, stored.key))
        self._store(_Parcel(tenant.id, entries))

    def _about(self, agent: Agent, call: Mapping[str, Any], source: str, kind: str, content: dict[str, Any]) -> None:
        with self._database.read() as uow:
            tenant = self._place(uow, agent)[1]
            stored = self._call_of(uow, tenant.id, agent, call)
        found = stored.call.leg_of(agent.fcc_user_id)
        sip_call_id = found[1].sip_call_id if found is not None and source == "pane" else None
        fact = Fact(
            source,
            kind,
            self._clock.now(),
            stored.call.calls_id,
            sip_call_id,
            {"users_id": agent.fcc_user_id, **content},
        )
        self._store(_Parcel(tenant.id, [Entry(fact, stored.key)]))

    def _call_of(self, uow: UnitOfWork, tenant_id: str, agent: Agent, call: Mapping[str, Any]) -> StoredCall:
        """The agent's own call by `callId`, `callsId` or `sipCallId`; raises CallUnknownError."""
        found: StoredCall | None = None
        if call.get("callId"):
            found = uow.calls.get(str(call["callId"]))
        if found is None and isinstance(call.get("callsId"), int):
            found = uow.calls.by_calls_id(tenant_id, call["callsId"])
        if found is None and call.get("sipCallId"):
            dialog = uow.calls.dialog(tenant_id, sip_call_id=str(call["sipCallId"]))
            found = uow.calls.get(dialog.call_key) if dialog is not None and dialog.call_key is not None else None
        if found is None or found.tenant_id != tenant_id or agent.fcc_user_id not in found.call.agents:
            raise CallUnknownError
        return found

    def set_presence(self, agent: Agent, status_id: int) -> dict[str, Any]:
        """Put the agent into a status and give what FCC made of it: `{id, class, name, since, until}`.

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
        self.presence_reported(tenant_id, agent.fcc_user_id, presence, asked_at=asked_at, tell=False)
        return presence.to_pane()

    def snapshot(self, agent: Agent) -> dict[str, Any]:
        """`{presence, statuses, calls, capabilities}` as they are now; asks FCC only for what isn't known yet."""
        now = self._clock.now()
        users_id = agent.fcc_user_id
        with self._database.read() as uow:
            tenant = self._place(uow, agent)[1]
            presence = uow.agents.presence(tenant.id, users_id).presence
            language = language_of(uow, agent.pairing_id, users_id)
            shown = [
                stored
                for stored in uow.calls.up_of(tenant.id, users_id, **still_up(now))
                if (found := stored.call.leg_of(users_id)) is not None and found[1].state is not State.ENDED
            ]
            if presence is not None and presence.presence_class is PresenceClass.WRAP:
                last = uow.calls.last_ended_of(tenant.id, users_id, since=now - WRAP_LOOK_BACK)
                shown.extend([last] if last is not None else [])
            calls = [self._recorder.view(uow, tenant, stored, users_id) for stored in shown]
        return {
            "presence": presence.to_pane() if presence is not None else self._ask_presence(tenant.id, users_id),
            "statuses": self._status_news.give(tenant.id),
            "calls": calls,
            "capabilities": self._directory.capabilities(agent.pairing_id, users_id).to_json(language),
        }

    def _ask_presence(self, tenant_id: str, users_id: int) -> dict[str, Any] | None:
        presence = self._watch.ask(tenant_id, users_id, tell=False)
        return presence.to_pane() if presence is not None else None

    def phone_credentials(self, agent: Agent) -> PhoneCredentials:
        """What the agent's phone registers with, fresh from FCC; kept nowhere."""
        with self._database.read() as uow:
            tenant_id = self._place(uow, agent)[1].id
        login = self._directory.user_of_tenant(tenant_id, agent.fcc_user_id).login
        return self._exchanges.of(tenant_id).phone_credentials(login)

    def panes_present(self, agent: Agent, present: bool, returned: bool = False) -> None:
        """The agent's first pane came (True), or their last one has been away for 20 s (False).

        `returned`: the page was open all the while, only its connection was gone.
        """
        if not present:
            self._attendance.went(agent)
            return
        with self._database.read() as uow:
            tenant_id = self._place(uow, agent)[1].id
        self._attendance.came(agent, tenant_id, returned=returned)
        if self._searches is not None:
            self._searches.look(tenant_id, agent.fcc_user_id, still_up(self._clock.now()))

    def tick(self) -> None:
        """The regular work, called every 10 s or so, by one thread.

        Attendance, changed settings and records that could not be checked yet at each call, what the last process left
        unfinished at the first, retention once an hour.
        """
        if not self._resumed:
            self._resumed = True
            self.resume()
        self._attendance.tick()
        self._status_news.tick()
        self._watch_settings()
        if self._checks is not None:
            self._checks.tick()
        if self._clock.monotonic() >= self._next_shrink:
            self._next_shrink = self._clock.monotonic() + SHRINK_SECONDS
            shrunk = self.shrink(self._clock.now() - self._retention)
            _log.info("facts-shrunk", count=shrunk)

    # -- settings, activity, retention ------------------------------------------------------------------------------

    def _watch_settings(self) -> None:
        """Notice the pairings that were switched on or off or given another campaign, and have their panes told."""
        with self._database.read() as uow:
            pairings = [pairing for tenant in uow.tenants.all() for pairing in uow.pairings.of_tenant(tenant.id)]
        now = {pairing.id: (pairing.active, pairing.off_campaign_id) for pairing in pairings}
        changed = {key for key, settings in now.items() if self._settings.get(key, settings) != settings}
        self._settings = now
        if changed:
            self._executor.submit(lambda: self._tell_capabilities(changed))

    def _tell_capabilities(self, pairing_ids: set[str]) -> None:
        """Tell the panes of these pairings what their agents can do now; may ask FCC."""
        with self._database.read() as uow:
            rows = [row for row in uow.agents.attendances() if row.present and row.pairing_id in pairing_ids]
            languages = {row: language_of(uow, row.pairing_id, row.users_id) for row in rows}
        for row, language in languages.items():
            capabilities = self._directory.capabilities(row.pairing_id, row.users_id).to_json(language)
            with self._database.write() as uow:
                uow.events.add(f"{row.pairing_id}:{row.users_id}", "capabilities", capabilities)
                uow.commit()

    def log_changed(self, uow: UnitOfWork, tenant_id: str, calls_ids: Sequence[int]) -> None:
        """Tell the panes that calls' logs came to another state, in the transaction that records it; SQL only."""
        self._recorder.tell_logs(uow, tenant_id, calls_ids)

    def may_invite(self, agent: Agent, number: str) -> bool:
        """Whether the agent's phone may ring that number now: the rules of `dial`, asked by the SIP relay.

        `number` is the user part as the phone wrote it. It must be just what `dial` answered, letter by letter: of
        any other spelling (an extension, an escape, a prefix) nobody knows how the PBX reads it.
        """
        try:
            with self._database.read() as uow:
                tenant = self._place(uow, agent)[1]
            if dialable(number, policy_of(tenant)).value != number:
                return False
            return not self._directory.capabilities(agent.pairing_id, agent.fcc_user_id).missing
        except ConnectorError:
            return False

    def calls_up(self, tenant_id: str) -> int:
        """How many of the tenant's calls are up."""
        with self._database.read() as uow:
            return int(uow.calls.count_up(tenant_id, since=self._clock.now() - STALE_AFTER))

    def agents_present(self, tenant_id: str) -> list[tuple[int, str]]:
        """(users_id, login) of the agents with a pane."""
        found = []
        for users_id in self._attendance.present(tenant_id):
            try:
                found.append((users_id, self._directory.user_of_tenant(tenant_id, users_id).login))
            except ConnectorError as error:
                _log.warning("agent-unknown", tenant=tenant_id, users_id=users_id, code=error.code)
        return found

    def last_presence_at(self, tenant_id: str, users_id: int) -> datetime | None:
        """When FCC last said anything about that agent; None while something may have been missed since."""
        if self._watch.is_missed(tenant_id, users_id):
            return None
        with self._database.read() as uow:
            heard: datetime | None = uow.agents.presence(tenant_id, users_id).heard_at
        return heard

    def shrink(self, before: datetime) -> int:
        """Shrink facts and calls from before that moment to their bones; gives how many facts were shrunk.

        A little at a time, for whoever else has something to write waits meanwhile.
        """
        shrunk = 0
        while True:
            with self._database.write() as uow:
                old = uow.calls.old(before, limit=SHRUNK_CALLS_AT_ONCE)
                for stored in old:
                    uow.calls.save(replace(stored, call=_bones(stored.call), shrunk=True, searching=False))
                emptied = 0 if old else uow.facts.shrink(before, limit=SHRUNK_FACTS_AT_ONCE)
                shrunk += emptied
                over = not old and not emptied
                if over:
                    uow.calls.forget_dialogs(before=before)
                uow.commit()
            if over:
                return shrunk

    def forget_number(self, tenant_id: str, number: str) -> int:
        """Take a telephone number, and all that was said about its calls, out of the store; gives how many calls.

        The log is told, so that nothing of them is delivered any more.
        """
        with self._database.write() as uow:
            tenant = uow.tenants.get(tenant_id)
            if tenant is None:
                return 0
            found = uow.calls.with_number(tenant_id, parse(number, tenant.default_region).value)
            keys = [stored.key for stored in found]
            if keys:
                uow.facts.shrink_calls(keys)
                uow.calls.forget_dialogs(keys=keys)
            for stored in found:
                fact = Fact("agent", "forgotten", self._clock.now(), stored.call.calls_id)
                uow.facts.add(tenant_id, fact, call_key=stored.key)
                self._recorder.forget(uow, tenant, stored, replace(_bones(stored.call), forgotten=True))
            uow.commit()
        return len(keys)

    # -- who is calling -------------------------------------------------------------------------------------------

    def resume(self) -> None:
        """After a start: go on with the searches that the last process left unfinished."""
        if self._searches is not None:
            self._searches.resume()

    def _store_match(
        self, tenant_id: str, call_key: str, fact: Fact, also: Callable[[UnitOfWork, Call | None, Call], None]
    ) -> None:
        """Store what a search gave, and have `also` draw what follows where it changed the call."""

        def follow(uow: UnitOfWork, work: Work) -> None:
            before, after = work.before.get(call_key), work.changed.get(call_key)
            if after is not None:
                also(uow, before.call if before is not None else None, after)

        self._store(_Parcel(tenant_id, [Entry(fact, call_key)], also=follow))

    def _place(self, uow: UnitOfWork, agent: Agent) -> tuple[Pairing, Tenant]:
        pairing = uow.pairings.get(agent.pairing_id)
        tenant = uow.tenants.get(pairing.tenant_id) if pairing is not None else None
        if pairing is None or tenant is None:
            raise CallUnknownError
        return pairing, tenant


def _tied_to(call: Call, agent: Agent, record: Record | None) -> bool:
    """Whether the agent said just that before."""
    found = call.leg_of(agent.fcc_user_id)
    segment = found[0] if found is not None else call.last
    if record is None:
        return segment.unlinked
    related = segment.related
    return related is not None and related.source == "linked" and related.record_id == record.record_id


def _found_for(call: Call, agent: Agent, record: Record) -> bool:
    """Whether the record is among those that were found as this agent."""
    return any(
        candidate.record_id == record.record_id
        for segment in call.segments
        for leg in segment.legs
        if leg.users_id == agent.fcc_user_id
        for candidate in leg.candidates
    )


def _short(value: object, longest: int) -> str | None:
    return None if value is None else str(value)[:longest]


def _bones(call: Call) -> Call:
    """What stays of a call past its retention: ids, times, outcome, agents; no number, name, note or record."""
    segments = tuple(
        replace(
            segment,
            related=None,
            note=None,
            disposition=None,
            legs=tuple(replace(leg, candidates=(), sip_call_id=None) for leg in segment.legs),
        )
        for segment in call.segments
    )
    return replace(
        call,
        number="",
        own_number="",
        sip_call_ids=(),
        ivr=None,
        clicked=None,
        unchecked=(),
        candidates=(),
        segments=segments,
    )

"""What happens inside the one transaction in which facts are stored: fold, correlate, tell the panes, hand on.

Nothing here does I/O but SQL.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from cti.calls.correlation import PbxCall, correlate, meeting_places, pbx_call, place_of_dialog, places_of_call
from cti.calls.presences import moved_notice
from cti.calls.searching import searches_of
from cti.calls.view import NO_LOG, call_view
from cti.domain.call import Call, State, StoredCall
from cti.domain.facts import Fact, Source
from cti.domain.fold import fold
from cti.domain.pane_call import PaneCall
from cti.domain.presence import Presence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from cti.accounts import Tenant
    from cti.calls.ports import CallLog, Directory, LogView, UnitOfWork
    from cti.calls.searching import Search
    from cti.clock import Clock
    from cti.domain.record import Claim

STALE_AFTER: Final = timedelta(hours=4)
"""A call that is up but was not heard of for so long is taken for over."""
PANE_ONLY_STALE_AFTER: Final = timedelta(seconds=90)
"""As much for a call that only a pane reported: by then FCC would have told of it, so it never came into being."""
PANES_MAY_RETURN: Final = timedelta(minutes=15)
"""For so long events wait for panes that are away."""
_log = structlog.get_logger("cti.calls")


def still_up(now: datetime) -> dict[str, datetime]:
    """Since when a call must have been heard of to be taken for up: `since`, and `pane_since` for a pane's own."""
    return {"since": now - STALE_AFTER, "pane_since": now - PANE_ONLY_STALE_AFTER}


@dataclass(frozen=True, slots=True)
class Entry:
    """A fact on its way in; `call_key` names its call where the connector knows it already."""

    fact: Fact
    call_key: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A record that a pane named for a call, to be checked once the transaction is through."""

    tenant_id: str
    claim: Claim
    call_key: str | None = None


@dataclass(slots=True)
class Work:
    """The state of one transaction's work on one tenant's facts."""

    tenant: Tenant
    before: dict[str, StoredCall | None] = field(default_factory=dict)
    by_calls_id: dict[int, str] = field(default_factory=dict)
    new: set[str] = field(default_factory=set)
    searches: list[Search] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    changed: dict[str, Call] = field(default_factory=dict)
    folded: dict[str, Call] = field(default_factory=dict)
    named: dict[str, frozenset[str]] = field(default_factory=dict)
    logged: dict[str, Call] = field(default_factory=dict)
    heard: list[tuple[int, Presence | None, Presence]] = field(default_factory=list)
    moved: list[tuple[int, bool]] = field(default_factory=list)


class Recorder:
    """Stores facts and draws their consequences. Has no state of its own; safe to share between threads."""

    def __init__(
        self,
        *,
        clock: Clock,
        directory: Directory,
        call_log: CallLog | None,
        log_view: LogView | None,
        new_id: Callable[[], str],
    ) -> None:
        self._clock = clock
        self._directory = directory
        self._call_log = call_log
        self._log_view = log_view
        self._new_id = new_id

    def apply(self, uow: UnitOfWork, tenant: Tenant, entries: Sequence[Entry]) -> Work:
        """Store the facts that are new, refold the calls they touch, and write what follows from it."""
        work = Work(tenant)
        uow.calls.lock(tenant.id)
        keys = {entry.fact.identity: entry.call_key for entry in entries}
        fresh = uow.facts.unknown(tenant.id, [entry.fact for entry in entries])
        for fact in fresh:
            self._take(uow, work, fact, keys[fact.identity])
        self._settle(uow, work)
        for key in list(work.before):
            self._finish(uow, work, key)
        return work

    # -- taking facts in ------------------------------------------------------------------------------------------

    def _take(self, uow: UnitOfWork, work: Work, fact: Fact, key: str | None) -> None:
        tenant_id = work.tenant.id
        if fact.kind == "presence":
            uow.facts.add(tenant_id, fact, call_key=None, subject=_subject(fact, "users_id"))
            self._presence_fact(uow, work, fact)
            return
        if fact.kind in {"unknown", "settings"}:
            uow.facts.add(tenant_id, fact, call_key=None, subject=_subject(fact, "pairing_id"))
            return
        subject = _subject(fact, "dial_id") if fact.kind in {"dialled", "checked"} else None
        if key is None:
            key = self._key_of(uow, work, fact)
        uow.facts.add(tenant_id, fact, call_key=key, subject=subject)
        if key is not None:
            self._touch(uow, work, key)

    def _touch(self, uow: UnitOfWork, work: Work, key: str) -> None:
        if key not in work.before:
            work.before[key] = None if key in work.new else uow.calls.get(key)

    def _key_of(self, uow: UnitOfWork, work: Work, fact: Fact) -> str | None:
        if fact.calls_id is not None:
            key = work.by_calls_id.get(fact.calls_id)
            if key is None:
                stored = uow.calls.by_calls_id(work.tenant.id, fact.calls_id)
                key = stored.key if stored is not None else self._new_key(work)
                work.by_calls_id[fact.calls_id] = key
            return key
        if fact.source == Source.PANE:
            return self._pane_key(uow, work, fact)
        if fact.source == Source.AGENT and fact.kind == "dialled":
            uow.calls.save_dialog(self._dialog(work, fact, None, None))
        if fact.kind == "checked" and fact.content.get("dial_id"):
            dialog = uow.calls.dialog(work.tenant.id, dial_id=str(fact.content["dial_id"]))
            return dialog.call_key if dialog is not None else None
        return None

    def _new_key(self, work: Work) -> str:
        key = self._new_id()
        work.new.add(key)
        return key

    def _dialog(self, work: Work, fact: Fact, known: PaneCall | None, key: str | None) -> PaneCall:
        now = self._clock.now()
        answered = fact.at if fact.kind == "answered" else None
        if known is None:
            return PaneCall(
                id=self._new_id(),
                tenant_id=work.tenant.id,
                users_id=int(fact.content["users_id"]),
                direction=str(fact.content.get("direction", "outbound")),
                number=str(fact.content.get("number", "")),
                at=fact.at,
                seen_at=now,
                dial_id=fact.content.get("dial_id"),
                sip_call_id=fact.sip_call_id,
                answered_at=answered,
                call_key=key,
            )
        return replace(
            known,
            sip_call_id=known.sip_call_id or fact.sip_call_id,
            answered_at=known.answered_at or answered,
            at=fact.at if known.sip_call_id is None else min(known.at, fact.at),
            seen_at=now if known.sip_call_id is None else known.seen_at,
            call_key=known.call_key or key,
        )

    def _pane_key(self, uow: UnitOfWork, work: Work, fact: Fact) -> str:
        known = uow.calls.dialog(
            work.tenant.id, sip_call_id=fact.sip_call_id, dial_id=str(fact.content.get("dial_id") or "") or None
        )
        key = known.call_key if known is not None and known.call_key is not None else self._new_key(work)
        dialog = self._dialog(work, fact, known, key)
        if dialog != known:
            uow.calls.save_dialog(dialog)
        if dialog.dial_id is not None and (known is None or known.call_key is None):
            uow.facts.adopt(work.tenant.id, dialog.dial_id, key)
        return key

    def _presence_fact(self, uow: UnitOfWork, work: Work, fact: Fact) -> None:
        users_id = fact.content.get("users_id")
        told = fact.content.get("presence")
        if isinstance(users_id, int) and isinstance(told, dict):
            self.presence(uow, work, users_id, Presence.from_json(told))

    def presence(
        self,
        uow: UnitOfWork,
        work: Work,
        users_id: int,
        presence: Presence,
        *,
        asked_at: datetime | None = None,
        is_news: Callable[[Presence, Presence], bool] | None = None,
    ) -> None:
        """Keep what FCC says about an agent, and tell their panes when it is news.

        Of two reports the one with FCC's later time counts; but an answer to a question that was put (`asked_at`) after
        the other was heard is what FCC has now, whatever its time. Where `is_news`, given the status that was known
        and the one FCC has, says so, it is told in words as well.
        """
        tenant_id = work.tenant.id
        known = uow.agents.presence(tenant_id, users_id)
        kept = known.presence
        asked_since = asked_at is not None and known.heard_at is not None and known.heard_at <= asked_at
        if kept == presence or not (asked_since or presence.supersedes(kept, now=self._clock.now())):
            uow.agents.save_presence(tenant_id, users_id, None)
            if kept is not None:
                work.heard.append((users_id, kept, kept))
            return
        uow.agents.save_presence(tenant_id, users_id, presence)
        work.heard.append((users_id, kept, presence))
        if kept is not None and (kept.id, kept.until, kept.presence_class) == (
            presence.id,
            presence.until,
            presence.presence_class,
        ):
            return
        told = kept if kept is not None and is_news is not None and is_news(kept, presence) else None
        for attendance in uow.agents.attendances(tenant_id, users_id):
            audience = f"{attendance.pairing_id}:{users_id}"
            uow.events.add(audience, "presence", {"presence": presence.to_pane()})
            if told is not None:
                language = language_of(uow, attendance.pairing_id, users_id)
                uow.events.add(audience, "notice", moved_notice(told, presence, language))

    # -- which dialog is which call -------------------------------------------------------------------------------

    def _settle(self, uow: UnitOfWork, work: Work) -> None:
        """Decide which dialogs are which calls, of those that the new facts can decide anything about.

        What is looked at lies round the calls and dialogs that these facts touch (see `cti.calls.correlation`): it
        does not grow with what was never decided, nor with the age of the database.
        """
        folded = work.folded = {key: self._fold(uow, work, key) for key in work.before}
        by_call_id = work.tenant.correlation == "call-id"
        dialogs = self._open_dialogs(uow, work, by_call_id=by_call_id)
        if not dialogs:
            return
        calls: dict[int, tuple[str, PbxCall]] = {}
        for key, call in folded.items():
            self._candidate(uow, calls, key, call, work.named[key])
        for stored in self._around(uow, work.tenant.id, dialogs, by_call_id=by_call_id):
            if stored.key not in folded:
                named = uow.facts.sip_call_ids(stored.key) if by_call_id else ()
                self._candidate(uow, calls, stored.key, stored.call, named)
        decided = correlate(dialogs, [call for _, call in calls.values()], by_call_id=by_call_id)
        for dialog in dialogs:
            if dialog.id in decided:
                self._attach(uow, work, dialog, calls[decided[dialog.id]][0])

    def _open_dialogs(self, uow: UnitOfWork, work: Work, *, by_call_id: bool) -> list[PaneCall]:
        """The undecided dialogs that these facts are about, or may be about, and those that compete with them."""
        tenant_id = work.tenant.id
        found = uow.calls.open_dialogs_of(work.folded)
        places = [place_of_dialog(dialog) for dialog in found]
        for key, call in work.folded.items():
            seen = pbx_call(call, ())
            if seen is None:
                continue
            places += places_of_call(seen)
            ids = [{"sip_call_id": each} for each in sorted(work.named[key])] if by_call_id else []
            ids += [{"dial_id": seen.dial_id}] if seen.dial_id is not None else []
            named = (uow.calls.dialog(tenant_id, **each) for each in ids)
            found += [dialog for dialog in named if dialog is not None and dialog.users_id in call.agents]
        for place in meeting_places(places):
            seen_from, seen_until = place.seen
            found += uow.calls.open_dialogs(
                tenant_id,
                place.users_id,
                direction=place.direction,
                number=place.number,
                since=seen_from,
                until=seen_until,
            )
        return sorted({each.id: each for each in found if not each.settled}.values(), key=lambda each: each.at)

    @staticmethod
    def _around(
        uow: UnitOfWork, tenant_id: str, dialogs: Sequence[PaneCall], *, by_call_id: bool
    ) -> Iterable[StoredCall]:
        for place in meeting_places(place_of_dialog(dialog) for dialog in dialogs):
            began_from, began_until = place.started
            yield from uow.calls.around(
                tenant_id,
                place.users_id,
                direction=place.direction,
                number=place.number,
                since=began_from,
                until=began_until,
            )
        sip_call_ids = [dialog.sip_call_id for dialog in dialogs if dialog.sip_call_id is not None]
        if by_call_id and sip_call_ids:
            yield from uow.calls.by_sip_call_ids(tenant_id, sip_call_ids)

    @staticmethod
    def _candidate(
        uow: UnitOfWork, into: dict[int, tuple[str, PbxCall]], key: str, call: Call, named: Iterable[str]
    ) -> None:
        if call.calls_id is None or call.calls_id in into:
            return
        settled = [dialog for dialog in uow.calls.dialogs_of_call(key) if dialog.settled]
        seen = pbx_call(call, settled, named)
        if seen is not None:
            into[call.calls_id] = (key, seen)

    def _attach(self, uow: UnitOfWork, work: Work, dialog: PaneCall, key: str) -> None:
        """Put a dialog's facts and FCC's under one key: FCC's where a pane was shown it, else the dialog's."""
        old = dialog.call_key
        for touched in (key, old):
            work.folded.pop(touched or "", None)
        self._touch(uow, work, key)
        if old is None or old == key:
            uow.calls.save_dialog(replace(dialog, call_key=key, settled=True))
            if dialog.dial_id is not None:
                uow.facts.adopt(work.tenant.id, dialog.dial_id, key)
            return
        self._touch(uow, work, old)
        theirs = work.before[key]
        gone, kept = (old, key) if theirs is not None and theirs.shown else (key, old)
        if theirs is not None and gone == key:
            work.logged[kept] = theirs.call
        uow.facts.move(gone, kept)
        for other in uow.calls.dialogs_of_call(gone):
            settled = other.settled or other.id == dialog.id
            uow.calls.save_dialog(replace(other, call_key=kept, settled=settled))
        if gone == key:
            uow.calls.save_dialog(replace(dialog, call_key=kept, settled=True))
        uow.calls.remove(gone)
        work.before.pop(gone, None)
        for calls_id, known in work.by_calls_id.items():
            if known == gone:
                work.by_calls_id[calls_id] = kept

    # -- what follows ---------------------------------------------------------------------------------------------

    @staticmethod
    def _fold(uow: UnitOfWork, work: Work, key: str) -> Call:
        facts = uow.facts.of_call(key)
        pbx = (fact.sip_call_id for fact in facts if fact.source in {Source.FCC, Source.LIST})
        work.named[key] = frozenset(each for each in pbx if each is not None)
        return fold(facts)

    def _finish(self, uow: UnitOfWork, work: Work, key: str) -> None:
        before = work.before[key]
        if before is not None and before.shrunk:
            uow.facts.shrink_calls([key])
            return
        after = work.folded.get(key) or self._fold(uow, work, key)
        if before is not None and before.call == after:
            return
        shown = any(uow.agents.attendances(work.tenant.id, users_id) for users_id in sorted(after.agents))
        stored = StoredCall(key, work.tenant.id, after, shown=shown or (before is not None and before.shown))
        searches = searches_of(uow, work.tenant, stored)
        stored = replace(stored, searching=bool(searches))
        work.searches.extend(searches)
        uow.calls.save(stored)
        work.changed[key] = after
        work.checks.extend(Check(work.tenant.id, claim, key) for claim in after.unchecked)
        if self._call_log is not None:
            logged = work.logged.get(key, before.call if before is not None else None)
            self._call_log.call_changed(uow, tenant_id=work.tenant.id, call_key=key, before=logged, after=after)
        self._tell(uow, work, before, stored)

    def _tell(self, uow: UnitOfWork, work: Work, before: StoredCall | None, stored: StoredCall) -> None:
        agents = stored.call.agents | (before.call.agents if before is not None else frozenset())
        for users_id in sorted(agents):
            attendances = uow.agents.attendances(work.tenant.id, users_id)
            if not attendances:
                continue
            view = self.view(uow, work.tenant, stored, users_id)
            old = None
            if before is not None and users_id in before.call.agents:
                old = self.view(uow, work.tenant, before, users_id)
            for attendance in attendances:
                if view != old:
                    uow.events.add(f"{attendance.pairing_id}:{users_id}", "call", {"call": view})
            up = _is_up(stored, users_id)
            if up is not _is_up(before, users_id) and any(attendance.present for attendance in attendances):
                work.moved.append((users_id, up))

    def forget(self, uow: UnitOfWork, tenant: Tenant, stored: StoredCall, bones: Call) -> None:
        """Keep only the bones of a call, and tell the log and the panes."""
        kept = replace(stored, call=bones, shrunk=True, searching=False)
        uow.calls.save(kept)
        if self._call_log is not None:
            self._call_log.call_changed(uow, tenant_id=tenant.id, call_key=stored.key, before=stored.call, after=bones)
        self.tell_again(uow, tenant, kept)

    def tell_logs(self, uow: UnitOfWork, tenant_id: str, calls_ids: Sequence[int]) -> None:
        """Show these calls, whose logs came to another state, to the panes of their agents.

        Where all panes of an agent have been away for so long that no event would wait for them, there is none; a
        pane that comes back yet is given a snapshot.
        """
        since = self._clock.now() - PANES_MAY_RETURN
        shown: dict[tuple[str, int], list[str]] = {}
        unheard: set[str] = set()
        for key, attendance in uow.calls.attended(tenant_id, calls_ids):
            audience = f"{attendance.pairing_id}:{attendance.users_id}"
            if attendance.present or attendance.seen_at >= since:
                shown.setdefault((key, attendance.users_id), []).append(audience)
            else:
                unheard.add(audience)
        tenant = uow.tenants.get(tenant_id) if shown else None
        events: list[tuple[str, Mapping[str, Any]]] = []
        if tenant is not None:
            calls = uow.calls.of(list(dict.fromkeys(key for key, _ in shown)))
            wanted = [(key, users_id) for key, users_id in shown if users_id in calls[key].call.agents]
            views = self._views(uow, tenant, [(calls[key], users_id) for key, users_id in wanted])
            for each, view in zip(wanted, views, strict=True):
                events += [(audience, {"call": view}) for audience in shown[each]]
        uow.events.add_many("call", events, unheard=unheard)

    def tell_again(self, uow: UnitOfWork, tenant: Tenant, stored: StoredCall) -> None:
        """Show a call as it is now to the panes of its agents."""
        for users_id in sorted(stored.call.agents):
            for attendance in uow.agents.attendances(tenant.id, users_id):
                view = self.view(uow, tenant, stored, users_id)
                uow.events.add(f"{attendance.pairing_id}:{users_id}", "call", {"call": view})

    def view(self, uow: UnitOfWork, tenant: Tenant, stored: StoredCall, users_id: int) -> dict[str, Any]:
        """The CALL object for that agent."""
        return self._views(uow, tenant, [(stored, users_id)])[0]

    def _views(self, uow: UnitOfWork, tenant: Tenant, calls: Sequence[tuple[StoredCall, int]]) -> list[dict[str, Any]]:
        logs: Sequence[Mapping[str, Any]] = [NO_LOG] * len(calls)
        if self._log_view is not None:
            wanted = [(stored.call, users_id) for stored, users_id in calls]
            logs = self._log_view.of(uow, tenant_id=tenant.id, calls=wanted)
        views = []
        for (stored, users_id), log in zip(calls, logs, strict=True):
            campaign = self._directory.known_campaign(tenant.id, stored.call.campaign_id)
            name = campaign.name if campaign is not None else stored.call.queue
            views.append(call_view(stored, users_id, region=tenant.default_region, campaign=name, log=log))
        return views


def language_of(uow: UnitOfWork, pairing_id: str, users_id: int) -> str:
    """The language of an agent's newest session, Polish where there is none."""
    return next((session.language for session in uow.sessions.live_of(pairing_id, users_id)), "pl")


def _is_up(stored: StoredCall | None, users_id: int) -> bool:
    """Whether the agent is in this call, or their phone rings."""
    place = stored.call.leg_of(users_id) if stored is not None else None
    return place is not None and stored is not None and State.ENDED not in {place[1].state, stored.call.state}


def _subject(fact: Fact, key: str) -> str | None:
    value = fact.content.get(key)
    return None if value is None else str(value)[:64]

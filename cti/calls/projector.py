"""What follows from facts, inside the one transaction that stores them: calls projected, panes told, the log handed on.

Nothing here does I/O but SQL.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cti.calls.calls_up import is_up
from cti.calls.milestones import milestones
from cti.calls.search_rules import searches_of
from cti.calls.settling import settle
from cti.calls.work import Check, Work
from cti.domain.call import StoredCall
from cti.domain.facts import Fact, Source
from cti.domain.pane_call import PaneCall
from cti.domain.presence import Presence

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from cti.accounts import Tenant
    from cti.calls.notifier import Notifier
    from cti.calls.ports import LogWriter
    from cti.calls.status_moves import StatusMoves
    from cti.calls.work import Entry
    from cti.clock import Clock
    from cti.domain.presence import Attendance
    from cti.store.unit_of_work import UnitOfWork


class CallProjector:
    """Draws the consequences of facts. Has no state of its own; safe to share between threads.

    `moves` knows which change of status must be told in words.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        call_log: LogWriter,
        notifier: Notifier,
        moves: StatusMoves,
        new_id: Callable[[], str],
    ) -> None:
        self._clock = clock
        self._call_log = call_log
        self._notifier = notifier
        self._moves = moves
        self._new_id = new_id

    def apply(self, uow: UnitOfWork, tenant: Tenant, entries: Sequence[Entry]) -> Work:
        """Store the facts that are new, refold the calls they touch, and write what follows from it."""
        work = Work(tenant)
        uow.calls.lock(tenant.id)
        keys = {entry.fact.identity: entry.call_key for entry in entries}
        fresh = uow.facts.unknown(tenant.id, [entry.fact for entry in entries])
        for fact in fresh:
            self._take(uow, work, fact, keys[fact.identity])
        settle(uow, work)
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
            work.touch(uow, key)

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
            uow.pane_calls.save(self._pane_call(work, fact, None, None))
        if fact.kind == "checked" and fact.content.get("dial_id"):
            pane_call = uow.pane_calls.named(work.tenant.id, dial_id=str(fact.content["dial_id"]))
            return pane_call.call_key if pane_call is not None else None
        return None

    def _new_key(self, work: Work) -> str:
        key = self._new_id()
        work.new.add(key)
        return key

    def _pane_call(self, work: Work, fact: Fact, known: PaneCall | None, key: str | None) -> PaneCall:
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
        known = uow.pane_calls.named(
            work.tenant.id, sip_call_id=fact.sip_call_id, dial_id=str(fact.content.get("dial_id") or "") or None
        )
        key = known.call_key if known is not None and known.call_key is not None else self._new_key(work)
        pane_call = self._pane_call(work, fact, known, key)
        if pane_call != known:
            uow.pane_calls.save(pane_call)
        if pane_call.dial_id is not None and (known is None or known.call_key is None):
            uow.facts.adopt(work.tenant.id, pane_call.dial_id, key)
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
        tell: bool = False,
    ) -> None:
        """Keep what FCC says about an agent, and tell their panes when it is news.

        Of two reports the one with FCC's later time counts; but an answer to a question that was put (`asked_at`) after
        the other was heard is what FCC has now, whatever its time. `tell`: where the agent's panes showed something
        else that no call explains, they are told so in words as well.
        """
        tenant_id = work.tenant.id
        known = uow.agents.presence(tenant_id, users_id)
        kept = known.presence
        asked_since = asked_at is not None and known.heard_at is not None and known.heard_at <= asked_at
        if kept == presence or not (asked_since or presence.supersedes(kept, now=self._clock.now())):
            uow.agents.save_presence(tenant_id, users_id, None)
            if kept is not None:
                work.after.heard.append((users_id, kept, kept))
            return
        uow.agents.save_presence(tenant_id, users_id, presence)
        work.after.heard.append((users_id, kept, presence))
        if kept is not None and (kept.id, kept.until, kept.presence_class) == (
            presence.id,
            presence.until,
            presence.presence_class,
        ):
            return
        attendances = uow.agents.attendances(tenant_id, users_id)
        self._notifier.presence(uow, attendances, presence)
        if tell and kept is not None and self._moves.is_news(tenant_id, users_id, kept, presence):
            self._notifier.status_moved(uow, tenant_id, users_id, attendances, kept, presence)

    # -- what follows ---------------------------------------------------------------------------------------------

    def _finish(self, uow: UnitOfWork, work: Work, key: str) -> None:
        before = work.before[key]
        if before is not None and before.redacted:
            uow.facts.redact_calls([key])
            return
        after = work.folded.get(key) or work.fold(uow, key)
        if before is not None and before.call == after:
            return
        tenant_id, was = work.tenant.id, before.call if before is not None else None
        shown = any(uow.agents.attendances(tenant_id, users_id) for users_id in sorted(after.agents))
        stored = StoredCall(key, tenant_id, after, shown=shown or (before is not None and before.shown))
        searches = searches_of(uow, work.tenant, stored)
        stored = replace(stored, searching=bool(searches))
        work.after.searches.extend(searches)
        uow.calls.save(stored)
        work.changed[key] = after
        work.after.checks.extend(Check(tenant_id, claim, key) for claim in after.unchecked)
        self._call_log.call_changed(uow, tenant_id=tenant_id, after=after)
        agents = after.agents | (was.agents if was is not None else frozenset())
        attendances = {users_id: uow.agents.attendances(tenant_id, users_id) for users_id in sorted(agents)}
        self._notifier.call_changed(uow, work.tenant, before, stored, attendances)
        work.after.moved.extend(_moved(before, stored, attendances))
        reached = milestones(was)
        work.after.milestones.extend((each, after) for each in milestones(after) if each not in reached)


def _moved(
    before: StoredCall | None, stored: StoredCall, attendances: Mapping[int, Sequence[Attendance]]
) -> list[tuple[int, bool]]:
    """Of the agents with a pane those for whom the call began (True) or ended."""
    found = []
    for users_id, rows in attendances.items():
        up = is_up(stored.call, users_id)
        was_up = before is not None and is_up(before.call, users_id)
        if up is not was_up and any(attendance.present for attendance in rows):
            found.append((users_id, up))
    return found


def _subject(fact: Fact, key: str) -> str | None:
    value = fact.content.get(key)
    return None if value is None else str(value)[:64]

"""Turns a call's change into deliveries, inside the transaction that made the change.

A delivery's key in the outbox is `<org>/<tenant>:<calls_id>:<segment>`: the org, for a tenant may be paired with
several, and the Task's external id.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from cti.calllog.mapping import RELATED, call_key, changes, identified, is_logged, task_fields, why_unlogged
from cti.calllog.placeholders import compared, is_late, plain, written
from cti.domain.delivery import key_in_org
from cti.pane_events import LogShown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from cti.accounts import Pairing
    from cti.clock import Clock
    from cti.domain.call import Call, Segment
    from cti.domain.delivery import CallLog, OutboxItem
    from cti.store.unit_of_work import UnitOfWork

KIND: Final = "call"
_NO_LOG: Final = LogShown("none", None, None)


@dataclass(frozen=True)
class Waits:
    """For how long a delivery may wait for others to travel with, in seconds.

    `first`: a call's first delivery, and every later one; `from_record`: the first of a call made from a record that
    the agent has on the screen; `unidentified`: the last one of a call that is over and of which nobody has told yet
    which way it went or with whom, longer than it takes to read FCC's list of calls.
    """

    first: float = 10.0
    from_record: float = 2.0
    unidentified: float = 150.0


class CallLogger:
    """Puts what changed about a call into the outbox. Stateless; safe to share.

    `campaign_name` knows a campaign's name without asking anybody. `unfit` is told the fields of a delivery whose
    values had to be cut or left out.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        waits: Waits | None = None,
        campaign_name: Callable[[str, int], str | None] = lambda _tenant, _campaign: None,
        unfit: Callable[[str], None] = lambda _field: None,
    ) -> None:
        self._clock = clock
        self._waits = waits or Waits()
        self._campaign_name = campaign_name
        self._unfit = unfit

    def call_changed(self, uow: UnitOfWork, *, tenant_id: str, after: Call) -> None:
        """Have every org paired with the tenant told what is new about `after`, in the transaction `uow`.

        What is new is told by what was delivered. Does no I/O but SQL. Does nothing while `calls_id` is unknown, and
        nothing about Tasks that were deleted in Salesforce. Repeating the same change changes nothing.
        """
        if after.calls_id is None:
            return
        for today in uow.pairings.of_tenant(tenant_id):
            pairing = _in_force(uow, today, after)
            for segment in after.segments:
                if after.forgotten:
                    key = _delivery_key(pairing.org_id, tenant_id, after.calls_id, segment.index)
                    uow.outbox.forget(key)
                    uow.call_logs.forget(key)
                elif is_logged(after, segment, pairing):
                    self._segment_changed(uow, pairing, after.calls_id, after, segment)

    def of(self, uow: UnitOfWork, *, tenant_id: str, calls: Sequence[tuple[Call, int]]) -> Sequence[LogShown]:
        """What became of the logs of agents' segments, as panes show it.

        `calls` are calls with an agent's users_id each, as many as you like: the questions are the same.
        """
        org_ids = [pairing.org_id for pairing in uow.pairings.of_tenant(tenant_id)]
        wanted = [
            [_delivery_key(org_id, tenant_id, call.calls_id, _segment_of(call, users_id).index) for org_id in org_ids]
            if call.calls_id is not None
            else []
            for call, users_id in calls
        ]
        keys = list(dict.fromkeys(key for each in wanted for key in each))
        queued = uow.outbox.of(keys)
        logs = uow.call_logs.of(keys)
        found = []
        for each in wanted:
            states = (_state(queued.get(key), logs.get(key)) for key in each)
            found.append(next((state for state in states if state.state != "none"), _NO_LOG))
        return found

    def unlogged(self, uow: UnitOfWork, pairing: Pairing, *, since: datetime) -> Mapping[str, int]:
        """How many calls that ended since then are not logged on purpose, by the setting that says so.

        A call counts once, and not at all where another part of it is logged. `pairing` is today's; each call is judged
        by the settings in force when it began.
        """
        found: Counter[str] = Counter()
        for stored in uow.calls.ended_since(pairing.tenant_id, since):
            then = _in_force(uow, pairing, stored.call)
            reasons = [why_unlogged(stored.call, segment, then) for segment in stored.call.segments]
            if reasons[0] is not None and None not in reasons:
                found[reasons[0]] += 1
        return found

    def _segment_changed(self, uow: UnitOfWork, pairing: Pairing, calls_id: int, after: Call, segment: Segment) -> None:
        key = _delivery_key(pairing.org_id, pairing.tenant_id, calls_id, segment.index)
        # The lock first: a delivery whose outcome is being stored moves fields from the one to the other.
        queued = uow.outbox.get_to_change(key)
        log = uow.call_logs.get(key)
        if log is not None and (log.deleted or log.closed):
            return
        nothing_sent = log is None and (queued is None or _only_waits(queued))
        unfit: list[str] = []
        wanted = task_fields(
            after,
            segment,
            pairing,
            language=_language(uow, pairing),
            campaign=None if after.campaign_id is None else self._campaign_name(pairing.tenant_id, after.campaign_id),
            unfit=unfit.append,
        )
        delivered = log.delivered if log else {}
        base = {
            name: compared(value) for name, value in {**delivered, **(plain(queued.fields) if queued else {})}.items()
        }
        delta = changes(
            wanted,
            base,
            nothing_sent=nothing_sent,
            unsent=_unsent(queued, delivered),
            by_agent=_by_agent(segment),
        )
        if not delta and not (nothing_sent and base.keys() - wanted.keys()):
            return
        for name in unfit:
            self._unfit(name)
        patient = segment.ended_at is not None and not identified(after)
        uow.outbox.put(
            key,
            {name: written(value) for name, value in (wanted if nothing_sent else delta).items()},
            kind=KIND,
            org_id=pairing.org_id,
            pairing_id=pairing.id,
            run_after=self._clock.now() + timedelta(seconds=self._wait(after, first=log is None, patient=patient)),
            replace=nothing_sent,
            not_before=patient,
        )

    def _wait(self, call: Call, *, first: bool, patient: bool) -> float:
        if patient:
            return self._waits.unidentified
        return self._waits.from_record if first and call.clicked is not None else self._waits.first


def _in_force(uow: UnitOfWork, today: Pairing, call: Call) -> Pairing:
    """The pairing as it was when the call began; as it is `today` where nothing was stored by then."""
    then = None
    if call.started_at is not None:
        then = uow.facts.settings_in_force(today.tenant_id, today.id, call.started_at)
    if then is None:
        return today
    return replace(
        today,
        active=then.get("active", today.active),
        off_campaign_id=then.get("off_campaign_id", today.off_campaign_id),
        default_user_id=then.get("default_user_id", today.default_user_id),
        log_other_phones=then.get("log_other_phones", then.get("record_other_phones", today.log_other_phones)),
        campaigns=tuple(then.get("campaigns", today.campaigns)),
    )


def _language(uow: UnitOfWork, pairing: Pairing) -> str:
    """In which language a Task is written that has no owner: Polish for a tenant in Poland, else English."""
    tenant = uow.tenants.get(pairing.tenant_id)
    return "pl" if tenant is None or tenant.default_region == "PL" else "en"


def _delivery_key(org_id: str, tenant_id: str, calls_id: int, segment: int) -> str:
    """The key of a segment's log in the outbox."""
    return key_in_org(org_id, call_key(tenant_id, calls_id, segment))


def read_key(key: str) -> tuple[str, str, int, int]:
    """Org, tenant, calls_id and segment of a key; raises ValueError for anything else."""
    org_id, _, rest = key.partition("/")
    tenant_id, calls_id, segment = rest.rsplit(":", 2)
    return org_id, tenant_id, int(calls_id), int(segment)


class LogNews:
    """Hears from the outbox that logs' states changed, and passes it on as news about calls.

    `tell` is called with the transaction, a tenant and its calls' `calls_id`s; it does nothing but SQL.
    """

    def __init__(self, tell: Callable[[UnitOfWork, str, Sequence[int]], None]) -> None:
        self._tell = tell

    def __call__(self, uow: UnitOfWork, keys: Sequence[str]) -> None:
        """The logs under these keys changed their state."""
        calls: dict[str, dict[int, None]] = {}
        for key in keys:
            _org, tenant_id, calls_id, _segment = read_key(key)
            calls.setdefault(tenant_id, {})[calls_id] = None
        for tenant_id, calls_ids in calls.items():
            self._tell(uow, tenant_id, list(calls_ids))


def _state(queued: OutboxItem | None, log: CallLog | None) -> LogShown:
    task_id = log.task_id if log else None
    if queued is not None and queued.state == "dead":
        return LogShown("failed", task_id, queued.code)
    if log is not None and (task_id is not None or log.deleted or log.closed):
        return LogShown("saved", task_id, log.code)
    if queued is None or not queued.fields:
        return _NO_LOG
    return LogShown("waiting", None, queued.code)


def _segment_of(call: Call, users_id: int) -> Segment:
    """That agent's segment, or the newest one."""
    found = call.leg_of(users_id)
    return found[0] if found is not None else call.last


def _only_waits(queued: OutboxItem) -> bool:
    """Whether nothing of what is queued can have arrived: no attempt is under way, and none ended without an answer."""
    return queued.state != "leased" and not queued.uncertain


def _unsent(queued: OutboxItem | None, delivered: Mapping[str, Any]) -> frozenset[str]:
    """The fields that wait and of which no value was ever sent."""
    if queued is None or not _only_waits(queued):
        return frozenset()
    return frozenset(name for name, value in queued.fields.items() if name not in delivered and not is_late(value))


def _by_agent(segment: Segment) -> frozenset[str]:
    """The fields whose values are the agent's own words in the pane."""
    note = frozenset({"Description"}) if segment.note is not None else frozenset()
    new = segment.related
    linked = segment.unlinked if new is None else new.source == "linked"
    return note | RELATED if linked else note

"""Carries waiting call logs of one org to Salesforce: creations, changes, and questions about what arrived.

What an org does not take, be it a field, a customer or a whole request because of one log, costs as little of the log
as may be and nothing of another's.

Source: REST API Developer Guide, "sObject Collections"; Object Reference, "Task".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cti.calllog.errors import FieldsMissingError, WithoutReferencesError, WithoutValuesError
from cti.calllog.judging import Judge, as_unknown, org_trouble, row_trouble, suspect
from cti.calllog.lookup import arrived, external_id, given_there, tasks_of
from cti.calllog.mapping import CREATE_ONLY, PERSONS_OWN, UNTIL_IDENTIFIED
from cti.calllog.narrowing import Failed
from cti.calllog.placeholders import late, plain
from cti.calllog.references import REFERENCES
from cti.calllog.sending import Batch, gone, sender, with_less
from cti.calllog.telling import tell_delivered
from cti.calllog.trouble import trouble_of
from cti.domain.delivery import Result, Verdict
from cti.errors import ConnectorError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cti.calllog.guard import FieldGuard, Takes
    from cti.calllog.ports import Orgs
    from cti.calllog.resolve import Resolver
    from cti.clock import Clock
    from cti.domain.delivery import Delivery
    from cti.domain.salesforce import RowResult

BATCH: Final = 200

_NOT_THERE: Final = Result("again", wait=0, counts=False)
"""It did not arrive, so it is sent now; that it was asked for is no failure of its own."""


class TaskCarrier:
    """Delivers call logs. Safe to share between threads."""

    def __init__(self, orgs: Orgs, resolver: Resolver, guard: FieldGuard, clock: Clock) -> None:
        self._orgs = orgs
        self._resolver = resolver
        self._guard = guard
        self._judge = Judge(clock)

    def carry(self, org_id: str, deliveries: Sequence[Delivery]) -> list[Result]:
        """Deliver up to 200 logs of one org; a result for each, in order. Raises nothing that Salesforce causes."""
        try:
            org = self._orgs.org(org_id)
        except ConnectorError as error:
            return [org_trouble(trouble_of(error))] * len(deliveries)
        batch = Batch(org_id, org)
        doubtful = [delivery for delivery in deliveries if delivery.sent is not None]
        certain = [delivery for delivery in deliveries if delivery.sent is None]
        if self._judge.rest(org_id) > 0:
            batch.answers |= {delivery.key: Failed(None, sent=False) for delivery in certain if suspect(delivery)}
            certain = [delivery for delivery in certain if not suspect(delivery)]
        self._part(batch, doubtful, self._look, 0)
        for at_once in sorted({_at_once(delivery) for delivery in certain}, reverse=True):
            part = [delivery for delivery in certain if _at_once(delivery) == at_once]
            self._part(batch, [delivery for delivery in part if delivery.record_id is None], self._create, at_once)
            self._part(batch, [delivery for delivery in part if delivery.record_id is not None], self._update, at_once)
        results = self._judge.results(batch, deliveries)
        tell_delivered(org_id, deliveries, results)
        return results

    def missing(self, org_id: str) -> str | None:
        """What the org does not take now, as the detail of a held delivery; None when it cannot be asked."""
        try:
            return _in_words(self._guard.takes(org_id, self._orgs.org(org_id)))
        except ConnectorError:
            return None

    @staticmethod
    def _part(
        batch: Batch,
        deliveries: Sequence[Delivery],
        deliver: Callable[[Batch, Sequence[Delivery], int], Mapping[str, Result | Failed]],
        at_once: int,
    ) -> None:
        """Deliver a part of the batch, unless the org is in trouble: then nothing of it is sent."""
        if not deliveries:
            return
        if batch.trouble is not None:
            batch.answers |= {delivery.key: Failed(batch.trouble, sent=False) for delivery in deliveries}
            return
        try:
            batch.answers |= deliver(batch, deliveries, at_once)
        except ConnectorError as error:
            batch.answers |= {delivery.key: Failed(trouble_of(error)) for delivery in deliveries}

    # -- what arrived? --------------------------------------------------------------------------------------------

    def _look(self, batch: Batch, deliveries: Sequence[Delivery], _at_once: int) -> dict[str, Result | Failed]:
        """Read before repeating: deliveries whose last attempt was never answered."""
        takes = self._guard.takes(batch.org_id, batch.org)
        held = tasks_of(batch.org, deliveries)
        return {each.key: self._seen(each, held.get(external_id(each), []), takes) for each in deliveries}

    def _seen(self, delivery: Delivery, rows: Sequence[Mapping[str, Any]], takes: Takes) -> Result:
        live = [row for row in rows if row.get("IsDeleted") is not True]
        if not live:
            # Created here and not there any more: deleted. Never seen there: never created.
            return Result("gone", code="salesforce-record-deleted") if rows or delivery.record_id else _NOT_THERE
        row = live[0]
        sent = delivery.sent or {}
        if delivery.record_id is None or arrived(sent, row):
            return self._done(delivery, str(row["Id"]), sent, takes)
        return _NOT_THERE

    # -- sending --------------------------------------------------------------------------------------------------

    def _create(self, batch: Batch, deliveries: Sequence[Delivery], at_once: int) -> dict[str, Result | Failed]:
        self._guard.takes(batch.org_id, batch.org)
        resolved = self._resolver.resolve(batch.org_id, batch.org, [plain(delivery.fields) for delivery in deliveries])
        rows = [{name: value for name, value in row.items() if value is not None} for row in resolved]
        send = sender(self._guard, batch, batch.org.create, lambda takes: takes.create)
        answers: list[RowResult | Failed] = batch.narrowing.send(rows, send, at_once=at_once)
        without = with_less(batch, rows, answers, send, at_once)
        takes = self._guard.takes(batch.org_id, batch.org)
        return {
            delivery.key: answer
            if isinstance(answer, Failed)
            else self._created(delivery, answer, without.get(place, frozenset()), takes)
            for place, (delivery, answer) in enumerate(zip(deliveries, answers, strict=True))
        }

    def _created(self, delivery: Delivery, answer: RowResult, without: frozenset[str], takes: Takes) -> Result:
        if answer.error is None:
            return self._done(delivery, answer.record_id, delivery.fields, takes, without)
        if answer.error.verdict is Verdict.DUPLICATE and answer.error.record_id is not None:
            # Created by an attempt that nobody remembers. What belongs to people is not sent again, the rest is.
            mine = {name: value for name, value in delivery.fields.items() if name in PERSONS_OWN | CREATE_ONLY}
            return Result("done", record_id=answer.error.record_id, delivered=mine)
        if answer.error.verdict is Verdict.DUPLICATE:
            return as_unknown(answer.error)
        return row_trouble(answer.error)

    def _update(self, batch: Batch, deliveries: Sequence[Delivery], at_once: int) -> dict[str, Result | Failed]:
        takes = self._guard.takes(batch.org_id, batch.org)
        resolved = self._resolver.resolve(batch.org_id, batch.org, [plain(delivery.fields) for delivery in deliveries])
        taken = given_there(batch.org, deliveries, takes)
        rows = [
            {
                "Id": delivery.record_id,
                **{
                    name: value
                    for name, value in row.items()
                    if name not in CREATE_ONLY | taken.get(delivery.key, set())
                },
            }
            for delivery, row in zip(deliveries, resolved, strict=True)
        ]
        results: dict[str, Result | Failed] = {
            delivery.key: self._done(delivery, delivery.record_id, delivery.fields, takes)
            for delivery, row in zip(deliveries, rows, strict=True)
            if not row.keys() & takes.update
        }
        places = [place for place, delivery in enumerate(deliveries) if delivery.key not in results]
        changed, sent = [deliveries[place] for place in places], [rows[place] for place in places]
        send = sender(self._guard, batch, batch.org.update, lambda takes: takes.update | {"Id"})
        answers: list[RowResult | Failed] = batch.narrowing.send(sent, send, at_once=at_once)
        deleted = gone(batch.org, sent, answers)
        without = with_less(batch, sent, answers, send, at_once, deleted)
        takes = self._guard.takes(batch.org_id, batch.org)
        for place, (delivery, answer) in enumerate(zip(changed, answers, strict=True)):
            if place in deleted:
                results[delivery.key] = Result("gone", code="salesforce-record-deleted")
            elif isinstance(answer, Failed):
                results[delivery.key] = answer
            elif answer.error is None:
                results[delivery.key] = self._done(
                    delivery, delivery.record_id, delivery.fields, takes, without.get(place, frozenset())
                )
            else:
                results[delivery.key] = row_trouble(answer.error)
        return results

    def _done(
        self,
        delivery: Delivery,
        record_id: str | None,
        sent: Mapping[str, Any],
        takes: Takes,
        without: frozenset[str] = frozenset(),
    ) -> Result:
        """It arrived, but for what the org does not take and what it refused."""
        allowed = takes.create if delivery.record_id is None else takes.update
        kept = {
            name: late(value) if name in UNTIL_IDENTIFIED else value
            for name, value in sent.items()
            if name not in allowed and name not in CREATE_ONLY
        }
        for name in sorted(sent.keys() - allowed):
            if delivery.record_id is None or name not in CREATE_ONLY:
                self._guard.left_out(name, "missing")
        for name in sorted(without):
            self._guard.left_out(name, "refused")
        code = FieldsMissingError.code if kept else ""
        if without:
            code = WithoutReferencesError.code if without & REFERENCES else WithoutValuesError.code
        return Result(
            "done",
            record_id=record_id,
            delivered={name: value for name, value in sent.items() if name not in kept},
            code=code,
            detail=_in_words(takes) if kept else "",
            held=kept,
        )


def _in_words(takes: Takes) -> str:
    return ", ".join(takes.missing)


def _at_once(delivery: Delivery) -> int:
    """With how many others it may travel: fewer, the oftener the org's automation could not cope with so many."""
    if suspect(delivery):
        return 1
    if delivery.code == "salesforce-automation-limit":
        return max(1, BATCH >> (3 * delivery.attempts))
    return BATCH

"""How the records of a batch are sent: without what the org does not take, and again without what it refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cti.calllog.guard import FIELD_CODES, TABLE
from cti.calllog.lookup import still_there
from cti.calllog.narrowing import Failed, Narrowing
from cti.calllog.references import ROUNDS, Leaving
from cti.calllog.trouble import trouble_of
from cti.domain.delivery import Verdict
from cti.domain.salesforce import RowResult
from cti.errors import ConnectorError

if TYPE_CHECKING:
    from cti.calllog.guard import FieldGuard, Takes
    from cti.calllog.ports import Org
    from cti.domain.delivery import Result
    from cti.domain.salesforce import Trouble

FieldValues = Mapping[str, Any]
Send = Callable[[Sequence[FieldValues]], list["RowResult"]]

_LEARN: Final = 3
_MAYBE_GONE: Final = frozenset({"INVALID_CROSS_REFERENCE_KEY"})


@dataclass
class Batch:
    """One org's batch on its way."""

    org_id: str
    org: Org
    narrowing: Narrowing = field(default_factory=Narrowing)
    answers: dict[str, Result | Failed] = field(default_factory=dict)

    @property
    def trouble(self) -> Trouble | None:
        """What the org is in trouble with, once a request failed for no record's sake."""
        failed = (answer for answer in self.answers.values() if isinstance(answer, Failed) and not answer.alone)
        return next((answer.error for answer in failed if answer.error is not None), None)


def sender(
    guard: FieldGuard,
    batch: Batch,
    write: Callable[[str, Sequence[FieldValues]], Sequence[RowResult]],
    allowed: Callable[[Takes], frozenset[str]],
) -> Send:
    """How records are sent: without the fields that the org does not take, also where that shows only now."""

    def send(rows: Sequence[FieldValues]) -> list[RowResult]:
        answers: dict[int, RowResult] = {}
        places = list(range(len(rows)))
        for last in (*[False] * _LEARN, True):
            known = allowed(guard.takes(batch.org_id, batch.org))
            part = [{name: value for name, value in rows[place].items() if name in known} for place in places]
            try:
                answers |= zip(places, write(TABLE, part), strict=True)
            except ConnectorError as error:
                if last or not _learns(guard, batch, trouble_of(error)):
                    raise
                continue
            refused = {place: found for place in places if (found := _about_fields(answers[place])) is not None}
            if last or not refused or not _learns(guard, batch, next(iter(refused.values()))):
                break
            places = list(refused)
        return [answers[place] for place in range(len(rows))]

    return send


def _learns(guard: FieldGuard, batch: Batch, error: Trouble) -> bool:
    return error.salesforce_code in FIELD_CODES and guard.refused(batch.org_id, batch.org, error)


def with_less(
    batch: Batch,
    rows: Sequence[FieldValues],
    answers: list[RowResult | Failed],
    send: Send,
    at_once: int,
    settled: frozenset[int] = frozenset(),
) -> dict[int, frozenset[str]]:
    """Send refused records again without what they were refused for; by place, what was left out in the end."""
    leavings: dict[int, Leaving] = {}
    for _ in range(ROUNDS):
        again: list[int] = []
        for place, answer in enumerate(answers):
            if isinstance(answer, Failed) or answer.error is None or place in settled:
                continue
            leaving = leavings.setdefault(place, Leaving(rows[place]))
            if leaving.after(answer.error):
                again.append(place)
        for place in [place for place in again if leavings[place].row.keys() <= {"Id"}]:
            answers[place] = RowResult(rows[place]["Id"])  # nothing is left to send
            again.remove(place)
        if not again:
            break
        sent = batch.narrowing.send([leavings[place].row for place in again], send, at_once=max(at_once, 1))
        for place, answer in zip(again, sent, strict=True):
            answers[place] = answer
    return {place: leaving.without for place, leaving in leavings.items()}


def gone(org: Org, rows: Sequence[FieldValues], answers: list[RowResult | Failed]) -> frozenset[int]:
    """The places of those records that are not there any more: that is asked of the Task itself.

    A refusal that says "deleted" may speak of the customer as well.
    """
    maybe = {
        place: str(rows[place]["Id"])
        for place, answer in enumerate(answers)
        if not isinstance(answer, Failed) and answer.error is not None and _may_be_gone(answer.error)
    }
    try:
        there = still_there(org, maybe.values())
    except ConnectorError as error:
        for place in maybe:
            answers[place] = Failed(trouble_of(error), sent=False)
        return frozenset()
    return frozenset(place for place, record_id in maybe.items() if record_id not in there)


def _about_fields(answer: RowResult) -> Trouble | None:
    """The trouble with a row, where it is one with the fields that were sent."""
    return answer.error if answer.error is not None and answer.error.salesforce_code in FIELD_CODES else None


def _may_be_gone(error: Trouble) -> bool:
    return error.verdict is Verdict.GONE or error.code == "salesforce-not-found" or error.salesforce_code in _MAYBE_GONE

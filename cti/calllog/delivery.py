"""Carries waiting call logs of one org to Salesforce: creations, changes, and questions about what arrived.

What an org does not take, be it a field, a customer or a whole request because of one log, costs as little of the log
as may be and nothing of another's.

Source: REST API Developer Guide, "sObject Collections"; Object Reference, "Task".
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import structlog

from cti.calllog.errors import (
    FieldsMissingError,
    RequestRefusedError,
    WithoutReferencesError,
    WithoutValuesError,
)
from cti.calllog.guard import FIELD_CODES, TABLE, FieldGuard
from cti.calllog.mapping import CREATE_ONLY, PERSONS_OWN, UNTIL_IDENTIFIED, is_late, late, plain
from cti.calllog.narrowing import Failed, Narrowing
from cti.calllog.references import REFERENCES, ROUNDS, Leaving
from cti.domain.delivery import Result
from cti.domain.org_fields import CALL_ID
from cti.errors import ConnectorError

if TYPE_CHECKING:
    from cti.calllog.guard import Takes
    from cti.calllog.ports import Org, Orgs, Row, Trouble
    from cti.calllog.resolve import Resolver
    from cti.clock import Clock

FieldValues = Mapping[str, Any]
Send = Callable[[Sequence[FieldValues]], list["Row"]]

BATCH: Final = 200
REFUSED_WAIT_S: Final = 300.0
"""How long logs wait that the org refused with everything that was sent beside them."""
_LEARN: Final = 3
_IN_MAX: Final = 100
_MAYBE_GONE: Final = frozenset({"INVALID_CROSS_REFERENCE_KEY"})

_log = structlog.get_logger("cti.calllog")


class Load(Protocol):
    """One delivery."""

    @property
    def key(self) -> str:
        """The delivery's key; what follows its slash is the Task's external id."""
        ...

    @property
    def fields(self) -> Mapping[str, Any]:
        """What to deliver, with placeholders."""
        ...

    @property
    def sent(self) -> Mapping[str, Any] | None:
        """What the attempt before carried, when its outcome is unknown."""
        ...

    @property
    def record_id(self) -> str | None:
        """The Task's id; None: it is to be created."""
        ...

    @property
    def attempts(self) -> int:
        """How often it failed before."""
        ...

    @property
    def code(self) -> str | None:
        """Why it failed the last time."""
        ...


_NOT_THERE: Final = Result("again", wait=0, counts=False)
"""It did not arrive, so it is sent now; that it was asked for is no failure of its own."""


@dataclass(frozen=True)
class _Taken:
    """The answer to a record of which nothing was left to send."""

    record_id: str | None
    error: None = None


@dataclass
class _Batch:
    """One org's batch on its way."""

    org_id: str
    org: Org
    narrowing: Narrowing
    answers: dict[str, Result | Failed]

    @property
    def trouble(self) -> ConnectorError | None:
        """What the org is in trouble with, once a request failed for no record's sake."""
        failed = (answer for answer in self.answers.values() if isinstance(answer, Failed) and not answer.alone)
        return next((answer.error for answer in failed if answer.error is not None), None)


class TaskCarrier:
    """Delivers call logs. Safe to share between threads."""

    def __init__(self, orgs: Orgs, resolver: Resolver, guard: FieldGuard, clock: Clock) -> None:
        self._orgs = orgs
        self._resolver = resolver
        self._guard = guard
        self._clock = clock
        self._lock = threading.Lock()
        self._refusing: dict[str, float] = {}

    def carry(self, org_id: str, loads: Sequence[Load]) -> list[Result]:
        """Deliver up to 200 logs of one org; results in the order of `loads`. Raises nothing that Salesforce causes."""
        try:
            org = self._orgs.org(org_id)
        except ConnectorError as error:
            return [_org_trouble(error)] * len(loads)
        batch = _Batch(org_id, org, Narrowing(), {})
        doubtful = [load for load in loads if load.sent is not None]
        certain = [load for load in loads if load.sent is None]
        if self._rest(org_id) > 0:
            batch.answers |= {load.key: Failed(None, sent=False) for load in certain if _suspect(load)}
            certain = [load for load in certain if not _suspect(load)]
        self._part(batch, doubtful, self._look, 0)
        for at_once in sorted({_at_once(load) for load in certain}, reverse=True):
            part = [load for load in certain if _at_once(load) == at_once]
            self._part(batch, [load for load in part if load.record_id is None], self._create, at_once)
            self._part(batch, [load for load in part if load.record_id is not None], self._update, at_once)
        return self._judged(batch, loads)

    def _rest(self, org_id: str) -> float:
        """For how many seconds an org that refuses everything is not asked again about what it refused alone."""
        with self._lock:
            return self._refusing.get(org_id, 0.0) - self._clock.monotonic()

    def missing(self, org_id: str) -> str | None:
        """What the org does not take now, as the detail of a held delivery; None when it cannot be asked."""
        try:
            return _in_words(self._guard.takes(org_id, self._orgs.org(org_id)))
        except ConnectorError:
            return None

    @staticmethod
    def _part(
        batch: _Batch,
        loads: Sequence[Load],
        deliver: Callable[[_Batch, Sequence[Load], int], Mapping[str, Result | Failed]],
        at_once: int,
    ) -> None:
        """Deliver a part of the batch, unless the org is in trouble: then nothing of it is sent."""
        if not loads:
            return
        if batch.trouble is not None:
            batch.answers |= {load.key: Failed(batch.trouble, sent=False) for load in loads}
            return
        try:
            batch.answers |= deliver(batch, loads, at_once)
        except ConnectorError as error:
            batch.answers |= {load.key: Failed(error) for load in loads}

    # -- what arrived? --------------------------------------------------------------------------------------------

    def _look(self, batch: _Batch, loads: Sequence[Load], _at_once: int) -> dict[str, Result | Failed]:
        """Read before repeating: deliveries whose last attempt was never answered."""
        org = batch.org
        takes = self._guard.takes(batch.org_id, org)
        fields = sorted(
            {name for load in loads if load.record_id for name in load.sent or () if name not in CREATE_ONLY}
            & org.fields_of(TABLE)
        )
        held: dict[str, list[Mapping[str, Any]]] = {}
        keys = sorted(_external_id(load) for load in loads)
        for start in range(0, len(keys), _IN_MAX):
            for row in org.find(
                TABLE,
                ("Id", CALL_ID, "IsDeleted", *fields),
                CALL_ID,
                keys[start : start + _IN_MAX],
                include_deleted=True,
            ):
                held.setdefault(str(row.get(CALL_ID)), []).append(row)
        return {load.key: self._seen(load, held.get(_external_id(load), []), takes) for load in loads}

    def _seen(self, load: Load, rows: Sequence[Mapping[str, Any]], takes: Takes) -> Result:
        live = [row for row in rows if row.get("IsDeleted") is not True]
        if not live:
            # Created here and not there any more: deleted. Never seen there: never created.
            return Result("gone", code="salesforce-record-deleted") if rows or load.record_id else _NOT_THERE
        row = live[0]
        sent = load.sent or {}
        if load.record_id is None or _arrived(sent, row):
            return self._done(load, str(row["Id"]), sent, takes)
        return _NOT_THERE

    # -- sending --------------------------------------------------------------------------------------------------

    def _create(self, batch: _Batch, loads: Sequence[Load], at_once: int) -> dict[str, Result | Failed]:
        self._guard.takes(batch.org_id, batch.org)
        resolved = self._resolver.resolve(batch.org_id, batch.org, [plain(load.fields) for load in loads])
        rows = [{name: value for name, value in row.items() if value is not None} for row in resolved]
        send = self._sender(batch, batch.org.create, lambda takes: takes.create)
        answers: list[Row | Failed] = batch.narrowing.send(rows, send, at_once=at_once)
        without = self._with_less(batch, rows, answers, send, at_once)
        takes = self._guard.takes(batch.org_id, batch.org)
        return {
            load.key: answer
            if isinstance(answer, Failed)
            else self._created(load, answer, without.get(place, frozenset()), takes)
            for place, (load, answer) in enumerate(zip(loads, answers, strict=True))
        }

    def _created(self, load: Load, answer: Row, without: frozenset[str], takes: Takes) -> Result:
        if answer.error is None:
            return self._done(load, answer.record_id, load.fields, takes, without)
        if answer.error.verdict == "duplicate" and answer.error.record_id is not None:
            # Created by an attempt that nobody remembers. What belongs to people is not sent again, the rest is.
            mine = {name: value for name, value in load.fields.items() if name in PERSONS_OWN | CREATE_ONLY}
            return Result("done", record_id=answer.error.record_id, delivered=mine)
        if answer.error.verdict == "duplicate":
            return _as_unknown(answer.error)
        return _row_trouble(answer.error)

    def _update(self, batch: _Batch, loads: Sequence[Load], at_once: int) -> dict[str, Result | Failed]:
        takes = self._guard.takes(batch.org_id, batch.org)
        resolved = self._resolver.resolve(batch.org_id, batch.org, [plain(load.fields) for load in loads])
        taken = self._given_there(batch.org, loads, takes)
        rows = [
            {
                "Id": load.record_id,
                **{name: value for name, value in row.items() if name not in CREATE_ONLY | taken.get(load.key, set())},
            }
            for load, row in zip(loads, resolved, strict=True)
        ]
        results: dict[str, Result | Failed] = {
            load.key: self._done(load, load.record_id, load.fields, takes)
            for load, row in zip(loads, rows, strict=True)
            if not row.keys() & takes.update
        }
        places = [place for place, load in enumerate(loads) if load.key not in results]
        changed, sent = [loads[place] for place in places], [rows[place] for place in places]
        send = self._sender(batch, batch.org.update, lambda takes: takes.update | {"Id"})
        answers: list[Row | Failed] = batch.narrowing.send(sent, send, at_once=at_once)
        gone = self._gone(batch.org, sent, answers)
        without = self._with_less(batch, sent, answers, send, at_once, gone)
        takes = self._guard.takes(batch.org_id, batch.org)
        for place, (load, answer) in enumerate(zip(changed, answers, strict=True)):
            if place in gone:
                results[load.key] = Result("gone", code="salesforce-record-deleted")
            elif isinstance(answer, Failed):
                results[load.key] = answer
            elif answer.error is None:
                results[load.key] = self._done(
                    load, load.record_id, load.fields, takes, without.get(place, frozenset())
                )
            else:
                results[load.key] = _row_trouble(answer.error)
        return results

    def _sender(
        self,
        batch: _Batch,
        write: Callable[[str, Sequence[FieldValues]], Sequence[Row]],
        allowed: Callable[[Takes], frozenset[str]],
    ) -> Send:
        """How records are sent: without the fields that the org does not take, also where that shows only now."""

        def send(rows: Sequence[FieldValues]) -> list[Row]:
            answers: dict[int, Row] = {}
            places = list(range(len(rows)))
            for last in (*[False] * _LEARN, True):
                known = allowed(self._guard.takes(batch.org_id, batch.org))
                part = [{name: value for name, value in rows[place].items() if name in known} for place in places]
                try:
                    answers |= zip(places, write(TABLE, part), strict=True)
                except ConnectorError as error:
                    if last or not self._learns(batch, error):
                        raise
                    continue
                refused = [place for place in places if _about_fields(answers[place])]
                if last or not refused or not self._learns(batch, answers[refused[0]].error):
                    break
                places = refused
            return [answers[place] for place in range(len(rows))]

        return send

    def _learns(self, batch: _Batch, error: Any) -> bool:
        return getattr(error, "salesforce_code", "") in FIELD_CODES and self._guard.refused(
            batch.org_id, batch.org, error
        )

    def _with_less(
        self,
        batch: _Batch,
        rows: Sequence[FieldValues],
        answers: list[Row | Failed],
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
                answers[place] = _Taken(rows[place]["Id"])
                again.remove(place)
            if not again:
                break
            sent = batch.narrowing.send([leavings[place].row for place in again], send, at_once=max(at_once, 1))
            for place, answer in zip(again, sent, strict=True):
                answers[place] = answer
        return {place: leaving.without for place, leaving in leavings.items()}

    @staticmethod
    def _gone(org: Org, rows: Sequence[FieldValues], answers: list[Row | Failed]) -> frozenset[int]:
        """The places of those records that are not there any more: that is asked of the Task itself.

        A refusal that says "deleted" may speak of the customer as well.
        """
        maybe = {
            place: str(rows[place]["Id"])
            for place, answer in enumerate(answers)
            if not isinstance(answer, Failed) and answer.error is not None and _may_be_gone(answer.error)
        }
        there: set[str] = set()
        ids = sorted(set(maybe.values()))
        try:
            for start in range(0, len(ids), _IN_MAX):
                part = ids[start : start + _IN_MAX]
                found = org.find(TABLE, ("Id", "IsDeleted"), "Id", part, include_deleted=True)
                there |= {str(row["Id"]) for row in found if row.get("IsDeleted") is not True}
        except ConnectorError as error:
            for place in maybe:
                answers[place] = Failed(error, sent=False)
            return frozenset()
        return frozenset(place for place, record_id in maybe.items() if record_id not in there)

    @staticmethod
    def _given_there(org: Org, loads: Sequence[Load], takes: Takes) -> dict[str, set[str]]:
        """By key, the late fields that somebody filled meanwhile: what people did there is not undone.

        The owner counts as given once it is another than the one who created the Task.
        """
        lates = {
            load.key: {name for name, value in load.fields.items() if is_late(value) and name in takes.update}
            for load in loads
        }
        ids = {str(load.record_id): load.key for load in loads if lates[load.key]}
        names = sorted(set().union(*lates.values()) & org.fields_of(TABLE)) if ids else []
        given: dict[str, set[str]] = {}
        records = sorted(ids)
        for start in range(0, len(records), _IN_MAX):
            fields = dict.fromkeys(("Id", "CreatedById", *names))
            for row in org.find(TABLE, tuple(fields), "Id", records[start : start + _IN_MAX]):
                key = ids.get(str(row["Id"]))
                if key is None:
                    continue
                free = {"OwnerId"} if row.get("OwnerId") == row.get("CreatedById") else set()
                given[key] = {name for name in lates[key] - free if row.get(name) not in {None, ""}}
        return given

    def _done(
        self,
        load: Load,
        record_id: str | None,
        sent: Mapping[str, Any],
        takes: Takes,
        without: frozenset[str] = frozenset(),
    ) -> Result:
        """It arrived, but for what the org does not take and what it refused."""
        allowed = takes.create if load.record_id is None else takes.update
        kept = {
            name: late(name, value) for name, value in sent.items() if name not in allowed and name not in CREATE_ONLY
        }
        for name in sorted(sent.keys() - allowed):
            if load.record_id is None or name not in CREATE_ONLY:
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

    # -- judging --------------------------------------------------------------------------------------------------

    def _judged(self, batch: _Batch, loads: Sequence[Load]) -> list[Result]:
        """The results, now that it is known whether a refused request was one log's fault or the org's."""
        narrowing = batch.narrowing
        failed = {key: answer for key, answer in batch.answers.items() if isinstance(answer, Failed)}
        alone = {key for key, answer in failed.items() if answer.alone}
        fresh = any(load.key in failed and not _suspect(load) for load in loads)
        with self._lock:
            if narrowing.took:
                self._refusing.pop(batch.org_id, None)
            elif narrowing.hopeless or (alone and batch.org_id in self._refusing):
                self._refusing[batch.org_id] = self._clock.monotonic() + REFUSED_WAIT_S
            refusing = batch.org_id in self._refusing
        rest = max(0.0, self._rest(batch.org_id))
        if batch.trouble is not None:
            _log.warning("call-logs-held-up", org=batch.org_id, code=getattr(batch.trouble, "code", ""))
        if alone:
            _log.warning("call-logs-refused", org=batch.org_id, count=len(alone), whole_org=refusing)
        first = next((failed[key].error for key in sorted(alone)), None)
        codes = {load.key: load.code or "" for load in loads}
        results: dict[str, Result] = {}
        for key, answer in batch.answers.items():
            if not isinstance(answer, Failed):
                results[key] = answer
            elif answer.alone and answer.error is not None:
                results[key] = _refused(answer.error, whole_org=refusing and fresh, wait=rest + 1 if refusing else None)
            elif answer.error is not None:
                results[key] = _org_trouble(answer.error, sent=answer.sent)
            elif refusing and fresh:
                results[key] = Result("again", code=codes[key] or getattr(first, "code", ""), whole_org=True)
            else:
                # Not tried yet: those that were tried are behind it the next time.
                results[key] = Result("again", code=codes[key], wait=rest, counts=False)
        return [results[load.key] for load in loads]


def _external_id(load: Load) -> str:
    return load.key.partition("/")[2]


def _suspect(load: Load) -> bool:
    """Whether it was refused alone before, so that it had better travel alone."""
    return load.code == RequestRefusedError.code


def _at_once(load: Load) -> int:
    """With how many others it may travel: fewer, the oftener the org's automation could not cope with so many."""
    if _suspect(load):
        return 1
    if load.code == "salesforce-automation-limit":
        return max(1, BATCH >> (3 * load.attempts))
    return BATCH


def _in_words(takes: Takes) -> str:
    return ", ".join(takes.missing)


def _about_fields(answer: Row) -> bool:
    return answer.error is not None and answer.error.salesforce_code in FIELD_CODES


def _may_be_gone(error: Trouble) -> bool:
    return error.verdict == "gone" or error.code == "salesforce-not-found" or error.salesforce_code in _MAYBE_GONE


def _arrived(sent: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether the record holds what was sent. A change arrives whole or not at all, so one telling field is enough.

    Fields that people edit tell only when nothing else was sent; placeholders tell nothing.
    """
    telling = [name for name in sent if name in row and not isinstance(sent[name], dict)]
    ours = [name for name in telling if name not in UNTIL_IDENTIFIED]
    judged = ours or telling
    return bool(judged) and all(_same(sent[name], row[name]) for name in judged)


def _same(sent: Any, held: Any) -> bool:
    if isinstance(sent, str | int) and isinstance(held, float):
        return float(sent) == held
    return bool(sent == held) or (sent in ("", None) and held in ("", None))


def _as_unknown(error: Trouble) -> Result:
    return Result("unknown", code=error.code, detail=error.detail, wait=0)


def _row_trouble(error: Trouble) -> Result:
    """One delivery's error; `detail` is for the administrator."""
    if error.verdict in {"again", "wait", "refresh"}:
        return Result("again", code=error.code, detail=error.detail, wait=error.retry_after)
    if error.verdict == "unknown":
        return Result("unknown", code=error.code, detail=error.detail)
    return Result("dead", code=error.code, detail=f"{error.salesforce_code}: {error.detail}")


def _refused(error: ConnectorError, *, whole_org: bool, wait: float | None) -> Result:
    """A request of this log alone was refused: its own fault, unless everything is refused: then it has a `wait`."""
    return Result(
        "again",
        code=RequestRefusedError.code,
        detail=f"{getattr(error, 'salesforce_code', '')}: {getattr(error, 'detail', '')}",
        wait=None if whole_org else wait,
        whole_org=whole_org,
        counts=wait is None,
    )


def _org_trouble(error: ConnectorError, *, sent: bool = True) -> Result:
    """The error of a whole request: nobody's fault in particular, so every delivery waits for the org.

    Of what was not `sent` nothing is unknown; doubts of before stay doubts.
    """
    verdict = getattr(error, "verdict", "again")
    wait = getattr(error, "retry_after", None)
    return Result(
        "unknown" if verdict == "unknown" and sent else "again",
        code=error.code,
        detail=str(getattr(error, "detail", "")) if sent else "",
        wait=wait if isinstance(wait, float | int) else None,
        whole_org=True,
    )

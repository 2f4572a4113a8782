"""Carries waiting call logs of one org to Salesforce: creations, changes, and questions about what arrived.

Source: REST API Developer Guide, "sObject Collections"; Object Reference, "Task".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import structlog

from cti.calllog.errors import PackageMissingError
from cti.calllog.mapping import CALL_ID, CREATE_ONLY, PERSONS_OWN
from cti.errors import ConnectorError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cti.calllog.ports import Org, Orgs, Row, Trouble
    from cti.calllog.resolve import Resolver

TABLE: Final = "Task"
REFERENCES: Final = ("WhoId", "WhatId", "OwnerId")
_BAD_REFERENCE: Final = frozenset(
    {
        "INVALID_CROSS_REFERENCE_KEY",
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        "FIELD_INTEGRITY_EXCEPTION",
        "INACTIVE_OWNER_OR_USER",
        "MALFORMED_ID",
    }
)
_BATCH: Final = 200
_IN_MAX: Final = 100

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


@dataclass(frozen=True)
class Result:
    """What became of one delivery.

    `state`: `done` (`delivered` says with which fields), `gone` (the record was deleted there), `again`, `unknown` (it
    may have arrived), `dead` (a person has to do something). `wait` is in seconds, where Salesforce or the state of
    things names one. `whole_org`: the trouble is the org's, not this delivery's.
    """

    state: str
    record_id: str | None = None
    delivered: Mapping[str, Any] | None = None
    code: str = ""
    detail: str = ""
    wait: float | None = None
    whole_org: bool = False


class TaskCarrier:
    """Delivers call logs. Safe to share between threads."""

    def __init__(self, orgs: Orgs, resolver: Resolver) -> None:
        self._orgs = orgs
        self._resolver = resolver

    def carry(self, org_id: str, loads: Sequence[Load]) -> list[Result]:
        """Deliver up to 200 logs of one org; results in the order of `loads`. Raises nothing that Salesforce causes."""
        results: dict[str, Result] = {}
        try:
            org = self._orgs.org(org_id)
        except ConnectorError as error:
            return [_org_trouble(error)] * len(loads)
        doubtful = [load for load in loads if load.sent is not None]
        plain = [load for load in loads if load.sent is None]
        for part, deliver in (
            (doubtful, self._look),
            ([load for load in plain if load.record_id is None], self._create),
            ([load for load in plain if load.record_id is not None], self._update),
        ):
            if not part:
                continue
            trouble = next((result for result in results.values() if result.whole_org), None)
            if trouble is not None:
                # Nothing of this part was sent, so nothing about it is unknown; doubts of before stay doubts.
                results |= {
                    load.key: Result("again", None, None, trouble.code, "", trouble.wait, True) for load in part
                }
                continue
            try:
                results |= deliver(org_id, org, part)
            except ConnectorError as error:
                failed = _org_trouble(error)
                results |= {load.key: failed for load in part}
        return [results[load.key] for load in loads]

    # -- what arrived? --------------------------------------------------------------------------------------------

    def _look(self, _org_id: str, org: Org, loads: Sequence[Load]) -> dict[str, Result]:
        """Read before repeating: deliveries whose last attempt was never answered."""
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
        return {load.key: self._seen(load, held.get(_external_id(load), [])) for load in loads}

    @staticmethod
    def _seen(load: Load, rows: Sequence[Mapping[str, Any]]) -> Result:
        live = [row for row in rows if row.get("IsDeleted") is not True]
        if not live:
            # Created here and not there any more: deleted. Never seen there: never created.
            return (
                Result("gone", code="salesforce-record-deleted") if rows or load.record_id else Result("again", wait=0)
            )
        row = live[0]
        sent = load.sent or {}
        if load.record_id is None or _arrived(sent, row):
            return Result("done", record_id=str(row["Id"]), delivered=sent)
        return Result("again", record_id=str(row["Id"]), wait=0)

    # -- sending --------------------------------------------------------------------------------------------------

    def _create(self, org_id: str, org: Org, loads: Sequence[Load]) -> dict[str, Result]:
        known = self._known_fields(org)
        rows = [
            {name: value for name, value in row.items() if name in known and value is not None}
            for row in self._resolver.resolve(org_id, org, [load.fields for load in loads])
        ]
        answers = list(org.create(TABLE, rows))
        without = [
            place for place, answer in enumerate(answers) if answer.error and _is_bad_reference(rows[place], answer)
        ]
        notes: dict[int, str] = {}
        if without:
            # A call whose customer, case or owner cannot be referred to is still a call that took place.
            bare = [{name: rows[place][name] for name in rows[place] if name not in REFERENCES} for place in without]
            for place, answer in zip(without, org.create(TABLE, bare), strict=True):
                if answer.error is None:
                    notes[place] = "call-log-without-references"
                answers[place] = answer
        return {
            load.key: self._created(load, answer, notes.get(place, ""))
            for place, (load, answer) in enumerate(zip(loads, answers, strict=True))
        }

    @staticmethod
    def _created(load: Load, answer: Row, note: str) -> Result:
        if answer.error is None:
            return Result("done", record_id=answer.record_id, delivered=load.fields, code=note)
        if answer.error.verdict == "duplicate" and answer.error.record_id is not None:
            # Created by an attempt that nobody remembers. What belongs to people is not sent again, the rest is.
            mine = {name: value for name, value in load.fields.items() if name in PERSONS_OWN | CREATE_ONLY}
            return Result("done", record_id=answer.error.record_id, delivered=mine)
        if answer.error.verdict == "duplicate":
            return _as_unknown(answer.error)
        return _row_trouble(answer.error)

    def _update(self, org_id: str, org: Org, loads: Sequence[Load]) -> dict[str, Result]:
        known = self._known_fields(org)
        resolved = self._resolver.resolve(org_id, org, [load.fields for load in loads])
        rows = [
            {name: value for name, value in row.items() if name in known and name not in CREATE_ONLY}
            for row in resolved
        ]
        results = {
            load.key: Result("done", record_id=load.record_id, delivered=load.fields)
            for load, row in zip(loads, rows, strict=True)
            if not row
        }
        sendable = [(load, row) for load, row in zip(loads, rows, strict=True) if row]
        answers = org.update(TABLE, [{"Id": load.record_id, **row} for load, row in sendable])
        for (load, _row), answer in zip(sendable, answers, strict=True):
            if answer.error is None:
                results[load.key] = Result("done", record_id=load.record_id, delivered=load.fields)
            elif answer.error.verdict == "gone" or answer.error.code == "salesforce-not-found":
                results[load.key] = Result("gone", code=answer.error.code)
            else:
                results[load.key] = _row_trouble(answer.error)
        return results

    @staticmethod
    def _known_fields(org: Org) -> frozenset[str]:
        """The Task fields that may be sent; raises PackageMissingError when the key's field is not among them."""
        known = org.fields_of(TABLE)
        if CALL_ID not in known:
            org.forget()
            raise PackageMissingError
        return known


def _external_id(load: Load) -> str:
    return load.key.partition("/")[2]


def _arrived(sent: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether the record holds what was sent. A change arrives whole or not at all, so one telling field is enough.

    Fields that people edit tell only when nothing else was sent; placeholders tell nothing.
    """
    telling = [name for name in sent if name in row and not isinstance(sent[name], dict)]
    ours = [name for name in telling if name not in PERSONS_OWN and name != "Description"]
    judged = ours or telling
    return bool(judged) and all(_same(sent[name], row[name]) for name in judged)


def _same(sent: Any, held: Any) -> bool:
    if isinstance(sent, str | int) and isinstance(held, float):
        return float(sent) == held
    return bool(sent == held) or (sent in ("", None) and held in ("", None))


def _is_bad_reference(row: Mapping[str, Any], answer: Row) -> bool:
    error = answer.error
    if error is None or not any(name in row for name in REFERENCES):
        return False
    return error.salesforce_code in _BAD_REFERENCE or error.verdict == "gone" or error.code == "salesforce-not-found"


def _as_unknown(error: Trouble) -> Result:
    return Result("unknown", code=error.code, detail=error.detail, wait=0)


def _row_trouble(error: Trouble) -> Result:
    """One delivery's error; `detail` is for the administrator."""
    if error.verdict in {"again", "wait", "refresh"}:
        return Result("again", code=error.code, detail=error.detail, wait=error.retry_after)
    if error.verdict == "unknown":
        return Result("unknown", code=error.code, detail=error.detail)
    return Result("dead", code=error.code, detail=f"{error.salesforce_code}: {error.detail}")


def _org_trouble(error: ConnectorError) -> Result:
    """The error of a whole request: nobody's fault in particular, so every delivery waits for the org."""
    verdict = getattr(error, "verdict", "again")
    detail = str(getattr(error, "detail", ""))
    wait = getattr(error, "retry_after", None)
    _log.warning("call-logs-held-up", code=error.code)
    return Result(
        "unknown" if verdict == "unknown" else "again",
        code=error.code,
        detail=detail,
        wait=wait if isinstance(wait, float | int) else None,
        whole_org=True,
    )

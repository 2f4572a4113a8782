"""Deliveries to Salesforce as plain values: what waits, what is on its way, what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True)
class OutboxItem:
    """A row of the outbox as the features see it.

    `fields` is everything not yet delivered; `sent` what the last attempt carried, when its outcome is `uncertain`.
    """

    key: str
    kind: str
    org_id: str
    pairing_id: str
    fields: Mapping[str, Any]
    version: int
    state: str
    run_after: datetime
    attempts: int
    sent: Mapping[str, Any] | None
    uncertain: bool
    code: str | None
    detail: str | None


@dataclass(frozen=True)
class CallLog:
    """What was delivered about one segment: the Task's id once there is one, and every field's last delivered value.

    `deleted`: the Task was found deleted in Salesforce. `closed`: the values are no longer kept here. Either way
    nothing more is delivered.
    """

    key: str
    task_id: str | None
    delivered: Mapping[str, Any] = field(default_factory=dict)
    deleted: bool = False
    closed: bool = False
    code: str | None = None


@dataclass(frozen=True)
class Attempt:
    """One attempt at a delivery."""

    at: datetime
    result: str
    code: str | None
    detail: str | None


@dataclass(frozen=True)
class Delivery:
    """`fields` to deliver under `key`.

    `record_id` is the record to change, None when it is to be created. `sent` is set when the attempt before was never
    answered: it is what that attempt carried, and the carrier finds out whether it arrived instead of sending.
    `attempts` is how often it failed before by its own fault, `code` why it did the last time.
    """

    key: str
    fields: Mapping[str, Any]
    record_id: str | None = None
    sent: Mapping[str, Any] | None = None
    attempts: int = 0
    code: str | None = None


@dataclass(frozen=True)
class Result:
    """What became of one delivery.

    `state`: `done` (`delivered` says with which fields), `gone` (the record was deleted there), `again`, `unknown` (it
    may have arrived), `dead` (a person has to do something). `held` are fields that the org does not take yet. `wait`
    is in seconds, where Salesforce or the state of things names one. `whole_org`: the trouble is the org's, not this
    delivery's. `counts`: a failure is its own.
    """

    state: str
    record_id: str | None = None
    delivered: Mapping[str, Any] | None = None
    code: str = ""
    detail: str = ""
    wait: float | None = None
    whole_org: bool = False
    held: Mapping[str, Any] = field(default_factory=dict)
    counts: bool = True


class Verdict(StrEnum):
    """What a caller may do after an error."""

    AGAIN = "again"
    """Nothing was changed and repeating may help, after a growing pause."""
    REFRESH = "refresh"
    """Nothing was changed; repeat once with a new access token."""
    WAIT = "wait"
    """Nothing was changed and nothing will work before some later time (a limit that moves with the day)."""
    UNKNOWN = "unknown"
    """The request may or may not have been carried out: read before repeating."""
    DUPLICATE = "duplicate"
    """A record with this unique value is already there: as good as done for an idempotent write."""
    GONE = "gone"
    """The record was deleted there."""
    NEVER = "never"
    """Repeating the same request cannot help; a person has to change something."""

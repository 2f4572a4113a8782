"""Deliveries to Salesforce as plain values: what waits, what is on its way, what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

OutboxState = Literal["pending", "leased", "retry", "held", "done", "dead"]
"""How a row of the outbox stands: due at its time; on its way; failed, due again later; waiting for its org to take its
fields; delivered; given up until a person or newer fields change something."""
DeliveryOutcome = Literal["done", "gone", "again", "unknown", "dead"]
"""What came of one attempt: it arrived; the record was deleted there; it may be tried again; it may have arrived; a
person has to do something."""


def key_in_org(org_id: str, external_id: str) -> str:
    """The outbox's key of what `org_id` knows, or is to know, by that external id."""
    return f"{org_id}/{external_id}"


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
    state: OutboxState
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
    """One attempt at a delivery, and the state that its row came to by it."""

    at: datetime
    result: OutboxState
    code: str | None
    detail: str | None


@dataclass(frozen=True)
class Delivery:
    """`fields` to deliver under `key`.

    `record_id` is the record to change, None when it is to be created. `sent` is set when the attempt before was never
    answered: it is what that attempt carried, and the carrier finds out whether it arrived instead of sending.
    `attempts` is how often it failed before by its own fault, `code` why it did the last time. `before` is what arrived
    earlier under the key.
    """

    key: str
    fields: Mapping[str, Any]
    record_id: str | None = None
    sent: Mapping[str, Any] | None = None
    attempts: int = 0
    code: str | None = None
    before: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """What became of one delivery.

    `delivered` says with which fields it is done, None: with all; `held` are fields, as they are to be kept, that the
    org does not take yet. `code` is a reason in kebab-case, empty when there is nothing to say, `detail` more for the
    administrator. `wait` is in seconds, where Salesforce or the state of things names one. `whole_org`: the trouble is
    the org's, not this delivery's. `counts`: a failure is its own, so that it is given up after too many.
    """

    state: DeliveryOutcome
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

"""A call as panes know it: the leave to place it, its dial command and SIP dialog, what their phones say of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class CallName:
    """What a pane calls one of its agent's calls: by the connector's own id, FCC's, its SIP dialog, or several of them.

    They are tried in this order, for a dialog's own call is gone once FCC's has taken its place.
    """

    call_id: str | None = None
    calls_id: int | None = None
    sip_call_id: str | None = None


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to place one call: the SIP number (E.164, or the digits of an internal or short number) and its display."""

    dial_id: str
    number: str
    display: str


@dataclass(frozen=True, slots=True)
class PaneCall:
    """A dial command, or a SIP dialog a pane reported, or both, until and after the PBX's call for it is known.

    `at` by the pane's clock, `seen_at` when the connector heard of it; `answered_at` by the pane. `call_key` is the
    call its facts stand under, `settled` that this call has FCC's id.
    """

    id: str
    tenant_id: str
    users_id: int
    direction: str
    number: str
    at: datetime
    seen_at: datetime
    dial_id: str | None = None
    sip_call_id: str | None = None
    answered_at: datetime | None = None
    call_key: str | None = None
    settled: bool = False


@dataclass(frozen=True, slots=True)
class PaneReport:
    """What the phone in a pane saw of a call, by the pane's clock.

    The call is named by one of two: `sip_call_id`, its SIP dialog, or `calls_id`, FCC's own id where the phone was told
    that. `number` as the phone has it; `dial_id` of the dial command it comes from. Of an end there is more to say:
    SIP's status, Q.850's cause, and `by` whom.
    """

    kind: str
    direction: str
    number: str
    at: datetime
    sip_call_id: str | None = None
    calls_id: int | None = None
    dial_id: str | None = None
    sip_status: int | None = None
    cause: str | None = None
    by: str | None = None

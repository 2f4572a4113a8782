"""What the store keeps about calls beside the facts, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from cti.domain.call import Call
    from cti.domain.presence import Presence


@dataclass(frozen=True, slots=True)
class StoredCall:
    """A call's projection. `key` is the connector's own id of it; `shown`: some pane was told of it under this key.

    `shrunk`: it is past its retention, only its bones are left, and nothing may be done with it any more. `searching`:
    who the other side is has not been found out yet; somebody still has to look.
    """

    key: str
    tenant_id: str
    call: Call
    shown: bool = False
    shrunk: bool = False
    searching: bool = False


@dataclass(frozen=True, slots=True)
class Dialog:
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
class AgentPresence:
    """What FCC last said about an agent, and when it was heard."""

    tenant_id: str
    users_id: int
    presence: Presence | None
    heard_at: datetime | None


@dataclass(frozen=True, slots=True)
class Attendance:
    """Whether an agent has a pane. `seen_at`: when one last lived. `release_due`: FCC must yet be told not ready."""

    pairing_id: str
    users_id: int
    tenant_id: str
    sf_user_id: str
    present: bool
    seen_at: datetime
    release_due: bool = False

"""Which calls count as up, and for whom."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cti.domain.call import State

if TYPE_CHECKING:
    from datetime import datetime

    from cti.domain.call import Call, StoredCall
    from cti.store.unit_of_work import UnitOfWork

STALE_AFTER: Final = timedelta(hours=4)
"""A call that is up but was not heard of for so long is taken for over."""
PANE_ONLY_STALE_AFTER: Final = timedelta(seconds=90)
"""As much for a call that only a pane reported: by then FCC would have told of it, so it never came into being."""


def still_up(now: datetime) -> dict[str, datetime]:
    """Since when a call must have been heard of to be taken for up: `since`, and `pane_since` for a pane's own."""
    return {"since": now - STALE_AFTER, "pane_since": now - PANE_ONLY_STALE_AFTER}


def is_up(call: Call, users_id: int) -> bool:
    """Whether the agent is in this call, or their phone rings."""
    place = call.leg_of(users_id)
    return place is not None and State.ENDED not in {place[1].state, call.state}


def calls_up_of(uow: UnitOfWork, tenant_id: str, users_id: int, *, now: datetime) -> list[StoredCall]:
    """The calls that the agent is in or that ring at their phone, oldest first."""
    return [stored for stored in uow.calls.up_of(tenant_id, users_id, **still_up(now)) if is_up(stored.call, users_id)]

"""What its tests share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cti.calllog.service import CallLogger, Waits

if TYPE_CHECKING:
    from cti.clock import Clock
    from cti.domain.call import Call
    from cti.store.database import Database


def change(database: Database, clock: Clock, *calls: Call) -> None:
    """These calls changed, and their logs are due at once."""
    logger = CallLogger(clock, waits=Waits(first=0.0, from_record=0.0))
    with database.write() as uow:
        for call in calls:
            logger.call_changed(uow, tenant_id="acme", after=call)
        uow.commit()

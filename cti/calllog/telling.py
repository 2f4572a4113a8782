"""The log line of each Task that Salesforce took."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from cti.calllog.placeholders import Owner, compared, plain
from cti.calllog.service import read_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cti.domain.delivery import Delivery, Result

_log = structlog.get_logger("cti.calllog")


def tell_delivered(org_id: str, deliveries: Sequence[Delivery], results: Sequence[Result]) -> None:
    """Log each delivery that is done: which call, whose, which Task, and what had to be left out (`code`)."""
    for delivery, result in zip(deliveries, results, strict=True):
        if result.state != "done":
            continue
        try:
            _, tenant_id, calls_id, segment = read_key(delivery.key)
        except ValueError:
            continue  # it is no call's; what was delivered is recorded all the same
        owner = compared(plain({**delivery.before, **delivery.fields}).get("OwnerId"))
        _log.info(
            "task-delivered",
            org=org_id,
            tenant=tenant_id,
            calls_id=calls_id,
            segment=segment,
            users_id=owner.agent if isinstance(owner, Owner) else None,
            task=result.record_id or delivery.record_id,
            code=result.code or None,
        )

"""How the API writes a moment."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def stamp(moment: datetime) -> str:
    """An aware moment in UTC with milliseconds, `2026-01-31T12:00:00.000+0000`.

    Source: Salesforce "SOAP API Developer Guide", "Primitive Data Types", dateTime.
    """
    moment = moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}+0000"

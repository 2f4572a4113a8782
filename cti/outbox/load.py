"""One delivery as a carrier gets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Load:
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

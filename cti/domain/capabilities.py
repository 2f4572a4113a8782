"""What an agent can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cti.errors import ConnectorError


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an agent can do, and what is missing for the rest, each with its reason."""

    missing: tuple[ConnectorError, ...] = ()

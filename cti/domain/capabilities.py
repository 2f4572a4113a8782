"""What an agent can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cti.errors import ConnectorError


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an agent can do, and what is missing for the rest, each with its reason."""

    missing: tuple[ConnectorError, ...] = ()

    @property
    def can_dial(self) -> bool:
        """Whether nothing stands in the way of dialling."""
        return not self.missing

    def to_json(self, language: str) -> dict[str, Any]:
        """`{canDial, missing: [{code, message}]}` for the pane."""
        return {"canDial": self.can_dial, "missing": [error.to_json(language) for error in self.missing]}

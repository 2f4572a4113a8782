"""Faults to order, and what was counted: the control interface sets them, the REST facade obeys them."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any, Final

KINDS: Final = (
    "session-expired", "daily-limit", "row-lock", "trigger-lock", "flow-lock", "automation-limit", "unavailable",
    "slow", "none",
)  # fmt: skip


@dataclass
class Faults:
    """The fault in force: `kind`, how often it still strikes (None: until told otherwise), seconds when slow."""

    kind: str = "none"
    left: int | None = None
    seconds: float = 0.0

    def set(self, kind: str, count: int | None, seconds: float) -> None:
        """Order a fault; raises ValueError for a kind that does not exist."""
        if kind not in KINDS:
            raise ValueError(f"unknown fault {kind!r}; known: {', '.join(KINDS)}")
        self.kind, self.left, self.seconds = kind, count, seconds

    def strike(self, *kinds: str) -> str | None:
        """The fault's kind when it is one of `kinds` and still strikes; counts it."""
        if self.kind == "none" or self.kind not in kinds or self.left == 0:
            return None
        if self.left is not None:
            self.left -= 1
        return self.kind


@dataclass
class Counters:
    """What was asked of the org. `services_data`: requests under /services/data made with a token by a client."""

    requests: Counter[str] = field(default_factory=Counter)
    services_data: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    recent: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=500))

    def as_json(self) -> dict[str, Any]:
        return {"requests": dict(self.requests), "services_data": self.services_data, "rows": dict(self.rows)}

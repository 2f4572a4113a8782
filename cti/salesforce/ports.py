"""What the Salesforce adapter needs from outside, in the connector's words."""

from __future__ import annotations

from typing import Protocol


class Observer(Protocol):
    """Told about requests and limits, for metrics."""

    def request(self, org_id: str, resource: str, status: int, seconds: float) -> None:
        """A request to `resource` (its name only, e.g. `search`) was answered; status 0 means that no answer came."""
        ...

    def api_usage(self, org_id: str, used: int, allowed: int) -> None:
        """Salesforce's own count of API calls in the last 24 hours."""
        ...


class Silent:
    """An observer that looks away."""

    def request(self, org_id: str, resource: str, status: int, seconds: float) -> None:
        """Nothing."""

    def api_usage(self, org_id: str, used: int, allowed: int) -> None:
        """Nothing."""

"""What the Salesforce adapter needs from outside, in the connector's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cti.accounts import Org


class OrgSource(Protocol):
    """Where org rows are read."""

    def __call__(self, org_id: str) -> Org:
        """The org with this id. Raises a ConnectorError when there is none."""
        ...


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

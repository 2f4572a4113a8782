"""What the Salesforce adapter needs from outside, in the connector's words."""

from __future__ import annotations

from typing import Protocol


class Org(Protocol):
    """One Salesforce org as the administrator entered it.

    Every address the adapter calls comes from here and from nowhere else: no answer and no payload can name a host.
    """

    @property
    def id(self) -> str:
        """The org's 18-character id."""
        ...

    @property
    def my_domain_url(self) -> str:
        """Origin of the org's My Domain, e.g. `https://acme.my.salesforce.com`."""
        ...

    @property
    def client_id(self) -> str:
        """Consumer key of the pairing app."""
        ...

    @property
    def client_secret(self) -> str:
        """Consumer secret of the pairing app."""
        ...

    @property
    def api_version(self) -> str:
        """REST API version, e.g. `67.0`."""
        ...


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

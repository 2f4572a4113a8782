"""What pairing needs from the two sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cti.domain.fcc import Campaign, FccUser


class IntegrationUser(Protocol):
    """The Salesforce user in whose name the connector works."""

    @property
    def organization_id(self) -> str:
        """The org it belongs to."""
        ...

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def email(self) -> str:
        """Its e-mail address."""
        ...


class SalesforceUser(Protocol):
    """A person in the org."""

    @property
    def name(self) -> str:
        """First and last name."""
        ...

    @property
    def email(self) -> str:
        """The e-mail address."""
        ...


class Access(Protocol):
    """Which fields of an object the integration user has."""

    @property
    def readable(self) -> frozenset[str]:
        """Those it sees."""
        ...

    @property
    def createable(self) -> frozenset[str]:
        """Those it may give when it creates a record."""
        ...

    @property
    def updateable(self) -> frozenset[str]:
        """Those it may change."""
        ...


class SalesforceSide(Protocol):
    """The org, asked with the pairing app's own access."""

    def integration_user(self) -> IntegrationUser:
        """Who the connector is there; raises ConnectorError."""
        ...

    def active_users(self) -> Sequence[SalesforceUser]:
        """All active people of the org; raises ConnectorError."""
        ...

    def access(self, table: str) -> Access | None:
        """Which of an object's fields the integration user has, None without the object; raises ConnectorError."""
        ...


class FccSide(Protocol):
    """The tenant, asked with its API key."""

    def users(self) -> Sequence[FccUser]:
        """All accounts; raises ConnectorError."""
        ...

    def campaigns(self) -> Sequence[Campaign]:
        """All campaigns; raises ConnectorError."""
        ...

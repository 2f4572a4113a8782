"""What pairing needs from the two sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cti.domain.fcc import Campaign, FccUser
    from cti.domain.salesforce import Access, Identity, SalesforceUser


class SalesforceSide(Protocol):
    """The org, asked with the pairing app's own access."""

    def integration_user(self) -> Identity:
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

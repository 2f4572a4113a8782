"""What administration needs from the two sides, and from the log of calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from cti.accounts import Pairing
    from cti.domain.fcc import Campaign, FccUser
    from cti.domain.salesforce import Access, Identity, SalesforceUser
    from cti.store.unit_of_work import UnitOfWork


class SalesforceSide(Protocol):
    """The org, asked with the pairing app's own access."""

    def integration_user(self) -> Identity:
        """Who the connector is there; raises ConnectorError."""
        ...

    def active_users(self) -> Sequence[SalesforceUser]:
        """All active people of the org; raises ConnectorError."""
        ...

    def user(self, user_id: str) -> SalesforceUser | None:
        """One user of the org, active or not; raises ConnectorError."""
        ...

    def versions(self) -> Collection[str]:
        """The versions of the API that the org has, such as "67.0"; raises ConnectorError."""
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


class LogCounts(Protocol):
    """Decides which calls are logged."""

    def unlogged(self, uow: UnitOfWork, pairing: Pairing, *, since: datetime) -> Mapping[str, int]:
        """How many calls that ended since then are not logged on purpose, by the reason.

        The reasons are `inactive` (R13), `campaign` (R21) and `other-phone` (R17).
        """
        ...

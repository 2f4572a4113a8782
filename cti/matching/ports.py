"""What finding a caller needs from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from contextlib import AbstractContextManager

    from cti.accounts import Pairing, PaneSession, Tenant


class Agent(Protocol):
    """One agent of one pairing."""

    @property
    def pairing_id(self) -> str:
        """The pairing."""
        ...

    @property
    def sf_user_id(self) -> str:
        """The Salesforce user."""
        ...

    @property
    def fcc_user_id(self) -> int:
        """The FCC user."""
        ...


class Pairings(Protocol):
    """The pairings' repository."""

    def get(self, pairing_id: str) -> Pairing | None:
        """One pairing."""
        ...


class Tenants(Protocol):
    """The tenants' repository."""

    def get(self, tenant_id: str) -> Tenant | None:
        """One tenant."""
        ...


class Sessions(Protocol):
    """The pane sessions' repository."""

    def live_of(self, pairing_id: str, fcc_user_id: int) -> Sequence[PaneSession]:
        """An agent's sessions that are not over, the newest first."""
        ...


class UnitOfWork(Protocol):
    """A view of the data."""

    @property
    def pairings(self) -> Pairings:
        """The pairings."""
        ...

    @property
    def tenants(self) -> Tenants:
        """The tenants."""
        ...

    @property
    def sessions(self) -> Sessions:
        """The panes' sessions."""
        ...


class Database(Protocol):
    """Where settings and sessions are read."""

    def read(self) -> AbstractContextManager[UnitOfWork]:
        """A view of the data."""
        ...


class Org(Protocol):
    """A Salesforce org. Each method may raise a ConnectorError; `token` is a person's, None the integration user's.

    `budget` is in seconds.
    """

    def search_phones(
        self,
        spellings: Sequence[str],
        returning: Mapping[str, Sequence[str]],
        *,
        limit: int = 50,
        token: str | None = None,
        budget: float = 30.0,
    ) -> Sequence[Mapping[str, Any]]:
        """Records whose phone fields contain one of the spellings, each with `attributes.type`."""
        ...

    def find(
        self,
        table: str,
        fields: Sequence[str],
        column: str,
        values: Collection[str],
        *,
        include_deleted: bool = False,
        token: str | None = None,
        budget: float = 30.0,
    ) -> Sequence[Mapping[str, Any]]:
        """The records whose `column` holds one of `values`."""
        ...

    def readable(self, user_id: str, record_ids: Collection[str], *, budget: float = 30.0) -> frozenset[str]:
        """Those of the records that the user may read."""
        ...

    def fields_of(self, table: str) -> frozenset[str]:
        """The fields that the integration user sees on an object."""
        ...


class Orgs(Protocol):
    """The orgs."""

    def org(self, org_id: str) -> Org:
        """The org with this id."""
        ...

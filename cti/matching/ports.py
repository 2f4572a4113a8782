"""What finding a caller needs from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


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

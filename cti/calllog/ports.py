"""What call logs need from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from cti.domain.salesforce import Access, RowResult, SalesforceUser


class Org(Protocol):
    """A Salesforce org. Each method may raise a ConnectorError, an OrgError too where the org said something."""

    def create(self, table: str, rows: Sequence[Mapping[str, Any]]) -> Sequence[RowResult]:
        """Create up to 200 records, each for itself."""
        ...

    def update(self, table: str, rows: Sequence[Mapping[str, Any]]) -> Sequence[RowResult]:
        """Change up to 200 records, each for itself."""
        ...

    def find(
        self, table: str, fields: Sequence[str], column: str, values: Collection[str], *, include_deleted: bool = False
    ) -> Sequence[Mapping[str, Any]]:
        """The records whose `column` holds one of `values`, with these fields."""
        ...

    def fields_of(self, table: str) -> frozenset[str]:
        """The fields that the integration user sees."""
        ...

    def access(self, table: str, *, max_age: float | None = None) -> Access:
        """Which fields the integration user has, as they were at most `max_age` seconds ago."""
        ...

    def closed_task_status(self) -> str:
        """The value of Task.Status that means "done" in this org."""
        ...

    def users_by_email(self, emails: Collection[str]) -> Mapping[str, Sequence[SalesforceUser]]:
        """Active users by their e-mail in lower case."""
        ...

    def user(self, user_id: str) -> SalesforceUser | None:
        """An active or inactive user by id."""
        ...


class Orgs(Protocol):
    """The orgs."""

    def org(self, org_id: str) -> Org:
        """The org with this id."""
        ...


class Observer(Protocol):
    """Told what cannot be written, for metrics. Thread-safe."""

    def fields_missing(self, org_id: str, fields: Collection[str]) -> None:
        """These of the fields that the connector writes the org does not take now; none: it takes all."""
        ...

    def left_out(self, field: str, why: str) -> None:
        """A value was left out of a Task, or cut; `why` is `missing`, `refused` or `unfit`."""
        ...

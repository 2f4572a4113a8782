"""What call logs need from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime


class Queued(Protocol):
    """What waits in the outbox under a key."""

    @property
    def fields(self) -> Mapping[str, Any]:
        """All fields not yet delivered."""
        ...

    @property
    def state(self) -> str:
        """`pending`, `leased`, `retry`, `done` or `dead`."""
        ...

    @property
    def attempts(self) -> int:
        """How often this failed."""
        ...

    @property
    def uncertain(self) -> bool:
        """Whether the last attempt may have arrived."""
        ...

    @property
    def code(self) -> str | None:
        """Why the last attempt failed."""
        ...


class Delivered(Protocol):
    """What Salesforce holds under a key."""

    @property
    def task_id(self) -> str | None:
        """The Task's id, once there is one."""
        ...

    @property
    def delivered(self) -> Mapping[str, Any]:
        """The last delivered value of each field."""
        ...

    @property
    def deleted(self) -> bool:
        """Whether the Task was deleted there."""
        ...

    @property
    def closed(self) -> bool:
        """Whether nothing more is delivered, because what was delivered is no longer remembered."""
        ...

    @property
    def code(self) -> str | None:
        """What had to be left out, and why."""
        ...


class Outbox(Protocol):
    """The outbox, inside the caller's transaction."""

    def of(self, keys: Collection[str]) -> Mapping[str, Queued]:
        """What waits under these keys."""
        ...

    def get_to_change(self, key: str) -> Queued | None:
        """The same, kept from other transactions until this one ends."""
        ...

    def put(
        self,
        key: str,
        fields: Mapping[str, Any],
        *,
        kind: str,
        org_id: str,
        pairing_id: str,
        run_after: datetime,
        replace: bool = False,
        not_before: bool = False,
    ) -> None:
        """Have the fields delivered at `run_after`; with `not_before`, also what waits already waits until then."""
        ...

    def forget(self, key: str) -> None:
        """Deliver nothing more under the key, and keep nothing of it."""
        ...


class CallLogs(Protocol):
    """What was delivered, inside the caller's transaction."""

    def get(self, key: str) -> Delivered | None:
        """What was delivered under the key."""
        ...

    def of(self, keys: Collection[str]) -> Mapping[str, Delivered]:
        """What was delivered under these keys."""
        ...

    def forget(self, key: str) -> None:
        """Keep no field of what was delivered; nothing more is delivered under the key."""
        ...


class Pairings(Protocol):
    """The pairings, inside the caller's transaction."""

    def of_tenant(self, tenant_id: str) -> Sequence[Pairing]:
        """All pairings of a tenant."""
        ...


class Tenant(Protocol):
    """An FCC tenant."""

    @property
    def default_region(self) -> str:
        """Its country, two letters."""
        ...


class Tenants(Protocol):
    """The tenants, inside the caller's transaction."""

    def get(self, tenant_id: str) -> Tenant | None:
        """One tenant."""
        ...


class Facts(Protocol):
    """What was reported, inside the caller's transaction."""

    def settings_in_force(self, tenant_id: str, pairing_id: str, at: datetime) -> Mapping[str, Any] | None:
        """The pairing's settings as they were at that moment; None when none were recorded by then."""
        ...


class UnitOfWork(Protocol):
    """The transaction in which a call changed."""

    @property
    def facts(self) -> Facts:
        """What was reported, changes of settings among it."""
        ...

    @property
    def outbox(self) -> Outbox:
        """The outbox."""
        ...

    @property
    def call_logs(self) -> CallLogs:
        """What was delivered."""
        ...

    @property
    def pairings(self) -> Pairings:
        """Which orgs a tenant works with, and how."""
        ...

    @property
    def tenants(self) -> Tenants:
        """The tenants."""
        ...


class Pairing(Protocol):
    """The integration's settings in force for a call."""

    @property
    def id(self) -> str:
        """The pairing's id."""
        ...

    @property
    def tenant_id(self) -> str:
        """FCC's tenant."""
        ...

    @property
    def org_id(self) -> str:
        """The Salesforce org."""
        ...

    @property
    def active(self) -> bool:
        """R13."""
        ...

    @property
    def off_campaign_id(self) -> int | None:
        """R15."""
        ...

    @property
    def default_user_id(self) -> str | None:
        """R16: the Salesforce user who owns calls that nobody took."""
        ...

    @property
    def record_other_phones(self) -> bool:
        """R17."""
        ...

    @property
    def campaigns(self) -> tuple[int, ...]:
        """R21: whose calls are gathered; empty means all."""
        ...


class Row(Protocol):
    """What became of one record of a request."""

    @property
    def record_id(self) -> str | None:
        """The record's id where it went well."""
        ...

    @property
    def error(self) -> Trouble | None:
        """What was wrong, else None."""
        ...


class Trouble(Protocol):
    """An error of Salesforce's, as data."""

    @property
    def code(self) -> str:
        """The connector's code of it."""
        ...

    @property
    def verdict(self) -> str:
        """What may be done: `again`, `wait`, `unknown`, `duplicate`, `gone`, `never`, `refresh`."""
        ...

    @property
    def salesforce_code(self) -> str:
        """Salesforce's own code."""
        ...

    @property
    def fields(self) -> Sequence[str]:
        """The fields it is about, where Salesforce names any."""
        ...

    @property
    def detail(self) -> str:
        """Salesforce's own words, for the administrator."""
        ...

    @property
    def retry_after(self) -> float | None:
        """Seconds that Salesforce asked to wait."""
        ...

    @property
    def record_id(self) -> str | None:
        """The record on which a duplicate value was found."""
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


class User(Protocol):
    """A Salesforce user."""

    @property
    def id(self) -> str:
        """The user's id."""
        ...

    @property
    def active(self) -> bool:
        """Whether the user may own anything."""
        ...

    @property
    def language(self) -> str:
        """Salesforce's code of the user's language (`pl`, `en_US`); empty where the org does not tell it."""
        ...

    @property
    def zone(self) -> str:
        """IANA name of the user's time zone."""
        ...

    @property
    def user_type(self) -> str:
        """`Standard` for people who work in the org."""
        ...


class Org(Protocol):
    """A Salesforce org. Each method may raise a ConnectorError that also fits `Trouble`."""

    def create(self, table: str, rows: Sequence[Mapping[str, Any]]) -> Sequence[Row]:
        """Create up to 200 records, each for itself."""
        ...

    def update(self, table: str, rows: Sequence[Mapping[str, Any]]) -> Sequence[Row]:
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

    def users_by_email(self, emails: Collection[str]) -> Mapping[str, Sequence[User]]:
        """Active users by their e-mail in lower case."""
        ...

    def user(self, user_id: str) -> User | None:
        """An active or inactive user by id."""
        ...


class Orgs(Protocol):
    """The orgs."""

    def org(self, org_id: str) -> Org:
        """The org with this id."""
        ...


class Emails(Protocol):
    """Knows the e-mail addresses of FCC's users."""

    def __call__(self, tenant_id: str, users_id: int) -> str | None:
        """The user's address; None when there is none. May raise a ConnectorError when FCC cannot be asked."""
        ...


class Observer(Protocol):
    """Told what cannot be written, for metrics. Thread-safe."""

    def fields_missing(self, org_id: str, fields: Collection[str]) -> None:
        """These of the fields that the connector writes the org does not take now; none: it takes all."""
        ...

    def left_out(self, field: str, why: str) -> None:
        """A value was left out of a Task, or cut; `why` is `missing`, `refused` or `unfit`."""
        ...

"""What the outbox's engine needs from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime, timedelta

    from cti.domain.delivery import Delivery


class Item(Protocol):
    """A leased row."""

    @property
    def key(self) -> str:
        """The delivery's key."""
        ...

    @property
    def kind(self) -> str:
        """Which carrier takes it."""
        ...

    @property
    def org_id(self) -> str:
        """Where it goes."""
        ...

    @property
    def pairing_id(self) -> str:
        """Whose it is."""
        ...

    @property
    def fields(self) -> Mapping[str, Any]:
        """What is to be delivered."""
        ...

    @property
    def attempts(self) -> int:
        """How often this row failed."""
        ...

    @property
    def sent(self) -> Mapping[str, Any] | None:
        """What the attempt before carried."""
        ...

    @property
    def uncertain(self) -> bool:
        """Whether that may have arrived."""
        ...

    @property
    def code(self) -> str | None:
        """Why the last attempt failed."""
        ...


class Remembered(Protocol):
    """What was delivered under a key."""

    @property
    def task_id(self) -> str | None:
        """The record's id."""
        ...

    @property
    def deleted(self) -> bool:
        """Whether the record was deleted there."""
        ...


class Outbox(Protocol):
    """The outbox, inside a transaction."""

    def lease(
        self,
        owner: str,
        *,
        until: datetime,
        limit: int,
        least: int = 1,
        without: Collection[str] = (),
        most: Mapping[str, int] | None = None,
    ) -> Sequence[Item]:
        """Take due rows of one org."""
        ...

    def next_due(self, without: Collection[str] = ()) -> datetime | None:
        """When the next row wants attention."""
        ...

    def claim(self, owner: str, leased: Collection[Any]) -> frozenset[str]:
        """The keys of those leased items whose lease is still this owner's; only these can be settled."""
        ...

    def released(self, key: str) -> None:
        """Not sent after all."""
        ...

    def finished(
        self,
        key: str,
        delivered: Mapping[str, Any],
        *,
        carried: Mapping[str, Any] | None = None,
        held: Mapping[str, Any] | None = None,
        code: str | None = None,
        detail: str | None = None,
    ) -> None:
        """Delivered, but for what is `held` because the org does not take it."""
        ...

    def held(self) -> Sequence[tuple[str, str]]:
        """Org and kind of what is held."""
        ...

    def released_held(self, org_id: str, kind: str, detail: str) -> int:
        """Try again what was held for another reason than `detail` says."""
        ...

    def dropped(self, key: str, code: str) -> None:
        """Not wanted any more."""
        ...

    def postponed(self, key: str, *, delay: timedelta, code: str, detail: str, uncertain: bool, counts: bool) -> None:
        """Later."""
        ...

    def died(self, key: str, *, code: str, detail: str) -> None:
        """Never, as it is."""
        ...

    def forget_attempts(self, before: datetime) -> None:
        """Delete old attempts and old finished rows."""
        ...

    def waiting(self) -> Mapping[str, int]:
        """How many rows are in each state but done."""
        ...


class CallLogs(Protocol):
    """What was delivered, inside a transaction."""

    def of(self, keys: Collection[str]) -> Mapping[str, Remembered]:
        """What was delivered under these keys."""
        ...

    def saved(
        self,
        key: str,
        *,
        org_id: str,
        pairing_id: str,
        task_id: str | None,
        delivered: Mapping[str, Any],
        code: str | None = None,
        deleted: bool = False,
    ) -> None:
        """Remember a delivery."""
        ...

    def shrink(self, before: datetime) -> None:
        """Keep no values of what has not changed since that moment."""
        ...


class UnitOfWork(Protocol):
    """A transaction."""

    @property
    def outbox(self) -> Outbox:
        """The outbox."""
        ...

    @property
    def call_logs(self) -> CallLogs:
        """What was delivered."""
        ...

    def commit(self) -> None:
        """Make it permanent."""
        ...


class Database(Protocol):
    """Where the outbox is."""

    def read(self) -> AbstractContextManager[UnitOfWork]:
        """A view of the data."""
        ...

    def write(self) -> AbstractContextManager[UnitOfWork]:
        """A transaction; nothing but SQL is done in it."""
        ...

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Have `listener` called after each commit."""
        ...


class Result(Protocol):
    """What a carrier says of one delivery: see `cti.outbox.engine` for the states."""

    @property
    def state(self) -> str:
        """`done`, `gone`, `again`, `unknown` or `dead`."""
        ...

    @property
    def record_id(self) -> str | None:
        """The record, where known."""
        ...

    @property
    def delivered(self) -> Mapping[str, Any] | None:
        """The fields that arrived, of those given."""
        ...

    @property
    def held(self) -> Mapping[str, Any]:
        """Fields given that the org does not take now, as they are to be kept until it does."""
        ...

    @property
    def code(self) -> str:
        """A reason, kebab-case; empty when there is nothing to say."""
        ...

    @property
    def detail(self) -> str:
        """More, for the administrator."""
        ...

    @property
    def wait(self) -> float | None:
        """Seconds to wait, where they are known."""
        ...

    @property
    def whole_org(self) -> bool:
        """Whether it is the org that is in trouble."""
        ...

    @property
    def counts(self) -> bool:
        """Whether a failure is the delivery's own, so that it is given up after too many."""
        ...


class Carrier(Protocol):
    """Takes one kind of delivery to its place."""

    def carry(self, org_id: str, loads: Sequence[Delivery]) -> Sequence[Result]:
        """Deliver; one result for each load, in order."""
        ...

    def missing(self, org_id: str) -> str | None:
        """What the org does not take now, in the words of a held delivery's detail; None when it cannot be asked."""
        ...


class Listener(Protocol):
    """Is told what became of deliveries, in the transaction that records it."""

    def __call__(self, uow: Any, keys: Sequence[str]) -> None:
        """Something changed under each of these keys. Must do nothing but SQL, and not commit."""
        ...


class Observer(Protocol):
    """Told about deliveries, for metrics."""

    def delivered(self, org_id: str, state: str, code: str) -> None:
        """One delivery came to this state."""
        ...

    def waiting(self, counts: Mapping[str, int]) -> None:
        """So many rows are in each state."""
        ...

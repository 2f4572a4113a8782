"""What the deliverer needs of other rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cti.domain.delivery import Delivery, Result
    from cti.store.unit_of_work import UnitOfWork


class Carrier(Protocol):
    """Takes one kind of delivery to its place."""

    def carry(self, org_id: str, deliveries: Sequence[Delivery], /) -> Sequence[Result]:
        """Deliver; one result for each delivery, in order."""
        ...

    def missing(self, org_id: str, /) -> str | None:
        """What the org does not take now, in the words of a held delivery's detail; None when it cannot be asked."""
        ...


class Listener(Protocol):
    """Is told what became of deliveries, in the transaction that stores it."""

    def __call__(self, uow: UnitOfWork, keys: Sequence[str]) -> None:
        """Something changed under each of these keys. Must do nothing but SQL, and not commit."""
        ...


class Observer(Protocol):
    """Told about deliveries, for metrics."""

    def delivered(self, org_id: str, state: str, code: str) -> None:
        """One delivery came to this outcome."""
        ...

    def waiting(self, counts: Mapping[str, int]) -> None:
        """So many rows are in each state."""
        ...

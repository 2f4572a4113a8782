"""What the directory needs from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cti.domain.fcc import Campaign, FccUser


class UserSource(Protocol):
    """The part of a telephone exchange that knows its people."""

    def users(self) -> Sequence[FccUser]:
        """All accounts of the tenant."""
        ...

    def campaigns(self) -> Sequence[Campaign]:
        """All campaigns of the tenant."""
        ...


class PbxRegistry(Protocol):
    """The exchange of each tenant."""

    def of(self, tenant_id: str) -> UserSource:
        """That tenant's; raises when there is no such tenant."""
        ...

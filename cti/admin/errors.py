"""What administrators cannot do, and what it would take: what a sentence needs, for each face to say in its own way."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cti.accounts import Pairing


class UnknownError(LookupError):
    """There is none of that name; `kind` is `tenant`, `org` or `pairing`."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"no {kind} {name}")
        self.kind = kind
        self.name = name


class TakenError(ValueError):
    """Another tenant has that FCC domain already; `tenant_id` names it."""

    def __init__(self, domain: str, tenant_id: str) -> None:
        super().__init__(f"{domain} is taken by {tenant_id}")
        self.domain = domain
        self.tenant_id = tenant_id


class InUseError(ValueError):
    """It cannot be removed while it is paired; `pairings` says with whom."""

    def __init__(self, pairings: Sequence[Pairing]) -> None:
        super().__init__("is paired")
        self.pairings = tuple(pairings)


class LossError(ValueError):
    """With it would go what cannot be had again; `losses` counts it: `calls`, `deliveries` or `panes`."""

    def __init__(self, losses: Mapping[str, int]) -> None:
        super().__init__("something would be lost")
        self.losses = losses


class IncompleteError(ValueError):
    """A new one of that `kind` lacks values without which it cannot be; `missing` names the fields."""

    def __init__(self, kind: str, missing: Sequence[str]) -> None:
        super().__init__(f"missing: {', '.join(missing)}")
        self.kind = kind
        self.missing = tuple(missing)

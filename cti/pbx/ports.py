"""What the product asks of a telephone exchange, in the product's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cti.domain.facts import Fact
    from cti.domain.fcc import CallPage, Campaign, FccUser, PhoneCredentials
    from cti.domain.presence import Presence, Status
    from cti.pbx.errors import FccError


class Pbx(Protocol):
    """One tenant of the exchange. Every method asks it anew, blocks for at most the configured timeout, and raises
    `FccUnreachableError`, `FccRefusedError` or `FccNonsenseError`. Safe to share between threads.
    """  # noqa: D205 - one thought

    def users(self) -> Sequence[FccUser]:
        """All accounts of the tenant."""
        ...

    def campaigns(self) -> Sequence[Campaign]:
        """All campaigns of the tenant."""
        ...

    def statuses(self) -> Sequence[Status]:
        """The tenant's list of agent statuses."""
        ...

    def presence(self, login: str) -> Presence:
        """What the agent with that login is doing."""
        ...

    def set_presence(self, login: str, status_id: int) -> Presence:
        """Put the agent into a status; gives what the exchange made of it."""
        ...

    def phone_credentials(self, login: str) -> PhoneCredentials:
        """What the agent's SIP phone registers with."""
        ...

    def calls_since(self, cursor: str | None, *, since: datetime | None = None, limit: int = 200) -> CallPage:
        """Calls changed since `cursor`, oldest change first.

        Without a cursor since the moment `since`; without that too as far back as the exchange goes.
        """
        ...


class Observer(Protocol):
    """Told how each call of the exchange went, by any thread; quick, and raises nothing."""

    def answered(self, tenant_id: str, function: str) -> None:
        """The function did what it was asked."""
        ...

    def failed(self, tenant_id: str, function: str, error: FccError) -> None:
        """The function failed."""
        ...


class FactSink(Protocol):
    """Where facts and what was heard of agents go. Returns after they are stored for good."""

    def store_facts(self, tenant_id: str, facts: Sequence[Fact], *, cursor: str | None = None) -> None:
        """Store the facts (each once, however often it comes) and, with them, the polling cursor when one is given."""
        ...

    def presence_reported(
        self, tenant_id: str, users_id: int, presence: Presence, *, asked_at: datetime | None = None
    ) -> None:
        """Keep what the exchange said about an agent when it was asked, at `asked_at`."""
        ...


class Activity(Protocol):
    """What the cadence of polling depends on."""

    def calls_up(self, tenant_id: str) -> int:
        """How many calls of the tenant are up, as far as is known."""
        ...

    def agents_present(self, tenant_id: str) -> Sequence[tuple[int, str]]:
        """(users_id, login) of the agents with a pane."""
        ...

    def last_presence_at(self, tenant_id: str, users_id: int) -> datetime | None:
        """When the exchange last said anything about that agent; None where something may have been missed since."""
        ...

"""What sign-in needs from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from cti.accounts import Org, Pairing, PaneSession
    from cti.domain.salesforce import Identity


class Agent(Protocol):
    """An FCC user who may use the pane."""

    @property
    def id(self) -> int:
        """FCC's id of the user."""
        ...

    @property
    def name(self) -> str:
        """First and last name, as FCC has them."""
        ...

    @property
    def extension(self) -> str | None:
        """The internal number, None where the user has none."""
        ...


class AgentDirectory(Protocol):
    """Knows the FCC users of a pairing's tenant."""

    def find_agent(self, pairing_id: str, email: str) -> Agent:
        """The PBX user with this e-mail (compared without case).

        Raises ConnectorError with the code `fcc-user-unknown` (R5), `fcc-user-wrong-kind` (R4), or one that says that
        FCC could not be asked. A missing city number or presentation is no reason to refuse (R6).
        """
        ...


class Identities(Protocol):
    """Knows whose token it is, from the org itself."""

    def identify(self, org: Org, token: str, *, anew: bool = False) -> Identity:
        """Whose token it is; `anew`: ask the org, whatever it answered before.

        Raises ConnectorError: `retryable` where the org cannot be asked at the moment, else where it refuses the token.
        """
        ...

    def forget(self, org: Org, token: str) -> None:
        """Ask the org again next time this token comes."""
        ...


class Orgs(Protocol):
    """The orgs that were added."""

    def get(self, org_id: str) -> Org | None:
        """The org with this 18-character id."""
        ...


class Pairings(Protocol):
    """The pairings that were made."""

    def get(self, pairing_id: str) -> Pairing | None:
        """The pairing with this id."""
        ...

    def of_org(self, org_id: str) -> Sequence[Pairing]:
        """The org's pairings, oldest first."""
        ...


class PaneSessions(Protocol):
    """The sessions that were begun."""

    def add(self, pane_session: PaneSession) -> None:
        """Keep a new one."""
        ...

    def get(self, session_id: str) -> PaneSession | None:
        """The session with this id, over or not."""
        ...

    def change(self, session_id: str, **values: object) -> PaneSession | None:
        """Set the named fields and return the session as it is then."""
        ...

    def forget_ended(self, before: datetime) -> None:
        """Delete the sessions that were over by then."""
        ...


class Nonces(Protocol):
    """The requests that were accepted."""

    def first_use(self, org_id: str, user_id: str, key: str) -> datetime | None:
        """Note this use; None when it is the first, else the moment of the first."""
        ...

    def forget(self, before: datetime) -> None:
        """Delete what was first used before then."""
        ...


class UnitOfWork(Protocol):
    """A transaction."""

    @property
    def orgs(self) -> Orgs:
        """The orgs."""
        ...

    @property
    def pairings(self) -> Pairings:
        """The pairings."""
        ...

    @property
    def sessions(self) -> PaneSessions:
        """The panes' sessions."""
        ...

    @property
    def nonces(self) -> Nonces:
        """The used requests."""
        ...

    def commit(self) -> None:
        """Make it permanent."""
        ...


class Database(Protocol):
    """Where sign-in keeps what it knows."""

    def read(self) -> AbstractContextManager[UnitOfWork]:
        """A view of the data."""
        ...

    def write(self) -> AbstractContextManager[UnitOfWork]:
        """A transaction; nothing but SQL is done in it."""
        ...

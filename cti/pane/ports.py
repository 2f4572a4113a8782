"""What the pane's channel needs from the rest of the connector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from cti.events.event import LoggedEvent

Json = dict[str, Any]


@dataclass(frozen=True)
class AgentRef:
    """Who an agent is: the pairing of an FCC tenant with an org, the Salesforce user and the FCC user."""

    pairing_id: str
    sf_user_id: str
    fcc_user_id: int

    @property
    def audience(self) -> str:
        """The key under which the agent's events are logged."""
        return f"{self.pairing_id}:{self.fcc_user_id}"


class PaneSession(Protocol):
    """A signed-in person, as the session token proves it. `language` is "pl" or "en"; `expires_at` is in UTC."""

    @property
    def id(self) -> str: ...
    @property
    def pairing_id(self) -> str: ...
    @property
    def sf_user_id(self) -> str: ...
    @property
    def fcc_user_id(self) -> int: ...
    @property
    def language(self) -> str: ...
    @property
    def expires_at(self) -> datetime: ...


@dataclass(frozen=True)
class RenewedSession:
    """A session token and the seconds it stands for."""

    token: str
    expires_in: int


class Sessions(Protocol):
    """The sessions of signed-in people."""

    def verify(self, token: str) -> PaneSession:
        """The session that `token` proves; raises ConnectorError when it is over, forged or withdrawn."""
        ...

    def renew(self, session: PaneSession, signed_request: str) -> RenewedSession:
        """Prolong `session` with a fresh signed request of the same person; raises ConnectorError when refused."""
        ...


class DialAnswer(Protocol):
    """A permitted dial: what to ring and how to show it."""

    @property
    def dial_id(self) -> str: ...
    @property
    def number(self) -> str: ...
    @property
    def display(self) -> str: ...


class PhoneLine(Protocol):
    """What an agent's phone signs in with; the password lives in memory only."""

    @property
    def uri(self) -> str: ...
    @property
    def username(self) -> str: ...
    @property
    def password(self) -> str: ...
    @property
    def ws_url(self) -> str: ...
    @property
    def expires_at(self) -> datetime | None: ...


class Calls(Protocol):
    """The call service. Every method acts for the agent given and for nobody else, and raises ConnectorError.

    All may talk to FCC, so none is called inside a transaction.
    """

    def dial(self, agent: AgentRef, number: str, record: Mapping[str, Any] | None) -> DialAnswer:
        """Check a number as it was clicked, and permit one call to it."""
        ...

    def report(self, agent: AgentRef, report: Mapping[str, Any]) -> None:
        """Take a pane's report about its phone: the fields of `call.report`, `at` as an aware datetime."""
        ...

    def popped(self, agent: AgentRef, call: Mapping[str, Any]) -> None:
        """Note that a record was shown: `{callsId or sipCallId, recordId}`."""
        ...

    def set_presence(self, agent: AgentRef, status_id: int) -> Json:
        """Ask FCC for a status and return the presence that FCC answers: `{id, class, name, since, until}`."""
        ...

    def snapshot(self, agent: AgentRef) -> Json:
        """`{presence, statuses, calls, capabilities}` as they are now."""
        ...

    def phone_credentials(self, agent: AgentRef) -> PhoneLine:
        """Fetch what the agent's phone signs in with."""
        ...

    def panes_present(self, agent: AgentRef, present: bool) -> None:
        """The agent's first pane came (`True`), or their last one has been away for 20 s (`False`)."""
        ...


class Tickets(Protocol):
    """Tickets for the phone's own socket."""

    def issue(self, session: PaneSession, agent: AgentRef, fence: int, line: PhoneLine) -> Ticket:
        """A ticket for one connection of the phone of `agent`, to be used once and soon."""
        ...


@dataclass(frozen=True)
class Ticket:
    """What opens the phone's socket once, within `expires_in` seconds."""

    ticket: str
    expires_in: int


class EventRepository(Protocol):
    """The event log inside a transaction."""

    def add(self, audience: str, type: str, payload: Mapping[str, Any], *, pane: str | None = None) -> int: ...  # noqa: A002 - the word of the protocol
    def head(self, audience: str) -> int: ...
    def missed(self, audience: str, last_seq: int, *, limit: int = 500) -> list[LoggedEvent] | None: ...


class UnitOfWork(Protocol):
    """The transaction a pane's event is written in."""

    @property
    def events(self) -> EventRepository: ...
    def commit(self) -> None: ...


class Database(Protocol):
    """Where transactions come from."""

    def read(self) -> AbstractContextManager[UnitOfWork]: ...
    def write(self) -> AbstractContextManager[UnitOfWork]: ...


class Subscriber(Protocol):
    """Somebody who is told an audience's events, in order; must not block."""

    def deliver(self, events: Sequence[LoggedEvent]) -> None: ...


class Hub(Protocol):
    """The process's one reader of the event log."""

    def join(self, audience: str, subscriber: Subscriber) -> None: ...
    def leave(self, audience: str, subscriber: Subscriber) -> None: ...

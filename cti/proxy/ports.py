"""What the SIP relay needs from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    import socket
    from contextlib import AbstractContextManager

    from cti.accounts import AgentRef


class Connect(Protocol):
    """Opens a connection to FCC."""

    def __call__(self, host: str, port: int, *, tls: bool, timeout: float) -> socket.socket:
        """A connected socket, TLS verified; raises OSError."""
        ...


class DialRules(Protocol):
    """Whether an agent may ring a number now."""

    def may_invite(self, agent: AgentRef, number: str) -> bool:
        """Whether the rules let the agent's phone ring `number`, the user part exactly as the phone wrote it."""
        ...


Lead = Literal["present", "away", "over"]
"""How the lead stands under which a phone was let in: its pane is connected, has been cut off and may come back, or is
not the one that leads any more."""


class Fences(Protocol):
    """Which pane's phone may speak for an agent."""

    def lead_of(self, audience: str, fence: int, session_id: str) -> Lead:
        """How the lead of that session's pane under that fencing number stands; never waits, for any thread."""
        ...


class Database(Protocol):
    """Where transactions come from; what they yield has the dialogs as `sip_dialogs`."""

    def read(self) -> AbstractContextManager[Any]:
        """A view of the data."""
        ...

    def write(self) -> AbstractContextManager[Any]:
        """A transaction, to be ended by its `commit()`."""
        ...


class Line(Protocol):
    """What is known of an agent's phone when a ticket is asked for."""

    @property
    def uri(self) -> str:
        """The agent's SIP address."""
        ...

    @property
    def username(self) -> str:
        """The name for SIP's digest authentication."""
        ...

    @property
    def ws_url(self) -> str:
        """Where FCC takes SIP over WebSocket."""
        ...

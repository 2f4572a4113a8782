"""What the SIP relay needs from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import socket

    from cti.accounts import AgentRef
    from cti.domain.lead import Lead


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


class Fences(Protocol):
    """Which pane's phone may speak for an agent."""

    def lead_of(self, audience: str, fence: int, session_id: str) -> Lead:
        """How the lead of that session's pane under that fencing number stands; never waits, for any thread."""
        ...

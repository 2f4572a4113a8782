"""What the SIP relay needs from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import socket

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


class Fences(Protocol):
    """Which fencing number is the present one."""

    def fence_of(self, audience: str) -> int | None:
        """The present fencing number of that agent's panes, None when no pane is known."""
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

"""What the pane's channel needs from the rest of the connector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cti.accounts import AgentRef, IssuedSession, PaneSession, PhoneTicket
    from cti.domain.fcc import PhoneCredentials
    from cti.domain.pane_call import CallName, PaneReport, Permit
    from cti.domain.presence import Presence
    from cti.domain.record import Record
    from cti.pane_events import AgentState


class SignIn(Protocol):
    """The sign-in that let the agent in."""

    def renew(self, session: PaneSession, signed_request: str) -> IssuedSession:
        """Prolong `session` with a fresh signed request of the same person; raises ConnectorError when refused."""
        ...


class CallControl(Protocol):
    """Beginning and ending calls from the server. Both act for the agent given and for nobody else, and may ask FCC.

    A phone in the browser needs leave to dial and hangs up by itself; one that cannot, for it stands on a desk or is a
    frame of FCC's, has its calls ended from here. Both raise ConnectorError.
    """

    def dial(self, agent: AgentRef, number: str, record: Record | None = None, *, dial_id: str | None = None) -> Permit:
        """Check a number as it was clicked and permit one call to it; the same `dial_id` again is the same dial."""
        ...

    def drop(self, agent: AgentRef, calls_id: int) -> None:
        """Have FCC end a call of the agent's."""
        ...


class Calls(Protocol):
    """The call service. Every method acts for the agent given and for nobody else, and raises ConnectorError.

    They may talk to FCC, so none is called inside a transaction.
    """

    def report(self, agent: AgentRef, report: PaneReport) -> None:
        """Take a pane's report about its phone."""
        ...

    def popped(self, agent: AgentRef, call: CallName, record_id: str) -> None:
        """Note that a record was shown for a call."""
        ...

    def relate(self, agent: AgentRef, call: CallName, record: Record | None) -> None:
        """Tie a call to a record, or to none."""
        ...

    def set_presence(self, agent: AgentRef, status_id: int) -> Presence:
        """Ask FCC for a status and return the presence that FCC answers."""
        ...

    def snapshot(self, agent: AgentRef) -> AgentState:
        """Everything about the agent as it is now."""
        ...

    def phone_credentials(self, agent: AgentRef) -> PhoneCredentials:
        """Fetch what the agent's phone signs in with."""
        ...

    def panes_present(self, agent: AgentRef, present: bool, returned: bool) -> None:
        """The agent's first pane came (True), or their last one has been away for 20 s (False).

        `returned`: its page was open all the while, only its connection was gone.
        """
        ...

    def presence_missed(self, agent: AgentRef) -> None:
        """Have FCC asked for the agent's status, for a change of it may have been missed; returns at once."""
        ...


class Tickets(Protocol):
    """Tickets for the phone's own socket."""

    def issue(self, session: PaneSession, *, fence: int, line: PhoneCredentials) -> PhoneTicket:
        """A ticket for one connection of that session's phone, under that fencing number."""
        ...

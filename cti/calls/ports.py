"""What the calls need from outside: FCC, Salesforce, and other rooms' services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cti.accounts import AgentRef
    from cti.domain.call import Call
    from cti.domain.capabilities import Capabilities
    from cti.domain.fcc import Campaign, FccUser, PhoneCredentials
    from cti.domain.match import Checked, MatchResult
    from cti.domain.presence import Presence, Status
    from cti.pane_events import LogShown
    from cti.store.unit_of_work import UnitOfWork


class Pbx(Protocol):
    """The part of a telephone exchange that knows agents. What acts on a call there is no part of it."""

    def statuses(self) -> Sequence[Status]:
        """The tenant's list of statuses."""
        ...

    def presence(self, login: str) -> Presence:
        """What the agent is doing."""
        ...

    def set_presence(self, login: str, status_id: int) -> Presence:
        """Put the agent into a status."""
        ...

    def phone_credentials(self, login: str) -> PhoneCredentials:
        """What the agent's SIP phone registers with."""
        ...


class CallControl(Protocol):
    """The part of a telephone exchange that acts on calls, in an agent's name and whatever telephone the agent has."""

    def drop_call(self, login: str, calls_id: int) -> None:
        """End a call."""
        ...


class PbxRegistry(Protocol):
    """The exchange of each tenant."""

    def of(self, tenant_id: str) -> Pbx:
        """That tenant's."""
        ...


class Directory(Protocol):
    """FCC's users and campaigns."""

    def user_of_tenant(self, tenant_id: str, users_id: int) -> FccUser:
        """One user; may ask FCC."""
        ...

    def known_campaign(self, tenant_id: str, campaign_id: int | None) -> Campaign | None:
        """One campaign by what is remembered; asks nobody."""
        ...

    def capabilities(self, pairing_id: str, users_id: int) -> Capabilities:
        """What stands between the agent and dialling; may ask FCC."""
        ...


class Matching(Protocol):
    """Finds who is calling."""

    def find(self, agent: AgentRef, number: str, *, ivr: str | None) -> MatchResult:
        """The records with that number (E.164) which the agent may see; may take seconds."""
        ...


class Access(Protocol):
    """Knows whether an agent may read a record."""

    def check(self, agent: AgentRef, record_id: str, object_type: str) -> Checked:
        """Ask Salesforce for the record as that agent; may take seconds.

        Raises ConnectorError while it cannot be found out.
        """
        ...


class LogWriter(Protocol):
    """Turns calls into Tasks."""

    def call_changed(self, uow: UnitOfWork, *, tenant_id: str, after: Call) -> None:
        """Write down what must be delivered, in the same transaction; SQL only."""
        ...


class LogView(Protocol):
    """Tells how calls' Tasks stand."""

    def of(self, uow: UnitOfWork, *, tenant_id: str, calls: Sequence[tuple[Call, int]]) -> Sequence[LogShown]:
        """For each (call, users_id), in their order."""
        ...

"""What the call service needs from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from concurrent.futures import Future
    from contextlib import AbstractContextManager
    from datetime import datetime

    from cti.accounts import Pairing, PaneSession, Tenant
    from cti.domain.call import Call, StoredCall
    from cti.domain.facts import Fact
    from cti.domain.fcc import Campaign, FccUser, PhoneCredentials
    from cti.domain.match import Checked, MatchResult
    from cti.domain.pane_call import PaneCall
    from cti.domain.presence import AgentPresence, Attendance, Presence, Status
    from cti.errors import ConnectorError


class Agent(Protocol):
    """One agent of one pairing."""

    @property
    def pairing_id(self) -> str:
        """The pairing."""
        ...

    @property
    def sf_user_id(self) -> str:
        """The Salesforce user."""
        ...

    @property
    def fcc_user_id(self) -> int:
        """The FCC user."""
        ...


class Pbx(Protocol):
    """The part of a telephone exchange that acts for agents."""

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


class Exchanges(Protocol):
    """The exchange of each tenant."""

    def of(self, tenant_id: str) -> Pbx:
        """That tenant's."""
        ...


class Capabilities(Protocol):
    """What an agent can do, and what is missing."""

    @property
    def missing(self) -> tuple[ConnectorError, ...]:
        """The reasons against dialling."""
        ...

    def to_json(self, language: str) -> dict[str, Any]:
        """`{canDial, missing: [{code, message}]}`."""
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

    def find(self, agent: Agent, number: str, *, ivr: str | None) -> MatchResult:
        """The records with that number (E.164) which the agent may see; may take seconds."""
        ...


class Access(Protocol):
    """Knows whether an agent may read a record."""

    def check(self, agent: Agent, record_id: str, object_type: str) -> Checked:
        """Ask Salesforce for the record as that agent; may take seconds.

        Raises ConnectorError while it cannot be found out.
        """
        ...


class PresenceStore(Protocol):
    """Keeps what FCC answered about an agent."""

    def __call__(self, tenant_id: str, users_id: int, presence: Presence, /, *, asked_at: datetime, tell: bool) -> None:
        """`asked_at`: when the question was put. `tell`: say it in words where the panes showed something else."""
        ...


class MatchStore(Protocol):
    """Stores what a search gave."""

    def __call__(
        self, tenant_id: str, call_key: str, fact: Fact, also: Callable[[UnitOfWork, Call | None, Call], None], /
    ) -> None:
        """Store the fact; where it changes the call, `also` gets it as it was and as it is, in the transaction."""
        ...


class CallLog(Protocol):
    """Turns calls into Tasks."""

    def call_changed(self, uow: Any, *, tenant_id: str, call_key: str, before: Call | None, after: Call) -> None:
        """Write down what must be delivered, in the same transaction; SQL only."""
        ...


class LogView(Protocol):
    """Tells how calls' Tasks stand."""

    def of(self, uow: Any, *, tenant_id: str, calls: Sequence[tuple[Call, int]]) -> Sequence[Mapping[str, Any]]:
        """`{state: none|waiting|saved|failed, taskId, code}` for each (call, users_id), in their order."""
        ...


class Executor(Protocol):
    """Runs things in the background."""

    def submit(self, fn: Callable[[], Any], /) -> Future[Any]:
        """Run it soon."""
        ...

    def later(self, seconds: float, fn: Callable[[], Any], /) -> None:
        """Run it after so many seconds; not at all when the process ends before."""
        ...


class Facts(Protocol):
    """The facts' repository."""

    def add(self, tenant_id: str, fact: Fact, *, call_key: str | None, subject: str | None = None) -> None: ...
    def unknown(self, tenant_id: str, facts: Sequence[Fact]) -> list[Fact]: ...
    def of_call(self, call_key: str) -> list[Fact]: ...
    def count(self, call_key: str, kind: str) -> int: ...
    def sip_call_ids(self, call_key: str) -> Sequence[str]: ...
    def move(self, call_key: str, to: str) -> None: ...
    def adopt(self, tenant_id: str, subject: str, call_key: str) -> None: ...
    def shrink(self, before: datetime, *, limit: int) -> int: ...
    def shrink_calls(self, keys: Sequence[str]) -> None: ...


class Calls(Protocol):
    """The calls' repository."""

    def lock(self, tenant_id: str) -> None: ...
    def get(self, key: str) -> StoredCall | None: ...
    def by_calls_id(self, tenant_id: str, calls_id: int) -> StoredCall | None: ...
    def attended(self, tenant_id: str, calls_ids: Collection[int]) -> list[tuple[str, Attendance]]: ...
    def of(self, keys: Collection[str]) -> Mapping[str, StoredCall]: ...
    def by_sip_call_ids(self, tenant_id: str, sip_call_ids: Collection[str]) -> list[StoredCall]: ...
    def save(self, stored: StoredCall) -> None: ...
    def remove(self, key: str) -> None: ...
    def up_of(self, tenant_id: str, users_id: int, *, since: datetime) -> list[StoredCall]: ...
    def last_ended_of(self, tenant_id: str, users_id: int, *, since: datetime) -> StoredCall | None: ...
    def around(
        self, tenant_id: str, users_id: int, *, direction: str, number: str, since: datetime, until: datetime
    ) -> list[StoredCall]: ...
    def count_up(self, tenant_id: str, *, since: datetime) -> int: ...
    def unchecked(self, *, limit: int) -> list[StoredCall]: ...
    def searching(self, tenant_id: str, *, limit: int) -> list[StoredCall]: ...
    def open_dialogs_of(self, call_keys: Collection[str]) -> list[PaneCall]: ...
    def open_dialogs(
        self, tenant_id: str, users_id: int, *, direction: str, number: str, since: datetime, until: datetime
    ) -> list[PaneCall]: ...
    def last_settled(self, tenant_id: str, users_id: int, *, number: str, since: datetime) -> PaneCall | None: ...
    def dialogs_of_call(self, call_key: str) -> list[PaneCall]: ...
    def dialog(
        self, tenant_id: str, *, sip_call_id: str | None = None, dial_id: str | None = None
    ) -> PaneCall | None: ...
    def save_dialog(self, dialog: PaneCall) -> None: ...
    def old(self, before: datetime, *, limit: int) -> list[StoredCall]: ...
    def with_number(self, tenant_id: str, number: str) -> list[StoredCall]: ...
    def forget_dialogs(self, *, before: datetime | None = None, keys: Sequence[str] = ()) -> None: ...


class Agents(Protocol):
    """The agents' repository."""

    def presence(self, tenant_id: str, users_id: int) -> AgentPresence: ...
    def save_presence(self, tenant_id: str, users_id: int, presence: Presence | None) -> None: ...
    def attendance(self, pairing_id: str, users_id: int) -> Attendance | None: ...
    def save_attendance(self, attendance: Attendance) -> None: ...
    def attendances(self, tenant_id: str | None = None, users_id: int | None = None) -> list[Attendance]: ...
    def touch(self, agents: Sequence[tuple[str, int]]) -> None: ...
    def set_cursor(self, tenant_id: str, cursor: str | None) -> None: ...


class Events(Protocol):
    """The event log."""

    def add(self, audience: str, type: str, payload: Mapping[str, Any]) -> Any: ...  # noqa: A002 - the channel's word
    def add_many(
        self,
        type: str,  # noqa: A002 - as above
        events: Iterable[tuple[str, Mapping[str, Any]]],
        *,
        unheard: Collection[str] = (),
    ) -> None: ...


class Pairings(Protocol):
    """The pairings' repository."""

    def get(self, pairing_id: str) -> Pairing | None: ...
    def of_tenant(self, tenant_id: str) -> Sequence[Pairing]: ...


class Tenants(Protocol):
    """The tenants' repository."""

    def get(self, tenant_id: str) -> Tenant | None: ...
    def all(self) -> Sequence[Tenant]: ...


class Sessions(Protocol):
    """The pane sessions' repository."""

    def live_of(self, pairing_id: str, fcc_user_id: int) -> Sequence[PaneSession]: ...


class UnitOfWork(Protocol):
    """The transaction, as this feature sees it."""

    @property
    def facts(self) -> Facts: ...
    @property
    def calls(self) -> Calls: ...
    @property
    def agents(self) -> Agents: ...
    @property
    def events(self) -> Events: ...
    @property
    def pairings(self) -> Pairings: ...
    @property
    def tenants(self) -> Tenants: ...
    @property
    def sessions(self) -> Sessions: ...
    def commit(self) -> None: ...


class Database(Protocol):
    """Transactions."""

    def read(self) -> AbstractContextManager[Any]:
        """A view of the data: a `UnitOfWork`."""
        ...

    def write(self, *, patience: float | None = None) -> AbstractContextManager[Any]:
        """A transaction that may change data: a `UnitOfWork`. Waits so many seconds for others, or as long as usual."""
        ...

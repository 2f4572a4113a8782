"""Whether an agent may read one record, and what Salesforce says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import structlog

from cti.domain.match import Checked
from cti.domain.org_fields import NAMED, PERSON_MARKS
from cti.domain.record import Record
from cti.errors import ConnectorError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cti.accounts import PaneSession
    from cti.clock import Clock
    from cti.matching.ports import Agent, Database, Org, Orgs

BUDGET_S: Final = 2.0
_LEAST_S: Final = 0.1
_UNAUTHORIZED: Final = 401
_NO_SUCH: Final = frozenset({"salesforce-request-invalid", "salesforce-not-found"})
"""The org has no such object or field: there is nothing to read, whoever asks."""

_log = structlog.get_logger("cti.matching")
_NOTHING: Final = Checked()


class RecordAccess:
    """Asks for records that panes name, as the agents. Safe to share between threads.

    With the token of the agent's own session the org itself shows or hides the record; without a usable one the
    integration user reads it and `UserRecordAccess` says whether the agent may. The person behind a case is checked
    like the case. `token_refused` is told of the session whose token the org no longer accepts (401).

    Source: Object Reference, UserRecordAccess, Account (person accounts), Case.
    """

    def __init__(
        self,
        database: Database,
        orgs: Orgs,
        clock: Clock,
        *,
        budget: float = BUDGET_S,
        token_refused: Callable[[PaneSession], None] = lambda _session: None,
    ) -> None:
        self._database = database
        self._orgs = orgs
        self._clock = clock
        self._budget = budget
        self._token_refused = token_refused

    def check(self, agent: Agent, record_id: str, object_type: str) -> Checked:
        """The record (id of 18 characters) as Salesforce holds it, if it is of that object and the agent may read it.

        Raises ConnectorError while that cannot be found out.
        """
        with self._database.read() as uow:
            pairing = uow.pairings.get(agent.pairing_id)
            sessions = uow.sessions.live_of(agent.pairing_id, agent.fcc_user_id) if pairing is not None else ()
        if pairing is None:
            return _NOTHING
        own = next((each for each in sessions if each.sf_user_id == agent.sf_user_id and each.token), None)
        question = _Question(
            self._orgs.org(pairing.org_id),
            agent.sf_user_id,
            record_id,
            object_type,
            clock=self._clock,
            until=self._clock.monotonic() + self._budget,
        )
        if own is not None:
            try:
                return question.put(own.token)
            except ConnectorError as error:
                if error.retryable:
                    raise
                # The agent's token is over, or may not use the API: the integration user asks instead.
                _log.info("record-check-without-agent", code=error.code)
                if error.http_status == _UNAUTHORIZED:
                    self._refused(own)
        try:
            return question.put(None)
        except ConnectorError as error:
            if error.code in _NO_SUCH:
                return _NOTHING
            raise

    def _refused(self, session: PaneSession) -> None:
        try:
            self._token_refused(session)
        except Exception:  # noqa: BLE001 - the record is checked whether or not that could be noted
            _log.exception("refused-token-not-noted")


class _Question:
    """One record, asked for until a moment of the monotonic clock."""

    def __init__(
        self, org: Org, sf_user_id: str, record_id: str, object_type: str, *, clock: Clock, until: float
    ) -> None:
        self._org = org
        self._sf_user_id = sf_user_id
        self._record_id = record_id
        self._object_type = object_type
        self._clock = clock
        self._until = until

    def put(self, token: str | None) -> Checked:
        """Ask with a person's token, or as the integration user."""
        row = self._row(token)
        if row is None:
            return _NOTHING
        contact_id = _text(row.get("PersonContactId")) or None
        behind = _text(row.get("ContactId")) or None
        # Who asks with their own token sees the record itself by that; the person behind it is another record.
        unsure = {each for each in (behind, self._record_id if token is None else None) if each}
        may_read = self._org.readable(self._sf_user_id, unsure, budget=self._left()) if unsure else frozenset()
        if token is None and self._record_id not in may_read:
            return _NOTHING
        hidden = behind is not None and behind not in may_read
        return Checked(
            Record(
                record_id=self._record_id,
                object_type=_text((row.get("attributes") or {}).get("type")) or self._object_type,
                name=_text(row.get("Name")) or _text(row.get("CaseNumber")),
                contact_id=contact_id or (None if hidden else behind),
                person_account=row.get("IsPersonAccount") is True,
                contact_hidden=hidden,
            )
        )

    def _row(self, token: str | None) -> Mapping[str, Any] | None:
        columns = NAMED.get(self._object_type)
        if columns is not None:
            if self._object_type == "Account" and "IsPersonAccount" in self._org.fields_of("Account"):
                columns += PERSON_MARKS
            return self._ask(columns, token)
        try:
            return self._ask(("Id", "Name"), token)
        except ConnectorError as error:
            if error.code not in _NO_SUCH:
                raise
            # Not every object has a name.
            return self._ask(("Id",), token)

    def _ask(self, columns: tuple[str, ...], token: str | None) -> Mapping[str, Any] | None:
        rows = self._org.find(self._object_type, columns, "Id", (self._record_id,), token=token, budget=self._left())
        return next((row for row in rows if row.get("Id") == self._record_id), None)

    def _left(self) -> float:
        return max(_LEAST_S, self._until - self._clock.monotonic())


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""

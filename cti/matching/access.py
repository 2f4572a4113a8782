"""Whether an agent may read one record, and what Salesforce says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cti.domain.match import Checked
from cti.domain.org_fields import NAMED, PERSON_MARKS
from cti.domain.record import Record
from cti.errors import ConnectorError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cti.accounts import AgentRef
    from cti.clock import Clock
    from cti.matching.as_agent import AsAgent
    from cti.matching.ports import Org

BUDGET_S: Final = 2.0
_LEAST_S: Final = 0.1
_NO_SUCH: Final = frozenset({"salesforce-request-invalid", "salesforce-not-found"})
"""The org has no such object or field: there is nothing to read, whoever asks."""

_NOTHING: Final = Checked()


class RecordAccess:
    """Asks for records that panes name, as the agents. Safe to share between threads.

    With the token of the agent's own session the org itself shows or hides the record; without a usable one the
    integration user reads it and `UserRecordAccess` says whether the agent may. The person behind a case is checked
    like the case.

    Source: Object Reference, UserRecordAccess, Account (person accounts), Case.
    """

    def __init__(self, as_agent: AsAgent, clock: Clock, *, budget: float = BUDGET_S) -> None:
        self._as_agent = as_agent
        self._clock = clock
        self._budget = budget

    def check(self, agent: AgentRef, record_id: str, object_type: str) -> Checked:
        """The record (id of 18 characters) as Salesforce holds it, if it is of that object and the agent may read it.

        Raises ConnectorError while that cannot be found out.
        """
        place = self._as_agent.place_of(agent)
        if place is None:
            return _NOTHING
        until = self._clock.monotonic() + self._budget

        def put(org: Org, token: str | None) -> Checked:
            question = _Question(org, agent.sf_user_id, record_id, object_type, clock=self._clock, until=until)
            return question.put(token)

        try:
            return self._as_agent.ask(place, put, about="record-check")
        except ConnectorError as error:
            if error.code in _NO_SUCH:
                return _NOTHING
            raise


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

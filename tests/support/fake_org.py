"""An org that keeps tasks in memory, with the rules of Salesforce that call logs meet."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cti.accounts import salesforce_id
from cti.domain.salesforce import Access, RowResult, SalesforceUser
from cti.salesforce.classify import from_code
from cti.salesforce.errors import NotFoundError, OutcomeUnknownError, SalesforceError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

TASK_FIELDS = frozenset(
    {
        "Id",
        "Subject",
        "TaskSubtype",
        "CallType",
        "CallObject",
        "CallDurationInSeconds",
        "CallDisposition",
        "Status",
        "ActivityDate",
        "Description",
        "WhoId",
        "WhatId",
        "OwnerId",
        "FCC_Call_Id__c",
        "FCC_Conversation_Id__c",
        "FCC_Started_At__c",
        "FCC_Answered_At__c",
        "FCC_Ended_At__c",
        "FCC_Outcome__c",
        "FCC_Number__c",
        "FCC_Contact_Name__c",
        "FCC_Contact_Email__c",
        "FCC_Campaign__c",
        "FCC_Queue__c",
        "FCC_Ivr__c",
        "FCC_Disconnected_By__c",
        "FCC_Cause__c",
        "FCC_Recording_Url__c",
    }
)


INTEGRATION = "005U00000000000IntA"


def user(number: int, email: str, zone: str = "Europe/Warsaw") -> SalesforceUser:
    return SalesforceUser(
        f"005U{number:014d}", email, email, email, active=True, language="pl", zone=zone, user_type="Standard"
    )


@dataclass
class FakeOrg:
    """Fits `cti.calllog.ports.Org`.

    `before` runs ahead of each create and update, `after` behind it: both may raise. `refuse(row)` gives the error of
    one row, or None, `refuse_all(rows)` that of a whole request. `fields` are those the integration user sees, of which
    it may not write the `read_only` ones.
    """

    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    bin: set[str] = field(default_factory=set)
    users: list[SalesforceUser] = field(default_factory=list)
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[tuple[str, list[dict[str, Any]]]] = field(default_factory=list)
    fields: frozenset[str] = TASK_FIELDS
    read_only: frozenset[str] = frozenset({"Id"})
    looks: list[float | None] = field(default_factory=list)
    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None
    refuse: Callable[[Mapping[str, Any]], SalesforceError | None] = lambda _row: None
    refuse_all: Callable[[Sequence[Mapping[str, Any]]], SalesforceError | None] = lambda _rows: None

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)
        self._described: dict[str, Access] = {}

    def create(self, table: str, rows: Sequence[Mapping[str, Any]]) -> list[RowResult]:
        assert table == "Task"
        assert len(rows) <= 200
        with self._lock:
            self.calls.append(("create", [dict(row) for row in rows]))
            self.before()
            self._refuse_all(rows)
            results = [self._create(row) for row in rows]
            self.after()
            return results

    def _refuse_all(self, rows: Sequence[Mapping[str, Any]]) -> None:
        error = self.refuse_all(rows)
        if error is not None:
            raise error

    def _create(self, row: Mapping[str, Any]) -> RowResult:
        held = next((key for key, task in self.tasks.items() if task["FCC_Call_Id__c"] == row["FCC_Call_Id__c"]), None)
        if held is not None:
            return RowResult(
                None, from_code("DUPLICATE_VALUE", f"duplicate value found: x on record with id: {held[:15]}").trouble
            )
        error = self.refuse(row)
        if error is not None:
            return RowResult(None, error.trouble)
        assert row.keys() <= self.fields
        record_id = salesforce_id(f"00T{next(self._numbers):012d}")
        self.tasks[record_id] = {"Id": record_id, "Status": "Not Started", "CreatedById": INTEGRATION, **row}
        return RowResult(record_id)

    def update(self, table: str, rows: Sequence[Mapping[str, Any]]) -> list[RowResult]:
        assert table == "Task"
        assert len({row["Id"] for row in rows}) == len(rows) <= 200
        with self._lock:
            self.calls.append(("update", [dict(row) for row in rows]))
            self.before()
            self._refuse_all(rows)
            results = [self._update(row) for row in rows]
            self.after()
            return results

    def _update(self, row: Mapping[str, Any]) -> RowResult:
        assert not {"TaskSubtype", "FCC_Call_Id__c"} & row.keys()
        if row["Id"] in self.bin:
            return RowResult(None, from_code("ENTITY_IS_DELETED", "entity is deleted").trouble)
        if row["Id"] not in self.tasks:
            return RowResult(None, NotFoundError().trouble)
        error = self.refuse(row)
        if error is not None:
            return RowResult(None, error.trouble)
        self.tasks[row["Id"]] |= row
        return RowResult(row["Id"])

    def find(
        self, table: str, fields: Sequence[str], column: str, values: Collection[str], *, include_deleted: bool = False
    ) -> list[dict[str, Any]]:
        with self._lock:
            self.calls.append(("find " + table, []))
            self.before()
            if table != "Task":
                return [self.people[value] for value in values if value in self.people]
            live = {key: task for key, task in self.tasks.items() if include_deleted or key not in self.bin}
            return [
                {name: task.get(name) for name in fields} | {"Id": key, "IsDeleted": key in self.bin}
                for key, task in live.items()
                if task.get(column) in values
            ]

    def fields_of(self, table: str) -> frozenset[str]:
        return self.fields if table == "Task" else frozenset({"Id"})

    def access(self, table: str, *, max_age: float | None = None) -> Access:
        self.looks.append(max_age)
        if max_age is not None or table not in self._described:
            seen = self.fields_of(table)
            self._described[table] = Access(seen, seen - self.read_only, seen - self.read_only - {"TaskSubtype"})
        return self._described[table]

    def closed_task_status(self) -> str:
        return "Zakończone"

    def users_by_email(self, emails: Collection[str]) -> dict[str, tuple[SalesforceUser, ...]]:
        wanted = {email.lower() for email in emails}
        return {
            email: tuple(each for each in self.users if each.email.lower() == email)
            for email in wanted
            if any(each.email.lower() == email for each in self.users)
        }

    def user(self, user_id: str) -> SalesforceUser | None:
        return next((each for each in self.users if each.id == user_id), None)

    def delete(self, record_id: str) -> None:
        self.bin.add(record_id)

    def named(self, external_id: str) -> dict[str, Any]:
        """The one task with this external id."""
        (task,) = [each for each in self.tasks.values() if each["FCC_Call_Id__c"] == external_id]
        return task

    def sent(self, method: str) -> list[list[dict[str, Any]]]:
        return [rows for name, rows in self.calls if name == method]


def lose_answer() -> None:
    """An `after` for a change that is made and never confirmed."""
    raise OutcomeUnknownError

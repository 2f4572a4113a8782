"""An org as the rest of the connector uses it: questions, collections, and what is remembered about the org."""

from __future__ import annotations

import re
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from cti.domain.salesforce import SANDBOX_SUFFIX, Access, RowResult, SalesforceUser, without_suffix
from cti.remembered import Remembered
from cti.salesforce import query as soql
from cti.salesforce.classify import from_row
from cti.salesforce.errors import (
    AnswerUnreadableError,
    NotFoundError,
    OutcomeUnknownError,
    RequestInvalidError,
)
from cti.salesforce.oauth import ClientCredentials
from cti.salesforce.rest import DEFAULT_BUDGET_S, RestClient

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    import requests

    from cti.accounts import Org
    from cti.clock import Clock
    from cti.salesforce.ports import Observer

COLLECTION_MAX = 200
"""Rows in one collections request. Source: REST API Developer Guide, "sObject Collections"."""
REMEMBER_S = 900.0
"""For how long an org's picklists are remembered."""
ACCESS_REMEMBER_S = 3600.0
"""For how long the fields of an org's objects are remembered, unless somebody has a reason to ask sooner."""
RECHECK_S = 300.0
"""How old that may be at most where something was missing."""
USERS_REMEMBER_S = 300.0
_IN_MAX = 200
_FIELD_CODES = frozenset({"INVALID_FIELD", "INVALID_TYPE"})
_LOCATOR = re.compile(r"/services/data/v[\d.]+/query/([A-Za-z0-9]+-\d+)\Z")

JsonObject = dict[str, Any]


class SalesforceOrg:
    """One org. Safe to share between threads. Every method may raise a SalesforceError.

    `sandbox`: people are known by the e-mail addresses that they have elsewhere, without what a sandbox appends.
    """

    def __init__(self, rest: RestClient, clock: Clock, *, sandbox: bool = False) -> None:
        self._rest = rest
        self._sandbox = sandbox
        self._access: Remembered[str, Access] = Remembered(clock, ACCESS_REMEMBER_S)
        self._closed: Remembered[str, str] = Remembered(clock, REMEMBER_S)
        self._users: Remembered[str, tuple[SalesforceUser, ...]] = Remembered(clock, USERS_REMEMBER_S)
        self._hides = False

    def query(
        self,
        statement: str,
        *,
        token: str | None = None,
        budget: float = DEFAULT_BUDGET_S,
        include_deleted: bool = False,
    ) -> list[JsonObject]:
        """All records of a SOQL statement, page after page. `include_deleted` looks into the recycle bin too."""
        resource = "/queryAll" if include_deleted else "/query"
        answer = self._rest.data("GET", resource, params={"q": statement}, token=token, budget=budget)
        records = _records(answer, "records")
        while not answer.get("done", True):
            # Only the locator is taken from the answer, never an address.
            locator = _LOCATOR.match(str(answer.get("nextRecordsUrl", "")))
            if locator is None:
                raise AnswerUnreadableError
            answer = self._rest.data("GET", f"/query/{locator.group(1)}", token=token, budget=budget)
            records += _records(answer, "records")
        return records

    def find(
        self,
        table: str,
        fields: Sequence[str],
        column: str,
        values: Collection[str],
        *,
        include_deleted: bool = False,
        token: str | None = None,
        budget: float = DEFAULT_BUDGET_S,
    ) -> list[JsonObject]:
        """The records whose `column` holds one of `values`, with these fields; deleted ones too where wanted."""
        if not values:
            return []
        statement = soql.select(fields, table, soql.one_of(column, values))
        return self.query(statement, token=token, budget=budget, include_deleted=include_deleted)

    def search(self, statement: str, *, token: str | None = None, budget: float = DEFAULT_BUDGET_S) -> list[JsonObject]:
        """The records a SOSL statement finds, each with `attributes.type`."""
        answer = self._rest.data("GET", "/search/", params={"q": statement}, token=token, budget=budget)
        return _records(answer, "searchRecords")

    def search_phones(
        self,
        spellings: Sequence[str],
        returning: Mapping[str, Sequence[str]],
        *,
        limit: int = 50,
        token: str | None = None,
        budget: float = DEFAULT_BUDGET_S,
    ) -> list[JsonObject]:
        """Records whose phone fields contain one of `spellings`; `returning` gives the fields wanted by object.

        Converted leads are left out. The search index is fuzzy: the caller compares the numbers themselves.
        """
        unconverted = {"Lead": (soql.equals("IsConverted", False),)}

        def ask(wanted: Mapping[str, Sequence[str]]) -> list[JsonObject]:
            objects = [
                soql.returning(table, fields, *unconverted.get(table, ()), limit=limit)
                for table, fields in wanted.items()
            ]
            return self.search(soql.find(spellings, "PHONE", *objects), token=token, budget=budget)

        if token is not None:
            return ask(returning)
        try:
            return ask(self._seen(returning) if self._hides else returning)
        except RequestInvalidError as error:
            seen = self._seen(returning) if error.salesforce_code in _FIELD_CODES else {}
            if not seen or self._hides:
                raise
            # One field or object that is hidden from the integration user refuses the whole search.
            self._hides = True
            return ask(seen)

    def _seen(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
        """What the integration user sees of the fields wanted, by object."""
        seen: dict[str, tuple[str, ...]] = {}
        for table, fields in wanted.items():
            with suppress(NotFoundError):
                readable = self.access(table, max_age=RECHECK_S).readable
                seen[table] = tuple(name for name in fields if name in readable)
        return {table: fields for table, fields in seen.items() if fields}

    def create(self, table: str, rows: Sequence[Mapping[str, Any]]) -> list[RowResult]:
        """Create up to 200 records, each for itself; results in the order of `rows`."""
        return self._collection("POST", table, rows)

    def update(self, table: str, rows: Sequence[Mapping[str, Any]]) -> list[RowResult]:
        """Change up to 200 records, each for itself; each row names its record by `Id`, and no id twice."""
        return self._collection("PATCH", table, rows)

    def access(self, table: str, *, max_age: float | None = None) -> Access:
        """Which fields of an object the integration user has; remembered for an hour, or for `max_age` seconds."""
        within = None if max_age is None else min(max_age, ACCESS_REMEMBER_S)
        return self._access.load(table, lambda: self._ask_access(table), within=within)

    def fields_of(self, table: str) -> frozenset[str]:
        """The API names of the fields that the integration user sees on an object; remembered for an hour."""
        return self.access(table).readable

    def closed_task_status(self) -> str:
        """The value of Task.Status that means "done" in this org; administrators may rename it."""
        return self._closed.load("Task", self._ask_closed_status)

    def forget(self) -> None:
        """Ask again about everything that is remembered, at its next use."""
        for each in (self._access, self._closed, self._users):
            each.forget()

    def users_by_email(self, emails: Collection[str]) -> dict[str, tuple[SalesforceUser, ...]]:
        """The active users with these e-mail addresses, under the address in lower case; absent: no such user.

        Answers, the empty ones too, are remembered for five minutes.
        """
        wanted = {email.strip().lower() for email in emails if email.strip()}
        known = {email: kept for email in wanted if (kept := self._users.get(email)) is not None}
        missing = sorted(wanted - known.keys())
        for start in range(0, len(missing), _IN_MAX):
            part = missing[start : start + _IN_MAX]
            found: dict[str, list[SalesforceUser]] = {email: [] for email in part}
            spellings = [*part, *(email + SANDBOX_SUFFIX for email in part)] if self._sandbox else part
            for user in self._ask_users(soql.one_of("Email", spellings), soql.equals("IsActive", True)):
                found.setdefault(user.email.lower(), []).append(user)
            for email in part:
                known[email] = tuple(found[email])
                self._users.put(email, known[email])
        return {email: users for email, users in known.items() if users}

    def user(self, user_id: str) -> SalesforceUser | None:
        """One user by id, remembered for five minutes; None when there is no such user."""
        found = self._users.load(user_id, lambda: tuple(self._ask_users(soql.equals("Id", user_id))))
        return found[0] if found else None

    def versions(self) -> frozenset[str]:
        """The versions of the API that the org has, such as "67.0"."""
        answer = self._rest.versions()
        if not isinstance(answer, list):
            raise AnswerUnreadableError
        return frozenset(str(each.get("version")) for each in answer if isinstance(each, dict))

    def active_users(self) -> list[SalesforceUser]:
        """All active standard users."""
        return self._ask_users(soql.equals("IsActive", True), soql.equals("UserType", "Standard"))

    def readable(
        self, user_id: str, record_ids: Collection[str], *, budget: float = DEFAULT_BUDGET_S
    ) -> frozenset[str]:
        """Those of `record_ids` (at most 200) that this user may read.

        Source: Object Reference, "UserRecordAccess": the query names one user and at most 200 records.
        """
        if not record_ids:
            return frozenset()
        statement = soql.select(
            ("RecordId", "HasReadAccess"),
            "UserRecordAccess",
            soql.equals("UserId", user_id),
            soql.one_of("RecordId", sorted(record_ids)),
        )
        rows = self.query(statement, budget=budget)
        return frozenset(str(row["RecordId"]) for row in rows if row.get("HasReadAccess") is True)

    def _collection(self, method: str, table: str, rows: Sequence[Mapping[str, Any]]) -> list[RowResult]:
        if not rows:
            return []
        if len(rows) > COLLECTION_MAX:
            raise ValueError(f"at most {COLLECTION_MAX} rows in one request")
        records = [{"attributes": {"type": soql.name(table)}, **row} for row in rows]
        answer = self._rest.data(method, "/composite/sobjects", body={"allOrNone": False, "records": records})
        if not isinstance(answer, list) or len(answer) != len(rows):
            raise OutcomeUnknownError
        return [_row_result(row) for row in answer]

    def _ask_access(self, table: str) -> Access:
        answer = self._rest.data("GET", f"/sobjects/{soql.name(table)}/describe")
        fields = answer.get("fields") if isinstance(answer, dict) else None
        if not isinstance(fields, list):
            raise AnswerUnreadableError
        told = [field for field in fields if isinstance(field, dict) and isinstance(field.get("name"), str)]
        return Access(
            readable=frozenset(field["name"] for field in told),
            createable=frozenset(field["name"] for field in told if field.get("createable") is True),
            updateable=frozenset(field["name"] for field in told if field.get("updateable") is True),
        )

    def _ask_closed_status(self) -> str:
        statement = soql.select(
            ("ApiName", "MasterLabel"), "TaskStatus", soql.equals("IsClosed", True), order_by=("SortOrder",), limit=1
        )
        rows = self.query(statement)
        return _text(rows[0].get("ApiName")) or _text(rows[0].get("MasterLabel")) if rows else "Completed"

    def _ask_users(self, *where: str) -> list[SalesforceUser]:
        fields = (
            "Id",
            "Username",
            "Email",
            "Name",
            "IsActive",
            "LanguageLocaleKey",
            "TimeZoneSidKey",
            "UserType",
        )
        return [
            SalesforceUser(
                id=str(row["Id"]),
                username=_text(row.get("Username")),
                email=without_suffix(_text(row.get("Email"))) if self._sandbox else _text(row.get("Email")),
                name=_text(row.get("Name")),
                active=row.get("IsActive") is True,
                language=_text(row.get("LanguageLocaleKey")),
                zone=_text(row.get("TimeZoneSidKey")),
                user_type=_text(row.get("UserType")),
            )
            for row in self.query(soql.select(fields, "User", *where))
        ]


class SalesforceOrgs:
    """The orgs the connector is paired with; each one's client is kept as long as its row stays the same.

    `source` reads an org's row, or raises a ConnectorError where there is none; `http` is the session for all requests.
    Safe to share between threads.
    """

    def __init__(
        self, source: Callable[[str], Org], http: requests.Session, clock: Clock, observer: Observer | None = None
    ) -> None:
        self._source = source
        self._http = http
        self._clock = clock
        self._observer = observer
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[tuple[str, ...], SalesforceOrg]] = {}

    def org(self, org_id: str) -> SalesforceOrg:
        """The org with this id. Raises the source's ConnectorError when there is none."""
        row = self._source(org_id)
        form = (row.my_domain_url, row.client_id, row.client_secret, row.api_version, row.environment)
        with self._lock:
            kept = self._kept.get(org_id)
            if kept is None or kept[0] != form:
                kept = (form, self.connect(row))
                self._kept[org_id] = kept
            return kept[1]

    def connect(self, row: Org) -> SalesforceOrg:
        """A client for an org's row that need not be stored yet: pairing tries it before it saves."""
        tokens = ClientCredentials(row, self._http, self._clock)
        rest = RestClient(row, self._http, tokens, self._clock, self._observer)
        return SalesforceOrg(rest, self._clock, sandbox=row.is_sandbox)


def _records(answer: Any, key: str) -> list[JsonObject]:
    records = answer.get(key) if isinstance(answer, dict) else None
    if not isinstance(records, list):
        raise AnswerUnreadableError
    return [record for record in records if isinstance(record, dict)]


def _row_result(row: Any) -> RowResult:
    if isinstance(row, dict) and row.get("success") is True and isinstance(row.get("id"), str):
        return RowResult(record_id=row["id"])
    return RowResult(record_id=None, error=from_row(row.get("errors") if isinstance(row, dict) else None).trouble)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""

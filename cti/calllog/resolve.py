"""Fills in what only the org knows: owners, time zones, the closed status, the person behind a record.

One question for all deliveries of a batch, answers remembered: the number of requests does not grow with the number of
calls.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

from cti.calllog.mapping import words_of
from cti.calllog.placeholders import Closed, Day, OfPerson, Owner, Placeholder, Words, read
from cti.domain.org_fields import PEOPLE
from cti.domain.times import parse_time
from cti.errors import ConnectorError, SalesforceUserUnknownError
from cti.remembered import Remembered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cti.calllog.placeholders import About
    from cti.calllog.ports import Org
    from cti.clock import Clock
    from cti.domain.salesforce import SalesforceUser

    Owners = Mapping[Owner, SalesforceUser | None]

REMEMBER_S: Final = 900.0
REMEMBER_MAX: Final = 10_000
EMAIL_MAX: Final = 80
_IN_MAX: Final = 100

_log = structlog.get_logger("cti.calllog")


@dataclass(frozen=True)
class _Person:
    """Who stands behind a record: a contact or lead, the contact of a case, the contact of a person account."""

    who_id: str | None
    name: str
    email: str


class Resolver:
    """Fills placeholders in. Safe to share between threads.

    `emails(tenant_id, users_id)` is an FCC user's address, None where there is none; it raises a ConnectorError where
    FCC cannot be asked. `zone` is the IANA zone used where an owner has none; `count_error` counts an agent whom
    Salesforce does not know, by the code of it, once until Salesforce does.
    """

    def __init__(
        self,
        emails: Callable[[str, int], str | None],
        clock: Clock,
        *,
        zone: str = "Europe/Warsaw",
        count_error: Callable[[str], None] = lambda _code: None,
    ) -> None:
        self._emails = emails
        self._zone = ZoneInfo(zone)
        self._count_error = count_error
        self._unmatched: set[tuple[str, str, int]] = set()
        self._lock = threading.Lock()
        self._people: Remembered[tuple[str, str], _Person] = Remembered(clock, REMEMBER_S, most=REMEMBER_MAX)

    def resolve(self, org_id: str, org: Org, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The fields of deliveries with every placeholder filled in; a field whose value cannot be had is left out.

        Raises a ConnectorError when the org or FCC cannot be asked, and ValueError for what is no placeholder: then
        nothing was sent.
        """
        deliveries = [{name: read(value) for name, value in row.items()} for row in rows]
        people = self._people_behind(org_id, org, [about for each in deliveries for about in _abouts(each)])
        owners = self._owners(org_id, org, deliveries)
        return [self._filled(org, each, people, owners) for each in deliveries]

    def _filled(
        self,
        org: Org,
        fields: Mapping[str, Any],
        people: Mapping[str, _Person],
        owners: Owners,
    ) -> dict[str, Any]:
        filled: dict[str, Any] = {}
        for name, value in fields.items():
            if not isinstance(value, Placeholder):
                filled[name] = value
                continue
            found = self._value(org, value, people, owners)
            if found:
                filled[name] = found
        return filled

    def _value(
        self,
        org: Org,
        placeholder: Placeholder,
        people: Mapping[str, _Person],
        owners: Owners,
    ) -> str | None:
        match placeholder:
            case Closed():
                return org.closed_task_status()
            case Owner():
                owner = owners[placeholder]
                return owner.id if owner else None
            case Day():
                return self._day(placeholder, owners)
            case Words():
                return _words(placeholder, owners)
            case OfPerson():
                return _of_person(placeholder, people)

    def _day(self, placeholder: Day, owners: Owners) -> str | None:
        moment = parse_time(placeholder.at)
        if moment is None:
            return None
        owner = owners[placeholder.owner] if placeholder.owner else None
        zone = self._zone
        if owner is not None and owner.zone:
            try:
                zone = ZoneInfo(owner.zone)
            except (ZoneInfoNotFoundError, ValueError):
                zone = self._zone
        return moment.astimezone(UTC).astimezone(zone).date().isoformat()

    # -- owners ---------------------------------------------------------------------------------------------------

    def _owners(self, org_id: str, org: Org, deliveries: Sequence[Mapping[str, Any]]) -> Owners:
        wanted = dict.fromkeys(owner for each in deliveries for owner in _owners_in(each))
        emails = {owner: self._email(owner.tenant, owner.agent) for owner in wanted if owner.agent is not None}
        users = org.users_by_email([email for email in emails.values() if email]) if any(emails.values()) else {}
        owners: dict[Owner, SalesforceUser | None] = {}
        for owner in wanted:
            person = _only_person(users.get(emails.get(owner, ""), ()))
            if owner.agent is not None:
                self._note(org_id, owner.tenant, owner.agent, matched=person is not None)
            owners[owner] = person or _default(org, owner.default)
        return owners

    def _note(self, org_id: str, tenant_id: str, users_id: int, *, matched: bool) -> None:
        """Tell of an agent without a Salesforce user, once until there is one."""
        agent = (org_id, tenant_id, users_id)
        with self._lock:
            if matched:
                self._unmatched.discard(agent)
            if matched or agent in self._unmatched:
                return
            self._unmatched.add(agent)
        code = SalesforceUserUnknownError.code
        self._count_error(code)
        _log.warning("agent-not-in-salesforce", org=org_id, tenant=tenant_id, users_id=users_id, code=code)

    def _email(self, tenant_id: str, users_id: int) -> str:
        try:
            return (self._emails(tenant_id, users_id) or "").strip().lower()
        except ConnectorError as error:
            if error.retryable:
                raise
            return ""

    # -- people ---------------------------------------------------------------------------------------------------

    def _people_behind(self, org_id: str, org: Org, abouts: Iterable[About]) -> dict[str, _Person]:
        known: dict[str, _Person] = {}
        missing: dict[str, list[str]] = {}
        for about in abouts:
            kept = self._people.get((org_id, about.id))
            if kept is not None:
                known[about.id] = kept
            elif about.type in PEOPLE and (about.type != "Account" or about.person):
                missing.setdefault(about.type, []).append(about.id)
        for table, ids in missing.items():
            known |= self._ask(org_id, org, table, sorted(set(ids)))
        return known

    def _ask(self, org_id: str, org: Org, table: str, ids: list[str]) -> dict[str, _Person]:
        who, name, email = PEOPLE[table]
        columns = tuple(dict.fromkeys(("Id", who, name, email)))
        found: dict[str, _Person] = {}
        try:
            rows = self._rows(org, table, columns, ids)
        except ConnectorError as error:
            if error.retryable:
                raise
            # One field that is hidden from the integration refuses the whole question.
            rows = self._visible_rows(org, table, columns, ids)
        for row in rows:
            found[str(row["Id"])] = _Person(
                who_id=_text(row, who) or None, name=_text(row, name), email=_text(row, email)
            )
        for record_id in ids:
            self._people.put((org_id, record_id), found.get(record_id, _Person(None, "", "")))
        return found

    @staticmethod
    def _rows(org: Org, table: str, columns: Sequence[str], ids: Sequence[str]) -> list[Mapping[str, Any]]:
        return [
            row
            for start in range(0, len(ids), _IN_MAX)
            for row in org.find(table, columns, "Id", ids[start : start + _IN_MAX])
        ]

    def _visible_rows(
        self, org: Org, table: str, columns: Sequence[str], ids: Sequence[str]
    ) -> list[Mapping[str, Any]]:
        """What the integration sees of the columns; an org that hides all still gets its call logs, without them."""
        try:
            seen = {name for name in columns if self._sees(org, table, name)}
            return self._rows(org, table, [name for name in columns if name in seen], ids) if "Id" in seen else []
        except ConnectorError as error:
            if error.retryable:
                raise
            return []

    @staticmethod
    def _sees(org: Org, table: str, path: str) -> bool:
        """Whether the integration sees a column, of the object or of the record it refers to (`Contact.Name`)."""
        relation, _, name = path.rpartition(".")
        if not relation:
            return name in org.fields_of(table)
        return f"{relation}Id" in org.fields_of(table) and name in org.fields_of(relation)


def _text(row: Mapping[str, Any], path: str) -> str:
    value: Any = row
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def _abouts(fields: Mapping[str, Any]) -> Iterable[About]:
    return (value.about for value in fields.values() if isinstance(value, OfPerson))


def _of_person(placeholder: OfPerson, people: Mapping[str, _Person]) -> str | None:
    """Id, name or address of the person behind a record."""
    about = placeholder.about
    person = people.get(about.id)
    if placeholder.kind == "who":
        return person.who_id if person else None
    if placeholder.kind == "name":
        return ((person.name if person else "") or about.name)[:255] or None
    email = person.email if person else ""
    return email if 0 < len(email) <= EMAIL_MAX else None


def _words(placeholder: Words, owners: Owners) -> str:
    """The text in the language of the Task's owner; an owner whose language the org does not tell is no other case."""
    owner = owners[placeholder.owner] if placeholder.owner else None
    language = words_of(owner.language) if owner is not None and owner.language else placeholder.otherwise
    return placeholder.words[language]


def _owners_in(fields: Mapping[str, Any]) -> Iterable[Owner]:
    for value in fields.values():
        if isinstance(value, Owner):
            yield value
        elif isinstance(value, Day | Words) and value.owner:
            yield value.owner


def _default(org: Org, user_id: str | None) -> SalesforceUser | None:
    """The default user, unless there is none or they left: an inactive user cannot own a Task."""
    user = org.user(user_id) if user_id else None
    return user if user is not None and user.active else None


def _only_person(users: Sequence[SalesforceUser]) -> SalesforceUser | None:
    """The one user with an address; where several share it, the one that is a person's ordinary login."""
    standard = [user for user in users if user.user_type in {"Standard", ""}] or list(users)
    return standard[0] if len(standard) == 1 else None

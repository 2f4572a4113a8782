"""Salesforce records by what a call needs of them: named by a pane, found by number, related to the call."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Record:
    """A Salesforce record by what the call needs of it.

    `account_id`/`contact_id`: the account of a contact, the contact of a case, or the person contact of a person
    account. `reason` says in a code why it was found (`clicked`, `linked`, `mobile`, `phone`, `case-code` …).
    `contact_hidden`: the agent may read the record, but not the person behind it, so nobody may be told who that is.
    """

    record_id: str
    object_type: str
    name: str = ""
    account_id: str | None = None
    contact_id: str | None = None
    person_account: bool = False
    reason: str = ""
    contact_hidden: bool = False

    def to_json(self) -> dict[str, Any]:
        """All fields by their names."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Record:
        """What `to_json` wrote; unknown keys are ignored, missing ones take their defaults."""
        known = {each.name for each in fields(cls)}
        return cls(**{key: value for key, value in data.items() if key in known and value is not None})


@dataclass(frozen=True, slots=True)
class Related:
    """The record a call belongs to, and by what: `linked` by the agent, `clicked` at dialling, `matched` by number."""

    record: Record
    source: str

    @property
    def record_id(self) -> str:
        """The record's id."""
        return self.record.record_id

    @property
    def object_type(self) -> str:
        """The record's object, by API name."""
        return self.record.object_type

    @property
    def name(self) -> str:
        """The record's name."""
        return self.record.name


@dataclass(frozen=True, slots=True)
class Claim:
    """A record that an agent's pane named, of which nobody has found out yet whether that agent may read it.

    Only the id and the object are taken from the pane. `sf_user_id` and `pairing_id` say as whom and where Salesforce
    is to be asked; `dial_id` is the dial it came with.
    """

    users_id: int
    record_id: str
    object_type: str
    pairing_id: str
    sf_user_id: str | None = None
    dial_id: str | None = None


def records_from(value: Any) -> tuple[Record, ...]:
    """The records in a fact's content, where `Record.to_json` wrote each; none where there is no list."""
    return tuple(Record.from_json(item) for item in value) if isinstance(value, list | tuple) else ()

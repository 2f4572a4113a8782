"""What Salesforce says of its people, of what they may do, and of what was asked of it, in our words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


SANDBOX_SUFFIX: Final = ".invalid"
"""What Salesforce appends to everybody's e-mail address when it makes or refreshes a sandbox, until the person confirms
the address there. Source: Salesforce Help, "Sandboxes: Considerations", user e-mail addresses (A90)."""


def without_suffix(email: str) -> str:
    """The address that the person has elsewhere: without what a sandbox appended."""
    return email[: -len(SANDBOX_SUFFIX)] if email.lower().endswith(SANDBOX_SUFFIX) else email


@dataclass(frozen=True, slots=True)
class Identity:
    """Who an access token belongs to.

    Ids have 18 characters; they are empty where the org's answer named none that can be read, which is nobody's id.
    `email` is the one the person has elsewhere too: without what a sandbox appends. `language` is Salesforce's code
    (`pl`, `en_US`).
    """

    user_id: str
    org_id: str
    name: str
    email: str
    language: str


@dataclass(frozen=True, slots=True)
class SalesforceUser:
    """A Salesforce user, as far as pairing and owners need one.

    `email` is the one the person has elsewhere too: without what a sandbox appends. `language` is Salesforce's code
    (`pl`, `en_US`), `zone` an IANA name, each empty where the org does not tell it; `user_type` is `Standard` for
    people who work in the org.
    """

    id: str
    username: str
    email: str
    name: str
    active: bool
    language: str
    zone: str
    user_type: str


@dataclass(frozen=True, slots=True)
class Access:
    """Which fields of an object the integration user has: by API name, for reading, creating and changing.

    A field that is in none of them does not exist in this org, or field-level security hides it; the API does not tell
    the one from the other. Source: REST API Developer Guide, "sObject Describe"; Object Reference, field properties.
    """

    readable: frozenset[str]
    createable: frozenset[str]
    updateable: frozenset[str]


class Trouble(Protocol):
    """An error of Salesforce's, as data."""

    @property
    def code(self) -> str:
        """The connector's code of it."""
        ...

    @property
    def verdict(self) -> str:
        """What may be done: `again`, `wait`, `unknown`, `duplicate`, `gone`, `never`, `refresh`."""
        ...

    @property
    def salesforce_code(self) -> str:
        """Salesforce's own code."""
        ...

    @property
    def fields(self) -> Sequence[str]:
        """The fields it is about, where Salesforce names any."""
        ...

    @property
    def detail(self) -> str:
        """Salesforce's own words, for the administrator."""
        ...

    @property
    def retry_after(self) -> float | None:
        """Seconds that Salesforce asked to wait."""
        ...

    @property
    def record_id(self) -> str | None:
        """The record on which a duplicate value was found."""
        ...


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one row of a collections request: the record's id, or the error."""

    record_id: str | None
    error: Trouble | None = None

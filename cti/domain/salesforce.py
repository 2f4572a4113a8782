"""What Salesforce says of its people, of what they may do, and of what was asked of it, in our words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cti.domain.delivery import Verdict

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


@dataclass(frozen=True, slots=True)
class Trouble:
    """What an org refused or failed to do, as data.

    `code` is the connector's own, `verdict` says what may be done next. `salesforce_code` and `fields` are
    Salesforce's, empty where it names none, `detail` its words, for the administrator. `retry_after` is in seconds,
    where Salesforce asked to wait; `record_id` the record on which a duplicate value was found. `blames_content`: the
    whole request was refused for what stood in it, so that a smaller one may be taken.
    """

    code: str
    verdict: Verdict = Verdict.AGAIN
    salesforce_code: str = ""
    fields: tuple[str, ...] = ()
    detail: str = ""
    retry_after: float | None = None
    record_id: str | None = None
    blames_content: bool = False


class OrgError(Exception):
    """What an org's refusals and failures are, whoever spoke with it."""

    @property
    def trouble(self) -> Trouble:
        """The same as a value."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one row of a collections request: the record's id, or the trouble with it."""

    record_id: str | None
    error: Trouble | None = None

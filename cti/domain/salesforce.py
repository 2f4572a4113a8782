"""What Salesforce says of its people and of what they may do, in our words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """Who an access token belongs to.

    Ids have 18 characters; they are empty where the org's answer named none that can be read, which is nobody's id.
    `language` is Salesforce's code (`pl`, `en_US`).
    """

    user_id: str
    org_id: str
    name: str
    email: str
    language: str


@dataclass(frozen=True, slots=True)
class SalesforceUser:
    """A Salesforce user, as far as pairing and owners need one.

    `language` is Salesforce's code (`pl`, `en_US`), `zone` an IANA name, each empty where the org does not tell it;
    `user_type` is `Standard` for people who work in the org.
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

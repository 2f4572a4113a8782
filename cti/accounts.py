"""Who is connected with whom: FCC tenants, Salesforce orgs, their pairings, and the agents' sessions.

Plain values, read by every feature; where they are kept is the store's business. Secrets are left out of `repr`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from datetime import datetime

Correlation = Literal["call-id", "none"]
HashMethod = Literal["sha1", "md5"]
Environment = Literal["test", "production"]
Language = Literal["pl", "en"]

_ID_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def salesforce_id(raw: str) -> str:
    """The 18-character form of a Salesforce id given in 15 or 18 characters.

    Raises ValueError for anything else, a wrong check suffix included. Source: Salesforce Help, "What is the
    difference between 15 and 18 character IDs".
    """
    if len(raw) not in {15, 18} or not raw.isascii() or not raw.isalnum():
        raise ValueError("not a Salesforce id")
    core = raw[:15]
    suffix = "".join(
        _ID_ALPHABET[sum(1 << place for place, letter in enumerate(core[start : start + 5]) if letter.isupper())]
        for start in (0, 5, 10)
    )
    if len(raw) == 18 and raw[15:].upper() != suffix:  # noqa: PLR2004 - the length named above
        raise ValueError("not a Salesforce id")
    return core + suffix


@dataclass(frozen=True)
class Tenant:
    """An FCC instance: where its external-api is and how we sign for it.

    `domain` is FCC's name for the instance, `base_url` ends in `/external-api`, `default_region` (ISO 3166) reads
    numbers without a country, `correlation` says whether FCC names the SIP Call-ID in what it reports. `dial_…` say
    which numbers beside those of its own country its agents may call (`cti.domain.dial_policy`).
    """

    id: str
    domain: str
    base_url: str
    admin_login: str
    api_key: str = field(repr=False)
    webhook_user: str
    webhook_password_hash: str = field(repr=False)
    default_region: str
    correlation: Correlation
    hash_method: HashMethod
    created_at: datetime
    dial_countries: tuple[str, ...] = ("EU",)
    dial_premium: bool = False
    dial_satellite: bool = False


@dataclass(frozen=True)
class Org:
    """A Salesforce org; `id` has 18 characters, URLs and origins end without a slash.

    `canvas_key` and `canvas_secret` belong to the Canvas app, `client_id` and `client_secret` to the pairing's own
    app (client credentials). `environment` is `test` for a sandbox, whose people's e-mail addresses are not what they
    are elsewhere (`cti.domain.salesforce.without_suffix`); where the org logs in follows from My Domain (R14).
    """

    id: str
    name: str
    my_domain_url: str
    lightning_origin: str
    vf_origin: str
    canvas_key: str
    canvas_secret: str = field(repr=False)
    client_id: str
    client_secret: str = field(repr=False)
    environment: Environment
    api_version: str
    created_at: datetime

    @property
    def is_sandbox(self) -> bool:
        """Whether people may have addresses that a sandbox has changed."""
        return self.environment == "test"


@dataclass(frozen=True)
class Pairing:
    """A tenant working with an org, and the integration's settings (R13-R21).

    `off_campaign_id` is the campaign for calls outside campaigns, `default_user_id` the Salesforce user who owns calls
    that nobody took, `campaigns` the ids of campaigns whose calls are gathered (empty: all).
    """

    id: str
    tenant_id: str
    org_id: str
    active: bool
    off_campaign_id: int | None
    default_user_id: str | None
    log_other_phones: bool
    create_case: bool
    case_by_ivr_code: bool
    person_accounts: bool
    campaigns: tuple[int, ...]
    poll_enabled: bool
    webhooks_enabled: bool
    created_at: datetime


@dataclass(frozen=True)
class AgentRef:
    """One agent in one pairing: the Salesforce user and the FCC user that are the same person."""

    pairing_id: str
    sf_user_id: str
    fcc_user_id: int

    @property
    def audience(self) -> str:
        """The key under which this agent's events are kept."""
        return f"{self.pairing_id}:{self.fcc_user_id}"


@dataclass(frozen=True)
class PaneSession:
    """An agent's signed-in pane.

    `token` is the org token out of the signed request (None once it was refused), taken at `token_at`. The session is
    over at `expires_at`, or earlier when it is revoked.
    """

    id: str
    org_id: str
    pairing_id: str
    sf_user_id: str
    fcc_user_id: int
    language: Language
    name: str
    email: str
    token: str | None = field(repr=False)
    token_at: datetime
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    @property
    def agent(self) -> AgentRef:
        """Whose session it is."""
        return AgentRef(self.pairing_id, self.sf_user_id, self.fcc_user_id)


@dataclass(frozen=True)
class PhoneTicket:
    """What opens a pane's phone socket once, within `expires_in` seconds."""

    ticket: str = field(repr=False)
    expires_in: int


@dataclass(frozen=True)
class IssuedSession:
    """A session and the token that opens it for the next `expires_in` seconds."""

    session: PaneSession
    token: str = field(repr=False)
    expires_in: int

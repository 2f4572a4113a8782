"""What FCC keeps about its people and campaigns, in our words."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cti.domain.facts import Fact


class UserKind(StrEnum):
    """FCC's five kinds of account. Only PBX users work in the integration."""

    ADMINISTRATOR = "administrator"
    SUPERVISOR = "supervisor"
    AGENT = "agent"
    PBX = "pbx"
    UC = "uc"


KIND_WORDS: Final[Mapping[UserKind, tuple[str, str]]] = {
    UserKind.ADMINISTRATOR: ("administrator", "administrator"),
    UserKind.SUPERVISOR: ("nadzorca", "supervisor"),
    UserKind.AGENT: ("agent", "agent"),
    UserKind.PBX: ("użytkownik PBX", "PBX user"),
    UserKind.UC: ("użytkownik Focus UC", "Focus UC user"),
}
"""Each kind as FCC's own screens say it, in Polish and in English."""


@dataclass(frozen=True, slots=True)
class FccUser:
    """One account of FCC. `kind` None: FCC named a kind that is not known here.

    `city_number` and `presentation` are E.164 where they parse, raw else, None where the user has none; `extension` is
    the internal number.
    """

    id: int
    login: str
    email: str
    kind: UserKind | None
    first_name: str = ""
    last_name: str = ""
    extension: str | None = None
    city_number: str | None = None
    presentation: str | None = None
    active: bool = True

    @property
    def name(self) -> str:
        """First and last name, or the login where FCC keeps neither."""
        return f"{self.first_name} {self.last_name}".strip() or self.login


class CampaignMode(StrEnum):
    """How a campaign's calls are handled."""

    AUTOMATIC = "automatic"
    MANUAL_WWW = "manual-www"
    MANUAL_PHONE = "manual-phone"


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign. `mode` None: a mode not known here."""

    id: int
    name: str
    direction: str | None = None
    mode: CampaignMode | None = None
    ivr_authorization: bool = False


@dataclass(frozen=True, slots=True)
class PhoneCredentials:
    """What a pane's SIP phone registers with. The password stays out of the representation, so out of logs."""

    uri: str
    username: str
    password: str = field(repr=False)
    ws_url: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CallPage:
    """A page of the call list: facts of source `list`, oldest change first, and where to go on.

    `more`: the page was full, so there is probably another. `unread` rows could not be read and are not in it.
    """

    facts: tuple[Fact, ...]
    cursor: str | None
    more: bool = False
    unread: int = 0

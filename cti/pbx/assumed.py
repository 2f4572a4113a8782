"""The one module where everything stands that FCC's public clients don't show: names, shapes, meanings.

FCC's engineers can correct it here; docs/fcc-external-api.yaml says the same with `x-known: assumed`. Reading is
tolerant: what can't be read is told by the reader, and the rest is used.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from cti.domain.facts import Fact
from cti.domain.fcc import Campaign, CampaignMode, FccUser, PhoneCredentials, UserKind
from cti.domain.outcome import parse_status
from cti.domain.phone_number import Kind, parse
from cti.domain.presence import Presence, Status, presence_class
from cti.domain.times import iso
from cti.pbx.errors import FccDomainRefusedError, FccKeyRefusedError, FccLoginRefusedError, FccRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cti.pbx.reading import Reader

# -- functions ------------------------------------------------------------------------------------------------------

USERS_LIST: Final = "fcc-users-list"
STATUSES_LIST: Final = "fcc-staff-statuses-list"
CALLS_LIST: Final = "fcc-calls-list"
STATUS: Final = "fcc-staff-status"
SET_STATUS: Final = "fcc-set-staff-status"
SIP_CREDENTIALS: Final = "fcc-sip-credentials"
UPDATED_SINCE: Final = "updated_since"
"""The parameter of the call list that takes the place of a cursor: calls changed at that time or later."""

# -- webhook events -------------------------------------------------------------------------------------------------

CALL_EVENTS: Final[Mapping[str, str]] = {
    "CallCreated": "created",
    "CallRinging": "ringing",
    "CallAnswered": "answered",
    "CallHeld": "held",
    "CallResumed": "resumed",
    "CallLegEnded": "leg-ended",
    "CallEnded": "ended",
}
"""FCC's event name → kind of fact."""
STATUS_EVENT: Final = "UserStatusChanged"

_KINDS: Final[Mapping[str, UserKind]] = {
    "administrator": UserKind.ADMINISTRATOR,
    "admin": UserKind.ADMINISTRATOR,
    "supervisor": UserKind.SUPERVISOR,
    "nadzorca": UserKind.SUPERVISOR,
    "agent": UserKind.AGENT,
    "pbx": UserKind.PBX,
    "uc": UserKind.UC,
}
_REFUSALS: Final = (
    (re.compile(r"\bdomain\b|\bdomen"), FccDomainRefusedError),
    (re.compile(r"\b(unknown|invalid|nieznany) (login|user|użytkownik)|\buser is inactive"), FccLoginRefusedError),
    (re.compile(r"\bhash\b|\bsignature\b|\bapi.?key\b|\bklucz|\bpodpis"), FccKeyRefusedError),
)
"""Of what FCC's words for a refusal speak, the first that fits (A91)."""
_SIDES: Final = frozenset({"agent", "customer", "system"})
_DIRECTIONS: Final = frozenset({"inbound", "outbound", "internal"})
_LONGEST_ID: Final = 255
"""As long as a SIP Call-ID may be that is kept; RFC 3261 sets no bound, and nobody makes longer ones."""
_LONGEST_DIAL_ID: Final = 64
_LONGEST_WORD: Final = 255


def refusal(reason: str) -> type[FccRefusedError]:
    """Which error FCC's words for a refusal are; the general one where they say nothing of who asks."""
    return next((error for words, error in _REFUSALS if words.search(reason.lower())), FccRefusedError)


def user(row: Mapping[str, Any], reader: Reader, region: str) -> FccUser | None:
    """One row of the users' list; None when it has no id or no login."""
    users_id = reader.integer(row, "id", USERS_LIST)
    login = reader.text(row, "login", USERS_LIST)
    if users_id is None or login is None:
        reader.unreadable(USERS_LIST, "id/login", row)
        return None
    word = reader.text(row, "type", USERS_LIST) or ""
    kind = _KINDS.get(word.lower())
    if kind is None:
        reader.unreadable(USERS_LIST, "type", word)
    return FccUser(
        id=users_id,
        login=login.split("@", 1)[0],
        email=reader.text(row, "email", USERS_LIST) or "",
        kind=kind,
        first_name=reader.text(row, "first_name", USERS_LIST) or "",
        last_name=reader.text(row, "last_name", USERS_LIST) or "",
        extension=reader.text(row, "extension", USERS_LIST),
        city_number=_number(reader.text(row, "city_number", USERS_LIST), region),
        presentation=_number(reader.text(row, "presentation", USERS_LIST), region),
        active=reader.flag(row, "active", USERS_LIST, default=True),
    )


def _number(text: str | None, region: str) -> str | None:
    return None if text is None else parse(text, region).value or None


def campaign(row: Mapping[str, Any], reader: Reader) -> Campaign | None:
    """One row of the campaigns' list; the function is known, its fields are assumed."""
    where = "fcc-campaigns-list"
    campaign_id = reader.integer(row, "id", where)
    if campaign_id is None:
        reader.unreadable(where, "id", row)
        return None
    word = reader.text(row, "mode", where)
    mode = CampaignMode(word) if word in set(CampaignMode) else None
    if mode is None and word is not None:
        reader.unreadable(where, "mode", word)
    return Campaign(
        id=campaign_id,
        name=reader.text(row, "name", where) or str(campaign_id),
        direction=reader.text(row, "direction", where),
        mode=mode,
        ivr_authorization=reader.flag(row, "ivr_authorization", where),
    )


def status(row: Mapping[str, Any], reader: Reader) -> Status | None:
    """One row of the statuses' list."""
    status_id = reader.integer(row, "id", STATUSES_LIST)
    kind = presence_class(row.get("class"))
    if status_id is None or kind is None:
        reader.unreadable(STATUSES_LIST, "id/class", row)
        return None
    return Status(status_id, kind, reader.text(row, "name", STATUSES_LIST) or kind.value)


def presence(row: Mapping[str, Any], reader: Reader, *, otherwise: datetime) -> Presence | None:
    """An agent's status; `otherwise` stands in where FCC names no `since`."""
    status_id = reader.integer(row, "id", STATUS)
    kind = presence_class(row.get("class"))
    if status_id is None or kind is None:
        reader.unreadable(STATUS, "id/class", row)
        return None
    since = reader.time(row, "since", STATUS) or otherwise
    until = reader.time(row, "until", STATUS, may_be_ahead=True)
    if until is not None and until < since:
        reader.unreadable(STATUS, "until", until)
        until = None
    return Presence(
        id=status_id,
        presence_class=kind,
        name=reader.text(row, "name", STATUS, longest=_LONGEST_WORD) or kind.value,
        since=since,
        until=until,
        calls_id=reader.integer(row, "calls_id", STATUS),
    )


def credentials(row: Mapping[str, Any], reader: Reader) -> PhoneCredentials | None:
    """What an agent's SIP phone registers with; None when any of the four texts is missing."""
    parts = [reader.text(row, name, SIP_CREDENTIALS) for name in ("uri", "username", "password", "ws_url")]
    uri, username, password, ws_url = parts
    if uri is None or username is None or password is None or ws_url is None:
        return None
    return PhoneCredentials(
        uri=uri,
        username=username,
        password=password,
        ws_url=ws_url,
        expires_at=reader.time(row, "expires_at", SIP_CREDENTIALS, may_be_ahead=True),
    )


def call_row(row: Mapping[str, Any], reader: Reader, region: str) -> Fact | None:
    """One row of the call list as a fact of source `list`; None when it has no id or no time."""
    calls_id = reader.integer(row, "calls_id", CALLS_LIST)
    times = ("updated_at", "ended_at", "answered_at", "date_time")
    told = [(name, reader.time(row, name, CALLS_LIST, may_be_ahead=True)) for name in times]
    told += [(name, reader.undated(row, name)) for name in times]
    name, moment = next(((name, moment) for name, moment in told if moment is not None), ("", None))
    if calls_id is None or moment is None:
        reader.unreadable(CALLS_LIST, "calls_id/updated_at", row)
        return None
    at, kept = reader.placed(moment, name, CALLS_LIST)
    content = call_content(row, reader, region, where=CALLS_LIST) | kept
    return Fact("list", "row", at, calls_id, sip_call_id(row, reader, where=CALLS_LIST), content)


def sip_call_id(data: Mapping[str, Any], reader: Reader, *, where: str) -> str | None:
    """The Call-ID of the agent's SIP dialog, where FCC names it; one too long to be kept is told of."""
    return reader.text(data, "sip_call_id", where, longest=_LONGEST_ID)


def call_content(data: Mapping[str, Any], reader: Reader, region: str, *, where: str) -> dict[str, Any]:
    """The content of a fact about a call, from an event's `data` or a row of the list: only what is there."""
    direction = reader.text(data, "direction", where, longest=_LONGEST_WORD)
    if direction is not None and direction not in _DIRECTIONS:
        reader.unreadable(where, "direction", direction)
        direction = None
    number_a = reader.text(data, "number_a", where, longest=_LONGEST_WORD)
    number_b = reader.text(data, "number_b", where, longest=_LONGEST_WORD)
    theirs, own = (number_a, number_b) if direction == "inbound" else (number_b, number_a)
    status_word = reader.text(data, "status", where)
    final = parse_status(status_word)
    if final is None and status_word is not None:
        reader.unreadable(where, "status", status_word)
    side = reader.text(data, "disconnecting_side", where)
    if side is not None and side not in _SIDES:
        reader.unreadable(where, "disconnecting_side", side)
        side = None
    started, answered, ended = (reader.time(data, name, where) for name in ("date_time", "answered_at", "ended_at"))
    content: dict[str, Any] = {
        "segment": reader.integer(data, "segment", where) or 0,
        "users_id": reader.integer(data, "users_id", where),
        "direction": direction,
        "campaign_id": reader.integer(data, "campaigns_id", where),
        "queue": reader.text(data, "queue", where, longest=_LONGEST_WORD),
        "ivr": reader.text(data, "ivr", where, longest=_LONGEST_WORD),
        "status": final.value if final else None,
        "cause": reader.text(data, "cause", where, longest=_LONGEST_WORD),
        "disconnected_by": side,
        "started_at": iso(started) if started else None,
        "answered_at": iso(answered) if answered else None,
        "ended_at": iso(ended) if ended else None,
        "talk_seconds": reader.integer(data, "talk_seconds", where, least=0),
        "recording": reader.flag(data, "recording", where) if "recording" in data else None,
        "dial_id": reader.text(data, "dial_id", where, longest=_LONGEST_DIAL_ID),
        **_numbers(theirs, own, region, known=direction is not None),
    }
    if final is None and status_word is not None:
        content["status_word"] = status_word[:32]
    return {key: value for key, value in content.items() if value is not None}


def _numbers(theirs: str | None, own: str | None, region: str, *, known: bool) -> dict[str, Any]:
    if not known or theirs is None:
        return {"own_number": parse(own, region).value} if known and own else {}
    number = parse(theirs, region)
    mine = parse(own, region).value if own else None
    if number.kind is Kind.WITHHELD:
        return {"withheld": True, "own_number": mine}
    return {"number": number.value, "own_number": mine}

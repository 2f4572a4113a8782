"""From a call's segment to the fields of its Task. Pure: what only the org knows is a placeholder.

No value leaves here that a field of the package would refuse: a refused value refuses the Task, or a whole request.

Source: Object Reference, "Task"; Metadata API Developer Guide, "CustomField"; SOQL and SOSL Reference, "Date Formats
and Date Literals" (dates from 1700 to 4000); the custom fields are those of the package's Activity object.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from cti.calllog.placeholders import About, Closed, Day, OfPerson, Owner, Words
from cti.domain.call import Direction
from cti.domain.org_fields import CALL_ID, CREATED
from cti.domain.outcome import q850_cause
from cti.domain.related_to import links
from cti.domain.text import storable
from cti.domain.times import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cti.accounts import Pairing
    from cti.domain.call import Call, Segment
    from cti.domain.record import Record

CREATE_ONLY: Final = frozenset(CREATED)
"""Sent with the creation and never again."""

PERSONS_OWN: Final = frozenset(
    {
        "WhoId",
        "WhatId",
        "OwnerId",
        "Subject",
        "ActivityDate",
        "FCC_Contact_Name__c",
        "FCC_Contact_Email__c",
    }
)
"""Fields that belong to the people in Salesforce once they were delivered: sent again only for the agent's own act."""

UNTIL_IDENTIFIED: Final = PERSONS_OWN | {"Description"}
"""Fields that are given once: not before it is known which way the call went and whose number it was."""

RELATED: Final = frozenset({"WhoId", "WhatId", "FCC_Contact_Name__c", "FCC_Contact_Email__c"})
"""What changes when the agent links the call to another record."""

EARLIEST: Final = datetime(1700, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(4000, 12, 31, tzinfo=UTC)
LONGEST_S: Final = 2**31 - 1
NOTE_MAX: Final = 32_000
TEXT_MAX: Final = 255
NUMBER_MAX: Final = 40
_KEPT_CONTROLS: Final = frozenset("\t\n\r")

WhyUnlogged = Literal["inactive", "campaign", "other-phone"]

_CALL_TYPES: Final = {
    Direction.INBOUND: "Inbound",
    Direction.OUTBOUND: "Outbound",
    Direction.INTERNAL: "Internal",
}
_SUBJECTS: Final = {
    "pl": {
        Direction.INBOUND: "Połączenie przychodzące",
        Direction.OUTBOUND: "Połączenie wychodzące",
        Direction.INTERNAL: "Połączenie wewnętrzne",
        None: "Połączenie",
    },
    "en": {
        Direction.INBOUND: "Inbound call",
        Direction.OUTBOUND: "Outbound call",
        Direction.INTERNAL: "Internal call",
        None: "Call",
    },
}
_WITHHELD: Final = {"pl": "numer zastrzeżony", "en": "number withheld"}


def call_key(tenant_id: str, calls_id: int, segment: int) -> str:
    """The key of a segment's Task: `<tenant>:<calls_id>:<segment>`."""
    return f"{tenant_id}:{calls_id}:{segment}"


def _conversation_key(tenant_id: str, calls_id: int) -> str:
    """What all segments of a call share."""
    return f"{tenant_id}:{calls_id}"


def is_logged(call: Call, segment: Segment, pairing: Pairing) -> bool:
    """Whether this segment belongs into Salesforce, by the settings in force when the call began."""
    return call.calls_id is not None and not call.forgotten and why_unlogged(call, segment, pairing) is None


def why_unlogged(call: Call, segment: Segment, pairing: Pairing) -> WhyUnlogged | None:
    """Which setting keeps this segment out of Salesforce, as far as it is known yet; None where none does.

    The integration is on (R13), the campaign is one of those gathered (R21; calls outside campaigns always are), and a
    pane handled it, unless calls on other phones are wanted too (R17). A call that nobody took has no phone: it is
    logged for the default user (R16) once it is over.
    """
    if not pairing.active:
        return "inactive"
    campaign = call.campaign_id
    if pairing.campaigns and campaign is not None and campaign not in {*pairing.campaigns, pairing.off_campaign_id}:
        return "campaign"
    if pairing.log_other_phones or segment.on_pane:
        return None
    return None if segment.ended_at is not None and segment.agent_users_id is None else "other-phone"


def identified(call: Call) -> bool:
    """Whether it is known which way the call goes and whose number it is, or that the number is withheld."""
    return call.direction is not None and bool(call.number or call.withheld)


def words_of(language: str) -> str:
    """In which of the two languages somebody is written to: any tag beginning with "pl" gives Polish, else English."""
    return "pl" if language.lower().startswith("pl") else "en"


def subject(call: Call, language: str) -> str:
    """The Task's subject, e.g. `Połączenie wychodzące +48600100200`."""
    words = words_of(language)
    number = _WITHHELD[words] if call.withheld else call.number
    return _clean(f"{_SUBJECTS[words][call.direction]} {number}").strip()[:TEXT_MAX]


def task_fields(
    call: Call,
    segment: Segment,
    pairing: Pairing,
    *,
    language: str,
    campaign: str | None = None,
    recording_url: str | None = None,
    unfit: Callable[[str], None] = lambda _field: None,
) -> dict[str, Any]:
    """Everything known now about the Task of one segment; what is not known yet is left out.

    `language` is that of the subject of a Task without an owner, `campaign` the campaign's name, `recording_url` where
    the recording is heard.
    `unfit` is told of each field whose value does not fit and was cut or left out.
    Raises ValueError for a call whose `calls_id` is not known: there must be no Task before it is.
    """
    if call.calls_id is None:
        raise ValueError("a call without calls_id has no Task")
    fit = _Fit(unfit)
    started = fit.moment("FCC_Started_At__c", segment.started_at or call.started_at)
    owner = _owner(segment, pairing)
    fields: dict[str, Any] = {
        CALL_ID: call_key(pairing.tenant_id, call.calls_id, segment.index),
        "FCC_Conversation_Id__c": _conversation_key(pairing.tenant_id, call.calls_id),
        "TaskSubtype": "Call",
        "CallType": None if call.direction is None else _CALL_TYPES[call.direction],
        "CallObject": str(call.calls_id),
        "Subject": _subject(call, segment, owner, language),
        "FCC_Started_At__c": _moment(started),
        "FCC_Answered_At__c": _moment(fit.moment("FCC_Answered_At__c", segment.answered_at)),
        "FCC_Number__c": fit.text("FCC_Number__c", call.number, NUMBER_MAX),
        "FCC_Campaign__c": fit.text(
            "FCC_Campaign__c", campaign or (None if call.campaign_id is None else str(call.campaign_id))
        ),
        "FCC_Queue__c": fit.text("FCC_Queue__c", segment.queue or call.queue),
        "FCC_Ivr__c": fit.text("FCC_Ivr__c", call.ivr),
        "FCC_Recording_Url__c": fit.address("FCC_Recording_Url__c", recording_url) if segment.recording else None,
        "OwnerId": owner,
        "ActivityDate": None if started is None else Day(at=iso(started), owner=owner),
        "Description": fit.text("Description", segment.note, NOTE_MAX),
        **_about(segment.related.record if segment.related else None),
        **_end(segment, fit),
    }
    if not identified(call) and segment.ended_at is None:
        fields = {name: value for name, value in fields.items() if name not in UNTIL_IDENTIFIED}
    return {name: value for name, value in fields.items() if value is not None}


def _subject(call: Call, segment: Segment, owner: Owner | None, language: str) -> Words | None:
    """The subject in both languages, for it is the owner's that counts; `language` where there is no owner.

    It is sent once, so it waits until it is known whose Task it is.
    """
    if owner is None and segment.ended_at is None:
        return None
    words = {each: subject(call, each) for each in _SUBJECTS}
    return Words(words=words, otherwise=words_of(language), owner=owner)


def _end(segment: Segment, fit: _Fit) -> Mapping[str, Any]:
    """What is known once the segment is over; before, only what the agent said."""
    disposition = fit.text("CallDisposition", segment.disposition)
    if segment.ended_at is None:
        return {"CallDisposition": disposition}
    outcome = segment.outcome.value if segment.outcome else None
    return {
        "FCC_Ended_At__c": _moment(fit.moment("FCC_Ended_At__c", segment.ended_at)),
        "FCC_Outcome__c": outcome,
        "FCC_Disconnected_By__c": fit.text("FCC_Disconnected_By__c", segment.disconnected_by),
        "FCC_Cause__c": q850_cause(segment.cause),
        "CallDurationInSeconds": fit.seconds("CallDurationInSeconds", segment.talk_seconds),
        "CallDisposition": disposition or outcome,
        "Status": Closed(),
    }


@dataclass(frozen=True)
class _Fit:
    """Makes values fit into their fields; `unfit` hears of each that did not."""

    unfit: Callable[[str], None]

    def text(self, name: str, value: str | None, most: int = TEXT_MAX) -> str | None:
        """As much of a text as its field holds."""
        if not value:
            return None
        clean = _clean(value)
        if clean != value or len(clean) > most:
            self.unfit(name)
        return clean[:most] or None

    def address(self, name: str, value: str | None) -> str | None:
        """An address that its field holds whole; a part of one leads nowhere."""
        if value and (len(value) > TEXT_MAX or _clean(value) != value):
            self.unfit(name)
            return None
        return value or None

    def moment(self, name: str, value: datetime | None) -> datetime | None:
        """A time that Salesforce's calendar has, in UTC."""
        if value is None:
            return None
        try:
            moment = value.astimezone(UTC)
        except OverflowError:
            moment = None
        if moment is None or not EARLIEST <= moment < LATEST:
            self.unfit(name)
            return None
        return moment

    def seconds(self, name: str, value: int | None) -> int | None:
        """A length: none is less than nothing, and one that no whole number of Salesforce's holds is not known."""
        if value is None:
            return 0
        if not 0 <= value <= LONGEST_S:
            self.unfit(name)
        return max(value, 0) if value <= LONGEST_S else None


def _clean(text: str) -> str:
    """Without what no JSON text can carry and no text field keeps."""
    return "".join(sign for sign in storable(text) if sign >= " " or sign in _KEPT_CONTROLS)


def _owner(segment: Segment, pairing: Pairing) -> Owner | None:
    """The segment's agent, the default user when nobody took it; None while that is open.

    The agent who dials is known at once; of an inbound call somebody who answered, or nobody once it ended.
    """
    agent = segment.agent_users_id
    if agent is None and segment.ended_at is None:
        return None
    if agent is None and pairing.default_user_id is None:
        return None
    return Owner(tenant=pairing.tenant_id, agent=agent, default=pairing.default_user_id)


def _about(record: Record | None) -> dict[str, Any]:
    """Who and What by the kind of record, and the person's name and e-mail address."""
    if record is None:
        return {}
    about = About(
        type=record.object_type,
        id=record.record_id,
        contact=record.contact_id,
        person=record.person_account,
        name=record.name,
    )
    points = links(record)
    if record.contact_hidden:
        # Whoever is behind the record is hidden from the agent, and the Task is the agent's.
        return {"WhatId": points.what_id}
    hidden_person = record.object_type == "Case" or (record.object_type == "Account" and record.person_account)
    return {
        "WhoId": OfPerson(kind="who", about=about) if points.who_id is None and hidden_person else points.who_id,
        "WhatId": points.what_id,
        "FCC_Contact_Name__c": OfPerson(kind="name", about=about),
        "FCC_Contact_Email__c": OfPerson(kind="email", about=about),
    }


def _moment(moment: datetime | None) -> str | None:
    """A date-time as Salesforce's own answers write it."""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def changes(
    wanted: Mapping[str, Any],
    base: Mapping[str, Any],
    *,
    nothing_sent: bool,
    unsent: frozenset[str] = frozenset(),
    by_agent: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """The fields to send so that `base`, what was delivered or is on its way, becomes `wanted`.

    `by_agent` names fields that the agent changed in the pane; they may also be emptied. Fields that belong to people
    in Salesforce go out once, when first known, and again only for the agent's act; while `nothing_sent`, all may go,
    and those of `unsent`, which wait and were never sent, may still be another.
    """
    delta: dict[str, Any] = {}
    for name, value in wanted.items():
        if name in base and base[name] == value:
            continue
        if not nothing_sent and name in base and name not in unsent:
            if name in CREATE_ONLY:
                continue
            if name in PERSONS_OWN and name not in by_agent and not _first_owner(name, base[name], value):
                continue
        delta[name] = value
    for name in by_agent - wanted.keys():
        if base.get(name) is not None:
            delta[name] = None
    return delta


def _first_owner(name: str, old: Any, new: Any) -> bool:
    """Whether the default user, put in by the connector itself, now gives way to the agent who took the call."""
    return (
        name == "OwnerId"
        and isinstance(old, Owner)
        and isinstance(new, Owner)
        and old.agent is None
        and new.agent is not None
    )

"""The dial command: what is checked before a number may be called, and the fact it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from cti.calls.errors import AgentBusyError, NumberInvalidError
from cti.calls.recording import still_up
from cti.domain.call import Fact, Record, State
from cti.domain.phone_number import Kind, PhoneNumber, display, parse
from cti.domain.presence import PresenceClass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cti.accounts import Pairing, Tenant
    from cti.calls.ports import Agent, UnitOfWork

HEARD_LATELY: Final = timedelta(seconds=60)
_LONGEST_NAME: Final = 255


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to place one call: the SIP number (E.164, or the digits of an internal or short number) and its display."""

    dial_id: str
    number: str
    display: str


def dialable(text: str, region: str) -> PhoneNumber:
    """The number meant by what was clicked; raises NumberInvalidError where there is none that can be called."""
    number = parse(text, region)
    if number.kind in {Kind.INVALID, Kind.WITHHELD}:
        raise NumberInvalidError
    return number


def clicked_record(data: Mapping[str, Any] | None) -> Record | None:
    """The record of a click: `{recordId, objectType, recordName, accountId?, contactId?, personAccount?}` of Open CTI.

    None where the click had none, or one without its id and object.
    """
    if not data or not data.get("recordId") or not data.get("objectType"):
        return None
    return Record(
        record_id=str(data["recordId"])[:18],
        object_type=str(data["objectType"])[:80],
        name=str(data.get("recordName") or data.get("name") or "")[:_LONGEST_NAME],
        account_id=_id(data.get("accountId")),
        contact_id=_id(data.get("contactId")),
        person_account=data.get("personAccount") is True,
        reason=str(data.get("reason") or "clicked")[:32],
    )


def _id(value: object) -> str | None:
    return str(value)[:18] if value else None


def refuse_if_busy(uow: UnitOfWork, tenant_id: str, users_id: int, *, now: datetime) -> None:
    """Raise AgentBusyError while the agent is in a call, by the calls known here or by FCC's fresh word."""
    for stored in uow.calls.up_of(tenant_id, users_id, **still_up(now)):
        found = stored.call.leg_of(users_id)
        if found is not None and found[1].state is not State.ENDED:
            raise AgentBusyError
    heard = uow.agents.presence(tenant_id, users_id)
    if heard.presence is not None and heard.presence.presence_class is PresenceClass.BUSY:
        fresh = heard.heard_at is not None and now - heard.heard_at <= HEARD_LATELY
        if fresh:
            raise AgentBusyError


def dial_fact(
    agent: Agent, tenant: Tenant, pairing: Pairing, *, permit: Permit, record: Record | None, at: datetime
) -> Fact:
    """The fact a permitted dial leaves: who, whom, from which record."""
    internal = parse(permit.number, tenant.default_region).kind is Kind.INTERNAL
    content: dict[str, Any] = {
        "dial_id": permit.dial_id,
        "users_id": agent.fcc_user_id,
        "pairing_id": agent.pairing_id,
        "direction": "internal" if internal else "outbound",
        "number": permit.number,
    }
    if pairing.off_campaign_id is not None:
        content["off_campaign_id"] = pairing.off_campaign_id
    if record is not None:
        content["record"] = record.to_json()
    return Fact("agent", "dialled", at, content=content)


def permit_of(number: PhoneNumber, dial_id: str, region: str) -> Permit:
    """The permit for a number that passed."""
    return Permit(dial_id, number.value, display(number.value, region))

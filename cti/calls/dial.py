"""The dial command: what is checked before a number may be called, and the fact it leaves."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from cti.accounts import salesforce_id
from cti.calls.calls_up import calls_up_of
from cti.calls.errors import (
    AgentBusyError,
    CountryNotAllowedError,
    NetworkNotAllowedError,
    NumberInvalidError,
    PremiumNotAllowedError,
)
from cti.domain.dial_policy import DialPolicy, Reason
from cti.domain.facts import Fact
from cti.domain.pane_call import Permit
from cti.domain.phone_number import Kind, PhoneNumber, display, parse
from cti.domain.presence import PresenceClass
from cti.domain.record import Record

if TYPE_CHECKING:
    from datetime import datetime

    from cti.accounts import AgentRef, Pairing, Tenant
    from cti.store.unit_of_work import UnitOfWork

HEARD_LATELY: Final = timedelta(seconds=60)
_DIALLED: Final = re.compile(r"\+?[0-9]{1,15}")
_OBJECT: Final = re.compile(r"[A-Za-z]\w{0,79}", re.ASCII)


def policy_of(tenant: Tenant) -> DialPolicy:
    """What the tenant lets its agents call."""
    return DialPolicy(tenant.default_region, tenant.dial_countries, tenant.dial_premium, tenant.dial_satellite)


def dialable(text: str, policy: DialPolicy) -> PhoneNumber:
    """The number meant by what was clicked, its `value` in the one form in which it is dialled.

    That is E.164 with its plus, or the plain digits of an internal or short number. Raises NumberInvalidError where
    there is none that can be called, or what the policy has against it.
    """
    number = parse(text, policy.home)
    if number.kind in {Kind.INVALID, Kind.WITHHELD} or not _DIALLED.fullmatch(number.value):
        raise NumberInvalidError
    refusal = policy.refusal(number)
    if refusal is None:
        return number
    match refusal.reason:
        case Reason.COUNTRY:
            raise CountryNotAllowedError(refusal.place)
        case Reason.PREMIUM:
            raise PremiumNotAllowedError
        case Reason.NETWORK:
            raise NetworkNotAllowedError(network=refusal.place)


def is_dialled_form(user: str, policy: DialPolicy) -> bool:
    """Whether `user` is, letter by letter, a number that `dialable` gives: what a phone may be let ring.

    Only digits, with or without a plus, come to the reader at all: how generously it reads what people write widens
    nothing here. Raises what `dialable` does.
    """
    return _DIALLED.fullmatch(user) is not None and dialable(user, policy).value == user


def named_record(record: Record | None, reason: str) -> Record | None:
    """The record that a pane names, for that `reason`, its id in 18 characters.

    Only the id and the object are taken: the name, and whom else it concerns, Salesforce is asked about. None where the
    pane named none, or one with an id (a wrong check suffix included) or an object that there cannot be.
    """
    if record is None or not _OBJECT.fullmatch(record.object_type):
        return None
    try:
        record_id = salesforce_id(record.record_id)
    except ValueError:
        return None
    return Record(record_id=record_id, object_type=record.object_type, reason=reason)


def refuse_if_busy(uow: UnitOfWork, tenant_id: str, users_id: int, *, now: datetime) -> None:
    """Raise AgentBusyError while the agent is in a call, by the calls known here or by FCC's fresh word."""
    if calls_up_of(uow, tenant_id, users_id, now=now):
        raise AgentBusyError
    heard = uow.agents.presence(tenant_id, users_id)
    if heard.presence is not None and heard.presence.presence_class is PresenceClass.BUSY:
        fresh = heard.heard_at is not None and now - heard.heard_at <= HEARD_LATELY
        if fresh:
            raise AgentBusyError


def dial_fact(
    agent: AgentRef, tenant: Tenant, pairing: Pairing, *, permit: Permit, record: Record | None, at: datetime
) -> Fact:
    """The fact a permitted dial leaves: who, whom, from which record."""
    internal = parse(permit.number, tenant.default_region).kind is Kind.INTERNAL
    content: dict[str, Any] = {
        "dial_id": permit.dial_id,
        "users_id": agent.fcc_user_id,
        "pairing_id": agent.pairing_id,
        "sf_user_id": agent.sf_user_id,
        "direction": "internal" if internal else "outbound",
        "number": permit.number,
    }
    if pairing.off_campaign_id is not None:
        content["off_campaign_id"] = pairing.off_campaign_id
    if record is not None:
        content["record"] = told(record)
    return Fact("agent", "dialled", at, content=content)


def told(record: Record) -> dict[str, Any]:
    """A record as an agent's fact names it."""
    return {"record_id": record.record_id, "object_type": record.object_type, "reason": record.reason}


def permit_of(number: PhoneNumber, dial_id: str, region: str) -> Permit:
    """The permit for a number that passed."""
    return Permit(dial_id, number.value, display(number.value, region))

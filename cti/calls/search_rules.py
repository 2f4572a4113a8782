"""Who is calling: which searches a call still needs, and whether what one found comes up.

A search rests on the call's number, the code keyed in the IVR, and the agent it is made as. When one of them changes it
is made anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cti.accounts import AgentRef
from cti.calls.calls_up import is_up
from cti.domain.call import Direction
from cti.domain.match import case_code
from cti.domain.phone_number import parse

if TYPE_CHECKING:
    from cti.accounts import Tenant
    from cti.domain.call import Call, Leg, Segment, StoredCall
    from cti.store.unit_of_work import UnitOfWork

Mark = tuple[str, str, int, str, str | None]
"""What a search rests on: its call, pairing, agent, number and code."""


@dataclass(frozen=True, slots=True)
class Search:
    """The other side of a call to be looked up for an agent: `number` by number, `ivr` as a case's number.

    `ivr` is None where codes are not looked up. `up`: the agent's leg is up. `awaits_code`: FCC has not spoken of the
    call yet, and its word may bring a code.
    """

    tenant_id: str
    call_key: str
    agent: AgentRef
    number: str
    ivr: str | None
    up: bool = True
    awaits_code: bool = False

    @property
    def mark(self) -> Mark:
        """What the search rests on: two with the same are one."""
        return (self.call_key, self.agent.pairing_id, self.agent.fcc_user_id, self.number, self.ivr)


def searches_of(uow: UnitOfWork, tenant: Tenant, stored: StoredCall) -> list[Search]:
    """The searches this call still needs, one for each agent and pairing; SQL only.

    While an agent's leg is up, for agents with a pane; afterwards for those who had the call on a pane, or for whom one
    was begun: their log still lacks the name.
    """
    call = stored.call
    if stored.redacted or call.forgotten or call.clicked is not None:
        return []
    code = case_code(call.ivr)
    by_number = call.direction is not Direction.INTERNAL and parse(call.number, tenant.default_region).searchable
    if not by_number and code is None and not _may_bring_code(call):
        return []
    found = []
    for users_id in sorted(call.agents):
        place = call.leg_of(users_id)
        if place is None:
            continue
        leg = place[1]
        up = is_up(call, users_id)
        if code is None and _is_answered(leg, call.number, None):
            continue
        if not up and not (leg.matched or leg.on_pane):
            continue
        for attendance in uow.agents.attendances(tenant.id, users_id):
            pairing = uow.pairings.get(attendance.pairing_id)
            if pairing is None or (up and not attendance.present):
                continue
            ivr = code if pairing.case_by_ivr_code else None
            awaits = pairing.case_by_ivr_code and up and _may_bring_code(call)
            if (by_number or ivr is not None or awaits) and not _is_answered(leg, call.number, ivr):
                found.append(
                    Search(
                        tenant.id,
                        stored.key,
                        AgentRef(attendance.pairing_id, attendance.sf_user_id, users_id),
                        call.number,
                        ivr,
                        up=up,
                        awaits_code=awaits,
                    )
                )
    return found


def _may_bring_code(call: Call) -> bool:
    """Whether only a pane has told of this ring, so that FCC's word, which has the code, is still to come."""
    return call.calls_id is None and call.direction is Direction.INBOUND and call.ivr is None


def _is_answered(leg: Leg, number: str, ivr: str | None) -> bool:
    """Whether a finished search for just this is there; of an older release's nobody knows, and they stand."""
    if not leg.matched or not leg.match_complete:
        return False
    return leg.matched_number is None or (leg.matched_number, leg.matched_ivr) == (number, ivr)


def comes_up(before: Call | None, call: Call, search: Search, record_id: str) -> bool:
    """Whether that record is to come up on the agent's screen now; `before` is the call without what was found.

    The agent's leg is up, this search is the one that counts, the agent has not linked the call to anything, and it is
    not the record that came up already.
    """
    users_id = search.agent.fcc_user_id
    place = call.leg_of(users_id)
    if place is None or not is_up(call, users_id) or not _comes_in(call, place[0], search):
        return False
    segment, leg = place
    if (leg.matched_number, leg.matched_ivr) != (search.number, search.ivr):
        return False
    if segment.related is not None and segment.related.source == "linked":
        return False
    earlier = before.leg_of(users_id) if before is not None else None
    if earlier is None or not earlier[1].match_complete:
        return True
    return [record.record_id for record in earlier[1].candidates] != [record_id]


def _comes_in(call: Call, segment: Segment, search: Search) -> bool:
    """Whether somebody is calling the agent: from outside, or a colleague who went through the IVR."""
    if call.direction is Direction.INTERNAL and search.ivr is not None:
        return call.dial_id is None or segment.legs[0].users_id != search.agent.fcc_user_id
    return call.direction is Direction.INBOUND

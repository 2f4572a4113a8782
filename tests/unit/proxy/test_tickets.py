"""Tickets for the phone's socket."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest

from cti.accounts import AgentRef
from cti.proxy.errors import TicketRefusedError
from cti.proxy.tickets import LIFETIME_S, TicketOffice


@dataclass
class Session:
    agent: AgentRef
    id: str = "s1"


SESSION = Session(AgentRef("p1", "005", 101))


@dataclass
class Line:
    uri: str = "sip:40312@acme.fcc.example"
    username: str = "40312"
    password: str = "never kept"
    ws_url: str = "ws://fcc.localhost:1/sip"


class Fence:
    """What is known of the pane that got the ticket."""

    lead = "present"

    def lead_of(self, audience, fence, session_id):
        assert (audience, fence, session_id) == ("p1:101", 1, "s1")
        return self.lead


@pytest.fixture
def fence() -> Fence:
    return Fence()


@pytest.fixture
def office(clock, fence) -> TicketOffice:
    numbers = itertools.count()
    return TicketOffice(clock, lambda: f"ticket-{next(numbers)}", fence)


def test_a_ticket_admits_once(office):
    issued = office.issue(SESSION, fence=1, line=Line())
    assert issued.expires_in == LIFETIME_S <= 30
    admission = office.redeem(issued.ticket)
    assert (admission.session_id, admission.fence, admission.agent.fcc_user_id) == ("s1", 1, 101)
    assert "never kept" not in repr(admission)
    with pytest.raises(TicketRefusedError):
        office.redeem(issued.ticket)


def test_a_ticket_is_for_half_a_minute(office, clock):
    issued = office.issue(SESSION, fence=1, line=Line())
    clock.advance(LIFETIME_S)
    with pytest.raises(TicketRefusedError):
        office.redeem(issued.ticket)


@pytest.mark.parametrize("ticket", ["", "ticket-9", "x" * 10_000, "zażółć"])
def test_an_unknown_ticket_admits_nobody(office, ticket):
    office.issue(SESSION, fence=1, line=Line())
    with pytest.raises(TicketRefusedError):
        office.redeem(ticket)


def test_old_tickets_are_not_kept(office, clock):
    for _ in range(50):
        office.issue(SESSION, fence=1, line=Line())
        clock.advance(1)
    assert len(office._open) <= LIFETIME_S + 1


@pytest.mark.parametrize("lead", ["over", "away"])
def test_a_ticket_of_a_pane_that_does_not_lead_any_more_admits_nobody(office, fence, lead):
    issued = office.issue(SESSION, fence=1, line=Line())
    fence.lead = lead
    with pytest.raises(TicketRefusedError):
        office.redeem(issued.ticket)
    fence.lead = "present"
    with pytest.raises(TicketRefusedError):
        office.redeem(issued.ticket)

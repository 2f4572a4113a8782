"""Calls and settings for the tests of call logs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cti.domain.call import Call, Direction, Leg, Segment, State
from cti.domain.outcome import Outcome
from cti.domain.record import Record, Related
from tests.support import accounts
from tests.support.clock import DrivenClock

if TYPE_CHECKING:
    from cti.accounts import Pairing

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ORG = "00D8W000000AcmeUAC"
DEFAULT_USER = "0058W000000DeflQAE"
JAN = Record("0038W000000JanKQAX", "Contact", "Jan Kowalski")
LEAD = Record("00Q8W000000ZajaQAX", "Lead", "Krzysztof Zając")
ACME = Record("0018W000000AcmeQAX", "Account", "ACME Polska")
PERSON = Record("0018W000000PersQAX", "Account", "Maria Osoba", person_account=True)
CASE = Record("5008W000000CaseQAX", "Case", "00001234 Reklamacja faktury")


def paired(**changes: Any) -> Pairing:
    """The tenant "acme" working with the org, calls that nobody took going to the default user."""
    return accounts.pairing(
        DrivenClock(START), **{"id": "p1", "org_id": ORG, "default_user_id": DEFAULT_USER, **changes}
    )


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def outbound(**changes) -> Call:
    """An outbound call of agent 101 from a pane, still ringing."""
    leg = Leg(users_id=101, state=State.RINGING, rang_at=START, on_pane=True)
    segment = Segment(index=0, agent_users_id=101, started_at=START, legs=(leg,))
    call = Call(
        calls_id=1017,
        direction=Direction.OUTBOUND,
        number="+48600100200",
        own_number="+48221234567",
        campaign_id=9,
        started_at=START,
        segments=(segment,),
    )
    return replace(call, **changes)


def inbound(**changes) -> Call:
    """An inbound call that rings on a pane of agent 101; nobody has taken it."""
    leg = Leg(users_id=101, state=State.RINGING, rang_at=START, on_pane=True)
    segment = Segment(index=0, started_at=START, queue="Obsługa klienta", legs=(leg,))
    call = Call(
        calls_id=2001,
        direction=Direction.INBOUND,
        number="+48600100200",
        campaign_id=1,
        queue="Obsługa klienta",
        ivr="1234",
        started_at=START,
        segments=(segment,),
    )
    return replace(call, **changes)


def with_segment(call: Call, index: int = 0, **changes) -> Call:
    segments = list(call.segments)
    segments[index] = replace(segments[index], **changes)
    return replace(call, segments=tuple(segments))


def answered(call: Call, seconds: float = 5, agent: int = 101) -> Call:
    call = with_segment(call, agent_users_id=agent, answered_at=at(seconds))
    return replace(call, state=State.TALKING, answered_at=at(seconds))


def ended(
    call: Call, outcome: Outcome = Outcome.ANSWERED, seconds: float = 65, talk: int | None = 60, **changes
) -> Call:
    call = with_segment(
        call,
        ended_at=at(seconds),
        outcome=outcome,
        outcome_final=True,
        talk_seconds=talk if outcome is Outcome.ANSWERED else 0,
        **changes,
    )
    return replace(call, state=State.ENDED, ended_at=at(seconds), outcome=outcome, outcome_final=True)


def related(call: Call, record: Record | None, source: str) -> Call:
    link = None if record is None else Related(record, source)
    call = with_segment(call, related=link)
    return replace(call, clicked=link) if source == "clicked" else call

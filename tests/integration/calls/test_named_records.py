"""A record that a pane names concerns a call only if the agent may read it, and as Salesforce holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cti.calls.errors import CallUnknownError, RecordNotReadableError, RelatedTooOftenError, ReportInvalidError
from cti.domain.match import MatchResult
from cti.domain.pane_call import CallName
from cti.domain.record import Record
from cti.errors import ConnectorError
from tests.integration.calls.rig import ACME, ANNA, CASE, CUSTOMER, EWA, JAN, PIOTR
from tests.support.postgresql import DATABASES

if TYPE_CHECKING:
    from cti.domain.record import Related
    from tests.integration.calls.rig import Rig

HIDDEN = Record("003000000000009AAA", "Contact", "Zarząd")


class AwayError(ConnectorError):
    code = "salesforce-unavailable"
    retryable = True


def clicked(rig: Rig, record: Record, *, dial_id: str | None = None) -> None:
    """The agent clicks a number of that record, and FCC tells of the call."""
    permit = rig.service.dial(ANNA, CUSTOMER, record, dial_id=dial_id)
    rig.report(ANNA, "dialled", 0, direction="outbound", dial_id=permit.dial_id)
    rig.store(rig.fcc("created", 1, direction="outbound", users_id=101))


def related(rig: Rig) -> Related | None:
    return rig.log.changes[-1].related


def jan() -> Record:
    return Record(JAN.record_id, "Contact")


def test_a_dial_does_not_wait_until_its_record_is_checked(rig: Rig) -> None:
    rig.attend(ANNA)
    clicked(rig, jan())
    assert rig.access.asked == []
    assert related(rig) is None
    rig.executor.run()
    assert rig.access.asked == [(ANNA.sf_user_id, JAN.record_id, "Contact")]
    found = related(rig)
    assert found is not None
    assert (found.source, found.record_id, found.name) == ("clicked", JAN.record_id, JAN.name)


def test_a_record_that_is_checked_before_fcc_tells_of_the_call_is_checked_once(rig: Rig) -> None:
    rig.attend(ANNA)
    permit = rig.service.dial(ANNA, CUSTOMER, jan())
    rig.executor.run()
    rig.report(ANNA, "dialled", 0, direction="outbound", dial_id=permit.dial_id)
    rig.store(rig.fcc("created", 1, direction="outbound", users_id=101))
    rig.executor.run()
    found = related(rig)
    assert found is not None
    assert found.record_id == JAN.record_id
    assert len(rig.access.asked) == 1


def test_a_click_on_a_record_that_the_agent_may_not_read_leaves_the_log_without_references(rig: Rig) -> None:
    rig.attend(ANNA)
    clicked(rig, HIDDEN)
    rig.executor.run()
    assert related(rig) is None
    (shown,) = rig.calls(ANNA)
    assert (shown["party"], shown["related"], shown["candidates"]) == (None, None, [])
    rig.room.upkeep.tick()
    rig.executor.run()
    assert len(rig.access.asked) == 1


def test_nothing_but_the_id_is_believed_of_what_a_pane_says_about_a_record(rig: Rig) -> None:
    rig.attend(ANNA)
    claim = Record(
        ACME.record_id[:15],
        "Account",
        "Cudza firma",
        account_id="001000000000009AAA",
        contact_id=HIDDEN.record_id,
        person_account=True,
    )
    clicked(rig, claim)
    rig.executor.run()
    found = related(rig)
    assert found is not None
    record = found.record
    assert (record.record_id, record.name) == (ACME.record_id, "ACME")
    assert (record.account_id, record.contact_id, record.person_account) == (None, None, False)
    with rig.database.read() as uow:
        facts = [fact for fact in uow.facts.of_call(rig.calls(ANNA)[0]["callId"]) if fact.kind == "dialled"]
    told = [fact.content["record"] for fact in facts if fact.source == "agent"]
    assert told == [{"record_id": ACME.record_id, "object_type": "Account", "reason": "clicked"}]


@pytest.mark.parametrize(
    "record",
    [
        Record("003000000000001AAB", "Contact"),
        Record("003'--00000001AAA", "Contact"),
        Record(JAN.record_id, "Contact WHERE"),
        Record(JAN.record_id, "User.Profile"),
    ],
)
def test_what_can_be_no_record_is_not_asked_for(rig: Rig, record: Record) -> None:
    rig.attend(ANNA)
    clicked(rig, record)
    rig.executor.run()
    assert rig.access.asked == []
    with pytest.raises(ReportInvalidError):
        rig.service.relate(ANNA, CallName(calls_id=7), record)


def test_while_salesforce_is_away_the_record_is_asked_for_again_with_growing_pauses(rig: Rig) -> None:
    rig.attend(ANNA)
    rig.access.failure = AwayError()
    clicked(rig, jan())
    tries = []
    for _ in range(40):
        rig.room.upkeep.tick()
        rig.executor.run()
        tries.append(len(rig.access.asked))
        rig.clock.advance(10)
    assert related(rig) is None
    assert tries[0] >= 1
    assert 4 <= tries[-1] <= 8
    rig.access.failure = None
    rig.clock.advance(300)
    rig.room.upkeep.tick()
    rig.executor.run()
    found = related(rig)
    assert found is not None
    assert found.record_id == JAN.record_id


@pytest.mark.parametrize("rig", DATABASES, indirect=True)
def test_a_restart_goes_on_asking_also_about_a_call_that_has_ended(rig: Rig) -> None:
    rig.attend(ANNA)
    rig.access.failure = AwayError()
    clicked(rig, jan())
    rig.executor.run()
    rig.store(rig.fcc("ended", 30, direction="outbound", users_id=101, status="ANSWERED"))
    rig.restart()
    rig.access.failure = None
    rig.room.upkeep.tick()
    rig.executor.run()
    found = related(rig)
    assert found is not None
    assert found.record_id == JAN.record_id
    asked = len(rig.access.asked)
    rig.clock.advance(3600)
    rig.room.upkeep.tick()
    rig.executor.run()
    assert len(rig.access.asked) == asked


def test_past_its_retention_nothing_is_asked_about_a_call_any_more(rig: Rig) -> None:
    rig.attend(ANNA)
    rig.access.failure = AwayError()
    clicked(rig, jan())
    rig.store(rig.fcc("ended", 30, direction="outbound", users_id=101, status="ANSWERED"))
    rig.executor.run()
    rig.clock.advance(91 * 24 * 3600)
    rig.room.retention.redact(rig.at(90 * 24 * 3600))
    asked = len(rig.access.asked)
    rig.room.upkeep.tick()
    rig.executor.run()
    assert len(rig.access.asked) == asked


def test_where_salesforce_does_not_answer_one_question_the_others_wait(rig: Rig) -> None:
    rig.attend(ANNA)
    rig.access.failure = AwayError()
    for number in range(1, 6):
        permit = rig.service.dial(ANNA, CUSTOMER, Record(f"00300000000000{number}", "Contact"))
        rig.report(ANNA, "dialled", number, sip_call_id=f"s-{number}", direction="outbound", dial_id=permit.dial_id)
        rig.report(ANNA, "ended", number, sip_call_id=f"s-{number}", direction="outbound", sip_status=487, by="agent")
    rig.executor.run()
    asked = len(rig.access.asked)
    rig.clock.advance(400)
    rig.room.upkeep.tick()
    rig.executor.run()
    assert len(rig.access.asked) == asked + 1


def test_an_agent_ties_a_call_to_one_of_the_records_that_were_found_without_another_question(rig: Rig) -> None:
    rig.matching.result = MatchResult((JAN, EWA))
    rig.attend(ANNA)
    rig.store(rig.fcc("ringing", 1, users_id=101))
    rig.executor.run()
    rig.service.relate(ANNA, CallName(calls_id=7), Record(EWA.record_id, "Contact"))
    assert rig.access.asked == []
    (call,) = rig.calls(ANNA)
    assert call["party"] == {
        "recordId": EWA.record_id,
        "objectType": "Contact",
        "name": EWA.name,
        "reason": "linked",
    }
    assert call["related"] == {"whoId": EWA.record_id, "whatId": None, "name": EWA.name}


def test_a_record_found_for_a_colleague_is_checked_for_the_agent(rig: Rig) -> None:
    rig.matching.result = MatchResult((CASE, EWA))
    rig.attend(PIOTR)
    rig.store(rig.fcc("ringing", 1, users_id=102), rig.fcc("ringing", 1, users_id=101))
    rig.executor.run()
    with pytest.raises(RecordNotReadableError):
        rig.service.relate(ANNA, CallName(calls_id=7), Record(CASE.record_id, "Case"))
    assert rig.access.asked == [(ANNA.sf_user_id, CASE.record_id, "Case")]
    assert related(rig) is None


def test_a_refused_link_leaves_the_call_as_it_was(rig: Rig) -> None:
    rig.matching.result = MatchResult((JAN,))
    rig.attend(ANNA)
    rig.store(rig.fcc("ringing", 1, users_id=101), rig.fcc("answered", 2, users_id=101))
    rig.executor.run()
    with pytest.raises(RecordNotReadableError):
        rig.service.relate(ANNA, CallName(calls_id=7), HIDDEN)
    (call,) = rig.calls(ANNA)
    assert call["party"]["recordId"] == JAN.record_id


def test_a_link_made_while_salesforce_is_away_holds_once_it_is_back(rig: Rig) -> None:
    rig.matching.result = MatchResult((JAN,))
    rig.attend(ANNA)
    rig.store(rig.fcc("ringing", 1, users_id=101), rig.fcc("answered", 2, users_id=101))
    rig.executor.run()
    rig.access.failure = AwayError()
    rig.service.relate(ANNA, CallName(calls_id=7), Record(EWA.record_id, "Contact"))
    rig.executor.run()
    assert rig.calls(ANNA)[0]["party"]["recordId"] == JAN.record_id
    rig.access.failure = None
    rig.clock.advance(60)
    rig.room.upkeep.tick()
    rig.executor.run()
    assert rig.calls(ANNA)[0]["party"]["recordId"] == EWA.record_id


def test_a_call_may_be_tied_to_nothing_although_one_record_agrees(rig: Rig) -> None:
    rig.matching.result = MatchResult((JAN,))
    rig.attend(ANNA)
    rig.store(rig.fcc("ringing", 1, users_id=101))
    rig.executor.run()
    rig.service.relate(ANNA, CallName(calls_id=7), None)
    (call,) = rig.calls(ANNA)
    assert (call["party"], call["related"]) == (None, None)
    assert rig.log.changes[-1].last.unlinked


def test_what_an_agent_said_before_is_not_said_twice(rig: Rig) -> None:
    rig.matching.result = MatchResult((JAN, EWA))
    rig.attend(ANNA)
    rig.store(rig.fcc("ringing", 1, users_id=101))
    rig.executor.run()
    for record in (jan(), jan(), None, None):
        rig.clock.advance(1)
        rig.service.relate(ANNA, CallName(calls_id=7), record)
    with rig.database.read() as uow:
        assert uow.facts.count(rig.calls(ANNA)[0]["callId"], "related") == 2


def test_nobody_ties_a_call_of_somebody_else_or_ties_one_for_ever(rig: Rig) -> None:
    rig.store(rig.fcc("answered", 1, users_id=101))
    with pytest.raises(CallUnknownError):
        rig.service.relate(PIOTR, CallName(calls_id=7), jan())
    for turn in range(50):
        rig.clock.advance(1)
        rig.service.relate(ANNA, CallName(calls_id=7), jan() if turn % 2 else None)
    with pytest.raises(RelatedTooOftenError):
        rig.service.relate(ANNA, CallName(calls_id=7), None)

"""A record that a pane names concerns a call only if the agent may read it, and as Salesforce holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cti.calls.errors import CallUnknownError, RecordNotReadableError, RelatedTooOftenError, ReportInvalidError
from cti.domain.match import MatchResult
from cti.errors import ConnectorError
from tests.integration.calls.bench import ACME, ANNA, CASE, CUSTOMER, DATABASES, EWA, JAN, PIOTR

if TYPE_CHECKING:
    from cti.domain.record import Related
    from tests.integration.calls.bench import Bench

HIDDEN = {"recordId": "003000000000009AAA", "objectType": "Contact", "recordName": "Zarząd"}


class AwayError(ConnectorError):
    code = "salesforce-unavailable"
    retryable = True


def clicked(bench: Bench, record: dict[str, Any], *, dial_id: str | None = None) -> None:
    """The agent clicks a number of that record, and FCC tells of the call."""
    permit = bench.service.dial(ANNA, CUSTOMER, record, dial_id=dial_id)
    bench.report(ANNA, "dialled", 0, direction="outbound", dialId=permit.dial_id)
    bench.record(bench.fcc("created", 1, direction="outbound", users_id=101))


def related(bench: Bench) -> Related | None:
    return bench.log.changes[-1][2].related


def jan(**more: Any) -> dict[str, Any]:
    return {"recordId": JAN.record_id, "objectType": "Contact", **more}


def test_a_dial_does_not_wait_until_its_record_is_checked(bench: Bench) -> None:
    bench.attend(ANNA)
    clicked(bench, jan(recordName="Jan Kowalski"))
    assert bench.access.asked == []
    assert related(bench) is None
    bench.executor.run()
    assert bench.access.asked == [(ANNA.sf_user_id, JAN.record_id, "Contact")]
    found = related(bench)
    assert found is not None
    assert (found.source, found.record_id, found.name) == ("clicked", JAN.record_id, JAN.name)


def test_a_record_that_is_checked_before_fcc_tells_of_the_call_is_checked_once(bench: Bench) -> None:
    bench.attend(ANNA)
    permit = bench.service.dial(ANNA, CUSTOMER, jan())
    bench.executor.run()
    bench.report(ANNA, "dialled", 0, direction="outbound", dialId=permit.dial_id)
    bench.record(bench.fcc("created", 1, direction="outbound", users_id=101))
    bench.executor.run()
    found = related(bench)
    assert found is not None
    assert found.record_id == JAN.record_id
    assert len(bench.access.asked) == 1


def test_a_click_on_a_record_that_the_agent_may_not_read_leaves_the_log_without_references(bench: Bench) -> None:
    bench.attend(ANNA)
    clicked(bench, HIDDEN)
    bench.executor.run()
    assert related(bench) is None
    (shown,) = bench.calls(ANNA)
    assert (shown["party"], shown["related"], shown["candidates"]) == (None, None, [])
    bench.service.tick()
    bench.executor.run()
    assert len(bench.access.asked) == 1


def test_nothing_but_the_id_is_believed_of_what_a_pane_says_about_a_record(bench: Bench) -> None:
    bench.attend(ANNA)
    claim = {
        "recordId": ACME.record_id[:15],
        "objectType": "Account",
        "recordName": "Cudza firma",
        "accountId": "001000000000009AAA",
        "contactId": HIDDEN["recordId"],
        "personAccount": True,
    }
    clicked(bench, claim)
    bench.executor.run()
    found = related(bench)
    assert found is not None
    record = found.record
    assert (record.record_id, record.name) == (ACME.record_id, "ACME")
    assert (record.account_id, record.contact_id, record.person_account) == (None, None, False)
    with bench.database.read() as uow:
        facts = [fact for fact in uow.facts.of_call(bench.calls(ANNA)[0]["callId"]) if fact.kind == "dialled"]
    told = [fact.content["record"] for fact in facts if fact.source == "agent"]
    assert told == [{"record_id": ACME.record_id, "object_type": "Account", "reason": "clicked"}]


@pytest.mark.parametrize(
    "record",
    [
        {"recordId": "003000000000001AAB", "objectType": "Contact"},
        {"recordId": "003'--00000001AAA", "objectType": "Contact"},
        {"recordId": JAN.record_id, "objectType": "Contact WHERE"},
        {"recordId": JAN.record_id, "objectType": "User.Profile"},
    ],
)
def test_what_can_be_no_record_is_not_asked_for(bench: Bench, record: dict[str, Any]) -> None:
    bench.attend(ANNA)
    clicked(bench, record)
    bench.executor.run()
    assert bench.access.asked == []
    with pytest.raises(ReportInvalidError):
        bench.service.relate(ANNA, {"callsId": 7}, record)


def test_while_salesforce_is_away_the_record_is_asked_for_again_with_growing_pauses(bench: Bench) -> None:
    bench.attend(ANNA)
    bench.access.failure = AwayError()
    clicked(bench, jan())
    tries = []
    for _ in range(40):
        bench.service.tick()
        bench.executor.run()
        tries.append(len(bench.access.asked))
        bench.clock.advance(10)
    assert related(bench) is None
    assert tries[0] >= 1
    assert 4 <= tries[-1] <= 8
    bench.access.failure = None
    bench.clock.advance(300)
    bench.service.tick()
    bench.executor.run()
    found = related(bench)
    assert found is not None
    assert found.record_id == JAN.record_id


@pytest.mark.parametrize("bench", DATABASES, indirect=True)
def test_a_restart_goes_on_asking_also_about_a_call_that_has_ended(bench: Bench) -> None:
    bench.attend(ANNA)
    bench.access.failure = AwayError()
    clicked(bench, jan())
    bench.executor.run()
    bench.record(bench.fcc("ended", 30, direction="outbound", users_id=101, status="ANSWERED"))
    bench.restart()
    bench.access.failure = None
    bench.service.tick()
    bench.executor.run()
    found = related(bench)
    assert found is not None
    assert found.record_id == JAN.record_id
    asked = len(bench.access.asked)
    bench.clock.advance(3600)
    bench.service.tick()
    bench.executor.run()
    assert len(bench.access.asked) == asked


def test_past_its_retention_nothing_is_asked_about_a_call_any_more(bench: Bench) -> None:
    bench.attend(ANNA)
    bench.access.failure = AwayError()
    clicked(bench, jan())
    bench.record(bench.fcc("ended", 30, direction="outbound", users_id=101, status="ANSWERED"))
    bench.executor.run()
    bench.clock.advance(91 * 24 * 3600)
    bench.service.shrink(bench.at(90 * 24 * 3600))
    asked = len(bench.access.asked)
    bench.service.tick()
    bench.executor.run()
    assert len(bench.access.asked) == asked


def test_where_salesforce_does_not_answer_one_question_the_others_wait(bench: Bench) -> None:
    bench.attend(ANNA)
    bench.access.failure = AwayError()
    for number in range(1, 6):
        permit = bench.service.dial(ANNA, CUSTOMER, {"recordId": f"00300000000000{number}", "objectType": "Contact"})
        bench.report(ANNA, "dialled", number, sipCallId=f"s-{number}", direction="outbound", dialId=permit.dial_id)
        bench.report(ANNA, "ended", number, sipCallId=f"s-{number}", direction="outbound", sipStatus=487, by="agent")
    bench.executor.run()
    asked = len(bench.access.asked)
    bench.clock.advance(400)
    bench.service.tick()
    bench.executor.run()
    assert len(bench.access.asked) == asked + 1


def test_an_agent_ties_a_call_to_one_of_the_records_that_were_found_without_another_question(bench: Bench) -> None:
    bench.matching.result = MatchResult((JAN, EWA))
    bench.attend(ANNA)
    bench.record(bench.fcc("ringing", 1, users_id=101))
    bench.executor.run()
    bench.service.relate(ANNA, {"callsId": 7}, {"recordId": EWA.record_id, "objectType": "Contact"})
    assert bench.access.asked == []
    (call,) = bench.calls(ANNA)
    assert call["party"] == {
        "recordId": EWA.record_id,
        "objectType": "Contact",
        "name": EWA.name,
        "reason": "linked",
    }
    assert call["related"] == {"whoId": EWA.record_id, "whatId": None, "name": EWA.name}


def test_a_record_found_for_a_colleague_is_checked_for_the_agent(bench: Bench) -> None:
    bench.matching.result = MatchResult((CASE, EWA))
    bench.attend(PIOTR)
    bench.record(bench.fcc("ringing", 1, users_id=102), bench.fcc("ringing", 1, users_id=101))
    bench.executor.run()
    with pytest.raises(RecordNotReadableError):
        bench.service.relate(ANNA, {"callsId": 7}, {"recordId": CASE.record_id, "objectType": "Case"})
    assert bench.access.asked == [(ANNA.sf_user_id, CASE.record_id, "Case")]
    assert related(bench) is None


def test_a_refused_link_leaves_the_call_as_it_was(bench: Bench) -> None:
    bench.matching.result = MatchResult((JAN,))
    bench.attend(ANNA)
    bench.record(bench.fcc("ringing", 1, users_id=101), bench.fcc("answered", 2, users_id=101))
    bench.executor.run()
    with pytest.raises(RecordNotReadableError):
        bench.service.relate(ANNA, {"callsId": 7}, HIDDEN)
    (call,) = bench.calls(ANNA)
    assert call["party"]["recordId"] == JAN.record_id


def test_a_link_made_while_salesforce_is_away_holds_once_it_is_back(bench: Bench) -> None:
    bench.matching.result = MatchResult((JAN,))
    bench.attend(ANNA)
    bench.record(bench.fcc("ringing", 1, users_id=101), bench.fcc("answered", 2, users_id=101))
    bench.executor.run()
    bench.access.failure = AwayError()
    bench.service.relate(ANNA, {"callsId": 7}, {"recordId": EWA.record_id, "objectType": "Contact"})
    bench.executor.run()
    assert bench.calls(ANNA)[0]["party"]["recordId"] == JAN.record_id
    bench.access.failure = None
    bench.clock.advance(60)
    bench.service.tick()
    bench.executor.run()
    assert bench.calls(ANNA)[0]["party"]["recordId"] == EWA.record_id


def test_a_call_may_be_tied_to_nothing_although_one_record_agrees(bench: Bench) -> None:
    bench.matching.result = MatchResult((JAN,))
    bench.attend(ANNA)
    bench.record(bench.fcc("ringing", 1, users_id=101))
    bench.executor.run()
    bench.service.relate(ANNA, {"callsId": 7}, None)
    (call,) = bench.calls(ANNA)
    assert (call["party"], call["related"]) == (None, None)
    assert bench.log.changes[-1][2].last.unlinked


def test_what_an_agent_said_before_is_not_said_twice(bench: Bench) -> None:
    bench.matching.result = MatchResult((JAN, EWA))
    bench.attend(ANNA)
    bench.record(bench.fcc("ringing", 1, users_id=101))
    bench.executor.run()
    for record in (jan(), jan(), None, None):
        bench.clock.advance(1)
        bench.service.relate(ANNA, {"callsId": 7}, record)
    with bench.database.read() as uow:
        assert uow.facts.count(bench.calls(ANNA)[0]["callId"], "related") == 2


def test_nobody_ties_a_call_of_somebody_else_or_ties_one_for_ever(bench: Bench) -> None:
    bench.record(bench.fcc("answered", 1, users_id=101))
    with pytest.raises(CallUnknownError):
        bench.service.relate(PIOTR, {"callsId": 7}, jan())
    for turn in range(50):
        bench.clock.advance(1)
        bench.service.relate(ANNA, {"callsId": 7}, jan() if turn % 2 else None)
    with pytest.raises(RelatedTooOftenError):
        bench.service.relate(ANNA, {"callsId": 7}, None)


def test_without_anybody_to_ask_a_pane_ties_nothing(bench: Bench) -> None:
    bench.attend(ANNA)
    bench.access = None  # type: ignore[assignment]  # a connector that was put together without it
    bench.restart()
    clicked(bench, jan())
    bench.executor.run()
    bench.service.relate(ANNA, {"callsId": 7}, jan())
    bench.service.tick()
    assert related(bench) is None

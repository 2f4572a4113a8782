"""When Salesforce is asked who is calling, when it is asked again, and what comes up on the agent's screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cti.domain.match import MatchResult
from cti.domain.pane_call import CallName
from cti.domain.record import Record
from tests.integration.calls.rig import ANNA, CUSTOMER, EWA, JAN, PIOTR
from tests.support.postgresql import DATABASES

if TYPE_CHECKING:
    from tests.integration.calls.rig import Rig

pytestmark = pytest.mark.parametrize("rig", DATABASES, indirect=True)

CASE = Record("500000000000001AAA", "Case", "00001234 Reklamacja", contact_id=JAN.record_id, reason="case-code")
UNFINISHED = MatchResult(complete=False)


class Office:
    """What Salesforce knows: by code first, then by number, nothing at all while it is `away`."""

    def __init__(self, rig: Rig, *, codes: bool) -> None:
        self.rig = rig
        self.away = False
        self.by_code = {"1234": CASE}
        self.by_number = {CUSTOMER: JAN, "+48600100205": EWA}
        self.asked: list[tuple[str, str | None]] = []
        rig.change_pairing(case_by_ivr_code=codes)
        rig.matching.find = self.find  # type: ignore[method-assign]  # an org that knows more than one answer

    def find(self, _agent: Any, number: str, *, ivr: str | None) -> MatchResult:
        self.asked.append((number, ivr))
        if self.away:
            return UNFINISHED
        found = self.by_code.get(ivr or "") or self.by_number.get(number)
        return MatchResult((found,) if found else ())

    def pops(self) -> list[str]:
        return [str(pop["recordId"]) for pop in self.rig.events(ANNA, "pop")]

    def party(self) -> str | None:
        """Whom Anna's pane names, by the last word about the call."""
        party = self.rig.events(ANNA, "call")[-1]["call"]["party"]
        return party["name"] if party else None


@pytest.fixture
def office(rig: Rig) -> Office:
    rig.attend(ANNA)
    return Office(rig, codes=True)


@pytest.fixture
def plain(rig: Rig) -> Office:
    rig.attend(ANNA)
    return Office(rig, codes=False)


# -- the code keyed in the IVR -----------------------------------------------------------------------------------------


@pytest.mark.req("R19")
def test_the_case_pops_and_nothing_before_it_when_the_pane_is_quicker_than_fcc(rig: Rig, office: Office) -> None:
    rig.store(rig.fcc("created", 0, ivr="1234"))
    rig.report(ANNA, "ringing", 1)
    rig.executor.run()
    rig.store(rig.fcc("ringing", 1, users_id=101, ivr="1234"))
    rig.wait(3)
    assert office.pops() == [CASE.record_id]
    assert office.asked == [(CUSTOMER, "1234")]
    assert office.party() == CASE.name


@pytest.mark.req("R19")
@pytest.mark.assumed("A76")
def test_a_code_that_fcc_tells_late_pops_the_case_after_all(rig: Rig, office: Office) -> None:
    rig.report(ANNA, "ringing", 1)
    rig.wait(0.5)
    assert office.asked == []
    rig.wait(1)
    assert office.pops() == [JAN.record_id]
    rig.store(rig.fcc("ringing", 1, users_id=101, ivr="1234"))
    rig.wait(1)
    assert office.pops() == [JAN.record_id, CASE.record_id]
    rig.store(rig.fcc("answered", 4, users_id=101, ivr="1234"))
    rig.wait(10)
    assert len(office.asked) == 2
    assert rig.log.changes[-1].related is not None
    assert rig.log.changes[-1].related.record_id == CASE.record_id


@pytest.mark.req("R19")
def test_a_search_for_the_number_that_ends_later_takes_nothing_from_the_case(rig: Rig, office: Office) -> None:
    rig.store(rig.fcc("ringing", 1, users_id=101))
    rig.store(rig.fcc("ringing", 1.1, users_id=101, ivr="1234"))
    rig.executor.waiting.reverse()
    rig.wait(1)
    assert {ivr for _, ivr in office.asked} == {None, "1234"}
    assert office.pops() == [CASE.record_id]
    assert office.party() == CASE.name


def test_a_code_that_is_no_case_pops_the_caller_once(rig: Rig, office: Office) -> None:
    rig.store(rig.fcc("ringing", 1, users_id=101))
    rig.executor.run()
    rig.store(rig.fcc("ringing", 1.1, users_id=101, ivr="99"))
    rig.wait(3)
    assert office.pops() == [JAN.record_id]


def test_codes_that_are_not_looked_up_cost_no_second_question_and_no_wait(rig: Rig, plain: Office) -> None:
    rig.report(ANNA, "ringing", 1)
    rig.executor.run()
    assert plain.pops() == [JAN.record_id]
    rig.store(rig.fcc("ringing", 1, users_id=101, ivr="1234"))
    rig.wait(3)
    assert plain.asked == [(CUSTOMER, None)]


@pytest.mark.req("R19")
@pytest.mark.parametrize("number", ["", "40318", "112"], ids=["withheld", "internal", "short"])
def test_a_code_is_looked_up_whatever_the_number(rig: Rig, office: Office, number: str) -> None:
    withheld = {"withheld": True} if not number else {}
    rig.store(rig.fcc("ringing", 1, users_id=101, number=number, ivr="1234", **withheld))
    rig.wait(1)
    assert office.pops() == [CASE.record_id]
    assert office.asked == [(number, "1234")]


@pytest.mark.req("R19")
def test_a_colleague_who_keyed_a_code_is_looked_up_too(rig: Rig, office: Office) -> None:
    call = {"number": "40318", "direction": "internal", "ivr": "1234"}
    rig.store(rig.fcc("ringing", 1, users_id=101, **call))
    rig.wait(1)
    assert office.pops() == [CASE.record_id]


@pytest.mark.parametrize("code", ["12x4", "*1#"])
def test_a_code_that_can_be_no_cases_number_is_not_looked_up(rig: Rig, office: Office, code: str) -> None:
    rig.store(rig.fcc("ringing", 1, users_id=101, number="", withheld=True, ivr=code))
    rig.wait(1)
    assert office.asked == []


# -- what a search rests on --------------------------------------------------------------------------------------------


def test_a_number_that_fcc_corrects_is_searched_anew(rig: Rig, plain: Office) -> None:
    rig.correlate_by("call-id")
    rig.report(ANNA, "ringing", 1, number="+48600100205")
    rig.executor.run()
    assert plain.party() == EWA.name
    rig.store(rig.fcc("ringing", 1, users_id=101, sip="sip-1"))
    rig.wait(1)
    assert plain.party() == JAN.name
    assert plain.pops() == [EWA.record_id, JAN.record_id]


def test_each_agent_the_call_rings_at_is_searched_for(rig: Rig, plain: Office) -> None:
    rig.attend(PIOTR)
    rig.store(rig.fcc("ringing", 1, users_id=101), rig.fcc("leg-ended", 5, users_id=101))
    rig.store(rig.fcc("ringing", 6, users_id=102))
    rig.executor.run()
    assert [pop["recordId"] for pop in rig.events(PIOTR, "pop")] == [JAN.record_id]
    assert plain.pops() == []


def test_a_pane_that_comes_while_it_rings_has_the_caller_looked_up(rig: Rig) -> None:
    office = Office(rig, codes=False)
    rig.store(rig.fcc("ringing", 1, users_id=101))
    rig.executor.run()
    assert office.asked == []
    rig.attend(ANNA)
    assert office.pops() == [JAN.record_id]


def test_what_the_agent_linked_is_not_covered_by_another_record(rig: Rig, plain: Office) -> None:
    plain.away = True
    rig.store(rig.fcc("ringing", 1, users_id=101), rig.fcc("answered", 2, users_id=101))
    rig.executor.run()
    rig.service.relate(ANNA, CallName(calls_id=7), Record(EWA.record_id, "Contact"))
    plain.away = False
    rig.wait(20)
    assert plain.pops() == []


# -- Salesforce is away ------------------------------------------------------------------------------------------------


def test_a_caller_is_found_as_soon_as_salesforce_is_back_while_the_call_is_up(rig: Rig, plain: Office) -> None:
    plain.away = True
    rig.store(rig.fcc("ringing", 1, users_id=101))
    rig.wait(8)
    assert plain.party() is None
    assert rig.calls(ANNA)[0]["searching"]
    rig.store(rig.fcc("answered", 8, users_id=101))
    plain.away = False
    rig.wait(5)
    assert plain.party() == JAN.name
    assert plain.pops() == [JAN.record_id]
    asked = len(plain.asked)
    assert asked <= 6
    assert not rig.calls(ANNA)[0]["searching"]
    rig.wait(120)
    assert len(plain.asked) == asked


def test_a_call_that_ended_meanwhile_gets_its_name_and_its_log_and_pops_nothing(rig: Rig, plain: Office) -> None:
    plain.away = True
    rig.store(rig.fcc("ringing", 1, users_id=101), rig.fcc("answered", 4, users_id=101))
    rig.wait(5)
    rig.store(rig.fcc("ended", 30, users_id=101, status="ANSWERED"))
    rig.wait(60)
    assert rig.log.changes[-1].related is None
    plain.away = False
    rig.wait(70)
    assert plain.pops() == []
    assert plain.party() == JAN.name
    related = rig.log.changes[-1].segments[0].related
    assert related is not None
    assert related.record_id == JAN.record_id


def test_a_call_that_nobody_took_gets_its_name_too(rig: Rig, plain: Office) -> None:
    plain.away = True
    rig.store(rig.fcc("ringing", 1, users_id=101))
    rig.wait(5)
    rig.store(rig.fcc("leg-ended", 9, users_id=101), rig.fcc("ended", 9, status="NO ANSWER"))
    plain.away = False
    rig.wait(70)
    related = rig.log.changes[-1].segments[0].related
    assert related is not None
    assert related.record_id == JAN.record_id


def test_a_restarted_connector_goes_on_with_calls_that_ended_unfound(rig: Rig, plain: Office) -> None:
    plain.away = True
    rig.store(rig.fcc("ringing", 1, users_id=101), rig.fcc("answered", 2, users_id=101))
    rig.executor.run()
    rig.store(rig.fcc("ended", 9, users_id=101, status="ANSWERED"))
    rig.restart()
    plain.away = False
    rig.room.searches.resume()
    rig.wait(1)
    assert plain.party() == JAN.name
    assert plain.pops() == []


def test_an_agent_who_went_home_still_gets_the_name_into_the_log(rig: Rig, plain: Office) -> None:
    plain.away = True
    rig.store(rig.fcc("ringing", 1, users_id=101), rig.fcc("answered", 2, users_id=101))
    rig.executor.run()
    rig.store(rig.fcc("ended", 9, users_id=101, status="ANSWERED"))
    rig.service.panes_present(ANNA, False)
    plain.away = False
    rig.wait(70)
    assert rig.log.changes[-1].related is not None


def test_an_org_that_is_away_is_not_asked_for_each_call_again_and_again(rig: Rig, plain: Office) -> None:
    plain.away = True
    for number in range(1, 31):
        rig.store(rig.fcc("ringing", 1, calls_id=number, users_id=101))
        rig.executor.run()
        rig.store(rig.fcc("ended", 2, calls_id=number, users_id=101, status="NO ANSWER"))
    rig.wait(120)
    assert len(plain.asked) <= 30 + 8
    plain.away = False
    rig.wait(70)
    found = {after.calls_id for after in rig.log.changes if after.related is not None}
    assert found == set(range(1, 31))


def test_one_call_that_can_never_be_found_does_not_keep_the_others(rig: Rig, plain: Office) -> None:
    bad, ask = "+48600100777", plain.find

    def find(agent: Any, number: str, *, ivr: str | None) -> MatchResult:
        found = ask(agent, number, ivr=ivr)
        return UNFINISHED if number == bad else found

    rig.matching.find = find  # type: ignore[method-assign]  # an org that chokes on one number
    plain.away = True
    for number in range(1, 6):
        rig.store(rig.fcc("ringing", 1, calls_id=number, users_id=101))
    rig.store(rig.fcc("ringing", 1, calls_id=99, users_id=101, number=bad))
    rig.executor.run()
    plain.away = False
    rig.wait(30)
    found = {after.calls_id for after in rig.log.changes if after.related is not None}
    assert found == set(range(1, 6))


def test_a_search_that_fails_takes_back_nothing_that_was_found(rig: Rig, office: Office) -> None:
    rig.store(rig.fcc("ringing", 1, users_id=101))
    rig.executor.run()
    office.away = True
    rig.store(rig.fcc("ringing", 2, users_id=101, ivr="1234"))
    rig.wait(4)
    assert office.party() == JAN.name
    office.away = False
    rig.wait(6)
    assert office.party() == CASE.name


def test_failures_leave_one_fact_and_not_one_for_each_try(rig: Rig, plain: Office) -> None:
    plain.away = True
    rig.store(rig.fcc("ringing", 1, users_id=101))
    rig.wait(60)
    assert len(plain.asked) > 5
    with rig.database.read() as uow:
        stored = uow.calls.by_calls_id("acme", 7)
        assert stored is not None
        assert [fact.kind for fact in uow.facts.of_call(stored.key)] == ["ringing", "matched"]


def test_a_number_that_is_forgotten_is_searched_for_no_more(rig: Rig, plain: Office) -> None:
    plain.away = True
    rig.store(rig.fcc("ringing", 1, users_id=101))
    rig.executor.run()
    rig.room.retention.erase_number("acme", CUSTOMER)
    asked = len(plain.asked)
    rig.wait(120)
    assert len(plain.asked) == asked
    with rig.database.read() as uow:
        assert uow.calls.searching("acme", limit=10) == []


def test_a_call_found_or_not_to_be_searched_is_left_alone(rig: Rig, plain: Office) -> None:
    rig.store(rig.fcc("ringing", 1, users_id=101), rig.fcc("ringing", 1, calls_id=8, users_id=101, number=""))
    rig.wait(1)
    with rig.database.read() as uow:
        assert uow.calls.searching("acme", limit=10) == []
    plain.away = True
    rig.store(rig.fcc("ringing", 1, calls_id=9, users_id=101))
    rig.executor.run()
    with rig.database.read() as uow:
        assert [stored.call.calls_id for stored in uow.calls.searching("acme", limit=10)] == [9]

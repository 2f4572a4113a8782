"""When Salesforce is asked who is calling, when it is asked again, and what comes up on the agent's screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cti.domain.match import MatchResult
from cti.domain.record import Record
from tests.integration.calls.bench import ANNA, CUSTOMER, DATABASES, EWA, JAN, PIOTR

if TYPE_CHECKING:
    from tests.integration.calls.bench import Bench

pytestmark = pytest.mark.parametrize("bench", DATABASES, indirect=True)

CASE = Record("500000000000001AAA", "Case", "00001234 Reklamacja", contact_id=JAN.record_id, reason="case-code")
UNFINISHED = MatchResult(complete=False)


class Office:
    """What Salesforce knows: by code first, then by number, nothing at all while it is `away`."""

    def __init__(self, bench: Bench, *, codes: bool) -> None:
        self.bench = bench
        self.away = False
        self.by_code = {"1234": CASE}
        self.by_number = {CUSTOMER: JAN, "+48600100205": EWA}
        self.asked: list[tuple[str, str | None]] = []
        bench.change_pairing(case_by_ivr_code=codes)
        bench.matching.find = self.find  # type: ignore[method-assign]  # an org that knows more than one answer

    def find(self, _agent: Any, number: str, *, ivr: str | None) -> MatchResult:
        self.asked.append((number, ivr))
        if self.away:
            return UNFINISHED
        found = self.by_code.get(ivr or "") or self.by_number.get(number)
        return MatchResult((found,) if found else ())

    def pops(self) -> list[str]:
        return [str(pop["recordId"]) for pop in self.bench.events(ANNA, "pop")]

    def party(self) -> str | None:
        """Whom Anna's pane names, by the last word about the call."""
        party = self.bench.events(ANNA, "call")[-1]["call"]["party"]
        return party["name"] if party else None


@pytest.fixture
def office(bench: Bench) -> Office:
    bench.attend(ANNA)
    return Office(bench, codes=True)


@pytest.fixture
def plain(bench: Bench) -> Office:
    bench.attend(ANNA)
    return Office(bench, codes=False)


# -- the code keyed in the IVR -----------------------------------------------------------------------------------------


@pytest.mark.req("R19")
def test_the_case_pops_and_nothing_before_it_when_the_pane_is_quicker_than_fcc(bench: Bench, office: Office) -> None:
    bench.record(bench.fcc("created", 0, ivr="1234"))
    bench.report(ANNA, "ringing", 1)
    bench.executor.run()
    bench.record(bench.fcc("ringing", 1, users_id=101, ivr="1234"))
    bench.wait(3)
    assert office.pops() == [CASE.record_id]
    assert office.asked == [(CUSTOMER, "1234")]
    assert office.party() == CASE.name


@pytest.mark.req("R19")
@pytest.mark.assumed("A76")
def test_a_code_that_fcc_tells_late_pops_the_case_after_all(bench: Bench, office: Office) -> None:
    bench.report(ANNA, "ringing", 1)
    bench.wait(0.5)
    assert office.asked == []
    bench.wait(1)
    assert office.pops() == [JAN.record_id]
    bench.record(bench.fcc("ringing", 1, users_id=101, ivr="1234"))
    bench.wait(1)
    assert office.pops() == [JAN.record_id, CASE.record_id]
    bench.record(bench.fcc("answered", 4, users_id=101, ivr="1234"))
    bench.wait(10)
    assert len(office.asked) == 2
    assert bench.log.changes[-1][2].related is not None
    assert bench.log.changes[-1][2].related.record_id == CASE.record_id


@pytest.mark.req("R19")
def test_a_search_for_the_number_that_ends_later_takes_nothing_from_the_case(bench: Bench, office: Office) -> None:
    bench.record(bench.fcc("ringing", 1, users_id=101))
    bench.record(bench.fcc("ringing", 1.1, users_id=101, ivr="1234"))
    bench.executor.waiting.reverse()
    bench.wait(1)
    assert {ivr for _, ivr in office.asked} == {None, "1234"}
    assert office.pops() == [CASE.record_id]
    assert office.party() == CASE.name


def test_a_code_that_is_no_case_pops_the_caller_once(bench: Bench, office: Office) -> None:
    bench.record(bench.fcc("ringing", 1, users_id=101))
    bench.executor.run()
    bench.record(bench.fcc("ringing", 1.1, users_id=101, ivr="99"))
    bench.wait(3)
    assert office.pops() == [JAN.record_id]


def test_codes_that_are_not_looked_up_cost_no_second_question_and_no_wait(bench: Bench, plain: Office) -> None:
    bench.report(ANNA, "ringing", 1)
    bench.executor.run()
    assert plain.pops() == [JAN.record_id]
    bench.record(bench.fcc("ringing", 1, users_id=101, ivr="1234"))
    bench.wait(3)
    assert plain.asked == [(CUSTOMER, None)]


@pytest.mark.req("R19")
@pytest.mark.parametrize("number", ["", "40318", "112"], ids=["withheld", "internal", "short"])
def test_a_code_is_looked_up_whatever_the_number(bench: Bench, office: Office, number: str) -> None:
    withheld = {"withheld": True} if not number else {}
    bench.record(bench.fcc("ringing", 1, users_id=101, number=number, ivr="1234", **withheld))
    bench.wait(1)
    assert office.pops() == [CASE.record_id]
    assert office.asked == [(number, "1234")]


@pytest.mark.req("R19")
def test_a_colleague_who_keyed_a_code_is_looked_up_too(bench: Bench, office: Office) -> None:
    call = {"number": "40318", "direction": "internal", "ivr": "1234"}
    bench.record(bench.fcc("ringing", 1, users_id=101, **call))
    bench.wait(1)
    assert office.pops() == [CASE.record_id]


@pytest.mark.parametrize("code", ["12x4", "*1#"])
def test_a_code_that_can_be_no_cases_number_is_not_looked_up(bench: Bench, office: Office, code: str) -> None:
    bench.record(bench.fcc("ringing", 1, users_id=101, number="", withheld=True, ivr=code))
    bench.wait(1)
    assert office.asked == []


# -- what a search rests on --------------------------------------------------------------------------------------------


def test_a_number_that_fcc_corrects_is_searched_anew(bench: Bench, plain: Office) -> None:
    bench.correlate_by("call-id")
    bench.report(ANNA, "ringing", 1, number="+48600100205")
    bench.executor.run()
    assert plain.party() == EWA.name
    bench.record(bench.fcc("ringing", 1, users_id=101, sip="sip-1"))
    bench.wait(1)
    assert plain.party() == JAN.name
    assert plain.pops() == [EWA.record_id, JAN.record_id]


def test_each_agent_the_call_rings_at_is_searched_for(bench: Bench, plain: Office) -> None:
    bench.attend(PIOTR)
    bench.record(bench.fcc("ringing", 1, users_id=101), bench.fcc("leg-ended", 5, users_id=101))
    bench.record(bench.fcc("ringing", 6, users_id=102))
    bench.executor.run()
    assert [pop["recordId"] for pop in bench.events(PIOTR, "pop")] == [JAN.record_id]
    assert plain.pops() == []


def test_a_pane_that_comes_while_it_rings_has_the_caller_looked_up(bench: Bench) -> None:
    office = Office(bench, codes=False)
    bench.record(bench.fcc("ringing", 1, users_id=101))
    bench.executor.run()
    assert office.asked == []
    bench.attend(ANNA)
    assert office.pops() == [JAN.record_id]


def test_what_the_agent_linked_is_not_covered_by_another_record(bench: Bench, plain: Office) -> None:
    plain.away = True
    bench.record(bench.fcc("ringing", 1, users_id=101), bench.fcc("answered", 2, users_id=101))
    bench.executor.run()
    bench.service.relate(ANNA, {"callsId": 7}, {"recordId": EWA.record_id, "objectType": "Contact"})
    plain.away = False
    bench.wait(20)
    assert plain.pops() == []


# -- Salesforce is away ------------------------------------------------------------------------------------------------


def test_a_caller_is_found_as_soon_as_salesforce_is_back_while_the_call_is_up(bench: Bench, plain: Office) -> None:
    plain.away = True
    bench.record(bench.fcc("ringing", 1, users_id=101))
    bench.wait(8)
    assert plain.party() is None
    assert bench.calls(ANNA)[0]["searching"]
    bench.record(bench.fcc("answered", 8, users_id=101))
    plain.away = False
    bench.wait(5)
    assert plain.party() == JAN.name
    assert plain.pops() == [JAN.record_id]
    asked = len(plain.asked)
    assert asked <= 6
    assert not bench.calls(ANNA)[0]["searching"]
    bench.wait(120)
    assert len(plain.asked) == asked


def test_a_call_that_ended_meanwhile_gets_its_name_and_its_log_and_pops_nothing(bench: Bench, plain: Office) -> None:
    plain.away = True
    bench.record(bench.fcc("ringing", 1, users_id=101), bench.fcc("answered", 4, users_id=101))
    bench.wait(5)
    bench.record(bench.fcc("ended", 30, users_id=101, status="ANSWERED"))
    bench.wait(60)
    assert bench.log.changes[-1][2].related is None
    plain.away = False
    bench.wait(70)
    assert plain.pops() == []
    assert plain.party() == JAN.name
    related = bench.log.changes[-1][2].segments[0].related
    assert related is not None
    assert related.record_id == JAN.record_id


def test_a_call_that_nobody_took_gets_its_name_too(bench: Bench, plain: Office) -> None:
    plain.away = True
    bench.record(bench.fcc("ringing", 1, users_id=101))
    bench.wait(5)
    bench.record(bench.fcc("leg-ended", 9, users_id=101), bench.fcc("ended", 9, status="NO ANSWER"))
    plain.away = False
    bench.wait(70)
    related = bench.log.changes[-1][2].segments[0].related
    assert related is not None
    assert related.record_id == JAN.record_id


def test_a_restarted_connector_goes_on_with_calls_that_ended_unfound(bench: Bench, plain: Office) -> None:
    plain.away = True
    bench.record(bench.fcc("ringing", 1, users_id=101), bench.fcc("answered", 2, users_id=101))
    bench.executor.run()
    bench.record(bench.fcc("ended", 9, users_id=101, status="ANSWERED"))
    bench.restart()
    plain.away = False
    bench.service.resume()
    bench.wait(1)
    assert plain.party() == JAN.name
    assert plain.pops() == []


def test_an_agent_who_went_home_still_gets_the_name_into_the_log(bench: Bench, plain: Office) -> None:
    plain.away = True
    bench.record(bench.fcc("ringing", 1, users_id=101), bench.fcc("answered", 2, users_id=101))
    bench.executor.run()
    bench.record(bench.fcc("ended", 9, users_id=101, status="ANSWERED"))
    bench.service.panes_present(ANNA, False)
    plain.away = False
    bench.wait(70)
    assert bench.log.changes[-1][2].related is not None


def test_an_org_that_is_away_is_not_asked_for_each_call_again_and_again(bench: Bench, plain: Office) -> None:
    plain.away = True
    for number in range(1, 31):
        bench.record(bench.fcc("ringing", 1, calls_id=number, users_id=101))
        bench.executor.run()
        bench.record(bench.fcc("ended", 2, calls_id=number, users_id=101, status="NO ANSWER"))
    bench.wait(120)
    assert len(plain.asked) <= 30 + 8
    plain.away = False
    bench.wait(70)
    found = {after.calls_id for _, _, after in bench.log.changes if after.related is not None}
    assert found == set(range(1, 31))


def test_one_call_that_can_never_be_found_does_not_keep_the_others(bench: Bench, plain: Office) -> None:
    bad, ask = "+48600100777", plain.find

    def find(agent: Any, number: str, *, ivr: str | None) -> MatchResult:
        found = ask(agent, number, ivr=ivr)
        return UNFINISHED if number == bad else found

    bench.matching.find = find  # type: ignore[method-assign]  # an org that chokes on one number
    plain.away = True
    for number in range(1, 6):
        bench.record(bench.fcc("ringing", 1, calls_id=number, users_id=101))
    bench.record(bench.fcc("ringing", 1, calls_id=99, users_id=101, number=bad))
    bench.executor.run()
    plain.away = False
    bench.wait(30)
    found = {after.calls_id for _, _, after in bench.log.changes if after.related is not None}
    assert found == set(range(1, 6))


def test_a_search_that_fails_takes_back_nothing_that_was_found(bench: Bench, office: Office) -> None:
    bench.record(bench.fcc("ringing", 1, users_id=101))
    bench.executor.run()
    office.away = True
    bench.record(bench.fcc("ringing", 2, users_id=101, ivr="1234"))
    bench.wait(4)
    assert office.party() == JAN.name
    office.away = False
    bench.wait(6)
    assert office.party() == CASE.name


def test_failures_leave_one_fact_and_not_one_for_each_try(bench: Bench, plain: Office) -> None:
    plain.away = True
    bench.record(bench.fcc("ringing", 1, users_id=101))
    bench.wait(60)
    assert len(plain.asked) > 5
    with bench.database.read() as uow:
        stored = uow.calls.by_calls_id("acme", 7)
        assert stored is not None
        assert [fact.kind for fact in uow.facts.of_call(stored.key)] == ["ringing", "matched"]


def test_a_number_that_is_forgotten_is_searched_for_no_more(bench: Bench, plain: Office) -> None:
    plain.away = True
    bench.record(bench.fcc("ringing", 1, users_id=101))
    bench.executor.run()
    bench.service.forget_number("acme", CUSTOMER)
    asked = len(plain.asked)
    bench.wait(120)
    assert len(plain.asked) == asked
    with bench.database.read() as uow:
        assert uow.calls.searching("acme", limit=10) == []


def test_a_call_found_or_not_to_be_searched_is_left_alone(bench: Bench, plain: Office) -> None:
    bench.record(bench.fcc("ringing", 1, users_id=101), bench.fcc("ringing", 1, calls_id=8, users_id=101, number=""))
    bench.wait(1)
    with bench.database.read() as uow:
        assert uow.calls.searching("acme", limit=10) == []
    plain.away = True
    bench.record(bench.fcc("ringing", 1, calls_id=9, users_id=101))
    bench.executor.run()
    with bench.database.read() as uow:
        assert [stored.call.calls_id for stored in uow.calls.searching("acme", limit=10)] == [9]

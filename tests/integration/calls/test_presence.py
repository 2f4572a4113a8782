"""FCC's status is the truth: it is asked for whenever it may have been missed, and the pane says where it differed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from cti.accounts import AgentRef
from cti.domain.facts import Fact
from cti.domain.presence import Presence, PresenceClass
from cti.pbx.errors import FccUnreachableError
from tests.integration.calls.bench import ANNA, DATABASES, PIOTR, STATUSES

if TYPE_CHECKING:
    from tests.integration.calls.bench import Bench

pytestmark = pytest.mark.parametrize("bench", DATABASES, indirect=True)

READY, NOT_READY, BUSY, WRAP, PAUSE = (each.presence_class for each in STATUSES)
LOGIN = "anna.nowak"


def status(bench: Bench, kind: PresenceClass, since: float, until: float | None = None) -> Presence:
    """Anna's status, `since` and `until` in seconds from now."""
    now = (bench.clock.now() - bench.start).total_seconds()
    named = next(each for each in STATUSES if each.presence_class is kind)
    ends = bench.at(now + until) if until is not None else None
    return Presence(named.id, kind, named.name, bench.at(now + since), ends)


def fcc_has(bench: Bench, kind: PresenceClass, since: float = 0, until: float | None = None) -> None:
    """FCC has Anna so from now on, and tells nobody."""
    bench.exchange.present[LOGIN] = status(bench, kind, since, until)


def webhook(bench: Bench, kind: PresenceClass, until: float | None = None) -> None:
    """FCC has Anna so from now on, and tells it."""
    fcc_has(bench, kind, 0, until)
    presence = bench.exchange.present[LOGIN]
    fact = Fact("fcc", "presence", bench.clock.now(), content={"users_id": 101, "presence": presence.to_json()})
    bench.record(fact)


def shown(bench: Bench) -> str:
    """What Anna's panes show."""
    return str(bench.events(ANNA, "presence")[-1]["presence"]["class"])


def notices(bench: Bench) -> list[tuple[str, str]]:
    return [(notice["code"], notice["message"]) for notice in bench.events(ANNA, "notice")]


def sit(bench: Bench, kind: PresenceClass = READY) -> None:
    """Anna has a pane and that status, and all know it."""
    bench.attend(ANNA)
    bench.wait(1)
    webhook(bench, kind)
    bench.wait(1)
    bench.exchange.asked.clear()


# -- a phone or a pane comes back --------------------------------------------------------------------------------------


@pytest.mark.req("R33")
@pytest.mark.assumed("A77")
@pytest.mark.parametrize("since", [0, -3600], ids=["since the restart", "as before the call"])
def test_a_phone_that_registers_again_has_the_status_read_that_fcc_has(bench: Bench, since: float) -> None:
    sit(bench)
    webhook(bench, BUSY)
    bench.wait(10)
    fcc_has(bench, NOT_READY, since)
    bench.service.presence_missed(ANNA)
    bench.wait(1)
    assert shown(bench) == "notready"
    assert bench.service.snapshot(ANNA)["presence"]["class"] == "notready"
    ((code, message),) = notices(bench)
    assert code == "status-moved"
    assert "„Niegotowy”" in message
    assert "„Zajęty”" in message


def test_what_the_pane_shows_already_is_told_in_no_words(bench: Bench) -> None:
    sit(bench)
    bench.service.presence_missed(ANNA)
    bench.wait(1)
    assert notices(bench) == []


@pytest.mark.parametrize(
    ("before", "now"), [(READY, PAUSE), (NOT_READY, READY), (PAUSE, READY), (READY, NOT_READY), (WRAP, NOT_READY)]
)
def test_a_status_that_somebody_else_set_meanwhile_is_told(
    bench: Bench, before: PresenceClass, now: PresenceClass
) -> None:
    sit(bench, before)
    fcc_has(bench, now)
    bench.service.presence_missed(ANNA)
    bench.wait(1)
    assert shown(bench) == now.value
    assert [code for code, _ in notices(bench)] == ["status-moved"]


def test_many_panes_that_come_back_at_once_cost_one_question_or_two(bench: Bench) -> None:
    sit(bench)
    for _ in range(10):
        bench.service.presence_missed(ANNA)
        bench.wait(0.1)
    bench.wait(5)
    assert 1 <= len(bench.exchange.asked) <= 2


def test_while_fcc_is_away_it_is_asked_again_and_polling_knows_that_something_is_missing(bench: Bench) -> None:
    sit(bench)
    fcc_has(bench, NOT_READY)
    bench.exchange.failure = FccUnreachableError(function="x")
    bench.service.presence_missed(ANNA)
    bench.wait(2)
    assert bench.service.last_presence_at("acme", 101) is None
    bench.wait(8)
    bench.exchange.failure = None
    bench.wait(10)
    assert shown(bench) == "notready"
    assert bench.service.last_presence_at("acme", 101) is not None


def test_an_fcc_that_does_not_answer_for_one_agent_is_not_asked_for_all(bench: Bench) -> None:
    agents = [AgentRef("acme-1", f"0050000000001{number:02}AAA", number) for number in range(10, 60)]
    sit(bench)
    bench.exchange.people += [
        replace(bench.exchange.people[0], id=agent.fcc_user_id, login=f"agent.{agent.fcc_user_id}") for agent in agents
    ]
    bench.restart()
    bench.attend(*agents)
    bench.exchange.asked.clear()
    bench.exchange.failure = FccUnreachableError(function="x")
    for agent in agents:
        bench.service.presence_missed(agent)
    bench.wait(20)
    assert len(bench.exchange.asked) <= 8
    bench.exchange.failure = None
    bench.wait(40)
    assert {f"agent.{agent.fcc_user_id}" for agent in agents} <= set(bench.exchange.asked)


def test_an_answer_that_was_overtaken_turns_nothing_back(bench: Bench) -> None:
    sit(bench, NOT_READY)
    old = bench.exchange.present[LOGIN]
    ask = bench.exchange.presence

    def slow(login: str) -> Presence:
        ask(login)
        bench.clock.advance(0.5)
        webhook(bench, READY)
        return old

    bench.exchange.presence = slow  # type: ignore[method-assign]  # an exchange whose answers take long
    bench.service.presence_missed(ANNA)
    bench.executor.run()
    assert shown(bench) == "ready"
    assert notices(bench) == []


# -- calls, where webhooks are silent ----------------------------------------------------------------------------------


@pytest.mark.req("R33", "R39")
def test_without_webhooks_the_pane_is_busy_in_a_call_then_in_wrap_then_in_queue(bench: Bench) -> None:
    sit(bench)
    fcc_has(bench, BUSY)
    bench.report(ANNA, "ringing", 3)
    bench.wait(1.5)
    assert shown(bench) == "busy"
    bench.report(ANNA, "answered", 5)
    bench.report(ANNA, "ended", 60, by="agent")
    fcc_has(bench, WRAP, 0, 20)
    bench.wait(1.5)
    assert shown(bench) == "wrap"
    bench.wait(18)
    fcc_has(bench, READY, 0.5)
    bench.wait(3)
    assert shown(bench) == "ready"
    assert notices(bench) == []
    assert len(bench.exchange.asked) <= 4


def test_with_webhooks_a_call_costs_no_question_about_the_agent(bench: Bench) -> None:
    sit(bench)
    bench.report(ANNA, "ringing", 3)
    webhook(bench, BUSY)
    bench.wait(3)
    bench.report(ANNA, "answered", 6)
    bench.wait(20)
    bench.report(ANNA, "ended", 60, by="far")
    webhook(bench, WRAP, until=20)
    bench.wait(20)
    webhook(bench, READY)
    bench.wait(60)
    assert bench.exchange.asked == []


def test_a_status_that_fcc_changes_late_after_a_call_is_seen_all_the_same(bench: Bench) -> None:
    sit(bench)
    fcc_has(bench, BUSY)
    bench.report(ANNA, "ringing", 3)
    bench.wait(2)
    bench.report(ANNA, "ended", 20, by="far")
    bench.wait(3)
    assert shown(bench) == "busy"
    fcc_has(bench, READY)
    bench.wait(5)
    assert shown(bench) == "ready"
    assert notices(bench) == []


def test_the_status_from_before_a_call_that_came_to_nothing_is_no_news(bench: Bench) -> None:
    sit(bench, PAUSE)
    webhook(bench, BUSY)
    bench.wait(5)
    fcc_has(bench, PAUSE)
    bench.service.presence_missed(ANNA)
    bench.wait(1)
    assert shown(bench) == "pause"
    assert notices(bench) == []


def test_what_webhooks_tell_is_told_in_no_words(bench: Bench) -> None:
    sit(bench)
    webhook(bench, NOT_READY)
    assert shown(bench) == "notready"
    assert notices(bench) == []


# -- a pane or the connector was away ----------------------------------------------------------------------------------


def test_an_agent_set_not_ready_while_the_pane_was_away_reads_why(bench: Bench) -> None:
    sit(bench)
    bench.clock.advance(20)
    bench.service.panes_present(ANNA, False)
    bench.executor.run()
    assert shown(bench) == "notready"
    ((code, message),) = notices(bench)
    assert code == "status-not-ready-away"
    assert "„W kolejce”" in message


def attendance(bench: Bench, returned: Any) -> None:
    bench.service.panes_present(ANNA, True, returned)
    bench.executor.run()


@pytest.mark.req("R32")
@pytest.mark.parametrize("returned", [True, False], ids=["the same page", "a new page"])
@pytest.mark.parametrize("away", [25, 120, 600])
def test_a_connector_that_was_away_puts_nobody_out_of_the_queue(bench: Bench, away: float, returned: bool) -> None:
    sit(bench)
    bench.clock.advance(9)
    bench.service.tick()
    bench.clock.advance(away)
    bench.restart()
    bench.clock.advance(1)
    bench.service.tick()
    bench.executor.run()
    bench.clock.advance(14)
    attendance(bench, returned)
    bench.wait(60)
    bench.service.tick()
    assert bench.exchange.told == []
    assert shown(bench) == "ready"


def test_who_comes_with_a_new_page_the_next_morning_starts_not_ready(bench: Bench) -> None:
    sit(bench)
    bench.clock.advance(12 * 3600)
    bench.restart()
    attendance(bench, False)
    assert bench.exchange.told == [(LOGIN, 2)]


def test_a_page_that_was_open_all_the_while_keeps_what_fcc_says(bench: Bench) -> None:
    sit(bench, PAUSE)
    bench.clock.advance(20)
    bench.service.panes_present(ANNA, False)
    bench.executor.run()
    bench.wait(300)
    attendance(bench, True)
    assert bench.exchange.told == []


def test_a_status_changed_while_the_connector_was_away_is_told(bench: Bench) -> None:
    sit(bench)
    bench.clock.advance(25)
    bench.restart()
    fcc_has(bench, PAUSE)
    attendance(bench, True)
    bench.wait(1)
    assert shown(bench) == "pause"
    ((code, message),) = notices(bench)
    assert code == "status-moved"
    assert "„Przerwa obiadowa”" in message


def test_not_ready_at_sign_in_is_made_good_when_fcc_answers_again(bench: Bench) -> None:
    bench.exchange.failure = FccUnreachableError(function="x")
    attendance(bench, False)
    assert bench.exchange.told == []
    bench.exchange.failure = None
    bench.service.tick()
    bench.executor.run()
    assert bench.exchange.told == [(LOGIN, 2)]


def test_many_who_signed_in_while_fcc_was_away_do_not_have_it_asked_for_each_at_every_tick(bench: Bench) -> None:
    agents = [ANNA, PIOTR, AgentRef("acme-1", "005000000000003AAA", 103)]
    bench.exchange.failure = FccUnreachableError(function="x")
    for agent in agents:
        bench.service.panes_present(agent, True, False)
    bench.executor.run()
    bench.exchange.asked.clear()
    for _ in range(3):
        bench.clock.advance(10)
        bench.service.tick()
        bench.executor.run()
    assert len(bench.exchange.asked) <= 3
    bench.exchange.failure = None
    bench.service.tick()
    bench.executor.run()
    assert sorted(bench.exchange.told) == [("anna.nowak", 2), ("ewa.z", 2), ("piotr.w", 2)]


def test_an_agent_who_is_busy_by_mistake_is_told_off_when_the_panes_are_gone(bench: Bench) -> None:
    sit(bench)
    webhook(bench, BUSY)
    fcc_has(bench, READY)
    bench.clock.advance(20)
    bench.service.panes_present(ANNA, False)
    bench.executor.run()
    for _ in range(6):
        bench.clock.advance(10)
        bench.service.tick()
        bench.executor.run()
    assert bench.exchange.told == [(LOGIN, 2)]


# -- the tenant's statuses ---------------------------------------------------------------------------------------------


def test_a_pane_that_came_while_fcc_was_away_gets_its_statuses_when_it_is_back(bench: Bench) -> None:
    bench.exchange.failure = FccUnreachableError(function="x")
    attendance(bench, False)
    assert bench.service.snapshot(ANNA)["statuses"] == []
    bench.service.tick()
    bench.executor.run()
    assert bench.events(ANNA, "statuses") == []
    bench.exchange.failure = None
    for _ in range(2):
        bench.service.tick()
        bench.executor.run()
    (told,) = bench.events(ANNA, "statuses")
    assert [each["class"] for each in told["statuses"]] == ["ready", "notready", "busy", "wrap", "pause"]


def test_statuses_that_a_pane_was_given_are_told_again_only_when_they_change(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    attendance(bench, False)
    bench.service.snapshot(ANNA)
    for _ in range(60):
        bench.clock.advance(10)
        bench.service.tick()
        bench.executor.run()
    assert bench.events(ANNA, "statuses") == []
    monkeypatch.setattr(bench.exchange, "statuses", lambda: STATUSES[:2])
    for _ in range(31):
        bench.clock.advance(10)
        bench.service.tick()
        bench.executor.run()
    (told,) = bench.events(ANNA, "statuses")
    assert len(told["statuses"]) == 2

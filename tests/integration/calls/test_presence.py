"""FCC's status is the truth: it is asked for whenever it may have been missed, and the pane says where it differed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from cti.accounts import AgentRef
from cti.domain.facts import Fact
from cti.domain.presence import Presence, PresenceClass
from cti.pbx.errors import FccUnreachableError
from tests.integration.calls.rig import ANNA, PIOTR, STATUSES
from tests.support.postgresql import DATABASES

if TYPE_CHECKING:
    from tests.integration.calls.rig import Rig

pytestmark = pytest.mark.parametrize("rig", DATABASES, indirect=True)

READY, NOT_READY, BUSY, WRAP, PAUSE = (each.presence_class for each in STATUSES)
LOGIN = "anna.nowak"


def status(rig: Rig, kind: PresenceClass, since: float, until: float | None = None) -> Presence:
    """Anna's status, `since` and `until` in seconds from now."""
    now = (rig.clock.now() - rig.start).total_seconds()
    named = next(each for each in STATUSES if each.presence_class is kind)
    ends = rig.at(now + until) if until is not None else None
    return Presence(named.id, kind, named.name, rig.at(now + since), ends)


def fcc_has(rig: Rig, kind: PresenceClass, since: float = 0, until: float | None = None) -> None:
    """FCC has Anna so from now on, and tells nobody."""
    rig.exchange.present[LOGIN] = status(rig, kind, since, until)


def webhook(rig: Rig, kind: PresenceClass, until: float | None = None) -> None:
    """FCC has Anna so from now on, and tells it."""
    fcc_has(rig, kind, 0, until)
    presence = rig.exchange.present[LOGIN]
    fact = Fact("fcc", "presence", rig.clock.now(), content={"users_id": 101, "presence": presence.to_json()})
    rig.store(fact)


def shown(rig: Rig) -> str:
    """What Anna's panes show."""
    return str(rig.events(ANNA, "presence")[-1]["presence"]["class"])


def notices(rig: Rig) -> list[tuple[str, str]]:
    return [(notice["code"], notice["message"]) for notice in rig.events(ANNA, "notice")]


def sit(rig: Rig, kind: PresenceClass = READY) -> None:
    """Anna has a pane and that status, and all know it."""
    rig.attend(ANNA)
    rig.wait(1)
    webhook(rig, kind)
    rig.wait(1)
    rig.exchange.asked.clear()


# -- a phone or a pane comes back --------------------------------------------------------------------------------------


@pytest.mark.req("R33")
@pytest.mark.assumed("A77")
@pytest.mark.parametrize("since", [0, -3600], ids=["since the restart", "as before the call"])
def test_a_phone_that_registers_again_has_the_status_read_that_fcc_has(rig: Rig, since: float) -> None:
    sit(rig)
    webhook(rig, BUSY)
    rig.wait(10)
    fcc_has(rig, NOT_READY, since)
    rig.service.presence_missed(ANNA)
    rig.wait(1)
    assert shown(rig) == "notready"
    assert rig.snapshot(ANNA)["presence"]["class"] == "notready"
    ((code, message),) = notices(rig)
    assert code == "status-moved"
    assert "„Niegotowy”" in message
    assert "„Zajęty”" in message


def test_what_the_pane_shows_already_is_told_in_no_words(rig: Rig) -> None:
    sit(rig)
    rig.service.presence_missed(ANNA)
    rig.wait(1)
    assert notices(rig) == []


@pytest.mark.parametrize(
    ("before", "now"), [(READY, PAUSE), (NOT_READY, READY), (PAUSE, READY), (READY, NOT_READY), (WRAP, NOT_READY)]
)
def test_a_status_that_somebody_else_set_meanwhile_is_told(rig: Rig, before: PresenceClass, now: PresenceClass) -> None:
    sit(rig, before)
    fcc_has(rig, now)
    rig.service.presence_missed(ANNA)
    rig.wait(1)
    assert shown(rig) == now.value
    assert [code for code, _ in notices(rig)] == ["status-moved"]


def test_many_panes_that_come_back_at_once_cost_one_question_or_two(rig: Rig) -> None:
    sit(rig)
    for _ in range(10):
        rig.service.presence_missed(ANNA)
        rig.wait(0.1)
    rig.wait(5)
    assert 1 <= len(rig.exchange.asked) <= 2


def test_while_fcc_is_away_it_is_asked_again_and_polling_knows_that_something_is_missing(rig: Rig) -> None:
    sit(rig)
    fcc_has(rig, NOT_READY)
    rig.exchange.failure = FccUnreachableError(function="x")
    rig.service.presence_missed(ANNA)
    rig.wait(2)
    assert rig.room.activity.last_presence_at("acme", 101) is None
    rig.wait(8)
    rig.exchange.failure = None
    rig.wait(10)
    assert shown(rig) == "notready"
    assert rig.room.activity.last_presence_at("acme", 101) is not None


def test_an_fcc_that_does_not_answer_for_one_agent_is_not_asked_for_all(rig: Rig) -> None:
    agents = [AgentRef("acme-1", f"0050000000001{number:02}AAA", number) for number in range(10, 60)]
    sit(rig)
    rig.exchange.people += [
        replace(rig.exchange.people[0], id=agent.fcc_user_id, login=f"agent.{agent.fcc_user_id}") for agent in agents
    ]
    rig.restart()
    rig.attend(*agents)
    rig.exchange.asked.clear()
    rig.exchange.failure = FccUnreachableError(function="x")
    for agent in agents:
        rig.service.presence_missed(agent)
    rig.wait(20)
    assert len(rig.exchange.asked) <= 8
    rig.exchange.failure = None
    rig.wait(40)
    assert {f"agent.{agent.fcc_user_id}" for agent in agents} <= set(rig.exchange.asked)


def test_an_answer_that_was_overtaken_turns_nothing_back(rig: Rig) -> None:
    sit(rig, NOT_READY)
    old = rig.exchange.present[LOGIN]
    ask = rig.exchange.presence

    def slow(login: str) -> Presence:
        ask(login)
        rig.clock.advance(0.5)
        webhook(rig, READY)
        return old

    rig.exchange.presence = slow  # type: ignore[method-assign]  # an exchange whose answers take long
    rig.service.presence_missed(ANNA)
    rig.executor.run()
    assert shown(rig) == "ready"
    assert notices(rig) == []


# -- calls, where webhooks are silent ----------------------------------------------------------------------------------


@pytest.mark.req("R33", "R39")
def test_without_webhooks_the_pane_is_busy_in_a_call_then_in_wrap_then_in_queue(rig: Rig) -> None:
    sit(rig)
    fcc_has(rig, BUSY)
    rig.report(ANNA, "ringing", 3)
    rig.wait(1.5)
    assert shown(rig) == "busy"
    rig.report(ANNA, "answered", 5)
    rig.report(ANNA, "ended", 60, by="agent")
    fcc_has(rig, WRAP, 0, 20)
    rig.wait(1.5)
    assert shown(rig) == "wrap"
    rig.wait(18)
    fcc_has(rig, READY, 0.5)
    rig.wait(3)
    assert shown(rig) == "ready"
    assert notices(rig) == []
    assert len(rig.exchange.asked) <= 4


def test_with_webhooks_a_call_costs_no_question_about_the_agent(rig: Rig) -> None:
    sit(rig)
    rig.report(ANNA, "ringing", 3)
    webhook(rig, BUSY)
    rig.wait(3)
    rig.report(ANNA, "answered", 6)
    rig.wait(20)
    rig.report(ANNA, "ended", 60, by="far")
    webhook(rig, WRAP, until=20)
    rig.wait(20)
    webhook(rig, READY)
    rig.wait(60)
    assert rig.exchange.asked == []


def test_a_status_that_fcc_changes_late_after_a_call_is_seen_all_the_same(rig: Rig) -> None:
    sit(rig)
    fcc_has(rig, BUSY)
    rig.report(ANNA, "ringing", 3)
    rig.wait(2)
    rig.report(ANNA, "ended", 20, by="far")
    rig.wait(3)
    assert shown(rig) == "busy"
    fcc_has(rig, READY)
    rig.wait(5)
    assert shown(rig) == "ready"
    assert notices(rig) == []


def test_the_status_from_before_a_call_that_came_to_nothing_is_no_news(rig: Rig) -> None:
    sit(rig, PAUSE)
    webhook(rig, BUSY)
    rig.wait(5)
    fcc_has(rig, PAUSE)
    rig.service.presence_missed(ANNA)
    rig.wait(1)
    assert shown(rig) == "pause"
    assert notices(rig) == []


def test_what_webhooks_tell_is_told_in_no_words(rig: Rig) -> None:
    sit(rig)
    webhook(rig, NOT_READY)
    assert shown(rig) == "notready"
    assert notices(rig) == []


# -- a pane or the connector was away ----------------------------------------------------------------------------------


def test_an_agent_set_not_ready_while_the_pane_was_away_reads_why(rig: Rig) -> None:
    sit(rig)
    rig.clock.advance(20)
    rig.service.panes_present(ANNA, False)
    rig.executor.run()
    assert shown(rig) == "notready"
    ((code, message),) = notices(rig)
    assert code == "status-not-ready-away"
    assert "„W kolejce”" in message


def attendance(rig: Rig, returned: Any) -> None:
    rig.service.panes_present(ANNA, True, returned)
    rig.executor.run()


@pytest.mark.req("R32")
@pytest.mark.parametrize("returned", [True, False], ids=["the same page", "a new page"])
@pytest.mark.parametrize("away", [25, 120, 600])
def test_a_connector_that_was_away_puts_nobody_out_of_the_queue(rig: Rig, away: float, returned: bool) -> None:
    sit(rig)
    rig.clock.advance(9)
    rig.room.upkeep.tick()
    rig.clock.advance(away)
    rig.restart()
    rig.clock.advance(1)
    rig.room.upkeep.tick()
    rig.executor.run()
    rig.clock.advance(14)
    attendance(rig, returned)
    rig.wait(60)
    rig.room.upkeep.tick()
    assert rig.exchange.told == []
    assert shown(rig) == "ready"


def test_who_comes_with_a_new_page_the_next_morning_starts_not_ready(rig: Rig) -> None:
    sit(rig)
    rig.clock.advance(12 * 3600)
    rig.restart()
    attendance(rig, False)
    assert rig.exchange.told == [(LOGIN, 2)]


def test_a_page_that_was_open_all_the_while_keeps_what_fcc_says(rig: Rig) -> None:
    sit(rig, PAUSE)
    rig.clock.advance(20)
    rig.service.panes_present(ANNA, False)
    rig.executor.run()
    rig.wait(300)
    attendance(rig, True)
    assert rig.exchange.told == []


def test_a_status_changed_while_the_connector_was_away_is_told(rig: Rig) -> None:
    sit(rig)
    rig.clock.advance(25)
    rig.restart()
    fcc_has(rig, PAUSE)
    attendance(rig, True)
    rig.wait(1)
    assert shown(rig) == "pause"
    ((code, message),) = notices(rig)
    assert code == "status-moved"
    assert "„Przerwa obiadowa”" in message


def test_not_ready_at_sign_in_is_made_good_when_fcc_answers_again(rig: Rig) -> None:
    rig.exchange.failure = FccUnreachableError(function="x")
    attendance(rig, False)
    assert rig.exchange.told == []
    rig.exchange.failure = None
    rig.room.upkeep.tick()
    rig.executor.run()
    assert rig.exchange.told == [(LOGIN, 2)]


def test_many_who_signed_in_while_fcc_was_away_do_not_have_it_asked_for_each_at_every_tick(rig: Rig) -> None:
    agents = [ANNA, PIOTR, AgentRef("acme-1", "005000000000003AAA", 103)]
    rig.exchange.failure = FccUnreachableError(function="x")
    for agent in agents:
        rig.service.panes_present(agent, True, False)
    rig.executor.run()
    rig.exchange.asked.clear()
    for _ in range(3):
        rig.clock.advance(10)
        rig.room.upkeep.tick()
        rig.executor.run()
    assert len(rig.exchange.asked) <= 3
    rig.exchange.failure = None
    rig.room.upkeep.tick()
    rig.executor.run()
    assert sorted(rig.exchange.told) == [("anna.nowak", 2), ("ewa.z", 2), ("piotr.w", 2)]


def test_an_agent_who_is_busy_by_mistake_is_told_off_when_the_panes_are_gone(rig: Rig) -> None:
    sit(rig)
    webhook(rig, BUSY)
    fcc_has(rig, READY)
    rig.clock.advance(20)
    rig.service.panes_present(ANNA, False)
    rig.executor.run()
    for _ in range(6):
        rig.clock.advance(10)
        rig.room.upkeep.tick()
        rig.executor.run()
    assert rig.exchange.told == [(LOGIN, 2)]


# -- the tenant's statuses ---------------------------------------------------------------------------------------------


def test_a_pane_that_came_while_fcc_was_away_gets_its_statuses_when_it_is_back(rig: Rig) -> None:
    rig.exchange.failure = FccUnreachableError(function="x")
    attendance(rig, False)
    assert rig.snapshot(ANNA)["statuses"] == []
    rig.room.upkeep.tick()
    rig.executor.run()
    assert rig.events(ANNA, "statuses") == []
    rig.exchange.failure = None
    for _ in range(2):
        rig.room.upkeep.tick()
        rig.executor.run()
    (told,) = rig.events(ANNA, "statuses")
    assert [each["class"] for each in told["statuses"]] == ["ready", "notready", "busy", "wrap", "pause"]


def test_statuses_that_a_pane_was_given_are_told_again_only_when_they_change(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    attendance(rig, False)
    rig.snapshot(ANNA)
    for _ in range(60):
        rig.clock.advance(10)
        rig.room.upkeep.tick()
        rig.executor.run()
    assert rig.events(ANNA, "statuses") == []
    monkeypatch.setattr(rig.exchange, "statuses", lambda: STATUSES[:2])
    for _ in range(31):
        rig.clock.advance(10)
        rig.room.upkeep.tick()
        rig.executor.run()
    (told,) = rig.events(ANNA, "statuses")
    assert len(told["statuses"]) == 2

"""Panes are told what became of their calls' logs, a whole batch at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from cti.calllog.service import KIND, CallLogger, LogNews
from cti.domain.delivery import Result
from cti.outbox.deliverer import Deliverer
from tests.integration.calls.rig import ANNA, PIOTR
from tests.support.postgresql import DATABASES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cti.accounts import AgentRef
    from tests.integration.calls.rig import Rig

pytestmark = pytest.mark.parametrize("rig", DATABASES, indirect=True)


class Saving:
    """An org that takes everything; the Task's id ends in the call's."""

    def carry(self, _org_id: str, deliveries: Sequence[Any]) -> list[Result]:
        return [Result("done", f"00T{int(each.key.split(':')[1]):012}AAA", each.fields) for each in deliveries]


class Desk:
    """Calls that are logged, and the deliverer that delivers the logs."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        rig.change_pairing(log_other_phones=True)
        rig.log = CallLogger(rig.clock)  # type: ignore[assignment]  # the real one instead of a fake
        rig.restart()
        self.deliverer = Deliverer(
            rig.database,
            {KIND: Saving()},
            rig.clock,
            owner="here",
            random=lambda: 0.0,
            listener=LogNews(rig.room.notifier.logs_changed),
        )

    def ring(self, *calls: tuple[int, int]) -> None:
        """Calls, (calls_id, users_id) each, whose logs are due after this."""
        for calls_id, users_id in calls:
            self.rig.store(self.rig.fcc("ringing", 1, calls_id=calls_id, users_id=users_id))
        self.rig.clock.advance(11)

    def logs(self, agent: AgentRef) -> list[tuple[int, str]]:
        """What the agent's panes were told of logs, (calls_id, state) each."""
        return [(told["call"]["callsId"], told["call"]["log"]["state"]) for told in self.rig.events(agent, "call")]

    def events(self) -> int:
        """How many events there are for anybody."""
        with self.rig.database.read() as uow:
            return len(uow.events.since(0))

    def missed(self, agent: AgentRef, last_seq: int) -> Any:
        """What a pane is given that saw the events up to `last_seq`; None: a snapshot."""
        with self.rig.database.read() as uow:
            return uow.events.missed(agent.audience, last_seq)

    def head(self, agent: AgentRef) -> int:
        """The last number given to the agent's panes."""
        with self.rig.database.read() as uow:
            return int(uow.events.head(agent.audience))


@pytest.fixture
def desk(rig: Rig) -> Desk:
    return Desk(rig)


def test_a_pane_hears_that_the_logs_of_its_calls_were_saved_and_of_nobody_elses(rig: Rig, desk: Desk) -> None:
    rig.attend(ANNA, PIOTR)
    desk.ring((7, 101), (8, 102), (9, 101), (10, 103))
    before = desk.events()
    desk.deliverer.run_once()
    assert sorted(desk.logs(ANNA)) == [(7, "saved"), (7, "waiting"), (9, "saved"), (9, "waiting")]
    assert sorted(desk.logs(PIOTR)) == [(8, "saved"), (8, "waiting")]
    assert desk.events() == before + 3
    (call,) = [told["call"] for told in rig.events(PIOTR, "call")][1:]
    assert call["log"] == {"state": "saved", "taskId": "00T000000000008AAA", "code": None}


def test_a_call_that_rang_two_agents_is_told_to_both(rig: Rig, desk: Desk) -> None:
    rig.attend(ANNA, PIOTR)
    rig.store(rig.fcc("ringing", 1, users_id=101), rig.fcc("ringing", 2, users_id=102))
    rig.clock.advance(11)
    desk.deliverer.run_once()
    assert desk.logs(ANNA)[-1] == desk.logs(PIOTR)[-1] == (7, "saved")


def test_calls_without_panes_add_no_events(desk: Desk) -> None:
    desk.ring((7, 101), (8, 102))
    desk.deliverer.run_once()
    assert desk.events() == 0
    assert desk.head(ANNA) == 0
    with desk.rig.database.read() as uow:
        assert uow.outbox.counts() == {"done": 2}


def test_a_pane_that_was_away_for_a_while_is_told_when_it_comes_back(rig: Rig, desk: Desk) -> None:
    rig.attend(ANNA)
    desk.ring((7, 101))
    seen = desk.head(ANNA)
    rig.clock.advance(300)
    rig.service.panes_present(ANNA, False)
    rig.executor.run()
    desk.deliverer.run_once()
    assert [missed.type for missed in desk.missed(ANNA, seen)][-1] == "call"
    assert desk.logs(ANNA)[-1] == (7, "saved")


def test_for_panes_gone_for_good_no_event_is_kept_but_one_that_returns_starts_anew(rig: Rig, desk: Desk) -> None:
    rig.attend(ANNA)
    desk.ring((7, 101))
    rig.service.panes_present(ANNA, False)
    rig.executor.run()
    rig.clock.advance(3600)
    before, seen = desk.events(), desk.head(ANNA)
    assert desk.missed(ANNA, seen) == []
    desk.deliverer.run_once()
    assert desk.events() == before
    assert desk.missed(ANNA, seen) is None
    assert desk.missed(ANNA, seen - 1) is None


def test_as_many_questions_are_asked_for_many_logs_as_for_few(rig: Rig, desk: Desk) -> None:
    rig.attend(ANNA, PIOTR)
    asked: list[str] = []
    event.listen(rig.database.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    counts = []
    for calls in (range(1, 4), range(100, 160)):
        desk.ring(*((number, 101 + number % 2) for number in calls))
        asked.clear()
        desk.deliverer.run_once()
        counts.append(len(asked))
        assert len([state for _, state in desk.logs(ANNA) if state == "saved"]) >= len(calls) // 2
    few, many = counts
    assert many <= few + 1  # the first round counts what waits, for the metrics
    assert few < 30

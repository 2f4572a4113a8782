"""How often somebody may do something."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cti.pane.channel import _AGENT_BURST, _AGENT_RATE
from cti.ws.allowance import Allowance
from cti.ws.errors import ConnectingTooOftenError, TooManySocketsError
from cti.ws.registry import SocketRegistry

if TYPE_CHECKING:
    from tests.support.clock import DrivenClock


def taken(allowance: Allowance, name: str, times: int) -> int:
    return sum(allowance.take(name) for _ in range(times))


def test_so_many_at_once_and_then_as_time_goes_by(clock: DrivenClock) -> None:
    allowance = Allowance(burst=10, per_second=2, monotonic=clock.monotonic)
    assert taken(allowance, "anna", 15) == 10
    clock.advance(1.6)
    assert taken(allowance, "anna", 15) == 3
    clock.advance(1000)
    assert taken(allowance, "anna", 15) == 10


def test_each_name_has_its_own(clock: DrivenClock) -> None:
    allowance = Allowance(burst=2, per_second=1, monotonic=clock.monotonic)
    assert taken(allowance, "anna", 5) == 2
    assert taken(allowance, "piotr", 5) == 2


def test_what_is_asked_for_in_vain_costs_nothing_more(clock: DrivenClock) -> None:
    allowance = Allowance(burst=1, per_second=1, monotonic=clock.monotonic)
    assert taken(allowance, "anna", 1000) == 1
    clock.advance(1)
    assert allowance.take("anna")


def test_who_did_nothing_of_late_is_forgotten(clock: DrivenClock) -> None:
    allowance = Allowance(burst=10, per_second=1, monotonic=clock.monotonic)
    for number in range(1000):
        allowance.take(f"agent {number}")
    clock.advance(1)
    allowance.take("anna")
    assert list(allowance._left) == ["anna"]


def test_a_person_opens_sockets_no_faster_than_a_shaky_network_loses_them(clock: DrivenClock) -> None:
    openings = Allowance(burst=60, per_second=1, monotonic=clock.monotonic)
    registry = SocketRegistry(per_owner=16, openings=openings, monotonic=clock.monotonic)
    opened = 0
    for _ in range(300):
        try:
            with registry.slot("pane", "anna"):
                opened += 1
        except ConnectingTooOftenError:
            pass
    assert opened == 60
    with registry.slot("pane", "piotr"), registry.slot("sip", "anna"):
        assert registry.count() == 2
    clock.advance(60)
    for _ in range(60):
        with registry.slot("pane", "anna"):
            pass


def test_five_panes_of_somebody_who_works_in_a_hurry_never_run_out(clock: DrivenClock) -> None:
    """Each beats every ten seconds; one is clicked in every two; a call every five brings a dial and six reports."""
    commands = Allowance(burst=_AGENT_BURST, per_second=_AGENT_RATE, monotonic=clock.monotonic)
    for second in range(3600):
        sent = 5 * (second % 10 == 0) + (second % 2 == 0) + 7 * (second % 5 == 0)
        assert taken(commands, "anna", 3 * sent) == 3 * sent
        clock.advance(1)


def test_five_panes_and_a_restart_of_each_are_no_flood(clock: DrivenClock) -> None:
    openings = Allowance(burst=60, per_second=1, monotonic=clock.monotonic)
    registry = SocketRegistry(per_owner=16, openings=openings, monotonic=clock.monotonic)
    for _ in range(10):
        for _ in range(5):
            with registry.slot("pane", "anna"):
                pass
        clock.advance(0.3)


def test_a_seventeenth_socket_is_refused_for_being_one_too_many(clock: DrivenClock) -> None:
    registry = SocketRegistry(per_owner=1, monotonic=clock.monotonic)
    with registry.slot("pane", "anna"), pytest.raises(TooManySocketsError), registry.slot("pane", "anna"):
        pass

"""What open panes hear when the integration's settings change under them."""

from __future__ import annotations

import pytest

from tests.integration.calls.bench import ANNA, EWA, PIOTR, Bench, MatchResult


@pytest.mark.req("R13")
def test_panes_are_told_when_the_integration_is_switched_off_and_on(bench: Bench) -> None:
    bench.attend(ANNA, PIOTR)
    bench.service.panes_present(PIOTR, False)
    bench.service.tick()
    bench.executor.run()
    assert bench.events(ANNA, "capabilities") == []
    bench.change_pairing(active=False)
    bench.service.tick()
    bench.service.tick()
    bench.executor.run()
    (told,) = bench.events(ANNA, "capabilities")
    assert (told["canDial"], told["missing"][0]["code"]) == (False, "dial-integration-inactive")
    bench.change_pairing(active=True)
    bench.service.tick()
    bench.executor.run()
    assert bench.events(ANNA, "capabilities")[1:] == [{"canDial": True, "missing": []}]
    assert bench.events(PIOTR, "capabilities") == []


@pytest.mark.req("R13")
def test_nothing_pops_while_the_integration_is_off(bench: Bench) -> None:
    bench.attend(ANNA)
    bench.change_pairing(active=False)
    bench.matching.result = MatchResult((EWA,))
    bench.record(bench.fcc("ringing", 1, users_id=101))
    bench.executor.run()
    assert bench.events(ANNA, "pop") == []

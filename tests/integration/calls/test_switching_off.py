"""What open panes hear when the integration's settings change under them."""

from __future__ import annotations

import pytest

from tests.integration.calls.rig import ANNA, EWA, PIOTR, MatchResult, Rig


@pytest.mark.req("R13")
def test_panes_are_told_when_the_integration_is_switched_off_and_on(rig: Rig) -> None:
    rig.attend(ANNA, PIOTR)
    rig.service.panes_present(PIOTR, False)
    rig.room.upkeep.tick()
    rig.executor.run()
    assert rig.events(ANNA, "capabilities") == []
    rig.change_pairing(active=False)
    rig.room.upkeep.tick()
    rig.room.upkeep.tick()
    rig.executor.run()
    (told,) = rig.events(ANNA, "capabilities")
    assert (told["canDial"], told["missing"][0]["code"]) == (False, "dial-integration-inactive")
    rig.change_pairing(active=True)
    rig.room.upkeep.tick()
    rig.executor.run()
    assert rig.events(ANNA, "capabilities")[1:] == [{"canDial": True, "missing": []}]
    assert rig.events(PIOTR, "capabilities") == []


@pytest.mark.req("R13")
def test_nothing_pops_while_the_integration_is_off(rig: Rig) -> None:
    rig.attend(ANNA)
    rig.change_pairing(active=False)
    rig.matching.result = MatchResult((EWA,))
    rig.store(rig.fcc("ringing", 1, users_id=101))
    rig.executor.run()
    assert rig.events(ANNA, "pop") == []

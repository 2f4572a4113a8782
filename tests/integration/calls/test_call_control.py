"""Calls that a phone cannot end by itself are ended at FCC, in their agent's name and nobody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cti.calls.errors import CallUnknownError
from cti.errors import ConnectorError
from tests.integration.calls.rig import ANNA, PIOTR

if TYPE_CHECKING:
    from tests.integration.calls.rig import Rig


class RefusedError(ConnectorError):
    code = "fcc-refused"


@pytest.fixture
def talking(rig: Rig) -> Rig:
    """Anna talks in the call 7; her panes have nothing to do with it."""
    rig.attend(ANNA)
    rig.attend(PIOTR)
    rig.store(rig.fcc("created", 0), rig.fcc("ringing", 1, users_id=101), rig.fcc("answered", 2, users_id=101))
    return rig


def test_fcc_ends_the_call_in_its_agents_name(talking: Rig) -> None:
    talking.service.drop(ANNA, 7)
    assert talking.exchange.dropped == [("anna.nowak", 7)]


@pytest.mark.parametrize("calls_id", [8, 0, -1])
def test_a_call_that_is_not_known_is_not_asked_for(talking: Rig, calls_id: int) -> None:
    with pytest.raises(CallUnknownError):
        talking.service.drop(ANNA, calls_id)
    assert talking.exchange.dropped == []


def test_a_colleagues_call_is_not_known(talking: Rig) -> None:
    with pytest.raises(CallUnknownError):
        talking.service.drop(PIOTR, 7)
    assert talking.exchange.dropped == []


def test_a_call_that_is_over_is_not_ended_again(talking: Rig) -> None:
    talking.store(talking.fcc("ended", 9, status="ANSWERED"))
    with pytest.raises(CallUnknownError):
        talking.service.drop(ANNA, 7)
    assert talking.exchange.dropped == []


def test_a_call_that_went_on_to_a_colleague_is_not_the_first_agents_to_end(talking: Rig) -> None:
    talking.store(
        talking.fcc("leg-ended", 5, users_id=101),
        talking.fcc("ringing", 6, users_id=102, segment=1),
        talking.fcc("answered", 7, users_id=102, segment=1),
    )
    with pytest.raises(CallUnknownError):
        talking.service.drop(ANNA, 7)
    talking.service.drop(PIOTR, 7)
    assert [calls_id for _, calls_id in talking.exchange.dropped] == [7]


def test_what_fcc_says_against_it_is_said(talking: Rig) -> None:
    talking.exchange.failure = RefusedError()
    with pytest.raises(RefusedError):
        talking.service.drop(ANNA, 7)

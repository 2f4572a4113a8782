"""Nobody comes by another agent's call through what a pane says."""

from __future__ import annotations

import pytest

from cti.accounts import AgentRef
from cti.calls.errors import CallUnknownError, ReportInvalidError
from cti.domain.pane_call import CallName
from tests.integration.calls.rig import ANNA, CUSTOMER, PIOTR, Rig
from tests.support import accounts


def test_a_report_about_another_agents_dialog_is_refused(rig: Rig) -> None:
    rig.attend(ANNA, PIOTR)
    rig.report(ANNA, "ringing", 1)
    rig.store(rig.fcc("ringing", 1, users_id=101))
    with pytest.raises(ReportInvalidError):
        rig.report(PIOTR, "answered", 2)
    assert rig.calls(PIOTR) == []
    assert [call["sipCallId"] for call in rig.calls(ANNA)] == ["sip-1"]


def test_a_report_that_names_another_agents_dial_is_refused(rig: Rig) -> None:
    rig.attend(ANNA, PIOTR)
    permit = rig.service.dial(ANNA, CUSTOMER)
    with pytest.raises(ReportInvalidError):
        rig.report(PIOTR, "dialled", 2, direction="outbound", dial_id=permit.dial_id)
    assert rig.calls(PIOTR) == []


@pytest.mark.parametrize("calls_id", [7, 8])
def test_a_report_by_fccs_id_makes_nobody_part_of_a_call(rig: Rig, calls_id: int) -> None:
    rig.attend(ANNA, PIOTR)
    rig.store(rig.fcc("ringing", 1, users_id=101))
    with pytest.raises(CallUnknownError):
        rig.report(PIOTR, "answered", 2, sip_call_id=None, calls_id=calls_id)
    assert rig.calls(PIOTR) == []
    assert [call["state"] for call in rig.calls(ANNA)] == ["ringing"]


@pytest.mark.parametrize("name", ["call_id", "calls_id", "sip_call_id"])
def test_an_agent_of_another_tenant_with_the_same_number_there_reaches_no_call_of_this_one(rig: Rig, name: str) -> None:
    rig.attend(ANNA)
    rig.report(ANNA, "ringing", 1)
    rig.store(rig.fcc("ringing", 1, users_id=101))
    (call,) = rig.calls(ANNA)
    with rig.database.write() as uow:
        uow.tenants.save(accounts.tenant(rig.clock, id="beta", domain="beta"))
        uow.pairings.save(accounts.pairing(rig.clock, id="beta-1", tenant_id="beta"))
        uow.commit()
    other = AgentRef("beta-1", ANNA.sf_user_id, ANNA.fcc_user_id)
    said = CallName(**{name: {"call_id": call["callId"], "calls_id": 7, "sip_call_id": "sip-1"}[name]})
    rig.service.relate(ANNA, said, None)
    with pytest.raises(CallUnknownError):
        rig.service.relate(other, said, None)

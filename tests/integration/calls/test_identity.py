"""Nobody comes by another agent's call through what a pane says."""

from __future__ import annotations

import pytest

from cti.accounts import AgentRef
from cti.calls.errors import CallUnknownError, ReportInvalidError
from tests.integration.calls.bench import ANNA, CUSTOMER, PIOTR, Bench
from tests.support import accounts


def test_a_report_about_another_agents_dialog_is_refused(bench: Bench) -> None:
    bench.attend(ANNA, PIOTR)
    bench.report(ANNA, "ringing", 1)
    bench.record(bench.fcc("ringing", 1, users_id=101))
    with pytest.raises(ReportInvalidError):
        bench.report(PIOTR, "answered", 2)
    assert bench.calls(PIOTR) == []
    assert [call["sipCallId"] for call in bench.calls(ANNA)] == ["sip-1"]


def test_a_report_that_names_another_agents_dial_is_refused(bench: Bench) -> None:
    bench.attend(ANNA, PIOTR)
    permit = bench.service.dial(ANNA, CUSTOMER)
    with pytest.raises(ReportInvalidError):
        bench.report(PIOTR, "dialled", 2, direction="outbound", dialId=permit.dial_id)
    assert bench.calls(PIOTR) == []


@pytest.mark.parametrize("name", ["callId", "callsId", "sipCallId"])
def test_an_agent_of_another_tenant_with_the_same_number_there_reaches_no_call_of_this_one(
    bench: Bench, name: str
) -> None:
    bench.attend(ANNA)
    bench.report(ANNA, "ringing", 1)
    bench.record(bench.fcc("ringing", 1, users_id=101))
    (call,) = bench.calls(ANNA)
    with bench.database.write() as uow:
        uow.tenants.save(accounts.tenant(bench.clock, id="beta", domain="beta"))
        uow.pairings.save(accounts.pairing(bench.clock, id="beta-1", tenant_id="beta"))
        uow.commit()
    other = AgentRef("beta-1", ANNA.sf_user_id, ANNA.fcc_user_id)
    said = {name: {"callId": call["callId"], "callsId": 7, "sipCallId": "sip-1"}[name]}
    bench.service.relate(ANNA, said, None)
    with pytest.raises(CallUnknownError):
        bench.service.relate(other, said, None)

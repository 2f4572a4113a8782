"""Nobody comes by another agent's call through what a pane says."""

from __future__ import annotations

import pytest

from cti.calls.errors import ReportInvalidError
from tests.integration.calls.bench import ANNA, CUSTOMER, PIOTR, Bench


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

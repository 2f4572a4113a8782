from __future__ import annotations

from typing import TYPE_CHECKING

from cti.salesforce.ports import Silent
from cti.salesforce.reach import OrgReach

if TYPE_CHECKING:
    from tests.support.clock import DrivenClock


def test_an_org_is_reachable_or_not_since_its_last_change_by_what_requests_came_to(clock: DrivenClock) -> None:
    reach = OrgReach(clock, Silent())
    assert reach.to_json() == {}
    told = []
    for status in (200, 401, 0, 503, 200):
        reach.request("00D1", "query", status, 0.1)
        told.append((reach.to_json()["00D1"]["reachable"], reach.to_json()["00D1"]["since"]))
        clock.advance(60)
    assert [fine for fine, _ in told] == [True, True, False, False, True]
    assert told[0][1] == told[1][1] == "2026-11-22T09:00:00Z"
    assert told[2][1] == told[3][1] == "2026-11-22T09:02:00Z"
    assert told[4][1] == "2026-11-22T09:04:00Z"

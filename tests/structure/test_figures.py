"""What the measurements make of what they saw."""

from __future__ import annotations

import pytest

from tests.bench.relay_bench import Way, figures
from tools.bench import row


def ways(nginx_ms: float) -> dict[str, Way]:
    direct, relay, nginx = (Way(name, 1, 1) for name in ("direct", "relay", "nginx"))
    for way, ms in ((direct, 0.25), (relay, 0.5), (nginx, nginx_ms)):
        way.p50, way.p99, way.cpu, way.kb_each = [ms] * 3, [ms] * 3, [100.0] * 3, 40.0
    return {way.name: way for way in (direct, relay, nginx)}


def test_the_relay_stands_beside_nginx():
    added = figures(ways(0.375), 10)[0]
    assert (added["value"], added["peer"], added["ratio"]) == (0.25, 0.125, 2.0)
    assert row(added, 22).split() == ["sip-relay-added-p50", "0.250", "ms", "2.00", "x", "0.125"]


@pytest.mark.parametrize("ms", [0.2, 0.25])
def test_a_peer_that_a_busy_machine_shows_quicker_than_nothing_is_no_peer(ms):
    added = figures(ways(ms), 10)[0]
    assert (added["value"], added["peer"], added["ratio"]) == (0.25, None, None)
    assert row(added, 22).split() == ["sip-relay-added-p50", "0.250", "ms"]

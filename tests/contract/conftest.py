"""The Salesforce simulator, one for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.salesforce_simulator import simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.salesforce_simulator import Simulator


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with simulator(tmp_path_factory.mktemp("salesforce")) as made:
        yield made


@pytest.fixture
def sim(running: Simulator) -> Simulator:
    """It, as it began: nothing that the test before wrote, had fail or was counted for is left."""
    running.post("reset")
    running.post("fail", kind="none")
    running.post("counters/reset")
    running.state = running.get("state")
    return running

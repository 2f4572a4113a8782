"""A call service on a real database, with an exchange that answers from memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.calls.bench import Bench
from tests.support.database import make_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.clock import DrivenClock


@pytest.fixture
def bench(tmp_path: Path, clock: DrivenClock) -> Iterator[Bench]:
    database = make_database(tmp_path, clock)
    yield Bench(database, clock)
    database.close()

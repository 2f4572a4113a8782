"""The calls on a real database, with an exchange that answers from memory."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from tests.integration.calls.rig import Rig
from tests.support.database import make_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.clock import DrivenClock


@pytest.fixture
def rig(request: pytest.FixtureRequest, tmp_path: Path, clock: DrivenClock) -> Iterator[Rig]:
    with contextlib.ExitStack() as stack:
        url = ""
        if getattr(request, "param", "sqlite") == "postgresql":
            url = request.getfixturevalue("postgresql_tables").emptied()
        database = make_database(tmp_path, clock, url=url)
        stack.callback(database.close)
        yield Rig(database, clock)

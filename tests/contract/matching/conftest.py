"""Anna, who works with the org that the Salesforce simulator plays."""

from __future__ import annotations

import pytest

from cti import outgoing
from cti.clock import SystemClock
from tests.contract.matching.office import Office
from tests.support.database import make_database


@pytest.fixture
def office(sim, tmp_path):
    database = make_database(tmp_path, SystemClock())
    with outgoing.session() as http:
        yield Office(sim, database, http)
    database.close()

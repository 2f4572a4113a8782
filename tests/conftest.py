"""What every test has."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.support.clock import DrivenClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.postgresql import Tables


@pytest.fixture
def clock() -> DrivenClock:
    return DrivenClock()


@pytest.fixture(scope="session")
def postgresql_tables() -> Iterator[Tables]:
    """A PostgreSQL database for tests that empty it first; only where FCC_TEST_POSTGRESQL_URL is set."""
    from tests.support.postgresql import Tables, empty_database

    with empty_database(os.environ["FCC_TEST_POSTGRESQL_URL"]) as url:
        yield Tables(url)


@pytest.fixture(scope="session", autouse=True)
def _no_deadline_for_generated_examples() -> None:
    """A busy machine must not fail a property; pytest-timeout bounds the whole test."""
    settings.register_profile("connector", deadline=None)
    settings.load_profile("connector")

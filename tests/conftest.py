"""What every test has."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests.support.clock import DrivenClock


@pytest.fixture
def clock() -> DrivenClock:
    return DrivenClock()


@pytest.fixture(scope="session", autouse=True)
def _no_deadline_for_generated_examples() -> None:
    """A busy machine must not fail a property; pytest-timeout bounds the whole test."""
    settings.register_profile("connector", deadline=None)
    settings.load_profile("connector")

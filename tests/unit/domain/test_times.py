"""Which times are read, and which of them can be meant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.domain.times import CLOCKS_APART, is_ahead, is_empty_date, iso, meant_time, parse_time

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "edge", ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+23:59"]
)
def test_a_time_outside_the_calendar_is_unreadable(edge: str) -> None:
    assert parse_time(edge) is None


@pytest.mark.parametrize(
    "empty",
    [
        "0001-01-01T00:00:00Z",
        "1899-12-30T00:00:00+01:24",
        "1900-01-01T00:00:00Z",
        "1970-01-01T01:00:00+01:00",
        "1980-01-01T00:00:00Z",
        "2000-01-01T00:00:00-12:00",
        "9999-12-31T23:59:59Z",
    ],
)
def test_dates_that_stand_for_none_are_none(empty: str) -> None:
    assert parse_time(empty) is not None
    assert meant_time(empty) is None


def test_other_times_are_meant() -> None:
    assert meant_time("2026-11-22T10:00:00+01:00") == NOW
    assert meant_time("2000-01-02T00:00:00Z") is not None


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-14))])))
def test_any_time_can_be_asked_about(moment: datetime) -> None:
    assert is_ahead(moment, NOW) == (moment > NOW + CLOCKS_APART)
    assert is_empty_date(moment) or iso(moment)


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading(text: str) -> None:
    meant_time(text)

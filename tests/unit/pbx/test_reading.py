"""What is read of FCC's numbers and texts, and what is only told of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from cti.domain.times import CLOCKS_APART, iso
from cti.pbx.reading import Reader


@pytest.mark.parametrize(
    ("value", "number"), [(136, 136), ("136", 136), (" -5 ", -5), (7.0, 7), ("", None), (None, None)]
)
def test_whole_numbers_are_read_as_they_come(value: Any, number: int | None) -> None:
    told: list[tuple[str, str]] = []
    assert Reader(lambda where, field: told.append((where, field))).integer({"n": value}, "n", "here") == number
    assert told == []


@pytest.mark.parametrize("value", [2**63, -(2**63), "9" * 30, "--5", "²", 1e300, 1.5, True, "x", []])
def test_what_no_database_could_keep_as_a_number_is_told_and_left_out(value: Any) -> None:
    told: list[tuple[str, str]] = []
    assert Reader(lambda where, field: told.append((where, field))).integer({"n": value}, "n", "here") is None
    assert told == [("here", "n")]


def test_texts_are_read_as_every_database_keeps_them() -> None:
    assert Reader().text({"t": " a\0b \0"}, "t", "here") == "ab"
    assert Reader().text({"t": "\0"}, "t", "here") is None
    assert Reader().text({"t": "Zaj\ud800ty"}, "t", "here") == "Zaj\ufffdty"
    assert Reader().text({"t": 1234}, "t", "here") == "1234"


@pytest.mark.parametrize("value", [float("inf"), float("nan"), 10**400, True, [], "x" * 256])
def test_a_text_that_cannot_be_one_is_told_and_left_out(value: Any) -> None:
    told: list[tuple[str, str]] = []
    reader = Reader(lambda where, field: told.append((where, field)))
    assert reader.text({"t": value}, "t", "here", longest=255) is None
    assert told == [("here", "t")]


def test_a_number_below_the_least_is_told_and_left_out() -> None:
    told: list[tuple[str, str]] = []
    reader = Reader(lambda where, field: told.append((where, field)))
    assert (reader.integer({"n": -3}, "n", "here", least=0), reader.integer({"n": 0}, "n", "here", least=0)) == (
        None,
        0,
    )
    assert told == [("here", "n")]


NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LIMIT = iso(NOW + CLOCKS_APART)


@pytest.mark.assumed("A62")
@pytest.mark.parametrize(
    ("text", "found", "told"),
    [
        ("2026-11-22T10:00:00+01:00", NOW, False),
        (LIMIT, NOW + CLOCKS_APART, False),
        ("2026-11-22T09:05:01Z", None, True),
        ("2099-01-01T00:00:00Z", None, True),
        ("0001-01-01T00:00:00+01:00", None, True),
        ("9999-12-31T23:59:59-05:00", None, True),
        ("0001-01-01T00:00:00Z", None, False),
        ("1970-01-01T00:00:00Z", None, False),
        ("9999-12-31T00:00:00Z", None, False),
        ("", None, False),
        ("2026-11-22T10:00:00", None, True),
        (1732270000, None, True),
    ],
)
def test_times_are_read_where_they_can_be_meant(text: Any, found: datetime | None, told: bool) -> None:
    said: list[tuple[str, str]] = []
    reader = Reader(lambda where, field: said.append((where, field)), now=lambda: NOW)
    assert reader.time({"t": text}, "t", "here") == found
    assert said == ([("here", "t")] if told else [])


def test_the_end_of_something_may_lie_ahead() -> None:
    reader = Reader(now=lambda: NOW)
    assert reader.time({"t": "2027-01-01T00:00:00Z"}, "t", "here", may_be_ahead=True) == datetime(
        2027, 1, 1, tzinfo=UTC
    )
    assert reader.time({"t": "9999-12-31T23:59:59Z"}, "t", "here", may_be_ahead=True) is None

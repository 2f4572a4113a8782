"""What is read of FCC's numbers and texts, and what is only told of."""

from __future__ import annotations

from typing import Any

import pytest

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


def test_zero_bytes_are_left_out_of_texts() -> None:
    assert Reader().text({"t": " a\0b \0"}, "t", "here") == "ab"
    assert Reader().text({"t": "\0"}, "t", "here") is None

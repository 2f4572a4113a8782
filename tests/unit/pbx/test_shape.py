"""What is kept of an event that is not understood."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.pbx.shape import HIDDEN, MOST_FIELDS, name_of, shape_of


@pytest.mark.parametrize("name", ["TranscriptionCreated", "calls_id", "call.ended", "v2:Summary-Created", "x1234"])
def test_names_that_programmers_give_are_kept(name: str) -> None:
    assert name_of(name) == name


@pytest.mark.parametrize(
    "name", ["+48600100200", "n48600100200", "Jan Kowalski", "jan@acme.example", "", "x" * 65, "1"]
)
def test_names_that_could_be_personal_are_not(name: str) -> None:
    assert name_of(name) == HIDDEN


def test_fields_are_told_by_name_and_type() -> None:
    told = {"id": 7, "who": {"name": "Jan"}, "tags": ["vip", 3], "none": None, "yes": True, "empty": [], "part": 0.5}
    assert shape_of(told) == {
        "id": "number",
        "who": {"name": "text"},
        "tags": ["text"],
        "none": "none",
        "yes": "flag",
        "empty": [],
        "part": "number",
    }


def test_no_shape_is_deep_or_wide() -> None:
    deep: dict[str, Any] = {"a": {"b": {"c": {"d": {"e": "Jan"}}}}}
    assert shape_of(deep) == {"a": {"b": {"c": {"d": HIDDEN}}}}
    wide = shape_of({f"f{number}": {"x": 1} for number in range(1000)})
    assert sum(1 + len(inner) for inner in wide.values() if isinstance(inner, dict)) <= MOST_FIELDS


@given(
    st.dictionaries(
        st.text(max_size=8),
        st.recursive(
            st.just("secret-of-the-test"),
            lambda inner: st.one_of(
                st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
            ),
        ),
    )
)
def test_no_value_is_ever_in_a_shape(data: dict[str, Any]) -> None:
    assert "secret-of-the-test" not in json.dumps(shape_of(data))

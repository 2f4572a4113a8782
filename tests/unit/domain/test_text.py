"""What comes from outside is cleaned of what one of the databases, or UTF-8, cannot keep."""

from __future__ import annotations

import json
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.domain.text import DEEPEST, read_json, storable

ANY_TEXT = st.text(st.characters())
ANY_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), ANY_TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(ANY_TEXT, inner, max_size=4)),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Zażółć gęślą jaźń", "Zażółć gęślą jaźń"),
        ("a\0b\0", "ab"),
        ("\ud800", "\ufffd"),
        ("a\udfffb", "a\ufffdb"),
        ("\ud83d\ude00", "\U0001f600"),
        ("\0\udc00", "\ufffd"),
        ("", ""),
    ],
)
def test_zero_characters_go_and_lone_surrogates_are_replaced(given: str, kept: str) -> None:
    assert storable(given) == kept


@given(ANY_TEXT)
def test_cleaned_text_can_be_encoded_and_stays_as_it_is(text: str) -> None:
    cleaned = storable(text)
    assert "\0" not in cleaned
    assert cleaned.encode().decode() == cleaned
    assert storable(cleaned) == cleaned


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"a\0": "\ud800"}, {"a": "\ufffd"}),
        ({"deep": [{"x": "a\0"}]}, {"deep": [{"x": "a"}]}),
        ([True, False, None], [True, False, None]),
    ],
)
def test_json_is_cleaned_all_the_way_down(given: Any, kept: Any) -> None:
    assert read_json(json.dumps(given).encode()) == kept


def test_nesting_ends_somewhere() -> None:
    deep: Any = "bottom"
    for _ in range(100):
        deep = [deep]
    kept, depth = read_json(json.dumps(deep).encode()), 0
    while isinstance(kept, list):
        kept, depth = kept[0], depth + 1
    assert (kept, depth) == (None, DEEPEST)


@given(ANY_JSON)
def test_cleaned_json_is_json_in_utf_8(value: Any) -> None:
    cleaned = read_json(json.dumps(value).encode())
    text = json.dumps(cleaned, ensure_ascii=False)
    assert b"\0" not in text.encode()
    escaped = json.dumps(cleaned).replace("\\\\", "")  # a backslash of the text's own begins no escape
    assert "\\u0000" not in escaped
    assert read_json(text.encode()) == cleaned


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"x":"\\ud800","y":"\\ud83d\\ude00"}', {"x": "\ufffd", "y": "\U0001f600"}),
        (b'{"x":1e400,"z":-Infinity}', {"x": inf, "z": -inf}),
        (b'{"x":' + b"9" * 5000 + b',"y":7}', {"x": inf, "y": 7}),
        (b'{"x":-9223372036854775808}', {"x": -(2**63)}),
        (b'{"x":"a\\u0000b"}', {"x": "ab"}),
        (b'{"x":"Zaj\xeaty"}', {"x": "Zaj\ufffdty"}),
        (b'"\xed\xa0\x80"', "\ufffd" * 3),
        (b'\xef\xbb\xbf{"x":"\xef\xbb\xbfa"}', {"x": "\ufeffa"}),
    ],
)
def test_json_from_outside_is_read_as_far_as_it_can_be(body: bytes, value: Any) -> None:
    assert read_json(body) == value


@pytest.mark.parametrize("body", [b"", b"{", b"nonsense", b"[" * 100_000, b"\xff\xfe", b'{"x":01}'])
def test_what_is_no_json_is_told(body: bytes) -> None:
    with pytest.raises(ValueError):
        read_json(body)


@given(st.binary(max_size=200))
def test_bytes_are_json_or_a_value_error(body: bytes) -> None:
    try:
        value = read_json(body)
    except ValueError:
        return
    json.dumps(value, ensure_ascii=False).encode()

"""What people wrote is read as it looks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.domain.plain_text import plain


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ("Zaz\u0307o\u0301łć", "Zażółć"),
        ("\u202a+48\u202c", "+48"),
        ("\uff0b４８", "+48"),
        ("٣\u2009\u2212\u2009३", "3 - 3"),
        ("a\r\nb\u2028c", "a\n\nb\nc"),
        ("\u260e\ufe0f 7\u20e3", "7"),
        ("7\u00b9", "7,"),
        ("\ud800\x00 ", ""),
    ],
)
def test_text_is_read_as_it_looks(given: str, seen: str) -> None:
    assert plain(given) == seen


@given(st.text(st.characters()))
def test_digits_of_a_text_read_as_it_looks_are_those_of_every_keyboard(text: str) -> None:
    assert all(each.isascii() for each in plain(text) if each.isdigit())

"""What a phone may be let ring, beside what people may write."""

from __future__ import annotations

import re

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cti.calls.dial import dialable, is_dialled_form
from cti.domain.dial_policy import ALL, DialPolicy
from cti.errors import ConnectorError

ANYWHERE = DialPolicy("PL", (ALL,), premium=True, satellite=True)
near = st.text(st.sampled_from("+0123456789 48()/,;*#%x\u200b\uff0b\u0664"), max_size=20)
digits = st.from_regex(r"\+?(48)?[0-9]{1,12}", fullmatch=True)


def may_ring(user: str) -> bool:
    try:
        return is_dialled_form(user, ANYWHERE)
    except ConnectorError:
        return False


@given(st.one_of(near, digits, st.text(max_size=20)))
@settings(max_examples=500, deadline=None)
def test_a_phone_rings_nothing_but_e164_and_the_digits_of_internal_and_short_numbers(user: str) -> None:
    if may_ring(user):
        assert re.fullmatch(r"\+[1-9][0-9]{1,14}|[0-9]{1,6}", user, re.ASCII)
        if user.startswith("+"):
            parsed = phonenumbers.parse(user, None)
            assert phonenumbers.is_valid_number(parsed)
            assert phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == user


@given(st.one_of(near, digits, st.text(max_size=20)))
@settings(max_examples=500, deadline=None)
def test_what_people_write_leads_to_a_number_that_may_be_rung_or_to_none(text: str) -> None:
    try:
        number = dialable(text, ANYWHERE)
    except ConnectorError:
        return
    assert may_ring(number.value)


@pytest.mark.parametrize("user", ["+48600100200", "40318", "112"])
def test_the_forms_that_dial_gives_may_be_rung(user: str) -> None:
    assert may_ring(user)

"""Numbers: parsed once, compared by what they mean."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cti.domain.phone_number import Kind, agrees, display, parse, spellings


@pytest.mark.parametrize(
    ("text", "e164"),
    [
        ("+48 22 111 22 33", "+48221112233"),
        ("(22) 555-01-99", "+48225550199"),
        ("22 111 22 34", "+48221112234"),
        ("600 100 200", "+48600100200"),
        ("600-100-300", "+48600100300"),
        ("0048 600 100 400", "+48600100400"),
        ("48600100200", "+48600100200"),
        ("022 555 01 99", "+48225550199"),
        ("(0-22) 555 01 99", "+48225550199"),
        ("sip:+48600100200@acme.fcc.example;user=phone", "+48600100200"),
        ("tel:+48600100200;phone-context=example", "+48600100200"),
        ("600 100 200 wew. 12", "+48600100200"),
        ("600100200 x12", "+48600100200"),
        ("+1 (212) 555-0123", "+12125550123"),
        ("+44\u00a020\u00a07946\u00a00958", "+442079460958"),
    ],
)
def test_a_number_is_read_as_people_and_switches_write_it(text: str, e164: str) -> None:
    number = parse(text, "PL")
    assert (number.kind, number.e164, number.searchable) == (Kind.PUBLIC, e164, True)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("anonymous", Kind.WITHHELD),
        ("sip:anonymous@anonymous.invalid", Kind.WITHHELD),
        ("", Kind.WITHHELD),
        ("40312", Kind.INTERNAL),
        ("112", Kind.SHORT),
        ("19115", Kind.SHORT),
        ("brak", Kind.INVALID),
        ("+48 123", Kind.INVALID),
        ("1-800-FLOWERS", Kind.INVALID),
        ("22 111 22 33 22 111 22 33", Kind.INVALID),
        ("javascript:alert(600100200)", Kind.INVALID),
    ],
)
def test_what_is_no_public_number_is_not_searched(text: str, kind: Kind) -> None:
    number = parse(text, "PL")
    assert (number.kind, number.e164, number.searchable) == (kind, None, False)


def test_the_same_text_means_another_number_in_another_country() -> None:
    assert parse("0171 1234567", "DE").e164 == "+491711234567"
    assert parse("600100200", "PL").e164 != parse("600100200", "ES").e164


def test_a_number_is_shown_as_its_country_writes_it() -> None:
    assert display("+48600100200", "PL") == "600 100 200"
    assert display("+442079460958", "PL") == "+44 20 7946 0958"
    assert display("40312", "PL") == "40312"


def test_an_extension_does_not_part_a_number_from_itself() -> None:
    assert agrees("22 111 22 33 wew. 5", "+48221112233", "PL")


def test_two_numbers_that_only_end_alike_do_not_agree() -> None:
    assert not agrees("+1 600 100 200", "+48600100200", "PL")
    assert not agrees("0049 600100200", "+48600100200", "PL")
    assert not agrees("100200", "+48600100200", "PL")


def test_spellings_of_nonsense_are_refused() -> None:
    with pytest.raises(ValueError, match=r"E\.164"):
        spellings("nonsense", "PL")


mobiles = st.integers(min_value=0, max_value=9_999_999).map(lambda n: f"+4860{n:07d}")


@given(mobiles)
@settings(max_examples=100, deadline=None)
def test_every_spelling_of_a_number_agrees_with_it(e164: str) -> None:
    for spelling in spellings(e164, "PL"):
        assert agrees(spelling, e164, "PL"), spelling
        assert parse(spelling, "PL").e164 == e164


@given(mobiles, mobiles)
@settings(max_examples=100, deadline=None)
def test_spellings_of_different_numbers_do_not_agree(one: str, other: str) -> None:
    assume(one != other)
    assert not any(agrees(spelling, other, "PL") for spelling in spellings(one, "PL"))


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_text_can_be_read_without_an_error(text: str) -> None:
    number = parse(text, "PL")
    assert (number.e164 is not None) == (number.kind is Kind.PUBLIC)
    assert parse(number.value, "PL").e164 == number.e164

"""Which numbers a tenant's agents may call."""

from __future__ import annotations

import pytest

from cti.domain.dial_policy import ALL, EU, EU_MEMBERS, DialPolicy, Reason, Refusal, country_name, read_countries
from cti.domain.phone_number import Kind, parse

POLAND = DialPolicy("PL")
COUNTRY, PREMIUM, NETWORK = Reason.COUNTRY, Reason.PREMIUM, Reason.NETWORK


def refusal(number: str, policy: DialPolicy = POLAND) -> Refusal | None:
    read = parse(number, policy.home)
    assert read.kind not in {Kind.INVALID, Kind.WITHHELD}, number
    return policy.refusal(read)


@pytest.mark.parametrize(
    "number",
    [
        "+48600100200",
        "+48221234567",
        "+48800120226",
        "+48801123456",
        "+48804123456",
        "+48391234567",
        "+4932212345678",
        "+33142685300",
        "+35818123456",
        "+390669812345",
        "+80012345678",
        "19115",
        "116111",
        "40312",
        "0700",
    ],
)
def test_the_own_country_the_union_and_internal_numbers_may_be_called(number: str) -> None:
    assert refusal(number) is None


@pytest.mark.parametrize(
    ("number", "reason", "place"),
    [
        ("+442079460958", COUNTRY, "GB"),
        ("+447012345678", COUNTRY, "GB"),
        ("+4779123456", COUNTRY, "SJ"),
        ("+12125550123", COUNTRY, "US"),
        ("+18765551234", COUNTRY, "JM"),
        ("+21620123456", COUNTRY, "TN"),
        ("+38349123456", COUNTRY, "XK"),
        ("+590590123456", COUNTRY, "GP"),
        ("+262692123456", COUNTRY, "RE"),
        ("+48700123456", PREMIUM, "PL"),
        ("0 701 123 456", PREMIUM, "PL"),
        ("+48647912345", PREMIUM, "PL"),
        ("118913", PREMIUM, "PL"),
        ("+33892123456", PREMIUM, "FR"),
        ("+34803123456", PREMIUM, "ES"),
        ("+49180512345", PREMIUM, "DE"),
        ("+979123456789", PREMIUM, "+979"),
        ("+80812345678", PREMIUM, "+808"),
        ("+881612345678", NETWORK, "+881"),
        ("+870773123456", NETWORK, "+870"),
        ("+878101234567890", NETWORK, "+878"),
    ],
)
def test_other_countries_premium_numbers_and_satellites_may_not(number: str, reason: Reason, place: str) -> None:
    assert refusal(number) == Refusal(reason, place)


@pytest.mark.parametrize(
    ("home", "number"),
    [
        ("PL", "112"),
        ("PL", "997"),
        ("PL", "998"),
        ("PL", "999"),
        ("DE", "110"),
        ("GB", "999"),
        ("US", "911"),
        ("IT", "118"),
    ],
)
def test_emergency_numbers_may_always_be_called(home: str, number: str) -> None:
    assert refusal(number, DialPolicy(home, ())) is None
    assert refusal("112", DialPolicy(home, ())) is None


@pytest.mark.parametrize("number", ["118000", "118 811", "118999", "11899"])
def test_directory_enquiries_cost_more_also_where_the_metadata_does_not_know_them(number: str) -> None:
    assert refusal(number) == Refusal(PREMIUM, "PL")
    assert refusal(number, DialPolicy("PL", premium=True)) is None
    assert refusal(number, DialPolicy("JP")) is None


def test_what_a_tenant_allows_may_be_called_and_nothing_else() -> None:
    assert refusal("+4932212345678", DialPolicy("PL", ())) == Refusal(COUNTRY, "DE")
    assert refusal("+48600100200", DialPolicy("PL", ())) is None
    britain = DialPolicy("PL", (EU, "GB"))
    assert refusal("+442079460958", britain) is None
    assert refusal("+447012345678", britain) == Refusal(PREMIUM, "GB")
    assert refusal("+441534123456", britain) == Refusal(COUNTRY, "JE")
    assert refusal("+4779123456", DialPolicy("PL", ("NO",))) is None
    assert refusal("+4779123456", DialPolicy("PL", ("SJ",))) is None
    everywhere = DialPolicy("PL", (ALL,))
    assert refusal("+18765551234", everywhere) is None
    assert refusal("+48700123456", everywhere) == Refusal(PREMIUM, "PL")
    assert refusal("+881612345678", everywhere) == Refusal(NETWORK, "+881")
    assert refusal("+48700123456", DialPolicy("PL", premium=True)) is None
    assert refusal("118913", DialPolicy("PL", premium=True)) is None
    assert refusal("+979123456789", DialPolicy("PL", premium=True)) is None
    assert refusal("+881612345678", DialPolicy("PL", satellite=True)) is None


def test_the_union_has_twenty_seven_members() -> None:
    assert len(EU_MEMBERS) == 27
    assert {"PL", "GR", "HR"} <= EU_MEMBERS
    assert not {"GB", "NO", "CH", "UA"} & EU_MEMBERS


def test_a_list_of_countries_is_read_in_any_spelling() -> None:
    assert read_countries("eu, gb UA,eu") == ("EU", "GB", "UA")
    assert read_countries(" ") == ()
    for wrong in ("UK", "Polska", "PL;DE", "001"):
        with pytest.raises(ValueError, match=wrong.upper()):
            read_countries(wrong)


def test_a_country_has_a_name_in_both_languages() -> None:
    assert (country_name("GB", "pl"), country_name("GB", "en_US")) == ("Wielka Brytania", "United Kingdom")
    assert country_name("001x", "pl") == "001x"

"""Telephone numbers: parsed once with the tenant's region, kept in E.164, compared by what they really say.

Source: ITU-T E.164 and the libphonenumber metadata; RFC 3261 section 8.1.1.3 and RFC 3325 (withheld callers).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

MAX_INTERNAL_DIGITS: Final = 6
_LONGEST: Final = 64
_WITHHELD: Final = frozenset(
    {"", "anonymous", "restricted", "private", "unavailable", "unknown", "withheld", "zastrzezony", "zastrzeżony"}
)
_EXTENSION = re.compile(r"(?:[;,#]|(?:\b|(?<=\d))(?:ext|wew|x)(?=[\s.:=]*\d)).*$", re.IGNORECASE | re.DOTALL)
_SIP = re.compile(r"^(?:sips?|tel):(?P<user>[^@;?]*)", re.IGNORECASE)
_ALLOWED = re.compile(r"^[\d+()\[\]\s./\-\u2010-\u2015\u00a0\u2007\u202f]*$")


class Kind(StrEnum):
    """What a piece of text turned out to be."""

    PUBLIC = "public"
    INTERNAL = "internal"
    SHORT = "short"
    WITHHELD = "withheld"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number as it was written and what it means.

    `e164` is set for PUBLIC only. `text` is what may be dialled or shown for the others: digits of an internal or short
    number, empty for a withheld one, the raw text for an invalid one.
    """

    kind: Kind
    text: str
    e164: str | None = None

    @property
    def searchable(self) -> bool:
        """Whether looking for it in Salesforce makes sense: not for withheld, internal and short numbers."""
        return self.kind is Kind.PUBLIC

    @property
    def value(self) -> str:
        """E.164 where there is one, else the text."""
        return self.e164 or self.text


@lru_cache(maxsize=4096)
def parse(text: str, region: str) -> PhoneNumber:
    """Read `text` as written by a person, a PBX or a SIP address; never raises.

    `region` is the two-letter country whose national numbers need no prefix ("PL"). An extension at the end is left
    out. Up to six digits are a short number where the region has such a one (112, 19115), else an internal one.
    """
    raw = text.strip()[:_LONGEST]
    address = _SIP.match(raw)
    if address is not None:
        raw = address.group("user")
    if raw.lower() in _WITHHELD:
        return PhoneNumber(Kind.WITHHELD, "")
    bare = _EXTENSION.sub("", raw).strip()
    digits = re.sub(r"\D", "", bare)
    if not digits or not _ALLOWED.match(bare):
        return PhoneNumber(Kind.INVALID, raw)
    if len(digits) <= MAX_INTERNAL_DIGITS and not bare.startswith("+"):
        return _few_digits(digits, region)
    for reading in _readings(bare, digits):
        parsed = _valid(reading, region)
        if parsed is not None:
            return PhoneNumber(Kind.PUBLIC, raw, phonenumbers.format_number(parsed, PhoneNumberFormat.E164))
    return PhoneNumber(Kind.INVALID, raw)


def _readings(bare: str, digits: str) -> list[str]:
    """What the text may mean, the likeliest first.

    As written; then a country code without its plus (48600100200), as some switches write it; then without a trunk zero
    of old (022 555 01 99, (0-22) 555 01 99), which Poland's plan no longer knows but many address books do.
    """
    if bare.startswith(("+", "00")):
        return [bare]
    return [bare, "+" + digits, digits[1:]] if digits.startswith("0") else [bare, "+" + digits]


def _valid(text: str, region: str) -> phonenumbers.PhoneNumber | None:
    try:
        parsed = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    return parsed if phonenumbers.is_valid_number(parsed) else None


def _few_digits(digits: str, region: str) -> PhoneNumber:
    try:
        short = phonenumbers.is_valid_short_number(phonenumbers.parse(digits, region))
    except NumberParseException:
        short = False
    return PhoneNumber(Kind.SHORT if short else Kind.INTERNAL, digits)


@lru_cache(maxsize=4096)
def display(value: str, region: str) -> str:
    """The number as people of `region` write it: national form at home, international form abroad, else unchanged."""
    number = parse(value, region)
    if number.e164 is None:
        return number.text
    parsed = phonenumbers.parse(number.e164, None)
    home = parsed.country_code == phonenumbers.country_code_for_region(region)
    form = PhoneNumberFormat.NATIONAL if home else PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, form)


def spellings(e164: str, region: str) -> tuple[str, ...]:
    """The ways the number may stand in a text field, for a search; the likeliest first, each once.

    What a search finds by them must still pass `agrees`. Raises ValueError when `e164` is no E.164 number.
    """
    try:
        parsed = phonenumbers.parse(e164, None)
    except NumberParseException as error:
        raise ValueError("not an E.164 number") from error
    national = phonenumbers.national_significant_number(parsed)
    country = str(parsed.country_code)
    formatted = phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL)
    international = phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL)
    trunk = re.sub(r"\D", "", formatted)
    found = [
        national,
        "+" + country + national,
        country + national,
        "00" + country + national,
        formatted,
        international,
        trunk,
        "0" + national if trunk != national or country == _country(region) else national,
        *_grouped(national),
    ]
    return tuple(dict.fromkeys(found))


def _country(region: str) -> str:
    return str(phonenumbers.country_code_for_region(region))


def _grouped(national: str) -> list[str]:
    """Nine digits as Poles group them: mobiles by threes, city numbers 2-3-2-2, with blanks or dashes."""
    if len(national) != 9:  # noqa: PLR2004 - the length of a Polish number; others have their formatted forms
        return []
    mobile = (national[:3], national[3:6], national[6:])
    city = (national[:2], national[2:5], national[5:7], national[7:])
    return [
        " ".join(mobile),
        "-".join(mobile),
        " ".join(city),
        f"({city[0]}) {city[1]}-{city[2]}-{city[3]}",
        f"({city[0]}) {city[1]} {city[2]} {city[3]}",
    ]


def agrees(stored: str, e164: str, region: str) -> bool:
    """Whether the text of a Salesforce field means this very number; an extension in the text doesn't matter.

    Two numbers that only end alike don't agree.
    """
    return parse(stored, region).e164 == e164

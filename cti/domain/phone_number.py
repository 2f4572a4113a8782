"""Telephone numbers: parsed once with the tenant's region, kept in E.164, compared by what they really say.

Source: ITU-T E.164 and the libphonenumber metadata; RFC 3261 section 8.1.1.3 and RFC 3325 (withheld callers).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from cti.domain.number_text import bare, find, is_withheld, partings
from cti.domain.plain_text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_INTERNAL_DIGITS: Final = 6
_MOST_DIGITS: Final = 17
"""The fifteen of E.164 and the two of the prefix 00."""
_LONGEST: Final = 80
_MOST_NUMBERS: Final = 8
_MOST_PARTS: Final = 9
"""Into so many parts one number is grouped at most, a digit each where a form has boxes for them."""
_CUT: Final = re.compile(r"[\d\s()\[\]./+\-]*$")


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
    number, empty for a withheld one, the plain text for an invalid one.
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


def parse(text: str, region: str) -> PhoneNumber:
    """The first number in `text`, as written by a person, a PBX or in an address; never raises.

    That is the first of `numbers`.
    """
    return numbers(text, region)[0]


@lru_cache(maxsize=4096)
def numbers(text: str, region: str) -> tuple[PhoneNumber, ...]:
    """All numbers in `text` in their order, one at least; never raises.

    `region` is the two-letter country whose national numbers need no prefix ("PL"). Labels, remarks and extensions are
    left out. Public numbers first and foremost: where there is one, the few digits beside it are an extension, a room
    or an hour. Without one, up to six digits are a short number where the region has such a one (112, 19115), else an
    internal one. Only the beginning of a long text is read, and of the digits at its end nothing.
    """
    raw = plain(bare(plain(text)))
    if len(raw) > _LONGEST:
        raw = _CUT.sub("", raw[:_LONGEST])
    if is_withheld(raw):
        return (PhoneNumber(Kind.WITHHELD, ""),)
    found = find(raw)
    public = dict.fromkeys(e164 for run in found.runs for e164 in _public(run, region))
    if public:
        return tuple(PhoneNumber(Kind.PUBLIC, raw, e164) for e164 in list(public)[:_MOST_NUMBERS])
    if found.runs and found.only_labels and _is_few(found.runs[0]):
        return (_few_digits(_digits(found.runs[0]), region),)
    return (PhoneNumber(Kind.INVALID, raw),)


def _public(run: str, region: str) -> list[str]:
    """The public numbers that a run of digits holds, in E.164: one if it can be, as it is written if it can be.

    Else it may lack its plus (48600100200), as some switches write it.
    """
    for parts in partings(run):
        for prefix in ("", "+"):
            found = _all_public(parts, prefix, region)
            if found:
                return found
    return []


def _all_public(parts: Sequence[str], prefix: str, region: str) -> list[str]:
    """The numbers that the parts make, as many of them together as make one."""
    found = []
    while parts:
        for end in range(min(len(parts), _MOST_PARTS), 0, -1):
            number = "".join(parts[:end])
            misread = _is_few(number) or (prefix and "+" in number)
            e164 = None if misread else _valid(prefix + number, region)
            if e164 is not None:
                found.append(e164)
                parts = parts[end:]
                break
        else:
            parts = parts[1:]
    return found


def _valid(text: str, region: str) -> str | None:
    """The E.164 of one number, None where there is no such; without the trunk zero of old.

    Poland's plan no longer knows that zero, but many address books do: 022 555 01 99, +48 (0) 22 555 01 99.
    """
    digits = _digits(text)
    if len(digits) > _MOST_DIGITS:
        return None
    try:
        parsed = phonenumbers.parse(("+" if "+" in text else "") + digits, region)
    except NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed) and parsed.italian_leading_zero and not _has_zeros(parsed.country_code):
        parsed.italian_leading_zero = parsed.number_of_leading_zeros = None
    return phonenumbers.format_number(parsed, PhoneNumberFormat.E164) if phonenumbers.is_valid_number(parsed) else None


@lru_cache(maxsize=256)
def _has_zeros(country_code: int) -> bool:
    """Whether a country has numbers that begin with nought, as Italy does: there it is no trunk zero."""
    region = phonenumbers.region_code_for_country_code(country_code)
    examples = (phonenumbers.example_number_for_type(region, kind) for kind in PhoneNumberType.values())
    return any(example is not None and example.italian_leading_zero for example in examples)


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _is_few(run: str) -> bool:
    return "+" not in run and len(_digits(run)) <= MAX_INTERNAL_DIGITS


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
    """Whether the text of a Salesforce field means this very number, among others; extensions and remarks don't matter.

    Two numbers that only end alike don't agree.
    """
    return any(number.e164 == e164 for number in numbers(stored, region))

"""Which numbers a tenant lets its agents call: countries, premium-rate numbers, satellite networks.

What somebody pays for a call is decided by its number, so this stands between a click and the PBX. Sources: ITU-T E.164
and its list of assigned country codes; E.164.1 for codes without a country; the libphonenumber metadata for the type of
a number and for short numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import phonenumbers
from babel import Locale
from phonenumbers import PhoneNumberType, ShortNumberCost

from cti.domain.phone_number import Kind, PhoneNumber

EU: Final = "EU"
"""In a list of countries: all member states of the European Union. ISO 3166-1 reserves the letters for it."""
ALL: Final = "ALL"
"""In a list of countries: every country."""

EU_MEMBERS: Final = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905 - as listed
)
"""Source: european-union.europa.eu, "EU countries"; the 27 members since 1 February 2020, read in November 2026.

Their overseas territories have country codes, and prices, of their own and are not among them.
"""

_PART_OF: Final = {"AX": "FI", "SJ": "NO", "VA": "IT"}
"""Territories with the country code, the networks and the prices of a country: Åland, Svalbard, the Vatican."""

_EMERGENCY: Final = "112"
_NO_COUNTRY: Final = "001"
_FREEPHONE: Final = 800
_COSTLY: Final = frozenset({PhoneNumberType.PREMIUM_RATE, PhoneNumberType.PERSONAL_NUMBER, PhoneNumberType.PAGER})
"""Whoever calls them pays more than for other calls to the country; the last two are used like premium ones."""
_DIRECTORY = re.compile(r"118\d{2,3}")
"""Directory enquiries, by the European plan (CEPT); they set their own prices, and the metadata knows few of them."""
_EUROPE: Final = ("3", "4")
"""How the country codes begin where that plan holds. Source: ITU-T E.164, zones 3 and 4."""


class Reason(StrEnum):
    """Why a number may not be called."""

    COUNTRY = "country"
    PREMIUM = "premium"
    NETWORK = "network"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a number may not be called; `place` is its country (two letters), or the code of its network (+881)."""

    reason: Reason
    place: str


@dataclass(frozen=True, slots=True)
class DialPolicy:
    """What one tenant allows. `home`, its own country, always is; `countries` are those beside it, `EU` and `ALL` too.

    `premium`: numbers whose calls cost more than others in their country. `satellite`: networks that belong to no
    country, satellite telephones foremost.
    """

    home: str
    countries: tuple[str, ...] = (EU,)
    premium: bool = False
    satellite: bool = False

    def refusal(self, number: PhoneNumber) -> Refusal | None:
        """Why this number may not be called; None when it may.

        Emergency numbers (112 and the country's own) and the digits of internal numbers always may, but for those that
        are directory enquiries in Europe: most of these look like internal ones. Numbers of shared cost are called at
        home every day and cost what the law lets them; those of other countries count as premium.
        """
        if number.kind is Kind.SHORT:
            return None if self.premium or not self._costly_short(number.text) else Refusal(Reason.PREMIUM, self.home)
        if number.e164 is None:
            costly = number.kind is Kind.INTERNAL and not self.premium and self._is_directory(number.text)
            return Refusal(Reason.PREMIUM, self.home) if costly else None
        parsed = phonenumbers.parse(number.e164, None)
        region = phonenumbers.region_code_for_number(parsed) or _NO_COUNTRY
        kind = phonenumbers.number_type(parsed)
        if region == _NO_COUNTRY:
            return self._without_country(parsed.country_code or 0, kind)
        if not self._allows(region):
            return Refusal(Reason.COUNTRY, region)
        abroad = phonenumbers.country_code_for_region(self.home) != parsed.country_code
        costly = kind in _COSTLY or (abroad and kind == PhoneNumberType.SHARED_COST)
        return Refusal(Reason.PREMIUM, region) if costly and not self.premium else None

    def _without_country(self, code: int, kind: int) -> Refusal | None:
        if code == _FREEPHONE:
            return None
        if kind in {PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST}:
            return None if self.premium else Refusal(Reason.PREMIUM, f"+{code}")
        return None if self.satellite else Refusal(Reason.NETWORK, f"+{code}")

    def _allows(self, region: str) -> bool:
        country = _PART_OF.get(region, region)
        if ALL in self.countries or (EU in self.countries and country in EU_MEMBERS):
            return True
        return not {country, region}.isdisjoint({self.home, *self.countries})

    def _is_directory(self, digits: str) -> bool:
        european = str(phonenumbers.country_code_for_region(self.home)).startswith(_EUROPE)
        return european and _DIRECTORY.fullmatch(digits) is not None

    def _costly_short(self, digits: str) -> bool:
        if digits == _EMERGENCY or phonenumbers.is_emergency_number(digits, self.home):
            return False
        short = phonenumbers.parse(digits, self.home)
        cost = phonenumbers.expected_cost_for_region(short, self.home)
        if cost == ShortNumberCost.UNKNOWN_COST:
            return _DIRECTORY.fullmatch(digits) is not None
        return cost == ShortNumberCost.PREMIUM_RATE


def read_countries(text: str) -> tuple[str, ...]:
    """The countries of a list such as `EU, GB`; empty for an empty one.

    Raises ValueError, with the word in question, for anything that is no country's two letters (ISO 3166-1), EU or ALL.
    """
    words = sorted({word.upper() for word in re.split(r"[,\s]+", text) if word})
    for word in words:
        if word not in {EU, ALL} and word not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError(word)
    return tuple(words)


def country_name(region: str, language: str) -> str:
    """A country as people of that language call it; a code that is none stays as it is."""
    words = Locale("pl" if language.lower().startswith("pl") else "en").territories
    return str(words.get(region, region))

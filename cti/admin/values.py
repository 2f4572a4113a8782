"""What an administrator may give: each value checked once, whoever asks for it.

Every function gives the value as it is kept, and raises ValueError with a sentence on what to give instead.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import phonenumbers

from cti import accounts
from cti.domain.dial_policy import read_countries
from cti.outgoing import is_loopback_name

if TYPE_CHECKING:
    from collections.abc import Sequence


class Emptied(Enum):
    """What is given where something shall be taken back, and where leaving it out would leave it as it was."""

    NOTHING = "nothing"


_TENANT_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,49}")
"""A tenant's name begins the key of each call's log, for which Salesforce keeps 80 characters."""
_API_VERSION: Final = re.compile(r"\d{2}\.0")
_MY_DOMAIN: Final = re.compile(r"https://([a-z0-9-]+)((?:\.[a-z]+)?)\.my\.salesforce\.com")
_MY_DOMAIN_HOSTS: Final = (".my.salesforce.com", ".my.salesforce.mil", ".my.sfcrmproducts.cn")
"""Source: Salesforce Help, "My Domain URL Formats", with those of Government Cloud and Alibaba Cloud."""
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,17}")


def tenant_id(value: str) -> str:
    """A short name of the administrator's own for a tenant."""
    if not _TENANT_ID.fullmatch(value):
        raise ValueError("give at most 50 lower-case letters, digits and hyphens")
    return value


def org_id(value: str) -> str:
    """An org's id, 18 characters."""
    return _salesforce_id(value, "00D", "give the org's id (15 or 18 characters, 00D…)")


def default_user(value: str) -> str | Emptied:
    """The id of a user in Salesforce, 18 characters; `none` for nobody."""
    if value == "none":
        return Emptied.NOTHING
    return _salesforce_id(value, "005", "give the id of a Salesforce user (005…), or none")


def off_campaign(value: str) -> int | Emptied:
    """The id of a campaign; `none` for no campaign."""
    return Emptied.NOTHING if value == "none" else _campaign(value, "give a campaign's id (a whole number), or none")


def campaigns(values: Sequence[str]) -> tuple[int, ...]:
    """The ids of campaigns; `all`, which stands alone, is the same as none in particular."""
    if list(values) == ["all"]:
        return ()
    return tuple(dict.fromkeys(_campaign(each, "give campaigns' ids (whole numbers), or all alone") for each in values))


def origin(value: str) -> str:
    """Scheme and host; http for loopback names only."""
    address = _address(value)
    if urlsplit(address).path:
        raise ValueError("give scheme and host only, without a path")
    return address


def my_domain(value: str) -> str:
    """The address of an org's My Domain; http and other names for loopback only."""
    address = origin(value)
    host = urlsplit(address).hostname or ""
    if not host.endswith(_MY_DOMAIN_HOSTS) and not is_loopback_name(host):
        raise ValueError(
            "give the org's My Domain, https://NAME.my.salesforce.com (Setup, My Domain, Current My Domain URL), "
            "not an address of Lightning, Visualforce or the login page"
        )
    return address


def base_url(value: str) -> str:
    """The address of FCC's external-api."""
    address = _address(value)
    if not urlsplit(address).path.endswith("/external-api"):
        raise ValueError("the address ends in /external-api, such as https://CLIENT.fcc-online.pl/external-api")
    return address


def region(value: str) -> str:
    """A country by its two letters (ISO 3166)."""
    if value.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError("give a country's two letters, such as PL")
    return value.upper()


def countries(value: str) -> tuple[str, ...]:
    """The countries that may be called beside the tenant's own."""
    if value.strip().upper() == "OWN":
        return ()
    try:
        return read_countries(value)
    except ValueError as error:
        raise ValueError(
            f"{error} is no country: give two letters each, such as EU,GB,UA, or ALL, or OWN for no other country"
        ) from None


def api_version(value: str) -> str:
    """A version of Salesforce's API."""
    if not _API_VERSION.fullmatch(value):
        raise ValueError("give a version such as 67.0")
    return value


def origins_of(my_domain_url: str) -> tuple[str, str] | None:
    """Lightning's and Visualforce's origin that belong to a My Domain, or None where the name does not tell.

    Source: Salesforce Help, "My Domain URL Formats" (enhanced domains).
    """
    found = _MY_DOMAIN.fullmatch(my_domain_url)
    if found is None:
        return None
    name, partition = found.groups()
    return f"https://{name}{partition}.lightning.force.com", f"https://{name}--c{partition}.vf.force.com"


def environment_of(my_domain_url: str) -> accounts.Environment:
    """What a new org is taken for: `test` where My Domain says that it is a sandbox.

    Source: Salesforce Help, "My Domain URL Formats" (enhanced domains).
    """
    found = _MY_DOMAIN.fullmatch(my_domain_url)
    return "test" if found is not None and found.group(2) == ".sandbox" else "production"


def _salesforce_id(value: str, prefix: str, otherwise: str) -> str:
    """Source of the prefixes: Salesforce Help, "Standard Field Record ID Prefix Decoder"."""
    try:
        found = accounts.salesforce_id(value)
    except ValueError:
        raise ValueError(otherwise) from None
    if not found.startswith(prefix):
        raise ValueError(otherwise)
    return found


def _campaign(value: str, otherwise: str) -> int:
    if not _NUMBER.fullmatch(value):
        raise ValueError(otherwise)
    return int(value)


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("give an address such as https://name.example.com")
    if parts.scheme == "http" and not is_loopback_name(parts.hostname):
        raise ValueError("http is for loopback names only; give https")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"

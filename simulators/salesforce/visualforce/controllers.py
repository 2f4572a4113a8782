"""Apex page controllers: Apex does not run here, so each property that the package's pages read has a stand-in."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


#: What the package's page controllers give, property by property, once a page load.
CONTROLLERS: Final[Mapping[str, Mapping[str, Callable[[], str]]]] = {
    "FCC_WebPhoneController": {"n": lambda: secrets.token_hex(16)},
}

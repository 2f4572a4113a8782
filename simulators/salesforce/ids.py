"""Record ids: 15 case-sensitive characters, and the 18-character form with its checksum.

Source: Salesforce "Object Reference", ID field type: the 18-character id is the 15-character one and
three characters that say which of the fifteen are upper-case.
"""

from __future__ import annotations

import re
from typing import Final

KEY_PREFIXES: Final[dict[str, str]] = {
    "Account": "001",
    "Contact": "003",
    "User": "005",
    "Opportunity": "006",
    "EmailMessage": "02s",
    "CallCenter": "04v",
    "CanvasApplication": "06P",
    "AppMenuItem": "06m",
    "CanvasReference": "09H",
    "ListView": "00B",
    "Organization": "00D",
    "Profile": "00e",
    "Lead": "00Q",
    "Task": "00T",
    "PermissionSetAssignment": "0Pa",
    "PermissionSet": "0PS",
    "TaskStatus": "01J",
    "Case": "500",
    "Campaign": "701",
}

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECK: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_ID: Final = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?\Z")
_POD: Final = "5g"
_FIRST: Final = 190_213


def checksum(id15: str) -> str:
    """The three characters that make an 18-character id of a 15-character one."""
    blocks = (id15[start : start + 5] for start in (0, 5, 10))
    return "".join(_CHECK[sum(1 << place for place, char in enumerate(block) if char.isupper())] for block in blocks)


def to18(value: str) -> str | None:
    """The 18-character form of a well-formed id, else None (wrong length, characters or checksum)."""
    if not _ID.match(value):
        return None
    if len(value) == 15:  # noqa: PLR2004 - the length of the short form
        return value + checksum(value)
    return value if checksum(value[:15]) == value[15:].upper() else None


def make(prefix: str, number: int) -> str:
    """The 18-character id with this key prefix and running number."""
    digits = ""
    while number:
        number, rest = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[rest] + digits
    id15 = prefix + _POD + "0" + "0000" + digits.rjust(5, "0")
    return id15 + checksum(id15)


def number_of(id18: str) -> int:
    """The running number that `make` put in an id."""
    number = 0
    for char in id18[10:15]:
        number = number * len(_ALPHABET) + _ALPHABET.index(char)
    return number


def object_of(id18: str) -> str | None:
    """The object whose key prefix the id has, when it is one we know."""
    prefix = id18[:3]
    return next((name for name, known in KEY_PREFIXES.items() if known == prefix), None)


class IdFactory:
    """Gives the next id of each object. Not thread-safe: its owner holds a lock."""

    def __init__(self) -> None:
        self._counters: dict[str, int] = {}

    def next(self, object_name: str) -> str:
        """The next 18-character id of `object_name`; KeyError when the object has no key prefix here."""
        prefix = KEY_PREFIXES[object_name]
        number = self._counters.get(prefix, _FIRST)
        self._counters[prefix] = number + 1
        return make(prefix, number)

    def past(self, object_name: str, number: int) -> None:
        """Let the next ids of `object_name` come after this running number."""
        prefix = KEY_PREFIXES[object_name]
        self._counters[prefix] = max(self._counters.get(prefix, _FIRST), number + 1)

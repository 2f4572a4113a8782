"""What to leave out of a Task that Salesforce refused because of the people and records it points at. Pure.

A call whose customer, case or owner cannot be referred to is still a call that took place, and a Task whose customer
is refused keeps its owner, as one whose owner is refused keeps its customer.

Source: SOAP API Developer Guide, "Core Data Types Used in API Calls", StatusCode.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cti.calllog.mapping import CREATE_ONLY
from cti.domain.delivery import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cti.domain.salesforce import Trouble

CUSTOMER: Final = frozenset({"WhoId", "WhatId"})
OWNER: Final = frozenset({"OwnerId"})
REFERENCES: Final = CUSTOMER | OWNER
ROUNDS: Final = 5
"""How often a refused Task is sent with something else left out, at most."""

_ABOUT_OWNERS: Final = frozenset(
    {"INACTIVE_OWNER_OR_USER", "OP_WITH_INVALID_USER_TYPE_EXCEPTION", "TRANSFER_REQUIRES_READ"}
)
_ABOUT_REFERENCES: Final = _ABOUT_OWNERS | {
    "CANNOT_UPDATE_CONVERTED_LEAD",
    "ENTITY_IS_DELETED",
    "FIELD_FILTER_VALIDATION_EXCEPTION",
    "FIELD_INTEGRITY_EXCEPTION",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
    "INVALID_CROSS_REFERENCE_KEY",
    "MALFORMED_ID",
    "NOT_FOUND",
}
_ABOUT_VALUES: Final = frozenset(
    {
        "INVALID_EMAIL_ADDRESS",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        "NUMBER_OUTSIDE_VALID_RANGE",
        "STRING_TOO_LONG",
    }
)
_KEPT: Final = CREATE_ONLY | {"Id"}
_ID_SIGNS: Final = 15


@dataclass
class Leaving:
    """One refused Task and what has been left out of it so far. Not safe to share between threads.

    `sent` is the whole of it; `row` what to send next.
    """

    sent: Mapping[str, Any]
    _named: frozenset[str] = frozenset()
    _guessed: frozenset[str] = frozenset()
    _tried: set[frozenset[str]] = field(default_factory=lambda: {frozenset()})

    @property
    def without(self) -> frozenset[str]:
        """The fields left out."""
        return self._named | self._guessed

    @property
    def row(self) -> dict[str, Any]:
        """What is left."""
        return {name: value for name, value in self.sent.items() if name not in self.without}

    def after(self, error: Trouble) -> bool:
        """Leave out what this refusal of `row` is about; False when that would not help.

        What Salesforce names goes, whether by its field or by its id. Where it names nothing, the customer's references
        go first and then, the customer's back in their place, the owner; at last all of them.
        """
        if not _concerns(error, self.row):
            return False
        named = _named(error, self.row)
        if named:
            self._named, self._guessed = self._named | named, frozenset()
            return self._new()
        if error.salesforce_code in _ABOUT_VALUES:
            return False
        order = (OWNER, CUSTOMER) if error.salesforce_code in _ABOUT_OWNERS else (CUSTOMER, OWNER)
        for guess in (*order, REFERENCES):
            self._guessed = guess & self.sent.keys()
            if self._new():
                return True
        return False

    def _new(self) -> bool:
        if self.without in self._tried:
            return False
        self._tried.add(self.without)
        return True


def _concerns(error: Trouble, row: Mapping[str, Any]) -> bool:
    """Whether `error` speaks of something that `row` can do without."""
    if error.verdict not in {Verdict.NEVER, Verdict.GONE}:
        return False
    missing = error.verdict is Verdict.GONE or error.code == "salesforce-not-found"
    if missing or error.salesforce_code in _ABOUT_REFERENCES:
        return any(row.get(name) is not None for name in REFERENCES)
    return bool(_named(error, row))


def _named(error: Trouble, row: Mapping[str, Any]) -> frozenset[str]:
    """The fields of `row` that the error names and the Task can do without.

    A reference that any refusal names, even a rule of the org's own, is one that this org does not want. Another field
    is left out for its value alone, never for a rule.
    """
    told = frozenset(error.fields) | {
        name
        for name in REFERENCES
        if isinstance(row.get(name), str) and len(row[name]) >= _ID_SIGNS and row[name][:_ID_SIGNS] in error.detail
    }
    may_go = REFERENCES if error.salesforce_code not in _ABOUT_VALUES else row.keys() - _KEPT
    return frozenset(name for name in told & may_go if row.get(name) is not None)

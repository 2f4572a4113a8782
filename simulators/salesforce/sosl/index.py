"""The search index: which fields it holds of an object, and from when on a record; it may lag.

Source: Salesforce "SOQL and SOSL Reference": IN SearchGroup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from simulators.salesforce.org import Org
    from simulators.salesforce.records import Record
    from simulators.salesforce.schema.types import ObjectType


GROUPS: Final = {"ALL", "NAME", "EMAIL", "PHONE", "SIDEBAR"}


def searched(known: ObjectType, group: str) -> list[tuple[str, bool]]:
    """The fields that a search group means, each with whether it holds phone numbers."""
    made = []
    for one in known.fields.values():
        phone = one.type == "phone"
        named = one.name in {"Name", "FirstName", "LastName", "Company", "Subject", "CaseNumber"}
        text = one.type in {"string", "textarea", "email", "picklist"}
        if {"PHONE": phone, "EMAIL": one.type == "email", "NAME": named}.get(group, phone or text):
            made.append((one.name, phone))
    return made


def indexed(org: Org, row: Record) -> bool:
    """Whether the search index has the record by now."""
    delay = org.settings.index_delay_s
    return not delay or bool(row["_indexed_at"] + delay <= org.now())


def searched_values(row: Record, names: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    """What the index holds of a row in these fields, each with whether it is a phone number."""
    return [(str(row[name]), phone) for name, phone in names if row.get(name)]

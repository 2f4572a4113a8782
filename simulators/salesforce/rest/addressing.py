"""Which object, which field and which record a path or a row names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulators.salesforce import rules
from simulators.salesforce.refusal import Refused

from .messages import user_id

if TYPE_CHECKING:
    from simulators.salesforce.org import Org
    from simulators.salesforce.records import Record
    from simulators.salesforce.schema.types import Field, ObjectType


def known_object(org: Org, name: str) -> ObjectType:
    """The object of a path; Refused (404) when there is none."""
    known = org.records.type(name)
    if known is None:
        raise Refused("NOT_FOUND", "The requested resource does not exist", status=404)
    return known


def visible(org: Org, row: Record) -> Record:
    """The row, if sharing lets the user see it; Refused (404) otherwise."""
    if not org.access.visible(row, user_id()):
        raise Refused("NOT_FOUND", "The requested resource does not exist", status=404)
    return row


def external_id(org: Org, known: ObjectType, name: str) -> Field:
    """The field by whose values records are named; Refused when it is none or not in the user's reach."""
    one = known.field(name)
    may = org.access.field_access(user_id(), known.name)
    if one is None or not (one.external_id or one.name == "Id") or not may(one, False):
        raise Refused(
            "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {name}", status=404
        )
    return one


def keyed(org: Org, known: ObjectType, one: Field, value: Any) -> list[Record]:
    """The records with this value in an external id, or the one with this id."""
    if one.name == "Id":
        return [rules.existing(org, known.name, str(value))]
    return org.records.with_key(known.name, one, value)

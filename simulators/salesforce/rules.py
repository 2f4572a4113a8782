"""What the platform refuses when a record is created, changed or deleted, and in which words.

Source: Salesforce "Object Reference" (Task, Case, Lead: usage and field properties) and "SOAP API Developer Guide",
"Core Data Types", StatusCode.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .ids import object_of, to18
from .refusal import Refused
from .values import read_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .org import Org
    from .records import Record
    from .schema.types import Field, ObjectType


def object_type(org: Org, name: str, *, write: bool = False) -> ObjectType:
    """The object with this name; Refused (INVALID_TYPE, NOT_FOUND) when there is none or it is read-only."""
    known = org.records.type(name)
    if known is None:
        raise Refused("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    if write and not known.writable:
        raise Refused("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type cannot be inserted: {known.label}")
    return known


def existing(org: Org, object_name: str, record_id: str) -> Record:
    """The row to read, change or delete; Refused when the id is malformed, foreign, unknown or deleted."""
    known = object_type(org, object_name)
    id18 = to18(record_id)
    if id18 is None:
        raise Refused("MALFORMED_ID", f"{known.label} ID: id value of incorrect type: {record_id}", ("Id",))
    if object_of(id18) != known.name:
        raise Refused("NOT_FOUND", "Provided external ID field does not exist or is not accessible: Id", status=404)
    row = org.records.find(id18, deleted=True)
    if row is None:
        raise Refused("NOT_FOUND", "The requested resource does not exist", status=404)
    if row.get("IsDeleted"):
        raise Refused("ENTITY_IS_DELETED", "entity is deleted", status=404)
    return row


def create(
    org: Org, object_name: str, values: Mapping[str, Any], user_id: str, *, assign: bool = False, free: bool = False
) -> Record:
    """Create a record; returns its row, raises Refused.

    `assign`: the org's assignment rule chooses a case's owner. `free`: neither field-level security nor what the API
    lets nobody write counts.
    """
    known = object_type(org, object_name, write=True)
    if any(name.lower() == "id" for name in values):
        raise Refused("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", ("Id",))
    with org.lock:
        given = _clean(org, known, values, user_id, creating=True, free=free)
        if known.name == "Case" and assign and org.settings.case_assignment_rule:
            given["OwnerId"] = org.owner_id
        missing = [
            one.name for one in known.fields.values() if one.required and given.get(one.name) in {None, ""}
        ]  # fmt: skip
        if known.name == "Account" and org.settings.person_accounts and given.get("LastName"):
            missing = [name for name in missing if name != "Name"]
        if missing:
            listed = ", ".join(missing)
            raise Refused("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{listed}]", tuple(missing))
        _unique(org, known, given, None)
        _together(org, known, given)
        return org.records.insert(known.name, given, user_id)


def update(
    org: Org, object_name: str, row: Record, values: Mapping[str, Any], user_id: str, *, free: bool = False
) -> None:
    """Change a record; raises Refused. `free` as in `create`."""
    known = object_type(org, object_name, write=True)
    with org.lock:
        given = _clean(org, known, values, user_id, creating=False, free=free)
        emptied = [one.name for one in known.fields.values()
                   if one.required and one.name in given and given[one.name] in {None, ""}]  # fmt: skip
        if emptied:
            listed = ", ".join(emptied)
            raise Refused("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{listed}]", tuple(emptied))
        _unique(org, known, given, row["Id"])
        _together(org, known, {**row, **given})
        org.records.update(known.name, row, given, user_id)


def delete(org: Org, object_name: str, row: Record) -> None:
    """Delete a record."""
    object_type(org, object_name, write=True)
    org.records.delete(object_name, row)


def accessible_field(org: Org, known: ObjectType, name: str, user_id: str, *, write: bool = False) -> Field:
    """The field, if it exists and the user may see (or write) it; Refused with INVALID_FIELD in the API's words."""
    one = known.field(name)
    if one is None or not org.access.field_access(user_id, known.name)(one, False):
        raise Refused("INVALID_FIELD", f"No such column '{name}' on sobject of type {known.name}")
    if write and not org.access.field_access(user_id, known.name)(one, True):
        raise _read_only([one.name])
    return one


def _read_only(names: list[str]) -> Refused:
    return Refused(
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        f"Unable to create/update fields: {', '.join(names)}. Please check the security settings of this field and "
        "verify that it is read/write for your profile or permission set.",
        tuple(names),
    )


def parse(org: Org, object_name: str, values: Mapping[str, Any], user_id: str) -> None:
    """Read a record's values as the platform does before it looks at any record.

    A request that has a field the user has not, or a value that cannot be read, is refused whole.
    """
    known = object_type(org, object_name)
    for name, value in values.items():
        if name == "attributes":
            continue
        one = accessible_field(org, known, name, user_id)
        try:
            read_value(org, known, one, value)
        except Refused as refused:
            if refused.code == "JSON_PARSER_ERROR":
                raise


def _clean(
    org: Org, known: ObjectType, values: Mapping[str, Any], user_id: str, *, creating: bool, free: bool = False
) -> dict[str, Any]:
    given: dict[str, Any] = {}
    refused: list[str] = []
    for name, value in values.items():
        if name == "attributes":
            continue
        one = known.field(name) if free else None
        if one is None:
            one = accessible_field(org, known, name, user_id)
            if not (one.create if creating else one.update) or not org.access.field_access(user_id, known.name)(
                one, True
            ):
                refused.append(one.name)
                continue
        given[one.name] = read_value(org, known, one, value)
    if refused:
        raise _read_only(refused)
    return given


def _unique(org: Org, known: ObjectType, given: Mapping[str, Any], own_id: str | None) -> None:
    for one in known.fields.values():
        value = given.get(one.name)
        if not one.unique or value is None:
            continue
        for row in org.records.with_key(known.name, one, value):
            if row["Id"] != own_id:
                raise Refused(
                    "DUPLICATE_VALUE",
                    f"duplicate value found: {one.name} duplicates value on record with id: {row['Id'][:15]}",
                )
    if known.name == "PermissionSetAssignment" and own_id is None:
        for row in org.records.rows(known.name):
            if all(row[name] == given.get(name) for name in ("AssigneeId", "PermissionSetId")):
                raise Refused(
                    "DUPLICATE_VALUE",
                    f"duplicate value found: duplicates value on record with id: {row['Id'][:15]}",
                )


def _together(org: Org, known: ObjectType, row: Mapping[str, Any]) -> None:
    del org
    if known.name != "Task":
        return
    who, what = row.get("WhoId"), row.get("WhatId")
    if who and what and object_of(who) == "Lead":
        raise Refused(
            "FIELD_INTEGRITY_EXCEPTION",
            "Related To ID: If Name is a Lead, Related To must be blank",
            ("WhatId",),
        )

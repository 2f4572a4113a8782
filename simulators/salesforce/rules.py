"""What the platform refuses when a record is created, changed or deleted, and in which words.

Source: Salesforce "Object Reference" (Task, Case, Lead: usage and field properties) and "SOAP API Developer Guide",
"Core Data Types", StatusCode.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from .ids import object_of, to18
from .times import stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .org import Org
    from .records import Record
    from .schema.types import Field, ObjectType

_Moment = TypeVar("_Moment", date, datetime)
_EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]+\Z")
#: The years that dates and times may be in. Source: SOQL and SOSL Reference, "Date Formats and Date Literals".
YEARS = range(1700, 4001)
_REFERENCE_LABELS = {"WhatId": "Related To ID", "WhoId": "Name ID", "OwnerId": "Assigned To ID"}


class Refused(Exception):  # noqa: N818 - it is the platform's answer, not a failure of ours
    """The platform's refusal: `code` (a StatusCode), `message`, the `fields` it is about, the HTTP status alone."""

    def __init__(self, code: str, message: str, fields: tuple[str, ...] = (), status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.fields = fields
        self.status = status


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
            _value(org, known, one, value)
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
        given[one.name] = _value(org, known, one, value)
    if refused:
        raise _read_only(refused)
    return given


def _value(org: Org, known: ObjectType, one: Field, value: Any) -> Any:
    if isinstance(value, dict | list):
        start = "START_OBJECT" if isinstance(value, dict) else "START_ARRAY"
        raise _undeserializable(one.type, start, "")
    if value is None or value == "":
        if one.type == "boolean":
            raise Refused("INVALID_TYPE_ON_FIELD_IN_RECORD", f"{one.title}: value not of required type: {value}",
                          (one.name,))  # fmt: skip
        return None
    checks = {
        "boolean": _boolean, "int": _integer, "double": _double, "date": _date, "datetime": _datetime,
    }  # fmt: skip
    if one.type in checks:
        return checks[one.type](one, value)
    if isinstance(value, bool):
        raise _undeserializable("string", "VALUE_TRUE" if value else "VALUE_FALSE", str(value).lower())
    text = str(value)
    if one.type == "reference":
        return _reference(org, known, one, text)
    if one.length and len(text) > one.length:
        raise Refused(
            "STRING_TOO_LONG", f"{one.title}: data value too large: {text} (max length={one.length})", (one.name,)
        )
    if one.type == "email" and not _EMAIL.match(text):
        raise Refused("INVALID_EMAIL_ADDRESS", f"{one.title}: invalid email address: {text}", (one.name,))
    if one.type == "picklist" and text not in _allowed(org, known, one, text):
        raise Refused(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"{one.title}: bad value for restricted picklist field: {text}",
            (one.name,),
        )
    return text


def _allowed(org: Org, known: ObjectType, one: Field, value: str) -> set[str]:
    if known.name == "Task" and one.name == "Status":
        return {row["ApiName"] for row in org.records.table("TaskStatus").values()}
    return set(one.values) if one.restricted or one.name == "Status" else {value}


def _undeserializable(kind: str, token: str, value: str) -> Refused:
    said = f" value {value}" if value else ""
    return Refused(
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {kind} from {token}{said} or request may be missing a required field at "
        "[line:1, column:2]",
    )


def _boolean(one: Field, value: Any) -> bool:
    del one
    if isinstance(value, bool):
        return value
    raise _undeserializable("boolean", "VALUE_STRING", str(value))


def _integer(one: Field, value: Any) -> int:
    del one
    if isinstance(value, bool) or not re.fullmatch(r"-?\d{1,10}", str(value)):
        raise _undeserializable("int", "VALUE_STRING", str(value))
    number = int(value)
    if abs(number) > 2**31 - 1:
        raise _undeserializable("int", "VALUE_NUMBER_INT", str(value))
    return number


def _double(one: Field, value: Any) -> float:
    if isinstance(value, bool) or not re.fullmatch(r"-?\d+(\.\d+)?", str(value)):
        raise _undeserializable("double", "VALUE_STRING", str(value))
    number = round(float(value), one.scale)
    if abs(number) >= 10 ** (one.precision - one.scale):
        raise Refused(
            "NUMBER_OUTSIDE_VALID_RANGE", f"{one.title}: value outside of valid range on numeric field: {value}",
            (one.name,),
        )  # fmt: skip
    return number


def _date(one: Field, value: Any) -> str:
    del one
    return _moment("date", date.fromisoformat, value).isoformat()


def _datetime(one: Field, value: Any) -> str:
    del one
    moment = _moment("datetime", datetime.fromisoformat, value)
    if moment.tzinfo is None:
        raise _undeserializable("datetime", "VALUE_STRING", str(value))
    return stamp(moment)


def _moment(kind: str, read: Callable[[str], _Moment], value: Any) -> _Moment:
    try:
        moment = read(str(value))
    except ValueError:
        raise _undeserializable(kind, "VALUE_STRING", str(value)) from None
    if moment.year not in YEARS:
        raise _undeserializable(kind, "VALUE_STRING", str(value))
    return moment


def _reference(org: Org, known: ObjectType, one: Field, value: str) -> str:
    title = _REFERENCE_LABELS.get(one.name, f"{one.alias or one.name} ID")
    id18 = to18(value)
    wrong = f"{title}: id value of incorrect type: {value}"
    if id18 is None:
        raise Refused("MALFORMED_ID", wrong, (one.name,))
    if one.refers_to and object_of(id18) not in one.refers_to:
        code = "FIELD_INTEGRITY_EXCEPTION" if known.name == "Task" or one.name == "OwnerId" else "MALFORMED_ID"
        raise Refused(code, wrong, (one.name,))
    row = org.records.find(id18, deleted=True)
    if row is None:
        raise Refused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    if row.get("IsDeleted"):
        raise Refused("ENTITY_IS_DELETED", "entity is deleted")
    if row.get("IsConverted") and known.name == "Task":
        raise Refused("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", (one.name,))
    if one.name == "OwnerId" and row.get("UserType") not in {None, "Standard"}:
        raise Refused("OP_WITH_INVALID_USER_TYPE_EXCEPTION", "Operation not valid for this user type", (one.name,))
    if one.name == "OwnerId" and not row.get("IsActive", True):
        raise Refused(
            "INACTIVE_OWNER_OR_USER",
            f"operation performed with inactive user [{id18[:15]}] as owner of {known.name.lower()}",
        )
    return id18


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

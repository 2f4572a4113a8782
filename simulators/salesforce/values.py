"""What a field takes of the values that a client gives, and in which words it refuses the others.

Source: Salesforce "Object Reference" (field properties of Task, Case, Lead) and "SOAP API Developer Guide", "Core Data
Types", StatusCode.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from .ids import object_of, to18
from .refusal import Refused
from .times import stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from .org import Org
    from .schema.types import Field, ObjectType

_EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]+\Z")
#: The years that dates and times may be in. Source: SOQL and SOSL Reference, "Date Formats and Date Literals".
YEARS = range(1700, 4001)
_REFERENCE_LABELS = {"WhatId": "Related To ID", "WhoId": "Name ID", "OwnerId": "Assigned To ID"}
_Moment = TypeVar("_Moment", date, datetime)


def read_value(org: Org, known: ObjectType, one: Field, value: Any) -> Any:
    """A value as the org keeps it; Refused when the field does not take it."""
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

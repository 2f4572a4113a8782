"""The "New …" dialog, its look-ups, and saving what was filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulators.salesforce import rules
from simulators.salesforce.ids import object_of, to18
from simulators.salesforce.refusal import Refused

from .layouts import FORMS, LABELS
from .rows import name_of

if TYPE_CHECKING:
    from simulators.salesforce.org import Org


def form(org: Org, object_name: str) -> dict[str, Any] | None:
    """The fields of the "New …" dialog."""
    known = org.records.type(object_name)
    if known is None or known.name not in FORMS:
        return None
    names = FORMS[known.name]
    return {
        "object": known.name,
        "label": known.label,
        "icon": known.icon,
        "fields": [
            {"name": one.name, "label": LABELS.get(one.name, one.title), "type": one.type, "values": list(one.values),
             "required": one.required, "refersTo": list(one.refers_to), "length": one.length}
            for name in names
            if (one := known.field(name)) is not None
        ],
    }  # fmt: skip


def lookup(org: Org, object_name: str, wanted: str, user_id: str) -> list[dict[str, str]]:
    """Records for a lookup field: those whose name holds the words, or the record with that id."""
    known = org.records.type(object_name)
    if known is None:
        return []
    id18 = to18(wanted)
    rows = org.access.visible_rows(known.name, user_id)
    if id18:
        rows = [row for row in rows if row["Id"] == id18]
    else:
        rows = [row for row in rows if wanted.lower() in f"{name_of(row)} {row.get('Subject') or ''}".lower()]
    return [{"id": row["Id"], "name": name_of(row)} for row in rows[:8]]


def save(org: Org, user_id: str, said: dict[str, Any]) -> dict[str, Any]:
    """Create or update a record as the person who is signed in (the new-record dialog and saveLog).

    `said`: `{object, values}`, or values with an Id to update. Answers `{success, id, errors}`.
    """
    values = said.get("values")
    if not isinstance(values, dict):
        return {"success": False, "id": None, "errors": [{"message": "No values were given."}]}
    record_id = values.get("Id")
    kind = said.get("object") or (object_of(to18(str(record_id)) or "") if record_id else None)
    try:
        with org.lock:
            if record_id:
                row = rules.existing(org, str(kind), str(record_id))
                given = {name: value for name, value in values.items() if name != "Id"}
                rules.update(org, str(kind), row, given, user_id)
            else:
                row = rules.create(org, str(kind), values, user_id)
    except Refused as error:
        return {
            "success": False,
            "id": None,
            "errors": [{"message": error.message, "errorCode": error.code, "fields": list(error.fields)}],
        }
    return {"success": True, "id": row["Id"], "errors": []}

"""Collections: up to 200 records created, changed, upserted or deleted in one request, row by row or all or none.

Source: Salesforce "REST API Developer Guide", sObject Collections.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from flask import request

from simulators.salesforce import rules
from simulators.salesforce.ids import object_of, to18
from simulators.salesforce.refusal import Refused

from .addressing import external_id, keyed, known_object
from .faults import before_write
from .messages import answer, assigns, body, user_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Blueprint, Response

    from simulators.salesforce.org import Org
    from simulators.salesforce.schema.types import Field, ObjectType


MAX_ROWS: Final = 200


@dataclass
class Outcome:
    """What became of one row of a collection."""

    id: str | None = None
    error: Refused | None = None
    created: bool | None = None

    def as_json(self) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if self.id is not None:
            made["id"] = self.id
        made["success"] = self.error is None
        made["errors"] = [] if self.error is None else [
            {"statusCode": self.error.code, "message": self.error.message, "fields": list(self.error.fields)}
        ]  # fmt: skip
        if self.created is not None and self.error is None:
            made["created"] = self.created
        return made


def add_routes(pages: Blueprint, org: Org) -> None:
    """The collections, by id and by external id."""
    base = "/services/data/v<version>/composite/sobjects"

    @pages.route(base, methods=["POST", "PATCH", "DELETE"])
    def collection(version: str) -> Response:
        del version
        if request.method == "DELETE":
            ids = [one for one in request.args.get("ids", "").split(",") if one]
            work: list[Callable[[], Outcome]] = [lambda one=one: _delete_row(org, one) for one in ids]  # type: ignore[misc]  # a default binds it
            return answer(_all(org, work, all_or_none=request.args.get("allOrNone", "false").lower() == "true"))
        said, rows = _rows()
        _parse(org, rows)
        if request.method == "POST":
            work = [lambda row=row: _create_row(org, row) for row in rows]  # type: ignore[misc]  # a default binds it
        else:
            seen: set[str] = set()
            work = [lambda row=row: _update_row(org, row, seen) for row in rows]  # type: ignore[misc]  # a default binds it
        return answer(_all(org, work, all_or_none=bool(said.get("allOrNone", False))))

    @pages.patch(f"{base}/<name>/<field_name>")
    def upsert(version: str, name: str, field_name: str) -> Response:
        del version
        known = known_object(org, name)
        one = external_id(org, known, field_name)
        said, rows = _rows()
        _parse(org, rows)
        seen: set[str] = set()
        work: list[Callable[[], Outcome]] = [
            lambda row=row: _upsert_row(org, known, one, row, seen) for row in rows  # type: ignore[misc]  # a default binds it
        ]  # fmt: skip
        return answer(_all(org, work, all_or_none=bool(said.get("allOrNone", False))))


def _rows() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    said = body()
    unknown = set(said) - {"allOrNone", "records"}
    if unknown:
        raise Refused("JSON_PARSER_ERROR", f"Unrecognized field '{min(unknown)}'")
    rows = said.get("records")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Refused("JSON_PARSER_ERROR", "records is an array of objects")
    if not rows:
        raise Refused("INVALID_INPUT", "records can't be empty")
    if len(rows) > MAX_ROWS:
        raise _too_many()
    return said, rows


def _too_many() -> Refused:
    said = f"record limit reached. cannot submit more than {MAX_ROWS} records into this call"
    return Refused("EXCEEDED_ID_LIMIT", said)


def _all(org: Org, work: list[Callable[[], Outcome]], *, all_or_none: bool) -> list[dict[str, Any]]:
    if len(work) > MAX_ROWS:
        raise _too_many()
    with org.lock:
        before = org.records.snapshot() if all_or_none else None
        outcomes = []
        for one in work:
            try:
                outcomes.append(one())
            except Refused as error:
                outcomes.append(Outcome(error=error))
        if before is not None and any(one.error for one in outcomes):
            org.records.restore(before)
            rolled = Refused(
                "ALL_OR_NONE_OPERATION_ROLLED_BACK",
                "Record rolled back because not all records were valid and the request was using AllOrNone header",
            )
            outcomes = [one if one.error else Outcome(error=rolled) for one in outcomes]
        return [one.as_json() for one in outcomes]


def _type_of(org: Org, row: dict[str, Any]) -> ObjectType:
    attributes = row.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    if not name:
        raise Refused("INVALID_TYPE", "Must send a concrete entity type.")
    return rules.object_type(org, str(name), write=True)


def _parse(org: Org, rows: list[dict[str, Any]]) -> None:
    """Read all rows before any is carried out: what cannot be read refuses the request."""
    for row in rows:
        attributes = row.get("attributes")
        known = org.records.type(str(attributes.get("type"))) if isinstance(attributes, dict) else None
        if known is not None:
            rules.parse(org, known.name, _values(row, "id"), user_id())


def _values(row: dict[str, Any], *without: str) -> dict[str, Any]:
    left = {name.lower() for name in without} | {"attributes"}
    return {name: value for name, value in row.items() if name.lower() not in left}


def _create_row(org: Org, row: dict[str, Any]) -> Outcome:
    known = _type_of(org, row)
    before_write(org, None)
    return Outcome(rules.create(org, known.name, _values(row), user_id(), assign=assigns())["Id"])


def _update_row(org: Org, row: dict[str, Any], seen: set[str]) -> Outcome:
    known = _type_of(org, row)
    record_id = next((str(value) for name, value in row.items() if name.lower() == "id"), "")
    if not record_id:
        raise Refused("MISSING_ARGUMENT", "Id not specified in an update call", ("Id",))
    id18 = to18(record_id)
    if id18 is None or object_of(id18) != known.name:
        raise Refused("MALFORMED_ID", f"{known.label} ID: id value of incorrect type: {record_id}", ("Id",))
    if id18 in seen:
        raise Refused("DUPLICATE_VALUE", f"duplicate id in list: {id18[:15]}", ("Id",))
    seen.add(id18)
    found = org.records.find(id18, deleted=True)
    if found is None or not org.access.visible(found, user_id()):
        raise Refused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    if found.get("IsDeleted"):
        raise Refused("ENTITY_IS_DELETED", "entity is deleted")
    before_write(org, id18)
    rules.update(org, known.name, found, _values(row, "id"), user_id())
    return Outcome(id18)


def _upsert_row(org: Org, known: ObjectType, one: Field, row: dict[str, Any], seen: set[str]) -> Outcome:
    if _type_of(org, row).name != known.name:
        raise Refused("INVALID_TYPE", f"Records must be of the type {known.name}")
    value = next((given for name, given in row.items() if name.lower() == one.name.lower()), None)
    if value in {None, ""}:
        raise Refused("MISSING_ARGUMENT", f"{one.name} not specified", (one.name,))
    key = one.key(value)
    if key in seen:
        raise Refused("DUPLICATE_VALUE", f"Duplicate external id specified: {value}", (one.name,))
    seen.add(key)
    found = keyed(org, known, one, value)
    if len(found) > 1:
        listed = ", ".join(row["Id"][:15] for row in found)
        said = f"{one.name}: more than one record found for external id field: [{listed}]"
        raise Refused("DUPLICATE_EXTERNAL_ID", said, (one.name,))
    before_write(org, found[0]["Id"] if found else None)
    if found:
        rules.update(org, known.name, found[0], _values(row, one.name), user_id())
        return Outcome(found[0]["Id"], created=False)
    made = rules.create(org, known.name, _values(row), user_id(), assign=assigns())
    return Outcome(made["Id"], created=True)


def _delete_row(org: Org, record_id: str) -> Outcome:
    id18 = to18(record_id)
    name = object_of(id18) if id18 else None
    if id18 is None or name is None:
        raise Refused("MALFORMED_ID", f"malformed id {record_id}")
    row = rules.existing(org, name, id18)
    before_write(org, id18)
    rules.delete(org, name, row)
    return Outcome(id18)

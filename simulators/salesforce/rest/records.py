"""Single records, by id and by external id.

Source: Salesforce "REST API Developer Guide": sObject Basic Information / Rows / Rows by External ID, Headers
(Sforce-Auto-Assign).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from flask import Response, request

from simulators.salesforce import rules
from simulators.salesforce.refusal import Refused
from simulators.salesforce.soql.run import attributes

from . import describe
from .addressing import external_id, keyed, known_object, visible
from .faults import before_write
from .messages import answer, assigns, body, user_id, wrong_method

if TYPE_CHECKING:
    from flask import Blueprint

    from simulators.salesforce.org import Org
    from simulators.salesforce.records import Record
    from simulators.salesforce.schema.types import Field, ObjectType


BASE: Final = "/services/data/v<version>/sobjects"


def add_routes(pages: Blueprint, org: Org) -> None:
    """Create, read, change and delete one record."""
    _by_id(pages, org)
    _by_external_id(pages, org)


def _by_id(pages: Blueprint, org: Org) -> None:
    @pages.route(f"{BASE}/<name>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def one_object(version: str, name: str) -> Response:
        known = known_object(org, name)
        if request.method == "GET":
            return answer({"objectDescribe": describe.summary(known, version), "recentItems": []})
        if request.method != "POST":
            raise wrong_method("GET,HEAD,POST")
        values = body()
        before_write(org, None)
        row = rules.create(org, known.name, values, user_id(), assign=assigns())
        return answer({"id": row["Id"], "success": True, "errors": []}, 201)

    @pages.route(f"{BASE}/<name>/<record_id>", methods=["GET", "PATCH", "DELETE", "POST", "PUT"])
    def one_record(version: str, name: str, record_id: str) -> Response:
        known = known_object(org, name)
        row = visible(org, rules.existing(org, known.name, record_id))
        if request.method == "GET":
            return answer(_row(org, known, row, version))
        if request.method == "PATCH":
            values = body()
            before_write(org, row["Id"])
            rules.update(org, known.name, row, values, user_id())
            return Response(status=204)
        if request.method == "DELETE":
            before_write(org, row["Id"])
            rules.delete(org, known.name, row)
            return Response(status=204)
        raise wrong_method("DELETE,GET,HEAD,PATCH")


def _by_external_id(pages: Blueprint, org: Org) -> None:
    @pages.route(f"{BASE}/<name>/<field_name>/<path:value>", methods=["GET", "PATCH", "DELETE", "POST"])
    def by_external_id(version: str, name: str, field_name: str, value: str) -> Response:
        known = known_object(org, name)
        one = external_id(org, known, field_name)
        value = unquote(value)
        with org.lock:
            rows = keyed(org, known, one, value)
            if len(rows) > 1:
                listed = [f"/services/data/v{version}/sobjects/{known.name}/{row['Id']}" for row in rows]
                return answer(listed, 300)
            if request.method == "PATCH":
                return _upsert_one(org, known, one, value, rows)
            if not rows:
                raise Refused("NOT_FOUND", "The requested resource does not exist", status=404)
            if request.method == "GET":
                return answer(_row(org, known, rows[0], version))
            if request.method == "DELETE":
                rules.delete(org, known.name, rows[0])
                return Response(status=204)
        raise wrong_method("DELETE,GET,HEAD,PATCH")


def _upsert_one(org: Org, known: ObjectType, one: Field, value: str, rows: list[Record]) -> Response:
    values = body()
    for name in values:
        if name.lower() in {one.name.lower(), "id"}:
            raise Refused("INVALID_FIELD", f"The {name} field should not be specified in the sobject data.")
    before_write(org, rows[0]["Id"] if rows else None)
    if rows:
        rules.update(org, known.name, rows[0], values, user_id())
        return answer({"id": rows[0]["Id"], "success": True, "errors": [], "created": False})
    if request.args.get("updateOnly", "").lower() == "true":
        raise Refused("NOT_FOUND", "The requested resource does not exist", status=404)
    row = rules.create(org, known.name, {**values, one.name: value}, user_id(), assign=assigns())
    return answer({"id": row["Id"], "success": True, "errors": [], "created": True}, 201)


def _row(org: Org, known: ObjectType, row: Record, version: str) -> dict[str, Any]:
    may = org.access.field_access(user_id(), known.name)
    asked = request.args.get("fields")
    if asked is None:
        names = [one.name for one in known.fields.values() if may(one, False)]
    else:
        names = []
        for name in asked.split(","):
            one = known.field(name.strip())
            if one is None or not may(one, False):
                raise Refused("INVALID_FIELD", f"No such column '{name.strip()}' on sobject of type {known.name}")
            names.append(one.name)
    return {"attributes": attributes(known.name, row["Id"], version), **{name: row.get(name) for name in names}}

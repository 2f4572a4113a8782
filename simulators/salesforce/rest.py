"""REST: records, collections, queries, searches, describes and limits of My Domain.

Source: Salesforce "REST API Developer Guide": Versions, sObject Basic Information / Rows / Rows by External ID /
Describe, Query, Search, Parameterized Search, sObject Collections, Limits, Headers (Sforce-Limit-Info,
Sforce-Auto-Assign, Sforce-Query-Options), "Status Codes and Error Responses".
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from flask import Blueprint, Response, g, jsonify, request

from . import rules, soql, sosl
from .http import api_error, token_of_request
from .ids import KEY_PREFIXES, object_of, to18
from .rules import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .org import Org, Record, Token
    from .schema import Field, ObjectType

OLDEST, NEWEST, SHOWN = 31, 68, (("Spring '26", 66), ("Summer '26", 67), ("Winter '27", 68))
MAX_ROWS: Final = 200
MAX_URI: Final = 16_384
PAGE: Final = (200, 2000)
NOT_SIMULATED: Final = (
    "composite/batch", "composite/tree", "composite/graph", "jobs", "tooling", "chatter", "metadata", "analytics",
    "ui-api", "wave", "connect", "recent",
)  # fmt: skip


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


def _resource(path: str) -> str:
    """The resource's name for the counters: ids and values left out."""
    rest = re.sub(r"^/services/data(/v[^/]+)?/?", "", path).strip("/")
    parts = rest.split("/")
    if parts[0] == "sobjects":
        return "/".join(parts[:2]) + ("/describe" if parts[-1] == "describe" else "")
    if parts[0] == "composite":
        return "/".join(parts[:2])
    return parts[0] or "versions"


def _guard(org: Org) -> Response | None:
    """Everything that may refuse a request before its resource sees it."""
    path = request.path
    with org.lock:
        org.counters.requests[f"{request.method} {_resource(path)}"] += 1
        if path.rstrip("/") == "/services/data":
            return None
        org.counters.services_data += 1
        used = org.counters.services_data
    if len(request.full_path) > MAX_URI:
        return api_error(414, "URI_TOO_LONG", "URI Too Long")
    version = request.view_args.get("version") if request.view_args else None
    if (refused := _bad_version(str(version))) is not None:
        return refused
    if (refused := _fault(org)) is not None:
        return refused
    return _who(org, used)


def _who(org: Org, used: int) -> Response | None:
    token = token_of_request(org)
    if token is None:
        return api_error(401, "INVALID_SESSION_ID", "Session expired or invalid")
    if not org.api_enabled.get(token.user_id, True):
        return api_error(403, "API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner")
    if used > org.settings.api_limit:
        return api_error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    g.token = token
    return None


def _bad_version(version: str) -> Response | None:
    match = re.fullmatch(r"(\d{1,3})\.0", version)
    if match is None or int(match.group(1)) > NEWEST:
        return api_error(404, "NOT_FOUND", "The requested resource does not exist")
    if int(match.group(1)) < OLDEST:
        return api_error(410, "GONE", "The requested resource is no longer available")
    return None


def _fault(org: Org) -> Response | None:
    kind = org.faults.strike("session-expired", "daily-limit", "unavailable", "slow")
    if kind == "session-expired":
        return api_error(401, "INVALID_SESSION_ID", "Session expired or invalid")
    if kind == "daily-limit":
        return api_error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    if kind == "unavailable":
        return api_error(503, "SERVER_UNAVAILABLE", "The service is temporarily unavailable. Please try again later.")
    if kind == "slow":
        org.stopping.wait(org.faults.seconds)
    return None


def _body() -> dict[str, Any]:
    if request.mimetype != "application/json":
        raise Refused("UNSUPPORTED_MEDIA_TYPE", f"Content-Type header specified in HTTP request is not supported: "
                                                f"{request.mimetype or '(none)'}", status=415)  # fmt: skip
    try:
        said = json.loads(request.get_data())
    except ValueError as error:
        raise Refused("JSON_PARSER_ERROR", f"Unexpected character at [line:1, column:1]: {error}") from error
    if not isinstance(said, dict):
        raise Refused("JSON_PARSER_ERROR", "The HTTP entity body is required, but this request has no entity body.")
    return said


def _user() -> str:
    token: Token = g.token
    return token.user_id


def _answer(body: Any, status: int = 200) -> Response:
    made = jsonify(body)
    made.status_code = status
    made.headers["Content-Type"] = "application/json;charset=UTF-8"
    return made


def _wrong_method(allowed: str) -> Refused:
    said = f"HTTP Method '{request.method}' not allowed. Allowed are {allowed}"
    return Refused("METHOD_NOT_ALLOWED", said, status=405)


def _too_many() -> Refused:
    said = f"record limit reached. cannot submit more than {MAX_ROWS} records into this call"
    return Refused("EXCEEDED_ID_LIMIT", said)


def _lock_fault(org: Org, record_id: str | None) -> None:
    kind = org.faults.strike("row-lock", "trigger-lock", "flow-lock", "automation-limit")
    one = record_id or "001000000000000AAA"
    said = f"unable to obtain exclusive access to this record or 1 records: {one[:15]}"
    if kind == "row-lock":
        raise Refused("UNABLE_TO_LOCK_ROW", said)
    if kind == "trigger-lock":
        raise Refused(
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            "TaskTrigger: execution of AfterInsert\n\ncaused by: System.DmlException: Update failed. First exception "
            f"on row 0 with id {one}; first error: UNABLE_TO_LOCK_ROW, {said}: []\n\nTrigger.TaskTrigger: line 7",
        )
    if kind == "flow-lock":
        raise Refused(
            "CANNOT_EXECUTE_FLOW_TRIGGER",
            "The record couldn’t be saved because it failed to trigger a flow. A flow trigger failed to execute the "
            f"flow with version ID 301000000000001. This error occurred: UNABLE_TO_LOCK_ROW: {said}.",
        )
    if kind == "automation-limit":
        raise Refused(
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "TaskTrigger: System.LimitException: Apex CPU time limit exceeded"
        )


def _assigns() -> bool:
    return request.headers.get("Sforce-Auto-Assign", "TRUE").upper() != "FALSE"


def blueprint(org: Org) -> Blueprint:
    """The REST resources of My Domain."""
    pages = Blueprint("rest", __name__)

    @pages.before_request
    def guard() -> Response | None:
        return _guard(org)

    @pages.errorhandler(Refused)
    def refused(error: Refused) -> Response:
        return api_error(error.status, error.code, error.message, list(error.fields))

    @pages.after_request
    def usage(response: Response) -> Response:
        if request.path.rstrip("/") != "/services/data":
            used, most = org.counters.services_data, org.settings.api_limit
            response.headers["Sforce-Limit-Info"] = f"api-usage={used}/{most}"
        return response

    @pages.get("/services/data")
    def versions() -> Response:
        return _answer([{"label": label, "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
                        for label, number in SHOWN])  # fmt: skip

    @pages.get("/services/data/v<version>")
    def resources(version: str) -> Response:
        base = f"/services/data/v{version}"
        names = ("composite", "limits", "parameterizedSearch", "query", "queryAll", "search", "sobjects")
        return _answer({name: f"{base}/{name}" for name in names})

    @pages.get("/services/data/v<version>/limits")
    def limits(version: str) -> Response:
        del version
        most = org.settings.api_limit
        return _answer({"DailyApiRequests": {"Max": most, "Remaining": max(0, most - org.counters.services_data)}})

    _records(pages, org)
    _queries(pages, org)
    _collections(pages, org)

    @pages.route("/services/data/v<version>/<path:rest>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def unknown(version: str, rest: str) -> Response:
        del version
        if rest.startswith(NOT_SIMULATED) or rest.rstrip("/") == "composite":
            return api_error(501, "NOT_SIMULATED", f"This simulator does not have the resource {rest}")
        raise Refused("NOT_FOUND", "The requested resource does not exist", status=404)

    return pages


# single records


def _records(pages: Blueprint, org: Org) -> None:  # noqa: C901 - a list of small resources
    base = "/services/data/v<version>/sobjects"

    @pages.get(base)
    def all_objects(version: str) -> Response:
        return _answer({"encoding": "UTF-8", "maxBatchSize": MAX_ROWS,
                        "sobjects": [_object_summary(one, version) for one in org.schema.values()]})  # fmt: skip

    @pages.get(f"{base}/<name>/describe")
    def describe(version: str, name: str) -> Response:
        known = _known(org, name)
        may = org.field_access(_user(), known.name)
        fields = [_describe_field(org, known, one, may) for one in known.fields.values() if may(one, False)]
        return _answer({**_object_summary(known, version), "fields": fields, "recordTypeInfos": [],
                        "childRelationships": []})  # fmt: skip

    @pages.route(f"{base}/<name>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def one_object(version: str, name: str) -> Response:
        known = _known(org, name)
        if request.method == "GET":
            return _answer({"objectDescribe": _object_summary(known, version), "recentItems": []})
        if request.method != "POST":
            raise _wrong_method("GET,HEAD,POST")
        values = _body()
        _lock_fault(org, None)
        row = rules.create(org, known.name, values, _user(), assign=_assigns())
        return _answer({"id": row["Id"], "success": True, "errors": []}, 201)

    @pages.route(f"{base}/<name>/<record_id>", methods=["GET", "PATCH", "DELETE", "POST", "PUT"])
    def one_record(version: str, name: str, record_id: str) -> Response:
        known = _known(org, name)
        row = _visible(org, rules.existing(org, known.name, record_id))
        if request.method == "GET":
            return _answer(_row(org, known, row, version))
        if request.method == "PATCH":
            values = _body()
            _lock_fault(org, row["Id"])
            rules.update(org, known.name, row, values, _user())
            return Response(status=204)
        if request.method == "DELETE":
            _lock_fault(org, row["Id"])
            rules.delete(org, known.name, row)
            return Response(status=204)
        raise _wrong_method("DELETE,GET,HEAD,PATCH")

    @pages.route(f"{base}/<name>/<field_name>/<path:value>", methods=["GET", "PATCH", "DELETE", "POST"])
    def by_external_id(version: str, name: str, field_name: str, value: str) -> Response:
        known = _known(org, name)
        one = _external_id(org, known, field_name)
        value = unquote(value)
        with org.lock:
            rows = _keyed(org, known, one, value)
            if len(rows) > 1:
                listed = [f"/services/data/v{version}/sobjects/{known.name}/{row['Id']}" for row in rows]
                return _answer(listed, 300)
            if request.method == "PATCH":
                return _upsert_one(org, known, one, value, rows)
            if not rows:
                raise Refused("NOT_FOUND", "The requested resource does not exist", status=404)
            if request.method == "GET":
                return _answer(_row(org, known, rows[0], version))
            if request.method == "DELETE":
                rules.delete(org, known.name, rows[0])
                return Response(status=204)
        raise _wrong_method("DELETE,GET,HEAD,PATCH")


def _known(org: Org, name: str) -> ObjectType:
    known = org.type(name)
    if known is None:
        raise Refused("NOT_FOUND", "The requested resource does not exist", status=404)
    return known


def _visible(org: Org, row: Record) -> Record:
    if not org.visible(row, _user()):
        raise Refused("NOT_FOUND", "The requested resource does not exist", status=404)
    return row


def _external_id(org: Org, known: ObjectType, name: str) -> Field:
    one = known.field(name)
    may = org.field_access(_user(), known.name)
    if one is None or not (one.external_id or one.name == "Id") or not may(one, False):
        raise Refused(
            "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {name}", status=404
        )
    return one


def _keyed(org: Org, known: ObjectType, one: Field, value: Any) -> list[Record]:
    return [rules.existing(org, known.name, str(value))] if one.name == "Id" else org.with_key(known.name, one, value)


def _upsert_one(org: Org, known: ObjectType, one: Field, value: str, rows: list[Record]) -> Response:
    values = _body()
    for name in values:
        if name.lower() in {one.name.lower(), "id"}:
            raise Refused("INVALID_FIELD", f"The {name} field should not be specified in the sobject data.")
    _lock_fault(org, rows[0]["Id"] if rows else None)
    if rows:
        rules.update(org, known.name, rows[0], values, _user())
        return _answer({"id": rows[0]["Id"], "success": True, "errors": [], "created": False})
    if request.args.get("updateOnly", "").lower() == "true":
        raise Refused("NOT_FOUND", "The requested resource does not exist", status=404)
    row = rules.create(org, known.name, {**values, one.name: value}, _user(), assign=_assigns())
    return _answer({"id": row["Id"], "success": True, "errors": [], "created": True}, 201)


def _row(org: Org, known: ObjectType, row: Record, version: str) -> dict[str, Any]:
    may = org.field_access(_user(), known.name)
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
    return {"attributes": soql.attributes(known.name, row["Id"], version), **{name: row.get(name) for name in names}}


def _object_summary(known: ObjectType, version: str) -> dict[str, Any]:
    base = f"/services/data/v{version}/sobjects/{known.name}"
    return {
        "name": known.name,
        "label": known.label or known.name,
        "labelPlural": known.plural or known.label or known.name,
        "keyPrefix": KEY_PREFIXES.get(known.name),
        "custom": False,
        "createable": known.writable,
        "updateable": known.writable,
        "deletable": known.writable,
        "queryable": True,
        "searchable": known.layoutable,
        "layoutable": known.layoutable,
        "retrieveable": True,
        "urls": {"sobject": base, "describe": f"{base}/describe", "rowTemplate": f"{base}/{{ID}}"},
    }


def _describe_field(org: Org, known: ObjectType, one: Field, may: Callable[[Field, bool], bool]) -> dict[str, Any]:
    values: Iterable[tuple[str, str, bool]] = ((value, value, False) for value in one.values)
    if known.name == "Task" and one.name == "Status":
        values = ((row["ApiName"], row["MasterLabel"], row["IsDefault"]) for row in org.rows("TaskStatus"))
    return {
        "name": one.name,
        "label": one.title,
        "type": {"id": "id", "textarea": "textarea"}.get(one.type, one.type),
        "length": one.length,
        "custom": one.custom,
        "createable": one.create and may(one, True),
        "updateable": one.update and may(one, True),
        "nillable": not one.required and one.type not in {"boolean", "id"},
        "filterable": one.type != "textarea",
        "sortable": one.type != "textarea",
        "idLookup": one.external_id or one.name in {"Id", "CaseNumber"},
        "externalId": one.external_id,
        "unique": one.unique,
        "caseSensitive": one.case_sensitive,
        "restrictedPicklist": one.restricted,
        "picklistValues": [
            {"value": value, "label": label, "active": True, "defaultValue": default, "validFor": None}
            for value, label, default in values
        ],
        "referenceTo": list(one.refers_to),
        "relationshipName": one.alias or None,
        "calculated": one.derived,
        "defaultedOnCreate": one.type == "boolean" or one.name in {"Status", "Priority", "OwnerId", "TaskSubtype"},
        "precision": one.precision if one.type == "double" else 0,
        "scale": one.scale,
        "permissionable": one.secured,
    }


# queries and searches


def _queries(pages: Blueprint, org: Org) -> None:
    base = "/services/data/v<version>"

    @pages.get(f"{base}/query", defaults={"deleted": False})
    @pages.get(f"{base}/queryAll", defaults={"deleted": True})
    def query(version: str, deleted: bool) -> Response:
        source = request.args.get("q")
        if not source:
            raise soql.malformed("A query string has to be specified")
        found = soql.run(org, source, _user(), version, deleted=deleted)
        if isinstance(found, int):
            return _answer({"totalSize": found, "done": True, "records": []})
        return _page(org, version, found, 0, None)

    @pages.get(f"{base}/query/<locator>")
    @pages.get(f"{base}/queryAll/<locator>", endpoint="more_all")
    def more(version: str, locator: str) -> Response:
        key, _, start = locator.partition("-")
        kept = org.locators.get(key)
        if kept is None or not start.isdigit() or kept[0] != _user():
            raise Refused("INVALID_QUERY_LOCATOR", "invalid query locator")
        return _page(org, version, kept[1], int(start), key)

    @pages.get(f"{base}/search")
    def search(version: str) -> Response:
        source = request.args.get("q")
        if not source:
            raise sosl.malformed("A search string has to be specified")
        return _answer({"searchRecords": sosl.run(org, source, _user(), version)})

    @pages.route(f"{base}/parameterizedSearch", methods=["GET", "POST"])
    def parameterized(version: str) -> Response:
        said = _body() if request.method == "POST" else _search_arguments()
        return _answer({"searchRecords": _parameterized(org, said, version)})


def _page(org: Org, version: str, found: list[Record], start: int, key: str | None) -> Response:
    match = re.search(r"batchSize=(\d+)", request.headers.get("Sforce-Query-Options", ""))
    size = min(max(int(match.group(1)), PAGE[0]), PAGE[1]) if match else PAGE[1]
    body: dict[str, Any] = {"totalSize": len(found), "done": start + size >= len(found)}
    if not body["done"]:
        if key is None:
            with org.lock:
                key = f"01g5g00000{len(org.locators):05d}AAA"
                org.locators[key] = (_user(), found, size)
        body["nextRecordsUrl"] = f"/services/data/v{version}/query/{key}-{start + size}"
    body["records"] = found[start : start + size]
    return _answer(body)


def _search_arguments() -> dict[str, Any]:
    names = [name for name in request.args.getlist("sobject") for name in name.split(",") if name]
    said: dict[str, Any] = {"q": request.args.get("q"), "in": request.args.get("in", "ALL"), "sobjects": []}
    if "fields" in request.args:
        said["fields"] = request.args["fields"].split(",")
    for limit in ("overallLimit", "defaultLimit", "offset"):
        if limit in request.args:
            said[limit] = int(request.args[limit])
    for name in names:
        one: dict[str, Any] = {"name": name}
        if f"{name}.fields" in request.args:
            one["fields"] = request.args[f"{name}.fields"].split(",")
        if f"{name}.limit" in request.args:
            one["limit"] = int(request.args[f"{name}.limit"])
        if f"{name}.where" in request.args:
            one["where"] = request.args[f"{name}.where"]
        said["sobjects"].append(one)
    return said


def _parameterized(org: Org, said: dict[str, Any], version: str) -> list[dict[str, Any]]:
    unknown = set(said) - {"q", "in", "fields", "sobjects", "overallLimit", "defaultLimit"}
    if unknown:
        raise Refused("INVALID_SEARCH", f"not simulated in a parameterized search: {', '.join(sorted(unknown))}")
    text = said.get("q")
    if not isinstance(text, str) or not text.strip():
        raise Refused("INVALID_SEARCH", "A search string has to be specified")
    group = str(said.get("in", "ALL")).upper()
    if group not in sosl.GROUPS:
        raise Refused("INVALID_SEARCH", f"unknown search group: {group}")
    escaped = "".join(f"\\{char}" if char in sosl.RESERVED - {'"', "*", "?", "(", ")"} else char for char in text)
    wanted = []
    objects = said.get("sobjects") or [{"name": name} for name in sosl.DEFAULT_OBJECTS]
    for one in objects:
        fields = tuple(one.get("fields") or said.get("fields") or ("Id",))
        clauses = f"WHERE {one['where']}" if one.get("where") else ""
        limit = one.get("limit", said.get("defaultLimit"))
        wanted.append(sosl.Wanted(one["name"], fields, f"{clauses} LIMIT {limit}" if limit else clauses))
    total = int(said.get("overallLimit") or org.settings.sosl_row_limit)
    search = sosl.Search(escaped)
    return sosl.find(org, search, group, wanted, total, user_id=_user(), version=version, source=text)


# collections


def _collections(pages: Blueprint, org: Org) -> None:
    base = "/services/data/v<version>/composite/sobjects"

    @pages.route(base, methods=["POST", "PATCH", "DELETE"])
    def collection(version: str) -> Response:
        del version
        if request.method == "DELETE":
            ids = [one for one in request.args.get("ids", "").split(",") if one]
            work: list[Callable[[], Outcome]] = [lambda one=one: _delete_row(org, one) for one in ids]  # type: ignore[misc]  # a default binds it
            return _answer(_all(org, work, all_or_none=request.args.get("allOrNone", "false").lower() == "true"))
        said, rows = _rows()
        _parse(org, rows)
        if request.method == "POST":
            work = [lambda row=row: _create_row(org, row) for row in rows]  # type: ignore[misc]  # a default binds it
        else:
            seen: set[str] = set()
            work = [lambda row=row: _update_row(org, row, seen) for row in rows]  # type: ignore[misc]  # a default binds it
        return _answer(_all(org, work, all_or_none=bool(said.get("allOrNone", False))))

    @pages.patch(f"{base}/<name>/<field_name>")
    def upsert(version: str, name: str, field_name: str) -> Response:
        del version
        known = _known(org, name)
        one = _external_id(org, known, field_name)
        said, rows = _rows()
        _parse(org, rows)
        seen: set[str] = set()
        work: list[Callable[[], Outcome]] = [
            lambda row=row: _upsert_row(org, known, one, row, seen) for row in rows  # type: ignore[misc]  # a default binds it
        ]  # fmt: skip
        return _answer(_all(org, work, all_or_none=bool(said.get("allOrNone", False))))


def _rows() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    said = _body()
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


def _all(org: Org, work: list[Callable[[], Outcome]], *, all_or_none: bool) -> list[dict[str, Any]]:
    if len(work) > MAX_ROWS:
        raise _too_many()
    with org.lock:
        before = org.snapshot() if all_or_none else None
        outcomes = []
        for one in work:
            try:
                outcomes.append(one())
            except Refused as error:
                outcomes.append(Outcome(error=error))
        if before is not None and any(one.error for one in outcomes):
            org.restore(before)
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
        known = org.type(str(attributes.get("type"))) if isinstance(attributes, dict) else None
        if known is not None:
            rules.parse(org, known.name, _values(row, "id"), _user())


def _values(row: dict[str, Any], *without: str) -> dict[str, Any]:
    left = {name.lower() for name in without} | {"attributes"}
    return {name: value for name, value in row.items() if name.lower() not in left}


def _create_row(org: Org, row: dict[str, Any]) -> Outcome:
    known = _type_of(org, row)
    _lock_fault(org, None)
    return Outcome(rules.create(org, known.name, _values(row), _user(), assign=_assigns())["Id"])


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
    found = org.find(id18, deleted=True)
    if found is None or not org.visible(found, _user()):
        raise Refused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    if found.get("IsDeleted"):
        raise Refused("ENTITY_IS_DELETED", "entity is deleted")
    _lock_fault(org, id18)
    rules.update(org, known.name, found, _values(row, "id"), _user())
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
    found = _keyed(org, known, one, value)
    if len(found) > 1:
        listed = ", ".join(row["Id"][:15] for row in found)
        said = f"{one.name}: more than one record found for external id field: [{listed}]"
        raise Refused("DUPLICATE_EXTERNAL_ID", said, (one.name,))
    _lock_fault(org, found[0]["Id"] if found else None)
    if found:
        rules.update(org, known.name, found[0], _values(row, one.name), _user())
        return Outcome(found[0]["Id"], created=False)
    made = rules.create(org, known.name, _values(row), _user(), assign=_assigns())
    return Outcome(made["Id"], created=True)


def _delete_row(org: Org, record_id: str) -> Outcome:
    id18 = to18(record_id)
    name = object_of(id18) if id18 else None
    if id18 is None or name is None:
        raise Refused("MALFORMED_ID", f"malformed id {record_id}")
    row = rules.existing(org, name, id18)
    _lock_fault(org, id18)
    rules.delete(org, name, row)
    return Outcome(id18)

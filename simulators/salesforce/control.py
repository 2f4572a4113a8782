"""The control interface, `/_sim/…`: what tests and the demo read and change. No part of Salesforce.

Loopback only, like the whole server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, request

from . import rules
from .http import set_session
from .ids import object_of
from .lightning.pages import activities
from .refusal import Refused

if TYPE_CHECKING:
    from .org import Org
    from .records import Record


def _bad(message: str) -> Response:
    answer = jsonify({"error": message})
    answer.status_code = 400
    return answer


def _public(row: Record) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not name.startswith("_")}


def _body() -> dict[str, Any]:
    said = request.get_json(silent=True)
    return said if isinstance(said, dict) else {}


def blueprint(org: Org) -> Blueprint:
    """The control resources."""
    pages = Blueprint("control", __name__, url_prefix="/_sim")
    _people(pages, org)
    _data(pages, org)
    _switches(pages, org)
    _withheld(pages, org)
    return pages


def _people(pages: Blueprint, org: Org) -> None:
    @pages.get("/state")
    def state() -> Response:
        apps = org.world.apps
        with org.lock:
            return jsonify(
                {
                    "org": {
                        "id": org.id,
                        "name": org.world.name,
                        "my_domain_url": org.site.my_origin,
                        "lightning_origin": org.site.lightning_origin,
                        "vf_origin": org.site.vf_origin,
                        "canvas_name": apps.canvas_name,
                        "canvas_key": apps.canvas_key,
                        "canvas_secret": apps.canvas_secret,
                        "canvas_url": f"{org.site.connector_url}/canvas",
                        "client_id": apps.client_id,
                        "client_secret": apps.client_secret,
                        "run_as": apps.run_as,
                    },
                    "settings": org.settings_json(),
                    "users": {row["Username"]: row["Id"] for row in org.records.rows("User")},
                    "permission_sets": {
                        row["Username"]: sorted(org.access.permission_sets_of(row["Id"]))
                        for row in org.records.rows("User")
                    },
                    "records": {
                        name: [{"id": row["Id"], "name": row.get("Name") or row.get("Subject"),
                                "number": row.get("CaseNumber")} for row in org.records.rows(name)]
                        for name in ("Account", "Contact", "Lead", "Case")
                    },
                    "fault": {"kind": org.faults.kind, "left": org.faults.left, "seconds": org.faults.seconds},
                }
            )  # fmt: skip

    @pages.post("/login")
    def login() -> Response:
        name = str(_body().get("user", ""))
        try:
            session = org.sessions.sign_in(name)
        except KeyError:
            return _bad(f"no active user {name!r}")
        token = org.sessions.canvas_token(session)
        return set_session(jsonify({"user_id": session.user_id, "sid": session.sid, "token": token.value}), session)

    @pages.post("/permission-sets")
    def permission_sets() -> Response:
        """Assign or take away a permission set: `{user, name, assigned: bool}`."""
        said = _body()
        name, assigned = str(said.get("name", "Fcc_Access")), bool(said.get("assigned", True))
        try:
            org.access.assign(str(said.get("user", "")), name, assigned)
        except KeyError as error:
            return _bad(f"unknown {error}")
        return jsonify({"ok": True})

    @pages.post("/hide")
    def hide() -> Response:
        """Keep a record from a person, as private sharing would: `{recordId, user, hidden: bool}`."""
        said = _body()
        try:
            org.access.hide(str(said.get("recordId", "")), str(said.get("user", "")), bool(said.get("hidden", True)))
        except KeyError as error:
            return _bad(f"unknown {error}")
        return jsonify({"ok": True})

    @pages.post("/expire-tokens")
    def expire() -> Response:
        return jsonify({"expired": org.sessions.expire_tokens()})


def _data(pages: Blueprint, org: Org) -> None:
    @pages.get("/tasks")
    def tasks() -> Response:
        with org.lock:
            return jsonify({"tasks": [_public(row) for row in org.records.rows("Task", deleted=True)]})

    @pages.get("/cases")
    def cases() -> Response:
        with org.lock:
            return jsonify({"cases": [_public(row) for row in org.records.rows("Case", deleted=True)]})

    @pages.get("/records/<record_id>")
    def one_record(record_id: str) -> Response:
        row = org.records.find(record_id, deleted=True)
        return _bad("no such record") if row is None else jsonify(_public(row))

    @pages.get("/records/<record_id>/activities")
    def history(record_id: str) -> Response:
        return jsonify({"activities": activities(org, record_id)})

    @pages.post("/records")
    def put_record() -> Response:
        """Create (`{type, …}`), change (`{Id, …}`) or delete (`{Id, delete: true}`), every field in reach."""
        said = _body()
        kind = said.pop("type", None)
        actor = org.records.user_by_name(org.world.apps.run_as)["Id"] if org.world.apps.run_as else org.owner_id
        try:
            with org.lock:
                if "Id" not in said:
                    known = org.records.type(str(kind))
                    if known is not None and known.field("OwnerId"):
                        said.setdefault("OwnerId", org.owner_id)
                    return jsonify(_public(rules.create(org, str(kind), said, actor, free=True)))
                record_id = str(said.pop("Id"))
                name = object_of(record_id) or ""
                row = rules.existing(org, name, record_id)
                if said.pop("delete", False):
                    rules.delete(org, name, row)
                else:
                    rules.update(org, name, row, said, actor, free=True)
                return jsonify(_public(row))
        except Refused as error:
            return _bad(str(error))


def _switches(pages: Blueprint, org: Org) -> None:
    @pages.get("/counters")
    def counters() -> Response:
        with org.lock:
            return jsonify(org.counters.as_json())

    @pages.post("/counters/reset")
    def reset_counters() -> Response:
        with org.lock:
            org.counters.requests.clear()
            org.counters.rows.clear()
            org.counters.services_data = 0
            return jsonify(org.counters.as_json())

    @pages.get("/requests")
    def requests() -> Response:
        with org.lock:
            return jsonify({"requests": list(org.counters.recent)})

    @pages.post("/fail")
    def fail() -> Response:
        said = _body()
        count = said.get("count")
        try:
            with org.lock:
                org.faults.set(str(said.get("kind", "none")), None if count is None else int(count),
                               float(said.get("seconds", 1.0)))  # fmt: skip
        except (TypeError, ValueError) as error:
            return _bad(str(error))
        return jsonify({"kind": org.faults.kind, "left": org.faults.left, "seconds": org.faults.seconds})

    @pages.post("/settings")
    def settings() -> Response:
        try:
            org.change_settings(_body())
        except (ValueError, KeyError) as error:
            return _bad(str(error))
        return jsonify(org.settings_json())

    @pages.post("/reset")
    def reset() -> Response:
        org.reset()
        return jsonify({"ok": True})


def _withheld(pages: Blueprint, org: Org) -> None:
    @pages.post("/fields")
    def fields() -> Response:
        """Let the org lack or hide a field: `{object, field, how: missing | hidden | read-only | shown}`."""
        said = _body()
        object_name, field_name = str(said.get("object", "Task")), str(said.get("field", ""))
        try:
            org.access.withhold(object_name, field_name, str(said.get("how", "hidden")))
        except KeyError as error:
            return _bad(f"unknown {error}")
        except ValueError as error:
            return _bad(str(error))
        return jsonify({"withheld": org.access.withheld})

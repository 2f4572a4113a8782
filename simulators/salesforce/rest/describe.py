"""Describes: which objects there are, what may be done with them, and what this user has of their fields.

Source: Salesforce "REST API Developer Guide", Describe Global, sObject Describe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulators.salesforce.ids import KEY_PREFIXES

from .addressing import known_object
from .collections import MAX_ROWS
from .messages import answer, user_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flask import Blueprint, Response

    from simulators.salesforce.org import Org
    from simulators.salesforce.schema.types import Field, ObjectType


def add_routes(pages: Blueprint, org: Org) -> None:
    """Describe Global and sObject Describe."""
    base = "/services/data/v<version>/sobjects"

    @pages.get(base)
    def all_objects(version: str) -> Response:
        return answer({"encoding": "UTF-8", "maxBatchSize": MAX_ROWS,
                        "sobjects": [summary(one, version) for one in org.records.schema.values()]})  # fmt: skip

    @pages.get(f"{base}/<name>/describe")
    def describe(version: str, name: str) -> Response:
        known = known_object(org, name)
        may = org.access.field_access(user_id(), known.name)
        fields = [_field(org, known, one, may) for one in known.fields.values() if may(one, False)]
        return answer({**summary(known, version), "fields": fields, "recordTypeInfos": [],
                        "childRelationships": []})  # fmt: skip


def summary(known: ObjectType, version: str) -> dict[str, Any]:
    """What is said of an object without its fields."""
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


def _field(org: Org, known: ObjectType, one: Field, may: Callable[[Field, bool], bool]) -> dict[str, Any]:
    values: Iterable[tuple[str, str, bool]] = ((value, value, False) for value in one.values)
    if known.name == "Task" and one.name == "Status":
        values = ((row["ApiName"], row["MasterLabel"], row["IsDefault"]) for row in org.records.rows("TaskStatus"))
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

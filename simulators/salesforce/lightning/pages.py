"""What Lightning's pages show of the org's data: navigation, record pages with their activity history, lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulators.salesforce.ids import object_of

from .layouts import COLUMNS, FORMS, HIGHLIGHTS, LABELS, LAYOUTS, NAVIGATION
from .rows import info, name_of, phones_of, shown_fields

if TYPE_CHECKING:
    from simulators.salesforce.org import Org
    from simulators.salesforce.records import Record


def navigation(org: Org) -> list[dict[str, str | bool]]:
    """The objects in the navigation bar."""
    return [
        {"name": name, "plural": org.records.schema[name.lower()].plural, "icon": org.records.schema[name.lower()].icon,
         "label": org.records.schema[name.lower()].label, "creatable": name in FORMS}
        for name in NAVIGATION
    ]  # fmt: skip


def record(org: Org, record_id: str, user_id: str) -> dict[str, Any] | None:
    """A record page's content, None when there is no such record (or no page of it) for this person."""
    with org.lock:
        row = org.records.find(record_id)
        kind = object_of(row["Id"]) if row is not None else None
        if row is None or kind not in LAYOUTS or not org.access.visible(row, user_id):
            return None
        known = org.records.schema[kind.lower()]
        custom = tuple(one.name for one in known.fields.values() if one.custom)
        return {
            "id": row["Id"],
            "object": kind,
            "objectLabel": known.label,
            "icon": known.icon,
            "title": row["Subject"] if kind == "Case" and row["Subject"] else name_of(row),
            "name": name_of(row),
            "info": info(org, row),
            "highlights": shown_fields(org, kind, HIGHLIGHTS[kind], row),
            "details": shown_fields(org, kind, LAYOUTS[kind], row),
            "custom": shown_fields(org, kind, custom, row),
            "system": shown_fields(
                org, kind, ("CreatedById", "CreatedDate", "LastModifiedById", "LastModifiedDate"), row
            ),
            "related": _related(org, kind, row),
            "activities": activities(org, row["Id"]) if kind != "Task" else [],
        }


def _related(org: Org, kind: str, row: Record) -> list[dict[str, Any]]:
    wanted = {"Account": (("Contact", "AccountId"), ("Case", "AccountId")), "Contact": (("Case", "ContactId"),)}
    made = []
    for child, field_name in wanted.get(kind, ()):
        rows = [one for one in org.records.rows(child) if one[field_name] == row["Id"]]
        made.append(
            {
                "object": child,
                "icon": org.records.schema[child.lower()].icon,
                "title": org.records.schema[child.lower()].plural,
                "rows": [
                    {"id": one["Id"], "name": name_of(one), "info": info(org, one),
                     "text": one.get("Subject") or one.get("Title") or "",
                     "phones": phones_of(org, child, one)}
                    for one in rows
                ],
            }
        )  # fmt: skip
    return made


def activities(org: Org, record_id: str) -> list[dict[str, Any]]:
    """The activity history of a record, newest first: its tasks, and for accounts those of its contacts and cases."""
    rows = [
        row
        for row in org.records.rows("Task")
        if record_id in {row["WhoId"], row["WhatId"], row["AccountId"]}
    ]  # fmt: skip
    rows.sort(key=lambda row: (row.get("FCC_Started_At__c") or row["CreatedDate"], row["Id"]), reverse=True)
    return [_activity(org, row) for row in rows]


def _activity(org: Org, row: Record) -> dict[str, Any]:
    who, what, owner = (org.records.find(row[name] or "") for name in ("WhoId", "WhatId", "OwnerId"))
    return {
        "id": row["Id"],
        "subject": row["Subject"] or "[No Subject]",
        "subtype": row["TaskSubtype"],
        "callType": row["CallType"],
        "status": row["Status"],
        "closed": row["IsClosed"],
        "duration": row["CallDurationInSeconds"],
        "outcome": row.get("FCC_Outcome__c") or row["CallDisposition"],
        "number": row.get("FCC_Number__c"),
        "at": row.get("FCC_Started_At__c") or row["CreatedDate"],
        "date": row["ActivityDate"],
        "description": row["Description"],
        "who": {"id": who["Id"], "name": name_of(who)} if who else None,
        "what": {"id": what["Id"], "name": name_of(what)} if what else None,
        "owner": name_of(owner) if owner else None,
        "recording": row.get("FCC_Recording_Url__c"),
    }


def list_view(org: Org, object_name: str, wanted: str, user_id: str) -> dict[str, Any] | None:
    """An object's list view; `wanted` "Mine" shows the person's own records only."""
    known = org.records.type(object_name)
    if known is None or known.name not in COLUMNS:
        return None
    with org.lock:
        rows = org.access.visible_rows(known.name, user_id)
        if wanted == "Mine":
            rows = [row for row in rows if row["OwnerId"] == user_id]
        if known.name == "Task":
            rows = rows[::-1]
        columns = tuple(name for name in COLUMNS[known.name] if known.field(name))
        return {
            "object": known.name,
            "label": known.label,
            "plural": known.plural,
            "icon": known.icon,
            "creatable": known.name in FORMS,
            "view": "My " + known.plural if wanted == "Mine" else f"All {known.plural}",
            "columns": [{"name": name, "label": LABELS.get(name, (known.field(name) or known.fields["id"]).title)}
                        for name in columns],
            "rows": [{"id": row["Id"], "name": name_of(row), "info": info(org, row),
                      "cells": shown_fields(org, known.name, columns, row)} for row in rows],
        }  # fmt: skip

"""What Lightning shows of the org's data: record pages, lists, search results, forms, activity history."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from simulators.salesforce import rules, sosl
from simulators.salesforce.ids import object_of, to18

if TYPE_CHECKING:
    from simulators.salesforce.org import Org
    from simulators.salesforce.records import Record

NAVIGATION: Final = ("Account", "Contact", "Lead", "Case", "Task", "Campaign")

LAYOUTS: Final[dict[str, tuple[str, ...]]] = {
    "Account": ("Name", "Phone", "Type", "Industry", "Website", "BillingCity", "OwnerId", "Description"),
    "Contact": ("Name", "AccountId", "Title", "Email", "Phone", "MobilePhone", "HomePhone", "OtherPhone",
                "AssistantPhone", "OwnerId", "Description"),
    "Lead": ("Name", "Company", "Title", "Email", "Phone", "MobilePhone", "Status", "OwnerId", "Description"),
    "Case": ("CaseNumber", "Subject", "Status", "Priority", "Origin", "ContactId", "ContactPhone", "ContactMobile",
             "AccountId", "SuppliedPhone", "OwnerId", "Description"),
    "Task": ("Subject", "Status", "Priority", "TaskSubtype", "CallType", "CallDurationInSeconds", "CallDisposition",
             "CallObject", "ActivityDate", "WhoId", "WhatId", "OwnerId", "Description"),
    "Campaign": ("Name", "IsActive", "Status", "Type", "OwnerId"),
    "Opportunity": ("Name", "AccountId", "StageName", "CloseDate", "OwnerId"),
}  # fmt: skip

HIGHLIGHTS: Final[dict[str, tuple[str, ...]]] = {
    "Account": ("Type", "Phone", "Website", "OwnerId"),
    "Contact": ("Title", "AccountId", "Phone", "MobilePhone", "Email"),
    "Lead": ("Title", "Company", "Phone", "MobilePhone", "Email"),
    "Case": ("Priority", "Status", "CaseNumber", "ContactId", "ContactMobile"),
    "Task": ("Status", "CallType", "WhoId", "WhatId", "OwnerId"),
    "Campaign": ("Status", "Type", "OwnerId"),
    "Opportunity": ("StageName", "AccountId", "OwnerId"),
}

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "Account": ("Name", "Phone", "BillingCity", "OwnerId"),
    "Contact": ("Name", "AccountId", "Title", "Phone", "MobilePhone", "Email"),
    "Lead": ("Name", "Company", "Phone", "MobilePhone", "Status"),
    "Case": ("CaseNumber", "Subject", "Status", "ContactId", "ContactMobile", "OwnerId"),
    "Task": ("Subject", "CallType", "Status", "CallDurationInSeconds", "FCC_Outcome__c", "WhoId", "WhatId", "OwnerId",
             "CreatedDate"),
    "Campaign": ("Name", "Status", "Type"),
    "Opportunity": ("Name", "AccountId", "StageName"),
}  # fmt: skip

FORMS: Final[dict[str, tuple[str, ...]]] = {
    "Account": ("Name", "Phone", "Website", "Description"),
    "Contact": ("FirstName", "LastName", "AccountId", "Phone", "MobilePhone", "Email"),
    "Lead": ("FirstName", "LastName", "Company", "Phone", "MobilePhone", "Email"),
    "Case": ("Subject", "ContactId", "AccountId", "Status", "Priority", "Origin", "SuppliedPhone", "Description"),
    "Task": ("Subject", "Status", "WhoId", "WhatId", "Description"),
}

LABELS: Final = {
    "AccountId": "Account Name", "ContactId": "Contact Name", "OwnerId": "Owner", "WhoId": "Name",
    "WhatId": "Related To",
    "MobilePhone": "Mobile", "CaseNumber": "Case Number", "BillingCity": "Billing City", "HomePhone": "Home Phone",
    "OtherPhone": "Other Phone", "AssistantPhone": "Asst. Phone", "ContactPhone": "Contact Phone",
    "ContactMobile": "Contact Mobile", "SuppliedPhone": "Web Phone", "CallType": "Call Type",
    "CallDurationInSeconds": "Call Duration", "CallDisposition": "Call Result", "CallObject": "Call Object Identifier",
    "ActivityDate": "Due Date", "TaskSubtype": "Task Subtype", "FirstName": "First Name", "LastName": "Last Name",
    "CreatedDate": "Created Date", "CreatedById": "Created By", "LastModifiedById": "Last Modified By",
    "LastModifiedDate": "Last Modified Date", "IsActive": "Active", "StageName": "Stage", "CloseDate": "Close Date",
}  # fmt: skip

SEARCHED: Final = ("Contact", "Account", "Lead", "Case")
MIN_SEARCH: Final = 2
WHOLE_NUMBER: Final = 9


def navigation(org: Org) -> list[dict[str, str | bool]]:
    """The objects in the navigation bar."""
    return [
        {"name": name, "plural": org.records.schema[name.lower()].plural, "icon": org.records.schema[name.lower()].icon,
         "label": org.records.schema[name.lower()].label, "creatable": name in FORMS}
        for name in NAVIGATION
    ]  # fmt: skip


def name_of(row: Record) -> str:
    """What a record is called on the screen."""
    kind = object_of(row["Id"])
    if kind == "Case":
        return str(row["CaseNumber"])
    return str(row.get("Name") or row.get("Subject") or row["Id"])


def info(org: Org, row: Record) -> dict[str, Any]:
    """What Open CTI tells an adapter about a record: the payload of a click or of a navigation, without the address."""
    kind = object_of(row["Id"]) or ""
    made: dict[str, Any] = {"recordId": row["Id"], "recordName": name_of(row), "objectType": kind}
    if org.settings.person_accounts:
        if kind == "Account" and row.get("IsPersonAccount"):
            made |= {"accountId": row["Id"], "contactId": row["PersonContactId"], "personAccount": True}
        elif kind == "Contact":
            account = org.records.find(row["AccountId"] or "")
            if account is not None and account.get("IsPersonAccount"):
                made |= {"accountId": account["Id"], "personAccount": True}
    return made


def _field(org: Org, kind: str, name: str, row: Record) -> dict[str, Any] | None:
    known = org.records.schema[kind.lower()].field(name)
    if known is None:
        return None
    value = row.get(known.name)
    made: dict[str, Any] = {
        "name": known.name,
        "label": LABELS.get(known.name, known.title),
        "type": known.type,
        "value": value,
        "custom": known.custom,
    }
    if known.type == "reference" and value:
        target = org.records.find(value)
        made["text"] = name_of(target) if target else value
        made["icon"] = (object_of(value) or "record").lower()
        made["linked"] = object_of(value) in LAYOUTS
    return made


def _fields(org: Org, kind: str, names: tuple[str, ...], row: Record) -> list[dict[str, Any]]:
    return [one for name in names if (one := _field(org, kind, name, row)) is not None]


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
            "highlights": _fields(org, kind, HIGHLIGHTS[kind], row),
            "details": _fields(org, kind, LAYOUTS[kind], row),
            "custom": _fields(org, kind, custom, row),
            "system": _fields(org, kind, ("CreatedById", "CreatedDate", "LastModifiedById", "LastModifiedDate"), row),
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
                     "phones": _phones(org, child, one)}
                    for one in rows
                ],
            }
        )  # fmt: skip
    return made


def _phones(org: Org, kind: str, row: Record) -> list[str]:
    return [row[name] for name in org.records.schema[kind.lower()].phone_fields if row.get(name)]


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
                      "cells": _fields(org, known.name, columns, row)} for row in rows],
        }  # fmt: skip


def digits(value: str | None) -> str:
    """The digits of a text."""
    return re.sub(r"\D", "", value or "")


def _found(row: Record, phones: list[str], wanted: str) -> bool:
    """Whether a record's name, subject or e-mail holds the text, or one of its numbers the text's digits."""
    words = f"{name_of(row)} {row.get('Subject') or ''} {row.get('Email') or ''}".lower()
    if len(wanted) >= MIN_SEARCH and wanted.lower() in words:
        return True
    numbers = digits(wanted)
    known = [digits(phone) for phone in phones]
    return len(numbers) >= MIN_SEARCH and any(
        numbers in phone or (len(phone) >= WHOLE_NUMBER and phone in numbers) for phone in known
    )


def search(org: Org, wanted: str, user_id: str) -> dict[str, Any]:
    """Global search: by words in the name, or by the digits of any phone number."""
    wanted = wanted.strip()
    groups: list[dict[str, Any]] = []
    with org.lock:
        for kind in SEARCHED:
            known = org.records.schema[kind.lower()]
            hits = [
                row
                for row in org.access.visible_rows(kind, user_id)
                if sosl.indexed(org, row) and _found(row, _phones(org, kind, row), wanted)
            ]
            if hits:
                groups.append(
                    {
                        "object": kind,
                        "plural": known.plural,
                        "icon": known.icon,
                        "rows": [
                            {"id": row["Id"], "name": name_of(row), "info": info(org, row),
                             "text": row.get("Subject") or row.get("Title") or row.get("Company") or "",
                             "phones": _phones(org, kind, row), "record": _softphone_row(kind, row)}
                            for row in hits
                        ],
                    }
                )  # fmt: skip
    return {"query": wanted, "groups": groups}


def _softphone_row(kind: str, row: Record) -> dict[str, Any]:
    made = {"Id": row["Id"], "Name": name_of(row), "RecordType": kind, "LastModifiedDate": row["LastModifiedDate"]}
    if "Phone" in row:
        made["Phone"] = row["Phone"]
    if row.get("IsPersonAccount"):
        made |= {"IsPersonAccount": True, "PersonContactId": row["PersonContactId"]}
    return made


def softphone_layout(org: Org) -> dict[str, Any]:
    """The softphone layout in force, as getSoftphoneLayout gives it: the one Salesforce makes by default."""
    objects = {
        name: [{"displayName": "Name", "apiName": "Name"}, {"displayName": "Phone", "apiName": "Phone"}]
        for name in ("Account", "Contact", "Lead")
    }
    pops = {
        "screenPopsOpenWithin": "ExistingWindow",
        "NoMatch": {"screenPopType": "DoNotPop"},
        "SingleMatch": {"screenPopType": "PopToEntity"},
        "MultipleMatches": {"screenPopType": "DoNotPop"},
    }
    fields = ["ANI", "DNIS", "SEGMENT", "QUEUE"]
    del org
    return {
        "Inbound": {"callRelatedFields": fields, "objects": objects, "screenPopSettings": pops},
        "Outbound": {"callRelatedFields": ["DNIS"], "objects": objects, "screenPopSettings": pops},
        "Internal": {"callRelatedFields": ["ANI", "DNIS"], "objects": {}, "screenPopSettings": {}},
    }


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
    except rules.Refused as error:
        return {
            "success": False,
            "id": None,
            "errors": [{"message": error.message, "errorCode": error.code, "fields": list(error.fields)}],
        }
    return {"success": True, "id": row["Id"], "errors": []}

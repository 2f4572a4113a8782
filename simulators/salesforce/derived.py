"""What the platform fills in by itself: defaults, names, the fields that follow from other fields or records.

Source: Salesforce "Object Reference" (Account: person accounts; Case, Contact, Lead, Task), field properties.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .ids import object_of

if TYPE_CHECKING:
    from .records import Record, Records

#: Fields of a person account's contact, and the account's fields that they show.
PERSON_MIRROR: Final = {
    "FirstName": "FirstName", "LastName": "LastName", "Email": "PersonEmail", "Phone": "Phone",
    "MobilePhone": "PersonMobilePhone", "HomePhone": "PersonHomePhone", "OtherPhone": "PersonOtherPhone",
    "AssistantPhone": "PersonAssistantPhone",
}  # fmt: skip


def fill_defaults(records: Records, name: str, row: Record) -> None:
    """Fill what a new row of this object leaves open."""
    if name == "Task":
        default = next((s for s in records.table("TaskStatus").values() if s["IsDefault"]), None)
        row["Status"] = row["Status"] or (default["ApiName"] if default else "Not Started")
        row["Priority"] = row["Priority"] or "Normal"
        row["TaskSubtype"] = row["TaskSubtype"] or "Task"
    elif name == "Case":
        row["CaseNumber"] = row["CaseNumber"] or records.next_case_number()
        row["Status"] = row["Status"] or "New"
        row["Priority"] = row["Priority"] or "Medium"
    elif name == "Lead":
        row["Status"] = row["Status"] or "Open - Not Contacted"


def derive(records: Records, name: str, row: Record) -> None:
    """Fill the fields that the platform works out by itself."""
    if name in {"Contact", "Lead", "User"} or row.get("IsPersonAccount"):
        row["Name"] = " ".join(part for part in (row.get("FirstName"), row.get("LastName")) if part)
        if row.get("IsPersonAccount"):
            _mirror_person(records, row)
    elif name == "Case":
        contact = records.table("Contact").get(row["ContactId"] or "")
        if contact is not None:
            row["AccountId"] = row["AccountId"] or contact["AccountId"]
        for field_name, source in (("ContactPhone", "Phone"), ("ContactMobile", "MobilePhone"),
                                   ("ContactEmail", "Email")):  # fmt: skip
            row[field_name] = contact[source] if contact else None
        closed = row["Status"] == "Closed"
        row["ClosedDate"] = (row["ClosedDate"] or records.timestamp()) if closed else None
        row["IsClosed"] = closed
    elif name == "Task":
        _derive_task(records, row)


def _derive_task(records: Records, row: Record) -> None:
    closed_names = {s["ApiName"] for s in records.table("TaskStatus").values() if s["IsClosed"]}
    row["IsClosed"] = row["Status"] in closed_names
    row["IsHighPriority"] = row["Priority"] == "High"
    if row["IsClosed"]:
        row["CompletedDateTime"] = row["CompletedDateTime"] or records.timestamp()
    else:
        row["CompletedDateTime"] = None
    what, who = row["WhatId"], row["WhoId"]
    account = None
    if what and object_of(what) == "Account":
        account = what
    elif what and (target := records.find(what)) is not None:
        account = target.get("AccountId")
    if account is None and who and (person := records.find(who)) is not None:
        account = person.get("AccountId")
    row["AccountId"] = account


def _mirror_person(records: Records, account: Record) -> None:
    """Show a person account's fields on its contact, where searches find them again."""
    contact = records.table("Contact")[account["PersonContactId"]]
    contact.update({name: account[source] for name, source in PERSON_MIRROR.items()})
    derive(records, "Contact", contact)
    records.touch("Contact", contact)


def become_person(records: Records, account: Record, user_id: str) -> None:
    """Give a person account the contact that stands behind it."""
    account["IsPersonAccount"] = True
    contact = records.insert("Contact", {"LastName": account["LastName"], "AccountId": account["Id"]}, user_id)
    account["PersonContactId"] = contact["Id"]

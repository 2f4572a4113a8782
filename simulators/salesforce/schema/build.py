"""The schema of one org: standard objects, what the package adds, and what of it is under field-level security."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from .columns import index
from .setup import PERMISSION_SET_ASSIGNMENT, READ_ONLY, USER
from .standard import ACCOUNT, CAMPAIGN, CASE, CONTACT, LEAD, OPPORTUNITY, PERSON_ACCOUNT_FIELDS, TASK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .types import Field, ObjectType


#: Standard fields under field-level security, of the objects that a telephony connector meets.
SECURED: Final = {
    "Account": {"Phone", "Fax", "Website", "Type", "Industry", "Description", "ParentId"},
    "Contact": {
        "AccountId", "Title", "Department", "Email", "Phone", "MobilePhone", "HomePhone", "OtherPhone",
        "AssistantPhone", "Fax", "DoNotCall", "LeadSource", "Description",
    },
    "Lead": {"Title", "Email", "Phone", "MobilePhone", "LeadSource", "DoNotCall", "Description"},
    "Case": {
        "Subject", "Priority", "Origin", "Type", "ContactId", "AccountId", "SuppliedPhone", "SuppliedName",
        "SuppliedEmail", "ContactPhone", "ContactMobile", "ContactEmail", "Description", "ClosedDate",
    },
    "Task": {"Subject", "Description", "Type", "ActivityDate", "WhoId", "WhatId", "AccountId", "CompletedDateTime"},
}  # fmt: skip


def _secure(known: ObjectType) -> ObjectType:
    """Mark the fields that are under field-level security, the package's own among them."""
    names = SECURED.get(known.name, set())
    marked = {
        key: replace(one, secured=one.name in names or (one.custom and not one.required))
        for key, one in known.fields.items()
    }
    return replace(known, fields=marked)


def build(activity_fields: Iterable[Field] = (), *, person_accounts: bool = False) -> dict[str, ObjectType]:
    """Every object by lower-case name; `activity_fields` are the package's fields on tasks."""
    account = ACCOUNT
    if person_accounts:
        account = replace(
            account,
            fields={**account.fields, **index(PERSON_ACCOUNT_FIELDS)},
            phone_fields=("Phone", "PersonMobilePhone", "PersonHomePhone", "PersonOtherPhone", "PersonAssistantPhone"),
        )
    task = replace(TASK, fields={**TASK.fields, **index(activity_fields)})
    known = (account, CONTACT, LEAD, CASE, task, CAMPAIGN, OPPORTUNITY, USER, PERMISSION_SET_ASSIGNMENT, *READ_ONLY)
    return {one.name.lower(): _secure(one) for one in known}

"""Every field of Salesforce's objects that the connector reads or writes as its integration user, by object.

The one list of them: whoever asks or writes takes the names from here, the pairing's check compares them with what the
org grants, and the permission set `Fcc_Integration` must grant each that is under field-level security.

Source: Object Reference (Account, Contact, Lead, Case, Task).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTACT_PHONES: Final = ("MobilePhone", "Phone", "HomePhone", "OtherPhone", "AssistantPhone")
LEAD_PHONES: Final = ("MobilePhone", "Phone")
ACCOUNT_PHONES: Final = ("Phone",)
PERSON_PHONES: Final = ("PersonMobilePhone", "PersonHomePhone", "PersonOtherPhone", "PersonAssistantPhone")
PERSON_MARKS: Final = ("IsPersonAccount", "PersonContactId")
CASE_BY_NUMBER: Final = ("Id", "CaseNumber", "Subject", "AccountId", "ContactId")

PEOPLE: Final[Mapping[str, tuple[str, str, str]]] = {
    "Contact": ("Id", "Name", "Email"),
    "Lead": ("Id", "Name", "Email"),
    "Case": ("ContactId", "Contact.Name", "Contact.Email"),
    "Account": ("PersonContactId", "Name", "PersonEmail"),
}
"""Where the person behind a record stands: the id for WhoId, the name, the e-mail address."""

NAMED: Final[Mapping[str, tuple[str, ...]]] = {
    "Contact": ("Id", "Name"),
    "Lead": ("Id", "Name"),
    "Account": ("Id", "Name"),
    "Case": ("Id", "CaseNumber", "ContactId"),
}
"""What is asked about a record that a pane names, by the objects that have people behind them."""

CALL_ID: Final = "FCC_Call_Id__c"

CREATED: Final = ("TaskSubtype", CALL_ID)
"""Fields of a Task that are written with its creation and never again."""

CHANGED: Final = (
    "ActivityDate",
    "CallDisposition",
    "CallDurationInSeconds",
    "CallObject",
    "CallType",
    "Description",
    "OwnerId",
    "Status",
    "Subject",
    "WhatId",
    "WhoId",
    "FCC_Answered_At__c",
    "FCC_Campaign__c",
    "FCC_Cause__c",
    "FCC_Contact_Email__c",
    "FCC_Contact_Name__c",
    "FCC_Conversation_Id__c",
    "FCC_Disconnected_By__c",
    "FCC_Ended_At__c",
    "FCC_Ivr__c",
    "FCC_Number__c",
    "FCC_Outcome__c",
    "FCC_Queue__c",
    "FCC_Recording_Url__c",
    "FCC_Started_At__c",
)
"""Fields of a Task that may also be written later."""

WRITTEN: Final[Mapping[str, frozenset[str]]] = {"Task": frozenset({*CREATED, *CHANGED})}

READ: Final[Mapping[str, frozenset[str]]] = {
    "Account": frozenset({"Id", "Name", *ACCOUNT_PHONES}),
    "Contact": frozenset({*PEOPLE["Contact"], "AccountId", *CONTACT_PHONES}),
    "Lead": frozenset({*PEOPLE["Lead"], "IsConverted", *LEAD_PHONES}),
    "Case": frozenset({*CASE_BY_NUMBER, *(name for name in PEOPLE["Case"] if "." not in name)}),
    "Task": frozenset({"Id", "IsDeleted", "CreatedById", *CREATED, *CHANGED}),
}
"""Every Task field that is written is read too, where it is not known what arrived."""

PERSON_READ: Final = frozenset({*PERSON_MARKS, *PERSON_PHONES, PEOPLE["Account"][2]})
"""What is read of accounts besides, in an org with person accounts.

These columns exist in no other org, so that no permission set can name them everywhere; access to them follows the
contact's fields of the same meaning.
"""

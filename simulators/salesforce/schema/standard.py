"""The standard objects that a telephony connector meets.

Source: Salesforce "Object Reference" (Account, Contact, Lead, Case, Task, Campaign, Opportunity), fields and their
properties.
"""

from __future__ import annotations

from typing import Final

from .columns import flag, index, phone, pick, ref, system, text
from .types import Field, ObjectType

ACCOUNT: Final = ObjectType(
    "Account",
    index(
        [
            *system(owned=True),
            text("Name", required=True),
            phone("Phone"),
            phone("Fax"),
            Field("Website", "url", 255),
            pick("Type", ("Prospect", "Customer - Direct", "Customer - Channel", "Partner", "Other")),
            pick("Industry", ("Food & Beverage", "Manufacturing", "Retail", "Technology", "Other")),
            text("BillingStreet"),
            text("BillingCity", 40),
            text("BillingPostalCode", 20),
            text("BillingCountry", 80),
            Field("Description", "textarea", 32000),
            ref("ParentId", "Account", alias="Parent"),
        ]
    ),
    label="Account", plural="Accounts", icon="account", layoutable=True, phone_fields=("Phone",),
)  # fmt: skip


#: What an org with person accounts has besides; without the feature these columns do not exist.
PERSON_ACCOUNT_FIELDS: Final = (
    flag("IsPersonAccount", write=False),
    text("FirstName", 40),
    text("LastName", 80),
    ref("PersonContactId", "Contact", alias="PersonContact", write=False),
    Field("PersonEmail", "email", 80),
    phone("PersonMobilePhone"),
    phone("PersonHomePhone"),
    phone("PersonOtherPhone"),
    phone("PersonAssistantPhone"),
)


CONTACT: Final = ObjectType(
    "Contact",
    index(
        [
            *system(owned=True),
            text("Name", 121, create=False, update=False, derived=True),
            text("Salutation", 40),
            text("FirstName", 40),
            text("LastName", 80, required=True),
            ref("AccountId", "Account", alias="Account"),
            text("Title", 128),
            text("Department", 80),
            Field("Email", "email", 80),
            phone("Phone"),
            phone("MobilePhone"),
            phone("HomePhone"),
            phone("OtherPhone"),
            phone("AssistantPhone"),
            phone("Fax"),
            flag("DoNotCall"),
            text("MailingCity", 40),
            pick("LeadSource", ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")),
            Field("Description", "textarea", 32000),
        ]
    ),
    label="Contact", plural="Contacts", icon="contact", layoutable=True,
    phone_fields=("Phone", "MobilePhone", "HomePhone", "OtherPhone", "AssistantPhone"),
)  # fmt: skip


LEAD: Final = ObjectType(
    "Lead",
    index(
        [
            *system(owned=True),
            text("Name", 121, create=False, update=False, derived=True),
            text("FirstName", 40),
            text("LastName", 80, required=True),
            text("Company", required=True),
            text("Title", 128),
            Field("Email", "email", 80),
            phone("Phone"),
            phone("MobilePhone"),
            pick("Status", ("Open - Not Contacted", "Working - Contacted", "Closed - Converted",
                             "Closed - Not Converted")),
            pick("LeadSource", ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")),
            flag("IsConverted", write=False),
            flag("DoNotCall"),
            Field("Description", "textarea", 32000),
        ]
    ),
    label="Lead", plural="Leads", icon="lead", layoutable=True, phone_fields=("Phone", "MobilePhone"),
)  # fmt: skip


CASE: Final = ObjectType(
    "Case",
    index(
        [
            *system(owned=True),
            text("CaseNumber", 30, create=False, update=False),
            text("Subject"),
            pick("Status", ("New", "Working", "Escalated", "Closed")),
            pick("Priority", ("High", "Medium", "Low")),
            pick("Origin", ("Phone", "Email", "Web")),
            pick("Type", ("Mechanical", "Electrical", "Electronic", "Structural", "Other")),
            ref("ContactId", "Contact", alias="Contact"),
            ref("AccountId", "Account", alias="Account"),
            Field("SuppliedPhone", "phone", 40),
            text("SuppliedName", 80),
            Field("SuppliedEmail", "email", 80),
            Field("ContactPhone", "phone", 40, create=False, update=False, derived=True),
            Field("ContactMobile", "phone", 40, create=False, update=False, derived=True),
            Field("ContactEmail", "email", 80, create=False, update=False, derived=True),
            Field("Description", "textarea", 32000),
            flag("IsClosed", write=False),
            Field("ClosedDate", "datetime", 0, create=False, update=False),
        ]
    ),
    label="Case", plural="Cases", icon="case", layoutable=True, phone_fields=("SuppliedPhone",),
)  # fmt: skip


TASK_SUBTYPES: Final = ("Task", "Email", "ListEmail", "Cadence", "Call", "LinkedIn", "Note")


TASK: Final = ObjectType(
    "Task",
    index(
        [
            *system(owned=True),
            text("Subject"),
            Field("Description", "textarea", 32000),
            pick("Status", ("Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred")),
            pick("Priority", ("High", "Normal", "Low")),
            pick("Type", ("Call", "Email", "Meeting", "Other")),
            pick("TaskSubtype", TASK_SUBTYPES, restricted=True, update=False),
            pick("CallType", ("Internal", "Inbound", "Outbound"), restricted=True),
            Field("CallDurationInSeconds", "int", 0),
            text("CallObject"),
            text("CallDisposition"),
            Field("ActivityDate", "date", 0),
            ref("WhoId", "Contact", "Lead", alias="Who"),
            ref("WhatId", "Account", "Opportunity", "Case", "Campaign", alias="What"),
            ref("AccountId", "Account", alias="Account", write=False),
            flag("IsClosed", write=False),
            flag("IsHighPriority", write=False),
            flag("IsArchived", write=False),
            Field("CompletedDateTime", "datetime", 0, create=False, update=False),
        ]
    ),
    label="Task", plural="Tasks", icon="task", layoutable=True,
)  # fmt: skip


CAMPAIGN: Final = ObjectType(
    "Campaign",
    index([*system(owned=True), text("Name", 80, required=True), flag("IsActive"),
            pick("Status", ("Planned", "In Progress", "Completed", "Aborted")),
            pick("Type", ("Telemarketing", "Email", "Other"))]),
    label="Campaign", plural="Campaigns", icon="campaign", layoutable=True,
)  # fmt: skip


OPPORTUNITY: Final = ObjectType(
    "Opportunity",
    index([*system(owned=True), text("Name", 120, required=True), ref("AccountId", "Account", alias="Account"),
            pick("StageName", ("Prospecting", "Qualification", "Closed Won", "Closed Lost")),
            Field("CloseDate", "date", 0, required=True)]),
    label="Opportunity", plural="Opportunities", icon="opportunity", layoutable=True,
)  # fmt: skip

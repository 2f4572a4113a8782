"""Which objects and fields Lightning shows where, in this org."""

from __future__ import annotations

from typing import Final

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

"""What objects and fields the org has: the standard ones a telephony connector meets, and what the package adds.

Source: Salesforce "Object Reference" (Account, Contact, Lead, Case, Task, User, TaskStatus, UserRecordAccess,
PermissionSet, PermissionSetAssignment, CallCenter, Organization), fields and their properties.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

FieldType = Literal[
    "id", "string", "textarea", "phone", "email", "url", "picklist", "boolean", "int", "double", "date", "datetime",
    "reference",
]  # fmt: skip


@dataclass(frozen=True)
class Field:
    """One field of an object.

    `length` counts characters (0: no limit of its own); `restricted` picklists take their values only;
    `refers_to` are the objects a reference may name; `alias` is its relationship name in queries. `secured` fields are
    under field-level security: required ones and those of the system are not.
    """

    name: str
    type: FieldType = "string"
    length: int = 255
    label: str = ""
    values: tuple[str, ...] = ()
    restricted: bool = False
    refers_to: tuple[str, ...] = ()
    alias: str = ""
    create: bool = True
    update: bool = True
    required: bool = False
    external_id: bool = False
    unique: bool = False
    case_sensitive: bool = False
    custom: bool = False
    derived: bool = False
    secured: bool = False
    precision: int = 18
    scale: int = 0

    def key(self, value: object) -> str:
        """The value as uniqueness and external ids compare it."""
        return str(value) if self.case_sensitive else str(value).lower()

    @property
    def title(self) -> str:
        """The label, or one made of the name."""
        return self.label or self.name


@dataclass(frozen=True)
class ObjectType:
    """One object: its fields by lower-case name, and what may be done with it over the API."""

    name: str
    fields: dict[str, Field]
    label: str = ""
    plural: str = ""
    writable: bool = True
    icon: str = "record"
    layoutable: bool = False
    phone_fields: tuple[str, ...] = field(default=())

    def field(self, name: str) -> Field | None:
        """The field with this name in any letter case."""
        return self.fields.get(name.lower())


def _index(fields: Iterable[Field]) -> dict[str, Field]:
    return {one.name.lower(): one for one in fields}


def _text(name: str, length: int = 255, **more: bool) -> Field:
    return Field(name, "string", length, create=more.get("create", True), update=more.get("update", True),
                 required=more.get("required", False), derived=more.get("derived", False))  # fmt: skip


def _phone(name: str) -> Field:
    return Field(name, "phone", 40)


def _flag(name: str, *, write: bool = True) -> Field:
    return Field(name, "boolean", 0, create=write, update=write)


def _pick(name: str, values: tuple[str, ...], *, restricted: bool = False, update: bool = True) -> Field:
    return Field(name, "picklist", 255, values=values, restricted=restricted, update=update)


def _ref(name: str, *targets: str, alias: str = "", write: bool = True, required: bool = False) -> Field:
    return Field(name, "reference", 18, refers_to=targets, alias=alias, create=write, update=write, required=required)


def _system(*, owned: bool = False, deletable: bool = True) -> list[Field]:
    made = [
        Field("Id", "id", 18, create=False, update=False),
        Field("CreatedDate", "datetime", 0, create=False, update=False),
        Field("LastModifiedDate", "datetime", 0, create=False, update=False),
        Field("SystemModstamp", "datetime", 0, create=False, update=False),
        _ref("CreatedById", "User", alias="CreatedBy", write=False),
        _ref("LastModifiedById", "User", alias="LastModifiedBy", write=False),
    ]
    if deletable:
        made.append(_flag("IsDeleted", write=False))
    if owned:
        made.append(_ref("OwnerId", "User", alias="Owner"))
    return made


ACCOUNT: Final = ObjectType(
    "Account",
    _index(
        [
            *_system(owned=True),
            _text("Name", required=True),
            _phone("Phone"),
            _phone("Fax"),
            Field("Website", "url", 255),
            _pick("Type", ("Prospect", "Customer - Direct", "Customer - Channel", "Partner", "Other")),
            _pick("Industry", ("Food & Beverage", "Manufacturing", "Retail", "Technology", "Other")),
            _text("BillingStreet"),
            _text("BillingCity", 40),
            _text("BillingPostalCode", 20),
            _text("BillingCountry", 80),
            Field("Description", "textarea", 32000),
            _ref("ParentId", "Account", alias="Parent"),
        ]
    ),
    label="Account", plural="Accounts", icon="account", layoutable=True, phone_fields=("Phone",),
)  # fmt: skip

#: What an org with person accounts has besides; without the feature these columns do not exist.
PERSON_ACCOUNT_FIELDS: Final = (
    _flag("IsPersonAccount", write=False),
    _text("FirstName", 40),
    _text("LastName", 80),
    _ref("PersonContactId", "Contact", alias="PersonContact", write=False),
    Field("PersonEmail", "email", 80),
    _phone("PersonMobilePhone"),
    _phone("PersonHomePhone"),
    _phone("PersonOtherPhone"),
    _phone("PersonAssistantPhone"),
)

CONTACT: Final = ObjectType(
    "Contact",
    _index(
        [
            *_system(owned=True),
            _text("Name", 121, create=False, update=False, derived=True),
            _text("Salutation", 40),
            _text("FirstName", 40),
            _text("LastName", 80, required=True),
            _ref("AccountId", "Account", alias="Account"),
            _text("Title", 128),
            _text("Department", 80),
            Field("Email", "email", 80),
            _phone("Phone"),
            _phone("MobilePhone"),
            _phone("HomePhone"),
            _phone("OtherPhone"),
            _phone("AssistantPhone"),
            _phone("Fax"),
            _flag("DoNotCall"),
            _text("MailingCity", 40),
            _pick("LeadSource", ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")),
            Field("Description", "textarea", 32000),
        ]
    ),
    label="Contact", plural="Contacts", icon="contact", layoutable=True,
    phone_fields=("Phone", "MobilePhone", "HomePhone", "OtherPhone", "AssistantPhone"),
)  # fmt: skip

LEAD: Final = ObjectType(
    "Lead",
    _index(
        [
            *_system(owned=True),
            _text("Name", 121, create=False, update=False, derived=True),
            _text("FirstName", 40),
            _text("LastName", 80, required=True),
            _text("Company", required=True),
            _text("Title", 128),
            Field("Email", "email", 80),
            _phone("Phone"),
            _phone("MobilePhone"),
            _pick("Status", ("Open - Not Contacted", "Working - Contacted", "Closed - Converted",
                             "Closed - Not Converted")),
            _pick("LeadSource", ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")),
            _flag("IsConverted", write=False),
            _flag("DoNotCall"),
            Field("Description", "textarea", 32000),
        ]
    ),
    label="Lead", plural="Leads", icon="lead", layoutable=True, phone_fields=("Phone", "MobilePhone"),
)  # fmt: skip

CASE: Final = ObjectType(
    "Case",
    _index(
        [
            *_system(owned=True),
            _text("CaseNumber", 30, create=False, update=False),
            _text("Subject"),
            _pick("Status", ("New", "Working", "Escalated", "Closed")),
            _pick("Priority", ("High", "Medium", "Low")),
            _pick("Origin", ("Phone", "Email", "Web")),
            _pick("Type", ("Mechanical", "Electrical", "Electronic", "Structural", "Other")),
            _ref("ContactId", "Contact", alias="Contact"),
            _ref("AccountId", "Account", alias="Account"),
            Field("SuppliedPhone", "phone", 40),
            _text("SuppliedName", 80),
            Field("SuppliedEmail", "email", 80),
            Field("ContactPhone", "phone", 40, create=False, update=False, derived=True),
            Field("ContactMobile", "phone", 40, create=False, update=False, derived=True),
            Field("ContactEmail", "email", 80, create=False, update=False, derived=True),
            Field("Description", "textarea", 32000),
            _flag("IsClosed", write=False),
            Field("ClosedDate", "datetime", 0, create=False, update=False),
        ]
    ),
    label="Case", plural="Cases", icon="case", layoutable=True, phone_fields=("SuppliedPhone",),
)  # fmt: skip

TASK_SUBTYPES: Final = ("Task", "Email", "ListEmail", "Cadence", "Call", "LinkedIn", "Note")

TASK: Final = ObjectType(
    "Task",
    _index(
        [
            *_system(owned=True),
            _text("Subject"),
            Field("Description", "textarea", 32000),
            _pick("Status", ("Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred")),
            _pick("Priority", ("High", "Normal", "Low")),
            _pick("Type", ("Call", "Email", "Meeting", "Other")),
            _pick("TaskSubtype", TASK_SUBTYPES, restricted=True, update=False),
            _pick("CallType", ("Internal", "Inbound", "Outbound"), restricted=True),
            Field("CallDurationInSeconds", "int", 0),
            _text("CallObject"),
            _text("CallDisposition"),
            Field("ActivityDate", "date", 0),
            _ref("WhoId", "Contact", "Lead", alias="Who"),
            _ref("WhatId", "Account", "Opportunity", "Case", "Campaign", alias="What"),
            _ref("AccountId", "Account", alias="Account", write=False),
            _flag("IsClosed", write=False),
            _flag("IsHighPriority", write=False),
            _flag("IsArchived", write=False),
            Field("CompletedDateTime", "datetime", 0, create=False, update=False),
        ]
    ),
    label="Task", plural="Tasks", icon="task", layoutable=True,
)  # fmt: skip

CAMPAIGN: Final = ObjectType(
    "Campaign",
    _index([*_system(owned=True), _text("Name", 80, required=True), _flag("IsActive"),
            _pick("Status", ("Planned", "In Progress", "Completed", "Aborted")),
            _pick("Type", ("Telemarketing", "Email", "Other"))]),
    label="Campaign", plural="Campaigns", icon="campaign", layoutable=True,
)  # fmt: skip

OPPORTUNITY: Final = ObjectType(
    "Opportunity",
    _index([*_system(owned=True), _text("Name", 120, required=True), _ref("AccountId", "Account", alias="Account"),
            _pick("StageName", ("Prospecting", "Qualification", "Closed Won", "Closed Lost")),
            Field("CloseDate", "date", 0, required=True)]),
    label="Opportunity", plural="Opportunities", icon="opportunity", layoutable=True,
)  # fmt: skip

USER: Final = ObjectType(
    "User",
    _index(
        [
            *_system(deletable=False),
            _text("Username", 80),
            _text("FirstName", 40),
            _text("LastName", 80),
            _text("Name", 121, create=False, update=False, derived=True),
            Field("Email", "email", 128),
            _flag("IsActive"),
            _text("Alias", 8),
            _text("CommunityNickname", 40),
            _text("LanguageLocaleKey", 40),
            _text("LocaleSidKey", 40),
            _text("TimeZoneSidKey", 40),
            _text("EmailEncodingKey", 40),
            _pick("UserType", ("Standard", "AutomatedProcess", "Guest")),
            _text("FederationIdentifier", 512),
            _text("Title", 80),
            _text("Department", 80),
            _phone("Phone"),
            _phone("MobilePhone"),
            Field("Extension", "phone", 40),
            _ref("ProfileId", "Profile", alias="Profile"),
            _ref("UserRoleId", "UserRole", alias="UserRole"),
            _ref("CallCenterId", "CallCenter", alias="CallCenter"),
        ]
    ),
    label="User", plural="People", icon="user",
)  # fmt: skip

_READ_ONLY: Final = (
    ObjectType("Organization", _index([*_system(deletable=False), _text("Name", 80), _text("InstanceName", 5),
               _flag("IsSandbox"), Field("TrialExpirationDate", "datetime", 0), _text("NamespacePrefix", 15),
               _text("OrganizationType", 40), _text("LanguageLocaleKey", 40), _text("TimeZoneSidKey", 40),
               _text("DefaultLocaleSidKey", 40)]), label="Organization", writable=False),
    ObjectType("Profile", _index([*_system(deletable=False), _text("Name", 80), _text("UserType", 40)]),
               label="Profile", writable=False),
    ObjectType("TaskStatus", _index([*_system(deletable=False), _text("ApiName", 255), _text("MasterLabel", 255),
               _flag("IsClosed"), _flag("IsDefault"), Field("SortOrder", "int", 0)]), label="Task Status Value",
               writable=False),
    ObjectType("PermissionSet", _index([*_system(deletable=False), _text("Name", 80), _text("Label", 80),
               _text("NamespacePrefix", 15), _flag("IsOwnedByProfile"), _flag("IsCustom")]), label="Permission Set",
               writable=False),
    ObjectType("CallCenter", _index([*_system(deletable=False), _text("Name", 80), _text("InternalName", 80),
               _text("AdapterUrl", 2000), Field("CustomSettings", "textarea", 32000),
               Field("Version", "double", 0)]), label="Call Center", writable=False),
    ObjectType("UserRecordAccess", _index([Field("Id", "id", 18), _ref("RecordId"), _ref("UserId", "User"),
               _flag("HasReadAccess"), _flag("HasEditAccess"), _flag("HasDeleteAccess"), _flag("HasTransferAccess"),
               _flag("HasAllAccess"), _text("MaxAccessLevel", 40)]), label="User Record Access", writable=False),
)  # fmt: skip

PERMISSION_SET_ASSIGNMENT: Final = ObjectType(
    "PermissionSetAssignment",
    _index([
        Field("Id", "id", 18, create=False, update=False),
        Field("SystemModstamp", "datetime", 0, create=False, update=False),
        Field("AssigneeId", "reference", 18, refers_to=("User",), alias="Assignee", update=False, required=True),
        Field("PermissionSetId", "reference", 18, refers_to=("PermissionSet",), alias="PermissionSet", update=False),
        Field("ExpirationDate", "datetime", 0, update=False),
        _flag("IsActive", write=False),
    ]),
    label="Permission Set Assignment",
)  # fmt: skip


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
            fields={**account.fields, **_index(PERSON_ACCOUNT_FIELDS)},
            phone_fields=("Phone", "PersonMobilePhone", "PersonHomePhone", "PersonOtherPhone", "PersonAssistantPhone"),
        )
    task = replace(TASK, fields={**TASK.fields, **_index(activity_fields)})
    known = (account, CONTACT, LEAD, CASE, task, CAMPAIGN, OPPORTUNITY, USER, PERMISSION_SET_ASSIGNMENT, *_READ_ONLY)
    return {one.name.lower(): _secure(one) for one in known}

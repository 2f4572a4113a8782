"""Objects of the org's set-up: its people, what they may do, its values. Most are only read over the API.

Source: Salesforce "Object Reference" (User, TaskStatus, UserRecordAccess, PermissionSet, PermissionSetAssignment,
CallCenter, Organization), fields and their properties.
"""

from __future__ import annotations

from typing import Final

from .columns import flag, index, phone, pick, ref, system, text
from .types import Field, ObjectType

USER: Final = ObjectType(
    "User",
    index(
        [
            *system(deletable=False),
            text("Username", 80),
            text("FirstName", 40),
            text("LastName", 80),
            text("Name", 121, create=False, update=False, derived=True),
            Field("Email", "email", 128),
            flag("IsActive"),
            text("Alias", 8),
            text("CommunityNickname", 40),
            text("LanguageLocaleKey", 40),
            text("LocaleSidKey", 40),
            text("TimeZoneSidKey", 40),
            text("EmailEncodingKey", 40),
            pick("UserType", ("Standard", "AutomatedProcess", "Guest")),
            text("FederationIdentifier", 512),
            text("Title", 80),
            text("Department", 80),
            phone("Phone"),
            phone("MobilePhone"),
            Field("Extension", "phone", 40),
            ref("ProfileId", "Profile", alias="Profile"),
            ref("UserRoleId", "UserRole", alias="UserRole"),
            ref("CallCenterId", "CallCenter", alias="CallCenter"),
        ]
    ),
    label="User", plural="People", icon="user",
)  # fmt: skip


READ_ONLY: Final = (
    ObjectType("Organization", index([*system(deletable=False), text("Name", 80), text("InstanceName", 5),
               flag("IsSandbox"), Field("TrialExpirationDate", "datetime", 0), text("NamespacePrefix", 15),
               text("OrganizationType", 40), text("LanguageLocaleKey", 40), text("TimeZoneSidKey", 40),
               text("DefaultLocaleSidKey", 40)]), label="Organization", writable=False),
    ObjectType("Profile", index([*system(deletable=False), text("Name", 80), text("UserType", 40)]),
               label="Profile", writable=False),
    ObjectType("TaskStatus", index([*system(deletable=False), text("ApiName", 255), text("MasterLabel", 255),
               flag("IsClosed"), flag("IsDefault"), Field("SortOrder", "int", 0)]), label="Task Status Value",
               writable=False),
    ObjectType("PermissionSet", index([*system(deletable=False), text("Name", 80), text("Label", 80),
               text("NamespacePrefix", 15), flag("IsOwnedByProfile"), flag("IsCustom")]), label="Permission Set",
               writable=False),
    ObjectType("CallCenter", index([*system(deletable=False), text("Name", 80), text("InternalName", 80),
               text("AdapterUrl", 2000), Field("CustomSettings", "textarea", 32000),
               Field("Version", "double", 0)]), label="Call Center", writable=False),
    ObjectType("UserRecordAccess", index([Field("Id", "id", 18), ref("RecordId"), ref("UserId", "User"),
               flag("HasReadAccess"), flag("HasEditAccess"), flag("HasDeleteAccess"), flag("HasTransferAccess"),
               flag("HasAllAccess"), text("MaxAccessLevel", 40)]), label="User Record Access", writable=False),
)  # fmt: skip


PERMISSION_SET_ASSIGNMENT: Final = ObjectType(
    "PermissionSetAssignment",
    index([
        Field("Id", "id", 18, create=False, update=False),
        Field("SystemModstamp", "datetime", 0, create=False, update=False),
        Field("AssigneeId", "reference", 18, refers_to=("User",), alias="Assignee", update=False, required=True),
        Field("PermissionSetId", "reference", 18, refers_to=("PermissionSet",), alias="PermissionSet", update=False),
        Field("ExpirationDate", "datetime", 0, update=False),
        flag("IsActive", write=False),
    ]),
    label="Permission Set Assignment",
)  # fmt: skip

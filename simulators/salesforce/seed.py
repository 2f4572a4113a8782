"""Puts the demo world and the package into a new org."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .world import ACCESS_PERMISSION_SET

if TYPE_CHECKING:
    from .metadata.package import Package
    from .records import Record, Records
    from .world import Person, World

ADMINISTRATOR: Final = "admin@acme.example"
#: Who made what stands there before there is anybody.
NOBODY: Final = ""


def seed(records: Records, org_id: str, world: World, package: Package) -> str:
    """Fill an empty org; the id of its administrator, who owns what has no owner ("" in a world without people)."""
    _setup(records, org_id, world)
    _people(records, world, package)
    owner_id = str(records.user_by_name(ADMINISTRATOR)["Id"]) if world.people else ""
    refs: dict[str, str] = {}
    for said in world.records:
        given = {
            key: refs[value[1:]] if isinstance(value, str) and value.startswith("@") else value
            for key, value in said.items()
            if key not in {"type", "ref"}
        }
        row = records.insert(said["type"], given, owner_id)
        if "ref" in said:
            refs[said["ref"]] = row["Id"]
    return owner_id


def _setup(records: Records, org_id: str, world: World) -> None:
    organization = {
        "Id": org_id, "Name": world.name, "InstanceName": "SIM1", "IsSandbox": False,
        "TrialExpirationDate": None, "NamespacePrefix": None, "OrganizationType": "Enterprise Edition",
        "LanguageLocaleKey": "pl", "TimeZoneSidKey": "Europe/Warsaw", "DefaultLocaleSidKey": "pl_PL",
    }  # fmt: skip
    records.insert("Organization", organization, NOBODY)
    for order, (api_name, label, closed) in enumerate(world.task_statuses, start=1):
        status = {
            "ApiName": api_name, "MasterLabel": label, "IsClosed": closed, "IsDefault": order == 1, "SortOrder": order,
        }  # fmt: skip
        records.insert("TaskStatus", status, NOBODY)


def _people(records: Records, world: World, package: Package) -> None:
    """The package's permission sets and call centre, and the users who have them."""
    sets = {ACCESS_PERMISSION_SET: "Fcc Access", **package.permission_sets}
    shared = {"NamespacePrefix": None, "IsCustom": True, "IsOwnedByProfile": False}
    set_ids = {
        name: records.insert("PermissionSet", {"Name": name, "Label": label, **shared}, NOBODY)["Id"]
        for name, label in sets.items()
    }
    center_id = _call_center(records, package)
    profiles: dict[str, str] = {}
    for person in world.people:
        if person.profile not in profiles:
            row = records.insert("Profile", {"Name": person.profile, "UserType": "Standard"}, NOBODY)
            profiles[person.profile] = row["Id"]
        user_id = records.insert("User", _user(person, profiles[person.profile], center_id), NOBODY)["Id"]
        for name in sets if person.permission_sets is None else person.permission_sets:
            assignment = {
                "AssigneeId": user_id, "PermissionSetId": set_ids[name], "ExpirationDate": None, "IsActive": True,
            }  # fmt: skip
            records.insert("PermissionSetAssignment", assignment, NOBODY)


def _call_center(records: Records, package: Package) -> str | None:
    center = package.call_center()
    if center is None:
        return None
    given = {
        "Name": center.display_name, "InternalName": center.internal_name, "AdapterUrl": center.adapter_url,
        "CustomSettings": None, "Version": 1.0,
    }  # fmt: skip
    return str(records.insert("CallCenter", given, NOBODY)["Id"])


def _user(person: Person, profile_id: str, center_id: str | None) -> Record:
    return {
        "Username": person.username, "Email": person.email or person.username, "FirstName": person.first_name,
        "LastName": person.last_name, "IsActive": person.active, "LanguageLocaleKey": person.language,
        "LocaleSidKey": "pl_PL" if person.language == "pl" else person.language,
        "TimeZoneSidKey": "Europe/Warsaw", "EmailEncodingKey": "UTF-8", "UserType": "Standard",
        "Alias": (person.first_name[:1] + person.last_name[:4]).lower(), "ProfileId": profile_id,
        "CommunityNickname": person.username.partition("@")[0],
        "CallCenterId": center_id if person.call_center else None,
    }  # fmt: skip

"""Who may do and see what: permission sets, field-level security, sharing, use of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .world import API_ONLY_PROFILES

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from .journal import Changes, Tables
    from .metadata.package import Package
    from .records import Record, Records
    from .schema.types import Field


class Access:
    """Access to one org. Thread-safe: everything happens under the org's lock."""

    def __init__(self, records: Records, package: Package, lock: threading.RLock, changes: Changes) -> None:
        self._records = records
        self._package = package
        self._lock = lock
        self._changes = changes
        self._hidden: dict[str, set[str]] = {}
        self._api_enabled: dict[str, bool] = {}
        self.withheld: dict[str, dict[str, str]] = {}

    def kept(self) -> Tables:
        """What outlives a run beside the records of users and permission sets."""
        return {
            "$hidden": {record_id: sorted(users) for record_id, users in self._hidden.items()},
            "$api_enabled": dict(self._api_enabled),
            "$withheld": {name: dict(fields) for name, fields in self.withheld.items()},
        }

    def remember(self, kept: Tables) -> None:
        """Take the place of the access that was in force when the last process ended."""
        self._hidden = {record_id: set(users) for record_id, users in kept.get("$hidden", {}).items()}
        self._api_enabled = kept.get("$api_enabled", {})
        self.withheld = kept.get("$withheld", {})

    def enable_api(self, username: str, enabled: bool) -> None:
        """Let a user use the API or not; KeyError when there is none of this name."""
        with self._lock:
            user_id = self._records.user_by_name(username)["Id"]
            self._api_enabled[user_id] = enabled
            self._changes.touch("$api_enabled", user_id)

    def api_enabled(self, user_id: str) -> bool:
        """Whether the user may use the API."""
        return self._api_enabled.get(user_id, True)

    def permission_sets_of(self, user_id: str) -> set[str]:
        """API names of the permission sets assigned to a user."""
        with self._lock:
            ids = {row["PermissionSetId"] for row in self._records.table("PermissionSetAssignment").values()
                   if row["AssigneeId"] == user_id}  # fmt: skip
            return {row["Name"] for row in self._records.table("PermissionSet").values() if row["Id"] in ids}

    def field_access(self, user_id: str, object_name: str) -> Callable[[Field, bool], bool]:
        """A function (field, to write?) that says whether the user has it: it exists, and security lets them.

        A profile of people grants the standard fields, that of an API-only integration none; the package's fields are
        granted by its permission sets, as further standard fields may be. Without permission sets nothing is secured.
        """
        withheld = self.withheld.get(object_name, {})
        grants = self._package.grants
        user = self._records.find(user_id) or {}
        profile = self._records.table("Profile").get(user.get("ProfileId") or "", {}).get("Name")
        allowed: dict[str, bool] = {}
        for name in self.permission_sets_of(user_id) if any(grants.values()) else ():
            for field_name, editable in grants.get(name, {}).items():
                allowed[field_name] = allowed.get(field_name, False) or editable

        def may(one: Field, write: bool) -> bool:
            how = withheld.get(one.name)
            if how in {"missing", "hidden"} or (how == "read-only" and write):
                return False
            if not one.secured or not any(grants.values()) or (not one.custom and profile not in API_ONLY_PROFILES):
                return True
            editable = allowed.get(f"{object_name}.{one.name}")
            return editable is not None and (editable or not write)

        return may

    def withhold(self, object_name: str, field_name: str, how: str) -> None:
        """Let the org lack a field (`missing`), hide it from everybody's API (`hidden`), make it `read-only`, or not.

        `shown` takes it back. KeyError when object or field is unknown, ValueError for another word.
        """
        with self._lock:
            known = self._records.schema[object_name.lower()]
            one = known.fields[field_name.lower()]
            if how not in {"missing", "hidden", "read-only", "shown"}:
                raise ValueError(f"unknown: {how!r}; known: missing, hidden, read-only, shown")
            withheld = self.withheld.setdefault(known.name, {})
            withheld.pop(one.name, None)
            if how != "shown":
                withheld[one.name] = how
            self._changes.touch("$withheld", known.name)

    def assign(self, username: str, permission_set: str, assigned: bool) -> None:
        """Assign a permission set or take it away; KeyError when the user or the set is unknown."""
        with self._lock:
            user_id = self._records.user_by_name(username)["Id"]
            sets = self._records.table("PermissionSet").values()
            found = next((row for row in sets if row["Name"] == permission_set), None)
            if found is None:
                raise KeyError(permission_set)
            rows = self._records.table("PermissionSetAssignment")
            held = [row["Id"] for row in rows.values()
                    if row["AssigneeId"] == user_id and row["PermissionSetId"] == found["Id"]]  # fmt: skip
            if assigned and not held:
                given = {
                    "AssigneeId": user_id, "PermissionSetId": found["Id"], "ExpirationDate": None, "IsActive": True,
                }  # fmt: skip
                self._records.insert("PermissionSetAssignment", given, "")
            if not assigned:
                for key in held:
                    del rows[key]
                    self._changes.touch("PermissionSetAssignment", key)

    def hide(self, record_id: str, username: str, hidden: bool) -> None:
        """Keep a record from a user, or show it again; KeyError when either is unknown."""
        with self._lock:
            row = self._records.find(record_id)
            if row is None:
                raise KeyError(record_id)
            users = self._hidden.setdefault(row["Id"], set())
            self._changes.touch("$hidden", row["Id"])
            user_id = self._records.user_by_name(username)["Id"]
            if hidden:
                users.add(user_id)
            else:
                users.discard(user_id)

    def visible(self, row: Record, user_id: str) -> bool:
        """Whether sharing lets the user see a row."""
        return user_id not in self._hidden.get(row["Id"], ())

    def visible_rows(self, object_name: str, user_id: str, *, deleted: bool = False) -> list[Record]:
        """The rows of an object that the user sees, in the order of creation."""
        return [row for row in self._records.rows(object_name, deleted=deleted) if self.visible(row, user_id)]

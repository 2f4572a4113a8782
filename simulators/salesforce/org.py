"""The org's state: records, people, sessions, tokens, settings, faults and counters, all in memory under one lock.

With a journal, all but faults and counters outlives the process.
"""

from __future__ import annotations

import copy
import hashlib
import json
import secrets
import threading
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from . import schema
from .faults import Counters, Faults
from .ids import IdFactory, make, number_of, object_of, to18
from .times import stamp
from .world import ACCESS_PERMISSION_SET, API_ONLY_PROFILES, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from .hosts import Site
    from .journal import Journal, Tables
    from .metadata import Package
    from .world import Person

Record = dict[str, Any]
API_VERSION: Final = "67.0"
ORG_ID: Final = make("00D", 7_001)
ACCESS_TOKEN_CHARS: Final = 64
#: Fields of a person account's contact, and the account's fields that they show.
PERSON_MIRROR: Final = {
    "FirstName": "FirstName", "LastName": "LastName", "Email": "PersonEmail", "Phone": "Phone",
    "MobilePhone": "PersonMobilePhone", "HomePhone": "PersonHomePhone", "OtherPhone": "PersonOtherPhone",
    "AssistantPhone": "PersonAssistantPhone",
}  # fmt: skip


@dataclass
class Settings:
    """Switches of the simulated org; the control interface changes them.

    `softphone_allow`: what the softphone frame delegates (bare, explicit or none). `token_lifetime_s`: age at
    which tokens stop working. `index_delay_s`: how long new records stay invisible to search.
    `canvas_self_authorize`: users approve the Canvas app themselves, so its first hit is a GET.
    """

    softphone_allow: str = "bare"
    token_lifetime_s: float = 7200.0
    index_delay_s: float = 0.0
    canvas_self_authorize: bool = False
    canvas_app_exists: bool = True
    person_accounts: bool = False
    api_limit: int = 100_000
    console: bool = True
    client_credentials: bool = True
    case_assignment_rule: bool = True
    sosl_row_limit: int = 2_000

    def change(self, name: str, value: Any) -> None:
        """Set one of them; raises ValueError when the name, the type or the value is not one it has."""
        known = {one.name: type(getattr(self, one.name)) for one in fields(self)}
        if name not in known:
            raise ValueError(f"unknown setting {name!r}; known: {', '.join(sorted(known))}")
        wanted = known[name]
        if wanted is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
            raise ValueError(f"{name} is a {wanted.__name__}")
        if name == "softphone_allow" and value not in {"bare", "explicit", "none"}:
            raise ValueError("softphone_allow is bare, explicit or none")
        setattr(self, name, value)


@dataclass
class Token:
    """An access token: whose it is, which app asked for it, and when it ends (seconds of the org's clock)."""

    value: str
    user_id: str
    app: str
    issued_at: float
    expires_at: float
    revoked: bool = False


@dataclass(frozen=True)
class Session:
    """A person signed in to Lightning in one browser; every tab shows the same token to the Canvas app."""

    sid: str
    user_id: str


class Org:
    """One org. Every public method takes the lock itself; callers that do more in one step hold `lock` (re-entrant)."""

    def __init__(
        self, site: Site, package: Package, world: World, now: Callable[[], float], journal: Journal | None = None
    ) -> None:
        self.site = site
        self.package = package
        self.world = world
        self.now = now
        self.lock = threading.RLock()
        self.stopping = threading.Event()
        self.id = ORG_ID
        self._journal = journal
        self._wipe()
        if journal is not None:
            kept = journal.read(self._world_id)
            if kept is not None:
                self._remember(kept)
            journal.start(self._world_id, self._everything())

    # start and reset

    def _wipe(self) -> None:
        self.settings = Settings()
        for name, value in self.world.settings.items():
            self.settings.change(name, value)
        self.faults = Faults()
        self.counters = Counters()
        self.tables: dict[str, dict[str, Record]] = {}
        self.sessions: dict[str, Session] = {}
        self.keys: dict[tuple[str, str], dict[str, set[str]]] = {}
        self.locators: dict[str, tuple[str, list[Record], int]] = {}
        self.api_enabled: dict[str, bool] = {}
        self.frames: dict[str, str] = {}
        self.hidden: dict[str, set[str]] = {}
        self.withheld: dict[str, dict[str, str]] = {}
        self.tokens: dict[str, Token] = {}
        self._canvas_tokens: dict[str, str] = {}
        self._changed: set[tuple[str, str]] = set()
        self._ids = IdFactory()
        self._case_number = 1234
        self.canvas_id = make("06P", 31)
        self.canvas_reference = make("09H", 44)
        self.schema = schema.build(self.package.activity_fields(), person_accounts=self.settings.person_accounts)
        self._seed()
        self._world_id = self._fingerprint()

    def reset(self) -> None:
        """Everything as at the start, sessions and tokens gone."""
        with self.lock:
            self._wipe()
            if self._journal is not None:
                self._journal.start(self._world_id, self._everything())

    # what outlives a run

    def keep(self) -> None:
        """Write what changed since the last time to the journal, if there is one."""
        with self.lock:
            changed, self._changed = self._changed, set()
            if self._journal is None or not changed:
                return
            beside = self._beside() if any(table.startswith("$") for table, _ in changed) else {}
            self._journal.append(
                (table, key, (beside[table] if table in beside else self.table(table)).get(key))
                for table, key in sorted(changed)
            )

    def _touch(self, table: str, key: str) -> None:
        self._changed.add((table, key))

    def _beside(self) -> Tables:
        """All that is kept but records."""
        return {
            "$settings": {"": asdict(self.settings)},
            "$sessions": {sid: session.user_id for sid, session in self.sessions.items()},
            "$tokens": {value: asdict(token) for value, token in self.tokens.items()},
            "$canvas_tokens": dict(self._canvas_tokens),
            "$frames": dict(self.frames),
            "$hidden": {record_id: sorted(users) for record_id, users in self.hidden.items()},
            "$api_enabled": dict(self.api_enabled),
            "$withheld": {name: dict(fields) for name, fields in self.withheld.items()},
        }

    def _everything(self) -> Tables:
        self._changed.clear()
        return {**self._beside(), **self.tables}

    def _remember(self, kept: Tables) -> None:
        """Take the place of the state that ended."""
        for name, value in kept.pop("$settings", {}).get("", {}).items():
            self.settings.change(name, value)
        self.schema = schema.build(self.package.activity_fields(), person_accounts=self.settings.person_accounts)
        self.sessions = {sid: Session(sid, user_id) for sid, user_id in kept.pop("$sessions", {}).items()}
        self.tokens = {value: Token(**token) for value, token in kept.pop("$tokens", {}).items()}
        self._canvas_tokens = kept.pop("$canvas_tokens", {})
        self.frames = kept.pop("$frames", {})
        self.hidden = {record_id: set(users) for record_id, users in kept.pop("$hidden", {}).items()}
        self.api_enabled = kept.pop("$api_enabled", {})
        self.withheld = kept.pop("$withheld", {})
        self.tables, self.keys = kept, {}
        for name, rows in kept.items():
            for row in rows.values():
                self._index(name, row)
            self._ids.past(name, max((number_of(key) for key in rows), default=0))
        numbers = [int(row["CaseNumber"]) for row in self.table("Case").values()]
        self._case_number = max([self._case_number, *numbers])

    def _fingerprint(self) -> str:
        """Tells this org's world, package and address from others: what stands there at the start, but no times."""
        rows = {
            name: [
                {key: value for key, value in row.items() if not key.endswith(("Date", "Modstamp", "_at"))}
                for row in table.values()
            ]
            for name, table in self.tables.items()
        }
        known = sorted(f"{kind.name}.{one.name}" for kind in self.schema.values() for one in kind.fields.values())
        text = json.dumps([self.site.my_origin, known, rows], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def _seed(self) -> None:
        self._put("Organization", {
            "Id": self.id, "Name": self.world.name, "InstanceName": "SIM1", "IsSandbox": False,
            "TrialExpirationDate": None, "NamespacePrefix": None, "OrganizationType": "Enterprise Edition",
            "LanguageLocaleKey": "pl", "TimeZoneSidKey": "Europe/Warsaw", "DefaultLocaleSidKey": "pl_PL",
        })  # fmt: skip
        for order, (api_name, label, closed) in enumerate(self.world.task_statuses, start=1):
            self._put("TaskStatus", {"ApiName": api_name, "MasterLabel": label, "IsClosed": closed,
                                     "IsDefault": order == 1, "SortOrder": order})  # fmt: skip
        sets = {ACCESS_PERMISSION_SET: "Fcc Access", **self.package.permission_sets}
        set_ids = {
            name: self._put("PermissionSet", {"Name": name, "Label": label, "NamespacePrefix": None, "IsCustom": True,
                                              "IsOwnedByProfile": False})["Id"]
            for name, label in sets.items()
        }  # fmt: skip
        profiles: dict[str, str] = {}
        center = self.package.call_center()
        center_id = None
        if center is not None:
            center_id = self._put("CallCenter", {
                "Name": center.display_name, "InternalName": center.internal_name, "AdapterUrl": center.adapter_url,
                "CustomSettings": None, "Version": 1.0,
            })["Id"]  # fmt: skip
        for person in self.world.people:
            if person.profile not in profiles:
                row = self._put("Profile", {"Name": person.profile, "UserType": "Standard"})
                profiles[person.profile] = row["Id"]
            user_id = self._put("User", self._user(person, profiles[person.profile], center_id))["Id"]
            wanted = sets if person.permission_sets is None else person.permission_sets
            for name in wanted:
                self._put("PermissionSetAssignment", {
                    "AssigneeId": user_id, "PermissionSetId": set_ids[name], "ExpirationDate": None, "IsActive": True,
                })  # fmt: skip
        self.owner_id = self.user_by_name("admin@acme.example")["Id"] if self.world.people else ""
        refs: dict[str, str] = {}
        for said in self.world.records:
            given = {
                key: refs[value[1:]] if isinstance(value, str) and value.startswith("@") else value
                for key, value in said.items()
                if key not in {"type", "ref"}
            }
            row = self._put(said["type"], given)
            if "ref" in said:
                refs[said["ref"]] = row["Id"]

    def _user(self, person: Person, profile_id: str, center_id: str | None) -> Record:
        return {
            "Username": person.username, "Email": person.email or person.username, "FirstName": person.first_name,
            "LastName": person.last_name, "IsActive": person.active, "LanguageLocaleKey": person.language,
            "LocaleSidKey": "pl_PL" if person.language == "pl" else person.language,
            "TimeZoneSidKey": "Europe/Warsaw", "EmailEncodingKey": "UTF-8", "UserType": "Standard",
            "Alias": (person.first_name[:1] + person.last_name[:4]).lower(), "ProfileId": profile_id,
            "CommunityNickname": person.username.partition("@")[0],
            "CallCenterId": center_id if person.call_center else None,
        }  # fmt: skip

    def _put(self, object_name: str, given: Record) -> Record:
        owner = getattr(self, "owner_id", None)
        return self.insert(object_name, given, owner or "")

    # records

    def type(self, name: str) -> schema.ObjectType | None:
        """The object with this API name in any letter case."""
        return self.schema.get(name.lower())

    def table(self, name: str) -> dict[str, Record]:
        """The rows of an object by 18-character id, deleted ones among them."""
        return self.tables.setdefault(name, {})

    def timestamp(self) -> str:
        """Now, as the API writes it."""
        return stamp(datetime.fromtimestamp(self.now(), UTC))

    def insert(self, object_name: str, given: Record, user_id: str) -> Record:
        """Add a row that was already validated; fills ids, system fields and what the platform derives."""
        with self.lock:
            kind = self.schema[object_name.lower()]
            row: Record = {one.name: (False if one.type == "boolean" else None) for one in kind.fields.values()}
            row.update(given)
            row["Id"] = row.get("Id") or self._ids.next(kind.name)
            stamp = self.timestamp()
            for name in ("CreatedDate", "LastModifiedDate", "SystemModstamp"):
                if name.lower() in kind.fields:
                    row[name] = stamp
            for name in ("CreatedById", "LastModifiedById"):
                if name.lower() in kind.fields:
                    row[name] = user_id or None
            if "ownerid" in kind.fields and not row["OwnerId"]:
                row["OwnerId"] = user_id or None
            row["_indexed_at"] = self.now()
            self._defaults(kind.name, row)
            if kind.name == "Account" and self.settings.person_accounts and row["LastName"]:
                self._become_person(row, user_id)
            self.derive(kind.name, row)
            self.table(kind.name)[row["Id"]] = row
            self._touch(kind.name, row["Id"])
            self._index(kind.name, row)
            self.counters.rows[f"{kind.name} created"] += 1
            return row

    def update(self, object_name: str, row: Record, given: Record, user_id: str) -> None:
        """Change a row with values that were already validated."""
        with self.lock:
            row.update(given)
            self._touch(object_name, row["Id"])
            row["LastModifiedDate"] = row["SystemModstamp"] = self.timestamp()
            if "LastModifiedById" in row:
                row["LastModifiedById"] = user_id
            self.derive(object_name, row)
            self._index(object_name, row)
            self.counters.rows[f"{object_name} updated"] += 1

    def delete(self, object_name: str, row: Record) -> None:
        """Put a row in the recycle bin (or away, for objects that have none)."""
        with self.lock:
            if "IsDeleted" in row:
                row["IsDeleted"] = True
            else:
                del self.table(object_name)[row["Id"]]
            self._touch(object_name, row["Id"])
            self.counters.rows[f"{object_name} deleted"] += 1

    def _become_person(self, account: Record, user_id: str) -> None:
        """Give a person account the contact that stands behind it."""
        account["IsPersonAccount"] = True
        contact = self.insert("Contact", {"LastName": account["LastName"], "AccountId": account["Id"]}, user_id)
        account["PersonContactId"] = contact["Id"]

    def _mirror_person(self, account: Record) -> None:
        """Show a person account's fields on its contact, where searches find them again."""
        contact = self.table("Contact")[account["PersonContactId"]]
        contact.update({name: account[source] for name, source in PERSON_MIRROR.items()})
        self.derive("Contact", contact)
        self._touch("Contact", contact["Id"])

    def _index(self, object_name: str, row: Record) -> None:
        for one in self.schema[object_name.lower()].fields.values():
            if one.external_id or one.unique:
                table = self.keys.setdefault((object_name, one.name), {})
                for known in (row.get("_keys") or {}).get(one.name, ()):
                    table.get(known, set()).discard(row["Id"])
                value = row.get(one.name)
                if value is not None:
                    table.setdefault(one.key(value), set()).add(row["Id"])
                    row.setdefault("_keys", {})[one.name] = (one.key(value),)

    def with_key(self, object_name: str, one: schema.Field, value: Any) -> list[Record]:
        """The living rows whose external id (or unique field) has this value."""
        ids = self.keys.get((object_name, one.name), {}).get(one.key(value), set())
        rows = (self.table(object_name).get(row_id) for row_id in sorted(ids))
        return [row for row in rows if row is not None and not row.get("IsDeleted")]

    def snapshot(self) -> tuple[Any, ...]:
        """The records as they are, for `restore`."""
        with self.lock:
            return copy.deepcopy((self.tables, self.keys, self.counters.rows, self._case_number))

    def restore(self, kept: tuple[Any, ...]) -> None:
        """Put the records back to a snapshot."""
        with self.lock:
            self.tables, self.keys, self.counters.rows, self._case_number = kept

    def _defaults(self, name: str, row: Record) -> None:
        if name == "Task":
            default = next((s for s in self.table("TaskStatus").values() if s["IsDefault"]), None)
            row["Status"] = row["Status"] or (default["ApiName"] if default else "Not Started")
            row["Priority"] = row["Priority"] or "Normal"
            row["TaskSubtype"] = row["TaskSubtype"] or "Task"
        elif name == "Case":
            row["CaseNumber"] = row["CaseNumber"] or self._next_case_number()
            row["Status"] = row["Status"] or "New"
            row["Priority"] = row["Priority"] or "Medium"
        elif name == "Lead":
            row["Status"] = row["Status"] or "Open - Not Contacted"

    def _next_case_number(self) -> str:
        self._case_number += 1
        return f"{self._case_number:08d}"

    def derive(self, name: str, row: Record) -> None:
        """Fill the fields that the platform works out by itself."""
        if name in {"Contact", "Lead", "User"} or row.get("IsPersonAccount"):
            row["Name"] = " ".join(part for part in (row.get("FirstName"), row.get("LastName")) if part)
            if row.get("IsPersonAccount"):
                self._mirror_person(row)
        elif name == "Case":
            contact = self.table("Contact").get(row["ContactId"] or "")
            if contact is not None:
                row["AccountId"] = row["AccountId"] or contact["AccountId"]
            for field_name, source in (("ContactPhone", "Phone"), ("ContactMobile", "MobilePhone"),
                                       ("ContactEmail", "Email")):  # fmt: skip
                row[field_name] = contact[source] if contact else None
            closed = row["Status"] == "Closed"
            row["ClosedDate"] = (row["ClosedDate"] or self.timestamp()) if closed else None
            row["IsClosed"] = closed
        elif name == "Task":
            self._derive_task(row)

    def _derive_task(self, row: Record) -> None:
        closed_names = {s["ApiName"] for s in self.table("TaskStatus").values() if s["IsClosed"]}
        row["IsClosed"] = row["Status"] in closed_names
        row["IsHighPriority"] = row["Priority"] == "High"
        if row["IsClosed"]:
            row["CompletedDateTime"] = row["CompletedDateTime"] or self.timestamp()
        else:
            row["CompletedDateTime"] = None
        what, who = row["WhatId"], row["WhoId"]
        account = None
        if what and object_of(what) == "Account":
            account = what
        elif what and (target := self.find(what)) is not None:
            account = target.get("AccountId")
        if account is None and who and (person := self.find(who)) is not None:
            account = person.get("AccountId")
        row["AccountId"] = account

    def find(self, record_id: str, *, deleted: bool = False) -> Record | None:
        """The row with this id (15 or 18 characters), None when there is none; deleted ones when asked for."""
        id18 = to18(record_id)
        name = object_of(id18) if id18 else None
        if id18 is None or name is None:
            return None
        row = self.table(name).get(id18)
        if row is None or (row.get("IsDeleted") and not deleted):
            return None
        return row

    def rows(self, object_name: str, *, deleted: bool = False) -> list[Record]:
        """The rows of an object in the order of creation."""
        with self.lock:
            return [row for row in self.table(object_name).values() if deleted or not row.get("IsDeleted")]

    # people and access

    def user_by_name(self, username: str) -> Record:
        """The user with this user name (any letter case); KeyError when there is none."""
        for row in self.table("User").values():
            if row["Username"].lower() == username.lower():
                return row
        raise KeyError(username)

    def permission_sets_of(self, user_id: str) -> set[str]:
        """API names of the permission sets assigned to a user."""
        with self.lock:
            ids = {row["PermissionSetId"] for row in self.table("PermissionSetAssignment").values()
                   if row["AssigneeId"] == user_id}  # fmt: skip
            return {row["Name"] for row in self.table("PermissionSet").values() if row["Id"] in ids}

    def field_access(self, user_id: str, object_name: str) -> Callable[[schema.Field, bool], bool]:
        """A function (field, to write?) that says whether the user has it: it exists, and security lets them.

        A profile of people grants the standard fields, that of an API-only integration none; the package's fields are
        granted by its permission sets, as further standard fields may be. Without permission sets nothing is secured.
        """
        withheld = self.withheld.get(object_name, {})
        grants = self.package.grants
        profile = self.table("Profile").get((self.find(user_id) or {}).get("ProfileId") or "", {}).get("Name")
        allowed: dict[str, bool] = {}
        for name in self.permission_sets_of(user_id) if any(grants.values()) else ():
            for field_name, editable in grants.get(name, {}).items():
                allowed[field_name] = allowed.get(field_name, False) or editable

        def may(one: schema.Field, write: bool) -> bool:
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
        with self.lock:
            known = self.schema[object_name.lower()]
            one = known.fields[field_name.lower()]
            if how not in {"missing", "hidden", "read-only", "shown"}:
                raise ValueError(f"unknown: {how!r}; known: missing, hidden, read-only, shown")
            withheld = self.withheld.setdefault(known.name, {})
            withheld.pop(one.name, None)
            if how != "shown":
                withheld[one.name] = how
            self._touch("$withheld", known.name)

    def assign(self, username: str, permission_set: str, assigned: bool) -> None:
        """Assign a permission set or take it away; KeyError when the user or the set is unknown."""
        with self.lock:
            user_id = self.user_by_name(username)["Id"]
            found = next((row for row in self.table("PermissionSet").values() if row["Name"] == permission_set), None)
            if found is None:
                raise KeyError(permission_set)
            rows = self.table("PermissionSetAssignment")
            held = [row["Id"] for row in rows.values()
                    if row["AssigneeId"] == user_id and row["PermissionSetId"] == found["Id"]]  # fmt: skip
            if assigned and not held:
                self._put("PermissionSetAssignment", {"AssigneeId": user_id, "PermissionSetId": found["Id"],
                                                      "ExpirationDate": None, "IsActive": True})  # fmt: skip
            if not assigned:
                for key in held:
                    del rows[key]
                    self._touch("PermissionSetAssignment", key)

    def hide(self, record_id: str, username: str, hidden: bool) -> None:
        """Keep a record from a user, or show it again; KeyError when either is unknown."""
        with self.lock:
            row = self.find(record_id)
            if row is None:
                raise KeyError(record_id)
            users = self.hidden.setdefault(row["Id"], set())
            self._touch("$hidden", row["Id"])
            user_id = self.user_by_name(username)["Id"]
            if hidden:
                users.add(user_id)
            else:
                users.discard(user_id)

    def visible(self, row: Record, user_id: str) -> bool:
        """Whether sharing lets the user see a row."""
        return user_id not in self.hidden.get(row["Id"], ())

    def change_settings(self, said: dict[str, Any]) -> None:
        """Change switches by name; `language` and `api_enabled` take {user name: value}.

        Raises ValueError or KeyError for what does not exist.
        """
        with self.lock:
            for name, value in said.items():
                if name == "language":
                    for username, language in dict(value).items():
                        user = self.user_by_name(username)
                        user["LanguageLocaleKey"] = language
                        self._touch("User", user["Id"])
                elif name == "api_enabled":
                    for username, enabled in dict(value).items():
                        user_id = self.user_by_name(username)["Id"]
                        self.api_enabled[user_id] = bool(enabled)
                        self._touch("$api_enabled", user_id)
                else:
                    self.settings.change(name, value)
                    self._touch("$settings", "")
                    if name == "person_accounts":
                        self.schema = schema.build(self.package.activity_fields(), person_accounts=bool(value))
                        for row in self.table("Account").values():
                            for one in schema.PERSON_ACCOUNT_FIELDS:
                                row.setdefault(one.name, False if one.type == "boolean" else None)
                            self._touch("Account", row["Id"])

    # sessions and tokens

    def sign_in(self, username: str) -> Session:
        """A new Lightning session; KeyError when there is no such active user."""
        with self.lock:
            user = self.user_by_name(username)
            if not user["IsActive"]:
                raise KeyError(username)
            session = Session(secrets.token_hex(24), user["Id"])
            self.sessions[session.sid] = session
            self._touch("$sessions", session.sid)
            return session

    def session(self, sid: str | None) -> Session | None:
        """The session of a cookie's value."""
        return self.sessions.get(sid or "")

    def frame_nonce(self, session: Session) -> str:
        """A nonce for one softphone frame: it tells the Visualforce host whose page asks (64 hex digits)."""
        with self.lock:
            nonce = secrets.token_hex(32)
            self.frames[nonce] = session.sid
            self._touch("$frames", nonce)
            return nonce

    def session_of_frame(self, nonce: str | None) -> Session | None:
        """The session that a softphone frame belongs to."""
        return self.session(self.frames.get(nonce or ""))

    def issue_token(self, user_id: str, app: str) -> Token:
        """A new opaque access token, `00D…!…`."""
        with self.lock:
            value = f"{self.id[:15]}!" + "AQEAQ" + secrets.token_hex(ACCESS_TOKEN_CHARS // 2)
            issued = self.now()
            token = Token(value, user_id, app, issued, issued + self.settings.token_lifetime_s)
            self.tokens[value] = token
            self._touch("$tokens", value)
            return token

    def canvas_token(self, session: Session) -> Token:
        """The token that every tab of this session gives to the Canvas app; a new one once it no longer works."""
        with self.lock:
            token = self.token(self._canvas_tokens.get(session.sid, ""))
            if token is None:
                token = self.issue_token(session.user_id, self.world.apps.canvas_name)
                self._canvas_tokens[session.sid] = token.value
                self._touch("$canvas_tokens", session.sid)
            return token

    def token(self, value: str) -> Token | None:
        """The token with this value while it works."""
        with self.lock:
            token = self.tokens.get(value)
            if token is None or token.revoked or token.expires_at <= self.now():
                return None
            return token

    def revoke(self, value: str) -> bool:
        """End a token; says whether there was one."""
        with self.lock:
            token = self.tokens.get(value)
            if token is None or token.revoked:
                return False
            token.revoked = True
            self._touch("$tokens", value)
            return True

    def expire_tokens(self) -> int:
        """End every token there is; returns how many."""
        with self.lock:
            live = [token for token in self.tokens.values() if self.token(token.value)]
            for token in live:
                token.expires_at = self.now()
                self._touch("$tokens", token.value)
            return len(live)

    def settings_json(self) -> dict[str, Any]:
        return asdict(self.settings)

"""The org's records: rows by object and id, their unique keys, and what the platform does as they are written."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .derived import become_person, derive, fill_defaults
from .ids import IdFactory, number_of, object_of, to18
from .schema.build import build
from .schema.standard import PERSON_ACCOUNT_FIELDS
from .times import stamp

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable

    from .faults import Counters
    from .journal import Changes, Tables
    from .schema.types import Field, ObjectType
    from .settings import Settings

Record = dict[str, Any]
_FIRST_CASE_NUMBER = 1234


class Records:
    """Rows of one org, already validated. Thread-safe: everything happens under the org's lock.

    `activity_fields` are the package's fields on tasks.
    """

    def __init__(
        self,
        activity_fields: Iterable[Field],
        settings: Settings,
        counters: Counters,
        now: Callable[[], float],
        lock: threading.RLock,
        changes: Changes,
    ) -> None:
        self._activity_fields = tuple(activity_fields)
        self._settings = settings
        self._counters = counters
        self._now = now
        self._lock = lock
        self._changes = changes
        self._keys: dict[tuple[str, str], dict[str, set[str]]] = {}
        self._ids = IdFactory()
        self._case_number = _FIRST_CASE_NUMBER
        self.tables: Tables = {}
        self.schema = self._schema()

    def _schema(self) -> dict[str, ObjectType]:
        return build(self._activity_fields, person_accounts=self._settings.person_accounts)

    def remember(self, kept: Tables) -> None:
        """Take the place of the records that were there when the last process ended."""
        self.schema = self._schema()
        self.tables, self._keys = kept, {}
        for name, rows in kept.items():
            for row in rows.values():
                self._index(name, row)
            self._ids.past(name, max((number_of(key) for key in rows), default=0))
        numbers = [int(row["CaseNumber"]) for row in self.table("Case").values()]
        self._case_number = max([self._case_number, *numbers])

    def follow_settings(self) -> None:
        """Give accounts the columns of person accounts, or forget them, after that setting changed."""
        self.schema = self._schema()
        for row in self.table("Account").values():
            for one in PERSON_ACCOUNT_FIELDS:
                row.setdefault(one.name, False if one.type == "boolean" else None)
            self._changes.touch("Account", row["Id"])

    def type(self, name: str) -> ObjectType | None:
        """The object with this API name in any letter case."""
        return self.schema.get(name.lower())

    def table(self, name: str) -> dict[str, Record]:
        """The rows of an object by 18-character id, deleted ones among them."""
        return self.tables.setdefault(name, {})

    def timestamp(self) -> str:
        """Now, as the API writes it."""
        return stamp(datetime.fromtimestamp(self._now(), UTC))

    def insert(self, object_name: str, given: Record, user_id: str) -> Record:
        """Add a row that was already validated; fills ids, system fields and what the platform derives."""
        with self._lock:
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
            row["_indexed_at"] = self._now()
            fill_defaults(self, kind.name, row)
            if kind.name == "Account" and self._settings.person_accounts and row["LastName"]:
                become_person(self, row, user_id)
            derive(self, kind.name, row)
            self.table(kind.name)[row["Id"]] = row
            self._changes.touch(kind.name, row["Id"])
            self._index(kind.name, row)
            self._counters.rows[f"{kind.name} created"] += 1
            return row

    def update(self, object_name: str, row: Record, given: Record, user_id: str) -> None:
        """Change a row with values that were already validated."""
        with self._lock:
            row.update(given)
            self._changes.touch(object_name, row["Id"])
            row["LastModifiedDate"] = row["SystemModstamp"] = self.timestamp()
            if "LastModifiedById" in row:
                row["LastModifiedById"] = user_id
            derive(self, object_name, row)
            self._index(object_name, row)
            self._counters.rows[f"{object_name} updated"] += 1

    def delete(self, object_name: str, row: Record) -> None:
        """Put a row in the recycle bin (or away, for objects that have none)."""
        with self._lock:
            if "IsDeleted" in row:
                row["IsDeleted"] = True
            else:
                del self.table(object_name)[row["Id"]]
            self._changes.touch(object_name, row["Id"])
            self._counters.rows[f"{object_name} deleted"] += 1

    def _index(self, object_name: str, row: Record) -> None:
        for one in self.schema[object_name.lower()].fields.values():
            if one.external_id or one.unique:
                table = self._keys.setdefault((object_name, one.name), {})
                for known in (row.get("_keys") or {}).get(one.name, ()):
                    table.get(known, set()).discard(row["Id"])
                value = row.get(one.name)
                if value is not None:
                    table.setdefault(one.key(value), set()).add(row["Id"])
                    row.setdefault("_keys", {})[one.name] = (one.key(value),)

    def with_key(self, object_name: str, one: Field, value: Any) -> list[Record]:
        """The living rows whose external id (or unique field) has this value."""
        ids = self._keys.get((object_name, one.name), {}).get(one.key(value), set())
        rows = (self.table(object_name).get(row_id) for row_id in sorted(ids))
        return [row for row in rows if row is not None and not row.get("IsDeleted")]

    def snapshot(self) -> tuple[Any, ...]:
        """The records as they are, for `restore`."""
        with self._lock:
            return copy.deepcopy((self.tables, self._keys, self._counters.rows, self._case_number))

    def restore(self, kept: tuple[Any, ...]) -> None:
        """Put the records back to a snapshot."""
        with self._lock:
            self.tables, self._keys, self._counters.rows, self._case_number = kept

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
        with self._lock:
            return [row for row in self.table(object_name).values() if deleted or not row.get("IsDeleted")]

    def user_by_name(self, username: str) -> Record:
        """The user with this user name (any letter case); KeyError when there is none."""
        for row in self.table("User").values():
            if row["Username"].lower() == username.lower():
                return row
        raise KeyError(username)

    def next_case_number(self) -> str:
        """The number of the next case, eight digits."""
        self._case_number += 1
        return f"{self._case_number:08d}"

    def touch(self, object_name: str, row: Record) -> None:
        """Say that a row was changed beside `update`, so that it is kept."""
        self._changes.touch(object_name, row["Id"])

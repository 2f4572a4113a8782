"""Queries run: conditions, order, rows as the API gives them, under the sharing and field security of one person.

Source: Salesforce "SOQL and SOSL Reference": SELECT, WHERE, ORDER BY, LIMIT, OFFSET, COUNT().
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from simulators.salesforce.ids import object_of
from simulators.salesforce.refusal import Refused

from .comparison import literal, predicate
from .parser import Logic, Parser, malformed
from .record_access import record_access

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from simulators.salesforce.org import Org
    from simulators.salesforce.records import Record
    from simulators.salesforce.schema.types import Field, ObjectType

    from .parser import Comparison


_UNFILTERABLE: Final = {"textarea"}


MAX_PATH: Final = 5


class Run:
    """Runs conditions and builds rows for one person: sharing and field-level security apply."""

    def __init__(self, org: Org, user_id: str, source: str) -> None:
        self._org = org
        self._user_id = user_id
        self._source = source

    def object_type(self, name: str) -> ObjectType:
        """The object of FROM or RETURNING."""
        known = self._org.records.type(name)
        if known is None:
            said = (
                f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to "
                "append the '__c' after the entity name."
            )
            raise Refused("INVALID_TYPE", self._pointing_at(name, said))
        return known

    def no_column(self, name: str, known: ObjectType) -> Refused:
        """INVALID_FIELD as a query gets it."""
        said = (
            f"No such column '{name}' on entity '{known.name}'. If you are attempting to use a custom field, be sure "
            "to append the '__c' after the custom field name."
        )
        return Refused("INVALID_FIELD", self._pointing_at(name, said))

    def _pointing_at(self, word: str, said: str) -> str:
        column = max(self._source.find(word), 0)
        return (
            f"\n{self._source}\n{' ' * column}^\nERROR at Row:1:Column:{column + 1}\n{said} Please reference your WSDL "
            "or the describe call for the appropriate names."
        )

    def resolve(self, known: ObjectType, path: str) -> tuple[list[Field], ObjectType, Field]:
        """The references to follow, the object at their end, and its field."""
        *aliases, last = path.split(".")
        if len(aliases) > MAX_PATH:
            raise malformed(f"relationship path too long: {path}")
        steps: list[Field] = []
        for alias in aliases:
            step = next((one for one in known.fields.values() if one.alias.lower() == alias.lower()), None)
            if step is None or not step.refers_to:
                raise Refused(
                    "INVALID_FIELD",
                    f"Didn't understand relationship '{alias}' in field path. If you are attempting to use a custom "
                    "relationship, be sure to append the '__r' after the custom relationship name.",
                )
            steps.append(step)
            target = self._org.records.type(step.refers_to[0])
            if target is None:
                raise self.no_column(last, known)
            known = target
        one = known.field(last)
        if one is None or not self._org.access.field_access(self._user_id, known.name)(one, False):
            raise self.no_column(last, known)
        return steps, known, one

    def read(self, row: Record, steps: list[Field], one: Field) -> Any:
        """The value at a path, None when a reference on the way is empty."""
        current: Record | None = row
        for step in steps:
            current = self._org.records.find(current.get(step.name) or "", deleted=True) if current else None
        return current.get(one.name) if current else None

    def condition(self, known: ObjectType, where: Comparison | Logic | None) -> Callable[[Record], bool]:
        """A function that says whether a row fits; Refused when the conditions make no sense."""
        if where is None:
            return lambda _row: True
        if isinstance(where, Logic):
            parts = [self.condition(known, part) for part in where.parts]
            if where.operator == "NOT":
                return lambda row: not parts[0](row)
            if where.operator == "AND":
                return lambda row: all(part(row) for part in parts)
            return lambda row: any(part(row) for part in parts)
        steps, _, one = self.resolve(known, where.path)
        if one.type in _UNFILTERABLE:
            raise Refused("INVALID_FIELD", f"field '{one.name}' can not be filtered in a query call")
        values = [literal(one, value, where.operator) for value in where.values]
        test = predicate(one, where.operator, values)
        return lambda row: test(self.read(row, steps, one))

    def sort(
        self, known: ObjectType, rows: list[Record], order: Iterable[tuple[str, bool, bool | None]]
    ) -> list[Record]:
        """Rows in the wanted order; nulls come first unless told otherwise."""
        made = list(rows)
        for path, descending, first in reversed(list(order)):
            steps, _, one = self.resolve(known, path)
            if one.type in _UNFILTERABLE:
                raise Refused("INVALID_FIELD", f"field '{one.name}' can not be sorted in a query call")
            filled = [row for row in made if self.read(row, steps, one) is not None]
            empty = [row for row in made if self.read(row, steps, one) is None]
            filled.sort(key=lambda row: _key(self.read(row, steps, one)), reverse=descending)
            made = filled + empty if first is False else empty + filled
        return made

    def build(self, known: ObjectType, row: Record, fields: Iterable[str], version: str) -> dict[str, Any]:
        """A row as the API gives it."""
        made: dict[str, Any] = {"attributes": attributes(known.name, row["Id"], version)}
        for path in fields:
            *aliases, last = path.split(".")
            place, current, kind = made, row, known
            for alias in aliases:
                step = next(one for one in kind.fields.values() if one.alias.lower() == alias.lower())
                target = self._org.records.find(current.get(step.name) or "", deleted=True)
                if target is None:
                    place[step.alias] = None
                    break
                name = object_of(target["Id"]) or ""
                kind = self._org.records.type(step.refers_to[0]) or kind
                place = place.setdefault(step.alias, {"attributes": attributes(name, target["Id"], version)})
                current = target
            else:
                one = kind.field(last)
                if one is not None:
                    place[one.name] = current.get(one.name)
        return made


def attributes(name: str, record_id: str, version: str) -> dict[str, str]:
    """The `attributes` of a row."""
    return {"type": name, "url": f"/services/data/v{version}/sobjects/{name}/{record_id}"}


def _key(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def run(org: Org, source: str, user_id: str, version: str, *, deleted: bool = False) -> list[dict[str, Any]] | int:
    """The rows a query gives to this user (or their number, for COUNT()); raises Refused."""
    query = Parser(source).query()
    runner = Run(org, user_id, source)
    known = runner.object_type(query.object_name)
    seen: set[str] = set()
    for path in query.fields:
        runner.resolve(known, path)
        if path.lower() in seen:
            raise Refused("INVALID_FIELD", f"duplicate field selected: {path}")
        seen.add(path.lower())
    with org.lock:
        if known.name == "UserRecordAccess":
            rows = record_access(org, query)
        else:
            rows = org.access.visible_rows(known.name, user_id, deleted=deleted)
        fits = runner.condition(known, query.where)
        rows = runner.sort(known, [row for row in rows if fits(row)], query.order)
        if not query.fields:
            return len(rows)
        rows = rows[query.offset :]
        if query.limit is not None:
            rows = rows[: query.limit]
        return [runner.build(known, row, query.fields, version) for row in rows]

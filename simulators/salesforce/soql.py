"""SOQL: the part of it that this simulator answers, parsed and run; everything else is refused aloud.

Source: Salesforce "SOQL and SOSL Reference": SELECT, WHERE (comparison operators, LIKE, IN, logical operators,
quoted string escape sequences), ORDER BY, LIMIT, OFFSET, COUNT(); "Object Reference", UserRecordAccess.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from .ids import object_of, to18
from .rules import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .org import Org, Record
    from .schema import Field, ObjectType

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<moment>\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:?\d\d))?)"
    r"|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][\w.]*)|(?P<sign><=|>=|!=|<>|[=<>(),:]))"
)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_OPERATORS: Final = {"=", "!=", "<>", "<", ">", "<=", ">="}
_UNFILTERABLE: Final = {"textarea"}
_QUOTED: Final = {"string", "phone", "email", "url", "picklist", "reference", "id", "textarea"}
MAX_PATH: Final = 5
UNSUPPORTED: Final = (
    "not simulated: this simulator answers SELECT fields, COUNT(), WHERE with AND/OR/NOT, ORDER BY, LIMIT, OFFSET"
)


@dataclass(frozen=True)
class Token:
    """A word of the query and where it stands."""

    kind: str
    text: str
    place: int


@dataclass(frozen=True)
class Value:
    """A literal: its kind (text, moment, number, boolean, null) and what it means."""

    kind: str
    value: Any


@dataclass(frozen=True)
class Comparison:
    """`path operator value(s)`; the operator is upper-case."""

    path: str
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Logic:
    """AND, OR or NOT of conditions."""

    operator: str
    parts: tuple[Comparison | Logic, ...]


@dataclass(frozen=True)
class Query:
    """A parsed query. `fields` is empty for COUNT()."""

    object_name: str
    fields: tuple[str, ...]
    where: Comparison | Logic | None
    order: tuple[tuple[str, bool, bool | None], ...]
    limit: int | None
    offset: int


def malformed(message: str) -> Refused:
    """MALFORMED_QUERY, in the platform's words."""
    return Refused("MALFORMED_QUERY", message)


class Parser:
    """Reads a query, or the conditions of one (SOSL uses the same)."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._tokens: list[Token] = []
        place = 0
        stripped = source.rstrip()
        while place < len(stripped):
            match = _TOKEN.match(stripped, place)
            if match is None:
                raise malformed(f"line 1:{place} no viable alternative at character '{stripped[place:].strip()[:1]}'")
            kind = match.lastgroup or ""
            self._tokens.append(Token(kind, match.group(kind), match.start(kind)))
            place = match.end()
        self._place = 0

    # words

    def peek(self, ahead: int = 0) -> Token:
        """The next word, or the end."""
        place = self._place + ahead
        return self._tokens[place] if place < len(self._tokens) else Token("end", "<EOF>", len(self._source))

    def take(self) -> Token:
        """The next word, read."""
        token = self.peek()
        self._place += 1
        return token

    def is_word(self, *words: str) -> bool:
        """Whether the next words are these (any letter case)."""
        return all(
            self.peek(place).kind == "name" and self.peek(place).text.upper() == word
            for place, word in enumerate(words)
        )  # fmt: skip

    def accept(self, *words: str) -> bool:
        """Read these words if they come next."""
        if not self.is_word(*words):
            return False
        self._place += len(words)
        return True

    def accept_sign(self, sign: str) -> bool:
        """Read this sign if it comes next."""
        if (self.peek().kind, self.peek().text) != ("sign", sign):
            return False
        self._place += 1
        return True

    def expect(self, word: str) -> None:
        """Read this word or refuse the query."""
        if not self.accept(word):
            raise self.unexpected()

    def expect_sign(self, sign: str) -> None:
        """Read this sign or refuse the query."""
        if not self.accept_sign(sign):
            raise self.unexpected()

    def unexpected(self) -> Refused:
        """The refusal for a word that does not belong here."""
        token = self.peek()
        return malformed("unexpected token: '<EOF>'" if token.kind == "end" else f"unexpected token: '{token.text}'")

    def name(self) -> str:
        """A field, path or object."""
        token = self.take()
        if token.kind != "name":
            self._place -= 1
            raise self.unexpected()
        return token.text

    # clauses

    def query(self) -> Query:
        """The whole query."""
        self.expect("SELECT")
        fields = self._fields()
        self.expect("FROM")
        object_name = self.name()
        if self.peek().kind == "name" and self.peek().text.upper() not in {"WHERE", "ORDER", "LIMIT", "OFFSET"}:
            raise malformed(f"unexpected token: '{self.peek().text}' ({UNSUPPORTED})")
        where, order, limit, offset = self.clauses()
        if self.peek().kind != "end":
            raise self.unexpected()
        return Query(object_name, fields, where, order, limit, offset)

    def _fields(self) -> tuple[str, ...]:
        if self.peek(1).text == "(":
            if self.accept("COUNT") and self.accept_sign("(") and self.accept_sign(")"):
                return ()
            raise malformed(f"unexpected token: '{self.peek().text}' ({UNSUPPORTED})")
        fields = [self.name()]
        while self.accept_sign(","):
            fields.append(self.name())
        return tuple(fields)

    def clauses(
        self,
    ) -> tuple[Comparison | Logic | None, tuple[tuple[str, bool, bool | None], ...], int | None, int]:
        """WHERE, ORDER BY, LIMIT and OFFSET, each optional, in this order."""
        where = self.conditions() if self.accept("WHERE") else None
        order: list[tuple[str, bool, bool | None]] = []
        if self.accept("ORDER"):
            self.expect("BY")
            order.append(self._order())
            while self.accept_sign(","):
                order.append(self._order())
        limit = self._whole() if self.accept("LIMIT") else None
        offset = self._whole() if self.accept("OFFSET") else 0
        return where, tuple(order), limit, offset

    def _order(self) -> tuple[str, bool, bool | None]:
        path = self.name()
        descending = self.accept("DESC") or (self.accept("ASC") and False)
        first: bool | None = None
        if self.accept("NULLS"):
            first = self.accept("FIRST")
            if not first:
                self.expect("LAST")
        return path, descending, first

    def _whole(self) -> int:
        token = self.take()
        if token.kind != "number" or not token.text.isdigit():
            self._place -= 1
            raise self.unexpected()
        return int(token.text)

    def conditions(self) -> Comparison | Logic:
        """Conditions joined by AND or by OR; a mixture needs parentheses."""
        parts = [self._condition()]
        operator = ""
        while self.is_word("AND") or self.is_word("OR"):
            word = self.peek().text.upper()
            if operator and word != operator:
                raise self.unexpected()
            operator = word
            self.take()
            parts.append(self._condition())
        return parts[0] if len(parts) == 1 else Logic(operator, tuple(parts))

    def _condition(self) -> Comparison | Logic:
        if self.accept("NOT"):
            return Logic("NOT", (self._condition(),))
        if self.accept_sign("("):
            made = self.conditions()
            self.expect_sign(")")
            return made
        path = self.name()
        if self.accept("LIKE"):
            return Comparison(path, "LIKE", (self._value(),))
        if self.accept("NOT", "IN"):
            return Comparison(path, "NOT IN", self._list())
        if self.accept("IN"):
            return Comparison(path, "IN", self._list())
        token = self.peek()
        if token.kind != "sign" or token.text not in _OPERATORS:
            raise self.unexpected()
        self.take()
        return Comparison(path, "!=" if token.text == "<>" else token.text, (self._value(),))

    def _list(self) -> tuple[Value, ...]:
        self.expect_sign("(")
        if self.is_word("SELECT"):
            raise malformed(f"unexpected token: 'SELECT' (sub-selects are {UNSUPPORTED})")
        values = [self._value()]
        while self.accept_sign(","):
            values.append(self._value())
        self.expect_sign(")")
        return tuple(values)

    def _value(self) -> Value:
        token = self.take()
        if token.kind == "text":
            return Value("text", _unescape(token.text[1:-1]))
        if token.kind == "number":
            return Value("number", float(token.text) if "." in token.text else int(token.text))
        if token.kind == "moment":
            return Value("moment", token.text)
        if token.kind == "name" and token.text.lower() in {"true", "false"}:
            return Value("boolean", token.text.lower() == "true")
        if token.kind == "name" and token.text.lower() == "null":
            return Value("null", None)
        self._place -= 1
        raise self.unexpected()


def _unescape(text: str) -> str:
    made = []
    place = 0
    while place < len(text):
        char = text[place]
        if char == "\\":
            place += 1
            escaped = text[place]
            if escaped not in "nrtbf\"'\\_%NRTBF":
                raise malformed(
                    f"Invalid string literal '{text}'. Illegal character sequence '\\{escaped}' in string literal."
                )
            made.append(f"\\{escaped}" if escaped in "_%" else _ESCAPES.get(escaped.lower(), escaped))
        else:
            made.append(char)
        place += 1
    return "".join(made)


# running


class Run:
    """Runs conditions and builds rows for one person: sharing and field-level security apply."""

    def __init__(self, org: Org, user_id: str, source: str) -> None:
        self._org = org
        self._user_id = user_id
        self._source = source

    def object_type(self, name: str) -> ObjectType:
        """The object of FROM or RETURNING."""
        known = self._org.type(name)
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
            target = self._org.type(step.refers_to[0])
            if target is None:
                raise self.no_column(last, known)
            known = target
        one = known.field(last)
        if one is None or not self._org.field_access(self._user_id, known.name)(one, False):
            raise self.no_column(last, known)
        return steps, known, one

    def read(self, row: Record, steps: list[Field], one: Field) -> Any:
        """The value at a path, None when a reference on the way is empty."""
        current: Record | None = row
        for step in steps:
            current = self._org.find(current.get(step.name) or "", deleted=True) if current else None
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
        values = [_literal(one, value, where.operator) for value in where.values]
        test = _test(one, where.operator, values)
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
                target = self._org.find(current.get(step.name) or "", deleted=True)
                if target is None:
                    place[step.alias] = None
                    break
                name = object_of(target["Id"]) or ""
                kind = self._org.type(step.refers_to[0]) or kind
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


def _wrong_value(one: Field, more: str) -> Refused:
    return Refused("INVALID_FIELD", f"value of filter criterion for field '{one.name}' {more}")


def _literal(one: Field, value: Value, operator: str) -> Any:
    """What a field is compared with; Refused when the literal is not of the field's type."""
    if value.kind == "null":
        if operator not in {"=", "!=", "IN", "NOT IN"}:
            raise _wrong_value(one, "can't be null")
        return None
    if one.type in _QUOTED:
        if value.kind != "text":
            raise _wrong_value(one, "must be of type string and should be enclosed in quotes")
        return _id_literal(one, value.value, operator) if one.type in {"id", "reference"} else value.value
    if operator == "LIKE":
        raise Refused("INVALID_FIELD", f"invalid operator on {one.type} field: LIKE ({one.name})")
    wanted = {"boolean": "boolean", "int": "number", "double": "number"}.get(one.type, "moment")
    timed = (one.type == "datetime") == ("T" in str(value.value))
    if value.kind != wanted or (wanted == "moment" and not timed):
        quotes = " and should not be enclosed in quotes" if value.kind == "text" else ""
        raise _wrong_value(one, f"must be of type {'dateTime' if one.type == 'datetime' else one.type}{quotes}")
    return _moment(value.value) if one.type == "datetime" else value.value


def _id_literal(one: Field, text: str, operator: str) -> str:
    if operator == "LIKE":
        raise Refused("INVALID_FIELD", f"invalid operator on id field: LIKE ({one.name})")
    id18 = to18(text)
    if id18 is None and text:
        raise Refused("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {text}")
    return id18 or ""


def _moment(text: str) -> str:
    try:
        made = datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise malformed(f"Invalid datetime: {text}") from None
    return made.strftime("%Y-%m-%dT%H:%M:%S.") + f"{made.microsecond // 1000:03d}+0000"


def _test(one: Field, operator: str, values: list[Any]) -> Callable[[Any], bool]:
    exact = one.case_sensitive or one.type in {"id", "reference"}

    def fold(value: Any) -> Any:
        return value.lower() if isinstance(value, str) and not exact else value

    folded = [fold(None if value == "" else value) for value in values]
    if operator == "IN":
        return lambda value: fold(value) in folded
    if operator == "NOT IN":
        return lambda value: fold(value) not in folded
    first = folded[0]
    if operator == "=":
        return lambda value: bool(fold(value) == first)
    if operator == "!=":
        return lambda value: bool(fold(value) != first)
    if operator == "LIKE":
        pattern = re.compile(_like(str(values[0])), re.IGNORECASE | re.DOTALL)
        return lambda value: value is not None and pattern.fullmatch(str(value)) is not None
    compare: dict[str, Callable[[Any], bool]] = {
        "<": lambda value: fold(value) < first,
        ">": lambda value: fold(value) > first,
        "<=": lambda value: fold(value) <= first,
        ">=": lambda value: fold(value) >= first,
    }
    chosen = compare[operator]
    return lambda value: value is not None and chosen(value)


def _like(pattern: str) -> str:
    made = []
    place = 0
    while place < len(pattern):
        char = pattern[place]
        if char == "\\" and place + 1 < len(pattern):
            place += 1
            made.append(re.escape(pattern[place]))
        else:
            made.append({"%": ".*", "_": "."}.get(char, re.escape(char)))
        place += 1
    return "".join(made)


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
            rows = _record_access(org, query)
        else:
            rows = [row for row in org.rows(known.name, deleted=deleted) if org.visible(row, user_id)]
        fits = runner.condition(known, query.where)
        rows = runner.sort(known, [row for row in rows if fits(row)], query.order)
        if not query.fields:
            return len(rows)
        rows = rows[query.offset :]
        if query.limit is not None:
            rows = rows[: query.limit]
        return [runner.build(known, row, query.fields, version) for row in rows]


def _record_access(org: Org, query: Query) -> list[Record]:
    """UserRecordAccess has no rows of its own: they are made for the user and the records that are asked about."""
    users: list[str] = []
    records: list[str] = []
    parts = query.where.parts if isinstance(query.where, Logic) and query.where.operator == "AND" else (query.where,)
    for part in parts:
        if not isinstance(part, Comparison) or part.operator not in {"=", "IN"}:
            continue
        values = [to18(str(value.value)) or "" for value in part.values]
        if part.path.lower() == "userid" and part.operator == "=":
            users = values
        elif part.path.lower() == "recordid":
            records = values
    if len(users) != 1 or not records:
        raise malformed("Filter UserId = and filter RecordId = or RecordId IN are required for UserRecordAccess")
    if len(records) > 200:  # noqa: PLR2004 - the documented limit
        raise malformed("UserRecordAccess: number of records is limited to 200")
    made = []
    for record_id in records:
        row = org.find(record_id)
        may = row is not None and org.visible(row, users[0])
        made.append(
            {"Id": record_id, "RecordId": record_id, "UserId": users[0], "HasReadAccess": may, "HasEditAccess": may,
             "HasDeleteAccess": may, "HasTransferAccess": may, "HasAllAccess": False,
             "MaxAccessLevel": "Edit" if may else "None"}
        )  # fmt: skip
    return made

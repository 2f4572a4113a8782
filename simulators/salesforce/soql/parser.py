"""Queries read: words, conditions, clauses.

Source: Salesforce "SOQL and SOSL Reference": SELECT, WHERE (logical operators, quoted string escape sequences),
ORDER BY, LIMIT, OFFSET, COUNT().
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from simulators.salesforce.refusal import Refused

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<moment>\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:?\d\d))?)"
    r"|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][\w.]*)|(?P<sign><=|>=|!=|<>|[=<>(),:]))"
)


_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


_OPERATORS: Final = {"=", "!=", "<>", "<", ">", "<=", ">="}


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

"""SOSL: FIND {…} IN … FIELDS RETURNING …, with the characters that must be escaped and an index that may lag.

Source: Salesforce "SOQL and SOSL Reference": FIND {SearchQuery} (wildcards, operators, reserved characters: an error
occurs when they are not preceded by a backslash, also inside double quotes), IN SearchGroup, RETURNING FieldSpec.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from .refusal import Refused
from .soql.parser import Parser
from .soql.run import Run

if TYPE_CHECKING:
    from collections.abc import Callable

    from .org import Org
    from .records import Record
    from .schema.types import ObjectType

RESERVED: Final = set("?&|!{}[]()^~*:\\\"'+-")
GROUPS: Final = {"ALL", "NAME", "EMAIL", "PHONE", "SIDEBAR"}
DEFAULT_OBJECTS: Final = ("Account", "Contact", "Lead", "Case")
MIN_TERM: Final = 2
_HEAD: Final = re.compile(r"\s*FIND\s*\{", re.IGNORECASE)
_GROUP: Final = re.compile(r"\s*IN\s+(\w+)\s+FIELDS\b", re.IGNORECASE)
_RETURNING: Final = re.compile(r"\s*RETURNING\b", re.IGNORECASE)


def malformed(message: str) -> Refused:
    """MALFORMED_SEARCH."""
    return Refused("MALFORMED_SEARCH", message)


@dataclass(frozen=True)
class Wanted:
    """One object of RETURNING: its fields and the text of its clauses."""

    object_name: str
    fields: tuple[str, ...]
    clauses: str


# the search query


@dataclass(frozen=True)
class Word:
    """A word or a quoted phrase; `parts` are its pieces between wildcards' places."""

    text: str
    phrase: bool

    def __post_init__(self) -> None:
        letters = re.sub(r"[\W_]", "", self.text.replace("*", "").replace("?", ""))
        if len(letters) < MIN_TERM:
            raise malformed(f"search term must be longer than one character: {self.text}")
        if self.text.startswith(("*", "?")):
            raise malformed(f"a wildcard may stand in the middle or at the end of a search term only: {self.text}")

    def fits(self, value: str, *, phone: bool) -> bool:
        """Whether a field's value holds it. Numbers match whatever stands between their digits."""
        return _fits_phone(self.text, value) if phone else _fits_text(self.text, value)


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in text), re.IGNORECASE)


def _tokens(value: str) -> list[str]:
    return re.findall(r"\w+", value)


def _fits_phone(text: str, value: str) -> bool:
    tokens = re.findall(r"\d+", value)
    wanted = _pattern(re.sub(r"[^\d*?A-Za-z]", "", text))
    ends = range(1, len(tokens) + 1)
    return any(wanted.fullmatch("".join(tokens[start:end])) for end in ends for start in range(end))


def _fits_text(text: str, value: str) -> bool:
    wanted = re.findall(r"[\w*?]+", text)
    tokens = _tokens(value)
    patterns = [_pattern(word) for word in wanted]
    return any(
        all(pattern.fullmatch(tokens[start + place]) for place, pattern in enumerate(patterns))
        for start in range(len(tokens) - len(patterns) + 1)
    )  # fmt: skip


class Search:
    """The text between FIND's braces, parsed: words, phrases, AND, OR, AND NOT and parentheses."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._tokens = self._split(source)
        self._place = 0
        if not self._tokens:
            raise malformed("search term must be longer than one character: ")
        self._test = self._any()
        if self._place != len(self._tokens):
            raise malformed(f"unexpected token: {self._tokens[self._place][1]}")

    def matches(self, values: list[tuple[str, bool]]) -> bool:
        """Whether a record fits; `values` are its searched fields' values, each with whether it is a phone number."""
        return self._test(values)

    def _split(self, source: str) -> list[tuple[str, str]]:
        made: list[tuple[str, str]] = []
        place = 0
        while place < len(source):
            char = source[place]
            if char.isspace():
                place += 1
            elif char in "()":
                made.append(("sign", char))
                place += 1
            elif char == '"':
                text, place = self._read(place + 1, '"')
                made.append(("phrase", text))
            else:
                text, place = self._read(place, "")
                made.append(("operator", text.upper()) if text.upper() in {"AND", "OR", "NOT"} else ("word", text))
        return made

    def _read(self, place: int, end: str) -> tuple[str, int]:
        """A word or a phrase from `place`; escapes are undone, a reserved character without one is refused."""
        made = []
        source = self._source
        while place < len(source):
            char = source[place]
            if char == "\\":
                if place + 1 >= len(source):
                    raise malformed("unexpected end of the search query after '\\'")
                made.append(source[place + 1])
                place += 2
                continue
            if end and char == end:
                return "".join(made), place + 1
            if not end and (char.isspace() or char in '()"'):
                return "".join(made), place
            if char in RESERVED and char not in "*?":
                raise malformed(f"unexpected character '{char}': reserved characters must be escaped with a backslash")
            made.append(char)
            place += 1
        if end:
            raise malformed('No closing quotation mark: "')
        return "".join(made), place

    def _any(self) -> Callable[[list[tuple[str, bool]]], bool]:
        parts = [self._all()]
        while self._next() == ("operator", "OR"):
            self._place += 1
            parts.append(self._all())
        return lambda values: any(part(values) for part in parts)

    def _all(self) -> Callable[[list[tuple[str, bool]]], bool]:
        parts = [self._one()]
        while (token := self._next()) is not None and token not in {("operator", "OR"), ("sign", ")")}:
            if token == ("operator", "AND"):
                self._place += 1
            if self._next() == ("operator", "NOT"):
                self._place += 1
                refused = self._one()
                parts.append(lambda values, refused=refused: not refused(values))  # type: ignore[misc]  # a default binds it
            else:
                parts.append(self._one())
        return lambda values: all(part(values) for part in parts)

    def _next(self) -> tuple[str, str] | None:
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def _one(self) -> Callable[[list[tuple[str, bool]]], bool]:
        token = self._next()
        if token is None:
            raise malformed("unexpected end of the search query")
        self._place += 1
        kind, text = token
        if token == ("sign", "("):
            made = self._any()
            if self._next() != ("sign", ")"):
                raise malformed("missing ')' in the search query")
            self._place += 1
            return made
        if kind not in {"word", "phrase"}:
            raise malformed(f"unexpected token: {text}")
        word = Word(text, kind == "phrase")
        return lambda values: any(word.fits(value, phone=phone) for value, phone in values)


# the statement


def _braces(source: str, start: int) -> int:
    """Where FIND's closing brace stands."""
    place = start
    while place < len(source):
        if source[place] == "\\":
            place += 2
            continue
        if source[place] == "}":
            return place
        place += 1
    raise malformed("No closing brace: }")


def _returning(source: str) -> list[Wanted]:
    made = []
    place = 0
    while True:
        match = re.compile(r"\s*(\w+)\s*").match(source, place)
        if match is None:
            raise malformed(f"unexpected token: '{source[place : place + 12].strip() or '<EOF>'}'")
        name, place = match.group(1), match.end()
        inner = ""
        if source[place : place + 1] == "(":
            end = _parenthesis(source, place)
            inner = source[place + 1 : end]
            place = end + 1
        keyword = re.search(r"\b(WHERE|ORDER\s+BY|LIMIT|OFFSET|USING)\b", inner, re.IGNORECASE)
        listed = inner[: keyword.start()] if keyword else inner
        fields = tuple(one.strip() for one in listed.split(",") if one.strip())
        made.append(Wanted(name, fields or ("Id",), inner[keyword.start() :] if keyword else ""))
        rest = source[place:].strip()
        if not rest:
            return made
        if not rest.startswith(","):
            raise malformed(f"unexpected token: '{rest[:20]}'")
        place = source.index(",", place) + 1


def _parenthesis(source: str, start: int) -> int:
    depth = 0
    quoted = False
    for place in range(start, len(source)):
        char = source[place]
        if char == "'" and source[place - 1] != "\\":
            quoted = not quoted
        elif not quoted and char == "(":
            depth += 1
        elif not quoted and char == ")":
            depth -= 1
            if depth == 0:
                return place
    raise malformed("No closing parenthesis: )")


def searched(known: ObjectType, group: str) -> list[tuple[str, bool]]:
    """The fields that a search group means, each with whether it holds phone numbers."""
    made = []
    for one in known.fields.values():
        phone = one.type == "phone"
        named = one.name in {"Name", "FirstName", "LastName", "Company", "Subject", "CaseNumber"}
        text = one.type in {"string", "textarea", "email", "picklist"}
        if {"PHONE": phone, "EMAIL": one.type == "email", "NAME": named}.get(group, phone or text):
            made.append((one.name, phone))
    return made


def run(org: Org, source: str, user_id: str, version: str) -> list[dict[str, Any]]:
    """The records a SOSL statement finds for this user; raises Refused."""
    head = _HEAD.match(source)
    if head is None:
        raise malformed("unexpected token: FIND {…} expected")
    end = _braces(source, head.end())
    search = Search(source[head.end() : end])
    rest = source[end + 1 :]
    group = "ALL"
    if (match := _GROUP.match(rest)) is not None:
        group = match.group(1).upper()
        rest = rest[match.end() :]
        if group not in GROUPS:
            raise malformed(f"unexpected token: '{group}'")
    total = org.settings.sosl_row_limit
    if (match := re.search(r"\)\s*LIMIT\s+(\d+)\s*\Z|\A\s*LIMIT\s+(\d+)\s*\Z", rest, re.IGNORECASE)) is not None:
        total = min(total, int(match.group(1) or match.group(2)))
        rest = rest[: match.start() + (1 if match.group(1) else 0)]
    wanted = [Wanted(name, ("Id",), "") for name in DEFAULT_OBJECTS]
    if (match := _RETURNING.match(rest)) is not None:
        wanted = _returning(rest[match.end() :])
    elif rest.strip():
        raise malformed(f"unexpected token: '{rest.strip()[:20]}'")
    return find(org, search, group, wanted, total, user_id=user_id, version=version, source=source)


def find(
    org: Org, search: Search, group: str, wanted: list[Wanted], total: int, *, user_id: str, version: str, source: str
) -> list[dict[str, Any]]:
    """Search the index and give the wanted fields."""
    runner = Run(org, user_id, source)
    found: list[dict[str, Any]] = []
    with org.lock:
        for one in wanted:
            known = runner.object_type(one.object_name)
            for path in one.fields:
                runner.resolve(known, path)
            parser = Parser(one.clauses)
            where, order, limit, offset = parser.clauses()
            if parser.peek().kind != "end":
                raise malformed(f"unexpected token: '{parser.peek().text}'")
            fits = runner.condition(known, where)
            names = searched(known, group)
            seen = [row for row in org.access.visible_rows(known.name, user_id) if indexed(org, row)]
            rows = [row for row in seen if search.matches(_values(row, names)) and fits(row)]
            rows = runner.sort(known, rows, order)[offset:]
            if limit is not None:
                rows = rows[:limit]
            found += [runner.build(known, row, one.fields, version) for row in rows]
    return found[:total]


def indexed(org: Org, row: Record) -> bool:
    """Whether the search index has the record by now."""
    delay = org.settings.index_delay_s
    return not delay or bool(row["_indexed_at"] + delay <= org.now())


def _values(row: Record, names: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    return [(str(row[name]), phone) for name, phone in names if row.get(name)]

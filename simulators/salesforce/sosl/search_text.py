"""What stands between FIND's braces: words, phrases, wildcards and operators, and the characters to be escaped.

Source: Salesforce "SOQL and SOSL Reference": FIND {SearchQuery} (wildcards, operators, reserved characters: an error
occurs when they are not preceded by a backslash, also inside double quotes).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from simulators.salesforce.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Callable


RESERVED: Final = set("?&|!{}[]()^~*:\\\"'+-")


MIN_TERM: Final = 2


def malformed(message: str) -> Refused:
    """MALFORMED_SEARCH."""
    return Refused("MALFORMED_SEARCH", message)


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

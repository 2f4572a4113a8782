"""`{!…}` formulas, and texts that hold some.

Source: Salesforce "Visualforce Developer Guide", global variables, functions.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from simulators.salesforce.metadata.components import MetadataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .context import Context


_USER_FIELDS: Final = {
    "id": "Id", "username": "Username", "firstname": "FirstName", "lastname": "LastName", "email": "Email",
    "alias": "Alias", "profileid": "ProfileId", "userroleid": "UserRoleId", "isactive": "IsActive",
}  # fmt: skip


_TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<name>\$?[A-Za-z_][\w.$]*)|(?P<sign>&&|\|\||<>|==|!=|[(),&=+]))"
)


class Expression:
    """One `{!…}` formula, evaluated while it is read."""

    def __init__(self, source: str, context: Context) -> None:
        self._source = source
        self._context = context
        self._tokens: list[tuple[str, str]] = []
        place = 0
        stripped = source.rstrip()
        while place < len(stripped):
            match = _TOKEN.match(stripped, place)
            if match is None:
                raise MetadataError(f"Syntax error in the expression {{!{source}}}")
            kind = match.lastgroup or ""
            self._tokens.append((kind, match.group(kind)))
            place = match.end()
        self._place = 0

    def value(self) -> Any:
        """The formula's value; MetadataError when it uses something unknown."""
        made = self._joined()
        if self._place != len(self._tokens):
            raise MetadataError(f"Syntax error in the expression {{!{self._source}}}")
        return made

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._place] if self._place < len(self._tokens) else ("end", "")

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        self._place += 1
        return token

    def _joined(self) -> Any:
        left = self._term()
        while self._peek() in {("sign", "&"), ("sign", "=")}:
            _, sign = self._next()
            right = self._term()
            left = f"{_text(left)}{_text(right)}" if sign == "&" else left == right
        return left

    def _term(self) -> Any:
        kind, token = self._next()
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", token[1:-1])
        if kind == "number":
            return float(token) if "." in token else int(token)
        if (kind, token) == ("sign", "("):
            made = self._joined()
            self._expect(")")
            return made
        if kind != "name":
            raise MetadataError(f"Syntax error in the expression {{!{self._source}}}")
        if self._peek() == ("sign", "("):
            self._next()
            arguments: list[Any] = []
            while self._peek() != ("sign", ")"):
                arguments.append(self._joined())
                if self._peek() == ("sign", ","):
                    self._next()
            self._expect(")")
            return self._call(token.upper(), arguments)
        return self._variable(token)

    def _expect(self, sign: str) -> None:
        if self._next() != ("sign", sign):
            raise MetadataError(f"Syntax error in the expression {{!{self._source}}}: {sign} expected")

    def _call(self, name: str, arguments: list[Any]) -> Any:
        one: dict[str, Callable[[Any], Any]] = {
            "JSENCODE": lambda value: _js_encode(_text(value)),
            "HTMLENCODE": lambda value: html.escape(_text(value)),
            "JSINHTMLENCODE": lambda value: _js_encode(html.escape(_text(value))),
            "URLENCODE": lambda value: quote(_text(value), safe=""),
            "TEXT": _text,
            "LOWER": lambda value: _text(value).lower(),
            "UPPER": lambda value: _text(value).upper(),
            "ISBLANK": lambda value: _text(value) == "",
            "NOT": lambda value: not value,
        }
        if name in one and len(arguments) == 1:
            return one[name](arguments[0])
        if name == "URLFOR" and len(arguments) in {1, 2}:
            return "/".join(_text(part).strip("/") if place else _text(part) for place, part in enumerate(arguments))
        if name == "IF" and len(arguments) == 3:  # noqa: PLR2004 - condition, then, else
            return arguments[1] if arguments[0] else arguments[2]
        if name == "SUBSTITUTE" and len(arguments) == 3:  # noqa: PLR2004 - text, old, new
            return _text(arguments[0]).replace(_text(arguments[1]), _text(arguments[2]))
        raise MetadataError(f"Unknown function {name} with {len(arguments)} arguments in {{!{self._source}}}")

    def _variable(self, name: str) -> Any:
        head, *rest = name.split(".")
        head = head.lower()
        if not rest and head in {"true", "false", "null"}:
            return {"true": True, "false": False, "null": None}[head]
        if head.startswith("$"):
            found, value = self._global(head, rest)
            if found:
                return value
        elif self._context.controller is not None:
            return self._context.controller_property(name)
        raise MetadataError(f"Unknown property or variable '{name}' in {{!{self._source}}}")

    def _global(self, head: str, rest: list[str]) -> tuple[bool, Any]:
        """A global variable: whether it is known here, and its value."""
        context = self._context
        first = rest[0] if rest else ""
        if head == "$currentpage" and len(rest) == 2 and first.lower() == "parameters":  # noqa: PLR2004 - and its name
            return True, context.query.get(rest[1], "")
        if len(rest) != 1:
            return False, None
        makers: dict[str, Callable[[], Any]] = {
            "$label": lambda: context.label(first),
            "$resource": lambda: context.resource(first),
            "$page": lambda: f"/apex/{first}",
        }
        if head in makers:
            return True, makers[head]()
        known = {
            "$user": {name: context.user[column] for name, column in _USER_FIELDS.items()} | {"uitheme": "Theme4d"},
            "$organization": {"id": context.org.id, "name": context.org.world.name},
        }.get(head, {})
        return first.lower() in known, known.get(first.lower())


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _js_encode(value: str) -> str:
    escapes = {"\\": "\\\\", "'": "\\'", '"': '\\"', "\n": "\\n", "\r": "\\r", "/": "\\/"}
    escapes |= {"<": "\\u003C", ">": "\\u003E"}
    return "".join(escapes.get(char, char) for char in value)


def _as_it_is(text: str) -> str:
    return text


def merge(
    source: str,
    context: Context,
    escape: Callable[[str], str] = _as_it_is,
    escape_between: Callable[[str], str] = _as_it_is,
) -> str:
    """The text with every `{!…}` replaced by its value; values and what stands between are escaped for their place."""
    made: list[str] = []
    place = 0
    while (start := source.find("{!", place)) >= 0:
        made.append(escape_between(source[place:start]))
        end = _end_of_expression(source, start + 2)
        made.append(escape(_text(Expression(source[start + 2 : end], context).value())))
        place = end + 1
    made.append(escape_between(source[place:]))
    return "".join(made)


def _end_of_expression(source: str, place: int) -> int:
    quoted = ""
    for index in range(place, len(source)):
        char = source[index]
        if quoted:
            quoted = "" if char == quoted and source[index - 1] != "\\" else quoted
        elif char in "'\"":
            quoted = char
        elif char == "}":
            return index
    raise MetadataError(f"Unclosed expression {source[place - 2 : place + 30]!r}")

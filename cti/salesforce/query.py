"""SOQL and SOSL, written so that a value can never become part of the statement.

Source: SOQL and SOSL Reference, "Quoted String Escape Sequences" and "FIND {SearchQuery}", reserved characters.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*\Z")
_SOQL_ESCAPES = {
    "\\": "\\\\",
    "'": "\\'",
    '"': '\\"',
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\b": "\\b",
    "\f": "\\f",
}
_SOSL_RESERVED = frozenset("?&|!{}[]()^~*:\\\"'+-")

Value = str | int | bool | datetime | None


def name(text: str) -> str:
    """`text` when it is a plain object, field or relationship path; raises ValueError for anything else."""
    if not _NAME.match(text):
        raise ValueError(f"not a Salesforce name: {text!r}")
    return text


def literal(value: Value) -> str:
    """A SOQL literal: quoted text, number, boolean, UTC date-time, `null`."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case _:
            return "'" + "".join(_SOQL_ESCAPES.get(sign, sign) for sign in value) + "'"


def equals(field: str, value: Value) -> str:
    """`field = value`."""
    return f"{name(field)} = {literal(value)}"


def one_of(field: str, values: Iterable[Value]) -> str:
    """`field IN (…)`; raises ValueError when there are no values, for SOQL has no empty list."""
    listed = [literal(value) for value in values]
    if not listed:
        raise ValueError("IN needs a value")
    return f"{name(field)} IN ({','.join(listed)})"


def select(
    fields: Sequence[str], table: str, *where: str, order_by: Sequence[str] = (), limit: int | None = None
) -> str:
    """`SELECT fields FROM table WHERE … AND … ORDER BY … LIMIT …`.

    `where` takes conditions made by `equals` and `one_of`; `order_by` field names, ascending.
    """
    statement = f"SELECT {', '.join(name(field) for field in fields)} FROM {name(table)}"  # noqa: S608 - SOQL of checked names
    if where:
        statement += " WHERE " + " AND ".join(where)
    if order_by:
        statement += " ORDER BY " + ", ".join(name(field) for field in order_by)
    if limit is not None:
        statement += f" LIMIT {int(limit)}"
    return statement


def term(text: str) -> str:
    """`text` as one SOSL search term: reserved signs escaped, quoted when it has blanks so that it stays together."""
    escaped = "".join("\\" + sign if sign in _SOSL_RESERVED else sign for sign in text)
    return f'"{escaped}"' if any(sign.isspace() for sign in text) else escaped


def returning(table: str, fields: Sequence[str], *where: str, limit: int | None = None) -> str:
    """One object of a SOSL RETURNING clause: `Contact(Id, Name WHERE … LIMIT …)`."""
    inside = ", ".join(name(field) for field in fields)
    if where:
        inside += " WHERE " + " AND ".join(where)
    if limit is not None:
        inside += f" LIMIT {int(limit)}"
    return f"{name(table)}({inside})"


def find(terms: Sequence[str], scope: str, *objects: str) -> str:
    """`FIND {a OR b} IN <scope> FIELDS RETURNING …`; `terms` are raw texts, `objects` made by `returning`."""
    if not terms:
        raise ValueError("FIND needs a term")
    if scope not in {"ALL", "NAME", "EMAIL", "PHONE", "SIDEBAR"}:
        raise ValueError(f"not a search scope: {scope!r}")
    return f"FIND {{{' OR '.join(term(text) for text in terms)}}} IN {scope} FIELDS RETURNING {', '.join(objects)}"

"""Literals against fields: what a literal means to a field of a type, and how the operators compare.

Source: Salesforce "SOQL and SOSL Reference", comparison operators, LIKE, IN, quoted string escape sequences.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from simulators.salesforce.ids import to18
from simulators.salesforce.refusal import Refused
from simulators.salesforce.times import stamp

from .parser import malformed

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulators.salesforce.schema.types import Field

    from .parser import Value


_QUOTED: Final = {"string", "phone", "email", "url", "picklist", "reference", "id", "textarea"}


def _wrong_value(one: Field, more: str) -> Refused:
    return Refused("INVALID_FIELD", f"value of filter criterion for field '{one.name}' {more}")


def literal(one: Field, value: Value, operator: str) -> Any:
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
        return stamp(datetime.fromisoformat(text))
    except ValueError:
        raise malformed(f"Invalid datetime: {text}") from None


def predicate(one: Field, operator: str, values: list[Any]) -> Callable[[Any], bool]:
    """Whether a field's value fits an operator and what stands behind it; text in any letter case, null as null."""
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

"""Object literals, as apex:canvasApp's `parameters` holds one.

Source: Salesforce "Canvas Developer Guide", "Visualforce Pages and Canvas".
"""

from __future__ import annotations

import re
from typing import Any, Final

from simulators.salesforce.metadata.components import MetadataError

_LITERAL: Final = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<name>[A-Za-z_$][\w$]*)|(?P<sign>[{}\[\]:,]))"
)


def object_literal(source: str) -> dict[str, Any]:
    """A JavaScript object literal of plain values (`{n:'x', a:1}`) or JSON; MetadataError when it is neither."""
    tokens: list[tuple[str, str]] = []
    place = 0
    stripped = source.strip()
    while place < len(stripped):
        match = _LITERAL.match(stripped, place)
        if match is None:
            raise MetadataError(f"The attribute parameters of apex:canvasApp is no object: {source!r}")
        tokens.append((match.lastgroup or "", match.group(match.lastgroup or "")))
        place = match.end()
    tokens.append(("end", ""))
    feed = iter(tokens)
    made = _literal(next(feed), feed, source)
    if not isinstance(made, dict) or next(feed) != ("end", ""):
        raise MetadataError(f"The attribute parameters of apex:canvasApp is no object: {source!r}")
    return made


def _literal(token: tuple[str, str], feed: Any, source: str) -> Any:
    kind, value = token
    wrong = MetadataError(f"The attribute parameters of apex:canvasApp is no object: {source!r}")
    if kind == "text":
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    if kind == "number":
        return float(value) if "." in value else int(value)
    if kind == "name" and value in {"true", "false", "null"}:
        return {"true": True, "false": False, "null": None}[value]
    if value != "{":
        raise wrong
    made: dict[str, Any] = {}
    token = next(feed)
    while token != ("sign", "}"):
        if token[0] not in {"text", "name"} or next(feed) != ("sign", ":"):
            raise wrong
        key = token[1][1:-1] if token[0] == "text" else token[1]
        made[key] = _literal(next(feed), feed, source)
        token = next(feed)
        if token == ("sign", ","):
            token = next(feed)
        elif token != ("sign", "}"):
            raise wrong
    return made

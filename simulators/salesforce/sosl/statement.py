"""SOSL statements read and carried out.

Source: Salesforce "SOQL and SOSL Reference": FIND, IN SearchGroup, RETURNING FieldSpec, LIMIT.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from simulators.salesforce.soql.parser import Parser
from simulators.salesforce.soql.run import Run

from .index import GROUPS, indexed, searched, searched_values
from .search_text import Search, malformed

if TYPE_CHECKING:
    from simulators.salesforce.org import Org


DEFAULT_OBJECTS: Final = ("Account", "Contact", "Lead", "Case")


_HEAD: Final = re.compile(r"\s*FIND\s*\{", re.IGNORECASE)


_GROUP: Final = re.compile(r"\s*IN\s+(\w+)\s+FIELDS\b", re.IGNORECASE)


_RETURNING: Final = re.compile(r"\s*RETURNING\b", re.IGNORECASE)


@dataclass(frozen=True)
class Wanted:
    """One object of RETURNING: its fields and the text of its clauses."""

    object_name: str
    fields: tuple[str, ...]
    clauses: str


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
            rows = [row for row in seen if search.matches(searched_values(row, names)) and fits(row)]
            rows = runner.sort(known, rows, order)[offset:]
            if limit is not None:
                rows = rows[:limit]
            found += [runner.build(known, row, one.fields, version) for row in rows]
    return found[:total]

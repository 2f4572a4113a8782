"""Searches: SOSL, and the parameterized search.

Source: Salesforce "REST API Developer Guide", Search, Parameterized Search.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import request

from simulators.salesforce.refusal import Refused
from simulators.salesforce.sosl import statement
from simulators.salesforce.sosl.index import GROUPS
from simulators.salesforce.sosl.search_text import RESERVED, Search, malformed

from .messages import answer, body, user_id

if TYPE_CHECKING:
    from flask import Blueprint, Response

    from simulators.salesforce.org import Org


def add_routes(pages: Blueprint, org: Org) -> None:
    """Search and Parameterized Search."""
    base = "/services/data/v<version>"

    @pages.get(f"{base}/search")
    def search(version: str) -> Response:
        source = request.args.get("q")
        if not source:
            raise malformed("A search string has to be specified")
        return answer({"searchRecords": statement.run(org, source, user_id(), version)})

    @pages.route(f"{base}/parameterizedSearch", methods=["GET", "POST"])
    def parameterized(version: str) -> Response:
        said = body() if request.method == "POST" else _search_arguments()
        return answer({"searchRecords": _parameterized(org, said, version)})


def _search_arguments() -> dict[str, Any]:
    names = [name for name in request.args.getlist("sobject") for name in name.split(",") if name]
    said: dict[str, Any] = {"q": request.args.get("q"), "in": request.args.get("in", "ALL"), "sobjects": []}
    if "fields" in request.args:
        said["fields"] = request.args["fields"].split(",")
    for limit in ("overallLimit", "defaultLimit", "offset"):
        if limit in request.args:
            said[limit] = int(request.args[limit])
    for name in names:
        one: dict[str, Any] = {"name": name}
        if f"{name}.fields" in request.args:
            one["fields"] = request.args[f"{name}.fields"].split(",")
        if f"{name}.limit" in request.args:
            one["limit"] = int(request.args[f"{name}.limit"])
        if f"{name}.where" in request.args:
            one["where"] = request.args[f"{name}.where"]
        said["sobjects"].append(one)
    return said


def _parameterized(org: Org, said: dict[str, Any], version: str) -> list[dict[str, Any]]:
    unknown = set(said) - {"q", "in", "fields", "sobjects", "overallLimit", "defaultLimit"}
    if unknown:
        raise Refused("INVALID_SEARCH", f"not simulated in a parameterized search: {', '.join(sorted(unknown))}")
    text = said.get("q")
    if not isinstance(text, str) or not text.strip():
        raise Refused("INVALID_SEARCH", "A search string has to be specified")
    group = str(said.get("in", "ALL")).upper()
    if group not in GROUPS:
        raise Refused("INVALID_SEARCH", f"unknown search group: {group}")
    escaped = "".join(f"\\{char}" if char in RESERVED - {'"', "*", "?", "(", ")"} else char for char in text)
    wanted = []
    objects = said.get("sobjects") or [{"name": name} for name in statement.DEFAULT_OBJECTS]
    for one in objects:
        fields = tuple(one.get("fields") or said.get("fields") or ("Id",))
        clauses = f"WHERE {one['where']}" if one.get("where") else ""
        limit = one.get("limit", said.get("defaultLimit"))
        wanted.append(statement.Wanted(one["name"], fields, f"{clauses} LIMIT {limit}" if limit else clauses))
    total = int(said.get("overallLimit") or org.settings.sosl_row_limit)
    search = Search(escaped)
    return statement.find(org, search, group, wanted, total, user_id=user_id(), version=version, source=text)

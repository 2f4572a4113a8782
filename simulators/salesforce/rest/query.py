"""Queries, and the pages in which they are answered.

Source: Salesforce "REST API Developer Guide", Query, QueryAll, Headers (Sforce-Query-Options).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from flask import request

from simulators.salesforce.refusal import Refused
from simulators.salesforce.soql.parser import malformed
from simulators.salesforce.soql.run import run

from .messages import answer, user_id

if TYPE_CHECKING:
    from flask import Blueprint, Response

    from simulators.salesforce.org import Org
    from simulators.salesforce.records import Record


PAGE: Final = (200, 2000)


def add_routes(pages: Blueprint, org: Org) -> None:
    """Query, QueryAll and their further pages."""
    base = "/services/data/v<version>"

    @pages.get(f"{base}/query", defaults={"deleted": False})
    @pages.get(f"{base}/queryAll", defaults={"deleted": True})
    def query(version: str, deleted: bool) -> Response:
        source = request.args.get("q")
        if not source:
            raise malformed("A query string has to be specified")
        found = run(org, source, user_id(), version, deleted=deleted)
        if isinstance(found, int):
            return answer({"totalSize": found, "done": True, "records": []})
        return _page(org, version, found, 0, None)

    @pages.get(f"{base}/query/<locator>")
    @pages.get(f"{base}/queryAll/<locator>", endpoint="more_all")
    def more(version: str, locator: str) -> Response:
        key, _, start = locator.partition("-")
        kept = org.locators.get(key)
        if kept is None or not start.isdigit() or kept[0] != user_id():
            raise Refused("INVALID_QUERY_LOCATOR", "invalid query locator")
        return _page(org, version, kept[1], int(start), key)


def _page(org: Org, version: str, found: list[Record], start: int, key: str | None) -> Response:
    match = re.search(r"batchSize=(\d+)", request.headers.get("Sforce-Query-Options", ""))
    size = min(max(int(match.group(1)), PAGE[0]), PAGE[1]) if match else PAGE[1]
    body: dict[str, Any] = {"totalSize": len(found), "done": start + size >= len(found)}
    if not body["done"]:
        if key is None:
            with org.lock:
                key = f"01g5g00000{len(org.locators):05d}AAA"
                org.locators[key] = (user_id(), found, size)
        body["nextRecordsUrl"] = f"/services/data/v{version}/query/{key}-{start + size}"
    body["records"] = found[start : start + size]
    return answer(body)

"""What may refuse a request before its resource sees it: the version, an ordered fault, the token, the limits.

Source: Salesforce "REST API Developer Guide", Versions, Limits, "Status Codes and Error Responses".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flask import Response, g, request

from simulators.salesforce.http import api_error, token_of_request

from .faults import before_request

if TYPE_CHECKING:
    from simulators.salesforce.org import Org


#: The versions of the API: the oldest served, the newest, and those that are listed.
OLDEST, NEWEST, SHOWN = 31, 68, (("Spring '26", 66), ("Summer '26", 67), ("Winter '27", 68))


MAX_URI: Final = 16_384


def check_request(org: Org) -> Response | None:
    """The answer to a request that goes no further, None when its resource may see it; counts the request."""
    path = request.path
    with org.lock:
        org.counters.requests[f"{request.method} {_resource(path)}"] += 1
        if path.rstrip("/") == "/services/data":
            return None
        org.counters.services_data += 1
        used = org.counters.services_data
    if len(request.full_path) > MAX_URI:
        return api_error(414, "URI_TOO_LONG", "URI Too Long")
    version = request.view_args.get("version") if request.view_args else None
    if (refused := _bad_version(str(version))) is not None:
        return refused
    if (refused := before_request(org)) is not None:
        return refused
    return _who(org, used)


def _who(org: Org, used: int) -> Response | None:
    token = token_of_request(org)
    if token is None:
        return api_error(401, "INVALID_SESSION_ID", "Session expired or invalid")
    if not org.access.api_enabled(token.user_id):
        return api_error(403, "API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner")
    if used > org.settings.api_limit:
        return api_error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    g.token = token
    return None


def _bad_version(version: str) -> Response | None:
    match = re.fullmatch(r"(\d{1,3})\.0", version)
    if match is None or int(match.group(1)) > NEWEST:
        return api_error(404, "NOT_FOUND", "The requested resource does not exist")
    if int(match.group(1)) < OLDEST:
        return api_error(410, "GONE", "The requested resource is no longer available")
    return None


def _resource(path: str) -> str:
    """The resource's name for the counters: ids and values left out."""
    rest = re.sub(r"^/services/data(/v[^/]+)?/?", "", path).strip("/")
    parts = rest.split("/")
    if parts[0] == "sobjects":
        return "/".join(parts[:2]) + ("/describe" if parts[-1] == "describe" else "")
    if parts[0] == "composite":
        return "/".join(parts[:2])
    return parts[0] or "versions"

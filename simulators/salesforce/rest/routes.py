"""REST, all resources of My Domain together: each module beside this one adds its own.

Source: Salesforce "REST API Developer Guide": Versions, Resources by Version, Limits, Headers (Sforce-Limit-Info).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, request

from simulators.salesforce.http import api_error, refusal
from simulators.salesforce.refusal import Refused

from . import collections, describe, query, records, search
from .guard import SHOWN, check_request
from .messages import answer

if TYPE_CHECKING:
    from simulators.salesforce.org import Org


NOT_SIMULATED: Final = (
    "composite/batch", "composite/tree", "composite/graph", "jobs", "tooling", "chatter", "metadata", "analytics",
    "ui-api", "wave", "connect", "recent",
)  # fmt: skip


def blueprint(org: Org) -> Blueprint:
    """The REST resources of My Domain."""
    pages = Blueprint("rest", __name__)
    pages.register_error_handler(Refused, refusal)

    @pages.before_request
    def guard() -> Response | None:
        return check_request(org)

    @pages.after_request
    def usage(response: Response) -> Response:
        if request.path.rstrip("/") != "/services/data":
            used, most = org.counters.services_data, org.settings.api_limit
            response.headers["Sforce-Limit-Info"] = f"api-usage={used}/{most}"
        return response

    _add_roots(pages, org)
    for kind in (records, describe, query, search, collections):
        kind.add_routes(pages, org)

    @pages.route("/services/data/v<version>/<path:rest>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def unknown(version: str, rest: str) -> Response:
        del version
        if rest.startswith(NOT_SIMULATED) or rest.rstrip("/") == "composite":
            return api_error(501, "NOT_SIMULATED", f"This simulator does not have the resource {rest}")
        raise Refused("NOT_FOUND", "The requested resource does not exist", status=404)

    return pages


def _add_roots(pages: Blueprint, org: Org) -> None:
    @pages.get("/services/data")
    def versions() -> Response:
        return answer([{"label": label, "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
                        for label, number in SHOWN])  # fmt: skip

    @pages.get("/services/data/v<version>")
    def resources(version: str) -> Response:
        base = f"/services/data/v{version}"
        names = ("composite", "limits", "parameterizedSearch", "query", "queryAll", "search", "sobjects")
        return answer({name: f"{base}/{name}" for name in names})

    @pages.get("/services/data/v<version>/limits")
    def limits(version: str) -> Response:
        del version
        most = org.settings.api_limit
        return answer({"DailyApiRequests": {"Max": most, "Remaining": max(0, most - org.counters.services_data)}})

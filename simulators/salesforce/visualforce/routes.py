"""Pages and static resources of the Visualforce host."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from simulators.salesforce.http import session_of_request, text
from simulators.salesforce.metadata.components import MetadataError

from .context import Context
from .renderer import Renderer

if TYPE_CHECKING:
    from simulators.salesforce.org import Org


def blueprint(org: Org) -> Blueprint:
    """Pages and static resources of the Visualforce host."""
    pages = Blueprint("visualforce", __name__)

    @pages.get("/apex/<name>")
    def page(name: str) -> Response:
        org.counters.requests["visualforce page"] += 1
        session = session_of_request(org)
        if request.args.get("nonce"):
            session = org.sessions.session_of_frame(request.args["nonce"]) or session
        if session is None:
            return text("<h1>Log in to Salesforce</h1>", 401, "text/html; charset=utf-8")
        source = org.package.page(name)
        if source is None:
            return text(f"Page {html.escape(name)} does not exist", 404, "text/html; charset=utf-8")
        context = Context(org, dict(org.records.table("User")[session.user_id]), session, request.args)
        try:
            made, media = Renderer(context, name).render(source)
        except MetadataError as error:
            return text(f"Visualforce Error\n\n{error}\n", 500)
        response = text(made, 200, media)
        ancestors = f"frame-ancestors {org.site.lightning_origin} {org.site.my_origin} {org.site.vf_origin}"
        response.headers["Content-Security-Policy"] = ancestors
        response.headers["Cache-Control"] = "no-cache, must-revalidate, max-age=0, no-store, private"
        return response

    @pages.get("/resource/<stamp>/<name>", defaults={"inner": ""})
    @pages.get("/resource/<stamp>/<name>/<path:inner>")
    def resource(stamp: str, name: str, inner: str) -> Response:
        del stamp
        found = org.package.resource(name, inner)
        if found is None:
            return text(f"Static resource {html.escape(name)} not found", 404)
        return Response(found[0], 200, content_type=found[1])

    return pages

"""Open CTI's script under `/support/api/NN.0/lightning/`, for every version number and on every host of the org.

The script is this simulator's own, written from the documented behaviour; Salesforce's is not copied.
"""

from __future__ import annotations

import pathlib
import re
from typing import TYPE_CHECKING

from flask import Blueprint, Response

from .http import text

if TYPE_CHECKING:
    from .org import Org

ASSETS = pathlib.Path(__file__).parent / "assets"


def blueprint(org: Org) -> Blueprint:
    """The script's addresses."""
    pages = Blueprint("opencti", __name__)

    @pages.get("/support/api/<version>/lightning/<name>.js")
    def script(version: str, name: str) -> Response:
        if name not in {"opencti", "opencti_min"} or not re.fullmatch(r"\d{2,3}\.0", version):
            return text("Not Found", 404)
        source = (ASSETS / "opencti.js").read_text(encoding="utf-8")
        source = source.replace("__API_VERSION__", version.partition(".")[0])
        source = source.replace("__LIGHTNING_ORIGIN__", org.site.lightning_origin)
        return Response(source, 200, content_type="application/javascript; charset=utf-8")

    @pages.get("/support/api/<version>/interaction.js")
    def classic(version: str) -> Response:
        del version
        message = "Open CTI for Salesforce Classic (sforce.interaction) is not simulated."
        return Response(f"throw new Error({message!r});\n", 200, content_type="application/javascript")

    return pages


def canvas_blueprint() -> Blueprint:
    """The parent side of Canvas, for pages that hold an apex:canvasApp."""
    pages = Blueprint("canvas_parent", __name__)

    @pages.get("/canvas/canvas_parent.js")
    def script() -> Response:
        source = (ASSETS / "canvas_parent.js").read_text(encoding="utf-8")
        return Response(source, 200, content_type="application/javascript; charset=utf-8")

    return pages

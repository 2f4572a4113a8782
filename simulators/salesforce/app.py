"""Puts the org's three hosts together as one WSGI application."""

from __future__ import annotations

import pathlib
import time
from typing import TYPE_CHECKING

from flask import Blueprint, Flask, Response, g, request, send_from_directory

from . import canvas, control, oauth, opencti
from .hosts import HostDispatcher
from .lightning import routes as lightning
from .rest import routes as rest
from .visualforce import routes as visualforce

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from .org import Org

ROOT = pathlib.Path(__file__).resolve().parents[2]
DESIGN_SYSTEM = ROOT / "node_modules" / "@salesforce-ux" / "design-system" / "assets"


def design_system(folder: pathlib.Path) -> Blueprint:
    """The design system's styles and icons, from where npm installed them."""
    pages = Blueprint("slds", __name__)

    @pages.get("/slds/<path:name>")
    def asset(name: str) -> Response:
        return send_from_directory(folder, name, max_age=86_400)

    return pages


def create_app(org: Org, slds: pathlib.Path = DESIGN_SYSTEM) -> WSGIApplication:
    """The application of all hosts; unknown hosts are refused with 421."""
    site = org.site
    shared = (control.blueprint, opencti.blueprint)
    hosts = {
        site.lightning_host: [lightning.blueprint(org), oauth.blueprint(org, my_domain=False)],
        site.my_host: [oauth.blueprint(org, my_domain=True), rest.blueprint(org), canvas.blueprint(org)],
        site.vf_host: [
            visualforce.blueprint(org), canvas.blueprint(org), opencti.canvas_blueprint(),
            oauth.blueprint(org, my_domain=False),
        ],
    }  # fmt: skip
    apps: dict[str, WSGIApplication] = {}
    for host, blueprints in hosts.items():
        app = Flask(f"salesforce.{host.partition('.')[0]}", static_folder=None)
        app.url_map.strict_slashes = False
        app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask's default provider has it
        for made in (*blueprints, *(make(org) for make in shared), design_system(slds)):
            app.register_blueprint(made)
        _record(app, org, host)
        apps[host] = app
    return HostDispatcher(apps)


def _record(app: Flask, org: Org, host: str) -> None:
    """Keep the last requests for the control interface (no bodies, tokens or control calls), and what they changed."""

    @app.before_request
    def started() -> None:
        g.started = time.monotonic()

    @app.after_request
    def done(response: Response) -> Response:
        if not request.path.startswith(("/_sim", "/slds", "/assets")):
            entry = {
                "host": host, "method": request.method, "path": request.path, "status": response.status_code,
                "ms": round((time.monotonic() - g.started) * 1000, 1),
            }  # fmt: skip
            with org.lock:
                org.counters.recent.append(entry)
        org.keep()
        return response

"""What surrounds every request: ids, limits, headers, errors, the log line, the numbers."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

import structlog
from flask import Flask, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

from cti.web.body import guard_bodies
from cti.web.errors import install_errors

if TYPE_CHECKING:
    from flask import Response

    from cti.clock import Clock
    from cti.settings import Settings
    from cti.web.metrics import Metrics

_log = structlog.get_logger("cti.web")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_HASHED_NAME = re.compile(r"[.-][0-9A-Za-z]{8,}\.[a-z0-9]+$")
_YEAR = 31_536_000
_CLOSED_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


def install(app: Flask, settings: Settings, metrics: Metrics, clock: Clock) -> None:
    """Put everything that all answers have in common round `app`."""
    app.config["MAX_CONTENT_LENGTH"] = settings.max_request_bytes
    app.config["MAX_FORM_MEMORY_SIZE"] = settings.max_request_bytes
    app.config["MAX_FORM_PARTS"] = 100
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.wsgi_app = guard_bodies(app.wsgi_app)  # type: ignore[method-assign]  # Flask's own way
    hops = settings.trusted_proxy_hops
    if hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]  # Flask's own way
    install_errors(app, metrics)

    @app.before_request
    def begin() -> None:
        given = request.headers.get("X-Request-ID", "") if hops else ""
        g.request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        g.began = clock.monotonic()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def finish(response: Response) -> Response:
        _add_headers(response, secure=settings.is_secure)
        response.headers["X-Request-ID"] = g.get("request_id", "")
        seconds = clock.monotonic() - g.get("began", clock.monotonic())
        route = request.url_rule.rule if request.url_rule is not None else "(none)"
        metrics.answered(route, _known_method(request.method), response.status_code, seconds)
        if request.endpoint not in {"health.healthz", "health.readyz", "health.numbers", "static"}:
            _log.info(
                "request",
                method=request.method,
                route=route,
                status=response.status_code,
                milliseconds=round(seconds * 1000, 1),
            )
        return response


def _add_headers(response: Response, *, secure: bool) -> None:
    """Add the security headers that the route has not set itself."""
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("Content-Security-Policy", _CLOSED_POLICY)
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    if secure:
        headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR}")
    if request.endpoint == "static":
        if _HASHED_NAME.search(request.path) and response.status_code in {200, 206, 304}:
            headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
        else:
            headers["Cache-Control"] = "no-cache"
    else:
        headers.setdefault("Cache-Control", "no-store")


def _known_method(method: str) -> str:
    return method if method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} else "other"

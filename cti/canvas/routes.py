"""The address Salesforce posts its signed request to: answers with the pane or with a page that says why not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import structlog
from flask import Blueprint, make_response, render_template, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from cti.canvas.errors import CanvasRequestMissingError, CanvasRequestTooLargeError, UserApprovalRequiredError
from cti.errors import ConnectorError, InternalError
from cti.web.errors import from_http

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response

    from cti.accounts import Org
    from cti.canvas.service import CanvasSignIn, SignedIn, Verified
    from cti.settings import Settings
    from cti.web.assets import Assets
    from cti.web.metrics import Metrics

_log = structlog.get_logger("cti.canvas")
_APPROVAL_PARAMETERS = ("_sfdc_canvas_auth", "_sfdc_canvas_authvalue")


def blueprint(
    sign_in: CanvasSignIn,
    assets: Assets,
    settings: Settings,
    metrics: Metrics,
    *,
    version: str,
    new_id: Callable[[], str],
) -> Blueprint:
    """`POST /canvas` and `GET /canvas`; `new_id` makes the unguessable value that each page's policy names."""
    made = Blueprint("canvas", __name__)

    @made.post("/canvas")
    def enter() -> Response:
        verified: Verified | None = None
        try:
            verified = sign_in.open(_signed_request(settings.canvas_max_bytes))
            pane = _pane(sign_in.sign_in(verified), assets, settings, version=version, nonce=new_id())
        except ConnectorError as error:
            return refuse(error, verified)
        except Exception:  # noqa: BLE001 - in the frame, any failure is shown as a page
            _log.exception("sign-in-failed")
            return refuse(InternalError(), verified)
        _log.info("signed-in", org=verified.org.id)
        return pane

    @made.get("/canvas")
    def wait_for_approval() -> Response:
        if any(name in request.args for name in _APPROVAL_PARAMETERS):
            return refuse(UserApprovalRequiredError(), None)
        return refuse(CanvasRequestMissingError(), None)

    def refuse(error: ConnectorError, verified: Verified | None) -> Response:
        metrics.error(error.code)
        _log.info("sign-in-refused", code=error.code, org=verified.org.id if verified is not None else None)
        return _refusal(error, verified, nonce=new_id())

    return made


def _signed_request(limit: int) -> str:
    # Percent-encoding makes `+`, `/` and `=` three times as long.
    request.max_content_length = request.max_form_memory_size = 3 * limit + 1024
    try:
        return request.form.get("signed_request", "")
    except RequestEntityTooLarge:
        raise CanvasRequestTooLargeError from None
    except HTTPException as error:
        raise from_http(error) from None


def _pane(signed_in: SignedIn, assets: Assets, settings: Settings, *, version: str, nonce: str) -> Response:
    session = signed_in.issued.session
    boot: dict[str, Any] = {
        "session": signed_in.issued.token,
        "expiresIn": signed_in.issued.expires_in,
        "language": session.language,
        "agent": {"name": session.name or signed_in.agent.name, "extension": signed_in.agent.extension},
        "origins": {"parent": signed_in.org.vf_origin},
        "channel": f"{settings.websocket_url}/pane/channel",
        "sip": f"{settings.websocket_url}/pane/sip",
        "version": version,
        "signInSeq": 0,
    }
    response = make_response(
        render_template(
            "pane/pane.html",
            boot=_json_for_html(boot),
            js=assets.url("pane.js"),
            css=assets.url("pane.css"),
            language=session.language,
            nonce=nonce,
        )
    )
    sockets = settings.websocket_url
    response.headers["Content-Security-Policy"] = "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            f"style-src 'self' 'nonce-{nonce}'",
            "img-src 'self' data:",
            "font-src 'self'",
            "media-src 'self' blob: data:",
            "worker-src 'self' blob:",
            f"connect-src 'self' {sockets}",
            f"frame-ancestors {_frames(signed_in.org)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _refusal(error: ConnectorError, verified: Verified | None, *, nonce: str) -> Response:
    languages = ("pl", "en") if verified is None else (verified.language,)
    response = make_response(
        render_template(
            "canvas/refused.html",
            code=error.code,
            sentences=[(language, error.message(language)) for language in languages],
            retryable=error.retryable,
            nonce=nonce,
        ),
        error.http_status,
    )
    # Nobody is known yet where nothing was proved: the page must show in any frame, and holds nothing to steal.
    frames = "*" if verified is None else _frames(verified.org)
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; frame-ancestors {frames}; base-uri 'none'; form-action 'none'"
    )
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if error.retryable:
        response.headers["Retry-After"] = "60"
    return response


def _frames(org: Org) -> str:
    return " ".join(dict.fromkeys((org.lightning_origin, org.vf_origin, org.my_domain_url)))


def _json_for_html(value: object) -> str:
    r"""JSON that may stand inside a script element: what could end it is spelled with \u escapes."""
    text = json.dumps(value, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text

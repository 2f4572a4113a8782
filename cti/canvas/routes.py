"""The address Salesforce posts its signed request to: answers with the pane or with a page that says why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from flask import Blueprint, make_response, render_template, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from cti.canvas.errors import CanvasRequestMissingError, CanvasRequestTooLargeError, UserApprovalRequiredError
from cti.errors import ConnectorError, InternalError
from cti.web.callers import Caller, open_to
from cti.web.errors import from_http
from cti.web.pane_page import frames_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response

    from cti.canvas.service import CanvasSignIn, Verified
    from cti.web.metrics import Metrics
    from cti.web.pane_page import PanePage

_log = structlog.get_logger("cti.canvas")
_APPROVAL_PARAMETERS = ("_sfdc_canvas_auth", "_sfdc_canvas_authvalue")


def blueprint(
    sign_in: CanvasSignIn, page: PanePage, metrics: Metrics, *, max_bytes: int, new_id: Callable[[], str]
) -> Blueprint:
    """`POST /canvas` and `GET /canvas`.

    `max_bytes` bounds a signed request; `new_id` makes the unguessable value that each refusal's policy names.
    """
    made = Blueprint("canvas", __name__)

    @made.post("/canvas")
    @open_to(Caller.SIGNED_REQUEST)
    def enter() -> Response:
        verified: Verified | None = None
        try:
            verified = sign_in.open(_signed_request(max_bytes))
            let_in = sign_in.sign_in(verified)
            org = let_in.org
            pane = page.answer(let_in.issued, let_in.agent, parent=org.vf_origin, frames=frames_of(org))
        except ConnectorError as error:
            return refuse(error, verified)
        except Exception:  # noqa: BLE001 - in the frame, any failure is shown as a page
            _log.exception("sign-in-failed")
            return refuse(InternalError(), verified)
        agent = let_in.issued.session.agent
        _log.info("signed-in", org=org.id, pairing=agent.pairing_id, users_id=agent.fcc_user_id)
        return pane

    @made.get("/canvas")
    @open_to(Caller.ANYBODY)
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
    frames = "*" if verified is None else " ".join(frames_of(verified.org))
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; frame-ancestors {frames}; base-uri 'none'; form-action 'none'"
    )
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if error.retryable:
        response.headers["Retry-After"] = "60"
    return response

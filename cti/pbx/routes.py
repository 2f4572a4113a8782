"""The address FCC sends its webhooks to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from cti.pbx.webhooks import MAX_BODY_BYTES, WebhookRefusedError, WebhookTooLargeError
from cti.web.callers import Caller, open_to

if TYPE_CHECKING:
    from collections.abc import Callable

    from cti.pbx.webhooks import WebhookIntake


def blueprint(intake: WebhookIntake, *, count_error: Callable[[str], None]) -> Blueprint:
    """`POST /fcc/<tenant>/webhook`: 204 once the event is stored; every other refusal is the application's JSON."""
    made = Blueprint("webhooks", __name__)

    @made.post("/fcc/<tenant_id>/webhook")
    @open_to(Caller.WEBHOOK_PASSWORD)
    def take(tenant_id: str) -> Response:
        request.max_content_length = MAX_BODY_BYTES
        try:
            body = request.get_data(cache=False)
        except RequestEntityTooLarge:
            raise WebhookTooLargeError from None
        try:
            intake.take(tenant_id, authorization=request.headers.get("Authorization"), body=body)
        except WebhookRefusedError as error:
            count_error(error.code)
            response = jsonify({"error": error.to_json("en")})
            response.status_code = error.http_status
            response.headers["WWW-Authenticate"] = 'Basic realm="FCC webhook", charset="UTF-8"'
            return response
        return Response(status=204)

    return made

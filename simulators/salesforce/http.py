"""What the blueprints share: who asks, and answers in the shapes the platform uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response, jsonify, request

if TYPE_CHECKING:
    from .org import Org
    from .refusal import Refused
    from .sessions import Session, Token

SESSION_COOKIE = "sid"


def bearer() -> str | None:
    """The token of the Authorization header (`Bearer` or the older `OAuth`), None when there is none."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    return value.strip() or None if scheme.lower() in {"bearer", "oauth"} else None


def token_of_request(org: Org) -> Token | None:
    """The working token of this request."""
    value = bearer()
    return org.sessions.token(value) if value else None


def session_of_request(org: Org) -> Session | None:
    """The Lightning session of this request's cookie."""
    return org.sessions.session(request.cookies.get(SESSION_COOKIE))


def set_session(response: Response, session: Session) -> Response:
    """Give the browser the session's cookie."""
    response.set_cookie(SESSION_COOKIE, session.sid, httponly=True, samesite="Lax", path="/")
    return response


def api_error(status: int, code: str, message: str, fields: list[str] | None = None) -> Response:
    """A REST error: an array of `{message, errorCode, fields?}`.

    Source: Salesforce "REST API Developer Guide", "Status Codes and Error Responses".
    """
    body: dict[str, Any] = {"message": message, "errorCode": code}
    if fields:
        body["fields"] = fields
    response = jsonify([body])
    response.status_code = status
    return response


def refusal(refused: Refused) -> Response:
    """A refusal of the platform's rules as a REST error."""
    return api_error(refused.status, refused.code, refused.message, list(refused.fields))


def oauth_error(error: str, description: str, status: int = 400) -> Response:
    """An OAuth error: an object (RFC 6749 §5.2)."""
    response = jsonify({"error": error, "error_description": description})
    response.status_code = status
    return no_store(response)


def no_store(response: Response) -> Response:
    """Keep an answer out of every cache."""
    response.headers["Cache-Control"] = "no-cache, no-store"
    response.headers["Pragma"] = "no-cache"
    return response


def text(body: str, status: int = 200, media: str = "text/plain; charset=utf-8") -> Response:
    """A plain answer."""
    return Response(body, status, content_type=media)

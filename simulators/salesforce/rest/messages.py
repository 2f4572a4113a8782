"""What every resource reads of a request, and how it answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flask import Response, g, jsonify, request

from simulators.salesforce.refusal import Refused

if TYPE_CHECKING:
    from simulators.salesforce.sessions import Token


def body() -> dict[str, Any]:
    """The request's JSON object; Refused when it has none."""
    if request.mimetype != "application/json":
        raise Refused("UNSUPPORTED_MEDIA_TYPE", f"Content-Type header specified in HTTP request is not supported: "
                                                f"{request.mimetype or '(none)'}", status=415)  # fmt: skip
    try:
        said = json.loads(request.get_data())
    except ValueError as error:
        raise Refused("JSON_PARSER_ERROR", f"Unexpected character at [line:1, column:1]: {error}") from error
    if not isinstance(said, dict):
        raise Refused("JSON_PARSER_ERROR", "The HTTP entity body is required, but this request has no entity body.")
    return said


def user_id() -> str:
    """Whose token the request came with."""
    token: Token = g.token
    return token.user_id


def assigns() -> bool:
    """Whether the org's assignment rule may choose an owner (Sforce-Auto-Assign)."""
    return request.headers.get("Sforce-Auto-Assign", "TRUE").upper() != "FALSE"


def answer(content: Any, status: int = 200) -> Response:
    """An answer in JSON."""
    made = jsonify(content)
    made.status_code = status
    made.headers["Content-Type"] = "application/json;charset=UTF-8"
    return made


def wrong_method(allowed: str) -> Refused:
    """405, naming the methods that a resource has."""
    said = f"HTTP Method '{request.method}' not allowed. Allowed are {allowed}"
    return Refused("METHOD_NOT_ALLOWED", said, status=405)

"""Errors that belong to HTTP itself, and the one JSON shape in which errors leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from flask import Blueprint, Flask, g, jsonify, request
from werkzeug.exceptions import HTTPException

from cti.errors import ConnectorError, InternalError

if TYPE_CHECKING:
    from flask import Response

    from cti.web.metrics import Metrics

_log = structlog.get_logger("cti.web")
_SERVER_ERROR = 500


class PaneNotBuiltError(ConnectorError):
    """The pane's files were not built."""

    code = "pane-not-built"
    http_status = 503
    pl = "Łącznik FCC jest niekompletny: brakuje plików telefonu. Administrator musi uruchomić „make build”."
    en = "The FCC connector is incomplete: the phone's files are missing. An administrator has to run “make build”."


class RequestRefusedError(ConnectorError):
    """The request could not be understood."""

    code = "bad-request"
    http_status = 400
    pl = "Nie udało się odczytać zapytania."
    en = "The request could not be read."


class NotFoundError(ConnectorError):
    """There is nothing at this address."""

    code = "not-found"
    http_status = 404
    pl = "Pod tym adresem nic nie ma."
    en = "There is nothing at this address."


class MethodNotAllowedError(ConnectorError):
    """The address does not take this method."""

    code = "method-not-allowed"
    http_status = 405
    pl = "Ten adres nie przyjmuje takich zapytań."
    en = "This address does not take requests of this kind."


class RequestTooLargeError(ConnectorError):
    """The body exceeds the limit."""

    code = "request-too-large"
    http_status = 413
    pl = "Zapytanie jest za duże."
    en = "The request is too large."


class UnsupportedTypeError(ConnectorError):
    """The body has a type that the address does not take."""

    code = "unsupported-media-type"
    http_status = 415
    pl = "Ten adres nie przyjmuje treści tego rodzaju."
    en = "This address does not take content of this type."


_BY_STATUS: dict[int, type[ConnectorError]] = {
    kind.http_status: kind
    for kind in (NotFoundError, MethodNotAllowedError, RequestTooLargeError, UnsupportedTypeError)
}


def _preferred_language() -> str:
    """The language the caller's browser asks for: "pl" or "en"."""
    return request.accept_languages.best_match(["pl", "en"], default="en")


def _body_of(error: ConnectorError, language: str) -> dict[str, Any]:
    """The one shape: `{"error": {"code": …, "message": …}, "requestId": …}`."""
    return {"error": error.to_json(language), "requestId": g.get("request_id", "")}


def from_http(error: HTTPException) -> ConnectorError:
    """Our error for one that Werkzeug raised."""
    status = error.code or _SERVER_ERROR
    if status >= _SERVER_ERROR:
        return InternalError()
    return _BY_STATUS.get(status, RequestRefusedError)()


def install_errors(app: Flask | Blueprint, metrics: Metrics) -> None:
    """Answer every error in the one JSON shape, and count it by code."""

    def answer(error: ConnectorError) -> tuple[Response, int]:
        metrics.error(error.code)
        response = jsonify(_body_of(error, _preferred_language()))
        if error.repeat_after is not None:
            response.headers["Retry-After"] = str(error.repeat_after)
        return response, error.http_status

    def of_connector(error: ConnectorError) -> tuple[Response, int]:
        log = _log.info if error.http_status < _SERVER_ERROR else _log.warning
        log("refused", code=error.code, status=error.http_status)
        return answer(error)

    def of_http(error: HTTPException) -> tuple[Response, int] | HTTPException:
        if error.code is not None and error.code < 400:  # noqa: PLR2004 - redirects are no errors
            return error
        return answer(from_http(error))

    def of_anything(error: Exception) -> tuple[Response, int]:
        _log.error("unexpected-error", exc_info=error)
        return answer(InternalError())

    app.register_error_handler(ConnectorError, of_connector)
    app.register_error_handler(HTTPException, of_http)
    app.register_error_handler(Exception, of_anything)

"""The OpenAPI document of external-api, asked whether what went over the wire is as it says."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import urllib3
import yaml
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

PATH = Path(__file__).parents[3] / "docs" / "fcc-external-api.yaml"
DOCUMENT: Mapping[str, Any] = yaml.safe_load(PATH.read_text(encoding="utf-8"))
_ADDRESS = "urn:fcc-external-api"
_REGISTRY: Registry[Any] = Registry().with_resource(
    _ADDRESS, Resource.from_contents(DOCUMENT, default_specification=DRAFT202012)
)


def functions() -> dict[str, Mapping[str, Any]]:
    """Each function's operation."""
    return {path.lstrip("/"): item["post"] for path, item in DOCUMENT["paths"].items()}


def events() -> dict[str, Mapping[str, Any]]:
    """Each webhook event's operation."""
    return {name: item["post"] for name, item in DOCUMENT["webhooks"].items()}


def check(value: Any, *place: str) -> None:
    """Raise when `value` is not what the schema at that place of the document asks for."""
    pointer = "/".join(part.replace("~", "~0").replace("/", "~1") for part in place)
    validator = jsonschema.Draft202012Validator(
        {"$ref": f"{_ADDRESS}#/{pointer}"},
        registry=_REGISTRY,
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    )
    validator.validate(value)


def check_request(function: str, body: Any) -> None:
    """Raise when a request isn't as documented."""
    check(body, "paths", f"/{function}", "post", "requestBody", "content", "application/json", "schema")


def check_answer(function: str, body: Any) -> None:
    """Raise when an answer isn't as documented."""
    check(body, "paths", f"/{function}", "post", "responses", "200", "content", "application/json", "schema")


def check_event(name: str, body: Any) -> None:
    """Raise when an event isn't as documented."""
    check(body, "webhooks", name, "post", "requestBody", "content", "application/json", "schema")


class Watched:
    """Watches a session: everything that goes over it is held against the document."""

    def __init__(self, session: requests.Session) -> None:
        self.session = session
        self.exchanged: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
        self._send = session.send
        session.send = self.send  # type: ignore[method-assign]  # that is how it is watched

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        assert request.url is not None
        assert request.body is not None
        function = request.url.rsplit("/", 1)[1]
        asked = json.loads(request.body)
        check_request(function, asked)
        response = self._send(request, **kwargs)
        content = response.raw.read(decode_content=True)
        answered = json.loads(content)
        check_answer(function, answered)
        self.exchanged.append((function, asked, answered))
        response.raw = urllib3.HTTPResponse(io.BytesIO(content), status=response.status_code, preload_content=False)
        return response

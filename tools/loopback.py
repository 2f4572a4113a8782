"""Requests to programs on this machine: from Python, names under localhost are not found everywhere."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def control(port: int, host: str, path: str, body: Mapping[str, Any] | None) -> Any:
    """Call a simulator's control interface: POST when there is a body; the answer's JSON, None when it is empty."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(_request(port, f"{host}:{port}", path, body), timeout=10) as answer:
        text = answer.read().decode()
    return json.loads(text) if text.strip() else None


def get(port: int, host: str, path: str) -> tuple[int, str]:
    """GET a page: status and text, of refusals too."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(_request(port, host, path, None), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def _request(port: int, host: str, path: str, body: Mapping[str, Any] | None) -> urllib.request.Request:
    return urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Host": host, "Content-Type": "application/json"},
    )

"""Which of the org's hosts a request means, and what each host serves.

A request whose Host header names none of them is refused with 421 (Misdirected Request, RFC 9110 §15.5.20).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


@dataclass(frozen=True)
class Site:
    """The addresses of one simulated org.

    `port` is that of all three hosts; `connector_url` and `fcc_url` are origins without a trailing slash.
    """

    port: int
    connector_url: str
    fcc_url: str | None = None
    domain: str = "acme"
    scheme: str = "http"

    @property
    def lightning_host(self) -> str:
        """Host of Lightning Experience (real: `acme.lightning.force.com`)."""
        return f"{self.domain}-lightning.localhost:{self.port}"

    @property
    def my_host(self) -> str:
        """Host of My Domain (real: `acme.my.salesforce.com`)."""
        return f"{self.domain}-my.localhost:{self.port}"

    @property
    def vf_host(self) -> str:
        """Host of Visualforce pages (real: `acme--c.vf.force.com`)."""
        return f"{self.domain}-vf.localhost:{self.port}"

    @property
    def lightning_origin(self) -> str:
        return f"{self.scheme}://{self.lightning_host}"

    @property
    def my_origin(self) -> str:
        return f"{self.scheme}://{self.my_host}"

    @property
    def vf_origin(self) -> str:
        return f"{self.scheme}://{self.vf_host}"


class HostDispatcher:
    """A WSGI application that hands each request to the application of its host."""

    def __init__(self, apps: Mapping[str, WSGIApplication]) -> None:
        self._apps = {host.lower(): app for host, app in apps.items()}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        host = str(environ.get("HTTP_HOST", "")).lower()
        app = self._apps.get(host)
        if app is None:
            body = f"No org lives on the host {host or '(none)'}.\n".encode()
            headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
            start_response("421 Misdirected Request", headers)
            return [body]
        # some adapters build "<origin>//support/…"; the real hosts answer it
        path: Any = environ.get("PATH_INFO", "")
        environ["PATH_INFO"] = re.sub(r"^/{2,}", "/", str(path))
        return app(environ, start_response)

"""The pane's page, for whoever was let in: what the pane starts with, and who may frame it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import make_response, render_template

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Response

    from cti.accounts import IssuedSession, Org
    from cti.domain.fcc import FccUser
    from cti.web.assets import Assets

_NOBODY = "'none'"


def frames_of(org: Org) -> tuple[str, ...]:
    """The origins of an org that may show a page of ours in a frame, those of pages around pages included."""
    return tuple(dict.fromkeys((org.lightning_origin, org.vf_origin, org.my_domain_url)))


class PanePage:
    """Makes the page, inside of a request. Safe to share between threads.

    `websocket_url` is the connector's public origin for WebSockets, `version` its own version.
    """

    def __init__(self, assets: Assets, *, websocket_url: str, version: str) -> None:
        self._assets = assets
        self._sockets = websocket_url
        self._version = version

    def answer(self, issued: IssuedSession, agent: FccUser, *, parent: str, frames: Sequence[str]) -> Response:
        """The page of `agent`'s pane, which holds the session's token.

        `parent` is the origin of the page around it that it speaks with, `frames` are the origins that may frame it,
        none where it is empty.
        Raises PaneNotBuiltError.
        """
        session = issued.session
        boot: dict[str, Any] = {
            "session": issued.token,
            "expiresIn": issued.expires_in,
            "language": session.language,
            "agent": {"name": session.name or agent.name, "extension": agent.extension},
            "origins": {"parent": parent},
            "channel": f"{self._sockets}/pane/channel",
            "sip": f"{self._sockets}/pane/sip",
            "version": self._version,
            "signInSeq": 0,
        }
        response = make_response(
            render_template(
                "pane/pane.html",
                boot=boot,
                js=self._assets.url("pane.js"),
                css=self._assets.url("pane.css"),
                language=session.language,
            )
        )
        response.headers["Content-Security-Policy"] = "; ".join(
            (
                "default-src 'none'",
                "script-src 'self'",
                "style-src 'self'",
                "img-src 'self' data:",
                "font-src 'self'",
                "media-src 'self' blob: data:",
                "worker-src 'self' blob:",
                f"connect-src 'self' {self._sockets}",
                f"frame-ancestors {' '.join(frames) or _NOBODY}",
                "base-uri 'none'",
                "form-action 'none'",
            )
        )
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return response

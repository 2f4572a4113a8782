"""The pane's channel as a route."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cti.pane.channel import SUBPROTOCOL
from cti.pane.errors import NoTokenError
from cti.web.callers import Caller, open_to
from cti.ws.connection import WebSocket

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from cti.pane.channel import PaneChannel
    from cti.ws.handshake import Upgrade
    from cti.ws.registry import SocketRegistry
    from cti.ws.routing import Sockets


def install(
    sockets: Sockets,
    channel: PaneChannel,
    registry: SocketRegistry,
    *,
    origins: Collection[str],
    count_fault: Callable[[str], None],
) -> None:
    """Add `/pane/channel`; `origins` are the connector's own, from which its pages may open it.

    `count_fault` is told for what a pane's socket was closed.
    """

    @sockets.route("/pane/channel")
    @open_to(Caller.SESSION)
    def pane_channel(upgrade: Upgrade) -> None:
        upgrade.require_origin(origins)
        upgrade.require_subprotocol(SUBPROTOCOL)
        token = upgrade.bearer()
        if token is None:
            raise NoTokenError
        session = channel.verify(token)
        with registry.slot("pane", session.agent.audience) as slot:
            ws = WebSocket(upgrade.accept(SUBPROTOCOL), subprotocol=SUBPROTOCOL, count_fault=count_fault)
            registry.bind(slot, ws)
            channel.serve(ws, session)

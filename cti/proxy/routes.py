"""The phone's socket as a route."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from cti.proxy.sip_relay import SUBPROTOCOL
from cti.web.callers import Caller, open_to

if TYPE_CHECKING:
    from collections.abc import Collection

    from cti.proxy.sip_relay import SipRelay
    from cti.proxy.tickets import TicketOffice
    from cti.ws.handshake import Upgrade
    from cti.ws.registry import SocketRegistry
    from cti.ws.routing import Sockets


def install(
    sockets: Sockets,
    relay: SipRelay,
    tickets: TicketOffice,
    registry: SocketRegistry,
    *,
    origins: Collection[str],
) -> None:
    """Add `/pane/sip`; `origins` are the connector's own, from which its pages may open it.

    The query holds the ticket and must be in no log.
    """

    @sockets.route("/pane/sip")
    @open_to(Caller.TICKET)
    def pane_sip(upgrade: Upgrade) -> None:
        upgrade.require_origin(origins)
        upgrade.require_subprotocol(SUBPROTOCOL)
        admission = tickets.redeem(request.args.get("ticket", ""))
        with registry.slot("sip", admission.agent.audience) as slot:
            upstream = relay.open(admission)
            try:
                browser = upgrade.accept(SUBPROTOCOL)
            except OSError:
                upstream.stream.close()
                raise
            session = relay.session(browser, upstream, admission)
            registry.bind(slot, session)
            relay.run(session)

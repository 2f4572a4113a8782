"""Panes without FCC behind them, and a writer that causes events at a steady rate, in one worker."""

from __future__ import annotations

import os
import threading
import time
from datetime import timedelta
from pathlib import Path

from flask import Flask, jsonify

from cti.accounts import AgentRef, PaneSession
from cti.clock import SystemClock
from cti.errors import ConnectorError
from cti.events.hub import EventHub
from cti.pane import routes
from cti.pane.channel import PaneChannel
from cti.pane.errors import NoTokenError
from cti.pane.rooms import AgentRooms
from cti.pane_events import AgentState, CapabilitiesShown, Notice
from cti.proxy.tickets import TicketOffice
from cti.ws.registry import SocketRegistry
from cti.ws.routing import Sockets
from cti.ws.shutdown import EXTENSION
from tests.support.database import make_database

ORIGIN = "http://connector.localhost:8000"


class Calls:
    """Says as little as the schema allows."""

    def snapshot(self, agent):
        return AgentState(None, [], [], CapabilitiesShown(can_dial=True, missing=[]))

    def panes_present(self, agent, present, returned):
        """Nobody needs to know."""

    def presence_missed(self, agent):
        """Nobody is asked."""


class Sessions:
    """The token is the agent's number."""

    def __init__(self, clock) -> None:
        self._clock = clock

    def verify(self, token):
        if not token.isdecimal():
            raise NoTokenError
        now = self._clock.now()
        return PaneSession(
            id=token,
            org_id="00D000000000001AAA",
            pairing_id="bench",
            sf_user_id="005",
            fcc_user_id=int(token),
            language="pl",
            name="",
            email="",
            token=None,
            token_at=now,
            created_at=now,
            expires_at=now + timedelta(hours=8),
            revoked_at=None,
        )


class SignIn:
    def renew(self, session, _signed_request):
        raise AssertionError(session)


def create_app():
    app = Flask(__name__)
    clock = SystemClock()
    database = make_database(Path(os.environ["STATE"]), clock)
    hub = EventHub(database, clock)
    database.on_commit(hub.wake)
    calls = Calls()
    rooms = AgentRooms(database, hub, clock, present=calls.panes_present, standing=lambda session: session)
    registry = SocketRegistry()

    @app.errorhandler(ConnectorError)
    def refuse(error):
        return error.to_json("en"), error.http_status

    app.extensions[EXTENSION] = registry
    channel = PaneChannel(
        database=database,
        rooms=rooms,
        verify=Sessions(clock).verify,
        sign_in=SignIn(),
        calls=calls,
        control=calls,
        tickets=TicketOffice(clock, lambda: "unused", rooms),
        clock=clock,
        count_error=lambda code: None,
    )
    routes.install(Sockets(app), channel, registry, origins=[ORIGIN], count_fault=lambda _fault: None)
    done = {"written": 0}

    def write(agents: int, rate: int, seconds: float) -> None:
        begun = time.monotonic()
        sent = 0
        while (elapsed := time.monotonic() - begun) < seconds:
            due = int(elapsed * rate)
            if sent < due:
                # What is due together is committed together, as the call service does with facts.
                with database.write() as uow:
                    while sent < due:
                        agent = AgentRef("bench", "005", sent * 7919 % agents)
                        uow.events.add(agent.audience, Notice("bench", f"{begun + sent / rate:.6f}"))
                        sent += 1
                    uow.commit()
                done["written"] = sent
            time.sleep(0.001)

    @app.get("/write/<int:agents>/<int:rate>/<int:seconds>")
    def start(agents, rate, seconds):
        done["written"] = 0
        threading.Thread(target=write, args=(agents, rate, seconds), daemon=True).start()
        return "started"

    @app.get("/written")
    def written():
        return jsonify(written=done["written"])

    return app

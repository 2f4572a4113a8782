"""The relay as an application of its own: tickets are given to whoever asks."""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass

from flask import Flask, jsonify
from prometheus_client import CollectorRegistry

from cti import outgoing
from cti.accounts import AgentRef
from cti.clock import SystemClock
from cti.domain.fcc import PhoneCredentials
from cti.errors import ConnectorError
from cti.proxy import routes
from cti.proxy.metrics import RelayMetrics
from cti.proxy.phones import Phones
from cti.proxy.relay_session import RelayLimits
from cti.proxy.sip_relay import SipRelay
from cti.proxy.tickets import TicketOffice
from cti.ws.registry import SocketRegistry
from cti.ws.routing import Sockets
from cti.ws.shutdown import EXTENSION

ORIGIN = "http://connector.localhost:8000"


@dataclass
class Session:
    agent: AgentRef
    id: str = "s1"


class Rules:
    def may_invite(self, agent, number):
        return not number.startswith("+48700")


class Fences:
    def lead_of(self, audience, fence, session_id):
        return "present"


class Memory:
    """What is stored of phones' dialogs: nothing."""

    @contextlib.contextmanager
    def read(self):
        yield self

    write = read
    sip_dialogs = property(lambda self: self)

    def of(self, audience):
        return []

    def save(self, changes): ...

    def forget(self, *, before): ...

    def commit(self): ...


def create_app():
    app = Flask(__name__)
    clock = SystemClock()
    numbers = CollectorRegistry()
    registry = SocketRegistry(per_owner=10_000)
    app.extensions[EXTENSION] = registry
    tickets = TicketOffice(clock, secrets.token_urlsafe, Fences())
    relay = SipRelay(
        connect=outgoing.connect,
        rules=Rules(),
        fences=Fences(),
        phones=Phones(Memory(), clock, run_soon=lambda save: save()),
        clock=clock,
        new_id=secrets.token_urlsafe,
        random_bytes=secrets.token_bytes,
        metrics=RelayMetrics(numbers),
        limits=RelayLimits(ping=float(os.environ.get("PING", "25")), connect=2.0),
    )
    routes.install(Sockets(app), relay, tickets, registry, origins=[ORIGIN])
    line = PhoneCredentials("sip:40312@acme.fcc.example", "40312", "unused", os.environ["UPSTREAM"])

    @app.errorhandler(ConnectorError)
    def refuse(error):
        return error.to_json("en"), error.http_status

    @app.get("/ticket")
    def ticket():
        return tickets.issue(Session(AgentRef("p1", "005", 101)), fence=1, line=line).ticket

    @app.get("/tickets/<int:count>")
    def many(count):
        return "\n".join(ticket() for _ in range(count))

    @app.get("/state")
    def state():
        found = {}
        for family in numbers.collect():
            for sample in family.samples:
                if sample.name.endswith("_total") and sample.labels:
                    found[next(iter(sample.labels.values()))] = sample.value
        return jsonify(open=registry.count("sip"), numbers=found)

    return app

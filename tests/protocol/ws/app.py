"""A small application that shows what the WebSocket does."""

from __future__ import annotations

import contextlib
import sys
import threading
from pathlib import Path

from flask import Flask, jsonify, request

from cti.errors import ConnectorError
from cti.ws.connection import SocketClosedError, WebSocket
from cti.ws.frames import text_frame
from cti.ws.incoming import Limits
from cti.ws.registry import SocketRegistry
from cti.ws.routing import Sockets
from cti.ws.shutdown import EXTENSION
from tests.support.wait import until

ORIGIN = "http://connector.localhost:8000"


def part(ws):
    """Close, and wait for the peer's answer, so that nothing sent is lost."""
    ws.close()
    with contextlib.suppress(SocketClosedError):
        ws.receive()


def create_app():
    app = Flask(__name__)
    registry = SocketRegistry(per_owner=4000)
    app.extensions[EXTENSION] = registry
    sockets = Sockets(app)
    closed: list[int] = []

    @app.errorhandler(ConnectorError)
    def refuse(error):
        return error.to_json("en"), error.http_status

    @app.get("/state")
    def state():
        return jsonify(open=registry.count(), closed=closed)

    @app.get("/slow")
    def slow():
        sys.stdout.write("slow-began\n")
        sys.stdout.flush()
        until(Path(request.args["until"]).exists, 30)
        return "slow"

    def run(upgrade, talk, **options):
        with registry.slot("test", "anybody") as slot:
            ws = WebSocket(upgrade.accept("test.v1"), subprotocol="test.v1", **options)
            registry.bind(slot, ws)
            try:
                talk(ws)
                part(ws)
            except SocketClosedError as end:
                closed.append(end.code)

    @sockets.route("/echo")
    def echo(upgrade):
        upgrade.require_origin([ORIGIN])
        if upgrade.bearer() != "good":
            return {"code": "no-token"}, 401
        upgrade.require_subprotocol("test.v1")

        def talk(ws):
            while True:
                ws.send(ws.receive())

        run(upgrade, talk, limits=Limits(message=1000))
        return None

    @sockets.route("/big/<int:size>")
    def big(upgrade, size):
        run(upgrade, lambda ws: ws.send("x" * size))

    @sockets.route("/two")
    def two(upgrade):
        def talk(ws):
            def many(letter):
                for i in range(200):
                    ws.send(f"{letter}{i}:" + letter * 5000)

            threads = [threading.Thread(target=many, args=(letter,)) for letter in "ab"]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        run(upgrade, talk)

    @sockets.route("/flood")
    def flood(upgrade):
        def talk(ws):
            piece = text_frame("y" * 10_000)
            while ws.offer(piece):
                pass
            ws.receive()

        run(upgrade, talk, send_timeout=5.0)

    @sockets.route("/ping")
    def ping(upgrade):
        run(upgrade, lambda ws: ws.receive(), ping_interval=0.2)

    @sockets.route("/stuck")
    def stuck(upgrade):
        run(upgrade, lambda ws: ws.send("z" * 32_000_000), send_timeout=0.5)

    return app


app = create_app()

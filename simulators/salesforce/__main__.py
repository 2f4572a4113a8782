"""`python -m simulators.salesforce`: one simulated org on a port of 127.0.0.1."""

from __future__ import annotations

import argparse
import json
import logging
import os
import pathlib
import signal
import socket
import sys
import threading
import time

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from . import world
from .app import DESIGN_SYSTEM, ROOT, create_app
from .hosts import Site
from .journal import Journal
from .metadata.package import Package
from .org import Org

METADATA = ROOT / "sf_metadata" / "force-app"
STOP_WITHIN_S = 1.5


class Handler(WSGIRequestHandler):
    """Keeps connections open between requests, and logs requests only when asked to."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 30

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        del size
        logging.getLogger("simulators.salesforce").debug("%s %s", self.requestline, code)


def rendered(site: Site) -> dict[str, str]:
    """The addresses that the project holds before it is rendered for an org, and those of this org."""
    return {
        "https://connector.example.com": site.connector_url,
        "https://example--c.vf.force.com": site.vf_origin,
    }


def listen(port: int) -> socket.socket:
    """A listening socket on loopback; port 0 takes any."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    sock.listen(256)
    return sock


def server_for(sock: socket.socket, org: Org, slds: pathlib.Path = DESIGN_SYSTEM) -> BaseWSGIServer:
    """A threaded server on a listening socket."""
    server = make_server(
        "127.0.0.1", sock.getsockname()[1], create_app(org, slds), threaded=True, request_handler=Handler,
        fd=sock.fileno(),
    )  # fmt: skip
    server.daemon_threads = True  # type: ignore[attr-defined]  # the threading mix-in has it
    server.block_on_close = False  # type: ignore[attr-defined]  # the threading mix-in has it
    return server


def main(arguments: list[str] | None = None) -> int:
    """Start, say so on standard output in one line of JSON, serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m simulators.salesforce", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--state", type=pathlib.Path, default=None, help="folder for what outlives a run")
    parser.add_argument("--world", type=pathlib.Path, default=None, help="a JSON file that changes the demo world")
    parser.add_argument(
        "--connector-url", required=True, help="origin of the connector, e.g. http://connector.localhost:5000"
    )
    parser.add_argument("--fcc-url", default=None, help="origin of the FCC simulator")
    parser.add_argument("--metadata", type=pathlib.Path, default=METADATA, help="the project's package directories")
    parser.add_argument("--log-level", default="WARNING")
    given = parser.parse_args(arguments)

    logging.basicConfig(
        stream=sys.stderr, level=given.log_level, format="%(asctime)s %(name)s %(levelname)s %(message)s"
    )
    connector = given.connector_url.rstrip("/")
    sock = listen(given.port)
    site = Site(sock.getsockname()[1], connector, given.fcc_url)
    package = Package(given.metadata, rendered(site))
    journal = None
    if given.state is not None:
        given.state.mkdir(parents=True, exist_ok=True)
        journal = Journal(given.state / "org.jsonl")
    org = Org(site, package, world.load(given.world) if given.world else world.demo(), time.time, journal)
    server = server_for(sock, org)

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    print(json.dumps({"ready": True, "url": site.lightning_origin, "pid": os.getpid()}), flush=True)  # noqa: T201 - the line a runner waits for
    stop.wait()
    org.stopping.set()
    server.shutdown()
    thread.join(STOP_WITHIN_S)
    server.server_close()
    sock.close()
    org.keep()
    if journal is not None:
        journal.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

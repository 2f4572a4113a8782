"""`python -m simulators.fcc --port N --state DIR [--world FILE.json]`."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import socket
import sys
from pathlib import Path

from simulators.fcc.app import Simulator
from simulators.fcc.media.endpoint import offer_addresses
from simulators.fcc.world import World, demo_world, read_world


async def serve(port: int, state: Path, world: World) -> None:
    """Serve until SIGTERM or SIGINT; one line of JSON on stdout says that it listens."""
    listening = socket.create_server(("127.0.0.1", port))
    simulator = Simulator(world, state, listening)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await simulator.start()
    sys.stdout.write(json.dumps({"ready": True, "url": simulator.url, "pid": os.getpid()}) + "\n")
    sys.stdout.flush()
    await stop.wait()
    await simulator.stop()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m simulators.fcc", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--state", type=Path, required=True, help="directory of the call list and the recordings")
    parser.add_argument("--world", type=Path, help="JSON file; without it the demo world")
    parser.add_argument(
        "--ice-address",
        action="append",
        help="offer this address for audio (repeatable); else the machine's and loopback",
    )
    given = parser.parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    try:
        world = demo_world() if given.world is None else read_world(given.world)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    offer_addresses(given.ice_address)
    asyncio.run(serve(given.port, given.state, world))
    return 0


if __name__ == "__main__":
    sys.exit(main())

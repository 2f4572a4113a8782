"""Signed-in agents whose panes are sockets and nothing else, for measurements of the connector under many of them."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import re
import struct
import time
from typing import TYPE_CHECKING, Any

from cti.ws.frames import Opcode, frame, read_header
from tests.bench.load import MASK, Client
from tests.support.signed_request import signed_request

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import requests

    from tools.stack import Stack

FIRST_AGENT = 1000
_BOOT = re.compile(r'<script type="application/json" id="boot"[^>]*>(.*?)</script>', re.DOTALL)
_NO_CLOSE_FRAME = 1005
_AT_ONCE = 20


def email(number: int) -> str:
    """The address under which both simulators know the agent with this number."""
    return f"agent{number}@acme.example"


def worlds(directory: Path, agents: int, records: Sequence[dict[str, Any]] = ()) -> dict[str, Path]:
    """World files for both simulators: so many agents who have telephones, and further records of Salesforce."""
    fcc = [
        {"id": 100, "login": "admin", "first_name": "Adam", "last_name": "Administrator",
         "email": "admin@acme.example", "type": "administrator"},
        *(
            {"id": FIRST_AGENT + number, "login": f"agent{number}", "first_name": "Agent", "last_name": str(number),
             "email": email(number), "type": "pbx", "extension": str(50_000 + number),
             "city_number": f"+4822{number:07d}", "presentation": f"+4822{number:07d}"}
            for number in range(agents)
        ),
    ]  # fmt: skip
    people = [{"username": email(number), "first_name": "Agent", "last_name": str(number)} for number in range(agents)]
    made = {"fcc": directory / "fcc.json", "salesforce": directory / "salesforce.json"}
    made["fcc"].write_text(json.dumps({"users": fcc}))
    made["salesforce"].write_text(json.dumps({"users": people, "records": list(records)}))
    return made


def sign_in(http: requests.Session, stack: Stack, number: int) -> str:
    """Open the pane's page as Canvas does, with a request that Salesforce signed; the token of the session."""
    org = stack.salesforce("/_sim/state")["org"]
    signed_on = stack.salesforce("/_sim/login", {"user": email(number)})
    request = signed_request(
        org["canvas_secret"],
        org_id=org["id"],
        user_id=signed_on["user_id"],
        token=signed_on["token"],
        email=email(number),
        name=f"Agent {number}",
        n=f"{random.getrandbits(128):032x}",
    )
    page = http.post(f"{stack.connector_url}/canvas", data={"signed_request": request})
    page.raise_for_status()
    boot = _BOOT.search(page.text)
    assert boot is not None, page.text[:300]
    return str(json.loads(boot.group(1))["session"])


class Pane(Client):
    """A pane: says hello, keeps what it is told, answers a farewell as browsers do."""

    def __init__(self, head: str, number: int) -> None:
        super().__init__(head, lambda *_: None)
        self._number = number
        self._commands = 0
        self.answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self.greeted = asyncio.get_running_loop().create_future()
        self.close_code: int | None = None
        self.seq: int | None = None
        self.calls: set[int] = set()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self.opened.done():
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            self._buffer = rest
            self.opened.set_result(int(head.split()[1]))
        while (header := read_header(self._buffer)) is not None:
            end_at = header.size + header.length
            if len(self._buffer) < end_at:
                return
            payload, self._buffer = self._buffer[header.size : end_at], self._buffer[end_at:]
            self._frame(header.opcode, payload)

    def _frame(self, opcode: int, payload: bytes) -> None:
        assert self.transport is not None
        if opcode == Opcode.TEXT:
            message = json.loads(payload)
            self._note(message)
            if (waiting := self.answers.pop(message.get("re"), None)) is not None:
                waiting.set_result(message)
        elif opcode == Opcode.PING:
            self.transport.write(frame(Opcode.PONG, payload, mask=MASK))
        elif opcode == Opcode.CLOSE:
            self.close_code = struct.unpack("!H", payload[:2])[0] if len(payload) > 1 else _NO_CLOSE_FRAME
            self.transport.write(frame(Opcode.CLOSE, payload[:2], mask=MASK))

    def _note(self, message: dict[str, Any]) -> None:
        self.seq = message.get("seq", self.seq)
        if message.get("type") == "call":
            self.calls.add(message["call"]["callsId"])
        elif message.get("type") == "snapshot":
            self.calls |= {call["callsId"] for call in message["calls"]}
            if not self.greeted.done():
                self.greeted.set_result(message)

    async def command(self, command: str, /, **fields: Any) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        self._commands += 1
        name = f"c{self._commands}"
        waiting = self.answers[name] = asyncio.get_running_loop().create_future()
        self.send(frame(Opcode.TEXT, json.dumps({"id": name, "type": command, **fields}).encode(), mask=MASK))
        async with asyncio.timeout(30):  # unlike wait_for, it never swallows a cancellation
            return await waiting

    async def hello(self, last_seq: int | None) -> None:
        """Come in: for the first time, and then wait for the picture of everything, or for what was missed."""
        await self.command("hello", pane=f"pane-{self._number:08d}", lastSeq=last_seq, focused=False)
        if last_seq is None:
            await asyncio.wait_for(self.greeted, 30)


async def open_panes(stack: Stack, sessions: Sequence[str], seen: Sequence[int | None] = ()) -> list[Pane]:
    """One pane for each session, all of them greeted; `seen` is the last event each has had before."""
    port = stack.ports.connector
    waiting = asyncio.Semaphore(_AT_ONCE)

    async def one(number: int, session: str) -> Pane:
        key = base64.b64encode(random.randbytes(16)).decode()
        head = (
            f"GET /pane/channel HTTP/1.1\r\nHost: connector.localhost:{port}\r\nConnection: Upgrade\r\n"
            f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
            f"Sec-WebSocket-Protocol: fcc-pane.v1, bearer.{session}\r\nOrigin: {stack.connector_url}\r\n\r\n"
        )
        async with waiting:
            loop = asyncio.get_running_loop()
            _, pane = await loop.create_connection(lambda: Pane(head, number), "127.0.0.1", port)
            status = await asyncio.wait_for(pane.opened, 30)
            if status != 101:
                raise RuntimeError(f"the channel answered {status}")
            await pane.hello(seen[number] if seen else None)
            return pane

    return list(await asyncio.gather(*(one(number, session) for number, session in enumerate(sessions))))


async def beat(panes: Sequence[Pane], every: float = 5.0) -> None:
    """Keep the panes' leases until cancelled."""
    while True:
        begun = time.monotonic()
        for pane in panes:
            await pane.command("beat")
        await asyncio.sleep(max(0.0, every - (time.monotonic() - begun)))

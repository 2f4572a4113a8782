"""What the measurements of sockets have in common: many clients in one event loop, memory, percentiles."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import random
import resource
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cti.ws.frames import Opcode, frame, read_header

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MASK = b"\x21\x43\x65\x87"


class Client(asyncio.Protocol):
    """A WebSocket client; gives every text it hears to `heard`, with the moment at which it came."""

    def __init__(self, head: str, heard: Callable[[Client, bytes, float], None]) -> None:
        self._head = head
        self._heard = heard
        self._buffer = b""
        self.opened: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None
        self.sent_at = 0.0
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._head.encode())

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if not self.opened.done():
            self.opened.set_result(0)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
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
            if header.opcode == Opcode.TEXT:
                self._heard(self, payload, now)
            elif header.opcode == Opcode.PING and self.transport is not None:
                self.transport.write(frame(Opcode.PONG, payload, mask=MASK))

    def send(self, masked: bytes) -> None:
        """Send a frame that is encoded already."""
        assert self.transport is not None
        self.sent_at = time.monotonic()
        self.transport.write(masked)


async def connect(
    port: int, path: str, protocols: str, origin: str, heard: Callable[[Client, bytes, float], None]
) -> Client:
    """Open one; raises RuntimeError when it is refused."""
    key = base64.b64encode(random.randbytes(16)).decode()
    head = (
        f"GET {path} HTTP/1.1\r\nHost: connector.localhost:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: {protocols}\r\n"
        f"Origin: {origin}\r\n\r\n"
    )
    _, client = await asyncio.get_running_loop().create_connection(lambda: Client(head, heard), "127.0.0.1", port)
    status = await asyncio.wait_for(client.opened, 30)
    if status != 101:
        raise RuntimeError(f"{path.partition('?')[0]} answered {status}")
    return client


def close(clients: Sequence[Client]) -> None:
    """Drop them all."""
    for client in clients:
        if client.transport is not None:
            client.transport.abort()


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of `values` lie; 0 when there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def memory_kb(pid: int) -> int:
    """The resident memory of a process and its children, in kB."""
    total = 0
    for one in [pid, *_children(pid)]:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{one}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1])
    return total


def cpu_us(pid: int) -> float:
    """The processor time that a process and its children have used, in µs, by the scheduler's own account."""
    total = 0
    for one in [pid, *_children(pid)]:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{one}/task").iterdir():
                total += int((task / "schedstat").read_text().split()[0])
    return total / 1000


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            found += [int(child), *_children(int(child))]
    return found


def allow_many_files() -> None:
    """Raise the soft limit of open files to the hard one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

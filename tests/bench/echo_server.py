"""A WebSocket server that sends back what it gets: the far side of the relay's measurement.

Prints its port when it listens. `python -m tests.bench.echo_server`
"""

from __future__ import annotations

import asyncio
import sys

from cti.ws.frames import Opcode, apply_mask, frame, read_header
from cti.ws.handshake import accept_value


class Echo(asyncio.Protocol):
    """One connection."""

    __slots__ = ("_buffer", "_open", "_transport")

    def __init__(self) -> None:
        self._buffer = b""
        self._open = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._buffer += data
        if not self._open:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
            given = head[head.lower().index(b"sec-websocket-key: ") + 19 :].split(b"\r\n")[0].decode()
            assert lines[b"sec-websocket-protocol"] == b"sip"
            answer = (
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Accept: {accept_value(given)}\r\nSec-WebSocket-Protocol: sip\r\n\r\n"
            )
            self._transport.write(answer.encode())
            self._open, self._buffer = True, rest
        while (header := read_header(self._buffer)) is not None:
            end_at = header.size + header.length
            if len(self._buffer) < end_at:
                return
            payload = apply_mask(self._buffer[header.size : end_at], header.mask or bytes(4))
            self._buffer = self._buffer[end_at:]
            if header.opcode in {Opcode.TEXT, Opcode.CLOSE}:
                self._transport.write(frame(header.opcode, payload))
            if header.opcode == Opcode.CLOSE:
                self._transport.close()


async def main() -> None:
    """Listen until killed."""
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0, backlog=4096)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

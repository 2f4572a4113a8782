"""One phone's WebSocket. Source: RFC 7118."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from aiohttp import ClientError

if TYPE_CHECKING:
    from datetime import datetime

    from aiohttp import web
    from sipmessage import Request, Response


class Connection:
    """Sends SIP messages, one to a WebSocket message. `user` is the extension that proved to be there.

    `invited` is when the first INVITE of each Call-ID came that is not a call yet, being challenged first.
    """

    def __init__(self, socket: web.WebSocketResponse, peer: tuple[str, int]) -> None:
        self._socket = socket
        self.peer = peer
        self.user: str | None = None
        self.invited: dict[str, datetime] = {}

    @property
    def open(self) -> bool:
        return not self._socket.closed

    async def send(self, message: Request | Response) -> None:
        """Send; a socket that has gone swallows the message, as the network would."""
        with suppress(ConnectionError, ClientError, RuntimeError):
            await self._socket.send_str(bytes(message).decode())

    async def keep_alive(self) -> None:
        """Answer a phone's CRLF CRLF (RFC 5626 section 3.5.1)."""
        with suppress(ConnectionError, ClientError, RuntimeError):
            await self._socket.send_str("\r\n")

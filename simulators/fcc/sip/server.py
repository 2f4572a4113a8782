"""The PBX's SIP side: takes what phones send, and sends what the PBX wants of them."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from aiohttp import WSMsgType, web
from sipmessage import Message, Request, Response

from simulators.fcc import causes
from simulators.fcc.sip import messages
from simulators.fcc.sip.incoming_leg import IncomingLeg
from simulators.fcc.sip.registration import RegisterHandler
from simulators.fcc.sip.replies import Replies
from simulators.fcc.sip.transactions import Transactions
from simulators.fcc.sip.transport import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from datetime import datetime

    from simulators.fcc.media.endpoint import MediaEndpoint
    from simulators.fcc.sip.digest import Digest
    from simulators.fcc.sip.leg import Leg
    from simulators.fcc.sip.registrar import Registrar
    from simulators.fcc.world import User, World

_log = logging.getLogger(__name__)
_MAX_MESSAGE = 65_536


class Dialling(Protocol):
    """What is behind the SIP side: decides what a phone's call leads to."""

    def refusal(self, user: User, number: str) -> tuple[int, int] | None:
        """The SIP status and Q.850 cause with which this call is refused at once; None when it may go on."""

    def new_media(self) -> MediaEndpoint:
        """An endpoint for the far side of a call that a phone makes."""

    def dialled(self, user: User, number: str, leg: IncomingLeg) -> None:
        """A phone calls a number; the leg waits to be rung, answered or refused."""


class SipServer:
    """Registrar and user agent in one. One event loop."""

    def __init__(
        self,
        world: World,
        digest: Digest,
        registrar: Registrar,
        token: Callable[[], str],
        host: str,
        now: Callable[[], datetime],
        gives_gruus: Callable[[], bool] = lambda: False,
    ) -> None:
        self._world = world
        self.registrar = registrar
        self.token = token
        self._host = host
        self._now = now
        self.sip_domain = world.sip_domain
        self.dialling: Dialling | None = None
        self.refuse_reinvite: Callable[[], int | None] = lambda: None
        self._legs: dict[str, Leg] = {}
        self._replies = Replies(digest, token)
        self._registration = RegisterHandler(registrar, self._replies, world.sip_domain, gives_gruus)
        self.transactions = Transactions()
        self._sockets: dict[web.WebSocketResponse, Connection] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # The sockets

    async def accept(self, request: web.Request) -> web.StreamResponse:
        """The aiohttp handler of the SIP WebSocket: refuses clients that do not offer the subprotocol `sip`."""
        offered = [one.strip() for one in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        if "sip" not in offered:
            return web.Response(status=400, text="the subprotocol sip is required")
        socket = web.WebSocketResponse(protocols=("sip",), max_msg_size=_MAX_MESSAGE, autoping=True)
        await socket.prepare(request)
        peer = request.transport.get_extra_info("peername") if request.transport else None
        connection = Connection(socket, (peer[0], peer[1]) if peer else ("127.0.0.1", 0))
        self._sockets[socket] = connection
        try:
            async for message in socket:
                if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                    data = message.data.encode() if isinstance(message.data, str) else message.data
                    await self._received(connection, data)
        finally:
            del self._sockets[socket]
            self.registrar.lost(connection)
            for leg in [one for one in self._legs.values() if one.connection is connection]:
                leg.phone_lost()
        return socket

    async def close(self) -> None:
        for socket in list(self._sockets):
            await socket.close(code=1001, message=b"going away")
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def spawn(self, work: Coroutine[object, object, object]) -> None:
        """Run something in the background until the server closes."""

        async def run() -> None:
            await work

        task = asyncio.create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # What legs need

    def adopt(self, leg: Leg) -> None:
        """From now on messages of this Call-ID are the leg's."""
        self._legs[leg.call_id] = leg

    def release(self, leg: Leg) -> None:
        """The leg is over. Late messages of it get 481."""
        self._legs.pop(leg.call_id, None)

    def new_via(self) -> str:
        return f"SIP/2.0/WS {self._host};branch=z9hG4bK{self.token()}"

    def flow_of(self, leg: Leg) -> Connection:
        """The socket that reaches the leg's phone: its own, or the one the phone registered with since."""
        if leg.connection.open:
            return leg.connection
        found = self.registrar.find(leg.extension)
        return found.connection if found is not None else leg.connection

    # What phones send

    async def _received(self, connection: Connection, data: bytes) -> None:
        if not data.strip():
            await connection.keep_alive()
            return
        try:
            message = Message.parse(data)
            messages.check(message)
        except messages.MalformedError as error:
            _log.warning("malformed message from %s: %s", connection.peer, error)
            if error.answerable and isinstance(message, Request) and message.method != "ACK":
                await connection.send(messages.respond(message, 400, phrase=f"Bad Request - {error}"))
            return
        except (ValueError, UnicodeDecodeError) as error:
            _log.warning("not SIP, from %s: %s", connection.peer, error)
            return
        if isinstance(message, Response):
            self._answered(connection, message)
        else:
            try:
                await self._requested(connection, message)
            except ValueError as error:  # a header or body that its own parser does not understand
                _log.warning("not understood, from %s: %s", connection.peer, error)
                if message.method != "ACK":
                    await self._replies.say(connection, message, 400)

    def _answered(self, connection: Connection, response: Response) -> None:
        if self.transactions.answered(response):
            return
        leg = self._legs.get(response.call_id)
        if leg is not None and response.cseq.method == "INVITE" and response.code // 100 == 2:  # noqa: PLR2004
            # a repeated 2xx: its ACK was lost
            self.spawn(connection.send(leg.acknowledgement(response.cseq.sequence)))

    async def _requested(self, connection: Connection, request: Request) -> None:
        method = request.method
        tagged = messages.tag_of(request.to_address) is not None
        if method == "REGISTER":
            await self._registration.serve(connection, request)
        elif tagged:
            await self._in_dialog(connection, request)
        elif method == "INVITE":
            await self._invite(connection, request)
        elif method == "CANCEL":
            await self._cancel(connection, request)
        elif method == "OPTIONS":
            await self._replies.say(connection, request, 200)
        elif method == "ACK":
            if isinstance(leg := self._legs.get(request.call_id), IncomingLeg):
                await leg.on_request(connection, request)
        elif method in {"BYE", "INFO", "UPDATE"}:
            await self._replies.say(connection, request, 481)
        else:
            await self._replies.say(connection, request, 405)

    async def _invite(self, connection: Connection, request: Request) -> None:
        if (known := self._legs.get(request.call_id)) is not None:
            if isinstance(known, IncomingLeg) and known.last_response and _same(known.invite, request):
                await connection.send(known.last_response)
            else:
                await self._replies.say(connection, request, 491)
            return
        connection.invited.setdefault(request.call_id, self._now())
        extension = await self._replies.authenticated(
            connection, request, "Proxy-Authorization", 407, "Proxy-Authenticate"
        )
        if extension is None:
            return
        user = self._world.user_by_extension(extension)
        if user is None or self.dialling is None:
            await self._replies.say(connection, request, 403 if user is None else 503)
            return
        number = request.uri.user or ""
        if (code := self._unacceptable(request, extension)) is not None:
            await self._replies.say(connection, request, code)
            return
        if (refused := self.dialling.refusal(user, number)) is not None:
            code, cause = refused
            await self._replies.say(connection, request, code, headers=[("Reason", causes.reason(cause))])
            return
        connection.user = extension
        leg = IncomingLeg(self, connection, extension, self.dialling.new_media(), request)
        leg.invited_at = connection.invited.pop(request.call_id)
        self.adopt(leg)
        await leg.trying()
        self.dialling.dialled(user, number, leg)

    def _unacceptable(self, request: Request, extension: str) -> int | None:
        """The status that refuses an INVITE for its form, or None."""
        if request.from_address.uri.user != extension:
            return 403
        if request.uri.host != self.sip_domain or request.uri.user is None:
            return 404
        if not request.body or not (request.headers.get("Content-Type") or "").startswith(messages.SDP):
            return 488
        return None if messages.is_callable(request.headers.get("Contact") or "") else 400

    async def _in_dialog(self, connection: Connection, request: Request) -> None:
        leg = self._legs.get(request.call_id)
        known = leg is not None and messages.tag_of(request.to_address) == leg.local_tag
        if leg is None or not known:
            if request.method != "ACK":
                await self._replies.say(connection, request, 481)
            return
        if leg.remote_tag and messages.tag_of(request.from_address) != leg.remote_tag:
            await self._replies.say(connection, request, 481)
            return
        if connection.user not in {None, leg.extension}:
            await self._replies.say(connection, request, 403)
            return
        await leg.on_request(connection, request)

    async def _cancel(self, connection: Connection, request: Request) -> None:
        leg = self._legs.get(request.call_id)
        if isinstance(leg, IncomingLeg) and messages.branch_of(leg.invite) == messages.branch_of(request):
            await leg.cancelled(connection, request)
        else:
            await self._replies.say(connection, request, 481)


def _same(first: Request, second: Request) -> bool:
    return messages.branch_of(first) == messages.branch_of(second)

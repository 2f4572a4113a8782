"""The dialog between the PBX and one phone, whoever called: its requests, its audio, its end.

Source: RFC 3261, sections 12 to 15.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulators.fcc import causes
from simulators.fcc.sip import messages

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sipmessage import Request, Response

    from simulators.fcc.calls import Side
    from simulators.fcc.media.endpoint import MediaEndpoint
    from simulators.fcc.sip.server import SipServer
    from simulators.fcc.sip.transport import Connection

T1, T2, GIVE_UP = 0.5, 4.0, 32.0
_SIGNAL = re.compile(rb"^\s*Signal\s*=\s*([0-9A-D*#])\s*$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Ending:
    """How a leg or call came to its end: by whom, with which Q.850 cause."""

    side: Side
    cause: int


class Leg:
    """What both kinds of leg share. `ended` resolves once, with the Ending; the leg sends what that takes.

    `on_hold` is told True and False as the phone holds and resumes. One event loop.
    """

    def __init__(self, server: SipServer, connection: Connection, extension: str, media: MediaEndpoint) -> None:
        self.server = server
        self.connection = connection
        self.extension = extension
        self.media = media
        self.call_id = ""
        self.local = ""
        self.remote = ""
        self.target = ""
        self.local_tag = server.token()
        self.remote_tag = ""
        self.cseq = 0
        self.remote_cseq = 0
        self.held = False
        self.answered = False
        self.ended: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self.on_hold: Callable[[bool], None] = lambda _: None
        self.on_dtmf: Callable[[str], None] = lambda _: None
        self._repetitions: dict[int, asyncio.Task[None]] = {}
        self._served: dict[str, Callable[[Connection, Request], Awaitable[None]]] = {
            "BYE": self._bye,
            "INVITE": self._reinvite,
            "UPDATE": self._update,
            "INFO": self._info,
            "OPTIONS": self._options,
        }

    @property
    def contact(self) -> str:
        return f"<sip:fcc@{self.server.sip_domain};transport=ws>"

    def finish(self, ending: Ending) -> None:
        """Note the end; the first one counts."""
        if not self.ended.done():
            self.ended.set_result(ending)

    async def request(
        self, method: str, *, headers: tuple[tuple[str, str], ...] = (), body: str = ""
    ) -> Response | None:
        """Send a request inside the dialog, and the ACK to an INVITE's 2xx; None when no final answer came."""
        self.cseq += 1
        answer = await self.server.transactions.ask(
            self.server.flow_of(self), self._request(method, headers=headers, body=body)
        )
        if method == "INVITE" and answer is not None and answer.code // 100 == 2:  # noqa: PLR2004 - SIP's 2xx
            await self.server.flow_of(self).send(self.acknowledgement(self.cseq))
        return answer

    async def turn(self, method: str, direction: str) -> tuple[int | None, str | None]:
        """Offer another direction (as this side sees it) by INVITE or UPDATE (RFC 3264 section 8.4, RFC 3311).

        The status of the phone's answer and the direction in it, as the phone sees it.
        """
        before = self.media.direction
        answer = await self.request(method, body=self.media.offer_again(direction))
        if answer is None or answer.code // 100 != 2 or not answer.body:  # noqa: PLR2004 - SIP's 2xx
            self.media.direction = before
            return (None if answer is None else answer.code), None
        return answer.code, self.media.take_direction(answer.body.decode())

    def acknowledgement(self, cseq: int) -> Request:
        """The ACK to the 2xx of the INVITE with this number (RFC 3261, section 13.2.2.4)."""
        return self._request("ACK", cseq=cseq)

    def _request(
        self,
        method: str,
        *,
        via: str | None = None,
        to: str | None = None,
        cseq: int | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        body: str = "",
    ) -> Request:
        """A request of this dialog; `via`, `to` and `cseq` where they are another request's or answer's."""
        return messages.build(
            method,
            self.target,
            via=via or self.server.new_via(),
            from_=self.local,
            to=to or self.remote,
            call_id=self.call_id,
            cseq=self.cseq if cseq is None else cseq,
            contact=self.contact if method in {"INVITE", "UPDATE", "REFER"} else None,
            body=body,
            headers=headers,
        )

    def hang_up(self, side: Side, cause: int = causes.NORMAL) -> None:
        """End an answered leg with BYE, whose answer nobody waits for."""
        if not self.ended.done():
            self.server.spawn(self.request("BYE", headers=(("Reason", causes.reason(cause)),)))
            self.finish(Ending(side, cause))

    async def dismiss(self, side: Side, cause: int = causes.NORMAL) -> None:
        """End the leg whatever its state."""
        raise NotImplementedError

    def phone_lost(self) -> None:
        """The phone's socket is gone: a leg that is not answered yet cannot go on."""
        if not self.answered:
            self.finish(Ending("system", causes.NETWORK_OUT_OF_ORDER))

    async def on_request(self, connection: Connection, request: Request) -> None:
        """Serve a request inside the dialog."""
        sequence = request.cseq.sequence
        if request.method == "ACK":
            if (repetition := self._repetitions.pop(sequence, None)) is not None:
                repetition.cancel()
            return
        if sequence <= self.remote_cseq:
            await self._reply(connection, request, 500)
            return
        self.remote_cseq = sequence
        self.connection = connection
        serve = self._served.get(request.method)
        if serve is None:
            await self._reply(connection, request, 501)
        else:
            await serve(connection, request)

    async def close(self) -> None:
        for repetition in self._repetitions.values():
            repetition.cancel()
        await self.media.close()

    async def send_until_acknowledged(self, answer: Response) -> None:
        """Send a 2xx and repeat it until the ACK with its number; without one the call is over.

        A phone whose socket broke meanwhile gets the repetitions over the one it registered with since.
        Source: RFC 3261, sections 13.2.2.4 and 13.3.1.4; RFC 5626, section 5.3.
        """
        self._repetitions[answer.cseq.sequence] = asyncio.create_task(self._repeat(answer))
        await self.connection.send(answer)

    async def _repeat(self, answer: Response) -> None:
        pause, waited = T1, 0.0
        while waited < GIVE_UP:
            await asyncio.sleep(pause)
            waited += pause
            pause = min(2 * pause, T2)
            await self.server.flow_of(self).send(answer)
        self.hang_up("system", causes.NETWORK_OUT_OF_ORDER)

    async def _bye(self, connection: Connection, request: Request) -> None:
        await self._reply(connection, request, 200)
        self.finish(Ending("agent", causes.cause_of(487, request.headers.getlist("Reason"))))

    async def _options(self, connection: Connection, request: Request) -> None:
        await self._reply(connection, request, 200)

    async def _reinvite(self, connection: Connection, request: Request) -> None:
        if not self.answered:
            await self._reply(connection, request, 491)
            return
        if (refused := self.server.refuse_reinvite()) is not None:
            await self._reply(connection, request, refused)
            return
        held = self.held
        try:
            if request.body:
                sdp, held = self.media.redirect(request.body.decode())
            else:
                sdp = self.media.current()
        except ValueError:
            await self._reply(connection, request, 488)
            return
        await self.send_until_acknowledged(self._response(connection, request, 200, body=sdp))
        self._note_hold(held)

    async def _update(self, connection: Connection, request: Request) -> None:
        sdp, held = "", self.held
        if request.body:
            try:
                sdp, held = self.media.redirect(request.body.decode())
            except ValueError:
                await self._reply(connection, request, 488)
                return
        await connection.send(self._response(connection, request, 200, body=sdp))
        self._note_hold(held)

    def _note_hold(self, held: bool) -> None:
        if held != self.held:
            self.held = held
            self.on_hold(held)

    async def _info(self, connection: Connection, request: Request) -> None:
        kind = (request.headers.get("Content-Type") or "").split(";")[0].strip().lower()
        if kind != "application/dtmf-relay":
            await self._reply(connection, request, 415)
            return
        found = _SIGNAL.search(request.body)
        if found is None:
            await self._reply(connection, request, 400)
            return
        self.on_dtmf(found[1].decode().upper())
        await self._reply(connection, request, 200)

    async def _reply(self, connection: Connection, request: Request, code: int) -> None:
        await connection.send(messages.respond(request, code, to_tag=self.local_tag, peer=connection.peer))

    def _response(self, connection: Connection, request: Request, code: int, *, body: str = "") -> Response:
        """A response that keeps the dialog, with the phone's session timer granted (RFC 4028: the phone refreshes)."""
        timer = request.headers.get("Session-Expires")
        headers = []
        if timer is not None and code // 100 == 2:  # noqa: PLR2004 - SIP's 2xx
            headers = [("Session-Expires", f"{timer.split(';')[0].strip()};refresher=uac")]
        return messages.respond(
            request,
            code,
            to_tag=self.local_tag,
            peer=connection.peer,
            contact=self.contact,
            body=body,
            headers=headers,
        )

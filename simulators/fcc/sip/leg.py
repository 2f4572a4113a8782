"""Calls between the PBX and one phone: the dialog, its audio, and its end. Source: RFC 3261 sections 12-15."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from simulators.fcc import causes
from simulators.fcc.sip import messages

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sipmessage import Request, Response

    from simulators.fcc.calls import Side
    from simulators.fcc.media import MediaEndpoint
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
        self.dtmf = ""
        self.held = False
        self.answered = False
        self.ended: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self.on_hold: Callable[[bool], None] = lambda _: None
        self.on_dtmf: Callable[[str], None] = lambda _: None
        self._repetitions: dict[int, asyncio.Task[None]] = {}

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
        answer = await self.server.ask(self.server.flow_of(self), self._inside(method, headers=headers, body=body))
        if method == "INVITE" and answer is not None and answer.code // 100 == 2:  # noqa: PLR2004 - SIP's 2xx
            await self.server.flow_of(self).send(self._inside("ACK"))
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

    def _inside(self, method: str, *, headers: tuple[tuple[str, str], ...] = (), body: str = "") -> Request:
        return messages.build(
            method,
            self.target,
            via=self.server.new_via(),
            from_=self.local,
            to=self.remote,
            call_id=self.call_id,
            cseq=self.cseq,
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
        if request.method == "BYE":
            await self._reply(connection, request, 200)
            self.finish(Ending("agent", causes.cause_of(487, request.headers.getlist("Reason"))))
        elif request.method == "INVITE":
            await self._reinvite(connection, request)
        elif request.method == "UPDATE":
            await self._update(connection, request)
        elif request.method == "INFO":
            await self._info(connection, request)
        elif request.method == "OPTIONS":
            await self._reply(connection, request, 200)
        else:
            await self._reply(connection, request, 501)

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
        digit = found[1].decode().upper()
        self.dtmf += digit
        self.on_dtmf(digit)
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


class IncomingLeg(Leg):
    """The phone called us: we answer its INVITE."""

    def __init__(
        self, server: SipServer, connection: Connection, extension: str, media: MediaEndpoint, invite: Request
    ) -> None:
        super().__init__(server, connection, extension, media)
        self.invite = invite
        self.call_id = invite.call_id
        self.local = f"{invite.headers['To']};tag={self.local_tag}"
        self.remote = invite.headers["From"]
        self.remote_tag = messages.tag_of(invite.from_address) or ""
        self.remote_cseq = invite.cseq.sequence
        self.target = messages.uri_of(invite.headers.get("Contact") or "")
        self.progress: Literal["trying", "ringing", "early"] = "trying"
        self._sdp: str | None = None
        self.last_response: Response | None = None
        self.invited_at: datetime | None = None

    async def trying(self) -> None:
        await self._send(messages.respond(self.invite, 100, peer=self.connection.peer))

    async def ring(self, *, early_hz: float | None = None) -> None:
        """180; with `early_hz` it carries SDP and that tone is heard before the answer."""
        await self._provisional(180, early_hz)

    async def announce(self, hz: float) -> None:
        """183 with SDP: the network speaks before the answer."""
        await self._provisional(183, hz)

    async def answer(self, hz: float | None) -> None:
        """200: the far side picked up and sounds like `hz`. Raises ValueError when the phone's SDP cannot be used."""
        sdp = await self._description()
        if self.ended.done():
            return
        self.media.tone.hz = hz
        self.answered = True
        answer = self._response(self.connection, self.invite, 200, body=sdp)
        self.last_response = answer
        await self.send_until_acknowledged(answer)

    async def refuse(self, side: Side, code: int, cause: int) -> None:
        """A final failure with its Q.850 cause."""
        if self.ended.done():
            return
        await self._send(
            messages.respond(
                self.invite,
                code,
                to_tag=self.local_tag,
                peer=self.connection.peer,
                headers=[("Reason", causes.reason(cause))],
            )
        )
        self.finish(Ending(side, cause))

    async def dismiss(self, side: Side, cause: int = causes.NORMAL) -> None:
        if self.answered:
            self.hang_up(side, cause)
        else:
            await self.refuse(side, 480 if cause == causes.NORMAL else 503, cause)

    async def cancelled(self, connection: Connection, cancel: Request) -> None:
        """The phone gave up: 200 to the CANCEL, 487 to the INVITE."""
        await connection.send(messages.respond(cancel, 200, to_tag=self.local_tag, peer=connection.peer))
        if not self.answered and not self.ended.done():
            self.finish(Ending("agent", causes.cause_of(487, cancel.headers.getlist("Reason"))))
            await self._send(messages.respond(self.invite, 487, to_tag=self.local_tag, peer=connection.peer))

    async def _provisional(self, code: int, early_hz: float | None) -> None:
        sdp = "" if early_hz is None else await self._description()
        if self.ended.done():
            return
        if early_hz is not None:
            self.media.tone.hz = early_hz
        self.progress = "ringing" if code == 180 and early_hz is None else "early"  # noqa: PLR2004
        await self._send(self._response(self.connection, self.invite, code, body=sdp))

    async def _description(self) -> str:
        if self._sdp is None:
            self._sdp = await self.media.answer(self.invite.body.decode())
        return self._sdp

    async def _send(self, response: Response) -> None:
        self.last_response = response
        await self.connection.send(response)


class OutgoingLeg(Leg):
    """We call the phone."""

    def __init__(
        self,
        server: SipServer,
        connection: Connection,
        extension: str,
        media: MediaEndpoint,
        contact: str,
        caller: tuple[str, str],
    ) -> None:
        super().__init__(server, connection, extension, media)
        name, uri = caller
        shown = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '" ' if name else ""
        self.call_id = server.token()
        self.local = f"{shown}<{uri}>;tag={self.local_tag}"
        self.remote = f"<sip:{extension}@{server.sip_domain}>"
        self.target = contact
        self.rang = False
        self.away = False
        self.on_ringing: Callable[[], None] = lambda: None
        self._invite: Request | None = None
        self._cancelled: Ending | None = None

    async def call(self, ring_seconds: float) -> bool:
        """Ring the phone; True once it answered. Else `ended` says how it failed, `away` that nobody rejected it."""
        sdp = await self.media.offer()
        self.cseq += 1
        self._invite = messages.build(
            "INVITE",
            self.target,
            via=self.server.new_via(),
            from_=self.local,
            to=self.remote,
            call_id=self.call_id,
            cseq=self.cseq,
            contact=self.contact,
            body=sdp,
        )
        timer = asyncio.get_running_loop().call_later(ring_seconds, self._too_long)
        try:
            final = await self.server.ask(
                self.connection, self._invite, provisional=self._provisional, timeout=ring_seconds + GIVE_UP
            )
        finally:
            timer.cancel()
        if final is None or final.code >= 300:  # noqa: PLR2004 - SIP's failures
            await self._failed(final)
            return False
        return await self._confirmed(final)

    async def dismiss(self, side: Side, cause: int = causes.NORMAL) -> None:
        if self.answered:
            self.hang_up(side, cause)
        else:
            await self._cancel(Ending(side, cause))

    def phone_lost(self) -> None:
        super().phone_lost()
        if not self.answered and self._invite is not None:
            self.server.forget(self._invite)

    def _provisional(self, response: Response) -> None:
        if response.code >= 180 and not self.rang:  # noqa: PLR2004 - 180 Ringing
            self.rang = True
            self.on_ringing()

    def _too_long(self) -> None:
        self.server.spawn(self._cancel(Ending("system", causes.NO_ANSWER)))

    async def _cancel(self, ending: Ending) -> None:
        if self._cancelled is not None or self.answered or self.ended.done():
            return
        self._cancelled = ending
        if self._invite is None:
            self.finish(ending)
            return
        cancel = messages.build(
            "CANCEL",
            self.target,
            via=self._invite.headers["Via"],
            from_=self.local,
            to=self.remote,
            call_id=self.call_id,
            cseq=self._invite.cseq.sequence,
            headers=[("Reason", causes.reason(ending.cause))],
        )
        await self.server.ask(self.connection, cancel)

    async def _failed(self, final: Response | None) -> None:
        self.away = final is None or final.code == 480  # noqa: PLR2004 - Temporarily Unavailable
        if final is not None:
            assert self._invite is not None
            await self.connection.send(
                messages.build(
                    "ACK",
                    self.target,
                    via=self._invite.headers["Via"],
                    from_=self.local,
                    to=final.headers["To"],
                    call_id=self.call_id,
                    cseq=self._invite.cseq.sequence,
                )
            )
        if self._cancelled is not None:
            self.finish(self._cancelled)
        elif final is None:
            self.finish(Ending("system", causes.NO_RESPONSE))
        else:
            self.finish(Ending("agent", causes.cause_of(final.code, final.headers.getlist("Reason"))))

    async def _confirmed(self, final: Response) -> bool:
        self.remote = final.headers["To"]
        self.remote_tag = messages.tag_of(final.to_address) or ""
        if messages.is_callable(contact := final.headers.get("Contact") or ""):
            self.target = messages.uri_of(contact)
        self.answered = True
        assert self._invite is not None
        await self.connection.send(
            messages.build(
                "ACK",
                self.target,
                via=self.server.new_via(),
                from_=self.local,
                to=self.remote,
                call_id=self.call_id,
                cseq=self._invite.cseq.sequence,
            )
        )
        if self._cancelled is not None:  # the answer and our CANCEL passed each other
            self.hang_up(self._cancelled.side, self._cancelled.cause)
            return False
        try:
            await self.media.accept(final.body.decode())
        except ValueError:  # not UTF-8, or no answer to our offer
            self.hang_up("system", causes.NETWORK_OUT_OF_ORDER)
            return False
        return True

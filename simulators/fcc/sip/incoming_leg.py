"""A phone calls the PBX, which answers its INVITE. Source: RFC 3261, sections 13.3 and 9.2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulators.fcc import causes
from simulators.fcc.sip import messages
from simulators.fcc.sip.leg import Ending, Leg

if TYPE_CHECKING:
    from datetime import datetime

    from sipmessage import Request, Response

    from simulators.fcc.calls import Side
    from simulators.fcc.media.endpoint import MediaEndpoint
    from simulators.fcc.sip.server import SipServer
    from simulators.fcc.sip.transport import Connection


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
        await self._send(self._response(self.connection, self.invite, code, body=sdp))

    async def _description(self) -> str:
        if self._sdp is None:
            self._sdp = await self.media.answer(self.invite.body.decode())
        return self._sdp

    async def _send(self, response: Response) -> None:
        self.last_response = response
        await self.connection.send(response)

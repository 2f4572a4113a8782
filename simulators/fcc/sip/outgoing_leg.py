"""The PBX calls a phone. Source: RFC 3261, sections 13.2, 9.1 and 17.1.1.3."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from simulators.fcc import causes
from simulators.fcc.sip import messages
from simulators.fcc.sip.leg import GIVE_UP, Ending, Leg

if TYPE_CHECKING:
    from collections.abc import Callable

    from sipmessage import Request, Response

    from simulators.fcc.calls import Side
    from simulators.fcc.media.endpoint import MediaEndpoint
    from simulators.fcc.sip.server import SipServer
    from simulators.fcc.sip.transport import Connection


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
        self._invite = self._request("INVITE", body=sdp)
        timer = asyncio.get_running_loop().call_later(ring_seconds, self._too_long)
        try:
            final = await self.server.transactions.ask(
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
            self.server.transactions.forget(self._invite)

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
        cancel = self._request(
            "CANCEL", via=self._invite.headers["Via"], headers=(("Reason", causes.reason(ending.cause)),)
        )
        await self.server.transactions.ask(self.connection, cancel)

    async def _failed(self, final: Response | None) -> None:
        self.away = final is None or final.code == 480  # noqa: PLR2004 - Temporarily Unavailable
        if final is not None:
            assert self._invite is not None
            refused = self._request("ACK", via=self._invite.headers["Via"], to=final.headers["To"])
            await self.connection.send(refused)
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
        await self.connection.send(self.acknowledgement(self.cseq))
        if self._cancelled is not None:  # the answer and our CANCEL passed each other
            self.hang_up(self._cancelled.side, self._cancelled.cause)
            return False
        try:
            await self.media.accept(final.body.decode())
        except ValueError:  # not UTF-8, or no answer to our offer
            self.hang_up("system", causes.NETWORK_OUT_OF_ORDER)
            return False
        return True

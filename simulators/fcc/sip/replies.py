"""Answers that belong to no dialog, and the question who is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulators.fcc.sip import messages

if TYPE_CHECKING:
    from collections.abc import Callable

    from sipmessage import Request

    from simulators.fcc.sip.digest import Digest
    from simulators.fcc.sip.transport import Connection


class Replies:
    """Says a status to a request; `token` makes the tags."""

    def __init__(self, digest: Digest, token: Callable[[], str]) -> None:
        self._digest = digest
        self._token = token

    async def authenticated(
        self, connection: Connection, request: Request, header: str, code: int, challenge: str
    ) -> str | None:
        """The user who proved to be there; None when the request was answered with a challenge in its place."""
        verdict = self._digest.check(request, header)
        if verdict.user is None:
            headers = [(challenge, self._digest.challenge(stale=verdict.stale))]
            await self.say(connection, request, code, headers=headers)
        return verdict.user

    async def say(
        self, connection: Connection, request: Request, code: int, *, headers: list[tuple[str, str]] | None = None
    ) -> None:
        """Answer a request with a status."""
        await connection.send(
            messages.respond(request, code, to_tag=self._token(), peer=connection.peer, headers=headers or [])
        )

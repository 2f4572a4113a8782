"""Requests of the PBX and the answers they wait for. Source: RFC 3261, section 17.1."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from simulators.fcc.sip import messages

if TYPE_CHECKING:
    from collections.abc import Callable

    from sipmessage import Request, Response

    from simulators.fcc.sip.transport import Connection

ANSWER_WITHIN = 32.0


class Transactions:
    """By branch and method, as an answer names them. One event loop."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], asyncio.Queue[Response | None]] = {}

    async def ask(
        self,
        connection: Connection,
        request: Request,
        *,
        provisional: Callable[[Response], None] | None = None,
        timeout: float = ANSWER_WITHIN,  # noqa: ASYNC109 - SIP's timer F, not a caller's patience
    ) -> Response | None:
        """Send a request and wait for its final answer; None when none came or the phone is gone."""
        key = (messages.branch_of(request), request.method)
        answers: asyncio.Queue[Response | None] = asyncio.Queue()
        self._waiting[key] = answers
        try:
            if not connection.open:
                return None
            await connection.send(request)
            async with asyncio.timeout(timeout):
                while True:
                    answer = await answers.get()
                    if answer is None or answer.code >= 200:  # noqa: PLR2004 - SIP's final answers
                        return answer
                    if provisional is not None:
                        provisional(answer)
        except TimeoutError:
            return None
        finally:
            del self._waiting[key]

    def forget(self, request: Request) -> None:
        """Nobody will answer this request any more."""
        if (answers := self._waiting.get((messages.branch_of(request), request.method))) is not None:
            answers.put_nowait(None)

    def answered(self, response: Response) -> bool:
        """Hand an answer to whoever waits for it; False when nobody does."""
        answers = self._waiting.get((messages.branch_of(response), response.cseq.method))
        if answers is None:
            return False
        answers.put_nowait(response)
        return True

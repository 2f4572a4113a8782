"""REGISTER: which phone is whose, refused or granted. Source: RFC 3261, section 10.3; RFC 5627, section 5.2."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from simulators.fcc.sip import messages
from simulators.fcc.sip.registrar import DEFAULT_EXPIRES, MAX_EXPIRES

if TYPE_CHECKING:
    from collections.abc import Callable

    from sipmessage import Request

    from simulators.fcc.sip.registrar import Registrar
    from simulators.fcc.sip.replies import Replies
    from simulators.fcc.sip.transport import Connection


class RegisterHandler:
    """Serves REGISTER. `gives_gruus` says whether phones that ask get addresses of their own."""

    def __init__(
        self, registrar: Registrar, replies: Replies, sip_domain: str, gives_gruus: Callable[[], bool]
    ) -> None:
        self._registrar = registrar
        self._replies = replies
        self._sip_domain = sip_domain
        self._gives_gruus = gives_gruus

    async def serve(self, connection: Connection, request: Request) -> None:
        """Answer a phone's REGISTER."""
        user = await self._replies.authenticated(connection, request, "Authorization", 401, "WWW-Authenticate")
        if user is None:
            return
        wanted = request.to_address.uri
        if wanted.user != user or request.from_address.uri.user != user or wanted.host != self._sip_domain:
            await self._replies.say(connection, request, 403)
            return
        contacts = request.headers.getlist("Contact")
        removing = [one.strip() for one in contacts] == ["*"]
        if len(contacts) > 1 or (contacts and not removing and not messages.is_callable(contacts[0])):
            await self._replies.say(connection, request, 400)
            return
        headers: list[tuple[str, str]] = []
        if contacts:
            written = messages.parameters_of(contacts[0]).get("expires") or request.headers.get("Expires")
            expires = int(written) if written is not None and written.isdecimal() else DEFAULT_EXPIRES
            if 0 < expires < self._registrar.min_expires:
                minimum = [("Min-Expires", str(self._registrar.min_expires))]
                await self._replies.say(connection, request, 423, headers=minimum)
                return
            if self._registrar.outdated(user, request.call_id, request.cseq.sequence):
                await self._replies.say(connection, request, 500)
                return
            expires = min(expires, MAX_EXPIRES)
            connection.user = user
            if expires and not removing:
                self._registrar.save(
                    user, connection, messages.uri_of(contacts[0]), request.call_id, request.cseq.sequence, expires
                )
                bare = re.sub(r";\s*expires=\d+", "", contacts[0]) + self._gruus(user, request)
                headers = [("Contact", f"{bare};expires={expires}"), ("Expires", str(expires))]
            else:
                self._registrar.remove(user)
        elif (found := self._registrar.find(user)) is not None:
            headers = [("Contact", f"<{found.contact}>;expires={self._registrar.remaining(user)}")]
        await self._replies.say(connection, request, 200, headers=headers)

    def _gruus(self, user: str, request: Request) -> str:
        """What a phone is told that asks for addresses of its own and says which phone it is."""
        instance = messages.parameters_of(request.headers["Contact"]).get("+sip.instance")
        asked = "gruu" in (request.headers.get("Supported") or "")
        if not self._gives_gruus() or not asked or instance is None:
            return ""
        return self._registrar.gruu_parameters(user, self._sip_domain, instance)

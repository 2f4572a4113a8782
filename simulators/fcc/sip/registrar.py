"""Where each user's phone is: one contact per user, for as long as it asked. Source: RFC 3261 section 10, RFC 5627."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulators.fcc.signals import Signal
    from simulators.fcc.sip.transport import Connection

MIN_EXPIRES, DEFAULT_EXPIRES, MAX_EXPIRES = 10, 600, 3600


@dataclass
class Registration:
    """A phone: the connection it lives on and the contact to call it by."""

    connection: Connection
    contact: str
    call_id: str
    cseq: int
    expires_at: float


class Registrar:
    """The newest registration of a user replaces the one before. One event loop."""

    def __init__(self, changed: Signal, min_expires: int = MIN_EXPIRES) -> None:
        self._changed = changed
        self._phones: dict[str, Registration] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self.min_expires = min_expires

    def find(self, extension: str) -> Registration | None:
        found = self._phones.get(extension)
        if found is None or not found.connection.open or found.expires_at <= asyncio.get_running_loop().time():
            return None
        return found

    def remaining(self, extension: str) -> int:
        """Whole seconds the user's registration still has; 0 without one."""
        found = self.find(extension)
        return max(0, round(found.expires_at - asyncio.get_running_loop().time())) if found else 0

    def outdated(self, extension: str, call_id: str, cseq: int) -> bool:
        """Whether a REGISTER comes behind one that was sent after it."""
        found = self._phones.get(extension)
        return found is not None and found.call_id == call_id and cseq <= found.cseq

    def save(self, extension: str, connection: Connection, contact: str, call_id: str, cseq: int, expires: int) -> None:
        loop = asyncio.get_running_loop()
        self._stop_timer(extension)
        self._phones[extension] = Registration(connection, contact, call_id, cseq, loop.time() + expires)
        self._timers[extension] = loop.call_later(expires, self.remove, extension)
        self._changed.fire()

    def remove(self, extension: str) -> None:
        self._stop_timer(extension)
        if self._phones.pop(extension, None) is not None:
            self._changed.fire()

    def lost(self, connection: Connection) -> None:
        """The connection is gone, and with it every phone that lived on it (RFC 5626's flow)."""
        for extension in [one for one, phone in self._phones.items() if phone.connection is connection]:
            self.remove(extension)

    def gruu_parameters(self, extension: str, domain: str, instance: str) -> str:
        """The Contact parameters with which a phone is told its own lasting and its newest passing address.

        Source: RFC 5627, section 5.2. `instance` is the phone's `+sip.instance` as it was written, without quotes.
        """
        public = f"sip:{extension}@{domain};gr={instance.strip('<>')}"
        temporary = f"sip:tgruu.{secrets.token_hex(12)}@{domain};gr"
        return f';pub-gruu="{public}";temp-gruu="{temporary}"'

    def close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()

    def _stop_timer(self, extension: str) -> None:
        if (timer := self._timers.pop(extension, None)) is not None:
            timer.cancel()

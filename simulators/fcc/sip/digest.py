"""Digest authentication of phones. Source: RFC 3261 section 22, RFC 2617."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sipmessage import Request

_PAIR = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')


@dataclass(frozen=True)
class Verdict:
    """`user` is who proved to be there, or None; `stale` when only the nonce's age stood in the way."""

    user: str | None
    stale: bool = False


class Digest:
    """Challenges with nonces that carry their own time, and checks the answers to them.

    `passwords` gives the passwords that are good for a user now. One event loop.
    """

    def __init__(
        self, realm: str, passwords: Callable[[str], list[str]], monotonic: Callable[[], float], lifetime: float
    ) -> None:
        self.realm = realm
        self._passwords = passwords
        self._monotonic = monotonic
        self._lifetime = lifetime
        self._key = secrets.token_bytes(32)
        self._counts: dict[str, tuple[float, int]] = {}

    def challenge(self, *, stale: bool = False) -> str:
        """The value of WWW-Authenticate or Proxy-Authenticate."""
        moment = f"{int(self._monotonic() * 1000):x}.{secrets.token_hex(4)}"
        suffix = ", stale=true" if stale else ""
        return f'Digest realm="{self.realm}", nonce="{moment}.{self._seal(moment)}", algorithm=MD5, qop="auth"{suffix}'

    def check(self, request: Request, header: str) -> Verdict:
        """What the credentials in `header` (Authorization or Proxy-Authorization) of the request are worth."""
        given = request.headers.get(header)
        if given is None or not given.lower().startswith("digest "):
            return Verdict(None)
        fields = {name.lower(): quoted or plain for name, quoted, plain in _PAIR.findall(given[7:])}
        needed = ("username", "realm", "nonce", "uri", "response")
        if any(name not in fields for name in needed) or fields["realm"] != self.realm:
            return Verdict(None)
        if fields.get("algorithm", "MD5").upper() != "MD5" or not self._right(request.method, fields):
            return Verdict(None)
        if not self._fresh(fields):
            return Verdict(None, stale=True)
        return Verdict(fields["username"])

    def _right(self, method: str, fields: dict[str, str]) -> bool:
        behind = _md5(f"{method}:{fields['uri']}")
        if fields.get("qop") == "auth":
            middle = f"{fields['nonce']}:{fields.get('nc', '')}:{fields.get('cnonce', '')}:auth"
        elif "qop" in fields:
            return False
        else:
            middle = fields["nonce"]
        return any(
            hmac.compare_digest(
                _md5(f"{self._secret(fields, password)}:{middle}:{behind}").encode(),
                fields["response"].encode(),
            )
            for password in self._passwords(fields["username"])
        )

    def _secret(self, fields: dict[str, str], password: str) -> str:
        return _md5(f"{fields['username']}:{self.realm}:{password}")

    def _fresh(self, fields: dict[str, str]) -> bool:
        now = self._monotonic()
        moment, _, seal = fields["nonce"].rpartition(".")
        if not hmac.compare_digest(seal.encode(), self._seal(moment).encode()):
            return False
        if now - int(moment.split(".")[0], 16) / 1000 > self._lifetime:
            return False
        count = int(fields["nc"], 16) if re.fullmatch(r"[0-9a-fA-F]{8}", fields.get("nc", "")) else 0
        self._counts = {nonce: one for nonce, one in self._counts.items() if now - one[0] <= self._lifetime}
        seen = self._counts.get(moment, (now, 0))
        if count and count <= seen[1]:
            return False
        self._counts[moment] = (seen[0], count)
        return True

    def _seal(self, moment: str) -> str:
        return hmac.new(self._key, moment.encode(), "sha256").hexdigest()[:16]


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

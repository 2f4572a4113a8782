"""Whose token it is, asked at the org itself.

Source: Salesforce Help, "User Info Endpoint" (`/services/oauth2/userinfo`).
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from cti.accounts import salesforce_id
from cti.canvas.errors import CanvasIdentityError, SalesforceTokenRefusedError, SalesforceUnavailableError

if TYPE_CHECKING:
    from cti.accounts import Org
    from cti.clock import Clock

CACHE_SECONDS = 300.0
CACHE_SIZE = 10_000
_OK = 200
_REFUSED = frozenset({400, 401, 403, 404})


@dataclass(frozen=True)
class Identity:
    """Whose token it is; ids have 18 characters."""

    user_id: str
    org_id: str
    name: str
    email: str
    language: str


class UserInfo:
    """Asks an org's userinfo, and remembers the answer for five minutes by the token's hash.

    A page that is loaded in five tabs asks once. Whatever lengthens what a token is good for asks anew, and a refusal
    ends what was remembered. Safe to share between threads. The address is made of the org's own row, never of what a
    request says.
    """

    def __init__(self, http: requests.Session, clock: Clock) -> None:
        self._http = http
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[float, Identity]] = OrderedDict()

    def identify(self, org: Org, token: str, *, anew: bool = False) -> Identity:
        """Whose token it is; `anew` asks the org whatever it answered before.

        Raises SalesforceTokenRefusedError (401, 403), SalesforceUnavailableError (no answer, 5xx, anything else that is
        not about the token), CanvasIdentityError (an answer without ids).
        """
        key = _key(org, token)
        now = self._clock.monotonic()
        if not anew:
            with self._lock:
                known = self._known.get(key)
            if known is not None and now - known[0] < CACHE_SECONDS:
                return known[1]
        try:
            identity = self._ask(org, token)
        except SalesforceTokenRefusedError:
            self.forget(org, token)
            raise
        with self._lock:
            self._known[key] = (now, identity)
            self._known.move_to_end(key)
            while len(self._known) > CACHE_SIZE:
                self._known.popitem(last=False)
        return identity

    def forget(self, org: Org, token: str) -> None:
        """Ask again next time this token comes."""
        with self._lock:
            self._known.pop(_key(org, token), None)

    def _ask(self, org: Org, token: str) -> Identity:
        try:
            answer = self._http.get(
                f"{org.my_domain_url}/services/oauth2/userinfo",
                headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            )
        except (requests.RequestException, UnicodeError, ValueError):
            raise SalesforceUnavailableError from None
        if answer.status_code in _REFUSED:
            raise SalesforceTokenRefusedError
        if answer.status_code != _OK:
            raise SalesforceUnavailableError
        try:
            body: Any = answer.json()
        except ValueError:
            raise SalesforceUnavailableError from None
        try:
            return Identity(
                user_id=salesforce_id(body["user_id"]),
                org_id=salesforce_id(body["organization_id"]),
                name=str(body.get("name") or ""),
                email=str(body.get("email") or ""),
                language=str(body.get("language") or ""),
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise CanvasIdentityError from None


def _key(org: Org, token: str) -> str:
    return hashlib.sha256(f"{org.id}\0{org.my_domain_url}\0{token}".encode()).hexdigest()

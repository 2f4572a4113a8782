"""Whose token it is, asked at the org itself.

Source: Salesforce Help, "User Info Endpoint" (`/services/oauth2/userinfo`).
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from cti.accounts import salesforce_id
from cti.domain.salesforce import Identity, without_suffix
from cti.remembered import Remembered
from cti.salesforce.errors import IdentityUnavailableError, SalesforceError, TokenRefusedError
from cti.salesforce.transport import Transport

if TYPE_CHECKING:
    import requests

    from cti.accounts import Org
    from cti.clock import Clock
    from cti.salesforce.ports import Observer

PATH = "/services/oauth2/userinfo"
REMEMBER_S = 300.0
REMEMBERED = 10_000
BUDGET_S = 10.0
_OK = 200
_REFUSED = frozenset({400, 401, 403, 404})


class Identities:
    """Asks an org's userinfo, and remembers the answer for five minutes by the token's hash.

    A page that is loaded in five tabs asks once. Whatever lengthens what a token is good for asks anew, and a refusal
    ends what was remembered. Safe to share between threads.
    """

    def __init__(self, http: requests.Session, clock: Clock, observer: Observer | None = None) -> None:
        self._http = http
        self._clock = clock
        self._observer = observer
        self._known: Remembered[str, Identity] = Remembered(clock, REMEMBER_S, most=REMEMBERED)

    def identify(self, org: Org, token: str, *, anew: bool = False) -> Identity:
        """Whose token it is; `anew` asks the org whatever it answered before.

        Raises TokenRefusedError where the org does not take the token, IdentityUnavailableError (`retryable`) where it
        gives no answer, or one that says nothing of the token.
        """
        key = _key(org, token)
        try:
            if anew:
                self._known.put(key, self._ask(org, token))
            return self._known.load(key, lambda: self._ask(org, token))
        except TokenRefusedError:
            self._known.forget(key)
            raise

    def forget(self, org: Org, token: str) -> None:
        """Ask again next time this token comes."""
        self._known.forget(_key(org, token))

    def _ask(self, org: Org, token: str) -> Identity:
        transport = Transport(org, self._http, self._clock, self._observer)
        try:
            answer = transport.send("GET", PATH, "userinfo", token, budget=BUDGET_S)
        except (SalesforceError, ValueError):
            raise IdentityUnavailableError from None
        if answer.status in _REFUSED:
            raise TokenRefusedError(salesforce_code=f"HTTP {answer.status}")
        if answer.status != _OK:
            raise IdentityUnavailableError(salesforce_code=f"HTTP {answer.status}")
        try:
            body: Any = json.loads(answer.content)
        except ValueError:
            raise IdentityUnavailableError from None
        if not isinstance(body, dict):
            body = {}
        email = str(body.get("email") or "")
        return Identity(
            user_id=_id(body.get("user_id")),
            org_id=_id(body.get("organization_id")),
            name=str(body.get("name") or ""),
            email=without_suffix(email) if org.is_sandbox else email,
            language=str(body.get("language") or ""),
        )


def _id(value: object) -> str:
    try:
        return salesforce_id(value) if isinstance(value, str) else ""
    except ValueError:
        return ""


def _key(org: Org, token: str) -> str:
    return hashlib.sha256(f"{org.id}\0{org.my_domain_url}\0{org.environment}\0{token}".encode()).hexdigest()

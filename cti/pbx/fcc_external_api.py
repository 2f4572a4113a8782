"""FCC's external-api over HTTP.

Every call is `POST <base>/<function>` with a JSON object in and a JSON object out; the answer's `success` says whether
it worked, also under HTTP 200. Function names that public clients show are here, all others in `assumed`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeVar

import requests
import structlog

from cti.domain.fcc import CallPage
from cti.domain.text import read_json
from cti.pbx import assumed
from cti.pbx.errors import FccNonsenseError, FccRefusedError, FccUnreachableError
from cti.pbx.reading import Reader
from cti.pbx.signature import auth_fields, fresh_change

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cti.accounts import Tenant
    from cti.clock import Clock
    from cti.domain.call import Fact
    from cti.domain.fcc import Campaign, FccUser, PhoneCredentials
    from cti.domain.presence import Presence, Status

CAMPAIGNS_LIST: Final = "fcc-campaigns-list"
DROP_CALL: Final = "fcc-drop-call"
JWT: Final = "fcc-create-jwt-token"
MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024
LONGEST_CURSOR: Final = 1024
_SHORT: Final = 200
_SERVER_ERROR: Final = 500
_TOO_MANY: Final = 429
_OK: Final = range(200, 300)
_CLIENT_ERROR: Final = range(400, 500)

_log = structlog.get_logger("cti.pbx")
T = TypeVar("T")


class FccExternalApi:
    """One tenant's external-api; fits `Pbx`.

    `http` is a session that has its own timeouts and keeps no cookies; `count` is told of each unreadable field as
    (function, field). Safe to share between threads: nothing in it changes after it is made.
    """

    def __init__(
        self,
        tenant: Tenant,
        *,
        http: requests.Session,
        clock: Clock,
        change: Callable[[], str] = fresh_change,
        count: Callable[[str, str], None] | None = None,
    ) -> None:
        self._base = tenant.base_url.rstrip("/")
        self._domain = tenant.domain
        self._admin = tenant.admin_login
        self._api_key = tenant.api_key
        self._method = tenant.hash_method
        self._region = tenant.default_region
        self._http = http
        self._clock = clock
        self._change = change
        self._reader = Reader(count, now=clock.now)

    def users(self) -> Sequence[FccUser]:
        """All accounts of the tenant."""
        rows = self._rows(assumed.USERS_LIST, "users")
        return _kept(assumed.user(row, self._reader, self._region) for row in rows)

    def campaigns(self) -> Sequence[Campaign]:
        """All campaigns of the tenant."""
        return _kept(assumed.campaign(row, self._reader) for row in self._rows(CAMPAIGNS_LIST, "campaigns"))

    def statuses(self) -> Sequence[Status]:
        """The tenant's list of agent statuses."""
        return _kept(assumed.status(row, self._reader) for row in self._rows(assumed.STATUSES_LIST, "statuses"))

    def presence(self, login: str) -> Presence:
        """What the agent is doing."""
        return self._presence(assumed.STATUS, login, {})

    def set_presence(self, login: str, status_id: int) -> Presence:
        """Put the agent into a status."""
        return self._presence(assumed.SET_STATUS, login, {"statuses_id": status_id})

    def phone_credentials(self, login: str) -> PhoneCredentials:
        """What the agent's SIP phone registers with."""
        answer = self._call(assumed.SIP_CREDENTIALS, login, {})
        sip = answer.get("sip")
        found = assumed.credentials(sip, self._reader) if isinstance(sip, dict) else None
        if found is None:
            raise FccNonsenseError(function=assumed.SIP_CREDENTIALS, reason="sip is not complete")
        return found

    def drop_call(self, login: str, calls_id: int) -> None:
        """End a call in the agent's name."""
        self._call(DROP_CALL, login, {"calls_id": calls_id})

    def calls_since(self, cursor: str | None, *, limit: int = 200) -> CallPage:
        """Calls changed since `cursor`."""
        answer = self._call(assumed.CALLS_LIST, self._admin, {"cursor": cursor, "limit": limit})
        rows = self._reader.objects(answer, "calls", assumed.CALLS_LIST)
        if rows is None:
            raise FccNonsenseError(function=assumed.CALLS_LIST, reason="calls is not a list")
        after = self._reader.text(answer, "cursor", assumed.CALLS_LIST) or cursor
        if after is not None and len(after) > LONGEST_CURSOR:
            raise FccNonsenseError(function=assumed.CALLS_LIST, reason="the cursor is too long to be kept")
        facts: list[Fact] = _kept(assumed.call_row(row, self._reader, self._region) for row in rows)
        return CallPage(
            facts=tuple(facts),
            cursor=after,
            more=len(rows) >= limit,
            unread=len(rows) - len(facts),
        )

    # -- the protocol ---------------------------------------------------------------------------------------------

    def _presence(self, function: str, login: str, parameters: Mapping[str, Any]) -> Presence:
        answer = self._call(function, login, parameters)
        told = answer.get("status")
        found = assumed.presence(told, self._reader, otherwise=self._clock.now()) if isinstance(told, dict) else None
        if found is None:
            raise FccNonsenseError(function=function, reason="status cannot be read")
        return found

    def _rows(self, function: str, key: str) -> list[Mapping[str, Any]]:
        rows = self._reader.objects(self._call(function, self._admin, {}), key, function)
        if rows is None:
            raise FccNonsenseError(function=function, reason=f"{key} is not a list")
        return rows

    def _call(self, function: str, login: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Make one signed call and give its answer, whose `success` was true."""
        signed = auth_fields(login, self._domain, self._api_key, method=self._method, change=self._change())
        started = self._clock.monotonic()
        try:
            response = self._http.post(f"{self._base}/{function}", json={**parameters, **signed}, stream=True)
            with response:
                body = response.raw.read(MAX_ANSWER_BYTES + 1, decode_content=True)
        except requests.RequestException as error:
            raise self._unreachable(function, type(error).__name__) from None
        except Exception as error:  # noqa: BLE001 - urllib3 and the socket raise their own kinds while a body is read
            raise self._unreachable(function, type(error).__name__) from None
        _log.debug("fcc-called", function=function, status=response.status_code, s=self._clock.monotonic() - started)
        if response.status_code >= _SERVER_ERROR or response.status_code == _TOO_MANY:
            raise self._unreachable(function, f"HTTP {response.status_code}")
        if len(body) > MAX_ANSWER_BYTES:
            raise FccNonsenseError(function=function, reason="the answer is too long")
        return self._understood(function, response, body)

    def _understood(self, function: str, response: requests.Response, body: bytes) -> dict[str, Any]:
        answer = _json_object(body)
        if answer is not None and answer.get("success") is False:
            reason = self._clean(answer.get("message"))
            _log.warning("fcc-refused", function=function, reason=reason)
            raise FccRefusedError(function=function, reason=reason)
        if response.status_code in _CLIENT_ERROR:
            raise FccRefusedError(function=function, reason=f"HTTP {response.status_code}")
        if response.status_code not in _OK or answer is None or answer.get("success") is not True:
            reason = f"HTTP {response.status_code}, {'no JSON object' if answer is None else 'no success'}"
            _log.warning("fcc-nonsense", function=function, reason=reason)
            raise FccNonsenseError(function=function, reason=reason)
        return answer

    def _unreachable(self, function: str, reason: str) -> FccUnreachableError:
        _log.warning("fcc-unreachable", function=function, reason=reason)
        return FccUnreachableError(function=function, reason=reason)

    def _clean(self, message: object) -> str:
        """FCC's message for the log: short, on one line, without our key or anything like a hash."""
        text = re.sub(r"\s+", " ", str(message or "")).replace(self._api_key, "…")
        return re.sub(r"\b[0-9A-Za-z]{32,}\b", "…", text)[:_SHORT]


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        answer = read_json(body)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _kept(items: Any) -> list[Any]:
    return [item for item in items if item is not None]

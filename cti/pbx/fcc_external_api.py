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
from cti.domain.times import iso
from cti.pbx import assumed
from cti.pbx.errors import FccError, FccNonsenseError, FccUnreachableError
from cti.pbx.reading import Reader
from cti.pbx.signature import auth_fields, fresh_change

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from cti.accounts import Tenant
    from cti.clock import Clock
    from cti.domain.facts import Fact
    from cti.domain.fcc import Campaign, FccUser, PhoneCredentials
    from cti.domain.presence import Presence, Status
    from cti.pbx.ports import Observer

CAMPAIGNS_LIST: Final = "fcc-campaigns-list"
DROP_CALL: Final = "fcc-drop-call"
MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024
OF_TENANT: Final = frozenset({assumed.USERS_LIST, assumed.STATUSES_LIST, assumed.CALLS_LIST, CAMPAIGNS_LIST})
"""The functions that are asked in the tenant's name; all others are asked in an agent's."""
LONGEST_CURSOR: Final = 1024
_SHORT: Final = 200
_SERVER_ERROR: Final = 500
_TOO_MANY: Final = 429
_OK: Final = range(200, 300)
_CLIENT_ERROR: Final = range(400, 500)

_log = structlog.get_logger("cti.pbx")
T = TypeVar("T")


class FccExternalApi:
    """One tenant's external-api; fits `Pbx`, and `CallControl` of the calls.

    `http` is a session that has its own timeouts and keeps no cookies; `count` is told of each unreadable field as
    (function, field), `observer` of how each call went. Safe to share between threads: nothing in it changes after it
    is made.
    """

    def __init__(
        self,
        tenant: Tenant,
        *,
        http: requests.Session,
        clock: Clock,
        change: Callable[[], str] = fresh_change,
        count: Callable[[str, str], None] | None = None,
        observer: Observer | None = None,
    ) -> None:
        self._tenant_id = tenant.id
        self._observer = observer
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
        return self._list(assumed.USERS_LIST, "users", lambda row: assumed.user(row, self._reader, self._region))

    def campaigns(self) -> Sequence[Campaign]:
        """All campaigns of the tenant."""
        return self._list(CAMPAIGNS_LIST, "campaigns", lambda row: assumed.campaign(row, self._reader))

    def statuses(self) -> Sequence[Status]:
        """The tenant's list of agent statuses."""
        return self._list(assumed.STATUSES_LIST, "statuses", lambda row: assumed.status(row, self._reader))

    def presence(self, login: str) -> Presence:
        """What the agent is doing."""
        return self._presence(assumed.STATUS, login, {})

    def set_presence(self, login: str, status_id: int) -> Presence:
        """Put the agent into a status."""
        return self._presence(assumed.SET_STATUS, login, {"statuses_id": status_id})

    def phone_credentials(self, login: str) -> PhoneCredentials:
        """What the agent's SIP phone registers with."""

        def read(answer: dict[str, Any]) -> PhoneCredentials:
            sip = answer.get("sip")
            found = assumed.credentials(sip, self._reader) if isinstance(sip, dict) else None
            if found is None:
                raise FccNonsenseError(function=assumed.SIP_CREDENTIALS, reason="sip cannot be read")
            return found

        return self._ask(assumed.SIP_CREDENTIALS, login, {}, read)

    def drop_call(self, login: str, calls_id: int) -> None:
        """End a call in the agent's name."""
        self._ask(DROP_CALL, login, {"calls_id": calls_id}, lambda _: None)

    def calls_since(self, cursor: str | None, *, since: datetime | None = None, limit: int = 200) -> CallPage:
        """Calls changed since `cursor`; without one, since that moment."""
        parameters: dict[str, Any] = {"cursor": cursor, "limit": limit}
        if cursor is None and since is not None:
            parameters[assumed.UPDATED_SINCE] = iso(since)

        def read(answer: dict[str, Any]) -> CallPage:
            rows = self._objects(answer, "calls", assumed.CALLS_LIST)
            after = self._reader.text(answer, "cursor", assumed.CALLS_LIST) or cursor
            if after is not None and len(after) > LONGEST_CURSOR:
                raise FccNonsenseError(function=assumed.CALLS_LIST, reason="the cursor is too long to be kept")
            facts: list[Fact] = _kept(assumed.call_row(row, self._reader, self._region) for row in rows)
            return CallPage(facts=tuple(facts), cursor=after, more=len(rows) >= limit, unread=len(rows) - len(facts))

        return self._ask(assumed.CALLS_LIST, self._admin, parameters, read)

    # -- the protocol ---------------------------------------------------------------------------------------------

    def _presence(self, function: str, login: str, parameters: Mapping[str, Any]) -> Presence:
        def read(answer: dict[str, Any]) -> Presence:
            told = answer.get("status")
            now = self._clock.now()
            found = assumed.presence(told, self._reader, otherwise=now) if isinstance(told, dict) else None
            if found is None:
                raise FccNonsenseError(function=function, reason="status cannot be read")
            return found

        return self._ask(function, login, parameters, read)

    def _list(self, function: str, key: str, read: Callable[[Mapping[str, Any]], T | None]) -> list[T]:
        """A list of the tenant's, without what cannot be read of it."""
        return self._ask(
            function,
            self._admin,
            {},
            lambda answer: _kept(read(row) for row in self._objects(answer, key, function)),
        )

    def _objects(self, answer: dict[str, Any], key: str, function: str) -> list[Mapping[str, Any]]:
        rows = self._reader.objects(answer, key, function)
        if rows is None:
            raise FccNonsenseError(function=function, reason=f"{key} is not a list")
        return rows

    def _ask(self, function: str, login: str, parameters: Mapping[str, Any], read: Callable[[dict[str, Any]], T]) -> T:
        """What `read` makes of the answer to one call; the observer is told how it went."""
        try:
            found = read(self._call(function, login, parameters))
        except FccError as error:
            if self._observer is not None:
                self._observer.failed(self._tenant_id, function, error)
            raise
        if self._observer is not None:
            self._observer.answered(self._tenant_id, function)
        return found

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
            raise assumed.refusal(reason)(function=function, reason=reason)
        if response.status_code in _CLIENT_ERROR:
            reason = f"HTTP {response.status_code}"
            raise assumed.refusal(reason)(function=function, reason=reason)
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

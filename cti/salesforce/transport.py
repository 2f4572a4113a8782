"""Requests to one org's own address: sent, bounded, measured. What an answer means is the caller's business."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError

from cti.salesforce.errors import OutcomeUnknownError, SalesforceError, TimedOutError, UnavailableError
from cti.salesforce.ports import Silent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cti.accounts import Org
    from cti.clock import Clock
    from cti.salesforce.ports import Observer

CALL_OPTIONS = "client=FCCConnector"
MAX_ANSWER_BYTES = 32 * 1024 * 1024
_CONNECT_S = 3.05


@dataclass(frozen=True)
class Answer:
    """An answer as it came, whatever its status."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)


class Transport:
    """Sends requests to one org. Safe to share between threads.

    The address is the org's row's: no path and no answer names a host, and no redirect is followed. `observer` hears of
    each request. Nothing here retries.
    """

    def __init__(self, org: Org, http: requests.Session, clock: Clock, observer: Observer | None = None) -> None:
        self._org_id = org.id
        self._origin = org.my_domain_url.rstrip("/")
        self._http = http
        self._clock = clock
        self._observer: Observer = observer or Silent()

    def send(
        self,
        method: str,
        path: str,
        resource: str,
        bearer: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        budget: float,
    ) -> Answer:
        """Send a request with the token `bearer`, and return the answer.

        `path` begins with a slash and has its own parts already quoted; `resource` is its name in the metrics; `body`
        is sent as JSON; `budget` is seconds for the whole of it. Raises OutcomeUnknownError where a request that
        changes something (any method but GET) went out and no complete answer came, else UnavailableError or
        TimedOutError; ValueError for a token that no header can carry.
        """
        started = self._clock.monotonic()
        status = 0
        try:
            with self._http.request(
                method,
                self._origin + path,
                params=params,
                data=None if body is None else json.dumps(body, ensure_ascii=False).encode(),
                headers={
                    "Authorization": f"Bearer {bearer}",
                    "Accept": "application/json",
                    "Sforce-Call-Options": CALL_OPTIONS,
                    **({} if body is None else {"Content-Type": "application/json; charset=utf-8"}),
                },
                timeout=(min(_CONNECT_S, budget), budget),
                allow_redirects=False,
                stream=True,
            ) as answer:
                status = answer.status_code
                content = self._read(answer, started + budget)
        except requests.RequestException as error:
            raise _unanswered(error, changes=method != "GET") from None
        finally:
            self._observer.request(self._org_id, resource, status, self._clock.monotonic() - started)
        return Answer(status, answer.headers, content)

    def _read(self, answer: requests.Response, deadline: float) -> bytes:
        content = bytearray()
        for chunk in answer.iter_content(65536):
            content += chunk
            if len(content) > MAX_ANSWER_BYTES:
                raise requests.exceptions.ContentDecodingError("the answer is too large")
            if self._clock.monotonic() > deadline:
                raise requests.ReadTimeout("the answer came too slowly")
        return bytes(content)


def _unanswered(error: requests.RequestException, *, changes: bool) -> SalesforceError:
    """The error for a request without a complete answer: what counts is whether it went out and changes things."""
    if _never_left(error):
        return UnavailableError()
    if changes:
        return OutcomeUnknownError()
    if isinstance(error, requests.Timeout):
        return TimedOutError()
    return UnavailableError()


def _never_left(error: requests.RequestException) -> bool:
    if isinstance(error, (requests.ConnectTimeout, requests.exceptions.SSLError, requests.exceptions.InvalidURL)):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)

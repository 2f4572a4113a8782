"""One org's REST API: requests, tokens, errors, limits.

Source: REST API Developer Guide, "REST Resources", "Headers" and "Status Codes and Error Responses".
"""

from __future__ import annotations

import json
import re
import threading
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from cti.domain.delivery import Verdict
from cti.salesforce.classify import from_answer
from cti.salesforce.errors import (
    AnswerUnreadableError,
    DailyLimitReachedError,
    OutcomeUnknownError,
    SessionExpiredError,
)
from cti.salesforce.ports import Silent
from cti.salesforce.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

    from cti.accounts import Org
    from cti.clock import Clock
    from cti.salesforce.oauth import ClientCredentials
    from cti.salesforce.ports import Observer
    from cti.salesforce.transport import Answer

RETRY_AFTER_CAP_S = 3600.0
DAILY_LIMIT_PAUSE_S = 900.0
"""How long an org is left alone after its daily limit; the window of 24 hours moves all the time."""
DEFAULT_BUDGET_S = 30.0
_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")
_VERSION = re.compile(r"\d{2,3}\.0\Z")


class RestClient:
    """Speaks with one org. Safe to share between threads.

    `tokens` gives the integration user's token; a call may bring the token of a person instead. `observer` hears of
    each request. Nothing here retries: it says what happened, and the caller decides (an expired integration token is
    the one exception, replaced and used once more).
    """

    def __init__(
        self,
        org: Org,
        http: requests.Session,
        tokens: ClientCredentials,
        clock: Clock,
        observer: Observer | None = None,
    ) -> None:
        if not _VERSION.match(org.api_version):
            raise ValueError(f"not an API version: {org.api_version!r}")
        self._org = org
        self._transport = Transport(org, http, clock, observer)
        self._tokens = tokens
        self._clock = clock
        self._observer: Observer = observer or Silent()
        self._lock = threading.Lock()
        self._stopped_until = 0.0

    def data(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        token: str | None = None,
        budget: float = DEFAULT_BUDGET_S,
    ) -> Any:
        """A request under `/services/data/v…`; returns the parsed answer, None when it is empty.

        `path` begins with a slash and has its own parts already quoted. `budget` is seconds for the whole of it,
        token requests left out. Raises a SalesforceError, whose `verdict` says what may be done; a request that
        changes something (any method but GET) raises OutcomeUnknownError when it went out and was not answered.
        """
        self._refuse_while_stopped()
        resource = "composite/sobjects" if path.startswith("/composite/sobjects") else path.split("/", maxsplit=2)[1]
        path = f"/services/data/v{self._org.api_version}{path}"
        bearer = token or self._tokens.token()
        try:
            return self._send(method, path, resource, bearer, params, body, budget)
        except SessionExpiredError:
            if token is not None:
                raise
            bearer = self._tokens.renew(bearer)
            return self._send(method, path, resource, bearer, params, body, budget)

    def versions(self) -> Any:
        """What the org answers to the question for its versions; raises a SalesforceError.

        Source: REST API Developer Guide, "Versions".
        """
        token = self._tokens.token()
        answer = self._transport.send("GET", "/services/data/", "versions", token, budget=DEFAULT_BUDGET_S)
        return self._understand(answer, changes=False)

    def _refuse_while_stopped(self) -> None:
        with self._lock:
            left = self._stopped_until - self._clock.monotonic()
        if left > 0:
            raise DailyLimitReachedError(salesforce_code="REQUEST_LIMIT_EXCEEDED", retry_after=left)

    def _send(
        self,
        method: str,
        path: str,
        resource: str,
        bearer: str,
        params: Mapping[str, str] | None,
        body: Any,
        budget: float,
    ) -> Any:
        answer = self._transport.send(method, path, resource, bearer, params=params, body=body, budget=budget)
        self._note_usage(answer.headers.get("Sforce-Limit-Info", ""))
        return self._understand(answer, changes=method != "GET")

    def _understand(self, answer: Answer, *, changes: bool) -> Any:
        status = answer.status
        try:
            body = json.loads(answer.content) if answer.content else None
        except ValueError:
            if status < 300:  # noqa: PLR2004 - HTTP's classes of status
                raise (OutcomeUnknownError() if changes else AnswerUnreadableError()) from None
            body = None
        if 200 <= status < 300:  # noqa: PLR2004 - HTTP's classes of status
            return body
        error = from_answer(status, body, retry_after=self._retry_after(answer.headers.get("Retry-After", "")))
        if isinstance(error, DailyLimitReachedError):
            if error.retry_after is None:
                error.retry_after = DAILY_LIMIT_PAUSE_S
            with self._lock:
                self._stopped_until = self._clock.monotonic() + error.retry_after
        if changes and status >= 500 and status != 503 and error.verdict is Verdict.AGAIN:  # noqa: PLR2004
            # A gateway's 502 or 504 and Salesforce's own 500 say nothing about what was done before they arose.
            raise OutcomeUnknownError(salesforce_code=error.salesforce_code, detail=error.detail)
        raise error

    def _retry_after(self, header: str) -> float | None:
        """Seconds from a Retry-After header (a number or a date; RFC 9110, section 10.2.3), at most an hour."""
        text = header.strip()
        if not text:
            return None
        if text.isascii() and text.isdigit():
            return min(float(text), RETRY_AFTER_CAP_S)
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return min(max(_seconds(aware, self._clock.now()), 0.0), RETRY_AFTER_CAP_S)

    def _note_usage(self, header: str) -> None:
        found = _USAGE.match(header.strip())
        if found:
            self._observer.api_usage(self._org.id, int(found.group(1)), int(found.group(2)))


def _seconds(later: datetime, earlier: datetime) -> float:
    return (later - earlier).total_seconds()

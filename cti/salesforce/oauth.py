"""The integration's access token: OAuth 2.0 client credentials against the org's own My Domain.

The flow exists on a My Domain host only, and the answer carries no `expires_in`: a token is used until Salesforce
answers INVALID_SESSION_ID, then replaced once. Source: Salesforce Help, "OAuth 2.0 Client Credentials Flow for Server-
to-Server Integration"; RFC 6749, section 4.4.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from cti.salesforce.classify import from_oauth
from cti.salesforce.errors import (
    AnswerUnreadableError,
    SalesforceError,
    SignInRefusedError,
    TimedOutError,
    UnavailableError,
)

if TYPE_CHECKING:
    from cti.accounts import Org
    from cti.clock import Clock

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - a path
SECRET_GOES_IN = "client_secret_post"  # noqa: S105 - the name of a method
REFUSAL_STANDS_S = 30.0
"""For how long a refusal is repeated to callers without asking Salesforce again."""


class ClientCredentials:
    """Gets, keeps and replaces the access token of one org's pairing app.

    Safe to share between threads: while one of them asks Salesforce, the others wait for its result, so that a wave of
    401 answers leads to one token request. The token lives in this object only.
    """

    def __init__(self, org: Org, http: requests.Session, clock: Clock) -> None:
        self._org = org
        self._http = http
        self._clock = clock
        self._lock = threading.Lock()
        self._token: str | None = None
        self._refusal: tuple[SalesforceError, float] | None = None

    def token(self) -> str:
        """An access token, asked for when there is none yet.

        Raises SignInRefusedError or one of its kinds (a person must act), UnavailableError, TimedOutError,
        AnswerUnreadableError.
        """
        with self._lock:
            if self._token is None:
                self._token = self._ask()
            return self._token

    def renew(self, stale: str) -> str:
        """A token other than `stale`: a new one, unless another thread has already got it. Raises like `token`."""
        with self._lock:
            if self._token is None or self._token == stale:
                self._token = None
                self._token = self._ask()
            return self._token

    def _ask(self) -> str:
        if self._refusal is not None:
            error, until = self._refusal
            if self._clock.monotonic() < until:
                raise error.with_traceback(None)
            self._refusal = None
        try:
            return self._fetch()
        except SignInRefusedError as error:
            self._refusal = (error, self._clock.monotonic() + REFUSAL_STANDS_S)
            raise

    def _fetch(self) -> str:
        client = OAuth2Session(self._org.client_id, self._org.client_secret, token_endpoint_auth_method=SECRET_GOES_IN)
        client.trust_env = False
        client.verify = self._http.verify
        for prefix, adapter in self._http.adapters.items():
            client.mount(prefix, adapter)
        try:
            answer: Any = client.fetch_token(
                self._org.my_domain_url.rstrip("/") + TOKEN_PATH,
                grant_type="client_credentials",
                allow_redirects=False,
            )
        except OAuthError as error:
            raise from_oauth(str(error.error), str(error.description or "")) from None
        except requests.HTTPError as error:
            status = error.response.status_code if error.response is not None else 0
            raise UnavailableError(salesforce_code=f"HTTP {status}") from None
        except requests.Timeout:
            raise TimedOutError from None
        except (requests.JSONDecodeError, ValueError):
            raise AnswerUnreadableError from None
        except requests.RequestException:
            raise UnavailableError from None
        token = answer.get("access_token")
        if not isinstance(token, str) or not token.isprintable() or not token:
            raise AnswerUnreadableError
        return token

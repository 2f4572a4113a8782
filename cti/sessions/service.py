"""The panes' sessions: a short-lived token in the pane's memory, a row in the database.

The token is a JWT (HS256) under a key derived from the connector's secret. It says which session it belongs to; whether
that session still stands is in the row, so that a session can be ended from here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cti.accounts import IssuedSession, PaneSession
from cti.sessions.errors import SessionOverError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cti.accounts import Language
    from cti.clock import Clock
    from cti.store.database import Database
    from cti.store.unit_of_work import UnitOfWork

AUDIENCE = "fcc-connector/pane"
ORG_TOKEN_AGE = timedelta(minutes=90)
"""By this age an org token must have been replaced by that of a fresh signed request."""
GRACE = timedelta(minutes=5)
"""For so long a session goes on after its renewal failed."""
KEPT_AFTER_END = timedelta(days=7)


class SessionTokens:
    """Makes and reads the tokens; knows nothing of the rows."""

    def __init__(self, secret_key: str, issuer: str, clock: Clock) -> None:
        self._key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"fcc-connector pane session").derive(
            secret_key.encode("utf-8")
        )
        self._issuer = issuer
        self._clock = clock

    def make(self, session: PaneSession) -> str:
        """A token that stands until the session's present end."""
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": f"{session.org_id}:{session.sf_user_id}",
            "sid": session.id,
            "iat": int(self._clock.now().timestamp()),
            "exp": int(session.expires_at.timestamp()),
        }
        return jwt.encode(claims, self._key, algorithm="HS256")

    def session_id(self, token: str) -> str:
        """The session a token belongs to; raises SessionOverError when it is forged, foreign or too old."""
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key,
                algorithms=["HS256"],
                audience=AUDIENCE,
                issuer=self._issuer,
                # The time is checked below, by the clock that was passed in.
                options={"require": ["iss", "aud", "sub", "sid", "exp"], "verify_exp": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            raise SessionOverError from None
        expires, session_id = claims["exp"], claims["sid"]
        if not isinstance(expires, int) or not isinstance(session_id, str):
            raise SessionOverError
        if self._clock.now() >= datetime.fromtimestamp(expires, UTC):
            raise SessionOverError
        return session_id


class Sessions:
    """The sessions' rules: how long one stands, what lengthens it, what ends it."""

    def __init__(
        self,
        database: Database,
        tokens: SessionTokens,
        clock: Clock,
        *,
        session_seconds: int,
        new_id: Callable[[], str],
    ) -> None:
        self._database = database
        self._tokens = tokens
        self._clock = clock
        self._length = timedelta(seconds=session_seconds)
        self._new_id = new_id

    def begin(
        self,
        uow: UnitOfWork,
        *,
        org_id: str,
        pairing_id: str,
        sf_user_id: str,
        fcc_user_id: int,
        language: Language,
        name: str,
        email: str,
        token: str,
    ) -> IssuedSession:
        """Begin a session in the caller's transaction; `token` is the org token that just proved itself."""
        now = self._clock.now()
        session = PaneSession(
            id=self._new_id(),
            org_id=org_id,
            pairing_id=pairing_id,
            sf_user_id=sf_user_id,
            fcc_user_id=fcc_user_id,
            language=language,
            name=name,
            email=email,
            token=token,
            token_at=now,
            created_at=now,
            expires_at=self._end(now, now),
            revoked_at=None,
        )
        uow.sessions.add(session)
        uow.sessions.forget_ended(now - KEPT_AFTER_END)
        return self._issued(session)

    def verify(self, token: str) -> PaneSession:
        """The session that `token` opens; raises SessionOverError."""
        session_id = self._tokens.session_id(token)
        with self._database.read() as uow:
            session = uow.sessions.get(session_id)
        return self._standing(session)

    def standing(self, session: PaneSession) -> PaneSession | None:
        """The session as it is now, None when it is over."""
        with self._database.read() as uow:
            found = uow.sessions.get(session.id)
        try:
            return self._standing(found)
        except SessionOverError:
            return None

    def extend(
        self,
        session_id: str,
        *,
        org_token: str | None = None,
        seen_at: datetime | None = None,
        present: bool = False,
    ) -> IssuedSession:
        """Lengthen a session that still stands, no further than its org token's 90 minutes and the grace.

        `org_token`, out of a signed request that was proved, takes the place of the session's own when it is younger.
        Its age is counted from `seen_at`, when the connector first saw it, or from now. `present` says that the person
        has just been vouched for: then this once the token's age is no bound. Raises SessionOverError.
        """
        now = self._clock.now()
        with self._database.write() as uow:
            session = self._standing(uow.sessions.get(session_id))
            changes: dict[str, object] = {}
            token_at = session.token_at
            if org_token is not None and (seen_at is None or seen_at > token_at):
                token_at = now if seen_at is None else seen_at
                changes = {"token": org_token, "token_at": token_at}
            until = now + self._length if present else self._end(now, token_at)
            changes["expires_at"] = max(session.expires_at, until)
            changed = uow.sessions.change(session_id, **changes)
            issued = self._issued(self._standing(changed))
            uow.commit()
        return issued

    def org_token_refused(self, session_id: str, token: str | None = None) -> None:
        """Note that the org refused the session's token: without a renewal the session ends in five minutes.

        Nothing happens when it is `token` that was refused and the session was renewed with another one since.
        """
        now = self._clock.now()
        with self._database.write() as uow:
            session = uow.sessions.get(session_id)
            if session is not None and session.token is not None and token in {None, session.token}:
                uow.sessions.change(
                    session_id,
                    token=None,
                    token_at=min(session.token_at, now - ORG_TOKEN_AGE),
                    expires_at=min(session.expires_at, now + GRACE),
                )
                uow.commit()

    def _end(self, now: datetime, token_at: datetime) -> datetime:
        return min(now + self._length, token_at + ORG_TOKEN_AGE + GRACE)

    def _standing(self, session: PaneSession | None) -> PaneSession:
        if session is None or session.revoked_at is not None or self._clock.now() >= session.expires_at:
            raise SessionOverError
        return session

    def _issued(self, session: PaneSession) -> IssuedSession:
        expires_in = int((session.expires_at - self._clock.now()).total_seconds())
        return IssuedSession(session, self._tokens.make(session), expires_in)

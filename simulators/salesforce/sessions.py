"""Who is signed in, and with which tokens: Lightning sessions, softphone frames, access tokens."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from .journal import Changes, Tables
    from .records import Records
    from .settings import Settings

ACCESS_TOKEN_CHARS: Final = 64


@dataclass
class Token:
    """An access token: whose it is, which app asked for it, and when it ends (seconds of the org's clock)."""

    value: str
    user_id: str
    app: str
    issued_at: float
    expires_at: float
    revoked: bool = False


@dataclass(frozen=True)
class Session:
    """A person signed in to Lightning in one browser; every tab shows the same token to the Canvas app."""

    sid: str
    user_id: str


class Sessions:
    """Sessions and tokens of one org. Thread-safe: everything happens under the org's lock."""

    def __init__(
        self,
        org_id: str,
        canvas_name: str,
        records: Records,
        settings: Settings,
        now: Callable[[], float],
        lock: threading.RLock,
        changes: Changes,
    ) -> None:
        self._org_id = org_id
        self._canvas_name = canvas_name
        self._records = records
        self._settings = settings
        self._now = now
        self._lock = lock
        self._changes = changes
        self._sessions: dict[str, Session] = {}
        self._frames: dict[str, str] = {}
        self._tokens: dict[str, Token] = {}
        self._canvas_tokens: dict[str, str] = {}

    def kept(self) -> Tables:
        """What outlives a run."""
        return {
            "$sessions": {sid: session.user_id for sid, session in self._sessions.items()},
            "$tokens": {value: asdict(token) for value, token in self._tokens.items()},
            "$canvas_tokens": dict(self._canvas_tokens),
            "$frames": dict(self._frames),
        }

    def remember(self, kept: Tables) -> None:
        """Take the place of the sessions and tokens that ended with their process."""
        self._sessions = {sid: Session(sid, user_id) for sid, user_id in kept.get("$sessions", {}).items()}
        self._tokens = {value: Token(**token) for value, token in kept.get("$tokens", {}).items()}
        self._canvas_tokens = kept.get("$canvas_tokens", {})
        self._frames = kept.get("$frames", {})

    def sign_in(self, username: str) -> Session:
        """A new Lightning session; KeyError when there is no such active user."""
        with self._lock:
            user = self._records.user_by_name(username)
            if not user["IsActive"]:
                raise KeyError(username)
            session = Session(secrets.token_hex(24), user["Id"])
            self._sessions[session.sid] = session
            self._changes.touch("$sessions", session.sid)
            return session

    def session(self, sid: str | None) -> Session | None:
        """The session of a cookie's value."""
        return self._sessions.get(sid or "")

    def frame_nonce(self, session: Session) -> str:
        """A nonce for one softphone frame: it tells the Visualforce host whose page asks (64 hex digits)."""
        with self._lock:
            nonce = secrets.token_hex(32)
            self._frames[nonce] = session.sid
            self._changes.touch("$frames", nonce)
            return nonce

    def session_of_frame(self, nonce: str | None) -> Session | None:
        """The session that a softphone frame belongs to."""
        return self.session(self._frames.get(nonce or ""))

    def issue_token(self, user_id: str, app: str) -> Token:
        """A new opaque access token, `00D…!…`."""
        with self._lock:
            value = f"{self._org_id[:15]}!" + "AQEAQ" + secrets.token_hex(ACCESS_TOKEN_CHARS // 2)
            issued = self._now()
            token = Token(value, user_id, app, issued, issued + self._settings.token_lifetime_s)
            self._tokens[value] = token
            self._changes.touch("$tokens", value)
            return token

    def canvas_token(self, session: Session) -> Token:
        """The token that every tab of this session gives to the Canvas app; a new one once it no longer works."""
        with self._lock:
            token = self.token(self._canvas_tokens.get(session.sid, ""))
            if token is None:
                token = self.issue_token(session.user_id, self._canvas_name)
                self._canvas_tokens[session.sid] = token.value
                self._changes.touch("$canvas_tokens", session.sid)
            return token

    def token(self, value: str) -> Token | None:
        """The token with this value while it works."""
        with self._lock:
            token = self._tokens.get(value)
            if token is None or token.revoked or token.expires_at <= self._now():
                return None
            return token

    def revoke(self, value: str) -> bool:
        """End a token; says whether there was one."""
        with self._lock:
            token = self._tokens.get(value)
            if token is None or token.revoked:
                return False
            token.revoked = True
            self._changes.touch("$tokens", value)
            return True

    def expire_tokens(self) -> int:
        """End every token there is; returns how many."""
        with self._lock:
            live = [token for token in self._tokens.values() if self.token(token.value)]
            for token in live:
                token.expires_at = self._now()
                self._changes.touch("$tokens", token.value)
            return len(live)

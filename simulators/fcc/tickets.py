"""Proofs: the hash in each external-api request, the phone's passwords, and the agent's JWT."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import jwt

if TYPE_CHECKING:
    from simulators.fcc.timekeeping import WallClock
    from simulators.fcc.world import User, World

_CHANGE = re.compile(r"[0-9a-zA-Z]{50}")
_METHODS = ("md5", "sha1")


class NotAuthorised(Exception):  # noqa: N818 - a refusal, told to the client in these words
    """A request does not prove who sends it; the text is FCC's message."""


def request_hash(user: str, change: str, api_key: str, method: str) -> str:
    """Hex digest of user + change + key. Source: public FCC external-api clients, authentication fields."""
    return hashlib.new(method, f"{user}{change}{api_key}".encode(), usedforsecurity=False).hexdigest()


def authenticate(world: World, body: dict[str, Any]) -> User:
    """The user who signed an external-api request; raises NotAuthorised."""
    login, change, given, method = (body.get(name) for name in ("login", "change", "hash", "method"))
    if not isinstance(login, str) or "@" not in login:
        raise NotAuthorised("Invalid login")
    name, _, domain = login.rpartition("@")
    if domain != world.domain:
        raise NotAuthorised("Unknown domain")
    if not isinstance(change, str) or not _CHANGE.fullmatch(change):
        raise NotAuthorised("Invalid change")
    if method not in _METHODS:
        raise NotAuthorised("Invalid method")
    user = world.user_by_login(name)
    expected = request_hash(name, change, world.api_key, str(method))
    if user is None:
        raise NotAuthorised("Unknown login")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), expected.encode()):
        raise NotAuthorised("Invalid hash")
    if not user.active:
        raise NotAuthorised("User is inactive")
    return user


@dataclass(frozen=True)
class PhonePassword:
    password: str
    expires_at: datetime


class PhonePasswords:
    """SIP passwords that follow from the tenant's key, the extension and the time, so a restart does not undo them.

    A password belongs to a span of `world.sip_password_seconds` and stays good through the next span.
    """

    def __init__(self, world: World, clock: WallClock) -> None:
        self._world = world
        self._clock = clock

    def issue(self, extension: str) -> PhonePassword:
        span = self._span()
        length = self._world.sip_password_seconds
        remaining = (span + 2) * length - self._clock.now().timestamp()
        return PhonePassword(self._password(extension, span), self._clock.now() + timedelta(seconds=remaining))

    def valid(self, extension: str) -> list[str]:
        span = self._span()
        return [self._password(extension, one) for one in (span, span - 1)]

    def _span(self) -> int:
        return int(self._clock.now().timestamp()) // self._world.sip_password_seconds

    def _password(self, extension: str, span: int) -> str:
        return hmac.new(self._world.api_key.encode(), f"sip:{extension}:{span}".encode(), "sha256").hexdigest()[:32]


def agent_token(world: World, user: User, clock: WallClock) -> str:
    """The JWT of `fcc-create-jwt-token`; its lifetime and claims are assumed."""
    now = int(clock.now().timestamp())
    claims = {"sub": user.login, "domain": world.domain, "iat": now, "exp": now + 3600}
    return jwt.encode(claims, hashlib.sha256(world.api_key.encode()).digest(), algorithm="HS256")

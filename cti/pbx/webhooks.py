"""Taking in what FCC sends by itself.

Source: FCC's help, "Webhooki dla transkrypcji lub podsumowania": the envelope `{eventName, fccInstance, customerId,
version, createdAt, data}` and Basic Auth. The events about calls and users are assumed (see `assumed`).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import threading
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final

import argon2
import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cti.domain.facts import Fact
from cti.domain.text import read_json
from cti.errors import ConnectorError
from cti.pbx import assumed, shape
from cti.pbx.reading import Reader
from cti.pbx.signature import bare_domain
from cti.remembered import Remembered

if TYPE_CHECKING:
    from collections.abc import Callable

    from cti.accounts import Tenant
    from cti.clock import Clock
    from cti.pbx.ports import FactSink
    from cti.store.database import Database

MAX_BODY_BYTES: Final = 64 * 1024
TENANT_SECONDS: Final = 5.0
ENVELOPE_VERSION: Final = 1
CHECKS: Final = 20
CHECKS_SECONDS: Final = 10.0
_REMEMBERED: Final = 1024

_log = structlog.get_logger("cti.pbx")


class WebhookRefusedError(ConnectorError):
    """Wrong user or password, or a tenant that is not here; which of them is not told."""

    code = "webhook-refused"
    http_status = 401
    pl = "Nieprawidłowy użytkownik lub hasło webhooka."
    en = "Wrong webhook user or password."


class WebhookInstanceError(ConnectorError):
    """The event is of another FCC instance than the address it was sent to."""

    code = "webhook-wrong-instance"
    http_status = 403
    pl = "Zdarzenie pochodzi z innej instancji FCC niż ta, dla której jest ten adres."
    en = "The event comes from another FCC instance than the one this address is for."


class WebhookInvalidError(ConnectorError):
    """A body that is no event."""

    code = "webhook-invalid"
    http_status = 400
    pl = "Treść nie jest zdarzeniem FCC."
    en = "The body is not an FCC event."


class WebhookTooLargeError(ConnectorError):
    """A body beyond the limit."""

    code = "webhook-too-large"
    http_status = 413
    pl = "Zdarzenie jest za duże."
    en = "The event is too large."


class _Envelope(BaseModel):
    """What of an event's envelope is used; `version` may be anything, and one that is not known is told.

    `created_at` may lack its offset. `customerId` is not looked at: the instance and the address say whose event it is.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="ignore", frozen=True)

    event_name: str = Field(alias="eventName", min_length=1, max_length=100)
    fcc_instance: str = Field(alias="fccInstance", min_length=1, max_length=255)
    version: Any = ENVELOPE_VERSION
    created_at: datetime = Field(alias="createdAt")
    data: dict[str, Any]


class PasswordCheck:
    """Checks webhook passwords against their argon2 hashes, which takes tens of milliseconds the first time.

    What passed is remembered, under a keyed digest, so 200 events a second cost nothing; what failed too, apart from
    it, so that guessing costs little here and pushes nothing out. Only one check runs at a time. Safe to share between
    threads.
    """

    def __init__(self, hasher: argon2.PasswordHasher | None = None) -> None:
        self._hasher = hasher or argon2.PasswordHasher()
        self._key = secrets.token_bytes(32)
        self._right: OrderedDict[bytes, bool] = OrderedDict()
        self._wrong: OrderedDict[bytes, bool] = OrderedDict()
        self._lock = threading.Lock()

    def hash(self, password: str) -> str:
        """A hash to keep."""
        return self._hasher.hash(password)

    def matches(self, password: str, password_hash: str) -> bool:
        """Whether the password is the one that was hashed."""
        digest = self._digest(password, password_hash)
        known = self._known(digest)
        if known is not None:
            return known
        with self._lock:
            known = self._known(digest)
            if known is not None:
                return known
            try:
                right: bool = self._hasher.verify(password_hash, password)
            except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
                right = False
            kept = self._right if right else self._wrong
            kept[digest] = right
            while len(kept) > _REMEMBERED:
                kept.popitem(last=False)
        return right

    def _known(self, digest: bytes) -> bool | None:
        return True if digest in self._right else self._wrong.get(digest)

    def knows(self, password: str, password_hash: str) -> bool:
        """Whether `matches` would answer at once."""
        return self._known(self._digest(password, password_hash)) is not None

    def _digest(self, password: str, password_hash: str) -> bytes:
        return hmac.new(self._key, f"{password_hash}\0{password}".encode(), hashlib.sha256).digest()


@dataclass(slots=True)
class Heard:
    """When a tenant's webhooks were last heard, by the monotonic clock; None: not since the start."""

    presence: float | None = None
    unknown: int = 0


class WebhookIntake:
    """Turns events into stored facts. Safe to share between threads.

    `count(tenant_id, event)` is told of each accepted event by its name, unknown ones as "unknown"; `unreadable` of
    fields that could not be read.
    """

    def __init__(
        self,
        database: Database,
        sink: FactSink,
        *,
        clock: Clock,
        passwords: PasswordCheck | None = None,
        count: Callable[[str, str], None] | None = None,
        unreadable: Callable[[str, str], None] | None = None,
    ) -> None:
        self._database = database
        self._sink = sink
        self._clock = clock
        self._passwords = passwords or PasswordCheck()
        self._count = count or (lambda _tenant, _event: None)
        self._reader = Reader(unreadable, now=clock.now)
        self._tenants: Remembered[str, tuple[Tenant, bool]] = Remembered(clock, TENANT_SECONDS)
        self._heard: dict[str, Heard] = {}
        self._checks: deque[float] = deque()

    def take(self, tenant_id: str, *, authorization: str | None, body: bytes) -> None:
        """Check and store one event; returns after it is stored for good.

        Raises WebhookRefusedError, WebhookTooLargeError, WebhookInvalidError, WebhookInstanceError, or what storing
        raises; only then is the event not stored, and FCC will send it again. A repeated event changes nothing.
        """
        tenant, enabled = self._tenant(tenant_id)
        self._authorise(tenant, authorization)
        assert tenant is not None
        if len(body) > MAX_BODY_BYTES:
            raise WebhookTooLargeError
        try:
            envelope = _Envelope.model_validate(read_json(body))
        except ValidationError as error:
            where = ", ".join(sorted({".".join(map(str, item["loc"])) for item in error.errors()}))
            _log.warning("webhook-invalid", tenant=tenant_id, where=where[:200])
            raise WebhookInvalidError from None
        except ValueError:
            _log.warning("webhook-invalid", tenant=tenant_id, where="not JSON")
            raise WebhookInvalidError from None
        if bare_domain(envelope.fcc_instance) != bare_domain(tenant.domain):
            raise WebhookInstanceError
        heard = self._heard.setdefault(tenant_id, Heard())
        if not enabled:
            self._count(tenant_id, "switched-off")
            return
        self._sink.store_facts(tenant_id, [self._fact(tenant, envelope, heard)])

    def heard(self, tenant_id: str) -> Heard:
        """When this tenant was last heard."""
        return self._heard.get(tenant_id, Heard())

    def _tenant(self, tenant_id: str) -> tuple[Tenant | None, bool]:
        """The tenant as it was at most 5 s ago, and whether any of its pairings takes webhooks."""
        kept = self._tenants.get(tenant_id)
        if kept is not None:
            return kept
        with self._database.read() as uow:
            tenant = uow.tenants.get(tenant_id)
            pairings = uow.pairings.of_tenant(tenant_id) if tenant is not None else []
            enabled = any(pairing.webhooks_enabled for pairing in pairings)
        if tenant is not None:
            self._tenants.put(tenant_id, (tenant, enabled))
        return tenant, enabled

    def _authorise(self, tenant: Tenant | None, authorization: str | None) -> None:
        user, password = _basic(authorization)
        if tenant is None or user is None:
            raise WebhookRefusedError
        if not hmac.compare_digest(user.encode(), tenant.webhook_user.encode()):
            raise WebhookRefusedError
        if not (self._passwords.knows(password, tenant.webhook_password_hash) or self._may_check()):
            raise WebhookRefusedError
        if not self._passwords.matches(password, tenant.webhook_password_hash):
            raise WebhookRefusedError

    def _may_check(self) -> bool:
        """Whether one more unknown password may be checked now: each check holds up everybody else in the process."""
        now = self._clock.monotonic()
        while self._checks and now - self._checks[0] >= CHECKS_SECONDS:
            self._checks.popleft()
        if len(self._checks) >= CHECKS:
            return False
        self._checks.append(now)
        return True

    def _fact(self, tenant: Tenant, envelope: _Envelope, heard: Heard) -> Fact:
        name, data = envelope.event_name, envelope.data
        kind = assumed.CALL_EVENTS.get(name)
        if envelope.version != ENVELOPE_VERSION:
            self._reader.unreadable("webhook", "version", envelope.version)
        at, kept = self._reader.placed(envelope.created_at, "createdAt", "webhook")
        calls_id = self._reader.integer(data, "calls_id", name) if kind is not None else None
        if kind is not None and calls_id is not None:
            self._count(tenant.id, name)
            content = assumed.call_content(data, self._reader, tenant.default_region, where=name) | kept
            sip_call_id = assumed.sip_call_id(data, self._reader, where=name)
            return Fact("fcc", kind, at, calls_id, sip_call_id, content)
        if name == assumed.STATUS_EVENT:
            fact = self._presence_fact(data, at, kept)
            if fact is not None:
                heard.presence = self._clock.monotonic()
                self._count(tenant.id, name)
                return fact
        self._count(tenant.id, "unknown")
        heard.unknown += 1
        content = {"event_name": shape.name_of(name), "shape": shape.shape_of(data), **kept}
        _log.info("webhook-unknown", tenant=tenant.id, name=content["event_name"])
        return Fact("fcc", "unknown", at, None, None, content)

    def _presence_fact(self, data: dict[str, Any], created_at: datetime, kept: dict[str, Any]) -> Fact | None:
        users_id = self._reader.integer(data, "users_id", assumed.STATUS_EVENT)
        told = data.get("status")
        dated = self._reader.time(data, "date_time", assumed.STATUS_EVENT)
        at = dated or created_at
        presence = assumed.presence(told, self._reader, otherwise=at) if isinstance(told, dict) else None
        if users_id is None or presence is None:
            return None
        content = {"users_id": users_id, "presence": presence.to_json(), **({} if dated else kept)}
        return Fact("fcc", "presence", at, content=content)


def _basic(authorization: str | None) -> tuple[str | None, str]:
    """User and password of an `Authorization: Basic` header. Source: RFC 7617."""
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None, ""
    try:
        user, separator, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None, ""
    return (user, password) if separator else (None, "")

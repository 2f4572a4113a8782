"""Sign-in with a Canvas signed request, and its renewal."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from cti.canvas.errors import (
    CanvasIdentityError,
    CanvasOrgUnknownError,
    CanvasReplayedError,
    IntegrationInactiveError,
    OrgNotPairedError,
    SandboxAddressError,
)
from cti.canvas.verify import DEFAULT_MAX_BYTES, CanvasRequest, open_envelope, verify
from cti.domain.salesforce import without_suffix
from cti.errors import ConnectorError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cti.accounts import IssuedSession, Language, Org, Pairing, PaneSession
    from cti.canvas.ports import AgentDirectory, Identities
    from cti.clock import Clock
    from cti.domain.fcc import FccUser
    from cti.domain.salesforce import Identity
    from cti.sessions.service import Sessions
    from cti.store.database import Database
    from cti.store.unit_of_work import UnitOfWork

SAME_REQUEST_WINDOW = timedelta(seconds=60)
"""For so long a request without a page's own `n` may come again."""
REQUESTS_REMEMBERED = timedelta(days=7)
"""Used requests are forgotten after this; the org token in them is long dead by then."""


def _language_of(tag: str) -> Language:
    """Polish for Polish tags, English for all others."""
    return "pl" if tag.lower().startswith("pl") else "en"


@dataclass(frozen=True)
class Verified:
    """A request whose signature fits, with the org it comes from and the org's pairings."""

    org: Org
    pairings: Sequence[Pairing]
    request: CanvasRequest

    @property
    def language(self) -> Language:
        """The user's language."""
        return _language_of(self.request.language)


@dataclass(frozen=True)
class SignedIn:
    """An agent who was let in."""

    issued: IssuedSession
    agent: FccUser
    org: Org


class CanvasSignIn:
    """Lets agents in; safe to share between threads.

    The order is fixed: the org is looked up by the id that the request claims, the signature is proved with the org's
    secret, the token proves itself at the org, an integration must be active, an FCC user must fit, and only then the
    request counts as used and the session begins.
    """

    def __init__(
        self,
        database: Database,
        identities: Identities,
        directory: AgentDirectory,
        sessions: Sessions,
        clock: Clock,
        *,
        max_bytes: int = DEFAULT_MAX_BYTES,
    ) -> None:
        self._database = database
        self._identities = identities
        self._directory = directory
        self._sessions = sessions
        self._clock = clock
        self._max_bytes = max_bytes

    def open(self, raw: str) -> Verified:
        """Prove the signature of a `signed_request` form field.

        Raises the errors of `cti.canvas.verify`, and CanvasOrgUnknownError.
        """
        envelope = open_envelope(raw, max_bytes=self._max_bytes)
        with self._database.read() as uow:
            org = uow.orgs.get(envelope.claimed_org_id)
            pairings = () if org is None else tuple(uow.pairings.of_org(org.id))
        if org is None:
            raise CanvasOrgUnknownError
        return Verified(org, pairings, verify(envelope, org.canvas_secret))

    def sign_in(self, verified: Verified) -> SignedIn:
        """Let the user of a proved request in.

        Raises CanvasIdentityError, OrgNotPairedError, IntegrationInactiveError, SandboxAddressError,
        CanvasReplayedError, and what `Identities` and the directory of agents raise.
        """
        org, request = verified.org, verified.request
        identity = self._identities.identify(org, request.token)
        _check(identity, request)
        email = identity.email or (without_suffix(request.email) if org.is_sandbox else request.email)
        pairing_id, agent = self._agent(verified, email)
        with self._database.write() as uow:
            self._use(uow, request)
            issued = self._sessions.begin(
                uow,
                org_id=org.id,
                pairing_id=pairing_id,
                sf_user_id=request.user_id,
                fcc_user_id=agent.id,
                language=_language_of(request.language or identity.language),
                name=(identity.name or request.full_name)[:255],
                email=email[:255],
                token=request.token,
            )
            uow.commit()
        return SignedIn(issued, agent, org)

    def renew(self, session: PaneSession, signed_request: str | None) -> IssuedSession:
        """Lengthen a session, with a fresh signed request of the same person where there is one.

        Only an org token that was never seen before starts an age of its own. A request that was not used before
        lengthens the session once, for Salesforce has just signed that the person is there; one that was used, no
        request, or one about which Salesforce does not answer, as far as the org token's age allows. Salesforce is
        asked about the token each time. Raises SessionOverError, the errors of `open`, CanvasIdentityError when the
        request is another person's, OrgNotPairedError, IntegrationInactiveError, and what `Identities` raises where the
        org refused the token. After a failed renewal the session stands for the rest of its time.
        """
        if signed_request is None:
            return self._sessions.extend(session.id)
        verified = self.open(signed_request)
        request = verified.request
        if (verified.org.id, request.user_id) != (session.org_id, session.sf_user_id):
            raise CanvasIdentityError
        with self._database.read() as uow:
            pairing = uow.pairings.get(session.pairing_id)
        if pairing is None:
            raise OrgNotPairedError
        if not pairing.active:
            raise IntegrationInactiveError
        try:
            identity = self._identities.identify(verified.org, request.token, anew=True)
        except ConnectorError as error:
            if error.retryable:
                return self._sessions.extend(session.id)
            if request.token == session.token:
                self._sessions.org_token_refused(session.id)
            raise
        _check(identity, request)
        with self._database.write() as uow:
            uses = _note(uow, request)
            uow.commit()
        return self._sessions.extend(
            session.id, org_token=request.token, seen_at=uses.token, present=uses.content is None
        )

    def org_token_refused(self, session: PaneSession) -> None:
        """The org answered 401 to the session's token: it is not used again and must be renewed within 5 minutes."""
        if session.token is not None:
            with self._database.read() as uow:
                org = uow.orgs.get(session.org_id)
            if org is not None:
                self._identities.forget(org, session.token)
        self._sessions.org_token_refused(session.id, session.token)

    def _agent(self, verified: Verified, email: str) -> tuple[str, FccUser]:
        """The pairing and the FCC user of somebody with that address, of the org's pairings that are active (R13).

        An address that several of their tenants know is at work in the oldest pairing: what was paired later takes
        nobody away from it.
        """
        if not verified.pairings:
            raise OrgNotPairedError
        active = [pairing.id for pairing in verified.pairings if pairing.active]
        inactive = [pairing.id for pairing in verified.pairings if not pairing.active]
        if not active:
            raise IntegrationInactiveError
        try:
            return self._directory.find_among(active, email)
        except ConnectorError as error:
            if error.code != "fcc-user-unknown":
                raise
            if inactive and self._knows(inactive, email):
                raise IntegrationInactiveError from None
            if not verified.org.is_sandbox and without_suffix(email) != email:
                raise SandboxAddressError(email=email) from None
            raise

    def _knows(self, pairing_ids: Sequence[str], email: str) -> bool:
        try:
            self._directory.find_among(pairing_ids, email)
        except ConnectorError:
            return False
        return True

    def _use(self, uow: UnitOfWork, request: CanvasRequest) -> None:
        now = self._clock.now()
        first_at = _note(uow, request).load
        if first_at is not None and (request.n is not None or now - first_at >= SAME_REQUEST_WINDOW):
            raise CanvasReplayedError
        uow.nonces.forget(now - REQUESTS_REMEMBERED)


def _check(identity: Identity, request: CanvasRequest) -> None:
    """Raise CanvasIdentityError unless the token is that of the person and the org that the request names."""
    if (identity.org_id, identity.user_id) != (request.org_id, request.user_id):
        raise CanvasIdentityError


@dataclass(frozen=True)
class _Uses:
    """When each part of a request was first used, None for what is used now for the first time.

    `load` is the page's load, `content` the request itself, `token` the org token in it. A refreshed request may repeat
    its page's `n`, and a request that renewed a session opens no other, so one says nothing of the others.
    """

    load: datetime | None
    content: datetime | None
    token: datetime | None


def _note(uow: UnitOfWork, request: CanvasRequest) -> _Uses:
    def first_use(key: str) -> datetime | None:
        return uow.nonces.first_use(request.org_id, request.user_id, key)

    content = first_use(request.digest)
    load = content if request.n is None else first_use(_hash("n", request.n))
    return _Uses(load, content, first_use(_hash("token", request.token)))


def _hash(kind: str, value: str) -> str:
    return hashlib.sha256(f"{kind}\0{value}".encode("utf-8", "surrogatepass")).hexdigest()

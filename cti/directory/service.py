"""Finding the FCC user of a Salesforce user, and saying what stands between an agent and dialling."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import structlog

from cti.directory.errors import (
    CampaignMissingError,
    CampaignWrongModeError,
    DialIntegrationInactiveError,
    DialNoCityNumberError,
    DialNoPresentationError,
    FccUserAmbiguousError,
    FccUserInactiveError,
    FccUserUnknownError,
    FccUserWrongKindError,
    PairingUnknownError,
)
from cti.domain.capabilities import Capabilities
from cti.domain.fcc import CampaignMode, UserKind
from cti.errors import ConnectorError
from cti.remembered import Remembered

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cti.accounts import Pairing
    from cti.clock import Clock
    from cti.directory.ports import PbxRegistry
    from cti.domain.fcc import Campaign, FccUser
    from cti.store.database import Database

TTL_SECONDS: Final = 60.0
MISS_INTERVAL_SECONDS: Final = 2.0
STALE_SECONDS: Final = 3600.0

_log = structlog.get_logger("cti.directory")
T = TypeVar("T")


class Directory:
    """FCC's users and campaigns, remembered for a minute per tenant.

    A look-up that misses asks FCC again at once (somebody was just added), but not more often than every 2 s. While
    FCC doesn't answer, what is up to an hour old stands in. Safe to share between threads; only one asks at a time.
    """

    def __init__(self, exchanges: PbxRegistry, database: Database, *, clock: Clock, ttl: float = TTL_SECONDS) -> None:
        self._database = database
        self._users: _Lists[FccUser] = _Lists(lambda tenant: exchanges.of(tenant).users(), clock, ttl)
        self._campaigns: _Lists[Campaign] = _Lists(lambda tenant: exchanges.of(tenant).campaigns(), clock, ttl)

    def find_among(self, pairing_ids: Sequence[str], email: str) -> tuple[str, FccUser]:
        """In which of these pairings somebody with that e-mail address works, and as which PBX user.

        The first that knows the address as one active PBX user's. Otherwise raises the most telling of what
        `find_agent` raised: that FCC can't be asked, for the person may be there; then why an account does not do.
        """
        refusals: list[ConnectorError] = []
        for pairing_id in pairing_ids:
            try:
                return pairing_id, self.find_agent(pairing_id, email)
            except ConnectorError as error:
                refusals.append(error)
        raise min(refusals, key=_says_little)

    def find_agent(self, pairing_id: str, email: str) -> FccUser:
        """The PBX user with that e-mail address, compared without regard to case.

        Raises FccUserUnknownError, FccUserWrongKindError, FccUserInactiveError, FccUserAmbiguousError,
        PairingUnknownError, or what the exchange raises when it can't be asked.
        """
        tenant_id = self._pairing(pairing_id).tenant_id
        wanted = email.strip().casefold()
        found = [user for user in self._users.get(tenant_id) if wanted and user.email.casefold() == wanted]
        if not any(user.kind is UserKind.PBX and user.active for user in found):
            found = [user for user in self._users.again(tenant_id) if wanted and user.email.casefold() == wanted]
        return _the_one(found, email)

    def user_of_tenant(self, tenant_id: str, users_id: int) -> FccUser:
        """One FCC user by id; raises FccUserUnknownError."""
        for users in (self._users.get, self._users.again):
            for user in users(tenant_id):
                if user.id == users_id:
                    return user
        raise FccUserUnknownError(email=f"#{users_id}")

    def users(self, tenant_id: str) -> Sequence[FccUser]:
        """All users of the tenant, at most a minute old."""
        return self._users.get(tenant_id)

    def campaigns(self, tenant_id: str) -> Sequence[Campaign]:
        """All campaigns of the tenant, at most a minute old."""
        return self._campaigns.get(tenant_id)

    def campaign(self, tenant_id: str, campaign_id: int | None) -> Campaign | None:
        """One campaign by id, or None."""
        if campaign_id is None:
            return None
        return next((each for each in self._campaigns.get(tenant_id) if each.id == campaign_id), None)

    def known_campaign(self, tenant_id: str, campaign_id: int | None) -> Campaign | None:
        """One campaign by what is remembered already; asks nobody, so it may be called inside a transaction."""
        return next((each for each in self._campaigns.remembered(tenant_id) if each.id == campaign_id), None)

    @staticmethod
    def problems(user: FccUser) -> tuple[ConnectorError, ...]:
        """What the user lacks for dialling (R6)."""
        missing: list[ConnectorError] = []
        if not user.city_number:
            missing.append(DialNoCityNumberError())
        if not user.presentation:
            missing.append(DialNoPresentationError())
        return tuple(missing)

    def campaign_problems(self, tenant_id: str, campaign_id: int | None) -> tuple[ConnectorError, ...]:
        """Why a campaign can't be chosen (R7); none chosen is no problem here."""
        if campaign_id is None:
            return ()
        campaign = self.campaign(tenant_id, campaign_id)
        if campaign is None:
            return (CampaignMissingError(),)
        if campaign.mode is not CampaignMode.MANUAL_PHONE:
            return (CampaignWrongModeError(campaign=campaign.name),)
        return ()

    def capabilities(self, pairing_id: str, users_id: int) -> Capabilities:
        """What stands between this agent and dialling: the integration, the campaign, the agent's own numbers."""
        pairing = self._pairing(pairing_id)
        missing: list[ConnectorError] = [] if pairing.active else [DialIntegrationInactiveError()]
        try:
            missing.extend(self.problems(self.user_of_tenant(pairing.tenant_id, users_id)))
            missing.extend(self.campaign_problems(pairing.tenant_id, pairing.off_campaign_id))
        except ConnectorError as error:
            missing.append(error)
        return Capabilities(tuple(missing))

    def _pairing(self, pairing_id: str) -> Pairing:
        with self._database.read() as uow:
            pairing = uow.pairings.get(pairing_id)
        if pairing is None:
            raise PairingUnknownError
        return pairing


def _the_one(found: Sequence[FccUser], email: str) -> FccUser:
    """The only active PBX user among those with the address, or the reason why there is none."""
    pbx = [user for user in found if user.kind is UserKind.PBX]
    active = [user for user in pbx if user.active]
    if len(active) == 1:
        return active[0]
    if len(active) > 1:
        raise FccUserAmbiguousError(email=email)
    if pbx:
        raise FccUserInactiveError(email=email)
    if found:
        raise FccUserWrongKindError(email=email, kind=found[0].kind)
    raise FccUserUnknownError(email=email)


def _says_little(refusal: ConnectorError) -> int:
    """How little a refusal of one pairing says of a person who may be known to another."""
    if isinstance(refusal, FccUserUnknownError | PairingUnknownError):
        return 2
    return 1 if isinstance(refusal, FccUserAmbiguousError | FccUserInactiveError | FccUserWrongKindError) else 0


class _Lists(Generic[T]):
    """A list per tenant; while FCC does not answer, what is up to an hour old stands in."""

    def __init__(self, ask: Callable[[str], Sequence[T]], clock: Clock, ttl: float) -> None:
        self._ask = ask
        self._kept: Remembered[str, tuple[T, ...]] = Remembered(clock, ttl)

    def get(self, tenant_id: str, *, within: float | None = None) -> Sequence[T]:
        try:
            return self._kept.load(tenant_id, lambda: tuple(self._ask(tenant_id)), within=within)
        except ConnectorError as error:
            stale = self._kept.get(tenant_id, within=STALE_SECONDS)
            if stale is None or not error.retryable:
                raise
            _log.warning("directory-stale", tenant=tenant_id, code=error.code)
            return stale

    def again(self, tenant_id: str) -> Sequence[T]:
        return self.get(tenant_id, within=MISS_INTERVAL_SECONDS)

    def remembered(self, tenant_id: str) -> Sequence[T]:
        return self._kept.get(tenant_id, within=math.inf) or ()

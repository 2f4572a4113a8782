"""Asking an org as one of its agents: with the token of the agent's own session, else as the integration user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import structlog

from cti.errors import ConnectorError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cti.accounts import AgentRef, Pairing, PaneSession, Tenant
    from cti.matching.ports import Org, Orgs
    from cti.store.database import Database

_UNAUTHORIZED: Final = 401

_log = structlog.get_logger("cti.matching")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an agent works: the pairing, its tenant, and the agent's own sessions that are not over, newest first."""

    pairing: Pairing
    tenant: Tenant
    sessions: tuple[PaneSession, ...]


class AsAgent:
    """Puts questions to an agent's org in the agent's name. Safe to share between threads.

    `token_refused` is told of the session whose token the org no longer accepts (401).
    """

    def __init__(
        self,
        database: Database,
        orgs: Orgs,
        *,
        token_refused: Callable[[PaneSession], None] = lambda _session: None,
    ) -> None:
        self._database = database
        self._orgs = orgs
        self._token_refused = token_refused

    def place_of(self, agent: AgentRef) -> Place | None:
        """Where the agent works; None when there is no such pairing."""
        with self._database.read() as uow:
            pairing = uow.pairings.get(agent.pairing_id)
            tenant = None if pairing is None else uow.tenants.get(pairing.tenant_id)
            if pairing is None or tenant is None:
                return None
            sessions = uow.sessions.live_of(agent.pairing_id, agent.fcc_user_id)
        return Place(pairing, tenant, tuple(each for each in sessions if each.sf_user_id == agent.sf_user_id))

    def ask(self, place: Place, question: Callable[[Org, str | None], T], *, about: str) -> T:
        """What `question` finds with the agent's token, else what it finds as the integration user (token None).

        The question is put again where the org refuses the agent's token, and must then itself leave out what the agent
        may not read. `about` names it in the log. Raises what the question raises: ConnectorError.
        """
        org = self._orgs.org(place.pairing.org_id)
        own = next((session for session in place.sessions if session.token), None)
        if own is not None:
            try:
                return question(org, own.token)
            except ConnectorError as error:
                if error.retryable:
                    raise
                # The agent's token is over, or may not use the API: the integration user asks instead.
                _log.info(f"{about}-without-agent", code=error.code)
                if error.http_status == _UNAUTHORIZED:
                    self._refused(own)
        return question(org, None)

    def _refused(self, session: PaneSession) -> None:
        try:
            self._token_refused(session)
        except Exception:  # noqa: BLE001 - the question is put whether or not that could be noted
            _log.exception("refused-token-not-noted")

"""Who is calling: what to ask Salesforce, as whom, and for how long."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import structlog

from cti.domain.match import MatchResult, case_code
from cti.domain.org_fields import CASE_BY_NUMBER, PERSON_PHONES
from cti.domain.phone_number import parse, spellings
from cti.errors import ConnectorError
from cti.matching.candidates import candidates, case_candidate, wanted_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cti.accounts import PaneSession
    from cti.clock import Clock
    from cti.domain.record import Record
    from cti.matching.ports import Agent, Database, Org, Orgs

BUDGET_S: Final = 2.0
"""A caller's name is worth this much waiting; the telephone rings meanwhile."""
REMEMBER_S: Final = 30.0
REMEMBER_MAX: Final = 10_000
LIMIT: Final = 25
_LEAST_S: Final = 0.1
_CASE_DIGITS: Final = 8
_READABLE_MAX: Final = 200
_UNAUTHORIZED: Final = 401

_log = structlog.get_logger("cti.matching")
_NOBODY: Final = MatchResult()
_UNFINISHED: Final = MatchResult(complete=False)


@dataclass(frozen=True)
class _Asking:
    """For whom is asked, and by which settings."""

    org_id: str
    sf_user_id: str
    sessions: tuple[PaneSession, ...]
    region: str
    language: str
    person_accounts: bool
    case_by_ivr_code: bool


class _OutOfTimeError(Exception):
    """The budget is used up."""


class Matching:
    """Finds the records of a caller that an agent may see. Safe to share between threads; never raises.

    Asked as the agent, with the token of the agent's own session; without a usable one as the integration user, keeping
    what the agent may read. Finished answers are remembered for 30 seconds per agent and number. `token_refused` is
    told of the session whose token the org no longer accepts (401).
    """

    def __init__(
        self,
        database: Database,
        orgs: Orgs,
        clock: Clock,
        *,
        budget: float = BUDGET_S,
        token_refused: Callable[[PaneSession], None] = lambda _session: None,
    ) -> None:
        self._database = database
        self._orgs = orgs
        self._clock = clock
        self._budget = budget
        self._token_refused = token_refused
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, str, str, str | None], tuple[MatchResult, float]] = OrderedDict()

    def find(self, agent: Agent, number: str, *, ivr: str | None) -> MatchResult:
        """The records with that number which the agent may see.

        `number` is E.164, or whatever the exchange said: withheld, internal and short numbers find nobody. `ivr` is the
        code that the caller keyed. An unfinished search (`complete` False) found nobody for sure.
        """
        asking = self._asking(agent)
        if asking is None:
            return _NOBODY
        parsed = parse(number, asking.region)
        e164 = parsed.e164 if parsed.searchable else None
        code = case_code(ivr) if asking.case_by_ivr_code else None
        if e164 is None and code is None:
            return _NOBODY
        key = (asking.org_id, asking.sf_user_id, e164 or "", code)
        known = self._remembered(key)
        if known is not None:
            return known
        try:
            result = self._search(asking, e164, code)
        except (ConnectorError, _OutOfTimeError) as error:
            _log.warning(
                "caller-search-unfinished", code=error.code if isinstance(error, ConnectorError) else "out-of-time"
            )
            return _UNFINISHED
        self._remember(key, result)
        return result

    # -- asking ---------------------------------------------------------------------------------------------------

    def _asking(self, agent: Agent) -> _Asking | None:
        with self._database.read() as uow:
            pairing = uow.pairings.get(agent.pairing_id)
            tenant = None if pairing is None else uow.tenants.get(pairing.tenant_id)
            if pairing is None or tenant is None or not pairing.active:
                return None
            sessions = uow.sessions.live_of(agent.pairing_id, agent.fcc_user_id)
        own = [session for session in sessions if session.sf_user_id == agent.sf_user_id]
        return _Asking(
            org_id=pairing.org_id,
            sf_user_id=agent.sf_user_id,
            sessions=tuple(session for session in own if session.token)[:1],
            region=tenant.default_region,
            language=own[0].language if own else "pl",
            person_accounts=pairing.person_accounts,
            case_by_ivr_code=pairing.case_by_ivr_code,
        )

    def _search(self, asking: _Asking, e164: str | None, code: str | None) -> MatchResult:
        deadline = self._clock.monotonic() + self._budget
        org = self._orgs.org(asking.org_id)
        for session in asking.sessions:
            try:
                return MatchResult(self._as(org, asking, e164, code, session.token, deadline)[:LIMIT])
            except ConnectorError as error:
                if error.retryable:
                    raise
                # The agent's token is over, or may not use the API: the integration user asks instead.
                _log.info("caller-search-without-agent", code=error.code)
                if error.http_status == _UNAUTHORIZED:
                    self._refused(session)
        found = self._as(org, asking, e164, code, None, deadline)
        if not found:
            return _NOBODY
        ids = [record.record_id for record in found][:_READABLE_MAX]
        may_read = org.readable(asking.sf_user_id, ids, budget=self._left(deadline))
        return MatchResult(tuple(record for record in found if record.record_id in may_read)[:LIMIT])

    def _refused(self, session: PaneSession) -> None:
        try:
            self._token_refused(session)
        except Exception:  # noqa: BLE001 - the caller is searched for whether or not that could be noted
            _log.exception("refused-token-not-noted")

    def _as(
        self, org: Org, asking: _Asking, e164: str | None, code: str | None, token: str | None, deadline: float
    ) -> tuple[Record, ...]:
        if code is not None:
            numbers = sorted({code, code.zfill(_CASE_DIGITS)})
            rows = org.find("Case", CASE_BY_NUMBER, "CaseNumber", numbers, token=token, budget=self._left(deadline))
            if rows:
                return tuple(case_candidate(row, asking.language) for row in rows)
        if e164 is None:
            return ()
        found = self._by_number(org, asking, e164, token, deadline)
        return candidates(found, e164, region=asking.region, language=asking.language)

    def _by_number(
        self, org: Org, asking: _Asking, e164: str, token: str | None, deadline: float
    ) -> Sequence[Mapping[str, Any]]:
        terms = spellings(e164, asking.region)
        persons = asking.person_accounts and "IsPersonAccount" in org.fields_of("Account")
        wanted = wanted_fields(person_accounts=persons)
        if token is None and persons:
            # The integration user may see only some of the person's telephones.
            seen = org.fields_of("Account")
            wanted["Account"] = tuple(name for name in wanted["Account"] if name not in PERSON_PHONES or name in seen)
        return org.search_phones(terms, wanted, token=token, budget=self._left(deadline))

    def _left(self, deadline: float) -> float:
        left = deadline - self._clock.monotonic()
        if left < _LEAST_S:
            raise _OutOfTimeError
        return left

    # -- remembering ----------------------------------------------------------------------------------------------

    def _remembered(self, key: tuple[str, str, str, str | None]) -> MatchResult | None:
        with self._lock:
            kept = self._known.get(key)
            return kept[0] if kept is not None and self._clock.monotonic() < kept[1] else None

    def _remember(self, key: tuple[str, str, str, str | None], result: MatchResult) -> None:
        with self._lock:
            self._known[key] = (result, self._clock.monotonic() + REMEMBER_S)
            self._known.move_to_end(key)
            while len(self._known) > REMEMBER_MAX:
                self._known.popitem(last=False)

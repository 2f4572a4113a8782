"""Who is calling: what to ask Salesforce, as whom, and for how long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import structlog

from cti.domain.match import MatchResult, case_code
from cti.domain.org_fields import CASE_BY_NUMBER, PERSON_PHONES
from cti.domain.phone_number import parse, spellings
from cti.errors import ConnectorError
from cti.matching.candidates import candidates, case_candidate, wanted_fields
from cti.remembered import Remembered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cti.accounts import AgentRef
    from cti.clock import Clock
    from cti.domain.record import Record
    from cti.matching.as_agent import AsAgent, Place
    from cti.matching.ports import Org

BUDGET_S: Final = 2.0
"""A caller's name is worth this much waiting; the telephone rings meanwhile."""
REMEMBER_S: Final = 30.0
REMEMBER_MAX: Final = 10_000
LIMIT: Final = 25
_LEAST_S: Final = 0.1
_CASE_DIGITS: Final = 8
_READABLE_MAX: Final = 200

_log = structlog.get_logger("cti.matching")
_NOBODY: Final = MatchResult()
_UNFINISHED: Final = MatchResult(complete=False)


class _OutOfTimeError(Exception):
    """The budget is used up."""


class Matching:
    """Finds the records of a caller that an agent may see. Safe to share between threads; never raises.

    Asked as the agent, with the token of the agent's own session; without a usable one as the integration user, keeping
    what the agent may read. Finished answers are remembered for 30 seconds per agent and number.
    """

    def __init__(self, as_agent: AsAgent, clock: Clock, *, budget: float = BUDGET_S) -> None:
        self._as_agent = as_agent
        self._clock = clock
        self._budget = budget
        self._known: Remembered[tuple[str, str, str, str | None], MatchResult] = Remembered(
            clock, REMEMBER_S, most=REMEMBER_MAX
        )

    def find(self, agent: AgentRef, number: str, *, ivr: str | None) -> MatchResult:
        """The records with that number which the agent may see.

        `number` is E.164, or whatever the exchange said: withheld, internal and short numbers find nobody. `ivr` is the
        code that the caller keyed. An unfinished search (`complete` False) found nobody for sure.
        """
        place = self._as_agent.place_of(agent)
        if place is None or not place.pairing.active:
            return _NOBODY
        parsed = parse(number, place.tenant.default_region)
        e164 = parsed.e164 if parsed.searchable else None
        code = case_code(ivr) if place.pairing.case_by_ivr_code else None
        if e164 is None and code is None:
            return _NOBODY
        key = (place.pairing.org_id, agent.sf_user_id, e164 or "", code)
        known = self._known.get(key)
        if known is not None:
            return known
        until = self._clock.monotonic() + self._budget
        search = _Search(place, agent.sf_user_id, e164, code, clock=self._clock, until=until)
        try:
            result = self._as_agent.ask(place, search.put, about="caller-search")
        except (ConnectorError, _OutOfTimeError) as error:
            _log.warning(
                "caller-search-unfinished", code=error.code if isinstance(error, ConnectorError) else "out-of-time"
            )
            return _UNFINISHED
        self._known.put(key, result)
        return result


class _Search:
    """One search for a number, a case's code or both, until a moment of the monotonic clock."""

    def __init__(
        self, place: Place, sf_user_id: str, e164: str | None, code: str | None, *, clock: Clock, until: float
    ) -> None:
        self._region = place.tenant.default_region
        self._language = place.sessions[0].language if place.sessions else "pl"
        self._person_accounts = place.pairing.person_accounts
        self._sf_user_id = sf_user_id
        self._e164 = e164
        self._code = code
        self._clock = clock
        self._until = until

    def put(self, org: Org, token: str | None) -> MatchResult:
        """Ask with a person's token; or as the integration user, keeping what the agent may read."""
        found = self._found(org, token)
        if token is None and found:
            ids = [record.record_id for record in found][:_READABLE_MAX]
            may_read = org.readable(self._sf_user_id, ids, budget=self._left())
            found = tuple(record for record in found if record.record_id in may_read)
        return MatchResult(found[:LIMIT])

    def _found(self, org: Org, token: str | None) -> tuple[Record, ...]:
        if self._code is not None:
            numbers = sorted({self._code, self._code.zfill(_CASE_DIGITS)})
            rows = org.find("Case", CASE_BY_NUMBER, "CaseNumber", numbers, token=token, budget=self._left())
            if rows:
                return tuple(case_candidate(row, self._language) for row in rows)
        if self._e164 is None:
            return ()
        found = self._by_number(org, self._e164, token)
        return candidates(found, self._e164, region=self._region, language=self._language)

    def _by_number(self, org: Org, e164: str, token: str | None) -> Sequence[Mapping[str, Any]]:
        terms = spellings(e164, self._region)
        persons = self._person_accounts and "IsPersonAccount" in org.fields_of("Account")
        wanted = wanted_fields(person_accounts=persons)
        if token is None and persons:
            # The integration user may see only some of the person's telephones.
            seen = org.fields_of("Account")
            wanted["Account"] = tuple(name for name in wanted["Account"] if name not in PERSON_PHONES or name in seen)
        return org.search_phones(terms, wanted, token=token, budget=self._left())

    def _left(self) -> float:
        left = self._until - self._clock.monotonic()
        if left < _LEAST_S:
            raise _OutOfTimeError
        return left

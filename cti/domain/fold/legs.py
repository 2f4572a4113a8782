"""Each agent's leg of a segment, by the PBX's reports and by the agent's own pane."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from cti.domain.call import Leg, State
from cti.domain.facts import Source
from cti.domain.fold.believed import user_of
from cti.domain.record import records_from

if TYPE_CHECKING:
    from collections.abc import Callable

    from cti.domain.facts import Fact
    from cti.domain.fold.believed import Believed
    from cti.domain.fold.relations import Relations

STEP: Final = {State.RINGING: 0, State.TALKING: 1, State.HELD: 1, State.ENDED: 2}
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


def legs_of(believed: Believed, relations: Relations, facts: list[Fact], own: list[Fact]) -> tuple[Leg, ...]:
    """The legs of one segment, in the order their agents are told of.

    `facts` are the PBX's of that segment, `own` the pane's and the agent's.
    """
    users: list[int] = []
    for fact in (*facts, *own):
        user = user_of(fact)
        if user is not None and user not in users and (fact.source != Source.AGENT):
            users.append(user)
    return tuple(
        _leg(believed, relations, user, [f for f in facts if user_of(f) == user], _newest_dialog(own, user))
        for user in users
    )


def _leg(believed: Believed, relations: Relations, user: int, facts: list[Fact], dialog: tuple[int, list[Fact]]) -> Leg:
    dialogs, pane = dialog
    # FCC's events first, then the list's rows: they fill in what an event that was lost would have said.
    told = [fact for fact in facts if fact.source == Source.FCC]
    leg = _Steps(believed.moment)
    rings = sum(1 for fact in told if fact.kind == "ringing")
    for fact in (*told, *(fact for fact in facts if fact.source == Source.LIST)):
        leg.step(fact)
    if believed.ended is not None:
        over = believed.end_of(believed.ended)
        leg.end(over, None)
        leg.ended_at = min(leg.ended_at or over, over)
    stale = rings > dialogs > 0 and leg.state is not State.ENDED
    mine = _Steps(believed.moment)
    for fact in () if stale else pane:
        mine.step(fact)
    state = leg.state
    if mine.seen and not stale and state is not State.ENDED:
        if STEP[mine.state] > STEP[state] or not leg.seen:
            state = mine.state
        elif STEP[mine.state] == STEP[state] == STEP[State.HELD]:
            state = max((leg, mine), key=lambda steps: steps.changed_at or _NEVER).state
    talked_before = leg.talked_before if believed.ended is not None else None
    match = relations.search_of(user)
    return Leg(
        users_id=user,
        state=state,
        rang_at=leg.rang_at or mine.rang_at,
        rang_again_at=leg.rang_again_at,
        answered_at=leg.answered_at or talked_before or mine.answered_at,
        ended_at=(leg.ended_at or mine.ended_at) if state is State.ENDED else None,
        cause=leg.cause or mine.cause,
        on_pane=bool(pane),
        sip_call_id=next((fact.sip_call_id for fact in reversed(pane) if fact.sip_call_id), None),
        popped=any(fact.kind == "popped" for fact in pane),
        candidates=records_from(match.content.get("candidates")) if match else (),
        matched=match is not None,
        match_complete=match is None or match.content.get("complete") is not False,
        matched_number=match.content.get("number") if match else None,
        matched_ivr=match.content.get("ivr") if match else None,
    )


class _Steps:
    """A leg's way through its states, as one source tells it in order.

    `moment(fact, key)` reads a time of the list's; `talked_before` is when the agent answered an earlier ring.
    """

    def __init__(self, moment: Callable[[Fact, str], datetime | None]) -> None:
        self._moment = moment
        self.talked_before: datetime | None = None
        self.seen = False
        self.state = State.RINGING
        self.rang_at: datetime | None = None
        self.rang_again_at: datetime | None = None
        self.answered_at: datetime | None = None
        self.ended_at: datetime | None = None
        self.changed_at: datetime | None = None
        self.cause: str | None = None

    def step(self, fact: Fact) -> None:
        at = fact.at.astimezone(UTC)
        match fact.kind:
            case "dialled" | "created":
                self.seen = True
            case "ringing":
                self._again(at)
            case "answered":
                self.answered_at = self.answered_at or at
                self._to(State.TALKING, at)
            case "held":
                self._to(State.HELD, at)
            case "resumed":
                self._to(State.TALKING, at)
            case "leg-ended" | "ended":
                cause = fact.content.get("cause")
                self.end(at, None if cause is None else str(cause))
            case "row":
                self._row(fact, at)

    def end(self, at: datetime, cause: str | None) -> None:
        self.seen = True
        self.state, self.ended_at, self.cause = State.ENDED, self.ended_at or at, self.cause or cause

    def _to(self, state: State, at: datetime) -> None:
        self.seen = True
        if self.state is not State.ENDED:
            self.state, self.changed_at = state, at

    def _again(self, at: datetime) -> None:
        self.seen = True
        if self.state is State.ENDED:
            self.talked_before = self.talked_before or self.answered_at
            self.state, self.ended_at, self.answered_at, self.cause = State.RINGING, None, None, None
        if self.rang_at is None:
            self.rang_at = at
        else:
            self.rang_again_at = at

    def _row(self, fact: Fact, at: datetime) -> None:
        self.seen = True
        self.answered_at = self.answered_at or self._moment(fact, "answered_at")
        if fact.content.get("status"):
            cause = fact.content.get("cause")
            self.end(self._moment(fact, "ended_at") or at, None if cause is None else str(cause))
        elif self.answered_at is not None and self.state is State.RINGING:
            self._to(State.TALKING, self.answered_at)


def _newest_dialog(own: list[Fact], user: int) -> tuple[int, list[Fact]]:
    """How many SIP dialogs that agent's panes had here, and the facts of the newest."""
    groups: dict[str | None, list[Fact]] = {}
    for fact in own:
        if fact.source == Source.PANE and user_of(fact) == user:
            groups.setdefault(fact.sip_call_id, []).append(fact)
    if not groups:
        return 0, []
    named = [key for key in groups if key is not None]
    newest = groups[named[-1]] if named else []
    return max(1, len(named)), newest + groups.get(None, [])

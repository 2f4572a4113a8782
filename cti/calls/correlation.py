"""Which of FCC's calls is the call a pane sees: decided by what both sides say, or not yet, never guessed.

First that fits: (a) the SIP Call-ID that both name, where the tenant's setting says that FCC names it; (b) the dial
command's id, where FCC gives it back; (c) same user, direction and number, a ring, answer or start within 5 s, and
exactly one candidate on either side. Pure.

Where to look for candidates is decided here too, by what these rules need and never by how much is stored. Both sides
may report late: FCC's word of a call comes with the call list, hours later after an outage of either side, and a pane
tells what its phone did once its connector is back. So neither is looked for in the minutes before now but round the
call's own times: the pane calls that were seen from shortly before the call until `LATE` after it, and the calls that
were up when the pane call was. What is named by an id is found by that id, whenever it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from cti.domain.call import Call
    from cti.domain.pane_call import PaneCall

WINDOW: Final = timedelta(seconds=5)
RINGING: Final = timedelta(minutes=5)
"""So long a pane call may have been seen before the moment that both sides tell of: it rang until it was answered."""
LATE: Final = timedelta(hours=4)
"""So much later than it happened a pane may tell of a call."""
LONGEST: Final = timedelta(hours=12)
"""So long before an agent's start the whole call may have begun, waiting in queues and at colleagues included."""


@dataclass(frozen=True, slots=True)
class CallStart:
    """When a call began to ring at a user, or was answered by them.

    `claimed`: how far off the nearest pane call is that this call already has; None where none is within the window.
    """

    users_id: int
    at: datetime
    claimed: timedelta | None = None


@dataclass(frozen=True, slots=True)
class PbxCall:
    """What FCC says about one call, as far as it helps to tell it from others."""

    calls_id: int
    direction: str
    number: str
    starts: tuple[CallStart, ...]
    sip_call_ids: frozenset[str] = frozenset()
    dial_id: str | None = None


def pbx_call(call: Call, settled: Iterable[PaneCall], sip_call_ids: Iterable[str] = ()) -> PbxCall | None:
    """The view of `call` that correlation needs; None where FCC's id or direction is not known.

    `settled` are the pane calls this call already has; `sip_call_ids` those that FCC itself named.
    """
    if call.calls_id is None or call.direction is None:
        return None
    taken = list(settled)
    found: list[CallStart] = []
    for segment in call.segments:
        for leg in segment.legs:
            times = [leg.rang_at, leg.rang_again_at, leg.answered_at]
            if call.direction.value == "outbound" or leg.rang_at is None:
                times.append(segment.started_at if segment.index else call.started_at)
            own = [pane_call for pane_call in taken if pane_call.users_id == leg.users_id]
            for at in times:
                if at is not None:
                    claims = [off for pane_call in own if (off := _off(pane_call, at)) is not None]
                    found.append(CallStart(leg.users_id, at, min(claims, default=None)))
    return PbxCall(
        calls_id=call.calls_id,
        direction=call.direction.value,
        number=call.number,
        starts=tuple(found),
        sip_call_ids=frozenset(sip_call_ids),
        dial_id=call.dial_id,
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Where the two sides of a call can meet: at one agent, by direction and number, between two moments."""

    users_id: int
    direction: str
    number: str
    since: datetime
    until: datetime

    @property
    def seen(self) -> tuple[datetime, datetime]:
        """Between which moments the connector first heard of a pane call that belongs here."""
        return _moved(self.since, -RINGING), _moved(self.until, LATE)

    @property
    def started(self) -> tuple[datetime, datetime]:
        """Between which moments a call began that belongs here."""
        return _moved(self.since, -LONGEST), _moved(self.until, LATE)


def places_of_call(call: PbxCall) -> list[Place]:
    """Where pane calls may be that are this call: at each agent with a start in it, over `LONGEST` at most."""
    starts: dict[int, list[datetime]] = {}
    for start in call.starts:
        starts.setdefault(start.users_id, []).append(start.at)
    return [
        Place(user, call.direction, call.number, max(min(times), _moved(max(times), -LONGEST)), max(times))
        for user, times in starts.items()
    ]


def place_of_pane_call(pane_call: PaneCall) -> Place:
    """Where calls may be that are this pane call.

    A browser's clock may be wrong: it is believed by `LATE` and no more.
    """
    times = [moment for moment in (pane_call.at, pane_call.seen_at, pane_call.answered_at) if moment is not None]
    since = max(min(times), _moved(pane_call.seen_at, -LATE))
    until = min(max(times), _moved(pane_call.seen_at, LATE))
    return Place(pane_call.users_id, pane_call.direction, pane_call.number, since, until)


def meeting_places(places: Iterable[Place]) -> list[Place]:
    """The same places, those that touch made one."""
    merged: dict[tuple[int, str, str], list[Place]] = {}
    for place in sorted(places, key=lambda each: each.since):
        kept = merged.setdefault((place.users_id, place.direction, place.number), [])
        if kept and place.since <= _moved(kept[-1].until, LATE):
            kept[-1] = replace(kept[-1], until=max(kept[-1].until, place.until))
        else:
            kept.append(place)
    return [place for kept in merged.values() for place in kept]


def _moved(moment: datetime, by: timedelta) -> datetime:
    """The moment so much later; where the calendar ends there, the moment itself."""
    try:
        return moment + by
    except OverflowError:
        return moment


def _off(pane_call: PaneCall, at: datetime) -> timedelta | None:
    """How far that moment is from the nearest of the pane call's own; None outside of the window."""
    own = (pane_call.at, pane_call.seen_at, pane_call.answered_at)
    nearest = min(abs(moment - at) for moment in own if moment is not None)
    return nearest if nearest <= WINDOW else None


def correlate(pane_calls: Sequence[PaneCall], calls: Sequence[PbxCall], *, by_call_id: bool) -> dict[str, int]:
    """PaneCall's id → FCC's `calls_id`, for the pane calls that are decided; the others wait for more facts.

    Order of the arguments doesn't matter. `by_call_id`: FCC names the SIP Call-ID (a setting of the tenant). A pane
    call whose Call-ID or dial id is named by a call goes to no other; one that is named is no candidate of (c).
    """
    decided: dict[str, int] = {}
    for pane_call in pane_calls:
        named = _named(pane_call, calls, by_call_id=by_call_id)
        if named is not None:
            decided[pane_call.id] = named
    # A dial command without any dialog yet competes only for calls that no dialog fits.
    for group in (
        [pane_call for pane_call in pane_calls if pane_call.sip_call_id is not None],
        [pane_call for pane_call in pane_calls if pane_call.sip_call_id is None],
    ):
        taken = set(decided.values())
        pairs = [
            (pane_call.id, call.calls_id)
            for pane_call in group
            if pane_call.id not in decided
            for call in calls
            if call.calls_id not in taken and _fits(pane_call, call)
        ]
        for pair in pairs:
            if sum(1 for other in pairs if other[0] == pair[0] or other[1] == pair[1]) == 1:
                decided[pair[0]] = pair[1]
    return decided


def _named(pane_call: PaneCall, calls: Sequence[PbxCall], *, by_call_id: bool) -> int | None:
    if by_call_id and pane_call.sip_call_id is not None:
        found = {call.calls_id for call in calls if pane_call.sip_call_id in call.sip_call_ids}
        if len(found) == 1:
            return found.pop()
    if pane_call.dial_id is not None:
        found = {call.calls_id for call in calls if call.dial_id == pane_call.dial_id}
        if len(found) == 1:
            return found.pop()
    return None


def _fits(pane_call: PaneCall, call: PbxCall) -> bool:
    if pane_call.direction != call.direction or pane_call.number != call.number:
        return False
    return any(start.users_id == pane_call.users_id and _is_of(start, pane_call) for start in call.starts)


def _is_of(start: CallStart, pane_call: PaneCall) -> bool:
    """Whether the start is the pane call's: near it, and nearer than to any pane call that the call already has.

    Nearer, for a report may come late: what a pane tells after its connector was away was seen near later rings.
    """
    off = _off(pane_call, start.at)
    return off is not None and (start.claimed is None or off < start.claimed)

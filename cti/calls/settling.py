"""Settling which of FCC's calls a pane call is: looked up in the store, decided by `cti.calls.correlation`, kept.

Inside the transaction; nothing here does I/O but SQL.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cti.calls.correlation import PbxCall, correlate, meeting_places, pbx_call, place_of_pane_call, places_of_call

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cti.calls.work import Work
    from cti.domain.call import Call, StoredCall
    from cti.domain.pane_call import PaneCall
    from cti.store.unit_of_work import UnitOfWork


def settle(uow: UnitOfWork, work: Work) -> None:
    """Decide which pane calls are which calls, of those that the new facts can decide anything about.

    What is looked at lies round the calls and pane calls that these facts touch: it does not grow with what was never
    decided, nor with the age of the database.
    """
    folded = work.folded = {key: work.fold(uow, key) for key in work.before}
    by_call_id = work.tenant.correlation == "call-id"
    pane_calls = _open_pane_calls(uow, work, by_call_id=by_call_id)
    if not pane_calls:
        return
    calls: dict[int, tuple[str, PbxCall]] = {}
    for key, call in folded.items():
        _candidate(uow, calls, key, call, work.named[key])
    for stored in _around(uow, work.tenant.id, pane_calls, by_call_id=by_call_id):
        if stored.key not in folded:
            named = uow.facts.sip_call_ids(stored.key) if by_call_id else ()
            _candidate(uow, calls, stored.key, stored.call, named)
    decided = correlate(pane_calls, [call for _, call in calls.values()], by_call_id=by_call_id)
    for pane_call in pane_calls:
        if pane_call.id in decided:
            _attach(uow, work, pane_call, calls[decided[pane_call.id]][0])


def _open_pane_calls(uow: UnitOfWork, work: Work, *, by_call_id: bool) -> list[PaneCall]:
    """The undecided pane calls that these facts are about, or may be about, and those that compete with them."""
    tenant_id = work.tenant.id
    found = uow.pane_calls.open_of(work.folded)
    places = [place_of_pane_call(pane_call) for pane_call in found]
    for key, call in work.folded.items():
        seen = pbx_call(call, ())
        if seen is None:
            continue
        places += places_of_call(seen)
        ids = [{"sip_call_id": each} for each in sorted(work.named[key])] if by_call_id else []
        ids += [{"dial_id": seen.dial_id}] if seen.dial_id is not None else []
        named = (uow.pane_calls.named(tenant_id, **each) for each in ids)
        found += [pane_call for pane_call in named if pane_call is not None and pane_call.users_id in call.agents]
    for place in meeting_places(places):
        seen_from, seen_until = place.seen
        found += uow.pane_calls.open_at(
            tenant_id,
            place.users_id,
            direction=place.direction,
            number=place.number,
            since=seen_from,
            until=seen_until,
        )
    return sorted({each.id: each for each in found if not each.settled}.values(), key=lambda each: each.at)


def _around(
    uow: UnitOfWork, tenant_id: str, pane_calls: Sequence[PaneCall], *, by_call_id: bool
) -> Iterable[StoredCall]:
    """The calls that these pane calls may be."""
    for place in meeting_places(place_of_pane_call(pane_call) for pane_call in pane_calls):
        began_from, began_until = place.started
        yield from uow.calls.around(
            tenant_id,
            place.users_id,
            direction=place.direction,
            number=place.number,
            since=began_from,
            until=began_until,
        )
    sip_call_ids = [pane_call.sip_call_id for pane_call in pane_calls if pane_call.sip_call_id is not None]
    if by_call_id and sip_call_ids:
        yield from uow.calls.by_sip_call_ids(tenant_id, sip_call_ids)


def _candidate(
    uow: UnitOfWork, into: dict[int, tuple[str, PbxCall]], key: str, call: Call, named: Iterable[str]
) -> None:
    if call.calls_id is None or call.calls_id in into:
        return
    settled = [pane_call for pane_call in uow.pane_calls.of_call(key) if pane_call.settled]
    seen = pbx_call(call, settled, named)
    if seen is not None:
        into[call.calls_id] = (key, seen)


def _attach(uow: UnitOfWork, work: Work, pane_call: PaneCall, key: str) -> None:
    """Put a pane call's facts and FCC's under one key: FCC's where a pane was shown it, else the pane call's."""
    old = pane_call.call_key
    for touched in (key, old):
        work.folded.pop(touched or "", None)
    work.touch(uow, key)
    if old is None or old == key:
        uow.pane_calls.save(replace(pane_call, call_key=key, settled=True))
        if pane_call.dial_id is not None:
            uow.facts.adopt(work.tenant.id, pane_call.dial_id, key)
        return
    work.touch(uow, old)
    theirs = work.before[key]
    gone, kept = (old, key) if theirs is not None and theirs.shown else (key, old)
    uow.facts.move(gone, kept)
    for other in uow.pane_calls.of_call(gone):
        settled = other.settled or other.id == pane_call.id
        uow.pane_calls.save(replace(other, call_key=kept, settled=settled))
    if gone == key:
        uow.pane_calls.save(replace(pane_call, call_key=kept, settled=True))
    uow.calls.remove(gone)
    work.before.pop(gone, None)
    for calls_id, known in work.by_calls_id.items():
        if known == gone:
            work.by_calls_id[calls_id] = kept

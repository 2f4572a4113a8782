"""Settling which of FCC's calls a pane's dialog is: looked up in the store, decided by `cti.calls.correlation`, kept.

Inside the transaction; nothing here does I/O but SQL.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cti.calls.correlation import PbxCall, correlate, meeting_places, pbx_call, place_of_dialog, places_of_call

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cti.calls.work import Work
    from cti.domain.call import Call, StoredCall
    from cti.domain.pane_call import PaneCall
    from cti.store.unit_of_work import UnitOfWork


def settle(uow: UnitOfWork, work: Work) -> None:
    """Decide which dialogs are which calls, of those that the new facts can decide anything about.

    What is looked at lies round the calls and dialogs that these facts touch: it does not grow with what was never
    decided, nor with the age of the database.
    """
    folded = work.folded = {key: work.fold(uow, key) for key in work.before}
    by_call_id = work.tenant.correlation == "call-id"
    dialogs = _open_dialogs(uow, work, by_call_id=by_call_id)
    if not dialogs:
        return
    calls: dict[int, tuple[str, PbxCall]] = {}
    for key, call in folded.items():
        _candidate(uow, calls, key, call, work.named[key])
    for stored in _around(uow, work.tenant.id, dialogs, by_call_id=by_call_id):
        if stored.key not in folded:
            named = uow.facts.sip_call_ids(stored.key) if by_call_id else ()
            _candidate(uow, calls, stored.key, stored.call, named)
    decided = correlate(dialogs, [call for _, call in calls.values()], by_call_id=by_call_id)
    for dialog in dialogs:
        if dialog.id in decided:
            _attach(uow, work, dialog, calls[decided[dialog.id]][0])


def _open_dialogs(uow: UnitOfWork, work: Work, *, by_call_id: bool) -> list[PaneCall]:
    """The undecided dialogs that these facts are about, or may be about, and those that compete with them."""
    tenant_id = work.tenant.id
    found = uow.calls.open_dialogs_of(work.folded)
    places = [place_of_dialog(dialog) for dialog in found]
    for key, call in work.folded.items():
        seen = pbx_call(call, ())
        if seen is None:
            continue
        places += places_of_call(seen)
        ids = [{"sip_call_id": each} for each in sorted(work.named[key])] if by_call_id else []
        ids += [{"dial_id": seen.dial_id}] if seen.dial_id is not None else []
        named = (uow.calls.dialog(tenant_id, **each) for each in ids)
        found += [dialog for dialog in named if dialog is not None and dialog.users_id in call.agents]
    for place in meeting_places(places):
        seen_from, seen_until = place.seen
        found += uow.calls.open_dialogs(
            tenant_id,
            place.users_id,
            direction=place.direction,
            number=place.number,
            since=seen_from,
            until=seen_until,
        )
    return sorted({each.id: each for each in found if not each.settled}.values(), key=lambda each: each.at)


def _around(uow: UnitOfWork, tenant_id: str, dialogs: Sequence[PaneCall], *, by_call_id: bool) -> Iterable[StoredCall]:
    """The calls that these dialogs may be."""
    for place in meeting_places(place_of_dialog(dialog) for dialog in dialogs):
        began_from, began_until = place.started
        yield from uow.calls.around(
            tenant_id,
            place.users_id,
            direction=place.direction,
            number=place.number,
            since=began_from,
            until=began_until,
        )
    sip_call_ids = [dialog.sip_call_id for dialog in dialogs if dialog.sip_call_id is not None]
    if by_call_id and sip_call_ids:
        yield from uow.calls.by_sip_call_ids(tenant_id, sip_call_ids)


def _candidate(
    uow: UnitOfWork, into: dict[int, tuple[str, PbxCall]], key: str, call: Call, named: Iterable[str]
) -> None:
    if call.calls_id is None or call.calls_id in into:
        return
    settled = [dialog for dialog in uow.calls.dialogs_of_call(key) if dialog.settled]
    seen = pbx_call(call, settled, named)
    if seen is not None:
        into[call.calls_id] = (key, seen)


def _attach(uow: UnitOfWork, work: Work, dialog: PaneCall, key: str) -> None:
    """Put a dialog's facts and FCC's under one key: FCC's where a pane was shown it, else the dialog's."""
    old = dialog.call_key
    for touched in (key, old):
        work.folded.pop(touched or "", None)
    work.touch(uow, key)
    if old is None or old == key:
        uow.calls.save_dialog(replace(dialog, call_key=key, settled=True))
        if dialog.dial_id is not None:
            uow.facts.adopt(work.tenant.id, dialog.dial_id, key)
        return
    work.touch(uow, old)
    theirs = work.before[key]
    gone, kept = (old, key) if theirs is not None and theirs.shown else (key, old)
    uow.facts.move(gone, kept)
    for other in uow.calls.dialogs_of_call(gone):
        settled = other.settled or other.id == dialog.id
        uow.calls.save_dialog(replace(other, call_key=kept, settled=settled))
    if gone == key:
        uow.calls.save_dialog(replace(dialog, call_key=kept, settled=True))
    uow.calls.remove(gone)
    work.before.pop(gone, None)
    for calls_id, known in work.by_calls_id.items():
        if known == gone:
            work.by_calls_id[calls_id] = kept

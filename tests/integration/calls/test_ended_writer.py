"""A writer that is ended in the middle of a group."""

from __future__ import annotations

import pytest

from cti.calls.fact_writer import _Parcel
from cti.calls.work import Entry
from tests.integration.calls.rig import ANNA, Rig


def test_who_waits_for_its_group_is_told_and_the_next_writer_goes_on(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def end(**_: object) -> None:
        raise SystemExit

    rig.attend(ANNA)
    waiting = _Parcel("acme", [Entry(rig.fcc("created", 1, calls_id=8))])
    rig.room.facts._waiting.append(waiting)
    monkeypatch.setattr(rig.database, "write", end)
    with pytest.raises(SystemExit):
        rig.store(rig.fcc("created", 1))
    assert waiting.done
    assert isinstance(waiting.error, InterruptedError)
    monkeypatch.undo()
    rig.store(rig.fcc("ringing", 1, users_id=101))
    assert len(rig.calls(ANNA)) == 1

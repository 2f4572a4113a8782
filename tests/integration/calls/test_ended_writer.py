"""A writer that is ended in the middle of a group."""

from __future__ import annotations

import pytest

from cti.calls.recording import Entry
from cti.calls.service import _Parcel
from tests.integration.calls.bench import ANNA, Bench


def test_who_waits_for_its_group_is_told_and_the_next_writer_goes_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(**_: object) -> None:
        raise SystemExit

    bench.attend(ANNA)
    waiting = _Parcel("acme", [Entry(bench.fcc("created", 1, calls_id=8))])
    bench.service._waiting.append(waiting)
    monkeypatch.setattr(bench.database, "write", end)
    with pytest.raises(SystemExit):
        bench.record(bench.fcc("created", 1))
    assert waiting.done
    assert isinstance(waiting.error, InterruptedError)
    monkeypatch.undo()
    bench.record(bench.fcc("ringing", 1, users_id=101))
    assert len(bench.calls(ANNA)) == 1

"""Presence is FCC's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cti.domain.presence import Presence, PresenceClass, Status, presence_class
from cti.domain.times import CLOCKS_APART, iso, parse_time

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def test_the_newer_word_of_the_pbx_stands_whatever_came_first() -> None:
    older = Presence(1, PresenceClass.READY, "W kolejce", NOW)
    newer = Presence(3, PresenceClass.BUSY, "Zajęty", NOW + timedelta(seconds=1))
    assert newer.supersedes(older)
    assert not older.supersedes(newer)
    assert older.supersedes(None)


def test_a_status_from_the_future_is_superseded_by_any_other() -> None:
    wrong = Presence(5, PresenceClass.PAUSE, "Przerwa", datetime(2099, 1, 1, tzinfo=UTC))
    ready = Presence(1, PresenceClass.READY, "W kolejce", NOW)
    assert ready.supersedes(wrong, now=NOW)
    ahead = Presence(3, PresenceClass.BUSY, "Zajęty", NOW + CLOCKS_APART)
    assert not ready.supersedes(ahead, now=NOW)
    assert ready.supersedes(ahead, now=NOW - timedelta(seconds=1))


def test_presence_survives_the_store() -> None:
    presence = Presence(4, PresenceClass.WRAP, "WRAP", NOW, NOW + timedelta(seconds=20), 7)
    assert Presence.from_json(presence.to_json()) == presence


@pytest.mark.req("R39")
def test_busy_and_wrap_are_not_chosen_by_agents() -> None:
    assert not Status(3, PresenceClass.BUSY, "Zajęty").settable
    assert not Status(4, PresenceClass.WRAP, "WRAP").settable
    assert all(Status(1, each, "x").settable for each in (PresenceClass.READY, PresenceClass.PAUSE))


@pytest.mark.parametrize(("word", "found"), [("ready", "ready"), ("AWAY", "pause"), ("idle", "ready"), ("dnd", None)])
def test_the_vendors_words_have_classes(word: str, found: str | None) -> None:
    assert presence_class(word) == found


def test_a_time_without_an_offset_is_refused() -> None:
    assert parse_time("2026-11-22T10:00:00") is None
    assert parse_time("2026-11-22T10:00:00+01:00") == NOW
    assert parse_time(17) is None
    assert iso(NOW) == "2026-11-22T09:00:00Z"

"""The event log and its one reader."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest

from cti.clock import SystemClock
from cti.events.hub import EventHub
from cti.pane_events import Notice, Pop
from tests.support.database import make_database
from tests.support.wait import until


class Listener:
    def __init__(self) -> None:
        self.got: list = []

    def deliver(self, events):
        self.got.extend(events)


@pytest.fixture
def database(tmp_path, clock):
    made = make_database(tmp_path, clock)
    yield made
    made.close()


def add(database, audience="p:1", message="x", **how) -> int:
    with database.write() as uow:
        seq = uow.events.add(audience, Notice("x", message), **how)
        uow.commit()
    return seq


def test_numbers_rise_within_an_audience(database):
    assert [add(database), add(database), add(database, "p:2"), add(database)] == [1, 2, 1, 3]


def test_what_is_rolled_back_gives_its_number_back(database):
    add(database)
    with database.write() as uow:
        uow.events.add("p:1", Notice("x", "x"))
    assert add(database) == 2


def test_missed_events_come_in_order(database):
    for i in range(4):
        add(database, message=str(i))
    add(database, "p:2")
    with database.read() as uow:
        missed = uow.events.missed("p:1", 2)
        assert [event.seq for event in missed] == [3, 4]
        assert uow.events.missed("p:1", 4) == []
        assert uow.events.missed("p:1", 5) is None
        assert uow.events.missed("p:1", 0, limit=3) is None
        assert uow.events.missed("p:3", 0) == []


def test_many_events_are_numbered_as_if_they_came_one_by_one(database):
    add(database)
    with database.write() as uow:
        one, three = Pop("1", "", "", None), Pop("3", "", "", None)
        uow.events.add_many([("p:1", one), ("p:2", one), ("p:1", three)])
        uow.commit()
    assert add(database) == 4
    with database.read() as uow:
        found = [(event.audience, event.seq, event.type) for event in uow.events.since(0)]
        assert [json.loads(event.body)["callId"] for event in uow.events.missed("p:1", 1)[:2]] == ["1", "3"]
    assert found == [
        ("p:1", 1, "notice"),
        ("p:1", 2, "pop"),
        ("p:2", 1, "pop"),
        ("p:1", 3, "pop"),
        ("p:1", 4, "notice"),
    ]


def test_whoever_was_not_told_something_cannot_be_given_what_was_missed(database):
    add(database)
    with database.write() as uow:
        uow.events.add_many([("p:1", Notice("x", "x"))], unheard=["p:1", "p:2"])
        uow.commit()
    with database.read() as uow:
        assert len(uow.events.since(0)) == 2
        assert uow.events.head("p:1") == 3
        assert [uow.events.missed("p:1", seen) for seen in (0, 1, 2, 3)] == [None, None, None, []]
        assert uow.events.missed("p:2", 0) is None
    assert add(database) == 4
    with database.read() as uow:
        assert uow.events.missed("p:1", 2) is None
        assert [event.seq for event in uow.events.missed("p:1", 3)] == [4]


def test_of_no_events_nothing_is_kept(database):
    with database.write() as uow:
        uow.events.add_many([])
        uow.commit()
    with database.read() as uow:
        assert (uow.events.since(0), uow.events.head("p:1")) == ([], 0)


def test_expired_events_cannot_be_given_but_numbers_go_on(database, clock):
    add(database)
    add(database)
    clock.advance(100)
    with database.write() as uow:
        assert uow.events.expire(clock.now() - timedelta(seconds=50)) == 1
        uow.commit()
    with database.read() as uow:
        assert uow.events.missed("p:1", 0) is None
        assert [event.seq for event in uow.events.missed("p:1", 1)] == [2]
    assert add(database) == 3


def test_an_event_is_one_object_of_json(database, clock):
    add(database, message="zażółć", pane="pane-one")
    add(database)
    with database.read() as uow:
        first, second = uow.events.since(0)
    assert json.loads(first.text) == {
        "seq": 1,
        "type": "notice",
        "at": clock.now().isoformat(),
        "code": "x",
        "message": "zażółć",
    }
    assert first.pane == "pane-one"
    assert second.pane is None
    assert first.frame is first.frame
    assert first.frame.endswith(first.text.encode())


def test_writers_of_one_audience_get_different_numbers(database):
    got: list[int] = []
    threads = [threading.Thread(target=lambda: got.append(add(database))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == list(range(1, 21))


@pytest.fixture
def hub(database):
    made = EventHub(database, SystemClock(), poll_seconds=0.05)
    database.on_commit(made.wake)
    yield made
    made.stop()


def test_subscribers_get_what_is_committed_for_them(database, hub):
    add(database)
    one, two = Listener(), Listener()
    hub.join("p:1", one)
    hub.join("p:2", two)
    add(database)
    add(database, "p:2")
    add(database, "p:3")
    add(database)
    until(lambda: len(one.got) == 2)
    until(lambda: len(two.got) == 1)
    assert [event.seq for event in one.got] == [2, 3]


def test_a_subscriber_that_left_gets_nothing(database, hub):
    one, two = Listener(), Listener()
    hub.join("p:1", one)
    hub.join("p:1", two)
    hub.leave("p:1", one)
    hub.leave("p:9", one)
    add(database)
    until(lambda: two.got)
    assert one.got == []


def test_a_subscriber_that_fails_does_not_stop_the_others(database, hub):
    class Broken:
        def deliver(self, events):
            raise RuntimeError("no")

    one = Listener()
    hub.join("p:1", Broken())
    hub.join("p:1", one)
    add(database)
    add(database)
    until(lambda: len(one.got) == 2)


def test_what_another_process_wrote_is_found_by_looking(tmp_path, clock, database):
    hub = EventHub(database, SystemClock(), poll_seconds=0.05)
    one = Listener()
    hub.join("p:1", one)
    add(database)
    until(lambda: one.got)
    hub.stop()


def test_an_event_that_became_visible_late_is_found_by_looking_back(clock):
    """On PostgreSQL an id may be committed after a higher one; here the log itself plays that."""
    from cti.events.event import LoggedEvent

    def event(number, audience):
        return LoggedEvent(number, audience, 1, "presence", clock.now())

    class Log:
        def __init__(self):
            self.visible = [event(6, "p:1")]

        def last_id(self):
            return 4

        def since(self, last_id, *, limit=1000):
            return [one for one in sorted(self.visible, key=lambda e: e.id) if one.id > last_id]

        def expire(self, before):
            return 0

    log = Log()

    class Uow:
        events = log

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def commit(self):
            return None

    class Log2:
        def read(self):
            return Uow()

        write = read

    hub = EventHub(Log2(), SystemClock(), poll_seconds=0.05, many_writers=True)
    one, two = Listener(), Listener()
    hub.join("p:1", one)
    hub.join("p:2", two)
    until(lambda: one.got)
    log.visible = [event(5, "p:2"), event(6, "p:1")]
    until(lambda: two.got)
    hub.stop()
    assert len(one.got) == 1

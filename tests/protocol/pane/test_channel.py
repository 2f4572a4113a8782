"""The pane's channel: real sockets, a real event log, a call service that remembers what it was asked.

Every message the server sends is checked against docs/pane-channel.schema.json on the way.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from cti.accounts import AgentRef, PaneSession
from cti.clock import SystemClock
from cti.domain.pane_call import CallName, PaneReport, Permit
from cti.domain.presence import Presence, PresenceClass
from cti.domain.record import Record
from cti.errors import ConnectorError
from cti.events.hub import EventHub
from cti.pane.channel import PaneChannel
from cti.pane.commands import COMMANDS, Hello, read_command
from cti.pane.connection import PaneConnection
from cti.pane.errors import MessageUnreadableError
from cti.pane.rooms import AgentRooms
from cti.pane_events import AgentState
from cti.proxy.errors import TicketRefusedError
from cti.proxy.tickets import TicketOffice
from cti.ws.allowance import Allowance
from cti.ws.connection import WebSocket
from tests.protocol.wire import RawClient
from tests.support.database import make_database
from tests.support.pane import event_of, shape_of
from tests.support.wait import until

SCHEMA = json.loads((Path(__file__).resolve().parents[3] / "docs/pane-channel.schema.json").read_text())
AGENT = AgentRef("p1", "005000000000001AAA", 101)
OTHER = AgentRef("p1", "005000000000002AAA", 102)
PRESENCE = {"id": 1, "class": "ready", "name": "W kolejce", "since": "2026-11-22T10:00:00+01:00", "until": None}
CALL = {
    "callId": "k1",
    "callsId": 7,
    "sipCallId": None,
    "direction": "inbound",
    "number": "+48600100200",
    "displayNumber": "600 100 200",
    "withheld": False,
    "state": "ringing",
    "startedAt": "2026-11-22T10:00:00+00:00",
    "answeredAt": None,
    "endedAt": None,
    "outcome": None,
    "disconnectedBy": None,
    "campaign": "Obsługa klienta",
    "ivr": None,
    "party": None,
    "searching": False,
    "candidates": [],
    "related": None,
    "log": {"state": "none", "taskId": None, "code": None},
}
RECORD = {"recordId": "0035g00000ABCDEAA1", "objectType": "Contact", "recordName": "Jan Kowalski"}


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(
        {"$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"], "$schema": SCHEMA["$schema"]},
        format_checker=FormatChecker(),
    )


COMMAND, SERVER_MESSAGE = validator("command"), validator("serverMessage")


class NoSuchNumberError(ConnectorError):
    code = "number-invalid"
    pl = "Nie ma takiego numeru."
    en = "There is no such number."


class CallHiddenError(ConnectorError):
    code = "call-hidden"
    pl = "Nie ma."
    en = "Not there."


class RecordHiddenError(ConnectorError):
    code = "record-hidden"
    pl = "Nie widać."
    en = "Not to be seen."


@dataclass
class Line:
    uri: str = "sip:40312@acme.fcc.example"
    username: str = "40312"
    password: str = field(default="sip-password", repr=False)
    ws_url: str = "ws://fcc.localhost:1/sip"
    expires_at: Any = None


class Calls:
    def __init__(self) -> None:
        self.done: list[tuple] = []
        self.broken: Exception | None = None

    def dial(self, agent, number, record=None, *, dial_id=None):
        if number == "bad":
            raise NoSuchNumberError
        if number == "crash":
            raise RuntimeError("secret detail")
        self.done.append(("dial", agent, number, record))
        return Permit(dial_id, "+48600100200", "600 100 200")

    def drop(self, agent, calls_id):
        if calls_id != CALL["callsId"]:
            raise CallHiddenError
        self.done.append(("drop", agent, calls_id))

    def report(self, agent, report):
        self.done.append(("report", agent, report))

    def popped(self, agent, call, record_id):
        self.done.append(("popped", agent, call, record_id))

    def relate(self, agent, call, record):
        if record is not None and record.record_id != RECORD["recordId"]:
            raise RecordHiddenError
        self.done.append(("related", agent, call, record))

    def set_presence(self, agent, status_id):
        self.done.append(("presence", agent, status_id))
        return Presence(status_id, PresenceClass.READY, "W kolejce", datetime.fromisoformat(PRESENCE["since"]))

    def snapshot(self, agent):
        if self.broken is not None:
            raise self.broken
        state = {
            "presence": PRESENCE,
            "statuses": [{"id": 1, "class": "ready", "name": "W kolejce"}],
            "calls": [CALL],
            "capabilities": {"canDial": True, "missing": []},
        }
        return shape_of(AgentState, state)

    def phone_credentials(self, agent):
        self.done.append(("credentials", agent))
        return Line()

    def panes_present(self, agent, present, returned):
        self.done.append(("present", agent, present, returned))

    def presence_missed(self, agent):
        self.done.append(("missed", agent))

    def named(self, name: str) -> list[tuple]:
        return [one for one in self.done if one[0] == name]


@dataclass
class Renewed:
    session: PaneSession
    token: str
    expires_in: int


def verify(token):
    raise AssertionError(token)


class SignIn:
    renew_as: AgentRef | None = None

    def renew(self, session, signed_request):
        agent = self.renew_as or session.agent
        later = session.expires_at + timedelta(hours=1)
        return Renewed(
            replace(session, sf_user_id=agent.sf_user_id, fcc_user_id=agent.fcc_user_id, expires_at=later), "new", 3600
        )


class ShiftedClock(SystemClock):
    """The machine's clock, which a test may put forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self):
        return super().now() + timedelta(seconds=self.ahead)

    def monotonic(self):
        return super().monotonic() + self.ahead


class Pane(RawClient):
    counter = 0

    def hear(self) -> dict:
        message = json.loads(self.message())
        errors = [error.message for error in SERVER_MESSAGE.iter_errors(message)]
        assert not errors, (message, errors)
        return message

    def say(self, kind: str, /, *, id: str | None = None, **fields: Any) -> str:  # noqa: A002
        self.counter += 1
        name = id or f"c{self.counter}"
        message = {"id": name, "type": kind, **fields}
        assert COMMAND.is_valid(message), message
        self.text(json.dumps(message))
        return name

    def ask(self, kind: str, /, **fields: Any) -> dict:
        """Send a command and return its answer; events before it are kept in `events`."""
        name = self.say(kind, **fields)
        while True:
            got = self.hear()
            if got.get("re") == name:
                return got
            self.events.append(got)

    def event(self, kind: str) -> dict:
        """The next event of that kind."""
        while True:
            for got in self.events:
                if got["type"] == kind:
                    self.events.remove(got)
                    return got
            got = self.hear()
            assert "re" not in got, got
            self.events.append(got)

    def hello(self, *, pane: str, last: int | None = None, focused: bool = True) -> dict:
        return self.ask("hello", pane=pane, lastSeq=last, focused=focused)["ok"]

    def quiet(self, seconds: float = 0.3) -> bool:
        self.sock.settimeout(seconds)
        try:
            self.events.append(self.hear())
        except TimeoutError:
            return True
        finally:
            self.sock.settimeout(10)
        return False


class Rig:
    def __init__(self, directory) -> None:
        self.clock = ShiftedClock()
        self.database = make_database(directory, self.clock)
        self.hub = EventHub(self.database, self.clock, poll_seconds=0.1)
        self.database.on_commit(self.hub.wake)
        self.calls, self.sign_in = Calls(), SignIn()
        self.ended: dict[str, PaneSession | None] = {}
        self.rooms = AgentRooms(
            self.database,
            self.hub,
            self.clock,
            present=self.calls.panes_present,
            standing=lambda session: self.ended.get(session.id, session),
        )
        self.errors: list[str] = []
        numbers = iter(range(1000))
        self.tickets = TicketOffice(self.clock, lambda: f"ticket-of-the-phone-{next(numbers)}", self.rooms)
        self.channel = PaneChannel(
            database=self.database,
            rooms=self.rooms,
            verify=verify,
            sign_in=self.sign_in,
            calls=self.calls,
            control=self.calls,
            tickets=self.tickets,
            clock=self.clock,
            count_error=self.errors.append,
        )
        self.threads: list[threading.Thread] = []
        self.panes: list[Pane] = []

    def session(self, agent: AgentRef = AGENT, **how: Any) -> PaneSession:
        now = self.clock.now()
        values = {
            "id": "s1",
            "org_id": "00D000000000001AAA",
            "pairing_id": agent.pairing_id,
            "sf_user_id": agent.sf_user_id,
            "fcc_user_id": agent.fcc_user_id,
            "language": "pl",
            "name": "Anna Nowak",
            "email": "anna.nowak@acme.example",
            "token": None,
            "token_at": now,
            "created_at": now,
            "expires_at": now + timedelta(hours=1),
            "revoked_at": None,
        }
        return PaneSession(**(values | how))

    def connect(self, session: PaneSession | None = None) -> Pane:
        ours, theirs = socket.socketpair()
        theirs.settimeout(10)
        ws = WebSocket(ours)

        def serve() -> None:
            self.channel.serve(ws, session or self.session())
            ours.close()

        thread = threading.Thread(target=serve)
        thread.start()
        self.threads.append(thread)
        pane = Pane(theirs)
        pane.events = []
        self.panes.append(pane)
        return pane

    def enter(self, name: str = "pane-one", **how: Any) -> Pane:
        session = how.pop("session", None)
        pane = self.connect(session)
        pane.answer = pane.hello(pane=name, **how)
        if how.get("last") is None:
            pane.snapshot = pane.event("snapshot")
        return pane

    def add(self, kind: str, payload: dict, agent: AgentRef = AGENT, **how: Any) -> int:
        with self.database.write() as uow:
            seq = uow.events.add(agent.audience, event_of(kind, payload), **how)
            uow.commit()
        return seq

    def close(self) -> None:
        for pane in self.panes:
            pane.close()
        for thread in self.threads:
            thread.join(10)
        self.rooms.stop()
        self.hub.stop()
        self.database.close()


@pytest.fixture
def rig(tmp_path):
    made = Rig(tmp_path)
    yield made
    made.close()


def test_a_new_pane_leads_and_gets_everything(rig):
    pane = rig.enter()
    assert pane.answer["leader"] is True
    assert pane.answer["heartbeat"] == 10
    assert pane.snapshot["calls"] == [CALL]
    assert (pane.snapshot["leader"], pane.snapshot["fence"]) == (True, pane.answer["fence"])
    assert rig.calls.named("present") == [("present", AGENT, True, False)]


def test_a_pane_that_could_not_be_let_in_is_not_taken_for_one_that_is_there(rig, monkeypatch):
    def fail():
        raise RuntimeError("the database is away")

    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = PaneConnection(WebSocket(ours), rig.session(), "pane-one")
        hello = Hello(id="1", type="hello", pane="pane-one", lastSeq=1, focused=True)
        rig.rooms.of(AGENT)
        monkeypatch.setattr(rig.database, "read", fail)
        with pytest.raises(RuntimeError):
            rig.channel.arrive(connection, hello)
        monkeypatch.undo()
    assert rig.rooms.of(AGENT).connections() == []


def test_a_room_that_could_not_be_opened_is_opened_by_the_next_pane(rig, monkeypatch):
    def fail():
        raise RuntimeError("the database is away")

    monkeypatch.setattr(rig.database, "read", fail)
    with pytest.raises(RuntimeError):
        rig.rooms.of(AGENT)
    monkeypatch.undo()
    pane = rig.enter()
    rig.add("presence", {"presence": PRESENCE})
    assert pane.event("presence")["presence"] == PRESENCE


def test_events_reach_all_panes_of_the_agent_and_nobody_else(rig):
    one, two, stranger = rig.enter(), rig.enter("pane-two"), rig.enter(session=rig.session(OTHER))
    rig.add("presence", {"presence": PRESENCE})
    assert one.event("presence")["presence"] == PRESENCE
    assert two.event("presence")["presence"] == PRESENCE
    assert stranger.quiet()


def test_a_pane_that_was_away_gets_what_it_missed(rig):
    pane = rig.enter()
    rig.add("presence", {"presence": PRESENCE})
    seq = pane.event("presence")["seq"]
    pane.close()
    until(lambda: not rig.rooms.of(AGENT).connections())
    rig.add("call", {"call": CALL | {"state": "talking"}})
    again = rig.connect()
    answer = again.hello(pane="pane-one", last=seq)
    assert again.event("call")["call"]["state"] == "talking"
    assert answer["leader"] is True
    rig.add("presence", {"presence": PRESENCE})
    assert again.event("presence")["seq"] > seq


def test_a_page_that_comes_back_is_no_sign_in_and_has_its_status_read_again(rig):
    rig.add("presence", {"presence": PRESENCE})
    pane = rig.enter(last=1)
    assert pane.ask("focus")["ok"] == {}
    assert rig.calls.named("present") == [("present", AGENT, True, True)]
    assert rig.calls.named("missed") == [("missed", AGENT)]


def test_a_phone_that_is_signed_in_again_has_its_agents_status_read_again(rig):
    pane = rig.enter()
    assert rig.calls.named("missed") == []
    assert pane.ask("phone.registered")["ok"] == {}
    assert rig.calls.named("missed") == [("missed", AGENT)]


@pytest.mark.parametrize("last", [None, 99])
def test_a_pane_that_cannot_be_told_all_gets_a_snapshot(rig, last):
    rig.add("presence", {"presence": PRESENCE})
    pane = rig.connect()
    answer = pane.hello(pane="pane-one", last=last)
    assert pane.event("snapshot")["seq"] == answer["seq"] == 1


def test_no_event_is_lost_or_doubled_while_a_pane_arrives(rig):
    rig.enter("pane-zero")
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            rig.add("notice", {"code": "x", "message": "x"})

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for i in range(5):
            pane = rig.connect()
            answer = pane.hello(pane=f"pane-number-{i}")
            assert pane.event("snapshot")["seq"] == answer["seq"]
            seqs = [pane.event("notice")["seq"] for _ in range(10)]
            first = next(seq for seq in seqs if seq > answer["seq"])
            assert seqs == list(range(first, first + 10))
            assert first == answer["seq"] + 1
    finally:
        stop.set()
        writer.join()


def test_a_snapshot_that_fails_says_why_in_the_persons_language(rig):
    rig.calls.broken = NoSuchNumberError()
    pane = rig.enter()
    problem = {"code": "number-invalid", "message": "Nie ma takiego numeru."}
    assert pane.snapshot["capabilities"] == {"canDial": False, "missing": [problem]}
    assert pane.event("notice")["message"] == problem["message"]
    assert rig.errors == ["number-invalid"]


@pytest.mark.req("R33")
def test_a_dial_is_permitted_and_answered_to_the_leader(rig):
    pane = rig.enter()
    answer = pane.ask("dial", number="600 100 200", record=RECORD)["ok"]
    assert (answer["number"], answer["display"]) == ("+48600100200", "600 100 200")
    assert rig.calls.named("dial") == [("dial", AGENT, "600 100 200", Record(RECORD["recordId"], "Contact"))]


def test_a_repeated_command_is_answered_again_and_not_done_again(rig):
    pane = rig.enter()
    first = pane.ask("dial", id="d1", number="600 100 200", record=None)
    assert pane.ask("dial", id="d1", number="600 100 200", record=None) == first
    pane.close()
    until(lambda: not rig.rooms.of(AGENT).connections())
    again = rig.enter(last=0)
    assert again.ask("dial", id="d1", number="600 100 200", record=None) == first
    assert len(rig.calls.named("dial")) == 1


def test_another_pane_dials_through_the_leader(rig):
    leader, other = rig.enter(), rig.enter("pane-two")
    answer = other.ask("dial", number="600 100 200", record=RECORD)["ok"]
    request = leader.event("dial.request")
    assert (request["dialId"], request["number"]) == (answer["dialId"], "+48600100200")
    assert request["record"]["recordId"] == RECORD["recordId"]
    assert other.quiet()


def test_a_refusal_is_in_the_persons_language_and_counted(rig):
    polish, english = rig.enter(), rig.enter(session=rig.session(OTHER, language="en"))
    assert polish.ask("dial", number="bad", record=None)["error"] == {
        "code": "number-invalid",
        "message": "Nie ma takiego numeru.",
    }
    assert english.ask("dial", number="bad", record=None)["error"]["message"] == "There is no such number."
    assert rig.errors == ["number-invalid"] * 2


def test_an_unforeseen_failure_tells_nothing_of_itself(rig):
    error = rig.enter().ask("dial", number="crash", record=None)["error"]
    assert error["code"] == "internal"
    assert "secret" not in error["message"]


def test_the_phones_credentials_are_for_the_leader_only(rig):
    leader, other = rig.enter(), rig.enter("pane-two")
    fence = leader.answer["fence"]
    line = leader.ask("phone.credentials", fence=fence)["ok"]
    assert (line["kind"], line["username"], line["password"], line["iceServers"]) == (
        "sip",
        "40312",
        "sip-password",
        [],
    )
    assert other.ask("phone.credentials", fence=fence)["error"]["code"] == "not-leader"
    assert leader.ask("phone.credentials", fence=fence - 1)["error"]["code"] == "not-leader"
    assert other.ask("sip.ticket", fence=fence)["error"]["code"] == "not-leader"
    admission = rig.tickets.redeem(leader.ask("sip.ticket", fence=fence)["ok"]["ticket"])
    assert (admission.agent, admission.fence, admission.username) == (AGENT, fence, "40312")


def test_a_repeated_ticket_command_gives_a_new_ticket(rig):
    pane = rig.enter()
    fence = pane.answer["fence"]
    first = pane.ask("sip.ticket", id="t", fence=fence)["ok"]["ticket"]
    assert pane.ask("sip.ticket", id="t", fence=fence)["ok"]["ticket"] != first


def test_a_ticket_opens_nothing_once_another_pane_leads(rig):
    one, two = rig.enter(), rig.enter("pane-two")
    ticket = one.ask("sip.ticket", fence=one.answer["fence"])["ok"]["ticket"]
    two.ask("leader.take")
    with pytest.raises(TicketRefusedError):
        rig.tickets.redeem(ticket)


def test_a_ticket_opens_nothing_once_its_page_is_closed(rig):
    pane = rig.enter()
    ticket = pane.ask("sip.ticket", fence=pane.answer["fence"])["ok"]["ticket"]
    pane.send(8, struct.pack("!H", 1001))
    until(lambda: rig.rooms.lead_of(AGENT.audience, pane.answer["fence"], "s1") == "over")
    with pytest.raises(TicketRefusedError):
        rig.tickets.redeem(ticket)


def test_taking_the_phone_over_is_told_to_all(rig):
    one, two = rig.enter(), rig.enter("pane-two")
    fence = two.ask("leader.take")["ok"]["fence"]
    assert fence == one.answer["fence"] + 1
    lost = one.event("leader")
    assert (lost["leader"], lost["fence"]) == (False, fence)
    assert two.event("leader")["leader"] is True
    assert one.ask("sip.ticket", fence=fence)["error"]["code"] == "not-leader"


def test_a_pane_that_closes_its_page_passes_the_phone_on(rig):
    one, two = rig.enter(), rig.enter("pane-two")
    one.send(8, struct.pack("!H", 1001))
    assert two.event("leader")["leader"] is True


def test_a_phone_begins_nothing_once_its_page_is_closed(rig):
    pane = rig.enter()
    fence = pane.answer["fence"]
    assert rig.rooms.lead_of(AGENT.audience, fence, "s1") == "present"
    pane.send(8, struct.pack("!H", 1001))
    until(lambda: rig.rooms.lead_of(AGENT.audience, fence, "s1") == "over")


def test_a_phone_whose_pane_lost_its_socket_keeps_what_is_up_and_begins_nothing(rig):
    pane = rig.enter()
    fence = pane.answer["fence"]
    pane.close()
    until(lambda: rig.rooms.lead_of(AGENT.audience, fence, "s1") == "away")
    rig.enter()
    assert rig.rooms.lead_of(AGENT.audience, fence, "s1") == "present"


def test_a_pane_that_stays_away_loses_the_lead(rig):
    pane = rig.enter()
    pane.close()
    until(lambda: not rig.rooms.of(AGENT).connections())
    rig.clock.ahead = 31
    until(lambda: rig.rooms.lead_of(AGENT.audience, pane.answer["fence"], "s1") == "over")


@pytest.mark.parametrize(
    ("reported", "over", "keeps"),
    [
        ({"sipCallId": "abc"}, {"sipCallId": "abc"}, False),
        ({"sipCallId": "abc"}, {"sipCallId": "other"}, True),
        ({"sipCallId": "abc"}, {"sipCallId": None}, True),
        ({"callsId": 7}, {"sipCallId": None, "callsId": 7}, False),
        ({"callsId": 7}, {"sipCallId": "abc", "callsId": 7}, False),
        ({"callsId": 7}, {"sipCallId": None, "callsId": 8}, True),
        ({"callsId": 7}, {"sipCallId": None, "callsId": None}, True),
    ],
)
def test_a_pane_that_went_away_in_a_call_loses_the_lead_once_fcc_says_that_it_is_over(rig, reported, over, keeps):
    pane = rig.enter()
    at = "2026-11-22T10:00:00.123Z"
    report = {**reported, "kind": "answered", "direction": "inbound", "number": "+48600100200", "at": at}
    assert pane.ask("call.report", **report)["ok"] == {}
    pane.close()
    until(lambda: not rig.rooms.of(AGENT).connections())
    new = rig.enter("pane-two")
    rig.add("call", {"call": {**CALL, **over, "state": "ended"}})
    assert new.event("call")["call"]["state"] == "ended"
    rig.clock.ahead = 6
    if keeps:
        rig.rooms.tick()
        assert rig.rooms.lead_of(AGENT.audience, pane.answer["fence"], "s1") == "away"
    else:
        assert new.event("leader")["leader"] is True


def test_a_lead_is_over_when_it_was_passed_on_or_is_another_sessions(rig):
    one, two = rig.enter(), rig.enter("pane-two")
    before = one.answer["fence"]
    after = two.ask("leader.take")["ok"]["fence"]
    assert rig.rooms.lead_of(AGENT.audience, before, "s1") == "over"
    assert rig.rooms.lead_of(AGENT.audience, after, "s1") == "present"
    assert rig.rooms.lead_of(AGENT.audience, after, "s2") == "over"
    assert rig.rooms.lead_of(OTHER.audience, after, "s1") == "over"


def test_a_lead_ends_with_its_session(rig):
    pane = rig.enter(session=rig.session(expires_at=rig.clock.now() + timedelta(seconds=60)))
    rig.rooms.stop()
    rig.clock.ahead = 61
    assert rig.rooms.lead_of(AGENT.audience, pane.answer["fence"], "s1") == "over"


def test_a_pop_goes_to_the_pane_focused_last(rig):
    one, two = rig.enter(), rig.enter("pane-two")
    one.ask("focus")
    pop = {"callId": "k1", "recordId": RECORD["recordId"], "objectType": "Contact", "reason": None}
    rig.add("pop", pop)
    assert one.event("pop")["recordId"] == RECORD["recordId"]
    assert two.quiet()


def test_a_pop_that_found_no_pane_is_shown_by_the_one_that_comes_back(rig):
    pane = rig.enter()
    seq = pane.snapshot["seq"]
    pane.close()
    until(lambda: not rig.rooms.of(AGENT).connections())
    rig.add("pop", {"callId": "k1", "recordId": RECORD["recordId"], "objectType": "Contact", "reason": None})
    again = rig.enter(last=seq)
    assert again.event("pop")["callId"] == "k1"
    twice = rig.enter("pane-two", last=seq)
    assert twice.quiet()


def test_a_call_is_tied_to_the_record_that_the_agent_chose_or_to_none(rig):
    pane = rig.enter()
    named = {"recordId": RECORD["recordId"], "objectType": "Contact"}
    assert pane.ask("call.relate", callId="k1", record=named)["ok"] == {}
    assert pane.ask("call.relate", callId="k1", sipCallId="abc", record=None)["ok"] == {}
    assert rig.calls.named("related") == [
        ("related", AGENT, CallName(call_id="k1"), Record(RECORD["recordId"], "Contact")),
        ("related", AGENT, CallName(call_id="k1", sip_call_id="abc"), None),
    ]


def test_a_call_that_the_phone_cannot_end_is_ended_from_here(rig):
    pane = rig.enter()
    assert pane.ask("call.drop", callsId=CALL["callsId"])["ok"] == {}
    assert rig.calls.named("drop") == [("drop", AGENT, CALL["callsId"])]
    assert pane.ask("call.drop", callsId=8)["error"]["code"] == "call-hidden"


def test_a_record_that_the_agent_may_not_read_is_refused_with_a_sentence(rig):
    pane = rig.enter()
    hidden = {"recordId": "003000000000009AAA", "objectType": "Contact"}
    answer = pane.ask("call.relate", callId="k1", record=hidden)
    assert answer["error"] == {"code": "record-hidden", "message": "Nie widać."}
    assert rig.calls.named("related") == []


def test_a_pop_that_is_handed_out_while_its_pane_comes_back_is_shown_once(rig):
    pane = rig.enter()
    seq = pane.snapshot["seq"]
    pane.close()
    room = rig.rooms.of(AGENT)
    until(lambda: not room.connections())
    rig.hub.stop()
    popped = rig.add("pop", {"callId": "k1", "recordId": RECORD["recordId"], "objectType": "Contact", "reason": None})
    ours, theirs = socket.socketpair()
    theirs.settimeout(10)
    with ours, Pane(theirs) as again:
        again.events = []
        connection = PaneConnection(WebSocket(ours), rig.session(), "pane-one")
        hello = Hello(id="1", type="hello", pane="pane-one", lastSeq=seq, focused=True)
        _, _, then = rig.channel.arrive(connection, hello)
        with rig.database.read() as uow:
            room.deliver([event for event in uow.events.missed(AGENT.audience, seq) if event.seq == popped])
        then()
        assert again.event("pop")["callId"] == "k1"
        assert again.quiet()


def test_a_ring_nobody_hears_moves_the_phone(rig):
    rig.enter()
    two = rig.enter("pane-two")
    two.ask("focus")
    rig.add("call", {"call": CALL})
    assert two.event("leader")["leader"] is True


def test_reports_go_on_with_the_sessions_identity(rig):
    pane = rig.enter()
    at = "2026-11-22T10:00:00.123Z"
    report = {"sipCallId": "abc", "kind": "ringing", "direction": "inbound", "number": "+48600100200", "at": at}
    assert pane.ask("call.report", **report)["ok"] == {}
    ((_, agent, got),) = rig.calls.named("report")
    assert agent == AGENT
    moment = datetime(2026, 11, 22, 10, 0, 0, 123_000, tzinfo=UTC)
    assert got == PaneReport("ringing", "inbound", "+48600100200", moment, sip_call_id="abc")
    assert pane.ask("call.report", **report | {"sipCallId": None, "callsId": 7})["ok"] == {}
    assert rig.calls.named("report")[1] == ("report", AGENT, replace(got, sip_call_id=None, calls_id=7))
    assert pane.ask("call.popped", recordId=RECORD["recordId"], sipCallId="abc")["ok"] == {}
    assert rig.calls.named("popped") == [("popped", AGENT, CallName(sip_call_id="abc"), RECORD["recordId"])]
    assert pane.ask("presence.set", statusId=5)["ok"]["presence"]["id"] == 5


def test_a_session_is_renewed_for_the_same_person_only(rig):
    pane = rig.enter()
    assert pane.ask("session.renew", signedRequest="x.y")["ok"] == {"session": "new", "expiresIn": 3600}
    rig.sign_in.renew_as = OTHER
    assert pane.ask("session.renew", signedRequest="x.z")["error"]["code"] == "session-of-another"


def test_a_session_that_ends_is_announced_and_then_closed(rig):
    pane = rig.enter(session=rig.session(expires_at=rig.clock.now() + timedelta(seconds=60)))
    assert 0 < pane.event("session.expiring")["in"] <= 60
    rig.clock.ahead = 61
    assert pane.close_code() == 4401


def test_a_session_that_was_ended_elsewhere_ends_within_a_minute(rig):
    pane, other = rig.enter(), rig.enter("pane-two", session=rig.session(id="s2"))
    rig.ended["s1"] = None
    rig.clock.ahead = 61
    assert pane.close_code() == 4401
    assert other.ask("beat")["ok"] == {}


def test_a_session_whose_token_was_refused_ends_when_its_row_says_so(rig):
    session = rig.session()
    pane = rig.enter(session=session)
    rig.ended["s1"] = replace(session, expires_at=rig.clock.now() + timedelta(minutes=5))
    rig.add("session.expiring", {"in": 300})
    assert pane.event("session.expiring")["in"] == 300
    until(lambda: rig.rooms.of(AGENT).connections()[0].session.expires_at == rig.ended["s1"].expires_at)
    rig.clock.ahead = 301
    assert pane.close_code() == 4401


def test_connecting_anew_gives_an_agent_no_more_commands(rig):
    rig.channel._commands = Allowance(burst=300, per_second=0, monotonic=rig.clock.monotonic)
    for number in range(4):
        pane = rig.connect()
        with contextlib.suppress(OSError):  # the socket may be closed before the last of them
            pane.say("hello", pane=f"pane-number-{number}", lastSeq=None, focused=True)
            for _ in range(140):
                pane.say("presence.set", statusId=5)
        if number >= 2:
            assert pane.close_code() == 1008
        else:  # what is still on its way counts with what the next pane sends
            until(lambda sent=140 * (number + 1): len(rig.calls.named("presence")) == sent)
    assert rig.errors.count("too-many-commands") == 2
    assert len(rig.calls.named("presence")) == 300 - 3  # a hello each


def test_other_agents_have_commands_left_when_one_has_none(rig):
    one, other = rig.enter(), rig.enter(session=rig.session(OTHER))
    with contextlib.suppress(OSError):
        for _ in range(160):
            one.say("beat")
    assert one.close_code() == 1008
    assert other.ask("beat")["ok"] == {}


def test_answers_to_a_pane_that_does_not_come_back_are_dropped(rig):
    gone, stays = rig.enter(), rig.enter("pane-two")
    assert gone.ask("dial", id="same", number="600100200", record=None)["ok"]
    assert stays.ask("dial", id="same", number="600100200", record=None)["ok"]
    gone.close()
    room = rig.rooms.of(AGENT)
    until(lambda: len(room.connections()) == 1)
    rig.clock.ahead = 119
    rig.rooms.tick()
    assert room.answers.of("pane-one", "same") is not None
    rig.clock.ahead = 121
    rig.rooms.tick()
    assert room.answers.of("pane-one", "same") is None
    assert room.answers.of("pane-two", "same") is not None


def test_an_agents_answers_are_bounded_however_many_panes_asked(rig):
    answers = rig.rooms.of(AGENT).answers
    asked = [(f"pane-{pane}", f"c{command}") for pane in range(30) for command in range(100)]
    for pane, command in asked:
        answers.remember(pane, command, "{}")
    kept = sum(answers.of(pane, command) is not None for pane, command in asked)
    assert kept == 2048
    assert answers.of("pane-29", "c99") is not None


def test_the_last_pane_gone_is_told_after_twenty_seconds(rig):
    pane = rig.enter()
    room = rig.rooms.of(AGENT)
    pane.close()
    until(lambda: not room.connections())
    rig.clock.ahead = 15
    rig.rooms.tick()
    assert rig.calls.named("present") == [("present", AGENT, True, False)]
    rig.clock.ahead = 21
    until(lambda: rig.calls.named("present")[1:] == [("present", AGENT, False, False)])
    rig.clock.ahead = 200
    until(lambda: rig.rooms.of(AGENT) is not room)


def test_a_pane_that_comes_back_in_time_was_never_gone(rig):
    rig.enter().close()
    until(lambda: not rig.rooms.of(AGENT).connections())
    rig.clock.ahead = 15
    rig.enter()
    rig.clock.ahead = 40
    rig.rooms.tick()
    assert rig.calls.named("present") == [("present", AGENT, True, False)]


def test_the_same_pane_connecting_again_replaces_its_old_socket(rig):
    first = rig.enter()
    rig.enter()
    assert first.close_code() == 1000
    assert len(rig.rooms.of(AGENT).connections()) == 1


AT = '"2026-11-22T10:00:00Z"'
REPORT = '{"id":"c1","type":"call.report","sipCallId":"a","kind":"ended","direction":"inbound","number":"600","at":%s}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "nonsense",
        '{"id":"c1"}',
        '{"id":"c1","type":"unknown"}',
        '{"id":"c1","type":"beat","agent":"somebody else"}',
        '{"id":"","type":"beat"}',
        '{"id":7,"type":"beat"}',
        '{"id":"c1","type":"dial","number":"","record":null}',
        '{"id":"c1","type":"dial","number":"' + "1" * 81 + '","record":null}',
        '{"id":"c1","type":"dial","number":"600100200","record":{"recordId":"x","objectType":"Contact"}}',
        '{"id":"c1","type":"presence.set","statusId":"1"}',
        '{"id":"c1","type":"presence.set","statusId":true}',
        "[" * 30_000,
        '{"id":"\\ud800","type":"beat"}',
        '{"id":"\\u0000","type":"beat"}',
        '{"id":"\\udc00\\ud800","type":"nonsense"}',
        '{"id":"c1","type":"beat","x":"\\ud800"}',
        '{"id":"c1","type":"beat","x":' + "9" * 5000 + "}",
        '{"id":"c1","type":"focus","x":NaN}',
        '{"id":"c1","type":"presence.set","statusId":9223372036854775808}',
        '{"id":"c1","type":"presence.set","statusId":1e400}',
        '{"id":"c1","type":"call.popped","recordId":"0035g00000ABCDEAA1","callsId":9223372036854775808}',
        '{"id":"c1","type":"call.popped","recordId":"0035g00000ABCDEAA1","sipCallId":"a\\u0000b"}',
        '{"id":"c1","type":"sip.ticket","fence":' + "9" * 40 + "}",
        REPORT % '"0001-01-01T00:00:00+01:00"',
        REPORT % '"9999-12-31T23:59:59-01:00"',
        REPORT % '"1970-01-01T00:00:00Z"',
        REPORT % '"2026-11-22T10:00:00"',
        REPORT % "1764000000",
        REPORT % "1e400",
        REPORT % "null",
        REPORT % '"yesterday"',
        REPORT.replace('"a"', '""') % AT,
        REPORT.replace('"a"', f'"{"x" * 256}"') % AT,
        REPORT.replace('"a"', "null") % AT,
        REPORT.replace('"sipCallId":"a",', "") % AT,
        REPORT.replace('"a"', '"a","callsId":7') % AT,
        REPORT.replace("ended", "popped") % AT,
        REPORT.replace("inbound", "internal") % AT,
    ],
)
def test_what_is_no_command_is_refused_and_the_pane_stays(rig, text):
    pane = rig.enter()
    pane.text(text)
    got = pane.hear()
    assert got["error"]["code"] == "message-unreadable"
    assert got["re"] in {"c1", None}
    assert pane.ask("beat")["ok"] == {}


def test_a_hello_that_cannot_be_read_leaves_the_socket_open(rig):
    pane = rig.connect()
    pane.text('{"id":"1","type":"hello","pane":"pane-one","lastSeq":9223372036854775808,"focused":true}')
    assert pane.hear()["error"]["code"] == "message-unreadable"
    assert pane.hello(pane="pane-one")["leader"] is True


def test_a_hello_that_fails_is_answered_and_may_be_said_again(rig, monkeypatch):
    def fail():
        raise RuntimeError("the database is away")

    pane = rig.connect()
    with monkeypatch.context() as away:
        away.setattr(rig.database, "read", fail)
        assert pane.ask("hello", pane="pane-one", lastSeq=None, focused=True)["error"]["code"] == "internal"
    assert rig.rooms.of(AGENT).connections() == []
    assert pane.hello(pane="pane-one")["leader"] is True


def test_words_for_people_are_cleaned_of_what_cannot_be_kept(rig):
    leader, pane = rig.enter(), rig.enter("pane-two")
    record = json.dumps(RECORD | {"recordName": "Jan\0 Kowalski"})
    pane.text('{"id":"c1","type":"dial","number":"600\\u0000100200","record":' + record + "}")
    assert leader.event("dial.request")["record"]["recordName"] == "Jan Kowalski"
    ((_, _, number, _),) = rig.calls.named("dial")
    assert number == "600100200"


def test_nothing_is_done_before_hello(rig):
    pane = rig.connect()
    assert pane.ask("dial", number="600100200", record=None)["error"]["code"] == "hello-first"
    assert rig.calls.done == []


def test_a_second_hello_is_refused(rig):
    assert (
        rig.enter().ask("hello", pane="pane-two", lastSeq=None, focused=True)["error"]["code"] == "message-unreadable"
    )


def test_a_pane_that_floods_is_closed(rig):
    pane = rig.enter()
    with contextlib.suppress(OSError):  # the socket may be closed before the last of them
        for _ in range(160):
            pane.say("beat")
    assert pane.close_code() == 1008
    assert rig.errors[-1] == "too-many-commands"


REPORTED: dict[str, Any] = {
    "type": "call.report",
    "sipCallId": "a",
    "kind": "held",
    "direction": "inbound",
    "number": "",
    "at": "2026-11-22T10:00:00Z",
}
EXAMPLES: list[dict[str, Any]] = [
    {"type": "hello", "pane": "pane-one", "lastSeq": 3, "focused": False},
    {"type": "hello", "pane": "short", "lastSeq": None, "focused": False},
    {"type": "hello", "pane": "pane one!", "lastSeq": None, "focused": False},
    {"type": "hello", "pane": "pane-one", "focused": False},
    {"type": "hello", "pane": "pane-one", "lastSeq": -1, "focused": False},
    {"type": "beat"},
    {"type": "beat", "x": 1},
    {"type": "focus"},
    {"type": "leader.take"},
    {"type": "presence.set", "statusId": 1},
    {"type": "presence.set"},
    {"type": "phone.credentials", "fence": 1},
    {"type": "phone.credentials", "fence": -1},
    {"type": "sip.ticket", "fence": 1},
    {"type": "sip.ticket", "fence": "1"},
    {"type": "dial", "number": "600", "record": None},
    {"type": "dial", "number": "600", "record": RECORD},
    {"type": "dial", "number": "600", "record": RECORD | {"accountId": None, "personAccount": True}},
    {"type": "dial", "number": "600", "record": RECORD | {"recordId": "003"}},
    {"type": "dial", "number": "600"},
    {
        "type": "call.report",
        "sipCallId": "a",
        "kind": "held",
        "direction": "inbound",
        "number": "",
        "at": "2026-11-22T10:00:00Z",
    },
    {
        "type": "call.report",
        "sipCallId": "a",
        "kind": "lost",
        "direction": "inbound",
        "number": "",
        "at": "2026-11-22T10:00:00Z",
    },
    {
        "type": "call.report",
        "sipCallId": "a",
        "kind": "ended",
        "direction": "outbound",
        "number": "+48600",
        "at": "2026-11-22T10:00:00.5+01:00",
        "sipStatus": 486,
        "cause": "Busy",
        "by": "far",
        "dialId": None,
    },
    {"type": "call.popped", "recordId": RECORD["recordId"], "callsId": 7},
    {"type": "call.popped", "recordId": RECORD["recordId"], "callsId": "7"},
    {"type": "call.relate", "callId": "k1", "record": {"recordId": RECORD["recordId"], "objectType": "Contact"}},
    {"type": "call.drop", "callsId": 7},
    {"type": "call.drop", "callsId": "7"},
    {"type": "call.drop"},
    {"type": "call.relate", "callId": "k1", "record": None},
    {"type": "call.relate", "callId": "k1"},
    {"type": "call.relate", "callId": "", "record": None},
    {"type": "call.relate", "callId": "k1", "record": {"recordId": "003' OR", "objectType": "Contact"}},
    {"type": "call.relate", "callId": "k1", "record": {"recordId": RECORD["recordId"]}},
    {"type": "call.relate", "callId": "k1", "record": RECORD},
    {"type": "call.popped", "recordId": RECORD["recordId"], "callsId": -1},
    {"type": "call.popped", "recordId": RECORD["recordId"], "callsId": 2**63},
    {"type": "call.popped", "recordId": RECORD["recordId"], "sipCallId": "a\0"},
    {"type": "hello", "pane": "pane-one", "lastSeq": 2**63 - 1, "focused": False},
    {"type": "hello", "pane": "pane-one", "lastSeq": 2**63, "focused": False},
    {"type": "dial", "number": "6\0", "record": RECORD | {"recordName": "\0"}},
    {"type": "dial", "number": "600", "record": RECORD | {"objectType": "Contact\0"}},
    REPORTED | {"at": "0001-01-01T00:00:00+01:00"},
    REPORTED | {"at": "1970-01-01T00:00:00Z"},
    REPORTED | {"at": "2099-12-31T23:59:59-14:00"},
    REPORTED | {"dialId": "a\0"},
    REPORTED | {"sipCallId": None},
    REPORTED | {"sipCallId": None, "callsId": 7},
    REPORTED | {"sipCallId": None, "callsId": None},
    REPORTED | {"callsId": None},
    REPORTED | {"callsId": 7},
    REPORTED | {"callsId": "7"},
    {"type": "session.renew", "signedRequest": "a.b"},
    {"type": "session.renew", "signedRequest": ""},
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: json.dumps(one)[:70])
def test_the_schema_and_the_server_agree_on_commands(example):
    command = {"id": "c1", **example}
    try:
        read_command(json.dumps(command))
        read = True
    except MessageUnreadableError:
        read = False
    assert COMMAND.is_valid(command) is read


def test_every_command_of_the_server_is_in_the_schema():
    named = {one.model_fields["type"].annotation.__args__[0] for one in COMMANDS}
    assert named == {name.removeprefix("command.") for name in SCHEMA["$defs"] if name.startswith("command.")}
    Draft202012Validator.check_schema(SCHEMA)

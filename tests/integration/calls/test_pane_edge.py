"""Whatever a pane sends: it is answered with a word of the connector's own, and both databases keep what came of it."""

from __future__ import annotations

import contextlib
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cti.accounts import PaneSession
from cti.canvas.verify import open_envelope
from cti.domain.facts import KINDS, Source
from cti.events.hub import EventHub
from cti.pane.channel import PaneChannel
from cti.pane.commands import COMMANDS as COMMAND_MODELS
from cti.pane.commands import CallReport
from cti.pane.rooms import AgentRooms
from cti.proxy.tickets import TicketOffice
from cti.ws.connection import SocketClosedError
from tests.integration.calls.rig import ANNA, JAN, STATUSES, Rig
from tests.support.postgresql import DATABASES
from tests.support.signed_request import ORG_ID

if TYPE_CHECKING:
    from collections.abc import Iterator

ODD_TEXT = st.one_of(
    st.text(max_size=90),
    st.text(alphabet="\0\ud800\udfff\u202e0123+ ;<>%", max_size=90),
    st.sampled_from(["", "600100200", "+48600100200", JAN.record_id, "Contact", "a" * 256, "\ud800", "{braces}", "%s"]),
)
ODD_NUMBERS = st.one_of(
    st.integers(), st.sampled_from([2**63 - 1, 2**63, -(2**63) - 1, 10**400, 0.5, 1e308]), st.floats(allow_nan=True)
)
ODD_TIMES = st.one_of(
    st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    st.sampled_from(["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "2026-11-22T25:00:00Z", "2026-11-22"]),
)
ODD = st.recursive(
    st.one_of(ODD_TEXT, ODD_NUMBERS, ODD_TIMES, st.none(), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(ODD_TEXT, inner, max_size=3)),
    max_leaves=5,
)
RECORD = {"recordId": JAN.record_id, "objectType": "Contact", "recordName": "Jan"}
REPORT = {"sipCallId": "sip-1", "direction": "inbound", "number": "+48600100200", "at": "2026-11-22T10:00:00Z"}
COMMANDS: list[dict[str, Any]] = [
    {"type": "beat"},
    {"type": "focus"},
    {"type": "leader.take"},
    {"type": "phone.registered"},
    *({"type": "presence.set", "statusId": status.id} for status in STATUSES),
    {"type": "phone.credentials", "fence": 1},
    {"type": "sip.ticket", "fence": 1},
    {"type": "dial", "number": "600100200", "record": RECORD},
    {"type": "dial", "number": "600100200", "record": None},
    *(
        REPORT | {"type": "call.report", "kind": kind, "dialId": "d", "sipStatus": 200, "cause": "x", "by": "far"}
        for kind in ("dialled", "ringing", "answered", "held", "resumed", "ended")
    ),
    {
        "type": "call.report",
        "callsId": 7,
        **{key: REPORT[key] for key in ("direction", "number", "at")},
        "kind": "held",
    },
    {"type": "call.drop", "callsId": 7},
    {"type": "call.popped", "recordId": JAN.record_id, "callsId": 7, "sipCallId": "sip-1"},
    {
        "type": "call.relate",
        "callId": "k1",
        "sipCallId": "sip-1",
        "record": {"recordId": JAN.record_id, "objectType": "Contact"},
    },
    {"type": "session.renew", "signedRequest": "a.b"},
    {"type": "hello", "pane": "pane-two", "lastSeq": 0, "focused": True},
]


def test_each_command_has_an_example() -> None:
    named = {one.model_fields["type"].annotation.__args__[0] for one in COMMAND_MODELS}
    assert {command["type"] for command in COMMANDS} == named


def test_each_kind_of_report_is_a_kind_of_fact() -> None:
    reported = set(CallReport.model_fields["kind"].annotation.__args__)
    assert reported == KINDS[Source.PANE] - {"popped"}


@st.composite
def commands(draw: st.DrawFn) -> str:
    """A command, of which some fields may be anything."""
    command = {"id": draw(st.one_of(st.just("c1"), ODD_TEXT)), **draw(st.sampled_from(COMMANDS))}
    for name in draw(st.lists(st.sampled_from(sorted(command)), max_size=2)):
        command[name] = draw(ODD)
    if isinstance(command.get("record"), dict) and draw(st.booleans()):
        command["record"] = command["record"] | {draw(st.sampled_from(sorted(RECORD))): draw(ODD)}
    if draw(st.integers(0, 9)) == 0:
        command[draw(ODD_TEXT)] = draw(ODD)
    return json.dumps(command)


class Socket:
    """A pane's socket that says what it was given and keeps what it is told."""

    is_open = True

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)
        self.said: list[str] = []

    def receive(self) -> str:
        if not self.texts:
            raise SocketClosedError(1000)
        return self.texts.pop(0)

    def send(self, text: str) -> None:
        self.said.append(text)

    def offer(self, encoded: bytes) -> bool:
        return bool(encoded)

    def close(self, code: int = 1000, reason: str = "") -> None:
        raise AssertionError((code, reason))


def verify(token: str) -> PaneSession:
    raise AssertionError(token)


class SignIn:
    def renew(self, session: PaneSession, signed_request: str) -> Any:
        open_envelope(signed_request)
        raise AssertionError(session)


def session(rig: Rig) -> PaneSession:
    """Anna's."""
    now = rig.clock.now()
    return PaneSession(
        id="s1",
        org_id=ORG_ID,
        pairing_id=ANNA.pairing_id,
        sf_user_id=ANNA.sf_user_id,
        fcc_user_id=ANNA.fcc_user_id,
        language="pl",
        name="Anna Nowak",
        email="anna@x",
        token=None,
        token_at=now,
        created_at=now,
        expires_at=now + timedelta(hours=1),
        revoked_at=None,
    )


@contextlib.contextmanager
def serving(rig: Rig, errors: list[str]) -> Iterator[PaneChannel]:
    """The channel on top of the rig's call service; `errors` gets the codes that are counted."""
    hub = EventHub(rig.database, rig.clock)
    rooms = AgentRooms(
        rig.database,
        hub,
        rig.clock,
        present=lambda _agent, _present, _returned: None,
        standing=lambda session: session,
    )
    try:
        yield PaneChannel(
            database=rig.database,
            rooms=rooms,
            verify=verify,
            sign_in=SignIn(),
            calls=rig.service,
            control=rig.service,
            tickets=TicketOffice(rig.clock, lambda: "ticket", rooms),
            clock=rig.clock,
            count_error=errors.append,
        )
    finally:
        rooms.stop()
        hub.stop()


@pytest.mark.parametrize("rig", DATABASES, indirect=True)
@settings(
    max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(text=st.one_of(commands(), ODD.map(json.dumps), ODD_TEXT))
def test_whatever_a_pane_sends_is_answered_and_never_an_accident(rig: Rig, text: str) -> None:
    errors: list[str] = []
    hello = json.dumps({"id": "hello", "type": "hello", "pane": "pane-one", "lastSeq": None, "focused": True})
    socket = Socket(hello, text)
    with serving(rig, errors) as channel:
        channel.serve(socket, session(rig))  # type: ignore[arg-type]  # what is used of a socket
        rig.executor.run()
    assert len(socket.said) == 2
    for said in socket.said:
        answer = json.loads(said.encode().decode(), parse_constant=pytest.fail)
        assert ("ok" in answer) is not ("error" in answer)
    assert "internal" not in errors

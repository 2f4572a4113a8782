"""What the relay does with a message without waiting, where the other side takes only a part of it."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from typing import TYPE_CHECKING, Self

import pytest
from prometheus_client import CollectorRegistry

from cti.proxy.metrics import RelayMetrics
from cti.proxy.phones import Phones
from cti.proxy.relay_session import Upstream
from cti.proxy.sip_relay import SipRelay
from cti.ws.frames import Opcode, apply_mask, frame, read_header
from tests.support.wait import until
from tests.unit.proxy.speaking import (
    ADMISSION,
    PREMIUM,
    VIA,
    Fence,
    Rules,
    Stored,
    fcc_answer,
    fcc_invite,
    fcc_request,
    invite,
    message,
    phone_answer,
    within,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cti.proxy.relay_session import RelaySession

OPTIONS = message("OPTIONS sip:acme.fcc.example SIP/2.0", Subject="x" * 6000)


class Side:
    """One side of a relay: `near` is the relay's end of the connection, `far` the other one."""

    def __init__(self) -> None:
        self.near, self.far = socket.socketpair()
        self.near.setblocking(False)
        self.far.setblocking(False)

    def fill(self) -> int:
        """Write until nothing more goes; how much went."""
        filled = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                filled += self.near.send(b"-" * 1000)
        return filled

    def take(self) -> bytes:
        """All that waits at the far end."""
        taken = b""
        with contextlib.suppress(BlockingIOError):
            while piece := self.far.recv(65536):
                taken += piece
        return taken


@pytest.fixture
def sides() -> Iterator[tuple[Side, Side]]:
    made = Side(), Side()
    yield made
    for side in made:
        side.near.close()
        side.far.close()


class Held:
    """FCC's side of a relay, which takes nothing until `gate` is open."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.reached, self.gate = threading.Event(), threading.Event()
        self.fileno, self.recv, self.shutdown, self.close = sock.fileno, sock.recv, sock.shutdown, sock.close

    def send(self, data: bytes) -> int:
        self.reached.set()
        assert self.gate.wait(20)
        return self._sock.send(data)


@pytest.fixture
def fence() -> Fence:
    return Fence()


@pytest.fixture
def relay(clock, fence) -> SipRelay:
    return SipRelay(
        connect=None,
        rules=Rules(),
        fences=fence,
        phones=Phones(Stored(), clock, run_soon=lambda save: save()),
        clock=clock,
        new_id=lambda: "id",
        random_bytes=bytes,
        metrics=RelayMetrics(CollectorRegistry()),
    )


@pytest.fixture
def session(relay, sides) -> RelaySession:
    phone, pbx = sides
    return relay.session(phone.near, Upstream(pbx.near, b""), ADMISSION)


def ways(session: RelaySession, sides: tuple[Side, Side]) -> dict:
    up, down = frame(Opcode.TEXT, OPTIONS, mask=b"mask"), frame(Opcode.TEXT, OPTIONS)
    return {
        "up": (session._pass_up_at_once, sides[1], up),
        "down": (session._downstream.carry_at_once, sides[0], down),
    }


@pytest.mark.parametrize("way", ["up", "down"])
def test_what_is_taken_at_once_leaves_nothing(session, sides, way):
    passing, side, data = ways(session, sides)[way]
    assert passing(data) == b""
    assert side.take() == data


@pytest.mark.parametrize("way", ["up", "down"])
def test_what_cannot_be_sent_now_is_left_whole(session, sides, way):
    passing, side, data = ways(session, sides)[way]
    filled = side.fill()
    assert passing(data) == data
    assert len(side.take()) == filled


@pytest.mark.parametrize("way", ["up", "down"])
def test_of_what_is_taken_in_part_the_rest_is_left(session, sides, way, monkeypatch):
    passing, side, data = ways(session, sides)[way]
    taker, taking = {"up": (session, "_write_up"), "down": (session._downstream, "_write")}[way]
    monkeypatch.setattr(taker, taking, lambda piece: side.near.send(piece[:1000]))
    left = passing(data)
    assert side.take() + left == data
    assert (session._unsent == left) is (way == "up")
    assert session._downstream.between is (way == "up")


def test_the_rest_of_a_message_follows_before_anything_else(session, sides, monkeypatch):
    up, next_one = (frame(Opcode.TEXT, each, mask=b"mask") for each in (OPTIONS, OPTIONS.replace(b"call-1", b"call-2")))
    monkeypatch.setattr(session, "_write_up", lambda piece: sides[1].near.send(piece[:1000]))

    @contextlib.contextmanager
    def reading(_stream, at_once):
        pieces = iter([at_once(up), next_one, b""])
        yield lambda: next(pieces)

    monkeypatch.setattr("cti.proxy.relay_session.pieces_of", reading)
    session._carry_up()
    assert sides[1].take() == up + next_one


def test_what_needs_an_answer_or_the_rules_is_left_to_those_who_may_wait(session, sides):
    for text in (
        message("INVITE sip:+48600100200@acme.fcc.example SIP/2.0", Subject="x" * 200),
        message("REGISTER sip:acme.fcc.example SIP/2.0", Subject="x" * 200),
        message("PUBLISH sip:acme.fcc.example SIP/2.0", Subject="x" * 200),
        b"no SIP at all" * 20,
    ):
        data = frame(Opcode.TEXT, text, mask=b"mask")
        assert session._pass_up_at_once(data) == data
    assert sides[1].take() == b""


def test_a_phone_is_not_silent_while_fcc_takes_nothing(relay, sides, clock):
    phone, pbx = sides
    pbx.near.settimeout(20)
    held = Held(pbx.near)
    session = relay.session(phone.near, Upstream(held, b""), ADMISSION)
    running = threading.Thread(target=session.run)
    running.start()
    said = frame(Opcode.TEXT, OPTIONS, mask=b"mask")
    phone.far.sendall(said)
    assert held.reached.wait(10)
    for _ in range(4):
        clock.advance(relay.limits.ping)
        session.tick(clock.monotonic())
    held.gate.set()
    until(lambda: select.select([pbx.far], [], [], 0)[0], 10)
    assert pbx.take().startswith(said)
    phone.far.close()
    running.join(10)
    assert not running.is_alive()


@contextlib.contextmanager
def running(relay: SipRelay, sides: tuple[Side, Side]) -> Iterator[RelaySession]:
    """A session that the relay runs in a thread of its own, looked after only when the test says so."""
    relay.keeper.stop()
    for side in sides:
        side.near.settimeout(20)
        side.far.settimeout(20)
    session = relay.session(sides[0].near, Upstream(sides[1].near, b""), ADMISSION)
    thread = threading.Thread(target=relay.run, args=[session])
    thread.start()
    until(lambda: session in relay._running, 10)
    yield session
    sides[1].far.close()
    sides[0].far.close()
    thread.join(10)
    assert not thread.is_alive()


def test_a_fault_while_phones_are_looked_after_ends_neither_pings_nor_the_cutting_of_the_silent(
    relay, sides, clock, monkeypatch
):
    monkeypatch.setattr(relay._phones, "save_soon", lambda: 1 / 0)
    with running(relay, sides):
        for number in (1, 2):
            assert relay.keeper.turn() == relay.limits.ping / 5
            assert relay.keeper.health().restarts == number
        clock.advance(relay.limits.ping)
        relay.keeper.turn()
        assert sides[0].far.recv(100) == frame(Opcode.PING, b"fcc-relay")
        clock.advance(relay.limits.ping)
        relay.keeper.turn()
        assert sides[0].far.recv(100) == b""


def test_one_phones_fault_is_not_the_others(relay, sides, clock, monkeypatch):
    others = Side(), Side()
    with running(relay, sides) as faulty, running(relay, others):
        monkeypatch.setattr(faulty, "_guard", None)
        clock.advance(relay.limits.ping)
        relay.keeper.turn()
        assert others[0].far.recv(100) == frame(Opcode.PING, b"fcc-relay")
        monkeypatch.undo()
    for side in others:
        side.near.close()


class Played:
    """A relay that runs in a thread of its own between a phone and FCC; everything said is waited for."""

    def __init__(self, relay: SipRelay, sides: tuple[Side, Side]) -> None:
        self._phone, self._pbx = sides
        for side in sides:
            side.near.settimeout(20)
            side.far.settimeout(20)
        self.session = relay.session(self._phone.near, Upstream(self._pbx.near, b""), ADMISSION)
        self._running = threading.Thread(target=self.session.run)

    def __enter__(self) -> Self:
        self._running.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._pbx.far.close()
        self._phone.far.close()
        self._running.join(10)
        assert not self._running.is_alive()

    def phone_says(self, data: bytes, **how) -> None:
        self._phone.far.sendall(frame(Opcode.TEXT, data, mask=b"mask", **how))

    def fcc_says(self, data: bytes) -> None:
        self._pbx.far.sendall(data)

    def hears_all_that_the_phone_says(self, data: bytes) -> None:
        """The phone sends so much, and FCC takes whatever comes of it, until the phone is cut off or all has gone."""

        def take() -> None:
            with contextlib.suppress(OSError):
                while self._pbx.far.recv(65536):
                    pass

        threading.Thread(target=take, daemon=True).start()
        with contextlib.suppress(OSError):
            self._phone.far.sendall(data)

    def fcc_gets(self) -> bytes:
        return next_text(self._pbx.far)

    def phone_gets(self) -> bytes:
        return next_text(self._phone.far)


def next_text(sock: socket.socket) -> bytes:
    """The payload of the next frame, unmasked."""
    data = b""
    while (header := read_header(data)) is None or len(data) < header.size + header.length:
        piece = sock.recv(1 if header is None else header.size + header.length - len(data))
        assert piece
        data += piece
    payload = data[header.size :]
    return payload if header.mask is None else apply_mask(payload, header.mask)


@contextlib.contextmanager
def played_between(relay: SipRelay) -> Iterator[Played]:
    """One more socket of the agent's."""
    made = Side(), Side()
    with Played(relay, made) as played:
        yield played
    for side in made:
        side.near.close()
        side.far.close()


class Endless:
    """A browser that sends without end."""

    def recv(self, size: int) -> bytes:
        return b"x" * size

    def settimeout(self, _seconds: float) -> None: ...

    def shutdown(self, _how: int) -> None: ...


@pytest.fixture
def played(relay, sides) -> Iterator[Played]:
    with Played(relay, sides) as made:
        yield made


def framed(text: bytes, way: str) -> list[bytes]:
    """What FCC says in one of the ways in which it may come."""
    whole = frame(Opcode.TEXT, text)
    return {
        "whole": [whole],
        "byte by byte": [whole[i : i + 1] for i in range(len(whole))],
        "in fragments": [
            frame(Opcode.TEXT, text[:10], fin=False),
            frame(Opcode.PING, b"between"),
            frame(Opcode.CONTINUATION, b"", fin=False),
            frame(Opcode.CONTINUATION, text[10:]),
        ],
        "as binary": [frame(Opcode.BINARY, text)],
        "after another": [frame(Opcode.TEXT, fcc_request("OPTIONS", call_id="o")) + whole],
    }[way]


@pytest.mark.parametrize("way", ["whole", "byte by byte", "in fragments", "as binary", "after another"])
def test_the_relay_learns_calls_from_fcc_however_it_comes(played, way):
    played.phone_says(invite(Call_ID="out-1"))
    assert played.fcc_gets() == invite(Call_ID="out-1")
    for piece in framed(fcc_answer("200 OK"), way):
        played.fcc_says(piece)
    got = b""
    while not got.endswith(fcc_answer("200 OK")[-40:]):
        got += played.phone_gets()
    played.phone_says(within("ACK"))
    assert played.fcc_gets() == within("ACK")


def test_a_call_that_fcc_makes_is_known_before_the_phone_answers(played):
    played.fcc_says(frame(Opcode.TEXT, fcc_invite()))
    assert played.phone_gets() == fcc_invite()
    played.phone_says(phone_answer("200 OK"))
    assert played.fcc_gets() == phone_answer("200 OK")
    played.phone_says(within("INVITE", call_id="in-1"))
    assert played.fcc_gets() == within("INVITE", call_id="in-1")


def test_a_call_that_nobody_knows_is_answered_by_the_relay(played):
    played.phone_says(within("INVITE", f"sip:{PREMIUM}@acme.fcc.example"))
    assert played.phone_gets().startswith(b"SIP/2.0 481 Call/Transaction Does Not Exist\r\nVia: " + VIA.encode())
    played.phone_says(OPTIONS)
    assert played.fcc_gets() == OPTIONS


def test_a_phone_whose_pane_is_gone_loses_its_socket(played, fence, clock):
    played.phone_says(OPTIONS)
    assert played.fcc_gets() == OPTIONS
    fence.lead = "over"
    played.session.tick(clock.monotonic())
    assert int.from_bytes(played.phone_gets()[:2]) == 1008


def test_a_call_that_is_up_keeps_the_socket_until_it_ends(played, fence, clock):
    played.phone_says(invite(Call_ID="out-1"))
    played.fcc_gets()
    played.fcc_says(frame(Opcode.TEXT, fcc_answer("200 OK")))
    played.phone_gets()
    fence.lead = "over"
    played.session.tick(clock.monotonic())
    played.phone_says(invite(Call_ID="another"))
    assert played.phone_gets().startswith(b"SIP/2.0 403 Forbidden")
    played.phone_says(within("BYE"))
    assert played.fcc_gets() == within("BYE")
    played.session.tick(clock.monotonic())
    assert int.from_bytes(played.phone_gets()[:2]) == 1008


def test_a_message_in_as_many_fragments_as_may_be_passes(played):
    pieces = [OPTIONS[:10], *[b""] * 62, OPTIONS[10:]]
    for number, piece in enumerate(pieces):
        opcode = Opcode.CONTINUATION if number else Opcode.TEXT
        played._phone.far.sendall(frame(opcode, piece, mask=b"mask", fin=number == 63))
    assert b"".join(played.fcc_gets() for _ in pieces) == OPTIONS


@pytest.mark.parametrize(
    ("opcode", "payload"),
    [(Opcode.TEXT, b""), (Opcode.TEXT, OPTIONS), (Opcode.PING, b"")],
    ids=["empty", "long", "ping"],
)
def test_an_agent_who_says_too_much_loses_each_socket_until_a_while_has_passed(relay, clock, opcode, payload):
    said = frame(opcode, payload, mask=b"mask")
    for again in (False, True):
        with played_between(relay) as played:
            played.hears_all_that_the_phone_says(said * (1 if again else 4001))
            assert int.from_bytes(played.phone_gets()[:2]) == 1008
    clock.advance(6)
    with played_between(relay) as played:
        played.phone_says(OPTIONS)
        assert played.fcc_gets() == OPTIONS


def test_who_goes_on_sending_after_the_goodbye_leaves_others_their_turn(session, clock, monkeypatch):
    turns = []
    monkeypatch.setattr("cti.proxy.relay_session.give_way", lambda: turns.append(clock.advance(0.5)))
    monkeypatch.setattr(session, "_browser", Endless())
    session._drain()
    assert len(turns) == 4


@pytest.mark.parametrize("piece", [b"", b"x"])
def test_a_message_in_more_fragments_ends_the_socket(played, piece):
    played.phone_says(b"O", fin=False)
    played._phone.far.sendall(frame(Opcode.CONTINUATION, piece, mask=b"mask", fin=False) * 64)
    assert int.from_bytes(played.phone_gets()[:2]) == 1009

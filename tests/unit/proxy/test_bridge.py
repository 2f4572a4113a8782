"""What the relay does with a message without waiting, where the other side takes only a part of it."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry

from cti.proxy.metrics import RelayMetrics
from cti.proxy.sip_relay import SipRelay, Upstream
from cti.ws.frames import Opcode, frame
from tests.support.wait import until
from tests.unit.proxy.test_guard import ADMISSION, Fence, Rules, message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cti.proxy.sip_relay import Bridge

BYE = message("BYE sip:x@10.0.0.1 SIP/2.0", To="<sip:x@y.example>;tag=far", Subject="x" * 6000)


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
def relay(clock) -> SipRelay:
    return SipRelay(
        connect=None,
        rules=Rules(),
        fences=Fence(),
        clock=clock,
        new_id=lambda: "id",
        random_bytes=bytes,
        metrics=RelayMetrics(CollectorRegistry()),
    )


@pytest.fixture
def bridge(relay, sides) -> Bridge:
    phone, pbx = sides
    return relay.bridge(phone.near, Upstream(pbx.near, b""), ADMISSION)


def ways(bridge: Bridge, sides: tuple[Side, Side]) -> dict:
    up, down = frame(Opcode.TEXT, BYE, mask=b"mask"), frame(Opcode.TEXT, BYE)
    return {"up": (bridge._pass_up_at_once, sides[1], up), "down": (bridge._pass_down_at_once, sides[0], down)}


@pytest.mark.parametrize("way", ["up", "down"])
def test_what_is_taken_at_once_leaves_nothing(bridge, sides, way):
    passing, side, data = ways(bridge, sides)[way]
    assert passing(data) == b""
    assert side.take() == data


@pytest.mark.parametrize("way", ["up", "down"])
def test_what_cannot_be_sent_now_is_left_whole(bridge, sides, way):
    passing, side, data = ways(bridge, sides)[way]
    filled = side.fill()
    assert passing(data) == data
    assert len(side.take()) == filled


@pytest.mark.parametrize("way", ["up", "down"])
def test_of_what_is_taken_in_part_the_rest_is_left(bridge, sides, way, monkeypatch):
    passing, side, data = ways(bridge, sides)[way]
    taking = {"up": "_write_up", "down": "_write_down"}[way]
    monkeypatch.setattr(bridge, taking, lambda piece: side.near.send(piece[:1000]))
    left = passing(data)
    assert side.take() + left == data
    assert (bridge._unsent == left) is (way == "up")
    assert bridge._tracker.between is (way == "up")


def test_the_rest_of_a_message_follows_before_anything_else(bridge, sides, monkeypatch):
    up, next_one = (frame(Opcode.TEXT, each, mask=b"mask") for each in (BYE, BYE.replace(b"call-1", b"call-2")))
    monkeypatch.setattr(bridge, "_write_up", lambda piece: sides[1].near.send(piece[:1000]))

    @contextlib.contextmanager
    def reading(self, _stream, at_once):
        pieces = iter([at_once(up), next_one, b""])
        yield lambda: next(pieces)

    monkeypatch.setattr(type(bridge), "_reading", reading)
    bridge._carry_up()
    assert sides[1].take() == up + next_one


def test_what_needs_an_answer_or_the_rules_is_left_to_those_who_may_wait(bridge, sides):
    for text in (
        message("INVITE sip:+48600100200@acme.fcc.example SIP/2.0", Subject="x" * 200),
        message("REGISTER sip:acme.fcc.example SIP/2.0", Subject="x" * 200),
        message("PUBLISH sip:acme.fcc.example SIP/2.0", Subject="x" * 200),
        b"no SIP at all" * 20,
    ):
        data = frame(Opcode.TEXT, text, mask=b"mask")
        assert bridge._pass_up_at_once(data) == data
    assert sides[1].take() == b""


def test_a_phone_is_not_silent_while_fcc_takes_nothing(relay, sides, clock):
    phone, pbx = sides
    pbx.near.settimeout(20)
    held = Held(pbx.near)
    bridge = relay.bridge(phone.near, Upstream(held, b""), ADMISSION)
    running = threading.Thread(target=bridge.run)
    running.start()
    said = frame(Opcode.TEXT, BYE, mask=b"mask")
    phone.far.sendall(said)
    assert held.reached.wait(10)
    for _ in range(4):
        clock.advance(relay.limits.ping)
        bridge.tick(clock.monotonic())
    held.gate.set()
    until(lambda: select.select([pbx.far], [], [], 0)[0], 10)
    assert pbx.take().startswith(said)
    phone.far.close()
    running.join(10)
    assert not running.is_alive()

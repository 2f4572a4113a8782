"""Reading in the event loop: what is left goes to the one who waits, and a flood is not all there is."""

from __future__ import annotations

import gevent
import pytest

from cti.ws.lane import Lane


class OverError(Exception):
    """The test has seen enough."""


@pytest.fixture
def ends():
    from gevent.socket import socketpair

    made = socketpair()
    yield made
    for each in made:
        each.close()


def lane_of(end, at_once, size=10, read=None) -> Lane:
    def reading(size: int) -> bytes:
        return end._sock.recv(size)

    return Lane(end.fileno(), read or reading, at_once, size=size)


def test_what_is_left_of_a_piece_goes_to_the_one_who_waits(ends):
    near, far = ends
    lane = lane_of(near, lambda data: data.strip(b"-"))
    far.sendall(b"-----")
    waiting = gevent.spawn(lane.receive)
    gevent.sleep(0)
    far.sendall(b"--a--")
    assert waiting.get(timeout=5) == b"a"
    far.close()
    assert lane.receive() == b""
    lane.close()


@pytest.mark.parametrize("fails_in", ["loop", "greenlet"])
def test_an_error_goes_to_the_one_who_waits(ends, fails_in):
    near, far = ends

    def fail(_data: bytes) -> bytes:
        raise OverError

    lane = lane_of(near, fail)
    if fails_in == "greenlet":
        far.sendall(b"a")
    waiting = gevent.spawn(lane.receive)
    gevent.sleep(0.01)
    if fails_in == "loop":
        far.sendall(b"a")
    with pytest.raises(OverError):
        waiting.get(timeout=5)
    lane.close()


def test_a_flood_leaves_others_their_turn(ends):
    seen = 0

    def count(_data: bytes) -> bytes:
        nonlocal seen
        seen += 1
        if others.ready() or seen > 10_000:
            raise OverError
        return b""

    lane = lane_of(ends[0], count, read=lambda size: b"x" * size)
    others = gevent.spawn(lambda: [gevent.sleep(0) for _ in range(5)])
    waiting = gevent.spawn(lane.receive)
    with pytest.raises(OverError):
        waiting.get(timeout=5)
    assert seen <= 1000
    lane.close()

"""The server's WebSocket: what a peer may cost it, told in frames and turns."""

from __future__ import annotations

import socket
import threading

import pytest

from cti.ws.connection import SocketClosedError, WebSocket
from tests.protocol.wire import encode


class Ends:
    """A WebSocket whose peer is the test; `faults` and `turns` are what it told."""

    def __init__(self) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.theirs.settimeout(5)
        self.faults: list[str] = []
        self.turns = self.events = 0
        self.ws = WebSocket(self.ours, ping_interval=5, give_way=self._turn, count_fault=self.faults.append)
        parsed = self.ws._incoming._parser.events

        def events():
            for event in parsed():
                self.events += 1
                yield event

        self.ws._incoming._parser.events = events

    def _turn(self) -> None:
        self.turns += 1

    def hear_all(self, data: bytes) -> tuple[list[str | bytes], int]:
        """Send `data` and the end of it; returns the messages, and with what the socket was closed."""

        def send() -> None:
            self.theirs.sendall(data)
            self.theirs.shutdown(socket.SHUT_WR)

        sending = threading.Thread(target=send)
        sending.start()
        heard: list[str | bytes] = []
        try:
            while True:
                heard.append(self.ws.receive())
        except SocketClosedError as end:
            return heard, end.code
        finally:
            sending.join(5)


@pytest.fixture
def ends():
    made = Ends()
    yield made
    made.ws.abort()
    made.ours.close()
    made.theirs.close()


FIRST = encode(1, b"", fin=False)


@pytest.mark.parametrize(
    ("data", "most", "code", "fault"),
    [
        pytest.param(FIRST + encode(0, fin=False) * 20_000, 65, 1008, "fragments", id="empty fragments"),
        pytest.param(FIRST + encode(0, b"x", fin=False) * 20_000, 65, 1008, "fragments", id="small fragments"),
        pytest.param(encode(1) * 20_000, 1001, 1008, "frames", id="empty messages"),
        pytest.param(encode(10) * 20_000, 101, 1008, "controls", id="pongs"),
        pytest.param(encode(1, b"x" * 70_000), 20, 1009, "too-big", id="a big message"),
        pytest.param(encode(2, b"x" * 100, mask=False) * 1000, 1, 1002, "protocol", id="no mask"),
        pytest.param(encode(1, b"\xff") * 1000, 1, 1007, "text", id="no UTF-8"),
    ],
)
def test_what_a_peer_does_wrong_costs_little_and_is_told_once(ends, data, most, code, fault):
    heard, closed = ends.hear_all(data)
    assert closed == code
    assert ends.faults == [fault]
    assert ends.events <= most
    assert len(heard) <= 1000


def test_controls_between_the_fragments_do_not_make_them_more(ends):
    data = FIRST + (encode(0, b"x", fin=False) + encode(9)) * 62 + encode(0, b"y")
    heard, _ = ends.hear_all(data)
    assert heard == ["x" * 62 + "y"]
    assert ends.faults == []


def test_others_have_their_turn_after_each_read_and_before_each_message_that_waited(ends):
    heard, _ = ends.hear_all(encode(1, b"x" * 60_000) + encode(1, b"y") * 100)
    assert len(heard) == 101
    assert ends.turns >= 100


def test_a_pane_that_works_fast_is_never_cut_off(ends):
    """150 commands in ten seconds are more than a pane may send; each may come in a few fragments."""
    one = encode(1, b"a", fin=False) + encode(0, b"b", fin=False) + encode(0, b"c")
    heard, closed = ends.hear_all(one * 150)
    assert heard == ["abc"] * 150
    assert closed == 1006
    assert ends.faults == []


def test_who_was_told_goodbye_is_counted_on_but_not_listened_to(ends):
    ends.ws.close(1000)
    heard, closed = ends.hear_all(encode(1, b"x" * 70_000) + encode(1, b"") * 2000)
    assert (heard, closed) == ([], 1000)
    assert ends.faults == ["frames"]
    assert ends.ws._incoming._parts == []

"""Following FCC's frames, and the messages in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.proxy.listening import MOST_FRAGMENTS, Listener
from cti.ws.frames import FrameError, Opcode, frame


def heard(listener: Listener, pieces: list[bytes]) -> list[bytes]:
    return [message for piece in pieces for message in listener.feed(piece)[1]]


@given(
    st.lists(st.tuples(st.lists(st.binary(max_size=400), min_size=1, max_size=4), st.booleans()), max_size=5),
    st.lists(st.integers(1, 300), max_size=40),
)
def test_messages_come_out_whole_however_the_stream_is_cut(messages, cuts):
    stream, ends = b"", {0}
    for parts, pinged in messages:
        for number, part in enumerate(parts):
            opcode = Opcode.CONTINUATION if number else Opcode.TEXT
            stream += frame(opcode, part, fin=number == len(parts) - 1)
            ends.add(len(stream))
            if pinged:
                stream += frame(Opcode.PING, b"ping")
                ends.add(len(stream))
    listener, at, got = Listener(10_000), 0, []
    while at < len(stream):
        size = cuts.pop() if cuts else 64
        boundary, found = listener.feed(stream[at : at + size])
        got += found
        assert boundary == max((end - at for end in ends if at < end <= at + size), default=0)
        at = min(at + size, len(stream))
        assert listener.between is (at in ends)
    assert got == [b"".join(parts) for parts, _ in messages]
    assert listener.idle
    assert not listener.closed


def test_fccs_goodbye_is_noticed():
    listener = Listener(100)
    assert heard(listener, [frame(Opcode.TEXT, b"a") + frame(Opcode.CLOSE, b"")]) == [b"a"]
    assert listener.closed


@pytest.mark.parametrize(
    "stream",
    [
        frame(Opcode.TEXT, b"x" * 101),
        frame(Opcode.TEXT, b"x" * 60, fin=False) + frame(Opcode.CONTINUATION, b"x" * 60),
        frame(Opcode.TEXT, b"", fin=False) + frame(Opcode.CONTINUATION, b"", fin=False) * MOST_FRAGMENTS,
        frame(Opcode.CONTINUATION, b"x"),
        frame(Opcode.TEXT, b"x", fin=False) + frame(Opcode.TEXT, b"x"),
        frame(Opcode.TEXT, b"x", mask=b"mask"),
        b"\xff\x05hello",
    ],
    ids=["too long", "too long in fragments", "too many", "of nothing", "a start inside", "masked", "no frame"],
)
def test_what_is_no_message_of_fccs_ends_it(stream):
    with pytest.raises(FrameError):
        Listener(100).feed(stream)
    listener = Listener(100)
    with pytest.raises(FrameError):
        heard(listener, [stream[i : i + 1] for i in range(len(stream))])


def test_as_many_fragments_as_may_be_are_one_message():
    pieces = [frame(Opcode.TEXT, b"a", fin=False)]
    pieces += [
        frame(Opcode.CONTINUATION, b"b", fin=number == MOST_FRAGMENTS - 2) for number in range(MOST_FRAGMENTS - 1)
    ]
    assert heard(Listener(100), pieces) == [b"a" + b"b" * (MOST_FRAGMENTS - 1)]

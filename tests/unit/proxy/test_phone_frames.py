"""Following the phone's frames, and putting its messages together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.proxy.listening import MOST_FRAGMENTS
from cti.proxy.phone_frames import PhoneFrames, Said
from cti.ws.frames import CloseCode, FrameError, Opcode, frame


def masked(opcode: int, payload: bytes, *, fin: bool = True) -> bytes:
    return frame(opcode, payload, mask=b"mask", fin=fin)


def said(frames: PhoneFrames, pieces: list[bytes]) -> list[Said]:
    return [each for piece in pieces for each in frames.feed(piece)]


@given(
    st.lists(st.tuples(st.lists(st.binary(max_size=400), min_size=1, max_size=4), st.booleans()), max_size=5),
    st.lists(st.integers(1, 300), max_size=40),
)
def test_messages_come_out_whole_and_as_they_came_however_the_stream_is_cut(messages, cuts):
    stream, expected, sizes = b"", [], []
    for parts, pinged in messages:
        raw = b""
        for number, part in enumerate(parts):
            piece = masked(Opcode.CONTINUATION if number else Opcode.TEXT, part, fin=number == len(parts) - 1)
            sizes.append(len(piece))
            stream += piece
            raw += piece
            if pinged:
                ping = masked(Opcode.PING, b"ping")
                sizes.append(len(ping))
                stream += ping
                expected.append((b"ping", ping))
        expected.insert(len(expected) - pinged, (b"".join(parts), raw))
    counted: list[int] = []
    frames = PhoneFrames(10_000, lambda size: counted.append(size) is None)
    got, at = [], 0
    while at < len(stream):
        size = cuts.pop() if cuts else 64
        got += [(each.payload, each.raw) for each in said(frames, [stream[at : at + size]])]
        at += size
    assert got == expected
    assert counted == sizes


def test_one_message_is_told_at_once_only_where_it_follows_on_whole_ones():
    frames = PhoneFrames(10_000, lambda _size: True)
    whole = masked(Opcode.TEXT, b"x" * 200)
    assert frames.message_in(whole) == b"x" * 200
    assert frames.message_in(whole + whole) is None
    assert frames.message_in(frame(Opcode.TEXT, b"x" * 200)) is None
    assert PhoneFrames(199, lambda _size: True).message_in(whole) is None
    for beginning, end in (
        (whole[:3], whole[3:]),
        (masked(Opcode.TEXT, b"", fin=False), masked(Opcode.CONTINUATION, b"")),
    ):
        assert list(frames.feed(beginning)) == []
        assert frames.message_in(whole) is None
        assert len(list(frames.feed(end))) == 1
        assert frames.message_in(whole) == b"x" * 200


@pytest.mark.parametrize(
    ("stream", "code"),
    [
        (masked(Opcode.TEXT, b"x" * 101), CloseCode.TOO_BIG),
        (masked(Opcode.TEXT, b"x" * 60, fin=False) + masked(Opcode.CONTINUATION, b"x" * 60), CloseCode.TOO_BIG),
        (
            masked(Opcode.TEXT, b"", fin=False) + masked(Opcode.CONTINUATION, b"", fin=False) * MOST_FRAGMENTS,
            CloseCode.TOO_BIG,
        ),
        (masked(Opcode.CONTINUATION, b"x"), CloseCode.PROTOCOL_ERROR),
        (masked(Opcode.TEXT, b"x", fin=False) + masked(Opcode.TEXT, b"x"), CloseCode.PROTOCOL_ERROR),
        (frame(Opcode.TEXT, b"x"), CloseCode.PROTOCOL_ERROR),
        (b"\xff\x85mask", CloseCode.PROTOCOL_ERROR),
    ],
    ids=["too long", "too long in fragments", "too many", "of nothing", "a start inside", "not masked", "no frame"],
)
def test_what_is_no_message_of_a_phones_ends_it(stream, code):
    for pieces in ([stream], [stream[i : i + 1] for i in range(len(stream))]):
        frames = PhoneFrames(100, lambda _size: True)
        with pytest.raises(FrameError) as error:
            said(frames, pieces)
        assert error.value.code == code


def test_a_phone_that_may_say_no_more_is_told_so_before_what_it_said_is_read():
    frames = PhoneFrames(100, lambda _size: False)
    with pytest.raises(FrameError) as error:
        next(frames.feed(masked(Opcode.PING, b"")))
    assert error.value.code == CloseCode.POLICY

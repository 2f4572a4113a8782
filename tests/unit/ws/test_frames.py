"""Frames as bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.ws.frames import Opcode, apply_mask, close_frame, frame, read_header, whole_text
from cti.ws.handshake import accept_value, same_origin

PAYLOADS = st.one_of(st.binary(max_size=200), st.sampled_from([126, 65535, 65536, 70000]).map(bytes))
FRAMES = st.lists(
    st.one_of(
        st.builds(lambda p, f: frame(Opcode.TEXT, p, fin=f), PAYLOADS, st.booleans()),
        st.builds(lambda p: frame(Opcode.PING, p), st.binary(max_size=125)),
    ),
    min_size=1,
    max_size=5,
)


@given(st.binary(max_size=300), st.binary(min_size=4, max_size=4))
def test_a_mask_undoes_itself(payload, mask):
    assert apply_mask(apply_mask(payload, mask), mask) == payload
    made = frame(Opcode.BINARY, payload, mask=mask)
    header = read_header(made)
    assert header is not None
    assert (header.length, header.mask, header.size + header.length) == (len(payload), mask, len(made))


@given(FRAMES, st.sampled_from([None, b"mask"]), st.binary(max_size=3), st.booleans())
def test_one_whole_text_is_told_from_everything_else(frames, mask, behind, cut):
    first = read_header(frames[0])
    payload = frames[0][first.size :]
    one = frame(first.opcode, payload, mask=mask, fin=first.fin)
    data = one + b"".join(frames[1:]) + behind
    data = data[:-1] if cut else data
    whole = data == one and first.opcode == Opcode.TEXT and first.fin and 126 <= len(payload) <= 65535
    head = whole_text(data, masked=mask is not None)
    assert head == ((8 if mask else 4) if whole else 0)
    assert not whole_text(data, masked=mask is None)


@pytest.mark.parametrize("code", [1005, 1006])
def test_codes_that_must_never_travel_do_not(code):
    assert close_frame(code) == b"\x88\x00"


def test_a_long_reason_is_cut_between_letters():
    made = close_frame(4401, "ż" * 100)
    assert len(made) <= 127
    made[4:].decode()


def test_the_key_of_the_rfc_is_answered_as_the_rfc_says():
    assert accept_value("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("https://a.example", "https://A.example:443", True),
        ("http://a.example:80", "http://a.example", True),
        ("http://a.example", "https://a.example", False),
        ("https://a.example.evil", "https://a.example", False),
        ("null", "null", False),
        ("https://a.example/x", "https://a.example", False),
        ("https://u@a.example", "https://a.example", False),
    ],
)
def test_origins_are_compared_as_origins(one, two, same):
    assert same_origin(one, two) is same

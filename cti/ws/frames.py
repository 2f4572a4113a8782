"""WebSocket frames as bytes. Source: RFC 6455, section 5.2, Base Framing Protocol."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple


class Opcode(IntEnum):
    """What a frame is."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class CloseCode(IntEnum):
    """Why a socket is closed. Source: RFC 6455, section 7.4.1, and the IANA registry of close codes; 44xx are ours."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    NO_STATUS = 1005
    ABNORMAL = 1006
    INVALID_DATA = 1007
    POLICY = 1008
    TOO_BIG = 1009
    INTERNAL = 1011
    RESTART = 1012
    TOO_SLOW = 1013
    SESSION_OVER = 4401
    REFUSED = 4403


class FrameError(Exception):
    """The peer sent what is not a frame, or a bigger one than allowed; `code` is what the socket is closed with."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


_SHORT = 125
_MEDIUM = 0xFFFF
_CONTROL = 8


def frame(opcode: int, payload: bytes, *, mask: bytes | None = None, fin: bool = True) -> bytes:
    """One frame around `payload`; masked when `mask` (4 bytes) is given, as clients must."""
    first = (0x80 if fin else 0) | opcode
    masked = 0 if mask is None else 0x80
    size = len(payload)
    if size <= _SHORT:
        head = struct.pack("!BB", first, masked | size)
    elif size <= _MEDIUM:
        head = struct.pack("!BBH", first, masked | 126, size)
    else:
        head = struct.pack("!BBQ", first, masked | 127, size)
    return head + payload if mask is None else head + mask + apply_mask(payload, mask)


def text_frame(text: str) -> bytes:
    """`text` as one unmasked text frame."""
    return frame(Opcode.TEXT, text.encode())


def close_frame(code: int, reason: str = "") -> bytes:
    """An unmasked close frame; 1005 and 1006, which must never travel, become an empty one."""
    return frame(Opcode.CLOSE, close_payload(code, reason))


def close_payload(code: int, reason: str = "") -> bytes:
    """The body of a close frame: nothing for 1005 and 1006, else the code and as much of the reason as fits."""
    if code in {CloseCode.NO_STATUS, CloseCode.ABNORMAL}:
        return b""
    return struct.pack("!H", code) + reason.encode()[:123].decode(errors="ignore").encode()


def apply_mask(payload: bytes, mask: bytes) -> bytes:
    """`payload` XOR the repeated 4-byte `mask`; the same call masks and unmasks."""
    if not payload:
        return b""
    size = len(payload)
    repeated = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(repeated, "little")).to_bytes(size, "little")


class Header(NamedTuple):
    """A frame's head: `size` is that of the head itself, `length` that of the payload, both in bytes."""

    opcode: int
    fin: bool
    mask: bytes | None
    length: int
    size: int

    @property
    def is_control(self) -> bool:
        """Whether the frame is a close, ping or pong."""
        return self.opcode >= _CONTROL


def read_header(data: bytes | bytearray, offset: int = 0) -> Header | None:
    """The head that begins at `offset`, or None while it is not there whole.

    Raises FrameError (1002) for reserved bits and opcodes, a fragmented or long control frame.
    """
    available = len(data) - offset
    if available < 2:  # noqa: PLR2004 - the two bytes every frame has
        return None
    first, second = data[offset], data[offset + 1]
    opcode, fin, length = first & 0x0F, bool(first & 0x80), second & 0x7F
    if first & 0x70:
        raise FrameError(CloseCode.PROTOCOL_ERROR, "reserved bit")
    if opcode not in _OPCODES:
        raise FrameError(CloseCode.PROTOCOL_ERROR, "reserved opcode")
    if opcode >= _CONTROL and (not fin or length > _SHORT):
        raise FrameError(CloseCode.PROTOCOL_ERROR, "bad control frame")
    size = 2
    if length > _SHORT:
        wide = 2 if length == 126 else 8  # noqa: PLR2004 - the two marks of longer lengths
        if available < size + wide:
            return None
        length = int.from_bytes(data[offset + 2 : offset + 2 + wide], "big")
        size += wide
    mask = None
    if second & 0x80:
        if available < size + 4:
            return None
        mask = bytes(data[offset + size : offset + size + 4])
        size += 4
    return Header(opcode, fin, mask, length, size)


_OPCODES = frozenset(Opcode)
_MEDIUM_HEAD = struct.Struct("!BBH")


def whole_text(data: bytes, *, masked: bool) -> int:
    """The size of the head (bytes) when `data` is one whole text frame of 126 to 65,535 bytes and nothing else, or 0.

    What SIP over WebSocket nearly always looks like, told in one step.
    """
    size = 8 if masked else 4
    if len(data) <= size:
        return 0
    first, second, length = _MEDIUM_HEAD.unpack_from(data)
    return size if first == 0x81 and second == (0xFE if masked else 0x7E) and length == len(data) - size else 0  # noqa: PLR2004

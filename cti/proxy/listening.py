"""Listening in on what FCC sends, while it is passed on as it comes. Source: RFC 6455, section 5."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cti.ws.frames import CloseCode, FrameError, Opcode, read_header

if TYPE_CHECKING:
    from cti.ws.frames import Header

MOST_FRAGMENTS = 64
"""So many frames may make up one message."""
_HEAD = 14
"""The longest head of a frame."""


class Listener:
    """Follows frame boundaries in FCC's stream and puts its messages together.

    `limit` is the longest message allowed (bytes). After `feed`, `between` says whether the stream now stands between
    two frames, and `closed` whether FCC has said goodbye. For one thread at a time.

    - `_head`: the beginning of a frame's head whose end has not come; `_rest`: so many bytes of a frame have to come.
    - `_is_data`, `_final`: whether that frame is part of a message, and its last one.
    - `_parts`, `_size`, `_fragments`: the message that has begun: its pieces, its frames' bytes and number.
    """

    __slots__ = ("_final", "_fragments", "_head", "_is_data", "_limit", "_parts", "_rest", "_size", "closed")

    def __init__(self, limit: int) -> None:
        self.closed = False
        self._limit = limit
        self._rest = 0
        self._head = b""
        self._final = self._is_data = False
        self._parts: list[bytes] = []
        self._size = self._fragments = 0

    @property
    def between(self) -> bool:
        """Whether everything fed so far ended with the end of a frame."""
        return not self._rest and not self._head

    @property
    def idle(self) -> bool:
        """Whether everything fed so far ended with the end of a message."""
        return not self._rest and not self._head and not self._fragments

    def feed(self, data: bytes) -> tuple[int, list[bytes]]:
        """Follow `data`: how many of its bytes, from its start, end with a frame's end, and the messages that ended.

        Raises FrameError for what is no frame, for masking, which FCC must not do, and for a message above the limit or
        in too many fragments (1009).
        """
        position, boundary, size = 0, 0, len(data)
        messages: list[bytes] = []
        while position < size:
            if not self._rest:
                carried = len(self._head)
                source = self._head + data[position : position + _HEAD] if carried else data
                header_at = 0 if carried else position
                header = read_header(source, header_at)
                if header is None:
                    self._head = source[header_at:]
                    break
                self._head = b""
                self._begin(header)
                position += header.size - carried
            taken = min(self._rest, size - position)
            if self._is_data:
                self._parts.append(data[position : position + taken])
            position += taken
            self._rest -= taken
            if self._rest:
                break
            boundary = position
            if self._is_data and self._final:
                messages.append(b"".join(self._parts))
                self._parts, self._size, self._fragments = [], 0, 0
        return boundary, messages

    def _begin(self, header: Header) -> None:
        if header.mask is not None:
            raise FrameError(CloseCode.PROTOCOL_ERROR, "wrong masking")
        self._rest = header.length
        self._is_data = not header.is_control
        if header.is_control:
            self.closed = self.closed or header.opcode == Opcode.CLOSE
            return
        if (header.opcode == Opcode.CONTINUATION) is not (self._fragments > 0):
            raise FrameError(CloseCode.PROTOCOL_ERROR, "fragments out of order")
        self._final = header.fin
        self._size += header.length
        self._fragments += 1
        if self._size > self._limit or self._fragments > MOST_FRAGMENTS:
            raise FrameError(CloseCode.TOO_BIG, "message is too big")

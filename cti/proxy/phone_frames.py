"""Reading the frames that a phone sends, and putting its messages together. Source: RFC 6455, section 5."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cti.proxy.listening import MOST_FRAGMENTS
from cti.ws.frames import CloseCode, FrameError, Opcode, apply_mask, read_header, whole_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Said(NamedTuple):
    """A message or a control frame: what it is, what it says, and the bytes in which it came, masks and all."""

    opcode: int
    payload: bytes
    raw: bytes


class PhoneFrames:
    """One phone's stream, for the thread that reads it.

    `limit` is the longest message allowed (bytes). `may_say` is asked with the size of each frame whether the phone may
    say that too.

    - `_buffer`: the beginning of a frame whose end has not come.
    - `_started`: a message has begun and has not ended; what comes next continues it, but for control frames.
    - `_message`, `_raw`, `_fragments`: what it says so far, the bytes in which that came, and in how many frames.
    """

    __slots__ = ("_buffer", "_fragments", "_limit", "_may_say", "_message", "_raw", "_started")

    def __init__(self, limit: int, may_say: Callable[[int], bool]) -> None:
        self._limit = limit
        self._may_say = may_say
        self._buffer = b""
        self._started = False
        self._message = self._raw = b""
        self._fragments = 0

    def message_in(self, data: bytes) -> bytes | None:
        """What `data` says when it is one whole message that follows on whole ones, as nearly all come, else None."""
        size = 0 if self._buffer or self._started else whole_text(data, masked=True)
        if not size or len(data) - size > self._limit:
            return None
        return apply_mask(data[size:], data[size - 4 : size])

    def count(self, raw: bytes) -> None:
        """Count a frame; raises FrameError (1008) when the phone has said too much."""
        if not self._may_say(len(raw)):
            raise FrameError(CloseCode.POLICY, "too much")

    def feed(self, data: bytes) -> Iterator[Said]:
        """The messages that end in `data` and its control frames, in their order.

        Raises FrameError for what is no frame of a client's, for a message above the limit or in too many fragments
        (1009), and when the phone has said too much (1008).
        """
        message = self.message_in(data)
        if message is not None:
            self.count(data)
            yield Said(Opcode.TEXT, message, data)
            return
        buffer = self._buffer + data if self._buffer else data
        position = 0
        try:
            while (header := read_header(buffer, position)) is not None:
                if header.mask is None:
                    raise FrameError(CloseCode.PROTOCOL_ERROR, "not masked")
                if header.length + len(self._message) > self._limit:
                    raise FrameError(CloseCode.TOO_BIG, "message is too big")
                end = position + header.size + header.length
                if end > len(buffer):
                    break
                raw = buffer[position:end]
                self.count(raw)
                position = end
                said = Said(header.opcode, apply_mask(raw[header.size :], header.mask), raw)
                if header.is_control:
                    yield said
                elif (whole := self._join(said, header.fin)) is not None:
                    yield whole
        finally:
            self._buffer = buffer[position:]

    def _join(self, said: Said, fin: bool) -> Said | None:
        """The message that a frame ends, None when more of it has to come."""
        if (said.opcode == Opcode.CONTINUATION) is not self._started:
            raise FrameError(CloseCode.PROTOCOL_ERROR, "fragments out of order")
        self._started = not fin
        if fin and not self._raw:
            return said
        self._fragments += 1
        if self._fragments > MOST_FRAGMENTS:
            raise FrameError(CloseCode.TOO_BIG, "too many fragments")
        self._message += said.payload
        self._raw += said.raw
        if not fin:
            return None
        whole = Said(said.opcode, self._message, self._raw)
        self._message, self._raw, self._fragments = b"", b"", 0
        return whole

"""What a peer sends over a WebSocket, put together into messages, and how much of it is borne.

Source: RFC 6455, sections 5.4 (fragments), 5.5 (controls) and 8.1 (UTF-8).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import CloseConnection, Event, Message, Ping, Pong, TextMessage
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from cti.ws.frames import CloseCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_WINDOW_S = 10.0


@dataclass(frozen=True)
class Limits:
    """What a peer may send: bytes in a message, frames in a message, frames and controls among them in ten seconds."""

    message: int = 64 * 1024
    fragments: int = 64
    frames: int = 1000
    controls: int = 100


@dataclass(frozen=True)
class Pinged:
    """The peer wants a pong with this payload."""

    payload: bytes


@dataclass(frozen=True)
class Closed:
    """The peer says goodbye with `code`, or has to be told it because of a `fault`: nothing behind it is read."""

    code: int
    fault: str = ""


class _FaultError(Exception):
    def __init__(self, code: int, fault: str) -> None:
        super().__init__(fault)
        self.closed = Closed(code, fault)


class Incoming:
    """One peer's stream, for one thread at a time.

    - `_parser`: where the stream stands, frame by frame.
    - `_frames`, `_controls`: how many have come since `_window_since` (monotonic seconds).
    - `_parts`, `_size`, `_fragments`: the message that has begun: its pieces, their bytes, its frames that ended.
    - `_ignoring`: nobody wants messages any more.
    """

    def __init__(self, limits: Limits, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._monotonic = monotonic
        self._parser = Connection(ConnectionType.SERVER)
        self._frames = self._controls = 0
        self._window_since = monotonic()
        self._parts: list[Any] = []
        self._size = self._fragments = 0
        self._ignoring = False

    def ignore_messages(self) -> None:
        """Put no more messages together; how many frames come is still counted."""
        self._ignoring = True
        self._parts = []

    def feed(self, data: bytes) -> Iterator[str | bytes | Pinged | Closed]:
        """What ends in `data`, in its order: messages, pings, and at last how the stream ends, if it does.

        Not to be called again after a `Closed`, nor gone on with.
        """
        try:
            self._parser.receive_data(data)
            for event in self._parser.events():
                if isinstance(event, CloseConnection):
                    yield self._end(event)
                    return
                self._count(event)
                if isinstance(event, Ping):
                    yield Pinged(bytes(event.payload))
                elif isinstance(event, Message) and not self._ignoring and (whole := self._join(event)) is not None:
                    yield whole
        except _FaultError as error:
            yield error.closed
        except (RemoteProtocolError, LocalProtocolError):
            yield Closed(CloseCode.PROTOCOL_ERROR, "protocol")

    def _end(self, event: CloseConnection) -> Closed:
        if self._parser.state is not ConnectionState.OPEN:
            return Closed(event.code)
        # The peer has not closed: this is how the parser tells what is no frame, or no UTF-8.
        return Closed(event.code, "text" if event.code == CloseCode.INVALID_DATA else "protocol")

    def _count(self, event: Event) -> None:
        """Count a frame, or the piece of one that has come."""
        now = self._monotonic()
        if now - self._window_since > _WINDOW_S:
            self._frames, self._controls, self._window_since = 0, 0, now
        self._frames += 1
        self._controls += isinstance(event, Ping | Pong)
        if self._controls > self._limits.controls:
            raise _FaultError(CloseCode.POLICY, "controls")
        if self._frames > self._limits.frames:
            raise _FaultError(CloseCode.POLICY, "frames")

    def _join(self, event: Message[Any]) -> str | bytes | None:
        """The message that ends with a piece, None when more of it has to come."""
        data = event.data
        self._size += len(data.encode()) if isinstance(data, str) else len(data)
        self._fragments += event.frame_finished
        if self._size > self._limits.message:
            raise _FaultError(CloseCode.TOO_BIG, "too-big")
        if self._fragments > self._limits.fragments:
            raise _FaultError(CloseCode.POLICY, "fragments")
        if data:
            self._parts.append(data)
        if not event.message_finished:
            return None
        whole = "".join(self._parts) if isinstance(event, TextMessage) else b"".join(self._parts)
        self._parts, self._size, self._fragments = [], 0, 0
        return whole

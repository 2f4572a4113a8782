"""Every open socket of this process: for the count, for a cap per person, and for closing all of them in time."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Protocol

from cti.ws.errors import ConnectingTooOftenError, ShuttingDownError, TooManySocketsError
from cti.ws.frames import CloseCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cti.ws.allowance import Allowance


class Closable(Protocol):
    """An open socket. Neither method may wait."""

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Say goodbye with `code` as soon as the stream allows it."""
        ...

    def abort(self) -> None:
        """Cut the connection."""
        ...


class Slot:
    """A place in the registry, taken before the handshake is answered."""

    def __init__(self, kind: str, owner: str) -> None:
        self.kind = kind
        self.owner = owner
        self.socket: Closable | None = None


class SocketRegistry:
    """The open sockets of one process; safe to share between threads.

    `per_owner` is how many sockets of one kind a person may have open, `openings` how often they may open one; None
    sets no bound to that.
    """

    def __init__(
        self,
        *,
        per_owner: int = 16,
        openings: Allowance | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_owner = per_owner
        self._openings = openings
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._slots: set[Slot] = set()
        self._owned: Counter[tuple[str, str]] = Counter()
        self._closing = False
        self._code: int = CloseCode.RESTART

    def count(self, kind: str | None = None) -> int:
        """How many sockets are open, of one kind or of all."""
        with self._lock:
            return sum(1 for slot in self._slots if kind is None or slot.kind == kind)

    @contextlib.contextmanager
    def slot(self, kind: str, owner: str) -> Iterator[Slot]:
        """Hold a place for one socket of `owner` while the block lasts.

        Raises TooManySocketsError when the owner has no place left, ConnectingTooOftenError when they open sockets
        without end, and ShuttingDownError when the process is ending.
        """
        if self._openings is not None and not self._openings.take(f"{kind}:{owner}"):
            raise ConnectingTooOftenError
        slot = Slot(kind, owner)
        with self._lock:
            if self._closing:
                raise ShuttingDownError
            if self._owned[kind, owner] >= self._per_owner:
                raise TooManySocketsError
            self._owned[kind, owner] += 1
            self._slots.add(slot)
        try:
            yield slot
        finally:
            with self._lock:
                self._slots.discard(slot)
                self._owned[kind, owner] -= 1
                if not self._owned[kind, owner]:
                    del self._owned[kind, owner]

    def bind(self, slot: Slot, socket: Closable) -> None:
        """Put the opened socket in its place; it is closed at once when the process began to end meanwhile."""
        with self._lock:
            slot.socket = socket
            late = self._closing
        if late:
            socket.close(self._code)

    def close_all(self, code: int = CloseCode.RESTART, *, grace: float = 0.9) -> bool:
        """Close every socket with `code`, take no new ones, and cut those still there after `grace` seconds.

        Returns whether all of them went by themselves. May be called from any thread, also more than once.
        """
        with self._lock:
            self._closing = True
            self._code = code
            sockets = [slot.socket for slot in self._slots if slot.socket is not None]
        for one in sockets:
            one.close(code, "restart")
        deadline = self._monotonic() + grace
        while self.count() and self._monotonic() < deadline:
            time.sleep(0.02)
        with self._lock:
            left = [slot.socket for slot in self._slots if slot.socket is not None]
        for one in left:
            one.abort()
        return not left

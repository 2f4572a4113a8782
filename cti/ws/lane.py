"""Reading a socket inside gevent's event loop, as far as what came can be dealt with at once.

A greenlet that waits for its socket is switched to for each piece, which costs more than passing most pieces on. So
the loop itself does what needs no waiting, and the greenlet gets the rest, in order: while it works, the loop does not
read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gevent import sleep
from gevent.hub import Waiter, get_hub
from gevent.monkey import is_module_patched

from cti.ws.turns import TURN_S

if TYPE_CHECKING:
    from collections.abc import Callable

_READ = 1
#: So many pieces of one socket, then the others' turn.
_MOST_AT_ONCE = 16


def lanes_work() -> bool:
    """Whether sockets wait in gevent's loop here; in a plain thread they do not."""
    return bool(is_module_patched("socket"))


class Lane:
    """One socket's reading side, for one greenlet.

    `read` gives what is there, `size` bytes at most and none at the end, and raises BlockingIOError when nothing is.
    `at_once` does with a piece what it can without waiting and gives what is left of it; it may run in the event loop.
    """

    __slots__ = ("_at_once", "_full", "_read", "_size", "_watcher")

    def __init__(
        self, fileno: int, read: Callable[[int], bytes], at_once: Callable[[bytes], bytes], *, size: int
    ) -> None:
        self._read = read
        self._at_once = at_once
        self._size = size
        # TLS may hold more than was asked for, of which the descriptor knows nothing.
        self._full = True
        self._watcher = get_hub().loop.io(fileno, _READ)

    def receive(self) -> bytes:
        """Wait for what cannot be dealt with at once; empty at the end. Raises what `read` or `at_once` raise."""
        left: bytes | None = None
        while left is None:
            if self._full:
                left = self._step()
                sleep(TURN_S)
            else:
                left = self._wait()
        return left

    def _wait(self) -> bytes | None:
        waiter: Waiter[bytes | None] = Waiter()
        self._watcher.start(self._readable, waiter)
        try:
            left: bytes | None = waiter.get()
        finally:
            self._watcher.stop()
        return left

    def close(self) -> None:
        """Let go of the descriptor, before it is closed."""
        self._watcher.stop()
        self._watcher.close()

    def _step(self) -> bytes | None:
        """Read and do what can be done at once; what is left, None when nothing is. `_full` tells to look again."""
        for _ in range(_MOST_AT_ONCE):
            try:
                data = self._read(self._size)
            except BlockingIOError:
                self._full = False
                return None
            self._full = len(data) == self._size
            if not data or (data := self._at_once(data)):
                return data
            if not self._full:
                break
        return None

    def _readable(self, waiter: Waiter[bytes | None]) -> None:
        try:
            left = self._step()
        except Exception as error:  # noqa: BLE001 - it belongs to the one who waits
            self._watcher.stop()
            waiter.throw(error)
            return
        if left is not None or self._full:
            self._watcher.stop()
            waiter.switch(left)

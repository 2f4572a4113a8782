"""The way to the phone: FCC's bytes as they come, and the relay's own frames where one may stand between FCC's.

FCC's frames are followed, so that the relay knows where it may put one of its own: a refusal, a ping, a close; and the
messages in them are listened to, so that it knows which calls there are. What makes, changes or ends a call is listened
to before it is passed on, since the phone may answer at once. Source: RFC 6455, section 5.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from typing import TYPE_CHECKING

from cti.proxy.listening import Listener
from cti.proxy.streams import nowhere, send_all, writing_of
from cti.ws.frames import FrameError, close_frame, whole_text

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from cti.proxy.learning import Learner


class Downstream:
    """One phone's. `carry` and `carry_at_once` are for the thread that reads FCC, all else for any thread.

    Its state, and who may change it:

    - `_listener`: where FCC's stream stands, and whether FCC said goodbye; only with the lock held.
    - `_pending`: own frames that wait for their place; anybody appends, the one who holds the lock takes.
    - `_farewell`: the close frame, from the moment somebody closes; set once, by anybody.
    - `_goodbye_said`: the close frame has gone, and nothing may follow it; only with the lock held.
    - `_lock`: whose turn it is to write to the phone.
    - `_write`: the write that never waits, until `release`; then nobody's descriptor.
    """

    __slots__ = (
        "_abort",
        "_browser",
        "_farewell",
        "_goodbye_said",
        "_learner",
        "_limit",
        "_listener",
        "_lock",
        "_pending",
        "_write",
    )

    def __init__(self, browser: socket.socket, learner: Learner, limit: int, abort: Callable[[], None]) -> None:
        """`limit` is the longest message of FCC's (bytes); `abort` cuts both sides, without waiting."""
        self._browser = browser
        self._learner = learner
        self._limit = limit
        self._abort = abort
        self._lock = threading.Lock()
        self._listener = Listener(limit)
        self._pending: deque[bytes] = deque()
        self._farewell: bytes | None = None
        self._goodbye_said = False
        self._write = writing_of(browser)

    @property
    def closing(self) -> bool:
        """Whether somebody has closed it."""
        return self._farewell is not None

    # The relay's own frames

    def say(self, own: bytes) -> None:
        """Put a frame between two of FCC's as soon as there is a place for it; never waits."""
        self._pending.append(own)
        self.kick()

    def close(self, code: int, reason: str) -> None:
        """Say goodbye as soon as there is a place for it, and nothing after it; never waits, and once is enough."""
        if self._farewell is None:
            self._farewell = close_frame(code, reason)
            self.kick()

    def kick(self) -> None:
        """Send own frames now if the stream stands between two of FCC's; whoever holds the lock looks again.

        What the browser does not take now is tried again with the next data, or when somebody kicks again.
        """
        while (self._pending or (self._farewell and not self._goodbye_said)) and self._lock.acquire(blocking=False):
            try:
                if not self._listener.between or self._listener.closed:
                    return
                self._send_own()
            except BlockingIOError:
                return
            except OSError:
                self._abort()
                return
            finally:
                self._lock.release()

    def _send_own(self) -> None:
        """Send own frames, without waiting; raises BlockingIOError when the browser takes nothing now."""
        while self._pending:
            self._send_now(self._pending[0])
            self._pending.popleft()
        if self._farewell is not None and not self._goodbye_said:
            self._send_now(self._farewell)
            self._goodbye_said = True

    def _send_now(self, own: bytes) -> None:
        # The descriptor never blocks in the system; the socket's own send would wait. A small frame goes whole or not
        # at all but for rare cases, and a beginning must be followed by its end.
        sent = self._write(own)
        if sent < len(own):
            send_all(self._browser, own[sent:])

    # What FCC sends

    def carry_at_once(self, data: bytes) -> bytes:
        """Pass on one whole message that changes no call, as long as the relay has nothing to say itself.

        Only where the browser takes all of it without waiting. Gives what is left over, for `carry`.
        """
        size = whole_text(data, masked=False)
        if not size or len(data) - size > self._limit or self._learner.teaches(message := data[size:]):
            return data
        if self._pending or self._farewell is not None or not self._lock.acquire(blocking=False):
            return data
        try:
            if not self._listener.idle:
                return data
            sent = self._write(data)
            if sent < len(data):
                self._listener.feed(data[:sent])
                return data[sent:]
        except BlockingIOError:
            return data
        finally:
            self._lock.release()
        self._learner.note(message)
        return b""

    def carry(self, data: bytes) -> None:
        """Pass on any piece of FCC's stream; waits for the browser to take it.

        Raises FrameError for what is no frame of a server's, OSError when the browser is gone.
        """
        with self._lock:
            between = self._listener.between
            try:
                boundary, messages = self._listener.feed(data)
            except FrameError:
                if not between:
                    # Half a frame of FCC's is with the browser, and no frame of ours can follow it.
                    self._abort()
                raise
            for message in messages:
                self._learner.hear(message)
            if self._pending or self._farewell is not None:
                self._carry_with_own(data, boundary)
            else:
                send_all(self._browser, data)
        self.kick()

    def _carry_with_own(self, data: bytes, boundary: int) -> None:
        if boundary and not self._goodbye_said:
            send_all(self._browser, data[:boundary])
            data = data[boundary:]
            with contextlib.suppress(BlockingIOError):
                self._send_own()
        if data and not self._goodbye_said:
            send_all(self._browser, data)

    @property
    def pbx_said_goodbye(self) -> bool:
        """Whether FCC closed the socket: nothing of ours may follow."""
        return self._listener.closed

    @property
    def between(self) -> bool:
        """Whether FCC's stream stands between two frames, so that one of ours may follow."""
        return self._listener.between

    def release(self) -> None:
        """Write nothing more: from here on the descriptor's number may be another connection's."""
        self._write = nowhere

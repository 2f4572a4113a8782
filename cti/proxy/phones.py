"""What is remembered of each agent's phone beyond one socket, and how its dialogs get into the database and back."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict, deque
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from cti.proxy.dialogs import KEPT, DialogBook
from cti.proxy.told import read_told

if TYPE_CHECKING:
    from collections.abc import Callable

    from cti.clock import Clock
    from cti.domain.sip_dialog import Dialog
    from cti.store.database import Database

MOST_AGENTS = 5000
MINUTE_S = 60.0
MOST_SAID = 4000
"""So many frames an agent's phones may send in `SAID_S`, a long one counted as one for each kB. A phone says a few."""
SAID_S = 5.0
_MOST_HEARD = 64
_LONGEST_UNREAD = 4096
"""Longer heads are read at once, so that what is kept of an agent is bounded by a quarter of a megabyte."""
_MOST_GRUUS = 16
_MOST_UNSAVED = 10_000
_PURGE_EVERY = timedelta(hours=1)

_log = structlog.get_logger("cti.proxy")


class Window:
    """So many in a minute and no more; safe to share between threads."""

    def __init__(self, most: int, clock: Clock) -> None:
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._times: deque[float] = deque()

    def take(self) -> bool:
        """Count one more; False, and nothing is counted, when the minute is full."""
        now = self._clock.monotonic()
        with self._lock:
            while self._times and now - self._times[0] >= MINUTE_S:
                self._times.popleft()
            if len(self._times) >= self._most:
                return False
            self._times.append(now)
            return True


class Allowance:
    """How much may be said: `most` at once, and as much again once `seconds` have passed since the last time.

    The clock is asked only when all has been said, for this stands on the way of each message. Safe to share between
    threads; of two that take in the same moment one may go uncounted.
    """

    def __init__(self, most: int, seconds: float, clock: Clock) -> None:
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._left = most
        self._since = clock.monotonic()

    def take(self, amount: int) -> bool:
        """Take so much of it; False when so much is not left."""
        self._left -= amount
        if self._left >= 0:
            return True
        now = self._clock.monotonic()
        if now - self._since < self._seconds:
            return False
        self._since, self._left = now, self._most - amount
        return True


class Heard:
    """FCC's last requests, as far as an answer can be told from one to nothing; safe to share between threads.

    FCC asks its phones all day whether they are there, and much of what it asks is never answered, so a request is kept
    as it came, and read when something with its Call-ID is answered.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Put there without the lock, for this stands on the way of each message, and taken only with it.
        self._unread: deque[bytes] = deque(maxlen=_MOST_HEARD)
        self._routes: OrderedDict[str, tuple[str, ...]] = OrderedDict()

    def note(self, head: bytes) -> None:
        """FCC asks something: the head of its message."""
        if len(head) <= _LONGEST_UNREAD:
            self._unread.append(head)
            return
        with self._lock:
            self._read(head)

    def routes(self, via: str, call_id: str) -> tuple[str, ...] | None:
        """The Record-Route of the request of that Call-ID that is answered with `via` (`told.via_key`).

        None when FCC asked nothing of the kind.
        """
        named = call_id.encode()
        with self._lock:
            for _ in range(len(self._unread)):
                head = self._unread.popleft()
                if named in head:
                    self._read(head)
                else:
                    self._unread.append(head)
            return self._routes.get(via)

    def _read(self, head: bytes) -> None:
        told = read_told(head)
        if told is not None:
            self._routes[told.vias] = told.record_routes
            self._routes.move_to_end(told.vias)
        if len(self._routes) > _MOST_HEARD:
            self._routes.popitem(last=False)


class AgentPhone:
    """One agent's phone, whatever sockets it has or had."""

    def __init__(self, dialogs: DialogBook, calls: Window, said: Allowance) -> None:
        self.dialogs = dialogs
        self.calls = calls
        self.said = said
        self.heard = Heard()
        self.gruus: tuple[str, ...] = ()
        """Addresses that FCC's registrar gave the phone. Source: RFC 5627, section 4.2."""

    def learn_gruu(self, uri: str) -> None:
        """FCC's registrar gave the phone an address."""
        if uri not in self.gruus:
            self.gruus = (*self.gruus, uri)[-_MOST_GRUUS:]


class Phones:
    """All agents' phones; one object for the process, safe to share between threads.

    Dialogs are read when a socket opens and written behind the relay's back, in the order in which they changed, so
    that no message waits for the database. What could not be written is tried again with the next change and by `save`.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        run_soon: Callable[[Callable[[], None]], object],
        calls_per_minute: int = 30,
    ) -> None:
        self._database = database
        self._clock = clock
        self._run_soon = run_soon
        self._calls_per_minute = calls_per_minute
        self._lock = threading.Lock()
        self._saving = threading.Lock()
        self._phones: OrderedDict[str, AgentPhone] = OrderedDict()
        self._unsaved: OrderedDict[tuple[str, tuple[str, str, str]], Dialog] = OrderedDict()
        self._queued = False
        self._purged_at = clock.now() - _PURGE_EVERY

    def of(self, audience: str) -> AgentPhone:
        """The agent's phone, with the dialogs that are stored; may wait for the database.

        Read anew each time, for another process may have had the phone in between. A database that does not answer
        leaves it with what is known here.
        """
        with self._lock:
            phone = self._phones.get(audience)
            if phone is None:
                book = DialogBook(self._clock, partial(self._changed, audience))
                calls = Window(self._calls_per_minute, self._clock)
                said = Allowance(MOST_SAID, SAID_S, self._clock)
                phone = self._phones[audience] = AgentPhone(book, calls, said)
            self._phones.move_to_end(audience)
            while len(self._phones) > MOST_AGENTS:
                self._phones.popitem(last=False)
        try:
            with self._database.read() as uow:
                stored = uow.sip_dialogs.of(audience)
        except Exception:  # noqa: BLE001 - a phone is better served with what is known here than not at all
            _log.exception("sip-dialogs-not-read")
        else:
            phone.dialogs.remember(stored)
        return phone

    def save_soon(self) -> None:
        """Have written what the database did not take before; never waits for it."""
        with self._lock:
            if self._queued or not self._unsaved:
                return
            self._queued = True
        self._save_in_background()

    def save(self) -> None:
        """Write what has not been written yet; it stays to be written when the database does not take it."""
        with self._saving:
            with self._lock:
                self._queued = False
                changes, self._unsaved = self._unsaved, OrderedDict()
            now = self._clock.now()
            purge = now - self._purged_at >= _PURGE_EVERY
            if not changes and not purge:
                return
            try:
                with self._database.write() as uow:
                    uow.sip_dialogs.save([(audience, dialog) for (audience, _), dialog in changes.items()])
                    if purge:
                        uow.sip_dialogs.forget(before=now - max(KEPT.values()))
                    uow.commit()
            except Exception:  # noqa: BLE001 - calls go on without it; it is tried again
                _log.exception("sip-dialogs-not-saved", waiting=len(changes))
                with self._lock:
                    self._unsaved = OrderedDict([*changes.items(), *self._unsaved.items()])
                    while len(self._unsaved) > _MOST_UNSAVED:
                        self._unsaved.popitem(last=False)
            else:
                self._purged_at = now if purge else self._purged_at

    def _changed(self, audience: str, dialog: Dialog) -> None:
        with self._lock:
            key = (audience, dialog.id)
            self._unsaved[key] = dialog
            self._unsaved.move_to_end(key)
            queued, self._queued = self._queued, True
        if not queued:
            self._save_in_background()

    def _save_in_background(self) -> None:
        # While the service ends nothing is begun any more; what has changed is written by the last `save`.
        with contextlib.suppress(RuntimeError):
            self._run_soon(self.save)

"""What goes on beside requests: a pool of threads for what may take long, and guarded loops that say how they are.

Every thread that works on its own account runs here. Under gevent's patches threads are greenlets.
"""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import structlog
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from cti.domain.times import iso
from cti.errors import BackgroundStalledError, ConnectorError, InternalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from prometheus_client import CollectorRegistry

    from cti.clock import Clock

BACKGROUND_THREADS: Final = 16
LONGEST_BACKOFF_S: Final = 60.0
PATIENCE_S: Final = 60.0
OUTSIDE_PATIENCE_S: Final = 900.0
"""For a step that asks others, one after the other, or goes through a full database: that it lasts is no standstill."""
_PATIENCE_ROUNDS: Final = 20
_MOST_DOUBLINGS: Final = 10
T = TypeVar("T")

_log = structlog.get_logger("cti.background")


class Background(ThreadPoolExecutor):
    """Threads for what may take long; what fails there unforeseen is logged, for nobody waits for it."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Run it soon."""
        future = super().submit(fn, *args, **kwargs)
        future.add_done_callback(self._tell)
        return future

    def later(self, seconds: float, fn: Callable[[], Any], /) -> None:
        """Run it after so many seconds; not at all when the process ends before."""
        timer = threading.Timer(seconds, self._submit_if_open, (fn,))
        timer.daemon = True
        timer.start()

    def _submit_if_open(self, fn: Callable[[], Any]) -> None:
        with contextlib.suppress(RuntimeError):  # shut down meanwhile
            self.submit(fn)

    @staticmethod
    def _tell(future: Future[Any]) -> None:
        error = None if future.cancelled() else future.exception()
        if error is not None:
            _log.error("background-failed", exc_info=error)


State = Literal["idle", "running", "stalled", "ended"]
"""How a loop is: nobody needed it yet; at work; it should have come round long ago; its thread is gone."""


@dataclass(frozen=True, slots=True)
class LoopHealth:
    """How a loop is. `restarts`: how often a step failed and the loop went on; `code`: what the last step failed with.

    `last_run_at` and `seconds_since` (whole life: None) tell of the last step that ended, well or not.
    """

    state: State
    last_run_at: datetime | None
    seconds_since: float | None
    restarts: int
    code: str | None

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong with its thread; a step that fails is tried again, and says nothing about it."""
        return self.state in {"idle", "running"}

    def to_json(self) -> dict[str, Any]:
        """`{alive, state, lastRunAt, secondsSince, restarts}`, and `code` while the step fails."""
        told = {
            "alive": self.state == "running",
            "state": self.state,
            "lastRunAt": None if self.last_run_at is None else iso(self.last_run_at),
            "secondsSince": None if self.seconds_since is None else round(self.seconds_since, 1),
            "restarts": self.restarts,
        }
        return told if self.code is None else told | {"code": self.code}


class Loop:
    """One step, done again and again by a thread of its own from `start` to `stop`, whatever the step raises.

    `step` returns the seconds until it wants to be called again, or None for `interval`. A step that raises is logged
    (`loop-failed`) and counted, and comes again after `interval` doubled for each failure in a row, up to
    `longest_backoff`. The first step waits for `first` seconds. After a pause, however it ended, the loop waits for
    `debounce` seconds more, so that a burst, of wake-ups or of what falls due, leads to one step. A loop is stalled
    that is late by more than `patience` seconds, twenty intervals or a minute unless given: it covers the longest that
    a step may take.

    Safe to share between threads. What was stopped does not start again.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], float | None],
        *,
        clock: Clock,
        interval: float,
        first: float = 0.0,
        debounce: float = 0.0,
        longest_backoff: float = LONGEST_BACKOFF_S,
        patience: float | None = None,
    ) -> None:
        self.name = name
        self._step = step
        self._clock = clock
        self._interval = interval
        self._first = first
        self._debounce = debounce
        self._longest_backoff = longest_backoff
        self._patience = max(_PATIENCE_ROUNDS * interval, PATIENCE_S) if patience is None else patience
        self._lock = threading.Lock()
        self._awake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._expected_at = 0.0
        self._last_run: tuple[float, datetime] | None = None
        self._restarts = 0
        self._failures = 0
        self._code: str | None = None

    def start(self) -> None:
        """Begin; nothing happens when it has begun already or was stopped."""
        with self._lock:
            if self._thread is not None or self._stopping.is_set():
                return
            self._expected_at = self._clock.monotonic() + self._first
            thread = threading.Thread(target=self._run, name=self.name, daemon=True)
            thread.start()  # raises where the system has no more of them: then nothing has begun
            self._thread = thread

    def wake(self) -> None:
        """Have the next step come now, or right after the one under way; never waits."""
        self._awake.set()

    def stop(self, timeout: float = 5.0) -> None:
        """Begin no further step, and wait up to `timeout` seconds for the one under way; may be called again."""
        with self._lock:
            self._stopping.set()
            thread = self._thread
        self._awake.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)

    @property
    def stopping(self) -> bool:
        """Whether it was told to stop: a long step may look and end early."""
        return self._stopping.is_set()

    def health(self) -> LoopHealth:
        """How it is now."""
        now = self._clock.monotonic()
        last = self._last_run
        state: State = "running"
        if self._thread is None:
            state = "ended" if self._stopping.is_set() else "idle"
        elif not self._thread.is_alive():
            state = "ended"
        elif now - self._expected_at > self._patience:
            state = "stalled"
        return LoopHealth(
            state,
            last_run_at=None if last is None else last[1],
            seconds_since=None if last is None else now - last[0],
            restarts=self._restarts,
            code=self._code,
        )

    def turn(self) -> float:
        """Do the step once, guarded; returns the seconds until it is due again. For one thread at a time."""
        self._expected_at = self._clock.monotonic()
        wait: float | None
        try:
            wait = self._step()
        except Exception as error:  # noqa: BLE001 - whatever it was, the next step may go well
            wait = self._failed(error)
        else:
            self._failures, self._code = 0, None
        self._last_run = (self._clock.monotonic(), self._clock.now())
        return self._interval if wait is None else wait

    def _failed(self, error: Exception) -> float:
        self._restarts += 1
        self._failures += 1
        self._code = error.code if isinstance(error, ConnectorError) else InternalError.code
        told = {"loop": self.name, "code": self._code, "failures": self._failures}
        if isinstance(error, ConnectorError):
            _log.warning("loop-failed", **told)
        else:
            _log.exception("loop-failed", **told)
        return min(self._interval * float(2 ** min(self._failures, _MOST_DOUBLINGS)), self._longest_backoff)

    def _run(self) -> None:
        self._rest(self._first)
        while True:
            self._awake.clear()  # before the look at what `stop` set first, or its call would go unheard
            if self._stopping.is_set():
                return
            self._rest(self.turn())

    def _rest(self, seconds: float) -> None:
        if seconds <= 0:
            return
        self._expected_at = self._clock.monotonic() + seconds
        if self._failures:
            self._stopping.wait(seconds)  # what wakes it would only have it fail again, as often as it is woken
            return
        self._awake.wait(seconds)
        if self._debounce:
            self._stopping.wait(self._debounce)


class Loops(Collector):
    """The loops of a process: whether all of them are sound, and `fcc_background_failures_total{loop}`.

    Raises ValueError where two have one name. Safe to share between threads.
    """

    def __init__(self, loops: Iterable[Loop], registry: CollectorRegistry) -> None:
        self._loops: dict[str, Loop] = {}
        for loop in loops:
            if loop.name in self._loops:
                raise ValueError(f"two loops are called {loop.name}")
            self._loops[loop.name] = loop
        registry.register(self)

    def check(self) -> None:
        """Raise BackgroundStalledError where a loop that had begun ended or does not come round."""
        bad = [name for name, loop in self._loops.items() if not loop.health().sound]
        if bad:
            raise BackgroundStalledError(loops=", ".join(bad))

    def to_json(self) -> dict[str, Any]:
        """`{name: {alive, state, lastRunAt, secondsSince, restarts}}`."""
        return {name: loop.health().to_json() for name, loop in self._loops.items()}

    def collect(self) -> Iterator[CounterMetricFamily]:
        """For Prometheus, whenever the numbers are read."""
        failures = CounterMetricFamily(
            "fcc_background_failures", "Steps of the work in the background that failed", labels=["loop"]
        )
        for name, loop in self._loops.items():
            failures.add_metric([name], loop.health().restarts)
        yield failures


def stop_together(loops: Iterable[Loop], timeout: float, *, clock: Clock) -> None:
    """Stop several at once: all are told first, then all are waited for, up to `timeout` seconds together."""
    waited = list(loops)
    deadline = clock.monotonic() + timeout
    for loop in waited:
        loop.stop(timeout=0)
    for loop in waited:
        loop.stop(timeout=max(0.0, deadline - clock.monotonic()))

"""Answers of others, remembered for a while: what a cache does here, in one place.

A reader may ask for a younger answer than usual, or make do with an older one while nobody answers, so ages are looked
at when something is read and no entry ends by itself.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import Future
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from cti.clock import Clock

K = TypeVar("K", bound="Hashable")
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """Values by key, good for `seconds` each; the `most` that were put last are kept. Safe to share between threads.

    That there is nothing is a value too, an empty tuple say: None stands for what is not remembered.
    """

    def __init__(self, clock: Clock, seconds: float, *, most: int = 10_000) -> None:
        self._clock = clock
        self._seconds = seconds
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[K, tuple[V, float]] = OrderedDict()
        self._under_way: dict[K, Future[V]] = {}

    def get(self, key: K, *, within: float | None = None) -> V | None:
        """What is remembered and younger than `within` seconds, the usual ones unless given; None otherwise."""
        with self._lock:
            return self._young(key, within)

    def put(self, key: K, value: V) -> None:
        """Remember it from now on, whatever is being asked."""
        with self._lock:
            self._under_way.pop(key, None)
            self._put(key, value)

    def load(self, key: K, ask: Callable[[], V], *, within: float | None = None) -> V:
        """What `get` gives, else what `ask` answers, which is remembered.

        Only one asks for a key at a time. Who wants it meanwhile waits, and gets that answer, or what `ask` raised;
        nothing is remembered then.
        """
        with self._lock:
            kept = self._young(key, within)
            if kept is not None:
                return kept
            under_way = self._under_way.get(key)
            if under_way is None:
                answer = self._under_way[key] = Future[V]()
        if under_way is not None:
            return under_way.result()
        try:
            value = ask()
        except BaseException as error:
            with self._lock:
                self._ended(key, answer)
            answer.set_exception(error)
            raise
        with self._lock:
            if self._ended(key, answer):
                self._put(key, value)
        answer.set_result(value)
        return value

    def forget(self, key: K | None = None) -> None:
        """Ask again at the next use: for `key`, or for everything."""
        with self._lock:
            if key is None:
                self._kept.clear()
                self._under_way.clear()
            else:
                self._kept.pop(key, None)
                self._under_way.pop(key, None)

    def _young(self, key: K, within: float | None) -> V | None:
        kept = self._kept.get(key)
        age = self._seconds if within is None else within
        return kept[0] if kept is not None and self._clock.monotonic() - kept[1] < age else None

    def _ended(self, key: K, answer: Future[V]) -> bool:
        """Whether the answer counts: not where the key was forgotten, or put, after it was asked for."""
        if self._under_way.get(key) is not answer:
            return False
        del self._under_way[key]
        return True

    def _put(self, key: K, value: V) -> None:
        self._kept[key] = (value, self._clock.monotonic())
        self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

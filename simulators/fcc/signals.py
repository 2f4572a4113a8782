"""Waking everybody who waits for something to change."""

from __future__ import annotations

import asyncio


class Signal:
    """`fire()` wakes all who wait at that moment; nothing is remembered. One event loop."""

    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()

    def fire(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters = set()

    def waiter(self) -> asyncio.Future[None]:
        """A future of the next `fire()`; take it before looking at the state, so that no change is missed."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        return waiter

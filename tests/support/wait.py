"""Waiting for a condition with a deadline, the only waiting tests do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def until(
    condition: Callable[[], T | None],
    timeout: float = 5.0,
    *,
    every: float = 0.05,
    what: str | Callable[[], str] = "",
) -> T:
    """Call `condition` until it gives something true and return that; fail after `timeout` seconds.

    The last value seen, and `what` was waited for, stand in the failure's text; a callable is asked only then.
    """
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            text = what() if callable(what) else what
            raise AssertionError(f"waited {timeout} s for {text or condition}; last value {value!r}")
        time.sleep(every)

"""Closing all sockets at SIGTERM, so that a restart does not wait for them.

The server waits for open requests for the whole graceful timeout, and an open WebSocket is an open request. The hook
runs in front of gunicorn's own handler, which then finds nothing to wait for.
"""

from __future__ import annotations

import _thread
import signal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType

    from cti.ws.registry import SocketRegistry

EXTENSION = "cti.ws"


def _install(registry: SocketRegistry, *, signals: tuple[int, ...] = (signal.SIGTERM,), grace: float = 0.9) -> None:
    """Have `registry` closed with 1012 when one of `signals` comes, then let the handler that was there before run.

    Only callable in the main thread. `grace` is how long (seconds) peers have to answer.
    """
    for number in signals:
        _install_one(registry, number, grace)


def _install_one(registry: SocketRegistry, number: int, grace: float) -> None:
    before = signal.getsignal(number)

    def close_then_go_on(received: int, stack: FrameType | None) -> None:
        # Under gevent the handler runs inside the event loop, where nothing may wait: threading.Thread.start() does.
        _thread.start_new_thread(registry.close_all, (), {"grace": grace})
        if callable(before):
            before(received, stack)

    signal.signal(number, close_then_go_on)
    signal.siginterrupt(number, False)


def post_worker_init(worker: Any) -> None:
    """Install for the registry in the application's `extensions["cti.ws"]`; the gunicorn hook of that name."""
    registry = getattr(worker.app.callable, "extensions", {}).get(EXTENSION)
    if registry is not None:
        _install(registry)

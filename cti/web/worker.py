"""Gunicorn's gevent worker, except that it ends as soon as nothing is left to do.

Gunicorn's own looks once a second whether it shall end, and then once a second whether its requests have ended. Loaded
by gunicorn's master before anything is patched: it must import nothing of the application.
"""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from gevent import get_hub, sleep
from gevent.event import Event
from gevent.pool import Pool
from gevent.server import StreamServer
from gunicorn.config import PostWorkerInit
from gunicorn.workers import ggevent

if TYPE_CHECKING:
    from collections.abc import Callable

MARK: Final = "FCC_CONNECTOR_WORKER"
"""In the environment the number of the process that this worker serves in, by the project's configuration."""
NOTIFY_S: Final = 1.0
TURN_S: Final = 1e-6
"""As `cti.ws.turns` says: a sleep of 0 s would let in what others wait for only every fiftieth time."""
CLOSING_S: Final = 3.0
"""How much of the graceful timeout is the application's own, for the master kills what is left at its end."""


class Worker(ggevent.GeventWorker):  # type: ignore[misc]  # gunicorn has no types
    """Serves plain HTTP with greenlets; TLS ends in front of it."""

    def init_process(self) -> None:
        """Serve until told to end; in the new process, before signals are heard."""
        if self.cfg.is_ssl:
            raise RuntimeError("TLS must end in front of the server")
        self._ending = Event()
        if self.cfg.post_worker_init is not PostWorkerInit.post_worker_init:  # gunicorn.conf.py was read
            os.environ[MARK] = str(os.getpid())
        get_hub().print_exception = self._tell
        super().init_process()

    def _tell(self, context: object, kind: Any, error: BaseException | None, trace: Any) -> None:
        """What nobody caught in a greenlet is logged, where gevent would print it."""
        del context
        self.log.error("A greenlet failed", exc_info=(kind, error, trace) if error is not None else None)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """SIGTERM: end, gracefully."""
        super().handle_exit(sig, frame)
        self._ending.set()

    def handle_request(self, listener_name: str, req: Any, sock: Any, addr: Any) -> None:
        """Answer one request; between two pieces of its body the other connections have their turn.

        A peer that sends faster than its body is taken apart, in chunks of one byte for example, would otherwise never
        let the event loop run. Behind a body that cannot be read there is no place where another request could begin,
        so the answer to it says that the connection is closed.
        """
        asked_to_close = req.should_close
        req.should_close = lambda: req.body.failed or asked_to_close()
        unreader = req.unreader
        if "chunk" not in vars(unreader):
            unreader.chunk = partial(_after_the_others, unreader.chunk)
        super().handle_request(listener_name, req, sock, addr)

    def run(self) -> None:
        """Accept until told to end, then wait for the requests under way."""
        pool = Pool(self.worker_connections)
        servers = [StreamServer(each, handle=partial(self.handle, each), spawn=pool) for each in self.sockets]
        for server in servers:
            server.start()
        while self.alive:
            self.notify()
            self._ending.wait(NOTIFY_S)
        for server in servers:
            server.close()
        deadline = time.monotonic() + max(0.0, self.cfg.graceful_timeout - CLOSING_S)
        while not pool.join(min(NOTIFY_S, max(0.0, deadline - time.monotonic()))):
            self.notify()
            if time.monotonic() >= deadline:
                self.log.warning("Worker graceful timeout (pid:%s)", self.pid)
                pool.kill(timeout=1)
                return


def _after_the_others(read: Callable[..., bytes], size: int | None = None) -> bytes:
    sleep(TURN_S)
    return read(size)

"""Programs started beside this one: their ports, their output, and that none is left behind."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import pathlib
import selectors
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = pathlib.Path(__file__).resolve().parent.parent


READY_WITHIN_S = 30.0


class StackError(Exception):
    """A part of the stack did not start, or ended by itself; the text says which and where its log is."""


@dataclass(frozen=True)
class Ports:
    """The three listening ports on 127.0.0.1."""

    connector: int
    fcc: int
    salesforce: int

    @classmethod
    def free(cls, fixed: Mapping[str, int] | None = None) -> Ports:
        """Ports nothing listens on now; `fixed` names those that must be what they are."""
        fixed = fixed or {}
        with contextlib.ExitStack() as held:
            chosen = {}
            for name in ("connector", "fcc", "salesforce"):
                sock = held.enter_context(socket.socket())
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    sock.bind(("127.0.0.1", fixed.get(name, 0)))
                except OSError as error:
                    raise StackError(f"port {fixed.get(name)} for {name} is taken: choose another one") from error
                chosen[name] = sock.getsockname()[1]
        return cls(**chosen)


def _die_with_parent() -> None:
    """Ask Linux to end the child with the thread that started it; elsewhere the runner's own clean-up has to do."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


@dataclass
class Part:
    """One process in a group of its own, its output in a log file."""

    name: str
    command: list[str]
    log: pathlib.Path
    env: dict[str, str]
    process: subprocess.Popen[str] | None = None
    ready: dict[str, Any] = field(default_factory=dict)

    def start(self, *, ready_line: bool) -> None:
        """Start; when `ready_line`, `wait_for_line` has to follow."""
        if self.process is not None and self.process.stdout is not None:
            self.process.stdout.close()
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self.env,
                stdout=subprocess.PIPE if ready_line else log,
                stderr=log,
                text=True,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - prctl is the one call that must run in the child
            )

    def wait_for_line(self) -> None:
        """Wait for the one line of JSON with which it says on standard output that it is ready."""
        assert self.process is not None
        assert self.process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(READY_WITHIN_S):
                raise StackError(f"{self.name} was not ready within {READY_WITHIN_S:.0f} s; see {self.log}")
        line = self.process.stdout.readline()
        if not line.strip():
            raise StackError(f"{self.name} ended before it was ready; see {self.log}")
        self.ready = dict(json.loads(line))

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to the part's whole group, if anything of it is left."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def group_alive(self) -> bool:
        """Whether any process of the group is left (zombies reaped first)."""
        if self.process is None:
            return False
        self.process.poll()
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True


def clean_environment() -> dict[str, str]:
    """The environment of this program without settings of the connector and of Gunicorn."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("FCC_CONNECTOR_", "GUNICORN_"))}
    return {**kept, "PYTHONUNBUFFERED": "1"}


def wait_for(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Poll a condition; StackError, naming what was waited for, when it does not hold in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise StackError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.05)

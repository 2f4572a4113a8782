"""What panes' commands were answered, so that a command which is repeated is not done twice."""

from __future__ import annotations

import threading
from collections import OrderedDict

_MOST = 2048
_KEPT_S = 120.0


class Answers:
    """The answers to one agent's panes; safe to share between threads.

    They are kept until their pane is closed, or has been away for two minutes. All panes of the agent together have so
    many kept; the oldest give way. Times are monotonic seconds.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._turns: dict[str, threading.Lock] = {}
        self._left: dict[str, float] = {}

    def turn(self, pane: str) -> threading.Lock:
        """The lock under which that pane's commands are done, one after another."""
        with self._lock:
            return self._turns.setdefault(pane, threading.Lock())

    def of(self, pane: str, command: str) -> str | None:
        """What that pane's command was answered before."""
        with self._lock:
            return self._answers.get((pane, command))

    def remember(self, pane: str, command: str, text: str) -> None:
        """Keep an answer in case the command is repeated."""
        with self._lock:
            self._answers[pane, command] = text
            while len(self._answers) > _MOST:
                self._answers.popitem(last=False)

    def came(self, pane: str) -> None:
        """The pane is there, for the first time or again."""
        with self._lock:
            self._left.pop(pane, None)

    def went(self, pane: str, now: float) -> None:
        """The pane's socket is gone."""
        with self._lock:
            self._left[pane] = now

    def closed(self, pane: str) -> None:
        """The pane's page is closed, and does not come back."""
        with self._lock:
            self._forget({pane})

    def tick(self, now: float) -> None:
        """Forget what was answered to panes that have been away too long."""
        with self._lock:
            if gone := {pane for pane, since in self._left.items() if now - since >= _KEPT_S}:
                self._forget(gone)

    def _forget(self, panes: set[str]) -> None:
        for pane in panes:
            self._left.pop(pane, None)
            self._turns.pop(pane, None)
        for key in [key for key in self._answers if key[0] in panes]:
            del self._answers[key]

"""Repeated failures in the log, folded: of each kind a line a minute, which says how many it stands for.

A database that is gone makes everything fail that runs, many times a second; what is told then is told once. Facts
(below WARNING) are never folded.
"""

from __future__ import annotations

import logging
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY_S: Final = 60.0
MOST_NAMED: Final = 20
_KIND = ("event", "code", "tenant", "org", "function", "checks", "where")
"""Two failures that agree in these, and in where they were raised, are one kind."""
_NAMED = ("loop", "users_id", "calls_id", "key")
"""What differs between failures of a kind and is named in the line that stands for them."""

Kind = tuple[Any, ...]


@dataclass(slots=True)
class _Seen:
    """A kind of failure since its last line, by the monotonic clock, and the last one that was left out."""

    since: float
    count: int = 0
    last: logging.LogRecord | None = None
    named: dict[str, dict[Any, None]] = field(default_factory=dict)


class FoldingHandler(logging.StreamHandler[TextIO]):
    """Writes records; of failures of one kind the first, and then one a minute with `repeated`, how many went before.

    `also` in such a line names the loops, users, calls and deliveries that the others were about. What nothing follows
    is written with the next line of any kind, or when the handler is closed.
    """

    def __init__(self, stream: TextIO, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__(stream)
        self._monotonic = monotonic
        self._kinds: dict[Kind, _Seen] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record, or count it."""
        now = self._monotonic()
        kind = _kind(record)
        self._write_old(now, but=kind)
        if kind is None:
            super().emit(record)
            return
        seen = self._kinds.get(kind)
        if seen is not None and now - seen.since < EVERY_S:
            _count(seen, record)
            return
        self._kinds[kind] = _Seen(now)
        super().emit(record if seen is None else _with(record, seen.count, seen))

    def close(self) -> None:
        """Write what is counted only."""
        self.acquire()
        try:
            self._write_old(float("inf"))
        finally:
            self.release()
        super().close()

    def _write_old(self, now: float, *, but: Kind | None = None) -> None:
        over = [kind for kind, seen in self._kinds.items() if now - seen.since >= EVERY_S and kind != but]
        for kind in over:
            seen = self._kinds.pop(kind)
            if seen.last is not None:
                super().emit(_with(seen.last, seen.count - 1, seen))


def _kind(record: logging.LogRecord) -> Kind | None:
    """What a failure's kind is told by; None for what is no failure."""
    if record.levelno < logging.WARNING:
        return None
    told = record.msg if isinstance(record.msg, dict) else {"event": record.msg}
    return (record.name, record.levelno, *(str(told.get(name)) for name in _KIND), *_raised(record, told))


def _raised(record: logging.LogRecord, told: dict[str, Any]) -> tuple[Any, ...]:
    """The exception's type and the line that raised it."""
    given = told.get("exc_info") or record.exc_info
    if isinstance(given, BaseException):
        error: BaseException | None = given
    elif isinstance(given, tuple):
        error = given[1]
    else:
        error = sys.exc_info()[1] if given else None
    if error is None:
        return ()
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return (type(error).__qualname__, *((at.tb_frame.f_code.co_filename, at.tb_lineno) if at is not None else ()))


def _count(seen: _Seen, record: logging.LogRecord) -> None:
    seen.count += 1
    kept = logging.makeLogRecord(record.__dict__)
    kept.exc_info = None  # its frames would be kept alive with it
    if isinstance(kept.msg, dict):
        kept.msg = {name: value for name, value in kept.msg.items() if name != "exc_info"}
        for name in _NAMED:
            named = seen.named.setdefault(name, {})
            if kept.msg.get(name) is not None and len(named) < MOST_NAMED:
                named[kept.msg[name]] = None
    else:
        kept.msg, kept.args = record.getMessage(), None
    seen.last = kept


def _with(record: logging.LogRecord, count: int, seen: _Seen) -> logging.LogRecord:
    """The record as one that stands for `count` others."""
    if not count:
        return record
    told = logging.makeLogRecord(record.__dict__)
    if isinstance(told.msg, dict):
        also = {name: list(values) for name, values in seen.named.items() if values}
        told.msg = told.msg | {"repeated": count} | ({"also": also} if also else {})
    else:
        told.msg, told.args = f"{record.getMessage()} (repeated: {count})", None
    return told

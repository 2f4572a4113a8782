"""The call list: what the PBX remembers of every call, in the order in which it last changed."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from simulators.fcc.timekeeping import WallClock, iso

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Side = Literal["agent", "customer", "system"]
_CURSOR = re.compile(r"c(?:([1-9][0-9]*)-)?([0-9]+)", re.ASCII)
_TIMES = ("date_time", "answered_at", "ended_at", "updated_at", "invited_at")


@dataclass
class Leg:
    """One ringing of one agent's phone, or the agent's own dialling."""

    users_id: int
    sip_call_id: str
    started_at: str | None
    state: Literal["ringing", "talking", "held", "ended"] = "ringing"
    answered_at: str | None = None
    ended_at: str | None = None
    cause: int | None = None
    dtmf: str = ""

    def row(self) -> dict[str, Any]:
        """The leg for the control page."""
        return asdict(self)


@dataclass
class Call:
    """A call as the PBX knows it. `invited_at`: when the agent's first INVITE for it came, before any challenge."""

    calls_id: int
    date_time: datetime
    direction: Literal["inbound", "outbound", "internal"]
    number_a: str
    number_b: str
    campaigns_id: int | None = None
    queue: str | None = None
    ivr: str | None = None
    name: str | None = None
    users_id: int | None = None
    sip_call_id: str | None = None
    status: Literal["ANSWERED", "BUSY", "NO ANSWER", "FAILED"] | None = None
    cause: int | None = None
    disconnecting_side: Side | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    recording: bool = False
    segment: int = 0
    state: Literal["queued", "ringing", "talking", "held", "ended"] = "ringing"
    updated_at: datetime | None = None
    invited_at: datetime | None = None
    sequence: int = 0
    legs: list[Leg] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        return self.status is not None

    @property
    def talk_seconds(self) -> int:
        """Whole seconds between answer and end; 0 without an answer or while the call is up."""
        if self.answered_at is None or self.ended_at is None:
            return 0
        return round((self.ended_at - self.answered_at).total_seconds())

    def row(self, *, with_sip_call_id: bool) -> dict[str, Any]:
        """The call as `fcc-calls-list` gives it."""
        row: dict[str, Any] = {
            "calls_id": self.calls_id,
            "date_time": iso(self.date_time),
            "direction": self.direction,
            "campaigns_id": self.campaigns_id,
            "queue": self.queue,
            "number_a": self.number_a,
            "number_b": self.number_b,
            "ivr": self.ivr,
            "users_id": self.users_id,
            "status": self.status,
            "cause": self.cause,
            "disconnecting_side": self.disconnecting_side,
            "answered_at": iso(self.answered_at),
            "ended_at": iso(self.ended_at),
            "talk_seconds": self.talk_seconds,
            "recording": self.recording,
            "segment": self.segment,
            "updated_at": iso(self.updated_at),
        }
        if with_sip_call_id and self.sip_call_id is not None:
            row["sip_call_id"] = self.sip_call_id
        return row


class CallBook:
    """All calls of the tenant; kept in a file of JSON lines, the last line of a call being the call.

    Call numbers never repeat as long as the file lives. Not thread-safe: one event loop.
    """

    def __init__(self, clock: WallClock, path: Path | None, first_id: int = 1001) -> None:
        self._clock = clock
        self._path = path
        self._calls: dict[int, Call] = {}
        self._next_id = first_id
        self._sequence = 0
        self._generation = 0
        if path is not None and path.exists():
            for call in _read(path):
                self._calls[call.calls_id] = call
                self._next_id = max(self._next_id, call.calls_id + 1)
                self._sequence = max(self._sequence, call.sequence)
            _compact(path, self._calls.values())

    def __iter__(self) -> Iterator[Call]:
        return iter(self._calls.values())

    def get(self, calls_id: int) -> Call | None:
        return self._calls.get(calls_id)

    def create(self, make: Callable[[int, datetime], Call]) -> Call:
        """A new call: `make` is given its number and the moment."""
        call = make(self._next_id, self._clock.now())
        self._next_id += 1
        self._calls[call.calls_id] = call
        self.changed(call)
        return call

    def changed(self, call: Call) -> None:
        """Move the call to the end of the list and write it down."""
        self._sequence += 1
        call.sequence = self._sequence
        call.updated_at = self._clock.now()
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(_line(call))

    def forget_cursors(self) -> None:
        """Know none of the cursors given so far any more, as after a move of the PBX's database."""
        self._generation += 1

    def since(self, cursor: str | None, limit: int, *, updated_since: datetime | None = None) -> tuple[list[Call], str]:
        """Calls changed after the cursor, oldest change first, and the cursor behind the last of them.

        Without a cursor, those changed at `updated_since` or later. Raises ValueError for a cursor this list never
        gave, or does not know any more.
        """
        start = 0
        if cursor is not None:
            found_in = _CURSOR.fullmatch(cursor)
            if found_in is None or int(found_in[1] or 0) != self._generation or int(found_in[2]) > self._sequence:
                raise ValueError("Invalid cursor")
            start = int(found_in[2])
        found = sorted((call for call in self if call.sequence > start), key=lambda call: call.sequence)
        if cursor is None and updated_since is not None:
            found = [call for call in found if call.updated_at is None or call.updated_at >= updated_since]
            start = self._sequence
        page = found[:limit]
        mark = f"{self._generation}-" if self._generation else ""
        return page, f"c{mark}{page[-1].sequence if page else start}"


def _line(call: Call) -> str:
    row = asdict(call)
    for name in _TIMES:
        row[name] = None if row[name] is None else row[name].isoformat()
    return json.dumps(row, ensure_ascii=False) + "\n"


def _read(path: Path) -> Iterator[Call]:
    names = {one.name for one in fields(Call)}
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue  # the last line of a process that was killed while writing
        for name in _TIMES:
            row[name] = None if row.get(name) is None else datetime.fromisoformat(row[name])
        row["legs"] = [Leg(**leg) for leg in row["legs"]]
        yield Call(**{name: value for name, value in row.items() if name in names})


def _compact(path: Path, calls: Any) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text("".join(_line(call) for call in calls), encoding="utf-8")
    fresh.replace(path)

"""The people at the other end of the line: what each does when called, and when calling in."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from simulators.fcc import causes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulators.fcc.outbound import OutboundLine

ANSWERING_HZ, CALLING_HZ, ANNOUNCEMENT_HZ, RINGBACK_HZ = 600.0, 700.0, 800.0, 425.0


@dataclass(frozen=True)
class Called:
    """A called customer. `kind` says how the call ends up; times are in seconds.

    `rings_for` is the time until the answer or refusal, `talks_for` until the customer hangs up (None: never).
    """

    kind: Literal["answers", "busy", "no-answer", "unreachable", "announcement", "declines", "ringback"] = "answers"
    rings_for: float = 0.3
    talks_for: float | None = None
    speaks_for: float = 3.0
    hz: float = ANSWERING_HZ

    async def take(self, line: OutboundLine, ring_seconds: float) -> None:
        """Live through one call. `ring_seconds` is how long the network lets a phone ring."""
        if self.kind == "busy":
            await line.refuse("customer", 486, causes.BUSY)
        elif self.kind == "unreachable":
            await line.refuse("system", 404, causes.UNALLOCATED)
        elif self.kind == "no-answer":
            await line.ring()
            await asyncio.sleep(ring_seconds)
            await line.refuse("system", 480, causes.NO_ANSWER)
        elif self.kind == "declines":
            await line.ring()
            await asyncio.sleep(self.rings_for)
            await line.refuse("customer", 603, causes.REJECTED)
        elif self.kind == "announcement":
            await line.announce(ANNOUNCEMENT_HZ)
            await asyncio.sleep(self.speaks_for)
            await line.refuse("system", 480, causes.SUBSCRIBER_ABSENT)
        else:
            await line.ring(early_hz=RINGBACK_HZ if self.kind == "ringback" else None)
            await asyncio.sleep(self.rings_for)
            await line.answer(self.hz)
            if self.talks_for is not None:
                await asyncio.sleep(self.talks_for)
                line.hang_up()


_T = TypeVar("_T", "Called", "Calling")

_NAMED: dict[str, Called] = {
    "answers": Called(),
    "busy": Called("busy"),
    "no-answer": Called("no-answer"),
    "unreachable": Called("unreachable"),
    "announcement": Called("announcement"),
    "hangs-up": Called(talks_for=3.0),
    "declines": Called("declines", rings_for=1.0),
    "ringback": Called("ringback", rings_for=2.0),
}


@dataclass(frozen=True)
class Calling:
    """A customer who calls in: gives up after `patience`, hangs up after `talks_for` (None: never)."""

    patience: float | None = None
    talks_for: float | None = None
    hz: float = CALLING_HZ


_CALLING: dict[str, Calling] = {
    "patient": Calling(),
    "impatient": Calling(patience=5.0),
    "hangs-up": Calling(talks_for=3.0),
}


def called(number: str, behaviours: Mapping[str, Any]) -> Called:
    """How the owner of a number behaves: as the world says, else answers. Raises ValueError for an unknown one."""
    return called_from(behaviours.get(number, "answers"))


def called_from(given: Any) -> Called:
    """A behaviour by its name, or `{"is": name, …}` with other times and tone."""
    return _from(given, _NAMED, "answers")


def calling_from(given: Any) -> Calling:
    """An inbound customer's behaviour by name, or `{"is": name, "patience": …, "talks_for": …, "hz": …}`."""
    return _from(given, _CALLING, "patient")


def _from(given: Any, named: Mapping[str, _T], default: str) -> _T:
    if given is None:
        given = default
    changes = {"is": given} if isinstance(given, str) else dict(given)
    name = changes.pop("is", default)
    if name not in named:
        raise ValueError(f"unknown behaviour {name!r}; known: {', '.join(named)}")
    base = named[name]
    if unknown := sorted(set(changes) - {one.name for one in fields(base)} | {"kind"} & set(changes)):
        raise ValueError(f"unknown in a behaviour: {', '.join(unknown)}")
    return replace(base, **changes)

"""Which of an agent's panes holds the phone, and which one shows a record: pure rules, driven by the clock.

One pane leads: it alone has the phone's credentials. It keeps the lead by a lease that its page's script renews with
`beat`. Every change of leader raises the fencing number, and whatever acts for a leader names the number it acts under.
Times are monotonic seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field

HEARTBEAT_S = 10
LEASE_S = 30.0
AWAY_S = 5.0
RING_S = 1.0
RING_LEAD_S = 5.0
TAKEN_S = 15.0
_MOST_CALLS = 32
"""So many calls of one pane are followed; no phone has more, and a page could name any number."""


def call_names(sip_call_id: str | None, calls_id: int | None) -> list[str]:
    """What a call is called here: by its SIP dialog, by FCC's id, by each that it has. A pane reports it by one."""
    names = [] if sip_call_id is None else [sip_call_id]
    return names if calls_id is None else [*names, f"fcc:{calls_id}"]


@dataclass
class _Pane:
    joined_at: float
    focused_at: float
    beat_at: float
    away_since: float | None = None
    calls: set[str] = field(default_factory=set)


class Leadership:
    """The panes of one agent. Not safe to share between threads; every method returns whether the leader changed."""

    def __init__(self, *, fence: int = 0) -> None:
        self.leader: str | None = None
        self.fence = fence
        self._panes: dict[str, _Pane] = {}
        self._ringing: dict[str, float] = {}
        self._acknowledged_at = float("-inf")
        self._taken_at = float("-inf")

    @property
    def panes(self) -> list[str]:
        """The panes that are connected."""
        return [name for name, pane in self._panes.items() if pane.away_since is None]

    def knows(self, pane: str) -> bool:
        """Whether that pane is connected, or away for so short a time that it may come back."""
        return pane in self._panes

    @property
    def pop_target(self) -> str | None:
        """The pane to which a record is shown: the one focused last."""
        return self._favourite(self.panes)

    @property
    def due(self) -> float | None:
        """When `tick` will have something to do if nothing else happens."""
        times = [at + RING_S for at in self._ringing.values()]
        times += [pane.away_since + LEASE_S for pane in self._panes.values() if pane.away_since is not None]
        if self.leader is not None:
            times.append(self._lost_at(self._panes[self.leader]))
        return min(times, default=None)

    def join(self, pane: str, now: float, *, focused: bool) -> bool:
        """A pane connected, for the first time or again."""
        known = self._panes.get(pane)
        if known is None:
            self._panes[pane] = _Pane(joined_at=now, focused_at=now if focused else float("-inf"), beat_at=now)
        else:
            known.away_since, known.beat_at = None, now
            if focused:
                known.focused_at = now
        return self.tick(now)

    def leave(self, pane: str, now: float, *, for_good: bool) -> bool:
        """A pane's socket is gone; `for_good` when its page is closed and will not come back."""
        known = self._panes.get(pane)
        if known is None:
            return False
        known.away_since = now
        if for_good:
            del self._panes[pane]
        return self.tick(now)

    def beat(self, pane: str, now: float) -> bool:
        """The pane's script is alive."""
        if pane in self._panes:
            self._panes[pane].beat_at = now
        return self.tick(now)

    def focus(self, pane: str, now: float) -> bool:
        """A person is in that pane."""
        if pane in self._panes:
            self._panes[pane].focused_at = now
            self._panes[pane].beat_at = now
        return self.tick(now)

    def take(self, pane: str, now: float) -> bool:
        """A person wants the phone in that pane; it always gets it, and keeps it while the phone moves there."""
        if pane not in self._panes:
            return False
        self._taken_at = now
        if self.leader == pane:
            return False
        self._lead(pane)
        self._panes[pane].beat_at = now
        return True

    def ring(self, call: str, now: float) -> bool:
        """FCC rings the agent's phone with that call: the leader has a second to say that it hears it."""
        if self.leader is None or now - self._acknowledged_at <= RING_LEAD_S:
            return self.tick(now)
        self._ringing.setdefault(call, now)
        return self.tick(now)

    def ring_over(self, call: str) -> None:
        """That call rings no more."""
        self._ringing.pop(call, None)

    def reported(self, pane: str, call: str, now: float, *, up: bool) -> None:
        """The pane's phone reported a call by one of its names; `up` until the call has ended."""
        known = self._panes.get(pane)
        if known is None:
            return
        if up:
            if len(known.calls) < _MOST_CALLS:
                known.calls.add(call)
        else:
            known.calls.discard(call)
        known.beat_at = now
        if pane == self.leader:
            self._acknowledged_at = now
            self._ringing.clear()

    def call_over(self, call: str) -> None:
        """FCC says that the call is over, which a pane that is away cannot: it is no reason to wait for it any more."""
        for pane in self._panes.values():
            pane.calls.discard(call)

    def tick(self, now: float) -> bool:
        """Let time do its work: leases end, a ring that nobody heard moves the lead."""
        for name in [name for name, pane in self._panes.items() if _expired(pane.away_since, now, LEASE_S)]:
            del self._panes[name]
        if self.leader is not None and self.leader not in self._panes:
            self.leader = None
        if self.leader is None:
            return self._pass_on(self.panes, now)
        if now >= self._lost_at(self._panes[self.leader]):
            return self._pass_on(self._others(), now)
        if any(now - at >= RING_S for at in self._ringing.values()):
            self._ringing.clear()
            if now - self._taken_at < TAKEN_S:
                return False
            if not self._panes[self.leader].calls:
                return self._pass_on(self._others(), now)
        return False

    def _others(self) -> list[str]:
        return [name for name in self.panes if name != self.leader]

    def _pass_on(self, names: list[str], now: float) -> bool:
        alive = [name for name in names if now - self._panes[name].beat_at < LEASE_S]
        heir = self._favourite(alive or names)
        if heir is None:
            return False
        self._lead(heir)
        return True

    def _lead(self, pane: str) -> None:
        self.leader = pane
        self.fence += 1
        self._ringing.clear()

    def _favourite(self, names: list[str]) -> str | None:
        return max(names, key=lambda name: (self._panes[name].focused_at, self._panes[name].joined_at), default=None)

    @staticmethod
    def _lost_at(pane: _Pane) -> float:
        """When the pane loses the lead; one with a call up is given the whole lease to come back."""
        lease_ends = pane.beat_at + LEASE_S
        if pane.away_since is None or pane.calls:
            return lease_ends
        return min(lease_ends, pane.away_since + AWAY_S)


def _expired(since: float | None, now: float, patience: float) -> bool:
    return since is not None and now - since >= patience

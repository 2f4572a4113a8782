"""In which status each agent is, since when and until when."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from simulators.fcc.timekeeping import WallClock, iso
from simulators.fcc.world import BUSY, NOT_READY, READY, WRAP, Status, User, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulators.fcc.settings import Settings
    from simulators.fcc.signals import Signal
    from simulators.fcc.webhooks import Webhooks


class StatusRefused(Exception):  # noqa: N818 - it is a refusal, told to the client in these words
    """A status cannot be set now; the text is FCC's message."""


@dataclass
class Presence:
    """One agent's status. `order` rises with every change, so that the lowest is the one waiting longest."""

    status: Status
    since: datetime
    order: int
    until: datetime | None = None
    calls_id: int | None = None
    before_call: int = NOT_READY

    def row(self) -> dict[str, Any]:
        """As external-api and UserStatusChanged give it."""
        return {**self.status.row(), "since": iso(self.since), "until": iso(self.until), "calls_id": self.calls_id}


class PresenceBoard:
    """Statuses of all agents; everybody starts not ready. Not thread-safe: one event loop."""

    def __init__(self, world: World, settings: Settings, clock: WallClock, webhooks: Webhooks, changed: Signal) -> None:
        self._world = world
        self._settings = settings
        self._clock = clock
        self._webhooks = webhooks
        self._changed = changed
        self._order = 0
        self._timers: dict[int, asyncio.TimerHandle] = {}
        start = clock.now()
        self._board = {
            user.id: Presence(world.status(NOT_READY), start, 0) for user in world.users if user.type != "administrator"
        }

    def of(self, user: User) -> Presence | None:
        """None for a user who has no status at all (an administrator)."""
        return self._board.get(user.id)

    def rows(self) -> list[dict[str, Any]]:
        return [{"users_id": user_id, "status": one.row()} for user_id, one in self._board.items()]

    def request(self, user: User, status_id: object) -> Presence:
        """The agent sets a status; raises StatusRefused."""
        presence = self._board.get(user.id)
        if presence is None:
            raise StatusRefused("User has no status")
        if status_id not in [status.id for status in self._world.statuses]:
            raise StatusRefused("Unknown status")
        if status_id not in self._world.settable_statuses:
            raise StatusRefused("Status cannot be set")
        if presence.status.id == BUSY:
            raise StatusRefused("Status cannot be changed during a call")
        assert isinstance(status_id, int)
        if status_id != presence.status.id:
            self._set(user.id, status_id)
        return presence

    def engage(self, user: User, calls_id: int) -> None:
        """The agent's phone rings or dials: busy with this call, and WRAP, if there was one, is over."""
        before = self._board[user.id].status.id
        if before not in {BUSY, WRAP}:
            self._board[user.id].before_call = before
        elif before == WRAP:
            self._board[user.id].before_call = READY
        self._set(user.id, BUSY, calls_id=calls_id)

    def release(self, user: User) -> None:
        """The call came to nothing for this agent: back to the status before it."""
        self._set(user.id, self._board[user.id].before_call)

    def wrap_up(self, user: User, calls_id: int, campaign_id: int | None) -> None:
        """After a conversation: WRAP for as long as the call's campaign says, then ready."""
        seconds = self._settings.wrap_seconds.get(campaign_id, 0.0) if campaign_id is not None else 0.0
        if seconds <= 0:
            self._set(user.id, READY)
            return
        self._set(user.id, WRAP, calls_id=calls_id, until=self._clock.now() + timedelta(seconds=seconds))
        self._timers[user.id] = asyncio.get_running_loop().call_later(seconds, self._set, user.id, READY)

    def longest_ready(self, may: Callable[[User], bool]) -> User | None:
        """The agent with a phone who has been ready longest, of those for whom `may` holds."""
        ready = [
            (self._board[user.id].order, user)
            for user in self._world.users
            if user.has_phone and self._board[user.id].status.id == READY and may(user)
        ]
        return min(ready, key=lambda one: one[0])[1] if ready else None

    def close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()

    def _set(self, user_id: int, status_id: int, *, calls_id: int | None = None, until: datetime | None = None) -> None:
        if (timer := self._timers.pop(user_id, None)) is not None:
            timer.cancel()
        presence = self._board[user_id]
        self._order += 1
        presence.status = self._world.status(status_id)
        presence.since = self._clock.now()
        presence.order = self._order
        presence.until = until
        presence.calls_id = calls_id
        self._webhooks.send(
            "UserStatusChanged", {"users_id": user_id, "date_time": iso(presence.since), "status": presence.row()}
        )
        self._changed.fire()

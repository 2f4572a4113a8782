"""Which change of an agent's status must be told in words, for no call of theirs explains it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from cti.domain.presence import PresenceClass

if TYPE_CHECKING:
    from cti.domain.presence import Presence

_CALL: Final = frozenset({PresenceClass.BUSY, PresenceClass.WRAP})


class StatusMoves:
    """Remembers what each agent did before their call. Safe to share between threads; asks nobody.

    Agents are (tenant_id, users_id).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._before_call: dict[tuple[str, int], PresenceClass] = {}

    def heard(self, tenant_id: str, users_id: int, before: Presence | None, presence: Presence) -> None:
        """FCC's word was kept; `before` is what was known until then."""
        agent = (tenant_id, users_id)
        with self._lock:
            if presence.presence_class is PresenceClass.BUSY and before is not None:
                if before.presence_class is PresenceClass.WRAP:
                    self._before_call[agent] = PresenceClass.READY
                elif before.presence_class is not PresenceClass.BUSY:
                    self._before_call[agent] = before.presence_class
            elif presence.presence_class not in _CALL:
                self._before_call.pop(agent, None)

    def is_news(self, tenant_id: str, users_id: int, before: Presence, now: Presence) -> bool:
        """Whether an agent must be told in words that FCC has them otherwise than their pane showed.

        That is where they get calls or no calls against what they saw, and no call of theirs explains it: a call makes
        busy, is followed by WRAP and the queue, or gives back the status from before it.
        """
        was, is_now = before.presence_class, now.presence_class
        if before.id == now.id or is_now in _CALL:
            return False
        if was not in _CALL:
            return True
        with self._lock:
            usual = self._before_call.get((tenant_id, users_id), PresenceClass.READY)
        return is_now not in {PresenceClass.READY, usual}

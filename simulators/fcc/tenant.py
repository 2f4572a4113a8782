"""What every part of the PBX works on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from simulators.fcc.calls import Call, CallBook
    from simulators.fcc.presence import PresenceBoard
    from simulators.fcc.settings import Settings
    from simulators.fcc.timekeeping import WallClock
    from simulators.fcc.webhooks import Webhooks
    from simulators.fcc.world import World


@dataclass(frozen=True)
class Tenant:
    """One tenant of FCC: who and what there is, what is remembered of its calls and agents, and who is told."""

    world: World
    settings: Settings
    clock: WallClock
    book: CallBook
    presence: PresenceBoard
    webhooks: Webhooks
    recordings: Path

    def recording(self, call: Call) -> Path:
        """The file of a call's recording, whether there is one or not."""
        return self.recordings / f"{call.calls_id}.wav"

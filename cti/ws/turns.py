"""How a loop that reads what a peer sends lets the others of its process have their turn."""

from __future__ import annotations

import time
from typing import Final

TURN_S: Final = 1e-6
"""As short as can be, but not 0: a sleep of 0 s gives gevent's other greenlets a turn, but looks only every fiftieth
time at the sockets that some of them wait for."""


def give_way() -> None:
    """Let everything else that is ready run first; for any thread or greenlet."""
    time.sleep(TURN_S)

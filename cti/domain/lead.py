"""How a lead stands: which of an agent's panes speaks for the agent and holds the phone."""

from __future__ import annotations

from typing import Literal

Lead = Literal["present", "away", "over"]
"""How the lead stands under which a phone was let in: its pane is connected, has been cut off and may come back, or is
not the one that leads any more."""

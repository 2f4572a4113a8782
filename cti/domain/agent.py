"""Who is at a pane."""

from __future__ import annotations

from dataclasses import dataclass


def audience(pairing_id: str, fcc_user_id: int) -> str:
    """The key under which events for one agent of one pairing are kept and sent."""
    return f"{pairing_id}:{fcc_user_id}"


@dataclass(frozen=True, slots=True)
class AgentRef:
    """One agent: the FCC user and the Salesforce user of one pairing, matched by e-mail."""

    pairing_id: str
    sf_user_id: str
    fcc_user_id: int

    @property
    def audience(self) -> str:
        """This agent's key for events."""
        return audience(self.pairing_id, self.fcc_user_id)

"""What FCC says an agent is doing, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from cti.domain.times import is_ahead, iso, parse_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class PresenceClass(StrEnum):
    """The kinds of status. Tenants name their own statuses; each belongs to one of these."""

    READY = "ready"
    NOT_READY = "notready"
    BUSY = "busy"
    WRAP = "wrap"
    PAUSE = "pause"


# Source: the vendor's WebPhone types name user statuses ready, busy, suspend, away, wrap, pause, in_campaign and phone
# statuses ready, idle, notready, busy.
_WORDS: Final = {
    "ready": PresenceClass.READY,
    "idle": PresenceClass.READY,
    "in_campaign": PresenceClass.READY,
    "notready": PresenceClass.NOT_READY,
    "not_ready": PresenceClass.NOT_READY,
    "suspend": PresenceClass.NOT_READY,
    "busy": PresenceClass.BUSY,
    "wrap": PresenceClass.WRAP,
    "pause": PresenceClass.PAUSE,
    "away": PresenceClass.PAUSE,
}


def presence_class(word: object) -> PresenceClass | None:
    """The class FCC's word names; None for a word nobody knows."""
    return _WORDS.get(word.strip().lower()) if isinstance(word, str) else None


@dataclass(frozen=True, slots=True)
class Status:
    """One status of the tenant's own list; `settable`: an agent may choose it (busy and wrap come by themselves)."""

    id: int
    presence_class: PresenceClass
    name: str

    @property
    def settable(self) -> bool:
        """Whether an agent may put themselves into it."""
        return self.presence_class not in {PresenceClass.BUSY, PresenceClass.WRAP}


@dataclass(frozen=True, slots=True)
class Presence:
    """What an agent is doing. `until`: when FCC ends it by itself (WRAP), None where FCC named no end."""

    id: int
    presence_class: PresenceClass
    name: str
    since: datetime
    until: datetime | None = None
    calls_id: int | None = None

    def supersedes(self, other: Presence | None, *, now: datetime | None = None) -> bool:
        """Whether this is newer than `other`; receipt order doesn't matter, the PBX's time does.

        An `other` that begins later than `now` says nothing of the present, and anything supersedes it.
        """
        if other is None or (now is not None and is_ahead(other.since, now)):
            return True
        return self.since >= other.since

    def to_json(self) -> dict[str, Any]:
        """`{id, class, name, since, until, callsId}` for the store."""
        return {
            "id": self.id,
            "class": self.presence_class.value,
            "name": self.name,
            "since": iso(self.since),
            "until": iso(self.until) if self.until else None,
            "callsId": self.calls_id,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Presence:
        """What `to_json` wrote."""
        since = parse_time(data["since"])
        assert since is not None
        return cls(
            id=data["id"],
            presence_class=PresenceClass(data["class"]),
            name=data["name"],
            since=since,
            until=parse_time(data.get("until")),
            calls_id=data.get("callsId"),
        )


@dataclass(frozen=True, slots=True)
class AgentPresence:
    """What FCC last said about an agent, and when it was heard."""

    tenant_id: str
    users_id: int
    presence: Presence | None
    heard_at: datetime | None


@dataclass(frozen=True, slots=True)
class Attendance:
    """Whether an agent has a pane. `seen_at`: when one last lived. `release_due`: FCC must yet be told not ready."""

    pairing_id: str
    users_id: int
    tenant_id: str
    sf_user_id: str
    present: bool
    seen_at: datetime
    release_due: bool = False

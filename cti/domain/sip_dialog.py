"""A SIP dialog between an agent's phone and FCC, as it is remembered. Source: RFC 3261, section 12."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class Stage(StrEnum):
    """How far a dialog has come."""

    ASKED = "asked"
    """The phone's INVITE went to FCC, which has not given it a tag yet."""
    OFFERED = "offered"
    """FCC's INVITE went to the phone, which has not given it a tag yet."""
    EARLY = "early"
    """Both have their tags, and the call is not answered."""
    CONFIRMED = "confirmed"
    """The call is up."""
    OVER = "over"
    """It has ended, and only what ends it may still be said."""


@dataclass(frozen=True)
class Dialog:
    """What is known of one dialog, or of the INVITE that may become one; a value, every change makes a new one.

    `local_tag` is the phone's, `remote_tag` FCC's; the one that is not given yet is empty. `local` is the phone's
    address in it as it was written, empty when that is not clear. `targets` are the addresses at which FCC wants to be
    asked in it, the newest last; before FCC has named one, those that the phone asked for. `routes` is the route set
    from the phone to FCC. `answered_by` is what an answer to FCC's INVITE has to carry as its Via. `at` is when it
    became known or was last changed.
    """

    call_id: str
    local_tag: str
    remote_tag: str
    stage: Stage
    local: str
    targets: tuple[str, ...]
    routes: tuple[str, ...]
    answered_by: str
    at: datetime

    @property
    def id(self) -> tuple[str, str, str]:
        """What a dialog is known by: Call-ID and both tags."""
        return self.call_id, self.local_tag, self.remote_tag

    @property
    def target(self) -> str:
        """The address at which FCC wants to be asked now."""
        return self.targets[-1] if self.targets else ""

    def digest(self, audience: str) -> str:
        """A key of 64 characters for this dialog of that agent, whatever the length of Call-ID and tags."""
        parts = "\0".join((audience, *self.id))
        return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()

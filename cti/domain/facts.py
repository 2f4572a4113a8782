"""What is known of calls and agents: facts, each as somebody reported it. docs/facts.md lists every kind.

A fact's identity is a hash over its source, kind, time, ids and canonical content; its place is (PBX time, source rank,
identity). When it was received never decides.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from cti.domain.times import iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CONTENT_VERSION: Final = 1


class Source(StrEnum):
    """Who reported a fact."""

    FCC = "fcc"
    LIST = "list"
    PANE = "pane"
    AGENT = "agent"
    MATCH = "match"


_RANK: Final = {Source.FCC: 0, Source.LIST: 1, Source.PANE: 2, Source.AGENT: 3, Source.MATCH: 4}

KINDS: Final[Mapping[Source, frozenset[str]]] = {
    Source.FCC: frozenset(
        {"created", "ringing", "answered", "held", "resumed", "leg-ended", "ended", "presence", "unknown"}
    ),
    Source.LIST: frozenset({"row"}),
    Source.PANE: frozenset({"dialled", "ringing", "answered", "held", "resumed", "ended", "popped"}),
    Source.AGENT: frozenset({"dialled", "related", "note", "disposition", "settings", "forgotten"}),
    Source.MATCH: frozenset({"matched", "checked"}),
}
"""Every kind of fact, by its source. docs/facts.md says what each one carries."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One report about a call (or about an agent or the settings), as it was made. Never changed, never removed.

    `source` one of `Source`, `kind` one of `KINDS[source]`; `at` when it happened by the reporter's clock (aware);
    `calls_id` FCC's id of the call and `sip_call_id` the Call-ID of the pane's SIP dialog, where known; `content` JSON
    in the words of docs/facts.md, keys in snake_case, times as ISO text, numbers of phones in E.164 where they parse.
    """

    source: str
    kind: str
    at: datetime
    calls_id: int | None = None
    sip_call_id: str | None = None
    content: Mapping[str, Any] = field(default_factory=dict)

    @property
    def identity(self) -> str:
        """64 hex digits; equal for equal reports however often and by whatever way they came."""
        # A time that cannot be was replaced by another each time the report came: the one told is its own.
        at = self.content.get("told_at") or iso(self.at)
        canonical = json.dumps(
            [CONTENT_VERSION, self.source, self.kind, at, self.calls_id, self.sip_call_id, self.content],
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
        )
        return hashlib.sha256(canonical.encode()).hexdigest()

    @property
    def place(self) -> tuple[datetime, int, str]:
        """Where the fact stands in the total order."""
        return (self.at.astimezone(UTC), _RANK[Source(self.source)], self.identity)


def in_order(facts: Iterable[Fact]) -> list[Fact]:
    """Each fact once, the earliest of equal ones, in the total order."""
    kept: dict[str, Fact] = {}
    for fact in facts:
        known = kept.get(fact.identity)
        if known is None or fact.at < known.at:
            kept[fact.identity] = fact
    return sorted(kept.values(), key=lambda fact: fact.place)

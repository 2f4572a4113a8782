"""One entry of the event log, encoded once for everybody who gets it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cti.domain.text import storable
from cti.ws.frames import text_frame

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


def encode(value: Mapping[str, Any]) -> str:
    """JSON text of `value`, as short as it can be, in UTF-8 letters; of a lone surrogate, which has none, U+FFFD."""
    return storable(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


@dataclass(frozen=True)
class LoggedEvent:
    """An event as it stands in the log.

    `id` grows over the whole log, `seq` over one `audience` (`"<pairing>:<fcc user>"`); `body` is the JSON object of
    the event's own fields, already encoded; `pane` names the only pane that may get it, None means all of them.
    """

    id: int
    audience: str
    seq: int
    type: str
    at: datetime
    body: str = "{}"
    pane: str | None = None

    @cached_property
    def fields(self) -> Mapping[str, Any]:
        """The event's own fields, decoded on first use."""
        decoded: dict[str, Any] = json.loads(self.body)
        return decoded

    @cached_property
    def text(self) -> str:
        """The message that a pane gets: `{"seq", "type", "at", …}`; built on first use and kept."""
        head = f'{{"seq":{self.seq},"type":{json.dumps(self.type)},"at":"{self.at.isoformat()}"'
        return head + ("}" if self.body == "{}" else "," + self.body[1:])

    @cached_property
    def frame(self) -> bytes:
        """`text` as one unmasked WebSocket frame, shared by all sockets that send it."""
        return text_frame(self.text)

"""Finds the record for which Salesforce refuses a whole request, so that the others get through.

A request that is refused as a whole is halved until the record stands alone. A record is blamed for that only when the
org took others: where it takes none, the fault is not a record's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cti.calllog.trouble import trouble_of
from cti.errors import ConnectorError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cti.domain.salesforce import RowResult, Trouble

    Send = Callable[[Sequence[Mapping[str, Any]]], Sequence[RowResult]]

SAMPLES: Final = 4
"""After so many records refused alone, and none taken, nothing more is sent."""
REQUESTS: Final = 40
"""How many requests one batch may cost at most; one bad record among 200 takes 17 of them, two take 30."""


@dataclass(frozen=True)
class Failed:
    """A record that got no answer of its own: the trouble with the request it stood in, None when there was no request.

    `alone`: it was the request's only record, and what stood in the request was refused. `sent` is False when no
    request was made for it, be it for another one's error or because no more requests were allowed.
    """

    error: Trouble | None
    alone: bool = False
    sent: bool = True


class Narrowing:
    """Sends the records of one batch, in as many requests as it takes and as are allowed. Not safe to share."""

    def __init__(self, requests: int = REQUESTS) -> None:
        self._left = requests
        self.took = False
        """Whether the org answered record by record at least once."""
        self.refused = 0
        """How many records were refused alone."""
        self._trouble: Trouble | None = None

    @property
    def hopeless(self) -> bool:
        """Whether several records were refused alone, from wherever in the batch, and none was taken.

        Then it is none of theirs.
        """
        return self.refused > 1 and not self.took

    def send(self, rows: Sequence[Mapping[str, Any]], send: Send, *, at_once: int) -> list[RowResult | Failed]:
        """What became of each record, in order; at most `at_once` of them are put into one request."""
        answers: dict[int, RowResult | Failed] = {}
        starts = range(0, len(rows), at_once)
        parts = [range(start, min(start + at_once, len(rows))) for start in reversed(starts)]
        while parts:
            part = self._next(parts)
            given_up = self.refused >= SAMPLES and not self.took
            if self._trouble is not None or self._left <= 0 or given_up:
                answers |= dict.fromkeys(part, Failed(self._trouble, sent=False))
                continue
            self._left -= 1
            try:
                answers |= zip(part, send([rows[place] for place in part]), strict=True)
                self.took = True
            except ConnectorError as error:
                trouble = trouble_of(error)
                if not trouble.blames_content:
                    self._trouble = trouble
                    answers |= dict.fromkeys(part, Failed(trouble))
                elif len(part) == 1:
                    self.refused += 1
                    answers[part[0]] = Failed(trouble, alone=True)
                else:
                    half = part.start + len(part) // 2
                    parts += [range(half, part.stop), range(part.start, half)]
        return [answers[place] for place in range(len(rows))]

    def _next(self, parts: list[range]) -> range:
        """The part to send next: the one last halved, as long as there is hope.

        Two bad records may stand side by side before a hundred good ones. So once two were refused and none taken, the
        next one tried alone is the last of all, and then one from the middle.
        """
        if not self.hopeless or self.refused >= SAMPLES:
            return parts.pop()
        place = 0 if self.refused % 2 == 0 else len(parts) // 2
        far = parts[place]
        if len(far) == 1:
            return parts.pop(place)
        parts[place] = range(far.start, far.stop - 1)
        return range(far.stop - 1, far.stop)

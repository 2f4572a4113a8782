"""What a search for a caller gave, and what is known of a record that a pane named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cti.domain.record import Record


def case_code(ivr: str | None) -> str | None:
    """The code keyed in the IVR where it can be a case's number: digits, nothing else."""
    return ivr if ivr and ivr.isascii() and ivr.isdigit() else None


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether an agent may read a record: `record` as Salesforce holds it, None where they may not or there is none."""

    record: Record | None = None


@dataclass(frozen=True, slots=True)
class MatchResult:
    """The records whose numbers agree with the caller's, best first, each with its `reason`.

    `complete` False: the search could not be finished (Salesforce was away, or the agent has no usable token), so an
    empty list doesn't mean that nobody is known.
    """

    candidates: tuple[Record, ...] = ()
    complete: bool = True

    @property
    def pop(self) -> Record | None:
        """The one record to open; None when there is none, or a choice to make."""
        return self.candidates[0] if len(self.candidates) == 1 else None

"""What a call's Task points at: WhoId and WhatId by the kind of record, and what the pane shows after BUSY."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cti.domain.outcome import Outcome

if TYPE_CHECKING:
    from cti.domain.record import Record


@dataclass(frozen=True, slots=True)
class TaskLinks:
    """A Task's WhoId (a person) and WhatId (a thing). Source: Salesforce object reference, Task."""

    who_id: str | None = None
    what_id: str | None = None


NOTHING: Final = TaskLinks()


def links(record: Record | None) -> TaskLinks:
    """Give what a Task about this record points at.

    Contact → Who; lead → Who; account → What; person account → What, its contact → Who; case → What, its contact → Who;
    any other object (a custom one, an opportunity) → What.
    """
    if record is None:
        return NOTHING
    match record.object_type:
        case "Contact" | "Lead":
            return TaskLinks(who_id=record.record_id)
        case "Account" if record.person_account:
            return TaskLinks(who_id=record.contact_id, what_id=record.record_id)
        case "Account":
            return TaskLinks(what_id=record.record_id)
        case "Case":
            return TaskLinks(who_id=record.contact_id, what_id=record.record_id)
        case _:
            return TaskLinks(what_id=record.record_id)


def shown_as_related(record: Record | None, outcome: Outcome | None) -> str | None:
    """The id the pane shows under Related to.

    After an outbound BUSY it is the object the call was made from: an account or person account its own id, a case its
    own, and nothing for a lead or a contact (R38). Else it is the record's WhatId by `links`.
    """
    if record is None:
        return None
    if outcome is Outcome.BUSY:
        return record.record_id if record.object_type in {"Account", "Case"} else None
    return links(record).what_id

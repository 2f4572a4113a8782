"""What a Task points at."""

from __future__ import annotations

import pytest

from cti.domain.outcome import Outcome
from cti.domain.record import Record
from cti.domain.related_to import TaskLinks, links, shown_as_related

CONTACT = Record("003C", "Contact", account_id="001A")
LEAD = Record("00QL", "Lead")
ACCOUNT = Record("001A", "Account")
PERSON = Record("001P", "Account", contact_id="003P", person_account=True)
CASE = Record("500K", "Case", contact_id="003C", account_id="001A")
OTHER = Record("006O", "Opportunity")


@pytest.mark.parametrize(
    ("record", "who", "what"),
    [
        (CONTACT, "003C", None),
        (LEAD, "00QL", None),
        (ACCOUNT, None, "001A"),
        (PERSON, "003P", "001P"),
        (CASE, "003C", "500K"),
        (OTHER, None, "006O"),
        (None, None, None),
    ],
)
def test_each_kind_of_record_has_its_place(record: Record | None, who: str | None, what: str | None) -> None:
    assert links(record) == TaskLinks(who, what)


@pytest.mark.req("R38")
@pytest.mark.parametrize(
    ("record", "shown"),
    [(ACCOUNT, "001A"), (PERSON, "001P"), (CASE, "500K"), (LEAD, None), (CONTACT, None), (None, None)],
)
def test_after_busy_the_object_called_from_is_shown(record: Record | None, shown: str | None) -> None:
    assert shown_as_related(record, Outcome.BUSY) == shown

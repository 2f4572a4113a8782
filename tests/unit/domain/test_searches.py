"""Which of several searches for the other side of a call counts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from cti.domain.fold import fold
from tests.unit.domain.facts import ANNA, CUSTOMER, contact, fcc, match

if TYPE_CHECKING:
    from cti.domain.facts import Fact


def searched(seconds: float, record_id: str | None, **asked: Any) -> Fact:
    fact = match(seconds, *([contact(record_id)] if record_id else []), complete=asked.pop("complete", True))
    return replace(fact, content={**fact.content, **asked})


BY_NUMBER = searched(2, "003000000000001AAA", number=CUSTOMER)
BY_CODE = searched(3, "003000000000002AAA", number=CUSTOMER, ivr="1234")
OF_ANOTHER_NUMBER = searched(9, "003000000000003AAA", number="+48600100999")
UNFINISHED = searched(10, None, number=CUSTOMER, ivr="1234", complete=False)
BY_NUMBER_LATE = searched(11, "003000000000004AAA", number=CUSTOMER)


@pytest.mark.parametrize(
    ("found", "counts"),
    [
        ([BY_NUMBER], BY_NUMBER),
        ([BY_NUMBER, BY_CODE], BY_CODE),
        ([BY_CODE, BY_NUMBER_LATE], BY_CODE),
        ([BY_NUMBER, OF_ANOTHER_NUMBER], BY_NUMBER),
        ([BY_NUMBER, UNFINISHED], BY_NUMBER),
        ([BY_NUMBER, BY_NUMBER_LATE], BY_NUMBER_LATE),
        ([UNFINISHED, OF_ANOTHER_NUMBER], UNFINISHED),
    ],
)
def test_of_several_searches_the_best_founded_one_counts(found: list[Fact], counts: Fact) -> None:
    facts = [fcc("created", 0, ivr="1234"), fcc("ringing", 1, users_id=ANNA)]
    for order in (found, found[::-1]):
        call = fold([*facts, *order])
        place = call.leg_of(ANNA)
        assert place is not None
        leg = place[1]
        assert [record.to_json()["record_id"] for record in leg.candidates] == [
            record["record_id"] for record in counts.content["candidates"]
        ]
        assert (leg.matched_number, leg.matched_ivr) == (counts.content["number"], counts.content.get("ivr"))
        assert call.candidates == leg.candidates


def test_a_search_of_which_nobody_wrote_down_what_for_stands() -> None:
    call = fold([fcc("ringing", 1, users_id=ANNA), match(2, contact())])
    place = call.leg_of(ANNA)
    assert place is not None
    assert (place[1].matched, place[1].matched_number) == (True, None)
    assert call.related is not None

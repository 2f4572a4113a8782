from __future__ import annotations

import pytest

from simulators.salesforce.ids import IdFactory, checksum, object_of, to18


@pytest.mark.parametrize(
    ("short", "long"),
    [
        # pairs that stand in Salesforce's public documentation and examples
        ("001D000000IqhSL", "001D000000IqhSLIAZ"),
        ("00DD0000000JsYa", "00DD0000000JsYaMAK"),
        ("005x0000001SyyE", "005x0000001SyyEAAS"),
    ],
)
def test_the_long_form_adds_the_checksum_of_upper_case_letters(short: str, long: str) -> None:
    assert checksum(short) == long[15:]
    assert to18(short) == long
    assert to18(long) == long


@pytest.mark.parametrize("wrong", ["", "001", "001D000000IqhSLIAA", "001D000000IqhS!", "001D000000IqhSLIAZ0"])
def test_a_malformed_id_has_no_long_form(wrong: str) -> None:
    assert to18(wrong) is None


def test_ids_of_an_object_carry_its_prefix_and_differ() -> None:
    factory = IdFactory()
    made = [factory.next("Task") for _ in range(100)]
    assert len(set(made)) == 100
    assert {object_of(one) for one in made} == {"Task"}
    assert all(len(one) == 18 and to18(one) == one for one in made)

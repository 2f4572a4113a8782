"""Rows of the outbox live longer than the code that wrote them."""

from __future__ import annotations

import json

import pytest

from cti.calllog.mapping import task_fields
from cti.calllog.placeholders import (
    About,
    Closed,
    Day,
    OfPerson,
    Owner,
    Words,
    compared,
    is_late,
    late,
    plain,
    read,
    written,
)
from tests.unit.calllog import support
from tests.unit.calllog.support import CASE, paired

OWNER = Owner(tenant="acme", agent=101, default="005")
ABOUT = About(type="Case", id="500", contact="003", person=False, name="00001026")
EACH = [
    Closed(),
    OWNER,
    Day(at="2026-11-22T09:00:00Z", owner=OWNER),
    Day(at="2026-11-22T09:00:00Z", owner=None),
    Words(words={"pl": "Połączenie", "en": "Call"}, otherwise="pl", owner=OWNER),
    OfPerson(kind="who", about=ABOUT),
    OfPerson(kind="name", about=ABOUT),
    OfPerson(kind="email", about=ABOUT),
]
OLD_OWNER = {"$": "owner", "tenant": "acme", "agent": 101, "default": "005"}
OLD_ABOUT = {"type": "Case", "id": "500", "contact": "003", "person": False, "name": "00001026"}
#: The same, as rows held them before they had a version.
BEFORE_VERSIONS = [
    {"$": "closed"},
    OLD_OWNER,
    {"$": "day", "at": "2026-11-22T09:00:00Z", "owner": OLD_OWNER},
    {"$": "day", "at": "2026-11-22T09:00:00Z", "owner": None},
    {"$": "words", "words": {"pl": "Połączenie", "en": "Call"}, "otherwise": "pl", "owner": OLD_OWNER},
    {"$": "who", "about": OLD_ABOUT},
    {"$": "name", "about": OLD_ABOUT},
    {"$": "email", "about": OLD_ABOUT},
]


@pytest.mark.parametrize("placeholder", EACH)
def test_a_placeholder_comes_back_out_of_its_row(placeholder):
    row = json.loads(json.dumps(written(placeholder)))
    assert (row["$"], row["v"]) == (placeholder.kind, 1)
    assert read(row) == placeholder


@pytest.mark.parametrize(
    ("row", "placeholder"), list(zip(BEFORE_VERSIONS, EACH, strict=True)), ids=lambda each: str(each)[:20]
)
def test_rows_from_before_there_were_versions_are_read(row, placeholder):
    assert read(row) == placeholder


@pytest.mark.parametrize("value", ["text", "", 7, 0, None, True])
def test_what_is_no_object_is_given_as_it_is(value):
    assert read(value) == written(value) == value


@pytest.mark.parametrize(
    "row",
    [{"$": "nonsense"}, {}, {"not": "text"}, {"$": "closed", "v": 2}, {**OLD_OWNER, "more": 1}, {"$": "owner"}],
    ids=str,
)
def test_what_is_no_placeholder_of_a_known_version_is_refused(row):
    with pytest.raises(ValueError, match="unknown placeholder"):
        read(row)


def test_what_a_later_version_wrote_is_another_value_and_no_trouble():
    later = {"$": "owner", "v": 2, "team": "sales"}
    assert compared(later) == later != OWNER
    assert compared(written(OWNER)) == OWNER


def test_every_field_of_a_task_can_be_written_and_read():
    call = support.related(support.ended(support.answered(support.inbound())), CASE, "clicked")
    fields = task_fields(call, call.segments[0], paired(), language="pl")
    rows = json.loads(json.dumps({name: written(value) for name, value in fields.items()}))
    assert {name: read(value) for name, value in rows.items()} == fields


def test_a_late_value_bears_its_mark_once_and_loses_it_when_it_is_sent():
    kept = {"WhoId": late("x"), "OwnerId": late(written(OWNER)), "FCC_Queue__c": "x"}
    assert {name for name, value in kept.items() if is_late(value)} == {"WhoId", "OwnerId"}
    assert late(kept["WhoId"]) == kept["WhoId"]
    assert plain(kept) == {"WhoId": "x", "OwnerId": written(OWNER), "FCC_Queue__c": "x"}


def test_a_mark_that_was_written_with_a_version_is_seen():
    assert plain({"WhoId": {"$": "late", "v": 1, "value": "x"}}) == {"WhoId": "x"}

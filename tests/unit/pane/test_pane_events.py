"""What panes are told, as JSON."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.domain.presence import PresenceClass
from cti.errors import InternalError
from cti.events.event import encode
from cti.pane_events import EVENTS, ClickedRecord, DialRequest, Notice, Problem, SessionExpiring, StatusShown

CONTACT = "0035g00000ABCDEAA1"


def test_each_event_has_a_type_of_its_own_and_no_field_of_the_envelope():
    assert len({event.type for event in EVENTS}) == len(EVENTS)
    for event in EVENTS:
        assert not {"seq", "type", "at", "re"} & {each.name for each in fields(event)}, event


@given(code=st.text(), message=st.text(st.characters(codec=None)))
def test_the_text_of_an_event_is_what_its_fields_are_as_json(code, message):
    notice = Notice(code, message)
    assert notice.body() == encode(notice.to_json()) == encode({"code": code, "message": message})


def test_words_that_no_name_in_python_can_have_are_told_all_the_same():
    assert SessionExpiring(60).to_json() == {"in": 60}
    assert StatusShown(1, PresenceClass.READY, "W kolejce").to_json() == {
        "id": 1,
        "class": "ready",
        "name": "W kolejce",
    }


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (None, None),
        (ClickedRecord(CONTACT, "Contact"), {"recordId": CONTACT, "objectType": "Contact", "personAccount": False}),
        (
            ClickedRecord(CONTACT, "Contact", "Jan", None, None, person_account=True),
            {"recordId": CONTACT, "objectType": "Contact", "recordName": "Jan", "personAccount": True},
        ),
    ],
)
def test_of_a_clicked_record_only_what_is_known_is_told(record, told):
    request = DialRequest("d1", "+48600100200", record)
    assert json.loads(request.body()) == {"dialId": "d1", "number": "+48600100200", "record": told}


def test_an_error_is_told_in_the_agents_language():
    assert Problem.of(InternalError(), "pl").to_json() == InternalError().to_json("pl")
    assert Notice.of(InternalError(), "en").to_json() == InternalError().to_json("en")

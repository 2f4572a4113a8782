"""From a call's change to the org: what is created, what is sent again, and what never is."""

from __future__ import annotations

import contextlib
import itertools
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from cti.admin.service import settings_fact
from cti.calllog.service import CallLogger
from cti.domain.call import Leg, Segment, State
from cti.domain.outcome import Outcome
from cti.outbox.deliverer import ATTEMPTS
from cti.salesforce.classify import from_code
from cti.salesforce.errors import (
    AppUnknownError,
    DailyLimitReachedError,
    FieldRefusedError,
    RowLockedError,
    UnavailableError,
)
from cti.web.metrics import Metrics
from tests.support.fake_org import TASK_FIELDS, FakeOrg, lose_answer, user
from tests.support.wait import until
from tests.unit.calllog import support
from tests.unit.calllog.support import CASE, JAN
from tests.unit.outbox.conftest import ORG

ONE = "acme:1017:0"


def fail(error):
    def raise_it():
        raise error

    return raise_it


@pytest.mark.req("R2")
def test_a_call_becomes_one_task_that_is_completed_at_its_end(world):
    call = support.outbound()
    world.change(call)
    world.settle()
    task = world.org.named(ONE)
    assert (task["TaskSubtype"], task["Status"], task["CallType"]) == ("Call", "Not Started", "Outbound")
    assert task["OwnerId"] == user(1, "").id
    assert task["ActivityDate"] == "2026-11-22"
    over = support.ended(support.answered(call))
    world.change(support.answered(call))
    world.change(over)
    world.settle()
    task = world.org.named(ONE)
    assert (task["Status"], task["CallDurationInSeconds"], task["FCC_Outcome__c"]) == ("Zakończone", 60, "ANSWERED")
    assert [len(rows) for rows in world.org.sent("create")] == [1]
    assert [len(rows) for rows in world.org.sent("update")] == [1]
    assert set(world.org.sent("update")[0][0]) == {
        "Id",
        "Status",
        "CallDurationInSeconds",
        "CallDisposition",
        "FCC_Answered_At__c",
        "FCC_Ended_At__c",
        "FCC_Outcome__c",
    }


def test_the_same_change_again_sends_nothing(world):
    call = support.ended(support.answered(support.outbound()))
    for _ in range(3):
        world.change(call)
        world.settle()
    assert len(world.org.sent("create")) == 1
    assert world.org.sent("update") == []


def test_versions_that_wait_become_one_delivery(world):
    call = support.outbound()
    world.change(call)
    world.change(support.answered(call))
    world.change(support.ended(support.answered(call)))
    world.settle()
    assert [len(rows) for rows in world.org.sent("create")] == [1]
    assert world.org.sent("update") == []
    assert world.org.named(ONE)["Status"] == "Zakończone"


def test_a_first_delivery_waits_ten_seconds_and_two_when_dialled_from_a_record(world):
    plain, clicked = support.outbound(), support.related(support.outbound(calls_id=1018), JAN, "clicked")
    deliverer = world.deliverer()
    world.change(plain)
    assert deliverer.run_once() == pytest.approx(10, abs=5)
    world.clock.advance(9)
    assert deliverer.run_once() == pytest.approx(1)
    assert world.org.calls == []
    world.change(clicked)
    world.clock.advance(1)
    assert deliverer.run_once() == 0.0
    # The second one came along though its own time had not come: one request for both.
    assert [len(rows) for rows in world.org.sent("create")] == [2]


def test_a_delivery_made_from_a_record_is_due_after_two_seconds(world):
    world.change(support.related(support.outbound(), JAN, "clicked"))
    deliverer = world.deliverer()
    assert deliverer.run_once() == pytest.approx(2)


@pytest.mark.req("R38")
def test_a_call_clicked_on_a_case_points_at_the_case_and_its_contact(world):
    world.org.people[CASE.record_id] = {
        "Id": CASE.record_id,
        "ContactId": "003C",
        "Contact": {"Name": "Jan Kowalski", "Email": "jan.kowalski@klient.example"},
    }
    world.change(support.ended(support.related(support.outbound(), CASE, "clicked"), Outcome.BUSY))
    world.settle()
    task = world.org.named(ONE)
    assert (task["WhatId"], task["WhoId"]) == (CASE.record_id, "003C")
    assert (task["FCC_Contact_Name__c"], task["FCC_Contact_Email__c"]) == (
        "Jan Kowalski",
        "jan.kowalski@klient.example",
    )


@pytest.mark.req("R2")
def test_the_customers_name_and_email_are_in_the_task(world):
    world.org.people[JAN.record_id] = {"Id": JAN.record_id, "Name": "Jan Kowalski", "Email": "jan@klient.example"}
    world.change(support.related(support.inbound(), JAN, "matched"))
    world.settle()
    task = world.org.named("acme:2001:0")
    assert (task["WhoId"], task["FCC_Contact_Name__c"]) == (JAN.record_id, "Jan Kowalski")
    assert task["FCC_Contact_Email__c"] == "jan@klient.example"


def test_what_people_edit_in_salesforce_stays_theirs(world):
    call = support.related(support.outbound(), JAN, "matched")
    world.change(call)
    world.settle()
    task = world.org.named(ONE)
    edits = {
        "Subject": "Oddzwonić",
        "WhoId": "003X",
        "WhatId": "006X",
        "OwnerId": "005X",
        "ActivityDate": "2026-12-01",
        "Description": "moje",
    }
    task |= edits
    world.change(support.related(support.ended(support.answered(call)), replace(JAN, name="Jan K."), "matched"))
    world.settle()
    assert {name: world.org.named(ONE)[name] for name in edits} == edits
    assert world.org.named(ONE)["Status"] == "Zakończone"


def test_the_agents_own_link_and_note_are_sent_again(world):
    call = support.related(support.outbound(), JAN, "matched")
    world.change(call)
    world.settle()
    world.org.named(ONE)["WhoId"] = "003X"
    linked = support.with_segment(support.related(call, replace(CASE, contact_id="003C"), "linked"), note="oddzwoni")
    world.change(linked)
    world.settle()
    task = world.org.named(ONE)
    assert (task["WhoId"], task["WhatId"], task["Description"]) == ("003C", CASE.record_id, "oddzwoni")
    world.change(support.with_segment(linked, related=None, unlinked=True))
    world.settle()
    task = world.org.named(ONE)
    assert (task["WhoId"], task["WhatId"]) == (None, None)


def test_a_record_that_is_in_doubt_again_is_not_taken_from_the_task(world):
    world.change(support.related(support.outbound(), JAN, "clicked"))
    world.settle()
    world.change(support.with_segment(support.answered(support.outbound()), related=None))
    world.settle()
    assert world.org.named(ONE)["WhoId"] == JAN.record_id


def test_a_link_that_the_agent_takes_away_before_anything_was_sent_is_never_sent(world):
    call = support.related(support.outbound(), JAN, "matched")
    world.change(call)
    world.change(support.with_segment(call, related=None))
    world.settle()
    assert "WhoId" not in world.org.named(ONE)


@pytest.mark.req("R16")
def test_a_call_nobody_took_belongs_to_the_default_user(world):
    world.change(support.ended(support.inbound(), Outcome.NO_ANSWER))
    world.settle()
    assert world.org.named("acme:2001:0")["OwnerId"] == user(9, "").id


@pytest.mark.req("R16")
def test_an_agent_without_a_salesforce_user_gives_way_to_the_default_user(world):
    call = support.answered(support.inbound(), agent=150)
    world.change(call)
    world.settle()
    assert world.org.named("acme:2001:0")["OwnerId"] == user(9, "").id


def test_a_transfer_makes_a_second_task_of_its_own(world):
    first = support.ended(support.answered(support.inbound()))
    leg = Leg(users_id=102, state=State.TALKING, on_pane=True)
    second = Segment(index=1, agent_users_id=102, started_at=support.at(65), answered_at=support.at(66), legs=(leg,))
    world.change(replace(first, segments=(*first.segments, second)))
    world.settle()
    owners = {key: world.org.named(f"acme:2001:{key}")["OwnerId"] for key in (0, 1)}
    assert owners == {0: user(1, "").id, 1: user(2, "").id}
    assert [len(rows) for rows in world.org.sent("create")] == [2]


def test_a_task_deleted_in_salesforce_stays_deleted(world):
    call = support.outbound()
    world.change(call)
    world.settle()
    world.org.delete(world.org.named(ONE)["Id"])
    world.change(support.answered(call))
    world.settle()
    before = len(world.org.calls)
    world.change(support.ended(support.answered(call)))
    world.settle()
    assert len(world.org.calls) == before
    assert len(world.org.tasks) == 1
    assert world.row(call).state == "done"


def test_the_panes_hear_of_every_change_of_a_logs_state(world):
    call = support.outbound()
    assert world.state(call)["state"] == "none"
    world.change(call)
    assert world.state(call) == {"state": "waiting", "taskId": None, "code": None}
    world.settle()
    assert world.state(call) == {"state": "saved", "taskId": world.org.named(ONE)["Id"], "code": None}
    assert world.news == [("acme", 1017)]


def test_a_field_that_salesforce_refuses_is_shown_and_not_repeated(world):
    world.org.refuse = lambda _row: FieldRefusedError(
        salesforce_code="FIELD_CUSTOM_VALIDATION_EXCEPTION", detail="Podaj wynik"
    )
    call = support.outbound()
    world.change(call)
    world.settle()
    assert world.row(call).state == "dead"
    assert world.state(call)["state"] == "failed"
    assert world.state(call)["code"] == "salesforce-field-refused"
    assert "Podaj wynik" in world.row(call).detail
    assert len(world.org.sent("create")) == 1
    assert world.news == [("acme", 1017)]
    # The administrator changes the rule and lets it be tried again; nothing of it was lost.
    world.org.refuse = lambda _row: None
    with world.database.write() as uow:
        assert uow.outbox.revive(f"{ORG}/{ONE}")
        uow.commit()
    world.settle()
    assert world.org.named(ONE)["Subject"].startswith("Połączenie wychodzące")


def test_newer_fields_give_a_refused_delivery_a_new_chance(world):
    world.org.refuse = lambda row: None if "Status" in row else FieldRefusedError(salesforce_code="X")
    call = support.outbound()
    world.change(call)
    world.settle()
    world.change(support.ended(support.answered(call)))
    world.settle()
    assert world.org.named(ONE)["TaskSubtype"] == "Call"


@pytest.mark.parametrize(
    "code", ["INVALID_CROSS_REFERENCE_KEY", "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "ENTITY_IS_DELETED"]
)
def test_a_customer_who_cannot_be_referred_to_does_not_cost_the_call(world, code):
    world.org.refuse = lambda row: from_code(code, "bad reference") if "WhoId" in row else None
    call = support.related(support.outbound(), JAN, "clicked")
    world.change(call)
    world.settle()
    assert "WhoId" not in world.org.named(ONE)
    assert world.state(call)["state"] == "saved"
    assert world.state(call)["code"] == "call-log-without-references"


def test_a_locked_row_is_tried_again_with_growing_pauses(world):
    attempts = []

    def locked(_row):
        attempts.append(world.clock.monotonic())
        return RowLockedError() if len(attempts) < 4 else None

    world.org.refuse = locked
    world.change(support.outbound())
    world.settle()
    pauses = [round(later - earlier) for earlier, later in itertools.pairwise(attempts)]
    assert pauses == [2, 4, 8]
    assert world.org.named(ONE)


def test_a_delivery_that_never_succeeds_by_its_own_fault_ends_dead(world):
    world.org.refuse = lambda _row: RowLockedError(detail="always")
    call = support.outbound()
    world.change(call)
    deliverer = world.deliverer()
    for _ in range(200):
        if world.row(call).state == "dead":
            break
        world.clock.advance(max(deliverer.run_once(), 0.01))
    assert world.row(call).state == "dead"
    assert len(world.org.sent("create")) == ATTEMPTS


def test_what_waits_can_be_read_within_seconds(world):
    metrics = Metrics()
    deliverer = world.deliverer(observer=metrics)
    deliverer.run_once()
    world.org.before = fail(UnavailableError())
    world.change(support.outbound())
    for _ in range(20):
        world.clock.advance(1)
        deliverer.run_once()
    assert b'fcc_outbox_rows{state="retry"} 1.0' in metrics.render()
    world.org.before = lambda: None
    world.clock.advance(301)
    world.settle(deliverer)
    world.clock.advance(15)
    deliverer.run_once()
    assert b"retry" not in metrics.render()


@pytest.mark.parametrize("error", [UnavailableError(), AppUnknownError()])
def test_an_org_in_trouble_keeps_everything_waiting_however_long(world, error):
    world.org.before = fail(error)
    call = support.outbound()
    world.change(call)
    deliverer = world.deliverer()
    for _ in range(60):
        world.clock.advance(max(deliverer.run_once(), 0.01))
    assert world.row(call).state == "retry"
    assert world.state(call) == {"state": "waiting", "taskId": None, "code": error.code}
    world.org.before = lambda: None
    world.clock.advance(301)
    world.settle(deliverer)
    assert world.org.named(ONE)


def test_after_the_daily_limit_the_org_is_left_alone_for_as_long_as_it_said(world):
    world.org.before = fail(DailyLimitReachedError(retry_after=900))
    world.change(support.outbound())
    deliverer = world.deliverer()
    world.clock.advance(10)
    deliverer.run_once()
    world.org.before = lambda: None
    asked = len(world.org.calls)
    world.change(support.outbound(calls_id=1018))
    for _ in range(17):
        world.clock.advance(50)
        deliverer.run_once()
    assert len(world.org.calls) == asked
    world.clock.advance(51)
    world.settle(deliverer)
    assert world.org.named(ONE)


def test_one_dead_org_holds_nobody_else_up(world, clock):
    other = "00D8W00000OtherUAC"
    world.orgs[other] = FakeOrg()
    world.org.before = fail(UnavailableError())
    with world.database.write() as uow:
        for number in range(3):
            for org_id in (ORG, other):
                uow.outbox.put(
                    f"{org_id}/acme:{number}:0",
                    {"FCC_Call_Id__c": f"acme:{number}:0", "Subject": "x"},
                    kind="call",
                    org_id=org_id,
                    pairing_id="p",
                    run_after=clock.now(),
                )
        uow.commit()
    deliverer = world.deliverer()
    for _ in range(3):
        deliverer.run_once()
    assert len(world.orgs[other].tasks) == 3
    assert world.org.tasks == {}


def test_an_org_that_comes_back_is_tried_with_one_delivery_first(world):
    for number in range(5):
        world.change(support.outbound(calls_id=number))
    world.org.before = fail(UnavailableError())
    deliverer = world.deliverer()
    world.clock.advance(10)
    deliverer.run_once()
    world.org.before = lambda: None
    world.clock.advance(5)
    world.settle(deliverer)
    assert [len(rows) for rows in world.org.sent("create")][-2:] == [1, 4]


def test_the_org_lacks_the_packages_fields(world):
    world.org.fields = TASK_FIELDS - {"FCC_Call_Id__c"}
    call = support.outbound()
    world.change(call)
    deliverer = world.deliverer()
    world.clock.advance(10)
    deliverer.run_once()
    assert world.state(call)["code"] == "call-log-package-missing"
    assert world.org.sent("create") == []


@pytest.mark.assumed("A25")
def test_a_field_that_the_org_hides_is_left_out(world):
    world.org.fields = TASK_FIELDS - {"FCC_Queue__c"}
    world.change(support.inbound())
    world.settle()
    assert "FCC_Queue__c" not in world.org.named("acme:2001:0")


def test_two_hundred_and_one_calls_are_two_requests(world):
    for number in range(201):
        world.change(support.outbound(calls_id=number))
    world.settle()
    assert sorted(len(rows) for rows in world.org.sent("create")) == [1, 200]


def test_a_change_that_comes_while_a_delivery_is_on_its_way_is_not_lost(world):
    call = support.outbound()
    world.change(call)

    def meanwhile():
        world.org.before = lambda: None
        world.change(support.answered(call))

    world.org.after = lambda: None
    world.org.before = meanwhile
    world.settle()
    assert world.org.named(ONE)["FCC_Answered_At__c"] == "2026-11-22T09:00:05.000+0000"
    assert len(world.org.sent("create")) == 1
    assert [set(row) for rows in world.org.sent("update") for row in rows] == [{"Id", "FCC_Answered_At__c"}]


def test_a_creation_whose_answer_was_lost_is_read_and_not_repeated(world):
    world.org.after = lose_answer
    call = support.outbound()
    world.change(call)
    deliverer = world.deliverer()
    world.clock.advance(10)
    deliverer.run_once()
    assert len(world.org.tasks) == 1
    world.org.after = lambda: None
    world.change(support.answered(call))
    world.clock.advance(10)
    world.settle(deliverer)
    assert len(world.org.sent("create")) == 1
    assert world.org.named(ONE)["FCC_Answered_At__c"]
    assert world.state(call)["state"] == "saved"


def test_a_creation_that_never_arrived_is_made_after_looking(world):
    world.org.before = lose_answer
    world.change(support.outbound())
    deliverer = world.deliverer()
    world.clock.advance(10)
    deliverer.run_once()
    world.org.before = lambda: None
    world.clock.advance(10)
    world.settle(deliverer)
    assert len(world.org.tasks) == 1
    assert [name for name, _ in world.org.calls] == ["create", "find Task", "create"]


@pytest.mark.assumed("A28")
def test_a_change_whose_answer_was_lost_does_not_undo_a_persons_edit(world):
    call = support.outbound()
    world.change(call)
    deliverer = world.deliverer()
    world.settle(deliverer)
    linked = support.with_segment(support.related(support.answered(call), JAN, "linked"), note="nasze")
    world.change(linked)
    world.org.after = lose_answer
    world.clock.advance(10)
    deliverer.run_once()
    world.org.after = lambda: None
    world.org.named(ONE)["Description"] = "ich"
    world.org.named(ONE)["WhoId"] = "003X"
    world.clock.advance(10)
    world.settle(deliverer)
    assert world.org.named(ONE)["Description"] == "ich"
    assert world.org.named(ONE)["WhoId"] == "003X"
    assert len(world.org.sent("update")) == 1
    assert world.row(call).state == "done"


def test_a_change_that_never_arrived_is_repeated_after_looking(world):
    call = support.outbound()
    world.change(call)
    deliverer = world.deliverer()
    world.settle(deliverer)
    world.change(support.answered(call))
    world.org.before = lose_answer
    world.clock.advance(10)
    deliverer.run_once()
    world.org.before = lambda: None
    world.clock.advance(10)
    world.settle(deliverer)
    assert world.org.named(ONE)["FCC_Answered_At__c"]


def test_a_task_that_an_unremembered_attempt_created_is_taken_over(world):
    world.org.tasks["00T000000000099EAA"] = {
        "Id": "00T000000000099EAA",
        "FCC_Call_Id__c": ONE,
        "Subject": "edited by a person",
    }
    call = support.ended(support.answered(support.outbound()))
    world.change(call)
    world.settle()
    task = world.org.named(ONE)
    assert task["Id"] == "00T000000000099EAA"
    assert task["Subject"] == "edited by a person"
    assert task["Status"] == "Zakończone"
    assert world.state(call) == {"state": "saved", "taskId": "00T000000000099EAA", "code": None}


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_process_killed_between_sending_and_recording_leaves_exactly_one_task(world, moment):
    call = support.outbound()
    world.change(call)
    world.clock.advance(10)
    setattr(world.org, moment, fail(Killed()))
    with pytest.raises(Killed):
        world.deliverer().run_once()
    setattr(world.org, moment, lambda: None)
    world.change(support.ended(support.answered(call)))
    successor = world.deliverer()
    world.clock.advance(60)
    successor.run_once()
    assert len(world.org.tasks) <= 1  # the lease still stands: nobody else touches it
    world.clock.advance(200)
    world.settle(successor)
    assert len(world.org.tasks) == 1
    assert world.org.named(ONE)["Status"] == "Zakończone"
    assert world.row(call).state == "done"


def test_a_deliverer_that_lost_its_lease_records_nothing(world):
    call = support.outbound()
    world.change(call)
    world.clock.advance(10)
    successor = world.deliverer()
    seen = []

    def overtaken():
        world.org.after = lambda: None
        world.clock.advance(200)
        world.settle(successor)
        world.change(support.answered(call))
        seen.append(world.row(call))

    world.org.after = overtaken
    world.deliverer().run_once()
    assert [world.row(call)] == seen
    world.settle(successor)
    assert world.org.named(ONE)["FCC_Answered_At__c"]
    assert world.news == [("acme", 1017), ("acme", 1017)]


def test_forgetting_a_number_leaves_none_of_it(world):
    call = support.outbound()
    world.change(call)
    world.settle()
    world.change(support.answered(call))
    world.change(replace(call, forgotten=True, number=""))
    assert world.row(call) is None
    with world.database.read() as uow:
        log = uow.call_logs.get(f"{ORG}/{ONE}")
        assert dict(log.delivered) == {}
        assert uow.outbox.attempts(f"{ORG}/{ONE}") == []
    world.change(support.ended(support.answered(call)))
    assert world.row(call) is None


def test_old_attempts_and_values_are_forgotten_after_ninety_days(world):
    call = support.outbound()
    world.change(call)
    deliverer = world.deliverer()
    world.settle(deliverer)
    world.clock.advance(91 * 86400)
    deliverer.run_once()
    assert world.row(call) is None
    with world.database.read() as uow:
        assert dict(uow.call_logs.get(f"{ORG}/{ONE}").delivered) == {}
    assert world.state(call)["state"] == "saved"


def test_every_attempt_is_kept_for_the_administrator(world):
    world.org.refuse = lambda _row: RowLockedError(detail="record 1")
    call = support.outbound()
    world.change(call)
    deliverer = world.deliverer()
    world.clock.advance(10)
    deliverer.run_once()
    world.org.refuse = lambda _row: None
    world.settle(deliverer)
    with world.database.read() as uow:
        attempts = uow.outbox.attempts(f"{ORG}/{ONE}")
        assert [(each.result, each.code) for each in attempts] == [("retry", "salesforce-row-locked"), ("done", None)]
        assert uow.outbox.counts() == {"done": 1}


def test_a_process_killed_after_a_change_arrived_does_not_have_a_persons_edit_undone(world):
    call = support.outbound()
    world.change(call)
    world.settle()
    world.change(support.with_segment(support.related(support.answered(call), JAN, "linked"), note="nasze"))
    world.clock.advance(10)
    world.org.after = fail(Killed())
    with pytest.raises(Killed):
        world.deliverer().run_once()
    world.org.after = lambda: None
    world.org.named(ONE).update({"WhoId": "003X", "Description": "ich"})
    world.clock.advance(200)
    world.settle()
    assert (world.org.named(ONE)["WhoId"], world.org.named(ONE)["Description"]) == ("003X", "ich")
    assert world.row(call).state == "done"


def settle_settings(world, seconds, **changes):
    """The administrator changes the pairing so many seconds after the call began."""
    with world.database.write() as uow:
        pairing = replace(uow.pairings.get("acme-1"), **changes)
        uow.pairings.save(pairing)
        uow.facts.add("acme", settings_fact(pairing, support.at(seconds)), call_key=None, subject=pairing.id)
        uow.commit()


@pytest.mark.req("R17")
def test_settings_that_were_stored_under_their_former_word_still_judge_the_calls_of_their_time(world):
    with world.database.write() as uow:
        pairing = uow.pairings.get("acme-1")
        fact = settings_fact(replace(pairing, log_other_phones=True), support.at(-60))
        settings = {
            "record_other_phones" if k == "log_other_phones" else k: v for k, v in fact.content["settings"].items()
        }
        former = replace(fact, content={**fact.content, "settings": settings})
        uow.facts.add("acme", former, call_key=None, subject=pairing.id)
        uow.commit()
    call = support.inbound()
    desk = support.with_segment(call, legs=tuple(replace(leg, on_pane=False) for leg in call.segments[0].legs))
    world.change(desk)
    world.settle()
    assert len(world.org.tasks) == 1


@pytest.mark.req("R13")
def test_a_call_that_began_while_the_integration_was_on_is_logged_though_it_was_switched_off_since(world):
    settle_settings(world, -60, active=True)
    world.change(support.outbound())
    settle_settings(world, 10, active=False)
    world.change(support.ended(support.answered(support.outbound())))
    world.settle()
    assert world.org.named(ONE)["FCC_Outcome__c"] == "ANSWERED"


@pytest.mark.req("R13")
def test_a_call_that_began_while_the_integration_was_off_is_not_logged_though_it_was_switched_on_since(world):
    settle_settings(world, -60, active=False)
    world.change(support.outbound())
    settle_settings(world, 10, active=True)
    world.change(support.ended(support.answered(support.outbound())))
    world.settle()
    assert world.org.tasks == {}


@pytest.mark.req("R21")
def test_campaigns_chosen_after_a_call_began_do_not_judge_it(world):
    settle_settings(world, -60, campaigns=(), default_user_id=None)
    settle_settings(world, 10, campaigns=(2,), default_user_id=user(9, "x").id)
    world.change(support.ended(support.inbound(), Outcome.NO_ANSWER))
    world.settle()
    assert world.org.named("acme:2001:0")["FCC_Outcome__c"] == "NO ANSWER"
    assert "OwnerId" not in world.org.sent("create")[0][0]


def test_before_any_settings_were_recorded_those_of_today_count(world):
    settle_settings(world, 10, active=False)
    world.change(support.ended(support.answered(support.outbound())))
    world.settle()
    assert world.org.tasks == {}


def test_a_delivery_that_nobody_can_make_sense_of_holds_up_no_other(world):
    for number in (1, 2, 3):
        world.change(support.outbound(calls_id=number))
    with world.database.write() as uow:
        broken = f"{ORG}/acme:2:0"
        place = {"kind": "call", "org_id": ORG, "pairing_id": "acme-1", "run_after": world.clock.now()}
        uow.outbox.put(broken, {"WhoId": {"$": "nonsense"}}, **place)
        uow.commit()
    with capture_logs() as logs:
        world.settle(limit=200)
    assert {(line["event"], line.get("key")) for line in logs} >= {("delivery-failed", broken)}
    assert sorted(task["FCC_Call_Id__c"] for task in world.org.tasks.values()) == ["acme:1:0", "acme:3:0"]
    with world.database.read() as uow:
        row = uow.outbox.get(broken)
    assert (row.state, row.code) == ("dead", "internal")


def test_what_arrived_is_recorded_though_the_news_of_it_cannot_be_passed_on(world):
    def fail_to_hear(*_args):
        raise ValueError

    deliverer = world.deliverer()
    deliverer._listener = fail_to_hear
    world.change(support.outbound())
    with capture_logs() as logs:
        world.settle(deliverer)
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["delivery-not-told"]
    assert world.row(support.outbound()).state == "done"
    assert len(world.org.tasks) == 1


def test_news_that_cannot_be_passed_on_keeps_no_other_back(world):
    world.change(support.outbound())
    with world.database.write() as uow:
        broken = f"{ORG}/nonsense"
        place = {"kind": "call", "org_id": ORG, "pairing_id": "acme-1", "run_after": world.clock.now()}
        uow.outbox.put(broken, {"FCC_Call_Id__c": "nonsense", "Subject": "x"}, **place)
        uow.commit()
    with capture_logs() as logs:
        world.settle()
    failures = [(line["event"], line["key"]) for line in logs if line["log_level"] == "error"]
    assert failures == [("delivery-not-told", broken)]
    assert world.news == [("acme", 1017)]
    assert len(world.org.tasks) == 2


def test_what_was_saved_and_forgotten_in_one_transaction_stays_forgotten(world):
    place = {"org_id": ORG, "pairing_id": "acme-1", "task_id": "00T000000000001AAA"}
    with world.database.write() as uow:
        uow.call_logs.saved("k", **place, delivered={"Subject": "one", "Status": "x"})
        uow.call_logs.saved("k", **place, delivered={"Subject": "two"}, code="note")
        assert dict(uow.call_logs.get("k").delivered) == {"Subject": "two", "Status": "x"}
        uow.call_logs.forget("k")
        uow.call_logs.saved("k", **place, delivered={"Subject": "three"})
        uow.commit()
    with world.database.read() as uow:
        log = uow.call_logs.get("k")
    assert (log.closed, dict(log.delivered), log.task_id, log.code) == (True, {}, "00T000000000001AAA", None)


def test_an_org_with_much_to_catch_up_on_does_not_keep_another_waiting(world, clock):
    other = "00D8W00000OtherUAC"
    world.orgs[other] = FakeOrg()
    with world.database.write() as uow:
        for org_id, number, late in [*((ORG, number, 3600) for number in range(9)), (other, 1, 0)]:
            uow.outbox.put(
                f"{org_id}/acme:{number}:0",
                {"FCC_Call_Id__c": f"acme:{number}:0", "Subject": "x"},
                kind="call",
                org_id=org_id,
                pairing_id="p",
                run_after=clock.now() - timedelta(seconds=late),
            )
        uow.commit()
    deliverer = world.deliverer(batch=2)
    for _ in range(2):
        deliverer.run_once()
    assert (len(world.org.tasks), len(world.orgs[other].tasks)) == (2, 1)
    world.settle(deliverer)
    assert len(world.org.tasks) == 9


@contextlib.contextmanager
def waiting_for_an_answer(world, deliverer):
    """While the block lasts, one thread of the deliverer waits for the org to answer its first request."""
    reached, answer = threading.Event(), threading.Event()

    def hold():
        world.org.before = lambda: None
        reached.set()
        assert answer.wait(20)

    world.org.before = hold
    thread = threading.Thread(target=deliverer.run_once)
    thread.start()
    assert reached.wait(10)
    try:
        yield
    finally:
        answer.set()
        thread.join(10)


def another_thread(world, deliverer, *, leased):
    """Another thread of the same deliverer, which has its batch ready and waits for its turn."""
    thread = threading.Thread(target=deliverer.run_once)
    thread.start()
    until(lambda: world.counts().get("leased") == leased, 10, what="the other thread's lease")
    return thread


def due(world, *numbers, org_id=ORG):
    with world.database.write() as uow:
        for number in numbers:
            uow.outbox.put(
                f"{org_id}/acme:{number}:0",
                {"FCC_Call_Id__c": f"acme:{number}:0", "Subject": "x"},
                kind="call",
                org_id=org_id,
                pairing_id="p",
                run_after=world.clock.now(),
            )
        uow.commit()


def test_an_org_that_takes_long_to_answer_holds_no_other_up(world):
    other = "00D8W00000OtherUAC"
    world.orgs[other] = FakeOrg()
    due(world, 1)
    deliverer = world.deliverer()
    with waiting_for_an_answer(world, deliverer):
        due(world, 2)
        due(world, 3, org_id=other)
        assert deliverer.run_once() == 0.0
        assert len(world.orgs[other].tasks) == 1
        # What is no full batch waits, for it may be joined by others before the org's turn comes.
        assert deliverer.run_once() > 0.0
        assert world.counts() == {"leased": 1, "pending": 1, "done": 1}
    world.settle(deliverer)
    assert len(world.org.tasks) == 2


def test_the_next_full_batch_is_ready_when_the_org_answers_and_not_sent_before(world):
    due(world, *range(5))
    deliverer = world.deliverer(batch=2)
    with waiting_for_an_answer(world, deliverer):
        thread = another_thread(world, deliverer, leased=4)
        assert [len(rows) for rows in world.org.sent("create")] == [2]
    thread.join(10)
    assert [len(rows) for rows in world.org.sent("create")] == [2, 2]
    assert world.counts() == {"done": 4, "pending": 1}


def test_a_batch_that_is_ready_is_not_sent_to_an_org_that_came_into_trouble(world):
    due(world, *range(4))
    deliverer = world.deliverer(batch=2)
    world.org.after = fail(UnavailableError())
    with waiting_for_an_answer(world, deliverer):
        thread = another_thread(world, deliverer, leased=4)
    thread.join(10)
    assert len(world.org.sent("create")) == 1
    assert world.counts() == {"retry": 2, "pending": 2}
    with world.database.read() as uow:
        assert [len(uow.outbox.attempts(f"{ORG}/acme:{number}:0")) for number in range(4)] == [1, 1, 0, 0]
    world.org.after = lambda: None
    world.settle(deliverer)
    assert len(world.org.tasks) == 4


def test_a_batch_that_is_ready_is_given_back_at_a_stop(world):
    due(world, *range(4))
    deliverer = world.deliverer(batch=2)
    with waiting_for_an_answer(world, deliverer):
        thread = another_thread(world, deliverer, leased=4)
        deliverer.stop()
    thread.join(10)
    assert len(world.org.sent("create")) == 1
    assert world.counts() == {"done": 2, "pending": 2}


def test_a_batch_that_waited_long_for_its_turn_is_given_back(world):
    due(world, *range(4))
    deliverer = world.deliverer(batch=2)
    with waiting_for_an_answer(world, deliverer):
        thread = another_thread(world, deliverer, leased=4)
        world.clock.advance(61)
    thread.join(10)
    assert world.counts() == {"done": 2, "pending": 2}
    world.settle(deliverer)
    assert len(world.org.tasks) == 4


@pytest.mark.req("R2")
@pytest.mark.parametrize(
    ("region", "text"), [("PL", "Połączenie przychodzące +48600100200"), ("DE", "Inbound call +48600100200")]
)
def test_the_subject_is_in_the_owners_language_else_in_the_tenants_countrys(world, region, text):
    english = replace(user(1, "anna@acme.example"), language="en_US")
    world.org.users[0] = replace(english, email=world.org.users[0].email)
    with world.database.write() as uow:
        uow.tenants.save(replace(uow.tenants.get("acme"), default_region=region))
        pairing = uow.pairings.of_tenant("acme")[0]
        uow.pairings.save(replace(pairing, default_user_id=None))
        uow.commit()
    world.change(support.inbound())
    world.settle()
    assert "Subject" not in world.org.named("acme:2001:0")
    world.change(support.answered(support.inbound()))
    world.change(support.ended(support.inbound(calls_id=2002)))
    world.settle()
    assert world.org.named("acme:2001:0")["Subject"] == "Inbound call +48600100200"
    assert world.org.named("acme:2002:0")["Subject"] == text


@pytest.mark.req("R2")
def test_events_without_numbers_first_leave_no_wrong_subject_or_owner(world):
    nameless = support.inbound(direction=None, number="", campaign_id=None)
    # While the direction is not known, whose phone rings is taken for the one who called.
    nameless = support.with_segment(nameless, agent_users_id=102)
    deliverer = world.deliverer()
    world.change(nameless)
    world.settle(deliverer)
    task = world.org.named("acme:2001:0")
    assert not {"Subject", "OwnerId", "ActivityDate", "WhoId"} & task.keys()
    known = support.answered(support.inbound())
    world.change(known)
    world.settle(deliverer)
    task = world.org.named("acme:2001:0")
    assert (task["Subject"], task["OwnerId"]) == ("Połączenie przychodzące +48600100200", user(1, "").id)


@pytest.mark.parametrize("told", [True, False])
def test_a_call_that_ended_unidentified_waits_for_the_list_of_calls_and_not_for_ever(world, told):
    deliverer = world.deliverer()
    nameless = support.inbound(direction=None, number="")
    world.change(nameless)
    world.settle(deliverer)
    world.change(support.with_segment(nameless, agent_users_id=102))
    world.change(support.ended(support.with_segment(nameless, agent_users_id=102)))
    world.clock.advance(60)
    while deliverer.run_once() == 0.0:
        pass
    assert "Subject" not in world.org.named("acme:2001:0")
    if told:
        world.change(support.ended(support.answered(support.inbound())))
        world.clock.advance(10)
    else:
        world.clock.advance(90)
    while deliverer.run_once() == 0.0:
        pass
    task = world.org.named("acme:2001:0")
    expected = ("Połączenie przychodzące +48600100200", 1) if told else ("Połączenie", 2)
    assert (task["Subject"], task["OwnerId"]) == (expected[0], user(expected[1], "").id)
    assert task["Status"] == "Zakończone"


def test_what_does_not_fit_is_counted_once_for_each_delivery(world):
    unfit = []
    world.logger = CallLogger(world.clock, unfit=unfit.append)
    call = support.outbound(ivr="1" * 300)
    for _ in range(3):
        world.change(call)
    assert unfit == ["FCC_Ivr__c"]
    world.settle()
    assert len(world.org.named(ONE)["FCC_Ivr__c"]) == 255

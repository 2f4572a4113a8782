"""What an org lacks or hides does not stop a log, is told, and is filled in once it is there."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from cti.salesforce.classify import from_answer, from_code
from tests.support.fake_org import INTEGRATION, TASK_FIELDS, user
from tests.unit.calllog import support
from tests.unit.calllog.support import JAN
from tests.unit.outbox.conftest import ORG

ONE = "acme:1017:0"
RECHECK = 301


def held(world, call):
    row = world.row(call)
    return row.state, dict(row.fields), row.detail


@pytest.mark.assumed("A25")
@pytest.mark.parametrize("how", ["missing", "read-only"])
def test_a_field_that_the_org_does_not_take_is_left_out_kept_and_sent_once_it_does(world, how):
    if how == "missing":
        world.org.fields = TASK_FIELDS - {"FCC_Queue__c"}
    else:
        world.org.read_only = frozenset({"Id", "FCC_Queue__c"})
    call = support.inbound()
    world.change(call)
    deliverer = world.deliverer()
    world.settle(deliverer)
    task = world.org.named("acme:2001:0")
    assert "FCC_Queue__c" not in task
    assert held(world, call) == ("held", {"FCC_Queue__c": "Obsługa klienta"}, "FCC_Queue__c")
    assert world.state(call) == {"state": "saved", "taskId": task["Id"], "code": "call-log-fields-missing"}
    assert ("FCC_Queue__c", "missing") in world.told
    assert dict(world.guard.missing()) == {ORG: ("FCC_Queue__c",)}
    world.org.fields, world.org.read_only = TASK_FIELDS, frozenset({"Id"})
    world.clock.advance(RECHECK)
    world.settle(deliverer)
    assert world.org.named("acme:2001:0")["FCC_Queue__c"] == "Obsługa klienta"
    assert world.org.sent("update") == [[{"Id": task["Id"], "FCC_Queue__c": "Obsługa klienta"}]]
    assert (world.row(call).state, world.state(call)["code"]) == ("done", None)
    assert dict(world.guard.missing()) == {}


def test_what_is_held_asks_the_org_for_nothing_but_its_description(world):
    world.org.fields = TASK_FIELDS - {"FCC_Queue__c"}
    world.change(support.inbound())
    deliverer = world.deliverer()
    world.settle(deliverer)
    asked = len(world.org.calls)
    for _ in range(20):
        world.clock.advance(RECHECK)
        deliverer.run_once()
    assert len(world.org.calls) == asked


def test_later_changes_of_a_log_go_on_beside_what_is_held(world):
    world.org.fields = TASK_FIELDS - {"FCC_Queue__c", "FCC_Outcome__c"}
    call = support.inbound()
    world.change(call)
    deliverer = world.deliverer()
    world.settle(deliverer)
    world.change(support.ended(support.answered(call)))
    world.settle(deliverer)
    assert world.org.named("acme:2001:0")["Status"] == "Zakończone"
    assert held(world, call) == (
        "held",
        {"FCC_Queue__c": "Obsługa klienta", "FCC_Outcome__c": "ANSWERED"},
        "FCC_Outcome__c, FCC_Queue__c",
    )
    world.org.fields = TASK_FIELDS - {"FCC_Outcome__c"}
    world.clock.advance(RECHECK)
    world.settle(deliverer)
    assert world.org.named("acme:2001:0")["FCC_Queue__c"] == "Obsługa klienta"
    assert held(world, call) == ("held", {"FCC_Outcome__c": "ANSWERED"}, "FCC_Outcome__c")


def test_a_late_field_undoes_nothing_that_a_person_filled_in_meanwhile(world):
    world.org.fields = TASK_FIELDS - {"WhoId", "Subject", "OwnerId", "FCC_Number__c"}
    first, second = support.related(support.outbound(), JAN, "clicked"), support.outbound(calls_id=1018)
    world.change(first)
    world.change(support.related(second, JAN, "clicked"))
    deliverer = world.deliverer()
    world.settle(deliverer)
    one, two = world.org.named(ONE), world.org.named("acme:1018:0")
    assert "WhoId" not in one
    one |= {"WhoId": "003X", "Subject": "Oddzwonić", "OwnerId": "005X", "FCC_Number__c": "edited"}
    two["OwnerId"] = INTEGRATION
    world.org.fields = TASK_FIELDS | {"CreatedById"}
    world.clock.advance(RECHECK)
    world.settle(deliverer)
    one, two = world.org.named(ONE), world.org.named("acme:1018:0")
    assert (one["WhoId"], one["Subject"], one["OwnerId"]) == ("003X", "Oddzwonić", "005X")
    assert (two["WhoId"], two["OwnerId"]) == (JAN.record_id, user(1, "").id)
    assert two["Subject"] == "Połączenie wychodzące +48600100200"
    assert one["FCC_Number__c"] == two["FCC_Number__c"] == "+48600100200"
    assert world.row(first).state == "done"


def test_the_agents_own_act_beats_what_a_person_filled_in_though_the_field_was_missing(world):
    world.org.fields = TASK_FIELDS - {"WhoId"}
    call = support.related(support.outbound(), JAN, "matched")
    world.change(call)
    deliverer = world.deliverer()
    world.settle(deliverer)
    world.org.named(ONE)["WhoId"] = "003X"
    world.org.fields = TASK_FIELDS | {"CreatedById"}
    linked = support.related(call, support.replace(JAN, record_id="0038W000000OlaKQAX"), "linked")
    world.change(linked)
    world.clock.advance(RECHECK)
    world.settle(deliverer)
    assert world.org.named(ONE)["WhoId"] == "0038W000000OlaKQAX"


def test_without_the_field_that_keeps_calls_apart_nothing_is_written_and_everything_waits(world):
    world.org.fields = TASK_FIELDS - {"FCC_Call_Id__c", "FCC_Queue__c"}
    call = support.outbound()
    world.change(call)
    deliverer = world.deliverer()
    for _ in range(40):
        world.clock.advance(max(deliverer.run_once(), 0.01))
    assert world.org.calls == []
    assert (world.row(call).state, world.row(call).code, world.row(call).attempts) == (
        "retry",
        "call-log-package-missing",
        0,
    )
    assert dict(world.guard.missing()) == {ORG: ("FCC_Call_Id__c", "FCC_Queue__c")}
    world.org.fields = TASK_FIELDS
    world.clock.advance(RECHECK)
    world.settle(deliverer)
    assert world.org.named(ONE)


WHOLE = from_answer(
    400, [{"errorCode": "INVALID_FIELD", "message": "No such column 'FCC_Queue__c' on sobject of type Task"}]
)
ROW = from_code(
    "INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: FCC_Queue__c.", fields=["FCC_Queue__c"]
)


@pytest.mark.parametrize("kind", ["request", "row"])
@pytest.mark.parametrize("told", [True, False], ids=["and the org says so", "though the org says it takes it"])
def test_a_field_that_is_taken_away_within_the_hour_costs_one_more_request(world, kind, told):
    world.change(support.inbound(calls_id=1))
    deliverer = world.deliverer()
    world.settle(deliverer)
    queues = lambda rows: any("FCC_Queue__c" in row for row in rows)  # noqa: E731 - short
    if kind == "request":
        world.org.refuse_all = lambda rows: WHOLE if queues(rows) else None
    else:
        world.org.refuse = lambda row: ROW if queues([row]) else None
    if told:
        world.org.fields = TASK_FIELDS - {"FCC_Queue__c"}
    for number in range(2, 6):
        world.change(support.inbound(calls_id=number))
    world.settle(deliverer)
    assert [len(rows) for rows in world.org.sent("create")] == [1, 4, 4]
    assert len(world.org.tasks) == 5
    assert world.counts() == {"done": 1, "held": 4}
    world.org.refuse, world.org.refuse_all, world.org.fields = lambda _row: None, lambda _rows: None, TASK_FIELDS
    world.clock.advance(3700)
    world.settle(deliverer)
    assert {task["FCC_Queue__c"] for task in world.org.tasks.values()} == {"Obsługa klienta"}


def test_the_org_is_described_once_an_hour(world):
    deliverer = world.deliverer()
    for number in range(5):
        world.change(support.outbound(calls_id=number))
        world.settle(deliverer)
    assert set(world.org.looks) == {None}


def test_what_is_missing_is_told_once_and_that_it_is_there_again(world):
    world.org.fields = TASK_FIELDS - {"FCC_Queue__c"}
    deliverer = world.deliverer()
    with capture_logs() as logs:
        for number in range(3):
            world.change(support.inbound(calls_id=number))
            world.settle(deliverer)
        world.org.fields = TASK_FIELDS
        world.clock.advance(RECHECK)
        world.settle(deliverer)
    told = [(line["log_level"], line["fields"]) for line in logs if line["event"] == "salesforce-fields-missing"]
    assert told == [("warning", ["FCC_Queue__c"]), ("info", [])]


def test_a_number_that_is_forgotten_leaves_nothing_of_what_was_held(world):
    world.org.fields = TASK_FIELDS - {"FCC_Number__c"}
    call = support.outbound()
    world.change(call)
    world.settle()
    assert world.row(call).state == "held"
    world.change(support.replace(call, forgotten=True, number=""))
    assert world.row(call) is None


def test_what_is_held_is_forgotten_after_ninety_days(world):
    world.org.fields = TASK_FIELDS - {"FCC_Queue__c"}
    call = support.inbound()
    world.change(call)
    deliverer = world.deliverer()
    world.settle(deliverer)
    world.clock.advance(91 * 86400)
    deliverer.run_once()
    assert world.row(call) is None


def test_a_creation_that_was_never_answered_keeps_what_the_org_does_not_take(world):
    world.org.fields = TASK_FIELDS - {"FCC_Queue__c"}
    call = support.inbound()
    world.change(call)
    deliverer = world.deliverer()

    def lost():
        world.org.after = lambda: None
        raise from_answer(500, [{"errorCode": "UNKNOWN_EXCEPTION"}])

    world.org.after = lost
    world.settle(deliverer)
    assert len(world.org.tasks) == 1
    assert held(world, call)[:2] == ("held", {"FCC_Queue__c": "Obsługa klienta"})


def test_the_names_of_all_fields_fit_into_what_is_kept_of_a_held_log(world):
    world.org.fields = frozenset({"Id", "FCC_Call_Id__c"})
    call = support.inbound()
    world.change(call)
    world.settle()
    assert len(world.row(call).detail) < 500
    assert world.row(call).detail.endswith("WhoId")

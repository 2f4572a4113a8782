"""Collections: up to 200 records in one request, each with its own answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from simulators.salesforce.org import Org

    from .conftest import Caller

URL = "/services/data/v67.0/composite/sobjects"


def task(**values: Any) -> dict[str, Any]:
    return {"attributes": {"type": "Task"}, **values}


def codes(answer: TestResponse) -> list[str | None]:
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return [row["errors"][0]["statusCode"] if row["errors"] else None for row in answer.get_json()]


def test_each_row_succeeds_or_fails_by_itself_in_order(api: Caller, org: Org) -> None:
    answer = api.post(URL, {"allOrNone": False, "records": [
        task(Subject="a", FCC_Call_Id__c="acme:1:0"), task(Nope="x"), task(Subject="c", FCC_Call_Id__c="acme:1:0"),
    ]})  # fmt: skip
    assert codes(answer) == [None, "INVALID_FIELD", "DUPLICATE_VALUE"]
    rows = answer.get_json()
    assert set(rows[0]) == {"id", "success", "errors"}
    assert rows[1] == {
        "success": False,
        "errors": [
            {"statusCode": "INVALID_FIELD", "message": "No such column 'Nope' on sobject of type Task", "fields": []}
        ],
    }
    assert rows[2]["errors"][0]["message"].endswith(f"record with id: {rows[0]['id'][:15]}")
    assert len(org.rows("Task")) == 1


def test_all_or_none_keeps_nothing_when_one_row_fails(api: Caller, org: Org) -> None:
    answer = api.post(URL, {"allOrNone": True, "records": [task(FCC_Call_Id__c="k"), task(CallType="?")]})
    assert codes(answer) == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"]
    assert org.rows("Task") == []
    assert codes(api.post(URL, {"allOrNone": True, "records": [task(FCC_Call_Id__c="k")]})) == [None]


def test_more_than_two_hundred_rows_are_refused_whole(api: Caller, org: Org) -> None:
    assert api.post(URL, {"records": [task()] * 200}).status_code == 200
    answer = api.post(URL, {"records": [task()] * 201})
    assert answer.status_code == 400
    assert answer.get_json()[0]["errorCode"] == "EXCEEDED_ID_LIMIT"
    assert len(org.rows("Task")) == 200


def test_rows_are_changed_by_id(api: Caller, org: Org) -> None:
    made = [row["id"] for row in api.post(URL, {"records": [task(), task()]}).get_json()]
    answer = api.patch(URL, {"records": [
        task(id=made[0], Status="Completed"), task(Id=made[1], TaskSubtype="Call"), task(Status="Completed"),
        task(id=made[0], Status="Deferred"), task(id="00T5g00000zzzzz", Subject="x"), task(id="nope", Subject="x"),
    ]})  # fmt: skip
    assert codes(answer) == [
        None, "INVALID_FIELD_FOR_INSERT_UPDATE", "MISSING_ARGUMENT", "DUPLICATE_VALUE", "INVALID_CROSS_REFERENCE_KEY",
        "MALFORMED_ID",
    ]  # fmt: skip
    assert answer.get_json()[0] == {"id": made[0], "success": True, "errors": []}
    assert org.find(made[0])["Status"] == "Completed"  # type: ignore[index]


def test_a_deleted_row_is_not_changed(api: Caller) -> None:
    made = api.post(URL, {"records": [task()]}).get_json()[0]["id"]
    assert codes(api.delete(f"{URL}?ids={made}")) == [None]
    assert codes(api.patch(URL, {"records": [task(id=made, Subject="x")]})) == ["ENTITY_IS_DELETED"]


@pytest.mark.assumed("A35")
def test_upsert_by_external_id_creates_and_changes_and_refuses_a_key_twice(api: Caller) -> None:
    url = f"{URL}/Task/FCC_Call_Id__c"
    first = api.patch(url, {"records": [task(FCC_Call_Id__c="a"), task(FCC_Call_Id__c="a"), task(Subject="no key")]})
    assert codes(first) == [None, "DUPLICATE_VALUE", "MISSING_ARGUMENT"]
    assert first.get_json()[0]["created"] is True
    again = api.patch(url, {"records": [task(FCC_Call_Id__c="a", Subject="b"), task(FCC_Call_Id__c="A")]})
    assert [row["created"] for row in again.get_json()] == [False, True]
    assert again.get_json()[0]["id"] == first.get_json()[0]["id"]


def test_upsert_by_another_field_is_refused(api: Caller) -> None:
    answer = api.patch(f"{URL}/Task/Subject", {"records": [task(Subject="a")]})
    assert answer.status_code == 404
    assert answer.get_json()[0]["errorCode"] == "NOT_FOUND"


def test_a_row_without_a_type_is_refused(api: Caller) -> None:
    assert codes(api.post(URL, {"records": [{"Subject": "x"}]})) == ["INVALID_TYPE"]


def test_a_row_lock_strikes_single_rows(api: Caller) -> None:
    api.post("/_sim/fail", {"kind": "row-lock", "count": 1})
    assert codes(api.post(URL, {"records": [task(), task()]})) == ["UNABLE_TO_LOCK_ROW", None]

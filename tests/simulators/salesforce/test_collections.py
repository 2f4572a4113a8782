"""Collections: up to 200 records in one request, each with its own answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulators.salesforce import world

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
        task(Subject="a", FCC_Call_Id__c="acme:1:0"), task(CallType="?"), task(Subject="c", FCC_Call_Id__c="acme:1:0"),
    ]})  # fmt: skip
    assert codes(answer) == [None, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "DUPLICATE_VALUE"]
    rows = answer.get_json()
    assert set(rows[0]) == {"id", "success", "errors"}
    assert rows[1] == {
        "success": False,
        "errors": [
            {
                "statusCode": "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                "message": "CallType: bad value for restricted picklist field: ?",
                "fields": ["CallType"],
            }
        ],
    }
    assert rows[2]["errors"][0]["message"].endswith(f"record with id: {rows[0]['id'][:15]}")
    assert len(org.records.rows("Task")) == 1


@pytest.mark.assumed("A25", "A71")
@pytest.mark.parametrize(
    ("bad", "code", "words"),
    [
        ({"Nope": "x"}, "INVALID_FIELD", "No such column 'Nope' on sobject of type Task"),
        ({"FCC_Hidden__c": "x"}, "INVALID_FIELD", "No such column 'FCC_Hidden__c' on sobject of type Task"),
        ({"FCC_Started_At__c": "1-01-01T00:00:00.000+0000"}, "JSON_PARSER_ERROR", "instance of datetime"),
        ({"FCC_Started_At__c": "0001-01-01T00:00:00.000+0000"}, "JSON_PARSER_ERROR", "instance of datetime"),
        ({"CallDurationInSeconds": 63930934830}, "JSON_PARSER_ERROR", "instance of int"),
        ({"ActivityDate": "1699-12-31"}, "JSON_PARSER_ERROR", "instance of date"),
    ],
)
@pytest.mark.parametrize("method", ["post", "patch"])
def test_a_field_or_value_that_cannot_be_read_refuses_all_rows(
    api: Caller, org: Org, method: str, bad: dict[str, Any], code: str, words: str
) -> None:
    made = [row["id"] for row in api.post(URL, {"records": [task(), task()]}).get_json()]
    ids = [{"id": one} for one in made] if method == "patch" else [{}, {}]
    rows = [task(**ids[0], Subject="b"), task(**ids[1], **bad)]
    answer = getattr(api, method)(URL, {"allOrNone": False, "records": rows})
    assert answer.status_code == 400
    (error,) = answer.get_json()
    assert error["errorCode"] == code
    assert words in error["message"]
    assert [row["Subject"] for row in org.records.rows("Task")] == [None, None]


def test_all_or_none_keeps_nothing_when_one_row_fails(api: Caller, org: Org) -> None:
    answer = api.post(URL, {"allOrNone": True, "records": [task(FCC_Call_Id__c="k"), task(CallType="?")]})
    assert codes(answer) == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"]
    assert org.records.rows("Task") == []
    assert codes(api.post(URL, {"allOrNone": True, "records": [task(FCC_Call_Id__c="k")]})) == [None]


def test_more_than_two_hundred_rows_are_refused_whole(api: Caller, org: Org) -> None:
    assert api.post(URL, {"records": [task()] * 200}).status_code == 200
    answer = api.post(URL, {"records": [task()] * 201})
    assert answer.status_code == 400
    assert answer.get_json()[0]["errorCode"] == "EXCEEDED_ID_LIMIT"
    assert len(org.records.rows("Task")) == 200


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
    assert org.records.find(made[0])["Status"] == "Completed"  # type: ignore[index]


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


@pytest.mark.parametrize(
    ("kind", "code", "inside"),
    [
        ("trigger-lock", "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "first error: UNABLE_TO_LOCK_ROW, unable to obtain"),
        ("flow-lock", "CANNOT_EXECUTE_FLOW_TRIGGER", "UNABLE_TO_LOCK_ROW: unable to obtain"),
        ("automation-limit", "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "System.LimitException: Apex CPU time limit"),
    ],
)
def test_automation_refuses_rows_with_its_cause_in_the_text(api: Caller, kind: str, code: str, inside: str) -> None:
    api.post("/_sim/fail", {"kind": kind, "count": 1})
    answer = api.post(URL, {"records": [task(), task()]})
    assert codes(answer) == [code, None]
    assert inside in answer.get_json()[0]["errors"][0]["message"]


def test_an_org_lacks_hides_or_protects_a_field_as_told(api: Caller) -> None:
    def described() -> dict[str, tuple[bool, bool]]:
        told = api.get("/services/data/v67.0/sobjects/Task/describe").get_json()["fields"]
        return {one["name"]: (one["createable"], one["updateable"]) for one in told}

    assert described()["WhoId"] == (True, True)
    for how in ("missing", "hidden"):
        assert api.post("/_sim/fields", {"object": "Task", "field": "WhoId", "how": how}).status_code == 200
        assert "WhoId" not in described()
        assert api.post(URL, {"records": [task(WhoId="0035g00000000nTAAQ")]}).status_code == 400
    api.post("/_sim/fields", {"object": "Task", "field": "WhoId", "how": "read-only"})
    assert described()["WhoId"] == (False, False)
    assert codes(api.post(URL, {"records": [task(WhoId="0035g00000000nTAAQ")]})) == ["INVALID_FIELD_FOR_INSERT_UPDATE"]
    api.post("/_sim/fields", {"object": "Task", "field": "WhoId", "how": "shown"})
    assert described()["WhoId"] == (True, True)
    assert api.post("/_sim/fields", {"object": "Task", "field": "Nope", "how": "hidden"}).status_code == 400
    assert api.post("/_sim/fields", {"object": "Task", "field": "WhoId", "how": "gone"}).status_code == 400


def test_the_integration_user_has_the_standard_fields_that_its_permission_sets_grant(product_org: Org) -> None:
    user_id = product_org.records.user_by_name(world.INTEGRATION_USER)["Id"]
    contact = product_org.records.schema["contact"]
    may = product_org.access.field_access(user_id, "Contact")
    assert may(contact.fields["mobilephone"], False)
    assert not may(contact.fields["mobilephone"], True)
    assert not may(contact.fields["fax"], False)
    agent = product_org.access.field_access(
        product_org.records.user_by_name("anna.nowak@acme.example")["Id"], "Contact"
    )
    assert agent(contact.fields["fax"], True)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"lead": {"IsConverted": True}}, "CANNOT_UPDATE_CONVERTED_LEAD"),
        ({"user": {"UserType": "AutomatedProcess"}}, "OP_WITH_INVALID_USER_TYPE_EXCEPTION"),
    ],
)
def test_who_cannot_be_referred_to_is_refused_in_salesforces_words(
    api: Caller, org: Org, people: dict[str, str], records: dict[str, str], changes: dict[str, Any], code: str
) -> None:
    lead, user = records["Krzysztof Zając"], people["piotr.wisniewski"]
    for which, values in changes.items():
        api.post("/_sim/records", {"Id": lead if which == "lead" else user, **values})
    assert codes(api.post(URL, {"records": [task(WhoId=lead, OwnerId=user), task()]})) == [code, None]

"""Creating, reading, changing and deleting one record, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from simulators.salesforce.org import Org

    from .conftest import Caller, Seconds

DATA = "/services/data/v67.0"
TASK = {"Subject": "Call", "TaskSubtype": "Call", "CallType": "Outbound", "Status": "Completed"}


def refusal(answer: TestResponse) -> tuple[int, str]:
    body = answer.get_json()
    assert isinstance(body, list)
    assert set(body[0]) <= {"message", "errorCode", "fields"}
    return answer.status_code, body[0]["errorCode"]


def create(api: Caller, name: str = "Task", **values: Any) -> str:
    answer = api.post(f"{DATA}/sobjects/{name}/", values or TASK)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    assert answer.get_json() == {"id": answer.get_json()["id"], "success": True, "errors": []}
    return str(answer.get_json()["id"])


def read(api: Caller, record_id: str, name: str = "Task") -> dict[str, Any]:
    return dict(api.get(f"{DATA}/sobjects/{name}/{record_id}").get_json())


def test_versions_are_public_and_carry_no_usage(my: Caller) -> None:
    answer = my.get("/services/data")
    assert answer.get_json()[-1] == {"label": "Winter '27", "url": "/services/data/v68.0", "version": "68.0"}
    assert "Sforce-Limit-Info" not in answer.headers


def test_every_other_answer_carries_the_usage(api: Caller) -> None:
    assert api.get(f"{DATA}/limits").headers["Sforce-Limit-Info"] == "api-usage=1/100000"
    assert api.get(f"{DATA}/nothing").headers["Sforce-Limit-Info"] == "api-usage=2/100000"


@pytest.mark.parametrize(("version", "status", "code"), [("30.0", 410, "GONE"), ("69.0", 404, "NOT_FOUND"),
                                                         ("67", 404, "NOT_FOUND")])  # fmt: skip
def test_a_version_that_is_not_served_is_refused(api: Caller, version: str, status: int, code: str) -> None:
    assert refusal(api.get(f"/services/data/v{version}/limits")) == (status, code)


def test_no_token_and_a_wrong_token_are_refused(my: Caller) -> None:
    assert refusal(my.get(f"{DATA}/limits")) == (401, "INVALID_SESSION_ID")
    my.token = "00D5g00000001ov!wrong"
    assert refusal(my.get(f"{DATA}/limits")) == (401, "INVALID_SESSION_ID")
    my.token = None


def test_a_task_is_created_read_changed_and_deleted(
    api: Caller, people: dict[str, str], records: dict[str, str]
) -> None:
    made = create(api, **TASK, WhoId=records["Jan Kowalski"], CallDurationInSeconds=61, FCC_Call_Id__c="acme:1:0")
    row = read(api, made)
    assert row["attributes"] == {"type": "Task", "url": f"{DATA}/sobjects/Task/{made}"}
    assert row["OwnerId"] == people["fcc.integration"]
    assert row["Priority"] == "Normal"
    assert row["IsClosed"] is True
    assert row["AccountId"] == records["ACME Polska"]
    changed = api.patch(f"{DATA}/sobjects/Task/{made}", {"CallDisposition": "ok", "Status": "Not Started"})
    assert (changed.status_code, changed.get_data()) == (204, b"")
    row = read(api, made[:15])
    assert (row["CallDisposition"], row["IsClosed"]) == ("ok", False)
    assert api.delete(f"{DATA}/sobjects/Task/{made}").status_code == 204
    assert refusal(api.get(f"{DATA}/sobjects/Task/{made}")) == (404, "ENTITY_IS_DELETED")
    assert refusal(api.patch(f"{DATA}/sobjects/Task/{made}", {"Subject": "x"})) == (404, "ENTITY_IS_DELETED")


def test_asked_fields_come_alone(api: Caller, records: dict[str, str]) -> None:
    url = f"{DATA}/sobjects/Contact/{records['Jan Kowalski']}"
    row = api.get(url, query_string={"fields": "Name,MobilePhone"}).get_json()
    assert {name: row[name] for name in row if name != "attributes"} == {
        "Name": "Jan Kowalski",
        "MobilePhone": "600 100 200",
    }
    assert refusal(api.get(url, query_string={"fields": "Nmae"})) == (400, "INVALID_FIELD")


@pytest.mark.parametrize(
    ("values", "code", "message"),
    [
        ({"Sujbect": "x"}, "INVALID_FIELD", "No such column 'Sujbect' on sobject of type Task"),
        ({"Subject": "x" * 256}, "STRING_TOO_LONG", f"Subject: data value too large: {'x' * 256} (max length=255)"),
        ({"CallType": "Incoming"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
         "CallType: bad value for restricted picklist field: Incoming"),
        ({"TaskSubtype": "Phone"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
         "TaskSubtype: bad value for restricted picklist field: Phone"),
        ({"Status": "Done"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
         "Status: bad value for restricted picklist field: Done"),
        ({"Id": "00T5g00000000nUEAQ"}, "INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call"),
        ({"IsClosed": True}, "INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: IsClosed."),
        ({"AccountId": "0015g00000000nTAAQ"}, "INVALID_FIELD_FOR_INSERT_UPDATE",
         "Unable to create/update fields: AccountId."),
        ({"WhoId": "nonsense"}, "MALFORMED_ID", "Name ID: id value of incorrect type: nonsense"),
        ({"CallDurationInSeconds": "long"}, "JSON_PARSER_ERROR",
         "Cannot deserialize instance of int from VALUE_STRING value long"),
        ({"ActivityDate": "22.11.2026"}, "JSON_PARSER_ERROR", "Cannot deserialize instance of date"),
        ({"ActivityDate": "2026-11-22T10:00:00Z"}, "JSON_PARSER_ERROR", "Cannot deserialize instance of date"),
        ({"FCC_Started_At__c": "2026-11-22T10:00:00"}, "JSON_PARSER_ERROR", "Cannot deserialize instance of datetime"),
        ({"FCC_Cause__c": 12345}, "NUMBER_OUTSIDE_VALID_RANGE",
         "FCC_Cause__c: value outside of valid range on numeric field: 12345"),
        ({"FCC_Contact_Email__c": "jan@"}, "INVALID_EMAIL_ADDRESS",
         "FCC_Contact_Email__c: invalid email address: jan@"),
        ({"FCC_Number__c": "+" + "1" * 40}, "STRING_TOO_LONG", "FCC_Number__c: data value too large"),
        ({"Subject": {"a": 1}}, "JSON_PARSER_ERROR", "Cannot deserialize instance of string from START_OBJECT"),
        ({"FCC_Hidden__c": "x"}, "INVALID_FIELD", "No such column 'FCC_Hidden__c' on sobject of type Task"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_in_salesforces_words(
    api: Caller, values: dict[str, Any], code: str, message: str
) -> None:
    answer = api.post(f"{DATA}/sobjects/Task", values)
    assert refusal(answer) == (400, code)
    assert answer.get_json()[0]["message"].startswith(message)


def test_an_unrestricted_picklist_takes_any_value(api: Caller) -> None:
    made = create(api, FCC_Outcome__c="SOMETHING NEW")
    assert read(api, made)["FCC_Outcome__c"] == "SOMETHING NEW"


def test_the_task_subtype_is_for_creation_only(api: Caller) -> None:
    made = create(api)
    answer = api.patch(f"{DATA}/sobjects/Task/{made}", {"TaskSubtype": "Call"})
    assert refusal(answer) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")
    assert answer.get_json()[0]["fields"] == ["TaskSubtype"]


def test_a_lead_is_never_what_a_task_is_related_to(api: Caller, records: dict[str, str]) -> None:
    lead = records["Krzysztof Zając"]
    answer = api.post(f"{DATA}/sobjects/Task", {"WhatId": lead})
    assert answer.get_json() == [
        {"message": f"Related To ID: id value of incorrect type: {lead}", "errorCode": "FIELD_INTEGRITY_EXCEPTION",
         "fields": ["WhatId"]}
    ]  # fmt: skip


@pytest.mark.assumed("A34")
def test_a_lead_as_name_goes_without_a_related_to(api: Caller, records: dict[str, str]) -> None:
    lead, account = records["Krzysztof Zając"], records["ACME Polska"]
    assert refusal(api.post(f"{DATA}/sobjects/Task", {"WhoId": lead, "WhatId": account})) == (
        400,
        "FIELD_INTEGRITY_EXCEPTION",
    )
    made = create(api, WhoId=lead)
    assert refusal(api.patch(f"{DATA}/sobjects/Task/{made}", {"WhatId": account}))[1] == "FIELD_INTEGRITY_EXCEPTION"


def test_references_must_exist(api: Caller, records: dict[str, str]) -> None:
    nobody = "0035g00000zzzzzAAA"
    answer = api.post(f"{DATA}/sobjects/Task", {"WhoId": "0035g00000zzzzz"})
    assert refusal(answer) == (400, "INVALID_CROSS_REFERENCE_KEY"), nobody
    contact = records["Jan Kowalski"]
    api.delete(f"{DATA}/sobjects/Contact/{contact}")
    assert refusal(api.post(f"{DATA}/sobjects/Task", {"WhoId": contact})) == (400, "ENTITY_IS_DELETED")


def test_an_inactive_user_cannot_own_a_task(api: Caller, org: Org, people: dict[str, str]) -> None:
    org.records.find(people["anna.nowak"])["IsActive"] = False  # type: ignore[index]
    answer = api.post(f"{DATA}/sobjects/Task", {"OwnerId": people["anna.nowak"]})
    assert refusal(answer) == (400, "INACTIVE_OWNER_OR_USER")


def test_required_fields_are_named(api: Caller) -> None:
    answer = api.post(f"{DATA}/sobjects/Lead", {"FirstName": "A"})
    assert answer.get_json() == [
        {"message": "Required fields are missing: [LastName, Company]", "errorCode": "REQUIRED_FIELD_MISSING",
         "fields": ["LastName", "Company"]}
    ]  # fmt: skip


@pytest.mark.assumed("A27")
def test_a_unique_field_names_the_record_that_holds_the_value(api: Caller) -> None:
    first = create(api, FCC_Call_Id__c="acme:7:0")
    answer = api.post(f"{DATA}/sobjects/Task", {"FCC_Call_Id__c": "acme:7:0"})
    assert refusal(answer) == (400, "DUPLICATE_VALUE")
    expected = f"duplicate value found: FCC_Call_Id__c duplicates value on record with id: {first[:15]}"
    assert answer.get_json()[0]["message"] == expected
    create(api, FCC_Call_Id__c="ACME:7:0")


def test_a_deleted_record_frees_its_unique_value(api: Caller) -> None:
    first = create(api, FCC_Call_Id__c="acme:8:0")
    api.delete(f"{DATA}/sobjects/Task/{first}")
    create(api, FCC_Call_Id__c="acme:8:0")


def test_moments_are_kept_in_utc(api: Caller) -> None:
    made = create(api, FCC_Started_At__c="2026-11-22T13:10:00+01:00")
    assert read(api, made)["FCC_Started_At__c"] == "2026-11-22T12:10:00.000+0000"


def test_a_case_gets_a_number_its_contacts_account_and_the_assignment_rules_owner(
    api: Caller, people: dict[str, str], records: dict[str, str]
) -> None:
    made = create(api, "Case", Subject="Nowa", ContactId=records["Jan Kowalski"], Origin="Phone")
    row = read(api, made, "Case")
    assert row["CaseNumber"] == "00001235"
    assert row["AccountId"] == records["ACME Polska"]
    assert row["ContactMobile"] == "600 100 200"
    assert row["OwnerId"] == people["admin"]


def test_auto_assignment_can_be_switched_off_by_its_header(api: Caller, people: dict[str, str]) -> None:
    answer = api.post(f"{DATA}/sobjects/Case/", {"Subject": "x", "OwnerId": people["anna.nowak"]},
                      headers={"Sforce-Auto-Assign": "FALSE"})  # fmt: skip
    assert read(api, answer.get_json()["id"], "Case")["OwnerId"] == people["anna.nowak"]


# upsert by external id


def test_upsert_creates_then_changes(api: Caller) -> None:
    url = f"{DATA}/sobjects/Task/FCC_Call_Id__c/acme%3A9%3A0"
    first = api.patch(url, {"Subject": "a"})
    assert first.status_code == 201
    assert first.get_json()["created"] is True
    second = api.patch(url, {"Subject": "b"})
    assert second.status_code == 200
    assert second.get_json() == {"id": first.get_json()["id"], "success": True, "errors": [], "created": False}
    assert api.get(url).get_json()["Subject"] == "b"


def test_upsert_takes_external_ids_only(api: Caller) -> None:
    answer = api.patch(f"{DATA}/sobjects/Task/Subject/x", {"Priority": "High"})
    assert refusal(answer) == (404, "NOT_FOUND")
    assert answer.get_json()[0]["message"] == "Provided external ID field does not exist or is not accessible: Subject"


def test_upsert_refuses_the_key_in_the_body(api: Caller) -> None:
    answer = api.patch(f"{DATA}/sobjects/Task/FCC_Call_Id__c/k", {"FCC_Call_Id__c": "k"})
    assert refusal(answer) == (400, "INVALID_FIELD")


def test_upsert_for_update_only_creates_nothing(api: Caller) -> None:
    answer = api.patch(f"{DATA}/sobjects/Task/FCC_Call_Id__c/none?updateOnly=true", {"Subject": "x"})
    assert refusal(answer) == (404, "NOT_FOUND")


def test_an_external_id_that_is_not_unique_lists_what_it_found(api: Caller) -> None:
    made = [create(api, FCC_Conversation_Id__c="acme:5") for _ in range(2)]
    answer = api.patch(f"{DATA}/sobjects/Task/FCC_Conversation_Id__c/acme:5", {"Subject": "x"})
    assert answer.status_code == 300
    assert sorted(answer.get_json()) == sorted(f"{DATA}/sobjects/Task/{one}" for one in made)


# requests that are wrong as such


def test_a_body_must_be_json(api: Caller) -> None:
    answer = api.post(f"{DATA}/sobjects/Task", data="{", headers={"Content-Type": "application/json"})
    assert refusal(answer) == (400, "JSON_PARSER_ERROR")
    answer = api.post(f"{DATA}/sobjects/Task", data="a=b")
    assert answer.status_code == 415


def test_unknown_objects_records_and_resources_are_not_found(api: Caller) -> None:
    assert refusal(api.post(f"{DATA}/sobjects/Tsak", {})) == (404, "NOT_FOUND")
    assert refusal(api.get(f"{DATA}/sobjects/Task/00T5g00000zzzzz")) == (404, "NOT_FOUND")
    assert refusal(api.get(f"{DATA}/sobjects/Task/xyz")) == (400, "MALFORMED_ID")
    assert refusal(api.get(f"{DATA}/nothing")) == (404, "NOT_FOUND")


def test_what_is_not_simulated_says_so(api: Caller) -> None:
    assert refusal(api.post(f"{DATA}/composite/batch", {})) == (501, "NOT_SIMULATED")


def test_a_wrong_method_is_refused(api: Caller) -> None:
    assert refusal(api.delete(f"{DATA}/sobjects/Task")) == (405, "METHOD_NOT_ALLOWED")


def test_describe_tells_the_fields_a_client_depends_on(api: Caller) -> None:
    fields = {one["name"]: one for one in api.get(f"{DATA}/sobjects/Task/describe").get_json()["fields"]}
    key = fields["FCC_Call_Id__c"]
    assert (key["externalId"], key["unique"], key["caseSensitive"], key["length"]) == (True, True, True, 80)
    assert fields["TaskSubtype"]["updateable"] is False
    assert fields["TaskSubtype"]["restrictedPicklist"] is True
    assert {one["value"] for one in fields["CallType"]["picklistValues"]} == {"Inbound", "Outbound", "Internal"}
    assert fields["WhoId"]["referenceTo"] == ["Contact", "Lead"]
    assert "FCC_Hidden__c" not in fields


def test_person_account_columns_exist_only_with_the_feature(api: Caller, org: Org) -> None:
    names = {one["name"] for one in api.get(f"{DATA}/sobjects/Account/describe").get_json()["fields"]}
    assert "IsPersonAccount" not in names
    org.change_settings({"person_accounts": True})
    names = {one["name"] for one in api.get(f"{DATA}/sobjects/Account/describe").get_json()["fields"]}
    assert {"IsPersonAccount", "PersonContactId", "PersonMobilePhone"} <= names


def test_a_person_account_is_found_as_account_and_as_its_contact(api: Caller, org: Org) -> None:
    org.change_settings({"person_accounts": True})
    made = create(api, "Account", FirstName="Ola", LastName="Prywatna", PersonMobilePhone="512 000 222")
    row = read(api, made, "Account")
    assert (row["Name"], row["IsPersonAccount"]) == ("Ola Prywatna", True)
    contact = read(api, row["PersonContactId"], "Contact")
    assert (contact["Name"], contact["MobilePhone"], contact["AccountId"]) == ("Ola Prywatna", "512 000 222", made)
    sosl = "FIND {512000222} IN PHONE FIELDS RETURNING Account(Id, IsPersonAccount, PersonContactId), Contact(Id)"
    found = api.search(sosl).get_json()["searchRecords"]
    assert [one["Id"] for one in found] == [made, row["PersonContactId"]]


# faults and limits


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [("session-expired", 401, "INVALID_SESSION_ID"), ("daily-limit", 403, "REQUEST_LIMIT_EXCEEDED"),
     ("unavailable", 503, "SERVER_UNAVAILABLE"), ("row-lock", 400, "UNABLE_TO_LOCK_ROW")],
)  # fmt: skip
def test_an_ordered_fault_strikes_as_often_as_told(api: Caller, kind: str, status: int, code: str) -> None:
    api.post("/_sim/fail", {"kind": kind, "count": 2})
    assert [refusal(api.post(f"{DATA}/sobjects/Task", TASK)) for _ in range(2)] == [(status, code)] * 2
    create(api)


def test_the_daily_limit_refuses_what_exceeds_it(api: Caller, org: Org) -> None:
    org.change_settings({"api_limit": 2})
    assert [api.get(f"{DATA}/limits").status_code for _ in range(3)] == [200, 200, 403]


def test_a_user_without_api_enabled_is_refused(lightning: Caller, my: Caller, org: Org) -> None:
    my.token = lightning.post("/_sim/login", {"user": "anna.nowak@acme.example"}).get_json()["token"]
    assert my.get(f"{DATA}/limits").status_code == 200
    org.change_settings({"api_enabled": {"anna.nowak@acme.example": False}})
    assert refusal(my.get(f"{DATA}/limits")) == (403, "API_DISABLED_FOR_ORG")
    my.token = None


def test_requests_are_counted_by_resource(api: Caller, seconds: Seconds) -> None:
    seconds.value += 1
    create(api)
    api.query("SELECT Id FROM Task")
    api.get("/services/data")
    counted = api.get("/_sim/counters").get_json()
    assert counted["services_data"] == 2
    assert counted["requests"]["POST sobjects/Task"] == 1
    assert counted["requests"]["GET query"] == 1
    assert counted["requests"]["GET versions"] == 1
    assert counted["rows"]["Task created"] == 1

"""SOQL: what is answered, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from simulators.salesforce.org import Org

    from .conftest import Caller

DATA = "/services/data/v67.0"


def rows(api: Caller, soql: str) -> list[dict[str, Any]]:
    answer = api.query(soql)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    body = answer.get_json()
    assert body["done"] is True
    assert body["totalSize"] == len(body["records"])
    return list(body["records"])


def names(api: Caller, where: str, fields: str = "Name") -> list[str]:
    return [row["Name"] for row in rows(api, f"SELECT {fields} FROM Contact WHERE {where}")]


def refusal(api: Caller, soql: str) -> tuple[str, str]:
    answer = api.query(soql)
    assert answer.status_code == 400, answer.get_data(as_text=True)
    return answer.get_json()[0]["errorCode"], answer.get_json()[0]["message"]


def test_rows_carry_their_type_and_address_and_the_asked_fields(api: Caller, records: dict[str, str]) -> None:
    found = rows(api, "SELECT Id, Name, Account.Name, AccountId FROM Contact WHERE Name = 'jan kowalski'")
    contact, account = records["Jan Kowalski"], records["ACME Polska"]
    assert found == [
        {
            "attributes": {"type": "Contact", "url": f"{DATA}/sobjects/Contact/{contact}"},
            "Id": contact,
            "Name": "Jan Kowalski",
            "Account": {
                "attributes": {"type": "Account", "url": f"{DATA}/sobjects/Account/{account}"},
                "Name": "ACME Polska",
            },
            "AccountId": account,
        }
    ]


def test_an_empty_relationship_is_null(api: Caller) -> None:
    assert rows(api, "SELECT Account.Name FROM Contact WHERE LastName = 'Odbiera'")[0]["Account"] is None


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("FirstName IN ('Ewa', 'ADAM') ORDER BY FirstName", ["Adam Nowy", "Ewa Nowa"]),
        ("FirstName = 'Ewa' OR FirstName = 'Adam' ORDER BY FirstName DESC", ["Ewa Nowa", "Adam Nowy"]),
        ("LastName LIKE 'Now_' AND (NOT FirstName = 'Ewa')", ["Adam Nowy"]),
        ("Name LIKE '%kow%'", ["Jan Kowalski"]),
        ("MobilePhone != null AND Email = null ORDER BY MobilePhone LIMIT 2", ["Zajęty Klient", "Nie Odbiera"]),
        ("MobilePhone != null AND Email = null ORDER BY MobilePhone LIMIT 1 OFFSET 3", ["Zapowiedź Operatora"]),
        ("DoNotCall = true", []),
        ("Account.Name = 'Browar Źródło'", ["Maria Lewandowska"]),
        ("Account.Name NOT IN ('ACME Polska') AND Email != null", ["Maria Lewandowska"]),
        ("CreatedDate < 2020-01-01T00:00:00Z", []),
        ("Phone = '600-100-300' AND LastName > 'Nowa'", ["Adam Nowy"]),
    ],
)
def test_conditions_choose_rows(api: Caller, where: str, expected: list[str]) -> None:
    assert names(api, where) == expected


def test_phone_numbers_are_compared_as_they_are_written(api: Caller) -> None:
    assert names(api, "MobilePhone = '600100200'") == []


def test_a_case_sensitive_key_is_compared_exactly(api: Caller) -> None:
    api.post(f"{DATA}/sobjects/Task", {"FCC_Call_Id__c": "acme:1:0"})
    assert len(rows(api, "SELECT Id FROM Task WHERE FCC_Call_Id__c IN ('acme:1:0','x')")) == 1
    assert rows(api, "SELECT Id FROM Task WHERE FCC_Call_Id__c = 'ACME:1:0'") == []


def test_escaped_quotes_are_read(api: Caller) -> None:
    api.post(f"{DATA}/sobjects/Account", {"Name": "O'Hara\\Co"})
    assert len(rows(api, r"SELECT Id FROM Account WHERE Name = 'O\'Hara\\Co'")) == 1


def test_the_closed_status_is_found_by_query(api: Caller) -> None:
    found = rows(api, "SELECT ApiName, MasterLabel FROM TaskStatus WHERE IsClosed = true ORDER BY SortOrder")
    assert [row["ApiName"] for row in found] == ["Completed"]


def test_counting_gives_a_number_and_no_rows(api: Caller) -> None:
    assert api.query("SELECT COUNT() FROM Lead").get_json() == {"totalSize": 1, "done": True, "records": []}


def test_deleted_rows_are_seen_by_query_all_only(api: Caller, records: dict[str, str]) -> None:
    api.delete(f"{DATA}/sobjects/Lead/{records['Krzysztof Zając']}")
    assert rows(api, "SELECT Id FROM Lead") == []
    found = api.get(f"{DATA}/queryAll", query_string={"q": "SELECT Id, IsDeleted FROM Lead"}).get_json()["records"]
    assert [row["IsDeleted"] for row in found] == [True]


def test_long_results_come_in_pages(api: Caller) -> None:
    for _ in range(3):
        api.post(f"{DATA}/composite/sobjects", {"records": [{"attributes": {"type": "Task"}}] * 200})
    first = api.query("SELECT Id FROM Task", headers={"Sforce-Query-Options": "batchSize=250"}).get_json()
    assert (first["totalSize"], first["done"], len(first["records"])) == (600, False, 250)
    second = api.get(first["nextRecordsUrl"], headers={"Sforce-Query-Options": "batchSize=2000"}).get_json()
    assert (second["done"], len(second["records"])) == (True, 350)
    assert len({row["Id"] for row in first["records"] + second["records"]}) == 600
    wrong = api.get(f"{DATA}/query/01gnothing-200")
    assert wrong.get_json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_record_access_is_told_for_a_user_and_named_records(
    api: Caller, org: Org, people: dict[str, str], records: dict[str, str]
) -> None:
    org.access.hide(records["Jan Kowalski"], "anna.nowak@acme.example", True)
    ids = f"'{records['Jan Kowalski']}', '{records['ACME Polska']}'"
    where = f"UserId = '{people['anna.nowak']}' AND RecordId IN ({ids})"
    found = {
        row["RecordId"]: row["HasReadAccess"]
        for row in rows(api, f"SELECT RecordId, HasReadAccess FROM UserRecordAccess WHERE {where}")
    }
    assert found == {records["Jan Kowalski"]: False, records["ACME Polska"]: True}


def test_record_access_without_its_filters_is_refused(api: Caller) -> None:
    assert refusal(api, "SELECT RecordId FROM UserRecordAccess")[0] == "MALFORMED_QUERY"


def test_a_person_does_not_find_what_is_hidden(
    api: Caller, lightning: Caller, org: Org, records: dict[str, str]
) -> None:
    org.access.hide(records["Jan Kowalski"], "anna.nowak@acme.example", True)
    before = api.token
    api.token = lightning.post("/_sim/login", {"user": "anna.nowak@acme.example"}).get_json()["token"]
    assert names(api, "LastName = 'Kowalski'") == []
    assert api.get(f"{DATA}/sobjects/Contact/{records['Jan Kowalski']}").status_code == 404
    api.token = before
    assert names(api, "LastName = 'Kowalski'") == ["Jan Kowalski"]


def test_assigned_permission_sets_are_found(api: Caller, people: dict[str, str]) -> None:
    soql = "SELECT Assignee.Username FROM PermissionSetAssignment WHERE PermissionSet.Name = 'Fcc_Access'"
    found = {row["Assignee"]["Username"] for row in rows(api, soql)}
    assert "anna.nowak@acme.example" in found
    assert "admin@acme.example" in found


@pytest.mark.parametrize(
    ("soql", "code", "part"),
    [
        ("SELECT Nope FROM Contact", "INVALID_FIELD", "No such column 'Nope' on entity 'Contact'"),
        ("SELECT Id FROM Contact WHERE Nope = 'x'", "INVALID_FIELD", "No such column 'Nope'"),
        ("SELECT Id FROM Contact ORDER BY Nope", "INVALID_FIELD", "No such column 'Nope'"),
        ("SELECT Boss.Name FROM Contact", "INVALID_FIELD", "Didn't understand relationship 'Boss'"),
        ("SELECT IsPersonAccount FROM Account", "INVALID_FIELD", "No such column 'IsPersonAccount'"),
        ("SELECT FCC_Hidden__c FROM Task", "INVALID_FIELD", "No such column 'FCC_Hidden__c'"),
        ("SELECT Id, id FROM Contact", "INVALID_FIELD", "duplicate field selected: id"),
        ("SELECT Id FROM Tsak", "INVALID_TYPE", "sObject type 'Tsak' is not supported."),
        ("SELECT Id FROM Contact WHERE Id = 'xyz'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: xyz"),
        ("SELECT Id FROM Contact WHERE Name = 5", "INVALID_FIELD",
         "must be of type string and should be enclosed in quotes"),
        ("SELECT Id FROM Contact WHERE DoNotCall = 'true'", "INVALID_FIELD",
         "must be of type boolean and should not be"),
        ("SELECT Id FROM Task WHERE ActivityDate = '2026-01-01'", "INVALID_FIELD",
         "must be of type date and should not be"),
        ("SELECT Id FROM Task WHERE CreatedDate > 2026-01-01", "INVALID_FIELD", "must be of type dateTime"),
        ("SELECT Id FROM Task WHERE Description = 'x'", "INVALID_FIELD", "can not be filtered in a query call"),
        ("SELECT Id FROM Contact WHERE FirstName = 'a' AND LastName = 'b' OR Name = 'c'", "MALFORMED_QUERY",
         "unexpected token: 'OR'"),
        ("SELECT Id FROM Contact WHERE Name IN ()", "MALFORMED_QUERY", "unexpected token: ')'"),
        ("SELECT Id FROM Contact WHERE Name = 'x", "MALFORMED_QUERY", "no viable alternative"),
        ("SELECT Id FROM", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT Id Contact", "MALFORMED_QUERY", "unexpected token: 'Contact'"),
        ("SELECT Id FROM Contact LIMIT 'a'", "MALFORMED_QUERY", "unexpected token"),
        ("SELECT Id FROM Contact GROUP BY Name", "MALFORMED_QUERY", "not simulated"),
        ("SELECT MAX(Name) FROM Contact", "MALFORMED_QUERY", "not simulated"),
        ("SELECT (SELECT Id FROM Cases) FROM Contact", "MALFORMED_QUERY", "unexpected token"),
        ("SELECT Id FROM Contact WHERE AccountId IN (SELECT Id FROM Account)", "MALFORMED_QUERY", "not simulated"),
        ("SELECT Id FROM Contact WHERE CreatedDate = TODAY", "MALFORMED_QUERY", "unexpected token: 'TODAY'"),
    ],
)  # fmt: skip
def test_a_wrong_query_is_refused_in_salesforces_words(api: Caller, soql: str, code: str, part: str) -> None:
    said, message = refusal(api, soql)
    assert said == code
    assert part in message


def test_an_address_that_is_too_long_is_refused(api: Caller) -> None:
    ids = ",".join(f"'acme:{number}:0'" for number in range(2000))
    assert api.query(f"SELECT Id FROM Task WHERE FCC_Call_Id__c IN ({ids})").status_code == 414

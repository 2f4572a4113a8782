"""SOSL: numbers are found across punctuation, reserved characters must be escaped, the index may lag."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from simulators.salesforce.org import Org

    from .conftest import Caller, Seconds

DATA = "/services/data/v67.0"
RETURNING = "RETURNING Contact(Name), Lead(Name), Account(Name)"


def found(api: Caller, sosl: str) -> list[str]:
    answer = api.search(sosl)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return [row["Name"] for row in answer.get_json()["searchRecords"]]


def refusal(api: Caller, sosl: str) -> str:
    answer = api.search(sosl)
    assert answer.status_code == 400, answer.get_data(as_text=True)
    return str(answer.get_json()[0]["errorCode"])


@pytest.mark.assumed("A29")
@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("600100200", ["Jan Kowalski"]),
        ('"600 100 200"', ["Jan Kowalski"]),
        ('"48600100205" OR "600100205"', ["Maria Lewandowska"]),
        ("600100205", []),
        (r"\+48600100205", ["Maria Lewandowska"]),
        ("600100300", ["Adam Nowy", "Ewa Nowa"]),
        ('"0048600100400"', ["Krzysztof Zając"]),
        ("225550199", ["Browar Źródło"]),
        ("48221112233", ["ACME Polska"]),
        ("60010020*", ["Jan Kowalski", "Zajęty Klient", "Nie Odbiera", "Nieosiągalny Numer", "Zapowiedź Operatora"]),
        ("600100200 AND 221112234", ["Jan Kowalski"]),
        ("600100300 AND NOT Ewa", ["Adam Nowy", "Ewa Nowa"]),
        ("(600100200 OR 600100201)", ["Jan Kowalski", "Zajęty Klient"]),
    ],
)
def test_numbers_are_found_across_punctuation(api: Caller, wanted: str, expected: list[str]) -> None:
    assert found(api, f"FIND {{{wanted}}} IN PHONE FIELDS {RETURNING}") == expected


def test_rows_come_object_by_object_with_their_fields(api: Caller, records: dict[str, str]) -> None:
    sosl = (
        "FIND {600100200} IN PHONE FIELDS RETURNING Lead(Id), Contact(Id, Name, Email, AccountId, MobilePhone LIMIT 50)"
    )
    (row,) = api.search(sosl).get_json()["searchRecords"]
    contact = records["Jan Kowalski"]
    assert row == {
        "attributes": {"type": "Contact", "url": f"{DATA}/sobjects/Contact/{contact}"},
        "Id": contact,
        "Name": "Jan Kowalski",
        "Email": "jan.kowalski@klient.example",
        "AccountId": records["ACME Polska"],
        "MobilePhone": "600 100 200",
    }


def test_returning_may_filter_and_limit(api: Caller) -> None:
    assert found(api, "FIND {600100300} IN PHONE FIELDS RETURNING Contact(Name WHERE FirstName = 'Ewa' LIMIT 50)") == [
        "Ewa Nowa"
    ]
    assert found(api, "FIND {600100300} IN PHONE FIELDS RETURNING Contact(Name ORDER BY FirstName DESC LIMIT 1)") == [
        "Ewa Nowa"
    ]
    assert found(api, f"FIND {{60010020*}} IN PHONE FIELDS {RETURNING} LIMIT 2") == ["Jan Kowalski", "Zajęty Klient"]
    assert found(api, "FIND {0048600100400} IN PHONE FIELDS RETURNING Lead(Name WHERE IsConverted = true)") == []


def test_names_are_not_phone_fields(api: Caller) -> None:
    assert found(api, f"FIND {{Kowalski}} IN PHONE FIELDS {RETURNING}") == []
    assert found(api, f"FIND {{kowalski}} IN NAME FIELDS {RETURNING}") == ["Jan Kowalski"]
    assert found(api, f"FIND {{Kow*}} {RETURNING}") == ["Jan Kowalski"]


@pytest.mark.parametrize("char", list("+-&|!{[]^~:'"))
def test_reserved_characters_must_be_escaped(api: Caller, char: str) -> None:
    if char == "{":
        assert refusal(api, f"FIND {{48{char}600100205}} IN PHONE FIELDS {RETURNING}") == "MALFORMED_SEARCH"
    else:
        assert refusal(api, f'FIND {{"48{char}600100205"}} IN PHONE FIELDS {RETURNING}') == "MALFORMED_SEARCH"
        assert refusal(api, f"FIND {{48{char}600100205}} IN PHONE FIELDS {RETURNING}") == "MALFORMED_SEARCH"
    assert found(api, f"FIND {{48\\{char}600100205}} IN PHONE FIELDS {RETURNING}") == ["Maria Lewandowska"]


@pytest.mark.parametrize(
    "sosl",
    [
        "FIND {6} RETURNING Contact(Id)",
        "FIND {} RETURNING Contact(Id)",
        "FIND {*5550100} RETURNING Contact(Id)",
        "FIND {(600100200} RETURNING Contact(Id)",
        'FIND {"600100200} RETURNING Contact(Id)',
        "FIND {600100200 RETURNING Contact(Id)",
        "SEARCH {600100200}",
        "FIND {600100200} IN FAX FIELDS RETURNING Contact(Id)",
        "FIND {600100200} RETURNING Contact(Id",
        "FIND {600100200} RETURNING Contact(Id) WITH NETWORK = 'x'",
        "FIND {600100200} GIVING Contact(Id)",
    ],
)
def test_a_malformed_search_is_refused(api: Caller, sosl: str) -> None:
    assert refusal(api, sosl) == "MALFORMED_SEARCH"


def test_unknown_fields_and_objects_are_refused(api: Caller) -> None:
    assert refusal(api, "FIND {600100200} RETURNING Contact(Nope)") == "INVALID_FIELD"
    assert refusal(api, "FIND {600100200} RETURNING Account(IsPersonAccount)") == "INVALID_FIELD"
    assert refusal(api, "FIND {600100200} RETURNING Kontakt(Id)") == "INVALID_TYPE"


def test_new_records_are_found_after_the_index_delay(api: Caller, org: Org, seconds: Seconds) -> None:
    org.change_settings({"index_delay_s": 30})
    seconds.value += 60
    api.post(f"{DATA}/sobjects/Contact", {"LastName": "Świeży", "Phone": "512 000 111"})
    sosl = f"FIND {{512000111}} IN PHONE FIELDS {RETURNING}"
    assert found(api, sosl) == []
    seconds.value += 30
    assert found(api, sosl) == ["Świeży"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_parameterized_search_escapes_by_itself(api: Caller, method: str) -> None:
    if method == "GET":
        said: dict[str, Any] = {"q": "+48600100205", "in": "PHONE", "sobject": "Contact", "Contact.fields": "Name"}
        answer = api.get(f"{DATA}/parameterizedSearch", query_string=said)
    else:
        said = {"q": "+48600100205", "in": "PHONE", "sobjects": [{"name": "Contact", "fields": ["Name"], "limit": 5}]}
        answer = api.post(f"{DATA}/parameterizedSearch", said)
    assert [row["Name"] for row in answer.get_json()["searchRecords"]] == ["Maria Lewandowska"]

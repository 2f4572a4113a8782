"""Which of the records found may be calling, and why."""

from __future__ import annotations

import pytest

from cti.matching.candidates import LABELS, candidates, case_candidate, label, wanted_fields

NUMBER = "+48600100200"


def row(kind, record_id, name="N", **fields):
    return {"attributes": {"type": kind}, "Id": record_id, "Name": name, **fields}


def found(*rows, number=NUMBER, language="pl"):
    return candidates(rows, number, region="PL", language=language)


@pytest.mark.parametrize(
    "text",
    [
        "600100200",
        "+48600100200",
        "600 100 200",
        "600-100-200",
        "0048 600 100 200",
        "(600) 100 200",
        "600100200 wew. 12",
        "600\u2009100\u2009200",
        "tel. 600 100 200 (Anna)",
        "+48 (0) 600 100 200 w. 3",
        "601 200 300, 600 100 200",
        "22 123 45 67 lub 600 100 200",
    ],
)
def test_a_number_agrees_however_it_was_typed(text):
    (record,) = found(row("Contact", "003A", MobilePhone=text))
    assert record.record_id == "003A"


@pytest.mark.parametrize(
    "text", ["600100201", "+49600100200", "100200", "", None, "x", "6001002000", 600100200, "601 200 300, 602 300 400"]
)
def test_a_record_whose_digits_differ_is_no_candidate_whatever_the_index_says(text):
    assert found(row("Contact", "003A", MobilePhone=text)) == ()


def test_the_reason_is_the_label_of_the_field_that_agrees():
    rows = [row("Contact", "003A", Phone="22 111 22 33", MobilePhone="600 100 200")]
    assert found(*rows)[0].reason == "Telefon komórkowy"
    assert found(*rows, language="en")[0].reason == "Mobile"


def test_every_field_asked_for_as_a_telephone_has_a_label():
    telephones = {
        name for fields in wanted_fields(person_accounts=True).values() for name in fields if name.endswith("Phone")
    }
    assert telephones <= LABELS.keys()
    assert all(label(name, "pl") and label(name, "en") for name in LABELS)


@pytest.mark.req("R20")
def test_a_person_account_hides_its_own_contact():
    person = row(
        "Account", "001P", "Maria", IsPersonAccount=True, PersonContactId="003P", PersonMobilePhone="600 100 200"
    )
    records = found(row("Contact", "003P", "Maria", MobilePhone="600 100 200"), person)
    assert [(each.record_id, each.person_account, each.contact_id) for each in records] == [("001P", True, "003P")]


def test_columns_of_person_accounts_are_asked_for_only_where_there_are_any():
    assert "PersonContactId" in wanted_fields(person_accounts=True)["Account"]
    assert not [name for name in wanted_fields(person_accounts=False)["Account"] if "Person" in name]


def test_person_accounts_come_first_then_contacts_leads_and_accounts():
    records = found(
        row("Account", "001A", Phone=NUMBER),
        row("Lead", "00QA", Phone=NUMBER),
        row("Contact", "003B", "Zofia", Phone=NUMBER),
        row("Contact", "003A", "Adam", Phone=NUMBER),
        row("Account", "001P", IsPersonAccount=True, PersonContactId="003X", Phone=NUMBER),
    )
    assert [each.record_id for each in records] == ["001P", "003A", "003B", "00QA", "001A"]


def test_a_record_found_twice_is_one_candidate():
    assert len(found(row("Contact", "003A", Phone=NUMBER), row("Contact", "003A", Phone=NUMBER))) == 1


def test_what_is_no_known_record_is_passed_over():
    assert (
        found(row("User", "005A", Phone=NUMBER), {"Id": "1", "Phone": NUMBER}, row("Contact", "", Phone=NUMBER)) == ()
    )


@pytest.mark.req("R19")
def test_a_case_is_named_by_its_number_and_subject():
    record = case_candidate(
        {"Id": "500A", "CaseNumber": "00001234", "Subject": "Reklamacja faktury", "ContactId": "003A"}, "pl"
    )
    assert (record.object_type, record.name, record.contact_id) == ("Case", "00001234 Reklamacja faktury", "003A")

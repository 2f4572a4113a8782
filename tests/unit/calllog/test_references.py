"""What is left out of a Task that Salesforce refused, step by step."""

from __future__ import annotations

import pytest

from cti.calllog.references import Leaving
from cti.salesforce.classify import from_code
from cti.salesforce.errors import RecordDeletedError

JAN, CASE, ANNA = "0038W000000JanKQAX", "5008W000000CaseQAX", "0058W000000AnnaQAE"
ROW = {
    "FCC_Call_Id__c": "acme:1:0",
    "Subject": "Połączenie",
    "WhoId": JAN,
    "WhatId": CASE,
    "OwnerId": ANNA,
    "FCC_Contact_Email__c": "jan@",
}


def steps(*errors):
    """What is left out after each refusal; None once nothing more can be tried."""
    leaving = Leaving(ROW)
    return [leaving.without if leaving.after(error.trouble) else None for error in errors]


def test_what_salesforce_names_is_left_out_and_nothing_else():
    assert steps(from_code("FIELD_INTEGRITY_EXCEPTION", "x", fields=["WhoId"])) == [{"WhoId"}]
    assert steps(from_code("FIELD_INTEGRITY_EXCEPTION", "x", fields=["OwnerId"])) == [{"OwnerId"}]
    assert steps(from_code("FIELD_INTEGRITY_EXCEPTION", "x", fields=["WhatId"])) == [{"WhatId"}]


@pytest.mark.assumed("A72")
def test_a_record_that_is_named_by_its_id_is_left_out():
    error = from_code("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", f"insufficient access rights on {CASE[:15]}")
    assert steps(error) == [{"WhatId"}]


def test_one_after_the_other_is_left_out_as_it_is_named():
    who = from_code("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", fields=["WhoId"])
    owner = from_code("OP_WITH_INVALID_USER_TYPE_EXCEPTION", "invalid user type", fields=["OwnerId"])
    assert steps(who, owner) == [{"WhoId"}, {"WhoId", "OwnerId"}]


@pytest.mark.parametrize(
    "error",
    [
        from_code("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"),
        from_code("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "insufficient access rights"),
        from_code("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead"),
        from_code("MALFORMED_ID", "bad id"),
        RecordDeletedError(salesforce_code="ENTITY_IS_DELETED"),
    ],
    ids=lambda error: error.salesforce_code,
)
def test_where_nothing_is_named_the_customer_goes_first_then_the_owner_in_the_customers_place(error):
    assert steps(error, error, error, error) == [
        {"WhoId", "WhatId"},
        {"OwnerId"},
        {"WhoId", "WhatId", "OwnerId"},
        None,
    ]


@pytest.mark.parametrize(
    "code", ["INACTIVE_OWNER_OR_USER", "OP_WITH_INVALID_USER_TYPE_EXCEPTION", "TRANSFER_REQUIRES_READ"]
)
def test_a_code_that_speaks_of_owners_names_the_owner(code):
    error = from_code(code, "operation performed with inactive user")
    assert steps(error, error) == [{"OwnerId"}, {"WhoId", "WhatId"}]


def test_a_rule_of_the_orgs_own_that_names_a_reference_is_obeyed_and_any_other_is_not_got_round():
    assert steps(from_code("FIELD_CUSTOM_VALIDATION_EXCEPTION", "no", fields=["WhatId"])) == [{"WhatId"}]
    assert steps(from_code("FIELD_CUSTOM_VALIDATION_EXCEPTION", "no", fields=["Subject"])) == [None]
    assert steps(from_code("FIELD_CUSTOM_VALIDATION_EXCEPTION", "no")) == [None]


@pytest.mark.parametrize(
    "code",
    [
        "INVALID_EMAIL_ADDRESS",
        "STRING_TOO_LONG",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "NUMBER_OUTSIDE_VALID_RANGE",
    ],
)
def test_a_value_that_a_field_refuses_is_left_out_but_never_the_key(code):
    error = from_code(code, "no", fields=["FCC_Contact_Email__c", "FCC_Call_Id__c"])
    assert steps(error, error) == [{"FCC_Contact_Email__c"}, None]
    assert steps(from_code(code, "no")) == [None]


def test_what_passes_by_itself_is_not_a_references_fault():
    assert steps(
        from_code("UNABLE_TO_LOCK_ROW", f"unable to obtain exclusive access to {JAN[:15]}", fields=["WhoId"])
    ) == [None]


def test_a_row_that_refers_to_nobody_has_nothing_to_leave_out():
    leaving = Leaving({"FCC_Call_Id__c": "acme:1:0", "WhoId": None})
    assert leaving.after(from_code("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id").trouble) is False

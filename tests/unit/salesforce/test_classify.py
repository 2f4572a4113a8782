"""Which kind of error each of Salesforce's codes is."""

from __future__ import annotations

import pytest

from cti.domain.delivery import Verdict
from cti.salesforce.classify import RULES, from_answer, from_code, from_oauth, from_row

TABLE = [
    ("INVALID_SESSION_ID", 401, "Session expired or invalid", "salesforce-session-expired", Verdict.REFRESH),
    (
        "INVALID_SESSION_ID",
        401,
        "This session is not valid for use with the REST API",
        "salesforce-session-not-allowed",
        Verdict.NEVER,
    ),
    ("INVALID_AUTH_HEADER", 401, "INVALID_HEADER_TYPE", "salesforce-session-not-allowed", Verdict.NEVER),
    ("REQUEST_LIMIT_EXCEEDED", 403, "TotalRequests Limit exceeded.", "salesforce-daily-limit", Verdict.WAIT),
    (
        "REQUEST_LIMIT_EXCEEDED",
        403,
        "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
        "salesforce-too-many-requests",
        Verdict.AGAIN,
    ),
    ("API_DISABLED_FOR_ORG", 403, "", "salesforce-api-disabled", Verdict.NEVER),
    ("API_CURRENTLY_DISABLED", 403, "", "salesforce-api-disabled", Verdict.NEVER),
    ("INSUFFICIENT_ACCESS", 403, "", "salesforce-access-refused", Verdict.NEVER),
    ("INSUFFICIENT_ACCESS_OR_READONLY", 400, "", "salesforce-access-refused", Verdict.NEVER),
    ("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", 400, "", "salesforce-access-refused", Verdict.NEVER),
    ("FUNCTIONALITY_NOT_ENABLED", 403, "", "salesforce-access-refused", Verdict.NEVER),
    ("UNABLE_TO_LOCK_ROW", 400, "unable to obtain exclusive access", "salesforce-row-locked", Verdict.AGAIN),
    (
        "DUPLICATE_VALUE",
        400,
        "duplicate value found: FCC_Call_Id__c duplicates value on record with id: 00T000000000001AAA",
        "salesforce-duplicate-value",
        Verdict.DUPLICATE,
    ),
    ("DUPLICATES_DETECTED", 400, "Use one of these records?", "salesforce-duplicate-rule", Verdict.NEVER),
    ("DUPLICATE_EXTERNAL_ID", 400, "", "salesforce-request-invalid", Verdict.NEVER),
    ("NOT_FOUND", 404, "The requested resource does not exist", "salesforce-not-found", Verdict.NEVER),
    (
        "NOT_FOUND",
        404,
        "Provided external ID field does not exist or is not accessible: FCC_Call_Id__c",
        "salesforce-request-invalid",
        Verdict.NEVER,
    ),
    ("ENTITY_IS_DELETED", 404, "entity is deleted", "salesforce-record-deleted", Verdict.GONE),
    *[
        (code, 400, "", "salesforce-request-invalid", Verdict.NEVER)
        for code in (
            "MALFORMED_ID",
            "MALFORMED_QUERY",
            "MALFORMED_SEARCH",
            "INVALID_FIELD",
            "INVALID_TYPE",
            "JSON_PARSER_ERROR",
            "INVALID_QUERY_LOCATOR",
            "INVALID_SEARCH",
            "IDEMPOTENCY_FEATURE_NOT_ENABLED",
            "IDEMPOTENCY_NOT_SUPPORTED",
            "INVALID_IDEMPOTENCY_KEY",
        )
    ],
    *[
        (code, 400, "", "salesforce-field-refused", Verdict.NEVER)
        for code in (
            "REQUIRED_FIELD_MISSING",
            "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "FIELD_INTEGRITY_EXCEPTION",
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "STRING_TOO_LONG",
            "INVALID_CROSS_REFERENCE_KEY",
            "INACTIVE_OWNER_OR_USER",
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            "MAX_TASK_DESCRIPTION_EXCEEEDED",
            "CANNOT_EXECUTE_FLOW_TRIGGER",
            "CANNOT_UPDATE_CONVERTED_LEAD",
            "FIELD_FILTER_VALIDATION_EXCEPTION",
            "INVALID_EMAIL_ADDRESS",
            "INVALID_TYPE_ON_FIELD_IN_RECORD",
            "NUMBER_OUTSIDE_VALID_RANGE",
            "OP_WITH_INVALID_USER_TYPE_EXCEPTION",
            "TRANSFER_REQUIRES_READ",
        )
    ],
    *[
        (code, 403, "", "salesforce-storage-full", Verdict.NEVER)
        for code in ("STORAGE_LIMIT_EXCEEDED", "EXCEEDED_QUOTA", "LIMIT_EXCEEDED", "EXCEEDED_ID_LIMIT")
    ],
    *[
        (code, 500, "", "salesforce-query-too-slow", Verdict.NEVER)
        for code in ("QUERY_TIMEOUT", "REQUEST_RUNNING_TOO_LONG", "OPERATION_TOO_LARGE", "QUERY_TOO_COMPLICATED")
    ],
    *[
        (code, 503, "", "salesforce-unavailable", Verdict.AGAIN)
        for code in ("SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION", "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE")
    ],
    ("PROCESSING_HALTED", 400, "", "salesforce-rolled-back", Verdict.AGAIN),
    ("ALL_OR_NONE_OPERATION_ROLLED_BACK", 400, "", "salesforce-rolled-back", Verdict.AGAIN),
    ("TXN_SECURITY_NO_ACCESS", 403, "", "salesforce-policy-refused", Verdict.NEVER),
    ("TXN_SECURITY_METERING_ERROR", 403, "", "salesforce-policy-refused", Verdict.NEVER),
    ("UNSUPPORTED_API_VERSION", 404, "", "salesforce-version-unsupported", Verdict.NEVER),
    ("INVALID_VERSION", 404, "", "salesforce-version-unsupported", Verdict.NEVER),
    ("GONE", 410, "", "salesforce-version-unsupported", Verdict.NEVER),
]


@pytest.mark.parametrize(("salesforce_code", "status", "message", "code", "verdict"), TABLE)
def test_each_code_of_salesforce_has_its_kind_and_verdict(salesforce_code, status, message, code, verdict):
    error = from_answer(status, [{"errorCode": salesforce_code, "message": message, "fields": ["Subject"]}])
    assert (error.code, error.verdict) == (code, verdict)
    assert error.salesforce_code == salesforce_code
    assert error.fields == ("Subject",)
    assert error.retryable == (verdict in {Verdict.AGAIN, Verdict.WAIT, Verdict.UNKNOWN})


def test_the_table_of_rules_is_tested_row_by_row():
    assert {rule.salesforce_code for rule in RULES} == {row[0] for row in TABLE}


@pytest.mark.parametrize(
    ("error", "description", "code"),
    [
        ("invalid_client_id", "client identifier invalid", "salesforce-app-unknown"),
        ("invalid_client", "invalid client credentials", "salesforce-app-unknown"),
        ("invalid_client", "app+must+be+installed+into+org", "salesforce-app-unknown"),
        ("invalid_app_access", "user is not admin approved", "salesforce-user-not-approved"),
        ("invalid_grant", "no client credentials user enabled", "salesforce-run-as-user-missing"),
        ("invalid_grant", "request not supported on this domain", "salesforce-host-not-allowed"),
        ("invalid_grant", "user hasn't approved this consumer", "salesforce-user-not-approved"),
        ("invalid_grant", "user is not admin approved", "salesforce-user-not-approved"),
        ("invalid_grant", "something else", "salesforce-sign-in-refused"),
        ("inactive_user", "user is inactive", "salesforce-user-not-approved"),
        ("inactive_org", "", "salesforce-api-disabled"),
        ("rate_limit_exceeded", "login rate exceeded", "salesforce-too-many-requests"),
        ("unsupported_grant_type", "", "salesforce-sign-in-refused"),
    ],
)
def test_each_error_of_the_token_endpoint_has_its_kind(error, description, code):
    assert from_oauth(error, description).code == code


@pytest.mark.parametrize(
    ("status", "code", "verdict"),
    [
        (401, "salesforce-session-expired", Verdict.REFRESH),
        (403, "salesforce-access-refused", Verdict.NEVER),
        (404, "salesforce-not-found", Verdict.NEVER),
        (429, "salesforce-too-many-requests", Verdict.AGAIN),
        (500, "salesforce-unavailable", Verdict.AGAIN),
        (502, "salesforce-unavailable", Verdict.AGAIN),
        (503, "salesforce-unavailable", Verdict.AGAIN),
        (302, "salesforce-answer-unreadable", Verdict.NEVER),
    ],
)
def test_an_answer_without_a_readable_body_is_judged_by_its_status(status, code, verdict):
    error = from_answer(status, None)
    assert (error.code, error.verdict) == (code, verdict)


def test_an_unknown_code_is_kept_and_never_repeated():
    error = from_code("SOMETHING_NEW", "what it means")
    assert (error.code, error.verdict, error.salesforce_code) == ("salesforce-error", Verdict.NEVER, "SOMETHING_NEW")


@pytest.mark.assumed("A27")
@pytest.mark.parametrize("named", ["00T5g0000000nTx", "00T5g0000000nTxEAI"])
def test_a_duplicate_names_the_record_that_holds_the_value(named):
    error = from_row(
        [
            {
                "statusCode": "DUPLICATE_VALUE",
                "message": "duplicate value found: F__c duplicates value on record with id: " + named,
                "fields": [],
            }
        ]
    )
    assert error.record_id == "00T5g0000000nTxEAI"


@pytest.mark.parametrize("errors_of_row", [None, [], "x", [None], [{"statusCode": 3, "fields": "x"}]])
def test_a_row_with_an_unreadable_error_is_still_an_error(errors_of_row):
    assert from_row(errors_of_row).code == "salesforce-error"


@pytest.mark.parametrize("message", ["", "duplicate value found", "on record with id: 00T5g0000000nTxXXX"])
def test_a_duplicate_that_names_no_readable_record_names_none(message):
    assert from_code("DUPLICATE_VALUE", message).record_id is None


LOCKED = "UNABLE_TO_LOCK_ROW, unable to obtain exclusive access to this record: 0018W00002abcde"
NESTED = (
    "dlrs_TaskTrigger: execution of AfterInsert\n\ncaused by: System.DmlException: Update failed. First exception on "
    "row 0 with id 0018W00002abcde; first error: CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY, AccountTrigger: execution of "
    f"AfterUpdate\n\ncaused by: System.DmlException: Upsert failed. First exception on row 2; first error: {LOCKED}: []"
)
UNAVAILABLE_ROW = (
    "TaskTrigger: execution of BeforeInsert\n\ncaused by: System.QueryException: Record Currently Unavailable: The "
    "record you are attempting to edit, or one of its related records, is currently being modified by another user."
)
FLOW = "The record couldn’t be saved because it failed to trigger a flow. A flow trigger failed to execute the flow"


@pytest.mark.assumed("A68")
@pytest.mark.parametrize(
    ("wrapper", "message", "code"),
    [
        ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", NESTED, "salesforce-row-locked"),
        (
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            UNAVAILABLE_ROW,
            "salesforce-row-locked",
        ),
        ("CANNOT_EXECUTE_FLOW_TRIGGER", f"{FLOW}. {LOCKED}", "salesforce-row-locked"),
        (
            "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            f"Update failed. First exception on row 0; {LOCKED}",
            "salesforce-row-locked",
        ),
        (
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            "TaskTrigger: System.LimitException: Apex CPU time limit exceeded",
            "salesforce-automation-limit",
        ),
        (
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            "TaskTrigger: System.LimitException: Too many SOQL queries: 101",
            "salesforce-automation-limit",
        ),
        (
            "CANNOT_EXECUTE_FLOW_TRIGGER",
            f"{FLOW}. QUERY_TIMEOUT: Your query request was running for too long.",
            "salesforce-unavailable",
        ),
        ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "… first error: SERVER_UNAVAILABLE, busy", "salesforce-unavailable"),
        ("A_WRAPPER_NOBODY_KNOWS_YET", LOCKED, "salesforce-row-locked"),
    ],
)
def test_a_cause_that_passes_is_found_inside_the_message_of_what_met_it(wrapper, message, code):
    error = from_row([{"statusCode": wrapper, "message": message, "fields": []}])
    assert (error.code, error.verdict, error.salesforce_code) == (code, Verdict.AGAIN, wrapper)
    assert error.retryable


@pytest.mark.parametrize(
    ("wrapper", "message"),
    [
        (
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            "TaskTrigger: System.NullPointerException: Attempt to de-reference null",
        ),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Podaj wynik rozmowy"),
        ("CANNOT_EXECUTE_FLOW_TRIGGER", FLOW),
    ],
)
def test_a_cause_that_does_not_pass_is_not_repeated(wrapper, message):
    assert from_row([{"statusCode": wrapper, "message": message}]).verdict is Verdict.NEVER

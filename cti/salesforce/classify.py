"""Which kind of error an answer of Salesforce is.

`RULES` maps Salesforce's codes to the classes of `cti.salesforce.errors`; a code that is not in it falls back on the
HTTP status.

Source: REST API Developer Guide, "Status Codes and Error Responses"; SOAP API Developer Guide, "Core Data Types Used
in API Calls", ExceptionCode and StatusCode; OAuth error responses in Salesforce Help, "OAuth 2.0 Error Codes".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cti.accounts import salesforce_id
from cti.domain.delivery import Verdict
from cti.salesforce.errors import (
    AccessRefusedError,
    AnswerUnreadableError,
    ApiDisabledError,
    AppUnknownError,
    AutomationLimitError,
    DailyLimitReachedError,
    DuplicateRuleMatchedError,
    DuplicateValueError,
    FieldRefusedError,
    HostNotAllowedError,
    NotFoundError,
    PolicyRefusedError,
    QueryTooSlowError,
    RecordDeletedError,
    RequestInvalidError,
    RolledBackError,
    RowLockedError,
    RunAsUserMissingError,
    SalesforceError,
    SessionExpiredError,
    SessionNotAllowedError,
    SignInRefusedError,
    StorageFullError,
    TimedOutError,
    TooManyRequestsError,
    UnavailableError,
    UserNotApprovedError,
    VersionUnsupportedError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Rule:
    """Which kind an error is: Salesforce's code, optionally a piece of its message (any case), the kind."""

    salesforce_code: str
    kind: type[SalesforceError]
    message_has: str = ""


def _rules(kind: type[SalesforceError], *codes: str) -> tuple[Rule, ...]:
    return tuple(Rule(code, kind) for code in codes)


RULES: tuple[Rule, ...] = (
    Rule("INVALID_SESSION_ID", SessionNotAllowedError, "not valid for use with the rest api"),
    Rule("INVALID_SESSION_ID", SessionExpiredError),
    Rule("REQUEST_LIMIT_EXCEEDED", TooManyRequestsError, "concurrent"),
    Rule("REQUEST_LIMIT_EXCEEDED", DailyLimitReachedError),
    Rule("NOT_FOUND", RequestInvalidError, "external id field does not exist"),
    *_rules(SessionNotAllowedError, "INVALID_AUTH_HEADER"),
    *_rules(ApiDisabledError, "API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED"),
    *_rules(
        AccessRefusedError,
        "INSUFFICIENT_ACCESS",
        "INSUFFICIENT_ACCESS_OR_READONLY",
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        "FUNCTIONALITY_NOT_ENABLED",
    ),
    *_rules(RowLockedError, "UNABLE_TO_LOCK_ROW"),
    *_rules(DuplicateValueError, "DUPLICATE_VALUE"),
    *_rules(DuplicateRuleMatchedError, "DUPLICATES_DETECTED"),
    *_rules(RequestInvalidError, "DUPLICATE_EXTERNAL_ID"),
    *_rules(NotFoundError, "NOT_FOUND"),
    *_rules(RecordDeletedError, "ENTITY_IS_DELETED"),
    *_rules(
        RequestInvalidError,
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
    ),
    *_rules(
        FieldRefusedError,
        "CANNOT_EXECUTE_FLOW_TRIGGER",
        "CANNOT_UPDATE_CONVERTED_LEAD",
        "FIELD_FILTER_VALIDATION_EXCEPTION",
        "INVALID_EMAIL_ADDRESS",
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        "NUMBER_OUTSIDE_VALID_RANGE",
        "OP_WITH_INVALID_USER_TYPE_EXCEPTION",
        "TRANSFER_REQUIRES_READ",
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
    ),
    *_rules(StorageFullError, "STORAGE_LIMIT_EXCEEDED", "EXCEEDED_QUOTA", "LIMIT_EXCEEDED", "EXCEEDED_ID_LIMIT"),
    *_rules(
        QueryTooSlowError, "QUERY_TIMEOUT", "REQUEST_RUNNING_TOO_LONG", "OPERATION_TOO_LARGE", "QUERY_TOO_COMPLICATED"
    ),
    *_rules(
        UnavailableError,
        "SERVER_UNAVAILABLE",
        "UNKNOWN_EXCEPTION",
        "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE",
    ),
    *_rules(RolledBackError, "PROCESSING_HALTED", "ALL_OR_NONE_OPERATION_ROLLED_BACK"),
    *_rules(PolicyRefusedError, "TXN_SECURITY_NO_ACCESS", "TXN_SECURITY_METERING_ERROR"),
    *_rules(VersionUnsupportedError, "UNSUPPORTED_API_VERSION", "INVALID_VERSION", "GONE"),
)
"""Salesforce's codes, the more particular rule first."""

TRANSIENT: tuple[tuple[str, type[SalesforceError]], ...] = (
    ("unable_to_lock_row", RowLockedError),
    ("unable to obtain exclusive access", RowLockedError),
    ("record currently unavailable", RowLockedError),
    ("currently being modified by another user", RowLockedError),
    ("concurrent requests limit exceeded", TooManyRequestsError),
    ("concurrentperorglongtxn", TooManyRequestsError),
    ("request_running_too_long", UnavailableError),
    ("server_unavailable", UnavailableError),
    ("query_timeout", UnavailableError),
    ("limitexception", AutomationLimitError),
    ("cpu time limit exceeded", AutomationLimitError),
)
"""What a record's refusal holds, any case, when its cause passes by itself, and which kind it then is.

A trigger, flow, process or package that meets a locked row or a limit has its record refused with a code of its own
and the cause somewhere in the message, several deep where one automation starts another:
CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY, CANNOT_EXECUTE_FLOW_TRIGGER, and FIELD_CUSTOM_VALIDATION_EXCEPTION where Apex
passes a caught error on. So the message is looked at whatever the code, once the code alone gives no hope.

Source: public issue threads with such messages; Apex Developer Guide, "Execution Governors and Limits".
"""

_BY_STATUS: Mapping[int, type[SalesforceError]] = {
    401: SessionExpiredError,
    403: AccessRefusedError,
    404: NotFoundError,
    408: TimedOutError,
    409: RowLockedError,
    410: VersionUnsupportedError,
    413: SalesforceError,
    429: TooManyRequestsError,
    500: UnavailableError,
    502: UnavailableError,
    503: UnavailableError,
    504: TimedOutError,
}

OAUTH_RULES: tuple[Rule, ...] = (
    Rule("invalid_client_id", AppUnknownError),
    Rule("invalid_client", AppUnknownError),
    Rule("invalid_app_access", UserNotApprovedError),
    Rule("invalid_grant", RunAsUserMissingError, "no client credentials user enabled"),
    Rule("invalid_grant", HostNotAllowedError, "request not supported on this domain"),
    Rule("invalid_grant", UserNotApprovedError, "user is not admin approved"),
    Rule("invalid_grant", UserNotApprovedError, "hasn't approved this consumer"),
    Rule("inactive_user", UserNotApprovedError),
    Rule("inactive_org", ApiDisabledError),
    Rule("rate_limit_exceeded", TooManyRequestsError),
)
"""The token endpoint's errors, the more particular rule first; any other is `SignInRefusedError`."""

_RECORD_ID = re.compile(r"record with id:\s*([A-Za-z0-9]{15,18})")


def _kind(rules: Sequence[Rule], code: str, message: str) -> type[SalesforceError] | None:
    text = message.lower()
    for rule in rules:
        if rule.salesforce_code == code and rule.message_has in text:
            return rule.kind
    return None


def from_code(
    code: str,
    message: str = "",
    *,
    fields: Sequence[str] = (),
    status: int = 400,
    retry_after: float | None = None,
    whole_answer: int | None = None,
) -> SalesforceError:
    """The error for one of Salesforce's codes; an unknown code is judged by the HTTP `status` of the answer.

    A refusal that nothing could be done about is of a passing kind when its message holds one of `TRANSIENT`.
    """
    kind = _kind(RULES, code, message) or _BY_STATUS.get(status, SalesforceError)
    if kind.verdict is Verdict.NEVER:
        kind = _passing(message) or kind
    return kind(
        salesforce_code=code,
        detail=message,
        fields=fields,
        retry_after=retry_after,
        record_id=_named_record(message),
        whole_answer=whole_answer,
    )


def _passing(message: str) -> type[SalesforceError] | None:
    text = message.lower()
    return next((kind for piece, kind in TRANSIENT if piece in text), None)


def _named_record(message: str) -> str | None:
    """The record that a message names, by its 18-character id; messages use the 15-character form."""
    found = _RECORD_ID.search(message)
    if found is None:
        return None
    try:
        return salesforce_id(found.group(1))
    except ValueError:
        return None


def from_row(errors: Any) -> SalesforceError:
    """The error of one row of a collections answer: `[{"statusCode", "message", "fields"}]`, the first one counts."""
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    fields = first.get("fields")
    return from_code(
        str(first.get("statusCode") or first.get("errorCode") or ""),
        str(first.get("message") or ""),
        fields=[str(name) for name in fields] if isinstance(fields, list) else (),
    )


def from_answer(status: int, body: Any, *, retry_after: float | None = None) -> SalesforceError:
    """The error of a whole answer.

    `body` is the parsed JSON, or None where it was none. REST errors are an array of `{errorCode, message, fields?}`;
    OAuth errors are an object `{error, error_description}`.
    """
    if isinstance(body, list) and body and isinstance(body[0], dict):
        first = body[0]
        fields = first.get("fields")
        return from_code(
            str(first.get("errorCode") or first.get("statusCode") or ""),
            str(first.get("message") or ""),
            fields=[str(name) for name in fields] if isinstance(fields, list) else (),
            status=status,
            retry_after=retry_after,
            whole_answer=status,
        )
    if isinstance(body, dict) and "error" in body:
        return from_oauth(str(body["error"]), str(body.get("error_description") or ""))
    kind = _BY_STATUS.get(status, AnswerUnreadableError)
    return kind(salesforce_code=f"HTTP {status}", retry_after=retry_after, whole_answer=status)


def from_oauth(error: str, description: str) -> SalesforceError:
    """The error of an OAuth endpoint. Salesforce writes some descriptions with plus signs for blanks."""
    description = description.replace("+", " ")
    kind = _kind(OAUTH_RULES, error, description) or SignInRefusedError
    return kind(salesforce_code=error, detail=description)

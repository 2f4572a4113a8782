"""What every error about Salesforce says, and whether it blames what was sent."""

from __future__ import annotations

import pytest

from cti.salesforce import errors
from cti.salesforce.classify import from_answer, from_row


def _kinds(kind):
    for child in kind.__subclasses__():
        yield child
        yield from _kinds(child)


@pytest.mark.parametrize("kind", list(_kinds(errors.SalesforceError)), ids=lambda kind: kind.__name__)
def test_every_error_speaks_polish_and_english_and_shows_no_record_data(kind):
    error = kind(salesforce_code="SOME_CODE", detail="Jan Kowalski 600100200", fields=["Subject"])
    polish, english = error.message("pl"), error.message("en_US")
    assert polish != english
    assert "{" not in polish + english
    assert "Kowalski" not in f"{polish}{english}{error}{error!r}"


def test_codes_of_our_own_are_not_used_twice():
    codes = [kind.code for kind in _kinds(errors.SalesforceError)]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("salesforce_code", "status", "blamed"),
    [
        ("JSON_PARSER_ERROR", 400, True),
        ("INVALID_FIELD", 400, True),
        ("SOMETHING_NEW", 400, True),
        ("SOMETHING_NEW", 413, True),
        ("INVALID_TYPE", 400, False),
        ("API_DISABLED_FOR_ORG", 403, False),
        ("INSUFFICIENT_ACCESS_OR_READONLY", 400, False),
        ("UNABLE_TO_LOCK_ROW", 400, False),
        ("UNKNOWN_EXCEPTION", 500, False),
        ("NOT_FOUND", 404, False),
    ],
)
def test_a_whole_request_is_refused_for_what_stands_in_it_or_for_another_reason(salesforce_code, status, blamed):
    assert from_answer(status, [{"errorCode": salesforce_code, "message": ""}]).blames_content is blamed
    assert from_row([{"statusCode": salesforce_code, "message": ""}]).blames_content is False


def test_a_request_that_a_proxy_finds_too_large_is_refused_for_what_stands_in_it():
    assert from_answer(413, None).blames_content is True
    assert from_answer(400, None).blames_content is False

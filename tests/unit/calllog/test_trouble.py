"""What is made of the errors that stop a request to an org."""

from __future__ import annotations

from cti.calllog.errors import PackageMissingError
from cti.calllog.trouble import trouble_of
from cti.domain.delivery import Verdict
from cti.domain.salesforce import Trouble
from cti.salesforce.classify import from_answer
from cti.salesforce.errors import TooManyRequestsError


def test_an_orgs_refusal_says_all_that_the_org_said():
    found = trouble_of(from_answer(400, [{"errorCode": "INVALID_FIELD", "message": "No such column", "fields": ["X"]}]))
    assert (found.code, found.verdict, found.salesforce_code) == (
        "salesforce-request-invalid",
        Verdict.NEVER,
        "INVALID_FIELD",
    )
    assert (found.fields, found.detail, found.blames_content) == (("X",), "No such column", True)
    assert trouble_of(TooManyRequestsError(retry_after=7.0)).retry_after == 7.0


def test_what_is_no_orgs_error_may_be_tried_again_and_blames_no_record():
    assert trouble_of(PackageMissingError()) == Trouble(PackageMissingError.code, Verdict.AGAIN)
    assert not trouble_of(PackageMissingError()).blames_content

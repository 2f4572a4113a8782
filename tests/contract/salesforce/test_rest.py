"""The REST adapter against an HTTP server that answers as Salesforce does."""

from __future__ import annotations

import threading
from email.utils import format_datetime

import pytest

from cti.domain.delivery import Verdict
from cti.salesforce import errors
from cti.salesforce.org import SalesforceOrgs
from tests.contract.salesforce.conftest import OrgRow
from tests.support.json_server import Answer

CONCURRENT = [
    {
        "errorCode": "REQUEST_LIMIT_EXCEEDED",
        "message": "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
    }
]
DAILY = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]


def data_requests(server):
    return [request for request in server.requests if request.path.startswith("/services/data")]


def token_requests(server):
    return [request for request in server.requests if request.path == "/services/oauth2/token"]


def test_a_token_is_asked_for_once_and_used_for_all_requests(org, server):
    org.query("SELECT Id FROM Task")
    org.query("SELECT Id FROM Task")
    (asked,) = token_requests(server)
    assert asked.method == "POST"
    assert asked.form == {
        "grant_type": "client_credentials",
        "client_id": "demo-pairing-key",
        "client_secret": "demo-pairing-secret-b25a",
    }
    assert [request.headers["Authorization"] for request in data_requests(server)] == ["Bearer token-1"] * 2


def test_requests_go_to_the_org_row_whatever_the_answers_say(org, server):
    org.query("SELECT Id FROM Task")
    (request,) = data_requests(server)
    assert request.headers["Host"] == server.url.removeprefix("http://")
    assert request.path == "/services/data/v67.0/query"
    assert request.query == {"q": "SELECT Id FROM Task"}
    assert request.headers["Sforce-Call-Options"] == "client=FCCConnector"


def test_a_redirect_is_not_followed(org, fake, server):
    fake.answers.append(Answer(302, b"", {"Location": server.url + "/services/data/v67.0/elsewhere"}))
    with pytest.raises(errors.AnswerUnreadableError):
        org.query("SELECT Id FROM Task")
    assert len(data_requests(server)) == 1


def test_an_expired_token_is_replaced_once_and_the_request_repeated(org, fake, server):
    org.query("SELECT Id FROM Task")
    fake.valid = {"token-2"}
    org.query("SELECT Id FROM Task")
    assert len(token_requests(server)) == 2
    assert data_requests(server)[-1].headers["Authorization"] == "Bearer token-2"


def test_a_new_token_that_is_refused_too_is_not_replaced_again(org, fake, server):
    fake.valid = set()
    with pytest.raises(errors.SessionExpiredError):
        org.query("SELECT Id FROM Task")
    assert len(token_requests(server)) == 2


def test_a_session_that_policy_forbids_is_not_replaced(org, fake, server):
    fake.answers.append(
        Answer(
            401,
            [{"errorCode": "INVALID_SESSION_ID", "message": "This session is not valid for use with the REST API"}],
        )
    )
    with pytest.raises(errors.SessionNotAllowedError):
        org.query("SELECT Id FROM Task")
    assert len(token_requests(server)) == 1


def test_a_wave_of_expired_tokens_leads_to_one_token_request(org, fake, server):
    org.query("SELECT Id FROM Task")
    fake.valid = {"token-2"}
    start = threading.Barrier(8)
    failures = []

    def ask():
        start.wait(5)
        try:
            org.query("SELECT Id FROM Task")
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert failures == []
    assert len(token_requests(server)) == 2


def test_a_persons_token_is_used_as_it_is_and_never_replaced(org, fake, server):
    fake.valid = {"token-1"}
    with pytest.raises(errors.SessionExpiredError):
        org.query("SELECT Id FROM Task", token="agents-own")
    assert token_requests(server) == []
    assert [request.headers["Authorization"] for request in data_requests(server)] == ["Bearer agents-own"]


@pytest.mark.req("R22")
@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (
            400,
            {"error": "invalid_client_id", "error_description": "client identifier invalid"},
            "salesforce-app-unknown",
        ),
        (401, {"error": "invalid_client", "error_description": "invalid client credentials"}, "salesforce-app-unknown"),
        (
            400,
            {"error": "invalid_grant", "error_description": "no client credentials user enabled"},
            "salesforce-run-as-user-missing",
        ),
        (
            400,
            {"error": "invalid_grant", "error_description": "request not supported on this domain"},
            "salesforce-host-not-allowed",
        ),
        (503, b"<html>down for maintenance</html>", "salesforce-unavailable"),
        (200, b"<html>a proxy's sign-in page</html>", "salesforce-answer-unreadable"),
        (200, {"token_type": "Bearer"}, "salesforce-answer-unreadable"),
        (200, {"access_token": "two\nlines"}, "salesforce-answer-unreadable"),
    ],
)
def test_each_refusal_of_a_token_is_named(org, fake, status, body, code):
    fake.token_answers.append(Answer(status, body))
    with pytest.raises(errors.SalesforceError) as caught:
        org.query("SELECT Id FROM Task")
    assert caught.value.code == code
    assert "demo-pairing-secret" not in f"{caught.value}{caught.value!r}{caught.value.__context__!r}"


def test_a_refused_sign_in_is_not_repeated_for_half_a_minute(org, fake, server, clock):
    fake.token_answers.append(Answer(400, {"error": "invalid_client", "error_description": "x"}))
    for _ in range(3):
        with pytest.raises(errors.AppUnknownError):
            org.query("SELECT Id FROM Task")
    assert len(token_requests(server)) == 1
    clock.advance(31)
    org.query("SELECT Id FROM Task")
    assert len(token_requests(server)) == 2


def test_a_changed_org_row_gets_a_client_of_its_own(orgs, row, server):
    first = orgs.org(row.id)
    assert orgs.org(row.id) is first
    row.client_secret = "another"
    assert orgs.org(row.id) is not first


@pytest.mark.parametrize("version", ["", "67", "67.0/../x", "v67.0", "67.1"])
def test_an_api_version_that_is_none_is_refused(orgs, row, version):
    row.api_version = version
    with pytest.raises(ValueError):
        orgs.org(row.id)


def test_the_limit_header_is_handed_to_the_metrics(org, fake, watch, row):
    fake.default.headers["Sforce-Limit-Info"] = "api-usage=18/15000; per-app-api-usage=17/250(appName=FCC)"
    org.query("SELECT Id FROM Task")
    assert watch.usage == [(row.id, 18, 15000)]
    assert watch.requests == [("query", 200)]


def test_after_the_daily_limit_nothing_is_sent_for_a_quarter_of_an_hour(org, fake, server, clock):
    fake.answers.append(Answer(403, DAILY))
    with pytest.raises(errors.DailyLimitReachedError) as caught:
        org.query("SELECT Id FROM Task")
    assert caught.value.retry_after == 900
    clock.advance(899)
    with pytest.raises(errors.DailyLimitReachedError) as caught:
        org.query("SELECT Id FROM Task")
    assert caught.value.retry_after == pytest.approx(1)
    assert len(data_requests(server)) == 1
    clock.advance(2)
    org.query("SELECT Id FROM Task")
    assert len(data_requests(server)) == 2


def test_too_many_requests_at_once_stop_nothing(org, fake, server):
    fake.answers.append(Answer(403, CONCURRENT))
    with pytest.raises(errors.TooManyRequestsError):
        org.query("SELECT Id FROM Task")
    org.query("SELECT Id FROM Task")
    assert len(data_requests(server)) == 2


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7), ("999999", 3600), ("", None), ("-5", None), ("soon", None), ("7.5", None)]
)
def test_retry_after_in_seconds_is_honoured_up_to_an_hour(org, fake, header, seconds):
    fake.answers.append(Answer(503, [{"errorCode": "SERVER_UNAVAILABLE", "message": "x"}], {"Retry-After": header}))
    with pytest.raises(errors.UnavailableError) as caught:
        org.query("SELECT Id FROM Task")
    assert caught.value.retry_after == seconds


def test_retry_after_as_a_date_is_honoured(org, fake, clock):
    at = clock.now().replace(minute=1)
    fake.answers.append(Answer(503, [], {"Retry-After": format_datetime(at, usegmt=True)}))
    with pytest.raises(errors.UnavailableError) as caught:
        org.query("SELECT Id FROM Task")
    assert caught.value.retry_after == 60


def test_a_question_that_is_not_answered_in_its_budget_may_be_repeated(org, fake, server):
    release = threading.Event()

    def slow(request):
        if request.path.startswith("/services/data"):
            release.wait(5)
        return fake(request)

    server.handler = slow
    with pytest.raises(errors.TimedOutError) as caught:
        org.query("SELECT Id FROM Task", budget=0.2)
    release.set()
    assert caught.value.verdict is Verdict.AGAIN


def test_a_change_whose_answer_never_came_has_an_unknown_outcome(org, fake):
    fake.answers.append(Answer(drop=True))
    with pytest.raises(errors.OutcomeUnknownError) as caught:
        org.create("Task", [{"Subject": "x"}])
    assert caught.value.verdict is Verdict.UNKNOWN


@pytest.mark.assumed("A26")
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(500, [{"errorCode": "UNKNOWN_EXCEPTION", "message": "x"}]), errors.OutcomeUnknownError),
        (Answer(502, b"bad gateway"), errors.OutcomeUnknownError),
        (Answer(200, b"<html>"), errors.OutcomeUnknownError),
        (Answer(200, []), errors.OutcomeUnknownError),
        (Answer(503, [{"errorCode": "SERVER_UNAVAILABLE", "message": "x"}]), errors.UnavailableError),
    ],
)
def test_what_an_answer_says_about_a_change(org, fake, answer, kind):
    fake.answers.append(answer)
    with pytest.raises(kind):
        org.create("Task", [{"Subject": "x"}])


def test_a_server_that_is_not_there_did_nothing(http, clock):
    row = OrgRow("http://acme-my.localhost:9")
    orgs = SalesforceOrgs(lambda _org_id: row, http, clock)
    with pytest.raises(errors.UnavailableError):
        orgs.org(row.id).create("Task", [{"Subject": "x"}])


@pytest.mark.assumed("A25")
def test_rows_are_created_each_for_itself(org, fake, server):
    fake.answers.append(
        Answer(
            200,
            [
                {"id": "00T000000000001AAA", "success": True, "errors": []},
                {
                    "success": False,
                    "errors": [
                        {
                            "statusCode": "DUPLICATE_VALUE",
                            "message": "duplicate value: record with id: 00T000000000009",
                            "fields": [],
                        }
                    ],
                },
            ],
        )
    )
    first, second = org.create("Task", [{"Subject": "Żółć"}, {"Subject": "b"}])
    assert first.record_id == "00T000000000001AAA"
    assert first.error is None
    assert second.record_id is None
    assert second.error.record_id == "00T000000000009EAA"
    (request,) = data_requests(server)
    assert (request.method, request.path) == ("POST", "/services/data/v67.0/composite/sobjects")
    assert request.json == {
        "allOrNone": False,
        "records": [
            {"attributes": {"type": "Task"}, "Subject": "Żółć"},
            {"attributes": {"type": "Task"}, "Subject": "b"},
        ],
    }


def test_more_than_200_rows_are_refused_before_anything_is_sent(org, server):
    with pytest.raises(ValueError):
        org.update("Task", [{"Id": str(number)} for number in range(201)])
    assert server.requests == []


def test_no_rows_are_no_request(org, server):
    assert org.create("Task", []) == []
    assert server.requests == []


def test_all_pages_of_a_query_are_read_from_the_orgs_own_address(org, fake, server):
    fake.answers.append(
        Answer(
            body={
                "totalSize": 3,
                "done": False,
                "nextRecordsUrl": "/services/data/v67.0/query/01gxx000000AbcdAAA-2000",
                "records": [{"Id": "1"}, {"Id": "2"}],
            }
        )
    )
    fake.answers.append(Answer(body={"totalSize": 3, "done": True, "records": [{"Id": "3"}]}))
    assert [row["Id"] for row in org.query("SELECT Id FROM User")] == ["1", "2", "3"]
    assert data_requests(server)[1].path == "/services/data/v67.0/query/01gxx000000AbcdAAA-2000"


def test_a_next_page_at_another_address_is_not_followed(org, fake, server):
    fake.answers.append(Answer(body={"done": False, "nextRecordsUrl": "http://evil.localhost/x", "records": []}))
    with pytest.raises(errors.AnswerUnreadableError):
        org.query("SELECT Id FROM User")
    assert len(data_requests(server)) == 1


def test_the_closed_status_is_looked_up_once(org, fake, server):
    fake.answers.append(
        Answer(body={"done": True, "records": [{"ApiName": "Zakończone", "MasterLabel": "Zakończone"}]})
    )
    assert org.closed_task_status() == "Zakończone"
    assert org.closed_task_status() == "Zakończone"
    assert len(data_requests(server)) == 1


def test_what_fields_an_org_has_is_asked_again_after_an_hour(org, fake, server, clock):
    fake.answers.append(Answer(body={"fields": [{"name": "Id"}]}))
    assert org.fields_of("Account") == {"Id"}
    clock.advance(3601)
    fake.answers.append(Answer(body={"fields": [{"name": "Id"}, {"name": "IsPersonAccount"}]}))
    assert org.fields_of("Account") == {"Id", "IsPersonAccount"}
    assert {request.path for request in data_requests(server)} == {"/services/data/v67.0/sobjects/Account/describe"}


@pytest.mark.req("R5")
def test_users_are_found_by_email_in_any_case_and_remembered(org, fake, server):
    fake.answers.append(
        Answer(
            body={
                "done": True,
                "records": [
                    {"Id": "005A", "Username": "a@x", "Email": "John.Smith@acme.example", "Name": "J", "IsActive": True}
                ],
            }
        )
    )
    found = org.users_by_email(["JOHN.SMITH@acme.example ", "nobody@acme.example", ""])
    assert [user.id for user in found["john.smith@acme.example"]] == ["005A"]
    assert "nobody@acme.example" not in found
    assert org.users_by_email(["john.smith@ACME.example", "nobody@acme.example"]) == found
    assert len(data_requests(server)) == 1


@pytest.mark.req("R14")
@pytest.mark.assumed("A90")
def test_in_a_sandbox_users_are_found_by_the_address_they_have_elsewhere(server, fake, http, clock):
    sandbox = SalesforceOrgs(lambda _: None, http, clock).connect(OrgRow(server.url, is_sandbox=True))
    row = {"Id": "005A", "Username": "a@x", "Email": "Anna@acme.example.invalid", "Name": "A", "IsActive": True}
    fake.answers.append(Answer(body={"done": True, "records": [row]}))
    found = sandbox.users_by_email(["anna@acme.example"])
    assert [user.email for user in found["anna@acme.example"]] == ["Anna@acme.example"]
    asked = data_requests(server)[0].query["q"]
    assert "IN ('anna@acme.example','anna@acme.example.invalid')" in asked


def test_only_records_the_user_may_read_are_readable(org, fake, server):
    fake.answers.append(
        Answer(
            body={
                "done": True,
                "records": [
                    {"RecordId": "003A", "HasReadAccess": True},
                    {"RecordId": "003B", "HasReadAccess": False},
                ],
            }
        )
    )
    assert org.readable("005A", ["003B", "003A", "003C"]) == {"003A"}
    assert data_requests(server)[0].query["q"] == (
        "SELECT RecordId, HasReadAccess FROM UserRecordAccess "
        "WHERE UserId = '005A' AND RecordId IN ('003A','003B','003C')"
    )

"""Signed requests that are wrong, stale, used or another's: nobody gets in, and everybody is told why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.signed_request import ORG_ID, document, encode, sign

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.trouble.conftest import Door, Page
    from tools.stack import Stack

OTHER_SECRET = "canvas-secret-of-another-org"


@pytest.fixture(scope="module", autouse=True)
def other_org(stack: Stack) -> None:
    """A second org that the connector knows, with a secret of its own, that is not paired."""
    stack.run(
        "org", "add", ORG_ID, "--name", "Druga", "--my-domain-url", stack.salesforce_url("my"),
        "--lightning-origin", stack.salesforce_url("lightning"), "--vf-origin", stack.salesforce_url("vf"),
        "--canvas-key", "other", "--canvas-secret", OTHER_SECRET, "--client-id", "x", "--client-secret", "y",
    )  # fmt: skip


def refused(page: Page, code: str, words: str) -> None:
    assert page.status == 403
    assert page.boot is None
    assert code in page.words
    assert words in page.words


@pytest.mark.parametrize(
    ("secret", "changes", "code", "words"),
    [
        ("not-the-secret", {}, "canvas-signature-invalid", "Salesforce"),
        (OTHER_SECRET, {}, "canvas-signature-invalid", "Salesforce"),
        (None, {"org_id": ORG_ID}, "canvas-signature-invalid", "Salesforce"),
        (OTHER_SECRET, {"org_id": ORG_ID}, "canvas-identity-mismatch", "zaloguj ponownie"),
        (None, {"org_id": "00D000000000009EAA"}, "canvas-org-unknown", "This Salesforce org is not connected"),
        (None, {"token": "00D000000000001!nothing"}, "salesforce-token-refused", "Sesja Salesforce"),
    ],
    ids=["wrong", "other-orgs-secret", "other-orgs-id", "other-org", "unknown-org", "forged-token"],
)
def test_a_request_that_does_not_fit_lets_nobody_in(
    door: Door,
    counted: Callable[..., float],
    secret: str | None,
    changes: dict[str, Any],
    code: str,
    words: str,
) -> None:
    before = counted("fcc_errors_total", code=code)
    refused(door.knock(door.request(secret=secret, **changes)), code, words)
    assert counted("fcc_errors_total", code=code) == before + 1


def test_the_token_of_a_colleague_does_not_make_one_of_them(door: Door) -> None:
    token = door.stack.salesforce("/_sim/login", {"user": "piotr.wisniewski@acme.example"})["token"]
    refused(door.knock(door.request(token=token)), "canvas-identity-mismatch", "zaloguj ponownie")


def test_a_used_request_opens_nothing_and_a_fresh_one_does(door: Door, counted: Callable[..., float]) -> None:
    raw = door.request()
    assert door.knock(raw).boot is not None
    before = counted("fcc_errors_total", code="canvas-replayed")
    refused(door.knock(raw), "canvas-replayed", "Odśwież")
    assert counted("fcc_errors_total", code="canvas-replayed") == before + 1
    assert door.knock(door.request()).boot is not None


def test_a_stale_request_is_told_to_reload_and_a_fresh_one_opens(door: Door, counted: Callable[..., float]) -> None:
    raw = door.request()
    door.stack.salesforce("/_sim/expire-tokens", {})
    before = counted("fcc_errors_total", code="salesforce-token-refused")
    refused(door.knock(raw), "salesforce-token-refused", "Sesja Salesforce")
    assert counted("fcc_errors_total", code="salesforce-token-refused") == before + 1
    assert door.knock(door.request()).boot is not None


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "canvas-request-missing"),
        ("nonsense", "canvas-request-malformed"),
        (sign(encode(["no", "object"])), "canvas-request-malformed"),
        (sign(encode(document(algorithm="none"))), "canvas-algorithm-unsupported"),
    ],
    ids=["nothing", "nonsense", "no-object", "unsigned"],
)
def test_what_is_no_signed_request_is_told_in_both_languages(
    door: Door, counted: Callable[..., float], raw: str, code: str
) -> None:
    before = counted("fcc_errors_total", code=code)
    page = door.knock(raw)
    assert page.status == 400
    assert code in page.words
    assert "Salesforce" in page.words
    assert 'lang="pl"' in page.text
    assert 'lang="en"' in page.text
    assert counted("fcc_errors_total", code=code) == before + 1


@pytest.mark.req("R4", "R5", "R6")
@pytest.mark.parametrize(
    ("user", "code"),
    [
        ("jan.nadzorca@acme.example", "fcc-user-wrong-kind"),
        ("ola.agentka@acme.example", "fcc-user-wrong-kind"),
        ("ula.uc@acme.example", "fcc-user-wrong-kind"),
        ("zofia.zolc@acme.example", "fcc-user-unknown"),
    ],
)
def test_who_may_not_work_is_counted(door: Door, counted: Callable[..., float], user: str, code: str) -> None:
    before = counted("fcc_errors_total", code=code)
    refused(door.knock(door.request(user)), code, user)
    assert counted("fcc_errors_total", code=code) == before + 1

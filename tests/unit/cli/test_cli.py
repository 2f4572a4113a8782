from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result
from cryptography.fernet import Fernet

from cti.admin.values import origins_of
from cti.calllog.mapping import call_key
from cti.cli.main import main
from cti.clock import SystemClock
from cti.domain.call import StoredCall
from cti.domain.delivery import key_in_org
from cti.domain.facts import Fact
from cti.domain.fold import fold
from cti.errors import SalesforceUserUnknownError
from cti.settings import PREFIX, Settings, load
from cti.store.opening import open_database
from cti.version import connector_version
from tests.support.outside import ANNA, Outside, outside
from tests.support.signed_request import ORG_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from cti.store.unit_of_work import UnitOfWork

TENANT = (
    "tenant add acme --domain acme --base-url https://acme.fcc-online.pl/external-api --admin-login admin "
    "--api-key the-api-key --webhook-password the-webhook-password"
)
ORG = (
    f"org add {ORG_ID} --name ACME --my-domain-url https://acme.my.salesforce.com --canvas-key canvas-key "
    "--canvas-secret the-canvas-secret --client-id pairing-key --client-secret the-client-secret"
)


REMEDY = "Deploy the package and assign Fcc_Integration to the integration user (`bin/install --integration-user`)."
UNNEEDED_BLOCK = (
    "! FCC: the campaign “Poza” has an IVR authorization block, which the integration does not need; remove it in FCC."
)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)
    monkeypatch.setenv("FCC_CONNECTOR_PUBLIC_URL", "http://connector.localhost:8000")
    monkeypatch.setenv("FCC_CONNECTOR_SECRET_KEY", "k" * 32)
    monkeypatch.setenv("FCC_CONNECTOR_ENCRYPTION_KEYS", Fernet.generate_key().decode())
    monkeypatch.setenv("FCC_CONNECTOR_DATA_DIR", str(tmp_path / "data"))

    def invoke(command: str, *, ok: bool = True, **options: Any) -> Result:
        result = CliRunner().invoke(main, command.split(), **options)
        assert (result.exit_code == 0) == ok, result.output
        return result

    return invoke


def stored(read: Callable[[UnitOfWork], Any]) -> Any:
    database = open_database(load(), SystemClock())
    with database.read() as uow:
        value = read(uow)
    database.close()
    return value


@pytest.fixture
def world() -> Iterator[Outside]:
    with outside() as made:
        yield made


@pytest.fixture
def both_sides(run: Callable[..., Result], world: Outside) -> Outside:
    """A tenant and an org that answer, not paired yet."""
    run(TENANT.replace("https://acme.fcc-online.pl/external-api", world.fcc_url))
    origins = "--lightning-origin http://acme-lightning.localhost --vf-origin http://acme-vf.localhost"
    run(ORG.replace("https://acme.my.salesforce.com", world.my_domain_url) + " " + origins)
    return world


def test_a_new_secret_is_fit_for_both_settings(run: Callable[..., Result]) -> None:
    first, second = run("secret new").output.strip(), run("secret new").output.strip()
    assert first != second
    load(public_url="http://localhost", secret_key=first, encryption_keys=second)


def test_migrating_makes_the_database_and_can_be_repeated(run: Callable[..., Result], tmp_path: Path) -> None:
    assert "up to date" in run("migrate").output
    assert (tmp_path / "data" / "connector.db").is_file()
    run("migrate")


def test_wrong_settings_are_explained_without_a_traceback(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FCC_CONNECTOR_PUBLIC_URL", "http://connector.example.com")
    result = run("migrate", ok=False)
    assert "FCC_CONNECTOR_PUBLIC_URL: http is for loopback names only" in result.output
    assert "Traceback" not in result.output


def test_a_tenant_is_added_and_listed_without_its_secrets(run: Callable[..., Result]) -> None:
    assert run(TENANT).output == "The tenant acme is added.\n"
    tenant = stored(lambda uow: uow.tenants.get("acme"))
    assert (tenant.api_key, tenant.webhook_user, tenant.default_region) == ("the-api-key", "fcc", "PL")
    assert tenant.webhook_password_hash.startswith("$argon2id$")
    listed = run("tenant list").output
    assert listed == "acme\tacme\thttps://acme.fcc-online.pl/external-api\tadmin\n"


def test_a_tenants_name_leaves_room_for_a_call_in_the_key_of_its_log(run: Callable[..., Result]) -> None:
    longest = "a" * 50
    assert "is added" in run(TENANT.replace("tenant add acme", f"tenant add {longest}")).output
    assert len(f"{longest}:{2**63 - 1}:99") <= 80
    refused = run(TENANT.replace("tenant add acme", f"tenant add {longest}a"), ok=False)
    assert "at most 50" in refused.output


def test_what_is_given_of_a_tenant_is_changed_and_the_rest_stays(run: Callable[..., Result]) -> None:
    run(TENANT)
    before = stored(lambda uow: uow.tenants.get("acme"))
    assert run("tenant add acme --correlation call-id").output == "The tenant acme is changed.\n"
    after = stored(lambda uow: uow.tenants.get("acme"))
    assert (after.correlation, after.api_key, after.created_at) == ("call-id", "the-api-key", before.created_at)


def test_a_tenants_agents_may_call_its_country_and_the_union_unless_it_is_said_otherwise(
    run: Callable[..., Result],
) -> None:
    run(TENANT)
    tenant = stored(lambda uow: uow.tenants.get("acme"))
    assert (tenant.dial_countries, tenant.dial_premium, tenant.dial_satellite) == (("EU",), False, False)
    shown = run("tenant set acme --countries eu,gb --premium --satellite").output
    assert "may be called:     PL EU GB; emergency and internal numbers" in shown
    assert "premium numbers:   allowed" in shown
    assert "the-api-key" not in shown
    assert "argon2" not in shown
    tenant = stored(lambda uow: uow.tenants.get("acme"))
    assert (tenant.dial_countries, tenant.dial_premium, tenant.dial_satellite) == (("EU", "GB"), True, True)
    run("tenant set acme --region de")
    assert "may be called:     DE EU GB" in run("tenant show acme").output
    shown = run("tenant set acme --countries own --no-premium --no-satellite").output
    assert "may be called:     DE; emergency" in shown
    assert "satellite numbers: not allowed" in shown
    assert stored(lambda uow: uow.tenants.get("acme")).dial_countries == ()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("tenant set acme --countries UK", "UK is no country"),
        ("tenant set acme --region Polska", "two letters"),
        ("tenant set other --premium", "no tenant other"),
        ("tenant show other", "no tenant other"),
    ],
)
def test_what_a_tenant_cannot_be_set_to_is_refused(run: Callable[..., Result], command: str, words: str) -> None:
    run(TENANT)
    before = stored(lambda uow: uow.tenants.get("acme"))
    assert words in run(command, ok=False).output
    assert stored(lambda uow: uow.tenants.get("acme")) == before


def test_a_second_tenant_with_one_domain_is_refused_in_a_sentence(run: Callable[..., Result]) -> None:
    run(TENANT)
    second = TENANT.replace("add acme", "add second").replace("--domain acme", "--domain ACME")
    assert "The tenant acme has the FCC domain ACME already" in run(second, ok=False).output
    run(second.replace("--domain ACME", "--domain second"))
    assert "The tenant acme has the FCC domain acme already" in run("tenant set second --domain acme", ok=False).output
    run("tenant set acme --domain acme")


def test_a_state_directory_that_cannot_be_used_is_told_in_a_sentence(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("FCC_CONNECTOR_DATA_DIR", str(tmp_path / "file" / "below"))
    assert "FCC_CONNECTOR_DATA_DIR names a directory to which this user may write" in run("status", ok=False).output
    (tmp_path / "data" / "connector.db").mkdir(parents=True)
    monkeypatch.setenv("FCC_CONNECTOR_DATA_DIR", str(tmp_path / "data"))
    result = run("status", ok=False)
    assert f"It is at the file {tmp_path}/data/connector.db." in result.output.replace("\n", "")
    assert isinstance(result.exception, SystemExit)


def test_a_database_that_is_away_is_told_in_a_sentence(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FCC_CONNECTOR_DATABASE_URL", "postgresql://fcc:the-password@127.0.0.1:1/fcc")
    for command in ("status", "migrate"):
        result = run(command, ok=False)
        assert "its database does not work" in result.output
        assert "It is at FCC_CONNECTOR_DATABASE_URL." in result.output
        assert "the-password" not in result.output
        assert isinstance(result.exception, SystemExit)


def test_secrets_come_from_standard_input_too(run: Callable[..., Result]) -> None:
    command = TENANT.replace("the-api-key", "-").replace("the-webhook-password", "-")
    result = run(command, input="key-from-input\npassword-from-input\n")
    assert stored(lambda uow: uow.tenants.get("acme")).api_key == "key-from-input"
    assert "from-input" not in result.output


def test_an_input_that_ends_early_is_an_error(run: Callable[..., Result]) -> None:
    assert "standard input ended" in run(TENANT.replace("the-api-key", "-"), ok=False, input="").output


def test_secrets_come_from_the_environment_too(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FCC_CONNECTOR_API_KEY", "key-from-environment")
    run(TENANT.replace("--api-key the-api-key", ""))
    assert stored(lambda uow: uow.tenants.get("acme")).api_key == "key-from-environment"


@pytest.mark.parametrize(
    ("command", "advice"),
    [
        ("tenant add acme --domain acme", "needs --base-url, --admin-login, --api-key as well"),
        (TENANT.replace("/external-api", ""), "ends in /external-api"),
        (TENANT.replace("https:", "http:"), "http is for loopback names only"),
        (TENANT.replace("add acme", "add Acme"), "lower-case letters"),
        (f"org add {ORG_ID}", "needs --my-domain-url, --lightning-origin, --vf-origin, --canvas-key"),
        (ORG.replace(ORG_ID, "00D"), "15 or 18 characters"),
        (ORG.replace("salesforce.com", "salesforce.com/path"), "without a path"),
        (ORG.replace("acme.my.salesforce.com", "login.salesforce.com"), "give the org's My Domain"),
        (ORG.replace("acme.my.salesforce.com", "acme.lightning.force.com"), "give the org's My Domain"),
        (ORG.replace(ORG_ID, "005000000000001AAA"), "00D…"),
        (ORG + " --api-version latest", "give a version such as 67.0"),
        (f"pair acme {ORG_ID} --default-user {ORG_ID}", "give the id of a Salesforce user (005…), or none"),
        (f"pair acme {ORG_ID} --off-campaign poza", "give a campaign's id (a whole number), or none"),
        (f"pair acme {ORG_ID} --off-campaign 0", "give a campaign's id (a whole number), or none"),
        (f"pair acme {ORG_ID} --campaign 1 --campaign all", "give campaigns' ids (whole numbers), or all alone"),
        ("pair none " + ORG_ID, "There is no tenant none"),
    ],
)
def test_what_cannot_work_is_refused_with_advice(run: Callable[..., Result], command: str, advice: str) -> None:
    result = run(command, ok=False)
    assert advice in re.sub(r"\s+", " ", result.output)
    assert "the-api-key" not in result.output


def test_an_org_is_added_with_the_origins_of_its_my_domain(run: Callable[..., Result]) -> None:
    run(ORG.replace(ORG_ID, ORG_ID[:15]))
    org = stored(lambda uow: uow.orgs.get(ORG_ID))
    assert (org.lightning_origin, org.vf_origin) == ("https://acme.lightning.force.com", "https://acme--c.vf.force.com")
    assert (org.canvas_secret, org.client_secret, org.api_version) == ("the-canvas-secret", "the-client-secret", "67.0")
    listed = run("org list").output
    assert listed == f"{ORG_ID}\tACME\thttps://acme.my.salesforce.com\tproduction\n"


@pytest.mark.assumed("A24")
@pytest.mark.parametrize(
    ("my_domain", "expected"),
    [
        ("https://acme.my.salesforce.com", ("https://acme.lightning.force.com", "https://acme--c.vf.force.com")),
        (
            "https://acme--dev.sandbox.my.salesforce.com",
            ("https://acme--dev.sandbox.lightning.force.com", "https://acme--dev--c.sandbox.vf.force.com"),
        ),
        (
            "https://acme-dev-ed.develop.my.salesforce.com",
            ("https://acme-dev-ed.develop.lightning.force.com", "https://acme-dev-ed--c.develop.vf.force.com"),
        ),
        ("http://acme-my.localhost:8001", None),
        ("https://evil.example/.my.salesforce.com", None),
    ],
)
def test_origins_follow_from_my_domain(my_domain: str, expected: tuple[str, str] | None) -> None:
    assert origins_of(my_domain) == expected


def pairing_lines(result: Result) -> Sequence[str]:
    return [line for line in result.output.splitlines() if line[:1] in "✓!✗"]


@pytest.mark.req("R24")
def test_pairing_asks_both_sides_and_keeps_nothing_when_one_fails(
    run: Callable[..., Result], both_sides: Outside
) -> None:
    result = run(f"pair acme {ORG_ID} --off-campaign 9", ok=False)
    salesforce, fcc = pairing_lines(result)[:2]
    assert salesforce.startswith("✗ Salesforce: ")
    assert "salesforce-app-unknown" in salesforce
    assert fcc.startswith("✗ FCC: ")
    assert "The pairing is not kept" in result.output
    assert stored(lambda uow: uow.pairings.all()) == []
    for hidden in ("the-api-key", "the-client-secret", "the-canvas-secret"):
        assert hidden not in result.output


@pytest.mark.req("R15", "R23")
def test_pairing_shows_both_sides_green_and_who_is_matched(run: Callable[..., Result], both_sides: Outside) -> None:
    both_sides.app_works = True
    both_sides.users = [
        ANNA,
        ANNA
        | {
            "id": 109,
            "login": "t",
            "first_name": "Tomasz",
            "last_name": "Bez",
            "email": "t@acme.example",
            "city_number": None,
        },
        ANNA | {"id": 107, "login": "o", "first_name": "Obcy", "last_name": "Nikt", "email": "nobody@acme.example"},
        ANNA | {"id": 100, "login": "admin", "type": "administrator", "email": "admin@acme.example"},
    ]
    both_sides.campaigns = [
        {
            "id": 9,
            "name": "Poza",
            "direction": "outbound",
            "mode": "manual-phone",
            "wrap_seconds": 10,
            "ivr_authorization": True,
        }
    ]
    both_sides.campaigns += [{"id": i, "name": f"K{i}", "direction": "inbound", "mode": "manual-phone"} for i in (1, 2)]
    both_sides.people = [("Anna Nowak", "Anna.Nowak@acme.example"), ("Tomasz", "t@acme.example")]
    options = "--off-campaign 9 --campaign 1 --campaign 2 --default-user 005000000000100 --case-by-ivr-code"
    result = run(f"pair acme {ORG_ID} {options}")
    assert pairing_lines(result) == [
        "✓ Salesforce: the connector signs in as FCC Integration (fcc.integration@acme.example).",
        "✓ Salesforce: the integration user has every field that the connector reads and writes.",
        "✓ Salesforce: the default user Anna Nowak (Anna.Nowak@acme.example) owns calls that nobody took.",
        "✓ FCC: external-api answers; 3 active PBX users.",
        "✓ FCC: calls outside campaigns go to the campaign “Poza”.",
        UNNEEDED_BLOCK,
        "✓ FCC: calls are gathered of the campaign “K1”.",
        "✓ FCC: calls are gathered of the campaign “K2”.",
        "✓ Anna Nowak = Anna Nowak (anna.nowak@acme.example).",
        "! Obcy Nikt: "
        + SalesforceUserUnknownError(email="nobody@acme.example").message("en")
        + " [salesforce-user-unknown]",
        "! Tomasz Bez = Tomasz: takes calls but cannot dial; add city number and presentation in FCC.",
    ]
    (pairing,) = stored(lambda uow: uow.pairings.all())
    assert (pairing.active, pairing.off_campaign_id, pairing.campaigns) == (True, 9, (1, 2))
    assert (pairing.case_by_ivr_code, pairing.create_case) == (True, False)


@pytest.mark.req("R22")
def test_pairing_names_the_fields_that_the_org_lacks_or_hides(run: Callable[..., Result], both_sides: Outside) -> None:
    both_sides.app_works = True
    both_sides.hidden = {"Task.WhoId", "Task.FCC_Queue__c", "Contact.MobilePhone", "Account.PersonEmail"}
    lines = pairing_lines(run(f"pair acme {ORG_ID}"))
    assert lines[1:3] == [
        "! Salesforce: left out of call logs, until the integration user can write them: "
        "Task.FCC_Queue__c, Task.WhoId. " + REMEDY,
        "! Salesforce: callers may not be found or named, for the integration user cannot read Contact.MobilePhone. "
        + REMEDY,
    ]
    lines = pairing_lines(run(f"pair acme {ORG_ID} --person-accounts"))
    assert "cannot read Account.PersonEmail, Contact.MobilePhone. " in lines[2]


@pytest.mark.req("R22")
def test_an_org_without_the_package_cannot_be_paired(run: Callable[..., Result], both_sides: Outside) -> None:
    both_sides.app_works = True
    both_sides.hidden = {"Task.FCC_Call_Id__c", "Lead"}
    result = run(f"pair acme {ORG_ID}", ok=False)
    assert (
        "✗ Salesforce: the integration user cannot write Task.FCC_Call_Id__c, so no call can be logged. " + REMEDY
        in result.output
    )
    assert "Lead.Email, Lead.Id, Lead.IsConverted" in result.output
    assert stored(lambda uow: uow.pairings.all()) == []


@pytest.mark.req("R7")
def test_a_campaign_in_another_mode_cannot_be_chosen(run: Callable[..., Result], both_sides: Outside) -> None:
    both_sides.app_works = True
    both_sides.campaigns = [{"id": 3, "name": "Windykacja", "direction": "outbound", "mode": "automatic"}]
    result = run(f"pair acme {ORG_ID} --off-campaign 3", ok=False)
    assert "✗ FCC: the campaign “Windykacja” has the mode automatic. Set it to “ręczna – telefon”" in result.output
    assert "✗ FCC: there is no campaign 4" in run(f"pair acme {ORG_ID} --off-campaign 4", ok=False).output


@pytest.mark.req("R7", "R21")
def test_campaigns_that_are_not_there_or_in_another_mode_cannot_be_gathered(
    run: Callable[..., Result], both_sides: Outside
) -> None:
    both_sides.app_works = True
    both_sides.campaigns = [{"id": 3, "name": "Windykacja", "direction": "outbound", "mode": "automatic"}]
    result = run(f"pair acme {ORG_ID} --campaign 99 --campaign 3", ok=False)
    assert "✗ FCC: there is no campaign 99; choose another with --campaign." in result.output
    assert "✗ FCC: the campaign “Windykacja” has the mode automatic" in result.output
    assert stored(lambda uow: uow.pairings.all()) == []


@pytest.mark.req("R16")
@pytest.mark.parametrize(
    ("user_id", "told"),
    [
        ("005000000000103", "the org has no user 005000000000103AAA; choose another with --default-user"),
        ("005000000000101", "the default user Tomasz (t@acme.example) is not active"),
    ],
)
def test_the_default_user_is_an_active_user_of_the_org(
    run: Callable[..., Result], both_sides: Outside, user_id: str, told: str
) -> None:
    both_sides.app_works = True
    both_sides.people = [("Anna Nowak", "anna.nowak@acme.example"), ("Tomasz", "t@acme.example")]
    both_sides.departed = {"t@acme.example"}
    assert f"✗ Salesforce: {told}" in run(f"pair acme {ORG_ID} --default-user {user_id}", ok=False).output
    assert stored(lambda uow: uow.pairings.all()) == []


def test_a_version_that_the_org_lacks_is_told(run: Callable[..., Result], both_sides: Outside) -> None:
    both_sides.app_works = True
    run(f"org add {ORG_ID} --api-version 99.0")
    told = "✗ Salesforce: the org has no API version 99.0, but 9.0, 66.0, 67.0. Correct it with"
    assert told in run(f"pair acme {ORG_ID}", ok=False).output


@pytest.mark.req("R14")
def test_a_sandbox_that_is_taken_for_production_is_told(run: Callable[..., Result], both_sides: Outside) -> None:
    both_sides.app_works = True
    both_sides.people = [("Anna Nowak", "anna.nowak@acme.example.invalid")]
    told = "! Salesforce: the addresses of 1 users end in “.invalid”, as in a sandbox"
    assert told in run(f"pair acme {ORG_ID}").output
    run(f"org add {ORG_ID} --environment test")
    result = run(f"pair acme {ORG_ID}")
    assert told not in result.output
    assert "✓ Anna Nowak = Anna Nowak (anna.nowak@acme.example)." in result.output


@pytest.mark.req("R15", "R16", "R21")
def test_what_was_chosen_for_a_pairing_can_be_taken_back(run: Callable[..., Result], both_sides: Outside) -> None:
    run(f"pair acme {ORG_ID} --campaign 1 --off-campaign 9 --default-user 005000000000100 --no-check")
    run(f"pair acme {ORG_ID} --campaign all --off-campaign none --default-user none --no-check")
    (pairing,) = stored(lambda uow: uow.pairings.all())
    assert (pairing.campaigns, pairing.off_campaign_id, pairing.default_user_id) == ((), None, None)


@pytest.mark.req("R5", "R23")
def test_whom_another_tenant_of_the_org_knows_too_is_told(run: Callable[..., Result], both_sides: Outside) -> None:
    both_sides.app_works = True
    run(f"pair acme {ORG_ID}")
    second = TENANT.replace("add acme", "add second").replace("--domain acme", "--domain second")
    run(second.replace("https://acme.fcc-online.pl/external-api", both_sides.fcc_url))
    told = "! Anna Nowak (anna.nowak@acme.example) is an agent of"
    assert f"{told} acme too, and works there, for acme was paired first." in run(f"pair second {ORG_ID}").output
    assert f"{told} second too, and works here." in run(f"pair acme {ORG_ID}").output
    run(f"pair second {ORG_ID} --inactive")
    assert told not in run(f"pair acme {ORG_ID}").output


@pytest.mark.req("R22")
def test_an_integration_user_who_is_an_agent_is_warned_about(run: Callable[..., Result], both_sides: Outside) -> None:
    both_sides.app_works = True
    both_sides.users = [ANNA | {"email": "FCC.Integration@acme.example"}]
    result = run(f"pair acme {ORG_ID}")
    assert "! Salesforce: the integration user fcc.integration@acme.example is an agent of FCC too" in result.output


def test_an_address_of_another_org_is_noticed(run: Callable[..., Result], both_sides: Outside) -> None:
    both_sides.app_works = True
    both_sides.org_id = "00D000000000002EAA"
    result = run(f"pair acme {ORG_ID}", ok=False)
    assert "is the org 00D000000000002EAA, not 00D000000000001EAA" in result.output


def test_a_number_is_erased_on_demand(run: Callable[..., Result]) -> None:
    run(TENANT)
    now = SystemClock().now()
    fact = Fact("fcc", "ended", now, 7, content={"number": "+48600100200", "users_id": 101, "status": "ANSWERED"})
    database = open_database(load(), SystemClock())
    with database.write() as uow:
        uow.calls.save(StoredCall("k", "acme", fold([fact])))
        uow.facts.add("acme", fact, call_key="k")
        uow.commit()
    database.close()
    assert "There is no tenant nobody" in run("number erase nobody 600100200", ok=False).output
    assert run("number erase acme 600100201").output == "Calls of that number that were erased: 0\n"
    assert run("number erase acme 600100200").output == "Calls of that number that were erased: 1\n"
    assert [each.kind for each in stored(lambda uow: uow.facts.of_call("k"))] == ["forgotten"]
    assert stored(lambda uow: uow.calls.get("k")).call.number == ""


@pytest.mark.req("R13")
def test_a_pairing_is_switched_off_and_keeps_its_other_settings(
    run: Callable[..., Result], both_sides: Outside
) -> None:
    run(f"pair acme {ORG_ID} --off-campaign 9 --no-check")
    run(f"pair acme {ORG_ID} --inactive --no-check")
    (pairing,) = stored(lambda uow: uow.pairings.all())
    assert (pairing.active, pairing.off_campaign_id) == (False, 9)
    remembered = stored(lambda uow: uow.facts.settings_in_force("acme", pairing.id, SystemClock().now()))
    assert (remembered["active"], remembered["off_campaign_id"]) == (False, 9)
    assert run("pairing list").output == f"{pairing.id}\tacme\t{ORG_ID}\tinactive\n"


@pytest.mark.req("R13")
def test_a_pairing_is_switched_off_whatever_is_wrong_with_it(run: Callable[..., Result], both_sides: Outside) -> None:
    run(f"pair acme {ORG_ID} --campaign 99 --no-check")
    result = run(f"pair acme {ORG_ID} --inactive")
    assert "✗ Salesforce: " in result.output
    assert stored(lambda uow: uow.pairings.all())[0].active is False
    run(f"pair acme {ORG_ID} --active", ok=False)


def test_a_pairing_can_be_kept_in_spite_of_a_check(run: Callable[..., Result], both_sides: Outside) -> None:
    result = run(f"pair acme {ORG_ID} --anyway")
    assert "✗ Salesforce: " in result.output
    assert len(stored(lambda uow: uow.pairings.all())) == 1


def test_secrets_are_encrypted_anew_with_the_first_key(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(TENANT)
    run(ORG)
    old = load().encryption_keys[0].get_secret_value()
    new = Fernet.generate_key().decode()
    monkeypatch.setenv("FCC_CONNECTOR_ENCRYPTION_KEYS", f"{new},{old}")
    assert run("secret rotate").output.startswith("3 secrets are encrypted")
    monkeypatch.setenv("FCC_CONNECTOR_ENCRYPTION_KEYS", new)
    assert stored(lambda uow: uow.tenants.get("acme")).api_key == "the-api-key"


def test_keys_that_are_not_the_databases_are_refused_in_a_sentence(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(TENANT)
    monkeypatch.setenv("FCC_CONNECTOR_ENCRYPTION_KEYS", Fernet.generate_key().decode())
    for command in ("tenant list", "status", "secret rotate", ORG):
        result = run(command, ok=False)
        assert result.exit_code == 1
        assert result.output.startswith("Error: The FCC connector's encryption keys")


@pytest.mark.parametrize("form", [f"{ORG_ID}/acme:4711:0", "acme:4711:0"], ids=["as status shows it", "as Salesforce"])
def test_status_shows_what_was_given_up_and_retry_tries_it_again(run: Callable[..., Result], form: str) -> None:
    run(TENANT)
    run(ORG)
    run(f"pair acme {ORG_ID} --no-check")
    (pairing,) = stored(lambda uow: uow.pairings.all())
    key, clock = key_in_org(ORG_ID, call_key("acme", 4711, 0)), SystemClock()
    database = open_database(load(), clock)
    with database.write() as uow:
        uow.outbox.put(key, {"Subject": "x"}, kind="call", org_id=ORG_ID, pairing_id=pairing.id, run_after=clock.now())
        uow.commit()
    assert run("status").output == f"{pairing.id}: active; 1 deliveries wait, 0 were given up\n"
    assert "was given up" in run(f"retry {form}", ok=False).output
    with database.write() as uow:
        leased = uow.outbox.lease("owner", until=clock.now() + timedelta(minutes=1), limit=10)
        assert uow.outbox.claim("owner", leased) == {key}
        uow.outbox.died(key, code="salesforce-field-refused", detail="")
        uow.commit()
    database.close()
    assert run("status").output == (
        f"{pairing.id}: active; 0 deliveries wait, 1 were given up\n✗ {key}: salesforce-field-refused\n"
    )
    assert run(f"retry {form}").output == f"The delivery {key} will be tried again.\n"
    assert "1 deliveries wait, 0 were given up" in run("status").output


def test_status_says_which_fields_call_logs_lack_and_why_a_log_was_given_up(run: Callable[..., Result]) -> None:
    run(TENANT)
    run(ORG)
    run(f"pair acme {ORG_ID} --no-check")
    (pairing,) = stored(lambda uow: uow.pairings.all())
    clock = SystemClock()
    database = open_database(load(), clock)
    fields = {"Subject": "x", "FCC_Queue__c": "q"}
    with database.write() as uow:
        place: Any = {"kind": "call", "org_id": ORG_ID, "pairing_id": pairing.id, "run_after": clock.now()}
        for key in ("acme:1:0", "acme:2:0"):
            uow.outbox.put(key, fields, **place)
        leased = uow.outbox.lease("owner", until=clock.now() + timedelta(minutes=1), limit=10)
        uow.outbox.claim("owner", leased)
        held = {"FCC_Queue__c": "q"}
        uow.outbox.finished("acme:1:0", {"Subject": "x"}, carried=fields, held=held, detail="FCC_Queue__c")
        uow.outbox.died("acme:2:0", code="call-log-request-refused", detail="JSON_PARSER_ERROR: no date")
        uow.commit()
    database.close()
    assert run("status").output == (
        f"{pairing.id}: active; 0 deliveries wait, 1 were given up\n"
        "✗ acme:2:0: call-log-request-refused (JSON_PARSER_ERROR: no date)\n"
        "! 1 call logs lack fields that the org does not take: FCC_Queue__c; `fcc-connector pair` says what to do\n"
    )


@pytest.mark.req("R13", "R17", "R21")
def test_status_counts_the_calls_that_are_not_logged_on_purpose(run: Callable[..., Result]) -> None:
    run(TENANT)
    run(ORG)
    run(f"pair acme {ORG_ID} --campaign 1 --no-check")
    now = SystemClock().now()
    database = open_database(load(), SystemClock())
    with database.write() as uow:
        for calls_id, campaign, age in ((1, 2, 0), (2, 2, 0), (3, 1, 0), (4, 2, 25)):
            at = now + timedelta(seconds=calls_id) - timedelta(hours=age)
            content = {"number": "+48600100200", "users_id": 101, "status": "ANSWERED", "campaign_id": campaign}
            answered = Fact("fcc", "answered", at, calls_id, content={"users_id": 101})
            call = fold([answered, Fact("fcc", "ended", at + timedelta(seconds=1), calls_id, content=content)])
            uow.calls.save(StoredCall(f"k{calls_id}", "acme", call))
        uow.commit()
    database.close()
    assert run("status").output.splitlines()[1] == (
        "  not logged on purpose, of the calls of the last 24 hours: "
        "2 are of campaigns that are not chosen (--campaign), 1 were made on other phones (--log-other-phones)"
    )


def test_status_tells_of_a_call_list_that_is_not_read(run: Callable[..., Result]) -> None:
    run(TENANT)
    run(ORG)
    run(f"pair acme {ORG_ID} --no-check")
    long_ago = SystemClock().now() - timedelta(minutes=20)
    database = open_database(load(), SystemClock())
    with database.write() as uow:
        (pairing,) = uow.pairings.all()
        uow.pairings.save(replace(pairing, created_at=long_ago))
        uow.commit()
    assert "! acme: FCC's call list has not been read yet; /readyz says what fails\n" in run("status").output
    with database.write() as uow:
        uow.agents.set_cursor("acme", "c-1")
        uow.commit()
    assert "call list" not in run("status").output
    with database.schema_change() as connection:
        connection.exec_driver_sql("UPDATE poll_cursors SET polled_at = '2026-01-02 03:04:05.000000'")
    assert "! acme: FCC's call list was last read at 2026-01-02 03:04 UTC; " in run("status").output
    run(f"pair acme {ORG_ID} --no-poll --no-check")
    assert "call list" not in run("status").output
    database.close()


def test_what_is_set_is_shown_without_secrets(run: Callable[..., Result]) -> None:
    run(TENANT)
    run(ORG)
    assert "There is no pairing acme" in run(f"pairing show acme {ORG_ID}", ok=False).output
    run(f"pair acme {ORG_ID} --off-campaign 9 --campaign 1 --campaign 2 --default-user 005000000000100 --no-check")
    shown = run(f"pairing show acme {ORG_ID}").output
    lines = [re.sub(r" +", " ", line) for line in shown.splitlines()]
    assert lines == [
        f"pairing: acme-{ORG_ID}",
        "integration: active",
        "campaign for calls outside campaigns: 9",
        "default user: 005000000000100AAA",
        "campaigns that are gathered: 1, 2",
        "calls on other phones: not logged",
        "case by the code keyed in the IVR: no",
        "Person Accounts: no",
        "FCC's list of calls is read: yes",
        "FCC's webhooks are taken: yes",
    ]
    shown = run(f"org show {ORG_ID[:15]}").output
    assert "My Domain:   https://acme.my.salesforce.com\n" in shown
    assert "environment: production\n" in shown
    assert "secret" not in shown
    assert "There is no org" in run("org show 00D000000000009", ok=False).output


def test_what_is_not_needed_any_more_is_removed_from_the_pairing_on(run: Callable[..., Result]) -> None:
    run(TENANT)
    run(ORG)
    run(f"pair acme {ORG_ID} --no-check")
    first = f"It is paired, so it stays. First: `fcc-connector pairing remove acme {ORG_ID}`."
    assert first in re.sub(r"\s+", " ", run("tenant remove acme --anyway", ok=False).output)
    assert first in re.sub(r"\s+", " ", run(f"org remove {ORG_ID}", ok=False).output)
    clock = SystemClock()
    database = open_database(load(), clock)
    with database.write() as uow:
        place: Any = {"kind": "call", "org_id": ORG_ID, "pairing_id": f"acme-{ORG_ID}", "run_after": clock.now()}
        uow.outbox.put(key_in_org(ORG_ID, call_key("acme", 1, 0)), {"Subject": "x"}, **place)
        uow.commit()
    database.close()
    refused = run(f"pairing remove acme {ORG_ID}", ok=False).output
    assert "Lost would be: 1 deliveries that wait or were given up. --anyway removes it with them." in refused
    assert run(f"pairing remove acme {ORG_ID} --anyway").output == (
        f"acme and {ORG_ID} are not paired any more; removed with it: 1 deliveries that wait or were given up.\n"
    )
    assert run(f"org remove {ORG_ID}").output == f"The org {ORG_ID} is removed, with its keys.\n"
    assert run("tenant remove acme").output == "The tenant acme is removed.\n"
    for listed in ("tenant list", "org list", "pairing list"):
        assert run(listed).output == ""


def test_the_version_is_told(run: Callable[..., Result]) -> None:
    assert run("--version").output == f"fcc-connector, version {connector_version()}\n"


def test_an_option_that_does_nothing_yet_is_not_offered(run: Callable[..., Result]) -> None:
    run(TENANT)
    run(ORG)
    assert "--create-case" not in run("pair --help").output
    assert "this version creates no cases" in run(f"pair acme {ORG_ID} --create-case --no-check").output


def test_the_program_logs_only_what_went_wrong_and_not_among_its_answers() -> None:
    code = (
        "import structlog, cti.cli.main as cli\n"
        "log = structlog.get_logger('cti.test')\n"
        "cli.main = lambda: (log.info('noise'), log.warning('worth knowing'))\n"
        "cli.run()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert "worth knowing" in done.stderr
    assert "noise" not in done.stderr

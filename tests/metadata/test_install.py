"""The installation script, run against a stand-in for the Salesforce CLI that only knows an org in a file."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.metadata import sf
from tests.metadata.project import RENDERED
from tools import render_metadata

if TYPE_CHECKING:
    import pathlib

ANNA = "anna@acme.example"
OLA = "ola@acme.example"
ROBOT = "fcc.integration@acme.example"
LICENCE = "SalesforceAPIIntegrationPsl"


class Installation:
    """A rendered project, the org it is installed in, and what the script did there."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.project = folder / "project"
        render_metadata.write(self.project, RENDERED)
        self.path = folder / "bin"
        self.path.mkdir()
        self.org: dict[str, Any] = {
            "url": "https://acme.my.salesforce.com",
            "users": {ANNA: {"admin": True}, OLA: {}, ROBOT: {"licence": "Salesforce Integration"}},
            "profiles": ["Sales Agent", "Sprzedaż"],
            "call_center": True,
            "fail_at": "",
            "seen": [],
        }
        self.state = folder / "org.json"
        (self.path / "sf").write_text(
            f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(sf.__file__)} "$@"\n'
        )
        (self.path / "sf").chmod(0o755)

    def run(self, *options: str, fail_at: str = "") -> subprocess.CompletedProcess[str]:
        self.state.write_text(json.dumps({**self.org, "fail_at": fail_at}))
        done = subprocess.run(
            [str(self.project / "bin" / "install"), *options],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": f"{self.path}:{os.environ['PATH']}", "SF_ORG": str(self.state), "FORCE_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            timeout=600,
        )
        self.org = json.loads(self.state.read_text())
        return done

    def has(self, user: str) -> list[str]:
        given: list[str] = self.org["users"][user].get("has", [])
        return given

    @property
    def commands(self) -> list[str]:
        seen: list[str] = self.org["seen"]
        return seen


@pytest.fixture
def installation(tmp_path: pathlib.Path) -> Installation:
    return Installation(tmp_path)


@pytest.mark.req("R10", "R11")
def test_one_command_deploys_everything_in_an_order_in_which_it_can_be_deployed(installation: Installation) -> None:
    done = installation.run("--target-org", "acme")

    assert done.returncode == 0, done.stderr
    deployed = [command.split("--source-dir ")[1] for command in installation.commands if "deploy start" in command]
    assert deployed == [
        "force-app/main --test-level RunSpecifiedTests --tests FCC_WebPhoneControllerTest",
        "force-app/call-center",
        "force-app/apps",
    ]
    assert installation.commands[0] == "org display --target-org acme --json"
    assert all("--target-org acme" in command for command in installation.commands)
    assert "\nInstalled." in done.stdout


def test_each_command_is_shown_before_it_runs(installation: Installation) -> None:
    done = installation.run("--target-org", "acme")

    for command in installation.commands:
        if "data query" not in command:
            assert f"sf {command}" in done.stdout


# --- the right org -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://other.my.salesforce.com",
        "https://acme--uat.sandbox.my.salesforce.com",
        "https://acme-dev-ed.develop.my.salesforce.com",
        "https://eu12.salesforce.com",
    ],
)
@pytest.mark.parametrize("mode", [[], ["--dry-run"]])
@pytest.mark.req("R14")
def test_an_org_that_it_was_not_rendered_for_is_left_alone(
    installation: Installation, elsewhere: str, mode: list[str]
) -> None:
    installation.org["url"] = elsewhere

    done = installation.run("--target-org", "acme", *mode)

    assert done.returncode == 2
    assert len(installation.commands) == 1
    assert elsewhere in done.stderr
    assert "https://acme.my.salesforce.com" in done.stderr
    assert "Installed" not in done.stdout


@pytest.mark.parametrize("same", ["https://acme.my.salesforce.com/", "https://ACME.my.salesforce.com"])
def test_an_address_spelled_otherwise_is_the_same_org(installation: Installation, same: str) -> None:
    installation.org["url"] = same

    assert installation.run("--target-org", "acme").returncode == 0


def test_the_access_token_that_the_cli_gives_away_is_not_shown(installation: Installation) -> None:
    done = installation.run("--target-org", "acme")

    assert "signed in to https://acme.my.salesforce.com as admin@acme.example" in done.stdout
    assert "00D!secret" not in done.stdout + done.stderr


# --- names that the org does not know ----------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [[], ["--dry-run"]])
def test_a_mistyped_user_is_an_error_before_anything_is_changed(installation: Installation, mode: list[str]) -> None:
    done = installation.run(
        "--target-org", "acme", "--agents", f"ana@acme.example,{OLA}", "--integration-user", "fcc@acme.example", *mode
    )

    assert done.returncode == 2
    assert "\n  ana@acme.example\n" in done.stderr
    assert "\n  fcc@acme.example\n" in done.stderr
    assert f"\n  {OLA}\n" not in done.stderr
    assert not [command for command in installation.commands if "query" not in command and "display" not in command]


def test_a_user_who_is_no_longer_active_is_an_error_too(installation: Installation) -> None:
    installation.org["users"][OLA]["active"] = False

    done = installation.run("--target-org", "acme", "--agents", f"{ANNA},{OLA}")

    assert done.returncode == 2
    assert f"\n  {OLA}\n" in done.stderr


def test_a_mistyped_profile_is_an_error_before_anything_is_changed(installation: Installation) -> None:
    done = installation.run("--target-org", "acme", "--visible-to", "Sales Agnet,Sprzedaż")

    assert done.returncode == 2
    assert "\n  Sales Agnet\n" in done.stderr
    assert "\n  Sprzedaż\n" not in done.stderr
    assert not [command for command in installation.commands if "deploy" in command]


def test_names_are_known_in_any_case(installation: Installation) -> None:
    done = installation.run("--target-org", "acme", "--agents", "Anna@ACME.example", "--visible-to", "sales agent")

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("option", ["--agents", "--visible-to", "--integration-user"])
@pytest.mark.parametrize("nobody", ["", " ", ","])
def test_a_list_of_names_that_holds_none_is_refused(installation: Installation, option: str, nobody: str) -> None:
    done = installation.run("--target-org", "acme", option, nobody)

    assert done.returncode == 2
    assert option in done.stderr
    assert installation.commands == []


# --- steps that fail ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["org display", "force-app/main", "force-app/call-center", "force-app/apps"])
@pytest.mark.req("R11")
def test_a_step_that_fails_ends_the_installation_with_its_own_exit_code(installation: Installation, step: str) -> None:
    done = installation.run("--target-org", "acme", fail_at=step)

    assert done.returncode == 68
    assert step in installation.commands[-1]
    assert "it went wrong" in done.stderr
    assert "run this again" in done.stderr
    assert "Installed" not in done.stdout


def test_a_look_up_that_fails_ends_the_installation_too(installation: Installation) -> None:
    done = installation.run("--target-org", "acme", fail_at="data query")

    assert done.returncode == 68
    assert "Installed" not in done.stdout


@pytest.mark.req("R11")
def test_an_installation_can_be_repeated(installation: Installation) -> None:
    assert installation.run("--target-org", "acme", fail_at="force-app/apps").returncode == 68
    assert installation.run("--target-org", "acme").returncode == 0
    assert installation.run("--target-org", "acme").returncode == 0


# --- who gets what -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("whom", "wanted"), [("admins", {ANNA}), ("all", {ANNA, OLA, "jan@acme.example"}), ("Sprzedaż, Other", {OLA})]
)
@pytest.mark.req("R10")
def test_the_installer_chooses_who_sees_it(installation: Installation, whom: str, wanted: set[str]) -> None:
    installation.org["profiles"].append("Other")
    installation.org["users"][OLA]["profile"] = "Sprzedaż"
    installation.org["users"]["jan@acme.example"] = {"licence": "Salesforce Platform"}

    done = installation.run("--target-org", "acme", "--visible-to", whom)

    assert done.returncode == 0, done.stderr
    assert {user for user in installation.org["users"] if "Fcc_Visibility" in installation.has(user)} == wanted


@pytest.mark.parametrize("whom", ["all", "admins", "Sales Agent"])
@pytest.mark.parametrize(
    "system",
    [
        {"licence": "Analytics Cloud Integration User"},
        {"licence": "Salesforce Integration"},
        {"licence": "XOrg Proxy User"},
        {"licence": "Einstein Agent"},
        {"type": "AutomatedProcess"},
        {"type": "CloudIntegrationUser"},
        {"type": "CsnOnly"},
    ],
    ids=lambda system: "-".join(system.values()),
)
def test_users_who_are_no_people_are_left_out(installation: Installation, whom: str, system: dict[str, str]) -> None:
    installation.org["users"]["integration@00d000000000001.example"] = {**system, "admin": True}

    done = installation.run("--target-org", "acme", "--visible-to", whom)

    assert done.returncode == 0, done.stderr
    assert "Fcc_Visibility" in installation.has(ANNA)
    assert not installation.has("integration@00d000000000001.example")


def test_only_those_who_lack_a_permission_set_are_given_it(installation: Installation) -> None:
    installation.org["users"][ANNA]["has"] = ["Fcc_Visibility"]

    done = installation.run("--target-org", "acme")

    assert not [command for command in installation.commands if "assign permset" in command]
    assert "nobody is missing Fcc_Visibility" in done.stdout


def test_many_users_are_assigned_a_few_at_a_time(installation: Installation) -> None:
    users = [f"user{number}@acme.example" for number in range(43)]
    installation.org["users"].update({user: {} for user in users})

    installation.run("--target-org", "acme", "--visible-to", "all")

    assigned = [command for command in installation.commands if "assign permset" in command]
    assert [command.count("--on-behalf-of") for command in assigned] == [20, 20, 5]
    assert all("Fcc_Visibility" in installation.has(user) for user in users)


def test_one_refused_assignment_does_not_end_the_rest(installation: Installation) -> None:
    users = [f"user{number}@acme.example" for number in range(21)]
    installation.org["users"].update({user: {} for user in users})
    installation.org["users"][ANNA]["refuses"] = "Fcc_Visibility"

    done = installation.run("--target-org", "acme", "--visible-to", "all", "--agents", f"{ANNA},{OLA}")

    assert done.returncode == 1
    assert all("Fcc_Visibility" in installation.has(user) for user in [OLA, *users])
    assert "Fcc_Access" in installation.has(ANNA)
    assert f"\n  Fcc_Visibility: {ANNA}\n" in done.stderr
    assert done.stderr.count("Fcc_Visibility: ") == 1
    assert "Installed" not in done.stdout


def test_one_user_whom_the_cli_stumbles_over_does_not_end_the_rest(installation: Installation) -> None:
    installation.org["users"] = {"o'brien@acme.example": {}, **installation.org["users"]}

    done = installation.run("--target-org", "acme", "--visible-to", "all")

    assert done.returncode == 1
    assert "Fcc_Visibility" in installation.has(ANNA)
    assert "Fcc_Visibility" in installation.has(OLA)
    assert "\n  Fcc_Visibility: o'brien@acme.example\n" in done.stderr


def test_the_integration_user_gets_the_licence_before_the_permission_set_that_needs_it(
    installation: Installation,
) -> None:
    done = installation.run("--target-org", "acme", "--integration-user", ROBOT)

    assert done.returncode == 0, done.stderr
    assert installation.has(ROBOT) == [LICENCE, "Fcc_Integration"]
    assert f"org assign permsetlicense --target-org acme --name {LICENCE} --on-behalf-of {ROBOT}" in (
        installation.commands
    )


def test_an_integration_user_with_a_full_licence_needs_no_other(installation: Installation) -> None:
    installation.org["users"][ROBOT]["licence"] = "Salesforce"

    done = installation.run("--target-org", "acme", "--integration-user", ROBOT)

    assert done.returncode == 0, done.stderr
    assert installation.has(ROBOT) == ["Fcc_Integration"]


def test_a_licence_that_is_refused_is_named(installation: Installation) -> None:
    installation.org["users"][ROBOT]["refuses"] = LICENCE

    done = installation.run("--target-org", "acme", "--integration-user", ROBOT)

    assert done.returncode == 1
    assert f"\n  {LICENCE}: {ROBOT}\n  Fcc_Integration: {ROBOT}\n" in done.stderr


@pytest.mark.req("R29")
def test_agents_get_the_permission_set_and_the_call_center(installation: Installation) -> None:
    done = installation.run("--target-org", "acme", "--agents", f"{ANNA}, {OLA}")

    assert done.returncode == 0, done.stderr
    assert all("Fcc_Access" in installation.has(agent) for agent in (ANNA, OLA))
    assert [each for each in installation.commands if each.startswith("data update record")] == [
        "data update record --target-org acme --sobject User"
        f" --where Username='{agent}' --values CallCenterId='04v000000000001AAA'"
        for agent in (ANNA, OLA)
    ]


def test_one_agent_whose_call_center_is_refused_does_not_end_the_rest(installation: Installation) -> None:
    done = installation.run("--target-org", "acme", "--agents", f"{ANNA},{OLA}", fail_at=f"Username='{ANNA}'")

    assert done.returncode == 1
    assert [each for each in installation.commands if f"Username='{OLA}'" in each]
    assert f"\n  call center: {ANNA}\n" in done.stderr
    assert f"call center: {OLA}" not in done.stderr


def test_a_call_center_that_the_org_lacks_is_named_beside_all_else_that_is_missing(installation: Installation) -> None:
    installation.org["call_center"] = False
    installation.org["users"][ANNA]["refuses"] = "Fcc_Access"

    done = installation.run("--target-org", "acme", "--agents", ANNA, "--without-call-center")

    assert done.returncode == 1
    assert f"\n  Fcc_Access: {ANNA}\n  call center: the org has none; import import/call-center.xml" in done.stderr
    assert not [each for each in installation.commands if "data update" in each]


# --- ways to run it ----------------------------------------------------------------------------------------------


def test_parts_can_be_left_out_or_added(installation: Installation) -> None:
    installation.run("--target-org", "acme", "--without-apps", "--without-call-center", "--permissions-policy")

    deployed = [command.split("--source-dir ")[1] for command in installation.commands if "deploy start" in command]
    assert deployed[1:] == ["optional/permissions-policy"]


def test_a_dry_run_changes_nothing(installation: Installation) -> None:
    done = installation.run("--target-org", "acme", "--dry-run", "--agents", ANNA)

    assert done.returncode == 0
    changing = [each for each in installation.commands if not each.startswith(("org display", "data query"))]
    assert all("--dry-run" in command for command in changing)
    assert changing
    assert "Installed" not in done.stdout


def test_showing_runs_nothing_at_all(installation: Installation) -> None:
    done = installation.run(
        "--target-org", "acme", "--show", "--agents", ANNA, "--integration-user", ROBOT, "--visible-to", "Sales Agent"
    )

    assert done.returncode == 0
    assert installation.commands == []
    assert "sf project deploy start --target-org acme" in done.stdout
    assert "Installed" not in done.stdout
    assert done.stdout.rstrip().splitlines()[-1] == "Nothing was run and nothing was changed."


@pytest.mark.parametrize("options", [[], ["--target-org"], ["--target-org", "acme", "--nonsense"]])
def test_a_call_without_sense_is_refused_before_anything_runs(installation: Installation, options: list[str]) -> None:
    done = installation.run(*options)

    assert done.returncode == 2
    assert done.stderr
    assert installation.commands == []


@pytest.mark.parametrize("option", ["--agents", "--visible-to", "--integration-user"])
def test_a_name_that_would_leave_its_quotes_is_refused(installation: Installation, option: str) -> None:
    done = installation.run("--target-org", "acme", option, "x') OR (Name != '")

    assert done.returncode == 2
    assert installation.commands == []


def test_a_project_with_placeholders_is_not_installed(installation: Installation) -> None:
    page = installation.project / "force-app/main/default/pages/FCC_WebPhone.page"
    page.write_text(page.read_text().replace("https://fcc.acme.example", "https://connector.example.com"))

    done = installation.run("--target-org", "acme")

    assert done.returncode == 2
    assert "placeholders" in done.stderr
    assert installation.commands == []


def test_a_machine_without_the_salesforce_cli_is_told_so(installation: Installation) -> None:
    (installation.path / "sf").unlink()

    done = installation.run("--target-org", "acme")

    assert done.returncode == 127
    assert "Salesforce CLI" in done.stderr

"""The installation script, run against a stand-in for the Salesforce CLI that only writes down what it is asked."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.metadata.project import RENDERED
from tools import render_metadata

if TYPE_CHECKING:
    import pathlib

SF = """#!/bin/sh
printf '%s\\n' "$*" >>"$SF_SEEN"
case "$*" in
    *"$SF_FAIL_AT"*) [ -z "$SF_FAIL_AT" ] || { echo 'it went wrong' >&2; exit 68; } ;;
esac
case "$*" in
    *'FROM CallCenter'*) printf 'Id\\n"04v000000000001AAA"\\n' ;;
    *'data query'*) printf 'Username\\n%s' "$SF_USERS" ;;
esac
"""


class Installation:
    """A rendered project, and what the script did in it."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.project = folder / "project"
        self.seen = folder / "seen.txt"
        self.seen.write_text("")
        render_metadata.write(self.project, RENDERED)
        self.path = folder / "bin"
        self.path.mkdir()
        (self.path / "sf").write_text(SF)
        (self.path / "sf").chmod(0o755)

    def run(self, *options: str, fail_at: str = "", users: str = "") -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": f"{self.path}:{os.environ['PATH']}",
            "SF_SEEN": str(self.seen),
            "SF_FAIL_AT": fail_at,
            "SF_USERS": users,
        }
        return subprocess.run(
            [str(self.project / "bin" / "install"), *options],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            timeout=60,
        )

    @property
    def commands(self) -> list[str]:
        return self.seen.read_text().splitlines()


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
    assert installation.commands[0] == "org display --target-org acme"
    assert all("--target-org acme" in command for command in installation.commands)


def test_each_command_is_shown_before_it_runs(installation: Installation) -> None:
    done = installation.run("--target-org", "acme")

    for command in installation.commands:
        if "data query" not in command:
            assert f"sf {command}" in done.stdout


@pytest.mark.parametrize(
    "step", ["org display", "force-app/main", "force-app/call-center", "force-app/apps", "permset"]
)
@pytest.mark.req("R11")
def test_a_step_that_fails_ends_the_installation_with_its_own_exit_code(installation: Installation, step: str) -> None:
    done = installation.run("--target-org", "acme", fail_at=step, users="anna@acme.example\n")

    assert done.returncode == 68
    assert step in installation.commands[-1]
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


@pytest.mark.parametrize(
    ("whom", "condition"),
    [
        ("admins", "Profile.PermissionsModifyAllData = true"),
        ("all", "UserType = 'Standard'"),
        ("Sprzedaż, Service Agent", "Profile.Name IN ('Sprzedaż','Service Agent')"),
    ],
)
@pytest.mark.req("R10")
def test_the_installer_chooses_who_sees_it(installation: Installation, whom: str, condition: str) -> None:
    done = installation.run("--target-org", "acme", "--visible-to", whom, users="anna@acme.example\nola@acme.example\n")

    assert done.returncode == 0, done.stderr
    (query,) = [command for command in installation.commands if "Fcc_Visibility'" in command]
    assert condition in query
    assert (
        "org assign permset --target-org acme --name Fcc_Visibility"
        " --on-behalf-of anna@acme.example --on-behalf-of ola@acme.example" in installation.commands
    )


def test_only_those_who_lack_a_permission_set_are_given_it(installation: Installation) -> None:
    done = installation.run("--target-org", "acme")

    (query,) = [command for command in installation.commands if "data query" in command]
    assert "Id NOT IN (SELECT AssigneeId FROM PermissionSetAssignment" in query
    assert not [command for command in installation.commands if "assign permset" in command]
    assert "nobody is missing Fcc_Visibility" in done.stdout


def test_many_users_are_assigned_a_few_at_a_time(installation: Installation) -> None:
    users = [f"user{number}@acme.example" for number in range(45)]

    installation.run("--target-org", "acme", "--visible-to", "all", users="".join(f"{user}\n" for user in users))

    assigned = [command for command in installation.commands if "assign permset" in command]
    assert [command.count("--on-behalf-of") for command in assigned] == [20, 20, 5]
    assert all(any(f"--on-behalf-of {user}" in f"{command} " for command in assigned) for user in users)


@pytest.mark.req("R29")
def test_agents_get_the_permission_set_and_the_call_center(installation: Installation) -> None:
    done = installation.run("--target-org", "acme", "--agents", "anna@acme.example, ola@acme.example")

    assert done.returncode == 0, done.stderr
    assert any("Username IN ('anna@acme.example','ola@acme.example')" in each for each in installation.commands)
    assert [each for each in installation.commands if each.startswith("data update record")] == [
        "data update record --target-org acme --sobject User"
        f" --where Username='{agent}' --values CallCenterId='04v000000000001AAA'"
        for agent in ("anna@acme.example", "ola@acme.example")
    ]


def test_parts_can_be_left_out_or_added(installation: Installation) -> None:
    installation.run("--target-org", "acme", "--without-apps", "--without-call-center", "--permissions-policy")

    deployed = [command.split("--source-dir ")[1] for command in installation.commands if "deploy start" in command]
    assert deployed[1:] == ["optional/permissions-policy"]


def test_a_dry_run_changes_nothing(installation: Installation) -> None:
    done = installation.run("--target-org", "acme", "--dry-run", "--agents", "anna@acme.example")

    assert done.returncode == 0
    assert [command for command in installation.commands if "--dry-run" not in command] == [
        "org display --target-org acme"
    ]


def test_showing_runs_nothing_at_all(installation: Installation) -> None:
    done = installation.run("--target-org", "acme", "--show", "--agents", "anna@acme.example")

    assert done.returncode == 0
    assert installation.commands == []
    assert "sf project deploy start --target-org acme" in done.stdout


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

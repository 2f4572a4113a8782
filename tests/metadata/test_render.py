"""Rendering the project for an org."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from tests.metadata.project import ACME, FILES, RENDERED, element, one
from tools import render_metadata
from tools.render_metadata import InvalidValueError

if TYPE_CHECKING:
    import pathlib

GIVEN = {
    "connector_url": "https://fcc.acme.example",
    "my_domain": "acme",
    "fcc_domain": "acme.fcc-online.pl",
    "contact_email": "admin@acme.example",
    "integration_user": "fcc.integration@acme.example",
}


@pytest.mark.assumed("A24")
@pytest.mark.parametrize(
    ("my_domain", "label", "partition"),
    [
        ("acme", "acme", ""),
        ("ACME", "acme", ""),
        ("https://acme.my.salesforce.com/", "acme", ""),
        ("acme.lightning.force.com", "acme", ""),
        ("acme-polska", "acme-polska", ""),
        ("acme--uat.sandbox", "acme--uat", ".sandbox"),
        ("https://acme--uat.sandbox.my.salesforce.com", "acme--uat", ".sandbox"),
        ("acme-dev-ed.develop", "acme-dev-ed", ".develop"),
        ("https://acme-dev-ed.develop.lightning.force.com", "acme-dev-ed", ".develop"),
        ("page-flow-5678.scratch", "page-flow-5678", ".scratch"),
        ("brave-otter-12.trailblaze", "brave-otter-12", ".trailblaze"),
    ],
)
def test_an_orgs_hosts_follow_from_its_my_domain(my_domain: str, label: str, partition: str) -> None:
    hosts = render_metadata.hosts(my_domain)

    assert hosts.my == f"https://{label}{partition}.my.salesforce.com"
    assert hosts.lightning == f"https://{label}{partition}.lightning.force.com"
    assert hosts.visualforce == f"https://{label}--c{partition}.vf.force.com"


@pytest.mark.parametrize(
    "my_domain",
    [
        "",
        "-acme",
        "acme-",
        "acme.example.com",
        "acme--uat",
        "acme--uat.develop",
        "acme.sandbox",
        "acme--a--b.sandbox",
        "acme polska",
        "http://acme.my.salesforce.com",
        "acme.my.salesforce.mil",
        "acme.my.sfcrmproducts.cn",
        "acme/evil",
    ],
)
def test_a_my_domain_that_is_none_is_refused(my_domain: str) -> None:
    with pytest.raises(InvalidValueError, match="my domain"):
        render_metadata.hosts(my_domain)


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://fcc.acme.example", "https://fcc.acme.example"),
        ("https://fcc.acme.example/", "https://fcc.acme.example"),
        ("https://FCC.Acme.example:443", "https://fcc.acme.example"),
        ("https://fcc.acme.example:8443", "https://fcc.acme.example:8443"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://connector.localhost:8080", "http://connector.localhost:8080"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_an_address_is_taken_as_its_origin(url: str, wanted: str) -> None:
    assert render_metadata.origin(url, "connector url") == wanted


@pytest.mark.parametrize(
    "url",
    [
        "http://fcc.acme.example",
        "http://10.0.0.5",
        "http://notlocalhost",
        "http://localhost.acme.example",
        "ftp://fcc.acme.example",
        "fcc.acme.example",
        "https://",
        "https://acme",
        "https://fcc.acme.example/app",
        "https://fcc.acme.example?x=1",
        "https://fcc.acme.example#x",
        "https://user:pw@fcc.acme.example",
        "https://fcc.acme.example:port",
        "https://fcc.acme.example:99999",
        "https://fcc acme.example",
        'https://fcc.acme.example"><script>',
        "https://fcc.acme.example{!x}",
        "wss://fcc.acme.example",
    ],
)
def test_an_address_that_salesforce_would_not_frame_or_that_says_more_is_refused(url: str) -> None:
    with pytest.raises(InvalidValueError, match="connector url"):
        render_metadata.origin(url, "connector url")


@pytest.mark.parametrize("user", ["", "anna", "anna@acme", "anna@acme.example</x>", "a b@acme.example"])
def test_a_username_that_is_none_is_refused(user: str) -> None:
    with pytest.raises(InvalidValueError, match="integration user"):
        render_metadata.values(**{**GIVEN, "integration_user": user})


@pytest.mark.parametrize("my_domain", ["acme", "acme--uat.sandbox", "acme-dev-ed.develop"])
@pytest.mark.req("R14")
def test_the_project_for_an_org_names_that_orgs_hosts_and_no_placeholder(my_domain: str) -> None:
    project = render_metadata.render(FILES, render_metadata.values(**{**GIVEN, "my_domain": my_domain}))
    visualforce = render_metadata.hosts(my_domain).visualforce
    center = element("force-app/call-center/callCenters/FCC.callCenter-meta.xml", project)

    assert one(center, "adapterUrl") == f"{visualforce}/apex/FCC_WebPhone"
    assert project["my-domain.txt"] == f"{render_metadata.hosts(my_domain).my}\n"
    deployed = "".join(
        text for path, text in project.items() if path.startswith(("force-app/", "optional/", "import/"))
    )
    for placeholder in ("connector.example.com", "example--c.vf", "CLIENT.fcc-online", "@example.com"):
        assert placeholder not in deployed
    assert not re.search(r"\{\{[a-z_]+\}\}", deployed)


def test_an_org_with_hosts_of_its_own_is_rendered_with_them() -> None:
    values = render_metadata.values(
        **{**GIVEN, "connector_url": "http://connector.localhost:8080", "my_domain": "http://acme-my.localhost:9091"},
        visualforce_origin="http://acme-vf.localhost:9090",
    )
    project = render_metadata.render(FILES, values)

    assert "http://acme-vf.localhost:9090/apex/FCC_WebPhone" in project["import/call-center.xml"]
    assert (
        '{"connector": "http://connector.localhost:8080"}' in project["force-app/main/default/pages/FCC_WebPhone.page"]
    )
    assert values.words()["connector_socket_origin"] == "ws://connector.localhost:8080"
    assert project["my-domain.txt"] == "http://acme-my.localhost:9091\n"


def test_an_org_without_hosts_that_follow_from_its_my_domain_needs_a_whole_address() -> None:
    with pytest.raises(InvalidValueError, match="my domain"):
        render_metadata.values(
            **{**GIVEN, "my_domain": "acme.my.salesforce.mil"}, visualforce_origin="https://acme--c.vf.force.example"
        )


def test_a_tenant_outside_fccs_own_domain_is_taken_too() -> None:
    values = render_metadata.values(**{**GIVEN, "fcc_domain": "https://acme.welyo.pl"})

    assert values.fcc_origin == "https://acme.welyo.pl"


def test_rendering_is_the_same_every_time_and_touches_nothing_it_was_given() -> None:
    before = dict(FILES)

    assert render_metadata.render(FILES, ACME) == RENDERED
    assert before == FILES


def test_a_template_that_asks_for_something_unknown_is_an_error() -> None:
    with pytest.raises(InvalidValueError, match=r"a\.xml: unknown \{\{nobody_knows\}\}"):
        render_metadata.render({"templates/a.xml": "{{nobody_knows}}"}, ACME)


def test_values_are_escaped_for_xml() -> None:
    assert render_metadata.fill("<a>{{x}}</a>", {"x": "<&>"}, "a.xml") == "<a>&lt;&amp;&gt;</a>"


def test_a_file_that_does_not_end_as_its_folder_asks_is_an_error() -> None:
    with pytest.raises(InvalidValueError, match=r"must end in \.page-meta\.xml"):
        render_metadata.members(["force-app/pages/X.pages-meta.xml"])


def test_the_project_is_written_whole_and_its_script_can_be_run(tmp_path: pathlib.Path) -> None:
    output = tmp_path / "acme"

    arguments = [word for name, value in GIVEN.items() for word in (f"--{name.replace('_', '-')}", value)]
    assert render_metadata.main([*arguments, "--output", str(output)]) == 0

    assert render_metadata.read(output) == RENDERED
    assert os.access(output / "bin" / "install", os.X_OK)
    assert not (output / "templates").exists()


def test_nothing_that_is_there_is_overwritten(tmp_path: pathlib.Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")

    with pytest.raises(InvalidValueError, match="not empty"):
        render_metadata.write(tmp_path, RENDERED)

    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_what_is_missing_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert render_metadata.main(["--connector-url", "https://fcc.acme.example"]) == 2

    said = capsys.readouterr().err
    assert "--my-domain, --fcc-domain, --contact-email, --integration-user, --output" in said


def test_what_is_wrong_is_said_in_a_sentence(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = {**GIVEN, "connector_url": "http://fcc.acme.example"}
    arguments = [word for name, value in given.items() for word in (f"--{name.replace('_', '-')}", value)]

    assert render_metadata.main([*arguments, "--output", str(tmp_path / "x")]) == 2

    assert "connector url: http://fcc.acme.example must begin with https://" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()

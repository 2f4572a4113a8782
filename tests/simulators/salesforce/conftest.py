"""One org in memory, spoken to without a socket; and the same org behind a real one for browsers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import Client

from simulators.salesforce import world
from simulators.salesforce.__main__ import METADATA, rendered
from simulators.salesforce.app import create_app
from simulators.salesforce.hosts import Site
from simulators.salesforce.metadata.package import Package
from simulators.salesforce.org import Org

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

    from werkzeug.test import TestResponse

START = 1_795_338_000.0
CONNECTOR = "http://connector.localhost:9555"
ACTIVITY_FIELDS = {
    "FCC_Call_Id__c": "<type>Text</type><length>80</length><externalId>true</externalId><unique>true</unique>"
    "<caseSensitive>true</caseSensitive>",
    "FCC_Conversation_Id__c": "<type>Text</type><length>80</length><externalId>true</externalId><unique>false</unique>",
    "FCC_Started_At__c": "<type>DateTime</type>",
    "FCC_Cause__c": "<type>Number</type><precision>4</precision><scale>0</scale>",
    "FCC_Contact_Email__c": "<type>Email</type>",
    "FCC_Number__c": "<type>Phone</type>",
    "FCC_Hidden__c": "<type>Text</type><length>20</length>",
    "FCC_Outcome__c": "<type>Picklist</type><valueSet><restricted>false</restricted><valueSetDefinition>"
    "<value><fullName>ANSWERED</fullName></value></valueSetDefinition></valueSet>",
}
NAMESPACE = 'xmlns="http://soap.sforce.com/2006/04/metadata"'


class Seconds:
    """The org's clock, driven by the test."""

    def __init__(self) -> None:
        self.value = START

    def __call__(self) -> float:
        return self.value


class Caller:
    """A REST client of one host of the org."""

    def __init__(self, client: Client, host: str, token: str | None = None) -> None:
        self._client = client
        self._host = host
        self.token = token

    def send(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, **more: Any
    ) -> TestResponse:
        sent = {"Host": self._host, **(headers or {})}
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if body is not None:
            more["data"] = json.dumps(body)
            sent.setdefault("Content-Type", "application/json")
        return self._client.open(path, method=method, headers=sent, **more)

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.send("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> TestResponse:
        return self.send("POST", path, body, **more)

    def patch(self, path: str, body: Any = None, **more: Any) -> TestResponse:
        return self.send("PATCH", path, body, **more)

    def delete(self, path: str, **more: Any) -> TestResponse:
        return self.send("DELETE", path, **more)

    def query(self, soql: str, **more: Any) -> TestResponse:
        return self.get("/services/data/v67.0/query", query_string={"q": soql}, **more)

    def search(self, sosl: str, **more: Any) -> TestResponse:
        return self.get("/services/data/v67.0/search/", query_string={"q": sosl}, **more)


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def metadata(tmp_path: pathlib.Path) -> pathlib.Path:
    """A package of its own: the tests of the org do not hang on the product's."""
    root = tmp_path / "package"
    fields = root / "objects" / "Activity" / "fields"
    fields.mkdir(parents=True)
    for name, inner in ACTIVITY_FIELDS.items():
        (fields / f"{name}.field-meta.xml").write_text(
            f"<CustomField {NAMESPACE}><fullName>{name}</fullName><label>{name}</label>{inner}</CustomField>"
        )
    sets = root / "permissionsets"
    sets.mkdir()
    granted = "".join(
        f"<fieldPermissions><editable>true</editable><field>Task.{name}</field><readable>true</readable>"
        "</fieldPermissions>"
        for name in ACTIVITY_FIELDS
        if name != "FCC_Hidden__c"
    )
    (sets / "Fcc_Access.permissionset-meta.xml").write_text(
        f"<PermissionSet {NAMESPACE}><label>Fcc Access</label>{granted}</PermissionSet>"
    )
    return root


def everybody_sees_standard_fields() -> world.World:
    """The demo world, where the integration user's profile is a person's."""
    demo = world.demo()
    people = [
        replace(person, profile="System Administrator") if person.profile == world.API_ONLY else person
        for person in demo.people
    ]
    return replace(demo, people=tuple(people))


@pytest.fixture
def org(metadata: pathlib.Path, seconds: Seconds) -> Org:
    return Org(Site(9444, CONNECTOR), Package(metadata), everybody_sees_standard_fields(), seconds)


@pytest.fixture
def product_org(seconds: Seconds) -> Org:
    """An org with the product's own package."""
    site = Site(9444, CONNECTOR)
    return Org(site, Package(METADATA, rendered(site)), world.demo(), seconds)


@pytest.fixture
def client(org: Org) -> Client:
    return Client(create_app(org), use_cookies=False)


@pytest.fixture
def my(client: Client, org: Org) -> Caller:
    """The My Domain host, without a token."""
    return Caller(client, org.site.my_host)


@pytest.fixture
def lightning(client: Client, org: Org) -> Caller:
    return Caller(client, org.site.lightning_host)


@pytest.fixture
def vf(client: Client, org: Org) -> Caller:
    return Caller(client, org.site.vf_host)


@pytest.fixture
def api(my: Caller) -> Iterator[Caller]:
    """The My Domain host with the integration user's token."""
    answer = my.post(
        "/services/oauth2/token",
        data={
            "grant_type": "client_credentials",
            "client_id": "demo-pairing-key",
            "client_secret": "demo-pairing-secret-b25a",
        },
    )
    my.token = answer.get_json()["access_token"]
    yield my
    my.token = None


@pytest.fixture
def people(org: Org) -> dict[str, str]:
    """User ids by the first part of the user name."""
    return {row["Username"].partition("@")[0]: row["Id"] for row in org.records.rows("User")}


@pytest.fixture
def records(org: Org) -> dict[str, str]:
    """Record ids by name (cases by number)."""
    made = {}
    for kind in ("Account", "Contact", "Lead", "Case"):
        for row in org.records.rows(kind):
            made[row.get("CaseNumber") or row["Name"]] = row["Id"]
    return made

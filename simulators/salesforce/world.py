"""The demo world: the org ACME Polska, its people, its records and its two connected apps.

A world file (JSON) may change it: `{"users": [...], "records": [{"type": "Account", ...}], "settings": {...},
"apps": {...}, "task_statuses": [...]}`; users and records are added (a user with a known username is replaced),
the other keys replace. A record may carry `"ref": "name"`, and any value `"@name"` then means its id.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Mapping

INTEGRATION_USER: Final = "fcc.integration@acme.example"
ACCESS_PERMISSION_SET: Final = "Fcc_Access"
API_ONLY: Final = "Minimum Access - API Only Integrations"
#: Profiles that grant no standard field of their own.
API_ONLY_PROFILES: Final = frozenset({API_ONLY})


@dataclass(frozen=True)
class Person:
    """A Salesforce user. `permission_sets` None: every one of the package's; otherwise just those named."""

    username: str
    first_name: str
    last_name: str
    language: str = "pl"
    profile: str = "Standard User"
    permission_sets: tuple[str, ...] | None = (ACCESS_PERMISSION_SET,)
    call_center: bool = True
    active: bool = True
    email: str = ""

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True)
class Apps:
    """The Canvas app and the app for pairing (client credentials), with their consumer keys and secrets."""

    canvas_name: str = "FCC_WebPhone"
    canvas_label: str = "FCC WebPhone"
    canvas_key: str = "demo-canvas-key"
    canvas_secret: str = "demo-canvas-secret-7d1f"  # noqa: S105 - the demo's, known to everyone
    client_id: str = "demo-pairing-key"
    client_secret: str = "demo-pairing-secret-b25a"  # noqa: S105 - the demo's, known to everyone
    run_as: str | None = INTEGRATION_USER


@dataclass(frozen=True)
class World:
    """Everything an org starts with; see the module's text for the file that changes it."""

    name: str = "ACME Polska"
    people: tuple[Person, ...] = ()
    records: tuple[Mapping[str, Any], ...] = ()
    apps: Apps = field(default_factory=Apps)
    settings: Mapping[str, Any] = field(default_factory=dict)
    task_statuses: tuple[tuple[str, str, bool], ...] = (
        ("Not Started", "Not Started", False),
        ("In Progress", "In Progress", False),
        ("Completed", "Completed", True),
        ("Waiting on someone else", "Waiting on someone else", False),
        ("Deferred", "Deferred", False),
    )


DEMO_PEOPLE: Final = (
    Person("anna.nowak@acme.example", "Anna", "Nowak"),
    Person("piotr.wisniewski@acme.example", "Piotr", "Wiśniewski"),
    Person("ewa.zielinska@acme.example", "Ewa", "Zielińska"),
    Person("jan.nadzorca@acme.example", "Jan", "Nadzorca"),
    Person("ola.agentka@acme.example", "Ola", "Agentka"),
    Person("ula.uc@acme.example", "Ula", "Uc"),
    Person("john.smith@acme.example", "John", "Smith", language="en_US"),
    Person("tomasz.beznumeru@acme.example", "Tomasz", "Beznumeru"),
    Person("zofia.zolc@acme.example", "Zofia", "Żółć"),
    Person("admin@acme.example", "Admin", "User", language="en_US", profile="System Administrator"),
    Person(
        INTEGRATION_USER, "FCC", "Integration", language="en_US", profile=API_ONLY,
        permission_sets=None, call_center=False,
    ),
)  # fmt: skip

DEMO_RECORDS: Final[tuple[Mapping[str, Any], ...]] = (
    {"ref": "acme", "type": "Account", "Name": "ACME Polska", "Phone": "+48 22 111 22 33", "Type": "Customer - Direct",
     "BillingCity": "Warszawa", "Website": "https://acme.example"},
    {"ref": "browar", "type": "Account", "Name": "Browar Źródło", "Phone": "(22) 555-01-99",
     "Industry": "Food & Beverage", "BillingCity": "Żywiec"},
    {"ref": "kowalski", "type": "Contact", "FirstName": "Jan", "LastName": "Kowalski", "AccountId": "@acme",
     "Phone": "22 111 22 34", "MobilePhone": "600 100 200", "Email": "jan.kowalski@klient.example",
     "Title": "Kierownik zakupów"},
    {"type": "Contact", "FirstName": "Maria", "LastName": "Lewandowska", "AccountId": "@browar",
     "MobilePhone": "+48600100205", "Email": "maria.lewandowska@browar.example", "Title": "Główna księgowa"},
    {"type": "Contact", "FirstName": "Adam", "LastName": "Nowy", "AccountId": "@acme", "Phone": "600-100-300"},
    {"type": "Contact", "FirstName": "Ewa", "LastName": "Nowa", "AccountId": "@acme", "Phone": "600-100-300"},
    {"type": "Lead", "FirstName": "Krzysztof", "LastName": "Zając", "Company": "Zajazd", "Phone": "0048 600 100 400",
     "Status": "Open - Not Contacted"},
    {"type": "Contact", "FirstName": "Zajęty", "LastName": "Klient", "MobilePhone": "600100201"},
    {"type": "Contact", "FirstName": "Nie", "LastName": "Odbiera", "MobilePhone": "600100202"},
    {"type": "Contact", "FirstName": "Nieosiągalny", "LastName": "Numer", "MobilePhone": "600100203"},
    {"type": "Contact", "FirstName": "Zapowiedź", "LastName": "Operatora", "MobilePhone": "600100204"},
    {"ref": "reklamacja", "type": "Case", "CaseNumber": "00001234", "Subject": "Reklamacja faktury",
     "ContactId": "@kowalski", "Status": "New", "Priority": "Medium", "Origin": "Phone",
     "Description": "Klient pyta o fakturę z października."},
)  # fmt: skip


def demo() -> World:
    """The built-in world."""
    return World(people=DEMO_PEOPLE, records=DEMO_RECORDS)


def load(path: pathlib.Path) -> World:
    """The demo world as a file changes it; raises ValueError when the file says something unknown."""
    said = json.loads(path.read_text(encoding="utf-8"))
    world = demo()
    unknown = set(said) - {"name", "users", "records", "settings", "apps", "task_statuses", "clear"}
    if unknown:
        raise ValueError(f"{path.name}: unknown keys {sorted(unknown)}")
    if said.get("clear"):
        world = replace(world, records=())
    people = {person.username: person for person in world.people}
    for user in said.get("users", ()):
        sets = user.get("permission_sets", (ACCESS_PERMISSION_SET,))
        people[user["username"]] = Person(**{**user, "permission_sets": sets if sets is None else tuple(sets)})
    return replace(
        world,
        name=said.get("name", world.name),
        people=tuple(people.values()),
        records=(*world.records, *said.get("records", ())),
        settings={**world.settings, **said.get("settings", {})},
        apps=Apps(**said["apps"]) if "apps" in said else world.apps,
        task_statuses=tuple(tuple(status) for status in said.get("task_statuses", world.task_statuses)),
    )

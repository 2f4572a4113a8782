"""What the tenant consists of: its users, campaigns, statuses and the people who can be called.

A world is read from a JSON file of the same shape as `demo_world()` gives, or is the demo world itself. What a file
leaves out is the demo world's.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

UserType = Literal["administrator", "supervisor", "agent", "pbx", "uc"]

READY, NOT_READY, BUSY, WRAP = 1, 2, 3, 4


@dataclass(frozen=True)
class User:
    """A user of the tenant. Only one of type `pbx` has a phone: `extension` is its SIP user."""

    id: int
    login: str
    first_name: str
    last_name: str
    email: str
    type: UserType
    extension: str | None = None
    city_number: str | None = None
    presentation: str | None = None
    active: bool = True

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def has_phone(self) -> bool:
        return self.active and self.type == "pbx" and self.extension is not None

    def row(self) -> dict[str, Any]:
        """The user as `fcc-users-list` gives it."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


@dataclass(frozen=True)
class Campaign:
    """A campaign; an inbound one has a queue with a number of its own."""

    id: int
    name: str
    direction: Literal["inbound", "outbound"]
    mode: Literal["automatic", "manual-www", "manual-phone"]
    wrap_seconds: float
    ivr_authorization: bool = False
    queue_number: str | None = None

    def row(self) -> dict[str, Any]:
        """The campaign as `fcc-campaigns-list` gives it."""
        return {
            "id": self.id,
            "name": self.name,
            "direction": self.direction,
            "mode": self.mode,
            "wrap_seconds": self.wrap_seconds,
            "ivr_authorization": self.ivr_authorization,
        }


@dataclass(frozen=True)
class Status:
    """A status an agent can be in; its class is what the phone understands, its name what the tenant calls it."""

    id: int
    status_class: Literal["ready", "notready", "busy", "wrap", "pause"]
    name: str

    def row(self) -> dict[str, Any]:
        return {"id": self.id, "class": self.status_class, "name": self.name}


@dataclass(frozen=True)
class World:
    """Everything the simulator knows before the first call."""

    domain: str = "acme"
    customer_id: int = 4711
    api_key: str = "demo-api-key-3f9c1e7a"
    sip_domain: str = "acme.fcc.example"
    time_zone: str = "Europe/Warsaw"
    country_code: str = "48"
    webhook_user: str = "fcc"
    webhook_password: str = "demo-webhook-secret"  # noqa: S105 - the demo world's, known to everybody
    correlation: Literal["call-id", "none"] = "call-id"
    ring_seconds: float = 15.0
    reoffer_seconds: float = 5.0
    sip_password_seconds: int = 43_200
    nonce_seconds: int = 300
    off_campaign_id: int = 9
    users: tuple[User, ...] = ()
    campaigns: tuple[Campaign, ...] = ()
    statuses: tuple[Status, ...] = ()
    settable_statuses: tuple[int, ...] = (1, 2, 5, 6)
    behaviours: Mapping[str, Any] = field(default_factory=dict)

    def user_by_login(self, login: str) -> User | None:
        return next((user for user in self.users if user.login == login), None)

    def user_by_extension(self, extension: str) -> User | None:
        return next((user for user in self.users if user.has_phone and user.extension == extension), None)

    def user(self, user_id: int) -> User:
        return next(user for user in self.users if user.id == user_id)

    def campaign(self, campaign_id: int) -> Campaign:
        return next(campaign for campaign in self.campaigns if campaign.id == campaign_id)

    def status(self, status_id: int) -> Status:
        return next(status for status in self.statuses if status.id == status_id)

    def queues(self) -> list[Campaign]:
        return [campaign for campaign in self.campaigns if campaign.queue_number is not None]


def demo_world() -> World:
    """The tenant `acme`, on which both simulators and the tests agree."""
    return World(
        users=(
            User(100, "admin", "Adam", "Administrator", "admin@acme.example", "administrator"),
            User(
                101,
                "anna.nowak",
                "Anna",
                "Nowak",
                "anna.nowak@acme.example",
                "pbx",
                "40312",
                "+48221234567",
                "+48221234567",
            ),
            User(
                102,
                "piotr.wisniewski",
                "Piotr",
                "Wiśniewski",
                "piotr.wisniewski@acme.example",
                "pbx",
                "40318",
                "+48221234568",
                "+48221234568",
            ),
            User(
                103,
                "ewa.zielinska",
                "Ewa",
                "Zielińska",
                "ewa.zielinska@acme.example",
                "pbx",
                "40319",
                "+48221234569",
            ),
            User(104, "jan.nadzorca", "Jan", "Nadzorca", "jan.nadzorca@acme.example", "supervisor"),
            User(105, "ola.agentka", "Ola", "Agentka", "ola.agentka@acme.example", "agent"),
            User(106, "ula.uc", "Ula", "Uc", "ula.uc@acme.example", "uc"),
            User(
                107,
                "obcy.uzytkownik",
                "Obcy",
                "Użytkownik",
                "nieznany@poza.example",
                "pbx",
                "40320",
                "+48221234571",
                "+48221234571",
            ),
            User(
                108,
                "john.smith",
                "John",
                "Smith",
                "John.Smith@ACME.example",
                "pbx",
                "40321",
                "+48221234570",
                "+48221234570",
            ),
            User(
                109,
                "tomasz.bez.numeru",
                "Tomasz",
                "Beznumeru",
                "tomasz.beznumeru@acme.example",
                "pbx",
                "40322",
            ),
        ),
        campaigns=(
            Campaign(1, "Obsługa klienta", "inbound", "manual-phone", 20, queue_number="+48221110000"),
            Campaign(2, "Sprzedaż", "outbound", "manual-phone", 15),
            Campaign(3, "Windykacja", "outbound", "automatic", 10),
            Campaign(4, "Ankiety", "outbound", "manual-www", 5),
            Campaign(9, "Poza kampaniami", "outbound", "manual-phone", 10),
        ),
        statuses=(
            Status(1, "ready", "W kolejce"),
            Status(2, "notready", "Niegotowy"),
            Status(3, "busy", "Zajęty"),
            Status(4, "wrap", "WRAP"),
            Status(5, "pause", "Przerwa obiadowa"),
            Status(6, "pause", "Szkolenie"),
        ),
        behaviours={
            "+48600100201": "busy",
            "+48600100202": "no-answer",
            "+48600100203": "unreachable",
            "+48600100204": "announcement",
            "+48600100205": "hangs-up",
            "+48600100206": "declines",
            "+48600100207": "ringback",
        },
    )


def read_world(path: Path) -> World:
    """The world of a JSON file; raises ValueError that names what in it is not understood."""
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: not JSON: {error}") from error
    if not isinstance(given, dict):
        raise ValueError(f"{path}: a world is an object")  # noqa: TRY004 - what is wrong is the file
    return world_from(given)


def world_from(given: dict[str, Any]) -> World:
    """A world from parsed JSON; raises ValueError for a name that no world has."""
    known = {one.name for one in fields(World)}
    unknown = sorted(set(given) - known)
    if unknown:
        raise ValueError(f"unknown in a world: {', '.join(unknown)}")
    changes: dict[str, Any] = dict(given)
    try:
        if "users" in given:
            changes["users"] = tuple(User(**row) for row in given["users"])
        if "campaigns" in given:
            changes["campaigns"] = tuple(Campaign(**row) for row in given["campaigns"])
        if "statuses" in given:
            changes["statuses"] = tuple(Status(row["id"], row["class"], row["name"]) for row in given["statuses"])
    except (TypeError, KeyError) as error:
        raise ValueError(f"a row of the world is not understood: {error}") from error
    if "settable_statuses" in given:
        changes["settable_statuses"] = tuple(given["settable_statuses"])
    if "behaviours" in given:
        changes["behaviours"] = {**demo_world().behaviours, **given["behaviours"]}
    return replace(demo_world(), **changes)

"""A small FCC on loopback that knows the document: it refuses what isn't signed and answers what is documented."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from tests.contract.pbx.schema import check_answer, check_request
from tests.support.json_server import Answer

if TYPE_CHECKING:
    from tests.support.json_server import Request

KEY = "demo-api-key-3f9c1e7a"
ADMIN = {"fcc-campaigns-list", "fcc-users-list", "fcc-staff-statuses-list", "fcc-calls-list"}
NOW = "2026-11-22T10:00:00+01:00"
READY = {"id": 1, "class": "ready", "name": "W kolejce", "since": NOW, "until": None, "calls_id": None}
ROW = {
    "calls_id": 136,
    "date_time": NOW,
    "direction": "inbound",
    "campaigns_id": 1,
    "queue": "Obsługa klienta",
    "number_a": "+48600100200",
    "number_b": "+48221110000",
    "ivr": "1234",
    "users_id": 101,
    "status": "ANSWERED",
    "cause": "16",
    "disconnecting_side": "customer",
    "answered_at": "2026-11-22T10:00:05+01:00",
    "ended_at": "2026-11-22T10:01:05+01:00",
    "talk_seconds": 60,
    "recording": True,
    "segment": 0,
    "updated_at": "2026-11-22T10:01:06+01:00",
}


def user(users_id: int, login: str, kind: str = "pbx", /, **changes: Any) -> dict[str, Any]:
    """One row of the users' list."""
    first, _, last = login.partition(".")
    base = {"id": users_id, "login": login, "first_name": first.title(), "last_name": last.title()}
    rest = {"email": f"{login}@acme.example", "type": kind, "extension": "40312", "active": True}
    return {**base, **rest, "city_number": "+48221234567", "presentation": "+48221234567", **changes}


class StandIn:
    """Answers for tests; `answers` may be changed."""

    def __init__(self) -> None:
        self.answers: dict[str, dict[str, Any]] = {
            "fcc-users-list": {
                "users": [
                    user(100, "admin", "administrator", city_number=None, presentation=None, extension=None),
                    user(101, "anna.nowak"),
                    user(103, "ewa.zielinska", presentation=None),
                ]
            },
            "fcc-campaigns-list": {
                "campaigns": [
                    {
                        "id": 9,
                        "name": "Poza kampaniami",
                        "direction": "outbound",
                        "mode": "manual-phone",
                        "wrap_seconds": 10,
                        "ivr_authorization": False,
                    }
                ]
            },
            "fcc-staff-statuses-list": {
                "statuses": [
                    {"id": 1, "class": "ready", "name": "W kolejce"},
                    {"id": 2, "class": "notready", "name": "Niegotowy"},
                ]
            },
            "fcc-calls-list": {"calls": [ROW], "cursor": "c-1"},
            "fcc-staff-status": {"status": READY},
            "fcc-set-staff-status": {"status": {**READY, "id": 2, "class": "notready", "name": "Niegotowy"}},
            "fcc-sip-credentials": {
                "sip": {
                    "uri": "sip:40312@acme.fcc.example",
                    "username": "40312",
                    "password": "short-lived",
                    "ws_url": "ws://fcc.localhost:1/sip",
                    "expires_at": NOW,
                }
            },
            "fcc-drop-call": {},
            "fcc-create-jwt-token": {"token": "t"},
        }

    def __call__(self, request: Request) -> Answer:
        function = request.path.rsplit("/", 1)[1]
        body = request.json
        check_request(function, body)
        user_part, _, domain = body["login"].partition("@")
        signed = hashlib.new(body["method"], f"{user_part}{body['change']}{KEY}".encode()).hexdigest()
        wanted = {"admin"} if function in ADMIN else {"anna.nowak"}
        faults = {
            "Unknown domain": domain != "acme",
            "Unknown login": user_part not in wanted,
            "Invalid hash": signed != body["hash"],
        }
        if any(faults.values()):
            said = next(message for message, at_fault in faults.items() if at_fault)
            return Answer(body={"success": False, "message": said})
        if function == "fcc-drop-call" and body["calls_id"] == 0:
            return Answer(body={"success": False, "message": "No such call"})
        answer = {"success": True, **self.answers[function]}
        check_answer(function, answer)
        return Answer(body=answer)

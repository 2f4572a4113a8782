"""Builders of facts for tests: a call told in seconds from its start."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from cti.domain.facts import Fact
from cti.domain.times import iso

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ANNA, PIOTR = 101, 102
CUSTOMER = "+48600100200"
QUEUE = "+48221110000"
ACCOUNT = {"record_id": "001000000000001AAA", "object_type": "Account", "name": "ACME"}
CASE = {"record_id": "500000000000001AAA", "object_type": "Case", "name": "00001234"}


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def fcc(kind: str, seconds: float, *, calls_id: int = 7, **content: Any) -> Fact:
    base = {"direction": "inbound", "number": CUSTOMER, "own_number": QUEUE, "segment": 0, "started_at": iso(START)}
    return Fact("fcc", kind, at(seconds), calls_id, content={**base, **content})


def row(seconds: float, *, calls_id: int = 7, **content: Any) -> Fact:
    base = {"direction": "inbound", "number": CUSTOMER, "own_number": QUEUE, "segment": 0, "started_at": iso(START)}
    return Fact("list", "row", at(seconds), calls_id, content={**base, **content})


def pane(kind: str, seconds: float, *, sip: str = "sip-1", user: int = ANNA, **content: Any) -> Fact:
    base = {"users_id": user, "direction": "inbound", "number": CUSTOMER}
    return Fact("pane", kind, at(seconds), None, sip, {**base, **content})


def agent(kind: str, seconds: float, *, user: int = ANNA, calls_id: int | None = 7, **content: Any) -> Fact:
    return Fact("agent", kind, at(seconds), calls_id, content={"users_id": user, **content})


def match(seconds: float, *records: dict[str, Any], user: int = ANNA, complete: bool = True) -> Fact:
    return Fact(
        "match",
        "matched",
        at(seconds),
        7,
        content={"users_id": user, "candidates": list(records), "complete": complete},
    )


def checked(seconds: float, record_id: str, record: dict[str, Any] | None, *, user: int = ANNA) -> Fact:
    content = {"users_id": user, "record_id": record_id, **({"record": record} if record is not None else {})}
    return Fact("match", "checked", at(seconds), None, content=content)


def contact(record_id: str = "003000000000001AAA", name: str = "Jan Kowalski") -> dict[str, Any]:
    return {"record_id": record_id, "object_type": "Contact", "name": name, "reason": "mobile"}

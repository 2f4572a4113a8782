"""Every route and every WebSocket says who may call it, docs/threats.md says the same, and nobody else gets in."""

from __future__ import annotations

import pathlib
import re
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet

from app import build_app, build_services
from cti.settings import load
from cti.web.callers import Caller

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from werkzeug.routing import Rule

THREATS = pathlib.Path(__file__).resolve().parents[2] / "docs/threats.md"
ROW = re.compile(r"^\| `([^`]+)` \| ([^|]+) \|", re.MULTILINE)
FLASKS_OWN = {"static": Caller.ANYBODY}


@pytest.fixture
def app(tmp_path: pathlib.Path) -> Iterator[Flask]:
    services = build_services(
        load(
            public_url="https://connector.example",
            secret_key="a secret that only tests know, long enough",
            encryption_keys=Fernet.generate_key().decode(),
            data_dir=tmp_path,
        )
    )
    yield build_app(services)
    services.close()


def doors(app: Flask) -> dict[str, Caller | None]:
    """What can be called, and by whom as the view says; None where it says nothing."""
    return {
        f"{verb} {rule.rule}": FLASKS_OWN.get(
            rule.endpoint, getattr(app.view_functions[rule.endpoint], "open_to", None)
        )
        for rule in app.url_map.iter_rules()
        for verb in verbs(rule)
    }


def verbs(rule: Rule) -> set[str]:
    return {"WebSocket"} if rule.websocket else set(rule.methods or ()) - {"HEAD", "OPTIONS"}


def test_every_route_and_socket_says_who_may_call_it(app: Flask):
    found = doors(app)
    assert sum(door.startswith("WebSocket") for door in found) >= 2
    assert [door for door, caller in found.items() if caller is None] == []


def test_the_page_about_threats_says_the_same(app: Flask):
    page = THREATS.read_text(encoding="utf-8").split("## Who may call what")[1].split("\n## ")[0]
    assert {door: str(caller) for door, caller in doors(app).items()} == dict(ROW.findall(page))


def test_whoever_comes_with_nothing_is_let_in_only_where_anybody_is(app: Flask):
    client = app.test_client()
    asked = {
        door: client.open(re.sub(r"<[^>]+>", "anything", door.split()[1]), method=door.split()[0]).status_code
        for door, caller in doors(app).items()
        if caller is not Caller.ANYBODY and not door.startswith("WebSocket")
    }
    assert asked
    assert {door: status for door, status in asked.items() if not 400 <= status < 500} == {}

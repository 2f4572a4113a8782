"""The pane's page, whoever let the agent in."""

from __future__ import annotations

import json
import pathlib
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask

from cti.accounts import IssuedSession, PaneSession
from cti.domain.fcc import FccUser, UserKind
from cti.web.errors import PaneNotBuiltError
from cti.web.pane_page import PanePage, frames_of
from tests.support import accounts
from tests.support.wsgi import built_pane

if TYPE_CHECKING:
    from flask import Response

    from tests.support.clock import DrivenClock

TEMPLATES = pathlib.Path(__file__).resolve().parents[3] / "templates"
ANNA = FccUser(101, "anna.nowak", "anna.nowak@acme.example", UserKind.PBX, "Anna", "Nowak", "40312")


class Door:
    """Lets one agent in, with a page of `directory`'s build."""

    def __init__(self, directory: pathlib.Path, clock: DrivenClock) -> None:
        self.clock = clock
        self.page = PanePage(built_pane(directory), websocket_url="wss://connector.example.com", version="1.2")

    def answer(self, name: str = "Anna Nowak", frames: tuple[str, ...] = ()) -> Response:
        now = self.clock.now()
        session = PaneSession(
            id="session-1",
            org_id="00D000000000001EAA",
            pairing_id="acme-1",
            sf_user_id="005000000000001AAA",
            fcc_user_id=101,
            language="pl",
            name=name,
            email=ANNA.email,
            token="the-orgs-token",
            token_at=now,
            created_at=now,
            expires_at=now + timedelta(minutes=15),
            revoked_at=None,
        )
        issued = IssuedSession(session, "session-token", 900)
        with Flask("test", template_folder=str(TEMPLATES)).test_request_context():
            return self.page.answer(issued, ANNA, parent="https://parent.example.com", frames=frames)


@pytest.fixture
def door(tmp_path: pathlib.Path, clock: DrivenClock) -> Door:
    return Door(tmp_path, clock)


def boot_of(response: Response) -> dict[str, Any]:
    found = re.search(
        r'<script type="application/json" id="boot">(.*?)</script>', response.get_data(as_text=True), re.DOTALL
    )
    assert found is not None
    return dict(json.loads(found[1]))


def frames_in(response: Response) -> str:
    rules = response.headers["Content-Security-Policy"].split("; ")
    (frames,) = (rule.removeprefix("frame-ancestors ") for rule in rules if rule.startswith("frame-ancestors "))
    return frames


def test_the_page_holds_what_the_pane_starts_with_and_nothing_of_salesforces(door: Door) -> None:
    response = door.answer()
    assert boot_of(response) == {
        "session": "session-token",
        "expiresIn": 900,
        "language": "pl",
        "agent": {"name": "Anna Nowak", "extension": "40312"},
        "origins": {"parent": "https://parent.example.com"},
        "channel": "wss://connector.example.com/pane/channel",
        "sip": "wss://connector.example.com/pane/sip",
        "version": "1.2",
        "signInSeq": 0,
    }
    assert "the-orgs-token" not in response.get_data(as_text=True)


def test_an_agent_whom_nobody_named_has_the_name_that_fcc_keeps(door: Door) -> None:
    assert boot_of(door.answer(name=""))["agent"]["name"] == "Anna Nowak"


@pytest.mark.parametrize("name", ["</script><script>alert(1)</script>", "<!--<script>", "Zażółć \u2028\u2029 &\"'"])
def test_a_name_cannot_break_out_of_the_page(door: Door, name: str) -> None:
    response = door.answer(name=name)
    assert boot_of(response)["agent"]["name"] == name
    assert "alert(1)</script>" not in response.get_data(as_text=True)
    assert "<!--" not in response.get_data(as_text=True)


def test_only_the_origins_given_may_frame_the_page_and_nobody_where_none_is(door: Door) -> None:
    assert frames_in(door.answer(frames=("https://a.example.com", "https://b.example.com"))) == (
        "https://a.example.com https://b.example.com"
    )
    assert frames_in(door.answer()) == "'none'"


def test_an_orgs_frames_are_its_own_origins_each_once(clock: DrivenClock) -> None:
    one = "https://acme.my.salesforce.com"
    org = accounts.org(clock, lightning_origin=one, vf_origin="https://acme--c.vf.force.com", my_domain_url=one)
    assert frames_of(org) == (one, "https://acme--c.vf.force.com")


def test_a_pane_that_was_not_built_has_no_page(door: Door, tmp_path: pathlib.Path) -> None:
    (tmp_path / "dist" / "manifest.json").unlink()
    with pytest.raises(PaneNotBuiltError):
        door.answer()

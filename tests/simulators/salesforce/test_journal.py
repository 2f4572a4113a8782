"""What an org remembers when its process ends, however it ends, and begins again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import Client

from simulators.salesforce import world
from simulators.salesforce.app import ROOT, create_app
from simulators.salesforce.journal import Journal
from simulators.salesforce.org import Org

from .conftest import Caller

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterator

    from .conftest import Seconds

    Again = Callable[..., Org]


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "org.jsonl"


@pytest.fixture
def again(path: pathlib.Path, seconds: Seconds) -> Iterator[Again]:
    """Makes the org of a process that begins where the former one ended, without a word from that one."""
    journals = []

    def make(org: Org, **changes: Any) -> Org:
        journals.append(Journal(path))
        return Org(org.site, org.package, replace(org.world, **changes), seconds, journals[-1])

    yield make
    for journal in journals:
        journal.close()


def my_domain(org: Org, token: str | None = None) -> Caller:
    return Caller(Client(create_app(org), use_cookies=False), org.site.my_host, token)


@pytest.fixture
def first(org: Org, again: Again) -> Org:
    return again(org)


def signed_in(org: Org) -> str:
    session = org.sessions.sign_in("anna.nowak@acme.example")
    return org.sessions.canvas_token(session).value


def test_records_their_keys_and_their_numbers_go_on(first: Org, again: Again) -> None:
    token = signed_in(first)
    my = my_domain(first, token)
    task = {"Subject": "Rozmowa", "Status": "Completed"}
    made = my.patch("/services/data/v67.0/sobjects/Task/FCC_Call_Id__c/acme:1:0", task).get_json()["id"]
    case = my.post("/services/data/v67.0/sobjects/Case", {"Subject": "A"}).get_json()["id"]

    second = again(first)
    my = my_domain(second, token)
    once_more = my.patch("/services/data/v67.0/sobjects/Task/FCC_Call_Id__c/acme:1:0", {"Subject": "B"}).get_json()
    assert (once_more["id"], once_more["created"]) == (made, False)
    assert len(second.records.rows("Task")) == 1
    next_case = my.post("/services/data/v67.0/sobjects/Case", {"Subject": "B"}).get_json()["id"]
    assert next_case != case
    assert [row["CaseNumber"] for row in second.records.rows("Case")] == ["00001234", "00001235", "00001236"]
    assert second.records.table("Case")[case] == first.records.table("Case")[case]


def test_sessions_tokens_and_switches_go_on(first: Org, seconds: Seconds, again: Again) -> None:
    my = my_domain(first)
    said = my.post("/_sim/login", {"user": "anna.nowak@acme.example"}).get_json()
    ended = signed_in(first)
    first.sessions.revoke(ended)
    nonce = first.sessions.frame_nonce(first.sessions.session(said["sid"]))
    my.post("/_sim/settings", {"softphone_allow": "none", "api_enabled": {"anna.nowak@acme.example": False}})
    my.post("/_sim/permission-sets", {"user": "ola.agentka@acme.example", "assigned": False})

    second = again(first)
    anna = said["user_id"]
    assert second.sessions.session_of_frame(nonce) == first.sessions.session(said["sid"])
    assert second.sessions.canvas_token(second.sessions.session(said["sid"])).value == said["token"]
    assert second.sessions.token(ended) is None
    assert second.settings.softphone_allow == "none"
    assert not second.access.api_enabled(anna)
    assert second.access.permission_sets_of(second.records.user_by_name("ola.agentka@acme.example")["Id"]) == set()
    seconds.value += second.settings.token_lifetime_s
    assert second.sessions.token(said["token"]) is None


def test_what_a_batch_took_back_does_not_come_again(first: Org, again: Again) -> None:
    my = my_domain(first, signed_in(first))
    rows = [{"attributes": {"type": "Lead"}, "LastName": "A", "Company": "B"}, {"attributes": {"type": "Lead"}}]
    my.post("/services/data/v67.0/composite/sobjects", {"allOrNone": True, "records": rows})
    assert first.records.rows("Lead") == again(first).records.rows("Lead")


def test_a_reset_is_remembered_too(first: Org, again: Again) -> None:
    my = my_domain(first)
    my.post("/_sim/records", {"type": "Lead", "LastName": "A", "Company": "B"})
    my.post("/_sim/reset")
    assert len(again(first).records.rows("Lead")) == 1


def test_what_comes_after_a_reset_is_kept(first: Org, again: Again) -> None:
    my = my_domain(first)
    my.post("/_sim/reset")
    my.post("/_sim/records", {"type": "Lead", "LastName": "A", "Company": "B"})
    assert [row["LastName"] for row in again(first).records.rows("Lead")] == ["Zając", "A"]


def test_a_line_cut_short_loses_only_itself(first: Org, path: pathlib.Path, again: Again) -> None:
    my = my_domain(first)
    my.post("/_sim/records", {"type": "Lead", "LastName": "A", "Company": "B"})
    my.post("/_sim/records", {"type": "Lead", "LastName": "C", "Company": "D"})
    path.write_bytes(path.read_bytes()[:-9])
    assert [row["LastName"] for row in again(first).records.rows("Lead")] == ["Zając", "A"]


def test_another_world_begins_anew(first: Org, again: Again) -> None:
    my_domain(first).post("/_sim/records", {"type": "Lead", "LastName": "A", "Company": "B"})
    assert again(first, records=()).records.rows("Lead") == []
    assert len(world.demo().records) > 0


def test_a_killed_program_has_lost_nothing_it_answered(tmp_path: pathlib.Path) -> None:
    port = 0
    names = []
    for name in ("A", "B"):
        command = [sys.executable, "-m", "simulators.salesforce", "--port", str(port), "--state", str(tmp_path),
                   "--connector-url", "http://connector.localhost:5"]  # fmt: skip
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            port = int(json.loads(process.stdout.readline())["url"].rpartition(":")[2])
            asked = urllib.request.Request(
                f"http://127.0.0.1:{port}/_sim/records",
                data=json.dumps({"type": "Lead", "LastName": name, "Company": "B"}).encode(),
                headers={"Host": f"acme-my.localhost:{port}", "Content-Type": "application/json"},
            )
            with urllib.request.urlopen(asked, timeout=5) as answer:
                assert json.load(answer)["LastName"] == name
            asked = urllib.request.Request(
                f"http://127.0.0.1:{port}/_sim/state", headers={"Host": f"acme-my.localhost:{port}"}
            )
            with urllib.request.urlopen(asked, timeout=5) as answer:
                names = [row["name"] for row in json.load(answer)["records"]["Lead"]]
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
    assert names == ["Krzysztof Zając", "A", "B"]

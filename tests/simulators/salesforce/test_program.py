"""The simulator as a program: its ready line, its world file, its control interface, its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from simulators.salesforce import world
from simulators.salesforce.__main__ import METADATA, ROOT
from simulators.salesforce.metadata.components import SoftphoneItem
from simulators.salesforce.metadata.package import Package

if TYPE_CHECKING:
    import pathlib

    from simulators.salesforce.org import Org

    from .conftest import Caller


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_once_that_it_is_ready_and_ends_when_told_to(tmp_path: pathlib.Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "simulators.salesforce", "--port", "0", "--state", str(tmp_path / "state"),
               "--connector-url", "http://connector.localhost:5"]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert ready["ready"] is True
        assert ready["pid"] == process.pid
        port = int(ready["url"].rpartition(":")[2])
        assert ready["url"] == f"http://acme-lightning.localhost:{port}"
        asked = urllib.request.Request(
            f"http://127.0.0.1:{port}/_sim/state", headers={"Host": f"acme-my.localhost:{port}"}
        )
        with urllib.request.urlopen(asked, timeout=5) as answer:
            assert json.load(answer)["org"]["name"] == "ACME Polska"
        os.kill(process.pid, number)
        rest, errors = process.communicate(timeout=60)
        assert (process.returncode, rest, errors) == (0, "", "")
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def test_a_world_file_adds_people_and_records_and_replaces_the_rest(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "world.json"
    said: dict[str, Any] = {
        "users": [
            {"username": "nowy@acme.example", "first_name": "Nowy", "last_name": "Człowiek", "permission_sets": []}
        ],
        "records": [{"type": "Contact", "LastName": "Dodana", "AccountId": "@acme"}],
        "settings": {"softphone_allow": "none"},
        "task_statuses": [["Open", "Open", False], ["Gotowe", "Gotowe", True]],
    }
    path.write_text(json.dumps(said))
    made = world.load(path)
    assert made.people[-1].name == "Nowy Człowiek"
    assert made.records[-1]["LastName"] == "Dodana"
    assert len(made.records) == len(world.demo().records) + 1
    assert made.settings == {"softphone_allow": "none"}
    assert [status[2] for status in made.task_statuses] == [False, True]


def test_a_world_file_with_unknown_words_is_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "world.json"
    path.write_text('{"recrods": []}')
    with pytest.raises(ValueError, match="recrods"):
        world.load(path)


def test_state_tells_what_an_installation_needs(my: Caller, org: Org) -> None:
    state = my.get("/_sim/state").get_json()
    assert state["org"]["id"] == org.id
    assert {"name", "canvas_key", "canvas_secret", "client_id", "client_secret", "my_domain_url"} <= set(state["org"])
    assert set(state["users"]) == {person.username for person in world.DEMO_PEOPLE}
    assert {row["name"] for row in state["records"]["Contact"]} >= {"Jan Kowalski", "Maria Lewandowska"}
    assert state["records"]["Case"][0]["number"] == "00001234"


def test_settings_that_do_not_exist_are_refused(my: Caller) -> None:
    for wrong in (
        {"softphone_allow": "some"},
        {"nothing": 1},
        {"token_lifetime_s": "long"},
        {"language": {"x@y": "pl"}},
    ):
        assert my.post("/_sim/settings", wrong).status_code == 400
    assert my.post("/_sim/fail", {"kind": "earthquake"}).status_code == 400
    assert my.post("/_sim/login", {"user": "nobody"}).status_code == 400


def test_settings_change_what_the_org_does(my: Caller, org: Org, people: dict[str, str]) -> None:
    said = my.post("/_sim/settings", {"softphone_allow": "explicit", "language": {"anna.nowak@acme.example": "en_US"}})
    assert said.get_json()["softphone_allow"] == "explicit"
    assert org.records.table("User")[people["anna.nowak"]]["LanguageLocaleKey"] == "en_US"


def test_reset_brings_the_first_world_back(my: Caller, org: Org) -> None:
    my.post("/_sim/records", {"type": "Lead", "LastName": "A", "Company": "B"})
    my.post("/_sim/settings", {"softphone_allow": "none"})
    assert len(org.records.rows("Lead")) == 2
    before = org.records.rows("Lead")[0]["Id"]
    my.post("/_sim/reset")
    assert [row["Id"] for row in org.records.rows("Lead")] == [before]
    assert org.settings.softphone_allow == "bare"


def test_records_are_changed_as_an_administrator_would(my: Caller, records: dict[str, str]) -> None:
    contact = records["Jan Kowalski"]
    assert my.post("/_sim/records", {"Id": contact, "Title": "Prezes"}).get_json()["Title"] == "Prezes"
    assert my.post("/_sim/records", {"Id": contact, "delete": True}).get_json()["IsDeleted"] is True
    assert my.post("/_sim/records", {"type": "Task", "CallType": "?"}).status_code == 400


def test_the_history_of_a_record_can_be_read(my: Caller, records: dict[str, str]) -> None:
    contact, account = records["Jan Kowalski"], records["ACME Polska"]
    values = {"type": "Task", "Subject": "Rozmowa", "TaskSubtype": "Call", "CallType": "Inbound", "Status": "Completed",
              "WhoId": contact, "CallDurationInSeconds": 5, "CallDisposition": "BUSY"}  # fmt: skip
    made = my.post("/_sim/records", values).get_json()
    for record_id in (contact, account):
        (entry,) = my.get(f"/_sim/records/{record_id}/activities").get_json()["activities"]
        assert (entry["id"], entry["subject"], entry["duration"], entry["outcome"], entry["status"]) == (
            made["Id"], "Rozmowa", 5, "BUSY", "Completed",
        )  # fmt: skip
    assert my.get("/_sim/tasks").get_json()["tasks"][0]["Id"] == made["Id"]


# the package that is deployed


def test_the_products_package_is_read(product_org: Org) -> None:
    item = Package(METADATA).softphone_item()
    assert item == SoftphoneItem(item.label, item.icon, eager=True, height=item.height, width=item.width)
    center = product_org.package.call_center()
    assert center is not None
    assert center.in_lightning
    assert center.adapter_url == f"{product_org.site.vf_origin}/apex/FCC_WebPhone"
    key = product_org.records.schema["task"].field("FCC_Call_Id__c")
    assert key is not None
    assert (key.external_id, key.unique, key.case_sensitive) == (True, True, True)


def test_a_call_centre_for_classic_only_is_not_shown_in_lightning(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "callCenters"
    folder.mkdir()
    (folder / "Old.callCenter-meta.xml").write_text(
        '<CallCenter xmlns="http://soap.sforce.com/2006/04/metadata"><adapterUrl>/apex/X</adapterUrl></CallCenter>'
    )
    center = Package(tmp_path).call_center()
    assert center is not None
    assert not center.in_lightning

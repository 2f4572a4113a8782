"""The dialogs of agents' phones in the database, and a phone's guard on top of it."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from cti.domain.sip_dialog import Dialog, Stage
from cti.proxy.phones import Phones
from tests.support.database import make_database
from tests.unit.proxy.speaking import Line, fcc_request, within

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cti.store.database import Database
    from tests.support.clock import DrivenClock

POSTGRESQL = pytest.param(
    "postgresql",
    marks=[
        pytest.mark.postgresql,
        pytest.mark.skipif("FCC_TEST_POSTGRESQL_URL" not in os.environ, reason="FCC_TEST_POSTGRESQL_URL is not set"),
    ],
)


@pytest.fixture(params=["sqlite", POSTGRESQL])
def database(request: pytest.FixtureRequest, tmp_path: Path, clock: DrivenClock) -> Iterator[Database]:
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgresql_tables").emptied()
    made = make_database(tmp_path, clock, url=url)
    yield made
    made.close()


@pytest.fixture
def dialog(clock: DrivenClock) -> Dialog:
    return Dialog(
        call_id="x" * 600,
        local_tag="me",
        remote_tag="zażółć",
        stage=Stage.EARLY,
        local="sip:40312@acme.fcc.example",
        targets=("sip:fcc@10.0.0.1",),
        routes=("sip:edge.fcc.example;lr", "sip:core.fcc.example;lr"),
        answered_by="",
        at=clock.now(),
    )


def stored(database: Database, audience: str = "p1:101") -> list[Dialog]:
    with database.read() as uow:
        return uow.sip_dialogs.of(audience)


def save(database: Database, *changes: tuple[str, Dialog]) -> None:
    with database.write() as uow:
        uow.sip_dialogs.save(changes)
        uow.commit()


def test_a_dialog_comes_back_as_it_was(database: Database, dialog: Dialog) -> None:
    save(database, ("p1:101", dialog))
    assert stored(database) == [dialog]
    assert stored(database, "p1:102") == []


def test_a_dialog_is_kept_once_as_it_is_now(database: Database, dialog: Dialog) -> None:
    save(database, ("p1:101", dialog))
    confirmed = replace(dialog, stage=Stage.CONFIRMED, targets=("sip:moved@10.0.0.9",), at=dialog.at + timedelta(1))
    other = replace(dialog, remote_tag="other")
    save(database, ("p1:101", confirmed), ("p1:101", other), ("p1:102", dialog))
    assert stored(database) == [other, confirmed]
    assert stored(database, "p1:102") == [dialog]


def test_a_dialog_that_is_over_is_deleted_for_its_agent_only(database: Database, dialog: Dialog) -> None:
    save(database, ("p1:101", dialog), ("p1:102", dialog))
    save(database, ("p1:101", replace(dialog, stage=Stage.OVER)))
    assert (stored(database), stored(database, "p1:102")) == ([], [dialog])


def test_old_dialogs_are_deleted(database: Database, dialog: Dialog, clock: DrivenClock) -> None:
    newer = replace(dialog, call_id="newer", at=dialog.at + timedelta(hours=1))
    save(database, ("p1:101", dialog), ("p1:102", newer))
    with database.write() as uow:
        uow.sip_dialogs.forget(before=newer.at)
        uow.commit()
    assert (stored(database), stored(database, "p1:102")) == ([], [newer])


def test_a_connector_that_was_restarted_finds_the_call_in_the_database(database: Database, clock: DrivenClock) -> None:
    def started() -> Line:
        return Line(clock, phones=Phones(database, clock, run_soon=lambda save: save()))

    line = started()
    line.calls()
    line.is_called()
    after = started()
    assert after.why(within("INVITE")) == ""
    assert after.why(within("INVITE", call_id="in-1")) == ""
    assert after.why(within("BYE")) == ""
    after.hears(fcc_request("BYE", call_id="in-1"))
    assert stored(database) == []

"""Failures that come again and again are a line a minute each kind, and nothing else is left out."""

from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from app import build_app
from cti.web.logs import configure_logging
from tests.support import accounts
from tests.support.wsgi import services_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.clock import DrivenClock


class Log:
    def __init__(self) -> None:
        self.written = io.StringIO()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.written.getvalue().splitlines()]


@pytest.fixture
def log(clock: DrivenClock) -> Iterator[Log]:
    made = Log()
    configure_logging("INFO", made.written, monotonic=clock.monotonic)
    yield made
    root = logging.getLogger()
    for handler in [each for each in root.handlers if hasattr(each, "is_fcc")]:
        root.removeHandler(handler)
        handler.close()


def test_a_failure_is_told_at_once_and_then_once_a_minute_with_how_many_went_before(
    log: Log, clock: DrivenClock
) -> None:
    logger = structlog.get_logger("cti.test")
    for _ in range(121):
        logger.warning("gone", code="a", loop="first")
        clock.advance(0.5)
    assert [line.get("repeated") for line in log.lines] == [None, 119]
    assert log.lines[1]["also"] == {"loop": ["first"]}


def test_what_failed_last_is_told_with_the_next_line_of_whatever_kind(log: Log, clock: DrivenClock) -> None:
    logger = structlog.get_logger("cti.test")
    for users_id in (5, 6, 7, 7):
        logger.warning("unknown", users_id=users_id)
    clock.advance(61)
    logger.info("fact")
    assert [(line["event"], line.get("repeated")) for line in log.lines] == [
        ("unknown", None),
        ("unknown", 2),
        ("fact", None),
    ]
    assert log.lines[1]["also"] == {"users_id": [6, 7]}


def test_facts_and_failures_of_other_kinds_are_all_told(log: Log) -> None:
    logger = structlog.get_logger("cti.test")
    for code in ("a", "b"):
        for tenant in ("acme", "other"):
            logger.warning("gone", code=code, tenant=tenant)
    for _ in range(3):
        logger.info("fact")
    assert len(log.lines) == 7


def test_one_event_for_two_faults_is_two_kinds_and_each_traceback_is_written(log: Log) -> None:
    logger = structlog.get_logger("cti.test")

    for fault in (lambda: int("x"), lambda: {}["x"]) * 3:
        try:
            fault()
        except Exception:
            logger.exception("loop-failed", code="internal")
    assert [line["exception"].splitlines()[-1] for line in log.lines] == [
        "ValueError: invalid literal for int() with base 10: 'x'",
        "KeyError: 'x'",
    ]


def test_what_libraries_log_is_folded_too_and_nothing_is_lost_at_the_end(log: Log) -> None:
    for number in range(3):
        logging.getLogger("sqlalchemy.pool").error("Connection %s is gone", number)
    root = logging.getLogger()
    (handler,) = [each for each in root.handlers if hasattr(each, "is_fcc")]
    handler.close()
    assert [line["event"] for line in log.lines] == ["Connection 0 is gone", "Connection 2 is gone (repeated: 1)"]


def test_a_database_that_is_gone_for_a_minute_is_a_handful_of_lines(
    tmp_path: Path, clock: DrivenClock, log: Log
) -> None:
    services = services_for(tmp_path, clock)
    accounts.pair(services.database, clock)
    client = build_app(services).test_client()
    database = tmp_path / "data" / "connector.db"
    database.rename(database.with_suffix(".away"))
    loops = [services.polling, services.upkeep, services.hub.loop, services.rooms.keeper, *services.delivery.loops]
    due = dict.fromkeys(range(len(loops)), 0.0)
    for _ in range(600):
        for number, at in due.items():
            if at <= clock.monotonic():
                due[number] = clock.monotonic() + min(loops[number].turn(), 1.0)
        assert client.get("/readyz").status_code == 503
        clock.advance(0.1)
    lines = [line for line in log.lines if line["level"] != "info"]
    assert lines
    assert len(lines) <= 12, [(line["event"], line.get("code")) for line in lines]
    assert len(log.written.getvalue()) < 10_000
    services.close()

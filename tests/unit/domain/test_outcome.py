"""Outcomes: Reason/Q.850 first, then the SIP status."""

from __future__ import annotations

import pytest

from cti.domain.outcome import Outcome, from_sip, parse_status, q850_cause


@pytest.mark.parametrize(
    ("cause", "outcome"),
    [
        (17, "BUSY"),
        (18, "NO ANSWER"),
        (19, "NO ANSWER"),
        (20, "NO ANSWER"),
        (1, "FAILED"),
        (21, "FAILED"),
        (28, "FAILED"),
        (34, "FAILED"),
        (38, "FAILED"),
    ],
)
def test_the_q850_cause_beats_the_status(cause: int, outcome: str) -> None:
    contrary = 486 if outcome != "BUSY" else 404
    found = from_sip(sip_status=contrary, cause=f'Q.850;cause={cause};text="x"', rang=True, answered=False)
    assert found == outcome


@pytest.mark.parametrize(
    ("status", "rang", "outcome"),
    [
        (486, False, "BUSY"),
        (600, True, "BUSY"),
        (408, True, "NO ANSWER"),
        (480, True, "NO ANSWER"),
        (487, True, "NO ANSWER"),
        (480, False, "FAILED"),
        (404, True, "FAILED"),
        (410, False, "FAILED"),
        (484, False, "FAILED"),
        (488, False, "FAILED"),
        (503, True, "FAILED"),
        (603, True, "BUSY"),
        (403, True, "BUSY"),
        (603, False, "FAILED"),
        (403, False, "FAILED"),
    ],
)
def test_without_a_cause_the_status_decides(status: int, rang: bool, outcome: str) -> None:
    assert from_sip(sip_status=status, cause=None, rang=rang, answered=False) == outcome
    assert from_sip(sip_status=status, cause="Q.850;cause=16", rang=rang, answered=False) == outcome


def test_an_answered_call_is_answered_whatever_its_end_says() -> None:
    assert from_sip(sip_status=None, cause="Q.850;cause=17", rang=True, answered=True) is Outcome.ANSWERED


def test_nothing_known_is_no_outcome() -> None:
    assert from_sip(sip_status=None, cause=None, rang=True, answered=False) is None
    assert from_sip(sip_status=200, cause=None, rang=True, answered=False) is None


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("Q.850;cause=17", 17),
        ('Q.850 ;cause=16;text="Normal, call clearing"', 16),
        ('SIP;cause=200;text="Call completed elsewhere", Q.850;cause=26', 26),
        ("q.850;text=x;cause=1", 1),
        ("SIP;cause=486", None),
        ("17", 17),
        ("17\x1f", 17),
        (17, 17),
        (0, None),
        (900, None),
        ("²", None),
        ("9" * 5000, None),
        ("", None),
        (None, None),
        (True, None),
    ],
)
def test_the_reason_header_is_read_for_q850_only(reason: str | int | None, cause: int | None) -> None:
    assert q850_cause(reason) == cause


@pytest.mark.parametrize("text", ["NO ANSWER", "no answer", "NO_ANSWER", "NoAnswer", "NO-ANSWER"])
def test_a_status_may_be_spelt_in_several_ways(text: str) -> None:
    assert parse_status(text) is Outcome.NO_ANSWER


@pytest.mark.parametrize("text", ["CONGESTION", "", None, 3])
def test_an_unknown_status_is_no_outcome(text: object) -> None:
    assert parse_status(text) is None

"""FCC does not answer, refuses or talks nonsense when somebody signs in: they are told, and get in once it is back."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.wait import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.trouble.conftest import Door, Pane
    from tools.stack import Stack

FUNCTION = "fcc-users-list"


@contextlib.contextmanager
def failing(stack: Stack, mode: str) -> Iterator[None]:
    """FCC in trouble, and a connector that remembers nothing of before."""
    fcc = stack.parts["fcc"]
    try:
        if mode == "killed":
            fcc.signal_group(signal.SIGKILL)
            until(lambda: not fcc.group_alive(), 5, what="the end of FCC")
        else:
            stack.fcc("/_sim/settings", {"fail": {FUNCTION: {"mode": mode, "count": None}}})
        stack.restart("connector", signal.SIGTERM)
        yield
    finally:
        if mode == "killed":
            stack.restart("fcc")
        else:
            stack.fcc("/_sim/settings", {"fail": {FUNCTION: {"mode": "none", "count": None}}})


@pytest.mark.parametrize(
    ("mode", "code", "status"),
    [
        ("http500", "fcc-unreachable", 503),
        ("nonsense", "fcc-nonsense", 502),
        ("refuse", "fcc-refused", 502),
        ("timeout", "fcc-unreachable", 503),
        ("killed", "fcc-unreachable", 503),
    ],
)
def test_who_signs_in_meanwhile_is_told_and_gets_in_afterwards(
    stack: Stack, door: Door, counted: Callable[..., float], mode: str, code: str, status: int
) -> None:
    with failing(stack, mode):
        page = door.knock(door.request())
        assert (page.status, page.boot) == (status, None)
        assert code in page.words
        assert "FCC" in page.words.partition("Kod:")[0]
        assert counted("fcc_errors_total", code=code) >= 1
    assert door.knock(door.request()).boot is not None


def test_who_was_in_before_still_gets_in_while_fcc_is_away(
    stack: Stack, door: Door, pane: Callable[..., Pane], counted: Callable[..., float]
) -> None:
    one = pane()
    fcc = stack.parts["fcc"]
    fcc.signal_group(signal.SIGKILL)
    until(lambda: not fcc.group_alive(), 5, what="the end of FCC")
    try:
        assert door.knock(door.request()).boot is not None
        before = counted("fcc_errors_total", code="fcc-unreachable")
        assert one.refused("presence.set", statusId=5) == "fcc-unreachable"
        assert one.refused("phone.credentials", fence=one.fence) == "fcc-unreachable"
        assert counted("fcc_errors_total", code="fcc-unreachable") == before + 2
    finally:
        stack.restart("fcc")
    assert "ok" in one.ask("presence.set", statusId=5)

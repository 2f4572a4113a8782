"""An agent clicks *phone* and is signed in, or is told why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.wait import until
from tools.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.agent import Agent

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def one_stack(tmp_path_factory) -> Iterator[Stack]:
    """One in which nobody has been at work a moment ago: who comes back soon keeps their status."""
    with Stack(tmp_path_factory.mktemp("stack"), fresh=True) as started:
        yield started


@pytest.mark.req("R31", "R32")
@pytest.mark.assumed("A8")
def test_the_pane_opens_signed_in_and_not_ready(anna):
    anna.wait_data("presence", "notready")
    assert "Niegotowy" in anna.text("status-button")
    assert "Anna Nowak" in anna.pane_text()


@pytest.mark.req("R31")
def test_five_tabs_of_one_user_all_get_in(anna):
    anna.wait_data("presence", "notready")
    first = anna.driver.current_window_handle
    for _ in range(4):
        anna.driver.switch_to.new_window("tab")
        anna.open()
        anna.wait_data("presence", "notready")
    assert len(anna.driver.window_handles) == 5
    anna.driver.switch_to.window(first)
    anna.wait_data("presence", "notready")


def test_a_pane_sets_no_cookie_and_keeps_nothing_in_storage(anna):
    anna.wait_data("presence", "notready")
    assert anna.read("return document.cookie") == ""
    assert anna.read("return [localStorage.length, sessionStorage.length]") == [0, 0]


@pytest.mark.req("R32")
def test_an_english_user_sees_english(new_agent):
    john = new_agent("john.smith@acme.example").open()
    john.wait_data("presence", "notready")
    assert "Not ready" in john.text("status-button")


@pytest.mark.req("R4", "R5")
@pytest.mark.parametrize(
    ("user", "code"),
    [
        ("jan.nadzorca@acme.example", "fcc-user-wrong-kind"),
        ("ola.agentka@acme.example", "fcc-user-wrong-kind"),
        ("ula.uc@acme.example", "fcc-user-wrong-kind"),
        ("zofia.zolc@acme.example", "fcc-user-unknown"),
    ],
)
def test_who_may_not_work_is_told_why_in_their_language(new_agent, user, code):
    refused: Agent = new_agent(user).open()
    until(lambda: code in refused.pane_text(), 10, what=lambda: f"{code}; {refused.pane_text()!r}")
    assert "FCC" in refused.pane_text()


@pytest.mark.req("R6")
@pytest.mark.parametrize(
    ("user", "words"),
    [("ewa.zielinska@acme.example", "prezentac"), ("tomasz.beznumeru@acme.example", "numer")],
)
def test_without_number_or_presentation_the_pane_works_and_says_why_it_cannot_dial(new_agent, user, words):
    agent: Agent = new_agent(user).open()
    agent.go_in_queue()
    until(lambda: words in agent.pane_text().lower(), 5, what=lambda: f"{words}; {agent.pane_text()!r}")
    agent.open_record("Jan Kowalski")
    until(lambda: "600 100 200" in agent.page_text(), 5)
    assert agent.blue_numbers() == 0

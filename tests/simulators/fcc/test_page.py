"""The control page in a browser: a person plays the customers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select

from tests.support.browser import chromium
from tests.support.wait import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromedriver") is None, reason="needs Chromium and chromedriver"),
]

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    driver = chromium()
    yield driver
    driver.quit()


@pytest.fixture
def page(browser: Chrome, tmp_path: Path) -> Iterator[Chrome]:
    command = [sys.executable, "-m", "simulators.fcc", "--port", "0", "--state", str(tmp_path / "state")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as simulator:
        try:
            assert simulator.stdout is not None
            browser.get(json.loads(simulator.stdout.readline())["url"])
            until(lambda: browser.find_elements(By.CSS_SELECTOR, "#agents tr"), 10)
            browser.get_log("browser")
            yield browser
            browser.get("about:blank")
        finally:
            simulator.terminate()


def rows(page: Chrome, table: str) -> list[str]:
    return page.execute_script(f"return [...document.querySelectorAll('#{table} tr')].map((row) => row.textContent)")


def form(page: Chrome, name: str) -> WebElement:
    return page.find_element(By.ID, name)


def test_a_customer_calls_in_and_hangs_up(page: Chrome) -> None:
    inbound = form(page, "inbound")
    Select(inbound.find_element(By.NAME, "who")).select_by_value("+48600100205|Maria Lewandowska")
    inbound.find_element(By.NAME, "ivr").send_keys("00001234")
    inbound.find_element(By.TAG_NAME, "button").click()
    call = until(lambda: rows(page, "calls"), 5)[0]
    assert "Maria Lewandowska +48600100205 · IVR 00001234" in call
    assert "queued" in call
    page.find_element(By.CSS_SELECTOR, "#calls button").click()
    until(lambda: "NO ANSWER (customer)" in rows(page, "calls")[0], 5)


def test_a_wrong_number_is_explained_and_nobody_calls(page: Chrome) -> None:
    number = form(page, "inbound").find_element(By.NAME, "number")
    number.clear()
    number.send_keys("call me")
    form(page, "inbound").find_element(By.TAG_NAME, "button").click()
    problem = page.find_element(By.ID, "problem")
    until(lambda: "number is E.164" in problem.text, 5)
    assert rows(page, "calls") == []


def test_settings_and_failures_are_applied(page: Chrome) -> None:
    settings = form(page, "settings")
    Select(settings.find_element(By.NAME, "correlation")).select_by_value("none")
    wrap = settings.find_element(By.CSS_SELECTOR, '[data-campaign="9"]')
    wrap.clear()
    wrap.send_keys("3")
    settings.find_element(By.TAG_NAME, "button").click()
    fail = form(page, "fail")
    Select(fail.find_element(By.NAME, "mode")).select_by_value("http500")
    fail.find_element(By.TAG_NAME, "button").click()
    read = "const done = arguments[0]; fetch('state').then((one) => one.json()).then((state) => done(state.settings))"

    def applied() -> bool:
        state = page.execute_async_script(read)
        failing = state["fail"].get("*") == {"mode": "http500", "count": 1}
        return failing and state["correlation"] == "none" and state["wrap_seconds"]["9"] == 3

    until(applied, 5)
    problems = [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"]
    assert problems == []

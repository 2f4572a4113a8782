"""An agent at work: Lightning in one browser tab, the pane in its frames, driven by what a person sees."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    NoSuchElementException,
    NoSuchFrameException,
    StaleElementReferenceException,
    WebDriverException,
)
from selenium.webdriver.common.by import By

from tests.support.wait import until

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterator

    from selenium.webdriver.chrome.webdriver import WebDriver
    from selenium.webdriver.remote.webelement import WebElement

    from tools.stack import Stack

#: Listens to what the pane plays for `seconds` and gives the loudest frequency in Hz with its level in dB.
LISTEN = """
const [seconds, done] = [arguments[0], arguments[1]];
(async () => {
  const stream = document.getElementById('remote-audio').srcObject;
  if (!stream) return done(null);
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 16384;
  analyser.smoothingTimeConstant = 0;
  context.createMediaStreamSource(stream).connect(analyser);
  await new Promise(resolve => setTimeout(resolve, seconds * 1000));
  const bins = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(bins);
  let best = 1;
  bins.forEach((level, index) => { if (index > 1 && level > bins[best]) best = index; });
  const found = [best * context.sampleRate / analyser.fftSize, bins[best]];
  await context.close();
  done(found);
})().catch(error => done(String(error)));
"""


class Agent:
    """One person's browser tab. Not thread-safe, as the driver isn't."""

    def __init__(self, driver: WebDriver, stack: Stack, user: str = "anna.nowak@acme.example") -> None:
        self.driver = driver
        self.stack = stack
        self.user = user

    # Lightning

    def open(self, *, phone: bool = True) -> Agent:
        """Load Lightning as this user and, when `phone`, open the utility."""
        self.driver.get(self.stack.lightning_url(self.user))
        if phone:
            self.open_phone()
        return self

    def open_phone(self) -> None:
        """Click *phone* in the utility bar."""
        self.on_page()
        self._soon(
            lambda: self.driver.find_element(By.CSS_SELECTOR, "[data-component-id=opencti_softPhone] button")
        ).click()

    def on_page(self) -> WebDriver:
        """The driver, looking at the Lightning page."""
        self.driver.switch_to.default_content()
        return self.driver

    def open_record(self, name: str) -> None:
        """Open a record's page as a link to it does: without loading the tab again."""
        kind, record_id = self.stack.record(name)
        go = "history.pushState(null, '', arguments[0]); dispatchEvent(new PopStateEvent('popstate'))"
        self.on_page().execute_script(go, f"/lightning/r/{kind}/{record_id}/view")
        until(lambda: name in self.page_text(), 10, what=f"the page of {name}")

    def blue_numbers(self) -> int:
        """How many numbers of the page can be clicked now."""
        return len(self.on_page().find_elements(By.CSS_SELECTOR, "#content a.phone__link"))

    def click_number(self, shown: str) -> None:
        """Click a telephone number on the record page."""

        def click() -> bool:
            self.on_page()
            link = self.driver.find_element(
                By.XPATH, f"//main//a[contains(@class,'phone__link') and contains(., '{shown}')]"
            )
            link.click()
            return True

        self._try(click, 10, f"a blue {shown}")

    def page_text(self) -> str:
        """What the Lightning page shows now."""
        return str(self.on_page().execute_script("return document.body ? document.body.innerText : ''"))

    # the pane

    @contextlib.contextmanager
    def pane(self) -> Iterator[WebDriver]:
        """Look into the pane's frame; back at the page afterwards."""
        self._enter()
        try:
            yield self.driver
        finally:
            self.driver.switch_to.default_content()

    def _enter(self) -> None:
        def enter() -> bool:
            self.driver.switch_to.default_content()
            self.driver.switch_to.frame(self.driver.find_element(By.CSS_SELECTOR, "iframe.softphone__frame"))
            self.driver.switch_to.frame(self.driver.find_element(By.CSS_SELECTOR, "iframe[name^='canvas-frame-']"))
            return True

        self._try(enter, 15, "the pane's frame")

    def find(self, testid: str) -> WebElement:
        """An element of the pane by its data-testid; the driver stays in the pane's frame."""
        self._enter()
        return self.driver.find_element(By.CSS_SELECTOR, f"[data-testid='{testid}']")

    def shows(self, testid: str) -> bool:
        """Whether the pane shows the element now."""
        with contextlib.suppress(NoSuchElementException, StaleElementReferenceException, NoSuchFrameException):
            return self.find(testid).is_displayed()
        return False

    def text(self, testid: str) -> str:
        """The element's text, or nothing when it isn't there."""
        with contextlib.suppress(NoSuchElementException, StaleElementReferenceException):
            return self.find(testid).text
        return ""

    def press(self, testid: str, timeout: float = 10) -> None:
        """Click an element of the pane as soon as it can be clicked."""

        def click() -> bool:
            self.find(testid).click()
            return True

        self._try(click, timeout, testid)

    def wait_shown(self, testid: str, timeout: float = 10) -> None:
        """Wait until the pane shows the element."""
        until(lambda: self.shows(testid), timeout, what=lambda: f"{testid}; the pane says: {self.pane_text()!r}")

    def pane_text(self) -> str:
        """All the pane shows."""
        with self.pane() as driver:
            return str(driver.execute_script("return document.body ? document.body.innerText : ''"))

    def data(self, name: str) -> str:
        """A data attribute of the pane's root: `phone` or `presence`."""
        with self.pane() as driver:
            return str(driver.execute_script("return document.documentElement.dataset[arguments[0]] || ''", name))

    def wait_data(self, name: str, value: str, timeout: float = 15) -> None:
        """Wait for a data attribute's value."""
        until(
            lambda: self.data(name) == value,
            timeout,
            what=lambda: f"{name}={value}; the pane says: {self.pane_text()!r}",
        )

    def set_status(self, presence: str) -> None:
        """Choose a status by its class: ready, notready, pause."""
        self.press("status-button")
        self.press(f"status-item-{presence}")
        self.wait_data("presence", presence)

    def go_in_queue(self) -> None:
        """Wait for the phone, then choose *w kolejce*."""
        self.wait_data("phone", "registered")
        self.set_status("ready")

    def heard(self, seconds: float = 1.0) -> tuple[float, float]:
        """What the pane plays: the loudest frequency in Hz and its level in dB; (0, -inf) when silent."""
        with self.pane() as driver:
            found: Any = driver.execute_async_script(LISTEN, seconds)
        return (found[0], found[1]) if isinstance(found, list) and found[1] is not None else (0.0, float("-inf"))

    def hears(self, hertz: float, timeout: float = 10) -> float:
        """Wait until the pane plays this tone (±15 Hz, clearly above silence); what was measured."""

        def measure() -> float | None:
            frequency, level = self.heard(0.6)
            return frequency if abs(frequency - hertz) <= 15 and level > -75 else None

        return float(
            until(measure, timeout, every=0.1, what=lambda: f"{hertz} Hz in the browser; last {self.heard(0.6)}") or 0
        )

    def picture(self, path: pathlib.Path) -> None:
        """Keep a screenshot of the whole tab."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.on_page().save_screenshot(str(path))

    def errors(self) -> list[str]:
        """What the browser's console calls severe."""
        entries = self.driver.get_log("browser")  # type: ignore[no-untyped-call]  # selenium leaves it untyped
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]

    # waiting

    def _soon(self, find: Callable[[], WebElement]) -> WebElement:
        found: list[WebElement] = []

        def look() -> bool:
            with contextlib.suppress(NoSuchElementException):
                found.append(find())
            return bool(found)

        until(look, 10, what="an element of the page")
        return found[-1]

    def _try(self, action: Callable[[], bool], timeout: float, what: str) -> None:
        deadline = time.monotonic() + timeout
        while True:
            try:
                action()
            except (
                NoSuchElementException, NoSuchFrameException, StaleElementReferenceException,
                ElementClickInterceptedException, ElementNotInteractableException,
            ) as error:  # fmt: skip
                if time.monotonic() > deadline:
                    raise AssertionError(f"waited {timeout} s for {what}: {type(error).__name__}") from error
                time.sleep(0.05)
            except WebDriverException as error:
                if "frame" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

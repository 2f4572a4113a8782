"""An agent at work: Lightning in one browser tab, the pane in its frames, driven by what a person sees."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, TypeVar

from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    NoSuchElementException,
    NoSuchFrameException,
    NoSuchWindowException,
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

T = TypeVar("T")

#: Errors of a frame or an element that is just being replaced, or of one that cannot be used yet.
NOT_NOW = (
    NoSuchElementException, NoSuchFrameException, NoSuchWindowException, StaleElementReferenceException,
    ElementClickInterceptedException, ElementNotInteractableException,
)  # fmt: skip
#: The same, where the driver has no class for it: words of its text.
NOT_NOW_WORDS = ("frame", "execution context", "navigat", "document unloaded", "loading status")
#: Runs a script in a document that is there; one that is being replaced has no body yet.
IN_DOCUMENT = "if (!document.body) return null; return [(function () {%s}).apply(null, arguments)];"
#: The same, in the pane's frame and nowhere else.
IN_PANE = "if (!window.name.startsWith('canvas-frame-')) return null; " + IN_DOCUMENT
#: An element's text as a person sees it; null when there is none to be seen.
SEEN = """
const found = document.querySelector(`[data-testid='${arguments[0]}']`);
return found && found.checkVisibility({ visibilityProperty: true }) ? found.innerText.trim() : null;
"""
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

        def click() -> None:
            self.on_page().find_element(By.CSS_SELECTOR, "[data-component-id=opencti_softPhone] button").click()

        self._try(click, 10, "the utility bar's phone")

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
        count = "return document.querySelectorAll('#content a.phone__link').length"
        return int(self._on_page(count))

    def click_number(self, shown: str) -> None:
        """Click a telephone number on the record page."""

        def click() -> None:
            link = f"//main//a[contains(@class,'phone__link') and contains(., '{shown}')]"
            self.on_page().find_element(By.XPATH, link).click()

        self._try(click, 10, f"a blue {shown}")

    def page_text(self) -> str:
        """What the Lightning page shows now."""
        return str(self._on_page("return document.body.innerText"))

    # the pane; its frame may be replaced at any moment: a reading in which that happens is taken again

    @contextlib.contextmanager
    def pane(self) -> Iterator[WebDriver]:
        """Look into the pane's frame; back at the page afterwards. Only for one whose frame stays what it is."""
        self._try(self._enter, 15, "the pane's frame")
        try:
            yield self.driver
        finally:
            self.driver.switch_to.default_content()

    def read(self, script: str, *arguments: Any) -> Any:
        """What a script returns in the pane's frame; the driver stays there."""
        return self._in_pane(lambda: self._run(IN_PANE % script, *arguments))

    def shows(self, testid: str) -> bool:
        """Whether the pane shows the element now."""
        return self.read(SEEN, testid) is not None

    def text(self, testid: str) -> str:
        """The element's text, or nothing when it isn't there."""
        return str(self.read(SEEN, testid) or "")

    def press(self, testid: str, timeout: float = 10) -> None:
        """Click an element of the pane as soon as it can be clicked."""
        self._in_pane(lambda: self._find(testid).click(), timeout, testid)

    def choose(self, name: str) -> None:
        """Press the button beside the record with this name, among several that agree with a number."""
        button = f"[data-testid=choose][aria-label$='{name}']"
        self._in_pane(lambda: self.driver.find_element(By.CSS_SELECTOR, button).click(), 10, f"the choice of {name}")

    def enter_text(self, testid: str, text: str) -> None:
        """Type into a field of the pane as soon as that is possible."""
        self._in_pane(lambda: self._find(testid).send_keys(text), 10, testid)

    def wait_shown(self, testid: str, timeout: float = 10) -> None:
        """Wait until the pane shows the element."""
        until(lambda: self.shows(testid), timeout, what=lambda: f"{testid}; the pane says: {self.pane_text()!r}")

    def pane_text(self) -> str:
        """All the pane shows."""
        return str(self.read("return document.body.innerText"))

    def data(self, name: str) -> str:
        """A data attribute of the pane's root: `phone` or `presence`."""
        return str(self.read("return document.documentElement.dataset[arguments[0]] || ''", name))

    def wait_data(self, name: str, value: str, timeout: float = 15) -> None:
        """Wait for a data attribute's value."""
        until(
            lambda: self.data(name) == value,
            timeout,
            what=lambda: f"{name}={value}; the pane says: {self.pane_text()!r}",
        )

    def set_status(self, presence: str) -> None:
        """Choose a status by its class (ready, notready, pause) and wait until it is shown."""
        self.choose_status(presence)
        self.wait_data("presence", presence)

    def choose_status(self, presence: str) -> None:
        """Choose a status; where a call waits for whoever is ready, *ready* may be over before anybody sees it."""
        self.press("status-button")
        self.press(f"status-item-{presence}")

    def go_in_queue(self) -> None:
        """Wait for the phone, then choose *w kolejce*."""
        self.wait_data("phone", "registered")
        self.set_status("ready")

    def heard(self, seconds: float = 1.0) -> tuple[float, float]:
        """What the pane plays: the loudest frequency in Hz and its level in dB; (0, -inf) when silent."""

        def listen() -> Any:
            self._run(IN_PANE % "return true")
            return self.driver.execute_async_script(LISTEN, seconds)

        found = self._in_pane(listen)
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

    # getting there

    def _enter(self) -> None:
        self.driver.switch_to.default_content()
        self.driver.switch_to.frame(self.driver.find_element(By.CSS_SELECTOR, "iframe.softphone__frame"))
        self.driver.switch_to.frame(self.driver.find_element(By.CSS_SELECTOR, "iframe[name^='canvas-frame-']"))

    def _find(self, testid: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, f"[data-testid='{testid}']")

    def _on_page(self, script: str) -> Any:
        def run() -> Any:
            self.on_page()
            return self._run(IN_DOCUMENT % script)

        return self._try(run, 10, "the Lightning page")

    def _in_pane(self, action: Callable[[], T], timeout: float = 15, what: str = "the pane's frame") -> T:
        """Do something in the pane's frame; the way there is long, so look first whether the driver is there still."""
        with contextlib.suppress(WebDriverException):
            return action()

        def enter_and_act() -> T:
            self._enter()
            return action()

        return self._try(enter_and_act, timeout, what)

    def _run(self, script: str, *arguments: Any) -> Any:
        found = self.driver.execute_script(script, *arguments)
        if found is None:
            raise NoSuchFrameException("a document that is being replaced, or another frame")
        return found[0]

    @staticmethod
    def _try(action: Callable[[], T], timeout: float, what: str) -> T:
        """Do it again while a frame or an element is just being replaced; what it gave."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                return action()
            except WebDriverException as error:
                if not isinstance(error, NOT_NOW) and not any(word in str(error) for word in NOT_NOW_WORDS):
                    raise
                if time.monotonic() > deadline:
                    raise AssertionError(f"waited {timeout} s for {what}: {type(error).__name__}: {error}") from error
                time.sleep(0.05)

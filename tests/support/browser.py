"""Chromium as tests drive it: headless, no network but loopback, a tone for a microphone."""

from __future__ import annotations

import shutil
import tempfile
from typing import TYPE_CHECKING

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Sequence

#: What no test wants: pictures of Chromium's own, its updates and its look-ups.
QUIET = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps",
    "--metrics-recording-only", "--force-color-profile=srgb",
)  # fmt: skip
#: A microphone that plays a file, granted without a question, and ICE on loopback.
PHONE = (
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip


def chromium(
    *,
    microphone: pathlib.Path | None = None,
    size: tuple[int, int] = (1280, 900),
    flags: Sequence[str] = (),
    language: str = "pl",
) -> webdriver.Chrome:
    """A new Chromium with a profile of its own; quit it yourself, or use `running_chromium`."""
    options = Options()
    options.binary_location = shutil.which("chromium") or "/usr/bin/chromium"
    profile = tempfile.mkdtemp(prefix="fcc-chromium-")
    phone = (*PHONE, f"--use-file-for-fake-audio-capture={microphone}") if microphone else ()
    for flag in (*QUIET, *phone, *flags, f"--user-data-dir={profile}", f"--lang={language}"):
        options.add_argument(flag)
    options.add_argument(f"--window-size={size[0]},{size[1]}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver") or "/usr/bin/chromedriver"))
    driver.set_script_timeout(20)
    driver.set_page_load_timeout(30)
    quit_browser = driver.quit

    def quit_and_forget() -> None:
        quit_browser()
        shutil.rmtree(profile, ignore_errors=True)

    driver.quit = quit_and_forget  # type: ignore[method-assign]  # the profile goes with the browser
    return driver


class Browsers:
    """Browsers that are used again, because a start takes longer than most of what is then done in one."""

    def __init__(self, microphone: pathlib.Path) -> None:
        self._microphone = microphone
        self._idle: list[webdriver.Chrome] = []

    def take(self) -> webdriver.Chrome:
        """A browser with one empty tab, no cookies and nothing stored; `give_back` has to follow."""
        return self._idle.pop() if self._idle else chromium(microphone=self._microphone)

    def give_back(self, driver: webdriver.Chrome, origins: Sequence[str]) -> None:
        """Keep a browser for the next one, or end it when it can no longer be cleared of what `origins` stored."""
        try:
            _clear(driver, origins)
        except WebDriverException:
            driver.quit()
        else:
            self._idle.append(driver)

    def close(self) -> None:
        """End those that nobody has."""
        for driver in self._idle:
            driver.quit()


def _clear(driver: webdriver.Chrome, origins: Sequence[str]) -> None:
    """Close all tabs but a new one, and forget what pages stored; what a tab alone stored goes with it.

    Each page is left before its tab is closed. A tab may be closed before the frames in it could end their call, and a
    pane that vanishes in a call keeps the phone from the next one for a while.
    """
    old = driver.window_handles
    driver.switch_to.new_window("tab")
    new = driver.current_window_handle
    for handle in old:
        driver.switch_to.window(handle)
        driver.get("about:blank")
        driver.close()
    driver.switch_to.window(new)
    for origin in origins:
        driver.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
    driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
    driver.get_log("browser")  # type: ignore[no-untyped-call]  # selenium leaves it untyped

"""Chromium as tests drive it: headless, no network but loopback, a tone for a microphone."""

from __future__ import annotations

import shutil
import tempfile
from typing import TYPE_CHECKING

from selenium import webdriver
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

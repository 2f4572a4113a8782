"""The bridge in a real browser: who gets the microphone, and when.

Three origins, as in an org: Lightning frames the page, the page frames the pane. The page is the deployed one with
its two expressions filled in; a script in the canvas tag's place makes the frame and posts a form into it, as Canvas
does.
"""

from __future__ import annotations

import dataclasses
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.metadata.project import FILES, MAIN
from tests.support.wait import until
from tools import render_metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selenium.webdriver import Chrome

pytestmark = pytest.mark.browser

LIGHTNING = """<!DOCTYPE html><title>Lightning</title>
<iframe id="softphone" {allow} src="http://vf.localhost:{port}/apex/FCC_WebPhone{query}"></iframe>
<script>
window.said = null;
window.addEventListener('message', (event) => {{ if (event.data && event.data.pane) window.said = event.data.pane; }});
</script>"""

CANVAS = """<div id="holder"></div><script>
const at_once = {at_once};
const frame = document.createElement('iframe');
frame.name = 'canvas-frame-_:FCC_WebPhone:1';
{allow}
document.getElementById('holder').append(frame);
const post = () => {{
    const form = document.createElement('form');
    form.method = 'POST';
    form.action = 'http://pane.localhost:{port}/canvas';
    form.target = frame.name;
    form.hidden = true;
    document.body.append(form);
    form.submit();
}};
if (at_once) post(); else setTimeout(post, 50);
</script>"""

OPEN_CTI = """
if (!new URLSearchParams(location.search).get('sfdcIframeOrigin')) {
    throw 'Failed to initialize Open CTI. Ensure that it is loaded from the right frame';
}
window.sforce = { opencti: {
    onClickToDial: ({ listener }) => { window.sforce.click = listener; },
    onNavigationChange: () => {},
    getAppViewInfo: ({ callback }) => {
        callback({ success: true, returnValue: { url: '/x', recordName: 'Zażółć' }, errors: null });
        window.sforce.click({ number: '600 100 200', recordId: '0035g00000AbCdEAAV' });
    },
} };
"""

READY = """const said = window.said;
return said && 'microphone' in said && said.heard.length >= arguments[0] ? said : null;"""
SIZES = """const frame = document.querySelector('#fcc-pane iframe').getBoundingClientRect();
return [frame.left, frame.top, frame.width - innerWidth, frame.height - innerHeight,
        document.documentElement.scrollHeight - innerHeight];"""

PANE = """<!DOCTYPE html><title>Pane</title><script>
const told = { policy: document.featurePolicy.allowsFeature('microphone'), heard: [] };
window.addEventListener('message', (event) => {
    told.heard.push({ data: event.data, origin: event.origin });
    if (event.data.type === 'hello') {
        parent.postMessage({ fcc: 1, id: 'a1', type: 'call', method: 'getAppViewInfo', args: {} }, event.origin);
    }
    top.postMessage({ pane: told }, '*');
});
navigator.mediaDevices.getUserMedia({ audio: true }).then(
    (stream) => { told.microphone = stream.getAudioTracks().length; },
    (error) => { told.microphone = error.name; },
).then(() => {
    top.postMessage({ pane: told }, '*');
    parent.postMessage({ fcc: 1, id: 'r1', type: 'ready' }, 'http://vf.localhost:' + location.port);
});
</script>"""


@dataclasses.dataclass
class Page:
    """How the page is put together in one test."""

    at_once: bool = True
    bridge: bool = True
    bare_allow: bool = False


class Hosts(ThreadingHTTPServer):
    """Lightning, the org's Visualforce host and the connector, told apart by name."""

    daemon_threads = True
    page = Page()

    def content(self, host: str, path: str) -> tuple[str, str]:
        port = self.server_port
        if host.startswith("lightning."):
            query = (
                f"?mode=Lightning&sfdcIframeOrigin=http%3A%2F%2Flightning.localhost%3A{port}" if "cti=1" in path else ""
            )
            allow = 'allow="microphone *; autoplay *"' if "mic=1" in path else ""
            return "text/html", LIGHTNING.format(allow=allow, port=port, query=query)
        if host.startswith("pane."):
            return "text/html", PANE
        if path.startswith("/resource/"):
            return "application/javascript", FILES[
                MAIN + "staticresources/FCC_WebPhoneBridge.js"
            ] if self.page.bridge else ""
        if path.startswith("/support/"):
            return "application/javascript", OPEN_CTI
        return "text/html", self.visualforce()

    def visualforce(self) -> str:
        """The deployed page as an org would send it."""
        given = dataclasses.replace(
            render_metadata.PLACEHOLDERS, connector_origin=f"http://pane.localhost:{self.server_port}"
        )
        source = render_metadata.render(FILES, given)[MAIN + "pages/FCC_WebPhone.page"]
        canvas = CANVAS.format(
            at_once=str(self.page.at_once).lower(),
            allow="frame.allow = 'microphone; autoplay';" if self.page.bare_allow else "",
            port=self.server_port,
        )
        body = re.search(r"<apex:page[^>]*>(.*)</apex:page>", source, re.DOTALL)
        assert body
        filled = re.sub(r"<apex:canvasApp.*?/>", lambda _: canvas, body[1], flags=re.DOTALL)
        filled = filled.replace("{!$Resource.FCC_WebPhoneBridge}", "/resource/1/FCC_WebPhoneBridge")
        return f"<!DOCTYPE html><html><head><title>FCC WebPhone</title></head><body>{filled}</body></html>"


class Answer(BaseHTTPRequestHandler):
    """One request to whichever host it names."""

    server: Hosts

    def do_GET(self) -> None:
        kind, text = self.server.content(self.headers["Host"], self.path)
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Nothing: a test's output is its own."""


@pytest.fixture(scope="module")
def hosts() -> Iterator[Hosts]:
    with Hosts(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    from tests.support.browser import PHONE, chromium

    driver = chromium(flags=PHONE)
    yield driver
    driver.quit()


def told(browser: Chrome, hosts: Hosts, page: Page, *, microphone: bool = True, cti: bool = True) -> dict[str, Any]:
    """What the pane reports once it has tried the microphone and, with a bridge, got its answers."""
    hosts.page = page
    browser.get(f"http://lightning.localhost:{hosts.server_port}/?mic={int(microphone)}&cti={int(cti)}")
    wanted = (3 if cti else 1) if page.bridge else 0
    return until(
        lambda: browser.execute_script(READY, wanted),
        15,
        what="the pane's report",
    )


@pytest.mark.parametrize("at_once", [True, False], ids=["posted-in-the-same-script", "posted-later"])
@pytest.mark.assumed("A7", "A45")
def test_the_pane_gets_the_microphone_through_the_bridge(browser: Chrome, hosts: Hosts, at_once: bool) -> None:
    report = told(browser, hosts, Page(at_once=at_once))

    assert report["policy"] is True
    assert report["microphone"] == 1


@pytest.mark.parametrize("bare_allow", [True, False], ids=["bare-allow", "no-allow"])
def test_without_the_bridge_it_gets_none_so_the_test_above_can_fail(
    browser: Chrome, hosts: Hosts, bare_allow: bool
) -> None:
    report = told(browser, hosts, Page(bridge=False, bare_allow=bare_allow))

    assert report["policy"] is False
    assert report["microphone"] == "NotAllowedError"


def test_the_pane_learns_which_frame_withholds_the_microphone(browser: Chrome, hosts: Hosts) -> None:
    given = told(browser, hosts, Page())["heard"][0]["data"]["mic"]
    withheld = told(browser, hosts, Page(), microphone=False)["heard"][0]["data"]["mic"]

    assert (given["delegated"], given["outer"]) == (True, True)
    assert (withheld["delegated"], withheld["outer"]) == (False, False)
    assert given["allow"] == withheld["allow"]
    assert f"microphone http://pane.localhost:{hosts.server_port}" in given["allow"]


def test_calls_and_events_pass_between_three_origins(browser: Chrome, hosts: Hosts) -> None:
    heard = told(browser, hosts, Page())["heard"]

    assert {entry["origin"] for entry in heard} == {f"http://vf.localhost:{hosts.server_port}"}
    messages = {entry["data"]["type"]: entry["data"] for entry in heard}
    assert messages["hello"]["cti"] is True
    assert messages["result"]["returnValue"] == {"url": "/x", "recordName": "Zażółć"}
    assert messages["event"]["payload"] == {"number": "600 100 200", "recordId": "0035g00000AbCdEAAV"}


def test_the_pane_is_told_when_open_cti_did_not_start(browser: Chrome, hosts: Hosts) -> None:
    report = told(browser, hosts, Page(), cti=False)

    assert report["heard"][0]["data"]["cti"] is False
    assert report["microphone"] == 1, "a telephone without Salesforce's help is still a telephone"


def test_the_pane_fills_the_page(browser: Chrome, hosts: Hosts) -> None:
    told(browser, hosts, Page())
    browser.switch_to.frame("softphone")
    sizes = browser.execute_script(SIZES)
    browser.switch_to.default_content()

    assert sizes == [0, 0, 0, 0, 0]

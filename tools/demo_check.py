"""`make demo-check`: play the demo with headless Chromium.

One line of JSON comes last; the exit status is 0 only when everything in it is true.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
import time
import traceback
from typing import TYPE_CHECKING, Any

from tests.support.agent import Agent
from tests.support.browser import chromium
from tests.support.tone import write_tone
from tests.support.wait import until
from tools.processes import ROOT
from tools.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Callable

AGENT_HZ = 440
CUSTOMER_HZ = 600
CALLER_HZ = 700
TOLERANCE_HZ = 15
JAN = "+48600100200"


class Check:
    """The demo's path as stages; each leaves what it saw in `seen`."""

    def __init__(self, stack: Stack, agent: Agent, pictures: pathlib.Path) -> None:
        self.stack, self.agent, self.pictures = stack, agent, pictures
        self.stages: list[dict[str, Any]] = []
        self.seen: dict[str, dict[str, Any]] = {"outbound": {}, "inbound": {}}

    def stage(self, name: str, play: Callable[[], None]) -> None:
        """Play one stage, note its time, keep a picture."""
        start = time.monotonic()
        try:
            play()
        except BaseException as error:
            self.stages.append({"name": name, "ok": False, "why": str(error)[:500]})
            self.agent.picture(self.pictures / f"{len(self.stages):02}-{name}-failed.png")
            raise
        self.stages.append({"name": name, "ok": True, "ms": round((time.monotonic() - start) * 1000)})
        self.agent.picture(self.pictures / f"{len(self.stages):02}-{name}.png")

    def play(self) -> None:
        """The whole path: sign in, call out, be called."""
        self.stage("sign-in", self.sign_in)
        self.stage("in-queue", self.agent.go_in_queue)
        self.stage("dial", self.dial)
        self.stage("talk", lambda: self.talk("outbound", CUSTOMER_HZ))
        self.stage("wrap", self.hang_up)
        self.stage("logged", lambda: self.logged("outbound"))
        self.stage("history", self.history)
        self.stage("ring", self.ring)
        self.stage("pop", self.pop)
        self.stage("answer", self.answer)
        self.stage("talk-inbound", lambda: self.talk("inbound", CALLER_HZ))
        self.stage("customer-hangs-up", self.customer_hangs_up)
        self.stage("logged-inbound", lambda: self.logged("inbound"))

    def sign_in(self) -> None:
        self.agent.open()
        self.agent.wait_data("presence", "notready")

    def dial(self) -> None:
        self.agent.open_record("Jan Kowalski")
        start = time.monotonic()
        self.agent.click_number("600 100 200")
        call = until(lambda: self._call_up(talking=True), 10, what="the outbound call")
        self.seen["outbound"] |= {"setup_ms": round((time.monotonic() - start) * 1000), "calls_id": call["calls_id"]}
        until(lambda: "Jan Kowalski" in self.agent.text("call-party"), 5, what="the customer's name")

    def talk(self, direction: str, hertz: int) -> None:
        calls_id = self.seen[direction]["calls_id"]
        self.seen[direction]["browser_hz"] = round(self.agent.hears(hertz), 1)

        def heard() -> float | None:
            found = self.stack.call(calls_id)["heard_hz"]
            return found if found and abs(found - AGENT_HZ) <= TOLERANCE_HZ else None

        self.seen[direction]["customer_hz"] = round(until(heard, 10, what="the agent's tone at the customer"), 1)

    def hang_up(self) -> None:
        self.agent.press("hangup")
        self.agent.wait_data("presence", "wrap")
        self.agent.wait_shown("wrap-countdown")

    def logged(self, direction: str) -> None:
        calls_id = self.seen[direction]["calls_id"]
        wanted = f"acme:{calls_id}:0"

        def task() -> dict[str, Any] | None:
            for found in self.stack.tasks():
                if found.get("FCC_Call_Id__c") == wanted and found.get("CallDisposition"):
                    return dict(found)
            return None

        self.seen[direction]["task"] = found = until(task, 20, what=f"the Task of call {calls_id}")
        _, jan = self.stack.record("Jan Kowalski")
        expected = {
            "WhoId": jan,
            "CallType": direction.capitalize(),
            "TaskSubtype": "Call",
            "CallDisposition": "ANSWERED",
        }
        wrong = {name: found.get(name) for name, value in expected.items() if found.get(name) != value}
        assert not wrong, f"the Task differs: {wrong}"
        assert found["CallDurationInSeconds"] >= 0

    def history(self) -> None:
        subject = self.seen["outbound"]["task"]["Subject"]
        self.agent.open_record("Jan Kowalski")
        until(lambda: subject in self.agent.page_text(), 5, what="the call in the contact's activity history")

    def ring(self) -> None:
        self.agent.open_record("Browar Źródło")
        self.agent.set_status("ready")
        start = time.monotonic()
        made = self.stack.fcc("/_sim/inbound", {"number": JAN})
        self.agent.wait_shown("answer")
        self.seen["inbound"] |= {"setup_ms": round((time.monotonic() - start) * 1000), "calls_id": made["calls_id"]}

    def pop(self) -> None:
        until(lambda: "Jan Kowalski" in self.agent.page_text(), 5, what="the caller's record")

    def answer(self) -> None:
        self.agent.press("answer")
        until(lambda: self._call_up(talking=True), 10, what="the inbound call")

    def customer_hangs_up(self) -> None:
        self.stack.fcc(f"/_sim/calls/{self.seen['inbound']['calls_id']}/hangup", {})
        self.agent.wait_data("presence", "wrap")

    def _call_up(self, *, talking: bool) -> dict[str, Any] | None:
        for call in self.stack.calls():
            if call["state"] == ("talking" if talking else "ringing"):
                return dict(call)
        return None


def main(argv: list[str] | None = None) -> int:
    """Run the check on a fresh stack; pictures and logs stay under build/demo-check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", type=pathlib.Path, default=ROOT / "build" / "demo-check")
    options = parser.parse_args(argv)
    result: dict[str, Any] = {"ok": False, "stages": []}
    try:
        with Stack(options.state, fresh=True) as stack:
            driver = chromium(microphone=write_tone(options.state / "agent.wav", AGENT_HZ))
            try:
                check = Check(stack, Agent(driver, stack), options.state / "pictures")
                try:
                    check.play()
                finally:
                    result |= {"stages": check.stages, **check.seen}
                    result["services_data_requests"] = stack.salesforce("/_sim/counters")["services_data"]
                result["ok"] = all(stage["ok"] for stage in check.stages)
            finally:
                driver.quit()
    except Exception as error:  # noqa: BLE001 - the line of JSON has to come, whatever failed
        traceback.print_exc()
        result["error"] = f"{type(error).__name__}: {error}"[:1000]
    print(json.dumps(result, ensure_ascii=False))
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())

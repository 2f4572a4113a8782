"""`make demo`: start everything on loopback, say what to open, end everything at Ctrl-C or when one part dies."""

from __future__ import annotations

import argparse
import os
import pathlib
import signal
import sys
import threading

from tools.processes import ROOT, Ports, StackError
from tools.stack import Stack

AGENTS = ("anna.nowak@acme.example", "piotr.wisniewski@acme.example", "john.smith@acme.example")


def main(argv: list[str] | None = None) -> int:
    """Run the demo; 0 after Ctrl-C, 1 when a part ended by itself or could not start."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("connector", "fcc", "salesforce"):
        default = int(os.environ.get(f"DEMO_{name.upper()}_PORT", "0"))
        parser.add_argument(f"--{name}-port", type=int, default=default, help="0 takes a free one")
    parser.add_argument("--state", type=pathlib.Path, default=ROOT / "build" / "demo")
    options = parser.parse_args(argv)

    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: over.set())
    fixed = {n: p for n in ("connector", "fcc", "salesforce") if (p := getattr(options, f"{n}_port"))}
    stack = None
    try:
        ports = _remembered(options.state, fixed)
        stack = Stack(options.state, ports=ports)
        stack.start()
        _say_what_to_open(stack)
        while not over.wait(0.2):
            stack.check()
    except StackError as error:
        if over.is_set():
            return 0
        print(f"demo: {error}", file=sys.stderr)
        return 1
    finally:
        if stack is not None:
            stack.stop()
    print("\ndemo: ended")
    return 0


def _remembered(state: pathlib.Path, fixed: dict[str, int]) -> Ports:
    """The ports of the demo's last run where they are free: its state names them (the org's hosts, the webhook)."""
    kept = state / "ports"
    if kept.exists():
        before = dict(zip(("connector", "fcc", "salesforce"), map(int, kept.read_text().split()), strict=True))
        if any(before[name] != port for name, port in fixed.items()):
            raise StackError("the demo's state was made for other ports: run `make demo-reset` first")
        try:
            return Ports.free(before)
        except StackError as error:
            raise StackError(f"{error}, or run `make demo-reset`") from error
    ports = Ports.free(fixed)
    state.mkdir(parents=True, exist_ok=True)
    kept.write_text(f"{ports.connector} {ports.fcc} {ports.salesforce}\n")
    return ports


def _say_what_to_open(stack: Stack) -> None:
    lines = ["", "The demo is ready. Open in Chrome or Edge:", ""]
    lines += [f"  Salesforce as {user.split('@')[0]:<18} {stack.lightning_url(user)}" for user in AGENTS]
    lines += [
        f"  {'FCC: let a customer call in':<32} {stack.fcc_url}/_sim/",
        f"  {'Connector: health, metrics':<32} {stack.connector_url}/readyz  {stack.connector_url}/metrics",
        "",
        "Click “phone” in the utility bar, allow the microphone, choose “W kolejce”, then click a blue number.",
        f"Logs and state: {stack.state.relative_to(ROOT) if stack.state.is_relative_to(ROOT) else stack.state}",
        "Ctrl-C ends it; `make demo-reset` forgets its state.",
        "",
    ]
    print("\n".join(lines), flush=True)


if __name__ == "__main__":
    sys.exit(main())

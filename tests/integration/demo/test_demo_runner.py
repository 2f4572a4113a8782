"""The demo's runner: it says when it is ready, and leaves no process behind however it ends."""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import selectors
import signal
import subprocess
import sys
import time
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.support.wait import until

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = pathlib.Path(__file__).resolve().parents[3]


class Demo:
    """A demo in a process of its own; everything it starts carries a mark in its environment."""

    def __init__(self, state: pathlib.Path) -> None:
        self.mark = f"DEMO_TEST_MARK={uuid.uuid4().hex}"
        name, value = self.mark.split("=")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tools.demo", "--state", str(state)],
            cwd=ROOT, env={**os.environ, name: value}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.said = ""

    def read_until(self, words: str, timeout: float = 60) -> str:
        assert self.process.stdout is not None
        deadline = time.monotonic() + timeout
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while words not in self.said:
                left = deadline - time.monotonic()
                assert left > 0, f"{words!r} was not said: {self.said}"
                if selector.select(left):
                    text = os.read(self.process.stdout.fileno(), 65536).decode()
                    assert text, f"the demo ended: {self.said}"
                    self.said += text
        return self.said

    def processes(self) -> dict[int, str]:
        """Every living process that carries the mark, with its command line."""
        found = {}
        for folder in pathlib.Path("/proc").iterdir():
            if folder.name.isdigit():
                with contextlib.suppress(OSError):
                    if self.mark.encode() in (folder / "environ").read_bytes():
                        found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        return found


@pytest.fixture
def demo(tmp_path) -> Iterator[Demo]:
    made = Demo(tmp_path / "demo")
    yield made
    for pid in made.processes():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    made.process.wait(5)
    made.process.stdout.close()


def test_ctrl_c_ends_everything(demo):
    said = demo.read_until("Ctrl-C ends it")
    assert re.search(r"http://acme-lightning\.localhost:\d+/\?as=anna\.nowak@", said)
    assert re.search(r"http://fcc\.localhost:\d+/_sim/", said)
    assert len(demo.processes()) >= 4
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(60) == 0
    assert demo.processes() == {}


def test_the_death_of_one_part_ends_all_the_others_and_is_said(demo):
    demo.read_until("Ctrl-C ends it")
    victim = next(pid for pid, command in demo.processes().items() if "simulators.fcc" in command)
    os.kill(victim, signal.SIGKILL)
    demo.read_until("fcc ended by itself")
    assert demo.process.wait(6) == 1
    assert demo.processes() == {}


def test_the_parts_end_when_the_runner_itself_is_killed(demo):
    demo.read_until("Ctrl-C ends it")
    demo.process.send_signal(signal.SIGKILL)
    demo.process.wait(2)
    until(lambda: not demo.processes(), 5, what="the parts to end")

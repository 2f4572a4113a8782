"""A stack, the door that Salesforce knocks at, and a pane without a browser."""

from __future__ import annotations

import html
import itertools
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.protocol.wire import RawClient
from tests.support.signed_request import signed_request
from tools.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ANNA = "anna.nowak@acme.example"
_LOADS = itertools.count(1)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One for all, whose deliveries wait for one second only."""
    wait = {"FCC_CONNECTOR_OUTBOX_WAIT_SECONDS": "1"}
    with Stack(tmp_path_factory.mktemp("stack"), fresh=True, settings=wait) as started:
        yield started


@dataclass(frozen=True)
class Page:
    """What came of a signed request; `boot` is there when somebody was let in."""

    status: int
    text: str

    @property
    def boot(self) -> dict[str, Any] | None:
        found = re.search(r'<script type="application/json" id="boot">(.*?)</script>', self.text, re.DOTALL)
        return None if found is None else dict(json.loads(found.group(1)))

    @property
    def words(self) -> str:
        return re.sub(r"\s+", " ", html.unescape(re.sub(r"<style.*?</style>|<[^>]+>", " ", self.text, flags=re.DOTALL)))


class Door:
    """`POST /canvas`, and Salesforce's side of it: people signed in, requests signed as the Canvas app's."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.org = stack.salesforce("/_sim/state")["org"]

    def request(self, user: str = ANNA, *, secret: str | None = None, **changes: Any) -> str:
        """A good signed request of a page's first load, unless a change makes it another."""
        said = self.stack.salesforce("/_sim/login", {"user": user})
        given = {
            "org_id": self.org["id"], "user_id": said["user_id"], "token": said["token"], "email": user,
            "n": f"load-{next(_LOADS)}",
        }  # fmt: skip
        return signed_request(secret or self.org["canvas_secret"], **{**given, **changes})

    def knock(self, raw: str) -> Page:
        """Post it."""
        port = self.stack.ports.connector
        asked = urllib.request.Request(
            f"http://127.0.0.1:{port}/canvas",
            data=urllib.parse.urlencode({"signed_request": raw}).encode(),
            headers={"Host": f"connector.localhost:{port}"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(asked, timeout=20) as answer:
                return Page(answer.status, answer.read().decode())
        except urllib.error.HTTPError as refused:
            with refused:
                return Page(refused.code, refused.read().decode())


class Pane:
    """A pane's channel."""

    def __init__(self, stack: Stack, boot: dict[str, Any], name: str) -> None:
        self.stack = stack
        self.socket = RawClient.connect(
            stack.ports.connector,
            "/pane/channel",
            protocols=f"fcc-pane.v1, bearer.{boot['session']}",
            origin=stack.connector_url,
            timeout=20,
        )
        assert self.socket.status == 101, self.socket.body
        self._ids = itertools.count(1)
        self.events: list[dict[str, Any]] = []
        self.ask("hello", pane=name, lastSeq=None, focused=True)
        self.fence = self.ask("leader.take")["ok"]["fence"]

    def ask(self, command: str, **fields: Any) -> dict[str, Any]:
        """Send a command; its answer, `ok` or `error`."""
        mine = f"c{next(self._ids)}"
        self.socket.text(json.dumps({"id": mine, "type": command, **fields}))
        while (message := json.loads(self.socket.message())).get("re") != mine:
            self.events.append(message)
        return dict(message)

    def refused(self, command: str, **fields: Any) -> str:
        """Send a command that must fail; its code, after a look at the sentence (the agent speaks Polish)."""
        answer = self.ask(command, **fields)
        assert "error" in answer, answer
        assert len(answer["error"]["message"]) > 20
        assert re.search(r"[ąćęłńóśźż]", answer["error"]["message"])
        return str(answer["error"]["code"])

    def phone(self) -> RawClient:
        """The phone's socket, by a ticket."""
        ticket = self.ask("sip.ticket", fence=self.fence)["ok"]["ticket"]
        return dial_in(self.stack, ticket)


def dial_in(stack: Stack, ticket: str) -> RawClient:
    """The phone's socket with that ticket; look at `status` for what came of it."""
    return RawClient.connect(
        stack.ports.connector, f"/pane/sip?ticket={ticket}", protocols="sip", origin=stack.connector_url, timeout=20
    )


@pytest.fixture
def door(stack: Stack) -> Door:
    return Door(stack)


@pytest.fixture
def pane(stack: Stack, door: Door) -> Iterator[Callable[..., Pane]]:
    """Makes panes."""
    made: list[Pane] = []

    def make(user: str = ANNA) -> Pane:
        page = door.knock(door.request(user))
        assert page.boot is not None, page.words
        made.append(Pane(stack, page.boot, f"pane-of-the-test-{next(_LOADS):04d}"))
        return made[-1]

    yield make
    for one in made:
        one.socket.close()


@pytest.fixture
def counted(stack: Stack) -> Callable[..., float]:
    """Reads a metric's value, summed over what is not asked for."""

    def read(name: str, **labels: str) -> float:
        lines = [line for line in stack.connector("/metrics")[1].splitlines() if line.startswith(name)]
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        return sum(float(line.rpartition(" ")[2]) for line in lines if all(each in line for each in wanted))

    return read

"""What a pane costs that no browser has seen before: bytes and requests until its phone is registered.

Counted by a real browser with an empty cache; its list of what it fetched leaves sockets out, which the connector
counts. Files are compressed here as a reverse proxy does it, for the connector leaves that to one; the document is
counted as it is.
"""

from __future__ import annotations

import gzip
import re
import tempfile
from pathlib import Path
from typing import Any

from cti import outgoing
from tests.support.agent import Agent
from tests.support.browser import chromium
from tests.support.tone import write_tone
from tests.support.wait import until
from tools.stack import Stack

GZIP_LEVEL = 6
FETCHED = """
const [document_] = performance.getEntriesByType("navigation");
return {
  document: document_.encodedBodySize,
  files: performance.getEntriesByType("resource").map(entry => entry.name),
};
"""


def run(quick: bool) -> list[dict[str, Any]]:
    """The same in a quick run: nothing here varies."""
    del quick
    with tempfile.TemporaryDirectory() as name, Stack(Path(name) / "stack", fresh=True) as stack:
        agent = Agent(chromium(microphone=write_tone(Path(name) / "agent.wav", 440)), stack)
        try:
            agent.open()
            until(lambda: agent.shows("status-button"), 20, what="the pane")
            agent.wait_data("phone", "registered")
            with agent.pane() as driver:
                fetched = driver.execute_script(FETCHED)
            sockets = open_sockets(stack.connector("/metrics")[1])
        finally:
            agent.driver.quit()
        with outgoing.session() as http:
            bodies = [http.get(url).content for url in fetched["files"]]
    size = fetched["document"] + sum(len(gzip.compress(body, GZIP_LEVEL)) for body in bodies)
    return [
        {"name": "pane-cold-bytes", "value": round(size / 1000, 1), "unit": "kB gzip"},
        {"name": "pane-cold-requests", "value": 1 + len(bodies) + sockets, "unit": "requests"},
    ]


def open_sockets(metrics: str) -> int:
    """The WebSockets that the connector holds, the pane's own and its phone's."""
    return sum(int(float(count)) for count in re.findall(r"^fcc_open_sockets\{[^}]*\} (\S+)$", metrics, re.MULTILINE))

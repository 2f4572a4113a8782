"""What real phones say goes on: JsSIP and SIP.js, as `tests/protocol/proxy/record_phones.mjs` recorded them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.proxy.speaking import Line

CORPUS = Path(__file__).resolve().parents[2] / "protocol/proxy/corpus/phones"
CONVERSATIONS = sorted(CORPUS.glob("*.jsonl"))


def spoken(path: Path) -> list[tuple[str, bytes]]:
    said = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [(each["from"], each["text"].encode()) for each in said]


def replay(line: Line, conversation: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Play it; what of the phone's was refused, and why."""
    refused = []
    for sender, text in conversation:
        if sender == "nobody":
            line = line.restart()
        elif sender == "fcc":
            line.hears(text)
        elif (why := line.why(text)) != "":
            refused.append((why, text))
    assert line.unread == 0
    return refused


@pytest.mark.assumed("A38", "A39", "A48", "A49")
@pytest.mark.parametrize("path", CONVERSATIONS, ids=lambda path: path.stem)
def test_what_a_real_phone_says_goes_on(clock, path):
    assert replay(Line(clock), spoken(path)) == []


@pytest.mark.parametrize("path", CONVERSATIONS, ids=lambda path: path.stem)
def test_calls_go_on_though_the_connector_is_restarted_before_each_word(clock, path):
    said = []
    for sender, text in spoken(path):
        said += [("nobody", b""), (sender, text)] if sender == "phone" else [(sender, text)]
    refused = [text for _, text in replay(Line(clock), said)]
    # Answers to what FCC asked before, and the end of what it refused, would have gone over the old socket.
    assert [text for text in refused if not text.startswith((b"SIP/2.0", b"ACK"))] == []


def test_both_phones_were_recorded_in_every_conversation():
    names = {path.stem for path in CONVERSATIONS}
    assert len(names) >= 30
    assert {name.partition("-")[2] for name in names if name.startswith("jssip")} == {
        name.partition("-")[2] for name in names if name.startswith("sipjs")
    }

"""Our reader of what phones say beside an independent one, the library `sipmessage`: where they disagree, ours refuses.

The library leaves out what RFC 3261 has every reader do with a message that is written otherwise than plainly: it is
given the same message written plainly (`plainly`), and has to read in that what ours reads in the phone's own spelling.
"""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sipmessage import Message, Request

from cti.proxy.sip_head import SipUnreadableError, read_message
from tests.unit.proxy.mutations import mutate
from tests.unit.proxy.test_phones import CONVERSATIONS, spoken

if TYPE_CHECKING:
    from collections.abc import Iterable

CORPUS = Path(__file__).resolve().parents[2] / "protocol/proxy/corpus"
MUTATIONS = 20_000

STRICTER = {
    "another message without a content-length before it": (
        "The library takes all that follows the head for the body. A PBX that reads a stream finds a second message in "
        "it (RFC 3261, section 18.3)."
    ),
    "wrong content-length": "What stands behind the body, or is missing of it, is the next message of such a PBX.",
    "no head": (
        "Control characters, line breaks other than CRLF, a start line with other spaces, a status that is no three "
        "digits: the library keeps them in a value, and another reader ends a header there."
    ),
    "said twice": (
        "Of two From, To, Call-ID, CSeq or Content-Length the library takes the first, another reader the last."
    ),
    "a header has not its form": (
        "The library looks at a Call-ID, CSeq, Content-Length or Max-Forwards only when it is asked for, and takes "
        "anything then."
    ),
    "too many headers": "The library has no bound; each header costs time.",
    "unlisted": "A phone writes headers from a list, and most of them once; the library knows no list.",
}
"""Where the library reads and ours refuses: what ours says, and why."""


def plainly(data: bytes) -> bytes:
    """The message as the library wants it written; it means the same. Source: RFC 3261.

    Without line breaks in front (section 7.5), each header on one line and no space before its colon (section 7.3.1).
    The Request-URI is another one: the library reads it, and refuses names of hosts that there may be, such as
    `a.ex4mple`; ours leaves that to whoever compares it with what FCC named.
    """
    head, end, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    start, first, lines = head.partition(b"\r\n")
    lines = re.sub(rb"[ \t]*\r\n[ \t]+", b" ", lines)
    lines = re.sub(rb"(?m)^([^:\r\n]*?)[ \t]+:", rb"\1:", lines)
    if not start.startswith(b"SIP/"):
        start = re.sub(rb"^([^ ]+) [!-~]+ ", rb"\1 sip:a.example ", start)
    return start + first + lines + end + body


def read(start: tuple[str | None, str | None], headers: Iterable[tuple[str, str]]) -> object:
    """What is compared. White space beyond ASCII around a value is dropped by the library and kept by ours, for which
    a judged value with it is none.
    """
    return start, sorted((name, value.strip()) for name, value in headers)


def theirs(data: bytes) -> object:
    """How the library reads it: method or status, and headers by full names in small letters; a text if it refuses."""
    try:
        message = Message.parse(plainly(data))
    except ValueError as error:
        return str(error)
    start = (message.method, None) if isinstance(message, Request) else (None, str(message.code))
    names = dict.fromkeys(message.headers.keys())
    return read(start, ((name.lower(), value) for name in names for value in message.headers.getlist(name)))


def ours(data: bytes) -> object:
    """The same of ours; None for a keep-alive."""
    try:
        head = read_message(data)
    except SipUnreadableError as error:
        return str(error)
    if head is None:
        return None
    return "unlisted" if head.unlisted is not None else read((head.method, head.status), head.headers())


def disagreement(data: bytes) -> str:
    """What ours refuses and the library reads, empty when both do the same; fails where the library is the stricter."""
    mine, other = ours(data), theirs(data)
    if isinstance(mine, str):
        return "" if isinstance(other, str) else mine
    if mine is None:
        # A keep-alive is no message, for the library an error. Source: RFC 7118, section 6; RFC 5626, section 4.4.1.
        assert data.strip(b"\r\n") == b""
        return ""
    assert mine == other, data
    return ""


PHONES_SAY = [text for path in CONVERSATIONS for sender, text in spoken(path) if sender == "phone"]


def test_both_read_the_same_in_all_that_real_phones_say():
    assert len(PHONES_SAY) > 300
    assert {disagreement(text) for text in PHONES_SAY} == {""}
    assert not any(isinstance(ours(text), str) for text in PHONES_SAY)


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*/*.sip")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_of_each_message_by_hand_ours_refuses_what_the_library_refuses(path):
    assert disagreement(path.read_bytes()) in {"", *STRICTER}


def test_of_thousands_of_changed_messages_ours_refuses_what_the_library_refuses_and_reads_no_other_in_another_way():
    chance = random.Random(20261127)
    changed = [mutate(chance.choice(PHONES_SAY), PHONES_SAY, chance) for _ in range(MUTATIONS)]
    changed.append(PHONES_SAY[0].replace(b"\r\n\r\n", b"\r\nSubject: x" * 101 + b"\r\n\r\n"))
    found = [disagreement(text) for text in changed]
    assert set(found) - {""} == set(STRICTER)
    # Most changes are read alike by both, so ours does not just refuse everything.
    assert sum(1 for text in changed if isinstance(ours(text), tuple)) > MUTATIONS / 4

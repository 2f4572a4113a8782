"""What a page that was tampered with might say: by hand, and at random. An oracle of its own says what does harm."""

from __future__ import annotations

import random
from collections import OrderedDict

import pytest

from tests.support.clock import DrivenClock
from tests.unit.proxy.mutations import CALLS, CONTACTS, HEADERS, SENDERS, STARTS, TARGETS, mutate, replaced
from tests.unit.proxy.oracle import PERMITTED, Heard, harm
from tests.unit.proxy.speaking import Line
from tests.unit.proxy.test_phones import CONVERSATIONS, spoken

MUTATIONS = 20_000


class OnlyThese:
    """The dial rules: two numbers."""

    def may_invite(self, _agent, number):
        return number in PERMITTED


def line() -> Line:
    made = Line(DrivenClock(), calls_per_minute=10**9)
    made.guard._dialling._rules = OnlyThese()
    return made


def conversation(name: str) -> tuple[list[tuple[str, bytes]], int]:
    """One of the recorded, and where its first INVITE stands that carries credentials."""
    said = spoken(next(path for path in CONVERSATIONS if path.stem == name))
    at = next(i for i, (sender, text) in enumerate(said) if sender == "phone" and b"Proxy-Authorization" in text)
    return said, at


def by_hand(invite: bytes, register: bytes, hold: bytes) -> list[tuple[str, bytes]]:
    """Every attack thought of, made of three good messages."""
    made = []
    for base, text in (("INVITE", invite), ("REGISTER", register), ("hold", hold)):
        made += [
            (f"{base} + {header}", text.replace(b"\r\nMax-F", f"\r\n{header}\r\nMax-F".encode(), 1))
            for header in HEADERS
        ]
        made += [(f"{base} Contact: {contact}", replaced(text, "Contact", contact)) for contact in CONTACTS]
    for base, text in (("INVITE", invite), ("REGISTER", register)):
        made += [(f"{base} From: {sender}", replaced(text, "From", sender)) for sender in SENDERS]
    made += [(f"INVITE {target}", replaced(invite, "", f"INVITE {target} SIP/2.0")) for target in TARGETS]
    made += [(f"hold at {target}", replaced(hold, "", f"INVITE {target} SIP/2.0")) for target in TARGETS]
    made += [(f"start {start}", _as(invite, start)) for start in STARTS]
    for to in CALLS:
        name, _, value = to.partition(": ")
        made.append((f"INVITE with {to}", replaced(replaced(invite, "To", value), name, value)))
        made.append(
            (
                f"BYE with {to}",
                _as(
                    replaced(replaced(invite, "To", value), name, value),
                    "BYE sip:+48600100200@acme.fcc.example SIP/2.0",
                ),
            )
        )
    return made


def _as(text: bytes, start: str) -> bytes:
    method = "INVITE" if start.startswith("SIP/2.0") else start.partition(" ")[0]
    return replaced(text, "", start).replace(b" INVITE\r\n", f" {method}\r\n".encode())


def attacks() -> list[tuple[str, bytes]]:
    said, at = conversation("jssip-call-out")
    texts = [text for sender, text in said if sender == "phone"]
    hold = next(text for text in texts if text.startswith(b"INVITE sip:fcc@"))
    return by_hand(said[at][1], texts[1], hold)


def test_there_are_enough_attacks_by_hand_and_each_is_one():
    said, at = conversation("jssip-call-out")
    made = attacks()
    assert len({data for _, data in made}) >= 200
    heard = Heard()
    for sender, text in said[: at + 6]:
        (heard.fcc if sender == "fcc" else heard.phone)(text.decode())
    tame = [name for name, data in made if not harm(data, heard)]
    # Harmless by the oracle, and refused all the same, for no phone says so.
    assert len(tame) < len(made) / 10, tame


@pytest.mark.parametrize(("name", "data"), attacks(), ids=[name for name, _ in attacks()])
def test_no_attack_goes_through(name, data):
    said, _ = conversation("jssip-call-out")
    one = line()
    for sender, text in said:
        if text.startswith(b"INVITE sip:fcc@"):
            break
        if sender == "fcc":
            one.hears(text)
        else:
            assert one.why(text) == ""
    verdict = one.says(data)
    assert not verdict.forward, name


def test_of_thousands_of_changed_messages_none_does_harm_and_none_that_is_good_is_refused():
    """Each is changed where it stands in its conversation, so that the calls it speaks of are there."""
    chance = random.Random(20261127)
    conversations = [spoken(path) for path in CONVERSATIONS if "restarted" not in path.stem]
    every = [text for said in conversations for sender, text in said if sender == "phone"]
    each = -(-MUTATIONS // len(every))
    harmful, passed, tried = [], 0, 0
    for said in conversations:
        one, heard = line(), Heard()
        for sender, text in said:
            if sender == "fcc":
                one.hears(text)
                heard.fcc(text.decode())
                continue
            book = one.guard._dialogs
            known, challenged = OrderedDict(book._known), OrderedDict(book._challenged)
            for _ in range(each):
                changed = mutate(text, every, chance)
                tried += 1
                if one.says(changed).forward:
                    passed += 1
                    if why := harm(changed, heard):
                        harmful.append((why, changed.decode("utf-8", "replace")))
                book._known, book._challenged = OrderedDict(known), OrderedDict(challenged)
            assert one.why(text) == ""
            heard.phone(text.decode())
    assert tried >= MUTATIONS
    assert harmful == []
    # Small changes pass, so the guard does not just refuse everything.
    assert passed > tried / 20


def test_the_oracle_finds_no_harm_in_what_real_phones_say():
    for path in CONVERSATIONS:
        heard = Heard()
        for sender, text in spoken(path):
            if sender == "fcc":
                heard.fcc(text.decode())
            elif sender == "phone":
                heard.phone(text.decode())
                assert harm(text, heard) == "", (path.stem, text)

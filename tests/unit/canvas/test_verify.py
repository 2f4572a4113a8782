from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cti.canvas.errors import (
    CanvasAlgorithmError,
    CanvasRequestMalformedError,
    CanvasRequestMissingError,
    CanvasRequestTooLargeError,
    CanvasSignatureError,
)
from cti.canvas.verify import check_signature, open_envelope, verify
from cti.errors import ConnectorError
from tests.support.signed_request import ORG_ID, SECRET, TOKEN, USER_ID, document, encode, sign, signed_request

VECTOR_SECRET = "workbench-consumer-secret-0001"
VECTOR_PAYLOAD = (
    "eyJhbGdvcml0aG0iOiJITUFDU0hBMjU2IiwiaXNzdWVkQXQiOi0yNDYxMTU0NjQsInVzZXJJZCI6IjAwNXh4MDAwMDAxU3l5RUFBUyIsImNsaWVu"
    "dCI6eyJyZWZyZXNoVG9rZW4iOm51bGwsImluc3RhbmNlSWQiOiJfOmFjbWVfcGFuZToiLCJ0YXJnZXRPcmlnaW4iOiJodHRwczovL2FjbWUubGln"
    "aHRuaW5nLmZvcmNlLmNvbSIsImluc3RhbmNlVXJsIjoiaHR0cHM6Ly9hY21lLm15LnNhbGVzZm9yY2UuY29tIiwib2F1dGhUb2tlbiI6IjAwRHh4"
    "MDAwMDAwMDAwMSFBUUVBUS50b2sifSwiY29udGV4dCI6e319"
)
VECTOR_SIGNATURE = "2cwanXFRrZd+q6kYvmSqDnYxPm5b3xmYn3ZJBB4XixQ="

GOOD = signed_request(name="Zażółć Gęślą Jaźń")


@pytest.mark.parametrize(
    "signature",
    [VECTOR_SIGNATURE, VECTOR_SIGNATURE.replace("+", "-"), VECTOR_SIGNATURE.rstrip("=")],
    ids=["standard", "url-safe", "unpadded"],
)
def test_the_known_signature_is_accepted_in_each_spelling(signature: str) -> None:
    envelope = open_envelope(f"{signature}.{VECTOR_PAYLOAD}")
    check_signature(envelope, VECTOR_SECRET)
    assert envelope.document["userId"] == "005xx000001SyyEAAS"


def spellings(text: str) -> set[str]:
    """The ways in which one piece of base64 can be written."""
    url_safe = text.translate(str.maketrans("+/", "-_"))
    mixed = text.replace("+", "-", 1)
    return {one.rstrip("=") + padding for one in (text, url_safe, mixed) for padding in ("", "=" * text.count("="))}


def test_a_request_is_the_same_in_each_spelling() -> None:
    raws = [f"{signature}.{VECTOR_PAYLOAD}" for signature in spellings(VECTOR_SIGNATURE)]
    assert len(raws) == 4
    assert len({open_envelope(raw).digest for raw in raws}) == 1
    assert len({open_envelope(f"{VECTOR_SIGNATURE}.{spelled}").digest for spelled in spellings(VECTOR_PAYLOAD)}) == 1
    assert open_envelope(GOOD).digest != open_envelope(raws[0]).digest


@given(st.text("+/-_=AQx \n.", max_size=6), st.integers(0, len(VECTOR_SIGNATURE)))
@settings(max_examples=300)
def test_no_spelling_of_a_used_request_is_another_request(noise: str, place: int) -> None:
    used = open_envelope(f"{VECTOR_SIGNATURE}.{VECTOR_PAYLOAD}")
    try:
        again = open_envelope(f"{VECTOR_SIGNATURE[:place]}{noise}{VECTOR_SIGNATURE[place:]}.{VECTOR_PAYLOAD}")
        check_signature(again, VECTOR_SECRET)
    except ConnectorError:
        return
    assert again.digest == used.digest


def test_the_known_signature_is_refused_with_another_secret() -> None:
    with pytest.raises(CanvasSignatureError):
        check_signature(open_envelope(f"{VECTOR_SIGNATURE}.{VECTOR_PAYLOAD}"), VECTOR_SECRET + "x")


def test_an_empty_secret_proves_nothing() -> None:
    with pytest.raises(CanvasSignatureError):
        check_signature(open_envelope(sign(VECTOR_PAYLOAD, "")), "")


def test_a_good_request_tells_who_comes_from_where() -> None:
    request = verify(open_envelope(GOOD), SECRET)
    assert (request.org_id, request.user_id, request.token) == (ORG_ID, USER_ID, TOKEN)
    assert (request.full_name, request.language, request.n) == ("Zażółć Gęślą Jaźń", "pl", "load-1")
    assert TOKEN not in repr(request)


def test_ids_of_fifteen_characters_are_lengthened() -> None:
    raw = signed_request(org_id=ORG_ID[:15], user_id=USER_ID[:15])
    assert open_envelope(raw).claimed_org_id == ORG_ID
    assert verify(open_envelope(raw), SECRET).user_id == USER_ID


def test_a_payload_in_the_url_safe_alphabet_is_signed_as_it_came() -> None:
    content = json.dumps(document(name="ÿÿÿ>>>???"), ensure_ascii=False).encode()
    payload = base64.urlsafe_b64encode(content).decode()
    assert set("-_") & set(payload)
    assert verify(open_envelope(sign(payload)), SECRET).full_name == "ÿÿÿ>>>???"
    standard = payload.translate(str.maketrans("-_", "+/"))
    with pytest.raises(CanvasSignatureError):
        verify(open_envelope(sign(payload).partition(".")[0] + "." + standard), SECRET)


@pytest.mark.parametrize("algorithm", ["HMACSHA1", "hmacsha256", "none", "", None, 1, ["HMACSHA256"]])
def test_only_one_algorithm_is_accepted(algorithm: object) -> None:
    with pytest.raises(CanvasAlgorithmError):
        open_envelope(signed_request(algorithm=algorithm))


def test_a_missing_algorithm_is_refused() -> None:
    content = document()
    del content["algorithm"]
    with pytest.raises(CanvasAlgorithmError):
        open_envelope(sign(encode(content)))


def test_nothing_is_named_missing() -> None:
    with pytest.raises(CanvasRequestMissingError):
        open_envelope("")


def test_a_request_beyond_the_limit_is_not_read() -> None:
    assert open_envelope(GOOD, max_bytes=len(GOOD))
    with pytest.raises(CanvasRequestTooLargeError):
        open_envelope(GOOD, max_bytes=len(GOOD) - 1)


@pytest.mark.parametrize(
    "raw",
    [
        "no-dot",
        ".",
        f".{VECTOR_PAYLOAD}x",
        sign("bm90IGpzb24="),
        sign("!!!!"),
        sign(encode(["a list"])),
        sign(base64.b64encode(b"\xff\xfe{}").decode()),
        sign(base64.b64encode(b"[" * 30_000).decode()),
        VECTOR_SIGNATURE + " ." + VECTOR_PAYLOAD,
        VECTOR_SIGNATURE + "=." + VECTOR_PAYLOAD,
        "ż." + VECTOR_PAYLOAD,
    ],
    ids=[
        "no dot",
        "empty",
        "bad base64",
        "no json",
        "alphabet",
        "list",
        "utf-8",
        "depth",
        "space",
        "padding",
        "letters",
    ],
)
def test_what_is_no_signed_request_is_called_malformed(raw: str) -> None:
    with pytest.raises(CanvasRequestMalformedError):
        open_envelope(raw)


@pytest.mark.parametrize(
    "path",
    [
        ("context",),
        ("context", "organization"),
        ("context", "organization", "organizationId"),
        ("client", "oauthToken"),
    ],
    ids=lambda path: path[-1],
)
@pytest.mark.parametrize("value", [None, 7, "", {}, []], ids=repr)
def test_a_proved_request_that_lacks_something_is_called_malformed(path: tuple[str, ...], value: object) -> None:
    content = document()
    parent = content
    for name in path[:-1]:
        parent = parent[name]
    parent[path[-1]] = value
    with pytest.raises(CanvasRequestMalformedError):
        verify(open_envelope(sign(encode(content))), SECRET)


def test_two_users_in_one_request_are_refused() -> None:
    content = document()
    content["userId"] = "005000000000002AAA"
    with pytest.raises(CanvasRequestMalformedError):
        verify(open_envelope(sign(encode(content))), SECRET)


@pytest.mark.parametrize("parameters", [None, [], "n", {"n": 5}, {"n": ""}, {"n": None}], ids=repr)
def test_parameters_without_a_usable_n_count_as_none(parameters: object) -> None:
    content = document()
    content["context"]["environment"]["parameters"] = parameters
    assert verify(open_envelope(sign(encode(content))), SECRET).n is None


def same_signature(raw: str) -> bool:
    """Whether only the spelling of the signature differs from the good request's."""
    signature, _, payload = raw.partition(".")
    good_signature, _, good_payload = GOOD.partition(".")
    standard = signature.replace("-", "+").replace("_", "/")
    return payload == good_payload and standard.rstrip("=") == good_signature.rstrip("=")


def accepted(raw: str, secret: str = SECRET) -> bool:
    try:
        verify(open_envelope(raw), secret)
    except ConnectorError:
        return False
    return True


CHARACTERS = st.characters(codec="utf-8")


@settings(deadline=None)
@given(position=st.integers(0, len(GOOD) - 1), character=CHARACTERS)
def test_no_request_with_a_changed_character_is_accepted(position: int, character: str) -> None:
    changed = GOOD[:position] + character + GOOD[position + 1 :]
    assert accepted(changed) == (changed == GOOD or same_signature(changed))


@settings(deadline=None)
@given(position=st.integers(0, len(GOOD)), text=st.text(CHARACTERS, min_size=1, max_size=5))
def test_no_request_with_something_inserted_is_accepted(position: int, text: str) -> None:
    changed = GOOD[:position] + text + GOOD[position:]
    assert accepted(changed) == same_signature(changed)


@settings(deadline=None)
@given(start=st.integers(0, len(GOOD)), length=st.integers(1, 40))
def test_no_request_with_something_cut_out_is_accepted(start: int, length: int) -> None:
    changed = GOOD[:start] + GOOD[start + length :]
    assert accepted(changed) == same_signature(changed)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_no_text_at_all_breaks_the_reader(raw: str) -> None:
    assert not accepted(raw)


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["context", "user", "client", "organization", "userId", "oauthToken"]),
                inner,
                max_size=4,
            )
        ),
    )
)
def test_no_signed_content_breaks_the_reader(content: object) -> None:
    assert not accepted(sign(encode({"algorithm": "HMACSHA256", "context": content, "client": content})))


@settings(deadline=None)
@given(st.text(min_size=1, max_size=40))
def test_no_other_secret_proves_the_request(secret: str) -> None:
    assert accepted(GOOD, secret) == (secret == SECRET)

from __future__ import annotations

import io
import json
import logging
import re
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cti.web.logs import configure_logging, mask, mask_text
from tests.support.signed_request import TOKEN, signed_request

if TYPE_CHECKING:
    from collections.abc import Iterator

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzaWQiOiJhYmMifQ.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    root = logging.getLogger()
    level = root.level
    configure_logging("DEBUG", stream)
    yield stream
    root.handlers = [handler for handler in root.handlers if not hasattr(handler, "is_fcc")]
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize(
    "number",
    [
        "+48600100200",
        "600100200",
        "600 100 200",
        "600-100-200",
        "+48 22 111 22 33",
        "(22) 555-01-99",
        "0048 600 100 400",
        "+1 (415) 555-0199",
        "22.111.22.33",
        "5551234",
        "sip:+48600100200@acme.fcc.example",
        "tel:+48-600-100-200",
    ],
)
@pytest.mark.parametrize("around", ["{}", "dialling {} now", '{{"number": "{}"}}', "<{}>", "a={}&b=1", "{},{}"])
def test_of_a_number_only_the_last_digits_are_left(number: str, around: str) -> None:
    masked = mask_text(around.format(number, number))
    assert "***" in masked
    digits = "".join(filter(str.isdigit, number))
    assert digits[:-2] not in "".join(filter(str.isdigit, masked))
    assert number not in masked


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T09:00:00.123456+00:00",
        "2026-11-22 09:00:00",
        "HTTP 404 after 3 attempts",
        "call 987654",
        "acme:4711:0",
        "listening at http://127.0.0.1:8000",
        "00D000000000001EAA",
        "acme:600100200:0",
        "00D000000000001EAA:acme:600100200:12",
        "delivery acme-2:9223372036854775807:0 failed for 0035g00000ABCDEAA1 and 500000000000001AAA",
        "2026-11-22T10:00:00Z..2026-11-22",
        "line 120, in read",
    ],
)
def test_what_is_no_number_stays_readable(text: str) -> None:
    assert mask_text(text) == text


@pytest.mark.parametrize(
    "secret",
    [
        TOKEN,
        JWT,
        signed_request(),
        f"Bearer {TOKEN}",
        f"bearer.{JWT}",
        "signed_request=abc%2Bdef",
        "Basic ZmNjOnNlY3JldA==",
    ],
    ids=["org token", "jwt", "signed request", "header", "subprotocol", "form", "basic"],
)
def test_tokens_are_hidden_wherever_they_stand(secret: str) -> None:
    masked = mask_text(f"failed with {secret} at once")
    core = secret.partition("=")[2] if secret.startswith("signed_request=") else secret.rsplit(" ", maxsplit=1)[-1]
    assert core not in masked
    assert core[-20:] not in masked
    assert masked.startswith("failed with ")
    assert masked.endswith(" at once")


def test_query_strings_are_hidden() -> None:
    masked = mask_text('GET "wss://connector.example.com/pane/sip?ticket=abc123&x=1" closed')
    assert masked == 'GET "wss://connector.example.com/pane/sip?***" closed'


def test_values_are_hidden_by_their_names() -> None:
    assert mask(
        {
            "token": "abc",
            "apiKey": "abc",
            "client_secret": "abc",
            "Authorization": "x",
            "nested": [{"password": "p", "calls_id": 600100200}],
            "number": 600100200,
            "ok": True,
            "none": None,
            "seconds": 1.5,
        }
    ) == {
        "token": "***",
        "apiKey": "***",
        "client_secret": "***",
        "Authorization": "***",
        "nested": [{"password": "***", "calls_id": 600100200}],
        "number": "***00",
        "ok": True,
        "none": None,
        "seconds": 1.5,
    }


@pytest.mark.parametrize(
    "text",
    [
        "%2B48600100200",
        "%2B48%20600%20100%20200",
        "tel600100200",
        "x48600100200y",
        "numer_600100200_",
        "0.600100200",
        "sip:600100200:5060",
        "from:600100200:5",
        "+48\u2009600\u00a0100\u2011200",
        "+48 (0) 600 100 200",
        "\u202a+48 600 100 200\u202c",
        "٦٠٠١٠٠٢٠٠",
        "+48 2212-34-56 789",
        "600100200" * 5,
        "tel600100200abcXYZ",
    ],
)
def test_a_number_is_hidden_whatever_it_is_glued_to(text: str) -> None:
    masked = mask_text(text)
    assert masked.count("***") == 1
    assert sum(letter.isdigit() for letter in masked.replace("%2B", "").replace("5060", "")) <= 3


@pytest.mark.parametrize(
    "name", ["password", "accessToken", "client_secret", "Set-Cookie", "apiKey", "ticket", "credentials"]
)
@pytest.mark.parametrize(
    "around",
    [
        '{{"{}": "{}"}}',
        'answered {{"a": 1, "{}":"{}", "b": [2]}} with 400',
        "got {{'{}': '{}'}}",
        r'body "{{\"{}\": \"{}\"}}" was refused',
        r'"\"{{\\\"{}\\\": \\\"{}\\\"}}\""',
        "{}={}",
        "{}: {}",
        '{{"{}": "{}',
        '[{{"x": {{"{}": ["{}"]}}}}]',
    ],
)
def test_a_secret_is_hidden_by_its_name_in_whatever_text_it_stands(name: str, around: str) -> None:
    masked = mask_text(around.format(name, "hunter2"))
    assert "hunter2" not in masked
    assert "***" in masked


def test_headers_are_hidden_to_their_end() -> None:
    masked = mask_text("Cookie: a=hunter2; b=hunter3\r\nAccept: */*\nAuthorization: Custom a hunter4")
    assert masked == "Cookie: ***\r\nAccept: */*\nAuthorization: ***"


def test_a_text_that_utf8_cannot_spell_is_logged_all_the_same(written: io.StringIO) -> None:
    structlog.get_logger("cti.test").info("odd", where="a\ud800\0+48600100200", inner={"+48600100200": 1})
    (line,) = lines(written)
    assert line["where"] == "a\ufffd***00"
    assert line["inner"] == {"***00": 1}


MARK = "S3cretMark"


@settings(deadline=None)
@given(
    value=st.tuples(st.text(max_size=9), st.text(max_size=9)),
    name=st.sampled_from(["password", "token", "sip_password", "clientSecret", "Authorization", "signed_request"]),
    depth=st.integers(0, 3),
    plain=st.booleans(),
    around=st.sampled_from(["%s", "body was %s", "%s!", "a: %s, b: 1", "'%s'"]),
)
def test_no_secret_in_json_survives_however_deep_it_is_put(
    value: tuple[str, str], name: str, depth: int, plain: bool, around: str
) -> None:
    text = json.dumps({"a": 1, name: MARK.join(value), "b": "c"}, ensure_ascii=plain)
    for _ in range(depth):
        text = json.dumps(text, ensure_ascii=plain)
    assert MARK not in mask_text(around % text)


@settings(deadline=None)
@given(
    digits=st.text("0123456789", min_size=7, max_size=15),
    between=st.lists(
        st.sampled_from(["", "", " ", "-", ".", "/", ") ", " (", "%20", "\u00a0", "\u2009", "\u2011", "\u200b"]),
        min_size=15,
        max_size=15,
    ),
    before=st.text("abcXYZ%_=<>\"'& :+", max_size=6),
    after=st.text("abcXYZ%_=<>\"'&; ", max_size=6),
)
def test_no_number_survives_whatever_stands_around_and_between(
    digits: str, between: list[str], before: str, after: str
) -> None:
    number = digits[0] + "".join(gap + digit for digit, gap in zip(digits[1:], between, strict=False))
    assume(not re.search(r"\d{4}-\d\d-\d\d", number))  # a date, as far as anybody can tell
    assert number[:-2] not in mask_text(f"{before}{number}{after}")


@settings(deadline=None)
@given(
    org=st.sampled_from(["", "00D000000000001EAA:", "00D5g000004ABCDEA2:"]),
    tenant=st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,4})?", fullmatch=True),
    calls_id=st.integers(0, 2**63 - 1),
    segment=st.integers(0, 99),
)
def test_the_key_of_a_call_stays_readable(org: str, tenant: str, calls_id: int, segment: int) -> None:
    assume(
        tenant
        not in {"sip", "sips", "tel", "callto", "from", "to", "uri", "number", "phone", "caller", "callee", "msisdn"}
    )
    text = f"delivery {org}{tenant}:{calls_id}:{segment} failed"
    assert mask_text(text) == text


@settings(deadline=None)
@given(
    prefix=st.sampled_from(["", "+48", "0048", "+48 "]),
    digits=st.text("0123456789", min_size=9, max_size=9),
    separator=st.sampled_from(["", " ", "-", "."]),
)
def test_no_polish_number_survives(prefix: str, digits: str, separator: str) -> None:
    number = prefix + separator.join((digits[:3], digits[3:6], digits[6:]))
    assert number not in mask_text(f"to {number} from agent")


def test_lines_are_json_with_the_requests_id(written: io.StringIO) -> None:
    structlog.contextvars.bind_contextvars(request_id="abc")
    structlog.get_logger("cti.test").info("dialled", number="+48600100200", calls_id=4711)
    (line,) = lines(written)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "dialled",
        "number": "***00",
        "calls_id": 4711,
        "level": "info",
        "logger": "cti.test",
        "request_id": "abc",
    }


def test_what_libraries_log_is_masked_too(written: io.StringIO) -> None:
    logging.getLogger("gunicorn.error").error("Error handling request %s", f"/pane/sip?ticket={JWT}")
    (line,) = lines(written)
    assert line["event"] == "Error handling request /pane/sip?***"
    assert line["level"] == "error"


def test_tracebacks_are_masked_too(written: io.StringIO) -> None:
    def fail() -> None:
        raise ValueError(f"no answer from +48600100200 with {TOKEN}")

    try:
        fail()
    except ValueError:
        structlog.get_logger("cti.test").exception("failed")
    text = written.getvalue()
    assert "ValueError" in text
    assert "600100200" not in text
    assert TOKEN not in text


def test_setting_logs_up_twice_writes_each_line_once(written: io.StringIO) -> None:
    configure_logging("INFO", written)
    structlog.get_logger("cti.test").info("once")
    structlog.get_logger("cti.test").debug("never")
    assert [line["event"] for line in lines(written)] == ["once"]

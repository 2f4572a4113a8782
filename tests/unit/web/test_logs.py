from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from hypothesis import given, settings
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

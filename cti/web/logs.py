"""Logs: one JSON object a line, without telephone numbers, tokens or query strings.

Everything that is logged passes `mask`, what libraries log through `logging` included, tracebacks too.
"""

from __future__ import annotations

import logging
import re
import sys
from typing import TYPE_CHECKING, Any, TextIO

import structlog

if TYPE_CHECKING:
    from collections.abc import MutableMapping

HIDDEN = "***"
_SECRET_KEYS = re.compile(
    r"(?i)token|secret|password|passwd|authorization|cookie|api_?key|signed_?request|ticket|credential|^hash$|^jwt$"
)
_NUMBER_KEYS = re.compile(r"(?i)number|phone|caller|callee|^(from|to|uri|msisdn)$")
_UNTOUCHED = frozenset({"timestamp", "level", "logger", "request_id", "event"})

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i)\b(bearer|basic|oauth|digest)([ .])[A-Za-z0-9+/_=.~!-]{8,}"), r"\1\2" + HIDDEN),
    (re.compile(r"\b00D[A-Za-z0-9]{9,15}![A-Za-z0-9._]+"), HIDDEN),
    (re.compile(r"\beyJ[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*"), HIDDEN),
    (re.compile(r"[A-Za-z0-9+/_-]{40,}={0,2}\.[A-Za-z0-9+/_-]{20,}={0,2}"), HIDDEN),
    (
        re.compile(r"(?i)\b(signed_request|token|access_token|refresh_token|ticket|password|client_secret)=[^\s&\"']+"),
        r"\1=" + HIDDEN,
    ),
    (re.compile(r"(?<=[\w/])\?[^\s\"'<>]+"), "?" + HIDDEN),
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)?")
_NUMBER = re.compile(r"(?<![\w.])(?:\+|00)?\(?\d(?:[\s().\-/]{0,2}\d){6,17}(?![\w])")


def mask_text(text: str) -> str:
    """The text with tokens and query strings hidden, and of telephone numbers only the last two digits left."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    kept: list[str] = []
    position = 0
    for date in _DATE.finditer(text):
        kept.append(_NUMBER.sub(_mask_number, text[position : date.start()]))
        kept.append(date.group())
        position = date.end()
    kept.append(_NUMBER.sub(_mask_number, text[position:]))
    return "".join(kept)


def _mask_number(match: re.Match[str]) -> str:
    return HIDDEN + match.group()[-2:]


def mask(value: Any, key: str = "") -> Any:
    """Any value that is logged under `key`, made safe; containers are masked through and through."""
    if key and _SECRET_KEYS.search(key):
        return HIDDEN
    match value:
        case dict():
            return {name: mask(inner, str(name)) for name, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [mask(inner, key) for inner in value]
        case bool() | float() | None:
            return value
        case int() if not _NUMBER_KEYS.search(key):
            return value
        case _:
            return mask_text(str(value))


def mask_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The masking step of the log's pipeline."""
    for key, value in event.items():
        if key not in _UNTOUCHED:
            event[key] = mask(value, key)
        elif key == "event":
            event[key] = mask_text(str(value))
    return event


def configure_logging(level: str, stream: TextIO | None = None) -> None:
    """Write all logs of the process as JSON lines to `stream` (standard error); called once, at start.

    Takes over the root logger, and Gunicorn's and Werkzeug's loggers with it.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                mask_event,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    for old in list(root.handlers):
        if getattr(old, "is_fcc", False):
            root.removeHandler(old)
    handler.is_fcc = True  # type: ignore[attr-defined]  # a mark by which a second call finds the first one's handler
    root.addHandler(handler)
    root.setLevel(level)
    for name in ("gunicorn.error", "gunicorn.access", "werkzeug"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name in ("urllib3", "alembic", "sqlalchemy", "werkzeug", "geventwebsocket"):
        logging.getLogger(name).setLevel(logging.WARNING)

"""Logs: one JSON object a line, without telephone numbers, tokens or query strings.

Everything that is logged passes `mask`, what libraries log through `logging` included, tracebacks too.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, TextIO

import structlog

from cti.accounts import salesforce_id
from cti.domain.text import storable
from cti.web.folding import FoldingHandler

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

HIDDEN = "***"
_SECRET_KEYS = re.compile(
    r"(?i)token|secret|password|passwd|authorization|cookie|api_?key|signed_?request|ticket|credential|^hash$|^jwt$"
)
_NUMBER_KEYS = re.compile(r"(?i)number|phone|caller|callee|^(from|to|uri|msisdn)$")
_UNTOUCHED = frozenset({"timestamp", "level", "logger", "request_id", "event"})

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i)\b(authorization|cookie)(\s{0,3}:\s{0,3})(?![\s\"'\\])[^\r\n\"']+"), r"\1\2" + HIDDEN),
    (re.compile(r"(?i)\b(bearer|basic|oauth|digest)([ .])[A-Za-z0-9+/_=.~!-]{8,}"), r"\1\2" + HIDDEN),
    (re.compile(r"\b00D[A-Za-z0-9]{9,15}![A-Za-z0-9._]+"), HIDDEN),
    (re.compile(r"\beyJ[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*"), HIDDEN),
    (re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{40,}={0,2}\.[A-Za-z0-9+/_-]{20,}={0,2}"), HIDDEN),
    (
        # A value told by its name: `name=value`, `name: value`, and in JSON, however often that was put into a string.
        re.compile(
            r"(?is)((?:token|secret|password|passwd|authorization|cookie|api[_-]?key|signed[_-]?request|ticket"
            r"|credentials?|\bjwt|\bhash)(?:\\*[\"'])?\s{0,3}[:=]\s{0,3})"
            r"(?:(\\*[\"']).*?(?:(?<!\\)\2|\Z)|[^\s\"'\\&,;}\])]+)"
        ),
        r"\1" + HIDDEN,
    ),
    (re.compile(r"(?<=[\w/])\?[^\s\"'<>]+"), "?" + HIDDEN),
)
_BETWEEN = r"(?:%(?:20|28|29|2[DEF]|C2%A0)|[\s().\-/\u00ad\u2010-\u2015\u2212\u200b-\u200f\u202a-\u202e\u2060]){0,3}"
_NUMBER = re.compile(rf"(?i)(?:\+|00)?\(?\d(?:{_BETWEEN}\d){{6,}}")
"""Seven digits and more, whatever stands before or behind: letters and percent signs end no telephone number."""
_READABLE = re.compile(
    # a time,
    r"(?<!\d)(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?!\d)(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)?"
    # the key of a call, `<org>:<tenant>:<calls_id>:<segment>`, with or without the org; `sip:`, `from:` and the like
    # begin none,
    r"|(?<![\w.%+@:-])(?:[A-Za-z0-9]{18}:)?(?!(?:sips?|tel|callto|from|to|uri|number|phone|caller|callee|msisdn):)"
    r"[a-z][a-z0-9-]*:\d{1,19}:\d{1,3}(?![\w:@])"
    # the id of a record in Salesforce, told from other words by its check characters.
    r"|(?<![A-Za-z0-9])[A-Za-z0-9]{18}(?![A-Za-z0-9])"
)
_RECORD_ID_LENGTH = 18


def mask_text(text: str) -> str:
    """The text with tokens and query strings hidden, and of telephone numbers only the last two digits left.

    Times, the keys of calls and the ids of records stay readable. A text that is JSON is masked as what it says.
    """
    text = storable(text)
    if text[:1] in {"{", "["}:
        try:
            return json.dumps(mask(json.loads(text)), ensure_ascii=False)
        except (ValueError, RecursionError):
            pass
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    kept: list[str] = []
    position = 0
    for readable in _READABLE.finditer(text):
        if len(readable.group()) == _RECORD_ID_LENGTH and not _is_readable(readable.group()):
            continue
        kept.append(_NUMBER.sub(_mask_number, text[position : readable.start()]))
        kept.append(readable.group())
        position = readable.end()
    kept.append(_NUMBER.sub(_mask_number, text[position:]))
    return "".join(kept)


def _is_readable(word: str) -> bool:
    """Whether a word of 18 characters is a record's id, or something else that may be read."""
    if not word.isalnum():
        return True
    try:
        return salesforce_id(word) == word and salesforce_id(word[:15]) == word
    except ValueError:
        return False


def _mask_number(match: re.Match[str]) -> str:
    return HIDDEN + match.group()[-2:]


def mask(value: Any, key: str = "") -> Any:
    """Any value that is logged under `key`, made safe; containers are masked through and through."""
    if key and _SECRET_KEYS.search(key):
        return HIDDEN
    match value:
        case dict():
            return {mask_text(str(name)): mask(inner, str(name)) for name, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [mask(inner, key) for inner in value]
        case bool() | float() | None:
            return value
        case int() if not _NUMBER_KEYS.search(key):
            return value
        case _:
            return mask_text(str(value))


def _mask_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The masking step of the log's pipeline."""
    for key, value in event.items():
        if key not in _UNTOUCHED:
            event[key] = mask(value, key)
        elif key == "event":
            event[key] = mask_text(str(value))
    return event


def configure_logging(
    level: str, stream: TextIO | None = None, *, monotonic: Callable[[], float] = time.monotonic
) -> None:
    """Write all logs of the process as JSON lines to `stream` (standard error), repeated failures folded.

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
    handler = FoldingHandler(stream or sys.stderr, monotonic)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _mask_event,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    for old in list(root.handlers):
        if getattr(old, "is_fcc", False):
            root.removeHandler(old)
            old.close()
    handler.is_fcc = True  # type: ignore[attr-defined]  # a mark by which a second call finds the first one's handler
    root.addHandler(handler)
    root.setLevel(level)
    for name in ("gunicorn.error", "gunicorn.access", "werkzeug"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name in ("urllib3", "alembic", "sqlalchemy", "werkzeug", "geventwebsocket"):
        logging.getLogger(name).setLevel(logging.WARNING)


def log_the_uncaught() -> None:
    """Have warnings, and what nobody catches in a thread or at the end of an object, logged like everything else."""
    logging.captureWarnings(True)
    log = structlog.get_logger("cti.web")
    threading.excepthook = lambda gone: log.error("thread-failed", exc_info=gone.exc_value)
    sys.unraisablehook = lambda gone: log.error("unraisable", exc_info=gone.exc_value)

"""Gunicorn's own lines as JSON, in the master too, which never loads the application.

Loaded by gunicorn's master before anything is patched: it must import nothing of the application. In the worker these
lines go the application's way as soon as that is loaded (`cti.web.logs`), and are masked there.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

from gunicorn import glogging


class _JsonFormatter(logging.Formatter):
    """A record as a line with the application's names: event, logger, level, timestamp, exception."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        told = {"event": record.getMessage(), "logger": record.name, "level": record.levelname.lower()}
        told["timestamp"] = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False)


class ServerLog(glogging.Logger):  # type: ignore[misc]  # gunicorn has no types
    """Gunicorn's logger, writing JSON."""

    def setup(self, cfg: Any) -> None:
        """As gunicorn does, with another form of line."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(_JsonFormatter())

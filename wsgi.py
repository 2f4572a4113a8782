"""What a WSGI server loads: `gunicorn wsgi:app`."""

from __future__ import annotations

import structlog

from app import create_app
from cti.errors import ConnectorError
from cti.settings import SettingsError
from cti.store.lease import LeaseError
from cti.web.logs import configure_logging

_BOOT_ERROR = 3
"""Gunicorn's code for a worker that cannot be started (`Arbiter.WORKER_BOOT_ERROR`): the whole server ends with it."""

configure_logging("INFO")  # also what the settings say that are not fit to start with
try:
    app = create_app()
except (LeaseError, SettingsError, ConnectorError) as error:
    reason = error.message("en") if isinstance(error, ConnectorError) else str(error)
    structlog.get_logger("cti.app").critical("not-started", reason=reason)
    raise SystemExit(_BOOT_ERROR) from None

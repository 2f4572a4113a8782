"""What a WSGI server loads: `gunicorn wsgi:app`."""

from __future__ import annotations

import structlog

from app import create_app
from cti.store.lease import LeaseError

_BOOT_ERROR = 3
"""Gunicorn's code for a worker that cannot be started (`Arbiter.WORKER_BOOT_ERROR`): the whole server ends with it."""

try:
    app = create_app()
except LeaseError as error:
    structlog.get_logger("cti.app").critical("not-started", reason=str(error))
    raise SystemExit(_BOOT_ERROR) from None

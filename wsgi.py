"""What a WSGI server loads: `gunicorn wsgi:app`."""

from __future__ import annotations

import os

import structlog

from app import create_app
from cti.errors import ConnectorError
from cti.settings import SettingsError
from cti.store.lease import LeaseError
from cti.web.logs import configure_logging, log_the_uncaught

_WORKER = "FCC_CONNECTOR_WORKER"
"""Where the project's own worker leaves the number of its process (`cti.web.worker`)."""
_ELSEWHERE = (
    "The connector is served by its own worker only, as gunicorn.conf.py says: start `gunicorn wsgi:app` in the "
    "directory of the release (systemd: WorkingDirectory), or name the file, `gunicorn -c DIR/gunicorn.conf.py --chdir "
    "DIR wsgi:app`. Without it Gunicorn may listen on every address of the machine, with a worker that serves no "
    "panes."
)
_BOOT_ERROR = 3
"""Gunicorn's code for a worker that cannot be started (`Arbiter.WORKER_BOOT_ERROR`): the whole server ends with it."""


def _not_started(reason: str) -> SystemExit:
    structlog.get_logger("cti.app").critical("not-started", reason=reason)
    return SystemExit(_BOOT_ERROR)


configure_logging("INFO")  # what is wrong with the settings is said in the log, too
log_the_uncaught()
if os.environ.get(_WORKER) != str(os.getpid()):
    raise _not_started(_ELSEWHERE)
try:
    app = create_app()
except ConnectorError as error:
    raise _not_started(error.message("en")) from None
except (LeaseError, SettingsError) as error:
    raise _not_started(str(error)) from None

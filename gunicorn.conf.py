"""How Gunicorn serves the connector: `gunicorn wsgi:app`.

Nothing of the application may be imported here: this file is read before the gevent worker patches the standard
library, and the application must not be loaded before that either.
"""

from __future__ import annotations

import os
from typing import Any

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "cti.web.worker.Worker"
workers = int(os.environ.get("FCC_CONNECTOR_WEB_PROCESSES", "1"))
worker_connections = 4000
preload_app = False
timeout = 60
graceful_timeout = 13  # three of them for the application to close, see cti.web.worker
keepalive = 2  # an idle connection holds a stop for this long
max_requests = 0  # a recycled worker would cut the calls it relays
control_socket_disable = True
accesslog = None  # the application writes its own line for each request, without query strings
errorlog = "-"
logger_class = "cti.web.server_log.ServerLog"
loglevel = "info"
limit_request_line = 4094
limit_request_fields = 60
forwarded_allow_ips = "127.0.0.1,::1"


def on_starting(server: Any) -> None:
    """Tell the application how many workers there are, however that was set: SQLite allows one."""
    os.environ["FCC_CONNECTOR_WEB_PROCESSES"] = str(server.cfg.workers)


def post_worker_init(worker: Any) -> None:
    """Let the application close its open sockets when this worker is told to stop."""
    from cti.ws import shutdown

    shutdown.post_worker_init(worker)


def worker_exit(_server: Any, worker: Any) -> None:
    """Let the application end its work in the background: a delivery under way is recorded, not left in doubt."""
    services = getattr(getattr(worker.app, "callable", None), "extensions", {}).get("fcc")
    if services is not None:
        services.close()

"""What a test's Gunicorn loads: the application as it is served, which waits a second for its lease, no longer."""

from __future__ import annotations

from cti.store import lease

lease.PATIENCE_S = 1.0  # type: ignore[misc]  # 20 otherwise

from wsgi import app  # noqa: E402 - the wait is in it

__all__ = ["app"]

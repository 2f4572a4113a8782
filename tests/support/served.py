"""What a test's Gunicorn loads: the application by its environment, with a manifest in place of the pane's build."""

from __future__ import annotations

import tempfile
from pathlib import Path

from app import build_app, build_services
from cti.settings import load
from cti.web.logs import configure_logging
from tests.support.wsgi import built_pane

_settings = load()
configure_logging(_settings.log_level)
app = build_app(build_services(_settings, assets=built_pane(Path(tempfile.mkdtemp()))))

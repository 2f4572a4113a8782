"""The pane's built files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cti.web.errors import PaneNotBuiltError

if TYPE_CHECKING:
    from pathlib import Path

URL_PREFIX = "/static/dist/"


class Assets:
    """Knows under which hashed name a built file is served; `directory` is the one `make build` writes to."""

    def __init__(self, directory: Path) -> None:
        self._manifest = directory / "manifest.json"
        self._read_at: int | None = None
        self._names: dict[str, str] = {}

    def url(self, name: str) -> str:
        """The path of the built file, for example `/static/dist/pane.1a2b3c.js`; raises PaneNotBuiltError."""
        try:
            changed = self._manifest.stat().st_mtime_ns
            if changed != self._read_at:
                self._names = json.loads(self._manifest.read_text(encoding="utf-8"))
                self._read_at = changed
            return URL_PREFIX + self._names[name]
        except (OSError, ValueError, KeyError):
            raise PaneNotBuiltError from None

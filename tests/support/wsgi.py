"""The whole application as tests run it: in a directory of their own, by a clock they drive."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet

import app as composition
from cti.settings import Settings, load
from cti.web.assets import Assets

if TYPE_CHECKING:
    from pathlib import Path

    from cti.clock import Clock

PUBLIC_URL = "http://connector.localhost:8000"
ENCRYPTION_KEY = Fernet.generate_key().decode()


def settings_for(directory: Path, **changes: Any) -> Settings:
    """Settings that are complete, with the database in `directory`."""
    values: dict[str, Any] = {
        "public_url": PUBLIC_URL,
        "secret_key": "a secret that only tests know, long enough",
        "encryption_keys": ENCRYPTION_KEY,
        "data_dir": directory / "data",
    }
    return load(**values | changes)


def built_pane(directory: Path) -> Assets:
    """A manifest as the pane's build leaves it."""
    dist = directory / "dist"
    dist.mkdir(parents=True, exist_ok=True)
    names = {"pane.js": "pane.0a1b2c3d.js", "pane.css": "pane.4e5f6a7b.css"}
    (dist / "manifest.json").write_text(json.dumps(names), encoding="utf-8")
    return Assets(dist)


def services_for(directory: Path, clock: Clock, **changes: Any) -> composition.Services:
    """Everything `create_app` makes, by `clock`; close it when done."""
    return composition.build_services(settings_for(directory, **changes), clock, assets=built_pane(directory))

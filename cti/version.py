"""Which version of the connector this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of


def connector_version() -> str:
    """The installed version, "dev" in a checkout that is not installed."""
    try:
        return version_of("fcc-connector")
    except PackageNotFoundError:
        return "dev"
